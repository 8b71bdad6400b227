"""What the front page says and offers, to whom."""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pydantic import SecretStr

from commands.alert import AlertUnsubscribe
from commands.core.alerts import AlertKind, Scope, Severity
from commands.core.directory import (
    BlockedCard,
    FailedRecording,
    GoingOn,
    KnownRoom,
    LiveRoom,
    TroubledIngress,
    Webhooks,
)
from commands.core.egress_words import explain_condition
from commands.core.ingress_orphans import Orphan
from commands.core.ingress_words import explain_orphan
from commands.core.ports import Caller, Place, Viewer
from commands.core.reply import Action, Button, Form, Link, plain
from commands.core.timers import Target
from commands.home import MOST_FEEDS, MOST_FOLLOWED, SHARED_SECONDS, FrontPage, Home, Section
from commands.overview import MOST_ROOMS
from commands.recording import RecordingList, RecordingStop
from commands.recording_upkeep import RecordingRetry
from commands.room import RoomCreate, RoomShow
from commands.stream_stop import StreamStop
from providers.base import (
    Destination,
    DestinationStatus,
    EgressKind,
    EgressSource,
    Ingress,
    IngressInput,
    IngressRef,
    IngressStatus,
    ParticipantKind,
    Recording,
    RecordingRef,
    RecordingStatus,
    Room,
    RoomOptions,
    RoomRef,
    Stream,
    StreamRef,
    StreamStatus,
)
from providers.errors import ProviderError, Unreachable
from providers.facts import Condition, IngressChanged, ParticipantsListed, ThingKind
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.ports import DashboardTable
from tests.commands.workspace import (
    ANNA,
    LOBBY,
    NOAH,
    OLGA,
    STUDIO,
    TEAM,
    VERA,
    Workspace,
    button,
    facts_of,
    labels,
    refused,
    says,
    told,
)


class Broken(Memory):
    """Refuses to list, by `problem`; without one it never answers."""

    problem: ProviderError | None = None

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        if self.problem is not None:
            raise self.problem
        await asyncio.Event().wait()
        return []


class Counting(Memory):
    lists = 0

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        self.lists += 1
        return await super().list_rooms(names)


@pytest.fixture
def dashboard() -> DashboardTable:
    return DashboardTable()


@pytest.fixture
def home(workspace: Workspace, dashboard: DashboardTable) -> Home:
    return _home(workspace, dashboard)


def _home(workspace: Workspace, dashboard: DashboardTable) -> Home:
    def url_of(channel_id: str) -> SecretStr:
        return SecretStr(f"https://team.example.com/archives/{channel_id}")

    return Home(workspace.ports, dashboard, "reaches me over HTTP", url_of, lambda _: (" is shut", "Knock."))


def section(page: FrontPage, title: str) -> Section:
    return next(each for each in page.sections if each.title == title)


def titles(page: FrontPage) -> list[str]:
    return [each.title for each in page.sections]


def rows(shown: Section) -> list[tuple[str, str]]:
    return [(plain(item.title), plain(item.detail)) for item in shown.items]


def actions(shown: Section) -> list[list[str]]:
    return [labels(item.actions) for item in shown.items]


def every_button(page: FrontPage) -> Iterable[Button]:
    yield from page.actions
    for shown in page.sections:
        yield from shown.actions
        for item in shown.items:
            yield from item.actions


def live(
    name: str,
    at: datetime,
    *,
    by: str | None = None,
    people: int = 0,
    recordings: tuple[str, ...] = (),
    provider: str = "memory",
    channel: str | None = STUDIO.channel_id,
    is_direct: bool = False,
) -> LiveRoom:
    known = KnownRoom(RoomRef(provider, f"RM_{name}", name), False, channel, by)
    return LiveRoom(known, people, recordings, at, is_direct)


def failed(at: datetime, *, by: str | None = None, live: bool = True, why: str | None = "disk full") -> FailedRecording:
    ref = RecordingRef("memory", f"EG_{by}")
    recording = Recording(ref, RoomRef("memory", "RM_1", "standup"), RecordingStatus.FAILED, error=why)
    return FailedRecording(recording, by, at, live)


