"""What a form is called, and what its button says."""

import pytest

from bot.render.form import render_form
from bot.render.limits import VIEW_TITLE
from commands.core.base import Command
from commands.core.registry import all_commands
from tests.bot.render.test_form import ABLE


class SampleList(Command, path="sample list"):
    """List samples."""


class SampleShip(Command, path="sample ship", heading="Send a sample"):
    """Send a sample."""


@pytest.mark.parametrize(
    ("command_type", "title", "button"),
    [(SampleList, "List samples", "List"), (SampleShip, "Send a sample", "Send")],
)
def test_a_title_is_english(command_type: type[Command], title: str, button: str) -> None:
    view = render_form(command_type, given={}, provider=ABLE, private_metadata="")
    assert (view["title"]["text"], view["submit"]["text"]) == (title, button)


def test_every_title_fits() -> None:
    headings = [each.spec.heading for each in all_commands().values()]
    assert any(headings)
    assert all(len(heading) <= VIEW_TITLE for heading in headings)
