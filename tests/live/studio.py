"""The whole bot between a stand-in Slack and a real LiveKit server, and people who come into its rooms."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from livekit.api import ListParticipantsRequest, ListRoomsRequest, LiveKitAPI, ParticipantInfo, Room

from bot.demo.slack import Message
from bot.demo.world import Transport, World, free_port
from commands.core.ports import Clock
from commands.core.tokens import quote
from providers.base import TrackSource
from tests.bot.conversations.talk import ask, card, note, press, public
from tests.live.clients import Client
from tests.live.redis import RedisServer
from tests.live.server import KEY, SECRET, LiveKitServer
from tests.providers.stage import eventually
from tests.standins import presence
from tests.standins.agents.worker import AgentWorker
from tests.standins.egress.egress import ACTIVE, Egress
from tests.standins.egress.worker import EgressWorker, admission
from tests.standins.ingress.worker import IngressWorker
from tests.standins.psrpc import Bus
from tests.standins.sip.service import SipService

ROOM = "standup"
RECORDING, STREAM = f"Recording of {ROOM}", f"Stream of {ROOM}"
"""What the cards are called."""

FIRST, SECOND = "rtmp://live.example.com/app/first-key-of-ours", "rtmp://b.example.com/app/second-key-of-ours"
THIRD = "rtmps://media.example.com:443/app/third-key-of-ours"
"""Where streams may go, with their keys."""


RTMP, WHIP = "rtmp://ingress.example.com/live", "https://ingress.example.com/whip"
"""Where encoders send to."""

INGRESS_ADDRESSES = f"ingress: {{rtmp_base_url: {RTMP!r}, whip_base_url: {WHIP!r}}}\n"
"""YAML of a server that tells it."""


class Studio:
    """Omar, an operator, types and presses. What is seen is what he is told, the room's card, and what clients get."""

    def __init__(
        self,
        world: World,
        server: LiveKitServer,
        api: LiveKitAPI,
        people: AsyncExitStack,
        redis: str | None = None,
    ) -> None:
        self.world = world
        self.server = server
        self.api = api
        self._people = people
        self._redis = redis
        self._worker: EgressWorker | None = None
        self._ingress: IngressWorker | None = None
        self._phones: SipService | None = None
        self._agents: dict[str, AgentWorker] = {}
        self._ways: dict[str, tuple[str, str]] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        directory: Path,
        *,
        settings: str = "",
        transport: Transport = "http",
        redis: bool = False,
        worker: bool = False,
        ingress: bool = False,
        phones: bool = False,
        agents: Sequence[str] = (),
        true_waits: bool = False,
        provider: str = "",
        clock: Clock | None = None,
    ) -> "AsyncIterator[Studio]":
        """`settings` is YAML of the server's own configuration, to be added; `provider` is TOML of the bot's for it.

        With `redis` alone the server keeps egress, ingress and SIP, and has nobody who does it: an egress `worker`,
        one for `ingress` (to which the server's configuration then tells the way) and a service for `phones` bring it
        along. `agents` are the names that are served, which needs none. The bot and Slack go by `clock`, the server
        by its own.
        """
        port = free_port()
        redis = redis or worker or ingress or phones
        async with AsyncExitStack() as stack:
            address = (await stack.enter_async_context(RedisServer())).address if redis else None
            server = await stack.enter_async_context(
                LiveKitServer(
                    webhook_url=f"http://127.0.0.1:{port}/webhooks/livekit",
                    settings=(INGRESS_ADDRESSES if ingress else "") + settings,
                    redis=address,
                    true_waits=true_waits,
                )
            )
            keys = f'url = "{server.url}"\napi_key = "{KEY}"\napi_secret = "{SECRET}"\n'
            providers = f'[providers.livekit]\nkind = "livekit"\n{keys}{provider}'
            world = await stack.enter_async_context(
                await World.open(directory, transport=transport, providers=providers, port=port, clock=clock)
            )
            if not redis:  # which buttons there are must not depend on whether the bot has looked already
                await world.provider.inspect()
            api = await stack.enter_async_context(LiveKitAPI(server.url, KEY, SECRET))
            people = await stack.enter_async_context(AsyncExitStack())
            studio = cls(world, server, api, people, address)
            if worker:
                await studio.hire()
            if ingress:
                await studio.hire_ingress()
            if phones:
                await studio.hire_phones()
            for name in agents:
                await studio.hire_agents(name)
            yield studio

    @property
    def worker(self) -> EgressWorker:
        """The stand-in egress service, in a studio that has one."""
        assert self._worker is not None, "This studio was opened without a worker."
        return self._worker

    @property
    def ingress(self) -> IngressWorker:
        """The stand-in ingress service. Who sends is in the room."""
        assert self._ingress is not None, "This studio was opened without an ingress worker."
        return self._ingress

    @property
    def phones(self) -> SipService:
        """The stand-in SIP service."""
        assert self._phones is not None, "This studio was opened without telephones."
        return self._phones

    def agents(self, name: str) -> AgentWorker:
        """The stand-in agent worker that serves this name."""
        assert name in self._agents, f"Nobody serves {name!r} in this studio."
        return self._agents[name]

    async def hire(self) -> EgressWorker:
        """A worker begins to work for a server that has Redis."""
        hired = EgressWorker(self._address, admission=admission(self.server.ws_url, KEY, SECRET))
        self._worker = await self._people.enter_async_context(hired)
        return self._worker

    async def hire_ingress(self) -> IngressWorker:
        hired = IngressWorker(Bus(self._address), admission=self._admission)
        hired.joins = True
        self._ingress = await self._people.enter_async_context(hired)
        return self._ingress

    async def hire_phones(self) -> SipService:
        hired = SipService(Bus(self._address), admission=self._admission)
        self._phones = await self._people.enter_async_context(hired)
        return self._phones

    async def hire_agents(self, name: str) -> AgentWorker:
        hired = AgentWorker(self.server.ws_url, KEY, SECRET, name)
        self._agents[name] = await self._people.enter_async_context(hired)
        return self._agents[name]

    async def ask(self, *words: str) -> Message:
        """Type `/video` and these words, the bare ones as they are; what needs quotes comes by `quote`."""
        return await ask(self.world, self.world.operator, " ".join(["/video", *words]))

    async def press(self, message: Message, button: str) -> Message:
        """Press a button; returns the answer."""
        return await press(self.world, self.world.operator, message, button)

    async def card(self, *words: str) -> Message:
        """The newest card of `ROOM`, as soon as it says all of this."""
        return await card(self.world, ROOM, *words)

    async def feed(self, title: str, *words: str) -> Message:
        """The newest card of this title, such as `Recording of standup`, that says all of this, waited for."""

        def found() -> Message | None:
            cards = [m for m in public(self.world) if m.thread_ts is None and m.lines[0] == title]
            return next((m for m in reversed(cards) if all(each in m.words for each in words)), None)

        return await self.world.slack.until(found)

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

    async def perform(self, identity: str, *sources: TrackSource, room: str = ROOM) -> tuple[Client, list[str]]:
        """Somebody comes in and sends this. Returns the ids of the tracks too, once the server lists them."""
        client = await self.enter(identity, room=room)
        tracks = [await client.publish(source) for source in sources]
        await self.until_listed(identity, len(tracks), room=room)
        return client, tracks

    async def begun(self, *words: str) -> Egress:
        """The egress that this command begins, once it is live."""
        await self.ask(*words)
        return await self._next_live()

    async def begun_by(self, message: Message, button: str) -> Egress:
        """The egress that this button begins, once it is live."""
        await self.press(message, button)
        return await self._next_live()

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

    @property
    def _address(self) -> str:
        assert self._redis is not None, "A worker needs Redis."
        return self._redis

    @property
    def _admission(self) -> presence.Admission:
        return presence.admission(self.server.ws_url, KEY, SECRET)

    async def _next_live(self) -> Egress:
        egress = await self.worker.next()
        await egress.until(ACTIVE)
        return egress


def _way_in(answer: Message) -> tuple[str, str]:
    """The address and the token that an answer shows."""
    lines = answer.words.splitlines()
    token = next(line.strip("`") for line in lines if line.startswith("`eyJ"))
    address = next(line for line in lines if line.startswith("ws://"))
    return address, token
