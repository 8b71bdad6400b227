"""What comes into rooms, by LiveKit's Ingress service.

The server keeps their records in Redis, and has workers for what comes. Without Redis an update or a deletion makes it
panic and close the connection (1.13.5), so before each of them the record is read, which says that Redis is missing.
Records hold their stream keys: none leaves this module but in `CreatedIngress`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from livekit.api import (
    CreateIngressRequest,
    DeleteIngressRequest,
    IngressInfo,
    ListIngressRequest,
    LiveKitAPI,
)
from pydantic import SecretStr

from providers.base import (
    CreatedIngress,
    Ingress,
    IngressChanges,
    IngressInput,
    IngressOptions,
    IngressRef,
    IngressStatus,
    RoomRef,
)
from providers.errors import Conflict, Malformed, NotFound, NoWorker, PartlyDone, ProviderError, Unsupported
from providers.livekit import ingress_info, ingress_requests, ingress_rules
from providers.livekit.client import DEADLINE
from providers.livekit.errors import Unanswered
from providers.livekit.keys import keys
from providers.livekit.settings import LiveKitSettings
from providers.livekit.workers import Lack, Workers, as_json


class Ingresses(Workers):
    def __init__(self, name: str, settings: LiveKitSettings, *, deadline: timedelta = DEADLINE) -> None:
        super().__init__(name, settings, deadline=deadline)
        self._unaddressed: frozenset[IngressInput] = frozenset()
        """The inputs of which nobody can be told where to send, as far as was last seen."""

    @property
    def notes(self) -> Mapping[str, str]:
        """And that the server has not been told where encoders reach it."""
        missing = [setting for input, setting in ingress_info.ADDRESS_SETTINGS.items() if input in self._unaddressed]
        if not missing:
            return super().notes
        words = f"the server has no {' and no '.join(missing)}, so it cannot say where encoders are to send"
        return {**super().notes, "Ingress": words}

    async def create_ingress(self, options: IngressOptions) -> CreatedIngress:
        operation = "create_ingress"
        self._require_fit(self._named_wrong(options.room, options.identity), operation)
        self._require_fit(ingress_rules.problem(options), operation)
        url = options.url.get_secret_value() if options.url is not None else ""
        try:
            return await self._create(operation, lambda: ingress_requests.create(options), keys([url]))
        except Unanswered as error:
            raise NoWorker(error.detail, provider=self.name, operation=operation) from error

    async def list_ingresses(self, room: RoomRef | None = None, *, id: str | None = None) -> list[Ingress]:
        """By their names, as LiveKit does not say which is the older."""
        name = room.name if room is not None else ""
        infos = await self._ingress_infos("list_ingresses", room_name=name, id=id or "")
        found = [
            each for each in (ingress_info.ingress(self.name, as_json(info)) for info in infos) if each is not None
        ]
        if room is None and id is None:
            self._unaddressed = _unaddressed(found)
        mine = [each for each in found if name in ("", each.room.name) and id in (None, each.ref.id)]
        return sorted(mine, key=lambda each: (each.shown_name.casefold(), each.ref.id))

    async def update_ingress(self, ingress: IngressRef, changes: IngressChanges) -> Ingress:
        """One that failed waits after it. Of one that receives, the worker ends the session, and the encoder may come
        back; where the worker is gone, the record is changed all the same, after a silence."""
        operation = "update_ingress"
        before = await self._record(operation, ingress)
        if not before.reusable:
            raise self._conflict(f"{ingress.id} is fetched, which cannot be changed", operation)
        known = self._read_ingress(operation, before)
        wanted = changes.is_transcoded if changes.is_transcoded is not None else ingress_requests.transcodes(before)
        self._require_fit(self._named_wrong(changes.room, changes.identity), operation)
        self._require_fit(ingress_rules.changes_problem(known.input, changes, is_transcoded=wanted), operation)
        after = await self._change(operation, before, changes)
        if known.status.is_receiving:  # the answer has the state of before
            after = await self._record(operation, ingress)
        return self._read_ingress(operation, after)

    async def delete_ingress(self, ingress: IngressRef) -> Ingress:
        operation = "delete_ingress"
        before = await self._record(operation, ingress)
        info = await self._client.write(
            operation,
            lambda api: api.ingress.delete_ingress(DeleteIngressRequest(ingress_id=ingress.id)),
            secrets=_secrets(before),
        )
        return replace(self._read_ingress(operation, info), status=IngressStatus.DELETED)

    async def copy_ingress(self, ingress: IngressRef) -> CreatedIngress:
        operation = "copy_ingress"
        info = await self._record(operation, ingress)
        if ingress_requests.input_of(info).is_fetched:
            raise self._conflict(f"{ingress.id} is fetched, so it has no key", operation)
        return await self._create(operation, lambda: ingress_requests.copy(info))

    async def _create(
        self, operation: str, request: Callable[[], CreateIngressRequest], secrets: Collection[str] = ()
    ) -> CreatedIngress:
        info = await self._client.write(operation, lambda api: api.ingress.create_ingress(request()), secrets=secrets)
        ingress = self._read_ingress(operation, info)
        self._unaddressed = (self._unaddressed - {ingress.input}) | _unaddressed([ingress])
        return CreatedIngress(ingress, SecretStr(info.stream_key) if info.stream_key else None)

    async def _change(self, operation: str, before: IngressInfo, changes: IngressChanges) -> IngressInfo:
        """The record as it is after the last of the requests that this takes."""
        made = [before]
        try:
            await self._client.write(
                operation, lambda api: _update(api, before, changes, made), secrets=_secrets(before)
            )
        except NotFound:
            raise
        except ProviderError as error:
            if len(made) == 1:
                raise
            raise PartlyDone(error.detail, provider=self.name, operation=operation) from error
        return made[-1]

    async def _record(self, operation: str, ingress: IngressRef) -> IngressInfo:
        """As the server has it, with its key."""
        for info in await self._ingress_infos(operation, id=ingress.id):
            if info.ingress_id == ingress.id:
                return info
        raise self._missing(f"no ingress {ingress.id}", operation)

    async def _ingress_infos(self, operation: str, *, room_name: str = "", id: str = "") -> list[IngressInfo]:
        """In no order. None for an unknown `id`, which is looked at whatever the room. Only Cloud answers in pages."""
        try:
            return await self._client.read(operation, lambda api: _listed(api, room_name, id))
        except NotFound:
            return []
        except Unsupported:
            self._without(Lack.REDIS)
            raise

    def _read_ingress(self, operation: str, info: IngressInfo) -> Ingress:
        ingress = ingress_info.ingress(self.name, as_json(info)) if info.ingress_id else None
        if ingress is None:
            raise Malformed("an ingress without an id or a known status", provider=self.name, operation=operation)
        return ingress

    def _named_wrong(self, room: str | None, identity: str | None) -> str | None:
        """LiveKit takes names of any length here. An encoder may be told its room later."""
        problem = self.limits.room_name_problem(room) if room else None
        return problem or (self.limits.identity_problem(identity) if identity is not None else None)

    def _conflict(self, detail: str, operation: str) -> Conflict:
        return Conflict(detail, provider=self.name, operation=operation)


async def _listed(api: LiveKitAPI, room_name: str, id: str) -> list[IngressInfo]:
    infos: list[IngressInfo] = []
    asked = ListIngressRequest(room_name=room_name, ingress_id=id)
    while True:
        answer = await api.ingress.list_ingress(asked)
        infos += answer.items
        if answer.next_page_token.token in ("", asked.page_token.token):
            return infos
        asked.page_token.CopyFrom(answer.next_page_token)


async def _update(api: LiveKitAPI, info: IngressInfo, changes: IngressChanges, made: list[IngressInfo]) -> None:
    """`made` gets the record as it is after each request."""
    for request in ingress_requests.updates(info, changes):
        after = await api.ingress.update_ingress(request)
        made.append(after)


def _secrets(info: IngressInfo) -> Collection[str]:
    return ingress_info.secrets(as_json(info))


def _unaddressed(ingresses: Iterable[Ingress]) -> frozenset[IngressInput]:
    """The inputs of which none has an address. A record keeps that of the time when it was made."""
    known = [each for each in ingresses if not each.input.is_fetched]
    return frozenset(each.input for each in known) - {each.input for each in known if each.address}
