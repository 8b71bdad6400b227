"""The look at what goes on: what it tells and when, and what it asks the server for."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from bot.alerts.comparison import Listed
from bot.alerts.looking import MISSED_FOR, Looking
from bot.store.beliefs import Beliefs
from providers.backend import Backend
from providers.base import (
    Capability,
    Egress,
    EgressOptions,
    EgressRef,
    EgressSource,
    Participant,
    ParticipantKind,
    RecordingStatus,
    Room,
    RoomOptions,
    RoomRef,
    StreamStatus,
    Track,
    TrackKind,
)
from providers.errors import NotFound
from providers.facts import Condition, ConditionSeen, Fact, Source, ThingKind
from tests.bot.alerts.facts import (
    ROOM,
    after,
    dismissed,
    finished,
    joined,
    left,
    looked,
    person,
    recording,
    started,
    stream,
)
from tests.bot.alerts.house import TEAM, House
from tests.bot.alerts.net import Net, Silent
from tests.bot.conversations.clock import MovedClock

STARTING, LIVE = RecordingStatus.STARTING, RecordingStatus.LIVE
ANA = person(1)
SENDS = replace(ANA, tracks=(Track("TR_1", TrackKind.AUDIO),))
RECORDER = Participant("PA_9", "RE_1", kind=ParticipantKind.EGRESS)
LATE = 3_600.0
MISSED_SECONDS = MISSED_FOR.total_seconds()


class Studio(Backend):
    """A video server with one room, and records of what is taken there."""

    kind = "memory"
    options = frozenset({Capability.PARTICIPANT_TRACKS})

    def __init__(self) -> None:
        super().__init__("memory")
        self.calls: list[str] = []
        self.there: list[Participant] | None = [SENDS, RECORDER]
        self.written = 0.0

    async def list_participants(self, room: RoomRef) -> list[Participant]:
        self.calls.append("list_participants")
        if self.there is None:
            raise NotFound("no such room")
        return self.there

    async def list_egresses(
        self, room: RoomRef | None = None, *, id: str | None = None, active: bool = False
    ) -> list[Egress]:
        self.calls.append("list_egresses")
        ref = EgressRef(self.name, "RE_1")
        return [Egress(ref, ROOM, EgressSource(), "ACTIVE", is_active=True, updated_at=after(self.written))]


@dataclass
class Watch:
    """A look after the other, and what was told in the last one."""

    house: House
    studio: Studio
    looking: Looking = field(init=False)
    told: list[Fact] = field(default_factory=list)
    token: int = 0

    def __post_init__(self) -> None:
        self.looking = Looking(self.studio, Beliefs(self.house.store))

    async def look(self, at: float, *, is_recorded: bool = True, lists_rooms: bool = True) -> dict[str, object]:
        self.told, self.studio.calls, self.token = [], [], self.token + 1
        rooms = [Room(ROOM, recording=is_recorded)] if lists_rooms else None
        await self.looking.look(Listed(rooms), after(at), self._tell, token=self.token)
        return {fact.thing_id: fact.condition for fact in self.told if isinstance(fact, ConditionSeen)}

    async def _tell(self, facts: Sequence[Fact]) -> None:
        self.told += facts
        await self.house.intake.accept(facts, team_id=TEAM)
        assert await self.house.intake.fold_waiting()


@pytest.fixture
def watch(house: House) -> Watch:
    return Watch(house, Studio())


async def test_where_nothing_goes_on_nothing_is_asked(watch: Watch) -> None:
    await watch.house.tell(started(), recording(RecordingStatus.READY, 1), recording(LIVE, 1, id="RE_2"))
    await watch.house.tell(dismissed(2, id="RE_2"))
    assert await watch.look(LATE) == {}
    assert watch.studio.calls == []


async def test_nor_where_people_and_the_recorder_are_there(watch: Watch) -> None:
    await watch.house.tell(started(), joined(ANA, 1), joined(RECORDER, 2), recording(LIVE, 2))
    assert await watch.look(LATE) == {}
    assert watch.studio.calls == []


async def test_what_is_odd_is_told_once_and_that_it_is_no_more(watch: Watch) -> None:
    await watch.house.tell(started(), recording(STARTING, 0))
    watch.studio.there = [ANA]
    assert await watch.look(10) == {}
    assert await watch.look(20) == {"RE_1": Condition.NO_PUBLISHER}
    [fact] = watch.told
    assert (fact.source, fact.thing, fact.seen_at) == (Source.RECONCILE, ThingKind.RECORDING, after(20))
    assert (await watch.house.recording()).condition is Condition.NO_PUBLISHER
    assert await watch.look(25) == {}
    watch.studio.there = [SENDS]
    assert await watch.look(28) == {"RE_1": None}
    assert (await watch.house.recording()).condition is None
    assert await watch.look(29) == {}
    assert await watch.look(31) == {"RE_1": Condition.NO_START_SIGNAL}


async def test_that_it_has_begun_meanwhile_counts_for_more(watch: Watch) -> None:
    """The look was read from what was believed before the webhook came."""
    await watch.house.tell(started(), recording(STARTING, 0), recording(LIVE, 20), looked(19.5, Condition.NO_PUBLISHER))
    assert (await watch.house.recording()).condition is None


async def test_all_of_one_room_are_looked_at_by_one_call(watch: Watch) -> None:
    await watch.house.tell(started(), recording(STARTING, 0), stream(StreamStatus.STARTING, 0))
    watch.studio.there = []
    assert await watch.look(60) == {"RE_1": Condition.NO_PUBLISHER, "ST_1": Condition.NO_PUBLISHER}
    assert watch.studio.calls == ["list_participants"]


async def test_what_all_have_left_is_told_of(watch: Watch) -> None:
    await watch.house.tell(started(), joined(ANA, 1), joined(RECORDER, 1), recording(LIVE, 2), left(ANA, 10))
    watch.studio.there = [RECORDER]
    assert await watch.look(100) == {}
    assert await watch.look(130) == {"RE_1": Condition.UNATTENDED}
    await watch.house.tell(joined(person(2), 140))
    assert await watch.look(150) == {"RE_1": None}


async def test_a_room_that_is_over_needs_no_call(watch: Watch) -> None:
    await watch.house.tell(started(), recording(LIVE, 2), finished(10))
    assert await watch.look(LATE) == {"RE_1": Condition.ROOM_OVER}
    assert watch.studio.calls == []


async def test_a_room_that_goes_meanwhile_is_left_to_the_next_look(watch: Watch) -> None:
    await watch.house.tell(started(), recording(STARTING, 0))
    watch.studio.there = None
    assert await watch.look(60) == {}


async def test_a_recorder_that_is_missed_twice_has_left_it_behind(watch: Watch) -> None:
    await watch.house.tell(started(), joined(ANA, 1), recording(LIVE, 2))
    watch.studio.there = [SENDS]
    assert await watch.look(LATE, is_recorded=False) == {}
    assert watch.studio.calls == ["list_participants", "list_egresses"]
    assert await watch.look(LATE + MISSED_SECONDS - 1, is_recorded=False) == {}
    assert await watch.look(LATE + MISSED_SECONDS, is_recorded=False) == {"RE_1": Condition.LEFT_BEHIND}
    assert await watch.look(LATE + MISSED_SECONDS + 1, is_recorded=False) == {}
    watch.studio.there = [SENDS, RECORDER]
    assert await watch.look(LATE + MISSED_SECONDS + 2) == {"RE_1": None}


async def test_one_that_was_back_in_between_is_missed_anew(watch: Watch) -> None:
    await watch.house.tell(started(), joined(ANA, 1), recording(LIVE, 2))
    for number, there in enumerate(([SENDS], [SENDS, RECORDER], [SENDS])):
        watch.studio.there = there
        assert await watch.look(LATE + number * MISSED_SECONDS, is_recorded=False) == {}


async def test_one_whose_record_is_kept_up_is_at_work(watch: Watch) -> None:
    """As on a server whose recorders join no room."""
    await watch.house.tell(started(), joined(ANA, 1), recording(LIVE, 2))
    watch.studio.there = [SENDS]
    for number in range(3):
        watch.studio.written = at = LATE + number * MISSED_SECONDS
        assert await watch.look(at, is_recorded=False) == {}


async def test_a_recorder_that_is_missed_keeps_what_was_said_before(watch: Watch) -> None:
    await watch.house.tell(started(), joined(ANA, 1), recording(LIVE, 2), left(ANA, 10))
    watch.studio.written, watch.studio.there = LATE, [RECORDER]
    assert await watch.look(LATE) == {"RE_1": Condition.UNATTENDED}
    watch.studio.written, watch.studio.there = 0, []
    assert await watch.look(LATE + 1) == {}
    assert await watch.look(LATE + 1 + MISSED_SECONDS) == {"RE_1": Condition.LEFT_BEHIND}


class NoRecords(Studio):
    capabilities = Studio._possible() - {Capability.LIST_EGRESSES}


class NobodyListed(Studio):
    capabilities = Studio._possible() - {Capability.LIST_PARTICIPANTS}


async def test_recorders_are_not_judged_where_the_server_shows_no_records(house: House) -> None:
    watch = Watch(house, NoRecords())
    await house.tell(started(), joined(ANA, 1), recording(LIVE, 2))
    assert await watch.look(LATE, is_recorded=False) == {}
    assert watch.studio.calls == []


async def test_nobody_is_asked_for_who_cannot_be_listed(house: House) -> None:
    watch = Watch(house, NobodyListed())
    await house.tell(started(), recording(STARTING, 0), recording(LIVE, 2, id="RE_2"))
    assert await watch.look(LATE, lists_rooms=False) == {}
    assert watch.studio.calls == []


async def test_a_whole_server_tells_what_its_worker_has_left_behind(house: House) -> None:
    net = Net(house, Silent())
    room = net.memory.server.create_room("standup", RoomOptions()).room
    net.memory.server.join("standup", "ana")
    kept = net.memory.server.start_recording(room.ref, EgressOptions())
    await net.memory.server.settled()
    net.memory.server.abandon(kept.ref.id)
    await net.webhooks()
    clock = MovedClock()
    for seconds, condition in ((0, None), (180, None), (MISSED_SECONDS, Condition.LEFT_BEHIND)):
        clock.move(seconds=seconds)
        assert await net.look(clock) == ([] if condition is None else ["condition_seen"])
        assert (await house.recording(kept.ref.id)).condition is condition
    assert await net.look(clock) == []


async def test_what_was_left_behind_is_looked_at_by_its_record_where_no_room_tells(watch: Watch) -> None:
    """A stop was not answered in time, and the worker went on."""
    page = RoomRef("memory", "", "")
    await watch.house.tell(recording(LIVE, 0, room=page), looked(10, Condition.LEFT_BEHIND))
    watch.studio.written = 5
    assert await watch.look(LATE) == {}
    watch.studio.written = 20
    assert await watch.look(LATE) == {"RE_1": None}
    assert watch.studio.calls == ["list_egresses"]


async def test_nor_where_it_has_not_begun(watch: Watch) -> None:
    await watch.house.tell(started(), recording(STARTING, 0), looked(10, Condition.LEFT_BEHIND))
    watch.studio.written = 20
    assert await watch.look(25) == {"RE_1": None}


async def test_records_that_were_listed_are_not_asked_for_again(watch: Watch) -> None:
    page = RoomRef("memory", "", "")
    await watch.house.tell(recording(LIVE, 0, room=page), looked(10, Condition.LEFT_BEHIND))
    watch.studio.written = 20
    listed = Listed(None, await watch.studio.list_egresses())
    watch.studio.calls = []
    await watch.looking.look(listed, after(LATE), watch._tell, token=1)
    assert watch.studio.calls == []
    assert (await watch.house.recording()).condition is None


async def test_of_a_web_page_only_its_end_is_looked_at(watch: Watch) -> None:
    page = RoomRef("memory", "", "")
    await watch.house.tell(recording(LIVE, 0, room=page), recording(RecordingStatus.ENDING, 0, id="RE_2", room=page))
    assert await watch.look(LATE) == {"RE_2": Condition.SLOW_END}
    assert watch.studio.calls == []
