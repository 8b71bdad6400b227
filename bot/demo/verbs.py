"""What one can do at the prompt beside what one can do in Slack: change who and where one is, play the video server."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from bot.demo import server_verbs as server
from bot.demo.seat import NotDone, Seat
from bot.demo.slack import View
from providers.errors import ProviderError

DIRECT: Final = "dm"
"""The name of the conversation with the bot, in `:in`, and the verb that writes there."""

CREATE_ROOM: Final = "Create video room"
FROM_MESSAGE: Final = "Start a video room"
"""The app's shortcuts, as the manifest names them."""


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
    "join": Verb(_ROOM_AND_IDENTITY, 2, "somebody joins a room on the video server", server.join),
    "leave": Verb(_ROOM_AND_IDENTITY, 2, "somebody leaves it", server.leave),
    "publish": Verb(_ROOM_IDENTITY_SOURCE, 2, "somebody sends sound, or what is named: camera, ...", server.publish),
    "unpublish": Verb(_ROOM_IDENTITY_SOURCE, 2, "somebody stops sending it", server.unpublish),
    "heard": Verb(_ROOM_AND_IDENTITY, 2, "show the messages that somebody has got", server.heard),
    "quality": Verb(
        (*_ROOM_AND_IDENTITY, ("HOW", Kind.QUALITY)), 3, "make a connection poor, good, ...", server.quality
    ),
    "fail": Verb(_ROOM, 0, "let the running recording fail", server.fail),
    "finish": Verb(_ROOM, 0, "let the running recording end of itself", server.finish),
    "break": Verb(_ROOM, 0, "let the running stream lose a platform", server.break_stream),
    "offair": Verb(_ROOM, 0, "let the running stream end of itself", server.end_stream),
    "encoder": Verb(
        (("ON", Kind.NEW), *_ROOM), 1, "on, off or fail: what the encoder of the newest ingress does", server.encoder
    ),
    "call": Verb((("ROOM", Kind.ROOM), ("NUMBER", Kind.NEW)), 2, "somebody calls in by telephone", server.call),
    "workers": Verb((("ON", Kind.NEW),), 1, "on or off: whether anybody there can record and stream", server.workers),
    "restart": Verb((), 0, "stop the bot and start it again", _restart),
    "screen": Verb((), 0, "show everything again", _screen),
    "help": Verb((), 0, "show this", _help),
    "quit": Verb((), 0, "end the demo, like Ctrl-D", _quit),
}
