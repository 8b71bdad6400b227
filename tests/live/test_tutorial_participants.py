"""The tutorial application server's participant rows, by slash commands on a real server, seen by real clients.

Each test is named after its row (`PATCH /rooms/{r}/participants/{id}` is the update of a participant, and so on).
"""

import asyncio
import json

import pytest

from providers.base import TrackSource
from tests.live.clients import Client
from tests.live.studio import Studio

BOTH = ("microphone, camera", "camera, microphone")
"""The server tells somebody's tracks in any order."""


@pytest.fixture
async def bob(studio: Studio) -> Client:
    """Somebody in the room who sends sound and picture."""
    await studio.ask("room create standup")
    bob = await studio.enter("bob", "--name Bob")
    await bob.publish(TrackSource.MICROPHONE)
    await bob.publish(TrackSource.CAMERA)
    await studio.until_listed("bob", 2)
    return bob


@pytest.fixture
async def cleo(studio: Studio, bob: Client) -> Client:
    """Somebody who sees Bob."""
    cleo = await studio.enter("cleo")
    await cleo.until(lambda: all(cleo.track(track_id) for track_id in bob.sending))
    return cleo


@pytest.fixture
async def watcher(bob: Client, cleo: Client) -> Client:
    """Cleo, when what Bob sends comes in."""
    await asyncio.gather(*(cleo.sees(track_id) for track_id in bob.sending))
    return cleo


async def test_list_participants(studio: Studio, bob: Client, cleo: Client) -> None:
    """`GET /rooms/{r}/participants`."""
    answer = await studio.ask("participant list standup")
    assert answer.lines[0] == "*standup*: 2 people are in it."
    assert answer.lines[1::3] == ["*Bob*", "*cleo*"]
    assert answer.lines[2].startswith(tuple(f"`bob` · {both} since " for both in BOTH))
    assert answer.lines[3] == "[Mute] [Remove] [Details]"
    assert "[Mute]" not in answer.lines[6]


async def test_get_participant(studio: Studio, bob: Client) -> None:
    """`GET /rooms/{r}/participants/{id}`."""
    answer = await studio.ask("participant show standup bob")
    told = (await studio.people())["bob"]
    assert answer.lines[0] == "*Bob* is in *standup*."
    assert f"`{told.sid}`" in answer.lines
    assert len(told.tracks) == 2
    for track in told.tracks:
        (line,) = [line for line in answer.lines if line.startswith(f"`{track.sid}`")]
        assert track.mime_type in line
        assert ("160×120" in line) is (track.sid == bob.sending[1])


async def test_update_participant_name(studio: Studio, bob: Client, cleo: Client) -> None:
    """`PATCH /rooms/{r}/participants/{id}`: Bob and the others are told."""
    answer = await studio.ask('participant update standup bob --name "Bob B."')
    assert answer.lines == ["Changed *Bob B.* in *standup*.", "*Name*", "Bob → Bob B."]
    await bob.until(lambda: bob.me.name == "Bob B.")
    await cleo.until(lambda: cleo.of("bob").name == "Bob B.")


async def test_update_participant_metadata(studio: Studio, bob: Client, cleo: Client) -> None:
    """`PATCH /rooms/{r}/participants/{id}` as the tutorial has it, but the right to publish stays."""
    await studio.ask("participant update standup bob --metadata", '{"desk": 7}', "--as-json")
    await bob.until(lambda: bob.me.metadata == '{"desk": 7}')
    await cleo.until(lambda: cleo.of("bob").metadata == '{"desk": 7}')
    assert bob.me.permissions.can_publish


async def test_update_participant_attributes(studio: Studio, bob: Client, cleo: Client) -> None:
    """`PATCH /rooms/{r}/participants/{id}`: attributes are merged, and an empty one goes."""
    await studio.ask("participant update standup bob --attribute role=host --attribute desk=7")
    await cleo.until(lambda: cleo.of("bob").attributes == {"role": "host", "desk": "7"})
    await studio.ask("participant update standup bob --attribute role= --attribute desk=8")
    await bob.until(lambda: bob.me.attributes == {"desk": "8"})
    await cleo.until(lambda: cleo.of("bob").attributes == {"desk": "8"})


async def test_update_participant_permissions_one_by_one(studio: Studio, bob: Client, cleo: Client) -> None:
    """`PATCH /rooms/{r}/participants/{id}`: the server replaces all permissions at once; ours stay but for the one."""
    await studio.ask("participant update standup bob --no-can-publish-data")
    await bob.until(lambda: not bob.me.permissions.can_publish_data)
    await studio.ask("participant update standup bob --can-update-metadata")
    await bob.until(lambda: bob.me.permissions.can_update_metadata)
    allowed = bob.me.permissions
    assert (allowed.can_publish, allowed.can_subscribe, allowed.can_publish_data) == (True, True, False)
    await cleo.sees(bob.sending[0])


async def test_update_participant_permission_to_publish_taken(studio: Studio, bob: Client, watcher: Client) -> None:
    """`PATCH /rooms/{r}/participants/{id}` as the tutorial has it: what they sent stops, and stays so."""
    answer = await studio.ask("participant update standup bob --no-can-publish")
    assert any(f"This has stopped: {both}." in answer.words for both in BOTH)
    for track_id in bob.sending:
        await watcher.loses(track_id)
    assert not bob.may_publish(TrackSource.CAMERA)
    await studio.ask("participant update standup bob --can-publish")
    await bob.until(lambda: bob.may_publish(TrackSource.CAMERA))
    assert not (await studio.people())["bob"].tracks
    await watcher.sees(await bob.publish(TrackSource.CAMERA))


