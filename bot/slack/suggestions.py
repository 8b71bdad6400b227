"""The choices that a form offers while somebody types: rooms, people, tracks, recordings, streams, ingresses, calls,
video servers, and what a video server has, such as layouts and trunks.

Slack waits three seconds and a person less, so what is known here answers, and a server has a moment at most. What was
typed can always be chosen as it is, because what exists may not be known here yet.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import structlog

from bot.render.form_fields import option, option_value
from bot.render.limits import INPUT_TEXT, OPTION_TEXT, OPTIONS
from bot.render.text import Block
from bot.slack.drafts import Drafts
from bot.slack.errors import SlackError
from bot.slack.forms import Forms
from bot.slack.groups import Channel, Groups
from bot.slack.open_form import OpenForm
from bot.slack.payloads import Body, team_id_of
from bot.slack.people import People
from bot.slack.presence import Presence
from bot.text import whole
from commands.core.access import may_fill_in
from commands.core.base import Offered, Offers, marks
from commands.core.context import Ports, enter
from commands.core.grants import Grantee, GranteeKind
from commands.core.ingress_words import status_words
from commands.core.people import handle, shown_identity
from commands.core.phone_numbers import veiled, without_numbers
from commands.core.ports import Caller, Place, Viewer
from commands.core.settings import SETTINGS, Key
from commands.core.tracks import spoken
from commands.core.types import OneOf
from commands.core.words import in_natural_order
from commands.sip_rule import only_seen
from commands.stream_places import in_order
from providers.base import (
    AgentDispatch,
    Call,
    Capability,
    Ingress,
    Participant,
    Provider,
    Recording,
    Rule,
    Stream,
    Trunk,
)
from providers.errors import ProviderError

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 1.0
SERVER_SECONDS = 0.7
"""How long of that a video server may take."""

_LONGEST_NAME = 32

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Choice:
    """`value` is what the command is given; `label` is what a person sees."""

    value: str
    label: str
    detail: str = ""


class Suggestions:
    def __init__(
        self, forms: Forms, ports: Ports, presence: Presence, drafts: Drafts, members: People, groups: Groups
    ) -> None:
        self._members = members
        self._groups = groups
        self._forms = forms
        self._ports = ports
        self._presence = presence
        self._drafts = drafts

    async def options(self, body: Body) -> list[Block]:
        """The options for what was typed so far. Never late and never an error: then only what was typed is offered."""
        typed = body.get("value")
        query = whole(typed).strip()[:INPUT_TEXT] if isinstance(typed, str) else ""
        choices: Sequence[_Choice] | None = ()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                choices = await self._choices(body)
        except TimeoutError:
            log.warning("choices came too late")
        except Exception:
            log.exception("choices were not found")
        return await self._drawn(_matching(choices, query), query) if choices is not None else []

    async def _choices(self, body: Body) -> Sequence[_Choice] | None:
        """None for somebody who may not send the form: then not even what was typed is offered."""
        form = await self._forms.look(body) if body.get("view") else None
        field = form.command_type.model_fields.get(str(body.get("block_id"))) if form is not None else None
        if form is None or field is None:
            return ()
        viewer = await self._viewer(body, form)
        if viewer is None:
            return None
        if not (offers := marks(field, Offers)):
            return [_Choice(name, name) for mark in marks(field, OneOf) for name in mark.choices(form.provider.limits)]
        whose = str(form.values.get(offers[0].whose or "") or "")
        return await self._offered(offers[0].what, whose, form, viewer)

    async def _offered(self, what: Offered, whose: str, form: OpenForm, viewer: Viewer) -> Sequence[_Choice]:
        """`whose` is what stands in the field that says whose."""
        match what:
            case Offered.SERVER:
                return [_Choice(name, name) for name in self._ports.providers.names]
            case Offered.ROOM:
                return [_room(name) for name in await self._rooms(form, viewer)]
            case Offered.RECORDING | Offered.STREAM | Offered.EGRESS:
                return await self._going_out(what, form, viewer)
            case Offered.DESTINATION:
                return _destinations(await self._streams(form, viewer), whose)
            case Offered.PARTICIPANT:
                return [_person(person) for person in await self._people(form, viewer)]
            case Offered.TRACK:
                return _tracks(await self._people(form, viewer), whose)
            case Offered.VALUE:
                return await self._values(whose, form, viewer)
            case Offered.GRANTEE:
                return await self._grantees(viewer)
            case Offered.INGRESS | Offered.CALL | Offered.TRUNK | Offered.RULE | Offered.DISPATCH:
                return await self._coming_in(what, form, viewer)

    async def _viewer(self, body: Body, form: OpenForm) -> Viewer | None:
        """The choices are read by whoever types alone, so it is as if they asked in the form's channel."""
        caller = Caller(team_id_of(body), str(body["user"]["id"]))
        ctx = await enter(self._ports, caller, Place(caller.team_id, form.meta.channel_id), form.provider)
        given = {**form.meta.opened, **form.fields()}
        return ctx.viewer if await may_fill_in(form.command_type, given, ctx) else None

    async def _rooms(self, form: OpenForm, viewer: Viewer) -> list[str]:
        live = await self._ports.rooms.live(viewer, form.provider.name)
        return list(dict.fromkeys(room.ref.name for room in live))

    async def _values(self, key: str, form: OpenForm, viewer: Viewer) -> Sequence[_Choice]:
        """What a setting can be."""
        match key:
            case _ if key not in SETTINGS:
                return ()
            case "provider":
                names: Sequence[str] = self._ports.providers.names
            case "room":
                return [_room(name) for name in await self._rooms(form, viewer)]
            case _:
                names = SETTINGS[cast(Key, key)].choices()
        return [_Choice(name, _ends(name, OPTION_TEXT)) for name in names]

    async def _going_out(self, what: Offered, form: OpenForm, viewer: Viewer) -> Sequence[_Choice]:
        """Of egresses both; one that is a recording and a stream is one of them."""
        feeds: list[Recording | Stream] = []
        if what is not Offered.STREAM:
            feeds += await self._ports.rooms.recordings(viewer, form.provider.name, OPTIONS)
        if what is not Offered.RECORDING:
            feeds += await self._streams(form, viewer)
        choices = [_Choice(f.ref.id, f"{_called(f)} ({f.status.value})", f.ref.id) for f in feeds]
        return list({choice.value: choice for choice in choices}.values())

    async def _streams(self, form: OpenForm, viewer: Viewer) -> Sequence[Stream]:
        return await self._ports.rooms.streams(viewer, form.provider.name, OPTIONS)

    async def _coming_in(self, what: Offered, form: OpenForm, viewer: Viewer) -> Sequence[_Choice]:
        """What is here of ingresses and calls comes first, or alone where the server takes too long."""
        provider, room = form.provider, str(form.values.get(form.command_type.room_field() or "") or "")
        match what:
            case Offered.INGRESS:
                known = await self._ports.rooms.ingresses(viewer, provider.name, OPTIONS)
                return [_ingress(each) for each in await self._listed_ingresses(known, provider, viewer)]
            case Offered.CALL:
                calls = await self._ports.rooms.calls(viewer, provider.name, OPTIONS)
                return [_call(each) for each in calls if not each.status.is_final and room in ("", each.room.name)]
            case Offered.TRUNK if Capability.LIST_TRUNKS in provider.capabilities:
                return [_trunk(each) for each in await _in_time(provider.list_trunks())]
            case Offered.RULE if Capability.LIST_RULES in provider.capabilities:
                rules = await _in_time(provider.list_rules())
                return [_rule(each) for each in await only_seen(self._ports.rooms, viewer, rules)]
            case Offered.DISPATCH if Capability.LIST_AGENT_DISPATCHES in provider.capabilities and room:
                known_room = await self._ports.rooms.newest(viewer, provider.name, room)
                if known_room is not None and not known_room.ended:
                    return [_dispatch(each) for each in await _in_time(provider.list_agent_dispatches(known_room.ref))]
        return ()

    async def _listed_ingresses(
        self, known: Sequence[Ingress], provider: Provider, viewer: Viewer
    ) -> Sequence[Ingress]:
        """Those that go on, by what is known and by the server: one that waits may have been made elsewhere."""
        can_list = Capability.LIST_INGRESSES in provider.capabilities
        listed = await _in_time(provider.list_ingresses()) if can_list else []
        hidden = await self._ports.rooms.hidden_ingresses(viewer, listed)
        seen = {each.ref.id: each for each in listed if each.ref.id not in hidden}
        return [*({each.ref.id: each for each in known if not each.status.is_final} | seen).values()]

    async def _people(self, form: OpenForm, viewer: Viewer) -> Sequence[Participant]:
        room = form.values.get(form.command_type.room_field() or "")
        if not isinstance(room, str):
            return ()
        people = await self._presence.people(viewer, form.provider, room, wait_seconds=SERVER_SECONDS)
        return sorted(
            people, key=lambda person: (not person.is_person, in_natural_order(person.shown_name), person.identity)
        )

    async def _grantees(self, viewer: Viewer) -> list[_Choice]:
        """The people who have had to do with the bot, and the user groups and channels that it knows. Of a private
        channel those hear who are in it."""
        people = [
            _Choice(str(Grantee.person(user_id)), f"@{member.name}", "person")
            for user_id, member in self._members.seen().items()
            if not member.is_outsider
        ]
        try:
            handles, channels = await self._groups.handles(), await self._channels(viewer.user_id)
        except SlackError as error:
            log.warning("groups and channels cannot be offered", error=str(error))
            return people
        groups = [_Choice(str(Grantee(GranteeKind.GROUP, i)), f"@{name}", "user group") for i, name in handles.items()]
        rooms = [_Choice(str(Grantee(GranteeKind.CHANNEL, i)), f"#{c.name}", "channel") for i, c in channels.items()]
        return [*people, *groups, *rooms]

    async def _channels(self, user_id: str | None) -> dict[str, Channel]:
        """Those that the bot is in and this person may know of. Raises `SlackError`."""
        known = await self._groups.channels()

        async def may_know(channel_id: str) -> bool:
            if not known[channel_id].is_private:
                return True
            return user_id is not None and await self._groups.has(Grantee(GranteeKind.CHANNEL, channel_id), user_id)

        may = await asyncio.gather(*map(may_know, known))
        return {channel_id: channel for (channel_id, channel), seen in zip(known.items(), may, strict=True) if seen}

    async def _drawn(self, choices: Sequence[_Choice], query: str) -> list[Block]:
        """What was typed comes last, unless it is one of them."""
        shown = [choice for choice in choices if choice.value][: OPTIONS - 1]
        if query and query not in {choice.value for choice in shown}:
            shown.append(_Choice(query, f"Use “{_ends(query)}”"))
        shown = await self._kept(shown)
        drawn = [option(choice.value, choice.label, choice.detail) for choice in shown]
        return list({option_value(choice.value): each for choice, each in zip(shown, drawn, strict=True)}.values())

    async def _kept(self, choices: list[_Choice]) -> list[_Choice]:
        """Those that can be offered: what is too long for an option must be found again by its digest."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._drafts.offer(choice.value for choice in choices)
        except Exception:
            log.exception("choices that are too long were not kept")
            return [choice for choice in choices if option_value(choice.value) == choice.value]
        return choices


def _matching(choices: Iterable[_Choice], query: str) -> list[_Choice]:
    """Those that have what was typed in them, and those that begin with it first."""
    typed = query.casefold()
    found = [c for c in choices if any(typed in text.casefold() for text in (c.label, c.value, c.detail))]
    return sorted(found, key=lambda c: not c.label.casefold().startswith(typed))


def _room(name: str) -> _Choice:
    return _Choice(name, _ends(without_numbers(name), OPTION_TEXT))


def _person(person: Participant) -> _Choice:
    """Two people of one name are told apart by identity."""
    identity = _ends(shown_identity(person))
    return _Choice(
        handle(person), identity if person.name in ("", person.identity) else f"{_ends(person.name)} ({identity})"
    )


def _tracks(people: Iterable[Participant], whose: str) -> list[_Choice]:
    """By id, as several may be of one source. `whose` is an identity, an id or a name; empty for everybody's."""
    meant = [p for p in people if whose.casefold() in ("", p.identity.casefold(), p.id.casefold(), p.name.casefold())]
    return [
        _Choice(track.id, f"{_ends(person.shown_name)}: {spoken(track)}", track.id)
        for person in meant
        for track in person.tracks
    ]


