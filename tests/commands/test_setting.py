"""What channels and the workspace choose."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args
from zoneinfo import available_timezones

import pytest

from commands.core.errors import NotAllowed, UsageError
from commands.core.ports import CHANNEL_JOINS, CHANNEL_PROVIDER, everywhere
from commands.core.reply import Form, plain
from commands.core.settings import SETTINGS, Key, NotThat, kept_for
from commands.setting import SettingSet, SettingUnset
from providers.memory.provider import Memory
from tests.commands.ports import Members
from tests.commands.workspace import (
    ANNA,
    HALL,
    OLGA,
    STUDIO,
    TEAM,
    VERA,
    Workspace,
    button,
    labels,
    refused,
    says,
    titles,
    told,
)


async def say(workspace: Workspace, line: str) -> str:
    return plain(told(await workspace.say(line, by=ANNA)).text)


def test_every_key_has_its_row() -> None:
    assert tuple(SETTINGS) == get_args(Key)


@pytest.mark.parametrize("key", SETTINGS)
def test_what_is_offered_is_taken_and_kept_as_it_is(key: Key) -> None:
    assert [SETTINGS[key].read(each) for each in SETTINGS[key].choices()] == list(SETTINGS[key].choices())


@pytest.mark.parametrize("key", [key for key in SETTINGS if key.startswith("keep.")])
def test_what_is_kept_for_a_time_is_kept_for_some(key: Key) -> None:
    assert SETTINGS[key].is_workspaces
    assert timedelta(days=2) <= kept_for(key, None) <= timedelta(days=90)
    assert kept_for(key, "8d") == timedelta(days=8)
    for text in ("0s", "1s", "", "x", "3651d", "5"):
        with pytest.raises(NotThat):
            SETTINGS[key].read(text)


def test_events_are_never_kept_for_less_than_a_day() -> None:
    assert SETTINGS["keep.events"].read("24h") == "1d"
    with pytest.raises(NotThat, match=r"^is at least 24h and at most 3650d\.$"):
        SETTINGS["keep.events"].read("23h")


def test_a_time_zone_is_one_that_there_is() -> None:
    zone = SETTINGS["timezone"]
    assert zone.read("europe/berlin") == "Europe/Berlin"
    assert zone.read("America/New York") == "America/New_York"
    assert set(zone.choices()) == available_timezones()
    with pytest.raises(NotThat, match=r"like Europe/Berlin\. Did you mean Europe/Berlin"):
        zone.read("Berlin")
    with pytest.raises(NotThat, match=r"like Europe/Berlin\.$"):
        zone.read("../../etc/passwd")


async def test_a_channel_chooses_for_itself(workspace: Workspace) -> None:
    assert await say(workspace, "setting set joins Told") == "joins is told in this channel from now on."
    assert await workspace.settings.get(STUDIO, CHANNEL_JOINS) == "told"
    assert await workspace.settings.get(HALL, CHANNEL_JOINS) is None


async def test_the_workspace_chooses_for_channels_that_do_not(workspace: Workspace) -> None:
    await say(workspace, "setting set joins quiet")
    reply = told(await workspace.say("setting set joins told --everywhere", by=ANNA))
    assert plain(reply.text) == "joins is told for the whole workspace from now on."
    assert plain(reply.hint) == "This channel has its own: quiet."
    assert await workspace.settings.get(STUDIO, CHANNEL_JOINS) == "quiet"
    assert await workspace.settings.get(HALL, CHANNEL_JOINS) == "told"


async def test_what_is_kept_is_always_the_workspaces(workspace: Workspace) -> None:
    assert await say(workspace, "setting set keep.events 60d") == (
        "keep.events is 60d for the whole workspace from now on."
    )
    assert await workspace.settings.get(everywhere(TEAM), "keep.events") == "60d"


async def test_the_provider_is_the_one_that_provider_use_chooses(workspace: Workspace, annex: Memory) -> None:
    await say(workspace, "setting set provider annex")
    assert titles(told(await workspace.say("provider list"))) == ["memory", "annex · used here"]
    await say(workspace, "provider use memory")
    assert await workspace.settings.get(STUDIO, CHANNEL_PROVIDER) == "memory"
    error = refused(await workspace.say("setting set provider nowhere", by=ANNA))
    assert says(error)[0] == "There is no video server called “nowhere” here."
    assert await workspace.settings.get(STUDIO, CHANNEL_PROVIDER) == "memory"


async def test_unsetting_uncovers_what_holds_otherwise(workspace: Workspace) -> None:
    await say(workspace, "setting set timezone UTC --everywhere")
    await say(workspace, "setting set timezone Asia/Tokyo")
    assert (await say(workspace, "setting unset timezone")).startswith("timezone is UTC here: set for this workspace ")
    assert await say(workspace, "setting unset timezone --everywhere") == "timezone is UTC here: the default."
    reply = told(await workspace.say("setting unset timezone", by=ANNA))
    assert (plain(reply.text), plain(reply.hint)) == (
        "timezone was not set in this channel.",
        "timezone is UTC here: the default.",
    )


async def test_the_list_says_what_holds_and_why(workspace: Workspace) -> None:
    await say(workspace, "setting set joins told")
    await say(workspace, "setting set keep.events 60d")
    reply = told(await workspace.say("settings", by=VERA))
    assert plain(reply.text) == "10 settings; this channel has set 1."
    assert titles(reply)[:5] == [
        "provider memory",
        "room the newest one",
        "timezone UTC",
        "joins told",
        "keep.events 60d",
    ]
    details = [plain(item.detail) for item in reply.items]
    assert details[2] == "Of the times that people type, and of those on buttons · the default"
    assert "set for this channel by @UANNA" in details[3]
    assert details[3].endswith("; the default is quiet")
    assert "at least 24h · set for this workspace by @UANNA" in details[4]
    assert {item.actions for item in reply.items} == {()}


async def test_an_admin_changes_what_the_list_shows(workspace: Workspace) -> None:
    await say(workspace, "setting set joins told --everywhere")
    await say(workspace, "setting set keep.events 60d")
    rows = {
        plain(item.title).split()[0]: item.actions for item in told(await workspace.say("setting list", by=ANNA)).items
    }
    assert labels(rows["room"]) == ["Change"]
    assert rows["joins"][0] == Form(
        "Change", SettingSet, (("key", "joins"), ("value", "told")), description="Change joins"
    )
    assert button(rows["joins"], "Unset") == SettingUnset(key="joins", everywhere=True)
    assert button(rows["keep.events"], "Unset") == SettingUnset(key="keep.events")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("set jions told", "KEY: There is no setting “jions”. Did you mean joins?"),
        ("set events 2d", "KEY: There is no setting “events”. Did you mean keep.events?"),
        ("unset colour", f"KEY: There is no setting “colour”. There is {', '.join(SETTINGS)}."),
    ],
)
async def test_an_unknown_key(workspace: Workspace, line: str, problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        await workspace.say(f"setting {line}", by=ANNA)
    assert [each.text for each in raised.value.problems] == [problem]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("set joins loud", "VALUE: joins is quiet or told."),
        ("set keep.events 1h", "VALUE: keep.events is at least 24h and at most 3650d."),
        ("set room .", "VALUE: room is the name of a room."),
        ("set room standup --everywhere", "--everywhere: What room is can be set for a channel alone."),
        ("unset room --everywhere", "--everywhere: What room is can be set for a channel alone."),
    ],
)
async def test_a_value_that_it_does_not_take(workspace: Workspace, line: str, problem: str) -> None:
    error = refused(await workspace.say(f"setting {line}", by=ANNA))
    assert isinstance(error, UsageError)
    assert [each.text for each in error.problems] == [problem]


@pytest.mark.parametrize("line", ["setting set joins told", "setting unset joins"])
async def test_choosing_is_for_admins(workspace: Workspace, line: str) -> None:
    assert isinstance(refused(await workspace.say(line, by=OLGA)), NotAllowed)
    assert await workspace.settings.get(STUDIO, CHANNEL_JOINS) is None


async def test_after_a_crash_it_says_how_it_stands(workspace: Workspace, memory: Memory) -> None:
    command, ctx = SettingSet(key="joins", value="told"), workspace.context(memory, by=ANNA)
    reply = await command.aftermath(ctx)
    assert plain(reply.text) == "joins is quiet here: the default."
    await command.run(ctx)
    reply = await command.aftermath(ctx)
    assert plain(reply.text).startswith("joins is told here: set for this channel by @UANNA")


@pytest.mark.parametrize("key", SETTINGS)
def test_the_example_is_of_that_key(key: Key) -> None:
    assert SETTINGS[key].read(SETTINGS[key].example) == SETTINGS[key].example


async def test_a_mistake_is_answered_with_an_example_of_the_same_key(workspace: Workspace) -> None:
    error = refused(await workspace.say("setting set keep.bodies 1m", by=ANNA))
    assert says(error)[1] == "For example: /video setting set keep.bodies 2d"


async def test_a_room_that_is_not_live_or_not_seen_here(workspace: Workspace) -> None:
    reply = told(await workspace.say("setting set room nope", by=ANNA))
    assert plain(reply.hint) == "I know of no live room nope; it is meant as soon as there is one."
    assert says(refused(await workspace.say("room show nope")))[1] == (
        "It is what the setting room names here; /video setting unset room takes that back."
    )
    told(await workspace.say("room create nope"))
    assert told(await workspace.say("setting set room nope", by=ANNA)).hint == ""


async def test_a_room_that_is_private_to_another_place(workspace: Workspace) -> None:
    assert isinstance(workspace.ports.membership, Members)
    workspace.ports.membership.private.add(HALL.channel_id)
    told(await workspace.say("room create plan", place=HALL))
    reply = told(await workspace.say("setting set room plan", by=ANNA))
    assert plain(reply.hint) == (f"The room plan is private to #{HALL.channel_id}, so this channel has no way to it.")


async def test_in_a_conversation_it_says_so(workspace: Workspace) -> None:
    reply = told(await workspace.say("setting set joins told", by=ANNA, place=replace(HALL, is_direct=True)))
    assert plain(reply.text) == "joins is told in this conversation from now on."


async def test_the_record_of_a_channels_room_is_searched_by_it(workspace: Workspace) -> None:
    await workspace.say("setting set room alpha", by=ANNA)
    await workspace.say("setting set joins told", by=ANNA)
    assert [row.attempt.about for row in workspace.attempts.rows] == ["alpha", None]
