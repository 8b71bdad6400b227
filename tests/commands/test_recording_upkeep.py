"""One recording: the same again, another layout, letting go, and what is told where it is not as one believed."""

import pytest

from commands.core.attempts import Outcome
from commands.core.egress_requests import EgressRequest
from commands.core.egress_words import explain_condition
from commands.core.errors import Ended, NothingHere, UsageError
from commands.core.reply import plain
from commands.recording import RecordingStop
from commands.recording_upkeep import RecordingDismiss, RecordingLayout, RecordingRetry
from providers.base import EgressKind, EgressOptions, EgressSource, Recording, RecordingStatus, TrackSource
from providers.errors import Conflict, NoWorker
from providers.facts import Condition, ConditionSeen, Dismissed, RecordingChanged, StreamChanged
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.streaming import FIRST, sent
from tests.commands.workspace import TEAM, Workspace, button, labels, refused, says, told


async def started(workspace: Workspace, memory: Memory, options: str = "") -> Recording:
    await workspace.room("standup")
    memory.server.join("standup", "ana")
    memory.server.publish("standup", "ana", TrackSource.CAMERA)
    told(await workspace.say(f"recording start standup {options}"))
    return (await memory.list_recordings())[0]


# recording retry


async def test_retry(workspace: Workspace, memory: Memory) -> None:
    first = await started(workspace, memory, "--layout speaker --preset h264-720p-30 --stop-after 1h")
    memory.server.fail_recording(first.ref.id, "no space left")
    reply = told(await workspace.say(f"recording retry {first.ref.id}"))
    assert plain(reply.text).startswith("Recording standup again. Its card says when it runs. It stops by itself ")
    second = (await memory.list_recordings())[0]
    kept = await workspace.egress_requests.get(TEAM, "memory", second.ref.id)
    assert kept is not None
    assert (kept.options.preset, second.source.layout) == ("h264-720p-30", "speaker")
    assert (kept.first, kept.part) == (second.ref.id, 1)
    assert workspace.directory.reports[-1].card_in == "CSTUDIO"


async def test_retry_of_what_was_started_elsewhere(workspace: Workspace, memory: Memory) -> None:
    room = (await started(workspace, memory)).room
    source = EgressSource(EgressKind.PARTICIPANT, identity="ana")
    theirs = await memory.start_recording(room, EgressOptions(source))
    memory.server.fail_recording(theirs.ref.id, "lost")
    told(await workspace.press(RecordingRetry(provider="memory", recording=theirs.ref.id)))
    assert (await memory.list_recordings())[0].source == source


