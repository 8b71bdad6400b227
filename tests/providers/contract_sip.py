"""The part of the contract about telephones: trunks, rules and calls."""

from dataclasses import replace
from random import randrange
from uuid import uuid4

import pytest
from pydantic import SecretStr

from providers.base import (
    Call,
    CallRef,
    CallStatus,
    Capability,
    DialOptions,
    ParticipantKind,
    RoomRef,
    Rule,
    RuleChanges,
    RuleKind,
    RuleOptions,
    RuleRef,
    Trunk,
    TrunkChanges,
    TrunkDirection,
    TrunkOptions,
    TrunkRef,
    TrunkTransport,
    shown_number,
)
from providers.errors import Conflict, NotFound, Rejected
from providers.facts import CallChanged, facts_to_json
from tests.providers.stage import Stage, eventually, fresh

PASSWORD = "the-trunk-password-of-the-stage"
PIN = "80414243"
RANG = (CallStatus.DIALING, CallStatus.RINGING)


class Trunks:
    async def test_a_trunk_by_which_calls_come_in(self, stage: Stage) -> None:
        asked = TrunkOptions(
            TrunkDirection.INBOUND,
            name="Desk",
            numbers=(_number(),),
            allowed_addresses=("198.51.100.0/24",),
            allowed_numbers=(_number(), _number()),
            username="desk",
            password=SecretStr(PASSWORD),
            metadata="{}",
        )
        trunk = await _trunk(stage, asked)
        assert trunk == _as_asked(trunk.ref, asked)
        assert trunk in await stage.provider.list_trunks()
        assert PASSWORD not in repr(trunk)

    async def test_a_trunk_by_which_calls_go_out(self, stage: Stage) -> None:
        asked = TrunkOptions(
            TrunkDirection.OUTBOUND,
            name="Carrier",
            numbers=(_number(), _number()),
            address="sip.example.com:5061",
            transport=TrunkTransport.TLS,
            country="DE",
            username="us",
            password=SecretStr(PASSWORD),
        )
        trunk = await _trunk(stage, asked)
        assert trunk == _as_asked(trunk.ref, asked)
        assert trunk in await stage.provider.list_trunks()

    async def test_what_could_let_anybody_in_is_refused(self, stage: Stage) -> None:
        stage.needs(Capability.CREATE_TRUNK, Capability.LIST_TRUNKS)
        name = fresh("open")
        closed = TrunkOptions(TrunkDirection.OUTBOUND, name=name, numbers=(_number(),), address="sip.example.com")
        bad = (
            TrunkOptions(TrunkDirection.INBOUND, name=name),
            TrunkOptions(TrunkDirection.INBOUND, name=name, numbers=(_number(),), username="half a login"),
            replace(closed, numbers=()),
            replace(closed, address=""),
        )
        for options in bad:
            with pytest.raises(Rejected):
                await stage.provider.create_trunk(options)
        assert name not in [trunk.name for trunk in await stage.provider.list_trunks()]

    async def test_a_number_is_of_one_trunk(self, stage: Stage) -> None:
        asked = TrunkOptions(
            TrunkDirection.INBOUND, numbers=(_number(),), username="desk", password=SecretStr(PASSWORD)
        )
        await _trunk(stage, asked)
        with pytest.raises(Conflict) as refused:
            await stage.provider.create_trunk(replace(asked, name="another"))
        assert PASSWORD not in str(refused.value) + refused.value.detail
        stage.needs(Capability.UPDATE_TRUNK)
        other = await _trunk(stage, replace(asked, numbers=(_number(),)))
        with pytest.raises(Conflict):
            await stage.provider.update_trunk(other.ref, TrunkChanges(numbers=(*other.numbers, *asked.numbers)))
        with pytest.raises(Conflict):
            await stage.provider.update_trunk(other.ref, TrunkChanges(numbers=asked.numbers))

    @pytest.mark.parametrize("direction", TrunkDirection)
    async def test_a_change_of_a_trunk_leaves_the_rest(self, stage: Stage, direction: TrunkDirection) -> None:
        stage.needs(Capability.UPDATE_TRUNK)
        address = "sip.example.com" if direction is TrunkDirection.OUTBOUND else ""
        secret = SecretStr(PASSWORD)
        asked = TrunkOptions(direction, "Desk", (_number(),), address, username="us", password=secret, metadata="{}")
        trunk = await _trunk(stage, asked)
        numbers = (_number(), _number())
        for changes, expected in (
            (TrunkChanges(name="Front desk"), replace(trunk, name="Front desk")),
            (TrunkChanges(numbers=numbers), replace(trunk, name="Front desk", numbers=numbers)),
            (TrunkChanges(name="", metadata=""), replace(trunk, name="", metadata="", numbers=numbers)),
            (
                TrunkChanges(username="", password=SecretStr("")),
                replace(trunk, name="", metadata="", numbers=numbers, username="", password=None),
            ),
        ):
            assert await stage.provider.update_trunk(trunk.ref, changes) == expected
            assert expected in await stage.provider.list_trunks()

    async def test_a_list_of_a_trunk_is_emptied(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_TRUNK)
        numbers = (_number(),)
        asked = TrunkOptions(TrunkDirection.INBOUND, numbers=numbers, allowed_numbers=(_number(),))
        trunk = await _trunk(stage, replace(asked, allowed_addresses=("198.51.100.7",)))
        emptied = await stage.provider.update_trunk(trunk.ref, TrunkChanges(allowed_addresses=(), allowed_numbers=()))
        assert emptied == replace(trunk, allowed_addresses=(), allowed_numbers=())
        with pytest.raises(Rejected):
            await stage.provider.update_trunk(trunk.ref, TrunkChanges(numbers=()))
        assert emptied in await stage.provider.list_trunks()

    async def test_a_trunk_that_is_gone(self, stage: Stage) -> None:
        stage.needs(Capability.DELETE_TRUNK, Capability.UPDATE_TRUNK)
        trunk = await _trunk(stage, TrunkOptions(TrunkDirection.INBOUND, numbers=(_number(),)))
        await stage.provider.delete_trunk(trunk.ref)
        assert trunk.ref not in [each.ref for each in await stage.provider.list_trunks()]
        for absent in (trunk.ref, TrunkRef(stage.provider.name, f"ST_{uuid4().hex[:8]}")):
            with pytest.raises(NotFound):
                await stage.provider.delete_trunk(absent)
            with pytest.raises(NotFound):
                await stage.provider.update_trunk(absent, TrunkChanges(name="Desk"))


