"""Egresses on the in-memory server: started of everything, listed, shown, arranged otherwise and stopped."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from commands.core.attempts import Outcome
from commands.core.dispatch import Answer
from commands.core.errors import CommandError, Ended, NotAllowed, NothingHere, UsageError
from commands.core.reply import Form, plain
from commands.egress import EgressLayout, EgressList, EgressShow, EgressStop
from commands.egress_start import EgressParticipant, EgressRoom, EgressTrack, EgressTracks, EgressWeb
from commands.recording_upkeep import RecordingDismiss
from commands.stream_stop import StreamDismiss
from providers.base import Egress, EgressKind, EgressOptions
from providers.errors import Conflict
from providers.facts import ConditionSeen, RecordingChanged, StreamChanged, ThingKind
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.ports import Members
from tests.commands.streaming import FIRST, SECOND, assert_no_key, sent, streamed
from tests.commands.workspace import (
    LOBBY,
    OLGA,
    TEAM,
    VERA,
    Workspace,
    button,
    facts_of,
    labels,
    refused,
    says,
    titles,
    told,
)


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    """What is started on it is active at once."""
    settings = MemorySettings(recording_delay_seconds=0, outputs={"archive": "memory://archive"})
    provider = Memory("memory", settings)
    yield provider
    await provider.aclose()


async def started(workspace: Workspace, memory: Memory, line: str) -> Egress:
    """By that command, in a room in which somebody sends; and active."""
    await sent(workspace, memory)
    told(await workspace.say(line))
    await memory.server.settled()
    return (await memory.list_egresses())[0]


async def stopped(workspace: Workspace, egress: str) -> Answer:
    """By the command, with yes where it asks."""
    answer = await workspace.say(f"egress stop {egress}")
    return await workspace.confirm(answer) if answer.outcome is Outcome.ASKED else answer


BOTH = f"egress room standup --format mp4 --stream {FIRST}"

KINDS = {
    "room composite": ("egress room standup --file a.mp4 --layout speaker --preset h264-720p-30", EgressKind.ROOM),
    "participant": ("egress participant standup ana --file ana.mp4", EgressKind.PARTICIPANT),
    "track composite": ("egress tracks standup ana/camera ana/microphone --format mp4", EgressKind.TRACKS),
    "track": ('egress track standup ana/microphone --file ""', EgressKind.TRACK),
    "web": ("egress web https://example.com/scores --segments hls/a --images shots/ --every 10s", EgressKind.WEB),
}


@pytest.mark.parametrize(("line", "kind"), KINDS.values(), ids=KINDS.keys())
async def test_start_of_every_kind(workspace: Workspace, memory: Memory, line: str, kind: EgressKind) -> None:
    egress = await started(workspace, memory, line)
    assert (egress.source.kind, egress.is_active) == (kind, True)
    assert egress.recording is not None
    report = next(r for r in reversed(workspace.directory.reports) if isinstance(r.fact, RecordingChanged))
    assert (report.card_in, report.made_by, report.fact.thing_id) == ("CSTUDIO", "UOLGA", egress.ref.id)
    kept = await workspace.egress_requests.get(TEAM, "memory", egress.ref.id)
    assert kept is not None
    assert (kept.room is None, kept.options.source.kind) == (kind is EgressKind.WEB, kind)


async def test_several_outputs_at_once(workspace: Workspace, memory: Memory) -> None:
    await sent(workspace, memory)
    answer = await workspace.say(
        f"egress room standup --file a.mp4 --segments hls/a --images shots/ --stream {FIRST} --stream {SECOND} "
        "--output archive --width 1280 --height 720 --fps 30"
    )
    reply = told(answer)
    [egress] = await memory.list_egresses()
    assert plain(reply.text) == (
        f"Started the egress {egress.ref.id} of standup: a file, segments, images, a stream to 2 places."
    )
    assert button(reply.actions, "Stop") == EgressStop(provider="memory", egress=egress.ref.id)
    assert {r.fact.thing for r in workspace.directory.reports if r.card_in and r.fact.thing_id == egress.ref.id} == {
        ThingKind.RECORDING,
        ThingKind.STREAM,
    }
    assert_no_key(answer, workspace.attempts.rows, workspace.directory.reports)


async def test_it_is_kept_private_where_it_is_started_in_private(workspace: Workspace, memory: Memory) -> None:
    members = workspace.ports.membership
    assert isinstance(members, Members)
    members.private.add("CSTUDIO")
    await sent(workspace, memory)
    memory.server.faults["start_egress"] = Conflict
    await workspace.say(BOTH)
    assert {key[0] for key in workspace.directory.reserved} <= {ThingKind.ROOM}
    memory.server.faults.clear()
    told(await workspace.say(BOTH))
    assert {key[0] for key in workspace.directory.reserved} <= {ThingKind.ROOM}


WRONG = {
    "no output": ("egress room standup", "--file: Say what is to come of it: a file, segments, images or a stream."),
    "an unknown layout": (
        "egress room standup --format mp4 --layout x",
        "--layout: “x” is no layout here; there is grid",
    ),
    "an unknown preset": ("egress room standup --format mp4 --preset x", "--preset: “x” is no preset here; there is "),
    "an unknown output": (
        "egress room standup --format mp4 --output x",
        "--output: “x” is no output here; there is archive.",
    ),
    "an unknown format": (
        "egress room standup --file x --format avi",
        "--format: “avi” is not one of mp4, ogg or mp3.",
    ),
    "a path upwards": ("egress room standup --segments ../x", "--segments: A path cannot lead upwards by “..”."),
    "an interval of nothing": (
        "egress room standup --format mp4 --every 5s",
        "--every: Say where the images go, by --images.",
    ),
    "a stream without key": ("egress room standup --stream rtmp://a.example/x", "--stream: It has no stream key"),
    "a stream with a slip": ("egress room standup --stream rmtp://a.example/x/y", "--stream: “rmtp://” is no protocol"),
    "a private address": (
        "egress room standup --stream rtmp://inside.example/x/y",
        "--stream: It is in no public network.",
    ),
    "a private page": ("egress web https://inside.example/ --format mp4", "URL: It is in no public network."),
    "no page": ("egress web ftp://example.com --format mp4", "URL: It is no address of a page"),
    "preset and encoding": (
        "egress room standup --format mp4 --preset h264-720p-30 --width 640 --height 480",
        "--preset: A preset says it all",
    ),
    "a track by RTMP": (f"egress track standup ana/camera --stream {FIRST}", "--stream: A single track goes to ws://"),
    "sound alone, in images": (
        "egress room standup --images x --audio-only",
        "--images: There are no images of sound alone",
    ),
}


@pytest.mark.parametrize(("line", "said"), WRONG.values(), ids=WRONG.keys())
async def test_what_cannot_be(workspace: Workspace, memory: Memory, line: str, said: str) -> None:
    await sent(workspace, memory)
    error: CommandError
    try:
        error = refused(await workspace.say(line))
    except UsageError as unread:
        error = unread
    assert said in plain(error.what)
    assert await memory.list_egresses() == []


async def test_tracks_that_do_not_go_together(workspace: Workspace, memory: Memory) -> None:
    await sent(workspace, memory)
    error = refused(await workspace.say("egress tracks standup ana/camera ana/camera --format mp4"))
    assert "are both to be seen" in says(error)[0]
    error = refused(await workspace.say("egress track standup ana/screen --format mp4"))
    assert isinstance(error, CommandError)
    assert await memory.list_egresses() == []


async def test_a_page_takes_no_room(workspace: Workspace) -> None:
    with pytest.raises(UsageError) as caught:
        await workspace.say("egress web https://example.com/scores standup --format mp4")
    assert "one word too many" in plain(caught.value.what)


async def test_nobody_takes_it(workspace: Workspace, memory: Memory) -> None:
    await sent(workspace, memory)
    memory.server.has_workers = False
    error = refused(await workspace.say(BOTH))
    assert says(error)[0].startswith("No worker of memory took it")
    assert isinstance(button(error.actions, "Try again"), EgressRoom)


async def test_who_may_and_where(workspace: Workspace, memory: Memory) -> None:
    await sent(workspace, memory)
    assert isinstance(refused(await workspace.say(BOTH, by=VERA)), NotAllowed)
    for line, _ in KINDS.values():
        assert isinstance(refused(await workspace.say(line, place=LOBBY)), NotAllowed)


# egress list, egress show


async def test_list_by_room_by_id_and_those_that_are_active(workspace: Workspace, memory: Memory) -> None:
    first = await started(workspace, memory, BOTH)
    told(await workspace.say("egress web https://example.com/scores?token=x --format mp4"))
    await memory.server.settled()
    page = (await memory.list_egresses())[0]
    await memory.stop_egress(first.ref)
    await memory.server.settled()
    answer = await workspace.say("egress list")
    assert titles(told(answer)) == [f"{page.ref.id} · active", f"{first.ref.id} · complete"]
    for options, ids in (("standup", [first]), ("--active", [page]), (f"--id {first.ref.id}", [first])):
        reply = told(await workspace.say(f"egress list {options}"))
        assert [title.split(" ")[0] for title in titles(reply)] == [egress.ref.id for egress in ids]
    none = told(await workspace.say("egress list standup --active"))
    assert plain(none.text) == "No egress on memory is of standup and is active."
    table = told(await workspace.say("egress list --table")).table
    assert table is not None
    assert table.columns == ("Id", "Status", "Type", "Source", "Started", "Error")
    assert [plain(row[2]) for row in table.rows] == ["web", "room composite"]
    assert plain(table.rows[0][3]) == "the page https://example.com/scores"
    assert_no_key(answer, table)


async def test_show(workspace: Workspace, memory: Memory) -> None:
    egress = await started(workspace, memory, f"{BOTH} --layout speaker")
    answer = await workspace.say(f"egress show {egress.ref.id}")
    shown = facts_of(told(answer))
    assert (shown["Type"], shown["Layout"], shown["Status"]) == ("room composite", "speaker", egress.word)
    assert shown["Goes to"] == "1 rtmp://a.example/live · live"
    form = Form("Layout", EgressLayout, (("provider", "memory"), ("egress", egress.ref.id)))
    assert form in told(answer).actions
    await memory.stop_egress(egress.ref)
    await memory.server.settled()
    shown = facts_of(told(await workspace.say(f"egress show {egress.ref.id}")))
    assert shown["Writes"].startswith("file memory://")
    assert_no_key(answer)


# egress stop, egress layout


@pytest.mark.parametrize("named", ["standup", "{id}"])
async def test_stop(workspace: Workspace, memory: Memory, named: str) -> None:
    egress = await started(workspace, memory, BOTH)
    reply = told(await stopped(workspace, named.format(id=egress.ref.id)))
    assert plain(reply.text) == f"Stopping the egress {egress.ref.id} of standup, which is recorded and streamed."
    recording, stream = workspace.directory.facts[-2:]
    assert isinstance(recording, RecordingChanged)
    assert isinstance(stream, StreamChanged)


async def test_stop_twice(workspace: Workspace, memory: Memory) -> None:
    egress = await started(workspace, memory, BOTH)
    stop = EgressStop(provider="memory", egress=egress.ref.id)
    told(await workspace.press(stop, confirmed=True))
    await memory.server.settled()
    error = refused(await workspace.press(stop, confirmed=True))
    assert isinstance(error, Ended)
    assert says(error) == ("That egress of standup has ended already: complete.", "See /video egress list.")


async def test_stop_that_the_server_refuses(workspace: Workspace, memory: Memory) -> None:
    await started(workspace, memory, BOTH)
    memory.server.faults["stop_egress"] = Conflict
    error = refused(await stopped(workspace, "standup"))
    assert says(error)[0].startswith("The video server did not stop the egress of standup, which is ")


async def test_stop_of_what_is_left_behind(workspace: Workspace, memory: Memory) -> None:
    egress = await started(workspace, memory, BOTH)
    memory.server.abandon(egress.ref.id)
    error = refused(await stopped(workspace, "standup"))
    assert {fact.thing for fact in workspace.directory.facts[-2:] if isinstance(fact, ConditionSeen)} == {
        ThingKind.RECORDING,
        ThingKind.STREAM,
    }
    assert [button(error.actions, label) for label in labels(error.actions)] == [
        RecordingDismiss(provider="memory", recording=egress.ref.id),
        StreamDismiss(provider="memory", stream=egress.ref.id),
    ]


async def test_of_two_it_is_asked_which(workspace: Workspace, memory: Memory) -> None:
    await started(workspace, memory, BOTH)
    told(await workspace.say(BOTH))
    error = refused(await stopped(workspace, "standup"))
    assert says(error) == ("There are 2 egresses of standup.", "Say which one to stop.")
    told(await workspace.confirm(await workspace.press(button(error.actions, labels(error.actions)[0]))))


async def test_an_id_of_another_server(workspace: Workspace, annex: Memory) -> None:
    told(await workspace.say("room create standup --provider annex"))
    told(await workspace.say(f"{BOTH} --provider annex"))
    [egress] = await annex.list_egresses()
    error = refused(await workspace.say(f"egress stop {egress.ref.id}"))
    assert isinstance(error, NothingHere)
    assert says(error) == (f"There is no egress {egress.ref.id} on memory.", "It is on another video server.")
    assert button(error.actions, "On annex") == EgressStop(provider="annex", egress=egress.ref.id)
    assert says(refused(await workspace.say("egress show EG_none")))[1] == "See /video egress list."


async def test_layout(workspace: Workspace, memory: Memory) -> None:
    egress = await started(workspace, memory, BOTH)
    reply = told(await workspace.say("egress layout standup speaker"))
    assert plain(reply.text) == "The egress of standup was told to show speaker."
    assert (await memory.list_egresses(id=egress.ref.id))[0].source.layout == "speaker"
    assert isinstance(refused(await workspace.say("egress layout standup spiral")), UsageError)


async def test_layout_of_what_has_none(workspace: Workspace, memory: Memory) -> None:
    await started(workspace, memory, "egress participant standup ana --format mp4")
    error = refused(await workspace.say("egress layout standup speaker"))
    assert says(error)[0] == "The egress of participant ana in standup shows no whole room, so it has no layout."


async def test_the_maker_stops_their_own(workspace: Workspace, memory: Memory) -> None:
    egress = await started(workspace, memory, BOTH)
    assert isinstance(refused(await workspace.say("egress stop standup", by=VERA)), NotAllowed)
    workspace.roles._roles[OLGA.user_id] = workspace.roles._roles["UVERA"]
    own = await workspace.say(f"egress stop {egress.ref.id}")
    assert own.outcome is Outcome.ASKED


async def test_what_others_may_not_see_is_not_there(workspace: Workspace, memory: Memory) -> None:
    members = workspace.ports.membership
    assert isinstance(members, Members)
    members.private.add("CSTUDIO")
    egress = await started(workspace, memory, BOTH)
    members.private.clear()
    seen_from = LOBBY
    assert titles(told(await workspace.say("egress list", by=VERA, place=seen_from))) == []
    error = refused(await workspace.say(f"egress show {egress.ref.id}", by=VERA, place=seen_from))
    assert isinstance(error, NothingHere)


# What a restart says


async def test_the_aftermath(workspace: Workspace, memory: Memory) -> None:
    ctx = workspace.context(memory)
    given = {"provider": "memory", "format": "mp4"}
    starts = {
        EgressKind.ROOM: EgressRoom.model_validate({**given, "room": "standup"}),
        EgressKind.PARTICIPANT: EgressParticipant.model_validate({**given, "room": "standup", "participant": "ana"}),
        EgressKind.TRACKS: EgressTracks.model_validate({**given, "room": "standup", "tracks": ["ana/camera"]}),
        EgressKind.TRACK: EgressTrack.model_validate(
            {"provider": "memory", "file": "", "room": "standup", "track": "ana/camera"}
        ),
        EgressKind.WEB: EgressWeb.model_validate({**given, "url": "https://example.com/"}),
    }
    await sent(workspace, memory)
    for kind, start in starts.items():
        if kind is EgressKind.WEB:
            reply = await start.aftermath(ctx)
            assert plain(reply.text) == (
                "Whether the egress of the page began cannot be told, as its address is in no record."
            )
            assert button(reply.actions, "List egresses") == EgressList(provider="memory", active=True)
            continue
        nothing = "No such egress runs; start it again if you want that."
        assert plain((await start.aftermath(ctx)).text) == nothing
        told(await workspace.press(start))
        [egress] = [e for e in await memory.list_egresses() if e.source.kind is start.source.kind]
        assert egress.ref.id in plain((await start.aftermath(ctx)).text)
    stop = EgressStop(provider="memory", egress=egress.ref.id)
    assert "has not ended" in plain((await stop.aftermath(ctx)).text)
    layout = EgressLayout(provider="memory", egress=egress.ref.id, layout="grid")
    assert labels((await layout.aftermath(ctx)).actions) == ["Do it again"]
    assert EgressShow(provider="memory", egress="x").only_reads()


async def test_the_aftermath_does_not_take_what_others_began(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    theirs = await memory.start_recording(room, EgressOptions())
    await memory.server.settled()
    start, ctx = EgressRoom(provider="memory", room="standup", segments="hls/"), workspace.context(memory)
    assert theirs.ref.id in plain((await start.aftermath(ctx)).text)
    assert await workspace.directory.made_by(TEAM, "memory", theirs.ref.id) is None
    [egress] = await memory.list_egresses()
    assert egress.started_at is not None
    late = replace(ctx, tried_at=egress.started_at + timedelta(minutes=5))
    assert plain((await start.aftermath(late)).text) == "No such egress runs; start it again if you want that."


async def test_a_stream_is_an_egress_too(workspace: Workspace, memory: Memory) -> None:
    stream = await streamed(workspace, memory)
    assert [title.split(" ")[0] for title in titles(told(await workspace.say("egress list")))] == [stream.ref.id]
