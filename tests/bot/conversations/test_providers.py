"""Several video servers: which one a line goes to, and where a name is looked for."""

import pytest

from bot.demo.world import World
from tests.bot.conversations.conftest import MEMORY, Start
from tests.bot.conversations.talk import ask, card, heard, labels, press, rooms

TWO = MEMORY + MEMORY.replace("providers.memory", "providers.eu").replace("/webhooks/memory", "/webhooks/eu")


@pytest.fixture
async def world(start: Start) -> World:
    return await start(providers=TWO)


async def test_the_first_is_the_default_and_an_option_chooses_another(world: World) -> None:
    await ask(world, world.operator, "/video room create here")
    await ask(world, world.operator, "/video room create there --provider eu")
    assert rooms(world) == ["here"]
    assert "on `eu`" in (await card(world, "there", "🟢 *Live*")).words
    assert "on `memory`" in (await card(world, "here", "🟢 *Live*")).words


async def test_a_channel_has_its_own_default(world: World) -> None:
    listed = await ask(world, world.owner, "/video provider list")
    assert listed.words == (
        "2 video servers are configured; this channel uses *memory*.\n"
        "*memory* · used here\nmemory memory://memory\n*eu*\nmemory memory://eu\n[Use here]"
    )
    said = await press(world, world.owner, listed, "Use here")
    assert said.words == "`provider` is *eu* in this channel from now on."
    await ask(world, world.operator, "/video room create there")
    assert rooms(world) == []
    elsewhere = world.slack.workspace.add_channel("elsewhere", members=[world.operator])
    await ask(world, world.operator, "/video room create here", channel=elsewhere)
    assert rooms(world) == ["here"]
    assert "On `eu`." in (await _form(world))


async def _form(world: World) -> str:
    await world.slack.command(world.operator, world.general, "/video room create")
    return (await world.slack.until(lambda: world.slack.view_of(world.operator))).words


async def test_a_dot_is_this_channels_room_on_its_own_server(world: World) -> None:
    await ask(world, world.operator, "/video room create there --provider eu")
    for line in ("participant list .", "participant list"):
        said = await ask(world, world.operator, f"/video {line}")
        assert said.lines[0] == "*there*: nobody is in it."
    said = await ask(world, world.operator, "/video participant list . --provider memory")
    assert said.lines[0] == "There is no room `there` on `memory`."


async def test_the_newest_room_of_the_channel_is_meant(world: World) -> None:
    await ask(world, world.operator, "/video room create first")
    await ask(world, world.operator, "/video room create second --provider eu")
    assert (await ask(world, world.operator, "/video room show")).lines[0] == "*second*: nobody is in it."
    question = await ask(world, world.operator, "/video room close .")
    await press(world, world.operator, question, "End room")
    assert (await ask(world, world.operator, "/video room show")).lines[0] == "*first*: nobody is in it."


async def test_a_name_that_only_another_server_has_is_offered_there(world: World) -> None:
    await ask(world, world.operator, "/video room create there --provider eu")
    said = await ask(world, world.operator, "/video room show there")
    assert said.words == (
        "There is no room `there` on `memory`.\nThere is one of that name on another video server.\n[On eu]"
    )
    shown = await press(world, world.operator, said, "On eu")
    assert shown.lines[0] == "*there*: nobody is in it."


async def test_one_name_on_two_servers_is_two_rooms(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    first = await card(world, "standup", "on `memory`")
    await ask(world, world.operator, "/video room create standup --provider eu")
    await card(world, "standup", "on `eu`")
    question = await press(world, world.operator, first, "End")
    await press(world, world.operator, question, "End room")
    assert rooms(world) == []
    assert "Join" in labels(await card(world, "standup", "on `eu`", "🟢 *Live*"))
    assert heard(world, world.guest) == []


async def test_a_webhook_belongs_to_the_server_it_names(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    await ask(world, world.operator, "/video room create standup --provider eu")
    await card(world, "standup", "on `eu`")
    world.memory.server.join("standup", "bob")
    await world.slack.until(
        lambda: [m for m in world.slack.seen_by(world.owner, world.general) if "1 person" in m.words]
    )
    assert "nobody in it" in (await card(world, "standup", "on `eu`")).words
