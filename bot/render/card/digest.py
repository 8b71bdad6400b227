"""A page that shows many things together, while too much happens in a channel for a message each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from bot.alerts.state import ThingState
from bot.render.button import Buttons
from bot.render.card.face import Face, Rank
from bot.render.card.faces import face_of
from bot.render.card.offers import carried
from bot.render.limits import HEADER_TEXT
from bot.render.lines import in_equal_parts, sections
from bot.render.message import context, header, section
from bot.render.text import Block
from commands.core.reply import Action, Strong, Text
from commands.core.words import counted, in_natural_order, joined
from commands.room import RoomList
from providers.facts import ThingKind

_LINES_SIZE = 8_300
"""With what stands around the lines, a page stays under 10,000 characters and bytes."""

_LONGEST_LINE = 400
_BUSY = ("Busy", "Much happens here at once. These are shown together until it calms down.")
_CALM = ("Calm again", "These were shown together while it was busy. What changes gets a message of its own.")
_WORDS = {
    ThingKind.ROOM: ("room", "rooms"),
    ThingKind.RECORDING: ("recording", "recordings"),
    ThingKind.STREAM: ("stream", "streams"),
    ThingKind.INGRESS: ("ingress", "ingresses"),
    ThingKind.CALL: ("call", "calls"),
    ThingKind.SERVER: ("video server", "video servers"),
    ThingKind.TEST: ("test", "tests"),
}


@dataclass(frozen=True, slots=True)
class Member:
    """A thing that a page shows, and the version that is shown. `is_own`: it has a message of its own besides."""

    state: ThingState
    version: int
    is_own: bool


def page(members: Sequence[Member], *, is_calm: bool = False) -> tuple[Text, list[Block]]:
    """What it says in a sentence or two, and its blocks: what went wrong first, then what is live, then what is over.
    `is_calm`: the storm is over.

    The order of `members` makes no difference, so that equal pages are drawn alike.
    """
    faces = [face for _, face in sorted(map(_ranked, members), key=itemgetter(0))]
    if not faces:
        said = "Calm again: what was shown here together has messages of its own."
        return said, [header("Calm again", HEADER_TEXT), section(said)]
    things, sums = _things(members), _sums(faces)
    markup = in_equal_parts([face.line for face in faces], _LINES_SIZE, longest=_LONGEST_LINE)
    lines, left = sections(markup, _LINES_SIZE)
    below = joined([f"{left:,} more are not shown." if left else "", _own(members)], " ")
    title, why = _CALM if is_calm else _BUSY
    return (
        f"{title}: {things}; {sums}.",
        [
            header(f"{title}: {things}", HEADER_TEXT),
            section((Strong(sums), f". {why}")),
            *lines,
            *([context(below)] if below else []),
            *Buttons().rows(carried(_show_all(members))),
        ],
    )


def _show_all(members: Sequence[Member]) -> Sequence[Action]:
    """All rooms of one server. Without a button, a second message of the page could not give itself away."""
    name = min(member.state.provider for member in members)
    return [Action("Show all", RoomList(provider=name), description=f"Show all rooms of {name}")]


def _ranked(member: Member) -> tuple[tuple[object, ...], Face]:
    """A face, after what puts it in its place; no two are alike in that."""
    state, face = member.state, face_of(member.state)
    return (face.standing.rank, in_natural_order(state.name), state.kind, state.provider, face.id), face


def _things(members: Sequence[Member]) -> str:
    """`43 rooms, 5 recordings`."""
    counts = Counter(ThingKind(member.state.kind) for member in members)
    return ", ".join(counted(counts[kind], *words) for kind, words in _WORDS.items() if counts[kind])


def _sums(faces: Sequence[Face]) -> str:
    """`2 went wrong, 40 live, 6 over`."""
    counts = Counter(face.standing.rank for face in faces)
    words = {Rank.TROUBLE: "went wrong", Rank.LOST: "lost sight of", Rank.LIVE: "live", Rank.OVER: "over"}
    return ", ".join(f"{counts[rank]:,} {word}" for rank, word in words.items() if counts[rank])


def _own(members: Sequence[Member]) -> str:
    count = sum(member.is_own for member in members)
    if not count:
        return ""
    has = "has a message of its own, which follows" if count == 1 else "have messages of their own, which follow"
    return f"{count:,} of them {has} when it is calm."
