"""Ingresses that are made: an encoder sends by RTMP or WHIP, or the video server fetches an address."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr

from commands.core.base import Advanced, Fetched, Internal, LongText, Needs, Positional, Private, Role, RoomCommand
from commands.core.context import Context
from commands.core.errors import Problem
from commands.core.expected_rooms import FoundRoom, find_or_expect_room
from commands.core.ingress_fields import (
    AUDIO_PRESETS,
    PRESETS,
    Identity,
    Label,
    SourceUrl,
    encoding_problems,
    source_problems,
)
from commands.core.ingress_making import here, how_to_send, make, same_identity
from commands.core.ingress_words import input_word
from commands.core.reply import Action, Code, Reply, Strong, Text
from commands.core.types import DASHED
from commands.core.words import joined, parts
from commands.ingress_lookup import require_no_key
from commands.ingress_upkeep import IngressDelete, IngressRenew
from providers.base import Capability, CreatedIngress, Ingress, IngressInput, IngressOptions, Provider, TrackSource
from providers.facts import IngressChanged


class _Create(RoomCommand):
    """Base of the commands that make one. `input` is how its media come."""

    input: ClassVar[IngressInput]
    may_meet_keys: ClassVar[bool] = True

    identity: Annotated[Identity, Positional()] = Field(
        description="Who it is in the room, as a key that is unique there, such as camera-1"
    )
    name: Label | None = Field(None, description="What the ingress is called here")
    display_name: Label | None = Field(None, description="The name that others in the room see")
    metadata: Annotated[str, LongText(), Private(), Advanced()] = Field(
        "", description="Text for the application, kept with it in the room"
    )
    transcoding: Annotated[bool | None, Needs(Capability.INGRESS_TRANSCODING), Advanced()] = Field(
        None, description="Encode what comes anew, in several sizes, or pass it on as it is"
    )
    preset: Annotated[str | None, Needs(Capability.INGRESS_PRESET), PRESETS, Advanced()] = Field(
        None, description="How the picture is encoded anew, by one name"
    )
    audio_preset: Annotated[str | None, Needs(Capability.INGRESS_PRESET), AUDIO_PRESETS, Advanced()] = Field(
        None, description="How the sound is encoded anew, by one name"
    )
    video_source: Annotated[
        Literal["camera", "screen_share"] | None, DASHED, Needs(Capability.INGRESS_SOURCE), Advanced()
    ] = Field(None, description="What the picture is in the room")
    audio_source: Annotated[
        Literal["microphone", "screen_share_audio"] | None, DASHED, Needs(Capability.INGRESS_SOURCE), Advanced()
    ] = Field(None, description="What the sound is in the room")

    @property
    def source(self) -> SecretStr | None:
        """Where it is fetched from."""
        return None

    @property
    def is_enabled(self) -> bool:
        return True

    def problems(self, provider: Provider) -> list[Problem]:
        limits = provider.limits
        checked = {
            "identity": limits.identity_problem(self.identity),
            "display_name": limits.display_name_problem(self.display_name or ""),
            "metadata": limits.metadata_problem(self.metadata),
        }
        encoding = encoding_problems(
            self.input,
            limits,
            transcoding=self.transcoding,
            preset=self.preset,
            audio_preset=self.audio_preset,
        )
        return [*(Problem(text, field) for field, text in checked.items() if text), *encoding]

    def _options(self, room: str) -> IngressOptions:
        return IngressOptions(
            self.input,
            room,
            self.identity,
            name=self.name or "",
            participant_name=self.display_name or "",
            metadata=self.metadata,
            url=self.source,
            is_enabled=self.is_enabled,
            is_transcoded=self.transcoding,
            preset=self.preset,
            audio_preset=self.audio_preset,
            video_source=TrackSource(self.video_source) if self.video_source else None,
            audio_source=TrackSource(self.audio_source) if self.audio_source else None,
        )

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        room = await find_or_expect_room(ctx, self)
        if not room.is_there:
            await require_no_key(ctx, self.room)
        notes = [*await same_identity(ctx, room.ref, self.identity), *self._notes(room)]
        options, again = self._options(room.ref.name), Action("Try again", self)
        created = await make(ctx, room.ref, lambda: ctx.provider.create_ingress(options), again, await here(ctx))
        return self._told(created, notes)

    def _notes(self, room: FoundRoom) -> list[Text]:
        notes: list[Text] = []
        if not room.is_there:
            notes.append(
                ("There is no room ", Code(room.ref.name), " yet; the server makes it when something is sent.")
            )
        if not self.is_enabled:
            notes.append("It is disabled: whoever sends is refused until it is enabled.")
        return notes

    def _told(self, created: CreatedIngress, notes: list[Text]) -> Reply:
        ingress, sending = created.ingress, how_to_send(created)
        made = ("Made an ingress by ", input_word(self.input), " into ", Strong(self.room), " as ")
        warned = ". Keep its key to yourself: whoever has it can send into the room."
        once = "The key is shown this once; where it is lost, give the ingress a new one."
        if created.key is None:
            warned, once = ". Its card says how it goes.", ""
        given = {"provider": ingress.ref.provider, "ingress": ingress.ref.id}
        return Reply(
            text=(*made, Strong(self.identity), warned),
            facts=(("Id", (Code(ingress.ref.id),)), *sending.facts),
            secrets=tuple(sending.secrets),
            hint=joined([*notes, once], " "),
            actions=(Action("Delete", IngressDelete(**given), style="danger"),),
            alone=created.key is not None,
        )

    async def aftermath(self, ctx: Context) -> Reply:
        """A key was shown to nobody, and is kept nowhere."""
        await ctx.require_card_place()
        meant = [i for i in await ctx.list_ingresses() if self._is_like(i)]
        for ingress in meant:
            await ctx.report(IngressChanged(ingress=ingress, **ctx.observed()), card=True)
        into = (" ingress into ", Strong(self.room), " as ", Strong(self.identity))
        if not meant:
            return Reply(text=("There is no", *into, "; create it again if it is needed."))
        ids = joined([(Code(i.ref.id),) for i in meant], ", ")
        there: Text = ("There is an", *into, ": ", *parts(ids), ".")
        if self.input.is_fetched:
            return Reply(text=there)
        renew = IngressRenew(provider=self.provider, ingress=meant[-1].ref.id)
        return Reply(
            text=there,
            hint="If it was made by this, its key was shown to nobody: give it a new one.",
            actions=(Action("New key", renew),),
        )

    def _is_like(self, ingress: Ingress) -> bool:
        described = (ingress.input, ingress.room.name, ingress.identity, ingress.name)
        return described == (self.input, self.room, self.identity, self.name or "")


class _Push(_Create):
    """Base of the commands for one to which somebody sends."""

    disabled: Annotated[bool, Advanced()] = Field(False, description="Refuse senders until it is enabled")

    @property
    def is_enabled(self) -> bool:
        return not self.disabled


class IngressCreateRtmp(
    _Push,
    path="ingress create rtmp",
    heading="Receive RTMP",
    role=Role.OPERATOR,
    needs=(Capability.CREATE_INGRESS, Capability.INGRESS_RTMP, Capability.LIST_INGRESSES),
    examples=(
        "standup camera-1",
        'standup camera-1 --name "Stage left" --display-name "Camera 1" --disabled',
        "standup slides --video-source screen-share --audio-source screen-share-audio",
    ),
):
    """Let an encoder send into a room by RTMP."""

    input: ClassVar[IngressInput] = IngressInput.RTMP


class IngressCreateWhip(
    _Push,
    path="ingress create whip",
    heading="Receive WHIP",
    role=Role.OPERATOR,
    needs=(Capability.CREATE_INGRESS, Capability.INGRESS_WHIP, Capability.LIST_INGRESSES),
    examples=("standup camera-1", "standup camera-1 --transcoding", 'standup camera-1 --name "Stage left"'),
):
    """Let an encoder send into a room by WHIP, which is WebRTC."""

    input: ClassVar[IngressInput] = IngressInput.WHIP


class IngressCreateUrl(
    _Create,
    path="ingress create url",
    heading="Fetch a URL",
    role=Role.OPERATOR,
    needs=(Capability.CREATE_INGRESS, Capability.INGRESS_URL, Capability.LIST_INGRESSES),
    examples=(
        "standup film https://media.example.com/film.mp4",
        'standup film https://media.example.com/film.mp4 --display-name "The film"',
    ),
):
    """Let the video server fetch an address and show it in a room, once."""

    input: ClassVar[IngressInput] = IngressInput.URL

    url: Annotated[SourceUrl, Positional(), Fetched()] = Field(
        description="What is fetched: a file or an HLS playlist by HTTP, or a source of SRT"
    )
    disabled: Annotated[bool, Internal()] = Field(False, description="Not for what is fetched")

    @property
    def source(self) -> SecretStr:
        return self.url

    def problems(self, provider: Provider) -> list[Problem]:
        found = [*super().problems(provider), *source_problems(self.url, provider.limits)]
        if self.disabled:
            why = "It is fetched as soon as it is made, so it cannot be disabled. Create it when it is wanted."
            found.append(Problem(why, "disabled"))
        return found
