"""Who may do what: by their role on the video server that it is about, or because they made what it is about.

Who made a thing may control it, whatever their role has become, but for somebody who is nobody by now. A room is its
maker's wholly: everybody in it, its recordings, and tokens for it of any kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from pydantic import ValidationError

from commands.core.base import Command, Role, RoomCommand, ServerCommand
from commands.core.context import Context
from commands.core.errors import NotAllowed
from commands.core.ports import Standing
from commands.core.reply import Action, Button, Code, Form, Link, Moment, Reply, Strong, Text, parts

C = TypeVar("C", bound=Command)


async def permitted(command: C, ctx: Context) -> C:
    """The command, if the asker's role allows it, or if it is about what the asker has made.

    In the latter case it is pinned to that very thing, so that it does not reach another one of the same name. Raises
    `NotAllowed`.
    """
    if ctx.standing.reaches(command):
        return command
    on = getattr(command, "provider", None)
    own = await _as_maker(command, type(command), ctx.standing.on(on), ctx)
    if own is None:
        raise await _not_allowed(type(command), on, ctx)
    return own


async def permitted_form(
    command_type: type[Command], given: Mapping[str, object], ctx: Context
) -> Mapping[str, object]:
    """What a form begins with: `given`, pinned where only its maker may fill it in. Raises `NotAllowed`.

    What is sent in the end is looked at again, as it may be about something else.
    """
    on = _server_of(command_type, given, ctx)
    standing = ctx.standing.on(on)
    if standing.role >= command_type.spec.role:
        return given
    meant = _meant(command_type, given, ctx)
    own = await _as_maker(meant, command_type, standing, ctx) if meant is not None else None
    if meant is None or own is None:
        raise await _not_allowed(command_type, on, ctx)
    return {**given, **{name: value for name, value in own if value != getattr(meant, name)}}


async def within_reach(reply: Reply, ctx: Context) -> Reply:
    """The answer without the buttons that would be refused to the asker. What all can read has them all."""
    if ctx.is_aloud:
        return reply
    items = [replace(item, actions=await reachable(item.actions, ctx)) for item in reply.items]
    return replace(reply, items=tuple(items), actions=await reachable(reply.actions, ctx))


async def reachable(buttons: Sequence[Button], ctx: Context) -> tuple[Button, ...]:
    return tuple([button for button in buttons if await _leads_on(button, ctx)])


async def _leads_on(button: Button, ctx: Context) -> bool:
    try:
        match button:
            case Action():
                await permitted(button.command, ctx)
            case Form():
                await permitted_form(button.command_type, dict(button.given), ctx)
            case Link():
                pass
    except NotAllowed:
        return False
    return True


async def _as_maker(command: C, command_type: type[Command], standing: Standing, ctx: Context) -> C | None:
    if standing.role is Role.NOBODY or command_type.spec.role > Role.OPERATOR:
        return None
    return await command.of_maker(ctx)


def _server_of(command_type: type[Command], given: Mapping[str, object], ctx: Context) -> str | None:
    named = given.get("provider")
    if isinstance(named, str):
        return named
    return ctx.provider.name if issubclass(command_type, ServerCommand) else None


def _meant(command_type: type[Command], given: Mapping[str, object], ctx: Context) -> Command | None:
    """What is known of a form's command: all of it, or which room it is about."""
    known = {**given, "provider": _server_of(command_type, given, ctx)}
    try:
        return command_type.model_validate(known)
    except ValidationError:
        if not issubclass(command_type, RoomCommand):
            return None
    try:
        return RoomCommand.model_validate({name: known[name] for name in RoomCommand.model_fields if name in known})
    except ValidationError:
        return None


async def _not_allowed(command_type: type[Command], provider: str | None, ctx: Context) -> NotAllowed:
    """Says where the asker's role comes from, and who could do it."""
    needed, standing = command_type.spec.role, ctx.standing.on(provider)
    ask: Text = ()
    if standing.is_known:
        ask = (" Ask ", *parts(await ctx.ports.roles.who_has(ctx.caller.team_id, needed, provider)), " to do it.")
    return NotAllowed(
        (Code(" ".join(command_type.spec.path)), f" is for people with the role {needed}."),
        ("You are ", *in_words(standing), ".", *ask),
    )


def in_words(standing: Standing) -> Text:
    """The role, where it comes from, and until when: what stands behind "You are"."""
    until = (", until ", Moment(standing.until)) if standing.until is not None else ()
    return (Strong(str(standing.role)), ": ", *parts(standing.because), *until)
