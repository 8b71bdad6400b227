"""Blocks and views that the tests send."""

from typing import Any

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(label: str, action_id: str, value: str = "v") -> Block:
    return {"type": "button", "text": plain(label), "action_id": action_id, "value": value}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def entry(block_id: str, element: Block, *, optional: bool = False) -> Block:
    label = plain(block_id.title())
    return {"type": "input", "block_id": block_id, "label": label, "optional": optional, "element": element}


def text_entry(block_id: str, **element: Any) -> Block:
    return entry(block_id, {"type": "plain_text_input", "action_id": "value", **element})


def modal(*blocks: Block, title: str = "Form", **more: Any) -> Block:
    return {"type": "modal", "title": plain(title), "submit": plain("Send"), "blocks": list(blocks), **more}


def home(*blocks: Block) -> Block:
    return {"type": "home", "blocks": list(blocks)}
