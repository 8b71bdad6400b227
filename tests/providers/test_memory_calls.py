"""How telephones and agents go on the in-memory server where it is its own: who answers, what ends, what is told."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from providers.base import (
    CallStatus,
    DialOptions,
    JobStatus,
    ParticipantKind,
    RoomOptions,
    RoomRef,
    RuleChanges,
    RuleKind,
    RuleOptions,
    TrunkChanges,
    TrunkDirection,
    TrunkOptions,
)
from providers.errors import Conflict, NotFound, NoWorker, Rejected
from providers.facts import CallChanged, Fact
from providers.memory.server import MemoryServer

NUMBER = "+15550123456"
OUR_NUMBER = "+15550100"


@pytest.fixture
async def room(server: MemoryServer) -> RoomRef:
    return server.create_room("standup", RoomOptions(max_participants=2)).room.ref


@pytest.fixture
async def mia(server: MemoryServer) -> DialOptions:
    """Mia, by a trunk that there is."""
    trunk = server.create_trunk(TrunkOptions(TrunkDirection.OUTBOUND, numbers=(OUR_NUMBER,), address="sip.example.com"))
    return DialOptions(NUMBER, trunk.ref.id, "mia", caller_number=OUR_NUMBER, dtmf=SecretStr("w1w2#"))


def statuses(told: list[Fact]) -> list[CallStatus]:
    return [fact.call.status for fact in told if isinstance(fact, CallChanged)]


class TestCalls:
    async def test_somebody_answers_by_themselves(
        self, server: MemoryServer, room: RoomRef, mia: DialOptions, told: list[Fact]
    ) -> None:
        """Then they hear what was to be pressed."""
        call = server.dial(room, mia)
        server.send_dtmf(call.ref.id, SecretStr("9"))
        await server.settled()
        assert statuses(told) == ["dialing", "ringing", "active"]
        server.send_dtmf(call.ref.id, SecretStr("3wd"))
        assert server.dtmf_heard(call.ref.id) == "12#3D"
        server.hang_up_there(call.ref.id)
        assert (statuses(told)[-1], server.list_participants(room)) == (CallStatus.ENDED, [])

    async def test_it_rings_until_somebody_answers(self, server: MemoryServer, room: RoomRef, mia: DialOptions) -> None:
        server.phones_answer = False
        call = server.dial(room, mia)
        await server.settled()
        assert [call.status for call in server.list_calls(room)] == [CallStatus.RINGING]
        assert server.answer(call.ref.id).status is CallStatus.ACTIVE
        with pytest.raises(Conflict):
            server.answer(call.ref.id)

    async def test_what_is_refused_begins_no_call(
        self, server: MemoryServer, room: RoomRef, mia: DialOptions, told: list[Fact]
    ) -> None:
        inbound = server.create_trunk(TrunkOptions(TrunkDirection.INBOUND, allowed_addresses=("198.51.100.7",)))
        with pytest.raises(NotFound):
            server.dial(room, replace(mia, trunk=inbound.ref.id))
        for wrong in (replace(mia, number="mia@there"), replace(mia, caller_number="1"), replace(mia, identity="")):
            with pytest.raises(Rejected):
                server.dial(room, wrong)
        with pytest.raises(Rejected) as refused:
            server.dial(room, replace(mia, dtmf=SecretStr("4711x")))
        assert "4711" not in refused.value.detail
        server.has_phones = False
        with pytest.raises(NoWorker):
            server.dial(room, mia)
        server.has_phones = True
        server.join("standup", "ana")
        server.join("standup", "bo")
        with pytest.raises(Conflict):
            server.dial(room, mia)
        await server.settled()
        assert (server.list_calls(room), statuses(told)) == ([], [])

    async def test_whoever_is_removed_has_hung_up(
        self, server: MemoryServer, room: RoomRef, mia: DialOptions, told: list[Fact]
    ) -> None:
        call = server.dial(room, mia)
        server.remove_participant(room, "mia")
        await server.settled()
        assert statuses(told) == ["dialing", "ended"]
        with pytest.raises(NotFound):
            server.refuse(call.ref.id)

    async def test_the_other_side_stays(self, server: MemoryServer, room: RoomRef, mia: DialOptions) -> None:
        call = server.dial(room, mia)
        await server.settled()
        server.refuses_transfers = True
        with pytest.raises(Conflict):
            server.transfer_call(call.ref.id, NUMBER)
        assert [call.status for call in server.list_calls(room)] == [CallStatus.ACTIVE]

    async def test_somebody_calls(self, server: MemoryServer) -> None:
        """Nobody in the room sees more of the number than its end."""
        trunk = server.create_trunk(TrunkOptions(TrunkDirection.INBOUND, numbers=(OUR_NUMBER,)))
        call = server.call_in("desk", NUMBER)
        assert (call.trunk, call.status, call.is_inbound) == (trunk.ref.id, CallStatus.ACTIVE, True)
        (caller,) = server.list_participants(call.room)
        assert (caller.kind, caller.name) == (ParticipantKind.PHONE, "Phone …3456")
        assert "123456" not in repr((call, caller))


class TestTrunks:
    async def test_a_change_must_be_possible_too(self, server: MemoryServer, mia: DialOptions) -> None:
        first, second = (
            server.create_trunk(TrunkOptions(TrunkDirection.INBOUND, numbers=(number,))) for number in "12"
        )
        with pytest.raises(Conflict):
            server.update_trunk(second.ref.id, TrunkChanges(numbers=first.numbers))
        with pytest.raises(Rejected):
            server.update_trunk(mia.trunk, TrunkChanges(address=""))
        shared = TrunkChanges(numbers=first.numbers, allowed_numbers=(NUMBER,))
        assert server.update_trunk(second.ref.id, shared).numbers == first.numbers

    async def test_a_rule_is_about_calls_that_no_other_is_about(self, server: MemoryServer) -> None:
        first = server.create_rule(RuleOptions(RuleKind.DIRECT, "desk", callers=(NUMBER,)))
        second = server.create_rule(RuleOptions(RuleKind.INDIVIDUAL, "desk-"))
        with pytest.raises(Conflict):
            server.update_rule(second.ref.id, RuleChanges(callers=(OUR_NUMBER, NUMBER)))
        for wrong in (RuleChanges(room=""), RuleChanges(pin=SecretStr("open sesame"))):
            with pytest.raises(Rejected):
                server.update_rule(first.ref.id, wrong)
        assert server.list_rules() == [first, second]


async def test_an_agent_that_is_removed_is_done(server: MemoryServer, room: RoomRef) -> None:
    """Its dispatch is still there."""
    (job,) = server.dispatch_agent(room, "assistant").jobs
    server.remove_participant(room, job.identity)
    (listed,) = server.list_agent_dispatches(room)
    assert [(each.status, each.ended_at is not None) for each in listed.jobs] == [(JobStatus.DONE, True)]