async def test_an_empty_page_teaches(home: Home) -> None:
    page = await home.page(OLGA)
    assert titles(page) == ["Your rooms", "Also live", "Your subscriptions", "You", "Health"]
    assert labels(page.actions) == ["Create room", "List rooms", "Help"]
    assert page.actions[0] == Form("Create room", RoomCreate)
    assert plain(section(page, "Your rooms").empty).startswith("None of yours is live. Press Create room")
    assert plain(section(page, "You").empty) == "You are operator: the test said so."
    assert [(name, plain(value)) for name, value in section(page, "Health").facts] == [
        ("memory", "not asked yet · no webhook yet"),
        ("annex", "not asked yet · no webhook yet"),
        ("Slack", "reaches me over HTTP"),
    ]


async def test_rooms_are_mine_first_then_the_others(
    home: Home, workspace: Workspace, dashboard: DashboardTable
) -> None:
    now = workspace.clock.now()
    dashboard.live = [
        live("planning", now, by=ANNA.user_id, people=3, recordings=("EG_1",)),
        live("standup", now, by=OLGA.user_id, people=1, provider="annex", channel="X1", is_direct=True),
    ]
    page = await home.page(OLGA)
    assert rows(section(page, "Your rooms")) == [("standup", "1 person · on annex")]
    assert rows(section(page, "Also live")) == [
        ("planning", "3 people · being recorded · #CSTUDIO · made by @UANNA · on memory")
    ]
    assert actions(section(page, "Your rooms")) == [["Join", "Show", "End"]]
    shown = button(section(page, "Your rooms").items[0].actions, "Show")
    assert shown == RoomShow(provider="annex", room="standup", room_id="RM_standup")


async def test_what_the_reader_may_not_do_is_not_offered(
    home: Home, workspace: Workspace, dashboard: DashboardTable
) -> None:
    now = workspace.clock.now()
    dashboard.live = [live("standup", now)]
    dashboard.failed = [failed(now)]
    dashboard.heard = {"memory": Webhooks(None, now - timedelta(hours=1))}
    await workspace.subscriptions.add(STUDIO, Scope(), Severity.INFO, created_by=VERA.user_id)
    page = await home.page(VERA)
    assert titles(page) == ["Needs attention", "Also live", "Your subscriptions", "You", "Health"]
    assert actions(section(page, "Also live")) == [["Join", "Show"]]
    assert actions(section(page, "Needs attention")) == [["Its recordings"]]
    assert actions(section(page, "Your subscriptions")) == [[]]
    assert {b.label for b in every_button(page) if isinstance(b, Action) and b.command.spec.role > 1} == set()
    assert not [b for b in every_button(page) if isinstance(b, Form)]


async def test_nobody_sees_nothing_but_why(home: Home, workspace: Workspace, dashboard: DashboardTable) -> None:
    dashboard.live = [live("secret", workspace.clock.now())]
    page = await home.page(NOAH)
    assert titles(page) == ["You"]
    assert plain(section(page, "You").empty) == (
        "You have no role here: nobody has named you. An admin of this workspace can help."
    )
    assert labels(page.actions) == ["Help"]


@pytest.mark.parametrize("count", [0, 1, MOST_ROOMS, MOST_ROOMS + 1, 200])
async def test_a_long_list_is_cut_with_a_count_and_a_button(
    home: Home, workspace: Workspace, dashboard: DashboardTable, count: int
) -> None:
    dashboard.live = [live(f"room-{n}", workspace.clock.now()) for n in range(count)]
    shown = section(await home.page(OLGA), "Also live")
    assert len(shown.items) == min(count, MOST_ROOMS)
    left = count - MOST_ROOMS
    assert plain(shown.more) == (f"{left} more {'is' if left == 1 else 'are'} live." if left > 0 else "")
    assert labels(shown.actions) == (["All on memory", "All on annex"] if left > 0 else [])


async def test_many_rooms_of_mine_hide_none_of_another(
    home: Home, workspace: Workspace, dashboard: DashboardTable
) -> None:
    now = workspace.clock.now()
    mine = [live(f"mine-{number}", now, by=OLGA.user_id) for number in range(60)]
    dashboard.live = [*mine, live("planning", now, by=ANNA.user_id)]
    page = await home.page(OLGA)
    assert section(page, "Your rooms").more == "50 more are live."
    assert [title for title, _ in rows(section(page, "Also live"))] == ["planning"]
    assert section(page, "Also live").more == ""


