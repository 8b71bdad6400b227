"""Trunks and rules of LiveKit: what is refused before it is asked, and what a change keeps that we do not know of."""

from dataclasses import replace

import pytest
from livekit.api import SIPDispatchRule, SIPDispatchRuleIndividual, SIPDispatchRuleInfo, SIPInboundTrunkInfo
from pydantic import SecretStr

from providers.base import (
    RuleChanges,
    RuleKind,
    RuleOptions,
    RuleRef,
    TrunkChanges,
    TrunkDirection,
    TrunkOptions,
    TrunkRef,
)
from providers.errors import Malformed, ProviderError, Rejected, Unsupported
from providers.livekit.provider import LiveKit
from tests.standins.livekit import LiveKitStandIn

PASSWORD = "the-password-of-this-trunk"
LOGIN = SecretStr(PASSWORD)
COMES_IN = TrunkOptions(TrunkDirection.INBOUND, numbers=("+15550100",))
GOES_OUT = TrunkOptions(TrunkDirection.OUTBOUND, numbers=("+15550100",), address="sip.example.com:5060")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (replace(COMES_IN, numbers=(), allowed_numbers=("+15550111",)), "Anybody could call in"),
        (replace(COMES_IN, username="us"), "half of one"),
        (replace(COMES_IN, password=LOGIN), "half of one"),
        (replace(COMES_IN, address="sip.example.com"), "no address of its own"),
        (replace(GOES_OUT, allowed_addresses=("198.51.100.7",)), "Who may call"),
        (replace(GOES_OUT, numbers=()), "a number to call from"),
        (replace(GOES_OUT, address=""), "the address of the telephone company"),
        (replace(GOES_OUT, address="sip:us@sip.example.com;transport=tls"), "without sip:"),
        (replace(GOES_OUT, country="us"), "two capital letters"),
    ],
)
async def test_a_trunk_that_cannot_work_is_not_asked_for(
    livekit: LiveKit, standin: LiveKitStandIn, options: TrunkOptions, said: str
) -> None:
    with pytest.raises(Rejected, match=said) as refused:
        await livekit.create_trunk(options)
    assert PASSWORD not in refused.value.detail
    assert standin.calls == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (RuleOptions(RuleKind.DIRECT, ""), "the room's name"),
        (RuleOptions(RuleKind.DIRECT, "desk", pin=SecretStr("12a4")), "digits alone"),
    ],
)
async def test_a_rule_that_cannot_work_is_not_asked_for(
    livekit: LiveKit, standin: LiveKitStandIn, options: RuleOptions, said: str
) -> None:
    with pytest.raises(Rejected, match=said) as refused:
        await livekit.create_rule(options)
    assert "12a4" not in refused.value.detail
    assert standin.calls == []


async def test_a_change_of_a_trunk_keeps_what_we_do_not_know_of(livekit: LiveKit, standin: LiveKitStandIn) -> None:
    there = SIPInboundTrunkInfo(
        sip_trunk_id="ST_1",
        numbers=["+15550100"],
        auth_username="us",
        auth_password=PASSWORD,
        headers={"X-Desk": "7"},
        krisp_enabled=True,
    )
    standin.came_in["ST_1"] = there
    changed = await livekit.update_trunk(TrunkRef("livekit", "ST_1"), TrunkChanges(name="Desk", numbers=()))
    kept = standin.came_in["ST_1"]
    assert (changed.name, changed.numbers, changed.password) == ("Desk", (), LOGIN)
    assert (dict(kept.headers), kept.krisp_enabled, kept.auth_password) == ({"X-Desk": "7"}, True, PASSWORD)


async def test_a_change_of_a_rule_keeps_what_we_do_not_know_of(livekit: LiveKit, standin: LiveKitStandIn) -> None:
    leads = SIPDispatchRule(
        dispatch_rule_individual=SIPDispatchRuleIndividual(room_prefix="call", pin="1234", no_randomness=True)
    )
    there = SIPDispatchRuleInfo(
        sip_dispatch_rule_id="SDR_1", rule=leads, numbers=["+15550100"], attributes={"desk": "7"}, room_preset="big"
    )
    standin.dispatch_rules["SDR_1"] = there
    changed = await livekit.update_rule(RuleRef("livekit", "SDR_1"), RuleChanges(room="visit", pin=SecretStr("")))
    kept = standin.dispatch_rules["SDR_1"]
    assert (changed.kind, changed.room, changed.pin) == (RuleKind.INDIVIDUAL, "visit", None)
    assert kept.rule.dispatch_rule_individual.no_randomness
    assert (list(kept.numbers), dict(kept.attributes), kept.room_preset) == (["+15550100"], {"desk": "7"}, "big")


async def test_a_change_that_leaves_a_trunk_open_is_refused(livekit: LiveKit, standin: LiveKitStandIn) -> None:
    trunk = await livekit.create_trunk(replace(COMES_IN, username="us", password=LOGIN))
    for changes in (
        TrunkChanges(numbers=(), username="", password=SecretStr("")),
        TrunkChanges(password=SecretStr("")),
        TrunkChanges(address="sip.example.com"),
    ):
        with pytest.raises(Rejected):
            await livekit.update_trunk(trunk.ref, changes)
    assert "UpdateSIPInboundTrunk" not in standin.calls


async def test_a_rule_of_a_later_server(livekit: LiveKit, standin: LiveKitStandIn) -> None:
    """Is not shown, and not changed into another one."""
    standin.dispatch_rules["SDR_1"] = SIPDispatchRuleInfo(sip_dispatch_rule_id="SDR_1")
    assert await livekit.list_rules() == []
    with pytest.raises(Malformed):
        await livekit.update_rule(RuleRef("livekit", "SDR_1"), RuleChanges(name="desk"))


async def test_without_redis_there_are_none(livekit: LiveKit, standin: LiveKitStandIn) -> None:
    standin.has_redis = False
    with pytest.raises(Unsupported) as refused:
        await livekit.list_trunks()
    assert refused.value.detail == "list_trunks"


async def test_what_cannot_be_sent_is_rejected(livekit: LiveKit) -> None:
    for asked in (
        livekit.create_trunk(replace(COMES_IN, name="\ud800")),
        livekit.create_rule(RuleOptions(RuleKind.DIRECT, "\ud800", pin=SecretStr("1234"))),
    ):
        with pytest.raises(ProviderError) as refused:
            await asked
        assert isinstance(refused.value, Rejected)
