"""Egresses that begin: of a room, of one participant, of tracks, or of a web page."""

from typing import Annotated

from pydantic import Field

from commands.core.base import Advanced, Arg, Fetched, Needs, Offered, Offers, Positional, Private, Role, RoomCommand
from commands.core.context import Context
from commands.core.egress_options import LAYOUTS
from commands.core.egress_requests import EgressRequest
from commands.core.egress_sources import participant_source, track_source, tracks_source
from commands.core.egress_starting import began_since, begin
from commands.core.egress_words import about_words
from commands.core.errors import Problem, UsageError
from commands.core.fields import labelled
from commands.core.reply import Action, Code, Reply
from commands.core.stream_urls import protocol_of
from commands.core.types import Name
from commands.core.words import joined, parts
from commands.egress import EgressList, EgressShow, EgressStop
from commands.egress_fields import EgressFields
from commands.egress_lookup import report, visible
from commands.one_feed import subject
from commands.recording_fields import is_page
from providers.base import Capability, EgressKind, EgressSource, Provider, RoomRef


class _Start(EgressFields):
    """Base of the commands that start one. `source` is what was typed, in which no name is looked up yet."""

    @property
    def source(self) -> EgressSource:
        raise NotImplementedError

    def problems(self, provider: Provider) -> list[Problem]:
        return self.problems_of(self.source, provider.limits)

    async def start(self, ctx: Context, room: RoomRef | None, source: EgressSource) -> Reply:
        """With its cards, and what was asked for kept. Raises `CommandError` and `ProviderError`."""
        if problems := self.problems_of(source, ctx.provider.limits):  # what is seen and what is heard is known by now
            raise UsageError(labelled(type(self), problems), path=self.spec.path)
        by, name = ctx.caller.user_id, ctx.provider.name
        wanted = EgressRequest(provider=name, id="", room=room, options=self.options(source), by=by)
        begun = await begin(ctx, wanted, Action("Try again", self))
        seen = begun.recording or begun.stream
        about = about_words(seen.room.name, seen.source) if seen is not None else ""
        what = joined(self.said(), ", ")
        return Reply(
            text=("Started the egress ", Code(begun.id), " of ", *parts(about), ": ", *parts(what), "."),
            hint="Its card says how it goes.",
            actions=(
                Action("Show", EgressShow(provider=name, egress=begun.id)),
                Action("Stop", EgressStop(provider=name, egress=begun.id), style="danger"),
            ),
        )

    async def aftermath(self, ctx: Context) -> Reply:
        """What has begun of that kind since, whoever began it. Of a page nobody knows which it was: no record has its
        address."""
        await ctx.require_card_place()
        room, kind = getattr(self, "room", ""), self.source.kind
        if kind is EgressKind.WEB:
            return Reply(
                text="Whether the egress of the page began cannot be told, as its address is in no record.",
                hint=("See what runs before you start it again."),
                actions=(Action("List egresses", EgressList(provider=self.provider, active=True)),),
            )
        running = await visible(ctx, await ctx.provider.list_egresses(active=True))
        same = [e for e in running if e.source.kind is kind and e.room.name == room and began_since(ctx, e.started_at)]
        for egress in same:
            await report(ctx, egress, card=True)
        if not same:
            return Reply(text="No such egress runs; start it again if you want that.")
        ids = joined([(Code(egress.ref.id),) for egress in same], ", ")
        return Reply(text=("There is an egress of ", *subject(same[0]), ": ", *parts(ids), "."))


class EgressRoom(
    _Start,
    RoomCommand,
    path="egress room",
    heading="Egress of a room",
    role=Role.OPERATOR,
    needs=(Capability.START_EGRESS, Capability.LIST_EGRESSES),
    examples=(
        "standup --file standup.mp4 --layout speaker",
        "standup --segments hls/standup --stream rtmp://live.example.com/app/KEY",
        "standup --images shots/ --every 10s --format mp4",
    ),
):
    """Take a whole room as it is composed: write it, stream it, or both."""

    layout: Annotated[str | None, Needs(Capability.RECORDING_LAYOUT), LAYOUTS] = Field(
        None, description="How the participants are arranged"
    )
    audio_only: Annotated[bool, Needs(Capability.RECORDING_AUDIO_ONLY), Advanced()] = Field(
        False, description="The sound without the picture"
    )
    video_only: Annotated[bool, Needs(Capability.RECORDING_VIDEO_ONLY), Advanced()] = Field(
        False, description="The picture without the sound"
    )

    @property
    def source(self) -> EgressSource:
        return EgressSource(layout=self.layout, audio_only=self.audio_only, video_only=self.video_only)

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        return await self.start(ctx, await ctx.find_room(self), self.source)


