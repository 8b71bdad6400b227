"""Ingresses of the in-memory server as they are told, changed, renewed, deleted and cleaned up."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from commands.core.dispatch import Asked
from commands.core.errors import Ended, NotAllowed, NothingHere
from commands.core.ingress_orphans import Orphan, Orphaned, why_orphaned
from commands.core.ingress_words import checklist, missing_address, received_words
from commands.core.reply import Form, plain
from commands.ingress_actions import actions
from commands.ingress_clean import IngressClean
from commands.ingress_update import IngressUpdate
from commands.ingress_upkeep import IngressDelete, IngressRenew
from providers.base import (
    AudioReceived,
    Capability,
    Ingress,
    IngressInput,
    IngressOptions,
    IngressRef,
    IngressStatus,
    IngressTrouble,
    Participant,
    ParticipantKind,
    RoomRef,
    VideoReceived,
)
from providers.errors import Unreachable
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.ingresses import key_in, last_ingress, live, made, much_later
from tests.commands.workspace import VERA, Workspace, button, facts_of, labels, refused, says, titles, told

WAITING = Ingress(
    IngressRef("memory", "IN_1"),
    RoomRef("memory", "", "standup"),
    IngressStatus.WAITING,
    IngressInput.RTMP,
    identity="cam",
    address="rtmp://ingress.example.com/x",
)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    """Whoever sends is live at once."""
    provider = Memory("memory", MemorySettings(recording_delay_seconds=0))
    yield provider
    await provider.aclose()


async def test_list(workspace: Workspace, memory: Memory) -> None:
    assert plain(told(await workspace.say("ingress list")).text) == "No ingress is on memory."
    waits = await made(workspace, memory, 'rtmp standup cam --name "Stage left"')
    sends = await live(workspace, memory, "whip retro cam")
    listed = told(await workspace.say("ingress list"))
    assert plain(listed.text) == "2 ingresses are on memory."
    assert titles(listed) == ["cam into retro · live", "Stage left into standup · waiting for a sender"]
    assert "1280×720" in plain(listed.items[0].detail)
    assert labels(listed.items[0].actions) == ["Show", "Delete"]
    of_room = told(await workspace.say("ingress list standup"))
    assert plain(of_room.text) == "1 of 2 ingresses on memory is into standup."
    active = told(await workspace.say("ingress list --active --table"))
    assert active.table is not None
    assert [plain(row[2]) for row in active.table.rows] == [sends.ref.id]
    keys = [memory.server.key_of(each.ref.id) for each in (waits, sends)]
    assert not any(key in repr((listed, of_room, active)) for key in keys)


async def test_show_one_that_is_live(workspace: Workspace, memory: Memory) -> None:
    ingress = await live(workspace, memory)
    shown = told(await workspace.say("ingress show standup", by=VERA))
    facts = facts_of(shown)
    assert plain(shown.text) == "The ingress cam into standup is live."
    assert facts["Receives"] == received_words(ingress)
    assert (facts["Server"], facts["Made by"], facts["Joins as"]) == (ingress.address, "@UOLGA", "cam")
    assert (shown.hint, shown.actions) == ("", ())
    assert last_ingress(workspace) == ingress
    mine = told(await workspace.say(f"ingress show {ingress.ref.id}"))
    assert labels(mine.actions) == ["Disable", "Move", "New key", "Delete"]


async def test_show_what_to_look_at(workspace: Workspace, memory: Memory) -> None:
    ingress = await live(workspace, memory)
    memory.server.fail_ingress(ingress.ref.id, "no key frame came")
    shown = told(await workspace.say("ingress show standup"))
    assert plain(shown.text) == "The ingress cam into standup has failed."
    assert facts_of(shown)["Trouble"] == "The video server says: no key frame came"
    assert "H.264 and AAC" in plain(shown.hint)


def test_the_checklist() -> None:
    assert checklist(WAITING) == (
        "Nobody is connected: start the encoder with the address and the key of this ingress.",
    )
    hindered = replace(WAITING, room=RoomRef("memory", "", ""), address="", is_enabled=False)
    assert [line.split(":")[0].split(",")[0] for line in checklist(hindered)] == [
        "It leads into no room",
        "It is disabled",
        missing_address(hindered),
    ]
    assert checklist(replace(WAITING, status=IngressStatus.LIVE)) == ()
    [fetched] = checklist(replace(WAITING, input=IngressInput.URL, status=IngressStatus.FAILED))
    assert fetched.endswith("then create it again: it is fetched only once.")


@pytest.mark.parametrize("trouble", IngressTrouble)
def test_the_advice_fits_the_reason(trouble: IngressTrouble) -> None:
    """The encoder's codecs are to be looked at where they may be it, and nowhere else."""
    failed = replace(WAITING, status=IngressStatus.FAILED, trouble=trouble)
    if trouble is IngressTrouble.NO_ROOM:
        failed = replace(failed, room=RoomRef("memory", "", ""))
    if trouble is IngressTrouble.DISABLED:
        failed = replace(failed, status=IngressStatus.WAITING, is_enabled=False)
    about_codecs = trouble in (IngressTrouble.FORMAT, IngressTrouble.NOT_FETCHED)
    [advice] = checklist(failed)
    assert ("H.264" in advice) is about_codecs
    fetched = checklist(replace(failed, input=IngressInput.URL, is_enabled=True, status=IngressStatus.FAILED))
    assert trouble is IngressTrouble.NO_ROOM or fetched[0].endswith("it is fetched only once.")


