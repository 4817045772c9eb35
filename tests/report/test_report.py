"""The report as a whole: what it says, that it is the same twice, and that data cannot speak through it."""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser

import polars as pl
import pytest

from milkqc.findings import FINDINGS_SCHEMA
from milkqc.model import Reconciled, Result
from milkqc.report import render


class Outline(HTMLParser):
    """Headings, ids, links and tables of a page, and whether its tags are balanced."""

    def __init__(self, page):
        super().__init__()
        self.headings, self.ids, self.targets, self.open, self.tags = [], [], [], [], []
        self.labelled, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        self.ids += [given["id"]] if "id" in given else []
        self.targets += [given["href"][1:]] if given.get("href", "").startswith("#") else []
        self.labelled += given.get("aria-labelledby", "").split()
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in {"meta", "link", "br"}:
            self.open.append(tag)
        elif tag == "br":
            self.words.append(" ")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"
        self.words.append("" if tag in {"span", "strong", "code", "a"} else " ")

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open[-1:]):
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.words)).strip()


def page_of(result):
    return render(result)["report.html"].decode()


@pytest.fixture(scope="module")
def outline(study):
    return Outline(page_of(study))


def test_the_same_result_gives_the_same_bytes(study):
    assert render(study) == render(study)


def test_the_order_of_rows_in_unordered_statistics_does_not_show(study, changed):
    shuffled = {
        name: frame.sample(fraction=1, shuffle=True, seed=3) for name, frame in study.statistics.items()
    }
    kept = {**study.statistics, "zscore_bins": shuffled["zscore_bins"]}
    assert render(changed(statistics=kept)) == render(study)


def test_the_page_and_the_json_tell_the_verdict_and_what_decided_it(study, outline):
    reason = "6 open critical findings; the first rule is growth.visit.before_birth."
    assert f"Verdict RETURN {reason} Rule: any open finding of severity critical" in outline.text
    told = json.loads(render(study)["report.json"])
    assert told["verdict"] == {
        "decision": "RETURN",
        "rule": "Rule: any open finding of severity critical or graver returns the upload.",
        "verdict": "fail",
        "reason": reason,
        "fail_on": "critical",
        "exit_code": 1,
    }


@pytest.mark.parametrize(
    ("verdict", "word"), [("pass", "ACCEPT WITH QUERIES"), ("incomplete", "INCOMPLETE"), (None, "NO VERDICT")]
)
def test_every_verdict_has_its_word(changed, verdict, word):
    assert f"Verdict {word}" in Outline(page_of(changed(settings={"verdict": verdict}))).text


def test_tags_are_balanced_and_ids_are_unique(outline):
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))


def test_every_link_and_label_leads_somewhere(outline):
    assert set(outline.targets) <= set(outline.ids)
    assert set(outline.labelled) <= set(outline.ids)


def test_a_page_with_cards_is_as_well_formed(rich):
    told = Outline(page_of(rich))
    assert told.open == []
    assert len(told.ids) == len(set(told.ids))
    assert set(told.targets) | set(told.labelled) <= set(told.ids)
    assert all(after - before <= 1 for before, after in zip(told.headings, told.headings[1:], strict=False))
    assert [tag for tag, _ in told.tags].count("svg") > 20


def test_every_count_of_failed_checks_leads_to_rows_by_participant_and_visit(study):
    page = page_of(study)
    told = json.loads(render(study)["report.json"])
    failed = [check for row in told["status"]["rows"] for cell in row["cells"] for check in cell["behind"]]
    assert {check["link"] for check in failed if check["state"] == "failed"} == {
        "do-1",
        "do-2",
        "do-3",
        "do-4",
    }
    for action in told["todo"]["actions"]:
        assert f'id="{action["anchor"]}"' in page
        assert all(row["who"] for row in action["list"])
    marks = [
        (card["anchor"], cell["findings"])
        for card in told["variables"]["list"]
        for cell in card["cells"].values()
        if cell["findings"]
    ]
    assert sum(n for _, n in marks) == 38  # of 39 findings one is decided
    assert all(f'<a href="#{anchor}">' in page and f'id="{anchor}"' in page for anchor, _ in marks)


