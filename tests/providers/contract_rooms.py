"""The part of the contract about rooms."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from providers.base import (
    Capability,
    ParticipantChanges,
    PermissionChanges,
    Provider,
    Room,
    RoomOptions,
    RoomRef,
    Signal,
)
from providers.errors import NotFound, Rejected, Unsupported
from providers.facts import RoomFinished
from tests.providers.stage import ODD_NAMES, NotAdmitted, Stage, eventually, fresh


class Rooms:
    async def test_create_makes_a_room(self, stage: Stage) -> None:
        stage.needs(Capability.CREATE_ROOM)
        name = fresh("standup")
        created = await stage.provider.create_room(name, RoomOptions())
        assert not created.existed
        assert created.room.ref.provider == stage.provider.name
        assert created.room.ref.name == name
        assert created.room.ref.id
        assert created.room.participants == 0
        assert not created.room.recording
        if (at := created.room.created_at) is not None:
            assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)

    async def test_create_returns_the_live_room_unchanged(self, stage: Stage) -> None:
        claimed = stage.provider.capabilities
        first = await stage.create()
        options = RoomOptions(
            max_participants=7 if Capability.MAX_PARTICIPANTS in claimed else None,
            metadata="other" if Capability.ROOM_METADATA in claimed else None,
        )
        again = await stage.provider.create_room(first.ref.name, options)
        assert again.existed
        assert again.room == first

    async def test_list_finds_by_name(self, stage: Stage) -> None:
        stage.needs(Capability.LIST_ROOMS)
        one, two, three = [await stage.create() for _ in range(3)]
        everything = {room.ref for room in await stage.provider.list_rooms()}
        assert {one.ref, two.ref, three.ref} <= everything
        named = await stage.provider.list_rooms([one.ref.name, three.ref.name, fresh("absent")])
        assert {room.ref for room in named} == {one.ref, three.ref}

    async def test_list_of_an_unknown_name_is_empty(self, stage: Stage) -> None:
        stage.needs(Capability.LIST_ROOMS)
        assert await stage.provider.list_rooms([fresh("absent")]) == []

    async def test_close_ends_the_room(self, stage: Stage) -> None:
        stage.needs(Capability.CLOSE_ROOM)
        room = await stage.create()
        await stage.provider.close_room(room.ref)
        assert await stage.listed(room.ref.name) is None

    async def test_close_twice_says_that_it_is_gone(self, stage: Stage) -> None:
        stage.needs(Capability.CLOSE_ROOM)
        room = await stage.create()
        await stage.provider.close_room(room.ref)
        with pytest.raises(NotFound):
            await stage.provider.close_room(room.ref)

    async def test_close_of_an_earlier_life_leaves_the_present_one(self, stage: Stage) -> None:
        stage.needs(Capability.CLOSE_ROOM)
        earlier = await stage.create()
        await stage.provider.close_room(earlier.ref)
        present = await stage.create(earlier.ref.name)
        assert present.ref.id != earlier.ref.id
        with pytest.raises(NotFound):
            await stage.provider.close_room(earlier.ref)
        still = await stage.listed(present.ref.name)
        assert still is not None
        assert still.ref == present.ref

    async def test_no_call_about_an_earlier_life_touches_the_present_one(self, stage: Stage) -> None:
        stage.needs(Capability.CLOSE_ROOM, Capability.LIST_PARTICIPANTS)
        earlier, elsewhere = await stage.create(), await stage.create()
        was = await stage.publish(await stage.enter(earlier.ref, "ana"))
        await stage.provider.close_room(earlier.ref)
        present = await stage.create(earlier.ref.name)
        ana = await stage.enter(present.ref, "ana")
        bo = await stage.enter(present.ref, "bo")
        his = await stage.publish(bo)
        assert await stage.publish(ana) != was
        await stage.receives(ana, his)
        before = [await stage.participant(present.ref, identity) for identity in ("ana", "bo")]
        refused = set()
        for capability, call in _calls(stage.provider, earlier.ref, elsewhere.ref, was, his).items():
            if capability in stage.provider.capabilities:
                with pytest.raises((NotFound, Unsupported) if capability is Capability.UNMUTE_TRACK else NotFound):
                    await call()
                refused.add(capability)
        assert refused
        assert [await stage.participant(present.ref, identity) for identity in ("ana", "bo")] == before
        assert (await stage.listed(present.ref.name) or earlier).metadata == ""
        await stage.receives(ana, his)
        if Capability.SEND_SIGNAL in refused:
            await stage.provider.send_signal(present.ref, Signal("to this life"))
            assert (await stage.signal(ana)).message == "to this life"

    @pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES.keys())
    async def test_odd_names_come_back_as_they_went(self, stage: Stage, name: str) -> None:
        await self._round_trip(stage, fresh(name))

    async def test_the_longest_name_is_taken_and_a_longer_one_rejected(self, stage: Stage) -> None:
        stage.needs(Capability.CREATE_ROOM)
        limit = stage.provider.limits.room_name_bytes
        longest = uuid4().hex.ljust(limit, "x")
        await self._round_trip(stage, longest)
        assert stage.provider.limits.room_name_problem(longest + "x")
        with pytest.raises(Rejected):
            await stage.provider.create_room(longest + "x", RoomOptions())

    async def _round_trip(self, stage: Stage, name: str) -> None:
        if problem := stage.provider.limits.room_name_problem(name):
            pytest.skip(f"{stage.provider.kind} takes no such name: {problem}")
        room = await stage.create(name)
        assert room.ref.name == name
        found = await stage.listed(name)
        assert found is not None
        assert found.ref == room.ref


class RoomMetadata:
    async def test_it_is_replaced_and_cleared(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_ROOM_METADATA)
        room = await stage.create()
        for metadata in ('{"topic": "é🎬"}', "plain", ""):
            updated = await stage.provider.update_room_metadata(room.ref, metadata)
            assert updated.ref == room.ref
            assert updated.metadata == metadata
            assert await self._metadata(stage, room) == metadata

    async def test_the_largest_is_taken_and_a_larger_one_rejected(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_ROOM_METADATA)
        room = await stage.create()
        largest = "x" * stage.provider.limits.metadata_bytes
        await stage.provider.update_room_metadata(room.ref, largest)
        with pytest.raises(Rejected):
            await stage.provider.update_room_metadata(room.ref, largest + "x")
        assert await self._metadata(stage, room) == largest

    async def test_of_a_room_that_is_gone(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_ROOM_METADATA, Capability.CLOSE_ROOM)
        over = (await stage.create()).ref
        await stage.provider.close_room(over)
        for room in (over, RoomRef(stage.provider.name, "no-such-id", fresh("absent"))):
            with pytest.raises(NotFound):
                await stage.provider.update_room_metadata(room, "{}")

    async def _metadata(self, stage: Stage, room: Room) -> str:
        found = await stage.listed(room.ref.name)
        assert found is not None
        return found.metadata


class RoomOptionsOnServer:
    async def test_metadata(self, stage: Stage) -> None:
        stage.needs(Capability.ROOM_METADATA)
        room = await stage.create(options=RoomOptions(metadata='{"topic": "é🎬"}'))
        assert room.metadata == '{"topic": "é🎬"}'
        found = await stage.listed(room.ref.name)
        assert found is not None
        assert found.metadata == room.metadata

    async def test_metadata_that_is_too_large_makes_no_room(self, stage: Stage) -> None:
        stage.needs(Capability.ROOM_METADATA)
        name, metadata = fresh("standup"), "x" * (stage.provider.limits.metadata_bytes + 1)
        with pytest.raises(Rejected):
            await stage.provider.create_room(name, RoomOptions(metadata=metadata))
        assert await stage.listed(name) is None

    async def test_max_participants(self, stage: Stage) -> None:
        stage.needs(Capability.MAX_PARTICIPANTS)
        room = await stage.create(options=RoomOptions(max_participants=1))
        assert room.max_participants == 1
        ana = await stage.enter(room.ref, "ana")
        with pytest.raises(NotAdmitted):
            await stage.enter(room.ref, "bo")
        await stage.leave(ana)
        await stage.enter(room.ref, "bo")

    async def test_time_outs_are_told(self, stage: Stage) -> None:
        stage.needs(Capability.EMPTY_TIMEOUT, Capability.DEPARTURE_TIMEOUT)
        asked = (timedelta(minutes=7), timedelta(seconds=40))
        room = await stage.create(options=RoomOptions(empty_timeout=asked[0], departure_timeout=asked[1]))
        found = await stage.listed(room.ref.name)
        assert found is not None
        assert (room.empty_timeout, room.departure_timeout) == asked
        assert (found.empty_timeout, found.departure_timeout) == asked

    async def test_empty_timeout(self, stage: Stage) -> None:
        stage.needs(Capability.EMPTY_TIMEOUT)
        room = await stage.create(options=RoomOptions(empty_timeout=stage.shortest_timeout))
        await stage.fact(RoomFinished, lambda f: f.room == room.ref)
        await _until_gone(stage, room.ref)

    async def test_departure_timeout(self, stage: Stage) -> None:
        stage.needs(Capability.DEPARTURE_TIMEOUT)
        room = await stage.create(options=RoomOptions(departure_timeout=stage.shortest_timeout))
        await stage.leave(await stage.enter(room.ref))
        await stage.fact(RoomFinished, lambda f: f.room == room.ref)
        await _until_gone(stage, room.ref)

    async def test_record_from_start(self, stage: Stage) -> None:
        stage.needs(Capability.RECORD_FROM_START, Capability.LIST_RECORDINGS)
        room = await stage.create(options=RoomOptions(record=True))
        await stage.enter(room.ref)

        async def recorded() -> bool:
            return [r.room for r in await stage.provider.list_recordings(room.ref)] == [room.ref]

        await eventually(recorded)

    async def test_what_is_recorded_from_the_start_is_arranged_as_asked(self, stage: Stage) -> None:
        stage.needs(Capability.RECORD_FROM_START, Capability.LIST_RECORDINGS, Capability.RECORDING_LAYOUT)
        layout = stage.provider.limits.layouts[-1]
        room = await stage.create(options=RoomOptions(record=True, layout=layout))
        await stage.enter(room.ref)

        async def arranged() -> bool:
            return [r.source.layout for r in await stage.provider.list_recordings(room.ref)] == [layout]

        await eventually(arranged)


def _calls(
    provider: Provider, room: RoomRef, elsewhere: RoomRef, track_id: str, foreign_id: str
) -> dict[Capability, Callable[[], Awaitable[object]]]:
    """Every call about what is in a room, each such that it would do something there.

    But for muting: a track is of one life, so the earlier life is asked for its own.
    """
    return {
        Capability.UPDATE_ROOM_METADATA: lambda: provider.update_room_metadata(room, "{}"),
        Capability.UPDATE_PARTICIPANT: lambda: provider.update_participant(
            room, "ana", ParticipantChanges(name="Ana", permissions=PermissionChanges(can_publish=False))
        ),
        Capability.REMOVE_PARTICIPANT: lambda: provider.remove_participant(room, "ana"),
        Capability.MOVE_PARTICIPANT: lambda: provider.move_participant(room, "ana", elsewhere),
        Capability.FORWARD_PARTICIPANT: lambda: provider.forward_participant(room, "ana", elsewhere),
        Capability.MUTE_TRACK: lambda: provider.mute_track(room, "ana", track_id),
        Capability.UNMUTE_TRACK: lambda: provider.unmute_track(room, "ana", track_id),
        Capability.UPDATE_SUBSCRIPTIONS: lambda: provider.update_subscriptions(
            room, "ana", [foreign_id], subscribe=False
        ),
        Capability.SEND_SIGNAL: lambda: provider.send_signal(room, Signal("to an earlier life")),
        Capability.CLOSE_ROOM: lambda: provider.close_room(room),
    }


async def _until_gone(stage: Stage, room: RoomRef) -> None:
    """A server that keeps its rooms elsewhere may tell of the end a moment before its list knows of it."""

    async def is_gone() -> bool:
        return await stage.listed(room.name) is None

    await eventually(is_gone)
