"""What a card or a note is to look like at the moment of its call. Whatever fails here but the database is our bug."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from bot.alerts.state import state_from_json
from bot.render.card import Member, draw
from bot.render.card.notes import note
from bot.render.message import Message
from bot.store.cards import Card
from bot.store.digests import Digests, Shown
from bot.store.notes import DueNote
from bot.store.things import Thing
from commands.core.ports import Providers
from providers.facts import ThingKind, facts_from_json


@dataclass(frozen=True, slots=True)
class Drawn:
    """`members` are what a page shows. Messages that look the same have the same `hash`."""

    message: Message
    members: Sequence[Shown]

    @property
    def hash(self) -> str:
        shown = [self.message.text, self.message.blocks]
        return sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


class Drawing:
    def __init__(self, digests: Digests, providers: Providers) -> None:
        self._digests = digests
        self._providers = providers

    async def card(self, card: Card, thing: Thing) -> Drawn:
        members = await self._digests.members(thing.id) if thing.kind is ThingKind.DIGEST else []
        provider = self._providers.get(thing.provider)
        message = draw(
            state_from_json(thing.state),
            capabilities=provider.capabilities if provider else frozenset(),
            card_id=card.id,
            generation=card.generation,
            digest=[Member(each.state, each.version, each.is_own) for each in members],
        )
        return Drawn(message, members)


def drawn_note(due: DueNote, thing: Thing) -> Message | None:
    """None for what is not worth telling any more."""
    return note(due.kind, state_from_json(thing.state), facts_from_json(due.facts))
