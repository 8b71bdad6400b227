"""What operators of LiveKit's egress ask about, and where it misleads them, through Slack to a real server.

Each is recognised, said in words on the card or in the answer, and leads on by a button, which is pressed.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from livekit.protocol import egress as pb

from bot.demo.slack import Message
from providers.base import TrackSource
from providers.facts import Condition
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.talk import accepted, heard, labels
from tests.live.studio import FIRST, RECORDING, SECOND, STREAM, Studio
from tests.providers.stage import PATIENCE_SECONDS
from tests.standins.egress.egress import ABORTED, ACTIVE, COMPLETE, ENDING, STARTING
from tests.standins.egress.worker import BUSY, FROZEN, WAITING


@pytest.fixture
async def studio(recording_studio: Studio) -> Studio:
    """With the room in it, in which ana sends."""
    await recording_studio.ask("room create standup")
    await recording_studio.perform("ana", TrackSource.CAMERA)
    return recording_studio


async def told_late(studio: Studio, words: str) -> Message:
    """The answer to a command that waits for a worker, seven seconds on this server."""
    world = studio.world
    before = heard(world, world.operator)
    accepted(await world.slack.command(world.operator, world.general, f"/video {words}"))

    def answer() -> Message | None:
        new = (m for m in heard(world, world.operator) if m not in before)
        return next((m for m in new if "takes longer than usual" not in m.words), None)

    return await world.slack.until(answer, timeout=PATIENCE_SECONDS)


# Why it does not begin.


@pytest.fixture
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is compared all the time, and little soon seems long."""
    monkeypatch.setattr("bot.settings.AlertSettings.reconcile_interval", timedelta(milliseconds=200))
    monkeypatch.setattr("bot.alerts.looking.MISSED_FOR", timedelta())
    monkeypatch.setattr("bot.alerts.conditions.PATIENCE", dict.fromkeys(Condition, timedelta(milliseconds=300)))


@pytest.fixture
async def impatient(haste: None, recording_studio: Studio) -> Studio:
    """With an empty room, and a worker whose recorders come into it."""
    recording_studio.worker.joins = True
    await recording_studio.ask("room create standup")
    return recording_studio


async def test_it_waits_for_a_publisher(impatient: Studio) -> None:
    """Row 3. It is said before, and on the card; who joins and sends lets it begin."""
    answer = await impatient.ask("recording start standup")
    assert "Nobody sends anything there yet, so it may wait until somebody does." in answer.words
    egress = await impatient.worker.next()
    card = await impatient.feed(RECORDING, "Waiting for a publisher", "nobody in the room sends anything")
    assert {"Join", "Stop"} <= set(labels(card))
    assert "`eyJ" in (await impatient.press(card, "Join")).words
    await impatient.perform("ana", TrackSource.MICROPHONE)
    await egress.until(ACTIVE)
    assert "nobody in the room" not in (await impatient.feed(RECORDING, "Live")).words


async def test_it_waits_for_a_publisher_and_is_stopped(impatient: Studio) -> None:
    """Row 2: the stop of one that has not begun aborts it, and why is said."""
    await impatient.ask("recording start standup")
    egress = await impatient.worker.next()
    await impatient.press(await impatient.feed(RECORDING, "Waiting for a publisher"), "Stop")
    await egress.until(ABORTED)
    card = await impatient.feed(RECORDING, "Aborted", "Nothing to show ever came.")
    await impatient.perform("ana", TrackSource.CAMERA)
    assert (await impatient.begun_by(card, "Retry")).id != egress.id


async def test_it_does_not_begin_though_somebody_sends(impatient: Studio) -> None:
    """Row 4, before the worker gives up."""
    impatient.worker.starts = WAITING
    await impatient.perform("ana", TrackSource.CAMERA)
    await impatient.ask("stream start standup", FIRST)
    egress = await impatient.worker.next()
    card = await impatient.feed(STREAM, "Does not begin", "may not reach the video server or its TURN server")
    await impatient.press(card, "Stop")
    await egress.until(ABORTED)
    await impatient.feed(STREAM, "Aborted")


