"""A small Bolt app, as its README shows it, lives on the stand-in over both transports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import Channel, Message, StandIn, User
from bot.demo.slack.deliver import Kind
from tests.bot.demo.blocks import actions, button, entry, home, modal, plain, section, text_entry

ROOMS = entry("room", {"type": "external_select", "action_id": "rooms", "min_query_length": 0}, optional=True)


def small_app(slack: StandIn) -> AsyncApp:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    app = AsyncApp(client=client, signing_secret=slack.signing_secret)
    take_commands(app)
    take_events(app)
    take_shortcuts(app)
    return app


def take_commands(app: AsyncApp) -> None:
    @app.command("/video")
    async def command(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack("Working on it")
        await respond(text="Ready", blocks=[section("Ready"), actions(button("Create room", "create"))])

    @app.action("create")
    async def create(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        form = modal(text_entry("name"), ROOMS, callback_id="room")
        await client.views_open(trigger_id=body["trigger_id"], view=form)

    @app.options("rooms")
    async def rooms(ack: AsyncAck, payload: dict[str, Any]) -> None:
        await ack(options=[{"text": plain(f"{payload['value']}-1"), "value": "1"}])

    @app.view("room")
    async def room(ack: AsyncAck, view: dict[str, Any]) -> None:
        if view["state"]["values"]["name"]["value"]["value"] == "taken":
            await ack(response_action="errors", errors={"name": "Taken."})
        else:
            await ack()


def take_events(app: AsyncApp) -> None:
    @app.event("app_home_opened")
    async def opened(client: AsyncWebClient, event: dict[str, Any]) -> None:
        await client.views_publish(user_id=event["user"], view=home(section("Welcome home")))

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any], say: AsyncSay) -> None:
        await say(f"Hi there, <@{event['user']}>", thread_ts=event["ts"])

    @app.message("hello")
    async def told(message: dict[str, Any], say: AsyncSay) -> None:
        await say(f"You said {message['text']}")


def take_shortcuts(app: AsyncApp) -> None:
    @app.shortcut("anywhere")
    async def anywhere(ack: AsyncAck, shortcut: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=shortcut["trigger_id"], view=modal(text_entry("name"), callback_id="room"))

    @app.shortcut({"type": "message_action", "callback_id": "on_this"})
    async def on_this(ack: AsyncAck, shortcut: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        await respond(f"About: {shortcut['message']['text']}")


@asynccontextmanager
async def over_http(app: AsyncApp, slack: StandIn) -> AsyncIterator[None]:
    async def take(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    server = web.Application()
    server.router.add_post("/slack/events", take)
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def over_sockets(app: AsyncApp, slack: StandIn) -> AsyncIterator[None]:
    handler = AsyncSocketModeHandler(app, slack.app_token)
    try:
        await handler.connect_async()  # type: ignore[no-untyped-call] # not annotated in Bolt
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call] # not annotated in Bolt


@pytest.fixture(params=[over_http, over_sockets], ids=["http", "sockets"], autouse=True)
async def bolt(request: pytest.FixtureRequest, slack: StandIn) -> AsyncIterator[AsyncApp]:
    app = small_app(slack)
    async with request.param(app, slack):
        yield app


async def said(slack: StandIn, who: User, channel: Channel, words: str) -> Message:
    return await slack.until(lambda: next((m for m in slack.seen_by(who, channel) if words in m.words), None))


async def test_from_command_to_form(slack: StandIn, ana: User, general: Channel) -> None:
    ack = await slack.command(ana, general, "/video room create")
    assert (ack.status, ack.problem) == (200, None)
    message = await said(slack, ana, general, "Ready")
    assert (message.lines, message.ephemeral_to) == (["Ready", "[Create room]"], ana.id)
    assert "Working on it" in [each.words for each in slack.seen_by(ana, general)]

    assert (await slack.press(ana, message, "Create room")).problem is None
    view = await slack.until(lambda: slack.view_of(ana))
    assert (await slack.submit(ana, view, {"name": "taken"})).problem is None
    refused = slack.view_of(ana)
    assert refused is not None
    assert refused.errors == {"name": "Taken."}
    assert (await slack.submit(ana, refused, {"name": "free"})).problem is None
    assert slack.view_of(ana) is None


async def test_type_ahead(slack: StandIn, ana: User) -> None:
    asked = {
        "type": "block_suggestion",
        "team": {"id": slack.team_id},
        "user": {"id": ana.id, "team_id": slack.team_id},
        "container": {"type": "view", "view_id": "V1"},
        "action_id": "rooms",
        "block_id": "room",
        "value": "stand",
    }
    ack = await slack.deliver(Kind.INTERACTIVE, asked)
    assert (ack.status, ack.body) == (200, {"options": [{"text": plain("stand-1"), "value": "1"}]})


async def test_the_home_tab(slack: StandIn, ana: User) -> None:
    assert (await slack.open_home(ana)).problem is None
    view = await slack.until(lambda: slack.home_of(ana))
    assert view.lines == ["Welcome home"]


async def test_what_people_write(slack: StandIn, ana: User, general: Channel) -> None:
    asked = await slack.write(ana, general, "@showcaller hi")
    answer = await said(slack, ana, general, "Hi there")
    assert (answer.text, answer.thread_ts) == (f"Hi there, <@{ana.id}>", asked.ts)
    direct = slack.workspace.dm(ana)
    await slack.write(ana, direct, "hello")
    assert (await said(slack, ana, direct, "You said")).words == "You said hello"


async def test_shortcuts(slack: StandIn, ana: User, general: Channel) -> None:
    assert (await slack.shortcut(ana, "Anywhere")).problem is None
    view = await slack.until(lambda: slack.view_of(ana))
    assert view.callback_id == "room"
    message = slack.workspace.post(general, ana, "the stream is down")
    assert (await slack.message_shortcut(ana, message, "On this")).problem is None
    answer = await said(slack, ana, general, "About:")
    assert (answer.words, answer.ephemeral_to) == ("About: the stream is down", ana.id)


async def test_what_bolt_does_not_know_fails_for_the_person(slack: StandIn, ana: User) -> None:
    slack.ack_seconds = 0.5
    ack = await slack.deliver(Kind.INTERACTIVE, {"type": "shortcut", "callback_id": "unknown", "user": {"id": ana.id}})
    assert ack.problem == ("dispatch_failed" if slack.request_url else "operation_timeout")
