"""The face of a video server."""

from collections.abc import Sequence
from datetime import datetime

from bot.alerts.state import ServerState
from bot.render.card.face import Face, Rank, Standing, dotted, sentence, since
from commands.core.reply import Action, Moment, Strong, Text
from commands.provider import ProviderShow

_ANSWERS = Standing("🟢", "Answers")
_SILENT = Standing("⚠️", "Does not answer", Rank.TROUBLE)
_MAY_BE_OLD = "What cards say of its rooms may be old until it answers again."


def face(server: ServerState) -> Face:
    why = sentence(server.why) if server.why else ""
    return Face(
        standing=_ANSWERS if server.is_reached else _SILENT,
        said=said(server.provider, server.since, why=None if server.is_reached else server.why),
        subject=("The video server ", Strong(server.provider)),
        title=f"Video server {server.provider}",
        topic=("video server ", Strong(server.provider)),
        id=server.provider,
        explained=dotted(since(server.since), "" if server.is_reached else why),
        brief="" if server.is_reached else why,
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
    reason = f": {sentence(why)}" if why else "."
    return (*server, " has not answered since ", Moment(at), f"{reason} {_MAY_BE_OLD}")