def test_the_date_of_the_data_is_the_cut_off_or_the_latest_date_and_never_a_clock(changed, rich):
    told = json.loads(render(rich)["report.json"])["date_of_data"]
    assert told == {
        "date": "2021-03-01",
        "basis": "latest date in the data",
        "latest": "2021-03-01",
        "found_in": "participants.infant_birth_date",
    }
    cut = json.loads(render(changed(settings={"data_cutoff": "2024-12-31"}))["report.json"])["date_of_data"]
    assert (cut["date"], cut["basis"], cut["latest"]) == ("2024-12-31", "data_cutoff", None)


def test_completeness_blind_spots_units_and_flagged_children_are_told(rich):
    text = Outline(page_of(rich)).text
    assert "month_3 Weight 55 54 98.2 % 1 0 5 0" in text
    assert "weight kg growth kg – × 1 kg 115" in text
    assert "P007 month_3 Matiari LAZ" in text
    assert "Infant's date of birth participants · no rule is written for it" in text


def test_headings_start_at_one_and_skip_no_level(outline):
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(
        after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False)
    )


def test_every_table_has_a_caption_and_every_header_cell_a_scope(outline):
    tags = [tag for tag, _ in outline.tags]
    assert tags.count("table") == tags.count("caption") > 8
    assert all(given.get("scope") in {"row", "col", "rowgroup"} for tag, given in outline.tags if tag == "th")


def test_the_page_asks_nothing_of_any_network_and_runs_nothing(study, outline):
    page = page_of(study)
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert not {"script", "iframe", "img", "object", "embed", "base", "form"} & {
        tag for tag, _ in outline.tags
    }
    assert not re.search(r"https?://|@import|url\(|//cdn", page)
    assert [given["href"] for tag, given in outline.tags if tag == "link"] == ["data:,"]


def test_a_severity_never_stands_on_its_colour_alone(study):
    icons = re.findall(
        r'<span class="tag (\w+)"><svg[^>]*aria-hidden="true">.*?</svg>([^<]+)</span>', page_of(study)
    )
    assert len(icons) > 8
    assert all(words.strip() for _, words in icons)


def test_simulated_data_are_called_so_at_the_top_and_in_the_title(changed, study):
    page = page_of(changed(settings={"simulated": True}))
    assert page.index("SIMULATED DATA") < page.index("<h1>")
    assert "(simulated data)</title>" in page
    assert "SIMULATED" not in page_of(study)


def test_below_an_mae_is_never_called_deficient_or_inadequate(outline):
    assert "Below an MAE is not “deficient”." in outline.text
    assert "60–67 % of log-normally distributed samples lie below it" in outline.text
    assert "inadequa" not in outline.text.lower()


def test_both_bases_authority_and_unverified_values_are_shown(outline):
    assert "milk concentration IOM 2001 146 ug/L 180 62.8 % (55.6–69.8)" in outline.text
    assert "AI per volume IOM 2001 141 ug/L" in outline.text
    assert "4.9 mg/L unverified" in outline.text
    assert "authority IOM, basis milk concentration" in outline.text


def test_the_picture_shows_the_declared_basis_only(study):
    picture = re.search(r"<desc id=\"mae-desc\">(.*?)</desc>", page_of(study)).group(1)
    assert picture.count("Iodine") == 1
    assert "Iodine, month_3, 180 judged: median 0.829 times the MAE, 62.8 % below (55.6–69.8)" in picture


def test_groups_stand_in_the_table_and_not_in_the_picture(changed, study):
    by_site = study.mae_reference.head(1).with_columns(
        group=pl.lit("site=Hala"), below=pl.lit(11, dtype=pl.Int64)
    )
    page = page_of(changed(mae_reference=pl.concat([study.mae_reference, by_site])))
    assert ", 78 judged" not in re.search(r"<desc id=\"mae-desc\">(.*?)</desc>", page).group(1)
    assert "Iodine month_3 site=Hala" in Outline(page).text


