"""The bench of webhooks measures reading, and notices a reader that reads nothing."""

import pytest

from bench.webhooks import OURS, open_webhooks
from providers.facts import Fact
from providers.livekit.provider import LiveKit

DELIVERIES = 8


async def test_a_round_reads_every_delivery() -> None:
    async with open_webhooks(DELIVERIES) as steps:
        await steps.round(warm_up=False)
    assert {name: [measure.count for measure in rounds] for name, rounds in steps.rounds.items()} == {
        steps.baseline: [DELIVERIES],
        OURS: [DELIVERIES],
    }


async def test_a_reader_that_gives_no_facts_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_nothing(*_: object) -> list[Fact]:
        return []

    monkeypatch.setattr(LiveKit, "read_webhook", read_nothing)
    async with open_webhooks(DELIVERIES) as steps:
        with pytest.raises(AssertionError):
            await steps.steps[OURS]()
