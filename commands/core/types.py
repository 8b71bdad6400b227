"""Types of command fields, each with a message that a person understands.

Messages are plain sentences without the field's name: text, forms and buttons each say in their own way which field.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from providers.base import Limits

REDACTED: Final = "***"
"""What a record has in the place of a secret, or of what is private."""

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?", re.ASCII)


def parse_duration(text: str) -> timedelta | None:
    """`90s`, `15m`, `1h30m`, `2d`; None for anything else, and for nothing at all."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None or not any(match.groups()):
        return None
    return timedelta(
        seconds=sum(int(n) * unit for n, unit in zip(match.groups(), _UNITS.values(), strict=True) if n is not None)
    )


def spell_duration(duration: timedelta) -> str:
    """The inverse of `parse_duration`, in the largest units that are exact."""
    left, parts = int(duration.total_seconds()), ""
    for letter, seconds in _UNITS.items():
        count, left = divmod(left, seconds)
        if count:
            parts += f"{count}{letter}"
    return parts or "0s"


def _to_duration(value: object) -> object:
    duration = parse_duration(value) if isinstance(value, str) else value
    if not isinstance(duration, timedelta):
        raise PydanticCustomError("duration", "“{text}” is no duration. Write it like 90s, 15m or 1h30m.", _cut(value))
    if duration < timedelta(seconds=1):
        raise PydanticCustomError("duration", "A duration must be at least one second, like 90s, 15m or 1h30m.")
    return duration


def _cut(value: object) -> dict[str, str]:
    text = str(value)
    return {"text": text if len(text) <= 40 else text[:39] + "…"}


Duration = Annotated[timedelta, BeforeValidator(_to_duration), PlainSerializer(spell_duration)]
"""Whole seconds, at least one; typed as `90s`, `15m`, `1h30m`."""


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "It cannot be empty.")
    return text


Name = Annotated[str, AfterValidator(_not_blank)]
"""What people call something. Which names are legal is the provider's to say."""

Count = Annotated[int, Field(ge=1, le=1_000_000)]


_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:/|[\w-]+(?:\.[\w-]+)+(?::\d+)?/", re.IGNORECASE)


def looks_like_address(text: str) -> bool:
    """With a scheme, or like a host with a path behind it."""
    return _ADDRESS.match(text) is not None


def _no_address(text: str) -> str:
    if looks_like_address(text):
        raise PydanticCustomError("address", "This is an address. Say first which one is meant: its id, or its room.")
    return text


FeedName = Annotated[Name, AfterValidator(_no_address)]
"""A recording, a stream or an egress by its id, or by its room. An address may hold a key, which nothing repeats."""


def _pairs(value: object) -> object:
    """`["a=1", "b=2"]`, as typed, to `{"a": "1", "b": "2"}`."""
    if not isinstance(value, list | tuple):
        return value
    pairs: dict[str, str] = {}
    for entry in value:
        key, equals, text = str(entry).partition("=")
        if not equals or not key.strip():
            raise PydanticCustomError("pair", "“{text}” is no pair. Write it like role=host.", _cut(entry))
        pairs[key] = text
    return pairs


Pairs = Annotated[Mapping[str, str], BeforeValidator(_pairs)]
"""Key and value pairs, typed as `--attribute key=value`, as often as needed. A key holds no `=`."""


def _underscored(value: object) -> object:
    if isinstance(value, str):
        return value.replace("-", "_").lower()
    if not isinstance(value, list | tuple):
        return value
    return [entry.replace("-", "_").lower() if isinstance(entry, str) else entry for entry in value]


DASHED = BeforeValidator(_underscored)
"""For choices of several words, one or many: `Screen-share` means `screen_share`, as options have dashes."""


_PERSON = re.compile(r"@?([UW][A-Z0-9]+)")


def _to_person(value: object) -> object:
    match = _PERSON.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("person", "“{text}” is nobody of this workspace. Write it like @ana.", _cut(value))
    return f"@{match[1]}"


PersonId = Annotated[str, BeforeValidator(_to_person)]
"""Somebody of the workspace: a mention as it arrives, `@U1`."""


_GRANTEE = re.compile(r"@?([UWS][A-Z0-9]+)|#?([CG][A-Z0-9]+)")


def _to_grantee(value: object) -> object:
    match = _GRANTEE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        wrong = "“{text}” is no person, user group or channel of this workspace. Write it like @ana or #studio."
        raise PydanticCustomError("grantee", wrong, _cut(value))
    return f"@{match[1]}" if match[1] else f"#{match[2]}"


GranteeId = Annotated[str, BeforeValidator(_to_grantee)]
"""Whom a role can be granted to, a mention as it arrives: a person `@U1`, a user group `@S1`, a channel `#C1`."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """For a text that is one of what the video server has; it need not say what that is."""

    choices: Callable[[Limits], Sequence[str]]