def _called(feed: Recording | Stream) -> str:
    """A web page is in no room."""
    return _ends(without_numbers(feed.room.name) or feed.source.url)


def _destinations(streams: Iterable[Stream], whose: str) -> list[_Choice]:
    """`whose` is the id of a stream, or the room that is streamed. By id, as several may have one address."""
    meant = [s for s in streams if whose == s.ref.id or (whose == s.room.name and not s.status.is_final)]
    return [
        _Choice(each.id, f"{number} {_ends(each.address)} ({each.status.value})", each.id)
        for stream in meant
        for number, each in enumerate(in_order(stream), 1)
    ]


async def _in_time(asked: Awaitable[list[T]]) -> list[T]:
    """What the server answers; nothing where it does not, or not in time."""
    try:
        async with asyncio.timeout(SERVER_SECONDS):
            return await asked
    except (ProviderError, TimeoutError) as error:
        log.info("a server's choices are not known", error=str(error))
        return []


def _ingress(ingress: Ingress) -> _Choice:
    into = f" into {_ends(without_numbers(ingress.room.name))}" if ingress.room.name else ""
    return _Choice(ingress.ref.id, f"{_ends(ingress.shown_name)}{into} ({status_words(ingress)})", ingress.ref.id)


def _call(call: Call) -> _Choice:
    who = call.number or veiled(call.identity) or call.ref.id
    return _Choice(
        call.ref.id, f"{_ends(who)} in {_ends(without_numbers(call.room.name))} ({call.status.value})", call.ref.id
    )


def _trunk(trunk: Trunk) -> _Choice:
    name = trunk.name or next(iter(trunk.numbers), trunk.ref.id)
    return _Choice(trunk.ref.id, f"{_ends(name)} ({trunk.direction.value})", trunk.ref.id)


def _rule(rule: Rule) -> _Choice:
    return _Choice(rule.ref.id, f"{_ends(rule.name or without_numbers(rule.room))} ({rule.kind.value})", rule.ref.id)


def _dispatch(dispatch: AgentDispatch) -> _Choice:
    return _Choice(dispatch.ref.id, _ends(dispatch.agent), dispatch.ref.id)


def _ends(text: str, most: int = _LONGEST_NAME) -> str:
    """Long names often differ at the end alone."""
    half = (most - 1) // 2
    return text if len(text) <= most else f"{text[:half]}…{text[-half:]}"
