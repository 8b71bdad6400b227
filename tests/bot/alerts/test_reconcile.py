"""The loops that compare: when they do, who does, what people are told of a server that is away, and how they end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from bot.alerts import reconcile
from bot.alerts.reconcile import Reconciler
from bot.alerts.state import ServerState, state_from_json
from bot.store.leases import LEASE, now
from bot.store.named_lease import NamedLease
from bot.store.tables import inbox, lease, thing
from providers.base import CallStatus, IngressStatus, RecordingStatus, Room, RoomOptions, RoomRef
from providers.errors import RateLimited, Unauthenticated, Unreachable
from providers.facts import Condition, Fact, RecordingChanged, ThingKind
from tests.bot.alerts.facts import call, ingress, recording
from tests.bot.alerts.house import TEAM, House
from tests.bot.alerts.net import Net, RoomsAlone, Silent
from tests.bot.conversations.clock import MovedClock

PAGE = RoomRef("memory", "", "")
"""The room of what is taken from a web page."""

SOON = timedelta(milliseconds=20)
NEVER = timedelta(hours=1)


@pytest.fixture(autouse=True)
def short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "FLOOR", SOON)


@pytest.fixture
def net(house: House) -> Net:
    return Net(house, Silent())


@asynccontextmanager
async def running(net: Net, reconciler: Reconciler) -> AsyncIterator[None]:
    """With the fold of what comes in. Both end when they are told to."""
    works = [asyncio.create_task(reconciler.run()), asyncio.create_task(net.house.intake.run())]
    try:
        yield
    finally:
        reconciler.stop()
        net.house.intake.stop()
        async with asyncio.timeout(5):
            await asyncio.gather(*works)


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(10):
        while not await holds():
            await asyncio.sleep(0.01)


async def compared(net: Net, times: int, outcome: str = "ok", provider: str = "memory") -> None:
    async def holds() -> bool:
        return net.rounds(outcome, provider) >= times

    await until(holds)


async def kept(net: Net) -> list[str]:
    """What came in, in a word each."""
    async with net.house.store.reading() as conn:
        return list((await conn.execute(select(inbox.c.kind).order_by(inbox.c.id))).scalars())


async def server(net: Net) -> ServerState | None:
    """What is known of the server itself."""
    async with net.house.store.reading() as conn:
        body = await conn.scalar(select(thing.c.state).where(thing.c.kind == ThingKind.SERVER))
    state = state_from_json(body) if body is not None else None
    return state if isinstance(state, ServerState) else None


async def test_it_compares_at_the_start_and_tells_a_difference_once(net: Net) -> None:
    room = net.memory.server.create_room("standup", RoomOptions()).room
    async with running(net, net.reconciler(interval=SOON)):
        await compared(net, 5)
    assert await kept(net) == ["room_seen"]
    assert await net.house.things() == {room.ref.id}
    assert net.metrics.registry.get_sample_value("showcaller_reconcile_differences_total", {"provider": "memory"}) == 1


async def test_in_a_hurry_it_does_not_wait_for_the_interval(net: Net) -> None:
    reconciler = net.reconciler(interval=NEVER)
    async with running(net, reconciler):
        await compared(net, 1)
        net.memory.server.create_room("standup", RoomOptions())
        reconciler.hurry("memory")
        await compared(net, 2)
    assert await kept(net) == ["room_seen"]


async def test_a_hurry_in_mid_round_makes_another_one(net: Net) -> None:
    reconciler = net.reconciler(interval=NEVER)

    async def hurries() -> None:
        if net.rounds() == 0:
            reconciler.hurry("memory")

    net.memory.after_list = hurries
    async with running(net, reconciler):
        await compared(net, 2)


async def test_after_a_sleep_it_compares_at_once(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "LOOK_SECONDS", 0.02)
    clock = MovedClock()
    with capture_logs() as lines:
        async with running(net, net.reconciler(interval=NEVER, clock=clock)):
            await compared(net, 1)
            clock.move(seconds=60)
            await compared(net, 2)
    assert [line["seconds"] for line in lines if line["event"].startswith("this process slept")] == [60]


async def test_of_a_server_that_is_away_people_hear_at_the_second_failure(net: Net) -> None:
    reconciler = net.reconciler(interval=NEVER)
    net.memory.server.faults["*"] = Unreachable
    async with running(net, reconciler):
        await compared(net, 1, "Unreachable")
        assert await kept(net) == []
        reconciler.hurry("memory")
        await until(lambda: server(net))
        state = await server(net)
        assert state is not None
        assert (state.is_reached, state.why) == (False, "The video server does not answer.")

        reconciler.hurry("memory")
        await compared(net, 3, "Unreachable")
        net.memory.server.faults.clear()
        reconciler.hurry("memory")
        await compared(net, 1)
        reconciler.hurry("memory")
        await compared(net, 2)
    assert await kept(net) == ["server_unreached", "server_reached"]
    state = await server(net)
    assert state is not None
    assert state.is_reached


async def test_while_a_server_is_away_it_is_tried_again_before_the_interval(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "RETRY", SOON)
    net.memory.server.faults["*"] = Unreachable
    async with running(net, net.reconciler(interval=NEVER)):
        await compared(net, 3, "Unreachable")
        net.memory.server.faults.clear()
        await compared(net, 1)


async def test_one_failure_between_good_rounds_is_nobodys_business(net: Net) -> None:
    reconciler = net.reconciler(interval=NEVER)
    async with running(net, reconciler):
        for number in range(1, 4):
            net.memory.server.faults["*"] = Unreachable
            reconciler.hurry("memory")
            await compared(net, number, "Unreachable")
            net.memory.server.faults.clear()
            reconciler.hurry("memory")
            await compared(net, number)
    assert await kept(net) == []


async def test_a_key_that_is_not_accepted_is_said_in_other_words(net: Net) -> None:
    net.memory.server.faults["*"] = Unauthenticated
    async with running(net, net.reconciler(interval=SOON)):
        await until(lambda: server(net))
    state = await server(net)
    assert state is not None
    assert state.why == "The video server does not accept our key or secret."


async def test_a_server_that_is_busy_is_not_away(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "RETRY", SOON)
    monkeypatch.setattr(net.memory, "list_rooms", busy(0))
    async with running(net, net.reconciler(interval=SOON)):
        await compared(net, 3, "RateLimited")
    assert await kept(net) == []


async def test_a_server_that_is_busy_is_left_alone_as_long_as_it_says(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconciler = net.reconciler(interval=SOON)
    monkeypatch.setattr(net.memory, "list_rooms", busy(NEVER.total_seconds()))
    async with running(net, reconciler):
        await compared(net, 1, "RateLimited")
        await until(lambda: rested(net, NEVER))
        reconciler.hurry("memory")
        await until(lambda: is_hurried(net))
    assert await due_in(net) > NEVER.total_seconds() - 60
    assert net.rounds("RateLimited") == 1


async def test_however_many_are_in_a_hurry_it_rests_between_rounds(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "FLOOR", NEVER / 2)
    reconciler = net.reconciler(interval=NEVER)
    async with running(net, reconciler):
        await compared(net, 1)
        await until(lambda: rested(net, NEVER / 2))
        reconciler.hurry("memory")
        await until(lambda: is_hurried(net))
        assert (NEVER / 2).total_seconds() - 60 < await due_in(net) <= (NEVER / 2).total_seconds()
    assert net.rounds() == 1


class TestWhileSomethingBeginsOrEnds:
    """It is compared more often, so that what is odd is found while somebody waits."""

    @pytest.fixture(autouse=True)
    def soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reconcile, "SOON", SOON)
        monkeypatch.setattr(reconcile, "LOOK_SECONDS", 0.02)

    @pytest.fixture
    def net(self, house: House) -> Net:
        return Net(house, RoomsAlone())

    @pytest.mark.parametrize(
        "told",
        [
            recording(RecordingStatus.STARTING, 0, room=PAGE),
            recording(RecordingStatus.ENDING, 0, room=PAGE),
            ingress(IngressStatus.BUFFERING, 0),
            call(CallStatus.DIALING, 0),
            call(CallStatus.RINGING, 0),
        ],
    )
    async def test_rounds_are_soon(self, net: Net, told: Fact) -> None:
        moment = datetime.now(UTC)
        async with running(net, net.reconciler(interval=NEVER)):
            await compared(net, 1)
            await net.house.tell(replace(told, at=moment, seen_at=moment))
            await compared(net, 4)

    async def test_they_are_not_for_what_goes_on_or_is_long_overdue(self, net: Net) -> None:
        overdue = of_a_page(RecordingStatus.STARTING, "RE_2")
        overdue = replace(overdue, seen_at=overdue.seen_at - reconcile.LONG)
        await net.house.tell(of_a_page(RecordingStatus.LIVE), overdue)
        await self.while_another_is_compared(net)
        assert net.rounds() == 1

    async def test_they_are_not_while_the_server_is_away(self, net: Net) -> None:
        net.memory.server.faults["*"] = Unreachable
        await net.house.tell(of_a_page(RecordingStatus.STARTING))
        await self.while_another_is_compared(net)
        assert net.rounds("Unreachable") == 1

    @staticmethod
    async def while_another_is_compared(net: Net) -> None:
        """Many times, as something begins there."""
        await net.house.tell(of_a_page(RecordingStatus.STARTING, provider="other"))
        async with running(net, net.reconciler(net.memory, RoomsAlone("other"), interval=NEVER)):
            await compared(net, 6, provider="other")

    async def test_what_is_odd_is_told(self, net: Net) -> None:
        late = MovedClock()
        late.move(seconds=60)
        await net.house.tell(of_a_page(RecordingStatus.ENDING))
        async with running(net, net.reconciler(interval=NEVER, clock=late)):
            await until(lambda: is_slow(net))
            await compared(net, int(net.rounds()) + 2)
        assert await kept(net) == ["recording_changed", "condition_seen"]


def of_a_page(status: RecordingStatus, id: str = "RE_1", *, provider: str = "memory") -> RecordingChanged:
    """Told of at this moment."""
    told = recording(status, 0, id=id, room=RoomRef(provider, "", ""))
    return replace(told, at=datetime.now(UTC), seen_at=datetime.now(UTC))


async def is_slow(net: Net) -> bool:
    return (await net.house.recording()).condition is Condition.SLOW_END


def busy(retry_after: float) -> Callable[..., Awaitable[list[Room]]]:
    async def list_rooms(names: Collection[str] = ()) -> list[Room]:
        raise RateLimited(provider="memory", operation="list_rooms", retry_after=retry_after)

    return list_rooms


async def due_in(net: Net) -> float:
    return await NamedLease(net.house.store, "reconcile:memory", team_id=TEAM).seconds_until_due()


async def rested(net: Net, rest: timedelta) -> bool:
    """Whether the round is over, and the next one is far."""
    return await due_in(net) > rest.total_seconds() - 60


async def is_hurried(net: Net) -> bool:
    async with net.house.store.reading() as conn:
        return bool(await conn.scalar(select(lease.c.next_at <= now())))


async def test_a_server_that_is_slow_holds_up_no_other(net: Net) -> None:
    slow = Silent("slow")
    never = asyncio.Event()

    async def hangs() -> None:
        await never.wait()

    slow.after_list = hangs
    async with running(net, net.reconciler(slow, net.memory, interval=SOON)):
        await compared(net, 3)
        assert net.rounds("ok", "slow") == 0


async def test_a_stop_breaks_a_round_off_and_leaves_it_to_others(net: Net) -> None:
    listed = asyncio.Event()

    async def hangs() -> None:
        listed.set()
        await asyncio.Event().wait()

    net.memory.after_list = hangs
    async with running(net, net.reconciler(interval=NEVER)):
        await listed.wait()
    assert await NamedLease(net.house.store, "reconcile:memory", team_id=TEAM).take() is not None


async def test_whoever_lost_the_turn_writes_nothing(net: Net) -> None:
    """Frozen between the list and what comes of it, while another process took over."""
    net.memory.server.create_room("standup", RoomOptions())

    async def is_taken_over() -> None:
        taken = update(lease).values(token=lease.c.token + 1, lease_until=now(LEASE))
        await net.house.store.write(lambda conn: conn.execute(taken))

    net.memory.after_list = is_taken_over
    with capture_logs() as lines:
        async with running(net, net.reconciler(interval=SOON)):
            await compared(net, 1, "LeaseLost")
    assert await kept(net) == []
    assert [line["event"] for line in lines] == ["another process compares now, and what this one found is dropped"]


async def test_a_round_that_fails_by_a_fault_of_ours_is_soon_made_up_for(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> None:
        net.memory.after_list = goes_well
        raise RuntimeError("a bug")

    goes_well = net.memory.after_list
    net.memory.after_list = fails
    monkeypatch.setattr(reconcile, "RETRY", SOON)
    with capture_logs() as lines:
        async with running(net, net.reconciler(interval=NEVER)):
            await compared(net, 1)
    assert [(line["log_level"], line.get("part")) for line in lines] == [("error", "reconcile memory")]


async def test_what_is_frozen_beyond_its_lease_in_one_call_keeps_it_by_renewing(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "RENEW_SECONDS", 0.01)
    others = NamedLease(net.house.store, "reconcile:memory", team_id=TEAM)
    taken: list[object] = []

    async def takes_long() -> None:
        ends = update(lease).values(lease_until=lease.c.next_at)
        await net.house.store.write(lambda conn: conn.execute(ends))
        await until(lambda: _is_held(others))
        taken.append(await others.take())

    net.memory.after_list = takes_long
    async with running(net, net.reconciler(interval=NEVER)):
        await compared(net, 1)
    assert taken == [None, None]


async def _is_held(work: NamedLease) -> bool:
    return await work.seconds_until_due() > 0
