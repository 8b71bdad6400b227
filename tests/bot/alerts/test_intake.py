"""Facts are durable once accepted, folded once, and nothing that fails holds up the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from bot.alerts.intake import AT_ONCE, IN_A_ROW, Intake
from bot.alerts.record import Record
from bot.clock import SystemClock
from bot.store.inbox import PARKED_AFTER, Inbox, Incoming
from providers.facts import Source
from tests.bot.alerts.broken import without
from tests.bot.alerts.facts import finished, joined, person, seen, started
from tests.bot.alerts.house import TEAM, House, open_house


def poison(key: str = "EV_poison") -> Incoming:
    """What an older version may have left: a body that this one cannot read."""
    return Incoming(
        team_id=TEAM,
        provider="memory",
        event_key=key,
        kind="?",
        source=Source.WEBHOOK,
        body=b'[{"type": "unheard of"}]',
    )


@asynccontextmanager
async def running(house: House) -> AsyncIterator[None]:
    task = asyncio.create_task(house.intake.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def until_folded(house: House, *, but: int = 0) -> None:
    async with asyncio.timeout(10):
        while len(await house.unfolded()) > but:
            await asyncio.sleep(0.01)


async def test_a_delivery_counts_once_however_often_it_comes(house: House) -> None:
    ana = joined(person(1), 2)
    await house.tell(started(), ana, ana)
    await house.tell(ana)

    assert (await house.room()).people == 1
    assert await house.unfolded() == []


async def test_one_delivery_may_bring_several_facts(house: House) -> None:
    facts = [replace(joined(person(number), number), key="EV_one") for number in range(3)]
    await house.intake.accept(facts, team_id=TEAM)
    assert await house.unfolded() == [("EV_one", 0)]

    assert await house.intake.fold_waiting()
    assert (await house.room()).people == 3


async def test_many_that_come_at_once_are_all_folded(house: House) -> None:
    async with running(house):
        people = [joined(person(number), number) for number in range(150)]
        await asyncio.gather(*(house.intake.accept([fact], team_id=TEAM) for fact in (*people, *people)))
        await until_folded(house)

    assert (await house.room()).people == 150


async def test_a_hundred_are_folded_in_one_transaction(tmp_path: Path) -> None:
    changes: list[None] = []
    async with open_house(tmp_path, lambda: changes.append(None)) as house:
        for number in range(AT_ONCE):
            await house.intake.accept([joined(person(number), number)], team_id=TEAM)
        assert await house.intake.fold_waiting()

        assert (await house.room()).people == AT_ONCE
        assert len(changes) == 1


async def test_nobody_is_told_of_a_change_where_nothing_has_changed(tmp_path: Path) -> None:
    changes: list[None] = []
    ana = joined(person(1), 1)
    async with open_house(tmp_path, lambda: changes.append(None)) as house:
        await house.tell(ana)
        await house.tell(replace(ana, key="EV_repeat"))
        assert len(changes) == 1

        await house.command(seen(2, participants=1), channel="C1")
        assert len(changes) == 2


async def test_one_that_cannot_be_folded_spoils_no_other_of_its_batch(house: House) -> None:
    people = [joined(person(number), number) for number in range(30)]
    await asyncio.gather(
        *(house.intake.accept([fact], team_id=TEAM) for fact in people[:15]),
        house.inbox.accept([poison()]),
        *(house.intake.accept([fact], team_id=TEAM) for fact in people[15:]),
    )
    with capture_logs() as lines:
        assert not await house.intake.fold_waiting()

    assert (await house.room()).people == 30
    assert await house.unfolded() == [("EV_poison", 1)]
    assert [line["event"] for line in lines] == ["a delivery was not folded"]


class Besieged(Inbox):
    """Somebody comes while the first are folded. `left`: how many waited when they were in."""

    sent: asyncio.Task[None] | None = None
    left = 0

    async def mark_folded(self, conn: AsyncConnection, *ids: int) -> set[int]:
        if self.sent is None:
            self.sent = asyncio.create_task(self._send())
            await asyncio.sleep(0)
        return await super().mark_folded(conn, *ids)

    async def _send(self) -> None:
        await self.accept([poison("EV_late")])
        self.left = len(await self.unfolded(AT_ONCE * 2))


async def test_who_wants_to_get_in_does_not_wait_for_a_whole_batch(house: House) -> None:
    clock = SystemClock()
    inbox = Besieged(house.store, clock)
    record = Record(house.cards, house.notes, house.subscriptions, clock)
    intake = Intake(house.store, inbox, record, lambda: None)
    people = [joined(person(number), number) for number in range(AT_ONCE)]
    await asyncio.gather(*(house.intake.accept([fact], team_id=TEAM) for fact in people))

    with capture_logs():
        assert not await intake.fold_waiting()
    assert inbox.sent is not None
    await inbox.sent

    assert inbox.left > AT_ONCE - 3 * IN_A_ROW
    assert (await house.room()).people == AT_ONCE


async def test_a_command_is_folded_ahead_of_what_waits(house: House) -> None:
    await house.intake.accept([joined(person(1), 2)], team_id=TEAM)
    await house.command(seen(1), channel="C1")

    assert await house.carded() == {("RM_1", "C1")}
    assert len(await house.unfolded()) == 1
    assert await house.intake.fold_waiting()
    assert (await house.room()).people == 1


async def test_what_was_accepted_before_a_crash_is_folded_at_the_next_start(tmp_path: Path) -> None:
    async with open_house(tmp_path) as first:
        await first.intake.accept([started()], team_id=TEAM)
        await first.intake.accept([finished(5)], team_id=TEAM)
    async with open_house(tmp_path) as second, running(second):
        await until_folded(second)
        assert (await second.room()).is_final


async def test_a_row_that_cannot_be_folded_is_parked_and_holds_up_nobody(house: House) -> None:
    await house.inbox.accept([poison()])
    with capture_logs() as lines:
        for number in range(PARKED_AFTER + 2):
            await house.intake.accept([joined(person(number), number)], team_id=TEAM)
            assert await house.intake.fold_waiting() is (number >= PARKED_AFTER)
            assert (await house.room()).people == number + 1

    assert await house.unfolded() == [("EV_poison", PARKED_AFTER)]
    events = [line["event"] for line in lines]
    assert events.count("a delivery was not folded") == PARKED_AFTER
    assert events.count("a delivery is left alone after too many failures") == 1
    assert "unheard of" not in str(lines), "what a server sent is not for the log"


async def test_a_command_gets_its_card_although_a_row_cannot_be_folded(house: House) -> None:
    await house.inbox.accept([poison()])
    with capture_logs():
        await house.command(seen(1), channel="C1")

    assert await house.carded() == {("RM_1", "C1")}


async def test_a_database_that_fails_parks_nothing_and_ends_nothing(house: House) -> None:
    async with running(house):
        with capture_logs() as lines:
            async with without("card", house.store.file or Path()):
                await house.intake.accept([started()], team_id=TEAM)
                async with asyncio.timeout(5):
                    while not lines:
                        await asyncio.sleep(0.01)
                assert [attempts for _, attempts in await house.unfolded()] == [0]
            await until_folded(house)

    assert {line["event"] for line in lines} == {"the database cannot be used; what came in waits"}
    assert not (await house.room()).is_final


async def test_a_fact_of_a_command_that_could_not_be_folded_is_folded_later(house: House) -> None:
    async with running(house):
        with capture_logs():
            async with without("card", house.store.file or Path()):
                await house.command(seen(1), channel="C1")
                assert len(await house.unfolded()) == 1
        await until_folded(house)

    assert await house.carded() == {("RM_1", "C1")}


async def test_it_ends_between_two_reads_when_it_is_told_to(house: House) -> None:
    task = asyncio.create_task(house.intake.run())
    await house.intake.accept([started()], team_id=TEAM)
    house.intake.stop()
    async with asyncio.timeout(5):
        await task
    assert await house.unfolded() == []
