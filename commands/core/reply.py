"""The few shapes that an answer can have. No Slack in them: `bot/render` draws them.

Text is a string, taken literally and escaped by whoever draws it, or a sequence of strings and marks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr

if TYPE_CHECKING:
    from commands.core.base import Command


@dataclass(frozen=True, slots=True)
class Code:
    """Something to be typed or compared: a name, an id, a command line."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    text: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the workspace, by id. Drawn as a mention."""

    user_id: str


@dataclass(frozen=True, slots=True)
class Channel:
    channel_id: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, drawn in the reader's own zone."""

    at: datetime


Mark = Code | Strong | Person | Channel | Moment
Text = str | Sequence[str | Mark]


def plain(text: Text) -> str:
    """The words alone, for logs and for places that show no marks."""
    return text if isinstance(text, str) else "".join(part if isinstance(part, str) else _word(part) for part in text)


def parts(text: Text) -> tuple[str | Mark, ...]:
    """To be put between other parts of a text."""
    return (text,) if isinstance(text, str) else tuple(text)


def _word(mark: Mark) -> str:
    match mark:
        case Code(text) | Strong(text):
            return text
        case Person(user_id):
            return f"@{user_id}"
        case Channel(channel_id):
            return f"#{channel_id}"
        case Moment(at):
            return at.isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Action:
    """A button that carries an ordinary command. `style` is for the one main way forward and for what destroys.

    `label` is at most 75 characters; `description` is what a screen reader says where the label alone is not enough.
    `in_place`: the answer takes the place of the one that has the button, as the next page of a list does.
    """

    label: str
    command: "Command"
    style: Literal["primary", "danger"] | None = None
    description: str | None = None
    in_place: bool = False

    @property
    def command_type(self) -> "type[Command]":
        return type(self.command)


@dataclass(frozen=True, slots=True)
class Form:
    """A button that opens the form of a command, filled with what is known. `in_place` and `description`: as those of
    an action."""

    label: str
    command_type: "type[Command]"
    given: tuple[tuple[str, object], ...] = ()
    in_place: bool = False
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: SecretStr


Button = Action | Form | Link


@dataclass(frozen=True, slots=True)
class Item:
    """A row of a list, with at most five buttons. A single one stands beside it, several under it."""

    title: Text
    detail: Text = ""
    actions: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under the names of their columns, as many cells in each. What it is about, the reply's text says."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]


SECRET_MAX = 2_500
"""How many characters a secret can have to be shown whole; one that is cut is worse than none."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Shown to the asker alone, and never stored."""

    label: str
    value: SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the asker is told: what happened, the particulars, and what can be done next.

    A command pages its `items` and its `table`; what does not fit a message all the same is cut with a note.
    `alone`: it is for the asker's eyes, wherever it was asked, as what has secrets is.
    """

    text: Text
    facts: tuple[tuple[str, Text], ...] = ()
    items: tuple[Item, ...] = ()
    table: Table | None = None
    secrets: tuple[Secret, ...] = ()
    hint: Text = ""
    actions: tuple[Button, ...] = ()
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Asked before something destructive; drawn at that moment, so it says what is true now.

    `command` is what a yes runs, pinned to what the question speaks of: a room of the same name that is made meanwhile
    is not meant. `alone`: as a reply's.
    """

    text: Text
    command: "Command"
    facts: tuple[tuple[str, Text], ...] = ()
    confirm: str
    deny: str = "Cancel"
    alone: bool = False
