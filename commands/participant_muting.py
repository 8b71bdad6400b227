"""Muting one participant, and letting them be heard again."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from pydantic import Field

from commands.core.base import Offered, Offers, Positional, Role
from commands.core.context import Context
from commands.core.errors import CannotDo, CommandError, NothingHere, Problem
from commands.core.people import PersonCommand, handle, has_left, pinned
from commands.core.reply import Action, Code, Reply, Strong
from commands.core.tracks import chosen_kinds, matching, sends, spoken, spoken_all, spoken_kinds
from commands.core.types import Name
from providers.base import Capability, Participant, Provider, RoomRef, Signal, Track, TrackKind
from providers.errors import NotFound, ProviderError, Unsupported

TOPIC = "showcaller"
"""Where an app finds the messages that this bot sends to it."""

Call = Callable[[RoomRef, str, str], Awaitable[Track]]


class _TrackChoice(PersonCommand):
    """One track by name, or all the sound, or all the pictures."""

    track: Annotated[Name | None, Positional(), Offers(Offered.TRACK, whose="who")] = Field(
        None, description="One track: its id, its source such as camera, or its name"
    )
    audio: bool = Field(False, description="All their sound, which is meant where nothing is said")
    video: bool = Field(False, description="All their pictures")

    def problems(self, provider: Provider) -> list[Problem]:
        if self.track is not None and (self.audio or self.video):
            return [Problem("It says which one already; leave out --audio and --video.", "track")]
        return []

    async def _as_they_are(self, ctx: Context) -> tuple[Participant, list[Track]]:
        room = await ctx.find_room(self)
        person = await self.find_who(ctx, room)
        return person, self._chosen(room, person)

    def _chosen(self, room: RoomRef, person: Participant) -> list[Track]:
        """At least one. Raises `NothingHere`, with what there is instead."""
        if self.track is not None:
            return [self._named(self.track, room, person)]
        kinds = chosen_kinds(audio=self.audio, video=self.video)
        if chosen := [track for track in person.tracks if track.kind in kinds]:
            return chosen
        what = spoken_kinds(kinds, " and no ")
        raise NothingHere((Strong(person.shown_name), f" sends no {what}."), sends(person))

    def _named(self, word: str, room: RoomRef, person: Participant) -> Track:
        found = matching(person.tracks, word)
        if len(found) == 1:
            return found[0]
        if not found:
            raise NothingHere((Strong(person.shown_name), " has no track ", Code(word), "."), sends(person))
        raise NothingHere(
            (Strong(person.shown_name), f" has {len(found)} tracks called ", Code(word), "."),
            "Say which one, by id.",
            actions=[
                Action(track.id, type(self)(**pinned(room, handle(person)), track=track.id)) for track in found[:5]
            ],
        )


class ParticipantMute(
    _TrackChoice,
    path="participant mute",
    role=Role.OPERATOR,
    needs=(Capability.MUTE_TRACK, Capability.LIST_PARTICIPANTS, Capability.PARTICIPANT_TRACKS),
    examples=("standup bob", "standup bob camera", "standup bob --audio --video"),
):
    """Mute somebody for everybody in the room."""

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        person = await self.find_who(ctx, room)
        chosen = self._chosen(room, person)
        sounding = [track for track in chosen if not track.muted]
        if not sounding:
            return Reply(text=(Strong(person.shown_name), f" is muted already: {spoken_all(chosen)}."))
        done, failure = await _each(ctx.provider.mute_track, room, person, sounding)
        if not done:
            raise failure or await _nothing_left(ctx, room, person, sounding)
        muted = [*(track for track in chosen if track.muted), *done]
        return Reply(
            text=("Muted ", Strong(person.shown_name), f": {spoken_all(done)}."),
            hint="" if failure is None else f"Not everything: {failure.what} {failure.remedy}",
            actions=unmute_buttons(room, person, muted, ctx.provider),
        )

    async def aftermath(self, ctx: Context) -> Reply:
        person, chosen = await self._as_they_are(ctx)
        if sounding := [track for track in chosen if not track.muted]:
            again = f" is not muted: {spoken_all(sounding)}; mute them again if you want that."
            return Reply(text=(Strong(person.shown_name), again))
        return Reply(text=(Strong(person.shown_name), f" is muted: {spoken_all(chosen)}."))


class ParticipantUnmute(
    _TrackChoice,
    path="participant unmute",
    role=Role.OPERATOR,
    needs=(Capability.LIST_PARTICIPANTS, Capability.PARTICIPANT_TRACKS),
    examples=("standup bob", "standup bob camera", "standup bob --video"),
):
    """Let somebody be heard again, or ask them to where the server leaves that to them."""

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        person = await self.find_who(ctx, room)
        chosen = self._chosen(room, person)
        silent = [track for track in chosen if track.muted]
        if not silent:
            return Reply(text=(Strong(person.shown_name), f" is not muted: {spoken_all(chosen)}."))
        if Capability.UNMUTE_TRACK not in ctx.provider.capabilities:
            return await _ask(ctx, room, person, silent)
        done, failure = await _each(ctx.provider.unmute_track, room, person, silent)
        if not done and isinstance(failure, Unsupported):
            return await _ask(ctx, room, person, silent)
        if not done:
            raise failure or await _nothing_left(ctx, room, person, silent)
        return Reply(
            text=("Unmuted ", Strong(person.shown_name), f": {spoken_all(done)}."),
            hint="" if failure is None else f"Not everything: {failure.what} {failure.remedy}",
        )

    async def aftermath(self, ctx: Context) -> Reply:
        """Whether somebody was asked to unmute themselves, nobody can tell; asking twice does no harm."""
        person, chosen = await self._as_they_are(ctx)
        if silent := [track for track in chosen if track.muted]:
            again = f" is muted: {spoken_all(silent)}; unmute them again if you want that."
            return Reply(text=(Strong(person.shown_name), again))
        return Reply(text=(Strong(person.shown_name), f" is not muted: {spoken_all(chosen)}."))


def mute_buttons(room: RoomRef, person: Participant, provider: Provider) -> tuple[Action, ...]:
    """One, where something sounds that can be muted."""
    sounding = any(track.kind is TrackKind.AUDIO and not track.muted for track in person.tracks)
    command = ParticipantMute(**pinned(room, handle(person)))
    if not sounding or not command.spec.needs <= provider.capabilities:
        return ()
    return (Action("Mute", command, description=f"Mute {person.shown_name}"),)


def unmute_buttons(
    room: RoomRef, person: Participant, muted: Sequence[Track], provider: Provider
) -> tuple[Action, ...]:
    """One for the sound of `muted`, else for the pictures, where the person can be unmuted or at least asked."""
    possible = {Capability.UNMUTE_TRACK, Capability.SEND_SIGNAL} & provider.capabilities
    kinds = {track.kind for track in muted}
    if not possible or not kinds & {TrackKind.AUDIO, TrackKind.VIDEO}:
        return ()
    command = ParticipantUnmute(**pinned(room, handle(person)), video=TrackKind.AUDIO not in kinds)
    return (Action("Unmute", command, description=f"Unmute {person.shown_name}"),)


def track_mute_buttons(room: RoomRef, person: Participant, track: Track, provider: Provider) -> tuple[Action, ...]:
    """One, where this track is neither muted nor data."""
    command = ParticipantMute(**pinned(room, handle(person)), track=track.id)
    if track.muted or track.kind is TrackKind.DATA or not command.spec.needs <= provider.capabilities:
        return ()
    return (Action("Mute", command, description=f"Mute {spoken(track)} of {person.shown_name}"),)


async def _each(
    call: Call, room: RoomRef, person: Participant, tracks: Sequence[Track]
) -> tuple[list[Track], ProviderError | None]:
    """One after the other until the server fails. A track that is gone is as silent as it can be."""
    done: list[Track] = []
    for track in tracks:
        try:
            await call(room, person.identity, track.id)
        except NotFound:
            continue
        except ProviderError as failure:
            return done, failure
        done.append(track)
    return done, None


async def _nothing_left(ctx: Context, room: RoomRef, person: Participant, tracks: Sequence[Track]) -> CommandError:
    """The server knew none of the tracks: their sender has left, or has stopped sending."""
    for now in await ctx.participants(room):
        if now.identity == person.identity and {t.id for t in now.tracks}.isdisjoint(t.id for t in tracks):
            return NothingHere((Strong(now.shown_name), " has just stopped sending that."), sends(now))
    return await has_left(ctx, room, person)


async def _ask(ctx: Context, room: RoomRef, person: Participant, tracks: Sequence[Track]) -> Reply:
    """Send a message that their app may act on. Whether it does, nobody tells us."""
    if Capability.SEND_SIGNAL not in ctx.provider.capabilities:
        raise CannotDo(
            ("On ", Code(ctx.provider.name), " nobody can be unmuted by others, nor be asked by a message."),
            ("Ask ", Strong(person.shown_name), " yourself."),
        )
    request = {
        "type": "unmute_request",
        "tracks": [track.id for track in tracks],
        "sources": [track.source.value for track in tracks],
    }
    topic = TOPIC if Capability.SIGNAL_TOPIC in ctx.provider.capabilities else ""
    try:
        await ctx.provider.send_signal(room, Signal(json.dumps(request), to=(person.identity,), topic=topic))
    except NotFound:
        raise await has_left(ctx, room, person) from None
    return Reply(
        text=("Asked ", Strong(person.shown_name), f" to unmute: {spoken_all(tracks)}."),
        hint=(
            "They are still muted: ",
            Code(ctx.provider.name),
            " lets people unmute only themselves. Their app shows the request if it knows such messages.",
        ),
    )
