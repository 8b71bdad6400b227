"""The picture of the tour: its first steps, as they look on a terminal, as an SVG that needs nothing from outside."""

import asyncio
import io
import logging
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from bot import logs
from bot.demo import acts
from bot.demo.tour import play
from bot.demo.world import World

TOUR = "tour.svg"

STEPS = (acts.create_by_command, acts.somebody_joins, acts.record, acts.recording_fails)
WIDTH = 92

_THEME = TerminalTheme(
    (18, 22, 31),
    (214, 220, 230),
    [
        (38, 44, 58),
        (240, 113, 120),
        (126, 211, 133),
        (255, 203, 107),
        (130, 170, 255),
        (199, 146, 234),
        (100, 205, 225),
        (214, 220, 230),
    ],
    [
        (92, 102, 122),
        (255, 139, 146),
        (158, 230, 164),
        (255, 217, 145),
        (160, 190, 255),
        (214, 172, 240),
        (140, 222, 238),
        (255, 255, 255),
    ],
)

_FONT_OF_ANOTHER_SITE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def draw_tour() -> str:
    """Raises `RuntimeError` where a step fails."""
    console = Console(
        record=True, file=io.StringIO(), width=WIDTH, highlight=False, emoji=False, markup=False, force_terminal=True
    )
    logs.configure(level=logging.ERROR, style="text", stream=io.StringIO())
    with tempfile.TemporaryDirectory(prefix="showcaller-picture-") as folder:
        asyncio.run(_play(Path(folder), console))
    drawn = console.export_svg(title="make demo", theme=_THEME)
    return _FONT_OF_ANOTHER_SITE.sub("", drawn).replace("Fira Code", "ui-monospace, Menlo, Consolas").strip() + "\n"


async def _play(folder: Path, console: Console) -> None:
    async with await World.open(folder) as world:
        if not await play(world, console, STEPS):
            raise RuntimeError("the tour did not come to its end")
