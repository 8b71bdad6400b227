"""Cards: the one function from the state of a thing to its card, and the one to what is said in the card's thread.

A card says its state in words first and marks it with a symbol besides, and offers only what makes sense in it.
"""

from collections.abc import Collection, Sequence

from bot.alerts.state import DigestState, ThingState
from bot.render.button import Buttons
from bot.render.card.digest import Member as Member
from bot.render.card.digest import page
from bot.render.card.face import Face
from bot.render.card.faces import face_of
from bot.render.card.notes import note as note
from bot.render.card.offers import follow, possible
from bot.render.limits import HEADER_TEXT
from bot.render.lines import in_equal_parts, sections
from bot.render.message import Message, context, fields, header, message, section
from bot.render.text import Block, notification
from commands.core.reply import Action, Text
from providers.base import Capability

_LINES_SIZE = 8_000
_LONGEST_LINE = 600


def draw(
    state: ThingState,
    *,
    capabilities: Collection[Capability],
    card_id: int,
    generation: int,
    digest: Sequence[Member] = (),
) -> Message:
    """`capabilities` are those of the thing's provider: what it cannot do is not offered. `digest` is what a page has.

    Block ids carry card and generation, so that a press says which posting of which card it was made on.
    """
    if isinstance(state, DigestState):
        said, blocks = page(digest, is_calm=state.calmed_at is not None)
    else:
        face = face_of(state)
        said, blocks = face.said, _blocks(face, follow(state, face.id), capabilities)
    numbered = [{**block, "block_id": f"card:{card_id}:{generation}:{n}"} for n, block in enumerate(blocks)]
    return message(notification(said), numbered)


def _blocks(face: Face, beside: Sequence[Action], capabilities: Collection[Capability]) -> list[Block]:
    """The buttons in the order in which they stand: beside the state, under what is planned, and under it all."""
    buttons = Buttons()
    return [
        header(face.title, HEADER_TEXT),
        section(face.status, buttons.draw(beside[0]) if beside else None),
        *(_row(*row, buttons, capabilities) for row in face.rows),
        *_lines(face),
        *_planned(face, buttons, capabilities),
        *fields(face.particulars),
        *buttons.rows(possible(face.steps, capabilities)),
        *([context(face.origin)] if face.origin else []),
    ]


def _planned(face: Face, buttons: Buttons, capabilities: Collection[Capability]) -> list[Block]:
    if not face.planned:
        return []
    return [section(face.planned), *buttons.rows(possible(face.timing, capabilities))]


def _row(text: Text, action: Action | None, buttons: Buttons, capabilities: Collection[Capability]) -> Block:
    beside = possible([action] if action is not None else [], capabilities)
    return section(text, buttons.draw(beside[0]) if beside else None)


def _lines(face: Face) -> list[Block]:
    drawn, left = sections(in_equal_parts(face.lines, _LINES_SIZE, longest=_LONGEST_LINE), _LINES_SIZE)
    return [*drawn, context(f"{left:,} more are not shown.")] if left else drawn
