"""Shortcuts: what people start from Slack's own menus. Each opens a form.

The callback ids and names are those of `manifest.yml`; a test holds the two together.
"""

import re
from collections.abc import Awaitable, Callable, Mapping

import structlog

from bot.slack.answers import Address
from bot.slack.inbound import Inbound
from bot.slack.payloads import Body, message_shortcut_address, read_address, shortcut_address
from commands.core.context import require_card_place
from commands.core.dispatch import Door
from commands.core.errors import Ended, NotAllowed
from commands.core.ports import Membership
from commands.core.reply import Code
from commands.room import RoomCreate

log = structlog.get_logger(__name__)

CREATE_ROOM = "create_room"
ROOM_FROM_MESSAGE = "room_from_message"

MOST_WORDS = 5
LONGEST_NAME = 40
_MARKUP = re.compile(r"<[^>]*>|&(?:amp|lt|gt);|:[a-z0-9_+'-]+:")
_WORD = re.compile(r"[^\W_]+")


class Shortcuts:
    def __init__(self, inbound: Inbound, membership: Membership) -> None:
        self._inbound = inbound
        self._membership = membership

    async def chosen(self, body: Body) -> None:
        """Somebody chose a shortcut. One that is not ours any more is answered too: the app's settings may be older."""
        handler = HANDLERS.get(str(body.get("callback_id", "")), Shortcuts.unknown)
        await handler(self, body)

    async def create_room(self, body: Body) -> None:
        """It is chosen nowhere in particular, so the form asks for the conversation."""
        if (address := read_address(shortcut_address, body)) is not None:
            await self._inbound.guard(address, self._open(address, {}, body))

    async def room_from_message(self, body: Body) -> None:
        """The room's card will stand in the thread of that message, so the bot must be able to write there."""
        if (address := read_address(message_shortcut_address, body)) is not None:
            await self._inbound.guard(address, self._open_under(address, body))

    async def _open_under(self, address: Address, body: Body) -> None:
        try:
            await require_card_place(address.place, self._membership)
        except NotAllowed as refusal:
            await self._inbound.refuse(refusal, address)
            return
        name = suggested_name(str(body["message"].get("text") or ""))
        await self._open(address, {"name": name} if name else {}, body)

    async def _open(self, address: Address, given: Mapping[str, object], body: Body) -> None:
        here = await self._inbound.here(address.place)
        await self._inbound.open_form(
            RoomCreate, given, address=address, provider=here.provider, door=Door.SHORTCUT, body=body
        )

    async def unknown(self, body: Body) -> None:
        if (address := read_address(shortcut_address, body)) is None:
            return
        typed = Code(f"{self._inbound.slash} help")
        gone = Ended("This version of the bot does not know that shortcut.", ("Type ", typed, " for what there is."))
        await self._inbound.guard(address, self._inbound.refuse(gone, address))


HANDLERS: Mapping[str, Callable[[Shortcuts, Body], Awaitable[None]]] = {
    CREATE_ROOM: Shortcuts.create_room,
    ROOM_FROM_MESSAGE: Shortcuts.room_from_message,
}


def suggested_name(text: str) -> str:
    """`The API is down in <#C1|eu>!` to `the-api-is-down-in`: the first words, written so that they need no quotes."""
    name = ""
    for word in _WORD.findall(_MARKUP.sub(" ", text).lower().replace("'", "").replace("’", ""))[:MOST_WORDS]:
        longer = f"{name}-{word}" if name else word[:LONGEST_NAME]
        if len(longer) > LONGEST_NAME:
            break
        name = longer
    return name
