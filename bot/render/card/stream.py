"""The face of a stream, with a line for each place that it goes to."""

from collections.abc import Sequence

from bot.alerts.state import Plan, StreamState
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
    as_planned,
    dotted,
    is_open,
    lost,
    origin,
    planned,
    reason,
    room_name,
    since,
)
from bot.render.card.trouble import dismissed, odd, why
from commands.core.egress_words import about_words, explain_condition
from commands.core.reply import Action, Code, Form, Moment, Strong, Text, parts, plain
from commands.core.words import counted, in_a_row, joined, shortened
from commands.egress_actions import add_destination, after_failure, against, called, layout, stop
from commands.stream_destinations import StreamRemove, try_again
from commands.stream_places import is_over, is_replaced, numbers
from commands.stream_timing import StreamExtend, StreamKeepGoing
from providers.base import Destination, DestinationStatus, Stream, StreamStatus
from providers.facts import Condition

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
_LONGEST_ADDRESS = 120

MOST_BESIDE = 5
"""How many destinations have a button each; more are taken away by a form."""

_START_AGAIN = "Check its key and address on the platform, then start the stream again."

CHECK = "Check its key and address on the platform, then add it again."
"""What to do about a destination that failed while the others go on."""


def face(state: StreamState) -> Face:
    stream = state.stream
    about = parts(about_words(room_name(state.room), stream.source))
    subject: Text = ("The stream of ", *about)
    topic: Text = ("stream of ", *about)
    standing, said, explained = LOST, *lost(("the ", *topic), "See on the platform whether it still comes in.")
    if not state.is_lost:
        standing, told, explained = _told(state)
        said = (*subject, *parts(joined([told, _odd(state)], " ")))
    number = numbers(stream)
    places = [
        _line(number[each.id], each) if _is_known(state, each) else _place(number[each.id], each)
        for each in _in_order(stream)
    ]
    beside, odd_words = _beside(state), [*filter(None, [_odd(state)])]
    return Face(
        standing=standing,
        said=said,
        subject=subject,
        title=plain(("Stream of ", *about)),
        topic=topic,
        id=stream.ref.id,
        explained=explained,
        brief="" if state.is_lost else _brief(stream),
        planned="" if state.is_over else planned(state.plan, verb="stop"),
        timing=() if state.is_over else _timing(stream, state.plan),
        rows=[*((each, None) for each in odd_words), *zip(places, beside, strict=True)] if beside else (),
        lines=() if beside else [*odd_words, *places],
        particulars=[("HLS playlist", (Code(stream.playlist),))] if stream.playlist else (),
        steps=_steps(state),
        origin=origin(state, stream.ref.id),
    )


def failed(stream: Stream) -> list[Destination]:
    return [each for each in _in_order(stream) if each.status is DestinationStatus.FAILED]


def retries(state: StreamState, destinations: Sequence[Destination]) -> list[Action]:
    """What tries those that failed again. Of a stream that was started elsewhere nobody has their whole URLs."""
    if state.made_by is None or not _takes_changes(state):
        return []
    meant = {each.id for each in destinations}
    return [try_again(state.stream, each) for each in failed(state.stream) if each.id in meant]


def failure(destination: Destination) -> Text:
    """`rtmp://a.example/live: the server gives no reason.`"""
    return _shown(destination), f": {reason(destination.error)}"


def _is_known(state: StreamState, destination: Destination) -> bool:
    """Whether it still is as it was told last. Of a stream that is over, or left behind, none is live."""
    if state.is_over:
        return state.is_final and is_over(destination)
    return not _is_left_behind(state) or is_over(destination)


def _told(state: StreamState) -> tuple[Standing, Text, Text]:
    """How it stands, that as the end of a sentence, and what follows its word on the card."""
    stream = state.stream
    if state.dismissal is not None and not stream.status.is_final:
        return dismissed(state, state.dismissal)
    if _is_left_behind(state):
        return odd(state.condition, ON_AIR), f" was {stream.status.value}{_reach(stream)}.", ""
    match stream.status:
        case StreamStatus.STARTING:
            return odd(state.condition, STARTING), " is starting.", ""
        case StreamStatus.LIVE:
            standing = odd(state.condition, _PARTLY if failed(stream) else ON_AIR)
            return standing, f" is live{_reach(stream)}.", dotted(_reach(stream).strip(), since(stream.started_at))
        case StreamStatus.ENDING:
            return odd(state.condition, ENDING), " is ending.", ""
        case StreamStatus.ENDED:
            lasted, how = after(stream.started_at, stream.ended_at), as_planned(state.plan)
            return ENDED, (f" ended{lasted}", "," if how else "", *parts(how), "."), lasted
        case StreamStatus.FAILED:
            return FAILED, f" failed: {_why(stream)}", f": {_why(stream)}"
        case StreamStatus.ABORTED:
            return ABORTED, f" was aborted: {_why(stream)}", f": {_why(stream)}"


