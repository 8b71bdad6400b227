"""Whatever one replica began, the other goes on with, and nothing is done or posted twice."""

import asyncio
from pathlib import Path

from bot.demo.slack import Message
from bot.replica import LOOK_SECONDS
from tests.bot.conversations.talk import accepted, ask, card, form, heard, labels, opened, press, press_in_place, public
from tests.bot.replicas.pair import Pair, open_pair

LONG = "x" * 200


def cards(pair: Pair) -> list[Message]:
    return [m for m in public(pair.world) if m.thread_ts is None]


async def test_a_card_of_one_is_pressed_at_the_other(pair: Pair) -> None:
    world = pair.world
    await ask(world, world.owner, "/video room create standup")
    live = await card(world, "standup", "🟢 *Live*")
    for replica, who in enumerate((world.owner, world.operator)):
        pair.front.next_is(replica)
        said = await press(world, who, live, "Join")
        assert said.words.startswith("Your way into *standup*.")
    assert set(pair.front.taken) == {world.bot.port, pair.second.port}
    await pair.until("SELECT count(*) FROM attempt WHERE answered_at IS NULL", [(0,)])
    assert await pair.rows("SELECT count(*) FROM attempt") == [(3,)]


async def test_a_form_is_opened_turned_and_sent_at_different_ones(pair: Pair) -> None:
    world = pair.world
    pair.create(LONG)
    await pair.tell()
    pair.front.next_is(0)
    first = await form(world, world.owner, "/video token create --attribute role=host")
    offered = await world.slack.suggest(world.owner, first, "room", "xx")
    assert len(offered) == 2
    pair.front.next_is(1)
    accepted(await world.slack.press(world.owner, first, "More options"))
    second = await opened(world, world.owner, after=first)
    pair.front.next_is(0)
    accepted(await world.slack.press(world.owner, second, "Back"))
    first = await opened(world, world.owner, after=second)
    pair.front.next_is(1)
    accepted(await world.slack.submit(world.owner, first, {"room": LONG, "ttl": "15m"}))
    await world.slack.until(lambda: next((m for m in heard(world, world.owner) if "Your way into" in m.words), None))
    [(words,)] = await pair.rows("SELECT words FROM attempt WHERE path = 'token create'")
    assert "--ttl 15m" in words
    assert "--attribute role=***" in words


async def test_of_two_quick_choices_at_both_the_newer_counts(pair: Pair) -> None:
    world = pair.world
    view = await form(world, world.owner, "/video token api")
    for ack in await asyncio.gather(
        world.slack.choose(world.owner, view, "allow", ["list_rooms"]),
        world.slack.choose(world.owner, view, "allow", ["list_rooms", "admin"]),
    ):
        accepted(ack)
    wider = ["allow", "room", "ttl", "destination"]
    await world.slack.until(lambda: (shown := world.slack.view_of(world.owner)) and list(shown.fields) == wider)


async def test_a_form_that_both_get_is_sent_once(pair: Pair) -> None:
    world = pair.world
    view = await form(world, world.owner, "/video room create")
    accepted(await world.slack.submit(world.owner, view, {"name": "retro"}))
    accepted(await world.slack.redeliver())
    await card(world, "retro", "🟢 *Live*")
    await pair.until("SELECT words, outcome FROM attempt", [("room create retro --provider livekit", "done")])


async def test_a_question_of_one_is_answered_at_both_at_once(pair: Pair) -> None:
    world = pair.world
    await ask(world, world.owner, "/video room create standup")
    pair.front.next_is(0)
    question = await ask(world, world.owner, "/video room close standup")
    yes = labels(question)[0]
    pair.front.next_is(0)
    for ack in await asyncio.gather(*(world.slack.press(world.owner, question, yes) for _ in range(2))):
        accepted(ack)
    assert pair.front.taken[-2:] in ([world.bot.port, pair.second.port], [pair.second.port, world.bot.port])
    await world.slack.until(lambda: next((m for m in heard(world, world.owner) if "Ended" in m.words), None))
    await pair.until("SELECT count(*) FROM attempt WHERE answered_at IS NULL", [(0,)])
    assert not any("has been answered" in m.words for m in heard(world, world.owner))
    assert pair.livekit.calls.count("DeleteRoom") == 1
    assert await pair.rows("SELECT outcome FROM attempt WHERE path = 'room close' ORDER BY id") == [
        ("asked",),
        ("done",),
    ]


