"""Whoever listens for leaks hears them: one is planted wherever a text can leave the bot."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from uuid import uuid4

import aiohttp
import jwt
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import BaseModel, SecretStr

from bot import manifest
from bot.clock import SystemClock
from bot.demo.slack import StandIn
from bot.demo.slack.things import Channel, User
from bot.logs import configure
from bot.metrics import Metrics
from bot.settings import DatabaseSettings
from bot.store.engine import Store
from bot.web import Doors, WebhookAnswer, build_admin
from commands.core.reply import Secret
from tests.bot.process.showcaller import Ended
from tests.leaks.taps import hear_server
from tests.leaks.watch import WATCH, Kind, Leak, Watch
from tests.postgresql import Server

KEY = "a stream key 1234"


def sinks(leaks: list[Leak]) -> list[str]:
    return [leak.sink for leak in leaks]


def minted() -> str:
    return jwt.encode({"sub": uuid4().hex}, uuid4().hex)


# What is learned


class Held(BaseModel):
    key: SecretStr


@pytest.mark.parametrize("make", [SecretStr, lambda key: Held(key=key), lambda key: Held.model_validate({"key": key})])
def test_a_secret_is_learned_when_it_is_made(make: type[SecretStr]) -> None:
    with WATCH.apart() as leaks:
        make(KEY)
        WATCH.hear("here", f"it is {KEY}.")
    assert leaks == [Leak(Kind.SECRET, "here", WATCH.test, "it is [here].")]


def test_a_token_is_known_by_its_signature_and_a_bare_one_too() -> None:
    with WATCH.apart() as leaks:
        token = minted()
        WATCH.hear("cut", token[-60:])
        WATCH.hear("claims", token.rpartition(".")[0])
    assert sinks(leaks) == ["cut"]


@pytest.mark.parametrize(
    ("made", "seen"),
    [
        ("postgresql://bot:pa55word-of-it@db/x", "pa55word-of-it"),
        ("https://hooks.slack.test/response/0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
        ("rtmp://live.example.com/app/live_7c1f9b02a4", "live_7c1f9b02a4"),
        ("srt://live.example.com:9000?streamid=publish&passphrase=horse-battery", "horse-battery"),
        ("key-number-1, key-number-2", "key-number-2"),
        ("a/key with+letters", "a%2Fkey%20with%2Bletters"),
        ('a "key" with letters', json.dumps('a "key" with letters')),
    ],
)
def test_what_is_secret_in_it_is_found_in_other_spellings(made: str, seen: str) -> None:
    with WATCH.apart() as leaks:
        SecretStr(made)
        WATCH.hear("here", f"it is {seen}.")
    assert len(leaks) > 0


@pytest.mark.parametrize("made", ["short", "aaaaaaaaaaaa", "https://acme.slack.test/archives/C0001"])
def test_a_word_and_a_plain_address_are_none(made: str) -> None:
    with WATCH.apart() as leaks:
        SecretStr(made)
        WATCH.hear("here", f"it is {made}.")
    assert leaks == []


def test_a_secret_that_was_there_before_the_tests_is_looked_for_in_each() -> None:
    watch = Watch()
    watch.learn(KEY)
    for watch.test in ("first", "second"):
        watch.hear("here", KEY)
        watch.settle()
    assert [leak.test for leak in watch.leaks] == ["first", "second"]


# Slack


class Slack:
    """A stand-in that is called as the bot calls it, over HTTP."""

    def __init__(self, standin: StandIn, session: aiohttp.ClientSession) -> None:
        self.standin = standin
        self.ana: User = standin.workspace.add_user("ana")
        self.general: Channel = standin.workspace.add_channel("general", members=[self.ana])
        self._session = session

    async def call(self, method: str, **arguments: object) -> None:
        headers = {"Authorization": f"Bearer {self.standin.bot_token}"}
        async with self._session.post(f"{self.standin.api_url}{method}", json=arguments, headers=headers) as answer:
            assert answer.status == 200

    async def respond(self, **payload: object) -> None:
        key = self.standin.workspace.permits.issue_response_url(self.ana.id, self.general.id)
        url = self.standin.api_url.replace("/api/", f"/response/{key}")
        async with self._session.post(url, json=payload) as answer:
            assert answer.status == 200


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with StandIn(manifest.load()) as standin, aiohttp.ClientSession() as session:
        yield Slack(standin, session)


def said(text: str) -> list[dict[str, object]]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]


def button(**fields: str) -> list[dict[str, object]]:
    shown = {"type": "button", "text": {"type": "plain_text", "text": "Join"}, **fields}
    return [{"type": "actions", "elements": [shown]}]


async def test_a_token_in_a_channel_is_found(slack: Slack) -> None:
    with WATCH.apart() as leaks:
        blocks = said(minted())
        await slack.call("chat.postMessage", channel=slack.general.id, text="hello", blocks=blocks)
        await slack.call("chat.update", channel=slack.general.id, ts="1.0", text="hello", blocks=blocks)
        await slack.respond(text="hello", blocks=blocks, response_type="in_channel")
    assert sinks(leaks) == ["chat.postMessage", "chat.update", "response_url"]


async def test_its_asker_may_read_a_token_in_the_words_and_links_of_a_message(slack: Slack) -> None:
    with WATCH.apart() as leaks:
        token = SecretStr(minted()).get_secret_value()
        for blocks in (said(token), button(url=f"https://meet.test/?t={token}")):
            await slack.call(
                "chat.postEphemeral", channel=slack.general.id, user=slack.ana.id, text="hello", blocks=blocks
            )
            await slack.call("chat.postMessage", channel=slack.ana.id, text="hello", blocks=blocks)
            await slack.respond(text="hello", blocks=blocks)
    assert leaks == []


async def test_a_secret_that_a_reply_shows_may_be_read_by_its_asker_and_another_may_not(slack: Slack) -> None:
    with WATCH.apart() as leaks:
        shown, kept = SecretStr(f"shown {uuid4().hex}"), SecretStr(f"kept {uuid4().hex}")
        Secret("Stream key", shown)
        for key in (shown, kept):
            blocks = said(key.get_secret_value())
            await slack.call("chat.postMessage", channel=slack.ana.id, text="hello", blocks=blocks)
    assert [(leak.kind, leak.sink) for leak in leaks] == [(Kind.SECRET, "chat.postMessage")]


@pytest.mark.parametrize("field", ["value", "action_id"])
async def test_a_token_that_a_button_carries_is_found_wherever_it_is(slack: Slack, field: str) -> None:
    with WATCH.apart() as leaks:
        blocks = button(**{"action_id": "join", field: SecretStr(minted()).get_secret_value()[-80:]})
        await slack.call("chat.postMessage", channel=slack.ana.id, text="hello", blocks=blocks)
    assert sinks(leaks) == ["chat.postMessage"]


async def test_a_token_in_a_notification_is_found(slack: Slack) -> None:
    """It shows on lock screens."""
    with WATCH.apart() as leaks:
        await slack.call("chat.postMessage", channel=slack.ana.id, text=SecretStr(minted()).get_secret_value())
    assert sinks(leaks) == ["chat.postMessage"]


@pytest.mark.parametrize("field", ["private_metadata", "callback_id", "external_id", "blocks"])
async def test_a_token_in_a_view_is_found(slack: Slack, field: str) -> None:
    with WATCH.apart() as leaks:
        token = SecretStr(minted()).get_secret_value()[-200:]
        view = {"type": "home", "blocks": said("hello"), field: said(token) if field == "blocks" else token}
        await slack.call("views.publish", user_id=slack.ana.id, view=view)
    assert sinks(leaks) == ["views.publish"]


async def test_a_token_of_another_process_is_known_by_its_answer(slack: Slack) -> None:
    with WATCH.apart() as leaks:
        with pytest.MonkeyPatch.context() as elsewhere:
            elsewhere.setattr(WATCH, "learn", lambda *_: None)
            token = minted()
        await slack.call("chat.postMessage", channel=slack.ana.id, text="hello", blocks=said(token))
        await slack.call("chat.postMessage", channel=slack.general.id, text="hello", blocks=said(token))
    assert sinks(leaks) == ["chat.postMessage"]


async def test_a_token_in_an_uploaded_file_is_found(slack: Slack) -> None:
    with WATCH.apart() as leaks:
        content = minted().encode()
        _, url = slack.standin.workspace.uploads.announce("audit.csv", len(content))
        assert slack.standin.workspace.uploads.take(url.rpartition("/")[2], content)
        WATCH.hear("its address", url)
    assert sinks(leaks) == ["an uploaded file", "its address"]


async def test_the_keys_of_slack_are_secrets(slack: Slack) -> None:
    with WATCH.apart() as leaks:
        standin = StandIn(manifest.load())
        for key in (standin.bot_token, standin.app_token, standin.signing_secret):
            WATCH.hear(key[:5], key)
        WATCH.hear("response_url", standin.workspace.permits.issue_response_url("U1", "C1"))
    assert len(leaks) == 4


# Everything else


def test_a_secret_in_a_line_of_the_log_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    with WATCH.apart() as leaks:
        configure(level=logging.INFO, style="json")
        made = SecretStr(KEY)
        try:
            raise LookupError(f"no {made.get_secret_value()} there")
        except LookupError:
            structlog.get_logger().exception("it failed")
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    assert sinks(leaks) == ["the log"]
    assert "no [here] there" in leaks[0].around
    assert KEY in capsys.readouterr().err


def test_a_secret_in_a_metric_is_found() -> None:
    with WATCH.apart() as leaks:
        metrics = Metrics()
        SecretStr(KEY)
        metrics.slack_calls.labels(KEY, "ok").inc()
        metrics.render()
    assert sinks(leaks) == ["metrics"]


@pytest.mark.parametrize("where", ["body", "header"])
async def test_a_secret_in_an_answer_of_ours_is_found(where: str) -> None:
    async def nobody(*_: object) -> WebhookAnswer:
        return WebhookAnswer.UNKNOWN

    async def leaky(_: web.Request) -> web.Response:
        return web.Response(text=KEY) if where == "body" else web.Response(headers={"Location": f"/{KEY}"})

    with WATCH.apart() as leaks:
        SecretStr(KEY)
        app = build_admin(Doors(clock=SystemClock(), webhook=nobody, metrics=lambda: b""))
        app.router.add_get("/leaky", leaky)
        async with TestClient(TestServer(app)) as client:
            assert (await client.get("/leaky")).status == 200
    assert sinks(leaks) == ["an HTTP answer"]


async def test_a_secret_in_a_database_file_is_found(tmp_path: Path) -> None:
    file = tmp_path / "showcaller.db"
    await (await Store.open(f"sqlite:///{file}")).close()
    with closing(connect(file)) as database, database:
        database.execute("INSERT INTO setting VALUES ('T1', 'C1', 'key', ?, 'U1', 0)", (KEY,))
    with WATCH.apart() as leaks:
        SecretStr(KEY)
        await (await Store.open(f"sqlite:///{file}")).close()
    assert sinks(leaks) == ["the database file"]


@pytest.mark.parametrize("cast", ["", "::text::bytea"])
async def test_a_secret_in_a_row_of_a_server_is_found(postgresql_server: Server, cast: str) -> None:
    with WATCH.apart() as leaks:
        SecretStr(KEY)
        async with postgresql_server.database() as url:
            name = DatabaseSettings(url=SecretStr(url)).url.get_secret_value().rpartition("/")[2]
            await postgresql_server.run(f"CREATE TABLE leaky AS SELECT '{KEY}'{cast} AS it", name)
            await hear_server(Watch(), url)
    assert sinks(leaks) == ["the database server"]


def test_a_secret_in_what_a_process_wrote_is_found() -> None:
    with WATCH.apart() as leaks:
        SecretStr(KEY)
        Ended(0, "", f"it is {KEY}")
    assert sinks(leaks) == ["a process"]
