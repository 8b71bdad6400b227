"""Stream keys: used for what they are given for, shown to nobody, and kept sealed alone."""

import pytest

from bot.demo.world import World
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import accepted, ask, attempts, card, database, form, mention, opened, press, public

KEY = "s3cr3t-k3y"
INGRESS_KEY = "q7Xf2MpZ4kVd"
"""As LiveKit's keys look: what others have read of one is refused, wherever it stands."""

URL = f"rtmp://media.example.com/live/{KEY}"


def assert_not_repeated(world: World, log: Log) -> None:
    """Neither by the bot to anybody, nor in the log, or in the clear in the database."""
    assert KEY not in log.text
    assert KEY.encode() not in database(world)
    assert KEY not in str(world.slack.calls)


async def test_a_stream_that_is_typed(world: World, log: Log) -> None:
    await ask(world, world.operator, "/video room create standup")
    said = await ask(world, world.operator, f"/video stream start standup {URL}")
    assert said.words.startswith("Streaming *standup* to 1 place.")
    [stream] = await world.memory.list_streams()
    shown = await ask(world, world.operator, f"/video stream show {stream.ref.id}")
    assert "rtmp://media.example.com/live" in shown.words
    await ask(world, world.operator, f"/video stream update standup --add rtmp://b.example.com/app/{KEY} --remove 1")
    again = await ask(world, world.operator, "/video stream stop standup")
    assert "Stopping the stream" in again.words
    assert attempts(world)[1] == ("stream start standup *** --provider memory", "done")
    assert_not_repeated(world, log)


@pytest.mark.parametrize("line", [f"stream start standup {URL}", f"stream add standup {URL}", f"stream start {URL}"])
async def test_one_that_others_have_read_is_refused(world: World, log: Log, line: str) -> None:
    await ask(world, world.operator, "/video room create standup")
    told = await mention(world, world.operator, f"@showcaller {line}")
    assert told.words.startswith("Everybody here can read what you gave as `URLS`, so I have not used it.")
    assert await world.memory.list_streams() == []
    assert_not_repeated(world, log)


@pytest.mark.parametrize(
    "line",
    [
        f"stream stop {URL}",
        f"stream start rtmp:/media.example.com/live/{KEY}",
        f"stream start standup rmtp://media.example.com/live/{KEY}",
        f"stream remove {URL}",
    ],
)
async def test_a_slip_repeats_nothing_of_it(world: World, log: Log, line: str) -> None:
    told = await mention(world, world.operator, f"@showcaller {line}")
    assert KEY not in told.words
    assert_not_repeated(world, log)


async def test_a_stream_by_form(world: World, log: Log) -> None:
    await ask(world, world.operator, "/video room create standup")
    view = await form(world, world.operator, "/video stream start standup")
    accepted(await world.slack.submit(world.operator, view, {"urls": f"{URL}\nrtmps://b.example.com/app/{KEY}"}))
    await card(world, "Stream of standup", "media.example.com")
    [stream] = await world.memory.list_streams()
    assert len(stream.destinations) == 2
    assert_not_repeated(world, log)


async def test_an_empty_form_says_what_is_missing(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    view = await form(world, world.operator, "/video stream start standup")
    refused = await world.slack.submit(world.operator, view, {})
    assert "Say where it goes: an address with its stream key." in str(refused)


async def test_trying_again_needs_no_key_from_anybody(world: World, log: Log) -> None:
    await ask(world, world.operator, "/video room create standup")
    world.memory.server.has_workers = False
    said = await ask(world, world.operator, f"/video stream start standup {URL}")
    assert "No worker of" in said.words
    world.memory.server.has_workers = True
    done = await press(world, world.operator, said, "Try again")
    assert done.words.startswith("Streaming *standup* to 1 place.")
    assert_not_repeated(world, log)


@pytest.mark.parametrize(
    "line",
    [f"ingress show {INGRESS_KEY}", f"ingress delete standup {INGRESS_KEY}", f"my key is {INGRESS_KEY}"],
)
async def test_the_key_of_an_ingress_in_a_message_is_not_repeated(world: World, log: Log, line: str) -> None:
    told = await mention(world, world.operator, f"@showcaller {line}")
    assert INGRESS_KEY not in told.words
    typed = await ask(world, world.operator, f"/video {line}")
    assert INGRESS_KEY not in typed.words
    assert INGRESS_KEY not in log.text
    assert INGRESS_KEY.encode() not in database(world)


async def test_the_key_of_an_ingress_is_shown_to_whoever_made_it_alone(world: World, log: Log) -> None:
    aloud = await mention(world, world.operator, "@showcaller ingress create whip retro cam")
    assert aloud.words.endswith("that is for you alone: look for the message that only you can see.")
    told = await ask(world, world.operator, "/video ingress create rtmp standup cam")
    other, first = (each.ref.id for each in sorted(await world.memory.list_ingresses(), key=lambda i: i.room.name))
    key, other_key = world.memory.server.key_of(first), world.memory.server.key_of(other)
    assert (key in told.words, told.ephemeral_to) == (True, world.operator.id)
    await card(world, "Ingress into standup")
    renew = await ask(world, world.operator, "/video ingress renew standup")
    renewed = await press(world, world.operator, renew, "Make new key")
    [new] = [each.ref.id for each in await world.memory.list_ingresses() if each.ref.id != other]
    new_key = world.memory.server.key_of(new)
    assert (new_key in renewed.words, renewed.ephemeral_to) == (True, world.operator.id)
    for each in (key, other_key, new_key):
        assert each not in log.text
        assert each.encode() not in database(world)
        assert not any(each in said.words for said in public(world))


async def test_a_missing_room_opens_the_form_without_the_key(world: World, log: Log) -> None:
    accepted(await world.slack.command(world.operator, world.general, f"/video stream start {URL}"))
    view = await opened(world, world.operator)
    assert KEY not in str(view.blocks)
    assert_not_repeated(world, log)
