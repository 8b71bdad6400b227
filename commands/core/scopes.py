"""Which news somebody means: the fields that say it, and how it is said to people."""

from typing import Annotated, Literal

from pydantic import Field

from commands.core.alerts import AlertKind, Scope, Severity, Subscription
from commands.core.base import Arg, Command, Offered, Offers
from commands.core.errors import Problem
from commands.core.reply import Code
from providers.base import Provider

Kind = Literal["room", "participant", "track", "recording", "stream", "egress", "ingress", "sip", "server"]
Level = Literal["info", "warning", "critical"]

EVERYTHING = "everything but people and tracks"

_NOUNS = {
    AlertKind.ROOM: "rooms",
    AlertKind.PARTICIPANT: "people coming and going",
    AlertKind.TRACK: "tracks",
    AlertKind.RECORDING: "recordings",
    AlertKind.STREAM: "streams",
    AlertKind.EGRESS: "all that goes out of rooms",
    AlertKind.INGRESS: "what is sent into rooms",
    AlertKind.SIP: "phone calls",
    AlertKind.SERVER: "video servers",
}
_FROM_UP = {
    Severity.INFO: "",
    Severity.WARNING: ", warnings and worse alone",
    Severity.CRITICAL: ", critical ones alone",
}


class ScopeCommand(Command):
    """A command about the news of this channel that its fields mean."""

    kinds: Arg[tuple[Kind, ...]] = Field((), description="Kinds of news; all by default")
    room: str = Field("*", description="Only rooms with names like this, with * and ? as wildcards", min_length=1)
    provider: Annotated[str | None, Offers(Offered.SERVER)] = Field(None, description="Only on this video server")

    def problems(self, provider: Provider) -> list[Problem]:
        if self.kinds == ("server",) and self.room != "*":
            return [Problem("A video server is in no room; leave out --room.", "room")]
        return []

    @property
    def about(self) -> str | None:
        """What the record has it under: the room, or the pattern as it was typed; nothing where it is for all rooms."""
        return self.room if self.room != "*" else None

    @property
    def scope(self) -> Scope:
        kinds = frozenset(AlertKind(kind) for kind in self.kinds)
        return Scope(provider=self.provider, kinds=kinds, room_glob=self.room)


def noun(kind: AlertKind) -> str:
    return _NOUNS[kind]


def said(scope: Scope, everything: str = EVERYTHING) -> tuple[str | Code, ...]:
    """`recordings and rooms in rooms like team-*`; `everything` is what it means where no kind is named."""
    *others, last = [_NOUNS[kind] for kind in AlertKind if kind in scope.kinds] or [everything]
    kinds = f"{', '.join(others)} and {last}" if others else last
    named = () if scope.room_glob == "*" else (" in rooms like ", Code(scope.room_glob))
    on = () if scope.provider is None else (" on ", Code(scope.provider))
    return (kinds, *named, *on)


def told_of(subscription: Subscription) -> tuple[str | Code, ...]:
    """What a channel hears of by it: `recordings on annex, warnings and worse alone`."""
    from_up = _FROM_UP[subscription.least]
    return (*said(subscription.wish), *([from_up] if from_up else ()))
