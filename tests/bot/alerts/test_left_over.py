"""What goes on, by what we believe, in a room that is over, on a server that does not list such things."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.alerts.comparison import ENDS_WITH_ITS_ROOM
from providers.base import (
    CallStatus,
    EgressOptions,
    IngressStatus,
    RecordingStatus,
    RoomOptions,
    RoomRef,
    StreamStatus,
)
from providers.facts import CallChanged, Fact, RecordingChanged, StreamChanged, ThingKind
from tests.bot.alerts.facts import call, finished, ingress, lost, recording, started, stream
from tests.bot.alerts.house import House
from tests.bot.alerts.net import Net, RoomsAlone, Silent
from tests.bot.conversations.clock import MovedClock

SECOND = timedelta(seconds=1)


class NoLists(Silent):
    capabilities = frozenset()


def heard(fact: Fact) -> Fact:
    """Told of at this moment."""
    moment = datetime.now(UTC)
    return replace(fact, at=moment, seen_at=moment)


def later(kind: ThingKind) -> MovedClock:
    clock = MovedClock()
    clock.move(seconds=ENDS_WITH_ITS_ROOM[kind].total_seconds())
    return clock


GOES_ON: dict[ThingKind, Fact] = {
    ThingKind.STREAM: stream(StreamStatus.LIVE, 0, id="X_1"),
    ThingKind.CALL: call(CallStatus.ACTIVE, 0, id="X_1"),
    ThingKind.RECORDING: recording(RecordingStatus.LIVE, 0, id="X_1"),
}


@pytest.mark.parametrize("kind", GOES_ON)
class TestWhatIsNotListed:
    @pytest.mark.parametrize("ending", [finished(0), lost(0)], ids=["ended", "lost"])
    async def test_does_not_outlive_its_room(self, house: House, kind: ThingKind, ending: Fact) -> None:
        net = Net(house, RoomsAlone())
        await house.tell(heard(started()), heard(GOES_ON[kind]), heard(ending))
        assert await net.compare() == [], "its end may be on its way"
        assert await net.compare(later(kind)) == ["sight_lost"]
        assert (await house.state("X_1")).is_lost
        assert await net.compare(later(kind)) == []

    async def test_goes_on_in_a_room_that_goes_on(self, house: House, kind: ThingKind) -> None:
        net = Net(house, RoomsAlone())
        room = net.memory.server.create_room("standup", RoomOptions()).room
        await net.webhooks()
        await house.tell(heard(_in(room.ref, GOES_ON[kind])))
        assert await net.compare(later(kind)) == []

    async def test_goes_on_in_a_room_that_is_listed_and_was_not_heard_of(self, house: House, kind: ThingKind) -> None:
        net = Net(house, RoomsAlone())
        room = net.memory.server.create_room("standup", RoomOptions()).room
        await house.tell(heard(_in(room.ref, GOES_ON[kind])))
        assert await net.compare(later(kind)) == ["room_seen"]

    async def test_is_lost_in_a_room_that_nobody_knows(self, house: House, kind: ThingKind) -> None:
        net = Net(house, RoomsAlone())
        await house.tell(heard(GOES_ON[kind]))
        assert await net.compare(later(kind)) == ["sight_lost"]
        assert net.memory.calls == ["list_rooms", "list_rooms"], "one list is no proof"

    async def test_is_left_alone_in_a_room_that_cannot_be_asked_about(self, house: House, kind: ThingKind) -> None:
        await house.tell(heard(GOES_ON[kind]))
        assert await Net(house, NoLists()).compare(later(kind)) == []

    async def test_is_back_with_its_next_webhook(self, house: House, kind: ThingKind) -> None:
        net = Net(house, RoomsAlone())
        await house.tell(heard(started()), heard(GOES_ON[kind]), heard(finished(0)))
        await net.compare(later(kind))
        after_that = later(kind).now() + SECOND
        await house.tell(replace(GOES_ON[kind], at=after_that, seen_at=after_that, key="the next"))
        assert not (await house.state("X_1")).is_over


def _in(room: RoomRef, fact: Fact) -> Fact:
    match fact:
        case StreamChanged():
            return replace(fact, stream=replace(fact.stream, room=room))
        case CallChanged():
            return replace(fact, call=replace(fact.call, room=room))
        case RecordingChanged():
            return replace(fact, recording=replace(fact.recording, room=room))
    raise AssertionError(fact.type)


async def test_an_ingress_outlives_its_room(house: House) -> None:
    net = Net(house, RoomsAlone())
    await house.tell(heard(started()), heard(ingress(IngressStatus.LIVE, 0)), heard(finished(0)))
    assert await net.compare(later(ThingKind.RECORDING)) == []


async def test_recordings_that_are_listed_are_judged_by_the_list(house: House) -> None:
    net = Net(house, Silent())
    room = net.memory.server.create_room("standup", RoomOptions()).room
    kept = net.memory.server.start_recording(room.ref, EgressOptions())
    await net.memory.server.settled()
    await net.webhooks()
    await house.tell(heard(finished(0, room.ref)))
    assert await net.compare(later(ThingKind.RECORDING)) == []
    assert not (await house.recording(kept.ref.id)).is_over
