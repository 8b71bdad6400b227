"""A small Bolt app, as its documentation shows it, lives on the stand-in over both transports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import Channel, StandIn, User
from tests.bot.demo.blocks import actions, button, modal, section, text_entry


def small_app(slack: StandIn, session: aiohttp.ClientSession) -> AsyncApp:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session)
    app = AsyncApp(client=client, signing_secret=slack.signing_secret)

    @app.command("/video")
    async def command(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack(text="Working on it", response_type="ephemeral")
        await respond(text="Ready", blocks=[section("Ready"), actions(button("Create room", "create"))])

    @app.action("create")
    async def create(ack: AsyncAck, body: dict[str, str], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(text_entry("name"), callback_id="room"))

    @app.view("room")
    async def room(ack: AsyncAck, view: dict[str, dict[str, dict[str, dict[str, dict[str, str]]]]]) -> None:
        if view["state"]["values"]["name"]["value"]["value"] == "taken":
            await ack(response_action="errors", errors={"name": "Taken."})
        else:
            await ack()

    return app


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


@pytest.fixture(params=[over_http, over_sockets], ids=["http", "sockets"])
async def bolt(
    request: pytest.FixtureRequest, slack: StandIn, session: aiohttp.ClientSession
) -> AsyncIterator[AsyncApp]:
    app = small_app(slack, session)
    async with request.param(app, slack):
        yield app


@pytest.mark.usefixtures("bolt")
async def test_from_command_to_form(slack: StandIn, ana: User, general: Channel) -> None:
    ack = await slack.command(ana, general, "/video room create")
    assert (ack.status, ack.problem) == (200, None)
    message = await slack.until(lambda: next((each for each in slack.seen_by(ana, general) if each.buttons), None))
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


@pytest.mark.usefixtures("bolt")
async def test_a_command_that_bolt_does_not_know_fails_for_the_person(
    slack: StandIn, ana: User, general: Channel
) -> None:
    slack.ack_seconds = 0.5
    ack = await slack.command(ana, general, "/raw x")
    expected = "dispatch_failed" if slack.request_url else "operation_timeout"
    assert ack.problem == expected
    assert [each.problem for each in slack.workspace.notices] == [expected]