def test_what_is_received() -> None:
    video = VideoReceived("video/H264", 1280, 720, 29.97, 2_480)
    audio = AudioReceived("audio/opus", 96, 2, 48_000)
    assert received_words(replace(WAITING, video=video, audio=audio)) == (
        "H.264 · 1280×720 · 30 fps · 2.5 Mbit/s, Opus · 48 kHz · stereo · 96 kbit/s"
    )
    assert received_words(replace(WAITING, video=VideoReceived("video/VP8"))) == "VP8"
    by_rtmp = replace(WAITING, video=VideoReceived("video/x-h264"), audio=AudioReceived("audio/mpeg"))
    assert received_words(by_rtmp) == "H.264, AAC"


def test_the_buttons_of_each_state() -> None:
    def of(ingress: Ingress, *, is_orphan: bool = False) -> list[str]:
        return labels(actions(ingress, is_orphan=is_orphan))

    assert of(replace(WAITING, is_enabled=False)) == ["Enable", "Move", "New key", "Delete"]
    assert of(replace(WAITING, status=IngressStatus.LIVE), is_orphan=True) == ["New key", "Delete"]
    assert of(replace(WAITING, input=IngressInput.URL)) == ["Delete"]
    over = replace(WAITING, input=IngressInput.URL, status=IngressStatus.COMPLETE)
    assert of(over) == of(replace(over, status=IngressStatus.FAILED)) == ["Create another", "Delete"]
    assert of(replace(WAITING, status=IngressStatus.DELETED)) == []


async def test_update_while_somebody_sends_asks_first(workspace: Workspace, memory: Memory) -> None:
    await live(workspace, memory)
    asked = await workspace.say("ingress update standup --name Stage")
    assert isinstance(asked.result, Asked)
    assert "A change may cut that off" in plain(asked.result.question.text)
    reply = told(await workspace.confirm(asked))
    assert plain(reply.hint) == "It counts from the next time that somebody sends."
    assert [each.name for each in await memory.list_ingresses()] == ["Stage"]


async def test_what_is_fetched_cannot_be_changed(workspace: Workspace, memory: Memory) -> None:
    ingress = await made(workspace, memory, "url standup film https://media.example.com/film.mp4")
    for line in ("ingress update standup --name Film", "ingress renew standup"):
        assert "fetched" in says(refused(await workspace.say(line)))[0]
    error = refused(await workspace.say("ingress update standup --name Film"))
    assert labels(error.actions) == ["Delete", "Create another"]
    again = error.actions[1]
    assert isinstance(again, Form)
    assert dict(again.given)["identity"] == "film"
    assert [each.ref for each in await memory.list_ingresses()] == [ingress.ref]


