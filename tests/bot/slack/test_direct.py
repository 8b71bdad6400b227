"""Messages to one person, against a Slack that takes them or does not."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.demo.slack import StandIn, User
from bot.metrics import Metrics
from bot.slack.client import SlackClient
from bot.slack.direct import SlackDirect
from commands.core.errors import CommandError
from commands.core.ports import Caller, Place
from commands.core.reply import Action, Reply
from commands.help import Help

MANIFEST = {"oauth_config": {"scopes": {"bot": ["chat:write", "channels:read"]}}}


@pytest.fixture
async def slack() -> AsyncIterator[StandIn]:
    async with StandIn(MANIFEST) as stand_in:
        yield stand_in


@pytest.fixture
def ana(slack: StandIn) -> User:
    return slack.workspace.add_user("ana")


@pytest.fixture
async def direct(slack: StandIn) -> AsyncIterator[SlackDirect]:
    async with aiohttp.ClientSession() as session:
        web = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session)
        yield SlackDirect(SlackClient(web, session, Metrics()))


async def test_it_says_which_conversation_it_is(slack: StandIn, direct: SlackDirect, ana: User) -> None:
    general = slack.workspace.add_channel("general", members=[ana])
    there = await direct.tell(Caller(slack.team_id, ana.id), Reply(text="Hello.", actions=(Action("Help", Help()),)))
    assert there == Place(slack.team_id, slack.workspace.dm(ana).id, is_direct=True)
    (said,) = slack.seen_by(ana, slack.workspace.dm(ana))
    assert said.words == "Hello.\n[Help]"
    assert slack.seen_by(ana, general) == []


async def test_who_cannot_be_written_to_is_told(slack: StandIn, direct: SlackDirect, ana: User) -> None:
    slack.refuse("chat.postMessage", "messages_tab_disabled")
    with capture_logs() as lines, pytest.raises(CommandError, match="did not let me write to you"):
        await direct.tell(Caller(slack.team_id, ana.id), Reply(text="Hello."))
    assert [line["event"] for line in lines if line["log_level"] == "warning"][-1] == "somebody could not be written to"


async def test_take_back(slack: StandIn, direct: SlackDirect, ana: User) -> None:
    there = await direct.tell(Caller(slack.team_id, ana.id), Reply(text="Hello."))
    (said,) = slack.seen_by(ana, slack.workspace.dm(ana))
    await direct.take_back(there, said.ts)
    assert slack.seen_by(ana, slack.workspace.dm(ana)) == []


@pytest.mark.parametrize(
    ("code", "event"), [("message_not_found", "a message was gone already"), ("internal_error", "a message stays")]
)
async def test_what_cannot_be_taken_back_is_logged(
    slack: StandIn, direct: SlackDirect, ana: User, code: str, event: str
) -> None:
    there = await direct.tell(Caller(slack.team_id, ana.id), Reply(text="Hello."))
    slack.refuse("chat.delete", code)
    with capture_logs() as lines:
        await direct.take_back(there, "1.000001")
    assert lines[-1]["event"] == event
