"""What operators of LiveKit's ingress ask about (rows 15 and 16), and where it misleads them, through Slack to a real
server.

Each is recognised, said in words on the card or in the answer, and leads on by a button, which is pressed.
"""

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from livekit.protocol import ingress as pb

from bot.demo.slack import Message
from commands.core.repeating import looks_like_ingress_key
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import accepted, attempts, card, form, heard, labels, mention, public
from tests.live.ingresses import INGRESS, Encoders
from tests.live.studio import RTMP, Studio
from tests.standins.ingress.session import ERROR, INACTIVE, PUBLISHING
from tests.standins.ingress.worker import WAITING, failing
from tests.standins.psrpc import RpcError

FILM = "https://media.example.com/film.mp4"


@pytest.fixture
async def studio(encoders: Encoders, ingress_studio: Studio) -> Studio:
    """With the room in it, and no key where it must not be when the test is over."""
    await ingress_studio.ask("room create standup")
    return ingress_studio


@pytest.fixture
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is compared all the time, and what is missing once is missing."""
    monkeypatch.setattr("bot.settings.AlertSettings.reconcile_interval", timedelta(milliseconds=200))
    monkeypatch.setattr("bot.alerts.ingress_looking.MISSED_FOR", timedelta())


def notes(studio: Studio, card: Message) -> list[str]:
    """All that was said in the thread of a card."""
    return [each.lines[0] for each in public(studio.world) if each.thread_ts == card.ts]


async def deleted(studio: Studio, message: Message) -> Message:
    """**Delete** is pressed, and the question answered."""
    question = await studio.press(message, "Delete")
    assert "Delete ingress" in labels(question)
    return await studio.press(question, "Delete ingress")


# Why nobody gets in.


async def test_it_is_disabled(studio: Studio, encoders: Encoders) -> None:
    """Row 15: whoever sends is refused, which the server calls a failure, and is let in after a press."""
    made, answer = await encoders.made("rtmp standup camera-1 --disabled")
    assert "It is disabled: whoever sends is refused until it is enabled." in answer.words
    await studio.feed(INGRESS, "Disabled", "so whoever sends is refused: enable it.")
    with pytest.raises(RpcError, match="session is disabled"):
        await studio.ingress.connect(made.stream_key)
    tried = await studio.feed(INGRESS, "Disabled", "somebody has tried to send, and was refused.", "enable it.")
    await studio.press(tried, "Enable")
    waiting = await studio.feed(INGRESS, "Waiting", "Nobody is connected")
    session = await encoders.send(made)
    await session.stop()
    await studio.press(await studio.feed(INGRESS, "Stopped"), "Disable")
    await studio.feed(INGRESS, "Disabled", "so whoever sends is refused: enable it.")
    assert waiting.ts == tried.ts
    assert not (await encoders.record(made.ingress_id)).enabled


async def test_it_leads_into_no_room(studio: Studio, encoders: Encoders) -> None:
    """Row 15: made by somebody else's program, without a room, which the server takes and the worker does not. Who
    wants to be told of ingresses has its card."""
    await studio.ask("alert subscribe ingress")
    made = await studio.api.ingress.create_ingress(
        pb.CreateIngressRequest(input_type=pb.IngressInput.RTMP_INPUT, participant_identity="camera-1")
    )
    with pytest.raises(RpcError, match="no room name"):
        await studio.ingress.connect(made.stream_key)
    await studio.feed("Ingress into no room", "Failed", "It leads into no room: move it to one.", made.ingress_id)
    shown = await studio.ask("ingress show", made.ingress_id)
    assert shown.lines[0] == "The ingress *camera-1* has failed."
    assert "The video server says: invalid ingress: no room name" in shown.words
    assert "It leads into no room: move it to one." in shown.words
    await studio.ask("ingress update", made.ingress_id, "--room standup")
    await studio.feed(INGRESS, "Waiting", made.ingress_id)
    await encoders.send(made)
    assert "camera-1" in await studio.people()


async def test_the_server_knows_no_address_of_its_own_and_has_no_worker(tmp_path: Path, log: Log) -> None:
    """Row 15: whose setting is missing is said wherever the address would be. What is fetched needs a worker at once,
    and what is sent needs none until somebody sends."""
    async with Studio.open(tmp_path, redis=True) as studio, Encoders.before(studio, log) as encoders:
        await studio.ask("room create standup")
        told = "The video server has not been told its own address for RTMP. Whoever runs it has to set "
        made, answer = await encoders.made("rtmp standup camera-1")
        assert f"{told}ingress.rtmp_base_url." in answer.words
        assert f"`{made.stream_key}`" in answer.lines
        await studio.feed(INGRESS, "Waiting", told)
        assert "the server has no ingress.rtmp_base_url" in (await studio.ask("provider show")).words
        refused = await studio.ask("ingress create url standup film", FILM)
        assert refused.lines[0] == "No ingress worker of `livekit` took it: none runs, or all are busy."
        assert len(await encoders.records()) == 1
        worker = await studio.hire_ingress()
        await studio.press(refused, "Try again")
        assert (await worker.next()).info.url == FILM
        await encoders.send(made)
        await studio.feed(INGRESS, "Live", made.ingress_id)


# What is sent, and what goes wrong.


async def test_it_buffers(haste: None, studio: Studio, encoders: Encoders) -> None:
    """The server sends no webhook for it: it is found by looking."""
    made, _ = await encoders.made("rtmp standup camera-1")
    session = await studio.ingress.connect(made.stream_key)
    await studio.feed(INGRESS, "Buffering", "something comes in, and is not in the room yet.")
    await session.publish()
    await studio.feed(INGRESS, "Live", "2.5 Mbit/s")
    await session.report(video=None)
    live = await studio.feed(INGRESS, "*Audio*")
    assert "Live" in live.words


async def test_it_fails_and_works_again(studio: Studio, encoders: Encoders) -> None:
    """Everybody is told of both, and whoever made it by name."""
    made, _ = await encoders.made("rtmp standup camera-1")
    session = await encoders.send(made)
    await session.fail("connection reset")
    failed = await studio.feed(INGRESS, "Failed", "connection reset", "Let the encoder send H.264 and AAC")
    note = await studio.note(failed, "failed: connection reset", studio.world.operator.id)
    assert {"New key", "Delete"} <= set(labels(note))
    await encoders.send(made)
    live = await studio.feed(INGRESS, "Live", "H.264")
    assert live.ts == failed.ts
    assert "connection reset" not in live.words
    await studio.note(live, "is live.")


async def test_an_address_that_fails_at_once(studio: Studio, encoders: Encoders) -> None:
    """It ends without ever having begun."""
    studio.ingress.starts = failing("403 Forbidden")
    made, _ = await encoders.made("url standup film", FILM)
    failed = await studio.feed(INGRESS, "Failed", "403 Forbidden", "then create it again: it is fetched only once.")
    await studio.note(failed, "failed: 403 Forbidden")
    await deleted(studio, failed)
    await studio.feed(INGRESS, "Deleted", made.ingress_id)


async def test_an_update_of_one_that_failed_ends_it_twice(studio: Studio, encoders: Encoders) -> None:
    """The server sends `ingress_ended` again, with the old error in it: one failure is told once."""
    made, _ = await encoders.made("rtmp standup camera-1")
    session = await encoders.send(made)
    await session.fail("connection reset")
    failed = await studio.feed(INGRESS, "Failed", "connection reset")
    await studio.note(failed, "failed: connection reset")
    await studio.ask("ingress update", made.ingress_id, '--name "Camera 1"')
    waiting = await studio.feed(INGRESS, "Waiting", "Camera 1")
    assert "connection reset" not in waiting.words
    assert (await encoders.record(made.ingress_id)).state.error == "connection reset"
    await encoders.send(made)
    live = await studio.feed(INGRESS, "Live")
    await studio.note(live, "is live.")
    assert [("failed" in each, "is live" in each) for each in notes(studio, live)] == [(True, False), (False, True)]


async def test_a_change_while_something_comes_in(studio: Studio, encoders: Encoders) -> None:
    """It cuts the sender off, which the server's answer does not say; so it is asked before, and told after."""
    made, _ = await encoders.made("rtmp standup camera-1")
    session = await encoders.send(made)
    await studio.feed(INGRESS, "Live")
    question = await studio.ask("ingress update standup --room stage")
    assert "A change may cut that off" in question.words
    assert (await encoders.record(made.ingress_id)).room_name == "standup"
    answer = await studio.press(question, "Change it")
    assert "standup → stage" in answer.lines
    assert "It counts from the next time that somebody sends." in answer.words
    await session.until(INACTIVE)
    await studio.until_gone("camera-1")
    await card(studio.world, "Ingress into stage", "Stopped")
    await encoders.send(made)
    await card(studio.world, "Ingress into stage", "Live")
    assert "camera-1" in await studio.people("stage")


