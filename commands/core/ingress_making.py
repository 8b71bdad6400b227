"""Ingresses that are made, from the call to how somebody sends to them."""

import logging
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final

from pydantic import SecretStr

from commands.core.context import Context
from commands.core.directory import Provenance, Reserved
from commands.core.errors import CommandError
from commands.core.ingress_words import missing_address
from commands.core.ports import Place, Viewer
from commands.core.reply import Action, Code, Secret, Text
from commands.core.words import joined, parts
from providers.base import Capability, CreatedIngress, Ingress, IngressInput, RoomRef
from providers.errors import NoWorker, ProviderError, TimedOut
from providers.facts import IngressChanged, ThingKind

log = logging.getLogger(__name__)

_FILE: Final = "ffmpeg -re -i film.mp4 -c:v libx264 -preset veryfast -b:v 3M -g 60"


class MayBeMade(TimedOut):
    """The video server has not said in time whether it made the ingress. If it did, nobody has its key: look for it
    with “ingress list”, delete it, and ask again. Where a new key was asked for, the old one still works."""


@dataclass(frozen=True, slots=True)
class Sending:
    """How somebody sends to an ingress; empty where it is fetched."""

    facts: Sequence[tuple[str, Text]] = ()
    secrets: Sequence[Secret] = ()


async def here(ctx: Context) -> Provenance:
    """Of what the asker makes."""
    is_private = await ctx.ports.membership.is_private(ctx.place)
    return Provenance(ctx.place.channel_id, ctx.caller.user_id, is_private, (ctx.place,))


async def origin_of(ctx: Context, ingress: Ingress) -> Provenance:
    """Of one that is there, whoever asks. What nobody here has made or shown is shown where it is asked for."""
    known = await ctx.ports.rooms.provenance(
        ctx.caller.team_id, ThingKind.INGRESS, ingress.ref.provider, ingress.ref.id
    )
    if known is None or not (known.channel_id or known.cards):
        return Provenance(None, None, False, (ctx.place,))
    return known


async def make(
    ctx: Context, room: RoomRef, call: Callable[[], Awaitable[CreatedIngress]], again: Action, origin: Provenance
) -> CreatedIngress:
    """Make it and let its cards come. What is of a private place is private from the first that anybody hears of it,
    and so is the room that comes up by it. `again` is what tries it once more.

    Raises `CommandError`, `ProviderError` and `MayBeMade`. Once it is made nothing is raised, as its key is in what
    is returned and nowhere else: without a report its card comes as soon as its server lists it.
    """
    async with room_kept(ctx, room, origin) as is_on_record:
        async with _kept(ctx, room.name, origin), _making(ctx, again):
            created = await call()
        try:
            await _report(ctx, created.ingress, origin)
            await is_on_record()
            await ctx.release(ThingKind.INGRESS, room.name)  # whoever makes the next one may do it elsewhere
        except Exception:
            log.exception("an ingress was made and not reported", extra={"ingress": created.ingress.ref.id})
    return created


