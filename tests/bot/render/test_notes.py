"""What the thread of a card is told, by the word that the news has for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.state import LOST, DigestState, Plan, Present, RecordingState, RoomState, ThingState
from bot.render.button import Pressed, decode, decode_given, read_action_id
from bot.render.card import note
from bot.render.message import Message
from commands.core.base import Command
from commands.core.egress_words import explain_condition
from commands.core.registry import all_commands
from commands.participant_removal import ParticipantAdmit
from commands.provider import ProviderShow
from commands.recording import RecordingList, RecordingStop
from commands.recording_parts import RecordingResume
from commands.recording_timing import RecordingExtend, RecordingKeepGoing
from commands.recording_upkeep import RecordingRetry
from commands.room import RoomClose, RoomShow
from commands.room_timing import RoomExtend, RoomKeepGoing
from commands.stream_stop import StreamDismiss, StreamStop
from commands.stream_timing import StreamExtend, StreamKeepGoing
from commands.stream_upkeep import StreamRetry
from providers.base import (
    CallStatus,
    Destination,
    DestinationStatus,
    IngressStatus,
    Participant,
    ParticipantKind,
    RecordingStatus,
    RoomRef,
    StreamStatus,
    Track,
    TrackKind,
    TrackSource,
)
from providers.facts import (
    AlertTested,
    Condition,
    ConditionSeen,
    Fact,
    IngressChanged,
    Origin,
    PartBegun,
    ParticipantJoined,
    ParticipantKeptOut,
    ParticipantLeft,
    Paused,
    ServerReached,
    ServerUnreached,
    Source,
    StopCarriedOut,
    StopNear,
    StopPlanned,
    StreamChanged,
    ThingKind,
    TrackPublished,
    TrackUnpublished,
)
from tests.bot.render.foreign import NASTY, buttons, check, check_access, check_words, texts, words
from tests.bot.render.things import (
    BEGAN,
    ENDED,
    KINDS,
    MISSED,
    PLAN,
    REF,
    call,
    destination,
    dismissed,
    ended_room,
    gone_on,
    ingress,
    lost,
    one_of_each,
    paused,
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

PINNED = {"provider": "livekit", "room": "standup", "room_id": "RM_1"}
THEN = "<!date^1795212720^{date_short_pretty} at {time}|2026-11-20 22:12 UTC>"
BOB = Participant("PA_2", "bob", "Bob")
CAMERA = Track("TR_1", TrackKind.VIDEO, TrackSource.CAMERA)
AWAY = "the server does not answer"


def origin(server: str = "livekit") -> Origin:
    return Origin(provider=server, key="k", at=BEGAN, seen_at=BEGAN, source=Source.WEBHOOK)


def told(kind: str, state: ThingState, *facts: Fact) -> Message:
    shown = note(kind, state, facts)
    assert shown is not None
    check(shown)
    check_access(shown.blocks)
    return shown


def offered(shown: Message) -> dict[str, Command]:
    """Those that open a form are left out."""
    pressed = [(read_action_id(button["action_id"]), button) for button in buttons(shown.blocks)]
    return {
        button["text"]["text"]: decode(press.path, button["value"], all_commands())
        for press, button in pressed
        if press.pressed is Pressed.COMMAND
    }


def said(kind: str, state: ThingState, *facts: Fact) -> str:
    return words(told(kind, state, *facts).blocks[0])


@pytest.mark.parametrize("state", one_of_each(), ids=standing_of)
def test_there_is_nothing_to_tell_before_the_end(state: ThingState) -> None:
    assert (note(state.shown_status, state, []) is not None) is (state.is_over and state.kind != "test")


@pytest.mark.parametrize("state", one_of_each(), ids=standing_of)
def test_an_ending_is_told_in_a_sentence(state: ThingState) -> None:
    if (shown := note(state.shown_status, state, [])) is not None:
        check_words(shown)


def test_the_end_of_a_room() -> None:
    assert said("ended", ended_room()) == "Room *standup* ended after 42 min."


@pytest.mark.parametrize(
    ("state", "words_of_it", "steps"),
    [
        (
            recording(RecordingStatus.FAILED, error="disk full"),
            "The recording of *standup* failed: disk full.",
            {"Retry": RecordingRetry(provider="livekit", recording="EG_1")},
        ),
        (
            recording(RecordingStatus.ABORTED),
            "The recording of *standup* was aborted: the server gives no reason.",
            {"Retry": RecordingRetry(provider="livekit", recording="EG_1")},
        ),
        (
            stream(StreamStatus.FAILED, error="bad key"),
            "The stream of *standup* failed: bad key."
            " Check its key and address on the platform, then start the stream again.",
            {"Retry": StreamRetry(provider="livekit", stream="EG_2")},
        ),
        (
            call(CallStatus.FAILED, error="busy"),
            "The call to *…4567* failed: busy. Call again later, or check the number and the trunk.",
            {},
        ),
        (
            call(CallStatus.FAILED, is_inbound=True, error="busy"),
            "The call from *…4567* failed: busy. Check the trunk that it came by, and have them call again.",
            {},
        ),
        (
            lost(room()),
            "We lost sight of room *standup*: the server lists it no more, and when it ended was not told.",
            {"Look again": RoomShow.model_validate(PINNED)},
        ),
        (
            lost(recording()),
            "We lost sight of the recording of *standup*: the server lists it no more, and when it ended was not told.",
            {"Its recordings": RecordingList(provider="livekit", room="standup", room_id="RM_1")},
        ),
    ],
)
def test_a_failure_is_for_whoever_made_it_with_the_next_step(
    state: ThingState, words_of_it: str, steps: dict[str, Command]
) -> None:
    shown = told(state.shown_status, state)
    assert words(shown.blocks[0]) == f"<@U1A>: {words_of_it}"
    assert offered(shown) == steps
    nobodys = told(state.shown_status, state.model_copy(update={"made_by": None}))
    assert words(nobodys.blocks[0]) == words_of_it


@pytest.mark.parametrize(
    ("state", "words_of_it"),
    [
        (
            recording(RecordingStatus.READY, duration=timedelta(minutes=12)),
            "The recording of *standup* is ready: 12 min.",
        ),
        (stream(StreamStatus.ENDED), "The stream of *standup* ended after 42 min."),
        (call(CallStatus.ENDED), "The call to *…4567* ended after 42 min."),
        (
            ingress(IngressStatus.COMPLETE),
            "The ingress *Camera 2* into *standup* is complete after 42 min: its source has ended.",
        ),
    ],
)
def test_what_went_well_mentions_nobody(state: ThingState, words_of_it: str) -> None:
    assert said(state.shown_status, state) == words_of_it


@pytest.mark.parametrize(
    ("state", "subject", "advice"),
    [
        (lost(stream()), "the stream of *standup*", "See on the platform whether it still comes in."),
        (lost(ingress()), "the ingress *Camera 2* into *standup*", "See whether its source still sends."),
        (lost(call()), "the call to *…4567*", "Ask in the room whether they are still there."),
    ],
    ids=lambda value: value if isinstance(value, str) else standing_of(value),
)
def test_where_no_button_helps_with_a_loss_there_is_advice(state: ThingState, subject: str, advice: str) -> None:
    assert said(LOST, state) == (
        f"<@U1A>: We lost sight of {subject}: the server lists it no more, and when it ended was not told. {advice}"
    )


def test_what_was_lost_and_is_back_is_not_told() -> None:
    assert note(LOST, room(), []) is None
    assert note(LOST, ended_room(), []) is None


def test_a_name_too_long_for_a_button_has_none() -> None:
    assert buttons(told(LOST, lost(room(ref("x" * 2_000)))).blocks) == []


@pytest.mark.parametrize("state", [trial(), DigestState(channel_id="C1", opened_at=BEGAN)], ids=standing_of)
def test_of_tests_and_pages_nothing_is_said(state: ThingState) -> None:
    fact = AlertTested(**origin(), by="U1A")
    assert note(state.shown_status, state, [fact]) is None


# People and what they send


def kept_out(who: Participant = BOB, of: RoomRef = REF, by: str = "U1A") -> ParticipantKeptOut:
    return ParticipantKeptOut(**origin(of.provider), room=of, participant=who, until=ENDED, by=by)


def joined(who: Participant = BOB, of: RoomRef = REF) -> ParticipantJoined:
    return ParticipantJoined(**origin(of.provider), room=of, participant=who)


def left(who: Participant = BOB, of: RoomRef = REF, reason: str = "") -> ParticipantLeft:
    return ParticipantLeft(**origin(of.provider), room=of, participant=who, reason=reason)


def test_who_comes_and_goes_is_named_and_not_mentioned() -> None:
    assert said("participant_joined", room(), joined()) == "*Bob* joined."
    assert said("participant_left", room(), left()) == "*Bob* left."
    assert said("participant_left", room(), left(reason="connection lost")) == "*Bob* left: connection lost."


def test_who_came_back_is_told_with_who_says_so_and_the_way_to_let_them_in() -> None:
    shown = told("participant_kept_out", room(), kept_out())
    assert shown.text == "Bob came back and was removed again. <@U1A> keeps them out until 2026-11-20 22:12 UTC."
    assert words(shown.blocks[0]) == f"*Bob* came back and was removed again. <@U1A> keeps them out until {THEN}."
    (button,) = buttons(shown.blocks)
    assert button["accessibility_label"] == "Let Bob into standup again"
    assert offered(shown) == {"Let back in": ParticipantAdmit(provider="livekit", room="standup", who="bob")}


def test_who_came_back_without_a_name_goes_by_the_identity() -> None:
    assert said("participant_kept_out", room(), kept_out(Participant("PA_2", "bob"))).startswith("*bob* came back")


def test_who_came_back_is_told_even_where_the_room_has_ended_meanwhile() -> None:
    assert "came back" in said("participant_kept_out", ended_room(), kept_out())


def test_each_of_two_news_that_came_at_once_is_told_as_what_it_is() -> None:
    facts = (joined(), kept_out())
    assert said("participant_joined", room(), *facts) == "*Bob* joined."
    assert "came back" in said("participant_kept_out", room(), *facts)


def test_what_happened_elsewhere_is_not_told_here() -> None:
    elsewhere = joined(Participant("PA_3", "eve"), ref("retro", id="RM_2"))
    assert said("participant_joined", room(), elsewhere, joined()) == "*Bob* joined."
    assert note("participant_joined", room(), [elsewhere]) is None


def test_what_somebody_sends_is_told() -> None:
    published = TrackPublished(**origin(), room=REF, participant=BOB, track=CAMERA)
    assert said("track_published", room(), published) == "*Bob* now sends: camera."
    ended = TrackUnpublished(**origin(), room=REF, participant=BOB, track=CAMERA)
    assert said("track_unpublished", room(), ended) == "*Bob* no longer sends: camera."


def test_whoever_sends_goes_by_the_name_that_is_known_from_the_join() -> None:
    nameless = TrackPublished(**origin(), room=REF, participant=Participant("PA_2", "slack-T-U"), track=CAMERA)
    there = room(present={"PA_2": Present(participant=BOB, seen_at=BEGAN)})
    assert said("track_published", there, nameless) == "*Bob* now sends: camera."
    unknown = TrackPublished(**origin(), room=REF, participant=Participant("PA_9", ""), track=CAMERA)
    assert said("track_published", there, unknown) == "*Somebody* now sends: camera."


# Planned stops


def near(kind: ThingKind, id: str, *, rev: int = 3, by: str = "U1A", server: str = "livekit") -> StopNear:
    return StopNear(**origin(server), thing=kind, thing_id=id, stops_at=ENDED, by=by, rev=rev)


def carried_out(
    kind: ThingKind, id: str, *, rev: int = 3, problem: str = AWAY, by: str = "U1A", server: str = "livekit"
) -> StopCarriedOut:
    return StopCarriedOut(**origin(server), thing=kind, thing_id=id, stops_at=ENDED, by=by, rev=rev, problem=problem)


def test_the_warning_of_a_recording_can_put_it_off() -> None:
    shown = told("stop_near", recording(plan=PLAN), near(ThingKind.RECORDING, "EG_1"))
    assert words(shown.blocks[0]) == f"<@U1A>: The recording of *standup* stops {THEN}, unless somebody lets it go on."
    assert offered(shown) == {
        "Extend": RecordingExtend(provider="livekit", recording="EG_1", rev=3),
        "Keep going": RecordingKeepGoing(provider="livekit", recording="EG_1"),
    }


def test_the_warning_of_a_room_can_put_it_off() -> None:
    shown = told("stop_near", room(plan=PLAN), near(ThingKind.ROOM, "RM_1"))
    assert words(shown.blocks[0]) == f"<@U1A>: Room *standup* ends {THEN}, unless somebody lets it go on."
    assert offered(shown) == {
        "Extend": RoomExtend.model_validate({**PINNED, "rev": 3}),
        "Keep going": RoomKeepGoing.model_validate(PINNED),
    }


def test_a_stop_that_was_missed_can_be_made_by_hand() -> None:
    of_recording = told("stop_carried_out", recording(plan=PLAN), carried_out(ThingKind.RECORDING, "EG_1"))
    assert (
        words(of_recording.blocks[0])
        == f"<@U1A>: The recording of *standup* was to stop {THEN}, and goes on: the server does not answer."
    )
    assert offered(of_recording) == {"Stop": RecordingStop(provider="livekit", recording="EG_1")}
    of_room = told("stop_carried_out", room(plan=PLAN), carried_out(ThingKind.ROOM, "RM_1"))
    assert offered(of_room) == {"End": RoomClose.model_validate(PINNED)}


def carried_out_late(seconds: float) -> Plan:
    return PLAN.model_copy(update={"tried_at": ENDED + timedelta(seconds=seconds)})


def test_an_end_that_was_planned_is_told_as_one() -> None:
    assert said("ended", ended_room(plan=carried_out_late(5))) == (
        "Room *standup* ended after 42 min, as <@U1A> had planned."
    )
    assert said("ended", ended_room(plan=carried_out_late(180))) == (
        "Room *standup* ended after 42 min, as <@U1A> had planned, 3 min late."
    )
    ready = recording(RecordingStatus.READY, duration=timedelta(minutes=12), plan=carried_out_late(180))
    assert said("ready", ready) == (
        "The recording of *standup* is ready: 12 min. It was stopped as <@U1A> had planned, 3 min late."
    )


def test_an_end_that_nobody_said_is_told_as_planned() -> None:
    nobodys = carried_out_late(0).model_copy(update={"by": ""})
    assert said("ended", ended_room(plan=nobodys)) == "Room *standup* ended after 42 min, as planned."


@pytest.mark.parametrize(
    "plan", [PLAN, MISSED, MISSED.model_copy(update={"tried_at": ENDED}), PLAN.model_copy(update={"stops_at": None})]
)
def test_an_end_that_came_otherwise_is_not_told_as_planned(plan: Plan) -> None:
    assert said("ended", ended_room(plan=plan)) == "Room *standup* ended after 42 min."


def replanned(stops_at: datetime | None, *, rev: int = 3) -> StopPlanned:
    return StopPlanned(**origin(), thing=ThingKind.ROOM, thing_id="RM_1", stops_at=stops_at, by="U1A", rev=rev)


def test_a_stop_that_is_put_off_is_told_with_who_did() -> None:
    assert said("stop_planned", room(plan=PLAN), replanned(ENDED)) == (
        f"Room *standup* ends {THEN} instead, as <@U1A> said."
    )
    assert said("stop_planned", room(plan=PLAN), replanned(None)) == "Room *standup* goes on: <@U1A> keeps it going."


@pytest.mark.parametrize("state", [ended_room(plan=PLAN), room(plan=PLAN.model_copy(update={"rev": 4}))])
def test_a_stop_that_was_put_off_is_not_told_when_it_does_not_matter_any_more(state: RoomState) -> None:
    assert note("stop_planned", state, [replanned(ENDED)]) is None


@pytest.mark.parametrize(
    ("state", "fact"),
    [
        (recording(RecordingStatus.READY, plan=PLAN), near(ThingKind.RECORDING, "EG_1")),
        (ended_room(plan=PLAN), near(ThingKind.ROOM, "RM_1")),
        (lost(room(plan=PLAN)), carried_out(ThingKind.ROOM, "RM_1")),
        (room(plan=PLAN), near(ThingKind.ROOM, "RM_1", rev=2)),
        (room(plan=PLAN), carried_out(ThingKind.ROOM, "RM_1", rev=2)),
        (room(plan=PLAN), carried_out(ThingKind.ROOM, "RM_1", problem="")),
    ],
)
def test_a_stop_that_does_not_matter_any_more_is_not_told(
    state: RoomState | RecordingState, fact: StopNear | StopCarriedOut
) -> None:
    assert note(fact.type, state, [fact]) is None


def test_the_stop_of_a_stream_can_be_put_off_and_made_by_hand() -> None:
    shown = told("stop_near", stream(plan=PLAN), near(ThingKind.STREAM, "EG_2"))
    assert words(shown.blocks[0]) == f"<@U1A>: The stream of *standup* stops {THEN}, unless somebody lets it go on."
    assert offered(shown) == {
        "Extend": StreamExtend(provider="livekit", stream="EG_2", rev=3),
        "Keep going": StreamKeepGoing(provider="livekit", stream="EG_2"),
    }
    missed = told("stop_carried_out", stream(plan=PLAN), carried_out(ThingKind.STREAM, "EG_2"))
    assert offered(missed) == {"Stop": StreamStop(provider="livekit", stream="EG_2")}
    moved = StopPlanned(**origin(), thing=ThingKind.STREAM, thing_id="EG_2", stops_at=None, by="U1A", rev=3)
    assert said("stop_planned", stream(plan=PLAN), moved) == "The stream of *standup* goes on: <@U1A> keeps it going."
    assert said("ended", stream(StreamStatus.ENDED, plan=carried_out_late(5))) == (
        "The stream of *standup* ended after 42 min, as <@U1A> had planned."
    )


# What is odd, and parts


def odd(condition: Condition | None, kind: ThingKind = ThingKind.RECORDING, id: str = "EG_1") -> ConditionSeen:
    return ConditionSeen(**origin(), thing=kind, thing_id=id, condition=condition)


def test_what_is_odd_is_told_to_the_maker_with_the_next_step() -> None:
    waiting = seen(recording(RecordingStatus.STARTING), Condition.NO_PUBLISHER)
    shown = told("condition", waiting, odd(Condition.NO_PUBLISHER))
    assert words(shown.blocks[0]) == (
        f"<@U1A>: The recording of *standup* is starting. {explain_condition(Condition.NO_PUBLISHER)}"
    )
    assert list(offered(shown)) == ["Join", "Stop"]
    of_stream = seen(stream(), Condition.LEFT_BEHIND)
    shown = told("condition", of_stream, odd(Condition.LEFT_BEHIND, ThingKind.STREAM, "EG_2"))
    assert offered(shown) == {
        "Dismiss": StreamDismiss(provider="livekit", stream="EG_2"),
        "Stop": StreamStop(provider="livekit", stream="EG_2"),
    }


@pytest.mark.parametrize(
    ("state", "condition"),
    [
        (recording(), Condition.UNATTENDED),
        (seen(recording(), Condition.ROOM_OVER), Condition.UNATTENDED),
        (seen(recording(RecordingStatus.READY), Condition.UNATTENDED), Condition.UNATTENDED),
        (recording(), None),
    ],
)
def test_what_is_odd_no_more_is_not_told(state: RecordingState, condition: Condition | None) -> None:
    assert note("condition", state, [odd(condition)]) is None


def test_who_paused_a_recording_is_told_and_it_can_go_on_when_it_has_ended() -> None:
    fact = Paused(**origin(), thing=ThingKind.RECORDING, thing_id="EG_1", by="U1A")
    ending = recording(RecordingStatus.ENDING).model_copy(update={"pause": paused().pause})
    shown = told("paused", ending, fact)
    assert words(shown.blocks[0]) == "The recording of *standup* was paused by <@U1A>."
    assert offered(shown) == {}
    resume = {"Resume": RecordingResume(provider="livekit", recording="EG_1")}
    assert offered(told("paused", paused(), fact)) == resume
    ready = told("ready", paused())
    assert words(ready.blocks[0]) == "The recording of *standup* is paused after part 1."
    assert offered(ready) == {**resume, "Finish": RecordingStop(provider="livekit", recording="EG_1")}


def test_the_thread_of_a_part_says_in_which_it_goes_on() -> None:
    fact = PartBegun(
        **origin(), thing=ThingKind.RECORDING, thing_id="EG_1", first="EG_1", previous="EG_1", number=1, next="EG_9"
    )
    assert said("part_begun", gone_on(), fact) == "The recording of *standup* goes on in part 2."
    assert note("part_begun", second_part(), [replace(fact, thing_id="EG_9", next="")]) is None


def test_what_was_dismissed_is_told() -> None:
    """That its worker was gone is said where that was seen."""
    assert said("dismissed", dismissed(recording())) == "The recording of *standup* was dismissed."
    left = seen(recording(), Condition.LEFT_BEHIND)
    assert said("dismissed", dismissed(left)) == "The recording of *standup* was dismissed: its worker was gone."


# What goes on, but not as before

REFUSED = destination(1, DestinationStatus.FAILED, error="connection refused")
ALSO = destination(2, DestinationStatus.FAILED)


def changed(*destinations: Destination) -> StreamChanged:
    return StreamChanged(**origin(), stream=stream(StreamStatus.LIVE, destination(0), *destinations).stream)


def test_a_destination_that_failed_is_named_with_the_reason() -> None:
    assert said("destination_failed", stream(), changed(REFUSED)) == (
        "<@U1A>: The stream of *standup* does not reach `rtmp://cdn1.example/live`: connection refused."
        " Check its key and address on the platform, then add it again."
    )
    assert said("destination_failed", stream(made_by=None), changed(REFUSED, ALSO)) == (
        "The stream of *standup* does not reach `rtmp://cdn1.example/live`: connection refused."
        " Of its 3 destinations 1 other failed too. Check its key and address on the platform, then add it again."
    )
    (button,) = buttons(told("destination_failed", stream(), changed(REFUSED)).blocks)
    assert button["text"]["text"] == "Add destination"
    assert decode_given(button["value"]) == {"provider": "livekit", "stream": "EG_2"}
    known = stream(StreamStatus.LIVE, destination(0), REFUSED)
    again, _ = buttons(told("destination_failed", known, changed(REFUSED)).blocks)
    assert again["text"]["text"] == "Try again"
    assert buttons(told("destination_failed", stream(StreamStatus.ENDED), changed(REFUSED)).blocks) == []
    assert note("destination_failed", stream(), [changed()]) is None


def test_an_ingress_is_told_as_it_was_then() -> None:
    failed = IngressChanged(**origin(), ingress=ingress(IngressStatus.FAILED, error="no video").ingress)
    assert said("failed", ingress(), failed) == (
        "<@U1A>: The ingress *Camera 2* into *standup* failed: no video. "
        "Let the encoder send H.264 and AAC, to the address and with the key of this ingress. Then send again."
    )
    live = IngressChanged(**origin(), ingress=ingress().ingress)
    assert said("live", ingress(), live) == "The ingress *Camera 2* into *standup* is live."
    assert buttons(told("failed", ingress(), failed).blocks) == [], "it is live again"
    still = ingress(IngressStatus.FAILED, error="no video")
    assert [button["text"]["text"] for button in buttons(told("failed", still, failed).blocks)] == [
        *("Disable", "Move", "New key", "Delete")
    ]


def test_of_an_ingress_that_was_left_behind_its_maker_hears() -> None:
    behind = seen(ingress(), Condition.LEFT_BEHIND)
    fact = ConditionSeen(**origin(), thing=ThingKind.INGRESS, thing_id="IN_1", condition=Condition.LEFT_BEHIND)
    assert said("condition", behind, fact).startswith(
        "<@U1A>: The ingress *Camera 2* into *standup* was live. Nothing comes in any more: its worker"
    )
    assert note("condition", ingress(), [fact]) is None, "it is heard of again"


def test_nobody_reads_the_number_of_whoever_joins_by_telephone() -> None:
    phone = Participant("PA_1", "sip_+493012344567", "Phone +493012344567", kind=ParticipantKind.PHONE)
    joined = ParticipantJoined(**origin(), room=REF, participant=phone)
    assert said("participant_joined", room(), joined) == "*Phone …4567* joined."


def test_a_server_is_told_as_it_was_then() -> None:
    away = ServerUnreached(**origin(), why="It took too long")
    shown = told("unreached", server(is_reached=True), away)
    assert shown.text == (
        "The video server livekit has not answered since 2026-11-20 21:30 UTC. It took too long."
        " What cards say of its rooms may be old until it answers again."
    )
    assert offered(shown) == {"Ask it again": ProviderShow(name="livekit")}
    back = told("reached", server(), ServerReached(**origin()))
    assert back.text == "The video server livekit answers again, since 2026-11-20 21:30 UTC."
    assert offered(back) == {}


people = st.sampled_from(("U1A", *NASTY))
"""Whom Slack names to us. Text at random may look like an id, and is then mentioned as it ought to be."""


def _all_news(of: RoomRef, word: str, person: str) -> Sequence[tuple[str, ThingState, Fact]]:
    who, origin_of = Participant(f"PA_{word}", word, word), origin(of.provider)
    track = Track("TR_1", TrackKind.VIDEO, name=word)
    bad = destination(0, DestinationStatus.FAILED, address=word, error=word)
    running = stream(StreamStatus.LIVE, bad, bad, of=of, made_by=person)
    broken = ingress(IngressStatus.FAILED, of, name=word, error=word, made_by=person)
    facts: list[tuple[ThingState, Fact]] = [
        (room(of), joined(who, of)),
        (room(of), left(who, of, word)),
        (room(of), kept_out(who, of, person)),
        (room(of), TrackPublished(**origin_of, room=of, participant=who, track=track)),
        (room(of), TrackUnpublished(**origin_of, room=of, participant=who, track=track)),
        (room(of, plan=PLAN), near(ThingKind.ROOM, of.id, by=person, server=of.provider)),
        (
            room(of, plan=PLAN),
            carried_out(ThingKind.ROOM, of.id, problem=word or "-", by=person, server=of.provider),
        ),
    ]
    return [
        *((fact.type, state, fact) for state, fact in facts),
        *_of_outgoing(of, person),
        ("destination_failed", running, StreamChanged(**origin_of, stream=running.stream)),
        ("failed", broken, IngressChanged(**origin_of, ingress=broken.ingress)),
        ("unreached", server(of.provider), ServerUnreached(**origin_of, why=word)),
        ("reached", server(of.provider), ServerReached(**origin_of)),
    ]


def _of_outgoing(of: RoomRef, person: str) -> Sequence[tuple[str, ThingState, Fact]]:
    """By our own looks, and of people's pauses."""
    of_it, kind, id = origin(of.provider), ThingKind.RECORDING, "EG_1"
    waits = seen(recording(RecordingStatus.STARTING, of), Condition.NO_PUBLISHER)
    begun = PartBegun(**of_it, thing=kind, thing_id=id, first=id, previous=id, number=1, next="EG_9")
    return [
        ("condition", waits, ConditionSeen(**of_it, thing=kind, thing_id=id, condition=Condition.NO_PUBLISHER)),
        ("paused", paused(of=of), Paused(**of_it, thing=kind, thing_id=id, by=person)),
        ("part_begun", gone_on(of), begun),
    ]


NEWS = range(len(_all_news(REF, "word", "U1A")))


@given(st.sampled_from(NEWS), texts, texts, texts, texts, people)
def test_nothing_foreign_is_markup(number: int, name: str, id: str, server: str, word: str, person: str) -> None:
    kind, state, fact = _all_news(ref(name, server=server, id=id), word, person)[number]
    told(kind, state, fact)


@given(st.sampled_from(KINDS), texts, texts, texts, texts, people)
def test_nothing_foreign_is_markup_in_the_end(
    kind: int, name: str, id: str, server: str, word: str, person: str
) -> None:
    state = one_of_each(ref(name, server=server, id=id), word, person)[kind]
    if (shown := note(state.shown_status, state, [])) is not None:
        check(shown)


@given(texts, texts, texts, people)
def test_whoever_came_back_is_let_in_by_their_own_name(name: str, room_name: str, identity: str, by: str) -> None:
    of = ref(room_name)
    shown = told("participant_kept_out", room(of), kept_out(Participant("PA_2", identity, name), of, by))
    for command in offered(shown).values():
        assert command == ParticipantAdmit(provider="livekit", room=room_name, who=identity)
