"""Ingresses that are made on the in-memory server, and how somebody sends to them."""

import shlex
from dataclasses import replace

import pytest
from pydantic import SecretStr

from commands.core.errors import CannotDo, NotAllowed, UsageError
from commands.core.ingress_making import MayBeMade, how_to_send
from commands.core.reply import plain
from commands.ingress_create import IngressCreateRtmp
from commands.ingress_upkeep import IngressRenew
from providers.base import (
    Capability,
    CreatedIngress,
    Ingress,
    IngressInput,
    IngressOptions,
    IngressRef,
    IngressStatus,
    RoomRef,
)
from providers.errors import NoWorker, TimedOut
from providers.facts import ThingKind
from providers.memory.provider import Memory
from tests.commands.ingresses import key_in, last_ingress, made
from tests.commands.lines import fault, problems
from tests.commands.ports import Members
from tests.commands.workspace import (
    LOBBY,
    STUDIO,
    VERA,
    Workspace,
    button,
    facts_of,
    labels,
    refused,
    says,
    told,
)

FILM = "https://media.example.com/film.mp4?token=s3cr3t"


async def test_create_rtmp(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    answer = await workspace.say('ingress create rtmp standup cam --name "Stage left" --display-name "Camera 1"')
    reply = told(answer)
    [ingress] = await memory.list_ingresses()
    key = memory.server.key_of(ingress.ref.id)
    assert plain(reply.text) == (
        "Made an ingress by RTMP into standup as cam. Keep its key to yourself: whoever has it can send into the room."
    )
    assert (ingress.name, ingress.participant_name, ingress.is_enabled) == ("Stage left", "Camera 1", True)
    assert facts_of(reply) == {
        "Id": ingress.ref.id,
        "Server": ingress.address,
        "In OBS": "Settings, Stream: the service “Custom...”, with this server and the stream key below",
    }
    assert (reply.secrets[0].label, key_in(reply)) == ("Stream key", key)
    line = shlex.split(reply.secrets[1].value.get_secret_value())
    assert (line[0], line[-3:]) == ("ffmpeg", ["-f", "flv", f"{ingress.address}/{key}"])
    assert reply.alone
    assert last_ingress(workspace) == ingress
    report = workspace.directory.reports[-1]
    assert (report.card_in, report.made_by) == ("CSTUDIO", "UOLGA")
    assert key not in repr((answer, workspace.attempts.rows, workspace.directory.reports))


async def test_create_whip_into_a_room_that_is_to_come(workspace: Workspace, memory: Memory) -> None:
    options = f"--disabled --transcoding --preset {memory.limits.ingress_presets[0]}"
    reply = told(await workspace.say(f"ingress create whip standup cam {options}"))
    [ingress] = await memory.list_ingresses()
    assert (ingress.is_enabled, ingress.is_transcoded) == (False, True)
    assert plain(reply.hint).startswith(
        "There is no room standup yet; the server makes it when something is sent. "
        "It is disabled: whoever sends is refused until it is enabled."
    )
    line = shlex.split(reply.secrets[1].value.get_secret_value())
    assert line[line.index("-authorization") + 1] == key_in(reply)
    assert line[-3:] == ["-f", "whip", ingress.address]
    assert "“WHIP”" in facts_of(reply)["In OBS"]


async def test_create_url(workspace: Workspace, memory: Memory) -> None:
    answer = await workspace.say(f"ingress create url standup film {FILM}")
    reply = told(answer)
    [ingress] = await memory.list_ingresses()
    assert (ingress.input, ingress.status) == (IngressInput.URL, IngressStatus.BUFFERING)
    assert plain(reply.text) == "Made an ingress by URL into standup as film. Its card says how it goes."
    assert reply.secrets == ()
    assert workspace.attempts.rows[-1].attempt.words == "ingress create url standup film *** --provider memory"
    assert "s3cr3t" not in repr((answer, workspace.attempts.rows, workspace.directory.reports))


WRONG = {
    "passed on where that cannot be": (
        "rtmp standup cam --no-transcoding",
        "--transcoding: What comes by RTMP is always transcoded; leave it out.",
    ),
    "a preset of what is passed on": (
        "whip standup cam --preset h264-720p-30fps-3-layers",
        "--preset: A preset needs transcoding; add --transcoding, or leave the preset out.",
    ),
    "an unknown preset": ("rtmp standup cam --preset huge", "--preset: “huge” is no preset here; there is "),
    "an unknown preset of sound": ("rtmp standup cam --audio-preset huge", "“huge” is no audio preset here; there is "),
    "a scheme that is not fetched": (
        "url standup film ftp://media.example.com/film.mp4",
        "URL: This video server fetches from http://, https://, srt://, and not from ftp://.",
    ),
    "a private address": ("url standup film https://inside.example/film.mp4", "URL: It is in no public network."),
    "a fetched one that is disabled": (f"url standup film {FILM} --disabled", "so it cannot be disabled."),
    "too long an identity": (f"rtmp standup {'x' * 300}", "IDENTITY: An identity can be 256 bytes long"),
}


@pytest.mark.parametrize(("line", "said"), WRONG.values(), ids=WRONG.keys())
async def test_what_cannot_be(workspace: Workspace, memory: Memory, line: str, said: str) -> None:
    error = refused(await workspace.say(f"ingress create {line}"))
    assert isinstance(error, UsageError)
    assert said in plain(error.what)
    assert await memory.list_ingresses() == []


@pytest.mark.parametrize("line", [f"film {FILM}", f"standup film {FILM} {FILM}"])
def test_a_slip_repeats_nothing_of_an_address(line: str) -> None:
    error = fault(f"ingress create url {line}")
    assert "s3cr3t" not in " ".join([*problems(error), plain(error.remedy), str(error)])
    assert error.actions == ()


async def test_who_may_and_where(workspace: Workspace, memory: Memory) -> None:
    assert isinstance(refused(await workspace.say("ingress create rtmp standup cam", by=VERA)), NotAllowed)
    assert isinstance(refused(await workspace.say("ingress create rtmp standup cam", place=LOBBY)), NotAllowed)
    memory.lacking = frozenset({Capability.INGRESS_WHIP})
    assert isinstance(refused(await workspace.say("ingress create whip standup cam")), CannotDo)
    memory.lacking = frozenset({Capability.ROOM_MADE_ON_JOIN})
    error = refused(await workspace.say("ingress create rtmp standup cam"))
    assert "Create room" in labels(error.actions)
    assert await memory.list_ingresses() == []


async def test_whoever_has_the_identity_already(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "cam")
    first = await made(workspace, memory)
    reply = told(await workspace.say("ingress create whip standup cam"))
    assert plain(reply.hint).startswith(
        f"{first.ref.id} has that identity there too: whoever sends later throws the other out. "
        "cam is in the room; whoever sends throws them out."
    )


async def test_no_worker_fetches(workspace: Workspace, memory: Memory) -> None:
    memory.server.has_workers = False
    answer = await workspace.say(f"ingress create url standup film {FILM}")
    error = refused(answer)
    assert says(error)[0] == "No ingress worker of memory took it: none runs, or all are busy."
    memory.server.has_workers = True
    told(await workspace.press(button(error.actions, "Try again")))
    assert len(await memory.list_ingresses()) == 1
    assert "s3cr3t" not in repr(answer)
    memory.server.faults["create_ingress"] = TimedOut
    late = await workspace.say(f"ingress create url standup film {FILM}")
    assert isinstance(late.result, TimedOut)


async def test_in_a_private_place_the_room_is_private_too(workspace: Workspace) -> None:
    members = workspace.ports.membership
    assert isinstance(members, Members)
    members.private.add(STUDIO.channel_id)
    told(await workspace.say("ingress create rtmp standup cam"))
    assert workspace.directory.reserved[ThingKind.ROOM, "memory", "standup"].channel_id == STUDIO.channel_id


async def test_the_key_is_shown_even_where_nothing_can_be_reported(
    workspace: Workspace, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise OSError("the database is full")

    old = await made(workspace, memory, "rtmp retro cam")
    asked = await workspace.say("ingress renew retro")
    monkeypatch.setattr(workspace.directory, "report", fails)
    reply = told(await workspace.say("ingress create rtmp standup cam"))
    [ingress] = await memory.list_ingresses(RoomRef("memory", "", "standup"))
    assert key_in(reply) == memory.server.key_of(ingress.ref.id)
    renewed = told(await workspace.confirm(asked))
    [new] = await memory.list_ingresses(RoomRef("memory", "", "retro"))
    assert new.ref != old.ref
    assert key_in(renewed) == memory.server.key_of(new.ref.id)


async def test_a_new_key_that_nothing_takes(workspace: Workspace, memory: Memory) -> None:
    await made(workspace, memory)
    asked = await workspace.say("ingress renew standup")
    memory.server.faults["copy_ingress"] = NoWorker
    error = refused(await workspace.confirm(asked))
    assert says(error)[0] == "No ingress worker of memory took it: none runs, or all are busy."
    again = await workspace.press(button(error.actions, "Try again"))
    memory.server.faults["copy_ingress"] = TimedOut
    assert isinstance((await workspace.confirm(again)).result, MayBeMade)
    memory.server.faults["create_ingress"] = TimedOut
    unsure = (await workspace.say("ingress create rtmp retro cam")).result
    assert isinstance(unsure, MayBeMade)
    assert unsure.remedy.startswith("If it did, nobody has its key: look for it with “ingress list”, delete it,")


async def test_the_aftermath(workspace: Workspace, memory: Memory) -> None:
    create = IngressCreateRtmp(provider="memory", room="standup", identity="cam")
    ctx = workspace.context(memory)
    assert plain((await create.aftermath(ctx)).text) == (
        "There is no ingress into standup as cam; create it again if it is needed."
    )
    created = await memory.create_ingress(IngressOptions(IngressInput.RTMP, "standup", "cam"))
    found = await create.aftermath(ctx)
    id = created.ingress.ref.id
    assert plain(found.text) == f"There is an ingress into standup as cam: {id}."
    assert button(found.actions, "New key") == IngressRenew(provider="memory", ingress=id)
    assert found.secrets == ()


def test_where_the_server_does_not_know_its_address() -> None:
    ingress = Ingress(
        IngressRef("memory", "IN_1"),
        RoomRef("memory", "", "standup"),
        IngressStatus.WAITING,
        IngressInput.RTMP,
        address_setting="media.rtmp_address",
    )
    sending = how_to_send(CreatedIngress(ingress, SecretStr("the-key")))
    assert sending.facts == (
        (
            "Server",
            "The video server has not been told its own address for RTMP. "
            "Whoever runs it has to set media.rtmp_address.",
        ),
    )
    assert [secret.label for secret in sending.secrets] == ["Stream key"]
    by_whip = replace(ingress, input=IngressInput.WHIP, address_setting="")
    assert str(how_to_send(CreatedIngress(by_whip, SecretStr("the-key"))).facts).endswith("for WHIP.'),)")
