"""A server's whole life, made up from a seed: what truly happened on it, what was told of it, and its lists."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from providers.backend import Backend
from providers.base import (
    Call,
    CallStatus,
    DestinationStatus,
    Ingress,
    IngressStatus,
    Participant,
    Recording,
    RecordingStatus,
    Room,
    RoomRef,
    Stream,
    StreamStatus,
)
from providers.facts import CallChanged, Condition, Fact, IngressChanged, RecordingChanged, StreamChanged, ThingKind
from tests.bot.alerts.facts import (
    START,
    after,
    call,
    carried_out,
    destination,
    dismissed,
    finished,
    ingress,
    joined,
    left,
    listed,
    looked,
    near,
    part_begun,
    paused,
    planned,
    published,
    recording,
    seen,
    started,
    stream,
    unpublished,
)

STEPS = 40
LATEST = 60
"""By when all that happened in these steps is told, however late."""

_RECORDING = (RecordingStatus.STARTING, RecordingStatus.LIVE, RecordingStatus.ENDING)
_STREAM = (StreamStatus.STARTING, StreamStatus.LIVE, StreamStatus.ENDING)
_CALL = (CallStatus.DIALING, CallStatus.RINGING, CallStatus.ACTIVE)
_INGRESS = tuple(status for status in IngressStatus if not status.is_final)


@dataclass
class Server:
    """What there is on it at the end: `people` by the room's id, and of the rest the latest fact."""

    live: dict[str, RoomRef] = field(default_factory=dict)
    people: dict[str, dict[str, Participant]] = field(default_factory=lambda: defaultdict(dict))
    things: dict[str, Fact] = field(default_factory=dict)
    plans: dict[str, int] = field(default_factory=dict)
    told: list[Fact] = field(default_factory=list)
    revisions: list[Fact] = field(default_factory=list)


class Lists(Backend):
    """The same server for those who ask it, after everything. What goes out of its rooms and into them it does not
    tell."""

    kind = "memory"

    def __init__(self, server: Server) -> None:
        super().__init__("memory")
        self._server = server

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        people = self._server.people
        rooms = [Room(ref, created_at=START, participants=len(people[id])) for id, ref in self._server.live.items()]
        return [room for room in rooms if not names or room.ref.name in names]

    async def list_participants(self, room: RoomRef) -> list[Participant]:
        return list(self._server.people[room.id].values())


class ListsMore(Lists):
    """It tells of recordings, streams, ingresses and calls, too."""

    async def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        return [fact.recording for fact in self._server.things.values() if isinstance(fact, RecordingChanged)]

    async def list_streams(self, room: RoomRef | None = None) -> list[Stream]:
        return [fact.stream for fact in self._server.things.values() if isinstance(fact, StreamChanged)]

    async def list_ingresses(self, room: RoomRef | None = None, *, id: str | None = None) -> list[Ingress]:
        return [fact.ingress for fact in self._server.things.values() if isinstance(fact, IngressChanged)]

    async def list_calls(self, room: RoomRef) -> list[Call]:
        calls = [fact.call for fact in self._server.things.values() if isinstance(fact, CallChanged)]
        return [call for call in calls if call.room == room and not call.status.is_final]


def live(seed: int, steps: int = STEPS) -> Server:
    """Let three names be rooms now and then. Webhooks come up to 15 seconds late."""
    return _Life(Random(seed)).play(steps)


