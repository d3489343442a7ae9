"""The JSON Schema says what the checker says, as far as a schema can."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import questions
from labs import catalog
from tutor.study import check

jsonschema = pytest.importorskip("jsonschema")
OURS = sorted(Path(questions.__path__[0]).glob("*.yaml"))


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, which editors follow: only true, false, null and plain numbers are not text."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's name


Core.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
Core.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(null|~|)$"), ["n", "~", ""])
Core.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^(0|[1-9][0-9]*)$"), list("0123456789"))


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = check.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def accepts(validator: Any, text: str) -> bool:
    return bool(validator.is_valid(yaml.load(text, Loader=Core)))


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_our_files_fit(validator: Any, path: Path):
    errors = [error.message for error in validator.iter_errors(yaml.load(path.read_text("utf-8"), Loader=Core))]
    assert errors == []


def test_a_good_file_fits(validator: Any, good: str):
    assert accepts(validator, good)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    level: core", "    lvel: core\n    level: core"),
        ("section:", "title: x\nsection:"),
        ("    level: core\n", ""),
        ("level: core", "level: junior"),
        ("weight: 3", "weight: 4"),
        ("critical: true", "critical: yes"),
        ("tags: [handshake, http]", "tags: handshake"),
        ("ask: Why a hash?", "ask: '  '"),
        ("ask: Why a hash?", "ask: ~"),
        ("id: opening-handshake", "id: Opening Handshake"),
        ("            correct: true", "            why: so"),
        ("why: That is an answer to a plain GET.", "correct: true"),
        ("\n            why: That is an answer to a plain GET.", ""),
        ("lab: handshake", "lab: handshakes"),
        ("verdict: switch-101", "verdict: client-masks"),
        ("    explain: It is HTTPS' own.\n", ""),
        ("answers: [443, four four three]", "answers: []"),
    ],
)
def test_a_broken_file_does_not_fit(validator: Any, good: str, before: str, after: str):
    assert before in good
    assert not accepts(validator, good.replace(before, after, 1))


def test_editors_can_offer_labs_and_verdicts_and_explain_keys(validator: Any):
    forms = validator.schema["$defs"]
    assert forms["Claim"]["properties"]["lab"]["enum"] == [lab.name for lab in catalog.LABS]
    assert "never changes" in forms["Question"]["properties"]["id"]["description"]
    assert forms["Choice"]["description"].startswith("A multiple choice")


def test_made_up_titles_are_gone_and_other_keys_are_refused():
    assert "title" not in check.json_schema()["properties"]["section"]
    assert check.json_schema()["additionalProperties"] is False
