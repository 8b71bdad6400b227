"""The fold: whatever the order in which facts arrive, however often and however late, the end is the same."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.fold import fold, note_going
from bot.alerts.room_fold import DEPARTURES_KEPT, LATE, QUIET, is_worth_a_note
from bot.alerts.state import RecordingState, RoomState, ThingState
from providers.base import Participant, RecordingStatus
from providers.facts import Fact
from tests.bot.alerts.facts import (
    ROOM,
    START,
    after,
    finished,
    joined,
    kept_out,
    left,
    listed,
    person,
    recording,
    seen,
    started,
)

END = 100


def folded(facts: Sequence[Fact]) -> ThingState:
    state: ThingState | None = None
    for fact in facts:
        state = fold(state, fact)
    assert state is not None
    return state


def room_of(*facts: Fact) -> RoomState:
    state = folded(facts)
    assert isinstance(state, RoomState)
    return state


def recording_of(*facts: Fact) -> RecordingState:
    state = folded(facts)
    assert isinstance(state, RecordingState)
    return state


@dataclass(frozen=True)
class Stay:
    """Somebody in the room, from when to when, how much later each webhook arrives, and whether we removed them."""

    who: Participant
    came: int
    went: int | None
    delays: tuple[int, int]
    was_kept_out: bool

    def is_in_at(self, moment: int) -> bool:
        return self.came <= moment and (self.went is None or self.went > moment)

    @property
    def facts(self) -> list[Fact]:
        came = joined(self.who, self.came, self.came + self.delays[0])
        if self.went is None:
            return [came]
        gone = left(self.who, self.went, self.went + self.delays[1])
        return [came, kept_out(self.who, self.went), gone] if self.was_kept_out else [came, gone]


@dataclass(frozen=True)
class Life:
    """What truly happened in a room, and every fact about it."""

    stays: list[Stay]
    has_ended: bool
    facts: list[Fact]

    def people_at(self, moment: int) -> int:
        return sum(stay.who.is_person and stay.is_in_at(moment) for stay in self.stays)


@st.composite
def stays(draw: st.DrawFn) -> list[Stay]:
    count = draw(st.integers(0, 4))
    found = []
    for number in range(count):
        came = draw(st.integers(0, END - 2))
        went = draw(st.none() | st.integers(came + 1, END - 1))
        who = person(number, is_person=draw(st.booleans()))
        delays = draw(st.tuples(st.integers(0, 50), st.integers(0, 50)))
        found.append(Stay(who, came, went, delays, draw(st.booleans())))
    return found


@st.composite
def lives(draw: st.DrawFn) -> Life:
    there, has_ended = draw(stays()), draw(st.booleans())
    life = Life(there, has_ended, [started()])
    # Half a second off the webhooks, so that no two observations are of the same moment.
    for asked in draw(st.lists(st.integers(0, END - 1), max_size=3, unique=True)):
        life.facts.append(listed(asked + 0.5, *(stay.who for stay in there if stay.is_in_at(asked))))
    for asked in draw(st.lists(st.integers(0, END - 1), max_size=3, unique=True)):
        life.facts.append(seen(asked + 0.25, life.people_at(asked), max_participants=asked))
    life.facts.extend(fact for stay in there for fact in stay.facts)
    if has_ended:
        life.facts.append(finished(END))
    return life


@given(st.data())
def test_order_and_repetition_make_no_difference_to_a_room(data: st.DataObject) -> None:
    life = data.draw(lives())
    again = data.draw(st.lists(st.sampled_from(life.facts)))
    one, other = (data.draw(st.permutations([*life.facts, *again])) for _ in range(2))

    assert folded(one) == folded(other)


@given(lives())
def test_the_people_in_a_room_are_counted_right(life: Life) -> None:
    state = room_of(*life.facts)

    assert state.is_final is life.has_ended
    assert state.people == (0 if life.has_ended else life.people_at(END))


@given(st.data())
def test_what_was_folded_before_may_come_again_later(data: st.DataObject) -> None:
    life = data.draw(lives())
    state = folded(life.facts)

    assert fold(state, data.draw(st.sampled_from(life.facts))) == state


@given(lives(), lives())
def test_a_finished_room_never_revives(life: Life, later: Life) -> None:
    state = room_of(*life.facts, finished(END), *later.facts)

    assert state.is_final
    assert state.people == 0
    assert state.ended_at == after(END)


LIFE_OF_A_RECORDING = (RecordingStatus.STARTING, RecordingStatus.LIVE, RecordingStatus.ENDING)
ENDINGS = [status for status in RecordingStatus if status.is_final]


@given(st.sampled_from(ENDINGS), st.data())
def test_order_and_repetition_make_no_difference_to_a_recording(ending: RecordingStatus, data: st.DataObject) -> None:
    all_facts: list[Fact] = [recording(status, at) for at, status in enumerate((*LIFE_OF_A_RECORDING, ending))]
    all_facts.append(recording(ending, 10, error="told later, and fuller"))
    again = data.draw(st.lists(st.sampled_from(all_facts)))
    one, other = (data.draw(st.permutations([*all_facts, *again])) for _ in range(2))

    assert folded(one) == folded(other)
    assert recording_of(*one).status is ending
    assert recording_of(*one).recording.error == "told later, and fuller"


@given(st.permutations([*LIFE_OF_A_RECORDING, RecordingStatus.READY]), st.sampled_from(ENDINGS))
def test_an_ended_recording_is_never_anything_else(
    statuses: list[RecordingStatus], contradiction: RecordingStatus
) -> None:
    state = recording_of(*(recording(status, at) for at, status in enumerate(statuses)))

    late = fold(state, recording(contradiction, 99))

    assert isinstance(late, RecordingState)
    assert late.status is RecordingStatus.READY


@given(st.data())
def test_recordings_are_noted_on_their_room_in_any_order(data: st.DataObject) -> None:
    told = [
        recording(status, at, id=id)
        for id, ending in (("RE_1", RecordingStatus.READY), ("RE_2", RecordingStatus.LIVE))
        for at, status in enumerate((*LIFE_OF_A_RECORDING[:2], ending))
    ]
    room = RoomState(ref=ROOM)
    recordings: dict[str, ThingState] = {}
    for fact in data.draw(st.permutations([*told, *told])):
        known = fold(recordings.get(fact.thing_id), fact)
        assert isinstance(known, RecordingState)
        recordings[fact.thing_id] = known
        room = note_going(room, fact.thing_id, known)

    assert room.running_recordings == ["RE_2"]


def test_a_room_is_known_by_whatever_tells_of_it_first() -> None:
    ana = person(1)
    for fact in (started(), finished(1), seen(1), joined(ana, 1), left(ana, 1), listed(1)):
        assert room_of(fact).ref == ROOM


def test_the_earliest_time_of_a_beginning_and_of_an_end_is_kept() -> None:
    facts: list[Fact] = [started(0.9), seen(5), finished(70), finished(60)]
    for order in (facts, facts[::-1]):
        state = room_of(*order)
        assert (state.created_at, state.ended_at) == (START, after(60))


def test_the_servers_own_count_counts_until_something_better_is_known() -> None:
    ana, bob = person(1), person(2)
    assert room_of(seen(1, 5)).people == 5
    assert room_of(seen(2, 4), seen(1, 5)).people == 4
    assert room_of(seen(1, 5), listed(2, ana)).people == 1
    assert room_of(seen(3, 5), listed(2)).people == 0
    assert room_of(seen(1, 1), joined(ana, 2), joined(bob, 3)).people == 2


def test_somebody_who_comes_again_is_somebody_new() -> None:
    first = person(1)
    again = replace(first, id="PA_1_again")

    assert room_of(joined(first, 1), joined(again, 3), left(first, 2)).people == 1


def test_of_somebody_who_comes_back_over_and_over_one_hears_once() -> None:
    bob, minute = person(1), QUIET.total_seconds()
    other = person(2)
    state: ThingState | None = None
    heard = []
    for at in (0, 1, 50, 109, 109 + minute, 108):
        fact = kept_out(replace(bob, id=f"PA_{at}"), at)
        heard.append(is_worth_a_note(state, fact))
        state = fold(state, fact)

    assert heard == [True, False, False, False, True, False]
    assert is_worth_a_note(state, kept_out(other, 110))


@pytest.mark.parametrize("facts", [[seen(1), joined(person(1), 2)], [recording(RecordingStatus.STARTING, 1)]])
def test_the_first_person_named_as_maker_stays(facts: list[Fact]) -> None:
    state: ThingState | None = None
    for maker in (None, "U1", "U2", None):
        for fact in facts:
            state = fold(state, fact, made_by=maker)

    assert state is not None
    assert state.made_by == "U1"


def test_of_many_departures_the_last_are_kept() -> None:
    state: ThingState | None = None
    for n in range(DEPARTURES_KEPT + 20):
        state = fold(state, left(Participant(f"PA_{n}", "x"), n))
    assert isinstance(state, RoomState)
    assert len(state.left) == DEPARTURES_KEPT
    assert f"PA_{DEPARTURES_KEPT + 19}" in state.left


class TestAbsence:
    """A list may be read before the server knows of a join that it has told, or of another node's people."""

    def test_from_one_list_is_not_believed(self) -> None:
        assert room_of(joined(person(1), 1), listed(2)).people == 1

    def test_from_two_lists_is(self) -> None:
        assert room_of(joined(person(1), 1), listed(2), listed(3)).people == 0
        assert room_of(listed(3), listed(2), joined(person(1), 1)).people == 0

    def test_is_of_two_lists_in_a_row(self) -> None:
        assert room_of(listed(1, person(1)), listed(2), listed(3, person(1)), listed(4)).people == 1

    def test_is_not_found_in_a_list_that_is_told_again(self) -> None:
        once = listed(2)
        assert room_of(joined(person(1), 1), once, once, replace(once, key="again")).people == 1

    @pytest.mark.parametrize("order", list(permutations(range(4))))
    def test_a_list_that_comes_late_counts_by_its_time(self, order: Sequence[int]) -> None:
        told: list[Fact] = [joined(person(1), 1), listed(2), listed(3, person(1)), listed(4)]
        assert room_of(*(told[place] for place in order)).people == 1

    def test_who_was_missed_and_is_shown_again_is_there(self) -> None:
        assert room_of(joined(person(1), 1), listed(2), listed(3), listed(4, person(1))).people == 1

    def test_whoever_joined_after_the_lists_were_asked_for_is_there(self) -> None:
        assert room_of(listed(2), listed(3), joined(person(1), 2, 4)).people == 1


