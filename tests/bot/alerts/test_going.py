"""What goes on in a room, as it is noted on the room."""

import pytest

from bot.alerts.fold import Going, fold, note_going
from bot.alerts.state import (
    CallState,
    IngressState,
    OnPhone,
    RecordingState,
    RoomState,
    StreamState,
    state_from_json,
)
from providers.base import CallStatus, IngressStatus, RecordingStatus, StreamStatus
from tests.bot.alerts.facts import RETRO, ROOM, after, call, folded, ingress, recording, stream

GOING: list[tuple[Going, str]] = [
    (folded(RecordingState, [recording(RecordingStatus.LIVE, 1)]), "recordings"),
    (folded(StreamState, [stream(StreamStatus.LIVE, 1)]), "streams"),
    (folded(IngressState, [ingress(IngressStatus.LIVE, 1)]), "ingresses"),
    (folded(CallState, [call(CallStatus.ACTIVE, 1)]), "calls"),
]


@pytest.mark.parametrize(("going", "shown"), GOING, ids=[shown for _, shown in GOING])
class TestRooms:
    def test_show_what_goes_on(self, going: Going, shown: str) -> None:
        noted = note_going(RoomState(ref=ROOM), "X_1", going)
        assert getattr(noted, shown) == {"X_1": going.status}
        assert note_going(noted, "X_1", going) == noted

    def test_until_it_is_lost_sight_of(self, going: Going, shown: str) -> None:
        away = going.model_copy(update={"lost_at": after(9)})
        assert note_going(note_going(RoomState(ref=ROOM), "X_1", going), "X_1", away) == RoomState(ref=ROOM)

    def test_in_the_room_alone_that_it_is_of(self, going: Going, shown: str) -> None:
        retro = RoomState(ref=RETRO).model_copy(update={shown: {"X_1": going.status, "X_0": going.status}})
        noted = note_going(retro, "X_1", going)
        assert getattr(noted, shown) == {"X_0": going.status}


def test_a_room_shows_what_comes_in_by_name() -> None:
    live = folded(IngressState, [ingress(IngressStatus.LIVE, 1)])
    assert note_going(RoomState(ref=ROOM), "IN_1", live).ingress_names == {"IN_1": "Camera 2"}


def test_a_room_shows_who_called_whom() -> None:
    state = fold(None, call(CallStatus.ACTIVE, 1), made_by="U1")
    assert isinstance(state, CallState)
    noted = note_going(RoomState(ref=ROOM), "CA_1", state)
    assert noted.phones == {"CA_1": OnPhone(number="…4567", is_inbound=False, made_by="U1")}
    over = folded(CallState, [call(CallStatus.ENDED, 2)])
    assert note_going(noted, "CA_1", over) == RoomState(ref=ROOM)


def test_a_room_that_was_stored_before_is_read() -> None:
    state = RoomState(ref=ROOM, calls={"CA_1": CallStatus.ACTIVE})
    stored = state.model_dump_json(exclude={"phones", "ingress_names"})
    assert state_from_json(stored) == state


def test_an_ingress_that_waits_feeds_no_room() -> None:
    waits = folded(IngressState, [ingress(IngressStatus.WAITING, 1)])
    assert note_going(RoomState(ref=ROOM), "IN_1", waits) == RoomState(ref=ROOM)