def test_settings_that_decide_are_stated(changed):
    text = Outline(
        page_of(
            changed(
                settings={
                    "rules_changed": [
                        {"rule_id": "growth.laz.flag", "what": "switched off", "reason": "endline only"},
                        {
                            "rule_id": "growth.waz.flag",
                            "what": "severity info instead of warning",
                            "reason": "small",
                        },
                    ],
                    "censored": "limit/2",
                }
            )
        )
    ).text
    assert "Schedule birth day 0 (0–3), month_3 day 91 (61–121)" in text
    assert "Stage of lactation colostrum: 0–5; transitional: 6–15; mature: from day 16" in text
    assert "Switched off growth.laz.flag: endline only" in text
    assert "Severity info instead of warning growth.waz.flag: small" in text
    assert "Censored results in the analysis file limit/2" in text
    assert "Trial arms blinded: no figure here is by arm" in text


def test_rows_that_do_not_add_up_come_first(changed):
    lost = Reconciled("growth[0]", "growth", "infant", 372, 370, 0, 0, 370)
    told = json.loads(render(changed(reconciliation=(lost,)))["report.json"])
    assert told["reconciliation"]["balanced"] is False
    assert told["todo"]["actions"][0]["title"] == "Rows do not add up"
    assert told["todo"]["owners"][2] == {"owner": "data manager", "blockers": 1, "queries": 0, "notes": 0}
    assert "they do not add up." in Outline(page_of(changed(reconciliation=(lost,)))).text


def test_a_broken_check_is_the_first_thing_and_says_why(changed, study):
    broken = study.checks.with_columns(
        status=pl.when(pl.col("rule_id") == "growth.laz.flag").then(pl.lit("broken")).otherwise("status"),
        why=pl.when(pl.col("rule_id") == "growth.laz.flag").then(pl.lit("no column laz")).otherwise("why"),
    )
    text = Outline(page_of(changed(checks=broken))).text
    assert "Blocker Checks broke 1 check stopped with an error and judged nothing" in text
    assert "growth.laz.flag broken growth laz 2 no column laz" in text


def test_skipped_checks_say_why(outline):
    assert "growth.oedema.weight skipped growth oedema 0 oedema is not mapped" in outline.text


def test_figures_by_arm_stay_out_unless_unblinded(changed, study):
    by_arm = study.mae_reference.head(1).with_columns(group=pl.lit("arm=SUPPLEMENT"))
    extra = {"arms": pl.DataFrame({"arm": ["SUPPLEMENT"], "mean": [1.0]})}
    fields = {
        "mae_reference": pl.concat([study.mae_reference, by_arm]),
        "statistics": {**study.statistics, **extra},
    }
    assert all(b"SUPPLEMENT" not in made for made in render(changed(**fields)).values())
    opened = render(changed(**fields, settings={"unblinded": "analysis has begun"}))
    assert all(b"SUPPLEMENT" in made for made in opened.values())
    assert b"analysis has begun" in opened["report.html"]


def test_statistics_of_other_rooms_are_shown_as_they_come(changed, study):
    more = {
        **study.statistics,
        "other_quality": pl.DataFrame({"statistic": ["digit score"], "value": [24.1]}),
    }
    assert "Other quality statistic value digit score 24.1" in Outline(page_of(changed(statistics=more))).text


def test_text_from_the_data_is_escaped_wherever_it_stands(changed, study):
    evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e'
    words = {name: pl.lit(evil) for name, kind in FINDINGS_SCHEMA.items() if kind == pl.String}
    for name in ("severity", "finding_id", "status"):
        del words[name]
    result = changed(
        study=evil,
        title=evil,
        findings=study.findings.with_columns(**words),
        checks=study.checks.with_columns(why=pl.lit(evil), rule_id=pl.lit(evil), status=pl.lit("broken")),
        mae_reference=study.mae_reference.with_columns(
            pl.lit(evil).alias(name) for name in ("analyte", "visit", "method", "authority", "unit")
        ),
        statistics={
            name: frame.with_columns(
                pl.lit(evil).alias(column) for column in ("visit", "label", "reasons") if column in frame
            )
            for name, frame in study.statistics.items()
        },
        settings={
            "verdict_reason": evil,
            "not_collected": {evil: evil},
            "unblinded": evil,
            "milkqc_version": evil,
        },
    )
    page = page_of(result)
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "onerror=alert(2)&gt;" in page
    assert not any(name.startswith("on") for _, given in Outline(page).tags for name in given)


