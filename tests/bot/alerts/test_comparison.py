"""What webhooks did not tell, one comparison with the server's own lists mends, and it tells nothing else."""

import pytest

from bot.alerts.state import RoomStatus
from providers.base import (
    Capability,
    EgressOptions,
    ParticipantKind,
    RecordingStatus,
    Room,
    RoomOptions,
    RoomRef,
    Stream,
    StreamRef,
    StreamStatus,
)
from providers.errors import Unreachable
from providers.facts import Source
from tests.bot.alerts.facts import dismissed, recording, stream
from tests.bot.alerts.house import House
from tests.bot.alerts.net import Net, RoomsAlone, Silent

ROOMS = 200


@pytest.fixture
def net(house: House) -> Net:
    return Net(house, Silent())


def make(net: Net, name: str = "standup") -> Room:
    return net.memory.server.create_room(name, RoomOptions()).room


async def test_nothing_is_told_where_nothing_differs(net: Net) -> None:
    room = make(net)
    net.memory.server.join("standup", "ana")
    net.memory.server.start_recording(room.ref, EgressOptions())
    await net.memory.server.settled()
    await net.webhooks()
    assert (await net.house.room(room.ref.id)).people == 1
    assert await net.compare() == []
    assert net.memory.calls == ["list_rooms"], "nobody is asked who is in a room whose count is ours"


async def test_a_room_that_came_up_unheard_is_found_with_who_is_in_it(net: Net) -> None:
    room = make(net)
    for who in ("ana", "bob"):
        net.memory.server.join("standup", who)
    assert await net.compare() == ["room_seen", "participants_listed"]
    found = await net.house.room(room.ref.id)
    assert sorted(each.participant.identity for each in found.present.values()) == ["ana", "bob"]
    assert {fact.source for fact in net.told} == {Source.RECONCILE}
    assert await net.compare() == []


async def test_an_ending_that_was_not_heard_loses_sight_of_the_room(net: Net) -> None:
    room = make(net)
    await net.webhooks()
    net.memory.server.close_room(room.ref)
    net.lose_webhooks()
    assert await net.compare() == ["sight_lost"]
    assert (await net.house.room(room.ref.id)).is_lost
    assert await net.compare() == []


async def test_the_ending_that_comes_late_is_what_counts(net: Net) -> None:
    room = make(net)
    await net.webhooks()
    net.memory.server.close_room(room.ref)
    await net.compare()
    await net.webhooks()
    ended = await net.house.room(room.ref.id)
    assert (ended.is_lost, ended.status) == (False, RoomStatus.ENDED)
    assert await net.compare() == []


async def test_what_is_listed_again_was_not_lost(net: Net) -> None:
    room = make(net)
    await net.webhooks()
    lives = net.memory.server._lives
    forgotten = lives.pop("standup")
    await net.compare()
    assert (await net.house.room(room.ref.id)).is_lost
    lives["standup"] = forgotten
    assert await net.compare() == ["room_seen"]
    assert not (await net.house.room(room.ref.id)).is_over


async def test_one_list_that_leaves_a_room_out_is_no_proof(net: Net) -> None:
    make(net)
    await net.webhooks()
    lives = net.memory.server._lives
    forgotten = lives.pop("standup")

    async def comes_back() -> None:
        lives["standup"] = forgotten

    net.memory.after_list = comes_back
    assert await net.compare() == []
    assert net.memory.calls == ["list_rooms", "list_rooms"]


async def test_a_new_life_of_the_name_does_not_hide_the_end_of_the_old_one(net: Net) -> None:
    old = make(net)
    await net.webhooks()
    net.memory.server.close_room(old.ref)
    new = make(net)
    net.lose_webhooks()
    assert await net.compare() == ["room_seen", "sight_lost"]
    assert (await net.house.room(old.ref.id)).is_lost
    assert not (await net.house.room(new.ref.id)).is_over


async def test_a_webhook_between_list_and_second_look_says_what_became_of_it(net: Net) -> None:
    room = make(net)
    await net.webhooks()
    net.memory.server.close_room(room.ref)
    net.memory.after_list = net.webhooks
    assert await net.compare() == [], "its end was told, so nobody loses sight of it"
    assert (await net.house.room(room.ref.id)).status is RoomStatus.ENDED


async def test_a_list_that_was_read_before_a_webhook_arrived_does_not_win(net: Net) -> None:
    """It still shows the room, and the webhook that arrives meanwhile tells its end."""
    room = make(net)
    net.memory.server.join("standup", "ana")

    async def closes() -> None:
        net.memory.after_list = net.webhooks
        net.memory.server.close_room(room.ref)
        await net.webhooks()

    net.memory.after_list = closes
    await net.compare()
    assert (await net.house.room(room.ref.id)).status is RoomStatus.ENDED
    assert await net.compare() == []


