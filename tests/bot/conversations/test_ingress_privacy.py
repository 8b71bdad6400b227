"""Whose an ingress is, and its room, after it is moved, given a new key, refused or deleted."""

import pytest

from bot.demo.slack import Channel, Message, User
from providers.errors import NoWorker
from tests.bot.conversations.talk import ask, card, press, public
from tests.bot.conversations.test_privacy import PLAN, House, house, names_it

__all__ = ["house"]


async def confirmed(house: House, who: User, line: str, button: str, channel: Channel | None = None) -> Message:
    asked = await ask(house.world, who, line, channel=channel)
    return await press(house.world, who, asked, button)


async def listed(house: House, who: User, what: str = "ingress") -> str:
    """As everybody in #general is told it, after what came before has been shown."""
    await ask(house.world, house.mo, "/video room create witness")
    await card(house.world, "witness")
    return (await ask(house.world, who, f"/video {what} list")).words


def home_cards(house: House, channel: Channel) -> list[str]:
    return [m.words for m in public(house.world, channel) if "Ingress into" in m.words]


async def test_a_new_key_from_elsewhere_leaves_a_public_ingress_public(house: House) -> None:
    world = house.world
    await ask(world, house.mo, "/video ingress create rtmp standup cam --name Camera")
    await card(world, "Ingress into standup", "Waiting")
    dm = world.slack.workspace.dm(world.owner)
    await confirmed(house, world.owner, "/video ingress renew standup", "Make new key", dm)
    assert "Camera" in await listed(house, house.sam)
    assert len(home_cards(house, world.general)) == 2
    mine = await ask(world, house.mo, "/video ingress show standup")
    assert f"@{house.mo.id}" in mine.words, "whose it was"


async def test_a_new_key_from_elsewhere_leaves_a_private_ingress_private(house: House) -> None:
    world = house.world
    await ask(world, house.mo, "/video ingress create rtmp retro cam --name Camera", channel=house.board)
    await card(world, "Ingress into retro", channel=house.board)
    await confirmed(house, house.mo, "/video ingress renew retro", "Make new key")
    assert "Camera" not in await listed(house, house.sam)
    assert home_cards(house, world.general) == []
    assert len(home_cards(house, house.board)) == 2


async def test_a_public_ingress_is_not_moved_into_a_private_room(house: House) -> None:
    world = house.world
    await ask(world, house.mo, f"/video room create {PLAN}", channel=house.board)
    await ask(world, house.mo, "/video ingress create rtmp standup cam --name Camera")
    said = await ask(world, house.mo, f"/video ingress update standup --room {PLAN}", channel=house.board)
    assert said.lines[0].startswith(f"The room `{PLAN}` is not seen everywhere where the ingress")
    assert PLAN not in await listed(house, house.sam)
    assert names_it(world, world.general) == []


async def test_a_private_ingress_brings_up_a_private_room_wherever_it_leads(house: House) -> None:
    world, server = house.world, house.world.memory.server
    await ask(world, house.mo, "/video ingress create rtmp first cam", channel=house.board)
    await ask(world, house.mo, "/video ingress update first --room second", channel=house.board)
    [ingress] = server.list_ingresses()
    freed = await ask(world, house.sam, "/video room create first")
    assert freed.words.startswith("Created"), "the name that it led to is anybody's"
    server.send_into(server.key_of(ingress.ref.id))
    await world.memory.settled()
    await card(world, "Ingress into second", "Live", channel=house.board)
    assert "second" in (await ask(world, house.mia, "/video room list", channel=house.board)).words
    assert "second" not in await listed(house, house.sam, "room")


@pytest.mark.parametrize("is_made", [True, False])
async def test_without_an_ingress_its_room_is_anybodys(house: House, is_made: bool) -> None:
    world = house.world
    if not is_made:
        world.memory.server.faults["create_ingress"] = NoWorker
    await ask(world, house.mo, "/video ingress create rtmp retro cam", channel=house.board)
    if is_made:
        refused = await ask(world, house.sam, "/video room create retro")
        assert refused.lines[0] == "The name `retro` cannot be used here."
        await confirmed(house, house.mo, "/video ingress delete retro", "Delete ingress", house.board)
    assert (await ask(world, house.sam, "/video room create retro")).words.startswith("Created")


async def test_a_new_key_keeps_the_room_too(house: House) -> None:
    world = house.world
    await ask(world, house.mo, "/video ingress create rtmp retro cam", channel=house.board)
    await confirmed(house, house.mo, "/video ingress renew retro", "Make new key", house.board)
    said = await ask(world, house.sam, "/video token create retro")
    assert said.lines[0] == "The name `retro` cannot be used here."
