"""LiveKit as a provider: the sum of its services."""

from providers.base import Capability
from providers.livekit.agents import Agents
from providers.livekit.calls import Calls
from providers.livekit.egress import Egresses
from providers.livekit.ingress import Ingresses
from providers.livekit.participants import Participants
from providers.livekit.rooms import Rooms
from providers.livekit.signals import Signals
from providers.livekit.tokens import Tokens
from providers.livekit.tracks import Tracks
from providers.livekit.trunks import Trunks
from providers.livekit.webhooks import Webhooks


class LiveKit(Rooms, Participants, Tracks, Signals, Tokens, Egresses, Ingresses, Trunks, Calls, Agents, Webhooks):
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
            Capability.RECORD_FROM_START,
            Capability.RECORDING_LAYOUT,
            Capability.RECORDING_AUDIO_ONLY,
            Capability.RECORDING_VIDEO_ONLY,
            Capability.RECORDING_PARTICIPANT,
            Capability.RECORDING_TRACKS,
            Capability.RECORDING_WEB,
            Capability.RECORDING_FORMAT,
            Capability.RECORDING_SEGMENTS,
            Capability.RECORDING_IMAGES,
            Capability.RECORDING_PRESET,
            Capability.RECORDING_ENCODING,
            Capability.RECORDING_OUTPUT,
            Capability.STREAM_LAYOUT,
            Capability.STREAM_AUDIO_ONLY,
            Capability.STREAM_PRESET,
            Capability.STREAM_HLS,
            Capability.INGRESS_RTMP,
            Capability.INGRESS_WHIP,
            Capability.INGRESS_URL,
            Capability.INGRESS_TRANSCODING,
            Capability.INGRESS_PRESET,
            Capability.INGRESS_SOURCE,
        }
    )


PROVIDER = LiveKit
