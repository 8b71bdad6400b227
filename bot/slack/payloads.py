"""Slack's payloads, read once: who, where, and what for. Shapes by https://docs.slack.dev/interactivity."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.slack.answers import Address
from commands.core.ports import Caller, Place

Body = Mapping[str, Any]


class FormMeta(BaseModel):
    """What an open form keeps in `private_metadata`: where its answer goes and what it must not ask.

    `fixed` are the fields that the form does not show, `opened` what the fields that those speak of began with.
    `reply_key` finds the response_url, which is a secret of the kind that a view must not hold.
    """

    provider: str
    channel_id: str
    thread_ts: str | None = None
    is_direct: bool = False
    fixed: dict[str, str] = {}
    opened: dict[str, str] = {}
    reply_key: str | None = None


def read_meta(view: Body) -> FormMeta | None:
    """None for a form that this version did not open."""
    try:
        return FormMeta.model_validate_json(str(view.get("private_metadata", "")))
    except ValidationError:
        return None


def slash_address(body: Body) -> Address:
    team_id, channel_id = str(body["team_id"]), str(body["channel_id"])
    return Address(
        caller=Caller(team_id, str(body["user_id"]), str(body.get("user_name", ""))),
        place=Place(team_id, channel_id, is_direct=body.get("channel_name") == "directmessage"),
        response_url=body.get("response_url"),
        trigger_id=body.get("trigger_id"),
    )


def mention_address(body: Body) -> Address:
    """Somebody wrote to the bot where others read it. An answer goes into the thread, which begins with what they wrote
    where they were in none."""
    event = body["event"]
    return replace(_message_address(body), under=str(event.get("thread_ts") or event["ts"]))


def direct_address(body: Body) -> Address:
    """Somebody wrote to the bot where nobody else reads it."""
    address = _message_address(body)
    return replace(address, place=replace(address.place, is_direct=True))


def _message_address(body: Body) -> Address:
    event, team_id = body["event"], str(body["team_id"])
    return Address(
        caller=Caller(team_id, str(event["user"])),
        place=Place(team_id, str(event["channel"]), thread_ts=event.get("thread_ts")),
    )


def is_from_a_person(event: Body) -> bool:
    """Said for the first time, by somebody who is no bot: an edit, a deletion or a join is told as a message too."""
    return "user" in event and not ({"bot_id", "subtype", "edited"} & set(event))


def press_address(body: Body) -> Address:
    """A press on a message, or inside a view, which knows its channel by its metadata alone.

    A message that one person sees is not sent along; its thread stands in `container`.
    """
    channel = body.get("channel") or {}
    container = body.get("container") or {}
    message = body.get("message") or container
    team_id = _team_id(body)
    return Address(
        caller=_presser(body),
        place=Place(
            team_id,
            str(channel.get("id", "")),
            thread_ts=message.get("thread_ts"),
            is_direct=channel.get("name") == "directmessage",
        ),
        response_url=body.get("response_url"),
        is_read_by_all=not container.get("is_ephemeral", False),
        trigger_id=body.get("trigger_id"),
    )


def form_address(body: Body, meta: FormMeta, response_url: str | None) -> Address:
    return Address(
        caller=_presser(body),
        place=Place(_team_id(body), meta.channel_id, meta.thread_ts, meta.is_direct),
        response_url=response_url,
    )


def _presser(body: Body) -> Caller:
    user = body["user"]
    return Caller(_team_id(body), str(user["id"]), str(user.get("name") or user.get("username") or ""))


def _team_id(body: Body) -> str:
    """The workspace of the conversation; the presser's own may be another one, in a shared channel."""
    team = body.get("team") or {}
    return str(team.get("id") or body["user"].get("team_id", ""))


def press_key(body: Body) -> str:
    """What two quick presses of one button have in common, each of which is a delivery of its own."""
    action, container = body["actions"][0], body.get("container") or {}
    where = container.get("message_ts") or container.get("view_id")
    return json.dumps([_presser(body).user_id, where, action.get("action_id"), action.get("value")])


def delivery_key(body: Body) -> str | None:
    """What is the same when Slack, or somebody who recorded it, sends one request again."""
    event_id = body.get("event_id")
    return str(event_id or body.get("trigger_id") or "") or None
