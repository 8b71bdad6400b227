"""What is odd about a recording or a stream, or went wrong with one, as its card says it."""

from bot.alerts.outgoing import Deed, Outgoing
from bot.render.card.face import ENDING, Rank, Standing, reason
from commands.core.egress_words import explain_trouble
from commands.core.reply import Person, Text
from providers.base import EgressTrouble
from providers.facts import Condition

_STANDINGS = {
    Condition.NO_PUBLISHER: Standing("⏳", "Waiting for a publisher"),
    Condition.NO_START_SIGNAL: Standing("⚠️", "Does not begin", Rank.TROUBLE),
    Condition.ROOM_OVER: Standing("⚠️", "Outlives its room", Rank.TROUBLE),
    Condition.UNATTENDED: Standing("⚠️", "Unattended", Rank.TROUBLE),
    Condition.LEFT_BEHIND: Standing("⚠️", "Left behind", Rank.TROUBLE),
    Condition.SLOW_END: ENDING,
}

_DISMISSED = Standing("⚪", "Dismissed", Rank.OVER)


def odd(condition: Condition | None, otherwise: Standing) -> Standing:
    """How one stands that goes on."""
    return otherwise if condition is None else _STANDINGS[condition]


def why(error: str | None, trouble: EgressTrouble | None, *, otherwise: str = "") -> str:
    """The server's words, and what they mean and ask for; `otherwise` where that is not known."""
    if trouble is None:
        return f"{reason(error)} {otherwise}".strip()
    return " ".join([reason(error), explain_trouble(trouble)] if error else [explain_trouble(trouble)])


def dismissed(state: Outgoing, deed: Deed) -> tuple[Standing, Text, Text]:
    """How one stands that nobody wants to see any more, that as the end of a sentence, and as it follows its word."""
    was_left = state.look is not None and state.look.condition is Condition.LEFT_BEHIND
    because = ": its worker was gone." if was_left else "."
    return _DISMISSED, f" was dismissed{because}", (" by ", Person(deed.by), because if was_left else "")
