"""The whole bot between a stand-in Slack and a real LiveKit server, and people who come into its rooms."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from livekit.api import ListParticipantsRequest, ListRoomsRequest, LiveKitAPI, ParticipantInfo, Room

from bot.demo.slack import Message
from bot.demo.world import Transport, World, free_port
from commands.core.tokens import quote
from tests.bot.conversations.talk import ask, card, note, press
from tests.live.clients import Client
from tests.live.server import KEY, SECRET, LiveKitServer
from tests.providers.stage import eventually

ROOM = "standup"


class Studio:
    """Omar, an operator, types and presses. What is seen is what he is told, the room's card, and what clients get."""

    def __init__(self, world: World, server: LiveKitServer, api: LiveKitAPI, people: AsyncExitStack) -> None:
        self.world = world
        self.server = server
        self.api = api
        self._people = people
        self._ways: dict[str, tuple[str, str]] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, directory: Path, *, settings: str = "", transport: Transport = "http"
    ) -> "AsyncIterator[Studio]":
        """`settings` is YAML of the server's own configuration, to be added."""
        port = free_port()
        async with AsyncExitStack() as stack:
            webhooks = f"http://127.0.0.1:{port}/webhooks/livekit"
            server = await stack.enter_async_context(LiveKitServer(webhook_url=webhooks, settings=settings))
            keys = f'url = "{server.url}"\napi_key = "{KEY}"\napi_secret = "{SECRET}"\n'
            providers = f'[providers.livekit]\nkind = "livekit"\n{keys}'
            world = await stack.enter_async_context(
                await World.open(directory, transport=transport, providers=providers, port=port)
            )
            api = await stack.enter_async_context(LiveKitAPI(server.url, KEY, SECRET))
            people = await stack.enter_async_context(AsyncExitStack())
            yield cls(world, server, api, people)

    async def ask(self, *words: str) -> Message:
        """Type `/video` and these words, the bare ones as they are; what needs quotes comes by `quote`."""
        return await ask(self.world, self.world.operator, " ".join(["/video", *words]))

    async def press(self, message: Message, button: str) -> Message:
        """Press a button; returns the answer."""
        return await press(self.world, self.world.operator, message, button)

    async def card(self, *words: str) -> Message:
        """The newest card of `ROOM`, as soon as it says all of this."""
        return await card(self.world, ROOM, *words)

    async def note(self, under: Message, *words: str) -> Message:
        """What is said in the thread of a card."""
        return await note(self.world, under, *words)

    async def token(self, identity: str, *options: str, room: str = ROOM) -> tuple[str, str]:
        """Address and token, as the asker is shown them."""
        answer = await self.ask("token create", quote(room), "--identity", quote(identity), *options)
        self._ways[identity] = _way_in(answer)
        return self._ways[identity]

    async def enter(self, identity: str, *options: str, room: str = ROOM) -> Client:
        """Somebody comes in by a token that was asked for in Slack, and goes when the test is over."""
        return await self.come(await self.token(identity, *options, room=room))

    def way_of(self, identity: str) -> tuple[str, str]:
        """The address and the token that somebody came in by."""
        return self._ways[identity]

    async def rooms(self) -> list[Room]:
        """The live rooms, as the server's own API tells them."""
        return list((await self.api.room.list_rooms(ListRoomsRequest())).rooms)

    async def people(self, room: str = ROOM) -> dict[str, ParticipantInfo]:
        """Who is in a room by the server's own API, by identity."""
        present = await self.api.room.list_participants(ListParticipantsRequest(room=room))
        return {who.identity: who for who in present.participants}

    async def until_listed(self, identity: str, tracks: int, *, room: str = ROOM) -> None:
        """The server lists a track when its first packets have come, a moment after the publisher was told its id."""

        async def listed() -> bool:
            return len((await self.people(room))[identity].tracks) == tracks

        await eventually(listed)

    async def until_gone(self, identity: str, *, room: str = ROOM) -> None:
        async def gone() -> bool:
            return identity not in await self.people(room)

        await eventually(gone)

    async def come(self, way: tuple[str, str]) -> Client:
        """Somebody comes in by a token that was made before."""
        return await self._people.enter_async_context(await Client.join(*way))


def _way_in(answer: Message) -> tuple[str, str]:
    """The address and the token that an answer shows."""
    lines = answer.words.splitlines()
    token = next(line.strip("`") for line in lines if line.startswith("`eyJ"))
    address = next(line for line in lines if line.startswith("ws://"))
    return address, token
