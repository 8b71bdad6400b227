"""The part of the contract about those who are in a room: who they are, what is changed, how they are sent away."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from providers.base import (
    Capability,
    JoinToken,
    Participant,
    ParticipantChanges,
    ParticipantKind,
    PermissionChanges,
    Permissions,
    RoomRef,
    Signal,
    TokenOptions,
    TrackSource,
)
from providers.errors import NotFound, Rejected
from providers.facts import ParticipantJoined, ParticipantLeft
from tests.providers.contract_tokens import PERMISSIONS
from tests.providers.stage import ODD_NAMES, PATIENCE_SECONDS, NotAdmitted, Stage, eventually, fresh

ALL_TEXTS = ParticipantChanges(name="Ana", metadata="{}", attributes={"team": "a", "desk": "7"})


class Participants:
    async def test_an_empty_room_has_nobody(self, stage: Stage) -> None:
        stage.needs(Capability.LIST_PARTICIPANTS)
        room = await stage.create()
        assert await stage.provider.list_participants(room.ref) == []

    async def test_they_come_and_go(self, stage: Stage) -> None:
        stage.needs(Capability.LIST_PARTICIPANTS)
        room = await stage.create()
        ana = await stage.enter(room.ref, "ana")
        await stage.enter(room.ref, "bo")
        present = await stage.provider.list_participants(room.ref)
        assert {p.identity for p in present} == {"ana", "bo"}
        assert all(p.is_person and p.id for p in present)
        assert len({p.id for p in present}) == 2
        await eventually(lambda: self._counts(stage, room.ref, 2))
        await stage.leave(ana)
        assert {p.identity for p in await stage.provider.list_participants(room.ref)} == {"bo"}
        await eventually(lambda: self._counts(stage, room.ref, 1))

    async def test_what_their_token_said_is_listed(self, stage: Stage) -> None:
        stage.needs(Capability.CREATE_TOKEN, Capability.LIST_PARTICIPANTS)
        claimed = stage.provider.capabilities
        options = TokenOptions(
            "ana",
            name="Ana é",
            metadata='{"desk": 7}' if Capability.TOKEN_METADATA in claimed else None,
            attributes={"team": "é"} if Capability.TOKEN_ATTRIBUTES in claimed else {},
        )
        room = await stage.create()
        await stage.join(await stage.provider.create_token(room.ref, options))
        ana = await stage.participant(room.ref, "ana")
        assert (ana.identity, ana.name, ana.kind) == ("ana", "Ana é", ParticipantKind.PERSON)
        assert (ana.metadata, dict(ana.attributes)) == (options.metadata or "", dict(options.attributes))
        assert ana.permissions in (None, Permissions())
        assert (ana.tracks, ana.is_publisher) == ((), False)
        assert ana.joined_at is not None
        assert abs(datetime.now(UTC) - ana.joined_at) < timedelta(minutes=1)

    async def test_one_who_hides_is_listed_as_an_observer(self, stage: Stage) -> None:
        stage.needs(Capability.TOKEN_PERMISSIONS, Capability.LIST_PARTICIPANTS)
        room = await stage.create()
        options = TokenOptions("ana", permissions=PermissionChanges(hidden=True))
        await stage.join(await stage.provider.create_token(room.ref, options))
        assert (await stage.participant(room.ref, "ana")).kind is ParticipantKind.OBSERVER

    async def test_a_room_that_never_was_is_not_empty_but_missing(self, stage: Stage) -> None:
        stage.needs(Capability.LIST_PARTICIPANTS)
        with pytest.raises(NotFound):
            await stage.provider.list_participants(RoomRef(stage.provider.name, "no-such-id", fresh("absent")))

    async def test_an_earlier_life_is_missing_while_the_present_one_is_not(self, stage: Stage) -> None:
        stage.needs(Capability.LIST_PARTICIPANTS, Capability.CLOSE_ROOM)
        earlier = await stage.create()
        await stage.provider.close_room(earlier.ref)
        present = await stage.create(earlier.ref.name)
        await stage.enter(present.ref)
        with pytest.raises(NotFound):
            await stage.provider.list_participants(earlier.ref)
        assert len(await stage.provider.list_participants(present.ref)) == 1

    async def test_who_joins_twice_is_in_it_once(self, stage: Stage) -> None:
        stage.needs(Capability.CREATE_TOKEN, Capability.LIST_PARTICIPANTS)
        room = await stage.create()
        first = await stage.enter(room.ref, "ana")
        before = await stage.participant(room.ref, "ana")
        await stage.join(await stage.provider.create_token(room.ref, TokenOptions("ana", name="Ana again")))
        await stage.disconnected(first)
        after = await stage.participant(room.ref, "ana")
        assert after.id != before.id
        assert after.name == "Ana again"
        left = await stage.fact(ParticipantLeft, lambda f: f.room == room.ref)
        assert (left.participant.id, left.reason) == (before.id, "joined again elsewhere")

    async def _counts(self, stage: Stage, ref: RoomRef, people: int) -> bool:
        room = await stage.listed(ref.name)
        return room is not None and room.participants == people


class ParticipantUpdates:
    async def test_each_text_is_changed_and_the_others_kept(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_PARTICIPANT)
        stage.needs(Capability.PARTICIPANT_NAME, Capability.PARTICIPANT_METADATA, Capability.PARTICIPANT_ATTRIBUTES)
        room, _ = await self._ana(stage)
        assert await self._update(stage, room, ParticipantChanges(name="Ana é")) == ("Ana é", "", {})
        told = await self._update(stage, room, ParticipantChanges(metadata='{"desk": "🎬"}'))
        assert told == ("Ana é", '{"desk": "🎬"}', {})
        told = await self._update(stage, room, ParticipantChanges(attributes={"team": "é", "desk": "7"}))
        assert told == ("Ana é", '{"desk": "🎬"}', {"team": "é", "desk": "7"})

    async def test_attributes_are_merged_and_an_empty_one_is_deleted(self, stage: Stage) -> None:
        stage.needs(Capability.PARTICIPANT_ATTRIBUTES)
        room, _ = await self._ana(stage)
        for changes, expected in (
            ({"team": "a", "desk": "7"}, {"team": "a", "desk": "7"}),
            ({"team": "b", "never there": ""}, {"team": "b", "desk": "7"}),
            ({"desk": ""}, {"team": "b"}),
        ):
            *_, attributes = await self._update(stage, room, ParticipantChanges(attributes=changes))
            assert attributes == expected

    async def test_no_change_changes_nothing(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_PARTICIPANT, Capability.LIST_PARTICIPANTS)
        room, _ = await self._ana(stage)
        before = await stage.participant(room, "ana")
        assert await stage.provider.update_participant(room, "ana", ParticipantChanges()) == before
        assert await stage.participant(room, "ana") == before

    @pytest.mark.parametrize("changes", [ParticipantChanges(name=""), ParticipantChanges(metadata="")], ids=str)
    async def test_a_text_is_cleared_or_refused(self, stage: Stage, changes: ParticipantChanges) -> None:
        stage.needs(Capability.PARTICIPANT_NAME, Capability.PARTICIPANT_METADATA)
        room, _ = await self._ana(stage)
        await stage.provider.update_participant(room, "ana", ParticipantChanges(name="Ana", metadata="{}"))
        if Capability.CLEAR_PARTICIPANT_TEXT not in stage.provider.capabilities:
            with pytest.raises(Rejected):
                await stage.provider.update_participant(room, "ana", changes)
            await stage.shows(room, "ana", lambda who: (who.name, who.metadata) == ("Ana", "{}"))
            return
        name, metadata, _ = await self._update(stage, room, changes)
        assert (name, metadata) == (("", "{}") if changes.metadata is None else ("Ana", ""))

    async def test_what_is_too_large_is_rejected_and_nothing_is_changed(self, stage: Stage) -> None:
        stage.needs(Capability.PARTICIPANT_NAME, Capability.PARTICIPANT_METADATA, Capability.PARTICIPANT_ATTRIBUTES)
        limits = stage.provider.limits
        room, _ = await self._ana(stage)
        before = await stage.provider.update_participant(room, "ana", ALL_TEXTS)
        for changes in (
            ParticipantChanges(name="x" * (limits.identity_bytes + 1)),
            ParticipantChanges(metadata="x" * (limits.metadata_bytes + 1)),
            ParticipantChanges(attributes={"x": "x" * limits.attributes_bytes}),
            ParticipantChanges(name="Bo", metadata="x" * (limits.metadata_bytes + 1), attributes={"team": "b"}),
        ):
            with pytest.raises(Rejected):
                await stage.provider.update_participant(room, "ana", changes)
        await stage.shows(room, "ana", lambda who: who == before)

    async def test_permissions_change_one_at_a_time_and_the_others_are_kept(self, stage: Stage) -> None:
        stage.needs(Capability.PARTICIPANT_PERMISSIONS, Capability.PARTICIPANT_NAME)
        room, _ = await self._ana(stage)
        await stage.provider.update_participant(room, "ana", ParticipantChanges(name="Ana"))
        expected = Permissions()
        for changes in (
            *PERMISSIONS.values(),
            PermissionChanges(sources=()),
            PermissionChanges(hidden=False),
            PermissionChanges(can_publish=False),
            PermissionChanges(sources=()),
            PermissionChanges(can_manage_agent_session=False),
        ):
            expected = expected.changed(changes)
            ana = await stage.provider.update_participant(room, "ana", ParticipantChanges(permissions=changes))
            assert (ana.permissions, ana.name) == (expected, "Ana")
            await stage.shows(room, "ana", _permitted(expected))

    async def test_all_sources_let_a_watcher_publish(self, stage: Stage) -> None:
        stage.needs(Capability.PARTICIPANT_PERMISSIONS)
        room, token = await self._ana(stage)
        await self._permit(stage, room, PermissionChanges(can_publish=False))
        await self._permit(stage, room, PermissionChanges(sources=()))
        await stage.shows(room, "ana", _permitted(Permissions()))
        assert await stage.publish(token)

    async def test_who_may_not_publish_any_longer_does_not(self, stage: Stage) -> None:
        stage.needs(Capability.PARTICIPANT_PERMISSIONS, Capability.PARTICIPANT_TRACKS)
        room, token = await self._ana(stage)
        first = await stage.publish(token)
        await self._permit(stage, room, PermissionChanges(can_publish=False))
        await stage.shows(room, "ana", lambda who: not who.tracks)
        await self._permit(stage, room, PermissionChanges(can_publish=True))
        assert (await stage.participant(room, "ana")).tracks == ()
        assert await self._published_again(stage, token) != first

    async def _published_again(self, stage: Stage, token: JoinToken) -> str:
        """A client hears of a right that it got back a moment after the server has granted it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(NotAdmitted):
                    return await stage.publish(token)
                await asyncio.sleep(0.02)

    async def test_a_source_that_is_taken_away_ends_that_track_alone(self, stage: Stage) -> None:
        stage.needs(Capability.PARTICIPANT_PERMISSIONS, Capability.PARTICIPANT_TRACKS)
        room, token = await self._ana(stage)
        await stage.publish(token, TrackSource.MICROPHONE)
        camera = await stage.publish(token, TrackSource.CAMERA)
        await self._permit(stage, room, PermissionChanges(sources=(TrackSource.CAMERA,)))
        await stage.shows(room, "ana", lambda who: [track.id for track in who.tracks] == [camera])

    async def test_who_may_not_subscribe_receives_nothing(self, stage: Stage) -> None:
        stage.needs(Capability.PARTICIPANT_PERMISSIONS)
        room, ana = await self._ana(stage)
        bo = await stage.enter(room, "bo")
        track = await stage.publish(bo)
        await stage.receives(ana, track)
        await self._permit(stage, room, PermissionChanges(can_subscribe=False))
        await stage.receives(ana, track, False)
        await self._permit(stage, room, PermissionChanges(can_subscribe=True))
        await stage.receives(ana, track)

    async def test_who_left_a_moment_ago_is_not_found(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_PARTICIPANT)
        room, token = await self._ana(stage)
        await stage.leave(token)
        with pytest.raises(NotFound):
            await stage.provider.update_participant(room, "ana", ParticipantChanges(name="Ana"))

    async def _ana(self, stage: Stage) -> tuple[RoomRef, JoinToken]:
        room = (await stage.create()).ref
        return room, await stage.enter(room, "ana")

    async def _update(
        self, stage: Stage, room: RoomRef, changes: ParticipantChanges
    ) -> tuple[str, str, dict[str, str]]:
        """What the answer tells; the list tells the same."""
        answer = await stage.provider.update_participant(room, "ana", changes)
        await stage.shows(room, "ana", lambda who: _texts(who) == _texts(answer))
        return _texts(answer)

    async def _permit(self, stage: Stage, room: RoomRef, changes: PermissionChanges) -> None:
        await stage.provider.update_participant(room, "ana", ParticipantChanges(permissions=changes))


