"""What one can do at the prompt beside what one can do in Slack: change who and where one is, play the video server."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import Final, TypeVar

from bot.demo.people import in_words
from bot.demo.slack import Channel, Message, User, View
from bot.demo.slack.things import ChannelKind
from bot.demo.world import World
from providers.base import ConnectionQuality, Recording, TrackSource
from providers.errors import ProviderError
from providers.memory.provider import Memory
from providers.memory.server import MemoryServer

E = TypeVar("E", bound=StrEnum)

DIRECT: Final = "dm"
"""The name of the conversation with the bot, in `:in`, and the verb that writes there."""

SOURCES: Final = tuple(source for source in TrackSource if source is not TrackSource.UNKNOWN)
"""What somebody in a room can send."""


CREATE_ROOM: Final = "Create video room"
FROM_MESSAGE: Final = "Start a video room"
"""The app's shortcuts, as the manifest names them."""


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
    MESSAGE = auto()
    TEXT = auto()
    """All that follows, as it is."""
    NEW = auto()


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
    name, *rest = line.removeprefix(":").split(maxsplit=1) or [""]
    verb = VERBS.get(name.lower())
    if verb is None:
        raise NotDone(f"There is no :{name}. See :help.")
    kinds = [kind for _, kind in verb.arguments]
    words = "".join(rest).split(maxsplit=len(kinds) - 1 if Kind.TEXT in kinds else -1)
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


# What one writes


async def _write_alone(seat: Seat, words: list[str]) -> str:
    """Goes there too, as the answer comes there."""
    seat.channel = seat.world.slack.workspace.dm(seat.user)
    if words:
        await seat.write(words[0])
    return ""


async def _reply(seat: Seat, words: list[str]) -> str:
    await seat.write(words[1], under=seat.message(words[0]))
    return ""


# Slack's other ways in


async def _home(seat: Seat, words: list[str]) -> str:
    """Open it, or press a button of it, whose answer comes to the conversation with the bot."""
    slack, user = seat.world.slack, seat.user
    view = slack.home_of(user)
    if not words:
        await slack.open_home(user)
        return _numbered(await slack.until(lambda: _other_than(view, slack.home_of(user))))
    buttons = [] if view is None else view.buttons
    number = int(words[0]) if words[0].isdecimal() else 0
    if view is None or not 1 <= number <= len(buttons):
        raise NotDone(f"There is no button {words[0]} on the Home. :home shows it.")
    await slack.press(user, view, buttons[number - 1].action_id)
    if buttons[number - 1].action_id.startswith("cmd:"):
        seat.channel = slack.workspace.dm(user)
    return f"{user.name} presses {buttons[number - 1].label}."


def _other_than(before: View | None, view: View | None) -> View | None:
    """A Home that was published since, by what the video servers have said."""
    fresh = view is not None and (before is None or before.hash != view.hash)
    return view if fresh and view is not None and "not asked yet" not in view.words else None


def _numbered(view: View) -> str:
    """What stands on it, its buttons with the numbers that press them."""
    words, at = view.words, 0
    for number, button in enumerate(view.buttons, 1):
        at = words.index(f"[{button.label}]", at)
        words = f"{words[:at]}[{number} {button.label}]{words[at + len(button.label) + 2 :]}"
    return words


async def _choose(seat: Seat, words: list[str]) -> str:
    slack = seat.world.slack
    if not words:
        await slack.shortcut(seat.user, CREATE_ROOM)
        return f"{seat.user.name} chooses {CREATE_ROOM} in Slack's menu."
    await slack.message_shortcut(seat.user, seat.message(words[0]), FROM_MESSAGE)
    return f"{seat.user.name} chooses {FROM_MESSAGE} in the menu of message {words[0]}."


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
            "Type what you would type in Slack, such as /video help or @showcaller help, or the number of a button.",
            "Besides:",
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
    DIRECT: Verb((("TEXT", Kind.TEXT),), 0, "write to the bot alone, and stay there", _write_alone),
    "reply": Verb((("N", Kind.MESSAGE), ("TEXT", Kind.TEXT)), 2, "write in the thread of message N", _reply),
    "home": Verb((("N", Kind.NEW),), 0, "open the app's Home tab, or press button N of it", _home),
    "shortcut": Verb((("N", Kind.MESSAGE),), 0, "make a room from Slack's menu, or from that of message N", _choose),
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
