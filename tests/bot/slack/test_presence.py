"""Who is in a room, for choices: quick in any case."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.slack.presence import FRESH_SECONDS, KEPT_SECONDS, Presence
from bot.tasks import Tasks
from commands.core.ports import Place, Viewer
from providers.base import Backend, Participant, Room, RoomRef
from providers.errors import Unreachable
from providers.facts import Origin, ParticipantsListed, RoomSeen, Source
from tests.commands.ports import Directory, ManualClock

STANDUP = RoomRef("slow", "RM_1", "standup")
EVERYTHING = Viewer("T1", None, None, sees_all=frozenset({"memory"}))
BOB, CLEO = Participant(id="PA_1", identity="bob"), Participant(id="PA_2", identity="cleo")


class Slow(Backend):
    """Answers once it may."""

    kind = "slow"

    def __init__(self) -> None:
        super().__init__("slow")
        self.may_answer = asyncio.Event()
        self.people = [BOB]
        self.is_dead = False
        self.asked = 0

    async def list_participants(self, room: RoomRef) -> list[Participant]:
        self.asked += 1
        await self.may_answer.wait()
        if self.is_dead:
            raise Unreachable("slow")
        return self.people


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    tasks = Tasks()
    yield tasks
    await tasks.drain(0)


async def test_what_the_server_says_is_kept_for_a_while(tasks: Tasks) -> None:
    server, clock, presence = await _presence(tasks)
    server.may_answer.set()
    assert await presence.people(EVERYTHING, server, "standup", wait_seconds=5) == [BOB]
    server.people = [BOB, CLEO]
    assert await presence.people(EVERYTHING, server, "standup", wait_seconds=5) == [BOB]
    clock.advance(timedelta(seconds=FRESH_SECONDS + 1))
    assert await presence.people(EVERYTHING, server, "standup", wait_seconds=5) == [BOB, CLEO]
    assert server.asked == 2


async def test_a_slow_server_is_not_waited_for(tasks: Tasks) -> None:
    server, clock, presence = await _presence(tasks)
    assert [p.identity for p in await presence.people(EVERYTHING, server, "standup", wait_seconds=0.01)] == ["cleo"]
    server.may_answer.set()
    assert await presence.people(EVERYTHING, server, "standup", wait_seconds=5) == [BOB]
    assert server.asked == 1, "the question that was under way has been answered"
    server.is_dead = True
    clock.advance(timedelta(seconds=FRESH_SECONDS + 1))
    assert await presence.people(EVERYTHING, server, "standup", wait_seconds=5) == [BOB]
    clock.advance(timedelta(seconds=KEPT_SECONDS))
    assert [p.identity for p in await presence.people(EVERYTHING, server, "standup", wait_seconds=5)] == ["cleo"]


async def test_it_is_asked_ahead(tasks: Tasks) -> None:
    server, _, presence = await _presence(tasks)
    server.may_answer.set()
    presence.warm("T1", server, "standup")
    assert await presence.people(EVERYTHING, server, "standup", wait_seconds=5) == [BOB]
    presence.warm("T1", server, "standup")
    assert server.asked == 1


async def _presence(tasks: Tasks) -> tuple[Slow, ManualClock, Presence]:
    """The directory has heard of cleo alone."""
    clock, rooms = ManualClock(), Directory()
    for fact in (
        RoomSeen(room=Room(ref=STANDUP), **_origin(clock)),
        ParticipantsListed(room=STANDUP, participants=(CLEO,), **_origin(clock)),
    ):
        await rooms.report(fact, team_id="T1", made_by=None, card_in=Place("T1", "C1"))
    return Slow(), clock, Presence(rooms, tasks, clock)


def _origin(clock: ManualClock) -> Origin:
    return Origin(provider="slow", key="1", at=clock.now(), seen_at=clock.now(), source=Source.COMMAND)
