"""Which buttons a card or a note can have."""

from collections.abc import Collection, Sequence

from bot.alerts.state import CallState, IngressState, RecordingState, RoomState, StreamState, ThingState
from bot.render.button import is_inline
from commands.alert_follow import AlertFollow
from commands.core.reply import Action
from providers.base import Capability


def possible(actions: Sequence[Action], capabilities: Collection[Capability]) -> list[Action]:
    """What the server can do."""
    return carried([action for action in actions if action.command.spec.needs <= frozenset(capabilities)])


def carried(actions: Sequence[Action]) -> list[Action]:
    """A name too long for a button has none: cards and notes store no pending rows."""
    return [action for action in actions if is_inline(action)]


def follow(state: ThingState, id: str) -> list[Action]:
    """To be told of it alone, which takes a name and an id; nobody is told of what is over."""
    if not isinstance(state, RoomState | RecordingState | StreamState | IngressState | CallState):
        return []
    if state.is_over or not state.name.strip() or not id:
        return []
    command = AlertFollow(provider=state.provider, kind=state.kind, thing_id=id, name=state.name)
    return carried([Action("Notify me", command, description=f"Notify me of {state.kind} {state.name}")])
