"""What is wrong with JSON that people type, in words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.core.json_text import json_hint, json_problem

FAULTS = {
    '{"a" 1}': "a colon is missing at character 6",
    '{"a":1 "b":2}': "a comma is missing at character 8",
    "{a: 1}": "a name in double quotes is missing at character 2",
    "{'a': 1}": "a name in double quotes is missing at character 2",
    '{"a": yes}': "a value is missing at character 7",
    '{"a":1': "it ends too early",
    "[": "it ends too early",
    '{"a":"x': "a quote is never closed that opens at character 6",
    '{"a":"b\nc"}': "a line break or tab stands inside a string at character 8",
    r'{"a":"\x"}': "a backslash begins nothing that JSON knows at character 7",
    "{} and more": "something follows its end at character 4",
    "[NaN]": "NaN is no JSON value",
    "[-Infinity]": "-Infinity is no JSON value",
    "[" * 100_000: "it is nested too deeply",
}


@pytest.mark.parametrize(("text", "fault"), FAULTS.items(), ids=[text[:20] for text in FAULTS])
def test_the_mistake_is_named(text: str, fault: str) -> None:
    assert json_problem(text) == f"It is not JSON: {fault}."
    assert json_hint(text) == f"It begins like JSON and is none, so it was taken as plain text: {fault}."


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("rehearsal", "a value is missing at character 1"),
        ("\ufeff{}", "it goes wrong at character 1"),
    ],
)
def test_text_that_does_not_look_like_json_is_taken_without_a_word(text: str, fault: str) -> None:
    assert json_problem(text) == f"It is not JSON: {fault}."
    assert json_hint(text) == ""


@pytest.mark.parametrize(
    "text", ["{}", " [1, 2]\n", '"x"', "5", "null", "[" + "1" * 5_000 + "]", '{"a": {"b": [1.5e3]}}']
)
def test_json_is_fine(text: str) -> None:
    assert json_problem(text) is None
    assert json_hint(text) == ""


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_whatever_a_program_writes_is_fine(value: object) -> None:
    assert json_problem(json.dumps(value)) is None


@given(st.text('{}[]",:\\ \n1aN\ufeff', max_size=20))
def test_it_is_json_exactly_when_it_can_be_read(text: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        assert json_problem(text)
    else:
        assert json_problem(text) is None or "NaN" in text
