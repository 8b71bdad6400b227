"""Telephones on a real livekit-server, as far as the contract does not ask for it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from pydantic import SecretStr

from providers.base import CallStatus, DialOptions, RoomRef, TrunkDirection, TrunkOptions
from providers.errors import Conflict, NotFound, NoWorker
from providers.livekit import dtmf
from providers.livekit.settings import LiveKitSettings
from tests.live.house import House, LiveStage
from tests.live.server import KEY, SECRET
from tests.standins.sip.service import BUSY, transfer_refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[House]:
    async with House.open() as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def stage(house: House) -> AsyncIterator[LiveStage]:
    async with house.stage() as stage:
        yield stage


async def telephones(stage: LiveStage) -> tuple[RoomRef, str]:
    """A room, and a trunk to call by."""
    options = TrunkOptions(TrunkDirection.OUTBOUND, numbers=("+15550100",), address="sip.example.com")
    trunk = await stage.provider.create_trunk(options)
    return (await stage.create()).ref, trunk.ref.id


async def test_keys_are_pressed_in_one_call_alone(stage: LiveStage) -> None:
    """Whoever else is in the room does not hear them: they may be a PIN."""
    room, trunk = await telephones(stage)
    calls = [await stage.provider.dial(room, DialOptions("+15551234567", trunk, who)) for who in ("mia", "noa")]
    for call in calls:
        await stage.answers(call)
    ana = await stage.enter(room)
    overheard: list[str] = []
    stage.client(ana).room.on("sip_dtmf_received", lambda key: overheard.append(key.digit))
    await stage.provider.send_dtmf(calls[0], SecretStr("8w*"))
    assert [await stage.hears_dtmf(call) for call in calls] == ["8*", ""]
    assert overheard == []


async def test_no_key_is_pressed_in_another_life_of_the_room(stage: LiveStage) -> None:
    """The name may begin a new one between the look at the call and the way in."""
    room, trunk = await telephones(stage)
    call = await stage.provider.dial(room, DialOptions("+15551234567", trunk, "mia"))
    await stage.answers(call)
    earlier = replace(call, room=replace(room, id="RM_before"))
    settings = LiveKitSettings(url=stage.provider.address, api_key=KEY, api_secret=SecretStr(SECRET))
    with pytest.raises(NotFound, match="RM_before"):
        await dtmf.press(settings, earlier, SecretStr("8"))
    assert await stage.hears_dtmf(call) == ""
    assert [who.identity for who in await stage.provider.list_participants(room)] == ["mia"]


async def test_a_transfer_that_the_other_side_declines(stage: LiveStage) -> None:
    stage.phones.transfers = transfer_refused()
    room, trunk = await telephones(stage)
    call = await stage.provider.dial(room, DialOptions("+15551234567", trunk, "mia"))
    await stage.answers(call)
    with pytest.raises(Conflict, match=r"declined \(SIP 603\)"):
        await stage.provider.transfer_call(call, "+15550100")
    stage.phones.transfers = None
    assert [each.status for each in await stage.provider.list_calls(room)] == [CallStatus.ACTIVE]


async def test_without_a_sip_service_the_answer_comes_soon(stage: LiveStage) -> None:
    stage.phones.dials = BUSY
    room, trunk = await telephones(stage)
    with pytest.raises(NoWorker):
        await stage.provider.dial(room, DialOptions("+15551234567", trunk, "mia"))
    assert await stage.provider.list_calls(room) == []
