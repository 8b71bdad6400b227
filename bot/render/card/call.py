"""The face of a telephone call."""

from bot.alerts.state import CallState
from bot.render.card.face import (
    ENDED,
    FAILED,
    LOST,
    Face,
    Standing,
    after,
    dotted,
    lost,
    origin,
    reason,
    room_name,
    since,
)
from commands.core.phone_numbers import veiled
from commands.core.reply import Code, Strong, Text
from commands.core.words import shortened
from commands.sip_actions import call_actions
from providers.base import Call, CallStatus

_LONGEST = 120
_STANDINGS = {
    CallStatus.DIALING: Standing("⏳", "Dialing"),
    CallStatus.RINGING: Standing("⏳", "Ringing"),
    CallStatus.ACTIVE: Standing("🟢", "Active"),
    CallStatus.ENDED: ENDED,
    CallStatus.FAILED: FAILED,
}


def face(state: CallState) -> Face:
    call = state.call
    who = call.number or veiled(call.identity) or "somebody"
    subject = ("The call from " if call.is_inbound else "The call to ", Strong(who))
    topic = ("call from " if call.is_inbound else "call to ", Strong(who))
    standing, said, explained = LOST, *lost(("the ", *topic), "Ask in the room whether they are still there.")
    if not state.is_lost:
        told, explained = _told(call)
        standing, said = _STANDINGS[call.status], (*subject, *told)
    return Face(
        standing=standing,
        said=said,
        subject=subject,
        title=f"{'Call from' if call.is_inbound else 'Call to'} {who}",
        topic=(*topic, " in ", Strong(room_name(call.room))),
        id=call.ref.id,
        explained=explained,
        brief=reason(call.error) if call.status is CallStatus.FAILED else "",
        particulars=_particulars(call),
        steps=() if state.is_lost else call_actions(call),
        origin=origin(state, call.ref.id),
    )


def _told(call: Call) -> tuple[tuple[str | Strong, ...], Text]:
    """What it does, to follow its name, and what follows its word on the card."""
    lasted = after(call.started_at, call.ended_at)
    room = Strong(room_name(call.room))
    match call.status:
        case CallStatus.DIALING:
            return (" for ", room, " is being dialed."), ""
        case CallStatus.RINGING:
            return (" is ringing, for ", room, "."), ""
        case CallStatus.ACTIVE:
            return (" is in ", room, "."), dotted(since(call.started_at))
        case CallStatus.ENDED:
            return (f" ended{lasted}.",), lasted
        case CallStatus.FAILED:
            why = f"{reason(call.error)} {_next(call)}"
            return (f" failed: {why}",), f": {why}"


def _next(call: Call) -> str:
    if call.is_inbound:
        return "Check the trunk that it came by, and have them call again."
    return "Call again later, or check the number and the trunk."


def _particulars(call: Call) -> list[tuple[str, Text]]:
    identity = veiled(call.identity)
    known = (
        ("Room", room_name(call.room)),
        ("Number", call.number),
        ("In the room as", identity),
        ("Trunk", call.trunk),
    )
    return [(label, (Code(shortened(value, _LONGEST)),)) for label, value in known if value]
