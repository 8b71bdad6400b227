"""How ingresses go on the in-memory server where it is its own: who is let in, what cuts a sender off, what is told."""

import pytest
from pydantic import SecretStr

from providers.base import (
    IngressChanges,
    IngressInput,
    IngressOptions,
    IngressStatus,
    IngressTrouble,
    RoomOptions,
    RoomRef,
    TrackSource,
    VideoReceived,
)
from providers.errors import Conflict, NotFound, NoWorker, Rejected
from providers.facts import Fact, IngressChanged
from providers.memory.server import MemoryServer

CAMERA = IngressOptions(IngressInput.RTMP, "standup", "cam")


@pytest.fixture
async def live(server: MemoryServer) -> str:
    """The id of an ingress that an encoder sends into."""
    id = server.create_ingress(CAMERA).ingress.ref.id
    server.send_into(server.key_of(id))
    await server.settled()
    return id


def statuses(told: list[Fact]) -> list[IngressStatus]:
    return [fact.ingress.status for fact in told if isinstance(fact, IngressChanged)]


def film(url: str) -> IngressOptions:
    return IngressOptions(IngressInput.URL, "standup", "film", url=SecretStr(url))


async def test_who_asks_is_answered_and_what_happens_is_told(server: MemoryServer, live: str, told: list[Fact]) -> None:
    assert statuses(told) == ["buffering", "live"]
    assert server.update_ingress(live, IngressChanges(name="Stage")).status is IngressStatus.WAITING
    assert server.list_participants(server.list_rooms()[0].ref) == []
    server.delete_ingress(live)
    assert statuses(told) == ["buffering", "live", "waiting"]


async def test_what_it_is_in_the_room(server: MemoryServer) -> None:
    asked = IngressOptions(IngressInput.WHIP, "standup", "slides", video_source=TrackSource.SCREEN_SHARE)
    created = server.create_ingress(asked)
    assert created.key is not None
    picture = VideoReceived("video/VP8", 1920, 1080, 15, 900)
    server.send_into(created.key.get_secret_value(), video=picture, audio=None)
    await server.settled()
    (listed,) = server.list_ingresses()
    assert (listed.video, listed.audio) == (picture, None)
    (sender,) = server.list_participants(listed.room)
    assert [track.source for track in sender.tracks] == [TrackSource.SCREEN_SHARE]


async def test_who_is_not_let_in(server: MemoryServer, told: list[Fact]) -> None:
    """Of the ingress it shows why."""
    disabled = server.create_ingress(IngressOptions(IngressInput.RTMP, "standup", "a", is_enabled=False)).ingress
    nowhere = server.create_ingress(IngressOptions(IngressInput.RTMP, "", "b")).ingress
    for ingress in (disabled, nowhere):
        with pytest.raises(Conflict):
            server.send_into(server.key_of(ingress.ref.id))
    assert [i.trouble for i in server.list_ingresses()] == [IngressTrouble.NO_ROOM, IngressTrouble.DISABLED]
    assert statuses(told) == ["waiting", "failed"]
    with pytest.raises(NotFound) as refused:
        server.send_into("a-wrong-key")
    assert "a-wrong-key" not in refused.value.detail


async def test_a_key_lets_one_in_at_a_time(server: MemoryServer, live: str) -> None:
    with pytest.raises(Conflict):
        server.send_into(server.key_of(live))
    server.stop_sending(live)
    with pytest.raises(Conflict):
        server.stop_sending(live)
    assert server.send_into(server.key_of(live)).status is IngressStatus.BUFFERING


async def test_whoever_leaves_the_room_does_not_send(server: MemoryServer, live: str) -> None:
    film_id = server.create_ingress(film("https://media.example.com/take.mp4")).ingress.ref.id
    await server.settled()
    room = server.list_rooms()[0].ref
    server.remove_participant(room, "cam")
    assert server.list_ingresses(id=live)[0].status is IngressStatus.WAITING
    server.close_room(room)
    assert server.list_ingresses(id=film_id)[0].status is IngressStatus.COMPLETE


async def test_one_that_was_left_behind(server: MemoryServer, live: str, told: list[Fact]) -> None:
    """Nothing changes it but another sender."""
    server.abandon_ingress(live)
    told.clear()
    server.close_room(server.list_rooms()[0].ref)
    (listed,) = server.list_ingresses()
    assert (listed.status, listed.updated_at is not None, statuses(told)) == (IngressStatus.LIVE, True, [])
    with pytest.raises(Conflict):
        server.stop_sending(live)
    server.send_into(server.key_of(live))
    await server.settled()
    assert statuses(told) == ["buffering", "live"]
    assert server.list_ingresses()[0].updated_at is None


async def test_what_is_fetched(server: MemoryServer, told: list[Fact]) -> None:
    dead = server.create_ingress(film("https://nobody.invalid/take.mp4")).ingress
    await server.settled()
    [failed] = server.list_ingresses(id=dead.ref.id)
    assert (failed.error, failed.trouble) == ("connection refused", IngressTrouble.NOT_FETCHED)
    assert statuses(told) == ["buffering", "failed"]
    with pytest.raises(Conflict):
        server.key_of(dead.ref.id)
    server.has_workers = False
    with pytest.raises(NoWorker):
        server.create_ingress(film("https://media.example.com/take.mp4"))
    assert len(server.list_ingresses(RoomRef("studio", "", "standup"))) == 1


async def test_what_is_not_changed(server: MemoryServer, live: str) -> None:
    """Whoever sends goes on."""
    for changes in (IngressChanges(name=""), IngressChanges(is_transcoded=False), IngressChanges(room="a\nb")):
        with pytest.raises(Rejected):
            server.update_ingress(live, changes)
    (listed,) = server.list_ingresses()
    assert (listed.status, listed.room) == (IngressStatus.LIVE, server.list_rooms()[0].ref)


async def test_it_takes_a_place(server: MemoryServer) -> None:
    """Which may be the last one, or one too many."""
    room = server.create_room("standup", RoomOptions(max_participants=1)).room.ref
    key = server.key_of(server.create_ingress(CAMERA).ingress.ref.id)
    server.join("standup", "ana")
    server.send_into(key)
    await server.settled()
    assert [i.error for i in server.list_ingresses()] == ["the room is full"]
    server.leave("standup", "ana")
    server.send_into(key)
    await server.settled()
    assert [(i.error, i.room) for i in server.list_ingresses()] == [(None, room)]
    assert server.list_rooms()[0].participants == 1
