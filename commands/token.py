"""Tokens: those that admit people to rooms, and those for programs that call a video server."""

from contextlib import suppress
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from commands.core.base import (
    Advanced,
    LongText,
    Needs,
    Offered,
    Offers,
    Private,
    Role,
    RoomName,
    ServerCommand,
    ShownWith,
)
from commands.core.context import Context
from commands.core.errors import CannotDo, NotAllowed, Problem
from commands.core.expected_rooms import find_or_expect_room
from commands.core.invitation import (
    invite,
    keep_out_of,
    may_lift,
    nobody_has_it,
    own_identity,
    own_keep_out,
    own_lift_refused,
)
from commands.core.json_text import demanded_json_problem, json_hint
from commands.core.people import as_identity, shown
from commands.core.permissions import PermissionFields
from commands.core.ports import KeepOut
from commands.core.reply import Action, Code, Moment, Person, Reply, Secret, Strong, Text
from commands.core.types import DASHED, Duration, Name, Pairs, spell_duration
from commands.core.words import joined
from commands.participant_removal import ParticipantAdmit
from commands.participant_update import allowed
from providers.base import ApiGrant, ApiTokenOptions, Capability, Grant, Provider, RoomRef, TokenOptions
from providers.errors import ProviderError, Unsupported


class TokenCreate(
    PermissionFields,
    path="token create",
    heading="Make token",
    role=Role.OPERATOR,
    needs=Capability.CREATE_TOKEN,
    examples=(
        "standup",
        "standup --identity guest-1 --grant subscriber --ttl 15m",
        "standup --identity desk --source microphone --no-can-publish-data",
    ),
):
    """Make a token that lets one person join a room."""

    permissions_need: ClassVar[Capability] = Capability.TOKEN_PERMISSIONS

    identity: Name | None = Field(
        None, description="Who joins, as a key that is unique in the room, or an @mention; you by default"
    )
    grant: Literal["subscriber", "publisher", "moderator"] = Field(
        "publisher",
        description="What the person may do: subscriber watches, publisher sends too, moderator also commands",
    )
    ttl: Duration = Field(timedelta(hours=1), description="How long the token admits, such as 15m or 8h")
    name: str = Field("", description="The name that others see")
    metadata: Annotated[str | None, Needs(Capability.TOKEN_METADATA), Advanced(), LongText(), Private()] = Field(
        None, description="Text for the application, kept with the participant"
    )
    as_json: Annotated[bool, Needs(Capability.TOKEN_METADATA), Advanced()] = Field(
        False, description="Take the metadata only if it is JSON"
    )
    attribute: Annotated[Pairs, Needs(Capability.TOKEN_ATTRIBUTES), Advanced(), Private()] = Field(
        default_factory=dict, description="Key and value for the application, such as role=host"
    )

    def problems(self, provider: Provider) -> list[Problem]:
        limits, metadata = provider.limits, self.metadata or ""
        checked = {
            "identity": limits.identity_problem(self.identity) if self.identity is not None else None,
            "name": limits.display_name_problem(self.name),
            "ttl": _ttl_problem(self.ttl, provider),
            "metadata": limits.metadata_problem(metadata) or demanded_json_problem(metadata, as_json=self.as_json),
            "attribute": limits.attributes_problem(self.attribute),
        }
        return [Problem(text, field) for field, text in checked.items() if text] + self.permission_problems()

    async def run(self, ctx: Context) -> Reply:
        room, notes = await self._room(ctx)
        given = as_identity(self.identity, ctx.caller.team_id) if self.identity else None
        kept = await (keep_out_of(ctx, room, given) if given else own_keep_out(ctx, room))
        if kept is not None:
            raise await _kept_out(ctx, kept)
        identity, note = await (_given(ctx, room, given) if given else own_identity(ctx, room))
        if note:
            notes.append(note)
        if hint := json_hint(self.metadata or ""):
            notes.append(hint)
        await ctx.reserve_for_token(room, self.ttl)
        options = TokenOptions(
            identity=identity,
            name=self.name or ("" if self.identity else ctx.caller.name),
            grant=Grant(self.grant),
            permissions=self.permission_changes(),
            ttl=self.ttl,
            metadata=self.metadata,
            attributes=self.attribute,
        )
        return await invite(ctx, room, options, may=_may(options), note=joined(notes, " "))

    async def aftermath(self, ctx: Context) -> Reply:
        return nobody_has_it(self)

    async def _room(self, ctx: Context) -> tuple[RoomRef, list[Text]]:
        room = await find_or_expect_room(ctx, self)
        if room.is_there:
            return room.ref, []
        made_on_join = ("There is no room ", Code(self.room), " yet; the server makes it when the first person joins.")
        return room.ref, [made_on_join]


