"""From what people call somebody to that participant."""

import pytest

from commands.core.errors import NothingHere
from commands.core.identity import stable_identity
from commands.core.people import NotInRoom, PersonCommand, as_identity, choose, handle, has_left, pinned, shown
from commands.core.reply import Action, Code, Mark, Person
from commands.signal import SignalSend
from commands.track import TrackList
from providers.base import Participant, ParticipantKind, RoomOptions, RoomRef
from providers.memory.provider import Memory
from tests.commands.workspace import Workspace, labels, says

ROOM = RoomRef("memory", "RM_1", "standup")
PRESENT = [
    Participant("PA_1", "ana", "Ana"),
    Participant("PA_2", "bob", "Ana"),
    Participant("PA_3", "PA_1", "Weird"),
    Participant("PA_4", "slack-T1-UOLGA", "Olga"),
    Participant("PA_5", "slack-T1-UVERA", "Vera"),
    Participant("PA_6", "slack-T1-UVERA-2", "Vera"),
    Participant("PA_7", 'Ömer “🎬” "x"', "<!channel>"),
    Participant("PA_8", "EG_recorder", kind=ParticipantKind.EGRESS),
]


def command(who: str, *, exact: bool = False) -> PersonCommand:
    return PersonCommand(provider="memory", room="standup", who=who, exact=exact)


def chosen(workspace: Workspace, memory: Memory, who: str, *, exact: bool = False) -> str:
    return choose(workspace.context(memory), PRESENT, ROOM, who, command(who, exact=exact)).id


@pytest.mark.parametrize(
    ("who", "id"),
    [
        ("ana", "PA_1"),
        ("bob", "PA_2"),
        ("BOB", "PA_2"),
        ("PA_2", "PA_2"),
        ("PA_1", "PA_3"),  # an identity comes before another's id
        ("weird", "PA_3"),
        ("@UOLGA", "PA_4"),
        ("slack-T1-UVERA", "PA_5"),
        ("olga", "PA_4"),
        ('Ömer “🎬” "x"', "PA_7"),
        ("<!CHANNEL>", "PA_7"),
        ("EG_recorder", "PA_8"),
    ],
)
def test_who_is_meant(workspace: Workspace, memory: Memory, who: str, id: str) -> None:
    assert chosen(workspace, memory, who) == id


@pytest.mark.parametrize("who", ["vera", "@UVERA"])
def test_several_are_meant(workspace: Workspace, memory: Memory, who: str) -> None:
    with pytest.raises(NothingHere) as caught:
        chosen(workspace, memory, who)
    assert not isinstance(caught.value, NotInRoom)
    assert says(caught.value) == (f"2 in standup go by the name {who}.", "Say which one, by identity.")
    assert labels(caught.value.actions) == ["Vera (slack-T1-UVERA)", "Vera (slack-T1-UVERA-2)"]
    first = caught.value.actions[0]
    assert isinstance(first, Action)
    assert first.command == PersonCommand(**pinned(ROOM, "slack-T1-UVERA"))


@pytest.mark.parametrize("who", ["zoe", "@UNOAH", "slack-T1", "", " "])
def test_nobody_is_meant(workspace: Workspace, memory: Memory, who: str) -> None:
    with pytest.raises(NotInRoom) as caught:
        choose(workspace.context(memory), PRESENT, ROOM, who, command("x"))
    assert says(caught.value) == (
        f"{who} is not in standup.",
        "In it: <!channel>, Ana, Ana, Olga, Vera and 2 more.",
    )


@pytest.mark.parametrize(
    ("who", "mark"),
    [
        ("@UNOAH", Person("UNOAH")),
        ("slack-T1-UNOAH", Person("UNOAH")),
        ("slack-T1-WNOAH-2", Person("WNOAH")),
        ("slack-T2-UNOAH", Code("slack-T2-UNOAH")),
        ("slack-T1-UNOAH-vase", Code("slack-T1-UNOAH-vase")),
        ("noah", Code("noah")),
    ],
)
def test_who_is_of_the_workspace_is_shown_as_a_person(who: str, mark: Mark) -> None:
    assert shown(who, "T1") == mark


