"""What people start from Slack's own menus."""

import sqlite3
from contextlib import closing

import pytest

from bot.demo.slack import Channel, Message, User, View
from bot.demo.slack.deliver import Kind
from bot.demo.world import World
from bot.render.form import PLACE
from bot.slack.shortcuts import suggested_name
from tests.bot.conversations.conftest import Start, Wanted
from tests.bot.conversations.talk import accepted, ask, card, heard, labels, opened, public, rooms

CREATE, FROM_MESSAGE = "Create video room", "Start a video room"


async def from_message(world: World, who: User, message: Message) -> View:
    accepted(await world.slack.message_shortcut(who, message, FROM_MESSAGE))
    return await opened(world, who)


async def direct(world: World, who: User) -> Message:
    """What the bot says to that person alone."""
    channel = world.slack.workspace.dm(who)
    return await world.slack.until(lambda: next(iter(public(world, channel)), None))


async def under(world: World, message: Message, title: str) -> Message:
    """The card of that title in the thread of a message."""

    def found() -> Message | None:
        replies = [m for m in public(world) if m.thread_ts == message.ts]
        return next((m for m in replies if m.lines[0] == title and "Live" in m.words), None)

    return await world.slack.until(found)


def doors(world: World) -> list[str]:
    with closing(sqlite3.connect(world.directory / "showcaller.db")) as db:
        return [door for (door,) in db.execute("SELECT door FROM attempt ORDER BY id")]


def name_of(view: View) -> str:
    (block,) = [block for block in view.blocks if block["block_id"] == "name"]
    return str(block["element"].get("initial_value", ""))


async def test_a_room_from_anywhere_asks_where_its_card_goes(world: World) -> None:
    accepted(await world.slack.shortcut(world.operator, CREATE))
    view = await opened(world, world.operator)
    assert view.title == "Create room"
    accepted(await world.slack.submit(world.operator, view, {"name": "standup", PLACE: world.general.id}))
    live = await card(world, "standup", "🟢 *Live*")
    assert live.thread_ts is None
    told = await world.slack.until(lambda: next(iter(heard(world, world.operator)), None))
    assert told.words == "Created *standup*."
    assert doors(world) == ["shortcut"]


async def test_who_may_not_make_rooms_is_told_so_and_sees_no_form(world: World) -> None:
    accepted(await world.slack.shortcut(world.guest, CREATE))
    assert "operator" in (await direct(world, world.guest)).words
    assert world.slack.view_of(world.guest) is None


async def test_a_room_from_a_message_has_its_card_in_that_thread(world: World) -> None:
    message = await world.slack.write(world.guest, world.general, "The API is down in eu-west, who is on call?")
    view = await from_message(world, world.operator, message)
    assert name_of(view) == "the-api-is-down-in"
    accepted(await world.slack.submit(world.operator, view, {}))
    await under(world, message, "the-api-is-down-in")
    assert rooms(world) == ["the-api-is-down-in"]
    assert doors(world) == ["shortcut"]


async def test_a_room_from_a_reply_has_its_card_in_the_thread_that_the_reply_is_in(world: World) -> None:
    message = await world.slack.write(world.guest, world.general, "An incident")
    reply = await world.slack.write(world.guest, world.general, "Let us talk", under=message)
    view = await from_message(world, world.operator, reply)
    assert name_of(view) == "let-us-talk"
    accepted(await world.slack.submit(world.operator, view, {"name": "incident"}))
    await under(world, message, "incident")


