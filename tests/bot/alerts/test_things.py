"""How streams, ingresses, calls and servers are folded, what is planned for things, and how they are lost sight of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.fold import fold
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
from providers.facts import AlertTested, Condition, Fact, ThingKind
from tests.bot.alerts.facts import (
    RETRO,
    ROOM,
    S,
    after,
    call,
    carried_out,
    destination,
    finished,
    folded,
    ingress,
    joined,
    listed,
    looked,
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

D = DestinationStatus
LIVE = StreamStatus.LIVE


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
        statuses = st.sampled_from([status for status in IngressStatus if not status.is_final])
        told = [ingress(data.draw(statuses), at) for at in data.draw(st.lists(st.integers(0, 3), min_size=1))]
        state = folded(IngressState, told)
        newest = max(fact.at for fact in told)
        assert state.seen_at == newest
        assert state.ingress in [fact.ingress for fact in told if fact.at == newest]
        assert folded(IngressState, data.draw(st.permutations(told))) == state

    def test_whose_clock_is_ahead_makes_no_difference(self) -> None:
        """A list is of when it was asked for by our clock, a webhook of when its server wrote."""
        listed, stopped = ingress(IngressStatus.LIVE, 1), ingress(IngressStatus.WAITING, 2)
        made = ingress(IngressStatus.WAITING, 9)
        made = replace(made, ingress=replace(made.ingress, updated_at=None))
        for status, told in ((IngressStatus.LIVE, [made, listed]), (IngressStatus.WAITING, [made, listed, stopped])):
            late = [replace(fact, at=after(9)) if fact is listed else fact for fact in told]
            assert in_any_order(IngressState, *late).status is status

    def test_a_server_that_says_no_times_is_believed_in_the_order_of_its_telling(self) -> None:
        told = [ingress(status, at) for at, status in enumerate((IngressStatus.WAITING, IngressStatus.LIVE))]
        timeless = [replace(fact, ingress=replace(fact.ingress, updated_at=None)) for fact in told]
        assert in_any_order(IngressState, *timeless).status is IngressStatus.LIVE

    @pytest.mark.parametrize("started_at", [None, after(-3)])
    def test_its_own_clock_alone_says_what_came_first(self, started_at: datetime | None) -> None:
        """It is two seconds behind ours, and tells of the beginning without saying when it wrote."""
        begins, live = ingress(IngressStatus.BUFFERING, 0), ingress(IngressStatus.LIVE, -2)
        begins = replace(begins, ingress=replace(begins.ingress, updated_at=None, started_at=started_at))
        live = replace(live, **origin(1))
        assert in_any_order(IngressState, begins, live).status is IngressStatus.LIVE

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

    def test_what_was_deleted_stays_so(self) -> None:
        gone = ingress(IngressStatus.DELETED, 4)
        told = [
            ingress(IngressStatus.LIVE, 1),
            ingress(IngressStatus.COMPLETE, 3),
            gone,
            ingress(IngressStatus.LIVE, 9),
        ]
        assert in_any_order(IngressState, *told).status is IngressStatus.DELETED

    def test_since_when_it_works_again_makes_no_difference_to_what_people_see(self) -> None:
        live, failed = ingress(IngressStatus.LIVE, 1), ingress(IngressStatus.FAILED, 2)
        state = in_any_order(IngressState, live, failed, ingress(IngressStatus.WAITING, 3))
        assert (state.live_at, state.failed_at, state.has_failed_last) == (after(1), after(2), True)
        again = in_any_order(IngressState, live, failed, ingress(IngressStatus.LIVE, 4))
        assert not again.has_failed_last
        assert again.looks_like(folded(IngressState, [ingress(IngressStatus.LIVE, 4)]))

    @pytest.mark.parametrize(
        ("kilobits", "is_like"), [(2_000, True), (2_450, True), (1_600, True), (3_000, False), (0, False)]
    )
    def test_what_wobbles_looks_alike(self, kilobits: int, is_like: bool) -> None:
        before = folded(IngressState, [ingress(IngressStatus.LIVE, 1, kilobits=2_000)])
        assert folded(IngressState, [ingress(IngressStatus.LIVE, 2, kilobits=kilobits)]).looks_like(before) is is_like

    @pytest.mark.parametrize("change", [{"is_enabled": False}, {"room": RETRO}, {"error": "no video"}])
    def test_what_people_see_does_not(self, change: dict[str, Any]) -> None:
        before = folded(IngressState, [ingress(IngressStatus.LIVE, 1)])
        assert not folded(IngressState, [ingress(IngressStatus.LIVE, 1, **change)]).looks_like(before)

    def test_what_was_odd_is_forgotten_once_its_server_writes_of_it(self) -> None:
        seen_so = looked(200, Condition.LEFT_BEHIND, thing=ThingKind.INGRESS, id="IN_1")
        live, later = ingress(IngressStatus.LIVE, 1), ingress(IngressStatus.LIVE, 201)
        behind = folded(IngressState, [live, seen_so])
        assert behind.condition is Condition.LEFT_BEHIND
        assert not behind.looks_like(folded(IngressState, [live]))
        disabled = replace(live, **origin(300), ingress=replace(live.ingress, is_enabled=False))
        orders: dict[Condition | None, list[list[Fact]]] = {
            Condition.LEFT_BEHIND: [[live, seen_so, disabled], [live, disabled, seen_so]],
            None: [[live, seen_so, later], [live, later, seen_so]],
        }
        for condition, told in orders.items():
            assert [folded(IngressState, order).condition for order in told] == [condition] * 2


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


@pytest.mark.parametrize("fact", [published(person(1), 1), unpublished(person(1), 1), listed(1)])
def test_a_room_is_known_by_what_is_sent_in_it(fact: Fact) -> None:
    assert folded(RoomState, [fact]).ref == ROOM


def test_a_test_of_alerts_is_over_at_once() -> None:
    state = fold(None, AlertTested(**origin(1, key="t"), by="U1"))
    assert isinstance(state, TrialState)
    assert (state.is_over, state.by, state.at) == (True, "U1", after(1))
