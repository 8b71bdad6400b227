"""Trying out whether alerts come through, and whom they would reach."""

import pytest

from commands.alert_mute import AlertUnmute
from commands.core.errors import NotAllowed, UsageError
from commands.core.reply import plain
from providers.facts import AlertTested
from tests.commands.workspace import LOBBY, OLGA, STUDIO, VERA, Workspace, button, refused, told

WOULD_ALL_THE_SAME = "Of rooms that were made here it would be told all the same."


async def test_the_test_takes_the_whole_road(workspace: Workspace) -> None:
    told(await workspace.say("alert test"))
    [report] = workspace.directory.reports
    assert isinstance(report.fact, AlertTested)
    assert (report.fact.by, report.card_in, report.made_by) == (OLGA.user_id, STUDIO.channel_id, OLGA.user_id)


@pytest.mark.parametrize(
    ("subscribed", "arguments", "answer", "hint"),
    [
        (
            [],
            "",
            "Critical news of recordings in standup on memory would not be told in this channel: no subscription "
            "tells of it.",
            WOULD_ALL_THE_SAME,
        ),
        (
            ["recording --severity warning"],
            "recording --room retro",
            "Critical news of recordings in retro on memory would be told in this channel, by the subscription: "
            "recordings, warnings and worse alone.",
            "",
        ),
        (
            ["", "egress --room stand*"],
            "recording",
            "Critical news of recordings in standup on memory would be told in this channel, by the subscriptions: "
            "everything but people and tracks; all that goes out of rooms in rooms like stand*.",
            "",
        ),
        (
            ["recording --severity warning"],
            "recording --severity info",
            "Good news of recordings in standup on memory would not be told in this channel: no subscription tells "
            "of it.",
            WOULD_ALL_THE_SAME,
        ),
        (
            [""],
            "participant --severity info",
            "Good news of people coming and going in standup on memory would not be told in this channel: no "
            "subscription tells of it.",
            "Of rooms that were made here it is not told either: such news are for those who name them.",
        ),
        (
            ["room --room a*", "server"],
            "server --severity warning",
            "A warning of video servers on memory would be told in this channel, by the subscription: video servers.",
            "",
        ),
    ],
)
async def test_who_would_tell_of_it(
    workspace: Workspace, subscribed: list[str], arguments: str, answer: str, hint: str
) -> None:
    for each in subscribed:
        told(await workspace.say(f"alert subscribe {each}"))
    reply = told(await workspace.say(f"alert test {arguments}"))
    assert (plain(reply.text), reply.hint) == (answer, hint)


async def test_what_is_muted_is_not_told(workspace: Workspace) -> None:
    for line in ("subscribe recording", "mute recording --room load-*", "mute --room stand*"):
        told(await workspace.say(f"alert {line}"))
    reply = told(await workspace.say("alert test"))
    assert plain(reply.text) == (
        "Critical news of recordings in standup on memory would not be told in this channel. Muted until "
        "2026-11-20T13:00:00+00:00: everything in rooms like stand*."
    )
    assert button(reply.actions, "Unmute") == AlertUnmute(number=3)
    told(await workspace.say("alert mute recording"))
    assert button(told(await workspace.say("alert test")).actions, "Unmute") == AlertUnmute()


async def test_the_channels_room_is_meant(workspace: Workspace) -> None:
    await workspace.settings.put(STUDIO, "room", "retro", by=OLGA.user_id)
    assert "recordings in retro on memory" in plain(told(await workspace.say("alert test")).text)


async def test_who_may_not_and_where_no_card_could_be(workspace: Workspace) -> None:
    assert isinstance(refused(await workspace.say("alert test", by=VERA)), NotAllowed)
    assert isinstance(refused(await workspace.say("alert test", place=LOBBY)), NotAllowed)
    with pytest.raises(UsageError, match="Did you mean recording"):
        await workspace.say("alert test recordin")
    assert workspace.directory.reports == []
