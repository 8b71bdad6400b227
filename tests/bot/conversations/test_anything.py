"""Whatever comes in, the running bot stays sound, and nothing foreign that it says is markup.

Each example is a payload that Slack has signed. It is acknowledged, or refused where it is none of Slack's, the work
behind it is waited for, and then everything that Slack was told is looked through.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

from bot.demo.slack.deliver import Kind
from bot.demo.slack.things import elements
from bot.demo.slack.views import view_payload
from bot.demo.world import World
from bot.render.limits import Surface, problems
from bot.text import whole
from commands.core.base import Command
from commands.core.registry import all_commands
from commands.core.spelling import spell
from commands.participant import ParticipantShow
from providers.errors import ProviderError
from tests.bot.conversations.anything import (
    PATHS,
    Payload,
    Payloads,
    action_ids,
    button_values,
    callback_ids,
    json_values,
    lines,
    metas,
    spoilt,
    states,
    texts,
)
from tests.bot.conversations.conftest import Wanted
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import ask
from tests.bot.demo.blocks import entry
from tests.bot.render.foreign import is_inert, markups
from tests.commands.strategies import commands_of

EXAMPLES: Final = settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""The same ones each time, in one running bot."""

NOT_THERE: Final = frozenset(
    ["channel_not_found", "user_not_found", "cannot_reply_to_message", "invalid_trigger_id", "not_found"]
)
"""What Slack may say of an id that somebody made up. It must find no fault in a payload."""


class Ordeal:
    """One bot under one payload after another."""

    def __init__(self, world: World, log: Log) -> None:
        self.world = world
        self.payloads = Payloads(world)
        self._log = log
        self._looked_through: dict[tuple[str, str], object] = {}
        self._calls = 0
        self._logged = 0

    async def take(self, kind: Kind, payload: Payload, *, is_slacks: bool = True) -> None:
        """`is_slacks`: it has the shape that Slack documents, so nothing but its acknowledgement will do."""
        before = asyncio.all_tasks()
        ack = await self.world.slack.deliver(kind, payload)
        if is_slacks:
            assert (ack.status, ack.problem) == (200, None), ack
        else:
            assert ack.status == 200 or 400 <= ack.status < 500 or self.world.transport == "socket", ack
        await self._settled(before)
        if isinstance(ack.body, dict) and ack.body.get("options"):
            assert (
                problems([entry("x", {"type": "static_select", "options": ack.body["options"]})], Surface.MODAL) == []
            )
        self._look_through(ack.body, errors=0 if is_slacks else 1)

    async def _settled(self, before: set[asyncio.Task[Any]]) -> None:
        """The bot gives its tasks names; those of libraries have none."""
        async with asyncio.timeout(10):
            while new := [t for t in asyncio.all_tasks() - before if not t.get_name().startswith("Task-")]:
                await asyncio.wait(new)

    def _look_through(self, ack: object, errors: int) -> None:
        text = self._log.text
        logged = [json.loads(line) for line in text[self._logged :].splitlines()]
        self._logged = len(text)
        wrong = [line.get("exception", line["event"]) for line in logged if line["level"] == "error"]
        assert len(wrong) <= errors, "\n".join(wrong)
        calls = self.world.slack.calls[self._calls :]
        self._calls += len(calls)
        assert [call for call in calls if not call.ok and call.error not in NOT_THERE] == []
        for markup in [*self._news(), *markups(ack), *(m for call in calls for m in markups(_view(call.arguments)))]:
            assert is_inert(markup), markup

    def _news(self) -> list[str]:
        """Every text that Slack reads as markup, in messages that are new or changed."""
        workspace, found = self.world.slack.workspace, []
        for channel in workspace.channels:
            for message in workspace.messages(channel):
                key = (channel.id, message.ts)
                if message.user == workspace.bot.id and self._looked_through.get(key) is not message:
                    found += [message.text, *markups(list(message.blocks))]
                self._looked_through[key] = message
        return found


def _view(arguments: Any) -> object:
    view = arguments.get("view")
    return json.loads(view) if isinstance(view, str) else view


@pytest.fixture
async def ordeal(world: World, log: Log, wanted: Wanted) -> Ordeal:
    """A room with somebody in it, so that there is something to go wrong with."""
    wanted.refusals |= NOT_THERE
    await ask(world, world.operator, "/video room create standup")
    world.memory.server.join("standup", "bob")
    return Ordeal(world, log)


def typed(ordeal: Ordeal, text: str) -> str:
    """A form of HTTP cannot spell half a character."""
    return text if ordeal.world.transport == "socket" else whole(text)


@given(text=lines)
@EXAMPLES
async def test_a_slash_command(ordeal: Ordeal, text: str) -> None:
    await ordeal.take(Kind.COMMAND, ordeal.payloads.slash(typed(ordeal, text)))


@given(text=lines, direct=st.booleans())
@EXAMPLES
async def test_a_message(ordeal: Ordeal, text: str, direct: bool) -> None:
    await ordeal.take(Kind.EVENT, ordeal.payloads.event(f"<@{ordeal.world.slack.bot_user_id}> {text}", direct=direct))


@given(command=st.sampled_from(list(all_commands().values())).flatmap(commands_of))
@EXAMPLES
async def test_a_command_that_is_understood(ordeal: Ordeal, command: Command) -> None:
    await ordeal.take(Kind.COMMAND, ordeal.payloads.slash(typed(ordeal, spell(command))))