class Rules:
    @pytest.mark.parametrize("kind", RuleKind)
    async def test_a_rule_of_each_kind(self, stage: Stage, kind: RuleKind) -> None:
        asked = RuleOptions(
            kind,
            fresh("desk"),
            name="Callers",
            pin=SecretStr(PIN),
            trunks=(await _desk(stage),),
            callers=(_number(),),
            hides_number=True,
            metadata="{}",
        )
        rule = await stage.provider.create_rule(asked)
        expected = Rule(
            rule.ref, kind, asked.room, asked.name, asked.pin, asked.trunks, asked.callers, True, asked.metadata
        )
        assert rule == expected
        assert expected in await stage.provider.list_rules()
        assert PIN not in repr(rule)

    async def test_the_same_calls_have_one_rule(self, stage: Stage) -> None:
        """Another PIN makes it another one."""
        asked = RuleOptions(RuleKind.DIRECT, fresh("desk"), trunks=(await _desk(stage),))
        first = await stage.provider.create_rule(asked)
        with pytest.raises(Conflict):
            await stage.provider.create_rule(replace(asked, room=fresh("elsewhere")))
        second = await stage.provider.create_rule(replace(asked, pin=SecretStr(PIN)))
        with pytest.raises(Conflict) as refused:
            await stage.provider.create_rule(replace(asked, pin=SecretStr(PIN)))
        assert PIN not in str(refused.value) + refused.value.detail
        listed = [rule.ref for rule in await stage.provider.list_rules()]
        assert {first.ref, second.ref} <= set(listed)

    async def test_a_change_of_a_rule_leaves_the_rest(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_RULE)
        asked = RuleOptions(RuleKind.DIRECT, fresh("desk"), "Callers", SecretStr(PIN), (await _desk(stage),))
        rule = await stage.provider.create_rule(replace(asked, callers=(_number(),)))
        for changes, expected in (
            (RuleChanges(room="lobby"), replace(rule, room="lobby")),
            (RuleChanges(kind=RuleKind.INDIVIDUAL), replace(rule, room="lobby", kind=RuleKind.INDIVIDUAL)),
            (
                RuleChanges(kind=RuleKind.CALLEE, name="", pin=SecretStr(""), callers=(), hides_number=True),
                Rule(rule.ref, RuleKind.CALLEE, "lobby", trunks=rule.trunks, hides_number=True),
            ),
        ):
            assert await stage.provider.update_rule(rule.ref, changes) == expected
            assert expected in await stage.provider.list_rules()

    async def test_a_rule_that_is_gone(self, stage: Stage) -> None:
        stage.needs(Capability.DELETE_RULE, Capability.UPDATE_RULE)
        rule = await stage.provider.create_rule(RuleOptions(RuleKind.DIRECT, "desk", trunks=(await _desk(stage),)))
        await stage.provider.delete_rule(rule.ref)
        assert rule.ref not in [each.ref for each in await stage.provider.list_rules()]
        for absent in (rule.ref, RuleRef(stage.provider.name, f"SDR_{uuid4().hex[:8]}")):
            with pytest.raises(NotFound):
                await stage.provider.delete_rule(absent)
            with pytest.raises(NotFound):
                await stage.provider.update_rule(absent, RuleChanges(name="Callers"))