async def test_a_sight_lost_and_a_later_webhook_in_any_order_leave_the_room_live(net: Net) -> None:
    room = make(net)
    await net.webhooks()
    lives = net.memory.server._lives
    forgotten = lives.pop("standup")
    await net.compare()
    lives["standup"] = forgotten
    net.memory.server.join("standup", "ana")
    await net.webhooks()
    assert not (await net.house.room(room.ref.id)).is_over


async def test_joins_and_departures_that_were_not_heard_are_mended(net: Net) -> None:
    room = make(net)
    for who in ("ana", "bob"):
        net.memory.server.join("standup", who)
    await net.webhooks()
    net.memory.server.leave("standup", "bob")
    for who in ("cleo", "dan", "eve"):
        net.memory.server.join("standup", who)
    net.lose_webhooks()
    assert await net.compare() == ["participants_listed", "participants_listed"], "who is gone is gone from two lists"
    found = await net.house.room(room.ref.id)
    assert sorted(each.participant.identity for each in found.present.values()) == ["ana", "cleo", "dan", "eve"]
    assert await net.compare() == []


async def test_whoever_one_list_leaves_out_is_still_there(net: Net) -> None:
    room = make(net)
    for who in ("ana", "bob"):
        net.memory.server.join("standup", who)
    await net.webhooks()
    net.memory.server.join("standup", "cleo")
    lists = net.memory.calls

    class Forgetful(set[str]):
        """Leaves ana out of the first list alone."""

        def __contains__(self, who: object) -> bool:
            return who == "ana" and lists.count("list_participants") == 1

    net.memory.omitted = Forgetful()
    assert await net.compare() == ["participants_listed", "participants_listed"]
    found = await net.house.room(room.ref.id)
    assert sorted(each.participant.identity for each in found.present.values()) == ["ana", "bob", "cleo"]


async def test_machines_that_the_server_counts_and_we_do_not_are_no_difference(net: Net) -> None:
    make(net)
    net.memory.server.join("standup", "camera", kind=ParticipantKind.INGRESS)
    await net.webhooks()
    assert await net.compare() == []


async def test_a_room_that_goes_while_people_are_listed_is_left_to_the_next_round(net: Net) -> None:
    room = make(net)
    await net.webhooks()
    net.memory.server.join("standup", "ana")
    net.lose_webhooks()

    async def goes() -> None:
        if "standup" in net.memory.server._lives:
            net.memory.server.close_room(room.ref)
        net.lose_webhooks()

    net.memory.after_list = goes
    assert await net.compare() == ["room_seen"]
    assert await net.compare() == ["sight_lost"]


async def test_a_recording_that_ended_unheard_is_ended(net: Net) -> None:
    room = make(net)
    recording = net.memory.server.start_recording(room.ref, EgressOptions())
    await net.memory.server.settled()
    await net.webhooks()
    net.memory.server.fail_recording(recording.ref.id, "disk full")
    net.lose_webhooks()
    assert await net.compare() == ["recording_changed"]
    failed = await net.house.recording(recording.ref.id)
    assert (failed.status, failed.recording.error) == (RecordingStatus.FAILED, "disk full")
    assert (await net.house.room(room.ref.id)).running_recordings == []
    assert await net.compare() == []


async def test_of_unknown_recordings_those_are_told_that_run(net: Net) -> None:
    room = make(net)
    await net.webhooks()
    over = net.memory.server.start_recording(room.ref, EgressOptions())
    net.memory.server.finish_recording(over.ref.id)
    runs = net.memory.server.start_recording(room.ref, EgressOptions())
    net.lose_webhooks()
    assert await net.compare() == ["recording_changed"]
    assert await net.house.things() == {room.ref.id, runs.ref.id}


async def test_a_recording_that_the_server_forgot_is_lost_and_found(net: Net) -> None:
    room = make(net)
    recording = net.memory.server.start_recording(room.ref, EgressOptions())
    await net.memory.server.settled()
    await net.webhooks()
    net.memory.forgotten = {recording.ref.id}
    assert await net.compare() == ["sight_lost"]
    assert (await net.house.recording(recording.ref.id)).is_lost
    net.memory.forgotten.clear()
    assert await net.compare() == ["recording_changed"]
    assert not (await net.house.recording(recording.ref.id)).is_over


