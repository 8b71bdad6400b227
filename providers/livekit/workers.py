"""Whether this server has what egress needs, Redis and a worker, and what it lists of egresses. Redis is needed by
ingress and by telephones too.

No call tells whether there is a worker. A start to which none answers takes the server 22 s to refuse, so it is found
out beforehand by one that a worker refuses at once: of a page without an address, which leaves no record. Of its sound
alone, because a worker answers only where it has the CPU for the start, and this asks for one core.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from livekit.api import ListEgressRequest, WebEgressRequest

from providers.base import Capability, Egress
from providers.errors import NotFound, NoWorker, Rejected, TimedOut, Unsupported
from providers.livekit.backend import LiveKitBackend
from providers.livekit.client import DEADLINE
from providers.livekit.egress_asked import Info
from providers.livekit.egress_info import moment
from providers.livekit.errors import Unanswered
from providers.livekit.settings import LiveKitSettings

PATIENCE: Final = 4.5
"""How many times as long as other calls one may take that waits for a worker: the server gives up after 22 to 27 s, and
a worker that is slow answers within 40 s."""

RECENTLY: Final = timedelta(minutes=5)
"""What was written down since may keep a worker busy. Of what is older nobody knows: the record of a worker that died
goes on for ever, and that of a long recording is old as well."""

_STARTS: Final = frozenset(
    {Capability.START_RECORDING, Capability.START_STREAM, Capability.START_EGRESS, Capability.RECORD_FROM_START}
)
_EGRESS: Final = _STARTS | {
    Capability.STOP_RECORDING,
    Capability.LIST_RECORDINGS,
    Capability.UPDATE_RECORDING_LAYOUT,
    Capability.STOP_STREAM,
    Capability.LIST_STREAMS,
    Capability.UPDATE_STREAM,
    Capability.UPDATE_STREAM_LAYOUT,
    Capability.STOP_EGRESS,
    Capability.LIST_EGRESSES,
    Capability.UPDATE_EGRESS_LAYOUT,
}
_INGRESS: Final = frozenset(
    {
        Capability.CREATE_INGRESS,
        Capability.LIST_INGRESSES,
        Capability.UPDATE_INGRESS,
        Capability.DELETE_INGRESS,
        Capability.COPY_INGRESS,
    }
)
_SIP: Final = frozenset(
    {
        Capability.CREATE_TRUNK,
        Capability.LIST_TRUNKS,
        Capability.UPDATE_TRUNK,
        Capability.DELETE_TRUNK,
        Capability.CREATE_RULE,
        Capability.LIST_RULES,
        Capability.UPDATE_RULE,
        Capability.DELETE_RULE,
        Capability.DIAL,
        Capability.TRANSFER_CALL,
    }
)
_BY_REDIS: Final = _EGRESS | _INGRESS | _SIP


class Lack(Enum):
    """What an installation may be without: why, for people, and what it cannot do then."""

    NOTHING = ()
    REDIS = (
        ("This server has no Redis, which egress needs.", _EGRESS),
        ("This server has no Redis, which ingress needs.", _INGRESS),
        ("This server has no Redis, which telephones need.", _SIP),
    )
    WORKER = (
        (
            "No egress worker answers: none runs, or none has the CPU free that it wants. "
            "It is looked for again every minute.",
            _STARTS,
        ),
    )

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(self.because)

    @property
    def because(self) -> Mapping[Capability, str]:
        whys: tuple[tuple[str, frozenset[Capability]], ...] = self.value
        return MappingProxyType({each: why for why, capabilities in whys for each in capabilities})


class Workers(LiveKitBackend):
    """`probe_pause` is between two looks for a worker, the shorter one while there is none."""

    probe_pause = timedelta(minutes=5)
    probe_pause_without = timedelta(minutes=1)

    def __init__(self, name: str, settings: LiveKitSettings, *, deadline: timedelta = DEADLINE) -> None:
        super().__init__(name, settings, deadline=deadline)
        self._lack = Lack.NOTHING
        self._looking = asyncio.Lock()
        self._looked_at: float | None = None
        """By the loop's clock."""
        self._finding: tuple[str, datetime] | None = None

    @property
    def notes(self) -> Mapping[str, str]:
        """What is known of the workers; of Cloud's nothing is."""
        if self._settings.is_cloud or self._lack is Lack.REDIS:
            return {}
        if self._finding is None:
            return {"Workers": "not looked for yet"}
        words, at = self._finding
        return {"Workers": f"{words} {_ago(datetime.now(UTC) - at)}"}

    async def inspect(self) -> None:
        """Takes as long as a start where no worker answers. What cannot be found out changes nothing."""
        async with self._looking:
            try:
                await self._egress_infos("inspect", active=True)  # which says whether there is Redis
            except Unsupported:
                return
            if self._settings.is_cloud or not self._is_time():
                return
            self._looked_at = asyncio.get_running_loop().time()
            has_worker = await self._probe()
            if has_worker:
                self._answered()
            elif has_worker is False:
                await self._note_silence("inspect")
            else:
                self._found("it could not be found out whether one answers, tried")

    async def _egress_infos(
        self, operation: str, *, room_name: str = "", id: str = "", active: bool = False
    ) -> list[Info]:
        """In no order. None for an unknown `id`. `Unsupported` without Redis. Only Cloud answers in pages."""
        infos: list[Info] = []
        asked = ListEgressRequest(room_name=room_name, egress_id=id, active=active)
        while True:
            try:
                answer = await self._client.read(operation, lambda api: api.egress.list_egress(asked))
            except NotFound:
                return []
            except Unsupported:
                self._without(Lack.REDIS)
                raise
            infos += map(as_json, answer.items)
            if answer.next_page_token.token in ("", asked.page_token.token):
                break
            asked.page_token.CopyFrom(answer.next_page_token)
        if self._lack is Lack.REDIS:
            self._without(Lack.NOTHING)
        return infos

    def _note(self, egress: Egress) -> None:
        """One that is told to begin, or to go on, has a worker. A list tells nothing of that: its records stay."""
        if egress.word in ("EGRESS_STARTING", "EGRESS_ACTIVE"):
            self._answered()

    async def _note_silence(self, operation: str) -> None:
        """Nobody took a start. What runs is looked at after that, as some may begin while the server waits."""
        self._missed(await self._egress_infos(operation, active=True))

    def _answered(self) -> None:
        self._found("one answered")
        if self._lack is Lack.WORKER:
            self._without(Lack.NOTHING)

    def _missed(self, active: Sequence[Info]) -> None:
        """None answered: there is none, unless what was just written down may keep it busy."""
        if any(map(_is_recent, active)):
            self._found("none answers, and what runs may keep them busy; looked")
            return
        self._found("none answers, looked")
        self._without(Lack.WORKER)

    def _found(self, words: str) -> None:
        self._finding = (words, datetime.now(UTC))

    def _without(self, lack: Lack) -> None:
        others = {each: why for each, why in self.lacking_because.items() if each not in _BY_REDIS}
        self.lacking = (self.lacking - _BY_REDIS) | lack.capabilities
        self.lacking_because = MappingProxyType(others | dict(lack.because))
        self._lack = lack

    def _is_time(self) -> bool:
        pause = self.probe_pause if self._lack is Lack.NOTHING else self.probe_pause_without
        now = asyncio.get_running_loop().time()
        return self._looked_at is None or now >= self._looked_at + pause.total_seconds()

    async def _probe(self) -> bool | None:
        """Whether a worker answers; None where nobody can tell, or one answers that it is busy."""
        try:
            await self._client.write(
                "inspect",
                lambda api: api.egress.start_web_egress(WebEgressRequest(audio_only=True)),
                patience=PATIENCE,
            )
        except Rejected:
            return True
        except Unanswered:
            return False
        except (NoWorker, TimedOut):
            return None
        return True


def _is_recent(info: Info) -> bool:
    written_at = moment(info, "updatedAt")
    return written_at is not None and datetime.now(UTC) - written_at < RECENTLY


def _ago(passed: timedelta) -> str:
    seconds = max(0, round(passed.total_seconds()))
    return f"{seconds} s ago" if seconds < 60 else f"{seconds // 60} min ago"


def as_json(message: Message) -> dict[str, Any]:
    """As webhooks have it."""
    return MessageToDict(message)
