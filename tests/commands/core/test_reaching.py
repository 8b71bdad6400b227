"""Where a command may send a video server, held against the port before anything runs."""

import re
from typing import Annotated

import pytest
from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo

from commands.core.base import Arg, Fetched, ServerCommand, has
from commands.core.context import Context
from commands.core.errors import Problem, UsageError
from commands.core.reaching import unreachable
from commands.core.registry import Commands, all_commands
from commands.core.reply import Reply
from providers.memory.provider import Memory
from tests.commands.ports import Fence
from tests.commands.workspace import OLGA, Workspace, refused, told

INSIDE, OUTSIDE = "http://inside.test/clip", "http://media.test/clip"
RAN: list[str] = []


class ClipPlay(ServerCommand, path="clip play"):
    """Play a clip to a room."""

    url: Annotated[Arg[str], Fetched()] = Field(description="Where the clip is")
    more: Annotated[tuple[str, ...], Fetched()] = Field((), description="Further clips")
    key: Annotated[SecretStr | None, Fetched()] = Field(None, description="Where it is streamed to, with its key")
    host: Annotated[str | None, Fetched(is_host=True)] = Field(None, description="Where it is also played")
    note: str | None = Field(None, description="What you want to remember")

    async def run(self, ctx: Context) -> Reply:
        RAN.append(self.url)
        return Reply(text="Played.")


@pytest.fixture
def workspace(memory: Memory) -> Workspace:
    RAN.clear()
    return Workspace(memory, commands=Commands([ClipPlay]))


async def test_what_may_be_reached_is_run(workspace: Workspace) -> None:
    assert told(await workspace.say(f"clip play {OUTSIDE} --note {INSIDE}")).text == "Played."
    assert RAN == [OUTSIDE]


@pytest.mark.parametrize(
    ("line", "label"),
    [
        (INSIDE, "URL"),
        (f"{OUTSIDE} --more {OUTSIDE} --more {INSIDE}", "--more"),
        (f"{OUTSIDE} --key {INSIDE}", "--key"),
        (f"{OUTSIDE} --host inside.test:5061", "--host"),
    ],
)
async def test_what_leads_inside_is_refused_and_nothing_runs(workspace: Workspace, line: str, label: str) -> None:
    error = refused(await workspace.say(f"clip play {line}"))
    assert isinstance(error, UsageError)
    assert [problem.text for problem in error.problems] == [f"{label}: It is in no public network."]
    assert RAN == []


async def test_a_button_and_an_answered_question_are_held_against_it_too(workspace: Workspace) -> None:
    command = ClipPlay(provider="memory", url=INSIDE)
    for confirmed in (False, True):
        assert isinstance(refused(await workspace.press(command, by=OLGA, confirmed=confirmed)), UsageError)
    assert RAN == []


async def test_every_field_says_what_is_wrong_with_it() -> None:
    command = ClipPlay(provider="memory", url=INSIDE, more=(OUTSIDE, INSIDE), key=SecretStr(INSIDE))
    found = await unreachable(command, Fence())
    assert found == [Problem("It is in no public network.", name) for name in ("url", "more", "key")]


def _speaks_of_an_address(name: str, field: FieldInfo) -> bool:
    return bool(
        re.search(r"(^|_)(ur[il]s?|address(es)?)($|_)", name) or re.search(r"\b(URL|address)", field.description or "")
    )


def test_every_field_for_an_address_is_marked() -> None:
    """Whoever gives an address sends a server there. The mark is in `commands/core/base.py`."""
    unmarked = [
        f"{' '.join(path)} {name}"
        for path, model in all_commands().items()
        for name, field in model.model_fields.items()
        if _speaks_of_an_address(name, field)
        and not has(field, Fetched)
        and name != "allow_address"  # calls come from it
    ]
    assert unmarked == []


@pytest.mark.parametrize("name", ["url", "urls", "add_url", "source_uri", "address"])
def test_a_field_is_known_by_its_name(name: str) -> None:
    assert _speaks_of_an_address(name, FieldInfo(description="Where it goes"))


def test_a_field_is_known_by_its_description() -> None:
    assert _speaks_of_an_address("add", FieldInfo(description="A URL to stream to as well"))
    assert not _speaks_of_an_address("layout", FieldInfo(description="How it is laid out"))
