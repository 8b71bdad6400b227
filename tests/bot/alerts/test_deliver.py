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
from bot.alerts.deliver import Deliverer, _Pauses
from bot.clock import SystemClock
from bot.demo.slack import StandIn
from bot.demo.slack.things import Channel, Message, User
from bot.metrics import Metrics
from bot.slack.client import TOKEN_PAUSE_SECONDS, SlackClient
from bot.slack.errors import kind_of
from bot.store.closures import Closures
from bot.store.tables import thing
from bot.wiring import ConfiguredProviders
from providers.base import RecordingStatus, RoomRef
from tests.bot.alerts.facts import finished, joined, person, recording, seen
from tests.bot.alerts.house import House, open_house
from tests.bot.alerts.proxy import Proxy, Trouble, before
from tests.bot.slack.conftest import Clock

RETRO = RoomRef("memory", "RM_2", "retro")
WRITES = ("chat.postMessage", "chat.update")


@dataclass
class Scene:
    """`ana` sees what is delivered to #general. The deliverer runs inside `delivering` only."""

    slack: StandIn
    proxy: Proxy
    house: House
    web: AsyncWebClient
    session: aiohttp.ClientSession
    metrics: Metrics
    ana: User
    general: Channel

    def __post_init__(self) -> None:
        self.client = SlackClient(self.web, self.session, self.metrics)
        self.deliverer = self.new_deliverer()

    def new_client(self, clock: Clock) -> SlackClient:
        return SlackClient(self.web, self.session, self.metrics, monotonic=clock.monotonic)

    def new_deliverer(self, clock: Clock | None = None) -> Deliverer:
        """As a process has one that has just started."""
        return Deliverer(
            self.house.cards,
            self.house.notes,
            Closures(self.house.store, SystemClock()),
            self.client,
            ConfiguredProviders([]),
            clock or SystemClock(),
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

    @property
    def direct(self) -> list[str]:
        """What ana was told in her direct conversation with the bot."""
        return [message.words for message in self.messages(self.slack.workspace.dm(self.ana))]

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
        scene = Scene(slack, proxy, house, web, session, Metrics(), ana, general)
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


@pytest.mark.parametrize("trouble", [t for t in Trouble if t not in (Trouble.LOST, Trouble.NONE)])
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


async def test_an_update_that_is_throttled_stops_updates_everywhere_and_posts_nowhere(scene: Scene) -> None:
    other = scene.slack.workspace.add_channel("other", members=[scene.ana])
    third = scene.slack.workspace.add_channel("third", members=[scene.ana])
    async with scene.delivering():
        await scene.house.command(seen(1), channel=scene.general.id)
        await scene.house.command(seen(2), channel=other.id)
        await scene.shows("standup")
        await scene.shows("standup", channel=other)
        await scene.is_quiet()
        scene.slack.refuse("chat.update", "ratelimited", retry_after=1)
        with warned("a delivery waits"):
            throttled = asyncio.get_running_loop().time()
            await scene.house.tell(joined(person(1), 3))
            await scene.slack.until(lambda: scene.calls("chat.update") or None)
            await scene.house.command(seen(4, room=RETRO), channel=third.id)
            await scene.shows("retro", channel=third)
            assert scene.calls("chat.update") == ["chat.update"]
        await scene.shows("1 person")
        await scene.shows("1 person", channel=other)

    (_, *updates) = [time for method, time in scene.proxy.calls if method == "chat.update"]
    assert len(updates) == 2
    assert min(updates) - throttled >= 0.99


async def test_the_stand_ins_own_pace_is_kept_up_with(scene: Scene) -> None:
    scene.slack.is_paced = True
    for number in range(3):
        await scene.house.command(
            seen(1 + number, room=RoomRef("memory", f"RM_{number}", f"room{number}")), channel=scene.general.id
        )
    with warned("a delivery waits"):
        async with scene.delivering():
            for number in range(3):
                await scene.shows(f"room{number}")

    assert len(scene.messages()) == 3


@pytest.mark.parametrize(
    ("code", "first_seconds"),
    [("ekm_access_denied", 60.0), ("missing_scope", 60.0), ("new_word", 60.0), ("internal_error", 1.0)],
)
async def test_what_ends_by_itself_or_by_a_person_is_tried_again_later_and_later(
    scene: Scene, code: str, first_seconds: float
) -> None:
    pauses = _Pauses(clock := Clock())
    error = kind_of(code)(code, "chat.postMessage")
    found = [pauses.after("C1", error) for _ in range(7)]
    assert found[:3] == [first_seconds, first_seconds * 2, first_seconds * 4]
    assert found[-1] == (900.0 if first_seconds == 60.0 else 30.0)
    assert pauses.waiting() == ["C1"]
    clock.seconds += found[-1]
    assert (pauses.waiting(), pauses.shortest()) == ([], None)


async def test_a_dead_token_stops_everything_until_slack_takes_it_again(scene: Scene) -> None:
    other = scene.slack.workspace.add_channel("other", members=[scene.ana])
    scene.client = scene.new_client(clock := Clock())
    scene.deliverer = scene.new_deliverer(clock)
    scene.slack.refuse("chat.postMessage", "token_revoked")
    await scene.house.command(seen(1), channel=scene.general.id)
    await scene.house.command(seen(2, room=RETRO), channel=other.id)
    with capture_logs() as lines:
        async with scene.delivering():
            await scene.slack.until(lambda: scene.calls() or None)
            scene.deliverer.wake()
        async with scene.delivering():
            pass
        assert scene.calls() == ["chat.postMessage"]
        assert await scene.behind() == 2

        clock.seconds += TOKEN_PAUSE_SECONDS
        async with scene.delivering():
            await scene.shows("standup")
            await scene.shows("retro", channel=other)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["Slack refuses our token"]
    assert await scene.behind() == 0


# Who hears of a closed channel


async def test_whoever_made_a_thing_is_told_once_that_its_channel_is_closed(scene: Scene) -> None:
    closed = scene.slack.workspace.add_channel("closed", members=[scene.ana], bot=False)
    with warned("a card or note cannot be delivered"):
        for number in (1, 2):
            room = RoomRef("memory", f"RM_{number}", f"room{number}")
            await scene.house.command(seen(number, room=room), channel=closed.id, user=scene.ana.id)
        async with scene.delivering():
            await scene.slack.until(lambda: scene.direct or None)
            await scene.is_quiet()
        scene.deliverer = scene.new_deliverer()
        await scene.house.command(seen(3), channel=closed.id, user=scene.ana.id)
        async with scene.delivering():
            await scene.is_quiet()

    (said,) = scene.direct
    assert f"#{closed.id} is closed to me" in said
    assert "/invite" in said


async def test_when_it_is_open_again_the_cards_catch_up_and_a_new_closing_is_news(scene: Scene) -> None:
    workspace = scene.slack.workspace
    closed = workspace.add_channel("closed", members=[scene.ana])
    workspace.archive(closed)
    with warned("a card or note cannot be delivered"):
        async with scene.delivering():
            await scene.house.command(seen(1), channel=closed.id, user=scene.ana.id)
            await scene.slack.until(lambda: scene.direct or None)
            workspace.archive(closed, False)
            await scene.deliverer.reopen(closed.id)
            await scene.shows("standup", channel=closed)
            await scene.is_quiet()
            workspace.archive(closed)
            await scene.house.tell(joined(person(1), 2))
            await scene.slack.until(lambda: len(scene.direct) == 2 or None)

    assert all(f"#{closed.id} is archived" in said for said in scene.direct)


async def test_who_subscribed_a_channel_is_told_and_who_made_the_thing_elsewhere_is_not(scene: Scene) -> None:
    ben = scene.slack.workspace.add_user("ben")
    closed = scene.slack.workspace.add_channel("closed", members=[ben], bot=False)
    await scene.house.subscribe(closed.id, by=ben.id)
    with warned("a card or note cannot be delivered"):
        async with scene.delivering():
            await scene.house.command(seen(1), channel=scene.general.id, user=scene.ana.id)
            await scene.slack.until(lambda: scene.slack.seen_by(ben, scene.slack.workspace.dm(ben)) or None)
            await scene.shows("standup")

    assert scene.direct == []


async def test_nobody_is_told_twice_where_the_first_time_may_have_arrived(scene: Scene) -> None:
    closed = scene.slack.workspace.add_channel("closed", members=[scene.ana], bot=False)
    await scene.house.command(seen(1), channel=closed.id, user=scene.ana.id)
    scene.proxy.next.extend([Trouble.NONE, Trouble.LOST])
    with capture_logs():
        async with scene.delivering():
            await scene.slack.until(lambda: scene.direct or None)
        scene.deliverer = scene.new_deliverer()
        async with scene.delivering():
            pass

    assert scene.calls() == ["chat.postMessage"] * 2
    assert len(scene.direct) == 1


async def test_who_takes_no_messages_of_the_bot_is_let_be(scene: Scene) -> None:
    closed = scene.slack.workspace.add_channel("closed", members=[scene.ana], bot=False)
    await scene.house.command(seen(1), channel=closed.id, user=scene.ana.id)
    scene.slack.refuse("chat.postMessage", "not_in_channel")
    scene.slack.refuse("chat.postMessage", "messages_tab_disabled")
    with warned("a card or note cannot be delivered"):
        async with scene.delivering():
            await scene.slack.until(lambda: len(scene.calls()) == 2 or None)

    async with scene.delivering():
        pass
    assert len(scene.calls()) == 2


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
