"""Choosing in an open form: options that the bot is asked for while somebody types, and choices that it is told of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.demo.slack.deliver import Door, Kind
from bot.demo.slack.forms import SEARCHES, filled, offered
from bot.demo.slack.things import Ack, User, View, elements
from bot.demo.slack.views import view_payload
from bot.demo.slack.workspace import Workspace
from bot.render.limits import Surface, problems

Part = Mapping[str, Any]
Gesture = Callable[[str, User, str | None], Mapping[str, Any]]
"""What every payload of a person has, by its type and the view that it was made in."""


class Choosing:
    def __init__(self, workspace: Workspace, door: Door, gesture: Gesture) -> None:
        self._workspace = workspace
        self._door = door
        self._gesture = gesture

    async def suggest(self, user: User, view: View, block_id: str, query: str) -> tuple[View, Ack]:
        """Type into a select that asks the bot. Slack's client shows nothing of options that break a limit."""
        part = next(p for b, p in elements(view.blocks) if b == block_id and p["type"] in SEARCHES)
        payload = {
            **self._gesture("block_suggestion", user, None),
            **self._where(view),
            "action_id": part["action_id"],
            "block_id": block_id,
            "value": query,
        }
        del payload["trigger_id"]  # nothing can be opened from here
        ack = await self._door.send(Kind.INTERACTIVE, payload)
        options = ack.body.get("options") if isinstance(ack.body, Mapping) else None
        if ack.problem is None and (not isinstance(options, list) or _faults(options)):
            ack = replace(ack, problem="invalid_options")
        found = tuple(options) if ack.problem is None and isinstance(options, list) else ()
        kept = {**view.offered, (block_id, part["action_id"]): found}
        return self._workspace.modals.put(replace(view, offered=kept)), ack

    async def looked_up(self, user: User, view: View, given: Mapping[str, object]) -> tuple[View, dict[str, object]]:
        """What is given with the options that it means, each typed and chosen in the order of the form."""
        chosen = dict(given)
        for block_id, part in elements(view.blocks):
            if part["type"] not in SEARCHES or block_id not in given or given[block_id] in (None, "", []):
                continue
            words = given[block_id]
            options = list[Part]()
            for word in words if isinstance(words, list | tuple) else [words]:
                if not isinstance(word, Mapping):
                    view, word = await self._option(user, view, block_id, part, str(word))
                options.append(word)
            chosen[block_id] = options if part["type"] == "multi_external_select" else options[0]
            view = entered(self._workspace, view, {block_id: chosen[block_id]})
        return view, chosen

    async def _option(self, user: User, view: View, block_id: str, part: Part, word: str) -> tuple[View, Part]:
        """By value or label; else the last one offered, which is what was typed. Raises ValueError where none is."""
        found = _meant(offered(view, block_id, part), word)
        if found is None:
            view, _ = await self.suggest(user, view, block_id, word)
            options = view.offered[block_id, part["action_id"]]
            found = _meant(options, word) or (options[-1] if options else None)
        if found is None:
            raise ValueError(f"{block_id} offers nothing for {word!r}")
        return view, found

    async def choose(self, user: User, view: View, block_id: str, value: object) -> Ack:
        """Choose in an input whose choices the bot wants to hear of at once."""
        block = next(b for b in view.blocks if b["block_id"] == block_id)
        if not block.get("dispatch_action"):
            raise ValueError(f"the bot is not told of what is chosen in {block_id}")
        view = entered(self._workspace, view, {block_id: value})
        state = filled(view, {})
        selected = next(state for name, _, state in state if name == block_id)
        stamp = self._workspace.stamp()
        action = {"action_id": block["element"]["action_id"], "block_id": block_id, **selected, "action_ts": stamp}
        payload = {**self._gesture("block_actions", user, view.id), **self._where(view), "actions": [action]}
        return await self._door.send(Kind.INTERACTIVE, payload)

    def _where(self, view: View) -> dict[str, Any]:
        return {
            "container": {"type": "view", "view_id": view.id},
            "view": view_payload(view, filled(view, {})),
        }


def entered(workspace: Workspace, view: View, given: Mapping[str, object]) -> View:
    """The view with this filled in, and nothing sent."""
    state = {(block_id, action_id): value for block_id, action_id, value in filled(view, given)}
    return workspace.modals.put(replace(view, typed=state))


def _meant(options: Sequence[Part], word: str) -> Part | None:
    return next((each for each in options if word in (each["value"], each["text"]["text"])), None)


def _faults(options: Sequence[object]) -> list[str]:
    """The same rules hold for options that a select has from the start, but that it has some."""
    if not options:
        return []
    select = {"type": "static_select", "action_id": "any", "options": options}
    return problems([{"type": "actions", "elements": [select]}], Surface.MODAL)
