"""Mappings of any content that has the language's form, made from its models: for Hypothesis."""

from __future__ import annotations

import random
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from tests.mapping.written import TRAPS

from milkqc.mapping.form.places import atoms, fields
from milkqc.mapping.language import Mapping

NAMES = [text for text in TRAPS if text] + [
    "A",
    "VISIT",
    "weight_kg",
    "infant_sex",
    "month 3",
    "a.b",
    "growth[1]",
]


class Maker:
    """Makes values of an annotation; `share` of the optional keys of each model are there."""

    def __init__(self, seed: int, share: float = 0.15):
        self.random, self.share = random.Random(seed), share

    def mapping(self) -> dict[str, Any]:
        made = self.of(Mapping)
        return (
            {**made, "milkqc": "1", "study": "t", "golden": None}
            if "golden" in made
            else {**made, "study": "t"}
        )

    def of(self, annotation: Any, depth: int = 0) -> Any:
        part = self.random.choice(list(atoms(annotation)))
        origin = get_origin(part)
        if isinstance(part, type) and issubclass(part, BaseModel):
            return {
                key: self.of(info.annotation, depth + 1)
                for key, info in fields(part).items()
                if info.is_required() or self.random.random() < self.share
            }
        if origin is dict:
            names = self.random.sample(NAMES, self.random.choice([0, 1, 1, 2, 3]))
            return {name: self.of(get_args(part)[1], depth + 1) for name in names}
        if origin in {list, tuple}:
            if Ellipsis in get_args(part) or origin is list:
                return [
                    self.of(get_args(part)[0], depth + 1) for _ in range(self.random.choice([0, 1, 1, 2, 3]))
                ]
            return [self.of(one, depth + 1) for one in get_args(part)]
        if origin is Literal:
            return str(self.random.choice(get_args(part)))
        if part in {int, float}:
            return str(self.random.randint(1, 60))
        if part is bool:
            return self.random.choice(["true", "false"])
        return self.random.choice(NAMES)
