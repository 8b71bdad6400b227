"""Two judges over one table of deliveries: LiveKit's own `WebhookReceiver` and our `read_webhook`.

The genuine ones were captured from a real server a moment before; the others are made of them. Where the two differ,
the table says why ours is right.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import jwt
import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToDict, Parse
from livekit.api import TokenVerifier, WebhookEvent, WebhookReceiver
from pydantic import SecretStr

from providers.base import RoomOptions, TokenOptions, TrackSource
from providers.errors import Forged, Malformed
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.live.clients import Client
from tests.live.server import KEY, SECRET, LiveKitServer
from tests.providers.stage import Delivery, Receiver

EVENTS = (
    "room_started",
    "participant_joined",
    "track_published",
    "track_unpublished",
    "participant_left",
    "participant_connection_aborted",
    "room_finished",
)
"""All that a server without workers sends."""

JUDGE = WebhookReceiver(TokenVerifier(KEY, SECRET))

Genuine = dict[str, Delivery]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def genuine() -> AsyncIterator[Genuine]:
    """One delivery of each kind, as a real server sent it while somebody came, sent, stopped and went."""
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(Receiver())
        server = await stack.enter_async_context(LiveKitServer(webhook_url=receiver.url))
        provider = _livekit(server.url)
        stack.push_async_callback(provider.aclose)
        yield await _one_of_everything(provider, receiver)


async def _one_of_everything(provider: LiveKit, receiver: Receiver) -> Genuine:
    """Do one thing after the other, each when the server has told of the one before.

    A busy server never tells of a track that goes before its first packet has come, nor of somebody whose room goes
    before they do.
    """
    captured: Genuine = {}

    async def told(event: str) -> None:
        while event not in captured:
            delivery = await receiver.next()
            captured.setdefault(json.loads(delivery.body)["event"], delivery)

    room = (await provider.create_room("standup", RoomOptions(metadata='{"café": "+/"}'))).room.ref
    await told("room_started")
    async with AsyncExitStack() as stack:
        token = await provider.create_token(room, TokenOptions("ana", name="Ana é"))
        ana = await stack.enter_async_context(await Client.join(token.url, token.token.get_secret_value()))
        await told("participant_joined")
        track_id = await ana.publish(TrackSource.MICROPHONE)
        await told("track_published")
        await ana.me.unpublish_track(track_id)
        await told("track_unpublished")
    await told("participant_left")
    token = await provider.create_token(room, TokenOptions("bob"))
    await _hang_up_while_joining(token.url, token.token.get_secret_value())
    await told("participant_connection_aborted")
    await provider.close_room(room)
    await told("room_finished")
    return captured


async def _hang_up_while_joining(url: str, token: str) -> None:
    """Speak LiveKit's signalling up to the server's first answer, and no media."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/rtc?access_token={token}") as socket:
        await socket.receive()


@dataclass(frozen=True)
class Case:
    """`accepted` by us, and by LiveKit's receiver too unless `because` says why it is of another mind."""

    make: Callable[[Delivery], Delivery]
    accepted: bool
    because: str = ""


def _signed(
    body: bytes,
    *,
    secret: str = SECRET,
    algorithm: str | None = "HS256",
    age_seconds: float = 0,
    without: Collection[str] = (),
    **others: object,
) -> Delivery:
    """Sign as the server does, but for what is asked for; `others` are claims."""
    at = int(time.time() - age_seconds)
    claims = {"iss": KEY, "nbf": at, "iat": at, "exp": at + 300, "sha256": _hash(body)} | others
    kept = {name: value for name, value in claims.items() if name not in without}
    return Delivery({"authorization": jwt.encode(kept, secret, algorithm=algorithm)}, body)


