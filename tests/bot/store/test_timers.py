"""Planned stops in the database: who changes one, who carries it out, and what is told of it."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import BigInteger, select, type_coerce, update

from bot.store import timers
from bot.store.engine import Store
from bot.store.tables import UtcTime, attempt, inbox, timer
from bot.store.timers import Due, StoredStops, Tried
from commands.core.attempts import Attempt, Outcome
from commands.core.ports import Caller, Place
from commands.core.timers import LONGEST, PutOff, Refusal, Target
from providers.facts import Fact, StopNear, StopPlanned, ThingKind, facts_from_json
from tests.bot.store.conftest import StillClock
from tests.postgresql import Server

TEAM = "T1"
RACES = 200
STANDUP = Target(provider="memory", kind=ThingKind.RECORDING, server_id="RE_1", name="standup")
HOUR = timedelta(hours=1)


@dataclass
class Desk:
    """The stops of one database. `changes` counts how often somebody was told that something changed."""

    store: Store
    clock: StillClock
    changes: list[None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stops = self.of_another(timers.LEASE)

    def of_another(self, lease: timedelta) -> StoredStops:
        """As another process has them."""
        return StoredStops(self.store, self.clock, lambda: self.changes.append(None), lease=lease)

    async def now(self) -> datetime:
        async with self.store.reading() as conn:
            at: datetime = (await conn.execute(select(self.stops._at()))).scalar_one()
            return at

    async def plan(self, after: timedelta, target: Target = STANDUP, by: str = "UANA") -> PutOff:
        return await self.stops.plan(TEAM, target, await self.now() + after, by=by)

    async def pass_by(self, time: timedelta) -> None:
        """The clock of PostgreSQL cannot be moved, so everything else is."""
        if not self.store.is_shared:
            self.clock.advance(time)
            return
        by = time // timedelta(microseconds=1)
        columns = (timer.c.due_at, timer.c.warn_at, timer.c.visible_at)
        earlier = {column.name: type_coerce(type_coerce(column, BigInteger) - by, UtcTime) for column in columns}
        await self.store.write(lambda conn: conn.execute(update(timer).values(earlier)))

    async def told(self) -> list[Fact]:
        async with self.store.reading() as conn:
            bodies = (await conn.execute(select(inbox.c.body).order_by(inbox.c.id))).scalars()
            return [fact for body in bodies for fact in facts_from_json(body)]

    async def state(self, target: Target = STANDUP) -> str:
        async with self.store.reading() as conn:
            query = select(timer.c.state).where(timer.c.server_id == target.server_id)
            return str((await conn.execute(query)).scalar_one())


@pytest_asyncio.fixture
async def desk(store: Store, clock: StillClock) -> Desk:
    return Desk(store, clock)


@pytest_asyncio.fixture
async def shared(postgresql_server: Server) -> AsyncIterator[Desk]:
    async with postgresql_server.database() as url:
        store = await Store.open(url)
        yield Desk(store, StillClock())
        await store.close()


async def claim(desk: Desk) -> Due:
    [due] = await desk.stops.claim(20)
    return due


# planned and changed


async def test_a_plan_is_there_and_told_of(desk: Desk) -> None:
    stop = (await desk.plan(HOUR)).stop
    assert stop is not None
    assert (stop.target, stop.by, stop.rev) == (STANDUP, "UANA", 1)
    assert await desk.stops.of(TEAM, [STANDUP]) == [stop]
    [fact] = await desk.told()
    assert isinstance(fact, StopPlanned)
    assert (fact.thing, fact.thing_id, fact.stops_at, fact.by, fact.rev) == (
        ThingKind.RECORDING, "RE_1", stop.stops_at, "UANA", 1,
    )  # fmt: skip
    assert desk.changes


async def test_nothing_is_planned_of_others(desk: Desk) -> None:
    await desk.plan(HOUR)
    assert await desk.stops.of("T2", [STANDUP]) == []
    assert await desk.stops.of(TEAM, []) == []
    assert await desk.stops.of(TEAM, [Target(provider="annex", kind=STANDUP.kind, server_id="RE_1", name="x")]) == []


async def test_a_second_plan_takes_the_place_of_the_first(desk: Desk) -> None:
    await desk.plan(HOUR)
    second = (await desk.plan(2 * HOUR, by="UBEN")).stop
    assert second is not None
    assert (second.rev, second.by) == (2, "UBEN")
    assert await desk.stops.of(TEAM, [STANDUP]) == [second]


async def test_put_off_counts_from_when_it_was_planned(desk: Desk) -> None:
    first = (await desk.plan(HOUR)).stop
    assert first is not None
    done = await desk.stops.put_off(TEAM, STANDUP, HOUR, by="UBEN", rev=1)
    assert done.refused is None
    assert done.stop is not None
    assert (done.stop.stops_at, done.stop.rev, done.stop.by) == (first.stops_at + HOUR, 2, "UBEN")
    assert [fact.rev for fact in await desk.told() if isinstance(fact, StopPlanned)] == [1, 2]


async def test_of_two_at_once_with_the_same_rev_one_puts_it_off(desk: Desk) -> None:
    await desk.plan(HOUR)
    done = await asyncio.gather(*(desk.stops.put_off(TEAM, STANDUP, HOUR, by=by, rev=1) for by in ("UANA", "UBEN")))
    won = next(each for each in done if each.refused is None)
    lost = next(each for each in done if each.refused is not None)
    assert lost == PutOff(won.stop, Refusal.CHANGED)


async def test_it_is_not_put_off_for_ever(desk: Desk) -> None:
    await desk.plan(HOUR)
    done = await desk.stops.put_off(TEAM, STANDUP, LONGEST, by="UANA")
    assert done.refused is Refusal.TOO_FAR
    assert len(await desk.told()) == 1


async def test_nothing_that_is_not_planned_is_put_off_or_cancelled(desk: Desk) -> None:
    assert await desk.stops.put_off(TEAM, STANDUP, HOUR, by="UANA") == PutOff(None, Refusal.NONE)
    assert await desk.stops.cancel(TEAM, STANDUP, by="UANA") == PutOff(None, Refusal.NONE)
    assert await desk.told() == []


async def test_cancelled_it_is_told_of_and_never_due(desk: Desk) -> None:
    stop = (await desk.plan(HOUR)).stop
    assert await desk.stops.cancel(TEAM, STANDUP, by="UBEN") == PutOff(stop)
    assert await desk.stops.of(TEAM, [STANDUP]) == []
    last = (await desk.told())[-1]
    assert isinstance(last, StopPlanned)
    assert (last.stops_at, last.by, last.rev) == (None, "UBEN", 2)
    await desk.pass_by(2 * HOUR)
    assert await desk.stops.claim(20) == []
    assert (await desk.stops.put_off(TEAM, STANDUP, HOUR, by="UANA", rev=1)).refused is Refusal.NONE


async def test_after_a_cancellation_one_can_be_planned_again(desk: Desk) -> None:
    await desk.plan(HOUR)
    await desk.stops.cancel(TEAM, STANDUP, by="UBEN")
    again = (await desk.plan(HOUR)).stop
    assert again is not None
    assert again.rev == 3


async def test_what_ended_by_itself_has_its_stop_done(desk: Desk) -> None:
    await desk.plan(HOUR)
    await desk.store.write(lambda conn: timers.end(conn, "memory", ThingKind.RECORDING, "RE_1"))
    assert await desk.state() == "done"
    await desk.pass_by(2 * HOUR)
    assert await desk.stops.next_in() is None
    assert await desk.stops.claim(20) == []


# warned


async def test_a_warning_is_told_once(desk: Desk) -> None:
    await desk.plan(HOUR)
    await desk.stops.warn()
    assert not any(isinstance(fact, StopNear) for fact in await desk.told())
    await desk.pass_by(timedelta(minutes=56))
    for _ in range(2):
        await desk.stops.warn()
    [near] = [fact for fact in await desk.told() if isinstance(fact, StopNear)]
    assert (near.thing_id, near.rev) == ("RE_1", 1)
    assert await desk.stops.claim(20) == [], "it is warned of, not due"


async def test_each_plan_is_warned_of(desk: Desk) -> None:
    await desk.plan(HOUR)
    await desk.pass_by(timedelta(minutes=56))
    await desk.stops.warn()
    await desk.stops.put_off(TEAM, STANDUP, HOUR, by="UANA")
    await desk.stops.warn()
    await desk.pass_by(HOUR)
    await desk.stops.warn()
    assert [fact.rev for fact in await desk.told() if isinstance(fact, StopNear)] == [1, 2]


async def test_what_is_due_already_is_not_warned_of(desk: Desk) -> None:
    await desk.plan(HOUR)
    await desk.pass_by(2 * HOUR)
    await desk.stops.warn()
    assert not any(isinstance(fact, StopNear) for fact in await desk.told())
    assert (await claim(desk)).is_first


async def test_how_long_until_somebody_looks(desk: Desk) -> None:
    assert await desk.stops.next_in() is None
    await desk.plan(HOUR)
    warned_in = await desk.stops.next_in()
    assert warned_in is not None
    assert abs(warned_in - timedelta(minutes=55)) < timedelta(seconds=10)
    await desk.pass_by(2 * HOUR)
    due_in = await desk.stops.next_in()
    assert due_in is not None
    assert due_in < timedelta()


# carried out


async def test_whoever_claims_it_has_it_alone(desk: Desk) -> None:
    await desk.plan(HOUR)
    await desk.pass_by(2 * HOUR)
    claims = await asyncio.gather(*(desk.of_another(timers.LEASE).claim(20) for _ in range(5)))
    assert sorted(len(found) for found in claims) == [0, 0, 0, 0, 1]


async def test_while_it_is_stopped_nobody_changes_it(desk: Desk) -> None:
    planned = await desk.plan(HOUR)
    await desk.pass_by(2 * HOUR)
    await claim(desk)
    refusals = [
        (await desk.stops.put_off(TEAM, STANDUP, HOUR, by="UANA", rev=1)).refused,
        (await desk.stops.cancel(TEAM, STANDUP, by="UANA")).refused,
        (await desk.plan(HOUR)).refused,
    ]
    assert refusals == [Refusal.STOPPING] * 3
    assert planned.stop is not None
    assert [stop.rev for stop in await desk.stops.of(TEAM, [STANDUP])] == [1]


async def test_finished_it_is_in_the_record_and_told_of_once(desk: Desk) -> None:
    await desk.plan(HOUR)
    await desk.pass_by(2 * HOUR)
    due = await claim(desk)
    tried = Tried(attempt=an_attempt(due), detail="3 min late: the bot was away")
    assert await desk.stops.finish(due, tried)
    assert not await desk.stops.finish(due, tried), "it is over"
    async with desk.store.reading() as conn:
        [row] = (await conn.execute(select(attempt))).mappings()
    assert (row["user_id"], row["door"], row["outcome"], row["detail"]) == (
        "UANA", "timer", "done", "3 min late: the bot was away",
    )  # fmt: skip
    assert row["answered_at"] is not None, "nobody waits for an answer"
    assert await desk.state() == "done"


async def test_put_back_it_is_due_after_the_pause(desk: Desk) -> None:
    await desk.plan(HOUR)
    await desk.pass_by(2 * HOUR)
    due = await claim(desk)
    assert await desk.stops.put_back(due, timedelta(seconds=30), Tried())
    assert await desk.stops.claim(20) == []
    await desk.pass_by(timedelta(seconds=31))
    again = await claim(desk)
    assert not again.is_first
    assert again.claim != due.claim


async def test_between_two_tries_it_is_put_off_from_that_moment(desk: Desk) -> None:
    await desk.plan(HOUR)
    await desk.pass_by(3 * HOUR)
    due = await claim(desk)
    assert await desk.stops.put_back(due, timedelta(seconds=30), Tried())
    at, done = await desk.now(), await desk.stops.put_off(TEAM, STANDUP, HOUR, by="UBEN", rev=1)
    assert done.stop is not None
    assert (done.refused, done.stop.rev) == (None, 2)
    assert at + HOUR <= done.stop.stops_at < at + HOUR + timedelta(minutes=1)
    assert not await desk.stops.finish(due, Tried())


async def test_between_two_tries_it_is_cancelled(desk: Desk) -> None:
    await desk.plan(HOUR)
    await desk.pass_by(2 * HOUR)
    assert await desk.stops.put_back(await claim(desk), timedelta(seconds=30), Tried())
    assert (await desk.stops.cancel(TEAM, STANDUP, by="UBEN")).refused is None
    assert await desk.state() == "cancelled"


async def test_a_failure_that_comes_again_is_recorded_once(desk: Desk) -> None:
    await desk.plan(HOUR)
    await desk.pass_by(2 * HOUR)
    for _ in range(3):
        due = await claim(desk)
        failed = Tried(attempt=an_attempt(due), outcome=Outcome.FAILED, detail="Unreachable: nobody answers")
        assert await desk.stops.put_back(due, timedelta(), failed)
        await desk.pass_by(timedelta(seconds=1))
    async with desk.store.reading() as conn:
        assert [row.outcome for row in await conn.execute(select(attempt.c.outcome))] == ["failed"]


async def test_a_lease_that_is_over_was_somebody_elses(desk: Desk) -> None:
    await desk.plan(HOUR)
    await desk.pass_by(2 * HOUR)
    frozen = await claim(desk)
    await desk.pass_by(timers.LEASE + timedelta(seconds=1))
    other = await claim(desk)
    assert not await desk.stops.finish(frozen, Tried())
    assert not await desk.stops.put_back(frozen, HOUR, Tried())
    assert await desk.stops.finish(other, Tried())


async def test_a_lease_from_before_the_clock_was_set_back_is_over(desk: Desk) -> None:
    await desk.plan(HOUR)
    await desk.pass_by(2 * HOUR)
    await desk.of_another(timedelta(minutes=30)).claim(20)
    due_in = await desk.stops.next_in()
    assert due_in is not None
    assert due_in <= timedelta()
    assert not (await claim(desk)).is_first


async def test_a_process_that_starts_alone_takes_up_what_it_left(file_store: Store, clock: StillClock) -> None:
    desk = Desk(file_store, clock)
    await desk.plan(HOUR)
    await desk.pass_by(2 * HOUR)
    await claim(desk)
    await desk.stops.release()
    assert not (await claim(desk)).is_first


async def test_one_that_is_not_alone_leaves_the_others_theirs(shared: Desk) -> None:
    await shared.plan(HOUR)
    await shared.pass_by(2 * HOUR)
    await claim(shared)
    await shared.stops.release()
    assert await shared.stops.claim(20) == []


async def test_extend_races_the_stop(desk: Desk) -> None:
    """Exactly one of the two wins, and each is told right."""
    outcomes = set()
    for number in range(RACES):
        target = Target(provider="memory", kind=ThingKind.RECORDING, server_id=f"RE_{number}", name="standup")
        await desk.plan(timedelta(seconds=10), target)
        await desk.pass_by(timedelta(seconds=11))
        contestants = [
            desk.stops.put_off(TEAM, target, HOUR, by="UBEN", rev=1),
            desk.of_another(timers.LEASE).claim(20),
        ]
        order = random.Random(number).sample([0, 1], 2)
        ended = dict(zip(order, await asyncio.gather(*(contestants[each] for each in order)), strict=True))
        extended, claimed = ended[0], ended[1]
        assert isinstance(extended, PutOff)
        assert isinstance(claimed, list)
        mine = [due for due in claimed if due.stop.target == target]
        assert (extended.refused is None) != bool(mine), number
        assert extended.refused in (None, Refusal.STOPPING)
        assert await desk.state(target) == ("firing" if mine else "waiting")
        outcomes.add(bool(mine))
        for due in claimed:
            assert await desk.stops.finish(due, Tried())
        await desk.stops.cancel(TEAM, target, by="UBEN")
    assert outcomes == {True, False}, "both win at times"


def an_attempt(due: Due) -> Attempt:
    return Attempt(
        caller=Caller(TEAM, due.stop.by),
        place=Place(TEAM, ""),
        path=("recording", "stop"),
        words="recording stop RE_1 --provider memory",
        provider="memory",
        door="timer",
        delivery=due.key("tried"),
        about="RE_1",
    )


@pytest.mark.parametrize("rev", [None, 1])
async def test_a_process_that_never_told_loses_no_fact(desk: Desk, rev: int | None) -> None:
    """The fact is there as soon as the change is: no crash comes between the two."""
    await desk.plan(HOUR)
    await desk.stops.put_off(TEAM, STANDUP, HOUR, by="UBEN", rev=rev)
    facts = await desk.told()
    assert [(fact.rev, fact.key) for fact in facts if isinstance(fact, StopPlanned)] == [
        (1, "stop:1:1:planned"),
        (2, "stop:1:2:planned"),
    ]
