"""Who may do what, at every door, and what the bot says to those who may not."""

import pytest

from bot.demo.world import World
from tests.bot.conversations.conftest import Start, Wanted
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import ask, attempts, card, form, heard, labels, press, public, rooms

INSTEAD = " Ask an owner or admin of the workspace to do it."
GUEST = "You are *viewer*: a guest in this workspace." + INSTEAD


async def test_a_guest_may_look_and_join_but_not_change_anything(world: World) -> None:
    said = await ask(world, world.guest, "/video room create standup")
    assert said.words == f"`room create` is for people with the role operator.\n{GUEST}"
    assert (rooms(world), public(world)) == ([], [])
    assert attempts(world) == [("room create standup --provider memory", "refused")]

    await ask(world, world.operator, "/video room create standup")
    shown = await card(world, "standup")
    for button, path in (("Record", "recording start"), ("End", "room close")):
        said = await press(world, world.guest, shown, button)
        assert said.words == f"`{path}` is for people with the role operator.\n{GUEST}"
    assert (await press(world, world.guest, shown, "Join")).lines[0].startswith("Your way into *standup*.")
    assert (rooms(world), world.memory.server.list_recordings()) == (["standup"], [])


async def test_the_default_role_of_members_is_configured(start: Start) -> None:
    world = await start(environ={"SHOWCALLER_DEFAULT_ROLE": "viewer"})
    said = await ask(world, world.operator, "/video room create standup")
    assert said.lines[1] == f"You are *viewer*: that is what members of this workspace are by default.{INSTEAD}"
    assert (await ask(world, world.owner, "/video room create standup")).words == "Created *standup*."


async def test_admins_are_named_by_the_configuration_or_by_the_workspace(start: Start) -> None:
    world = await start(environ={"SHOWCALLER_ADMINS": "U00000003"})
    assert world.operator.id == "U00000003"
    said = await ask(world, world.operator, "/video whoami")
    assert said.lines[0] == "You are *admin*: named as an admin in the bot's configuration."
    abe = world.slack.workspace.add_user("abe", admin=True)
    said = await ask(world, abe, "/video whoami")
    assert said.lines[0] == "You are *admin*: an owner or admin of this workspace."


async def test_who_is_no_member_may_do_nothing(world: World) -> None:
    robot = world.slack.workspace.add_user("robot", bot=True)
    await ask(world, world.operator, "/video room create standup")
    shown = await card(world, "standup")
    for said in (await ask(world, robot, "/video room list"), await press(world, robot, shown, "Join")):
        assert said.lines[1] == f"You are *nobody*: not a member of this workspace.{INSTEAD}"
    said = await ask(world, robot, "/video whoami")
    assert said.lines[0] == "You are *nobody*: not a member of this workspace."


@pytest.mark.parametrize(
    ("code", "because"),
    [
        ("internal_error", "Slack could not say who you are, so nothing is allowed; try again in a minute."),
        ("user_not_found", f"Slack knows no such member of this workspace.{INSTEAD}"),
    ],
)
async def test_while_slack_cannot_say_who_somebody_is_nothing_is_allowed(
    world: World, wanted: Wanted, log: Log, code: str, because: str
) -> None:
    wanted.refusals.add(code)
    world.slack.refuse("users.info", code, times=2)
    said = await ask(world, world.operator, "/video room list")
    assert said.words == (f"`room list` is for people with the role viewer.\nYou are *nobody*: {because}")
    assert log.events("a role could not be looked up")[0]["error"] == f"users.info: {code}"
    assert (await ask(world, world.operator, "/video help")).lines[0].startswith("What you can ask for.")


async def test_who_is_demoted_while_a_form_is_open_is_refused_at_the_end(start: Start) -> None:
    world = await start(environ={"SHOWCALLER_DEFAULT_ROLE": "operator"})
    view = await form(world, world.operator, "/video room create")
    world.operator.is_restricted = True
    await world.restart()  # a role is remembered for an hour
    await world.slack.submit(world.operator, view, {"name": "retro"})
    said = await world.slack.until(lambda: next(iter(heard(world, world.operator)), None))
    assert said.words == f"`room create` is for people with the role operator.\n{GUEST}"
    assert rooms(world) == []


