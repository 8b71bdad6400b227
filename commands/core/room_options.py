"""What a room was asked to be, against what it is: a live room is returned as it is, whatever was asked for."""

from datetime import timedelta

from commands.core.words import spoken_duration
from providers.base import Room, RoomOptions


def left_as_it_is(asked: RoomOptions, room: Room) -> str:
    """One sentence on what the room has otherwise than was asked for; empty where there is no such thing."""
    parts = (
        _people(asked.max_participants, room.max_participants),
        _timeout("empty timeout", asked.empty_timeout, room.empty_timeout),
        _timeout("departure timeout", asked.departure_timeout, room.departure_timeout),
        "its metadata was not changed" if metadata_differs(asked, room) else "",
        "no recording was started" if asked.record and not room.recording else "",
    )
    different = "; ".join(filter(None, parts))
    return f"It was left as it is: {different}." if different else ""


def metadata_differs(asked: RoomOptions, room: Room) -> bool:
    return asked.metadata not in (None, room.metadata)


def _people(asked: int | None, most: int | None) -> str:
    if asked in (None, most):
        return ""
    return f"up to {most:,} people, not {asked:,}" if most else f"any number of people, not {asked:,}"


def _timeout(what: str, asked: timedelta | None, now: timedelta | None) -> str:
    if asked is None or asked == now:
        return ""
    if not now:
        return f"its {what} was not changed"
    return f"its {what} is {spoken_duration(now, exact=True)}, not {spoken_duration(asked, exact=True)}"
