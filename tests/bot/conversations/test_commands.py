"""Every command, typed at least once, with what the asker is answered."""

import re

import pytest

from bot.demo.world import World
from commands.core.dispatch import Door
from commands.core.fields import held_secrets
from commands.core.parsing import Here, parse
from commands.core.registry import all_commands
from providers.base import RoomRef
from tests.bot.conversations.talk import ask, attempts, card, doors, labels, mention, press, public, tell
from tests.bot.render.foreign import check_access

TOKEN = r"`eyJ[\w-]+\.[\w-]+\.[\w-]+`"

NOT_RECORDED = r"There is no recording called `standup`\.\nSee `/video recording list`\.$"
NOT_STREAMED = r"Nothing called `standup` is being streamed on `memory`\.\nSee `/video stream list`\.$"
NO_INGRESS = r"There is no ingress `IN_none` on `memory`\.\nSee `/video ingress list`\.$"
NO_EGRESS = r"There is no egress `EG_none` on `memory`\.\nSee `/video egress list`\.$"

TABLE = [
    (
        "",
        r"1 room is live in this channel\.\n\*standup\*\n1 person is in it\n\[Join\] \[Show\]\n"
        r"\[Create room\] \[List rooms\] \[Help\]",
    ),
    ("overview", r"1 room is live in this channel\."),
    (
        "help",
        r"What you can ask for\..*\*Start and run a room\*\n"
        r"`room` create, join, close, list, show and 3 more.*"
        r"\[Create room\] \[Join room\] \[Record\] \[List rooms\]",
    ),
    ("help room", r"This is what you can do with \*room\*\.\n`/video room close \[ROOM\]`"),
    ("help room create", r"\*room create\*: Create a room.*\*--max-participants\*\nHow many.*role operator\."),
    ("room --help", r"This is what you can do with \*room\*\."),
    ("room create --help", r"\*room create\*: Create a room"),
    (
        "help token create",
        r"\*--grant\*\nWhat .* moderator also commands \(publisher by default\)"
        r".*\*--ttl\*\nHow .* \(1h by default\)",
    ),
    ("help dance", r"There is no help on `dance`\.\nSee `/video help` for what there is\.$"),
    ("help rom create", r"Did you mean `room create`\?\n\[room create\]$"),
    ("whoami", r"You are \*operator\*: that is what members of this workspace are by default\.\n\*You\*\n`U\d+`"),
    ("room create retro --max-participants 20 --empty-timeout 10m", r"Created \*retro\*\.$"),
    ("room create payload", r"Created \*payload\*\.$"),
    ("room create standup", r"\*standup\* was there already: 1 person is in it\.\n\[Show\]$"),
    ("room create standup --max-participants 3", r"It was left as it is: any number of people, not 3\.$"),
    ("room list", r"1 room is live on `memory`\.\n\*standup\*\n1 person is in it · from this channel\n\[Show\]$"),
    (
        "rooms x*",
        r"No room on `memory` matches `x\*`; 1 other is live\.\n\[Create room\] \[Filter\] \[Show all\]$",
    ),
    (
        "room show standup",
        r"\*standup\*: 1 person is in it\..*\*In it\*\nBob\n.*\*Made by\*\n@U\d+\n\[Join\] \[Record\]",
    ),
    (
        "room update standup --metadata '{\"scene\": 2}' --as-json",
        r"Updated the metadata of \*standup\*\.\n\[Show\]$",
    ),
    ("room mute standup", r"Muted 1 track of 1 person in \*standup\*\.$"),
    ("room join standup", rf"Your way into \*standup\*\..*\*Identity\*\n`slack-T\d+-U\d+`.*\*Token\*\n{TOKEN}"),
    ("room close standup", r"End \*standup\*\? This disconnects Bob\.\n\[End room\] \[Keep it\]"),
    (
        "token create standup --identity guest-1 --grant subscriber --ttl 15m",
        rf"\*Identity\*\n`guest-1`\n\*May\*\nsubscriber.*\*Address\*\nmemory://memory\n\*Token\*\n{TOKEN}",
    ),
    ("token create nowhere", r"There is no room `nowhere` yet; the server makes it when the first person joins\.$"),
    ("token api --allow list_rooms --allow record", r"is for people with the role admin\."),
    (
        "participant list standup",
        r"\*standup\*: 1 person is in it\.\n\*Bob\*\n`bob` · microphone since .* · in since .*\n"
        r"\[Mute\] \[Remove\] \[Details\]$",
    ),
    ("participant show standup Bob", r"\*Bob\* is in \*standup\*\..*\*May\*\n.*\*microphone\*\n`TR_\w+` · audio/"),
    ("participant update standup bob --name Robert", r"Changed \*Robert\* in \*standup\*\.\n\*Name\*\nBob → Robert$"),
    ("participant mute standup bob", r"Muted \*Bob\*: microphone\.\n\[Unmute\]$"),
    ("participant unmute standup bob", r"\*Bob\* is not muted: microphone\.$"),
    ("participant remove standup bob --keep-out 1h", r"Remove \*Bob\* from \*standup\*\? They are kept out for 1 h\."),
    ("participant admit standup bob", r"`bob` is not kept out of `standup`\.\nNobody is\.$"),
    ("participant move standup bob nowhere", r"There is no room `nowhere` on `memory`\."),
    ("participant forward standup bob standup", r"DESTINATION: It is the room that they are in\."),
    (
        "track list standup",
        r"In \*standup\* 1 track is sent\.\n\*Bob\*: microphone\n`TR_\w+` · `bob/microphone` · audio/.*\n\[Mute\]$",
    ),
    (
        "track subscribe standup bob bob/microphone",
        r"“bob/microphone” is sent by Bob, who cannot receive .*their own\.",
    ),
    ("track unsubscribe standup bob TR_nowhere", r"There is no track `TR_nowhere` in `standup`\."),
    ("signal send standup hello --to bob", r"Sent to 1 person in \*standup\*: Bob\.$"),
    ("recording start standup", r"Recording \*standup\*\. Its card says when it runs\.\n\[Stop recording\]$"),
    ("recording stop standup", NOT_RECORDED),
    ("recording list", r"No recording is on `memory`\.$"),
    ("recording extend standup", NOT_RECORDED),
    ("recording keep standup", NOT_RECORDED),
    ("recording start standup --stop-after 1h", r"It stops by itself .*\.\n\[Stop recording\]$"),
    (
        "recording start --url https://media.example.com/board",
        r"Recording the page https://media\.example\.com/board\.",
    ),
    ("recording show standup", NOT_RECORDED),
    ("recording layout standup speaker", NOT_RECORDED),
    ("recording pause standup", NOT_RECORDED),
    ("recording resume standup", NOT_RECORDED),
    ("recording retry standup", NOT_RECORDED),
    ("recording dismiss standup", NOT_RECORDED),
    (
        "stream start standup rtmp://live.example.com/app/live_7c1f9b02a4",
        r"Streaming \*standup\* to 1 place\. Its card says how it goes\.\n\[Stop streaming\] \[Add destination\]$",
    ),
    ("stream start standup --hls", r"Streaming \*standup\* to HLS\."),
    ("stream start rtmp://live.example.com/app/live_7c1f9b02a4", r"Streaming \*standup\* to 1 place\."),
    ("stream list", r"No stream is on `memory`\.$"),
    ("stream show standup", NOT_STREAMED),
    ("stream stop standup", NOT_STREAMED),
    ("stream layout standup speaker", NOT_STREAMED),
    ("stream update standup --add rtmp://b.example.com/app/live_d03e55aa91 --remove 1", NOT_STREAMED),
    ("stream add standup rtmp://b.example.com/app/live_d03e55aa91", NOT_STREAMED),
    ("stream remove standup 1", NOT_STREAMED),
    ("stream extend standup", NOT_STREAMED),
    ("stream keep standup", NOT_STREAMED),
    ("stream retry standup", NOT_STREAMED),
    ("stream dismiss standup", NOT_STREAMED),
    ("egress room standup --file show.mp4", r"Started the egress `EG_\w+` of \*standup\*: a file\.\n\[Show\] \[Stop\]"),
    (
        "egress participant standup bob --file b.mp4",
        r"Started the egress `EG_\w+` of participant bob in \*standup\*: a file",
    ),
    (
        "egress tracks standup bob/microphone --file b.ogg",
        r"Started the egress `EG_\w+` of .*TR_\w+ in \*standup\*: a file",
    ),
    ("egress track standup bob/microphone --file b.ogg", r"Started the egress `EG_\w+` of track TR_\w+ in \*standup\*"),
    (
        "egress web https://media.example.com/board --file b.mp4",
        r"Started the egress `EG_\w+` of the page https://media",
    ),
    ("egress list", r"No egress is on `memory`\.$"),
    ("egress show EG_none", NO_EGRESS),
    ("egress layout EG_none speaker", NO_EGRESS),
    ("egress stop EG_none", NO_EGRESS),
    (
        "ingress create rtmp standup cam --name Stage",
        r"Made an ingress by RTMP into \*standup\* as \*cam\*\. .*\*Server\*\n`rtmp://\S+`.*\*Stream key\*\n`\w+`\n"
        r"\*By ffmpeg\*\n`ffmpeg .*\[Delete\]",
    ),
    (
        "ingress create whip standup cam --disabled",
        r"Made an ingress by WHIP .*It is disabled: whoever sends is refused",
    ),
    (
        "ingress create url standup film https://media.example.com/film.mp4",
        r"Made an ingress by URL into \*standup\* as \*film\*\. Its card says how it goes\.",
    ),
    ("ingress list", r"No ingress is on `memory`\.$"),
    ("ingress show IN_none", NO_INGRESS),
    ("ingress update IN_none --room retro", NO_INGRESS),
    ("ingress renew IN_none", NO_INGRESS),
    ("ingress delete IN_none", NO_INGRESS),
    ("ingress clean", r"No ingress on `memory` has lost its worker\.\nSee `/video ingress list --orphans`\.$"),
    ("sip list", r"No call at this moment on `memory`\.\n\[Call\.\.\.\]$"),
    ("sip dial standup +493012345678", r"No trunk leads out of `memory`, so nobody can be called\."),
    ("sip hangup standup 5678", r"Nobody on the telephone in `standup` is called `5678`\.\nNobody in it is on the"),
    ("sip dtmf standup bob 12#", r"\*Bob\* is in `standup`, but not on the telephone\."),
    ("sip transfer standup bob +493012345678", r"\*Bob\* is in `standup`, but not on the telephone\."),
    ("sip trunk list", r"No trunk is on `memory`, so nobody can call or be called\.$"),
    ("sip trunk show office", r"`sip trunk show` is for people with the role admin\."),
    (
        "sip trunk create inbound hotline --number +493012345678 --username a --password b",
        r"`sip trunk create` is for people with the role admin\.",
    ),
    ("sip trunk update hotline --name office", r"`sip trunk update` is for people with the role admin\."),
    ("sip trunk delete office", r"`sip trunk delete` is for people with the role admin\."),
    ("sip rule list", r"No rule is on `memory`\.\nWithout one no call comes in\.$"),
    ("sip rule show front", r"`sip rule show` is for people with the role admin\."),
    ("sip rule create direct standup", r"`sip rule create` is for people with the role admin\."),
    ("sip rule update front --room retro", r"`sip rule update` is for people with the role admin\."),
    ("sip rule delete front", r"`sip rule delete` is for people with the role admin\."),
    (
        "agent dispatch standup assistant",
        r"Asked \*assistant\* into \*standup\*\. .*\*Id\*\n`AD_\w+`\n\[How it goes\] \[Remove agent\]$",
    ),
    ("agent list standup", r"No agent was asked into \*standup\*\.\n\[Ask agent in\]$"),
    ("agent remove standup assistant", r"There is no agent `assistant` in \*standup\*\.\nSee `/video agent list`\.$"),
    ("room extend standup --by 2h", r"No stop was planned\. The room \*standup\* ends .*\.\n\[Keep going\]$"),
    ("room keep standup", r"No stop is planned\. The room \*standup\* goes on until somebody .*\.\n\[Plan a stop\]$"),
    ("room create retro --stop-after 8h", r"Created \*retro\*\. It ends by itself .*\.$"),
    ("room create retro --stop-after 40d", r"--stop-after: It can be 10 s at least and 30 days at most\."),
    ("alert subscribe recording", r"This channel is told of recordings from now on\.\n\[Unsubscribe\]$"),
    ("alert list", r"This channel is told of what is started here, and of nothing else\.\n\[Subscribe\]\nA room"),
    ("alert unsubscribe", r"This channel has no such subscription\.\nSee `/video alert list` for those it has\.$"),
    ("alert mute --for 10m", r"Muted in this channel until .*: everything\.\n\[Unmute\]\nIt is told of nothing new"),
    ("alert unmute", r"Nothing is muted in this channel in these words\.\nSee `/video alert list`"),
    ("alert follow standup", r"You are told of the room \*standup\* .*, until it is over\.\n\[Stop telling me\]$"),
    ("alert unfollow standup", r"You are not told of the room \*standup\*\.\nPress Notify me on its card"),
    ("alert test", r"Critical news of recordings in `standup` on `memory` would not be told in this \w+: no"),
    (
        "provider list",
        r"1 video server is configured; this channel uses \*memory\*\.\n\*memory\* · used here\nmemory memory://memory$",
    ),
    (
        "provider show",
        r"\*memory\* can: .*close room, .*\*Answers\*\nyes\n\*Address\*\nmemory://memory\n\*Egresses that run\*\n0\n",
    ),
    ("provider show nix", r"There is no video server called “nix” here\.\nThere is memory\.$"),
    ("role grant @U00000002 operator", r"`role grant` is for people with the role admin\."),
    ("role revoke @U00000002", r"`role revoke` is for people with the role admin\."),
    ("role list", r"`role list` is for people with the role admin\."),
    ("provider use memory", r"`provider use` is for people with the role admin\."),
    ("audit list --failed", r"`audit list` is for people with the role admin\."),
    (
        "setting list",
        r"10 settings; this channel has set 0\.\n`provider` \*memory\*\n"
        r"The video server that commands go to · the default\n.*`joins` \*quiet\*.*`keep\.events` \*30d\*",
    ),
    ("setting set joins told", r"`setting set` is for people with the role admin\."),
    ("setting unset joins", r"`setting unset` is for people with the role admin\."),
    ("audit forget bob", r"`audit forget` is for people with the role admin\."),
    # The words of other vendors, and the room of the channel.
    ("session list", r"1 room is live on `memory`\."),
    ("connection list .", r"\*standup\*: 1 person is in it\."),
    ("archive list .", r"No recording on `memory` is of \*standup\*\."),
    ("join", r"Your way into \*standup\*\."),
    ("room show", r"\*standup\*: 1 person is in it\."),
    # What keyboards make of quotes, dashes and spaces.
    ("room create “all hands”", r"Created \*all hands\*\.$"),
    ('room create "Bob\'s “all hands”"', r"Created \*Bob's “all hands”\*\.$"),
    ("room create retro —max-participants 5", r"Created \*retro\*\.$"),
    ("room\u00a0create\u00a0retro", r"Created \*retro\*\.$"),
    ("ROOM Create retro", r"Created \*retro\*\.$"),
    ("room create https://standup.example/a", r"Created \*https://standup\.example/a\*\.$"),
]


