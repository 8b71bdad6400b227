"""The people in the rooms: the same on every video server that the demo plays on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from bot.demo.clients import LiveKitPeople
from bot.demo.people import People, in_words
from bot.demo.world import World
from providers.base import (
    Participant,
    ParticipantChanges,
    PermissionChanges,
    RoomOptions,
    RoomRef,
    Signal,
    TrackSource,
)
from providers.errors import Conflict, NotFound, ProviderError
from tests.live.server import LiveKitServer


@pytest.fixture(params=["memory", "livekit"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "memory":
        async with await World.open(tmp_path) as world:
            yield world
        return
    async with (
        LiveKitServer() as server,
        await World.open(tmp_path, providers=server.providers, people=LiveKitPeople) as world,
    ):
        yield world


@pytest.fixture
def people(world: World) -> People:
    return world.people


async def room(world: World) -> RoomRef:
    [live] = await world.provider.list_rooms(["standup"])
    return live.ref


async def present(world: World) -> dict[str, Participant]:
    return {each.identity: each for each in await world.provider.list_participants(await room(world))}


async def test_they_come_and_go(world: World, people: People) -> None:
    await people.join("standup", "bob")
    await people.join("standup", "cleo")
    assert {identity: each.name for identity, each in (await present(world)).items()} == {"bob": "Bob", "cleo": "Cleo"}
    await people.leave("standup", "bob")
    with pytest.raises(NotFound):
        people.heard("standup", "bob")
    with pytest.raises(NotFound):
        await people.leave("standup", "bob")
    assert list(people.all_heard()) == [("standup", "cleo")]


async def test_they_send_and_stop(world: World, people: People) -> None:
    await people.join("standup", "bob")
    for source in (TrackSource.MICROPHONE, TrackSource.CAMERA):
        await people.publish("standup", "bob", source)
    sent = (await present(world))["bob"].tracks
    assert {track.source for track in sent} == {TrackSource.MICROPHONE, TrackSource.CAMERA}
    await people.unpublish("standup", "bob", TrackSource.CAMERA)
    with pytest.raises(NotFound, match="bob does not send camera"):
        await people.unpublish("standup", "bob", TrackSource.CAMERA)
    await people.publish("standup", "bob", TrackSource.CAMERA)


async def test_they_hear_what_is_meant_for_them(world: World, people: People) -> None:
    for identity in ("bob", "cleo"):
        await people.join("standup", identity)
        await _is_heard(world, people, identity)
    await world.provider.send_signal(await room(world), Signal("hello", ("bob",), "chat"))
    await world.provider.send_signal(await room(world), Signal("all"))
    both = ["on topic chat: hello", "the message: all"]
    await world.slack.until(lambda: _heard(people, "bob") == both or None)
    await world.slack.until(lambda: _heard(people, "cleo") == both[1:] or None)


async def test_who_is_removed_comes_back_by_the_old_token_and_has_heard_nothing(world: World, people: People) -> None:
    await people.join("standup", "bob")
    await _is_heard(world, people, "bob")
    await world.provider.remove_participant(await room(world), "bob")
    await world.slack.until(lambda: not people.all_heard())
    await people.join("standup", "bob")
    assert people.heard("standup", "bob") == []
    assert list(await present(world)) == ["bob"]


async def _is_heard(world: World, people: People, who: str) -> None:
    """LiveKit loses what is sent before somebody's data channel is open, which nobody can see from outside."""
    async with asyncio.timeout(10):
        while not people.heard("standup", who):
            await world.provider.send_signal(await room(world), Signal("is it open?", (who,)))
            await asyncio.sleep(0.1)


def _heard(people: People, who: str) -> list[str]:
    """Without the question whether their channel is open."""
    return [in_words(signal) for signal in people.heard("standup", who) if signal.message != "is it open?"]


async def test_who_comes_in_twice_is_there_once(world: World, people: People) -> None:
    await people.join("standup", "bob")
    first = (await present(world))["bob"].id
    await people.join("standup", "bob")
    assert [each.id == first for each in (await present(world)).values()] == [False]
    await people.publish("standup", "bob", TrackSource.MICROPHONE)


async def test_who_may_not_send_is_told_so_at_once_and_may_again_later(world: World, people: People) -> None:
    await people.join("standup", "bob")
    await people.publish("standup", "bob", TrackSource.MICROPHONE)
    await let_publish(world, False)
    assert (await present(world))["bob"].tracks == ()
    for source in (TrackSource.MICROPHONE, TrackSource.CAMERA):
        with pytest.raises(Conflict, match=f"bob may not publish {source}"):
            await people.publish("standup", "bob", source)
    await let_publish(world, True)
    async with asyncio.timeout(10):
        while not (await present(world))["bob"].tracks:
            with suppress(Conflict):  # until his browser has noticed that the first one has ended
                await people.publish("standup", "bob", TrackSource.MICROPHONE)


async def test_who_is_turned_away_is_not_in_the_room(world: World, people: People) -> None:
    await world.provider.create_room("standup", RoomOptions(max_participants=1))
    await people.join("standup", "bob")
    with pytest.raises(ProviderError):
        await people.join("standup", "cleo")
    assert list(await present(world)) == ["bob"]
    with pytest.raises(NotFound):
        await people.publish("standup", "cleo", TrackSource.MICROPHONE)


async def let_publish(world: World, may: bool) -> None:
    changes = ParticipantChanges(permissions=PermissionChanges(can_publish=may))
    await world.provider.update_participant(await room(world), "bob", changes)
