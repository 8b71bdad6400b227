"""What LiveKit tells of an ingress, in answers and in webhooks, both as protojson: `Ingress`.

Every such body holds the stream key, which is never read but to cut it from the rest, and where media are fetched from,
which may hold a password. Times are nanoseconds, bitrates bits a second; zero and no value are none.
"""

from collections.abc import Collection
from typing import Final

from providers.addresses import shown_address, shown_location, shown_text
from providers.base import (
    AudioReceived,
    Ingress,
    IngressInput,
    IngressRef,
    IngressStatus,
    IngressTrouble,
    RoomRef,
    VideoReceived,
)
from providers.livekit.egress_asked import Info
from providers.livekit.egress_info import moment
from providers.livekit.keys import keys, without

_STATUS: Final = {
    "ENDPOINT_INACTIVE": IngressStatus.WAITING,
    "ENDPOINT_BUFFERING": IngressStatus.BUFFERING,
    "ENDPOINT_PUBLISHING": IngressStatus.LIVE,
    "ENDPOINT_ERROR": IngressStatus.FAILED,
    "ENDPOINT_COMPLETE": IngressStatus.COMPLETE,
}
_TROUBLES: Final = (
    ("session is disabled", IngressTrouble.DISABLED),
    ("no room name", IngressTrouble.NO_ROOM),
    ("room disconnected", IngressTrouble.ROOM_GONE),
    ("server capacity exceeded", IngressTrouble.BUSY),
    ("server shutting down", IngressTrouble.SHUT_DOWN),
    ("ingress closing", IngressTrouble.SHUT_DOWN),
    ("unsupported mime type", IngressTrouble.FORMAT),
    ("unsupported format", IngressTrouble.FORMAT),
    ("simulcast", IngressTrouble.FORMAT),
    ("more than 1 track", IngressTrouble.TOO_MANY_TRACKS),
    ("source encoder not ready", IngressTrouble.NO_MEDIA),
)
"""A worker's words (livekit/ingress, pkg/errors/errors.go)."""

ADDRESS_SETTINGS: Final = {IngressInput.RTMP: "ingress.rtmp_base_url", IngressInput.WHIP: "ingress.whip_base_url"}
"""Where livekit-server is told its own addresses."""

_INPUT: Final = {"RTMP_INPUT": IngressInput.RTMP, "WHIP_INPUT": IngressInput.WHIP, "URL_INPUT": IngressInput.URL}


def ingress(provider: str, info: Info) -> Ingress | None:
    """None for a status of a later server. Without a state nobody has ever sent. One that is disabled fails for
    LiveKit whenever somebody is refused: that is what it is to do.

    Of one that waits the media and the error are of the session before: LiveKit leaves both standing.
    """
    state: Info = info.get("state", {})
    status, trouble = _STATUS.get(state.get("status", "ENDPOINT_INACTIVE")), _trouble(info)
    if status is None:
        return None
    if trouble is IngressTrouble.DISABLED:
        status = IngressStatus.WAITING
    is_waiting = status is IngressStatus.WAITING
    return Ingress(
        ref=IngressRef(provider, info["ingressId"]),
        room=RoomRef(provider, state.get("roomId", "") if status.is_receiving else "", info.get("roomName", "")),
        status=status,
        input=_input(info),
        name=info.get("name", ""),
        identity=info.get("participantIdentity", ""),
        participant_name=info.get("participantName", ""),
        is_enabled=info.get("enabled", True),
        is_reusable=info.get("reusable", False),
        is_transcoded=_is_transcoded(info),
        address=_address(info),
        address_setting="" if _address(info) else ADDRESS_SETTINGS.get(_input(info), ""),
        video=None if is_waiting else _video(state),
        audio=None if is_waiting else _audio(state),
        started_at=moment(state, "startedAt"),
        ended_at=moment(state, "endedAt"),
        updated_at=moment(state, "updatedAt"),
        error=None if is_waiting else without(secrets(info), shown_text(state.get("error", ""))) or None,
        trouble=trouble,
    )


def was_reset(info: Info) -> bool:
    """Whether it waits because an update has ended its failure: its state is then as old as that, and has its error."""
    state: Info = info.get("state", {})
    return state.get("status", "ENDPOINT_INACTIVE") == "ENDPOINT_INACTIVE" and bool(state.get("error"))


def secrets(info: Info) -> Collection[str]:
    """All that nobody may see of it, the longest first."""
    key = info.get("streamKey", "")
    if key:
        return (key,)
    return keys([info.get("url", "")])


def _trouble(info: Info) -> IngressTrouble | None:
    """Of what is fetched all that is not known is of the address, in the words of its server."""
    state: Info = info.get("state", {})
    if _STATUS.get(state.get("status", "")) is not IngressStatus.FAILED:
        return None
    words = state.get("error", "").lower()
    known = next((trouble for phrase, trouble in _TROUBLES if phrase in words), None)
    return known or (IngressTrouble.NOT_FETCHED if _input(info).is_fetched else None)


def _input(info: Info) -> IngressInput:
    return _INPUT.get(info.get("inputType", "RTMP_INPUT"), IngressInput.UNKNOWN)


def _is_transcoded(info: Info) -> bool | None:
    """Older servers say only that it is not."""
    told: bool | None = info.get("enableTranscoding")
    return False if told is None and info.get("bypassTranscoding") else told


def _address(info: Info) -> str:
    """The server's own for an encoder is whole: what follows it is the key."""
    url = info.get("url", "")
    if _input(info).is_fetched:
        return shown_address(url)
    return without(secrets(info), shown_location(url)).removesuffix("/…")


def _video(state: Info) -> VideoReceived | None:
    told: Info = state.get("video", {})
    if not told:
        return None
    return VideoReceived(
        codec=told.get("mimeType", ""),
        width=told.get("width", 0),
        height=told.get("height", 0),
        frame_rate=float(told.get("framerate", 0)),
        bitrate=_kilobits(told),
    )


def _audio(state: Info) -> AudioReceived | None:
    told: Info = state.get("audio", {})
    if not told:
        return None
    return AudioReceived(
        codec=told.get("mimeType", ""),
        bitrate=_kilobits(told),
        channels=told.get("channels", 0),
        sample_rate=told.get("sampleRate", 0),
    )


def _kilobits(told: Info) -> int:
    return round(int(told.get("averageBitrate", 0)) / 1000)
