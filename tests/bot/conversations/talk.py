"""What people do in a conversation over and over: ask and be answered, press, fill in, look at a card."""

import asyncio
import sqlite3
from contextlib import closing

from bot.demo.slack import Ack, Channel, Message, User, View
from bot.demo.world import World


def accepted(ack: Ack) -> None:
    """The bot acknowledged as Slack wants it, in time."""
    assert (ack.status, ack.problem) == (200, None), ack


async def ask(world: World, who: User, text: str, *, channel: Channel | None = None) -> Message:
    """Type a line. Returns the answer, which the asker alone sees."""
    place = channel or world.general
    before = _heard(world, who, place)
    accepted(await world.slack.command(who, place, text))
    return await world.slack.until(lambda: _news(world, who, place, before))


async def press(world: World, who: User, message: Message, button: str) -> Message:
    """Press a button of a message. Returns the answer, be it a new one or in the place of what was pressed."""
    place = next(channel for channel in world.slack.workspace.channels if channel.id == message.channel)
    before = _heard(world, who, place)
    accepted(await world.slack.press(who, message, button))
    return await world.slack.until(lambda: _news(world, who, place, before))


async def press_in_place(world: World, who: User, message: Message, button: str) -> Message:
    """Press a button whose answer takes the place of the message, whoever sees that."""
    place = next(channel for channel in world.slack.workspace.channels if channel.id == message.channel)
    accepted(await world.slack.press(who, message, button))
    return await world.slack.until(
        lambda: next((m for m in world.slack.seen_by(who, place) if m.ts == message.ts and m != message), None)
    )


def heard(world: World, who: User, channel: Channel | None = None) -> list[Message]:
    """What was said to that person alone, the oldest first."""
    return [m for m in world.slack.seen_by(who, channel or world.general) if m.ephemeral_to]


def _heard(world: World, who: User, channel: Channel) -> dict[str, Message]:
    return {message.ts: message for message in heard(world, who, channel)}


def _news(world: World, who: User, channel: Channel, before: dict[str, Message]) -> Message | None:
    """Not the word that it takes longer than usual, which comes first on a busy machine."""
    found = (m for m in heard(world, who, channel) if before.get(m.ts) != m)
    return next((m for m in found if "takes longer than usual" not in m.words), None)


async def form(world: World, who: User, text: str) -> View:
    """Type a line that opens a form."""
    accepted(await world.slack.command(who, world.general, text))
    return await opened(world, who)


async def opened(world: World, who: User, *, after: View | None = None) -> View:
    """The form before that person, once it has looked at what it is about; another state than `after` where given."""

    def present() -> View | None:
        view = world.slack.view_of(who)
        if view is not None and ("Looking at " in view.words or (after is not None and view.hash == after.hash)):
            return None
        return view

    return await world.slack.until(present)


def public(world: World, channel: Channel | None = None) -> list[Message]:
    """What everybody sees, threads too."""
    return [m for m in world.slack.workspace.messages(channel or world.general) if m.ephemeral_to is None]


async def card(world: World, title: str, *words: str, channel: Channel | None = None) -> Message:
    """The newest card with that title, as soon as it says all of `words`."""

    def found() -> Message | None:
        cards = [m for m in public(world, channel) if m.thread_ts is None and m.lines[0] == title]
        return cards[-1] if cards and all(each in cards[-1].words for each in words) else None

    return await world.slack.until(found)


async def note(world: World, under: Message, *words: str) -> Message:
    """What is said in the thread of a card."""
    return await world.slack.until(
        lambda: next(
            (m for m in public(world) if m.thread_ts == under.ts and all(each in m.words for each in words)), None
        )
    )


async def mention(
    world: World, who: User, text: str, *, under: Message | None = None, channel: Channel | None = None
) -> Message:
    """Write with a mention of the bot in it. Returns what the bot says under that for all to read."""
    place = channel or world.general
    asked = await world.slack.write(who, place, text, under=under)
    return await reply(world, place, asked.thread_ts or asked.ts, after=asked)


async def tell(world: World, who: User, text: str) -> Message:
    """Write to the bot alone. Returns what it says there."""
    channel = world.slack.workspace.dm(who)
    asked = await world.slack.write(who, channel, text)
    return await reply(world, channel, None, after=asked)


async def reply(world: World, channel: Channel, thread_ts: str | None, *, after: Message) -> Message:
    """The first message of the bot there that everybody sees."""
    return await world.slack.until(
        lambda: next(
            (
                m
                for m in public(world, channel)
                if m.thread_ts == thread_ts and m.ts > after.ts and m.user == world.slack.bot_user_id
            ),
            None,
        )
    )


def labels(message: Message | View) -> list[str]:
    return [button.label for button in message.buttons]


def rooms(world: World) -> list[str]:
    """The names of the live rooms, as the server itself has them."""
    return [room.ref.name for room in world.memory.server.list_rooms()]


def attempts(world: World) -> list[tuple[str, str | None]]:
    """What was tried and how it ended, by the bot's own book."""
    with closing(sqlite3.connect(world.directory / "showcaller.db")) as db:
        return db.execute("SELECT words, outcome FROM attempt ORDER BY id").fetchall()


def doors(world: World) -> list[tuple[str, str]]:
    """Through which door each was asked, and what."""
    with closing(sqlite3.connect(world.directory / "showcaller.db")) as db:
        return db.execute("SELECT door, path FROM attempt ORDER BY id").fetchall()


async def forget_forms(world: World) -> None:
    """As after half an hour: nothing is kept of what open forms hold, nor of where their answers go.

    In a thread, as the bot may hold the lock and needs the loop to let go of it.
    """

    def forget() -> int:
        with closing(sqlite3.connect(world.directory / "showcaller.db")) as db, db:
            return db.execute("UPDATE draft SET expires_at = 0").rowcount

    assert await asyncio.to_thread(forget)


def database(world: World) -> bytes:
    """Every byte of the database and of the files beside it."""
    return b"".join(path.read_bytes() for path in sorted(world.directory.glob("showcaller.db*")))
