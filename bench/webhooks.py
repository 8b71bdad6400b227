"""From a signed LiveKit webhook to what it tells: our reader beside the receiver of LiveKit's own library.

Both verify every delivery. The library makes a message of each; ours skips what the bot does not follow, the two events
of a track, once it has verified them. The others become facts.

The bodies in `deliveries.json` are what livekit-server 1.13.5 sent for a room of two people, one of them publishing,
with another password in them. They are signed anew, as a signature holds for five minutes.
"""

import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import jwt
from livekit.api import TokenVerifier, WebhookReceiver
from pydantic import SecretStr

from bench.steps import StepBench
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings

BASELINE = "livekit-api: WebhookReceiver.receive"
OURS = "showcaller: read_webhook"
KEY, SECRET = "benchkey", "a-secret-of-the-bench-and-of-nothing-else"
LONG_ENOUGH_SECONDS = 3_600

_BODIES = Path(__file__).parent / "deliveries.json"


@asynccontextmanager
async def open_webhooks(times: int) -> AsyncIterator[StepBench]:
    settings = LiveKitSettings(url="http://127.0.0.1:7880", api_key=KEY, api_secret=SecretStr(SECRET))
    provider = LiveKit("livekit", settings)
    receiver = WebhookReceiver(TokenVerifier(KEY, SECRET))
    deliveries = [_signed(event) for event in _events()]
    theirs, ours = cycle(deliveries), cycle(zip(deliveries, map(_facts_in, _events()), strict=True))

    async def receive() -> None:
        authorization, body = next(theirs)
        assert receiver.receive(body.decode(), authorization).id

    async def read_webhook() -> None:
        (authorization, body), facts = next(ours)
        assert len(provider.read_webhook("", {"authorization": authorization}, body)) == facts

    try:
        yield StepBench("Webhooks, verified and read", BASELINE, {BASELINE: receive, OURS: read_webhook}, times)
    finally:
        await provider.aclose()


def _events() -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = json.loads(_BODIES.read_text())
    return events


def _facts_in(event: Mapping[str, Any]) -> int:
    return 0 if event["event"] in ("track_published", "track_unpublished") else 1


def _signed(event: Mapping[str, Any]) -> tuple[str, bytes]:
    body = json.dumps(event, separators=(",", ":")).encode()
    claims = {
        "iss": KEY,
        "nbf": int(time.time()),
        "exp": int(time.time()) + LONG_ENOUGH_SECONDS,
        "sha256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
    }
    return jwt.encode(claims, SECRET, algorithm="HS256"), body
