"""Keys of a telephone, pressed as LiveKit's own clients do it: by a data message of somebody in the room.

What was seen on livekit-server 1.13.5 with the `livekit` package 1.2. Such a client drops messages of whoever it does
not know of: of the hidden, who are named to nobody, and of newcomers who publish nothing, who are named up to three
seconds late. So ours is visible for as long as it takes, as a program (kind AGENT), which neither counts in the room
nor keeps it open, and changes an attribute first, of which everybody is told at once. What is sent just before leaving
is lost. The bot has to reach the server's ports for media, not its API alone.

The package cannot send keys to one participant, so we ask its core, as it does itself: by parts that are nobody's
to rely on, which is why the extra is pinned to one minor version, and why they are looked for before keys are offered.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from livekit.api import AccessToken, VideoGrants
from pydantic import SecretStr

from providers.base import Call, Capability
from providers.errors import NotFound, TimedOut, Unreachable
from providers.livekit.settings import LiveKitSettings
from providers.sip_rules import KEYS, PAUSE

if TYPE_CHECKING:
    from livekit.rtc import Room

CONNECT_SECONDS: Final = 10.0
KEY_SECONDS: Final = 0.3
"""Between two keys, as LiveKit's agents have it (livekit/agents, DEFAULT_DTMF_PUBLISH_DELAY)."""
PAUSE_SECONDS: Final = 0.5
LEAVE_SECONDS: Final = 1.0
"""After the last key: nothing tells when it has arrived."""
DISCONNECT_SECONDS: Final = 5.0

_CLIENT: Final = "livekit.rtc._ffi_client"
_MESSAGES: Final = "livekit.rtc._proto.ffi_pb2"
_FIELDS: Final = frozenset({"local_participant_handle", "code", "digit", "destination_identities"})


def lacking() -> Mapping[Capability, str]:
    """The package that comes into rooms is an extra of ours: a production install may be without it, or have another
    version than ours."""
    if find_spec("livekit.rtc") is None:
        why = "The bot was installed without its extra `dtmf`, which comes into a room to press keys."
    elif not _can_press():
        why = "The package `livekit` is of a version that presses keys otherwise: install the bot's extra `dtmf` again."
    else:
        return MappingProxyType({})
    return MappingProxyType({Capability.SEND_DTMF: why})


def _can_press() -> bool:
    """Whether there is all that `_publish` uses, as far as that shows before a room is entered."""
    try:
        asked = import_module(_MESSAGES).FfiRequest.DESCRIPTOR.fields_by_name["publish_sip_dtmf"].message_type
        return hasattr(import_module(_CLIENT), "FfiClient") and set(asked.fields_by_name) >= _FIELDS
    except (ImportError, AttributeError, KeyError):
        return False


async def press(settings: LiveKitSettings, call: Call, digits: SecretStr) -> None:
    """Only the participant of this call hears them. `Unreachable` where the room cannot be entered, `NotFound` where
    another room has its name."""
    from livekit import rtc  # the extra

    logging.getLogger("livekit").setLevel(logging.CRITICAL)  # its errors may quote the token
    room, keys = rtc.Room(), digits.get_secret_value().upper()
    try:
        async with asyncio.timeout(CONNECT_SECONDS + len(keys) * PAUSE_SECONDS + LEAVE_SECONDS):
            await room.connect(settings.api_ws_url, _token(settings, call), rtc.RoomOptions(auto_subscribe=False))
            if await room.sid != call.room.id:  # whose name was looked at before, and has begun a new life since
                detail = f"no live room {call.room.name!r} with the id {call.room.id}"
                raise NotFound(detail, provider=call.ref.provider, operation="send_dtmf")
            await _press_all(room, call, keys)
            return
    except rtc.ConnectError:
        failure = Unreachable
    except TimeoutError:
        failure = TimedOut
    finally:
        with suppress(TimeoutError):  # a server that hears nothing of it sees that we are gone
            async with asyncio.timeout(DISCONNECT_SECONDS):
                await room.disconnect()
    # Raised out here: what the client says of a connection may hold the token.
    raise failure("could not come into the room to press keys", provider=call.ref.provider, operation="send_dtmf")


async def _press_all(room: "Room", call: Call, keys: str) -> None:
    await room.local_participant.set_attributes({"showcaller.task": "keys"})
    await asyncio.sleep(KEY_SECONDS)
    for key in keys:
        if key == PAUSE:
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            await _publish(room, call, key)
            await asyncio.sleep(KEY_SECONDS)
    await asyncio.sleep(LEAVE_SECONDS)


async def _publish(room: "Room", call: Call, key: str) -> None:
    """What the package's `publish_dtmf` does, but to one participant: its own would be heard by everybody in the room,
    and pressed in every other call."""
    from livekit.rtc._ffi_client import FfiClient
    from livekit.rtc._proto.ffi_pb2 import FfiEvent, FfiRequest

    request = FfiRequest()
    asked = request.publish_sip_dtmf
    asked.local_participant_handle = room.local_participant._ffi_handle.handle
    asked.code, asked.digit = KEYS.index(key), key
    asked.destination_identities.append(call.identity)
    events = FfiClient.instance.queue.subscribe()
    try:
        id = FfiClient.instance.request(request).publish_sip_dtmf.async_id
        done: FfiEvent = await events.wait_for(lambda event: event.publish_sip_dtmf.async_id == id)
    finally:
        FfiClient.instance.queue.unsubscribe(events)
    if done.publish_sip_dtmf.error:
        raise Unreachable("a key could not be sent", provider=call.ref.provider, operation="send_dtmf")


def _token(settings: LiveKitSettings, call: Call) -> str:
    grants = VideoGrants(
        room_join=True,
        room=call.room.name,
        can_publish=False,
        can_subscribe=False,
        can_publish_data=True,
        can_update_own_metadata=True,
    )
    return (
        AccessToken(settings.api_key, settings.api_secret.get_secret_value())
        .with_identity(f"showcaller-keys-{uuid4().hex[:8]}")
        .with_name("Showcaller (presses keys)")
        .with_kind("agent")
        .with_ttl(timedelta(minutes=1))
        .with_grants(grants)
        .to_jwt()
    )
