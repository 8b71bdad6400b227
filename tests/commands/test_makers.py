"""Who made a thing may control it, whatever their role has become; and nobody is offered what they may not do."""

import pytest

from commands.core.access import permitted_form
from commands.core.base import Role
from commands.core.errors import NotAllowed
from commands.core.reply import plain
from commands.participant_update import ParticipantUpdate
from commands.recording import RecordingStart, RecordingStop
from providers.memory.provider import Memory
from tests.commands.workspace import OLGA, VERA, Workspace, labels, refused, told


@pytest.fixture
async def theirs(workspace: Workspace, memory: Memory) -> Workspace:
    """Vera made `mine` when she was an operator, and is a viewer by now; `other` is Olga's. Bob is in both."""
    workspace.roles._roles["UVERA"] = Role.OPERATOR
    await workspace.room("mine", by=VERA)
    workspace.roles._roles["UVERA"] = Role.VIEWER
    await workspace.room("other", by=OLGA)
    for name in ("mine", "other"):
        memory.server.join(name, "bob", name="Bob")
        memory.server.publish(name, "bob")
    return workspace


@pytest.mark.parametrize(
    "line",
    [
        "room mute {}",
        "room update {} --metadata x",
        "participant mute {} bob",
        "signal send {} hello",
        "recording start {}",
        "token create {} --grant moderator",
    ],
)
async def test_a_maker_controls_the_room_and_no_other(theirs: Workspace, line: str) -> None:
    told(await theirs.say(line.format("mine"), by=VERA))
    assert isinstance(refused(await theirs.say(line.format("other"), by=VERA)), NotAllowed)


async def test_a_maker_who_is_nobody_by_now_controls_nothing(theirs: Workspace) -> None:
    theirs.roles._roles["UVERA"] = Role.NOBODY
    assert isinstance(refused(await theirs.say("room mute mine", by=VERA)), NotAllowed)


async def test_what_is_the_channels_or_an_admins_is_no_makers(theirs: Workspace) -> None:
    for line in ("alert subscribe", "provider use annex", "token api --allow record", "room create third"):
        assert isinstance(refused(await theirs.say(line, by=VERA)), NotAllowed)


async def test_a_recording_is_stopped_by_who_started_it_or_made_the_room(theirs: Workspace, memory: Memory) -> None:
    told(await theirs.say("recording start mine", by=OLGA))
    told(await theirs.say("recording start other", by=OLGA))
    of = {recording.room.name: recording.ref.id for recording in memory.server.list_recordings()}
    assert isinstance(refused(await theirs.say("recording stop other", by=VERA)), NotAllowed)
    stop = RecordingStop(provider="memory", recording=of["other"])
    assert isinstance(refused(await theirs.press(stop, by=VERA)), NotAllowed)
    told(await theirs.say("recording stop mine", by=VERA))
    theirs.roles._roles["UOLGA"] = Role.VIEWER
    told(await theirs.press(stop, by=OLGA))


@pytest.mark.parametrize("verb", ["move", "forward"])
async def test_people_are_taken_between_ones_own_rooms(theirs: Workspace, verb: str) -> None:
    theirs.roles._roles["UVERA"] = Role.OPERATOR
    await theirs.room("next", by=VERA)
    theirs.roles._roles["UVERA"] = Role.VIEWER
    assert isinstance(refused(await theirs.say(f"participant {verb} mine bob other", by=VERA)), NotAllowed)
    assert isinstance(refused(await theirs.say(f"participant {verb} other bob mine", by=VERA)), NotAllowed)
    told(await theirs.say(f"participant {verb} mine bob next", by=VERA))


async def test_a_form_about_ones_own_room_opens_and_is_pinned_to_it(theirs: Workspace, memory: Memory) -> None:
    ctx = theirs.context(memory, by=VERA)
    mine = (await memory.list_rooms(["mine"]))[0].ref
    for command_type in (RecordingStart, ParticipantUpdate):
        begun = await permitted_form(command_type, {"room": "mine"}, ctx)
        assert (begun["room"], begun["room_id"]) == ("mine", mine.id)
        for given in ({"room": "other"}, {"room": "mine", "room_id": "RM_of_another"}, {}, {"room": ["mine"]}):
            with pytest.raises(NotAllowed):
                await permitted_form(command_type, given, ctx)


async def test_a_form_of_an_operator_begins_as_it_was_given(theirs: Workspace, memory: Memory) -> None:
    given = {"room": "other"}
    assert await permitted_form(RecordingStart, given, theirs.context(memory, by=OLGA)) == given


async def test_only_what_the_asker_may_do_is_offered(theirs: Workspace) -> None:
    mine = told(await theirs.say("room show mine", by=VERA))
    other = told(await theirs.say("room show other", by=VERA))
    assert "End" in labels(mine.actions)
    assert labels(other.actions) == ["Join", "Participants"]
    shown = told(await theirs.say("participant list other", by=VERA))
    assert [labels(item.actions) for item in shown.items] == [["Details"]]
    error = refused(await theirs.say("room show nowhere", by=VERA))
    assert plain(error.what).startswith("There is no room nowhere")


async def test_a_role_on_one_server_alone(theirs: Workspace) -> None:
    theirs.roles.more["UVERA"] = {"annex": Role.OPERATOR}
    told(await theirs.say("room create elsewhere --provider annex", by=VERA))
    assert isinstance(refused(await theirs.say("room mute other", by=VERA)), NotAllowed)
    told(await theirs.say("alert subscribe --provider annex", by=VERA))
    assert isinstance(refused(await theirs.say("alert subscribe", by=VERA)), NotAllowed)
    listed = told(await theirs.say("alert list", by=VERA))
    assert [labels(item.actions) for item in listed.items] == [["Unsubscribe"]]


async def test_who_may_do_nothing_learns_nothing_of_the_servers(theirs: Workspace) -> None:
    theirs.roles._roles["UVERA"] = Role.NOBODY
    error = refused(await theirs.say("room list --provider nowhere", by=VERA))
    assert isinstance(error, NotAllowed)
