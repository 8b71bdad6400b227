"""The tutorial application server's Ingress folder, by slash commands on a real server with an ingress worker.

Each test is named after its row (`POST /ingresses/rtmp`, and so on). What came of it is looked at by the server's own
API, by the card and, where somebody sends, by who is in the room. No key is anywhere but in the answer to the asker.
"""

import pytest
from livekit.protocol import ingress as pb
from livekit.protocol.models import ParticipantInfo, TrackSource

from tests.bot.conversations.talk import accepted, card, labels, opened
from tests.live.ingresses import INGRESS, Encoders
from tests.live.studio import RTMP, WHIP, Studio
from tests.standins.ingress.session import INACTIVE
from tests.standins.psrpc import RpcError

FILM = "https://media.example.com/film.mp4?token=of-the-film"


@pytest.fixture
async def studio(encoders: Encoders, ingress_studio: Studio) -> Studio:
    """With the room in it, and no key where it must not be when the test is over."""
    await ingress_studio.ask("room create standup")
    return ingress_studio


async def test_create_rtmp(studio: Studio, encoders: Encoders) -> None:
    """`POST /ingresses/rtmp`: the key is for the asker alone, and the card goes through what is sent."""
    made, answer = await encoders.made("rtmp standup camera-2", '--name "Camera 2" --display-name "Stage left"')
    assert (made.input_type, made.room_name) == (pb.IngressInput.RTMP_INPUT, "standup")
    assert (made.participant_identity, made.participant_name, made.name) == ("camera-2", "Stage left", "Camera 2")
    assert answer.ephemeral_to == studio.world.operator.id
    assert {f"`{RTMP}`", f"`{made.stream_key}`"} <= set(answer.lines)
    assert f"-f flv {RTMP}/{made.stream_key}`" in answer.words
    waiting = await studio.feed(INGRESS, "Waiting", "Nobody is connected: start the encoder", made.ingress_id)
    assert {"Disable", "Move", "New key", "Delete"} <= set(labels(waiting))
    session = await encoders.send(made)
    assert (await studio.people())["camera-2"].kind == ParticipantInfo.Kind.INGRESS
    live = await studio.feed(INGRESS, "Live", made.ingress_id)
    assert {"H.264 · 1280×720 · 30 fps · 2.5 Mbit/s", "AAC · 48 kHz · stereo · 128 kbit/s"} <= set(live.lines)
    await studio.card("Coming in", "Camera 2")
    await session.stop()
    stopped = await studio.feed(INGRESS, "Stopped", "Nobody is connected")
    await studio.note(stopped, "stopped")


async def test_create_whip(studio: Studio, encoders: Encoders) -> None:
    """`POST /ingresses/whip`, passed on as it is, and encoded anew where that is asked for."""
    made, answer = await encoders.made("whip standup camera-2")
    assert (made.input_type, made.enable_transcoding, made.url) == (pb.IngressInput.WHIP_INPUT, False, WHIP)
    assert {f"`{WHIP}`", f"`{made.stream_key}`", "*Bearer token, which is its key*"} <= set(answer.lines)
    assert f"-authorization {made.stream_key} -f whip {WHIP}`" in answer.words
    session = await studio.ingress.connect(made.stream_key)
    sent = pb.InputVideoState(mime_type="video/VP8", average_bitrate=900_000, width=640, height=360, framerate=25)
    await session.publish(sent, audio=None)
    live = await studio.feed(INGRESS, "Live", "VP8 · 640×360 · 25 fps · 900 kbit/s", made.ingress_id)
    assert "*Audio*" not in live.words
    slides, _ = await encoders.made(
        "whip standup slides --transcoding --preset h264-1080p-30fps-1-layer --video-source screen-share"
    )
    assert slides.enable_transcoding
    assert slides.video.source == TrackSource.SCREEN_SHARE
    assert slides.video.preset == pb.IngressVideoEncodingPreset.H264_1080P_30FPS_1_LAYER


async def test_create_url(studio: Studio, encoders: Encoders) -> None:
    """`POST /ingresses/url`: fetched at once, once, and from an address of which what is secret is shown to nobody."""
    made, answer = await encoders.made("url standup film", FILM)
    assert answer.lines[0] == "Made an ingress by URL into *standup* as *film*. Its card says how it goes."
    assert (made.input_type, made.url) == (pb.IngressInput.URL_INPUT, FILM)
    session = await studio.ingress.next()
    live = await studio.feed(INGRESS, "Live", "H.264 · 1280×720", "https://media.example.com", made.ingress_id)
    assert (await studio.people())["film"].kind == ParticipantInfo.Kind.INGRESS
    assert "Delete" in labels(live)
    assert not {"Disable", "Move", "New key"} & set(labels(live))
    await session.stop()
    await studio.feed(INGRESS, "Complete", "its source has ended")
    assert "of-the-film" not in studio.world.slack.picture()


