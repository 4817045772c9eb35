"""A REDCap project over its API: fetched whole or not at all, checked, and read like its exports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from milkqc import __version__
from milkqc.errors import SourceError
from milkqc.model import Origin, Source
from milkqc.readers.options import DEFAULTS, ReadOptions
from milkqc.readers.redcap_api_cache import keep, kept
from milkqc.readers.redcap_api_client import Client, Server
from milkqc.readers.redcap_api_project import Answers, fetch, project_of
from milkqc.readers.redcap_export import Export
from milkqc.readers.redcap_source import source_of


@dataclass(frozen=True)
class Answered:
    """What messages speak of: a project that was asked, or the cache of one."""

    name: str

    def error(self, what: str, todo: str) -> SourceError:
        """A SourceError about it."""
        return SourceError(self.name, what, todo)


@dataclass(frozen=True)
class Project:
    """One project at one address, named in the mapping; its token is never part of it."""

    url: str
    name: str

    @property
    def shown(self) -> str:
        """What messages and the manifest call it."""
        return f"redcap_api/{self.name}"


def answers(
    project: Project,
    *,
    keep_fields: tuple[str, ...] = (),
    cache: Path | None = None,
    offline: bool = False,
    token: Callable[[str], str] | None = None,
    ca_bundle: Path | None = None,
) -> Answers:
    """Everything a project's tables need: project info, metadata, events, forms, repeats and records.

    Identifier fields are not asked for, unless `keep_fields` names them, so neither memory nor `cache` ever holds
    them. With `cache` the answers are kept in a folder of that name with their sha256; with `offline` they are
    taken from there and the server is not asked. SourceError for every strange answer, never with the token.
    """
    asked = Answered(project.shown)
    if offline:
        if cache is None:
            raise asked.error("cannot be read offline without a cache.", "Name the folder by `--cache DIR`.")
        return kept(asked, cache / project.name, url=project.url, keep_fields=keep_fields)
    if not project.url.startswith("https://"):
        raise asked.error(
            "its address does not begin with https://.", "A token sent without encryption is a token lost."
        )
    from milkqc.readers.redcap_api_token import find

    secret = (token or find)(project.name)
    if not secret:
        raise asked.error(
            "there is no token for it.",
            f"Set the environment variable {variable(project.name)}, or store it in the keyring under "
            f"`milkqc` and `{project.name}`.",
        )
    client = Client(asked, Server(project.url, secret, ca_bundle))
    found = fetch(asked, client, keep_fields=keep_fields)
    if cache is not None:
        keep(asked, cache / project.name, found, url=project.url)
    return found


def variable(name: str) -> str:
    """The environment variable that holds the token of a project: `MILKQC_REDCAP_TOKEN_TRIAL_A`."""
    plain = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name)
    return f"MILKQC_REDCAP_TOKEN_{plain.upper()}"


def read(project: Project, found: Answers, options: ReadOptions = DEFAULTS) -> Source:
    """The Source of a whole project, or with `options.form` of one form; what it holds is said in `redcap.read`."""
    return source_of(export(project, found), options)


def export(project: Project, found: Answers) -> Export:
    """The answers as an Export; rows are told by their place, the first being 1."""
    asked = Answered(project.shown)
    dictionary, structure, missing_codes = project_of(asked, found)
    frame = found.records
    return Export(
        asked,
        frame,
        dictionary,
        Origin(
            file=project.shown,
            sha256=hashlib.sha256(json.dumps(found.digests, sort_keys=True).encode()).hexdigest(),
            format="redcap_api",
            encoding="utf-8",
            encoding_basis="declared",
            rows=frame.height,
            columns=frame.width,
            reader="milkqc redcap_api",
            reader_version=__version__,
            notes=_notes(found),
        ),
        lambda rows: [row + 1 for row in rows],
        structure,
        missing_codes,
    )


def _notes(found: Answers) -> tuple[str, ...]:
    notes = [f"REDCap {found.version}"] if found.version else []
    if found.left_out:
        notes.append(f"identifier fields that were not asked for: {', '.join(found.left_out)}")
    return tuple(notes)
