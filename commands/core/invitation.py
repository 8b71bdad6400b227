"""Letting somebody into a room: the answer that carries a token, for the asker's eyes alone."""

from urllib.parse import quote

from pydantic import SecretStr

from commands.core.base import Command, Private, Role, has
from commands.core.context import Context
from commands.core.errors import NotAllowed, Problem, UsageError
from commands.core.identity import numbered, stable_identity, without_number
from commands.core.people import shown
from commands.core.phone_numbers import without_numbers
from commands.core.ports import KeepOut
from commands.core.reply import SECRET_MAX, Action, Code, Link, Moment, Person, Reply, Secret, Strong, Text
from providers.base import Capability, JoinToken, RoomRef, TokenOptions
from providers.errors import ProviderError


async def invite(ctx: Context, room: RoomRef, options: TokenOptions, *, may: str = "", note: Text = "") -> Reply:
    """Sign a token and say how to use it: as a link where there is a template, else as address and token.

    `may` says what it permits where that is not what the grant says.

    Raises `UsageError` for one too long to be shown. Never the link of a third party's page: a token in somebody else's
    URL is a token given away.
    """
    issued = await ctx.provider.create_token(room, options)
    if (length := len(issued.token.get_secret_value())) > SECRET_MAX:
        raise _too_long(ctx, length, options)
    facts: list[tuple[str, Text]] = [
        ("Identity", (Code(issued.identity),)),
        ("May", may or options.grant.value),
        ("Good until", (Moment(issued.expires_at),)),
    ]
    own = is_own(ctx, issued.identity)
    whose: Text = ("Your way into ", Strong(room.name)) if own else ("A way into ", Strong(room.name))
    who = ("you",) if own else (shown(issued.identity, ctx.caller.team_id),)
    text = (*whose, ". Keep it to yourself: whoever has it can come in as ", *who, ".")
    template = ctx.ports.join_url
    if template is not None and (link := _link(template, issued)) is not None:
        return Reply(text=text, facts=tuple(facts), hint=note, actions=(link,))
    unset = "Whoever runs this bot can set SHOWCALLER_JOIN_URL to make this a link."
    return Reply(
        text=text,
        facts=(*facts, ("Address", issued.url)),
        secrets=(Secret("Token", issued.token),),
        hint=note or (unset if template is None else "As a link it would be too long to show."),
    )


def nobody_has_it(command: Command) -> Reply:
    """For somebody who was not given a token: it is kept nowhere, so one that was made is lost.

    The button asks again, where the record has all of what was asked for.
    """
    private = {name for name, field in type(command).model_fields.items() if has(field, Private)}
    again = () if private & command.changed_fields() else (Action("Ask again", command),)
    return Reply(text="If a token was made, nobody has it: I keep none. Ask again for one.", actions=again)


def _too_long(ctx: Context, length: int, options: TokenOptions) -> UsageError:
    """What goes with the token makes it long; the larger part of that is named."""
    attributes = sum(len(key) + len(value) for key, value in options.attributes.items())
    field = "attribute" if attributes > len(options.metadata or "") else "metadata"
    what = "attributes" if field == "attribute" else "metadata"
    return UsageError(
        [Problem(f"With this {what} the token has {length:,} characters; {SECRET_MAX:,} can be shown.", field)],
        ("Make it without, and use ", Code(f"{ctx.ports.slash} participant update"), " once they have joined."),
    )


def _link(template: str, issued: JoinToken) -> Link | None:
    """None for one too long to be shown."""
    filled = template.format(
        room=quote(issued.room.name, safe=""),
        token=quote(issued.token.get_secret_value(), safe=""),
        url=quote(issued.url, safe=""),
    )
    return Link("Join", SecretStr(filled)) if len(filled) <= SECRET_MAX else None


async def own_identity(ctx: Context, room: RoomRef) -> tuple[str, Text]:
    """Stable per person, so that others recognise them; `-2` and so on while that one is in the room already.

    A token is signed without the server, so its trouble is no reason to refuse one; the note says what that means.
    """
    plain = stable_identity(ctx.caller.team_id, ctx.caller.user_id)
    if not room.id or Capability.LIST_PARTICIPANTS not in ctx.provider.capabilities:
        return plain, ""
    try:
        taken = {p.identity for p in await ctx.participants(room)}
    except ProviderError:
        return plain, "I could not see who is in the room: if you are in it already, this token throws you out there."
    return next(i for n in range(1, len(taken) + 2) if (i := numbered(plain, n)) not in taken), ""


async def keep_out_of(ctx: Context, room: RoomRef, identity: str) -> KeepOut | None:
    """Who keeps this identity out, and until when; None where it may come in. A record has no whole number in one."""
    meant = (k for k in await ctx.kept_out(room) if k.covers(identity) or without_numbers(k.identity) == identity)
    return max(meant, key=lambda each: each.until, default=None)


async def own_keep_out(ctx: Context, room: RoomRef) -> KeepOut | None:
    return await keep_out_of(ctx, room, stable_identity(ctx.caller.team_id, ctx.caller.user_id))


def is_own(ctx: Context, identity: str) -> bool:
    """Whether it is the asker's, or one of its numbered siblings."""
    return without_number(identity) == stable_identity(ctx.caller.team_id, ctx.caller.user_id)


def may_lift(ctx: Context, identity: str) -> bool:
    """Nobody but an admin lets themselves back in. That they are an operator is settled by the command that lifts."""
    return not is_own(ctx, identity) or ctx.role >= Role.ADMIN


def own_lift_refused(kept: KeepOut) -> NotAllowed:
    return NotAllowed(
        ("You are kept out of ", Strong(kept.room), " until ", Moment(kept.until), "."),
        (Person(kept.by), " said so. Another operator or an admin can let you back in."),
    )