async def test_a_new_key(workspace: Workspace, memory: Memory) -> None:
    old = await live(workspace, memory, 'rtmp standup cam --name "Stage left"')
    old_key = memory.server.key_of(old.ref.id)
    asked = await workspace.say("ingress renew standup")
    assert isinstance(asked.result, Asked)
    assert "It is live: cam is cut off." in plain(asked.result.question.text)
    reply = told(await workspace.confirm(asked))
    [new] = await memory.list_ingresses()
    assert plain(reply.text) == (
        f"The ingress Stage left into standup has a new key: it is a new ingress, {new.ref.id}, "
        f"and the old one, {old.ref.id}, is deleted."
    )
    assert key_in(reply) == memory.server.key_of(new.ref.id) != old_key
    assert (new.name, last_ingress(workspace).status) == ("Stage left", IngressStatus.DELETED)


async def test_a_new_key_whose_second_half_fails(workspace: Workspace, memory: Memory) -> None:
    old = await made(workspace, memory)
    asked = await workspace.say("ingress key standup")
    memory.server.faults["delete_ingress"] = Unreachable
    reply = told(await workspace.confirm(asked))
    assert "But the old one could not be deleted: The video server does not answer." in plain(reply.text)
    assert button(reply.actions, "Delete the old one") == IngressDelete(provider="memory", ingress=old.ref.id)
    assert len(await memory.list_ingresses()) == 2
    assert len(reply.secrets) == 2


async def test_a_new_key_whose_first_half_fails_leaves_all_as_it_was(workspace: Workspace, memory: Memory) -> None:
    old = await made(workspace, memory)
    asked = await workspace.say("ingress renew standup")
    memory.server.faults["copy_ingress"] = Unreachable
    assert isinstance((await workspace.confirm(asked)).result, Unreachable)
    assert [each.ref for each in await memory.list_ingresses()] == [old.ref]


async def test_delete_twice(workspace: Workspace, memory: Memory) -> None:
    ingress = await live(workspace, memory)
    asked = await workspace.say(f"ingress delete {ingress.ref.id}")
    assert isinstance(asked.result, Asked)
    assert plain(asked.result.question.text) == ("Delete the ingress cam into standup? It is live: cam is cut off.")
    assert plain(told(await workspace.confirm(asked)).text) == "Deleted the ingress cam into standup."
    assert last_ingress(workspace).status is IngressStatus.DELETED
    error = refused(await workspace.say(f"ingress delete {ingress.ref.id}"))
    assert isinstance(error, Ended)
    assert says(error)[0] == "The ingress cam into standup has been deleted."
    assert isinstance(refused(await workspace.say("ingress delete IN_none")), NothingHere)


async def test_one_that_is_deleted_while_it_is_asked(workspace: Workspace, memory: Memory) -> None:
    ingress = await made(workspace, memory)
    asked = await workspace.say("ingress delete standup")
    await memory.delete_ingress(ingress.ref)
    assert isinstance(refused(await workspace.confirm(asked)), Ended)
    assert last_ingress(workspace).status is IngressStatus.DELETED


async def test_of_several_it_is_asked_which(workspace: Workspace, memory: Memory) -> None:
    first = await made(workspace, memory)
    await made(workspace, memory, "whip standup slides")
    error = refused(await workspace.say("ingress delete standup"))
    assert says(error) == (
        "There are 2 ingresses called standup or into a room of that name.",
        "Say which one to delete, by its id.",
    )
    which = button(error.actions, f"Delete {first.ref.id}, waiting for a sender")
    assert which == IngressDelete(provider="memory", ingress=first.ref.id)


