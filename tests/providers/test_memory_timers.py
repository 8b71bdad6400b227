"""One timer for each key; the last one that was started counts."""

from providers.memory.timers import Timers


async def test_starting_a_key_again_replaces_its_timer() -> None:
    timers, fired = Timers(), list[str]()
    timers.start("room", 0.001, lambda: fired.append("first"))
    timers.start("room", 0.002, lambda: fired.append("second"))
    await timers.idle()
    assert fired == ["second"]


async def test_idle_waits_for_what_a_timer_starts() -> None:
    timers, fired = Timers(), list[str]()
    timers.start("a", 0, lambda: timers.start("b", 0.001, lambda: fired.append("b")))
    await timers.idle()
    assert fired == ["b"]


async def test_idle_at_once_when_all_are_cancelled() -> None:
    timers, fired = Timers(), list[str]()
    timers.start("a", 0, lambda: fired.append("a"))
    timers.start("b", 0, lambda: fired.append("b"))
    timers.cancel("never started")
    timers.cancel_all()
    await timers.idle()
    timers.start("c", 0, lambda: fired.append("c"))
    await timers.idle()
    assert fired == ["c"]
