"""The part of the contract about data messages."""

import pytest

from providers.base import Capability, JoinToken, RoomRef, Signal
from providers.errors import NotFound, Rejected
from tests.providers.stage import Heard, Stage, fresh

TEXTS = {
    "json": '{"type": "note", "n": [1, 2.50, null]}',
    "emoji": "🎬 take 2 é",
    "lines": "one\ntwo\r\n\tthree",
    "markup": "<!channel> & <b>",
}


class Signals:
    async def test_everybody_gets_one_to_all_and_nobody_else_one_to_somebody(self, stage: Stage) -> None:
        room, tokens = await self._three(stage)
        ana, bo, cy = tokens
        await stage.provider.send_signal(room, Signal("for bo", to=("bo",)))
        await stage.provider.send_signal(room, Signal("for two", to=("bo", "cy")))
        await stage.provider.send_signal(room, Signal("for all"))
        for token, expected in (
            (ana, ["for all"]),
            (bo, ["for bo", "for two", "for all"]),
            (cy, ["for two", "for all"]),
        ):
            assert [(await stage.signal(token)).message for _ in expected] == expected

    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
    async def test_it_arrives_as_it_went(self, stage: Stage, text: str) -> None:
        room, (ana, *_) = await self._three(stage)
        await stage.provider.send_signal(room, Signal(text))
        assert await stage.signal(ana) == Heard(text)

    async def test_topic(self, stage: Stage) -> None:
        stage.needs(Capability.SIGNAL_TOPIC)
        room, (ana, *_) = await self._three(stage)
        await stage.provider.send_signal(room, Signal("hello", topic="chät"))
        assert await stage.signal(ana) == Heard("hello", "chät")

    async def test_lossy(self, stage: Stage) -> None:
        """On loopback none is lost."""
        stage.needs(Capability.SIGNAL_LOSSY)
        room, (ana, *_) = await self._three(stage)
        await stage.provider.send_signal(room, Signal("hello", lossy=True))
        assert (await stage.signal(ana)).message == "hello"

    async def test_where_one_is_gone_nobody_gets_it(self, stage: Stage) -> None:
        room, (ana, bo, cy) = await self._three(stage)
        await stage.leave(cy)
        for absent in ("nobody", "cy"):
            with pytest.raises(NotFound):
                await stage.provider.send_signal(room, Signal("lost", to=("ana", absent)))
        await stage.provider.send_signal(room, Signal("for all"))
        for token in (ana, bo):
            assert (await stage.signal(token)).message == "for all"

    async def test_the_largest_arrives_and_a_larger_one_is_rejected(self, stage: Stage) -> None:
        room, (ana, *_) = await self._three(stage)
        largest = "é" + "x" * (stage.provider.limits.signal_bytes - 2)
        with pytest.raises(Rejected):
            await stage.provider.send_signal(room, Signal(largest + "x"))
        await stage.provider.send_signal(room, Signal(largest))
        assert (await stage.signal(ana)).message == largest

    async def test_to_a_room_where_nobody_is(self, stage: Stage) -> None:
        stage.needs(Capability.SEND_SIGNAL)
        room = (await stage.create()).ref
        await stage.provider.send_signal(room, Signal("hello"))
        ana = await stage.enter(room, "ana")
        await stage.provider.send_signal(room, Signal("hello again"))
        assert (await stage.signal(ana)).message == "hello again"

    async def test_to_a_room_that_is_gone(self, stage: Stage) -> None:
        stage.needs(Capability.SEND_SIGNAL, Capability.CLOSE_ROOM)
        over = (await stage.create()).ref
        await stage.provider.close_room(over)
        for room in (over, RoomRef(stage.provider.name, "no-such-id", fresh("absent"))):
            for signal in (Signal("hello"), Signal("hello", to=("ana",))):
                with pytest.raises(NotFound):
                    await stage.provider.send_signal(room, signal)

    async def _three(self, stage: Stage) -> tuple[RoomRef, list[JoinToken]]:
        stage.needs(Capability.SEND_SIGNAL)
        room = (await stage.create()).ref
        return room, [await stage.enter(room, identity) for identity in ("ana", "bo", "cy")]