async def test_egresses_are_listed_once_for_recordings_and_streams(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for name in ("list_egresses", "list_recordings", "list_streams"):
        _count(net.memory, name, asked, monkeypatch)
    assert await net.compare() == []
    assert asked == ["list_egresses"]


def _count(server: Silent, name: str, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    before = getattr(server, name)

    async def call(*args: object, **kwargs: object) -> object:
        asked.append(name)
        return await before(*args, **kwargs)

    monkeypatch.setattr(server, name, call)


class Streaming(Silent):
    """`sent` are its streams. It lists no egresses."""

    capabilities = Silent._possible() - {Capability.LIST_EGRESSES}

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Stream] = []

    async def list_streams(self, room: RoomRef | None = None) -> list[Stream]:
        return self.sent


async def test_streams_are_found_ended_and_lost_by_their_list(house: House) -> None:
    server = Streaming()
    net = Net(house, server)
    room = make(net)
    await net.webhooks()
    lives = [Stream(StreamRef("memory", f"ST_{number}"), room.ref, StreamStatus.LIVE) for number in (1, 2)]
    server.sent = [*lives, Stream(StreamRef("memory", "ST_0"), room.ref, StreamStatus.ENDED)]
    assert await net.compare() == ["stream_changed", "stream_changed"], "one that had ended unheard is left alone"
    assert (await house.room(room.ref.id)).streams.keys() == {"ST_1", "ST_2"}
    server.sent = [Stream(lives[0].ref, room.ref, StreamStatus.FAILED, error="refused")]
    assert await net.compare() == ["stream_changed", "sight_lost"]
    assert await house.statuses() == {room.ref.id: ("live", False), "ST_1": ("failed", True), "ST_2": ("lost", True)}
    assert await net.compare() == []


async def test_what_is_of_a_web_page_is_judged_by_the_list_alone(house: House) -> None:
    """A stream of one goes on, where streams are not listed; nothing tells that it does not."""
    net = Net(house, RoomsAlone())
    page = RoomRef("memory", "", "")
    await house.tell(recording(RecordingStatus.LIVE, 0, room=page), stream(StreamStatus.LIVE, 0, room=page))
    assert await net.compare() == []


async def test_what_is_dismissed_stays_so_while_its_server_lists_it(net: Net) -> None:
    room = make(net)
    kept = net.memory.server.start_recording(room.ref, EgressOptions())
    await net.memory.server.settled()
    await net.webhooks()
    await net.house.tell(dismissed(0, id=kept.ref.id))
    assert await net.compare() == []
    assert (await net.house.recording(kept.ref.id)).shown_status == "dismissed"
    assert (await net.house.room(room.ref.id)).running_recordings == []


async def test_a_room_that_has_ended_stays_so_whatever_is_listed(net: Net) -> None:
    """As after a node of several died: rooms are left behind in the list."""
    room = make(net)
    await net.webhooks()
    leftover = net.memory.server._lives["standup"]
    net.memory.server.close_room(room.ref)
    await net.webhooks()
    net.memory.server._lives["standup"] = leftover
    assert await net.compare() == []


async def test_rooms_that_are_as_believed_cost_one_call_and_no_row(net: Net) -> None:
    for number in range(ROOMS):
        make(net, f"room-{number:04}")
    assert len(await net.compare()) == ROOMS
    net.memory.calls.clear()
    assert await net.compare() == []
    assert net.memory.calls == ["list_rooms"]


async def test_keys_of_a_round_are_its_own(net: Net) -> None:
    make(net)
    net.memory.server.join("standup", "ana")
    await net.compare()
    first = {fact.key for fact in net.told}
    assert len(first) == 2
    net.memory.server.leave("standup", "ana")
    net.lose_webhooks()
    await net.compare()
    assert len(net.told) == 2
    assert first.isdisjoint(fact.key for fact in net.told)


async def test_people_of_a_fact_are_brief(net: Net) -> None:
    make(net)
    net.memory.server.join("standup", "ana", metadata="nobody else's")
    await net.compare()
    [listed] = [fact for fact in net.told if fact.type == "participants_listed"]
    assert [who.metadata for who in listed.participants] == [""]


async def test_an_error_of_the_server_is_the_rounds(net: Net) -> None:
    net.memory.server.faults["*"] = Unreachable
    with pytest.raises(Unreachable):
        await net.compare()


class Mute(Silent):
    """A server that lists nothing."""

    capabilities = frozenset()


async def test_a_server_that_lists_nothing_is_asked_whether_it_is_there(house: House) -> None:
    net = Net(house, Mute())
    make(net)
    assert await net.compare() == []
    net.memory.server.faults["ping"] = Unreachable
    with pytest.raises(Unreachable):
        await net.compare()
