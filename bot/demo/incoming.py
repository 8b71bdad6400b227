"""Four acts of the tour: an encoder sends into a room, breaks and comes back; somebody is called; an agent comes."""

from collections.abc import Callable
from typing import Final

from bot.demo.sights import card_of, labels, must_see, noted
from bot.demo.slack import Message
from bot.demo.story import Story
from providers.base import AudioReceived, VideoReceived
from providers.memory.provider import Memory
from providers.memory.server import MemoryServer

CAMERA: Final = "Camera 2"
TITLE: Final = "Ingress into standup"
VIDEO: Final = VideoReceived("video/H264", 1280, 720, 30, 2500)
AUDIO: Final = AudioReceived("audio/aac", 128, 2, 48_000)
NUMBER: Final = "+493055501234"
PASSWORD: Final = "a-trunk's-password"


async def bring_a_camera(story: Story) -> None:
    """A camera comes in, by RTMP"""
    await story.types(story.omar, f'/video ingress create rtmp standup camera-2 --name "{CAMERA}"')
    answer = await story.told(story.omar, "omar gets address and key, for OBS and ffmpeg", "OBS", "ffmpeg")
    server = _server(story)
    key = _key(server)
    story.check("the key is in it", key in answer.words)
    await story.sees(story.gus, "the card waits for a sender, and says what to do", card_of(TITLE, "Waiting", CAMERA))
    seen = story.world.slack.seen_by(story.gus, story.world.general)
    story.check("nobody else is shown the key", not any(key in message.words for message in seen))
    story.meanwhile("The camera begins to send, by the key.")
    server.send_into(key, video=VIDEO, audio=AUDIO)
    shown = await story.sees(story.gus, "the card says what comes in", card_of(TITLE, "Live", "1280×720", "30 fps"))
    story.check("it can be taken off", {"Disable", "New key", "Delete"} <= set(labels(shown)))


async def lose_the_camera(story: Story) -> None:
    """The camera breaks, and comes back"""
    server = _server(story)
    key = _key(server)
    story.meanwhile("The camera's connection breaks.")
    server.fail_ingress(_id(server), "the connection was reset")
    await story.sees(story.gus, "the card says why, and what to do", card_of(TITLE, "Failed", "connection was reset"))
    note = await story.sees(story.gus, "its thread tells omar", noted(CAMERA, "failed", "connection was reset"))
    story.check("it is shown in the channel too", note.broadcast and f"@{story.omar.id}" in note.words)
    story.meanwhile("The camera sends again.")
    server.send_into(key, video=VIDEO, audio=AUDIO)
    shown = await story.sees(story.gus, "the card is live again", card_of(TITLE, "Live"))
    await story.presses(story.omar, shown, "Delete")
    question = await story.told(story.omar, "Delete asks first, as somebody sends", "Delete", CAMERA)
    await story.presses(story.omar, question, "Delete ingress")
    await story.sees(story.gus, "nobody can send by that key any more", card_of(TITLE, "Deleted"))


async def call_somebody(story: Story) -> None:
    """Somebody is called into the room"""
    await story.types(
        story.ana,
        "/video sip trunk create outbound Berlin --number +493055500100 --address sip.example.com "
        f'--username showcaller --password "{PASSWORD}"',
    )
    answer = await story.told(story.ana, "ana has made the way out", "Berlin")
    story.check("its password is repeated to nobody", PASSWORD not in answer.words)
    await story.types(story.omar, f"/video sip dial standup {NUMBER}")
    question = await story.told(story.omar, "omar is asked first, as it costs money", NUMBER, "Berlin", "cost")
    await story.presses(story.omar, question, "Call")
    shown = await story.sees(story.gus, "the card says that they are in", _call("Active"))
    story.check("the whole number is in no card", NUMBER not in shown.words)
    await story.sees(
        story.gus, "the room's card says who called whom", card_of("standup", f"@{story.omar.id} called", "…1234")
    )
    await story.presses(story.omar, must_see(story, _call("Active")), "Hang up")
    question = await story.told(story.omar, "Hang up asks first", "Hang up on", "…1234")
    await story.presses(story.omar, question, "Hang up")
    await story.sees(story.gus, "the call has ended", _call("Ended"))


async def send_for_an_agent(story: Story) -> None:
    """An agent is asked in"""
    await story.types(story.omar, "/video agent dispatch standup assistant")
    await story.told(story.omar, "omar is told", "assistant", "standup")
    await story.types(story.omar, "/video agent list standup")
    is_served = isinstance(story.world.provider, Memory)
    how = "in the room" if is_served else "waits for a worker"
    await story.told(story.omar, f"and how it goes: {how}", "assistant", how)
    await story.types(story.omar, "/video agent remove standup assistant")
    await story.told(story.omar, "and it goes again", "assistant")


def _call(*words: str) -> Callable[[Message], bool]:
    return card_of("Call to …1234", *words)


def _server(story: Story) -> MemoryServer:
    """Only a server in memory can be made to do all this; another is left out by what it can do."""
    provider = story.world.provider
    assert isinstance(provider, Memory), "these steps are for a video server in memory"
    return provider.server


def _id(server: MemoryServer) -> str:
    return server.list_ingresses()[0].ref.id


def _key(server: MemoryServer) -> str:
    return server.key_of(_id(server))
