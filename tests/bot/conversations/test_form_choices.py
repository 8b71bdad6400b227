"""Selects that the bot fills while somebody types, and forms that change with what is chosen."""

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.demo.slack import User
from bot.demo.world import World
from providers.base import (
    IngressInput,
    IngressOptions,
    RuleKind,
    RuleOptions,
    TrackSource,
    TrunkDirection,
    TrunkOptions,
)
from tests.bot.conversations.conftest import Wanted
from tests.bot.conversations.talk import accepted, ask, card, form, heard, opened

LONG = "x" * 200


def _labels(options: list[Mapping[str, Any]]) -> list[str]:
    return [str(option["text"]["text"]) for option in options]


async def test_rooms_are_offered_as_somebody_types(world: World) -> None:
    for name in ("standup", "retro", "stand-in"):
        await ask(world, world.operator, f"/video room create {name}")
    view = await form(world, world.operator, "/video participant remove")
    offered = _labels(await world.slack.suggest(world.operator, view, "room", "STAND"))
    assert offered == ["stand-in", "standup", "Use “STAND”"]
    assert _labels(await world.slack.suggest(world.operator, view, "room", "retro")) == ["retro"]
    await ask(world, world.operator, "/video room create call-_+493012345678_x")
    called, _ = await world.slack.suggest(world.operator, view, "room", "call-_")
    assert (called["value"], *_labels([called])) == ("call-_+493012345678_x", "call-_…5678_x")


