"""The acts of the tour, each a step of the story that is readable alone, and what they look for.

The people: ana owns the workspace, omar is a member (an operator here), gus is a guest. bob and cleo are in the rooms.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from bot.demo.people import in_words
from bot.demo.sights import card_of, labels, must_see, noted, told_under
from bot.demo.slack import Message
from bot.demo.story import Story
from providers.base import Capability, Participant, Signal, TrackSource
from providers.errors import Rejected


async def create_by_command(story: Story) -> None:
    """A room, by slash command"""
    await story.types(story.ana, "/video room create standup")
    await story.told(story.ana, "ana is told that it is made", "Created", "standup")
    card = await story.sees(
        story.gus, "everybody sees its card: live, with nobody in it", _room("Live", "nobody in it")
    )
    offered = ["Notify me", "Join", "Record", "Stream to...", "Participants", "Mute all", "End"]
    if not story.can(Capability.START_RECORDING):
        offered.remove("Record")
    if not story.can(Capability.START_STREAM):
        offered.remove("Stream to...")
    story.check("the card offers what can be done", labels(card) == offered)


async def mistype(story: Story) -> None:
    """A slip of the keyboard"""
    await story.types(story.omar, "/video rom create planning")
    answer = await story.told(story.omar, "the nearest command is suggested", "Did you mean", "/video room create")
    story.check("the suggestion can be pressed", labels(answer) == ["room create planning"])
    story.check("nothing was made of it", story.sight(story.omar, card_of("planning")) is None)


async def fill_in_a_form(story: Story) -> None:
    """A form, first filled in wrongly"""
    await story.types(story.ana, "/video room create")
    form = await story.form(story.ana, "what is missing is asked for in a form", lambda v: v.title == "Create room")
    await story.fills(story.ana, form, {"name": "retro", "max_participants": "0"})
    form = await story.form(story.ana, "the mistake is shown under its field", lambda v: "max_participants" in v.errors)
    story.check("no other field is blamed", list(form.errors) == ["max_participants"])
    story.check("nothing was made of it", story.sight(story.ana, card_of("retro")) is None)
    await story.fills(story.ana, form, {"max_participants": "5"})
    await story.told(story.ana, "put right, it is accepted", "Created", "retro")
    await story.sees(story.omar, "the room's card is there", card_of("retro", "Live"))
    story.check("the form is closed", story.world.slack.view_of(story.ana) is None)


async def somebody_joins(story: Story) -> None:
    """Somebody joins on the video server"""
    story.meanwhile("bob joins standup with his browser; the video server tells the bot by webhook")
    await story.world.people.join("standup", "bob")
    card = await story.sees(story.gus, "the card says that one person is there", _room("Live", "1 person"))
    story.check("it is the same card, edited in place", _count(story, _room()) == 1)
    await story.presses(story.gus, card, "Participants")
    await story.told(story.gus, "a guest may look: Bob is there", "1 person is in it", "Bob")


async def ask_in_a_thread(story: Story) -> None:
    """A question in the card's thread, by mention"""
    card = must_see(story, _room())
    asked = await story.writes(story.omar, "@showcaller participant list .", under=card)
    answer = await story.sees(
        story.gus, "the answer stands there too, for all to read", told_under(card, "1 person is in it", "Bob")
    )
    story.check("the dot meant the room of that thread", "standup" in answer.lines[0] and answer.ts > asked.ts)


async def ask_alone(story: Story) -> None:
    """A question to the bot alone"""
    alone = story.world.slack.workspace.dm(story.omar)
    await story.writes(story.omar, "room list", channel=alone)
    await story.sees(
        story.omar, "omar is answered there, without a mention", lambda m: "standup" in m.words, channel=alone
    )
    story.check("nobody else sees that conversation", not story.world.slack.seen_by(story.ana, alone))


async def open_a_form_from_a_mention(story: Story) -> None:
    """A form, by mention"""
    asked = await story.writes(story.ana, "Could you, @showcaller room create")
    offer = await story.sees(story.ana, "what is missing is asked for by a button", told_under(asked, "[Open form]"))
    await story.presses(story.ana, offer, "Open form")
    form = await story.form(story.ana, "which opens the form", lambda v: v.title == "Create room")
    await story.fills(story.ana, form, {"name": "lobby"})
    await story.sees(story.gus, "the answer stands under what ana wrote", told_under(asked, "Created", "lobby"))


