"""Which of several is meant: a button for each, that says what it is of."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from commands.core.base import Command
from commands.core.egress_words import source_words
from commands.core.errors import MOST_OFFERED
from commands.core.reply import Action
from commands.core.words import shortened
from providers.base import Egress, Recording, Stream

_Feed = TypeVar("_Feed", Recording, Stream, Egress)
_LONGEST: Final = 24
"""Of what it is of, so that a button has room for the rest."""


def choices(
    verb: str, feeds: Sequence[_Feed], when: Callable[[_Feed], str], command: Callable[[_Feed], Command], every: Command
) -> list[Action]:
    """`Stop the one of participant ana, since 14:41`; those that would be called alike go by their ids as well. `every`
    lists them where there are too many."""
    called = [(_about(feed), when(feed)) for feed in feeds]
    alike = Counter(called)
    offered: list[Action] = []
    for feed, (about, since) in zip(feeds[:MOST_OFFERED], called, strict=False):
        which = f" {feed.ref.id}" if alike[about, since] > 1 else ""
        offered.append(Action(f"{verb} {about}{which}, {since}", command(feed)))
    return [*offered, Action("See all", every)] if len(feeds) > MOST_OFFERED else offered


def _about(feed: Recording | Stream | Egress) -> str:
    return f"the one of {shortened(source_words(feed.source) or 'the whole room', _LONGEST)}"