def _hash(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def _with(delivery: Delivery, *, header: str | None = None, body: bytes | None = None) -> Delivery:
    return Delivery(
        {"authorization": delivery.headers["authorization"] if header is None else header},
        delivery.body if body is None else body,
    )


def _event(delivery: Delivery, **changes: object) -> bytes:
    """The event with other fields; None leaves one out."""
    changed = json.loads(delivery.body) | changes
    return json.dumps({name: value for name, value in changed.items() if value is not None}).encode()


def _in_snake_case(delivery: Delivery) -> bytes:
    return json.dumps(MessageToDict(Parse(delivery.body, WebhookEvent()), preserving_proto_field_name=True)).encode()


def _headed(delivery: Delivery, algorithm: str, digest: str = "sha256") -> Delivery:
    """Rightly signed by HMAC under a head that names that algorithm."""
    head = _segment(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    signed = f"{head}.{_signed(delivery.body).headers['authorization'].split('.')[1]}"
    return _with(delivery, header=f"{signed}.{_segment(hmac.digest(SECRET.encode(), signed.encode(), digest))}")


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


CASES: dict[str, Case] = {
    # What the server might send
    "signed again": Case(lambda d: _signed(d.body), True),
    "expired within the leeway": Case(lambda d: _signed(d.body, age_seconds=330), True),
    "begins within the leeway": Case(lambda d: _signed(d.body, age_seconds=-30), True),
    "indented": Case(lambda d: _signed(json.dumps(json.loads(d.body), indent=4).encode()), True),
    "an event that we do not know": Case(lambda d: _signed(_event(d, event="room_painted")), True),
    "a field that we do not know": Case(lambda d: _signed(_event(d, colour="green")), True),
    "huge": Case(lambda d: _signed(_event(d, colour="x" * 2_000_000)), True),
    # Another body under a genuine signature
    "altered": Case(lambda d: _with(d, body=d.body.replace(b"standup", b"handout")), False),
    "truncated": Case(lambda d: _with(d, body=d.body[:-1]), False),
    "a space more": Case(lambda d: _with(d, body=d.body + b" "), False),
    "the same in other bytes": Case(lambda d: _with(d, body=json.dumps(json.loads(d.body), indent=1).encode()), False),
    "empty": Case(lambda d: _with(d, body=b""), False),
    "huge and altered": Case(lambda d: _with(d, body=d.body + b" " * 2_000_000), False),
    "not UTF-8": Case(lambda d: _with(d, body=d.body + b"\xff"), False),
    # Another signature under a genuine body
    "another secret": Case(lambda d: _signed(d.body, secret="x" * 32), False),
    "another key": Case(lambda d: _signed(d.body, iss="somebody"), False),
    "no key": Case(lambda d: _signed(d.body, without=["iss"]), False),
    "HS384": Case(lambda d: _headed(d, "HS384", "sha384"), False),
    "HS512": Case(lambda d: _headed(d, "HS512", "sha512"), False),
    "RS256 with the secret as key": Case(lambda d: _headed(d, "RS256"), False),
    "no algorithm": Case(lambda d: _signed(d.body, secret="", algorithm=None), False),
    "an algorithm in other letters": Case(lambda d: _headed(d, "hs256"), False),
    "no signature": Case(lambda d: _with(d, header=d.headers["authorization"].rpartition(".")[0] + "."), False),
    "of another delivery": Case(lambda d: _with(_signed(b"{}"), body=d.body), False),
    "a token to join": Case(lambda d: _signed(d.body, without=["sha256"], video={"roomJoin": True}), False),
    # At another time
    "expired": Case(lambda d: _signed(d.body, age_seconds=420), False),
    "expired long ago": Case(lambda d: _signed(d.body, age_seconds=86_400), False),
    "begins in two minutes": Case(lambda d: _signed(d.body, nbf=int(time.time()) + 120), False),
    "signed in two minutes": Case(lambda d: _signed(d.body, iat=int(time.time()) + 120), False),
    "never expires": Case(lambda d: _signed(d.body, without=["exp"]), False),
    "expires in words": Case(lambda d: _signed(d.body, exp="tomorrow"), False),
    # The hash
    "no hash": Case(lambda d: _signed(d.body, without=["sha256"]), False),
    "an empty hash": Case(lambda d: _signed(d.body, sha256=""), False),
    "no text as hash": Case(lambda d: _signed(d.body, sha256=[_hash(d.body)]), False),
    "hash in hexadecimal": Case(lambda d: _signed(d.body, sha256=hashlib.sha256(d.body).hexdigest()), False),
    "hash without padding": Case(lambda d: _signed(d.body, sha256=_hash(d.body).rstrip("=")), False),
    "hash with a line break": Case(
        lambda d: _signed(d.body, sha256=f"{_hash(d.body)}\n"),
        False,
        "the server writes one form; to compare the text in constant time is to take no other",
    ),
    # The header
    "no header": Case(lambda d: Delivery({}, d.body), False),
    "an empty header": Case(lambda d: _with(d, header=""), False),
    "no token": Case(lambda d: _with(d, header="Bearer"), False),
    "basic": Case(lambda d: _with(d, header="Basic dGVzdDp0ZXN0"), False),
    "twice": Case(lambda d: _with(d, header=", ".join([d.headers["authorization"]] * 2)), False),
    "not ASCII": Case(lambda d: _with(d, header="é" + d.headers["authorization"]), False),
    "Bearer": Case(
        lambda d: _with(d, header=f"Bearer {d.headers['authorization']}"),
        True,
        "a gateway that wants the usual form adds it; the signature is the same",
    ),
    # Signed, and no event
    "signed and empty": Case(lambda d: _signed(b""), False),
    "signed and not UTF-8": Case(lambda d: _signed(b'{"event": "\xff"}'), False),
    "signed and a number": Case(lambda d: _signed(b"7"), False),
    "signed and deeply nested": Case(lambda d: _signed(b"[" * 100_000), False),
    "signed and a list": Case(lambda d: _signed(b"[]"), False, "LiveKit's reader makes an empty event of it"),
    "signed and a text": Case(
        lambda d: _signed(b'"room_started"'), False, "LiveKit's reader makes an empty event of it"
    ),
    "signed and half": Case(lambda d: _signed(d.body[:-1]), False),
    "signed and of wrong types": Case(lambda d: _signed(_event(d, room=[], participant=7)), False),
    "signed and without a number": Case(
        lambda d: _signed(_event(d, id=None)), False, "a repeat could not be told from it"
    ),
    "signed and without a time": Case(
        lambda d: _signed(_event(d, createdAt=None)), False, "what came before it could not be told"
    ),
    "signed and in snake case": Case(
        lambda d: _signed(_in_snake_case(d)), False, "no server writes it, and to look for both costs every delivery"
    ),
    "signed and with a byte order mark": Case(
        lambda d: _signed(b"\xef\xbb\xbf" + d.body), True, "Python's parser takes it from bytes; the server vouches"
    ),
    "signed and one field twice": Case(
        lambda d: _signed(d.body[:-1] + b',"createdAt":"1"}'), True, "the last one counts, and the server vouches"
    ),
}


@pytest.mark.parametrize("kind", EVENTS)
def test_what_the_server_sent_is_accepted_by_both_and_read_alike(genuine: Genuine, kind: str) -> None:
    delivery = genuine[kind]
    event = JUDGE.receive(delivery.body.decode(), delivery.headers["authorization"])
    facts = _livekit().read_webhook("", delivery.headers, delivery.body)
    assert event.event == kind
    told = [(fact.key, fact.type, int(fact.at.timestamp()), fact.thing_id) for fact in facts]
    ours = () if kind == "participant_connection_aborted" else (kind,)
    assert told == [(event.id, each, event.created_at, event.room.sid) for each in ours]
    participants = [(p.id, p.identity, p.name) for f in facts if (p := getattr(f, "participant", None))]
    tracks = [track.id for fact in facts if (track := getattr(fact, "track", None))]
    assert tracks == [event.track.sid for _ in tracks]
    judged = event.participant
    assert participants == [(judged.sid, judged.identity, judged.name) for _ in participants]


@pytest.mark.parametrize("kind", ["room_started", "participant_left"])
@pytest.mark.parametrize("name", CASES)
def test_both_are_of_one_mind_unless_the_table_says_why(genuine: Genuine, name: str, kind: str) -> None:
    case = CASES[name]
    delivery = case.make(genuine[kind])
    assert _ours(delivery) is case.accepted
    assert _theirs(delivery) is (not case.accepted if case.because else case.accepted)


def _ours(delivery: Delivery) -> bool:
    try:
        _livekit().read_webhook("", delivery.headers, delivery.body)
    except (Forged, Malformed):
        return False
    return True


def _theirs(delivery: Delivery) -> bool:
    """It has no errors of its own for a refusal, so whatever it raises is one."""
    try:
        JUDGE.receive(delivery.body.decode(), delivery.headers.get("authorization", ""))
    except Exception:
        return False
    return True


def _livekit(url: str = "http://127.0.0.1:1") -> LiveKit:
    return LiveKit("livekit", LiveKitSettings(url=url, api_key=KEY, api_secret=SecretStr(SECRET)))
