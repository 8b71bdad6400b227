"""One field of a command as an input of a form, and the input's state as the field's value.

`read_value` is the inverse of `element`: what a person leaves alone reads as `as_shown` says.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from bot.render.limits import CHOICES, INPUT_TEXT, OPTION_TEXT, OPTION_VALUE, OPTIONS, PLACEHOLDER, length
from bot.render.text import Block, plain_object
from bot.text import whole
from commands.core.base import LongText, Offered, Offers, WorkspacePerson, has, marks
from commands.core.fields import field_type, holds_secret, is_flag, is_many, is_tristate
from commands.core.moments import When
from commands.core.types import OneOf, spell_duration

_YES, _NO = "yes", "no"
_DIGEST = "sha256:"
_PERSON = re.compile(r"@?([UW][A-Z0-9]+)")
_SEARCHES: Mapping[Offered, str] = {
    Offered.ROOM: "Choose a room, or type a name",
    Offered.PARTICIPANT: "Choose who, or type a name",
    Offered.TRACK: "Choose a track, or type its name",
    Offered.RECORDING: "Choose a recording, or type a room",
    Offered.STREAM: "Choose a stream, or type a room",
    Offered.EGRESS: "Choose an egress, or type its id",
    Offered.DESTINATION: "Choose where it goes, or type the URL",
    Offered.INGRESS: "Choose an ingress, or type its id",
    Offered.CALL: "Choose a call, or type the number",
    Offered.TRUNK: "Choose a trunk, or type its name",
    Offered.RULE: "Choose a rule, or type its name",
    Offered.DISPATCH: "Choose an agent, or type its name",
    Offered.SERVER: "Choose a video server",
    Offered.GRANTEE: "Choose a person, a user group or a channel",
    Offered.VALUE: "Choose a value, or type one",
}

_EXAMPLES: Mapping[object, str] = {timedelta: "90s, 15m, 1h30m", When: "2h, 2026-12-01, 2026-12-01 18:00"}


@dataclass(frozen=True, slots=True)
class LongChoice:
    """A choice whose text was too long for an option's value. Whoever offered it knows the text of this digest."""

    digest: str


def option(value: str, text: str, description: str = "") -> Block:
    """A text too long for an option's value goes by its digest."""
    drawn: Block = {"text": plain_object(text, OPTION_TEXT), "value": option_value(value)}
    if description:
        drawn["description"] = plain_object(description, OPTION_TEXT)
    return drawn


def option_value(text: str) -> str:
    text = whole(text)
    if length(text) <= OPTION_VALUE and not text.startswith(_DIGEST):
        return text
    return _DIGEST + hashlib.sha256(text.encode()).hexdigest()


def element(field: FieldInfo, given: object) -> Block:
    """`given` is what is known, as typed or validated. A secret is never shown: it is typed again."""
    initial = _initial(field, given)
    if is_searched(field):
        return _search(_sought(field), _lines(initial), several=is_many(field))
    if has(field, WorkspacePerson):
        chosen = _PERSON.fullmatch(_line(initial))
        return {"type": "users_select", **({"initial_user": chosen[1]} if chosen else {})}
    if is_tristate(field):
        return _select([option(_YES, "Yes"), option(_NO, "No")], _line(initial))
    if is_flag(field):
        return _checkboxes([option(_YES, "Yes")], {_YES} if initial is True else ())
    if choices := _choices(field_type(field)):
        return _select([option(choice, choice.replace("_", " ")) for choice in choices], _line(initial))
    if field_type(field) is int:
        return {"type": "number_input", "is_decimal_allowed": False, **_bounds(field), **_typed(_number(initial))}
    if several := several_choices(field):
        return _checkboxes([option(choice, choice.replace("_", " ")) for choice in several], set(_lines(initial)))
    if is_many(field):
        return {"type": "plain_text_input", "multiline": True, **_typed("\n".join(_lines(initial)))}
    long: Block = {"multiline": True} if has(field, LongText) else {}
    return {"type": "plain_text_input", **long, **_typed(_line(initial)), **_example(field)}


def as_shown(field: FieldInfo, given: object) -> object:
    """What an input that begins with `given` reads as while nobody touches it; None where it is empty."""
    drawn = element(field, given)
    match drawn["type"]:
        case "checkboxes" | "multi_external_select":
            state = {"selected_options": drawn.get("initial_options", [])}
        case "static_select" | "external_select":
            state = {"selected_option": drawn.get("initial_option")}
        case "users_select":
            state = {"selected_user": drawn.get("initial_user")}
        case _:
            state = {"value": drawn.get("initial_value")}
    return read_value(field, state)


