"""`showcaller demo`: opens a world in a temporary directory, with a video server, and the prompt or the tour in it."""

import asyncio
import logging
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Final, Literal, TextIO

from rich.console import Console

from bot import logs
from bot.alerts.pace import Tempo
from bot.demo.livekit import LiveKitServer, NoServer
from bot.demo.people import People
from bot.demo.prompt import Prompt
from bot.demo.screen import WIDTH
from bot.demo.storm import FASTER
from bot.demo.tour import play
from bot.demo.world import World, free_port

INTERRUPTED: Final = 130
"""The exit code that shells give for Ctrl-C. Whoever ends the demo in another way gets it too."""

Server = Literal["memory", "livekit"]
Opening = Callable[[Path], AbstractAsyncContextManager[World]]
"""Opens a world in a directory."""


def run(*, tour: bool, server: Server = "memory") -> int:
    """The exit code; an error in the log is a failure too. Only then the directory is left, and its log named.

    Raises `ModuleNotFoundError` where a library of an extra is missing.
    """
    opening = _opening(server, Tempo().faster(FASTER) if tour else Tempo())
    console = _console()
    directory = Path(tempfile.mkdtemp(prefix="showcaller-demo-"))
    log = directory / "showcaller.log"
    trouble = _Trouble()
    with log.open("w", encoding="utf-8") as stream:
        try:
            code = asyncio.run(_open(opening, console, directory, stream, trouble, tour=tour))
        except (KeyboardInterrupt, asyncio.CancelledError):
            code = INTERRUPTED
        except NoServer as problem:
            shutil.rmtree(directory)
            sys.stderr.write(f"{problem}\n")
            return 1
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


async def _open(
    opening: Opening, console: Console, directory: Path, stream: TextIO, trouble: logging.Handler, *, tour: bool
) -> int:
    _end_in_order()
    logs.configure(level=logging.INFO, style="text", stream=stream)
    logging.getLogger().addHandler(trouble)
    async with opening(directory) as world:
        world.slack.limits.enforced = True
        if tour:
            world.slack.limits.scale = FASTER
            return 0 if await play(world, console) else 1
        await Prompt(world, console).run()
        return 0


def _end_in_order() -> None:
    """A closed terminal or a request to end must not leave a video server behind."""
    playing = asyncio.current_task()
    assert playing is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, playing.cancel)


def _opening(server: Server, tempo: Tempo) -> Opening:
    if server == "memory":
        return partial(_in_memory, tempo)
    from bot.demo.clients import LiveKitPeople  # needs an extra of its own

    return partial(_on_livekit, LiveKitPeople, tempo)


@asynccontextmanager
async def _in_memory(tempo: Tempo, directory: Path) -> AsyncIterator[World]:
    async with await World.open(directory, tempo=tempo) as world:
        yield world


@asynccontextmanager
async def _on_livekit(people: type[People], tempo: Tempo, directory: Path) -> AsyncIterator[World]:
    port = free_port()
    async with (
        LiveKitServer(directory, webhook_url=f"http://127.0.0.1:{port}/webhooks/livekit") as server,
        await World.open(directory, providers=server.providers, port=port, people=people, tempo=tempo) as world,
    ):
        yield world


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
