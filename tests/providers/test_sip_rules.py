"""When two trunks, or two rules, are for the same calls."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from providers.base import RuleKind, RuleOptions, TrunkDirection, TrunkOptions
from providers.sip_rules import rules_share_calls, trunks_share_calls

RULE = RuleOptions(RuleKind.DIRECT, "desk", trunks=("ST_1",), callers=("+4930123",))
TRUNK = TrunkOptions(TrunkDirection.INBOUND, numbers=("+4930123",))


@pytest.mark.parametrize(
    ("other", "is_shared"),
    [
        (replace(RULE, room="elsewhere", trunks=("ST_2", "ST_1"), callers=("4930123",)), True),
        (replace(RULE, pin=SecretStr("")), True),
        (replace(RULE, pin=SecretStr("1234")), False),
        (replace(RULE, trunks=()), False),
        (replace(RULE, callers=()), False),
    ],
)
def test_rules(other: RuleOptions, is_shared: bool) -> None:
    assert rules_share_calls(RULE, other) is rules_share_calls(other, RULE) is is_shared


@pytest.mark.parametrize(
    ("other", "is_shared"),
    [
        (replace(TRUNK, numbers=("4930123", "+4930999")), True),
        (replace(TRUNK, numbers=()), False),
        (replace(TRUNK, allowed_numbers=("+4940123",)), False),
        (replace(TRUNK, direction=TrunkDirection.OUTBOUND), False),
    ],
)
def test_trunks(other: TrunkOptions, is_shared: bool) -> None:
    assert trunks_share_calls(TRUNK, other) is trunks_share_calls(other, TRUNK) is is_shared