async def test_update_participant_sources(studio: Studio, bob: Client, watcher: Client) -> None:
    """`PATCH /rooms/{r}/participants/{id}`: of two tracks only the allowed one goes on."""
    microphone, camera = bob.sending
    await studio.ask("participant update standup bob --source microphone")
    await watcher.loses(camera)
    await watcher.flows(microphone)


async def test_remove_participant(studio: Studio, bob: Client, cleo: Client) -> None:
    """`DELETE /rooms/{r}/participants/{id}`: thrown out with the reason, and back with the old token."""
    shown = await studio.ask("participant show standup bob")
    question = await studio.press(shown, "Remove")
    assert question.lines[0] == "Remove *Bob* from *standup*?"
    answer = await studio.press(question, "Remove")
    assert answer.lines[0] == "Removed *Bob* from *standup*."
    assert "They can come back with a token that is still good" in answer.words
    assert await bob.thrown_out() == "PARTICIPANT_REMOVED"
    await cleo.until(lambda: cleo.other("bob") is None)
    again = await studio.come(studio.way_of("bob"))
    assert again.me.identity == "bob"


async def test_remove_participant_and_keep_out(studio: Studio, bob: Client) -> None:
    """The same with `--keep-out`: whoever comes back with the old token is removed again, and the thread says so."""
    card = await studio.card("1 person")
    question = await studio.ask("participant remove standup bob --keep-out 1h")
    answer = await studio.press(question, "Remove")
    assert answer.lines[0].startswith("Removed *Bob* from *standup*. They are kept out until ")
    assert await bob.thrown_out() == "PARTICIPANT_REMOVED"
    again = await studio.come(studio.way_of("bob"))
    assert await again.thrown_out() == "PARTICIPANT_REMOVED"
    note = await studio.note(card, "Bob", "removed again")
    assert "bob" not in await studio.people()
    await studio.press(note, "Let back in")
    third = await studio.come(studio.way_of("bob"))
    await third.publish()
    await studio.until_listed("bob", 1)


async def test_mute_track(studio: Studio, bob: Client, watcher: Client) -> None:
    """`POST /rooms/{r}/participants/{id}/mute`: told to both, and no more of it comes in."""
    microphone, camera = bob.sending
    answer = await studio.ask("participant mute standup bob", camera)
    assert answer.lines[0] == "Muted *Bob*: camera."
    await bob.until(lambda: bob.is_muted(camera))
    await watcher.until(lambda: watcher.is_muted(camera))
    await watcher.stands_still(camera, while_flows=microphone)
    assert not watcher.is_muted(microphone)


async def test_mute_the_sound_of_everybody(studio: Studio, bob: Client, watcher: Client) -> None:
    """Muting for a whole room, which the tutorial leaves to its client. The pictures go on."""
    voice = await watcher.publish(TrackSource.MICROPHONE)
    await bob.sees(voice)
    await studio.until_listed("cleo", 1)
    microphone, camera = bob.sending
    answer = await studio.ask("room mute standup")
    assert answer.lines[0] == "Muted 2 tracks of 2 people in *standup*."
    await bob.until(lambda: bob.is_muted(microphone) and bob.is_muted(voice))
    await watcher.stands_still(microphone, while_flows=camera)


async def test_mute_everybody_but_one(studio: Studio, bob: Client, cleo: Client) -> None:
    voice = await cleo.publish(TrackSource.MICROPHONE)
    await studio.until_listed("cleo", 1)
    answer = await studio.ask("room mute standup --except cleo --audio --video")
    assert answer.lines[0] == "Muted 2 tracks of 1 person in *standup*."
    await cleo.until(lambda: all(cleo.is_muted(track_id) for track_id in bob.sending))
    assert not cleo.is_muted(voice)
    await bob.sees(voice)


async def test_unmute_track_done(studio: Studio, bob: Client, watcher: Client) -> None:
    """Unmuting, which the tutorial lacks, on a server whose operator allows it: it comes in again."""
    microphone, camera = bob.sending
    muted = await studio.ask("participant mute standup bob camera")
    await watcher.stands_still(camera, while_flows=microphone)
    assert (await studio.press(muted, "Unmute")).words == "Unmuted *Bob*: camera."
    await bob.until(lambda: not bob.is_muted(camera))
    await watcher.flows(camera)


@pytest.mark.parametrize("server_settings", ["room: {enable_remote_unmute: false}"], ids=["as it is by default"])
async def test_unmute_track_refused_is_asked_for(studio: Studio, bob: Client, cleo: Client) -> None:
    """On every other server: still muted, and Bob's app is asked by a message that he alone gets."""
    microphone, _ = bob.sending
    muted = await studio.ask("participant mute standup bob microphone")
    answer = await studio.press(muted, "Unmute")
    assert answer.lines[0] == "Asked *Bob* to unmute: microphone."
    assert "They are still muted" in answer.words
    asked = await bob.hears()
    assert asked.topic == "showcaller"
    assert json.loads(asked.message) == {"type": "unmute_request", "tracks": [microphone], "sources": ["microphone"]}
    assert bob.is_muted(microphone)
    await studio.ask("signal send standup after")
    assert (await cleo.hears()).message == "after"


async def test_unsubscribe_and_subscribe(studio: Studio, bob: Client, watcher: Client) -> None:
    """`POST /rooms/{r}/participants/{id}/unsubscribe` and `/subscribe`, by the subscriber's own statistics."""
    microphone, camera = bob.sending
    answer = await studio.ask("track unsubscribe standup cleo", camera)
    assert answer.words == "*cleo* no longer receives: bob/camera."
    await watcher.loses(camera)
    await watcher.flows(microphone)
    assert await watcher.packets(camera) == 0
    assert (await studio.ask("track subscribe standup cleo bob/camera")).words == "*cleo* receives: bob/camera."
    await watcher.sees(camera)
