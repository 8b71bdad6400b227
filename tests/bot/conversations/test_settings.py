"""Everything that can be set has its effect."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import pytest

from bot.demo.slack.workspace import TEAM_ID
from bot.demo.world import World
from commands.core.identity import stable_identity
from providers.base import ParticipantKind
from tests.bot.conversations.conftest import MEMORY, Start
from tests.bot.conversations.talk import (
    accepted,
    ask,
    attempts,
    card,
    form,
    heard,
    labels,
    mention,
    note,
    opened,
    press,
    public,
)

TWO = MEMORY + MEMORY.replace("memory]", "annex]").replace("webhooks/memory", "webhooks/annex")


def _labels(options: list[Mapping[str, Any]]) -> list[str]:
    return [str(option["text"]["text"]) for option in options]


async def _becomes(condition: Callable[[], bool]) -> None:
    """Of the database, which Slack does not see."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def _set(world: World, what: str) -> None:
    said = await ask(world, world.owner, f"/video setting set {what}")
    assert "from now on" in said.words


async def test_the_room_of_a_channel_is_the_one_that_was_set(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    await ask(world, world.operator, "/video room create retro")
    assert (await ask(world, world.operator, "/video room show")).lines[0] == "*retro*: nobody is in it."
    await _set(world, "room standup")
    assert (await ask(world, world.operator, "/video room show")).lines[0] == "*standup*: nobody is in it."
    assert (await ask(world, world.operator, "/video participant list .")).lines[0] == "*standup*: nobody is in it."
    under = await card(world, "retro")
    said = await mention(world, world.operator, "@showcaller room show .", under=under)
    assert said.lines[0] == "*retro*: nobody is in it."
    await ask(world, world.owner, "/video setting unset room")
    assert (await ask(world, world.operator, "/video room show")).lines[0] == "*retro*: nobody is in it."


async def test_the_room_of_a_channel_need_not_be_live(world: World) -> None:
    await ask(world, world.operator, "/video room create retro")
    await _set(world, "room standup")
    said = await ask(world, world.operator, "/video room show")
    assert said.lines[0] == "There is no room `standup` on `memory`."
    await ask(world, world.operator, "/video room create standup")
    assert (await ask(world, world.operator, "/video room show")).lines[0] == "*standup*: nobody is in it."


async def test_times_on_buttons_are_of_the_channels_zone(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    await ask(world, world.operator, "/video recording start standup")
    await card(world, "Recording of standup", "🔴 *Live*")
    again = await ask(world, world.operator, "/video recording start standup")
    assert labels(again)[1].endswith(" UTC")
    await _set(world, "timezone asia/tokyo")
    again = await ask(world, world.operator, "/video recording start standup")
    assert labels(again)[1].endswith(" JST")


async def test_who_joins_and_leaves_is_told_where_the_channel_wants_to_hear(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    shown = await card(world, "standup", "Live")
    world.memory.server.join("standup", "bob", name="Bob")
    await card(world, "standup", "1 person")
    await _set(world, "joins told")
    world.memory.server.join("standup", "rec", kind=ParticipantKind.EGRESS)
    world.memory.server.join("standup", "eve", name="Eve")
    joined = await note(world, shown, "*Eve* joined.")
    assert not joined.broadcast
    world.memory.server.leave("standup", "bob", "connection lost")
    await note(world, shown, "*Bob* left: connection lost.")
    assert [m.words for m in public(world) if m.thread_ts] == ["*Eve* joined.", "*Bob* left: connection lost."]


async def test_the_form_offers_the_keys_and_what_they_can_be(start: Start) -> None:
    world = await start(providers=TWO)
    await ask(world, world.operator, "/video room create standup")
    for key, typed, offered in (
        ("joins", "", ["quiet", "told"]),
        ("timezone", "berlin", ["Europe/Berlin", "Use “berlin”"]),
        ("provider", "", ["memory", "annex"]),
        ("room", "stand", ["standup", "Use “stand”"]),
        ("keep.events", "60d", ["Use “60d”"]),
    ):
        view = await form(world, world.owner, f"/video setting set {key}")
        assert _labels(await world.slack.suggest(world.owner, view, "value", typed)) == offered
        accepted(await world.slack.close(world.owner, await opened(world, world.owner)))


async def test_the_form_says_what_a_key_does_not_take(world: World) -> None:
    view = await form(world, world.owner, "/video setting set")
    ack = await world.slack.submit(world.owner, view, {"key": "joins", "value": "loud"})
    assert ack.body == {"response_action": "errors", "errors": {"value": "joins is quiet or told."}}
    accepted(await world.slack.submit(world.owner, view, {"key": "joins", "value": "told"}))
    said = await world.slack.until(lambda: [m for m in heard(world, world.owner) if "from now on" in m.words])
    assert said[-1].words == "`joins` is *told* in this channel from now on."


async def test_the_list_leads_on_for_those_who_may(world: World) -> None:
    await _set(world, "joins told")
    assert labels(await ask(world, world.operator, "/video setting list")) == []
    shown = await ask(world, world.owner, "/video setting list")
    said = await press(world, world.owner, shown, "Unset")
    assert said.words == "`joins` is *quiet* here: the default."


async def test_a_button_of_what_is_kept_no_more_says_that_it_has_ended(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    live = await card(world, "standup", "Live")
    stale: dict[str, Any] = {"text": live.text, "blocks": live.blocks}
    await world.memory.close_room((await world.memory.list_rooms())[0].ref)
    await card(world, "standup", "Ended")
    with closing(sqlite3.connect(world.directory / "showcaller.db")) as db, db:
        db.execute("UPDATE thing SET seen_at = 0")
    await world.restart()
    await _becomes(lambda: not _things(world))
    shown = world.slack.workspace.post(world.general, world.slack.workspace.bot, **stale)
    for label in ("Join", "Participants"):
        said = await press(world, world.operator, shown, label)
        assert said.lines[0] == "The room `standup` has ended."


def _things(world: World) -> int:
    with closing(sqlite3.connect(world.directory / "showcaller.db")) as db:
        return int(db.execute("SELECT count(*) FROM thing").fetchone()[0])


@pytest.mark.parametrize("door", ["typed", "form"])
async def test_somebody_is_forgotten(world: World, door: str) -> None:
    ben = world.guest
    identity = stable_identity(TEAM_ID, ben.id)
    await ask(world, world.operator, "/video room create standup")
    await ask(world, ben, "/video room join standup")
    world.memory.server.join("standup", identity, name="Benjamin")
    await card(world, "standup", "1 person")
    await ask(world, world.operator, f"/video participant show standup {identity}")
    await world.memory.close_room((await world.memory.list_rooms())[0].ref)
    await card(world, "standup", "Ended")
    assert ben.id in _dump(world)

    line = "/video audit forget"
    if door == "typed":
        question = await ask(world, world.owner, f"{line} @{ben.id}")
    else:
        view = await form(world, world.owner, line)
        accepted(await world.slack.submit(world.owner, view, {"user": identity}))
        found = await world.slack.until(lambda: [m for m in heard(world, world.owner) if "Forget" in m.words])
        question = found[-1]
    assert question.lines[0].startswith(f"Forget @{ben.id}? ")
    said = await press(world, world.owner, question, "Forget")
    assert said.lines[0] == f"@{ben.id} is forgotten."

    await _becomes(lambda: ben.id not in _dump(world))
    assert "Benjamin" not in _dump(world)
    assert attempts(world)[-1] == ("audit forget ***", "done")
    assert len(attempts(world)) == 5


def _dump(world: World) -> str:
    with closing(sqlite3.connect(world.directory / "showcaller.db")) as db:
        return "\n".join(db.iterdump())