class ParticipantRemoval:
    async def test_the_removed_one_is_gone(self, stage: Stage) -> None:
        stage.needs(Capability.REMOVE_PARTICIPANT, Capability.LIST_PARTICIPANTS)
        room = (await stage.create()).ref
        ana = await stage.enter(room, "ana")
        await stage.enter(room, "bo")
        await stage.provider.remove_participant(room, "ana")
        await stage.disconnected(ana)
        await eventually(lambda: self._is_alone(stage, room, "bo"))
        left = await stage.fact(ParticipantLeft, lambda f: f.room == room)
        assert (left.participant.identity, left.reason) == ("ana", "removed")
        with pytest.raises(NotFound):
            await stage.provider.remove_participant(room, "ana")

    async def test_the_token_still_admits(self, stage: Stage) -> None:
        stage.needs(Capability.REMOVE_PARTICIPANT, Capability.LIST_PARTICIPANTS)
        room = (await stage.create()).ref
        token = await stage.enter(room, "ana")
        before = await stage.participant(room, "ana")
        await stage.provider.remove_participant(room, "ana")
        await stage.disconnected(token)
        await stage.join(token)
        assert (await stage.participant(room, "ana")).id != before.id

    @pytest.mark.parametrize("identity", ODD_NAMES.values(), ids=ODD_NAMES.keys())
    async def test_odd_identities_through_every_call(self, stage: Stage, identity: str) -> None:
        if problem := stage.provider.limits.identity_problem(identity):
            pytest.skip(f"{stage.provider.kind} takes no such identity: {problem}")
        claimed, provider = stage.provider.capabilities, stage.provider
        stage.needs(Capability.LIST_PARTICIPANTS, Capability.REMOVE_PARTICIPANT)
        room = (await stage.create()).ref
        token, other = await stage.enter(room, identity), await stage.enter(room, "bo")
        theirs, track = await stage.publish(token), await stage.publish(other)
        if Capability.PARTICIPANT_NAME in claimed:
            told = await provider.update_participant(room, identity, ParticipantChanges(name=identity))
            assert (told.identity, told.name) == (identity, identity)
        if Capability.MUTE_TRACK in claimed:
            assert (await provider.mute_track(room, identity, theirs)).muted
        if Capability.UPDATE_SUBSCRIPTIONS in claimed:
            await stage.receives(token, track)
            await provider.update_subscriptions(room, identity, [track], subscribe=False)
            await stage.receives(token, track, False)
        if Capability.SEND_SIGNAL in claimed:
            await provider.send_signal(room, Signal("hello", to=(identity,)))
            assert (await stage.signal(token)).message == "hello"
        await provider.remove_participant(room, identity)
        await stage.disconnected(token)
        await eventually(lambda: self._is_alone(stage, room, "bo"))

    async def _is_alone(self, stage: Stage, room: RoomRef, identity: str) -> bool:
        return [p.identity for p in await stage.provider.list_participants(room)] == [identity]


