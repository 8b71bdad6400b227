"""What an asker is told whose command was under way when the process died, for every command that changes something.

Each is tried twice: once it was done before the process died, and once it was not.
"""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from bot.demo.slack import Channel, Message
from bot.demo.world import World
from bot.secrets import SecretBox, key_for
from bot.store.attempts import StoredAttempts
from bot.store.engine import Store
from commands.core.attempts import Attempt
from commands.core.base import Command
from commands.core.parsing import Here, parse
from commands.core.ports import Caller, Place
from commands.core.registry import all_commands
from commands.core.spelling import spell
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.talk import accepted, heard, labels, press

TWO_SERVERS = '[providers.memory]\nkind = "memory"\n[providers.annex]\nkind = "memory"\n'
CONFIRMING = {
    "End room", "Remove", "Keep out", "Dismiss", "Delete ingress", "Make new key", "Clean up",
    "Call", "Hang up", "Transfer", "Delete",
}  # fmt: skip

READS = {
    "agent list", "sip list", "sip rule list", "sip rule show", "sip trunk list", "sip trunk show",
    "alert list", "audit list", "egress list", "egress show", "help", "overview", "participant list",
    "ingress list", "ingress show",
    "participant show", "provider list", "provider show", "recording list", "recording show", "role list",
    "room list", "room show", "setting list", "stream list", "stream show", "track list", "whoami",
}  # fmt: skip
"""Nothing is otherwise after them, so whoever was not answered asks again."""


@dataclass(frozen=True)
class Case:
    """`{room}` and `{other}` are live rooms of the case's own with bob and cleo in the first, `{new}` is none; `{mia}`
    and `{ned}` are people of the workspace. `before` is done in any case: lines between semicolons, each of which has
    come to its end before the next."""

    line: str
    done: str
    not_done: str
    before: str = ""


NOBODY_HAS_IT = r"If a token was made, nobody has it: I keep none\. Ask again for one\.\n\[Ask again\]"
NOBODY_HAS_THE_KEY = r"If a new key was made, nobody has it: I keep none\. There is \*cam\* into \*room\w+\* `IN_"
NO_SERVER_TELLS = r"Whether it was done no video server tells: .*\n\[Do it again\]"
IT_IS_NOT_KNOWN_WHO = "Somebody may be forgotten in part only"
CANNOT_BE_KNOWN = r"Whether the message was sent cannot be known: "

THERE, ELSEWHERE = "rtmp://media.example.com/live/KEY-1", "rtmp://b.example.com/app/KEY-2"
"""The world lets streams go there, and the in-memory server sends nothing."""

OFFICE = "sip trunk create outbound {new} --number +493000000001 --address media.example.com"
CALLED = f"{OFFICE}; sip dial {{room}} +493012345678 --trunk {{new}}"
THE_CALL_IS_OVER = r"The call with \*…5678\* in \*room\w+\* has ended already"

NO_SUCH_EGRESS = "No such egress runs; start it again"

