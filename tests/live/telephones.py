"""What the tests of telephones through Slack have in common: numbers, who asks, and where none of it may be."""

from livekit.protocol import sip as pb

from bot.demo.slack import Message
from tests.bot.conversations.log import Line, Log
from tests.bot.conversations.talk import ask, database, press, public
from tests.live.studio import Studio
from tests.standins.sip.call import Call

OURS, BRANCH = "+15550100100", "+15550100200"
THEIRS, SHOWN = "+493055598765", "…8765"
HIDDEN, HASHED = "+493012345676", "sip_86781fe7b9cbf76a"
PASSWORD, PIN, KEYS = "pa55-of-the-trunk", "4711230815", "90817263#"

IDENTITY = f"sip_{THEIRS}"
"""LiveKit's own of somebody who calls in. Nothing else says there who is meant, so it is kept, and in buttons."""

SECRETS = (THEIRS[1:], HIDDEN[1:], PASSWORD, PIN, KEYS)
OFFICE = f"outbound office --number {OURS} --address media.example.com --username desk --password {PASSWORD}"
HOTLINE = f"inbound hotline --number {OURS}"


def assert_kept_out(studio: Studio, log: Log) -> None:
    places = {
        "channel": "\n".join(message.words for message in public(studio.world)),
        "payloads": str(public(studio.world)).replace(IDENTITY, ""),
        "log": log.text,
        "database": database(studio.world).decode(errors="replace").replace(IDENTITY, ""),
    }
    assert [(secret, name) for secret in SECRETS for name, text in places.items() if secret in text] == []
    assert "eyJ" not in log.text
    assert [line for line in log.lines if _is_trouble(line)] == []


def _is_trouble(line: Line) -> bool:
    """The telephones are clients of LiveKit in the same process, and complain when they are thrown out."""
    return line["logger"] != "livekit" and (line["level"] in ("error", "critical") or "exception" in line)


async def admin(studio: Studio, *words: str) -> Message:
    return await ask(studio.world, studio.world.owner, " ".join(["/video", *words]))


async def confirmed(studio: Studio, *words: str, button: str) -> Message:
    """What an admin is told who asks for this, and says yes."""
    question = await admin(studio, *words)
    return await press(studio.world, studio.world.owner, question, button)


async def inbound(studio: Studio) -> list[pb.SIPInboundTrunkInfo]:
    return list((await studio.api.sip.list_inbound_trunk(pb.ListSIPInboundTrunkRequest())).items)


async def outbound(studio: Studio) -> list[pb.SIPOutboundTrunkInfo]:
    return list((await studio.api.sip.list_outbound_trunk(pb.ListSIPOutboundTrunkRequest())).items)


async def rules(studio: Studio) -> list[pb.SIPDispatchRuleInfo]:
    return list((await studio.api.sip.list_dispatch_rule(pb.ListSIPDispatchRuleRequest())).items)


async def dialled(studio: Studio, *options: str, number: str = THEIRS) -> Call:
    """An operator calls somebody, and says yes to what that costs."""
    question = await studio.ask("sip dial standup", number, *options)
    await studio.press(question, "Call")
    return await studio.phones.next()