async def test_retry_of_what_goes_on(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    error = refused(await workspace.say("recording retry standup"))
    assert says(error) == ("The recording of standup goes on.", "Stop it first, or start another one beside it.")
    assert button(error.actions, "Stop") == RecordingStop(provider="memory", recording=recording.ref.id)


async def test_retry_where_the_room_is_over(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    await memory.close_room(recording.room)
    error = refused(await workspace.say(f"recording retry {recording.ref.id}"))
    assert isinstance(error, Ended)
    told(await workspace.press(button(error.actions, "Create room")))


async def test_what_is_streamed_too_is_tried_again_as_both(workspace: Workspace, memory: Memory) -> None:
    await sent(workspace, memory)
    told(await workspace.say(f"egress room standup --file a.mp4 --stream {FIRST}"))
    first = (await memory.list_recordings())[0]
    memory.server.fail_recording(first.ref.id, "lost")
    before = len(workspace.directory.reports)
    told(await workspace.say(f"recording retry {first.ref.id}"))
    reports = [r for r in workspace.directory.reports[before:] if isinstance(r.fact, (RecordingChanged, StreamChanged))]
    assert [type(report.fact) for report in reports] == [RecordingChanged, StreamChanged]
    assert {(report.card_in, report.made_by) for report in reports} == {("CSTUDIO", "UOLGA")}


async def test_a_page_is_looked_at_again_before_it_is_tried_again(
    workspace: Workspace, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(await workspace.say("recording start --url https://example.com/scores"))
    [recording] = await memory.list_recordings()
    memory.server.fail_recording(recording.ref.id, "lost")

    async def refusal(url: str) -> str:
        return f"{url} leads inside."

    monkeypatch.setattr(workspace.ports.reach, "refusal", refusal)
    error = refused(await workspace.say(f"recording retry {recording.ref.id}"))
    assert plain(error.what) == "https://example.com/scores leads inside."
    assert len(await memory.list_recordings()) == 1


async def test_what_is_kept_comes_after_the_card(
    workspace: Workspace, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent(workspace, memory)

    async def keep(team_id: str, request: EgressRequest) -> None:
        raise OSError("the database is away")

    monkeypatch.setattr(workspace.egress_requests, "keep", keep)
    assert (await workspace.say("recording start standup")).outcome is Outcome.FAILED
    assert (workspace.directory.reports[-1].card_in, workspace.directory.reports[-1].made_by) == ("CSTUDIO", "UOLGA")


async def test_retry_that_no_worker_takes(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    memory.server.fail_recording(recording.ref.id, "lost")
    memory.server.faults["start_recording"] = NoWorker
    error = refused(await workspace.say("recording retry standup"))
    assert button(error.actions, "Try again") == RecordingRetry(provider="memory", recording="standup")


async def test_the_aftermath_of_a_retry(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    memory.server.fail_recording(recording.ref.id, "lost")
    retry, ctx = RecordingRetry(provider="memory", recording=recording.ref.id), workspace.context(memory)
    reply = await retry.aftermath(ctx)
    assert plain(reply.text) == "There is no recording of standup; retry it again."
    told(await workspace.press(button(reply.actions, "Record again")))
    assert plain((await retry.aftermath(ctx)).text) == "There is a recording of standup."


# recording layout


async def test_layout(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    reply = told(await workspace.say("recording layout standup speaker"))
    assert plain(reply.text) == "The recording of standup was told to show speaker."
    assert "template" in plain(reply.hint)
    assert (await memory.list_recordings())[0].source.layout == "speaker"
    kept = await workspace.egress_requests.get(TEAM, "memory", recording.ref.id)
    assert kept is not None
    assert kept.options.source.layout == "speaker"


async def test_an_unknown_layout(workspace: Workspace, memory: Memory) -> None:
    await started(workspace, memory)
    error = refused(await workspace.say("recording layout standup spiral"))
    assert isinstance(error, UsageError)
    assert [p.text for p in error.problems] == [
        "LAYOUT: “spiral” is no layout here; there is grid, speaker, single-speaker."
    ]


async def test_a_layout_of_no_whole_room(workspace: Workspace, memory: Memory) -> None:
    await started(workspace, memory, "--participant ana")
    error = refused(await workspace.say("recording layout standup speaker"))
    assert says(error) == (
        "The recording of participant ana in standup shows no whole room, so it has no layout.",
        "Record the room with --layout.",
    )


async def test_a_layout_after_the_end(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    layout = RecordingLayout(provider="memory", recording=recording.ref.id, layout="speaker")
    memory.server.faults["update_recording_layout"] = Conflict
    assert says(refused(await workspace.press(layout))) == (
        "The recording of standup has not begun yet.",
        "Try again when it is live.",
    )
    memory.server.faults.clear()
    memory.server.finish_recording(recording.ref.id)
    assert isinstance(refused(await workspace.press(layout)), Ended)
    assert "no video server tells" in plain((await layout.aftermath(workspace.context(memory))).text)


async def test_a_layout_that_is_refused_for_no_reason_that_we_see() -> None:
    memory = Memory("memory", MemorySettings(recording_delay_seconds=0))
    workspace = Workspace(memory)
    await started(workspace, memory)
    await memory.server.settled()
    memory.server.faults["update_recording_layout"] = Conflict
    error = refused(await workspace.say("recording layout standup speaker"))
    assert says(error)[0] == "The video server did not change the layout of the recording of standup."
    await memory.aclose()


# What is left behind


async def test_a_stop_of_what_was_left_behind(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    memory.server.abandon(recording.ref.id)
    error = refused(await workspace.say("recording stop standup"))
    assert says(error) == ("The recording of standup cannot be stopped.", explain_condition(Condition.LEFT_BEHIND))
    assert button(error.actions, "Dismiss") == RecordingDismiss(provider="memory", recording=recording.ref.id)
    seen = workspace.directory.facts[-1]
    assert isinstance(seen, ConditionSeen)
    assert (seen.thing_id, seen.condition) == (recording.ref.id, Condition.LEFT_BEHIND)


async def test_dismiss(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    asked = await workspace.say("recording dismiss standup")
    reply = told(await workspace.confirm(asked))
    assert plain(reply.text) == "Dismissed the recording of standup."
    fact = workspace.directory.facts[-1]
    assert isinstance(fact, Dismissed)
    assert (fact.thing_id, fact.by) == (recording.ref.id, "UOLGA")
    assert not (await memory.list_recordings())[0].status.is_final


async def test_dismiss_of_what_is_over(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    dismiss = RecordingDismiss(provider="memory", recording=recording.ref.id)
    reply = await dismiss.aftermath(workspace.context(memory))
    assert plain(reply.text) == "The server still lists the recording of standup."
    memory.server.finish_recording(recording.ref.id)
    assert isinstance(refused(await workspace.press(dismiss)), Ended)
    mended = workspace.directory.facts[-1]
    assert isinstance(mended, RecordingChanged)
    assert mended.recording.status is RecordingStatus.READY


# Stopping


async def test_a_second_stop_while_it_ends() -> None:
    memory = Memory("memory", MemorySettings(recording_delay_seconds=0))
    workspace = Workspace(memory)
    recording = await started(workspace, memory)
    await memory.server.settled()
    memory.server.upload_recording(recording.ref.id)
    error = refused(await workspace.press(RecordingStop(provider="memory", recording=recording.ref.id)))
    assert isinstance(error, Ended)
    assert says(error) == ("The recording of standup is being stopped already.", "Its card says when it is ready.")
    await memory.aclose()


@pytest.mark.parametrize("verb", ["stop", "show", "pause", "retry", "resume"])
async def test_an_id_of_another_video_server(workspace: Workspace, memory: Memory, annex: Memory, verb: str) -> None:
    told(await workspace.say("room create standup --provider annex"))
    told(await workspace.say("recording start standup --provider annex"))
    [theirs] = await annex.list_recordings()
    error = refused(await workspace.say(f"recording {verb} {theirs.ref.id}"))
    assert isinstance(error, NothingHere)
    assert says(error) == (
        f"Nothing called {theirs.ref.id} is being recorded on memory.",
        "There is one on another video server.",
    )
    there = button(error.actions, "On annex")
    assert (getattr(there, "provider", ""), getattr(there, "recording", "")) == ("annex", theirs.ref.id)


async def test_a_page_that_is_over_is_recorded_again(workspace: Workspace, memory: Memory) -> None:
    told(await workspace.say("recording start --url https://scores.test/board"))
    [page] = await memory.list_recordings()
    memory.server.finish_recording(page.ref.id)
    error = refused(await workspace.press(RecordingStop(provider="memory", recording=page.ref.id)))
    assert says(error)[0] == "That recording of the page https://scores.test/board has ended already."
    told(await workspace.press(button(error.actions, "Record again")))
    assert [r.source.kind for r in await memory.list_recordings()] == [EgressKind.WEB] * 2
    assert labels(error.actions) == ["Record again"]


async def test_what_was_dismissed_is_not_listed(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    told(await workspace.say("recording start standup"))
    memory.server.abandon((await memory.list_recordings())[0].ref.id)
    asked = await workspace.say("recording dismiss standup")
    told(await workspace.confirm(asked))
    assert told(await workspace.say("recording list")).items == ()
    assert isinstance(refused(await workspace.say("recording stop standup")), NothingHere)
