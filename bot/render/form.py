"""A command's fields as a form, and what was filled in as the command's fields.

The `block_id` of an input is the name of its field, so that errors find their place and what was typed survives a
redraw. What the form does not show (the provider, the life of a room) is for the caller to keep in
`private_metadata`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bot.render.button import actions, more_options
from bot.render.limits import (
    CHOICES,
    HINT_TEXT,
    INPUT_TEXT,
    LABEL_TEXT,
    OPTION_TEXT,
    OPTIONS,
    PLACEHOLDER,
    VIEW_BUTTON,
    VIEW_TITLE,
    cut,
    length,
)
from bot.render.message import context
from bot.render.text import Block, plain_object
from bot.text import whole
from commands.core.base import Advanced, Command, LongText, Needs, ServerCommand, has, marks
from commands.core.errors import Problem
from commands.core.fields import field_type, is_flag, is_hidden, is_many, is_tristate, known_as
from commands.core.reply import Code, Text
from commands.core.types import spell_duration
from commands.core.words import joined
from providers.base import Provider

INPUTS_AT_ONCE = 6
_ACTION_ID = "value"
_YES, _NO = "yes", "no"


def render_form(
    command_type: type[Command],
    *,
    given: Mapping[str, object],
    provider: Provider,
    private_metadata: str,
    more: bool = False,
) -> Block:
    """The view, to be opened or to replace the open one. `given` is what is known, by field, as typed or validated.

    Beyond six inputs the advanced ones wait behind **More options**, which asks for the view again with `more`; where
    one of them is given already, all are shown, since what a form does not show it does not send.
    """
    path = command_type.spec.path
    names = _shown(command_type, provider)
    waiting = [name for name in names if has(command_type.model_fields[name], Advanced)]
    if more or len(names) <= INPUTS_AT_ONCE or any(given.get(name) is not None for name in waiting):
        waiting = []
    inputs = [_input(name, command_type.model_fields[name], given.get(name)) for name in names if name not in waiting]
    return {
        "type": "modal",
        "callback_id": f"form:{'.'.join(path)}",
        "title": plain_object(_title(path), VIEW_TITLE),
        "submit": plain_object(path[-1].capitalize(), VIEW_BUTTON),
        "close": plain_object("Cancel", VIEW_BUTTON),
        "private_metadata": private_metadata,
        "blocks": [
            context(_introduction(command_type, provider)),
            *inputs,
            *([{**actions([more_options(path)]), "block_id": "more:options"}] if waiting else []),
        ],
    }


def read_form(
    command_type: type[Command], state_values: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> dict[str, object]:
    """What was filled in, ready for `model_validate`. What was left empty is absent."""
    read: dict[str, object] = {}
    for name, elements in state_values.items():
        field = command_type.model_fields.get(name)
        if field is not None and (value := _read(field, elements.get(_ACTION_ID, {}))) not in (None, "", []):
            read[name] = value
    return read


def form_errors(problems: Iterable[Problem], shown: Collection[str]) -> dict[str, str]:
    """Block id to message. `shown` are the block ids of the form's inputs; what belongs to none stands at the first."""
    errors: dict[str, str] = {}
    for problem in problems:
        place = problem.field if problem.field in shown else next(iter(shown), None)
        if place is not None:
            errors[place] = cut(" ".join(filter(None, [errors.get(place), problem.text])), HINT_TEXT)
    return errors


def _shown(command_type: type[Command], provider: Provider) -> list[str]:
    """The fields in a form's order: what is required, what is common, what is advanced."""
    shown = {
        name: field
        for name, field in command_type.model_fields.items()
        if not (name == "provider" and issubclass(command_type, ServerCommand))
        and not is_hidden(field)
        and all(need.capability in provider.capabilities for need in marks(field, Needs))
    }
    return sorted(shown, key=lambda name: (has(shown[name], Advanced), not shown[name].is_required()))


def _title(path: Sequence[str]) -> str:
    """`room create` is “Create room”."""
    return " ".join([path[-1], *path[:-1]]).capitalize()