async def test_start_signal_not_received(studio: Studio) -> None:
    """Row 4."""
    studio.worker.starts = WAITING
    await studio.ask("recording start standup --layout speaker")
    egress = await studio.worker.next()
    await egress.abort()
    card = await studio.feed(RECORDING, "Aborted", "Start signal not received.", "Mostly nobody published a track")
    note = await studio.note(card, "was aborted")
    studio.worker.starts = WAITING
    await studio.press(note, "Retry")
    retried = await studio.worker.next()
    assert isinstance(retried.request, pb.RoomCompositeEgressRequest)
    assert retried.request.layout == "speaker"


async def test_no_worker_is_free(studio: Studio) -> None:
    """Row 5: the server's 503 in words, nothing left behind, and the same once more by a button."""
    running = await studio.begun("recording start standup")
    studio.worker.starts = BUSY
    answer = await told_late(studio, "recording start standup --layout speaker")
    assert answer.lines[0].startswith("No worker of `livekit` took it: none runs, or all are busy. 1 egress runs there")
    assert "One participant or one track costs a worker less CPU" in answer.words
    listed = await studio.ask("egress list")
    assert (listed.lines[0], running.id in listed.words) == ("1 egress is on `livekit`.", True)
    studio.worker.starts = WAITING
    await studio.press(answer, "Try again")
    assert (await studio.worker.next()).info.status == STARTING


async def test_no_worker_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 5: what cannot be is not offered, and `provider show` says why, until there is a worker."""
    async with Studio.open(tmp_path, redis=True) as studio:
        await studio.ask("room create standup")
        answer = await told_late(studio, "recording start standup")
        assert answer.lines[0].startswith("No worker of `livekit` took it")
        await studio.perform("ana", TrackSource.CAMERA)
        card = await studio.card("1 person")
        assert not {"Record", "Stream to..."} & set(labels(card))
        shown = await studio.ask("provider show")
        assert "No egress worker answers: none runs, or none has the CPU free that it wants." in shown.words
        refused = await studio.ask("stream start standup", FIRST)
        assert "No egress worker answers" in refused.words
        worker = await studio.hire()
        monkeypatch.setattr("providers.livekit.workers.Workers.probe_pause_without", timedelta())
        await studio.world.provider.inspect()
        assert "No egress worker answers" not in (await studio.ask("provider show")).words
        assert not worker.egresses, "the look left nothing behind"
        await studio.begun("recording start standup")
        assert "Stop" in labels(await studio.feed(RECORDING, "Live"))


async def test_a_start_that_never_answers_and_records_all_the_same(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server says nothing for minutes. What began is found, and it is the one that was asked for."""
    monkeypatch.setattr("providers.livekit.egress.PATIENCE", 0.15)
    studio.worker.starts = FROZEN
    answer = await studio.ask("recording start standup --layout speaker")
    egress = await studio.worker.next()
    assert answer.lines[0] == "Recording *standup*. Its card says when it runs."
    card = await studio.feed(RECORDING, "Live", egress.id)
    await studio.press(card, "Stop")
    await studio.feed(RECORDING, "Ready", egress.id)


# Why it went wrong.


@pytest.mark.parametrize(
    ("error", "code", "explained", "button"),
    [
        ("S3 upload failed: 403", 400, "could not be stored where it was to go", "Record again"),
        ("pipeline frozen", 0, "Its end was not written in time", "Retry"),
        ("CPU exhausted", 403, "Its worker ran out of CPU.", "Retry"),
        ("", 403, "Its worker was shut down under it.", "Retry"),
        ("the muses were silent", 0, "the muses were silent.", "Retry"),
    ],
)
async def test_it_failed(studio: Studio, error: str, code: int, explained: str, button: str) -> None:
    """Rows 6 and 7: at the end of it all, when it is stored."""
    egress = await studio.begun("recording start standup --layout speaker")
    egress.hold_ending()
    await studio.press(await studio.feed(RECORDING, "Live"), "Stop")
    await egress.until(ENDING)
    await egress.fail(error, code)
    card = await studio.feed(RECORDING, "Failed", explained)
    await studio.note(card, explained)
    assert ("Record one participant" in labels(card)) == (error == "CPU exhausted")
    retried = await studio.begun_by(card, button)
    assert isinstance(retried.request, pb.RoomCompositeEgressRequest)
    assert retried.request.layout == "speaker"