async def test_outside_the_channels_of_the_bot_nothing_is_made_and_it_says_how_to_invite_it(
    world: World, wanted: Wanted
) -> None:
    wanted.refusals.add("channel_not_found")  # of a private channel the bot may not even know
    people = world.slack.workspace
    for private in (False, True):
        elsewhere = people.add_channel(f"elsewhere-{private}", members=[world.operator], private=private, bot=False)
        for line in ("room create x", "alert subscribe"):
            said = await ask(world, world.operator, f"/video {line}", channel=elsewhere)
            assert said.words == (
                f"I am not in #{elsewhere.id}, so I could not keep you posted there.\n"
                f"Type `/invite` and pick @{people.bot.id}, then try again."
            )
        said = await ask(world, world.operator, "/video room list", channel=elsewhere)
        assert labels(said) == ["Create room"]
    assert rooms(world) == []
    assert {outcome for words, outcome in attempts(world) if "create" in words} == {"refused"}


async def test_once_it_is_invited_it_knows_at_once(world: World, wanted: Wanted) -> None:
    people = world.slack.workspace
    elsewhere = people.add_channel("elsewhere", members=[world.operator], bot=False)
    await ask(world, world.operator, "/video room create x", channel=elsewhere)
    people.invite(elsewhere, people.bot)
    joined = {"type": "member_joined_channel", "user": people.bot.id, "channel": elsewhere.id, "channel_type": ""}
    assert (await world.slack.event(joined)).status == 200
    said = await ask(world, world.operator, "/video room create x", channel=elsewhere)
    assert said.words == "Created *x*."
    await card(world, "x", "🟢 *Live*", channel=elsewhere)


@pytest.mark.parametrize("way", ["kicked", "archived"])
async def test_cards_catch_up_where_it_can_post_again(world: World, wanted: Wanted, way: str) -> None:
    wanted.refusals |= {"not_in_channel", "is_archived"}
    people, bot = world.slack.workspace, world.slack.workspace.bot
    await ask(world, world.operator, "/video room create standup")
    shown = await card(world, "standup", "🟢 *Live*")
    if way == "kicked":
        people.kick(world.general, bot)
    else:
        people.archive(world.general)
    world.memory.server.join("standup", "bob", name="Bob")
    await world.slack.until(lambda: any(call.error in wanted.refusals for call in world.slack.calls))
    world.memory.server.close_room(world.memory.server.list_rooms()[0].ref)
    if way == "kicked":
        people.invite(world.general, bot)
        event = {"type": "member_joined_channel", "user": bot.id, "channel": world.general.id}
    else:
        people.archive(world.general, archived=False)
        event = {"type": "channel_unarchive", "user": world.owner.id, "channel": world.general.id}
    assert (await world.slack.event(event)).status == 200
    assert (await card(world, "standup", "⚪ *Ended*")).ts == shown.ts


async def test_somebody_else_who_joins_opens_nothing(world: World, wanted: Wanted) -> None:
    wanted.refusals.add("not_in_channel")
    people = world.slack.workspace
    await ask(world, world.operator, "/video room create standup")
    await card(world, "standup", "🟢 *Live*")
    people.kick(world.general, people.bot)
    world.memory.server.join("standup", "bob", name="Bob")
    await world.slack.until(lambda: any(call.error in wanted.refusals for call in world.slack.calls))
    refused = len([call for call in world.slack.calls if not call.ok])
    joined = {"type": "member_joined_channel", "user": world.guest.id, "channel": world.general.id}
    assert (await world.slack.event(joined)).status == 200
    await ask(world, world.operator, "/video whoami")
    assert len([call for call in world.slack.calls if not call.ok]) == refused
