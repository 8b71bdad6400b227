"""How the in-memory server signs what it sends, and how we check it. Shaped like the Standard Webhooks scheme.

Three headers: `webhook-id` names the event, `webhook-timestamp` is the time of signing in whole epoch seconds, and
`webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, the body as raw bytes. What is
older or newer than five minutes is refused. The body is the facts as JSON.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr, ValidationError

from providers.errors import Forged, Malformed
from providers.facts import Fact, Source, facts_from_json

WINDOW = timedelta(minutes=5)
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


def sign(secret: SecretStr, event_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of a delivery that is signed at this moment."""
    timestamp = str(int(at.timestamp()))
    return {ID: event_id, TIMESTAMP: timestamp, SIGNATURE: _signature(secret, event_id, timestamp, body)}


def read(provider: str, secret: SecretStr | None, headers: Mapping[str, str], body: bytes) -> list[Fact]:
    """What a delivery tells. `Forged` when it does not verify, `Malformed` when it does and makes no sense."""
    now = datetime.now(UTC)
    if secret is None:
        raise Forged("no webhook_secret is configured", provider=provider)
    if problem := _problem(secret, headers, body, now):
        raise Forged(problem, provider=provider)
    try:
        facts = facts_from_json(body)
    except ValidationError as error:
        raise Malformed(f"{error.error_count()} problems in a signed body", provider=provider) from error
    if any(fact.provider != provider for fact in facts):
        raise Malformed("a signed body of another provider", provider=provider)
    return [replace(fact, source=Source.WEBHOOK, seen_at=now) for fact in facts]


def _problem(secret: SecretStr, headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
    event_id, timestamp, signature = (headers.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return f"no {TIMESTAMP} in epoch seconds"
    if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        return "signed too long ago, or in the future"
    expected = _signature(secret, event_id, timestamp, body)
    # aiohttp gives bytes that are no UTF-8 as lone surrogates, and compare_digest takes such a str only as bytes.
    if not hmac.compare_digest(signature.encode(errors="surrogatepass"), expected.encode()):
        return "the signature does not match"
    return None


def _signature(secret: SecretStr, event_id: str, timestamp: str, body: bytes) -> str:
    key = secret.get_secret_value().encode()
    content = b".".join((event_id.encode(errors="surrogatepass"), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
