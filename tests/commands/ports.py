"""The ports of `commands/core/ports.py` in memory: what commands and dispatch need, without a database and Slack."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from commands.core.base import Role
from commands.core.ports import (
    Attempt,
    BlockedCard,
    Caller,
    FailedRecording,
    KeepOut,
    KnownRoom,
    LiveRoom,
    Outcome,
    Pending,
    Place,
    Standing,
    Subscription,
    Viewer,
    Webhooks,
)
from commands.core.reply import Text
from providers.base import Participant, Provider, Recording, RoomRef
from providers.facts import Fact, ParticipantsListed, RecordingChanged, RoomFinished, RoomSeen, ThingKind


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


@dataclass(frozen=True)
class Report:
    fact: Fact
    team_id: str
    made_by: str | None
    card_in: str | None
    card_thread: str | None = None


class Directory:
    """`Rooms` and `FactSink` at once: what commands report is what the directory knows. An end is final."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.reserved: dict[tuple[str, str], str] = {}
        self._rooms: dict[tuple[str, RoomRef], KnownRoom] = {}

    @property
    def facts(self) -> list[Fact]:
        return [report.fact for report in self.reports]

    async def report(
        self, fact: Fact, *, team_id: str, made_by: str | None, card_in: Place | None, is_private: bool = False
    ) -> None:
        channel_id, thread_ts = (card_in.channel_id, card_in.thread_ts) if card_in else (None, None)
        self.reports.append(Report(fact, team_id, made_by, channel_id, thread_ts))
        if isinstance(fact, RoomSeen):
            key = (team_id, fact.room.ref)
            self._rooms.setdefault(key, KnownRoom(fact.room.ref, False, channel_id, made_by, is_private))
        elif isinstance(fact, RoomFinished):
            self.end(team_id, fact.room)

    def end(self, team_id: str, room: RoomRef) -> None:
        """A life is over, as a webhook would have told."""
        before = self._rooms.get((team_id, room), KnownRoom(room, False))
        self._rooms[team_id, room] = KnownRoom(room, True, before.channel_id, before.made_by, before.is_private)

    async def newest(self, viewer: Viewer, provider: str, name: str) -> KnownRoom | None:
        lives = [r for r in self._of(viewer) if r.ref.provider == provider and r.ref.name == name]
        return min(lives, key=lambda r: r.ended, default=None)

    async def life(self, viewer: Viewer, provider: str, room_id: str) -> KnownRoom | None:
        return next((r for r in self._of(viewer) if r.ref.provider == provider and r.ref.id == room_id), None)

    async def live_named(self, viewer: Viewer, name: str) -> list[KnownRoom]:
        return [r for r in self._of(viewer) if r.ref.name == name and not r.ended]

    async def live(self, viewer: Viewer, provider: str) -> list[KnownRoom]:
        return [r for r in self._of(viewer) if r.ref.provider == provider and not r.ended]

    async def present(self, viewer: Viewer, provider: str, name: str) -> list[Participant]:
        listed = [f for f in self.facts if isinstance(f, ParticipantsListed)]
        last = next((f for f in reversed(listed) if (f.room.provider, f.room.name) == (provider, name)), None)
        return [] if last is None else list(last.participants)

    async def recordings(self, viewer: Viewer, provider: str, limit: int) -> list[Recording]:
        heard = [f.recording for f in self.facts if isinstance(f, RecordingChanged)]
        last = {r.ref: r for r in heard if r.ref.provider == provider}
        newest = [*last.values()]
        newest.reverse()
        return sorted(newest, key=lambda r: r.status.is_final)[:limit]

    async def live_in_channel(self, viewer: Viewer) -> list[KnownRoom]:
        return [r for r in self._of(viewer) if r.channel_id == viewer.channel_id and not r.ended]

    async def hidden(self, viewer: Viewer, rooms: Collection[RoomRef]) -> frozenset[RoomRef]:
        """By name, so that a life that nobody has reported goes by the one before."""
        known = [r for (team, _), r in self._rooms.items() if team == viewer.team_id and not _sees(viewer, r)]
        names = {(r.ref.provider, r.ref.name) for r in known if not r.ended} | self._reserved_from(viewer)
        return frozenset(room for room in rooms if (room.provider, room.name) in names)

    async def hidden_recordings(self, viewer: Viewer, recordings: Collection[Recording]) -> frozenset[str]:
        """A recording goes by its room."""
        rooms = await self.hidden(viewer, [recording.room for recording in recordings])
        return frozenset(r.ref.id for r in recordings if r.room in rooms)

    async def made_by(self, team_id: str, provider: str, recording_id: str) -> str | None:
        heard = [r for r in self.reports if isinstance(r.fact, RecordingChanged) and r.made_by is not None]
        return next((r.made_by for r in heard if _recording(r.fact).ref.id == recording_id), None)

    async def reserve(self, place: Place, provider: str, name: str) -> None:
        self.reserved[provider, name] = place.channel_id

    async def release(self, place: Place, provider: str, name: str) -> None:
        self.reserved.pop((provider, name), None)

    def _reserved_from(self, viewer: Viewer) -> set[tuple[str, str]]:
        return {key for key, channel_id in self.reserved.items() if channel_id != viewer.channel_id}

    async def of_thread(self, place: Place) -> KnownRoom | None:
        started = (r for r in self.reports if r.card_thread == place.thread_ts and r.card_in == place.channel_id)
        fact = next((r.fact for r in started if isinstance(r.fact, RoomSeen)), None) if place.thread_ts else None
        return self._rooms.get((place.team_id, fact.room.ref)) if fact else None

    def _of(self, viewer: Viewer) -> list[KnownRoom]:
        """The newest first."""
        known = (room for (team, _), room in reversed(self._rooms.items()) if team == viewer.team_id)
        return [room for room in known if _sees(viewer, room)]


