"""JSON as people type it: text stays text, and where it is meant to be JSON the mistake is named in words."""

import json
from typing import NoReturn

_FAULTS = {
    "Expecting ',' delimiter": "a comma is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting property name": "a name in double quotes is missing",
    "Expecting value": "a value is missing",
    "Illegal trailing comma": "there is a comma too many",
    "Unterminated string": "a quote is never closed that opens",
    "Invalid control character": "a line break or tab stands inside a string",
    "Invalid \\": "a backslash begins nothing that JSON knows",
    "Extra data": "something follows its end",
}
"""From the beginnings of the messages of Python's json (3.11 to 3.14) to the part of a sentence before the place."""


def json_problem(text: str) -> str | None:
    """What keeps the text from being JSON, as one sentence; None for JSON. An empty text is none."""
    fault = _fault(text)
    return None if fault is None else f"It is not JSON: {fault}."


def demanded_json_problem(text: str, *, as_json: bool) -> str | None:
    """As `json_problem` where JSON is demanded. An empty text is for another to judge."""
    return json_problem(text) if as_json and text else None


def json_hint(text: str) -> str:
    """For text that begins like JSON and is none, that it was taken as it is; empty for any other."""
    if not text.lstrip().startswith(("{", "[")) or (fault := _fault(text)) is None:
        return ""
    return f"It begins like JSON and is none, so it was taken as plain text: {fault}."


def _fault(text: str) -> str | None:
    try:
        # A number of any length is JSON, but Python refuses to convert a very long one.
        json.loads(text, parse_int=str, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        return _in_words(error)
    except RecursionError:
        return "it is nested too deeply"
    except ValueError as error:
        return str(error)
    return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")


def _in_words(error: json.JSONDecodeError) -> str:
    if error.pos >= len(error.doc.rstrip()):
        return "it ends too early" if error.doc.strip() else "it is empty"
    what = next((words for message, words in _FAULTS.items() if error.msg.startswith(message)), "it goes wrong")
    return f"{what} at character {error.pos + 1}"
