"""The refusing base: capabilities follow from what is overridden; limits say what is wrong in a sentence."""

from collections import Counter
from dataclasses import FrozenInstanceError
from typing import Protocol, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from providers.base import Backend, Capability, CreatedRoom, Limits, Provider, Room, RoomOptions, RoomRef
from providers.errors import Unsupported
from tests.providers.contract import METHODS, OPTIONS, ProviderContract

EVERYBODY = {
    *("name", "kind", "address", "capabilities", "editions", "lacking_because", "limits", "notes"),
    *("webhook_kinds", "resending", "read_webhook", "ping", "inspect", "destination_id", "aclose"),
}
"""What every server has or does."""


class Bare(Backend):
    kind = "bare"


class Halls(Backend):
    kind = "halls"
    options = frozenset({Capability.ROOM_METADATA})

    async def create_room(self, name: str, options: RoomOptions) -> CreatedRoom:
        return CreatedRoom(Room(RoomRef(self.name, "1", name)), existed=False)


class SmallHalls(Halls):
    """Adds an option and no method."""

    kind = "small-halls"
    options = Halls.options | {Capability.MAX_PARTICIPANTS}


class TestCapabilities:
    def test_a_bare_backend_has_none(self) -> None:
        assert Bare("x").capabilities == frozenset()

    def test_they_follow_from_what_is_overridden_and_declared(self) -> None:
        assert Halls("x").capabilities == {Capability.CREATE_ROOM, Capability.ROOM_METADATA}

    def test_they_are_inherited(self) -> None:
        assert SmallHalls("x").capabilities == Halls("x").capabilities | {Capability.MAX_PARTICIPANTS}

    def test_what_the_installation_lacks_is_taken_away_from_that_instance(self) -> None:
        halls, other = Halls("x"), Halls("y")
        halls.lacking = frozenset({Capability.CREATE_ROOM, Capability.START_RECORDING})
        assert halls.capabilities == {Capability.ROOM_METADATA}
        assert Capability.CREATE_ROOM in other.capabilities

    @pytest.mark.parametrize("capability", METHODS)
    async def test_what_is_not_overridden_refuses_by_name(self, capability: Capability) -> None:
        bare: Provider = Bare("hall-3")
        with pytest.raises(Unsupported) as refusal:
            await METHODS[capability](bare)
        assert refusal.value.detail == refusal.value.operation == capability.value
        assert refusal.value.provider == "hall-3"

    def test_each_method_of_the_contract_is_a_capability_or_every_servers_duty(self) -> None:
        public = {name for name in vars(Provider) if not name.startswith("_")} - vars(Protocol).keys()
        methods = {capability.value for capability in METHODS}
        assert public - EVERYBODY == methods, "add it to METHODS in tests/providers/contract.py"

    def test_each_capability_is_a_method_of_the_contract_or_an_option_of_one(self) -> None:
        missing = set(Capability) - METHODS.keys() - set().union(*OPTIONS.values())
        assert missing == set(), "add them to METHODS in tests/providers/contract.py, or to OPTIONS there"

    async def test_what_every_server_may_leave_alone(self) -> None:
        bare: Provider = Bare("x")
        await bare.ping()
        await bare.inspect()
        await bare.aclose()
        assert (bare.lacking_because, bare.notes, bare.capabilities) == ({}, {}, frozenset())
        assert (bare.address, bare.webhook_kinds, bare.read_webhook("", {}, b"")) == ("", (), [])


def test_what_a_destination_is_called_follows_from_its_url_and_does_not_give_it_away() -> None:
    urls = [SecretStr(f"rtmp://a.example/live/{key}") for key in ("one", "two", "\ud800")]
    names = [Bare("x").destination_id(url) for url in urls]
    assert names == [Bare("y").destination_id(url) for url in urls]
    assert len(set(names)) == 3
    assert all(name.isalnum() and len(name) == 12 for name in names)


def test_no_part_of_the_contract_hides_another() -> None:
    """They are inherited together, so that a name in two of them would silently drop a test."""
    names = [name for part in ProviderContract.__bases__ for name in vars(part) if not name.startswith("__")]
    assert len(names) > 50
    assert [name for name, times in Counter(names).items() if times > 1] == []


class TestLimits:
    def test_they_are_frozen(self) -> None:
        with pytest.raises(FrozenInstanceError):
            Limits().room_name_bytes = 1  # type: ignore[misc]  # that this is an error is what is tested

    @pytest.mark.parametrize(
        "name", ["standup", "🎬", "x" * 256, "é" * 128, " padded ", "<!channel>", "غرفة", "a\u200db"]
    )
    def test_names_that_are_fine(self, name: str) -> None:
        assert Limits().room_name_problem(name) is None
        assert Limits().identity_problem(name) is None

    @pytest.mark.parametrize("name", ["", " ", "\u00a0", "\u3000"])
    def test_empty_names(self, name: str) -> None:
        assert Limits().room_name_problem(name) == "A room's name cannot be empty."
        assert Limits().identity_problem(name) == "An identity cannot be empty."

    @pytest.mark.parametrize("name", ["a\nb", "a\tb", "a\0", "a\x7f", "a\x85b", "a\u2028b", "a\u2029b", "a\ud800b"])
    def test_control_characters(self, name: str) -> None:
        problem = Limits().room_name_problem(name)
        assert problem == "A room's name cannot hold control characters or line breaks."

    @pytest.mark.parametrize(("name", "size"), [("x" * 257, 257), ("é" * 129, 258), ("🎬" * 65, 260)])
    def test_lengths_are_in_bytes(self, name: str, size: int) -> None:
        assert Limits().room_name_problem(name) == f"A room's name can be 256 bytes long; this one has {size}."

    @given(st.text(alphabet=st.characters(), max_size=300))
    def test_a_name_without_a_problem_can_be_sent_and_printed(self, name: str) -> None:
        limits = Limits(room_name_bytes=100)
        if limits.room_name_problem(name) is None:
            assert 0 < len(name.encode()) <= 100
            assert len(name.splitlines()) == 1

    def test_each_provider_has_its_own(self) -> None:
        class Tight(Bare):
            def __init__(self) -> None:
                super().__init__("tight", Limits(room_name_bytes=3))

        assert Tight().limits.room_name_problem("four")
        assert cast(Provider, Bare("x")).limits.room_name_problem("four") is None
