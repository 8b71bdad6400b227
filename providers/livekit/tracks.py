"""Tracks by LiveKit's RoomService: muting, and who receives what."""

from collections.abc import Collection

from livekit.api import MuteRoomTrackRequest, UpdateSubscriptionsRequest

from providers.base import RoomRef, Track
from providers.livekit import mapping
from providers.livekit.backend import LiveKitBackend


class Tracks(LiveKitBackend):
    async def mute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        return await self._mute("mute_track", room, identity, track_id, muted=True)

    async def unmute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        """The server refuses it, whatever the track, unless its operator set `room.enable_remote_unmute`.

        A publisher's client repeats to the server what it was told, so right after a mute the track may be listed as
        muted again for some milliseconds.
        """
        return await self._mute("unmute_track", room, identity, track_id, muted=False)

    async def _mute(self, operation: str, room: RoomRef, identity: str, track_id: str, *, muted: bool) -> Track:
        """LiveKit answers well for a track that is not there, without a track.

        It is asked without a look whether this life of the room goes on, which for fifty people would be fifty more
        calls: a track's id is new at every publishing, so what was published in an earlier life is not there.
        """
        answer = await self._act(
            operation,
            room,
            lambda api: api.room.mute_published_track(
                MuteRoomTrackRequest(room=room.name, identity=identity, track_sid=track_id, muted=muted)
            ),
            on=identity,
        )
        if not answer.track.sid:
            raise self._missing(f"no track {track_id!r} of {identity!r} in the room {room.name!r}", operation)
        return mapping.track(answer.track)

    async def update_subscriptions(
        self, room: RoomRef, identity: str, track_ids: Collection[str], *, subscribe: bool
    ) -> None:
        """LiveKit ignores tracks that are not there and somebody's own, so we look first."""
        await self._require_tracks_of_others(room, identity, track_ids)
        await self._act(
            "update_subscriptions",
            room,
            lambda api: api.room.update_subscriptions(
                UpdateSubscriptionsRequest(room=room.name, identity=identity, track_sids=track_ids, subscribe=subscribe)
            ),
            on=identity,
        )

    async def _require_tracks_of_others(self, room: RoomRef, identity: str, track_ids: Collection[str]) -> None:
        tracks = {p.identity: {track.id for track in p.tracks} for p in await self.list_participants(room)}
        if identity not in tracks:
            raise self._absent("update_subscriptions", room, identity)
        if own := sorted(tracks[identity].intersection(track_ids)):
            problem = f"{', '.join(own)} is published by {identity} and cannot be received by them."
            raise self._rejected(problem, "update_subscriptions")
        if unknown := sorted(set(track_ids).difference(*tracks.values())):
            detail = f"no track {', '.join(unknown)} in the room {room.name!r}"
            raise self._missing(detail, "update_subscriptions")