async def look_at_home(story: Story) -> None:
    """The Home tab"""
    await story.opens_home(story.gus)
    view = await story.home(story.gus, "gus sees what is live, and who made it", "standup", "1 person", "answered")
    story.check("a guest is offered no End", "Join" in labels(view) and "End" not in labels(view))
    await story.opens_home(story.ana)
    view = await story.home(story.ana, "ana sees her own rooms first", "Your rooms", "standup", "answered")
    story.check("she may end them", "End" in labels(view))
    await story.presses(story.ana, view, "Show room standup")
    alone = story.world.slack.workspace.dm(story.ana)
    await story.sees(
        story.ana, "the answer is in her conversation with the bot", lambda m: "Made by" in m.words, channel=alone
    )


async def start_from_a_message(story: Story) -> None:
    """A room from a message, by shortcut"""
    asked = await story.writes(story.gus, "The API is down in eu-west, who is on call?")
    await story.chooses(story.omar, "Start a video room", of=asked)
    form = await story.form(story.omar, "a form opens", lambda v: v.title == "Create room")
    story.check("its name is made of the message's words", "the-api-is-down-in" in str(form.blocks))
    await story.fills(story.omar, form, {"name": "api-down"})
    await story.sees(story.gus, "the card stands in that message's thread", told_under(asked, "api-down", "Live"))


async def record(story: Story) -> None:
    """Record, by button"""
    await story.presses(story.omar, must_see(story, _room()), "Record")
    await story.told(story.omar, "omar is told that it begins", "Recording", "standup")
    await story.sees(story.gus, "the recording has a card of its own, which goes live", _recording("Live"))
    card = await story.sees(story.gus, "the room's card says that it is recorded", _room("Live", "Recording"))
    story.check("the room's card offers to stop it", "Stop recording" in labels(card))


async def recording_fails(story: Story) -> None:
    """The recording fails"""
    story.meanwhile("the video server's disk is full, and the recording fails")
    running = next(r for r in story.world.memory.server.list_recordings() if not r.status.is_final)
    story.world.memory.server.fail_recording(running.ref.id, "the disk is full")
    await story.sees(story.gus, "the card says why", _recording("Failed", "the disk is full"))
    alert = await story.sees(story.gus, "an alert comes in the card's thread", noted("failed: the disk is full"))
    story.check("it is shown in the channel too", alert.broadcast)
    story.check("it mentions omar, who started it", f"@{story.omar.id}" in alert.words)
    story.check("it brings the next step", labels(alert) == ["Retry"])
    card = await story.sees(
        story.gus, "the room's card has stopped saying that it is recorded", _room("Live", "[Record]")
    )
    story.check("the room itself goes on", "1 person" in card.words)


async def record_again(story: Story) -> None:
    """Recorded again from the alert, and stopped"""
    await story.presses(story.omar, must_see(story, noted("failed: the disk is full")), "Retry")
    card = await story.sees(story.gus, "the new recording goes live", _recording("Live"))
    await story.sees(story.gus, "the room's card knows it", _room("[Stop recording]"))
    await story.presses(story.omar, card, "Stop")
    await story.told(story.omar, "omar is told that it ends", "Stopping the recording of", "standup")
    card = await story.sees(story.gus, "the card says how large the file is", _recording("Ready", "Size", "Location"))
    story.check("nothing is left to press on it", labels(card) == [])
    await story.sees(story.gus, "the end is told in its thread", noted("is ready"))
    await story.sees(story.gus, "the room's card offers to record", _room("Live", "[Record]"))


async def restart(story: Story) -> None:
    """The bot is restarted"""
    story.meanwhile("the bot stops, cleo joins, and the bot starts again")
    async with story.world.without_bot():
        await story.world.people.join("standup", "cleo")
    card = await story.sees(story.gus, "the card has caught up: two people", _room("Live", "2 people"))
    story.check("no card was posted twice", _count(story, _room()) == 1)
    await story.presses(story.ana, card, "Participants")
    await story.told(story.ana, "the buttons of before still work", "Bob", "Cleo")


async def send_sound_and_picture(story: Story) -> None:
    """Everybody sends sound and picture"""
    story.meanwhile("bob and cleo turn on their microphones and cameras")
    for identity in ("bob", "cleo"):
        for source in (TrackSource.MICROPHONE, TrackSource.CAMERA):
            await story.world.people.publish("standup", identity, source)
    await story.presses(story.omar, must_see(story, _room()), "Participants")
    listed = await story.told(story.omar, "omar sees what each of them sends", "Bob", "Cleo", "microphone", "camera")
    each = ["Mute", "Remove", "Details"]
    story.check("each of them can be muted, removed and looked at", labels(listed) == [*each, *each])
    await story.presses(story.omar, listed, "Mute Cleo")
    await story.told(story.omar, "omar is told that cleo is muted", "Muted", "Cleo", "microphone")


