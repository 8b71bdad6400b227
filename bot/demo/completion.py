"""What Tab offers at the prompt: commands and options as the models declare them, rooms, people, channels."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from bot.demo.seat import Seat
from bot.demo.server_verbs import SOURCES
from bot.demo.slack.things import ChannelKind, User
from bot.demo.verbs import DIRECT, VERBS, Kind
from commands.core.base import Command, RoomName, has
from commands.core.fields import is_hidden, option
from commands.core.registry import Commands
from providers.base import ConnectionQuality
from providers.errors import ProviderError

Offer = tuple[str, str]
"""What can stand at the cursor, and what it is."""


class Completions(Completer):
    def __init__(self, seat: Seat, commands: Commands) -> None:
        self._seat = seat
        self._commands = commands

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Nothing: the video server can only be asked asynchronously, and so the prompt asks."""
        return iter(())

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        for words, meaning in await self.offers(document.text_before_cursor):
            typed = document.text_before_cursor.rpartition(" ")[2]
            yield Completion(words, -len(typed), display_meta=meaning)

    async def offers(self, line: str) -> list[Offer]:
        """What begins like the word that the line ends with."""
        *before, word = line.split(" ")
        before = [each for each in before if each]
        return [offer for offer in await self._all(before) if offer[0].startswith(word) and offer[0] != word]

    async def _all(self, before: list[str]) -> list[Offer]:
        slash, mention = self._seat.world.settings.commands.slash, f"@{self._seat.world.slack.workspace.bot.name}"
        if not before:
            verbs = ((f":{name}", verb.help) for name, verb in VERBS.items())
            return [(slash, "a command to the bot"), (mention, "the same as a message"), *verbs]
        begins = [at for at, word in enumerate(before, 1) if word in (slash, mention, f":{DIRECT}")]
        if begins:
            return await self._words(tuple(before[begins[-1] :]))
        return await self._argument(before) if before[0].startswith(":") else []

    async def _argument(self, before: list[str]) -> list[Offer]:
        verb = VERBS.get(before[0].removeprefix(":"))
        if verb is None or len(before) > len(verb.arguments):
            return []
        match verb.arguments[len(before) - 1][1]:
            case Kind.PERSON:
                return [(user.name, _standing(user)) for user in self._seat.world.slack.workspace.people]
            case Kind.CHANNEL:
                return list(self._channels())
            case Kind.ROOM:
                return await self._rooms()
            case Kind.IDENTITY:
                return await self._identities(before[1])
            case Kind.SOURCE:
                return [(source, "") for source in SOURCES]
            case Kind.QUALITY:
                return [(quality, "") for quality in ConnectionQuality]
            case Kind.MESSAGE:
                return [(str(number), message.text) for number, message in enumerate(self._seat.numbered, 1)]
            case Kind.TEXT | Kind.NEW:
                return []

    async def _words(self, typed: tuple[str, ...]) -> list[Offer]:
        """After what begins a line to the bot: the next word of a path, or, once complete, arguments and options."""
        following: dict[str, str] = {}
        for path, command in self._commands.items():
            if len(path) > len(typed) and path[: len(typed)] == typed:
                is_whole = len(path) == len(typed) + 1
                following.setdefault(path[len(typed)], command.summary() if is_whole else "")
        known = [n for n in range(len(typed), 0, -1) if typed[:n] in self._commands]
        if not known:
            return list(following.items())
        command, given = self._commands[typed[: known[0]]], typed[known[0] :]
        return [*following.items(), *await self._live(command, given), *_options(command, given)]

    async def _live(self, command: type[Command], given: tuple[str, ...]) -> list[Offer]:
        """A room, and after it somebody who is in it, where the command takes them in that order."""
        named = command.positionals()[len(given) : len(given) + 1]
        if not given and any(has(field, RoomName) for field in command.model_fields.values()):
            return await self._rooms()
        return await self._identities(given[0]) if given and named == ("who",) else []

    def _channels(self) -> Iterator[Offer]:
        workspace = self._seat.world.slack.workspace
        yield DIRECT, "with the bot"
        for channel in workspace.channels:
            if channel.kind is not ChannelKind.DIRECT and workspace.may_look(self._seat.user, channel):
                yield channel.name, ""

    async def _rooms(self) -> list[Offer]:
        """Names with a space are typed in quotes, and are left out."""
        with suppress(ProviderError):
            rooms = await self._seat.world.provider.list_rooms()
            return [(room.ref.name, "a live room") for room in rooms if " " not in room.ref.name]
        return []

    async def _identities(self, room_name: str) -> list[Offer]:
        provider = self._seat.world.provider
        with suppress(ProviderError):
            rooms = await provider.list_rooms([room_name])
            present = [each for room in rooms for each in await provider.list_participants(room.ref)]
            return [(each.identity, each.name) for each in present if " " not in each.identity]
        return []


def _standing(user: User) -> str:
    return "guest" if user.is_restricted else "owner" if user.is_owner else "member"


def _options(command: type[Command], given: tuple[str, ...]) -> Iterator[Offer]:
    for name, field in command.model_fields.items():
        if name not in command.positionals() and not is_hidden(field) and option(name) not in given:
            yield option(name), field.description or ""
