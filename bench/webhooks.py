"""From a signed LiveKit webhook to what it tells: our reader beside the receiver of LiveKit's own library.

Both verify every delivery. The library makes a message of each, and ours reads what the bot follows into facts.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle

from livekit.api import TokenVerifier, WebhookReceiver

from bench import deliveries
from bench.deliveries import KEY, SECRET
from bench.steps import StepBench

BASELINE = "livekit-api: WebhookReceiver.receive"
OURS = "showcaller: read_webhook"


@asynccontextmanager
async def open_webhooks(times: int) -> AsyncIterator[StepBench]:
    provider = deliveries.reader()
    receiver = WebhookReceiver(TokenVerifier(KEY, SECRET))
    sent = [deliveries.signed(event) for event in deliveries.events()]
    theirs, ours = cycle(sent), cycle(sent)

    async def receive() -> None:
        authorization, body = next(theirs)
        assert receiver.receive(body.decode(), authorization).id

    async def read_webhook() -> None:
        authorization, body = next(ours)
        assert provider.read_webhook("", {"authorization": authorization}, body)

    try:
        yield StepBench("Webhooks, verified and read", BASELINE, {BASELINE: receive, OURS: read_webhook}, times)
    finally:
        await provider.aclose()
