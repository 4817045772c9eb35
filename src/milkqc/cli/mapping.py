"""`milkqc mapping`: what can be done with a mapping besides running it."""

from __future__ import annotations

import click

from milkqc.cli._golden import test


@click.group("mapping")
def command() -> None:
    """Try a mapping's golden rows."""


command.add_command(test)
