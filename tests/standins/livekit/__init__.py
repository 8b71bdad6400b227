"""A LiveKit server on loopback, as far as its rooms, egress and ingress go: twirp in protobuf, with the traps of the
real one.

What is reproduced was seen on livekit-server 1.13.5: a plain-text 401 that holds the whole token, an empty list for an
unknown room, options ignored for a live room, prefixed messages, answers without what was asked for, silence where
there is nobody, webhooks as protojson under a bare JWT. Messages are LiveKit's own classes and tokens are judged by
LiveKit's own verifier. `rooms` and `people` are the server's state, `service` its API, `server` the way in. `egress` is
the Egress service and `ingress` the Ingress service; their workers are those that serve the real server too, spoken to
without Redis (`bus`), and come into rooms by `presence`.
"""

from tests.standins.livekit.faults import Fault
from tests.standins.livekit.people import NotPermitted, RoomIsFull
from tests.standins.livekit.rooms import KEY, SECRET, signed
from tests.standins.livekit.server import LiveKitStandIn

__all__ = ["KEY", "SECRET", "Fault", "LiveKitStandIn", "NotPermitted", "RoomIsFull", "signed"]