async def test_from_a_card_of_ours_the_new_card_begins_a_thread_of_its_own(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    view = await from_message(world, world.operator, await card(world, "standup"))
    accepted(await world.slack.submit(world.operator, view, {"name": "another"}))
    assert (await card(world, "another")).thread_ts is None


async def test_a_message_without_words_suggests_no_name(world: World) -> None:
    message = await world.slack.write(world.guest, world.general, ":wave: :tada:")
    assert name_of(await from_message(world, world.operator, message)) == ""


@pytest.mark.parametrize("name", ["den", "den-private"])
async def test_where_the_bot_is_no_member_it_says_how_to_invite_it(world: World, name: str, wanted: Wanted) -> None:
    wanted.refusals.add("channel_not_found")  # what Slack says of a private channel to who is not in it
    people = [world.owner, world.operator]
    den: Channel = world.slack.workspace.add_channel(name, members=people, private="private" in name, bot=False)
    message = await world.slack.write(world.owner, den, "An incident")
    accepted(await world.slack.message_shortcut(world.operator, message, FROM_MESSAGE))
    told = await world.slack.until(lambda: next(iter(heard(world, world.operator, den)), None))
    assert "I am not in" in told.words
    assert f"/invite` and pick @{world.slack.bot_user_id}" in told.words
    assert world.slack.view_of(world.operator) is None


async def test_who_may_not_make_rooms_is_told_so_beside_the_message(world: World) -> None:
    message = await world.slack.write(world.operator, world.general, "An incident")
    accepted(await world.slack.message_shortcut(world.guest, message, FROM_MESSAGE))
    told = await world.slack.until(lambda: next(iter(heard(world, world.guest)), None))
    assert "operator" in told.words
    assert world.slack.view_of(world.guest) is None


async def test_a_shortcut_that_comes_twice_opens_one_form(world: World) -> None:
    accepted(await world.slack.shortcut(world.operator, CREATE))
    await opened(world, world.operator)
    accepted(await world.slack.redeliver())
    await ask(world, world.operator, "/video room list")
    assert sum(call.method == "views.open" for call in world.slack.calls) == 1


async def test_after_a_restart_the_form_still_knows_its_thread_and_its_door(start: Start) -> None:
    world = await start()
    message = await world.slack.write(world.guest, world.general, "An incident")
    view = await from_message(world, world.operator, message)
    await world.restart()
    accepted(await world.slack.submit(world.operator, view, {"name": "incident"}))
    await under(world, message, "incident")
    assert doors(world) == ["shortcut"]


async def test_a_form_from_the_home_asks_for_the_conversation(world: World) -> None:
    accepted(await world.slack.open_home(world.operator))
    home = await world.slack.until(lambda: world.slack.home_of(world.operator))
    assert "Create room" in labels(home)
    accepted(await world.slack.press(world.operator, home, "Create room"))
    view = await opened(world, world.operator)
    accepted(await world.slack.submit(world.operator, view, {"name": "standup", PLACE: world.general.id}))
    await card(world, "standup", "🟢 *Live*")
    assert doors(world) == ["home"]


async def test_a_shortcut_of_another_version_is_answered_too(world: World) -> None:
    who = {"id": world.operator.id, "username": "omar", "team_id": world.slack.team_id}
    payload = {"type": "shortcut", "callback_id": "gone", "user": who, "team": {"id": world.slack.team_id}}
    accepted(await world.slack.deliver(Kind.INTERACTIVE, {**payload, "trigger_id": "1.2", "action_ts": "1.2"}))
    assert "does not know that shortcut" in (await direct(world, world.operator)).words


async def test_what_lacks_its_place_is_dropped(world: World) -> None:
    who = {"id": world.operator.id, "team_id": world.slack.team_id}
    payload = {"type": "message_action", "callback_id": "room_from_message", "user": who, "trigger_id": "1.3"}
    accepted(await world.slack.deliver(Kind.INTERACTIVE, payload))
    accepted(await world.slack.event({"type": "app_home_opened", "tab": "home", "user": world.operator.id}))
    await ask(world, world.operator, "/video room list")
    assert world.slack.view_of(world.operator) is None
    assert world.slack.home_of(world.operator) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The API is down in <#C1|eu>!", "the-api-is-down-in"),
        ("<@U1> can you help?", "can-you-help"),
        ("don't panic", "dont-panic"),
        ("It’s 5 &amp; 6", "its-5-6"),
        ("<https://example.com/x|the dashboard> is red :fire:", "is-red"),
        ("Besprechung über Größe", "besprechung-über-größe"),
        ("غرفة الاجتماعات", "غرفة-الاجتماعات"),
        ("x" * 80, "x" * 40),
        (f"{'a' * 30} {'b' * 30}", "a" * 30),
        (":wave:", ""),
        ("", ""),
    ],
)
def test_a_name_from_the_first_words(text: str, name: str) -> None:
    assert suggested_name(text) == name
