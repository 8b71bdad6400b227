"""Help as people meet it: its pages turn in place, by every door."""

import pytest

from bot.demo.slack import Message
from bot.demo.world import World
from tests.bot.conversations.talk import accepted, ask, labels, mention, opened, press_in_place, tell


def more(page: Message, number: int) -> str:
    """The action_id of one of the buttons that are all called More."""
    return [button.action_id for button in page.buttons if button.label == "More"][number]


async def test_its_pages_turn_in_place(world: World) -> None:
    first = await ask(world, world.operator, "/video help")
    group = await press_in_place(world, world.operator, first, more(first, 2))
    assert group.lines[0] == "*Record*:"
    page = await press_in_place(world, world.operator, group, more(group, 9))
    assert page.lines[0].startswith("*recording start*: ")
    assert page.lines[1] == "`/video recording start standup`"
    back = await press_in_place(world, world.operator, page, "All help")
    assert (back.ts, back.words) == (first.ts, first.words)


async def test_a_page_opens_the_form(world: World) -> None:
    page = await ask(world, world.operator, "/video help room create")
    accepted(await world.slack.press(world.operator, page, "Open form"))
    assert "What the room is called" in (await opened(world, world.operator)).words


async def test_a_line_of_a_page_works_when_it_is_copied(world: World) -> None:
    page = await ask(world, world.operator, "/video help room create")
    assert (await ask(world, world.operator, page.lines[1].strip("`"))).words == "Created *standup*."


@pytest.mark.parametrize("line", ["help", "--help", "/video help"])
async def test_it_is_told_in_a_direct_message(world: World, line: str) -> None:
    answer = await tell(world, world.operator, line)
    assert answer.lines[0].startswith("What you can ask for.")
    assert "Create room" in labels(answer)


async def test_it_is_told_in_the_thread_of_a_mention(world: World) -> None:
    answer = await mention(world, world.operator, "@showcaller help record")
    assert answer.lines[0] == "*Record*:"
    page = await press_in_place(world, world.operator, answer, more(answer, 10))
    assert page.lines[0] == "*recording stop*: Stop a recording."
