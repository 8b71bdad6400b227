"""Slack's limits: one table that renderers cut by, and a check of every payload before it is sent.

The table follows Slack's Block Kit reference. Lengths are counted in UTF-16 units: Slack does not say how it counts,
and no other way counts more. What the table does not know (a block, an element, a key) is refused, because Slack
refuses it too or, worse, drops it in silence.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bot.render.rich_text import ELEMENTS
from bot.render.shapes import At, Rule, Shape, flag, many, number, string, typed, word
from bot.render.shapes import Surface as Surface
from bot.render.shapes import cut as cut
from bot.render.shapes import length as length

BLOCKS_PER_MESSAGE: Final = 50
BLOCKS_PER_VIEW: Final = 100
BLOCKS_SIZE: Final = 13_000  # as `blocks_size` counts; 13,200 has been seen to fail
VIEW_SIZE: Final = 250_000
MESSAGE_TEXT: Final = 4_000
POSTED_TEXT: Final = 40_000
PRIVATE_METADATA: Final = 3_000
VIEW_TITLE: Final = 24
VIEW_BUTTON: Final = 24
IDENTIFIER: Final = 255

TEXT: Final = 3_000
SECTION_TEXT: Final = 3_000
SECTION_FIELDS: Final = 10
FIELD_TEXT: Final = 2_000
HEADER_TEXT: Final = 150
CONTEXT_ELEMENTS: Final = 10
ACTIONS_ELEMENTS: Final = 25
LABEL_TEXT: Final = 2_000
HINT_TEXT: Final = 2_000
MARKDOWN_TEXT: Final = 12_000
ALERT_TEXT: Final = 200
URL: Final = 3_000
ALT_TEXT: Final = 2_000
IMAGE_TITLE: Final = 2_000
TABLE_ROWS: Final = 100
TABLE_COLUMNS: Final = 20
TABLE_TEXT: Final = 10_000

BUTTON_TEXT: Final = 75
BUTTON_VALUE: Final = 2_000
ACCESSIBILITY_LABEL: Final = 75
OPTIONS: Final = 100
CHOICES: Final = 10
OVERFLOW_OPTIONS: Final = 5
OPTION_TEXT: Final = 75
OPTION_VALUE: Final = 150
OPTION_DESCRIPTION: Final = 75
PLACEHOLDER: Final = 150
INPUT_TEXT: Final = 3_000
CONFIRM_TITLE: Final = 100
CONFIRM_TEXT: Final = 300
CONFIRM_BUTTON: Final = 30


def problems(blocks: object, surface: Surface) -> list[str]:
    """What Slack would refuse in these blocks, each with its place; empty where all is well."""
    return [*_BLOCKS[surface](blocks, At("blocks", surface)), *_whole(blocks, surface)]


def message_problems(payload: Mapping[str, object]) -> list[str]:
    """The same for the arguments of a message. Stricter than Slack: every message has a `text`, for notifications
    and screen readers, and it is short enough for `chat.update`, since every card is updated some day."""
    found = list(string(MESSAGE_TEXT)(payload.get("text"), At("text", Surface.MESSAGE)))
    if payload.get("blocks"):
        found += problems(payload["blocks"], Surface.MESSAGE)
    return found


def view_problems(view: object) -> list[str]:
    """The same for a modal or a Home view."""
    if not isinstance(view, Mapping) or view.get("type") not in _VIEWS:
        return ["view.type: must be modal or home"]
    surface = Surface(str(view["type"]))
    found = list(_VIEWS[surface](view, At("view", surface)))
    found += _whole(view.get("blocks"), surface)
    if surface is Surface.MODAL and "submit" not in view and _holds_input(view.get("blocks")):
        found.append("view.submit: a modal with inputs needs one")
    if serialized_size(view) > VIEW_SIZE:
        found.append(f"view: {serialized_size(view)} bytes, at most {VIEW_SIZE}")
    return found


def serialized_size(payload: object) -> int:
    return len(json.dumps(payload, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass"))


def blocks_size(blocks: Sequence[Mapping[str, object]]) -> int:
    """Bytes serialized. Of a table the words alone count, as Slack promises room for more cells than would fit."""
    tables = [block for block in blocks if block.get("type") == "table"]
    others = [block for block in blocks if block.get("type") != "table"]
    return serialized_size(others) + sum(map(table_text, tables))


def table_text(block: Mapping[str, object]) -> int:
    """The characters in a table's cells."""
    return sum(length(str(found.get("text") or found.get("fallback") or "")) for found in _objects(block))


