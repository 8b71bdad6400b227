"""Being told of one thing in one's own conversation with the bot."""

import pytest

from commands.alert_follow import AlertFollow, AlertUnfollow
from commands.core.errors import Ended, NotAllowed, NothingHere
from commands.core.ports import Place
from commands.core.reply import plain
from providers.base import RoomRef
from providers.facts import RoomSeen, ThingKind
from providers.memory.provider import Memory
from tests.commands.workspace import HALL, NOAH, OLGA, STUDIO, TEAM, VERA, Workspace, button, refused, says, told

DIRECT = Place(TEAM, "DUVERA", is_direct=True)
RECORDING = ("memory", ThingKind.RECORDING, "EG_1")


@pytest.fixture
async def standup(workspace: Workspace) -> RoomRef:
    room = await workspace.room("standup")
    workspace.subscriptions.known[room.provider, ThingKind.ROOM, room.id] = room.name
    return room


def by_card(room: RoomRef) -> AlertFollow:
    return AlertFollow(provider=room.provider, kind="room", thing_id=room.id, name=room.name)


async def followed(workspace: Workspace, who: str = VERA.user_id) -> list[str]:
    return [each.server_id for each in await workspace.subscriptions.followed_by(TEAM, who)]


@pytest.mark.parametrize("is_typed", [True, False])
async def test_follow_a_room(workspace: Workspace, standup: RoomRef, is_typed: bool) -> None:
    answer = await (
        workspace.say("alert follow standup", by=VERA) if is_typed else workspace.press(by_card(standup), by=VERA)
    )
    reply = told(answer)
    assert plain(reply.text) == "You are told of the room standup in our direct messages, until it is over."
    assert await followed(workspace) == [standup.id]
    [(who, announced)] = workspace.letterbox.told
    assert (who, plain(announced.text)) == (VERA.user_id, "You are told here of the room standup, until it is over.")
    stop = AlertUnfollow(provider="memory", kind="room", thing_id=standup.id, name="standup")
    assert button(reply.actions, "Stop telling me") == button(announced.actions, "Stop telling me") == stop


async def test_follow_a_recording_by_its_card(workspace: Workspace) -> None:
    workspace.subscriptions.known[RECORDING] = "standup"
    follow = AlertFollow(provider="memory", kind="recording", thing_id="EG_1", name="standup")
    reply = told(await workspace.press(follow, by=VERA))
    assert plain(reply.text).startswith("You are told of the recording of standup in our direct messages")
    [kept] = await workspace.subscriptions.followed_by(TEAM, VERA.user_id)
    assert (kept.about, kept.channel_id) == (RECORDING, DIRECT.channel_id)


async def test_where_they_are_alone_with_the_bot_nothing_is_announced(workspace: Workspace, standup: RoomRef) -> None:
    reply = told(await workspace.press(by_card(standup), by=VERA, place=DIRECT))
    assert plain(reply.text) == "You are told of the room standup here, until it is over."
    assert (await followed(workspace), workspace.letterbox.told) == ([standup.id], [])


async def test_a_second_press_announces_nothing_more(workspace: Workspace, standup: RoomRef) -> None:
    for _ in range(2):
        told(await workspace.press(by_card(standup), by=VERA))
    assert (await followed(workspace), len(workspace.letterbox.told)) == ([standup.id], 1)


async def test_each_follows_for_themselves(workspace: Workspace, standup: RoomRef) -> None:
    for who in (VERA, OLGA):
        told(await workspace.press(by_card(standup), by=who))
    told(await workspace.say("alert unfollow standup", by=VERA))
    assert (await followed(workspace), await followed(workspace, OLGA.user_id)) == ([], [standup.id])


async def test_a_room_that_only_its_server_knows_becomes_known(workspace: Workspace, memory: Memory) -> None:
    memory.server.join("lobby", "bob")
    [room] = [room.ref for room in memory.server.list_rooms()]
    workspace.subscriptions.known["memory", ThingKind.ROOM, room.id] = "lobby"
    told(await workspace.say("alert follow lobby", by=VERA))
    assert [fact.room.ref for fact in workspace.directory.facts if isinstance(fact, RoomSeen)] == [room]
    assert await followed(workspace) == [room.id]


async def test_what_is_over_or_hidden_is_not_followed(workspace: Workspace, standup: RoomRef) -> None:
    workspace.subscriptions.known.clear()
    error = refused(await workspace.press(by_card(standup), by=VERA))
    assert isinstance(error, Ended)
    assert says(error) == ("The room standup is over.", "")
    assert (await followed(workspace), workspace.letterbox.told) == ([], [])


async def test_an_id_counts_only_with_its_name(workspace: Workspace, standup: RoomRef) -> None:
    wrong = by_card(standup).model_copy(update={"name": "retro"})
    assert isinstance(refused(await workspace.press(wrong, by=VERA)), Ended)
    assert await followed(workspace) == []


async def test_follow_what_is_not_there(workspace: Workspace) -> None:
    assert says(refused(await workspace.say("alert follow nowhere", by=VERA))) == (
        "There is no room nowhere on memory.",
        "See what is live with /video room list.",
    )


async def test_a_kind_without_an_id(workspace: Workspace) -> None:
    error = refused(await workspace.say("alert follow standup --kind recording", by=VERA))
    assert says(error) == ("It takes an id to tell of the recording of standup.", "Press Notify me on its card.")


async def test_unfollow_takes_the_card_away(workspace: Workspace, standup: RoomRef) -> None:
    told(await workspace.press(by_card(standup), by=VERA))
    reply = told(await workspace.say("alert unfollow standup", by=VERA, place=HALL))
    assert plain(reply.text) == "You are told no more of the room standup."
    assert workspace.letterbox.taken_back == [("DUVERA", f"card of {standup.id}")]
    assert button(reply.actions, "Notify me") == AlertFollow(provider="memory", name="standup")
    error = refused(await workspace.say("alert unfollow standup", by=VERA))
    assert isinstance(error, NothingHere)
    assert says(error) == (
        "You are not told of the room standup.",
        "Press Notify me on its card, as long as it is not over.",
    )


async def test_the_channels_room_is_meant_where_none_is_named(workspace: Workspace, standup: RoomRef) -> None:
    told(await workspace.say("alert follow", by=VERA, place=STUDIO, room=standup))
    assert await followed(workspace) == [standup.id]


@pytest.mark.parametrize("line", ["alert follow standup", "alert unfollow standup"])
async def test_a_guest_follows_nothing(workspace: Workspace, standup: RoomRef, line: str) -> None:
    assert isinstance(refused(await workspace.say(line, by=NOAH)), NotAllowed)
