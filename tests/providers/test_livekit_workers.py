"""How it is found out what an installation lacks of what egress needs, and that it has it again."""

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.json_format import MessageToJson
from livekit.api import EgressInfo, EgressStatus, WebEgressRequest, WebhookEvent
from pydantic import SecretStr

from providers.base import Capability, EgressOptions, RoomRef
from providers.errors import NoWorker, Unreachable, Unsupported
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.standins.egress.worker import AT_ONCE, BUSY, refusing
from tests.standins.livekit import KEY, SECRET, Fault, LiveKitStandIn, signed

STARTS = {
    Capability.START_RECORDING,
    Capability.START_STREAM,
    Capability.START_EGRESS,
    Capability.RECORD_FROM_START,
}
PROBE = "StartWebEgress"


@pytest.fixture
def eager(livekit: LiveKit) -> LiveKit:
    """Looks for a worker each time."""
    livekit.probe_pause = livekit.probe_pause_without = timedelta(0)
    return livekit


class TestWorkers:
    async def test_one_that_answers(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        """It refuses the probe, of which no record is left."""
        before = livekit.capabilities
        await livekit.inspect()
        assert livekit.capabilities == before
        assert livekit.lacking_because == {}
        assert await livekit.list_egresses() == []
        (probe,) = standin.starts
        assert probe == WebEgressRequest(audio_only=True)

    async def test_none_and_then_one(self, standin: LiveKitStandIn, eager: LiveKit) -> None:
        before = eager.capabilities
        standin.worker.starts = BUSY
        await eager.inspect()
        assert before - eager.capabilities == STARTS
        assert set(eager.lacking_because) == STARTS
        assert "No egress worker answers" in eager.lacking_because[Capability.START_STREAM]
        standin.worker.starts = AT_ONCE
        await eager.inspect()
        assert eager.capabilities == before
        assert eager.lacking_because == {}

    async def test_silence_while_something_runs_may_be_of_workers_that_are_busy(
        self, standin: LiveKitStandIn, eager: LiveKit, standup: RoomRef
    ) -> None:
        await eager.start_recording(standup, EgressOptions())
        standin.worker.starts = BUSY
        await eager.inspect()
        assert eager.capabilities >= STARTS

    @pytest.mark.parametrize("words", ["not enough CPU", "server is shutting down"])
    async def test_one_that_says_that_it_is_busy(self, standin: LiveKitStandIn, eager: LiveKit, words: str) -> None:
        standin.worker.starts = refusing(words, "unavailable")
        await eager.inspect()
        assert eager.capabilities >= STARTS

    async def test_one_that_never_answers_changes_nothing(self, standin: LiveKitStandIn) -> None:
        standin.fail(PROBE, Fault.HANGS)
        short = LiveKit("livekit", _settings(standin.url), deadline=timedelta(milliseconds=50))
        await short.inspect()
        assert short.capabilities >= STARTS
        await short.aclose()

    async def test_a_server_that_is_down_changes_nothing(self, standin: LiveKitStandIn, eager: LiveKit) -> None:
        standin.worker.starts = BUSY
        await eager.inspect()
        standin.fail("ListEgress", Fault.BAD_GATEWAY, Fault.BAD_GATEWAY)
        with pytest.raises(Unreachable):
            await eager.inspect()
        standin.fail(PROBE, Fault.BAD_GATEWAY)
        with pytest.raises(Unreachable):
            await eager.inspect()
        assert set(eager.lacking_because) == STARTS

    async def test_it_is_not_asked_for_all_the_time(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        for _ in range(3):
            await livekit.inspect()
        assert standin.calls.count(PROBE) == 1
        livekit.probe_pause = timedelta(0)
        await livekit.inspect()
        assert standin.calls.count(PROBE) == 2

    async def test_it_is_asked_for_more_often_while_there_is_none(
        self, standin: LiveKitStandIn, livekit: LiveKit
    ) -> None:
        standin.worker.starts = BUSY
        livekit.probe_pause_without = timedelta(0)
        for _ in range(2):
            await livekit.inspect()
        assert standin.calls.count(PROBE) == 2

    async def test_what_a_webhook_tells_to_begin_has_a_worker(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        standin.worker.starts = BUSY
        await livekit.inspect()
        _deliver(livekit, EgressStatus.EGRESS_COMPLETE)
        assert not STARTS & livekit.capabilities
        _deliver(livekit, EgressStatus.EGRESS_STARTING)
        assert livekit.capabilities >= STARTS

    async def test_what_is_listed_says_nothing_of_workers(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        """The record of a worker that died goes on for ever."""
        standin.worker.starts = BUSY
        await livekit.inspect()
        standin.egresses["EG_1"] = _record(timedelta(minutes=1))
        await livekit.list_recordings()
        assert not STARTS & livekit.capabilities

    async def test_what_was_written_down_long_ago_keeps_no_worker_busy(
        self, standin: LiveKitStandIn, eager: LiveKit
    ) -> None:
        standin.egresses["EG_1"] = _record(timedelta(minutes=4))
        standin.worker.starts = BUSY
        await eager.inspect()
        assert eager.capabilities >= STARTS
        standin.egresses["EG_1"] = _record(timedelta(minutes=6))
        await eager.inspect()
        assert not STARTS & eager.capabilities

    async def test_what_is_known_of_workers_is_noted(self, standin: LiveKitStandIn, eager: LiveKit) -> None:
        assert eager.notes == {"Workers": "not looked for yet"}
        await eager.inspect()
        assert eager.notes["Workers"].startswith("one answered ")
        standin.worker.starts = BUSY
        await eager.inspect()
        assert eager.notes["Workers"].startswith("none answers, looked ")
        assert "looked for again every minute" in eager.lacking_because[Capability.START_RECORDING]
        standin.has_redis = False
        await eager.inspect()
        assert eager.notes == {}

    async def test_a_start_that_nobody_takes_tells_it_at_once(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        await livekit.inspect()
        standin.worker.starts = BUSY
        with pytest.raises(NoWorker):
            await livekit.start_recording(standup, EgressOptions())
        assert set(livekit.lacking_because) == STARTS
        assert Capability.CREATE_ROOM in livekit.capabilities


class TestRedis:
    async def test_without_it_there_is_no_egress_at_all(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        before = livekit.capabilities
        standin.has_redis = False
        with pytest.raises(Unsupported):
            await livekit.list_recordings()
        gone = before - livekit.capabilities
        assert gone == set(livekit.lacking_because) > STARTS
        assert {each for each in before if each.endswith(("_egress", "_egresses", "_streams", "_recordings"))} <= gone
        assert livekit.lacking_because[Capability.LIST_STREAMS] == "This server has no Redis, which egress needs."
        assert livekit.lacking_because[Capability.LIST_INGRESSES] == "This server has no Redis, which ingress needs."
        assert {each for each in before if each.endswith(("_ingress", "_ingresses", "_trunk", "_rule"))} <= gone

    async def test_inspecting_finds_it_out_and_that_it_is_there_again(
        self, standin: LiveKitStandIn, livekit: LiveKit
    ) -> None:
        before = livekit.capabilities
        standin.has_redis = False
        await livekit.inspect()
        assert Capability.LIST_EGRESSES not in livekit.capabilities
        assert PROBE not in standin.calls
        standin.has_redis = True
        await livekit.inspect()
        assert livekit.capabilities == before


def _record(age: timedelta) -> EgressInfo:
    written_at = int((datetime.now(UTC) - age).timestamp() * 1e9)
    return EgressInfo(egress_id="EG_1", status=EgressStatus.EGRESS_ACTIVE, updated_at=written_at)


def _settings(url: str) -> LiveKitSettings:
    return LiveKitSettings(url=url, api_key=KEY, api_secret=SecretStr(SECRET))


def _deliver(livekit: LiveKit, status: EgressStatus) -> None:
    info = EgressInfo(egress_id="EG_1", status=status)
    body = MessageToJson(WebhookEvent(event="egress_updated", id="EV_1", created_at=1, egress_info=info)).encode()
    assert livekit.read_webhook("", {"authorization": signed(body)}, body)
