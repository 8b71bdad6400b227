"""One table of Slack's codes, and the same in docs/slack.md."""

import re
from pathlib import Path

import pytest

from bot.slack.errors import (
    KINDS,
    ChannelClosed,
    MessageGone,
    NotGranted,
    PayloadRefused,
    PersonUnreachable,
    SlackDown,
    SlackError,
    Suspended,
    Throttled,
    TokenDead,
    Unfamiliar,
    Unreached,
    ViewGone,
    kind_of,
    refusal,
)

DOCS = Path(__file__).parents[3] / "docs" / "slack.md"
HEADING = "## What Slack answers, and what we do"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("not_in_channel", ChannelClosed),
        ("is_archived", ChannelClosed),
        ("restricted_action", ChannelClosed),
        ("restricted_action_of_tomorrow", ChannelClosed),
        ("user_not_in_channel", PersonUnreachable),
        ("cannot_dm_bot", PersonUnreachable),
        ("message_not_found", MessageGone),
        ("block_mismatch", MessageGone),
        ("expired_trigger_id", ViewGone),
        ("hash_conflict", ViewGone),
        ("invalid_blocks", PayloadRefused),
        ("metadata_too_large", PayloadRefused),
        ("token_revoked", TokenDead),
        ("missing_scope", NotGranted),
        ("not_enabled", NotGranted),
        ("ekm_access_denied", Suspended),
        ("message_limit_exceeded", Suspended),
        ("slack_connect_file_link_sharing_blocked", Suspended),
        ("rate_limited", Throttled),
        ("internal_error", SlackDown),
        ("http_502", SlackDown),
        ("http_200", SlackDown),
        ("http_0", SlackDown),
        ("http_404", Unreached),
        ("never_heard_of", Unfamiliar),
        ("", Unfamiliar),
    ],
)
def test_each_code_has_one_meaning(code: str, kind: type[SlackError]) -> None:
    assert kind_of(code) is kind


def test_no_code_stands_in_two_lists() -> None:
    codes = [code for kind in KINDS for code in kind.codes]
    assert len(codes) == len(set(codes))


def test_every_kind_says_what_to_do_and_is_named_at_the_top() -> None:
    assert set(KINDS) == _all_kinds(SlackError)
    assert [kind.__name__ for kind in KINDS if not kind.remedy] == []


def _all_kinds(kind: type[SlackError]) -> set[type[SlackError]]:
    return {each for child in kind.__subclasses__() for each in (child, *_all_kinds(child))}


def test_only_what_slack_may_have_done_may_have_happened() -> None:
    assert [kind for kind in KINDS if kind.may_have_happened] == [SlackDown]


def test_the_one_scope_of_an_app_level_token_is_the_token() -> None:
    said = {"error": "missing_scope", "needed": "connections:write"}
    assert type(refusal(said, 200, {}, "apps.connections.open")) is TokenDead
    assert type(refusal(said, 200, {}, "users.info")) is NotGranted


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ({"error": "new_word"}, 200, "new_word"),
        ({"error": "new_word"}, 500, "http_500"),
        ({"error": "not_in_channel"}, 500, "not_in_channel"),
        ({"error": ["x"]}, 200, "['x']"),
        ({}, 200, "http_200"),
        (None, 404, "http_404"),
        ("text", 0, "http_0"),
        ([1], 503, "http_503"),
    ],
)
def test_where_slack_gives_no_code_the_status_is_one(answer: object, status: int, code: str) -> None:
    assert refusal(answer, status, {}, "chat.update").code == code


def _documented() -> dict[str, tuple[set[str], str]]:
    """By name of the kind: its codes, and the last column."""
    section = DOCS.read_text().split(HEADING, 1)[1].split("\n## ", 1)[0]
    rows = (line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `"))
    return {cells[0].strip(" `"): (set(re.findall(r"`([^`]+)`", cells[1])), cells[-1].strip()) for cells in rows}


def test_the_page_has_the_same_table() -> None:
    assert _documented() == {kind.__name__: (set(kind.codes), kind.remedy) for kind in KINDS}