def test_whoever_is_on_the_telephone_is_meant_by_as_much_as_may_be_shown(workspace: Workspace, memory: Memory) -> None:
    """What a button has, and what a record has; neither has the number."""
    phone, other = (
        Participant(f"PA_{n}", f"sip_+49{n}012345678", f"Phone {n}", kind=ParticipantKind.PHONE) for n in (3, 4)
    )
    ctx = workspace.context(memory)
    for who in (handle(phone), "sip_…5678"):
        assert choose(ctx, [phone, PRESENT[0]], ROOM, who, command(who, exact=True)) == phone
    with pytest.raises(NothingHere) as caught:
        choose(ctx, [phone, other], ROOM, "sip_…5678", command("x"))
    assert labels(caught.value.actions) == ["Phone 3 (sip_…5678)", "Phone 4 (sip_…5678)"]
    assert "12345678" not in str(caught.value.actions)


def test_an_exact_one_is_an_identity_and_nothing_else(workspace: Workspace, memory: Memory) -> None:
    assert chosen(workspace, memory, "ana", exact=True) == "PA_1"
    for who in ("Weird", "PA_2", "BOB", "@UOLGA"):
        with pytest.raises(NotInRoom):
            chosen(workspace, memory, who, exact=True)


def test_somebody_who_is_nearly_called_so_is_offered(workspace: Workspace, memory: Memory) -> None:
    with pytest.raises(NotInRoom) as caught:
        chosen(workspace, memory, "olgaa")
    assert labels(caught.value.actions) == ["Olga (slack-T1-UOLGA)"]


def test_an_empty_room(workspace: Workspace, memory: Memory) -> None:
    with pytest.raises(NotInRoom) as caught:
        choose(workspace.context(memory), PRESENT[-1:], ROOM, "ana", command("ana"))
    assert says(caught.value)[1] == "Nobody is; somebody who was may have left a moment ago."


def test_a_command_that_is_not_for_one_person_is_offered_as_it_is(workspace: Workspace, memory: Memory) -> None:
    with pytest.raises(NotInRoom) as caught:
        choose(
            workspace.context(memory), PRESENT, ROOM, "bobb", TrackList(provider="memory", room="standup", who="bobb")
        )
    [offer] = caught.value.actions
    assert isinstance(offer, Action)
    assert offer.command == TrackList(provider="memory", room="standup", room_id="RM_1", who="bob")


def test_one_of_several_is_replaced(workspace: Workspace, memory: Memory) -> None:
    send = SignalSend(provider="memory", room="standup", message="hi", to=("ana", "bobb"))
    with pytest.raises(NotInRoom) as caught:
        choose(workspace.context(memory), PRESENT, ROOM, "bobb", send, field="to")
    [offer] = caught.value.actions
    assert isinstance(offer, Action)
    assert offer.command == send.model_copy(update={"room_id": "RM_1", "to": ("ana", "bob")})


async def test_has_left(workspace: Workspace, memory: Memory) -> None:
    room = (await memory.create_room("standup", RoomOptions())).room.ref
    memory.server.join("standup", "ana", name="Ana")
    bob = memory.server.join("standup", "bob", name="Bob")
    ctx = workspace.context(memory)
    assert says(await has_left(ctx, room, bob)) == ("The video server was not sure about Bob.", "Try again.")
    memory.server.leave("standup", "bob")
    assert says(await has_left(ctx, room, bob)) == ("Bob has just left standup.", "In it: Ana.")
    memory.server.leave("standup", "ana")
    assert says(await has_left(ctx, room, bob)) == ("Bob has just left standup.", "Nobody is in it.")


def test_the_identity_of_somebody_who_is_not_there() -> None:
    assert as_identity("@UANNA", "T1") == stable_identity("T1", "UANNA") == "slack-T1-UANNA"
    assert as_identity("guest 1", "T1") == "guest 1"


def test_a_room_without_an_id_is_pinned_by_name() -> None:
    assert pinned(RoomRef("memory", "", "standup"), "bob")["room_id"] is None