class EgressParticipant(
    _Start,
    RoomCommand,
    path="egress participant",
    heading="Egress of one",
    role=Role.OPERATOR,
    needs=(Capability.START_EGRESS, Capability.LIST_EGRESSES, Capability.RECORDING_PARTICIPANT),
    examples=("standup ana --file ana.mp4", "standup ana --screen-share --format mp4"),
):
    """Take one participant: write them, stream them, or both."""

    participant: Annotated[Arg[Name], Offers(Offered.PARTICIPANT)] = Field(
        description="Identity, display name or @mention"
    )
    screen_share: bool = Field(False, description="The screen that they share, and its sound")

    @property
    def source(self) -> EgressSource:
        return EgressSource(EgressKind.PARTICIPANT, identity=self.participant, screen_share=self.screen_share)

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        room = await ctx.find_room(self)
        source = await participant_source(ctx, room, self.participant, self, screen_share=self.screen_share)
        return await self.start(ctx, room, source)


class EgressTracks(
    _Start,
    RoomCommand,
    path="egress tracks",
    heading="Egress of tracks",
    role=Role.OPERATOR,
    needs=(Capability.START_EGRESS, Capability.LIST_EGRESSES, Capability.RECORDING_TRACKS),
    examples=("standup ana/camera ana/microphone --file ana.mp4", "standup TR_1 --format ogg"),
):
    """Take one track that is seen and one that is heard, together."""

    tracks: Annotated[tuple[Name, ...], Positional(), Offers(Offered.TRACK)] = Field(
        min_length=1, max_length=2, description="One that is seen, one that is heard, or either; name or id"
    )

    @property
    def source(self) -> EgressSource:
        """Nothing is looked up, so nobody knows which of the tracks is seen."""
        seen, heard = (*self.tracks, "")[:2]
        return EgressSource(EgressKind.TRACKS, video_track=seen, audio_track=heard)

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        room = await ctx.find_room(self)
        return await self.start(ctx, room, await tracks_source(ctx, room, self.tracks))


class EgressTrack(
    _Start,
    RoomCommand,
    path="egress track",
    heading="Egress of a track",
    role=Role.OPERATOR,
    needs=(Capability.START_EGRESS, Capability.LIST_EGRESSES, Capability.RECORDING_TRACKS),
    examples=("standup TR_1 --file ana.ogg", 'standup ana/microphone --file ""'),
):
    """Take one track as it is sent, without encoding it anew."""

    track: Annotated[Arg[Name], Offers(Offered.TRACK)] = Field(description="Name or id of the track")

    @property
    def source(self) -> EgressSource:
        return EgressSource(EgressKind.TRACK, video_track=self.track)

    def problems(self, provider: Provider) -> list[Problem]:
        found = super().problems(provider)
        urls = [url.get_secret_value() for url in self.stream]
        if any(protocol_of(url) != "ws" for url in urls):
            found.append(
                Problem("A single track goes to ws:// or wss:// alone; for others take egress tracks.", "stream")
            )
        if urls and self.file is not None:
            found.append(Problem("A single track is written or streamed, not both.", "stream"))
        return found

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        room = await ctx.find_room(self)
        return await self.start(ctx, room, await track_source(ctx, room, self.track))


class EgressWeb(
    _Start,
    path="egress web",
    heading="Egress of a page",
    role=Role.OPERATOR,
    needs=(Capability.START_EGRESS, Capability.LIST_EGRESSES, Capability.RECORDING_WEB),
    examples=("https://example.com/scores --file scores.mp4", "https://example.com/scores --audio-only --format ogg"),
):
    """Take a web page, which is in no room: write it, stream it, or both."""

    url: Annotated[Arg[str], Fetched(), Private()] = Field(description="Address of the page")
    audio_only: Annotated[bool, Needs(Capability.RECORDING_AUDIO_ONLY), Advanced()] = Field(
        False, description="The sound without the picture"
    )
    video_only: Annotated[bool, Needs(Capability.RECORDING_VIDEO_ONLY), Advanced()] = Field(
        False, description="The picture without the sound"
    )

    @property
    def source(self) -> EgressSource:
        return EgressSource(EgressKind.WEB, audio_only=self.audio_only, video_only=self.video_only, url=self.url)

    def problems(self, provider: Provider) -> list[Problem]:
        found = super().problems(provider)
        if not is_page(self.url):
            found.append(Problem("It is no address of a page; one is https://example.com/page.", "url"))
        return found

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        return await self.start(ctx, None, self.source)
