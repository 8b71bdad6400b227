"""A room made in private, as its maker, its channel, a stranger and an admin meet it, wherever they ask."""

from dataclasses import dataclass

import pytest

from bot.demo.slack import Channel, Message, User, View
from bot.demo.world import World
from bot.render.form import PLACE
from commands.core.examples import as_arrived, lines_of
from commands.core.registry import all_commands
from commands.ingress_create import IngressCreateRtmp, IngressCreateUrl, IngressCreateWhip
from commands.room import RoomCreate
from commands.token import TokenApi, TokenCreate
from tests.bot.conversations.conftest import MEMORY, Start
from tests.bot.conversations.talk import (
    accepted,
    ask,
    card,
    form,
    heard,
    labels,
    mention,
    opened,
    press,
    public,
    rooms,
    tell,
)

PLAN, NEVER = "quarterly-plan", "never-was-here"
TAKEN = f"The name `{PLAN}` cannot be used here.\nTake another one."


@dataclass(frozen=True)
class House:
    """Mo makes the room in #board, where Mia is too; Sam is in #general alone, as the owner is. All may operate."""

    world: World
    mo: User
    mia: User
    sam: User
    board: Channel

    @property
    def everywhere(self) -> list[tuple[str, User, Channel]]:
        """Who asks where, but for those places that they do not see."""
        world, dm = self.world, self.world.slack.workspace.dm
        people = {"maker": self.mo, "member": self.mia, "stranger": self.sam, "admin": world.owner}
        there = [
            (name, who, channel) for name, who in people.items() for channel in (self.board, world.general, dm(who))
        ]
        return [(name, who, channel) for name, who, channel in there if who.id in channel.members]


@pytest.fixture
async def house(start: Start) -> House:
    world = await start(environ={"SHOWCALLER_DEFAULT_ROLE": "operator"})
    people = world.slack.workspace
    mo, mia, sam = (people.add_user(name) for name in ("mo", "mia", "sam"))
    for person in (mo, mia, sam):
        people.invite(world.general, person)
    board = people.add_channel("board", members=[mo, mia], private=True)
    await ask(world, world.owner, "/video alert subscribe")
    await ask(world, mo, "/video room create standup")
    await card(world, "standup", "🟢 *Live*")
    return House(world, mo, mia, sam, board)


@pytest.fixture
async def private(house: House) -> House:
    """With the room live in #board, Bob in it, and a recording of it that runs."""
    world = house.world
    assert (
        (await ask(world, house.mo, f"/video room create {PLAN}", channel=house.board)).lines[0].startswith("Created")
    )
    world.memory.server.join(PLAN, "bob", name="Bob")
    await ask(world, house.mo, f"/video recording start {PLAN}", channel=house.board)
    await card(world, PLAN, "🟢 *Live*", "1 person", "ecord", channel=house.board)
    return house


def about_rooms() -> list[str]:
    """Every example that names a room which is there already, but for tokens and ingresses, which would let in whoever
    asks, and bring up a room that is not there."""
    ways_in = (RoomCreate, TokenCreate, TokenApi, IngressCreateRtmp, IngressCreateWhip, IngressCreateUrl)
    models = [m for m in all_commands().values() if m not in ways_in]
    return [as_arrived(line) for model in models for line in lines_of(model) if "standup" in line]


def words(message: Message) -> list[str]:
    return [message.words, *labels(message)]


def renamed(said: list[str]) -> list[str]:
    return [each.replace(PLAN, NEVER) for each in said]


async def changed(world: World, message: Message) -> Message:
    """The message, as soon as it says something else."""
    return await world.slack.until(
        lambda: next((m for m in public(world) if m.ts == message.ts and m != message), None)
    )


def names_it(world: World, channel: Channel) -> list[str]:
    return [m.words for m in public(world, channel) if PLAN in m.words]


async def test_a_public_channel_that_is_told_of_everything_hears_nothing_of_it(private: House) -> None:
    world = private.world
    shown = await card(world, PLAN, channel=private.board)
    await press(world, private.mia, shown, "End")
    asked = heard(world, private.mia, private.board)[-1]
    await press(world, private.mia, asked, "End room")
    await card(world, PLAN, "Ended", channel=private.board)
    await ask(world, private.mo, "/video room create retro")
    await card(world, "retro")  # what came before it has been delivered
    assert names_it(world, world.general) == []


