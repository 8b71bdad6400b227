from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.store.engine import Store
from bot.store.inbox import Inbox, Incoming
from bot.store.keep_outs import StoredKeepOuts
from bot.store.tables import keep_out
from commands.core.ports import KeepOut
from providers.facts import Source, ThingKind
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import save, snapshot

HOUR = timedelta(hours=1)


class Table(StoredKeepOuts):
    """Counts how often it said that something was added."""

    def __init__(self, store: Store, clock: StillClock) -> None:
        super().__init__(store, clock, self._count)
        self.additions = 0

    def _count(self) -> None:
        self.additions += 1


@pytest.fixture
def keep_outs(store: Store, clock: StillClock) -> Table:
    return Table(store, clock)


@pytest.fixture
def bob(clock: StillClock) -> KeepOut:
    return KeepOut("livekit", "standup", "bob", clock.now() + HOUR, "U1", ("PA_1", "PA_2"))


async def test_who_is_kept_out_is_kept_out_of_that_room_alone(keep_outs: Table, bob: KeepOut) -> None:
    await keep_outs.add("T1", bob)

    assert await keep_outs.of_room("T1", "livekit", "standup") == [bob]
    for address in (("T2", "livekit", "standup"), ("T1", "classroom", "standup"), ("T1", "livekit", "retro")):
        assert await keep_outs.of_room(*address) == []
    assert keep_outs.additions == 1


async def test_a_second_one_replaces_the_first(keep_outs: Table, bob: KeepOut) -> None:
    longer = replace(bob, until=bob.until + HOUR, by="U2", stays=())
    await keep_outs.add("T1", bob)
    await keep_outs.add("T1", longer)

    assert await keep_outs.of_room("T1", "livekit", "standup") == [longer]


async def test_it_ends_by_itself(keep_outs: Table, clock: StillClock, bob: KeepOut) -> None:
    await keep_outs.add("T1", bob)
    clock.advance(HOUR)
    assert await keep_outs.of_room("T1", "livekit", "standup") == []
    assert not await keep_outs.lift("T1", "livekit", "standup", "bob")


async def test_what_has_run_out_is_forgotten(store: Store, keep_outs: Table, clock: StillClock, bob: KeepOut) -> None:
    assert await keep_outs.forget() is None
    await keep_outs.add("T1", replace(bob, identity="eve", until=bob.until + HOUR))
    await keep_outs.add("T1", bob)

    for ends, left in ((bob.until, 2), (bob.until + HOUR, 1), (None, 0)):
        assert await keep_outs.forget() == ends
        async with store.reading() as conn:
            assert (await conn.execute(select(func.count()).select_from(keep_out))).scalar_one() == left
        clock.advance(HOUR)


async def test_whether_a_server_is_heard_of(store: Store, keep_outs: Table, clock: StillClock) -> None:
    def told(provider: str, source: Source) -> Incoming:
        key = f"{provider}:{source}"
        return Incoming(team_id="T1", provider=provider, event_key=key, kind="x", source=source, body=b"[]")

    await Inbox(store, clock).accept([told("livekit", Source.WEBHOOK), told("classroom", Source.COMMAND)])

    assert [await keep_outs.hears_of("T1", name) for name in ("livekit", "classroom", "eu")] == [True, False, False]
    assert not await keep_outs.hears_of("T2", "livekit")


async def test_it_is_lifted_once(keep_outs: Table, bob: KeepOut) -> None:
    await keep_outs.add("T1", bob)
    await keep_outs.add("T1", replace(bob, identity="eve"))

    assert await keep_outs.lift("T1", "livekit", "standup", "bob")
    assert not await keep_outs.lift("T1", "livekit", "standup", "bob")
    assert [kept.identity for kept in await keep_outs.of_room("T1", "livekit", "standup")] == ["eve"]


async def test_the_live_rooms_of_those_who_are_kept_out(
    store: Store, keep_outs: Table, clock: StillClock, bob: KeepOut
) -> None:
    await keep_outs.add("T1", bob)
    await keep_outs.add("T1", replace(bob, identity="eve", until=clock.now() + 2 * HOUR))
    await keep_outs.add("T1", replace(bob, room="retro"))
    assert await keep_outs.in_live_rooms("T1") == []

    for other in (
        snapshot("RM_0", terminal=True),
        snapshot("RM_2", provider="classroom"),
        snapshot("RM_3", team_id="T2"),
        snapshot("RE_1", kind=ThingKind.RECORDING),
        snapshot("RM_4", name="lesson"),
        snapshot("RM_1"),
    ):
        await save(store, other)

    found = await keep_outs.in_live_rooms("T1")
    assert sorted((each.kept.identity, each.room.server_id) for each in found) == [("bob", "RM_1"), ("eve", "RM_1")]
    assert next(each.kept for each in found if each.kept.identity == "bob") == bob
    clock.advance(HOUR)
    assert [each.kept.identity for each in await keep_outs.in_live_rooms("T1")] == ["eve"]


async def test_what_was_said_of_a_private_room_holds_where_that_channel_alone_looks(
    store: Store, keep_outs: Table, bob: KeepOut
) -> None:
    await keep_outs.add("T1", replace(bob, private_to="C1"))
    await keep_outs.add("T1", replace(bob, identity="eve"))
    await save(store, replace(snapshot("RM_1", channel_id="C1", made_by="U1"), is_private=True))
    await save(store, replace(snapshot("RM_2", channel_id="C2", made_by="U2"), is_private=True))
    await save(store, snapshot("RM_3", channel_id="C1"))

    watched = await keep_outs.in_live_rooms("T1")

    found = {(each.kept.identity, each.room.server_id) for each in watched}
    assert found == {("bob", "RM_1"), ("eve", "RM_1"), ("eve", "RM_2"), ("eve", "RM_3")}
