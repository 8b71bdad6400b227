"""What is made in private stays so, in whatever order its facts come."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select

from bot.store import reservations
from bot.store.reservations import KEPT, Name
from bot.store.tables import thing
from commands.core.directory import Reservation
from providers.base import (
    CallStatus,
    EgressKind,
    EgressSource,
    IngressStatus,
    RecordingStatus,
    RoomRef,
    StreamStatus,
)
from providers.facts import Fact, RecordingChanged, StreamChanged, ThingKind
from tests.bot.alerts.facts import (
    START,
    call,
    finished,
    ingress,
    joined,
    listed,
    person,
    recording,
    seen,
    started,
    stream,
)
from tests.bot.alerts.house import TEAM, House

LIVE, READY, FAILED = RecordingStatus.LIVE, RecordingStatus.READY, RecordingStatus.FAILED
DIALING = CallStatus.DIALING
HOME, PUBLIC = "C_PRIVATE", "C_PUBLIC"
RENEWED = RoomRef("memory", "RM_9", "standup")


@pytest.fixture(autouse=True)
async def a_public_channel_that_is_told_of_everything(house: House) -> None:
    await house.subscribe(PUBLIC)


async def reserve(
    house: House, kind: ThingKind = ThingKind.ROOM, *, until: timedelta = KEPT, name: str = "standup"
) -> None:
    kept = Name(TEAM, "memory", kind, name)
    await house.store.write(lambda conn: reservations.reserve(conn, kept, Reservation(HOME, "U1", START + until)))


async def private(house: House) -> dict[str, str | None]:
    """The private things, with the channels that they belong to."""
    async with house.store.reading() as conn:
        rows = await conn.execute(select(thing.c.server_id, thing.c.channel_id).where(thing.c.is_private))
        return {row.server_id: row.channel_id for row in rows}


async def test_what_a_command_makes_in_private_has_its_card_there_alone(house: House) -> None:
    await house.command(seen(1), channel=HOME, private=True)
    await house.tell(started(), joined(person(1), 2), finished(5))
    assert await private(house) == {"RM_1": HOME}
    assert await house.carded() == {("RM_1", HOME)}
    assert await house.noted() == [("RM_1", HOME, "ended")]


async def test_what_a_command_finds_from_a_private_place_is_as_public_as_it_was(house: House) -> None:
    await house.tell(started())
    await house.command(seen(1), channel=HOME, user=None)
    assert await private(house) == {}
    assert await house.carded() == {("RM_1", HOME), ("RM_1", PUBLIC)}


@pytest.mark.parametrize("first", [started(), seen(1), joined(person(1), 1), listed(1, person(1))])
async def test_a_webhook_that_comes_before_the_command_shows_nothing(house: House, first: Fact) -> None:
    await reserve(house)
    await house.tell(first)
    assert await private(house) == {"RM_1": HOME}
    assert await house.carded() == set()
    await house.command(seen(2), channel=HOME, private=True)
    assert await house.carded() == {("RM_1", HOME)}
    assert (await house.room()).made_by == "U1"


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_in_every_order(house: House, order: tuple[int, ...]) -> None:
    await reserve(house)
    told: list[Fact] = [started(), recording(LIVE, 2), joined(person(1), 3)]
    for step in order:
        if step == 3:
            await house.command(seen(1), channel=HOME, private=True)
        else:
            await house.tell(told[step])
    assert await private(house) == {"RM_1": HOME, "RE_1": HOME}
    assert await house.carded() == {("RM_1", HOME), ("RE_1", HOME)}


async def test_the_channel_itself_hears_of_its_private_things_by_its_subscription(house: House) -> None:
    await house.subscribe(HOME)
    await house.command(seen(1), channel=HOME, private=True)
    await house.tell(recording(LIVE, 2), recording(FAILED, 3))
    assert await house.carded() == {("RM_1", HOME), ("RE_1", HOME)}
    assert await house.noted() == [("RE_1", HOME, "failed")]


async def test_a_recording_of_a_private_room_is_private_whoever_starts_it(house: House) -> None:
    await house.command(seen(1), channel=HOME, private=True)
    await house.command(recording(LIVE, 2), channel=PUBLIC, user="U_ADMIN")
    assert await private(house) == {"RM_1": HOME, "RE_1": HOME}
    assert await house.carded() == {("RM_1", HOME), ("RE_1", HOME)}
    assert (await house.recording()).made_by == "U_ADMIN"


async def test_a_recording_of_a_private_room_that_goes_by_name_is_private(house: House) -> None:
    """Some servers tell the room's id only once it has begun."""
    await house.command(seen(1), channel=HOME, private=True)
    await house.tell(recording(LIVE, 2, room=RoomRef("memory", "", "standup")))
    assert await private(house) == {"RM_1": HOME, "RE_1": HOME}
    await house.tell(recording(READY, 3))
    async with house.store.reading() as conn:
        rooms = (await conn.execute(select(thing.c.room_id).where(thing.c.server_id == "RE_1"))).scalar_one()
    assert rooms == "RM_1"