def _ttl_problem(ttl: timedelta, provider: Provider) -> str | None:
    least, most = provider.limits.token_ttl_min, provider.limits.token_ttl_max
    if least <= ttl <= most:
        return None
    return f"A token can last from {spell_duration(least)} to {spell_duration(most)}."


async def _kept_out(ctx: Context, kept: KeepOut) -> NotAllowed:
    """A token would admit them all the same, and the bot would remove them at once."""
    if not may_lift(ctx, kept.identity):
        return own_lift_refused(kept)
    return NotAllowed(
        (
            shown(kept.identity, ctx.caller.team_id),
            " is kept out of ",
            Strong(kept.room),
            " until ",
            Moment(kept.until),
            ".",
        ),
        (Person(kept.by), " said so. Let them back in first."),
        actions=[
            Action("Let back in", ParticipantAdmit(provider=kept.provider, room=kept.room, who=kept.identity)),
        ],
    )


async def _given(ctx: Context, room: RoomRef, identity: str) -> tuple[str, Text]:
    """With a note where it is in the room. The token is signed without the server, whose trouble is passed over."""
    if not room.id or Capability.LIST_PARTICIPANTS not in ctx.provider.capabilities:
        return identity, ""
    with suppress(ProviderError):
        if any(p.identity == identity for p in await ctx.participants(room)):
            who = shown(identity, ctx.caller.team_id)
            return identity, (who, " is in the room; whoever joins with this token throws them out.")
    return identity, ""


def _may(options: TokenOptions) -> str:
    """The grant, and where single permissions differ from it, all of them in words."""
    if not options.permissions:
        return options.grant.value
    return f"{options.grant.value}: {allowed(options.permitted)}"


Allowed = Literal[
    "create_rooms",
    "list_rooms",
    "admin",
    "record",
    "ingress",
    "sip",
    "sip_call",
    "inference",
    "observability",
    "agents",
]


class TokenApi(
    ServerCommand,
    path="token api",
    heading="Make API token",
    role=Role.ADMIN,
    needs=Capability.CREATE_API_TOKEN,
    examples=("--allow list_rooms", "--allow admin --room standup --ttl 5m", "--allow create-rooms --allow record"),
):
    """Make a token for a program that calls the video server by itself."""

    allow: Annotated[tuple[Allowed, ...], DASHED] = Field(
        min_length=1, description="What the program may do, as often as needed"
    )
    room: Annotated[Name | None, RoomName(), Offers(Offered.ROOM), ShownWith("allow", ApiGrant.ADMIN)] = Field(
        None, description="The room that admin is for"
    )
    destination: Annotated[Name | None, Advanced(), Offers(Offered.ROOM), ShownWith("allow", ApiGrant.ADMIN)] = Field(
        None, description="Another room, to which admin may move people"
    )
    ttl: Duration = Field(timedelta(minutes=10), description="How long the token is good, such as 5m or 1h")

    def problems(self, provider: Provider) -> list[Problem]:
        limits, admin = provider.limits, ApiGrant.ADMIN in self.allow
        found = [
            Problem(text, field)
            for field in ("room", "destination")
            if (name := getattr(self, field)) is not None and (text := limits.room_name_problem(name))
        ]
        if text := _ttl_problem(self.ttl, provider):
            found.append(Problem(text, "ttl"))
        if admin and self.room is None:
            found.append(Problem("Admin is for one room; say which.", "room"))
        if not admin and self.room is not None:
            found.append(Problem("It limits admin alone; what else is allowed holds for every room.", "room"))
        if not admin and self.destination is not None:
            found.append(Problem("Only admin moves people; allow that too.", "destination"))
        return found

    async def run(self, ctx: Context) -> Reply:
        if self.destination is not None:
            ctx.meant.append(self.destination)
        grants = frozenset(ApiGrant(name) for name in self.allow)
        options = ApiTokenOptions(grants, self.room or "", self.destination or "", self.ttl)
        try:
            issued = await ctx.provider.create_api_token(options)
        except Unsupported:
            raise CannotDo(
                (Code(ctx.provider.name), " does not have all of this: ", ", ".join(sorted(grants)), "."),
                "Inference, observability and agents are LiveKit Cloud's; leave out what this server lacks.",
            ) from None
        facts: list[tuple[str, Text]] = [
            ("May", ", ".join(sorted(grants)).replace("_", " ")),
            *([("Room", (Code(self.room),))] if self.room else []),
            *([("Destination", (Code(self.destination),))] if self.destination else []),
            ("Good until", (Moment(issued.expires_at),)),
            ("Address", issued.url),
        ]
        return Reply(
            text=("A token for a program that calls ", Strong(ctx.provider.name), ". Keep it to yourself."),
            facts=tuple(facts),
            secrets=(Secret("Token", issued.token),),
            hint="It bypasses this bot: neither its roles nor its record apply, and nobody can take it back.",
        )

    async def aftermath(self, ctx: Context) -> Reply:
        return nobody_has_it(self)
