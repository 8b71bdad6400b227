"""What a recording can be of and what can be asked of it, and what is said where that cannot be."""

from dataclasses import replace
from datetime import timedelta

import pytest

from commands.core.attempts import Outcome
from commands.core.errors import Ended, MissingInput, NothingHere, UsageError
from commands.core.people import NotInRoom
from commands.core.reply import plain
from commands.core.spelling import spell
from commands.core.types import REDACTED
from commands.recording import RecordingList, RecordingStart, RecordingStop
from providers.base import (
    Capability,
    EgressKind,
    EgressSource,
    Encoding,
    FileFormat,
    FileOutput,
    ImagesOutput,
    Participant,
    Recording,
    RecordingStatus,
    RoomRef,
    SegmentsOutput,
    Track,
    TrackKind,
    TrackSource,
)
from providers.errors import NoWorker, TimedOut
from providers.facts import ParticipantsListed, RecordingChanged
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.workspace import TEAM, Workspace, button, labels, refused, says, told

PAGE = "https://scores.test/board"


@pytest.fixture
async def room(workspace: Workspace, memory: Memory) -> RoomRef:
    """With ana, who shows her camera and is heard."""
    ref = await workspace.room("standup")
    memory.server.join("standup", "ana")
    memory.server.publish("standup", "ana", TrackSource.CAMERA)
    memory.server.publish("standup", "ana", TrackSource.MICROPHONE)
    return ref


async def sent(memory: Memory, room: RoomRef, source: TrackSource, identity: str = "ana") -> Track:
    [who] = [p for p in await memory.list_participants(room) if p.identity == identity]
    return next(track for track in who.tracks if track.source is source)


async def started(workspace: Workspace, memory: Memory, options: str) -> Recording:
    told(await workspace.say(f"recording start {options}"))
    return (await memory.list_recordings())[0]


async def problems_of(workspace: Workspace, options: str) -> list[str]:
    try:
        error = refused(await workspace.say(f"recording start {options}"))
    except UsageError as faulty:  # the line says so by itself
        error = faulty
    assert isinstance(error, UsageError), says(error)
    return [problem.text for problem in error.problems]


# What it is of


async def test_of_a_room_in_which_somebody_sends(workspace: Workspace, room: RoomRef) -> None:
    assert told(await workspace.say("recording start standup")).hint == ""


