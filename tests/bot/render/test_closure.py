"""What somebody is told whose cards cannot be posted."""

import pytest

from bot.render.closure import render_closure
from bot.slack.errors import ChannelClosed
from tests.bot.render.foreign import check


@pytest.mark.parametrize("code", sorted(ChannelClosed.codes))
def test_every_reason_is_said_with_what_to_do(code: str) -> None:
    made = render_closure("C1", code)
    check(made)
    (block,) = made.blocks
    what, remedy = block["text"]["text"].split("\n")
    assert what.startswith("<#C1> ")
    assert remedy.endswith(".")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("not_in_channel", "/invite"),
        ("channel_not_found", "/invite"),
        ("is_archived", "out of the archive"),
        ("restricted_action_read_only_channel", "posting permissions"),
        ("action_prohibited", "posting permissions"),
    ],
)
def test_the_remedy_fits_the_reason(code: str, words: str) -> None:
    assert words in render_closure("C1", code).text
