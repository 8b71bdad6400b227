"""Which buttons a card or a note can have."""

from collections.abc import Collection, Sequence
from typing import TypeVar

from bot.alerts.state import CallState, IngressState, RecordingState, RoomState, StreamState, ThingState
from bot.render.button import is_inline, is_whole
from commands.alert_follow import AlertFollow
from commands.core.phone_numbers import without_numbers
from commands.core.reply import Action, Form
from providers.base import Capability

B = TypeVar("B", Action, Form, Action | Form)


def possible(buttons: Sequence[B], capabilities: Collection[Capability]) -> list[B]:
    """What the server can do."""
    return carried([button for button in buttons if button.command_type.spec.needs <= frozenset(capabilities)])


def carried(buttons: Sequence[B]) -> list[B]:
    """A name too long for a button has none: cards and notes store no pending rows."""
    return [each for each in buttons if (is_inline(each) if isinstance(each, Action) else is_whole(each))]


def follow(state: ThingState, id: str) -> list[Action]:
    """To be told of it alone, which takes a name and an id; nobody is told of what is over."""
    if not isinstance(state, RoomState | RecordingState | StreamState | IngressState | CallState):
        return []
    if state.is_over or not state.name.strip() or not id:
        return []
    command = AlertFollow(provider=state.provider, kind=state.kind, thing_id=id, name=state.name)
    return carried(
        [Action("Notify me", command, description=f"Notify me of {state.kind} {without_numbers(state.name)}")]
    )
