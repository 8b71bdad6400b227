"""The face of an ingress, with what comes in and what to look at where nothing does."""

from collections.abc import Sequence
from typing import Final

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
from bot.render.card.trouble import odd
from commands.core.ingress_orphans import Orphan
from commands.core.ingress_words import audio_words, checklist, explain_orphan, input_word, video_words
from commands.core.reply import Code, Strong, Text, plain
from commands.core.words import shortened
from commands.ingress_actions import actions
from providers.base import Ingress, IngressStatus, IngressTrouble
from providers.facts import Condition

_WAITING: Final = Standing("⏳", "Waiting")
_DISABLED: Final = Standing("⏸️", "Disabled")
_TRIED: Final = "somebody has tried to send, and was refused."
_STOPPED: Final = Standing("⚪", "Stopped")
_BUFFERING: Final = Standing("⏳", "Buffering")
_COMPLETE: Final = Standing("⚪", "Complete", Rank.OVER)
_DELETED: Final = Standing("⚪", "Deleted", Rank.OVER)
_LONGEST: Final = 120
_CLOSED: Final = "It is disabled: whoever sends goes on, and nobody new is let in."


def face(state: IngressState) -> Face:
    ingress = state.ingress
    into = ("into ", Strong(room_name(ingress.room))) if ingress.room.name.strip() else ("into no room",)
    subject = ("The ingress ", Strong(ingress.shown_name), " ", *into)
    topic = ("ingress ", Strong(ingress.shown_name), " ", *into)
    standing, said, explained = LOST, *lost(("the ", *topic), "See whether its source still sends.")
    if not state.is_lost:
        standing, told, explained = _told(state)
        said = (*subject, " ".join([told, *_advice(state)]))
    return Face(
        standing=standing,
        said=said,
        subject=subject,
        title=f"Ingress {plain(into)}",
        topic=topic,
        id=ingress.ref.id,
        explained=explained,
        brief=reason(ingress.error) if standing is FAILED else "",
        lines=_advice(state),
        particulars=_particulars(ingress),
        steps=() if state.is_lost else actions(ingress, is_orphan=state.condition is Condition.LEFT_BEHIND),
        origin=origin(state, ingress.ref.id),
    )


def _told(state: IngressState) -> tuple[Standing, str, Text]:
    """How it stands, that to follow its name, and what follows its word on the card."""
    ingress = state.ingress
    lasted = after(ingress.started_at, ingress.ended_at)
    match ingress.status:
        case IngressStatus.WAITING:
            return _waiting(state, lasted)
        case IngressStatus.BUFFERING | IngressStatus.LIVE if state.condition is not None:
            return odd(state.condition, LIVE), f" was {ingress.status.value}.", ""
        case IngressStatus.BUFFERING:
            told = ": something comes in, and is not in the room yet."
            return _BUFFERING, " is buffering, and will be in the room soon.", told
        case IngressStatus.LIVE:
            return LIVE, " is live.", dotted(since(ingress.started_at))
        case IngressStatus.FAILED:
            return FAILED, f" failed: {reason(ingress.error)}", f": {reason(ingress.error)}"
        case IngressStatus.COMPLETE:
            return _COMPLETE, f" is complete{lasted}: its source has ended.", f"{lasted}: its source has ended."
        case IngressStatus.DELETED:
            gone = f": {'nothing is fetched' if ingress.input.is_fetched else 'nobody can send by its key'} any more."
            return _DELETED, f" was deleted{gone}", gone


def _waiting(state: IngressState, lasted: str) -> tuple[Standing, str, Text]:
    """One that was live, and has not failed since, has stopped."""
    if not state.ingress.is_enabled:
        has_tried = state.ingress.trouble is IngressTrouble.DISABLED
        return _DISABLED, f" is disabled{f': {_TRIED}' if has_tried else '.'}", f": {_TRIED}" if has_tried else ""
    if state.live_at is not None and not state.has_failed_last:
        return _STOPPED, f" stopped{lasted}.", f"{lasted}: nothing comes in."
    return _WAITING, " is waiting.", ": nothing comes in."


def _advice(state: IngressState) -> Sequence[str]:
    """What to do, where something is to be done."""
    ingress = state.ingress
    if state.is_lost:
        return ()
    if state.condition is not None:
        return (explain_orphan(Orphan.WORKER_DIED, ingress),)
    if ingress.status.is_receiving and not ingress.is_enabled:
        return (_CLOSED,)
    return checklist(ingress)


def _particulars(ingress: Ingress) -> list[tuple[str, Text]]:
    """As names and addresses are typed; what comes in is there while it does."""
    is_live = ingress.status is IngressStatus.LIVE
    typed = (
        ("Name", ingress.name),
        ("Joins as", ingress.identity),
        ("Input", input_word(ingress.input)),
        ("Address", shortened(ingress.address, _LONGEST)),
    )
    received = (
        ("Video", shortened(video_words(ingress.video), _LONGEST) if is_live and ingress.video is not None else ""),
        ("Audio", shortened(audio_words(ingress.audio), _LONGEST) if is_live and ingress.audio is not None else ""),
    )
    return [
        *((label, (Code(value),)) for label, value in typed if value),
        *((label, value) for label, value in received if value),
    ]
