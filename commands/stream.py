"""Streams as they are: all of them, and one in full."""

from typing import Annotated, ClassVar

from pydantic import Field

from commands.core import stopping
from commands.core.base import Internal, Offered, Offers, Positional, RoomName, ServerCommand
from commands.core.context import Context
from commands.core.egress_words import explain_trouble
from commands.core.paging import Filter, PagedCommand, Rows, matched
from commands.core.reply import Action, Button, Code, Form, Item, Moment, Person, Reply, Strong, Text
from commands.core.stopping import as_said
from commands.core.types import Name
from commands.core.words import counted, in_a_row, joined, parts
from commands.one_feed import name_of, subject
from commands.stream_destinations import StreamAdd, StreamRemove
from commands.stream_lookup import OneStream
from commands.stream_places import all_described, going_on, in_order
from commands.stream_stop import StreamStop
from commands.stream_timing import target_of
from commands.stream_upkeep import StreamLayout, StreamRetry
from providers.base import Capability, EgressKind, Stream, StreamStatus
from providers.facts import StreamChanged, ThingKind


class StreamList(
    PagedCommand,
    ServerCommand,
    path="stream list",
    needs=Capability.LIST_STREAMS,
    examples=("", "standup", ". --active"),
    aliases=("streams",),
):
    """List streams, the newest first."""

    filters = ("room", "active", "room_id")

    room: Annotated[Name | None, Positional(), RoomName(), Offers(Offered.ROOM)] = Field(
        None, description="Only those of this room"
    )
    active: bool = Field(False, description="Only those that run")
    room_id: Annotated[str | None, Internal(of="room")] = Field(None, description="The life of the room that is meant")

    async def run(self, ctx: Context) -> Reply:
        listed = await ctx.list_streams()
        dismissed = await ctx.dismissed(ThingKind.STREAM, listed)
        known = [s for s in listed if s.ref.id not in dismissed]
        found = [s for s in known if self._wants(s)]
        planned = await stopping.stops_of(ctx, [target_of(s) for s in found if not s.status.is_final])
        now = ctx.ports.clock.now()
        stops = {target: as_said(stop, now) for target, stop in planned.items()}
        shown: Rows[Stream] = Rows(
            item=lambda s: _item(s, stops.get(target_of(s), "")),
            columns=("Room", "State", "Id", "Since", "Goes to", "Stops", "Trouble"),
            cells=lambda s: _cells(s, stops.get(target_of(s), "")),
            names=lambda s: s.ref.id + name_of(s),
            buttons=2,
        )
        return self.listed(self._how_many(ctx, len(found), len(known)), found, shown)

    def _how_many(self, ctx: Context, found: int, known: int) -> Text:
        server = Code(ctx.provider.name)
        filters = [Filter("is of ", "are of ", (Strong(self.room),))] if self.room else []
        filters += [Filter("runs", "run")] if self.active else []
        if filters:
            return matched(found, known, ("stream", "streams"), ("on ", server), filters, "there")
        return (counted(found, "stream is", "streams are") if found else "No stream is", " on ", server, ".")

    def _wants(self, stream: Stream) -> bool:
        in_room = self.room in (None, stream.room.name) and self.room_id in (None, stream.room.id)
        return in_room and not (self.active and stream.status.is_final)


class StreamShow(OneStream, path="stream show", needs=Capability.LIST_STREAMS, examples=("standup", ".")):
    """Show one stream: where it goes, and how that goes."""

    doing: ClassVar[str] = "show"

    async def run(self, ctx: Context) -> Reply:
        observed = ctx.observed()
        stream = await self.newest(ctx)
        await ctx.report(StreamChanged(stream=stream, **observed))
        target = target_of(stream)
        planned = (await stopping.stops_of(ctx, [target])).get(target) if not stream.status.is_final else None
        maker = await ctx.ports.rooms.made_by(ctx.caller.team_id, stream.ref.provider, stream.ref.id)
        facts: list[tuple[str, Text]] = [
            ("Id", (Code(stream.ref.id),)),
            ("State", stream.status.value),
            ("Since", (Moment(stream.started_at),) if stream.started_at else ""),
            ("Ended", (Moment(stream.ended_at),) if stream.ended_at else ""),
            ("Stops", as_said(planned, ctx.ports.clock.now()) if planned is not None else ""),
            ("Goes to", all_described(stream)),
            ("Playlist", (Code(stream.playlist),) if stream.playlist else ""),
            ("Started by", (Person(maker),) if maker else ""),
            ("Trouble", _trouble(stream)),
        ]
        return Reply(
            text=("The stream of ", *subject(stream), "."),
            facts=tuple((name, value) for name, value in facts if value),
            actions=_actions(ctx, stream),
        )


def _trouble(stream: Stream) -> str:
    explained = explain_trouble(stream.trouble) if stream.trouble is not None else ""
    return " ".join(filter(None, [explained, f"The video server says: {stream.error}" if stream.error else ""]))


def _actions(ctx: Context, stream: Stream) -> tuple[Button, ...]:
    """What can be done with it in its state, on its server."""
    ref = stream.ref
    given = (("provider", ref.provider), ("stream", ref.id))
    offered: list[Action | Form] = []
    if stream.status.is_final:
        offered.append(Action("Stream again", StreamRetry(provider=ref.provider, stream=ref.id)))
    elif stream.status is not StreamStatus.ENDING:
        offered += [
            Action("Stop", StreamStop(provider=ref.provider, stream=ref.id), style="danger"),
            Form("Add destination", StreamAdd, given),
        ]
        offered += [Form("Remove destination", StreamRemove, given)] if going_on(stream) else []
        offered += [Form("Layout", StreamLayout, given)] if stream.source.kind is EgressKind.ROOM else []
    return tuple(each for each in offered if each.command_type.spec.needs <= ctx.provider.capabilities)


def _item(stream: Stream, stops: Text) -> Item:
    ref, called = stream.ref, name_of(stream)
    show = Action("Show", StreamShow(provider=ref.provider, stream=ref.id), description=f"Show the stream of {called}")
    stop = Action("Stop", StreamStop(provider=ref.provider, stream=ref.id), description=f"Stop streaming {called}")
    return Item(
        title=(*subject(stream), " · ", stream.status.value),
        detail=_detail(stream, stops),
        actions=(show,) if stream.status.is_final else (show, stop),
    )


def _cells(stream: Stream, stops: Text) -> tuple[Text, ...]:
    return (
        subject(stream),
        stream.status.value,
        (Code(stream.ref.id),),
        (Moment(stream.started_at),) if stream.started_at is not None else "",
        joined([(Code(each.address),) for each in in_order(stream)], ", "),
        stops,
        stream.error or "",
    )


def _detail(stream: Stream, stops: Text) -> Text:
    return in_a_row(
        (Code(stream.ref.id),),
        ("since ", Moment(stream.started_at)) if stream.started_at is not None else "",
        joined([(Code(each.address), f" {each.status.value}") for each in in_order(stream)], ", "),
        ("HLS at ", Code(stream.playlist)) if stream.playlist else "",
        ("stops ", *parts(stops)) if stops else "",
        stream.error or "",
    )
