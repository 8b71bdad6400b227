"""What people send, track by track, and who receives it."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field

from commands.core.base import Offered, Offers, Positional, Role, RoomCommand
from commands.core.context import Context
from commands.core.errors import MOST_OFFERED, CommandError, NothingHere, Problem, UsageError
from commands.core.paging import PagedCommand, Rows, like, matched
from commands.core.people import PersonCommand, choose, has_left
from commands.core.reply import Action, Code, Item, Moment, Reply, Strong, Text
from commands.core.sent_tracks import SentTrack, called_like, named, sent_by, what_there_is
from commands.core.tracks import particulars, spoken
from commands.core.types import Name
from commands.core.words import counted, in_a_row, in_natural_order
from commands.participant_muting import track_mute_buttons
from providers.base import Capability, Participant, Provider, RoomRef
from providers.errors import NotFound


class TrackList(
    PagedCommand,
    RoomCommand,
    path="track list",
    needs=(Capability.LIST_PARTICIPANTS, Capability.PARTICIPANT_TRACKS),
    examples=("standup", "standup bob", "."),
):
    """List what is sent in a room, track by track."""

    filters = ("who", "pattern")

    who: Annotated[Name | None, Positional(), Offers(Offered.PARTICIPANT)] = Field(
        None, description="Only those of this participant"
    )
    pattern: str | None = Field(None, description="Only sender/source like this, such as */camera")

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        present = await ctx.participants(room)
        if self.who is not None:
            present = [choose(ctx, present, room, self.who, self)]
        every = sorted(sent_by(present), key=_in_order)
        found = [s for s in every if fnmatchcase(s.called.casefold(), (self.pattern or "*").casefold())]
        by = Strong(present[0].shown_name) if self.who is not None else None
        shown = Rows(
            item=lambda s: _item(room, s, ctx.provider),
            columns=("Track", "Sender", "Called", "Id", "Muted", "Codec", "Since"),
            cells=_cells,
            names=lambda s: s.by.identity + s.called + s.track.id,
        )
        pinned_to = self.model_copy(update={"room_id": room.id or None})
        return pinned_to.listed(self._how_many(room, len(found), len(every), by), found, shown)

    def _how_many(self, room: RoomRef, found: int, every: int, by: Strong | None) -> Text:
        if self.pattern is not None:
            where = (*(("of ", by, " ") if by else ()), "in ", Strong(room.name))
            return matched(found, every, ("track", "tracks"), where, [like(self.pattern)], "sent")
        count = counted(found, "track is", "tracks are") if found else "nothing is"
        return ("In ", Strong(room.name), f" {count} sent", *((" by ", by) if by else ()), ".")


class _Subscription(PersonCommand):
    """Somebody, and tracks of others."""

    track: Annotated[tuple[Name, ...], Positional(), Offers(Offered.TRACK)] = Field(
        min_length=1, description="The tracks: ids, names, or sender/source such as bob/camera"
    )

    async def _update(self, ctx: Context, *, subscribe: bool) -> tuple[Participant, list[SentTrack]]:
        room = await ctx.find_room(self)
        present = await ctx.participants(room)
        person = choose(ctx, present, room, self.who, self)
        meant = [self._find(ctx, room, present, person, word) for word in self.track]
        tracks = list({s.track.id: s for s in meant}.values())
        try:
            await ctx.provider.update_subscriptions(
                room, person.identity, [s.track.id for s in tracks], subscribe=subscribe
            )
        except NotFound:
            raise await _lost(ctx, room, person, tracks) from None
        return person, tracks

    async def aftermath(self, ctx: Context) -> Reply:
        """No server tells who receives what."""
        return Reply(
            text=("Whether it was done no video server tells: who receives what is known to their app alone."),
            hint="Do it again; what was done already stays as it is.",
            actions=(Action("Do it again", self),),
        )

    def _find(
        self, ctx: Context, room: RoomRef, present: Sequence[Participant], person: Participant, word: str
    ) -> SentTrack:
        """The one track of somebody else that `word` names."""
        found = called_like(present, word, ctx.caller.team_id)
        others = [s for s in found if s.by.identity != person.identity]
        if len(others) == 1:
            return others[0]
        if found and not others:
            own = Problem(f"“{word}” is sent by {person.shown_name}, who cannot receive what is their own.", "track")
            raise UsageError([own], "Name a track of somebody else.")
        if others:
            raise NothingHere(
                (f"{len(others)} tracks are called ", Code(word), "."),
                "Say which one.",
                actions=[
                    Action(f"{s.called} ({s.track.id})", self._instead(room, word, s.track.id))
                    for s in others[:MOST_OFFERED]
                ],
            )
        there = [s for s in sent_by(present) if s.by.identity != person.identity]
        raise NothingHere(
            ("There is no track ", Code(word), " in ", Code(room.name), "."),
            what_there_is(ctx, room, there, "Nobody else sends anything."),
        )

    def _instead(self, room: RoomRef, word: str, track_id: str) -> "_Subscription":
        track = tuple(track_id if entry == word else entry for entry in self.track)
        return self.model_copy(update={"room_id": room.id or None, "track": track})


class TrackSubscribe(
    _Subscription,
    path="track subscribe",
    heading="Subscribe to tracks",
    role=Role.OPERATOR,
    needs=(Capability.UPDATE_SUBSCRIPTIONS, Capability.LIST_PARTICIPANTS, Capability.PARTICIPANT_TRACKS),
    examples=("standup ana bob/camera", "standup ana bob/camera bob/microphone"),
):
    """Let somebody receive tracks of others."""

    async def run(self, ctx: Context) -> Reply:
        person, tracks = await self._update(ctx, subscribe=True)
        barred = person.permissions is not None and not person.permissions.can_subscribe
        return Reply(
            text=(Strong(person.shown_name), f" receives: {named(tracks)}."),
            hint="They may not receive from others, so it has no effect until that is allowed." if barred else "",
        )


class TrackUnsubscribe(
    _Subscription,
    path="track unsubscribe",
    heading="Unsubscribe from tracks",
    role=Role.OPERATOR,
    needs=(Capability.UPDATE_SUBSCRIPTIONS, Capability.LIST_PARTICIPANTS, Capability.PARTICIPANT_TRACKS),
    examples=("standup ana bob/camera", "standup ana bob/camera bob/microphone"),
):
    """Let somebody receive certain tracks of others no longer."""

    async def run(self, ctx: Context) -> Reply:
        person, tracks = await self._update(ctx, subscribe=False)
        return Reply(text=(Strong(person.shown_name), f" no longer receives: {named(tracks)}."))


def _in_order(sent: SentTrack) -> tuple[tuple[tuple[int, str], ...], str, str, str]:
    return in_natural_order(sent.by.shown_name), sent.by.identity, sent.called, sent.track.id


async def _lost(ctx: Context, room: RoomRef, person: Participant, tracks: Sequence[SentTrack]) -> CommandError:
    """The server did not know the receiver or one of the tracks: which, is found out by looking again."""
    there = {s.track.id for s in sent_by(await ctx.participants(room))}
    if gone := [s for s in tracks if s.track.id not in there]:
        return NothingHere(("No longer sent: ", named(gone), "."), "Nothing was changed; leave it out and try again.")
    return await has_left(ctx, room, person)


def _item(room: RoomRef, sent: SentTrack, provider: Provider) -> Item:
    return Item(
        title=(Strong(sent.by.shown_name), f": {spoken(sent.track)}"),
        detail=in_a_row((Code(sent.track.id),), (Code(sent.called),), particulars(sent.track)),
        actions=track_mute_buttons(room, sent.by, sent.track, provider),
    )


def _cells(sent: SentTrack) -> tuple[Text, ...]:
    track = sent.track
    return (
        (Strong(spoken(track)),),
        sent.by.shown_name,
        (Code(sent.called),),
        (Code(track.id),),
        "yes" if track.muted else "no",
        track.codec,
        (Moment(track.published_at),) if track.published_at else "",
    )
