"""What was asked for comes back as it was, and nobody who copies the database reads a stream key in it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from structlog.testing import capture_logs

from bot.secrets import SecretBox, new_key
from bot.store.egress_requests import StoredEgressRequests
from bot.store.engine import Store
from bot.store.sealed import Resealed, reseal
from bot.store.tables import egress_request
from commands.core.egress_requests import EgressRequest
from providers.base import (
    EgressKind,
    EgressOptions,
    EgressSource,
    Encoding,
    FileFormat,
    FileOutput,
    ImagesOutput,
    RoomRef,
    SegmentsOutput,
)
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import dumped

OLD, NEW = new_key(), new_key()
ROOM = RoomRef("livekit", "RM_1", "standup")
KEYS = ("rtmp://a.example/live/hunter2", "srt://b.example:7000?passphrase=hunter3")
EVERYTHING = EgressOptions(
    source=EgressSource(EgressKind.PARTICIPANT, layout="grid", identity="ana", screen_share=True),
    file=FileOutput("out/ana.mp4", FileFormat.MP4),
    segments=SegmentsOutput("out/", "list.m3u8", "live.m3u8", timedelta(seconds=6)),
    images=ImagesOutput("out/image", timedelta(seconds=2.5), 640, 360),
    urls=tuple(map(SecretStr, KEYS)),
    encoding=Encoding(1920, 1080, 30, 4500, 128, 48000, timedelta(seconds=4)),
    output="archive",
)
REQUEST = EgressRequest("livekit", "EG_1", ROOM, EVERYTHING, "U1", stop_after=timedelta(hours=1.5), is_paused=True)


@pytest.fixture
def requests(store: Store, clock: StillClock) -> StoredEgressRequests:
    return StoredEgressRequests(store, clock, SecretBox(OLD))


async def test_it_comes_back_as_it_was(requests: StoredEgressRequests) -> None:
    await requests.keep("T1", REQUEST)
    assert await requests.get("T1", "livekit", "EG_1") == replace(REQUEST, first="EG_1")


@pytest.mark.parametrize(
    "options",
    [
        EgressOptions(),
        EgressOptions(preset="h264-720p-30", urls=(SecretStr("rtmp://a.example/live/ключ"),)),
        EgressOptions(source=EgressSource(EgressKind.WEB, url="https://a.example/?token=hunter2", audio_only=True)),
    ],
)
async def test_of_a_web_page_there_is_no_room(requests: StoredEgressRequests, options: EgressOptions) -> None:
    await requests.keep("T1", replace(REQUEST, room=None, options=options))
    found = await requests.get("T1", "livekit", "EG_1")
    assert found is not None
    assert (found.room, found.options) == (None, options)


@pytest.mark.parametrize("address", [("T2", "livekit", "EG_1"), ("T1", "eu", "EG_1"), ("T1", "livekit", "EG_2")])
async def test_nobody_elses(requests: StoredEgressRequests, address: tuple[str, str, str]) -> None:
    await requests.keep("T1", REQUEST)
    assert await requests.get(*address) is None
    assert await requests.parts(*address) == []


async def test_no_key_is_in_the_database_or_in_a_repr(requests: StoredEgressRequests, store: Store) -> None:
    await requests.keep("T1", REQUEST)
    found = await requests.get("T1", "livekit", "EG_1")
    assert found is not None
    for secret in ("hunter2", "hunter3"):
        assert secret.encode() not in await dumped(store)
        assert secret not in repr(found)


async def test_what_was_changed_takes_its_place(requests: StoredEgressRequests) -> None:
    await requests.keep("T1", REQUEST)
    fewer = replace(REQUEST, options=replace(EVERYTHING, urls=EVERYTHING.urls[1:]), by="U2")
    await requests.keep("T1", fewer)
    assert await requests.get("T1", "livekit", "EG_1") == replace(fewer, first="EG_1")


async def test_parts_come_in_their_order(requests: StoredEgressRequests) -> None:
    await requests.keep("T1", replace(REQUEST, id="EG_3", first="EG_1", part=3))
    await requests.keep("T1", REQUEST)
    await requests.keep("T1", replace(REQUEST, id="EG_2", first="EG_1", part=2))
    await requests.keep("T1", replace(REQUEST, id="EG_9"))
    found = await requests.parts("T1", "livekit", "EG_1")
    assert [(each.id, each.part) for each in found] == [("EG_1", 1), ("EG_2", 2), ("EG_3", 3)]
    assert await requests.parts("T1", "livekit", "EG_2") == []


async def test_of_many_who_change_it_at_once_one_is_the_last(requests: StoredEgressRequests, store: Store) -> None:
    changes = [replace(REQUEST, by=f"U{n}", options=replace(EVERYTHING, output=f"out-{n}")) for n in range(20)]
    found = await asyncio.gather(
        *(requests.keep("T1", each) for each in changes), *(requests.get("T1", "livekit", "EG_1") for _ in changes)
    )
    kept = await requests.get("T1", "livekit", "EG_1")
    whole = [replace(each, first="EG_1") for each in changes]
    assert kept in whole, "never a part of one and a part of another"
    assert all(each is None or each in whole for each in found)
    async with store.reading() as conn:
        assert len((await conn.execute(select(egress_request.c.egress_id))).all()) == 1


async def test_of_many_who_claim_it_at_once_one_gets_it(requests: StoredEgressRequests) -> None:
    await requests.keep("T1", REQUEST)

    def claim(kept: EgressRequest) -> EgressRequest | None:
        return replace(kept, is_paused=False) if kept.is_paused else None

    claimed = await asyncio.gather(*(requests.change("T1", "livekit", "EG_1", claim) for _ in range(10)))
    expected = replace(REQUEST, first="EG_1", is_paused=False)
    assert [each for each in claimed if each is not None] == [expected]
    assert await requests.get("T1", "livekit", "EG_1") == expected


async def test_no_change_of_many_at_once_is_lost(requests: StoredEgressRequests) -> None:
    await requests.keep("T1", REQUEST)

    def add(kept: EgressRequest) -> EgressRequest:
        return replace(kept, options=replace(kept.options, urls=(*kept.options.urls, SecretStr("rtmp://c.example/x"))))

    await asyncio.gather(*(requests.change("T1", "livekit", "EG_1", add) for _ in range(10)))
    kept = await requests.get("T1", "livekit", "EG_1")
    assert kept is not None
    assert len(kept.options.urls) == len(KEYS) + 10


async def test_what_is_not_kept_is_not_changed(requests: StoredEgressRequests) -> None:
    assert await requests.change("T1", "livekit", "EG_1", lambda kept: kept) is None


async def test_another_key_opens_it_after_a_rotation(
    requests: StoredEgressRequests, store: Store, clock: StillClock
) -> None:
    await requests.keep("T1", REQUEST)
    assert await reseal(store, SecretBox(NEW, OLD)) == Resealed(1, 0)
    afterwards = StoredEgressRequests(store, clock, SecretBox(NEW))
    assert await afterwards.get("T1", "livekit", "EG_1") == replace(REQUEST, first="EG_1")
    assert await requests.get("T1", "livekit", "EG_1") is None, "the old key opens it no more"


@pytest.mark.parametrize("sealed", ["not JSON", '{"options": {"file": "hunter2"}, "urls": []}', '{"urls": 1}', None])
async def test_what_cannot_be_read_is_not_there(
    requests: StoredEgressRequests, store: Store, sealed: str | None
) -> None:
    """Another version wrote it, or the key is gone. Nothing of it is logged."""
    await requests.keep("T1", REQUEST)
    box = SecretBox(OLD if sealed is not None else NEW)
    broken = update(egress_request).values(options=box.seal(sealed or ""))
    await store.write(lambda conn: conn.execute(broken))
    with capture_logs() as lines:
        assert await requests.get("T1", "livekit", "EG_1") is None
        assert await requests.parts("T1", "livekit", "EG_1") == []
    why = "ValidationError" if sealed is not None else "WrongKey"
    assert [(line["egress"], line["why"]) for line in lines] == [("EG_1", why)] * 2
    assert "hunter2" not in str(lines)
