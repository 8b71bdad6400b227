"""What is kept of forms, without a database."""

from collections.abc import Callable, Mapping

from bot.store.drafts import StoredDrafts


class Kept(StoredDrafts):
    """In memory, and for ever."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    async def put(self, texts: Mapping[str, str]) -> None:
        self.texts |= texts

    async def get(self, key: str) -> str | None:
        return self.texts.get(key)

    async def change(self, key: str, change: Callable[[str], str | None]) -> bool:
        after = change(self.texts[key]) if key in self.texts else None
        if after is not None:
            self.texts[key] = after
        return after is not None
