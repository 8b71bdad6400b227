"""The bouncer on a real database, with video servers in memory that tell it nothing by themselves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import func, select
from structlog.testing import capture_logs

from bot.alerts.bouncer import Bouncer
from bot.clock import SystemClock
from bot.providers import ConfiguredProviders
from bot.store.keep_outs import StoredKeepOuts
from bot.store.tables import keep_out
from commands.core.ports import KeepOut
from providers.base import Capability, Participant, RoomOptions, RoomRef
from providers.errors import RateLimited, Unreachable
from providers.facts import Origin, ParticipantJoined, ParticipantsListed, RoomStarted, Source
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.bot.alerts.facts import origin
from tests.bot.alerts.house import TEAM, House, open_house

HOUR = timedelta(hours=1)
SOON = timedelta(seconds=0.3)
NOTE = "participant_kept_out"


@dataclass
class Door:
    """A room `standup` on each of two servers, with a card. The bouncer runs inside `guarded` only."""

    house: House
    memory: Memory
    classroom: Memory
    keep_outs: StoredKeepOuts
    bouncer: Bouncer

    @asynccontextmanager
    async def guarded(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.bouncer.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()

    async def keep_out(
        self, identity: str = "bob", *, provider: str = "memory", until: timedelta = HOUR, stays: Sequence[str] = ()
    ) -> None:
        kept = KeepOut(provider, "standup", identity, SystemClock().now() + until, "U1", tuple(stays))
        await self.keep_outs.add(TEAM, kept)

    async def comes(self, identity: str = "bob", *, server: Memory | None = None) -> Participant:
        """Somebody joins, and a webhook tells of it."""
        there = server or self.memory
        who = there.server.join("standup", identity)
        await self.hears_of(who, there)
        return who

    async def hears_of(self, who: Participant, server: Memory | None = None) -> None:
        room = self.room(server)
        await self.house.tell(ParticipantJoined(**origin(0, provider=room.provider), room=room, participant=who))

    def room(self, server: Memory | None = None) -> RoomRef:
        return (server or self.memory).server.list_rooms(["standup"])[0].ref

    def inside(self, server: Memory | None = None) -> list[str]:
        there = server or self.memory
        return [p.identity for p in there.server.list_participants(self.room(there))]

    async def believed(self) -> list[str]:
        state = await self.house.room(self.room().id)
        return [p.participant.identity for p in state.present.values()]

    async def notes(self) -> int:
        """How often it was said that somebody came back, once the bot knows that nobody is in the room."""
        await self.until_empty()
        async with asyncio.timeout(5):
            while await self.believed():
                await asyncio.sleep(0.01)
        return sum(kind == NOTE for _, _, kind in await self.house.noted())

    async def until_empty(self, server: Memory | None = None) -> None:
        await until(lambda: not self.inside(server))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


@pytest_asyncio.fixture(name="door")
async def _door(tmp_path: Path) -> AsyncIterator[Door]:
    clock = SystemClock()
    memory, classroom = (Memory(name, MemorySettings()) for name in ("memory", "classroom"))
    async with open_house(tmp_path, lambda: door.bouncer.wake()) as house:
        keep_outs = StoredKeepOuts(house.store, clock, lambda: door.bouncer.wake())
        providers = ConfiguredProviders([memory, classroom])
        bouncer = Bouncer(keep_outs, providers, house.intake, clock, team_id=TEAM, head_start=SOON)
        door = Door(house, memory, classroom, keep_outs, bouncer)
        await house.subscribe("C9")
        for provider in (memory, classroom):
            room = provider.server.create_room("standup", RoomOptions()).room.ref
            await house.tell(RoomStarted(**origin(0, provider=provider.name), room=room))
        yield door
        for provider in (memory, classroom):
            await provider.aclose()


async def test_whoever_comes_back_is_removed_again_and_the_thread_hears_of_it(door: Door) -> None:
    await door.keep_out()
    async with door.guarded():
        for _ in range(2):
            await door.comes()
            await door.until_empty()
        assert await door.notes() == 1, "twice within a minute"


async def test_nobody_else_is_touched(door: Door) -> None:
    await door.keep_out("eve")
    await door.keep_out("bob", provider="classroom")
    await door.comes("bob")
    await door.comes("bobby", server=door.classroom)
    async with door.guarded():
        await door.comes("eve")
        await until(lambda: "eve" not in door.inside())

    assert (door.inside(), door.inside(door.classroom)) == (["bob"], ["bobby"])


async def test_whoever_was_there_is_left_to_the_command_for_a_while_and_then_removed_quietly(door: Door) -> None:
    who = await door.comes()
    async with door.guarded():
        said = asyncio.get_running_loop().time()
        await door.keep_out(stays=[who.id])
        assert await door.notes() == 0
        assert asyncio.get_running_loop().time() - said >= SOON.total_seconds() * 0.9


async def test_who_was_there_is_not_taken_for_somebody_who_came_back_after_a_list(door: Door) -> None:
    who = await door.comes()
    async with door.guarded():
        await door.keep_out(stays=[who.id])
        now = SystemClock().now()
        listing = Origin(provider="memory", key="list", at=now, seen_at=now, source=Source.COMMAND)
        await door.house.tell(ParticipantsListed(**listing, room=door.room(), participants=(who,)))
        assert await door.notes() == 0


@pytest.mark.parametrize("by", [-HOUR, HOUR])
async def test_a_servers_clock_that_is_wrong_changes_nothing(door: Door, by: timedelta) -> None:
    def seen_by_the_server(who: Participant) -> Participant:
        return replace(who, joined_at=SystemClock().now() + by)

    there = seen_by_the_server(door.memory.server.join("standup", "bob"))
    await door.hears_of(there)
    async with door.guarded():
        await door.keep_out(stays=[there.id])
        assert await door.notes() == 0
        await door.hears_of(seen_by_the_server(door.memory.server.join("standup", "bob")))
        assert await door.notes() == 1


async def test_who_is_kept_out_is_so_by_each_of_their_numbered_identities(door: Door) -> None:
    await door.keep_out("slack-T1-UBOB")
    await door.comes("slack-T1-UBOBBY-2")
    async with door.guarded():
        for identity in ("slack-T1-UBOB-2", "slack-T1-UBOB"):
            await door.comes(identity)
        await until(lambda: len(door.inside()) == 1)

    assert door.inside() == ["slack-T1-UBOBBY-2"]


async def test_what_has_run_out_is_forgotten_at_the_start_and_later_without_a_wake(door: Door) -> None:
    async def rows() -> int:
        async with door.house.store.reading() as conn:
            return int((await conn.execute(select(func.count()).select_from(keep_out))).scalar_one())

    await door.keep_out("ana", until=timedelta(0))
    await door.keep_out("bob", until=timedelta(seconds=0.5))
    await door.keep_out("eve")
    assert await rows() == 3
    async with door.guarded(), asyncio.timeout(5):
        for left in (2, 1):
            while await rows() != left:
                await asyncio.sleep(0.01)


async def test_whoever_came_back_while_the_bot_was_down_is_removed_at_the_start(door: Door) -> None:
    await door.keep_out()
    await door.comes()
    async with door.guarded():
        assert await door.notes() == 1


async def test_a_keep_out_that_ran_out_or_was_lifted_keeps_nobody_out(door: Door) -> None:
    await door.keep_out("bob", until=timedelta(0))
    await door.keep_out("ana")
    assert await door.keep_outs.lift(TEAM, "memory", "standup", "ana")
    await door.keep_out("eve")
    async with door.guarded():
        for identity in ("bob", "ana", "eve"):
            await door.comes(identity)
        await until(lambda: "eve" not in door.inside())

    assert door.inside() == ["bob", "ana"]


async def test_a_join_that_is_heard_of_when_they_have_gone_is_no_news(door: Door) -> None:
    await door.keep_out()
    late = door.memory.server.join("standup", "bob")
    door.memory.server.leave("standup", "bob")
    async with door.guarded():
        await door.hears_of(late)
        assert await door.notes() == 0


async def test_a_join_that_is_heard_of_twice_removes_once(door: Door) -> None:
    await door.keep_out()
    async with door.guarded():
        who = await door.comes()
        assert await door.notes() == 1
        again = door.memory.server.join("standup", "bob")
        await door.hears_of(who)
        assert door.inside() == ["bob"], "nobody has told of the second time yet"
        await door.hears_of(again)
        await door.until_empty()


async def test_a_server_in_trouble_is_asked_again_ever_more_seldom_and_holds_up_no_other(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.alerts.bouncer.FIRST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr("bot.alerts.bouncer.LONGEST_PAUSE_SECONDS", 0.15)
    for provider in ("memory", "classroom"):
        await door.keep_out(provider=provider)
    door.memory.server.faults["remove_participant"] = Unreachable
    with capture_logs() as lines:
        async with door.guarded():
            await door.comes()
            await door.comes(server=door.classroom)
            await door.until_empty(door.classroom)
            await until(lambda: len(lines) == 4)
            assert door.inside() == ["bob"]
            door.memory.server.faults.clear()
            assert await door.notes() == 2, "one for each server"

    assert {(line["event"], line["provider"]) for line in lines} == {("a removal waits", "memory")}
    assert [line["seconds"] for line in lines][:4] == [0.05, 0.1, 0.15, 0.15]


async def test_a_server_that_never_answers_holds_up_no_other(door: Door) -> None:
    for provider in ("memory", "classroom"):
        await door.keep_out(provider=provider)
    door.memory.server.delay_seconds = 60
    async with door.guarded():
        await door.comes()
        await door.comes(server=door.classroom)
        await door.until_empty(door.classroom)

    assert door.inside() == ["bob"]


async def test_a_server_that_asks_for_time_gets_it(door: Door) -> None:
    class Busy(RateLimited):
        """It is busy. Wait."""

        def __init__(self, detail: str = "", *, provider: str = "", operation: str = "") -> None:
            super().__init__(detail, retry_after=7.0, provider=provider, operation=operation)

    await door.keep_out()
    door.memory.server.faults["remove_participant"] = Busy
    with capture_logs() as lines:
        async with door.guarded():
            await door.comes()
            await until(lambda: lines)

    assert [line["seconds"] for line in lines] == [7.0]


async def test_who_may_be_there_again_meanwhile_is_left_in_peace(door: Door) -> None:
    await door.keep_out()
    await door.keep_out("eve")
    door.memory.server.faults["remove_participant"] = Unreachable
    with capture_logs() as lines:
        async with door.guarded():
            await door.comes()
            await until(lambda: lines)
            assert await door.keep_outs.lift(TEAM, "memory", "standup", "bob")
            await door.comes("eve")
            await until(lambda: len(lines) > 1)
            door.memory.server.faults.clear()
            await until(lambda: "eve" not in door.inside())

    assert door.inside() == ["bob"]


async def test_a_server_that_cannot_remove_anybody_is_left_alone_and_named_once(door: Door) -> None:
    door.memory.lacking = frozenset({Capability.REMOVE_PARTICIPANT})
    await door.keep_out()
    await door.keep_out(provider="classroom")
    with capture_logs() as lines:
        async with door.guarded():
            await door.comes()
            await door.comes(server=door.classroom)
            await door.until_empty(door.classroom)

    assert door.inside() == ["bob"]
    assert [line["provider"] for line in lines] == ["memory"]


async def test_it_ends_between_two_reads_when_it_is_told_to_though_somebody_is_left(door: Door) -> None:
    door.memory.server.faults["remove_participant"] = Unreachable
    await door.keep_out()
    task = asyncio.create_task(door.bouncer.run())
    with capture_logs() as lines:
        await door.comes()
        await until(lambda: any(line["event"] == "a removal waits" for line in lines))
        door.bouncer.stop()
        async with asyncio.timeout(0.5):
            await task
    assert door.inside() == ["bob"]
