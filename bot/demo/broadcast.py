"""Two acts of the tour: a room goes out to two platforms, one of which refuses it, and is taken off the air."""

from typing import Final

from bot.demo.sights import card_of, labels, must_see, noted
from bot.demo.story import Story
from bot.demo.world import BROKEN_PLATFORM, PLATFORM

KEYS: Final = ("live_7c1f9b02a4", "live_d03e55aa91")
TITLE: Final = "Stream of standup"


async def stream_to_two(story: Story) -> None:
    """On the air, to two platforms"""
    first, second = KEYS
    await story.types(
        story.omar, f"/video stream start standup rtmp://{PLATFORM}/app/{first} rtmp://{BROKEN_PLATFORM}/app/{second}"
    )
    await story.told(story.omar, "omar is told that it begins", "Streaming", "standup", "2 places")
    shown = await story.sees(
        story.gus, "the stream's card says where it arrives", card_of(TITLE, "Partly live", "to 1 of 2 destinations")
    )
    story.check("each platform has a line", f"rtmp://{PLATFORM}/app" in shown.words)
    story.check("the one that refuses says why", "connection refused" in shown.words)
    note = await story.sees(
        story.gus,
        "its thread says so, and what to do",
        noted("does not reach", BROKEN_PLATFORM, "connection refused"),
    )
    story.check(
        "it is shown in the channel too, and mentions omar", note.broadcast and f"@{story.omar.id}" in note.words
    )
    seen = story.world.slack.seen_by(story.gus, story.world.general)
    story.check("nobody is shown a stream key", not any(key in message.words for key in KEYS for message in seen))
    await story.sees(story.gus, "the room's card says that it is streamed", card_of("standup", "Live", "Streaming"))


async def stop_streaming(story: Story) -> None:
    """Off the air"""
    await story.presses(story.omar, must_see(story, card_of(TITLE, "Partly live")), "Stop")
    await story.told(story.omar, "omar is told that it ends", "Stopping the stream of", "standup")
    shown = await story.sees(story.gus, "the card says how long it was on the air", card_of(TITLE, "Ended"))
    story.check("nothing is left to press on it", labels(shown) == [])
