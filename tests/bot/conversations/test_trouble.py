"""Video servers in trouble: down, slow, misconfigured, not what they are taken for. And Slack in trouble."""

import asyncio

import aiohttp
import pytest

from bot.demo.world import World
from bot.slack.client import TOKEN_PAUSE_SECONDS
from providers.errors import (
    Conflict,
    Malformed,
    ProviderError,
    RateLimited,
    Rejected,
    TimedOut,
    Unauthenticated,
    Unreachable,
)
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.conftest import Wanted
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import ask, attempts, card, form, heard, press, public, rooms

SERVER = "\nVideo server: `memory`"

TROUBLES: list[tuple[type[ProviderError], str]] = [
    (Unreachable, "The video server does not answer.\nTry again in a minute, and check that it runs."),
    (
        TimedOut,
        "The video server took too long to answer.\nIt may have done it all the same, so look before you repeat it.",
    ),
    (
        Malformed,
        "What answered does not speak like this kind of video server.\nCheck the address that the bot was given.",
    ),
    (
        Unauthenticated,
        "The video server does not accept our key or secret.\nAsk whoever runs the bot to check them.",
    ),
    (RateLimited, "The video server asks us to slow down.\nTry again in a moment."),
    (Rejected, "The video server refused these values.\nChange them and try again.\nIt said: `made on demand`"),
    (
        Conflict,
        "The video server says that it is in another state.\nLook at it first, then decide.\nIt said: `made on demand`",
    ),
]


@pytest.mark.parametrize(("trouble", "answer"), TROUBLES, ids=[kind.__name__ for kind, _ in TROUBLES])
async def test_trouble_is_named_for_its_remedy(
    world: World, log: Log, trouble: type[ProviderError], answer: str
) -> None:
    world.memory.server.faults["*"] = trouble
    mark = len(log.lines)
    said = await ask(world, world.operator, "/video room create standup")
    assert said.words == answer + SERVER
    assert (rooms(world), public(world)) == ([], [])
    (line,) = [line for line in log.after(mark) if not line["logger"].startswith("bot.alerts.")]
    assert (line["event"], line["outcome"]) == ("command", "failed")
    assert line["detail"].startswith(f"{trouble.__name__}: made on demand")
    assert attempts(world) == [("room create standup --provider memory", "failed")]

    world.memory.server.faults.clear()
    assert (await ask(world, world.operator, "/video room create standup")).words == "Created *standup*."


async def test_a_server_that_is_slower_than_we_wait(world: World) -> None:
    world.memory.server.delay_seconds = 30
    async with asyncio.timeout(3):
        said = await ask(world, world.operator, "/video room create standup")
    assert said.lines[0] == "The video server took too long to answer."
    assert rooms(world) == []


async def test_a_slow_server_does_not_delay_the_acknowledgement_or_others(world: World) -> None:
    world.memory.server.delay_seconds = 0.5
    acks = await asyncio.gather(
        *(world.slack.command(world.operator, world.general, f"/video room create r{n}") for n in range(10))
    )
    assert max(ack.seconds for ack in acks) < world.memory.server.delay_seconds
    await world.slack.until(lambda: len(heard(world, world.operator)) == 10)
    assert {m.words for m in heard(world, world.operator)} == {f"Created *r{n}*." for n in range(10)}


@pytest.mark.parametrize("button", ["Record", "Participants", "Mute all", "End"])
async def test_trouble_at_a_button_leaves_the_card_as_it_was(world: World, button: str) -> None:
    await ask(world, world.operator, "/video room create standup")
    live = await card(world, "standup", "🟢 *Live*")
    world.memory.server.faults["*"] = Unreachable
    said = await press(world, world.operator, live, button)
    assert said.lines[0] == "The video server does not answer."
    assert [m.words for m in public(world)] == [live.words]
    assert rooms(world) == ["standup"]


