"""From pydantic's errors to sentences for a person. No field names in them, no types, no links."""

import difflib
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from commands.core.base import Command
from commands.core.errors import Problem
from commands.core.fields import choices, is_secret
from commands.core.repeating import repeated

CLOSE: Final = 0.7
"""How alike a word and the choice are that was probably meant."""

LONGEST: Final = 40
"""A longer word is compared with no choice, as that takes its time."""

_IN_WORDS: Final = frozenset(
    ["duration", "moment", "pair", "blank", "person", "grantee", "setting", "stream_url", "address", "key", "telephone"]
)
"""The errors that are ours: their messages are for people."""


def explain(error: ValidationError, model: type[Command]) -> list[Problem]:
    """One problem per field and reason, in the order of the fields. What a secret field was given is never repeated."""
    found = error.errors(include_url=False)
    faulty = {_field(details) for details in found if not _is_empty(details)}
    return [
        Problem(_sentence(details, model), _field(details))
        for details in found
        if not _is_empty(details) or _field(details) not in faulty  # a list is empty where all in it was faulty
    ]


def _is_empty(details: ErrorDetails) -> bool:
    return details["type"] == "too_short" and isinstance(details["input"], list | tuple)


def _field(details: ErrorDetails) -> str | None:
    return str(details["loc"][0]) if details["loc"] else None


def _is_secret(details: ErrorDetails, model: type[Command]) -> bool:
    name = _field(details)
    return name in model.model_fields and is_secret(model, str(name))


def _sentence(details: ErrorDetails, model: type[Command]) -> str:
    if details["type"] == "missing" or _is_empty(details):
        return "It is needed."
    about = details.get("ctx", {})
    given = "What was given" if _is_secret(details, model) else _shown(details["input"])
    match details["type"]:
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return f"{given} is not a whole number."
        case "greater_than_equal":
            return f"{given} is too small; the least is {about['ge']}."
        case "less_than_equal":
            return f"{given} is too large; the most is {about['le']:,}."
        case "literal_error" | "enum":
            none_of = _none_of(model, _field(details), about["expected"])
            return f"{given} is {none_of}.{_closest(model, details)}"
        case "bool_parsing" | "bool_type":
            return f"{given} is neither yes nor no."
        case "string_too_long":
            return f"It can have {about['max_length']} characters."
        case "extra_forbidden":
            return "There is no such field."
        case kind if kind in _IN_WORDS:
            return details["msg"]
        case _:
            return f"{given} cannot be used here."


def _none_of(model: type[Command], name: str | None, expected: str) -> str:
    """From the field's own choices: pydantic's list of them is in Python's quotes."""
    known = choices(model.model_fields[name]) if name in model.model_fields else ()
    *others, last = known or (expected,)
    if len(others) == 1:
        return f"neither {others[0]} nor {last}"
    return f"not one of {', '.join(others)} or {last}" if others else f"not {last}"


def _closest(model: type[Command], details: ErrorDetails) -> str:
    name, typed = _field(details), details["input"]
    known = choices(model.model_fields[name]) if name in model.model_fields else ()
    if not isinstance(typed, str) or len(typed) > LONGEST:
        return ""
    close = difflib.get_close_matches(typed.casefold(), known, n=1, cutoff=CLOSE)
    return f" Did you mean {close[0]}?" if close else ""


def _shown(value: object) -> str:
    text = value if isinstance(value, str | int | float) else type(value).__name__
    words = " ".join(repeated(str(text)).split())
    return f"“{words if len(words) <= 40 else words[:39] + '…'}”"
