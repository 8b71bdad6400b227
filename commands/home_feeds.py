"""What is recorded and streamed at this moment, as the front page shows it."""

from collections.abc import Mapping, Sequence

from commands.core.context import Context
from commands.core.directory import GoingOn
from commands.core.egress_words import about_words
from commands.core.reply import Code, Item, Moment, Person, Text, parts
from commands.core.stopping import as_said, stops_of
from commands.core.timers import PlannedStop, Target
from commands.core.words import counted, in_a_row
from commands.egress_actions import Feed, stop
from commands.overview import allowed
from commands.recording_timing import target_of as target_of_recording
from commands.stream_timing import target_of as target_of_stream
from providers.base import DestinationStatus, Recording, RecordingStatus, Stream, StreamStatus
from providers.facts import Condition

_STOPPABLE = (RecordingStatus.STARTING, RecordingStatus.LIVE, StreamStatus.STARTING, StreamStatus.LIVE)


async def feed_rows(ctx: Context, going_on: Sequence[GoingOn]) -> tuple[Item, ...]:
    """Each with when it stops by itself, and the button that stops it where that can work."""
    planned = await stops_of(ctx, [_target(each.feed) for each in going_on])
    return tuple(_row(ctx, each, planned) for each in going_on)


def title(feed: Feed) -> Text:
    """`Recording of standup`."""
    noun = "Recording" if isinstance(feed, Recording) else "Stream"
    return (f"{noun} of ", *parts(about_words(feed.room.name, feed.source)))


def _row(ctx: Context, each: GoingOn, planned: Mapping[Target, PlannedStop]) -> Item:
    feed, at = each.feed, planned.get(_target(each.feed))
    detail = in_a_row(
        feed.status.value,
        ("since ", Moment(feed.started_at)) if feed.started_at is not None else "",
        _reach(feed) if isinstance(feed, Stream) else "",
        ("stops ", *as_said(at, ctx.ports.clock.now())) if at is not None else "",
        ("started by ", Person(each.made_by)) if each.made_by else "",
        ("on ", Code(feed.ref.provider)) if len(ctx.ports.providers.names) > 1 else "",
    )
    can_stop = feed.status in _STOPPABLE and each.condition is not Condition.LEFT_BEHIND
    return Item(title=title(feed), detail=detail, actions=allowed(ctx.ports, [stop(feed)]) if can_stop else ())


def _reach(stream: Stream) -> str:
    """`to 2 of 3 destinations`; empty where the server tells of none."""
    known = len(stream.destinations)
    live = sum(each.status is DestinationStatus.LIVE for each in stream.destinations)
    return f"to {live} of {counted(known, 'destination', 'destinations')}" if known else ""


def _target(feed: Feed) -> Target:
    return target_of_recording(feed) if isinstance(feed, Recording) else target_of_stream(feed)
