"""A channel where too much happens is shown on pages, and is as true as ever when it is calm again."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from bot.alerts.pace import Tempo
from bot.alerts.state import RoomState
from bot.demo.slack.things import Channel, Message
from bot.store.backlog import Backlogs
from bot.store.tables import card, note, pace, thing
from providers.base import RecordingStatus, RoomRef
from providers.facts import Fact, ThingKind
from tests.bot.alerts.facts import finished, joined, left, person, recording, seen, started
from tests.bot.alerts.house import TEAM
from tests.bot.alerts.proxy import Trouble
from tests.bot.alerts.scene import Scene, warned

TIMES = 20.0
"""As much faster than in life are the limits of the stand-in, and our pace."""


def room(number: int) -> RoomRef:
    return RoomRef("memory", f"RM_{number}", f"room-{number:03}")


@pytest.fixture
def storm(scene: Scene) -> Scene:
    """Slack's limits are on."""
    scene.slack.limits.enforced = True
    scene.slack.limits.scale = TIMES
    scene.tempo = Tempo().faster(TIMES)
    scene.deliverer = scene.new_deliverer()
    return scene


async def busy(scene: Scene) -> list[str]:
    async with scene.house.store.reading() as conn:
        return list((await conn.execute(select(pace.c.key).where(pace.c.digest_since.is_not(None)))).scalars())


async def until_calm(scene: Scene, seconds: float = 20) -> None:
    """Nothing waits to be shown, and no channel is on pages."""
    async with asyncio.timeout(seconds):
        while await busy(scene) or await dirty(scene) or await unposted_notes(scene):
            await asyncio.sleep(0.02)


async def until_told(scene: Scene) -> None:
    async with asyncio.timeout(10):
        while await scene.behind():
            await asyncio.sleep(0.02)


async def until_all_is_on_pages(scene: Scene) -> None:
    """One channel is busy, and nothing waits to be told there: on a slow machine that is soon over."""
    backlogs = Backlogs(scene.house.store, team_id=TEAM)
    async with asyncio.timeout(10):
        while True:
            found = await backlogs.read()
            if (found.untold_since, found.cards_behind, found.busy_channels) == (None, 0, 1):
                return
            await asyncio.sleep(0.02)


async def dirty(scene: Scene) -> int:
    async with scene.house.store.reading() as conn:
        return int((await conn.execute(select(func.count()).where(card.c.wanted > card.c.delivered))).scalar_one())


async def unposted_notes(scene: Scene) -> int:
    query = select(func.count()).join_from(note, card).where(note.c.ts.is_(None), card.c.ts.is_not(None))
    async with scene.house.store.reading() as conn:
        return int((await conn.execute(query)).scalar_one())


def pages(scene: Scene, channel: Channel | None = None) -> list[Message]:
    return [m for m in scene.messages(channel) if "Busy" in m.words or "Calm" in m.words]


async def page_states(scene: Scene) -> list[bool]:
    """Of each page, whether it is over."""
    query = select(thing.c.terminal).where(thing.c.kind == ThingKind.DIGEST).order_by(thing.c.id)
    async with scene.house.store.reading() as conn:
        return list((await conn.execute(query)).scalars())


@asynccontextmanager
async def many_rooms(scene: Scene, count: int = 20) -> AsyncIterator[None]:
    """So many at once that they are shown on a page."""
    await scene.house.subscribe(scene.general.id)
    await scene.house.tell(*(started(1, room(number)) for number in range(count)))
    async with scene.delivering():
        await scene.slack.until(lambda: pages(scene) or None)
        yield


async def test_more_rooms_than_can_be_posted_in_time_are_one_message(storm: Scene) -> None:
    async with many_rooms(storm):
        await until_all_is_on_pages(storm)
        (page,) = storm.messages()
        assert all(room(number).name in page.words for number in range(20))

        await until_calm(storm)
        await storm.shows("Calm again", room(7).name)
        assert [message.ts for message in storm.messages()] == [page.ts], "what changes no more stays as a line"


async def test_a_room_that_changes_after_the_storm_gets_its_own_message_and_leaves_the_page(storm: Scene) -> None:
    async with many_rooms(storm):
        await until_calm(storm)
        await storm.house.tell(joined(person(1), 2, room=room(7)))
        own = await storm.shows("`RM_7`", "1 person")
        await storm.slack.until(lambda: "room-007" not in pages(storm)[0].words or None)
        await until_calm(storm)

        assert len(storm.messages()) == 2
        assert await page_states(storm) == [False]
        await storm.house.tell(finished(9, room(7)))
        assert (await storm.shows("`RM_7`", "Ended")).ts == own.ts


