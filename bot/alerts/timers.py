"""Carries out the stops that were planned, and warns before.

A stop may be begun twice, where a process dies between its claim and the end of it. So it looks first: what has ended
already was stopped. What the server does not do is tried again until it does, and said once, as somebody relies on it.
What its worker has left behind nobody can stop: that is said, and is the end of it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import structlog

from bot.logs import reference
from bot.store.errors import StoreUnavailable
from bot.store.timers import Due, StoredStops, Tried
from bot.tasks import until
from commands.core.attempts import Attempt, Outcome
from commands.core.base import ServerCommand
from commands.core.ports import Caller, Clock, Place, Providers
from commands.core.spelling import spell
from commands.core.timers import lateness
from commands.recording import RecordingStop
from commands.room import RoomClose
from commands.stream_stop import StreamStop
from providers.base import (
    Capability,
    Provider,
    Recording,
    RecordingRef,
    RecordingStatus,
    RoomRef,
    Stream,
    StreamRef,
    StreamStatus,
)
from providers.errors import Conflict, LeftBehind, NotFound, ProviderError, RateLimited
from providers.facts import (
    Condition,
    ConditionSeen,
    Fact,
    Origin,
    RecordingChanged,
    RoomFinished,
    Source,
    StopCarriedOut,
    StreamChanged,
    ThingKind,
)

log = structlog.get_logger(__name__)

DEADLINE_SECONDS: Final = 30.0
"""How long one try may take: shorter than its lease."""

AT_ONCE: Final = 20

LOOK_SECONDS: Final = 1.0
"""While something is planned: so soon is noticed that a clock was set."""

IDLE_SECONDS: Final = 5.0
"""While nothing is: another process may plan a stop, which is due in `timers.SHORTEST` at the soonest."""

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(seconds=30)

PATIENCE: Final = timedelta(minutes=1)
"""How late a stop may be before people are told that it does not work."""

BRIEF: Final = timedelta(seconds=10)
"""How long a try may take that is to end when the patience does."""

STEP: Final = timedelta(seconds=5)
"""A clock that is set by more is worth a line in the log."""

DOOR: Final = "timer"
"""How it was asked for, as the record has it."""


class NoSuchServer(ProviderError):
    """This video server is not configured any more. Ask whoever runs the bot to bring it back."""


class Timers:
    """`wake` says that something may have been planned; a lost or doubled wake does no harm."""

    def __init__(self, stops: StoredStops, providers: Providers, clock: Clock) -> None:
        self._stops = stops
        self._providers = providers
        self._clock = clock
        self._woken = asyncio.Event()
        self._at_work: set[asyncio.Task[None]] = set()
        self._stopped = False
        self._before = clock.now(), clock.monotonic()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        """Let `run` return once what is being stopped at this moment is."""
        self._stopped = True
        self.wake()

    async def run(self) -> None:
        await self._stops.release()
        async with asyncio.TaskGroup() as work:
            while not self._stopped:
                self._woken.clear()
                self._notice_a_set_clock()
                rest = LOOK_SECONDS
                try:
                    for due in await self._claim(AT_ONCE - len(self._at_work)):
                        task = work.create_task(self._carry_out(due))
                        self._at_work.add(task)
                        task.add_done_callback(self._ended)
                    rest = await self._rest_seconds()
                except StoreUnavailable as error:
                    log.warning("planned stops wait for the database", error=str(error))
                await until(self._woken, rest)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._at_work.discard(task)
        self.wake()

    async def _claim(self, most: int) -> list[Due]:
        """What is to be stopped at this moment. Nothing is written where nothing is due."""
        next_in = await self._stops.next_in()
        if next_in is None or next_in > timedelta():
            return []
        await self._stops.warn()
        return await self._stops.claim(most) if most else []

    async def _rest_seconds(self) -> float:
        next_in = await self._stops.next_in()
        if next_in is None:
            return IDLE_SECONDS
        if len(self._at_work) >= AT_ONCE:
            return LOOK_SECONDS
        return min(LOOK_SECONDS, max(0.0, next_in.total_seconds()))

    def _notice_a_set_clock(self) -> None:
        """Nothing depends on it: what is due is found at every look."""
        wall, monotonic = self._clock.now(), self._clock.monotonic()
        step = wall - self._before[0] - timedelta(seconds=monotonic - self._before[1])
        self._before = wall, monotonic
        if abs(step) > STEP:
            log.warning("the clock was set", seconds=round(step.total_seconds(), 1))

    async def _carry_out(self, due: Due) -> None:
        """What the database could not take is done again when the lease is over."""
        try:
            await self._try(due)
        except StoreUnavailable as error:
            log.warning("what came of a planned stop was not written down", error=str(error))

    async def _try(self, due: Due) -> None:
        target = due.stop.target
        try:
            async with asyncio.timeout(_deadline_seconds(self._clock.now() - due.stop.stops_at)):
                facts = await _stop(self._provider_of(due), due, self._clock)
        except LeftBehind as error:
            await self._left_behind(due, error)
        except ProviderError as error:
            wanted = timedelta(seconds=error.retry_after if isinstance(error, RateLimited) else 0.0)
            await self._failed(due, error.what, f"{type(error).__name__}: {error}", wanted)
        except TimeoutError:
            await self._failed(due, "The video server took too long to answer.", "TimedOut", timedelta())
        except Exception:
            found = reference()
            log.exception("a planned stop failed", reference=found, provider=target.provider, thing=target.server_id)
            await self._failed(due, f"Something went wrong on our side ({found}).", found, timedelta())
        else:
            await self._done(due, facts)

    def _provider_of(self, due: Due) -> Provider:
        """Raises `NoSuchServer`."""
        provider = self._providers.get(due.stop.target.provider)
        if provider is None:
            raise NoSuchServer
        return provider

    async def _done(self, due: Due, facts: list[Fact]) -> None:
        at = self._clock.now()
        late = lateness(due.stop.stops_at, at)
        whose = "the bot" if due.is_first else "the video server"
        detail = f"{late}: {whose} was away" if late else ""
        told = _carried_out(due, at, "done")
        finished = await self._stops.finish(
            due, Tried(facts=[*facts, told], attempt=_attempt(due, "done"), detail=detail)
        )
        if finished:
            log.info("a planned stop was carried out", thing=due.stop.target.server_id, detail=detail)

    async def _left_behind(self, due: Due, error: LeftBehind) -> None:
        """A worker that is slow looks like one that is gone, so it gets the same patience. After that nobody is left to
        stop anything, and it is not tried for ever."""
        at, target, detail = self._clock.now(), due.stop.target, f"{type(error).__name__}: {error}"
        if at - due.stop.stops_at < PATIENCE:
            await self._failed(due, error.what, detail, timedelta())
            return
        seen = ConditionSeen(
            **_origin(due, at, "left behind"),
            thing=target.kind,
            thing_id=target.server_id,
            condition=Condition.LEFT_BEHIND,
        )
        facts: list[Fact] = [seen, _carried_out(due, at, "failed", error.what)]
        tried = Tried(facts=facts, attempt=_attempt(due, "failed"), outcome=Outcome.FAILED, detail=detail)
        if await self._stops.finish(due, tried):
            log.warning("a planned stop was given up: nothing works on it any more", thing=target.server_id)

    async def _failed(self, due: Due, problem: str, detail: str, wanted: timedelta) -> None:
        """`problem` is for people, `detail` for the record."""
        at = self._clock.now()
        late = at - due.stop.stops_at
        pause = max(wanted, _pause(late))
        tried = Tried()
        if late >= PATIENCE:
            told = _carried_out(due, at, "failed", problem)
            tried = Tried(facts=[told], attempt=_attempt(due, "failed"), outcome=Outcome.FAILED, detail=detail)
        log.warning(
            "a planned stop waits", thing=due.stop.target.server_id, error=detail, seconds=pause.total_seconds()
        )
        await self._stops.put_back(due, pause, tried)


def _deadline_seconds(late: timedelta) -> float:
    """So short that a try which hangs is over within `PATIENCE`, where it begins `BRIEF` before."""
    left = PATIENCE - late
    if left <= timedelta():
        return DEADLINE_SECONDS
    return min(DEADLINE_SECONDS, max(left, BRIEF).total_seconds())


def _pause(late: timedelta) -> timedelta:
    """It grows with how late it is. One try begins `BRIEF` before `PATIENCE` is over and one just then, whatever came
    before: whoever relies on the stop hears at that time that it does not work."""
    grown = min(max(late, FIRST_PAUSE), LONGEST_PAUSE)
    return min([grown, *(at - late for at in (PATIENCE - BRIEF, PATIENCE) if at > late)])


async def _stop(provider: Provider, due: Due, clock: Clock) -> list[Fact]:
    """What the server answered. What it says has ended already is as good as stopped. Raises `ProviderError`."""
    target = due.stop.target
    match target.kind:
        case ThingKind.ROOM:
            room = RoomRef(provider.name, target.server_id, target.name)
            await _close_room(provider, room)
            return [RoomFinished(**_origin(due, clock.now(), "stopped"), room=room)]
        case ThingKind.STREAM:
            stream = await _stop_feed(_streams_of(provider), target.server_id)
            return [] if stream is None else [StreamChanged(**_origin(due, clock.now(), "stopped"), stream=stream)]
    recording = await _stop_feed(_recordings_of(provider), target.server_id)
    return [] if recording is None else [RecordingChanged(**_origin(due, clock.now(), "stopped"), recording=recording)]


async def _close_room(provider: Provider, room: RoomRef) -> None:
    """That a room is not found once proves nothing."""
    try:
        await provider.close_room(room)
    except NotFound:
        if Capability.LIST_ROOMS not in provider.capabilities:
            return
        if any(live.ref.id == room.id for live in await provider.list_rooms([room.name])):
            raise


_Feed = TypeVar("_Feed", Recording, Stream)


@dataclass(frozen=True, slots=True)
class _Feeds(Generic[_Feed]):
    """How a video server stops what is of a kind, and lists it, where it can."""

    stop: Callable[[str], Awaitable[_Feed]]
    list: Callable[[], Awaitable[list[_Feed]]] | None


def _recordings_of(provider: Provider) -> _Feeds[Recording]:
    can = Capability.LIST_RECORDINGS in provider.capabilities
    return _Feeds(
        lambda id: provider.stop_recording(RecordingRef(provider.name, id)), provider.list_recordings if can else None
    )


def _streams_of(provider: Provider) -> _Feeds[Stream]:
    can = Capability.LIST_STREAMS in provider.capabilities
    return _Feeds(lambda id: provider.stop_stream(StreamRef(provider.name, id)), provider.list_streams if can else None)


async def _stop_feed(feeds: _Feeds[_Feed], id: str) -> _Feed | None:
    """As it is then. None for one that its server has forgotten."""
    found = await _look(feeds, id)
    if found is not None and _ends(found):
        return found
    try:
        return await feeds.stop(id)
    except (Conflict, NotFound):
        found = await _look(feeds, id)
        if found is not None and not _ends(found):
            raise
        return found


async def _look(feeds: _Feeds[_Feed], id: str) -> _Feed | None:
    return next((each for each in await feeds.list() if each.ref.id == id), None) if feeds.list is not None else None


def _ends(feed: Recording | Stream) -> bool:
    return feed.status.is_final or feed.status in (RecordingStatus.ENDING, StreamStatus.ENDING)


def _origin(due: Due, at: datetime, of: str) -> Origin:
    return Origin(provider=due.stop.target.provider, key=due.key(of), at=at, seen_at=at, source=Source.TIMER)


def _carried_out(due: Due, at: datetime, of: str, problem: str = "") -> StopCarriedOut:
    stop = due.stop
    return StopCarriedOut(
        **_origin(due, at, of),
        thing=stop.target.kind,
        thing_id=stop.target.server_id,
        stops_at=stop.stops_at,
        by=stop.by,
        rev=stop.rev,
        problem=problem,
    )


def _attempt(due: Due, of: str) -> Attempt:
    """As the one who planned it would have asked for it at that time."""
    command = _command(due)
    return Attempt(
        caller=Caller(due.team_id, due.stop.by),
        place=Place(due.team_id, ""),
        path=command.spec.path,
        words=spell(command, redacted=True),
        provider=command.provider,
        door=DOOR,
        delivery=due.key(of),
        about=command.about,
    )


def _command(due: Due) -> ServerCommand:
    target = due.stop.target
    match target.kind:
        case ThingKind.ROOM:
            return RoomClose(provider=target.provider, room=target.name, room_id=target.server_id)
        case ThingKind.STREAM:
            return StreamStop(provider=target.provider, stream=target.server_id)
    return RecordingStop(provider=target.provider, recording=target.server_id)
