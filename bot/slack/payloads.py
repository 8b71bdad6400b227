"""Slack's payloads, read once: who, where, and how to tell a repeat. Shapes by https://docs.slack.dev/interactivity."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import structlog
from pydantic import SecretStr, ValidationError

from bot.slack.answers import Address
from bot.slack.metadata import FormMeta, HomeMeta
from commands.core.attempts import Press
from commands.core.dispatch import Door
from commands.core.ports import Caller, Place

log = structlog.get_logger(__name__)

Body = Mapping[str, Any]

_LATEST = 1e11
"""Seconds; what is beyond is no time that Python has."""


def read_address(read: Callable[[Body], Address], body: Body) -> Address | None:
    """None where the payload lacks what it must have: nobody can be answered then, so the log alone is told."""
    try:
        return read(body)
    except (KeyError, TypeError, AttributeError) as error:
        log.warning("a payload without its sender or place was dropped", lacking=str(error))
        return None


def slash_address(body: Body) -> Address:
    team_id, channel_id = str(body["team_id"]), str(body["channel_id"])
    return Address(
        caller=Caller(team_id, str(body["user_id"]), str(body.get("user_name", ""))),
        place=Place(team_id, channel_id, is_direct=body.get("channel_name") == "directmessage"),
        response_url=_response_url(body),
        trigger_id=body.get("trigger_id"),
    )


def mention_address(body: Body) -> Address:
    """Somebody wrote to the bot where others read it. An answer goes into the thread, which begins with what they wrote
    where they were in none."""
    event = body["event"]
    return replace(_message_address(body), under=str(event.get("thread_ts") or event["ts"]))


def direct_address(body: Body) -> Address:
    """Somebody wrote to the bot where nobody else reads it, or opened its Home: both events name that conversation."""
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
    if is_home(body):
        return _home_address(body)
    channel = body.get("channel") or {}
    container = body.get("container") or {}
    message = body.get("message") or container
    team_id = team_id_of(body)
    return Address(
        caller=_presser(body),
        place=Place(
            team_id,
            str(channel.get("id", "")),
            thread_ts=message.get("thread_ts"),
            is_direct=channel.get("name") == "directmessage",
        ),
        response_url=_response_url(body),
        is_read_by_all=not container.get("is_ephemeral", False),
        trigger_id=body.get("trigger_id"),
    )


def is_home(body: Body) -> bool:
    """Whether something in the Home tab was pressed."""
    return (body.get("view") or {}).get("type") == "home"


def _home_address(body: Body) -> Address:
    """A press there has neither channel nor response_url; it is answered in the conversation with the bot."""
    try:
        channel_id = HomeMeta.model_validate_json(str(body["view"].get("private_metadata", ""))).channel_id
    except ValidationError:
        channel_id = ""  # a Home of another version: the answer finds its way by the person
    return Address(
        caller=_presser(body),
        place=Place(team_id_of(body), channel_id, is_direct=bool(channel_id)),
        trigger_id=body.get("trigger_id"),
        door=Door.HOME,
    )


def shortcut_address(body: Body) -> Address:
    """A global one is chosen nowhere in particular: a form asks where its answer shall go."""
    return Address(
        caller=_presser(body),
        place=Place(team_id_of(body), ""),
        trigger_id=body.get("trigger_id"),
        door=Door.SHORTCUT,
    )


def message_shortcut_address(body: Body) -> Address:
    """What comes of it stands in the thread that the message is in, or begins."""
    message, channel = body["message"], body["channel"]
    place = Place(
        team_id_of(body),
        str(channel["id"]),
        thread_ts=str(message.get("thread_ts") or message["ts"]),
        is_direct=channel.get("name") == "directmessage",
    )
    return replace(shortcut_address(body), place=place, response_url=_response_url(body))


def form_address(body: Body, meta: FormMeta, response_url: SecretStr | None, chosen: str | None = None) -> Address:
    """`chosen` is the conversation that the form asked for. Slack sends a response_url for it along."""
    if chosen is not None:
        offered = {each.get("channel_id"): _response_url(each) for each in body.get("response_urls") or ()}
        response_url = offered.get(chosen)
    return Address(
        caller=_presser(body),
        place=Place(team_id_of(body), chosen or meta.channel_id, meta.thread_ts, meta.is_direct),
        response_url=response_url if meta.under is None else None,
        under=meta.under,
        turns=meta.turns,
        is_read_by_all=meta.turns,
        door=meta.door,
    )


def _response_url(body: Body) -> SecretStr | None:
    """Whoever has it can answer in the bot's name."""
    url = body.get("response_url")
    return SecretStr(url) if isinstance(url, str) and url else None


def _presser(body: Body) -> Caller:
    user = body["user"]
    return Caller(team_id_of(body), str(user["id"]), str(user.get("name") or user.get("username") or ""))


def team_id_of(body: Body) -> str:
    """The workspace of the conversation; the presser's own may be another one, in a shared channel."""
    team = body.get("team") or {}
    return str(team.get("id") or body["user"].get("team_id", ""))


def press_key(body: Body) -> str | None:
    """What two quick presses of one button have in common, each of which is a delivery of its own.

    None for a choice in a form, where each says something else. A form that was drawn again has other buttons.
    """
    action, container = body["actions"][0], body.get("container") or {}
    if not _is_button(action):
        return None
    where = container.get("message_ts") or (body.get("view") or {}).get("hash") or container.get("view_id")
    return json.dumps([_presser(body).user_id, where, action.get("action_id"), action.get("value")])


def press_of(body: Body) -> Press | None:
    """For the attempt that comes of a press; None for what is no press, or does not say when it was."""
    if not body.get("actions") or (key := press_key(body)) is None:
        return None
    if (at := acted_at(body)) is None:
        return None
    return Press(sha256(key.encode()).hexdigest(), datetime.fromtimestamp(at, UTC))


def acted_at(body: Body) -> float | None:
    """When something was pressed or chosen, by Slack's clock, in seconds since the epoch; None where it is not said."""
    try:
        at = float(body["actions"][0]["action_ts"])
    except (KeyError, TypeError, ValueError):
        return None
    return at if 0 < at < _LATEST else None


def is_choice(body: Body) -> bool:
    """Something was chosen in an input of an open form, which was not sent."""
    return "view" in body and not _is_button(body["actions"][0])


def _is_button(action: Body) -> bool:
    return str(action.get("type", "button")) == "button"


def delivery_key(body: Body) -> str:
    """What is the same when Slack, or somebody who recorded it, sends one request again.

    Not every payload has an id. Without one it is the whole of it, as what people do twice differs in its
    `response_url` or its time. A form is taken once, however often it is sent: it closes then.
    """
    if body.get("type") == "view_submission":
        return f"view:{body['view']['id']}"
    if known := body.get("event_id") or body.get("trigger_id"):
        return str(known)
    return sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
