"""Two acts of the tour: so much happens at once that Slack admits no message for each, and then it is calm.

The tour goes `FASTER` times as fast as real time: the bot's pace, and Slack's limits, which are enforced then.
"""

import re
from collections.abc import Callable
from typing import Final

from bot.demo.slack import Message
from bot.demo.story import Story
from providers.base import RoomOptions

FASTER: Final = 20.0

ROOMS: Final = 30
STAGE: Final = "stage-"
BACK: Final = f"{STAGE}07"
"""Where somebody comes when all is calm."""


HELD_BACK: Final = "when it is calm"


async def too_much_at_once(story: Story) -> None:
    """Thirty rooms at once"""
    await story.types(story.ana, f"/video alert subscribe room --room {STAGE}*")
    await story.told(story.ana, "ana is told what the channel hears of", f"{STAGE}*")
    story.meanwhile(f"{ROOMS} rooms come up on the video server at once, and half of them end again")
    before = _posts(story)
    provider = story.world.provider
    made = [(await provider.create_room(f"{STAGE}{number:02}", RoomOptions())).room for number in range(ROOMS)]
    await story.sees(story.gus, "what is too much for a message each is shown on a page", _page("Busy: "))
    for room in made[::2]:
        await provider.close_room(room.ref)
    await story.waits("every room is shown as it is", lambda: _shown(story, "Ended") == len(made[::2]))
    story.check("it took far fewer messages than rooms", _posts(story) - before < ROOMS / 2)
    story.check("Slack was never asked too often", not [c for c in story.world.slack.calls if c.error == "ratelimited"])


async def calm_again(story: Story) -> None:
    """And calm again"""
    story.meanwhile(f"it calms down; then bob joins {BACK}")
    await story.waits("the first cards have caught up", lambda: not any(HELD_BACK in m.words for m in _pages(story)))
    await story.world.people.join(BACK, "bob")
    card = await story.sees(story.gus, "what happens has a message of its own again", _card(BACK, "1 person"))
    story.check("with all that can be done", {"Join", "End"} <= {button.label for button in card.buttons})
    await story.waits("the page has let go of it", lambda: not any(BACK in m.words for m in _pages(story)))


def _page(*words: str) -> Callable[[Message], bool]:
    return lambda m: not m.ephemeral_to and not m.thread_ts and all(word in m.words for word in words)


def _card(title: str, *words: str) -> Callable[[Message], bool]:
    return lambda m: _page(*words)(m) and m.lines[0] == title


def _pages(story: Story) -> list[Message]:
    seen = story.world.slack.seen_by(story.gus, story.world.general)
    return [message for message in seen if message.lines[0].startswith(("Busy: ", "Calm again"))]


def _shown(story: Story, state: str) -> int:
    """How many of the rooms are shown in that state, be it by a card of their own or on a page."""
    shown = set()
    for message in story.world.slack.seen_by(story.gus, story.world.general):
        if not message.thread_ts and not message.ephemeral_to:
            lines = [message.words] if message.lines[0].startswith(STAGE) else message.lines
            shown |= {name for line in lines if state in line for name in re.findall(rf"{STAGE}\d\d", line)}
    return len(shown)


def _posts(story: Story) -> int:
    return sum(call.method == "chat.postMessage" for call in story.world.slack.calls)