async def test_the_back_up_storage_was_used(studio: Studio) -> None:
    """Row 7: it is ready, and not where it was to go."""
    egress = await studio.begun("recording start standup")
    egress.use_backup()
    await egress.complete(location="https://backup.example.com/standup.mp4")
    card = await studio.feed(RECORDING, "In back-up storage", "could not be stored where it was to go")
    assert "https://backup.example.com/standup.mp4" in card.words
    await studio.note(card, "back-up storage")


async def test_the_longest_session_was_reached(studio: Studio) -> None:
    egress = await studio.begun("recording start standup")
    await egress.limit_reached()
    card = await studio.feed(RECORDING, "Ready", "It became as long as the video server lets one be.")
    assert (await studio.begun_by(card, "Record again")).id != egress.id


# Why it does not end.


async def test_it_goes_on_though_all_have_left(impatient: Studio) -> None:
    """Row 1, with a worker that is well."""
    ana, _ = await impatient.perform("ana", TrackSource.CAMERA)
    egress = await impatient.begun("recording start standup")
    await impatient.feed(RECORDING, "Live")
    await ana.leave()
    await impatient.until_gone("ana")
    await impatient.card("nobody in it")
    card = await impatient.feed(RECORDING, "Unattended", "Everybody has left the room, and it goes on.")
    await impatient.press(card, "Stop")
    await egress.until(COMPLETE)
    assert labels(await impatient.feed(RECORDING, "Ready")) == []


async def test_it_outlives_its_room(impatient: Studio) -> None:
    """Row 3, the room deleted meanwhile: a recorder that is in no room does not end with it."""
    impatient.worker.joins = False
    await impatient.perform("ana", TrackSource.CAMERA)
    egress = await impatient.begun("recording start standup")
    await impatient.feed(RECORDING, "Live")
    await impatient.press(await impatient.ask("room close standup"), "End room")
    card = await impatient.feed(RECORDING, "Outlives its room", "Its room has ended, and it goes on.")
    await impatient.press(card, "Stop")
    await egress.until(COMPLETE)


async def test_it_ends_slowly(impatient: Studio) -> None:
    await impatient.perform("ana", TrackSource.CAMERA)
    egress = await impatient.begun("recording start standup")
    egress.hold_ending()
    await impatient.press(await impatient.feed(RECORDING, "Live"), "Stop")
    await impatient.feed(RECORDING, "Ending", "It has been ending for long")
    await egress.complete()
    await impatient.feed(RECORDING, "Ready")


async def test_its_worker_is_gone(impatient: Studio) -> None:
    """Row 1: the record stays for ever. It is found by looking, and let go of by a button."""
    await impatient.perform("ana", TrackSource.CAMERA)
    egress = await impatient.begun("recording start standup")
    await impatient.feed(RECORDING, "Live")
    await egress.die()
    await impatient.until_gone(egress.id)
    card = await impatient.feed(
        RECORDING, "Left behind", "its worker is gone, and only the video server's record is left"
    )
    await dismissed(impatient, await impatient.press(card, "Dismiss"), RECORDING)


async def dismissed(studio: Studio, question: Message, title: str) -> None:
    assert "It counts as over then." in question.words
    assert (await studio.press(question, "Dismiss")).lines[0].startswith("Dismissed the ")
    assert labels(await studio.feed(title, "Dismissed", "its worker was gone")) == []


@pytest.mark.parametrize(
    ("start", "words", "title"),
    [
        ("recording start standup", "recording stop standup", RECORDING),
        ("recording start standup", "egress stop standup", RECORDING),
        (f"stream start standup {FIRST}", "stream stop standup", STREAM),
        (f"stream start standup {FIRST}", f"stream add standup {SECOND}", STREAM),
    ],
)
async def test_what_is_asked_of_a_dead_worker(studio: Studio, start: str, words: str, title: str) -> None:
    """Rows 1 and 2: the server answers 408 to a stop, and 503 to another destination. Neither is "no worker"."""
    egress = await studio.begun(start)
    await studio.feed(title, "Live")
    await egress.die()
    answer = await studio.ask(words)
    assert "Nothing works on it any more: its worker is gone" in answer.words
    button = next(label for label in labels(answer) if label.startswith("Dismiss"))
    assert "Dismiss" in labels(await studio.feed(title, "Left behind"))
    await dismissed(studio, await studio.press(answer, button), title)
    assert "second-key-of-ours" not in studio.world.slack.picture()


