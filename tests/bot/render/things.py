"""States of things, for the tests of cards, notes and pages."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from bot.alerts.state import (
    CallState,
    Deed,
    IngressState,
    Look,
    OnPhone,
    Part,
    Plan,
    Present,
    RecordingState,
    RoomState,
    RoomStatus,
    ServerState,
    StreamState,
    ThingState,
    TrialState,
)
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
    Participant,
    Recording,
    RecordingRef,
    RecordingStatus,
    RoomRef,
    Stream,
    StreamRef,
    StreamStatus,
    VideoReceived,
    Written,
    WrittenKind,
)
from providers.facts import Condition

Going = TypeVar("Going", RecordingState, StreamState)
Watched = TypeVar("Watched", RecordingState, StreamState, IngressState)
Lost = TypeVar("Lost", RoomState, RecordingState, StreamState, IngressState, CallState)

BEGAN = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
ENDED = BEGAN + timedelta(minutes=42)
REF = RoomRef("livekit", "RM_1", "standup")
PLAN = Plan(stops_at=ENDED, by="U1A", rev=3)
MISSED = PLAN.model_copy(update={"missed": "the server does not answer"})


def ref(name: str = "standup", *, server: str = "livekit", id: str = "RM_1") -> RoomRef:
    return RoomRef(server, id, name)


def present(count: int) -> dict[str, Present]:
    return {str(n): Present(participant=Participant(str(n), f"p{n}"), seen_at=BEGAN) for n in range(count)}


def room(of: RoomRef = REF, **known: object) -> RoomState:
    return RoomState.model_validate({"ref": of, "made_by": "U1A", "created_at": BEGAN, **known})


def ended_room(of: RoomRef = REF, **known: object) -> RoomState:
    return room(of, status=RoomStatus.ENDED, ended_at=ENDED, **known)


def recording(
    status: RecordingStatus = RecordingStatus.LIVE,
    of: RoomRef = REF,
    *,
    id: str = "EG_1",
    made_by: str | None = "U1A",
    error: str | None = None,
    duration: timedelta | None = None,
    size: int | None = None,
    location: str | None = None,
    plan: Plan | None = None,
    **more: Any,
) -> RecordingState:
    """`more` is of the recording itself, `source` and what it has written."""
    made = Recording(RecordingRef(of.provider, id), of, status, BEGAN, None, duration, size, location, error, **more)
    return RecordingState(recording=made, seen_at=ENDED, made_by=made_by, plan=plan)


def destination(
    number: int,
    status: DestinationStatus = DestinationStatus.LIVE,
    *,
    address: str = "",
    error: str | None = None,
    retried_at: datetime | None = None,
) -> Destination:
    where = address or f"rtmp://cdn{number}.example/live"
    return Destination(
        f"D{number}", where, status, started_at=BEGAN, error=error, retries=number, retried_at=retried_at
    )


def stream(
    status: StreamStatus = StreamStatus.LIVE,
    *destinations: Destination,
    of: RoomRef = REF,
    id: str = "EG_2",
    made_by: str | None = "U1A",
    error: str | None = None,
    plan: Plan | None = None,
    **more: Any,
) -> StreamState:
    """`more` is of the stream itself, such as its `source`."""
    made = Stream(StreamRef(of.provider, id), of, status, destinations, BEGAN, ENDED, error, **more)
    return StreamState(stream=made, seen_at=ENDED, made_by=made_by, plan=plan)


def seen(state: Watched, condition: Condition) -> Watched:
    """With that being odd about it."""
    return state.model_copy(update={"look": Look(condition=condition, at=ENDED)})


def paused(by: str = "U1A", **known: Any) -> RecordingState:
    ready = recording(RecordingStatus.READY, duration=timedelta(minutes=12), **known)
    return ready.model_copy(update={"pause": Deed(by=by, at=ENDED)})


def gone_on(of: RoomRef = REF) -> RecordingState:
    """A first part that goes on."""
    return paused(of=of).model_copy(update={"next_part": "EG_9"})


def second_part(status: RecordingStatus = RecordingStatus.LIVE, of: RoomRef = REF) -> RecordingState:
    return recording(status, of, id="EG_9").model_copy(update={"part": Part(first="EG_1", previous="EG_1", number=2)})


def dismissed(state: Going, by: str = "U1A") -> Going:
    return state.model_copy(update={"dismissal": Deed(by=by, at=ENDED)})


def ingress(
    status: IngressStatus = IngressStatus.LIVE,
    of: RoomRef = REF,
    *,
    id: str = "IN_1",
    input: IngressInput = IngressInput.RTMP,
    name: str = "Camera 2",
    identity: str = "camera-2",
    made_by: str | None = "U1A",
    was_live: bool = False,
    **more: Any,
) -> IngressState:
    """`more` is of the ingress itself, such as its `error`. `was_live`: before this."""
    own = {"name": name, "identity": identity, "address": "rtmp://in.example/x", **more}
    made = Ingress(IngressRef(of.provider, id), of, status, input, started_at=BEGAN, ended_at=ENDED, **own)
    return IngressState(ingress=made, seen_at=ENDED, made_by=made_by, live_at=BEGAN if was_live else None)


def call(
    status: CallStatus = CallStatus.ACTIVE,
    of: RoomRef = REF,
    *,
    id: str = "SCL_1",
    identity: str = "sip-1",
    number: str = "…4567",
    is_inbound: bool = False,
    made_by: str | None = "U1A",
    error: str | None = None,
) -> CallState:
    made = Call(
        CallRef(of.provider, id),
        of,
        status,
        identity,
        number,
        is_inbound,
        started_at=BEGAN,
        ended_at=ENDED,
        error=error,
    )
    return CallState(call=made, seen_at=ENDED, made_by=made_by)


def server(name: str = "livekit", *, is_reached: bool = False, why: str = "it does not answer") -> ServerState:
    return ServerState(provider=name, is_reached=is_reached, since=BEGAN, why="" if is_reached else why)


def trial(name: str = "livekit", by: str = "U1A") -> TrialState:
    return TrialState(provider=name, by=by, at=BEGAN)


def sources(words: str) -> list[EgressSource]:
    """One of each kind, with `words` wherever a server may have put some."""
    return [
        EgressSource(layout=words, audio_only=True),
        EgressSource(EgressKind.PARTICIPANT, identity=words),
        EgressSource(EgressKind.TRACKS, video_track=words, audio_track=words),
        EgressSource(EgressKind.TRACK, audio_track=words),
        EgressSource(EgressKind.WEB, url=words),
    ]


def written(words: str = "b/x") -> tuple[Written, ...]:
    minutes = timedelta(minutes=12)
    return tuple(Written(kind, words, 34_100_000, minutes, number) for number, kind in enumerate(WrittenKind))


def lost(state: Lost) -> Lost:
    return state.model_copy(update={"observed_at": BEGAN, "lost_at": ENDED})


def one_of_each(of: RoomRef = REF, words: str = "disk full", person: str = "U1A") -> list[ThingState]:
    """Each kind in each of its states, with `words` wherever a server may have put some."""
    bad = destination(0, DestinationStatus.FAILED, address=words, error=words)
    places = (*(destination(n, status) for n, status in enumerate(DestinationStatus, 1)), bad)
    made: list[ThingState] = [
        room(of, made_by=person),
        room(of, made_by=person, plan=PLAN, recordings={"EG_1": RecordingStatus.LIVE}, calls={"C": CallStatus.ACTIVE}),
        room(of, plan=Plan(stops_at=ENDED, by=person, rev=1, missed=words)),
        ended_room(of, made_by=person),
        lost(room(of, made_by=person)),
        lost(recording(of=of, made_by=person)),
        lost(stream(of=of)),
        lost(ingress(of=of)),
        lost(call(of=of)),
        server(of.provider, why=words),
        server(of.provider, is_reached=True),
        trial(of.provider, person),
    ]
    everywhere = RoomRef(of.provider, "", "")
    return [
        *made,
        *_outgoing(of, words, person),
        *(recording(of=everywhere if each.url else of, source=each) for each in sources(words)),
        *(stream(of=everywhere if each.url else of, source=each) for each in sources(words)),
        *(recording(each, of, error=words, location=words, size=1, plan=PLAN) for each in RecordingStatus),
        *(stream(each, *places, of=of, error=words) for each in StreamStatus),
        stream(of=of),
        *(ingress(each, of, name=words, identity=words, input=IngressInput.URL, error=words) for each in IngressStatus),
        *_coming_in(of, words, person),
        *(call(each, of, number=words, identity=words, error=words) for each in CallStatus),
    ]


def _outgoing(of: RoomRef, words: str, person: str) -> list[ThingState]:
    """What is odd about recordings and streams, and what people did with them."""
    ready, failed = RecordingStatus.READY, RecordingStatus.FAILED
    return [
        *(seen(recording(RecordingStatus.LIVE, of), each) for each in Condition),
        *(seen(stream(StreamStatus.LIVE, of=of), each) for each in Condition),
        *(recording(failed, of, error=words, trouble=each, written=written(words)) for each in EgressTrouble),
        *(stream(StreamStatus.FAILED, of=of, error=words, trouble=each) for each in EgressTrouble),
        recording(RecordingStatus.ENDING, of, is_uploading=True),
        recording(ready, of, is_backup=True, written=written(words)),
        recording(ready, of, trouble=EgressTrouble.LIMIT_REACHED),
        paused(person, of=of),
        gone_on(of),
        second_part(of=of),
        dismissed(recording(of=of), person),
        dismissed(stream(of=of), person),
        stream(StreamStatus.LIVE, of=of, playlist=words, plan=PLAN),
    ]


def _coming_in(of: RoomRef, words: str, person: str) -> list[ThingState]:
    """What is received, what is odd about ingresses, and who called whom."""
    received: dict[str, Any] = {
        "video": VideoReceived(words, 1280, 720, 29.97, 2_480),
        "audio": AudioReceived(words, 96, 2, 48_000),
    }
    called = {"C": OnPhone(number=words, is_inbound=False, made_by=person), "D": OnPhone(number="", is_inbound=True)}
    there = {"C": CallStatus.ACTIVE, "D": CallStatus.RINGING}
    return [
        ingress(IngressStatus.LIVE, of, name=words, address=words, **received),
        ingress(IngressStatus.WAITING, of, name=words, is_enabled=False, address=""),
        ingress(IngressStatus.WAITING, RoomRef(of.provider, "", ""), was_live=True),
        *(seen(ingress(of=of, input=each), Condition.LEFT_BEHIND) for each in (IngressInput.RTMP, IngressInput.URL)),
        call(CallStatus.FAILED, of, is_inbound=True, identity=words, number=""),
        room(of, calls=there, phones=called, ingresses={"I": IngressStatus.LIVE}, ingress_names={"I": words}),
    ]


KINDS = range(len(one_of_each()))
"""To draw one of them at a time."""


def standing_of(state: ThingState) -> str:
    """To name a case of a test."""
    return f"{state.kind} {state.shown_status}"
