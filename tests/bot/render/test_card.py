"""From the state of a thing to its card and to the note in the card's thread."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.state import OnPhone, RoomState, ThingState
from bot.render.button import Pressed, decode, decode_given, read_action_id
from bot.render.card import draw
from bot.render.card.faces import face_of
from bot.render.card.stream import MOST_BESIDE
from bot.render.limits import serialized_size
from bot.render.message import Message
from commands.alert_follow import AlertFollow
from commands.core.base import Command
from commands.core.egress_words import explain_condition, explain_trouble
from commands.core.registry import all_commands
from commands.core.reply import plain
from commands.participant import ParticipantList
from commands.provider import ProviderShow
from commands.recording import RecordingList, RecordingStart, RecordingStop
from commands.recording_parts import RecordingPause, RecordingResume
from commands.recording_timing import RecordingExtend, RecordingKeepGoing
from commands.recording_upkeep import RecordingDismiss, RecordingRetry
from commands.room import RoomClose, RoomJoin, RoomShow
from commands.room_muting import RoomMute
from commands.room_timing import RoomExtend, RoomKeepGoing
from commands.stream_destinations import StreamAdd, StreamRemove
from commands.stream_stop import StreamDismiss, StreamStop
from commands.stream_timing import StreamExtend, StreamKeepGoing
from commands.stream_upkeep import StreamRetry
from providers.base import (
    AudioReceived,
    CallStatus,
    Capability,
    Destination,
    DestinationStatus,
    EgressKind,
    EgressSource,
    EgressTrouble,
    IngressInput,
    IngressStatus,
    IngressTrouble,
    RecordingStatus,
    RoomRef,
    StreamStatus,
    VideoReceived,
    Written,
    WrittenKind,
)
from providers.errors import Unauthenticated, Unreachable
from providers.facts import Condition
from tests.bot.render.foreign import NASTY, buttons, check, check_access, texts, words
from tests.bot.render.things import (
    BEGAN,
    ENDED,
    KINDS,
    MISSED,
    PLAN,
    call,
    destination,
    dismissed,
    ended_room,
    gone_on,
    ingress,
    lost,
    one_of_each,
    paused,
    present,
    recording,
    ref,
    room,
    second_part,
    seen,
    server,
    standing_of,
    stream,
    trial,
)

EVERYTHING = frozenset(Capability)
WHEN = "<!date^1795210200^{date_short_pretty} at {time}|2026-11-20 21:30 UTC>"
THEN = "<!date^1795212720^{date_short_pretty} at {time}|2026-11-20 22:12 UTC>"


CHECK = "Check its key and address on the platform, then start the stream again."
CALL_AGAIN = "Call again later, or check the number and the trunk."
CONNECT = "Nobody is connected: start the encoder with the address and the key of this ingress."
SEND_AGAIN = "Let the encoder send H.264 and AAC, to the address and with the key of this ingress. Then send again."
PUSHED = ["Disable", "Move", "New key", "Delete"]
"""What can be done with an ingress that somebody sends to."""


def card(state: ThingState, capabilities: frozenset[Capability] = EVERYTHING) -> Message:
    drawn = draw(state, capabilities=capabilities, card_id=7, generation=2)
    check(drawn)
    return drawn


def offered(drawn: Message) -> dict[str, Command]:
    """The buttons by label, each as the command that a press would run. Those that open a form are left out."""
    pressed = [(read_action_id(button["action_id"]), button) for button in buttons(drawn.blocks)]
    return {
        button["text"]["text"]: decode(press.path, button["value"], all_commands())
        for press, button in pressed
        if press.pressed is Pressed.COMMAND
    }


def forms(drawn: Message) -> dict[str, tuple[str, dict[str, object]]]:
    """The buttons that open a form, by label: of which command, and what it begins with."""
    pressed = [(read_action_id(button["action_id"]), button) for button in buttons(drawn.blocks)]
    return {
        button["text"]["text"]: (" ".join(press.path), decode_given(button["value"]))
        for press, button in pressed
        if press.pressed is Pressed.FORM
    }


def labels(drawn: Message) -> list[str]:
    return [button["text"]["text"] for button in buttons(drawn.blocks)]


PINNED = {"provider": "livekit", "room": "standup", "room_id": "RM_1"}


def test_a_live_room() -> None:
    drawn = card(room(present=present(3), max_participants=20))
    assert drawn.text == "Room standup is live with 3 people of 20."
    assert drawn.blocks[0]["text"] == {"type": "plain_text", "text": "standup", "emoji": False}
    assert words(drawn.blocks[1]) == f"🟢 *Live* · 3 people of 20 · since {WHEN} Notify me"
    assert words(drawn.blocks[-1]) == "Made by <@U1A> · on `livekit` · `RM_1`"
    assert offered(drawn) == {
        "Notify me": AlertFollow(provider="livekit", kind="room", thing_id="RM_1", name="standup"),
        "Join": RoomJoin.model_validate(PINNED),
        "Record": RecordingStart.model_validate(PINNED),
        "Participants": ParticipantList.model_validate(PINNED),
        "Mute all": RoomMute.model_validate(PINNED),
        "End": RoomClose.model_validate(PINNED),
    }
    assert forms(drawn) == {"Stream to...": ("stream start", PINNED)}
    styles = [button.get("style") for button in buttons(drawn.blocks)]
    assert styles == [None, "primary", None, None, None, None, "danger"]


@pytest.mark.parametrize(
    ("people", "most", "said"),
    [
        (0, None, "nobody in it"),
        (0, 5, "nobody in it"),
        (1, None, "1 person"),
        (1, 5, "1 person of 5"),
        (2, None, "2 people"),
    ],
)
def test_how_many_are_in_it(people: int, most: int | None, said: str) -> None:
    assert f"· {said} ·" in words(card(room(present=present(people), max_participants=most)).blocks)


def test_a_room_that_is_recorded_offers_to_stop() -> None:
    drawn = card(room(recordings={"EG_1": RecordingStatus.LIVE, "EG_0": RecordingStatus.READY}))
    assert drawn.text == "Room standup is live with nobody in it, and it is being recorded."
    assert "🔴 *Recording*" in words(drawn.blocks)
    assert offered(drawn)["Stop recording"] == RecordingStop(provider="livekit", recording="EG_1")
    assert "Record" not in offered(drawn)


def test_of_several_recordings_none_is_guessed() -> None:
    drawn = card(room(recordings={"EG_1": RecordingStatus.LIVE, "EG_2": RecordingStatus.STARTING}))
    assert offered(drawn)["Stop recording"] == RecordingStop(provider="livekit", recording="standup", room_id="RM_1")


@pytest.mark.parametrize(
    "lacking",
    [Capability.CREATE_TOKEN, Capability.START_RECORDING, Capability.MUTE_TRACK, Capability.CLOSE_ROOM],
)
def test_what_the_server_cannot_do_is_not_offered(lacking: Capability) -> None:
    shown = offered(card(room(), EVERYTHING - {lacking}))
    assert len(shown) == 5
    assert all(lacking not in command.spec.needs for command in shown.values())


def test_of_a_server_that_can_do_nothing_one_can_be_told() -> None:
    assert list(offered(card(room(), frozenset()))) == ["Notify me"]


def test_a_room_that_has_ended() -> None:
    drawn = card(ended_room())
    assert drawn.text == "Room standup ended after 42 min."
    assert words(drawn.blocks[1]).startswith("⚪ *Ended* after 42 min · <!date^")
    assert buttons(drawn.blocks) == []


@pytest.mark.parametrize("began", [None, ENDED, ENDED + timedelta(minutes=1)])
def test_a_duration_that_is_not_known_is_not_told(began: datetime | None) -> None:
    assert card(ended_room(created_at=began)).text == "Room standup ended."


def test_a_room_of_which_little_is_known() -> None:
    drawn = card(RoomState(ref=RoomRef("livekit", "", "standup")))
    assert words(drawn.blocks[1]) == "🟢 *Live* · nobody in it"
    assert words(drawn.blocks[-1]) == "on `livekit`"
    assert offered(drawn)["End"] == RoomClose(provider="livekit", room="standup")


@pytest.mark.parametrize(
    ("status", "said", "shown", "steps"),
    [
        (RecordingStatus.STARTING, "is starting.", "⏳ *Starting*", ["Notify me", "Stop"]),
        (
            RecordingStatus.LIVE,
            "is running.",
            f"🔴 *Live* · since {WHEN}",
            ["Notify me", "Pause", "Stop", "Layout"],
        ),
        (RecordingStatus.ENDING, "is ending.", "⏳ *Ending*: the file is being written", ["Notify me"]),
        (RecordingStatus.READY, "is ready.", "✅ *Ready*", []),
        (RecordingStatus.FAILED, "failed: disk full.", "⚠️ *Failed*: disk full.", ["Retry"]),
        (RecordingStatus.ABORTED, "was aborted: disk full.", "⚠️ *Aborted*: disk full.", ["Retry"]),
    ],
)
def test_the_life_of_a_recording(status: RecordingStatus, said: str, shown: str, steps: list[str]) -> None:
    drawn = card(recording(status, error="disk full"))
    assert drawn.text == f"The recording of standup {said}"
    assert words(drawn.blocks[0]) == "Recording of standup"
    assert words(drawn.blocks[1]).removesuffix(" Notify me") == shown
    assert labels(drawn) == steps


def test_what_the_buttons_of_a_recording_do() -> None:
    assert offered(card(recording(RecordingStatus.LIVE))) == {
        "Notify me": AlertFollow(provider="livekit", kind="recording", thing_id="EG_1", name="standup"),
        "Pause": RecordingPause(provider="livekit", recording="EG_1"),
        "Stop": RecordingStop(provider="livekit", recording="EG_1"),
    }
    assert forms(card(recording(RecordingStatus.LIVE))) == {
        "Layout": ("recording layout", {"provider": "livekit", "recording": "EG_1"})
    }
    again = RecordingRetry(provider="livekit", recording="EG_1")
    assert offered(card(recording(RecordingStatus.FAILED))) == {"Retry": again}


def test_a_recording_that_is_ready() -> None:
    ready = recording(RecordingStatus.READY, duration=timedelta(minutes=12), size=34_100_000, location="s3://b/x.mp4")
    drawn = card(ready)
    assert drawn.text == "The recording of standup is ready: 12 min, 34.1 MB."
    assert [f["text"] for f in drawn.blocks[2]["fields"]] == [
        "*Duration*\n12 min",
        "*Size*\n34.1 MB",
        "*Location*\n`s3://b/x.mp4`",
    ]


def test_a_failure_without_a_reason() -> None:
    assert card(recording(RecordingStatus.FAILED)).text.endswith("failed: the server gives no reason.")


@pytest.mark.parametrize("state", one_of_each(), ids=standing_of)
def test_block_ids_say_card_and_generation(state: ThingState) -> None:
    ids = [block["block_id"] for block in card(state).blocks]
    assert ids == [f"card:7:2:{n}" for n in range(len(ids))]


@pytest.mark.parametrize("state", one_of_each(), ids=standing_of)
def test_the_same_state_gives_the_same_card(state: ThingState) -> None:
    assert card(state) == card(state.model_copy())


@pytest.mark.parametrize("name", ["", " ", "standup"])
def test_the_stop_of_several_recordings_names_something(name: str) -> None:
    running = {"EG_1": RecordingStatus.LIVE, "EG_2": RecordingStatus.LIVE}
    stop = offered(card(RoomState(ref=RoomRef("livekit", "RM_1", name), recordings=running)))["Stop recording"]
    if name.strip():
        assert stop == RecordingStop(provider="livekit", recording=name, room_id="RM_1")
    else:
        assert stop == RecordingStop(provider="livekit", recording="EG_1")


def test_a_name_too_long_for_a_button_has_none() -> None:
    assert buttons(card(room(ref("x" * 2_000))).blocks) == []


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_name_is_drawn_literally_and_does_its_work(name: str) -> None:
    drawn = card(RoomState(ref=RoomRef("livekit", "RM_1", name)))
    assert all(getattr(command, "room", name) == name for command in offered(drawn).values())


people = st.sampled_from(("U1A", *NASTY))
"""Whom Slack names to us. Text at random may look like an id, and is then mentioned as it ought to be."""


@given(st.sampled_from(KINDS), texts, texts, texts, texts, people)
def test_nothing_foreign_is_markup(kind: int, name: str, id: str, server: str, reason: str, person: str) -> None:
    check_access(card(one_of_each(ref(name, server=server, id=id), reason, person)[kind]).blocks)


def test_what_goes_out_of_a_room_is_counted() -> None:
    assert "· 🔴 *Streaming*" in words(card(room(streams={"EG_2": StreamStatus.LIVE})).blocks[1])
    two = {"EG_2": StreamStatus.LIVE, "EG_3": StreamStatus.STARTING, "EG_4": StreamStatus.ENDED}
    assert "· 🔴 *Streaming*, 2 times" in words(card(room(streams=two)).blocks[1])


def test_a_room_that_is_streamed_offers_to_stop() -> None:
    drawn = card(room(streams={"EG_2": StreamStatus.LIVE}))
    assert drawn.text == "Room standup is live with nobody in it, and it is being streamed."
    assert offered(drawn)["Stop stream"] == StreamStop(provider="livekit", stream="EG_2")
    assert forms(drawn) == {}
    several = card(room(streams={"EG_2": StreamStatus.LIVE, "EG_3": StreamStatus.LIVE}))
    assert offered(several)["Stop stream"] == StreamStop(provider="livekit", stream="standup", room_id="RM_1")


def test_what_a_server_without_workers_cannot_do_is_not_offered() -> None:
    lacking = {Capability.START_RECORDING, Capability.START_STREAM}
    assert not {"Record", "Stream to..."} & set(labels(card(room(), EVERYTHING - lacking)))


def test_a_room_that_ends_by_itself_says_when_and_can_be_kept() -> None:
    drawn = card(room(plan=PLAN))
    assert words(drawn.blocks[2]) == f"⏱️ *Ends* {THEN}, as <@U1A> said"
    commands = offered(drawn)
    assert commands["Extend"] == RoomExtend.model_validate({**PINNED, "rev": 3})
    assert commands["Keep going"] == RoomKeepGoing.model_validate(PINNED)


def test_a_recording_that_stops_by_itself_says_when_and_can_be_kept() -> None:
    drawn = card(recording(plan=PLAN))
    assert words(drawn.blocks[2]) == f"⏱️ *Stops* {THEN}, as <@U1A> said"
    commands = offered(drawn)
    assert commands["Extend"] == RecordingExtend(provider="livekit", recording="EG_1", rev=3)
    assert commands["Keep going"] == RecordingKeepGoing(provider="livekit", recording="EG_1")


def test_a_stop_that_was_missed_says_why_and_cannot_be_put_off() -> None:
    drawn = card(room(plan=MISSED))
    assert words(drawn.blocks[2]) == f"⚠️ *Not stopped* as planned, {THEN}: the server does not answer."
    assert "Extend" not in offered(drawn)


TRIED = PLAN.model_copy(update={"tried_at": ENDED})


@pytest.mark.parametrize(("state", "verb"), [(room(plan=TRIED), "end"), (recording(plan=TRIED), "stop")])
def test_a_stop_that_the_server_was_told_of_cannot_be_put_off(state: ThingState, verb: str) -> None:
    drawn = card(state)
    assert words(drawn.blocks[2]) == f"⏱️ *Was to {verb}* {THEN}, as <@U1A> said. The server was told to."
    assert not {"Extend", "Keep going"} & set(offered(drawn))


@pytest.mark.parametrize(
    "state",
    [
        room(plan=PLAN.model_copy(update={"stops_at": None})),
        ended_room(plan=PLAN),
        lost(room(plan=PLAN)),
        recording(RecordingStatus.READY, plan=PLAN),
        lost(recording(plan=PLAN)),
    ],
    ids=standing_of,
)
def test_a_stop_that_is_not_planned_any_more_is_not_shown(state: ThingState) -> None:
    drawn = card(state)
    assert "⏱️" not in words(drawn.blocks)
    assert not {"Extend", "Keep going"} & set(offered(drawn))


@pytest.mark.parametrize(
    ("state", "subject", "steps"),
    [
        (lost(room()), "room standup", {"Look again": RoomShow.model_validate(PINNED)}),
        (
            lost(recording()),
            "the recording of standup",
            {"Its recordings": RecordingList(provider="livekit", room="standup", room_id="RM_1")},
        ),
        (lost(stream()), "the stream of standup", {}),
        (lost(ingress()), "the ingress Camera 2 into standup", {}),
        (lost(call()), "the call to …4567", {}),
    ],
)
def test_what_was_lost_sight_of_says_so(state: ThingState, subject: str, steps: dict[str, Command]) -> None:
    drawn = card(state)
    untold = ": the server lists it no more, and when it ended was not told."
    assert drawn.text.startswith(f"We lost sight of {subject}{untold}")
    assert words(drawn.blocks[1]).startswith(
        "❔ *Lost sight of*: the server lists it no more; when it ended was not told."
    )
    assert offered(drawn) == steps


FAILED = destination(1, DestinationStatus.FAILED, error="connection refused")


def test_of_a_stream_that_was_lost_nothing_is_live() -> None:
    gone = lost(stream(StreamStatus.LIVE, destination(0), FAILED))
    drawn = words(card(gone).blocks)
    assert "2 `rtmp://cdn1.example/live`\n1 `rtmp://cdn0.example/live`" in drawn
    for shown in (drawn, plain(face_of(gone).line)):
        assert not any(word in shown for word in ("🔴", "*Live*", "*Failed*", "to 1 of 2", "since"))


def test_of_a_stream_that_is_over_it_stays_known_what_failed() -> None:
    drawn = card(stream(StreamStatus.ENDED, destination(0), FAILED))
    assert words(drawn.blocks[2]).splitlines() == [
        "⚠️ *Failed* · 2 `rtmp://cdn1.example/live` · connection refused. · 1 retry",
        "1 `rtmp://cdn0.example/live`",
    ]


@pytest.mark.parametrize("state", one_of_each(), ids=standing_of)
def test_a_line_says_no_more_of_what_was_lost_than_that(state: ThingState) -> None:
    if state.is_lost:
        assert plain(face_of(state).line).startswith("❔ Lost sight of · ")
        assert face_of(state).brief == ""


def test_an_ingress_that_failed_and_was_lost_is_lost() -> None:
    assert face_of(lost(ingress(IngressStatus.FAILED, error="no video"))).brief == ""


def test_a_stream_has_a_line_for_each_destination_and_what_failed_comes_first() -> None:
    connecting = destination(2, DestinationStatus.CONNECTING, retried_at=ENDED)
    failed = destination(1, DestinationStatus.FAILED, error="connection refused")
    drawn = card(stream(StreamStatus.LIVE, connecting, destination(0), failed))
    assert drawn.text == "The stream of standup is live to 1 of 3 destinations."
    assert words(drawn.blocks[1]) == f"⚠️ *Partly live* · to 1 of 3 destinations · since {WHEN} Notify me"
    assert [words(block) for block in drawn.blocks[2:5]] == [
        "⚠️ *Failed* · 2 `rtmp://cdn1.example/live` · connection refused. · 1 retry Try again",
        f"⏳ *Connecting* · 3 `rtmp://cdn2.example/live` · 2 retries, last {THEN} Remove",
        f"🔴 *Live* · 1 `rtmp://cdn0.example/live` · since {WHEN} Remove",
    ]


def remove(number: int) -> StreamRemove:
    return StreamRemove(provider="livekit", stream="EG_2", destination=f"D{number}")


def test_each_destination_that_goes_on_can_be_removed_and_no_button_holds_an_address() -> None:
    drawn = card(stream(StreamStatus.LIVE, destination(2), destination(1, DestinationStatus.FAILED), destination(0)))
    beside = [block["accessory"] for block in drawn.blocks[2:] if "accessory" in block]
    again, *removals = [each["value"] for each in beside]
    assert [decode(("stream", "remove"), value, all_commands()) for value in removals] == [remove(0), remove(2)]
    assert not any("rtmp" in button["value"] for button in buttons(drawn.blocks))
    add = StreamAdd(provider="livekit", stream="EG_2", destination="D1")
    assert decode(("stream", "add"), again, all_commands()) == add
    assert [each["accessibility_label"] for each in beside] == [
        "Try destination 2 again, rtmp://cdn1.example/live",
        "Remove 1. rtmp://cdn0.example/live",
        "Remove 3. rtmp://cdn2.example/live",
    ]


def test_of_a_stream_from_elsewhere_nobody_knows_the_keys_to_try_again() -> None:
    drawn = card(stream(StreamStatus.LIVE, destination(0), FAILED, made_by=None))
    assert "Try again" not in labels(drawn)


def test_what_was_taken_away_is_no_destination_that_is_not_reached() -> None:
    drawn = card(stream(StreamStatus.LIVE, destination(0), destination(1, DestinationStatus.ENDED)))
    assert drawn.text == "The stream of standup is live to 1 destination."


def test_one_that_failed_and_was_added_again_is_shown_once() -> None:
    before, after = (
        Destination("D0", "rtmp://a.example/live", DestinationStatus.FAILED, BEGAN, BEGAN),
        Destination("D0-2", "rtmp://a.example/live", DestinationStatus.LIVE, ENDED),
    )
    drawn = card(stream(StreamStatus.LIVE, before, after))
    assert drawn.text == "The stream of standup is live to 1 destination."
    assert "*Failed*" not in words(drawn.blocks)
    beside = replace(after, started_at=BEGAN - timedelta(seconds=1))
    assert "*Failed*" in words(card(stream(StreamStatus.LIVE, before, beside)).blocks)


def test_where_a_stream_goes_that_was_left_behind_cannot_be_changed() -> None:
    drawn = card(seen(stream(StreamStatus.LIVE, destination(0)), Condition.LEFT_BEHIND))
    assert drawn.text.startswith("The stream of standup was live to 1 destination. Nothing works on it any more")
    assert not {"Remove", "Add destination"} & set(labels(drawn))
    assert "1 `rtmp://cdn0.example/live`" in words(drawn.blocks)


def test_of_many_destinations_one_is_removed_by_a_form() -> None:
    drawn = card(stream(StreamStatus.LIVE, *map(destination, range(MOST_BESIDE + 1))))
    given = {"provider": "livekit", "stream": "EG_2"}
    assert forms(drawn)["Remove destination"] == ("stream remove", given)
    assert "Remove" not in labels(drawn)


def test_what_the_buttons_of_a_stream_do() -> None:
    drawn, given = card(stream(StreamStatus.LIVE, plan=PLAN)), {"provider": "livekit", "stream": "EG_2"}
    assert offered(drawn) == {
        "Notify me": AlertFollow(provider="livekit", kind="stream", thing_id="EG_2", name="standup"),
        "Extend": StreamExtend(provider="livekit", stream="EG_2", rev=3),
        "Keep going": StreamKeepGoing(provider="livekit", stream="EG_2"),
        "Stop": StreamStop(provider="livekit", stream="EG_2"),
    }
    assert forms(drawn) == {"Add destination": ("stream add", given), "Layout": ("stream layout", given)}
    assert words(drawn.blocks[2]) == f"⏱️ *Stops* {THEN}, as <@U1A> said"


def test_a_server_that_cannot_change_a_stream_offers_to_stop_it() -> None:
    fixed = EVERYTHING - {Capability.UPDATE_STREAM, Capability.UPDATE_STREAM_LAYOUT}
    assert labels(card(stream(StreamStatus.LIVE, destination(0)), fixed)) == ["Notify me", "Stop"]


def test_a_stream_that_failed_can_be_tried_again() -> None:
    again = StreamRetry(provider="livekit", stream="EG_2")
    assert offered(card(stream(StreamStatus.FAILED, destination(0)))) == {"Retry": again}
    assert offered(card(stream(StreamStatus.ENDED, destination(0)))) == {}


def test_where_viewers_find_a_stream_is_told() -> None:
    drawn = card(stream(StreamStatus.LIVE, playlist="https://cdn.example/live.m3u8"))
    assert "*HLS playlist*\n`https://cdn.example/live.m3u8`" in words(drawn.blocks)


# What is odd, or went wrong

JOIN = RoomJoin.model_validate(PINNED)
STOP = RecordingStop(provider="livekit", recording="EG_1")
STOP_STREAM = StreamStop(provider="livekit", stream="EG_2")


@pytest.mark.parametrize(
    ("condition", "standing", "steps", "of_stream"),
    [
        (
            Condition.NO_PUBLISHER,
            "⏳ *Waiting for a publisher*",
            {"Join": JOIN, "Stop": STOP},
            {"Join": JOIN, "Stop": STOP_STREAM},
        ),
        (Condition.NO_START_SIGNAL, "⚠️ *Does not begin*", {"Stop": STOP}, {"Stop": STOP_STREAM}),
        (Condition.ROOM_OVER, "⚠️ *Outlives its room*", {"Stop": STOP}, {"Stop": STOP_STREAM}),
        (Condition.UNATTENDED, "⚠️ *Unattended*", {"Stop": STOP}, {"Stop": STOP_STREAM}),
        (
            Condition.LEFT_BEHIND,
            "⚠️ *Left behind*",
            {"Dismiss": RecordingDismiss(provider="livekit", recording="EG_1"), "Stop": STOP},
            {"Dismiss": StreamDismiss(provider="livekit", stream="EG_2"), "Stop": STOP_STREAM},
        ),
        (Condition.SLOW_END, "⏳ *Ending*", {}, {}),
    ],
)
def test_what_is_odd_is_explained_with_the_next_step(
    condition: Condition, standing: str, steps: dict[str, Command], of_stream: dict[str, Command]
) -> None:
    for state, expected in (
        (seen(recording(RecordingStatus.STARTING), condition), steps),
        (seen(stream(StreamStatus.STARTING, destination(0)), condition), of_stream),
    ):
        drawn = card(state)
        assert words(drawn.blocks[1]).startswith(standing)
        assert explain_condition(condition) in words(drawn.blocks[2])
        assert drawn.text.endswith(explain_condition(condition))
        said = {name: command for name, command in offered(drawn).items() if name not in ("Notify me", "Remove")}
        assert said == expected


@pytest.mark.parametrize("trouble", EgressTrouble)
def test_the_servers_words_are_explained(trouble: EgressTrouble) -> None:
    for state in (
        recording(RecordingStatus.FAILED, error="code 7", trouble=trouble),
        stream(StreamStatus.ABORTED, error="code 7", trouble=trouble),
    ):
        assert card(state).text.endswith(f": code 7. {explain_trouble(trouble)}")


def test_where_the_worker_lacked_cpu_one_participant_may_do() -> None:
    drawn = card(recording(RecordingStatus.FAILED, trouble=EgressTrouble.OVERLOADED))
    assert labels(drawn) == ["Retry", "Record one participant"]
    assert forms(drawn) == {"Record one participant": ("recording start", PINNED)}


def test_a_recording_in_back_up_storage_says_so() -> None:
    drawn = card(recording(RecordingStatus.READY, is_backup=True, location="b/x.mp4"))
    said = "it could not be stored where it was to go. Fetch it there, and mend the first place."
    assert words(drawn.blocks[1]) == f"⚠️ *In back-up storage*: {said}"
    assert "`b/x.mp4`" in words(drawn.blocks)
    assert offered(drawn) == {"Outputs": ProviderShow(name="livekit")}


def test_what_could_not_be_stored_leads_to_where_it_is_stored() -> None:
    drawn = card(recording(RecordingStatus.FAILED, trouble=EgressTrouble.UPLOAD_FAILED))
    assert offered(drawn) == {
        "Record again": RecordingRetry(provider="livekit", recording="EG_1"),
        "Outputs": ProviderShow(name="livekit"),
    }


def test_a_recording_that_was_cut_at_the_servers_limit_says_so() -> None:
    drawn = card(recording(RecordingStatus.READY, trouble=EgressTrouble.LIMIT_REACHED))
    assert words(drawn.blocks[1]) == "✅ *Ready*"
    assert words(drawn.blocks[2]) == explain_trouble(EgressTrouble.LIMIT_REACHED)
    assert offered(drawn) == {"Record again": RecordingRetry(provider="livekit", recording="EG_1")}


def test_what_is_recorded_and_not_stored_yet() -> None:
    drawn = card(recording(RecordingStatus.ENDING, is_uploading=True))
    assert words(drawn.blocks[1]).startswith("⏳ *Uploading*: all is recorded, and is being stored")


def test_all_that_was_written_is_listed_with_its_kind() -> None:
    playlist = Written(WrittenKind.PLAYLIST, "b/x.m3u8", 34_100_000, timedelta(minutes=12), 120)
    images = Written(WrittenKind.IMAGES, "b/img_", count=1)
    drawn = card(recording(RecordingStatus.READY, location="b/x.m3u8", written=(playlist, images)))
    assert words(drawn.blocks[2]).splitlines() == [
        "*Playlist* · `b/x.m3u8` · 120 segments · 12 min, 34.1 MB",
        "*Images* · `b/img_` · 1 image",
    ]
    assert "*Location*" not in words(drawn.blocks)


def test_of_a_recording_that_failed_what_there_is_is_listed() -> None:
    there, empty = Written(WrittenKind.FILE, "b/x.mp4", 1_000), Written(WrittenKind.FILE, "b/y.mp4", 0)
    shown = words(card(recording(RecordingStatus.FAILED, written=(there, empty))).blocks)
    assert "*File* · `b/x.mp4` · 1.0 kB" in shown
    assert "y.mp4" not in shown


@pytest.mark.parametrize(
    ("source", "of"),
    [
        (EgressSource(EgressKind.PARTICIPANT, identity="ana"), "participant ana in standup"),
        (EgressSource(EgressKind.TRACK, audio_track="TR_1"), "track TR_1 in standup"),
        (EgressSource(EgressKind.WEB, url="https://a.example/x"), "the page https://a.example/x"),
    ],
)
def test_what_it_is_of_is_said_and_only_a_room_has_a_layout(source: EgressSource, of: str) -> None:
    where = ref() if source.has_room else RoomRef("livekit", "", "")
    drawn, of_stream = card(recording(of=where, source=source)), card(stream(of=where, source=source))
    assert drawn.text == f"The recording of {of} is running."
    assert words(drawn.blocks[0]) == f"Recording of {of}"
    assert of_stream.text == f"The stream of {of} is live."
    assert "Layout" not in {**forms(drawn), **forms(of_stream)}


# Parts


def test_a_paused_recording_can_go_on() -> None:
    drawn = card(paused())
    assert drawn.text == "The recording of standup is paused after part 1."
    assert words(drawn.blocks[1]) == "⏸️ *Paused* after part 1, by <@U1A>"
    assert offered(drawn) == {
        "Resume": RecordingResume(provider="livekit", recording="EG_1"),
        "Finish": RecordingStop(provider="livekit", recording="EG_1"),
    }


def test_a_part_says_that_it_goes_on_in_the_next() -> None:
    drawn = card(gone_on())
    assert words(drawn.blocks[1]) == "✅ *Ready* · goes on in part 2"
    assert drawn.text == "The recording of standup is ready: 12 min; it goes on in part 2."
    assert offered(drawn) == {}


def test_the_next_part_has_a_card_of_its_own() -> None:
    assert words(card(second_part()).blocks[0]) == "Recording of standup, part 2"


def test_a_recording_that_is_being_paused_says_so() -> None:
    ending = recording(RecordingStatus.ENDING).model_copy(update={"pause": paused().pause})
    assert words(card(ending).blocks[1]).startswith("⏳ *Pausing*: what there is of it is being written")


def test_what_was_paused_and_is_finished_does_not_go_on() -> None:
    finished = paused().model_copy(update={"finish": paused().pause})
    drawn = card(finished)
    assert offered(drawn) == {}
    assert "Paused" not in words(drawn.blocks[1])


@pytest.mark.parametrize("state", [dismissed(recording()), dismissed(stream(StreamStatus.LIVE, destination(0)))])
def test_what_was_dismissed_offers_nothing(state: ThingState) -> None:
    drawn = card(state)
    assert words(drawn.blocks[1]) == "⚪ *Dismissed* by <@U1A>"
    assert buttons(drawn.blocks) == []


def test_the_order_in_which_a_server_lists_destinations_makes_no_difference() -> None:
    two = (destination(0), destination(1))
    assert card(stream(StreamStatus.LIVE, *two)) == card(stream(StreamStatus.LIVE, *reversed(two)))


@pytest.mark.parametrize(
    ("status", "said", "shown"),
    [
        (StreamStatus.STARTING, "is starting.", "⏳ *Starting*"),
        (StreamStatus.LIVE, "is live to 1 destination.", f"🔴 *Live* · to 1 destination · since {WHEN}"),
        (StreamStatus.ENDING, "is ending.", "⏳ *Ending*"),
        (StreamStatus.ENDED, "ended after 42 min.", "⚪ *Ended* after 42 min"),
        (StreamStatus.FAILED, f"failed: bad key. {CHECK}", f"⚠️ *Failed*: bad key. {CHECK}"),
        (StreamStatus.ABORTED, f"was aborted: bad key. {CHECK}", f"⚠️ *Aborted*: bad key. {CHECK}"),
    ],
)
def test_the_life_of_a_stream(status: StreamStatus, said: str, shown: str) -> None:
    drawn = card(stream(status, destination(0), error="bad key"))
    assert drawn.text == f"The stream of standup {said}"
    assert words(drawn.blocks[1]).removesuffix(" Notify me") == shown


def test_a_stream_that_failed_without_a_reason_has_that_of_a_destination() -> None:
    failed = destination(0, DestinationStatus.FAILED, error="connection refused")
    assert f"failed: connection refused. {CHECK}" in card(stream(StreamStatus.FAILED, failed)).text


@pytest.mark.parametrize("name", ["x", "界" * 400, "\U0001f3ac" * 400, "&" * 400, "*" * 400])
def test_forty_destinations_are_all_shown(name: str) -> None:
    many = [destination(n, DestinationStatus.FAILED, address=f"{n}.{name}", error=name) for n in range(40)]
    drawn = card(stream(StreamStatus.LIVE, *many))
    assert all(f"`{n}." in words(drawn.blocks) for n in range(40))
    assert "not shown" not in words(drawn.blocks)


def test_of_very_many_destinations_it_is_said_how_many_are_not_shown() -> None:
    many = [destination(n, address=f"{n}.{'x' * 200}") for n in range(500)]
    shown = words(card(stream(StreamStatus.LIVE, *many)).blocks)
    assert f"{500 - shown.count('xxx…`')} more are not shown." in shown


@pytest.mark.parametrize(
    ("status", "said", "shown"),
    [
        (
            IngressStatus.WAITING,
            f"is waiting. {CONNECT}",
            "⏳ *Waiting*: nothing comes in.",
        ),
        (
            IngressStatus.BUFFERING,
            "is buffering, and will be in the room soon.",
            "⏳ *Buffering*: something comes in, and is not in the room yet.",
        ),
        (IngressStatus.LIVE, "is live.", f"🟢 *Live* · since {WHEN}"),
        (
            IngressStatus.FAILED,
            f"failed: no video. {SEND_AGAIN}",
            "⚠️ *Failed*: no video.",
        ),
        (
            IngressStatus.COMPLETE,
            "is complete after 42 min: its source has ended.",
            "⚪ *Complete* after 42 min: its source has ended.",
        ),
        (
            IngressStatus.DELETED,
            "was deleted: nobody can send by its key any more.",
            "⚪ *Deleted*: nobody can send by its key any more.",
        ),
    ],
)
def test_the_life_of_an_ingress(status: IngressStatus, said: str, shown: str) -> None:
    drawn = card(ingress(status, error="no video"))
    assert drawn.text == f"The ingress Camera 2 into standup {said}"
    assert words(drawn.blocks[1]).removesuffix(" Notify me") == shown
    told = "*Name*\n`Camera 2` *Joins as*\n`camera-2` *Input*\n`RTMP` *Address*\n`rtmp://in.example/x`"
    assert told in [words(block) for block in drawn.blocks]


def test_what_comes_in_is_shown_in_round_numbers() -> None:
    picture, sound = VideoReceived("video/H264", 1280, 720, 29.97, 2_480), AudioReceived("audio/OPUS", 96, 2, 48_000)
    shown = words(card(ingress(video=picture, audio=sound)).blocks)
    assert "*Video*\nH.264 · 1280×720 · 30 fps · 2.5 Mbit/s *Audio*\nOpus · 48 kHz · stereo · 96 kbit/s" in shown
    assert "*Video*" not in words(card(ingress(IngressStatus.WAITING, video=picture)).blocks), "of before"


@pytest.mark.parametrize(
    ("state", "shown", "advice", "steps"),
    [
        (ingress(IngressStatus.WAITING), "⏳ *Waiting*: nothing comes in.", CONNECT, PUSHED),
        (
            ingress(IngressStatus.WAITING, was_live=True),
            "⚪ *Stopped* after 42 min: nothing comes in.",
            CONNECT,
            PUSHED,
        ),
        (ingress(IngressStatus.WAITING, is_enabled=False), "⏸️ *Disabled*", "enable it.", ["Enable", *PUSHED[1:]]),
        (
            ingress(IngressStatus.WAITING, is_enabled=False, trouble=IngressTrouble.DISABLED),
            "⏸️ *Disabled*: somebody has tried to send, and was refused.",
            "enable it.",
            ["Enable", *PUSHED[1:]],
        ),
        (
            ingress(IngressStatus.COMPLETE, input=IngressInput.URL),
            "⚪ *Complete* after 42 min: its source has ended.",
            "create another one to show it again.",
            ["Create another", "Delete"],
        ),
        (ingress(is_enabled=False), f"🟢 *Live* · since {WHEN}", "nobody new is let in.", ["Enable", *PUSHED[1:]]),
        (seen(ingress(), Condition.LEFT_BEHIND), "⚠️ *Left behind*", "Give it a new key, or delete it.", PUSHED[2:]),
        (
            seen(ingress(input=IngressInput.URL), Condition.LEFT_BEHIND),
            "⚠️ *Left behind*",
            "Delete it, and create another one.",
            ["Create another", "Delete"],
        ),
    ],
)
def test_an_ingress_says_what_is_next(state: ThingState, shown: str, advice: str, steps: list[str]) -> None:
    drawn = card(state)
    assert words(drawn.blocks[1]).removesuffix(" Notify me") == shown
    assert advice in drawn.text
    assert advice in words(drawn.blocks)
    assert [label for label in labels(drawn) if label != "Notify me"] == steps


@pytest.mark.parametrize("state", [ingress(IngressStatus.DELETED), lost(ingress())], ids=standing_of)
def test_with_an_ingress_that_is_gone_nothing_can_be_done(state: ThingState) -> None:
    assert labels(card(state)) == []


def test_an_ingress_without_a_room_says_so() -> None:
    nowhere = card(ingress(IngressStatus.WAITING, RoomRef("livekit", "", "")))
    assert nowhere.text.startswith("The ingress Camera 2 into no room is waiting. It leads into no room: move it")
    assert "Ingress into no room" in words(nowhere.blocks)


def test_an_ingress_that_fetches_by_itself_needs_no_encoder() -> None:
    assert "its address can be reached" in card(ingress(IngressStatus.FAILED, input=IngressInput.URL)).text


@pytest.mark.parametrize(
    ("status", "said", "shown"),
    [
        (CallStatus.DIALING, "for standup is being dialed.", "⏳ *Dialing*"),
        (CallStatus.RINGING, "is ringing, for standup.", "⏳ *Ringing*"),
        (CallStatus.ACTIVE, "is in standup.", f"🟢 *Active* · since {WHEN}"),
        (CallStatus.ENDED, "ended after 42 min.", "⚪ *Ended* after 42 min"),
        (CallStatus.FAILED, f"failed: busy. {CALL_AGAIN}", f"⚠️ *Failed*: busy. {CALL_AGAIN}"),
    ],
)
def test_the_life_of_a_call(status: CallStatus, said: str, shown: str) -> None:
    drawn = card(call(status, error="busy"))
    assert drawn.text == f"The call to …4567 {said}"
    assert words(drawn.blocks[1]).removesuffix(" Notify me") == shown


def test_a_room_that_is_called_by_a_callers_number_is_shown_without_it() -> None:
    drawn = card(call(CallStatus.ACTIVE, RoomRef("livekit", "RM_1", "call-_+493012344567_x")))
    assert drawn.text == "The call to …4567 is in call-_…4567_x."
    assert "493012344567" not in words(drawn.blocks)


@pytest.mark.parametrize(
    "state",
    [
        lambda of: room(of, plan=PLAN, running_recordings=["EG_1"], streams={"EG_2": StreamStatus.LIVE}),
        ended_room,
        lambda of: lost(room(of)),
        lambda of: recording(RecordingStatus.FAILED, of),
        lambda of: stream(of=of),
        lambda of: call(CallStatus.ACTIVE, of),
    ],
)
def test_only_what_buttons_carry_has_the_whole_number_that_a_room_is_called_by(
    state: Callable[[RoomRef], ThingState],
) -> None:
    drawn = card(state(RoomRef("livekit", "RM_1", "call-_+493012344567_x")))
    assert "…4567" in drawn.text
    assert "3012344567" not in repr([drawn.text, without_values(drawn.blocks)])


def without_values(drawn: object) -> object:
    match drawn:
        case dict():
            return {key: without_values(each) for key, each in drawn.items() if key != "value"}
        case list() | tuple():
            return [without_values(each) for each in drawn]
        case _:
            return drawn


def on_phone(number: int, *, is_inbound: bool = False, made_by: str | None = "U1A") -> OnPhone:
    return OnPhone(number=f"…{number}", is_inbound=is_inbound, made_by=made_by)


def test_a_room_says_what_comes_in_and_who_called_whom() -> None:
    there = {"IN_1": IngressStatus.LIVE, "IN_2": IngressStatus.FAILED, "IN_3": IngressStatus.BUFFERING}
    names = {"IN_1": "Camera 2", "IN_2": "Camera 3", "IN_3": "Camera 1"}
    phones = {
        "C1": on_phone(4567),
        "C2": on_phone(4568, is_inbound=True),
        "C3": on_phone(4569, made_by=None),
        "C4": on_phone(4570),
    }
    calls = dict.fromkeys([*phones, "C5"], CallStatus.RINGING) | {"C1": CallStatus.ACTIVE}
    state = room(ingresses=there, ingress_names=names, calls=calls, phones=phones)
    assert words(card(state).blocks[2]).split("\n") == [
        "📹 *Coming in*: Camera 1, Camera 2",
        "📞 *Call*: <@U1A> called *…4567*",
        "📞 *Call*: *…4568* called in",
        "📞 *Call*: *…4569* is being called",
        "and 2 more by telephone",
    ]
    assert face_of(state).brief == "nobody in it, 2 ingresses, 5 calls"
    unnamed = words(card(room(ingresses={"IN_1": IngressStatus.LIVE}, calls={"C1": CallStatus.ACTIVE})).blocks[2])
    assert unnamed.split("\n") == ["📹 *Coming in*: 1 ingress", "📞 *Call*: *somebody* is on the telephone"]


def test_a_call_can_be_ended_and_one_that_failed_made_again() -> None:
    assert labels(card(call())) == ["Notify me", "Hang up", "Send digits...", "Transfer..."]
    assert labels(card(call(CallStatus.FAILED))) == ["Call again..."]
    assert labels(card(lost(call()))) == []


def test_no_whole_number_is_on_a_card() -> None:
    shown = words(card(call(identity="sip_+493012344567")).blocks)
    assert "`sip_…4567`" in shown
    assert "3012" not in shown


def test_who_calls_is_told_as_far_as_it_is_known() -> None:
    assert words(card(call(is_inbound=True)).blocks[0]) == "Call from …4567"
    assert words(card(call(number="")).blocks[0]) == "Call to sip-1"
    assert words(card(call(number="", identity="")).blocks[0]) == "Call to somebody"


def test_a_server_that_does_not_answer_can_be_asked_again() -> None:
    drawn = card(server())
    assert words(drawn.blocks[1]) == f"⚠️ *Does not answer* · since {WHEN} · it does not answer."
    assert words(drawn.blocks[2]) == "What cards say of its rooms may be old until it answers again."
    assert offered(drawn) == {"Ask it again": ProviderShow(name="livekit")}


def test_why_a_server_does_not_answer_is_not_said_twice() -> None:
    drawn = card(server(why=Unreachable.what))
    assert words(drawn.blocks[1]) == f"⚠️ *Does not answer* · since {WHEN}"
    assert drawn.text == (
        "The video server livekit has not answered since 2026-11-20 21:30 UTC."
        " What cards say of its rooms may be old until it answers again."
    )


def test_a_server_that_refuses_the_key_answers_and_says_so() -> None:
    drawn = card(server(why=Unauthenticated.what))
    assert words(drawn.blocks[1]) == f"⚠️ *Refuses us* · since {WHEN} · {Unauthenticated.what}"
    assert drawn.text == (
        f"The video server livekit has refused us since 2026-11-20 21:30 UTC. {Unauthenticated.what}"
        " What cards say of its rooms may be old until it answers again."
    )


def test_a_server_that_answers_again() -> None:
    drawn = card(server(is_reached=True))
    assert drawn.text == "The video server livekit answers again, since 2026-11-20 21:30 UTC."
    assert words(drawn.blocks[1]) == f"🟢 *Answers* · since {WHEN}"
    assert offered(drawn) == {}


def test_a_test_of_alerts_says_who_wanted_it_and_when() -> None:
    assert words(card(trial()).blocks[1]) == f"✅ *Came through* · asked for by <@U1A> · {WHEN}"
    made = trial().model_copy(update={"made_by": "U1A"})
    assert words(card(made).blocks).count("<@U1A>") == 1


@pytest.mark.parametrize(
    "state",
    [room(), recording(), stream(), ingress(), ingress(IngressStatus.FAILED), call()],
    ids=standing_of,
)
def test_one_can_be_told_of_what_is_live(state: ThingState) -> None:
    follow = offered(card(state))["Notify me"]
    assert isinstance(follow, AlertFollow)
    assert (follow.kind, follow.name) == (state.kind, "standup")


@pytest.mark.parametrize(
    "state",
    [
        ended_room(),
        recording(RecordingStatus.READY),
        stream(StreamStatus.FAILED),
        ingress(IngressStatus.COMPLETE),
        call(CallStatus.ENDED),
        lost(call()),
        room(ref(" ")),
        room(ref(id="")),
        server(),
        trial(),
    ],
    ids=standing_of,
)
def test_nobody_is_told_of_what_is_over_or_has_no_name_or_id(state: ThingState) -> None:
    assert "Notify me" not in offered(card(state))


@pytest.mark.parametrize("name", ["standup", *NASTY])
def test_a_card_is_never_too_large(name: str) -> None:
    for state in one_of_each(ref(name), name * 20):
        drawn = card(state)
        assert "not shown" not in words(drawn.blocks)
        assert serialized_size(drawn.blocks) < 13_000