async def test_whose_worker_died_and_whose_room_is_gone(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("retro")
    unused = await made(workspace, memory, "rtmp retro spare")
    ended = await live(workspace, memory, "rtmp retro cam")
    dead, good = await live(workspace, memory), await live(workspace, memory, "rtmp standup slides")
    gone = await live(workspace, memory, "rtmp standup door")
    for each in (dead, gone):
        memory.server.abandon_ingress(each.ref.id)
    await memory.close_room(room)
    workspace.directory.end("T1", room)
    much_later(workspace)
    early = told(await workspace.say("ingress list --orphans"))
    assert [plain(item.detail).rpartition(" · ")[2] for item in early.items] == 2 * ["its worker died"]
    workspace.clock.advance(2 * DAY)
    listed = told(await workspace.say("ingress list --orphans"))
    assert plain(listed.text) == "3 of 5 ingresses on memory are orphans."
    by_worker, _, by_room = (plain(item.detail) for item in listed.items)
    assert by_worker.endswith(" · its worker died")
    assert re.search(r" · its room is gone · ended \S+ · last received \S+$", by_room)
    shown = told(await workspace.say(f"ingress show {dead.ref.id}"))
    assert labels(shown.actions) == ["New key", "Delete"]
    asked = await workspace.press(button(listed.actions, "Clean up"))
    assert isinstance(asked.result, Asked)
    why = {name: plain(value) for name, value in asked.result.question.facts}
    assert why == {
        dead.ref.id: "cam into standup: its worker died",
        gone.ref.id: "door into standup: its worker died",
    }
    await memory.delete_ingress(gone.ref)
    reply = told(await workspace.confirm(asked))
    assert plain(reply.text) == "Deleted 1 ingress."
    assert facts_of(reply) == {gone.ref.id: "kept: its worker is back, or somebody has deleted it"}
    assert {each.ref for each in await memory.list_ingresses()} == {unused.ref, ended.ref, good.ref}


async def test_a_room_that_is_gone_may_come_back(workspace: Workspace, memory: Memory) -> None:
    """A camera that was sent from on Friday, by a key that is set in it, is wanted on Monday."""
    room = await workspace.room("standup")
    camera = await live(workspace, memory)
    await memory.close_room(room)
    workspace.directory.end("T1", room)
    much_later(workspace)
    workspace.clock.advance(2 * DAY)
    listed = told(await workspace.say("ingress list --orphans"))
    assert [labels(item.actions) for item in listed.items] == [["Show", "Delete"]]
    assert "Clean up" not in labels(listed.actions)
    assert isinstance(refused(await workspace.say("ingress clean")), NothingHere)
    assert [each.ref for each in await memory.list_ingresses()] == [camera.ref]


async def test_clean_up_what_cannot_be_deleted(workspace: Workspace, memory: Memory) -> None:
    assert isinstance(refused(await workspace.say("ingress clean")), NothingHere)
    ingress = await live(workspace, memory)
    memory.server.abandon_ingress(ingress.ref.id)
    much_later(workspace)
    ctx = workspace.context(memory)
    assert plain((await IngressClean(provider="memory").aftermath(ctx)).text).startswith(
        "1 ingress has lost its worker: "
    )
    asked = await workspace.say("ingress clean")
    memory.server.faults["delete_ingress"] = Unreachable
    reply = told(await workspace.confirm(asked))
    assert plain(reply.text) == "Deleted no ingress."
    assert facts_of(reply) == {ingress.ref.id: "not deleted: The video server does not answer."}
    assert isinstance(refused(await workspace.say("ingress clean", by=VERA)), NotAllowed)


def test_the_rule_of_orphans() -> None:
    told_long_ago = replace(WAITING, status=IngressStatus.LIVE, updated_at=NOW - timedelta(minutes=5))
    cam = Participant("PA_1", "cam", kind=ParticipantKind.INGRESS)
    person = Participant("PA_2", "cam")

    def why(ingress: Ingress, *there: Participant, ended: timedelta | None = None) -> Orphan | None:
        found = why_orphaned(ingress, NOW, participants=there, room_ended_at=NOW - ended if ended else None)
        return found.why if found is not None else None

    assert why(told_long_ago) is Orphan.WORKER_DIED
    assert why(told_long_ago, person, ended=2 * DAY) is Orphan.WORKER_DIED
    assert why(told_long_ago, cam) is None
    assert why(told_long_ago, replace(cam, identity="before", attributes={"ingress.ingressID": "IN_1"})) is None
    assert why(told_long_ago, replace(cam, attributes={"ingress.ingressID": "IN_2"})) is Orphan.WORKER_DIED
    assert why_orphaned(told_long_ago, NOW, participants=None, room_ended_at=None) is None
    assert why(replace(told_long_ago, updated_at=NOW - timedelta(seconds=90)), ended=2 * DAY) is None
    assert why(replace(told_long_ago, updated_at=None)) is None


def test_one_that_buffers_is_in_no_room_yet() -> None:
    def why(minutes: int) -> Orphaned | None:
        buffers = replace(WAITING, status=IngressStatus.BUFFERING, updated_at=NOW - timedelta(minutes=minutes))
        return why_orphaned(buffers, NOW, participants=(), room_ended_at=None)

    assert why(14) is None
    assert why(16) == Orphaned(Orphan.STUCK)
    assert [each for each in Orphan if Orphaned(each).is_sure] == [Orphan.WORKER_DIED]


@pytest.mark.parametrize(
    ("ended_ago", "received_ago", "is_orphan"),
    [
        (2 * DAY, 3 * DAY, True),
        (2 * DAY, 2 * DAY - timedelta(seconds=30), True),
        (2 * DAY, timedelta(hours=1), False),
        (timedelta(hours=23), 3 * DAY, False),
        (None, 3 * DAY, False),
        (2 * DAY, None, False),
    ],
    ids=["unused since", "cut off by that", "used since", "between two meetings", "not ended", "never used"],
)
def test_a_room_that_is_gone(ended_ago: timedelta | None, received_ago: timedelta | None, is_orphan: bool) -> None:
    ended_at = NOW - ended_ago if ended_ago else None
    waiting = replace(WAITING, ended_at=NOW - received_ago if received_ago else None)
    found = why_orphaned(waiting, NOW, participants=(), room_ended_at=ended_at)
    assert found == (Orphaned(Orphan.ROOM_GONE, ended_at) if is_orphan else None)


async def test_whoever_made_it_may_keep_at_it(workspace: Workspace, memory: Memory) -> None:
    ingress = await made(workspace, memory)
    other = (await memory.create_ingress(IngressOptions(IngressInput.RTMP, "retro", "cam"))).ingress
    assert isinstance(refused(await workspace.say(f"ingress delete {other.ref.id}", by=VERA)), NotAllowed)
    own = IngressDelete(provider="memory", ingress="standup")
    assert await own.of_maker(workspace.context(memory)) == own.pinned(ingress)
    moved = IngressUpdate(provider="memory", ingress="standup", room="retro")
    assert await moved.of_maker(workspace.context(memory)) is None


async def test_the_aftermath_of_a_new_key(workspace: Workspace, memory: Memory) -> None:
    ingress = await made(workspace, memory)
    ctx = workspace.context(memory)
    found = await IngressRenew(provider="memory", ingress="standup").aftermath(ctx)
    assert ingress.ref.id in plain(found.text)
    assert labels(found.actions) == [f"New key for {ingress.ref.id}"]
    gone = await IngressRenew(provider="memory", ingress="IN_none").aftermath(ctx)
    assert plain(gone.text).endswith("If a new key was made, nobody has it: I keep none.")
    memory.lacking = frozenset({Capability.LIST_ROOMS})
    much_later(workspace)
    assert plain(told(await workspace.say("ingress list --orphans")).text) == (
        "No ingress on memory is an orphan; 1 other is there."
    )