@pytest.mark.parametrize("line", ["room list", "overview", "recording list", f"room show {PLAN}"])
async def test_who_sees_it_where(private: House, line: str) -> None:
    """The maker and an admin everywhere, a member of the channel there, a stranger nowhere."""
    sees = {}
    for name, who, channel in private.everywhere:
        said = await ask(private.world, who, f"/video {line}", channel=channel)
        sees[name, channel is private.board] = PLAN in said.words and "no room" not in said.words
    is_of_channel = line == "overview"
    assert sees == {
        ("maker", True): True,
        ("maker", False): not is_of_channel,
        ("member", True): True,
        ("member", False): False,
        ("stranger", False): False,
        ("admin", False): not is_of_channel,
    }


async def test_a_stranger_hears_of_it_what_they_hear_of_a_room_that_never_was(private: House) -> None:
    world, sam = private.world, private.sam
    for line in about_rooms():
        there = await ask(world, sam, f"/video {line.replace('standup', PLAN)}")
        never = await ask(world, sam, f"/video {line.replace('standup', NEVER)}")
        assert renamed(words(there)) == words(never), line


@pytest.mark.parametrize("who", ["stranger", "admin", "maker"])
async def test_where_others_read_the_answer_nobody_is_told(private: House, who: str) -> None:
    world = private.world
    asker = {"stranger": private.sam, "admin": world.owner, "maker": private.mo}[who]
    for line in (f"room show {PLAN}", f"recording stop {PLAN}", f"participant list {PLAN}", f"room close {PLAN}"):
        there = await mention(world, asker, f"@showcaller {line}")
        never = await mention(world, asker, f"@showcaller {line.replace(PLAN, NEVER)}")
        assert renamed(words(there)) == words(never), line
    listed = await mention(world, asker, "@showcaller room list")
    assert (listed.lines[0], PLAN in listed.words) == ("1 room is live on `memory`.", False)
    assert (await mention(world, asker, f"@showcaller room create {PLAN}")).words == TAKEN
    assert rooms(world).count(PLAN) == 1


async def test_in_its_own_channel_it_is_spoken_of_aloud(private: House) -> None:
    listed = await mention(private.world, private.mia, "@showcaller room list", channel=private.board)
    assert (listed.lines[0], PLAN in listed.words) == ("2 rooms are live on `memory`.", True)


async def test_an_admin_turns_a_list_that_others_read(private: House) -> None:
    world = private.world
    for number in range(20):
        world.memory.server.join(f"room-{number:02}", "bob")
    first = await mention(world, world.owner, "@showcaller room list")
    assert first.lines[0] == "21 rooms are live on `memory`."
    for label in ("Next", "Next", "All in a table"):
        accepted(await world.slack.press(world.owner, first, label))
        first = await changed(world, first)
        assert PLAN not in first.words
    alone = await ask(world, world.owner, "/video room list")
    assert alone.lines[0] == "22 rooms are live on `memory`."


async def test_nobody_makes_or_joins_it_by_its_name(private: House) -> None:
    world = private.world
    for line in (f"room create {PLAN}", f"token create {PLAN}", f"token create {PLAN} --identity guest-1"):
        assert (await ask(world, private.sam, f"/video {line}")).words == TAKEN
    assert (await tell(world, private.sam, f"room create {PLAN}")).words == TAKEN
    said = await ask(world, private.sam, f"/video room join {PLAN}")
    assert said.words == f"There is no room `{PLAN}` on `memory`.\nSee what is live with `/video room list`."
    assert names_it(world, world.general) == []


async def test_an_admin_who_asks_for_it_elsewhere_brings_no_card_there(private: House) -> None:
    world = private.world
    said = await ask(world, world.owner, f"/video room create {PLAN}")
    assert said.lines[0] == f"*{PLAN}* was there already: 1 person is in it."
    started = await ask(world, world.owner, f"/video recording start {PLAN}")
    assert started.lines[0] == f"Recording *{PLAN}*. Its card says when it runs."
    await ask(world, private.mo, "/video room create retro")
    await card(world, "retro")
    assert names_it(world, world.general) == []


@pytest.mark.parametrize(("line", "field"), [("participant remove", "room"), ("recording stop", "recording")])
async def test_what_a_form_offers(private: House, line: str, field: str) -> None:
    """A channel that has a room needs no form to know what is meant."""
    world, offers = private.world, dict[str, bool]()
    for name, who, channel in private.everywhere:
        if line == "recording stop" and channel is not world.slack.workspace.dm(who):
            continue
        accepted(await world.slack.command(who, channel, f"/video {line}"))
        view = await opened(world, who)
        found = await world.slack.suggest(who, view, field, "quarterly")
        offers[name if channel is not private.board else f"{name} there"] = PLAN in str(found)
        accepted(await world.slack.close(who, view))
    there = {"maker there": True, "member there": True} if field == "room" else {}
    assert offers == {"maker": True, "member": False, "stranger": False, "admin": True} | there


