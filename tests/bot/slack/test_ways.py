"""Which failures send an answer the next way, and which leave it where it may have arrived."""

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.render.message import Message, section
from bot.slack.answers import Address, Answers
from bot.slack.client import SlackClient
from commands.core.ports import Caller, Place
from tests.bot.slack.conftest import Clock
from tests.bot.slack.scripted import RESET, Raw, Scripted
from tests.bot.slack.test_answers import NoPending

CALLER = Caller("T1", "U1")
HERE = Place("T1", "C1")
SHOWN = Message("hello", [section("hello")])


@pytest.fixture
def answers(client: SlackClient, clock: Clock) -> Answers:
    return Answers(client, NoPending(), clock)


def refused(code: str) -> dict[str, object]:
    return {"ok": False, "error": code}


PROOFS = {
    "expired": Raw(404, '{"ok": false, "error": "expired_url"}'),
    "used up": Raw(404, "used_url", "text/plain"),
    "gone": Raw(410, "", "text/plain"),
    "throttled": Raw(429, "", headers={"Retry-After": "30"}),
    "not this channel": Raw(403, "action_prohibited", "text/plain"),
}


@pytest.mark.parametrize("answer", PROOFS.values(), ids=PROOFS)
async def test_what_proves_that_nothing_arrived_sends_it_the_next_way(
    api: Scripted, answers: Answers, answer: object
) -> None:
    api.answers["response"] = answer
    await answers.tell(SHOWN, Address(CALLER, HERE, SecretStr(api.response_url)))
    assert api.methods == ["response", "chat.postEphemeral"]


async def test_a_url_where_nobody_listens_sends_it_the_next_way(api: Scripted, answers: Answers) -> None:
    await answers.tell(SHOWN, Address(CALLER, HERE, SecretStr("http://127.0.0.1:1/response")))
    assert api.methods == ["chat.postEphemeral"]


async def test_a_url_of_somebody_elses_is_not_called(api: Scripted, answers: Answers) -> None:
    with capture_logs() as lines:
        elsewhere = SecretStr(api.response_url.replace("127.0.0.1", "localhost"))
        await answers.tell(SHOWN, Address(CALLER, HERE, elsewhere))
    assert api.methods == ["chat.postEphemeral"]
    assert [line["error"] for line in lines] == ["response_url: foreign_host"]


@pytest.mark.parametrize("answer", [RESET, Raw(500), Raw(502, "<html>", "text/html")], ids=["reset", "500", "502"])
async def test_what_may_have_arrived_is_not_said_again(api: Scripted, answers: Answers, answer: object) -> None:
    api.answers["response"] = answer
    with capture_logs() as lines:
        await answers.tell(SHOWN, Address(CALLER, HERE, SecretStr(api.response_url)))
    assert api.methods == ["response"]
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["an answer was not delivered"]


@pytest.mark.parametrize(
    "code",
    ["user_not_in_channel", "not_in_channel", "channel_not_found", "is_archived", "messages_tab_disabled", "new_code"],
)
async def test_who_cannot_be_reached_in_the_channel_gets_a_direct_message(
    api: Scripted, answers: Answers, code: str
) -> None:
    api.answers["chat.postEphemeral"] = refused(code)
    await answers.tell(SHOWN, Address(CALLER, HERE))
    assert [(method, said["channel"]) for method, said in api.asked] == [
        ("chat.postEphemeral", "C1"),
        ("chat.postMessage", "U1"),
    ]


@pytest.mark.parametrize("answer", [RESET, Raw(503), refused("fatal_error"), Raw(200, "<html>", "text/html")])
async def test_an_ephemeral_message_that_may_have_arrived_is_not_said_again(
    api: Scripted, answers: Answers, answer: object
) -> None:
    api.answers["chat.postEphemeral"] = answer
    await answers.tell(SHOWN, Address(CALLER, HERE))
    assert api.methods == ["chat.postEphemeral"]


async def test_nor_is_a_direct_message(api: Scripted, answers: Answers) -> None:
    api.answers["chat.postEphemeral"] = refused("user_not_in_channel")
    api.answers["chat.postMessage"] = RESET
    await answers.tell(SHOWN, Address(CALLER, HERE))
    assert api.methods == ["chat.postEphemeral", "chat.postMessage"]