@pytest.mark.parametrize(("noun", "start"), [("recording", ""), ("stream", FIRST), ("egress", "")])
async def test_stopped_twice(studio: Studio, noun: str, start: str) -> None:
    """Row 2: while it ends, after it has ended, and what never was."""
    begun, title = ("stream", STREAM) if noun == "stream" else ("recording", RECORDING)
    egress = await studio.begun(f"{begun} start standup {start}")
    egress.hold_ending()
    await studio.ask(noun, "stop standup")
    await egress.until(ENDING)
    ending = await studio.ask(noun, "stop", egress.id)
    assert any(words in ending.words for words in ("being stopped already", "Stopping the egress"))
    await egress.complete()
    await studio.feed(title, "Ready" if begun == "recording" else "Ended")
    over = await studio.ask(noun, "stop", egress.id)
    assert "has ended already" in over.words
    if noun != "egress":
        retry = "Stream again" if noun == "stream" else "Record again"
        assert (await studio.begun_by(over, retry)).id != egress.id
    never = await studio.ask(noun, "stop EG_none")
    assert f"{noun} list" in never.words


# What is done with recordings.


async def test_pause_and_resume(studio: Studio) -> None:
    """Row 9: two egresses, numbered parts of one recording."""
    first = await studio.begun("recording start standup --layout speaker")
    await studio.press(await studio.feed(RECORDING, "Live"), "Pause")
    paused = await studio.feed(RECORDING, "Paused", "after part 1")
    assert labels(paused) == ["Resume", "Finish"]
    second = await studio.begun_by(paused, "Resume")
    assert isinstance(second.request, pb.RoomCompositeEgressRequest)
    assert (second.id != first.id, second.request.layout) == (True, "speaker")
    await studio.feed(RECORDING, "Ready", "goes on in part 2")
    live = await studio.feed(f"{RECORDING}, part 2", "Live")
    shown = await studio.ask("recording show", second.id)
    assert f"this is part 2; 1: `{first.id}`; 2: `{second.id}`" in shown.words
    await studio.press(live, "Stop")
    await studio.feed(f"{RECORDING}, part 2", "Ready")
    twice = await studio.ask("recording resume", first.id)
    assert "It went on in part 2." in twice.words


@pytest.mark.parametrize(
    ("noun", "start", "title", "over"),
    [("stream", FIRST, STREAM, "Ended"), ("recording", "", RECORDING, "Ready")],
)
async def test_stopped_by_itself(tmp_path: Path, noun: str, start: str, title: str, over: str) -> None:
    """Row 8, and there is time to say otherwise."""
    clock = MovedClock()
    async with Studio.open(tmp_path, redis=True, worker=True, clock=clock) as studio:
        await studio.ask("room create standup")
        egress = await studio.begun(f"{noun} start standup {start} --stop-after 2m")
        card = await studio.feed(title, "Live", "Stops")
        assert {"Extend", "Keep going"} <= set(labels(card))
        clock.move(seconds=125)
        await egress.until(COMPLETE)
        ended = await studio.feed(title, over)
        await studio.note(ended, "had planned")


async def test_ten_recordings_of_one_room(studio: Studio) -> None:
    """Nobody wants them, and each takes a worker: it is said at each, and which one to stop is asked."""
    for _ in range(9):
        await studio.begun("recording start standup")
    answer = await studio.ask("recording start standup")
    assert "It is being recorded already, 9 times; this is one more." in answer.words
    assert "stop those that nobody needs" in answer.words
    tenth = await studio.worker.next()
    await tenth.until(ACTIVE)
    which = await studio.ask("recording stop standup")
    assert which.lines[0] == "There are 10 recordings of `standup`."
    assert "See all" in labels(which)
    button = next(label for label in labels(which) if label.startswith("Stop the one of the whole room EG_"))
    await studio.press(which, button)
    [stopped] = [egress for id, egress in studio.worker.egresses.items() if id in button]
    await stopped.until(COMPLETE)
    listed = await studio.ask("recording list standup --active")
    assert listed.lines[0].startswith("9 of 10 recordings")
