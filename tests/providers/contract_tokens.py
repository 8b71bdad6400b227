"""The part of the contract about tokens, and about those who come in by them."""

from datetime import UTC, datetime, timedelta

import pytest

from providers.base import Capability, Grant, RoomRef, TokenOptions
from providers.errors import NotFound
from providers.facts import ParticipantJoined
from tests.providers.stage import ODD_NAMES, Stage, eventually, fresh


class Tokens:
    @pytest.mark.parametrize("grant", Grant)
    async def test_a_token_says_who_may_do_what_and_until_when(self, stage: Stage, grant: Grant) -> None:
        stage.needs(Capability.CREATE_TOKEN)
        room = await stage.create()
        ttl = timedelta(minutes=20)
        before = datetime.now(UTC).replace(microsecond=0)
        token = await stage.provider.create_token(room.ref, TokenOptions("ana", name="Ana é", grant=grant, ttl=ttl))
        assert (token.room, token.identity) == (room.ref, "ana")
        assert "://" in token.url
        assert before + ttl <= token.expires_at <= datetime.now(UTC) + ttl + timedelta(seconds=2)
        read = stage.admission(token)
        assert (read.identity, read.name, read.grant) == ("ana", "Ana é", grant)
        assert read.room in (room.ref.name, room.ref.id)
        assert abs(read.expires_at - token.expires_at) <= timedelta(seconds=1)

    async def test_a_token_admits(self, stage: Stage) -> None:
        room = await stage.create()
        token = await stage.enter(room.ref)
        joined = await stage.fact(ParticipantJoined, lambda f: f.room == room.ref)
        assert joined.participant.identity == token.identity

    async def test_a_token_for_a_room_that_is_not_there_makes_it(self, stage: Stage) -> None:
        stage.needs(Capability.ROOM_MADE_ON_JOIN)
        unborn = RoomRef(stage.provider.name, "", fresh("unborn"))
        token = await stage.enter(unborn)
        assert token.room == unborn
        room = await stage.listed(unborn.name)
        assert room is not None
        assert room.ref.id

    async def test_metadata_and_attributes(self, stage: Stage) -> None:
        stage.needs(Capability.TOKEN_METADATA, Capability.TOKEN_ATTRIBUTES)
        room = await stage.create()
        options = TokenOptions("ana", metadata='{"desk": 7}', attributes={"team": "é"})
        read = stage.admission(await stage.provider.create_token(room.ref, options))
        assert (read.metadata, dict(read.attributes)) == ('{"desk": 7}', {"team": "é"})

    @pytest.mark.parametrize("identity", ODD_NAMES.values(), ids=ODD_NAMES.keys())
    async def test_odd_identities(self, stage: Stage, identity: str) -> None:
        stage.needs(Capability.CREATE_TOKEN)
        if problem := stage.provider.limits.identity_problem(identity):
            pytest.skip(f"{stage.provider.kind} takes no such identity: {problem}")
        room = await stage.create()
        assert stage.admission(await stage.provider.create_token(room.ref, TokenOptions(identity))).identity == identity


class Participants:
    async def test_an_empty_room_has_nobody(self, stage: Stage) -> None:
        stage.needs(Capability.LIST_PARTICIPANTS)
        room = await stage.create()
        assert await stage.provider.list_participants(room.ref) == []

    async def test_they_come_and_go(self, stage: Stage) -> None:
        stage.needs(Capability.LIST_PARTICIPANTS)
        room = await stage.create()
        ana = await stage.enter(room.ref, "ana")
        await stage.enter(room.ref, "bo")
        present = await stage.provider.list_participants(room.ref)
        assert {p.identity for p in present} == {"ana", "bo"}
        assert all(p.is_person and p.id for p in present)
        assert len({p.id for p in present}) == 2
        await eventually(lambda: self._counts(stage, room.ref, 2))
        await stage.leave(ana)
        assert {p.identity for p in await stage.provider.list_participants(room.ref)} == {"bo"}
        await eventually(lambda: self._counts(stage, room.ref, 1))

    async def test_a_room_that_never_was_is_not_empty_but_missing(self, stage: Stage) -> None:
        stage.needs(Capability.LIST_PARTICIPANTS)
        with pytest.raises(NotFound):
            await stage.provider.list_participants(RoomRef(stage.provider.name, "no-such-id", fresh("absent")))

    async def test_an_earlier_life_is_missing_while_the_present_one_is_not(self, stage: Stage) -> None:
        stage.needs(Capability.LIST_PARTICIPANTS, Capability.CLOSE_ROOM)
        earlier = await stage.create()
        await stage.provider.close_room(earlier.ref)
        present = await stage.create(earlier.ref.name)
        await stage.enter(present.ref)
        with pytest.raises(NotFound):
            await stage.provider.list_participants(earlier.ref)
        assert len(await stage.provider.list_participants(present.ref)) == 1

    async def _counts(self, stage: Stage, ref: RoomRef, people: int) -> bool:
        room = await stage.listed(ref.name)
        return room is not None and room.participants == people
