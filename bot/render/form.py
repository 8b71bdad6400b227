"""A command's fields as a form, page by page, and what was filled in by field.

The `block_id` of an input is the name of its field, so that errors find their place and what was typed survives a
redraw. What the form does not show (the provider, the life of a room, the other pages) is for the caller to keep.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from pydantic.fields import FieldInfo

from bot.render.button import actions, turn_page
from bot.render.form_fields import element, is_searched, is_too_long, read_value, several_choices, values_of
from bot.render.limits import BLOCKS_PER_VIEW, HINT_TEXT, LABEL_TEXT, VIEW_BUTTON, VIEW_TITLE, cut
from bot.render.message import context, section
from bot.render.text import Block, plain_object
from commands.core.base import Advanced, Command, Needs, ServerCommand, ShownWith, has, marks
from commands.core.errors import Problem
from commands.core.fields import is_flag, is_hidden, is_many, known_as
from commands.core.reply import Code, Strong, Text
from commands.core.words import joined
from providers.base import Provider

INPUTS_AT_ONCE = 6
INPUTS_ON_FURTHER_PAGES = 8
ELEMENT = "value"
"""The action_id of every input's element."""

PLACE = ":conversation"
"""The block that asks what channel it is for. No field has such a name."""

_IN_CAPITALS = {
    word.lower(): word
    for word in (
        *("API", "DTMF", "E2EE", "FPS", "HLS", "HTTP", "ID", "IP", "JSON"),
        *("PIN", "RTMP", "SIP", "SRT", "TTL", "URL", "URLs", "WHIP"),
    )
}


def pages(command_type: type[Command], provider: Provider, values: Mapping[str, object]) -> list[list[str]]:
    """The fields that the form shows, page by page: what is required and common first. At least one page.

    `values` are what stands in the form: some fields make sense only with others.
    """
    names = _shown(command_type, provider, values)
    if len(names) <= INPUTS_AT_ONCE:
        return [names]
    common = [name for name in names if not has(command_type.model_fields[name], Advanced)]
    first = common[:INPUTS_AT_ONCE]
    rest = [name for name in names if name not in first]
    step = INPUTS_ON_FURTHER_PAGES
    return [first, *(rest[start : start + step] for start in range(0, len(rest), step))]


def render_form(
    command_type: type[Command],
    *,
    given: Mapping[str, object],
    provider: Provider,
    private_metadata: str,
    page: int = 0,
    may_be_emptied: Collection[str] = (),
    asks_place: bool = False,
    problems: Sequence[Problem] = (),
    note: Text = "",
) -> Block:
    """The view, to be opened or to replace the open one. `given` is what is known, by field, as typed or validated.

    `may_be_emptied` are required fields that began with what is there. `problems` stand beside their fields, for a page
    that was not the one that was sent: Slack shows errors of its own there only.
    """
    there = pages(command_type, provider, given)
    page = min(page, len(there) - 1)
    blocks: list[Block] = [context(_introduction(command_type, provider))]
    if note:
        blocks.append(section(note))
    if asks_place:
        blocks.append(_place())
    for name in there[page]:
        optional = name in may_be_emptied
        blocks.append(_input(command_type, name, given.get(name), may_be_emptied=optional))
        blocks += [_beside(name, problem) for problem in problems if problem.field == name]
    if turns := _turns(command_type.spec.path, page, len(there)):
        blocks.append({**actions(turns), "block_id": "page"})
    title = _title(command_type)
    return {
        **_frame(command_type.spec.path, title, private_metadata),
        "submit": plain_object(title.split()[0], VIEW_BUTTON),
        "close": plain_object("Cancel", VIEW_BUTTON),
        "blocks": blocks[:BLOCKS_PER_VIEW],
    }


def render_waiting(command_type: type[Command], text: Text, *, private_metadata: str) -> Block:
    """What stands there while a server is asked: nothing that could be sent."""
    close = plain_object("Cancel", VIEW_BUTTON)
    return {
        **_frame(command_type.spec.path, _title(command_type), private_metadata),
        "close": close,
        "blocks": [section(text)],
    }


def render_ended(path: Sequence[str], text: Text) -> Block:
    """Why there is no form, and what to do."""
    close = plain_object("Close", VIEW_BUTTON)
    return {**_frame(path, "This form has ended", ""), "close": close, "blocks": [section(text)]}


def read_form(command_type: type[Command], state_values: object, names: Iterable[str]) -> dict[str, object]:
    """What stands in the inputs of these fields, ready for `model_validate`; None for an empty one."""
    values = state_values if isinstance(state_values, Mapping) else {}
    return {
        name: read_value(command_type.model_fields[name], _state(values.get(name)))
        for name in names
        if name in command_type.model_fields
    }