async def test_a_form_about_it_knows_nobody_who_is_in_it(private: House) -> None:
    world = private.world
    for who, expected in ((private.mo, ["Bob (bob)"]), (private.sam, [])):
        accepted(await world.slack.command(who, world.general, f"/video participant remove {PLAN}"))
        view = await opened(world, who)
        found = await world.slack.suggest(who, view, "who", "")
        assert [option["text"]["text"] for option in found] == expected
        accepted(await world.slack.close(who, view))
    views = list[str]()
    for name in (PLAN, NEVER):
        accepted(await world.slack.command(private.sam, world.general, f"/video room update {name}"))
        view = await opened(world, private.sam)
        views.append(view.words)
        accepted(await world.slack.close(private.sam, view))
    assert renamed(views[:1]) == views[1:]


async def test_the_home_of_each(private: House) -> None:
    world = private.world

    async def home(who: User) -> View:
        accepted(await world.slack.open_home(who))
        return await world.slack.until(
            lambda: v if (v := world.slack.home_of(who)) is not None and "answered" in v.words else None
        )

    sees = {who.name: PLAN in (await home(who)).words for who in (private.mo, private.mia, private.sam, world.owner)}
    assert sees == {"mo": True, "mia": False, "sam": False, "ana": True}


async def test_a_room_of_a_direct_conversation_is_its_askers(house: House) -> None:
    world, dm = house.world, house.world.slack.workspace.dm(house.mo)
    await tell(world, house.mo, f"room create {PLAN}")
    await card(world, PLAN, "🟢 *Live*", channel=dm)
    assert (await ask(world, house.sam, f"/video room create {PLAN}")).words == TAKEN
    assert "no room" in (await ask(world, house.mia, f"/video room show {PLAN}")).words
    assert "no room" not in (await ask(world, house.mo, f"/video room show {PLAN}")).words
    assert names_it(world, world.general) == []


async def test_the_conversation_that_is_chosen_in_a_form_counts(house: House) -> None:
    world = house.world
    accepted(await world.slack.shortcut(house.mo, "Create video room"))
    view = await opened(world, house.mo)
    accepted(await world.slack.submit(house.mo, view, {"name": PLAN, PLACE: house.board.id}))
    await card(world, PLAN, channel=house.board)
    assert (await ask(world, house.sam, f"/video room create {PLAN}")).words == TAKEN
    assert names_it(world, world.general) == []


async def test_who_comes_back_with_an_old_token_brings_no_public_room_up(private: House) -> None:
    """The server makes the room anew, and nobody has asked the bot."""
    world = private.world
    await ask(world, private.mo, f"/video room close {PLAN}", channel=private.board)
    asked = heard(world, private.mo, private.board)[-1]
    await press(world, private.mo, asked, "End room")
    await card(world, PLAN, "Ended", channel=private.board)
    world.memory.server.join(PLAN, "bob", name="Bob")
    listed = await ask(world, private.mia, "/video room list", channel=private.board)
    assert PLAN in listed.words
    for who, sees in ((private.sam, False), (private.mia, False), (world.owner, True)):
        assert (PLAN in (await ask(world, who, "/video room list")).words) is sees
    assert (await ask(world, private.sam, f"/video room create {PLAN}")).words == TAKEN
    assert names_it(world, world.general) == []


async def test_an_admin_of_one_server_learns_nothing_private_of_another(start: Start) -> None:
    servers = MEMORY + '\n[providers.annex]\nkind = "memory"\n'
    world = await start(providers=servers, environ={"SHOWCALLER_DEFAULT_ROLE": "viewer"})
    board = world.slack.workspace.add_channel("board", members=[world.owner], private=True)
    await ask(world, world.owner, "/video role grant @omar admin --provider annex")
    await ask(world, world.owner, f"/video room create {PLAN}", channel=board)
    there = await ask(world, world.operator, f"/video room show {PLAN} --provider annex")
    never = await ask(world, world.operator, f"/video room show {NEVER} --provider annex")
    assert there.words.replace(PLAN, NEVER) == never.words
    assert labels(there) == labels(never)
    its_admins = await ask(world, world.owner, f"/video room show {PLAN} --provider annex")
    assert labels(its_admins) == ["On memory"]


async def test_a_form_that_is_open_when_its_role_ends_offers_nothing_more(start: Start) -> None:
    world = await start(environ={"SHOWCALLER_DEFAULT_ROLE": "viewer"})
    await ask(world, world.owner, "/video role grant @omar admin")
    view = await form(world, world.operator, "/video role grant")
    assert await world.slack.suggest(world.operator, view, "who", "gen")
    await ask(world, world.owner, "/video role revoke @omar")
    assert await world.slack.suggest(world.operator, view, "who", "gen") == []
