"""What a workspace holds: people, channels, messages, views. Messages and views are snapshots, replaced on change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from bot.demo.slack.reading import Blocks, label, lines


@dataclass(eq=False, slots=True)
class User:
    """`is_outsider`: of another organisation, here by a channel that both share."""

    id: str
    name: str
    is_owner: bool = False
    is_admin: bool = False
    is_restricted: bool = False
    is_bot: bool = False
    deleted: bool = False
    is_outsider: bool = False


@dataclass(eq=False, slots=True)
class UserGroup:
    """`members` are ids. One that is `disabled` can neither be mentioned nor asked for."""

    id: str
    handle: str
    members: set[str] = field(default_factory=set)
    disabled: bool = False


class ChannelKind(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


@dataclass(eq=False, slots=True)
class Channel:
    """`members` are ids; a direct conversation's two members are a person and the bot."""

    id: str
    name: str
    kind: ChannelKind = ChannelKind.PUBLIC
    members: set[str] = field(default_factory=set)
    archived: bool = False


class Button(NamedTuple):
    label: str
    action_id: str
    block_id: str
    value: str | None


def elements(blocks: Blocks) -> list[tuple[str, Mapping[str, Any]]]:
    """Every interactive element with the id of its block, in reading order."""
    found = []
    for block in blocks:
        inside = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
        found += [(str(block["block_id"]), part) for part in inside if part and "action_id" in part]
    return found


def _buttons(blocks: Blocks) -> list[Button]:
    return [
        Button(label(part["text"]), part["action_id"], block_id, part.get("value"))
        for block_id, part in elements(blocks)
        if part["type"] == "button"
    ]


@dataclass(frozen=True, slots=True)
class File:
    """`name` has the extension; `title` is what people see."""

    id: str
    name: str
    title: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """`user` is its author's id. Seen by everybody in the channel, or only by `ephemeral_to`."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: Blocks = ()
    thread_ts: str | None = None
    ephemeral_to: str | None = None
    broadcast: bool = False
    edited: bool = False
    deleted: bool = False
    files: tuple[File, ...] = ()

    @property
    def buttons(self) -> list[Button]:
        return _buttons(self.blocks)

    @property
    def lines(self) -> list[str]:
        """The visible text in reading order; a button is its label in brackets, and so is a file its title."""
        return [*lines(self.text, self.blocks), *(f"[{file.title}: {file.name}]" for file in self.files)]

    @property
    def words(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class View:
    """A modal or a Home tab. `errors` and `typed` are what Slack's client keeps while a form is open.

    `fields` maps the `block_id` of each input to its label; `typed` maps (block_id, action_id) to a state value, and
    `offered` to the options that the bot gave last for what was typed.
    `source` is the view as the bot sent it, with ids filled in.
    """

    id: str
    hash: str
    user: str
    source: Mapping[str, Any]
    root_id: str
    previous_id: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    offered: Mapping[tuple[str, str], tuple[Mapping[str, Any], ...]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return label(self.source.get("title"))

    @property
    def blocks(self) -> Blocks:
        blocks: Blocks = self.source["blocks"]
        return blocks

    @property
    def fields(self) -> dict[str, str]:
        return {block["block_id"]: label(block["label"]) for block in self.blocks if block["type"] == "input"}

    @property
    def private_metadata(self) -> str:
        return str(self.source.get("private_metadata", ""))

    @property
    def callback_id(self) -> str:
        return str(self.source.get("callback_id", ""))

    @property
    def external_id(self) -> str:
        return str(self.source.get("external_id", ""))

    @property
    def buttons(self) -> list[Button]:
        return _buttons(self.blocks)

    @property
    def lines(self) -> list[str]:
        """Title, content, errors, and the buttons at the foot."""
        foot = [f"[{label(self.source[key])}]" for key in ("close", "submit") if key in self.source]
        errors = [f"! {self.fields.get(block_id, block_id)}: {error}" for block_id, error in self.errors.items()]
        return [*filter(None, [self.title]), *lines("", self.blocks), *errors, *filter(None, [" ".join(foot)])]

    @property
    def words(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class Notice:
    """What Slack itself tells somebody when a bot did not answer as it should, by Slack's word for it."""

    user: str
    what: str
    problem: str


@dataclass(frozen=True, slots=True)
class Ack:
    """How the bot acknowledged. `status` 0: not at all. `problem`: what the person sees going wrong."""

    status: int
    body: Any
    seconds: float
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A Web API call that was received."""

    method: str
    arguments: Mapping[str, Any]
    ok: bool
    error: str | None