def read_place(state_values: object) -> str | None:
    """The conversation that was chosen for the answer."""
    values = state_values if isinstance(state_values, Mapping) else {}
    state = _state(values.get(PLACE))
    chosen = state.get("selected_conversation") if isinstance(state, Mapping) else None
    return chosen if isinstance(chosen, str) and chosen else None


def form_errors(problems: Iterable[Problem], shown: Collection[str]) -> dict[str, str]:
    """Block id to message. `shown` are the block ids of the form's inputs; what belongs to none stands at the first."""
    errors: dict[str, str] = {}
    for problem in problems:
        place = problem.field if problem.field in shown else next(iter(shown), None)
        if place is not None:
            errors[place] = cut(" ".join(filter(None, [errors.get(place), problem.text])), HINT_TEXT)
    return errors


def label_of(name: str) -> str:
    """`as_json` is “As JSON”."""
    return _words(known_as(name).replace("_", " "))


def _words(text: str) -> str:
    words = " ".join(_IN_CAPITALS.get(word, word) for word in text.split())
    return words[:1].upper() + words[1:]


def _shown(command_type: type[Command], provider: Provider, values: Mapping[str, object]) -> list[str]:
    """The fields in a form's order: what is required, what is common, what is advanced."""
    shown = {
        name: field
        for name, field in command_type.model_fields.items()
        if not (name == "provider" and issubclass(command_type, ServerCommand))
        and not is_hidden(field)
        and all(need.capability in provider.capabilities for need in marks(field, Needs))
        and all(with_.value in values_of(values.get(with_.field)) for with_ in marks(field, ShownWith))
    }

    def rank(name: str) -> tuple[bool, bool, bool]:
        """Of what is advanced, what many commands have in common comes last."""
        is_advanced = has(shown[name], Advanced)
        is_shared = name not in vars(command_type).get("__annotations__", {})
        return is_advanced, not shown[name].is_required(), is_advanced and is_shared

    return sorted(shown, key=rank)


def _frame(path: Sequence[str], title: str, private_metadata: str) -> Block:
    return {
        "type": "modal",
        "callback_id": f"form:{'.'.join(path)}",
        "title": plain_object(title, VIEW_TITLE),
        "private_metadata": private_metadata,
    }


def _title(command_type: type[Command]) -> str:
    """`room create` is “Create room” and `room list` “List rooms”, unless the class has a heading of its own."""
    *nouns, verb = command_type.spec.path
    several = "s" if verb == "list" else ""
    return command_type.spec.heading or _words(" ".join([verb, *nouns]) + several)


def _introduction(command_type: type[Command], provider: Provider) -> Text:
    server: Text = ("On ", Code(provider.name), ".") if issubclass(command_type, ServerCommand) else ""
    return joined([command_type.summary(), server], " ")


def _turns(path: tuple[str, ...], page: int, count: int) -> list[Block]:
    back = [turn_page(path, page - 1, "Back")] if page > 0 else []
    return [*back, *([turn_page(path, page + 1, "More options")] if page + 1 < count else [])]


def _place() -> Block:
    return {
        "type": "input",
        "block_id": PLACE,
        "label": plain_object("Conversation", LABEL_TEXT),
        "hint": plain_object("The channel that this is for; answers and cards go there", HINT_TEXT),
        "element": {
            "type": "conversations_select",
            "action_id": ELEMENT,
            "default_to_current_conversation": True,
            "response_url_enabled": True,
        },
    }


def _input(command_type: type[Command], name: str, given: object, *, may_be_emptied: bool) -> Block:
    field = command_type.model_fields[name]
    drawn: Block = {
        "type": "input",
        "block_id": name,
        "label": plain_object(label_of(name), LABEL_TEXT),
        "element": {"action_id": ELEMENT, **element(field, given)},
        "optional": not field.is_required() or is_flag(field) or may_be_emptied or is_too_long(field, given),
    }
    if _redraws(command_type, name):
        drawn["dispatch_action"] = True
    if hint := _hint(field, given):
        drawn["hint"] = plain_object(hint, HINT_TEXT)
    return drawn


def _redraws(command_type: type[Command], name: str) -> bool:
    """Whether other fields come and go with this one."""
    return any(with_.field == name for field in command_type.model_fields.values() for with_ in marks(field, ShownWith))


def _hint(field: FieldInfo, given: object) -> str:
    sentences = [(field.description or "").replace("`", "")]
    if is_many(field) and not several_choices(field) and not is_searched(field):
        sentences.append("One per line")
    if is_too_long(field, given):
        sentences.append("What is there is too long to be shown; what you type takes its place")
    return ". ".join(filter(None, sentences))


def _beside(name: str, problem: Problem) -> Block:
    return context((Strong(f"{label_of(name)}:"), " ", problem.text))


def _state(elements: object) -> object:
    return elements.get(ELEMENT) if isinstance(elements, Mapping) else None
