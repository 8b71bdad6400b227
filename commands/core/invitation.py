"""Letting somebody into a room: the answer that carries a token, for the asker's eyes alone."""

from urllib.parse import quote

from pydantic import SecretStr

from commands.core.context import Context
from commands.core.reply import Button, Code, Link, Moment, Reply, Secret, Strong, Text
from providers.base import Capability, JoinToken, RoomRef, TokenOptions


async def invite(ctx: Context, room: RoomRef, options: TokenOptions, *, note: Text = "") -> Reply:
    """Sign a token and say how to use it: as a link where there is a template, else as address and token.

    Never the link of a third party's page: a token in somebody else's URL is a token given away.
    """
    issued = await ctx.provider.create_token(room, options)
    facts: list[tuple[str, Text]] = [
        ("Identity", (Code(issued.identity),)),
        ("May", options.grant.value),
        ("Good until", (Moment(issued.expires_at),)),
    ]
    text = ("Your way into ", Strong(room.name), ". Keep it to yourself: whoever has it can come in as you.")
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
    plain = f"slack-{ctx.caller.team_id}-{ctx.caller.user_id}"
    if not room.id or Capability.LIST_PARTICIPANTS not in ctx.provider.capabilities:
        return plain
    taken = {p.identity for p in await ctx.participants(room)}
    return next(i for n in range(1, len(taken) + 2) if (i := plain if n == 1 else f"{plain}-{n}") not in taken)
