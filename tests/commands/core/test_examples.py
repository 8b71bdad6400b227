"""What is shown as an example works, whatever the mistake was about."""

import pytest
from pydantic import Field, SecretStr

from commands.core.base import Command
from commands.core.examples import as_arrived, remedy
from commands.core.fields import is_hidden, option
from commands.core.reply import Code, plain
from commands.core.tokens import split
from tests.commands.lines import COMMANDS, read


class DoorOpen(Command, path="door open", examples=("", "--slowly")):
    """Open a door."""

    code: SecretStr | None = Field(None, description="What opens it")
    slowly: bool = Field(True, description="Whether it takes its time")
    times: int = Field(1, description="How often", ge=1)


def shown(model: type[Command], *about: str) -> str:
    return plain(remedy(model, about, "/video", provider="memory"))


FIELDS = [
    (path, name) for path, model in COMMANDS.items() for name, info in model.model_fields.items() if not is_hidden(info)
]


@pytest.mark.parametrize(("path", "name"), FIELDS, ids=lambda each: each if isinstance(each, str) else " ".join(each))
def test_an_example_shows_the_option_and_is_read(path: tuple[str, ...], name: str) -> None:
    model = COMMANDS[path]
    before, line, *_ = remedy(model, [name], "/video", provider="memory")
    assert isinstance(line, Code)
    typed = line.text.removeprefix("/video ")
    if before == "See ":
        assert typed == f"help {' '.join(path)}"
        return
    command = read(as_arrived(typed))
    assert type(command) is model
    options = {word.text.partition("=")[0].replace("--no-", "--") for word in split(typed)}
    assert name in model.positionals() or option(name) in options


def test_a_secret_and_what_a_server_cannot_do_are_not_made_up() -> None:
    elsewhere = "See /video help door open for what it takes."
    assert shown(DoorOpen, "code") == elsewhere
    assert plain(remedy(DoorOpen, ["times"], "/video", provider="memory", works=lambda line: "times" not in line)) == (
        elsewhere
    )


def test_a_value_is_one_that_the_field_takes() -> None:
    assert shown(DoorOpen, "times") == "For example: /video door open --times 2"
    assert shown(DoorOpen, "slowly") == "For example: /video door open --slowly"
    assert shown(DoorOpen, "times", "slowly") == "For example: /video door open --slowly"


def test_a_problem_with_the_line_itself_is_answered_with_the_page_of_help() -> None:
    assert plain(remedy(DoorOpen, [], "/video", provider="memory")) == "See /video help door open for what it takes."
