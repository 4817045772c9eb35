"""The language as a JSON schema, for editors: read off the models, so that a new key is in it at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, BeforeValidator

from milkqc import reference
from milkqc.mapping import targets
from milkqc.mapping.form.offered import words
from milkqc.mapping.form.places import atoms, describe, fields
from milkqc.mapping.form.words import meaning
from milkqc.mapping.language import Block, Mapping

DRAFT = "https://json-schema.org/draft/2020-12/schema"
SCALAR = ["string", "number", "boolean", "null"]
ANY_TEXT = {"type": ["string", "number", "boolean"]}
NUMBER = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\s*[-+]?[0-9.][0-9.eE+_-]*\s*$"}]}
BOOLEAN = {
    "enum": [
        True,
        False,
        *("true", "false", "True", "False", "yes", "no", "on", "off", "1", "0", "t", "f", "y", "n"),
    ]
}


def schema() -> dict[str, Any]:
    """A JSON schema (draft 2020-12) of a mapping as YAML readers give it: texts, numbers, booleans."""
    maker = _Maker()
    maker.model(Mapping)
    for table in targets.KEYS:
        maker.blocks(table)
    whole = maker.definitions.pop("Mapping")
    properties = whole["properties"]
    for table in targets.KEYS:
        one = {"$ref": f"#/$defs/Block_{table}"}
        about = properties[table].get(
            "description", f"The target table {table}: a block, or a list of blocks."
        )
        properties[table] = {"anyOf": [one, {"type": "array", "items": one}], "description": about}
    return {
        "$schema": DRAFT,
        "title": "milkqc mapping, version 1",
        **whole,
        "$defs": dict(sorted(maker.definitions.items())),
    }


class _Maker:
    def __init__(self) -> None:
        self.definitions: dict[str, dict[str, Any]] = {}

    def model(self, model: type[BaseModel]) -> dict[str, Any]:
        """A reference to the model's definition, made on first use."""
        name = model.__name__
        if name not in self.definitions:
            self.definitions[name] = {}
            about = " ".join((model.__doc__ or "").split())
            found = fields(model)
            made = {
                key: {
                    **_offered(key, self.value(info.annotation, short=_before(info.metadata))),
                    "description": meaning(model, key),
                }
                for key, info in found.items()
            }
            # A model that reads what is written before it is typed (`latest: X` for a policy) knows what it needs.
            read = bool(model.__pydantic_decorators__.model_validators)
            needed = [] if read else [key for key, info in found.items() if info.is_required()]
            self.definitions[name] = {
                "type": "object",
                "description": about,
                "properties": {key: made[key] for key in describe(model).order()},
                "additionalProperties": False,
                **({"required": needed} if needed else {}),
            }
        return {"$ref": f"#/$defs/{name}"}

    def blocks(self, table: str) -> None:
        """The block of one target table: its variables and key parts by name."""
        whole = self.definitions["Block"]
        column = self.value(fields(Block)["columns"].annotation)["additionalProperties"]
        known = targets.mappable(table)
        columns = {name: {**column, "description": _told(one)} for name, one in known.items()}
        parts = {name: {**column, "description": f"The key part {name}."} for name in targets.KEYS[table]}
        analytes = self.value(fields(Block)["analytes"].annotation)["additionalProperties"]
        offered = {
            name: {**analytes, "description": f"{one.name} ({one.unit})"}
            for name, one in reference.analytes().items()
        }

        def told(key: str) -> dict[str, str]:
            return {"description": meaning(Block, key)}

        properties = {
            **whole["properties"],
            "key": {**told("key"), "type": "object", "properties": parts, "additionalProperties": False},
            "columns": {
                **told("columns"),
                "type": ["object", "null"],
                "properties": columns,
                "additionalProperties": False,
            },
            # A study may have analytes of its own: those known are offered, others are not refused.
            "analytes": {
                **told("analytes"),
                "type": ["object", "null"],
                "properties": offered,
                "additionalProperties": analytes,
            },
        }
        self.definitions[f"Block_{table}"] = {**whole, "properties": properties}

    def value(self, annotation: Any, *, short: bool = False) -> dict[str, Any]:
        """What a value of an annotation may be; `short`: where a model is wanted, a bare word may stand for it."""
        short = short or (get_origin(annotation) is Annotated and _before(get_args(annotation)[1:]))
        options: list[dict[str, Any]] = []
        words: list[str] = []
        for part in atoms(annotation):
            origin = get_origin(part)
            if isinstance(part, type) and issubclass(part, BaseModel):
                options.append(self.model(part))
                if short or _short(part):
                    options += [ANY_TEXT, {"type": "array", "items": ANY_TEXT}]
            elif origin is dict:
                inner = self.value(get_args(part)[1])
                options.append({"type": "object", "additionalProperties": inner})
            elif origin in {list, tuple}:
                inner = self.value(get_args(part)[0], short=short)
                options += [{"type": "array", "items": inner}, inner]
            elif origin is Literal:
                words += [str(word) for word in get_args(part)]
            elif part is Any:
                return {}
            elif part is bool:
                options.append(BOOLEAN)
            elif part in {int, float}:
                options.append(NUMBER)
            else:
                options.append(ANY_TEXT)
        if words:
            options.append({"enum": [*words, *(int(word) for word in words if word.isdecimal())]})
        options = list({str(one): one for one in [*options, {"type": "null"}]}.values())
        return options[0] if len(options) == 1 else _flat(options)


def _flat(options: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The alternatives, without alternatives of alternatives. A plain map stays one, that its entries be found."""
    options = list(options)
    maps = [one for one in options if one.get("type") == "object"]
    if len(maps) == 1 and len(options) == 2 and {"type": "null"} in options:
        return {**maps[0], "type": ["object", "null"]}
    return {"anyOf": options}


def _offered(key: str, value: dict[str, Any]) -> dict[str, Any]:
    """The value with the words that are offered for it; others stay allowed."""
    known = words(key)
    if not known or "anyOf" not in value:
        return value
    one = {"enum": known}
    lists = [{"type": "array", "items": {"anyOf": [one, ANY_TEXT]}}] if key == "set" else []
    return {**value, "anyOf": [one, *lists, *value["anyOf"]]}


def _before(metadata: Iterable[Any]) -> bool:
    return any(isinstance(one, BeforeValidator) for one in metadata)


def _short(model: type[BaseModel]) -> bool:
    """Whether a bare word may stand for the model: it has no key that must be there, or reads one itself."""
    decorated = model.__pydantic_decorators__.model_validators
    return bool(decorated) or (
        "from" in fields(model) and not any(info.is_required() for info in fields(model).values())
    )


def _told(column: reference.Column) -> str:
    unit = f", becomes {column.unit}" if column.unit and column.unit != "by analyte" else ""
    codes = f": {', '.join(column.codes)}" if column.codes else ""
    return f"{column.label} ({column.type}{unit}){codes}"
