"""Looking through the record, and taking it along."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from commands.audit import CHUNK, MOST_EXPORTED, AuditList
from commands.core.attempts import Outcome
from commands.core.audit import Entry
from commands.core.errors import CommandError, NotAllowed
from commands.core.reply import Reply, plain
from providers.memory.provider import Memory
from tests.commands.workspace import ANNA, OLGA, Workspace, button, labels, refused, told

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def entry(number: int, **more: object) -> Entry:
    known: dict[str, object] = {
        "user_id": "UOLGA",
        "channel_id": "CSTUDIO",
        "is_direct": False,
        "door": "slash",
        "path": "room show",
        "words": f"room show standup-{number}",
        "opened_at": NOON - timedelta(minutes=1_000_000 - number),
        "closed_at": NOON - timedelta(minutes=1_000_000 - number),
        "outcome": Outcome.DONE,
        "about": "standup",
        "request_id": f"{number:08x}",
    }
    return Entry(id=number, **{**known, **more})  # type: ignore[arg-type]  # a test says only what is special


@pytest.fixture
def workspace(memory: Memory) -> Workspace:
    return Workspace(memory)


def shown(reply: Reply) -> list[int]:
    """The numbers of the entries on a page."""
    return [int(plain(item.title).split("standup-")[1].split()[0]) for item in reply.items]


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def test_one_entry_in_words(workspace: Workspace) -> None:
    workspace.record.rows = [
        entry(
            7, detail="NotAllowed: no", outcome=Outcome.REFUSED, closed_at=NOON, opened_at=NOON - timedelta(seconds=5)
        )
    ]
    reply = told(await workspace.say("audit list", by=ANNA))
    assert plain(reply.text) == "In the record:"
    (item,) = reply.items
    assert plain(item.title) == "@UOLGA room show standup-7 refused in 5 s"
    assert plain(item.detail) == "2026-11-20T11:59:55+00:00 · #CSTUDIO · by slash · no · 00000007"
    assert (labels(reply.actions), reply.alone) == (["As a file"], True)


async def test_what_was_done_at_once_does_not_say_how_long(workspace: Workspace) -> None:
    at = NOON + timedelta(seconds=1)
    workspace.record.rows = [
        entry(1, opened_at=NOON, closed_at=at),
        entry(2, closed_at=None, outcome=None),
        entry(3, is_direct=True, also_about="retro"),
    ]
    reply = told(await workspace.say("audit list", by=ANNA))
    assert [plain(item.title).split("standup-")[1] for item in reply.items] == ["3 done", "2 under way", "1 done"]
    assert "direct message · by slash · about retro" in plain(reply.items[0].detail)


async def test_new_entries_do_not_shift_the_pages(workspace: Workspace) -> None:
    workspace.record.rows = [entry(number) for number in range(1, 26)]
    first = told(await workspace.say("audit list", by=ANNA))
    assert shown(first) == list(range(25, 15, -1))
    assert labels(first.actions) == ["Older", "All in a table", "Filter", "As a file"]
    workspace.record.rows.append(entry(26))
    second = told(await workspace.press(button(first.actions, "Older"), by=ANNA))
    assert shown(second) == list(range(15, 5, -1))
    assert labels(second.actions)[:2] == ["Newer", "Older"]
    back = told(await workspace.press(button(second.actions, "Newer"), by=ANNA))
    assert shown(back) == shown(first)
    assert shown(told(await workspace.press(button(back.actions, "Newer"), by=ANNA))) == [26]
    third = told(await workspace.press(button(second.actions, "Older"), by=ANNA))
    assert (shown(third), labels(third.actions)[:1]) == ([5, 4, 3, 2, 1], ["Newer"])
    assert "Older" not in labels(third.actions)


async def test_no_more_is_read_than_a_page_and_one(workspace: Workspace) -> None:
    workspace.record.rows = [entry(number) for number in range(1, 1_000)]
    await workspace.say("audit list", by=ANNA)
    table = told(await workspace.say("audit list --table", by=ANNA))
    assert workspace.record.asked == [11, 100]
    assert table.table is not None
    assert len(table.table.rows) <= 99


async def test_a_page_whose_entries_are_kept_no_more_gives_way_to_the_newest(workspace: Workspace) -> None:
    workspace.record.rows = [entry(number) for number in range(20, 23)]
    assert shown(told(await workspace.press(AuditList(before=15), by=ANNA))) == [22, 21, 20]


async def test_a_room_is_found_by_the_number_that_the_record_does_not_have(workspace: Workspace) -> None:
    workspace.record.rows = [entry(1, about="call-_…5678_x"), entry(2, also_about="call-_…5678_x"), entry(3)]
    reply = told(await workspace.say("audit list --room call-_+493012345678_x", by=ANNA))
    assert shown(reply) == [2, 1]
    assert "3012345678" not in repr((reply.text, reply.items))


async def test_long_words_are_cut_and_a_page_still_fits(workspace: Workspace) -> None:
    workspace.record.rows = [
        entry(number, words="room show " + "<&*" * 1_000, detail="`<&>" * 500) for number in range(1, 12)
    ]
    reply = told(await workspace.say("audit list", by=ANNA))
    assert 0 < len(reply.items) < 10
    assert "Older" in labels(reply.actions)


@pytest.mark.parametrize(
    ("line", "found", "title"),
    [
        ("--user @UVERA", [4], "In the record by @UVERA:"),
        ("--room retro", [3, 2], "In the record about retro:"),
        ("--failed", [3, 1], "In the record of what was not done:"),
        ("--since 2h", [4, 3], "In the record since 2026-11-20T10:00:00+00:00:"),
        ("--since 2026-11-20", [4, 3, 2], "In the record since 2026-11-20T00:00:00+00:00:"),
        ("--room retro --failed --since 1d", [3], None),
        ("--room nowhere", [], "Nothing is in the record about nowhere."),
    ],
)
async def test_filters(workspace: Workspace, line: str, found: list[int], title: str | None) -> None:
    workspace.record.rows = [
        entry(1, opened_at=NOON - timedelta(days=3), outcome=Outcome.FAILED),
        entry(2, opened_at=NOON - timedelta(hours=3), about="EG_1", also_about="retro"),
        entry(3, opened_at=NOON - timedelta(hours=1), about="retro", outcome=Outcome.UNKNOWN),
        entry(4, opened_at=NOON, user_id="UVERA", outcome=Outcome.ASKED),
    ]
    reply = told(await workspace.say(f"audit list {line}", by=ANNA))
    assert shown(reply) == found
    assert title in (None, plain(reply.text))
    assert {"Filter", "Show all"} <= set(labels(reply.actions))


async def test_the_channels_zone_counts_for_a_date(workspace: Workspace) -> None:
    await workspace.say("setting set timezone Asia/Tokyo", by=ANNA)
    workspace.record.rows = [entry(1, opened_at=NOON)]
    reply = told(await workspace.say("audit list --since 2026-11-20", by=ANNA))
    assert plain(reply.text) == "In the record since 2026-11-19T15:00:00+00:00:"


async def test_it_is_for_admins(workspace: Workspace) -> None:
    assert isinstance(refused(await workspace.say("audit list", by=OLGA)), NotAllowed)


async def test_a_file_has_all_that_was_found(workspace: Workspace) -> None:
    workspace.record.rows = [entry(number) for number in range(1, 2 * CHUNK + 3)]
    page = told(await workspace.say("audit list --room standup", by=ANNA))
    reply = told(await workspace.press(button(page.actions, "As a file"), by=ANNA))
    assert plain(reply.text) == "The file is in our direct messages: 1,002 entries about standup."
    assert (reply.hint, reply.alone) == ("", True)
    ((file, to),) = workspace.outbox.sent
    assert (to, file.name) == (ANNA, "audit-20261120T120000Z.csv")
    rows = read(file.content)
    assert [int(row["id"]) for row in rows] == list(range(2 * CHUNK + 2, 0, -1))
    assert max(workspace.record.asked) == CHUNK
    assert rows[0]["opened_at"].endswith("Z")
    assert (rows[0]["user"], rows[0]["words"], rows[0]["outcome"]) == ("UOLGA", "room show standup-1002", "done")


async def test_times_are_in_utc_and_durations_in_seconds(workspace: Workspace) -> None:
    workspace.record.rows = [entry(1, opened_at=NOON, closed_at=NOON + timedelta(milliseconds=1_500))]
    await workspace.say("audit list --csv", by=ANNA)
    (row,) = read(workspace.outbox.sent[0][0].content)
    assert (row["opened_at"], row["closed_at"]) == ("2026-11-20T12:00:00.000Z", "2026-11-20T12:00:01.500Z")
    assert row["seconds"] == "1.500"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
async def test_no_cell_is_a_formula(workspace: Workspace, start: str) -> None:
    name = f'{start}HYPERLINK("https://bad.example","x"),"y'
    workspace.record.rows = [entry(1, about=name, detail=name)]
    await workspace.say("audit list --csv", by=ANNA)
    (row,) = read(workspace.outbox.sent[0][0].content)
    assert (row["about"], row["detail"]) == (f"'{name}", f"'{name}")


async def test_a_file_has_so_many_and_says_so(workspace: Workspace) -> None:
    workspace.record.rows = [entry(number) for number in range(1, MOST_EXPORTED + 10)]
    reply = told(await workspace.say("audit list --csv", by=ANNA))
    assert plain(reply.hint) == "A file has the newest 20,000 at most; narrow it down for older ones."
    assert len(read(workspace.outbox.sent[0][0].content)) == MOST_EXPORTED


async def test_nothing_makes_no_file(workspace: Workspace) -> None:
    reply = told(await workspace.say("audit list --csv --user @UVERA", by=ANNA))
    assert plain(reply.text) == "Nothing is in the record by @UVERA, so there is no file."
    assert workspace.outbox.sent == []


async def test_a_file_that_is_not_taken_is_a_refusal(workspace: Workspace) -> None:
    workspace.record.rows = [entry(1)]
    workspace.outbox.refuse = CommandError("This workspace has not allowed me to upload files.")
    assert refused(await workspace.say("audit list --csv", by=ANNA)) is workspace.outbox.refuse