@pytest.mark.parametrize(("line", "answer"), TABLE, ids=[line or "bare" for line, _ in TABLE])
async def test_what_is_answered(world: World, line: str, answer: str) -> None:
    await ask(world, world.operator, "/video room create standup")
    world.memory.server.join("standup", "bob", name="Bob")
    world.memory.server.publish("standup", "bob")
    await card(world, "standup", "1 person")
    said = await ask(world, world.operator, f"/video {line}")
    assert re.search(answer, said.words, re.DOTALL), said.words
    assert re.search(r"\w \S.*[^:]$", said.text, re.DOTALL), f"not a sentence that makes sense alone: {said.text}"
    check_access([dict(block) for block in said.blocks])
    assert None not in {outcome for _, outcome in attempts(world)}


def test_the_table_leaves_no_command_out() -> None:
    here = Here("memory", RoomRef("memory", "RM_1", "standup"))
    typed = set()
    for line, _ in TABLE:
        if "--help" not in line:
            typed.add(parse(line, all_commands(), here).spec.path)
    assert typed == set(all_commands())


@pytest.mark.parametrize("door", [Door.MENTION, Door.DIRECT])
async def test_every_command_can_be_asked_for_in_a_message(world: World, door: Door) -> None:
    """But for those that hold a secret, which in a mention are refused: see `test_stream_keys`."""
    await ask(world, world.operator, "/video room create standup")
    world.memory.server.join("standup", "bob", name="Bob")
    world.memory.server.publish("standup", "bob")
    await card(world, "standup", "1 person")
    here = Here("memory", RoomRef("memory", "RM_1", "standup"))
    typed = [line for line, _ in reversed(TABLE) if line and "--help" not in line]
    commands = [(parse(line, all_commands(), here), line) for line in typed]
    said_aloud = [(c, line) for c, line in commands if door is Door.DIRECT or not held_secrets(dict(c), type(c))]
    lines = {command.spec.path: line for command, line in said_aloud}
    for line in lines.values():
        if door is Door.MENTION:
            said = await mention(world, world.operator, f"@showcaller {line}")
        else:
            said = await tell(world, world.operator, line)
        assert said.words
        check_access([dict(block) for block in said.blocks])
    await world.slack.until(lambda: len(doors(world)) > len(lines) or None)
    assert sorted(doors(world)[1:]) == sorted((door.value, " ".join(path)) for path in lines)