def _is_left_behind(state: StreamState) -> bool:
    return state.condition is Condition.LEFT_BEHIND and not state.stream.status.is_final


def _odd(state: StreamState) -> str:
    """What is odd about it and what to do, while it goes on."""
    return explain_condition(state.condition, state.stream.source) if state.condition is not None else ""


def _brief(stream: Stream) -> Text:
    match stream.status:
        case StreamStatus.LIVE:
            return joined([_reach(stream).strip(), *map(failure, failed(stream)[:1])], ", but not to ")
        case StreamStatus.FAILED | StreamStatus.ABORTED:
            return _why(stream)
    return ""


def _reach(stream: Stream) -> str:
    """` to 2 of 3 destinations`; empty where the server tells of none. What was taken away is none of them."""
    known = [each for each in _in_order(stream) if each.status is not DestinationStatus.ENDED]
    reached = [each for each in known if each.status is DestinationStatus.LIVE]
    if not known:
        return ""
    most = counted(len(known), "destination", "destinations")
    return f" to {most}" if len(reached) == len(known) else f" to {len(reached)} of {most}"


def _why(stream: Stream) -> str:
    """The server's words for it all, else for the first destination that failed; and what to do."""
    error = stream.error or next((each.error for each in failed(stream) if each.error), None)
    return why(error, stream.trouble, otherwise=_START_AGAIN)


def _in_order(stream: Stream) -> list[Destination]:
    """What failed comes first, but where it is reached again. Servers list them in any order, and equal cards are to
    look equal."""
    shown = [each for each in stream.destinations if not is_replaced(stream, each)]
    return sorted(shown, key=lambda each: (_IN_ORDER.index(each.status), each.address, each.id))


def _line(number: int, destination: Destination) -> Text:
    standing = _DESTINATIONS[destination.status]
    is_live = destination.status is DestinationStatus.LIVE
    return in_a_row(
        (f"{standing.symbol} ", Strong(standing.word)),
        _place(number, destination),
        reason(destination.error) if destination.status is DestinationStatus.FAILED else "",
        _retries(destination),
        since(destination.started_at) if is_live else "",
    )


def _retries(destination: Destination) -> Text:
    if not destination.retries:
        return ""
    last: Text = (", last ", Moment(destination.retried_at)) if destination.retried_at is not None else ""
    return (counted(destination.retries, "retry", "retries"), *parts(last))


def _place(number: int, destination: Destination) -> Text:
    return (f"{number} ", _shown(destination))


def _shown(destination: Destination) -> Code:
    return Code(shortened(destination.address, _LONGEST_ADDRESS))


def _beside(state: StreamState) -> list[Action | None]:
    """What is done with each destination, in the order in which they are shown. Empty where nothing can be, or where
    there are so many that a form is better."""
    stream = state.stream
    if not _takes_changes(state) or len(stream.destinations) > MOST_BESIDE:
        return []
    number = numbers(stream)
    return [
        next(iter(retries(state, [each])), None) if is_over(each) else _removal(stream, number[each.id], each)
        for each in _in_order(stream)
    ]


def _removal(stream: Stream, number: int, destination: Destination) -> Action:
    command = StreamRemove(provider=stream.ref.provider, stream=stream.ref.id, destination=destination.id)
    return Action("Remove", command, description=f"Remove {number}. {destination.address}")


def _takes_changes(state: StreamState) -> bool:
    takes = state.stream.status in (StreamStatus.STARTING, StreamStatus.LIVE)
    return takes and not state.is_over and not _is_left_behind(state)


def _timing(stream: Stream, plan: Plan | None) -> Sequence[Action]:
    if not is_open(plan):
        return ()
    ref, what = stream.ref, called(stream)
    longer = StreamExtend(provider=ref.provider, stream=ref.id, rev=plan.rev)
    on = StreamKeepGoing(provider=ref.provider, stream=ref.id)
    return (
        Action("Extend", longer, description=f"Extend the {what}"),
        Action("Keep going", on, description=f"Keep the {what} going"),
    )


def _steps(state: StreamState) -> Sequence[Action | Form]:
    stream = state.stream
    if state.condition is not None:
        return against(state.condition, stream)
    if _takes_changes(state):
        return (add_destination(stream), *_remove_by_form(stream), *layout(stream), stop(stream))
    if not state.is_lost and stream.status in (StreamStatus.FAILED, StreamStatus.ABORTED):
        return after_failure(stream)
    return ()


def _remove_by_form(stream: Stream) -> Sequence[Form]:
    if len(stream.destinations) <= MOST_BESIDE:
        return ()
    given = (("provider", stream.ref.provider), ("stream", stream.ref.id))
    return (
        Form("Remove destination", StreamRemove, given, description=f"Remove a destination of the {called(stream)}"),
    )
