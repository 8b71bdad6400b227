"""Muting everybody in a room at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from commands.core.base import Offered, Offers, Role, RoomCommand
from commands.core.context import Context
from commands.core.people import choose
from commands.core.reply import Action, Reply, Strong, Text
from commands.core.tracks import chosen_kinds, spoken_kinds
from commands.core.types import Name
from commands.core.words import a_few, count_people, counted, in_natural_order
from providers.base import Capability, Participant, RoomRef, Track, TrackKind
from providers.errors import NotFound, ProviderError, Unreachable

AT_ONCE = 8
_NAMED = 10


class RoomMute(
    RoomCommand,
    path="room mute",
    heading="Mute everybody",
    role=Role.OPERATOR,
    needs=(Capability.MUTE_TRACK, Capability.LIST_PARTICIPANTS, Capability.PARTICIPANT_TRACKS),
    examples=("standup", "standup --except ana", ". --video"),
):
    """Mute everybody in a room. Recorders and other machines are left alone."""

    except_: Annotated[tuple[Name, ...], Offers(Offered.PARTICIPANT)] = Field(
        (), description="Who is left as they are: identity, display name or @mention"
    )
    audio: bool = Field(False, description="The sound, which is meant where nothing is said")
    video: bool = Field(False, description="The pictures")

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        people, chosen = await self._chosen(ctx, room)
        kinds = chosen_kinds(audio=self.audio, video=self.video)
        if not (sounding := [(person, track) for person, track in chosen if not track.muted]):
            return Reply(text=self._nothing_to_mute(room, people, chosen, kinds))
        attempts = await _mute(ctx, room, sounding)
        done = [attempt for attempt in attempts if attempt.done]
        failed = [attempt for attempt in attempts if attempt.error is not None]
        if failed and not done:
            assert failed[0].error is not None
            raise failed[0].error
        if not done:
            await ctx.participants(room)  # it says so where it is the room that has ended
            return Reply(text=("Those in ", Strong(room.name), " who sent something have just left or stopped."))
        return Reply(
            text=("Muted ", _count(done), " in ", Strong(room.name), "."),
            facts=_others(attempts, [person for person, track in chosen if track.muted]),
            actions=self._again(room) if failed else (),
        )

    async def _chosen(self, ctx: Context, room: RoomRef) -> tuple[list[Participant], list[tuple[Participant, Track]]]:
        """Who is meant, and what of theirs."""
        present = await ctx.participants(room)
        spared = {choose(ctx, present, room, who, self, field="except_").identity for who in self.except_}
        people = [p for p in present if p.is_person and p.identity not in spared]
        kinds = chosen_kinds(audio=self.audio, video=self.video)
        return people, [(person, track) for person in people for track in person.tracks if track.kind in kinds]

    async def aftermath(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        people, chosen = await self._chosen(ctx, room)
        if sounding := [person for person, track in chosen if not track.muted]:
            again = f" not everybody is muted: {_names(sounding)}; mute the room again if you want that."
            return Reply(text=("In ", Strong(room.name), again))
        kinds = chosen_kinds(audio=self.audio, video=self.video)
        return Reply(text=self._nothing_to_mute(room, people, chosen, kinds))

    def _nothing_to_mute(
        self,
        room: RoomRef,
        people: Sequence[Participant],
        chosen: Sequence[tuple[Participant, Track]],
        kinds: Sequence[TrackKind],
    ) -> Text:
        if chosen:
            return ("In ", Strong(room.name), " everybody is muted already.")
        others = " but those left as they are" if self.except_ else ""
        if not people:
            return ("Nobody is in ", Strong(room.name), f"{others}.")
        return ("In ", Strong(room.name), f" nobody{others} sends {spoken_kinds(kinds, ' or ')}.")

    def _again(self, room: RoomRef) -> tuple[Action, ...]:
        return (Action("Mute the others", self.model_copy(update={"room_id": room.id or None})),)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """How it went with one track. `is_gone`: it was there no more. `error`: why it could not be done."""

    person: Participant
    is_gone: bool = False
    error: ProviderError | None = None

    @property
    def done(self) -> bool:
        return not self.is_gone and self.error is None


async def _mute(ctx: Context, room: RoomRef, tracks: Sequence[tuple[Participant, Track]]) -> list[_Attempt]:
    """Several at once. Once the server does not answer, those that wait for their turn would wait in vain."""
    turns = asyncio.Semaphore(AT_ONCE)
    silence: Unreachable | None = None

    async def mute(person: Participant, track: Track) -> _Attempt:
        nonlocal silence
        async with turns:
            if silence is not None:
                return _Attempt(person, error=silence)
            try:
                await ctx.provider.mute_track(room, person.identity, track.id)
            except NotFound:
                return _Attempt(person, is_gone=True)
            except ProviderError as error:
                silence = error if isinstance(error, Unreachable) else silence
                return _Attempt(person, error=error)
            return _Attempt(person)

    return await asyncio.gather(*(mute(person, track) for person, track in tracks))


def _count(done: Sequence[_Attempt]) -> str:
    people = len({attempt.person.identity for attempt in done})
    return f"{counted(len(done), 'track', 'tracks')} of {count_people(people)}"


def _others(attempts: Sequence[_Attempt], muted: Sequence[Participant]) -> tuple[tuple[str, Text], ...]:
    """Those with whom nothing was done, and why."""
    facts: list[tuple[str, Text]] = []
    if muted:
        facts.append(("Muted before", _names(muted)))
    if gone := [attempt.person for attempt in attempts if attempt.is_gone]:
        facts.append(("Gone meanwhile", _names(gone)))
    for why in dict.fromkeys(attempt.error.what for attempt in attempts if attempt.error is not None):
        those = [a.person for a in attempts if a.error is not None and a.error.what == why]
        facts.append(("Not muted", f"{_names(those)}. {why}"))
    return tuple(facts)


def _names(people: Sequence[Participant]) -> str:
    names = sorted({person.identity: person.shown_name for person in people}.values(), key=in_natural_order)
    return a_few(names, _NAMED)
