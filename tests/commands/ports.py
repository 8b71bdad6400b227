"""The ports of `commands/core/ports.py` in memory: what commands and dispatch need, without a database and Slack."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

from commands.core.alerts import About, Followed, Mute, Scope, Severity, Subscription, Unfollowed
from commands.core.attempts import Attempt, Outcome, Pending, Press
from commands.core.audit import Entry, Search
from commands.core.base import Role
from commands.core.directory import (
    BlockedCard,
    FailedRecording,
    GoingOn,
    KnownRoom,
    LiveRoom,
    Provenance,
    Reservation,
    Reserved,
    TroubledIngress,
    Webhooks,
)
from commands.core.egress_requests import EgressRequest
from commands.core.errors import CommandError
from commands.core.files import File
from commands.core.grants import Grant, Grantee, KnownGrantee
from commands.core.ports import Caller, Choice, KeepOut, Place, Standing, Traces, Viewer, everywhere
from commands.core.reply import Reply, Text
from commands.core.timers import LONGEST, PlannedStop, PutOff, Refusal, Target
from providers.base import Call, Ingress, Participant, ParticipantKind, Provider, Recording, RoomRef, Stream
from providers.facts import (
    CallChanged,
    Dismissed,
    Fact,
    Finished,
    IngressChanged,
    PartBegun,
    ParticipantsListed,
    Paused,
    RecordingChanged,
    RoomFinished,
    RoomSeen,
    StreamChanged,
    ThingKind,
)


class ManualClock:
    """Stands still until somebody moves it."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def advance(self, by: timedelta) -> None:
        self._now += by


class ProviderTable:
    """The first one is the default."""

    def __init__(self, *providers: Provider) -> None:
        self._by_name = {provider.name: provider for provider in providers}

    @property
    def names(self) -> Sequence[str]:
        return list(self._by_name)

    @property
    def default(self) -> str:
        return next(iter(self._by_name))

    def get(self, name: str) -> Provider | None:
        return self._by_name.get(name)


