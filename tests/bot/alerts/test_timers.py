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
from providers.base import Capability, RoomOptions
from providers.errors import Conflict, LeftBehind, NotFound, ProviderError, Unreachable
from providers.facts import (
    Condition,
    ConditionSeen,
    RecordingChanged,
    Source,
    StopCarriedOut,
    StopNear,
    ThingKind,
)
from tests.bot.alerts.house import TEAM
from tests.bot.alerts.stops import HOUR, STOPPED, Flaky, Patience, SetClock, Stage, open_stage, until_logged


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


FEEDS = pytest.mark.parametrize("kind", [ThingKind.RECORDING, ThingKind.STREAM])


@FEEDS
async def test_it_is_stopped_when_it_was_planned(stage: Stage, kind: ThingKind) -> None:
    feed = await stage.feed(kind)
    await stage.plan(feed)
    async with stage.running():
        assert await stage.status(feed) == "starting"
        stage.jump(HOUR)
        await stage.until_done()
    assert await stage.status(feed) == STOPPED
    done = (await stage.told())[-1]
    assert isinstance(done, StopCarriedOut)
    assert (done.thing, done.problem, done.source, done.by) == (kind, "", Source.TIMER, "UANA")
    state = await stage.state(feed)
    assert state.status == STOPPED
    assert state.plan is not None
    assert (state.plan.rev, state.plan.missed) == (1, "")
    words = f"{kind} stop {feed.ref.id} --provider memory"
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
    assert await stage.status(recording) == "starting"


async def test_a_stop_that_is_put_off_is_not_carried_out(stage: Stage) -> None:
    recording = await stage.recording()
    target = await stage.plan(recording)
    await stage.stops.put_off(TEAM, target, HOUR, by="UBEN", rev=1)
    async with stage.running():
        stage.jump(timedelta(minutes=119))
        await stage.until_told(StopNear)
        assert await stage.status(recording) == "starting"
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


@FEEDS
async def test_what_ended_without_a_word_is_as_good_as_stopped(stage: Stage, kind: ThingKind) -> None:
    feed = await stage.feed(kind)
    await stage.plan(feed)
    end = stage.memory.server.finish_recording if kind is ThingKind.RECORDING else stage.memory.server.end_stream
    end(feed.ref.id)
    stage.memory.server.faults[f"stop_{kind}"] = Unreachable  # nobody is asked to stop it
    async with stage.running():
        stage.jump(HOUR)
        await stage.until_done()
    await stage.told()
    assert (await stage.state(feed)).is_final


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


@FEEDS
@pytest.mark.parametrize("fault", [NotFound, Conflict])
async def test_one_no_of_the_server_proves_nothing(stage: Stage, fault: type[ProviderError], kind: ThingKind) -> None:
    feed = await stage.feed(kind)
    await stage.plan(feed)
    stage.memory.server.faults[f"stop_{kind}"] = fault
    async with stage.running():
        stage.jump(HOUR)
        with capture_logs() as lines:
            await until_logged(lines, "a planned stop waits")
        assert await stage.states() == ["firing"]
        del stage.memory.server.faults[f"stop_{kind}"]
        stage.jump(timedelta(seconds=40))
        await stage.until_done()
    assert await stage.status(feed) == STOPPED


@FEEDS
async def test_what_its_worker_has_left_behind_is_said_and_given_up(stage: Stage, kind: ThingKind) -> None:
    feed = await stage.feed(kind)
    await stage.plan(feed)
    stage.memory.server.abandon(feed.ref.id)
    async with stage.running():
        stage.jump(HOUR)
        with capture_logs() as lines:
            await until_logged(lines, "a planned stop waits")
        assert await stage.states() == ["firing"], "a worker that is slow looks the same"
        stage.jump(timedelta(minutes=2))
        await stage.until_done()
    odd, failed = (await stage.told())[-2:]
    assert isinstance(odd, ConditionSeen)
    assert isinstance(failed, StopCarriedOut)
    assert (odd.thing_id, odd.condition, failed.problem) == (feed.ref.id, Condition.LEFT_BEHIND, LeftBehind.what)
    state = await stage.state(feed)
    assert state.plan is not None
    assert (state.condition, state.plan.missed) == (Condition.LEFT_BEHIND, LeftBehind.what)
    [(user, _, outcome, detail)] = await stage.recorded()
    assert (user, outcome) == ("UANA", "failed")
    assert str(detail).startswith("LeftBehind: ")


@FEEDS
async def test_a_worker_that_was_slow_stops_it_after_all(stage: Stage, kind: ThingKind) -> None:
    feed = await stage.feed(kind)
    await stage.plan(feed)
    stage.memory.server.faults[f"stop_{kind}"] = LeftBehind
    async with stage.running():
        stage.jump(HOUR)
        with capture_logs() as lines:
            await until_logged(lines, "a planned stop waits")
        del stage.memory.server.faults[f"stop_{kind}"]
        stage.jump(timedelta(seconds=40))
        await stage.until_done()
    assert await stage.status(feed) == STOPPED
    assert not any(isinstance(fact, ConditionSeen) for fact in await stage.told())


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
    recording, stream = await stage.recording(), await stage.stream()
    await stage.plan(recording)
    await stage.plan(stream)
    await stage.plan(recording.room)
    await stage.memory.close_room(recording.room)
    stage.memory.server.faults |= {"stop_recording": NotFound, "stop_stream": NotFound}
    lists = {Capability.LIST_RECORDINGS, Capability.LIST_STREAMS, Capability.LIST_ROOMS}
    stage.memory.lacking = frozenset(lists)
    async with stage.running():
        stage.jump(HOUR)
        await stage.until_done(3)
    assert [row[2] for row in await stage.recorded()] == ["done"] * 3


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
    assert await stage.status(recording) == STOPPED
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
    assert [await stage.status(recording) == STOPPED for recording in recordings] == [True, True]
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