async def test_an_admin_chooses_the_server_of_a_channel(world: World) -> None:
    said = await ask(world, world.owner, "/video provider use memory")
    assert said.words == "`provider` is *memory* in this channel from now on."


async def test_subscriptions_are_listed_and_ended_by_button(world: World) -> None:
    await ask(world, world.operator, "/video alert subscribe room recording --room team-*")
    listed = await ask(world, world.operator, "/video alert list")
    assert f"rooms and recordings in rooms like `team-*`\nsubscribed by @{world.operator.id}" in listed.words
    ended = await press(world, world.operator, listed, "Unsubscribe")
    assert ended.words == "This subscription has ended: rooms and recordings in rooms like `team-*`."


async def test_many_rooms_come_in_pages(world: World) -> None:
    for number in range(23):
        world.memory.server.join(f"room-{number:02}", "bob")
    first = await ask(world, world.operator, "/video room list")
    assert first.lines[0] == "23 rooms are live on `memory`."
    assert (labels(first).count("Show"), "Next" in labels(first)) == (10, True)
    second = await press(world, world.operator, first, "Next")
    third = await press(world, world.operator, second, "Next")
    assert [line for line in third.lines if line.startswith("*")] == ["*room-20*", "*room-21*", "*room-22*"]
    assert "Next" not in labels(third)


async def test_in_a_direct_conversation_everything_stays_there(world: World) -> None:
    here = world.slack.workspace.dm(world.operator)
    said = await ask(world, world.operator, "/video room create standup", channel=here)
    assert said.words == "Created *standup*."
    shown = await card(world, "standup", "🟢 *Live*", channel=here)
    assert "Record" in labels(shown)
    assert public(world) == []
