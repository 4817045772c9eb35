"""`milkqc schema`: valid JSON schema, which the shipped mappings fit and most mistakes of form do not."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from tests.mapping.test_fmt import ROOT, SHIPPED
from tests.mapping.test_seeded_mistakes import GOOD, MISTAKES

from milkqc.cli import commands
from milkqc.mapping.form.places import atoms, fields
from milkqc.mapping.language import Mapping

jsonschema = pytest.importorskip("jsonschema")


@pytest.fixture(scope="module")
def schema():
    found = json.loads(CliRunner().invoke(commands, ["schema"]).output)
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def editors(text):
    """The mapping as an editor sees it: numbers and booleans typed, dates text."""
    import datetime as dt

    from ruamel.yaml import YAML

    def plain(node):
        if isinstance(node, dict):
            return {str(key): plain(value) for key, value in node.items()}
        if isinstance(node, list):
            return [plain(value) for value in node]
        return node.isoformat() if isinstance(node, dt.date) else node

    return plain(YAML(typ="safe", pure=True).load(text))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_mapping_fits(schema, path):
    assert [error.message for error in schema.iter_errors(editors(path.read_text(encoding="utf-8")))] == []


def test_mistakes_of_form_do_not_fit(schema):
    assert schema.is_valid(editors(GOOD))
    form = {"M107", "M110", "M111", "M112", "M113", "M121"}
    texts = {name: GOOD.replace(old, new, 1) for name, old, new, code, *_ in MISTAKES if code in form}
    passed = {name for name, text in texts.items() if schema.is_valid(editors(text))}
    # What needs two values, or a day of the calendar, is lint's to tell.
    assert passed <= {
        "a window the wrong way round",
        "a date the local way",
        "the study named with a space",
        "a limit in words",
    }
    assert len(texts) >= 9


def test_every_key_of_the_language_is_in_it_with_a_description(schema):
    from pydantic import BaseModel

    definitions = schema.schema["$defs"]
    todo, done = [Mapping], set()
    while todo:
        model = todo.pop()
        if model in done:
            continue
        done.add(model)
        shown = schema.schema if model is Mapping else definitions[model.__name__]
        assert set(shown["properties"]) == set(fields(model))
        for key, one in shown["properties"].items():
            assert len(one.get("description", "")) > 10, f"words.toml says nothing of {model.__name__}.{key}"
        nested = [info.annotation for info in fields(model).values()]
        while nested:
            for part in atoms(nested.pop()):
                if isinstance(part, type) and issubclass(part, BaseModel):
                    todo.append(part)
                nested += [
                    one
                    for one in getattr(part, "__args__", ())
                    if not isinstance(one, str) and one is not Ellipsis
                ]
    assert len(done) >= 20


def test_variables_actions_and_words_are_offered(schema):
    growth = schema.schema["$defs"]["Block_growth"]["properties"]["columns"]["properties"]
    assert "weight_kg" in growth
    assert growth["measured"]["description"].endswith("lying, standing")
    assert "mean_of_closest_two" in str(schema.schema["$defs"]["Column"]["properties"]["do"])


def test_units_substances_and_estimates_are_offered_and_others_allowed(schema):
    definitions = schema.schema["$defs"]

    def offered(model, key):
        return {
            word for one in definitions[model]["properties"][key]["anyOf"] for word in one.get("enum", ())
        }

    assert {"ug/dL", "umol/L", "week", "header"} <= offered("Analyte", "unit")
    assert {"retinol", "zinc"} <= offered("Analyte", "substance")
    assert "total_retinol" in offered("Analyte", "measures")
    assert "IOM" in offered("Mae", "authority")
    assert {"milk_concentration", "ai_per_volume"} <= offered("Mae", "basis")
    assert "iodine" in offered("Mae", "set")
    own = GOOD.replace("unit: umol/L", "unit: a stone of my own", 1)
    assert own != GOOD
    assert schema.is_valid(editors(own))


def test_the_examples_of_the_documentation_fit(schema):
    page = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml[^\n]*\n(milkqc: 1.*?)```", page, re.S)
    assert len(examples) >= 5
    for text in examples:
        assert [error.message for error in schema.iter_errors(editors(text))] == []