async def test_another_key(studio: Studio, encoders: Encoders) -> None:
    """Row 16: **New key** makes another ingress and deletes the old one, and says so. Who sends by the old key goes."""
    made, _ = await encoders.made(
        'whip standup camera-1 --name "Camera 1" --transcoding --preset h264-540p-25fps-2-layers'
    )
    session = await encoders.send(made)
    live = await studio.feed(INGRESS, "Live")
    new, answer = await encoders.renewed(live, made)
    assert f"it is a new ingress, `{new.ingress_id}`, and the old one, `{made.ingress_id}`, is deleted" in answer.words
    assert f"`{new.stream_key}`" in answer.lines
    assert made.stream_key not in answer.words
    for same in ("name", "room_name", "participant_identity", "input_type", "video", "audio", "enable_transcoding"):
        assert getattr(new, same) == getattr(made, same), same
    await session.until(INACTIVE)
    await studio.feed(INGRESS, "Deleted", made.ingress_id)
    with pytest.raises(RpcError, match="does not exist"):
        await studio.ingress.connect(made.stream_key)
    await encoders.send(new)
    await studio.feed(INGRESS, "Live", new.ingress_id)


async def test_its_room_is_closed_under_it(studio: Studio, encoders: Encoders) -> None:
    """It is thrown out, which is a failure. Whoever sends again brings up another life of the room."""
    made, _ = await encoders.made("rtmp standup camera-1")
    session = await encoders.send(made)
    live = await studio.feed(INGRESS, "Live")
    await studio.press(await studio.ask("room close standup"), "End room")
    await session.until(ERROR)
    await studio.note(live, "failed: room disconnected")
    failed = await studio.feed(INGRESS, "Failed", "room disconnected", "It was put out of its room", "Then send again.")
    assert "H.264" not in failed.words
    await encoders.send(made)
    await studio.feed(INGRESS, "Live")
    assert "camera-1" in await studio.people()
    assert (await studio.ask("ingress list --orphans")).lines[0].startswith("No ingress on `livekit` is an orphan")


