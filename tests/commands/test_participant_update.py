"""Changing somebody who is in a room."""

from collections.abc import AsyncIterator

import pytest

from commands.core.base import Needs, marks
from commands.core.errors import UsageError
from commands.core.fields import is_hidden
from commands.core.reply import plain
from commands.participant_update import ParticipantUpdate
from providers.base import Capability, Participant, Permissions, RoomRef, TrackSource
from providers.errors import Unreachable
from providers.facts import ParticipantsListed
from providers.memory.provider import Memory
from tests.commands.lines import fault
from tests.commands.races import Eventful, eventful
from tests.commands.workspace import ENDED, VERA, Workspace, facts_of, refused, says, told


@pytest.fixture
async def memory() -> AsyncIterator[Eventful]:
    async with eventful() as provider:
        yield provider


@pytest.fixture
async def room(workspace: Workspace, memory: Memory) -> RoomRef:
    """A room with Bob, who sends sound and picture."""
    ref = await workspace.room("standup")
    memory.server.join("standup", "bob", name="Bob", metadata="old", attributes={"role": "guest", "side": "left"})
    memory.server.publish("standup", "bob")
    memory.server.publish("standup", "bob", TrackSource.CAMERA)
    return ref


def bob(memory: Memory, room: RoomRef) -> Participant:
    [person] = [p for p in memory.server.list_participants(room) if p.identity == "bob"]
    return person


def permissions(memory: Memory, room: RoomRef) -> Permissions:
    found = bob(memory, room).permissions
    assert found is not None
    return found


