"""Blocks as Slack keeps them: copied, with the ids that the bot left out."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final
from uuid import uuid4

from bot.demo.slack.reading import Blocks

INERT: Final = frozenset({"image", "plain_text", "mrkdwn"})


def settled(blocks: Blocks) -> list[dict[str, Any]]:
    return [_with_ids(block) for block in blocks]


def _with_ids(block: Mapping[str, Any]) -> dict[str, Any]:
    copied = {"block_id": _new_id(), **deepcopy(dict(block))}
    if copied["type"] in ("section", "actions", "input"):
        for element in [*copied.get("elements", ()), copied.get("accessory"), copied.get("element")]:
            if element and element["type"] not in INERT:
                element.setdefault("action_id", _new_id())
    return copied


def _new_id() -> str:
    return uuid4().hex[:5]