def _sees(viewer: Viewer, room: KnownRoom) -> bool:
    here = viewer.channel_id is not None and room.channel_id == viewer.channel_id
    mine = viewer.user_id is not None and room.made_by == viewer.user_id
    return viewer.sees_all or not room.is_private or here or mine


def _recording(fact: Fact) -> Recording:
    assert isinstance(fact, RecordingChanged)
    return fact.recording


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


class SubscriptionTable:
    def __init__(self) -> None:
        self._numbers = count(1)
        self._rows: list[tuple[str, Subscription]] = []

    async def add(
        self, place: Place, *, provider: str | None, kinds: frozenset[ThingKind], room_glob: str, created_by: str
    ) -> Subscription:
        for there in await self.in_channel(place):
            if (there.provider, there.kinds, there.room_glob) == (provider, kinds, room_glob):
                return there
        added = Subscription(next(self._numbers), place.channel_id, provider, kinds, room_glob, created_by)
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


@dataclass
class DashboardTable:
    """`live` has the newest room first, `known` those of the lives that are over, too."""

    live: list[LiveRoom] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    failed: list[FailedRecording] = field(default_factory=list)
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

    async def blocked_cards(self, viewer: Viewer) -> list[BlockedCard]:
        return self.blocked

    async def webhooks(self, team_id: str, provider: str) -> Webhooks:
        return self.heard.get(provider, Webhooks(None, None))


class SettingTable:
    def __init__(self) -> None:
        self._values: dict[tuple[str, str, str], str] = {}

    async def get(self, place: Place, key: str) -> str | None:
        return self._values.get((place.team_id, place.channel_id, key))

    async def put(self, place: Place, key: str, value: str, *, by: str) -> None:
        self._values[place.team_id, place.channel_id, key] = value


class RoleTable:
    """Everybody whom the table does not name is nobody."""

    def __init__(self, **roles: Role) -> None:
        self._roles = roles

    async def standing(self, caller: Caller) -> Standing:
        return self.of(caller)

    def of(self, caller: Caller) -> Standing:
        role = self._roles.get(caller.user_id, Role.NOBODY)
        return Standing(role, "the test said so" if role else "nobody has named you")

    async def who_has(self, team_id: str, role: Role, provider: str | None) -> Text:
        return "whoever the test names"


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
    closings: int = 0
    answered: bool = False


class AttemptLog:
    def __init__(self) -> None:
        self.rows: list[Tried] = []

    async def open(self, attempt: Attempt) -> int:
        self.rows.append(Tried(attempt))
        return len(self.rows) - 1

    async def close(self, attempt_id: int, outcome: Outcome, *, detail: str = "", reference: str = "") -> None:
        row = self.rows[attempt_id]
        row.outcome, row.detail, row.reference = outcome, detail, reference
        row.closings += 1

    async def answered(self, attempt_id: int) -> None:
        self.rows[attempt_id].answered = True


@dataclass
class PendingTable:
    clock: ManualClock
    rows: dict[str, Pending] = field(default_factory=dict)

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

    async def take(self, token: str) -> bool:
        return await self.peek(token) is not None and self.rows.pop(token, None) is not None
