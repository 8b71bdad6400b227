"""The provider contract on a real livekit-server, and the failures that only a real one can show."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio
from livekit.api import ListParticipantsRequest, LiveKitAPI, ParticipantInfo, TokenVerifier, WebhookReceiver
from pydantic import SecretStr

from providers.base import JoinToken, RoomOptions, RoomRef, TokenOptions, TrackSource
from providers.errors import Forged, NotFound, TimedOut, Unauthenticated, Unreachable
from providers.facts import ParticipantJoined, ParticipantLeft, RoomFinished, RoomStarted
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.live.clients import Client
from tests.live.server import KEY, SECRET, LiveKitServer
from tests.providers.contract import ProviderContract
from tests.providers.livekit_stage import LiveKitStage
from tests.providers.stage import Delivery, Heard, NotAdmitted, Receiver, eventually, fresh

pytestmark = pytest.mark.asyncio(loop_scope="module")


class LiveStage(LiveKitStage):
    """Clients are LiveKit's own; the server is asked by LiveKit's own API whether they are there."""

    secrets = (SECRET,)

    def __init__(self, provider: LiveKit, api: LiveKitAPI, receiver: Receiver) -> None:
        super().__init__(provider, key=KEY, secret=SECRET)
        self._api = api
        self._receiver = receiver
        self._clients: list[tuple[JoinToken, Client]] = []

    async def join(self, token: JoinToken) -> None:
        self._clients.append((token, await Client.join(token.url, token.token.get_secret_value())))
        await eventually(lambda: self._lists(token, True))

    async def leave(self, token: JoinToken) -> None:
        await self._client(token).leave()
        await eventually(lambda: self._lists(token, False))

    async def publish(self, token: JoinToken, source: TrackSource = TrackSource.MICROPHONE) -> str:
        track_id = await self._client(token).publish(source)

        async def listed() -> bool:
            return track_id in [track.sid for who in await self._present(token) for track in who.tracks]

        await eventually(listed)
        return track_id

    async def receives(self, token: JoinToken, track_id: str, wanted: bool = True) -> None:
        client = self._client(token)
        if wanted:
            await client.sees(track_id)
        else:
            await client.loses(track_id)

    async def learns_of_mute(self, token: JoinToken, track_id: str) -> None:
        client = self._client(token)
        await client.until(lambda: client.is_muted(track_id) or None)

    async def signal(self, token: JoinToken) -> Heard:
        return await self._client(token).hears()

    async def disconnected(self, token: JoinToken) -> None:
        await self._client(token).thrown_out()

    async def delivery(self) -> Delivery:
        return await self._receiver.next()

    async def aclose(self) -> None:
        for _, client in self._clients:
            await client.leave()

    def _client(self, token: JoinToken) -> Client:
        """The last who came in by it. Two tokens of one second may be equal, so they are told apart by identity."""
        return next(client for used, client in reversed(self._clients) if used is token)

    async def _lists(self, token: JoinToken, wanted: bool) -> bool:
        return (token.identity in [who.identity for who in await self._present(token)]) is wanted

    async def _present(self, token: JoinToken) -> list[ParticipantInfo]:
        present = await self._api.room.list_participants(ListParticipantsRequest(room=token.room.name))
        return list(present.participants)


def livekit(url: str, *, secret: str = SECRET, deadline: timedelta = timedelta(seconds=10)) -> LiveKit:
    settings = LiveKitSettings(url=url, api_key=KEY, api_secret=SecretStr(secret))
    return LiveKit("livekit", settings, deadline=deadline)


@dataclass(frozen=True)
class House:
    """A server, and where its webhooks go."""

    server: LiveKitServer
    receiver: Receiver


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[House]:
    """One for the module: the contract calls its rooms by fresh names and runs on a server in use."""
    async with Receiver() as receiver, LiveKitServer(webhook_url=receiver.url) as server:
        yield House(server, receiver)


@pytest_asyncio.fixture(loop_scope="module")
async def stage(house: House) -> AsyncIterator[LiveStage]:
    provider = livekit(house.server.url)
    async with LiveKitAPI(house.server.url, KEY, SECRET) as api:
        stage = LiveStage(provider, api, house.receiver)
        yield stage
        await stage.aclose()
    await provider.aclose()


class TestLiveKitServer(ProviderContract):
    """The whole contract."""


class TestFailures:
    async def test_wrong_secret_dead_server_and_unknown_room_are_told_apart(self) -> None:
        async with LiveKitServer() as server:
            provider, stranger = livekit(server.url), livekit(server.url, secret="x" * 32)
            await provider.ping()
            with pytest.raises(NotFound):
                await provider.list_participants(RoomRef("livekit", "RM_none", "absent"))
            with pytest.raises(NotFound):
                await provider.close_room(RoomRef("livekit", "RM_none", "absent"))
            with pytest.raises(Unauthenticated) as refused:
                await stranger.ping()
            assert "eyJ" not in f"{refused.value!r}{refused.value.__cause__!r}"
            await server.stop()
            with pytest.raises(Unreachable) as unanswered:
                await provider.ping()
            assert not isinstance(unanswered.value, TimedOut)
            await provider.aclose()
            await stranger.aclose()

    async def test_a_server_that_asks_the_node_for_participants(self) -> None:
        """The setting is announced to become the default: an unknown room then costs a 503 after a while."""
        async with LiveKitServer(settings="api: {enable_psrpc_for_get_list_participants: true}\n") as server:
            provider = livekit(server.url)
            room = (await provider.create_room("standup", RoomOptions())).room.ref
            assert await provider.list_participants(room) == []
            with pytest.raises(NotFound):
                await provider.list_participants(RoomRef("livekit", "RM_none", "absent"))
            await provider.aclose()

    async def test_a_token_of_another_secret_does_not_admit(self, stage: LiveStage) -> None:
        stranger = livekit(stage.provider.address, secret="x" * 32)
        token = await stranger.create_token(RoomRef("livekit", "", "standup"), TokenOptions("ana"))
        with pytest.raises(NotAdmitted):
            await stage.join(token)


class TestWebhooks:
    async def test_every_delivery_is_accepted_by_ours_and_by_livekits_reader_alike(self, stage: LiveStage) -> None:
        room = await stage.create(fresh("watched"))
        await stage.leave(await stage.enter(room.ref, "ana"))
        await stage.enter(room.ref, "bo")
        await stage.provider.close_room(room.ref)
        judge = WebhookReceiver(TokenVerifier(KEY, SECRET))
        seen: list[str] = []
        passwords: set[str] = set()
        async with asyncio.timeout(10):
            while "room_finished" not in seen:
                delivery = await stage.delivery()
                if room.ref.id.encode() not in delivery.body:
                    continue  # an earlier test's
                event = judge.receive(delivery.body.decode(), delivery.headers["authorization"])
                facts = stage.read(delivery)
                assert [(fact.key, fact.type) for fact in facts] == [(event.id, event.event)]
                with pytest.raises(Forged):
                    stage.read(Delivery(delivery.headers, delivery.body.replace(b"watched", b"altered")))
                passwords.add(event.room.turn_password)
                stage.told += facts
                seen.append(event.event)
        assert {type(fact) for fact in stage.told} == {RoomStarted, ParticipantJoined, ParticipantLeft, RoomFinished}
        (password,) = passwords - {""}
        assert password not in repr(stage.told)
        assert seen.index("room_started") < seen.index("room_finished")
