"""Every command, by everybody, through every door: who is below its role is refused, and nothing is done.

The commands are those of the registry, each as its own examples say it, so a new one is tried without a word about it
here. One world serves a door and a role: in it every command is asked for, one after the other.
"""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from bot.demo.slack import User
from bot.demo.world import World
from bot.render.button import Buttons, actions, is_inline
from bot.render.form import render_form
from bot.slack.metadata import FormMeta
from bot.slack.shortcuts import CREATE_ROOM, HANDLERS, ROOM_FROM_MESSAGE
from commands.core.base import Command, Offers, Role, marks
from commands.core.dispatch import Door
from commands.core.examples import as_arrived, lines_of
from commands.core.fields import held_secrets
from commands.core.parsing import Here, parse
from commands.core.registry import all_commands
from commands.core.reply import Action, Form
from commands.core.spelling import spell
from providers.base import RoomRef
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.conftest import MEMORY, Wanted
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import accepted, ask, card, heard

HERE = Here("memory", RoomRef("memory", "", "standup"))
COMMANDS = {path: parse(as_arrived(lines_of(model)[0]), all_commands(), HERE) for path, model in all_commands().items()}
"""Each command once. A room that is lent is said by its name."""

UNTOUCHED = frozenset(["attempt", "pending_action", "sqlite_sequence", "replica", "identity", "draft"])
"""Tables in which being refused leaves its trace, and those that are about the process."""

Asked = Callable[[World, User, Command], Awaitable[None]]


async def typed(world: World, who: User, command: Command) -> None:
    accepted(await world.slack.command(who, world.general, f"/video {spell(command)}"))


async def mentioned(world: World, who: User, command: Command) -> None:
    await world.slack.write(who, world.general, f"@showcaller {spell(command)}")


async def written(world: World, who: User, command: Command) -> None:
    await world.slack.write(who, world.slack.workspace.dm(who), spell(command))


async def pressed(world: World, who: User, command: Command) -> None:
    blocks = [actions([Buttons().draw(Action("Go", command))])]
    message = world.slack.workspace.post(world.general, world.slack.workspace.bot, "Go", blocks)
    accepted(await world.slack.press(who, message, "Go"))


async def pressed_at_home(world: World, who: User, command: Command) -> None:
    view = {"type": "home", "blocks": [actions([Buttons().draw(Action("Go", command))])]}
    home = world.slack.workspace.modals.publish(who.id, view, None)
    accepted(await world.slack.press(who, home, "Go"))


async def submitted(world: World, who: User, command: Command) -> None:
    """As if the form had been opened in better times. `FormMeta` keeps what no form shows."""
    given = dict(command)
    hidden = {name: value for name, value in given.items() if name == "room_id" and value}
    meta = FormMeta(provider="memory", channel_id=world.general.id, fixed=hidden, opened={"room": "standup"})
    view = render_form(type(command), given=given, provider=world.provider, private_metadata=meta.model_dump_json())
    opened = world.slack.workspace.modals.open(who.id, view)
    accepted(await world.slack.submit(who, opened, secrets_of(command)))


def secrets_of(command: Command) -> dict[str, str]:
    """What no form is filled with beforehand, as somebody types it there."""
    held = {name: getattr(command, name) for name in held_secrets(dict(command), type(command))}
    several = {name: value if isinstance(value, tuple) else (value,) for name, value in held.items()}
    return {name: "\n".join(each.get_secret_value() for each in values) for name, values in several.items()}


def passes(door: Door, command: Command, role: Role) -> bool:
    """Whether it can come that way. What holds secrets is refused unread where others read it, and no button has it,
    nor what is private; where it can be chosen in a form, nothing is offered to those who may not."""
    if door in (Door.BUTTON, Door.HOME):
        return is_inline(Action("Go", command))
    if door is Door.FORM:
        chosen = any(marks(type(command).model_fields[name], Offers) for name in secrets_of(command))
        return has_form(command) and (role >= command.spec.role or not chosen)
    return door is not Door.MENTION or not secrets_of(command)


