"""LiveKit as a provider: the sum of its services."""

from providers.base import Capability
from providers.livekit.participants import Participants
from providers.livekit.rooms import Rooms
from providers.livekit.signals import Signals
from providers.livekit.tokens import Tokens
from providers.livekit.tracks import Tracks
from providers.livekit.webhooks import Webhooks


class LiveKit(Rooms, Participants, Tracks, Signals, Tokens, Webhooks):
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
            Capability.TOKEN_PERMISSIONS,
            Capability.PARTICIPANT_TRACKS,
            Capability.PARTICIPANT_METADATA,
            Capability.PARTICIPANT_ATTRIBUTES,
            Capability.PARTICIPANT_NAME,
            Capability.PARTICIPANT_PERMISSIONS,
            Capability.SIGNAL_TOPIC,
            Capability.SIGNAL_LOSSY,
        }
    )


PROVIDER = LiveKit
