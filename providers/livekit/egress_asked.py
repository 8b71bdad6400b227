"""What was asked of an egress, by the copy of its request that LiveKit tells: of what it is, and where it goes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, Final

from providers.addresses import shown_location
from providers.base import EgressKind, EgressSource
from providers.egress_source import WHOLE_ROOM
from providers.livekit.destinations import destination_id

Info = Mapping[str, Any]

_REQUESTS: Final = ("egress", "replay", "roomComposite", "web", "participant", "trackComposite", "track")
_WRITES: Final = ("file", "segments", "images", "fileOutputs", "segmentOutputs", "imageOutputs")
_PATHS: Final = ("filepath", "filenamePrefix", "playlistName", "livePlaylistName")
_AUDIO_FILES: Final = (".ogg", ".mp3", ".aac", ".m4a", ".opus")


def source(info: Info) -> EgressSource:
    """The whole room where the request is of a later server."""
    if page := info.get("web"):
        return _page(page)
    if room := info.get("roomComposite"):
        return _composed(room)
    if who := info.get("participant"):
        return _participant(who)
    if pair := info.get("trackComposite"):
        return EgressSource(
            EgressKind.TRACKS, video_track=pair.get("videoTrackId", ""), audio_track=pair.get("audioTrackId", "")
        )
    if track := info.get("track"):
        return _track(track, info)
    return _of_unified(info.get("egress", {}))


def shown(source: EgressSource) -> EgressSource:
    """As LiveKit's answers tell of it, for comparison: a page without its query, a layout that is none as none."""
    return replace(source, layout=source.layout or None, url=shown_location(source.url))


def streams(info: Info) -> bool:
    return bool(info.get("streamResults")) or any(
        "streamOutputs" in asked or "stream" in asked or "websocketUrl" in asked or _goes_live(asked)
        for asked in _asked(info)
    )


def records(info: Info) -> bool:
    results = ("fileResults", "segmentResults", "imageResults")
    return any(info.get(name) for name in results) or any(name in asked for asked in _asked(info) for name in _WRITES)


def is_kept(info: Info) -> bool:
    """Whether it writes for later: segments with a live playlist are there to be watched."""
    asked = list(_asked(info))
    if any(info.get(name) for name in ("fileResults", "imageResults")):
        return True
    if any(name in each for each in asked for name in _WRITES if not name.startswith("segment")):
        return True
    segments = [
        output for each in asked for output in (*each.get("segmentOutputs", ()), each.get("segments")) if output
    ]
    return any(not each.get("livePlaylistName") for each in segments or info.get("segmentResults", ()))


def goes_where(told: Info, asked: Info) -> bool:
    """Whether what is told goes to the places of `asked`, a request as we send it: to the same addresses, and by those
    paths that it gives."""
    requests = list(_asked(told))
    return _addresses(requests) == _addresses([asked]) and _paths([asked]) <= _paths(requests)


def _addresses(requests: Iterable[Info]) -> Sequence[str]:
    """Known again by their ids, as keys are cut in what is told."""
    found: list[str] = []
    for each in requests:
        for output in (*each.get("streamOutputs", ()), each.get("stream", {})):
            found += output.get("urls", ())
        found += filter(None, [each.get("websocketUrl")])
    return sorted(map(destination_id, found))


def _paths(requests: Iterable[Info]) -> Set[tuple[str, str]]:
    outputs = [
        output
        for each in requests
        for name in _WRITES
        for output in ([each[name]] if isinstance(each.get(name), Mapping) else each.get(name, ()))
    ]
    return {(name, str(each[name])) for each in outputs for name in _PATHS if each.get(name)}


def _goes_live(asked: Info) -> bool:
    segments = [*asked.get("segmentOutputs", ()), asked.get("segments", {})]
    return any(each.get("livePlaylistName") for each in segments)


def _asked(info: Info) -> Iterator[Info]:
    """What says which outputs were asked for: the request, and each output of a unified one."""
    for name in _REQUESTS:
        if request := info.get(name):
            yield request
            yield from request.get("outputs", ())


def _composed(request: Info) -> EgressSource:
    return EgressSource(
        layout=request.get("layout") or None,
        audio_only=request.get("audioOnly", False),
        video_only=request.get("videoOnly", False),
    )


def _page(request: Info) -> EgressSource:
    return EgressSource(
        EgressKind.WEB,
        url=shown_location(request.get("url", "")),
        audio_only=request.get("audioOnly", False),
        video_only=request.get("videoOnly", False),
    )


def _participant(request: Info) -> EgressSource:
    return EgressSource(
        EgressKind.PARTICIPANT,
        identity=request.get("identity", ""),
        screen_share=request.get("screenShare", request.get("preferScreenShare", False)),
    )


def _track(request: Info, info: Info) -> EgressSource:
    """LiveKit does not tell of which kind it is, but a websocket takes sound alone, and a file has its ending."""
    id, names = request.get("trackId", ""), [str(each.get("filename", "")) for each in info.get("fileResults", ())]
    if "websocketUrl" in request or any(name.endswith(_AUDIO_FILES) for name in names):
        return EgressSource(EgressKind.TRACK, audio_track=id)
    return EgressSource(EgressKind.TRACK, video_track=id)


def _of_unified(request: Info) -> EgressSource:
    if page := request.get("web"):
        return _page(page)
    if (media := request.get("media")) is None:
        return _composed(request.get("template", {})) if "template" in request else WHOLE_ROOM
    if who := media.get("participantVideo"):
        return _participant(who)
    sounds = [route["trackId"] for route in media.get("audio", {}).get("routes", ()) if route.get("trackId")]
    return EgressSource(
        EgressKind.TRACKS, video_track=media.get("videoTrackId", ""), audio_track=next(iter(sounds), "")
    )
