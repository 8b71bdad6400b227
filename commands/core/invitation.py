"""Letting somebody into a room: the answer that carries a token, for the asker's eyes alone."""

import re
from urllib.parse import quote

from pydantic import SecretStr

from commands.core.context import Context
from commands.core.people import stable_identity
from commands.core.ports import KeepOut
from commands.core.reply import Button, Code, Link, Moment, Reply, Secret, Strong, Text
from providers.base import Capability, JoinToken, RoomRef, TokenOptions


async def invite(ctx: Context, room: RoomRef, options: TokenOptions, *, may: str = "", note: Text = "") -> Reply:
    """Sign a token and say how to use it: as a link where there is a template, else as address and token.

    `may` says what it permits where that is not what the grant says.

    Never the link of a third party's page: a token in somebody else's URL is a token given away.
    """
    issued = await ctx.provider.create_token(room, options)
    facts: list[tuple[str, Text]] = [
        ("Identity", (Code(issued.identity),)),
        ("May", may or options.grant.value),
        ("Good until", (Moment(issued.expires_at),)),
    ]
    own = _is_own(ctx, issued.identity)
    whose: Text = ("Your way into ", Strong(room.name)) if own else ("A way into ", Strong(room.name))
    text = (*whose, ". Keep it to yourself: whoever has it can come in as ", "you." if own else f"{issued.identity}.")
    template = ctx.ports.join_url
    if template is not None:
        return Reply(text=text, facts=tuple(facts), hint=note, actions=(_link(template, issued),))
    return Reply(
        text=text,
        facts=(*facts, ("Address", issued.url)),
        secrets=(Secret("Token", issued.token),),
        hint=note or "Whoever runs this bot can set SHOWCALLER_JOIN_URL to make this a link.",
    )


def _link(template: str, issued: JoinToken) -> Button:
    filled = template.format(
        room=quote(issued.room.name, safe=""),
        token=quote(issued.token.get_secret_value(), safe=""),
        url=quote(issued.url, safe=""),
    )
    return Link("Join", SecretStr(filled))


async def own_identity(ctx: Context, room: RoomRef) -> str:
    """Stable per person, so that others recognise them; `-2` and so on while that one is in the room already."""
    plain = stable_identity(ctx.caller.team_id, ctx.caller.user_id)
    if not room.id or Capability.LIST_PARTICIPANTS not in ctx.provider.capabilities:
        return plain
    taken = {p.identity for p in await ctx.participants(room)}
    return next(i for n in range(1, len(taken) + 2) if (i := plain if n == 1 else f"{plain}-{n}") not in taken)


async def keep_out_of(ctx: Context, room: RoomRef, identity: str) -> KeepOut | None:
    """Who keeps this identity out, and until when; None where it may come in."""
    kept = await ctx.ports.keep_outs.of_room(ctx.caller.team_id, room.provider, room.name)
    return next((keep_out for keep_out in kept if keep_out.identity == identity), None)


async def own_keep_out(ctx: Context, room: RoomRef) -> KeepOut | None:
    """As `keep_out_of`, for every identity that the asker has been given: whoever is out is out by all of them."""
    kept = await ctx.ports.keep_outs.of_room(ctx.caller.team_id, room.provider, room.name)
    return max((k for k in kept if _is_own(ctx, k.identity)), key=lambda k: k.until, default=None)


def _is_own(ctx: Context, identity: str) -> bool:
    """Whether it is the asker's, or one of its numbered siblings."""
    own = stable_identity(ctx.caller.team_id, ctx.caller.user_id)
    return re.fullmatch(re.escape(own) + r"(-\d+)?", identity) is not None
