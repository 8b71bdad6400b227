"""The deliverer on a real database, with the stand-in Slack behind a proxy that can fail."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import update
from structlog.testing import capture_logs

from bot import manifest
from bot.alerts.deliver import Deliverer
from bot.clock import SystemClock
from bot.demo.slack import StandIn
from bot.demo.slack.things import Channel, Message, User
from bot.metrics import Metrics
from bot.slack.client import SlackClient
from bot.store.tables import thing
from bot.wiring import ConfiguredProviders
from providers.base import RecordingStatus, RoomRef
from tests.bot.alerts.facts import finished, joined, person, recording, seen
from tests.bot.alerts.house import House, open_house
from tests.bot.alerts.proxy import Proxy, Trouble, before

RETRO = RoomRef("memory", "RM_2", "retro")
WRITES = ("chat.postMessage", "chat.update")


@dataclass
class Scene:
    """`ana` sees what is delivered to #general. The deliverer runs inside `delivering` only."""

    slack: StandIn
    proxy: Proxy
    house: House
    client: SlackClient
    metrics: Metrics
    ana: User
    general: Channel

    def __post_init__(self) -> None:
        self.deliverer = self.new_deliverer()

    def new_deliverer(self) -> Deliverer:
        """As a process has one that has just started."""
        return Deliverer(
            self.house.cards,
            self.house.notes,
            self.client,
            ConfiguredProviders([]),
            SystemClock(),
            self.metrics.cards_behind.set,
        )

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Until the block is left: then it finishes what needs no waiting."""
        running = asyncio.create_task(self.deliverer.run())
        try:
            yield
        finally:
            self.deliverer.stop()
            await running

    def messages(self, channel: Channel | None = None) -> list[Message]:
        return self.slack.seen_by(self.ana, channel or self.general)

    async def shows(self, *words: str, channel: Channel | None = None) -> Message:
        """Wait for a message of the channel itself that says all of this."""
        return await self.slack.until(
            lambda: next(
                (m for m in self.messages(channel) if not m.thread_ts and all(word in m.words for word in words)), None
            )
        )

    def calls(self, *methods: str) -> list[str]:
        return [call.method for call in self.slack.calls if call.method in (methods or WRITES)]

    async def behind(self) -> int:
        return await self.house.cards.count_dirty()

    async def is_quiet(self) -> None:
        """Wait until no card is behind."""
        async with asyncio.timeout(5):
            while await self.behind():
                await asyncio.sleep(0.01)


@pytest_asyncio.fixture(name="scene")
async def _scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with (
        StandIn(manifest.load()) as slack,
        before(slack.api_url) as proxy,
        open_house(tmp_path, lambda: scene.deliverer.wake()) as house,
        aiohttp.ClientSession() as session,
    ):
        ana = slack.workspace.add_user("ana")
        general = slack.workspace.add_channel("general", members=[ana])
        web = AsyncWebClient(token=slack.bot_token, base_url=proxy.url, session=session, retry_handlers=[])
        metrics = Metrics()
        scene = Scene(slack, proxy, house, SlackClient(web, session, metrics), metrics, ana, general)
        yield scene


@contextmanager
def warned(event: str) -> Iterator[None]:
    """What goes wrong is in the log, and nothing else is."""
    with capture_logs() as lines:
        yield
    assert {line["event"] for line in lines if line["log_level"] != "info"} == {event}


async def test_many_changes_are_one_call(scene: Scene) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    await scene.house.tell(*(joined(person(number), number) for number in range(50)))

    async with scene.delivering():
        await scene.shows("50 people")
        assert scene.calls() == ["chat.postMessage"]
        await scene.house.tell(*(joined(person(number), number) for number in range(50, 80)), finished(99))
        await scene.shows("Ended")

    assert len(scene.messages()) == 2, "the card, and the note under it"
    assert await scene.behind() == 0


async def test_what_looks_the_same_needs_no_call(scene: Scene) -> None:
    async with scene.delivering():
        await scene.house.command(seen(1), channel=scene.general.id)
        await scene.shows("standup")
        await scene.house.command(seen(2), channel=scene.general.id)
        await scene.is_quiet()

    assert scene.calls() == ["chat.postMessage"]


async def test_an_end_is_said_in_the_thread_and_to_the_channel(scene: Scene) -> None:
    async with scene.delivering():
        await scene.house.command(recording(RecordingStatus.LIVE, 1), channel=scene.general.id, user=scene.ana.id)
        card = await scene.shows("Live")
        await scene.house.tell(recording(RecordingStatus.FAILED, 2, error="disk full"))
        note = await scene.slack.until(lambda: next((m for m in scene.messages() if m.thread_ts), None))

    assert (note.thread_ts, note.broadcast) == (card.ts, True)
    assert "disk full" in note.words
    assert f"<@{scene.ana.id}>" in note.text
    assert "Failed" in scene.messages()[0].words


async def test_a_deleted_card_is_left_alone_while_all_is_well(scene: Scene) -> None:
    async with scene.delivering():
        await scene.house.command(seen(1), channel=scene.general.id)
        scene.slack.workspace.delete(await scene.shows("standup"))
        with warned("a card or note cannot be delivered"):
            await scene.house.tell(joined(person(1), 2))
            await scene.is_quiet()
        await scene.house.tell(joined(person(2), 3))
        await scene.is_quiet()
        assert scene.messages() == []
        assert scene.calls() == ["chat.postMessage", "chat.update"]

        await scene.house.tell(finished(9))
        card = await scene.shows("Ended")
        note = await scene.slack.until(lambda: next((m for m in scene.messages() if m.thread_ts), None))

    assert note.thread_ts == card.ts
    assert await scene.behind() == 0


async def test_an_end_is_shown_even_where_nobody_had_noticed_that_the_card_was_deleted(scene: Scene) -> None:
    async with scene.delivering():
        await scene.house.command(recording(RecordingStatus.LIVE, 1), channel=scene.general.id)
        scene.slack.workspace.delete(await scene.shows("Live"))
        await scene.house.tell(recording(RecordingStatus.FAILED, 2, error="disk full"))
        card = await scene.shows("Failed", "disk full")
        note = await scene.slack.until(lambda: next((m for m in scene.messages() if m.thread_ts), None))

    assert note.thread_ts == card.ts


async def test_an_archived_channel_stops_its_cards_and_no_others(scene: Scene) -> None:
    other = scene.slack.workspace.add_channel("other", members=[scene.ana])
    async with scene.delivering():
        await scene.house.command(seen(1), channel=scene.general.id)
        await scene.house.command(seen(2), channel=other.id)
        await scene.shows("standup", channel=other)
        await scene.shows("standup")
        scene.slack.workspace.archive(scene.general)
        with warned("a card or note cannot be delivered"):
            await scene.house.tell(joined(person(1), 3))
            await scene.shows("1 person", channel=other)
            await scene.is_quiet()
        tried = len(scene.calls())
        await scene.house.tell(finished(4))
        await scene.shows("Ended", channel=other)
        await scene.is_quiet()

    assert len(scene.calls()) == tried + 2, "the card and the note of the other channel"


@pytest.mark.parametrize("trouble", [t for t in Trouble if t is not Trouble.LOST])
async def test_what_slack_did_not_take_is_delivered_after_a_pause(scene: Scene, trouble: Trouble) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    scene.proxy.next.append(trouble)
    with warned("a delivery waits"):
        async with scene.delivering():
            await scene.shows("standup")

    (first, began), (second, ended) = scene.proxy.calls
    assert (first, second) == ("chat.postMessage", "chat.postMessage")
    assert ended - began >= 0.99
    assert len(scene.messages()) == 1


async def test_a_throttled_channel_waits_as_long_as_slack_says_and_others_do_not(scene: Scene) -> None:
    other = scene.slack.workspace.add_channel("other", members=[scene.ana])
    await scene.house.command(seen(1), channel=scene.general.id)
    scene.proxy.next.append(Trouble.THROTTLED)
    scene.proxy.retry_after = "2"
    with warned("a delivery waits"):
        async with scene.delivering():
            await _until_called(scene.proxy, 1)
            await scene.house.command(seen(2, room=RETRO), channel=other.id)
            await scene.shows("retro", channel=other)
            assert scene.messages() == []
            assert "showcaller_cards_behind 1.0" in scene.metrics.render().decode()
            await scene.house.tell(joined(person(1), 3))
            await scene.shows("standup", "1 person")

    times = [time for _, time in scene.proxy.calls]
    assert len(times) == 3
    assert times[1] - times[0] < 1
    assert times[2] - times[0] >= 1.99
    assert "showcaller_cards_behind 0.0" in scene.metrics.render().decode()


async def test_while_slack_is_away_only_the_newest_state_is_kept_for_it(scene: Scene) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    async with scene.delivering():
        await scene.shows("standup")
        scene.proxy.is_down = True
        with warned("a delivery waits"):
            for number in range(20):
                await scene.house.tell(joined(person(number), 2 + number))
            await _until_called(scene.proxy, 2)
        scene.proxy.is_down = False
        await scene.house.tell(finished(60))
        await scene.shows("Ended")
        await scene.is_quiet()

    assert scene.calls("chat.update") == ["chat.update"]


async def _until_called(proxy: Proxy, times: int) -> None:
    async with asyncio.timeout(5):
        while len(proxy.calls) < times:
            await asyncio.sleep(0.01)


async def test_a_post_whose_answer_was_lost_is_posted_again_and_only_that_one_is_kept_up(scene: Scene) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    scene.proxy.next.append(Trouble.LOST)
    with warned("a delivery waits"):
        async with scene.delivering():
            await scene.slack.until(lambda: len(scene.messages()) == 2 or None)
            await scene.is_quiet()
            await scene.house.tell(joined(person(1), 2))
            await scene.shows("1 person")

    assert len([m for m in scene.messages() if "1 person" in m.words]) == 1


async def test_an_update_whose_answer_was_lost_is_repeated(scene: Scene) -> None:
    async with scene.delivering():
        await scene.house.command(seen(1), channel=scene.general.id)
        await scene.shows("standup")
        await scene.is_quiet()
        scene.proxy.next.append(Trouble.LOST)
        with warned("a delivery waits"):
            await scene.house.tell(joined(person(1), 2))
            await scene.shows("1 person")
            await scene.is_quiet()

    assert scene.calls("chat.update") == ["chat.update", "chat.update"]
    assert len(scene.messages()) == 1


async def test_a_card_that_cannot_be_drawn_holds_up_no_other(scene: Scene) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    await scene.house.command(seen(2, room=RETRO), channel=scene.general.id)
    await scene.house.store.write(
        lambda conn: conn.execute(update(thing).where(thing.c.server_id == "RM_1").values(state="{}"))
    )
    with warned("a delivery waits"):
        async with scene.delivering():
            await scene.shows("retro")

    assert await scene.behind() == 1


async def test_what_was_not_delivered_is_delivered_by_the_next_process(scene: Scene) -> None:
    await scene.house.command(recording(RecordingStatus.LIVE, 1), channel=scene.general.id)
    async with scene.delivering():
        await scene.shows("Live")
    await scene.house.tell(recording(RecordingStatus.READY, 2))

    scene.deliverer = scene.new_deliverer()
    async with scene.delivering():
        pass

    card, note = scene.messages()
    assert "Ready" in card.words
    assert note.thread_ts == card.ts


async def test_a_stop_does_not_cut_off_the_call_that_is_under_way(scene: Scene) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    async with scene.delivering():
        await _until_called(scene.proxy, 1)

    assert len(scene.messages()) == 1
    assert await scene.behind() == 0
