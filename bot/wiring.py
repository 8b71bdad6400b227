"""The only place that constructs things, on what `bot/outside.py` opens: from settings to a running bot, and back down
again in order.

Tests, the demo and `showcaller run` all start the bot here; they differ in their settings alone.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Self
from uuid import uuid4

import structlog

from bot.addresses import PublicReach
from bot.alerts.bouncer import Bouncer
from bot.alerts.deliver import Deliverer
from bot.alerts.duplicates import Duplicates
from bot.alerts.intake import Intake
from bot.alerts.pace import Tempo
from bot.alerts.reconcile import Reconciler
from bot.alerts.record import Record
from bot.alerts.timers import Timers
from bot.alerts.webhooks import Webhooks
from bot.clock import SystemClock
from bot.entrances import Entrance, close, listen, open_socket
from bot.health import is_reached, reads
from bot.inspection import Inspection
from bot.observer import Observer
from bot.outside import Outside, open_outside
from bot.providers import Building, build_providers
from bot.pruner import Pruner
from bot.recovery import Recovery
from bot.render.closure import why_closed
from bot.replica import Replica
from bot.settings import AccessSettings, AlertSettings, LimitSettings, Settings
from bot.slack.answers import Answers
from bot.slack.app import SlackApp
from bot.slack.direct import SlackDirect
from bot.slack.drafts import Drafts
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
from bot.slack.shortcuts import Shortcuts
from bot.slack.socket import Pace, SocketMode
from bot.slack.suggestions import Suggestions
from bot.store.attempts import StoredAttempts
from bot.store.audit import StoredAudit
from bot.store.backlog import Backlogs
from bot.store.channels import StoredChannels
from bot.store.dashboard import StoredDashboard
from bot.store.drafts import StoredDrafts
from bot.store.egress_requests import StoredEgressRequests
from bot.store.forgetting import StoredForgetting
from bot.store.grants import StoredGrants
from bot.store.inbox import Inbox
from bot.store.keep_outs import StoredKeepOuts
from bot.store.outbox import Outbox
from bot.store.pending import StoredPendingActions
from bot.store.replicas import Replicas
from bot.store.retention import Retention
from bot.store.rooms import StoredRooms
from bot.store.settings import StoredSettings
from bot.store.subscriptions import StoredSubscriptions
from bot.store.timers import StoredStops
from bot.tasks import Loop, Tasks, keep_running
from bot.web import Doors, Server, SlackDoor, build_admin, build_public
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

END_SECONDS = 1.0
"""How long what goes on in the background has to come to an end of its own where a start fails."""

CONNECT_SECONDS = 5.0
"""How long a start waits for Socket Mode. The doors are open by then, and connecting goes on after it."""


class _Callers:
    """Who may do what, and where people and channels are looked up."""

    def __init__(self, outside: Outside, access: AccessSettings) -> None:
        slack, clock, identity = outside.slack, outside.clock, outside.identity
        self.membership = SlackMembership(slack, clock, bot_user_id=identity.bot_user_id)
        self.people = People(slack, clock, team_id=identity.team_id)
        self.groups = Groups(slack, clock)
        self.grants = StoredGrants(outside.store, clock)
        self.roles = SlackRoles(
            self.people, self.groups, self.grants, admins=access.admins, default=access.default_role
        )


class _Alerts:
    """The road of an event: what is heard of the video servers, kept, told, and enforced.

    `changed` is called when what we know of them, or want of them, may be another.
    """

    def __init__(
        self, outside: Outside, settings: AlertSettings, changed: Callable[[], None], *, tempo: Tempo, replica: str
    ) -> None:
        store, clock, team_id = outside.store, outside.clock, outside.identity.team_id
        self.outbox = Outbox.on(store, clock, tempo, team_id=team_id)
        cards, notes = self.outbox.cards, self.outbox.notes
        self.deliverer = Deliverer(self.outbox, outside.slack, outside.providers, clock)
        self.subscriptions = StoredSubscriptions(store, clock, changed)
        record = Record(cards, notes, self.subscriptions, clock)
        self.intake = Intake(store, Inbox(store, clock, replica=replica), record, changed)
        self.keep_outs = StoredKeepOuts(store, clock, changed)
        self.bouncer = Bouncer(self.keep_outs, outside.providers, self.intake, clock, team_id=team_id)
        self.reconciler = Reconciler(
            outside.providers,
            store,
            self.intake,
            clock,
            outside.metrics,
            team_id=team_id,
            interval=settings.reconcile_interval,
        )
        self.stops = StoredStops(store, clock, self._planned, replica=replica)
        self.timers = Timers(self.stops, outside.providers, clock)
        self.webhooks = Webhooks(
            outside.providers, self.intake, outside.metrics, team_id=team_id, refused=self.reconciler.hurry
        )

    def _planned(self) -> None:
        """A stop was planned, or something came of one: facts tell so."""
        self.intake.wake()
        self.timers.wake()


class _Conversations:
    """The road of a command: what somebody asks for is read, done and answered."""

    def __init__(
        self,
        outside: Outside,
        ports: Ports,
        callers: _Callers,
        tasks: Tasks,
        limits: LimitSettings,
        duplicates: Duplicates,
        *,
        replica: str,
    ) -> None:
        store, clock, slack, box = outside.store, outside.clock, outside.slack, outside.box
        attempts = StoredAttempts(store, clock, box, replica=replica)
        pending = StoredPendingActions(store, clock, box, ports.commands)
        presence = Presence(ports.rooms, tasks, clock)
        drafts = Drafts(StoredDrafts(store, clock, box, team_id=outside.identity.team_id))
        dispatcher = Dispatcher(ports, attempts, pending, most_at_once=limits.commands_in_flight)
        answers = Answers(slack, pending, clock)
        self.gate = Gate(limits, answers, tasks, outside.metrics, clock)
        self.forms = Forms(slack, ports, presence, drafts)
        self.suggestions = Suggestions(self.forms, ports, presence, drafts, callers.people, callers.groups)
        self.inbound = Inbound(ports, dispatcher, attempts, answers, self.forms, outside.metrics)
        self.lines = Lines(self.inbound, callers.people, bot_user_id=outside.identity.bot_user_id)
        self.presses = Presses(self.inbound, self.forms, pending, duplicates)
        self.shortcuts = Shortcuts(self.inbound, callers.membership)
        self.recovery = Recovery(attempts, answers, ports, tasks)


class _Parts:
    """Everything that is built on the outside, in the order in which one thing needs another."""

    def __init__(self, outside: Outside, settings: Settings, tempo: Tempo) -> None:
        own = uuid4().hex
        self.tasks = Tasks()
        callers = _Callers(outside, settings.access)
        self.alerts = _Alerts(outside, settings.alerts, self._changed, tempo=tempo, replica=own)
        stored = StoredSettings(outside.store, outside.clock)
        ports = _ports(outside, settings, stored, callers, self.alerts)
        duplicates = Duplicates(self.alerts.outbox.cards, outside.slack, self.alerts.deliverer.wake)
        talk = _Conversations(outside, ports, callers, self.tasks, settings.limits, duplicates, replica=own)
        self.recovery = talk.recovery
        self.home_tabs = HomeTabs(outside.slack, _home(outside, settings, ports), talk.presses, outside.clock)
        self.replica = Replica(
            Replicas(outside.store, outside.clock, own=own, team_id=outside.identity.team_id),
            changed=self.home_tabs.wake,
            overdue=self.alerts.intake.wake,
            due=self.alerts.deliverer.wake,
            take_over=self._take_over,
        )
        self.app = _app(outside, callers, self.alerts, talk, self.home_tabs, self.tasks)
        self.pruner = Pruner(Retention(outside.store, stored, outside.clock, team_id=outside.identity.team_id))
        self.observer = Observer(
            Backlogs(outside.store, team_id=outside.identity.team_id), outside.metrics, outside.clock, outside.providers
        )
        self.inspection = Inspection(outside.providers, self.alerts.outbox.cards.redraw, self._changed)
        outside.metrics.tasks_in_flight.set_function(lambda: self.tasks.in_flight)
        outside.metrics.tasks_waiting.set_function(lambda: self.tasks.waiting)
        self.loops = self._loops(is_shared=outside.store.is_shared)

    def _loops(self, *, is_shared: bool) -> Mapping[str, Loop]:
        """In the order in which they are stopped: what goes out comes after what leads to it."""
        return {
            "reconciler": self.alerts.reconciler,
            "intake": self.alerts.intake,
            "bouncer": self.alerts.bouncer,
            "timers": self.alerts.timers,
            "deliverer": self.alerts.deliverer,
            "home tabs": self.home_tabs,
            "inspection": self.inspection,
            "observer": self.observer,
            **({"replica": self.replica} if is_shared else {}),
            "pruner": self.pruner,
        }

    async def _take_over(self) -> None:
        """What processes that are gone began: what people asked for, and whom to keep out."""
        self.alerts.bouncer.wake()
        await self.recovery.take_over()

    def _changed(self) -> None:
        """What we know of the video servers, or want of them, may be another."""
        self.alerts.deliverer.wake()
        self.alerts.bouncer.wake()
        self.home_tabs.wake()


def _ports(outside: Outside, settings: Settings, stored: StoredSettings, callers: _Callers, alerts: _Alerts) -> Ports:
    store, clock = outside.store, outside.clock
    direct = SlackDirect(outside.slack)
    return Ports(
        providers=outside.providers,
        rooms=StoredRooms(store, clock),
        facts=alerts.intake,
        keep_outs=alerts.keep_outs,
        subscriptions=alerts.subscriptions,
        stops=alerts.stops,
        egress_requests=StoredEgressRequests(store, clock, outside.box),
        settings=stored,
        forgetting=StoredForgetting(store, outside.box),
        roles=callers.roles,
        grants=callers.grants,
        membership=callers.membership,
        reach=PublicReach(settings.access.reach),
        audit=StoredAudit(store),
        files=SlackFiles(outside.slack, direct),
        direct=direct,
        clock=clock,
        commands=all_commands(),
        slash=settings.commands.slash,
        join_url=settings.commands.join_url,
    )


def _home(outside: Outside, settings: Settings, ports: Ports) -> Home:
    transport = "over Socket Mode" if settings.slack.app_token is not None else "over HTTP"
    url_of = partial(channel_url, outside.identity.url)
    return Home(ports, StoredDashboard(outside.store), f"reaches me {transport}", url_of, why_closed)


def _app(
    outside: Outside, callers: _Callers, alerts: _Alerts, talk: _Conversations, home_tabs: HomeTabs, tasks: Tasks
) -> SlackApp:
    return SlackApp(
        client=outside.web,
        identity=outside.identity,
        inbound=talk.inbound,
        lines=talk.lines,
        presses=talk.presses,
        forms=talk.forms,
        suggestions=talk.suggestions,
        shortcuts=talk.shortcuts,
        home_tabs=home_tabs,
        membership=callers.membership,
        people=callers.people,
        groups=callers.groups,
        channels=StoredChannels(outside.store, team_id=outside.identity.team_id),
        gate=talk.gate,
        reopened=alerts.deliverer.reopen,
        tasks=tasks,
        clock=outside.clock,
        metrics=outside.metrics,
    )


class Bot:
    """A bot that runs. `port` is where its public door listens; `providers` are the ones it speaks to."""

    def __init__(
        self,
        outside: Outside,
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
        tempo: Tempo | None = None,
    ) -> Self:
        """Raises `CannotStart`, `StoreError` or `BadKey`, having cleaned up."""
        async with AsyncExitStack() as resources:
            outside = await open_outside(settings, clock or SystemClock(), build, resources)
            parts = _Parts(outside, settings, tempo or Tempo())
            await parts.replica.enter()
            resources.push_async_callback(parts.replica.leave)
            working = [_in_background(name, loop, resources) for name, loop in parts.loops.items()]
            token, socket = settings.slack.app_token, None
            if token is not None:
                socket = await open_socket(parts.app, token, outside.metrics, pace, resources)
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
            entrances: list[Entrance] = [*self._servers, *([self._socket] if self._socket else [])]
            await asyncio.gather(*(close(entrance) for entrance in entrances))
            if unfinished := await self._parts.tasks.drain(drain_seconds):
                log.warning("work was cut short", tasks=unfinished)
            await self._parts.alerts.intake.fold_waiting()
            for loop in self._parts.loops.values():
                loop.stop()
            await asyncio.wait(self._working, timeout=FLUSH_SECONDS)
        log.info("stopped")


async def _listen(
    outside: Outside, parts: _Parts, socket: SocketMode | None, settings: Settings, resources: AsyncExitStack
) -> list[Server]:
    secret, web = settings.slack.signing_secret, settings.web
    doors = Doors(
        clock=outside.clock,
        webhook=parts.alerts.webhooks.take,
        metrics=outside.metrics.render,
        slack=SlackDoor(secret, parts.app.handle) if secret is not None and socket is None else None,
        checks={
            "database": partial(reads, outside.store),
            "slack": partial(is_reached, outside.slack, socket.health if socket else None),
        },
        body_bytes=settings.limits.body_bytes,
        too_large=outside.metrics.limit_refusals.labels(Limit.BODY).inc,
    )
    public = build_public(doors, with_admin=web.admin_port is None)
    servers = [await listen(public, web.host, web.port, "PORT", resources)]
    if web.admin_port is not None:
        servers.append(await listen(build_admin(doors), web.host, web.admin_port, "ADMIN_PORT", resources))
    return servers


def _in_background(name: str, loop: Loop, resources: AsyncExitStack) -> asyncio.Task[None]:
    """Runs until the bot stops. What ends of itself soon is not cut off in the middle of a read."""
    task = asyncio.create_task(keep_running(loop.run, name=name))

    async def end() -> None:
        loop.stop()
        await asyncio.wait({task}, timeout=END_SECONDS)
        task.cancel()
        await asyncio.wait({task})

    resources.push_async_callback(end)
    return task
