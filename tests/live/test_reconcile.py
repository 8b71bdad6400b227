"""A real livekit-server that sends no webhooks: what goes on there behind our back is found by its lists."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest_asyncio
from livekit.api import AccessToken, CreateRoomRequest, DeleteRoomRequest, LiveKitAPI, VideoGrants
from pydantic import SecretStr

from bot.alerts.reconcile import Reconciler
from bot.alerts.state import RoomState
from bot.clock import SystemClock
from bot.metrics import Metrics
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.bot.alerts.house import TEAM, House, open_house
from tests.live.clients import Client
from tests.live.server import KEY, SECRET, LiveKitServer
from tests.providers.stage import eventually

EACH = timedelta(milliseconds=200)


@dataclass
class Behind:
    """A bot's alerts, and the server's own API, by which things are done behind the bot's back."""

    house: House
    api: LiveKitAPI
    url: str

    async def make(self, name: str) -> str:
        """Make a room; its id."""
        return (await self.api.room.create_room(CreateRoomRequest(name=name))).sid

    async def knows(self, room_id: str, *identities: str) -> None:
        """Wait until the bot knows the room as live, with these people in it."""

        async def as_it_is() -> bool:
            if room_id not in await self.house.things():
                return False
            room = await self.house.room(room_id)
            return not room.is_over and sorted(_people(room)) == sorted(identities)

        await eventually(as_it_is)

    async def has_lost(self, room_id: str) -> None:
        async def is_lost() -> bool:
            return (await self.house.room(room_id)).is_lost

        await eventually(is_lost)


def _people(room: RoomState) -> list[str]:
    return [known.participant.identity for known in room.present.values()]


@pytest_asyncio.fixture
async def behind(tmp_path: Path) -> AsyncIterator[Behind]:
    async with LiveKitServer() as server, LiveKitAPI(server.url, KEY, SECRET) as api, open_house(tmp_path) as house:
        provider = LiveKit("livekit", LiveKitSettings(url=server.url, api_key=KEY, api_secret=SecretStr(SECRET)))
        reconciler = Reconciler(
            [provider], house.store, house.intake, SystemClock(), Metrics(), team_id=TEAM, interval=EACH
        )
        works = [asyncio.create_task(each.run()) for each in (reconciler, house.intake)]
        yield Behind(house, api, server.url)
        reconciler.stop()
        house.intake.stop()
        await asyncio.gather(*works)
        await provider.aclose()


async def test_rooms_that_are_made_and_closed_behind_our_back_are_found(behind: Behind) -> None:
    standup, retro = await behind.make("standup"), await behind.make("retro")
    await behind.knows(standup)
    await behind.knows(retro)
    await behind.api.room.delete_room(DeleteRoomRequest(room="standup"))
    await behind.has_lost(standup)
    again = await behind.make("standup")
    await behind.knows(again)
    assert (await behind.house.room(standup)).is_lost, "another life of the name is another room"
    assert not (await behind.house.room(retro)).is_over


async def test_people_who_come_and_go_unheard_are_found(behind: Behind) -> None:
    room_id = await behind.make("standup")
    tokens = {
        who: AccessToken(KEY, SECRET)
        .with_identity(who)
        .with_grants(VideoGrants(room_join=True, room="standup"))
        .to_jwt()
        for who in ("ana", "bob")
    }
    async with await Client.join(behind.url, tokens["ana"]):
        async with await Client.join(behind.url, tokens["bob"]):
            await behind.knows(room_id, "ana", "bob")
        await behind.knows(room_id, "ana")
