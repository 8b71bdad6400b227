"""One life of a room and who is in it: what the in-memory server keeps, and how it finds things there."""

from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex

from providers.base import Participant, ParticipantKind, Permissions, RoomOptions, RoomRef, Signal, Track
from providers.errors import NotFound


@dataclass
class Member:
    """Somebody in a room. `participant` is what the server lists, its permissions always told.

    Attributes:
        unsubscribed: ids of the tracks of others that they are not to receive; they receive all the rest.
        heard: the signals that they got, in their order.
        forwarded_from: the id of the participant whose copy this is.
    """

    participant: Participant
    unsubscribed: set[str] = field(default_factory=set)
    heard: list[Signal] = field(default_factory=list)
    forwarded_from: str | None = None

    @property
    def takes_place(self) -> bool:
        """Who takes a place in a room holds it open too: all but recorders and agents, as on LiveKit."""
        return self.participant.kind not in (ParticipantKind.EGRESS, ParticipantKind.AGENT)

    @property
    def permissions(self) -> Permissions:
        assert self.participant.permissions is not None
        return self.participant.permissions


@dataclass
class Life:
    """`was_attended`: places were taken when somebody last came or went."""

    ref: RoomRef
    options: RoomOptions
    created_at: datetime
    metadata: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    was_attended: bool = False

    @property
    def places_taken(self) -> int:
        return sum(member.takes_place for member in self.members.values())

    @property
    def is_sending(self) -> bool:
        """Whether anybody publishes anything."""
        return any(member.participant.tracks for member in self.members.values())

    def is_full_for(self, newcomer: Member) -> bool:
        """Recorders and agents always find room, and so does whoever takes their own place."""
        most = self.options.max_participants
        if most is None or not newcomer.takes_place:
            return False
        own = newcomer.participant.identity
        return sum(member.takes_place for identity, member in self.members.items() if identity != own) >= most

    def member(self, identity: str) -> Member:
        try:
            return self.members[identity]
        except KeyError:
            raise NotFound(f"no participant {identity}", provider=self.ref.provider) from None

    def track(self, identity: str, track_id: str) -> Track:
        """What somebody publishes. `NotFound` also where it is somebody else's."""
        for track in self.member(identity).participant.tracks:
            if track.id == track_id:
                return track
        raise NotFound(f"{identity} has no track {track_id}", provider=self.ref.provider)

    def publisher(self, track_id: str) -> str:
        """The identity of whoever publishes a track."""
        for identity, member in self.members.items():
            if any(track.id == track_id for track in member.participant.tracks):
                return identity
        raise NotFound(f"no track {track_id} in the room", provider=self.ref.provider)


def new_id(kind: str) -> str:
    """As LiveKit's look: `RM_` for a room's life, `PA_` for a participant, `TR_` for a track."""
    return f"{kind}_{token_hex(6)}"
