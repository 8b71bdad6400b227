"""What views keep in `private_metadata`, which Slack gives back with whatever happens in them."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, JsonValue, ValidationError

from commands.core.dispatch import Door


class FormMeta(BaseModel):
    """What an open form keeps in `private_metadata`: where its answer goes, and what it does not ask.

    `fixed` are the fields that no form shows, `opened` what the fields that those speak of began with. `begun` are
    digests of what the server had, by field, and by key where a field holds pairs. `key` finds the rest, which is kept
    in the database for half an hour: `elsewhere` are the fields on other pages, of which nothing is left after that.
    An empty `channel_id`: the form asks where its answer goes. `under` is the thread in which it was asked aloud: the
    answer goes there, for all to read. `turns`: it takes the place of the list whose button opened the form.
    """

    provider: str
    channel_id: str
    thread_ts: str | None = None
    is_direct: bool = False
    fixed: dict[str, JsonValue] = {}
    opened: dict[str, str] = {}
    begun: dict[str, str | dict[str, str]] = {}
    key: str = ""
    page: int = 0
    elsewhere: list[str] = []
    under: str | None = None
    turns: bool = False
    door: Door | None = None


class HomeMeta(BaseModel):
    """What the Home keeps in `private_metadata`: the reader's conversation with the bot, which its presses lack."""

    channel_id: str = ""


def read_meta(view: Mapping[str, Any]) -> FormMeta | None:
    """None for a form that this version did not open."""
    try:
        return FormMeta.model_validate_json(str(view.get("private_metadata", "")))
    except ValidationError:
        return None
