"""How an answer reaches the asker when one way after the other does not work."""

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.render.message import Message, section
from bot.slack.answers import Address, Answers
from bot.slack.client import SlackClient
from commands.core.attempts import Pending, Press
from commands.core.base import Audience, Command
from commands.core.errors import NothingHere
from commands.core.ports import Caller, Place
from commands.core.reply import Reply, Secret
from providers.errors import Unreachable
from tests.bot.slack.conftest import Clock
from tests.bot.slack.scripted import Raw, Scripted

CALLER = Caller("T1", "U1")
HERE = Place("T1", "C1")
SHOWN = Message("hello", [section("hello")])


class Announce(Command, path="announce", audience=Audience.CHANNEL):
    """Say something to the channel."""


class NoPending:
    """`commands.core.attempts.PendingActions` of answers whose buttons carry their commands."""

    async def put(self, pending: Pending) -> str:
        raise AssertionError("nothing is to be stored")

    async def peek(self, token: str) -> Pending | None:
        return None

    async def expired(self, token: str) -> Pending | None:
        return None

    async def was_taken_by(self, token: str, press: Press) -> bool:
        return False

    async def take(self, token: str, press: Press | None = None) -> bool:
        return False


@pytest.fixture
def answers(client: SlackClient, clock: Clock) -> Answers:
    return Answers(client, NoPending(), clock)


def refused(code: str) -> dict[str, object]:
    return {"ok": False, "error": code}


async def test_by_response_url_where_there_is_one(api: Scripted, answers: Answers) -> None:
    await answers.tell(SHOWN, Address(CALLER, HERE, SecretStr(api.response_url), replaces=True))
    ((method, said),) = api.asked
    assert method == "response"
    assert (said["response_type"], said["replace_original"], said["unfurl_links"]) == ("ephemeral", True, False)


async def test_else_to_the_person_in_the_channel(api: Scripted, answers: Answers) -> None:
    api.answers["response"] = Raw(404, "no", "text/plain")
    await answers.tell(SHOWN, Address(CALLER, Place("T1", "C1", thread_ts="1.0"), SecretStr(api.response_url)))
    method, said = api.asked[-1]
    assert (method, said["channel"], said["user"], said["thread_ts"]) == ("chat.postEphemeral", "C1", "U1", "1.0")


async def test_else_as_a_direct_message(api: Scripted, answers: Answers) -> None:
    api.answers["chat.postEphemeral"] = refused("not_in_channel")
    await answers.tell(SHOWN, Address(CALLER, HERE))
    method, said = api.asked[-1]
    assert (method, said["channel"]) == ("chat.postMessage", "U1")


async def test_else_it_is_lost_and_the_log_says_so(api: Scripted, answers: Answers) -> None:
    api.answers = {
        "response": Raw(500, "no", "text/plain"),
        "chat.postEphemeral": refused("internal_error"),
        "chat.postMessage": refused("internal_error"),
    }
    with capture_logs() as lines:
        await answers.tell(SHOWN, Address(CALLER, HERE, SecretStr(api.response_url)))
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["an answer was not delivered"]
    assert api.response_url not in str(lines)


async def test_a_direct_conversation_needs_no_ephemeral_message(api: Scripted, answers: Answers) -> None:
    await answers.tell(SHOWN, Address(CALLER, Place("T1", "D1", is_direct=True)))
    ((method, said),) = api.asked
    assert (method, said["channel"]) == ("chat.postMessage", "D1")


@pytest.mark.parametrize(
    ("result", "replaces"), [(Reply(text="Page 2."), True), (NothingHere("Gone."), False), (Unreachable(), False)]
)
async def test_a_page_that_cannot_be_had_does_not_take_the_place_of_the_list(
    api: Scripted, answers: Answers, result: Reply | NothingHere | Unreachable, replaces: bool
) -> None:
    await answers.give(result, Address(CALLER, HERE, SecretStr(api.response_url), turns=True))
    ((_, said),) = api.asked
    assert said["replace_original"] is replaces


@pytest.mark.parametrize(
    ("result", "seen_by"),
    [
        (Reply(text="done"), "in_channel"),
        (Reply(text="done", secrets=(Secret("Token", SecretStr("s")),)), "ephemeral"),
        (NothingHere("no such thing"), "ephemeral"),
        (Unreachable(), "ephemeral"),
    ],
)
async def test_the_channel_sees_what_is_for_it_but_no_refusal_and_no_secret(
    api: Scripted, answers: Answers, result: Reply | NothingHere | Unreachable, seen_by: str
) -> None:
    await answers.give(result, Address(CALLER, HERE, SecretStr(api.response_url)), Announce())
    ((_, said),) = api.asked
    assert said["response_type"] == seen_by
