"""What is shown of a thing, in whatever place: on a card of its own, as a line of a page, in the thread of its card."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final, TypeGuard

from bot.alerts.state import Plan, ThingState
from commands.core.phone_numbers import without_numbers
from commands.core.reply import Action, Code, Form, Moment, Person, Strong, Text, parts
from commands.core.timers import lateness
from commands.core.words import in_a_row, joined, shortened, spoken_duration
from providers.base import RoomRef

_LONGEST_REASON = 500


class Rank(IntEnum):
    """What people should see first."""

    TROUBLE = 0
    LOST = 1
    LIVE = 2
    OVER = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """A state in one or two words, and the symbol that marks it."""

    symbol: str
    word: str
    rank: Rank = Rank.LIVE


LIVE: Final = Standing("🟢", "Live")
ON_AIR: Final = Standing("🔴", "Live")
STARTING: Final = Standing("⏳", "Starting")
ENDING: Final = Standing("⏳", "Ending")
READY: Final = Standing("✅", "Ready", Rank.OVER)
ENDED: Final = Standing("⚪", "Ended", Rank.OVER)
FAILED: Final = Standing("⚠️", "Failed", Rank.TROUBLE)
ABORTED: Final = Standing("⚠️", "Aborted", Rank.TROUBLE)
LOST: Final = Standing("❔", "Lost sight of", Rank.LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """`said` is a sentence of its own, for notifications and threads. `subject` begins one, and `topic` says the same
    on a line among others. `id` is the server's.

    `explained` follows the word of its standing on the card, `brief` does so on a line. `lines` are drawn one under the
    other, `rows` with a button beside most. `steps` are what can be done with it, on any server, and `timing` what can
    be done about its planned stop.
    """

    standing: Standing
    said: Text
    subject: Text
    title: str
    topic: Text
    id: str
    explained: Text = ""
    brief: Text = ""
    planned: Text = ""
    timing: Sequence[Action] = ()
    rows: Sequence[tuple[Text, Action | None]] = ()
    lines: Sequence[Text] = ()
    particulars: Sequence[tuple[str, Text]] = ()
    steps: Sequence[Action | Form] = ()
    origin: Text = ""

    @property
    def status(self) -> Text:
        return (f"{self.standing.symbol} ", Strong(self.standing.word), *parts(self.explained))

    @property
    def line(self) -> Text:
        return in_a_row(f"{self.standing.symbol} {self.standing.word}", self.topic, self.brief)


def dotted(*particulars: Text) -> Text:
    """What follows a standing, each particular after a dot."""
    row = in_a_row(*particulars)
    return (" · ", *parts(row)) if row else ""


def room_name(room: RoomRef) -> str:
    """What a room is called; nobody could tell one apart that is called by blanks. Servers call the rooms of callers by
    their whole numbers, where a rule says so."""
    return without_numbers(room.name) if room.name.strip() else room.id or "no name"


def lost(what: Text, advice: str = "") -> tuple[Text, Text]:
    """What is said of a thing that its server does not list any more: as a sentence, and on its card.

    `what`: `the stream of …`. `advice` is a sentence, for what no button helps with.
    """
    said = joined([": the server lists it no more, and when it ended was not told.", advice], " ")
    explained = joined([": the server lists it no more; when it ended was not told.", advice], " ")
    return ("We lost sight of ", *parts(what), *parts(said)), explained


def planned(plan: Plan | None, *, verb: str) -> Text:
    """When it stops by itself, or why it could not be stopped; empty where nothing is planned. `verb`: `stop`."""
    if plan is None or plan.stops_at is None:
        return ""
    if plan.missed:
        return ("⚠️ ", Strong("Not stopped"), " as planned, ", Moment(plan.stops_at), f": {sentence(plan.missed)}")
    by = (", as ", Person(plan.by), " said") if plan.by else ()
    if plan.tried_at is not None:
        return ("⏱️ ", Strong(f"Was to {verb}"), " ", Moment(plan.stops_at), *by, ". The server was told to.")
    return ("⏱️ ", Strong(f"{verb.capitalize()}s"), " ", Moment(plan.stops_at), *by)


def is_open(plan: Plan | None) -> TypeGuard[Plan]:
    """Whether it can still be put off."""
    return plan is not None and not plan.missed and plan.tried_at is None


def as_planned(plan: Plan | None) -> Text:
    """` as @ana had planned, 3 min late`, of a stop that was carried out; empty of any other."""
    if plan is None or plan.stops_at is None or plan.tried_at is None or plan.missed:
        return ""
    whose = (Person(plan.by), " had planned") if plan.by else ("planned",)
    late = lateness(plan.stops_at, plan.tried_at)
    return (" as ", *whose, f", {late}" if late else "")


def since(at: datetime | None) -> Text:
    return ("since ", Moment(at)) if at is not None else ""


def after(began: datetime | None, ended: datetime | None) -> str:
    """` after 42 min`, where both times are known and in order."""
    if began is None or ended is None or ended - began < timedelta(seconds=1):
        return ""
    return f" after {spoken_duration(ended - began)}"


def reason(error: str | None) -> str:
    """The server's words as the end of a sentence."""
    return sentence(error or "the server gives no reason")


def sentence(words: str) -> str:
    words = shortened(" ".join(words.split()), _LONGEST_REASON)
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


def origin(state: ThingState, id: str) -> Text:
    by: Text = ("Made by ", Person(state.made_by)) if state.made_by else ""
    return in_a_row(by, ("on ", Code(state.provider)), (Code(id),) if id else "")
