"""What the in-memory server does beyond the contract: people on demand, time-outs, recordings, trouble."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from pydantic import SecretStr, ValidationError

from providers.base import (
    Capability,
    ConnectionQuality,
    EgressOptions,
    EgressSource,
    ParticipantKind,
    Permissions,
    RecordingStatus,
    RoomOptions,
    RoomRef,
    Signal,
    TokenOptions,
    TrackSource,
)
from providers.errors import Conflict, NotFound, Rejected, TimedOut, Unauthenticated, Unreachable
from providers.facts import Fact, ParticipantJoined, ParticipantLeft, RecordingChanged, RoomFinished
from providers.memory import tokens
from providers.memory.provider import Memory
from providers.memory.server import MemoryServer
from providers.memory.settings import MemorySettings

DEFAULTS = RoomOptions()
SETTINGS = MemorySettings(recording_delay_seconds=0.01, deadline_seconds=0.02)


class Told:
    """Keeps the facts, and lets a test wait for one."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self._changed = asyncio.Event()

    def __call__(self, fact: Fact) -> None:
        self.facts.append(fact)
        self._changed.set()

    async def until(self, kind: type[Fact]) -> None:
        async with asyncio.timeout(5):
            while not any(isinstance(fact, kind) for fact in self.facts):
                self._changed.clear()
                await self._changed.wait()

    @property
    def types(self) -> list[str]:
        return [fact.type for fact in self.facts]

    @property
    def statuses(self) -> list[RecordingStatus]:
        return [fact.recording.status for fact in self.facts if isinstance(fact, RecordingChanged)]

    @property
    def reasons(self) -> list[str]:
        return [fact.reason for fact in self.facts if isinstance(fact, ParticipantLeft)]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def server(told: Told) -> AsyncIterator[MemoryServer]:
    server = MemoryServer("studio", SETTINGS, Memory("studio", SETTINGS).limits, told)
    yield server
    server.stop()


@pytest.fixture
async def provider() -> AsyncIterator[Memory]:
    provider = Memory("studio", SETTINGS)
    yield provider
    await provider.aclose()


def make(server: MemoryServer, options: RoomOptions = DEFAULTS) -> RoomRef:
    return server.create_room("standup", options).room.ref


class TestPeople:
    async def test_joining_makes_the_room(self, server: MemoryServer, told: Told) -> None:
        server.join("standup", "ana", name="Ana")
        assert told.types == ["room_started", "participant_joined"]
        assert [room.participants for room in server.list_rooms()] == [1]

    async def test_a_second_join_of_an_identity_throws_out_the_first(self, server: MemoryServer, told: Told) -> None:
        room = make(server)
        first, second = server.join("standup", "ana"), server.join("standup", "ana")
        assert first.id != second.id
        assert server.list_participants(room) == [second]
        assert told.reasons == ["joined again elsewhere"]

    async def test_who_takes_their_own_place_finds_it_in_a_full_room(self, server: MemoryServer) -> None:
        make(server, RoomOptions(max_participants=1))
        server.join("standup", "ana")
        assert server.join("standup", "ana", name="Ana").name == "Ana"

    async def test_one_who_hides_takes_a_place_and_holds_the_room_open(self, server: MemoryServer, told: Told) -> None:
        soon = timedelta(milliseconds=10)
        make(server, RoomOptions(max_participants=1, empty_timeout=soon))
        server.join("standup", "ana", permissions=Permissions(hidden=True))
        with pytest.raises(Conflict):
            server.join("standup", "bo")
        server.create_room("other", RoomOptions(empty_timeout=2 * soon))
        await told.until(RoomFinished)
        assert [room.ref.name for room in server.list_rooms()] == ["standup"]

    async def test_a_machine_that_hides_stays_a_machine(self, server: MemoryServer) -> None:
        recorder = server.join("standup", "rec", kind=ParticipantKind.EGRESS, permissions=Permissions(hidden=True))
        assert recorder.kind is ParticipantKind.EGRESS

    async def test_what_is_told_of_them_is_brief(self, server: MemoryServer, told: Told) -> None:
        server.join("standup", "ana", name="Ana", metadata="{}", attributes={"team": "a"})
        server.publish("standup", "ana")
        server.leave("standup", "ana")
        people = [f.participant for f in told.facts if isinstance(f, ParticipantJoined | ParticipantLeft)]
        assert [p.name for p in people] == ["Ana", "Ana"]
        assert all(p == p.brief() for p in people)

    async def test_quality_is_told_once_it_is_set(self, server: MemoryServer) -> None:
        room = make(server)
        assert server.join("standup", "ana").quality is None
        server.set_quality("standup", "ana", ConnectionQuality.POOR)
        assert [p.quality for p in server.list_participants(room)] == ["poor"]

    async def test_recorders_are_no_people(self, server: MemoryServer) -> None:
        room = make(server, RoomOptions(max_participants=1))
        server.join("standup", "ana")
        server.join("standup", "recorder", kind=ParticipantKind.EGRESS)
        assert [r.participants for r in server.list_rooms()] == [1]
        assert len(server.list_participants(room)) == 2

    async def test_a_full_room_takes_nobody_until_somebody_leaves(self, server: MemoryServer) -> None:
        make(server, RoomOptions(max_participants=1))
        server.join("standup", "ana")
        with pytest.raises(Conflict):
            server.join("standup", "bo")
        server.leave("standup", "ana")
        assert server.join("standup", "bo").identity == "bo"

    async def test_removed_says_why(self, server: MemoryServer, told: Told) -> None:
        server.join("standup", "ana")
        server.leave("standup", "ana", "removed")
        assert told.reasons == ["removed"]

    async def test_who_is_not_there_cannot_leave(self, server: MemoryServer) -> None:
        with pytest.raises(NotFound):
            server.leave("standup", "ana")
        make(server)
        with pytest.raises(NotFound):
            server.leave("standup", "ana")

    async def test_an_identity_that_limits_refuse(self, server: MemoryServer) -> None:
        with pytest.raises(Rejected):
            server.join("standup", "a\nb")
        assert server.list_rooms() == []