class ParticipantsElsewhere:
    async def test_the_moved_one_is_there_and_no_longer_here(self, stage: Stage) -> None:
        stage.needs(Capability.MOVE_PARTICIPANT)
        here, there = (await stage.create()).ref, (await stage.create()).ref
        await stage.enter(here, "ana")
        before = await stage.participant(here, "ana")
        await stage.provider.move_participant(here, "ana", there)
        assert await stage.provider.list_participants(here) == []
        after = await stage.participant(there, "ana")
        assert after.id != before.id
        assert _texts(after) == _texts(before)
        left = await stage.fact(ParticipantLeft, lambda f: f.room == here)
        assert (left.participant.id, left.reason) == (before.id, "moved to another room")
        joined = await stage.fact(ParticipantJoined, lambda f: f.room == there)
        assert joined.participant.id == after.id

    async def test_the_forwarded_one_is_in_both(self, stage: Stage) -> None:
        stage.needs(Capability.FORWARD_PARTICIPANT)
        here, there = (await stage.create()).ref, (await stage.create()).ref
        await stage.enter(here, "ana")
        before = await stage.participant(here, "ana")
        await stage.provider.forward_participant(here, "ana", there)
        assert await stage.participant(here, "ana") == before
        assert (await stage.participant(there, "ana")).id != before.id

    @pytest.mark.parametrize("capability", [Capability.MOVE_PARTICIPANT, Capability.FORWARD_PARTICIPANT])
    async def test_who_and_where_must_be_there(self, stage: Stage, capability: Capability) -> None:
        stage.needs(capability)
        send = getattr(stage.provider, capability)
        here, there, over = [(await stage.create()).ref for _ in range(3)]
        await stage.enter(here, "ana")
        await stage.provider.close_room(over)
        absent = RoomRef(stage.provider.name, "no-such-id", fresh("absent"))
        for room, identity, destination in (
            (here, "bo", there),
            (here, "ana", absent),
            (here, "ana", over),
            (over, "ana", there),
            (absent, "ana", there),
        ):
            with pytest.raises(NotFound):
                await send(room, identity, destination)
        with pytest.raises(Rejected):
            await send(here, "ana", here)
        assert [p.identity for p in await stage.provider.list_participants(here)] == ["ana"]
        assert await stage.provider.list_participants(there) == []


def _texts(who: Participant) -> tuple[str, str, dict[str, str]]:
    return who.name, who.metadata, dict(who.attributes)


def _permitted(permissions: Permissions) -> Callable[[Participant], bool]:
    return lambda who: who.permissions == permissions
