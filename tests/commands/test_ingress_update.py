"""Ingresses of the in-memory server that are changed and moved."""

from dataclasses import replace

import pytest

from commands.core.reply import plain
from commands.ingress_update import IngressUpdate
from providers.base import Ingress, IngressChanges
from providers.errors import PartlyDone
from providers.facts import ThingKind
from providers.memory.provider import Memory
from tests.commands.ingresses import last_ingress, made
from tests.commands.lines import fault
from tests.commands.ports import Members
from tests.commands.workspace import STUDIO, Workspace, button, facts_of, refused, says, told


async def test_update(workspace: Workspace, memory: Memory) -> None:
    ingress = await made(workspace, memory)
    reply = told(await workspace.say("ingress update standup --room retro --identity cam-2 --no-enabled"))
    assert facts_of(reply) == {
        "Room": "standup → retro",
        "Senders": "are let in → are refused",
        "Identity": "cam → cam-2",
    }
    assert plain(reply.hint) == "There is no room retro yet; the server makes it when something is sent."
    [now] = await memory.list_ingresses()
    assert last_ingress(workspace) == now
    assert (now.ref, now.room.name, now.identity, now.is_enabled) == (ingress.ref, "retro", "cam-2", False)
    begun = await IngressUpdate.begins_with(workspace.context(memory), {"provider": "memory", "ingress": now.ref.id})
    assert (begun["room"], begun["enabled"], begun["identity"]) == ("retro", False, "cam-2")


async def test_update_of_which_a_part_is_made(
    workspace: Workspace, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = workspace.ports.membership
    assert isinstance(members, Members)
    members.private.add(STUDIO.channel_id)
    ingress = await made(workspace, memory)
    whole = memory.server.update_ingress

    def half(ingress_id: str, changes: IngressChanges) -> Ingress:
        whole(ingress_id, replace(changes, identity=None))
        raise PartlyDone

    monkeypatch.setattr(memory.server, "update_ingress", half)
    error = refused(await workspace.say("ingress update standup --room retro --identity two"))
    assert says(error) == ("Only a part was changed: Room: standup → retro.", "Ask for the rest again.")
    assert last_ingress(workspace).room.name == "retro"
    assert workspace.directory.reserved[ThingKind.ROOM, "memory", "retro"].until <= workspace.clock.now()
    again = button(error.actions, "Ask again")
    assert again == IngressUpdate(provider="memory", ingress=ingress.ref.id, room="retro", identity="two")
    assert says(refused(await workspace.press(again)))[0] == "Only a part was changed."
    monkeypatch.setattr(memory.server, "update_ingress", whole)
    assert facts_of(told(await workspace.press(again))) == {"Identity": "cam → two"}


async def test_update_with_what_cannot_be(workspace: Workspace, memory: Memory) -> None:
    await made(workspace, memory, "whip standup cam")
    error = refused(await workspace.say(f"ingress update standup --preset {memory.limits.ingress_presets[0]}"))
    assert says(error)[0] == "A preset needs transcoding; add --transcoding, or leave the preset out."
    preset = memory.limits.ingress_presets[0]
    reply = told(await workspace.say(f"ingress update standup --transcoding --preset {preset}"))
    assert facts_of(reply)["Preset"] == f"set to {preset}"
    assert IngressUpdate(provider="memory", ingress="standup").is_unfinished
    assert "It cannot be empty." in plain(fault('ingress update standup --name ""').what)


async def test_moved_to_where_somebody_has_the_identity(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("retro")
    memory.server.join(room.name, "cam")
    first = await made(workspace, memory, "rtmp retro cam")
    moved = await made(workspace, memory, "rtmp standup cam")
    reply = told(await workspace.say(f"ingress update {moved.ref.id} --room retro"))
    assert plain(reply.hint).startswith(
        f"{first.ref.id} has that identity there too: whoever sends later throws the other out. cam is in the room;"
    )
    alone = told(await workspace.say(f"ingress update {moved.ref.id} --identity two"))
    assert plain(alone.hint) == ""
