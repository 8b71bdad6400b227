"""From what stands in a form, and what is kept of it, to the fields of a command."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.render.form import pages, render_form
from bot.slack.drafts import Draft, Drafts
from bot.slack.metadata import FormMeta
from bot.slack.open_form import begun, fixed, look, opened
from commands.core.base import Command, ServerCommand
from commands.core.registry import all_commands
from commands.participant_update import ParticipantUpdate
from providers.base import Backend, Capability
from tests.bot.render.test_form import submitted
from tests.bot.slack.kept import Kept
from tests.commands.strategies import commands_of


class Able(Backend):
    kind = "able"
    options = frozenset(Capability)


ABLE = Able("able")
WHO: dict[str, object] = {"room": "standup", "who": "bob"}


def body(command_type: type[Command], known: Mapping[str, object], page: int = 0) -> dict[str, Any]:
    """The payload of a page that nobody has touched."""
    view = render_form(command_type, given=known, provider=ABLE, private_metadata="", page=page)
    return {"view": {**view, "state": {"values": submitted(view)}}}


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], max_examples=20, deadline=None)
@pytest.mark.parametrize("path", sorted(all_commands()), ids=" ".join)
@given(st.data())
def test_a_form_that_nobody_touched_is_the_command_it_began_with(path: tuple[str, ...], data: st.DataObject) -> None:
    command_type = all_commands()[path]
    command = data.draw(commands_of(command_type))
    if isinstance(command, ServerCommand):
        command = command.model_copy(update={"provider": "able"})
    known = {name: getattr(command, name) for name in command.changed_fields()}
    drafts = Drafts(Kept())
    asked = {name: value for name, value in known.items() if name not in fixed(command_type, known)}
    meta = FormMeta(
        provider="able",
        channel_id="C1",
        fixed=fixed(command_type, known),
        opened=opened(command_type, known),
        key=asyncio.run(drafts.add(Draft(values=asked))),
    )
    meta = FormMeta.model_validate_json(meta.model_dump_json())
    shown = [name for names in pages(command_type, ABLE, known) for name in names]
    expected = {
        name: value for name, value in known.items() if name in (*shown, *fixed(command_type, known), "provider")
    }
    for page in range(len(pages(command_type, ABLE, known))):
        form = asyncio.run(look(body(command_type, known, page), command_type, ABLE, meta, drafts))
        assert command_type.model_validate(form.fields()) == command_type.model_validate(expected)


async def said(
    there: Mapping[str, object], typed: Mapping[str, object], *, forgotten: bool = False
) -> dict[str, object]:
    """What a form says that began with what is there, was typed in, and was sent, so late that all is `forgotten`."""
    drafts = Drafts(Kept())
    key = await drafts.add(Draft(values={**WHO, **there}))
    meta = FormMeta(provider="able", channel_id="C1", begun=begun(ParticipantUpdate, there), key=key)
    sent = body(ParticipantUpdate, {**WHO, **there})
    for name, value in typed.items():
        sent["view"]["state"]["values"][name] = {"value": {"type": "plain_text_input", "value": value}}
    form = await look(sent, ParticipantUpdate, ABLE, meta, Drafts(Kept()) if forgotten else drafts)
    return {name: value for name, value in form.fields().items() if name not in ("room", "who", "provider")}


@pytest.mark.parametrize("forgotten", [False, True])
async def test_only_what_was_changed_is_said(forgotten: bool) -> None:
    there = {"name": "Bob", "metadata": "  kept\n", "attribute": {"a": "1", "b": "2"}, "can_publish": True}
    assert await said(there, {}, forgotten=forgotten) == {}
    assert await said(there, {"name": "Bobby"}, forgotten=forgotten) == {"name": "Bobby"}
    assert await said(there, {"name": None}, forgotten=forgotten) == {"name": ""}
    assert await said(there, {"attribute": "a=1\nb=3\nc=4"}, forgotten=forgotten) == {"attribute": ["b=3", "c=4"]}
    assert await said(there, {"attribute": None}, forgotten=forgotten) == {"attribute": ["a=", "b="]}
    assert await said(there, {"attribute": "a"}, forgotten=forgotten) == {"attribute": ["a", "b="]}


def test_what_cannot_be_shown_faithfully_is_not_begun_with() -> None:
    there = {"metadata": "x" * 4_000, "attribute": {"a": "two\nlines"}, "name": ""}
    assert begun(ParticipantUpdate, there) == {}


def test_of_what_is_there_only_digests_are_kept() -> None:
    kept = repr(begun(ParticipantUpdate, {"metadata": "hunter2", "attribute": {"key": "hunter3"}}))
    assert "hunter" not in kept
    assert "key" in kept