class TestElsewhere:
    async def test_the_moved_one_takes_along_what_they_send_and_got(self, server: MemoryServer) -> None:
        here, there = make(server), server.create_room("annex", DEFAULTS).room.ref
        server.join("standup", "ana", metadata="{}")
        before = server.publish("standup", "ana")
        server.send_signal(here, Signal("hello"))
        server.move_participant(here, "ana", there)
        (ana,) = server.list_participants(there)
        (after,) = ana.tracks
        assert (ana.metadata, after.source) == ("{}", before.source)
        assert after.id != before.id
        assert [signal.message for signal in server.signals("annex", "ana")] == ["hello"]

    async def test_the_last_to_be_moved_starts_the_clock(self, server: MemoryServer, told: Told) -> None:
        here = make(server, RoomOptions(departure_timeout=timedelta(milliseconds=10)))
        there = server.create_room("annex", DEFAULTS).room.ref
        server.join("standup", "ana")
        server.move_participant(here, "ana", there)
        await told.until(RoomFinished)
        assert [room.ref for room in server.list_rooms()] == [there]

    async def test_a_full_room_takes_nobody_in_and_they_stay_where_they_were(self, server: MemoryServer) -> None:
        here, there = make(server), server.create_room("annex", RoomOptions(max_participants=1)).room.ref
        server.join("standup", "ana")
        server.join("annex", "bo")
        for send in (server.move_participant, server.forward_participant):
            with pytest.raises(Conflict):
                send(here, "ana", there)
        assert [p.identity for p in server.list_participants(here)] == ["ana"]
        assert [p.identity for p in server.list_participants(there)] == ["bo"]

    async def test_the_copy_shows_what_is_sent_and_leaves_with_the_original(self, server: MemoryServer) -> None:
        here, there = make(server), server.create_room("annex", DEFAULTS).room.ref
        server.join("standup", "ana")
        server.join("annex", "bo")
        track = server.publish("standup", "ana", TrackSource.CAMERA)
        server.forward_participant(here, "ana", there)
        (shown,) = server.list_participants(there)[1].tracks
        assert (shown.source, shown.id != track.id) == ("camera", True)
        assert server.receives("annex", "bo") == {shown.id}
        server.close_room(here)
        assert [p.identity for p in server.list_participants(there)] == ["bo"]


