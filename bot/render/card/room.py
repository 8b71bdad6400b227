"""The face of a room."""

from collections.abc import Sequence

from bot.alerts.state import Plan, RoomState
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
from commands.core.reply import Action, Moment, Strong, Text, parts
from commands.core.words import count_people, counted
from commands.recording import RecordingStop
from commands.room import RoomShow, room_actions
from commands.room_timing import RoomExtend, RoomKeepGoing
from providers.base import RoomRef


def face(room: RoomState) -> Face:
    if room.is_final:
        return _ended(room)
    return _lost(room) if room.is_lost else _live(room)


def _timing(room: RoomRef, plan: Plan | None) -> Sequence[Action]:
    if not is_open(plan):
        return ()
    return (
        Action("Extend", RoomExtend(**pin(room), rev=plan.rev), description=f"Extend room {room.name}"),
        Action("Keep going", RoomKeepGoing(**pin(room)), description=f"Keep room {room.name} going"),
    )


def _live(room: RoomState) -> Face:
    recorded = ", and it is being recorded" if room.running_recordings else ""
    recording: Text = ("🔴 ", Strong("Recording")) if room.running_recordings else ""
    around, missed = _around(room), "not ended as planned" if room.plan is not None and room.plan.missed else ""
    return Face(
        standing=LIVE,
        said=(*_subject(room), f" is live with {_people(room)}{recorded}."),
        subject=_subject(room),
        title=room.ref.name,
        topic=_topic(room),
        id=room.ref.id,
        explained=dotted(_people(room), since(room.created_at), recording, around),
        brief=", ".join(filter(None, [_people(room), "recorded" if room.running_recordings else "", around, missed])),
        planned=planned(room.plan, verb="end"),
        timing=_timing(room.ref, room.plan),
        steps=room_actions(room.ref, stop=_stop_recording(room)),
        origin=origin(room, room.ref.id),
    )


def _ended(room: RoomState) -> Face:
    lasted, how = after(room.created_at, room.ended_at), as_planned(room.plan)
    at: Text = (Moment(room.ended_at),) if room.ended_at else ""
    return Face(
        standing=ENDED,
        said=(*_subject(room), f" ended{lasted}", "," if how else "", *parts(how), "."),
        subject=_subject(room),
        title=room.ref.name,
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
        title=room.ref.name,
        topic=_topic(room),
        id=room.ref.id,
        explained=explained,
        steps=(Action("Look again", look, description=f"Look for room {room.ref.name} again"),),
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
    """`1 stream, 2 calls`: what goes out of it and into it, besides recordings."""
    counts = (
        (room.streams, "stream", "streams"),
        (room.ingresses, "ingress", "ingresses"),
        (room.calls, "call", "calls"),
    )
    return ", ".join(counted(len(running), one, many) for running, one, many in counts if running)


def _stop_recording(room: RoomState) -> RecordingStop | None:
    """Of several recordings none is guessed: the command answers a room's name, where it has one, with the choice."""
    running, ref = room.running_recordings, room.ref
    if not running:
        return None
    if len(running) > 1 and ref.name.strip():
        return RecordingStop(provider=ref.provider, recording=ref.name, room_id=ref.id or None)
    return RecordingStop(provider=ref.provider, recording=running[0])
