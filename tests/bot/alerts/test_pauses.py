"""How long the deliverer waits after what went wrong, and what waits with it."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.alerts.pace import Tempo
from bot.alerts.pauses import Pauses
from bot.slack.client import TOKEN_PAUSE_SECONDS
from bot.slack.errors import kind_of
from providers.base import RoomRef
from tests.bot.alerts.facts import RETRO, joined, person, seen
from tests.bot.alerts.proxy import Trouble
from tests.bot.alerts.scene import Scene, warned
from tests.bot.slack.conftest import Clock


@pytest.mark.parametrize("trouble", [t for t in Trouble if t not in (Trouble.LOST, Trouble.NONE)])
async def test_what_slack_did_not_take_is_delivered_after_a_pause(scene: Scene, trouble: Trouble) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    scene.proxy.next.append(trouble)
    with warned("a delivery waits"):
        async with scene.delivering():
            await scene.shows("standup")

    (first, began), (second, ended) = scene.proxy.calls
    assert (first, second) == ("chat.postMessage", "chat.postMessage")
    assert ended - began >= 0.99
    assert len(scene.messages()) == 1


async def test_a_throttled_channel_waits_as_long_as_slack_says_and_others_do_not(scene: Scene) -> None:
    other = scene.slack.workspace.add_channel("other", members=[scene.ana])
    await scene.house.command(seen(1), channel=scene.general.id)
    scene.proxy.next.append(Trouble.THROTTLED)
    scene.proxy.retry_after = "2"
    with warned("a delivery waits"):
        async with scene.delivering():
            await scene.called(1)
            await scene.house.command(seen(2, room=RETRO), channel=other.id)
            await scene.shows("retro", channel=other)
            assert scene.messages() == []
            await scene.house.tell(joined(person(1), 3))
            await scene.shows("standup", "1 person")

    times = [time for _, time in scene.proxy.calls]
    assert len(times) == 3
    assert times[1] - times[0] < 1
    assert times[2] - times[0] >= 1.99
    assert await scene.behind() == 0


async def test_an_update_that_is_throttled_stops_updates_everywhere_and_posts_nowhere(scene: Scene) -> None:
    other = scene.slack.workspace.add_channel("other", members=[scene.ana])
    third = scene.slack.workspace.add_channel("third", members=[scene.ana])
    async with scene.delivering():
        await scene.house.command(seen(1), channel=scene.general.id)
        await scene.house.command(seen(2), channel=other.id)
        await scene.shows("standup")
        await scene.shows("standup", channel=other)
        await scene.is_quiet()
        scene.slack.refuse("chat.update", "ratelimited", retry_after=1)
        with warned("a delivery waits"):
            throttled = asyncio.get_running_loop().time()
            await scene.house.tell(joined(person(1), 3))
            await scene.slack.until(lambda: scene.calls("chat.update") or None)
            await scene.house.command(seen(4, room=RETRO), channel=third.id)
            await scene.shows("retro", channel=third)
            assert scene.calls("chat.update") == ["chat.update"]
        await scene.shows("1 person")
        await scene.shows("1 person", channel=other)

    (_, *updates) = [time for method, time in scene.proxy.calls if method == "chat.update"]
    assert len(updates) == 2
    assert min(updates) - throttled >= 0.99


async def test_the_stand_ins_own_pace_is_kept_up_with(scene: Scene) -> None:
    scene.slack.is_paced = True
    for number in range(6):
        await scene.house.command(
            seen(1 + number, room=RoomRef("memory", f"RM_{number}", f"room{number}")), channel=scene.general.id
        )
    scene.tempo = Tempo()
    scene.deliverer = scene.new_deliverer()
    async with scene.delivering():
        for number in range(6):
            await scene.shows(f"room{number}")

    assert len(scene.messages()) == 6


@pytest.mark.parametrize(
    ("code", "first_seconds"),
    [("ekm_access_denied", 60.0), ("missing_scope", 60.0), ("new_word", 60.0), ("internal_error", 1.0)],
)
async def test_what_ends_by_itself_or_by_a_person_is_tried_again_later_and_later(
    code: str, first_seconds: float
) -> None:
    pauses = Pauses(clock := Clock())
    error = kind_of(code)(code, "chat.postMessage")
    found = [pauses.after("C1", error) for _ in range(7)]
    assert found[:3] == [first_seconds, first_seconds * 2, first_seconds * 4]
    assert found[-1] == (900.0 if first_seconds == 60.0 else 30.0)
    assert pauses.waiting() == ["C1"]
    clock.seconds += found[-1]
    assert (pauses.waiting(), pauses.shortest()) == ([], None)


async def test_a_dead_token_stops_everything_until_slack_takes_it_again(scene: Scene) -> None:
    other = scene.slack.workspace.add_channel("other", members=[scene.ana])
    scene.client = scene.new_client(clock := Clock())
    scene.deliverer = scene.new_deliverer(clock)
    scene.slack.refuse("chat.postMessage", "token_revoked")
    await scene.house.command(seen(1), channel=scene.general.id)
    await scene.house.command(seen(2, room=RETRO), channel=other.id)
    with capture_logs() as lines:
        async with scene.delivering():
            await scene.slack.until(lambda: scene.calls() or None)
            scene.deliverer.wake()
        async with scene.delivering():
            pass
        assert scene.calls() == ["chat.postMessage"]
        assert await scene.behind() == 2

        clock.seconds += TOKEN_PAUSE_SECONDS
        async with scene.delivering():
            await scene.shows("standup")
            await scene.shows("retro", channel=other)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["Slack refuses our token"]
    assert await scene.behind() == 0


async def test_a_refusal_for_good_ends_what_the_channel_waited_for(scene: Scene) -> None:
    scene.deliverer = scene.new_deliverer(clock := Clock())
    for code in ("internal_error", "messages_tab_disabled", "internal_error"):
        scene.slack.refuse("chat.postMessage", code)
    await scene.house.command(seen(1), channel=scene.general.id)
    await scene.house.command(seen(2, room=RETRO), channel=scene.general.id)
    with capture_logs() as lines:
        async with scene.delivering():
            pass
        clock.seconds += 1
        async with scene.delivering():
            pass

    assert scene.calls() == ["chat.postMessage"] * 3
    assert [line["seconds"] for line in lines if line["event"] == "a delivery waits"] == [1.0, 1.0]


async def test_a_channel_that_opens_again_waits_no_longer(scene: Scene) -> None:
    scene.deliverer = scene.new_deliverer(Clock())
    scene.slack.refuse("chat.postMessage", "ekm_access_denied")
    await scene.house.command(seen(1), channel=scene.general.id)
    with warned("a delivery waits"):
        async with scene.delivering():
            pass
    await scene.deliverer.reopen(scene.general.id)
    async with scene.delivering():
        await scene.shows("standup")

    assert scene.calls() == ["chat.postMessage"] * 2


async def test_a_pause_that_slack_asked_for_holds_for_every_process(scene: Scene) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    scene.slack.refuse("chat.postMessage", "ratelimited", retry_after=30)
    with warned("a delivery waits"):
        async with scene.delivering():
            pass
    scene.deliverer = scene.new_deliverer()
    async with scene.delivering():
        await scene.house.tell(joined(person(1), 2))

    assert scene.calls() == ["chat.postMessage"]


async def test_a_channel_that_takes_no_posts_for_a_while_takes_updates(scene: Scene) -> None:
    async with scene.delivering():
        await scene.house.command(seen(1), channel=scene.general.id)
        await scene.shows("standup")
        await scene.is_quiet()
        scene.slack.refuse("chat.postMessage", "ratelimited", retry_after=30)
        with warned("a delivery waits"):
            await scene.house.command(seen(2, room=RETRO), channel=scene.general.id)
            await scene.called(2)
            await scene.house.tell(joined(person(1), 3))
            await scene.shows("1 person")

    assert await scene.behind() == 1


async def test_a_workspace_that_takes_no_more_messages_stops_posts_everywhere_and_no_updates(scene: Scene) -> None:
    other = scene.slack.workspace.add_channel("other", members=[scene.ana])
    async with scene.delivering():
        await scene.house.command(seen(1), channel=scene.general.id)
        await scene.shows("standup")
        await scene.is_quiet()
    scene.slack.refuse("chat.postMessage", "message_limit_exceeded")
    await scene.house.command(seen(2, room=RETRO), channel=other.id)
    scene.deliverer = scene.new_deliverer()
    with warned("a delivery waits"):
        async with scene.delivering():
            pass
    await scene.house.command(seen(3, room=RETRO), channel=scene.general.id)
    await scene.house.tell(joined(person(1), 3))
    scene.deliverer = scene.new_deliverer()
    async with scene.delivering():
        await scene.shows("1 person")

    assert scene.calls() == ["chat.postMessage", "chat.postMessage", "chat.update"]
