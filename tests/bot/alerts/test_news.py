"""What is worth telling, how bad it is, and that it is told once."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.alerts.fold import fold
from bot.alerts.news import News, news
from bot.alerts.state import ThingState
from commands.core.alerts import AlertKind, Severity
from providers.base import (
    CallStatus,
    DestinationStatus,
    EgressTrouble,
    IngressStatus,
    Participant,
    ParticipantKind,
    RecordingStatus,
    StreamStatus,
)
from providers.facts import AlertTested, Condition, Fact, ThingKind
from tests.bot.alerts.facts import (
    call,
    carried_out,
    destination,
    dismissed,
    finished,
    ingress,
    joined,
    kept_out,
    left,
    listed,
    looked,
    lost,
    near,
    origin,
    part_begun,
    paused,
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

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
ROOM, RECORDING, STREAM = AlertKind.ROOM, AlertKind.RECORDING, AlertKind.STREAM
INGRESS, SERVER = AlertKind.INGRESS, AlertKind.SERVER
D = DestinationStatus
LIVE = StreamStatus.LIVE


def told(facts: Sequence[Fact], *, of: ThingState | None = None) -> list[News]:
    """The news of each of them."""
    state = of
    found = []
    for fact in facts:
        before, state = state, fold(state, fact)
        assert state is not None
        found.append(news(before, state, fact))
    return found


def notes(*facts: Fact) -> list[str]:
    return [each.note for each in told(facts) if each.note is not None]


@pytest.mark.parametrize(
    ("live", "end", "expected"),
    [
        (started(), finished(5), News(ROOM, INFO, "ended", broadcast=True)),
        (seen(1), lost(2), News(ROOM, WARNING, "lost", broadcast=True)),
        *(
            (recording(RecordingStatus.LIVE, 1), recording(status, 2), News(RECORDING, severity, status.value, True))
            for status, severity in (
                (RecordingStatus.READY, INFO),
                (RecordingStatus.FAILED, CRITICAL),
                (RecordingStatus.ABORTED, WARNING),
            )
        ),
        *(
            (stream(LIVE, 1), stream(status, 2), News(STREAM, severity, status.value, True))
            for status, severity in (
                (StreamStatus.ENDED, INFO),
                (StreamStatus.FAILED, CRITICAL),
                (StreamStatus.ABORTED, WARNING),
            )
        ),
        (call(CallStatus.ACTIVE, 1), call(CallStatus.ENDED, 2), News(AlertKind.SIP, INFO, "ended", True)),
        (call(CallStatus.ACTIVE, 1), call(CallStatus.FAILED, 2), News(AlertKind.SIP, WARNING, "failed", True)),
        (
            ingress(IngressStatus.LIVE, 1),
            ingress(IngressStatus.COMPLETE, 2),
            News(INGRESS, INFO, "complete", broadcast=True),
        ),
    ],
)
def test_an_ending_is_told_to_the_channel_once(live: Fact, end: Fact, expected: News) -> None:
    _, first, again, late = told([live, end, replace(end, key="again"), replace(live, key="late")])
    assert first == expected
    assert (again.note, late.note) == (None, None)


class TestLoss:
    def test_is_told_once_and_that_it_turned_up_again_is_not(self) -> None:
        assert notes(seen(1), lost(2), lost(3), seen(4), started(5)) == ["lost"]

    def test_is_told_anew_after_that(self) -> None:
        assert notes(seen(1), lost(2), seen(4), lost(5)) == ["lost", "lost"]

    def test_of_a_room_says_all_that_there_is_to_say(self) -> None:
        assert notes(seen(1), lost(2), finished(1.5)) == ["lost"]

    @pytest.mark.parametrize("status", [status for status in RecordingStatus if status.is_final])
    def test_of_a_recording_does_not_say_what_became_of_it(self, status: RecordingStatus) -> None:
        gone = lost(2, ThingKind.RECORDING, "RE_1")
        assert notes(recording(RecordingStatus.LIVE, 1), gone, recording(status, 3)) == ["lost", status.value]

    def test_of_a_stream_is_followed_by_what_went_wrong(self) -> None:
        gone = lost(2, ThingKind.STREAM, "ST_1")
        assert notes(stream(LIVE, 1), gone, stream(StreamStatus.ENDED, 3)) == ["lost"]
        assert notes(stream(LIVE, 1), gone, stream(StreamStatus.FAILED, 3)) == ["lost", "failed"]


class TestStreams:
    def test_each_destination_that_fails_is_told_once(self) -> None:
        one, two = destination(D.FAILED, "one"), destination(D.FAILED, "two")
        facts = [
            stream(LIVE, 1, destination(D.LIVE, "one"), destination(D.LIVE, "two")),
            stream(LIVE, 2, one, destination(D.LIVE, "two")),
            stream(LIVE, 3, one, destination(D.LIVE, "two")),
            stream(LIVE, 4, one, two),
            stream(LIVE, 1.5, one, destination(D.LIVE, "two")),
        ]
        failure = News(STREAM, WARNING, "destination_failed", broadcast=True)
        assert [each for each in told(facts) if each.note] == [failure, failure]

    def test_that_the_stream_failed_says_it_of_all(self) -> None:
        assert notes(stream(LIVE, 1), stream(StreamStatus.FAILED, 2, destination(D.FAILED))) == ["failed"]

    def test_one_that_is_heard_of_as_it_fails(self) -> None:
        assert notes(stream(LIVE, 2, destination(D.FAILED))) == ["destination_failed"]

    def test_one_that_connects_anew_is_shown_and_not_told(self) -> None:
        again = replace(destination(D.LIVE, "one"), retries=3)
        assert notes(stream(LIVE, 1, destination(D.LIVE, "one")), stream(LIVE, 2, again)) == []


class TestConditions:
    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            (Condition.NO_PUBLISHER, News(RECORDING, WARNING, "condition")),
            (Condition.NO_START_SIGNAL, News(RECORDING, WARNING, "condition", broadcast=True)),
            (Condition.ROOM_OVER, News(RECORDING, WARNING, "condition", broadcast=True)),
            (Condition.UNATTENDED, News(RECORDING, WARNING, "condition", broadcast=True)),
            (Condition.LEFT_BEHIND, News(RECORDING, WARNING, "condition", broadcast=True)),
            (Condition.SLOW_END, News(RECORDING, INFO, "condition")),
        ],
    )
    def test_are_told_once(self, condition: Condition, expected: News) -> None:
        facts: list[Fact] = [
            recording(RecordingStatus.LIVE, 1),
            looked(20, condition),
            looked(30, condition),
            looked(40, None),
        ]
        _, first, again, over = told(facts)
        assert first == expected
        assert (again.note, over.note) == (None, None)

    def test_one_after_the_other_are_told_each(self) -> None:
        looks = [looked(20, Condition.NO_PUBLISHER), looked(40, Condition.NO_START_SIGNAL)]
        assert notes(recording(RecordingStatus.STARTING, 1), *looks) == ["condition", "condition"]

    def test_that_do_not_hold_any_more_are_not(self) -> None:
        begun = recording(RecordingStatus.LIVE, 30)
        assert notes(recording(RecordingStatus.STARTING, 1), begun, looked(20, Condition.NO_PUBLISHER)) == []
        assert notes(recording(RecordingStatus.READY, 1), looked(20, Condition.ROOM_OVER)) == ["ready"]


class TestEndingsThatAreNotAllWell:
    @pytest.mark.parametrize(
        ("trouble", "is_backup", "severity"),
        [
            (None, False, INFO),
            (EgressTrouble.SOURCE_GONE, False, INFO),
            (EgressTrouble.LIMIT_REACHED, False, WARNING),
            (None, True, WARNING),
        ],
    )
    def test_of_a_recording(self, trouble: EgressTrouble | None, severity: Severity, *, is_backup: bool) -> None:
        ready = recording(RecordingStatus.READY, 2)
        ready = replace(ready, recording=replace(ready.recording, trouble=trouble, is_backup=is_backup))
        assert told([recording(RecordingStatus.LIVE, 1), ready])[1] == News(RECORDING, severity, "ready", True)

    def test_of_a_stream(self) -> None:
        ended = stream(StreamStatus.ENDED, 2)
        ended = replace(ended, stream=replace(ended.stream, trouble=EgressTrouble.LIMIT_REACHED))
        assert told([stream(LIVE, 1), ended])[1] == News(STREAM, WARNING, "ended", broadcast=True)

    def test_what_failed_is_no_less_critical(self) -> None:
        failed = recording(RecordingStatus.FAILED, 2)
        failed = replace(failed, recording=replace(failed.recording, trouble=EgressTrouble.UPLOAD_FAILED))
        assert told([recording(RecordingStatus.LIVE, 1), failed])[1] == News(RECORDING, CRITICAL, "failed", True)


class TestParts:
    def test_a_pause_and_what_it_leaves_are_told_in_the_thread_alone(self) -> None:
        facts: list[Fact] = [
            recording(RecordingStatus.LIVE, 1),
            paused(10),
            paused(11, by="U2"),
            recording(RecordingStatus.READY, 12),
            part_begun(20, next="RE_2", id="RE_1"),
        ]
        quiet = [News(RECORDING, note=note) for note in ("paused", "ready", "part_begun")]
        assert [each for each in told(facts) if each.note] == quiet

    def test_one_that_is_in_the_back_up_storage_is_told_to_all(self) -> None:
        ready = recording(RecordingStatus.READY, 12)
        ready = replace(ready, recording=replace(ready.recording, is_backup=True))
        facts: list[Fact] = [recording(RecordingStatus.LIVE, 1), paused(10), ready]
        assert told(facts)[-1] == News(RECORDING, WARNING, "ready", broadcast=True)

    def test_that_another_is_a_part_is_on_its_card(self) -> None:
        assert notes(recording(RecordingStatus.STARTING, 20, id="RE_2"), part_begun(20)) == []


class TestDismissals:
    def test_are_told_in_the_thread_and_what_became_of_it_to_all(self) -> None:
        facts: list[Fact] = [
            recording(RecordingStatus.LIVE, 1),
            dismissed(10),
            dismissed(11),
            recording(RecordingStatus.FAILED, 12),
            dismissed(13),
        ]
        assert [each for each in told(facts) if each.note] == [
            News(RECORDING, note="dismissed"),
            News(RECORDING, CRITICAL, "failed", broadcast=True),
        ]


class TestIngresses:
    def test_a_failure_is_told_once_and_then_that_it_works(self) -> None:
        facts = [
            ingress(IngressStatus.LIVE, 1),
            ingress(IngressStatus.FAILED, 2),
            ingress(IngressStatus.FAILED, 3, error="again"),
            ingress(IngressStatus.LIVE, 4),
            ingress(IngressStatus.FAILED, 3.5),
            ingress(IngressStatus.LIVE, 5),
        ]
        assert [each for each in told(facts) if each.note] == [
            News(INGRESS, WARNING, "failed", broadcast=True),
            News(INGRESS, INFO, "live", broadcast=True),
        ]

    @pytest.mark.parametrize("between", [[], [IngressStatus.WAITING], [IngressStatus.WAITING, IngressStatus.BUFFERING]])
    def test_that_it_works_is_told_whatever_was_between(self, between: list[IngressStatus]) -> None:
        life = [IngressStatus.BUFFERING, IngressStatus.FAILED, *between, IngressStatus.LIVE]
        found = [each for each in told([ingress(status, at) for at, status in enumerate(life)]) if each.note]
        assert [(each.note, each.broadcast) for each in found] == [("failed", True), ("live", True)]

    def test_a_sender_that_comes_and_goes_is_told_in_the_thread_but_for_the_first_time(self) -> None:
        life = [IngressStatus.WAITING, IngressStatus.BUFFERING, IngressStatus.LIVE, IngressStatus.WAITING]
        facts = [ingress(status, at) for at, status in enumerate([*life, *life[1:], *life[:2]])]
        assert [each for each in told(facts) if each.note] == [
            News(INGRESS, note="waiting"),
            News(INGRESS, note="live"),
            News(INGRESS, note="waiting"),
        ]

    def test_that_its_worker_died_is_told_to_all_once(self) -> None:
        behind = [looked(at, Condition.LEFT_BEHIND, thing=ThingKind.INGRESS, id="IN_1") for at in (200, 210)]
        assert [each for each in told([ingress(IngressStatus.LIVE, 1), *behind]) if each.note] == [
            News(INGRESS, WARNING, "condition", broadcast=True)
        ]

    def test_that_somebody_deleted_it_is_told_in_the_thread(self) -> None:
        facts = [ingress(IngressStatus.LIVE, 1), ingress(IngressStatus.DELETED, 2), ingress(IngressStatus.DELETED, 3)]
        assert [each for each in told(facts) if each.note] == [News(INGRESS, note="deleted")]


def test_a_server_is_told_of_when_it_goes_and_when_it_comes_back() -> None:
    assert told([unreached(1), unreached(2), reached(3), reached(4), unreached(3.5)]) == [
        News(SERVER, CRITICAL, "unreached", broadcast=True),
        News(SERVER),
        News(SERVER, INFO, "reached", broadcast=True),
        News(SERVER),
        News(SERVER),
    ]


def test_that_a_server_answers_from_the_first_is_no_news() -> None:
    assert notes(reached(1)) == []


class TestPlannedStops:
    def test_a_warning_and_that_it_could_not_be_carried_out(self) -> None:
        _, plan, warning, missed = told(
            [seen(0), planned(1, 60, rev=1), near(55, 60, rev=1), carried_out(120, 60, rev=1, problem="no answer")]
        )
        assert plan == News(ROOM)
        assert warning == News(ROOM, WARNING, "stop_near", broadcast=True)
        assert missed == News(ROOM, CRITICAL, "stop_carried_out", broadcast=True)

    def test_that_it_comes_at_another_time_is_told_and_the_first_time_is_not(self) -> None:
        first, warning, later, same, off, again = told(
            [
                planned(1, 60, rev=1),
                near(55, 60, rev=1),
                planned(56, 90, rev=2),
                planned(56, 90, rev=2),
                planned(57, None, rev=3),
                planned(58, 70, rev=4),
            ],
            of=fold(None, seen(0)),
        )
        assert (first.note, warning.note, same.note, again.note) == (None, "stop_near", None, None)
        assert later == off == News(ROOM, INFO, "stop_planned")

    def test_nor_is_it_where_it_is_over_or_what_is_told_is_old(self) -> None:
        assert notes(seen(0), planned(2, 90, rev=2), planned(1, 60, rev=1)) == []
        assert notes(seen(0), planned(1, 60, rev=1), finished(50), planned(51, 90, rev=2)) == ["ended"]

    def test_what_is_not_planned_any_more_warns_nobody(self) -> None:
        assert notes(seen(0), planned(2, 90, rev=2), near(55, 60, rev=1), carried_out(60, 60, rev=1, problem="x")) == []

    def test_nor_does_a_stop_that_was_tried(self) -> None:
        assert notes(seen(0), carried_out(60, 60, rev=1), near(55, 60, rev=1)) == []

    def test_that_it_could_not_be_carried_out_is_told_once(self) -> None:
        again = [carried_out(at, 60, rev=1, problem="no answer") for at in (60, 70)]
        assert notes(seen(0), *again, carried_out(80, 60, rev=1)) == ["stop_carried_out"]
        assert notes(seen(0), *again, carried_out(80, 75, rev=2, problem="x")) == ["stop_carried_out"] * 2

    def test_nor_when_it_has_ended(self) -> None:
        assert notes(seen(0), finished(50), near(55, 60, rev=1), carried_out(60, 60, rev=1, problem="x")) == ["ended"]


class TestPeople:
    def test_joins_and_departures(self) -> None:
        assert told([joined(person(1), 1), left(person(1), 2)]) == [
            News(AlertKind.PARTICIPANT, note="participant_joined"),
            News(AlertKind.PARTICIPANT, note="participant_left"),
        ]
        assert notes(joined(person(1, is_person=False), 1)) == []

    def test_whoever_a_list_has_shown_is_told_of_when_their_join_is(self) -> None:
        assert notes(listed(1, person(1)), listed(2), joined(person(1), 0.5)) == ["participant_joined"]

    def test_who_is_kept_out(self) -> None:
        first, second = told([kept_out(person(1), 1), kept_out(replace(person(1), id="PA_2"), 2)])
        assert first == News(ROOM, WARNING, "participant_kept_out")
        assert second.note is None

    def test_tracks_of_people(self) -> None:
        assert told([published(person(1), 1), unpublished(person(1), 2)]) == [
            News(AlertKind.TRACK, note="track_published"),
            News(AlertKind.TRACK, note="track_unpublished"),
        ]
        assert notes(started(), finished(1), published(person(1), 0.5)) == ["ended"]

    def test_whose_track_it_is_may_be_known_from_their_join_alone(self) -> None:
        agent = Participant("PA_1", "agent", kind=ParticipantKind.AGENT)
        assert notes(joined(agent, 1), published(Participant("PA_1", "agent"), 2)) == []


def test_a_test_of_alerts_says_nothing_in_a_thread() -> None:
    assert notes(AlertTested(**origin(1, key="t"), by="U1")) == []