async def test_a_card_that_is_wanted_elsewhere_stands_in_the_private_channel(house: House) -> None:
    await house.command(seen(1), channel=HOME, private=True)
    await house.command(seen(2), channel=PUBLIC, user=None)
    await house.command(seen(2), channel=PUBLIC, user=None)
    assert await house.carded() == {("RM_1", HOME)}


@pytest.mark.parametrize("webhook_first", [True, False])
async def test_a_recording_of_a_public_room_made_in_private_is_private(house: House, webhook_first: bool) -> None:
    await house.tell(started())
    await reserve(house, ThingKind.RECORDING)
    if webhook_first:
        await house.tell(recording(LIVE, 2))
    await house.command(recording(LIVE, 1), channel=HOME, private=True)
    await house.tell(recording(LIVE, 3))
    assert await private(house) == {"RE_1": HOME}
    assert await house.carded() == {("RM_1", PUBLIC), ("RE_1", HOME)}


@pytest.mark.parametrize("webhook_first", [True, False])
@pytest.mark.parametrize(("place", "is_private"), [(PUBLIC, False), ("C_OTHER", True)])
async def test_a_recording_that_somebody_else_makes_meanwhile_is_where_they_made_it(
    house: House, webhook_first: bool, place: str, is_private: bool
) -> None:
    """That of the reservation may never come up: its start has timed out."""
    await house.tell(started())
    await reserve(house, ThingKind.RECORDING)
    if webhook_first:
        await house.tell(recording(LIVE, 2))
        assert await private(house) == {"RE_1": HOME}
    await house.command(recording(LIVE, 2), channel=place, user="U2", private=is_private)
    await house.tell(recording(LIVE, 3))
    assert await private(house) == ({"RE_1": place} if is_private else {})
    there = {("RM_1", PUBLIC), ("RE_1", place)}
    assert await house.carded() == there


async def test_what_was_made_in_private_is_not_made_public_by_whoever_says_so_later(house: House) -> None:
    await house.command(seen(1), channel=HOME, private=True)
    await house.command(seen(2), channel=PUBLIC, user="U2")
    assert await private(house) == {"RM_1": HOME}


async def test_a_private_room_that_is_made_anew_by_an_old_token_is_private(house: House) -> None:
    await house.command(seen(1), channel=HOME, private=True)
    await house.tell(finished(5), started(3_600, RENEWED), joined(person(1), 3_601, room=RENEWED))
    assert await private(house) == {"RM_1": HOME, "RM_9": HOME}
    assert await house.carded() == {("RM_1", HOME)}


async def test_it_is_so_even_where_the_end_was_never_told(house: House) -> None:
    await house.command(seen(1), channel=HOME, private=True)
    await house.tell(started(KEPT.total_seconds() * 3, RENEWED))
    assert await private(house) == {"RM_1": HOME, "RM_9": HOME}


async def test_a_day_after_the_end_the_name_is_anybodys(house: House) -> None:
    await house.command(seen(1), channel=HOME, private=True)
    await house.tell(finished(5), started(5 + KEPT.total_seconds(), RENEWED))
    assert await private(house) == {"RM_1": HOME}
    assert ("RM_9", PUBLIC) in await house.carded()


