"""The video servers of a deployment."""

import pytest

from commands.core.errors import NotAllowed, UsageError
from commands.core.reply import plain
from commands.provider import ProviderUse
from providers.base import Capability, EgressOptions, Limits, NamedOutput, RoomOptions
from providers.errors import Malformed, ProviderError, TimedOut, Unauthenticated, Unreachable
from providers.memory.provider import Memory
from tests.commands.workspace import ANNA, HALL, OLGA, STUDIO, Workspace, button, facts_of, refused, says, titles, told


async def test_list(workspace: Workspace) -> None:
    reply = told(await workspace.say("providers", by=ANNA))
    assert plain(reply.text) == "2 video servers are configured; this channel uses memory."
    assert titles(reply) == ["memory · used here", "annex"]
    assert [plain(item.detail) for item in reply.items] == ["memory memory://memory", "memory memory://annex"]
    used, other = (item.actions for item in reply.items)
    assert used == ()
    assert button(other, "Use here") == ProviderUse(name="annex")


async def test_use(workspace: Workspace, annex: Memory) -> None:
    reply = told(await workspace.say("provider use annex", by=ANNA))
    assert plain(reply.text) == "provider is annex in this channel from now on."
    assert titles(told(await workspace.say("provider list", by=ANNA))) == ["memory", "annex · used here"]
    told(await workspace.say("room create standup"))
    assert [room.ref.name for room in await annex.list_rooms()] == ["standup"]


async def test_use_is_for_one_channel(workspace: Workspace) -> None:
    told(await workspace.say("provider use annex", by=ANNA))
    assert titles(told(await workspace.say("provider list", place=HALL))) == ["memory · used here", "annex"]


async def test_use_is_for_admins(workspace: Workspace) -> None:
    assert isinstance(refused(await workspace.say("provider use annex", by=OLGA)), NotAllowed)
    assert await workspace.settings.get(STUDIO, "provider") is None


@pytest.mark.parametrize("line", ["provider use nowhere", "provider show nowhere"])
async def test_an_unknown_server(workspace: Workspace, line: str) -> None:
    error = refused(await workspace.say(line, by=ANNA))
    assert isinstance(error, UsageError)
    assert says(error) == ("There is no video server called “nowhere” here.", "There is memory and annex.")


async def test_show(workspace: Workspace, annex: Memory) -> None:
    reply = told(await workspace.say("provider show annex"))
    can = ", ".join(sorted(c.value.replace("_", " ") for c in annex.capabilities))
    assert plain(reply.text) == f"annex can: {can}."
    shown = facts_of(reply)
    assert (shown["Kind"], shown["Answers"], shown["Address"]) == ("memory", "yes", "memory://annex")
    assert "Cannot" not in shown
    annex.lacking = frozenset(Capability) - {Capability.CREATE_ROOM}
    assert plain(told(await workspace.say("provider show annex")).text) == "annex can: create room."


async def test_show_what_it_takes(workspace: Workspace, annex: Memory) -> None:
    annex.limits = Limits(
        layouts=("grid", "speaker"),
        presets=("small",),
        formats=("mp4", "ogg"),
        stream_schemes=("rtmp", "srt"),
        outputs=(NamedOutput("archive", "s3", "bucket recordings in eu-west-1"), NamedOutput("nearby", "file", "/out")),
    )
    reply = told(await workspace.say("provider show annex"))
    shown = facts_of(reply)
    assert (shown["Layouts"], shown["Presets"], shown["Formats"]) == ("grid, speaker", "small", "mp4, ogg")
    assert shown["Streams go to"] == "rtmp://, srt://"
    assert titles(reply) == ["archive · output", "nearby · output"]
    assert [plain(item.detail) for item in reply.items] == ["s3: bucket recordings in eu-west-1", "file: /out"]
    annex.limits = Limits()
    annex.lacking = frozenset({Capability.START_STREAM})
    reply = told(await workspace.say("provider show annex"))
    assert not {"Layouts", "Presets", "Formats", "Streams go to"} & facts_of(reply).keys()
    assert reply.items == ()


async def test_show_what_it_lacks_and_why(workspace: Workspace, annex: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = frozenset({Capability.START_EGRESS, Capability.START_RECORDING})
    monkeypatch.setattr(Memory, "editions", {Capability.MOVE_PARTICIPANT: "Memory Cloud"})
    annex.lacking = starts | {Capability.MOVE_PARTICIPANT}
    annex.lacking_because = dict.fromkeys(starts, "No egress worker answers.")
    reply = told(await workspace.say("provider show annex"))
    assert [plain(value) for label, value in reply.facts if label == "Cannot"] == [
        "move participant. Of its kind only Memory Cloud can.",
        "start egress, start recording. No egress worker answers.",
    ]
    annex.lacking = frozenset()
    assert "Cannot" not in facts_of(told(await workspace.say("provider show annex"))), "what was the reason is over"


async def test_show_what_was_noted(workspace: Workspace, annex: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Memory, "notes", {"Workers": "one answered 2 min ago"})
    assert facts_of(told(await workspace.say("provider show annex")))["Workers"] == "one answered 2 min ago"


async def test_show_how_many_egresses_run(workspace: Workspace, annex: Memory) -> None:
    room = (await annex.create_room("standup", RoomOptions())).room.ref
    assert facts_of(told(await workspace.say("provider show annex")))["Egresses that run"] == "0"
    await annex.start_recording(room, EgressOptions())
    assert facts_of(told(await workspace.say("provider show annex")))["Egresses that run"] == "1"
    annex.server.faults["list_egresses"] = Unreachable
    assert "Egresses that run" not in facts_of(told(await workspace.say("provider show annex")))
    annex.lacking = frozenset({Capability.LIST_EGRESSES})
    assert "Egresses that run" not in facts_of(told(await workspace.say("provider show annex")))


async def test_show_this_channels(workspace: Workspace) -> None:
    assert facts_of(told(await workspace.say("provider show")))["Address"] == "memory://memory"


@pytest.mark.parametrize(
    ("error", "answers"),
    [
        (
            Unreachable,
            "no. The video server does not answer. Try again in a minute, and check that it runs.",
        ),
        (
            TimedOut,
            "no. The video server took too long to answer."
            " It may have done it all the same, so look before you repeat it.",
        ),
        (
            Unauthenticated,
            "no. The video server does not accept our key or secret. Ask whoever runs the bot to check them.",
        ),
        (
            Malformed,
            "no. What answered does not speak like this kind of video server."
            " Check the address that the bot was given.",
        ),
    ],
)
async def test_show_a_server_in_trouble(
    workspace: Workspace, memory: Memory, error: type[ProviderError], answers: str
) -> None:
    memory.server.faults["*"] = error
    assert facts_of(told(await workspace.say("provider show")))["Answers"] == answers