class TestDepartures:
    def test_a_list_from_before_does_not_bring_anybody_back(self) -> None:
        assert room_of(left(person(1), 2, 3), listed(2.5, person(1))).people == 0

    def test_nor_does_a_join_that_comes_later(self) -> None:
        state = room_of(left(person(1), 2), joined(person(1), 1, 5), listed(3), listed(4))
        assert state.people == 0
        assert room_of(joined(person(1), 1, 5), listed(4), left(person(1), 2), listed(3)) == state

    def test_one_that_was_told_wrongly_is_forgotten_after_a_while(self) -> None:
        """LiveKit says that somebody left who only moved to another node."""
        late = LATE.total_seconds() + 10
        told: list[Fact] = [joined(person(1), 1), left(person(1), 5), listed(20, person(1)), listed(late, person(1))]
        assert room_of(*told).people == 0
        for order in permutations([*told, listed(late + 1, person(1))]):
            assert room_of(*order).people == 1


def test_of_two_sightings_of_one_moment_the_same_counts_in_any_order() -> None:
    bare, named = person(1), replace(person(1), name="Ana")
    assert folded([joined(bare, 1), joined(named, 1)]) == folded([joined(named, 1), joined(bare, 1)])
    assert folded([seen(1, 3), seen(1, 4)]) == folded([seen(1, 4), seen(1, 3)])


def test_an_older_look_at_a_room_still_tells_since_when_it_is_there() -> None:
    later = seen(5)
    later = replace(later, room=replace(later.room, created_at=None))
    for order in ((seen(1), later), (later, seen(1))):
        assert room_of(*order).created_at == START


class TestLooks:
    def test_what_tells_the_same_again_looks_alike(self) -> None:
        ana = person(1)
        before = room_of(seen(1, 1), joined(ana, 2))
        for again in (seen(3, 9), joined(ana, 4), listed(5, ana), left(person(7), 6)):
            assert room_of(seen(1, 1), joined(ana, 2), again).looks_like(before)
        assert recording_of(recording(RecordingStatus.LIVE, 9)).looks_like(
            recording_of(recording(RecordingStatus.LIVE, 1))
        )

    @pytest.mark.parametrize(
        "fact", [joined(person(2), 3), left(person(1), 3), seen(3, max_participants=5), finished(3)]
    )
    def test_what_people_see_does_not(self, fact: Fact) -> None:
        before = room_of(seen(1, 1), joined(person(1), 2))
        after = fold(before, fact)
        assert isinstance(after, RoomState)
        assert not after.looks_like(before)