# Composition objects


def _plain_shape(most: int) -> Shape:
    return Shape({"text": string(most), "emoji": flag}, "text")


def _mrkdwn_shape(most: int) -> Shape:
    return Shape({"text": string(most), "verbatim": flag}, "text")


def _plain(most: int) -> Rule:
    return typed("text", {"plain_text": _plain_shape(most)})


def _text(most: int) -> Rule:
    return typed("text", {"plain_text": _plain_shape(most), "mrkdwn": _mrkdwn_shape(most)})


_STYLE = word("primary", "danger")
_CONFIRM = Shape(
    {
        "title": _plain(CONFIRM_TITLE),
        "text": _text(CONFIRM_TEXT),
        "confirm": _plain(CONFIRM_BUTTON),
        "deny": _plain(CONFIRM_BUTTON),
        "style": _STYLE,
    },
    "title text confirm deny",
)


def _option(text: Rule, description: Rule, **more: Rule) -> Shape:
    return Shape({"text": text, "value": string(OPTION_VALUE), "description": description, **more}, "text value")


_OPTION = _option(_plain(OPTION_TEXT), _plain(OPTION_DESCRIPTION))
_CHOICE = _option(_text(OPTION_TEXT), _text(OPTION_DESCRIPTION))
_OVERFLOW_OPTION = _option(_plain(OPTION_TEXT), _plain(OPTION_DESCRIPTION), url=string(URL))
_GROUP = Shape({"label": _plain(OPTION_TEXT), "options": many(_OPTION, OPTIONS)}, "label options")
_DISPATCH = Shape(
    {"trigger_actions_on": many(word("on_enter_pressed", "on_character_entered"), 2)}, "trigger_actions_on"
)
_FILTER = Shape(
    {
        "include": many(word("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": flag,
        "exclude_bot_users": flag,
    },
    at_least_one="include exclude_external_shared_channels exclude_bot_users",
)
_SLACK_FILE = Shape({"id": string(IDENTIFIER), "url": string(URL)}, exactly_one="id url")
_PICTURE: Mapping[str, Rule] = {"image_url": string(URL), "slack_file": _SLACK_FILE, "alt_text": string(ALT_TEXT)}

# Elements

_ID: Mapping[str, Rule] = {"action_id": string(IDENTIFIER)}
_PLACEHOLDER: Mapping[str, Rule] = {"placeholder": _plain(PLACEHOLDER)}
_FOCUS: Mapping[str, Rule] = {"focus_on_load": flag}
_PICKED: Mapping[str, Rule] = {**_ID, **_FOCUS, "confirm": _CONFIRM}
_TYPED: Mapping[str, Rule] = {**_ID, **_FOCUS, **_PLACEHOLDER, "dispatch_action_config": _DISPATCH}
_SELECTED: Mapping[str, Rule] = {**_PICKED, **_PLACEHOLDER}
_SEVERAL: Mapping[str, Rule] = {**_SELECTED, "max_selected_items": number(1, OPTIONS)}
_OPTION_LIST: Mapping[str, Rule] = {"options": many(_OPTION, OPTIONS), "option_groups": many(_GROUP, OPTIONS)}
_QUERY: Mapping[str, Rule] = {"min_query_length": number(0, 100)}
_DIALOGS = frozenset({Surface.MODAL})
_SLACK_ID = string(IDENTIFIER)
_SLACK_IDS = many(_SLACK_ID, OPTIONS)

_BUTTON = Shape(
    {
        **_ID,
        "text": _plain(BUTTON_TEXT),
        "value": string(BUTTON_VALUE),
        "url": string(URL),
        "style": _STYLE,
        "confirm": _CONFIRM,
        "accessibility_label": string(ACCESSIBILITY_LABEL),
    },
    "text",
)
_OVERFLOW = Shape({**_ID, "options": many(_OVERFLOW_OPTION, OVERFLOW_OPTIONS), "confirm": _CONFIRM}, "options")
_IMAGE_ELEMENT = Shape(_PICTURE, "alt_text", exactly_one="image_url slack_file")
_RESPONSE_URL: Mapping[str, Rule] = {"response_url_enabled": flag}
_CONVERSATION: Mapping[str, Rule] = {"default_to_current_conversation": flag, "filter": _FILTER}

_MENUS: Mapping[str, Shape] = {
    "static_select": Shape(
        {**_SELECTED, **_OPTION_LIST, "initial_option": _OPTION}, exactly_one="options option_groups"
    ),
    "multi_static_select": Shape(
        {**_SEVERAL, **_OPTION_LIST, "initial_options": many(_OPTION, OPTIONS)}, exactly_one="options option_groups"
    ),
    "external_select": Shape({**_SELECTED, **_QUERY, "initial_option": _OPTION}),
    "multi_external_select": Shape({**_SEVERAL, **_QUERY, "initial_options": many(_OPTION, OPTIONS)}),
    "users_select": Shape({**_SELECTED, "initial_user": _SLACK_ID}),
    "multi_users_select": Shape({**_SEVERAL, "initial_users": _SLACK_IDS}),
    "conversations_select": Shape({**_SELECTED, **_CONVERSATION, **_RESPONSE_URL, "initial_conversation": _SLACK_ID}),
    "multi_conversations_select": Shape({**_SEVERAL, **_CONVERSATION, "initial_conversations": _SLACK_IDS}),
    "channels_select": Shape({**_SELECTED, **_RESPONSE_URL, "initial_channel": _SLACK_ID}),
    "multi_channels_select": Shape({**_SEVERAL, "initial_channels": _SLACK_IDS}),
    "checkboxes": Shape(
        {**_PICKED, "options": many(_CHOICE, CHOICES), "initial_options": many(_CHOICE, CHOICES)}, "options"
    ),
    "radio_buttons": Shape({**_PICKED, "options": many(_CHOICE, CHOICES), "initial_option": _CHOICE}, "options"),
    "datepicker": Shape({**_SELECTED, "initial_date": string(10, 10, r"\d{4}-\d\d-\d\d")}),
    "timepicker": Shape({**_SELECTED, "initial_time": string(5, 5, r"\d\d:\d\d"), "timezone": string(IDENTIFIER)}),
}
_MOMENTS: Mapping[str, Shape] = {
    "datetimepicker": Shape(
        {**_PICKED, "initial_date_time": number(10**9, 10**10 - 1)},
        surfaces=frozenset({Surface.MESSAGE, Surface.MODAL}),
    )
}
_ENTRIES: Mapping[str, Shape] = {
    "plain_text_input": Shape(
        {
            **_TYPED,
            "initial_value": string(INPUT_TEXT, 0),
            "multiline": flag,
            "min_length": number(0, INPUT_TEXT),
            "max_length": number(1, INPUT_TEXT),
        }
    ),
    "email_text_input": Shape({**_TYPED, "initial_value": string(INPUT_TEXT, 0)}, surfaces=_DIALOGS),
    "url_text_input": Shape({**_TYPED, "initial_value": string(INPUT_TEXT, 0)}, surfaces=_DIALOGS),
    "number_input": Shape(
        {
            **_TYPED,
            "is_decimal_allowed": flag,
            "initial_value": string(INPUT_TEXT),
            "min_value": string(INPUT_TEXT),
            "max_value": string(INPUT_TEXT),
        },
        "is_decimal_allowed",
        surfaces=_DIALOGS,
    ),
}
_ACCESSORIES = typed("element", {"button": _BUTTON, "overflow": _OVERFLOW, "image": _IMAGE_ELEMENT, **_MENUS})
_IN_ACTIONS = typed("element", {"button": _BUTTON, "overflow": _OVERFLOW, **_MENUS, **_MOMENTS})
_IN_INPUT = typed("element", {**_MENUS, **_MOMENTS, **_ENTRIES})
_IN_CONTEXT = typed(
    "element", {"plain_text": _plain_shape(TEXT), "mrkdwn": _mrkdwn_shape(TEXT), "image": _IMAGE_ELEMENT}
)

# Blocks


_NAMED: Mapping[str, Rule] = {"block_id": string(IDENTIFIER)}
_RICH_TEXT = Shape({**_NAMED, "elements": ELEMENTS}, "elements")
_CELL = typed(
    "cell",
    {
        "raw_text": Shape({"text": string(TABLE_TEXT)}, "text"),
        "raw_number": Shape({"value": number(-1e15, 1e15), "text": string(TABLE_TEXT)}, "value text"),
        "rich_text": _RICH_TEXT,
    },
)
_COLUMN = Shape({"align": word("left", "center", "right"), "is_wrapped": flag})

_BLOCK = typed(
    "block",
    {
        "section": Shape(
            {
                **_NAMED,
                "text": _text(SECTION_TEXT),
                "fields": many(_text(FIELD_TEXT), SECTION_FIELDS),
                "accessory": _ACCESSORIES,
                "expand": flag,
            },
            at_least_one="text fields",
        ),
        "actions": Shape({**_NAMED, "elements": many(_IN_ACTIONS, ACTIONS_ELEMENTS)}, "elements"),
        "context": Shape({**_NAMED, "elements": many(_IN_CONTEXT, CONTEXT_ELEMENTS)}, "elements"),
        "header": Shape({**_NAMED, "text": _plain(HEADER_TEXT)}, "text"),
        "divider": Shape(_NAMED),
        "image": Shape(
            {**_NAMED, **_PICTURE, "title": _plain(IMAGE_TITLE)}, "alt_text", exactly_one="image_url slack_file"
        ),
        "input": Shape(
            {
                **_NAMED,
                "label": _plain(LABEL_TEXT),
                "element": _IN_INPUT,
                "hint": _plain(HINT_TEXT),
                "optional": flag,
                "dispatch_action": flag,
            },
            "label element",
        ),
        "rich_text": _RICH_TEXT,
        "markdown": Shape({**_NAMED, "text": string(MARKDOWN_TEXT)}, "text", surfaces=frozenset({Surface.MESSAGE})),
        "table": Shape(
            {
                **_NAMED,
                "rows": many(many(_CELL, TABLE_COLUMNS), TABLE_ROWS),
                "column_settings": many(_COLUMN, TABLE_COLUMNS),
            },
            "rows",
            surfaces=frozenset({Surface.MESSAGE, Surface.HOME}),
        ),
        "alert": Shape(
            {**_NAMED, "text": _text(ALERT_TEXT), "level": word("default", "info", "warning", "error", "success")},
            "text",
            surfaces=_DIALOGS,
        ),
    },
)
_BLOCKS: Mapping[Surface, Rule] = {
    Surface.MESSAGE: many(_BLOCK, BLOCKS_PER_MESSAGE),
    Surface.MODAL: many(_BLOCK, BLOCKS_PER_VIEW),
    Surface.HOME: many(_BLOCK, BLOCKS_PER_VIEW),
}

# Views

_VIEW_KEYS: Mapping[str, Rule] = {
    "type": word("modal", "home"),
    "blocks": many(_BLOCK, BLOCKS_PER_VIEW),
    "private_metadata": string(PRIVATE_METADATA, 0),
    "callback_id": string(IDENTIFIER, 0),
    "external_id": string(IDENTIFIER, 0),
}
_VIEWS: Mapping[str, Shape] = {
    Surface.MODAL: Shape(
        {
            **_VIEW_KEYS,
            "title": _plain(VIEW_TITLE),
            "submit": _plain(VIEW_BUTTON),
            "close": _plain(VIEW_BUTTON),
            "clear_on_close": flag,
            "notify_on_close": flag,
            "submit_disabled": flag,
        },
        "title blocks",
    ),
    Surface.HOME: Shape(_VIEW_KEYS, "blocks"),
}

# Rules over the whole


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _objects(inner)


def _repeated(objects: Sequence[Mapping[str, object]], key: str) -> list[object]:
    counts = Counter(str(found[key]) for found in objects if key in found)
    return [value for value, count in counts.items() if count > 1]


def _whole(blocks: object, surface: Surface) -> Iterator[str]:
    """Identifiers are unique, and some things are limited over all blocks together."""
    if not isinstance(blocks, list | tuple):
        return
    known = [block for block in blocks if isinstance(block, Mapping)]
    yield from (f"blocks: block_id {name!r} is used more than once" for name in _repeated(known, "block_id"))
    for index, block in enumerate(known):
        for name in _repeated(list(_objects(block)), "action_id"):
            yield f"blocks[{index}]: action_id {name!r} is used more than once"
    if sum(found.get("focus_on_load") is True for found in _objects(known)) > 1:
        yield "blocks: focus_on_load is set more than once"
    markdown = sum(length(str(block.get("text"))) for block in known if block.get("type") == "markdown")
    if markdown > MARKDOWN_TEXT:
        yield f"blocks: {markdown} characters of markdown, at most {MARKDOWN_TEXT}"
    tables = [block for block in known if block.get("type") == "table"]
    if len(tables) > 1:
        yield "blocks: only one table is allowed"
    if sum(map(table_text, tables)) > TABLE_TEXT:
        yield f"blocks: more than {TABLE_TEXT} characters in a table"
    if surface is Surface.MESSAGE and (size := blocks_size(known)) > BLOCKS_SIZE:
        yield f"blocks: {size} bytes serialized, at most {BLOCKS_SIZE}"


def _holds_input(blocks: object) -> bool:
    return any(found.get("type") == "input" for found in _objects(blocks))
