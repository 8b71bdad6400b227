"""What people send and receive on the in-memory server, where it is its own: settings, and all or nothing."""

from collections.abc import AsyncIterator

import pytest

from providers.base import (
    Limits,
    ParticipantChanges,
    PermissionChanges,
    Permissions,
    RoomOptions,
    RoomRef,
    Signal,
    TrackKind,
    TrackSource,
)
from providers.errors import Conflict, NotFound, Rejected, Unsupported
from providers.facts import Fact, TrackPublished, TrackUnpublished
from providers.memory.provider import Memory
from providers.memory.server import MemoryServer
from providers.memory.settings import MemorySettings


@pytest.fixture
async def provider() -> AsyncIterator[Memory]:
    provider = Memory("studio", MemorySettings())
    yield provider
    await provider.aclose()


@pytest.fixture
async def room(provider: Memory) -> RoomRef:
    """With ana and bo in it."""
    room = (await provider.create_room("standup", RoomOptions())).room.ref
    for identity in ("ana", "bo"):
        provider.server.join("standup", identity)
    return room


class TestPublishing:
    async def test_what_is_sent_until_it_ends(self, provider: Memory, room: RoomRef) -> None:
        sound = provider.server.publish("standup", "ana")
        picture = provider.server.publish("standup", "ana", TrackSource.SCREEN_SHARE, name="slides", encrypted=True)
        assert (sound.kind, sound.codec, sound.width) == (TrackKind.AUDIO, "audio/opus", None)
        assert (picture.kind, picture.name, picture.encrypted) == (TrackKind.VIDEO, "slides", True)
        ana, _ = await provider.list_participants(room)
        assert (ana.tracks, ana.is_publisher) == ((sound, picture), True)
        for track in (sound, picture):
            provider.server.unpublish("standup", "ana", track.id)
        ana, _ = await provider.list_participants(room)
        assert (ana.tracks, ana.is_publisher) == ((), False)
        assert provider.server.receives("standup", "bo") == set()

    async def test_only_ones_own_can_be_ended(self, provider: Memory, room: RoomRef) -> None:
        track = provider.server.publish("standup", "ana")
        with pytest.raises(NotFound):
            provider.server.unpublish("standup", "bo", track.id)
        assert provider.server.receives("standup", "bo") == {track.id}

    @pytest.mark.parametrize(
        "permissions",
        [Permissions(can_publish=False), Permissions(sources=(TrackSource.CAMERA,))],
        ids=["nothing", "camera alone"],
    )
    async def test_what_is_not_allowed_is_not_sent(self, provider: Memory, permissions: Permissions) -> None:
        provider.server.join("standup", "ana", permissions=permissions)
        with pytest.raises(Conflict):
            provider.server.publish("standup", "ana", TrackSource.MICROPHONE)


class TestReceiving:
    async def test_a_list_with_a_wrong_one_changes_nothing(self, provider: Memory, room: RoomRef) -> None:
        hers, his = (provider.server.publish("standup", identity).id for identity in ("ana", "bo"))
        for wrong, refusal in ((his, Rejected), ("TR_none", NotFound)):
            with pytest.raises(refusal):
                await provider.update_subscriptions(room, "bo", [hers, wrong], subscribe=False)
        assert provider.server.receives("standup", "bo") == {hers}

    async def test_what_was_not_wanted_is_not_wanted_after_a_silence_either(
        self, provider: Memory, room: RoomRef
    ) -> None:
        sound, picture = (
            provider.server.publish("standup", "ana", source).id
            for source in (TrackSource.MICROPHONE, TrackSource.CAMERA)
        )
        await provider.update_subscriptions(room, "bo", [picture], subscribe=False)
        for may, received in ((False, set()), (True, {sound})):
            changes = ParticipantChanges(permissions=PermissionChanges(can_subscribe=may))
            await provider.update_participant(room, "bo", changes)
            assert provider.server.receives("standup", "bo") == received

    async def test_a_muted_track_is_still_subscribed_to(self, provider: Memory, room: RoomRef) -> None:
        track = provider.server.publish("standup", "ana").id
        await provider.mute_track(room, "ana", track)
        assert provider.server.receives("standup", "bo") == {track}


