"""The few Bolt listeners: one catch-all for each type of payload. Each acknowledges, hands over, and returns.

With `process_before_response` Bolt answers as soon as the listener returns, instead of looking every ten milliseconds
whether it has acknowledged. That is right here because listeners await nothing but the acknowledgement, and the choices
of a form, which are one.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.logs import reference
from bot.metrics import Metrics
from bot.slack.forms import Forms, Redrawn, Refused, SentBefore
from bot.slack.gate import Gate
from bot.slack.groups import Groups
from bot.slack.home import HomeTabs
from bot.slack.inbound import Inbound
from bot.slack.lines import Lines
from bot.slack.membership import SlackMembership
from bot.slack.payloads import Body, delivery_key, is_from_a_person, is_home, press_key
from bot.slack.people import People
from bot.slack.presses import Presses
from bot.slack.sdk import web_client
from bot.slack.shortcuts import Shortcuts
from bot.slack.suggestions import Suggestions
from bot.store.channels import StoredChannels
from bot.store.identity import Identity
from bot.tasks import Tasks, TasksClosed
from commands.core.attempts import DOUBLE_CLICK
from commands.core.ports import Clock

log = structlog.get_logger(__name__)

ANY = re.compile("")
REMEMBERED_SECONDS = 660.0
"""Slack's last retry comes after five minutes, and a signed request can be replayed as long."""

MOVED = frozenset(
    [
        "member_joined_channel",
        "member_left_channel",
        "channel_left",
        "group_left",
        "channel_archive",
        "group_archive",
        "channel_unarchive",
        "group_unarchive",
        "channel_shared",
        "channel_unshared",
    ]
)
"""Events after which the bot may be in a channel, or able to write there, or not, or others may look there."""

DELETED = frozenset(["channel_deleted", "group_deleted"])

REGROUPED = frozenset(["subteam_members_changed", "subteam_updated"])
"""Events after which other people may be in a user group, or it is switched off or called otherwise."""

_OTHERS = {"channel_id_changed", "app_home_opened", "app_mention", "message.im", "user_change"}
EVENTS = MOVED | DELETED | REGROUPED | _OTHERS
"""All that the bot reacts to, as the manifest names them."""


