"""Who is in a room, and everything about one of them. What is said of a room that is not there stands in test_room."""

from datetime import datetime

import pytest

from commands.core.attempts import Outcome
from commands.core.dispatch import Asked
from commands.core.errors import CannotDo, NothingHere
from commands.core.ports import KeepOut
from commands.core.reply import Code, Form, Person, plain
from commands.participant import ParticipantList, ParticipantShow
from commands.participant_muting import ParticipantMute, ParticipantUnmute
from commands.participant_removal import ParticipantRemove
from commands.participant_update import ParticipantUpdate
from commands.room import RoomClose
from providers.base import Capability, ConnectionQuality, ParticipantKind, Permissions, RoomOptions, TrackSource
from providers.errors import TimedOut
from providers.memory.provider import Memory
from tests.commands.workspace import (
    ENDED,
    TEAM,
    Workspace,
    button,
    facts_of,
    labels,
    refused,
    says,
    titles,
    told,
)


def seconds(at: datetime | None) -> str:
    assert at is not None
    return at.isoformat(timespec="seconds")


# participant list


async def test_list(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "recorder", kind=ParticipantKind.EGRESS)
    ben = memory.server.join("standup", "ben")
    ana = memory.server.join("standup", "ana", name="Ana")
    microphone = memory.server.publish("standup", "ana")
    camera = memory.server.publish("standup", "ana", TrackSource.CAMERA)
    memory.server.mute_track((await memory.list_rooms())[0].ref, "ana", camera.id)
    memory.server.set_quality("standup", "ben", ConnectionQuality.POOR)
    reply = told(await workspace.say("participant list standup"))
    assert plain(reply.text) == "standup: 2 people are in it."
    assert titles(reply) == ["Ana", "ben", "recorder"]
    sent = f"microphone, camera (muted) since {seconds(microphone.published_at)}"
    assert [plain(item.detail) for item in reply.items][:2] == [
        f"ana · {sent} · in since {seconds(ana.joined_at)}",
        f"ben · in since {seconds(ben.joined_at)} · connection poor",
    ]
    assert plain(reply.items[2].detail).startswith("recorder · recorder · in since ")
    assert reply.hint == ""
    assert reply.facts == ()


