"""The exceptions: what stops a run. Bad data never raises; it becomes a finding."""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST_REASON = 300


class MilkqcError(Exception):
    """The run could not be done. The message says where, what, and what to do; the command line exits 2."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with a file that a person wrote (a mapping, a rule file).

    `line` and `column` are 1-based, 0 when the file as a whole is meant. `code` is permanent (docs/faults.md).
    """

    file: str
    line: int
    code: str
    where: str
    what: str
    todo: str
    column: int = 0

    def __str__(self) -> str:
        """`mappings/demo.yaml:41 M207 milk.casein.unit: cannot convert. Name its substance.`"""
        place = f"{self.file}:{self.line}" if self.line else self.file
        where = f" {self.where}" if self.where else ""
        return f"{place} {self.code}{where}: {self.what} {self.todo}".rstrip()


class Faults(MilkqcError):  # noqa: N818 - what a person is shown, and named for it
    """All the faults of one file together, in file order. `prefix` starts the codes of this kind."""

    prefix = "Y"

    def __init__(self, faults: list[Fault] | tuple[Fault, ...]):
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class MappingFaults(Faults):
    """The mapping cannot be used: its codes start with M."""

    prefix = "M"


class SuiteFaults(Faults):
    """A rule file cannot be used: its codes start with R."""

    prefix = "R"


class SourceError(MilkqcError):
    """A source file cannot be read: missing, damaged, in another format, or outside the data folder."""

    def __init__(self, file: str, what: str, todo: str):
        self.file, self.what, self.todo = file, what, todo
        super().__init__(f"{file}: {what} {todo}".rstrip())


class UnitError(MilkqcError):
    """A unit text or a conversion that cannot be done; `nearest` holds the spellings that were perhaps meant."""

    def __init__(self, what: str, todo: str = "", *, nearest: tuple[str, ...] = ()):
        self.what, self.todo, self.nearest = what, todo, nearest
        super().__init__(f"{what} {todo}".rstrip())


class PluginError(MilkqcError):
    """An installed package offers rules that cannot be used: it does not import, or it declares them wrongly."""


class OutputError(MilkqcError):
    """The outputs cannot be written; what stood under OUT before stands there still."""


def reason(error: BaseException | str) -> str:
    """Why a check broke, in one line: the error's type and the first line of its message."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    lines = text.strip().splitlines()
    return (lines[0] if lines else "no message")[:_LONGEST_REASON]
