"""The face of a room."""

from collections.abc import Sequence

from bot.alerts.state import OnPhone, Plan, RoomState
from bot.render.card.face import (
    ENDED,
    LIVE,
    LOST,
    Face,
    after,
    as_planned,
    dotted,
    is_open,
    lost,
    origin,
    planned,
    room_name,
    since,
)
from commands.core.base import pin
from commands.core.reply import Action, Form, Moment, Person, Strong, Text, parts
from commands.core.words import count_people, counted
from commands.egress_actions import stop_recordings, stop_streams, stream_to
from commands.room import RoomShow, room_actions
from commands.room_timing import RoomExtend, RoomKeepGoing
from providers.base import CallStatus, RoomRef

_MOST_NAMED = 3


def face(room: RoomState) -> Face:
    if room.is_final:
        return _ended(room)
    return _lost(room) if room.is_lost else _live(room)


def _timing(room: RoomRef, plan: Plan | None) -> Sequence[Action]:
    if not is_open(plan):
        return ()
    return (
        Action("Extend", RoomExtend(**pin(room), rev=plan.rev), description=f"Extend room {room_name(room)}"),
        Action("Keep going", RoomKeepGoing(**pin(room)), description=f"Keep room {room_name(room)} going"),
    )


def _live(room: RoomState) -> Face:
    out = " and ".join(
        filter(None, ["recorded" if room.running_recordings else "", "streamed" if _streams(room) else ""])
    )
    around, missed = _around(room), "not ended as planned" if room.plan is not None and room.plan.missed else ""
    return Face(
        standing=LIVE,
        said=(*_subject(room), f" is live with {_people(room)}{f', and it is being {out}' if out else ''}."),
        subject=_subject(room),
        title=room_name(room.ref),
        topic=_topic(room),
        id=room.ref.id,
        explained=dotted(_people(room), since(room.created_at), *_going_out(room)),
        brief=", ".join(filter(None, [_people(room), out, around, missed])),
        planned=planned(room.plan, verb="end"),
        timing=_timing(room.ref, room.plan),
        lines=[*_sent_in(room), *_called(room)],
        steps=_steps(room),
        origin=origin(room, room.ref.id),
    )


def _going_out(room: RoomState) -> list[Text]:
    """`🔴 Recording`, `🔴 Streaming, 2 times`."""
    counts = (("Recording", len(room.running_recordings)), ("Streaming", len(_streams(room))))
    out: list[Text] = [
        ("🔴 ", Strong(word), f", {count} times" if count > 1 else "") for word, count in counts if count
    ]
    return [*out, ("⏸️ ", Strong("Recording paused"))] if room.paused_recordings else out


def _ended(room: RoomState) -> Face:
    lasted, how = after(room.created_at, room.ended_at), as_planned(room.plan)
    at: Text = (Moment(room.ended_at),) if room.ended_at else ""
    return Face(
        standing=ENDED,
        said=(*_subject(room), f" ended{lasted}", "," if how else "", *parts(how), "."),
        subject=_subject(room),
        title=room_name(room.ref),
        topic=_topic(room),
        id=room.ref.id,
        explained=(lasted, *dotted(at)),
        brief=lasted.strip(),
        origin=origin(room, room.ref.id),
    )


def _lost(room: RoomState) -> Face:
    said, explained = lost(("room ", *_topic(room)))
    look = RoomShow(**pin(room.ref))
    return Face(
        standing=LOST,
        said=said,
        subject=_subject(room),
        title=room_name(room.ref),
        topic=_topic(room),
        id=room.ref.id,
        explained=explained,
        steps=(Action("Look again", look, description=f"Look for room {room_name(room.ref)} again"),),
        origin=origin(room, room.ref.id),
    )


def _subject(room: RoomState) -> Sequence[str | Strong]:
    return "Room ", *_topic(room)


def _topic(room: RoomState) -> Sequence[Strong]:
    return (Strong(room_name(room.ref)),)


def _people(room: RoomState) -> str:
    people = count_people(room.people)
    if room.max_participants and room.people:
        return f"{people} of {room.max_participants:,}"
    return people if room.people else f"{people} in it"


def _around(room: RoomState) -> str:
    """`1 ingress, 2 calls`: what comes into it besides people."""
    counts = (
        (_coming_in(room), "ingress", "ingresses"),
        (room.calls, "call", "calls"),
    )
    return ", ".join(counted(len(running), one, many) for running, one, many in counts if running)


def _coming_in(room: RoomState) -> list[str]:
    """The ids of its ingresses that bring something."""
    return [id for id, status in room.ingresses.items() if status.is_receiving]


def _sent_in(room: RoomState) -> list[Text]:
    """`📹 Coming in: Camera 2, Slides`. Not all have a name here that may be read."""
    going = _coming_in(room)
    named = sorted(room.ingress_names[id] for id in going if id in room.ingress_names)[:_MOST_NAMED]
    if not going:
        return []
    more = len(going) - len(named)
    rest = f" and {more} more" if named else counted(more, "ingress", "ingresses")
    return [("📹 ", Strong("Coming in"), f": {', '.join(named)}{rest if more else ''}")]


def _called(room: RoomState) -> list[Text]:
    """Who called whom, the first few."""
    lines = [_who_called(room.phones.get(id), status) for id, status in room.calls.items()]
    more = len(lines) - _MOST_NAMED
    return [*lines[:_MOST_NAMED], f"and {more} more by telephone"] if more > 0 else lines


def _who_called(phone: OnPhone | None, status: CallStatus) -> Text:
    """`📞 Call: Ana called …4567`."""
    call: tuple[str | Strong, ...] = ("📞 ", Strong("Call"), ": ")
    number = Strong(phone.number if phone is not None and phone.number else "somebody")
    if phone is None or phone.is_inbound:
        return (*call, number, " called in" if phone is not None else " is on the telephone")
    has_answered = status is CallStatus.ACTIVE
    if phone.made_by is None:
        return (*call, number, " was called" if has_answered else " is being called")
    return (*call, Person(phone.made_by), " called " if has_answered else " is calling ", number)


def _steps(room: RoomState) -> Sequence[Action | Form]:
    ref = room.ref
    join, record, *rest = room_actions(ref, stop=None)
    recording, streaming = stop_recordings(ref, room.running_recordings), stop_streams(ref, _streams(room))
    return (join, recording or record, streaming or stream_to(ref), *rest)


def _streams(room: RoomState) -> list[str]:
    return [id for id, status in room.streams.items() if not status.is_final]
