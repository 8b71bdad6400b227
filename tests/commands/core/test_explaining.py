"""From pydantic's errors to sentences: what a secret field was given is never repeated."""

import re
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError

import commands
from commands.core.base import Command
from commands.core.explaining import explain


class KeySet(Command, path="key set"):
    """Set a key."""

    key: SecretStr = Field(description="The key", min_length=12)
    count: int = Field(1, description="How often")


def test_the_input_of_a_secret_field_is_not_repeated() -> None:
    with pytest.raises(ValidationError) as raised:
        KeySet.model_validate({"key": "hunter2", "count": "five"})
    key, count = explain(raised.value, KeySet)
    assert (key.field, key.text) == ("key", "What was given cannot be used here.")
    assert (count.field, count.text) == ("count", "“five” is not a whole number.")


class BellRing(Command, path="bell ring"):
    """Ring a bell."""

    tone: Literal["low", "high"] = Field("low", description="How")
    loud: tuple[Literal["a", "b", "c"], ...] = Field((), description="How else")
    only: Literal["once"] = Field("once", description="How often")


def test_the_choices_are_listed_in_plain_words() -> None:
    with pytest.raises(ValidationError) as raised:
        BellRing.model_validate({"tone": "x", "loud": ["a", "x"], "only": "x"})
    assert [problem.text for problem in explain(raised.value, BellRing)] == [
        "“x” is neither low nor high.",
        "“x” is not one of a, b or c.",
        "“x” is not once.",
    ]


class KeysSet(Command, path="keys set"):
    """Set several keys."""

    keys: tuple[SecretStr, ...] = Field((), description="The keys")


def test_nor_is_one_of_several_secrets() -> None:
    with pytest.raises(ValidationError) as raised:
        KeysSet.model_validate({"keys": [77777]})
    (problem,) = explain(raised.value, KeysSet)
    assert (problem.field, problem.text) == ("keys", "What was given cannot be used here.")


def test_a_sentence_of_our_own_is_said() -> None:
    kinds = set[str]()
    for path in Path(commands.__path__[0]).rglob("*.py"):
        kinds |= set(re.findall(r'PydanticCustomError\(\s*"(\w+)"', path.read_text()))
    assert len(kinds) >= 7
    for kind in kinds:
        error = ValidationError.from_exception_data(
            "key", [{"type": PydanticCustomError(kind, "It is so."), "loc": ("count",), "input": "x"}]
        )
        assert [problem.text for problem in explain(error, KeySet)] == ["It is so."], kind
