"""The face of a stream, with a line for each place that it goes to."""

from bot.alerts.state import StreamState
from bot.render.card.face import (
    ABORTED,
    ENDED,
    ENDING,
    FAILED,
    LOST,
    ON_AIR,
    STARTING,
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
from commands.core.words import counted, in_a_row, joined, shortened
from providers.base import Destination, DestinationStatus, Stream, StreamStatus

_PARTLY = Standing("⚠️", "Partly live", Rank.TROUBLE)
_STANDINGS = {
    StreamStatus.STARTING: STARTING,
    StreamStatus.LIVE: ON_AIR,
    StreamStatus.ENDING: ENDING,
    StreamStatus.ENDED: ENDED,
    StreamStatus.FAILED: FAILED,
    StreamStatus.ABORTED: ABORTED,
}
_DESTINATIONS = {
    DestinationStatus.FAILED: FAILED,
    DestinationStatus.CONNECTING: Standing("⏳", "Connecting"),
    DestinationStatus.LIVE: ON_AIR,
    DestinationStatus.ENDED: ENDED,
}
_IN_ORDER = list(_DESTINATIONS)
_OVER = (DestinationStatus.FAILED, DestinationStatus.ENDED)
_LONGEST_ADDRESS = 120
_START_AGAIN = "Check its key and address on the platform, then start the stream again."

CHECK = "Check its key and address on the platform."
"""What to do about a destination that failed while the others go on."""


def face(state: StreamState) -> Face:
    stream = state.stream
    room = room_name(stream.room)
    subject = ("The stream of ", Strong(room))
    topic = ("stream of ", Strong(room))
    standing, said, explained = LOST, *lost(("the ", *topic), "See on the platform whether it still comes in.")
    if not state.is_lost:
        told, explained = _told(stream)
        standing, said = _standing(stream), (*subject, *told)
    return Face(
        standing=standing,
        said=said,
        subject=subject,
        title=f"Stream of {stream.room.name}",
        topic=topic,
        id=stream.ref.id,
        explained=explained,
        brief="" if state.is_lost else _brief(stream),
        lines=[_line(each) if _is_known(state, each) else (_shown(each),) for each in _in_order(stream)],
        origin=origin(state, stream.ref.id),
    )


def failed(stream: Stream) -> list[Destination]:
    return [each for each in _in_order(stream) if each.status is DestinationStatus.FAILED]


def failure(destination: Destination) -> Text:
    """`rtmp://a.example/live: the server gives no reason.`"""
    return _shown(destination), f": {reason(destination.error)}"


def _is_known(state: StreamState, destination: Destination) -> bool:
    """Whether it still is as it was told last. Of a stream that is over none is live."""
    return not state.is_over or (state.is_final and destination.status in _OVER)


def _standing(stream: Stream) -> Standing:
    return _PARTLY if stream.status is StreamStatus.LIVE and failed(stream) else _STANDINGS[stream.status]


def _told(stream: Stream) -> tuple[tuple[str], Text]:
    """What it does, to follow its name, and what follows its word on the card."""
    match stream.status:
        case StreamStatus.STARTING:
            return (" is starting.",), ""
        case StreamStatus.LIVE:
            return (f" is live{_reach(stream)}.",), dotted(_reach(stream).strip(), since(stream.started_at))
        case StreamStatus.ENDING:
            return (" is ending.",), ""
        case StreamStatus.ENDED:
            lasted = after(stream.started_at, stream.ended_at)
            return (f" ended{lasted}.",), lasted
        case StreamStatus.FAILED:
            why = f"{_why(stream)} {_START_AGAIN}"
            return (f" failed: {why}",), f": {why}"
        case StreamStatus.ABORTED:
            why = f"{_why(stream)} {_START_AGAIN}"
            return (f" was aborted: {why}",), f": {why}"


def _brief(stream: Stream) -> Text:
    match stream.status:
        case StreamStatus.LIVE:
            return joined([_reach(stream).strip(), *map(failure, failed(stream)[:1])], ", but not to ")
        case StreamStatus.FAILED | StreamStatus.ABORTED:
            return _why(stream)
    return ""


def _reach(stream: Stream) -> str:
    """` to 2 of 3 destinations`; empty where the server tells of none."""
    known, reached = stream.destinations, [d for d in stream.destinations if d.status is DestinationStatus.LIVE]
    if not known:
        return ""
    most = counted(len(known), "destination", "destinations")
    return f" to {most}" if len(reached) == len(known) else f" to {len(reached)} of {most}"


def _why(stream: Stream) -> str:
    """The server's words for it all, else for the first destination that failed."""
    return reason(stream.error or next((each.error for each in failed(stream) if each.error), None))


def _in_order(stream: Stream) -> list[Destination]:
    """What failed comes first. Servers list them in any order, and equal cards are to look equal."""
    return sorted(stream.destinations, key=lambda each: (_IN_ORDER.index(each.status), each.address, each.id))


def _line(destination: Destination) -> Text:
    standing = _DESTINATIONS[destination.status]
    retries = counted(destination.retries, "retry", "retries") if destination.retries else ""
    is_live = destination.status is DestinationStatus.LIVE
    return in_a_row(
        (f"{standing.symbol} ", Strong(standing.word)),
        (_shown(destination),),
        reason(destination.error) if destination.status is DestinationStatus.FAILED else "",
        retries,
        since(destination.started_at) if is_live else "",
    )


def _shown(destination: Destination) -> Code:
    return Code(shortened(destination.address, _LONGEST_ADDRESS))
