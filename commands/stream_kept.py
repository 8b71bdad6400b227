"""The whole URLs of where a stream goes, with their keys, as they are kept in what was asked for.

One that is added is kept before the server is asked: an answer that does not come may still mean that it was added.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from pydantic import SecretStr

from commands.core.context import Context
from commands.core.egress_requests import EgressRequest
from providers.base import EgressOptions, Stream


async def kept(ctx: Context, stream: Stream) -> EgressRequest | None:
    return await ctx.ports.egress_requests.get(ctx.caller.team_id, stream.ref.provider, stream.ref.id)


async def keep(ctx: Context, stream: Stream, urls: Sequence[SecretStr]) -> Sequence[SecretStr]:
    """Beside what is kept; returned is what was not. Of a stream that was not started here it is what was added."""
    new: list[SecretStr] = []

    def beside(request: EgressRequest) -> EgressRequest:
        known = request.options.urls
        new[:] = [url for url in urls if url not in known]
        return _going_to(request, [*known, *new])

    ref, requests = stream.ref, ctx.ports.egress_requests
    if not urls or await requests.change(ctx.caller.team_id, ref.provider, ref.id, beside) is not None:
        return new
    request = EgressRequest(
        provider=ref.provider,
        id=ref.id,
        room=stream.room if stream.source.has_room else None,
        options=EgressOptions(source=stream.source, urls=tuple(urls)),
        by=ctx.caller.user_id,
    )
    await requests.keep(ctx.caller.team_id, request)
    return urls


async def let_go(ctx: Context, stream: Stream, urls: Collection[SecretStr]) -> None:
    """Where it certainly does not go."""

    def without(request: EgressRequest) -> EgressRequest:
        return _going_to(request, [url for url in request.options.urls if url not in urls])

    if urls:
        await ctx.ports.egress_requests.change(ctx.caller.team_id, stream.ref.provider, stream.ref.id, without)


def _going_to(request: EgressRequest, urls: Iterable[SecretStr]) -> EgressRequest:
    """Each is there once: started again, a stream goes to each once."""
    return replace(request, options=replace(request.options, urls=tuple(dict.fromkeys(urls))))
