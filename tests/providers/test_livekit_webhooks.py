"""Our reader of webhooks beside LiveKit's own: the same verdict on every delivery."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from google.protobuf.json_format import MessageToJson
from livekit.api import (
    DisconnectReason,
    Encryption,
    ParticipantInfo,
    Room,
    SimulcastCodecInfo,
    TimedVersion,
    TokenVerifier,
    TrackInfo,
    TrackSource,
    TrackType,
    WebhookEvent,
    WebhookReceiver,
)
from pydantic import SecretStr

from providers.base import Participant, RoomRef
from providers.errors import Forged, Malformed
from providers.facts import Fact, ParticipantLeft, RoomStarted, TrackPublished, TrackUnpublished
from providers.livekit import mapping
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.standins.livekit import KEY, SECRET, signed

BODY = (
    b'{"event": "room_started", "id": "EV_1", "createdAt": "1785000000",'
    b' "room": {"sid": "RM_1", "name": "standup", "turnPassword": "hush-hush"}}'
)
OTHER_SECRET = "quite-another-secret-of-sufficient-length"


@pytest.fixture
def provider() -> LiveKit:
    return LiveKit("livekit", LiveKitSettings(url="http://127.0.0.1:7880", api_key=KEY, api_secret=SecretStr(SECRET)))


def token(*, algorithm: str = "HS256", secret: str = SECRET, without: str = "", **changed: Any) -> str:
    """A genuine token of `BODY`, with claims changed or left out."""
    claims = jwt.decode(signed(BODY), SECRET, algorithms=["HS256"]) | changed
    claims.pop(without, None)
    return jwt.encode(claims, secret, algorithm=algorithm)


def at(delta: timedelta) -> int:
    return int((datetime.now(UTC) + delta).timestamp())


SECOND = timedelta(seconds=1)
Made = Callable[[], tuple[str, bytes, bool]]
DELIVERIES: dict[str, Made] = {  # made when the test runs: a token of a minute ago is another case
    "genuine": lambda: (signed(BODY), BODY, True),
    "altered body": lambda: (signed(BODY), BODY.replace(b"standup", b"retro"), False),
    "a space more": lambda: (signed(BODY), BODY + b" ", False),
    "wrong secret": lambda: (signed(BODY, secret=OTHER_SECRET), BODY, False),
    "another key": lambda: (signed(BODY, key="stranger"), BODY, False),
    "unsigned": lambda: (token(algorithm="none", secret=""), BODY, False),
    "another algorithm": lambda: (token(algorithm="HS512", secret=SECRET * 2), BODY, False),
    "expired within the leeway": lambda: (token(exp=at(-50 * SECOND)), BODY, True),
    "stale": lambda: (token(exp=at(-70 * SECOND)), BODY, False),
    "of a clock a little ahead": lambda: (token(nbf=at(50 * SECOND), iat=at(50 * SECOND)), BODY, True),
    "from the future": lambda: (token(nbf=at(70 * SECOND)), BODY, False),
    "without a body's hash": lambda: (token(without="sha256"), BODY, False),
    "with an empty hash": lambda: (token(sha256=""), BODY, False),
    "with a hash that is no text": lambda: (token(sha256="é"), BODY, False),
    "without an expiry": lambda: (token(without="exp"), BODY, False),
    "without an issuer": lambda: (token(without="iss"), BODY, False),
    "without a not-before": lambda: (token(without="nbf"), BODY, True),
    "no token": lambda: ("", BODY, False),
    "garbage": lambda: ("a.b.c", BODY, False),
}


def accepted_by_ours(provider: LiveKit, authorization: str, body: bytes) -> bool:
    try:
        provider.read_webhook("", {"authorization": authorization}, body)
    except Forged:
        return False
    return True


def accepted_by_livekit(authorization: str, body: bytes) -> bool:
    try:
        WebhookReceiver(TokenVerifier(KEY, SECRET)).receive(body.decode(), authorization)
    except Exception:  # it raises plain ones
        return False
    return True


class TestVerdicts:
    @pytest.mark.parametrize("made", DELIVERIES.values(), ids=DELIVERIES.keys())
    def test_is_livekits_own(self, provider: LiveKit, made: Made) -> None:
        authorization, body, genuine = made()
        assert accepted_by_ours(provider, authorization, body) is genuine
        assert accepted_by_livekit(authorization, body) is genuine

    @pytest.mark.parametrize("made", DELIVERIES.values(), ids=DELIVERIES.keys())
    def test_a_proxys_bearer_prefix_changes_nothing(self, provider: LiveKit, made: Made) -> None:
        """LiveKit's reader takes no prefix, so it is asked without."""
        authorization, body, _ = made()
        assert accepted_by_ours(provider, f"Bearer {authorization}", body) is accepted_by_livekit(authorization, body)

    def test_no_header_at_all(self, provider: LiveKit) -> None:
        with pytest.raises(Forged):
            provider.read_webhook("", {}, BODY)

    def test_a_forgery_tells_nothing_of_the_token(self, provider: LiveKit) -> None:
        with pytest.raises(Forged) as forged:
            provider.read_webhook("", {"authorization": signed(BODY, secret=OTHER_SECRET)}, BODY)
        assert "eyJ" not in f"{forged.value!r}{forged.value.__cause__!r}"


