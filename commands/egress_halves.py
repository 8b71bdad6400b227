"""An egress that writes and sends is a recording and a stream under one id: neither is stopped without the other."""

from collections.abc import Sequence

from commands.core.base import Command
from commands.core.context import Context
from commands.core.reply import Mark, Question
from commands.core.words import counted
from commands.stream_places import going_on
from providers.base import Capability, Recording, RecordingStatus, Stream, StreamStatus

Half = Recording | Stream
_ENDS = (RecordingStatus.ENDING, StreamStatus.ENDING)


async def other_half(ctx: Context, half: Half) -> Half | None:
    """What goes on and ends with it: the stream of a recording, the recording of a stream. None for one that stands
    alone, or ends already."""
    if ends(half):
        return None
    room = half.room if half.source.has_room else None
    others: Sequence[Half] = []
    if isinstance(half, Stream) and Capability.LIST_RECORDINGS in ctx.provider.capabilities:
        others = await ctx.list_recordings(room)
    elif isinstance(half, Recording) and Capability.LIST_STREAMS in ctx.provider.capabilities:
        others = await ctx.list_streams(room)
    return next((other for other in others if other.ref.id == half.ref.id and not ends(other)), None)


def ends(half: Half) -> bool:
    return half.status.is_final or half.status in _ENDS


def ask(what: Sequence[str | Mark], other: Half, command: Command, confirm: str) -> Question:
    """`what`: what is asked for, as a question. Asked before the other half is ended with it."""
    return Question(text=(*what, f" {_also(other)}; that ends too."), command=command, confirm=confirm)


def with_it(other: Half | None) -> str:
    """To follow what was stopped: `, and its stream to 2 places`."""
    if other is None:
        return ""
    return f", and its {'recording' if isinstance(other, Recording) else f'stream{_places(other)}'}"


def _also(other: Half) -> str:
    return "It is also recorded" if isinstance(other, Recording) else f"It is also streamed{_places(other)}"


def _places(stream: Stream) -> str:
    places = len(going_on(stream))
    return f" to {counted(places, 'place', 'places')}" if places else ""
