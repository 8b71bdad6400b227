"""Changing an ingress: where it leads, what it is called, whether senders are let in, and how it is encoded."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Final, Self

from pydantic import Field

from commands.core.base import Advanced, LongText, Needs, Offered, Offers, Private, Role
from commands.core.context import Context
from commands.core.errors import CommandError, Problem
from commands.core.ingress_fields import AUDIO_PRESETS, PRESETS, Identity, Label, encoding_problems
from commands.core.ingress_making import origin_of, room_kept, room_named, same_identity
from commands.core.ingress_words import received_words, status_words
from commands.core.ports import Viewer
from commands.core.reply import Action, Code, Form, Question, Reply, Text
from commands.core.types import Name
from commands.core.words import joined, parts
from commands.ingress_create import IngressCreateUrl
from commands.ingress_lookup import OneIngress, has_made_room, is_deleted, require_no_key, subject
from commands.ingress_upkeep import IngressDelete
from providers.base import Capability, Ingress, IngressChanges, Provider, RoomRef
from providers.errors import Conflict, NotFound, PartlyDone, ProviderError
from providers.facts import IngressChanged

_WHICH: Final = frozenset({"provider", "ingress"})


class IngressUpdate(
    OneIngress,
    path="ingress update",
    role=Role.OPERATOR,
    needs=(Capability.UPDATE_INGRESS, Capability.LIST_INGRESSES),
    examples=("IN_1 --room rehearsal", 'standup --identity camera-2 --name "Stage right"', "IN_1 --no-enabled"),
    aliases=("ingress move",),
):
    """Change an ingress: its room, its identity, its names, and whether senders are let in."""

    begins_from = ("ingress",)

    room: Annotated[Name | None, Offers(Offered.ROOM)] = Field(None, description="The room that it leads into")
    enabled: bool | None = Field(None, description="Whether senders are let in; it keeps its key")
    identity: Identity | None = Field(None, description="Who it is in the room, as a key that is unique there")
    name: Label | None = Field(None, description="What the ingress is called here")
    display_name: Label | None = Field(None, description="The name that others in the room see")
    metadata: Annotated[Name | None, LongText(), Private(), Advanced()] = Field(
        None, description="Text for the application, in place of what there is"
    )
    transcoding: Annotated[bool | None, Needs(Capability.INGRESS_TRANSCODING), Advanced()] = Field(
        None, description="Encode what comes anew, or pass it on as it is"
    )
    preset: Annotated[str | None, Needs(Capability.INGRESS_PRESET), PRESETS, Advanced()] = Field(
        None, description="How the picture is encoded anew, by one name"
    )
    audio_preset: Annotated[str | None, Needs(Capability.INGRESS_PRESET), AUDIO_PRESETS, Advanced()] = Field(
        None, description="How the sound is encoded anew, by one name"
    )

    @classmethod
    async def begins_with(cls, ctx: Context, given: Mapping[str, object]) -> Mapping[str, object]:
        known = cls.model_validate({name: given[name] for name in _WHICH if name in given})
        ingress = await known._changeable(ctx)
        return {
            "room": ingress.room.name,
            "enabled": ingress.is_enabled,
            "identity": ingress.identity,
            "name": ingress.name,
            "display_name": ingress.participant_name,
            "transcoding": ingress.is_transcoded,
        }

    async def of_maker(self, ctx: Context) -> Self | None:
        """The room that it is moved to must be theirs, too."""
        own = await super().of_maker(ctx)
        if self.room is not None and not await has_made_room(ctx, self.provider, self.room):
            return None
        return own

    @property
    def is_unfinished(self) -> bool:
        return not self.changed_fields() - _WHICH

    def problems(self, provider: Provider) -> list[Problem]:
        limits = provider.limits
        found = encoding_problems(
            None, limits, transcoding=self.transcoding, preset=self.preset, audio_preset=self.audio_preset
        )
        if self.is_unfinished:
            found.append(Problem("Say what to change, such as --room, --identity, --name or --no-enabled."))
        if self.room == ".":
            found.append(Problem("Name it; “.” can stand for INGRESS only.", "room"))
        checked = {
            "room": limits.room_name_problem(self.room) if self.room is not None else None,
            "identity": limits.identity_problem(self.identity) if self.identity is not None else None,
            "display_name": limits.display_name_problem(self.display_name or ""),
            "metadata": limits.metadata_problem(self.metadata or ""),
        }
        return [*found, *(Problem(text, field) for field, text in checked.items() if text)]

    async def question(self, ctx: Context) -> Question | None:
        """While something comes in: livekit/ingress cuts a sender off whose ingress is changed."""
        ingress = await self._changeable(ctx)
        if not ingress.status.is_receiving:
            return None
        return Question(
            text=(
                *("Something is coming in by the ingress ", *subject(ingress), ". "),
                "A change may cut that off, and counts from the next time that somebody sends.",
            ),
            facts=(("Comes in", received_words(ingress) or status_words(ingress)),),
            command=self.pinned(ingress),
            confirm="Change it",
        )

    async def run(self, ctx: Context) -> Reply:
        before = await self._changeable(ctx)
        room = await room_named(ctx, self.room or before.room.name)
        is_moved = room.name != before.room.name
        self._require_encoding(ctx, before)
        if is_moved:
            await require_no_key(ctx, room.name)
            ctx.meant.append(room.name)
            await ctx.require_free_name(room.name)
        notes = []
        if is_moved or (self.identity or before.identity) != before.identity:
            notes = await same_identity(ctx, room, self.identity or before.identity, but=before.ref.id)
        after, is_whole = await (self._move(ctx, before, room) if is_moved else self._update(ctx, before))
        differences = _differences(before, after)
        if not is_whole:
            raise _partly_changed(differences, Action("Ask again", self.pinned(before)))
        return Reply(
            text=("Changed the ingress ", *subject(after), "."),
            facts=(*differences, *self._asked_for()),
            hint=joined([*notes, _next_time(before), await self._room_to_come(ctx)], " "),
        )

    async def _move(self, ctx: Context, before: Ingress, room: RoomRef) -> tuple[Ingress, bool]:
        """As `_update`."""
        origin = await origin_of(ctx, before)
        seers = Viewer(ctx.caller.team_id, None, origin.private_to)
        if await ctx.ports.rooms.hidden(seers, [room]):
            raise CommandError(
                ("The room ", Code(room.name), " is not seen everywhere where the ingress ", *subject(before), " is."),
                "Create an ingress for that room in its own channel.",
            )
        async with room_kept(ctx, room, origin) as is_on_record:
            changed = await self._update(ctx, before)
            await is_on_record()
        return changed

    async def _update(self, ctx: Context, before: Ingress) -> tuple[Ingress, bool]:
        """As it is from then on, which its cards learn, and whether all was changed.

        Raises `CommandError` and `ProviderError`.
        """
        is_whole = True
        try:
            after = await ctx.provider.update_ingress(before.ref, self._changes())
        except NotFound:
            raise await is_deleted(ctx, before) from None
        except Conflict:
            raise cannot_be_changed(before) from None
        except PartlyDone as error:
            after, is_whole = await _listed(ctx, before, error), False
        await ctx.report(IngressChanged(ingress=after, **ctx.observed()))
        return after, is_whole

    def _require_encoding(self, ctx: Context, ingress: Ingress) -> None:
        """By its input, which is known by now. Raises `CommandError`."""
        said = self.transcoding if self.transcoding is not None else ingress.is_transcoded
        found = encoding_problems(
            ingress.input,
            ctx.provider.limits,
            transcoding=said,
            preset=self.preset,
            audio_preset=self.audio_preset,
        )
        if found:
            raise CommandError(found[0].text, ("See ", Code(f"{ctx.ports.slash} ingress show {ingress.ref.id}"), "."))

    def _changes(self) -> IngressChanges:
        return IngressChanges(
            room=self.room,
            identity=self.identity,
            name=self.name,
            participant_name=self.display_name,
            metadata=self.metadata,
            is_enabled=self.enabled,
            is_transcoded=self.transcoding,
            preset=self.preset,
            audio_preset=self.audio_preset,
        )

    def _asked_for(self) -> list[tuple[str, Text]]:
        """What no list tells of, so that nobody can compare it."""
        asked = {"Preset": self.preset, "Audio preset": self.audio_preset}
        return [(label, f"set to {value}") for label, value in asked.items() if value is not None]

    async def _room_to_come(self, ctx: Context) -> Text:
        if self.room is None or Capability.LIST_ROOMS not in ctx.provider.capabilities:
            return ""
        if await ctx.list_rooms([self.room]):
            return ""
        return ("There is no room ", Code(self.room), " yet; the server makes it when something is sent.")

    async def _changeable(self, ctx: Context) -> Ingress:
        ingress = await self.find(ctx)
        if not ingress.is_reusable:
            raise cannot_be_changed(ingress)
        return ingress

    async def aftermath(self, ctx: Context) -> Reply:
        """Part of what was to be set may stand in no record, so what is there is shown instead."""
        ingress = await self.find(ctx)
        await ctx.report(IngressChanged(ingress=ingress, **ctx.observed()))
        text: Text = ("This is how the ingress ", *subject(ingress), " is at present.")
        return Reply(text=text, facts=tuple((label, value or "none") for label, value in _described(ingress)))


async def _listed(ctx: Context, before: Ingress, error: PartlyDone) -> Ingress:
    """As its server has it, whoever sees it. Raises the error where that cannot be told."""
    with suppress(ProviderError):
        for ingress in await ctx.provider.list_ingresses(id=before.ref.id):
            return ingress
    raise error


def _partly_changed(differences: Sequence[tuple[str, Text]], again: Action) -> CommandError:
    said = joined([(f"{label}: ", *parts(value)) for label, value in differences], "; ")
    what: Text = ("Only a part was changed: ", *parts(said), ".") if differences else "Only a part was changed."
    return CommandError(what, "Ask for the rest again.", actions=[again])


def cannot_be_changed(ingress: Ingress) -> CommandError:
    """For one that is fetched once, with the two steps that do the same."""
    return CommandError(
        ("The ingress ", *subject(ingress), " is fetched once, so it cannot be changed."),
        "Delete it, and create another one.",
        actions=[
            Action("Delete", IngressDelete(provider=ingress.ref.provider, ingress=ingress.ref.id)),
            create_another(ingress),
        ],
    )


def create_another(ingress: Ingress) -> Form:
    """For one that is fetched: the same, but for the address, which is kept nowhere."""
    given = {
        "provider": ingress.ref.provider,
        "room": ingress.room.name,
        "identity": ingress.identity,
        "name": ingress.name,
        "display_name": ingress.participant_name,
    }
    return Form("Create another", IngressCreateUrl, tuple((name, value) for name, value in given.items() if value))


def _next_time(before: Ingress) -> str:
    return "It counts from the next time that somebody sends." if before.status.is_receiving else ""


def _described(ingress: Ingress) -> list[tuple[str, str]]:
    return [
        ("Room", ingress.room.name),
        ("Senders", "are let in" if ingress.is_enabled else "are refused"),
        ("Identity", ingress.identity),
        ("Name", ingress.name),
        ("Seen as", ingress.participant_name),
        ("Transcoded", "" if ingress.is_transcoded is None else "yes" if ingress.is_transcoded else "no"),
    ]


def _differences(before: Ingress, after: Ingress) -> list[tuple[str, Text]]:
    """What is otherwise than it was, each from what to what."""
    compared = zip(_described(before), _described(after), strict=True)
    return [(label, f"{was or 'none'} → {now or 'none'}") for (label, was), (_, now) in compared if was != now]
