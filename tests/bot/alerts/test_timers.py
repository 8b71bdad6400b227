"""Planned stops are carried out: when they were planned, once, and whatever the server says to it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bot.alerts import timers
from bot.alerts.timers import AT_ONCE, Timers
from bot.providers import ConfiguredProviders
from providers.base import Capability, RecordingStatus, RoomOptions
from providers.errors import Conflict, NotFound, ProviderError, Unreachable
from providers.facts import RecordingChanged, Source, StopCarriedOut, StopNear
from tests.bot.alerts.house import TEAM
from tests.bot.alerts.stops import HOUR, STOPPED, Flaky, Patience, SetClock, Stage, open_stage, until_logged


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


async def test_a_recording_is_stopped_when_it_was_planned(stage: Stage) -> None:
    recording = await stage.recording()
    await stage.plan(recording)
    async with stage.running():
        assert await stage.status(recording) is RecordingStatus.STARTING
        stage.jump(HOUR)
        await stage.until_done()
    assert await stage.status(recording) is STOPPED
    done = (await stage.told())[-1]
    assert isinstance(done, StopCarriedOut)
    assert (done.problem, done.source, done.by) == ("", Source.TIMER, "UANA")
    state = await stage.house.recording(recording.ref.id)
    assert state.status is STOPPED
    assert state.plan is not None
    assert (state.plan.rev, state.plan.missed) == (1, "")
    words = f"recording stop {recording.ref.id} --provider memory"
    assert await stage.recorded() == [("UANA", words, "done", None)]


async def test_a_room_ends_when_it_was_planned(stage: Stage) -> None:
    room = await stage.room()
    await stage.plan(room)
    async with stage.running():
        stage.jump(HOUR)
        await stage.until_done()
    await stage.told()
    assert await stage.memory.list_rooms() == []
    assert (await stage.house.room(room.id)).is_final
    [(user, words, outcome, _)] = await stage.recorded()
    assert (user, outcome) == ("UANA", "done")
    assert words.startswith("room close standup")


async def test_people_are_warned_once_before(stage: Stage) -> None:
    recording = await stage.recording()
    target = await stage.plan(recording)
    async with stage.running():
        stage.jump(timedelta(minutes=56))
        [near] = await stage.until_told(StopNear)
        assert isinstance(near, StopNear)
        assert near.stops_at == (await stage.stops.of(TEAM, [target]))[0].stops_at
        stage.jump(timedelta(minutes=1))
        assert len(await stage.until_told(StopNear)) == 1
    assert await stage.house.noted() == [(recording.ref.id, "C1", "stop_near")]
    assert await stage.status(recording) is RecordingStatus.STARTING


async def test_a_stop_that_is_put_off_is_not_carried_out(stage: Stage) -> None:
    recording = await stage.recording()
    target = await stage.plan(recording)
    await stage.stops.put_off(TEAM, target, HOUR, by="UBEN", rev=1)
    async with stage.running():
        stage.jump(timedelta(minutes=119))
        await stage.until_told(StopNear)
        assert await stage.status(recording) is RecordingStatus.STARTING
        stage.jump(timedelta(minutes=2))
        await stage.until_done()
    assert [row[0] for row in await stage.recorded()] == ["UBEN"], "who said so last"


async def test_after_a_restart_it_is_said_how_late_it_was(stage: Stage) -> None:
    recording = await stage.recording()
    await stage.plan(recording)
    stage.jump(HOUR + timedelta(minutes=3))
    async with stage.running():
        await stage.until_done()
    assert not any(isinstance(fact, StopNear) for fact in await stage.told()), "it was due already"
    assert [row[3] for row in await stage.recorded()] == ["3 min late: the bot was away"]


async def test_what_ended_by_itself_is_left_alone(stage: Stage) -> None:
    recording = await stage.recording()
    await stage.plan(recording)
    ended = stage.memory.server.finish_recording(recording.ref.id)
    await stage.house.command(RecordingChanged(**stage.origin(), recording=ended), channel=None, user=None)
    assert await stage.states() == ["done"]


async def test_what_ended_without_a_word_is_as_good_as_stopped(stage: Stage) -> None:
    recording = await stage.recording()
    await stage.plan(recording)
    stage.memory.server.finish_recording(recording.ref.id)
    stage.memory.server.faults["stop_recording"] = Unreachable  # nobody is asked to stop it
    async with stage.running():
        stage.jump(HOUR)
        await stage.until_done()
    await stage.told()
    assert (await stage.house.recording(recording.ref.id)).is_final


async def test_the_next_life_of_a_room_is_left_alone(stage: Stage) -> None:
    room = await stage.room()
    await stage.plan(room)
    await stage.memory.close_room(room)
    again = (await stage.memory.create_room("standup", RoomOptions())).room.ref
    async with stage.running():
        stage.jump(HOUR)
        await stage.until_done()
    assert [live.ref for live in await stage.memory.list_rooms()] == [again]
    await stage.told()
    assert (await stage.house.room(room.id)).is_final


@pytest.mark.parametrize("fault", [NotFound, Conflict])
async def test_one_no_of_the_server_proves_nothing(stage: Stage, fault: type[ProviderError]) -> None:
    recording = await stage.recording()
    await stage.plan(recording)
    stage.memory.server.faults["stop_recording"] = fault
    async with stage.running():
        stage.jump(HOUR)
        with capture_logs() as lines:
            await until_logged(lines, "a planned stop waits")
        assert await stage.states() == ["firing"]
        del stage.memory.server.faults["stop_recording"]
        stage.jump(timedelta(seconds=40))
        await stage.until_done()
    assert await stage.status(recording) is STOPPED


async def test_a_room_that_is_listed_is_there_whatever_else_is_said(stage: Stage) -> None:
    room = await stage.room()
    await stage.plan(room)
    stage.memory.server.faults["close_room"] = NotFound
    async with stage.running():
        stage.jump(HOUR)
        with capture_logs() as lines:
            await until_logged(lines, "a planned stop waits")
        assert await stage.states() == ["firing"]
        del stage.memory.server.faults["close_room"]
        stage.jump(timedelta(seconds=40))
        await stage.until_done()


async def test_without_a_list_what_is_not_found_has_ended(stage: Stage) -> None:
    recording = await stage.recording()
    await stage.plan(recording)
    await stage.plan(recording.room)
    await stage.memory.close_room(recording.room)
    stage.memory.server.faults["stop_recording"] = NotFound
    stage.memory.lacking = frozenset({Capability.LIST_RECORDINGS, Capability.LIST_ROOMS})
    async with stage.running():
        stage.jump(HOUR)
        await stage.until_done(2)
    assert [row[2] for row in await stage.recorded()] == ["done", "done"]


async def test_a_server_that_is_away_is_asked_until_it_is_back(stage: Stage) -> None:
    recording = await stage.recording()
    await stage.plan(recording)
    stage.memory.server.faults["*"] = Unreachable
    async with stage.running():
        stage.jump(HOUR)
        with capture_logs() as lines:
            await until_logged(lines, "a planned stop waits")
        assert not any(isinstance(fact, StopCarriedOut) for fact in await stage.told()), "it may be back soon"
        stage.jump(timedelta(minutes=2))
        [failed] = await stage.until_told(StopCarriedOut)
        assert isinstance(failed, StopCarriedOut)
        assert failed.problem == "The video server does not answer."
        with capture_logs() as lines:
            stage.jump(timedelta(minutes=1))
            await until_logged(lines, "a planned stop waits")
        assert len(await stage.until_told(StopCarriedOut)) == 1, "it is said once"
        stage.memory.server.faults.clear()
        stage.jump(timedelta(minutes=1))
        await stage.until_done()
    assert (await stage.house.noted())[0] == (recording.ref.id, "C1", "stop_carried_out")
    assert await stage.status(recording) is STOPPED
    rows = [(outcome, detail) for _, _, outcome, detail in await stage.recorded()]
    assert rows[0][0] == "failed"
    assert str(rows[0][1]).startswith("Unreachable: ")
    assert rows[1] == ("done", "4 min late: the video server was away")


@pytest.mark.parametrize(("late", "pause"), [(4, 4), (32, 18), (50, 10), (90, 30)])
async def test_there_is_a_try_when_people_are_to_hear_of_it(stage: Stage, late: int, pause: int) -> None:
    """And one shortly before, so that one which hangs is over by then."""
    await stage.plan(await stage.recording())
    stage.memory.server.faults["*"] = Unreachable
    async with stage.running():
        with capture_logs() as lines:
            stage.jump(HOUR + timedelta(seconds=late))
            await until_logged(lines, "a planned stop waits")
    [waits] = [line["seconds"] for line in lines if line["event"] == "a planned stop waits"]
    assert waits == pytest.approx(pause, abs=1)


async def test_a_server_that_hangs_is_told_of_in_time(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "BRIEF", timedelta(seconds=0.2))
    await stage.plan(await stage.recording())
    stage.memory.server.delay_seconds = 20
    async with stage.running():
        stage.jump(HOUR + timers.PATIENCE - timers.BRIEF)
        [failed] = await stage.until_told(StopCarriedOut)
        stage.memory.server.delay_seconds = 0
    assert isinstance(failed, StopCarriedOut)
    assert failed.problem == "The video server took too long to answer."
    assert failed.at - failed.stops_at < timers.PATIENCE + timedelta(seconds=5)


async def test_a_server_that_asks_for_patience_gets_it(stage: Stage) -> None:
    recording = await stage.recording()
    await stage.plan(recording)
    stage.memory.server.faults["stop_recording"] = Patience
    async with stage.running():
        stage.jump(HOUR)
        with capture_logs() as lines:
            await until_logged(lines, "a planned stop waits")
    assert [line["seconds"] for line in lines if line["event"] == "a planned stop waits"] == [20.0]


async def test_a_server_that_is_gone_for_good_is_said(stage: Stage) -> None:
    recording = await stage.recording()
    await stage.plan(recording)
    async with stage.running(stage.another(ConfiguredProviders([]))):
        stage.jump(HOUR + timedelta(minutes=2))
        [failed] = await stage.until_told(StopCarriedOut)
    assert isinstance(failed, StopCarriedOut)
    assert failed.problem == "This video server is not configured any more."


async def test_what_we_did_not_foresee_is_said_with_a_reference(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = await stage.recording()
    await stage.plan(recording)
    monkeypatch.setattr(stage.memory.server, "list_recordings", lambda room: 1 / 0)
    with capture_logs() as lines:
        async with stage.running():
            stage.jump(HOUR + timedelta(minutes=2))
            [failed] = await stage.until_told(StopCarriedOut)
    [bug] = [line for line in lines if line["event"] == "a planned stop failed"]
    assert isinstance(failed, StopCarriedOut)
    assert failed.problem == f"Something went wrong on our side ({bug['reference']})."


async def test_what_a_process_left_in_the_middle_is_seen_to(stage: Stage) -> None:
    """It died between its claim and its call; and another one after its call, before it wrote that down."""
    recordings = [await stage.recording("standup"), await stage.recording("retro")]
    for recording in recordings:
        await stage.plan(recording)
    stage.jump(HOUR)
    assert len(await stage.stops.claim(AT_ONCE)) == 2
    await stage.memory.stop_recording(recordings[1].ref)
    async with stage.running(stage.another()):
        await stage.until_done(2)
    assert [await stage.status(recording) is STOPPED for recording in recordings] == [True, True]
    carried_out = [fact for fact in await stage.told() if isinstance(fact, StopCarriedOut)]
    assert [fact.problem for fact in carried_out] == ["", ""]


async def test_more_than_are_done_at_once_are_all_done(stage: Stage) -> None:
    for number in range(AT_ONCE + 5):
        await stage.plan(await stage.room(f"room-{number}"))
    stage.memory.server.delay_seconds = 0.05
    async with stage.running():
        stage.jump(HOUR)
        await stage.until_done(AT_ONCE + 5)
    stage.memory.server.delay_seconds = 0
    assert await stage.memory.list_rooms() == []


async def test_a_clock_that_was_set_is_logged(stage: Stage) -> None:
    clock = SetClock()
    timers = Timers(stage.stops, ConfiguredProviders([stage.memory]), clock)
    with capture_logs() as lines:
        async with stage.running(timers):
            clock.set(seconds=-90)
            timers.wake()
            await until_logged(lines, "the clock was set")
    assert [line["seconds"] for line in lines if line["event"] == "the clock was set"] == [-90.0]


async def test_a_database_that_is_away_is_waited_for(stage: Stage) -> None:
    recording = await stage.recording()
    await stage.plan(recording)
    flaky = Flaky(stage.house.store, stage.clock, stage.house.intake.wake)
    stage.jump(HOUR)
    with capture_logs() as lines:
        async with stage.running(Timers(flaky, ConfiguredProviders([stage.memory]), stage.clock)):
            await stage.until_done()
    warned = [line["event"] for line in lines if line["log_level"] == "warning"]
    assert warned == ["planned stops wait for the database"]
