"""What a channel wants to be told of."""

import pytest

from commands.alert import AlertSubscribe, AlertUnsubscribe
from commands.core.alerts import AlertKind, Scope
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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "everything"),
        ("recording", "recordings"),
        ("room recording", "recordings and rooms"),
        ("room room", "rooms"),
        ("--room team-*", "everything in rooms like team-*"),
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

    gone = told(await workspace.say(f"alert unsubscribe {arguments}"))
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
    assert reply.actions == (Form("Subscribe", AlertSubscribe),)


async def test_list(workspace: Workspace) -> None:
    told(await workspace.say("alert subscribe recording"))
    told(await workspace.say("alert subscribe room", place=HALL))
    told(await workspace.say("alert subscribe --room team-*"))
    reply = told(await workspace.say("alert list"))
    assert plain(reply.text) == "This channel is told of what is started here, and has 2 subscriptions."
    assert titles(reply) == ["recordings", "everything in rooms like team-*"]
    assert [plain(item.detail) for item in reply.items] == ["subscribed by @UOLGA"] * 2
    kept = await workspace.subscriptions.in_channel(STUDIO)
    assert [button(item.actions, "Unsubscribe") for item in reply.items] == [
        AlertUnsubscribe(number=subscription.id) for subscription in kept
    ]


async def test_list_by_kind(workspace: Workspace) -> None:
    """A subscription to everything tells of each kind."""
    for arguments in ("recording", "room --room a", "--room b"):
        told(await workspace.say(f"alert subscribe {arguments}"))
    reply = told(await workspace.say("alert list --kind recording"))
    assert titles(reply) == ["recordings", "everything in rooms like b"]
    assert plain(reply.text) == "2 of 3 subscriptions of this channel tell of recordings."
    assert labels(reply.actions) == ["Filter", "Show all"]


async def test_a_long_list_has_pages_and_a_table(workspace: Workspace) -> None:
    for n in range(PAGE + 1):
        told(await workspace.say(f"alert subscribe --room room-{n:02}"))
    reply = told(await workspace.say("alert list"))
    assert (len(reply.items), reply.hint) == (PAGE, "Page 1 of 2.")
    table = told(await workspace.press(button(reply.actions, "All in a table"))).table
    assert table is not None
    assert [plain(cell) for cell in table.rows[-1]] == ["everything in rooms like room-10", "@UOLGA"]


async def test_the_record_of_a_subscription_is_searched_by_its_room(workspace: Workspace) -> None:
    for line in ("subscribe --room alpha", "unsubscribe --room alpha", "subscribe"):
        await workspace.say(f"alert {line}")
    assert [row.attempt.about for row in workspace.attempts.rows] == ["alpha", "alpha", None]
