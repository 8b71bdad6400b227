"""The face of an ingress, with what to do next."""

from bot.alerts.state import IngressState
from bot.render.card.face import (
    FAILED,
    LIVE,
    LOST,
    Face,
    Rank,
    Standing,
    after,
    dotted,
    lost,
    origin,
    reason,
    room_name,
    since,
)
from commands.core.reply import Code, Strong, Text
from providers.base import Ingress, IngressStatus

_PULLED = "url"
"""The input of an ingress that fetches by itself. To the others somebody sends."""

_STANDINGS = {
    IngressStatus.WAITING: Standing("⏳", "Waiting"),
    IngressStatus.BUFFERING: Standing("⏳", "Buffering"),
    IngressStatus.LIVE: LIVE,
    IngressStatus.FAILED: FAILED,
    IngressStatus.COMPLETE: Standing("⚪", "Complete", Rank.OVER),
}


def face(state: IngressState) -> Face:
    ingress = state.ingress
    name, room = ingress.shown_name, room_name(ingress.room)
    subject = ("The ingress ", Strong(name), " into ", Strong(room))
    topic = ("ingress ", Strong(name), " into ", Strong(room))
    standing, said, explained = LOST, *lost(("the ", *topic), "See whether its source still sends.")
    if not state.is_lost:
        told, explained = _told(ingress)
        standing, said = _STANDINGS[ingress.status], (*subject, told)
    return Face(
        standing=standing,
        said=said,
        subject=subject,
        title=f"Ingress into {ingress.room.name}",
        topic=topic,
        id=ingress.ref.id,
        explained=explained,
        brief=reason(ingress.error) if standing is FAILED else "",
        particulars=_particulars(ingress),
        origin=origin(state, ingress.ref.id),
    )


def _told(ingress: Ingress) -> tuple[str, Text]:
    """What it does, to follow its name, and what follows its word on the card."""
    match ingress.status:
        case IngressStatus.WAITING:
            return f" is waiting. {_next(ingress)}", f": nothing comes in. {_next(ingress)}"
        case IngressStatus.BUFFERING:
            return " is buffering, and will be in the room soon.", ": something comes in, and is not in the room yet."
        case IngressStatus.LIVE:
            return " is live.", dotted(since(ingress.started_at))
        case IngressStatus.FAILED:
            why = f"{reason(ingress.error)} {_next(ingress)}"
            return f" failed: {why}", f": {why}"
        case IngressStatus.COMPLETE:
            lasted = after(ingress.started_at, ingress.ended_at)
            return f" is complete{lasted}: its source has ended.", f"{lasted}: its source has ended."


def _next(ingress: Ingress) -> str:
    if ingress.input == _PULLED:
        return "See whether its address can be reached from the video server."
    if ingress.status is IngressStatus.FAILED:
        return "Check the encoder's settings and send again."
    return "Start the encoder with its address and key."


def _particulars(ingress: Ingress) -> list[tuple[str, Text]]:
    known = (("Name", ingress.name), ("Joins as", ingress.identity), ("Input", ingress.input.upper()))
    return [(label, (Code(value),)) for label, value in known if value]
