"""Tokens of ours before three judges: LiveKit's `TokenVerifier`, PyJWT, and the real server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import pytest_asyncio
from livekit.api import (
    CreateRoomRequest,
    CreateSIPParticipantRequest,
    ListEgressRequest,
    ListIngressRequest,
    ListParticipantsRequest,
    ListRoomsRequest,
    ListSIPInboundTrunkRequest,
    LiveKitAPI,
    RoomParticipantIdentity,
    ServerError,
    TokenVerifier,
)
from pydantic import SecretStr

from bot.demo.media import SOURCES
from providers.base import (
    ApiGrant,
    ApiTokenOptions,
    Grant,
    JoinToken,
    PermissionChanges,
    Permissions,
    RoomRef,
    TokenOptions,
    TrackSource,
)
from providers.errors import Unsupported
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.live.clients import Client
from tests.live.server import KEY, SECRET, LiveKitServer
from tests.providers.stage import ODD_NAMES, NotAdmitted, fresh

WATCHING = Permissions(can_publish=False, can_publish_data=False)

TOKENS: dict[str, tuple[Grant, PermissionChanges, Permissions]] = {
    "subscriber": (Grant.SUBSCRIBER, PermissionChanges(), WATCHING),
    "publisher": (Grant.PUBLISHER, PermissionChanges(), Permissions()),
    "moderator": (Grant.MODERATOR, PermissionChanges(), Permissions()),
    "deaf": (Grant.PUBLISHER, PermissionChanges(can_subscribe=False), Permissions(can_subscribe=False)),
    "silent": (Grant.PUBLISHER, PermissionChanges(can_publish=False), Permissions(can_publish=False)),
    "wordless": (Grant.PUBLISHER, PermissionChanges(can_publish_data=False), Permissions(can_publish_data=False)),
    "a watcher who writes": (
        Grant.SUBSCRIBER,
        PermissionChanges(can_publish_data=True),
        Permissions(can_publish=False),
    ),
    "sound alone": (
        Grant.PUBLISHER,
        PermissionChanges(sources=(TrackSource.MICROPHONE,)),
        Permissions(sources=(TrackSource.MICROPHONE,)),
    ),
    "a watcher who shows a screen": (
        Grant.SUBSCRIBER,
        PermissionChanges(sources=(TrackSource.SCREEN_SHARE, TrackSource.SCREEN_SHARE_AUDIO)),
        Permissions(can_publish_data=False, sources=(TrackSource.SCREEN_SHARE, TrackSource.SCREEN_SHARE_AUDIO)),
    ),
    "of one's own metadata": (
        Grant.PUBLISHER,
        PermissionChanges(can_update_metadata=True),
        Permissions(can_update_metadata=True),
    ),
    "of metrics": (
        Grant.PUBLISHER,
        PermissionChanges(can_subscribe_metrics=True),
        Permissions(can_subscribe_metrics=True),
    ),
    "hidden": (Grant.PUBLISHER, PermissionChanges(hidden=True), Permissions(hidden=True)),
    "nothing at all": (
        Grant.MODERATOR,
        PermissionChanges(can_subscribe=False, can_publish=False, can_publish_data=False),
        Permissions(can_subscribe=False, can_publish=False, can_publish_data=False),
    ),
}
"""What is asked for, and what the server must then say of whoever comes in."""

Call = Callable[[LiveKitAPI], Awaitable[object]]

CALLS: dict[ApiGrant, Call] = {
    ApiGrant.CREATE_ROOMS: lambda api: api.room.create_room(CreateRoomRequest(name=fresh("made"))),
    ApiGrant.LIST_ROOMS: lambda api: api.room.list_rooms(ListRoomsRequest()),
    ApiGrant.ADMIN: lambda api: api.room.list_participants(ListParticipantsRequest(room="standup")),
    ApiGrant.RECORD: lambda api: api.egress.list_egress(ListEgressRequest()),
    ApiGrant.INGRESS: lambda api: api.ingress.list_ingress(ListIngressRequest()),
    ApiGrant.SIP: lambda api: api.sip.list_inbound_trunk(ListSIPInboundTrunkRequest()),
    ApiGrant.SIP_CALL: lambda api: api.sip.create_sip_participant(
        CreateSIPParticipantRequest(sip_trunk_id="ST_none", sip_call_to="1", room_name="standup")
    ),
}
"""One call for each grant. Those of workers fail here, for want of Redis, but not for want of a right."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[LiveKitServer]:
    """One for the module: every test has a room of its own."""
    async with LiveKitServer() as server:
        yield server


@pytest.fixture
async def provider(server: LiveKitServer) -> AsyncIterator[LiveKit]:
    settings = LiveKitSettings(url=server.url, api_key=KEY, api_secret=SecretStr(SECRET))
    provider = LiveKit("livekit", settings)
    yield provider
    await provider.aclose()


