"""A form at the prompt, field by field, until the bot takes it or the person closes it."""

from dataclasses import replace

from rich.console import Console
from rich.text import Text

from bot.demo.form import Field, fields_of
from bot.demo.keys import Cancelled, Keys
from bot.demo.screen import Screen, field_label, field_notes
from bot.demo.slack import StandIn, User, View
from bot.demo.slack.forms import filled
from bot.demo.slack.reading import label

Answer = str | list[str] | None
"""As the stand-in takes it: text or a choice, several choices, or nothing."""


class NoChoice(Exception):
    """What was typed is none of the choices."""


class Filling:
    """One form. What was answered once is asked again only where it is refused."""

    def __init__(self, slack: StandIn, user: User, screen: Screen, console: Console, keys: Keys) -> None:
        self._slack = slack
        self._user = user
        self._screen = screen
        self._console = console
        self._keys = keys
        self._answers: dict[str, Answer] = {}

    async def fill(self, view: View) -> None:
        self._console.print(self._screen.form_head(view))
        current: View | None = view
        try:
            while current is not None:
                current = await self._round(current)
        except Cancelled:
            if (left := self._slack.view_of(self._user)) is not None:
                await self._slack.close(self._user, left)
            self._console.print(Text("The form is closed.", "dim"))

    async def _round(self, view: View) -> View | None:
        """Ask what is open, then send; returns the form that is there afterwards."""
        for field in fields_of(view):
            if field.error or field.block_id not in self._answers:
                self._answers[field.block_id] = await self._ask(field)
        button = await self._way_on(view)
        if button is not None:
            return await self._press(view, button)
        ack = await self._slack.submit(self._user, view, self._answers)
        if ack.problem not in (None, "incomplete"):
            self._console.print(Text(f"Slack shows an error: {ack.problem}", "bold red"))
        return self._slack.view_of(self._user)

    async def _ask(self, field: Field) -> Answer:
        self._console.print(Text.assemble(*field_label(field)))
        for note in field_notes(field):
            self._console.print(note)
        if field.takes_lines:
            return await self._ask_lines(field)
        while True:
            self._console.print(_offer(field), end="")
            given = await self._keys.answer(default=_default(field), choices=field.choices)
            try:
                return _answer(field, given)
            except NoChoice:
                self._console.print(Text(f"  ✗ “{given}” is none of them.", "bold red"))

    async def _ask_lines(self, field: Field) -> Answer:
        self._console.print(Text("  An empty line ends it.", "dim"))
        waiting, entered = field.shown.split(" · ") if field.value else [], list[str]()
        while line := await self._keys.answer(default=waiting.pop(0) if waiting else ""):
            entered.append(line)
        return "\n".join(entered)

    async def _way_on(self, view: View) -> str | None:
        """The action_id of a button in the form; None to send it."""
        submit = label(view.source["submit"])
        others = "".join(f" · {number}: {button.label}" for number, button in enumerate(view.buttons, 1))
        while True:
            self._console.print(Text(f"Enter: {submit}{others} · Esc: Cancel", "bold"))
            given = await self._keys.answer()
            if not given:
                return None
            if given.isdecimal() and 1 <= int(given) <= len(view.buttons):
                return view.buttons[int(given) - 1].action_id

    async def _press(self, view: View, button: str) -> View | None:
        """Slack sends along what is typed. The bot answers by another version of the form."""
        entered = {(block_id, action_id): value for block_id, action_id, value in filled(view, self._answers)}
        view = self._slack.workspace.modals.put(replace(view, typed=entered))
        ack = await self._slack.press(self._user, view, button)
        if ack.problem is not None:
            self._console.print(Text(f"Slack shows an error: {ack.problem}", "bold red"))
            return view

        def changed() -> bool:
            present = self._slack.view_of(self._user)
            return present is None or present.hash != view.hash

        await self._slack.until(changed)
        return self._slack.view_of(self._user)


def _is_flag(field: Field) -> bool:
    return field.takes_many and len(field.choices) == 1


def _offer(field: Field) -> Text:
    """The line above the answer: the choices by number with what an empty answer means, or an example."""
    if _is_flag(field):
        return Text(f"  y or n (Enter: {'y' if field.value else 'n'})\n", "cyan")
    if field.choices:
        numbered = "  ".join(f"{number} {choice}" for number, choice in enumerate(field.choices, 1))
        several = ", several with commas" * field.takes_many
        return Text(f"  {numbered}{several}{f' (Enter: {field.shown})' * bool(field.value)}\n", "cyan")
    return Text(f"  such as {field.example}\n", "cyan") if field.example else Text()


def _default(field: Field) -> str:
    """What stands there to be changed."""
    return "" if field.choices else str(field.value)


def _answer(field: Field, given: str) -> Answer:
    """Raises `NoChoice`."""
    if not field.choices:
        return given
    if not given:
        return field.value or None
    if _is_flag(field):
        return _yes_or_no(field, given)
    if field.takes_many:
        return [_choice(field, word.strip()) for word in given.split(",") if word.strip()]
    return _choice(field, given)


def _yes_or_no(field: Field, given: str) -> list[str]:
    if given.lower() in ("y", "yes"):
        return list(field.choices)
    if given.lower() in ("n", "no"):
        return []
    raise NoChoice


def _choice(field: Field, given: str) -> str:
    """By number, in full, or by its beginning where only one begins so."""
    if given.isdecimal() and 1 <= int(given) <= len(field.choices):
        return field.choices[int(given) - 1]
    close = [choice for choice in field.choices if choice.lower().startswith(given.lower())]
    if given in field.choices:
        return given
    if len(close) != 1:
        raise NoChoice
    return close[0]
