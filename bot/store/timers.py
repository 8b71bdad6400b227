"""Stops that are planned: one row for a thing, and with each change of it, in one transaction, the fact that tells of
the change.

`visible_at` is when somebody is to look at the row: the warning, the stop, or the end of the lease of whoever carries
it out. So one index answers what is due and how long to sleep. All times are the database's where processes share it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypedDict
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.arrivals import write_rows
from bot.store.attempts import keep_closed
from bot.store.engine import Store
from bot.store.inbox import Incoming
from bot.store.leases import now
from bot.store.tables import UtcTime, timer
from bot.store.upsert import insert
from bot.store.writer import T, Write
from commands.core.attempts import Attempt, Outcome
from commands.core.ports import Clock
from commands.core.timers import LONGEST, PlannedStop, PutOff, Refusal, Target, warn_at
from providers.facts import Fact, Origin, Source, StopNear, StopPlanned, ThingKind, facts_to_json

LEASE: Final = timedelta(seconds=45)
"""Longer than carrying out a stop may take."""


class State(StrEnum):
    WAITING = "waiting"
    FIRING = "firing"
    DONE = "done"
    CANCELLED = "cancelled"


_IS_IN_HAND: Final = and_(timer.c.state == State.FIRING, timer.c.claim.is_not(None))
"""Somebody is stopping it at this moment. One that waits to be tried again is in nobody's hands, and can be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A stop to be carried out by whoever holds the `claim`. `at` is the time by the database; `is_first`: nobody has
    tried it before."""

    id: int
    team_id: str
    stop: PlannedStop
    claim: str
    at: datetime
    is_first: bool

    def key(self, of: str) -> str:
        """Of a fact about this stop: the same from whoever carries it out, so that it is told once."""
        return _key(self.id, self.stop.rev, of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of trying: the facts to report, and how it stands in the record. Without `attempt` it does not."""

    facts: Sequence[Fact] = ()
    attempt: Attempt | None = None
    outcome: Outcome = Outcome.DONE
    detail: str = ""


