"""Names that would be markup, mentions or a disturbance, if they were not shown letter by letter."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.demo.slack import Message
from bot.demo.slack.reading import read
from bot.demo.world import World
from bot.text import literal, one_line
from tests.bot.conversations.talk import ask, heard, note, press, public

NAMES = [
    "<!channel>",
    "<!here|here>",
    "<@U00000002>",
    "<#C00000001|general>",
    "<https://evil.example|standup>",
    "&lt;!channel&gt;",
    "*bold* _it_ ~no~ `code`",
    ":tada: 🎉",
    "🎉" * 64,
    "é" * 128,
    "שלום \u202egnp.exe",
    "\u2067right to left\u2069",
    "a & b > c",
    "> quoted",
    "-x",
    "..",
    "' OR 1=1 --",
    "${SLACK_BOT_TOKEN} {room} %s",
]


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    """Every text of a message with the kind of object it stands in."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield str(value.get("type")), value["text"]
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _notifies(message: Message) -> bool:
    """Whether Slack would make a mention or a link of anything in it but what the bot itself mentions."""
    markup = [message.text, *(text for kind, text in _texts(list(message.blocks)) if kind == "mrkdwn")]
    return any(sign in text for text in markup for sign in ("<!channel", "<!here", "<@U00000002>", "<#C", "<http"))


@pytest.mark.parametrize("name", NAMES, ids=[json.dumps(name)[1:30] for name in NAMES])
async def test_a_name_is_shown_letter_by_letter_and_notifies_nobody(world: World, name: str) -> None:
    view_opener = await world.slack.command(world.operator, world.general, "/video room create")
    assert view_opener.problem is None
    view = await world.slack.until(lambda: world.slack.view_of(world.operator))
    await world.slack.submit(world.operator, view, {"name": name})
    live = await world.slack.until(lambda: next(iter(public(world)), None))
    assert live.lines[0] == one_line(name)
    (room,) = world.memory.server.list_rooms()
    assert room.ref.name == name

    world.memory.server.join(name, "mallory", name=name)
    await world.slack.until(lambda: "1 person" in public(world)[0].words)
    await press(world, world.operator, live, "Participants")
    await press(world, world.operator, live, "Join")
    question = await press(world, world.operator, live, "End")
    await ask(world, world.operator, "/video room list")
    await ask(world, world.operator, "/video")
    await press(world, world.operator, question, "End room")
    await note(world, live, "ended")
    everything = [*public(world), *heard(world, world.operator)]
    assert len(everything) >= 7
    assert [message.words for message in everything if _notifies(message)] == []
    assert literal(one_line(name)) in question.blocks[0]["text"]["text"]


async def test_the_form_refuses_the_name_that_stands_for_the_channels_room(world: World) -> None:
    opened = await world.slack.command(world.operator, world.general, "/video room create")
    assert opened.problem is None
    view = await world.slack.until(lambda: world.slack.view_of(world.operator))
    await world.slack.submit(world.operator, view, {"name": "."})
    refused = world.slack.view_of(world.operator)
    assert refused is not None
    assert refused.errors == {"name": "“.” stands for the channel's room, so no room can be called that."}
    assert (world.memory.server.list_rooms(), public(world)) == ([], [])


@pytest.mark.parametrize("name", ["<!channel>", "a b", '"', "-x", ".", "é" * 128])
async def test_a_name_that_was_created_can_be_typed_again(world: World, name: str) -> None:
    world.memory.server.join(name, "bob", name="Bob")
    typed = name.replace('"', '\\"')
    said = await ask(world, world.operator, f'/video participant list "{typed}"')
    assert said.lines[0].endswith(": 1 person is in it.")


async def test_what_a_server_says_is_shown_as_words(world: World) -> None:
    await ask(world, world.operator, "/video room create standup --record")
    live = await world.slack.until(
        lambda: next((m for m in public(world) if "🔴 *Live*" in m.words and m.thread_ts is None), None)
    )
    (running,) = world.memory.server.list_recordings()
    world.memory.server.fail_recording(running.ref.id, "<!channel> *disk* <https://evil.example|full>\n" + "x" * 5_000)
    failed = await note(world, live, f"failed: <!channel> {read(literal('*disk*'))} <https://evil.example|full>")
    assert not _notifies(failed)
