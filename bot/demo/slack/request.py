"""One call of a Web API method: its arguments, read the way Slack reads them, and the refusals many methods share."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.demo.slack.app import App
from bot.demo.slack.errors import Refused, explained
from bot.demo.slack.reading import Blocks
from bot.demo.slack.things import Channel, ChannelKind
from bot.demo.slack.workspace import Workspace
from bot.render.limits import BLOCKS_SIZE, Surface, blocks_size, problems

Answer = dict[str, Any]

NOT_KNOWN_HERE = ("attachments", "markdown_text")


@dataclass(frozen=True, slots=True)
class Request:
    workspace: Workspace
    app: App
    arguments: Mapping[str, Any]

    def text(self, name: str) -> str:
        """An argument as a string; the empty string where it is missing."""
        value = self.arguments.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        return str(self.arguments.get(name)).lower() in ("true", "1")

    def structure(self, name: str) -> Any:
        """An argument that is JSON, or a string of it, as Slack takes both."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise Refused("invalid_blocks_format" if name == "blocks" else "invalid_arguments") from None

    def need_scope(self, scope: str) -> None:
        if scope not in self.app.scopes:
            raise Refused("missing_scope", needed=scope, provided=",".join(self.app.scopes))

    def visible_channel(self) -> Channel:
        """The channel that is named, if the bot may know of it: a private one only from inside."""
        channel = self.workspace.channel(self.text("channel"))
        inside = channel is not None and self.workspace.bot.id in channel.members
        if channel is None or (channel.kind is not ChannelKind.PUBLIC and not inside):
            raise Refused("channel_not_found")
        return channel

    def writable_channel(self) -> Channel:
        channel = self.visible_channel()
        if channel.archived:
            raise Refused("is_archived")
        if self.workspace.bot.id not in channel.members and "chat:write.public" not in self.app.scopes:
            raise Refused("not_in_channel")
        return channel

    def content(self) -> tuple[str, Blocks]:
        return content(self.text("text"), self.structure("blocks"), self.arguments)


def content(text: str, blocks: object, arguments: Mapping[str, Any]) -> tuple[str, Blocks]:
    """Text and blocks of a message, checked; raises `Refused`."""
    if unknown := [name for name in NOT_KNOWN_HERE if arguments.get(name)]:
        raise explained("invalid_arguments", [f"{name}: not known to this stand-in" for name in unknown])
    if not blocks:
        if not text.strip():
            raise Refused("no_text")
        return text, []
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    if all(isinstance(block, dict) for block in blocks) and blocks_size(blocks) > BLOCKS_SIZE:
        raise Refused("msg_blocks_too_long")
    if found := problems(blocks, Surface.MESSAGE):
        raise explained("invalid_blocks", found)
    return text, blocks


@dataclass(frozen=True, slots=True)
class Method:
    """`any_scope`: one of these is needed; none for a method that anybody with a token may call."""

    run: Callable[[Request], Answer]
    any_scope: tuple[str, ...] = ()
    app_token: bool = False