async def mute_all(story: Story) -> None:
    """Mute all, from the card"""
    await story.presses(story.omar, must_see(story, _room()), "Mute all")
    await story.told(story.omar, "omar is told how many it were", "Muted 1 track of 1 person", "Muted before", "Cleo")
    tracks = [track for each in (await _present(story)).values() for track in each.tracks]
    muted = [track.source for track in tracks if track.muted]
    story.check("on the video server both microphones are muted, and no camera", muted == [TrackSource.MICROPHONE] * 2)
    await story.presses(story.ana, must_see(story, _room()), "Mute all")
    await story.told(story.ana, "a second time there is nothing to do", "everybody is muted already")


async def send_a_message(story: Story) -> None:
    """A message to one app"""
    await story.types(story.ana, '/video signal send standup "Five minutes left" --to bob --topic chat')
    await story.told(story.ana, "ana is told who gets it", "Sent to 1 person", "Bob")
    people, wanted = story.world.people, ("Five minutes left", "chat")
    await story.waits("bob gets it, on its topic", lambda: wanted in _got(people.heard("standup", "bob")))
    story.meanwhile(f"bob gets {in_words(people.heard('standup', 'bob')[-1])}")
    story.check("cleo does not", not people.heard("standup", "cleo"))


async def change_somebody(story: Story) -> None:
    """Another name, and another right"""
    await story.types(story.ana, '/video participant update standup bob --name "Bob B." --grant subscriber')
    await story.told(story.ana, "ana is told what is different", "Changed", "Bob B.")
    bob = (await _present(story))["bob"]
    story.check("on the video server he has that name", bob.name == "Bob B.")
    story.check("he may not send any longer", bob.permissions is not None and not bob.permissions.can_publish)
    story.check("what he sent has stopped", bob.tracks == ())


async def keep_out(story: Story) -> None:
    """Removed, and kept out"""
    await story.types(story.omar, "/video participant remove standup bob --keep-out 1h")
    question = await story.told(story.omar, "omar is asked first", "Remove", "Bob", "1 h")
    await story.presses(story.omar, question, "Remove")
    await story.told(story.omar, "omar is told until when", "kept out until")
    await story.sees(story.gus, "the card says that one person is left", _room("Live", "1 person"))
    story.meanwhile("bob comes back with the token that he has")
    with suppress(Rejected):  # he may be removed before he is quite in
        await story.world.people.join("standup", "bob")
    note = await story.sees(story.gus, "he is removed again, and the thread says so", noted("removed again"))
    story.check("it says who keeps him out", f"@{story.omar.id}" in note.words)
    story.check("on the video server he is gone", "bob" not in await _present(story))
    await story.presses(story.omar, note, "Let back in")
    await story.told(story.omar, "omar thinks better of it", "bob", "may come into", "again")
    story.meanwhile("bob comes back once more")
    await story.world.people.join("standup", "bob")
    await story.sees(story.gus, "he is let in", _room("Live", "2 people"))


async def refuse_a_guest(story: Story) -> None:
    """A guest presses End"""
    await story.presses(story.gus, must_see(story, _room()), "End")
    await story.told(story.gus, "gus is told which role it takes and which one he has", "operator", "viewer")
    story.check("the room goes on", must_see(story, _room()).words.count("Live") == 1)


async def grant_a_role(story: Story) -> None:
    """A role, for two hours"""
    await story.types(story.ana, "/video role grant @omar admin --until 2h")
    granted = await story.told(story.ana, "ana is told what omar is, and until when", "admin", "until")
    await story.types(story.omar, "/video whoami")
    await story.told(story.omar, "omar is told where that comes from", "admin", "granted")
    await story.types(story.ana, "/video role grant @gus operator")
    await story.told(story.ana, "a guest stays a guest", "guest", "viewer")
    await story.presses(story.ana, granted, "Revoke")
    await story.told(story.ana, "taken back, he is what he was", "Taken away", "still", "operator")