async def test_people_of_one_name_are_told_apart(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    for identity in ("bob-1", "bob-2"):
        world.memory.server.join("standup", identity, name="Bob")
    view = await form(world, world.operator, "/video participant remove standup")
    offered = await world.slack.suggest(world.operator, view, "who", "bo")
    assert _labels(offered) == ["Bob (bob-1)", "Bob (bob-2)", "Use “bo”"]
    accepted(await world.slack.submit(world.operator, view, {"who": "Bob (bob-2)"}))
    said = await world.slack.until(lambda: [m for m in heard(world, world.operator) if "Remove" in m.words])
    assert "bob-2" in said[-1].words


async def test_tracks_are_those_of_whom_was_chosen(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    for who, source in (("bob", TrackSource.CAMERA), ("cleo", TrackSource.MICROPHONE)):
        world.memory.server.join("standup", who)
        await world.people.publish("standup", who, source)
    view = await form(world, world.operator, "/video track subscribe standup bob")
    everybodys = _labels(await world.slack.suggest(world.operator, view, "track", ""))
    assert everybodys == ["bob: camera", "cleo: microphone"]
    accepted(await world.slack.close(world.operator, await opened(world, world.operator)))
    view = await form(world, world.operator, "/video participant mute standup")
    accepted(await world.slack.submit(world.operator, view, {"track": "microphone", "who": "cleo"}))
    said = await world.slack.until(lambda: [m for m in heard(world, world.operator) if "Muted" in m.words])
    assert "microphone" in said[-1].words


async def test_a_name_too_long_for_an_option(world: World) -> None:
    await ask(world, world.operator, f"/video room create {LONG}")
    view = await form(world, world.operator, "/video participant remove")
    assert f"{'x' * 37}…{'x' * 37}" in _labels(await world.slack.suggest(world.operator, view, "room", "xx"))
    accepted(await world.slack.submit(world.operator, view, {"room": LONG, "who": "bob"}))
    said = await world.slack.until(lambda: [m for m in heard(world, world.operator) if "bob" in m.words])
    assert "bob` is not in" in said[-1].words


async def test_what_makes_sense_only_with_another_choice_comes_with_it(world: World) -> None:
    view = await form(world, world.owner, "/video token api")
    assert list(view.fields) == ["allow", "ttl"]
    accepted(await world.slack.choose(world.owner, view, "allow", ["admin"]))
    wider = await opened(world, world.owner, after=view)
    assert list(wider.fields) == ["allow", "room", "ttl", "destination"]
    accepted(await world.slack.choose(world.owner, wider, "allow", ["list_rooms"]))
    assert list((await opened(world, world.owner, after=wider)).fields) == ["allow", "ttl"]


async def test_of_two_quick_choices_the_newer_counts(world: World, wanted: Wanted) -> None:
    wanted.refusals.add("hash_conflict")
    view = await form(world, world.owner, "/video token api")
    for ack in await asyncio.gather(
        world.slack.choose(world.owner, view, "allow", ["list_rooms"]),
        world.slack.choose(world.owner, view, "allow", ["list_rooms", "admin"]),
    ):
        accepted(ack)
    wider = ["allow", "room", "ttl", "destination"]
    await world.slack.until(lambda: (shown := world.slack.view_of(world.owner)) and list(shown.fields) == wider)


async def test_rooms_by_the_person_who_made_them(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    await ask(world, world.owner, "/video room create retro")
    said = await ask(world, world.operator, "/video room list --by @ana")
    assert "retro" in said.words
    assert "standup" not in said.words
    nobody = await ask(world, world.operator, "/video room list --by ana-maria")
    assert "Write it like @ana." in nobody.words


async def test_streams_and_where_they_go_are_offered_without_their_keys(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    world.memory.server.join("standup", "bob")
    await world.people.publish("standup", "bob", TrackSource.CAMERA)
    view = await form(world, world.operator, "/video stream start standup")
    urls = "rtmp://b.example.com/live/KEY-ONE\nrtmp://media.example.com/live/KEY-TWO"
    accepted(await world.slack.submit(world.operator, view, {"urls": urls}))
    await world.slack.until(lambda: [m for m in heard(world, world.operator) if "Streaming" in m.words])
    view = await form(world, world.operator, "/video stream remove standup")
    (stream,) = await world.slack.suggest(world.operator, view, "stream", "")
    assert stream["text"]["text"].startswith("standup (")
    places = await world.slack.suggest(world.operator, view, "where", "")
    assert [label.partition(" (")[0] for label in _labels(places)] == [
        "1 rtmp://b.example.com/live",
        "2 rtmp://media.example.com/live",
    ]
    assert "KEY" not in str(places)


async def test_what_a_video_server_has_is_offered(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    view = await form(world, world.operator, "/video recording layout standup")
    offered = _labels(await world.slack.suggest(world.operator, view, "layout", ""))
    assert offered == list(world.memory.limits.layouts)
    assert _labels(await world.slack.suggest(world.operator, view, "layout", "spe"))[0] == "speaker"


async def test_what_comes_in_is_offered_by_what_is_known_and_by_the_server(world: World) -> None:
    server = world.memory.server
    elsewhere = server.create_ingress(IngressOptions(IngressInput.RTMP, "standup", "camera-1", name="Camera 1"))
    assert await _offered(world, world.operator, "/video ingress delete", "ingress") == [
        "Camera 1 into standup (waiting for a sender)"
    ]
    server.send_into(server.key_of(elsewhere.ingress.ref.id))
    await server.settled()
    await ask(world, world.operator, "/video alert subscribe sip")
    server.call_in("standup", "+493012344567")
    await card(world, "Call from …4567")
    await ask(world, world.owner, "/video agent dispatch standup assistant")
    assert await _offered(world, world.operator, "/video sip hangup standup", "who") == ["…4567 in standup (active)"]
    assert await _offered(world, world.operator, "/video agent remove standup", "dispatch") == ["assistant"]


async def test_trunks_and_rules_are_offered_by_name(world: World) -> None:
    await world.memory.create_trunk(TrunkOptions(TrunkDirection.INBOUND, "main", ("+493012340000",)))
    await world.memory.create_rule(RuleOptions(RuleKind.DIRECT, "standup"))
    assert await _offered(world, world.owner, "/video sip trunk show", "trunk") == ["main (inbound)"]
    assert await _offered(world, world.owner, "/video sip rule show", "rule") == ["standup (direct)"]


async def _offered(world: World, person: User, line: str, field: str) -> list[str]:
    view = await form(world, person, line)
    found = _labels(await world.slack.suggest(person, view, field, ""))
    accepted(await world.slack.close(person, view))
    return found
