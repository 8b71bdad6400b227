"""What the people in the rooms of the in-memory server send and receive. No sound and no picture goes anywhere."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

from providers.base import Capability, RoomRef, Track, TrackKind, TrackSource
from providers.errors import Conflict, Rejected, Unsupported
from providers.memory.lives import new_id
from providers.memory.rooms import Rooms

SOUND = (TrackSource.MICROPHONE, TrackSource.SCREEN_SHARE_AUDIO)


class Tracks(Rooms):
    def publish(
        self,
        room_name: str,
        identity: str,
        source: TrackSource = TrackSource.MICROPHONE,
        *,
        name: str = "",
        encrypted: bool = False,
    ) -> Track:
        """Let somebody begin to send. `Conflict` where they may not send that."""
        life = self._live(room_name)
        member = life.member(identity)
        if not member.permissions.may_publish(source):
            raise Conflict(f"{identity} may not publish {source}", provider=self.name)
        track = replace(_of(source), id=new_id("TR"), name=name, encrypted=encrypted, published_at=datetime.now(UTC))
        self._keep_tracks(life, member, *member.participant.tracks, track)
        return track

    def unpublish(self, room_name: str, identity: str, track_id: str) -> None:
        """Let somebody stop sending."""
        life = self._live(room_name)
        ended = life.track(identity, track_id)
        member = life.member(identity)
        self._keep_tracks(life, member, *(track for track in member.participant.tracks if track is not ended))

    def mute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        return self._set_muted(room, identity, track_id, muted=True)

    def unmute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        """`Unsupported` where the settings forbid it."""
        if not self._settings.remote_unmute:
            raise Unsupported(Capability.UNMUTE_TRACK.value, provider=self.name)
        return self._set_muted(room, identity, track_id, muted=False)

    def update_subscriptions(
        self, room: RoomRef, identity: str, track_ids: Collection[str], *, subscribe: bool
    ) -> None:
        """All of them or, where one is not in the room or their own, none."""
        life = self._this_life(room)
        member = life.member(identity)
        if identity in {life.publisher(track_id) for track_id in track_ids}:
            raise Rejected(f"{identity} publishes that track", provider=self.name)
        if subscribe:
            member.unsubscribed -= set(track_ids)
        else:
            member.unsubscribed |= set(track_ids)

    def receives(self, room_name: str, identity: str) -> set[str]:
        """The ids of the tracks that reach somebody: by default all that the others publish."""
        life = self._live(room_name)
        member = life.member(identity)
        if not member.permissions.can_subscribe:
            return set()
        others = [other for other in life.members.values() if other is not member]
        return {track.id for other in others for track in other.participant.tracks} - member.unsubscribed

    def _set_muted(self, room: RoomRef, identity: str, track_id: str, *, muted: bool) -> Track:
        life = self._this_life(room)
        before = life.track(identity, track_id)
        after = replace(before, muted=muted)
        member = life.member(identity)
        self._keep_tracks(life, member, *(after if track is before else track for track in member.participant.tracks))
        return after


def _of(source: TrackSource) -> Track:
    """What a browser would send."""
    if source in SOUND:
        return Track("", TrackKind.AUDIO, source, codec="audio/opus")
    return Track("", TrackKind.VIDEO, source, codec="video/VP8", width=1280, height=720)
