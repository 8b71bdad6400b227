"""The contract over the stand-in, and what is particular to LiveKit's rooms, participants and tokens."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import jwt
import pytest
from livekit.api import ParticipantInfo, ParticipantPermission
from pydantic import SecretStr

from providers.base import (
    Capability,
    Grant,
    JoinToken,
    Participant,
    RecordingOptions,
    RoomOptions,
    RoomRef,
    TokenOptions,
)
from providers.errors import NotFound, Rejected, Unreachable, Unsupported
from providers.facts import Fact
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.providers.contract import ProviderContract
from tests.providers.livekit_stage import LiveKitStage
from tests.providers.stage import Delivery, NotAdmitted, eventually
from tests.standins.livekit import KEY, SECRET, Fault, LiveKitStandIn, RoomIsFull


class StandInStage(LiveKitStage):
    secrets = (SECRET, "never-to-be-kept")

    def __init__(self, provider: LiveKit, server: LiveKitStandIn) -> None:
        super().__init__(provider, key=KEY, secret=SECRET)
        self._server = server

    async def join(self, token: JoinToken) -> None:
        try:
            self._server.join(token.token.get_secret_value())
        except RoomIsFull as error:
            raise NotAdmitted from error

    async def leave(self, token: JoinToken) -> None:
        self._server.leave(token.room.name, token.identity)

    async def delivery(self) -> Delivery:
        authorization, body = await self._server.deliveries.get()
        return Delivery({"authorization": authorization}, body)


@pytest.fixture
async def server() -> AsyncIterator[LiveKitStandIn]:
    async with LiveKitStandIn() as server:
        yield server


@pytest.fixture
async def provider(server: LiveKitStandIn) -> AsyncIterator[LiveKit]:
    settings = LiveKitSettings(url=server.url, api_key=KEY, api_secret=SecretStr(SECRET))
    provider = LiveKit("livekit", settings)
    yield provider
    await provider.aclose()


class TestLiveKit(ProviderContract):
    @pytest.fixture
    def stage(self, server: LiveKitStandIn, provider: LiveKit) -> StandInStage:
        return StandInStage(provider, server)


class TestRooms:
    async def test_two_who_ask_at_once_are_not_both_told_that_they_made_it(self, provider: LiveKit) -> None:
        answers = await asyncio.gather(*(provider.create_room("standup", RoomOptions()) for _ in range(5)))
        assert sorted(answer.existed for answer in answers) == [False, True, True, True, True]

    async def test_a_room_that_ended_between_our_look_and_our_call_did_not_exist(
        self, server: LiveKitStandIn, provider: LiveKit
    ) -> None:
        earlier = await provider.create_room("standup", RoomOptions())
        server.fail("CreateRoom", Fault.HANGS)
        creating = asyncio.create_task(provider.create_room("standup", RoomOptions()))

        async def has_asked() -> bool:
            return server.calls.count("CreateRoom") == 2

        await eventually(has_asked)
        server.close("standup")
        server.released.set()
        answer = await creating
        assert not answer.existed
        assert answer.room.ref.id != earlier.room.ref.id

    async def test_times_are_whole_seconds_and_never_the_servers_default(
        self, server: LiveKitStandIn, provider: LiveKit
    ) -> None:
        options = RoomOptions(empty_timeout=timedelta(0), departure_timeout=timedelta(seconds=1.2))
        await provider.create_room("standup", options)
        room = server.rooms["standup"]
        assert (room.empty_timeout, room.departure_timeout) == (1, 2)

    @pytest.mark.parametrize(
        ("name", "options"),
        [
            ("", RoomOptions()),
            ("two\nlines", RoomOptions()),
            ("standup", RoomOptions(empty_timeout=timedelta(days=365_000))),
            ("standup", RoomOptions(max_participants=-1)),
            ("standup", RoomOptions(metadata="\ud800")),
            ("standup", RoomOptions(metadata="x" * (512 * 1024 + 1))),
        ],
        ids=["empty", "line break", "time-out beyond 32 bits", "negative", "lone surrogate", "metadata too long"],
    )
    async def test_what_cannot_be_is_rejected(
        self, server: LiveKitStandIn, provider: LiveKit, name: str, options: RoomOptions
    ) -> None:
        with pytest.raises(Rejected):
            await provider.create_room(name, options)
        assert server.rooms == {}

    async def test_recording_from_the_start_is_refused_by_name(self, provider: LiveKit) -> None:
        with pytest.raises(Unsupported, match=Capability.RECORD_FROM_START):
            await provider.create_room("standup", RoomOptions(record=True))

    async def test_the_options_that_are_claimed(self, provider: LiveKit) -> None:
        assert provider.capabilities == {
            Capability.CREATE_ROOM,
            Capability.LIST_ROOMS,
            Capability.CLOSE_ROOM,
            Capability.CREATE_TOKEN,
            Capability.LIST_PARTICIPANTS,
            Capability.MAX_PARTICIPANTS,
            Capability.EMPTY_TIMEOUT,
            Capability.DEPARTURE_TIMEOUT,
            Capability.ROOM_METADATA,
            Capability.ROOM_MADE_ON_JOIN,
            Capability.TOKEN_METADATA,
            Capability.TOKEN_ATTRIBUTES,
        }
        with pytest.raises(Unsupported):
            await provider.start_recording(RoomRef("livekit", "RM_1", "standup"), RecordingOptions())


class TestParticipants:
    @pytest.mark.parametrize(
        ("who", "is_person"),
        [
            (ParticipantInfo(kind=ParticipantInfo.STANDARD), True),
            (ParticipantInfo(kind=ParticipantInfo.SIP), True),
            (ParticipantInfo(kind=ParticipantInfo.CONNECTOR), True),
            (ParticipantInfo(kind=ParticipantInfo.BRIDGE), False),
            (ParticipantInfo(kind=ParticipantInfo.EGRESS), False),
            (ParticipantInfo(kind=ParticipantInfo.INGRESS), False),
            (ParticipantInfo(kind=ParticipantInfo.AGENT), False),
            (ParticipantInfo(permission=ParticipantPermission(hidden=True)), False),
            (ParticipantInfo(permission=ParticipantPermission(recorder=True)), False),
            (ParticipantInfo(permission=ParticipantPermission(agent=True)), False),
        ],
        ids=["standard", "sip", "connector", "bridge", "egress", "ingress", "agent", "hidden", "recorder", "old agent"],
    )
    async def test_machines_are_listed_as_such_and_told_as_such(
        self, server: LiveKitStandIn, provider: LiveKit, who: ParticipantInfo, is_person: bool
    ) -> None:
        room = (await provider.create_room("standup", RoomOptions())).room.ref
        who.identity, who.name, who.is_publisher = "x", "X", True
        server.bring("standup", who)
        (listed,) = await provider.list_participants(room)
        assert listed == Participant(who.sid, "x", "X", listed.joined_at, is_publisher=True, is_person=is_person)
        assert listed.joined_at is not None
        assert round(listed.joined_at.timestamp() * 1000) == who.joined_at_ms
        assert [fact.participant for fact in await _told(server, provider) if fact.type == "participant_joined"] == [
            listed
        ]

    async def test_a_missing_room_is_told_from_a_node_that_does_not_answer(self, server: LiveKitStandIn) -> None:
        server.asks_the_node = True
        provider = LiveKit("livekit", LiveKitSettings(url=server.url, api_key=KEY, api_secret=SecretStr(SECRET)))
        room = (await provider.create_room("standup", RoomOptions())).room.ref
        with pytest.raises(NotFound):
            await provider.list_participants(RoomRef("livekit", "RM_0", "absent"))
        server.fail("ListParticipants", Fault.NO_RESPONSE)
        with pytest.raises(Unreachable):
            await provider.list_participants(room)
        assert server.calls.count("ListParticipants") == 2
        await provider.aclose()


async def _told(server: LiveKitStandIn, provider: LiveKit) -> list[Fact]:
    """The facts of the two deliveries that a room and somebody in it make."""
    deliveries = [await server.deliveries.get(), await server.deliveries.get()]
    return [fact for a, body in deliveries for fact in provider.read_webhook("", {"authorization": a}, body)]


class TestTokens:
    @pytest.mark.parametrize(("grant", "may_publish"), [(g, g is not Grant.SUBSCRIBER) for g in Grant])
    async def test_publishing_is_never_left_to_the_servers_default(
        self, provider: LiveKit, grant: Grant, may_publish: bool
    ) -> None:
        token = await provider.create_token(RoomRef("livekit", "", "standup"), TokenOptions("ana", grant=grant))
        claims = jwt.decode(token.token.get_secret_value(), SECRET, algorithms=["HS256"])
        assert claims["video"] == {
            "room": "standup",
            "roomJoin": True,
            "canSubscribe": True,
            "canPublish": may_publish,
            "canPublishData": may_publish,
            **({"roomAdmin": True} if grant is Grant.MODERATOR else {}),
        }

    async def test_asks_nothing_of_the_server(self, server: LiveKitStandIn, provider: LiveKit) -> None:
        token = await provider.create_token(RoomRef("livekit", "", "standup"), TokenOptions("ana"))
        assert token.url == server.url.replace("http", "ws")
        assert server.calls == []

    @pytest.mark.parametrize(("room", "identity"), [("", "ana"), ("standup", ""), ("standup", "x" * 257)])
    async def test_a_name_that_would_not_admit_is_rejected(self, provider: LiveKit, room: str, identity: str) -> None:
        with pytest.raises(Rejected):
            await provider.create_token(RoomRef("livekit", "", room), TokenOptions(identity))
