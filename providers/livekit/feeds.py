"""What LiveKit's webhooks tell of egresses and ingresses: recordings, streams, and what is sent into a room.

One egress may write files and stream at the same time, and then it is a recording and a stream of the same id. Times
are nanoseconds since the epoch, zero and no value are none. The stream key of an ingress is never read.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from providers.addresses import shown_address, shown_location, shown_text
from providers.base import (
    Destination,
    DestinationStatus,
    Ingress,
    IngressRef,
    IngressStatus,
    Recording,
    RecordingRef,
    RecordingStatus,
    RoomRef,
    Stream,
    StreamRef,
    StreamStatus,
)
from providers.facts import Fact, IngressChanged, Origin, RecordingChanged, StreamChanged

Info = Mapping[str, Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)

_EGRESS: Final = {
    "EGRESS_STARTING": (RecordingStatus.STARTING, StreamStatus.STARTING),
    "EGRESS_ACTIVE": (RecordingStatus.LIVE, StreamStatus.LIVE),
    "EGRESS_ENDING": (RecordingStatus.ENDING, StreamStatus.ENDING),
    "EGRESS_COMPLETE": (RecordingStatus.READY, StreamStatus.ENDED),
    "EGRESS_FAILED": (RecordingStatus.FAILED, StreamStatus.FAILED),
    "EGRESS_ABORTED": (RecordingStatus.ABORTED, StreamStatus.ABORTED),
    "EGRESS_LIMIT_REACHED": (RecordingStatus.READY, StreamStatus.ENDED),
}
_DESTINATION: Final = {
    "ACTIVE": DestinationStatus.LIVE,
    "FINISHED": DestinationStatus.ENDED,
    "FAILED": DestinationStatus.FAILED,
}
_INGRESS: Final = {
    "ENDPOINT_INACTIVE": IngressStatus.WAITING,
    "ENDPOINT_BUFFERING": IngressStatus.BUFFERING,
    "ENDPOINT_PUBLISHING": IngressStatus.LIVE,
    "ENDPOINT_ERROR": IngressStatus.FAILED,
    "ENDPOINT_COMPLETE": IngressStatus.COMPLETE,
}
_INPUT: Final = {"RTMP_INPUT": "rtmp", "WHIP_INPUT": "whip", "URL_INPUT": "url"}

_REQUESTS: Final = ("egress", "replay", "roomComposite", "web", "participant", "trackComposite", "track")


def egress_facts(origin: Origin, info: Info) -> list[Fact]:
    """None for a status of a later server. A missing one is protojson's zero: it is starting."""
    statuses = _EGRESS.get(info.get("status", "EGRESS_STARTING"))
    if statuses is None:
        return []
    at = _as_of(origin, info)
    facts: list[Fact] = []
    if _streams(info):
        facts.append(StreamChanged(**at, stream=_stream(origin["provider"], statuses[1], info)))
    if _records(info) or not facts:
        facts.insert(0, RecordingChanged(**at, recording=_recording(origin["provider"], statuses[0], info)))
    return facts


def ingress_facts(origin: Origin, info: Info) -> list[Fact]:
    """None for a status of a later server. Without a state nobody has ever sent."""
    state: Info = info.get("state", {})
    status = _INGRESS.get(state.get("status", "ENDPOINT_INACTIVE"))
    if status is None:
        return []
    ingress = Ingress(
        ref=IngressRef(origin["provider"], info["ingressId"]),
        room=RoomRef(origin["provider"], state.get("roomId", ""), info.get("roomName", "")),
        status=status,
        input=_INPUT.get(info.get("inputType", "RTMP_INPUT"), ""),
        name=info.get("name", ""),
        identity=info.get("participantIdentity", ""),
        started_at=_moment(state, "startedAt"),
        ended_at=_moment(state, "endedAt"),
        error=shown_text(state.get("error", "")) or None,
    )
    return [IngressChanged(**_as_of(origin, state), ingress=ingress)]


def _as_of(origin: Origin, info: Info) -> Origin:
    """What the event was sent of, to the nanosecond, and not when it was sent, in whole seconds: several are of one."""
    dated = origin.copy()
    dated["at"] = _moment(info, "updatedAt") or origin["at"]
    return dated


