"""Webhooks as they should not come: twice, late, out of order, forged, cut off, too large, too slow."""

import asyncio
import base64
import hashlib
import json
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
import pytest_asyncio
from pydantic import SecretStr
from structlog.testing import capture_logs

from providers.facts import Fact
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from providers.memory import webhooks
from tests.bot.alerts.facts import finished, joined, left, person, started
from tests.bot.faults.door import SECRET as MEMORY_SECRET
from tests.bot.faults.door import Door, head, open_door, signed

KEY, SECRET = "a-key", "a-secret-of-the-livekit-server-and-of-no-other"
LARGE = 10 * 1024 * 1024


@pytest_asyncio.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(f"sqlite:///{tmp_path}/showcaller.db") as opened:
        yield opened


async def test_one_that_comes_many_times_at_once_counts_once(door: Door) -> None:
    ana = joined(person(1), 1)
    answers = await asyncio.gather(*(door.send(ana) for _ in range(50)))

    assert answers == [200] * 50
    assert await door.keys() == {ana.key}
    assert await door.house.intake.fold_waiting()
    assert (await door.house.room()).people == 1


async def test_shuffled_and_repeated_ones_end_in_the_same_state(door: Door) -> None:
    people = [joined(person(number), number) for number in range(20)]
    facts: list[Fact] = [started(), *people, *(left(person(number), 30 + number) for number in range(7))] * 2
    random.Random(20261121).shuffle(facts)

    answers = await asyncio.gather(*(door.send(fact) for fact in facts))

    assert answers == [200] * len(facts)
    assert await door.house.intake.fold_waiting()
    assert (await door.house.room()).people == 13


async def test_what_comes_after_the_end_revives_nothing(door: Door) -> None:
    facts: tuple[Fact, ...] = (finished(60), started(), joined(person(1), 1))
    for fact in facts:
        assert await door.send(fact) == 200
        assert await door.house.intake.fold_waiting()

    assert (await door.house.room()).is_final


async def test_a_replay_after_an_hour_is_401(door: Door) -> None:
    ana = joined(person(1), 1)
    assert await door.send(ana, age=timedelta(hours=1)) == 401
    assert await door.send(ana, age=timedelta(minutes=1)) == 200
    assert await door.keys() == {ana.key}


def livekit_delivery(*, expires_seconds: float, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
    """As LiveKit signs it: https://docs.livekit.io/home/server/webhooks/"""
    now = int(time.time())
    event = {"event": "room_started", "id": "EV_1", "createdAt": str(now), "room": {"sid": "RM_1", "name": "standup"}}
    body = json.dumps(event).encode()
    claims = {
        "iss": KEY,
        "exp": int(now + expires_seconds),
        "sha256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
    }
    return body, {"Authorization": jwt.encode(claims, secret, algorithm="HS256")}


async def test_livekits_too(tmp_path: Path) -> None:
    settings = LiveKitSettings(url="http://127.0.0.1:7880", api_key=KEY, api_secret=SecretStr(SECRET))
    livekit = LiveKit("livekit", settings)
    async with open_door(f"sqlite:///{tmp_path}/showcaller.db", livekit) as door:
        hour_ago = livekit_delivery(expires_seconds=300 - 3_600)
        forged = livekit_delivery(expires_seconds=300, secret="another-secret-of-the-same-length-or-so")
        fresh = livekit_delivery(expires_seconds=300)

        assert await door.post(*hour_ago, to="livekit") == 401
        assert await door.post(*forged, to="livekit") == 401
        assert await door.post(fresh[0][:-1], fresh[1], to="livekit") == 401
        assert await door.keys() == set()
        assert await door.post(*fresh, to="livekit") == 200
        assert await door.keys() == {"EV_1"}
    await livekit.aclose()


async def test_a_truncated_or_changed_body_is_401(door: Door) -> None:
    body, headers = signed(started())
    for wrong in (body[:-1], body[: len(body) // 2], b"", body + b" "):
        assert await door.post(wrong, headers) == 401
    assert await door.keys() == set()
    assert door.counted("forged") == 4


async def test_one_that_breaks_off_is_not_kept_and_harms_nobody(door: Door) -> None:
    body, headers = signed(started())
    with capture_logs() as lines:
        async with door.raw() as (_, writer):
            writer.write(head(body, headers) + body[:10])
            await writer.drain()
        assert await door.send(joined(person(1), 1)) == 200
        async with asyncio.timeout(5):
            while not lines:
                await asyncio.sleep(0.01)

    assert len(await door.keys()) == 1
    assert [(line["log_level"], line["reason"]) for line in lines] == [("warning", "body broken off")]


async def test_a_sender_that_has_nothing_more_to_say_is_answered_all_the_same_or_known_by_the_repeat(
    door: Door,
) -> None:
    """Half closed: it waits for the answer, and writes no more."""
    fact = started()
    body, headers = signed(fact)
    async with door.raw() as (reader, writer):
        writer.write(head(body, headers) + body)
        writer.write_eof()
        answer = await reader.read()

    assert answer.split()[1:2] in ([], [b"200"])
    assert await door.send(fact) == 200
    assert await door.keys() == {fact.key}


@pytest.mark.parametrize("length", [LARGE, None])
async def test_ten_megabytes_are_refused_before_they_are_read(door: Door, length: int | None) -> None:
    """`length`: as it is announced; None for one that comes in pieces."""
    with capture_logs():
        async with door.raw() as (reader, writer):
            if length is not None:
                writer.write(head(b"", {}, length=length))
            else:
                writer.write(b"POST /webhooks/memory HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
                piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
                for _ in range(17):
                    writer.write(piece)
            assert (await reader.readline()).split()[1] == b"413"
    assert await door.keys() == set()


async def test_one_that_drips_is_408(door: Door) -> None:
    body, headers = signed(started())

    async def drip(writer: asyncio.StreamWriter) -> None:
        for byte in body:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)

    with capture_logs():
        async with door.raw() as (reader, writer):
            writer.write(head(body, headers))
            dripping = asyncio.create_task(drip(writer))
            assert (await reader.readline()).split()[1] == b"408"
            dripping.cancel()
    assert await door.keys() == set()


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b'[{"type": "unheard of"}]', b"\xff\xfe", b"[" * 10_000])
async def test_signed_nonsense_is_taken_and_told_to_nobody(door: Door, body: bytes) -> None:
    """To send it again would not help."""
    with capture_logs() as lines:
        assert await door.post(body, webhooks.sign(MEMORY_SECRET, "EV_1", body, datetime.now(UTC))) == 200
    assert await door.keys() == set()
    assert len(lines) <= 1
