"""From the state of a thing to its card and to the note in the card's thread."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.state import Present, RecordingState, RoomState, RoomStatus
from bot.render.button import decode, read_action_id
from bot.render.card import draw, note
from bot.render.message import Message
from commands.core.base import Command
from commands.core.registry import all_commands
from commands.participant import ParticipantList
from commands.participant_removal import ParticipantAdmit
from commands.recording import RecordingStart, RecordingStop
from commands.room import RoomClose, RoomJoin
from commands.room_muting import RoomMute
from providers.base import Capability, Participant, Recording, RecordingRef, RecordingStatus, RoomRef
from providers.facts import Origin, ParticipantKeptOut, Source
from tests.bot.render.foreign import NASTY, buttons, check, texts, words

EVERYTHING = frozenset(Capability)
BEGAN = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
ENDED = BEGAN + timedelta(minutes=42)
REF = RoomRef("livekit", "RM_1", "standup")
WHEN = "<!date^1795210200^{date_short_pretty} at {time}|2026-11-20 21:30 UTC>"


def room(**known: object) -> RoomState:
    return RoomState.model_validate({"ref": REF, "made_by": "U1A", "created_at": BEGAN, **known})


def recording(
    status: RecordingStatus,
    *,
    made_by: str | None = "U1A",
    error: str | None = None,
    duration: timedelta | None = None,
    size: int | None = None,
    location: str | None = None,
) -> RecordingState:
    made = Recording(RecordingRef("livekit", "EG_1"), REF, status, BEGAN, None, duration, size, location, error)
    return RecordingState(recording=made, seen_at=ENDED, made_by=made_by)


def card(state: RoomState | RecordingState, capabilities: frozenset[Capability] = EVERYTHING) -> Message:
    drawn = draw(state, capabilities=capabilities, card_id=7, generation=2)
    check(drawn)
    return drawn


def offered(drawn: Message) -> dict[str, Command]:
    """The buttons by label, each as the command that a press would run."""
    return {
        button["text"]["text"]: decode(read_action_id(button["action_id"]).path, button["value"], all_commands())
        for button in buttons(drawn.blocks)
    }


def _present(count: int) -> dict[str, Present]:
    return {str(n): Present(participant=Participant(str(n), f"p{n}"), seen_at=BEGAN) for n in range(count)}


PINNED = {"provider": "livekit", "room": "standup", "room_id": "RM_1"}


def test_a_live_room() -> None:
    people = _present(3)
    drawn = card(room(present=people, max_participants=20))
    assert drawn.text == "Room standup is live with 3 people of 20."
    assert drawn.blocks[0]["text"] == {"type": "plain_text", "text": "standup", "emoji": False}
    assert words(drawn.blocks[1]) == f"🟢 *Live* · 3 people of 20 · since {WHEN}"
    assert words(drawn.blocks[-1]) == "Made by <@U1A> · on `livekit` · `RM_1`"
    assert offered(drawn) == {
        "Join": RoomJoin.model_validate(PINNED),
        "Record": RecordingStart.model_validate(PINNED),
        "Participants": ParticipantList.model_validate(PINNED),
        "Mute all": RoomMute.model_validate(PINNED),
        "End": RoomClose.model_validate(PINNED),
    }
    assert [button.get("style") for button in buttons(drawn.blocks)] == ["primary", None, None, None, "danger"]


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
    present = _present(people)
    assert f"· {said} ·" in words(card(room(present=present, max_participants=most)).blocks)


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
    assert len(shown) == 4
    assert all(lacking not in command.spec.needs for command in shown.values())


def test_nothing_is_offered_where_nothing_can_be_done() -> None:
    assert buttons(card(room(), frozenset()).blocks) == []


def test_a_room_that_has_ended() -> None:
    drawn = card(room(status=RoomStatus.ENDED, ended_at=ENDED))
    assert drawn.text == "Room standup ended after 42 min."
    assert words(drawn.blocks[1]).startswith("⚪ *Ended* after 42 min · <!date^")
    assert buttons(drawn.blocks) == []


@pytest.mark.parametrize("began", [None, ENDED, ENDED + timedelta(minutes=1)])
def test_a_duration_that_is_not_known_is_not_told(began: datetime | None) -> None:
    assert card(room(status=RoomStatus.ENDED, created_at=began, ended_at=ENDED)).text == "Room standup ended."


def test_a_room_of_which_little_is_known() -> None:
    drawn = card(RoomState(ref=RoomRef("livekit", "", "standup")))
    assert words(drawn.blocks[1]) == "🟢 *Live* · nobody in it"
    assert words(drawn.blocks[-1]) == "on `livekit`"
    assert offered(drawn)["End"] == RoomClose(provider="livekit", room="standup")


@pytest.mark.parametrize(
    ("status", "said", "shown", "labels"),
    [
        (RecordingStatus.STARTING, "is starting.", "⏳ *Starting*", ["Stop"]),
        (RecordingStatus.LIVE, "is running.", f"🔴 *Live* · since {WHEN}", ["Stop"]),
        (RecordingStatus.ENDING, "is ending.", "⏳ *Ending*: the file is being written", []),
        (RecordingStatus.READY, "is ready.", "✅ *Ready*", []),
        (RecordingStatus.FAILED, "failed: disk full.", "⚠️ *Failed*: disk full.", ["Record again"]),
        (RecordingStatus.ABORTED, "was aborted: disk full.", "⚠️ *Aborted*: disk full.", ["Record again"]),
    ],
)
def test_the_life_of_a_recording(status: RecordingStatus, said: str, shown: str, labels: list[str]) -> None:
    drawn = card(recording(status, error="disk full"))
    assert drawn.text == f"The recording of standup {said}"
    assert words(drawn.blocks[0]) == "Recording of standup"
    assert words(drawn.blocks[1]) == shown
    assert list(offered(drawn)) == labels


def test_what_the_buttons_of_a_recording_do() -> None:
    assert offered(card(recording(RecordingStatus.LIVE))) == {
        "Stop": RecordingStop(provider="livekit", recording="EG_1")
    }
    assert offered(card(recording(RecordingStatus.FAILED))) == {"Record again": RecordingStart.model_validate(PINNED)}


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


@pytest.mark.parametrize("state", [room(), recording(RecordingStatus.LIVE)])
def test_block_ids_say_card_and_generation(state: RoomState | RecordingState) -> None:
    ids = [block["block_id"] for block in card(state).blocks]
    assert ids == [f"card:7:2:{n}" for n in range(len(ids))]


def test_the_same_state_gives_the_same_card() -> None:
    assert card(room()) == card(room())


@pytest.mark.parametrize("state", [room(), *(recording(s) for s in RecordingStatus if not s.is_final)])
def test_there_is_nothing_to_note_before_the_end(state: RoomState | RecordingState) -> None:
    assert note(state, []) is None


def test_the_end_of_a_room_is_noted() -> None:
    told = note(room(status=RoomStatus.ENDED, ended_at=ENDED), [])
    assert told is not None
    check(told)
    assert words(told.blocks) == "Room *standup* ended after 42 min."


def test_a_failure_is_noted_for_whoever_started_it_with_the_next_step() -> None:
    told = note(recording(RecordingStatus.FAILED, error="disk full"), [])
    assert told is not None
    check(told)
    assert words(told.blocks[0]) == "<@U1A>: The recording of *standup* failed: disk full."
    assert offered(told) == {"Record again": RecordingStart.model_validate(PINNED)}


def test_a_success_is_noted_and_mentions_nobody() -> None:
    told = note(recording(RecordingStatus.READY, duration=timedelta(minutes=12)), [])
    assert told is not None
    assert words(told.blocks) == "The recording of *standup* is ready: 12 min."


def test_a_failure_that_nobody_here_started_mentions_nobody() -> None:
    told = note(recording(RecordingStatus.ABORTED, made_by=None), [])
    assert told is not None
    assert words(told.blocks[0]) == "The recording of *standup* was aborted: the server gives no reason."


@pytest.mark.parametrize("name", ["", " ", "standup"])
def test_the_stop_of_several_recordings_names_something(name: str) -> None:
    running = {"EG_1": RecordingStatus.LIVE, "EG_2": RecordingStatus.LIVE}
    stop = offered(card(RoomState(ref=RoomRef("livekit", "RM_1", name), recordings=running)))["Stop recording"]
    if name.strip():
        assert stop == RecordingStop(provider="livekit", recording=name, room_id="RM_1")
    else:
        assert stop == RecordingStop(provider="livekit", recording="EG_1")


def test_a_name_too_long_for_a_button_has_none() -> None:
    ref = RoomRef("livekit", "RM_1", "x" * 2_000)
    failed = Recording(RecordingRef("livekit", "EG_1"), ref, RecordingStatus.FAILED)
    told = note(RecordingState(recording=failed, seen_at=ENDED), [])
    assert told is not None
    check(told)
    assert buttons(told.blocks) == buttons(card(RoomState(ref=ref)).blocks) == []


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_name_is_drawn_literally_and_does_its_work(name: str) -> None:
    drawn = card(RoomState(ref=RoomRef("livekit", "RM_1", name)))
    assert all(getattr(command, "room", name) == name for command in offered(drawn).values())


people = st.sampled_from(("U1A", *NASTY))
"""Whom Slack names to us. Text at random may look like an id, and is then mentioned as it ought to be."""


@given(texts, texts, texts, texts, people, st.sampled_from(RecordingStatus), st.booleans())
def test_nothing_foreign_is_markup(
    name: str, id: str, server: str, reason: str, person: str, status: RecordingStatus, over: bool
) -> None:
    ref = RoomRef(server, id, name)
    states: list[RoomState | RecordingState] = [
        RoomState(
            ref=ref, status=RoomStatus.ENDED if over else RoomStatus.LIVE, recordings={"EG_1": status}, made_by=person
        ),
        RecordingState(
            recording=Recording(RecordingRef(server, f"EG_{id}"), ref, status, error=reason, location=reason, size=1),
            seen_at=ENDED,
            made_by=person,
        ),
    ]
    for state in states:
        card(state)
        if told := note(state, []):
            check(told)


def came_back(
    name: str = "Bob",
    *,
    room: str = "standup",
    identity: str = "bob",
    by: str = "U1A",
    status: RoomStatus = RoomStatus.LIVE,
) -> Message:
    ref, who = RoomRef("livekit", "RM_1", room), Participant("PA_2", identity, name)
    source = Origin(provider="livekit", key="k", at=BEGAN, seen_at=BEGAN, source=Source.COMMAND)
    fact = ParticipantKeptOut(**source, room=ref, participant=who, until=BEGAN, by=by)
    told = note(RoomState(ref=ref, status=status), [fact])
    assert told is not None
    check(told)
    return told


def test_who_came_back_is_noted_with_who_says_so_and_the_way_to_let_them_in() -> None:
    told = came_back()
    assert told.text == "Bob came back and was removed again. <@U1A> keeps them out until 2026-11-20 21:30 UTC."
    assert words(told.blocks[0]) == f"*Bob* came back and was removed again. <@U1A> keeps them out until {WHEN}."
    (button,) = buttons(told.blocks)
    assert button["accessibility_label"] == "Let Bob into standup again"
    assert offered(told) == {"Let back in": ParticipantAdmit(provider="livekit", room="standup", who="bob")}


def test_who_came_back_without_a_name_goes_by_the_identity() -> None:
    assert words(came_back("").blocks[0]).startswith("*bob* came back")


def test_who_came_back_is_told_even_where_the_room_has_ended_meanwhile() -> None:
    assert "came back" in came_back(status=RoomStatus.ENDED).text


@given(texts, texts, texts, people)
def test_whoever_came_back_is_no_markup(name: str, room: str, identity: str, by: str) -> None:
    told = came_back(name, room=room, identity=identity, by=by)
    for command in offered(told).values():
        assert command == ParticipantAdmit(provider="livekit", room=room, who=identity)