async def test_messages_from_before_the_storm_are_brought_up_to_date_after_it(storm: Scene) -> None:
    await storm.house.subscribe(storm.general.id)
    await storm.house.tell(*(started(1, room(number)) for number in range(3)))
    async with storm.delivering():
        await until_calm(storm)
        before = storm.messages()
        assert len(before) == 3
        await storm.house.tell(*(started(2, room(number)) for number in range(3, 20)), finished(3, room(0)))
        await storm.slack.until(lambda: pages(storm) or None)
        await until_told(storm)
        assert "room-000" in pages(storm)[0].words
        assert not any("Ended" in m.words for m in storm.messages() if m not in pages(storm))
        await until_calm(storm)

        assert (await storm.shows("room-000", "Ended")).ts == before[0].ts
        assert "room-000" not in pages(storm)[0].words
        (said,) = [m for m in storm.messages() if m.thread_ts]
        assert (said.thread_ts, said.broadcast) == (before[0].ts, True)


async def test_what_fails_in_a_storm_is_on_the_page_at_once_and_in_a_message_afterwards(storm: Scene) -> None:
    async with many_rooms(storm):
        failed = recording(RecordingStatus.FAILED, 3, room=room(1), error="disk full")
        await storm.house.tell(recording(RecordingStatus.LIVE, 2, room=room(1)), failed)
        await storm.slack.until(lambda: "disk full" in pages(storm)[0].words or None)
        assert not any("Failed" in m.words for m in storm.messages() if m not in pages(storm))
        await until_calm(storm)
        own = await storm.shows("Failed", "disk full")
        (said,) = [m for m in storm.messages() if m.thread_ts]
        assert (said.thread_ts, said.broadcast) == (own.ts, True)


async def test_an_end_in_a_storm_is_a_line_and_no_message(storm: Scene) -> None:
    async with many_rooms(storm):
        await storm.house.tell(*(finished(3, room(number)) for number in range(20)))
        await until_told(storm)
        await until_calm(storm)

        (page,) = storm.messages()
        assert "room-019" in page.words
        assert await page_states(storm) == [True], "it may be forgotten with what it shows"


async def test_one_storm_does_not_stop_another_channel(storm: Scene) -> None:
    other = storm.slack.workspace.add_channel("other", members=[storm.ana])
    async with many_rooms(storm):
        await storm.house.command(seen(1, room=room(99)), channel=other.id)
        await storm.shows("room-099", channel=other)
        assert pages(storm, other) == []


async def test_a_page_that_somebody_deletes_comes_again_with_the_next_change(storm: Scene) -> None:
    async with many_rooms(storm):
        await until_told(storm)
        (page,) = pages(storm)
        storm.slack.workspace.delete(page)
        await storm.house.tell(*(joined(person(1), 2, room=room(number)) for number in range(20)))
        await storm.slack.until(lambda: pages(storm) or None)
        await until_told(storm)
        again = pages(storm)[0]
        assert again.ts != page.ts
        assert all(room(number).name in again.words for number in range(20))


async def test_a_page_that_slack_refuses_is_not_tried_again_and_all_get_their_own_messages(storm: Scene) -> None:
    storm.slack.refuse("chat.postMessage", "invalid_arguments")
    await storm.house.subscribe(storm.general.id)
    await storm.house.tell(*(started(1, room(number)) for number in range(20)))
    with warned("a card or note cannot be delivered"):
        async with storm.delivering():
            await storm.slack.until(lambda: len(storm.messages()) == 20 or None)
            await until_told(storm)
    assert pages(storm) == []
    assert len(storm.calls("chat.postMessage")) == 21


async def test_a_page_that_cannot_be_drawn_keeps_one_thing_from_nobody_but_itself(storm: Scene) -> None:
    await storm.house.subscribe(storm.general.id)
    await storm.house.tell(*(started(1, room(number)) for number in range(20)))
    await storm.house.store.write(
        lambda conn: conn.execute(update(thing).where(thing.c.server_id == "RM_7").values(state="{}"))
    )
    with warned("a card or note cannot be drawn"):
        async with storm.delivering():
            await storm.slack.until(lambda: len(storm.messages()) == 19 or None)
    assert pages(storm) == []


async def test_what_goes_wrong_in_a_long_storm_does_not_wait_for_the_calm(storm: Scene) -> None:
    storm.tempo = replace(storm.tempo, calm_seconds=600)
    storm.deliverer = storm.new_deliverer()
    async with many_rooms(storm):
        failed = recording(RecordingStatus.FAILED, 3, room=room(1), error="disk full")
        await storm.house.tell(recording(RecordingStatus.LIVE, 2, room=room(1)), failed)
        await storm.slack.until(lambda: "disk full" in pages(storm)[0].words or None)
        (said,) = await storm.slack.until(lambda: [m for m in storm.messages() if m.thread_ts] or None, timeout=10)
        (own,) = [m for m in storm.messages() if m.ts == said.thread_ts]
        assert own not in pages(storm)
        assert said.broadcast
        assert await busy(storm)