async def make_it_in_private(story: Story) -> None:
    """A room that others do not see"""
    alone = story.world.slack.workspace.dm(story.omar)
    await story.writes(story.omar, "room create rehearsal", channel=alone)
    await story.sees(story.omar, "its card stands where he asked", card_of("rehearsal", "Live"), channel=alone)
    await story.types(story.gus, "/video room join rehearsal")
    await story.told(story.gus, "to others it does not exist", "There is no room", "rehearsal")
    await story.types(story.gus, "/video room list")
    await story.told(story.gus, "no list shows it to them", "standup")
    story.check("nor does anything else", story.sight(story.gus, lambda m: "card rehearsal" in m.words) is None)


async def look_at_the_audit(story: Story) -> None:
    """What was done, and by whom"""
    await story.types(story.omar, "/video audit list")
    await story.told(story.omar, "it is for admins", "admin", "operator")
    await story.types(story.ana, "/video audit list --failed")
    await story.told(story.ana, "an admin sees who was refused what", story.gus.id, "room close", "refused")


async def join(story: Story) -> None:
    """Join: a way in for one person"""
    await story.presses(story.omar, must_see(story, _room()), "Join")
    answer = await story.told(story.omar, "omar gets address and token", "Your way into", "Address", "Token")
    token = answer.lines[answer.lines.index("*Token*") + 1].strip("`")
    others = (story.ana, story.gus)
    story.check("nobody else sees the token", all(not story.sight(who, lambda m: token in m.words) for who in others))
    story.check("what others see does not even mention it", "eyJ" not in must_see(story, _room()).words)


async def end_asks_first(story: Story) -> None:
    """End asks first"""
    card = must_see(story, _room())
    await story.presses(story.ana, card, "End")
    question = await story.told(story.ana, "ana is asked, and told who is in it", "End", "Bob", "Cleo")
    hidden = story.sight(story.omar, lambda m: m.ts == question.ts) is None
    story.check("nobody else can answer for her: they do not see the question", hidden)
    await story.presses(story.omar, card, "End")
    second = await story.told(story.omar, "omar, who presses too, is asked for himself", "End", "Bob", "Cleo")
    story.check("until somebody answers, nothing happens", await _is_live(story))
    await story.presses(story.ana, question, "End room")
    await story.told(story.ana, "ana is told that it has ended", "Ended", "standup")
    card = await story.sees(story.gus, "the card says that it has ended", _room("Ended"))
    story.check("there is nothing left to press on it", labels(card) == [])
    await story.sees(story.gus, "the end is told in its thread", noted("Room", "ended"))
    await story.presses(story.omar, second, "End room")
    await story.told(story.omar, "omar's answer comes too late, and he is told so", "standup", "ended")
    story.check("on the video server the room is gone", not await _is_live(story))
    await story.waits("bob and cleo are disconnected", lambda: not story.world.people.all_heard())


async def press_an_old_button(story: Story) -> None:
    """A button of a room that has ended"""
    recordings = len(story.world.memory.server.list_recordings())
    await story.presses(story.omar, must_see(story, noted("failed: the disk is full")), "Retry")
    await story.told(story.omar, "omar is told that the room has ended", "standup", "ended")
    story.check("nothing was started", len(story.world.memory.server.list_recordings()) == recordings)


async def forget_the_quotes(story: Story) -> None:
    """A name with a space in it"""
    await story.types(story.ana, "/video room create Test Room")
    offer = await story.told(story.ana, "the quoted form is offered", 'room create "Test Room"')
    await story.presses(story.ana, offer, "Use “Test Room”")
    await story.told(story.ana, "one press makes it", "Created", "Test Room")
    await story.sees(story.gus, "its card is there", card_of("Test Room", "Live"))


# What to look for


def _room(*words: str) -> Callable[[Message], bool]:
    return card_of("standup", *words)


def _recording(*words: str) -> Callable[[Message], bool]:
    return card_of("Recording of standup", *words)


def _count(story: Story, wanted: Callable[[Message], bool]) -> int:
    return sum(wanted(message) for message in story.world.slack.seen_by(story.gus, story.world.general))


async def _is_live(story: Story) -> bool:
    return bool(await story.world.provider.list_rooms(["standup"]))


async def _present(story: Story) -> dict[str, Participant]:
    """Who is in the room, by identity, as the video server has it."""
    [room] = await story.world.provider.list_rooms(["standup"])
    return {each.identity: each for each in await story.world.provider.list_participants(room.ref)}


def _got(heard: Sequence[Signal]) -> list[tuple[str, str]]:
    return [(signal.message, signal.topic) for signal in heard]
