"""A room that ends when it was planned, on a real server, with somebody in it. It takes the ten seconds of the shortest
plan."""

from tests.bot.conversations.talk import ask
from tests.live.studio import ROOM, Studio


async def test_a_room_with_people_in_it_ends_as_planned(studio: Studio) -> None:
    world = studio.world
    created = await studio.ask("room create standup --stop-after 10s")
    assert "It ends by itself " in created.words
    ana = await studio.enter("ana")
    await studio.card("🟢 *Live*")
    is_ended = [m for m in world.slack.seen_by(world.operator, world.general) if "Ended" in m.words]
    assert is_ended == []
    assert await ana.thrown_out() == "ROOM_DELETED"
    await studio.card("Ended")
    assert await studio.rooms() == []
    recorded = await ask(world, world.owner, f"/video audit list --room {ROOM}")
    assert "by timer" in recorded.words
    assert "no channel" in recorded.words
