"""What the tour looks for on the screens of its people."""

from collections.abc import Callable

from bot.demo.slack import Message, View
from bot.demo.story import Story


def card_of(title: str, *words: str) -> Callable[[Message], bool]:
    """A card of that title with all these words."""
    return lambda m: (
        not m.ephemeral_to and not m.thread_ts and m.lines[0] == title and all(word in m.words for word in words)
    )


def noted(*words: str) -> Callable[[Message], bool]:
    """What stands in a thread with all these words."""
    return lambda m: m.thread_ts is not None and not m.ephemeral_to and all(word in m.words for word in words)


def told_under(message: Message, *words: str) -> Callable[[Message], bool]:
    """What stands in the thread of that message with all these words."""
    return lambda m: m.thread_ts == message.ts and not m.ephemeral_to and all(word in m.words for word in words)


def must_see(story: Story, wanted: Callable[[Message], bool]) -> Message:
    """A message that an earlier step has seen."""
    message = story.sight(story.gus, wanted)
    assert message is not None, "an earlier step has seen it"
    return message


def labels(shown: Message | View) -> list[str]:
    return [button.label for button in shown.buttons]
