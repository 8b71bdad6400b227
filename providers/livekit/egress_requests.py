"""From the options of an egress to LiveKit's requests.

These are the classic ones, a call for each kind of source. There is one call for all of them too (`StartEgress`), but
servers before 1.13 do not know it; every server of 1.x has the classic ones, and they can do all that is offered here.

`webhooks` is never sent with them: one without a signing key that the server knows locks up every webhook of its node.
"""

import math
import posixpath
from datetime import timedelta
from typing import Any, assert_never

from livekit.api import (
    DirectFileOutput,
    EgressInfo,
    EncodedFileOutput,
    EncodingOptions,
    ImageOutput,
    LiveKitAPI,
    ParticipantEgressRequest,
    RoomCompositeEgressRequest,
    SegmentedFileOutput,
    SegmentedFileProtocol,
    StreamOutput,
    TrackCompositeEgressRequest,
    TrackEgressRequest,
    WebEgressRequest,
)

from providers.base import EgressKind, EgressOptions, Encoding, FileOutput, ImagesOutput, SegmentsOutput
from providers.livekit.egress_rules import PRESETS, protocol
from providers.livekit.outputs import Storage
from providers.livekit.storage import upload

Request = (
    RoomCompositeEgressRequest
    | ParticipantEgressRequest
    | TrackCompositeEgressRequest
    | TrackEgressRequest
    | WebEgressRequest
)


async def start(api: LiveKitAPI, request: Request) -> EgressInfo:
    match request:
        case RoomCompositeEgressRequest():
            return await api.egress.start_room_composite_egress(request)
        case ParticipantEgressRequest():
            return await api.egress.start_participant_egress(request)
        case TrackCompositeEgressRequest():
            return await api.egress.start_track_composite_egress(request)
        case TrackEgressRequest():
            return await api.egress.start_track_egress(request)
        case WebEgressRequest():
            return await api.egress.start_web_egress(request)
        case _:
            assert_never(request)


def request(room_name: str, options: EgressOptions, storage: Storage | None) -> Request:
    """Of options that `egress_rules` find nothing wrong with. `ValueError` for what protobuf cannot hold."""
    source = options.source
    match source.kind:
        case EgressKind.ROOM:
            return room_composite(room_name, options, storage)
        case EgressKind.WEB:
            return WebEgressRequest(
                url=source.url,
                audio_only=source.audio_only,
                video_only=source.video_only,
                **_encoded(options, storage),
            )
        case EgressKind.PARTICIPANT:
            return ParticipantEgressRequest(
                room_name=room_name,
                identity=source.identity,
                screen_share=source.screen_share,
                **_encoded(options, storage),
            )
        case EgressKind.TRACKS:
            return TrackCompositeEgressRequest(
                room_name=room_name,
                audio_track_id=source.audio_track,
                video_track_id=source.video_track,
                **_encoded(options, storage),
            )
        case EgressKind.TRACK:
            return _track(room_name, options, storage)


def room_composite(room_name: str, options: EgressOptions, storage: Storage | None) -> RoomCompositeEgressRequest:
    source = options.source
    return RoomCompositeEgressRequest(
        room_name=room_name,
        layout=source.layout or "",
        audio_only=source.audio_only,
        video_only=source.video_only,
        **_encoded(options, storage),
    )


def _track(room_name: str, options: EgressOptions, storage: Storage | None) -> TrackEgressRequest:
    track_id = options.source.video_track or options.source.audio_track
    if options.urls:
        url = options.urls[0].get_secret_value()
        return TrackEgressRequest(room_name=room_name, track_id=track_id, websocket_url=url)
    path = options.file.path if options.file is not None else ""
    file = DirectFileOutput(filepath=_placed(path, storage), **upload(storage))
    return TrackEgressRequest(room_name=room_name, track_id=track_id, file=file)


def _encoded(options: EgressOptions, storage: Storage | None) -> dict[str, Any]:
    """The fields that all requests share but the one of a single track. Each list has one entry at most: the server
    hides the keys of a storage only in a list of one."""
    fields: dict[str, Any] = {}
    if options.preset is not None:
        fields["preset"] = PRESETS[options.preset]
    if options.encoding is not None:
        fields["advanced"] = _encoding(options.encoding)
    if options.file is not None:
        fields["file_outputs"] = [_file(options.file, storage)]
    if options.segments is not None:
        fields["segment_outputs"] = [_segments(options.segments, storage)]
    if options.images is not None:
        fields["image_outputs"] = [_images(options.images, storage)]
    if urls := [url.get_secret_value() for url in options.urls]:
        fields["stream_outputs"] = [StreamOutput(protocol=protocol(urls[0]), urls=urls)]
    return fields


def _encoding(asked: Encoding) -> EncodingOptions:
    interval = asked.key_frame_interval
    return EncodingOptions(
        width=asked.width,
        height=asked.height,
        framerate=asked.framerate,
        video_bitrate=asked.video_bitrate,
        audio_bitrate=asked.audio_bitrate,
        audio_frequency=asked.audio_frequency,
        key_frame_interval=interval.total_seconds() if interval is not None else None,
    )


def _file(asked: FileOutput, storage: Storage | None) -> EncodedFileOutput:
    return EncodedFileOutput(
        file_type=asked.format.name if asked.format is not None else None,
        filepath=_placed(asked.path, storage),
        **upload(storage),
    )


def _segments(asked: SegmentsOutput, storage: Storage | None) -> SegmentedFileOutput:
    """A playlist without a folder is put where the segments are, and the live one beside it: LiveKit refuses any other
    folder for that."""
    live = asked.live_playlist
    return SegmentedFileOutput(
        protocol=SegmentedFileProtocol.HLS_PROTOCOL,
        filename_prefix=_placed(asked.prefix, storage),
        playlist_name=_placed(asked.playlist, storage) if asked.playlist else "",
        live_playlist_name=_placed(live, storage) if posixpath.dirname(live) else live,
        segment_duration=_seconds(asked.length),
        **upload(storage),
    )


def _images(asked: ImagesOutput, storage: Storage | None) -> ImageOutput:
    return ImageOutput(
        capture_interval=_seconds(asked.every),
        width=asked.width,
        height=asked.height,
        filename_prefix=_placed(asked.prefix, storage),
        **upload(storage),
    )


def _placed(path: str, storage: Storage | None) -> str:
    return storage.placed(path) if storage is not None else path


def _seconds(duration: timedelta | None) -> int | None:
    """Whole seconds, at least one: zero would mean LiveKit's default."""
    return None if duration is None else max(1, math.ceil(duration.total_seconds()))