class Calls:
    async def test_a_call_from_dialling_to_hanging_up(self, stage: Stage) -> None:
        stage.needs(Capability.HANG_UP)
        number = _number()
        call = await _dialled(stage, number)
        trunk = call.trunk
        assert (call.identity, call.number, call.is_inbound) == ("mia", shown_number(number), False)
        assert call.status in RANG
        (listed,) = await stage.provider.list_calls(call.room)
        assert replace(listed, status=call.status, started_at=call.started_at) == call
        assert trunk in [each.ref.id for each in await stage.provider.list_trunks()]
        phone = await stage.participant(call.room, "mia")
        assert (phone.kind, phone.name, phone.is_person) == (ParticipantKind.PHONE, "Mia", True)
        await stage.answers(call)
        active = await stage.call(call, CallStatus.ACTIVE)
        await stage.provider.hang_up(active)
        assert await stage.provider.list_calls(call.room) == []
        with pytest.raises(NotFound):
            await stage.provider.hang_up(active)
        if stage.provider.webhook_kinds:
            ended = await stage.fact(CallChanged, lambda f: f.call.ref == call.ref and f.call.status.is_final)
            assert (ended.call.status, ended.call.room, ended.call.trunk) == (CallStatus.ENDED, call.room, trunk)
            assert (ended.call.number, ended.call.error) == (shown_number(number), None)
        assert number not in repr([call, active]) + facts_to_json(stage.told).decode()

    async def test_a_call_that_is_refused(self, stage: Stage) -> None:
        stage.needs_webhooks()
        call = await _dialled(stage)
        await stage.refuses(call)
        failed = await stage.fact(CallChanged, lambda f: f.call.ref == call.ref and f.call.status.is_final)
        assert failed.call.status is CallStatus.FAILED
        assert failed.call.error

    async def test_what_cannot_be_dialled(self, stage: Stage) -> None:
        room, options = await _ready(stage)
        with pytest.raises(NotFound):
            await stage.provider.dial(room, replace(options, trunk=f"ST_{uuid4().hex[:8]}"))
        assert await stage.provider.list_calls(room) == []
        await stage.provider.close_room(room)
        with pytest.raises(NotFound):
            await stage.provider.dial(room, options)
        with pytest.raises(NotFound):
            await stage.provider.list_calls(room)

    async def test_closing_the_room_ends_its_calls(self, stage: Stage) -> None:
        stage.needs(Capability.CLOSE_ROOM)
        stage.needs_webhooks()
        call = await _dialled(stage)
        await stage.answers(call)
        await stage.provider.close_room(call.room)
        ended = await stage.fact(CallChanged, lambda f: f.call.ref == call.ref and f.call.status.is_final)
        assert ended.call.status is CallStatus.ENDED

    async def test_a_call_that_comes_in(self, stage: Stage) -> None:
        stage.needs(Capability.LIST_CALLS)
        room, number = (await stage.create()).ref, _number()
        await stage.calls_in(room, number)
        (call,) = await stage.provider.list_calls(room)
        assert (call.room, call.number, call.is_inbound) == (room, shown_number(number), True)
        assert call.status is CallStatus.ACTIVE
        if stage.provider.webhook_kinds:
            told = await stage.fact(CallChanged, lambda f: f.call.ref == call.ref)
            assert (told.call.number, told.call.is_inbound) == (call.number, True)

    async def test_keys_are_heard(self, stage: Stage) -> None:
        stage.needs(Capability.SEND_DTMF)
        call = await _dialled(stage)
        await stage.answers(call)
        await stage.provider.send_dtmf(call, SecretStr("1*#D"))

        async def heard() -> bool:
            return await stage.hears_dtmf(call) == "1*#D"

        await eventually(heard)

    async def test_a_call_is_handed_on(self, stage: Stage) -> None:
        stage.needs(Capability.TRANSFER_CALL)
        stage.needs_webhooks()
        call = await _dialled(stage)
        await stage.answers(call)
        await stage.provider.transfer_call(call, _number())
        ended = await stage.fact(CallChanged, lambda f: f.call.ref == call.ref and f.call.status.is_final)
        assert ended.call.status is CallStatus.ENDED

    async def test_a_call_that_never_was(self, stage: Stage) -> None:
        stage.needs(Capability.HANG_UP, Capability.SEND_DTMF, Capability.TRANSFER_CALL)
        room = (await stage.create()).ref
        absent = Call(CallRef(stage.provider.name, "SCL_never"), room, CallStatus.ACTIVE, identity="nobody")
        with pytest.raises(NotFound):
            await stage.provider.hang_up(absent)
        with pytest.raises(NotFound):
            await stage.provider.send_dtmf(absent, SecretStr("1"))
        with pytest.raises(NotFound):
            await stage.provider.transfer_call(absent, _number())


