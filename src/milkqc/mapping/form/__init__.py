"""The canonical form of a mapping file: one order and quoting, comments kept (docs/fmt.md)."""

from __future__ import annotations

from milkqc.errors import MappingFaults


def formatted(text: str, *, name: str = "mapping.yaml") -> str:
    """The mapping's text in canonical form, which means the same. Raises MappingFaults where it is no strict YAML.

    Faults of meaning are no hindrance: a mapping with unknown keys is brought in order too, these last.
    """
    from milkqc import yamlfile
    from milkqc.mapping.form.parse import parsed
    from milkqc.mapping.form.render import rendered

    tree = parsed(text, name=name)
    out = rendered(tree)
    if yamlfile.parse(out, name=name, kind=MappingFaults).data != tree.data():
        raise AssertionError(
            "the canonical form means something else"
        )  # never to be written over a person's file
    return out
