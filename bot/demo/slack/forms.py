"""Filling in a form: from what a person gives, by block_id, to the state that Slack sends along."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bot.demo.slack.things import Channel, User, View, elements

Part = Mapping[str, Any]
State = list[tuple[str, str, Mapping[str, Any]]]
Entry = tuple[str, str, Callable[[Part, object], object]]


def _word(part: Part, given: object) -> object:
    """An empty field is null, as in Slack."""
    return str(given) if given not in (None, "") else None


def _id(part: Part, given: object) -> object:
    return given.id if isinstance(given, User | Channel) else given


def _ids(part: Part, given: object) -> object:
    return [_id(part, each) for each in _list(given)]


def _epoch(part: Part, given: object) -> object:
    return None if given is None else int(str(given))


def _list(given: object) -> Sequence[object]:
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple | set | frozenset) else [given]


def options(part: Part) -> list[Part]:
    groups = part.get("option_groups", ())
    return [*part.get("options", ()), *(option for group in groups for option in group["options"])]


def _option(part: Part, given: object) -> object:
    """By its value or by its text; None chooses nothing."""
    if given is None or isinstance(given, Mapping):
        return given
    for option in options(part):
        if given in (option["value"], option["text"]["text"]):
            return option
    raise ValueError(f"{part['action_id']} has no option {given!r}")


def _options(part: Part, given: object) -> object:
    """A single checkbox takes true or false."""
    if isinstance(given, bool):
        return options(part)[:1] if given else []
    return [_option(part, each) for each in _list(given)]


_ENTRIES: Final[Mapping[str, Entry]] = {
    "plain_text_input": ("initial_value", "value", _word),
    "email_text_input": ("initial_value", "value", _word),
    "url_text_input": ("initial_value", "value", _word),
    "number_input": ("initial_value", "value", _word),
    "static_select": ("initial_option", "selected_option", _option),
    "multi_static_select": ("initial_options", "selected_options", _options),
    "external_select": ("initial_option", "selected_option", _option),
    "multi_external_select": ("initial_options", "selected_options", _options),
    "checkboxes": ("initial_options", "selected_options", _options),
    "radio_buttons": ("initial_option", "selected_option", _option),
    "users_select": ("initial_user", "selected_user", _id),
    "multi_users_select": ("initial_users", "selected_users", _ids),
    "conversations_select": ("initial_conversation", "selected_conversation", _id),
    "multi_conversations_select": ("initial_conversations", "selected_conversations", _ids),
    "channels_select": ("initial_channel", "selected_channel", _id),
    "multi_channels_select": ("initial_channels", "selected_channels", _ids),
    "datepicker": ("initial_date", "selected_date", _word),
    "timepicker": ("initial_time", "selected_time", _word),
    "datetimepicker": ("initial_date_time", "selected_date_time", _epoch),
}
"""Element type to the key it starts with, the key of its state, and how what is given becomes that state."""


SEARCHES: Final = frozenset({"external_select", "multi_external_select"})
"""Selects whose options the bot is asked for while somebody types."""


def offered(view: View, block_id: str, part: Part) -> list[Part]:
    """What can be chosen in one of `SEARCHES` at this moment: what stands in it, and what was offered last."""
    initial = part.get("initial_options") or [part.get("initial_option")]
    state = view.typed.get((block_id, part["action_id"]), {})
    standing = state.get("selected_options") or [state.get("selected_option")]
    return [each for each in (*initial, *standing, *view.offered.get((block_id, part["action_id"]), ())) if each]


def filled(view: View, given: Mapping[str, object]) -> State:
    """The state of every element: what is given by block_id (or action_id), what was typed before, what it began with.

    Raises KeyError for a field that the view does not have and ValueError for an option that it does not offer.
    """
    parts = [(block_id, part) for block_id, part in elements(view.blocks) if part["type"] in _ENTRIES]
    names = {block_id for block_id, _ in parts} | {part["action_id"] for _, part in parts}
    if unknown := set(given) - names:
        raise KeyError(f"the view {view.title!r} has no {sorted(unknown)}; it has {sorted(names)}")
    return [(block_id, part["action_id"], _value(view, block_id, part, given)) for block_id, part in parts]


def _value(view: View, block_id: str, part: Part, given: Mapping[str, object]) -> Part:
    initial, key, convert = _ENTRIES[part["type"]]
    blocks = {each for each, _ in elements(view.blocks)}
    name = block_id if block_id in given or part["action_id"] in blocks else part["action_id"]
    if name not in given and (block_id, part["action_id"]) in view.typed:
        return view.typed[block_id, part["action_id"]]
    value = given[name] if name in given else part.get(initial)
    if part["type"] in SEARCHES:
        part = {**part, "options": offered(view, block_id, part)}
    return {"type": part["type"], key: convert(part, value)}


def refusals(view: View, state: State) -> dict[str, str]:
    """What Slack's client says before it sends anything: a required field is empty, a text too short or too long."""
    blocks = {block["block_id"]: block for block in view.blocks if block["type"] == "input"}
    found: dict[str, str] = {}
    for block_id, _, value in state:
        block = blocks.get(block_id)
        if block is None:
            continue
        entered = value[_ENTRIES[value["type"]][1]]
        if entered in (None, "", []):
            if not block.get("optional", False):
                found[block_id] = "Please complete this required field."
        elif isinstance(entered, str) and (problem := _length_problem(block["element"], entered)):
            found[block_id] = problem
    return found


def _length_problem(part: Part, entered: str) -> str | None:
    if len(entered) < part.get("min_length", 0):
        return f"Please enter at least {part['min_length']} characters."
    if len(entered) > part.get("max_length", len(entered)):
        return f"Please enter at most {part['max_length']} characters."
    return None