def read_value(field: FieldInfo, state: object) -> object:
    """From an element's state, in the forms that Slack documents for `view.state.values`; None where it is empty.

    A state of any other shape is empty too.
    """
    if not isinstance(state, Mapping):
        return None
    if "selected_options" in state:
        chosen = [value for each in _list(state["selected_options"]) if (value := _value(field, each)) is not None]
        return bool(chosen) if is_flag(field) else chosen or None
    if "selected_option" in state:
        one = _value(field, state["selected_option"])
        return one == _YES if one is not None and is_tristate(field) else one
    text = state.get("selected_user") if "selected_user" in state else state.get("value")
    if not isinstance(text, str):
        return None
    text = whole(text).strip()
    return _split(text) or None if is_many(field) else text or None


def several_choices(field: FieldInfo) -> list[str]:
    """The choices of a field that takes any number of them, where they are few enough to be ticked."""
    choices = _choices(get_args(field_type(field))[0]) if is_many(field) else []
    return choices if len(choices) <= CHOICES else []


def is_searched(field: FieldInfo) -> bool:
    """Whether its choices are found while somebody types: what there is, or what the video server has."""
    return has(field, Offers) or has(field, OneOf)


def is_too_long(field: FieldInfo, given: object) -> bool:
    """Whether there is more than the input can show."""
    if element(field, None)["type"] != "plain_text_input" or holds_secret(field):
        return False
    return length("\n".join(_lines(given))) > INPUT_TEXT


def pairs_of(lines: object) -> dict[str, str]:
    """What the lines of an input for pairs say; a line that is no pair has no value."""
    return {key: text for key, _, text in (str(line).partition("=") for line in _list(lines))}


def values_of(value: object) -> list[str]:
    """A field's value as the words of which it consists."""
    return _lines(value)


def _initial(field: FieldInfo, given: object) -> object:
    """What was given, else the default."""
    if given is None and not field.is_required():
        given = field.get_default(call_default_factory=True)
    return None if holds_secret(field) else given


def _sought(field: FieldInfo) -> str:
    offers = marks(field, Offers)
    return _SEARCHES[offers[0].what] if offers else "Choose one, or type it"


def _search(sought: str, chosen: Collection[str], *, several: bool) -> Block:
    """A select that asks the bot for its options as somebody types."""
    drawn: Block = {
        "type": "multi_external_select" if several else "external_select",
        "min_query_length": 0,
        "placeholder": plain_object(sought, PLACEHOLDER),
    }
    options = [option(text, text) for text in dict.fromkeys(map(whole, chosen)) if text.strip()][:OPTIONS]
    if not options:
        return drawn
    return {**drawn, **({"initial_options": options} if several else {"initial_option": options[0]})}


def _checkboxes(options: list[Block], chosen: Collection[str]) -> Block:
    checked = [each for each in options if each["value"] in chosen]
    return {"type": "checkboxes", "options": options, **({"initial_options": checked} if checked else {})}


def _select(options: list[Block], initial: str) -> Block:
    chosen = next(({"initial_option": each} for each in options if each["value"] == initial), {})
    return {"type": "static_select", "options": options, **chosen}


def _typed(initial: str) -> Block:
    """An initial text that the input cannot hold is left out rather than cut without a word."""
    initial = whole(initial)
    return {"initial_value": initial} if 0 < length(initial) <= INPUT_TEXT else {}


def _number(initial: object) -> str:
    """What is no number was refused once, and Slack would refuse to draw it."""
    text = _line(initial)
    return text if text.lstrip("-").isdecimal() and text.isascii() else ""


def _example(field: FieldInfo) -> Block:
    example = _EXAMPLES.get(field_type(field))
    return {"placeholder": plain_object(example, PLACEHOLDER)} if example is not None else {}


def _choices(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)][:OPTIONS]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation][:OPTIONS]
    return []


def _bounds(field: FieldInfo) -> Block:
    """Slack takes the bounds of a number as strings."""
    nested = [m for inner in get_args(field.annotation) for m in getattr(inner, "__metadata__", ())]
    constraints = [*field.metadata, *(m for info in nested for m in getattr(info, "metadata", [info]))]
    low = next((c.ge for c in constraints if hasattr(c, "ge")), None)
    high = next((c.le for c in constraints if hasattr(c, "le")), None)
    return {key: str(bound) for key, bound in (("min_value", low), ("max_value", high)) if bound is not None}


def _line(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return _YES if value else _NO
        case timedelta():
            return spell_duration(value)
        case Enum():
            return str(value.value)
        case _:
            return str(value)


def _lines(value: object) -> list[str]:
    match value:
        case None:
            return []
        case Mapping():
            return [f"{key}={_line(text)}" for key, text in value.items()]
        case list() | tuple() | set() | frozenset():
            return [_line(entry) for entry in value]
        case _:
            return [_line(value)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _split(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _value(field: FieldInfo, chosen: object) -> str | LongChoice | None:
    value = chosen.get("value") if isinstance(chosen, Mapping) else None
    if not isinstance(value, str) or not value:
        return None
    is_digest = is_searched(field) and value.startswith(_DIGEST)
    return LongChoice(value) if is_digest else whole(value)