async def test_a_second_message_of_a_page_gives_itself_away(storm: Scene) -> None:
    storm.proxy.next.append(Trouble.LOST)
    with warned("a delivery waits"):
        async with many_rooms(storm):
            await storm.slack.until(lambda: len(pages(storm)) == 2 or None)
            await until_told(storm)
    async with storm.house.store.reading() as conn:
        known = set((await conn.execute(select(card.c.ts))).scalars())
    (doubled,) = [page for page in pages(storm) if page.ts not in known]
    assert [button.label for button in doubled.buttons] == ["Show all"]
    assert doubled.blocks[-1]["block_id"].startswith("card:")


async def test_a_storm_in_a_closed_channel_is_told_once_and_tried_no_more(storm: Scene) -> None:
    closed = storm.slack.workspace.add_channel("closed", members=[storm.ana], bot=False)
    await storm.house.subscribe(closed.id, by=storm.ana.id)
    await storm.house.tell(*(started(1, room(number)) for number in range(20)))
    async with storm.delivering():
        await storm.slack.until(lambda: storm.direct or None)
        await until_told(storm)
    assert len(storm.direct) == 1
    assert len(storm.calls("chat.postMessage")) == 2, "the page, and the word about it"

    storm.slack.workspace.invite(closed, storm.slack.workspace.bot)
    storm.deliverer = storm.new_deliverer()
    await storm.deliverer.reopen(closed.id)
    async with storm.delivering():
        await storm.slack.until(lambda: pages(storm, closed) or None)
        await until_told(storm)
    assert all(room(number).name in pages(storm, closed)[0].words for number in range(20))


async def test_a_page_is_no_room(storm: Scene) -> None:
    async with many_rooms(storm):
        await until_told(storm)
    assert (await Backlogs(storm.house.store, team_id=TEAM).read()).live_rooms == {"memory": 20}


def story(rooms: int, facts: int, seed: int) -> list[Fact]:
    """Facts of so many rooms in an order that chance gives; half of the rooms end."""
    chance = random.Random(seed)
    told: list[Fact] = [started(0, room(number)) for number in range(rooms)]
    inside: dict[int, list[int]] = {number: [] for number in range(rooms)}
    for at in range(1, facts - rooms - rooms // 2 + 1):
        number = chance.randrange(rooms)
        if inside[number] and chance.random() < 0.4:
            told.append(left(person(inside[number].pop()), at, room=room(number)))
        else:
            inside[number].append(at)
            told.append(joined(person(at), at, room=room(number)))
    told += [finished(facts + 1, room(number)) for number in range(rooms // 2)]
    return told


async def test_a_storm_of_two_hundred_rooms_ends_with_everything_shown_truly(storm: Scene) -> None:
    told = story(rooms=200, facts=1_000, seed=7)
    await storm.house.subscribe(storm.general.id)
    async with storm.delivering():
        for start in range(0, len(told), 100):
            await asyncio.gather(*(storm.house.intake.accept([f], team_id="T1") for f in told[start : start + 100]))
            assert await storm.house.intake.fold_waiting()
        await until_told(storm)
        await until_calm(storm)

    assert [call for call in storm.slack.calls if call.error == "ratelimited"] == []
    messages = [m for m in storm.messages() if not m.thread_ts]
    assert len(messages) <= 12, "a few posts before it was known for a storm, and pages"
    for number in range(200):
        (line,) = [line for m in messages for line in m.words.splitlines() if f"*{room(number).name}*" in line]
        state = await storm.house.state(f"RM_{number}")
        assert isinstance(state, RoomState)
        assert ("Ended" if state.is_over else "Live") in line
        assert state.is_over or (f"{state.people} " if state.people else "nobody") in line


async def test_a_change_in_calm_is_shown_at_once(scene: Scene) -> None:
    """With the figures of life, the next tick of anything would be a second away."""
    scene.tempo = Tempo()
    scene.deliverer = scene.new_deliverer()
    await scene.house.command(seen(1), channel=scene.general.id)
    async with scene.delivering():
        await scene.shows("standup")
        await scene.is_quiet()
        async with asyncio.timeout(0.9):
            await scene.house.tell(joined(person(1), 2))
            await scene.shows("1 person")


async def test_a_process_that_starts_in_a_storm_goes_on_with_it(storm: Scene) -> None:
    async with many_rooms(storm):
        await until_told(storm)
    await storm.house.store.write(lambda conn: conn.execute(update(card).values(changed_at=None)))
    await storm.house.tell(*(joined(person(1), 2, room=room(number)) for number in range(20)))
    storm.deliverer = storm.new_deliverer()
    async with storm.delivering():
        await until_told(storm)
        await until_calm(storm)
    (page,) = storm.messages()
    assert page.words.count("1 person") == 20
