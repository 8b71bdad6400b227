"""Channels that change: another id, or gone."""

from bot.demo.world import World
from tests.bot.conversations.talk import ask, card


async def test_a_channel_that_gets_another_id_keeps_its_cards_and_subscriptions(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    shown = await card(world, "standup", "🟢 *Live*")
    await ask(world, world.operator, "/video alert subscribe room --room retro")

    old, new = world.slack.workspace.give_another_id(world.general)
    event = {"type": "channel_id_changed", "old_channel_id": old, "new_channel_id": new}
    assert (await world.slack.event(event)).status == 200
    world.memory.server.join("standup", "bob", name="Bob")
    assert (await card(world, "standup", "🟢 *Live* · 1 person")).ts == shown.ts
    world.memory.server.join("retro", "eve", name="Eve")
    await card(world, "retro", "🟢 *Live*")


async def test_of_a_channel_that_was_deleted_no_subscription_is_left(world: World) -> None:
    elsewhere = world.slack.workspace.add_channel("elsewhere", members=[world.operator])
    await ask(world, world.operator, "/video alert subscribe room", channel=elsewhere)
    event = {"type": "channel_deleted", "channel": elsewhere.id, "actor_id": world.owner.id}
    assert (await world.slack.event(event)).status == 200
    said = await ask(world, world.operator, "/video alert list", channel=elsewhere)
    assert said.lines[0].startswith("This channel is told of what is started here, and of nothing else.")