@given(identity=texts, name=texts, metadata=texts, attributes=st.dictionaries(texts, texts, max_size=2))
@settings(EXAMPLES, max_examples=20)
async def test_somebody_in_a_room(
    ordeal: Ordeal, identity: str, name: str, metadata: str, attributes: dict[str, str]
) -> None:
    """What people call themselves comes from the video server, whose clients may say what they like."""
    server = ordeal.world.memory.server
    said = {whole(key): whole(value) for key, value in attributes.items()}
    try:
        who = server.join("standup", whole(identity), name=whole(name), metadata=whole(metadata), attributes=said)
    except ProviderError:
        reject()
    provider = ordeal.world.memory.name
    shown = ParticipantShow(provider=provider, room="standup", who=who.identity)
    for line in ("room show standup", "participant list standup", spell(shown), "room close standup"):
        await ordeal.take(Kind.COMMAND, ordeal.payloads.slash(line))
    await ordeal.take(Kind.EVENT, ordeal.payloads.home_opened())
    server.leave("standup", who.identity)


@given(action_id=action_ids, value=button_values)
@EXAMPLES
async def test_a_button_of_another_version(ordeal: Ordeal, action_id: str, value: str) -> None:
    await ordeal.take(Kind.INTERACTIVE, ordeal.payloads.press(action_id, value))


@given(
    action_id=action_ids, value=button_values, callback_id=callback_ids, meta=metas, values=states, home=st.booleans()
)
@EXAMPLES
async def test_a_button_in_a_view(
    ordeal: Ordeal, action_id: str, value: str, callback_id: str, meta: str, values: Payload, home: bool
) -> None:
    view = ordeal.payloads.view(callback_id, meta, values, surface="home" if home else "modal")
    await ordeal.take(Kind.INTERACTIVE, ordeal.payloads.press(action_id, value, view=view))


@given(callback_id=callback_ids, meta=metas, values=states)
@EXAMPLES
async def test_a_form(ordeal: Ordeal, callback_id: str, meta: str, values: Payload) -> None:
    await ordeal.take(Kind.INTERACTIVE, ordeal.payloads.submission(callback_id, meta, values))


@given(path=st.sampled_from(PATHS), words=st.lists(st.none() | texts, min_size=1, max_size=6))
@EXAMPLES
async def test_a_form_that_is_open(ordeal: Ordeal, path: str, words: list[str | None]) -> None:
    """What is chosen in a menu may be none of its choices, as the menu may be of another version."""
    slack, who = ordeal.world.slack, ordeal.world.operator
    await ordeal.take(Kind.COMMAND, ordeal.payloads.slash(path))
    if (view := slack.view_of(who)) is not None:
        await ordeal.take(Kind.INTERACTIVE, ordeal.payloads.sent(view, words))
        slack.workspace.modals.clear(who.id)


@given(action_id=action_ids, block_id=texts, value=texts, callback_id=callback_ids, meta=metas, values=states)
@EXAMPLES
async def test_type_ahead(
    ordeal: Ordeal, action_id: str, block_id: str, value: str, callback_id: str, meta: str, values: Payload
) -> None:
    view = ordeal.payloads.view(callback_id, meta, values)
    await ordeal.take(Kind.INTERACTIVE, ordeal.payloads.suggestion(action_id, block_id, value, view))


@given(path=st.sampled_from(PATHS), value=texts)
@EXAMPLES
async def test_type_ahead_in_a_form_that_is_open(ordeal: Ordeal, path: str, value: str) -> None:
    slack, who = ordeal.world.slack, ordeal.world.operator
    await ordeal.take(Kind.COMMAND, ordeal.payloads.slash(path))
    if (view := slack.view_of(who)) is None:
        return
    for block_id, element in elements(view.blocks):
        if element["type"].endswith("external_select"):
            asked = ordeal.payloads.suggestion(element["action_id"], block_id, value, view_payload(view))
            await ordeal.take(Kind.INTERACTIVE, asked)
    slack.workspace.modals.clear(who.id)


@given(callback_id=callback_ids, text=st.none() | texts)
@EXAMPLES
async def test_a_shortcut(ordeal: Ordeal, callback_id: str, text: str | None) -> None:
    await ordeal.take(Kind.INTERACTIVE, ordeal.payloads.shortcut(callback_id, text))


MAKERS: Final[list[tuple[Kind, Callable[[Payloads], Payload]]]] = [
    (Kind.COMMAND, lambda p: p.slash("room list")),
    (Kind.EVENT, lambda p: p.event("room list", direct=True)),
    (Kind.EVENT, lambda p: p.event("room list")),
    (Kind.INTERACTIVE, lambda p: p.press("cmd:room.list:0", '{"v":1,"provider":"memory"}')),
    (Kind.INTERACTIVE, lambda p: p.submission("form:room.create", '{"provider":"memory","channel_id":"C1"}', {})),
    (Kind.INTERACTIVE, lambda p: p.shortcut("create_room", None)),
    (Kind.INTERACTIVE, lambda p: p.shortcut("room_from_message", "x")),
]


@given(maker=st.sampled_from(MAKERS), which=st.integers(0, 1_000), junk=json_values, gone=st.booleans())
@settings(EXAMPLES, max_examples=150)
async def test_a_payload_of_another_shape(
    ordeal: Ordeal,
    wanted: Wanted,
    maker: tuple[Kind, Callable[[Payloads], Payload]],
    which: int,
    junk: object,
    gone: bool,
) -> None:
    """Slack sends none, so it may be refused, and leave one error in the log that says what is wrong with it."""
    wanted.errors |= {"a payload was not understood", "a payload was not handled", "a task failed"}
    if ordeal.world.transport == "socket":
        ordeal.world.slack.ack_seconds = 0.1  # nothing comes there for what is refused
    kind, make = maker
    await ordeal.take(kind, spoilt(make(ordeal.payloads), which, junk, gone=gone), is_slacks=False)
