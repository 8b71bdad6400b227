"""Rooms made in private, as commands tell of them: to those who may see them, and to everybody else."""

import ast
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import commands
from commands.core.base import Command, Role
from commands.core.directory import Reservation
from commands.core.dispatch import Answer, Asked, Dispatcher, Door, Request
from commands.core.errors import CommandError
from commands.core.examples import as_arrived, lines_of
from commands.core.parsing import Here, parse
from commands.core.ports import Caller, Place, Viewer
from commands.core.registry import all_commands
from commands.core.reply import Reply, plain
from commands.participant_removal import ParticipantRemove
from commands.room import RoomCreate
from providers.base import EgressOptions, Recording, RoomOptions, RoomRef
from providers.errors import ProviderError, RateLimited, Rejected, TimedOut
from providers.facts import ThingKind
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.ports import Members, RoleTable
from tests.commands.races import Eventful, eventful
from tests.commands.workspace import ANNA, HALL, OLGA, STUDIO, TEAM, Workspace, refused, says, titles, told

SECRET, NOWHERE = "hidden-plan", "never-was-1"
OTTO = Caller(TEAM, "UOTTO", "Otto")
DEN = Place(TEAM, "CDEN")
"""Another operator. STUDIO and DEN are private here, HALL is not; Olga makes the room in the studio."""

NAME = (ThingKind.ROOM, "memory", SECRET)
KEPT_FOR_OLGA = Reservation(STUDIO.channel_id, OLGA.user_id, datetime(2026, 11, 21, tzinfo=UTC))

CANNOT_BE_USED = f"The name {SECRET} cannot be used here."


@pytest.fixture
async def memory() -> AsyncIterator[Eventful]:
    async with eventful() as provider:
        yield provider


@pytest.fixture
def workspace(memory: Eventful, annex: Memory) -> Workspace:
    workspace = Workspace(memory, annex)
    workspace.ports = replace(
        workspace.ports,
        roles=RoleTable(UOLGA=Role.OPERATOR, UOTTO=Role.OPERATOR, UANNA=Role.ADMIN),
        membership=Members(
            {STUDIO.channel_id, HALL.channel_id, DEN.channel_id}, private={STUDIO.channel_id, DEN.channel_id}
        ),
    )
    workspace.dispatcher = Dispatcher(workspace.ports, workspace.attempts, workspace.pending)
    return workspace


@pytest.fixture
async def secret(workspace: Workspace, memory: Eventful) -> RoomRef:
    """A private room with somebody in it, that is being recorded; beside it a public one."""
    room = await workspace.room(SECRET, by=OLGA, place=STUDIO)
    await workspace.room("standup", by=OLGA, place=HALL)
    for name in (SECRET, "standup"):
        memory.server.join(name, "bob")
    await memory.start_recording(room, EgressOptions())
    return room


async def ask(workspace: Workspace, line: str, *, by: Caller, place: Place = HALL, aloud: bool = False) -> Answer:
    return await run(workspace, parse(line, workspace.commands, Here("memory")), by=by, place=place, aloud=aloud)


async def run(workspace: Workspace, command: Command, *, by: Caller, place: Place, aloud: bool = False) -> Answer:
    return await workspace.dispatcher.dispatch(command, Request(by, place, Door.SLASH, is_aloud=aloud))


def shown(answer: Answer) -> str:
    """All that somebody is told, buttons and all, but for what is random in it."""
    match answer.result:
        case CommandError() as error:
            return repr((type(error), plain(error.what), plain(error.remedy), error.actions))
        case Asked(question, _):
            return repr(question)
        case Reply() as reply:
            return repr(replace(reply, secrets=(), facts=tuple(f for f in reply.facts if f[0] != "Good until")))
        case other:
            return repr(other)


def about_rooms() -> Iterator[str]:
    """Every example of every command that names a room which is there already."""
    for model in all_commands().values():
        if model is not RoomCreate:
            yield from (as_arrived(line) for line in lines_of(model) if "standup" in line)


LINES = [
    *about_rooms(),
    "participant move standup bob {}",
    "participant forward standup bob {}",
    "room list {}",
    "room list hidden-*",
    "recording list {} --table",
    "participant list {} --provider annex",
]


def named(line: str, name: str) -> str:
    return line.replace("{}", name) if "{}" in line else line.replace("standup", name)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(("by", "place", "aloud"), [(OTTO, HALL, False), (OTTO, HALL, True), (ANNA, HALL, True)])
