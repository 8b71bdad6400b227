"""What comes into rooms, compared with a server's own lists: ingresses of one list, calls by their rooms."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import pytest

from bot.alerts.comparison import Comparison, Listed
from bot.alerts.ingress_looking import IngressLooking
from bot.alerts.looking import MISSED_FOR
from bot.alerts.state import CallState, IngressState
from bot.clock import SystemClock
from bot.store.beliefs import Beliefs
from commands.core.ingress_orphans import SILENCE
from providers.backend import Backend
from providers.base import (
    Call,
    CallRef,
    CallStatus,
    Ingress,
    IngressStatus,
    Participant,
    ParticipantKind,
    Room,
    RoomRef,
)
from providers.errors import NotFound
from providers.facts import Condition, ConditionSeen, Fact, ThingKind
from tests.bot.alerts.facts import ROOM, after, call, finished, ingress, joined, started
from tests.bot.alerts.house import TEAM, House

LIVE, WAITING, FAILED = IngressStatus.LIVE, IngressStatus.WAITING, IngressStatus.FAILED
ONE_CALL = call(CallStatus.ACTIVE, 0).call
PHONE = Participant("PA_8", "phone-4567", kind=ParticipantKind.PHONE)
CAMERA = Participant("PA_9", "camera-2", kind=ParticipantKind.INGRESS)
SILENT_SECONDS = SILENCE.total_seconds()
MISSED_SECONDS = MISSED_FOR.total_seconds()


class Gate(Backend):
    """A video server with the room `standup`, unless it `has_ended`, and what comes in there."""

    kind = "memory"

    def __init__(self) -> None:
        super().__init__("memory")
        self.has_ended = False
        self.there: list[Participant] = []
        self.ingresses: dict[str, Ingress] = {}
        self.calls: list[Call] = []
        self.asked: list[str] = []

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        return [] if self.has_ended else [Room(ROOM, participants=len(self.there))]

    async def list_participants(self, room: RoomRef) -> list[Participant]:
        self.asked.append("list_participants")
        if self.has_ended:
            raise NotFound("no such room")
        return self.there

    async def list_ingresses(self, room: RoomRef | None = None, *, id: str | None = None) -> list[Ingress]:
        return list(self.ingresses.values())

    async def list_calls(self, room: RoomRef) -> list[Call]:
        self.asked.append("list_calls")
        if self.has_ended:
            raise NotFound("no such room")
        return self.calls

    def comes_in(self, status: IngressStatus, at: float = 0, kilobits: int = 0) -> None:
        """Without a webhook."""
        self.ingresses["IN_1"] = ingress(status, at, kilobits=kilobits).ingress


@dataclass
class Round:
    """Comparisons one after the other, and what was told in the last one."""

    house: House
    gate: Gate = field(default_factory=Gate)
    told: list[Fact] = field(default_factory=list)
    token: int = 0

    async def compare(self) -> list[str]:
        self.told, self.gate.asked, self.token = [], [], self.token + 1
        beliefs = Beliefs(self.house.store)
        comparison = Comparison(self.gate, beliefs, SystemClock(), self.tell, token=self.token, second_look_seconds=0)
        await comparison.run()
        return [fact.type for fact in self.told]

    async def tell(self, facts: Sequence[Fact]) -> None:
        self.told += facts
        await self.house.intake.accept(facts, team_id=TEAM)
        assert await self.house.intake.fold_waiting()

    async def ingress(self) -> IngressState:
        state = await self.house.state("IN_1")
        assert isinstance(state, IngressState)
        return state

    async def call(self) -> CallState:
        state = await self.house.state("CA_1")
        assert isinstance(state, CallState)
        return state


@pytest.fixture
async def net(house: House) -> Round:
    await house.tell(started())
    return Round(house)


class TestIngresses:
    @pytest.mark.parametrize("status", [WAITING, FAILED, IngressStatus.COMPLETE])
    async def test_one_that_brings_nothing_and_nobody_here_knows_is_no_news(
        self, net: Round, status: IngressStatus
    ) -> None:
        net.gate.comes_in(status)
        assert await net.compare() == []

    async def test_one_that_came_up_unheard_is_found(self, net: Round) -> None:
        net.gate.comes_in(LIVE)
        assert await net.compare() == ["ingress_changed"]
        assert await net.compare() == []

    async def test_what_it_did_unheard_is_told_once(self, net: Round) -> None:
        await net.house.tell(ingress(WAITING, 0))
        for status in (IngressStatus.BUFFERING, LIVE, FAILED, WAITING):
            net.gate.comes_in(status)
            assert await net.compare() == ["ingress_changed"]
            assert (await net.ingress()).status is status
        assert await net.compare() == []

    async def test_what_wobbles_is_told_when_it_adds_up(self, net: Round) -> None:
        await net.house.tell(ingress(LIVE, 0, kilobits=2_000))
        told = []
        for kilobits in (2_300, 2_500, 2_600, 2_700, 2_900):
            net.gate.comes_in(LIVE, kilobits=kilobits)
            told.append(await net.compare())
        assert told == [[], [], [], ["ingress_changed"], []]

    async def test_one_that_was_deleted_elsewhere_is_lost_sight_of(self, net: Round) -> None:
        await net.house.tell(ingress(WAITING, 0))
        assert await net.compare() == ["sight_lost"]
        assert (await net.ingress()).is_lost

    async def test_in_a_room_where_all_that_come_in_are_known_nobody_is_asked_for(self, net: Round) -> None:
        await net.house.tell(ingress(LIVE, 0), joined(CAMERA, 1))
        net.gate.comes_in(LIVE)
        net.gate.there = [CAMERA]
        assert await net.compare() == []
        assert net.gate.asked == []

    async def test_it_outlives_its_room(self, net: Round) -> None:
        net.gate.comes_in(WAITING)
        await net.house.tell(ingress(WAITING, 0), finished(1))
        net.gate.has_ended = True
        assert await net.compare() == []


class TestCalls:
    async def test_that_somebody_answered_is_told_by_no_webhook(self, net: Round) -> None:
        await net.house.tell(call(CallStatus.DIALING, 0))
        net.gate.calls = [ONE_CALL]
        assert await net.compare() == ["call_changed"]
        assert (await net.call()).status is CallStatus.ACTIVE
        assert await net.compare() == []

    async def test_no_room_is_asked_in_which_nobody_is_known_to_be_on_the_telephone(self, net: Round) -> None:
        net.gate.calls = [ONE_CALL]
        assert await net.compare() == []
        assert net.gate.asked == []

    async def test_one_that_came_in_unheard_is_found_by_who_is_in_the_room(self, net: Round) -> None:
        await net.house.tell(joined(PHONE, 0))
        net.gate.calls, net.gate.there = [replace(ONE_CALL, is_inbound=True)], [PHONE]
        assert await net.compare() == ["call_changed"]
        assert (await net.call()).call.is_inbound

    async def test_one_that_is_not_listed_any_more_is_lost_sight_of(self, net: Round) -> None:
        await net.house.tell(call(CallStatus.ACTIVE, 0))
        assert await net.compare() == ["sight_lost"]
        assert await net.compare() == []
        assert net.gate.asked == [], "it was looked for twice"
        net.gate.calls, net.gate.there = [replace(ONE_CALL, ref=CallRef("memory", "CA_1"))], [PHONE]
        await net.house.tell(joined(PHONE, 1))
        assert await net.compare() == ["call_changed"], "it is there again"

    async def test_in_a_room_that_is_over_none_is_asked_for(self, net: Round) -> None:
        await net.house.tell(call(CallStatus.ACTIVE, 0), finished(1))
        net.gate.has_ended = True
        assert await net.compare() == ["sight_lost"], "it ended with its room"
        assert net.gate.asked == []


class Looks:
    """At the ingress of the gate."""

    def __init__(self, net: Round) -> None:
        self.net = net
        self._looking = IngressLooking(net.gate, Beliefs(net.house.store))
        self._token = 0

    async def __call__(self, at: float) -> Condition | None:
        """What is odd about it by our knowledge after a look."""
        self.net.told, self.net.gate.asked, self._token = [], [], self._token + 1
        listed = Listed(await self.net.gate.list_rooms(), None, await self.net.gate.list_ingresses())
        await self._looking.look(listed, after(at), self.net.tell, token=self._token)
        return (await self.net.ingress()).condition


class TestLooks:
    async def test_one_whose_worker_is_gone_is_left_behind(self, net: Round) -> None:
        look = Looks(net)
        await net.house.tell(ingress(LIVE, 0))
        net.gate.comes_in(LIVE)
        missed_at = SILENT_SECONDS + 1
        assert await look(SILENT_SECONDS) is None
        assert net.gate.asked == [], "it was heard of not long ago"
        assert await look(missed_at) is None, "it may be back at once"
        assert await look(missed_at + MISSED_SECONDS) is Condition.LEFT_BEHIND
        assert await look(missed_at + MISSED_SECONDS + 1) is Condition.LEFT_BEHIND
        assert net.told == []

    async def test_until_it_is_heard_of_again(self, net: Round) -> None:
        look = Looks(net)
        await net.house.tell(ingress(LIVE, 0))
        net.gate.comes_in(LIVE)
        for at in (200, 200 + MISSED_SECONDS):
            await look(at)
        net.gate.comes_in(LIVE, 250)
        assert await look(260) is None
        [fact] = net.told
        assert isinstance(fact, ConditionSeen)
        assert (fact.thing, fact.condition) == (ThingKind.INGRESS, None)

    async def test_not_while_it_is_in_its_room(self, net: Round) -> None:
        look = Looks(net)
        await net.house.tell(ingress(LIVE, 0))
        net.gate.comes_in(LIVE)
        net.gate.there = [CAMERA]
        for at in (200, 200 + MISSED_SECONDS):
            assert await look(at) is None
        assert net.gate.asked == ["list_participants"]
        await net.house.tell(joined(CAMERA, 1))
        assert await look(300) is None
        assert net.gate.asked == [], "it is there by all that we know"

    async def test_nor_while_it_is_in_the_room_of_before_it_was_moved(self, net: Round) -> None:
        """The worker was not told: it goes on by the identity and in the room that it began with."""
        look = Looks(net)
        live = ingress(LIVE, 0).ingress
        moved = replace(live, room=replace(ROOM, name="retro"), identity="slides")
        await net.house.tell(replace(ingress(LIVE, 0), ingress=moved), joined(CAMERA, 1))
        net.gate.ingresses["IN_1"] = moved
        net.gate.there = [replace(CAMERA, attributes={"ingress.ingressID": "IN_1"})]
        assert [await look(at) for at in (200, 200 + MISSED_SECONDS)] == [None, None]

    async def test_nor_while_it_buffers_and_is_in_no_room_yet(self, net: Round) -> None:
        look = Looks(net)
        await net.house.tell(ingress(IngressStatus.BUFFERING, 0))
        net.gate.comes_in(IngressStatus.BUFFERING)
        assert [await look(at) for at in (200, 200 + MISSED_SECONDS)] == [None, None]
        assert net.gate.asked == []

    async def test_also_where_its_room_is_gone(self, net: Round) -> None:
        look = Looks(net)
        await net.house.tell(ingress(LIVE, 0))
        net.gate.comes_in(LIVE)
        net.gate.has_ended = True
        found = [await look(at) for at in (200, 200 + MISSED_SECONDS)]
        assert found == [None, Condition.LEFT_BEHIND]
