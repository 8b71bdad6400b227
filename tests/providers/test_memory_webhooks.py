"""How the in-memory server's webhooks travel: in order, again after a failure, and never inside a call."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from providers.base import RoomOptions, RoomRef
from providers.errors import Forged, Malformed
from providers.facts import Fact, RoomStarted, Source, facts_to_json
from providers.memory import webhooks
from providers.memory.provider import Memory
from providers.memory.sender import Sender
from providers.memory.settings import MemorySettings
from tests.providers.stage import Receiver

SECRET = SecretStr("the-webhook-secret-of-the-sender-tests")
AT_ONCE = (0.0, 0.0, 0.0)


def started(name: str, provider: str = "studio") -> Fact:
    now = datetime.now(UTC)
    room = RoomRef(provider, f"RM_{name}", name)
    return RoomStarted(provider=provider, key=f"EV_{name}", at=now, seen_at=now, source=Source.WEBHOOK, room=room)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


async def keys(receiver: Receiver) -> list[str]:
    return [(await receiver.next()).headers[webhooks.ID] for _ in range(receiver.deliveries.qsize())]


class TestSender:
    async def test_in_order(self, receiver: Receiver) -> None:
        sender = Sender(receiver.url, SECRET)
        for number in range(50):
            sender.send(started(str(number)))
        await sender.idle()
        assert await keys(receiver) == [f"EV_{number}" for number in range(50)]
        await sender.aclose()

    async def test_again_after_5xx_and_429_with_what_follows_waiting(self, receiver: Receiver) -> None:
        receiver.statuses = [500, 429, 503]
        sender = Sender(receiver.url, SECRET, AT_ONCE)
        sender.send(started("a"))
        sender.send(started("b"))
        await sender.idle()
        assert await keys(receiver) == ["EV_a"] * 4 + ["EV_b"]
        await sender.aclose()

    async def test_not_again_after_4xx(self, receiver: Receiver) -> None:
        receiver.statuses = [401]
        sender = Sender(receiver.url, SECRET, AT_ONCE)
        sender.send(started("a"))
        await sender.idle()
        assert await keys(receiver) == ["EV_a"]
        await sender.aclose()

    async def test_dropped_after_the_last_attempt_with_a_line_in_the_log(
        self, receiver: Receiver, caplog: pytest.LogCaptureFixture
    ) -> None:
        receiver.statuses = [500] * 4
        sender = Sender(receiver.url, SECRET, AT_ONCE)
        sender.send(started("a"))
        sender.send(started("b"))
        await sender.idle()
        assert await keys(receiver) == ["EV_a"] * 4 + ["EV_b"]
        dropped = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
        assert dropped == ["webhook dropped: provider=studio type=room_started key=EV_a: status 500"]
        await sender.aclose()

    async def test_nobody_there(self, caplog: pytest.LogCaptureFixture) -> None:
        async with Receiver() as receiver:
            url = receiver.url
        sender = Sender(url, SECRET, AT_ONCE)
        sender.send(started("a"))
        await sender.idle()
        assert "webhook dropped" in caplog.text
        assert SECRET.get_secret_value() not in caplog.text
        await sender.aclose()

    async def test_closing_does_not_wait_for_a_receiver(self, receiver: Receiver) -> None:
        receiver.statuses = [500]
        sender = Sender(receiver.url, SECRET, (3600.0,))
        sender.send(started("a"))
        await receiver.next()
        await sender.aclose()
        assert receiver.deliveries.empty()

    async def test_closing_what_never_sent(self) -> None:
        sender = Sender("http://127.0.0.1:1/", SECRET)
        await sender.aclose()
        await sender.idle()


class TestProvider:
    async def test_it_sends_after_the_call_and_settles(self, receiver: Receiver) -> None:
        settings = MemorySettings(webhook_url=receiver.url, webhook_secret=SECRET, recording_delay_seconds=0.01)
        provider = Memory("studio", settings)
        await provider.create_room("standup", RoomOptions(record=True))
        assert receiver.deliveries.empty()
        await provider.settled()
        facts = [
            fact
            for delivery in [receiver.deliveries.get_nowait() for _ in range(receiver.deliveries.qsize())]
            for fact in provider.read_webhook("", delivery.headers, delivery.body)
        ]
        assert [fact.type for fact in facts] == ["room_started", "recording_changed", "recording_changed"]
        await provider.aclose()

    async def test_without_an_address_it_sends_nothing_and_settles(self) -> None:
        provider = Memory("studio", MemorySettings(recording_delay_seconds=0.01))
        await provider.create_room("standup", RoomOptions(record=True))
        await provider.settled()
        assert [r.status for r in provider.server.list_recordings()] == ["live"]
        await provider.aclose()


class TestReader:
    def test_without_a_secret_everything_is_forged(self) -> None:
        with pytest.raises(Forged):
            Memory("studio", MemorySettings()).read_webhook("", {}, b"[]")

    def test_what_another_provider_signed_with_our_secret_is_not_ours(self) -> None:
        body = facts_to_json([started("a", provider="other")])
        headers = webhooks.sign(SECRET, "EV_a", body, datetime.now(UTC))
        with pytest.raises(Malformed):
            webhooks.read("studio", SECRET, headers, body)

    def test_the_event_id_is_signed(self) -> None:
        body = facts_to_json([started("a")])
        headers = webhooks.sign(SECRET, "EV_a", body, datetime.now(UTC))
        assert webhooks.read("studio", SECRET, headers, body)[0].key == "EV_a"
        with pytest.raises(Forged):
            webhooks.read("studio", SECRET, {**headers, webhooks.ID: "EV_b"}, body)

    def test_the_signature_is_that_of_the_scheme(self) -> None:
        """Reckoned by hand with `openssl dgst -sha256 -hmac` over `EV_a.1700000000.[]`."""
        signed = webhooks.sign(SECRET, "EV_a", b"[]", datetime.fromtimestamp(1_700_000_000, UTC))
        assert signed == {
            "webhook-id": "EV_a",
            "webhook-timestamp": "1700000000",
            "webhook-signature": "v1,Fs9337Q8zQJiT5W1j4x0v4FPifMH6FyhAdW1GVbKxk0=",
        }
