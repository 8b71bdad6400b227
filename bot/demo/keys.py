"""What the keyboard does: lines with history and completion, and the answers to a form's fields."""

from collections.abc import Sequence
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.styles import Style

from bot.demo.completion import Completions
from bot.demo.seat import Seat
from commands.core.registry import Commands

ESCAPE_SECONDS: Final = 0.05
"""How long an Esc waits for the rest of a key that begins with it, such as an arrow."""

_STYLE: Final = Style.from_dict({"who": "bold ansigreen", "where": "bold ansiblue", "bottom-toolbar": "noreverse dim"})
_FOOT: Final = "a number presses that button · Tab completes · :help · Ctrl-D quits"
_FORM_FOOT: Final = "Enter takes the answer · Esc or `cancel` closes the form"


class Cancelled(Exception):
    """Ctrl-C, and in a form Esc."""


class Left(Exception):
    """Ctrl-D."""


class Keys:
    """Made inside a running application session, whose input and output it takes."""

    def __init__(self, seat: Seat, commands: Commands) -> None:
        self._seat = seat
        self._lines: PromptSession[str] = PromptSession(
            history=InMemoryHistory(),
            completer=Completions(seat, commands),
            complete_while_typing=False,
            auto_suggest=AutoSuggestFromHistory(),
            reserve_space_for_menu=5,
            style=_STYLE,
            bottom_toolbar=_FOOT,
            interrupt_exception=Cancelled,
            eof_exception=Left,
        )
        self._answers: PromptSession[str] = PromptSession(
            history=InMemoryHistory(),
            key_bindings=_escape(),
            reserve_space_for_menu=0,
            style=_STYLE,
            bottom_toolbar=_FORM_FOOT,
            interrupt_exception=Cancelled,
            eof_exception=Cancelled,
        )
        self._answers.app.ttimeoutlen = ESCAPE_SECONDS

    async def line(self) -> str:
        """Raises `Cancelled` and `Left`."""
        who, where = ("class:who", self._seat.name), ("class:where", self._seat.place)
        head = FormattedText([("", "\n"), who, ("", " in "), where, ("", "\n❯ ")])
        return (await self._lines.prompt_async(head)).strip()

    async def answer(self, *, default: str = "", choices: Sequence[str] = ()) -> str:
        """Raises `Cancelled`."""
        completer = WordCompleter(list(choices))
        given = (await self._answers.prompt_async("  › ", default=default, completer=completer)).strip()
        if given.lower() == "cancel":
            raise Cancelled
        return given


def _escape() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("escape", eager=True)
    def _(event: KeyPressEvent) -> None:
        event.app.exit(exception=Cancelled())

    return bindings
