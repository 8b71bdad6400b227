"""Tokens that admit people to rooms."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from commands.core.base import Advanced, Needs, Role, RoomCommand
from commands.core.context import Context
from commands.core.errors import NothingHere, Problem
from commands.core.invitation import invite, own_identity
from commands.core.reply import Code, Form, Reply, Text
from commands.core.types import Duration, Name, Pairs, spell_duration
from commands.room import RoomCreate
from providers.base import Capability, Grant, Provider, RoomRef, TokenOptions


class TokenCreate(
    RoomCommand,
    path="token create",
    role=Role.OPERATOR,
    needs=Capability.CREATE_TOKEN,
    examples=("standup", "standup --identity guest-1 --grant subscriber --ttl 15m"),
):
    """Make a token that lets one person join a room."""

    identity: Name | None = Field(None, description="Who joins, as a key that is unique in the room; you by default")
    grant: Literal["subscriber", "publisher", "moderator"] = Field(
        "publisher", description="What the person may do: watch, send too, or also command others"
    )
    ttl: Duration = Field(timedelta(hours=1), description="How long the token admits, such as 15m or 8h")
    name: str = Field("", description="The name that others see")
    metadata: Annotated[str | None, Needs(Capability.TOKEN_METADATA), Advanced()] = Field(
        None, description="Text for the application, kept with the participant"
    )
    attribute: Annotated[Pairs, Needs(Capability.TOKEN_ATTRIBUTES), Advanced()] = Field(
        default_factory=dict, description="Key and value for the application, such as role=host"
    )

    def problems(self, provider: Provider) -> list[Problem]:
        found: list[Problem] = []
        limits = provider.limits
        if self.identity is not None and (problem := limits.identity_problem(self.identity)):
            found.append(Problem(problem, "identity"))
        if not limits.token_ttl_min <= self.ttl <= limits.token_ttl_max:
            least, most = spell_duration(limits.token_ttl_min), spell_duration(limits.token_ttl_max)
            found.append(Problem(f"A token can last from {least} to {most}.", "ttl"))
        if problem := limits.metadata_problem(self.metadata or ""):
            found.append(Problem(problem, "metadata"))
        return found

    async def run(self, ctx: Context) -> Reply:
        room, note = await self._room(ctx)
        options = TokenOptions(
            identity=self.identity or await own_identity(ctx, room),
            name=self.name or ("" if self.identity else ctx.caller.name),
            grant=Grant(self.grant),
            ttl=self.ttl,
            metadata=self.metadata,
            attributes=self.attribute,
        )
        return await invite(ctx, room, options, note=note)

    async def _room(self, ctx: Context) -> tuple[RoomRef, Text]:
        """A room that is not there yet will do where the server makes it when somebody joins."""
        try:
            return await ctx.find_room(self), ""
        except NothingHere as absent:
            if Capability.ROOM_MADE_ON_JOIN not in ctx.provider.capabilities:
                create = Form("Create room", RoomCreate, (("name", self.room), ("provider", self.provider)))
                raise NothingHere(absent.what, absent.remedy, actions=(*absent.actions, create)) from None
            if problem := ctx.provider.limits.room_name_problem(self.room):
                raise NothingHere(problem, "Choose another name.") from None
            note = ("There is no room ", Code(self.room), " yet; the server makes it when the first person joins.")
            return RoomRef(ctx.provider.name, "", self.room), note
