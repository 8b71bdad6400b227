"""What people get wrong: each gets a clear answer and one line in the log, and nothing is made."""

import pytest

from bot.demo.slack.reading import read
from bot.demo.world import World
from bot.text import literal
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import ask, attempts, card, heard, labels, press, public, rooms

FOR_EXAMPLE = "For example: `/video room create standup`"
WITH_LIMITS = "For example: `/video room create standup --max-participants 20 --empty-timeout 10m`"
FOR_A_TOKEN = "For example: `/video token create standup --identity guest-1 --grant subscriber --ttl 15m`"
SEE_CREATE = "See `/video help room create` for what it takes."
NO_OPTION = "is no option; those begin with two dashes. As a name it goes in quotes."
NOT_A_DOT = "NAME: “.” stands for the channel's room, so no room can be called that."

TABLE = [
    ("frobnicate", "There is no command “frobnicate”.\nSee `/video help` for what there is."),
    ("romm", "There is no command “romm”.\nDid you mean `/video room`?"),
    ("room pause x", "There is no command “room pause”.\nSee `/video help room` for what there is."),
    ("rom create x", "There is no command “rom create”.\nDid you mean `/video room create x`?\n[room create x]"),
    (
        "room creat x --max-participants 5",
        "There is no command “room creat”.\nDid you mean `/video room create x --max-participants 5`?\n"
        "[room create x --max-participants 5]",
    ),
    ("room create " + "x" * 400, f"NAME: A room's name can be 256 bytes long; this one has 400.\n{FOR_EXAMPLE}"),
    ("room create " + "é" * 129, f"NAME: A room's name can be 256 bytes long; this one has 258.\n{FOR_EXAMPLE}"),
    ('room create "a\x07b"', f"NAME: A room's name cannot hold control characters or line breaks.\n{FOR_EXAMPLE}"),
    ('room create "a\nb"', f"NAME: A room's name cannot hold control characters or line breaks.\n{FOR_EXAMPLE}"),
    ('room create "  "', f"NAME: It cannot be empty.\n{FOR_EXAMPLE}"),
    ("room create x —max-participants five", f"--max-participants: “five” is not a whole number.\n{WITH_LIMITS}"),
    ("room create x --max-participants 0", f"--max-participants: “0” is too small; the least is 1.\n{WITH_LIMITS}"),
    ("room create x --max-participants 20000", f"--max-participants: The most here is 10,000.\n{WITH_LIMITS}"),
    (
        "room create x --empty-timeout 0s",
        f"--empty-timeout: A duration must be at least one second, like 90s, 15m or 1h30m.\n{WITH_LIMITS}",
    ),
    ("room create x --max-participants", f"--max-participants needs a value.\n{WITH_LIMITS}"),
    (
        "room create x --record=maybe",
        "--record is a switch: leave the value out, or say yes or no.\n"
        'For example: `/video room create "Q3 review" --record`',
    ),
    ("room create x --colour red", f"room create has no option --colour.\n{SEE_CREATE}"),
    ("room create x --recrod", f"room create has no option --recrod. Did you mean --record?\n{SEE_CREATE}"),
    ("room create -x", f"“-x” {NO_OPTION}\n{SEE_CREATE}"),
    ("room create --", f"“--” {NO_OPTION}\n{SEE_CREATE}"),
    ("room create .", f"{NOT_A_DOT}\n{FOR_EXAMPLE}"),
    ('room create "."', f"{NOT_A_DOT}\n{FOR_EXAMPLE}"),
    ("room create x --provider nix", "There is no video server called “nix” here.\nThere is memory."),
    ("token create x --ttl 0", f"--ttl: “0” is no duration. Write it like 90s, 15m or 1h30m.\n{FOR_A_TOKEN}"),
    ("token create x --ttl 3650d", f"--ttl: A token can last from 10s to 30d.\n{FOR_A_TOKEN}"),
    (
        "token create x --ttl 10 years",
        "• That is one word too many: “years”.\n"
        "• --ttl: “10” is no duration. Write it like 90s, 15m or 1h30m.\n"
        "See `/video help token create` for what it takes.",
    ),
    (
        "token create x --identity " + "i" * 257,
        f"--identity: An identity can be 256 bytes long; this one has 257.\n{FOR_A_TOKEN}",
    ),
    (
        'room create "x',
        'This quote is never closed: "x\nAdd the closing quote, or put quotes around the whole word.',
    ),
    (
        'room create "x"y',
        'Something follows the closing quote: "x"y\nPut a space after a closing quote.',
    ),
    ("room show nix", "There is no room `nix` on `memory`.\nSee what is live with `/video room list`."),
    ("room close nix", "There is no room `nix` on `memory`.\nSee what is live with `/video room list`."),
    ("recording start nix", "There is no room `nix` on `memory`.\nSee what is live with `/video room list`."),
    (
        "recording start nix --layout bogus",
        "--layout: “bogus” is no layout here; there is grid, speaker, single-speaker.\n"
        "For example: `/video recording start standup --layout speaker`",
    ),
    ("room show .", "This channel has no room, so “.” means nothing here."),
    (
        "room create " + "x " * 2_000,
        "That is 4,011 characters; a command can have 4,000.\n"
        "Shorten it. A form takes less: 3,000 characters in a field.",
    ),
]


