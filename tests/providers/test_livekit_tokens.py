"""What is particular to LiveKit's tokens."""

from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from providers.base import (
    ApiGrant,
    ApiTokenOptions,
    Grant,
    PermissionChanges,
    RoomRef,
    TokenOptions,
    TrackSource,
)
from providers.errors import Rejected, Unsupported
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.standins.livekit import KEY, SECRET, LiveKitStandIn


def claims(token: SecretStr) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(token.get_secret_value(), SECRET, algorithms=["HS256"])
    return decoded


class TestToJoin:
    @pytest.mark.parametrize(("grant", "may_publish"), [(g, g is not Grant.SUBSCRIBER) for g in Grant])
    async def test_publishing_is_never_left_to_the_servers_default(
        self, livekit: LiveKit, grant: Grant, may_publish: bool
    ) -> None:
        token = await livekit.create_token(RoomRef("livekit", "", "standup"), TokenOptions("ana", grant=grant))
        assert claims(token.token)["video"] == {
            "room": "standup",
            "roomJoin": True,
            "canSubscribe": True,
            "canPublish": may_publish,
            "canPublishData": may_publish,
            **({"roomAdmin": True} if grant is Grant.MODERATOR else {}),
        }

    async def test_asks_nothing_of_the_server(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        token = await livekit.create_token(RoomRef("livekit", "", "standup"), TokenOptions("ana"))
        assert token.url == standin.url.replace("http", "ws")
        assert standin.calls == []

    @pytest.mark.parametrize(("room", "identity"), [("", "ana"), ("standup", ""), ("standup", "x" * 257)])
    async def test_a_name_that_would_not_admit_is_rejected(self, livekit: LiveKit, room: str, identity: str) -> None:
        with pytest.raises(Rejected):
            await livekit.create_token(RoomRef("livekit", "", room), TokenOptions(identity))

    @pytest.mark.parametrize(
        ("grant", "changes", "said"),
        [
            (Grant.PUBLISHER, PermissionChanges(can_publish=False), {"canPublish": False}),
            (Grant.PUBLISHER, PermissionChanges(can_subscribe=False), {"canSubscribe": False}),
            (Grant.SUBSCRIBER, PermissionChanges(can_publish_data=True), {"canPublishData": True}),
            (
                Grant.SUBSCRIBER,
                PermissionChanges(sources=(TrackSource.CAMERA, TrackSource.SCREEN_SHARE_AUDIO)),
                {"canPublish": True, "canPublishSources": ["camera", "screen_share_audio"]},
            ),
            (Grant.PUBLISHER, PermissionChanges(sources=()), {}),
            (Grant.SUBSCRIBER, PermissionChanges(sources=()), {"canPublish": True}),
            (
                Grant.MODERATOR,
                PermissionChanges(
                    hidden=True, can_update_metadata=True, can_subscribe_metrics=True, can_manage_agent_session=True
                ),
                {
                    "hidden": True,
                    "canUpdateOwnMetadata": True,
                    "canSubscribeMetrics": True,
                    "canManageAgentSession": True,
                },
            ),
        ],
        ids=[
            "no publishing",
            "no subscribing",
            "data alone",
            "two sources",
            "every source",
            "every one again",
            "the rest",
        ],
    )
    async def test_permissions_go_over_what_the_grant_says(
        self, livekit: LiveKit, grant: Grant, changes: PermissionChanges, said: dict[str, Any]
    ) -> None:
        room = RoomRef("livekit", "", "standup")
        plain = await livekit.create_token(room, TokenOptions("ana", grant=grant))
        token = await livekit.create_token(room, TokenOptions("ana", grant=grant, permissions=changes))
        assert claims(token.token)["video"] == claims(plain.token)["video"] | said


NOBODY = {"canPublish": False, "canSubscribe": False, "canPublishData": False}


class TestForTheApi:
    @pytest.mark.parametrize(
        ("grant", "said"),
        [
            (ApiGrant.CREATE_ROOMS, {"video": {"roomCreate": True}}),
            (ApiGrant.LIST_ROOMS, {"video": {"roomList": True}}),
            (ApiGrant.ADMIN, {"video": {"roomAdmin": True, "room": "standup", "destinationRoom": "retro"}}),
            (ApiGrant.RECORD, {"video": {"roomRecord": True}}),
            (ApiGrant.INGRESS, {"video": {"ingressAdmin": True}}),
            (ApiGrant.SIP, {"sip": {"admin": True, "call": False}}),
            (ApiGrant.SIP_CALL, {"sip": {"admin": False, "call": True}}),
        ],
    )
    async def test_says_what_was_granted_and_nothing_else(
        self, livekit: LiveKit, grant: ApiGrant, said: dict[str, dict[str, Any]]
    ) -> None:
        options = ApiTokenOptions(frozenset({grant}), room="standup", destination="retro")
        token = await livekit.create_api_token(options)
        signed = claims(token.token)
        assert signed.pop("video") == NOBODY | said.pop("video", {})
        assert {name: claim for name, claim in signed.items() if isinstance(claim, dict)} == said
        assert signed["sub"] == ""

    async def test_asks_nothing_of_the_server_and_leads_to_its_api(
        self, standin: LiveKitStandIn, livekit: LiveKit
    ) -> None:
        token = await livekit.create_api_token(ApiTokenOptions(frozenset({ApiGrant.LIST_ROOMS})))
        assert token.url == standin.url
        assert standin.calls == []

    @pytest.mark.parametrize(
        ("grant", "claim"),
        [
            (ApiGrant.INFERENCE, {"inference": {"perform": True}}),
            (ApiGrant.OBSERVABILITY, {"observability": {"write": True}}),
            (
                ApiGrant.AGENTS,
                {"agent": {"admin": True, "simulationAdmin": False, "databaseAdmin": False, "dispatchAdmin": False}},
            ),
        ],
    )
    async def test_what_only_the_cloud_has(self, livekit: LiveKit, grant: ApiGrant, claim: dict[str, Any]) -> None:
        options = ApiTokenOptions(frozenset({grant, ApiGrant.LIST_ROOMS}))
        with pytest.raises(Unsupported, match=grant):
            await livekit.create_api_token(options)
        url = "https://showcaller-1.livekit.cloud"
        cloud = LiveKit("cloud", LiveKitSettings(url=url, api_key=KEY, api_secret=SecretStr(SECRET)))
        signed = claims((await cloud.create_api_token(options)).token)
        assert claim.items() <= signed.items()
        assert signed["video"]["roomList"]

    @pytest.mark.parametrize(
        "options",
        [
            ApiTokenOptions(frozenset()),
            ApiTokenOptions(frozenset({ApiGrant.ADMIN})),
            ApiTokenOptions(frozenset({ApiGrant.ADMIN}), room="x" * 257),
        ],
        ids=["no grant", "no room", "a room that cannot be"],
    )
    async def test_what_would_allow_nothing_is_rejected(self, livekit: LiveKit, options: ApiTokenOptions) -> None:
        with pytest.raises(Rejected):
            await livekit.create_api_token(options)