@pytest.mark.parametrize("name", TOKENS)
async def test_create_token_admits_with_exactly_these_permissions(
    provider: LiveKit, server: LiveKitServer, name: str
) -> None:
    grant, changes, expected = TOKENS[name]
    room = RoomRef("livekit", "", fresh("standup"))
    token = await provider.create_token(room, TokenOptions("ana", name="Ana é", grant=grant, permissions=changes))
    text = token.token.get_secret_value()
    judged = TokenVerifier(KEY, SECRET).verify(text)
    claims = jwt.decode(text, SECRET, algorithms=["HS256"], issuer=KEY, options={"require": ["exp", "nbf", "sub"]})
    assert judged.identity == claims["sub"] == "ana"
    assert judged.name == claims["name"] == "Ana é"
    assert judged.video is not None
    assert judged.video.room_join
    assert bool(judged.video.room_admin) is (grant is Grant.MODERATOR)
    async with await Client.join(token.url, text) as ana, LiveKitAPI(server.url, KEY, SECRET) as api:
        told = await api.room.get_participant(RoomParticipantIdentity(room=room.name, identity="ana"))
        assert told.name == "Ana é"
        seen = told.permission
        assert (seen.can_subscribe, seen.can_publish, seen.can_publish_data, seen.hidden) == (
            expected.can_subscribe,
            expected.can_publish,
            expected.can_publish_data,
            expected.hidden,
        )
        assert (seen.can_update_metadata, seen.can_subscribe_metrics) == (
            expected.can_update_metadata,
            expected.can_subscribe_metrics,
        )
        assert not seen.recorder
        assert not seen.agent
        (listed,) = await provider.list_participants(RoomRef("livekit", await ana.room.sid, room.name))
        assert listed.permissions == expected
        assert [source for source in SOURCES if ana.may_publish(source)] == _publishable(expected)


def _publishable(permissions: Permissions) -> list[TrackSource]:
    if not permissions.can_publish:
        return []
    return [source for source in SOURCES if not permissions.sources or source in permissions.sources]


@pytest.mark.parametrize("identity", ODD_NAMES.values(), ids=ODD_NAMES.keys())
async def test_create_token_keeps_an_odd_identity_name_metadata_and_attributes(
    provider: LiveKit, identity: str
) -> None:
    room = RoomRef("livekit", "", fresh("standup"))
    name, metadata = f"{identity} the first", f"{{ {identity}"
    options = TokenOptions(identity, name=name, metadata=metadata, attributes={"é": identity})
    token = await provider.create_token(room, options)
    async with await _enter(token) as somebody:
        ref = RoomRef("livekit", await somebody.room.sid, room.name)
        (listed,) = await provider.list_participants(ref)
        assert (listed.identity, listed.name, listed.metadata) == (identity, name, metadata)
        assert listed.attributes == {"é": identity}


async def test_create_token_expired_does_not_admit(provider: LiveKit) -> None:
    """The server's leeway is a minute, so it is signed as of an hour ago."""
    options = TokenOptions("ana", ttl=-timedelta(hours=1))
    token = await provider.create_token(RoomRef("livekit", "", fresh("standup")), options)
    assert token.expires_at < datetime.now(UTC)
    with pytest.raises(NotAdmitted):
        await _enter(token)


@pytest.mark.parametrize("grant", CALLS)
async def test_api_token_may_do_what_it_says_and_nothing_else(
    provider: LiveKit, server: LiveKitServer, grant: ApiGrant
) -> None:
    options = ApiTokenOptions(frozenset({grant}), room="standup" if grant is ApiGrant.ADMIN else "")
    text = (await provider.create_api_token(options)).token.get_secret_value()
    assert TokenVerifier(KEY, SECRET).verify(text).identity == ""
    async with LiveKitAPI.with_token(text, url=server.url) as api:
        assert {each for each, call in CALLS.items() if await _is_allowed(call, api)} == {grant}
    with pytest.raises(NotAdmitted):
        await Client.join(server.ws_url, text)


async def test_api_token_of_every_grant_may_do_everything(provider: LiveKit, server: LiveKitServer) -> None:
    options = ApiTokenOptions(frozenset(CALLS), room="standup")
    text = (await provider.create_api_token(options)).token.get_secret_value()
    async with LiveKitAPI.with_token(text, url=server.url) as api:
        assert all([await _is_allowed(call, api) for call in CALLS.values()])


async def test_api_token_for_one_room_is_for_no_other(provider: LiveKit, server: LiveKitServer) -> None:
    options = ApiTokenOptions(frozenset({ApiGrant.ADMIN}), room="standup")
    text = (await provider.create_api_token(options)).token.get_secret_value()
    async with LiveKitAPI.with_token(text, url=server.url) as api:
        assert await _is_allowed(CALLS[ApiGrant.ADMIN], api)
        assert not await _is_allowed(lambda a: a.room.list_participants(ListParticipantsRequest(room="other")), api)


@pytest.mark.parametrize("grant", [ApiGrant.INFERENCE, ApiGrant.OBSERVABILITY, ApiGrant.AGENTS])
async def test_api_token_for_cloud_is_refused_by_name_elsewhere(provider: LiveKit, grant: ApiGrant) -> None:
    with pytest.raises(Unsupported, match=grant.value):
        await provider.create_api_token(ApiTokenOptions(frozenset({grant})))


async def _enter(token: JoinToken) -> Client:
    return await Client.join(token.url, token.token.get_secret_value())


async def _is_allowed(call: Call, api: LiveKitAPI) -> bool:
    try:
        await call(api)
    except ServerError as error:
        return error.status != 401
    return True
