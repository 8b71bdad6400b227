"""What people of the workspace are called in rooms, and which of it means the same person."""

from datetime import UTC, datetime

import pytest

from commands.core.identity import numbered, stable_identity, without_number
from commands.core.ports import KeepOut


@pytest.mark.parametrize("number", [1, 2, 17])
def test_the_identities_of_one_person(number: int) -> None:
    plain = stable_identity("T1", "UOLGA")
    assert without_number(numbered(plain, number)) == plain


@pytest.mark.parametrize(
    "identity",
    ["guest-1", "slack-2", "slack-T1-UOLGA-vase", "slack-T1-UOLGA-2-3", "slack-T1-UOLGA-", "x slack-T1-U1-2"],
)
def test_what_is_nobodys_number_stays(identity: str) -> None:
    assert without_number(identity) == identity


@pytest.mark.parametrize(
    ("kept", "identity", "is_covered"),
    [
        ("bob", "bob", True),
        ("bob", "bob-2", False),
        ("guest-1", "guest-2", False),
        ("slack-T1-U1", "slack-T1-U1-2", True),
        ("slack-T1-U1-2", "slack-T1-U1", True),
        ("slack-T1-U1", "slack-T1-U12", False),
        ("slack-T1-U1", "slack-T2-U1-2", False),
    ],
)
def test_whom_a_keep_out_covers(kept: str, identity: str, is_covered: bool) -> None:
    until = datetime(2026, 11, 20, tzinfo=UTC)
    assert KeepOut("memory", "standup", kept, until, "U1").covers(identity) is is_covered