async def test_list_by_room(studio: Studio, encoders: Encoders) -> None:
    """`GET /ingresses?roomName=`, all of them, and those by which something comes in."""
    here, _ = await encoders.made("rtmp standup camera-1")
    sends, _ = await encoders.made("rtmp standup camera-2")
    elsewhere, _ = await encoders.made("whip retro camera-1")
    await encoders.send(sends)
    ids = set(await encoders.records())
    assert ids == {here.ingress_id, sends.ingress_id, elsewhere.ingress_id}
    found = {
        words: {id for id in ids if id in (await studio.ask(words)).words}
        for words in ("ingress list", "ingress list standup", "ingress list --active", "ingress list retro --active")
    }
    assert found == {
        "ingress list": ids,
        "ingress list standup": {here.ingress_id, sends.ingress_id},
        "ingress list --active": {sends.ingress_id},
        "ingress list retro --active": set(),
    }


async def test_list_by_id(studio: Studio, encoders: Encoders) -> None:
    """`GET /ingresses?ingressId=`: by its id, and by its name or its room where that is enough."""
    made, _ = await encoders.made('rtmp standup camera-1 --name "Camera 1"')
    other, _ = await encoders.made("whip standup camera-2")
    for called in (made.ingress_id, '"Camera 1"'):
        shown = await studio.ask("ingress show", called)
        assert shown.lines[0] == "The ingress *Camera 1* into *standup* is waiting for a sender."
        assert {f"`{made.ingress_id}`", "RTMP", "`camera-1`", f"`{RTMP}`"} <= set(shown.lines)
    which = await studio.ask("ingress show standup")
    assert set(labels(which)) == {f"Show {each.ingress_id}, waiting for a sender" for each in (made, other)}
    unknown = await studio.ask("ingress show IN_none")
    assert unknown.lines[0] == "There is no ingress `IN_none` on `livekit`."


async def test_update(studio: Studio, encoders: Encoders) -> None:
    """`PATCH /ingresses/{id}`: another name, typed, and another room, by the form of the card's **Move**."""
    made, _ = await encoders.made("rtmp standup camera-1")
    answer = await studio.ask("ingress update", made.ingress_id, '--name "Camera 2" --identity camera-2')
    assert {"*Name*", "none → Camera 2", "camera-1 → camera-2"} <= set(answer.lines)
    after = await encoders.record(made.ingress_id)
    assert (after.name, after.participant_identity, after.stream_key) == ("Camera 2", "camera-2", made.stream_key)
    waiting = await studio.feed(INGRESS, "Camera 2")
    slack, omar = studio.world.slack, studio.world.operator
    accepted(await slack.press(omar, waiting, "Move"))
    view = await opened(studio.world, omar)
    accepted(await slack.submit(omar, view, {"room": "stage"}))
    await card(studio.world, "Ingress into stage", "Waiting", made.ingress_id)
    assert (await encoders.record(made.ingress_id)).room_name == "stage"
    await encoders.send(made)
    assert "camera-2" in await studio.people("stage")
    assert "camera-2" not in await studio.people("standup")


async def test_delete(studio: Studio, encoders: Encoders) -> None:
    """`DELETE /ingresses/{id}`, by the card while somebody sends, and typed twice."""
    made, _ = await encoders.made("rtmp standup camera-1")
    other, _ = await encoders.made("rtmp standup camera-2")
    session = await encoders.send(made)
    live = await studio.feed(INGRESS, "Live", made.ingress_id)
    question = await studio.press(live, "Delete")
    assert "It is live: camera-1 is cut off." in question.words
    assert (await studio.press(question, "Delete ingress")).lines[0] == "Deleted the ingress *camera-1* into *standup*."
    await session.until(INACTIVE)
    await studio.until_gone("camera-1")
    assert set(await encoders.records()) == {other.ingress_id}
    gone = await studio.feed(INGRESS, "Deleted", made.ingress_id)
    assert labels(gone) == []
    with pytest.raises(RpcError, match="does not exist"):
        await studio.ingress.connect(made.stream_key)
    await studio.press(await studio.ask("ingress delete", other.ingress_id), "Delete ingress")
    again = await studio.ask("ingress delete", other.ingress_id)
    assert again.lines[0] == "The ingress *camera-2* into *standup* has been deleted."
    assert await encoders.records() == {}