async def test_it_is_changed_though_its_worker_is_gone(studio: Studio, encoders: Encoders) -> None:
    """Row 16: the server says nothing for a second, changes it all the same, and goes on to list it as live."""
    made, _ = await encoders.made("rtmp standup camera-1")
    session = await encoders.send(made)
    await studio.feed(INGRESS, "Live")
    await session.die()
    await studio.until_gone("camera-1")
    answer = await studio.press(await studio.ask("ingress update standup --room stage"), "Change it")
    assert "standup → stage" in answer.lines
    record = await encoders.record(made.ingress_id)
    assert (record.room_name, record.state.status) == ("stage", PUBLISHING)
    await encoders.send(made)
    await card(studio.world, "Ingress into stage", "Live")
    assert "camera-1" in await studio.people("stage")


# What stays behind.


async def test_its_worker_is_gone(haste: None, tmp_path: Path, log: Log) -> None:
    """Row 16: the record stays live for ever. It is found by looking, and taken away from the list of orphans."""
    clock = MovedClock()
    async with AsyncExitStack() as stack:
        studio = await stack.enter_async_context(Studio.open(tmp_path, ingress=True, clock=clock))
        encoders = await stack.enter_async_context(Encoders.before(studio, log))
        await studio.ask("room create standup")
        first, _ = await encoders.made("rtmp standup camera-1")
        second, _ = await encoders.made("rtmp standup camera-2")
        await encoders.send(first)
        await encoders.send(second)
        await studio.feed(INGRESS, "Live", first.ingress_id)
        await studio.feed(INGRESS, "Live", second.ingress_id)
        await studio.ingress.die()
        await studio.until_gone("camera-1")
        await studio.until_gone("camera-2")
        none = await studio.ask("ingress list --orphans")
        assert none.lines[0] == "No ingress on `livekit` is an orphan; 2 others are there."
        clock.move(seconds=125)
        left = await studio.feed(INGRESS, "Left behind", "its worker is gone", first.ingress_id)
        assert labels(left)[-2:] == ["New key", "Delete"]
        worker = await studio.hire_ingress()
        new, _ = await encoders.renewed(left, first)
        assert new.participant_identity == "camera-1"
        await studio.feed(INGRESS, "Deleted", first.ingress_id)
        listed = await studio.ask("ingress list --orphans")
        assert (second.ingress_id in listed.words, "its worker died" in listed.words) == (True, True)
        question = await studio.press(listed, "Clean up")
        assert second.ingress_id in question.words
        assert (await studio.press(question, "Clean up")).lines[0] == "Deleted 1 ingress."
        await studio.feed(INGRESS, "Deleted", second.ingress_id)
        assert set(await encoders.records()) == {new.ingress_id}
        await (await worker.connect(new.stream_key)).publish()
        await studio.feed(INGRESS, "Live", new.ingress_id)


