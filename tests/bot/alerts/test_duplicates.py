"""A message that nobody knew of gives itself away when it is pressed."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.alerts.duplicates import Duplicates
from bot.demo.slack.things import Message
from tests.bot.alerts.facts import finished, joined, person, seen
from tests.bot.alerts.proxy import Trouble
from tests.bot.alerts.scene import Scene, warned


def press(message: Message, block: int = 0) -> dict[str, Any]:
    """As Slack tells of one."""
    return {
        "actions": [{"block_id": message.blocks[block]["block_id"], "action_id": "x"}],
        "channel": {"id": message.channel},
        "message": {"ts": message.ts},
    }


def duplicates(scene: Scene) -> Duplicates:
    return Duplicates(scene.house.cards, scene.client, scene.deliverer.wake)


async def posted_twice(scene: Scene) -> tuple[Message, Message]:
    """The answer to the first post was lost."""
    await scene.house.command(seen(1), channel=scene.general.id)
    scene.proxy.next.append(Trouble.LOST)
    with warned("a delivery waits"):
        async with scene.delivering():
            await scene.slack.until(lambda: len(scene.messages()) == 2 or None)
            await scene.is_quiet()
    first, second = scene.messages()
    return first, second


async def test_the_message_that_nobody_knew_of_is_deleted_and_the_other_one_stays(scene: Scene) -> None:
    first, second = await posted_twice(scene)
    with warned("a message was one too many"):
        await duplicates(scene).pressed(press(first))
    assert [m.ts for m in scene.messages()] == [second.ts]
    await duplicates(scene).pressed(press(second))
    assert [m.ts for m in scene.messages()] == [second.ts]


async def test_one_that_is_pressed_before_it_is_posted_again_becomes_the_card(scene: Scene) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    scene.proxy.next.append(Trouble.LOST)
    with warned("a delivery waits"):
        async with scene.delivering():
            await scene.slack.until(lambda: scene.messages() or None)
    (first,) = scene.messages()
    await duplicates(scene).pressed(press(first))
    await scene.house.tell(joined(person(1), 2))
    scene.deliverer = scene.new_deliverer()
    async with scene.delivering():
        assert (await scene.shows("1 person")).ts == first.ts
        await scene.is_quiet()

    assert scene.calls() == ["chat.postMessage", "chat.update"]
    assert len(scene.messages()) == 1


async def test_a_message_of_an_earlier_posting_goes_too(scene: Scene) -> None:
    """The card was deleted and came again, as the room ended; what is pressed is from before."""
    first, second = await posted_twice(scene)
    scene.slack.workspace.delete(second)
    await scene.house.tell(finished(2))
    with warned("a card or note cannot be delivered"):
        async with scene.delivering():
            anew = await scene.slack.until(lambda: next((m for m in scene.messages() if "Ended" in m.words), None))
            await scene.is_quiet()
    with warned("a message was one too many"):
        await duplicates(scene).pressed(press(first))
    assert first.ts not in [m.ts for m in scene.messages()]
    assert anew.ts in [m.ts for m in scene.messages()]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"actions": []},
        {"actions": [{"block_id": "card:1:0:0"}], "channel": {"id": "C1"}},
        {"actions": [{"block_id": "card:1:0:0"}], "message": {"ts": "1.1"}},
        {"actions": [{"block_id": "card:1:0:0"}], "channel": {"id": "C1"}, "message": {"ts": "1.1"}},
        {"actions": [{"block_id": "card:99999999999999999999:0:0"}], "channel": {"id": "C1"}, "message": {"ts": "1.1"}},
        {"actions": [{"block_id": "reply:0"}], "channel": {"id": "C1"}, "message": {"ts": "1.1"}},
    ],
)
async def test_a_press_on_anything_else_deletes_nothing(scene: Scene, body: dict[str, Any]) -> None:
    await duplicates(scene).pressed(body)
    assert scene.slack.calls == []


async def test_one_that_cannot_be_deleted_stays(scene: Scene) -> None:
    first, _ = await posted_twice(scene)
    scene.slack.refuse("chat.delete", "cant_delete_message")
    with capture_logs() as lines:
        await duplicates(scene).pressed(press(first))
    assert lines[-1]["event"] == "a message that is one too many stays"
    assert len(scene.messages()) == 2
