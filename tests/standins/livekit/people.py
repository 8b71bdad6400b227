"""Who is in the server's rooms, what they publish, what they receive, and what they are told."""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field

from livekit.api import (
    CreateRoomRequest,
    DisconnectReason,
    ParticipantInfo,
    ParticipantPermission,
    Room,
    SendDataRequest,
    TimedVersion,
    TokenVerifier,
    TrackInfo,
    TrackSource,
    TrackType,
    VideoGrants,
)

from tests.standins.livekit.rooms import KEY, SECRET, Rooms

_SOUND = ("MICROPHONE", "SCREEN_SHARE_AUDIO")
_MACHINES = (ParticipantInfo.AGENT, ParticipantInfo.EGRESS)


class RoomIsFull(Exception):
    """The real server's client sees an HTTP 500 for it."""


class NotPermitted(Exception):
    """The real server answers 401 at the door, and never answers a client that publishes what it may not."""


@dataclass(kw_only=True)
class People(Rooms):
    """`heard` are the data messages that a client got, `unwanted` the tracks it does not receive, `gone` whether it has
    left, by its sid."""

    participants: dict[str, dict[str, ParticipantInfo]] = field(default_factory=lambda: defaultdict(dict))
    heard: dict[str, "asyncio.Queue[SendDataRequest]"] = field(default_factory=lambda: defaultdict(asyncio.Queue))
    unwanted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    gone: dict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))

    def join(self, token: str) -> ParticipantInfo:
        """Somebody comes in with a token, which makes the room if need be."""
        claims = TokenVerifier(KEY, SECRET).verify(token)
        grants = claims.video
        if grants is None or not grants.room_join:
            raise NotPermitted("roomJoin")
        return self.bring(
            grants.room,
            ParticipantInfo(
                identity=claims.identity,
                name=claims.name,
                metadata=claims.metadata,
                attributes=claims.attributes,
                permission=_permission(grants),
            ),
        )

    def bring(self, room: str, who: ParticipantInfo) -> ParticipantInfo:
        """Let somebody in. One who is there by the same identity is thrown out."""
        live = self.room(CreateRoomRequest(name=room))
        if who.identity in self.participants[room]:
            self.leave(room, who.identity, DisconnectReason.DUPLICATE_IDENTITY)
        if live.max_participants and live.num_participants >= live.max_participants:
            raise RoomIsFull(room)
        self.keep(room)
        who.sid = self.new_id("PA")
        who.joined_at_ms = int(time.time() * 1000)
        who.joined_at = who.joined_at_ms // 1000
        who.state = ParticipantInfo.ACTIVE
        self.participants[room][who.identity] = who
        self._count(room)
        self.tell("participant_joined", live, who)
        return who

    def leave(self, room: str, identity: str, reason: DisconnectReason = DisconnectReason.CLIENT_INITIATED) -> None:
        who = self.participants[room][identity]
        for track in list(who.tracks):
            self.unpublish(room, who, track)
        del self.participants[room][identity]
        who.state = ParticipantInfo.DISCONNECTED
        who.disconnect_reason = reason
        self.gone[who.sid].set()
        self._count(room)
        self.tell("participant_left", self.rooms[room], who)
        if not self.participants[room]:
            self.close_in(self.rooms[room].departure_timeout, room)

    def publish(self, room: str, identity: str, source: str = "MICROPHONE") -> TrackInfo:
        """`source`: LiveKit's name of it."""
        who = self.participants[room][identity]
        if not _may_publish(who.permission, TrackSource.Value(source)):
            raise NotPermitted(source)
        is_sound = source in _SOUND
        track = TrackInfo(
            sid=self.new_id("TR"),
            type=TrackType.AUDIO if is_sound else TrackType.VIDEO,
            name=source.lower(),
            source=source,
            mime_type="audio/red" if is_sound else "video/VP8",
            width=0 if is_sound else 640,
            height=0 if is_sound else 360,
            version=TimedVersion(unix_micro=time.time_ns() // 1000),
        )
        who.tracks.append(track)
        who.is_publisher = True
        self._tell_of_track("track_published", room, who, track)
        return track

    def unpublish(self, room: str, who: ParticipantInfo, track: TrackInfo) -> None:
        told = TrackInfo()
        told.CopyFrom(track)
        who.tracks.remove(track)
        self._tell_of_track("track_unpublished", room, who, told)

    def permit(self, room: str, who: ParticipantInfo, permission: ParticipantPermission) -> None:
        """The whole set at once. Tracks that are not allowed by it end; `is_publisher` is true of all who may."""
        who.permission.CopyFrom(permission)
        who.is_publisher = permission.can_publish
        for track in [track for track in who.tracks if not _may_publish(permission, track.source)]:
            self.unpublish(room, who, track)

    def received(self, room: str, identity: str) -> set[str]:
        """The tracks that somebody receives: all of others, but for those they were unsubscribed from."""
        who = self.participants[room][identity]
        if not who.permission.can_subscribe:
            return set()
        others = (other for other in self.participants[room].values() if other.identity != identity)
        return {track.sid for other in others for track in other.tracks} - self.unwanted[who.sid]

    def _tell_of_track(self, event: str, room: str, who: ParticipantInfo, track: TrackInfo) -> None:
        live = Room(sid=self.rooms[room].sid, name=room)
        self.tell(event, live, ParticipantInfo(sid=who.sid, identity=who.identity), track)

    def _count(self, room: str) -> None:
        counted = sum(who.kind not in _MACHINES for who in self.participants[room].values())
        self.rooms[room].num_participants = counted


def _permission(grants: VideoGrants) -> ParticipantPermission:
    return ParticipantPermission(
        can_subscribe=grants.can_subscribe,
        can_publish=grants.can_publish,
        can_publish_data=grants.can_publish_data,
        can_publish_sources=[name.upper() for name in grants.can_publish_sources or []],
        can_update_metadata=bool(grants.can_update_own_metadata),
        can_subscribe_metrics=bool(grants.can_subscribe_metrics),
        can_manage_agent_session=bool(grants.can_manage_agent_session),
        hidden=bool(grants.hidden),
    )


def _may_publish(permission: ParticipantPermission, source: int) -> bool:
    allowed = permission.can_publish_sources
    return permission.can_publish and (not allowed or source in allowed)
