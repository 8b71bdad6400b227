"""Forms: opened by what is missing or by a button, filled in, corrected, sent, closed."""

import asyncio
from dataclasses import replace

from bot.demo.slack import Message
from bot.demo.world import World
from bot.wiring import Bot
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.conftest import Start, Wanted
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import accepted, ask, card, form, heard, labels, opened, public, rooms

FAILED = "Slack did not open the form: it allows three seconds for that.\nTry again, or type it: `/video room create`."


async def _answers(world: World) -> list[Message]:
    return await world.slack.until(lambda: heard(world, world.operator))


async def test_a_form_for_a_video_server_that_is_not_there_is_not_opened(world: World) -> None:
    said = await ask(world, world.operator, "/video room create --provider nope")
    assert said.words == "There is no video server called “nope” here.\nThere is memory."
    assert world.slack.view_of(world.operator) is None


async def test_a_missing_name_opens_the_form_filled_with_what_was_given(world: World) -> None:
    view = await form(world, world.operator, "/video room create --max-participants 7 --empty-timeout 10m --record")
    assert view.title == "Create room"
    assert list(view.fields) == ["name", "max_participants", "empty_timeout", "record", "stop_after"]
    assert "More options" in view.words
    accepted(await world.slack.submit(world.operator, view, {"name": "retro"}))
    await card(world, "retro", "🟢 *Live*", "🔴 *Recording*")
    (room,) = world.memory.server.list_rooms()
    assert room.max_participants == 7
    assert world.slack.view_of(world.operator) is None
    assert [m.words for m in await _answers(world)] == ["Created *retro*. It is being recorded."]
    assert heard(world, world.guest) == []


async def test_errors_stand_under_their_fields_and_what_was_typed_stays(world: World) -> None:
    view = await form(world, world.operator, "/video room create")
    ack = await world.slack.submit(
        world.operator, view, {"name": "x" * 300, "max_participants": "0", "empty_timeout": "soon"}
    )
    accepted(ack)
    view = await opened(world, world.operator)
    assert view.errors == {
        "max_participants": "“0” is too small; the least is 1.",
        "empty_timeout": "“soon” is no duration. Write it like 90s, 15m or 1h30m.",
    }
    accepted(await world.slack.submit(world.operator, view, {"max_participants": "20000", "empty_timeout": "10m"}))
    view = await opened(world, world.operator)
    assert view.errors == {
        "name": "A room's name can be 256 bytes long; this one has 300.",
        "max_participants": "The most here is 10,000.",
    }
    assert rooms(world) == []
    accepted(await world.slack.submit(world.operator, view, {"name": "retro", "max_participants": "5"}))
    await card(world, "retro", "🟢 *Live*")


async def test_a_form_that_is_cancelled_does_nothing(world: World) -> None:
    view = await form(world, world.operator, "/video room create")
    accepted(await world.slack.close(world.operator, view))
    assert world.slack.view_of(world.operator) is None
    assert (rooms(world), public(world), heard(world, world.operator)) == ([], [], [])


async def test_a_button_opens_a_form(world: World) -> None:
    said = await ask(world, world.operator, "/video")
    accepted(await world.slack.press(world.operator, said, "Create room"))
    view = await opened(world, world.operator)
    assert view.title == "Create room"
    accepted(await world.slack.submit(world.operator, view, {"name": "retro"}))
    await card(world, "retro", "🟢 *Live*")


