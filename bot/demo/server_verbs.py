"""What one can do at the prompt on the video server: be the people in its rooms, and what goes wrong there."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, TypeVar

from bot.demo.people import in_words
from bot.demo.seat import NotDone, Seat
from providers.base import ConnectionQuality, DestinationStatus, Ingress, Recording, Stream, TrackSource
from providers.memory.provider import Memory
from providers.memory.server import MemoryServer

E = TypeVar("E", bound=StrEnum)

SOURCES: Final = tuple(source for source in TrackSource if source is not TrackSource.UNKNOWN)
"""What somebody in a room can send."""


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


class Sending(StrEnum):
    """What an encoder does."""

    ON = "on"
    OFF = "off"
    FAIL = "fail"


async def join(seat: Seat, words: list[str]) -> str:
    room, identity = words
    await seat.world.people.join(room, identity)
    return f"On the video server, {identity} is in {room}."


async def leave(seat: Seat, words: list[str]) -> str:
    room, identity = words
    await seat.world.people.leave(room, identity)
    return f"On the video server, {identity} has left {room}."


async def publish(seat: Seat, words: list[str]) -> str:
    room, identity, source = _what(words)
    await seat.world.people.publish(room, identity, source)
    return f"On the video server, {identity} sends {source} to {room}."


async def unpublish(seat: Seat, words: list[str]) -> str:
    room, identity, source = _what(words)
    await seat.world.people.unpublish(room, identity, source)
    return f"On the video server, {identity} has stopped sending {source} to {room}."


async def heard(seat: Seat, words: list[str]) -> str:
    room, identity = words
    said = [f"{identity} got {in_words(signal)}" for signal in seat.world.people.heard(room, identity)]
    return "\n".join(said) or f"No message has come to {identity} in {room}."


async def quality(seat: Seat, words: list[str]) -> str:
    room, identity, quality = words
    _in_memory(seat).set_quality(room, identity, _one_of(list(ConnectionQuality), quality))
    return f"On the video server, the connection of {identity} is {quality}."


async def fail(seat: Seat, words: list[str]) -> str:
    recording = _running(seat, words)
    _in_memory(seat).fail_recording(recording.ref.id, "the disk is full")
    return f"On the video server, the recording of {recording.room.name} has failed."


async def finish(seat: Seat, words: list[str]) -> str:
    recording = _running(seat, words)
    _in_memory(seat).finish_recording(recording.ref.id)
    return f"On the video server, the recording of {recording.room.name} has ended."


def _running(seat: Seat, words: list[str]) -> Recording:
    """The newest that runs, of the room that is named where one is."""
    for recording in _in_memory(seat).list_recordings():
        if not recording.status.is_final and recording.room.name in (words or [recording.room.name]):
            return recording
    raise NotDone(f"No recording{f' of {words[0]}' if words else ''} runs.")


async def break_stream(seat: Seat, words: list[str]) -> str:
    stream = _on_air(seat, words)
    live = next((each for each in stream.destinations if each.status is DestinationStatus.LIVE), None)
    if live is None:
        raise NotDone("It arrives nowhere at this moment.")
    _in_memory(seat).fail_destination(stream.ref.id, live.id, "the connection was reset")
    return f"On the video server, the stream of {stream.room.name} has lost {live.address}."


async def end_stream(seat: Seat, words: list[str]) -> str:
    stream = _on_air(seat, words)
    _in_memory(seat).end_stream(stream.ref.id)
    return f"On the video server, the stream of {stream.room.name} has ended."


async def encoder(seat: Seat, words: list[str]) -> str:
    what, server = _one_of(list(Sending), words[0]), _in_memory(seat)
    ingress = _ingress(seat, words[1:])
    name, room = ingress.shown_name, ingress.room.name
    match what:
        case Sending.ON:
            server.send_into(server.key_of(ingress.ref.id))
            return f"On the video server, {name} sends into {room}."
        case Sending.OFF:
            server.stop_sending(ingress.ref.id)
            return f"On the video server, {name} has stopped sending into {room}."
        case Sending.FAIL:
            server.fail_ingress(ingress.ref.id, "the connection was reset")
            return f"On the video server, the connection of {name} has failed."


def _ingress(seat: Seat, words: list[str]) -> Ingress:
    """The newest one, of the room that is named where one is."""
    for ingress in _in_memory(seat).list_ingresses():
        if not ingress.status.is_final and ingress.room.name in (words or [ingress.room.name]):
            return ingress
    raise NotDone(f"Nothing can be sent{f' into {words[0]}' if words else ''} yet: ingress create makes the way in.")


async def call(seat: Seat, words: list[str]) -> str:
    room, number = words
    _in_memory(seat).call_in(room, number)
    return f"On the video server, {number} has called {room}."


async def workers(seat: Seat, words: list[str]) -> str:
    server = _in_memory(seat)
    server.has_workers = _one_of(list(Switch), words[0]) is Switch.ON
    return f"The video server has {'workers' if server.has_workers else 'no worker'} that could record and stream."


def _on_air(seat: Seat, words: list[str]) -> Stream:
    """The newest stream that goes on, of the room that is named where one is."""
    for stream in _in_memory(seat).list_streams():
        if not stream.status.is_final and stream.room.name in (words or [stream.room.name]):
            return stream
    raise NotDone(f"No stream{f' of {words[0]}' if words else ''} goes on.")


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
