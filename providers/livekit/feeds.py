"""What LiveKit's webhooks tell of egresses and ingresses: recordings, streams, and what is sent into a room.

Times are nanoseconds since the epoch. The stream key of an ingress is never read.
"""

from typing import Final

from providers.addresses import shown_text
from providers.base import Egress, Ingress, IngressRef, IngressStatus, RoomRef
from providers.facts import Fact, IngressChanged, Origin, RecordingChanged, StreamChanged
from providers.livekit.egress_asked import Info
from providers.livekit.egress_info import moment

_INGRESS: Final = {
    "ENDPOINT_INACTIVE": IngressStatus.WAITING,
    "ENDPOINT_BUFFERING": IngressStatus.BUFFERING,
    "ENDPOINT_PUBLISHING": IngressStatus.LIVE,
    "ENDPOINT_ERROR": IngressStatus.FAILED,
    "ENDPOINT_COMPLETE": IngressStatus.COMPLETE,
}
_INPUT: Final = {"RTMP_INPUT": "rtmp", "WHIP_INPUT": "whip", "URL_INPUT": "url"}


def egress_facts(origin: Origin, info: Info, egress: Egress) -> list[Fact]:
    """Of each that it is, a recording before a stream."""
    at = _as_of(origin, info)
    facts: list[Fact] = []
    if egress.recording is not None:
        facts.append(RecordingChanged(**at, recording=egress.recording))
    if egress.stream is not None:
        facts.append(StreamChanged(**at, stream=egress.stream))
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
        started_at=moment(state, "startedAt"),
        ended_at=moment(state, "endedAt"),
        error=shown_text(state.get("error", "")) or None,
    )
    return [IngressChanged(**_as_of(origin, state), ingress=ingress)]


def _as_of(origin: Origin, info: Info) -> Origin:
    """What the event was sent of, to the nanosecond, and not when it was sent, in whole seconds: several are of one."""
    dated = origin.copy()
    dated["at"] = moment(info, "updatedAt") or origin["at"]
    return dated
