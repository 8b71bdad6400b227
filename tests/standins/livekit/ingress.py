"""The server's Ingress service, and what it does with what a worker tells it.

Rules and words are livekit-server 1.13.5's (pkg/service/ingress.go, protocol/ingress/validation.go).
"""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from google.protobuf.message import Message
from livekit.api import (
    CreateIngressRequest,
    DeleteIngressRequest,
    IngressAudioEncodingPreset,
    IngressInfo,
    IngressInput,
    IngressState,
    IngressVideoEncodingPreset,
    ListIngressRequest,
    ListIngressResponse,
    TokenPagination,
    TrackSource,
    UpdateIngressRequest,
    VideoGrants,
    WebhookEvent,
)

from tests.standins.ingress.session import BUFFERING, ERROR, INACTIVE, PUBLISHING
from tests.standins.ingress.worker import LOOK_UP, START, IngressWorker
from tests.standins.livekit.egress import HANDLER_WAIT_SECONDS, EgressService
from tests.standins.livekit.faults import TwirpError, no_response, not_found, refusal
from tests.standins.livekit.presence import admission
from tests.standins.livekit.service import MethodOf
from tests.standins.psrpc import Method, RpcError, decode, encode, raw, text

PULL_WAIT_SECONDS: Final = 3.0
"""For a worker to take an address."""

_VIDEO: Final = (TrackSource.UNKNOWN, TrackSource.CAMERA, TrackSource.SCREEN_SHARE)
_AUDIO: Final = (TrackSource.UNKNOWN, TrackSource.MICROPHONE, TrackSource.SCREEN_SHARE_AUDIO)
_CHANGED: Final = ("name", "room_name", "participant_identity", "participant_name", "participant_metadata")


@dataclass(kw_only=True)
class IngressService(EgressService):
    """`ingresses` are the server's records. `ingress_worker` is told what encoders do; it is in the rooms.

    The base URLs are the operator's settings, empty where there are none.
    """

    rtmp_base_url: str = "rtmp://127.0.0.1:1935/live"
    whip_base_url: str = "http://127.0.0.1:8080/whip"
    ingresses: dict[str, IngressInfo] = field(default_factory=dict)
    ingress_worker: IngressWorker = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._bus.answers |= {
            LOOK_UP.name: self._look_up,
            "CreateIngress": self._keep_ingress,
            "UpdateIngressState": self._learn_state,
        }
        self.ingress_worker = IngressWorker(self._bus, admission=admission(self))
        self.ingress_worker.joins = True

    async def create_ingress(self, request: CreateIngressRequest) -> IngressInfo:
        self._require_redis("ingress")
        url = {
            IngressInput.RTMP_INPUT: self.rtmp_base_url,
            IngressInput.WHIP_INPUT: self.whip_base_url,
            IngressInput.URL_INPUT: request.url,
        }[request.input_type]
        is_fetched = request.input_type == IngressInput.URL_INPUT
        info = IngressInfo(
            ingress_id=self.new_id("IN"),
            stream_key="" if is_fetched else uuid4().hex[:12],
            url=url,
            reusable=not is_fetched,
            state=IngressState(),
        )
        for name in (*_CHANGED, "input_type"):
            setattr(info, name, getattr(request, name))
        _take_options(info, request)
        if is_fetched:
            _check_fetched(info)
        _check(info)
        _settle_transcoding(info)
        if is_fetched:
            return await self._fetch(info)
        self.ingresses[info.ingress_id] = info
        return info

    def list_ingress(self, request: ListIngressRequest) -> ListIngressResponse:
        """By id alone where one is given. In no order: here the oldest come first."""
        self._require_redis("ingress")
        if request.ingress_id:
            return ListIngressResponse(items=[self._ingress(request.ingress_id)])
        found = [each for each in self.ingresses.values() if request.room_name in ("", each.room_name)]
        if self.page_size is None:
            return ListIngressResponse(items=found)
        begin = int(request.page_token.token or 0)
        end = begin + self.page_size
        token = TokenPagination(token=str(end)) if end < len(found) else None
        return ListIngressResponse(items=found[begin:end], next_page_token=token)

    async def update_ingress(self, request: UpdateIngressRequest) -> IngressInfo:
        """The answer has the state of before. What the worker does with it is not waited for."""
        info = self._ingress_or_panic(request.ingress_id)
        if not info.reusable:
            raise refusal("invalid_argument", "ingress is not reusable and cannot be modified")
        if info.state.status == ERROR:
            info.state.status = INACTIVE
            self._tell_of_ingress("ingress_ended", info)
        changed = IngressInfo()
        changed.CopyFrom(info)
        for name in _CHANGED:
            setattr(changed, name, getattr(request, name) or getattr(changed, name))
        _take_options(changed, request)
        _check(changed)
        _settle_transcoding(changed)
        if changed.state.status in (BUFFERING, PUBLISHING):
            await self._tell_the_worker("UpdateIngress", request.ingress_id, request)
        stored = IngressInfo()
        stored.CopyFrom(changed)
        stored.state.CopyFrom(self.ingresses[request.ingress_id].state)
        self.ingresses[request.ingress_id] = stored
        return changed

    async def delete_ingress(self, request: DeleteIngressRequest) -> IngressInfo:
        info = self._ingress_or_panic(request.ingress_id)
        if info.state.status in (BUFFERING, PUBLISHING):
            await self._tell_the_worker("DeleteIngress", request.ingress_id, request)
        del self.ingresses[request.ingress_id]
        info.state.status = INACTIVE
        return info

    async def _fetch(self, info: IngressInfo) -> IngressInfo:
        answer = self._bus.ask(START, encode({1: info.SerializeToString()}))
        if answer is None:
            await self._wait(PULL_WAIT_SECONDS)
            raise no_response()
        try:
            return IngressInfo.FromString(await answer)
        except RpcError as error:
            raise refusal(error.code, str(error)) from error

    async def _tell_the_worker(self, name: str, id: str, request: Message) -> None:
        answer = self._bus.ask(Method("IngressHandler", name, id), request.SerializeToString())
        if answer is None:
            await self._wait(HANDLER_WAIT_SECONDS)
        else:
            await answer

    def _ingress(self, id: str) -> IngressInfo:
        if id not in self.ingresses:
            raise not_found("ingress does not exist")
        return self.ingresses[id]

    def _ingress_or_panic(self, id: str) -> IngressInfo:
        if not self.has_redis:
            raise TwirpError(500, "internal", "Internal service panic")
        return self._ingress(id)

    def _look_up(self, asked: bytes) -> bytes:
        key = text(decode(asked), 2)
        for info in self.ingresses.values():
            if key and info.stream_key == key:
                return encode({1: info.SerializeToString()})
        raise RpcError("not_found", "ingress does not exist")

    def _keep_ingress(self, told: bytes) -> bytes:
        info = IngressInfo.FromString(told)
        info.state.Clear()
        self.ingresses[info.ingress_id] = info
        return b""

    def _learn_state(self, told: bytes) -> bytes:
        """Of an older session it is refused, and what is older is lost. BUFFERING has no webhook, nor have figures."""
        fields = decode(told)
        id, state = text(fields, 1), IngressState.FromString(raw(fields, 2))
        if id not in self.ingresses:
            raise RpcError("not_found", "ingress does not exist")
        info = self.ingresses[id]
        if state.started_at < info.state.started_at:
            raise RpcError("failed_precondition", "trying to ovewrite an ingress with an older version")
        is_news = state.status not in (info.state.status, BUFFERING)
        if state.started_at > info.state.started_at or state.updated_at >= info.state.updated_at:
            info.state.CopyFrom(state)
        if is_news:
            self._tell_of_ingress("ingress_started" if state.status == PUBLISHING else "ingress_ended", info)
        return b""

    def _tell_of_ingress(self, event: str, info: IngressInfo) -> None:
        self.deliver(WebhookEvent(event=event, ingress_info=info))


