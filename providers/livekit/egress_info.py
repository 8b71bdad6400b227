"""What LiveKit tells of an egress, in answers and in webhooks, both as protojson: `Egress`, `Recording`, `Stream`.

An egress that writes is a recording, one that sends is a stream, and one that does both is both under one id. It sends
to addresses, or by a playlist that viewers follow while it grows, the live one. Times and durations are nanoseconds,
zero and no value are none. What is secret in a request is mostly cut by LiveKit, and the rest is cut here.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from providers.addresses import shown_address, shown_location, shown_text
from providers.base import (
    Destination,
    DestinationStatus,
    Egress,
    EgressRef,
    EgressTrouble,
    Recording,
    RecordingRef,
    RecordingStatus,
    RoomRef,
    Stream,
    StreamRef,
    StreamStatus,
    Written,
    WrittenKind,
)
from providers.livekit.destinations import destination_ids
from providers.livekit.egress_asked import Info, is_kept, source, streams

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_STATUS: Final = {
    "EGRESS_STARTING": (RecordingStatus.STARTING, StreamStatus.STARTING),
    "EGRESS_ACTIVE": (RecordingStatus.LIVE, StreamStatus.LIVE),
    "EGRESS_ENDING": (RecordingStatus.ENDING, StreamStatus.ENDING),
    "EGRESS_COMPLETE": (RecordingStatus.READY, StreamStatus.ENDED),
    "EGRESS_FAILED": (RecordingStatus.FAILED, StreamStatus.FAILED),
    "EGRESS_ABORTED": (RecordingStatus.ABORTED, StreamStatus.ABORTED),
    "EGRESS_LIMIT_REACHED": (RecordingStatus.READY, StreamStatus.ENDED),
}
_WENT_WRONG: Final = frozenset({"EGRESS_FAILED", "EGRESS_ABORTED", "EGRESS_LIMIT_REACHED"})

_DESTINATION: Final = {
    "ACTIVE": DestinationStatus.LIVE,
    "FINISHED": DestinationStatus.ENDED,
    "FAILED": DestinationStatus.FAILED,
}

_TROUBLES: Final = (
    ("start signal", EgressTrouble.NO_START_SIGNAL),
    ("stop called before", EgressTrouble.STOPPED_TOO_SOON),
    ("session limit reached", EgressTrouble.LIMIT_REACHED),
    ("pipeline frozen", EgressTrouble.FROZEN),
    ("upload failed", EgressTrouble.UPLOAD_FAILED),
    ("upload queue full", EgressTrouble.UPLOAD_FAILED),
    ("cpu exhausted", EgressTrouble.OVERLOADED),
    ("not enough cpu", EgressTrouble.OVERLOADED),
    ("oom:", EgressTrouble.OVERLOADED),
    ("process killed", EgressTrouble.KILLED),
    ("source closed", EgressTrouble.SOURCE_GONE),
    ("failed to subscribe to track", EgressTrouble.SOURCE_GONE),
)
"""A worker's words (livekit/egress, pkg/errors and pkg/types), the more telling before those that they are part of."""

_TROUBLE_BY_CODE: Final = {403: EgressTrouble.KILLED, 413: EgressTrouble.LIMIT_REACHED}


def egress(provider: str, info: Info) -> Egress | None:
    """None for a status of a later server. A missing one is protojson's zero: it is starting."""
    word = status_word(info)
    if word not in _STATUS:
        return None
    return Egress(
        ref=EgressRef(provider, info["egressId"]),
        room=_room(provider, info),
        source=source(info),
        word=word,
        is_active=is_active(info),
        recording=recording(provider, info) if not streams(info) or is_kept(info) else None,
        stream=stream(provider, info) if streams(info) else None,
        started_at=_began(info),
        ended_at=moment(info, "endedAt"),
        updated_at=moment(info, "updatedAt"),
        error=_problem(info),
    )


def status_word(info: Info) -> str:
    return str(info.get("status", "EGRESS_STARTING"))


def is_active(info: Info) -> bool:
    return status_word(info) in ("EGRESS_STARTING", "EGRESS_ACTIVE", "EGRESS_ENDING")


def moment(info: Info, name: str) -> datetime | None:
    nanoseconds = int(info.get(name, 0))
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000) if nanoseconds else None


def recording(provider: str, info: Info) -> Recording:
    """An egress that ran into its limit has left what it had written till then, if that is anything."""
    results = list(_results(info))
    size = sum(int(each.get("size", 0)) for each in results)
    word = status_word(info)
    is_cut = word == "EGRESS_LIMIT_REACHED"
    return Recording(
        ref=RecordingRef(provider, info["egressId"]),
        room=_room(provider, info),
        status=RecordingStatus.FAILED if is_cut and not size else _STATUS[word][0],
        started_at=_began(info),
        ended_at=moment(info, "endedAt"),
        duration=max(filter(None, map(_duration, results)), default=None),
        size=size or None,
        location=next((shown_location(place) for place in map(_place, results) if place), None),
        error=_problem(info),
        source=source(info),
        written=tuple(_written(info)),
        trouble=_trouble(info),
        is_backup=bool(info.get("backupStorageUsed")),
        is_uploading=word == "EGRESS_ENDING" and any(each.get("endedAt") for each in _uploaded(info)),
    )


