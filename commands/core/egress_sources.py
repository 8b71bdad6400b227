"""From what people call somebody, or what somebody sends, to what an egress is of."""

from collections.abc import Sequence
from contextlib import suppress

from commands.core.base import RoomCommand
from commands.core.context import Context
from commands.core.errors import NothingHere, Problem, UsageError
from commands.core.people import as_identity, choose
from commands.core.reply import Code
from commands.core.sent_tracks import SentTrack, called_like, named, sent_by, what_there_is
from providers.base import Capability, EgressKind, EgressSource, Participant, RoomRef, TrackKind
from providers.errors import ProviderError


async def participant_source(
    ctx: Context, room: RoomRef, who: str, command: RoomCommand, *, screen_share: bool = False
) -> EgressSource:
    """Of one participant; `command` has them in its field `participant`. Raises `NothingHere` as `choose` does."""
    identity = as_identity(who, ctx.caller.team_id)
    if Capability.LIST_PARTICIPANTS in ctx.provider.capabilities:
        identity = choose(ctx, await ctx.participants(room), room, who, command, field="participant").identity
    return EgressSource(EgressKind.PARTICIPANT, identity=identity, screen_share=screen_share)


async def tracks_source(ctx: Context, room: RoomRef, words: Sequence[str], *, field: str = "tracks") -> EgressSource:
    """Of one that is seen and one that is heard, or of either, in any order. Where the server does not tell what is
    sent, the first is the one that is seen. Raises `NothingHere`, and `UsageError` for two of a kind."""
    if not _are_told(ctx):
        video, audio = (*words, "")[:2]
        return EgressSource(EgressKind.TRACKS, video_track=video, audio_track=audio)
    found = await _found(ctx, room, words, field)
    by_kind = {sent.track.kind: sent for sent in found}
    if len(by_kind) < len(found):
        what = "seen" if TrackKind.VIDEO in by_kind else "heard"
        raise UsageError(
            [
                Problem(
                    f"{named(found)} are both to be {what}; together go one that is seen and one that is heard.", field
                )
            ]
        )
    return EgressSource(
        EgressKind.TRACKS, video_track=_id(by_kind, TrackKind.VIDEO), audio_track=_id(by_kind, TrackKind.AUDIO)
    )


async def track_source(ctx: Context, room: RoomRef, word: str, *, field: str = "track") -> EgressSource:
    """Of one track as it is. Where the server does not tell what is sent, it is taken for one that is seen."""
    if not _are_told(ctx):
        return EgressSource(EgressKind.TRACK, video_track=word)
    [sent] = await _found(ctx, room, [word], field)
    if sent.track.kind is TrackKind.AUDIO:
        return EgressSource(EgressKind.TRACK, audio_track=sent.track.id)
    return EgressSource(EgressKind.TRACK, video_track=sent.track.id)


async def nobody_sends(ctx: Context, room: RoomRef) -> bool:
    """As far as the server tells. Its trouble is no reason to say so. Raises `Ended` where the room is over."""
    if not _are_told(ctx):
        return False
    with suppress(ProviderError):
        return not sent_by(await ctx.participants(room))
    return False


def _are_told(ctx: Context) -> bool:
    return {Capability.LIST_PARTICIPANTS, Capability.PARTICIPANT_TRACKS} <= ctx.provider.capabilities


async def _found(ctx: Context, room: RoomRef, words: Sequence[str], field: str) -> list[SentTrack]:
    """One for each word, of what can be seen or heard."""
    present = await ctx.participants(room)
    return [_the_one(ctx, room, present, word, field) for word in words]


def _the_one(ctx: Context, room: RoomRef, present: Sequence[Participant], word: str, field: str) -> SentTrack:
    found = called_like(present, word, ctx.caller.team_id)
    if not found:
        what = ("There is no track ", Code(word), " in ", Code(room.name), ".")
        raise NothingHere(what, what_there_is(ctx, room, sent_by(present), "Nobody sends anything there."))
    if len(found) > 1:
        raise NothingHere(
            (f"{len(found)} tracks are called ", Code(word), "."), f"Say which one: {named(found)}, or its id."
        )
    if found[0].track.kind is TrackKind.DATA:
        wrong = f"{found[0].called} is data, which is neither seen nor heard."
        raise UsageError(
            [Problem(wrong, field)], what_there_is(ctx, room, _seen_or_heard(present), "Nothing else is sent there.")
        )
    return found[0]


def _seen_or_heard(present: Sequence[Participant]) -> list[SentTrack]:
    return [sent for sent in sent_by(present) if sent.track.kind is not TrackKind.DATA]


def _id(by_kind: dict[TrackKind, SentTrack], kind: TrackKind) -> str:
    return by_kind[kind].track.id if kind in by_kind else ""
