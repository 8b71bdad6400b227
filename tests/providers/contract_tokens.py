"""The part of the contract about tokens: those that admit somebody to a room, and those for programs."""

from datetime import UTC, datetime, timedelta

import pytest

from providers.base import (
    ApiGrant,
    ApiToken,
    ApiTokenOptions,
    Capability,
    Grant,
    JoinToken,
    PermissionChanges,
    Permissions,
    RoomRef,
    TokenOptions,
    TrackSource,
)
from providers.errors import Rejected, Unsupported
from providers.facts import ParticipantJoined
from tests.providers.stage import ODD_NAMES, NotAdmitted, Stage, fresh

PERMISSIONS = {
    "cannot subscribe": PermissionChanges(can_subscribe=False),
    "cannot publish": PermissionChanges(can_publish=False),
    "cannot publish data": PermissionChanges(can_publish_data=False),
    "some sources": PermissionChanges(sources=(TrackSource.CAMERA, TrackSource.MICROPHONE)),
    "every source": PermissionChanges(sources=()),
    "may update metadata": PermissionChanges(can_update_metadata=True),
    "may subscribe to metrics": PermissionChanges(can_subscribe_metrics=True),
    "may manage agent sessions": PermissionChanges(can_manage_agent_session=True),
    "hidden": PermissionChanges(hidden=True),
}


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
        stage.needs(Capability.CREATE_TOKEN)
        stage.needs_webhooks()
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


class TokenPermissions:
    @pytest.mark.parametrize("changes", PERMISSIONS.values(), ids=PERMISSIONS.keys())
    async def test_each_counts_and_the_others_are_as_the_grant_says(
        self, stage: Stage, changes: PermissionChanges
    ) -> None:
        stage.needs(Capability.TOKEN_PERMISSIONS)
        room = await stage.create()
        options = TokenOptions("ana", permissions=changes)
        await stage.join(await stage.provider.create_token(room.ref, options))
        assert (await stage.participant(room.ref, "ana")).permissions == Permissions().changed(changes)

    @pytest.mark.parametrize("sources", [(TrackSource.MICROPHONE,), ()], ids=["one source", "every source"])
    async def test_they_go_beyond_the_grant(self, stage: Stage, sources: tuple[TrackSource, ...]) -> None:
        stage.needs(Capability.TOKEN_PERMISSIONS)
        room = await stage.create()
        changes = PermissionChanges(can_publish_data=True, sources=sources)
        options = TokenOptions("ana", grant=Grant.SUBSCRIBER, permissions=changes)
        token = await stage.provider.create_token(room.ref, options)
        await stage.join(token)
        assert (await stage.participant(room.ref, "ana")).permissions == Permissions(sources=sources)
        assert await stage.publish(token, TrackSource.MICROPHONE)

    async def test_they_are_enforced(self, stage: Stage) -> None:
        stage.needs(Capability.TOKEN_PERMISSIONS)
        room = await stage.create()
        camera_alone = PermissionChanges(sources=(TrackSource.CAMERA,))
        token = await stage.provider.create_token(room.ref, TokenOptions("ana", permissions=camera_alone))
        await stage.join(token)
        assert await stage.publish(token, TrackSource.CAMERA)
        with pytest.raises(NotAdmitted):
            await stage.publish(token, TrackSource.MICROPHONE)

    async def test_a_subscriber_cannot_publish(self, stage: Stage) -> None:
        stage.needs(Capability.CREATE_TOKEN)
        room = await stage.create()
        token = await stage.provider.create_token(room.ref, TokenOptions("ana", grant=Grant.SUBSCRIBER))
        await stage.join(token)
        with pytest.raises(NotAdmitted):
            await stage.publish(token)


class ApiTokens:
    @pytest.mark.parametrize("grant", ApiGrant)
    async def test_each_grant_is_there_alone(self, stage: Stage, grant: ApiGrant) -> None:
        stage.needs(Capability.CREATE_API_TOKEN)
        ttl = timedelta(minutes=20)
        before = datetime.now(UTC).replace(microsecond=0)
        options = ApiTokenOptions(frozenset({grant}), room="standup" if grant is ApiGrant.ADMIN else "", ttl=ttl)
        token = await self._signed(stage, options)
        assert "://" in token.url
        assert token.token.get_secret_value() not in repr(token)
        assert before + ttl <= token.expires_at <= datetime.now(UTC) + ttl + timedelta(seconds=2)
        access = stage.api_access(token)
        assert (access.grants, access.room, access.destination) == (options.grants, options.room, "")
        assert abs(access.expires_at - token.expires_at) <= timedelta(seconds=1)

    async def test_several_grants_with_room_and_destination(self, stage: Stage) -> None:
        stage.needs(Capability.CREATE_API_TOKEN)
        grants = frozenset({ApiGrant.CREATE_ROOMS, ApiGrant.LIST_ROOMS, ApiGrant.ADMIN})
        name, other = ODD_NAMES["emoji"], ODD_NAMES["quotes"]
        token = await stage.provider.create_api_token(ApiTokenOptions(grants, room=name, destination=other))
        access = stage.api_access(token)
        assert (access.grants, access.room, access.destination) == (grants, name, other)

    async def test_it_admits_nobody(self, stage: Stage) -> None:
        stage.needs(Capability.CREATE_API_TOKEN)
        room = await stage.create()
        options = ApiTokenOptions(frozenset({ApiGrant.ADMIN}), room=room.ref.name)
        token = await stage.provider.create_api_token(options)
        assert not stage.api_access(token).admits
        with pytest.raises(NotAdmitted):
            await stage.join(JoinToken(token.token, token.url, room.ref, "ana", token.expires_at))

    async def test_one_that_allows_nothing_is_rejected(self, stage: Stage) -> None:
        stage.needs(Capability.CREATE_API_TOKEN)
        for options in (ApiTokenOptions(frozenset()), ApiTokenOptions(frozenset({ApiGrant.ADMIN}))):
            with pytest.raises(Rejected):
                await stage.provider.create_api_token(options)

    async def _signed(self, stage: Stage, options: ApiTokenOptions) -> ApiToken:
        """Skips the test where the server lacks a grant, which the refusal must name."""
        try:
            return await stage.provider.create_api_token(options)
        except Unsupported as error:
            refusal = error
        assert all(grant.value in refusal.detail for grant in options.grants)
        pytest.skip(f"{refusal.detail}: not on {stage.provider.kind}")
