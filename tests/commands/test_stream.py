"""Streams on the in-memory server: listed, shown, stopped, put off, started again, arranged otherwise, let go."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from commands.core.dispatch import Asked
from commands.core.errors import CommandError, Ended, NotAllowed, NothingHere, UsageError
from commands.core.reply import Form, plain
from commands.stream_start import StreamStart
from commands.stream_stop import StreamDismiss, StreamStop
from commands.stream_timing import StreamExtend, StreamKeepGoing, target_of
from commands.stream_upkeep import StreamLayout, StreamRetry
from providers.base import EgressKind, EgressOptions, EgressSource, RoomRef, Stream, StreamStatus
from providers.errors import Conflict
from providers.facts import Condition, ConditionSeen, Dismissed, RecordingChanged, StreamChanged
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.streaming import FIRST, SECOND, assert_no_key, last_stream, sent, streamed
from tests.commands.workspace import ANNA, TEAM, VERA, Workspace, button, facts_of, labels, refused, says, titles, told


@pytest.fixture
async def quick() -> AsyncIterator[Memory]:
    """A video server whose streams begin and end at once."""
    provider = Memory("memory", MemorySettings(recording_delay_seconds=0))
    yield provider
    await provider.aclose()


async def live(workspace: Workspace, memory: Memory, options: str = FIRST) -> Stream:
    await streamed(workspace, memory, options)
    await memory.server.settled()
    return (await memory.list_streams())[0]


# stream stop


@pytest.mark.parametrize("named", ["standup", "{id}"])
async def test_stop_by_room_and_by_id(quick: Memory, named: str) -> None:
    workspace = Workspace(quick)
    stream = await live(workspace, quick)
    reply = told(await workspace.say(f"stream stop {named.format(id=stream.ref.id)}"))
    assert plain(reply.text) == "Stopping the stream of standup. Its card says when it has ended."
    assert last_stream(workspace).status is StreamStatus.ENDING


async def test_stop_twice(quick: Memory) -> None:
    workspace = Workspace(quick)
    stream = await live(workspace, quick)
    stop = StreamStop(provider="memory", stream=stream.ref.id)
    told(await workspace.press(stop))
    error = refused(await workspace.press(stop, confirmed=True))
    assert says(error) == ("The stream of standup is being stopped already.", "Its card says when it has ended.")
    await quick.server.settled()
    error = refused(await workspace.press(stop))
    assert isinstance(error, Ended)
    assert says(error) == ("That stream of standup has ended already.", "Start a new one?")
    assert button(error.actions, "Stream again") == StreamRetry(provider="memory", stream=stream.ref.id)


async def test_stop_where_it_ended_between_look_and_deed(quick: Memory) -> None:
    workspace = Workspace(quick)
    await live(workspace, quick)
    quick.server.faults["stop_stream"] = Conflict
    assert isinstance(refused(await workspace.say("stream stop standup")), Ended)


async def test_stop_where_nothing_runs(workspace: Workspace) -> None:
    error = refused(await workspace.say("stream stop standup"))
    assert isinstance(error, NothingHere)
    assert says(error) == ("Nothing called standup is being streamed on memory.", "See /video stream list.")


async def test_stop_where_two_run(workspace: Workspace, memory: Memory) -> None:
    await streamed(workspace, memory)
    told(await workspace.say(f"stream start standup {SECOND}"))
    error = refused(await workspace.say("stream stop standup"))
    assert says(error) == ("There are 2 streams of standup.", "Say which one to stop.")
    running = await memory.list_streams()
    assert labels(error.actions) == [f"Stop the one of the whole room {s.ref.id}, not begun yet" for s in running]
    told(await workspace.press(button(error.actions, labels(error.actions)[0])))


async def test_one_of_another_server_is_offered_there(workspace: Workspace, annex: Memory) -> None:
    told(await workspace.say("room create standup --provider annex"))
    told(await workspace.say(f"stream start standup {FIRST} --provider annex"))
    [stream] = await annex.list_streams()
    for named in (stream.ref.id, "standup"):
        error = refused(await workspace.say(f"stream stop {named}"))
        assert says(error)[1] == "There is one on another video server."
        assert button(error.actions, "On annex") == StreamStop(provider="annex", stream=stream.ref.id)


async def test_a_maker_stops_their_own_whatever_their_role(workspace: Workspace, memory: Memory) -> None:
    stream = await streamed(workspace, memory)
    assert isinstance(refused(await workspace.say("stream stop standup", by=VERA)), NotAllowed)
    told(await workspace.say("stream list", by=VERA))
    workspace.roles._roles["UOLGA"] = workspace.roles._roles["UVERA"]
    told(await workspace.press(StreamStop(provider="memory", stream=stream.ref.id)))


async def test_the_aftermath_of_a_stop(quick: Memory) -> None:
    workspace = Workspace(quick)
    stream = await live(workspace, quick)
    stop, ctx = StreamStop(provider="memory", stream="standup"), workspace.context(quick)
    assert "goes on; stop it again" in plain((await stop.aftermath(ctx)).text)
    await quick.stop_stream(stream.ref)
    assert plain((await stop.aftermath(ctx)).text) == "The stream of standup is being stopped."
    nothing = StreamStop(provider="memory", stream="other")
    assert plain((await nothing.aftermath(ctx)).text) == "Nothing called other is being streamed."


# Left behind


async def test_what_is_left_behind_can_be_dismissed(quick: Memory) -> None:
    workspace = Workspace(quick)
    stream = await live(workspace, quick)
    quick.server.abandon(stream.ref.id)
    error = refused(await workspace.say("stream stop standup"))
    assert says(error)[0] == "The stream of standup can be neither changed nor stopped."
    seen = workspace.directory.facts[-1]
    assert isinstance(seen, ConditionSeen)
    assert seen.condition is Condition.LEFT_BEHIND
    asked = await workspace.press(button(error.actions, "Dismiss"))
    assert isinstance(asked.result, Asked)
    assert plain(told(await workspace.confirm(asked)).text) == "Dismissed the stream of standup."
    fact = workspace.directory.facts[-1]
    assert isinstance(fact, Dismissed)
    assert (fact.thing_id, fact.by) == (stream.ref.id, "UOLGA")
    aftermath = await StreamDismiss(provider="memory", stream=stream.ref.id).aftermath(workspace.context(quick))
    assert labels(aftermath.actions) == ["Dismiss"]


async def test_what_has_ended_is_not_dismissed(quick: Memory) -> None:
    workspace = Workspace(quick)
    stream = await live(workspace, quick)
    quick.server.end_stream(stream.ref.id)
    await quick.server.settled()
    assert isinstance(refused(await workspace.press(StreamDismiss(provider="memory", stream=stream.ref.id))), Ended)


# stream list, stream show


async def test_list(workspace: Workspace, memory: Memory) -> None:
    assert plain(told(await workspace.say("stream list")).text) == "No stream is on memory."
    first = await streamed(workspace, memory, FIRST, "one")
    second = await streamed(workspace, memory, f"{FIRST} {SECOND} --stop-after 1h", "two")
    memory.server.fail_stream(first.ref.id, "refused")
    answer = await workspace.say("broadcast list")
    reply = told(answer)
    assert plain(reply.text) == "2 streams are on memory."
    assert titles(reply) == ["two · starting", "one · failed"]
    running, failed = reply.items
    assert plain(running.detail).startswith(
        f"{second.ref.id} · rtmp://a.example/live connecting, rtmp://b.example/app connecting · stops "
    )
    assert plain(failed.detail).endswith(" · refused")
    assert (labels(running.actions), labels(failed.actions)) == (["Show", "Stop"], ["Show"])
    table = told(await workspace.say("stream list --table")).table
    assert table is not None
    assert [plain(cell) for cell in table.rows[1]][:3] == ["one", "failed", first.ref.id]
    assert_no_key(answer, table)


async def test_list_of_a_room_and_of_those_that_run(workspace: Workspace, memory: Memory) -> None:
    first = await streamed(workspace, memory, FIRST, "one")
    await streamed(workspace, memory, SECOND, "two")
    memory.server.end_stream(first.ref.id)
    assert titles(told(await workspace.say("stream list .", room=first.room))) == ["one · ended"]
    assert titles(told(await workspace.say("stream list --active"))) == ["two · starting"]
    none = told(await workspace.say("stream list one --active"))
    assert plain(none.text) == "No stream on memory is of one and runs; 2 others are there."


async def test_show(quick: Memory) -> None:
    workspace = Workspace(quick)
    stream = await live(workspace, quick, f"{FIRST} rtmp://gone.invalid/app/KEY --stop-after 1h")
    quick.server.reconnect_destination(stream.ref.id, stream.destinations[0].id)
    answer = await workspace.say("stream show standup")
    shown = facts_of(told(answer))
    assert plain(told(answer).text) == "The stream of standup."
    assert shown["Goes to"] == (
        "1 rtmp://a.example/live · live · 1 retry\n2 rtmp://gone.invalid/app · failed · connection refused"
    )
    assert (shown["State"], shown["Started by"]) == ("live", "@UOLGA")
    assert shown["Stops"].endswith("as @UOLGA said")
    assert labels(told(answer).actions) == ["Stop", "Add destination", "Remove destination", "Layout"]
    assert_no_key(answer)


async def test_show_one_that_failed(quick: Memory) -> None:
    workspace = Workspace(quick)
    stream = await live(workspace, quick)
    quick.server.fail_stream(stream.ref.id, "no CPU left")
    reply = told(await workspace.say("stream show standup"))
    assert facts_of(reply)["Trouble"] == "The video server says: no CPU left"
    assert labels(reply.actions) == ["Stream again"]


# stream extend, stream keep


async def test_extend_and_keep(workspace: Workspace, memory: Memory) -> None:
    stream = await streamed(workspace, memory, f"{FIRST} --stop-after 1h")
    reply = told(await workspace.say("stream extend standup --by 15m"))
    until = (workspace.clock.now() + timedelta(minutes=75)).isoformat(timespec="seconds")
    assert plain(reply.text) == f"The stream of standup stops {until}."
    keep = button(reply.actions, "Keep going")
    assert keep == StreamKeepGoing(provider="memory", stream=stream.ref.id)
    assert plain(told(await workspace.press(keep)).text) == "The stream of standup goes on until somebody stops it."
    assert await workspace.stops.of(TEAM, [target_of(stream)]) == []
    extend = StreamExtend(provider="memory", stream="standup")
    aftermath = await extend.aftermath(workspace.context(memory))
    assert plain(aftermath.text) == "No stop is planned. The stream of standup goes on until somebody stops it."
    assert isinstance(refused(await workspace.say("stream extend standup --by 31d")), UsageError)


async def test_what_has_ended_is_not_put_off(workspace: Workspace, memory: Memory) -> None:
    stream = await streamed(workspace, memory)
    memory.server.end_stream(stream.ref.id)
    error = refused(await workspace.say(f"stream extend {stream.ref.id}"))
    assert isinstance(error, Ended)
    assert last_stream(workspace).status.is_final


# stream retry


async def test_retry(workspace: Workspace, memory: Memory) -> None:
    first = await streamed(workspace, memory, f"{FIRST} {SECOND} --layout speaker --stop-after 1h")
    memory.server.fail_stream(first.ref.id, "refused")
    answer = await workspace.say("stream retry standup")
    assert plain(told(answer).text).startswith(
        "Streaming standup again. Its card says how it goes. It stops by itself "
    )
    second = (await memory.list_streams())[0]
    kept = await workspace.egress_requests.get(TEAM, "memory", second.ref.id)
    assert kept is not None
    assert [url.get_secret_value() for url in kept.options.urls] == [FIRST, SECOND]
    assert (second.source.layout, kept.first) == ("speaker", second.ref.id)
    assert workspace.directory.reports[-1].card_in == "CSTUDIO"
    assert_no_key(answer)


async def test_retry_of_what_writes_as_well(workspace: Workspace, memory: Memory) -> None:
    await sent(workspace, memory)
    told(await workspace.say(f"egress room standup --format mp4 --stream {FIRST}"))
    [stream] = await memory.list_streams()
    memory.server.fail_stream(stream.ref.id, "refused")
    told(await workspace.say("stream retry standup"))
    assert len(await memory.list_recordings()) == 2
    assert any(isinstance(r.fact, RecordingChanged) and r.card_in for r in workspace.directory.reports[-2:])


async def test_retry_of_what_goes_on(workspace: Workspace, memory: Memory) -> None:
    stream = await streamed(workspace, memory)
    error = refused(await workspace.say("stream retry standup"))
    assert says(error) == ("The stream of standup goes on.", "Stop it first, or start another one beside it.")
    assert button(error.actions, "Stop") == StreamStop(provider="memory", stream=stream.ref.id)


async def test_retry_of_what_was_started_elsewhere(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    stream = await memory.start_stream(room, EgressOptions(urls=(SecretStr(FIRST),)))
    told(await workspace.say(f"stream add standup {SECOND}"))
    memory.server.fail_stream(stream.ref.id, "refused")
    error = refused(await workspace.say(f"stream retry {stream.ref.id}"))
    assert says(error)[0] == "I do not know the whole URLs to which the stream of standup went."
    [form] = error.actions
    assert isinstance(form, Form)
    assert (form.command_type, dict(form.given)["room"]) == (StreamStart, "standup")


async def test_retry_where_the_room_is_over_or_the_address_leads_inside(workspace: Workspace, memory: Memory) -> None:
    stream = await streamed(workspace, memory)
    memory.server.fail_stream(stream.ref.id, "refused")
    kept = await workspace.egress_requests.get(TEAM, "memory", stream.ref.id)
    assert kept is not None
    inside = EgressOptions(urls=(SecretStr("rtmp://inside.example/live/KEY"),))
    await workspace.egress_requests.keep(TEAM, replace(kept, options=inside))
    assert says(refused(await workspace.say("stream retry standup")))[0] == "It is in no public network."
    await workspace.egress_requests.keep(TEAM, kept)
    await memory.close_room(stream.room)
    workspace.directory.end(TEAM, stream.room)
    assert isinstance(refused(await workspace.say(f"stream retry {stream.ref.id}")), Ended)


async def test_the_aftermath_of_a_retry(workspace: Workspace, memory: Memory) -> None:
    stream = await streamed(workspace, memory)
    retry, ctx = StreamRetry(provider="memory", stream=stream.ref.id), workspace.context(memory)
    assert plain((await retry.aftermath(ctx)).text) == "There is a stream of standup."
    memory.server.fail_stream(stream.ref.id, "refused")
    assert plain((await retry.aftermath(ctx)).text) == "There is no stream of standup; retry it again."


# stream layout


async def test_layout(quick: Memory) -> None:
    workspace = Workspace(quick)
    stream = await live(workspace, quick)
    reply = told(await workspace.say("stream layout standup speaker"))
    assert plain(reply.text) == "The stream of standup was told to show speaker."
    kept = await workspace.egress_requests.get(TEAM, "memory", stream.ref.id)
    assert kept is not None
    assert (kept.options.source.layout, last_stream(workspace).source.layout) == ("speaker", "speaker")
    error = refused(await workspace.say("stream layout standup spiral"))
    assert isinstance(error, UsageError)
    assert says(error)[0] == "LAYOUT: “spiral” is no layout here; there is grid, speaker, single-speaker."


async def test_layout_of_what_has_none(quick: Memory) -> None:
    workspace = Workspace(quick)
    await sent(workspace, quick)
    told(await workspace.say(f"egress participant standup ana --stream {FIRST}"))
    error = refused(await workspace.say("stream layout standup speaker"))
    assert isinstance(error, CommandError)
    assert says(error)[0] == "The stream of participant ana in standup shows no whole room, so it has no layout."


async def test_layout_that_the_server_refuses(quick: Memory) -> None:
    workspace = Workspace(quick)
    stream = await live(workspace, quick)
    quick.server.faults["update_stream_layout"] = Conflict
    assert says(refused(await workspace.say("stream layout standup speaker")))[1] == "Try again in a moment."
    quick.server.fail_stream(stream.ref.id, "lost")
    layout = StreamLayout(provider="memory", stream=stream.ref.id, layout="grid")
    assert isinstance(refused(await workspace.press(layout)), Ended)
    assert labels((await layout.aftermath(workspace.context(quick))).actions) == ["Do it again"]


# A page


async def test_a_stream_of_a_page_goes_by_its_address(workspace: Workspace, memory: Memory) -> None:
    source = EgressSource(EgressKind.WEB, url="https://example.com/scores?token=x")
    stream = await memory.start_stream(None, EgressOptions(source, urls=(SecretStr(FIRST),)))
    assert stream.room == RoomRef("memory", "", "")
    assert titles(told(await workspace.say("stream list"))) == ["the page https://example.com/scores · starting"]
    told(await workspace.press(StreamStop(provider="memory", stream=stream.ref.id), by=ANNA))
    assert isinstance(workspace.directory.facts[-1], StreamChanged)
