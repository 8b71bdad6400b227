"""An open form as fields: what is asked, what may be answered, what stands there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.demo.slack import View
from bot.demo.slack.forms import SEARCHES, filled, options
from bot.demo.slack.reading import label


@dataclass(frozen=True, slots=True)
class Field:
    """`choices` are empty where anything may be typed; `value` is what stands there, of several choices a list.

    `kind` is the type of its element. `tells`: the bot hears at once of what is chosen.
    """

    block_id: str
    kind: str
    label: str
    hint: str
    example: str
    error: str
    optional: bool
    choices: tuple[str, ...]
    takes_many: bool
    takes_lines: bool
    value: str | list[str]
    tells: bool

    @property
    def shown(self) -> str:
        """The value on one line."""
        return " · ".join(self.value) if isinstance(self.value, list) else " · ".join(self.value.splitlines())


def fields_of(view: View) -> list[Field]:
    """The inputs of a form, in their order."""
    states = {block_id: state for block_id, _, state in filled(view, {})}
    return [
        _field(block, states.get(block["block_id"], {}), view.errors.get(block["block_id"], ""))
        for block in view.blocks
        if block["type"] == "input"
    ]


def standing(view: View, block_id: str) -> list[Mapping[str, Any]]:
    """The options that stand in a select."""
    state = next(state for name, _, state in filled(view, {}) if name == block_id)
    chosen = state.get("selected_options") or [state.get("selected_option")]
    return [option for option in chosen if option]


def _field(block: Mapping[str, Any], state: Mapping[str, Any], error: str) -> Field:
    element = block["element"]
    return Field(
        block_id=block["block_id"],
        kind=element["type"],
        label=label(block["label"]),
        hint=label(block.get("hint")),
        example=label(element.get("placeholder")),
        error=error,
        optional=bool(block.get("optional", False)),
        choices=() if element["type"] in SEARCHES else tuple(label(option["text"]) for option in options(element)),
        takes_many=element["type"] in ("checkboxes", "multi_static_select", "multi_external_select"),
        takes_lines=bool(element.get("multiline", False)),
        value=_value(state),
        tells=bool(block.get("dispatch_action", False)),
    )


def _value(state: Mapping[str, Any]) -> str | list[str]:
    """From the state of an element, whose only key beside its type is named after its kind."""
    entered = next((value for key, value in state.items() if key != "type"), None)
    if isinstance(entered, list):
        return [label(option["text"]) for option in entered]
    if isinstance(entered, Mapping):
        return label(entered["text"])
    return "" if entered is None else str(entered)
