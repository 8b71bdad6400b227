"""The house's first thread, from end to end: create, watch, record, fail, end."""

from bot.demo.world import World
from providers.base import ParticipantKind
from tests.bot.conversations.talk import ask, attempts, card, labels, note, press, public, rooms


async def test_the_whole_thread(world: World) -> None:
    omar, server = world.operator, world.memory.server
    answer = await ask(world, omar, "/video room create standup")
    assert answer.words == "Created *standup*."
    live = await card(world, "standup", "🟢 *Live* · nobody in it")
    assert labels(live) == ["Notify me", "Join", "Record", "Stream to...", "Participants", "Mute all", "End"]
    assert f"Made by @{omar.id} · on `memory`" in live.words

    server.join("standup", "bob", name="Bob")
    await card(world, "standup", "1 person")
    server.join("standup", "rec", kind=ParticipantKind.EGRESS)
    server.join("standup", "eve", name="Eve")
    await card(world, "standup", "2 people")
    server.leave("standup", "eve")
    await card(world, "standup", "1 person")

    answer = await press(world, omar, live, "Record")
    assert answer.words.startswith("Recording *standup*. Its card says when it runs.")
    assert labels(answer) == ["Stop recording"]
    recording = await card(world, "Recording of standup", "🔴 *Live*")
    assert labels(recording) == ["Notify me", "Pause", "Stop", "Layout"]
    recorded = await card(world, "standup", "🔴 *Recording*")
    assert "Stop recording" in labels(recorded)
    assert "Record" not in labels(recorded)

    (running,) = server.list_recordings()
    server.fail_recording(running.ref.id, "disk full")
    failed = await card(world, "Recording of standup", "⚠️ *Failed*: disk full.")
    alert = await note(world, failed, "failed: disk full.")
    assert alert.broadcast
    assert alert.lines[0] == f"@{omar.id}: The recording of *standup* failed: disk full."
    assert labels(failed) == labels(alert) == ["Retry"]
    recorded = await card(world, "standup", "1 person")
    assert "Record" in labels(recorded)

    question = await press(world, omar, live, "End")
    assert question.lines == [
        "End *standup*? This disconnects Bob.",
        "[End room] [Keep it]",
        "Only you can answer, within 5 min.",
    ]
    assert rooms(world) == ["standup"]
    answer = await press(world, omar, question, "End room")
    assert answer.words == "Ended *standup*."
    assert answer.ts == question.ts
    ended = await card(world, "standup", "⚪ *Ended*")
    assert (ended.ts, labels(ended)) == (live.ts, [])
    told = await note(world, ended, "Room *standup* ended")
    assert told.broadcast
    assert rooms(world) == []
    assert {outcome for _, outcome in attempts(world)} == {"done", "asked"}


async def test_a_recording_that_was_stopped_becomes_ready(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    await press(world, world.operator, await card(world, "standup"), "Record")
    live = await card(world, "Recording of standup", "🔴 *Live*")
    answer = await press(world, world.operator, live, "Stop")
    assert answer.words == "Stopping the recording of *standup*. Its card says when it is ready."
    ready = await card(world, "Recording of standup", "✅ *Ready*", "*Duration*", "*Size*")
    assert labels(ready) == []
    assert (await note(world, ready, "is ready")).broadcast


async def test_a_recording_that_starts_with_its_room_has_a_card_and_its_failure_an_alert(world: World) -> None:
    await ask(world, world.operator, "/video room create standup --record")
    await card(world, "Recording of standup", "🔴 *Live*")
    (running,) = world.memory.server.list_recordings()
    world.memory.server.fail_recording(running.ref.id, "disk full")
    failed = await card(world, "Recording of standup", "⚠️ *Failed*: disk full.")
    alert = await note(world, failed, f"@{world.operator.id}: The recording of *standup* failed: disk full.")
    answer = await press(world, world.operator, alert, "Retry")
    assert answer.lines[0] == "Recording *standup* again. Its card says when it runs."
    again = await card(world, "Recording of standup", "🔴 *Live*")
    assert again.ts != failed.ts


async def test_what_happens_on_the_server_alone_is_told_to_who_subscribed(world: World) -> None:
    answer = await ask(world, world.operator, "/video alert subscribe room --room team-*")
    assert answer.words == "This channel is told of rooms in rooms like `team-*` from now on.\n[Unsubscribe]"
    world.memory.server.join("team-a", "bob")
    world.memory.server.join("other", "bob")
    shown = await card(world, "team-a", "1 person")
    assert "Made by" not in shown.words
    await world.memory.settled()
    world.memory.server.leave("team-a", "bob")
    await card(world, "team-a", "nobody in it")
    assert [m.lines[0] for m in public(world)] == ["team-a"]


async def test_a_restart_in_the_middle_leaves_nothing_stale(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    live = await card(world, "standup", "🟢 *Live*")
    await world.restart()
    world.memory.server.join("standup", "bob", name="Bob")
    same = await card(world, "standup", "1 person")
    assert same.ts == live.ts
    await press(world, world.operator, live, "Record")
    await card(world, "Recording of standup", "🔴 *Live*")
    await world.restart()
    (room,) = world.memory.server.list_rooms()
    world.memory.server.close_room(room.ref)
    assert (await card(world, "standup", "⚪ *Ended*")).ts == live.ts
    await card(world, "Recording of standup", "✅ *Ready*")
