"""What LiveKit's webhooks tell of egresses and ingresses, as facts: recordings, streams, and what is sent into a room.

Times are nanoseconds since the epoch.
"""

from datetime import timedelta

from providers.base import Egress
from providers.facts import Fact, IngressChanged, Origin, RecordingChanged, StreamChanged
from providers.livekit import ingress_info
from providers.livekit.egress_asked import Info
from providers.livekit.egress_info import moment


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
    """None for a status of a later server."""
    ingress = ingress_info.ingress(origin["provider"], info)
    if ingress is None:
        return []
    at = _as_of(origin, info.get("state", {}))
    if ingress_info.was_reset(info):
        at["at"] = max(
            origin["at"], at["at"] + timedelta(microseconds=1)
        )  # after the failure, of which it has the time
    return [IngressChanged(**at, ingress=ingress)]


def _as_of(origin: Origin, info: Info) -> Origin:
    """What the event was sent of, to the nanosecond, and not when it was sent, in whole seconds: several are of one."""
    dated = origin.copy()
    dated["at"] = moment(info, "updatedAt") or origin["at"]
    return dated
