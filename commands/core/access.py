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

B = TypeVar("B", bound=Button)
C = TypeVar("C", bound=Command)


async def permitted(command: C, ctx: Context) -> C:
    """The command, if the asker's role allows it, or if it is about what the asker has made.

    In the latter case it is pinned to that very thing, so that it does not reach another one of the same name. Raises
    `NotAllowed`.
    """
    allowed = await _as_allowed(command, ctx)
    if allowed is None:
        raise await _not_allowed(type(command), getattr(command, "provider", None), ctx)
    return allowed


async def permitted_form(
    command_type: type[Command], given: Mapping[str, object], ctx: Context
) -> Mapping[str, object]:
    """What a form begins with: `given`, pinned where only its maker may fill it in. Raises `NotAllowed`.

    What is sent in the end is looked at again, as it may be about something else.
    """
    allowed = await _form_as_allowed(command_type, given, ctx)
    if allowed is None:
        raise await _not_allowed(command_type, _server_of(command_type, given, ctx), ctx)
    return allowed


async def may_fill_in(command_type: type[Command], given: Mapping[str, object], ctx: Context) -> bool:
    """Whether `permitted_form` lets them."""
    return await _form_as_allowed(command_type, given, ctx) is not None


async def within_reach(reply: Reply, ctx: Context) -> Reply:
    """The answer without the buttons that would be refused to the asker. What all can read has them all."""
    if ctx.is_aloud:
        return reply
    ctx = replace(ctx)  # remembers nothing yet: the command may have changed what there is
    items = [replace(item, actions=await reachable(item.actions, ctx)) for item in reply.items]
    return replace(reply, items=tuple(items), actions=await reachable(reply.actions, ctx))


async def reachable(buttons: Sequence[B], ctx: Context) -> tuple[B, ...]:
    return tuple([button for button in buttons if await _leads_on(button, ctx)])


async def _leads_on(button: Button, ctx: Context) -> bool:
    match button:
        case Action():
            return await _as_allowed(button.command, ctx) is not None
        case Form():
            return await may_fill_in(button.command_type, dict(button.given), ctx)
        case Link():
            return True


async def _as_allowed(command: C, ctx: Context) -> C | None:
    """None where the asker may not."""
    if ctx.standing.reaches(command):
        return command
    return await _as_maker(command, type(command), ctx.standing.on(getattr(command, "provider", None)), ctx)


async def _form_as_allowed(
    command_type: type[Command], given: Mapping[str, object], ctx: Context
) -> Mapping[str, object] | None:
    """None where the asker may not."""
    standing = ctx.standing.on(_server_of(command_type, given, ctx))
    if standing.role >= command_type.spec.role:
        return given
    meant = _meant(command_type, given, ctx)
    own = await _as_maker(meant, command_type, standing, ctx) if meant is not None else None
    if meant is None or own is None:
        return None
    return {**given, **{name: value for name, value in own if value != getattr(meant, name)}}


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
    """Says where the asker may do it; else where their role comes from, and who could do it."""
    needed, standing = command_type.spec.role, ctx.standing.on(provider)
    what: Text = (Code(" ".join(command_type.spec.path)), f" is for people with the role {needed}.")
    elsewhere = sorted(name for name, each in ctx.standing.more.items() if each.role >= needed and name != provider)
    # a room stands on one server, so another one would not help
    is_anywhere = "provider" in command_type.model_fields and (provider is None or command_type.room_field() is None)
    if elsewhere and is_anywhere:
        there = elsewhere[0]
        role = Strong(str(ctx.standing.on(there).role))
        return NotAllowed(what, ("You are ", role, " on ", Code(there), ": add ", Code(f"--provider {there}"), "."))
    ask: Text = ()
    if standing.is_known:
        ask = (" Ask ", *parts(await ctx.ports.roles.who_has(ctx.caller.team_id, needed, provider)), " to do it.")
    return NotAllowed(what, ("You are ", *in_words(standing), ".", *ask))


def in_words(standing: Standing) -> Text:
    """The role, where it comes from, and until when: what stands behind "You are"."""
    until = (", until ", Moment(standing.until)) if standing.until is not None else ()
    return (Strong(str(standing.role)), ": ", *parts(standing.because), *until)
