"""The part of the contract about what people send and who receives it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from providers.base import Capability, Participant, RoomRef, Track, TrackKind, TrackSource
from providers.errors import NotFound, Rejected, Unsupported
from tests.providers.stage import PATIENCE_SECONDS, Stage

KINDS = {
    TrackSource.MICROPHONE: TrackKind.AUDIO,
    TrackSource.CAMERA: TrackKind.VIDEO,
    TrackSource.SCREEN_SHARE: TrackKind.VIDEO,
}


class Tracks:
    async def test_who_publishes_what_is_listed(self, stage: Stage) -> None:
        stage.needs(Capability.PARTICIPANT_TRACKS)
        room, ana, _ = await stage.two()
        ids = {source: await stage.publish(ana, source) for source in KINDS}
        listed = {track.source: track for track in (await stage.participant(room, "ana")).tracks}
        assert {source: track.id for source, track in listed.items()} == ids
        assert {source: track.kind for source, track in listed.items()} == KINDS
        for track in listed.values():
            assert not track.muted
            assert not track.encrypted
            assert track.codec.lower().startswith(f"{track.kind}/")
            assert (track.width is None) is (track.kind is TrackKind.AUDIO)
            if (at := track.published_at) is not None:
                assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)
        assert (await stage.participant(room, "ana")).is_publisher
        assert (await stage.participant(room, "bo")).tracks == ()

    async def test_everybody_receives_what_others_publish(self, stage: Stage) -> None:
        stage.needs(Capability.CREATE_TOKEN, Capability.PARTICIPANT_TRACKS)
        _, ana, bo = await stage.two()
        await stage.receives(bo, await stage.publish(ana))
        await stage.receives(ana, await stage.publish(bo, TrackSource.CAMERA))

    async def test_mute_is_seen_and_muting_again_is_fine(self, stage: Stage) -> None:
        stage.needs(Capability.MUTE_TRACK, Capability.PARTICIPANT_TRACKS)
        room, ana, _ = await stage.two()
        microphone = await stage.publish(ana)
        camera = await stage.publish(ana, TrackSource.CAMERA)
        before = await self._track(stage, room, microphone)
        for _ in range(2):
            muted = await stage.provider.mute_track(room, "ana", microphone)
            assert (muted.id, muted.muted, muted.published_at) == (microphone, True, before.published_at)
            await stage.shows(room, "ana", _publishing(muted))
        assert not (await self._track(stage, room, camera)).muted

    async def test_unmute_is_done_or_refused_by_name(self, stage: Stage) -> None:
        stage.needs(Capability.MUTE_TRACK, Capability.UNMUTE_TRACK, Capability.PARTICIPANT_TRACKS)
        room, ana, _ = await stage.two()
        track = await stage.publish(ana)
        before = await self._track(stage, room, track)
        await stage.provider.mute_track(room, "ana", track)
        await stage.learns_of_mute(ana, track)
        for _ in range(2):
            expected = before if await self._unmuted(stage, room, before) else replace(before, muted=True)
            await stage.shows(room, "ana", _publishing(expected))

    async def _unmuted(self, stage: Stage, room: RoomRef, track: Track) -> bool:
        """False where it is refused by name. A client echoes the mute that it heard of, and its echo may cross the
        first unmute, so that takes another one."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    answer = await stage.provider.unmute_track(room, "ana", track.id)
                except Unsupported:
                    return False
                if answer == track:
                    return True
                assert answer == replace(track, muted=True)

    @pytest.mark.parametrize("capability", [Capability.MUTE_TRACK, Capability.UNMUTE_TRACK])
    async def test_only_a_track_of_that_person_in_that_room(self, stage: Stage, capability: Capability) -> None:
        stage.needs(Capability.MUTE_TRACK, Capability.PARTICIPANT_TRACKS, capability)
        change = getattr(stage.provider, capability)
        refusals = NotFound if capability is Capability.MUTE_TRACK else (NotFound, Unsupported)
        room, ana, bo = await stage.two()
        other_room, stranger, _ = await stage.two()
        hers, his, foreign = [await stage.publish(token) for token in (ana, bo, stranger)]
        await stage.leave(bo)
        for where, identity, track in (
            (room, "ana", foreign),
            (room, "ana", his),
            (room, "ana", "TR_no_such_track"),
            (room, "bo", his),
            (room, "nobody", hers),
            (other_room, "ana", hers),
        ):
            with pytest.raises(refusals):
                await change(where, identity, track)
        assert not (await self._track(stage, room, hers)).muted
        assert not (await self._track(stage, other_room, foreign)).muted

    async def _track(self, stage: Stage, room: RoomRef, track_id: str) -> Track:
        (track,) = [t for t in (await stage.participant(room, "ana")).tracks if t.id == track_id]
        return track


class Subscriptions:
    async def test_received_no_longer_and_again(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_SUBSCRIPTIONS)
        room, ana, bo = await stage.two()
        cy = await stage.enter(room, "cy")
        microphone, camera = await stage.publish(ana), await stage.publish(ana, TrackSource.CAMERA)
        for track in (microphone, camera):
            await stage.receives(bo, track)
        for _ in range(2):
            await stage.provider.update_subscriptions(room, "bo", [camera], subscribe=False)
            await stage.receives(bo, camera, False)
        await stage.receives(bo, microphone)
        await stage.receives(cy, camera)
        for _ in range(2):
            await stage.provider.update_subscriptions(room, "bo", [camera], subscribe=True)
            await stage.receives(bo, camera)

    async def test_several_at_once(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_SUBSCRIPTIONS)
        room, ana, bo = await stage.two()
        tracks = [await stage.publish(ana), await stage.publish(ana, TrackSource.CAMERA)]
        for wanted in (True, False, True):
            await stage.provider.update_subscriptions(room, "bo", tracks, subscribe=wanted)
            for track in tracks:
                await stage.receives(bo, track, wanted)

    @pytest.mark.parametrize("subscribe", [True, False], ids=["subscribe", "unsubscribe"])
    async def test_not_to_ones_own(self, stage: Stage, subscribe: bool) -> None:
        stage.needs(Capability.UPDATE_SUBSCRIPTIONS)
        room, ana, bo = await stage.two()
        hers, his = await stage.publish(ana), await stage.publish(bo)
        await stage.receives(ana, his)
        for tracks in ([hers], [his, hers]):
            with pytest.raises(Rejected):
                await stage.provider.update_subscriptions(room, "ana", tracks, subscribe=subscribe)
        await stage.receives(ana, his)

    @pytest.mark.parametrize("subscribe", [True, False], ids=["subscribe", "unsubscribe"])
    async def test_only_to_what_is_in_the_room(self, stage: Stage, subscribe: bool) -> None:
        stage.needs(Capability.UPDATE_SUBSCRIPTIONS)
        room, ana, bo = await stage.two()
        _, stranger, _ = await stage.two()
        hers, foreign = await stage.publish(ana), await stage.publish(stranger)
        await stage.receives(bo, hers)
        for identity, tracks in (
            ("bo", [foreign]),
            ("bo", ["TR_no_such_track"]),
            ("bo", [hers, foreign]),
            ("nobody", [hers]),
        ):
            with pytest.raises(NotFound):
                await stage.provider.update_subscriptions(room, identity, tracks, subscribe=subscribe)
        await stage.receives(bo, hers)


def _publishing(track: Track) -> Callable[[Participant], bool]:
    return lambda who: track in who.tracks
