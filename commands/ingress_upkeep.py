"""What is done with one ingress beside changing it: another key, and its end."""

import logging
from contextlib import suppress
from typing import ClassVar

from commands.core.base import Role
from commands.core.context import Context
from commands.core.errors import CommandError
from commands.core.ingress_making import how_to_send, make, origin_of, room_named
from commands.core.ingress_words import standing_words, status_words
from commands.core.reply import Action, Code, Question, Reply, Text
from commands.core.words import joined, parts
from commands.ingress_lookup import OneIngress, is_deleted, subject
from providers.base import Capability, CreatedIngress, Ingress
from providers.errors import Conflict, NotFound, ProviderError
from providers.facts import IngressChanged

log = logging.getLogger(__name__)


class IngressDelete(
    OneIngress,
    path="ingress delete",
    role=Role.OPERATOR,
    needs=(Capability.DELETE_INGRESS, Capability.LIST_INGRESSES),
    examples=("IN_1", "standup"),
    aliases=("ingress remove",),
):
    """Delete an ingress: its key is good for nothing from then on."""

    doing: ClassVar[str] = "delete"

    async def question(self, ctx: Context) -> Question:
        ingress = await self.find(ctx)
        return Question(
            text=("Delete the ingress ", *subject(ingress), "? ", _who_is_cut_off(ingress)),
            facts=(("Id", (Code(ingress.ref.id),)),),
            command=self.pinned(ingress),
            confirm="Delete ingress",
            deny="Keep it",
        )

    async def run(self, ctx: Context) -> Reply:
        ingress = await self.find(ctx)
        if not await delete(ctx, ingress):
            raise await is_deleted(ctx, ingress)
        return Reply(text=("Deleted the ingress ", *subject(ingress), "."))

    async def aftermath(self, ctx: Context) -> Reply:
        ingress = await self.find(ctx)
        return Reply(
            text=("The ingress ", *subject(ingress), " is still there; delete it again if you want that."),
            actions=(Action("Delete", self.pinned(ingress), style="danger"),),
        )


class IngressRenew(
    OneIngress,
    path="ingress renew",
    heading="New key",
    role=Role.OPERATOR,
    needs=(Capability.COPY_INGRESS, Capability.DELETE_INGRESS, Capability.LIST_INGRESSES),
    examples=("IN_1", "standup"),
    aliases=("ingress key",),
):
    """Give an ingress a new key: another one takes its place, and the old one is deleted."""

    doing: ClassVar[str] = "renew"

    async def question(self, ctx: Context) -> Question:
        ingress = await self._with_key(ctx)
        return Question(
            text=(
                *("Make a new key for the ingress ", *subject(ingress), "? No video server changes a key, so a new "),
                "ingress with the same settings takes its place, and the old one is deleted with its key. ",
                _who_is_cut_off(ingress),
            ),
            facts=(("Id", (Code(ingress.ref.id),)),),
            command=self.pinned(ingress),
            confirm="Make new key",
        )

    async def run(self, ctx: Context) -> Reply:
        """The new one first, so that nothing is lost where the second half fails. It belongs where the old one does."""
        old = await self._with_key(ctx)
        origin, again = await origin_of(ctx, old), Action("Try again", self.pinned(old))
        if ctx.place in origin.cards:
            await ctx.require_card_place()
        room = await room_named(ctx, old.room.name)
        try:
            created = await make(ctx, room, lambda: ctx.provider.copy_ingress(old.ref), again, origin)
        except NotFound:
            raise await is_deleted(ctx, old) from None
        except Conflict:
            raise _has_no_key(old) from None
        trouble: ProviderError | None = None
        try:
            await delete(ctx, old)
        except ProviderError as error:
            trouble = error
        except Exception:  # the key is shown this once, so the answer comes whatever the database does
            log.exception("an ingress was deleted and not reported", extra={"ingress": old.ref.id})
        return _renewed(old, created, trouble)

    async def _with_key(self, ctx: Context) -> Ingress:
        ingress = await self.find(ctx)
        if ingress.input.is_fetched:
            raise _has_no_key(ingress)
        return ingress

    async def aftermath(self, ctx: Context) -> Reply:
        """Whether a key was made no list tells; that it was shown to nobody is certain."""
        listed = await ctx.list_ingresses()
        meant = [i for i in listed if i.ref.id == self.ingress or self.is_called(i)]
        lost = "If a new key was made, nobody has it: I keep none."
        if not meant:
            return Reply(
                text=("There is no ingress ", Code(self.ingress), f" any more. {lost}"),
                hint=("Look for the new one with ", Code(f"{ctx.ports.slash} ingress list"), "."),
            )
        there: Text = joined([(*subject(i), " ", Code(i.ref.id)) for i in meant], ", ")
        for ingress in meant:
            await ctx.report(IngressChanged(ingress=ingress, **ctx.observed()), card=True)
        renew = [Action(f"New key for {i.ref.id}", self.pinned(i)) for i in meant[:2]]
        return Reply(text=(f"{lost} There is ", *parts(there), ". Ask again for one."), actions=tuple(renew))


async def delete(ctx: Context, ingress: Ingress) -> bool:
    """False where the server did not know it. Its card learns it. Raises `ProviderError`."""
    with suppress(NotFound):
        deleted = await ctx.provider.delete_ingress(ingress.ref)
        await ctx.report(IngressChanged(ingress=deleted, **ctx.observed()))
        return True
    return False


def _who_is_cut_off(ingress: Ingress) -> str:
    if not ingress.status.is_receiving:
        return f"Nothing comes in: it {standing_words(ingress)}."
    return f"It is {status_words(ingress)}: {ingress.identity} is cut off."


def _has_no_key(ingress: Ingress) -> CommandError:
    what = ("The ingress ", *subject(ingress), " is fetched from an address, so it has no key.")
    return CommandError(what, "Delete it, and create another one if the address has changed.")


def _renewed(old: Ingress, created: CreatedIngress, trouble: ProviderError | None) -> Reply:
    new, sending = created.ingress, how_to_send(created)
    made = ("The ingress ", *subject(new), " has a new key: it is a new ingress, ", Code(new.ref.id))
    given = {"provider": new.ref.provider}
    if trouble is None:
        end: Text = (", and the old one, ", Code(old.ref.id), ", is deleted.")
        actions = [Action("Delete", IngressDelete(**given, ingress=new.ref.id), style="danger")]
    else:
        end = (f". But the old one could not be deleted: {trouble.what} Its key still works until you delete it.",)
        delete_old = IngressDelete(**given, ingress=old.ref.id)
        actions = [Action("Delete the old one", delete_old, style="danger", description=f"Delete {old.ref.id}")]
    return Reply(
        text=(*made, *end),
        facts=(("Id", (Code(new.ref.id),)), *sending.facts),
        secrets=tuple(sending.secrets),
        hint="The key is shown this once. Keep it to yourself, and give it to whoever sends.",
        actions=tuple(actions),
        alone=True,
    )