CASES = [
    Case("room create {new}", r"The room \*new\w+\* is there: nobody is in it", r"There is no room \*new"),
    Case("audit forget guest-7", IT_IS_NOT_KNOWN_WHO, IT_IS_NOT_KNOWN_WHO),
    Case("room close {room}", r"The room \*room\w+\* is over", r"The room \*room\w+\* is still live"),
    Case("room mute {room}", "everybody is muted already", "not everybody is muted: Bob, Cleo; mute the room again"),
    Case("room update {room} --metadata mark", r"\*Metadata\*\nmark", r"\*Metadata\*\nnone"),
    Case("room join {room}", NOBODY_HAS_IT, NOBODY_HAS_IT),
    Case("token create {room}", NOBODY_HAS_IT, NOBODY_HAS_IT),
    Case("token api --allow list_rooms", NOBODY_HAS_IT, NOBODY_HAS_IT),
    Case("recording start {room}", r"The room \*room\w+\* is being recorded", "is not being recorded; start it again"),
    Case(
        "recording stop {room}",
        r"The recording of \*room\w+\* is being stopped|Nothing called \*room\w+\* is being recorded",
        r"The room \*room\w+\* is still being recorded; stop it again",
        before="recording start {room}",
    ),
    Case(
        "recording extend {room}",
        r"The recording of \*room\w+\* stops ",
        r"No stop is planned\. The recording of \*room\w+\* goes on until somebody stops it",
        before="recording start {room}",
    ),
    Case(
        "recording keep {room}",
        r"No stop is planned\. The recording of \*room\w+\* goes on",
        r"The recording of \*room\w+\* stops ",
        before="recording start {room} --stop-after 1h",
    ),
    Case(
        "recording pause {room}",
        r"The recording of \*room\w+\* is paused\.",
        r"The recording of \*room\w+\* goes on; pause it again",
        before="recording start {room}",
    ),
    Case(
        "recording resume {room}",
        r"The recording of \*room\w+\* goes on in part 2\.",
        r"The recording of \*room\w+\* is still paused\.",
        before="recording start {room}; recording pause {room}",
    ),
    Case(
        "recording retry {room}",
        r"There is a recording of \*room\w+\*\.",
        r"There is no recording of \*room\w+\*; retry it again",
        before="recording start {room}; recording stop {room}",
    ),
    Case(
        "recording layout {room} grid",
        "Whether the layout was changed no video server tells",
        "Whether the layout was changed no video server tells",
        before="recording start {room}",
    ),
    Case(
        "recording dismiss {room}",
        "There is no recording called `room",
        r"The server still lists the recording of \*room",
        before="recording start {room}",
    ),
    Case(
        "stream start {room} --hls", r"The room \*room\w+\* is being streamed", "is not being streamed; start it again"
    ),
    Case(
        "stream stop {room}",
        r"The stream of \*room\w+\* is being stopped|Nothing called room\w+ is being streamed",
        r"The stream of \*room\w+\* goes on; stop it again",
        before="stream start {room} --hls",
    ),
    Case(
        "stream extend {room}",
        r"The stream of \*room\w+\* stops ",
        r"No stop is planned\. The stream of \*room\w+\* goes on until somebody stops it",
        before="stream start {room} --hls",
    ),
    Case(
        "stream keep {room}",
        r"No stop is planned\. The stream of \*room\w+\* goes on",
        r"The stream of \*room\w+\* stops ",
        before="stream start {room} --hls --stop-after 1h",
    ),
    Case(
        f"stream update {{room}} --add {ELSEWHERE} --remove 1",
        r"goes to\n1 `\S+` · live\n2 `\S+` · ended",
        r"goes to\n1 `\S+` · live",
        before=f"stream start {{room}} {THERE}",
    ),
    Case(
        f"stream add {{room}} {ELSEWHERE}",
        r"goes to\n1 `\S+` · live\n2 `\S+` · live",
        r"goes to\n1 `\S+` · live",
        before=f"stream start {{room}} {THERE}",
    ),
    Case(
        "stream remove {room} 1",
        r"goes to\n1 `\S+` · ended\n2 `\S+` · live",
        r"goes to\n1 `\S+` · live\n2 `\S+` · live",
        before=f"stream start {{room}} {THERE} {ELSEWHERE}",
    ),
    Case(
        "stream retry {room}",
        r"There is a stream of \*room\w+\*\.",
        r"There is no stream of \*room\w+\*; retry it again",
        before="stream start {room} --hls; stream stop {room}",
    ),
    Case(
        "stream layout {room} grid",
        "Whether the layout was changed no video server tells",
        "Whether the layout was changed no video server tells",
        before="stream start {room} --hls",
    ),
    Case(
        "stream dismiss {room}",
        "Nothing called `room",
        r"The server still lists the stream of \*room",
        before="stream start {room} --hls",
    ),
    Case("egress room {room} --format mp4", r"There is an egress of \*room\w+\*: ", NO_SUCH_EGRESS),
    Case("egress participant {room} bob --format mp4", r"egress of participant bob in \*room\w+\*: ", NO_SUCH_EGRESS),
    Case("egress tracks {room} bob/microphone --format ogg", r"egress of track \w+ in \*room\w+\*: ", NO_SUCH_EGRESS),
    Case('egress track {room} bob/microphone --file ""', r"egress of track \w+ in \*room\w+\*: ", NO_SUCH_EGRESS),
    Case(
        "egress web https://media.example.com/ --format mp4",
        "Whether the egress of the page began cannot be told, as its address is in no record",
        "Whether the egress of the page began cannot be told, as its address is in no record",
    ),
    Case(
        "egress stop {room}",
        r"The egress of \*room\w+\* has not ended|There is no egress `room",
        r"The egress of \*room\w+\* has not ended",
        before="egress room {room} --format mp4",
    ),
    Case(
        "egress layout {room} grid",
        "Whether the layout was changed no video server tells",
        "Whether the layout was changed no video server tells",
        before="egress room {room} --format mp4",
    ),
    Case(
        "ingress create rtmp {room} cam",
        r"There is an ingress into \*room\w+\* as \*cam\*: `IN_\w+`.*its key was shown to nobody",
        r"There is no ingress into \*room\w+\* as \*cam\*; create it again",
    ),
    Case("ingress create whip {new} cam", r"There is an ingress into \*new", r"There is no ingress into \*new"),
    Case(
        "ingress create url {room} film https://media.example.com/film.mp4",
        r"There is an ingress into \*room\w+\* as \*film\*: `IN_\w+`\.$",
        r"There is no ingress into \*room\w+\* as \*film\*; create it again",
    ),
    Case(
        "ingress update {room} --name Stage",
        r"\*Name\*\nStage",
        r"\*Name\*\nnone",
        before="ingress create rtmp {room} cam",
    ),
    Case("ingress renew {room}", NOBODY_HAS_THE_KEY, NOBODY_HAS_THE_KEY, before="ingress create rtmp {room} cam"),
    Case(
        "ingress delete {room}",
        r"There is no ingress `room",
        r"The ingress \*cam\* into \*room\w+\* is still there; delete it again",
        before="ingress create rtmp {room} cam",
    ),
    Case(
        "ingress clean",
        r"No ingress on `memory` has lost its worker",
        r"No ingress on `memory` has lost its worker",
        before="ingress create rtmp {room} cam; room close {room}",
    ),
    Case(
        "sip dial {room} +493012345678 --trunk {new}",
        r"A call into \*room\w+\*, to \*…5678\*, is \w+\.",
        r"Nobody is being called into \*room\w+\*; call again",
        before=OFFICE,
    ),
    Case(
        "sip hangup {room} 5678",
        THE_CALL_IS_OVER,
        r"The call with \*…5678\* in \*room\w+\* goes on; hang up again",
        before=CALLED,
    ),
    Case(
        "sip dtmf {room} 5678 12#",
        r"Whether the keys were pressed for \*…5678\* no video server tells",
        r"Whether the keys were pressed for \*…5678\* no video server tells",
        before=CALLED,
    ),
    Case(
        "sip transfer {room} 5678 +493000001111",
        THE_CALL_IS_OVER,
        r"\*…5678\* is still in \*room\w+\*; transfer them again",
        before=CALLED,
    ),
    Case(
        "sip trunk create inbound {new} --number +493000000002",
        r"There is a trunk \*new\w+\*",
        r"There is no trunk \*new\w+\*; create it again",
    ),
    Case("sip trunk update {new} --country DE", r"\*Country\*\nDE", r"\*Numbers\*\n\S+\n\*Address\*", before=OFFICE),
    Case(
        "sip trunk delete {new}",
        r"There is no trunk `new",
        r"The trunk \*new\w+\* is still there; delete it again",
        before=OFFICE,
    ),
    Case(
        "sip rule create direct {room} --pin 101",
        r"There is a rule by which calls end up in \*room",
        r"There is no such rule for \*room\w+\*; create it again",
    ),
    Case(
        "sip rule update {room} --name desk",
        r"This is how the rule \*desk\* is at present",
        r"This is how the rule \*room\w+\* is at present",
        before="sip rule create direct {room} --pin 102",
    ),
    Case(
        "sip rule delete {room}",
        r"There is no rule `room",
        r"The rule \*room\w+\* is still there; delete it again",
        before="sip rule create direct {room} --pin 103",
    ),
    Case(
        "agent dispatch {room} assistant",
        r"\*assistant\* was asked into \*room",
        r"\*assistant\* was not asked into \*room\w+\*; ask again",
    ),
    Case(
        "agent remove {room} assistant",
        r"There is no agent `assistant` in \*room",
        r"\*assistant\* is still asked into \*room\w+\*; remove it again",
        before="agent dispatch {room} assistant",
    ),
    Case("room extend {room}", r"The room \*room\w+\* ends ", r"No stop is planned\. The room \*room\w+\* goes on"),
    Case(
        "room keep {room}",
        r"No stop is planned\. The room \*room\w+\* goes on",
        r"The room \*room\w+\* ends ",
        before="room extend {room}",
    ),
    Case("participant remove {room} bob", r"`bob` is not in \*room", r"\*Bob\* is still in \*room\w+\*; remove them"),
    Case(
        "participant remove {room} bob --keep-out 1h",
        r"`bob` is not in \*room\w+\*\. They are kept out until ",
        r"\*Bob\* is still in \*room\w+\*; .* They are not kept out\.",
    ),
    Case(
        "participant admit {room} bob",
        r"`bob` is not kept out of \*room",
        r"`bob` is kept out of \*room\w+\* until .*; let them in again",
        before="participant remove {room} bob --keep-out 1h",
    ),
    Case("participant mute {room} bob", r"\*Bob\* is muted: microphone", r"\*Bob\* is not muted: microphone; mute"),
    Case(
        "participant unmute {room} bob",
        r"\*Bob\* is not muted: microphone\.",
        r"\*Bob\* is muted: microphone; unmute them again",
        before="participant mute {room} bob",
    ),
    Case("participant update {room} bob --name Robert", r"\*Name\*\nRobert", r"\*Name\*\nBob"),
    Case("participant move {room} bob {other}", r"`bob` is in \*other\w+\*\.", r"in \*room\w+\*; do it again"),
    Case("participant forward {room} bob {other}", r"in \*room\w+\* and in \*other", r"in \*room\w+\*; do it again"),
    Case("track subscribe {room} cleo bob/microphone", NO_SERVER_TELLS, NO_SERVER_TELLS),
    Case("track unsubscribe {room} cleo bob/microphone", NO_SERVER_TELLS, NO_SERVER_TELLS),
    Case("signal send {room} hello", CANNOT_BE_KNOWN, CANNOT_BE_KNOWN),
    Case("alert subscribe recording", "This channel is told of recordings", "has no such subscription; subscribe"),
    Case(
        "alert unsubscribe recording",
        "There is no such subscription any more",
        "The subscription is still there: recordings",
        before="alert subscribe recording",
    ),
    Case(
        "alert subscribe --severity critical",
        "everything but people and tracks, critical ones alone",
        "has no such sub",
    ),
    Case("alert mute track --for 5m", r"Muted in this channel until .*: tracks\.", "Nothing of that is muted"),
    Case(
        "alert unmute track",
        r"Nothing of that is muted in this channel\.$",
        "Still muted in this channel until .*; unmute it again",
        before="alert mute track",
    ),
    Case("alert follow {room}", r"You are told of the room \*room\w+\* until", "You are not told of the room"),
    Case(
        "alert unfollow {room}",
        "You are not told of the room",
        "You are still told of the room",
        before="alert follow {room}",
    ),
    Case("alert test", "If the test came through", "If the test came through"),
    Case("provider use annex", r"`provider` is \*annex\* here: set for", r"`provider` is \*memory\* here: the default"),
    Case("setting set joins told", r"`joins` is \*told\* here", r"`joins` is \*quiet\* here"),
    Case("setting unset joins", r"is \*quiet\* here", r"is \*told\* here", before="setting set joins told"),
    Case("role grant {mia} operator", r"is granted \*operator\*\.", "Nothing is granted to .*; grant it again"),
    Case(
        "role revoke {ned}",
        r"Nothing is granted to \S+\.",
        "still has what was granted; revoke it again",
        before="role grant {ned} operator",
    ),
]