async def test_its_room_is_gone(studio: Studio, encoders: Encoders, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 16: it waits for a room that nobody has any more. It is listed, and deleted by itself alone, as the room may
    come back. What nobody has sent to yet is no orphan."""
    made, _ = await encoders.made("rtmp standup camera-1")
    other, _ = await encoders.made("rtmp standup camera-2")
    session = await encoders.send(made)
    await studio.feed(INGRESS, "Live", made.ingress_id)
    await session.stop()
    await studio.feed(INGRESS, "Stopped", made.ingress_id)
    await studio.press(await studio.ask("room close standup"), "End room")
    await studio.card("Ended")
    assert (await studio.ask("ingress list --orphans")).lines[0].startswith("No ingress on `livekit` is an orphan;")
    monkeypatch.setattr("commands.core.ingress_orphans.UNUSED_FOR", timedelta())
    listed = await studio.ask("ingress list --orphans")
    assert (made.ingress_id in listed.words, "its room is gone" in listed.words) == (True, True)
    assert "Clean up" not in labels(listed)
    assert (await studio.ask("ingress clean")).lines[0] == "No ingress on `livekit` has lost its worker."
    question = await studio.press(listed, "Delete")
    assert (await studio.press(question, "Delete ingress")).lines[0].startswith("Deleted the ingress ")
    assert set(await encoders.records()) == {other.ingress_id}


# What is asked wrongly.


async def test_what_the_server_would_refuse(studio: Studio, encoders: Encoders) -> None:
    """It is refused in words, before the server is asked."""
    refused = {
        "whip standup cam --preset h264-720p-30fps-1-layer": "A preset needs transcoding; add --transcoding",
        "whip standup cam --no-transcoding --audio-preset opus-mono-64kbs": "A preset needs transcoding",
        "rtmp standup cam --no-transcoding": "What comes by RTMP is always transcoded; leave it out.",
        "url standup film ftp://media.example.com/film.mp4": "This video server fetches from",
        "url standup film http://169.254.169.254/latest": "is in no public network",
        f"url standup film {FILM} --disabled": "--disabled",
    }
    told = {words: (await studio.ask("ingress create", words)).words for words in refused}
    assert [words for words, why in refused.items() if why not in told[words]] == []
    assert await encoders.records() == {}


async def test_without_an_identity(studio: Studio, encoders: Encoders) -> None:
    """The form asks for it, which Slack does not send without, and its answer has the key."""
    world, omar = studio.world, studio.world.operator
    view = await form(world, omar, "/video ingress create rtmp standup")
    assert (await world.slack.submit(omar, view, {})).problem == "incomplete"
    assert await encoders.records() == {}
    accepted(await world.slack.submit(omar, view, {"identity": "camera-1"}))
    answer = await world.slack.until(lambda: next((m for m in heard(world, omar) if "By ffmpeg" in m.words), None))
    [made] = (await encoders.records()).values()
    assert (answer.ephemeral_to, made.participant_identity) == (omar.id, "camera-1")
    assert f"`{made.stream_key}`" in answer.lines


async def test_what_is_fetched_is_not_changed(studio: Studio, encoders: Encoders) -> None:
    studio.ingress.starts = WAITING
    made, _ = await encoders.made("url standup film", FILM)
    answer = await studio.ask("ingress update", made.ingress_id, "--room stage")
    assert answer.lines[0] == "The ingress *film* into *standup* is fetched once, so it cannot be changed."
    assert labels(answer) == ["Delete", "Create another"]
    await deleted(studio, answer)
    assert await encoders.records() == {}


async def test_a_key_that_everybody_has_read(studio: Studio, encoders: Encoders) -> None:
    """What was typed is in the channel, and nothing of ours repeats it."""
    world = studio.world
    made = [(await encoders.made(f"rtmp standup camera-{number}"))[0] for number in range(3)]
    keys = [each.stream_key for each in made if looks_like_ingress_key(each.stream_key)]
    said = await mention(world, world.operator, f"@showcaller ingress show {keys[0]}")
    assert "This looks like a stream key. Delete your message" in " ".join(said.words.split())
    assert keys[0] not in said.words
    by_address = await mention(world, world.operator, f"@showcaller ingress delete {RTMP}/{keys[0]}")
    assert "This looks like a stream key. Delete your message" in " ".join(by_address.words.split())
    assert keys[0] not in by_address.words
    assert not any(keys[0] in words for words, _ in attempts(world))
    assert set(await encoders.records()) == {each.ingress_id for each in made}
