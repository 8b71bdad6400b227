"""`showcaller demo`: opens a world in a temporary directory, and the prompt or the tour in it."""

import asyncio
import logging
import shutil
import sys
import tempfile
from io import TextIOWrapper
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console

from bot import logs
from bot.demo.prompt import Prompt
from bot.demo.screen import WIDTH
from bot.demo.tour import play
from bot.demo.world import World

INTERRUPTED: Final = 130
"""The exit code that shells give for Ctrl-C."""


def run(*, tour: bool) -> int:
    """The exit code; an error in the log is a failure too. Only then the directory is left, and its log named."""
    console = _console()
    directory = Path(tempfile.mkdtemp(prefix="showcaller-demo-"))
    log = directory / "showcaller.log"
    trouble = _Trouble()
    with log.open("w", encoding="utf-8") as stream:
        try:
            code = asyncio.run(_open(console, directory, stream, trouble, tour=tour))
        except KeyboardInterrupt:
            code = INTERRUPTED
        except Exception:
            logging.getLogger(__name__).exception("the demo broke")
            code = 1
        finally:
            logging.shutdown()
    if trouble.seen:
        code = 1
    if code == 1:
        console.print(f"Something went wrong. The log is {log}", style="red", soft_wrap=True)
    else:
        shutil.rmtree(directory)
    return code


async def _open(console: Console, directory: Path, stream: TextIO, trouble: logging.Handler, *, tour: bool) -> int:
    logs.configure(level=logging.INFO, style="text", stream=stream)
    logging.getLogger().addHandler(trouble)
    async with await World.open(directory) as world:
        if tour:
            return 0 if await play(world, console) else 1
        await Prompt(world, console).run()
        return 0


def _console() -> Console:
    """A terminal's own width up to what is easily read; elsewhere the full width, and no colours."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an output that has no emoji gets question marks
    console = Console(highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        return Console(highlight=False, emoji=False, markup=False, width=WIDTH, color_system=None)
    console.width = min(console.width, WIDTH)
    return console


class _Trouble(logging.Handler):
    """Remembers whether an error was logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen = False

    def emit(self, record: logging.LogRecord) -> None:
        self.seen = True