@pytest_asyncio.fixture(name="world")
async def _world(tmp_path: Path) -> AsyncIterator[World]:
    async with await World.open(tmp_path, providers=TWO_SERVERS) as world:
        yield world


@dataclass(frozen=True)
class Staged:
    """A case in a channel of its own."""

    case: Case
    channel: Channel
    names: dict[str, str]

    @property
    def line(self) -> str:
        return self.case.line.format(**self.names)

    @property
    def before(self) -> str:
        return self.case.before.format(**self.names)


def stage(world: World, number: int, case: Case, people: dict[str, str]) -> Staged:
    names = {each: f"{each}{number}" for each in ("room", "other", "new")} | people
    for who in ("bob", "cleo"):
        world.memory.server.join(names["room"], who, name=who.title())
        world.memory.server.publish(names["room"], who)
    world.memory.server.join(names["other"], "dan")
    return Staged(case, world.slack.workspace.add_channel(f"case-{number}", members=[world.owner]), names)


async def do(world: World, channel: Channel, line: str) -> None:
    """Ask for it, and confirm. On a busy machine the bot says first that it takes longer."""
    before = heard(world, world.owner, channel)
    accepted(await world.slack.command(world.owner, channel, f"/video {line}"))
    said = await news(world, channel, before)
    for label in set(labels(said)) & CONFIRMING:
        before = heard(world, world.owner, channel)
        accepted(await world.slack.press(world.owner, said, label))
        await news(world, channel, before)


