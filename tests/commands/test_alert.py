"""What a channel wants to be told of."""

import pytest

from commands.alert import AlertSubscribe, AlertUnsubscribe
from commands.alert_mute import AlertUnmute
from commands.core.alerts import AlertKind, Scope, Severity
from commands.core.errors import NotAllowed, NothingHere, UsageError
from commands.core.paging import PAGE
from commands.core.reply import Form, plain
from tests.commands.workspace import (
    HALL,
    LOBBY,
    OLGA,
    STUDIO,
    VERA,
    Workspace,
    button,
    labels,
    refused,
    says,
    titles,
    told,
)

STARTED_HERE = "A room that is made here has its card here, and so has what is recorded of it, sent from it or into it."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "everything but people and tracks"),
        ("recording", "recordings"),
        ("room recording", "rooms and recordings"),
        ("participant room track", "rooms, people coming and going and tracks"),
        ("sip --severity warning", "phone calls, warnings and worse alone"),
        ("egress --severity critical", "all that goes out of rooms, critical ones alone"),
        ("room room", "rooms"),
        ("--room team-*", "everything but people and tracks in rooms like team-*"),
        ("recording --provider annex", "recordings on annex"),
        ("room --room a? --provider annex", "rooms in rooms like a? on annex"),
    ],
)
async def test_subscribe_and_unsubscribe_in_the_same_words(workspace: Workspace, arguments: str, words: str) -> None:
    reply = told(await workspace.say(f"alert subscribe {arguments}"))
    assert plain(reply.text) == f"This channel is told of {words} from now on."
    [subscription] = await workspace.subscriptions.in_channel(STUDIO)
    assert subscription.created_by == OLGA.user_id
    assert titles(told(await workspace.say("alert list"))) == [words]

    gone = told(await workspace.say(f"alert unsubscribe {arguments.partition('--severity')[0]}"))
    assert plain(gone.text) == f"This subscription has ended: {words}."
    assert await workspace.subscriptions.in_channel(STUDIO) == []


async def test_a_subscription_as_it_is_kept(workspace: Workspace) -> None:
    told(await workspace.say("alert subscribe recording room --room team-* --provider annex"))
    [kept] = await workspace.subscriptions.in_channel(STUDIO)
    kinds = frozenset({AlertKind.ROOM, AlertKind.RECORDING})
    assert kept.wish == Scope(provider="annex", kinds=kinds, room_glob="team-*")


async def test_subscribing_twice_makes_one(workspace: Workspace) -> None:
    first = told(await workspace.say("alert subscribe recording room"))
    second = told(await workspace.say("alert subscribe room recording"))
    assert button(first.actions, "Unsubscribe") == button(second.actions, "Unsubscribe")
    assert len(await workspace.subscriptions.in_channel(STUDIO)) == 1


