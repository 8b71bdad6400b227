"""The front page of one person: what went wrong, what is live, what they are told of, and what they can do next.

It has no channel, and offers only what the reader's role and the video servers allow.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import SecretStr

from commands.alert import AlertSubscribe, AlertUnsubscribe
from commands.alert_follow import spoken, stop_button
from commands.core.access import in_words, reachable
from commands.core.alerts import Followed, Subscription
from commands.core.asking import ServerAnswer, ask_servers
from commands.core.base import Command, Role, pin
from commands.core.context import Context, Ports, enter
from commands.core.directory import (
    BlockedCard,
    Dashboard,
    FailedRecording,
    GoingOn,
    LiveRoom,
    TroubledIngress,
    Webhooks,
)
from commands.core.phone_numbers import without_numbers
from commands.core.ports import Caller, Place, Standing, Viewer
from commands.core.reply import (
    Action,
    Button,
    Channel,
    Code,
    Form,
    Item,
    Moment,
    Person,
    Text,
    parts,
    plain,
)
from commands.core.scopes import told_of
from commands.core.stopping import stops_of
from commands.core.timers import PlannedStop, Target
from commands.core.words import count_people, in_a_row
from commands.help import Help
from commands.home_feeds import feed_rows
from commands.home_problems import MOST_PROBLEMS, Problems
from commands.home_rooms import LiveRows, Row
from commands.overview import allowed, ends, room_row
from commands.room import RoomClose, RoomCreate, RoomList
from commands.room_incoming import Incoming, coming_in
from commands.room_timing import target_of
from providers.base import RoomRef

SHARED_SECONDS = 3.0
"""How long an answer of the video servers is for whoever asks next, too."""

FAILED_WITHIN = timedelta(days=1)
MOST_SUBSCRIPTIONS = 10
MOST_FOLLOWED = 10
MOST_LISTS = 5
MOST_FEEDS = 10
LOOKED_AT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """`empty` is said where there are no items. `more` counts what is left out; `actions` lead to it."""

    title: str
    items: tuple[Item, ...] = ()
    facts: tuple[tuple[str, Text], ...] = ()
    empty: Text = ""
    more: Text = ""
    actions: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPage:
    text: Text
    actions: tuple[Button, ...]
    sections: tuple[Section, ...]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    """What a page is made of, read at once. `webhooks` are those of the video servers that the reader may look at."""

    standing: Standing
    mine: LiveRows
    others: LiveRows
    going_on: Sequence[GoingOn]
    going_on_count: int
    incoming: Mapping[RoomRef, Incoming]
    ends: Mapping[Target, PlannedStop]
    failed: Sequence[FailedRecording]
    troubled: Sequence[TroubledIngress]
    blocked: Sequence[BlockedCard]
    subscriptions: Sequence[Subscription]
    followed: Sequence[Followed]
    webhooks: Mapping[str, Webhooks]


@dataclass(slots=True)
class Home:
    """`slack_way` says how Slack reaches us, `channel_url` where the channel of an id is, `why_closed` what is wrong
    with one and what to do, by the reason of a `BlockedCard`.

    `ask` asks the video servers; every page after it goes by what they said last.
    """

    ports: Ports
    dashboard: Dashboard
    slack_way: str
    channel_url: Callable[[str], SecretStr]
    why_closed: Callable[[str], tuple[str, Text]]
    _answers: dict[str, ServerAnswer] = field(default_factory=dict, init=False)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _asked_at: float | None = field(default=None, init=False)

    async def ask(self) -> None:
        """Whoever asks while others do, or shortly after, is content with the same answer."""
        clock = self.ports.clock
        async with self._asking:
            if self._asked_at is None or clock.monotonic() - self._asked_at >= SHARED_SECONDS:
                self._answers = await ask_servers(self.ports, dict.fromkeys(self.ports.providers.names, ()))
                self._asked_at = clock.monotonic()

    async def page(self, caller: Caller) -> FrontPage:
        """Of what is known at this moment: no video server is asked."""
        ctx = await enter(self.ports, caller, Place(caller.team_id, ""), self.ports.provider(None))
        standing = ctx.standing
        if not self._servers(standing):
            return self._closed(standing.because)
        known = await self._read(ctx)
        sections = (
            await self._problems(known, ctx),
            self._mine(known),
            self._others(known),
            await self._going_on(known, ctx),
            self._followed(known),
            self._subscriptions(known),
            self._you(standing),
            self._health(known),
        )
        return FrontPage(
            text="What is live, what needs you, and what comes next.",
            actions=self._quick_actions(standing),
            sections=tuple([await _within_reach(section, ctx) for section in sections if section is not None]),
            updated_at=self.ports.clock.now(),
        )

    def _servers(self, standing: Standing) -> list[str]:
        """Where the reader may look."""
        return [name for name in self.ports.providers.names if standing.on(name).role > Role.NOBODY]

    def _closed(self, because: Text) -> FrontPage:
        """For somebody who may do nothing: who could change that."""
        said = ("You have no role here: ", *parts(because), ". An admin of this workspace can help.")
        you = Section(title="You", empty=said)
        return FrontPage(
            text="Video rooms, run from Slack.",
            actions=(Action("Help", Help()),),
            sections=(you,),
            updated_at=self.ports.clock.now(),
        )

    # What is known

    async def _read(self, ctx: Context) -> _Known:
        caller, standing, dashboard = ctx.caller, ctx.standing, self.dashboard
        team_id, names = caller.team_id, self._servers(standing)
        since = self.ports.clock.now() - FAILED_WITHIN
        webhooks = {name: await dashboard.webhooks(team_id, name) for name in names}
        viewer = ctx.viewer
        unheard_of = await self._unheard_of(viewer, names)  # first, as one that we hear of meanwhile is in the others
        mine, my_count = await dashboard.live_rooms(viewer, names, mine=True, limit=LOOKED_AT)
        others, their_count = await dashboard.live_rooms(viewer, names, mine=False, limit=LOOKED_AT)
        heard_of = [room.known.ref for room in (*mine, *others)]
        ctx.remember(room.known for room in (*mine, *others))
        blocked = await dashboard.blocked_cards(viewer)
        going_on, how_many = await dashboard.going_on(viewer, names, limit=LOOKED_AT)
        return _Known(
            standing=standing,
            mine=LiveRows(self._present(mine, webhooks), my_count - len(mine)),
            others=LiveRows(
                [*self._present(others, webhooks), *(row for row in unheard_of if row.ref not in heard_of)],
                their_count - len(others),
            ),
            going_on=going_on,
            going_on_count=how_many,
            incoming=await coming_in(ctx, {*heard_of, *(row.ref for row in unheard_of)}),
            ends=await stops_of(ctx, [target_of(ref) for ref in heard_of]),
            failed=_first_of(caller, await dashboard.failed_recordings(viewer, names, since=since)),
            troubled=await dashboard.troubled_ingresses(viewer, names, since=since),
            blocked=[
                card
                for card in blocked
                if standing.on(card.provider).role is Role.ADMIN or card.made_by == caller.user_id
            ],
            subscriptions=await self.ports.subscriptions.of_person(team_id, caller.user_id),
            followed=await self.ports.subscriptions.followed_by(team_id, caller.user_id),
            webhooks=webhooks,
        )

    def _present(self, rooms: Iterable[LiveRoom], webhooks: Mapping[str, Webhooks]) -> list[Row]:
        return [self._row(room, webhooks) for room in rooms if not self._is_gone(room)]

    def _is_gone(self, room: LiveRoom) -> bool:
        """Its server was asked after we last heard of the room, and does not list it."""
        answer = self._answers.get(room.known.ref.provider)
        if answer is None or answer.rooms is None or answer.at <= room.seen_at:
            return False
        return answer.room(room.known.ref) is None

    def _row(self, room: LiveRoom, webhooks: Mapping[str, Webhooks]) -> Row:
        """Our own count is the better one where webhooks come, as a server's may be some seconds old."""
        known, is_recorded, listed = room.known, bool(room.recordings), None
        answer = self._answers.get(known.ref.provider)
        if webhooks[known.ref.provider].last_at is None and answer is not None:
            listed = answer.room(known.ref)
        if listed is not None:
            is_recorded = listed.recording
        channel_id = None if room.is_direct else known.channel_id
        return Row(known.ref, room.people, is_recorded, known.made_by, channel_id, listed)

    async def _unheard_of(self, viewer: Viewer, names: Collection[str]) -> list[Row]:
        """Rooms that only their server knows, less those of names that are kept for others."""
        rows = list[Row]()
        for name, answer in self._answers.items():
            listed = answer.rooms or () if name in names else ()
            known = await self.dashboard.known_lives(viewer.team_id, name, [room.ref.id for room in listed])
            unknown = [room for room in listed if room.ref.id not in known]
            hidden = await self.ports.rooms.hidden(viewer, [room.ref for room in unknown])
            rows += [Row(r.ref, r.participants, r.recording, listed=r) for r in unknown if r.ref not in hidden]
        return rows

    # What is said

    def _quick_actions(self, standing: Standing) -> tuple[Button, ...]:
        default = self.ports.providers.default
        create = [name for name in [default, *self._servers(standing)] if self._may(standing, RoomCreate, name)]
        given = () if create[:1] == [default] else tuple(("provider", name) for name in create[:1])
        rooms = allowed(self.ports, [Action("List rooms", RoomList(provider=default))])
        rooms = rooms if self._may(standing, RoomList, default) else ()
        return (*([Form("Create room", RoomCreate, given)] if create else []), *rooms, Action("Help", Help()))

    def _may(self, standing: Standing, command_type: type[Command], provider: str) -> bool:
        return standing.on(provider).role >= command_type.spec.role

    def _may_somewhere(self, standing: Standing, command_type: type[Command]) -> bool:
        return any(self._may(standing, command_type, name) for name in self._servers(standing))

    def _you(self, standing: Standing) -> Section:
        """On single video servers, too, where that is more."""
        more = tuple((f"On {name}", in_words(each)) for name, each in sorted(standing.more.items()))
        return Section(title="You", empty=("You are ", *in_words(standing), "."), facts=more)

    def _mine(self, known: _Known) -> Section | None:
        if not known.mine.rows and not self._may_somewhere(known.standing, RoomCreate):
            return None
        return Section(
            title="Your rooms",
            items=tuple(self._room(row, known) for row in known.mine.shown),
            more=known.mine.left_out,
            actions=self._lists(known.standing) if known.mine.left_out else (),
            empty=(
                "None of yours is live. Press Create room, or type ",
                Code(f"{self.ports.slash} room create standup"),
                " in the channel that shall see it.",
            ),
        )

    def _others(self, known: _Known) -> Section:
        return Section(
            title="Also live",
            items=tuple(self._room(row, known, made_by=row.made_by) for row in known.others.shown),
            empty="Nothing else is live on any video server.",
            more=known.others.left_out,
            actions=self._lists(known.standing) if known.others.left_out else (),
        )

    async def _going_on(self, known: _Known, ctx: Context) -> Section | None:
        if not known.going_on:
            return None
        left = known.going_on_count - MOST_FEEDS
        return Section(
            title="Recorded and streamed",
            items=await feed_rows(ctx, known.going_on[:MOST_FEEDS]),
            more=f"{left:,} more {'goes' if left == 1 else 'go'} on." if left > 0 else "",
        )

    def _lists(self, standing: Standing) -> tuple[Action, ...]:
        lists = [Action(f"All on {name}", RoomList(provider=name)) for name in self._servers(standing)]
        return allowed(self.ports, lists)[:MOST_LISTS]

    def _room(self, row: Row, known: _Known, *, made_by: str | None = None) -> Item:
        end = Action(
            "End", RoomClose(**pin(row.ref)), style="danger", description=f"End room {without_numbers(row.ref.name)}"
        )
        incoming = known.incoming[row.ref]
        state = (
            count_people(row.people_beside(incoming)),
            "being recorded" if row.is_recorded else "",
            *incoming.words,
            (Channel(row.channel_id),) if row.channel_id else "",
            ends(self.ports, known.ends, row.ref),
            ("made by ", Person(made_by)) if made_by else "",
        )
        return room_row(self.ports, row.ref, state, end)

    def _followed(self, known: _Known) -> Section | None:
        if not known.followed:
            return None
        left = len(known.followed) - MOST_FOLLOWED
        return Section(
            title="You follow",
            items=tuple(_followed(each) for each in known.followed[:MOST_FOLLOWED]),
            more=f"{left} more." if left > 0 else "",
        )

    def _subscriptions(self, known: _Known) -> Section | None:
        mine = known.subscriptions
        may_subscribe = self._may_somewhere(known.standing, AlertSubscribe)
        if not mine and not may_subscribe:
            return None
        left = len(mine) - MOST_SUBSCRIPTIONS
        return Section(
            title="Your subscriptions",
            items=tuple(_subscription(each) for each in mine[:MOST_SUBSCRIPTIONS]),
            empty=(
                "You have made none. With ",
                Code(f"{self.ports.slash} alert subscribe recording"),
                " a channel sees the recordings that others start, too.",
            ),
            more=(f"{left} more are in their channels: ", Code(f"{self.ports.slash} alert list")) if left > 0 else "",
            actions=(Form("Subscribe a channel", AlertSubscribe),) if may_subscribe else (),
        )

    def _health(self, known: _Known) -> Section:
        servers = [(name, self._state(name, heard)) for name, heard in known.webhooks.items()]
        return Section(title="Health", facts=(*servers, ("Slack", self.slack_way)))

    def _state(self, name: str, webhooks: Webhooks) -> Text:
        answer, provider = self._answers.get(name), self.ports.providers.get(name)
        said: Text = "not asked yet"
        if answer is not None:
            said = ("does not answer, asked " if answer.problem else "answered ", Moment(answer.at))
        heard: Text = ("last webhook ", Moment(webhooks.last_at)) if webhooks.last_at else "no webhook yet"
        return in_a_row(said, heard if provider is not None and provider.webhook_kinds else "")

    async def _problems(self, known: _Known, ctx: Context) -> Section | None:
        found = await Problems(
            ctx=ctx,
            answers=self._answers,
            webhooks=known.webhooks,
            blocked=known.blocked,
            failed=known.failed,
            going_on=known.going_on,
            troubled=known.troubled,
            channel_url=self.channel_url,
            why_closed=self.why_closed,
        ).items()
        if not found:
            return None
        left = len(found) - 2 * MOST_PROBLEMS
        more = f"{left} more {'is' if left == 1 else 'are'} not shown." if left > 0 else ""
        return Section(title="Needs attention", items=tuple(found[: 2 * MOST_PROBLEMS]), more=more)


def _first_of(caller: Caller, failed: Sequence[FailedRecording]) -> list[FailedRecording]:
    return sorted(failed, key=lambda each: each.made_by != caller.user_id)


async def _within_reach(section: Section, ctx: Context) -> Section:
    items = [replace(item, actions=await reachable(item.actions, ctx)) for item in section.items]
    return replace(section, items=tuple(items))


def _followed(each: Followed) -> Item:
    what = spoken(each.kind, each.name)
    return Item(title=(*what, " on ", Code(each.provider)), actions=(stop_button(each),))


def _subscription(each: Subscription) -> Item:
    words = told_of(each)
    unsubscribe = AlertUnsubscribe(number=each.id, channel=each.channel_id, provider=each.wish.provider)
    action = Action("Unsubscribe", unsubscribe, description=f"Unsubscribe from {plain(words)}")
    return Item(title=(Channel(each.channel_id), " is told of ", *words), actions=(action,))
