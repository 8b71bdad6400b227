"""The prompt, driven by the keys of a terminal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from pydantic import SecretStr
from rich.console import Console

from bot.demo.completion import Completions
from bot.demo.prompt import Prompt
from bot.demo.seat import NotDone, Seat
from bot.demo.verbs import VERBS, carry_out
from bot.demo.world import World
from commands.core.registry import all_commands
from providers.base import Grant, RoomOptions
from providers.memory.tokens import verify

ESCAPE = "\x1b"
CTRL_C = "\x03"
CTRL_D = "\x04"


class Terminal:
    """Somebody who types, and reads what is printed from where they last read."""

    def __init__(self, keys: PipeInput) -> None:
        self.paper = StringIO()
        self.console = Console(
            file=self.paper, width=100, color_system=None, highlight=False, emoji=False, markup=False
        )
        self._keys = keys
        self._read = 0

    async def sees(self, words: str) -> str:
        """What was printed since the last reading, up to and with these words."""
        try:
            async with asyncio.timeout(5):
                while words not in self._fresh():
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"{words!r} was not printed, but:\n{self.paper.getvalue()}") from None
        seen = self._fresh().partition(words)
        self._read += len(seen[0]) + len(seen[1])
        return seen[0] + seen[1]

    async def sees_both(self, *words: str) -> None:
        """Whichever comes first."""
        before, ends = self._read, []
        for each in words:
            self._read = before
            await self.sees(each)
            ends.append(self._read)
        self._read = max(ends)

    def _fresh(self) -> str:
        return self.paper.getvalue()[self._read :].replace("\u00a0", " ")

    def press(self, keys: str) -> None:
        self._keys.send_text(keys)

    async def types(self, line: str, expecting: str) -> str:
        self.press(f"{line}\r")
        return await self.sees(expecting)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with await World.open(tmp_path) as world:
        yield world


@asynccontextmanager
async def at_the_prompt(world: World) -> AsyncIterator[Terminal]:
    """Ends with Ctrl-D, after which the prompt must have ended of itself."""
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        terminal = Terminal(keys)
        running = asyncio.create_task(Prompt(world, terminal.console).run())
        try:
            yield terminal
            terminal.press(CTRL_D)
            async with asyncio.timeout(5):
                await running
        finally:
            running.cancel()
            await asyncio.wait([running])


# What is typed and pressed


async def test_a_command_and_its_buttons(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.sees("Try /video room create standup")
        terminal.press("/video room create standup\r")
        await terminal.sees_both(
            "[2] Join  [3] Record  [4] Stream to...  [5] Participants  [6] Mute all",
            "showcaller · only you see it\n▌ Created standup.",
        )
        await terminal.types("5", "standup: nobody is in it.")
        await terminal.types("7", "[8] End room  [9] Keep it")
        await terminal.types("8", "Ended standup.")
        await terminal.types("7", "There is no button 7 any more.")
        await terminal.types("99", "There is no button 99.")


async def test_a_card_that_changes_of_itself_is_shown_again_with_the_same_numbers(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        terminal.press("/video room create standup\r")
        await terminal.sees_both("Created standup.", "nobody in it")
        world.memory.server.join("standup", "bob", name="Bob")
        again = await terminal.sees("1 person")
        assert "showcaller · message 1 · edited\n▌ standup" in again
        await terminal.sees("[2] Join  [3] Record  [4] Stream to...  [5] Participants  [6] Mute all")


async def test_what_is_no_command_is_answered_here(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types("hello", "Begin with /video, @showcaller, a number, or a colon.")
        await terminal.types("/foo", "There is no /foo in this workspace.")
        await terminal.types(":foo", "There is no :foo. See :help.")
        await terminal.types(":join standup", "Type :join ROOM WHO.")
    assert world.slack.workspace.messages(world.general) == []


async def test_ctrl_c_cancels_the_line_and_quit_ends(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        terminal.press("/video room create nothing" + CTRL_C)
        await terminal.types("/video room list", "No room is live on memory.")
        await terminal.types(":quit", "Bye.")


async def test_the_log_of_commands_can_be_called_back(world: World) -> None:
    up = "\x1b[A"
    async with at_the_prompt(world) as terminal:
        await terminal.types("/video whoami", "You are admin")
        await terminal.types(up, "You are admin")


# Messages


async def test_a_mention_and_replies_in_threads(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types("@showcaller room create standup", "Created standup.")
        await terminal.sees("[7] End")
        screen = await terminal.types(":screen", "[7] End")
        assert "ana · message 1\n▌ @showcaller room create standup\n" in screen
        reply = "    showcaller · in the thread of “@showcaller room create standup”\n    ▌ Created standup.\n"
        assert f"{reply}showcaller · message 2\n▌ standup\n" in screen
        shown = await terminal.types(":reply 2 @showcaller room show .", "nobody is in it.")
        assert "    ana · in the thread of “standup”\n    ▌ @showcaller room show .\n" in shown
        await terminal.types(":reply 3 @showcaller help", "There is no message 3.")
        await terminal.types(":reply x hello", "There is no message x.")


async def test_a_form_from_a_mention(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types("@showcaller room create", "[1] Open form")
        await terminal.types("1", "Name\n  What the room is called")
        await terminal.types("retro", "Max participants (optional)")
        terminal.press(ESCAPE)
        await terminal.sees("The form is closed.")


async def test_alone_with_the_bot_every_line_is_for_it(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        shown = await terminal.types(":dm room list", "No room is live on memory.")
        assert "ana (owner) in a direct message" in shown
        await terminal.types("whoami", "You are admin")
        await terminal.types(":in general", "Nothing is here yet.")
        await terminal.types(":dm", "You are admin")


# Forms


async def test_a_form_is_asked_field_by_field_and_again_where_it_is_wrong(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types("/video room create", "Name\n  What the room is called")
        await terminal.types("retro", "Max participants (optional)")
        await terminal.types("0", "Empty timeout (optional)")
        await terminal.types("", "y or n (Enter: n)")
        await terminal.types("perhaps", "✗ “perhaps” is none of them.")
        await terminal.types("y", "Stop after (optional)")
        await terminal.types("", "Enter: Create · 1: More options · Esc: Cancel")
        await terminal.types("", "Max participants (optional)\n  ✗ “0” is too small; the least is 1.")
        await terminal.types("\x7f5", "Enter: Create")  # the 0 stands there to be changed
        await terminal.types("", "Created retro.")
    [room] = world.memory.server.list_rooms()
    assert (room.ref.name, room.max_participants) == ("retro", 5)


@pytest.mark.parametrize("way_out", [ESCAPE, CTRL_C, "cancel\r"])
async def test_a_form_can_be_left(world: World, way_out: str) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types("/video room create", "Name")
        terminal.press(way_out)
        await terminal.sees("The form is closed.")
        assert world.slack.view_of(world.owner) is None
        await terminal.types("/video room list", "No room is live")


async def test_choices_lines_and_more_options(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types("/video token create", "Room")
        await terminal.types("standup", "Identity")
        await terminal.types("zoe", "1 subscriber  2 publisher  3 moderator (Enter: publisher)")
        await terminal.types("sub", "TTL")
        await terminal.types("", "Name (optional)")
        await terminal.types("Zoe", "1: More options")
        await terminal.types("1", "Metadata (optional)")
        await terminal.types("", "As JSON")
        await terminal.types("", "An empty line ends it.")
        terminal.press("role=host\rteam=a\r")
        await terminal.types("", "Can publish (optional)\n  Whether they may send sound and picture\n  1 Yes  2 No")
        await terminal.types("yes", "Can subscribe")
        await terminal.types("", "Can publish data")
        await terminal.types("", "5 all, several with commas")
        await terminal.types("", "Can update metadata")
        await terminal.types("", "1: Back · 2: More options")
        await terminal.types("1", "Enter: Make · 1: More options")
        await terminal.types("", "the server makes it when the first person joins")
    [answer] = world.slack.seen_by(world.owner, world.general)
    token = answer.lines[answer.lines.index("*Token*") + 1].strip("`")
    claims = verify(world.memory.server.token_secret, "memory", SecretStr(token))
    assert (claims.sub, claims.name, claims.grant) == ("zoe", "Zoe", Grant.SUBSCRIBER)
    assert claims.permissions.can_publish
    assert claims.attributes == {"role": "host", "team": "a"}


async def test_part_of_a_name_is_typed_and_one_of_those_who_are_there_chosen(world: World) -> None:
    world.memory.server.create_room("standup", RoomOptions())
    world.memory.server.join("standup", "bob-1", name="Bob")
    world.memory.server.join("standup", "bob-2", name="Bob")
    async with at_the_prompt(world) as terminal:
        await terminal.types("/video participant remove", "Type a part of it")
        await terminal.types("standup", "Who\n")
        await terminal.types("bo", "1 Bob (bob-1)\n  2 Bob (bob-2)\n  3 Use “bo”")
        await terminal.types("2", "Keep out (optional)")
        await terminal.types("", "Enter: Remove")
        await terminal.types("", "Remove Bob from standup?")
        await terminal.sees("bob-2")


async def test_a_form_that_a_choice_changes(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types("/video token api", "Allow")
        await terminal.types("admin", "Room (optional)")
        await terminal.types("standup", "TTL")
        await terminal.types("", "Destination")
        await terminal.types("", "Enter: Make")
        await terminal.types("", "A token for a program")


async def test_a_form_that_has_nothing_to_begin_with_says_why(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types("/video room update nowhere", "There is no room `nowhere` on `memory`.")
        await terminal.sees("The form is closed.")


# The demo's own verbs


async def test_somebody_else_sees_what_they_may_see(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types("/video room create standup", "Created standup.")
        await terminal.sees("[7] End")
        everything = await terminal.types(":as gus", "[7] End")
        assert "gus (guest) in #general" in everything
        await terminal.types("7", "room close is for people with the role operator.")
        await terminal.types(":as nobody", "there are ana, omar, gus.")


async def test_the_bot_must_be_let_into_a_new_channel(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types(":channel ops", "Nothing is here yet.")
        await terminal.types("/video room create x", "I am not in #ops")
        await terminal.types("/invite @showcaller", "The bot is here.")
        await terminal.types("/video room create x", "Created x.")
        await terminal.types(":in dm", "ana (owner) in a direct message")
        await terminal.types(":in general", "ana (owner) in #general")


async def test_the_video_server_is_played_by_verbs(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types("/video room create standup", "Created standup.")
        await terminal.types(":join standup bob", "1 person")
        await terminal.types(":fail", "No recording runs.")
        await terminal.types("3", "🔴 Live")
        await terminal.types(":fail standup", "failed: the disk is full.\n    ▌ [")
        await terminal.types(":leave standup bob", "nobody in it")
        await terminal.types(":leave standup bob", "The video server refuses: no participant bob.")
        await terminal.types("/video recording start", "🔴 Live")
        await terminal.types(":finish", "✅ Ready")


async def test_people_in_rooms_send_and_hear(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types(":join standup bob", "bob is in standup.")
        await terminal.types(":publish standup bob", "bob sends microphone to standup.")
        await terminal.types(":publish standup bob sofa", "There is no sofa; there are camera, microphone,")
        await terminal.types(":unpublish standup bob camera", "The video server refuses: bob does not send camera.")
        await terminal.types(":heard standup bob", "No message has come to bob in standup.")
        await terminal.types("/video signal send standup hi --topic chat", "In standup, bob gets on topic chat: hi")
        await terminal.types(":heard standup bob", "bob got on topic chat: hi")
        await terminal.types(":quality standup bob poor", "the connection of bob is poor.")
        await terminal.types("/video participant list standup", "connection poor")
        await terminal.types(":unpublish standup bob", "bob has stopped sending microphone to standup.")


async def test_what_somebody_got_is_shown_once_and_anew_after_they_came_back(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types(":join standup bob", "bob is in standup.")
        await terminal.types("/video signal send standup one", "bob gets the message: one")
        await terminal.types(":join standup bob", "bob is in standup.")
        await terminal.types("/video signal send standup two", "bob gets the message: two")
        await terminal.types("/video signal send standup three", "Sent to 1 person")
    printed = terminal.paper.getvalue()
    assert [printed.count(f"bob gets the message: {word}") for word in ("one", "two", "three")] == [1, 1, 1]


async def test_the_bot_restarts_and_the_rooms_go_on(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        await terminal.types("/video room create standup", "Created standup.")
        await terminal.types(":join standup bob", "1 person")
        await terminal.types(":restart", "The bot has stopped and started again.")
        await terminal.types("5", "standup: 1 person is in it.")
        await terminal.types(":join standup cleo", "2 people")


async def test_help_names_every_verb(world: World) -> None:
    async with at_the_prompt(world) as terminal:
        shown = await terminal.types(":help", "end the demo, like Ctrl-D")
    assert all(f"  :{name}" in shown for name in VERBS)


async def test_a_channel_of_that_name_is_refused(world: World) -> None:
    with pytest.raises(NotDone, match="there is a #general already"):
        await carry_out(Seat(world, world.owner, world.general), ":channel general")


# Tab


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("", ["/video", "@showcaller", *(f":{name}" for name in VERBS)]),
        ("@show", ["@showcaller"]),
        ("@showcaller room cl", ["close"]),
        (":dm room cl", ["close"]),
        (":dm @showcaller room cl", ["close"]),
        (":reply ", ["1"]),
        (":reply 1 ", []),
        (":reply 1 @showcaller room close ", ["standup", "--provider"]),
        ("/video ro", ["role", "room"]),
        ("/video room c", ["close", "create"]),
        ("/video room close ", ["standup", "--provider"]),
        ("/video room create x --max", ["--max-participants"]),
        ("/video room create --record --rec", []),
        (":as o", ["omar"]),
        (":in ", ["dm", "general"]),
        (":leave ", ["standup"]),
        (":leave standup ", ["bob"]),
        (":leave standup bob ", []),
        (":channel ", []),
        (":publish standup bob ", ["camera", "microphone", "screen_share", "screen_share_audio"]),
        (":quality standup bob e", ["excellent"]),
        ("/video participant show standup ", ["bob", "--provider"]),
        ("hello ", []),
    ],
)
async def test_tab_offers_what_can_stand_there(world: World, line: str, offered: list[str]) -> None:
    world.memory.server.join("standup", "bob")
    world.memory.server.join("Test Room", "cleo")
    seat = Seat(world, world.owner, world.general)
    seat.number(world.slack.workspace.post(world.general, world.guest, "hello"))
    completions = Completions(seat, all_commands())
    assert [words for words, _ in await completions.offers(line)] == offered
