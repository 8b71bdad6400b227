"""Buttons that outlive what they were made for: rooms that are gone, lives that are over, versions that are past."""

import json

import pytest

from bot.demo.slack import Message
from bot.demo.world import World
from tests.bot.conversations.conftest import Start
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import ask, attempts, card, heard, labels, press, public, rooms

ENDED = "The room `standup` has ended.\nCreate it again if it is needed."
OTHER_VERSION = "This button was made by another version of the bot and is not understood any more."


async def live_then_over(world: World) -> Message:
    """The card of a life that ended while nobody pressed anything, with the buttons it had while it was live."""
    await ask(world, world.operator, "/video room create standup")
    live = await card(world, "standup", "🟢 *Live*")
    (room,) = world.memory.server.list_rooms()
    world.memory.server.close_room(room.ref)
    await card(world, "standup", "⚪ *Ended*")
    return world.slack.workspace.post(world.general, world.slack.workspace.bot, "as it was", live.blocks)


@pytest.mark.parametrize("button", ["Join", "Record", "Participants", "Mute all", "End"])
async def test_a_button_of_a_room_that_is_gone(world: World, button: str) -> None:
    old = await live_then_over(world)
    assert (await press(world, world.operator, old, button)).words == ENDED
    assert rooms(world) == []
    assert attempts(world)[-1][1] == "refused"


@pytest.mark.parametrize("button", ["Join", "Record", "Participants", "Mute all", "End"])
async def test_a_button_of_an_earlier_life_never_touches_the_present_one(world: World, button: str) -> None:
    old = await live_then_over(world)
    await ask(world, world.operator, "/video room create standup")
    world.memory.server.join("standup", "bob", name="Bob")
    await card(world, "standup", "1 person")
    assert (await press(world, world.operator, old, button)).words == ENDED
    (room,) = world.memory.server.list_rooms()
    assert (room.participants, room.recording) == (1, False)
    assert world.memory.server.list_recordings() == []


async def test_end_asked_in_one_life_and_answered_in_the_next(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    question = await press(world, world.operator, await card(world, "standup"), "End")
    (first,) = world.memory.server.list_rooms()
    world.memory.server.close_room(first.ref)
    await card(world, "standup", "⚪ *Ended*")
    await ask(world, world.owner, "/video room create standup")
    assert (await press(world, world.operator, question, "End room")).words == ENDED
    (second,) = world.memory.server.list_rooms()
    assert second.ref != first.ref


async def test_a_room_that_went_unnoticed_is_found_to_be_gone_and_its_card_mended(start: Start) -> None:
    """No webhook tells of its end."""
    world = await start(providers='[providers.memory]\nkind = "memory"\n')
    await ask(world, world.operator, "/video room create standup")
    live = await card(world, "standup", "🟢 *Live*")
    (room,) = world.memory.server.list_rooms()
    world.memory.server.close_room(room.ref)
    assert (await press(world, world.operator, live, "Participants")).words == ENDED
    await card(world, "standup", "⚪ *Ended*")


async def test_stop_on_a_recording_that_has_ended(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    said = await press(world, world.operator, await card(world, "standup"), "Record")
    live = await card(world, "Recording of standup", "🔴 *Live*")
    await press(world, world.operator, live, "Stop")
    await card(world, "Recording of standup", "✅ *Ready*")
    old = world.slack.workspace.post(world.general, world.slack.workspace.bot, "as it was", live.blocks)
    for message, button in ((said, "Stop recording"), (old, "Stop")):
        answer = await press(world, world.operator, message, button)
        assert answer.lines == ["That recording of *standup* has ended already.", "Start a new one?", "[Record again]"]


def button(action_id: str, value: str | None) -> dict[str, object]:
    drawn: dict[str, object] = {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": "Old"}}
    return drawn if value is None else {**drawn, "value": value}


def of_old(world: World, action_id: str, value: str | None) -> Message:
    """A message that an earlier version of the bot might have posted."""
    blocks = [{"type": "actions", "elements": [button(action_id, value)]}]
    return world.slack.workspace.post(world.general, world.slack.workspace.bot, "of old", blocks)


GOOD = json.dumps({"v": 1, "provider": "memory", "name": "x"})


@pytest.mark.parametrize(
    ("action_id", "value", "instead"),
    [
        ("cmd:room.created:1", GOOD, "room create"),
        ("cmd:dance.start:1", GOOD, "help"),
        ("cmd:room.create:1", json.dumps({"v": 2, "provider": "memory", "name": "x"}), "room create"),
        ("cmd:room.create:1", json.dumps({"v": 1, "provider": "memory", "title": "x"}), "room create"),
        ("cmd:room.create:1", json.dumps({"v": 1, "provider": "memory"}), "room create"),
        ("cmd:room.create:1", json.dumps({"v": 1, "provider": ["memory"], "name": {}}), "room create"),
        ("cmd:room.create:1", "[]", "room create"),
        ("cmd:room.create:1", "null", "room create"),
        ("cmd:room.create:1", "{", "room create"),
        ("cmd:room.create:1", "", "room create"),
        ("cmd:room.create:1", None, "room create"),
        ("cmd:room.create:1", "[" * 1_900, "room create"),
        ("cmd:room.create:1", "9" * 1_900, "room create"),
        ("form:room.make:1", "{}", "help"),
        ("room_create", GOOD, "help"),
        ("cmd:ROOM.CREATE:1", GOOD, "help"),
        ("cmd::1", GOOD, "help"),
        ("💥", "💥", "help"),
    ],
)
async def test_a_button_of_another_version(
    world: World, log: Log, action_id: str, value: str | None, instead: str
) -> None:
    shown = of_old(world, action_id, value)
    mark = len(log.lines)
    said = await press(world, world.operator, shown, "Old")
    assert said.words == f"{OTHER_VERSION}\nType `/video {instead}` instead."
    assert rooms(world) == []
    (line,) = log.after(mark)
    assert (line["event"], line["user"]) == ("refused", world.operator.id)


async def test_a_form_button_whose_knowledge_does_not_parse_opens_it_empty(world: World) -> None:
    accepted = await world.slack.press(world.operator, of_old(world, "form:room.create:1", "{"), "Old")
    assert accepted.problem is None
    view = await world.slack.until(lambda: world.slack.view_of(world.operator))
    assert view.title == "Create room"


async def test_a_stored_button_that_is_unknown_has_expired(world: World) -> None:
    said = await press(world, world.operator, of_old(world, "pending:room.create:1", "no-such-token"), "Old")
    assert said.words == "This button has expired.\nAsk again for what it belongs to."


async def test_a_button_of_a_server_that_is_not_configured_any_more(world: World) -> None:
    value = json.dumps({"v": 1, "provider": "old", "room": "x", "room_id": "RM_1"})
    said = await press(world, world.operator, of_old(world, "cmd:room.show:1", value), "Old")
    assert said.words == "There is no video server called “old” here.\nThere is memory."


async def test_the_cards_buttons_work_for_everybody_by_their_own_role(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    shown = await card(world, "standup")
    said = await press(world, world.guest, shown, "Participants")
    assert said.words == "*standup*: nobody is in it."
    assert heard(world, world.owner) == []
    assert [m.ts for m in public(world)] == [shown.ts]
    assert "Participants" in labels(shown)
