"""From the largest card, list and form to what goes to Slack, our own check of Slack's limits included.

The baseline writes the largest list as JSON, which the client of Slack does with every message anyway.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from bench.steps import Step, StepBench
from bot.alerts.state import Present, RecordingState, RoomState
from bot.render.card import draw
from bot.render.form import render_form
from bot.render.message import Message
from bot.render.reply import render_reply
from commands.core.base import Command
from commands.core.registry import all_commands
from commands.core.reply import Action, Item, Moment, Reply, Strong, Table
from commands.room import RoomShow
from providers.base import Capability, Participant, Provider, Recording, RecordingRef, RecordingStatus, RoomRef
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings

BASELINE = "json.dumps of the largest list, drawn"
PEOPLE = 1_000
ITEMS = 20
ROWS = 99
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROOM = RoomRef("memory", "RM_1", "standup & <others> of *today*")


@asynccontextmanager
async def open_rendering(times: int) -> AsyncIterator[StepBench]:
    provider = Memory("memory", MemorySettings())
    try:
        yield StepBench("Rendering", BASELINE, _steps(provider), times)
    finally:
        await provider.aclose()


def _steps(provider: Provider) -> Mapping[str, Step]:
    room, recording, items, table, form = _room(), _recording(), _list(), _table(), _largest_form(provider)
    capabilities = frozenset(Capability)
    drawn = render_reply(items).blocks

    async def write() -> None:
        assert json.dumps(drawn)

    async def room_card() -> None:
        _whole(draw(room, capabilities=capabilities, card_id=1, generation=1))

    async def recording_card() -> None:
        _whole(draw(recording, capabilities=capabilities, card_id=1, generation=1))

    async def item_list() -> None:
        _whole(render_reply(items))

    async def table_list() -> None:
        _whole(render_reply(table))

    async def largest_form() -> None:
        assert render_form(form, given={}, provider=provider, private_metadata="{}")["blocks"]

    return {
        BASELINE: write,
        f"card of a room with {PEOPLE:,} people": room_card,
        "card of a recording that failed": recording_card,
        f"list of {ITEMS} rooms with buttons": item_list,
        f"table of {ROWS} rooms": table_list,
        f"form of {' '.join(form.spec.path)}": largest_form,
    }


def _whole(message: Message) -> None:
    """It was drawn as blocks, and nothing had to be left out."""
    assert len(message.blocks) > 1, message
    assert "not shown" not in str(message.blocks[-1]), message


def _room() -> RoomState:
    people = [Participant(f"PA_{n}", f"person-{n}", f"Person {n} <&>") for n in range(PEOPLE)]
    present = {person.id: Present(participant=person, seen_at=NOW) for person in people}
    return RoomState(ref=ROOM, created_at=NOW, made_by="U0BENCH", present=present)


def _recording() -> RecordingState:
    failed = Recording(
        RecordingRef("memory", "EG_1"),
        ROOM,
        RecordingStatus.FAILED,
        started_at=NOW,
        error="no space left & so on " * 9,
    )
    return RecordingState(recording=failed, seen_at=NOW, made_by="U0BENCH")


def _list() -> Reply:
    shows = [RoomShow(provider="memory", room=f"room-{n} & more", room_id=f"RM_{n}") for n in range(ITEMS)]
    items = (Item((Strong(show.room),), "3 people are in it", (Action("Show", show),)) for show in shows)
    return Reply(text="Rooms:", items=tuple(items))


def _table() -> Reply:
    rows = (((Strong(f"room-{n}"),), "3 people", "", (Moment(NOW),)) for n in range(ROWS))
    return Reply(text="Rooms:", table=Table(("Room", "In it", "Recording", "Since"), tuple(rows)))


def _largest_form(provider: Provider) -> type[Command]:
    """The one with the most inputs on its first page."""

    def inputs(command: type[Command]) -> int:
        return len(render_form(command, given={}, provider=provider, private_metadata="{}")["blocks"])

    return max(all_commands().values(), key=inputs)
