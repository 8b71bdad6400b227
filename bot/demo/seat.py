"""Who sits at the prompt, and where."""

from dataclasses import dataclass, field

from bot.demo.slack import Channel, Message, User
from bot.demo.slack.things import ChannelKind
from bot.demo.world import World


class NotDone(Exception):
    """Why a verb could not be carried out, for whoever typed it."""


@dataclass(slots=True)
class Seat:
    """Who sits at the prompt, and where. `numbered` are the messages before them that one can answer by number."""

    world: World
    user: User
    channel: Channel
    leaving: bool = False
    numbered: list[Message] = field(default_factory=list)

    @property
    def name(self) -> str:
        """`ana (owner)`."""
        if self.user.is_owner:
            return f"{self.user.name} (owner)"
        return f"{self.user.name} ({'guest' if self.user.is_restricted else 'member'})"

    @property
    def place(self) -> str:
        return "a direct message" if self.channel.kind is ChannelKind.DIRECT else f"#{self.channel.name}"

    def number(self, message: Message) -> int | None:
        """What it goes by for as long as it is on the screen. None for one that can have no thread of its own."""
        if message.ephemeral_to or message.thread_ts:
            return None
        stamps = [each.ts for each in self.numbered]
        if message.ts not in stamps:
            self.numbered.append(message)
            return len(self.numbered)
        return stamps.index(message.ts) + 1

    def message(self, number: str) -> Message:
        """Raises `NotDone`."""
        at = int(number) if number.isdecimal() else 0
        if not 1 <= at <= len(self.numbered):
            raise NotDone(f"There is no message {number}.")
        return self.numbered[at - 1]

    async def write(self, text: str, *, under: Message | None = None) -> None:
        """Raises `NotDone`."""
        try:
            await self.world.slack.write(self.user, self.channel, text, under=under)
        except ValueError as error:
            raise NotDone(f"{error}.") from None
