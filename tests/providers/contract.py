"""What every provider must do, written once. A backend's test module supplies the stage and inherits the tests:

    class TestLiveKit(ProviderContract):
        @pytest.fixture
        async def stage(self) -> AsyncIterator[Stage]:
            ...
            yield LiveKitStage(provider, server)

Each claimed capability is exercised, each unclaimed one must refuse by name, and a test that does not apply is
skipped with the capability's name. Rooms are called by fresh names, so that the suite may run on a server that is in
use. Where a kind of server deviates for a good reason, override that one test there and give the reason.
"""

from collections.abc import Awaitable, Callable

import pytest

from providers.base import (
    Backend,
    Capability,
    Provider,
    RecordingOptions,
    RecordingRef,
    RoomOptions,
    RoomRef,
    TokenOptions,
)
from providers.errors import Unsupported
from tests.providers.contract_recordings import Recordings
from tests.providers.contract_rooms import RoomOptionsOnServer, Rooms
from tests.providers.contract_tokens import Participants, Tokens
from tests.providers.contract_webhooks import Webhooks
from tests.providers.stage import Stage

NOWHERE = RoomRef("nowhere", "no-such-id", "no-such-room")
METHODS: dict[Capability, Callable[[Provider], Awaitable[object]]] = {
    Capability.CREATE_ROOM: lambda p: p.create_room("refused", RoomOptions()),
    Capability.LIST_ROOMS: lambda p: p.list_rooms(),
    Capability.CLOSE_ROOM: lambda p: p.close_room(NOWHERE),
    Capability.CREATE_TOKEN: lambda p: p.create_token(NOWHERE, TokenOptions("ana")),
    Capability.LIST_PARTICIPANTS: lambda p: p.list_participants(NOWHERE),
    Capability.START_RECORDING: lambda p: p.start_recording(NOWHERE, RecordingOptions()),
    Capability.STOP_RECORDING: lambda p: p.stop_recording(RecordingRef("nowhere", "no-such-id")),
    Capability.LIST_RECORDINGS: lambda p: p.list_recordings(),
}


class Capabilities:
    async def test_what_is_not_claimed_refuses_by_name(self, stage: Stage) -> None:
        claimed = stage.provider.capabilities
        for capability, call in METHODS.items():
            if capability in claimed:
                continue
            with pytest.raises(Unsupported) as refusal:
                await call(stage.provider)
            assert refusal.value.detail == capability.value
            assert refusal.value.provider == stage.provider.name

    async def test_what_is_claimed_is_overridden(self, stage: Stage) -> None:
        overridden = {c for c in METHODS if getattr(type(stage.provider), c) is not getattr(Backend, c)}
        assert stage.provider.capabilities & METHODS.keys() <= overridden

    async def test_an_option_is_claimed_with_its_method_only(self, stage: Stage) -> None:
        method_of = {
            Capability.CREATE_ROOM: {
                Capability.MAX_PARTICIPANTS,
                Capability.EMPTY_TIMEOUT,
                Capability.DEPARTURE_TIMEOUT,
                Capability.ROOM_METADATA,
                Capability.RECORD_FROM_START,
            },
            Capability.CREATE_TOKEN: {
                Capability.ROOM_MADE_ON_JOIN,
                Capability.TOKEN_METADATA,
                Capability.TOKEN_ATTRIBUTES,
            },
            Capability.START_RECORDING: {Capability.RECORDING_LAYOUT, Capability.RECORDING_AUDIO_ONLY},
        }
        assert METHODS.keys() | set().union(*method_of.values()) == set(Capability)
        for method, options in method_of.items():
            assert method in stage.provider.capabilities or not options & stage.provider.capabilities

    async def test_ping_answers_and_closing_twice_is_harmless(self, stage: Stage) -> None:
        assert stage.provider.name
        assert stage.provider.kind == type(stage.provider).__module__.split(".")[1]
        await stage.provider.ping()
        await stage.provider.aclose()
        await stage.provider.aclose()

    async def test_no_secret_shows(self, stage: Stage) -> None:
        shown = [repr(stage.provider), str(stage.provider), stage.provider.address, repr(vars(stage.provider))]
        if Capability.CREATE_TOKEN in stage.provider.capabilities:
            token = await stage.provider.create_token(RoomRef(stage.provider.name, "", "x"), TokenOptions("ana"))
            shown.append(repr(token))
            assert token.token.get_secret_value() not in repr(token)
        assert stage.secrets
        for secret in stage.secrets:
            assert all(secret not in text for text in shown)


class ProviderContract(Capabilities, Rooms, RoomOptionsOnServer, Tokens, Participants, Recordings, Webhooks):
    """Everything that is asked of a provider."""
