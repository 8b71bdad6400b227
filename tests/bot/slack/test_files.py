"""Files to one person, against a Slack that takes them as Slack's own SDK gives them."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.demo.slack import Channel, Message, StandIn, User
from bot.metrics import Metrics
from bot.slack.client import SlackClient
from bot.slack.direct import SlackDirect
from bot.slack.errors import FileRefused, SlackDown
from bot.slack.files import SlackFiles
from commands.core.errors import CommandError
from commands.core.files import File
from commands.core.ports import Caller
from commands.core.reply import plain

CSV = File("audit.csv", "the record, 2 entries", b"\xef\xbb\xbfid,words\r\n1,\xc3\xa4\r\n")


def manifest(*scopes: str) -> dict[str, Any]:
    return {"oauth_config": {"scopes": {"bot": ["chat:write", "channels:read", *scopes]}}}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def slack() -> AsyncIterator[StandIn]:
    async with StandIn(manifest("files:write")) as stand_in:
        yield stand_in


@pytest.fixture
def ana(slack: StandIn) -> User:
    return slack.workspace.add_user("ana")


def client_of(slack: StandIn, session: aiohttp.ClientSession) -> SlackClient:
    web = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session)
    return SlackClient(web, session, Metrics())


@pytest.fixture
def client(slack: StandIn, session: aiohttp.ClientSession) -> SlackClient:
    return client_of(slack, session)


def files(client: SlackClient) -> SlackFiles:
    return SlackFiles(client, SlackDirect(client))


def in_direct(slack: StandIn, who: User) -> list[Message]:
    return slack.seen_by(who, slack.workspace.dm(who))


async def test_it_goes_to_the_person_alone(slack: StandIn, client: SlackClient, ana: User) -> None:
    general = slack.workspace.add_channel("general", members=[ana])
    await files(client).send(CSV, Caller(slack.team_id, ana.id))
    announced, shared = in_direct(slack, ana)
    assert announced.words == "Here is what you asked for: *the record, 2 entries*."
    assert shared.words == "[the record, 2 entries: audit.csv]"
    assert [file.content for file in shared.files] == [CSV.content]
    assert slack.seen_by(ana, general) == []


async def test_a_workspace_that_has_not_granted_it_is_named_the_scope(session: aiohttp.ClientSession) -> None:
    async with StandIn(manifest()) as slack:
        ana = slack.workspace.add_user("ana")
        with capture_logs(), pytest.raises(CommandError) as caught:
            await files(client_of(slack, session)).send(CSV, Caller(slack.team_id, ana.id))
        assert str(caught.value) == "This workspace has not allowed me to upload files."
        assert "Add the scope files:write" in plain(caught.value.remedy)
        assert in_direct(slack, ana) == []


@pytest.mark.parametrize(
    ("method", "code", "said"),
    [
        ("files.getUploadURLExternal", "file_uploads_disabled", "This workspace takes no such file from me"),
        ("upload", "internal_error", "Slack did not take the file."),
        ("files.completeUploadExternal", "file_type_not_allowed", "(`file_type_not_allowed`)"),
    ],
)
async def test_what_is_refused_is_said(
    slack: StandIn, client: SlackClient, ana: User, method: str, code: str, said: str
) -> None:
    slack.refuse(method, code)
    with capture_logs() as lines, pytest.raises(CommandError) as caught:
        await files(client).send(CSV, Caller(slack.team_id, ana.id))
    assert said in str(caught.value)
    assert caught.value.remedy
    assert any(line["event"] == "a file was not taken" for line in lines)
    assert [m for m in in_direct(slack, ana) if m.files] == []


async def test_no_error_has_the_address_for_the_bytes(slack: StandIn, client: SlackClient) -> None:
    slack.refuse("upload", "internal_error")
    with pytest.raises(SlackDown) as caught:
        await client.upload("a.csv", b"x")
    assert (caught.value.method, "127.0.0.1" in repr(caught.value)) == ("upload", False)


async def test_a_refusal_of_files_is_a_kind_of_its_own(slack: StandIn, client: SlackClient) -> None:
    slack.refuse("files.getUploadURLExternal", "file_upload_size_restricted")
    with pytest.raises(FileRefused):
        await client.upload("a.csv", b"x")


@pytest.fixture
def sdk(slack: StandIn, session: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session)


async def test_the_sdk_uploads_to_the_same_slack(slack: StandIn, sdk: AsyncWebClient, ana: User) -> None:
    dm: Channel = slack.workspace.dm(ana)
    answer = await sdk.files_upload_v2(filename="a.csv", content="id\n1\n", title="A", channel=dm.id)
    assert answer["file"]["title"] == "A"
    (message,) = slack.seen_by(ana, dm)
    assert [(file.name, file.title, file.content) for file in message.files] == [("a.csv", "A", b"id\n1\n")]


async def test_a_person_is_no_conversation(slack: StandIn, sdk: AsyncWebClient, ana: User) -> None:
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await sdk.files_upload_v2(filename="a.csv", content="id", channel=ana.id)


async def test_other_bytes_than_were_announced_are_not_taken(
    slack: StandIn, sdk: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    given = await sdk.files_getUploadURLExternal(filename="a.csv", length=3)
    async with session.post(given["upload_url"], data=b"four") as answer:
        assert answer.status == 404
    with pytest.raises(SlackApiError, match="file_not_found"):
        await sdk.files_completeUploadExternal(files=[{"id": given["file_id"], "title": "A"}])
