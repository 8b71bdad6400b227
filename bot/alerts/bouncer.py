"""Removes whoever is in a room and is kept out of it, as soon as the bot hears of it.

Work is a row whose wish and fact differ: the wish is a keep-out that holds, the fact is who is in the room's state. So
a wake may be lost in a crash or doubled, and what a server refuses is tried again until it agrees with the wish.

Whoever was there when the keep-out was said is not somebody who came back: the command that said it removes them. The
bouncer does it where the command did not get that far, as when the server was away or the process died. Which it is,
the server's id of the stay says, as its clock and ours may differ.

What has run out it forgets: who was kept out of what is nobody's business after that.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.alerts.state import RoomState, state_from_json
from bot.store.keep_outs import StoredKeepOuts, Watched
from bot.tasks import until
from commands.core.ports import Clock, FactSink, KeepOut, Providers
from providers.base import Capability, Participant, Provider, RoomRef
from providers.errors import NotFound, ProviderError, RateLimited
from providers.facts import Fact, Origin, ParticipantKeptOut, ParticipantLeft, Source

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

HEAD_START = timedelta(seconds=15)
"""How long the bouncer leaves those who were there to the command that removes them.

A server that is well answers within that. With a slow one, whose every call may take as long as the provider waits, the
two may overlap: that does no harm, as the second to come finds nobody.
"""


@dataclass(frozen=True, slots=True)
class _Intruder:
    """Somebody in a room who is kept out of it. `came_back`: they were not there when that was said."""

    kept: KeepOut
    room: RoomRef
    who: Participant

    @property
    def came_back(self) -> bool:
        return self.who.id not in self.kept.stays

    @property
    def key(self) -> tuple[str, str]:
        """One stay in the room."""
        return self.room.provider, self.who.id


class Bouncer:
    """`wake` says that something may have changed; a lost or doubled wake does no harm.

    Every intruder is seen to in a task of its own, so that a server that is slow or away holds up nobody else's.
    """

    def __init__(
        self,
        keep_outs: StoredKeepOuts,
        providers: Providers,
        facts: FactSink,
        clock: Clock,
        *,
        team_id: str,
        head_start: timedelta = HEAD_START,
    ) -> None:
        self._keep_outs = keep_outs
        self._providers = providers
        self._facts = facts
        self._clock = clock
        self._team_id = team_id
        self._head_start = head_start
        self._woken = asyncio.Event()
        self._stopped = asyncio.Event()
        self._unable: set[str] = set()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        """Let `run` return between two reads of the database. Who is still to be removed is found at the next start."""
        self._stopped.set()
        self.wake()

    async def run(self) -> None:
        """Keep people out until `stop`."""
        at_work: dict[tuple[str, str], asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as removals:
            while not self._stopped.is_set():
                self._woken.clear()
                at_work = {key: task for key, task in at_work.items() if not task.done()}
                next_end = await self._keep_outs.forget()
                if next_end is not None:  # else nobody is kept out, as nearly always, and the rooms need no look
                    for key, intruder in (await self._intruders()).items():
                        if key not in at_work:
                            at_work[key] = removals.create_task(self._see_out(intruder))
                await self._rest(next_end)

    async def _rest(self, end: datetime | None) -> None:
        """Until something may have changed, or the next keep-out runs out."""
        seconds = None if end is None else (end - self._clock.now()).total_seconds()
        await until(self._woken, seconds)

    async def _intruders(self) -> dict[tuple[str, str], _Intruder]:
        watched = await self._keep_outs.in_live_rooms(self._team_id)
        rooms = {each.room.id: state_from_json(each.room.state) for each in watched}
        found = (
            intruder
            for each in watched
            if isinstance(room := rooms[each.room.id], RoomState) and self._can_remove(each.kept.provider)
            for intruder in _in_room(each, room)
        )
        return {intruder.key: intruder for intruder in found}

    def _can_remove(self, name: str) -> bool:
        provider = self._providers.get(name)
        if provider is not None and Capability.REMOVE_PARTICIPANT in provider.capabilities:
            return True
        if name not in self._unable:
            log.warning("nobody can be kept out on a server that cannot remove people", provider=name)
            self._unable.add(name)
        return False

    async def _see_out(self, found: _Intruder) -> None:
        """Try until they are out, have left, or may be there again."""
        if not found.came_back:
            await self._pause(self._head_start.total_seconds())
        pause = FIRST_PAUSE_SECONDS
        while not self._stopped.is_set() and (intruder := (await self._intruders()).get(found.key)) is not None:
            provider = self._providers.get(intruder.kept.provider)
            assert provider is not None, "an intruder is on a server that can remove people"
            try:
                await self._remove(provider, intruder)
                return
            except ProviderError as error:
                seconds = max(pause, error.retry_after if isinstance(error, RateLimited) else 0.0)
                log.warning("a removal waits", provider=provider.name, error=str(error), seconds=seconds)
            await self._pause(seconds)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _pause(self, seconds: float) -> None:
        """As long as that, or until `stop`."""
        await until(self._stopped, seconds)

    async def _remove(self, provider: Provider, intruder: _Intruder) -> None:
        """Remove them and report it. Nobody hears of one who was not there any more."""
        try:
            await provider.remove_participant(intruder.room, intruder.who.identity)
        except NotFound:
            fact = self._left(intruder, "")
        else:
            fact = self._kept_out(intruder) if intruder.came_back else self._left(intruder, "removed")
        await self._facts.report(fact, team_id=self._team_id, made_by=None, card_in=None)

    def _kept_out(self, intruder: _Intruder) -> Fact:
        kept = intruder.kept
        return ParticipantKeptOut(
            **self._origin(intruder), room=intruder.room, participant=intruder.who, until=kept.until, by=kept.by
        )

    def _left(self, intruder: _Intruder, reason: str) -> Fact:
        return ParticipantLeft(**self._origin(intruder), room=intruder.room, participant=intruder.who, reason=reason)

    def _origin(self, intruder: _Intruder) -> Origin:
        """One key for one stay: being out is news only once."""
        now = self._clock.now()
        key = f"keep-out:{intruder.who.id}"
        return Origin(provider=intruder.room.provider, key=key, at=now, seen_at=now, source=Source.COMMAND)


def _in_room(watched: Watched, room: RoomState) -> Iterator[_Intruder]:
    for present in room.present.values():
        if watched.kept.covers(present.participant.identity):
            yield _Intruder(watched.kept, room.ref, present.participant)
