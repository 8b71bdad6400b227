"""What open forms hold beside what Slack keeps of them: kept where every process finds it, as any may get their next
payload, and for half an hour."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from secrets import token_urlsafe
from typing import Any

from pydantic import SecretStr

from bot.render.form_fields import option_value, values_of
from bot.render.limits import OPTION_VALUE, length
from bot.store.drafts import StoredDrafts


@dataclass(frozen=True, slots=True)
class Draft:
    """`values` by field: as given, or as read from the form once somebody has changed it; None where it was emptied.

    Neither belongs in a view: values may be secret, and a response_url is a secret of its own kind. `chosen_at` is when
    the newest choice was made, in seconds by Slack's clock, and `view_hash` is Slack's word for what was drawn last.
    `is_sent` is all that is known of a form that was accepted.
    """

    response_url: SecretStr | None = None
    values: Mapping[str, object] = field(default_factory=dict, repr=False)
    chosen_at: float | None = None
    view_hash: str | None = None
    is_sent: bool = False


class Drafts:
    def __init__(self, kept: StoredDrafts) -> None:
        self._kept = kept

    async def add(self, draft: Draft) -> str:
        """Returns the key. The texts in it that are too long for an option are kept as well."""
        key = token_urlsafe(12)
        long = _too_long(text for value in draft.values.values() for text in values_of(value))
        await self._kept.put({key: _to_json(draft), **long})
        return key

    async def get(self, key: str) -> Draft | None:
        text = await self._kept.get(key)
        return _from_json(text) if text is not None else None

    async def keep(self, key: str, values: Mapping[str, object], *, chosen_at: float | None = None) -> bool:
        """What stands in the form. False where something was chosen after it, or where the form was sent.

        `chosen_at` is None for what nobody chose by itself.
        """

        def change(before: Draft) -> Draft | None:
            is_late = chosen_at is not None and before.chosen_at is not None and chosen_at < before.chosen_at
            if before.is_sent or is_late:
                return None
            return replace(before, values=values, chosen_at=chosen_at or before.chosen_at)

        return await self._change(key, change)

    async def drawn(self, key: str, view_hash: str) -> None:
        await self._change(key, lambda before: None if before.is_sent else replace(before, view_hash=view_hash))

    async def sent(self, key: str) -> bool:
        """The form was accepted: what it held goes, and whoever sends it again is not taken for a stranger.

        False where it was accepted before.
        """
        return await self._change(key, lambda before: None if before.is_sent else Draft(is_sent=True))

    async def _change(self, key: str, change: Callable[[Draft], Draft | None]) -> bool:
        def changed(text: str) -> str | None:
            after = change(_from_json(text))
            return _to_json(after) if after is not None else None

        return await self._kept.change(key, changed)

    async def offer(self, texts: Iterable[str]) -> None:
        """Keep those that do not fit an option's value, and stand there as their digests."""
        await self._kept.put(_too_long(texts))

    async def text_of(self, digest: str) -> str | None:
        return await self._kept.get(digest)


def _too_long(texts: Iterable[str]) -> dict[str, str]:
    """By the digest that stands for it."""
    return {value: text for text in texts if (value := option_value(text)) != text or length(text) > OPTION_VALUE}


def _to_json(draft: Draft) -> str:
    url = draft.response_url
    return json.dumps(
        {
            "response_url": url.get_secret_value() if url is not None else None,
            "values": {name: _plain(value) for name, value in draft.values.items()},
            "chosen_at": draft.chosen_at,
            "view_hash": draft.view_hash,
            "is_sent": draft.is_sent,
        }
    )


def _from_json(text: str) -> Draft:
    kept: dict[str, Any] = json.loads(text)
    url, values = kept.pop("response_url"), kept.pop("values")
    return Draft(
        response_url=SecretStr(url) if url is not None else None,
        values={name: _value(plain) for name, plain in values.items()},
        **kept,
    )


def _plain(value: object) -> object:
    """What JSON has no word for goes as a person would type it, and a secret or a mapping says that it is one."""
    match value:
        case None | bool() | int() | str():
            return value
        case SecretStr():
            return {"secret": value.get_secret_value()}
        case Mapping():
            return {"pairs": {str(key): _plain(entry) for key, entry in value.items()}}
        case list() | tuple() | set() | frozenset():
            return [_plain(entry) for entry in value]
        case _:
            return values_of(value)[0]


def _value(plain: Any) -> object:
    match plain:
        case {"secret": str(secret)}:
            return SecretStr(secret)
        case {"pairs": pairs}:
            return {key: _value(entry) for key, entry in pairs.items()}
        case list():
            return [_value(entry) for entry in plain]
        case _:
            return plain
