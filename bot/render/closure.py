"""What somebody is told whose cards cannot be posted in a channel."""

from collections.abc import Mapping

from bot.render.error import render_error
from bot.render.message import Message
from commands.core.errors import CommandError
from commands.core.reply import Channel, Code, Text

_ARCHIVED: tuple[str, Text] = (
    " is archived",
    "Take it out of the archive and I catch up. If it is over for good, there is nothing to do.",
)
_RULED: tuple[str, Text] = (
    " does not let me post, by a rule of this workspace",
    "Ask whoever may change that channel's posting permissions to let me in, then ask there once more.",
)
_OUTSIDE: tuple[str, Text] = (
    " is closed to me: I am not in it, or it was deleted",
    ("Type ", Code("/invite"), " there and pick me, and I catch up."),
)

_REASONS: Mapping[str, tuple[str, Text]] = {"is_archived": _ARCHIVED, "is_inactive": _ARCHIVED}
_RULES = ("restricted_action", "action_prohibited", "posting_to_general_channel_denied")


def why_closed(reason: str) -> tuple[str, Text]:
    """What a channel is like where nothing can be posted, and what to do. `reason` is Slack's code for it."""
    return _RULED if reason.startswith(_RULES) else _REASONS.get(reason, _OUTSIDE)


def render_closure(channel_id: str, reason: str) -> Message:
    """`reason` is Slack's code for why nothing can be posted there."""
    why, remedy = why_closed(reason)
    what = (Channel(channel_id), f"{why}, so what you asked for is not shown there.")
    return render_error(CommandError(what, remedy))
