"""The only place that constructs things: from settings to a running bot, and back down again in order.

Tests, the demo and `showcaller run` all start the bot here; they differ in their settings alone.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import aiohttp
import structlog
from aiohttp.web import Application
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.addresses import PublicReach
from bot.alerts.bouncer import Bouncer
from bot.alerts.deliver import Deliverer
from bot.alerts.intake import Intake
from bot.alerts.record import Record
from bot.alerts.webhooks import Webhooks
from bot.clock import SystemClock
from bot.health import is_reached, reads
from bot.metrics import Metrics
from bot.observer import Observer
from bot.providers import Building, ConfiguredProviders, build_providers, measure
from bot.pruner import Pruner
from bot.recovery import Recovery
from bot.render.closure import why_closed
from bot.replica import Replica
from bot.secrets import SecretBox, key_for, key_path
from bot.settings import DatabaseSettings, Settings
from bot.slack.answers import Answers
from bot.slack.app import SlackApp
from bot.slack.client import CALL_SECONDS, REACH_SECONDS, SlackClient
from bot.slack.drafts import Drafts
from bot.slack.errors import NotGranted, SlackError, TokenDead
from bot.slack.files import SlackFiles
from bot.slack.forms import Forms
from bot.slack.gate import Gate, Limit
from bot.slack.groups import Groups
from bot.slack.home import HomeTabs, channel_url
from bot.slack.inbound import Inbound
from bot.slack.lines import Lines
from bot.slack.membership import SlackMembership
from bot.slack.people import People
from bot.slack.presence import Presence
from bot.slack.presses import Presses
from bot.slack.roles import SlackRoles
from bot.slack.sdk import slack_session, web_client
from bot.slack.shortcuts import Shortcuts
from bot.slack.socket import Pace, SocketMode
from bot.slack.suggestions import Suggestions
from bot.store.attempts import StoredAttempts
from bot.store.audit import StoredAudit
from bot.store.backlog import Backlogs
from bot.store.cards import Cards
from bot.store.closures import Closures
from bot.store.dashboard import StoredDashboard
from bot.store.drafts import StoredDrafts
from bot.store.engine import Store
from bot.store.forgetting import StoredForgetting
from bot.store.grants import StoredGrants
from bot.store.identity import Identities, Identity
from bot.store.inbox import Inbox
from bot.store.keep_outs import StoredKeepOuts
from bot.store.notes import Notes
from bot.store.pending import StoredPendingActions
from bot.store.replicas import Replicas
from bot.store.retention import Retention
from bot.store.rooms import StoredRooms
from bot.store.settings import StoredSettings
from bot.store.subscriptions import StoredSubscriptions
from bot.tasks import Tasks, keep_running
from bot.web import Doors, Server, SlackDoor, build_admin, build_public, serve
from commands.core.context import Ports
from commands.core.dispatch import Dispatcher
from commands.core.ports import Clock
from commands.core.registry import all_commands
from commands.home import Home

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 20.0
"""How long a stop waits for what was accepted."""

FLUSH_SECONDS = 9.0
"""How long a stop waits for cards: those that Slack has not seen by then are delivered at the next start.

Longer than a call of Slack takes (`CALL_SECONDS`), as a post that is cut off would be posted again."""

CONNECT_SECONDS = 5.0
"""How long a start waits for Socket Mode. The doors are open by then, and connecting goes on after it."""


class CannotStart(Exception):
    """The bot cannot start. The message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class _Outside:
    """What has to be opened, asked or connected before anything can be built on it."""

    clock: Clock
    store: Store
    box: SecretBox
    providers: ConfiguredProviders
    web: AsyncWebClient
    slack: SlackClient
    identity: Identity
    metrics: Metrics