DOORS: Mapping[Door, Asked] = {
    Door.SLASH: typed,
    Door.MENTION: mentioned,
    Door.DIRECT: written,
    Door.BUTTON: pressed,
    Door.HOME: pressed_at_home,
    Door.FORM: submitted,
}


@pytest.fixture
async def world(tmp_path: Path, clock: MovedClock, log: Log, wanted: Wanted) -> AsyncIterator[World]:
    """Over HTTP alone: the transports differ in nothing that roles are about. The default role is viewer."""
    environ = {"SHOWCALLER_DEFAULT_ROLE": "viewer", "SHOWCALLER_COMMANDS_PER_MINUTE": "1000"}
    async with await World.open(tmp_path, providers=MEMORY, environ=environ, clock=clock) as world:
        await ask(world, world.owner, "/video room create standup")
        world.memory.server.join("standup", "bob", name="Bob")
        world.memory.server.publish("standup", "bob")
        await card(world, "standup", "1 person")
        await ask(world, world.owner, "/video alert subscribe recording")
        await ask(world, world.owner, "/video role grant @omar operator")
        yield world


def person(world: World, role: Role) -> User:
    """An outsider in the channel, a guest, somebody who was granted operator, and an admin of the workspace."""
    people = world.slack.workspace
    match role:
        case Role.NOBODY:
            who = people.add_user("stranger", outsider=True)
        case Role.VIEWER:
            who = world.guest
        case Role.OPERATOR:
            who = world.operator
        case Role.ADMIN:
            who = people.add_user("abe", admin=True)
    people.invite(world.general, who)
    return who


def state(world: World) -> object:
    """All that a command could change: the database but for the book of attempts, and the server."""
    server = world.memory.server
    rooms = server.list_rooms()
    people = [server.list_participants(room.ref) for room in rooms]
    with closing(sqlite3.connect(world.directory / "showcaller.db")) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in tables if table not in UNTOUCHED}
    return rooms, people, server.list_recordings(), rows


def tries(world: World, path: tuple[str, ...], who: User) -> list[tuple[str, str, str]]:
    """Through which door, how it ended, and why, of those that have ended. A bug has no why."""
    query = "SELECT door, outcome, detail FROM attempt WHERE path = ? AND user_id = ? AND outcome IS NOT NULL"
    with closing(sqlite3.connect(world.directory / "showcaller.db")) as db:
        return db.execute(query, (" ".join(path), who.id)).fetchall()


async def tried(world: World, path: tuple[str, ...], who: User) -> list[tuple[str, str, str]]:
    return await world.slack.until(lambda: tries(world, path, who))


async def opens(world: World, who: User, *, after: int) -> bool:
    """Whether a form comes, or an answer after those that there were."""
    await world.slack.until(lambda: world.slack.view_of(who) is not None or len(heard(world, who)) > after)
    return world.slack.view_of(who) is not None


ROLES = pytest.mark.parametrize("role", list(Role), ids=str)


@ROLES
@pytest.mark.parametrize("door", DOORS, ids=str)
async def test_every_command_by_every_role_through_every_door(
    world: World, wanted: Wanted, door: Door, role: Role
) -> None:
    """What is refused comes first, so that nothing of what is done can be taken for it."""
    who, wrong = person(world, role), list[str]()
    for path, command in sorted(COMMANDS.items(), key=lambda named: role >= named[1].spec.role):
        if not passes(door, command, role):
            continue
        allowed, before = role >= command.spec.role, state(world)
        await DOORS[door](world, who, command)
        [(came, outcome, why)] = await tried(world, path, who)
        is_refused = outcome == "refused" and why.startswith("NotAllowed: ") and "is for people with the role" in why
        if came != door or is_refused is allowed or (outcome == "failed" and not why):
            wrong.append(f"{' '.join(path)}: {came} {outcome} {why}")
        if is_refused and state(world) != before:
            wrong.append(f"{' '.join(path)} was refused, and something has changed")
    assert wrong == []