class TestUnmuting:
    async def test_it_is_done(self, provider: Memory, room: RoomRef) -> None:
        track = provider.server.publish("standup", "ana")
        await provider.mute_track(room, "ana", track.id)
        assert await provider.unmute_track(room, "ana", track.id) == track

    async def test_it_is_refused_by_name_where_the_settings_forbid_it(self) -> None:
        provider = Memory("studio", MemorySettings(remote_unmute=False))
        provider.server.join("standup", "ana")
        track = provider.server.publish("standup", "ana")
        (room,) = await provider.list_rooms()
        await provider.mute_track(room.ref, "ana", track.id)
        with pytest.raises(Unsupported) as refusal:
            await provider.unmute_track(room.ref, "ana", track.id)
        assert refusal.value.detail == refusal.value.operation == "unmute_track"
        (ana,) = await provider.list_participants(room.ref)
        assert ana.tracks[0].muted
        await provider.aclose()


class TestSignals:
    async def test_they_are_kept_in_their_order_from_ones_own_join_on(self, provider: Memory, room: RoomRef) -> None:
        await provider.send_signal(room, Signal("one", topic="chat"))
        provider.server.join("standup", "cy")
        await provider.send_signal(room, Signal("two", to=("cy", "bo"), lossy=True))
        heard = {who: [s.message for s in provider.server.signals("standup", who)] for who in ("ana", "bo", "cy")}
        assert heard == {"ana": ["one"], "bo": ["one", "two"], "cy": ["two"]}
        assert provider.server.signals("standup", "bo")[0].topic == "chat"


class TestWebhooks:
    """Who begins and ends to send is told in its order: tracks after those who send them, and before they go."""

    @pytest.fixture
    def told(self) -> list[Fact]:
        return []

    @pytest.fixture
    def server(self, told: list[Fact]) -> MemoryServer:
        return MemoryServer("studio", MemorySettings(), Limits(), told.append)

    async def test_who_leaves_sends_no_more(self, server: MemoryServer, told: list[Fact]) -> None:
        who = server.join("standup", "ana")
        track = server.publish("standup", "ana")
        other = server.publish("standup", "ana", TrackSource.CAMERA)
        server.unpublish("standup", "ana", track.id)
        server.leave("standup", "ana")
        server.stop()
        tracks = [fact for fact in told if isinstance(fact, TrackPublished | TrackUnpublished)]
        assert [(fact.type, fact.track.id) for fact in tracks] == [
            ("track_published", track.id),
            ("track_published", other.id),
            ("track_unpublished", track.id),
            ("track_unpublished", other.id),
        ]
        assert {fact.participant.id for fact in tracks} == {who.id}
        assert [fact.type for fact in told][-2:] == ["track_unpublished", "participant_left"]

    async def test_whoever_may_not_send_any_longer_stops(self, server: MemoryServer, told: list[Fact]) -> None:
        server.join("standup", "ana")
        server.publish("standup", "ana")
        (room,) = server.list_rooms()
        changes = ParticipantChanges(permissions=PermissionChanges(can_publish=False))
        server.update_participant(room.ref, "ana", changes)
        server.stop()
        assert told[-1].type == "track_unpublished"

    async def test_who_moves_sends_anew_in_the_other_room(self, server: MemoryServer, told: list[Fact]) -> None:
        server.join("standup", "ana")
        before = server.publish("standup", "ana")
        here = server.list_rooms()[0].ref
        there = server.create_room("retro", RoomOptions()).room.ref
        told.clear()
        server.move_participant(here, "ana", there)
        server.stop()
        (moved,) = server.list_participants(there)
        tracks = [fact for fact in told if isinstance(fact, TrackPublished | TrackUnpublished)]
        assert [(fact.room, fact.track.id) for fact in tracks] == [(here, before.id), (there, moved.tracks[0].id)]
        order = ["track_unpublished", "participant_left", "participant_joined", "track_published"]
        assert [fact.type for fact in told] == order

    async def test_of_a_mute_nothing_is_told(self, server: MemoryServer, told: list[Fact]) -> None:
        server.join("standup", "ana")
        track = server.publish("standup", "ana")
        told.clear()
        server.mute_track(server.list_rooms()[0].ref, "ana", track.id)
        server.stop()
        assert told == []
