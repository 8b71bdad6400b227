"""What is thought odd of a recording or a stream, by what is seen around it, and how long it may be so."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from bot.alerts.conditions import PATIENCE, Sight, condition, depends_on_who_is_there
from bot.alerts.fold import fold
from bot.alerts.state import Outgoing, RoomState
from providers.base import (
    EgressKind,
    EgressSource,
    Participant,
    ParticipantKind,
    RecordingStatus,
    RoomRef,
    StreamStatus,
    Track,
    TrackKind,
)
from providers.facts import Condition, Fact
from tests.bot.alerts.facts import (
    after,
    dismissed,
    finished,
    joined,
    left,
    looked,
    lost,
    person,
    recording,
    seen,
    started,
    stream,
)

STARTING, LIVE, ENDING = RecordingStatus.STARTING, RecordingStatus.LIVE, RecordingStatus.ENDING
NO_PUBLISHER, NO_START_SIGNAL = Condition.NO_PUBLISHER, Condition.NO_START_SIGNAL
ROOM_OVER, UNATTENDED = Condition.ROOM_OVER, Condition.UNATTENDED
LEFT_BEHIND, SLOW_END = Condition.LEFT_BEHIND, Condition.SLOW_END

ANA = person(1)
SENDS = replace(ANA, tracks=(Track("TR_1", TrackKind.AUDIO),))
RECORDER = Participant("PA_9", "RE_1", kind=ParticipantKind.EGRESS, tracks=(Track("TR_9", TrackKind.DATA),))
CAMERA = Participant("PA_8", "camera", kind=ParticipantKind.INGRESS)
AGENT = Participant("PA_7", "helper", kind=ParticipantKind.AGENT)


def taken(*facts: Fact) -> Outgoing:
    state = None
    for fact in facts:
        state = fold(state, fact)
    assert isinstance(state, Outgoing)
    return state


def room(*facts: Fact) -> RoomState:
    state = None
    for fact in facts:
        state = fold(state, fact)
    assert isinstance(state, RoomState)
    return state


EMPTY = room(started(), joined(ANA, 1), left(ANA, 5))
FULL = room(started(), joined(ANA, 1))


def what(
    state: Outgoing,
    at: float,
    known: RoomState | None = FULL,
    there: Sequence[Participant] | None = (SENDS, RECORDER),
    *,
    is_listed: bool | None = True,
    updated_at: datetime | None = None,
) -> Condition | None:
    return condition(state, Sight(after(at), known, is_listed, there, updated_at))


class TestWhatDoesNotBegin:
    @pytest.mark.parametrize("state", [taken(recording(STARTING, 0)), taken(stream(StreamStatus.STARTING, 0))])
    def test_waits_for_somebody_who_sends(self, state: Outgoing) -> None:
        assert what(state, 14, there=[ANA, RECORDER]) is None
        assert what(state, 15, there=[ANA, RECORDER]) is NO_PUBLISHER
        assert what(state, 3_600, there=[]) is NO_PUBLISHER

    def test_or_for_a_sign_that_does_not_come(self) -> None:
        state = taken(recording(STARTING, 0))
        assert what(state, 29) is None
        assert what(state, 30) is NO_START_SIGNAL

    @pytest.mark.parametrize(
        ("source", "waits"),
        [
            (EgressSource(EgressKind.PARTICIPANT, identity="somebody"), True),
            (EgressSource(EgressKind.PARTICIPANT, identity=ANA.identity), False),
            (EgressSource(EgressKind.PARTICIPANT, identity=ANA.identity, screen_share=True), True),
            (EgressSource(EgressKind.TRACK, audio_track="TR_1"), False),
            (EgressSource(EgressKind.TRACK, audio_track="TR_2"), True),
            (EgressSource(EgressKind.TRACKS, audio_track="TR_1", video_track="TR_2"), True),
        ],
    )
    def test_waits_for_what_it_is_of(self, source: EgressSource, *, waits: bool) -> None:
        changed = recording(STARTING, 0)
        state = taken(replace(changed, recording=replace(changed.recording, source=source)))
        assert what(state, 60, there=[SENDS]) is (NO_PUBLISHER if waits else NO_START_SIGNAL)

    def test_is_not_judged_by_a_server_that_does_not_tell_who_is_there(self) -> None:
        assert what(taken(recording(STARTING, 0)), 3_600, there=None) is None

    def test_has_the_time_from_when_it_was_heard_of(self) -> None:
        late = recording(STARTING, 0)
        assert what(taken(replace(late, seen_at=after(100))), 114, there=[]) is None


class TestRooms:
    @pytest.mark.parametrize("status", [STARTING, LIVE])
    def test_that_have_ended_end_what_is_taken_there(self, status: RecordingStatus) -> None:
        state, over = taken(recording(status, 0)), room(started(), finished(100))
        assert what(state, 159, over, None) is None
        assert what(state, 160, over, None) is ROOM_OVER

    def test_that_were_lost_sight_of_do_too(self) -> None:
        state, away = taken(recording(LIVE, 0)), room(seen(0), lost(100))
        assert (what(state, 159, away, None), what(state, 160, away, None)) == (None, ROOM_OVER)

    def test_that_nobody_ever_listed_are_over(self) -> None:
        state = taken(recording(LIVE, 0))
        assert (what(state, 59, None, None, is_listed=False), what(state, 60, None, None, is_listed=False)) == (
            None,
            ROOM_OVER,
        )

    @pytest.mark.parametrize("is_listed", [True, None])
    def test_that_may_be_there_are_not(self, is_listed: bool | None) -> None:
        assert what(taken(recording(LIVE, 0)), 3_600, None, None, is_listed=is_listed) is None

    def test_may_miss_in_one_list(self) -> None:
        assert what(taken(recording(LIVE, 0)), 3_600, FULL, None, is_listed=False) is None


class TestUnattended:
    def test_when_all_have_left_for_long(self) -> None:
        state = taken(recording(LIVE, 0))
        assert what(state, 124, EMPTY, [RECORDER]) is None
        assert what(state, 125, EMPTY, [RECORDER, AGENT]) is UNATTENDED

    @pytest.mark.parametrize("who", [ANA, CAMERA])
    def test_not_while_the_server_says_that_somebody_is_there(self, who: Participant) -> None:
        assert what(taken(recording(LIVE, 0)), 3_600, EMPTY, [RECORDER, who]) is None

    def test_nor_when_it_has_just_begun(self) -> None:
        assert what(taken(recording(LIVE, 3_590)), 3_600, EMPTY, [RECORDER]) is None

    def test_nor_by_a_server_that_cannot_tell(self) -> None:
        assert what(taken(recording(LIVE, 0)), 3_600, EMPTY, None) is None


class TestLeftBehind:
    def test_when_its_recorder_has_gone_and_nothing_is_written_of_it(self) -> None:
        state = taken(recording(LIVE, 0))
        assert what(state, 219, there=[SENDS], updated_at=after(100)) is None
        assert what(state, 220, there=[SENDS], updated_at=after(100)) is LEFT_BEHIND

    def test_not_by_a_server_that_keeps_no_such_record(self) -> None:
        assert what(taken(recording(LIVE, 0)), 3_600, there=[SENDS]) is None

    def test_nor_where_its_recorder_is_there(self) -> None:
        assert what(taken(recording(LIVE, 0)), 3_600, updated_at=after(0)) is None

    def test_a_person_who_is_called_so_is_no_recorder(self) -> None:
        named = replace(RECORDER, kind=ParticipantKind.PERSON)
        assert what(taken(recording(LIVE, 0)), 3_600, there=[named], updated_at=after(0)) is LEFT_BEHIND

    def test_nor_while_it_ends_as_the_recorder_leaves_first(self) -> None:
        assert what(taken(recording(ENDING, 3_590)), 3_600, there=[SENDS], updated_at=after(0)) is None

    def test_what_a_stop_has_found_out_stays(self) -> None:
        for status in (STARTING, LIVE, ENDING):
            assert what(taken(recording(status, 0), looked(90, LEFT_BEHIND)), 100, there=None) is LEFT_BEHIND

    def test_until_it_shows_itself(self) -> None:
        state = taken(recording(LIVE, 0), looked(90, LEFT_BEHIND))
        assert what(state, 100) is None
        assert what(state, 100, there=[SENDS], updated_at=after(91)) is None
        assert what(state, 100, there=[SENDS], updated_at=after(89)) is LEFT_BEHIND


class TestWebPages:
    PAGE = RoomRef("memory", "", "")

    @pytest.mark.parametrize("status", [STARTING, LIVE])
    def test_have_no_room_to_look_at(self, status: RecordingStatus) -> None:
        state = taken(recording(status, 0, room=self.PAGE))
        assert what(state, 3_600, None, None, is_listed=False) is None
        assert not depends_on_who_is_there(state, Sight(after(3_600), is_listed=False), is_recorded=False)

    def test_may_end_slowly(self) -> None:
        state = taken(recording(ENDING, 0, room=self.PAGE))
        assert what(state, 60, None, None, is_listed=False) is SLOW_END


def test_what_ends_has_a_minute() -> None:
    state = taken(recording(LIVE, 0), recording(ENDING, 100))
    assert (what(state, 159), what(state, 160)) == (None, SLOW_END)


@pytest.mark.parametrize(
    "end", [recording(RecordingStatus.READY, 1), dismissed(1), lost(1, looked(0, None).thing, "RE_1")]
)
def test_what_is_over_is_odd_no_more(end: Fact) -> None:
    state = taken(recording(STARTING, 0), looked(0.5, LEFT_BEHIND), end)
    assert what(state, 3_600, there=[]) is None
    assert state.condition is None


def test_every_condition_has_its_patience() -> None:
    assert PATIENCE.keys() == set(Condition)


class TestWhoIsThere:
    """It costs a call to find out."""

    @staticmethod
    def matters(state: Outgoing, at: float, known: RoomState | None, *, is_recorded: bool | None = True) -> bool:
        return depends_on_who_is_there(state, Sight(after(at), known, is_listed=True), is_recorded=is_recorded)

    def test_matters_where_it_does_not_begin(self) -> None:
        state = taken(recording(STARTING, 0))
        assert [self.matters(state, at, FULL) for at in (14, 15)] == [False, True]

    def test_does_not_where_people_and_the_recorder_are_known_to_be_there(self) -> None:
        state = taken(recording(LIVE, 0))
        recorded = room(started(), joined(ANA, 1), joined(RECORDER, 2))
        assert not self.matters(state, 3_600, recorded)
        assert self.matters(state, 3_600, recorded, is_recorded=False), "the server says that nobody records"
        assert self.matters(state, 3_600, FULL), "somebody else records"
        assert not self.matters(state, 60, FULL), "it may be on its way"

    def test_matters_where_all_have_left(self) -> None:
        assert self.matters(taken(recording(LIVE, 0)), 3_600, EMPTY, is_recorded=None)
        assert not self.matters(taken(recording(LIVE, 0)), 3_600, FULL, is_recorded=None)

    def test_does_not_while_it_ends_or_where_the_room_is_over(self) -> None:
        assert not self.matters(taken(recording(ENDING, 0)), 3_600, EMPTY)
        assert not self.matters(taken(recording(LIVE, 0)), 3_600, room(started(), finished(1)))
        assert not self.matters(taken(recording(LIVE, 0), dismissed(1)), 3_600, EMPTY)
