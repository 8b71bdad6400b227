"""What Tab offers at the prompt: commands and options as the models declare them, rooms, people, channels."""

from collections.abc import Iterable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from bot.demo.slack.things import ChannelKind
from bot.demo.verbs import DIRECT, VERBS, Kind, Seat
from commands.core.base import Command, RoomName, has
from commands.core.fields import is_hidden, option
from commands.core.registry import Commands

Offer = tuple[str, str]
"""What can stand at the cursor, and what it is."""


class Completions(Completer):
    def __init__(self, seat: Seat, commands: Commands) -> None:
        self._seat = seat
        self._commands = commands

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        for words, meaning in self.offers(document.text_before_cursor):
            typed = document.text_before_cursor.rpartition(" ")[2]
            yield Completion(words, -len(typed), display_meta=meaning)

    def offers(self, line: str) -> list[Offer]:
        """What begins like the word that the line ends with."""
        *before, word = line.split(" ")
        before = [each for each in before if each]
        return [offer for offer in self._all(before) if offer[0].startswith(word) and offer[0] != word]

    def _all(self, before: list[str]) -> Iterable[Offer]:
        if not before:
            yield self._seat.world.settings.commands.slash, "a command to the bot"
            yield from ((f":{name}", verb.help) for name, verb in VERBS.items())
        elif before[0].startswith(":"):
            yield from self._argument(before)
        elif before[0] == self._seat.world.settings.commands.slash:
            yield from self._words(tuple(before[1:]))

    def _argument(self, before: list[str]) -> Iterable[Offer]:
        verb = VERBS.get(before[0].removeprefix(":"))
        if verb is None or len(before) > len(verb.arguments):
            return
        match verb.arguments[len(before) - 1][1]:
            case Kind.PERSON:
                for user in self._seat.world.slack.workspace.people:
                    yield user.name, "guest" if user.is_restricted else "owner" if user.is_owner else "member"
            case Kind.CHANNEL:
                yield from self._channels()
            case Kind.ROOM:
                yield from self._rooms()
            case Kind.IDENTITY:
                yield from self._identities(before[1])
            case Kind.NEW:
                return

    def _words(self, typed: tuple[str, ...]) -> Iterable[Offer]:
        """After the slash command: the next word of a path, or, where that is complete, arguments and options."""
        following: dict[str, str] = {}
        for path, command in self._commands.items():
            if len(path) > len(typed) and path[: len(typed)] == typed:
                is_whole = len(path) == len(typed) + 1
                following.setdefault(path[len(typed)], command.summary() if is_whole else "")
        yield from following.items()
        known = [n for n in range(len(typed), 0, -1) if typed[:n] in self._commands]
        if known:
            yield from self._arguments(self._commands[typed[: known[0]]], typed[known[0] :])

    def _arguments(self, command: type[Command], given: tuple[str, ...]) -> Iterable[Offer]:
        fields = command.model_fields
        if not given and any(has(field, RoomName) for field in fields.values()):
            yield from self._rooms()
        for name, field in fields.items():
            if name not in command.positionals() and not is_hidden(field) and option(name) not in given:
                yield option(name), field.description or ""

    def _channels(self) -> Iterable[Offer]:
        workspace = self._seat.world.slack.workspace
        yield DIRECT, "with the bot"
        for channel in workspace.channels:
            if channel.kind is not ChannelKind.DIRECT and workspace.may_look(self._seat.user, channel):
                yield channel.name, ""

    def _rooms(self) -> Iterable[Offer]:
        """Names with a space are typed in quotes, and are left out."""
        for room in self._seat.world.memory.server.list_rooms():
            if " " not in room.ref.name:
                yield room.ref.name, "a live room"

    def _identities(self, room_name: str) -> Iterable[Offer]:
        server = self._seat.world.memory.server
        for room in server.list_rooms([room_name]):
            for participant in server.list_participants(room.ref):
                yield participant.identity, participant.name