async def test_trouble_after_yes_takes_the_place_of_the_question(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    question = await press(world, world.operator, await card(world, "standup"), "End")
    world.memory.server.faults["close_room"] = Unreachable
    said = await press(world, world.operator, question, "End room")
    assert (said.ts, said.lines[0]) == (question.ts, "The video server does not answer.")
    assert rooms(world) == ["standup"]


async def test_trouble_behind_a_form_is_told_to_its_sender(world: World) -> None:
    view = await form(world, world.operator, "/video room create")
    world.memory.server.faults["create_room"] = Unauthenticated
    await world.slack.submit(world.operator, view, {"name": "standup"})
    (said,) = await world.slack.until(lambda: heard(world, world.operator))
    assert said.lines[0] == "The video server does not accept our key or secret."
    assert world.slack.view_of(world.operator) is None


async def test_a_room_that_was_made_gets_its_card_though_its_recording_cannot_be_asked_for(world: World) -> None:
    world.memory.server.faults["list_recordings"] = Unreachable
    told = await ask(world, world.operator, "/video room create standup --record")
    assert told.words == "Created *standup*. Whether it is being recorded the video server did not say."
    await card(world, "standup", "🟢 *Live*")


async def test_provider_show_says_what_is_wrong(world: World) -> None:
    world.memory.server.faults["ping"] = Unauthenticated
    said = await ask(world, world.operator, "/video provider show")
    assert "no. The video server does not accept our key or secret. Ask whoever runs the bot" in said.words


# Slack in trouble


async def _ready(world: World) -> tuple[int, dict[str, str]]:
    """The status of `/readyz`, and why."""
    async with aiohttp.ClientSession() as session, session.get(f"{world.address}/readyz") as answer:
        return answer.status, (await answer.json()).get("why", {})


async def test_a_revoked_token_stops_all_but_answers_until_slack_takes_it_again(
    world: World, wanted: Wanted, clock: MovedClock
) -> None:
    wanted.refusals.add("token_revoked")
    wanted.errors.add("Slack refuses our token")
    await ask(world, world.operator, "/video whoami")
    assert (await _ready(world))[0] == 200
    world.slack.refuse("chat.postMessage", "token_revoked")
    assert (await ask(world, world.operator, "/video room create standup")).words == "Created *standup*."
    await world.slack.until(lambda: [call for call in world.slack.calls if call.error] or None)
    assert await _ready(world) == (503, {"slack": "Slack refuses SLACK_BOT_TOKEN"})

    called = len(world.slack.calls)
    assert (await ask(world, world.operator, "/video room create retro")).words == "Created *retro*."
    assert (len(world.slack.calls), public(world)) == (called, [])

    clock.move(seconds=TOKEN_PAUSE_SECONDS)
    await ask(world, world.operator, "/video room create third")
    for room in ("standup", "retro", "third"):
        await card(world, room, "🟢 *Live*")
    assert (await _ready(world))[0] == 200


async def test_who_cannot_be_looked_up_hears_what_the_app_lacks(world: World, wanted: Wanted) -> None:
    wanted.refusals.add("missing_scope")
    world.slack.refuse("users.info", "missing_scope", needed="users:read", provided="commands")
    said = await ask(world, world.operator, "/video room create standup")
    assert "nothing is allowed until the app (it lacks users:read) is installed anew" in said.words
    assert rooms(world) == []


async def test_whose_card_cannot_be_kept_up_is_told_once_how_to_mend_it(world: World, wanted: Wanted) -> None:
    wanted.refusals.add("not_in_channel")
    bot, direct = world.slack.workspace.bot, world.slack.workspace.dm(world.operator)
    await ask(world, world.operator, "/video room create standup")
    await card(world, "standup", "🟢 *Live*")
    world.slack.workspace.kick(world.general, bot)
    await world.people.join("standup", "ana")
    (said,) = await world.slack.until(lambda: world.slack.seen_by(world.operator, direct))
    assert said.words.startswith(f"#{world.general.id} is closed to me")
    assert "Type `/invite` there and pick me" in said.words

    await world.restart()
    await world.people.join("standup", "ben")
    world.slack.workspace.invite(world.general, bot)
    joined = {"type": "member_joined_channel", "user": bot.id, "channel": world.general.id}
    await world.slack.event(joined)
    await card(world, "standup", "2 people")
    assert world.slack.seen_by(world.operator, direct) == [said]


@pytest.mark.parametrize(
    ("refused", "where"),
    [(("response_url",), "general"), (("response_url", "chat.postEphemeral"), "direct")],
    ids=["ephemeral", "direct"],
)
async def test_an_answer_whose_way_is_closed_goes_another(
    world: World, wanted: Wanted, refused: tuple[str, ...], where: str
) -> None:
    wanted.refusals.add("user_not_in_channel")
    for method in refused:
        world.slack.refuse(method, "used_url" if method == "response_url" else "user_not_in_channel")
    await world.slack.command(world.operator, world.general, "/video whoami")
    place = world.general if where == "general" else world.slack.workspace.dm(world.operator)
    (said,) = await world.slack.until(lambda: world.slack.seen_by(world.operator, place))
    assert "You are *operator*" in said.words
    assert (said.ephemeral_to is not None) is (where == "general")