@asynccontextmanager
async def room_kept(ctx: Context, room: RoomRef, origin: Provenance) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Around what lets an ingress of that origin into the room. A room that comes up by it is private where it is now,
    else where the ingress is. What is given is called when that is on record: from then on the name is kept for as
    long as the ingress leads there.

    Raises `CommandError` where somebody else has just taken the name.
    """
    reserved = await ctx.reserve_room(room, _owner(ctx, origin))

    async def is_on_record() -> None:
        if reserved is None or reserved.after is None:
            return
        before, after = reserved.before, reserved.after
        is_same = before is not None and before.channel_id == after.channel_id
        until = before.until if before is not None and is_same else ctx.ports.clock.now()
        settled = Reserved(replace(after, until=until), after)
        await ctx.ports.rooms.restore(ctx.caller.team_id, ThingKind.ROOM, room.provider, room.name, settled)

    async with ctx.putting_back(ThingKind.ROOM, room.name, reserved):
        yield is_on_record


async def room_named(ctx: Context, name: str) -> RoomRef:
    """Its present life, as far as we know; without an id where there is none."""
    room = RoomRef(ctx.provider.name, "", name)
    known = await ctx.known_room(room)
    return known.ref if known is not None and not known.ended else room


async def same_identity(ctx: Context, room: RoomRef, identity: str, *, but: str = "") -> list[Text]:
    """Who would be thrown out of that room, or would throw out; `but` for the ingress of that id. The server's trouble
    is no reason to do nothing."""
    notes: list[Text] = []
    with suppress(ProviderError):
        same = [i for i in await ctx.list_ingresses(room) if i.identity == identity and i.ref.id != but]
        if same:
            ids = joined([(Code(i.ref.id),) for i in same], ", ")
            notes.append((*parts(ids), " has that identity there too: whoever sends later throws the other out."))
    if room.id and Capability.LIST_PARTICIPANTS in ctx.provider.capabilities:
        with suppress(CommandError, ProviderError):
            if any(p.identity == identity for p in await ctx.participants(room)):
                notes.append((Code(identity), " is in the room; whoever sends throws them out."))
    return notes


def _owner(ctx: Context, origin: Provenance) -> Viewer | None:
    """For whom what is of that origin is kept; None where it is public."""
    if origin.private_to is None:
        return None
    return replace(ctx.viewer, user_id=origin.made_by, channel_id=origin.private_to)


@asynccontextmanager
async def _kept(ctx: Context, room: str, origin: Provenance) -> AsyncIterator[None]:
    """Around the call that makes it, as a webhook may tell of it first."""
    rooms, kind, server = ctx.ports.rooms, ThingKind.INGRESS, ctx.provider.name
    owner = _owner(ctx, origin)
    if owner is None:
        reserved: Reserved | None = await rooms.release(ctx.viewer, kind, server, room)
    else:
        reserved = await rooms.reserve(owner, kind, server, room, by=owner.user_id)
    async with ctx.putting_back(kind, room, reserved):
        yield


@asynccontextmanager
async def _making(ctx: Context, again: Action) -> AsyncIterator[None]:
    """Around the call that makes it. Raises `CommandError` where no worker took it, and `MayBeMade`."""
    try:
        yield
    except NoWorker:
        raise CommandError(
            ("No ingress worker of ", Code(ctx.provider.name), " took it: none runs, or all are busy."),
            "Delete what is not needed, add a worker, or try again later.",
            actions=[again],
        ) from None
    except TimedOut as error:
        raise MayBeMade(error.detail, provider=error.provider, operation=error.operation) from error


async def _report(ctx: Context, ingress: Ingress, origin: Provenance) -> None:
    """At home first, as it belongs where the first card is wanted."""
    cards = {place.channel_id: place for place in origin.cards}
    if (home := origin.channel_id) is not None:
        cards = {home: cards.pop(home, Place(ctx.caller.team_id, home)), **cards}
    made_by, is_private = origin.made_by, origin.is_private
    for place in cards.values():
        await ctx.ports.facts.report(
            IngressChanged(ingress=ingress, **ctx.observed()),
            team_id=ctx.caller.team_id,
            made_by=made_by,
            card_in=place,
            is_private=is_private,
        )
        made_by, is_private = None, False  # known by then


def how_to_send(created: CreatedIngress) -> Sending:
    """With the key, so for the asker alone."""
    if created.key is None:
        return Sending()
    ingress, key = created.ingress, created.key
    is_whip = ingress.input is IngressInput.WHIP
    shown_key = Secret("Bearer token, which is its key" if is_whip else "Stream key", key)
    if not ingress.address:
        return Sending((("Server", missing_address(ingress)),), (shown_key,))
    service = "WHIP" if is_whip else "Custom..."
    token = "the bearer token" if is_whip else "the stream key"
    in_obs = f"Settings, Stream: the service “{service}”, with this server and {token} below"
    line = _by_whip(ingress.address, key) if is_whip else _by_rtmp(ingress.address, key)
    facts: tuple[tuple[str, Text], ...] = (("Server", (Code(ingress.address),)), ("In OBS", in_obs))
    return Sending(facts, (shown_key, Secret("By ffmpeg", line)))


def _by_rtmp(address: str, key: SecretStr) -> SecretStr:
    url = shlex.quote(f"{address.rstrip('/')}/{key.get_secret_value()}")
    return SecretStr(f"{_FILE} -c:a aac -f flv {url}")


def _by_whip(address: str, key: SecretStr) -> SecretStr:
    """The muxer is of ffmpeg 8 (libavformat/whip.c), experimental, and takes H.264 without B-frames and Opus."""
    token = shlex.quote(key.get_secret_value())
    sound = "-bf 0 -c:a libopus -ar 48000 -ac 2 -strict experimental"
    return SecretStr(f"{_FILE} {sound} -authorization {token} -f whip {shlex.quote(address)}")