class StoredStops:
    """`commands.core.timers.Stops`, and what the loop that carries them out asks.

    `changed` is called after each change: facts wait to be folded, and what is due next may be another. `replica` is
    the id of this process.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        changed: Callable[[], None],
        *,
        replica: str = "",
        lease: timedelta = LEASE,
    ) -> None:
        self._store = store
        self._clock = clock
        self._changed = changed
        self._replica = replica
        self._lease = lease

    async def plan(self, team_id: str, target: Target, stops_at: datetime, *, by: str) -> PutOff:
        async def write(conn: AsyncConnection) -> PutOff:
            at, row = await self._time(conn), await _row(conn, target)
            if row is not None and _is_in_hand(row):
                return PutOff(_stop(row), Refusal.STOPPING)
            return PutOff(await self._set(conn, team_id, target, at, stops_at, by))

        return await self._written(write)

    async def put_off(
        self, team_id: str, target: Target, longer: timedelta, *, by: str, rev: int | None = None
    ) -> PutOff:
        async def write(conn: AsyncConnection) -> PutOff:
            at, row = await self._time(conn), await _row(conn, target)
            if row is None or (refused := _refusal(row, rev)) is Refusal.NONE:
                return PutOff(None, Refusal.NONE)
            stop = _stop(row)
            stops_at = max(stop.stops_at, at) + longer
            if refused is None and stops_at > at + LONGEST:
                refused = Refusal.TOO_FAR
            if refused is not None:
                return PutOff(stop, refused)
            return PutOff(await self._set(conn, team_id, target, at, stops_at, by))

        return await self._written(write)

    async def cancel(self, team_id: str, target: Target, *, by: str) -> PutOff:
        async def write(conn: AsyncConnection) -> PutOff:
            at, row = await self._time(conn), await _row(conn, target)
            refused = Refusal.NONE if row is None else _refusal(row, None)
            if row is None or refused is not None:
                return PutOff(_stop(row) if row is not None and refused is Refusal.STOPPING else None, refused)
            gone = update(timer).where(_is(target), timer.c.ended_at.is_(None), not_(_IS_IN_HAND))
            values = {"state": State.CANCELLED, "rev": timer.c.rev + 1, "said_by": by, "ended_at": at}
            changed = (await conn.execute(gone.values(values).returning(timer))).mappings().one()
            await self._tell_plan(conn, changed, at, stops_at=None)
            return PutOff(_stop(row))

        return await self._written(write)

    async def of(self, team_id: str, targets: Collection[Target]) -> Sequence[PlannedStop]:
        keys = [(t.provider, t.kind, t.server_id) for t in targets]
        about = tuple_(timer.c.provider, timer.c.kind, timer.c.server_id).in_(keys)
        query = select(timer).where(about, timer.c.team_id == team_id, timer.c.ended_at.is_(None)).order_by(timer.c.id)
        async with self._store.reading() as conn:
            return [_stop(row) for row in (await conn.execute(query)).mappings()]

    async def release(self) -> None:
        """What this process held before it was stopped. Where others share the database, theirs may be meant, and a
        lease ends by itself."""
        if not self._store.is_shared:
            held = update(timer).where(timer.c.state == State.FIRING, timer.c.ended_at.is_(None))
            await self._store.write(lambda conn: conn.execute(held.values(claim=None, visible_at=self._at())))

    async def next_in(self) -> timedelta | None:
        """How long until something is due, zero or less where something is. None where nothing is planned."""
        earliest = type_coerce(case((self._is_stuck(), self._at()), else_=timer.c.visible_at), UtcTime)
        query = select(func.min(earliest), self._at()).where(timer.c.ended_at.is_(None))
        async with self._store.reading() as conn:
            due, at = (await conn.execute(query)).one()
        return None if due is None else due - at

    async def warn(self) -> None:
        """Tell once of each stop that is near. Who is due already needs no warning."""

        async def write(conn: AsyncConnection) -> None:
            at = await self._time(conn)
            is_near = and_(timer.c.state == State.WAITING, timer.c.warn_at <= at, timer.c.due_at > at)
            near = update(timer).where(is_near).values(warn_at=None, visible_at=timer.c.due_at).returning(timer)
            for row in (await conn.execute(near)).mappings().all():
                fact = StopNear(**_origin(row, at, Source.TIMER, "near"), **_plan(row), stops_at=row["due_at"])
                await self._tell(conn, row["team_id"], at, [fact])

        await self._written(write)

    async def claim(self, most: int) -> list[Due]:
        """Those that are due and in nobody's hands, the most overdue first. They are this process's from here on."""

        async def write(conn: AsyncConnection) -> list[Due]:
            at = await self._time(conn)
            is_free = or_(timer.c.visible_at <= at, self._is_stuck())
            due = select(timer).where(timer.c.ended_at.is_(None), timer.c.due_at <= at, is_free)
            rows = (await conn.execute(due.order_by(timer.c.due_at, timer.c.id).limit(most))).mappings().all()
            claim = uuid4().hex
            taken = update(timer).where(timer.c.id.in_([row["id"] for row in rows]))
            await conn.execute(taken.values(state=State.FIRING, claim=claim, visible_at=at + self._lease))
            return [_due(row, claim, at) for row in rows]

        return await self._store.write(write)

    async def finish(self, due: Due, tried: Tried) -> bool:
        """It is over. False where the claim was lost: then whoever has it tells what came of it."""
        return await self._let_go(due, tried, lambda at: {"state": State.DONE, "ended_at": at})

    async def put_back(self, due: Due, pause: timedelta, tried: Tried) -> bool:
        """It is to be tried again after a pause, no longer than a lease, and can be changed until then. False as for
        `finish`."""
        return await self._let_go(due, tried, lambda at: {"visible_at": at + min(pause, self._lease)})

    async def _let_go(self, due: Due, tried: Tried, values: Callable[[datetime], dict[str, object]]) -> bool:
        async def write(conn: AsyncConnection) -> bool:
            at = await self._time(conn)
            held = update(timer).where(timer.c.id == due.id, timer.c.claim == due.claim, timer.c.ended_at.is_(None))
            if (await conn.execute(held.values(claim=None, **values(at)))).rowcount != 1:
                return False
            await self._tell(conn, due.team_id, at, tried.facts)
            if tried.attempt is not None:
                await keep_closed(conn, tried.attempt, tried.outcome, tried.detail, opened_at=due.at, closed_at=at)
            return True

        return await self._written(write)

    async def _set(
        self, conn: AsyncConnection, team_id: str, target: Target, at: datetime, stops_at: datetime, by: str
    ) -> PlannedStop:
        """One that is being stopped is never touched: the condition stands even where somebody forgot to look."""
        warns_at = warn_at(stops_at, at)
        address = {"provider": target.provider, "kind": target.kind, "server_id": target.server_id}
        said = {
            "name": target.name,
            "due_at": stops_at,
            "warn_at": warns_at,
            "visible_at": warns_at,
            "state": State.WAITING,
            "said_by": by,
            "ended_at": None,
        }
        new = insert(conn, timer).values(team_id=team_id, rev=1, **address, **said)
        changed = new.on_conflict_do_update(
            index_elements=list(address), set_={"rev": timer.c.rev + 1, **said}, where=not_(_IS_IN_HAND)
        )
        row = (await conn.execute(changed.returning(timer))).mappings().one()
        await self._tell_plan(conn, row, at, stops_at=stops_at)
        return _stop(row)

    async def _tell_plan(self, conn: AsyncConnection, row: RowMapping, at: datetime, stops_at: datetime | None) -> None:
        fact = StopPlanned(**_origin(row, at, Source.COMMAND, "planned"), **_plan(row), stops_at=stops_at)
        await self._tell(conn, row["team_id"], at, [fact])

    async def _tell(self, conn: AsyncConnection, team_id: str, at: datetime, facts: Sequence[Fact]) -> None:
        """Durable with the change, so that no crash comes between the two."""
        told = [
            Incoming(
                team_id=team_id,
                provider=fact.provider,
                event_key=fact.key,
                kind=fact.type,
                source=fact.source,
                body=facts_to_json([fact]),
            )
            for fact in facts
        ]
        if told:
            await write_rows(conn, [asdict(each) | {"received_at": at, "replica": self._replica} for each in told])

    async def _written(self, write: Write[T]) -> T:
        result = await self._store.write(write)
        self._changed()
        return result

    def _at(self, later: timedelta = timedelta()) -> ColumnElement[datetime]:
        """The database's time where the clocks of several processes may differ."""
        return now(later) if self._store.is_shared else literal(self._clock.now() + later, UtcTime)

    async def _time(self, conn: AsyncConnection) -> datetime:
        at: datetime = (await conn.execute(select(self._at()))).scalar_one()
        return at

    def _is_stuck(self) -> ColumnElement[bool]:
        """A lease longer than any is one from before the clock was set back."""
        return and_(timer.c.state == State.FIRING, timer.c.visible_at > self._at(self._lease))


