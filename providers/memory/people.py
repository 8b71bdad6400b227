"""The people in the rooms of the in-memory server: how they come, what they may do, how they go."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from pydantic import SecretStr

from providers.base import (
    ConnectionQuality,
    Participant,
    ParticipantChanges,
    ParticipantKind,
    Permissions,
    RoomOptions,
    RoomRef,
)
from providers.errors import Conflict, Rejected
from providers.facts import ParticipantJoined
from providers.memory import tokens
from providers.memory.lives import Life, Member, new_id
from providers.memory.rooms import Rooms

EVERYTHING = Permissions()


class People(Rooms):
    def list_participants(self, room: RoomRef) -> list[Participant]:
        return [member.participant for member in self._this_life(room).members.values()]

    def join_with(self, token: SecretStr) -> Participant:
        """Admit whoever holds this token. `Unauthenticated` when it does not verify, `Conflict` when it is full."""
        claims = tokens.verify(self.token_secret, self.name, token)
        return self.join(
            claims.room,
            claims.sub,
            name=claims.name,
            permissions=claims.permissions,
            metadata=claims.metadata,
            attributes=claims.attributes,
        )

    def join(
        self,
        room_name: str,
        identity: str,
        *,
        name: str = "",
        kind: ParticipantKind = ParticipantKind.PERSON,
        permissions: Permissions = EVERYTHING,
        metadata: str = "",
        attributes: Mapping[str, str] | None = None,
    ) -> Participant:
        """Let somebody in, making the room if it is not live. `Conflict` when it is full."""
        self._require_fit(self._limits.identity_problem(identity))
        if room_name not in self._lives:
            self.create_room(room_name, RoomOptions())
        participant = Participant(
            id=new_id("PA"),
            identity=identity,
            name=name,
            joined_at=datetime.now(UTC),
            kind=_seen_as(kind, permissions),
            metadata=metadata,
            attributes=dict(attributes or {}),
            permissions=permissions,
        )
        self._admit(self._lives[room_name], Member(participant))
        return participant

    def leave(self, room_name: str, identity: str, reason: str = "") -> None:
        """Let somebody go; with a `reason` it was not of their own accord."""
        self._remove(self._live(room_name), identity, reason)

    def remove_participant(self, room: RoomRef, identity: str) -> None:
        self._remove(self._this_life(room), identity, "removed")

    def update_participant(self, room: RoomRef, identity: str, changes: ParticipantChanges) -> Participant:
        """Whoever may not publish any longer does not: their tracks are gone and do not come back by themselves."""
        life = self._this_life(room)
        member = life.member(identity)
        before = member.participant
        permissions = member.permissions.changed(changes.permissions)
        after = replace(
            before,
            name=before.name if changes.name is None else changes.name,
            metadata=before.metadata if changes.metadata is None else changes.metadata,
            attributes={key: value for key, value in {**before.attributes, **changes.attributes}.items() if value},
            permissions=permissions,
            kind=_seen_as(before.kind, permissions),
        )
        self._require_fit(self._problem(after))
        member.participant = after
        self._keep_tracks(life, member, *(track for track in after.tracks if permissions.may_publish(track.source)))
        return member.participant

    def move_participant(self, room: RoomRef, identity: str, destination: RoomRef) -> None:
        """They arrive as somebody who joins, with new ids for themselves and what they publish."""
        here, there = self._two_lives(room, destination)
        member = here.member(identity)
        self._require_place(there, member)
        arriving = Member(_arriving(member.participant), heard=member.heard)
        self._remove(here, identity, "moved to another room")
        self._admit(there, arriving)

    def forward_participant(self, room: RoomRef, identity: str, destination: RoomRef) -> None:
        """Simulated by a copy of them as they are at this moment, which leaves when they do."""
        here, there = self._two_lives(room, destination)
        original = here.member(identity).participant
        self._admit(there, Member(_arriving(original), forwarded_from=original.id))

    def set_quality(self, room_name: str, identity: str, quality: ConnectionQuality) -> None:
        """Nothing is known of it before: there is no network here that could be measured."""
        member = self._live(room_name).member(identity)
        member.participant = replace(member.participant, quality=quality)

    def _admit(self, life: Life, member: Member) -> None:
        self._require_place(life, member)
        participant = member.participant
        if participant.identity in life.members:
            self._remove(life, participant.identity, "joined again elsewhere")
        life.members[participant.identity] = member
        tracks = participant.tracks
        member.participant = replace(participant, tracks=())
        self._attend(life)
        self._tell(ParticipantJoined(**self._origin(), room=life.ref, participant=participant.brief()))
        self._keep_tracks(life, member, *tracks)

    def _require_place(self, life: Life, newcomer: Member) -> None:
        if life.is_full_for(newcomer):
            raise Conflict("the room is full", provider=self.name)

    def _two_lives(self, room: RoomRef, destination: RoomRef) -> tuple[Life, Life]:
        if room == destination:
            raise Rejected("the destination is the room itself", provider=self.name)
        return self._this_life(room), self._this_life(destination)

    def _problem(self, participant: Participant) -> str | None:
        return (
            self._limits.display_name_problem(participant.name)
            or self._limits.metadata_problem(participant.metadata)
            or self._limits.attributes_problem(participant.attributes)
        )


def _seen_as(kind: ParticipantKind, permissions: Permissions) -> ParticipantKind:
    """Who hides is an observer, and a person again when they show themselves. Machines are what they are."""
    if kind not in (ParticipantKind.PERSON, ParticipantKind.OBSERVER):
        return kind
    return ParticipantKind.OBSERVER if permissions.hidden else ParticipantKind.PERSON


def _arriving(participant: Participant) -> Participant:
    """The same one in another room, publishing the same there."""
    now = datetime.now(UTC)
    tracks = tuple(replace(track, id=new_id("TR"), published_at=now) for track in participant.tracks)
    return replace(participant, id=new_id("PA"), joined_at=now, tracks=tracks)