def test_no_path_of_this_machine_is_told(changed, study):
    moved = tuple(
        type(origin)(**{**vars(origin), "file": f"/home/mina/uploads/{origin.file}"})
        for origin in study.origins
    )
    made = render(changed(origins=moved, settings={"mapping_file": "/home/mina/maps/demo.yaml"}))
    assert all(b"mina" not in part for part in made.values())
    assert b"anthro_1.dta" in made["report.html"]


def test_the_json_is_sorted_and_knows_no_nan(changed, study):
    gaps = study.mae_reference.with_columns(median=pl.lit(float("nan")), q25=pl.lit(float("inf")))
    text = render(changed(mae_reference=gaps))["report.json"].decode()
    told = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} in report.json"))
    assert text == json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    assert told["mae"]["table"]["rows"][0]["median"] is None


def test_json_keys_are_the_ones_that_are_documented(study):
    assert sorted(json.loads(render(study)["report.json"])) == [
        "blind",
        "checks",
        "content_version",
        "date_of_data",
        "decisions",
        "distributions",
        "findings",
        "further",
        "harmonisation",
        "inputs",
        "laboratory",
        "lacking",
        "mae",
        "reconciliation",
        "rows",
        "rules",
        "settings",
        "simulated",
        "statistics",
        "status",
        "study",
        "survey",
        "title",
        "todo",
        "variables",
        "verdict",
    ]


def test_a_study_with_nothing_in_it_still_has_a_report(study):
    none = pl.DataFrame()
    empty = Result(
        study="empty",
        title="",
        **dict.fromkeys(
            (
                "participants",
                "visits",
                "growth",
                "milk",
                "biomarkers",
                "analysis",
                "mae_reference",
                "rejected",
                "codebook",
            ),
            none,
        ),
        findings=study.findings.clear(),
        checks=study.checks.clear(),
        lineage={},
        origins=(),
        reconciliation=(),
    )
    text = Outline(page_of(empty)).text
    for sentence in (
        "Verdict NO VERDICT",
        "Nothing is open.",
        "no date in the data",
        "No check.",
        "No variable was mapped.",
        "No file was read.",
        "No mapped variable to count.",
        "The mapping has no schedule",
        "No number with a unit was mapped.",
        "No finding has been decided yet.",
        "No laboratory result.",
        "No milk concentration was compared",
        "No growth score.",
    ):
        assert sentence in text


def big_findings(rules=120, rows=200_000):
    n = pl.int_range(rows, eager=True)
    frame = pl.DataFrame({"n": n}).with_columns(
        finding_id=pl.format("{}", pl.col("n")),
        severity=pl.when(pl.col("n") % 3 == 0)
        .then(pl.lit("critical"))
        .when(pl.col("n") % 3 == 1)
        .then(pl.lit("warning"))
        .otherwise(pl.lit("info")),
        status=pl.lit("open"),
        rule_id=pl.format("rule.number.{}", pl.col("n") % rules),
        table=pl.lit("growth"),
        row_id=pl.format("P{}|month_3", pl.col("n")),
        participant_id=pl.format("P{}", pl.col("n")),
        site=pl.format("Site {}", pl.col("n") % 7),
        variable=pl.lit("weight_kg"),
        value=pl.format("{}", pl.col("n")) + "x" * 400,
        message=pl.format("Weight {} is wrong. ", pl.col("n")) + "Look again. " * 40,
        n_rows=pl.lit(1, dtype=pl.Int64),
    )
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in FINDINGS_SCHEMA.items()
    )


def test_two_hundred_thousand_findings_make_a_small_page_in_seconds(changed, study):
    wide = pl.concat([study.statistics["missing"]] * 200)
    checks = pl.concat([study.checks] * 500)
    result = changed(findings=big_findings(), checks=checks, statistics={**study.statistics, "missing": wide})
    start = time.perf_counter()
    made = render(result)
    assert time.perf_counter() - start < 30
    assert all(len(part) < 2_000_000 for part in made.values())
    text = Outline(made["report.html"].decode()).text
    assert "66,667 open, cannot be true" in text
    assert re.search(r"\d+ of [\d,]+, all in findings\.csv", text)
    assert (
        "actions more in findings.csv"
        in Outline(page_of(changed(findings=big_findings(rules=2500, rows=5000)))).text
    )
