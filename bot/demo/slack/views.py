"""The methods `views.*`: modals and the Home tab."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.demo.slack.errors import Refused
from bot.demo.slack.request import Answer, Method, Request
from bot.demo.slack.things import View
from bot.demo.slack.workspace import APP_ID, BOT_ID, TEAM_ID

State = Sequence[tuple[str, str, Mapping[str, Any]]]


def view_payload(view: View, state: State = ()) -> Answer:
    """A view as Slack shows it to a bot. `state`: (block_id, action_id, value) of each element that holds one."""
    values: dict[str, dict[str, Any]] = {}
    for block_id, action_id, value in state:
        values.setdefault(block_id, {})[action_id] = value
    return {
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        **view.source,
        "id": view.id,
        "hash": view.hash,
        "team_id": TEAM_ID,
        "app_id": APP_ID,
        "bot_id": BOT_ID,
        "root_view_id": view.root_id,
        "previous_view_id": view.previous_id,
        "state": {"values": values},
    }


def _open(request: Request) -> Answer:
    trigger = request.workspace.permits.use_trigger(request.text("trigger_id"))
    return {"view": view_payload(request.workspace.modals.open(trigger.user, request.structure("view")))}


def _push(request: Request) -> Answer:
    trigger = request.workspace.permits.use_trigger(request.text("trigger_id"))
    if trigger.view_id is None:
        raise Refused("invalid_trigger_id")
    return {"view": view_payload(request.workspace.modals.push(trigger.user, request.structure("view")))}


def _update(request: Request) -> Answer:
    modals = request.workspace.modals
    view = modals.find(request.text("view_id")) or modals.find_external(request.text("external_id"))
    if view is None:
        raise Refused("not_found")
    known_hash = request.arguments.get("hash")
    return {"view": view_payload(modals.update(view, request.structure("view"), known_hash=known_hash))}


def _publish(request: Request) -> Answer:
    if not request.app.has_home:
        raise Refused("not_enabled")
    user = request.workspace.user(request.text("user_id"))
    if user is None or user.is_bot or user.deleted:
        raise Refused("invalid_arguments")
    view = request.workspace.modals.publish(user.id, request.structure("view"), request.arguments.get("hash"))
    return {"view": view_payload(view)}


METHODS: Mapping[str, Method] = {
    "views.open": Method(_open),
    "views.push": Method(_push),
    "views.update": Method(_update),
    "views.publish": Method(_publish),
}