async def test_others_are_told_what_they_are_told_of_a_room_that_never_was(
    workspace: Workspace, secret: RoomRef, line: str, by: Caller, place: Place, aloud: bool
) -> None:
    """But for a token, or an ingress, to a room that is not there, which would let them in."""
    there = await ask(workspace, named(line, SECRET), by=by, place=place, aloud=aloud)
    never = await ask(workspace, named(line, NOWHERE), by=by, place=place, aloud=aloud)
    if line.startswith(("token create", "ingress create")):
        assert says(refused(there)) == (CANNOT_BE_USED, "Take another one.")
    elif not line.startswith("token api"):
        assert shown(there).replace(SECRET, NOWHERE) == shown(never)
        assert secret.id not in shown(there)


@pytest.mark.parametrize("by", [OTTO, ANNA])
async def test_an_id_that_was_overheard_is_worth_nothing(
    workspace: Workspace, memory: Eventful, secret: RoomRef, by: Caller
) -> None:
    [recording] = memory.server.list_recordings()
    aloud = by is ANNA
    for line, found in (
        (f"room show {SECRET} --room-id {{}}", secret.id),
        (f"room close {SECRET} --room-id {{}}", secret.id),
        ("room show standup --room-id {}", secret.id),
        (f"participant admit {SECRET} bob --room-id {{}}", secret.id),
        (f"recording list --room-id {{}} {SECRET}", secret.id),
        ("recording stop {}", recording.ref.id),
    ):
        there = await ask(workspace, line.format(found), by=by, aloud=aloud)
        never = await ask(workspace, line.format("RM_never"), by=by, aloud=aloud)
        assert shown(there).replace(found, "RM_never") == shown(never), line


@pytest.mark.parametrize(
    ("by", "place", "aloud"),
    [(OLGA, STUDIO, False), (OLGA, STUDIO, True), (OLGA, HALL, False), (OTTO, STUDIO, False), (ANNA, HALL, False)],
)
async def test_the_maker_the_channel_and_admins_see_it(
    workspace: Workspace, secret: RoomRef, by: Caller, place: Place, aloud: bool
) -> None:
    for line in (f"room show {SECRET}", f"participant list {SECRET}", f"token create {SECRET}", f"room join {SECRET}"):
        told(await ask(workspace, line, by=by, place=place, aloud=aloud))
    listed = told(await ask(workspace, "room list", by=by, place=place, aloud=aloud))
    assert sorted(titles(listed)) == [SECRET, "standup"]
    recordings = told(await ask(workspace, "recording list", by=by, place=place, aloud=aloud))
    assert plain(recordings.text) == "1 recording is on memory."


@pytest.mark.parametrize(("by", "aloud"), [(OTTO, False), (OTTO, True), (OLGA, True), (ANNA, True)])
async def test_nothing_counts_it_for_others(workspace: Workspace, secret: RoomRef, by: Caller, aloud: bool) -> None:
    listed = told(await ask(workspace, "room list s*", by=by, aloud=aloud))
    assert plain(listed.text) == "1 of 1 room on memory matches s*."
    assert plain(told(await ask(workspace, "recording list", by=by, aloud=aloud)).text) == "No recording is on memory."
    assert SECRET not in shown(await ask(workspace, "overview", by=by, aloud=aloud))
    assert SECRET not in shown(await ask(workspace, f"room show {SECRET}", by=by, aloud=aloud)).replace(
        f"There is no room {SECRET}", ""
    )


async def test_another_server_does_not_give_it_away(workspace: Workspace, secret: RoomRef) -> None:
    offered = refused(await ask(workspace, f"room show {SECRET} --provider annex", by=OLGA))
    assert len(offered.actions) == 1
    hidden = refused(await ask(workspace, f"room show {SECRET} --provider annex", by=OTTO))
    assert hidden.actions == ()


async def test_who_is_kept_out_of_it_is_nobodys_business(workspace: Workspace, secret: RoomRef) -> None:
    await workspace.confirm(await workspace.say(f"participant remove {SECRET} bob --keep-out 1h"))
    said = says(refused(await ask(workspace, f"participant admit {SECRET} cleo", by=OTTO)))
    assert said == (f"cleo is not kept out of {SECRET}.", "Nobody is.")
    refused(await ask(workspace, f"participant admit {SECRET} bob", by=OTTO))
    told(await ask(workspace, f"participant admit {SECRET} bob", by=OLGA))


# Its name


@pytest.mark.parametrize(("by", "aloud"), [(OTTO, False), (OTTO, True), (OLGA, True), (ANNA, True)])
@pytest.mark.parametrize("line", [f"room create {SECRET}", f"token create {SECRET}"])
async def test_nobody_gets_in_by_making_what_is_there(
    workspace: Workspace, memory: Eventful, secret: RoomRef, line: str, by: Caller, aloud: bool
) -> None:
    before = len(workspace.directory.reports)
    assert says(refused(await ask(workspace, line, by=by, aloud=aloud))) == (CANNOT_BE_USED, "Take another one.")
    assert len(workspace.directory.reports) == before