class Seen:
    """What was taken within the last `seconds`, by whatever it is known by.

    That is of this process alone: it spares the work of finding out in the database what another one has taken.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._keys: OrderedDict[str, float] = OrderedDict()

    def is_repeat(self, key: str | None) -> bool:
        """Whether it came before; what has no key never did."""
        if key is None:
            return False
        now = self._clock.monotonic()
        while self._keys and next(iter(self._keys.values())) <= now:
            self._keys.popitem(last=False)
        if key in self._keys:
            return True
        self._keys[key] = now + self._seconds
        return False


class _MeasuredApp(AsyncApp):
    """A Bolt app that tells how long each acknowledgement took.

    Payloads that came over HTTP say so in their context; those of a socket come straight from their connection.
    """

    def __init__(self, metrics: Metrics, **options: Any) -> None:
        super().__init__(**options)
        self._ack_seconds = {transport: metrics.ack_seconds.labels(transport) for transport in ("http", "socket")}

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        began = time.perf_counter()
        try:
            return await super().async_dispatch(req)
        finally:
            self._ack_seconds[req.context.get("transport", "socket")].observe(time.perf_counter() - began)


class SlackApp:
    """One Bolt app for both transports. `client` reaches Slack with the bot token and a shared session.

    `reopened` takes a channel where the bot can post again.
    """

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        identity: Identity,
        inbound: Inbound,
        lines: Lines,
        presses: Presses,
        forms: Forms,
        suggestions: Suggestions,
        shortcuts: Shortcuts,
        home_tabs: HomeTabs,
        membership: SlackMembership,
        groups: Groups,
        people: People,
        channels: StoredChannels,
        gate: Gate,
        reopened: Callable[[str], Coroutine[Any, Any, None]],
        tasks: Tasks,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._inbound = inbound
        self._lines = lines
        self._presses = presses
        self._forms = forms
        self._suggestions = suggestions
        self._shortcuts = shortcuts
        self._home_tabs = home_tabs
        self._membership = membership
        self._groups = groups
        self._people = people
        self._channels = channels
        self._gate = gate
        self._reopened = reopened
        self._tasks = tasks
        self._seen = Seen(clock, REMEMBERED_SECONDS)
        self._just_pressed = Seen(clock, DOUBLE_CLICK.total_seconds())
        self.bolt = _MeasuredApp(
            metrics,
            name="showcaller",
            client=web_client(client.base_url, client.session),  # Bolt warns of a token that `authorize` overrules
            process_before_response=True,
            authorize=_known(identity, str(client.token)),
            request_verification_enabled=False,  # bot/web.py has verified before Bolt sees anything
            attaching_function_token_enabled=False,  # the bot has no steps of workflows
        )
        self._listen()

    def _listen(self) -> None:
        app = self.bolt
        app.command(ANY)(self._slash)
        app.action(ANY)(self._pressed)
        app.view_submission(ANY)(self._submitted)
        app.view_closed(ANY)(self._acknowledged)
        app.shortcut(ANY)(self._chosen)
        app.options(ANY)(self._suggested)
        app.event(ANY)(self._happened)
        app.error(self._failed)

    async def handle(self, body: dict[str, Any]) -> web.StreamResponse:
        """A payload that came over HTTP, verified and parsed.

        Bolt takes it the way it takes one from a socket. From HTTP it would parse the text again, and lose every
        form in which the word `payload` stands anywhere (slack_bolt 1.30, `request/internals.py`).
        """
        try:
            request = AsyncBoltRequest(body=body, mode="socket_mode", context={"transport": "http"})
            answer = await self.bolt.async_dispatch(request)
        except Exception as error:  # Bolt looks into payloads before it can ask `_failed`, and in asking it
            answer = _not_understood(error)
        return web.Response(
            status=answer.status,
            body=answer.body.encode(),  # of a text aiohttp makes a payload object first
            headers={name: value for name, values in answer.headers.items() for value in values},
        )

    # Listeners. Bolt gives them their arguments by name.

    async def _slash(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        self._take(body, self._lines.slash(body), "slash")

    async def _pressed(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        key = press_key(body)  # before there is work that would never be done, as the payload may not have one
        pressed = self._home_tabs.pressed if is_home(body) else self._presses.pressed
        self._take(body, pressed(body), "press", press=key)

    async def _chosen(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        self._take(body, self._shortcuts.chosen(body), "shortcut")

    async def _submitted(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The verdict is the acknowledgement: errors stand under their fields, else the form closes."""
        if too_much := self._gate.takes_form(body):
            await ack(response_action="errors", errors=dict(too_much))
            return
        verdict = await self._forms.read(body)
        if isinstance(verdict, Refused):
            log.info("a form was refused", form=body["view"]["callback_id"], fields=sorted(verdict.errors))
            await ack(response_action="errors", errors=dict(verdict.errors))
            return
        if isinstance(verdict, Redrawn):
            log.info("a form was shown again", form=body["view"]["callback_id"])
            await ack(response_action="update", view=verdict.view)
            return
        await ack()
        if isinstance(verdict, SentBefore):
            log.info("a repeated delivery was dropped", door="form")
            return
        self._take(body, self._inbound.submitted(verdict, body), "form")

    async def _acknowledged(self, ack: AsyncAck) -> None:
        await ack()

    async def _suggested(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The choices are the acknowledgement."""
        await ack(options=await self._suggestions.options(body) if self._gate.takes_look(body, "choices") else [])

    async def _happened(self, ack: AsyncAck, body: dict[str, Any], event: dict[str, Any]) -> None:
        await ack()
        match event["type"]:
            case "app_mention" if is_from_a_person(event):
                self._take(body, self._lines.mentioned(body), "mention")
            case "message" if event.get("channel_type") == "im" and is_from_a_person(event):
                self._take(body, self._lines.told(body), "direct")
            case "app_home_opened" if event.get("tab") == "home" and self._gate.takes_look(body, "home"):
                self._take(body, self._home_tabs.opened(body), "home")
            case moved if moved in MOVED and isinstance(event.get("channel"), str):
                self._take(body, self._moved(event), "channel")
            case deleted if deleted in DELETED:
                self._take(body, self._deleted(str(event.get("channel"))), "channel")
            case "channel_id_changed":
                self._take(body, self._renamed(event), "channel")
            case regrouped if regrouped in REGROUPED:
                self._regrouped(event)
            case "user_change":
                self._people.forget(str((event.get("user") or {}).get("id") or ""))

    async def _moved(self, event: Body) -> None:
        """Who is in a channel, or whether it can be written in, has changed."""
        channel = str(event["channel"])
        self._membership.forget(channel)
        self._groups.forget(channel)
        if self._can_post_again(event):
            await self._reopened(channel)

    async def _deleted(self, channel: str) -> None:
        self._membership.forget(channel)
        await self._channels.forget(channel)

    async def _renamed(self, event: Body) -> None:
        """The channel is the same, under another id, by which it is written to from this moment on."""
        old, new = str(event.get("old_channel_id") or ""), str(event.get("new_channel_id") or "")
        if old and new:
            self._membership.forget(old)
            await self._channels.rename(old, new)
            await self._reopened(new)

    def _regrouped(self, event: Body) -> None:
        """One event names the group by its id, the other brings all of it."""
        subteam = event.get("subteam") or {}
        self._groups.forget(str(event.get("subteam_id") or subteam.get("id") or ""))

    def _can_post_again(self, event: Body) -> bool:
        """Somebody invited the bot, or took the channel out of the archive."""
        if event["type"] == "member_joined_channel":
            return event.get("user") == self._membership.bot_user_id
        return event["type"] in ("channel_unarchive", "group_unarchive")

    async def _failed(self, error: Exception) -> BoltResponse:
        return _not_understood(error)

    def _take(self, body: Body, work: Coroutine[Any, Any, None], door: str, *, press: str | None = None) -> None:
        """Start the work after the acknowledgement, unless it was started already. `press`: see `press_key`."""
        if self._seen.is_repeat(delivery_key(body)):
            log.info("a repeated delivery was dropped", door=door)
        elif self._just_pressed.is_repeat(press):
            log.info("a double click was taken for one press")
        elif self._gate.takes(body, door):
            self._start(work, door)
            return
        work.close()

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            self._tasks.start(work, name=name)
        except TasksClosed:
            log.warning("a payload came while the bot was stopping", door=name)


def _not_understood(error: Exception) -> BoltResponse:
    """For a payload of another shape than Slack documents. It is not acknowledged, so whoever waits sees a failure."""
    log.error("a payload was not understood", exc_info=error, reference=reference())
    return BoltResponse(status=400)


def _known(identity: Identity, bot_token: str) -> Any:
    """Authorization that asks nobody: we know who we are since the start."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity.team_id,
            bot_token=bot_token,
            bot_id=identity.bot_id,
            bot_user_id=identity.bot_user_id,
        )

    return authorize
