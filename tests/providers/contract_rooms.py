"""The part of the contract about rooms."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from providers.base import Capability, RoomOptions
from providers.errors import NotFound, Rejected
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


class RoomOptionsOnServer:
    async def test_metadata(self, stage: Stage) -> None:
        stage.needs(Capability.ROOM_METADATA)
        room = await stage.create(options=RoomOptions(metadata='{"topic": "é🎬"}'))
        assert room.metadata == '{"topic": "é🎬"}'
        found = await stage.listed(room.ref.name)
        assert found is not None
        assert found.metadata == room.metadata

    async def test_max_participants(self, stage: Stage) -> None:
        stage.needs(Capability.MAX_PARTICIPANTS)
        room = await stage.create(options=RoomOptions(max_participants=1))
        assert room.max_participants == 1
        await stage.enter(room.ref, "ana")
        with pytest.raises(NotAdmitted):
            await stage.enter(room.ref, "bo")

    async def test_empty_timeout(self, stage: Stage) -> None:
        stage.needs(Capability.EMPTY_TIMEOUT)
        room = await stage.create(options=RoomOptions(empty_timeout=stage.shortest_timeout))
        await stage.fact(RoomFinished, lambda f: f.room == room.ref)
        assert await stage.listed(room.ref.name) is None

    async def test_departure_timeout(self, stage: Stage) -> None:
        stage.needs(Capability.DEPARTURE_TIMEOUT)
        room = await stage.create(options=RoomOptions(departure_timeout=stage.shortest_timeout))
        await stage.leave(await stage.enter(room.ref))
        await stage.fact(RoomFinished, lambda f: f.room == room.ref)
        assert await stage.listed(room.ref.name) is None

    async def test_record_from_start(self, stage: Stage) -> None:
        stage.needs(Capability.RECORD_FROM_START, Capability.LIST_RECORDINGS)
        room = await stage.create(options=RoomOptions(record=True))
        await stage.enter(room.ref)

        async def recorded() -> bool:
            return [r.room for r in await stage.provider.list_recordings(room.ref)] == [room.ref]

        await eventually(recorded)