async def test_the_name_is_kept_before_the_server_is_asked(workspace: Workspace, memory: Eventful) -> None:
    kept = list[dict[tuple[ThingKind, str, str], Reservation]]()
    memory.before["create_room"] = lambda: kept.append(dict(workspace.directory.reserved))
    told(await workspace.say(f"room create {SECRET}", place=STUDIO))
    assert [(key, held.channel_id, held.by) for key, held in kept[0].items()] == [(NAME, STUDIO.channel_id, "UOLGA")]
    told(await workspace.say("room create standup", place=HALL))
    assert workspace.directory.reserved == kept[0]


@pytest.mark.parametrize(("error", "is_kept"), [(Rejected("no"), False), (TimedOut("late"), True)])
async def test_a_name_whose_room_was_not_made_is_free_again(
    workspace: Workspace, memory: Eventful, error: ProviderError, is_kept: bool
) -> None:
    def fail() -> None:
        raise error

    memory.before["create_room"] = fail
    answer = await workspace.say(f"room create {SECRET}", place=STUDIO)
    assert answer.result is error
    assert bool(workspace.directory.reserved) is is_kept


@pytest.mark.parametrize("place", [STUDIO, HALL])
@pytest.mark.parametrize("error", [RateLimited("slower"), TimedOut("late")])
async def test_what_kept_the_name_before_keeps_it_after_a_refusal(
    workspace: Workspace, memory: Eventful, error: ProviderError, place: Place
) -> None:
    """Else whoever comes back with a token of the room that has ended would bring up a public one."""

    def fail() -> None:
        raise error

    workspace.directory.reserved[NAME] = KEPT_FOR_OLGA
    memory.before["create_room"] = fail
    await workspace.say(f"room create {SECRET}", place=place)
    if isinstance(error, RateLimited):
        assert workspace.directory.reserved == {NAME: KEPT_FOR_OLGA}
    else:
        assert bool(workspace.directory.reserved) is (place is STUDIO)


async def test_what_brought_the_room_up_again_is_still_kept(workspace: Workspace, memory: Eventful) -> None:
    workspace.directory.reserved[NAME] = KEPT_FOR_OLGA
    memory.server.create_room(SECRET, RoomOptions())
    told(await workspace.say(f"room create {SECRET}", place=STUDIO))
    assert workspace.directory.reserved == {NAME: KEPT_FOR_OLGA}


async def test_of_two_private_places_that_ask_at_once_one_gets_the_name(workspace: Workspace, memory: Eventful) -> None:
    """Both have seen that it is free."""
    asked = list[str]()
    memory.before["create_room"] = lambda: asked.append(SECRET)
    otto = workspace.context(memory, by=OTTO, place=DEN)
    await otto.require_free_name(SECRET)
    workspace.directory.reserved[NAME] = KEPT_FOR_OLGA
    with pytest.raises(CommandError) as refusal:
        async with otto.reserved(ThingKind.ROOM, SECRET):
            await memory.create_room(SECRET, RoomOptions())
    assert says(refusal.value) == (CANNOT_BE_USED, "Take another one.")
    assert asked == []
    assert workspace.directory.reserved == {NAME: KEPT_FOR_OLGA}


async def test_what_others_are_about_to_record_can_be_recorded_too(workspace: Workspace, memory: Eventful) -> None:
    await workspace.room("standup", place=HALL)
    workspace.directory.reserved[ThingKind.RECORDING, "memory", "standup"] = KEPT_FOR_OLGA
    told(await workspace.say("recording start standup", by=OTTO, place=DEN))
    assert workspace.directory.reserved == {(ThingKind.RECORDING, "memory", "standup"): KEPT_FOR_OLGA}


async def test_a_room_that_was_there_keeps_no_name(workspace: Workspace, memory: Eventful) -> None:
    await workspace.room("standup", place=HALL)
    told(await workspace.say("room create standup", place=STUDIO))
    assert workspace.directory.reserved == {}
    told(await ask(workspace, "room show standup", by=OTTO))


async def test_two_who_make_it_at_once_do_not_meet(workspace: Workspace, memory: Eventful) -> None:
    """Otto asks while nobody has the name, and the server has Olga's room when it answers him."""

    def make() -> None:
        workspace.directory.reserved[NAME] = KEPT_FOR_OLGA
        memory.server.create_room(SECRET, RoomOptions())

    memory.before["create_room"] = make
    answer = refused(await ask(workspace, f"room create {SECRET}", by=OTTO))
    assert says(answer) == (CANNOT_BE_USED, "Take another one.")
    assert workspace.directory.reports == []