@pytest.mark.parametrize(("line", "answer"), TABLE, ids=[line[:40] for line, _ in TABLE])
async def test_a_mistake_is_explained(world: World, log: Log, line: str, answer: str) -> None:
    mark = len(log.lines)
    said = await ask(world, world.operator, f"/video {line}")
    assert said.words.startswith(answer)
    assert (rooms(world), public(world), heard(world, world.guest)) == ([], [], [])
    (written,) = log.after(mark)
    assert (written["event"], written["user"]) in (
        ("command", world.operator.id),
        ("refused", world.operator.id),
    )
    assert {outcome for _, outcome in attempts(world)} <= {"refused"}


async def test_a_suggestion_can_be_pressed(world: World) -> None:
    said = await ask(world, world.operator, "/video rom create x")
    assert labels(said) == ["room create x"]
    assert (await press(world, world.operator, said, "room create x")).words == "Created *x*."


async def test_a_name_in_two_words_is_offered_in_quotes(world: World) -> None:
    said = await ask(world, world.operator, "/video room create Test Room")
    assert said.lines[0] == "That is one word too many: “Room”."
    assert '/video room create "Test Room"' in said.lines[1]
    assert rooms(world) == []
    assert (await press(world, world.operator, said, "Use “Test Room”")).words == "Created *Test Room*."
    await card(world, "Test Room", "🟢 *Live*")


async def test_a_label_too_long_for_a_button_is_cut_and_works(world: World) -> None:
    name = "word " * 40
    said = await ask(world, world.operator, f"/video room create {name}")
    (button,) = labels(said)
    assert len(button) <= 75
    await press(world, world.operator, said, button)
    assert rooms(world) == [name.strip()]


async def test_a_button_that_cannot_carry_its_command_finds_it_in_the_store(world: World) -> None:
    """Metadata of 2,000 letters are too much for a button's value."""
    said = await ask(world, world.operator, f"/video room create Test Room --metadata {'m' * 2_000}")
    (button,) = said.buttons
    assert button.action_id.startswith("pending:room.create:")
    await press(world, world.operator, said, button.label)
    (room,) = world.memory.server.list_rooms()
    assert (room.ref.name, room.metadata) == ("Test Room", "m" * 2_000)


async def test_what_is_wrong_is_shown_as_it_was_typed(world: World) -> None:
    said = await ask(world, world.operator, "/video <!channel> *bold* <@U00000002>")
    assert said.lines[0] == f"There is no command “<!channel> {read(literal('*bold*'))}”."
    assert "<!channel>" not in said.text