def deliver(provider: LiveKit, event: WebhookEvent | Mapping[str, Any]) -> list[Fact]:
    text = MessageToJson(event) if isinstance(event, WebhookEvent) else json.dumps(event)
    return provider.read_webhook("", {"authorization": signed(text.encode())}, text.encode())


ROOM = Room(sid="RM_1", name="standup", turn_password="hush-hush")


class TestFacts:
    def test_a_room_and_the_servers_time(self, provider: LiveKit) -> None:
        (fact,) = deliver(provider, WebhookEvent(event="room_started", id="EV_1", created_at=1785000000, room=ROOM))
        assert isinstance(fact, RoomStarted)
        assert fact.room == RoomRef("livekit", "RM_1", "standup")
        assert (fact.key, fact.at) == ("EV_1", datetime.fromtimestamp(1785000000, UTC))
        assert "hush-hush" not in repr(fact)

    @pytest.mark.parametrize(
        ("reason", "words"),
        [
            (DisconnectReason.UNKNOWN_REASON, ""),
            (DisconnectReason.CLIENT_INITIATED, ""),
            (DisconnectReason.PARTICIPANT_REMOVED, "removed"),
            (DisconnectReason.ROOM_DELETED, "room closed"),
            (DisconnectReason.DUPLICATE_IDENTITY, "joined again elsewhere"),
            (DisconnectReason.CONNECTION_TIMEOUT, "connection lost"),
            (DisconnectReason.USER_REJECTED, "user rejected"),
        ],
    )
    def test_why_somebody_left(self, provider: LiveKit, reason: DisconnectReason, words: str) -> None:
        who = ParticipantInfo(sid="PA_1", identity="ana", name="Ana", joined_at=1785000000, disconnect_reason=reason)
        event = WebhookEvent(event="participant_left", id="EV_2", created_at=1785000060, room=ROOM, participant=who)
        (fact,) = deliver(provider, event)
        assert isinstance(fact, ParticipantLeft)
        assert fact.reason == words
        assert fact.participant == Participant("PA_1", "ana", "Ana", datetime.fromtimestamp(1785000000, UTC))

    @pytest.mark.parametrize(
        "track",
        [
            TrackInfo(sid="TR_1"),
            TrackInfo(
                sid="TR_2",
                type=TrackType.VIDEO,
                source=TrackSource.SCREEN_SHARE,
                name="slides",
                muted=True,
                width=1280,
                height=720,
                encryption=Encryption.GCM,
                codecs=[SimulcastCodecInfo(mime_type="video/VP8")],
                version=TimedVersion(unix_micro=1785000000123456),
            ),
            TrackInfo(sid="TR_3", type=TrackType.DATA, mime_type="audio/opus"),
        ],
        ids=lambda track: track.sid,
    )
    def test_a_track_is_read_as_from_a_list(self, provider: LiveKit, track: TrackInfo) -> None:
        """The room has an id and a name here, the participant an id and an identity."""
        who, room = ParticipantInfo(sid="PA_1", identity="ana"), Room(sid="RM_1", name="standup")
        for name, fact_type in (("track_published", TrackPublished), ("track_unpublished", TrackUnpublished)):
            event = WebhookEvent(event=name, id="EV_3", created_at=1, room=room, participant=who, track=track)
            (fact,) = deliver(provider, event)
            assert isinstance(fact, fact_type)
            assert (fact.room.id, fact.participant) == ("RM_1", Participant("PA_1", "ana"))
            assert fact.track == mapping.track(track)

    def test_of_a_track_of_a_later_kind_little_is_told(self, provider: LiveKit) -> None:
        event = {"event": "track_published", "id": "EV_3", "createdAt": "1", "room": {"sid": "RM_1", "name": "standup"}}
        track = {"sid": "TR_1", "type": "SMELL", "source": "NOSE"}
        (fact,) = deliver(provider, event | {"participant": {"sid": "PA_1", "identity": "ana"}, "track": track})
        assert isinstance(fact, TrackPublished)
        assert (fact.track.kind.value, fact.track.source.value) == ("data", "unknown")

    @pytest.mark.parametrize(
        "event",
        [
            WebhookEvent(event="participant_connection_aborted", id="EV_3", created_at=1, room=ROOM),
            WebhookEvent(event="of_a_later_server"),
        ],
        ids=lambda event: event.event,
    )
    def test_what_we_do_not_follow_tells_nothing(self, provider: LiveKit, event: WebhookEvent) -> None:
        assert deliver(provider, event) == []

    def test_what_a_later_server_adds_is_let_pass(self, provider: LiveKit) -> None:
        event = json.loads(BODY) | {"novelty": {"of": "theirs"}}
        event["room"]["novelty"] = [1]
        assert len(deliver(provider, event)) == 1

    @pytest.mark.parametrize("missing", ["event", "id", "createdAt", "room"])
    def test_a_signed_body_that_lacks_something_is_malformed(self, provider: LiveKit, missing: str) -> None:
        event = json.loads(BODY)
        del event[missing]
        with pytest.raises(Malformed):
            deliver(provider, event)