async def test_the_servers_answers_are_added(
    home: Home, workspace: Workspace, dashboard: DashboardTable, memory: Memory
) -> None:
    made = await memory.create_room("made-elsewhere", RoomOptions())
    over = await memory.create_room("over", RoomOptions())
    dashboard.known = {over.room.ref.id}
    assert rows(section(await home.page(OLGA), "Also live")) == []
    await home.ask()
    page = await home.page(OLGA)
    assert rows(section(page, "Also live")) == [("made-elsewhere", "nobody · on memory")]
    shown = button(section(page, "Also live").items[0].actions, "Show")
    assert shown == RoomShow(provider="memory", room="made-elsewhere", room_id=made.room.ref.id)
    facts = dict(section(page, "Health").facts)
    assert plain(facts["memory"]) == f"answered {workspace.clock.now().isoformat(timespec='seconds')} · no webhook yet"


async def test_a_room_that_its_server_does_not_list_is_gone_unless_it_is_newer(
    home: Home, workspace: Workspace, dashboard: DashboardTable
) -> None:
    dashboard.live = [live("lost", workspace.clock.now())]
    workspace.clock.advance(timedelta(seconds=1))
    await home.ask()
    workspace.clock.advance(timedelta(seconds=1))
    dashboard.live.append(live("newer", workspace.clock.now()))
    shown = section(await home.page(OLGA), "Also live")
    assert [name for name, _ in rows(shown)] == ["newer"]
    assert plain(shown.more) == ""


async def test_people_are_counted_by_the_server_only_where_no_webhook_comes(
    home: Home, workspace: Workspace, dashboard: DashboardTable, memory: Memory
) -> None:
    room = (await memory.create_room("standup", RoomOptions())).room.ref
    memory.server.join("standup", "bob")
    dashboard.live = [LiveRoom(KnownRoom(room, False), 0, (), workspace.clock.now())]
    await home.ask()
    assert rows(section(await home.page(OLGA), "Also live")) == [("standup", "1 person · on memory")]
    dashboard.heard = {"memory": Webhooks(workspace.clock.now(), None)}
    assert rows(section(await home.page(OLGA), "Also live")) == [("standup", "nobody · on memory")]


async def test_a_room_that_only_its_server_knows_is_shown_but_to_those_from_whom_its_name_is_kept(
    home: Home, workspace: Workspace, memory: Memory
) -> None:
    olga = Viewer(TEAM, OLGA.user_id, STUDIO.channel_id)
    await workspace.directory.reserve(olga, ThingKind.ROOM, "memory", "plan", by=OLGA.user_id)
    await memory.create_room("plan", RoomOptions())
    await memory.create_room("standup", RoomOptions())
    await home.ask()
    shown = {
        who.user_id: [name for name, _ in rows(section(await home.page(who), "Also live"))]
        for who in (OLGA, VERA, ANNA)
    }
    assert shown == {"UOLGA": ["plan", "standup"], "UVERA": ["standup"], "UANNA": ["plan", "standup"]}


async def test_who_asks_at_about_the_same_time_shares_the_answer(dashboard: DashboardTable) -> None:
    counting = Counting("counting", MemorySettings())
    workspace = Workspace(counting)
    home = _home(workspace, dashboard)
    await asyncio.gather(*(home.ask() for _ in range(10)))
    workspace.clock.advance(timedelta(seconds=SHARED_SECONDS - 1))
    await home.ask()
    assert counting.lists == 1
    workspace.clock.advance(timedelta(seconds=1))
    await home.ask()
    assert counting.lists == 2
    await counting.aclose()


