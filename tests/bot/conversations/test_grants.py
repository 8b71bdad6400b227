"""Granting roles in Slack: by mention and by form, to people, user groups and channels."""

import pytest

from bot.demo.slack import Message
from bot.demo.world import World
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.conftest import MEMORY, Start
from tests.bot.conversations.talk import accepted, ask, card, form, heard, labels, mention, press, rooms

SECOND = MEMORY + '\n[providers.annex]\nkind = "memory"\n'


@pytest.fixture
async def world(start: Start) -> World:
    """Members are viewers, until something is granted to them."""
    return await start(providers=SECOND, environ={"SHOWCALLER_DEFAULT_ROLE": "viewer"})


async def may_create(world: World, *, on: str = "memory") -> bool:
    said = await ask(world, world.operator, f"/video room create room-{len(rooms(world))} --provider {on}")
    return said.words.startswith("Created ")


async def test_to_a_person(world: World) -> None:
    assert not await may_create(world)
    said = await ask(world, world.owner, "/video role grant @omar operator")
    assert said.words == "From now on *omar* is *operator*.\n[Revoke] [List roles]"
    assert await may_create(world)
    who = await ask(world, world.operator, "/video whoami")
    assert who.lines[0] == "You are *operator*: granted by *ana*."
    taken = await press(world, world.owner, said, "Revoke")
    assert taken.lines[0] == "Taken away from *omar*: *operator*."
    assert "*omar* is still *viewer*: that is what members of this workspace are by default." in taken.words
    assert not await may_create(world)


async def test_to_a_user_group(world: World) -> None:
    oncall = world.slack.workspace.add_group("oncall", members=[world.operator])
    said = await ask(world, world.owner, "/video role grant @oncall operator")
    assert said.lines[0] == "From now on everybody in *@oncall* is *operator*."
    assert await may_create(world)
    oncall.members.clear()
    accepted(await world.slack.event({"type": "subteam_members_changed", "subteam_id": oncall.id}))
    assert not await may_create(world)


async def test_to_a_channel(world: World) -> None:
    people = world.slack.workspace
    studio = people.add_channel("studio", members=[world.owner])
    said = await mention(world, world.owner, "@showcaller role grant #studio operator")
    assert said.lines[0] == f"From now on everybody in #{studio.id} is *operator*."
    assert f"Anybody of the workspace can join #{studio.id}, and is operator then." in said.words
    assert not await may_create(world)
    people.invite(studio, world.operator)
    joined = {"type": "member_joined_channel", "user": world.operator.id, "channel": studio.id, "channel_type": ""}
    accepted(await world.slack.event(joined))
    assert await may_create(world)


async def test_on_one_server_for_a_time(world: World, clock: MovedClock) -> None:
    await ask(world, world.owner, "/video role grant @omar operator --provider annex --until 60s")
    assert [await may_create(world), await may_create(world, on="annex")] == [False, True]
    who = await ask(world, world.operator, "/video whoami")
    assert who.lines[0].startswith("You are *viewer*")
    assert "*On annex*\n*operator*: granted by *ana*, until " in who.words
    clock.move(seconds=60)
    assert not await may_create(world, on="annex")


async def test_by_a_form(world: World) -> None:
    people = world.slack.workspace
    oncall = people.add_group("oncall")
    await ask(world, world.operator, "/video whoami")
    view = await form(world, world.owner, "/video role grant")
    offered = await world.slack.suggest(world.owner, view, "who", "")
    assert {option["value"] for option in offered} >= {
        f"@{world.operator.id}",
        f"@{oncall.id}",
        f"#{world.general.id}",
    }
    accepted(await world.slack.submit(world.owner, view, {"who": "@omar", "what": "operator", "until": "2h"}))
    said = await world.slack.until(lambda: next(iter(heard(world, world.owner)), None))
    assert said.words.startswith("From now on *omar* is *operator*, until ")
    assert await may_create(world)


async def test_a_private_channel_is_offered_to_those_who_are_in_it(world: World) -> None:
    people = world.slack.workspace
    own = people.add_channel("own", members=[world.owner], private=True)
    others = people.add_channel("others", members=[world.operator], private=True)
    view = await form(world, world.owner, "/video role grant")
    offered = {option["value"] for option in await world.slack.suggest(world.owner, view, "who", "")}
    assert f"#{own.id}" in offered
    assert f"#{others.id}" not in offered


async def test_nobody_is_notified_by_a_list_or_a_refusal(world: World) -> None:
    people = world.slack.workspace
    people.add_group("oncall", members=[world.owner])
    await ask(world, world.owner, "/video role grant @omar operator")
    await ask(world, world.owner, "/video role grant @oncall operator")
    listed = await ask(world, world.owner, "/video role list")
    assert "*omar* · *operator*" in listed.words
    assert "Everybody in *@oncall* · *operator*" in listed.words
    refused = await mention(world, world.guest, "@showcaller room create x")
    assert "Ask *omar* or *@oncall* to do it." in refused.words
    assert [_mentions(message) for message in (listed, refused)] == [[], []]


def _mentions(message: Message) -> list[str]:
    """The marks in a message that reach somebody."""
    return [mark for mark in ("<@", "<!subteam", "<!here", "<!channel") if mark in str(message.blocks) + message.text]


async def test_a_guest_is_at_most_viewer(world: World) -> None:
    said = await ask(world, world.owner, "/video role grant @gus operator")
    assert said.lines[0] == "*gus* is a guest of this workspace, and guests are at most viewer."
    await ask(world, world.owner, "/video role grant #general operator")
    said = await ask(world, world.guest, "/video room create x")
    assert said.lines[1].startswith("You are *viewer*: a guest in this workspace.")


async def test_somebody_of_another_organisation_is_nobody_unless_named(world: World, clock: MovedClock) -> None:
    people = world.slack.workspace
    sue = people.add_user("sue", outsider=True)
    people.invite(world.general, sue)
    await ask(world, world.owner, "/video role grant #general operator")
    await ask(world, world.owner, "/video room create standup")
    shown = await card(world, "standup")
    assert (await press(world, sue, shown, "Join")).lines[1].startswith("You are *nobody*: not a member")
    await ask(world, world.owner, "/video role grant @sue viewer")
    clock.move(seconds=1)  # it is no double click
    assert (await press(world, sue, shown, "Join")).lines[0].startswith("Your way into *standup*.")


async def test_a_demoted_maker_still_fills_in_forms_about_the_room(world: World) -> None:
    given = await ask(world, world.owner, "/video role grant @omar operator")
    await ask(world, world.operator, "/video room create standup")
    await card(world, "standup", "🟢 *Live*")
    await ask(world, world.owner, "/video room create other")
    await press(world, world.owner, given, "Revoke")
    view = await form(world, world.operator, "/video signal send standup")
    before = len(heard(world, world.operator))
    accepted(await world.slack.submit(world.operator, view, {"room": "other", "message": "hello"}))
    said = await world.slack.until(lambda: heard(world, world.operator)[before:] or None)
    assert said[-1].words.startswith("`signal send` is for people with the role operator.")
    shown = await ask(world, world.operator, "/video room show standup")
    assert {"Record", "End"} <= set(labels(shown))
    assert {"Record", "End"}.isdisjoint(labels(await ask(world, world.operator, "/video room show other")))