async def test_list_offers_what_can_be_done_with_each(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    memory.server.join("standup", "ana", name="Ana")
    memory.server.publish("standup", "ana")
    memory.server.join("standup", "ben")
    ana, ben = told(await workspace.say("participant list standup")).items
    assert labels(ana.actions) == ["Mute", "Remove", "Details"]
    assert labels(ben.actions) == ["Remove", "Details"]
    pin = {"provider": "memory", "room": "standup", "room_id": room.id, "who": "ana", "exact": True}
    assert button(ana.actions, "Mute") == ParticipantMute.model_validate(pin)
    assert button(ana.actions, "Remove") == ParticipantRemove.model_validate(pin)
    assert button(ana.actions, "Details") == ParticipantShow.model_validate(pin)


async def test_list_offers_only_what_the_server_can(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "ana")
    memory.server.publish("standup", "ana")
    memory.lacking = frozenset({Capability.MUTE_TRACK, Capability.REMOVE_PARTICIPANT})
    [ana] = told(await workspace.say("participant list standup")).items
    assert labels(ana.actions) == ["Details"]


async def test_list_where_the_server_does_not_tell_tracks(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "ana")
    memory.server.publish("standup", "ana")
    memory.lacking = frozenset({Capability.PARTICIPANT_TRACKS})
    [ana] = told(await workspace.say("participant list standup")).items
    assert plain(ana.detail).startswith("ana · sending · in since ")
    assert labels(ana.actions) == ["Remove", "Details"]


async def test_list_has_machines_and_observers_last(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "aaa", permissions=Permissions(hidden=True))
    memory.server.join("standup", "agent", kind=ParticipantKind.AGENT)
    memory.server.join("standup", "zoe")
    memory.server.join("standup", "phone", kind=ParticipantKind.PHONE)
    reply = told(await workspace.say("participant list standup"))
    assert plain(reply.text) == "standup: 2 people are in it."
    assert titles(reply) == ["phone", "zoe", "agent", "aaa"]
    assert "by phone" in plain(reply.items[0].detail)
    assert "hidden observer" in plain(reply.items[3].detail)


@pytest.mark.parametrize(
    ("pattern", "found"), [("*", ["Ana", "ben", "Zoe"]), ("A*", ["Ana"]), ("z", ["Zoe"]), ("x*", [])]
)
async def test_list_by_pattern(workspace: Workspace, memory: Memory, pattern: str, found: list[str]) -> None:
    """By identity or display name, in any case."""
    await workspace.room("standup")
    for identity, name in (("a", "Ana"), ("ben", ""), ("z", "Zoe")):
        memory.server.join("standup", identity, name=name)
    reply = told(await workspace.say(f"participant list standup --pattern {pattern}"))
    assert titles(reply) == found
    assert plain(reply.text) == {
        0: f"No participant in standup matches {pattern}; 3 others are in it.",
        1: f"1 of 3 participants in standup matches {pattern}.",
        3: f"3 of 3 participants in standup match {pattern}.",
    }.get(len(found))
    assert labels(reply.actions) == ["Filter", "Show all"]


async def test_people_are_listed_as_people_count(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    for number in (10, 2, 1):
        memory.server.join("standup", f"p{number}", name=f"Person {number}")
    in_order = ["Person 1", "Person 2", "Person 10"]
    assert titles(told(await workspace.say("participant list standup"))) == in_order
    question = (await workspace.press(RoomClose(provider="memory", room="standup", room_id=room.id))).result
    assert isinstance(question, Asked)
    assert plain(question.question.text) == f"End standup? This disconnects {', '.join(in_order)}."


async def test_an_empty_table_offers_no_look_at_itself(workspace: Workspace) -> None:
    await workspace.room("standup")
    assert told(await workspace.say("participant list standup --table")).actions == ()
    none = told(await workspace.say("participant list standup --table --pattern x"))
    assert labels(none.actions) == ["Filter", "Show all"]


async def test_somebody_mentioned_who_is_not_there_is_shown_as_a_person(workspace: Workspace) -> None:
    await workspace.room("standup")
    error = refused(await workspace.say("participant show standup @UANNA"))
    assert list(error.what) == [Person("UANNA"), " is not in ", Code("standup"), "."]


async def test_list_as_a_table(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "ana", name="Ana")
    memory.server.publish("standup", "ana")
    reply = told(await workspace.say("participant list standup --table"))
    assert reply.table is not None
    assert reply.table.columns == ("Name", "Identity", "Kind", "Sends", "In since", "Connection")
    [row] = reply.table.rows
    assert [plain(cell) for cell in row[:3]] == ["Ana", "ana", "person"]
    assert plain(row[3]).startswith("microphone since ")


async def test_list_has_pages(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    for n in range(ParticipantList.per_page + 1):
        memory.server.join("standup", f"p{n:02}")
    first = told(await workspace.say("participant list standup"))
    assert titles(first) == [f"p{n:02}" for n in range(ParticipantList.per_page)]
    following = button(first.actions, "Next")
    assert following == ParticipantList(provider="memory", room="standup", room_id=room.id, page=2)
    second = told(await workspace.press(following))
    assert titles(second) == [f"p{ParticipantList.per_page:02}"]
    assert labels(second.actions) == ["Previous", "All in a table", "Filter"]
    assert second.hint == "Page 2 of 2."


async def test_list_says_who_is_kept_out(workspace: Workspace) -> None:
    await workspace.room("standup")
    until = workspace.clock.now()
    for n in range(7):
        until = until.replace(minute=n + 1)
        await workspace.keep_outs.add(TEAM, KeepOut("memory", "standup", f"p{n}", until, "UOLGA"))
    kept = facts_of(told(await workspace.say("participant list standup")))["Kept out"]
    assert kept.startswith("p0 until 2026-11-20T12:01:00+00:00, p1 until ")
    assert kept.endswith(" and 2 more")


async def test_list_of_an_empty_room(workspace: Workspace) -> None:
    await workspace.room("standup")
    reply = told(await workspace.say("connection list standup"))
    assert plain(reply.text) == "standup: nobody is in it."
    assert reply.items == ()
    assert reply.actions == ()
    assert reply.hint == ""


async def test_a_recorder_alone_is_nobody(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "recorder", kind=ParticipantKind.EGRESS)
    reply = told(await workspace.say("participant list standup"))
    assert plain(reply.text) == "standup: nobody is in it, besides: recorder."
    assert titles(reply) == ["recorder"]


@pytest.mark.parametrize("people", [1, 2])
async def test_people_are_counted(workspace: Workspace, memory: Memory, people: int) -> None:
    await workspace.room("standup")
    for n in range(people):
        memory.server.join("standup", f"p{n}")
    text = plain(told(await workspace.say("participant list standup")).text)
    assert text == {1: "standup: 1 person is in it.", 2: "standup: 2 people are in it."}[people]


async def test_a_server_that_cannot_tell(workspace: Workspace, memory: Memory) -> None:
    memory.lacking = frozenset({Capability.LIST_PARTICIPANTS})
    error = refused(await workspace.say("participant list standup"))
    assert isinstance(error, CannotDo)
    assert says(error) == (
        "The video server memory cannot do this: list participants.",
        "annex can: say --provider annex.",
    )


async def test_a_slow_server(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.faults["list_participants"] = TimedOut
    answer = await workspace.say("participant list standup")
    assert answer.outcome is Outcome.FAILED
    assert isinstance(answer.result, TimedOut)


# participant show


async def test_show(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    bob = memory.server.join(
        "standup", "bob", name="Bob", metadata='{"team": "blue"}', attributes={"role": "host", "a": "1"}
    )
    microphone = memory.server.publish("standup", "bob")
    camera = memory.server.publish("standup", "bob", TrackSource.CAMERA, encrypted=True)
    memory.server.mute_track(room, "bob", microphone.id)
    reply = told(await workspace.say("participant show standup bob"))
    assert plain(reply.text) == "Bob is in standup."
    assert facts_of(reply) == {
        "Identity": "bob",
        "Id": bob.id,
        "Name": "Bob",
        "In since": seconds(bob.joined_at),
        "May": "send sound and picture, receive from others, send messages",
        "Metadata": '{"team": "blue"}',
        "Attributes": "a=1, role=host",
    }
    assert titles(reply) == ["microphone", "camera"]
    assert [plain(item.detail) for item in reply.items] == [
        f"{microphone.id} · muted · audio/opus · since {seconds(microphone.published_at)}",
        f"{camera.id} · video/VP8 · 1280×720 · since {seconds(camera.published_at)} · encrypted end to end",
    ]
    assert labels(reply.actions) == ["Unmute", "Remove", "Update"]
    pin = {"provider": "memory", "room": "standup", "room_id": room.id, "who": "bob", "exact": True}
    assert button(reply.actions, "Unmute") == ParticipantUnmute.model_validate(pin)
    assert reply.actions[2] == Form("Update", ParticipantUpdate, tuple(pin.items()))


async def test_show_somebody_who_sends_nothing(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "bob", permissions=Permissions(False, False, False))
    reply = told(await workspace.say("participant show standup bob"))
    assert reply.hint == "They send nothing."
    assert facts_of(reply)["May"] == "nothing"
    assert labels(reply.actions) == ["Remove", "Update"]


async def test_show_offers_to_unmute_the_picture_where_no_sound_is_muted(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    memory.server.join("standup", "bob")
    memory.server.publish("standup", "bob")
    camera = memory.server.publish("standup", "bob", TrackSource.CAMERA)
    memory.server.mute_track(room, "bob", camera.id)
    reply = told(await workspace.say("participant show standup bob"))
    assert labels(reply.actions) == ["Mute", "Unmute", "Remove", "Update"]
    assert plain(told(await workspace.press(button(reply.actions, "Unmute"))).text) == "Unmuted bob: camera."


async def test_show_offers_only_what_the_server_can(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    memory.server.join("standup", "bob")
    memory.server.mute_track(room, "bob", memory.server.publish("standup", "bob").id)
    memory.lacking = frozenset(
        {
            Capability.UNMUTE_TRACK,
            Capability.SEND_SIGNAL,
            Capability.REMOVE_PARTICIPANT,
            Capability.UPDATE_PARTICIPANT,
        }
    )
    assert told(await workspace.say("participant show standup bob")).actions == ()


async def test_show_cuts_what_an_application_keeps(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "<!channel>", metadata="x" * 60_000)
    reply = told(await workspace.say("participant show standup <!channel>"))
    assert plain(reply.text) == "<!channel> is in standup."
    assert facts_of(reply)["Metadata"] == "x" * 299 + "…"


async def test_details_of_somebody_who_left_a_second_ago(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "bob")
    [bob] = told(await workspace.say("participant list standup")).items
    memory.server.leave("standup", "bob")
    memory.server.join("standup", "impostor", name="bob")
    error = refused(await workspace.press(button(bob.actions, "Details")))
    assert isinstance(error, NothingHere)
    assert says(error) == ("bob is not in standup.", "In it: bob.")
    assert labels(error.actions) == ["bob (impostor)"]
    assert facts_of(told(await workspace.press(button(error.actions, "bob (impostor)"))))["Identity"] == "impostor"


async def test_details_in_a_room_that_has_ended(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    memory.server.join("standup", "bob")
    [bob] = told(await workspace.say("participant list standup")).items
    await memory.close_room(room)
    await memory.create_room("standup", RoomOptions())
    memory.server.join("standup", "bob")
    assert says(refused(await workspace.press(button(bob.actions, "Details")))) == ENDED
