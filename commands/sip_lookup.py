"""The trunks that a command is about."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from commands.core.base import Command
from commands.core.context import Context
from commands.core.errors import MOST_OFFERED, NothingHere
from commands.core.reply import Action, Code, Form
from commands.core.sip_trunks import trunk_name
from commands.one_named import Noun, pick
from providers.base import Trunk, TrunkDirection

TRUNK: Final[Noun[Trunk]] = Noun("trunk", lambda t: t.ref.id, lambda t: (t.name, *t.numbers), "sip trunk list")

_OUTBOUND: Final = replace(TRUNK, one="outbound trunk")


async def outbound_trunk(ctx: Context, wanted: str | None, again: Callable[[Trunk], Command]) -> Trunk:
    """The one that is named, else the only one there is. Raises `NothingHere`."""
    out = [t for t in await ctx.provider.list_trunks() if t.direction is TrunkDirection.OUTBOUND]
    if wanted is not None:
        return pick(ctx, _OUTBOUND, out, wanted, again)
    if len(out) == 1:
        return out[0]
    if out:
        raise NothingHere(
            (f"{len(out)} trunks lead out of ", Code(ctx.provider.name), "."),
            "Say by which one to call, with --trunk.",
            actions=[Action(f"By {trunk_name(t)}", again(t)) for t in out[:MOST_OFFERED]],
        )
    create = Form(
        "Create trunk",
        ctx.ports.commands["sip", "trunk", "create"],
        (("provider", ctx.provider.name), ("direction", TrunkDirection.OUTBOUND.value)),
    )
    what = ("No trunk leads out of ", Code(ctx.provider.name), ", so nobody can be called.")
    may_create = ctx.standing.on(ctx.provider.name).role >= create.command_type.spec.role
    remedy = "create one first" if may_create else f"ask somebody with the role {create.command_type.spec.role} for one"
    raise NothingHere(what, f"A trunk is the connection to a telephone company; {remedy}.", actions=[create])
