"""What a person does, the payload that Slack makes of it, and what Slack does with the bot's acknowledgement.

A gesture that nobody could make (a button that is not there, a view that is not on top) is an error of the caller
and raises.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from bot.demo.slack import typed
from bot.demo.slack.app import App
from bot.demo.slack.chat import message_payload
from bot.demo.slack.choosing import Choosing
from bot.demo.slack.deliver import Door, Kind
from bot.demo.slack.errors import Refused
from bot.demo.slack.forms import State, filled, refusals
from bot.demo.slack.responses import say
from bot.demo.slack.things import Ack, Button, Channel, ChannelKind, Message, User, View, elements
from bot.demo.slack.views import view_payload
from bot.demo.slack.workspace import APP_ID, OTHER_TEAM_ID, TEAM_DOMAIN, TEAM_ID, Workspace

_CHANNEL_NAMES: Final[Mapping[ChannelKind, str]] = {
    ChannelKind.DIRECT: "directmessage",
    ChannelKind.PRIVATE: "privategroup",
}


class People:
    """`address` makes the full URL of a response_url from its key."""

    def __init__(self, workspace: Workspace, app: App, door: Door, address: Callable[[str], str]) -> None:
        self._workspace = workspace
        self._app = app
        self._door = door
        self._address = address
        self._choosing = Choosing(workspace, door, self._gesture)

    # Commands

    async def command(self, user: User, channel: Channel, text: str) -> Ack:
        self._enter(user, channel)
        name, *rest = text.strip().split(maxsplit=1)
        if name not in self._app.commands:
            raise ValueError(f"{name} is not a command of the manifest, or the app lacks the scope `commands`")
        words = rest[0] if rest else ""
        ack = await self._door.send(Kind.COMMAND, self._command_payload(user, channel, name, words))
        if ack.problem is None:
            ack = self._shown(ack, user, channel, text.strip())
        return self._noted(ack, user, name)

    def _enter(self, user: User, channel: Channel) -> None:
        """Who writes in a public channel joins it."""
        if not self._workspace.may_look(user, channel):
            raise ValueError(f"{user.name} cannot write in {channel.name}")
        if channel.archived:
            raise ValueError(f"{channel.name} is archived")
        if user.id not in channel.members:
            self._workspace.invite(channel, user)

    def _command_payload(self, user: User, channel: Channel, name: str, words: str) -> Mapping[str, str]:
        permits = self._workspace.permits
        escape = self._app.commands[name]
        return {
            "token": "",
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel.id,
            "channel_name": _CHANNEL_NAMES.get(channel.kind, channel.name),
            "user_id": user.id,
            "user_name": user.name,
            "command": name,
            "text": typed.escaped(self._workspace, user, words) if escape else typed.plain(words),
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": self._address(permits.issue_response_url(user.id, channel.id)),
            "trigger_id": permits.issue_trigger(user.id),
        }

    def _shown(self, ack: Ack, user: User, channel: Channel, text: str) -> Ack:
        """The body of a command's acknowledgement is a message, to the person alone unless it says otherwise."""
        message = {"text": ack.body} if isinstance(ack.body, str) else ack.body
        if not ack.body:
            return ack
        if not isinstance(message, Mapping):
            return replace(ack, problem="invalid_command_response")
        if message.get("response_type") == "in_channel":
            self._workspace.post(channel, user, typed.plain(text))
            if set(message) == {"response_type"}:
                return ack
        try:
            say(self._workspace, message, channel=channel, user_id=user.id)
        except Refused as refused:
            return replace(ack, problem=f"invalid_command_response: {refused}")
        return ack

    # Messages

    async def write(self, user: User, channel: Channel, text: str, *, under: Message | None = None) -> Message:
        """Write a message, in the thread of `under` where one is given. The bot is told of it where Slack would:
        in a direct conversation always, elsewhere where it is mentioned and a member."""
        self._enter(user, channel)
        thread_ts = (under.thread_ts or under.ts) if under is not None else None
        message = self._workspace.post(channel, user, typed.written(self._workspace, user, text), thread_ts=thread_ts)
        said = {"user": user.id, "text": message.text, "ts": message.ts, "channel": channel.id, "team": TEAM_ID}
        if thread_ts is not None:
            said["thread_ts"] = thread_ts
        bot = self._workspace.bot.id
        if channel.kind is ChannelKind.DIRECT:
            self._noted(await self.event({"type": "message", "channel_type": "im", **said}), user, text)
        elif f"<@{bot}>" in message.text and bot in channel.members:
            self._noted(await self.event({"type": "app_mention", **said}), user, text)
        return message

    # Shortcuts

    async def shortcut(self, user: User, name: str) -> Ack:
        """Choose it from Slack's own menu, wherever one is."""
        payload = {
            **self._gesture("shortcut", user, None),
            "callback_id": self._shortcut(name, on_message=False),
            "action_ts": self._workspace.stamp(),
        }
        return self._noted(await self._door.send(Kind.INTERACTIVE, payload), user, name)

    async def message_shortcut(self, user: User, message: Message, name: str) -> Ack:
        """Choose it from the menu of a message that others see too."""
        present, channel = self._present_message(user, message)
        if present.ephemeral_to is not None:
            raise ValueError("a message that one person sees has no shortcuts")
        key = self._workspace.permits.issue_response_url(user.id, channel.id)
        payload = {
            **self._gesture("message_action", user, None),
            "callback_id": self._shortcut(name, on_message=True),
            "action_ts": self._workspace.stamp(),
            "message_ts": present.ts,
            "channel": {"id": channel.id, "name": _CHANNEL_NAMES.get(channel.kind, channel.name)},
            "message": message_payload(self._workspace, present),
            "response_url": self._address(key),
        }
        return self._noted(await self._door.send(Kind.INTERACTIVE, payload), user, name)

    def _shortcut(self, name: str, *, on_message: bool) -> str:
        """Its callback id."""
        self._interactive()
        found = self._app.shortcuts.get(name)
        if found is None or found.on_message != on_message:
            raise ValueError(f"{name!r} is no such shortcut of the manifest, or the app lacks the scope `commands`")
        return found.callback_id

    # Buttons

    async def press(self, user: User, place: Message | View, button: str) -> Ack:
        """`button` is its label or its action_id, and must be there at this moment."""
        self._interactive()
        if isinstance(place, View):
            view = self._present_view(user, place)
            found, part = _find(view, button)
            where = self._in_view(view)
        else:
            message, channel = self._present_message(user, place)
            found, part = _find(message, button)
            where = self._in_message(user, message, channel)
        now = self._workspace.stamp()
        action = {**part, "block_id": found.block_id, "action_ts": now}
        view_id = place.id if isinstance(place, View) else None
        payload = {**self._gesture("block_actions", user, view_id), **where, "actions": [action]}
        ack = await self._door.send(Kind.INTERACTIVE, payload)
        if ack.problem is None and ack.body:
            ack = replace(ack, problem="unexpected_body")
        return self._noted(ack, user, found.label)

    def _present_message(self, user: User, message: Message) -> tuple[Message, Channel]:
        channel = self._workspace.channel(message.channel)
        assert channel is not None
        visible = self._workspace.seen_by(user, channel)
        present = next((each for each in visible if each.ts == message.ts), None)
        if present is None:
            raise LookupError(f"{user.name} does not see that message in {channel.name}: {message.words!r}")
        return present, channel

    def _in_message(self, user: User, message: Message, channel: Channel) -> Mapping[str, Any]:
        """An ephemeral message is not sent along; only its container is."""
        container = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.ephemeral_to is not None,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        key = self._workspace.permits.issue_response_url(
            user.id, channel.id, original=message.ts, thread_ts=message.thread_ts
        )
        where = {
            "container": container,
            "channel": {"id": channel.id, "name": _CHANNEL_NAMES.get(channel.kind, channel.name)},
            "response_url": self._address(key),
            "state": {"values": {}},
        }
        if message.ephemeral_to is None:
            where["message"] = message_payload(self._workspace, message)
        return where

    def _in_view(self, view: View) -> Mapping[str, Any]:
        payload = view_payload(view, filled(view, {}))
        return {"container": {"type": "view", "view_id": view.id}, "view": payload, "state": payload["state"]}

    # Forms

    async def submit(self, user: User, view: View, values: Mapping[str, object]) -> Ack:
        """Fill in and send. What Slack's client refuses itself is never sent: `problem` is `incomplete`."""
        self._interactive()
        view = self._present_view(user, view)
        if "submit" not in view.source:
            raise ValueError(f"the view {view.title!r} cannot be submitted")
        view, values = await self._choosing.looked_up(user, view, values)
        state = filled(view, values)
        entered = {(block_id, action_id): value for block_id, action_id, value in state}
        view = self._workspace.modals.put(replace(view, typed=entered, errors=refusals(view, state)))
        if view.errors:
            return Ack(0, None, 0.0, "incomplete")
        payload = {
            **self._gesture("view_submission", user, view.id),
            "view": view_payload(view, state),
            "response_urls": self._response_urls(user, view, state),
        }
        ack = await self._door.send(Kind.INTERACTIVE, payload)
        if ack.problem is None:
            ack = replace(ack, problem=self._followed(user, view, ack.body))
        return self._noted(ack, user, view.title)

    def _response_urls(self, user: User, view: View, state: State) -> list[Mapping[str, str]]:
        """One for each conversation that was chosen where the form asks for it."""
        wanted = [block_id for block_id, part in elements(view.blocks) if part.get("response_url_enabled")]
        chosen = [(b, a, value.get("selected_conversation")) for b, a, value in state if b in wanted]
        issue = self._workspace.permits.issue_response_url
        return [
            {"block_id": b, "action_id": a, "channel_id": c, "response_url": self._address(issue(user.id, c))}
            for b, a, c in chosen
            if c
        ]

    async def suggest(self, user: User, view: View, block_id: str, query: str) -> list[Mapping[str, Any]]:
        """Type into a select that asks the bot for its options; returns them."""
        self._interactive()
        view, ack = await self._choosing.suggest(user, self._present_view(user, view), block_id, query)
        self._noted(ack, user, view.title)
        return [option for (block, _), options in view.offered.items() if block == block_id for option in options]

    async def choose(self, user: User, view: View, block_id: str, value: object) -> Ack:
        """Choose in an input that tells the bot at once."""
        self._interactive()
        ack = await self._choosing.choose(user, self._present_view(user, view), block_id, value)
        return self._noted(ack, user, view.title)

    def _followed(self, user: User, view: View, body: object) -> str | None:
        """Do what the acknowledgement of a submission says; returns what is wrong with it."""
        modals = self._workspace.modals
        if not body:
            modals.close(view)
            return None
        action = body.get("response_action") if isinstance(body, Mapping) else None
        if not isinstance(body, Mapping) or action not in ("errors", "update", "push", "clear"):
            return "unexpected_body"
        try:
            match action:
                case "errors":
                    return self._marked(view, body.get("errors"))
                case "update":
                    modals.update(modals.find(view.id) or view, body.get("view"))
                case "push":
                    modals.push(user.id, body.get("view"))
                case "clear":
                    modals.clear(user.id)
        except Refused as refused:
            return str(refused)
        return None

    def _marked(self, view: View, errors: object) -> str | None:
        """Slack ignores an error for what is no input block, so that nobody would see it: that is a problem here."""
        if not isinstance(errors, Mapping) or not errors:
            return "errors_missing"
        known = {block_id: str(error) for block_id, error in errors.items() if block_id in view.fields}
        self._workspace.modals.put(replace(self._workspace.modals.find(view.id) or view, errors=known))
        unknown = sorted(set(errors) - set(known))
        return f"errors_for_unknown_blocks: {unknown}" if unknown else None

    async def close(self, user: User, view: View, *, everything: bool = False) -> Ack:
        """Cancel this view; `everything`: the cross in the corner, which closes the whole stack."""
        view = self._present_view(user, view)
        modals = self._workspace.modals
        closed = (modals.find(view.root_id) or view) if everything else view
        if everything or view.source.get("clear_on_close"):
            modals.clear(user.id)
        else:
            modals.close(view)
        if not closed.source.get("notify_on_close"):
            return Ack(200, None, 0.0)
        payload = {
            **self._gesture("view_closed", user, None),
            "view": view_payload(closed),
            "is_cleared": everything,
        }
        return await self._door.send(Kind.INTERACTIVE, payload)

    def _present_view(self, user: User, view: View) -> View:
        for present in (self._workspace.modals.top(user.id), self._workspace.modals.home(user.id)):
            if present is not None and present.id == view.id:
                return present
        raise LookupError(f"{user.name} does not have the view {view.title!r} before them")

    # Events

    async def event(self, event: Mapping[str, Any]) -> Ack:
        """Deliver an event that the manifest subscribes to, named like `message.im` for a message in a DM."""
        name = ".".join(filter(None, [str(event["type"]), event.get("channel_type")]))
        if name not in self._app.events:
            raise ValueError(f"the manifest does not subscribe to {name}")
        bot = {"team_id": TEAM_ID, "user_id": self._workspace.bot.id, "is_bot": True, "enterprise_id": None}
        payload = {
            "token": "",
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "type": "event_callback",
            "event_id": f"Ev{uuid4().hex[:10].upper()}",
            "event_time": int(float(self._workspace.stamp())),
            "event": {"event_ts": self._workspace.stamp(), **event},
            "authorizations": [{**bot, "is_enterprise_install": False}],
        }
        return await self._door.send(Kind.EVENT, payload)

    # What all have in common

    def _interactive(self) -> None:
        if not self._app.interactive:
            raise ValueError("the manifest does not enable interactivity")

    def _gesture(self, kind: str, user: User, view_id: str | None) -> Mapping[str, Any]:
        team_id = OTHER_TEAM_ID if user.is_outsider else TEAM_ID
        return {
            "type": kind,
            "token": "",
            "api_app_id": APP_ID,
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": team_id},
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self._workspace.permits.issue_trigger(user.id, view_id),
        }

    def _noted(self, ack: Ack, user: User, what: str) -> Ack:
        if ack.problem is not None:
            self._workspace.notify(user, what, ack.problem)
        return ack


def _find(place: Message | View, name: str) -> tuple[Button, Mapping[str, Any]]:
    """A button by its label, else by its action_id, with its element."""
    found = [each for each in place.buttons if each.label == name]
    found = found or [each for each in place.buttons if each.action_id == name]
    if len(found) != 1:
        raise LookupError(f"{len(found)} buttons {name!r}; there are {[each.label for each in place.buttons]}")
    button = found[0]
    parts = elements(place.blocks)
    return button, next(
        part for block_id, part in parts if (block_id, part["action_id"]) == (button.block_id, button.action_id)
    )