class _Life:
    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._server = Server()
        self._at = 0.0
        self._count = 0

    def play(self, steps: int) -> Server:
        for step in range(steps):
            self._at = float(step)
            self._turn(self._chance.choice(("a", "b", "c")))
        return self._server

    def _turn(self, name: str) -> None:
        room = next((room for room in self._server.live.values() if room.name == name), None)
        if room is None:
            room = RoomRef("memory", self._id("RM"), name)
            self._server.live[room.id] = room
            self._tell(started(self._at, room))
        elif self._chance.random() < 0.07:
            self._close(room)
        else:
            self._chance.choice((self._come, self._come, self._go, self._look, self._feed, self._feed, self._plan))(
                room
            )

    def _close(self, room: RoomRef) -> None:
        for who in self._server.people.pop(room.id, {}).values():
            self._tell(replace(left(who, self._at, room=room), reason="room closed"))
        for id, fact in self._server.things.items():
            if (end := _end_with(room, fact, self._at)) is not None:
                self._tell(end)
                self._server.things[id] = self._server.told[-1]
        del self._server.live[room.id]
        self._tell(finished(self._at, room))

    def _come(self, room: RoomRef) -> None:
        who = Participant(self._id("PA"), "somebody")
        self._server.people[room.id][who.id] = who
        self._tell(joined(who, self._at, room=room))
        self._tell(published(who, self._at + 0.1, room))

    def _go(self, room: RoomRef) -> None:
        people = self._server.people[room.id]
        if people:
            who = people.pop(self._chance.choice(sorted(people)))
            self._tell(unpublished(who, self._at, room))
            self._tell(left(who, self._at + 0.1, room=room))

    def _look(self, room: RoomRef) -> None:
        """A reconciler asks, and what it was answered is told at once."""
        people = self._server.people[room.id].values()
        self._server.told += [seen(self._at + 0.5, len(people), room), listed(self._at + 0.5, *people, room=room)]

    def _feed(self, room: RoomRef) -> None:
        """Something that goes out of the room or into it begins, or goes through part of its life."""
        kind = self._chance.choice((ThingKind.RECORDING, ThingKind.STREAM, ThingKind.INGRESS, ThingKind.CALL))
        id, steps, at = self._id(kind.name), self._chance.randint(1, 4), self._at
        for step in range(steps):
            at = self._at + step / 4
            self._tell(self._changed(kind, id, room, step, at))
        self._server.things[id] = self._server.told[-1]
        if kind in (ThingKind.RECORDING, ThingKind.STREAM):
            self._see_to(kind, id)
        elif kind is ThingKind.INGRESS:
            self._server.revisions += self._looks(kind, id, [self._at + self._chance.uniform(0, 5) for _ in range(4)])

    def _see_to(self, kind: ThingKind, id: str) -> None:
        """We look at it now and then, and people do with it what the server knows nothing of."""
        times = [self._at + self._chance.uniform(0, 5) for _ in range(4)]
        looks = self._looks(kind, id, times)
        deeds: list[Fact] = [
            *(paused(at, by=by, thing=kind, id=id) for at, by in zip(times, "abcd", strict=True)),
            *(part_begun(times[0], number=number, thing=kind, id=id) for number in (2, 3)),
            *(part_begun(times[0], next=later, thing=kind, id=id) for later in ("RE_8", "RE_9")),
            *(dismissed(at, by=by, thing=kind, id=id) for at, by in zip(times[2:], "ab", strict=True)),
        ]
        self._server.revisions += [*looks, *self._chance.sample(deeds, self._chance.randint(0, len(deeds)))]

    def _looks(self, kind: ThingKind, id: str, times: Sequence[float]) -> list[Fact]:
        return [looked(at, self._chance.choice((None, *Condition)), thing=kind, id=id) for at in times]

    def _changed(self, kind: ThingKind, id: str, room: RoomRef, step: int, at: float) -> Fact:
        pick = self._chance.choice
        if kind is ThingKind.INGRESS:
            status = pick((IngressStatus.COMPLETE, IngressStatus.DELETED, *_INGRESS) if step == 3 else _INGRESS)
            return ingress(status, at, id=id, room=room, kilobits=pick((0, 1_000, 1_100, 5_000)))
        if kind is ThingKind.CALL:
            return call((*_CALL, pick((CallStatus.ENDED, CallStatus.FAILED)))[step], at, id=id, room=room)
        if kind is ThingKind.RECORDING:
            ending = pick([status for status in RecordingStatus if status.is_final])
            return recording((*_RECORDING, ending)[step], at, id=id, room=room)
        ending_of_stream = pick([status for status in StreamStatus if status.is_final])
        fate = DestinationStatus.FAILED if step > 1 else DestinationStatus.LIVE
        ends = (destination(fate, "one"), *([destination(DestinationStatus.LIVE, "two")] * (step > 0)))
        return stream((*_STREAM, ending_of_stream)[step], at, *ends, id=id, room=room)

    def _plan(self, room: RoomRef) -> None:
        rev = self._server.plans[room.id] = self._server.plans.get(room.id, 0) + 1
        stops = self._at + 100
        self._server.revisions += [
            planned(self._at, stops, rev=rev, id=room.id),
            near(self._at, stops, rev=rev, id=room.id),
            carried_out(self._at, stops, rev=rev, problem="no answer", id=room.id),
        ]

    def _tell(self, fact: Fact) -> None:
        delay = self._chance.choice((0.0, 0.0, self._chance.uniform(0, 15)))
        self._server.told.append(replace(fact, seen_at=after(self._at + delay)))

    def _id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"


def _end_with(room: RoomRef, fact: Fact, at: float) -> Fact | None:
    """The end of what cannot go on without its room. None for what is elsewhere, goes on, or has ended."""
    match fact:
        case RecordingChanged() if fact.recording.room == room and not fact.recording.status.is_final:
            return recording(RecordingStatus.READY, at, id=fact.thing_id, room=room)
        case StreamChanged() if fact.stream.room == room and not fact.stream.status.is_final:
            return stream(StreamStatus.ENDED, at, id=fact.thing_id, room=room)
        case CallChanged() if fact.call.room == room and not fact.call.status.is_final:
            return call(CallStatus.ENDED, at, id=fact.thing_id, room=room)
    return None