async def test_a_form_begins_with_the_room_of_the_channel(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    view = await form(world, world.operator, "/video signal send")
    accepted(await world.slack.submit(world.operator, view, {"message": "hello"}))
    said = await world.slack.until(lambda: [m for m in heard(world, world.operator) if "Created" not in m.words])
    assert "standup" in said[-1].words


async def test_a_form_that_shows_what_somebody_has_is_for_nobody_else(world: World) -> None:
    """Of a form that began with somebody's values only the changes are sent on, and they would be of the wrong one."""
    for room, who in (("standup", "bob"), ("retro", "cleo")):
        await ask(world, world.operator, f"/video room create {room}")
        world.memory.server.join(room, who, name=who.capitalize())
    shown = await ask(world, world.operator, "/video participant show standup bob")
    accepted(await world.slack.press(world.operator, shown, "Update"))
    view = await opened(world, world.operator)
    accepted(await world.slack.submit(world.operator, view, {"room": "retro", "who": "Cleo", "name": "Cleopatra"}))
    refused = world.slack.view_of(world.operator)
    assert refused is not None
    assert refused.errors == {
        "room": "This form shows what “standup” has. Close it and ask for another one.",
        "who": "This form shows what “bob” has. Close it and ask for another one.",
    }


async def test_a_form_in_which_nothing_was_changed_says_so_and_stays(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    world.memory.server.join("standup", "bob", name="Bob")
    shown = await ask(world, world.operator, "/video participant show standup bob")
    accepted(await world.slack.press(world.operator, shown, "Update"))
    view = await opened(world, world.operator)
    accepted(await world.slack.submit(world.operator, view, {}))
    again = await opened(world, world.operator, after=view)
    assert "Nothing is changed so far. Change something, or cancel." in again.words
    assert again.errors == {}


async def test_a_button_that_opens_a_form_knows_the_room_of_the_channel(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    page = await ask(world, world.operator, "/video help room close")
    accepted(await world.slack.press(world.operator, page, "Open form"))
    view = await opened(world, world.operator)
    assert view.typed == {}
    accepted(await world.slack.submit(world.operator, view, {}))
    question = await world.slack.until(
        lambda: next((m for m in heard(world, world.operator) if "End *standup*?" in m.words), None)
    )
    assert labels(question) == ["End room", "Keep it"]


async def test_more_options_pressed_twice_is_drawn_once(world: World) -> None:
    view = await form(world, world.operator, "/video token create")
    for ack in await asyncio.gather(*(world.slack.press(world.operator, view, "More options") for _ in range(2))):
        accepted(ack)
    await opened(world, world.operator, after=view)
    assert len([c for c in world.slack.calls if c.method == "views.update"]) == 1
    accepted(await world.slack.close(world.operator, await opened(world, world.operator)))
    assert heard(world, world.operator) == []


async def test_a_trigger_that_expired_opens_nothing_and_says_so(
    world: World, clock: MovedClock, wanted: Wanted, log: Log
) -> None:
    wanted.refusals.add("expired_trigger_id")
    typing = asyncio.create_task(world.slack.command(world.operator, world.general, "/video room create"))
    await asyncio.sleep(0)  # the trigger is issued before the command is sent
    clock.move(seconds=4)
    accepted(await typing)
    (said,) = await _answers(world)
    assert said.words == FAILED
    assert world.slack.view_of(world.operator) is None
    (line,) = log.events("refused")
    assert line["error"] == "views.open: expired_trigger_id"


async def test_who_may_not_do_it_is_not_made_to_fill_in_a_form(world: World) -> None:
    said = await ask(world, world.guest, "/video room create")
    assert said.words == (
        "`room create` is for people with the role operator.\n"
        "You are *viewer*: a guest in this workspace. Ask an owner or admin of the workspace to do it."
    )
    assert world.slack.view_of(world.guest) is None


async def test_a_form_sent_after_a_restart_is_answered_all_the_same(world: World) -> None:
    view = await form(world, world.operator, "/video room create")
    await world.restart()
    accepted(await world.slack.submit(world.operator, view, {"name": "retro"}))
    await card(world, "retro", "🟢 *Live*")
    (said,) = await _answers(world)
    assert said.words == "Created *retro*."


async def test_a_form_of_a_server_that_is_gone_says_that_it_is_too_old(start: Start) -> None:
    world = await start(providers='[providers.memory]\nkind = "memory"\n[providers.b]\nkind = "memory"\n')
    view = await form(world, world.operator, "/video room create --provider b")
    assert "On `b`." in view.words
    await world.bot.stop()
    world.settings = replace(world.settings, providers=world.settings.providers[:1])
    world.bot = await Bot.start(world.settings, clock=world.clock)
    accepted(await world.slack.submit(world.operator, view, {"name": "retro"}))
    view = await opened(world, world.operator)
    assert view.errors == {"name": "This form is too old. Close it and begin again."}
    assert rooms(world) == []
    accepted(await world.slack.press(world.operator, view, "More options"))
    ended = await opened(world, world.operator, after=view)
    assert ended.lines[1:] == ["This form is too old. Close it and begin again.", "[Close]"]
