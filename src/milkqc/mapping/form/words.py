"""What each key of the language means, in a sentence that an editor or a header cell can show."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from pydantic import BaseModel

from milkqc.mapping.form.places import fields


@cache
def _catalogue() -> Mapping[str, Mapping[str, str]]:
    file = resources.files("milkqc.mapping.form").joinpath("words.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def meaning(model: type[BaseModel], key: str) -> str:
    """What a key of a model means: as said at its field, else in words.toml; empty for a key that is in neither.

    A model has the words of the models it is made from, unless it has its own.
    """
    said = fields(model)[key].description
    if said:
        return said
    entries = (_catalogue().get(one.__name__, {}).get(key) for one in model.__mro__)
    return next((text for text in entries if text), "")
