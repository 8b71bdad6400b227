"""From the options of an ingress to LiveKit's requests."""

from livekit.api import (
    CreateIngressRequest,
    IngressAudioOptions,
    IngressInfo,
    IngressVideoOptions,
    UpdateIngressRequest,
)
from livekit.api import IngressInput as InputNumber

from providers.base import IngressChanges, IngressInput, IngressOptions
from providers.livekit.ingress_rules import AUDIO_PRESETS, PRESETS, is_transcoded

_NUMBERS = {
    IngressInput.RTMP: InputNumber.RTMP_INPUT,
    IngressInput.WHIP: InputNumber.WHIP_INPUT,
    IngressInput.URL: InputNumber.URL_INPUT,
}
_INPUTS = {number: input for input, number in _NUMBERS.items()}


def create(options: IngressOptions) -> CreateIngressRequest:
    """Of options that `ingress_rules` find nothing wrong with. `ValueError` for what protobuf cannot hold."""
    request = CreateIngressRequest(
        input_type=_NUMBERS[options.input],
        url=options.url.get_secret_value() if options.url is not None else "",
        name=options.name,
        room_name=options.room,
        participant_identity=options.identity,
        participant_name=options.participant_name,
        participant_metadata=options.metadata,
    )
    if options.is_transcoded is not None:
        request.enable_transcoding = options.is_transcoded
    if not options.is_enabled:
        request.enabled = False
    if options.video_source is not None:
        request.video.MergeFrom(IngressVideoOptions(source=options.video_source.name))
    if options.audio_source is not None:
        request.audio.MergeFrom(IngressAudioOptions(source=options.audio_source.name))
    if options.preset is not None:
        request.video.MergeFrom(_video_preset(options.preset))
    if options.audio_preset is not None:
        request.audio.MergeFrom(_audio_preset(options.audio_preset))
    return request


def copy(info: IngressInfo) -> CreateIngressRequest:
    """One with all the settings of another that is not fetched, such as layers that none of our values can hold."""
    request = CreateIngressRequest(
        input_type=info.input_type,
        name=info.name,
        room_name=info.room_name,
        participant_identity=info.participant_identity,
        participant_name=info.participant_name,
        participant_metadata=info.participant_metadata,
        enable_transcoding=transcodes(info),
    )
    if info.HasField("enabled"):
        request.enabled = info.enabled
    if info.HasField("video"):
        request.video.CopyFrom(info.video)
    if info.HasField("audio"):
        request.audio.CopyFrom(info.audio)
    return request


def updates(info: IngressInfo, changes: IngressChanges) -> list[UpdateIngressRequest]:
    """What makes these changes, in this order; nothing for none.

    Presets come after transcoding was turned on: LiveKit 1.13.5 checks them by what was before and refuses both in one.
    """
    if changes == IngressChanges():
        return []
    request = UpdateIngressRequest(
        ingress_id=info.ingress_id,
        name=changes.name,
        room_name=changes.room,
        participant_identity=changes.identity,
        participant_name=changes.participant_name,
        participant_metadata=changes.metadata,
    )
    if changes.is_enabled is not None:
        request.enabled = changes.is_enabled
    if changes.is_transcoded is not None:
        request.enable_transcoding = changes.is_transcoded
    if changes.is_transcoded is False:
        _without_encodings(request, info)
    has_presets = changes.preset is not None or changes.audio_preset is not None
    if not has_presets or transcodes(info):
        _preset(request, info, changes)
        return [request]
    after = UpdateIngressRequest(ingress_id=info.ingress_id)
    _preset(after, info, changes)
    return [request, after]


def input_of(info: IngressInfo) -> IngressInput:
    return _INPUTS.get(info.input_type, IngressInput.UNKNOWN)


def transcodes(info: IngressInfo) -> bool:
    """Whether what comes is transcoded; older servers say it by `bypass_transcoding` alone."""
    if info.HasField("enable_transcoding"):
        return info.enable_transcoding
    return is_transcoded(input_of(info), False if info.bypass_transcoding else None)


def _video_preset(name: str) -> IngressVideoOptions:
    return IngressVideoOptions(preset=PRESETS[name])


def _audio_preset(name: str) -> IngressAudioOptions:
    return IngressAudioOptions(preset=AUDIO_PRESETS[name])


def _preset(request: UpdateIngressRequest, info: IngressInfo, changes: IngressChanges) -> None:
    """The options go as a whole, so that the name and the source of a track stay."""
    if changes.preset is not None:
        request.video.CopyFrom(info.video)
        request.video.MergeFrom(_video_preset(changes.preset))
    if changes.audio_preset is not None:
        request.audio.CopyFrom(info.audio)
        request.audio.MergeFrom(_audio_preset(changes.audio_preset))


def _without_encodings(request: UpdateIngressRequest, info: IngressInfo) -> None:
    """LiveKit does not turn transcoding off while they stand."""
    if info.video.WhichOneof("encoding_options") is not None:
        request.video.CopyFrom(IngressVideoOptions(name=info.video.name, source=info.video.source))
    if info.audio.WhichOneof("encoding_options") is not None:
        request.audio.CopyFrom(IngressAudioOptions(name=info.audio.name, source=info.audio.source))
