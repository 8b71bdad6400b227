"""What a bot says without a token: to a response_url, and in the acknowledgement of a slash command."""

from collections.abc import Mapping
from typing import Any

from bot.demo.slack.errors import Refused
from bot.demo.slack.permits import ResponseUrl
from bot.demo.slack.request import content
from bot.demo.slack.things import Channel, Message
from bot.demo.slack.workspace import Workspace

NOT_CONTENT = ("text", "delete_original")


def respond(workspace: Workspace, key: str, payload: Mapping[str, Any]) -> None:
    """Carry out a post to a response_url; raises `Refused`. Every attempt counts as a use."""
    permit = workspace.permits.use_response_url(key)
    if payload.get("delete_original"):
        if any(value for name, value in payload.items() if name not in NOT_CONTENT) or payload.get("text"):
            raise Refused("invalid_payload")
        workspace.delete(_original(workspace, permit))
        return
    if payload.get("replace_original"):
        text, blocks = content(str(payload.get("text") or ""), payload.get("blocks"), payload)
        workspace.edit(_original(workspace, permit), text, blocks)
        return
    channel = workspace.channel(permit.channel)
    assert channel is not None
    thread_ts = payload.get("thread_ts") or permit.thread_ts
    say(workspace, payload, channel=channel, user_id=permit.user, thread_ts=thread_ts)


def say(
    workspace: Workspace, payload: Mapping[str, Any], *, channel: Channel, user_id: str, thread_ts: str | None = None
) -> None:
    """Post as the app: to the person alone, unless `response_type` says `in_channel`. Membership does not matter."""
    response_type = payload.get("response_type", "ephemeral")
    if response_type not in ("ephemeral", "in_channel"):
        raise Refused("invalid_payload")
    text, blocks = content(str(payload.get("text") or ""), payload.get("blocks"), payload)
    if channel.archived:
        raise Refused("is_archived")
    ephemeral_to = user_id if response_type == "ephemeral" else None
    workspace.post(channel, workspace.bot, text, blocks, thread_ts=thread_ts, ephemeral_to=ephemeral_to)


def _original(workspace: Workspace, permit: ResponseUrl) -> Message:
    """The message that was pressed. A slash command has none, and one that is gone cannot be replaced."""
    channel = workspace.channel(permit.channel)
    assert channel is not None
    message = workspace.message(channel, permit.original) if permit.original else None
    if message is None or message.deleted:
        raise Refused("message_not_found")
    return message
