"""The record of who tried to do what: looking through it, and taking it along as a file."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from commands.core.audit import FAILED, Entry, Search
from commands.core.base import Offered, Offers, Role, RoomName, WorkspacePerson
from commands.core.context import Context
from commands.core.files import File
from commands.core.moments import When, zone_of
from commands.core.paging import LogCommand, Rows
from commands.core.phone_numbers import without_numbers
from commands.core.reply import Action, Channel, Code, Item, Moment, Person, Reply, Strong, Text, parts
from commands.core.types import Name, PersonId
from commands.core.words import counted, in_a_row, joined, shortened, spoken_duration

MOST_EXPORTED: Final = 20_000
"""How many entries a file has at most: any spreadsheet opens it, and memory holds a few megabytes for it."""

CHUNK: Final = 500
"""How many entries are fetched at once for a file."""

_LONGEST_WORDS = 200
_LONGEST_DETAIL = 150
_WORTH_TELLING = timedelta(seconds=1)
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_COLUMNS = (
    "id", "opened_at", "closed_at", "seconds", "user", "channel", "direct", "door", "command", "words", "provider",
    "about", "also_about", "outcome", "detail", "reference", "request_id",
)  # fmt: skip


class AuditList(
    LogCommand,
    path="audit list",
    role=Role.ADMIN,
    examples=("", "--failed --since 2h", "--user @ana --room standup", "--since 2026-11-01 --csv"),
    heading="Search the record",
):
    """List who tried to do what and how it ended, the newest first."""

    filters = ("user", "room", "since", "failed")

    user: Annotated[PersonId | None, WorkspacePerson()] = Field(None, description="Only what this person tried")
    room: Annotated[Name | None, RoomName(), Offers(Offered.ROOM)] = Field(
        None, description="Only what was about this room, or about the recording of this id"
    )
    since: When | None = Field(None, description="Only from then on: so long ago, such as 2h, or a date")
    failed: bool = Field(False, description="Only what was refused, failed, or ended nobody knows how")
    csv: bool = Field(False, description="As a file for a spreadsheet, sent to you alone")

    @property
    def about(self) -> None:
        """Who looks for a room does nothing with it, and would find themselves."""
        return None

    async def run(self, ctx: Context) -> Reply:
        """People, places and rooms of all channels are in it, so nobody beside the asker reads it."""
        search = await self._search(ctx)
        return replace(await (self._export if self.csv else self._list)(ctx, search), alone=True)

    async def _search(self, ctx: Context) -> Search:
        return Search(
            user_id=self.user.removeprefix("@") if self.user else None,
            about=without_numbers(self.room) if self.room else None,
            since=self.since.at(ctx.ports.clock.now(), await zone_of(ctx), ago=True) if self.since else None,
            outcomes=FAILED if self.failed else frozenset(),
        )

    async def _list(self, ctx: Context, search: Search) -> Reply:
        async def fetch(*, limit: int, before: int | None, after: int | None) -> Sequence[Entry]:
            return await ctx.ports.audit.entries(ctx.caller.team_id, search, limit=limit, before=before, after=after)

        rows: Rows[Entry] = Rows(
            item=_item, columns=("When", "Who", "What", "How it ended", "Where", "Id"), cells=_cells, buttons=0
        )
        reply = await self.walked(("In the record", *_which(search), ":"), fetch, lambda entry: entry.id, rows)
        if not reply.items and reply.table is None:
            return replace(reply, text=("Nothing is in the record", *_which(search), "."))
        as_file = Action("As a file", self.model_copy(update={**self.first_page, "table": False, "csv": True}))
        return replace(reply, actions=(*reply.actions, as_file))

    async def _export(self, ctx: Context, search: Search) -> Reply:
        """The time of the file is that of the newest entry that can be in it."""
        made_at = ctx.ports.clock.now().astimezone(UTC)
        content, count = await _written(ctx, search)
        if not count:
            return Reply(text=("Nothing is in the record", *_which(search), ", so there is no file."))
        entries = counted(count, "entry", "entries")
        file = File(f"audit-{made_at:%Y%m%dT%H%M%SZ}.csv", f"the record, {entries}", content)
        await ctx.ports.files.send(file, ctx.caller)
        is_cut = count == MOST_EXPORTED
        return Reply(
            text=("The file is in our direct messages: ", Strong(entries), *_which(search), "."),
            hint=f"A file has the newest {MOST_EXPORTED:,} at most; narrow it down for older ones." if is_cut else "",
        )


def _which(search: Search) -> Sequence[str | Person | Code | Moment | Strong | Channel]:
    """` of what was not done by @ana about standup since 14:00`; nothing where all is meant."""
    said: list[Text] = [
        "of what was not done" if search.outcomes else "",
        ("by ", Person(search.user_id)) if search.user_id is not None else "",
        ("about ", Code(search.about)) if search.about is not None else "",
        ("since ", Moment(search.since)) if search.since is not None else "",
    ]
    whole = parts(joined(said, " "))
    return (" ", *whole) if whole else ()


def _item(entry: Entry) -> Item:
    return Item(
        title=(Person(entry.user_id), " ", Code(shortened(entry.words, _LONGEST_WORDS)), " ", _ending(entry)),
        detail=in_a_row(
            (Moment(entry.opened_at),),
            _where(entry),
            f"by {entry.door}",
            ("about ", Code(shortened(entry.also_about, _LONGEST_WORDS))) if entry.also_about else "",
            shortened(entry.why, _LONGEST_DETAIL),
            (Code(entry.request_id),) if entry.request_id else "",
        ),
    )


def _cells(entry: Entry) -> tuple[Text, ...]:
    return (
        (Moment(entry.opened_at),),
        (Person(entry.user_id),),
        (Code(shortened(entry.words, _LONGEST_WORDS)),),
        in_a_row(_ending(entry), shortened(entry.why, _LONGEST_DETAIL)),
        _where(entry),
        (Code(entry.request_id),) if entry.request_id else "",
    )


def _ending(entry: Entry) -> str:
    """`done in 12 s`. What was done at once does not say so."""
    if entry.outcome is None:
        return "under way"
    took = entry.took
    return f"{entry.outcome} in {spoken_duration(took)}" if took and took > _WORTH_TELLING else str(entry.outcome)


def _where(entry: Entry) -> Text:
    if entry.is_direct:
        return "direct message"
    return (Channel(entry.channel_id),) if entry.channel_id else "no channel"


async def _written(ctx: Context, search: Search) -> tuple[bytes, int]:
    """The file, and how many entries are in it. A byte order mark says that it is UTF-8, which Excel does not guess."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(_COLUMNS)
    count, last = 0, None
    while count < MOST_EXPORTED:
        limit = min(CHUNK, MOST_EXPORTED - count)
        chunk = await ctx.ports.audit.entries(ctx.caller.team_id, search, limit=limit, before=last)
        rows.writerows([_harmless(value) for value in _values(entry)] for entry in chunk)
        count += len(chunk)
        if len(chunk) < limit:
            break
        last = chunk[-1].id
    return text.getvalue().encode("utf-8-sig"), count


def _values(entry: Entry) -> tuple[object, ...]:
    """In the order of `_COLUMNS`."""
    return (
        entry.id,
        _iso(entry.opened_at),
        _iso(entry.closed_at),
        f"{entry.took.total_seconds():.3f}" if entry.took is not None else "",
        entry.user_id,
        entry.channel_id,
        "yes" if entry.is_direct else "no",
        entry.door,
        entry.path,
        entry.words,
        entry.provider or "",
        entry.about or "",
        entry.also_about or "",
        entry.outcome or "",
        entry.detail,
        entry.reference,
        entry.request_id or "",
    )


def _iso(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _harmless(value: object) -> str:
    """A cell that a spreadsheet shows and does not work out.

    Anybody can name a room `=HYPERLINK(...)`, which would run for the admin who opens the file (CSV injection). An
    apostrophe in front makes it text.
    """
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULAS) else text
