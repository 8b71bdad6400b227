"""What goes wrong between people, the bot and a real server, and what the asker is told."""

import pytest

from commands.core.tokens import quote
from providers.base import TrackSource
from tests.live.clients import Client
from tests.live.studio import Studio
from tests.providers.stage import ODD_NAMES, NotAdmitted


@pytest.fixture
async def bob(studio: Studio) -> Client:
    """Somebody in the room who sends sound."""
    await studio.ask("room create standup")
    bob = await studio.enter("bob", "--name Bob")
    await bob.publish(TrackSource.MICROPHONE)
    await studio.until_listed("bob", 1)
    return bob


@pytest.mark.parametrize("button", ["Mute", "Details"])
async def test_a_participant_who_left_a_second_ago(studio: Studio, bob: Client, button: str) -> None:
    listed = await studio.ask("participant list standup")
    await bob.leave()
    await studio.until_gone("bob")
    answer = await studio.press(listed, button)
    assert answer.lines[0] == "`bob` is not in `standup`."
    assert "Nobody is" in answer.words


async def test_a_participant_who_came_back_as_somebody_else_is_not_taken_for_them(studio: Studio, bob: Client) -> None:
    """The button means an identity, and a display name of the same letters is not it."""
    listed = await studio.ask("participant list standup")
    await bob.leave()
    await studio.until_gone("bob")
    eve = await studio.enter("eve", "--name bob")
    track_id = await eve.publish()
    answer = await studio.press(listed, "Mute")
    assert answer.lines[0] == "`bob` is not in `standup`."
    assert not eve.is_muted(track_id)


async def test_a_track_of_another_room(studio: Studio, bob: Client) -> None:
    await studio.ask("room create retro")
    eve = await studio.enter("eve", room="retro")
    elsewhere = await eve.publish(TrackSource.CAMERA)
    await studio.until_listed("eve", 1, room="retro")
    mute = await studio.ask("participant mute standup bob", elsewhere)
    assert mute.lines == [f"*Bob* has no track `{elsewhere}`.", "They send microphone."]
    cleo = await studio.enter("cleo")
    subscribe = await studio.ask("track subscribe standup cleo", elsewhere)
    assert subscribe.lines[0] == f"There is no track `{elsewhere}` in `standup`."
    assert not eve.is_muted(elsewhere)
    assert cleo.track(elsewhere) is None


async def test_an_odd_identity_goes_through_everything(studio: Studio) -> None:
    """Each by a token, into the room, into the list, muted, told something, changed and removed."""
    await studio.ask("room create standup")
    clients = {identity: await studio.enter(identity) for identity in ODD_NAMES.values()}
    for client in clients.values():
        await client.publish()
    for identity, client in clients.items():
        await _all_is_done_to(studio, identity, client)
    assert await studio.people() == {}


async def _all_is_done_to(studio: Studio, identity: str, client: Client) -> None:
    who = quote(identity)
    (track_id,) = client.sending
    await studio.until_listed(identity, 1)
    await studio.ask("participant mute standup", who)
    await client.until(lambda: client.is_muted(track_id))
    await studio.ask("signal send standup hello --to", who)
    assert (await client.hears()).message == "hello"
    await studio.ask("participant update standup", who, "--metadata", who)
    await client.until(lambda: client.me.metadata == identity)
    await studio.press(await studio.ask("participant remove standup", who), "Remove")
    assert await client.thrown_out() == "PARTICIPANT_REMOVED"


async def test_mute_what_is_muted(studio: Studio, bob: Client) -> None:
    (track_id,) = bob.sending
    await studio.ask("participant mute standup bob")
    await bob.until(lambda: bob.is_muted(track_id))
    assert (await studio.ask("participant mute standup bob")).words == "*Bob* is muted already: microphone."
    assert (await studio.ask("room mute standup")).words == "In *standup* everybody is muted already."


async def test_mute_what_is_not_sent(studio: Studio, bob: Client) -> None:
    answer = await studio.ask("participant mute standup bob --video")
    assert answer.lines == ["*Bob* sends no picture.", "They send microphone."]


async def test_subscribe_to_ones_own_track(studio: Studio, bob: Client) -> None:
    answer = await studio.ask("track subscribe standup bob bob/microphone")
    assert answer.lines[0] == "“bob/microphone” is sent by Bob, who cannot receive what is their own."


async def test_a_token_for_a_closed_room_begins_a_new_life(studio: Studio) -> None:
    """A token names a room and no life of it, and the server makes the room anew. Buttons of the old life stay dead."""
    await studio.ask("room create standup")
    way = await studio.token("ana")
    shown = await studio.ask("room show standup")
    (before,) = await studio.rooms()
    await studio.press(await studio.ask("room close standup"), "End room")
    ana = await studio.come(way)
    (after,) = await studio.rooms()
    assert after.sid == await ana.room.sid != before.sid
    answer = await studio.press(shown, "Mute all")
    assert answer.lines[0] == "The room `standup` has ended."


async def test_a_token_of_somebody_who_is_in_throws_them_out(studio: Studio, bob: Client) -> None:
    answer = await studio.ask("token create standup --identity bob")
    assert "`bob` is in the room; whoever joins with this token throws them out." in answer.words
    again = await studio.come(studio.way_of("bob"))
    assert await bob.thrown_out() == "DUPLICATE_IDENTITY"
    assert list(await studio.people()) == ["bob"]
    assert again.room.isconnected()


async def test_a_full_room_turns_away(studio: Studio) -> None:
    await studio.ask("room create standup --max-participants 1")
    await studio.enter("ana")
    with pytest.raises(NotAdmitted):
        await studio.enter("bob")


@pytest.mark.parametrize("command", ["move", "forward"])
async def test_what_is_clouds_alone_is_refused_by_name(studio: Studio, bob: Client, command: str) -> None:
    await studio.ask("room create retro")
    answer = await studio.ask("participant", command, "standup bob retro")
    assert (
        answer.lines[0]
        == f"The video server `livekit` cannot do this: {command} participant. Of its kind only LiveKit Cloud can."
    )
    assert list(await studio.people()) == ["bob"]


@pytest.mark.parametrize("button", ["Mute", "Remove", "Details"])
async def test_a_server_that_dies_between_listing_and_acting(studio: Studio, bob: Client, button: str) -> None:
    listed = await studio.ask("participant list standup")
    await studio.server.stop()
    answer = await studio.press(listed, button)
    assert answer.lines[0] == "The video server does not answer."
    assert "127.0.0.1" not in answer.words


async def test_a_server_that_dies_before_everybody_is_muted(studio: Studio, bob: Client) -> None:
    card = await studio.card("1 person")
    await studio.server.stop()
    answer = await studio.press(card, "Mute all")
    assert answer.lines[0] == "The video server does not answer."
