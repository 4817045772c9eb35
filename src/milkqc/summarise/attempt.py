"""How a figure is made where another one may go on without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

Made = TypeVar("Made")


class Attempt(Protocol):
    """Gives what `make` makes, or `otherwise` where it raises and somebody is told that `name` is lacking."""

    def __call__(self, name: str, make: Callable[[], Made], otherwise: Made) -> Made:
        """One figure by its name."""


def at_once(name: str, make: Callable[[], Made], otherwise: Made) -> Made:  # noqa: ARG001 - the shape of Attempt
    """Whatever `make` gives or raises: for those who want every figure or none."""
    return make()