async def test_whoever_may_have_the_name_makes_a_public_room_of_it(house: House) -> None:
    """The command has asked whether they may; in the fold what it made is where it made it."""
    await reserve(house)
    await house.command(seen(1), channel=PUBLIC, user="U_ADMIN")
    assert await private(house) == {}
    assert await house.carded() == {("RM_1", PUBLIC)}


async def test_a_room_that_was_looked_at_first_is_private_too(house: House) -> None:
    """As by a list that the server gave while the room was being made."""
    await reserve(house)
    await house.command(seen(1), channel=PUBLIC, user=None)
    assert await private(house) == {"RM_1": HOME}
    assert await house.carded() == {("RM_1", HOME)}


def of_page(fact: RecordingChanged | StreamChanged, url: str) -> RecordingChanged | StreamChanged:
    room, source = RoomRef("memory", "", ""), EgressSource(EgressKind.WEB, url=url)
    if isinstance(fact, RecordingChanged):
        return replace(fact, recording=replace(fact.recording, room=room, source=source))
    return replace(fact, stream=replace(fact.stream, room=room, source=source))


@pytest.mark.parametrize("webhook_first", [True, False])
async def test_a_stream_of_a_public_room_made_in_private_is_private(house: House, webhook_first: bool) -> None:
    await house.tell(started())
    await reserve(house, ThingKind.STREAM)
    if webhook_first:
        await house.tell(stream(StreamStatus.LIVE, 2))
    await house.command(stream(StreamStatus.LIVE, 1), channel=HOME, private=True)
    await house.tell(stream(StreamStatus.LIVE, 3))
    assert await private(house) == {"ST_1": HOME}
    assert await house.carded() == {("RM_1", PUBLIC), ("ST_1", HOME)}


@pytest.mark.parametrize("webhook_first", [True, False])
async def test_what_comes_into_a_public_room_by_somebody_private_is_private(house: House, webhook_first: bool) -> None:
    """The room's card says that something comes in, and not what."""
    await house.tell(started())
    for kind, told in ((ThingKind.INGRESS, ingress(IngressStatus.LIVE, 2)), (ThingKind.CALL, call(DIALING, 2))):
        await reserve(house, kind)
        if webhook_first:
            await house.tell(told)
        await house.command(replace(told, key=f"the answer of {kind}"), channel=HOME, private=True)
    assert await private(house) == {"IN_1": HOME, "CA_1": HOME}
    assert await house.carded() == {("RM_1", PUBLIC), ("IN_1", HOME), ("CA_1", HOME)}
    room = await house.room()
    assert (room.ingresses, room.calls) == ({"IN_1": IngressStatus.LIVE}, {"CA_1": DIALING})
    assert (room.ingress_names, room.phones) == ({}, {})


async def test_in_a_private_room_it_is_named(house: House) -> None:
    await house.command(seen(1), channel=HOME, private=True)
    await house.tell(ingress(IngressStatus.LIVE, 2), call(DIALING, 2))
    assert await private(house) == {"RM_1": HOME, "IN_1": HOME, "CA_1": HOME}
    room = await house.room()
    assert (list(room.ingress_names), list(room.phones)) == (["IN_1"], ["CA_1"])


@pytest.mark.parametrize(
    ("kind", "fact"),
    [(ThingKind.RECORDING, recording(LIVE, 2)), (ThingKind.STREAM, stream(StreamStatus.LIVE, 2))],
    ids=["recording", "stream"],
)
async def test_of_web_pages_the_one_that_was_asked_for_in_private_is_private(
    house: House, kind: ThingKind, fact: RecordingChanged | StreamChanged
) -> None:
    """They have no room's name, so nothing that has none belongs together."""
    await reserve(house, kind, name="//a.example")
    await house.tell(of_page(fact, "https://a.example/live"))
    assert await private(house) == {fact.thing_id: HOME}
    assert await house.carded() == set()


async def test_another_web_page_is_public(house: House) -> None:
    await reserve(house, ThingKind.RECORDING, name="//a.example")
    await house.tell(of_page(recording(LIVE, 2), "https://b.example/live"))
    assert await private(house) == {}
    assert await house.carded() == {("RE_1", PUBLIC)}
