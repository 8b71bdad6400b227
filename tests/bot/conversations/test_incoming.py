"""What comes into a room, from the command that lets it in to the card and its thread."""

from bot.demo.world import World
from providers.base import shown_number
from tests.bot.conversations.talk import ask, card, note, public

NUMBER = "+493012344567"


async def test_an_ingress_that_fails_and_recovers(world: World) -> None:
    server = world.memory.server
    await ask(world, world.operator, "/video room create standup")
    created = await ask(world, world.operator, "/video ingress create rtmp standup camera-1 --name=Camera")
    [ingress] = server.list_ingresses()
    key = server.key_of(ingress.ref.id)
    assert key in created.words
    first = await card(world, "Ingress into standup", "Waiting", "Nobody is connected")
    server.send_into(key)
    await card(world, "Ingress into standup", "Live", "1280×720")
    await card(world, "standup", "*Coming in*: Camera")
    server.fail_ingress(ingress.ref.id, "no video")
    await note(world, first, "failed: no video.")
    server.send_into(key)
    await note(world, first, "is live.")
    server.stop_sending(ingress.ref.id)
    await note(world, first, "stopped")
    await card(world, "Ingress into standup", "Stopped")
    assert not any(key in message.words for message in public(world))


async def test_who_called_is_on_the_cards_of_the_call_and_of_its_room(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    call = world.memory.server.call_in("standup", NUMBER)
    await card(world, "standup", f"*{shown_number(NUMBER)}* called in")
    world.memory.server.hang_up_there(call.ref.id)
    await card(world, f"Call from {shown_number(NUMBER)}", "Ended")
    assert not any(NUMBER in message.words for message in public(world))
