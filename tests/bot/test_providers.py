"""Every configured video server is measured, and is otherwise what it was."""

import asyncio
from collections.abc import Callable

import pytest

from bot.metrics import Metrics
from bot.providers import OPERATIONS, measure
from providers.base import Backend, Capability, RoomOptions, RoomRef
from providers.errors import NotFound, TimedOut
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings

Count = Callable[[str, str], float | None]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def memory(metrics: Metrics) -> Memory:
    memory = Memory("studio", MemorySettings(deadline_seconds=0.05))
    measure(memory, metrics)
    return memory


@pytest.fixture
def count(metrics: Metrics) -> Count:
    def read(operation: str, outcome: str) -> float | None:
        labels = {"provider": "studio", "operation": operation, "outcome": outcome}
        return metrics.registry.get_sample_value("showcaller_provider_calls_total", labels)

    return read


async def test_calls_are_counted_by_outcome_and_timed(memory: Memory, metrics: Metrics, count: Count) -> None:
    room = (await memory.create_room("standup", RoomOptions())).room.ref
    assert [found.ref for found in await memory.list_rooms(["standup"])] == [room]
    with pytest.raises(NotFound):
        await memory.close_room(RoomRef("studio", "gone", "gone"))
    memory.server.delay_seconds = 1
    with pytest.raises(TimedOut):
        await memory.list_rooms()
    assert (count("create_room", "ok"), count("list_rooms", "ok")) == (1, 1)
    assert (count("close_room", "NotFound"), count("list_rooms", "TimedOut")) == (1, 1)
    labels = {"provider": "studio", "operation": "list_rooms"}
    assert metrics.registry.get_sample_value("showcaller_provider_call_seconds_count", labels) == 2


async def test_a_call_that_is_cut_off_is_counted(memory: Memory, count: Count) -> None:
    memory.server.delay_seconds = 1
    asking = asyncio.create_task(memory.ping())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert count("ping", "cancelled") == 1


async def test_a_mistake_of_ours_is_counted(metrics: Metrics, count: Count) -> None:
    class Broken(Backend):
        kind = "broken"

        async def ping(self) -> None:
            raise RuntimeError("a bug")

    broken = Broken("studio")
    measure(broken, metrics)
    with pytest.raises(RuntimeError):
        await broken.ping()
    assert count("ping", "bug") == 1


def test_what_a_server_can_do_is_read_from_its_class_as_before(metrics: Metrics) -> None:
    class Halls(Backend):
        kind = "halls"

        async def ping(self) -> None: ...

    halls = Halls("halls")
    measure(halls, metrics)
    assert halls.capabilities == frozenset()
    assert isinstance(halls, Halls)


def test_every_operation_of_the_contract_is_measured() -> None:
    methods = {capability.value for capability in Capability if hasattr(Backend, capability)}
    assert set(OPERATIONS) == methods | {"inspect", "ping"}