async def test_another_severity_takes_the_place_of_the_first(workspace: Workspace) -> None:
    told(await workspace.say("alert subscribe recording --severity critical"))
    reply = told(await workspace.say("alert subscribe recording --severity warning"))
    assert plain(reply.text) == "This channel is told of recordings, warnings and worse alone from now on."
    assert plain(reply.hint) == "Before it was told of recordings, critical ones alone."
    [kept] = await workspace.subscriptions.in_channel(STUDIO)
    assert kept.least is Severity.WARNING
    again = told(await workspace.say("alert subscribe recording --severity warning"))
    assert again.hint == ""


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("recordngs", "KINDS: “recordngs” is not one of room, participant, track, recording, stream, egress, "
         "ingress, sip or server. Did you mean recording?"),
        ("--severity warn", "--severity: “warn” is not one of info, warning or critical. Did you mean warning?"),
        ("--severity loud", "--severity: “loud” is not one of info, warning or critical."),
        ('--room ""', "--room: “” cannot be used here."),
    ],
)  # fmt: skip
async def test_what_cannot_be_subscribed_to(workspace: Workspace, arguments: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        await workspace.say(f"alert subscribe {arguments}")
    assert [p.text for p in caught.value.problems] == [problem]


async def test_subscribe_where_no_card_could_be_posted(workspace: Workspace) -> None:
    assert isinstance(refused(await workspace.say("alert subscribe", place=LOBBY)), NotAllowed)
    assert await workspace.subscriptions.in_channel(LOBBY) == []


async def test_subscribe_to_an_unknown_server(workspace: Workspace) -> None:
    error = refused(await workspace.say("alert subscribe --provider nowhere"))
    assert isinstance(error, UsageError)
    assert [p.text for p in error.problems] == ["There is no video server called “nowhere” here."]


@pytest.mark.parametrize("line", ["alert subscribe", "alert unsubscribe"])
async def test_a_viewer_only_looks(workspace: Workspace, line: str) -> None:
    assert isinstance(refused(await workspace.say(line, by=VERA)), NotAllowed)
    assert told(await workspace.say("alert list", by=VERA))


async def test_unsubscribe_by_button(workspace: Workspace) -> None:
    told(await workspace.say("alert subscribe recording"))
    second = told(await workspace.say("alert subscribe room"))
    told(await workspace.press(button(second.actions, "Unsubscribe")))
    assert titles(told(await workspace.say("alert list"))) == ["recordings"]


async def test_unsubscribe_what_is_not_subscribed(workspace: Workspace) -> None:
    told(await workspace.say("alert subscribe recording --room team-*"))
    error = refused(await workspace.say("alert unsubscribe recording"))
    assert isinstance(error, NothingHere)
    assert says(error) == (
        "This channel has no such subscription.",
        "See /video alert list for those it has.",
    )
    assert len(await workspace.subscriptions.in_channel(STUDIO)) == 1


async def test_unsubscribe_by_number(workspace: Workspace) -> None:
    told(await workspace.say("alert subscribe recording"))
    told(await workspace.say("alert subscribe room"))
    reply = told(await workspace.say("alert unsubscribe --number 2"))
    assert plain(reply.text) == "This subscription has ended: rooms."
    assert isinstance(refused(await workspace.say("alert unsubscribe --number 2")), NothingHere)


async def test_a_button_pressed_twice(workspace: Workspace) -> None:
    unsubscribe = button(told(await workspace.say("alert subscribe")).actions, "Unsubscribe")
    told(await workspace.press(unsubscribe))
    assert isinstance(refused(await workspace.press(unsubscribe)), NothingHere)


async def test_unsubscribe_means_every_word(workspace: Workspace) -> None:
    told(await workspace.say("alert subscribe recording --provider annex"))
    told(await workspace.say("alert subscribe recording"))
    told(await workspace.say("alert unsubscribe recording"))
    assert titles(told(await workspace.say("alert list"))) == ["recordings on annex"]


async def test_another_channels_subscription_is_out_of_reach(workspace: Workspace) -> None:
    unsubscribe = button(told(await workspace.say("alert subscribe")).actions, "Unsubscribe")
    assert isinstance(refused(await workspace.press(unsubscribe, place=HALL)), NothingHere)
    assert len(await workspace.subscriptions.in_channel(STUDIO)) == 1


async def test_list_nothing(workspace: Workspace) -> None:
    reply = told(await workspace.say("alerts"))
    assert plain(reply.text) == "This channel is told of what is started here, and of nothing else."
    assert (reply.actions, reply.hint) == ((Form("Subscribe", AlertSubscribe),), STARTED_HERE)


async def test_list(workspace: Workspace) -> None:
    told(await workspace.say("alert subscribe recording"))
    told(await workspace.say("alert subscribe room", place=HALL))
    told(await workspace.say("alert subscribe --room team-*"))
    reply = told(await workspace.say("alert list"))
    assert plain(reply.text) == "This channel is told of what is started here, and has 2 subscriptions."
    assert titles(reply) == ["recordings", "everything but people and tracks in rooms like team-*"]
    assert reply.hint == STARTED_HERE
    kept = await workspace.subscriptions.in_channel(STUDIO)
    assert [plain(item.detail) for item in reply.items] == [f"subscribed by @UOLGA · number {s.id}" for s in kept]
    assert [button(item.actions, "Unsubscribe") for item in reply.items] == [
        AlertUnsubscribe(number=subscription.id) for subscription in kept
    ]


async def test_list_by_kind(workspace: Workspace) -> None:
    """A subscription to everything tells of each kind."""
    for arguments in ("recording", "room --room a", "--room b"):
        told(await workspace.say(f"alert subscribe {arguments}"))
    reply = told(await workspace.say("alert list --kind recording"))
    assert titles(reply) == ["recordings", "everything but people and tracks in rooms like b"]
    assert plain(reply.text) == "2 of 3 entries of this channel are about recordings."
    assert labels(reply.actions) == ["Filter", "Show all"]


async def test_list_has_what_is_muted(workspace: Workspace) -> None:
    for line in ("subscribe room", "mute recording --room load-*", "mute track"):
        told(await workspace.say(f"alert {line}"))
    reply = told(await workspace.say("alert list"))
    assert plain(reply.text) == "This channel is told of what is started here, and has 1 subscription and 2 mutes."
    until = "2026-11-20T13:00:00+00:00"
    assert titles(reply) == [
        f"Muted: recordings in rooms like load-*, until {until}",
        f"Muted: tracks, until {until}",
        "rooms",
    ]
    assert [button(item.actions, "Unmute") for item in reply.items[:2]] == [
        AlertUnmute(number=2),
        AlertUnmute(number=3),
    ]
    of_tracks = told(await workspace.say("alert list --kind track"))
    assert titles(of_tracks) == [f"Muted: tracks, until {until}"]
    table = told(await workspace.say("alert list --table")).table
    assert table is not None
    assert [plain(cell) for cell in table.rows[1]] == [f"Muted: tracks, until {until}", "", "@UOLGA"]


async def test_a_long_list_has_pages_and_a_table(workspace: Workspace) -> None:
    for n in range(PAGE + 1):
        told(await workspace.say(f"alert subscribe --room room-{n:02}"))
    reply = told(await workspace.say("alert list"))
    assert (len(reply.items), reply.hint) == (PAGE, "Page 1 of 2.")
    table = told(await workspace.press(button(reply.actions, "All in a table"))).table
    assert table is not None
    assert [plain(cell) for cell in table.rows[-1]] == [
        "everything but people and tracks in rooms like room-10",
        "11",
        "@UOLGA",
    ]


async def test_the_record_of_a_subscription_is_searched_by_its_room(workspace: Workspace) -> None:
    for line in ("subscribe --room alpha", "unsubscribe --room alpha", "subscribe"):
        await workspace.say(f"alert {line}")
    assert [row.attempt.about for row in workspace.attempts.rows] == ["alpha", "alpha", None]
