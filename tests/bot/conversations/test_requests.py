"""Over HTTP the bot faces the world: whatever is sent, it answers, never with a 500, and only Slack is listened to."""

import io
import json
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.demo.slack.deliver import signature
from bot.demo.world import Transport, World
from tests.bot.conversations.conftest import MEMORY, Wanted
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import ask, attempts, card, public, rooms

FORM = "application/x-www-form-urlencoded"
TOO_LARGE = 2 * 1024 * 1024


@pytest.fixture
def transport() -> Transport:
    return "http"


def command(world: World, text: str, *, trigger_id: str = "1.1") -> bytes:
    """A slash command's body, as Slack sends it."""
    return urlencode(
        {
            "team_id": world.slack.team_id,
            "channel_id": world.general.id,
            "channel_name": "general",
            "user_id": world.operator.id,
            "user_name": world.operator.name,
            "command": "/video",
            "text": text,
            "trigger_id": trigger_id,
        }
    ).encode()


def signed(world: World, body: bytes, *, age_seconds: int = 0, kind: str = FORM) -> dict[str, str]:
    timestamp = str(int(time.time()) - age_seconds)
    return {
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature(world.slack.signing_secret, timestamp, body),
        "Content-Type": kind,
    }


async def post(world: World, body: bytes | io.BytesIO, headers: Mapping[str, str], path: str = "/slack/events") -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{world.address}{path}", data=body, headers=headers) as response,
    ):
        return response.status


async def nothing_was_done(world: World) -> bool:
    await ask(world, world.guest, "/video whoami")  # what came before it has been taken by now
    return attempts(world) == [("whoami", "done")] and not rooms(world) and not public(world)


async def test_slacks_own_request_is_taken(world: World) -> None:
    body = command(world, "room create standup")
    assert await post(world, body, signed(world, body)) == 200
    await card(world, "standup", "🟢 *Live*")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v1=abc"},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": "²"},
        {"X-Slack-Request-Timestamp": "-1"},
        {"X-Slack-Request-Timestamp": "9" * 30},
        {"X-Slack-Request-Timestamp": "0x10"},
    ],
)
async def test_a_forged_or_malformed_signature_is_refused(world: World, headers: Mapping[str, str]) -> None:
    body = command(world, "room create standup")
    forged = {**signed(world, body), **headers} if headers else {"Content-Type": FORM}
    assert await post(world, body, forged) == 401
    assert await nothing_was_done(world)


async def test_a_body_that_was_changed_is_refused(world: World) -> None:
    headers = signed(world, command(world, "room list"))
    assert await post(world, command(world, "room create standup"), headers) == 401
    assert await nothing_was_done(world)


@pytest.mark.parametrize("age_seconds", [302, -302, 86_400])
async def test_a_stale_request_is_refused(world: World, age_seconds: int) -> None:
    body = command(world, "room create standup")
    assert await post(world, body, signed(world, body, age_seconds=age_seconds)) == 401
    assert await nothing_was_done(world)


async def test_a_replayed_request_is_acknowledged_and_acts_once(world: World, log: Log) -> None:
    body = command(world, "room create standup")
    headers = signed(world, body)
    assert [await post(world, body, headers) for _ in range(3)] == [200] * 3
    await card(world, "standup", "🟢 *Live*")
    await world.slack.until(lambda: [outcome for _, outcome in attempts(world)] == ["done"])
    assert len(log.events("a repeated delivery was dropped")) == 2


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", FORM),
        (b"\xff\xfe\x00", FORM),
        (b"payload=no-json", FORM),
        (b"payload=[]", FORM),
        (b"payload=" + b"[" * 100_000, FORM),
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b"<xml/>", "text/xml"),
    ],
)
async def test_a_signed_body_that_is_no_form_is_refused(world: World, body: bytes, kind: str) -> None:
    assert await post(world, body, signed(world, body, kind=kind)) == 400
    assert await nothing_was_done(world)


async def test_a_large_body_is_not_read(world: World) -> None:
    body = command(world, "x" * TOO_LARGE)
    assert await post(world, io.BytesIO(body), signed(world, body)) == 413
    assert await post(world, io.BytesIO(body), {}, "/webhooks/memory") == 413
    assert await nothing_was_done(world)