def _recording(provider: str, status: RecordingStatus, info: Info) -> Recording:
    """An egress that ran into its limit has left what it had written till then, if that is anything."""
    results = list(_results(info))
    size = sum(int(each.get("size", 0)) for each in results)
    is_cut = info.get("status") == "EGRESS_LIMIT_REACHED"
    return Recording(
        ref=RecordingRef(provider, info["egressId"]),
        room=_room(provider, info),
        status=RecordingStatus.FAILED if is_cut and not size else status,
        started_at=_moment(info, "startedAt"),
        ended_at=_moment(info, "endedAt"),
        duration=_longest(results),
        size=size or None,
        location=next((shown_location(place) for place in map(_location, results) if place), None),
        error=_problem(info),
    )


def _stream(provider: str, status: StreamStatus, info: Info) -> Stream:
    return Stream(
        ref=StreamRef(provider, info["egressId"]),
        room=_room(provider, info),
        status=status,
        destinations=tuple(_destinations(info.get("streamResults", ()))),
        started_at=_moment(info, "startedAt"),
        ended_at=_moment(info, "endedAt"),
        error=_problem(info),
    )


def _destinations(results: Sequence[Info]) -> Iterator[Destination]:
    """One that never had a beginning is still connecting.

    Servers up to 1.13 give them no ids. Two keys of one application have one address, as keys are not shown. They are
    told apart by which of them began, or failed, first: that stays, in whatever order they are listed, and those of
    which it is not known yet are all alike.
    """
    met: Counter[str] = Counter()
    for each in sorted(results, key=_first_moment):
        address = shown_address(each.get("url", ""))
        met[address] += 1
        status = _DESTINATION.get(each.get("status", "ACTIVE"), DestinationStatus.LIVE)
        started_at = _moment(each, "startedAt")
        yield Destination(
            id=each.get("id") or (address if met[address] == 1 else f"{address} #{met[address]}"),
            address=address,
            status=DestinationStatus.CONNECTING if status is DestinationStatus.LIVE and not started_at else status,
            started_at=started_at,
            ended_at=_moment(each, "endedAt"),
            error=shown_text(each.get("error", "")) or None,
            retries=int(each.get("retries", 0)),
        )


def _first_moment(result: Info) -> datetime:
    """When it is first known to have done something."""
    return _moment(result, "startedAt") or _moment(result, "endedAt") or _NEVER


def _room(provider: str, info: Info) -> RoomRef:
    """That of a web page is none."""
    return RoomRef(provider, info.get("roomId", ""), info.get("roomName", ""))


def _problem(info: Info) -> str | None:
    """Of what went wrong; where no error is told, `details` say why it ended."""
    if text := info.get("error", ""):
        return shown_text(text)
    has_failed = info.get("status") in ("EGRESS_FAILED", "EGRESS_ABORTED", "EGRESS_LIMIT_REACHED")
    return shown_text(info.get("details", "")) or None if has_failed else None


def _streams(info: Info) -> bool:
    return bool(info.get("streamResults")) or any(
        "streamOutputs" in asked or "stream" in asked or "websocketUrl" in asked for asked in _asked(info)
    )


def _records(info: Info) -> bool:
    names = ("file", "segments", "images", "fileOutputs", "segmentOutputs", "imageOutputs")
    return any(True for _ in _results(info)) or any(name in asked for asked in _asked(info) for name in names)


def _asked(info: Info) -> Iterator[Info]:
    """What says which outputs were asked for: the request, and each output of a unified one."""
    for name in _REQUESTS:
        if request := info.get(name):
            yield request
            yield from request.get("outputs", ())


def _results(info: Info) -> Iterator[Info]:
    for name in ("fileResults", "segmentResults", "imageResults"):
        yield from info.get(name, ())


def _location(result: Info) -> str:
    """Of a file, of the list of its segments, or what the names of images begin with."""
    names = ("location", "playlistLocation", "filename", "playlistName", "filenamePrefix")
    return next((str(result[name]) for name in names if result.get(name)), "")


def _longest(results: Sequence[Info]) -> timedelta | None:
    nanoseconds = max((int(each.get("duration", 0)) for each in results), default=0)
    return timedelta(microseconds=nanoseconds // 1000) if nanoseconds else None


def _moment(info: Info, name: str) -> datetime | None:
    nanoseconds = int(info.get(name, 0))
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000) if nanoseconds else None