def _introduction(command_type: type[Command], provider: Provider) -> Text:
    server: Text = ("On ", Code(provider.name), ".") if issubclass(command_type, ServerCommand) else ""
    return joined([command_type.summary(), server], " ")


def _input(name: str, field: FieldInfo, given: object) -> Block:
    drawn: Block = {
        "type": "input",
        "block_id": name,
        "label": plain_object(_label(name), LABEL_TEXT),
        "element": {"action_id": _ACTION_ID, **_element(field, _initial(field, given))},
        "optional": not field.is_required() or is_flag(field),
    }
    if hint := _hint(field):
        drawn["hint"] = plain_object(hint, HINT_TEXT)
    return drawn


def _label(name: str) -> str:
    return known_as(name).replace("_", " ").capitalize()


def _initial(field: FieldInfo, given: object) -> object:
    """What was given, else the default; a secret is typed again."""
    if given is None and not field.is_required():
        given = field.get_default(call_default_factory=True)
    return None if isinstance(given, SecretStr) or field_type(field) is SecretStr else given


def _hint(field: FieldInfo) -> str:
    sentences = [(field.description or "").replace("`", "")]
    if is_many(field) and not _several(field):
        sentences.append("One per line")
    return ". ".join(filter(None, sentences))


def _element(field: FieldInfo, initial: object) -> Block:
    if is_tristate(field):
        return _select([_option(_YES, "Yes"), _option(_NO, "No")], _line(initial))
    if is_flag(field):
        return _checkboxes([_option(_YES, "Yes")], {_YES} if initial is True else ())
    if choices := _choices(field_type(field)):
        return _select([_option(choice, choice) for choice in choices], _line(initial))
    if field_type(field) is int:
        return {"type": "number_input", "is_decimal_allowed": False, **_bounds(field), **_typed(_line(initial))}
    if several := _several(field):
        return _checkboxes([_option(choice, choice) for choice in several], set(_lines(initial)))
    if is_many(field):
        return {"type": "plain_text_input", "multiline": True, **_typed("\n".join(_lines(initial)))}
    long: Block = {"multiline": True} if has(field, LongText) else {}
    return {"type": "plain_text_input", **long, **_typed(_line(initial)), **_example(field)}


def _checkboxes(options: list[Block], chosen: Collection[str]) -> Block:
    checked = [option for option in options if option["value"] in chosen]
    return {"type": "checkboxes", "options": options, **({"initial_options": checked} if checked else {})}


def _select(options: list[Block], initial: str) -> Block:
    chosen = next(({"initial_option": option} for option in options if option["value"] == initial), {})
    return {"type": "static_select", "options": options, **chosen}


def _option(value: str, text: str) -> Block:
    return {"text": plain_object(text, OPTION_TEXT), "value": value}


def _typed(initial: str) -> Block:
    """An initial text that the input cannot hold is left out rather than cut without a word."""
    return {"initial_value": initial} if 0 < length(initial) <= INPUT_TEXT else {}


def _example(field: FieldInfo) -> Block:
    if field_type(field) is not timedelta:
        return {}
    return {"placeholder": plain_object("90s, 15m, 1h30m", PLACEHOLDER)}


def _several(field: FieldInfo) -> list[str]:
    """The choices of a field that takes any number of them, where they are few enough to be ticked."""
    choices = _choices(get_args(field_type(field))[0]) if is_many(field) else []
    return choices if len(choices) <= CHOICES else []


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
        case Mapping():
            return [f"{key}={_line(text)}" for key, text in value.items()]
        case list() | tuple() | set() | frozenset():
            return [_line(entry) for entry in value]
        case _:
            return [_line(value)]


def _read(field: FieldInfo, element: Mapping[str, Any]) -> object:
    """From an element's state, in the forms that Slack documents for `view.state.values`."""
    if "selected_options" in element:
        ticked = [option["value"] for option in element["selected_options"] or ()]
        return bool(ticked) if is_flag(field) else ticked
    if "selected_option" in element:
        chosen = (element["selected_option"] or {}).get("value")
        return chosen == _YES if chosen and is_tristate(field) else chosen
    text = whole(element.get("value") or "").strip()
    return [line.strip() for line in text.splitlines() if line.strip()] if is_many(field) else text
