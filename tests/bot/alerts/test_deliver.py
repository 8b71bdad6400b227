"""What the deliverer makes of cards and notes: what is called, what is shown, and who hears of what cannot be."""

import asyncio
from datetime import datetime
from typing import cast

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from bot.store.leases import LEASE, now
from bot.store.tables import card, thing
from providers.base import RecordingStatus, RoomRef
from tests.bot.alerts.broken import locked
from tests.bot.alerts.facts import RETRO, finished, joined, person, recording, seen
from tests.bot.alerts.proxy import Trouble
from tests.bot.alerts.scene import Scene, warned


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


@pytest.mark.parametrize("is_over", [False, True])
async def test_a_card_whose_thread_is_gone_stands_by_itself(scene: Scene, is_over: bool) -> None:
    question = scene.slack.workspace.post(scene.general, scene.ana, "Shall we talk?")
    await scene.house.command(seen(1), channel=scene.general.id, thread=question.ts)
    scene.slack.workspace.delete(question)
    if is_over:
        await scene.house.tell(finished(2))
    with warned("a card or note cannot be delivered"):
        async with scene.delivering():
            card = await scene.shows("Ended" if is_over else "standup")

    assert [m.thread_ts for m in scene.messages()] == [None, card.ts][: 1 + is_over], "an ended room has a note as well"
    assert scene.calls() == ["chat.postMessage"] * (2 + is_over)
    assert await scene.behind() == 0


async def test_an_end_is_shown_even_where_the_card_was_deleted_with_its_thread(scene: Scene) -> None:
    question = scene.slack.workspace.post(scene.general, scene.ana, "Shall we talk?")
    with warned("a card or note cannot be delivered"):
        async with scene.delivering():
            await scene.house.command(seen(1), channel=scene.general.id, thread=question.ts)
            (card,) = await scene.slack.until(lambda: [m for m in scene.messages() if m.thread_ts] or None)
            await scene.is_quiet()
            scene.slack.workspace.delete(card)
            scene.slack.workspace.delete(question)
            await scene.house.tell(finished(2))
            anew = await scene.shows("Ended")

    assert [m.thread_ts for m in scene.messages()] == [None, anew.ts]
    assert scene.calls() == ["chat.postMessage", "chat.update", *["chat.postMessage"] * 3]


async def test_a_post_that_is_refused_outside_any_thread_is_not_tried_again(scene: Scene) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    await scene.house.tell(finished(2))
    scene.slack.refuse("chat.postMessage", "cannot_reply_to_message")
    with warned("a card or note cannot be delivered"):
        async with scene.delivering():
            pass

    assert scene.calls() == ["chat.postMessage"]
    assert await scene.behind() == 0


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


async def test_while_slack_is_away_only_the_newest_state_is_kept_for_it(scene: Scene) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    async with scene.delivering():
        await scene.shows("standup")
        scene.proxy.is_down = True
        with warned("a delivery waits"):
            for number in range(20):
                await scene.house.tell(joined(person(number), 2 + number))
            await scene.called(2)
        scene.proxy.is_down = False
        await scene.house.tell(finished(60))
        await scene.shows("Ended")
        await scene.is_quiet()

    assert scene.calls("chat.update") == ["chat.update"]


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


async def test_a_channel_that_was_closed_by_a_new_word_of_slacks_opens_like_any_other(scene: Scene) -> None:
    scene.slack.refuse("chat.postMessage", "restricted_action_of_a_new_kind")
    await scene.house.command(seen(1), channel=scene.general.id)
    with warned("a card or note cannot be delivered"):
        async with scene.delivering():
            pass
    assert scene.messages() == []

    await scene.deliverer.reopen(scene.general.id)
    async with scene.delivering():
        await scene.shows("standup")


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
    with capture_logs() as lines:
        async with scene.delivering():
            await scene.shows("retro")
            async with asyncio.timeout(5):
                while (await held(scene, "RM_1")) is None:
                    await asyncio.sleep(0.01)
            await scene.house.tell(joined(person(1), 5, room=RETRO))
            await scene.shows("retro", "1 person")

    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["a card or note cannot be drawn"]
    assert await scene.behind() == 1


async def held(scene: Scene, server_id: str) -> datetime | None:
    """Until when the card of that thing is left alone."""
    query = select(card.c.lease_until).join(thing).where(thing.c.server_id == server_id)
    async with scene.house.store.reading() as conn:
        return cast(datetime | None, (await conn.execute(query)).scalar_one())


async def test_a_database_that_is_away_right_after_a_post_doubles_nothing(scene: Scene) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    scene.proxy.is_open.clear()
    async with scene.delivering():
        await scene.called(1)
        with capture_logs() as lines:
            async with locked(scene.house.store):
                scene.proxy.is_open.set()
                await scene.shows("standup")
                async with asyncio.timeout(5):
                    while not lines:
                        await asyncio.sleep(0.01)
        await scene.is_quiet()

    assert {line["event"] for line in lines} == {"what was done is not written down yet"}
    assert scene.calls() == ["chat.postMessage"]


async def test_a_deliverer_that_is_begun_again_frees_nothing_that_it_could_not_write_down(scene: Scene) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    async with scene.delivering():
        await scene.shows("standup")
        await scene.is_quiet()
    await scene.house.tell(joined(person(1), 2))
    taken = update(card).values(claim="lost", lease_until=now(LEASE))
    await scene.house.store.write(lambda conn: conn.execute(taken))

    async with scene.delivering():
        pass
    assert scene.calls() == ["chat.postMessage"]


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
        await scene.called(1)

    assert len(scene.messages()) == 1
    assert await scene.behind() == 0