async def test_update(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    line = 'participant update standup bob --name "Bob B." --metadata new --attribute role=host --attribute side='
    reply = told(await workspace.say(line))
    assert plain(reply.text) == "Changed Bob B. in standup."
    assert facts_of(reply) == {
        "Name": "Bob → Bob B.",
        "Metadata": "old → new",
        "Attribute role": "guest → host",
        "Attribute side": "left → none",
    }
    assert reply.hint == ""
    after = bob(memory, room)
    assert (after.name, after.metadata, after.attributes) == ("Bob B.", "new", {"role": "host"})
    assert len(after.tracks) == 2


async def test_one_permission_leaves_the_others(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    reply = told(await workspace.say("participant update standup bob --no-can-publish-data"))
    assert facts_of(reply) == {"May send messages": "yes → no"}
    assert reply.hint == ""
    assert permissions(memory, room) == Permissions(can_publish_data=False)


async def test_the_right_to_send_is_taken_and_given_back(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    reply = told(await workspace.say("participant update standup bob --grant subscriber"))
    assert facts_of(reply) == {"May send sound and picture": "all sources → no", "May send messages": "yes → no"}
    assert plain(reply.hint) == (
        "This has stopped: microphone, camera. Should they get the right back, their app must send it anew."
    )
    assert bob(memory, room).tracks == ()
    reply = told(await workspace.say("participant update standup bob --grant publisher"))
    assert facts_of(reply) == {"May send sound and picture": "no → all sources", "May send messages": "no → yes"}
    assert reply.hint == ""
    assert permissions(memory, room) == Permissions()


async def test_a_single_permission_wins_over_the_grant(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    told(await workspace.say("participant update standup bob --grant subscriber --can-publish-data"))
    assert permissions(memory, room) == Permissions(can_publish=False)


async def test_only_some_sources(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    reply = told(await workspace.say("participant update standup bob --source microphone --source screen-share"))
    assert facts_of(reply) == {"May send sound and picture": "all sources → only microphone, screen share"}
    assert plain(reply.hint).startswith("This has stopped: camera.")
    assert [t.source for t in bob(memory, room).tracks] == [TrackSource.MICROPHONE]
    shown = facts_of(told(await workspace.say("participant show standup bob")))
    assert shown["May"] == "send microphone, screen share, receive from others, send messages"


async def test_a_limit_of_sources_goes_with_the_right_to_send(
    workspace: Workspace, memory: Memory, room: RoomRef
) -> None:
    told(await workspace.say("participant update standup bob --source microphone"))
    reply = told(await workspace.say("participant update standup bob --no-can-publish"))
    assert facts_of(reply) == {"May send sound and picture": "only microphone → no"}
    assert plain(reply.hint) == (
        "This has stopped: microphone. Should they get the right back, their app must send it anew. "
        "The limit to microphone is gone too; name it again when you give the right back, else all sources are allowed."
    )
    reply = told(await workspace.say("participant update standup bob --can-publish"))
    assert facts_of(reply) == {"May send sound and picture": "no → all sources"}
    assert permissions(memory, room) == Permissions()


async def test_a_limit_that_is_lifted_needs_no_warning(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    told(await workspace.say("participant update standup bob --source microphone"))
    reply = told(await workspace.say("participant update standup bob --source all"))
    assert facts_of(reply) == {"May send sound and picture": "only microphone → all sources"}
    assert reply.hint == ""


@pytest.mark.parametrize(
    ("source", "sources"), [("all", ()), ("microphone", (TrackSource.MICROPHONE,))], ids=["all", "one"]
)
async def test_naming_sources_allows_to_send_them(
    workspace: Workspace, memory: Memory, room: RoomRef, source: str, sources: tuple[TrackSource, ...]
) -> None:
    """Also beside the grant to watch alone, as single permissions win over it."""
    told(await workspace.say("participant update standup bob --no-can-publish"))
    told(await workspace.say(f"participant update standup bob --source {source}"))
    assert permissions(memory, room) == Permissions(sources=sources)
    told(await workspace.say(f"participant update standup bob --grant subscriber --source {source}"))
    assert permissions(memory, room) == Permissions(can_publish_data=False, sources=sources)


async def test_what_concerns_agents_is_a_permission_too(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    reply = told(await workspace.say("participant update standup bob --can-manage-agent-session"))
    assert facts_of(reply) == {"May manage sessions with agents": "no → yes"}
    assert permissions(memory, room) == Permissions(can_manage_agent_session=True)
    shown = facts_of(told(await workspace.say("participant show standup bob")))
    assert shown["May"].endswith("send messages, manage sessions with agents")


async def test_what_is_so_already(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    reply = told(await workspace.say("participant update standup bob --name Bob --grant publisher"))
    assert plain(reply.text) == "Bob was like that already; nothing changed."
    assert reply.facts == ()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("", "Say what to change: --name, --metadata, --attribute, --grant or a permission."),
        ("--as-json", "Say what to change: --name, --metadata, --attribute, --grant or a permission."),
        ("--exact --room-id RM_1", "Say what to change: --name, --metadata, --attribute, --grant or a permission."),
        (f"--name {'x' * 300}", "--name: A display name can be 256 bytes long; this one has 300."),
        ("--metadata {a} --as-json", "--metadata: It is not JSON: a name in double quotes is missing at character 2."),
        (
            "--source camera --no-can-publish",
            "--source: Who may not publish has no sources; leave one of the two out.",
        ),
    ],
)
async def test_what_cannot_be(workspace: Workspace, memory: Memory, room: RoomRef, words: str, problem: str) -> None:
    before = bob(memory, room)
    error = refused(await workspace.say(f"participant update standup bob {words}"))
    assert isinstance(error, UsageError)
    assert [p.text for p in error.problems] == [problem]
    assert bob(memory, room) == before


def test_a_moderator_is_made_by_a_token_only() -> None:
    error = fault("participant update standup bob --grant moderator")
    assert [p.text for p in error.problems] == ["--grant: “moderator” is neither subscriber nor publisher."]


@pytest.mark.parametrize("words", ["--name ''", '--metadata ""'])
async def test_a_text_is_emptied_only_where_the_server_can(
    workspace: Workspace, memory: Memory, room: RoomRef, words: str
) -> None:
    words = words.replace("''", '""')
    memory.lacking = frozenset({Capability.CLEAR_PARTICIPANT_TEXT})
    error = refused(await workspace.say(f"participant update standup bob {words}"))
    option = words.split()[0]
    assert says(error)[0] == f"{option}: On memory it cannot be emptied; give it another text."
    memory.lacking = frozenset()
    told(await workspace.say(f"participant update standup bob {words}"))
    assert "" in (bob(memory, room).name, bob(memory, room).metadata)


async def test_metadata_that_only_begins_like_json_is_taken_as_it_is(
    workspace: Workspace, memory: Memory, room: RoomRef
) -> None:
    reply = told(await workspace.say('participant update standup bob --metadata {"a" 1}'))
    assert plain(reply.hint).startswith("It begins like JSON and is none, so it was taken as plain text: ")
    assert bob(memory, room).metadata == '{"a" 1}'
    reply = told(await workspace.say('participant update standup bob --metadata {"a": 1} --as-json'))
    assert reply.hint == ""
    assert bob(memory, room).metadata == '{"a": 1}'


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"metadata": "é" * 32_769}, "--metadata: Metadata can have 65,536 bytes; this has 65,538."),
        ({"attribute": {"a": "x" * 65_536}}, "--attribute: Attributes can have 65,536 bytes; this has 65,537."),
    ],
)
async def test_more_than_the_server_keeps(
    workspace: Workspace, memory: Memory, room: RoomRef, given: dict[str, object], problem: str
) -> None:
    command = ParticipantUpdate.model_validate({"provider": "memory", "room": "standup", "who": "bob", **given})
    assert says(refused(await workspace.press(command)))[0] == problem
    assert bob(memory, room).metadata == "old"


async def test_long_texts_are_cut_in_the_answer_only(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    command = ParticipantUpdate(provider="memory", room="standup", who="bob", metadata="x" * 65_536)
    reply = told(await workspace.press(command))
    assert facts_of(reply)["Metadata"] == f"old → {'x' * 59}…"
    assert len(bob(memory, room).metadata) == 65_536


async def test_fields_need_what_the_server_may_lack(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    memory.lacking = frozenset({Capability.PARTICIPANT_NAME, Capability.PARTICIPANT_PERMISSIONS})
    error = refused(await workspace.say("participant update standup bob --name B --grant subscriber --hidden"))
    assert isinstance(error, UsageError)
    assert {p.field for p in error.problems} == {"name", "grant", "hidden"}
    assert bob(memory, room).name == "Bob"


def test_every_field_needs_its_own_capability() -> None:
    needs = {
        name: {need.capability for need in marks(info, Needs)}
        for name, info in ParticipantUpdate.model_fields.items()
        if name not in ("provider", "room", "who", "as_json") and not is_hidden(info)
    }
    assert needs.pop("name") == {Capability.PARTICIPANT_NAME}
    assert needs.pop("metadata") == {Capability.PARTICIPANT_METADATA}
    assert needs.pop("attribute") == {Capability.PARTICIPANT_ATTRIBUTES}
    assert needs == {name: {Capability.PARTICIPANT_PERMISSIONS} for name in needs}


async def test_somebody_leaves_first(workspace: Workspace, memory: Eventful, room: RoomRef) -> None:
    memory.before["update_participant"] = lambda: memory.server.leave("standup", "bob")
    error = refused(await workspace.say("participant update standup bob --name B"))
    assert says(error) == ("Bob has just left standup.", "Nobody is in it.")


async def test_the_room_ends_first(workspace: Workspace, memory: Eventful, room: RoomRef) -> None:
    memory.before["update_participant"] = lambda: memory.server.close_room(room)
    assert says(refused(await workspace.say("participant update standup bob --name B"))) == ENDED


async def test_a_server_that_dies_between_looking_and_changing(
    workspace: Workspace, memory: Memory, room: RoomRef
) -> None:
    memory.server.faults["update_participant"] = Unreachable
    answer = await workspace.say("participant update standup bob --name B")
    assert isinstance(answer.result, Unreachable)


async def test_a_viewer_changes_nobody(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    refused(await workspace.say("participant update standup bob --name B", by=VERA))
    assert bob(memory, room).name == "Bob"


@pytest.mark.parametrize(("flag", "people"), [("--hidden", 0), ("--no-hidden", 1)])
async def test_the_cards_hear_of_somebody_who_is_hidden_or_seen_again(
    workspace: Workspace, memory: Memory, flag: str, people: int
) -> None:
    """No webhook tells of it."""
    await workspace.room("standup")
    memory.server.join("standup", "bob", permissions=Permissions(hidden=people == 1))
    told(await workspace.say(f"participant update standup bob {flag}"))
    listed = workspace.directory.facts[-1]
    assert isinstance(listed, ParticipantsListed)
    assert sum(person.is_person for person in listed.participants) == people
