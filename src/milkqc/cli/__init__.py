"""The command line: one module of this folder for each verb. Heavy libraries are imported inside the commands."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import traceback
from functools import cache
from pathlib import Path
from typing import cast

import click

from milkqc import __version__
from milkqc.errors import MilkqcError


class Verbs(click.Group):
    """The verbs: each module of this folder without a leading underscore has one, its `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names of the modules."""
        return sorted(_modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb of that name, imported only now."""
        if cmd_name not in _modules():
            return None
        return cast(click.Command, importlib.import_module(f"{__name__}.{cmd_name}").command)


@cache
def _modules() -> frozenset[str]:
    return frozenset(one.name for one in pkgutil.iter_modules(__path__) if not one.name.startswith("_"))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="milkqc")
def commands() -> None:
    """Data quality and harmonisation for studies of human milk and infant growth.

    Exit codes: 0 no open finding at or above --fail-on; 1 there is one; 2 could not run, nothing was written;
    3 a check broke while running, the outputs are whole and the verdict is "incomplete".
    """


def main() -> None:
    """The entry point: every error that a person can do something about is a message and exit code 2."""
    try:
        commands.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except MilkqcError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except Exception as error:  # the last resort: a fault of ours must not look like a finding (exit 1)
        if os.environ.get("MILKQC_DEBUG"):
            raise
        # The exception's own text may hold a value of the study; its kind and place do not.
        place = traceback.extract_tb(error.__traceback__)[-1]
        step = next((note for note in getattr(error, "__notes__", ()) if note.startswith("while ")), "")
        click.echo(
            f"milkqc stopped{' ' * bool(step)}{step} at a fault of its own ({type(error).__name__} in {Path(place.filename).name}:"
            f"{place.lineno}); nothing was written. Please report it; MILKQC_DEBUG=1 shows the details.",
            err=True,
        )
        sys.exit(2)
