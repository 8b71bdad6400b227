"""The server's RoomService: what each of its methods takes, and what it answers."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message
from livekit.api import (
    CreateRoomRequest,
    DeleteRoomRequest,
    DeleteRoomResponse,
    DisconnectReason,
    ForwardParticipantRequest,
    ForwardParticipantResponse,
    ListParticipantsRequest,
    ListParticipantsResponse,
    ListRoomsRequest,
    ListRoomsResponse,
    MoveParticipantRequest,
    MoveParticipantResponse,
    MuteRoomTrackRequest,
    MuteRoomTrackResponse,
    ParticipantInfo,
    RemoveParticipantResponse,
    Room,
    RoomParticipantIdentity,
    SendDataRequest,
    SendDataResponse,
    UpdateParticipantRequest,
    UpdateRoomMetadataRequest,
    UpdateSubscriptionsRequest,
    UpdateSubscriptionsResponse,
    VideoGrants,
)

from tests.standins.livekit.faults import TwirpError, no_response, not_found, too_long
from tests.standins.livekit.people import People

_NAME_BYTES = 256
_METADATA_BYTES = 512 * 1024
_ATTRIBUTES_BYTES = 64 * 1024
_LOST_BYTES = 200_000
"""Data beyond this was answered with 200 and never arrived."""


@dataclass(kw_only=True)
class Service(People):
    """Every method as a client's request comes to it, after its token was judged.

    `asks_the_node` is the operator's setting by which participants of an unknown room are not an empty list but a 503
    (here without its three seconds), `enable_remote_unmute` the one without which nobody is unmuted. `is_cloud`: moving
    and forwarding work; what else Cloud does then was not seen.
    """

    asks_the_node: bool = False
    enable_remote_unmute: bool = True
    is_cloud: bool = False

    def create_room(self, request: CreateRoomRequest) -> Room:
        if len(request.name.encode()) > _NAME_BYTES:
            raise too_long("room name length", _NAME_BYTES)
        _check_metadata(request.metadata)
        return self.room(request)

    def list_rooms(self, request: ListRoomsRequest) -> ListRoomsResponse:
        names: Iterable[str] = request.names or self.rooms
        return ListRoomsResponse(rooms=[self.rooms[name] for name in names if name in self.rooms])

    def update_room_metadata(self, request: UpdateRoomMetadataRequest) -> Room:
        _check_metadata(request.metadata)
        room = self._live(request.room)
        room.metadata = request.metadata
        return room

    def delete_room(self, request: DeleteRoomRequest) -> DeleteRoomResponse:
        self._live(request.room)
        for identity in list(self.participants[request.room]):
            self.leave(request.room, identity, DisconnectReason.ROOM_DELETED)
        self.close(request.room)
        return DeleteRoomResponse()

    def list_participants(self, request: ListParticipantsRequest) -> ListParticipantsResponse:
        if self.asks_the_node and request.room not in self.rooms:
            raise no_response()
        return ListParticipantsResponse(participants=self.participants[request.room].values())

    def get_participant(self, request: RoomParticipantIdentity) -> ParticipantInfo:
        if self.asks_the_node and request.room not in self.rooms:
            raise no_response()
        return self._stored(request.room, request.identity)

    def update_participant(self, request: UpdateParticipantRequest) -> ParticipantInfo:
        """Empty is unchanged, attributes are merged, and permissions are replaced."""
        _check_metadata(request.metadata)
        if len(request.name.encode()) > _NAME_BYTES:
            raise too_long("name length", _NAME_BYTES)
        if (
            sum(len(key.encode()) + len(value.encode()) for key, value in request.attributes.items())
            > _ATTRIBUTES_BYTES
        ):
            raise too_long("attribute size", _ATTRIBUTES_BYTES)
        who = self._stored(request.room, request.identity)
        who.name = request.name or who.name
        who.metadata = request.metadata or who.metadata
        merged = {**who.attributes, **request.attributes}
        who.attributes.clear()
        who.attributes.update({key: value for key, value in merged.items() if value})
        if request.HasField("permission"):
            self.permit(request.room, who, request.permission)
        return who

    def remove_participant(self, request: RoomParticipantIdentity) -> RemoveParticipantResponse:
        self._stored(request.room, request.identity)
        self.leave(request.room, request.identity, DisconnectReason.PARTICIPANT_REMOVED)
        return RemoveParticipantResponse()

    def mute_track(self, request: MuteRoomTrackRequest) -> MuteRoomTrackResponse:
        """A track that is not there is left out of the answer."""
        if not request.muted and not self.enable_remote_unmute:
            raise TwirpError(412, "failed_precondition", "twirp error unknown: remote unmute not enabled")
        answer = MuteRoomTrackResponse()
        for track in self._connected(request.room, request.identity).tracks:
            if track.sid == request.track_sid:
                track.muted = request.muted
                answer.track.CopyFrom(track)
        return answer

    def update_subscriptions(self, request: UpdateSubscriptionsRequest) -> UpdateSubscriptionsResponse:
        """Tracks that are not there change nothing."""
        unwanted = self.unwanted[self._connected(request.room, request.identity).sid]
        if request.subscribe:
            unwanted.difference_update(request.track_sids)
        else:
            unwanted.update(request.track_sids)
        return UpdateSubscriptionsResponse()

    def send_data(self, request: SendDataRequest) -> SendDataResponse:
        """Whom it cannot reach it leaves out, and says nothing."""
        if len(request.nonce) not in (0, 16):
            raise TwirpError(400, "invalid_argument", "nonce should be 16-bytes or not present")
        if request.room not in self.rooms:
            raise no_response()
        for who in self.participants[request.room].values():
            is_meant = not request.destination_identities or who.identity in request.destination_identities
            if is_meant and len(request.data) <= _LOST_BYTES:
                self.heard[who.sid].put_nowait(request)
        return SendDataResponse()

    def move_participant(self, request: MoveParticipantRequest) -> MoveParticipantResponse:
        who = self._to_another_room(request)
        self.leave(request.room, request.identity, DisconnectReason.MIGRATION)
        self.bring(request.destination_room, who)
        return MoveParticipantResponse()

    def forward_participant(self, request: ForwardParticipantRequest) -> ForwardParticipantResponse:
        self.bring(request.destination_room, self._to_another_room(request))
        return ForwardParticipantResponse()

    def _to_another_room(self, request: MoveParticipantRequest | ForwardParticipantRequest) -> ParticipantInfo:
        """What the destination is to have of them."""
        if request.room == request.destination_room:
            message = "twirp error unknown: destination room cannot be the same as source room "
            raise TwirpError(400, "invalid_argument", message)
        who = self._connected(request.room, request.identity)
        if not self.is_cloud:
            raise TwirpError(500, "unknown", "twirp error unknown: not implemented")
        return ParticipantInfo(
            identity=who.identity,
            name=who.name,
            metadata=who.metadata,
            attributes=who.attributes,
            permission=who.permission,
            tracks=who.tracks,
        )

    def _live(self, room: str) -> Room:
        if room not in self.rooms:
            raise not_found("requested room does not exist")
        return self.rooms[room]

    def _stored(self, room: str, identity: str) -> ParticipantInfo:
        if identity not in self.participants[room]:
            raise not_found("participant does not exist")
        return self.participants[room][identity]

    def _connected(self, room: str, identity: str) -> ParticipantInfo:
        """Calls that go to the participant's own node find nobody there who could say that there is nobody."""
        if identity not in self.participants[room]:
            raise no_response()
        return self.participants[room][identity]


