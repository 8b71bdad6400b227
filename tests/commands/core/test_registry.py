"""The registry is complete, and what a class says of itself holds."""

import re

import pytest
from pydantic import Field

from commands.core.base import Arg, Audience, Command, Role
from commands.core.examples import as_arrived, first_example
from commands.core.fields import is_hidden
from commands.core.parsing import Here, parse
from commands.core.registry import NOUN_ALIASES, Commands, DuplicatePath, all_commands
from commands.room import RoomClose, RoomCreate
from providers.base import Capability, RoomRef

COMMANDS = all_commands()
every_command = pytest.mark.parametrize("model", COMMANDS.values(), ids=[" ".join(path) for path in COMMANDS])

VERBS = {
    "admit", "api", "close", "create", "extend", "forward", "join", "keep", "list", "move", "mute", "remove", "send",
    "show", "start", "stop", "subscribe", "unmute", "unsubscribe", "update", "use", "unset", "set", "forget", "grant",
    "revoke", "follow", "test", "unfollow", "add", "participant", "room", "track", "tracks",
    "web", "layout", "dismiss", "retry", "resume", "pause", "clean", "delete", "renew", "rtmp", "url", "whip",
    "dial", "dispatch", "dtmf", "hangup", "transfer",
}  # fmt: skip
WITHOUT_NOUN = {("help",), ("overview",), ("whoami",)}


def test_every_command_is_found() -> None:
    asked_for = {
        "room create", "room list", "room show", "room close", "room join", "token create", "participant list",
        "recording start", "recording stop", "recording list", "alert subscribe", "alert unsubscribe", "alert list",
        "provider list", "provider use", "provider show", "help", "whoami", "overview",
    }  # fmt: skip
    assert asked_for <= {" ".join(path) for path in COMMANDS}


def test_a_path_leads_to_its_command() -> None:
    assert COMMANDS[("room", "create")] is RoomCreate
    assert COMMANDS.spellings[("room", "end")] is RoomClose
    assert ("room", "end") not in COMMANDS


def test_all_commands_are_gathered_once() -> None:
    assert all_commands() is COMMANDS


@every_command
def test_the_docstring_is_one_sentence(model: type[Command]) -> None:
    summary = model.summary()
    assert re.fullmatch(r"[A-Z][^.]*(\. [A-Z][^.]*)?\.", summary), summary
    assert len(summary) <= 100


@every_command
def test_it_has_a_role_and_an_audience_of_its_own(model: type[Command]) -> None:
    assert "spec" in vars(model)
    assert isinstance(model.spec.role, Role)
    assert isinstance(model.spec.audience, Audience)


@every_command
def test_every_field_is_described(model: type[Command]) -> None:
    for name, info in model.model_fields.items():
        assert info.description, name
        assert not info.description.endswith("."), name
        assert len(info.description) <= 100, name


@every_command
def test_every_example_parses_to_the_command(model: type[Command]) -> None:
    here = Here("memory", RoomRef("memory", "RM_1", "standup"))
    assert model.spec.examples
    for arguments in model.spec.examples:
        line = " ".join([*model.spec.path, arguments])
        assert type(parse(as_arrived(line), COMMANDS, here)) is model, line


@every_command
def test_the_first_example_needs_nothing_of_the_channel(model: type[Command]) -> None:
    """Messages show it to somebody whose channel may have no room."""
    assert type(parse(as_arrived(first_example(model)), COMMANDS, Here("memory"))) is model


@every_command
def test_the_path_is_a_noun_and_a_verb(model: type[Command]) -> None:
    path = model.spec.path
    assert path in WITHOUT_NOUN or path[-1] in VERBS, "a new verb? add it to VERBS"
    assert 1 <= len(path) <= 3
    for word in path:
        assert re.fullmatch(r"[a-z]+", word)
        assert word not in NOUN_ALIASES, "a vendor's word is an alias, not a noun"


@every_command
def test_it_can_be_run(model: type[Command]) -> None:
    assert model.run is not Command.run


@every_command
def test_a_required_argument_comes_before_an_optional_one(model: type[Command]) -> None:
    required = [model.model_fields[name].is_required() for name in model.positionals()]
    assert required == sorted(required, reverse=True)


@every_command
def test_what_is_hidden_is_not_required(model: type[Command]) -> None:
    assert not [name for name, info in model.model_fields.items() if is_hidden(info) and info.is_required()]


# What a class may say


class First(Command, path="thing show", aliases=("things",)):
    """Show a thing."""


class Second(Command, path="thing show"):
    """Show another thing."""


class Third(Command, path="thing list", aliases=("things",)):
    """List things."""


def test_a_path_is_claimed_once() -> None:
    with pytest.raises(DuplicatePath, match="thing show: First and Second"):
        Commands([First, Second])


def test_an_alias_is_claimed_once() -> None:
    with pytest.raises(DuplicatePath, match="things: Third and First"):
        Commands([First, Third])


def test_commands_come_in_alphabetical_order() -> None:
    assert list(Commands([Second, Third])) == [("thing", "list"), ("thing", "show")]


def test_a_misspelt_keyword_is_refused_with_the_class() -> None:
    with pytest.raises(TypeError, match="rol"):

        class Misspelt(Command, path="thing show", rol=Role.ADMIN):
            """Show a thing."""


class Keywords(Command, path="thing make", role=Role.ADMIN, needs=Capability.CREATE_ROOM, examples=("a b c d",)):
    """Make a thing of words that are class keywords elsewhere."""

    path: Arg[str] = Field(description="A field")
    role: Arg[str] = Field(description="A field")
    audience: Arg[str] = Field(description="A field")
    needs: Arg[str] = Field(description="A field")
    examples: str = Field("", description="A field")
    aliases: str = Field("", description="A field")


def test_class_keywords_are_free_as_field_names() -> None:
    command = parse("thing make a b c d --examples e --aliases f", Commands([Keywords]), Here("memory"))
    assert command == Keywords(path="a", role="b", audience="c", needs="d", examples="e", aliases="f")
    assert command.spec.role is Role.ADMIN
    assert command.spec.needs == {Capability.CREATE_ROOM}


class Base(Command):
    """A base without a path."""


def test_a_class_without_path_is_no_command() -> None:
    assert "spec" not in vars(Base)


def test_a_command_is_frozen_and_takes_no_unknown_field() -> None:
    with pytest.raises(ValueError, match="frozen"):
        RoomCreate(provider="memory", name="a").name = "b"  # type: ignore[misc]  # the mistake is the test
    with pytest.raises(ValueError, match="Extra inputs"):
        RoomCreate.model_validate({"provider": "memory", "name": "a", "colour": "red"})


def test_roles_include_those_before() -> None:
    assert Role.NOBODY < Role.VIEWER < Role.OPERATOR < Role.ADMIN
    assert str(Role.OPERATOR) == "operator"