async def news(world: World, channel: Channel, before: Sequence[Message]) -> Message:
    def found() -> Message | None:
        answers = [m for m in heard(world, world.owner, channel) if m not in before and "takes longer" not in m.words]
        return answers[0] if answers else None

    return await world.slack.until(found, timeout=20)


def understood(line: str) -> Command:
    return parse(line, all_commands(), Here("memory"))


async def leave_open(world: World, staged: list[Staged], began: datetime) -> None:
    """As the bot leaves them when it dies in the middle of what it then began. It must be down."""
    file = world.directory / "showcaller.db"
    store = await Store.open(f"sqlite:///{file}")
    clock = MovedClock()
    clock.move(seconds=(began - clock.now()).total_seconds())
    attempts = StoredAttempts(store, clock, SecretBox(key_for(file)), replica="gone")
    for each in staged:
        command, team_id = understood(each.line), world.slack.team_id
        await attempts.open(
            Attempt(
                caller=Caller(team_id, world.owner.id),
                place=Place(team_id, each.channel.id),
                path=command.spec.path,
                words=spell(command, redacted=True),
                provider=getattr(command, "provider", None),
                door="slash",
            )
        )
    await store.close()


async def until_answered(world: World) -> None:
    with closing(sqlite3.connect(world.directory / "showcaller.db")) as database:
        async with asyncio.timeout(20):
            while database.execute("SELECT count(*) FROM attempt WHERE answered_at IS NULL").fetchone() != (0,):
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("is_done", [True, False], ids=["it happened", "it did not"])
async def test_the_asker_is_told_the_truth(world: World, is_done: bool) -> None:
    people = {name: f"@{world.slack.workspace.add_user(name).id}" for name in ("mia", "ned")}
    staged, began = [stage(world, number, case, people) for number, case in enumerate(CASES)], datetime.now(UTC)
    for each in staged:
        for line in filter(None, [*each.before.split("; "), each.line if is_done else ""]):
            await do(world, each.channel, line)
            await world.memory.settled()
    async with world.without_bot():
        await leave_open(world, staged, began)
    await until_answered(world)

    wrong = {}
    for each in staged:
        cut, found = [m.words for m in world.slack.seen_by(world.owner, each.channel) if m.ephemeral_to][-2:]
        wanted = each.case.done if is_done else each.case.not_done
        if not cut.startswith("I was stopped while I was doing") or re.search(wanted, found, re.DOTALL) is None:
            wrong[each.line] = (cut, found)
    assert wrong == {}


def test_every_command_that_changes_something_has_an_aftermath_that_is_tried() -> None:
    names = dict.fromkeys(("room", "other", "new"), "standup") | dict.fromkeys(("mia", "ned"), "@U00000001")
    tried = {" ".join(understood(case.line.format(**names)).spec.path) for case in CASES}
    assert tried == {" ".join(path) for path, model in all_commands().items() if not model.only_reads()}
    assert {" ".join(path) for path in all_commands()} - tried == READS, (
        "it changes something? give it an aftermath and a case; else add it to READS"
    )


@pytest.mark.parametrize("line", ["room list", "audit list --failed", "participant show standup bob", "whoami"])
async def test_who_wanted_to_read_asks_again(world: World, line: str) -> None:
    async with world.without_bot():
        await leave_open(world, [Staged(Case(line, "", ""), world.general, {})], datetime.now(UTC))
    await until_answered(world)
    (only,) = [m for m in world.slack.seen_by(world.owner, world.general) if m.ephemeral_to]
    assert only.lines[0].startswith("I was stopped while I was doing")
    assert only.lines[1:] == ["It changes nothing, so ask again.", "[Ask again]"]
    again = await press(world, world.owner, only, "Ask again")
    assert "I was stopped" not in again.words