class _Parts:
    """Everything that is built on the outside, in the order in which one thing needs another."""

    def __init__(self, outside: _Outside, settings: Settings) -> None:
        store, clock, slack, team_id = outside.store, outside.clock, outside.slack, outside.identity.team_id
        cards, notes, subscriptions = Cards(store, clock), Notes(store), StoredSubscriptions(store, clock)
        replica_id = uuid4().hex
        self.tasks = Tasks()
        self.deliverer = Deliverer(cards, notes, Closures(store, clock), slack, outside.providers, clock)
        record = Record(cards, notes, subscriptions)
        self.intake = Intake(store, Inbox(store, clock, replica=replica_id), record, self._changed)
        keep_outs = StoredKeepOuts(store, clock, self._changed)
        self.bouncer = Bouncer(keep_outs, outside.providers, self.intake, clock, team_id=team_id)
        self.webhooks = Webhooks(outside.providers, self.intake, outside.metrics, team_id=team_id)
        membership = SlackMembership(slack, clock, bot_user_id=outside.identity.bot_user_id)
        access = settings.access
        people, groups, grants = People(slack, clock, team_id=team_id), Groups(slack, clock), StoredGrants(store, clock)
        roles = SlackRoles(people, groups, grants, admins=access.admins, default=access.default_role)
        stored_settings = StoredSettings(store, clock)
        self.pruner = Pruner(Retention(store, stored_settings, clock, team_id=team_id))
        ports = Ports(
            providers=outside.providers,
            rooms=StoredRooms(store, clock),
            facts=self.intake,
            keep_outs=keep_outs,
            subscriptions=subscriptions,
            settings=stored_settings,
            forgetting=StoredForgetting(store, outside.box),
            roles=roles,
            grants=grants,
            membership=membership,
            reach=PublicReach(access.reach),
            audit=StoredAudit(store),
            files=SlackFiles(slack),
            clock=clock,
            commands=all_commands(),
            slash=settings.commands.slash,
            join_url=settings.commands.join_url,
        )
        attempts = StoredAttempts(store, clock, outside.box, replica=replica_id)
        pending = StoredPendingActions(store, clock, outside.box, ports.commands)
        answers = Answers(slack, pending, clock)
        presence = Presence(ports.rooms, self.tasks, clock)
        drafts = Drafts(StoredDrafts(store, clock, outside.box, team_id=team_id))
        forms = Forms(slack, ports, presence, drafts)
        dispatcher = Dispatcher(ports, attempts, pending, most_at_once=settings.limits.commands_in_flight)
        inbound = Inbound(ports, dispatcher, attempts, answers, forms, outside.metrics)
        self.recovery = Recovery(attempts, answers, ports, self.tasks)
        self.replica = Replica(
            Replicas(store, clock, own=replica_id, team_id=team_id),
            changed=lambda: self.home_tabs.wake(),
            overdue=self.intake.wake,
            due=self.deliverer.wake,
            take_over=self._take_over,
        )
        presses = Presses(inbound, forms, pending)
        transport = "over Socket Mode" if settings.slack.app_token is not None else "over HTTP"
        url_of = partial(channel_url, outside.identity.url)
        home = Home(ports, StoredDashboard(store), f"reaches me {transport}", url_of, why_closed)
        self.home_tabs = HomeTabs(slack, home, presses, clock)
        self.app = SlackApp(
            client=outside.web,
            identity=outside.identity,
            inbound=inbound,
            lines=Lines(inbound, people, bot_user_id=outside.identity.bot_user_id),
            presses=presses,
            forms=forms,
            suggestions=Suggestions(forms, ports, presence, drafts, people, groups),
            shortcuts=Shortcuts(inbound, membership),
            home_tabs=self.home_tabs,
            membership=membership,
            groups=groups,
            gate=Gate(settings.limits, answers, self.tasks, outside.metrics, clock),
            reopened=self.deliverer.reopen,
            tasks=self.tasks,
            clock=clock,
            metrics=outside.metrics,
        )
        self.observer = Observer(Backlogs(store), outside.metrics, clock, outside.providers)
        outside.metrics.tasks_in_flight.set_function(lambda: self.tasks.in_flight)
        outside.metrics.tasks_waiting.set_function(lambda: self.tasks.waiting)

    async def _take_over(self) -> None:
        """What processes that are gone began: what people asked for, and whom to keep out."""
        self.bouncer.wake()
        await self.recovery.take_over()

    def _changed(self) -> None:
        """What we know of the video servers, or want of them, may be another."""
        self.deliverer.wake()
        self.bouncer.wake()
        self.home_tabs.wake()


