"""LiveKit as a provider: the sum of its services."""

from providers.base import Capability
from providers.livekit.participants import Participants
from providers.livekit.rooms import Rooms
from providers.livekit.tokens import Tokens
from providers.livekit.webhooks import Webhooks


class LiveKit(Rooms, Participants, Tokens, Webhooks):
    kind = "livekit"
    options = frozenset(
        {
            Capability.MAX_PARTICIPANTS,
            Capability.EMPTY_TIMEOUT,
            Capability.DEPARTURE_TIMEOUT,
            Capability.ROOM_METADATA,
            Capability.ROOM_MADE_ON_JOIN,
            Capability.TOKEN_METADATA,
            Capability.TOKEN_ATTRIBUTES,
        }
    )


PROVIDER = LiveKit