async def end(conn: AsyncConnection, provider: str, kind: ThingKind, server_id: str) -> None:
    """The thing is over, so nobody stops it any more. One that is being stopped at this moment ends by itself."""
    about = (timer.c.provider == provider, timer.c.kind == kind, timer.c.server_id == server_id)
    waits = update(timer).where(*about, timer.c.state == State.WAITING)
    await conn.execute(waits.values(state=State.DONE, ended_at=now()))


def _is_in_hand(row: RowMapping) -> bool:
    return row["state"] == State.FIRING and row["claim"] is not None


def _is(target: Target) -> ColumnElement[bool]:
    return and_(timer.c.provider == target.provider, timer.c.kind == target.kind, timer.c.server_id == target.server_id)


async def _row(conn: AsyncConnection, target: Target) -> RowMapping | None:
    return (await conn.execute(select(timer).where(_is(target)))).mappings().one_or_none()


def _refusal(row: RowMapping, rev: int | None) -> Refusal | None:
    """Why a plan cannot be changed by somebody who means it as it was at `rev`, None where it can."""
    if _is_in_hand(row):
        return Refusal.STOPPING
    if row["ended_at"] is not None:
        return Refusal.NONE
    return Refusal.CHANGED if rev not in (None, row["rev"]) else None


def _key(timer_id: int, rev: int, of: str) -> str:
    return f"stop:{timer_id}:{rev}:{of}"


def _origin(row: RowMapping, at: datetime, source: Source, of: str) -> Origin:
    key = _key(row["id"], row["rev"], of)
    return Origin(provider=row["provider"], key=key, at=at, seen_at=at, source=source)


class _Plan(TypedDict):
    """What every fact about a planned stop says."""

    thing: ThingKind
    thing_id: str
    by: str
    rev: int


def _plan(row: RowMapping) -> _Plan:
    return _Plan(thing=ThingKind(row["kind"]), thing_id=row["server_id"], by=row["said_by"], rev=row["rev"])


def _stop(row: RowMapping) -> PlannedStop:
    target = Target(provider=row["provider"], kind=ThingKind(row["kind"]), server_id=row["server_id"], name=row["name"])
    return PlannedStop(target=target, stops_at=row["due_at"], by=row["said_by"], rev=row["rev"])


def _due(row: RowMapping, claim: str, at: datetime) -> Due:
    is_first = row["state"] == State.WAITING
    return Due(id=row["id"], team_id=row["team_id"], stop=_stop(row), claim=claim, at=at, is_first=is_first)
