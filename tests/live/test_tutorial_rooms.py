"""The tutorial application server's token and room rows, by slash commands on a real server, seen by real clients.

Each test is named after its row (`POST /rooms` is the creation of a room, and so on). The server tells people in any
order.
"""

import asyncio

import jwt

from providers.base import TrackSource
from tests.live.server import KEY, SECRET
from tests.live.studio import ROOM, Studio
from tests.providers.stage import Heard


async def test_create_token(studio: Studio) -> None:
    """`POST /token`: who comes in by it sees the others, and is seen."""
    await studio.ask("room create standup")
    ana = await studio.enter("ana", "--name Ana")
    address, token = await studio.token("bob", "--name Bob", "--metadata", '{"desk": 7}', "--attribute role=host")
    assert jwt.decode(token, SECRET, algorithms=["HS256"], issuer=KEY)["sub"] == "bob"
    bob = await studio.come((address, token))
    await bob.publish()  # the server tells of those who send nothing up to three seconds late
    seen = await ana.until(lambda: ana.other("bob"))
    assert (seen.name, seen.metadata, seen.attributes) == ("Bob", '{"desk": 7}', {"role": "host"})
    assert (await bob.until(lambda: bob.other("ana"))).name == "Ana"


async def test_create_token_for_two_who_see_each_others_tracks(studio: Studio) -> None:
    """`POST /token`, twice: sound and picture of each come in at the other's end."""
    await studio.ask("room create standup")
    ana, bob = await studio.enter("ana"), await studio.enter("bob")
    for sender, receiver in ((ana, bob), (bob, ana)):
        tracks = [await sender.publish(source) for source in (TrackSource.MICROPHONE, TrackSource.CAMERA)]
        await asyncio.gather(*(receiver.sees(track_id) for track_id in tracks))


async def test_create_token_of_a_subscriber(studio: Studio) -> None:
    """`POST /token` for somebody who only watches: the server takes nothing from them, whatever their app tries."""
    await studio.ask("room create standup")
    ana, bob = await studio.enter("ana"), await studio.enter("bob", "--grant subscriber")
    await bob.sees(await ana.publish())
    assert not bob.may_publish(TrackSource.MICROPHONE)
    await bob.offer_in_vain(TrackSource.MICROPHONE, until=lambda: "no permission to publish track" in studio.server.log)
    present = await studio.people()
    assert [len(present[identity].tracks) for identity in ("ana", "bob")] == [1, 0]


async def test_create_room(studio: Studio) -> None:
    """`POST /rooms`."""
    answer = await studio.ask("room create standup --max-participants 5 --metadata", '{"scene": 1}')
    assert answer.lines[0] == "Created *standup*."
    (room,) = await studio.rooms()
    assert (room.name, room.max_participants, room.metadata) == (ROOM, 5, '{"scene": 1}')
    await studio.card("nobody in it")


async def test_create_room_again_says_what_was_kept(studio: Studio) -> None:
    """`POST /rooms` for a live one: the server returns it as it is and says nothing of that; we do."""
    await studio.ask("room create standup --max-participants 5 --empty-timeout 10m")
    (before,) = await studio.rooms()
    answer = await studio.ask("room create standup --max-participants 9 --empty-timeout 1h --metadata other")
    assert answer.lines[0] == "*standup* was there already: nobody is in it."
    kept = (
        "It was left as it is: up to 5 people, not 9; its empty timeout is 10 min, not 1 h; "
        "its metadata was not changed."
    )
    assert kept in answer.words
    assert await studio.rooms() == [before]
    await studio.press(answer, "Update metadata")
    (after,) = await studio.rooms()
    assert (after.sid, after.metadata, after.max_participants) == (before.sid, "other", 5)


async def test_list_rooms(studio: Studio) -> None:
    """`GET /rooms`."""
    for name in ("standup", "retro"):
        await studio.ask("room create", name)
    answer = await studio.ask("room list")
    assert answer.lines[0] == "2 rooms are live on `livekit`."
    assert {"*standup*", "*retro*"} <= set(answer.lines)


