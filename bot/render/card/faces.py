"""The one place that knows which kind of thing has which face."""

from bot.alerts.state import (
    CallState,
    DigestState,
    IngressState,
    RecordingState,
    RoomState,
    ServerState,
    StreamState,
    ThingState,
    TrialState,
)
from bot.render.card import call, ingress, recording, room, server, stream, trial
from bot.render.card.face import Face


def face_of(state: ThingState) -> Face:
    """Of a page there is none: it is its members' that are shown."""
    match state:
        case RoomState():
            return room.face(state)
        case RecordingState():
            return recording.face(state)
        case StreamState():
            return stream.face(state)
        case IngressState():
            return ingress.face(state)
        case CallState():
            return call.face(state)
        case ServerState():
            return server.face(state)
        case TrialState():
            return trial.face(state)
        case DigestState():
            raise ValueError("a page has no face")
