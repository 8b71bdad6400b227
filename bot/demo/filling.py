"""A form at the prompt, field by field, until the bot takes it or the person closes it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from bot.demo.form import Field, fields_of, standing
from bot.demo.keys import Cancelled, Keys
from bot.demo.screen import Screen, field_label, field_notes
from bot.demo.slack import StandIn, User, View
from bot.demo.slack.choosing import entered
from bot.demo.slack.forms import SEARCHES
from bot.demo.slack.reading import label

Part = Mapping[str, Any]
PICKED: Final = frozenset({"users_select", "conversations_select"})
"""Selects whose choices Slack knows: the bot gets an id."""

Answer = str | list[str] | Part | list[Part] | None
"""As the stand-in takes it: text or a choice, several choices, options that were offered for a text, or nothing."""


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
        try:
            current = await self._loaded(view)
            while current is not None:
                current = await self._round(current)
        except Cancelled:
            if (left := self._slack.view_of(self._user)) is not None:
                await self._slack.close(self._user, left)
            self._console.print(Text("The form is closed.", "dim"))

    async def _loaded(self, view: View) -> View | None:
        """The form once it can be sent. Where there is none, as nothing is kept for it, the view says why."""
        if "submit" in view.source:
            return view
        if view.private_metadata:
            return await self._changed(view)
        self._console.print(Text("\n".join(view.lines[1:-1])))
        raise Cancelled

    async def _changed(self, view: View) -> View | None:
        """The bot answers by another version of the form."""

        def changed() -> bool:
            present = self._slack.view_of(self._user)
            return present is None or present.hash != view.hash

        await self._slack.until(changed)
        present = self._slack.view_of(self._user)
        return None if present is None else await self._loaded(present)

    async def _round(self, view: View) -> View | None:
        """Ask what is open, then send; returns the form that is there afterwards."""
        for field in fields_of(view):
            if field.error or field.block_id not in self._answers:
                answer = self._answers[field.block_id] = await self._ask(field, view)
                if field.tells:
                    await self._slack.choose(self._user, self._entered(view), field.block_id, answer)
                    return await self._changed(view)
        button = await self._way_on(view)
        if button is not None:
            return await self._press(view, button)
        ack = await self._slack.submit(self._user, view, self._given(view))
        if ack.problem not in (None, "incomplete"):
            self._console.print(Text(f"Slack shows an error: {ack.problem}", "bold red"))
        return self._slack.view_of(self._user)

    def _given(self, view: View) -> dict[str, Answer]:
        """Of all answers those to this page."""
        return {block_id: answer for block_id, answer in self._answers.items() if block_id in view.fields}

    def _entered(self, view: View) -> View:
        return entered(self._slack.workspace, self._slack.view_of(self._user) or view, self._given(view))

    async def _ask(self, field: Field, view: View) -> Answer:
        self._console.print(Text.assemble(*field_label(field)))
        for note in field_notes(field):
            self._console.print(note)
        if field.kind in SEARCHES:
            return await self._search(field, view)
        if field.takes_lines:
            return await self._ask_lines(field)
        if field.kind in PICKED:
            field = replace(field, choices=tuple(self._things(field)))
        while True:
            self._console.print(_offer(field), end="")
            given = await self._keys.answer(default=_default(field), choices=field.choices)
            try:
                answer = _answer(field, given)
            except NoChoice:
                self._console.print(Text(f"  ✗ “{given}” is none of them.", "bold red"))
                continue
            return self._things(field).get(str(answer)) if field.kind in PICKED else answer

    def _things(self, field: Field) -> dict[str, str]:
        """The ids of the people or the conversations that can be picked, by name."""
        workspace = self._slack.workspace
        found = workspace.people if field.kind == "users_select" else workspace.channels
        return {each.name: each.id for each in found}

    async def _search(self, field: Field, view: View) -> Answer:
        """Type part of a name, then choose: one, or several until nothing is typed."""
        many, found = "; an empty line ends it" * field.takes_many, list[Part]()
        stands = f" (Enter: {field.shown})" * bool(field.value)
        self._console.print(Text(f"  Type a part of it{many}, ? for all{stands}", "cyan"))
        while given := await self._keys.answer():
            view = self._entered(view)
            query = "" if given == "?" else given
            options = await self._slack.suggest(self._user, view, field.block_id, query)
            if (option := await self._pick(options, query)) is None:
                continue
            if not field.takes_many:
                return option
            found.append(option)
        if found:
            return found
        there = standing(view, field.block_id)
        return there if field.takes_many else next(iter(there), None)

    async def _pick(self, options: Sequence[Part], query: str) -> Part | None:
        """The last option is what was typed; where it is the only one, there is nothing to choose from."""
        if len(options) < 2:
            return options[0] if query and options else None
        numbered = "\n".join(f"  {number} {label(each['text'])}" for number, each in enumerate(options, 1))
        self._console.print(Text(f"{numbered}\n  (Enter: 1)", "cyan"))
        given = await self._keys.answer() or "1"
        if given.isdecimal() and 1 <= int(given) <= len(options):
            return options[int(given) - 1]
        self._console.print(Text(f"  ✗ “{given}” is none of them. Type a part of it.", "bold red"))
        return None

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
        """Slack sends along what is typed."""
        view = self._entered(view)
        ack = await self._slack.press(self._user, view, button)
        if ack.problem is not None:
            self._console.print(Text(f"Slack shows an error: {ack.problem}", "bold red"))
            return view
        return await self._changed(view)


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