async def test_a_double_click_at_both_is_one(pair: Pair) -> None:
    world = pair.world
    await ask(world, world.owner, "/video room create standup")
    live = await card(world, "standup", "🟢 *Live*")
    before = len(heard(world, world.owner))
    pair.front.next_is(0)
    for ack in await asyncio.gather(*(world.slack.press(world.owner, live, "Join") for _ in range(2))):
        accepted(ack)
    await world.slack.until(lambda: len(heard(world, world.owner)) > before)
    await pair.until("SELECT count(*) FROM attempt WHERE answered_at IS NULL", [(0,)])
    assert await pair.rows("SELECT count(*) FROM attempt WHERE path = 'room join'") == [(1,)]


async def test_a_request_that_comes_again_to_the_other_is_not_done_again(pair: Pair) -> None:
    world = pair.world
    pair.front.next_is(0)
    await ask(world, world.owner, "/video room create standup")
    accepted(await world.slack.redeliver())
    await ask(world, world.owner, "/video whoami")
    assert await pair.rows("SELECT path FROM attempt ORDER BY id") == [("room create",), ("whoami",)]


async def test_webhooks_at_either_make_one_card(pair: Pair) -> None:
    world = pair.world
    await ask(world, world.owner, "/video alert subscribe")
    pair.create("standup")
    for number in range(6):
        pair.come("standup", f"guest-{number}")
    await pair.tell()
    await card(world, "standup", "6 people")
    pair.livekit.close("standup")
    await pair.tell()
    await card(world, "standup", "Ended")
    assert len(cards(pair)) == 1


async def test_a_list_is_turned_and_a_home_follows_at_either(pair: Pair) -> None:
    world = pair.world
    for number in range(25):
        pair.create(f"room-{number:02}")
    await pair.tell()
    first = await ask(world, world.owner, "/video room list")
    second = await press_in_place(world, world.owner, first, "Next")
    assert second.words != first.words
    await press_in_place(world, world.owner, second, "Previous")

    pair.front.next_is(0)
    await world.slack.open_home(world.owner)
    await world.slack.until(lambda: world.slack.home_of(world.owner))
    pair.front.next_is(1)
    await ask(world, world.operator, "/video room create standup")
    await world.slack.until(
        lambda: ((home := world.slack.home_of(world.owner)) is not None and "standup" in home.words) or None,
        timeout=10 + 3 * LOOK_SECONDS,
    )


async def test_two_hundred_rooms_with_webhooks_to_both_at_random(pair: Pair) -> None:
    world = pair.world
    await ask(world, world.owner, "/video alert subscribe")
    names = [f"room-{number:03}" for number in range(200)]
    for name in names:
        pair.create(name)
        pair.come(name, "ana")
    await pair.tell(shuffled=True)
    for name in names[::2]:
        pair.come(name, "bob")
    for name in names[::3]:
        pair.livekit.close(name)
    await pair.tell(shuffled=True)
    await pair.until("SELECT count(*) FROM card WHERE wanted > delivered", [(0,)])
    await pair.until("SELECT count(*) FROM note WHERE ts IS NULL", [(0,)])

    shown = cards(pair)
    assert sorted(m.lines[0] for m in shown) == names, "exactly one message for each"
    for number, name in enumerate(names):
        words = next(m for m in shown if m.lines[0] == name).words
        expected = "Ended" if number % 3 == 0 else "2 people" if number % 2 == 0 else "1 person"
        assert expected in words, (name, words)
    assert await pair.rows("SELECT count(*), count(ts), count(claim) FROM card") == [(200, 200, 0)]


async def test_over_socket_mode_either_goes_on_with_what_the_other_began(tmp_path: Path, database_url: str) -> None:
    async with open_pair(tmp_path, database_url, "socket") as pair:
        world = pair.world
        for number in range(4):
            view = await form(world, world.owner, "/video room create")
            accepted(await world.slack.submit(world.owner, view, {"name": f"room-{number}"}))
            accepted(await world.slack.redeliver())
            live = await card(world, f"room-{number}", "🟢 *Live*")
            said = await press(world, world.operator, live, "Join")
            assert said.words.startswith(f"Your way into *room-{number}*.")
        await pair.until("SELECT count(*) FROM attempt WHERE answered_at IS NULL", [(0,)])
        assert await pair.rows("SELECT path, outcome, count(*) FROM attempt GROUP BY path, outcome ORDER BY path") == [
            ("room create", "done", 4),
            ("room join", "done", 4),
        ]
        assert [len(link.acked) for link in world.slack.sockets.links] == [8, 8], (
            "in turn: what one opens the other gets"
        )
        assert sorted(m.lines[0] for m in cards(pair)) == [f"room-{number}" for number in range(4)]
