"""Telephone numbers, and the keys of a telephone, as people type them.

A number has digits alone, with `+` before them or without: that is what all telephone companies and private exchanges
take. Names and SIP addresses are refused, though some servers dial them: nobody sees in one whom it calls and what that
costs, and a slip with a letter in it must not be dialled. No message repeats a number.
"""

import re
from collections.abc import Collection
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_core import PydanticCustomError

from commands.core.errors import Problem, UsageError
from commands.core.types import REDACTED, Name
from providers.base import shown_number

EXAMPLE: Final = "+493012345678"

FAULT: Final = "telephone"
"""The type of the errors, whose messages are for people as they are."""

_NUMBER: Final = re.compile(r"\+?[0-9]{3,15}")
"""E.164 has 15 digits at most; 112 and the extensions of exchanges are short."""

_WITHIN: Final = re.compile(r"(?<![^\W_])\+?[0-9]{7,}(?![^\W_])")
"""A number in an identity, with none of the letters around it that ids have."""

_SURELY: Final = re.compile(r"(?<![^\W_])(?:\+|(?<=sip_))[0-9]{7,}(?![^\W_])")
"""A number with its plus, or behind what LiveKit's identities of callers begin with: many an identity has digits."""

_BETWEEN: Final = re.compile(r"[\s\-./()\u2010-\u2015]+")
"""What people and address books put between digits."""

_LETTER: Final = re.compile(r"[^\W\d_]")
_KEYS: Final = re.compile(r"[0-9*#A-DW]+", re.IGNORECASE)
_PIN: Final = re.compile(r"[0-9]{1,32}")


def _to_number(text: str) -> str:
    number = _bare(text)
    if _NUMBER.fullmatch(number):
        return number
    what = "A telephone number has no letters" if _LETTER.search(number) else "It is no telephone number"
    raise PydanticCustomError(FAULT, "{what}. Write it like {example}.", {"what": what, "example": EXAMPLE})


def _bare(text: str) -> str:
    return _BETWEEN.sub("", text.strip())


def _to_private_number(text: str) -> str:
    return text if text == REDACTED else _to_number(text)


PhoneNumber = Annotated[str, AfterValidator(_to_number)]
"""Digits without what people put between them, with `+` where it was typed."""

PrivateNumber = Annotated[str, AfterValidator(_to_private_number)]
"""As `PhoneNumber`, for fields that are `Private`: what the record has in its place is read back, too."""


def veiled(name: str) -> str:
    """`sip_…4567` for `sip_+493012344567`: servers make identities of whole numbers, and a number is somebody's."""
    return _WITHIN.sub(lambda found: shown_number(found.group()), name)


def without_numbers(name: str) -> str:
    """As `veiled`, for a name that may be anybody's, or a room's: only what is surely a number gives way."""
    return _SURELY.sub(lambda found: shown_number(found.group()), name)


def shown_callee(text: str) -> str:
    """A number, an identity or an id as far as it may be shown."""
    return shown_number(text) if _NUMBER.fullmatch(_bare(text)) else veiled(text)


Callee = Annotated[Name, AfterValidator(shown_callee)]
"""Somebody on a telephone: an identity, the id of a call, or a number. Of a number only what may be shown is kept, so
that no record has it; see `shown_callee`."""


def _to_keys(keys: SecretStr) -> SecretStr:
    pressed = "".join(keys.get_secret_value().split())
    if not _KEYS.fullmatch(pressed):
        raise PydanticCustomError(
            FAULT, "Keys are 0 to 9, *, #, A to D, and w, which waits half a second. Write them like 1234#."
        )
    return SecretStr(pressed.upper().replace("W", "w"))


Keys = Annotated[SecretStr, AfterValidator(_to_keys)]
"""Keys to be pressed. They may be a PIN."""


def _to_pin(pin: SecretStr) -> SecretStr:
    digits = pin.get_secret_value().strip()
    if digits not in ("", REDACTED) and not _PIN.fullmatch(digits):
        raise PydanticCustomError(FAULT, "A PIN has digits alone, as it is typed on a telephone: 1234.")
    return SecretStr(digits)


Pin = Annotated[SecretStr, AfterValidator(_to_pin)]
"""What a caller types to get in; an empty one is none."""


def _emptied(value: object) -> object:
    return [each for each in value if each != ""] or [""] if isinstance(value, list | tuple) else value


EMPTIED: Final = BeforeValidator(_emptied)
"""For lists that can be emptied: one without anything is typed `--number ""`, and so it is spelled. See `written`."""

_Listed = Annotated[str, AfterValidator(lambda text: text and _to_number(text))]
_ListedPrivate = Annotated[str, AfterValidator(lambda text: text and _to_private_number(text))]

PhoneNumbers = Annotated[tuple[_Listed, ...], EMPTIED]
PrivateNumbers = Annotated[tuple[_ListedPrivate, ...], EMPTIED]


def written(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Of a list that can be emptied, what is in it; None where nothing was said."""
    return None if values is None else tuple(filter(None, values))


def require_number(number: str, field: str = "number") -> None:
    """Raises `UsageError` for what only a record has in the place of a number."""
    if number == REDACTED:
        raise UsageError([Problem(f"It is no telephone number. Write it like {EXAMPLE}.", field)])


def twice_problem(field: str, values: Collection[str] | None) -> list[Problem]:
    """Numbers and addresses count once."""
    if values is not None and len(set(values)) < len(values):
        return [Problem("One of them is given twice.", field)]
    return []
