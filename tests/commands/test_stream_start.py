"""Streams that begin on the in-memory server."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from commands.core.errors import CannotDo, CommandError, NotAllowed, UsageError
from commands.core.reply import Form, plain
from commands.stream_destinations import StreamAdd
from commands.stream_start import StreamStart
from commands.stream_stop import StreamStop
from commands.stream_timing import target_of
from providers.base import Capability, EgressOptions, RoomOptions, StreamStatus
from providers.errors import TimedOut
from providers.facts import ThingKind
from providers.memory.provider import Memory
from tests.commands.streaming import FIRST, SECOND, assert_no_key, last_stream, sent, streamed
from tests.commands.workspace import LOBBY, TEAM, VERA, Workspace, button, labels, refused, says, told


async def test_start(workspace: Workspace, memory: Memory) -> None:
    await sent(workspace, memory)
    answer = await workspace.say(f"stream start standup {FIRST} {SECOND}")
    reply = told(answer)
    assert plain(reply.text) == "Streaming standup to 2 places. Its card says how it goes."
    [stream] = await memory.list_streams()
    assert [each.address for each in stream.destinations] == ["rtmp://a.example/live", "rtmp://b.example/app"]
    assert button(reply.actions, "Stop streaming") == StreamStop(provider="memory", stream=stream.ref.id)
    add = Form("Add destination", StreamAdd, (("provider", "memory"), ("stream", stream.ref.id)))
    assert add in reply.actions
    report = workspace.directory.reports[-1]
    assert last_stream(workspace) == stream
    assert (report.card_in, report.made_by) == ("CSTUDIO", "UOLGA")
    assert_no_key(answer, workspace.attempts.rows, workspace.directory.reports)


async def test_what_was_asked_for_is_kept(workspace: Workspace, memory: Memory) -> None:
    stream = await streamed(workspace, memory, f"{FIRST} --layout speaker --preset h264-720p-30 --stop-after 1h")
    kept = await workspace.egress_requests.get(TEAM, "memory", stream.ref.id)
    assert kept is not None
    assert [url.get_secret_value() for url in kept.options.urls] == [FIRST]
    assert (kept.options.source.layout, kept.options.preset) == ("speaker", "h264-720p-30")
    assert (kept.room, kept.by, kept.first) == (stream.room, "UOLGA", stream.ref.id)
    [stop] = await workspace.stops.of(TEAM, [target_of(stream)])
    assert (stop.stops_at, stop.target.kind) == (workspace.clock.now() + timedelta(hours=1), ThingKind.STREAM)


async def test_start_by_hls_alone(workspace: Workspace, memory: Memory) -> None:
    await sent(workspace, memory)
    reply = told(await workspace.say("stream start standup --hls"))
    assert plain(reply.text) == "Streaming standup to HLS. Its card says how it goes."
    [stream] = await memory.list_streams()
    assert stream.playlist is not None
    assert stream.destinations == ()


async def test_a_second_stream_is_said_to_be_one(workspace: Workspace, memory: Memory) -> None:
    await streamed(workspace, memory)
    reply = told(await workspace.say(f"stream start standup {SECOND}"))
    assert plain(reply.hint) == (
        "It is being streamed already; to one more place it goes by adding a destination, too."
    )
    reply = told(await workspace.say(f"stream start standup {SECOND}"))
    assert plain(reply.hint).startswith("It is being streamed already, 2 times; ")


async def test_where_nobody_sends_it_waits(workspace: Workspace) -> None:
    await workspace.room("standup")
    reply = told(await workspace.say(f"stream start standup {FIRST}"))
    assert plain(reply.hint) == "Nobody sends anything there yet, so it may wait until somebody does."


WRONG = {
    "an unknown layout": (
        f"{FIRST} --layout spiral",
        "--layout: “spiral” is no layout here; there is grid, speaker, single-speaker.",
    ),
    "an unknown preset": (f"{FIRST} --preset huge", "--preset: “huge” is no preset here; there is "),
    "an unknown output": (
        "--hls --output cellar",
        "--output: “cellar” is no output here; none is configured for this video server.",
    ),
    "an output of nothing that is stored": (f"{FIRST} --output cellar", "--output: Only HLS is stored; add --hls"),
    "a private address": ("rtmp://inside.example/live/KEY", "URLS: It is in no public network."),
    "a scheme that is not taken": ("ws://a.example/x", "URLS: This video server streams to rtmp://, rtmps://, srt://"),
    "twice the same": (f"{FIRST} {FIRST}", "URLS: One of them is given twice."),
    "two protocols": (f"{FIRST} srt://a.example:9000", "URLS: One stream speaks one protocol, not rtmp and srt."),
    "too short a time": (f"{FIRST} --stop-after 1s", "--stop-after: It can be 10 s at least and 30 days at most."),
    "nothing at all": ("", "URLS: Say where it goes: an address with its stream key."),
}


@pytest.mark.parametrize(("options", "said"), WRONG.values(), ids=WRONG.keys())
async def test_what_cannot_be(workspace: Workspace, memory: Memory, options: str, said: str) -> None:
    await workspace.room("standup")
    error = refused(await workspace.say(f"stream start standup {options}"))
    assert isinstance(error, UsageError)
    assert said in plain(error.what)
    assert await memory.list_streams() == []
    assert_no_key(error, error.remedy)


async def test_start_with_what_the_server_lacks(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.lacking = frozenset({Capability.STREAM_HLS, Capability.STREAM_PRESET})
    error = refused(await workspace.say(f"stream start standup {FIRST} --hls --preset h264-720p-30"))
    assert isinstance(error, UsageError)
    assert {problem.field for problem in error.problems} == {"hls", "preset"}
    memory.lacking = frozenset({Capability.START_STREAM})
    assert isinstance(refused(await workspace.say(f"stream start standup {FIRST}")), CannotDo)


async def test_no_worker_takes_it(workspace: Workspace, memory: Memory) -> None:
    await sent(workspace, memory)
    memory.server.has_workers = False
    answer = await workspace.say(f"stream start standup {FIRST}")
    error = refused(answer)
    assert says(error)[0].startswith("No worker of memory took it: none runs, or all are busy.")
    again = button(error.actions, "Try again")
    assert isinstance(again, StreamStart)
    assert_no_key(answer)
    memory.server.has_workers = True
    told(await workspace.press(again))
    assert len(await memory.list_streams()) == 1


async def test_an_answer_that_does_not_come_may_mean_that_it_begins(workspace: Workspace, memory: Memory) -> None:
    await sent(workspace, memory)
    memory.server.faults["start_stream"] = TimedOut
    answer = await workspace.say(f"stream start standup {FIRST}")
    assert isinstance(answer.result, TimedOut)
    assert "It may begin all the same, and its card comes then" in answer.result.remedy


async def test_who_may_and_where(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    assert isinstance(refused(await workspace.say(f"stream start standup {FIRST}", by=VERA)), NotAllowed)
    assert isinstance(refused(await workspace.say(f"stream start standup {FIRST}", place=LOBBY)), NotAllowed)
    assert await memory.list_streams() == []


async def test_a_room_that_has_ended(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    memory.server.close_room(room)
    error = refused(await workspace.say(f"stream start standup {FIRST}"))
    assert isinstance(error, CommandError)
    assert says(error)[0] in ("The room standup has ended.", "There is no room standup on memory.")


async def test_the_aftermath(workspace: Workspace, memory: Memory) -> None:
    room = (await memory.create_room("standup", RoomOptions())).room.ref
    start = StreamStart(provider="memory", room="standup", room_id=room.id, hls=True, stop_after=timedelta(hours=1))
    ctx = workspace.context(memory)
    assert plain((await start.aftermath(ctx)).text) == (
        "The room standup is not being streamed; start it again if you want that."
    )
    stream = await memory.start_stream(room, EgressOptions(urls=(SecretStr(FIRST),)))
    found = await start.aftermath(ctx)
    assert plain(found.text) == "The room standup is being streamed. No stop is planned."
    assert labels(found.actions) == ["Stop streaming", "Add destination", "Stop in 1 h"]
    assert last_stream(workspace) == stream
    assert (workspace.directory.reports[-1].card_in, stream.status) == ("CSTUDIO", StreamStatus.STARTING)
