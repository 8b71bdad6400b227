"""The open views: a stack of up to three modals per person, and each person's Home tab."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from bot.demo.slack.errors import Refused, explained
from bot.demo.slack.settle import settled
from bot.demo.slack.things import View, elements
from bot.render.limits import VIEW_SIZE, Surface, serialized_size, view_problems

DEPTH: Final = 3


class Modals:
    """`changed` is called after every change."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    def top(self, user: str) -> View | None:
        stack = self._stacks.get(user)
        return stack[-1] if stack else None

    def home(self, user: str) -> View | None:
        return self._homes.get(user)

    def find(self, view_id: str) -> View | None:
        return next((view for view in self._open() if view.id == view_id), None)

    def find_external(self, external_id: str) -> View | None:
        return next((view for view in self._open() if external_id and view.external_id == external_id), None)

    def _open(self) -> Iterator[View]:
        for stack in self._stacks.values():
            yield from stack
        yield from self._homes.values()

    def open(self, user: str, source: object) -> View:
        """A first modal; one that was open before is gone."""
        view = self._new(user, checked(source, Surface.MODAL), above=None)
        self._stacks[user] = [view]
        self._changed()
        return view

    def push(self, user: str, source: object) -> View:
        stack = self._stacks.get(user, [])
        checked_source = checked(source, Surface.MODAL)
        if not stack:
            raise Refused("invalid_trigger_id")
        if len(stack) >= DEPTH:
            raise Refused("push_limit_reached")
        view = self._new(user, checked_source, above=stack[-1])
        stack.append(view)
        self._changed()
        return view

    def update(self, view: View, source: object, *, known_hash: object = None) -> View:
        """What was typed stays where block and action ids stay. A stale `known_hash` is a `hash_conflict`."""
        surface = Surface.HOME if self._is_home(view) else Surface.MODAL
        checked_source = checked(source, surface)
        if known_hash is not None and known_hash != view.hash:
            raise Refused("hash_conflict")
        kept = {(block_id, part["action_id"]) for block_id, part in elements(checked_source["blocks"])}
        typed = {key: value for key, value in view.typed.items() if key in kept}
        return self.put(replace(view, source=checked_source, hash=_new_hash(), errors={}, typed=typed))

    def put(self, view: View) -> View:
        """Replace the view of the same id."""
        if self._is_home(view):
            self._homes[view.user] = view
        stack = self._stacks.get(view.user, [])
        stack[:] = [view if each.id == view.id else each for each in stack]
        self._changed()
        return view

    def publish(self, user: str, source: object, known_hash: object) -> View:
        view = self._homes.get(user)
        if view is not None:
            return self.update(view, source, known_hash=known_hash)
        view = self._homes[user] = self._new(user, checked(source, Surface.HOME), above=None)
        self._changed()
        return view

    def close(self, view: View) -> None:
        stack = self._stacks.get(view.user, [])
        stack[:] = [each for each in stack if each.id != view.id]
        self._changed()

    def clear(self, user: str) -> None:
        self._stacks.pop(user, None)
        self._changed()

    def _is_home(self, view: View) -> bool:
        home = self._homes.get(view.user)
        return home is not None and home.id == view.id

    def _new(self, user: str, source: Mapping[str, Any], above: View | None) -> View:
        if self.find_external(str(source.get("external_id", ""))) is not None:
            raise Refused("duplicate_external_id")
        view_id = f"V{uuid4().hex[:10].upper()}"
        return View(
            id=view_id,
            hash=_new_hash(),
            user=user,
            source=source,
            root_id=above.root_id if above else view_id,
            previous_id=above.id if above else None,
        )


def checked(source: object, surface: Surface) -> dict[str, Any]:
    """A view that Slack takes, with the ids that Slack would fill in."""
    if not isinstance(source, Mapping):
        raise explained("invalid_arguments", ["view: must be an object"])
    if serialized_size(source) > VIEW_SIZE:
        raise Refused("view_too_large")
    found = view_problems(source)
    if source.get("type") != surface:
        found.append(f"view.type: must be {surface}")
    if found:
        raise explained("invalid_arguments", found)
    return {**source, "blocks": settled(source["blocks"])}


def _new_hash() -> str:
    return uuid4().hex
