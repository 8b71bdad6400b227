"""Ingresses as they are: all of them, and one in full."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from commands.core.base import Offered, Offers, Positional, RoomName, ServerCommand
from commands.core.context import Context
from commands.core.ingress_orphans import Orphan, Orphaned
from commands.core.ingress_words import (
    checklist,
    explain_orphan,
    input_word,
    received_words,
    standing_words,
    status_words,
)
from commands.core.paging import Filter, PagedCommand, Rows, matched
from commands.core.reply import Action, Button, Code, Form, Item, Moment, Person, Reply, Strong, Text
from commands.core.types import Name
from commands.core.words import counted, in_a_row
from commands.ingress_actions import actions, called, delete
from commands.ingress_clean import IngressClean, orphan_words, orphans
from commands.ingress_lookup import OneIngress, require_no_key, subject
from providers.base import Capability, Ingress
from providers.facts import IngressChanged


class IngressList(
    PagedCommand,
    ServerCommand,
    path="ingress list",
    needs=Capability.LIST_INGRESSES,
    examples=("", "standup", "--active", "--orphans"),
    aliases=("ingresses",),
):
    """List the ingresses: what can be sent into rooms, and what is."""

    filters = ("room", "active", "orphans")
    may_meet_keys: ClassVar[bool] = True

    room: Annotated[Name | None, Positional(), RoomName(), Offers(Offered.ROOM)] = Field(
        None, description="Only those into this room"
    )
    active: bool = Field(False, description="Only those by which something comes in")
    orphans: bool = Field(
        False, description="Only those whose worker died, that buffer for long, or whose room is gone"
    )

    async def run(self, ctx: Context) -> Reply:
        known = await ctx.list_ingresses()
        if self.room is not None and not any(i.room.name == self.room for i in known):
            await require_no_key(ctx, self.room)
        in_question = [i for i in known if self.room in (None, i.room.name)]
        in_question = [i for i in in_question if i.status.is_receiving or not self.active]
        why = await orphans(ctx, in_question) if self.orphans else {}
        found = [i for i in in_question if i.ref.id in why or not self.orphans]
        found.sort(key=lambda i: (not i.status.is_receiving, i.room.name, i.shown_name))
        shown: Rows[Ingress] = Rows(
            item=lambda i: _item(i, why),
            columns=("Ingress", "State", "Id", "Input", "Joins as", "Receives", "Trouble"),
            cells=lambda i: _cells(i, why),
            names=lambda i: i.ref.id + called(i),
            buttons=2,
        )
        reply = self.listed(self._how_many(ctx, len(found), len(known)), found, shown)
        can_clean = any(orphaned.is_sure for orphaned in why.values())
        clean = [Action("Clean up", IngressClean(provider=self.provider), style="danger")] if can_clean else []
        return replace(reply, actions=(*clean, *reply.actions))

    def _how_many(self, ctx: Context, found: int, known: int) -> Text:
        server = Code(ctx.provider.name)
        filters = [Filter("is into ", "are into ", (Strong(self.room),))] if self.room else []
        filters += [Filter("receives something", "receive something")] if self.active else []
        filters += [Filter("is an orphan", "are orphans")] if self.orphans else []
        if filters:
            return matched(found, known, ("ingress", "ingresses"), ("on ", server), filters, "there")
        return (counted(found, "ingress is", "ingresses are") if found else "No ingress is", " on ", server, ".")


class IngressShow(OneIngress, path="ingress show", needs=Capability.LIST_INGRESSES, examples=("IN_1", "standup")):
    """Show one ingress: what comes in, or what to look at where nothing does."""

    doing: ClassVar[str] = "show"

    async def run(self, ctx: Context) -> Reply:
        observed = ctx.observed()
        ingress = await self.find(ctx)
        await ctx.report(IngressChanged(ingress=ingress, **observed))
        orphaned = (await orphans(ctx, [ingress])).get(ingress.ref.id)
        why = orphaned.why if orphaned is not None else None
        maker = await ctx.ports.rooms.made_by(ctx.caller.team_id, ingress.ref.provider, ingress.ref.id)
        facts = [*_particulars(ingress, why), *([("Made by", (Person(maker),))] if maker else [])]
        offered = [each for each in actions(ingress, is_orphan=why is Orphan.WORKER_DIED) if _can(ctx, each)]
        return Reply(
            text=("The ingress ", *subject(ingress), f" {standing_words(ingress)}."),
            facts=tuple((label, value) for label, value in facts if value),
            hint=" ".join(checklist(ingress)),
            actions=tuple(offered),
        )


def _can(ctx: Context, button: Button) -> bool:
    return not isinstance(button, Action | Form) or button.command_type.spec.needs <= ctx.provider.capabilities


def _particulars(ingress: Ingress, why: Orphan | None) -> list[tuple[str, Text]]:
    transcoded = "" if ingress.is_transcoded is None else "yes" if ingress.is_transcoded else "no, passed on as it is"
    return [
        ("Id", (Code(ingress.ref.id),)),
        ("Input", input_word(ingress.input)),
        ("Receives" if ingress.status.is_receiving else "Received", received_words(ingress)),
        ("Since", (Moment(ingress.started_at),) if ingress.started_at and ingress.status.is_receiving else ""),
        ("Last received", (Moment(ingress.ended_at),) if ingress.ended_at and not ingress.status.is_receiving else ""),
        ("Joins as", in_a_row((Code(ingress.identity),), ingress.participant_name)),
        ("Fetched from" if ingress.input.is_fetched else "Server", (Code(ingress.address),) if ingress.address else ""),
        ("Senders", "" if ingress.input.is_fetched else "are let in" if ingress.is_enabled else "are refused"),
        ("Transcoded", transcoded),
        ("Trouble", _trouble(ingress, why)),
    ]


def _trouble(ingress: Ingress, why: Orphan | None) -> str:
    said = f"The video server says: {ingress.error}" if ingress.error else ""
    return " ".join(filter(None, [explain_orphan(why, ingress) if why is not None else "", said]))


def _receives(ingress: Ingress) -> str:
    return received_words(ingress) if ingress.status.is_receiving else ""


def _item(ingress: Ingress, why: Mapping[str, Orphaned]) -> Item:
    ref = ingress.ref
    show = IngressShow(provider=ref.provider, ingress=ref.id)
    return Item(
        title=(*subject(ingress), " · ", status_words(ingress)),
        detail=in_a_row(
            (Code(ref.id),),
            input_word(ingress.input),
            ("as ", Code(ingress.identity)) if ingress.identity else "",
            _receives(ingress),
            orphan_words(ingress, why.get(ref.id)),
            ingress.error or "",
        ),
        actions=(Action("Show", show, description=f"Show the {called(ingress)}"), delete(ingress)),
    )


def _cells(ingress: Ingress, why: Mapping[str, Orphaned]) -> tuple[Text, ...]:
    return (
        subject(ingress),
        status_words(ingress),
        (Code(ingress.ref.id),),
        input_word(ingress.input),
        (Code(ingress.identity),) if ingress.identity else "",
        _receives(ingress),
        in_a_row(orphan_words(ingress, why.get(ingress.ref.id)), ingress.error or ""),
    )
