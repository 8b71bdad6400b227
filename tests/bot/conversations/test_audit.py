"""What is written down of every attempt, through which door it came, and what an admin sees of it."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from bot.demo.slack import User
from bot.demo.world import World
from commands.core.dispatch import Door
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import (
    accepted,
    ask,
    attempts,
    card,
    heard,
    labels,
    mention,
    press,
    press_in_place,
    public,
    tell,
)


def row(world: World, column: str) -> list[Any]:
    """That column of every attempt, the oldest first."""
    with closing(sqlite3.connect(world.directory / "showcaller.db")) as database:
        return [value for (value,) in database.execute(f"SELECT {column} FROM attempt ORDER BY id")]


async def test_the_row_and_the_log_have_the_same_ids(world: World, log: Log) -> None:
    await ask(world, world.operator, "/video room create standup")
    await ask(world, world.guest, "/video room close standup")
    first, second = log.events("command")
    assert [first["attempt"], second["attempt"]] == row(world, "id")
    assert [first["request_id"], second["request_id"]] == row(world, "request_id")
    assert first["request_id"] != second["request_id"]
    assert [first["about"], second["about"]] == row(world, "about") == ["standup", "standup"]
    assert (first["provider"], second["detail"]) == ("memory", row(world, "detail")[1])


async def test_a_recording_is_found_by_its_room(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    started = await ask(world, world.operator, "/video recording start standup")
    await press(world, world.operator, started, "Stop recording")
    ids = [recording.ref.id for recording in world.memory.server.list_recordings()]
    assert row(world, "about")[2:] == ids
    assert row(world, "also_about") == [None, None, "standup"]
    said = await ask(world, world.owner, "/video audit list --room standup")
    titles = [line for line in said.lines if line.startswith("@")]
    assert [line.split("`")[1].split(" --")[0] for line in titles] == [
        f"recording stop {ids[0]}",
        "recording start standup",
        "room create standup",
    ]


async def _typed(world: World, who: User) -> None:
    await ask(world, who, "/video room create")


async def _mentioned(world: World, who: User) -> None:
    await mention(world, who, "@showcaller room create")


async def _told(world: World, who: User) -> None:
    await tell(world, who, "room create")


async def _pressed(world: World, who: User) -> None:
    """The button of a list that others read has the form for whoever may."""
    shown = await mention(world, world.operator, "@showcaller room list")
    await press(world, who, shown, "Create room")


async def _chosen(world: World, who: User) -> None:
    accepted(await world.slack.shortcut(who, "Create video room"))


@pytest.mark.parametrize(
    ("door", "ask_for_form"),
    [
        (Door.SLASH, _typed),
        (Door.MENTION, _mentioned),
        (Door.DIRECT, _told),
        (Door.BUTTON, _pressed),
        (Door.SHORTCUT, _chosen),
    ],
)
async def test_a_form_that_is_refused_is_an_attempt(world: World, log: Log, door: Door, ask_for_form: Any) -> None:
    await ask_for_form(world, world.guest)
    await world.slack.until(lambda: "room create" in [line["words"] for line in log.events("command")])
    assert ("room create", "refused") in attempts(world)
    refused = log.events("command")[-1]
    assert (refused["door"], refused["user"], refused["outcome"]) == (door, world.guest.id, "refused")
    assert refused["detail"].startswith("NotAllowed: room create is for people with the role operator")
    assert refused["attempt"] == row(world, "id")[-1]


async def test_a_form_that_is_opened_is_none(world: World) -> None:
    accepted(await world.slack.command(world.operator, world.general, "/video room create"))
    await world.slack.until(lambda: world.slack.view_of(world.operator))
    assert attempts(world) == []


async def test_a_line_that_is_no_command_is_none(world: World) -> None:
    await ask(world, world.operator, "/video room conjure hunter2")
    assert attempts(world) == []


async def test_who_asks_aloud_is_answered_alone(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    told = await mention(world, world.owner, "@showcaller audit list")
    assert told.words == f"@{world.owner.id}, that is for you alone: look for the message that only you can see."
    (said,) = heard(world, world.owner)
    assert "`room create standup --provider memory`" in said.words
    assert all(
        "room create" not in message.words for message in public(world) if message.user == world.slack.bot_user_id
    )


async def test_its_pages_take_each_others_place(world: World) -> None:
    for number in range(11):
        await ask(world, world.owner, f"/video help room{number}")
    first = await ask(world, world.owner, "/video audit list")
    second = await press_in_place(world, world.owner, first, "Older")
    assert "`help room0`" in second.words
    assert "`help room10`" not in second.words
    assert second.ts == first.ts
    assert labels(second)[:1] == ["Newer"]


async def test_a_file_comes_as_a_direct_message(world: World) -> None:
    await ask(world, world.operator, '/video room create "=1+1"')
    await card(world, "=1+1")
    said = await ask(world, world.owner, "/video audit list --csv --failed")
    assert said.words == "Nothing is in the record of what was not done, so there is no file."
    page = await ask(world, world.owner, "/video audit list --room =1+1")
    said = await press(world, world.owner, page, "As a file")
    assert said.words == "The file is in our direct messages: *1 entry* about `=1+1`."
    announced, shared = world.slack.seen_by(world.owner, world.slack.workspace.dm(world.owner))
    assert announced.words == "Here is what you asked for: *the record, 1 entry*."
    (file,) = shared.files
    header, line = file.content.decode("utf-8-sig").splitlines()
    assert header.startswith("id,opened_at,closed_at,seconds,user,")
    assert f",{world.operator.id},{world.general.id},no,slash,room create," in line
    assert ",'=1+1,,done," in line
    assert [m for m in public(world) if m.files] == []


async def test_others_have_no_use_for_it(world: World) -> None:
    said = await ask(world, world.operator, "/video audit list --csv")
    assert said.lines[0] == "`audit list` is for people with the role admin."
