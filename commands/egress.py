"""Egresses as the video server has them, one call for all: listed, shown, arranged otherwise and stopped."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from commands.core.base import Internal, Offered, Offers, Positional, Role, RoomName, ServerCommand
from commands.core.context import Context
from commands.core.egress_options import LAYOUTS, choice_problems
from commands.core.egress_words import explain_condition, source_words
from commands.core.errors import CommandError, Problem
from commands.core.paging import Filter, PagedCommand, Rows
from commands.core.reply import Action, Button, Code, Form, Item, Moment, Question, Reply, Strong, Text
from commands.core.types import FeedName, Name
from commands.core.words import counted, in_a_row, joined, parts
from commands.egress_halves import ask, ends
from commands.egress_lookup import OneEgress, has_ended, report, report_left_behind, visible
from commands.one_feed import subject
from commands.stream_places import all_described
from providers.base import Capability, Egress, EgressKind, Provider, RoomRef, Written
from providers.errors import Conflict, LeftBehind, NotFound
from providers.facts import Condition

_TYPES: Final = {
    EgressKind.ROOM: "room composite",
    EgressKind.PARTICIPANT: "participant",
    EgressKind.TRACKS: "track composite",
    EgressKind.TRACK: "track",
    EgressKind.WEB: "web",
}


class EgressList(
    PagedCommand,
    ServerCommand,
    path="egress list",
    needs=Capability.LIST_EGRESSES,
    examples=("", "standup --active", "--id EG_1"),
    aliases=("egresses",),
):
    """List everything that leaves the video server: recordings and streams, the newest first."""

    filters = ("room", "active", "id", "room_id")

    room: Annotated[Name | None, Positional(), RoomName(), Offers(Offered.ROOM)] = Field(
        None, description="Only those of this room"
    )
    id: Annotated[FeedName | None, Offers(Offered.EGRESS)] = Field(None, description="Only the one of this id")
    active: bool = Field(False, description="Only those that have not ended")
    room_id: Annotated[str | None, Internal(of="room")] = Field(None, description="The life of the room that is meant")

    async def run(self, ctx: Context) -> Reply:
        room = RoomRef(self.provider, self.room_id or "", self.room) if self.room is not None else None
        asked = await ctx.provider.list_egresses(room, id=self.id, active=self.active)
        found = [egress for egress in await visible(ctx, asked) if self._wants(egress)]
        shown: Rows[Egress] = Rows(
            item=_item,
            columns=("Id", "Status", "Type", "Source", "Started", "Error"),
            cells=_cells,
            names=lambda e: e.ref.id + e.room.name,
            buttons=2,
        )
        return self.listed(self._how_many(ctx, len(found)), found, shown)

    def _how_many(self, ctx: Context, found: int) -> Text:
        """Of how many is not known: the server was asked for these alone."""
        server = Code(ctx.provider.name)
        filters = [Filter("is of ", "are of ", (Strong(self.room),))] if self.room else []
        filters += [Filter("is ", "are ", (Code(self.id),))] if self.id else []
        filters += [Filter("is active", "are active")] if self.active else []
        if not filters:
            return (counted(found, "egress is", "egresses are") if found else "No egress is", " on ", server, ".")
        conditions = joined([(each.one if found <= 1 else each.many, *each.than) for each in filters], " and ")
        number = counted(found, "egress", "egresses") if found else "No egress"
        return (number, " on ", server, " ", *parts(conditions), ".")

    def _wants(self, egress: Egress) -> bool:
        in_room = self.room in (None, egress.room.name) and self.room_id in (None, egress.room.id)
        return in_room and self.id in (None, egress.ref.id) and (egress.is_active or not self.active)


class EgressShow(OneEgress, path="egress show", needs=Capability.LIST_EGRESSES, examples=("EG_1", "standup")):
    """Show one egress: what it is of, what it writes, and where it goes."""

    doing: ClassVar[str] = "show"

    async def run(self, ctx: Context) -> Reply:
        egress = await self.find(ctx)
        await report(ctx, egress)
        written = egress.recording.written if egress.recording is not None else ()
        facts: list[tuple[str, Text]] = [
            ("Id", (Code(egress.ref.id),)),
            ("Status", egress.word),
            ("Type", _TYPES[egress.source.kind]),
            ("Layout", egress.source.layout or ""),
            ("Started", (Moment(egress.started_at),) if egress.started_at else ""),
            ("Ended", (Moment(egress.ended_at),) if egress.ended_at else ""),
            ("Last told of", (Moment(egress.updated_at),) if egress.updated_at else ""),
            ("Writes", joined(map(_written, written), "\n")),
            ("Goes to", all_described(egress.stream) if egress.stream is not None else ""),
            ("Error", egress.error or ""),
        ]
        return Reply(
            text=("The egress of ", *subject(egress), "."),
            facts=tuple((name, value) for name, value in facts if value),
            actions=_actions(ctx, egress),
        )


class EgressStop(
    OneEgress,
    path="egress stop",
    role=Role.OPERATOR,
    needs=(Capability.STOP_EGRESS, Capability.LIST_EGRESSES),
    examples=("EG_1", "standup"),
):
    """Stop an egress, with all that it writes and wherever it goes."""

    async def run(self, ctx: Context) -> Reply:
        """Looks first: to ask for what cannot be takes some servers seconds."""
        egress = await self.going_on(ctx)
        try:
            stopped = await ctx.provider.stop_egress(egress.ref)
        except LeftBehind:
            raise await _left_behind(ctx, egress) from None
        except (Conflict, NotFound):
            raise await _refused(ctx, egress, "stop") from None
        await report(ctx, stopped)
        what = ("Stopping the egress ", Code(egress.ref.id), " of ", *subject(stopped))
        both = ", which is recorded and streamed" if egress.recording is not None and egress.stream is not None else ""
        return Reply(text=(*what, f"{both}."))

    async def question(self, ctx: Context) -> Question | None:
        """Where two things end with it."""
        egress = await self.find(ctx)
        if egress.recording is None or egress.stream is None or ends(egress.recording):
            return None
        what = ("Stop the recording of ", *subject(egress), "?")
        return ask(what, egress.stream, self.pinned(egress.ref.provider, egress.ref.id), "Stop both")

    async def aftermath(self, ctx: Context) -> Reply:
        egress = await self.going_on(ctx)
        await report(ctx, egress)
        return Reply(
            text=("The egress of ", *subject(egress), f" has not ended: {egress.word}."),
            hint="If it is not ending, stop it again.",
        )


class EgressLayout(
    OneEgress,
    path="egress layout",
    role=Role.OPERATOR,
    needs=(Capability.UPDATE_EGRESS_LAYOUT, Capability.LIST_EGRESSES),
    examples=("EG_1 speaker", "standup grid"),
    heading="Change layout",
):
    """Arrange the participants of an egress otherwise."""

    doing: ClassVar[str] = "rearrange"

    layout: Annotated[Name, Positional(), LAYOUTS] = Field(description="How the participants are arranged from now on")

    def problems(self, provider: Provider) -> list[Problem]:
        return choice_problems("layout", self.layout, provider.limits.layouts)

    async def run(self, ctx: Context) -> Reply:
        egress = await self.going_on(ctx)
        if egress.source.kind is not EgressKind.ROOM:
            what = ("The egress of ", *subject(egress), " shows no whole room, so it has no layout.")
            raise CommandError(what, "Only one of a whole room has.")
        try:
            changed = await ctx.provider.update_egress_layout(egress.ref, self.layout)
        except LeftBehind:
            raise await _left_behind(ctx, egress) from None
        except (Conflict, NotFound):
            raise await _refused(ctx, egress, "change the layout of") from None
        await report(ctx, changed)
        return Reply(
            text=("The egress of ", *subject(egress), " was told to show ", Code(self.layout), "."),
            hint="Whether it follows is up to its template: some keep the layout they began with.",
        )

    async def aftermath(self, ctx: Context) -> Reply:
        """No server tells by which layout its template shows at this moment."""
        return Reply(
            text="Whether the layout was changed no video server tells.",
            hint="To ask for the same one twice does no harm.",
            actions=(Action("Do it again", self),),
        )


async def _left_behind(ctx: Context, egress: Egress) -> CommandError:
    await report_left_behind(ctx, egress)
    nouns = [noun for noun, view in (("recording", egress.recording), ("stream", egress.stream)) if view is not None]
    same = {"provider": egress.ref.provider}
    dismiss = [ctx.ports.commands[noun, "dismiss"].model_validate({**same, noun: egress.ref.id}) for noun in nouns]
    return CommandError(
        ("The egress of ", *subject(egress), " can be neither changed nor stopped."),
        explain_condition(Condition.LEFT_BEHIND),
        actions=[Action(f"Dismiss {noun}", command) for noun, command in zip(nouns, dismiss, strict=True)],
    )


async def _refused(ctx: Context, egress: Egress, what: str) -> CommandError:
    """By how it is at this moment, which mends its cards."""
    found = await ctx.provider.list_egresses(id=egress.ref.id)
    now = found[0] if found else egress
    await report(ctx, now)
    if not now.is_active or not found:
        return has_ended(ctx, now)
    state = (f"The video server did not {what} the egress of ", *subject(now), f", which is {now.word}.")
    return CommandError(state, "Try again in a moment.")


def _written(written: Written) -> Text:
    amount = f" of {written.count}" if written.count is not None else ""
    return (f"{written.kind.value.replace('_', ' ')}{amount} ", Code(written.location))


def _actions(ctx: Context, egress: Egress) -> tuple[Button, ...]:
    """What can be done with one that goes on."""
    if not egress.is_active:
        return ()
    ref = egress.ref
    given = (("provider", ref.provider), ("egress", ref.id))
    offered: list[Action | Form] = [
        Action("Stop", EgressStop(provider=ref.provider, egress=ref.id), style="danger"),
    ]
    offered += [Form("Layout", EgressLayout, given)] if egress.source.kind is EgressKind.ROOM else []
    return tuple(each for each in offered if each.command_type.spec.needs <= ctx.provider.capabilities)


def _item(egress: Egress) -> Item:
    ref = egress.ref
    show = EgressShow(provider=ref.provider, egress=ref.id)
    stop = EgressStop(provider=ref.provider, egress=ref.id)
    look = Action("Show", show, description=f"Show the egress {ref.id}")
    return Item(
        title=(Strong(ref.id), f" · {egress.word}"),
        detail=in_a_row(
            _TYPES[egress.source.kind],
            subject(egress),
            ("since ", Moment(egress.started_at)) if egress.started_at is not None else "",
            egress.error or "",
        ),
        actions=(look, Action("Stop", stop, description=f"Stop the egress {ref.id}")) if egress.is_active else (look,),
    )


def _cells(egress: Egress) -> tuple[Text, ...]:
    return (
        (Code(egress.ref.id),),
        egress.word,
        _TYPES[egress.source.kind],
        in_a_row(egress.room.name, source_words(egress.source)),
        (Moment(egress.started_at),) if egress.started_at is not None else "",
        egress.error or "",
    )