async def test_whoever_may_have_the_name_gets_it_fresh(workspace: Workspace, memory: Eventful, secret: RoomRef) -> None:
    await memory.close_room(secret)
    workspace.directory.end(TEAM, secret)
    refused(await ask(workspace, f"room create {SECRET}", by=OTTO))
    told(await ask(workspace, f"room create {SECRET}", by=OLGA))
    assert workspace.directory.reserved == {}
    told(await ask(workspace, f"room show {SECRET}", by=OTTO))


async def test_a_recording_keeps_its_rooms_name_only_while_it_starts(workspace: Workspace, memory: Eventful) -> None:
    await workspace.room("standup", place=HALL)
    kept = list[set[ThingKind]]()
    memory.before["start_recording"] = lambda: kept.append({kind for kind, _, _ in workspace.directory.reserved})
    told(await workspace.say("recording start standup", place=STUDIO))
    assert kept == [{ThingKind.RECORDING}]
    assert workspace.directory.reserved == {}


def test_no_command_reads_a_servers_lists_past_the_context() -> None:
    """`asking.py` asks for several servers at once; who shows its answers leaves out what is hidden."""
    root = Path(commands.__file__).parent
    found = {
        (path.relative_to(root).as_posix(), ast.unparse(node.func.value))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("list_rooms", "list_recordings")
    }
    assert {path for path, receiver in found if receiver not in ("ctx", "self")} == {
        "core/asking.py",
        "core/context.py",
    }


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_token_from_a_private_place_keeps_the_name_as_long_as_it_admits(
    workspace: Workspace, is_there: bool
) -> None:
    if is_there:
        await workspace.room(SECRET, by=OLGA, place=STUDIO)
    told(await ask(workspace, f"token create {SECRET} --ttl 7d", by=OLGA, place=STUDIO))
    kept = workspace.directory.reserved[ThingKind.ROOM, "memory", SECRET]
    until = workspace.clock.now() + timedelta(days=7)
    assert (kept.channel_id, kept.by, kept.until) == (STUDIO.channel_id, OLGA.user_id, until)
    there = refused(await ask(workspace, f"token create {SECRET}", by=OTTO, place=HALL))
    assert says(there) == (CANNOT_BE_USED, "Take another one.")


async def test_a_token_to_a_public_room_keeps_nothing(workspace: Workspace) -> None:
    await workspace.room("standup", by=OLGA, place=HALL)
    for line, place in (("token create standup", STUDIO), ("token create other", HALL)):
        told(await ask(workspace, line, by=OLGA, place=place))
    assert workspace.directory.reserved == {}


async def test_who_was_kept_out_of_a_private_room_nobody_else_learns(workspace: Workspace, memory: Eventful) -> None:
    room = await workspace.room(SECRET, by=OLGA, place=STUDIO)
    await confirmed(room).run(workspace.context(memory, by=OLGA, place=STUDIO))
    memory.server.close_room(room)
    workspace.directory.end(TEAM, room)
    workspace.directory.reserved.clear()  # a day later
    never = refused(await ask(workspace, f"participant admit {SECRET} bob", by=OTTO, place=HALL))
    assert says(never)[0] == f"bob is not kept out of {SECRET}."
    await workspace.room(SECRET, by=OTTO, place=HALL)
    assert "Kept out" not in dict(told(await ask(workspace, f"participant list {SECRET}", by=OTTO)).facts)
    told(await ask(workspace, f"token create {SECRET} --identity bob", by=OTTO))
    told(await ask(workspace, f"participant admit {SECRET} bob", by=OLGA, place=STUDIO))


def confirmed(room: RoomRef) -> ParticipantRemove:
    return ParticipantRemove(
        provider=room.provider, room=room.name, room_id=room.id, who="bob", exact=True, keep_out=timedelta(days=7)
    )


async def test_a_recording_that_is_not_seen_is_not_offered_to_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory("memory", MemorySettings(recording_delay_seconds=0))
    workspace = Workspace(memory)
    room = await workspace.room("standup")
    recording = await memory.start_recording(room, EgressOptions())
    await memory.settled()
    shown_to_all = told(await workspace.say("room show standup"))
    assert "Stop recording" in [action.label for action in shown_to_all.actions]

    async def hidden(viewer: Viewer, recordings: Collection[Recording]) -> frozenset[str]:
        return frozenset({recording.ref.id})

    monkeypatch.setattr(workspace.directory, "hidden_recordings", hidden)
    reply = told(await workspace.say("room show standup"))
    labels = [action.label for action in reply.actions]
    assert "Record" in labels
    assert "Stop recording" not in labels
