"""How streams, ingresses, calls and servers are folded, what is planned for things, and how they are lost sight of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.fold import Going, fold, note_going
from bot.alerts.state import (
    LOST,
    CallState,
    IngressState,
    RecordingState,
    RoomState,
    ServerState,
    StreamState,
    ThingState,
    TrialState,
)
from providers.base import (
    CallStatus,
    Destination,
    DestinationStatus,
    IngressStatus,
    RecordingStatus,
    RoomRef,
    StreamStatus,
)
from providers.facts import AlertTested, Fact, ThingKind
from tests.bot.alerts.facts import (
    RETRO,
    ROOM,
    after,
    call,
    carried_out,
    destination,
    finished,
    ingress,
    joined,
    listed,
    lost,
    near,
    origin,
    person,
    planned,
    published,
    reached,
    recording,
    seen,
    started,
    stream,
    unpublished,
    unreached,
)

S = TypeVar("S", bound=ThingState)
D = DestinationStatus
LIVE = StreamStatus.LIVE


def folded(kind: type[S], facts: Sequence[Fact]) -> S:
    state: ThingState | None = None
    for fact in facts:
        state = fold(state, fact)
    assert isinstance(state, kind)
    return state


def in_any_order(kind: type[S], *facts: Fact) -> S:
    """The state, the same whatever the order, and when everything is told twice."""
    state = folded(kind, facts)
    for order in permutations(facts):
        assert folded(kind, [*order, *facts[:1]]) == state
    return state


class TestStreams:
    def test_one_destination_fails_and_the_others_go_on(self) -> None:
        state = in_any_order(
            StreamState,
            stream(StreamStatus.STARTING, 0),
            stream(LIVE, 1, destination(D.LIVE, "one"), destination(D.CONNECTING, "two")),
            stream(LIVE, 2, destination(D.LIVE, "one"), destination(D.FAILED, "two", error="refused")),
        )
        assert state.status is LIVE
        assert [(each.id, each.status) for each in state.stream.destinations] == [("one", D.LIVE), ("two", D.FAILED)]
        assert state.stream.destinations[1].error == "refused"

    def test_a_destination_that_has_ended_stays_so(self) -> None:
        state = in_any_order(
            StreamState, stream(LIVE, 1, destination(D.ENDED)), stream(LIVE, 2, destination(D.LIVE)), stream(LIVE, 3)
        )
        assert [each.status for each in state.stream.destinations] == [D.ENDED]

    def test_one_that_is_added_again_lives_again(self) -> None:
        began = datetime(2026, 11, 20, 12, tzinfo=UTC)
        before = replace(destination(D.FAILED), started_at=began, ended_at=began + timedelta(seconds=1))
        again = replace(destination(D.LIVE), started_at=began + timedelta(seconds=2))
        state = in_any_order(StreamState, stream(LIVE, 1, before), stream(LIVE, 2, again), stream(LIVE, 3))
        assert [each.status for each in state.stream.destinations] == [D.LIVE]

    def test_one_that_is_added_later_and_one_that_is_not_told_any_more_are_both_there(self) -> None:
        state = in_any_order(
            StreamState, stream(LIVE, 1, destination(D.LIVE, "b")), stream(LIVE, 2, destination(D.LIVE, "a"))
        )
        assert [each.id for each in state.stream.destinations] == ["a", "b"]

    def test_one_that_connects_again_is_as_it_was_told_last(self) -> None:
        state = in_any_order(
            StreamState,
            stream(LIVE, 1, destination(D.LIVE)),
            stream(LIVE, 2, destination(D.CONNECTING)),
            stream(StreamStatus.STARTING, 3),
        )
        assert [each.status for each in state.stream.destinations] == [D.CONNECTING]

    def test_what_comes_of_a_destination_after_the_end_is_not_lost(self) -> None:
        state = in_any_order(
            StreamState, stream(StreamStatus.ENDED, 5), stream(LIVE, 4, destination(D.FAILED, error="refused"))
        )
        assert state.is_final
        assert [each.error for each in state.stream.destinations] == ["refused"]

    def test_two_words_of_one_moment(self) -> None:
        in_any_order(
            StreamState, stream(LIVE, 1, destination(D.LIVE)), stream(LIVE, 1, Destination("one", "", D.CONNECTING))
        )


def test_of_which_room_it_is_may_be_told_by_name_at_first() -> None:
    by_name = RoomRef("memory", "", "standup")
    state = in_any_order(
        RecordingState,
        recording(RecordingStatus.STARTING, 0, room=by_name),
        recording(RecordingStatus.LIVE, 1),
        recording(RecordingStatus.READY, 2, room=by_name),
    )
    assert state.room == ROOM
    assert state.status is RecordingStatus.READY


class TestIngresses:
    def test_it_goes_through_its_life_again_and_again(self) -> None:
        state: ThingState | None = None
        life = [IngressStatus.WAITING, IngressStatus.LIVE, IngressStatus.FAILED, IngressStatus.WAITING]
        for at, status in enumerate([*life, *life[1:]]):
            state = fold(state, ingress(status, at))
            assert isinstance(state, IngressState)
            assert state.status is status

    @given(st.data())
    def test_what_is_older_never_wins(self, data: st.DataObject) -> None:
        statuses = st.sampled_from([status for status in IngressStatus if status is not IngressStatus.COMPLETE])
        told = [ingress(data.draw(statuses), at) for at in data.draw(st.lists(st.integers(0, 3), min_size=1))]
        state = folded(IngressState, told)
        newest = max(fact.at for fact in told)
        assert state.seen_at == newest
        assert state.ingress in [fact.ingress for fact in told if fact.at == newest]
        assert folded(IngressState, data.draw(st.permutations(told))) == state

    def test_when_its_source_has_ended_it_stays_so(self) -> None:
        state = in_any_order(
            IngressState,
            ingress(IngressStatus.LIVE, 1),
            ingress(IngressStatus.COMPLETE, 2),
            ingress(IngressStatus.COMPLETE, 3, error="told later"),
            ingress(IngressStatus.WAITING, 9),
        )
        assert state.is_final
        assert state.ingress.error == "told later"


@pytest.mark.parametrize("ending", [CallStatus.ENDED, CallStatus.FAILED])
def test_a_call_goes_one_way(ending: CallStatus) -> None:
    life = (CallStatus.DIALING, CallStatus.RINGING, CallStatus.ACTIVE)
    state = in_any_order(CallState, *(call(status, at) for at, status in enumerate(life)), call(ending, 3))
    assert state.status is ending
    assert not folded(CallState, [call(CallStatus.ACTIVE, 5), call(CallStatus.RINGING, 6)]).is_final


class TestServers:
    def test_what_was_told_last_counts(self) -> None:
        state = in_any_order(ServerState, reached(1), unreached(2), reached(3), unreached(4, "it refuses us"))
        assert (state.is_reached, state.since, state.why) == (False, after(4), "it refuses us")

    def test_what_is_told_again_keeps_the_rest(self) -> None:
        first = fold(None, reached(1), made_by="U1")
        state = fold(first, unreached(2))
        assert state is not None
        assert state.made_by == "U1"
        assert state.observed_at == after(2)


class TestLoss:
    @pytest.mark.parametrize(
        ("seen_last", "kind", "id"),
        [
            (seen(5), ThingKind.ROOM, "RM_1"),
            (recording(RecordingStatus.LIVE, 5), ThingKind.RECORDING, "RE_1"),
            (stream(LIVE, 5), ThingKind.STREAM, "ST_1"),
            (ingress(IngressStatus.LIVE, 5), ThingKind.INGRESS, "IN_1"),
            (call(CallStatus.ACTIVE, 5), ThingKind.CALL, "CA_1"),
        ],
        ids=lambda value: value.type if not isinstance(value, str) else value,
    )
    def test_until_it_is_seen_again(self, seen_last: Fact, kind: ThingKind, id: str) -> None:
        is_lost = fold(fold(None, seen_last), lost(5, kind, id))
        assert is_lost is not None
        assert (is_lost.is_lost, is_lost.is_over, is_lost.is_final) == (True, True, False)
        assert is_lost.shown_status == LOST
        state = fold(fold(None, seen_last), lost(4, kind, id))
        assert state is not None
        assert not state.is_over

    @pytest.mark.parametrize("again", [seen(7), joined(person(1), 7), published(person(1), 7), started(7)])
    def test_a_room_that_is_heard_of_again_was_not_lost(self, again: Fact) -> None:
        orders: list[list[Fact]] = [[seen(1), lost(6), again], [seen(1), again, lost(6)]]
        for facts in orders:
            assert not folded(RoomState, facts).is_over
        assert folded(RoomState, [seen(1), lost(6), again, lost(8)]).is_lost

    def test_nobody_is_in_a_room_that_was_lost(self) -> None:
        state = folded(RoomState, [joined(person(1), 1), lost(2)])
        assert state.people == 0
        assert folded(RoomState, [joined(person(1), 1), lost(2), seen(3)]).people == 1

    def test_what_has_ended_was_not_lost(self) -> None:
        orders: list[list[Fact]] = [[seen(1), lost(6), finished(5)], [seen(1), finished(5), lost(6)]]
        for facts in orders:
            assert folded(RoomState, facts).shown_status == "ended"

    def test_nothing_is_known_of_what_was_never_heard_of(self) -> None:
        assert fold(None, lost(1)) is None


class TestPlans:
    def test_the_highest_revision_counts(self) -> None:
        state: ThingState | None = None
        told: list[Fact] = [
            planned(1, 60, rev=1),
            near(30, 60, rev=1),
            planned(31, 90, rev=2),
            carried_out(60, 60, rev=1, problem="x"),
        ]
        for order in permutations(told):
            state = folded(RoomState, [seen(0), *order])
            assert state.plan is not None
            assert (state.plan.stops_at, state.plan.rev, state.plan.missed) == (after(90), 2, "")

    def test_none_is_planned_any_more(self) -> None:
        state = folded(RoomState, [seen(0), planned(2, None, rev=2), planned(1, 60, rev=1)])
        assert state.plan is not None
        assert state.plan.stops_at is None

    def test_what_came_of_it_is_that_of_the_last_try(self) -> None:
        told: list[Fact] = [
            planned(1, 60, rev=1),
            carried_out(61, 60, rev=1, problem="no answer"),
            carried_out(90, 60, rev=1),
        ]
        for order in permutations(told):
            state = folded(RoomState, [seen(0), *order])
            assert state.plan is not None
            assert (state.plan.missed, state.plan.tried_at) == ("", after(90))

    def test_of_what_is_not_known_nothing_is_planned(self) -> None:
        assert fold(None, planned(1, 60, rev=1)) is None

    def test_a_plan_is_no_sign_of_life(self) -> None:
        assert folded(RoomState, [seen(0), lost(1), planned(2, 60, rev=1)]).is_lost


GOING: list[tuple[Going, str]] = [
    (folded(RecordingState, [recording(RecordingStatus.LIVE, 1)]), "recordings"),
    (folded(StreamState, [stream(LIVE, 1)]), "streams"),
    (folded(IngressState, [ingress(IngressStatus.LIVE, 1)]), "ingresses"),
    (folded(CallState, [call(CallStatus.ACTIVE, 1)]), "calls"),
]


@pytest.mark.parametrize(("going", "shown"), GOING, ids=[shown for _, shown in GOING])
class TestRooms:
    def test_show_what_goes_on(self, going: Going, shown: str) -> None:
        noted = note_going(RoomState(ref=ROOM), "X_1", going)
        assert getattr(noted, shown) == {"X_1": going.status}
        assert note_going(noted, "X_1", going) == noted

    def test_until_it_is_lost_sight_of(self, going: Going, shown: str) -> None:
        away = going.model_copy(update={"lost_at": after(9)})
        assert note_going(note_going(RoomState(ref=ROOM), "X_1", going), "X_1", away) == RoomState(ref=ROOM)

    def test_in_the_room_alone_that_it_is_of(self, going: Going, shown: str) -> None:
        retro = RoomState(ref=RETRO).model_copy(update={shown: {"X_1": going.status, "X_0": going.status}})
        noted = note_going(retro, "X_1", going)
        assert getattr(noted, shown) == {"X_0": going.status}


def test_an_ingress_that_waits_feeds_no_room() -> None:
    waits = folded(IngressState, [ingress(IngressStatus.WAITING, 1)])
    assert note_going(RoomState(ref=ROOM), "IN_1", waits) == RoomState(ref=ROOM)


@pytest.mark.parametrize("fact", [published(person(1), 1), unpublished(person(1), 1), listed(1)])
def test_a_room_is_known_by_what_is_sent_in_it(fact: Fact) -> None:
    assert folded(RoomState, [fact]).ref == ROOM


def test_a_test_of_alerts_is_over_at_once() -> None:
    state = fold(None, AlertTested(**origin(1, key="t"), by="U1"))
    assert isinstance(state, TrialState)
    assert (state.is_over, state.by, state.at) == (True, "U1", after(1))
