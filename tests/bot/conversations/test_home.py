"""The Home tab: opened, pressed on, and following what changes."""

import pytest

from bot.demo.slack import Message, User, View
from bot.demo.slack.things import elements
from bot.demo.world import World, free_port
from bot.store.dashboard import StoredDashboard
from commands.core.directory import BlockedCard
from commands.core.ports import Viewer
from providers.base import RoomOptions
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.conftest import MEMORY, Start, Wanted
from tests.bot.conversations.talk import accepted, ask, card, labels, opened, public, rooms

OTHER_SERVER = """
[providers.far]
kind = "memory"

[providers.memory]
kind = "memory"
"""


SOCKET = pytest.mark.parametrize("transport", ["socket"], indirect=True)
"""Over HTTP Slack signs with the real time, so a clock cannot be moved that far."""

NOBODY_THERE = """
[providers.away]
kind = "livekit"
url = "http://127.0.0.1:{port}"
api_key = "key"
api_secret = "not-a-secret-that-anybody-must-guess"
"""


async def home(world: World, who: User, *words: str, without: str = "") -> View:
    """The Home of that person, as soon as it says all of `words`."""

    def shown() -> View | None:
        view = world.slack.home_of(who)
        right = view is not None and all(word in view.words for word in words)
        return view if right and view is not None and (not without or without not in view.words) else None

    return await world.slack.until(shown)


async def open_home(world: World, who: User, *words: str) -> View:
    accepted(await world.slack.open_home(who))
    return await home(world, who, *words)


async def press(world: World, who: User, view: View, spoken: str) -> None:
    """Press the button that a screen reader calls so, or that has this label."""
    found = [e["action_id"] for _, e in elements(view.blocks) if e.get("accessibility_label") == spoken]
    accepted(await world.slack.press(who, view, found[0] if found else spoken))


async def told(world: World, who: User, *words: str) -> Message:
    """What the bot says in the conversation with that person alone."""
    channel = world.slack.workspace.dm(who)

    def found() -> Message | None:
        return next((m for m in public(world, channel) if all(word in m.words for word in words)), None)

    return await world.slack.until(found)


def published(world: World) -> int:
    return sum(call.method == "views.publish" for call in world.slack.calls)


async def test_an_empty_home_teaches_what_to_do(world: World) -> None:
    view = await open_home(world, world.operator, "answered")
    assert labels(view) == ["Create room", "List rooms", "Help", "Subscribe a channel", "Refresh"]
    assert "None of yours is live. Press Create room" in view.words
    assert "Nothing else is live on any video server." in view.words
    assert "You have made none. With `/video alert subscribe recording`" in view.words
    assert "You are *operator*: that is what members of this workspace are by default." in view.words
    assert "Needs attention" not in view.words


