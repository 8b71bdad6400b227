"""What people do, the payloads that reach the bot by signed HTTP, and what its acknowledgement shows."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.demo.slack import Channel, Message, StandIn, User, View
from tests.bot.demo.blocks import actions, button, entry, modal, plain, section, text_entry
from tests.bot.demo.conftest import Clock
from tests.bot.demo.recorder import Recorder


@pytest.fixture
async def bot(slack: StandIn) -> AsyncIterator[Recorder]:
    async with Recorder(slack.signing_secret).listening() as recorder:
        slack.request_url = recorder.url
        yield recorder


def card(slack: StandIn, channel: Channel, **more: Any) -> Message:
    return slack.workspace.post(
        channel, slack.workspace.bot, "card", [actions(button("End", "end", "id-1"), button("Join", "join"))], **more
    )


def form(slack: StandIn, user: User, *blocks: dict[str, Any], **more: Any) -> View:
    return slack.workspace.modals.open(user.id, modal(*blocks, **more))


# Commands


async def test_a_command_arrives_as_slack_sends_it(slack: StandIn, bot: Recorder, ana: User, general: Channel) -> None:
    ack = await slack.command(ana, general, "/video room  create x")
    assert (ack.status, ack.body, ack.problem) == (200, "", None)
    assert bot.last["command"] == "/video"
    assert bot.last["text"] == "room  create x"
    assert (bot.last["user_id"], bot.last["channel_id"], bot.last["channel_name"]) == (ana.id, general.id, "general")
    assert (bot.last["team_id"], bot.last["is_enterprise_install"]) == (slack.team_id, "false")
    assert bot.last["trigger_id"]
    assert bot.last["response_url"]
    await slack.command(ana, slack.workspace.dm(ana), "/video")
    assert (bot.last["channel_name"], bot.last["text"]) == ("directmessage", "")
    await slack.command(ana, slack.workspace.add_channel("crew", private=True, members=[ana]), "/video")
    assert bot.last["channel_name"] == "privategroup"


@pytest.mark.parametrize(
    ("typed", "received"),
    [
        ("mute @ana", "mute <@{ana}|ana>"),
        ("mute @nobody", "mute @nobody"),
        ("in #general", "in <#{general}|general>"),
        ("in #crew", "in <#{crew}|>"),
        ("in #elsewhere", "in #elsewhere"),
        ("to https://x.test/a?b=1&c=2", "to <https://x.test/a?b=1&amp;c=2>"),
        ("to a@x.test", "to <mailto:a@x.test|a@x.test>"),
        ("<!channel> & co", "&lt;!channel&gt; &amp; co"),
        ("tell @here", "tell <!here>"),
        ("“two words” —force", "“two words” —force"),
    ],
)
async def test_typed_text_is_escaped(
    slack: StandIn, bot: Recorder, ana: User, general: Channel, typed: str, received: str
) -> None:
    crew = slack.workspace.add_channel("crew", private=True, members=[ana])
    slack.workspace.add_channel("elsewhere", private=True)
    await slack.command(ana, general, f"/video {typed}")
    assert bot.last["text"] == received.format(ana=ana.id, general=general.id, crew=crew.id)


async def test_without_should_escape_names_stay_names(
    slack: StandIn, bot: Recorder, ana: User, general: Channel
) -> None:
    await slack.command(ana, general, "/raw @ana <b>")
    assert bot.last["text"] == "@ana &lt;b&gt;"


@pytest.mark.parametrize(
    ("answer", "seen_by_ana", "seen_by_ben"),
    [
        ("On it", ["On it"], []),
        ({"text": "On it", "response_type": "ephemeral"}, ["On it"], []),
        ({"text": "On it", "response_type": "in_channel"}, ["/video x", "On it"], ["/video x", "On it"]),
        ({"response_type": "in_channel"}, ["/video x"], ["/video x"]),
    ],
)
async def test_the_body_of_an_acknowledgement_is_a_message(
    slack: StandIn,
    bot: Recorder,
    ana: User,
    ben: User,
    general: Channel,
    answer: object,
    seen_by_ana: list[str],
    seen_by_ben: list[str],
) -> None:
    bot.answer = answer
    assert (await slack.command(ana, general, "/video x")).problem is None
    assert [each.words for each in slack.seen_by(ana, general)] == seen_by_ana
    assert [each.words for each in slack.seen_by(ben, general)] == seen_by_ben


async def test_a_bad_acknowledgement_is_told_to_the_person(
    slack: StandIn, bot: Recorder, ana: User, general: Channel
) -> None:
    bot.answer = {"text": "x", "blocks": [section("")]}
    ack = await slack.command(ana, general, "/video x")
    assert (ack.problem or "").startswith("invalid_command_response: invalid_blocks")
    bot.answer, bot.status = "", 500
    assert (await slack.command(ana, general, "/video x")).problem == "dispatch_failed"
    slack.request_url = "http://127.0.0.1:9/nobody"
    assert (await slack.command(ana, general, "/video x")).status == 0
    assert [each.problem for each in slack.workspace.notices][1:] == ["dispatch_failed", "dispatch_failed"]


async def test_a_late_acknowledgement_is_a_time_out(slack: StandIn, ana: User, general: Channel) -> None:
    release = asyncio.Event()

    async def late(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/", late)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    assert slack.ack_seconds == 3.0
    slack.ack_seconds = 0.05
    ack = await slack.command(ana, general, "/video x")
    assert (ack.status, ack.problem) == (0, "operation_timeout")
    assert [(each.user, each.what) for each in slack.workspace.notices] == [(ana.id, "/video")]
    release.set()
    await runner.cleanup()


async def test_gestures_that_nobody_could_make(
    slack: StandIn, bot: Recorder, ana: User, ben: User, general: Channel
) -> None:
    private = slack.workspace.add_channel("crew", private=True, members=[ana])
    old = slack.workspace.add_channel("old", members=[ana])
    slack.workspace.archive(old)
    for user, channel, text in ((ben, private, "/video"), (ana, old, "/video"), (ana, general, "/other")):
        with pytest.raises(ValueError, match=r"cannot write|is archived|not a command"):
            await slack.command(user, channel, text)
    assert bot.payloads == []
    public = slack.workspace.add_channel("public")
    await slack.command(ben, public, "/video")
    assert ben.id in public.members


# Buttons


async def test_pressing_a_button_of_a_message(slack: StandIn, bot: Recorder, ana: User, general: Channel) -> None:
    message = card(slack, general)
    assert (await slack.press(ana, message, "End")).problem is None
    payload = bot.last
    assert payload["type"] == "block_actions"
    assert payload["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": general.id,
        "is_ephemeral": False,
    }
    assert payload["message"]["ts"] == message.ts
    assert payload["message"]["blocks"] == message.blocks
    assert (payload["channel"]["id"], payload["user"]["id"], payload["team"]["id"]) == (
        general.id,
        ana.id,
        slack.team_id,
    )
    (action,) = payload["actions"]
    assert (action["action_id"], action["value"], action["type"]) == ("end", "id-1", "button")
    assert action["block_id"] == message.blocks[0]["block_id"]
    assert action["action_ts"]
    await slack.press(ana, message, "join")
    assert bot.last["actions"][0]["text"]["text"] == "Join"


async def test_an_ephemeral_message_is_not_sent_along(
    slack: StandIn, bot: Recorder, ana: User, ben: User, general: Channel
) -> None:
    message = card(slack, general, ephemeral_to=ana.id)
    await slack.press(ana, message, "End")
    assert bot.last["container"]["is_ephemeral"] is True
    assert "message" not in bot.last
    with pytest.raises(LookupError, match="ben does not see"):
        await slack.press(ben, message, "End")


async def test_a_button_must_be_there_at_this_moment(
    slack: StandIn, bot: Recorder, ana: User, general: Channel
) -> None:
    message = card(slack, general)
    slack.workspace.edit(message, "ended")
    with pytest.raises(LookupError, match="0 buttons 'End'"):
        await slack.press(ana, message, "End")
    slack.workspace.delete(message)
    with pytest.raises(LookupError, match="does not see"):
        await slack.press(ana, message, "End")
    assert bot.payloads == []


async def test_a_button_of_a_view(slack: StandIn, bot: Recorder, ana: User) -> None:
    view = form(slack, ana, actions(button("More", "more")), text_entry("name", initial_value="x"))
    await slack.press(ana, view, "More")
    assert bot.last["container"] == {"type": "view", "view_id": view.id}
    assert bot.last["view"]["state"]["values"]["name"]["value"]["value"] == "x"
    assert "response_url" not in bot.last


# response_url


async def test_answers_to_a_command(slack: StandIn, bot: Recorder, clock: Clock, ana: User, ben: User) -> None:
    channel = slack.workspace.add_channel("without-the-bot", members=[ana, ben], bot=False)
    await slack.command(ana, channel, "/video x")
    webhook = AsyncWebhookClient(bot.last["response_url"])
    assert (await webhook.send(text="to ana")).status_code == 200
    assert (await webhook.send(text="to all", response_type="in_channel")).status_code == 200
    assert [each.words for each in slack.seen_by(ana, channel)] == ["to ana", "to all"]
    assert [each.words for each in slack.seen_by(ben, channel)] == ["to all"]
    for wrong, error in (
        ({"text": ""}, "no_text"),
        ({"text": "x", "blocks": [section("")]}, "invalid_blocks"),
        ({"text": "x", "replace_original": True}, "message_not_found"),
    ):
        answer = await webhook.send_dict(dict(wrong))
        assert answer.status_code in (400, 404)
        assert error in answer.body
    sixth = await webhook.send(text="once more")
    assert (sixth.status_code, "used_url" in sixth.body) == (404, True)
    await slack.command(ana, channel, "/video x")
    clock.age(30 * 60 + 1)
    late = await AsyncWebhookClient(bot.last["response_url"]).send(text="late")
    assert (late.status_code, "expired_url" in late.body) == (404, True)


async def test_a_press_can_replace_and_delete_its_message(
    slack: StandIn, bot: Recorder, ana: User, ben: User, general: Channel
) -> None:
    for ephemeral_to in (None, ana.id):
        message = card(slack, general, ephemeral_to=ephemeral_to)
        await slack.press(ana, message, "End")
        webhook = AsyncWebhookClient(bot.last["response_url"])
        await webhook.send(text="ended", replace_original=True, response_type="in_channel")
        present = slack.workspace.message(general, message.ts)
        assert present is not None
        assert (present.words, present.ephemeral_to, present.buttons) == ("ended", ephemeral_to, [])
        refused = await webhook.send(text="x", delete_original=True)
        assert (refused.status_code, "invalid_payload" in refused.body) == (400, True)
        assert (await webhook.send(delete_original=True)).status_code == 200
        assert slack.seen_by(ana, general) == []


async def test_an_address_that_was_never_given(slack: StandIn) -> None:
    answer = await AsyncWebhookClient(slack.api_url.replace("/api/", "/response/made-up")).send(text="x")
    assert answer.status_code == 404


# Forms

CHOICE = {
    "type": "static_select",
    "action_id": "pick",
    "options": [{"text": plain("One"), "value": "1"}, {"text": plain("Two"), "value": "2"}],
    "initial_option": {"text": plain("One"), "value": "1"},
}
CHECK = {"type": "checkboxes", "action_id": "tick", "options": [{"text": plain("Yes"), "value": "yes"}]}


async def test_submitting_sends_what_was_filled_in(slack: StandIn, bot: Recorder, ana: User, ben: User) -> None:
    view = form(
        slack,
        ana,
        text_entry("name"),
        text_entry("note", initial_value="as it was"),
        entry("layout", CHOICE),
        entry("record", CHECK, optional=True),
        entry("who", {"type": "users_select", "action_id": "user"}),
        private_metadata="secretless",
        callback_id="create",
    )
    ack = await slack.submit(ana, view, {"name": "standup", "layout": "Two", "record": True, "who": ben})
    assert ack.problem is None
    sent = bot.last["view"]
    values = sent["state"]["values"]
    assert values["name"]["value"] == {"type": "plain_text_input", "value": "standup"}
    assert values["note"]["value"]["value"] == "as it was"
    assert values["layout"]["pick"]["selected_option"]["value"] == "2"
    assert [each["value"] for each in values["record"]["tick"]["selected_options"]] == ["yes"]
    assert values["who"]["user"]["selected_user"] == ben.id
    assert (sent["id"], sent["hash"], sent["private_metadata"]) == (view.id, view.hash, "secretless")
    assert (bot.last["type"], sent["callback_id"]) == ("view_submission", "create")
    assert slack.view_of(ana) is None


async def test_the_client_refuses_what_is_missing_or_too_long(slack: StandIn, bot: Recorder, ana: User) -> None:
    view = form(slack, ana, text_entry("name", max_length=3), text_entry("note"))
    ack = await slack.submit(ana, view, {"name": "long"})
    assert (ack.status, ack.problem) == (0, "incomplete")
    present = slack.view_of(ana)
    assert present is not None
    assert set(present.errors) == {"name", "note"}
    assert bot.payloads == []
    with pytest.raises(KeyError, match="nothing"):
        await slack.submit(ana, view, {"nothing": 1})
    with pytest.raises(ValueError, match="no option"):
        await slack.submit(ana, form(slack, ana, entry("layout", CHOICE)), {"layout": "Three"})


async def test_errors_stand_under_their_field_and_what_was_typed_stays(
    slack: StandIn, bot: Recorder, ana: User
) -> None:
    view = form(slack, ana, text_entry("name"), text_entry("note"))
    bot.answer = {"response_action": "errors", "errors": {"name": "Taken."}}
    assert (await slack.submit(ana, view, {"name": "a", "note": "kept"})).problem is None
    present = slack.view_of(ana)
    assert present is not None
    assert present.errors == {"name": "Taken."}
    assert "! Name: Taken." in present.lines
    bot.answer = ""
    await slack.submit(ana, present, {"name": "b"})
    assert bot.last["view"]["state"]["values"]["note"]["value"]["value"] == "kept"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("saved", "unexpected_body"),
        ({"text": "saved"}, "unexpected_body"),
        ({"response_action": "errors", "errors": {"other": "x"}}, "errors_for_unknown_blocks"),
        ({"response_action": "errors"}, "errors_missing"),
        ({"response_action": "update", "view": {"type": "modal"}}, "invalid_arguments"),
    ],
)
async def test_an_answer_that_a_form_does_not_understand(
    slack: StandIn, bot: Recorder, ana: User, answer: object, problem: str
) -> None:
    view = form(slack, ana, text_entry("name"))
    bot.answer = answer
    assert problem in ((await slack.submit(ana, view, {"name": "x"})).problem or "")
    assert slack.view_of(ana) is not None
    assert [each.what for each in slack.workspace.notices] == ["Form"]


async def test_update_push_and_clear(slack: StandIn, bot: Recorder, ana: User) -> None:
    view = form(slack, ana, text_entry("name"))
    bot.answer = {"response_action": "update", "view": modal(section("2"))}
    await slack.submit(ana, view, {"name": "x"})
    updated = slack.view_of(ana)
    assert updated is not None
    assert (updated.id, updated.lines[1]) == (view.id, "2")
    bot.answer = {"response_action": "push", "view": modal(section("3"))}
    await slack.submit(ana, updated, {})
    pushed = slack.view_of(ana)
    assert pushed is not None
    assert (pushed.previous_id, pushed.lines[1]) == (view.id, "3")
    with pytest.raises(LookupError, match="before them"):
        await slack.submit(ana, updated, {})
    bot.answer = {"response_action": "clear"}
    await slack.submit(ana, pushed, {})
    assert slack.view_of(ana) is None


async def test_closing_is_told_to_those_who_asked(slack: StandIn, bot: Recorder, ana: User) -> None:
    await slack.close(ana, form(slack, ana, section("quiet")))
    assert bot.payloads == []
    view = form(slack, ana, section("told"), notify_on_close=True)
    await slack.close(ana, view)
    assert (bot.last["type"], bot.last["view"]["id"], bot.last["is_cleared"]) == ("view_closed", view.id, False)
    root = form(slack, ana, section("root"), notify_on_close=True)
    await slack.close(ana, slack.workspace.modals.push(ana.id, modal(section("above"))), everything=True)
    assert (bot.last["view"]["id"], bot.last["is_cleared"]) == (root.id, True)
    assert slack.view_of(ana) is None


# Events and waiting


async def test_events(slack: StandIn, bot: Recorder, ana: User) -> None:
    assert (await slack.open_home(ana)).problem is None
    assert (bot.last["type"], bot.last["event"]["type"]) == ("event_callback", "app_home_opened")
    assert bot.last["event_id"]
    await slack.event({"type": "message", "channel_type": "im", "text": "hi"})
    assert bot.last["event"]["text"] == "hi"
    with pytest.raises(ValueError, match="app_mention"):
        await slack.event({"type": "app_mention"})


async def test_until_is_woken_by_a_change(slack: StandIn, ana: User, general: Channel) -> None:
    asked = asyncio.Event()

    def seen() -> list[Message]:
        asked.set()
        return slack.seen_by(ana, general)

    waiting = asyncio.create_task(slack.until(seen))
    await asked.wait()
    card(slack, general)
    assert [each.text for each in await waiting] == ["card"]


async def test_until_shows_what_people_see_when_it_gives_up(slack: StandIn, ana: User, general: Channel) -> None:
    card(slack, general)
    slack.workspace.notify(ana, "/video", "operation_timeout")
    form(slack, ana, text_entry("name"))
    with pytest.raises(AssertionError) as failed:
        await slack.until(lambda: None, timeout=0.01)
    for words in ("== ana", "[End] [Join]", "/video: operation_timeout", "modal: Form / Name"):
        assert words in str(failed.value)