class Bot:
    """A bot that runs. `port` is where its public door listens; `providers` are the ones it speaks to."""

    def __init__(
        self,
        outside: _Outside,
        parts: _Parts,
        servers: Sequence[Server],
        socket: SocketMode | None,
        working: Sequence[asyncio.Task[None]],
    ) -> None:
        self.providers = outside.providers
        self.port = servers[0].port
        self._outside = outside
        self._parts = parts
        self._servers = servers
        self._socket = socket
        self._working = working
        self._resources = AsyncExitStack()

    @classmethod
    async def start(
        cls,
        settings: Settings,
        *,
        clock: Clock | None = None,
        build: Building = build_providers,
        pace: Pace | None = None,
    ) -> Self:
        """Raises `CannotStart`, `StoreError` or `BadKey`, having cleaned up."""
        async with AsyncExitStack() as resources:
            outside = await _open(settings, clock or SystemClock(), build, resources)
            parts = _Parts(outside, settings)
            await parts.replica.enter()
            resources.push_async_callback(parts.replica.leave)
            working = [
                _in_background(keep_running(parts.intake.run, name="intake"), resources),
                _in_background(keep_running(parts.deliverer.run, name="deliverer"), resources),
                _in_background(keep_running(parts.bouncer.run, name="bouncer"), resources),
                _in_background(keep_running(parts.home_tabs.run, name="home tabs"), resources),
                _in_background(keep_running(parts.observer.run, name="observer"), resources),
                _in_background(keep_running(parts.pruner.run, name="pruner"), resources),
            ]
            if outside.store.is_shared:
                working.append(_in_background(keep_running(parts.replica.run, name="replica"), resources))
            socket = await _socket_mode(parts.app, settings, outside.metrics, pace, resources)
            servers = await _listen(outside, parts, socket, settings, resources)
            if socket is not None:
                await socket.connect(CONNECT_SECONDS)
            await parts.recovery.take_over()
            bot = cls(outside, parts, servers, socket, working)
            bot._resources = resources.pop_all()
        log.info("ready", port=bot.port, team=outside.identity.team_name, providers=bot.providers.names)
        return bot

    async def stop(self, *, drain_seconds: float = DRAIN_SECONDS) -> None:
        """Take nothing more, finish what was accepted within `drain_seconds`, record the rest as unknown, end."""
        log.info("stopping")
        async with self._resources:
            doors: list[Server | SocketMode] = [*self._servers, *([self._socket] if self._socket else [])]
            await asyncio.gather(*(_close(door) for door in doors))
            if unfinished := await self._parts.tasks.drain(drain_seconds):
                log.warning("work was cut short", tasks=unfinished)
            await self._parts.intake.fold_waiting()
            parts = self._parts
            running = (parts.intake, parts.bouncer, parts.home_tabs, parts.deliverer, parts.observer, parts.replica)
            for part in (*running, parts.pruner):
                part.stop()
            await asyncio.wait(self._working, timeout=FLUSH_SECONDS)
        log.info("stopped")


async def _open(settings: Settings, clock: Clock, build: Building, resources: AsyncExitStack) -> _Outside:
    store, box = await _open_store(settings.database, resources)
    providers = ConfiguredProviders(build(settings.providers))
    metrics = Metrics()
    store.failed = metrics.store_failed
    for provider in providers:
        resources.push_async_callback(provider.aclose)
        measure(provider, metrics)
    session = slack_session(aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=REACH_SECONDS))
    resources.push_async_callback(session.close)
    web = web_client(settings.slack.api_url, session, token=settings.slack.bot_token.get_secret_value())
    slack = SlackClient(web, session, metrics, monotonic=clock.monotonic)
    identity = await _identify(slack, Identities(store, clock))
    return _Outside(clock, store, box, providers, web, slack, identity, metrics)