class EgressRequestTable:
    """Each call lets others go on, as a database does, so that races show."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], EgressRequest] = {}

    async def keep(self, team_id: str, request: EgressRequest) -> None:
        await asyncio.sleep(0)
        kept = replace(request, first=request.first or request.id)
        self._kept[team_id, request.provider, request.id] = kept

    async def get(self, team_id: str, provider: str, id: str) -> EgressRequest | None:
        await asyncio.sleep(0)
        return self._kept.get((team_id, provider, id))

    async def change(
        self, team_id: str, provider: str, id: str, change: Callable[[EgressRequest], EgressRequest | None]
    ) -> EgressRequest | None:
        await asyncio.sleep(0)
        kept = self._kept.get((team_id, provider, id))
        changed = change(kept) if kept is not None else None
        if changed is not None:
            self._kept[team_id, provider, id] = changed
        return changed

    async def parts(self, team_id: str, provider: str, first: str) -> Sequence[EgressRequest]:
        found = [
            r for (team, _, _), r in self._kept.items() if (team, r.provider, r.first) == (team_id, provider, first)
        ]
        return sorted(found, key=lambda request: request.part)


@dataclass(frozen=True)
class Report:
    fact: Fact
    team_id: str
    made_by: str | None
    card_in: str | None
    card_thread: str | None = None
    is_private: bool = False


class Directory:
    """`Rooms` and `FactSink` at once: what commands report is what the directory knows. An end is final."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.reserved: dict[tuple[ThingKind, str, str], Reservation] = {}
        self.ended_at: dict[RoomRef, datetime] = {}
        self._rooms: dict[tuple[str, RoomRef], KnownRoom] = {}

    @property
    def facts(self) -> list[Fact]:
        return [report.fact for report in self.reports]

    async def report(
        self, fact: Fact, *, team_id: str, made_by: str | None, card_in: Place | None, is_private: bool = False
    ) -> None:
        channel_id, thread_ts = (card_in.channel_id, card_in.thread_ts) if card_in else (None, None)
        self.reports.append(Report(fact, team_id, made_by, channel_id, thread_ts, is_private))
        if isinstance(fact, RoomSeen):
            key = (team_id, fact.room.ref)
            self._rooms.setdefault(key, KnownRoom(fact.room.ref, False, channel_id, made_by, is_private))
        elif isinstance(fact, RoomFinished):
            self.end(team_id, fact.room)

    def end(self, team_id: str, room: RoomRef, at: datetime | None = None) -> None:
        """A life is over, as a webhook would have told."""
        before = self._rooms.get((team_id, room), KnownRoom(room, False))
        self._rooms[team_id, room] = KnownRoom(room, True, before.channel_id, before.made_by, before.is_private)
        self.ended_at[room] = at or datetime.now(UTC)

    async def newest(self, viewer: Viewer, provider: str, name: str) -> KnownRoom | None:
        lives = [r for r in self._of(viewer) if r.ref.provider == provider and r.ref.name == name]
        return min(lives, key=lambda r: r.ended, default=None)

    async def life(self, viewer: Viewer, provider: str, room_id: str) -> KnownRoom | None:
        return next((r for r in self._of(viewer) if r.ref.provider == provider and r.ref.id == room_id), None)

    async def live_named(self, viewer: Viewer, name: str) -> list[KnownRoom]:
        return [r for r in self._of(viewer) if r.ref.name == name and not r.ended]

    async def live(self, viewer: Viewer, provider: str) -> list[KnownRoom]:
        return [r for r in self._of(viewer) if r.ref.provider == provider and not r.ended]

    async def ended(self, viewer: Viewer, provider: str, names: Collection[str]) -> Mapping[str, datetime]:
        newest = {name: await self.newest(viewer, provider, name) for name in names}
        return {name: self.ended_at[room.ref] for name, room in newest.items() if room is not None and room.ended}

    async def present(self, viewer: Viewer, provider: str, name: str) -> list[Participant]:
        listed = [f for f in self.facts if isinstance(f, ParticipantsListed)]
        last = next((f for f in reversed(listed) if (f.room.provider, f.room.name) == (provider, name)), None)
        return [] if last is None else list(last.participants)

    async def sent_into(self, team_id: str, provider: str, room_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        listed = [f for f in self.facts if isinstance(f, ParticipantsListed)]
        last = {f.room.id: f.participants for f in listed if f.room.provider == provider and f.room.id in room_ids}
        return {
            id: frozenset(who.identity for who in there if who.kind is ParticipantKind.INGRESS)
            for id, there in last.items()
        }

    async def recordings(self, viewer: Viewer, provider: str, limit: int) -> list[Recording]:
        return _known((f.recording for f in self.facts if isinstance(f, RecordingChanged)), provider)[:limit]

    async def streams(self, viewer: Viewer, provider: str, limit: int) -> list[Stream]:
        return _known((f.stream for f in self.facts if isinstance(f, StreamChanged)), provider)[:limit]

    async def ingresses(self, viewer: Viewer, provider: str, limit: int) -> list[Ingress]:
        return _known((f.ingress for f in self.facts if isinstance(f, IngressChanged)), provider)[:limit]

    async def calls(self, viewer: Viewer, provider: str, limit: int) -> list[Call]:
        return _known((f.call for f in self.facts if isinstance(f, CallChanged)), provider)[:limit]

    async def live_in_channel(self, viewer: Viewer) -> list[KnownRoom]:
        return [r for r in self._of(viewer) if r.channel_id == viewer.channel_id and not r.ended]

    async def hidden(self, viewer: Viewer, rooms: Collection[RoomRef]) -> frozenset[RoomRef]:
        """A life that nobody has reported goes by its name."""
        known = [r for (team, _), r in self._rooms.items() if team == viewer.team_id and not _sees(viewer, r)]
        names = {(r.ref.provider, r.ref.name) for r in known if not r.ended} | self._reserved_from(viewer)
        lives = {room: self._rooms[viewer.team_id, room] for room in rooms if (viewer.team_id, room) in self._rooms}
        unknown = [room for room in rooms if room not in lives and (room.provider, room.name) in names]
        return frozenset([*unknown, *(room for room, known in lives.items() if not _sees(viewer, known))])

    async def hidden_recordings(self, viewer: Viewer, recordings: Collection[Recording]) -> frozenset[str]:
        """A recording goes by its room."""
        rooms = await self.hidden(viewer, [recording.room for recording in recordings])
        return frozenset(r.ref.id for r in recordings if r.room in rooms)

    async def hidden_streams(self, viewer: Viewer, streams: Collection[Stream]) -> frozenset[str]:
        """A stream goes by its room."""
        rooms = await self.hidden(viewer, [stream.room for stream in streams])
        return frozenset(s.ref.id for s in streams if s.room in rooms)

    async def hidden_ingresses(self, viewer: Viewer, ingresses: Collection[Ingress]) -> frozenset[str]:
        """An ingress goes by its room."""
        rooms = await self.hidden(viewer, [ingress.room for ingress in ingresses])
        return frozenset(i.ref.id for i in ingresses if i.room in rooms)

    async def hidden_calls(self, viewer: Viewer, calls: Collection[Call]) -> frozenset[str]:
        """A call goes by its room."""
        rooms = await self.hidden(viewer, [call.room for call in calls])
        return frozenset(c.ref.id for c in calls if c.room in rooms)

    async def dismissed(self, team_id: str, kind: ThingKind, provider: str, ids: Collection[str]) -> frozenset[str]:
        return frozenset(f.thing_id for f in self.facts if isinstance(f, Dismissed) and f.thing is kind) & set(ids)

    async def paused(self, team_id: str, provider: str, ids: Collection[str]) -> frozenset[str]:
        """By the last that was said of it."""
        said = [f for f in self.facts if isinstance(f, Paused | Finished | PartBegun)]
        last = {f.thing_id: f for f in said}
        return frozenset(id for id in ids if isinstance(last.get(id), Paused))

    async def made_by(self, team_id: str, provider: str, id: str) -> str | None:
        of_rooms = (ThingKind.RECORDING, ThingKind.STREAM, ThingKind.INGRESS, ThingKind.CALL)
        made = (r for r in self.reports if r.made_by is not None and r.fact.thing in of_rooms)
        return next((r.made_by for r in made if r.fact.thing_id == id), None)

    async def provenance(self, team_id: str, kind: ThingKind, provider: str, id: str) -> Provenance | None:
        """As the first who reported it said."""
        said = [r for r in self.reports if (r.fact.thing, r.fact.provider, r.fact.thing_id) == (kind, provider, id)]
        if not said:
            return None
        cards = tuple(Place(team_id, r.card_in, r.card_thread) for r in said if r.card_in is not None)
        return Provenance(said[0].card_in, said[0].made_by, said[0].is_private, cards)

    async def reserve(
        self,
        viewer: Viewer,
        kind: ThingKind,
        provider: str,
        name: str,
        *,
        by: str | None,
        until: datetime | None = None,
    ) -> Reserved | None:
        """Until some time: nothing ends here by itself."""
        key = (kind, provider, name)
        is_others = await self.hidden(viewer, [RoomRef(provider, "", name)]) if kind is ThingKind.ROOM else False
        if is_others or (key in self.reserved and self._is_kept_from(viewer, key)):
            return None
        before = self.reserved.get(key)
        self.reserved[key] = Reservation(viewer.channel_id or "", by, until or datetime.max.replace(tzinfo=UTC))
        return Reserved(before, self.reserved[key])

    async def release(self, viewer: Viewer, kind: ThingKind, provider: str, name: str) -> Reserved:
        key = (kind, provider, name)
        before = self.reserved.get(key)
        if before is not None and not self._is_kept_from(viewer, key):
            del self.reserved[key]
        return Reserved(before, self.reserved.get(key))

    async def restore(self, team_id: str, kind: ThingKind, provider: str, name: str, reserved: Reserved) -> None:
        self.reserved.pop((kind, provider, name), None)
        if reserved.before is not None:
            self.reserved[kind, provider, name] = reserved.before

    def _reserved_from(self, viewer: Viewer) -> set[tuple[str, str]]:
        return {key[1:] for key in self.reserved if key[0] is ThingKind.ROOM and self._is_kept_from(viewer, key)}

    def _is_kept_from(self, viewer: Viewer, key: tuple[ThingKind, str, str]) -> bool:
        channel_id, by = self.reserved[key].channel_id, self.reserved[key].by
        return key[1] not in viewer.sees_all and viewer.channel_id != channel_id and viewer.user_id != by

    async def of_thread(self, place: Place) -> KnownRoom | None:
        started = (r for r in self.reports if r.card_thread == place.thread_ts and r.card_in == place.channel_id)
        fact = next((r.fact for r in started if isinstance(r.fact, RoomSeen)), None) if place.thread_ts else None
        return self._rooms.get((place.team_id, fact.room.ref)) if fact else None

    def _of(self, viewer: Viewer) -> list[KnownRoom]:
        """The newest first."""
        known = (room for (team, _), room in reversed(self._rooms.items()) if team == viewer.team_id)
        return [room for room in known if _sees(viewer, room)]


Feed = TypeVar("Feed", bound=Recording | Stream | Ingress | Call)


def _known(heard: Iterable[Feed], provider: str) -> list[Feed]:
    """What was heard last of each that is on that server: those that are not over first, then the newest."""
    last = {each.ref: each for each in heard if each.ref.provider == provider}
    newest = [*last.values()][::-1]
    return sorted(newest, key=lambda each: each.status.is_final)


def _sees(viewer: Viewer, room: KnownRoom) -> bool:
    here = viewer.channel_id is not None and room.channel_id == viewer.channel_id
    mine = viewer.user_id is not None and room.made_by == viewer.user_id
    return room.ref.provider in viewer.sees_all or not room.is_private or here or mine


class KeepOutTable:
    """Nothing runs out in it but by the clock. `heard`: webhooks of every server have come."""

    def __init__(self, clock: ManualClock) -> None:
        self.heard = True
        self._clock = clock
        self._rows: dict[tuple[str, str, str, str], KeepOut] = {}

    async def add(self, team_id: str, keep_out: KeepOut) -> None:
        self._rows[team_id, keep_out.provider, keep_out.room, keep_out.identity] = keep_out

    async def lift(self, team_id: str, provider: str, room: str, identity: str) -> bool:
        return self._rows.pop((team_id, provider, room, identity), None) is not None

    async def of_room(self, team_id: str, provider: str, room: str) -> list[KeepOut]:
        there = [kept for key, kept in self._rows.items() if key[:3] == (team_id, provider, room)]
        return [kept for kept in there if kept.until > self._clock.now()]

    async def hears_of(self, team_id: str, provider: str) -> bool:
        return self.heard


class StopTable:
    """`Stops`. `firing`: those that are being stopped at this moment."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._planned: dict[Target, PlannedStop] = {}
        self._revs = count(1)
        self.firing: set[Target] = set()

    async def plan(self, team_id: str, target: Target, stops_at: datetime, *, by: str) -> PutOff:
        if target in self.firing:
            return PutOff(self._planned[target], Refusal.STOPPING)
        self._planned[target] = PlannedStop(target=target, stops_at=stops_at, by=by, rev=next(self._revs))
        return PutOff(self._planned[target])

    async def put_off(
        self, team_id: str, target: Target, longer: timedelta, *, by: str, rev: int | None = None
    ) -> PutOff:
        stop = self._planned.get(target)
        if stop is None:
            return PutOff(None, Refusal.NONE)
        if target in self.firing:
            return PutOff(stop, Refusal.STOPPING)
        if rev not in (None, stop.rev):
            return PutOff(stop, Refusal.CHANGED)
        if stop.stops_at + longer > self._clock.now() + LONGEST:
            return PutOff(stop, Refusal.TOO_FAR)
        return await self.plan(team_id, target, stop.stops_at + longer, by=by)

    async def cancel(self, team_id: str, target: Target, *, by: str) -> PutOff:
        stop = self._planned.get(target)
        if stop is None:
            return PutOff(None, Refusal.NONE)
        if target in self.firing:
            return PutOff(stop, Refusal.STOPPING)
        return PutOff(self._planned.pop(target))

    async def of(self, team_id: str, targets: Collection[Target]) -> Sequence[PlannedStop]:
        return [stop for target, stop in self._planned.items() if target in targets]


class SubscriptionTable:
    """`known` are the things that are live and can be seen, with their names."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._numbers = count(1)
        self._rows: list[tuple[str, Subscription]] = []
        self._mutes: list[tuple[str, Mute]] = []
        self.known: dict[About, str] = {}
        self.followed: dict[tuple[str, str], list[Followed]] = {}

    async def add(self, place: Place, wish: Scope, least: Severity, *, created_by: str) -> Subscription:
        for there in await self.in_channel(place):
            if there.wish == wish:
                again = replace(there, least=least)
                self._rows = [(team, again if s == there else s) for team, s in self._rows]
                return again
        number = next(self._numbers)
        added = Subscription(id=number, channel_id=place.channel_id, wish=wish, created_by=created_by, least=least)
        self._rows.append((place.team_id, added))
        return added

    async def remove(self, place: Place, subscription_id: int) -> bool:
        there = [s for s in await self.in_channel(place) if s.id == subscription_id]
        self._rows = [row for row in self._rows if row[1] not in there]
        return bool(there)

    async def in_channel(self, place: Place) -> list[Subscription]:
        return [s for team, s in self._rows if (team, s.channel_id) == (place.team_id, place.channel_id)]

    async def of_person(self, team_id: str, user_id: str) -> list[Subscription]:
        return [s for team, s in self._rows if (team, s.created_by) == (team_id, user_id)]

    async def mute(self, place: Place, what: Scope, until: datetime, *, said_by: str) -> Mute:
        await self.unmute(place, what)
        said = Mute(id=next(self._numbers), channel_id=place.channel_id, what=what, until=until, said_by=said_by)
        self._mutes.append((place.team_id, said))
        return said

    async def unmute(self, place: Place, what: Scope | None) -> int:
        there = [mute for mute in await self.mutes(place) if what in (None, mute.what)]
        self._mutes = [row for row in self._mutes if row[1] not in there]
        return len(there)

    async def mutes(self, place: Place) -> list[Mute]:
        here = [m for team, m in self._mutes if (team, m.channel_id) == (place.team_id, place.channel_id)]
        return [mute for mute in here if mute.until > self._clock.now()]

    async def live_name(self, viewer: Viewer, about: About) -> str | None:
        return self.known.get(about)

    async def follow(self, viewer: Viewer, user_id: str, direct: Place, about: About) -> bool:
        if (name := self.known.get(about)) is None:
            return False
        await self.unfollow(viewer.team_id, user_id, about)
        provider, kind, server_id = about
        added = Followed(
            provider=provider,
            kind=kind,
            server_id=server_id,
            name=name,
            since=self._clock.now(),
            channel_id=direct.channel_id,
        )
        self.followed.setdefault((viewer.team_id, user_id), []).append(added)
        return True

    async def unfollow(self, team_id: str, user_id: str, about: About) -> Unfollowed | None:
        before = self.followed.get((team_id, user_id), [])
        gone = next((each for each in before if each.about == about), None)
        self.followed[team_id, user_id] = [each for each in before if each is not gone]
        return None if gone is None else Unfollowed(gone.channel_id, f"card of {gone.server_id}")

    async def followed_by(self, team_id: str, user_id: str) -> list[Followed]:
        return self.followed.get((team_id, user_id), [])


@dataclass
class DashboardTable:
    """`live` has the newest room first, `known` those of the lives that are over, too."""

    live: list[LiveRoom] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    failed: list[FailedRecording] = field(default_factory=list)
    feeds: list[GoingOn] = field(default_factory=list)
    ingresses: list[TroubledIngress] = field(default_factory=list)
    blocked: list[BlockedCard] = field(default_factory=list)
    heard: dict[str, Webhooks] = field(default_factory=dict)

    async def live_rooms(
        self, viewer: Viewer, providers: Collection[str], *, mine: bool, limit: int
    ) -> tuple[list[LiveRoom], int]:
        there = [room for room in self.live if room.known.ref.provider in providers and _sees(viewer, room.known)]
        found = [room for room in there if (room.known.made_by == viewer.user_id) is mine]
        return found[:limit], len(found)

    async def known_lives(self, team_id: str, provider: str, room_ids: Collection[str]) -> frozenset[str]:
        return frozenset((self.known | {room.known.ref.id for room in self.live}) & set(room_ids))

    async def failed_recordings(
        self, viewer: Viewer, providers: Collection[str], *, since: datetime
    ) -> list[FailedRecording]:
        return [failed for failed in self.failed if failed.seen_at >= since]

    async def going_on(self, viewer: Viewer, providers: Collection[str], *, limit: int) -> tuple[list[GoingOn], int]:
        found = [each for each in self.feeds if each.feed.ref.provider in providers]
        return found[:limit], len(found)

    async def troubled_ingresses(
        self, viewer: Viewer, providers: Collection[str], *, since: datetime
    ) -> list[TroubledIngress]:
        return [each for each in self.ingresses if each.is_left_behind or each.at >= since]

    async def blocked_cards(self, viewer: Viewer) -> list[BlockedCard]:
        return self.blocked

    async def webhooks(self, team_id: str, provider: str) -> Webhooks:
        return self.heard.get(provider, Webhooks(None, None))


class SettingTable:
    def __init__(self) -> None:
        self._choices: dict[tuple[str, str], dict[str, Choice]] = {}

    async def get(self, place: Place, key: str) -> str | None:
        found = self._of(place).get(key) or self._of(everywhere(place.team_id)).get(key)
        return None if found is None else found.value

    async def put(self, place: Place, key: str, value: str, *, by: str) -> None:
        is_everywhere = place == everywhere(place.team_id)
        self._of(place)[key] = Choice(key, value, by, datetime(2026, 11, 20, 12, tzinfo=UTC), is_everywhere)

    async def unset(self, place: Place, key: str) -> bool:
        return self._of(place).pop(key, None) is not None

    async def all(self, place: Place) -> Sequence[Choice]:
        return [*self._of(place).values(), *self._of(everywhere(place.team_id)).values()]

    def _of(self, place: Place) -> dict[str, Choice]:
        return self._choices.setdefault((place.team_id, place.channel_id), {})


class GrantTable:
    """None of them counts: `RoleTable` says who is what."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.rows: dict[tuple[Grantee, str | None], Grant] = {}

    async def give(
        self, team_id: str, grantee: Grantee, role: Role, *, provider: str | None, until: datetime | None, by: str
    ) -> Grant:
        before = self.rows.get((grantee, provider))
        number = before.id if before is not None else len(self.rows) + 1
        given = Grant(number, grantee, role, provider, until, by, self._clock.now())
        self.rows[grantee, provider] = given
        return given

    async def take(self, team_id: str, ids: Sequence[int]) -> None:
        self.rows = {key: row for key, row in self.rows.items() if row.id not in ids}

    async def holding(self, team_id: str) -> list[Grant]:
        return [row for row in self.rows.values() if row.until is None or row.until > self._clock.now()]


class ForgettingTable:
    """Of everybody whom the test names, so much is kept; `asked` are those who were to be forgotten."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Traces] = {}
        self.asked: list[str] = []

    async def traces(self, team_id: str, identity: str) -> Traces:
        return self.kept.get((team_id, identity), Traces())

    async def forget(self, team_id: str, identity: str) -> Traces:
        self.asked.append(identity)
        found = self.kept.pop((team_id, identity), Traces())
        self.kept[team_id, identity] = Traces(live=found.live)
        return found


class RoleTable:
    """Everybody whom the table does not name is nobody. `known` are the grantees that the workspace has.

    `from_grants` is whose role comes from which grants, and is viewer without them. `more` is what somebody is on
    single video servers.
    """

    def __init__(self, **roles: Role) -> None:
        self._roles = roles
        self.known: dict[Grantee, KnownGrantee] = {}
        self.from_grants: dict[str, set[int]] = {}
        self.more: dict[str, dict[str, Role]] = {}

    async def standing(self, caller: Caller, *, without: Collection[int] = ()) -> Standing:
        if self.from_grants.get(caller.user_id, set()) & set(without):
            return Standing(Role.VIEWER, "the test took it away")
        return self.of(caller)

    async def look_up(self, grantee: Grantee) -> KnownGrantee | None:
        return self.known.get(grantee)

    def of(self, caller: Caller) -> Standing:
        role = self._roles.get(caller.user_id, Role.NOBODY)
        more = {name: Standing(each, "the test said so") for name, each in self.more.get(caller.user_id, {}).items()}
        is_granted = caller.user_id in self.from_grants
        return Standing(role, "the test said so" if role else "nobody has named you", more=more, is_granted=is_granted)

    async def who_has(self, team_id: str, role: Role, provider: str | None) -> Text:
        return "whoever the test names"


class Fence:
    """A `Reach`: what has `inside` in it is not to be reached."""

    async def refusal(self, url: str) -> str | None:
        return "It is in no public network." if "inside" in url else None


@dataclass
class Members:
    """The channels that the bot is in, and those of them that not everybody sees."""

    channels: set[str]
    bot_user_id: str = "UBOT"
    private: set[str] = field(default_factory=set)

    async def is_private(self, place: Place) -> bool:
        return place.is_direct or place.channel_id in self.private

    async def can_post(self, place: Place) -> bool:
        return place.is_direct or place.channel_id in self.channels


@dataclass
class Tried:
    """An attempt and how it was closed; `outcome` is None while it is open, and `closings` counts how often it was."""

    attempt: Attempt
    outcome: Outcome | None = None
    detail: str = ""
    reference: str = ""
    also_about: str | None = None
    closings: int = 0
    answered: bool = False


@dataclass
class Record:
    """An `Audit` of what a test puts in, whose numbers rise. `asked` has the limit of each look."""

    rows: list[Entry] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    async def entries(
        self, team_id: str, search: Search, *, limit: int, before: int | None = None, after: int | None = None
    ) -> Sequence[Entry]:
        self.asked.append(limit)
        found = [row for row in reversed(self.rows) if self._fits(row, search)]
        if after is not None:
            return [row for row in found if row.id > after][-limit:]
        return [row for row in found if before is None or row.id < before][:limit]

    @staticmethod
    def _fits(row: Entry, search: Search) -> bool:
        return (
            search.user_id in (None, row.user_id)
            and search.about in (None, row.about, row.also_about)
            and (search.since is None or row.opened_at >= search.since)
            and (not search.outcomes or row.outcome in search.outcomes)
        )


class Letterbox:
    """A `Direct`: who was told what, and which messages were taken back."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Reply]] = []
        self.taken_back: list[tuple[str, str]] = []

    async def tell(self, to: Caller, reply: Reply) -> Place:
        self.told.append((to.user_id, reply))
        return Place(to.team_id, f"D{to.user_id}", is_direct=True)

    async def take_back(self, place: Place, ts: str) -> None:
        self.taken_back.append((place.channel_id, ts))


@dataclass
class Outbox:
    """`Files` that keep what they are given, unless they `refuse`."""

    sent: list[tuple[File, Caller]] = field(default_factory=list)
    refuse: CommandError | None = None

    async def send(self, file: File, to: Caller) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.sent.append((file, to))


class AttemptLog:
    def __init__(self) -> None:
        self.rows: list[Tried] = []

    async def open(self, attempt: Attempt) -> int:
        self.rows.append(Tried(attempt))
        return len(self.rows) - 1

    async def close(
        self,
        attempt_id: int,
        outcome: Outcome,
        *,
        detail: str = "",
        reference: str = "",
        also_about: str | None = None,
    ) -> None:
        row = self.rows[attempt_id]
        row.outcome, row.detail, row.reference, row.also_about = outcome, detail, reference, also_about
        row.closings += 1

    async def answered(self, attempt_id: int) -> None:
        self.rows[attempt_id].answered = True


@dataclass
class PendingTable:
    clock: ManualClock
    rows: dict[str, Pending] = field(default_factory=dict)
    used: dict[str, Press | None] = field(default_factory=dict)

    async def put(self, pending: Pending) -> str:
        token = f"pending-{len(self.rows) + 1}"
        self.rows[token] = pending
        return token

    async def peek(self, token: str) -> Pending | None:
        found = self.rows.get(token)
        return found if found is not None and self.clock.now() < found.expires_at else None

    async def expired(self, token: str) -> Pending | None:
        found = self.rows.get(token)
        return found if found is not None and self.clock.now() >= found.expires_at else None

    async def was_taken_by(self, token: str, press: Press) -> bool:
        return self.used.get(token) == press

    async def take(self, token: str, press: Press | None = None) -> bool:
        if await self.peek(token) is None:
            return False
        del self.rows[token]
        self.used[token] = press
        return True
