"""The provider contract on a real livekit-server, and the failures that only a real one can show."""

import asyncio
import traceback
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from livekit.api import TokenVerifier, WebhookReceiver
from pydantic import SecretStr

from providers.base import (
    Capability,
    EgressOptions,
    IngressChanges,
    IngressInput,
    IngressOptions,
    IngressStatus,
    RoomOptions,
    RoomRef,
    StreamStatus,
    TokenOptions,
)
from providers.errors import (
    Forged,
    LeftBehind,
    NotFound,
    NoWorker,
    ProviderError,
    TimedOut,
    Unauthenticated,
    Unreachable,
    Unsupported,
)
from providers.facts import IngressChanged, ParticipantJoined, ParticipantLeft, RoomFinished, RoomStarted, ThingKind
from tests.live.house import House, LiveStage, livekit
from tests.live.server import KEY, SECRET, LiveKitServer
from tests.providers.contract import ProviderContract
from tests.providers.stage import Delivery, NotAdmitted, Stage, fresh
from tests.standins.ingress import worker as fetching

pytestmark = pytest.mark.asyncio(loop_scope="module")


URL, OTHER = SecretStr("rtmp://a.example/live/a-key-of-ours"), SecretStr("rtmps://b.example/live/another-of-ours")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[House]:
    """One for the module: the contract calls its rooms by fresh names and runs on a server in use."""
    async with House.open() as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def stage(house: House) -> AsyncIterator[LiveStage]:
    async with house.stage() as stage:
        yield stage


class TestLiveKitServer(ProviderContract):
    """The whole contract."""

    async def test_without_a_worker_nothing_is_claimed(self, stage: Stage) -> None:
        """On a server of its own: where something runs, or a dead worker has left a record that says so, its workers
        may be busy and are not given up."""
        async with House.open() as house, house.stage() as alone:
            await super().test_without_a_worker_nothing_is_claimed(alone)


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


class TestEgress:
    async def test_the_look_for_a_worker_leaves_nothing_behind(self, stage: LiveStage) -> None:
        """It is a start that every worker refuses: neither a record nor a webhook comes of it."""
        before = await stage.provider.list_egresses()
        await stage.provider.inspect()
        assert Capability.START_EGRESS in stage.provider.capabilities
        assert await stage.provider.list_egresses() == before
        room = (await stage.create()).ref
        await stage.fact(RoomStarted, lambda fact: fact.room == room)
        assert not [fact for fact in stage.told if fact.thing in (ThingKind.RECORDING, ThingKind.STREAM)]

    async def test_a_dead_worker_is_no_missing_one(self, stage: LiveStage) -> None:
        """The server answers another destination by the 503 that means "no worker" elsewhere."""
        room, _ = await stage.sending()
        stream = await stage.provider.start_stream(room, EgressOptions(urls=(URL,)))
        await stage.stream(stream, StreamStatus.LIVE)
        await stage.kill_worker(stream.ref.id)
        with pytest.raises(LeftBehind):
            await stage.provider.update_stream(stream.ref, add=[OTHER])
        with pytest.raises(LeftBehind):
            await stage.provider.stop_stream(stream.ref)
        assert Capability.START_STREAM in stage.provider.capabilities

    @pytest.mark.parametrize("change", ["add", "remove"])
    async def test_no_refusal_tells_a_key(self, stage: LiveStage, change: str) -> None:
        """The worker repeats the whole address."""
        room, _ = await stage.sending()
        stream = await stage.provider.start_stream(room, EgressOptions(urls=(URL,)))
        await stage.stream(stream, StreamStatus.LIVE)
        wrong = SecretStr("rtmp://media.example.com/a-key-without-an-application")
        with pytest.raises(ProviderError) as refused:
            await stage.provider.update_stream(stream.ref, **{change: [wrong]})
        told = "".join(traceback.format_exception(refused.value)) + repr(refused.value) + refused.value.detail
        assert "a-key-without" not in told
        (listed,) = await stage.provider.list_streams(room)
        assert [each.id for each in listed.destinations] == [stage.provider.destination_id(URL)]

    async def test_of_several_changes_one_may_be_made(self, stage: LiveStage) -> None:
        """The server adds one and refuses to remove the other, in one answer."""
        room, _ = await stage.sending()
        stream = await stage.provider.start_stream(room, EgressOptions(urls=(URL,)))
        await stage.stream(stream, StreamStatus.LIVE)
        with pytest.raises(NotFound):
            await stage.provider.update_stream(
                stream.ref, add=[OTHER], remove=[SecretStr("rtmp://c.example/live/never-there")]
            )
        (listed,) = await stage.provider.list_streams(room)
        ids = [stage.provider.destination_id(url) for url in (URL, OTHER)]
        assert [each.id for each in listed.destinations] == ids


class TestIngress:
    async def test_an_update_ends_a_failure_and_is_told_after_it(self, stage: LiveStage) -> None:
        """By a webhook that is otherwise as old as the failure."""
        created = await stage.provider.create_ingress(IngressOptions(IngressInput.WHIP, fresh("stage"), "camera"))
        ref = created.ingress.ref
        await stage.encoder_sends(created)
        await stage.encoder_fails(created.ingress, "no key frame came")
        preset = stage.provider.limits.ingress_presets[0]
        changed = await stage.provider.update_ingress(ref, IngressChanges(is_transcoded=True, preset=preset))
        assert (changed.status, changed.is_transcoded, changed.error) == (IngressStatus.WAITING, True, None)
        failed = await stage.fact(IngressChanged, lambda f: f.ingress.ref == ref and f.ingress.error is not None)
        reset = await stage.fact(
            IngressChanged, lambda f: f.ingress.ref == ref and f.ingress.status is IngressStatus.WAITING
        )
        assert failed.at < reset.at

    async def test_nobody_fetches_and_somebody_refuses_to(self, stage: LiveStage, house: House) -> None:
        """No refusal tells what is secret in the address, which the worker repeats."""
        film = SecretStr("https://cam:a-password-of-ours@films.example.com/vod/take.mp4")
        asked = IngressOptions(IngressInput.URL, fresh("stage"), "film", url=film)
        for starts, kind in (
            (fetching.BUSY, NoWorker),
            (fetching.refusing(f"cannot open {film.get_secret_value()}"), ProviderError),
        ):
            house.ingress_worker.starts = starts
            with pytest.raises(kind) as refused:
                await stage.provider.create_ingress(asked)
            assert "a-password" not in "".join(traceback.format_exception(refused.value)) + refused.value.detail
        house.ingress_worker.starts = fetching.failing("403 Forbidden")
        failing = (await stage.provider.create_ingress(asked)).ingress
        told = await stage.fact(IngressChanged, lambda fact: fact.ingress.ref == failing.ref)
        assert (told.ingress.status, told.ingress.error) == (IngressStatus.FAILED, "403 Forbidden")

    async def test_without_redis(self) -> None:
        """The server would panic at an update."""
        async with LiveKitServer() as server:
            provider = livekit(server.url)
            with pytest.raises(Unsupported):
                await provider.list_ingresses()
            assert Capability.CREATE_INGRESS not in provider.capabilities
            assert "panic" not in server.log
            await provider.aclose()
