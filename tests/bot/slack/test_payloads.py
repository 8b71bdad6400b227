"""Who, where and what for, as Slack's payloads say it."""

from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.slack.app import REMEMBERED_SECONDS, Seen
from bot.slack.metadata import FormMeta, read_meta
from bot.slack.payloads import (
    delivery_key,
    direct_address,
    form_address,
    is_from_a_person,
    mention_address,
    press_address,
    read_address,
    slash_address,
)
from commands.core.ports import Caller, Place
from tests.bot.slack.conftest import Clock

USER = {"id": "U1", "username": "ana", "name": "ana", "team_id": "T2"}


def test_a_command() -> None:
    body = {"team_id": "T1", "channel_id": "C1", "channel_name": "general", "user_id": "U1", "user_name": "ana"}
    address = slash_address({**body, "response_url": "https://x"})
    assert (address.caller, address.place) == (Caller("T1", "U1", "ana"), Place("T1", "C1"))
    assert address.response_url == SecretStr("https://x")
    assert slash_address({**body, "channel_name": "directmessage"}).place.is_direct


def test_a_press_belongs_to_the_workspace_of_the_conversation() -> None:
    """In a channel that two workspaces share, the presser may be of the other one."""
    body = {"team": {"id": "T1"}, "user": USER, "channel": {"id": "C1", "name": "general"}}
    address = press_address({**body, "message": {"ts": "2.0", "thread_ts": "1.0"}})
    assert address.caller == Caller("T1", "U1", "ana")
    assert address.place == Place("T1", "C1", thread_ts="1.0")
    assert press_address({**body, "team": None}).caller.team_id == "T2"


def test_a_press_on_what_one_person_sees_knows_its_thread_by_the_container() -> None:
    body = {"team": {"id": "T1"}, "user": USER, "channel": {"id": "C1", "name": "general"}}
    container = {"type": "message", "message_ts": "2.0", "is_ephemeral": True, "thread_ts": "1.0"}
    assert press_address({**body, "container": container}).place == Place("T1", "C1", thread_ts="1.0")


def test_a_press_in_a_view_has_no_channel() -> None:
    assert press_address({"team": {"id": "T1"}, "user": USER, "view": {}}).place == Place("T1", "")


def test_a_form_knows_its_place_by_its_metadata() -> None:
    meta = FormMeta(provider="memory", channel_id="C1", thread_ts="1.0", fixed={"room_id": "RM_1"})
    assert read_meta({"private_metadata": meta.model_dump_json()}) == meta
    address = form_address({"team": {"id": "T1"}, "user": USER}, meta, None)
    assert address.place == Place("T1", "C1", thread_ts="1.0")


@pytest.mark.parametrize("metadata", ["", "{}", "[]", "no json", '{"provider": 1}'])
def test_a_form_of_another_version_has_none(metadata: str) -> None:
    assert read_meta({"private_metadata": metadata}) is None


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"event_id": "Ev1", "trigger_id": "1"}, "Ev1"),
        ({"trigger_id": "1"}, "1"),
    ],
)
def test_what_tells_a_repeat(body: dict[str, Any], key: str) -> None:
    assert delivery_key(body) == key


def test_a_payload_without_an_id_is_known_by_the_whole_of_it() -> None:
    press = {"type": "block_actions", "trigger_id": "", "actions": [{"action_ts": "1.0"}]}
    again = {"actions": [{"action_ts": "1.0"}], "trigger_id": "", "type": "block_actions"}
    later = {**press, "actions": [{"action_ts": "2.0"}]}
    assert delivery_key(press) == delivery_key(again) != delivery_key(later)


def test_a_repeat_is_known_for_as_long_as_slack_repeats(clock: Clock) -> None:
    seen = Seen(clock, REMEMBERED_SECONDS)
    assert [seen.is_repeat("Ev1") for _ in range(2)] == [False, True]
    assert [seen.is_repeat(None) for _ in range(2)] == [False, False]
    clock.seconds = 659
    assert seen.is_repeat("Ev1")
    clock.seconds = 660
    assert not seen.is_repeat("Ev1")


@pytest.mark.parametrize("body", [{}, {"team_id": "T1"}, {"team_id": "T1", "channel_id": "C1"}, {"event": None}])
def test_what_lacks_its_sender_or_place_has_no_address(body: dict[str, Any]) -> None:
    with capture_logs() as lines:
        assert [read_address(read, body) for read in (slash_address, mention_address, direct_address)] == [None] * 3
    assert {line["log_level"] for line in lines} == {"warning"}


def test_a_form_that_was_asked_for_aloud_is_answered_aloud() -> None:
    meta = FormMeta(provider="memory", channel_id="C1", thread_ts="1.0", under="1.0")
    address = form_address({"team": {"id": "T1"}, "user": USER}, meta, SecretStr("https://x"))
    assert (address.under, address.response_url) == ("1.0", None)


def test_only_what_all_read_in_a_thread_is_a_conversation_there() -> None:
    body = {"team": {"id": "T1"}, "user": USER, "channel": {"id": "C1", "name": "general"}}
    aloud = {"type": "message", "message_ts": "2.0", "is_ephemeral": False, "thread_ts": "1.0"}
    assert press_address({**body, "container": aloud}).asked_aloud().under == "1.0"
    assert press_address({**body, "container": {**aloud, "is_ephemeral": True}}).asked_aloud().under is None


@pytest.mark.parametrize("more", [{"bot_id": "B1"}, {"subtype": "message_changed"}, {"edited": {}}])
def test_who_speaks_for_the_first_time_is_heard(more: dict[str, Any]) -> None:
    assert is_from_a_person({"user": "U1"})
    assert not is_from_a_person({"user": "U1", **more})
    assert not is_from_a_person({"text": "hello"})


def test_a_form_is_known_by_its_view_however_often_it_is_sent() -> None:
    sent = {"type": "view_submission", "view": {"id": "V1"}}
    assert {delivery_key({**sent, "trigger_id": trigger_id}) for trigger_id in ("1.a", "2.b")} == {"view:V1"}