async def test_what_is_live_is_there_and_mine_first(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    await ask(world, world.owner, "/video room create planning")
    await world.people.join("standup", "bob")
    await card(world, "standup", "1 person")
    view = await open_home(world, world.operator, "answered")
    lines = view.lines
    at = {name: lines.index(name) for name in ("Your rooms", "*standup*", "Also live", "*planning*")}
    assert list(at.values()) == sorted(at.values())
    assert lines[at["*standup*"] + 1] == f"1 person · #{world.general.id}"
    assert lines[at["*planning*"] + 1] == f"nobody · #{world.general.id} · made by @{world.owner.id}"


async def test_a_guest_is_offered_what_a_guest_may(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    view = await open_home(world, world.guest, "answered", "standup")
    assert labels(view) == ["List rooms", "Help", "Join", "Show", "Refresh"]


async def test_a_press_is_answered_in_the_conversation_with_the_bot(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    view = await open_home(world, world.operator, "standup", "answered")
    await press(world, world.operator, view, "Show room standup")
    await told(world, world.operator, "*standup*: nobody is in it.")


async def test_ending_a_room_asks_first_and_then_it_is_gone_from_the_home(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    view = await open_home(world, world.operator, "standup", "answered")
    await press(world, world.operator, view, "End room standup")
    question = await told(world, world.operator, "End *standup*?")
    world_clock(world).move(seconds=11)
    accepted(await world.slack.press(world.operator, question, "End room"))
    await home(world, world.operator, "None of yours is live", without="*standup*")
    assert rooms(world) == []


@SOCKET
async def test_a_role_is_looked_at_when_something_is_pressed(world: World) -> None:
    await ask(world, world.owner, "/video room create standup")
    view = await open_home(world, world.operator, "standup", "answered")
    world.operator.is_restricted = True
    world_clock(world).move(seconds=3_700)  # what Slack said of people is asked again after an hour
    await press(world, world.operator, view, "End room standup")
    await told(world, world.operator, "operator", "viewer")
    assert rooms(world) == ["standup"]


async def test_a_form_that_is_opened_there_is_the_form_of_the_command(world: World) -> None:
    view = await open_home(world, world.operator, "answered")
    await press(world, world.operator, view, "Create room")
    assert (await opened(world, world.operator)).title == "Create room"


async def test_it_follows_what_changes_but_not_at_once_again(world: World) -> None:
    await open_home(world, world.owner, "answered")
    before = published(world)
    await ask(world, world.operator, "/video room create standup")
    await card(world, "standup")
    assert published(world) == before
    world_clock(world).move(seconds=11)
    await ask(world, world.operator, "/video room create planning")
    await home(world, world.owner, "*standup*", "*planning*")
    assert published(world) == before + 1


async def test_nothing_is_published_where_nothing_differs(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    await open_home(world, world.owner, "standup", "answered")
    await open_home(world, world.operator, "standup", "answered")
    before = published(world)
    world_clock(world).move(seconds=11)
    accepted(await world.slack.command(world.guest, world.general, "/video room show standup"))  # a fact like the last
    await ask(world, world.operator, "/video room create planning")
    await home(world, world.owner, "*planning*")
    await home(world, world.operator, "*planning*")
    assert published(world) == before + 2


@SOCKET
async def test_who_looked_long_ago_is_left_alone(world: World) -> None:
    await open_home(world, world.owner, "answered")
    world_clock(world).move(seconds=890)
    await open_home(world, world.operator, "answered")
    before = published(world)
    world_clock(world).move(seconds=11)
    await ask(world, world.operator, "/video room create standup")
    await home(world, world.operator, "*standup*")
    assert published(world) == before + 1


async def test_what_only_the_server_knows_is_shown_when_it_has_answered(start: Start) -> None:
    world = await start(providers=OTHER_SERVER)
    far = world.bot.providers.get("far")
    assert far is not None
    await far.create_room("elsewhere", RoomOptions())
    await open_home(world, world.owner, "*elsewhere*", "nobody · on `far`")


async def test_a_server_that_does_not_answer_is_a_problem_with_a_next_step(start: Start) -> None:
    world = await start(providers=f"{MEMORY}{NOBODY_THERE.format(port=free_port())}")
    view = await open_home(world, world.owner, "Needs attention", "The video server `away` does not answer.")
    await press(world, world.owner, view, "Ask away again")
    await told(world, world.owner, "Answers", "no.")


async def test_refresh_publishes_even_where_nothing_differs(world: World) -> None:
    view = await open_home(world, world.owner, "answered")
    before = published(world)
    await press(world, world.owner, view, "Refresh this page")
    await world.slack.until(lambda: published(world) == before + 1 or None)


async def test_a_failed_recording_is_a_problem_with_a_next_step(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    await ask(world, world.operator, "/video recording start standup")
    await card(world, "Recording of standup", "Live")
    running = world.memory.server.list_recordings()[0]
    world.memory.server.fail_recording(running.ref.id, "the disk is full")
    await card(world, "Recording of standup", "Failed")
    view = await open_home(world, world.operator, "Recording of *standup* failed.", "the disk is full", "answered")
    await press(world, world.operator, view, "Start the recording of standup again")
    await told(world, world.operator, "Recording *standup*")


async def test_a_channel_that_shows_no_cards_is_a_problem(world: World, wanted: Wanted) -> None:
    wanted.refusals.add("not_in_channel")
    den = world.slack.workspace.add_channel("den", members=[world.owner, world.operator])
    await ask(world, world.operator, "/video room create standup", channel=den)
    await card(world, "standup", "Live", channel=den)
    world.slack.workspace.kick(den, world.slack.workspace.bot)
    await ask(world, world.operator, "/video room create planning", channel=den)
    await told(world, world.operator, "is closed to me")
    view = await open_home(world, world.operator, "so the card of *planning* is not shown there.", "I am not in it")
    assert "Open channel" in labels(view)
    assert "not shown there" not in (await open_home(world, world.guest, "answered")).words


async def test_a_subscription_is_ended_from_the_home(world: World) -> None:
    await ask(world, world.operator, "/video alert subscribe recording")
    view = await open_home(world, world.operator, f"#{world.general.id} is told of recordings")
    await press(world, world.operator, view, "Unsubscribe from recordings")
    await told(world, world.operator, "This subscription has ended: recordings.")
    await home(world, world.operator, "You have made none.", without="is told of")


@pytest.mark.parametrize(
    ("action_id", "words"),
    [("cmd:whoami:1", "You are *operator*"), ("home:gone", "made by another version of the bot")],
)
async def test_a_home_of_another_version_is_answered_too(world: World, action_id: str, words: str) -> None:
    button = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": "Old"},
        "value": '{"v":1}',
    }
    view = {"type": "home", "blocks": [{"type": "actions", "elements": [button]}], "private_metadata": "?"}
    old = world.slack.workspace.modals.publish(world.operator.id, view, None)
    await press(world, world.operator, old, "Old")
    await told(world, world.operator, words)


async def test_a_home_that_slack_failed_to_take_is_published_again(
    world: World, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted.refusals.add("internal_error")
    monkeypatch.setattr("bot.slack.home.PAUSE_SECONDS", 0.1)
    await open_home(world, world.owner, "answered")
    world.slack.refuse("views.publish", "internal_error", times=5)
    await ask(world, world.operator, "/video room create standup")
    await home(world, world.owner, "*standup*")


async def test_a_home_that_slack_failed_to_take_is_not_published_at_once_again(world: World, wanted: Wanted) -> None:
    wanted.refusals.add("internal_error")
    await open_home(world, world.owner, "answered")
    world_clock(world).move(seconds=11)
    before = published(world)
    world.slack.refuse("views.publish", "internal_error")
    await ask(world, world.operator, "/video room create standup")
    await world.slack.until(lambda: published(world) == before + 1 or None)
    await ask(world, world.operator, "/video room create planning")
    await card(world, "planning")
    assert published(world) == before + 1
    world_clock(world).move(seconds=11)
    await ask(world, world.operator, "/video room create retro")
    await home(world, world.owner, "*standup*", "*planning*", "*retro*")
    assert published(world) == before + 2


async def test_a_home_that_could_not_be_drawn_is_drawn_again(
    world: World, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted.errors.add("a part of the bot failed and begins again")
    await open_home(world, world.owner, "answered")
    blocked_cards, failed = StoredDashboard.blocked_cards, 0

    async def fail_twice(dashboard: StoredDashboard, viewer: Viewer) -> list[BlockedCard]:
        nonlocal failed
        failed += 1
        if failed <= 2:
            raise RuntimeError("the database is busy")
        return await blocked_cards(dashboard, viewer)

    monkeypatch.setattr(StoredDashboard, "blocked_cards", fail_twice)
    monkeypatch.setattr("bot.slack.home.PAUSE_SECONDS", 0.1)
    await ask(world, world.operator, "/video room create standup")
    await home(world, world.owner, "*standup*")


async def test_where_slack_asks_to_wait_nothing_is_published_until_then(world: World, wanted: Wanted) -> None:
    wanted.refusals.add("ratelimited")
    view = await open_home(world, world.owner, "answered")
    world_clock(world).move(seconds=11)
    before = published(world)
    world.slack.refuse("views.publish", "ratelimited", retry_after=60)
    await ask(world, world.operator, "/video room create standup")
    await world.slack.until(lambda: published(world) == before + 1 or None)
    await press(world, world.owner, view, "Refresh this page")
    await press(world, world.owner, view, "Help")
    await told(world, world.owner, "What you can ask for.")
    accepted(await world.slack.open_home(world.guest))
    await ask(world, world.operator, "/video room create planning")
    await card(world, "planning")
    world_clock(world).move(seconds=50)
    accepted(await world.slack.open_home(world.owner))
    await ask(world, world.operator, "/video room list")
    assert published(world) == before + 1
    world_clock(world).move(seconds=11)
    await ask(world, world.operator, "/video room create retro")
    await home(world, world.owner, "*standup*", "*planning*", "*retro*")
    await home(world, world.guest, "*standup*", "*planning*", "*retro*")
    assert published(world) == before + 3


async def test_who_opens_it_while_slack_asks_to_wait_sees_it_afterwards(world: World, wanted: Wanted) -> None:
    wanted.refusals.add("ratelimited")
    world.slack.refuse("views.publish", "ratelimited", retry_after=1)
    accepted(await world.slack.open_home(world.owner))
    await home(world, world.owner, "answered")
    assert published(world) == 2


async def test_after_a_restart_the_buttons_still_work(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    view = await open_home(world, world.operator, "standup", "answered")
    await world.restart()
    await press(world, world.operator, view, "Show room standup")
    await told(world, world.operator, "*standup*: nobody is in it.")


def world_clock(world: World) -> MovedClock:
    assert isinstance(world.clock, MovedClock)
    return world.clock
