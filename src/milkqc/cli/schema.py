"""`milkqc schema`: the mapping language for editors."""

from __future__ import annotations

import click


@click.command("schema")
def command() -> None:
    """Print the mapping language as a JSON schema (draft 2020-12), for an editor's completion (docs/lint.md)."""
    import json

    from milkqc.mapping.form.schema import schema

    click.echo(json.dumps(schema(), indent=1, ensure_ascii=False))