@pytest.mark.parametrize(("path", "status"), [("/webhooks/memory", 401), ("/webhooks/nix", 404), ("/nowhere", 404)])
async def test_other_paths(world: World, path: str, status: int) -> None:
    assert await post(world, b"{}", {}, path) == status


async def test_in_socket_mode_there_is_no_such_door(tmp_path: Path, log: Log) -> None:
    async with await World.open(tmp_path, transport="socket", providers=MEMORY) as world:
        body = command(world, "room create standup")
        assert await post(world, body, signed(world, body)) == 404


@pytest.mark.parametrize(
    "sent", [{"type": "block_actions", "actions": {}}, {"type": "view_submission", "view": {"callback_id": "x"}}]
)
async def test_a_payload_of_another_shape_is_not_acknowledged(
    world: World, wanted: Wanted, log: Log, sent: Mapping[str, object]
) -> None:
    wanted.errors.add("a payload was not understood")
    body = urlencode({"payload": json.dumps(sent)}).encode()
    assert await post(world, body, signed(world, body)) == 400
    (line,) = log.events("a payload was not understood")
    assert line["reference"]


# Whatever is sent

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(
    [
        "block_actions",
        "view_submission",
        "view_closed",
        "block_suggestion",
        "shortcut",
        "message_action",
        "interactive_message",
        "dialog_submission",
        "workflow_step_edit",
        "event_callback",
        "url_verification",
        "app_rate_limited",
        "unheard_of",
    ]
)
KEYS = st.sampled_from(
    [
        "actions",
        "api_app_id",
        "authorizations",
        "callback_id",
        "challenge",
        "channel",
        "container",
        "enterprise",
        "event",
        "event_id",
        "is_enterprise_install",
        "message",
        "response_url",
        "ssl_check",
        "state",
        "submission",
        "team",
        "team_id",
        "token",
        "trigger_id",
        "user",
        "view",
    ]
)
PIECES: st.SearchStrategy[object] = JSON | st.fixed_dictionaries(
    {},
    optional={
        "id": st.just("T00000001") | JSON,
        "type": st.sampled_from(["message", "button", "modal"]) | JSON,
        "callback_id": st.just("form:room.create") | JSON,
        "private_metadata": st.just("{}") | JSON,
        "state": st.just({"values": {}}) | JSON,
        "blocks": st.just([]) | JSON,
        "action_id": st.just("more:room.create") | JSON,
        "team_id": JSON,
        "channel": JSON,
    },
)
PAYLOADS = st.builds(
    lambda kind, rest: {**rest, "type": kind},
    TYPES | JSON,
    st.dictionaries(KEYS, PIECES | st.lists(PIECES, max_size=2), max_size=8),
)
FIELDS = st.dictionaries(
    st.sampled_from(["command", "text", "team_id", "user_id", "channel_id", "trigger_id", "payload", "ssl_check"])
    | st.text(max_size=8),
    st.text(max_size=30).filter(lambda text: text.isprintable()),
    max_size=6,
)
BODIES = st.one_of(
    st.tuples(st.binary(max_size=200), st.sampled_from([FORM, "application/json", "text/plain"])),
    st.tuples(FIELDS.map(lambda fields: urlencode(fields).encode()), st.just(FORM)),
    st.tuples(PAYLOADS.map(lambda sent: urlencode({"payload": json.dumps(sent)}).encode()), st.just(FORM)),
    st.tuples(PAYLOADS.map(lambda sent: json.dumps(sent).encode()), st.just("application/json")),
)
HEADERS = st.dictionaries(
    st.sampled_from(["X-Slack-Request-Timestamp", "X-Slack-Signature", "X-Slack-Retry-Num", "Content-Type", "Cookie"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f"), max_size=80),
    max_size=4,
)


WHATEVER = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@given(body=st.binary(max_size=200), headers=HEADERS)
@WHATEVER
async def test_whatever_comes_unsigned_is_refused(world: World, body: bytes, headers: Mapping[str, str]) -> None:
    assert await post(world, body, headers) in (400, 401)


@given(sent=BODIES)
@WHATEVER
async def test_whatever_comes_signed_is_never_an_error_of_ours(
    world: World, wanted: Wanted, sent: tuple[bytes, str]
) -> None:
    wanted.errors |= {"a payload was not understood", "a task failed"}
    body, kind = sent
    assert await post(world, body, signed(world, body, kind=kind)) in (200, 400, 404)