async def test_list_rooms_by_name(studio: Studio) -> None:
    """`GET /rooms?roomName`."""
    for name in ("standup", "retro"):
        await studio.ask("room create", name)
    answer = await studio.ask("room list stand*")
    assert answer.lines[0] == "1 of 2 rooms on `livekit` matches `stand*`."
    assert "*standup*" in answer.lines
    assert "*retro*" not in answer.lines


async def test_show_room(studio: Studio) -> None:
    """A room with all that is in it, which the tutorial has as `GET /rooms?roomName`."""
    await studio.ask("room create standup --metadata hello")
    bob = await studio.enter("bob", "--name Bob")
    await bob.publish(TrackSource.MICROPHONE)
    await studio.until_listed("bob", 1)
    answer = await studio.ask("room show standup")
    (room,) = await studio.rooms()
    assert answer.lines[0] == "*standup*: 1 person is in it."
    assert {f"`{room.sid}`", "Bob: microphone", "`hello`"} <= set(answer.lines)
    assert [button.label for button in answer.buttons] == ["Join", "Participants", "Mute all", "End"]


async def test_update_room_metadata(studio: Studio) -> None:
    """`POST /rooms/{r}/metadata`: everybody in the room is told. An empty text clears it."""
    await studio.ask("room create standup --metadata before")
    ana = await studio.enter("ana")
    assert ana.room.metadata == "before"
    answer = await studio.ask("room update standup --metadata", '{"scene": 2}', "--as-json")
    assert answer.lines[:3] == ["Updated the metadata of *standup*.", "*Before*", "`before`"]
    await ana.until(lambda: ana.room.metadata == '{"scene": 2}')
    assert (await studio.ask('room update standup --metadata ""')).lines[0] == "Cleared the metadata of *standup*."
    await ana.until(lambda: ana.room.metadata == "")


async def test_update_room_metadata_that_is_not_json(studio: Studio) -> None:
    """`POST /rooms/{r}/metadata` with `--as-json`: refused before the server is asked."""
    await studio.ask("room create standup --metadata before")
    answer = await studio.ask("room update standup --metadata", '"scene 2"', "--as-json")
    assert "It is not JSON" in answer.words
    assert [room.metadata for room in await studio.rooms()] == ["before"]


async def test_send_data_to_all(studio: Studio) -> None:
    """`POST /rooms/{r}/send-data`."""
    await studio.ask("room create standup")
    ana, bob = await studio.enter("ana"), await studio.enter("bob")
    answer = await studio.ask("signal send standup", '{"scene": 2}', "--topic chat --as-json")
    assert answer.words in {f"Sent to 2 people in *standup*: {both}." for both in ("ana, bob", "bob, ana")}
    assert await ana.hears() == await bob.hears() == Heard('{"scene": 2}', "chat")


async def test_send_data_to_one(studio: Studio) -> None:
    """`POST /rooms/{r}/send-data` to one: what comes to the other is the next message, sent to all."""
    await studio.ask("room create standup")
    ana, bob = await studio.enter("ana"), await studio.enter("bob", "--name Bob")
    answer = await studio.ask('signal send standup "for Bob alone" --to bob')
    assert answer.words == "Sent to 1 person in *standup*: Bob."
    await studio.ask('signal send standup "for everybody"')
    assert [await bob.hears(), await bob.hears()] == [Heard("for Bob alone"), Heard("for everybody")]
    assert await ana.hears() == Heard("for everybody")
    assert ana.heard.empty()


async def test_delete_room(studio: Studio) -> None:
    """`DELETE /rooms/{r}`: both are disconnected, and told why."""
    await studio.ask("room create standup")
    ana, bob = await studio.enter("ana", "--name Ana"), await studio.enter("bob", "--name Bob")
    live = await studio.card("2 people")
    question = await studio.press(live, "End")
    assert question.lines[0] in {f"End *standup*? This disconnects {both}." for both in ("Ana, Bob", "Bob, Ana")}
    assert (await studio.press(question, "End room")).words == "Ended *standup*."
    assert [await ana.thrown_out(), await bob.thrown_out()] == ["ROOM_DELETED"] * 2
    assert await studio.rooms() == []
    ended = await studio.card("Ended")
    assert (ended.ts, ended.buttons) == (live.ts, [])
