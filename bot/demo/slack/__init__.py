"""A strict stand-in for a Slack workspace: in memory, on loopback, for tests, the demo and the bench.

From outside to inside: `standin` (what callers use), `people` (gestures and acknowledgements), `deliver` (HTTP and
Socket Mode towards the bot), `server`, `faults`, `web_api` and `limits` (from the bot), the methods by family (`chat`,
`views`, `directory`), and `workspace` with what it holds (`things`, `modals`, `permits`).
"""

from bot.demo.slack.standin import StandIn
from bot.demo.slack.things import Ack, Button, Call, Channel, Message, Notice, User, View
from bot.demo.slack.workspace import Workspace

__all__ = ["Ack", "Button", "Call", "Channel", "Message", "Notice", "StandIn", "User", "View", "Workspace"]
