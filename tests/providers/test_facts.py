"""Facts survive being stored: JSON and back gives the same, for whatever a server may say."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from providers.base import (
    AudioReceived,
    Call,
    CallRef,
    CallStatus,
    Destination,
    DestinationStatus,
    EgressKind,
    EgressSource,
    EgressTrouble,
    Ingress,
    IngressInput,
    IngressRef,
    IngressStatus,
    IngressTrouble,
    Participant,
    ParticipantKind,
    Recording,
    RecordingRef,
    RecordingStatus,
    Room,
    RoomRef,
    Stream,
    StreamRef,
    StreamStatus,
    Track,
    TrackKind,
    TrackSource,
    VideoReceived,
    Written,
    WrittenKind,
)
from providers.facts import (
    AlertTested,
    CallChanged,
    Condition,
    ConditionSeen,
    Dismissed,
    Fact,
    Finished,
    IngressChanged,
    PartBegun,
    ParticipantJoined,
    ParticipantKeptOut,
    ParticipantLeft,
    ParticipantsListed,
    Paused,
    RecordingChanged,
    RoomFinished,
    RoomSeen,
    RoomStarted,
    ServerReached,
    ServerUnreached,
    SightLost,
    Source,
    StopCarriedOut,
    StopNear,
    StopPlanned,
    StreamChanged,
    ThingKind,
    TrackPublished,
    TrackUnpublished,
    facts_from_json,
    facts_to_json,
)

zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=11))])
times = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=zones)
durations = st.timedeltas(timedelta(0), timedelta(days=30))
words = st.text(max_size=40)
rooms = st.builds(RoomRef, words, words, words)
counts = st.integers(0, 2**40)
participants = st.builds(
    Participant, words, words, words, st.none() | times, st.booleans(), st.sampled_from(ParticipantKind)
)
sources = st.builds(
    EgressSource,
    st.sampled_from(EgressKind),
    st.none() | words,
    st.booleans(),
    st.booleans(),
    words,
    st.booleans(),
    words,
    words,
    words,
)
written = st.builds(
    Written, st.sampled_from(WrittenKind), words, st.none() | counts, st.none() | durations, st.none() | counts
)
troubles = st.none() | st.sampled_from(EgressTrouble)
recordings = st.builds(
    Recording,
    st.builds(RecordingRef, words, words),
    rooms,
    st.sampled_from(RecordingStatus),
    st.none() | times,
    st.none() | times,
    st.none() | durations,
    st.none() | counts,
    st.none() | words,
    st.none() | words,
    sources,
    st.lists(written, max_size=2).map(tuple),
    troubles,
    st.booleans(),
    st.booleans(),
)
tracks = st.builds(Track, words, st.sampled_from(TrackKind), st.sampled_from(TrackSource), words, st.booleans())
destinations = st.builds(
    Destination,
    words,
    words,
    st.sampled_from(DestinationStatus),
    st.none() | times,
    st.none() | times,
    st.none() | words,
    counts,
    st.none() | times,
)
streams = st.builds(
    Stream,
    st.builds(StreamRef, words, words),
    rooms,
    st.sampled_from(StreamStatus),
    st.lists(destinations, max_size=3).map(tuple),
    st.none() | times,
    st.none() | times,
    st.none() | words,
    sources,
    st.none() | words,
    troubles,
)
moments = {name: st.none() | times for name in ("started_at", "ended_at")}
ingresses = st.builds(
    Ingress,
    st.builds(IngressRef, words, words),
    rooms,
    st.sampled_from(IngressStatus),
    st.sampled_from(IngressInput),
    name=words,
    is_enabled=st.booleans(),
    is_transcoded=st.none() | st.booleans(),
    address=words,
    video=st.none() | st.builds(VideoReceived, words, counts, counts, st.floats(0, 1000), counts),
    audio=st.none() | st.builds(AudioReceived, words, counts, counts, counts),
    updated_at=st.none() | times,
    error=st.none() | words,
    trouble=st.none() | st.sampled_from(IngressTrouble),
    **moments,
)
calls = st.builds(
    Call,
    st.builds(CallRef, words, words),
    rooms,
    st.sampled_from(CallStatus),
    identity=words,
    number=words,
    is_inbound=st.booleans(),
    trunk=words,
    error=st.none() | words,
    **moments,
)
origin = {"provider": words, "key": words, "at": times, "seen_at": times, "source": st.sampled_from(Source)}
about = {"thing": st.sampled_from(ThingKind), "thing_id": words}
BY_KIND: dict[type[Fact], st.SearchStrategy[Fact]] = {
    RoomSeen: st.builds(
        RoomSeen,
        room=st.builds(Room, rooms, st.none() | times, counts, st.none() | counts, words, st.booleans()),
        **origin,
    ),
    RoomStarted: st.builds(RoomStarted, room=rooms, **origin),
    RoomFinished: st.builds(RoomFinished, room=rooms, **origin),
    ParticipantJoined: st.builds(ParticipantJoined, room=rooms, participant=participants, **origin),
    ParticipantLeft: st.builds(ParticipantLeft, room=rooms, participant=participants, reason=words, **origin),
    ParticipantKeptOut: st.builds(
        ParticipantKeptOut, room=rooms, participant=participants, until=times, by=words, **origin
    ),
    ParticipantsListed: st.builds(
        ParticipantsListed, room=rooms, participants=st.lists(participants, max_size=3).map(tuple), **origin
    ),
    TrackPublished: st.builds(TrackPublished, room=rooms, participant=participants, track=tracks, **origin),
    TrackUnpublished: st.builds(TrackUnpublished, room=rooms, participant=participants, track=tracks, **origin),
    RecordingChanged: st.builds(RecordingChanged, recording=recordings, **origin),
    StreamChanged: st.builds(StreamChanged, stream=streams, **origin),
    IngressChanged: st.builds(IngressChanged, ingress=ingresses, **origin),
    CallChanged: st.builds(CallChanged, call=calls, **origin),
    ServerReached: st.builds(ServerReached, **origin),
    ServerUnreached: st.builds(ServerUnreached, why=words, **origin),
    SightLost: st.builds(SightLost, **about, **origin),
    ConditionSeen: st.builds(ConditionSeen, condition=st.none() | st.sampled_from(Condition), **about, **origin),
    Paused: st.builds(Paused, by=words, **about, **origin),
    PartBegun: st.builds(PartBegun, first=words, previous=words, number=counts, next=words, **about, **origin),
    Dismissed: st.builds(Dismissed, by=words, **about, **origin),
    Finished: st.builds(Finished, by=words, **about, **origin),
    StopPlanned: st.builds(StopPlanned, stops_at=st.none() | times, by=words, rev=counts, **about, **origin),
    StopNear: st.builds(StopNear, stops_at=times, by=words, rev=counts, **about, **origin),
    StopCarriedOut: st.builds(StopCarriedOut, stops_at=times, by=words, rev=counts, problem=words, **about, **origin),
    AlertTested: st.builds(AlertTested, by=words, **origin),
}
facts = st.one_of(*BY_KIND.values())


def test_no_kind_of_fact_is_left_out() -> None:
    assert BY_KIND.keys() == set(get_args(Fact))


@given(st.lists(facts, max_size=4))
def test_there_and_back(told: list[Fact]) -> None:
    assert facts_from_json(facts_to_json(told)) == told


@given(facts)
def test_times_stay_aware(fact: Fact) -> None:
    (back,) = facts_from_json(facts_to_json([fact]))
    assert back.at.utcoffset() is not None
    assert back.at == fact.at


@given(facts)
def test_each_is_about_one_thing(fact: Fact) -> None:
    match fact:
        case RecordingChanged(recording=thing) | StreamChanged(stream=thing):
            assert fact.thing_id == thing.ref.id
        case IngressChanged(ingress=thing) | CallChanged(call=thing) | RoomSeen(room=thing):
            assert fact.thing_id == thing.ref.id
        case ServerReached() | ServerUnreached():
            assert fact.thing_id == fact.provider
        case SightLost() | ConditionSeen() | Paused() | Finished() | PartBegun() | Dismissed():
            assert fact.thing_id == asdict(fact)["thing_id"]
        case StopPlanned() | StopNear() | StopCarriedOut() | AlertTested():
            assert fact.thing_id in (fact.key, *asdict(fact).values())
        case _:
            assert (fact.thing, fact.thing_id) == (ThingKind.ROOM, fact.room.id)


@pytest.mark.parametrize("body", [b"", b"{}", b'[{"type": "new"}]', b'[{"type": "room_started"}]', b"\xff", b"[[]]"])
def test_what_is_no_fact_is_refused(body: bytes) -> None:
    with pytest.raises(ValidationError):
        facts_from_json(body)


def test_what_is_stored_reads_plainly() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    fact = RoomStarted(
        provider="studio", key="EV_1", at=at, seen_at=at, source=Source.WEBHOOK, room=RoomRef("studio", "RM_1", "é")
    )
    assert json.loads(facts_to_json([fact])) == [
        {
            "provider": "studio",
            "key": "EV_1",
            "at": "2026-01-02T03:04:05Z",
            "seen_at": "2026-01-02T03:04:05Z",
            "source": "webhook",
            "room": {"provider": "studio", "id": "RM_1", "name": "é"},
            "type": "room_started",
        }
    ]
