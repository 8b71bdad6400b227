"""What each kind of video server can do."""

from docs.generate.markdown import MADE, table
from docs.generate.servers import servers
from providers.base import Capability

_INTRODUCTION = """\
What each kind of video server can do, as the bot derives it from its provider: a method that is there, or an option
that is declared. What a server lacks is refused by name, with the nearest thing that works; help and forms leave it
out. An installation can lack more (a worker that does not run): `/video provider show` says what yours can do.
OpenVidu 3 speaks LiveKit's API and is configured as `livekit`.
"""


def capabilities_page() -> str:
    able = [(title, server.capabilities) for title, server in servers()]
    rows = [
        [each.value.replace("_", " "), *("yes" if each in capabilities else "-" for _, capabilities in able)]
        for each in Capability
    ]
    head = ["Capability", *(title for title, _ in able)]
    return f"# Video servers\n\n{MADE}\n\n{_INTRODUCTION}\n{table(head, rows)}"
