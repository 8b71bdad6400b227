"""What operators of LiveKit ask about streams and their destinations, through Slack to a real server.

No key of an address is shown or kept in clear, whoever told it.
"""

import pytest
from livekit.protocol import egress as pb

from providers.base import TrackSource
from tests.bot.conversations.talk import database, labels
from tests.live.studio import FIRST, SECOND, STREAM, THIRD, Studio
from tests.standins.egress.egress import ACTIVE, Egress


@pytest.fixture
async def studio(recording_studio: Studio) -> Studio:
    """With the room in it, in which ana sends."""
    await recording_studio.ask("room create standup")
    await recording_studio.perform("ana", TrackSource.CAMERA)
    return recording_studio


async def test_one_destination_fails_and_another_is_tried_anew(studio: Studio) -> None:
    """Row 17: LiveKit goes on saying ACTIVE, and tells of retries to nobody."""
    egress = await studio.begun(f"stream start standup {FIRST} {SECOND}")
    await egress.reconnect(SECOND)
    await egress.reconnect(SECOND)
    await egress.fail_destination(FIRST, f"could not connect to {FIRST}: refused")
    card = await studio.feed(STREAM, "Partly live", "to 1 of 2 destinations", "2 retries, last ")
    note = await studio.note(card, "does not reach `rtmp://live.example.com/app`", "Check its key and address")
    assert "Add destination" in labels(note)
    await studio.ask("stream add standup", THIRD)
    await studio.feed(STREAM, "to 2 of 3 destinations")
    await egress.fail_destination(SECOND, "connection reset")
    await egress.fail_destination(THIRD, "connection reset by peer")
    failed = await studio.feed(STREAM, "Failed", "connection reset")
    assert_no_keys(studio)
    retried = await studio.begun_by(failed, "Retry")
    assert isinstance(retried.request, pb.RoomCompositeEgressRequest)
    assert list(retried.request.stream_outputs[0].urls) == [FIRST, SECOND, THIRD]


async def test_a_destination_that_somebody_else_added_is_removed_by_its_whole_url(studio: Studio) -> None:
    """The server tells nobody the key, and takes nothing less."""
    asked = pb.RoomCompositeEgressRequest(
        room_name="standup", stream_outputs=[pb.StreamOutput(protocol=pb.StreamProtocol.RTMP, urls=[FIRST, SECOND])]
    )
    await studio.api.egress.start_room_composite_egress(asked)
    egress = await studio.worker.next()
    await egress.until(ACTIVE)
    answer = await studio.ask("stream remove standup 1")
    assert answer.lines[0] == "I do not know the whole URL of `rtmp://b.example.com/app`, as it was not added here."
    assert labels(answer) == ["Open form"]
    removed = await studio.ask("stream remove standup", SECOND)
    assert "`rtmp://b.example.com/app` removed" in removed.words
    assert [bool(each.ended_at) for each in egress.info.stream_results] == [False, True]


async def test_a_change_of_which_only_a_part_was_made(studio: Studio) -> None:
    """The server adds one and refuses to remove the other. What was added can be removed by its number all the same."""
    egress = await studio.begun(f"stream start standup {FIRST}")
    answer = await studio.ask("stream update standup --add", THIRD, "--remove", SECOND)
    assert answer.lines[0] == "The stream of *standup* does not go there."
    assert "`rtmps://media.example.com:443/app`" in answer.words
    await studio.feed(STREAM, "to 2 destinations")
    removed = await studio.ask("stream remove standup rtmps://media.example.com:443/app")
    assert "`rtmps://media.example.com:443/app` removed" in removed.words
    assert [bool(each.ended_at) for each in egress.info.stream_results] == [False, True]


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        ("stream start standup srt://media.example.com:7000?passphrase=hidden-one&streamid=hidden-two", "srt://media"),
        ("egress track standup bob/microphone --stream wss://media.example.com/pcm/hidden-one", "wss://media"),
    ],
)
async def test_addresses_that_livekit_does_not_hide(studio: Studio, start: str, shown: str) -> None:
    """SRT's and websockets' are told in clear."""
    await studio.perform("bob", TrackSource.MICROPHONE)
    await shown_without_secrets(studio, await studio.begun(start), shown)


async def test_a_shorthand_that_livekit_does_not_hide(studio: Studio) -> None:
    """`mux://KEY` is told in clear, too, in the copy of the request. It was started elsewhere."""
    streams = [pb.StreamOutput(protocol=pb.StreamProtocol.RTMP, urls=["mux://hidden-one-of-mux"])]
    asked = pb.RoomCompositeEgressRequest(room_name="standup", stream_outputs=streams)
    told = await studio.api.egress.start_room_composite_egress(asked)
    assert "hidden-one-of-mux" in str(told)
    await shown_without_secrets(studio, await studio.worker.next(), "rtmps://global-live.mux.com")


async def shown_without_secrets(studio: Studio, egress: Egress, shown: str) -> None:
    for words in ("stream list", f"stream show {egress.id}", f"egress show {egress.id}"):
        assert shown in (await studio.ask(words)).words
    assert shown not in (await studio.ask("egress list")).words
    assert b"hidden-" not in database(studio.world)
    assert "hidden-" not in studio.world.slack.picture()


async def test_a_private_address_is_refused(studio: Studio) -> None:
    """Before anything is asked of the server, and for everything that a worker would fetch or send to."""
    for words in (
        "stream start standup rtmp://10.0.0.7/live/secret-key-1",
        "egress room standup --stream srt://127.0.0.1:7000",
        "recording start --url http://169.254.169.254/latest/meta-data",
        "egress web http://127.0.0.1/ --file page.mp4",
    ):
        answer = await studio.ask(words)
        assert "is in no public network" in answer.words
        assert "secret-key-1" not in answer.words
    assert not studio.worker.egresses


def assert_no_keys(studio: Studio) -> None:
    """Neither in what people see nor in what is kept in clear."""
    for key in ("first-key-of-ours", "second-key-of-ours", "third-key-of-ours"):
        assert key not in studio.world.slack.picture()
        assert key.encode() not in database(studio.world)
