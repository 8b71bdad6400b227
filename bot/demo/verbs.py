"""What one can do at the prompt beside what one can do in Slack: change who and where one is, play the video server."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Final, TypeVar

from bot.demo.people import in_words
from bot.demo.slack import Channel, User
from bot.demo.slack.things import ChannelKind
from bot.demo.world import World
from providers.base import ConnectionQuality, Recording, TrackSource
from providers.errors import ProviderError
from providers.memory.provider import Memory
from providers.memory.server import MemoryServer

E = TypeVar("E", bound=StrEnum)

DIRECT: Final = "dm"
"""The name of the conversation with the bot, in `:in`."""

SOURCES: Final = tuple(source for source in TrackSource if source is not TrackSource.UNKNOWN)
"""What somebody in a room can send."""


class NotDone(Exception):
    """Why a verb could not be carried out, for whoever typed it."""


class Kind(Enum):
    """What an argument names, so that it can be completed."""

    PERSON = auto()
    CHANNEL = auto()
    ROOM = auto()
    IDENTITY = auto()
    SOURCE = auto()
    QUALITY = auto()
    NEW = auto()


@dataclass(slots=True)
class Seat:
    """Who sits at the prompt, and where."""

    world: World
    user: User
    channel: Channel
    leaving: bool = False

    @property
    def name(self) -> str:
        """`ana (owner)`."""
        if self.user.is_owner:
            return f"{self.user.name} (owner)"
        return f"{self.user.name} ({'guest' if self.user.is_restricted else 'member'})"

    @property
    def place(self) -> str:
        return "a direct message" if self.channel.kind is ChannelKind.DIRECT else f"#{self.channel.name}"


@dataclass(frozen=True, slots=True)
class Verb:
    """`act` gets as many words as there are arguments, less those left out at the end; returns what to say.

    `least` of the arguments are required.
    """

    arguments: tuple[tuple[str, Kind], ...]
    least: int
    help: str
    act: Callable[[Seat, list[str]], Awaitable[str]]

    @property
    def usage(self) -> str:
        words = [name if n < self.least else f"[{name}]" for n, (name, _) in enumerate(self.arguments)]
        return " ".join(words)


async def carry_out(seat: Seat, line: str) -> str:
    """Do what a line with a leading colon says; returns what to say. Raises `NotDone`."""
    name, *words = line.removeprefix(":").split() or [""]
    verb = VERBS.get(name.lower())
    if verb is None:
        raise NotDone(f"There is no :{name}. See :help.")
    if not verb.least <= len(words) <= len(verb.arguments):
        raise NotDone(f"Type :{name.lower()} {verb.usage}".rstrip() + ".")
    try:
        return await verb.act(seat, words)
    except ProviderError as error:
        raise NotDone(f"The video server refuses: {error}.") from None
    except ValueError as error:
        raise NotDone(f"{error}.") from None


# Who and where


async def _become(seat: Seat, words: list[str]) -> str:
    user = seat.world.slack.workspace.user_named(words[0].removeprefix("@"))
    if user is None or user.is_bot:
        names = ", ".join(each.name for each in seat.world.slack.workspace.people)
        raise NotDone(f"There is no {words[0]} here; there are {names}.")
    seat.user = user
    if not seat.world.slack.workspace.may_look(user, seat.channel):
        seat.channel = seat.world.general
    return ""


async def _go(seat: Seat, words: list[str]) -> str:
    workspace = seat.world.slack.workspace
    name = words[0].removeprefix("#")
    channel = workspace.dm(seat.user) if name == DIRECT else workspace.channel_named(name)
    if channel is None:
        raise NotDone(f"There is no #{name}. :channel {name} makes it.")
    if not workspace.may_look(seat.user, channel):
        raise NotDone(f"{seat.user.name} cannot see #{name}.")
    seat.channel = channel
    return ""


async def _make_channel(seat: Seat, words: list[str]) -> str:
    workspace = seat.world.slack.workspace
    seat.channel = workspace.add_channel(words[0].removeprefix("#"), members=workspace.people, bot=False)
    return f"#{seat.channel.name} is new, so the bot is not in it yet. :invite brings it in."


async def _invite(seat: Seat, words: list[str]) -> str:
    """Slack tells the bot that it was let in."""
    slack = seat.world.slack
    if slack.bot_user_id in seat.channel.members:
        raise NotDone("The bot is here already.")
    slack.workspace.invite(seat.channel, slack.workspace.bot)
    await slack.event({"type": "member_joined_channel", "user": slack.bot_user_id, "channel": seat.channel.id})
    return "The bot is here."


# The video server


async def _join(seat: Seat, words: list[str]) -> str:
    room, identity = words
    await seat.world.people.join(room, identity)
    return f"On the video server, {identity} is in {room}."


async def _leave(seat: Seat, words: list[str]) -> str:
    room, identity = words
    await seat.world.people.leave(room, identity)
    return f"On the video server, {identity} has left {room}."


async def _publish(seat: Seat, words: list[str]) -> str:
    room, identity, source = _what(words)
    await seat.world.people.publish(room, identity, source)
    return f"On the video server, {identity} sends {source} to {room}."


async def _unpublish(seat: Seat, words: list[str]) -> str:
    room, identity, source = _what(words)
    await seat.world.people.unpublish(room, identity, source)
    return f"On the video server, {identity} has stopped sending {source} to {room}."


async def _heard(seat: Seat, words: list[str]) -> str:
    room, identity = words
    said = [f"{identity} got {in_words(signal)}" for signal in seat.world.people.heard(room, identity)]
    return "\n".join(said) or f"No message has come to {identity} in {room}."


async def _quality(seat: Seat, words: list[str]) -> str:
    room, identity, quality = words
    _in_memory(seat).set_quality(room, identity, _one_of(list(ConnectionQuality), quality))
    return f"On the video server, the connection of {identity} is {quality}."


async def _fail(seat: Seat, words: list[str]) -> str:
    recording = _running(seat, words)
    _in_memory(seat).fail_recording(recording.ref.id, "the disk is full")
    return f"On the video server, the recording of {recording.room.name} has failed."


async def _finish(seat: Seat, words: list[str]) -> str:
    recording = _running(seat, words)
    _in_memory(seat).finish_recording(recording.ref.id)
    return f"On the video server, the recording of {recording.room.name} has ended."


def _running(seat: Seat, words: list[str]) -> Recording:
    """The newest that runs, of the room that is named where one is."""
    for recording in _in_memory(seat).list_recordings():
        if not recording.status.is_final and recording.room.name in (words or [recording.room.name]):
            return recording
    raise NotDone(f"No recording{f' of {words[0]}' if words else ''} runs.")


def _in_memory(seat: Seat) -> MemoryServer:
    """For what no client can bring about."""
    provider = seat.world.provider
    if isinstance(provider, Memory):
        return provider.server
    raise NotDone(f"Only a video server in memory can be made to do that; this one is {provider.kind}.")


def _what(words: list[str]) -> tuple[str, str, TrackSource]:
    room, identity, source = [*words, TrackSource.MICROPHONE][:3]
    return room, identity, _one_of(SOURCES, source)


def _one_of(choices: Sequence[E], word: str) -> E:
    for choice in choices:
        if choice == word.lower():
            return choice
    raise NotDone(f"There is no {word}; there are {', '.join(choices)}.")


# The rest


async def _restart(seat: Seat, words: list[str]) -> str:
    await seat.world.restart()
    return "The bot has stopped and started again."


async def _screen(seat: Seat, words: list[str]) -> str:
    """The prompt draws everything after each verb that says nothing."""
    return ""


async def _help(seat: Seat, words: list[str]) -> str:
    rows = [(f":{name} {verb.usage}".strip(), verb.help) for name, verb in VERBS.items()]
    width = max(len(usage) for usage, _ in rows)
    return "\n".join(
        [
            "Type what you would type in Slack, such as /video help, or the number of a button. Besides:",
            *(f"  {usage:<{width}}  {help}" for usage, help in rows),
        ]
    )


async def _quit(seat: Seat, words: list[str]) -> str:
    seat.leaving = True
    return "Bye."


_ROOM_AND_IDENTITY: Final = (("ROOM", Kind.ROOM), ("WHO", Kind.IDENTITY))
_ROOM_IDENTITY_SOURCE: Final = (*_ROOM_AND_IDENTITY, ("WHAT", Kind.SOURCE))
_ROOM: Final = (("ROOM", Kind.ROOM),)

VERBS: Final[Mapping[str, Verb]] = {
    "as": Verb((("PERSON", Kind.PERSON),), 1, "be somebody else", _become),
    "in": Verb((("CHANNEL", Kind.CHANNEL),), 1, f"go to a channel; {DIRECT} is your conversation with the bot", _go),
    "channel": Verb((("NAME", Kind.NEW),), 1, "make a channel and go there", _make_channel),
    "invite": Verb((), 0, "bring the bot into this channel", _invite),
    "join": Verb(_ROOM_AND_IDENTITY, 2, "somebody joins a room on the video server", _join),
    "leave": Verb(_ROOM_AND_IDENTITY, 2, "somebody leaves it", _leave),
    "publish": Verb(_ROOM_IDENTITY_SOURCE, 2, "somebody sends sound, or what is named: camera, ...", _publish),
    "unpublish": Verb(_ROOM_IDENTITY_SOURCE, 2, "somebody stops sending it", _unpublish),
    "heard": Verb(_ROOM_AND_IDENTITY, 2, "show the messages that somebody has got", _heard),
    "quality": Verb((*_ROOM_AND_IDENTITY, ("HOW", Kind.QUALITY)), 3, "make a connection poor, good, ...", _quality),
    "fail": Verb(_ROOM, 0, "let the running recording fail", _fail),
    "finish": Verb(_ROOM, 0, "let the running recording end of itself", _finish),
    "restart": Verb((), 0, "stop the bot and start it again", _restart),
    "screen": Verb((), 0, "show everything again", _screen),
    "help": Verb((), 0, "show this", _help),
    "quit": Verb((), 0, "end the demo, like Ctrl-D", _quit),
}