def _check_metadata(metadata: str) -> None:
    if len(metadata.encode()) > _METADATA_BYTES:
        raise too_long("metadata size", _METADATA_BYTES)


S = TypeVar("S", bound=Service)

_Required = Callable[[VideoGrants, Any], bool | None]
MethodOf = tuple[type[Message], _Required, Callable[[S, Any], Message | Awaitable[Message]]]
"""The request's class, the grant that it takes, and what answers."""


def _creates(video: VideoGrants, _: Message) -> bool | None:
    return video.room_create


def _lists(video: VideoGrants, _: Message) -> bool | None:
    return video.room_list


def _administers(video: VideoGrants, request: Any) -> bool | None:
    return video.room_admin and video.room == request.room


def _leads_out(video: VideoGrants, request: Any) -> bool | None:
    return _administers(video, request) and video.destination_room == request.destination_room


METHODS: dict[str, MethodOf[Service]] = {
    "ListRooms": (ListRoomsRequest, _lists, Service.list_rooms),
    "UpdateRoomMetadata": (UpdateRoomMetadataRequest, _administers, Service.update_room_metadata),
    "DeleteRoom": (DeleteRoomRequest, _creates, Service.delete_room),
    "ListParticipants": (ListParticipantsRequest, _administers, Service.list_participants),
    "GetParticipant": (RoomParticipantIdentity, _administers, Service.get_participant),
    "UpdateParticipant": (UpdateParticipantRequest, _administers, Service.update_participant),
    "RemoveParticipant": (RoomParticipantIdentity, _administers, Service.remove_participant),
    "MutePublishedTrack": (MuteRoomTrackRequest, _administers, Service.mute_track),
    "UpdateSubscriptions": (UpdateSubscriptionsRequest, _administers, Service.update_subscriptions),
    "SendData": (SendDataRequest, _administers, Service.send_data),
    "MoveParticipant": (MoveParticipantRequest, _leads_out, Service.move_participant),
    "ForwardParticipant": (ForwardParticipantRequest, _leads_out, Service.forward_participant),
}
