"""What tests render and send, kept as shapes: a few hundred stand for all the payloads of a whole run.

Two blocks have one shape where they differ in nothing that a type could tell: free text is one letter, a number is
one, and of equal items of a list one is kept. A shape is itself a payload, in JSON.
"""

import json
import os
from collections.abc import Mapping
from typing import Any, Final

MOST_SHAPES: Final = 5_000

FREE_TEXT: Final = frozenset(
    [
        "text",
        "value",
        "url",
        "image_url",
        "alt_text",
        "fallback",
        "accessibility_label",
        "action_id",
        "block_id",
        "callback_id",
        "external_id",
        "private_metadata",
        "initial_value",
        "initial_user",
        "initial_channel",
        "initial_conversation",
        "initial_date",
        "initial_time",
        "timezone",
        "user_id",
        "channel_id",
        "usergroup_id",
        "team_id",
        "name",
        "unicode",
        "format",
        "id",
        "title_url",
        "min_value",
        "max_value",
    ]
)
"""Keys under which any string is as good as another. A string under another key is kept, as it may be one of a few."""


class Recorded:
    """Each shape with the test that showed it first. `blocks` are of messages and views, `views` are without them."""

    def __init__(self) -> None:
        self.blocks: dict[str, str] = {}
        self.views: dict[str, str] = {}

    def add_blocks(self, blocks: object) -> None:
        if isinstance(blocks, list):
            for block in blocks:
                _add(block, self.blocks)

    def add_view(self, view: object) -> None:
        if isinstance(view, Mapping):
            self.add_blocks(view.get("blocks"))
            _add({**view, "blocks": []}, self.views)


def shape(payload: object) -> str:
    """What is wrong with the type of anything in a payload is wrong with its shape too."""
    return json.dumps(_shape(payload), ensure_ascii=False)


def _add(payload: object, shapes: dict[str, str]) -> None:
    found = shape(payload)
    if found not in shapes and len(shapes) < MOST_SHAPES:
        shapes[found] = os.environ.get("PYTEST_CURRENT_TEST", "no test")  # noqa: TID251 - pytest's own word for it


def _shape(payload: object, key: str = "") -> Any:
    match payload:
        case Mapping():
            return {name: _shape(inner, name) for name, inner in payload.items()}
        case list() | tuple():
            return list({json.dumps(inner): inner for inner in (_shape(item, key) for item in payload)}.values())
        case str() if key in FREE_TEXT:
            return "x"
        case int() | float() if not isinstance(payload, bool):
            return 1
        case _:
            return payload
