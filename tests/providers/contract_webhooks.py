"""The part of the contract about webhooks: what they tell, and which are forged."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from providers.base import Capability
from providers.errors import Forged, Malformed
from providers.facts import (
    Fact,
    ParticipantJoined,
    ParticipantLeft,
    RoomFinished,
    RoomStarted,
    Source,
    facts_from_json,
    facts_to_json,
)
from tests.providers.stage import PATIENCE_SECONDS, Delivery, Stage

GARBLED = ("", "garbage", "v1,AAAA", "a.b.c", "é", "\udcff", "１２３", "²", "9" * 5000, "-1", "0")
HOSTILE = (b"", b"\xff\xfe", b"not json", b"null", b"[]", b"{}", b'"x"', b"[7]", b'{"event": 7}', b'[{"type": "new"}]')


class Webhooks:
    async def test_the_life_of_a_room_is_told(self, stage: Stage) -> None:
        stage.needs_webhooks()
        stage.needs(Capability.CLOSE_ROOM)
        room = await stage.create()
        await stage.leave(await stage.enter(room.ref, "ana"))
        await stage.enter(room.ref, "bo")
        await stage.provider.close_room(room.ref)
        await stage.fact(RoomStarted, lambda f: f.room == room.ref)
        joined = await stage.fact(ParticipantJoined, lambda f: f.participant.identity == "ana")
        left = await stage.fact(ParticipantLeft, lambda f: f.participant.identity == "ana")
        thrown_out = await stage.fact(ParticipantLeft, lambda f: f.participant.identity == "bo")
        await stage.fact(RoomFinished, lambda f: f.room == room.ref)
        assert joined.room == left.room == thrown_out.room == room.ref
        assert joined.participant.id == left.participant.id
        assert joined.participant.is_person
        assert (left.reason, thrown_out.reason) == ("", "room closed")

    async def test_facts_say_whence_and_when_and_hold_no_secret(self, stage: Stage) -> None:
        delivery, facts = await self._genuine(stage)
        for fact in facts:
            assert fact.provider == stage.provider.name
            assert fact.source is Source.WEBHOOK
            assert fact.key
            assert fact.at.utcoffset() is not None
            assert fact.seen_at.utcoffset() is not None
            assert abs(datetime.now(UTC) - fact.seen_at) < timedelta(seconds=30)
            assert abs(fact.seen_at - fact.at) < timedelta(minutes=1)
        kept = facts_to_json(facts)
        assert facts_from_json(kept) == facts
        assert all(secret.encode() not in kept for secret in stage.secrets)
        assert [fact.key for fact in stage.read(delivery)] == [fact.key for fact in facts]

    async def test_no_two_facts_share_a_key(self, stage: Stage) -> None:
        stage.needs_webhooks()
        room = await stage.create()
        await stage.enter(room.ref)
        await stage.fact(ParticipantJoined, lambda f: f.room == room.ref)
        keys = [fact.key for fact in stage.told]
        assert len(keys) == len(set(keys)) > 0

    async def test_an_altered_body_is_forged(self, stage: Stage) -> None:
        delivery, _ = await self._genuine(stage)
        for body in (delivery.body + b" ", delivery.body.replace(b"r", b"R", 1), delivery.body[:-1], b""):
            with pytest.raises(Forged):
                stage.provider.read_webhook(delivery.kind, delivery.headers, body)

    async def test_another_secret_is_forged(self, stage: Stage) -> None:
        delivery, _ = await self._genuine(stage)
        with pytest.raises(Forged):
            stage.read(stage.sign(delivery.body, secret="another secret of quite sufficient length"))

    async def test_a_stale_delivery_is_forged(self, stage: Stage) -> None:
        delivery, facts = await self._genuine(stage)
        assert stage.read(stage.sign(delivery.body, age=timedelta(minutes=1)))[0].thing_id == facts[0].thing_id
        with pytest.raises(Forged):
            stage.read(stage.sign(delivery.body, age=timedelta(minutes=20)))

    async def test_missing_and_garbled_headers_are_forged(self, stage: Stage) -> None:
        delivery, _ = await self._genuine(stage)
        assert stage.signature_headers
        for name in stage.signature_headers:
            without = {k: v for k, v in delivery.headers.items() if k != name}
            for headers in (without, *({**without, name: value} for value in GARBLED)):
                with pytest.raises(Forged):
                    stage.provider.read_webhook(delivery.kind, headers, delivery.body)

    @pytest.mark.parametrize("body", HOSTILE, ids=repr)
    async def test_a_signed_body_of_another_shape_tells_nothing(self, stage: Stage, body: bytes) -> None:
        stage.needs_webhooks()
        told: list[Fact] = []
        with contextlib.suppress(Malformed):
            told = stage.read(stage.sign(body))
        assert told == []

    async def _genuine(self, stage: Stage) -> tuple[Delivery, list[Fact]]:
        """A delivery that the server made, with what it tells."""
        stage.needs_webhooks()
        await stage.enter((await stage.create()).ref)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                delivery = await stage.delivery()
                if facts := stage.read(delivery):
                    return delivery, facts
