"""From a name or a button to one life of a room: what every command for a room says when it is not as expected."""

from dataclasses import dataclass

import pytest

from commands.core.base import Command, Role
from commands.core.context import Context
from commands.core.errors import Ended, NothingHere
from commands.participant import ParticipantList
from commands.recording import RecordingStart
from commands.room import RoomClose, RoomJoin, RoomShow
from providers.base import Provider, RoomOptions
from providers.errors import NoWorker, ProviderError, Rejected, Unreachable
from providers.facts import ThingKind
from providers.memory.provider import Memory
from tests.commands.ports import Members
from tests.commands.workspace import (
    ENDED,
    EVERYTHING,
    NOAH,
    OLGA,
    STUDIO,
    TEAM,
    Workspace,
    button,
    facts_of,
    labels,
    refused,
    says,
    told,
)

ROOM_COMMANDS: tuple[type[RoomShow | RoomClose | RoomJoin | ParticipantList | RecordingStart], ...] = (
    RoomShow,
    RoomClose,
    RoomJoin,
    ParticipantList,
    RecordingStart,
)
every_room_command = pytest.mark.parametrize("model", ROOM_COMMANDS, ids=lambda m: " ".join(m.spec.path))
RoomModel = type[RoomShow | RoomClose | RoomJoin | ParticipantList | RecordingStart]


@every_room_command
async def test_a_room_that_is_nowhere(workspace: Workspace, model: RoomModel) -> None:
    error = refused(await workspace.press(model(provider="memory", room="nosuch")))
    assert isinstance(error, NothingHere)
    assert says(error) == ("There is no room nosuch on memory.", "See what is live with /video room list.")
    assert error.actions == ()


@every_room_command
async def test_a_room_that_is_elsewhere(workspace: Workspace, model: RoomModel) -> None:
    told(await workspace.say("room create standup --provider annex"))
    error = refused(await workspace.press(model(provider="memory", room="standup")))
    assert isinstance(error, NothingHere)
    assert says(error) == (
        "There is no room standup on memory.",
        "There is one of that name on another video server.",
    )
    assert labels(error.actions) == ["On annex"]
    assert button(error.actions, "On annex") == model(provider="annex", room="standup")


@dataclass(frozen=True)
class TwoLives:
    """A button of the first life, and what is live by now."""

    command: Command
    second: str


async def two_lives(workspace: Workspace, memory: Memory, model: RoomModel, *, is_known: bool) -> TwoLives:
    """`is_known`: whether the end of the first life came to our ears."""
    first = await workspace.room("standup")
    await memory.close_room(first)
    if is_known:
        workspace.directory.end(TEAM, first)
    second = (await memory.create_room("standup", RoomOptions())).room.ref
    return TwoLives(model(provider="memory", room="standup", room_id=first.id), second.id)


async def test_a_server_is_offered_to_those_who_may_look_there(workspace: Workspace, annex: Memory) -> None:
    await workspace.room("standup", by=OLGA)
    on_annex: dict[str, Role] = {"annex": Role.VIEWER}
    for more, offered in ((on_annex, []), (on_annex | {"memory": Role.VIEWER}, ["On memory"])):
        workspace.roles.more[NOAH.user_id] = more
        with pytest.raises(NothingHere) as refusal:
            await workspace.context(annex, by=NOAH).find_room(RoomShow(provider="annex", room="standup"))
        assert labels(refusal.value.actions) == offered


@every_room_command
@pytest.mark.parametrize("is_known", [True, False], ids=["known to have ended", "ended unseen"])
async def test_a_button_of_an_earlier_life(
    workspace: Workspace, memory: Memory, model: RoomModel, is_known: bool
) -> None:
    lives = await two_lives(workspace, memory, model, is_known=is_known)
    error = refused(await workspace.press(lives.command, confirmed=True))
    assert isinstance(error, Ended)
    assert says(error) == ENDED
    assert [room.ref.id for room in await memory.list_rooms()] == [lives.second]
    assert await memory.list_recordings() == []
    old = await workspace.directory.life(EVERYTHING, "memory", lives.command.model_dump()["room_id"])
    assert old is not None
    assert old.ended


async def test_a_button_of_an_earlier_life_asks_nothing(workspace: Workspace, memory: Memory) -> None:
    lives = await two_lives(workspace, memory, RoomClose, is_known=False)
    assert says(refused(await workspace.press(lives.command))) == ENDED


async def test_a_name_means_the_present_life(workspace: Workspace, memory: Memory) -> None:
    lives = await two_lives(workspace, memory, RoomShow, is_known=True)
    assert facts_of(told(await workspace.say("room show standup")))["Id"] == lives.second


async def test_a_life_is_found_by_what_a_record_has_of_its_name(workspace: Workspace) -> None:
    room = await workspace.room("call-_+493012345678_x")
    shown = told(await workspace.say(f"room show call-_…5678_x --room-id {room.id}"))
    assert facts_of(shown)["Id"] == room.id
    assert refused(await workspace.say(f"room show call-_…5679_x --room-id {room.id}"))


async def test_an_end_that_nobody_saw_is_mended_by_the_first_who_asks(workspace: Workspace, memory: Memory) -> None:
    lives = await two_lives(workspace, memory, RoomShow, is_known=False)
    assert says(refused(await workspace.say("room show standup"))) == ENDED
    assert facts_of(told(await workspace.say("room show standup")))["Id"] == lives.second


def in_private(workspace: Workspace, provider: Provider) -> Context:
    assert isinstance(workspace.ports.membership, Members)
    workspace.ports.membership.private.add(STUDIO.channel_id)
    return workspace.context(provider)


@pytest.mark.parametrize("kind", [ThingKind.RECORDING, ThingKind.STREAM])
async def test_what_comes_up_in_a_private_place_is_reserved_where_it_has_a_name(
    workspace: Workspace, memory: Memory, kind: ThingKind
) -> None:
    ctx = in_private(workspace, memory)
    async with ctx.reserved(kind, ""):
        assert workspace.directory.reserved == {}
    async with ctx.reserved(kind, "standup"):
        assert [*workspace.directory.reserved] == [(kind, "memory", "standup")]
    await ctx.release(kind, "")
    assert workspace.directory.reserved, "what may come up all the same is private, too"
    await ctx.release(kind, "standup")
    assert workspace.directory.reserved == {}


@pytest.mark.parametrize(("error", "is_kept"), [(NoWorker, True), (Unreachable, True), (Rejected, False)])
async def test_what_may_start_all_the_same_stays_reserved(
    workspace: Workspace, memory: Memory, error: type[ProviderError], is_kept: bool
) -> None:
    ctx = in_private(workspace, memory)
    with pytest.raises(error):
        async with ctx.reserved(ThingKind.STREAM, "standup"):
            raise error
    assert bool(workspace.directory.reserved) is is_kept
