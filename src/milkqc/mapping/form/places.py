"""What the language says of a place in a mapping: which keys belong there, in which order, and of what type.

All of it is read off the models of `language`, so that a new key of the language has its place at once.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from milkqc.mapping import targets
from milkqc.mapping.language import Block, Column, Mapping

# What a reader of the file wants to know first; all other keys follow in the language's own order.
FIRST: dict[type[BaseModel], tuple[str, ...]] = {
    Mapping: (
        *("milkqc", "study", "title", "simulated", "study_start", "data_cutoff", "preterm_age", "unblinded"),
        *("analytes_file", "decisions", "missing", "mae", "schedule", "tables"),
    ),
    Block: ("from", "specimen", "with", "where", "visits", "long", "key", "repeats"),
    Column: ("from", "do", "type", "unit", "substance", "measures", "method", "limit"),
}


@dataclass(frozen=True)
class Place:
    """One place: its model (keys are the language's), or what its own names or items hold; and the types of a text.

    `table` is the target table around it, `key` the last key on the way to it.
    """

    model: type[BaseModel] | None = None
    entries: Any = None
    items: Any = None
    kinds: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    table: str = ""
    key: str = ""
    parent: type[BaseModel] | None = None

    def order(self) -> tuple[str, ...]:
        """The keys of this place in their order; none where a person names them."""
        if self.model is None:
            return self._variables()
        names = fields(self.model)
        first = next((keys for model, keys in FIRST.items() if issubclass(self.model, model)), ())
        return (*(key for key in first if key in names), *(key for key in names if key not in first))

    def _variables(self) -> tuple[str, ...]:
        if self.parent is not None and issubclass(self.parent, Block) and self.table in targets.KEYS:
            if self.key == "columns":
                return tuple(targets.mappable(self.table))
            if self.key == "key":
                return targets.KEYS[self.table]
        return ()

    def below(self, key: str | int) -> Place:
        """The place of a key or an item here; one without any rule for what the language does not know."""
        if isinstance(key, int):
            return describe(self.items, table=self.table, key=self.key, parent=self.parent)
        if self.model is not None:
            found = fields(self.model).get(key)
            table = key if self.model is Mapping and key in targets.KEYS else self.table
            return describe(None if found is None else found, table=table, key=key, parent=self.model)
        return describe(self.entries, table=self.table, key=key)


@cache
def fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the key that a file writes."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def root() -> Place:
    """The place of the whole file."""
    return describe(Mapping)


def describe(
    annotation: Any, *, table: str = "", key: str = "", parent: type[BaseModel] | None = None
) -> Place:
    """The place that a type annotation (or a model's field) describes."""
    if isinstance(annotation, FieldInfo):
        annotation = annotation.annotation
    model, entries, items = None, None, None
    kinds: set[str] = set()
    words: list[str] = []
    for part in atoms(annotation):
        origin = get_origin(part)
        if isinstance(part, type) and issubclass(part, BaseModel):
            model = model or part
            # A model that takes a bare text reads numbers if any of its fields does.
            for info in part.model_fields.values():
                kinds |= {atom.__name__ for atom in atoms(info.annotation) if atom in {int, float}}
        elif origin is dict:
            entries = get_args(part)[1]
        elif origin in {list, tuple}:
            items = get_args(part)[0]
            if items is not None and model is None and (inner := describe(items)).model is not None:
                model = inner.model  # a single block stands without its list
        elif origin is Literal:
            words += [str(word) for word in get_args(part)]
            kinds.add("text")
        elif part in {int, float, bool, str}:
            kinds.add("text" if part is str else part.__name__)
        elif part is Any:
            kinds.add("any")
    return Place(model, entries, items, frozenset(kinds), tuple(words), table, key, parent)


def atoms(annotation: Any) -> Iterator[Any]:
    """The alternatives of an annotation, without Annotated, Optional and None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from atoms(get_args(annotation)[0])
    elif origin in {Union, types.UnionType}:
        for part in get_args(annotation):
            yield from atoms(part)
    elif annotation is not None and annotation is not type(None) and annotation is not Ellipsis:
        yield annotation
