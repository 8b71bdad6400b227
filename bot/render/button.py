"""Buttons and their wire format, which old messages keep: `action_id` says what is pressed, `value` carries it.

    cmd:<path>:<n>       an ordinary command; value: its fields as JSON
    pending:<path>:<n>   a command too large or too secret for a button; value: the token of its row
    ask:yes, ask:no      the answer to a question; value: the token of its row
    form:<path>:<n>      opens a form; value: what is known, as JSON
    more:<path>:<page>   shows another page of an open form, counted from 0
    link:<n>             opens an address; the press is reported all the same

`<path>` has dots for spaces, `<n>` makes an action_id unique in its message. The first three may end in `:in-place`:
the answer takes the place of the message that has the button, as the next page of a list does.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from pydantic import SecretStr, ValidationError

from bot.render.limits import ACCESSIBILITY_LABEL, BUTTON_TEXT, length
from bot.render.text import Block, plain_object
from commands.core.base import Command, Private, has
from commands.core.reply import Action, Button, Form, Link, Question
from commands.core.types import spell_duration

INLINE_VALUE = 1_500
"""How long a value may be. Slack takes 2,000; the rest is for escapes that we do not see."""

BUTTONS_PER_ROW = 5
_VERSION = 1
_ACTION_ID = re.compile(
    r"(?P<kind>cmd|pending|form):(?P<path>[a-z0-9_.-]+):[0-9]+(?P<in_place>:in-place)?"
    r"|(?P<more>more):(?P<more_path>[a-z0-9_.-]+)(?::(?P<page>[0-9]{1,3}))?"
    r"|(?P<link>link):[0-9]+|(?P<ask>ask:(?:yes|no))"
)


class Pressed(StrEnum):
    COMMAND = "cmd"
    PENDING = "pending"
    FORM = "form"
    MORE = "more"
    LINK = "link"
    YES = "ask:yes"
    NO = "ask:no"


@dataclass(frozen=True, slots=True)
class Press:
    """What an `action_id` says. `path` is empty for links and answers; `page` is of a form."""

    pressed: Pressed
    path: tuple[str, ...] = ()
    in_place: bool = False
    page: int = 1


class StaleButton(Exception):
    """A button of another version of the bot, whose command is not understood. `path` is what it was called."""

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(" ".join(path))
        self.path = path


def read_action_id(action_id: str) -> Press:
    """Raises `StaleButton` for one that this version does not draw."""
    match = _ACTION_ID.fullmatch(action_id)
    if match is None:
        raise StaleButton(())
    kind = match["kind"] or match["more"] or match["link"] or match["ask"]
    path = match["path"] or match["more_path"]
    return Press(
        Pressed(kind), tuple(path.split(".")) if path else (), match["in_place"] is not None, int(match["page"] or 1)
    )


def is_inline(action: Action) -> bool:
    """Whether the button can carry the command itself: nothing secret or private is set in it, and it is short."""
    command = action.command
    is_private = any(has(info, Private) and getattr(command, name) for name, info in type(command).model_fields.items())
    return not (is_private or _holds_secret(dict(command))) and length(encode(action)) < INLINE_VALUE


def encode(action: Action) -> str:
    fields = action.command.model_dump_json(exclude_defaults=True)
    return f'{{"v":{_VERSION},{fields[1:]}' if fields != "{}" else f'{{"v":{_VERSION}}}'


def decode(path: tuple[str, ...], value: str, commands: Mapping[tuple[str, ...], type[Command]]) -> Command:
    """The command that a button carries. Raises `StaleButton`."""
    try:
        fields = json.loads(value)
        if fields.pop("v") != _VERSION:
            raise StaleButton(path)
        return commands[path].model_validate(fields)
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError, RecursionError) as error:
        raise StaleButton(path) from error


def encode_given(form: Form) -> str:
    """What is known, for the form to start with: as much as fits, and no secrets, which are typed again."""
    given: dict[str, object] = {}
    for name, value in form.given:
        wider = {**given, name: value}
        if not _holds_secret(value) and length(_json(wider)) < INLINE_VALUE:
            given = wider
    return _json(given)


def is_whole(form: Form) -> bool:
    """Whether the button can carry all that is known."""
    return len(decode_given(encode_given(form))) == len(form.given)


def decode_given(value: str) -> dict[str, object]:
    """Empty where it cannot be read: the form then starts empty."""
    try:
        given = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def _json(given: Mapping[str, object]) -> str:
    return json.dumps(given, ensure_ascii=False, separators=(",", ":"), default=_jsonable)


def _jsonable(value: object) -> object:
    match value:
        case timedelta():
            return spell_duration(value)
        case Mapping():
            return dict(value)
        case set() | frozenset():
            return sorted(value)
        case _:
            return str(value)


def _holds_secret(value: object) -> bool:
    match value:
        case SecretStr():
            return bool(value.get_secret_value())
        case Mapping():
            return any(_holds_secret(inner) for inner in value.values())
        case list() | tuple() | set() | frozenset():
            return any(_holds_secret(inner) for inner in value)
        case _:
            return False


class Buttons:
    """Draws the buttons of one message: numbers them, gives out `tokens` in order, keeps one of them primary."""

    def __init__(self, tokens: Iterable[str] = ()) -> None:
        self._tokens = list(tokens)
        self._drawn = 0
        self._has_primary = False

    def draw(self, button: Button) -> Block:
        self._drawn += 1
        match button:
            case Action():
                return self._action(button)
            case Form():
                action_id = self._action_id("form", button.command_type, in_place=button.in_place)
                return _described(_button(action_id, button.label, encode_given(button)), button.description)
            case Link():
                return _link(f"link:{self._drawn}", button)

    def rows(self, buttons: Sequence[Button]) -> list[Block]:
        drawn = [self.draw(button) for button in buttons]
        return [actions(drawn[start : start + BUTTONS_PER_ROW]) for start in range(0, len(drawn), BUTTONS_PER_ROW)]

    def _action(self, action: Action) -> Block:
        inline = is_inline(action)
        action_id = self._action_id("cmd" if inline else "pending", type(action.command), in_place=action.in_place)
        drawn = _button(action_id, action.label, encode(action) if inline else self._tokens.pop(0))
        drawn = _described(drawn, action.description)
        if action.style == "danger" or (action.style == "primary" and not self._has_primary):
            drawn["style"] = action.style
            self._has_primary |= action.style == "primary"
        return drawn

    def _action_id(self, kind: str, command_type: type[Command], *, in_place: bool) -> str:
        return f"{kind}:{'.'.join(command_type.spec.path)}:{self._drawn}{':in-place' if in_place else ''}"


def actions(elements: list[Block]) -> Block:
    return {"type": "actions", "elements": elements}


def answers(question: Question, token: str) -> Block:
    """The two answers to a question. Both bring the token, so that either answer uses the question up."""
    yes = {**_button("ask:yes", question.confirm, token), "style": "danger"}
    return actions([yes, _button("ask:no", question.deny, token)])


def turn_page(path: tuple[str, ...], page: int, label: str) -> Block:
    return _button(f"more:{'.'.join(path)}:{page}", label, "more")


def _button(action_id: str, label: str, value: str) -> Block:
    return {"type": "button", "action_id": action_id, "text": plain_object(label, BUTTON_TEXT), "value": value}


def _described(button: Block, description: str | None) -> Block:
    """With what a screen reader says of it, where the label alone would not do."""
    if not description:
        return button
    return {**button, "accessibility_label": plain_object(description, ACCESSIBILITY_LABEL)["text"]}


def _link(action_id: str, link: Link) -> Block:
    drawn: Block = {"type": "button", "action_id": action_id, "text": plain_object(link.label, BUTTON_TEXT)}
    return {**drawn, "url": link.url.get_secret_value()}
