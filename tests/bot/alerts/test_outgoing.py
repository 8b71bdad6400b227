"""What we find out of recordings and streams ourselves, and what people do with them: conditions, parts, dismissals."""

from collections.abc import Sequence
from itertools import permutations

import pytest

from bot.alerts.fold import fold, note_going
from bot.alerts.state import Outgoing, RecordingState, RoomState, ThingState
from providers.base import RecordingStatus, StreamStatus
from providers.facts import Condition, Fact, ThingKind
from tests.bot.alerts.facts import (
    ROOM,
    after,
    dismissed,
    looked,
    lost,
    part_begun,
    paused,
    recording,
    started,
    stream,
)

LIVE = StreamStatus.LIVE


def taken(facts: Sequence[Fact]) -> RecordingState:
    state: ThingState | None = None
    for fact in facts:
        state = fold(state, fact)
    assert isinstance(state, RecordingState)
    return state


def afterwards(known: Fact, *facts: Fact) -> list[list[Fact]]:
    """What makes a thing known, and then the rest in any order."""
    return [[known, *order] for order in permutations(facts)]


STARTING, READY = RecordingStatus.STARTING, RecordingStatus.READY
ON = RecordingStatus.LIVE


class TestConditions:
    def test_the_last_look_counts(self) -> None:
        first, last = looked(20, Condition.NO_PUBLISHER), looked(40, Condition.NO_START_SIGNAL)
        state = taken([recording(STARTING, 0), first])
        assert (state.condition, state.condition_at) == (Condition.NO_PUBLISHER, after(20))
        for facts in afterwards(recording(STARTING, 0), first, looked(30, None), last):
            state = taken(facts)
            assert (state.condition, state.condition_at) == (Condition.NO_START_SIGNAL, after(40))

    def test_until_its_status_changes(self) -> None:
        for facts in afterwards(recording(STARTING, 0), looked(20, Condition.NO_PUBLISHER), recording(ON, 25)):
            state = taken(facts)
            assert (state.condition, state.condition_at, state.since) == (None, None, after(25))

    def test_and_not_until_it_is_told_of_once_more(self) -> None:
        for facts in afterwards(recording(ON, 0), looked(20, Condition.UNATTENDED), recording(ON, 25, error="more")):
            state = taken(facts)
            assert (state.condition, state.since) == (Condition.UNATTENDED, after(0))

    def test_is_for_what_goes_on(self) -> None:
        ends: list[Fact] = [recording(READY, 30), dismissed(30), lost(30, ThingKind.RECORDING, "RE_1")]
        for end in ends:
            state = taken([recording(ON, 0), looked(20, Condition.ROOM_OVER), end])
            assert state.condition is None

    def test_is_no_sign_of_life(self) -> None:
        gone = lost(1, ThingKind.RECORDING, "RE_1")
        assert taken([recording(ON, 0), gone, looked(2, None)]).is_lost

    def test_is_seen_and_a_look_that_finds_the_same_is_not(self) -> None:
        before = taken([recording(ON, 0), looked(20, Condition.UNATTENDED)])
        assert taken([recording(ON, 0), looked(30, Condition.UNATTENDED)]).looks_like(before)
        assert not taken([recording(ON, 0), looked(30, None)]).looks_like(before)
        assert not taken([recording(ON, 0)]).looks_like(before)

    def test_of_what_was_never_heard_of_or_is_no_such_thing_nothing_is_known(self) -> None:
        assert fold(None, looked(1, Condition.ROOM_OVER)) is None
        room = fold(None, started())
        assert fold(room, looked(1, Condition.ROOM_OVER, thing=ThingKind.ROOM, id="RM_1")) == room

    def test_of_a_state_from_before_there_were_any_the_status_is_as_old_as_it_says(self) -> None:
        old = taken([recording(ON, 5)]).model_copy(update={"status_since": None})
        assert old.since == after(5)
        assert fold(old, recording(ON, 9)) == taken([recording(ON, 5), recording(ON, 9)]).model_copy(
            update={"status_since": after(9)}
        )


class TestParts:
    def test_one_that_was_paused_is_so_when_it_is_ready(self) -> None:
        state = taken([recording(ON, 0), paused(10)])
        assert not state.is_paused
        for facts in afterwards(recording(ON, 0), recording(READY, 12), paused(10), paused(11, by="U2")):
            state = taken(facts)
            assert state.is_paused
            assert state.pause is not None
            assert (state.pause.by, state.pause.at) == ("U1", after(10))
            assert (state.shown_status, state.is_over) == ("ready", True)

    def test_until_it_goes_on_in_another(self) -> None:
        goes_on = part_begun(20, next="RE_2", id="RE_1")
        for facts in afterwards(recording(ON, 0), recording(READY, 12), paused(10), goes_on):
            state = taken(facts)
            assert (state.is_paused, state.next_part, state.number) == (False, "RE_2", 1)

    @pytest.mark.parametrize("status", [RecordingStatus.FAILED, RecordingStatus.ABORTED])
    def test_one_that_went_wrong_is_not_paused(self, status: RecordingStatus) -> None:
        assert not taken([recording(ON, 0), paused(10), recording(status, 12)]).is_paused

    def test_the_next_one_knows_what_it_is(self) -> None:
        begun = taken([recording(STARTING, 20, id="RE_2"), part_begun(20, number=2)])
        assert begun.part is not None
        assert (begun.number, begun.part.first, begun.part.previous, begun.next_part) == (2, "RE_1", "RE_1", "")


class TestDismissals:
    @pytest.mark.parametrize(
        ("goes_on", "gone"),
        [
            (recording(ON, 0), dismissed(9)),
            (stream(LIVE, 0), dismissed(9, thing=ThingKind.STREAM, id="ST_1")),
        ],
    )
    def test_are_an_end_for_us(self, goes_on: Fact, gone: Fact) -> None:
        state = fold(fold(None, goes_on), gone)
        assert isinstance(state, Outgoing)
        assert (state.shown_status, state.is_over, state.is_final) == ("dismissed", True, True)
        assert state.dismissal is not None
        assert state.dismissal.by == "U1"
        assert note_going(note_going(RoomState(ref=ROOM), "X_1", state), "X_1", state) == RoomState(ref=ROOM)

    def test_but_what_became_of_it_counts(self) -> None:
        gone = lost(13, ThingKind.RECORDING, "RE_1")
        for facts in afterwards(recording(ON, 0), dismissed(9), recording(READY, 12), gone):
            state = taken(facts)
            assert (state.shown_status, state.is_over) == ("ready", True)

    def test_of_what_was_lost_sight_of(self) -> None:
        state = taken([recording(ON, 0), lost(5, ThingKind.RECORDING, "RE_1"), dismissed(9)])
        assert (state.shown_status, state.is_lost) == ("dismissed", False)
