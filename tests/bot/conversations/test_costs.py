"""What one command costs the database and Slack, where an answer is long and most of its buttons are refused."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.demo.slack.things import User
from bot.demo.world import World
from bot.logs import request_id
from tests.bot.conversations.conftest import Start
from tests.bot.conversations.talk import ask, card

MOST_STATEMENTS = 14
"""Of `participant list`, whoever is in the room. Before it is known where a line goes, the settings are read."""

VIEWERS = {"SHOWCALLER_DEFAULT_ROLE": "viewer"}


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the database is sent meanwhile on behalf of a request; cards and the like are seen to by others."""
    sent = list[str]()

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        if request_id() is not None:
            sent.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def cost_of(world: World, user: User, line: str) -> list[str]:
    """Of the second time, when what is remembered is known."""
    await ask(world, user, line)
    with statements() as sent:
        await ask(world, user, line)
    return sent


async def test_people_whom_a_viewer_may_only_look_at(start: Start) -> None:
    """Every row has buttons that are refused, all for the same reason."""
    world = await start(environ=VIEWERS)
    await ask(world, world.owner, "/video room create standup")
    for number in range(6):
        world.memory.server.join("standup", f"bob-{number}")
        world.memory.server.publish("standup", f"bob-{number}")
    await card(world, "standup", "6 people")
    sent = await cost_of(world, world.operator, "/video participant list standup")
    assert len([each for each in sent if "FROM role_grant" in each]) == 1, sent
    assert len(sent) <= MOST_STATEMENTS, sent