def stream(provider: str, info: Info) -> Stream:
    return Stream(
        ref=StreamRef(provider, info["egressId"]),
        room=_room(provider, info),
        status=_STATUS[status_word(info)][1],
        destinations=tuple(_destinations(info.get("streamResults", ()))),
        started_at=_began(info),
        ended_at=moment(info, "endedAt"),
        error=_problem(info),
        source=source(info),
        playlist=next((shown_location(place) for place in map(_live_playlist, _segments(info)) if place), None),
        trouble=_trouble(info),
    )


def _room(provider: str, info: Info) -> RoomRef:
    """That of a web page is none."""
    return RoomRef(provider, info.get("roomId", ""), info.get("roomName", ""))


def _began(info: Info) -> datetime | None:
    """When the first of it was recorded or sent. LiveKit's own `startedAt` is when a worker took it, which may then
    wait for somebody to send."""
    results = (*_results(info), *info.get("streamResults", ()))
    first = min(filter(None, (moment(each, "startedAt") for each in results)), default=None)
    has_begun = status_word(info) not in ("EGRESS_STARTING", "EGRESS_ABORTED")
    return first or (moment(info, "startedAt") if has_begun else None)


def _destinations(results: Sequence[Info]) -> Iterator[Destination]:
    """One that never had a beginning is still connecting.

    Two keys that LiveKit cuts to the same have one address. They are told apart by which of them began, or failed,
    first: that stays, in whatever order they are listed, and those of which it is not known yet are all alike.
    """
    ordered = sorted(results, key=lambda each: (_first_moment(each), each.get("url", "")))
    for id, each in zip(destination_ids(each.get("url", "") for each in ordered), ordered, strict=True):
        status = _DESTINATION.get(each.get("status", "ACTIVE"), DestinationStatus.LIVE)
        started_at = moment(each, "startedAt")
        yield Destination(
            id=id,
            address=shown_address(each.get("url", "")),
            status=DestinationStatus.CONNECTING if status is DestinationStatus.LIVE and not started_at else status,
            started_at=started_at,
            ended_at=moment(each, "endedAt"),
            error=shown_text(each.get("error", "")) or None,
            retries=int(each.get("retries", 0)),
            retried_at=moment(each, "lastRetryAt"),
        )


def _first_moment(result: Info) -> datetime:
    """When it is first known to have done something."""
    return moment(result, "startedAt") or moment(result, "endedAt") or _NEVER


def _written(info: Info) -> Iterator[Written]:
    """A result stands there with its name from the start, so what has neither size nor count nor end is not written."""
    for each in info.get("fileResults", ()):
        if each.get("size") or each.get("endedAt") or each.get("location"):
            yield Written(WrittenKind.FILE, shown_location(_place(each)), _size(each), _duration(each))
    for each in _segments(info):
        count = int(each.get("segmentCount", 0)) or None
        if count or each.get("size") or each.get("playlistLocation"):
            yield Written(WrittenKind.PLAYLIST, shown_location(_place(each)), _size(each), _duration(each), count)
            if live := _live_playlist(each):
                yield Written(WrittenKind.LIVE_PLAYLIST, shown_location(live))
    for each in info.get("imageResults", ()):
        if count := int(each.get("imageCount", 0)):
            yield Written(WrittenKind.IMAGES, shown_location(_place(each)), count=count)
    if manifest := info.get("manifestLocation", ""):
        yield Written(WrittenKind.MANIFEST, shown_location(manifest))


def _problem(info: Info) -> str | None:
    """Of what went wrong; where no error is told, `details` say why it ended."""
    if text := info.get("error", ""):
        return shown_text(text)
    return shown_text(info.get("details", "")) or None if status_word(info) in _WENT_WRONG else None


def _trouble(info: Info) -> EgressTrouble | None:
    if status_word(info) not in _WENT_WRONG:
        return None
    words = f"{info.get('error', '')}\n{info.get('details', '')}".lower()
    known = next((trouble for phrase, trouble in _TROUBLES if phrase in words), None)
    if known is None and status_word(info) == "EGRESS_LIMIT_REACHED":
        return EgressTrouble.LIMIT_REACHED
    return known or _TROUBLE_BY_CODE.get(info.get("errorCode", 0))


def _results(info: Info) -> Iterator[Info]:
    yield from _uploaded(info)
    yield from info.get("imageResults", ())


def _uploaded(info: Info) -> Iterator[Info]:
    """Those that are stored when all is recorded; images are as they come."""
    yield from info.get("fileResults", ())
    yield from _segments(info)


def _segments(info: Info) -> Sequence[Info]:
    results: Sequence[Info] = info.get("segmentResults", ())
    return results


def _place(result: Info) -> str:
    """Of a file, of the list of its segments, or what the names of images begin with."""
    names = ("location", "playlistLocation", "filename", "playlistName", "filenamePrefix")
    return next((str(result[name]) for name in names if result.get(name)), "")


def _live_playlist(result: Info) -> str:
    return str(result.get("livePlaylistLocation") or result.get("livePlaylistName") or "")


def _size(result: Info) -> int | None:
    return int(result.get("size", 0)) or None


def _duration(result: Info) -> timedelta | None:
    nanoseconds = int(result.get("duration", 0))
    return timedelta(microseconds=nanoseconds // 1000) if nanoseconds else None
