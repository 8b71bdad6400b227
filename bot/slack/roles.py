"""What role follows from who somebody is, and from what was granted.

Admins are those whom the configuration names, and the owners and admins of the workspace. A full member has the
default role, or more by a grant: to the person, to a user group, or to everybody in a channel. A guest is at most
viewer, whatever was granted. Somebody of another organisation, a bot and a deactivated user are nobody, unless a grant
names them: they may be in a channel without anybody having thought of them.

A grant never lowers. One of which Slack cannot say whether it is for somebody does not count.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

import structlog

from bot.slack.errors import ChannelClosed, NotGranted, PersonUnreachable, SlackError
from bot.slack.groups import Groups
from bot.slack.people import Member, People
from commands.core.base import Role
from commands.core.errors import CommandError
from commands.core.grants import Grant, Grantee, GranteeKind, Grants, KnownGrantee
from commands.core.ports import Caller, Standing
from commands.core.reply import Channel, Code, Strong, Text, parts
from commands.core.words import joined

log = structlog.get_logger(__name__)

MOST_NAMED = 3
OWNERS = "an owner or admin of the workspace"

_FOR_EVER = datetime.max.replace(tzinfo=UTC)


class SlackRoles:
    """`commands.core.ports.Roles`. Grants are read on every check, so that all processes agree at once."""

    def __init__(
        self, people: People, groups: Groups, grants: Grants, *, admins: Collection[str], default: Role
    ) -> None:
        self._people = people
        self._groups = groups
        self._grants = grants
        self._admins = frozenset(admins)
        self._default = default

    async def standing(self, caller: Caller, *, without: Collection[int] = ()) -> Standing:
        if caller.user_id in self._admins:
            return Standing(Role.ADMIN, "named as an admin in the bot's configuration")
        try:
            member = await self._people.member(caller.user_id)
            base = self._base(member)
        except PersonUnreachable as error:
            log.warning("a role could not be looked up", user=caller.user_id, error=str(error))
            member = Member("", is_outsider=True)
            base = Standing(Role.NOBODY, "Slack knows no such member of this workspace")
        except SlackError as error:
            log.warning("a role could not be looked up", user=caller.user_id, error=str(error))
            return Standing(Role.NOBODY, _why_nobody(error), is_known=False)
        if base.role is Role.ADMIN:
            return base
        grants = [grant for grant in await self._grants.holding(caller.team_id) if grant.id not in without]
        return await self._raised(base, caller.user_id, member, grants)

    def _base(self, member: Member) -> Standing:
        if member.is_outsider:
            return Standing(Role.NOBODY, "not a member of this workspace")
        if member.is_admin:
            return Standing(Role.ADMIN, "an owner or admin of this workspace")
        if member.is_guest:
            return Standing(min(Role.VIEWER, self._default), "a guest in this workspace")
        return Standing(self._default, "that is what members of this workspace are by default")

    async def _raised(self, base: Standing, user_id: str, member: Member, grants: Iterable[Grant]) -> Standing:
        """Slack is asked only about grants that would make a difference, those to the person first."""
        best, unknown = base, list[Grantee]()
        more = dict[str, Standing]()
        for grant in sorted(grants, key=lambda grant: grant.grantee.kind is not GranteeKind.PERSON):
            offer = Standing(min(grant.role, _most(member)), "", until=grant.until)
            present = best if grant.provider is None else more.get(grant.provider, best)
            if _worth(offer) <= max(_worth(best), _worth(present)):
                continue
            counts = await self._counts(grant, user_id, member)
            if counts is None:
                unknown.append(grant.grantee)
            if not counts:
                continue
            raised = Standing(offer.role, await self._because(grant, offer.role), until=grant.until, is_granted=True)
            if grant.provider is None:
                best = raised
            else:
                more[grant.provider] = raised
        more = {name: each for name, each in more.items() if _worth(each) > _worth(best)}
        because = await self._with_doubts(best.because, unknown)
        return Standing(best.role, because, until=best.until, more=more, is_granted=best.is_granted)

    async def _counts(self, grant: Grant, user_id: str, member: Member) -> bool | None:
        """None where Slack does not say."""
        if grant.grantee.kind is GranteeKind.PERSON or member.is_outsider:
            return grant.grantee == Grantee.person(user_id)
        try:
            return await self._groups.has(grant.grantee, user_id)
        except SlackError as error:
            log.warning("a grant does not count, as its members are not known", to=str(grant.grantee), error=str(error))
            return None

    # In words

    async def _because(self, grant: Grant, role: Role) -> Text:
        who: Text = ("granted by ", *parts(await self._name(Grantee.person(grant.by))))
        match grant.grantee.kind:
            case GranteeKind.GROUP:
                who = (*who, " to the user group ", *parts(await self._name(grant.grantee)))
            case GranteeKind.CHANNEL:
                who = (*who, " to everybody in ", *parts(await self._name(grant.grantee)))
        return (*who, f"; guests are at most {role}") if role < grant.role else who

    async def _with_doubts(self, because: Text, unknown: Collection[Grantee]) -> Text:
        if not unknown:
            return because
        names = [await self._name(grantee) for grantee in dict.fromkeys(unknown)]
        return (*parts(because), "; Slack could not say who is in ", *parts(joined(names, " and in ")))

    async def _name(self, grantee: Grantee) -> Text:
        """Nobody is notified by it: a mention would reach a whole user group."""
        match grantee.kind:
            case GranteeKind.PERSON:
                name = await self._people.name(grantee.id)
                return (Strong(name),) if name else (Code(grantee.id),)
            case GranteeKind.GROUP:
                handle = await self._handle(grantee.id)
                return (Strong(f"@{handle}"),) if handle else (Code(grantee.id),)
            case GranteeKind.CHANNEL:
                return (Channel(grantee.id),)

    async def _handle(self, group_id: str) -> str:
        try:
            return (await self._groups.handles()).get(group_id, "")
        except SlackError:
            return ""

    async def who_has(self, team_id: str, role: Role, provider: str | None) -> Text:
        named = list[Text]()
        grants = await self._grants.holding(team_id)
        enough = [grant for grant in grants if grant.role >= role and grant.provider in (None, provider)]
        for grantee in dict.fromkeys(grant.grantee for grant in enough):
            if len(named) < MOST_NAMED and await self._can_be_asked(grantee, role):
                everybody = ("anybody in ",) if grantee.kind is GranteeKind.CHANNEL else ()
                named.append((*everybody, *parts(await self._name(grantee))))
        if len(named) < 2:
            return named[0] if named else OWNERS
        return (*parts(joined(named[:-1], ", ")), " or ", *parts(named[-1]))

    async def _can_be_asked(self, grantee: Grantee, role: Role) -> bool:
        """A private channel is nobody's business who is not in it."""
        try:
            match grantee.kind:
                case GranteeKind.PERSON:
                    member = await self._people.member(grantee.id)
                    return not member.is_outsider and _most(member) >= role
                case GranteeKind.GROUP:
                    return grantee.id in await self._groups.handles()
                case GranteeKind.CHANNEL:
                    channel = await self._groups.channel(grantee.id)
                    return channel is not None and not channel.is_private
        except SlackError:
            return False

    async def look_up(self, grantee: Grantee) -> KnownGrantee | None:
        try:
            return await self._look_up(grantee)
        except (PersonUnreachable, ChannelClosed):
            return None
        except SlackError as error:
            log.warning("a grantee could not be looked up", to=str(grantee), error=str(error))
            raise CommandError(
                "Slack could not say who that is, so nothing was done.", "Try again in a minute."
            ) from None

    async def _look_up(self, grantee: Grantee) -> KnownGrantee | None:
        match grantee.kind:
            case GranteeKind.PERSON:
                member = await self._people.member(grantee.id)
                most = Role.NOBODY if member.is_deactivated else _most(member)
                return KnownGrantee(await self._name(grantee), most, is_outsider=member.is_outsider)
            case GranteeKind.GROUP:
                if grantee.id not in await self._groups.handles():
                    self._groups.forget_names()  # it may be a new one
                there = grantee.id in await self._groups.handles()
                return KnownGrantee(await self._name(grantee)) if there else None
            case GranteeKind.CHANNEL:
                channel = await self._groups.channel(grantee.id)
                if channel is None:
                    return None
                return KnownGrantee(await self._name(grantee), is_open=not channel.is_private)


def _worth(standing: Standing) -> tuple[Role, datetime]:
    """Of two of one role, the one that lasts longer is worth more."""
    return standing.role, standing.until or _FOR_EVER


def _most(member: Member) -> Role:
    return Role.VIEWER if member.is_guest else Role.ADMIN


def _why_nobody(error: SlackError) -> str:
    """For the person who asked: what is wrong, and whether trying again helps."""
    if isinstance(error, NotGranted):
        lacks = f" (it lacks {error.needed})" if error.needed else ""
        return f"Slack does not tell me who you are, so nothing is allowed until the app{lacks} is installed anew"
    return "Slack could not say who you are, so nothing is allowed; try again in a minute"
