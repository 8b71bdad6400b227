"""The face of a test of alerts."""

from bot.alerts.state import TrialState
from bot.render.card.face import Face, Rank, Standing, dotted
from commands.core.reply import Code, Moment, Person

_CAME_THROUGH = Standing("✅", "Came through", Rank.OVER)


def face(trial: TrialState) -> Face:
    return Face(
        standing=_CAME_THROUGH,
        said="A test of alerts came through.",
        subject="The test of alerts",
        title="Test of alerts",
        topic="test of alerts",
        id="",
        explained=dotted(("asked for by ", Person(trial.by)), (Moment(trial.at),)),
        lines=("This message came the whole way of an alert: written down, read, drawn and posted.",),
        origin=("on ", Code(trial.provider)),
    )