async def _open_store(database: DatabaseSettings, resources: AsyncExitStack) -> tuple[Store, SecretBox]:
    was_there = database.file is not None and database.file.exists()
    store = await Store.open(database.url.get_secret_value())
    resources.push_async_callback(store.close)
    return store, SecretBox(*_keys(database, store.file, was_there=was_there))


def _keys(database: DatabaseSettings, file: Path | None, *, was_there: bool) -> Sequence[SecretStr]:
    """Those that are configured, else the one beside the file."""
    if database.secret_keys or file is None:
        return database.secret_keys
    if was_there and not key_path(file).exists():
        log.warning("the key of the database is gone; a new one opens nothing that was sealed", database=str(file))
    return [key_for(file)]


async def _identify(slack: SlackClient, identities: Identities) -> Identity:
    """Ask Slack who we are; while it is down, what it said last time will do."""
    try:
        answer = await slack.identify()
    except (TokenDead, NotGranted) as error:
        raise CannotStart(
            f"Slack refuses SLACK_BOT_TOKEN with `{error.code}`. Copy it again from the app's page."
        ) from None
    except SlackError as error:
        kept = await identities.load()
        if kept is None:
            raise CannotStart(f"Slack cannot be reached ({error.code}). Check the network and SLACK_API_URL.") from None
        log.warning("Slack cannot be reached; starting with what it said last", error=str(error))
        return kept
    identity = Identity(
        team_id=answer["team_id"],
        team_name=answer["team"],
        url=answer["url"],
        bot_user_id=answer["user_id"],
        bot_id=answer["bot_id"],
    )
    await identities.keep(identity)
    return identity


async def _socket_mode(
    app: SlackApp, settings: Settings, metrics: Metrics, pace: Pace | None, resources: AsyncExitStack
) -> SocketMode | None:
    """Not connected yet. None where Slack comes to us over HTTP."""
    token = settings.slack.app_token
    if token is None:
        return None
    socket = SocketMode(app.bolt, token, metrics, pace)
    resources.push_async_callback(_close, socket)
    try:
        await socket.open()
    except (TokenDead, NotGranted) as error:
        raise CannotStart(
            f"Slack refuses SLACK_APP_TOKEN with `{error.code}`. Make an app-level token with the scope "
            "connections:write, and switch on Socket Mode."
        ) from None
    return socket


async def _listen(
    outside: _Outside, parts: _Parts, socket: SocketMode | None, settings: Settings, resources: AsyncExitStack
) -> list[Server]:
    secret, web = settings.slack.signing_secret, settings.web
    doors = Doors(
        clock=outside.clock,
        webhook=parts.webhooks.take,
        metrics=outside.metrics.render,
        slack=SlackDoor(secret, parts.app.handle) if secret is not None and socket is None else None,
        checks={
            "database": partial(reads, outside.store),
            "slack": partial(is_reached, outside.slack, socket.health if socket else None),
        },
        body_bytes=settings.limits.body_bytes,
        too_large=outside.metrics.limit_refusals.labels(Limit.BODY).inc,
    )
    servers = [await _serve(build_public(doors, with_admin=web.admin_port is None), web.host, web.port, "PORT")]
    resources.push_async_callback(_close, servers[0])
    if web.admin_port is not None:
        servers.append(await _serve(build_admin(doors), web.host, web.admin_port, "ADMIN_PORT"))
        resources.push_async_callback(_close, servers[1])
    return servers


async def _serve(app: Application, host: str, port: int, variable: str) -> Server:
    try:
        return await serve(app, host, port)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).rpartition(": ")[2]  # asyncio puts words of its own in front
        raise CannotStart(
            f"The bot cannot listen on {host}:{port}: {reason}. Look at HOST and {variable}, or stop what is there."
        ) from None


async def _close(door: Server | SocketMode) -> None:
    """A door that does not close well keeps nobody from finishing what is inside."""
    try:
        await door.close()
    except Exception:
        log.exception("a door did not close", door=type(door).__name__)


def _in_background(work: Coroutine[Any, Any, None], resources: AsyncExitStack) -> asyncio.Task[None]:
    """Runs until the bot stops. What ends of itself before that is not cut off in the middle of a read."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.wait({task})

    resources.push_async_callback(end)
    return task