class TestTimeouts:
    async def test_a_person_holds_an_empty_room_open(self, server: MemoryServer, told: Told) -> None:
        soon = timedelta(milliseconds=10)
        make(server, RoomOptions(empty_timeout=soon, departure_timeout=timedelta(hours=1)))
        server.join("standup", "ana")
        server.create_room("other", RoomOptions(empty_timeout=2 * soon))
        await told.until(RoomFinished)
        assert [room.ref.name for room in server.list_rooms()] == ["standup"]

    async def test_a_recorder_does_not(self, server: MemoryServer, told: Told) -> None:
        make(server, RoomOptions(empty_timeout=timedelta(milliseconds=10)))
        server.join("standup", "recorder", kind=ParticipantKind.EGRESS)
        await told.until(RoomFinished)
        assert told.reasons == ["room closed"]

    async def test_coming_back_stops_the_clock(self, server: MemoryServer, told: Told) -> None:
        soon = timedelta(milliseconds=10)
        make(server, RoomOptions(departure_timeout=soon))
        server.join("standup", "ana")
        server.leave("standup", "ana")
        server.join("standup", "ana")
        server.create_room("other", RoomOptions(empty_timeout=2 * soon))
        await told.until(RoomFinished)
        assert [room.ref.name for room in server.list_rooms()] == ["standup"]

    async def test_the_clock_of_an_earlier_life_stops_with_it(
        self, server: MemoryServer, told: Told, caplog: pytest.LogCaptureFixture
    ) -> None:
        soon = timedelta(milliseconds=10)
        server.close_room(make(server, RoomOptions(empty_timeout=soon)))
        present = make(server)
        told.facts.clear()
        server.create_room("other", RoomOptions(empty_timeout=2 * soon))
        await told.until(RoomFinished)
        assert [room.ref for room in server.list_rooms()] == [present]
        assert caplog.records == []


class TestRecordings:
    async def test_its_life(self, server: MemoryServer, told: Told) -> None:
        recording = server.start_recording(make(server), EgressOptions())
        await server.settled()
        assert server.list_rooms()[0].recording
        server.stop_recording(recording.ref.id)
        await server.settled()
        assert told.statuses == ["starting", "live", "ending", "ready"]
        assert not server.list_rooms()[0].recording

    async def test_stopped_before_it_began(self, server: MemoryServer, told: Told) -> None:
        recording = server.start_recording(make(server), EgressOptions())
        stopped = server.stop_recording(recording.ref.id)
        await server.settled()
        assert stopped.error
        assert (stopped.size, stopped.location) == (None, None)
        assert told.statuses == ["starting", "aborted"]

    @pytest.mark.parametrize("waits", [True, False], ids=["ready", "ending"])
    async def test_stopped_twice(self, server: MemoryServer, waits: bool) -> None:
        recording = server.start_recording(make(server), EgressOptions())
        await server.settled()
        server.stop_recording(recording.ref.id)
        if waits:
            await server.settled()
        with pytest.raises(Conflict):
            server.stop_recording(recording.ref.id)

    async def test_it_fails_on_demand(self, server: MemoryServer, told: Told) -> None:
        recording = server.start_recording(make(server), EgressOptions())
        await server.settled()
        failed = server.fail_recording(recording.ref.id, "the disk is full")
        assert (failed.status, failed.error) == (RecordingStatus.FAILED, "the disk is full")
        with pytest.raises(Conflict):
            server.finish_recording(recording.ref.id)
        assert told.statuses[-1] == "failed"

    async def test_it_ends_by_itself(self, server: MemoryServer) -> None:
        recording = server.start_recording(make(server), EgressOptions(source=EgressSource(audio_only=True)))
        await server.settled()
        ready = server.finish_recording(recording.ref.id)
        assert ready.status is RecordingStatus.READY
        assert ready.location == f"memory://studio/{recording.ref.id}.ogg"

    async def test_failing_while_it_starts_leaves_no_timer(self, server: MemoryServer, told: Told) -> None:
        recording = server.start_recording(make(server), EgressOptions())
        server.fail_recording(recording.ref.id, "no worker")
        await server.settled()
        assert told.statuses == ["starting", "failed"]

    async def test_closing_the_room_ends_it_before_the_room_is_told_to_be_over(
        self, server: MemoryServer, told: Told
    ) -> None:
        room = make(server, RoomOptions(record=True))
        server.join("standup", "ana")
        await server.settled()
        told.facts.clear()
        server.close_room(room)
        await server.settled()
        assert told.types == ["participant_left", "recording_changed", "room_finished", "recording_changed"]
        assert told.statuses == ["ending", "ready"]

    async def test_an_unknown_layout(self, server: MemoryServer) -> None:
        with pytest.raises(Rejected):
            server.start_recording(make(server), EgressOptions(source=EgressSource(layout="mosaic")))