def _take_options(info: IngressInfo, request: CreateIngressRequest | UpdateIngressRequest) -> None:
    for name in ("enable_transcoding", "enabled"):
        if request.HasField(name):
            setattr(info, name, getattr(request, name))
    for name in ("video", "audio"):
        if request.HasField(name):
            getattr(info, name).CopyFrom(getattr(request, name))


def _check_fetched(info: IngressInfo) -> None:
    if not info.url:
        raise _invalid("missing URL parameter")
    if (scheme := urlsplit(info.url).scheme) not in ("http", "https", "srt"):
        raise _invalid(f"invalid url scheme {scheme}")
    if not info.room_name:
        raise _invalid("no room name")
    if info.HasField("enabled") and not info.enabled:
        raise _invalid("disabled non reusable ingress")


def _check(info: IngressInfo) -> None:
    if not info.participant_identity:
        raise _invalid("no participant identity")
    is_whip = info.input_type == IngressInput.WHIP_INPUT
    if info.bypass_transcoding:
        _check_bypass(info, is_whip, "transcoding bypass is selected")
    if not (info.enable_transcoding if info.HasField("enable_transcoding") else not is_whip):
        _check_bypass(info, is_whip, "transcoding is disabled")
    if info.video.source not in _VIDEO:
        raise refusal("invalid_argument", "invalid video parameters: invalid track source")
    if info.audio.source not in _AUDIO:
        raise refusal("invalid_argument", "invalid audio parameters: invalid track source")
    if info.video.preset not in IngressVideoEncodingPreset.values():
        raise refusal("invalid_argument", "invalid video parameters: invalid preset")
    if info.audio.preset not in IngressAudioEncodingPreset.values():
        raise refusal("invalid_argument", "invalid audio parameters: invalid preset")


def _check_bypass(info: IngressInfo, is_whip: bool, why: str) -> None:
    if not is_whip:
        raise _invalid_bypass("bypassing transcoding impossible with selected input type")
    for name in ("video", "audio"):
        if getattr(info, name).WhichOneof("encoding_options") is not None:
            raise _invalid_bypass(f"{name} encoding options must be empty if {why}")


def _settle_transcoding(info: IngressInfo) -> None:
    if not info.HasField("enable_transcoding"):
        info.enable_transcoding = info.input_type != IngressInput.WHIP_INPUT
    info.bypass_transcoding = not info.enable_transcoding


def _invalid(why: str) -> TwirpError:
    return refusal("invalid_argument", f"invalid ingress: {why}")


def _invalid_bypass(why: str) -> TwirpError:
    return refusal("invalid_argument", f"invalid transcoding bypass configuration: {why}")


def _administers(video: VideoGrants, _: Message) -> bool | None:
    return video.ingress_admin


INGRESS_METHODS: Final[dict[str, MethodOf[IngressService]]] = {
    "CreateIngress": (CreateIngressRequest, _administers, IngressService.create_ingress),
    "ListIngress": (ListIngressRequest, _administers, IngressService.list_ingress),
    "UpdateIngress": (UpdateIngressRequest, _administers, IngressService.update_ingress),
    "DeleteIngress": (DeleteIngressRequest, _administers, IngressService.delete_ingress),
}
