"""A front page as Slack's Home view."""

import json
import re
from collections.abc import Iterable
from hashlib import sha256
from itertools import chain

from bot.render.button import Buttons, is_inline
from bot.render.limits import BLOCKS_PER_VIEW, HEADER_TEXT, VIEW_SIZE, serialized_size
from bot.render.message import Row, context, fields, header, section
from bot.render.text import Block, plain_object
from commands.core.reply import Action, Button, Item, Moment
from commands.core.words import in_a_row, joined
from commands.home import FrontPage, Section

CALLBACK_ID = "home"
REFRESH = "home:refresh"
"""The `action_id` of the one button that is about the page itself; all others carry commands, as everywhere."""

_A_TIME = re.compile(r"<!date\^\d+\^[^>]*>")
_WHERE = "Answers to what you press here come to Messages, the tab beside this one."


def render_home(page: FrontPage, *, private_metadata: str) -> Block:
    """A page that is too long loses rows from its end, and says how many; its foot stays."""
    buttons = Buttons()
    head: list[Row] = [(header("Showcaller", HEADER_TEXT),), (section(page.text),), *_rows(page.actions, buttons)]
    body = [row for each in page.sections for row in _section(each, buttons)]
    foot: list[Row] = [({"type": "divider"},), (_updated(page),)]
    view: Block = {"type": "home", "callback_id": CALLBACK_ID, "private_metadata": private_metadata}
    return view | {"blocks": _fitting(head, body, foot)}


def digest(view: Block) -> str:
    """Equal for pages that differ in nothing but the times on them."""
    drawn = json.dumps(view["blocks"], ensure_ascii=False, sort_keys=True)
    return sha256(_A_TIME.sub("", drawn).encode("utf-8", "surrogatepass")).hexdigest()


def _section(shown: Section, buttons: Buttons) -> list[Row]:
    has_content = shown.items or shown.facts
    return [
        (header(shown.title, HEADER_TEXT),),
        *(_item(item, buttons) for item in shown.items),
        *((block,) for block in fields(shown.facts)),
        *([] if has_content or not shown.empty else [(section(shown.empty),)]),
        *([(context(shown.more),)] if shown.more else []),
        *_rows(shown.actions, buttons),
    ]


def _item(item: Item, buttons: Buttons) -> Row:
    text = joined([item.title, item.detail], "\n")
    actions = _carried(item.actions)
    if len(actions) == 1:
        return (section(text, buttons.draw(actions[0])),)
    return (section(text), *buttons.rows(actions))


def _rows(actions: Iterable[Button], buttons: Buttons) -> list[Row]:
    return [(row,) for row in buttons.rows(_carried(actions))]


def _carried(actions: Iterable[Button]) -> list[Button]:
    """A name too long for a button has none: a page stores no pending rows, as it is drawn again and again."""
    return [each for each in actions if not isinstance(each, Action) or is_inline(each)]


def _updated(page: FrontPage) -> Block:
    refresh: Block = {
        "type": "button",
        "action_id": REFRESH,
        "text": plain_object("Refresh", HEADER_TEXT),
        "value": "refresh",
        "accessibility_label": "Refresh this page",
    }
    return section(in_a_row(("Updated ", Moment(page.updated_at)), _WHERE), refresh)


def _fitting(head: list[Row], body: list[Row], foot: list[Row]) -> list[Block]:
    whole = list(chain.from_iterable([*head, *body, *foot]))
    if _fits(whole):
        return whole
    kept = list(body)
    while kept:
        kept.pop()
        note: Row = (context(f"{len(body) - len(kept)} more are not shown."),)
        shorter = list(chain.from_iterable([*head, *kept, note, *foot]))
        if _fits(shorter):
            return shorter
    return list(chain.from_iterable([*head, *foot]))


def _fits(blocks: list[Block]) -> bool:
    return len(blocks) <= BLOCKS_PER_VIEW and serialized_size(blocks) <= VIEW_SIZE - 4_000