class TestTokens:
    async def test_one_that_is_expired_or_of_another_server_does_not_admit(self, provider: Memory) -> None:
        room = RoomRef("studio", "", "standup")
        expired = await provider.create_token(room, TokenOptions("ana", ttl=timedelta(seconds=-1)))
        foreign = await Memory("studio", SETTINGS).create_token(room, TokenOptions("ana"))
        namesake = tokens.sign(provider.server.token_secret, RoomRef("other", "", "standup"), TokenOptions("ana"), "")
        for token in (expired.token, foreign.token, namesake.token, SecretStr("garbage"), SecretStr("")):
            with pytest.raises(Unauthenticated):
                provider.server.join_with(token)
        assert provider.server.list_rooms() == []

    async def test_an_identity_that_limits_refuse(self, provider: Memory) -> None:
        with pytest.raises(Rejected):
            await provider.create_token(RoomRef("studio", "", "standup"), TokenOptions(""))


class TestTrouble:
    async def test_a_fault_of_one_operation(self, provider: Memory) -> None:
        provider.server.faults["close_room"] = Unreachable
        room = (await provider.create_room("standup", DEFAULTS)).room.ref
        with pytest.raises(Unreachable) as trouble:
            await provider.close_room(room)
        assert (trouble.value.provider, trouble.value.operation) == ("studio", "close_room")
        assert [r.ref for r in await provider.list_rooms()] == [room]

    async def test_a_fault_of_every_operation(self, provider: Memory) -> None:
        provider.server.faults["*"] = Unauthenticated
        for call in (provider.ping(), provider.list_rooms(), provider.list_recordings()):
            with pytest.raises(Unauthenticated):
                await call

    async def test_a_slow_server_meets_the_deadline_with_nothing_done(self, provider: Memory) -> None:
        provider.server.delay_seconds = 30
        with pytest.raises(TimedOut) as trouble:
            await provider.create_room("standup", DEFAULTS)
        assert trouble.value.operation == "create_room"
        assert provider.server.list_rooms() == []

    async def test_errors_name_their_operation(self, provider: Memory) -> None:
        with pytest.raises(NotFound) as error:
            await provider.close_room(RoomRef("studio", "RM_1", "absent"))
        assert (error.value.provider, error.value.operation) == ("studio", "close_room")

    async def test_many_creating_one_room_at_once_make_it_once(self, provider: Memory) -> None:
        made = await asyncio.gather(*(provider.create_room("standup", DEFAULTS) for _ in range(20)))
        assert [room.existed for room in made].count(False) == 1
        assert len({room.room.ref for room in made}) == 1

    async def test_nothing_happens_after_closing(self, provider: Memory) -> None:
        await provider.create_room("standup", RoomOptions(empty_timeout=timedelta(0), record=True))
        await provider.aclose()
        await asyncio.sleep(0)
        assert [room.ref.name for room in provider.server.list_rooms()] == ["standup"]
        assert [r.status for r in provider.server.list_recordings()] == [RecordingStatus.STARTING]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"webhook_url": "ftp://x", "webhook_secret": "x" * 32}, "must begin with http:// or https://"),
        ({"webhook_secret": "short-and-telling"}, "must be at least 32 bytes long"),
        ({"webhook_url": "http://127.0.0.1:1/"}, "webhook_url needs webhook_secret"),
        ({"recording_delay_seconds": -1}, "greater than or equal to 0"),
        ({"deadline_seconds": 0}, "greater than 0"),
        ({"surprise": 1}, "Extra inputs are not permitted"),
    ],
)
def test_bad_settings_say_what_would_be_right(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        MemorySettings.model_validate(given)
    assert said in str(refusal.value)
    assert "telling" not in str(refusal.value)


def test_one_without_webhook_url_has_every_capability_too() -> None:
    capabilities: Sequence[Capability] = sorted(Memory("studio", MemorySettings()).capabilities)
    assert capabilities == sorted(Capability)