async def test_of_an_empty_room(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    reply = told(await workspace.say("recording start standup"))
    assert plain(reply.text) == "Recording standup. Its card says when it runs."
    assert plain(reply.hint) == "Nobody sends anything there yet, so it may wait until somebody does."
    assert [r.status for r in await memory.list_recordings()] == [RecordingStatus.STARTING]
    assert any(isinstance(fact, ParticipantsListed) for fact in workspace.directory.facts)


async def test_of_a_participant(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    reply = told(await workspace.say("recording start standup --participant Ana --screen-share"))
    assert plain(reply.text) == "Recording the screen of participant ana in standup. Its card says when it runs."
    [recording] = await memory.list_recordings()
    assert recording.source == EgressSource(EgressKind.PARTICIPANT, identity="ana", screen_share=True)


async def test_of_a_participant_who_is_not_there(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    error = refused(await workspace.say("recording start standup --participant anna"))
    assert isinstance(error, NotInRoom)
    assert says(error) == ("anna is not in standup.", "In it: ana.")
    told(await workspace.press(button(error.actions, "ana")))
    assert (await memory.list_recordings())[0].source.identity == "ana"


@pytest.mark.parametrize("order", ["ana/camera,ana/microphone", "ana/microphone,ana/camera"])
async def test_of_two_tracks_in_any_order(workspace: Workspace, memory: Memory, room: RoomRef, order: str) -> None:
    seen, heard = [await sent(memory, room, source) for source in (TrackSource.CAMERA, TrackSource.MICROPHONE)]
    recording = await started(workspace, memory, f"standup --tracks {order}")
    assert recording.source == EgressSource(EgressKind.TRACKS, video_track=seen.id, audio_track=heard.id)


async def test_of_tracks_by_id(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    heard = await sent(memory, room, TrackSource.MICROPHONE)
    recording = await started(workspace, memory, f"standup --tracks {heard.id} --format mp3")
    assert recording.source == EgressSource(EgressKind.TRACKS, audio_track=heard.id)


@pytest.mark.parametrize(("word", "kind"), [("ana/camera", "video_track"), ("ana/microphone", "audio_track")])
async def test_of_one_track(workspace: Workspace, memory: Memory, room: RoomRef, word: str, kind: str) -> None:
    recording = await started(workspace, memory, f"standup --track {word}")
    source = TrackSource.CAMERA if kind == "video_track" else TrackSource.MICROPHONE
    assert recording.source.kind is EgressKind.TRACK
    assert getattr(recording.source, kind) == (await sent(memory, room, source)).id


async def test_of_a_track_that_is_not_there(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    error = refused(await workspace.say("recording start standup --track TR_nowhere"))
    assert isinstance(error, NothingHere)
    assert says(error) == (
        "There is no track TR_nowhere in standup.",
        "There is ana/camera, ana/microphone; see /video track list standup.",
    )
    memory.server.leave("standup", "ana")
    error = refused(await workspace.say("recording start standup --track TR_nowhere"))
    assert says(error)[1] == "Nobody sends anything there."


async def test_of_two_tracks_of_a_kind(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    memory.server.publish("standup", "ana", TrackSource.SCREEN_SHARE)
    wrong = "ana/camera, ana/screen_share are both to be seen; together go one that is seen and one that is heard."
    assert await problems_of(workspace, "standup --tracks ana/camera,ana/screen_share") == [wrong]
    assert await memory.list_recordings() == []


class WithData(Memory):
    """Where ana sends data as well."""

    async def list_participants(self, room: RoomRef) -> list[Participant]:
        scores = Track(id="TR_scores", source=TrackSource.UNKNOWN, kind=TrackKind.DATA, name="scores")
        return [replace(who, tracks=(*who.tracks, scores)) for who in await super().list_participants(room)]


async def test_of_a_track_of_data() -> None:
    memory = WithData("memory", MemorySettings())
    workspace = Workspace(memory)
    await workspace.room("standup")
    memory.server.join("standup", "ana")
    error = refused(await workspace.say("recording start standup --track TR_scores"))
    assert isinstance(error, UsageError)
    assert [p.text for p in error.problems] == ["ana/scores is data, which is neither seen nor heard."]
    assert plain(error.remedy) == "Nothing else is sent there."
    memory.server.publish("standup", "ana", TrackSource.CAMERA)
    error = refused(await workspace.say("recording start standup --track TR_scores"))
    assert plain(error.remedy) == "There is ana/camera; see /video track list standup."
    await memory.aclose()


async def test_of_a_name_that_two_tracks_have(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    memory.server.join("standup", "bob")
    memory.server.publish("standup", "bob", TrackSource.CAMERA)
    error = refused(await workspace.say("recording start standup --track camera"))
    assert says(error) == ("2 tracks are called camera.", "Say which one: ana/camera, bob/camera, or its id.")


async def test_where_the_server_does_not_tell_who_is_there(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    memory.lacking = frozenset({Capability.LIST_PARTICIPANTS})
    seen, heard = [track.id for track in (await memory.list_participants(room))[0].tracks]
    recording = await started(workspace, memory, f"standup --tracks {seen},{heard}")
    assert recording.source == EgressSource(EgressKind.TRACKS, video_track=seen, audio_track=heard)
    recording = await started(workspace, memory, f"standup --track {seen}")
    assert recording.source == EgressSource(EgressKind.TRACK, video_track=seen)
    recording = await started(workspace, memory, "standup --participant ana")
    assert recording.source == EgressSource(EgressKind.PARTICIPANT, identity="ana")
    assert told(await workspace.say("recording start standup")).hint != ""


# A web page, for which there is no room


async def test_of_a_page(workspace: Workspace, memory: Memory) -> None:
    reply = told(await workspace.say(f"recording start --url {PAGE}?token=s3cret"))
    assert plain(reply.text) == f"Recording the page {PAGE}. Its card says when it runs."
    [recording] = await memory.list_recordings()
    assert (recording.source.url, recording.room) == (PAGE, RoomRef("memory", "", ""))
    assert button(reply.actions, "Stop recording") == RecordingStop(provider="memory", recording=recording.ref.id)
    kept = await workspace.egress_requests.get(TEAM, "memory", recording.ref.id)
    assert kept is not None
    assert (kept.room, kept.options.source.url) == (None, f"{PAGE}?token=s3cret")
    told(await workspace.say(f"recording stop {PAGE}"))


async def test_a_page_in_a_channel_with_a_room(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    told(await workspace.say(f"recording start --url {PAGE}", room=room))
    assert [r.source.kind for r in await memory.list_recordings()] == [EgressKind.WEB]


@pytest.mark.parametrize("named", ["standup", "."])
async def test_a_page_and_a_room(workspace: Workspace, memory: Memory, room: RoomRef, named: str) -> None:
    error = refused(await workspace.say(f"recording start {named} --url {PAGE}", room=room))
    assert says(error)[0] == "--url: A web page is recorded by itself, without a room; leave out one of the two."
    assert await memory.list_recordings() == []


async def test_neither_a_page_nor_a_room(workspace: Workspace, memory: Memory) -> None:
    with pytest.raises(MissingInput) as asked:
        await workspace.say("recording start --layout grid")
    assert plain(asked.value.what) == "recording start needs ROOM or --url."
    assert asked.value.given == {"layout": "grid", "provider": "memory"}
    error = refused(await workspace.press(RecordingStart(provider="memory")))
    assert says(error)[0] == "ROOM: Name a room, or a web page by --url."


@pytest.mark.parametrize(
    "url", ["scores.test/board", "ftp://scores.test/x", "https://", "http://[x", "https://a:99999"]
)
async def test_what_is_no_page(workspace: Workspace, url: str) -> None:
    assert await problems_of(workspace, f"--url {url}") == [
        "--url: It is no address of a page; one is https://example.com/page."
    ]


async def test_a_page_in_no_public_network(workspace: Workspace, memory: Memory) -> None:
    assert await problems_of(workspace, "--url http://inside.test/board") == ["--url: It is in no public network."]
    assert await memory.list_recordings() == []


def test_the_address_of_a_page_stands_in_no_record() -> None:
    command = RecordingStart(provider="memory", url=f"{PAGE}?token=s3cret")
    assert spell(command, redacted=True) == "recording start --provider memory --url ***"
    assert command.about is None


async def test_a_room_is_still_lent(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    told(await workspace.say("recording start --layout speaker", room=room))
    [recording] = await memory.list_recordings()
    assert (recording.room, recording.source.layout) == (room, "speaker")


# What is written


async def test_what_is_asked_for_is_kept_as_it_was(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    recording = await started(workspace, memory, "standup --path daily/{time}.mp4 --format mp4 --segments --images 10s")
    kept = await workspace.egress_requests.get(TEAM, "memory", recording.ref.id)
    assert kept is not None
    assert (kept.room, kept.by, kept.first, kept.part) == (room, "UOLGA", recording.ref.id, 1)
    assert kept.options.file == FileOutput("daily/{time}.mp4", FileFormat.MP4)
    assert kept.options.segments == SegmentsOutput(prefix="daily/{time}")
    assert kept.options.images == ImagesOutput(prefix="daily/{time}", every=timedelta(seconds=10))


async def test_segments_take_the_place_of_a_file(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    recording = await started(workspace, memory, "standup --segments")
    kept = await workspace.egress_requests.get(TEAM, "memory", recording.ref.id)
    assert kept is not None
    assert (kept.options.file, kept.options.segments) == (None, SegmentsOutput())


async def test_an_encoding_in_numbers(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    numbers = "--width 1280 --height 720 --fps 25 --video-bitrate 2000 --audio-bitrate 96 --key-frames 2s"
    recording = await started(workspace, memory, f"standup {numbers} --audio-frequency 48000")
    kept = await workspace.egress_requests.get(TEAM, "memory", recording.ref.id)
    assert kept is not None
    assert kept.options.encoding == Encoding(1280, 720, 25, 2000, 96, 48_000, timedelta(seconds=2))


EVEN = "It is to be an even number of pixels, such as"
WHOLE = "A single track is written as it is sent; leave it out, or name the track by --tracks."


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            "--audio-only --video-only",
            ["--video-only: Only the sound and only the picture leaves nothing; choose one."],
        ),
        (
            "--audio-only --images 5s",
            ["--images: There are no images of sound alone; leave them out, or record the picture."],
        ),
        ("--format mp3", ["--format: mp3 holds sound alone, and there is a picture to record; take mp4."]),
        ("--format avi", ["--format: “avi” is not one of mp4, ogg or mp3."]),
        ("--width 1280", ["--height: A size needs both: give --height with --width."]),
        ("--height 720", ["--width: A size needs both: give --width with --height."]),
        ("--width 1281 --height 719", [f"--width: {EVEN} 1282.", f"--height: {EVEN} 720."]),
        ("--width 8 --height 720", ["--width: “8” is too small; the least is 16."]),
        (
            "--preset h264-720p-30 --fps 25",
            ["--preset: A preset says it all; leave it out, or leave out the numbers of the encoding."],
        ),
        ("--participant ana --layout grid", ["--layout: A layout arranges a whole room; leave it out here."]),
        (
            "--tracks ana/camera --audio-only",
            ["--audio-only: It is for a whole room or a web page; name the tracks instead."],
        ),
        ("--tracks a,b,c", ["--tracks: Two at most: one that is seen and one that is heard."]),
        ("--tracks ,", ["--tracks: It cannot be empty."]),
        (
            "--track a --participant ana",
            ["--track: A recording is of one thing; choose among --participant and --track."],
        ),
        ("--screen-share", ["--screen-share: Say whose screen, by --participant."]),
        ("--track ana/camera --segments", [f"--segments: {WHOLE}"]),
        ("--track ana/camera --format ogg", [f"--format: {WHOLE}"]),
        ("--track ana/camera --preset h264-720p-30", [f"--preset: {WHOLE}"]),
        (
            "--track ana/camera --fps 25",
            ["A single track is written as it is sent; leave out the numbers of the encoding."],
        ),
        ("--path ../x", ["--path: A path cannot lead upwards by “..”."]),
        ('--path ""', ["--path: A path cannot be empty, or hold control characters or line breaks."]),
        ("--stop-after yesterday", ["--stop-after: “yesterday” is no duration. Write it like 90s, 15m or 1h30m."]),
        ("--stop-after 2026-01-01", ["--stop-after: “2026-01-01” is no duration. Write it like 90s, 15m or 1h30m."]),
        ("--stop-after -5m", ["--stop-after: “-5m” is no duration. Write it like 90s, 15m or 1h30m."]),
        ("--output archive", ["--output: “archive” is no output here; none is configured for this video server."]),
    ],
)
async def test_what_does_not_go_together(
    workspace: Workspace, memory: Memory, room: RoomRef, options: str, said: list[str]
) -> None:
    assert await problems_of(workspace, f"standup {options}") == said
    assert await memory.list_recordings() == []


async def test_names_that_the_server_does_not_have(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    there = "h264-720p-30, h264-720p-60, h264-1080p-30, h264-1080p-60, portrait-h264-720p-30"
    assert await problems_of(workspace, "standup --layout spiral --preset best") == [
        "--layout: “spiral” is no layout here; there is grid, speaker, single-speaker.",
        f"--preset: “best” is no preset here; there is {there}.",
    ]


async def test_an_output_by_name() -> None:
    memory = Memory("memory", MemorySettings(outputs={"archive": "memory://archive"}))
    workspace = Workspace(memory)
    await workspace.room("standup")
    assert await problems_of(workspace, "standup --output attic") == [
        "--output: “attic” is no output here; there is archive."
    ]
    recording = await started(workspace, memory, "standup --output archive")
    kept = await workspace.egress_requests.get(TEAM, "memory", recording.ref.id)
    assert kept is not None
    assert kept.options.output == "archive"
    await memory.aclose()


async def test_images_of_a_track_that_turns_out_to_be_heard(workspace: Workspace, room: RoomRef) -> None:
    assert await problems_of(workspace, "standup --tracks ana/microphone --images 5s") == [
        "--images: There are no images of sound alone; leave them out, or record the picture."
    ]


# Where it does not begin


async def test_no_worker_takes_it(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    await started(workspace, memory, "standup")
    memory.server.faults["start_recording"] = NoWorker
    error = refused(await workspace.say("recording start standup --stop-after 1h"))
    assert says(error) == (
        "No worker of memory took it: none runs, or all are busy. 1 egress runs there at this moment.",
        "Stop what is not needed, add a worker, or try again later. One participant or one track costs a worker less "
        "CPU than a whole room or a page. See /video provider show memory.",
    )
    memory.server.faults.clear()
    told(await workspace.press(button(error.actions, "Try again")))
    assert len(await memory.list_recordings()) == 2


async def test_no_worker_takes_a_track(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    memory.server.faults["start_recording"] = NoWorker
    memory.server.faults["list_egresses"] = TimedOut
    error = refused(await workspace.say("recording start standup --track ana/camera"))
    assert plain(error.what).strip() == "No worker of memory took it: none runs, or all are busy."
    assert plain(error.remedy).startswith("Stop what is not needed, add a worker, or try again later. See ")


async def test_no_worker_takes_a_page(workspace: Workspace, memory: Memory) -> None:
    memory.server.faults["start_recording"] = NoWorker
    error = refused(await workspace.say(f"recording start --url {PAGE}?token=s3cret --audio-only"))
    again = RecordingStart(provider="memory", url=f"{PAGE}?token=s3cret", audio_only=True)
    assert button(error.actions, "Try again") == again


async def test_it_may_begin_all_the_same(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    memory.server.faults["start_recording"] = TimedOut
    answer = await workspace.say("recording start standup")
    assert answer.outcome is Outcome.FAILED
    assert isinstance(answer.result, TimedOut)
    assert answer.result.what == "The video server has not said in time whether it began."
    assert answer.result.remedy.startswith("It may begin all the same, and its card comes then;")
    assert not any(isinstance(fact, RecordingChanged) for fact in workspace.directory.facts)


async def test_the_room_ends_meanwhile(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    await memory.close_room(room)
    error = refused(await workspace.say("recording start", room=room))
    assert isinstance(error, Ended)
    assert says(error)[0] == "The room standup has ended."


async def test_ten_of_one_room(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    for _ in range(9):
        last = told(await workspace.say("recording start standup"))
    assert plain(last.hint) == "It is being recorded already, 8 times; this is one more."
    tenth = told(await workspace.say("recording start standup"))
    assert plain(tenth.hint) == (
        "It is being recorded already, 9 times; this is one more. "
        "Each takes CPU of a worker; stop those that nobody needs."
    )
    assert len(await memory.list_recordings()) == 10
    assert len(labels(tenth.actions)) == 7
    assert labels(tenth.actions)[-1] == "See all"


# What a restart says of a start whose end nobody saw


async def test_after_a_death_what_was_asked_for_is_kept(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    start = RecordingStart(provider="memory", room="standup", room_id=room.id, layout="speaker", preset="h264-720p-30")
    recording = await memory.start_recording(room, start.options(EgressSource(layout="speaker")))
    await start.aftermath(workspace.context(memory))
    kept = await workspace.egress_requests.get(TEAM, "memory", recording.ref.id)
    assert kept is not None
    assert (kept.options.preset, kept.options.source.layout) == ("h264-720p-30", "speaker")


async def test_after_a_death_nobody_knows_which_page_it_was(workspace: Workspace, memory: Memory) -> None:
    told(await workspace.say(f"recording start --url {PAGE}"))
    read_back = RecordingStart(provider="memory", url=REDACTED)
    reply = await read_back.aftermath(workspace.context(memory))
    assert plain(reply.text) == "Whether the page is being recorded cannot be told, as its address is in no record."
    assert button(reply.actions, "List recordings") == RecordingList(provider="memory", active=True)
