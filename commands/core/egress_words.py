"""What is said of recordings and streams, by answers and cards alike: what they are of, and why one goes wrong."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from commands.core.phone_numbers import without_numbers
from commands.core.reply import Strong, Text
from commands.core.words import joined
from providers.base import WHOLE_ROOM, EgressKind, EgressSource, EgressTrouble
from providers.facts import Condition

_TROUBLES: Final[Mapping[EgressTrouble, tuple[str, str]]] = MappingProxyType(
    {
        EgressTrouble.NO_START_SIGNAL: (
            "Nothing to show ever came.",
            "Mostly nobody published a track; else the worker did not reach the video server, its TURN server or the "
            "page. Let somebody publish, then try again.",
        ),
        EgressTrouble.STOPPED_TOO_SOON: (
            "It was stopped before it had begun, so there is nothing of it.",
            "Wait until its card says that it is live.",
        ),
        EgressTrouble.LIMIT_REACHED: (
            "It became as long as the video server lets one be.",
            "What there is until then is kept. Start another one to go on.",
        ),
        EgressTrouble.FROZEN: (
            "Its end was not written in time, so the end, or all of it, may be lost.",
            "Look at what is stored, and at the log of the worker.",
        ),
        EgressTrouble.UPLOAD_FAILED: (
            "It was recorded and could not be stored where it was to go.",
            "Check the output's bucket, keys and region before the next one; the worker may have kept a copy.",
        ),
        EgressTrouble.KILLED: (
            "Its worker was shut down under it.",
            "Try again; if it happens again, look at why the worker is restarted.",
        ),
        EgressTrouble.OVERLOADED: (
            "Its worker ran out of CPU.",
            "Take one participant or a track, which costs less, or give the worker more cores.",
        ),
        EgressTrouble.SOURCE_GONE: (
            "What it was of left, or was unpublished.",
            "Start it again when it is back.",
        ),
    }
)

_CONDITIONS: Final[Mapping[Condition, tuple[str, str]]] = MappingProxyType(
    {
        Condition.NO_PUBLISHER: (
            "It waits: nobody in the room sends anything.",
            "It begins by itself when somebody does, or can be stopped.",
        ),
        Condition.ROOM_OVER: (
            "Its room has ended, and it goes on.",
            "Stop it, unless you wait for the room to come back.",
        ),
        Condition.UNATTENDED: (
            "Everybody has left the room, and it goes on.",
            "Stop it if nobody is to come back.",
        ),
        Condition.NO_START_SIGNAL: (
            "It has not begun, though somebody sends.",
            "The worker may not reach the video server or its TURN server. Stop it and try again; if that does not "
            "help, look at the log of the worker.",
        ),
        Condition.LEFT_BEHIND: (
            "Nothing works on it any more: its worker is gone, and only the video server's record is left.",
            "Dismiss the record, and start another one if it is needed.",
        ),
        Condition.SLOW_END: (
            "It has been ending for long; what was taken may be large, or its storage slow.",
            "Wait a little. If it stays so, look at the log of the worker.",
        ),
    }
)


def explain_trouble(trouble: EgressTrouble) -> str:
    """What happened, and what to do."""
    return " ".join(_TROUBLES[trouble])


def explain_condition(condition: Condition, source: EgressSource = WHOLE_ROOM) -> str:
    """What is odd about it, and what to do."""
    if condition is Condition.NO_PUBLISHER and source.kind is not EgressKind.ROOM:
        what = source_words(source)
        return f"It waits: nothing of {what} is sent. It begins by itself when that is, or can be stopped."
    return " ".join(_CONDITIONS[condition])


def source_words(source: EgressSource) -> str:
    """What it is of, to follow "of" or to stand alone: `participant ana`, `the page https://x`, `track TR_1`.

    Empty for a whole room.
    """
    match source.kind:
        case EgressKind.ROOM:
            return _only(source)
        case EgressKind.PARTICIPANT:
            return f"{'the screen of ' if source.screen_share else ''}participant {source.identity}"
        case EgressKind.TRACKS if source.video_track and source.audio_track:
            return f"tracks {source.video_track} and {source.audio_track}"
        case EgressKind.TRACKS | EgressKind.TRACK:
            return f"track {source.video_track or source.audio_track}"
        case EgressKind.WEB:
            page = f"the page {source.url}" if source.url else "a page"
            return f"{_only(source)} of {page}" if _only(source) else page


def about_words(room: str, source: EgressSource) -> Text:
    """What it is of, with its room: the room's name alone for the whole of it."""
    if not source.has_room:
        return source_words(source)
    words, name = source_words(source), (Strong(without_numbers(room)),)
    return joined([words, name], " in ") if words else name


def _only(source: EgressSource) -> str:
    if source.audio_only:
        return "the sound alone"
    return "the picture alone" if source.video_only else ""
