"""Who may do what: granting roles, taking them away, and looking who has which."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from commands.core.access import in_words
from commands.core.base import Advanced, Arg, Command, Internal, Offered, Offers, Positional, Role
from commands.core.context import Context
from commands.core.errors import CommandError, NothingHere, Problem, UsageError
from commands.core.grants import Grant, Grantee, GranteeKind, KnownGrantee
from commands.core.moments import When, zone_of
from commands.core.paging import Filter, PagedCommand, Rows, matched
from commands.core.ports import Caller, Standing
from commands.core.reply import Action, Code, Form, Item, Moment, Question, Reply, Strong, Text, parts
from commands.core.types import GranteeId
from commands.core.words import counted, in_a_row

_NOUN = ("grant", "grants")
_BESIDES = (
    "Owners and admins of the workspace are admin without a grant, and so are those whom the configuration names."
)
_OUTSIDE = " is of another organisation or a bot: not a member of this workspace."


class _GrantCommand(Command):
    """About what somebody is granted."""

    who: Annotated[GranteeId, Positional(), Offers(Offered.GRANTEE)] = Field(
        description="Whom: a person, a user group, or a channel for everybody in it; with @ or # before the name"
    )

    @property
    def about(self) -> str | None:
        return self.who

    @property
    def grantee(self) -> Grantee:
        return Grantee.read(self.who)

    async def _known(self, ctx: Context) -> KnownGrantee:
        """Raises `NothingHere`."""
        known = await ctx.ports.roles.look_up(self.grantee)
        if known is None:
            remedy = "Choose it from the list that Slack shows. A private channel I know only once I am invited to it."
            raise NothingHere(("I know no ", Code(self.who), " in this workspace."), remedy)
        return known


class RoleGrant(
    _GrantCommand,
    path="role grant",
    role=Role.ADMIN,
    examples=("@ana operator", "@oncall operator --until 2h", "#studio viewer"),
    heading="Grant role",
):
    """Let a person, a user group or everybody in a channel do more."""

    what: Arg[Literal["viewer", "operator", "admin"]] = Field(
        description="viewer looks and joins, operator creates and controls, admin decides on roles and settings"
    )
    until: When | None = Field(None, description="When it ends: in so much time, or at a date and time")
    provider: Annotated[str | None, Offers(Offered.SERVER)] = Field(None, description="Only on this video server")

    async def question(self, ctx: Context) -> Question | None:
        """Granting again takes the place of what was granted before, which may be the asker's own way in.

        Somebody from outside may control rooms only if that was really meant.
        """
        known, role = await self._grantable(ctx), self._role
        before = [
            g
            for g in await ctx.ports.grants.holding(ctx.caller.team_id)
            if g.grantee == self.grantee and g.provider == self.provider and g.role > role
        ]
        if await _gives_up_own(ctx, before):
            text: Text = ("You are admin by a grant to ", *parts(known.name), ". Give that up?")
            return Question(text=text, command=self, confirm="Give it up")
        if known.is_outsider and role > Role.VIEWER:
            text = (*parts(known.name), _OUTSIDE, " Let them be ", Strong(str(role)), *_on(self.provider), "?")
            return Question(text=text, command=self, confirm="Grant")
        return None

    async def run(self, ctx: Context) -> Reply:
        known, role, until = await self._grantable(ctx), self._role, await self._ends(ctx)
        grant = await ctx.ports.grants.give(
            ctx.caller.team_id, self.grantee, role, provider=self.provider, until=until, by=ctx.caller.user_id
        )
        whom = _whom(self.grantee, known.name, everybody="everybody")
        text: Text = ("From now on ", *whom, " is ", Strong(str(role)), *_bounds(grant), ".")
        if (otherwise := await self._otherwise(ctx, grant)) is not None:
            text = ("Granted. ", *parts(known.name), " stays ", *in_words(otherwise), ".")
        anybody: Text = ("Anybody of the workspace can join ", *parts(known.name), ", and is ", str(role), " then.")
        outside: Text = (*parts(known.name), _OUTSIDE)
        return Reply(
            text=text,
            hint=anybody if known.is_open else outside if known.is_outsider else "",
            actions=(_revoke(grant), Action("List roles", RoleList())),
        )

    async def aftermath(self, ctx: Context) -> Reply:
        name = await _name(ctx, self.grantee)
        for grant in await ctx.ports.grants.holding(ctx.caller.team_id):
            if grant.grantee == self.grantee and grant.provider == self.provider:
                again = "" if grant.role == self._role else "; grant it again if you want another role"
                has = (" is granted ", Strong(str(grant.role)), *_bounds(grant))
                return Reply(text=(*_whom(self.grantee, name), *has, f"{again}."))
        return Reply(text=("Nothing is granted to ", *parts(name), *_on(self.provider), "; grant it again."))

    @property
    def _role(self) -> Role:
        return Role[self.what.upper()]

    async def _grantable(self, ctx: Context) -> KnownGrantee:
        """Raises `CommandError` for whom the role is not for."""
        if self.grantee == Grantee.person(ctx.ports.membership.bot_user_id):
            raise CommandError("That is me, and I need no role.", "Grant it to whoever asks me.")
        known = await self._known(ctx)
        if known.most is Role.NOBODY:
            raise CommandError((*parts(known.name), " is deactivated in this workspace."), "Choose somebody else.")
        if self._role > known.most:
            raise CommandError(
                (*parts(known.name), f" is a guest of this workspace, and guests are at most {known.most}."),
                f"Grant {known.most}, or have an owner of the workspace make them a full member.",
            )
        return known

    async def _otherwise(self, ctx: Context, grant: Grant) -> Standing | None:
        """What a person is without the grant, if that is as much and lasts as long."""
        if self.grantee.kind is not GranteeKind.PERSON:
            return None
        whole = await ctx.ports.roles.standing(Caller(ctx.caller.team_id, self.grantee.id), without=[grant.id])
        standing = whole.on(self.provider)
        lasts = standing.until is None or (grant.until is not None and standing.until >= grant.until)
        return standing if standing.role > grant.role or (standing.role == grant.role and lasts) else None

    async def _ends(self, ctx: Context) -> datetime | None:
        """Raises `UsageError` for a moment that is over."""
        if self.until is None:
            return None
        until, now = self.until.at(ctx.ports.clock.now(), await zone_of(ctx)), ctx.ports.clock.now()
        if until <= now:
            raise UsageError([Problem(f"--until: {self.until} is over.", "until")], "Give a time to come, such as 2h.")
        return until


class RoleRevoke(
    _GrantCommand,
    path="role revoke",
    role=Role.ADMIN,
    examples=("@ana", "#studio"),
    heading="Revoke role",
):
    """Take away what a person, a user group or a channel was granted."""

    provider: Annotated[str | None, Offers(Offered.SERVER)] = Field(
        None, description="Only what was granted for this video server"
    )
    number: Annotated[int | None, Internal(of="who")] = Field(None, description="Which one, by its number")

    async def question(self, ctx: Context) -> Question | None:
        meant = await self._meant(ctx)
        if not await _gives_up_own(ctx, meant):
            return None
        to = await _name(ctx, self.grantee)
        return Question(
            text=("You are admin by what was granted to ", *parts(to), ". Take it away from yourself?"),
            command=self,
            confirm="Take it away",
        )

    async def run(self, ctx: Context) -> Reply:
        meant, name = await self._meant(ctx), await _name(ctx, self.grantee)
        if not meant:
            raise NothingHere(
                ("Nothing is granted to ", *parts(name), *_on(self.provider), "."),
                ("See ", Code(f"{ctx.ports.slash} role list"), " for what is."),
            )
        await ctx.ports.grants.take(ctx.caller.team_id, [grant.id for grant in meant])
        roles = " and ".join(dict.fromkeys(str(grant.role) for grant in meant))
        return Reply(
            text=(
                "Taken away from ",
                *parts(name),
                ": ",
                Strong(roles),
                *(_bounds(meant[0]) if len(meant) == 1 else ()),
                ".",
            ),
            hint=await self._remains(ctx, name),
            actions=(Action("List roles", RoleList()),),
        )

    async def aftermath(self, ctx: Context) -> Reply:
        meant, name = await self._meant(ctx), await _name(ctx, self.grantee)
        if not meant:
            return Reply(text=("Nothing is granted to ", *parts(name), *_on(self.provider), "."))
        revoke = tuple(_revoke(grant) for grant in meant)
        return Reply(text=(*parts(name), " still has what was granted; revoke it again."), actions=revoke)

    async def _meant(self, ctx: Context) -> Sequence[Grant]:
        return [
            grant
            for grant in await ctx.ports.grants.holding(ctx.caller.team_id)
            if grant.grantee == self.grantee
            and self.provider in (None, grant.provider)
            and self.number in (None, grant.id)
        ]

    async def _remains(self, ctx: Context, name: Text) -> Text:
        if self.grantee.kind is not GranteeKind.PERSON:
            return ""
        standing = await ctx.ports.roles.standing(Caller(ctx.caller.team_id, self.grantee.id))
        return (*parts(name), " is still ", *in_words(standing), ".") if standing.role else ""


class RoleList(
    PagedCommand,
    path="role list",
    role=Role.ADMIN,
    examples=("", "@ana"),
    aliases=("roles",),
    heading="List roles",
):
    """List who was granted which role, by whom, and until when."""

    filters: ClassVar[tuple[str, ...]] = ("who", "provider")

    who: Annotated[GranteeId | None, Positional(), Offers(Offered.GRANTEE)] = Field(
        None, description="Only this person, user group or channel"
    )
    provider: Annotated[str | None, Offers(Offered.SERVER), Advanced()] = Field(
        None, description="Only what counts on this video server"
    )

    @property
    def about(self) -> str | None:
        return self.who

    async def run(self, ctx: Context) -> Reply:
        there = await ctx.ports.grants.holding(ctx.caller.team_id)
        found = [grant for grant in there if self._wants(grant)]
        people = {Grantee.person(grant.by) for grant in found}
        names = {grantee: await _name(ctx, grantee) for grantee in {grant.grantee for grant in found} | people}
        rows: Rows[Grant] = Rows(
            item=lambda grant: _item(grant, names),
            columns=("Who", "Role", "On", "Until", "Granted by"),
            cells=lambda grant: _cells(grant, names),
            names=lambda grant: str(grant.grantee),
        )
        reply = self.listed(await self._how_many(ctx, len(found), len(there)), found, rows, facts=await self._is(ctx))
        if not there:
            reply = Reply(text=reply.text, facts=reply.facts, actions=(Form("Grant", RoleGrant),))
        return replace(reply, alone=True)

    def _wants(self, grant: Grant) -> bool:
        for_whom = self.who is None or grant.grantee == Grantee.read(self.who)
        return for_whom and (self.provider is None or grant.provider in (None, self.provider))

    async def _how_many(self, ctx: Context, found: int, there: int) -> Text:
        filters = (
            [] if self.who is None else [Filter("is to ", "are to ", parts(await _name(ctx, Grantee.read(self.who))))]
        )
        filters += [] if self.provider is None else [Filter("counts on ", "count on ", (Code(self.provider),))]
        if filters:
            return matched(found, there, _NOUN, "of this workspace", filters, "there")
        return (f"{counted(found, *_NOUN)}." if found else "No role is granted.", f" {_BESIDES}")

    async def _is(self, ctx: Context) -> tuple[tuple[str, Text], ...]:
        """What a person is by everything that counts for them."""
        if self.who is None or Grantee.read(self.who).kind is not GranteeKind.PERSON:
            return ()
        standing = await ctx.ports.roles.standing(Caller(ctx.caller.team_id, self.who[1:]))
        more = [(f"On {name}", in_words(each)) for name, each in standing.more.items()]
        return (("Is", in_words(standing)), *more)


async def _gives_up_own(ctx: Context, grants: Sequence[Grant]) -> bool:
    """Whether the asker would be an admin no more, somewhere, without these."""
    if not grants:
        return False
    after = await ctx.ports.roles.standing(ctx.caller, without=[grant.id for grant in grants])
    servers = [None, *ctx.ports.providers.names]
    return any(ctx.standing.on(on).role is Role.ADMIN and after.on(on).role < Role.ADMIN for on in servers)


async def _name(ctx: Context, grantee: Grantee) -> Text:
    """What was granted can be seen and taken away, too, where it is to somebody of whom Slack says nothing."""
    with suppress(CommandError):
        if (known := await ctx.ports.roles.look_up(grantee)) is not None:
            return known.name
    return (Code(str(grantee)),)


def _whom(grantee: Grantee, name: Text, everybody: str = "Everybody") -> Text:
    return (f"{everybody} in ", *parts(name)) if grantee.kind is not GranteeKind.PERSON else name


def _on(provider: str | None) -> Sequence[str | Code]:
    return (" on ", Code(provider)) if provider is not None else ()


def _bounds(grant: Grant) -> Sequence[str | Code | Moment]:
    until = (", until ", Moment(grant.until)) if grant.until is not None else ()
    return (*_on(grant.provider), *until)


def _revoke(grant: Grant) -> Action:
    revoke = RoleRevoke(who=str(grant.grantee), provider=grant.provider, number=grant.id)
    return Action("Revoke", revoke, description=f"Revoke {grant.role}")


def _item(grant: Grant, names: dict[Grantee, Text]) -> Item:
    return Item(
        title=(*_whom(grant.grantee, names[grant.grantee]), " · ", Strong(str(grant.role)), *_bounds(grant)),
        detail=in_a_row(("granted by ", *parts(names[Grantee.person(grant.by)])), (Moment(grant.at),)),
        actions=(_revoke(grant),),
    )


def _cells(grant: Grant, names: dict[Grantee, Text]) -> tuple[Text, ...]:
    return (
        _whom(grant.grantee, names[grant.grantee]),
        str(grant.role),
        (Code(grant.provider),) if grant.provider is not None else "everywhere",
        (Moment(grant.until),) if grant.until is not None else "",
        names[Grantee.person(grant.by)],
    )
