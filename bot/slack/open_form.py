"""An open form as it stands: what its view says, what is kept of it, and the fields that it gives a command."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from bot.render.form import pages, read_form
from bot.render.form_fields import LongChoice, as_shown, is_too_long, pairs_of, values_of
from bot.slack.drafts import Draft, Drafts
from bot.slack.metadata import FormMeta
from bot.slack.payloads import Body
from commands.core.base import Command, Internal, ServerCommand, marks
from commands.core.fields import field_type, is_hidden, is_many
from providers.base import Provider


@dataclass(frozen=True, slots=True)
class OpenForm:
    """`values` are those of every page, by field; `lost` are fields whose choice nobody remembers.

    `is_remembered` is False where the form was open for so long that nothing is kept of it.
    """

    command_type: type[Command]
    provider: Provider
    meta: FormMeta
    draft: Draft
    state_values: object
    inputs: tuple[str, ...]
    values: Mapping[str, object]
    lost: tuple[str, ...] = ()
    is_remembered: bool = True

    @property
    def pages(self) -> list[list[str]]:
        return pages(self.command_type, self.provider, self.known)

    @property
    def known(self) -> Mapping[str, object]:
        """What is drawn, and what is not: other fields may make sense only with it."""
        return {**self.meta.fixed, **self.values}

    @property
    def asked_of_another(self) -> list[str]:
        """The fields by which another thing is meant than the one that the form began with."""
        if not self.meta.begun:
            return []
        names = self.command_type.begins_from
        return [name for name in names if str(self.values.get(name) or "") != self.meta.opened.get(name)]

    def given_elsewhere(self, page: int) -> list[str]:
        """The fields of other pages that hold something to be sent."""
        others = [name for number, names in enumerate(self.pages) if number != page for name in names]
        return [name for name in others if self._said(name) is not None]

    def fields(self) -> dict[str, object]:
        """What the form says, for `model_validate`. What began as it is and was left so is not said."""
        shown = [name for names in self.pages for name in names]
        said = {name: value for name in shown if (value := self._said(name)) is not None}
        fields = {**_still_meant(self.command_type, self.meta, self.values), **said}
        if issubclass(self.command_type, ServerCommand):
            fields.setdefault("provider", self.meta.provider)
        return fields

    def _said(self, name: str) -> object:
        value = self.values.get(name)
        if name not in self.meta.begun or name not in self.values:
            return value
        return _change(self.command_type.model_fields[name], value, self.meta.begun[name])


async def look(body: Body, command_type: type[Command], provider: Provider, meta: FormMeta, drafts: Drafts) -> OpenForm:
    """The open form that a payload shows."""
    view, draft = body["view"], await drafts.get(meta.key)
    state_values = (view.get("state") or {}).get("values")
    inputs = tuple(str(block["block_id"]) for block in view["blocks"] if block["type"] == "input")
    kept = draft if draft is not None else Draft()
    values, lost = dict(kept.values), list[str]()
    for name, now in read_form(command_type, state_values, inputs).items():
        is_new = name in meta.begun and name not in values
        if now == as_shown(command_type.model_fields[name], values.get(name)) and not is_new:
            continue
        values[name] = await _remembered(now, drafts)
        if values[name] is None and now is not None:
            lost.append(name)
    return OpenForm(
        command_type, provider, meta, kept, state_values, inputs, values, tuple(lost), is_remembered=draft is not None
    )


def begun(command_type: type[Command], known: Mapping[str, object]) -> dict[str, str | dict[str, str]]:
    """Digests of what the server has, for `FormMeta.begun`. What a form cannot show faithfully is left out."""
    found: dict[str, str | dict[str, str]] = {}
    for name, value in known.items():
        field = command_type.model_fields[name]
        shown = as_shown(field, value)
        if shown is None or value is None or is_too_long(field, value):
            continue
        if not isinstance(value, Mapping):
            found[name] = _digest(shown)
        elif pairs_of(shown) == dict(value):
            found[name] = {key: _digest(text) for key, text in value.items()}
    return found


def fixed(command_type: type[Command], given: Mapping[str, object]) -> dict[str, Any]:
    """The fields that no form shows, as JSON has them."""
    return {
        name: list(value) if isinstance(value, tuple | set | frozenset) else value
        for name, value in given.items()
        if name in command_type.model_fields and is_hidden(command_type.model_fields[name]) and value is not None
    }


def opened(command_type: type[Command], given: Mapping[str, object]) -> dict[str, str]:
    """What the fields began with that a fixed one says more about."""
    spoken_of = {mark.of for name in fixed(command_type, given) for mark in _internal(command_type, name)}
    return {name: str(given[name]) for name in spoken_of if name is not None and given.get(name) is not None}


def _still_meant(command_type: type[Command], meta: FormMeta, values: Mapping[str, object]) -> dict[str, object]:
    """The fixed fields, less those that speak of something else than what stands in the form by now."""
    return {
        name: value
        for name, value in meta.fixed.items()
        if name in command_type.model_fields
        and all(
            mark.of is None or str(values.get(mark.of) or "") == meta.opened.get(mark.of, "")
            for mark in _internal(command_type, name)
        )
    }


def _internal(command_type: type[Command], name: str) -> list[Internal]:
    return marks(command_type.model_fields[name], Internal)


def _change(field: FieldInfo, value: object, began: str | dict[str, str]) -> object:
    """What is to be done to make it what stands there; None for nothing. An emptied text or list is cleared."""
    if isinstance(began, dict):
        return _changed_pairs(values_of(value), began)
    if value is None:
        return "" if field_type(field) is str else [] if is_many(field) else None
    return None if _digest(as_shown(field, value)) == began else value


def _changed_pairs(lines: list[str], began: Mapping[str, str]) -> list[str] | None:
    """Those that are other than they were, and an empty one for each that is gone."""
    now = pairs_of(lines)
    changed = [line for line in lines if began.get(line.partition("=")[0]) != _digest(line.partition("=")[2])]
    return [*changed, *(f"{key}=" for key in began if key not in now)] or None


def _digest(shown: object) -> str:
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:12]


async def _remembered(value: object, drafts: Drafts) -> object:
    """None where a choice was too long for its option, and it was offered too long ago."""
    match value:
        case LongChoice(digest):
            return await drafts.text_of(digest)
        case list():
            whole = [await _remembered(each, drafts) for each in value]
            return None if None in whole else whole
        case _:
            return value
