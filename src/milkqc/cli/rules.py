"""`milkqc rules`: what is checked, why, from where, and whether each rule holds to its own examples."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from milkqc.errors import MilkqcError

if TYPE_CHECKING:
    from milkqc.rulebook import StudyRules

MAPPING = click.option(
    "--mapping",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A study's mapping: its own rules, its changes and the rules it switched off are shown too.",
)


@click.group("rules")
def command() -> None:
    """What is checked, why and from where: the rules of every home, their examples, their pages."""


@command.command("list")
@MAPPING
@click.option("--table", help="Only rules of this table (participants, visits, growth, milk, biomarkers).")
@click.option(
    "--severity", type=click.Choice(["critical", "warning", "info"]), help="Only rules of this severity."
)
@click.option("--pack", help="Only rules of this file, module or home (milk, dates, contract, redcap ...).")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    show_default=True,
    help="How to write them.",
)
def list_rules(
    mapping: Path | None, table: str | None, severity: str | None, pack: str | None, form: str
) -> None:
    """Every rule that may say something: id, severity, where it stands, and what it is about.

    Rules of the shipped packs that a mapping must name are listed too, marked as off where it does not.
    """
    from milkqc.rulebook import book, unnamed
    from milkqc.rulebook.words import listed

    with _opened(mapping) as rules:
        every = tuple(sorted((*book(rules), *unnamed(rules)), key=lambda each: each.id))
    if table is not None and table not in {each.table for each in every}:
        raise click.BadParameter(f"no rule is of the table {table!r}.", param_hint="--table")
    packs = sorted({each.pack for each in every})
    if pack is not None and pack not in packs:
        raise click.BadParameter(
            f"there is no pack {pack!r}. Choose from {', '.join(packs)}.", param_hint="--pack"
        )
    chosen = [
        each
        for each in every
        if table in {None, each.table} and severity in {None, each.severity} and pack in {None, each.pack}
    ]
    click.echo(listed(chosen, form))


@command.command("show")
@click.argument("rule_id", metavar="ID")
@MAPPING
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to write it.",
)
def show(rule_id: str, mapping: Path | None, form: str) -> None:
    """One rule in full: what it says, what to do about it, its source, examples and limits, how to change it."""
    from milkqc.rulebook import book, find, unnamed
    from milkqc.rulebook.words import fields, shown

    with _opened(mapping) as rules:
        found, near = find(rule_id, (*book(rules), *unnamed(rules)))
    if found is None:
        hint = f"Perhaps: {', '.join(near)}." if near else "`milkqc rules list` names them all."
        raise MilkqcError(f"there is no rule {rule_id!r}. {hint}")
    click.echo(json.dumps(fields(found), indent=2, ensure_ascii=False) if form == "json" else shown(found))


@command.command("test")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@MAPPING
@click.option("--quiet", is_flag=True, help="Only what fails.")
def test(files: tuple[Path, ...], mapping: Path | None, quiet: bool) -> None:
    """Hold every rule to its own examples, in every engine: exit code 1 where one does not.

    FILES are rule files (.yaml), Python files with decorated rules (.py, which are run), or folders of both; without
    any, all rules that ship, those of installed packages, and with --mapping those of the study.
    """
    from milkqc.rulebook import examples

    if files and mapping is not None:
        raise click.UsageError("Give FILES or --mapping, not both.")
    with _opened(mapping) if not files else _of_files(files) as rules:
        tried = [*examples.try_suites(rules.written), *examples.try_coded(rules.coded)]
    wrong = [one for one in tried if one.wrong]
    for one in wrong:
        click.echo(f"{one.rule_id} ({one.engine}): {one.wrong}.")
    counted = {one.rule_id for one in tried}
    lacking = [rule.id for rule in rules.written if rule.id not in counted]
    if lacking:
        click.echo(f"Without examples: {', '.join(lacking)}.")
    if not quiet or wrong:
        engines = list(dict.fromkeys(one.engine for one in tried))
        failed = len({one.rule_id for one in wrong})
        click.echo(
            f"{len(counted)} {'rule' if len(counted) == 1 else 'rules'}, {sum(one.n for one in tried)} examples in {', '.join(engines)}: "
            + (f"{failed} {'rule fails' if failed == 1 else 'rules fail'}." if wrong else "all hold.")
        )
    sys.exit(1 if wrong else 0)


@command.command("docs")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder.")
def docs(out: Path) -> None:
    """Write a page for every rule, and their index, as Markdown."""
    from milkqc.rulebook import pages

    with _opened(None) as rules:
        written, removed = pages.write(out, rules)
    click.echo(f"{written} pages in {out}" + (f", {removed} old ones removed." if removed else "."))


@command.command("export")
@click.option("--format", "form", required=True, type=click.Choice(["gx", "pandera"]), help="For which tool.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder.")
@MAPPING
def export(form: str, out: Path, mapping: Path | None) -> None:
    """Write the rules of rule files for Great Expectations (suites as JSON) or pandera (a Python module).

    Neither needs milkqc: they judge the harmonised tables that `milkqc run` writes. Rules that the tool has no word
    for are left out, and named on stderr.
    """
    from milkqc.checks.suites.export import left_out, to_gx, to_pandera
    from milkqc.errors import OutputError

    with _opened(mapping) as rules:
        exported = (to_gx if form == "gx" else to_pandera)(rules.suites)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in exported.files.items():
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{out}: cannot write the rules: {error.strerror}. Choose another folder."
        ) from None
    for sentence in left_out(exported):
        click.echo(sentence, err=True)
    kept = len(rules.suites) - len(exported.left_out)
    click.echo(
        f"{kept} rules, {len(exported.left_out)} left out: {', '.join(sorted(exported.files))} in {out}."
    )


@contextmanager
def _opened(mapping: Path | None) -> Iterator[StudyRules]:
    """The rules of a study, its own analytes known while they are used; the shipped ones without a mapping."""
    from milkqc.rulebook import study_rules

    if mapping is None:
        yield study_rules()
        return
    from milkqc import reference
    from milkqc.mapping.load import load
    from milkqc.study import own_analytes

    loaded = load(mapping, name=mapping.name)
    faults = loaded.faults()
    with reference.using(own_analytes(loaded)):
        rules = study_rules(loaded, faults)
        faults.check()
        yield rules


@contextmanager
def _of_files(files: tuple[Path, ...]) -> Iterator[StudyRules]:
    from milkqc.checks import suites
    from milkqc.checks.declare import rules_of_file
    from milkqc.rulebook import StudyRules

    paths: list[Path] = []
    for each in files:
        if each.is_dir():
            paths += sorted(path for path in each.iterdir() if path.suffix in {".yaml", ".yml", ".py"})
        elif each.is_file():
            paths.append(each)
        else:
            raise MilkqcError(f"{each}: there is no such file. Give rule files, or a folder that holds some.")
    coded = [rule for path in paths if path.suffix == ".py" for rule in rules_of_file(path)]
    texts = [path for path in paths if path.suffix != ".py"]
    if not coded and not texts:
        raise MilkqcError("there is no rule file in these folders. They end in .yaml or .py.")
    written = suites.load(texts)
    yield StudyRules(suites=written, written=written, coded=tuple(coded))