async def test_a_silent_server_holds_up_nobody(
    dashboard: DashboardTable, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commands.core.asking.ANSWER_SECONDS", 0.01)
    silent, away = (Broken(name, MemorySettings()) for name in ("silent", "away"))
    away.problem = Unreachable()
    workspace = Workspace(memory, silent, away)
    home = _home(workspace, dashboard)
    await home.ask()
    page = await home.page(OLGA)
    assert titles(page)[0] == "Needs attention"
    shown = section(page, "Needs attention")
    assert [title for title, _ in rows(shown)] == [
        "The video server silent does not answer.",
        "The video server away does not answer.",
    ]
    assert plain(shown.items[0].detail) == "It has not answered within 0.01 seconds."
    assert plain(shown.items[1].detail)
    assert actions(shown) == [["Ask it again"], ["Ask it again"]]
    assert plain(dict(section(page, "Health").facts)["silent"]).startswith("does not answer, asked ")
    await silent.aclose()
    await away.aclose()


async def test_a_webhook_that_never_came_is_a_problem_after_a_while(
    home: Home, workspace: Workspace, dashboard: DashboardTable
) -> None:
    dashboard.heard = {"memory": Webhooks(None, workspace.clock.now())}
    assert "Needs attention" not in titles(await home.page(OLGA))
    workspace.clock.advance(timedelta(seconds=61))
    shown = section(await home.page(OLGA), "Needs attention")
    assert rows(shown) == [
        (
            "No webhook of memory has ever come, so cards learn late what happens there.",
            "Point its webhooks at /webhooks/memory of this bot's public address.",
        )
    ]
    dashboard.heard = {"memory": Webhooks(workspace.clock.now(), workspace.clock.now())}
    assert "Needs attention" not in titles(await home.page(OLGA))


async def test_failed_recordings_are_mine_first_and_of_the_last_day(
    home: Home, workspace: Workspace, dashboard: DashboardTable
) -> None:
    now = workspace.clock.now()
    old = failed(now - timedelta(hours=25), by=OLGA.user_id)
    dashboard.failed = [failed(now, by=ANNA.user_id, live=False, why=None), failed(now, by=OLGA.user_id), old]
    shown = section(await home.page(OLGA), "Needs attention")
    assert [detail.split(" · ")[0::2] for _, detail in rows(shown)] == [
        ["disk full", "started by @UOLGA"],
        ["The server gives no reason", "started by @UANNA"],
    ]
    again, look = (item.actions[0] for item in shown.items)
    assert isinstance(again, Action)
    assert isinstance(look, Action)
    assert again.command == RecordingRetry(provider="memory", recording="EG_UOLGA")
    assert look.command == RecordingList(provider="memory", room="standup", room_id="RM_1")


def on_air() -> Stream:
    """To two places, one of which it does not reach."""
    places = tuple(
        Destination(f"D{number}", f"rtmp://cdn{number}.example/live", reached)
        for number, reached in enumerate((DestinationStatus.LIVE, DestinationStatus.FAILED))
    )
    return Stream(StreamRef("memory", "EG_2"), RoomRef("memory", "RM_1", "standup"), StreamStatus.LIVE, places)


def taken(status: RecordingStatus = RecordingStatus.LIVE, *, id: str = "EG_1") -> Recording:
    return Recording(RecordingRef("memory", id), RoomRef("memory", "RM_1", "standup"), status)


async def test_what_is_recorded_and_streamed_can_be_stopped(
    home: Home, workspace: Workspace, dashboard: DashboardTable
) -> None:
    assert "Recorded and streamed" not in titles(await home.page(OLGA))
    page = EgressSource(EgressKind.WEB, url="https://a.example/score")
    of_page = replace(taken(RecordingStatus.ENDING, id="EG_3"), room=RoomRef("memory", "", ""), source=page)
    dashboard.feeds = [GoingOn(on_air(), None, ANNA.user_id), GoingOn(taken()), GoingOn(of_page)]
    stops_at = workspace.clock.now() + timedelta(hours=1)
    target = Target(provider="memory", kind=ThingKind.STREAM, server_id="EG_2", name="standup")
    await workspace.ports.stops.plan(TEAM, target, stops_at, by=OLGA.user_id)
    shown = section(await home.page(OLGA), "Recorded and streamed")
    planned = f"stops {stops_at.isoformat(timespec='seconds')}, as @UOLGA said"
    assert rows(shown) == [
        ("Stream of standup", f"live · to 1 of 2 destinations · {planned} · started by @UANNA · on memory"),
        ("Recording of standup", "live · on memory"),
        ("Recording of the page https://a.example/score", "ending · on memory"),
    ]
    assert actions(shown) == [["Stop"], ["Stop"], []]
    assert button(shown.items[0].actions, "Stop") == StreamStop(provider="memory", stream="EG_2")
    assert button(shown.items[1].actions, "Stop") == RecordingStop(provider="memory", recording="EG_1")
    assert actions(section(await home.page(VERA), "Recorded and streamed")) == [[], [], []]


async def test_of_many_that_go_on_it_is_said_how_many_are_not_shown(home: Home, dashboard: DashboardTable) -> None:
    dashboard.feeds = [GoingOn(taken(id=f"EG_{n}")) for n in range(MOST_FEEDS + 1)]
    shown = section(await home.page(OLGA), "Recorded and streamed")
    assert (len(shown.items), shown.more) == (MOST_FEEDS, "1 more goes on.")


async def test_what_is_odd_needs_attention_and_has_its_next_step(home: Home, dashboard: DashboardTable) -> None:
    waits, gone = Condition.NO_PUBLISHER, Condition.LEFT_BEHIND
    dashboard.feeds = [
        GoingOn(taken(RecordingStatus.STARTING), waits, OLGA.user_id),
        GoingOn(on_air(), gone),
    ]
    page = await home.page(OLGA)
    shown = section(page, "Needs attention")
    assert rows(shown) == [
        ("Recording of standup", f"{explain_condition(waits)} · started by @UOLGA"),
        ("Stream of standup", explain_condition(gone)),
    ]
    assert actions(shown) == [["Join", "Stop"], ["Dismiss", "Stop"]]
    assert actions(section(page, "Recorded and streamed")) == [["Stop"], []]


async def test_an_ingress_by_which_nothing_comes_needs_attention(
    home: Home, workspace: Workspace, dashboard: DashboardTable
) -> None:
    failed = Ingress(
        IngressRef("memory", "IN_1"), RoomRef("memory", "", "standup"), IngressStatus.FAILED, IngressInput.RTMP
    )
    failed = replace(failed, name="Camera 2", error="no video")
    behind = replace(failed, ref=IngressRef("memory", "IN_2"), status=IngressStatus.LIVE, error=None)
    now = workspace.clock.now()
    dashboard.ingresses = [TroubledIngress(failed, False, OLGA.user_id, now), TroubledIngress(behind, True, None, now)]
    shown = section(await home.page(OLGA), "Needs attention")
    at = now.isoformat(timespec="seconds")
    assert rows(shown) == [
        ("The ingress Camera 2 into standup failed.", f"no video · {at} · made by @UOLGA"),
        ("The ingress Camera 2 into standup was left behind.", f"{explain_orphan(Orphan.WORKER_DIED, behind)} · {at}"),
    ]
    assert actions(shown) == [["Show"], ["Show", "New key", "Delete"]]


async def test_what_comes_into_a_room_stands_in_its_row(
    home: Home, workspace: Workspace, dashboard: DashboardTable, memory: Memory
) -> None:
    """No webhook comes, so the server is believed, which counts the camera among the people."""
    ref = await workspace.room("standup")
    memory.server.join("standup", "ana")
    memory.server.join("standup", "camera", kind=ParticipantKind.INGRESS)
    camera = Ingress(IngressRef("memory", "IN_1"), ref, IngressStatus.LIVE, name="Camera 2", identity="camera")
    ctx = workspace.context(memory)
    await ctx.report(IngressChanged(ingress=camera, **ctx.observed()))
    there = tuple(await memory.list_participants(ref))
    await ctx.report(ParticipantsListed(room=ref, participants=there, **ctx.observed()))
    known = KnownRoom(ref, False, STUDIO.channel_id, OLGA.user_id)
    dashboard.live = [LiveRoom(known, 0, (), workspace.clock.now() - timedelta(minutes=1))]
    await home.ask()
    ((_, detail),) = rows(section(await home.page(OLGA), "Your rooms"))
    assert detail.startswith("1 person · Camera 2 comes in · ")
    show = told(await workspace.say("room show standup"))
    assert (plain(show.text), facts_of(show)["Comes in"]) == ("standup: 1 person is in it.", "Camera 2")
    listed = told(await workspace.say("room list"))
    assert plain(listed.items[0].detail) == "1 person is in it · Camera 2 comes in · from this channel"


async def test_a_room_that_ends_by_itself_says_when(
    home: Home, workspace: Workspace, dashboard: DashboardTable
) -> None:
    dashboard.live = [live("standup", workspace.clock.now(), by=OLGA.user_id)]
    ends_at = workspace.clock.now() + timedelta(hours=1)
    target = Target(provider="memory", kind=ThingKind.ROOM, server_id="RM_standup", name="standup")
    await workspace.ports.stops.plan(TEAM, target, ends_at, by=ANNA.user_id)
    ((_, detail),) = rows(section(await home.page(OLGA), "Your rooms"))
    assert f"ends {ends_at.isoformat(timespec='seconds')}, as @UANNA said" in detail


async def test_a_closed_channel_is_told_to_whom_it_concerns(home: Home, dashboard: DashboardTable) -> None:
    dashboard.blocked = [
        BlockedCard("C1", "is_archived", "memory", "standup", OLGA.user_id),
        BlockedCard("C1", "is_archived", "memory", "planning", OLGA.user_id),
        BlockedCard("C2", "restricted_action", "memory", "retro", ANNA.user_id),
        BlockedCard("C3", "not_in_channel", "memory", "demo", OLGA.user_id),
    ]
    shown = section(await home.page(OLGA), "Needs attention")
    assert rows(shown) == [
        ("#C1 is shut, so 2 cards are not shown there.", "Knock."),
        ("#C3 is shut, so the card of demo is not shown there.", "Knock."),
    ]
    link = shown.items[0].actions[0]
    assert isinstance(link, Link)
    assert link.url.get_secret_value() == "https://team.example.com/archives/C1"
    assert len(section(await home.page(ANNA), "Needs attention").items) == 3
    assert "Needs attention" not in titles(await home.page(VERA))


async def test_subscriptions_are_ended_wherever_one_is(home: Home, workspace: Workspace) -> None:
    told(await workspace.say("alert subscribe recording --room team-*"))
    shown = section(await home.page(OLGA), "Your subscriptions")
    assert rows(shown) == [("#CSTUDIO is told of recordings in rooms like team-*", "")]
    unsubscribe = button(shown.items[0].actions, "Unsubscribe")
    assert isinstance(unsubscribe, AlertUnsubscribe)
    direct = Place(TEAM, "D1", is_direct=True)
    stranger = replace(OLGA, user_id="UANNA")
    what, _ = says(refused(await workspace.press(unsubscribe, by=stranger, place=direct)))
    assert what == "This channel has no such subscription."
    told(await workspace.press(unsubscribe, by=OLGA, place=direct))
    assert await workspace.subscriptions.in_channel(STUDIO) == []


async def test_what_somebody_follows(home: Home, workspace: Workspace) -> None:
    direct, viewer = Place(TEAM, "DUOLGA", is_direct=True), Viewer(TEAM, OLGA.user_id, None)
    for n in range(MOST_FOLLOWED + 2):
        about = ("memory", ThingKind.RECORDING, f"EG_{n}")
        workspace.subscriptions.known[about] = "standup"
        assert await workspace.subscriptions.follow(viewer, OLGA.user_id, direct, about)
    shown = section(await home.page(OLGA), "You follow")
    assert rows(shown)[0] == ("the recording of standup on memory", "")
    assert (len(shown.items), shown.more) == (MOST_FOLLOWED, "2 more.")
    told(await workspace.press(button(shown.items[0].actions, "Stop telling me"), place=direct))
    assert workspace.letterbox.taken_back == [("DUOLGA", "card of EG_0")]
    assert "You follow" not in titles(await home.page(ANNA))


async def test_many_subscriptions_are_counted(home: Home, workspace: Workspace) -> None:
    for n in range(12):
        wish = Scope(kinds=frozenset({AlertKind.ROOM}), room_glob=f"r{n}")
        await workspace.subscriptions.add(LOBBY, wish, Severity.INFO, created_by=OLGA.user_id)
    shown = section(await home.page(OLGA), "Your subscriptions")
    assert len(shown.items) == 10
    assert plain(shown.more) == "2 more are in their channels: /video alert list"


@pytest.mark.parametrize("reader", [ANNA, OLGA, VERA, NOAH])
async def test_problems_are_few(home: Home, workspace: Workspace, dashboard: DashboardTable, reader: Caller) -> None:
    dashboard.blocked = [BlockedCard(f"C{n}", "is_archived", "memory", "standup", reader.user_id) for n in range(30)]
    page = await home.page(reader)
    if reader is NOAH:
        assert "Needs attention" not in titles(page)
        return
    shown = section(page, "Needs attention")
    assert len(shown.items) == 10
    assert plain(shown.more) == "20 more are not shown."
