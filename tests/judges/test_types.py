"""Every block and view that any test renders or sends is what Slack's own types say.

`@slack/types` 3.2.0 does not know the blocks `layout`, `data_visualization` and `auth_provider`, a card's `slack_icon`
and `subtext`, nor a header's `level`. We use none of them; whoever comes to use one allows it here by its name.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.demo.world import World
from commands.core.registry import all_commands
from tests.bot.conversations.conftest import MEMORY
from tests.bot.conversations.talk import accepted, ask, card, heard, labels, opened, press
from tests.judges.recorded import Recorded, shape
from tests.judges.typescript import Literal, TypeScript

Payload = dict[str, Any]


def plain(text: str = "x") -> Payload:
    return {"type": "plain_text", "text": text}


def actions(**more: object) -> Payload:
    return {"type": "actions", "elements": [{"type": "button", "text": plain(), **more}]}


def entry(**more: object) -> Payload:
    return {"type": "input", "label": plain(), "element": {"type": "plain_text_input", **more}}


def modal(*blocks: Payload, **more: object) -> Payload:
    return {"type": "modal", "title": plain(), "blocks": list(blocks), **more}


RIGHT: list[tuple[str, Payload]] = [
    ("KnownBlock", {"type": "section", "text": plain()}),
    ("KnownBlock", actions(style="danger", action_id="a", value="v")),
    ("KnownBlock", {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}),
    ("Modal", modal(entry(multiline=True), submit=plain(), private_metadata="m")),
    ("Home", {"type": "home", "blocks": [{"type": "divider"}]}),
]
WRONG: dict[str, tuple[str, Payload]] = {
    "a text without its type": ("KnownBlock", {"type": "section", "text": {"text": "x"}}),
    "a string for a text": ("KnownBlock", {"type": "section", "text": "x"}),
    "markup in a header": ("KnownBlock", {"type": "header", "text": {"type": "mrkdwn", "text": "x"}}),
    "markup on a button": ("KnownBlock", actions(text={"type": "mrkdwn", "text": "x"})),
    "a key that a block has not": ("KnownBlock", {"type": "divider", "text": plain()}),
    "a key that an element has not": ("KnownBlock", actions(label="x")),
    "a misspelt key": ("KnownBlock", entry(multi_line=True)),
    "a style that there is not": ("KnownBlock", actions(style="warning")),
    "a number for a value": ("KnownBlock", actions(value=1)),
    "an element for a block": ("KnownBlock", {"type": "button", "text": plain()}),
    "a block for an element": ("KnownBlock", {"type": "actions", "elements": [{"type": "divider"}]}),
    "a block that there is not": ("KnownBlock", {"type": "sections", "text": plain()}),
    "an image that says nothing": ("KnownBlock", {"type": "image", "image_url": "https://x.test/x.png"}),
    "a cell that is no object": ("KnownBlock", {"type": "table", "rows": [["x"]]}),
    "an option whose text is a string": (
        "KnownBlock",
        entry(type="static_select", options=[{"text": "x", "value": "v"}]),
    ),
    "a modal without a title": ("Modal", {"type": "modal", "blocks": []}),
    "a modal with a key that it has not": ("Modal", modal(on_close="x")),
    "a modal with a wrong block": ("Modal", modal({"type": "header", "text": "x"})),
    "a Home with a title": ("Home", {"type": "home", "blocks": [], "title": plain()}),
    "a Home with a wrong block": ("Home", {"type": "home", "blocks": [{"type": "section", "texts": plain()}]}),
}


def test_the_judge_judges(typescript: TypeScript, tmp_path: Path) -> None:
    """Without this, a compiler that looks at nothing, or shapes that hold nothing, would be right all the time."""
    literals = [Literal(kind, shape(payload)) for kind, payload in [*RIGHT, *WRONG.values()]]
    found = typescript.complaints(literals, tmp_path)
    named = {[*(f"right {n}" for n in range(len(RIGHT))), *WRONG][index] for index in found}
    assert named == set(WRONG)


@pytest.fixture
async def shown(tmp_path: Path, typescript: TypeScript) -> None:
    """So much is rendered even where this module runs alone: every form, help page and bare answer, a room, a Home."""
    (tmp_path / "world").mkdir()
    environ = {"SHOWCALLER_DEFAULT_ROLE": "admin"}
    async with await World.open(tmp_path / "world", providers=MEMORY, environ=environ) as world:
        who = world.operator
        await ask(world, who, "/video room create standup")
        world.memory.server.join("standup", "bob")
        live = await card(world, "standup", "1 person")
        await press(world, who, live, "Join")
        await press(world, who, live, "Record")
        recording = await card(world, "Recording of standup", "[Stop]")
        await press(world, who, recording, "Stop")
        await card(world, "Recording of standup", "Ready")
        accepted(await world.slack.open_home(who))
        await world.slack.until(lambda: world.slack.home_of(who))
        for mistake in ("romm", "room create Test Room", "room show nix"):
            await ask(world, who, f"/video {mistake}")
        for path in map(" ".join, all_commands()):
            await ask(world, who, f"/video help {path}")
            await _say_no_more(world, path)
        asked = await ask(world, who, "/video room close standup")
        await press(world, who, asked, labels(asked)[0])
        await card(world, "standup", "Ended")


async def _say_no_more(world: World, path: str) -> None:
    """Type a command and none of its arguments: it answers, or shows its form. Then look at all of the form."""
    who = world.operator
    before = heard(world, who)
    accepted(await world.slack.command(who, world.general, f"/video {path}"))
    await world.slack.until(lambda: world.slack.view_of(who) or heard(world, who) != before)
    if (view := world.slack.view_of(who)) is None:
        return
    if "More options" in labels(view):
        accepted(await world.slack.press(who, view, "More options"))
        view = await opened(world, who, after=view)
    accepted(await world.slack.close(who, view))


@pytest.mark.usefixtures("shown")
def test_all_that_was_rendered_is_what_slack_says(recorded: Recorded, typescript: TypeScript, tmp_path: Path) -> None:
    blocks = [(Literal("KnownBlock", block), test) for block, test in recorded.blocks.items()]
    views = [(Literal(_kind(view), view), test) for view, test in recorded.views.items()]
    assert blocks
    assert views
    shapes, tests = zip(*blocks, *views, strict=True)
    wrong = typescript.complaints(shapes, tmp_path)
    assert not wrong, "\n".join(f"{tests[n]}\n    {shapes[n].json}\n    {said}" for n, said in wrong.items())


def _kind(view: str) -> str:
    return "Home" if json.loads(view)["type"] == "home" else "Modal"
