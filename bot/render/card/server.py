"""The face of a video server."""

from collections.abc import Sequence
from datetime import datetime

from bot.alerts.state import ServerState
from bot.render.card.face import Face, Rank, Standing, dotted, sentence, since
from commands.core.reply import Action, Moment, Strong, Text, parts
from commands.core.words import joined
from commands.provider import ProviderShow
from providers.errors import Unauthenticated, Unreachable

_ANSWERS = Standing("🟢", "Answers")
_SILENT = Standing("⚠️", "Does not answer", Rank.TROUBLE)
_REFUSES = Standing("⚠️", "Refuses us", Rank.TROUBLE)
_MAY_BE_OLD = "What cards say of its rooms may be old until it answers again."


def face(server: ServerState) -> Face:
    why = "" if server.is_reached else _more(server.why)
    return Face(
        standing=_ANSWERS if server.is_reached else _away(server.why),
        said=said(server.provider, server.since, why=None if server.is_reached else server.why),
        subject=("The video server ", Strong(server.provider)),
        title=f"Video server {server.provider}",
        topic=("video server ", Strong(server.provider)),
        id=server.provider,
        explained=dotted(since(server.since), why),
        brief=why,
        lines=() if server.is_reached else (_MAY_BE_OLD,),
        steps=() if server.is_reached else ask_again(server.provider),
    )


def ask_again(name: str) -> Sequence[Action]:
    return (Action("Ask it again", ProviderShow(name=name), description=f"Ask {name} again"),)


def said(name: str, at: datetime, *, why: str | None) -> Text:
    """One sentence or two. `why` it does not answer, None where it does."""
    server = ("The video server ", Strong(name))
    if why is None:
        return (*server, " answers again, since ", Moment(at), ".")
    does = " has refused us since " if _away(why) is _REFUSES else " has not answered since "
    return (*server, does, Moment(at), *parts(joined([".", _more(why), _MAY_BE_OLD], " ")))


def _away(why: str) -> Standing:
    """The reconciler's reason is what an error of `providers.errors` says had happened."""
    return _REFUSES if why == Unauthenticated.what else _SILENT


def _more(why: str) -> str:
    """What the reason adds to the standing."""
    return sentence(why) if why and why != Unreachable.what else ""
