"""A mapping file read into its model, with every fault of form named by code and line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from milkqc import yamlfile
from milkqc.errors import MappingFaults
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Mapping
from milkqc.yamlfile import Document, Path_


@dataclass(frozen=True)
class Loaded:
    """A mapping, the document it was written in, and the folder that its relative paths start from."""

    mapping: Mapping
    document: Document
    folder: Path

    def faults(self) -> FaultList:
        """An empty list of faults against this document."""
        return FaultList(self.document)


def load(path: Path, *, name: str | None = None) -> Loaded:
    """The mapping in `path`. Raises MappingFaults with all faults of form; meaning is `lint`'s to judge."""
    document = yamlfile.read(path, name=name or path.name, kind=MappingFaults)
    return Loaded(_model(document), document, path.parent)


def loads(text: str, *, name: str = "mapping.yaml", folder: Path | None = None) -> Loaded:
    """As `load`, from text."""
    document = yamlfile.parse(text, name=name, kind=MappingFaults)
    return Loaded(_model(document), document, folder or Path())


def _model(document: Document) -> Mapping:
    faults = FaultList(document)
    version = document.data.get("milkqc")
    if version is None:
        faults.add((), "M111", "the key `milkqc` is missing.", "Start the mapping with `milkqc: 1`.")
        faults.check()
    if version != "1":
        faults.add(
            ("milkqc",),
            "M107",
            f"format version {version!r} is not known.",
            "This milkqc reads version 1; write `milkqc: 1` or install a newer milkqc.",
        )
        faults.check()
    try:
        mapping = Mapping.model_validate(document.data)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=True):
            _translate(problem, faults)
        raise MappingFaults(faults.faults) from None
    faults.check()
    return mapping


def _translate(problem: Any, faults: FaultList) -> None:
    """One of pydantic's errors as a fault with our code."""
    path: Path_ = tuple(problem["loc"])
    kind, given = problem["type"], problem.get("input")
    if kind == "extra_forbidden":
        known = _keys_at(path[:-1])
        hint = nearest(str(path[-1]), known) or f"Known here: {', '.join(known)}."
        faults.add(path, "M110", f"the key {path[-1]!r} is not known here.", hint)
    elif kind == "missing":
        faults.add(path[:-1], "M111", f"the key `{path[-1]}` is missing.", f"Add `{path[-1]}:`.")
    elif kind == "literal_error":
        allowed = [word.strip("'") for word in problem["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        hint = nearest(str(given), allowed) or f"Use one of: {', '.join(allowed)}."
        faults.add(path, "M112", f"{_short(given)} is not one of the words allowed here.", hint)
    elif kind in {"model_type", "dict_type", "model_attributes_type"}:
        faults.add(
            path, "M113", f"{_short(given)} stands where keys and values belong.", "Write `key: value`."
        )
    elif kind == "string_pattern_mismatch":
        faults.add(
            path,
            "M113",
            f"{_short(given)} cannot be a study name.",
            "Use letters, digits, dot, dash and underscore, at most 64.",
        )
    else:
        what = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        faults.add(path, "M113", f"{_short(given)} does not fit here.", f"It should be {_plain(what)}.")


def _plain(text: str) -> str:
    text = text[0].lower() + text[1:] if text else text
    return text.split(", unable to")[0].rstrip(".")


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str) else "a list" if isinstance(value, list) else "this value"
    return text if len(text) <= 60 else text[:57] + "...'"


def _keys_at(path: Path_) -> list[str]:
    """The keys that the language knows at a path of the document."""
    model: Any = Mapping
    named = 0  # how many of the next parts are names of entries (`tables.lab`), not keys of the language
    for part in path:
        if isinstance(part, int):
            continue
        if named:
            named -= 1
        elif isinstance(model, type) and issubclass(model, BaseModel):
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            field = fields.get(str(part))
            named = _dicts(field.annotation) if field is not None else 0
            model = _inner(field.annotation) if field is not None else None
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [field.alias or name for name, field in model.model_fields.items()]
    return []


def _inner(annotation: Any) -> Any:
    """The model inside Optional, tuple, dict and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return _first(_inner(part) for part in get_args(annotation))


def _dicts(annotation: Any) -> int:
    """How many dictionaries stand around the model of an annotation."""
    inner = max((_dicts(entry) for entry in get_args(annotation)), default=0)
    return inner + (get_origin(annotation) is dict)


def _first(found: Iterable[Any]) -> Any:
    return next((entry for entry in found if entry is not None), None)
