"""What people are told of: by subscription, not while it is muted, and for themselves alone."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from bot.demo.slack import Channel, Message, User
from bot.demo.world import World
from commands.alert_follow import AlertFollow
from tests.bot.conversations.conftest import Start
from tests.bot.conversations.talk import accepted, ask, card, heard, labels, press, public, tell


def in_direct(world: World, who: User) -> list[Message]:
    return public(world, world.slack.workspace.dm(who))


def titled(messages: list[Message], title: str) -> list[Message]:
    return [m for m in messages if m.lines[0] == title]


async def until(world: World, found: Callable[[], Message | None]) -> Message:
    return await world.slack.until(found)


async def end(world: World, who: User, name: str) -> None:
    asked = await ask(world, who, f"/video room close {name}")
    await press(world, who, asked, "End room")


@dataclass(frozen=True)
class Follower:
    """A live room with a card for somebody who follows it."""

    world: World
    who: User
    shown: Message

    @property
    def direct(self) -> Channel:
        return self.world.slack.workspace.dm(self.who)


@pytest.fixture
async def follower(world: World) -> Follower:
    await ask(world, world.operator, "/video room create standup")
    await card(world, "standup", "🟢 *Live*")
    said = await ask(world, world.operator, "/video alert follow standup")
    assert said.words.startswith("You are told of the room *standup* in our direct messages, until it is over.")
    direct = world.slack.workspace.dm(world.operator)
    shown = await card(world, "standup", "🟢 *Live*", channel=direct)
    return Follower(world, world.operator, shown)


async def test_the_card_in_the_conversation_is_kept_true_and_tells_the_end(follower: Follower) -> None:
    world, direct = follower.world, follower.direct
    world.memory.server.join("standup", "bob", name="Bob")
    await card(world, "standup", "1 person", channel=direct)
    await end(world, follower.who, "standup")
    ended = await card(world, "standup", "Ended", channel=direct)
    assert ended.ts == follower.shown.ts
    under = await until(world, lambda: next((m for m in public(world, direct) if m.thread_ts == ended.ts), None))
    assert "standup" in under.words
    assert world.slack.seen_by(world.owner, direct) == []


async def test_stop_telling_me_takes_the_card_away(follower: Follower) -> None:
    world, who = follower.world, follower.who
    announced = in_direct(world, who)[0]
    assert announced.lines[0] == "You are told here of the room *standup*, until it is over."
    accepted(await world.slack.press(who, announced, "Stop telling me"))
    await until(world, lambda: next((m for m in heard(world, who, follower.direct) if "no more" in m.words), None))
    assert titled(in_direct(world, who), "standup") == []
    await end(world, who, "standup")
    await card(world, "standup", "Ended")
    assert titled(in_direct(world, who), "standup") == []


async def test_a_subscription_to_something_else_neither_silences_it_nor_keeps_it(follower: Follower) -> None:
    world, who, direct = follower.world, follower.who, follower.direct
    await tell(world, who, "alert subscribe server")
    await ask(world, who, "/video room create retro")
    await ask(world, who, "/video alert follow retro")
    await card(world, "retro", channel=direct)
    await ask(world, who, "/video alert unfollow retro")
    assert titled(in_direct(world, who), "retro") == []

    await end(world, who, "standup")
    ended = await card(world, "standup", "Ended", channel=direct)
    await until(world, lambda: next((m for m in public(world, direct) if m.thread_ts == ended.ts), None))


async def test_who_follows_again_has_a_card_again(follower: Follower) -> None:
    world, who = follower.world, follower.who
    said = await ask(world, who, "/video alert unfollow standup")
    assert titled(in_direct(world, who), "standup") == []
    await press(world, who, said, "Notify me")
    again = await card(world, "standup", "🟢 *Live*", channel=follower.direct)
    assert again.ts != follower.shown.ts


async def test_a_double_press_makes_one_card(follower: Follower) -> None:
    world, who = follower.world, follower.who
    await ask(world, who, "/video alert follow standup")
    await tell(world, who, "alert follow standup")
    world.memory.server.join("standup", "bob", name="Bob")
    await card(world, "standup", "1 person", channel=follower.direct)
    assert len(titled(in_direct(world, who), "standup")) == 1


async def test_what_somebody_follows_is_on_their_home(follower: Follower) -> None:
    world = follower.world
    accepted(await world.slack.open_home(follower.who))
    home = await world.slack.until(lambda: v if (v := world.slack.home_of(follower.who)) else None)
    assert "You follow\nthe room *standup* on `memory`\n[Stop telling me]" in home.words


async def test_what_is_private_is_followed_by_those_alone_who_see_it(start: Start) -> None:
    world = await start(environ={"SHOWCALLER_DEFAULT_ROLE": "operator"})
    workspace = world.slack.workspace
    mo, sam = workspace.add_user("mo"), workspace.add_user("sam")
    board = workspace.add_channel("board", members=[mo], private=True)
    await ask(world, mo, "/video room create plan", channel=board)
    await card(world, "plan", channel=board)
    there = await ask(world, sam, "/video alert follow plan")
    never = await ask(world, sam, "/video alert follow nowhere")
    assert there.words.replace("plan", "nowhere") == never.words
    life = next(room.ref.id for room in world.memory.server.list_rooms())
    pressed = AlertFollow(provider="memory", name="plan", kind="room", thing_id=life)
    typed = await ask(world, sam, f"/video alert follow {pressed.name} --kind room --thing-id {life}")
    assert typed.words == "The room *plan* is over."
    assert in_direct(world, sam) == []

    await ask(world, mo, "/video alert follow plan", channel=board)
    await card(world, "plan", channel=workspace.dm(mo))
    world.memory.server.join("plan", "bob")
    await card(world, "plan", "1 person", channel=workspace.dm(mo))
    assert in_direct(world, sam) == []


async def test_what_is_muted_brings_no_new_card(world: World) -> None:
    await ask(world, world.operator, "/video alert subscribe room")
    world.memory.server.join("first", "bob")
    shown = await card(world, "first", "1 person")
    said = await ask(world, world.operator, "/video alert mute --for 10m")
    world.memory.server.join("second", "bob")
    world.memory.server.join("first", "cleo")
    await card(world, "first", "2 people")
    assert titled(public(world), "second") == []
    await press(world, world.operator, said, "Unmute")
    world.memory.server.join("third", "bob")
    await card(world, "third")
    assert (titled(public(world), "second"), titled(public(world), "first")[0].ts) == ([], shown.ts)


async def test_a_mute_ends_by_itself_and_is_listed_until_then(world: World) -> None:
    await ask(world, world.operator, "/video alert mute recording --for 10m")
    listed = await ask(world, world.operator, "/video alert list")
    assert "and has 0 subscriptions and 1 mute." in listed.words
    assert "Unmute" in labels(listed)
    ended = await press(world, world.operator, listed, "Unmute")
    assert ended.words == "Not muted any more in this channel: recordings."


async def test_a_test_takes_the_whole_road(world: World) -> None:
    said = await ask(world, world.operator, "/video alert test recording --room standup")
    assert said.lines[0].startswith("Critical news of recordings in `standup` on `memory` would not be told")
    posted = await until(world, lambda: next((m for m in public(world) if m.thread_ts is None), None))
    assert posted.user == world.slack.bot_user_id


async def test_a_form_offers_the_kinds(world: World) -> None:
    listed = await ask(world, world.operator, "/video alert list")
    accepted(await world.slack.press(world.operator, listed, "Subscribe"))
    view = await world.slack.until(lambda: world.slack.view_of(world.operator))
    before = len(heard(world, world.operator))
    accepted(await world.slack.submit(world.operator, view, {"kinds": ["recording", "sip"], "severity": "warning"}))
    said = await until(world, lambda: h[-1] if len(h := heard(world, world.operator)) > before else None)
    assert said.lines[0] == "This channel is told of recordings and phone calls, warnings and worse alone from now on."