@ROLES
async def test_every_form_by_every_role(world: World, role: Role) -> None:
    """A button that opens a form opens it for those whose role reaches, and tells the others."""
    who, wrong = person(world, role), list[str]()
    for path, command in COMMANDS.items():
        if not has_form(command):
            continue
        world.slack.workspace.modals.clear(who.id)
        said = len(heard(world, who))
        blocks = [actions([Buttons().draw(Form("Fill in", type(command), tuple(shown(command).items())))])]
        message = world.slack.workspace.post(world.general, world.slack.workspace.bot, "Fill in", blocks)
        accepted(await world.slack.press(who, message, "Fill in"))
        is_open = await opens(world, who, after=said)
        if is_open is not (role >= command.spec.role):
            wrong.append(f"{' '.join(path)}: {'opened' if is_open else heard(world, who)[-1].words}")
    assert wrong == []


@ROLES
@pytest.mark.parametrize("on_message", [False, True], ids=["global", "message"])
async def test_every_shortcut_by_every_role(world: World, role: Role, on_message: bool) -> None:
    """Each leads to one form, that of `room create`, as Slack has no shortcut with a command in it."""
    who, path = person(world, role), ("room", "create")
    if on_message:
        about = world.slack.workspace.post(world.general, who, "The API is down")
        accepted(await world.slack.message_shortcut(who, about, "Start a video room"))
    else:
        accepted(await world.slack.shortcut(who, "Create video room"))
    told = [world.general, world.slack.workspace.dm(who)]
    await world.slack.until(
        lambda: (
            world.slack.view_of(who)
            or [m for place in told for m in world.slack.seen_by(who, place) if "is for people" in m.words]
            or None
        )
    )
    assert (world.slack.view_of(who) is not None) is (role >= all_commands()[path].spec.role)


@ROLES
async def test_what_a_form_offers_and_the_home_shows(world: World, role: Role) -> None:
    """Somebody without a role is offered no names, not even what they typed, and shown no room."""
    who = person(world, role)
    command = COMMANDS["room", "show"]
    meta = FormMeta(provider="memory", channel_id=world.general.id)
    drawn = render_form(type(command), given={}, provider=world.provider, private_metadata=meta.model_dump_json())
    view = world.slack.workspace.modals.open(who.id, drawn)
    offered = await world.slack.suggest(who, view, "room", "")
    accepted(await world.slack.open_home(who))
    home = await world.slack.until(lambda: world.slack.home_of(who))
    sees = role > Role.NOBODY
    assert (["standup" in str(offered), "standup" in home.words]) == [sees, sees]
    assert bool(await world.slack.suggest(who, view, "room", "x")) is sees


def shown(command: Command) -> dict[str, object]:
    return {name: getattr(command, name) for name in command.changed_fields() if name != "provider"}


def has_form(command: Command) -> bool:
    """Some have nothing that could be filled in."""
    return any(name != "provider" for name in type(command).model_fields)


def test_the_size_of_it(record_property: Callable[[str, object], None]) -> None:
    """Written down, so that nobody loses a door or a command without a word. A command that comes raises the numbers.

    The opened forms are those that a button opens. Shortcuts are those of the manifest, which lead to one form.
    """
    forms = sum(has_form(command) for command in COMMANDS.values())
    every = [(command, role) for command in COMMANDS.values() for role in Role]
    cases = {str(door): sum(passes(door, *each) for each in every) for door in DOORS}
    cases |= {"opened forms": len(Role) * forms, str(Door.SHORTCUT): len(Role) * len(HANDLERS)}
    assert cases == {
        "slash": 420, "mention": 384, "direct": 420, "button": 360, "home": 360, "form": 404,
        "opened forms": 408, "shortcut": 8,
    }  # fmt: skip
    record_property("role matrix cases", sum(cases.values()))
    assert sum(cases.values()) == 2_764
    assert {*DOORS, Door.SHORTCUT} == set(Door)
    assert HANDLERS.keys() == {CREATE_ROOM, ROOM_FROM_MESSAGE}, "test_every_shortcut_by_every_role tries no other"