def _number() -> str:
    """One that nobody has used: a trunk's is its alone."""
    return f"+1555{randrange(10**9):09}"


def _as_asked(ref: TrunkRef, asked: TrunkOptions) -> Trunk:
    return Trunk(ref, *(getattr(asked, name) for name in TrunkOptions.__slots__))


async def _trunk(stage: Stage, options: TrunkOptions) -> Trunk:
    stage.needs(Capability.CREATE_TRUNK, Capability.LIST_TRUNKS)
    trunk = await stage.provider.create_trunk(options)
    assert trunk.ref.provider == stage.provider.name
    return trunk


async def _desk(stage: Stage) -> str:
    """The id of a trunk that no other rule is about."""
    stage.needs(Capability.CREATE_RULE, Capability.LIST_RULES)
    return (await _trunk(stage, TrunkOptions(TrunkDirection.INBOUND, numbers=(_number(),)))).ref.id


async def _ready(stage: Stage, number: str = "") -> tuple[RoomRef, DialOptions]:
    """A live room, and a call to `number` that could be made."""
    stage.needs(Capability.DIAL, Capability.LIST_CALLS)
    numbers = (_number(),)
    trunk = await _trunk(stage, TrunkOptions(TrunkDirection.OUTBOUND, numbers=numbers, address="sip.example.com"))
    return (await stage.create()).ref, DialOptions(number or _number(), trunk.ref.id, "mia", name="Mia")


async def _dialled(stage: Stage, number: str = "") -> Call:
    room, options = await _ready(stage, number)
    call = await stage.provider.dial(room, options)
    assert (call.ref.provider, call.room, call.trunk) == (stage.provider.name, room, options.trunk)
    return call
