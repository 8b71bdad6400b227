"""Several texts as one, long ones as short ones, amounts in words, and the order of names."""

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta

from commands.core.reply import Mark, Text

_NUMBER = re.compile(r"([0-9]+)")
_UNITS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}


def parts(text: Text) -> Sequence[str | Mark]:
    return (text,) if isinstance(text, str) else text


def joined(texts: Iterable[Text], separator: str) -> Text:
    """Several texts as one; those that are empty are left out."""
    whole: list[str | Mark] = []
    for text in filter(None, texts):
        whole += [separator, *parts(text)] if whole else parts(text)
    return whole


def in_a_row(*texts: Text) -> Text:
    """The particulars of one thing, with dots between them."""
    return joined(texts, " · ")


def a_few(names: Sequence[str], most: int) -> str:
    """`ana, bob and 3 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def counted(count: int, one: str, many: str) -> str:
    """`1 room`, `1,200 rooms`."""
    return f"{count:,} {one if count == 1 else many}"


def count_people(count: int) -> str:
    return counted(count, "person", "people") if count else "nobody"


def people_in_it(count: int) -> str:
    """`1 person is in it`, `nobody is in it`."""
    return f"{count_people(count)} {'is' if count <= 1 else 'are'} in it"


def spoken_duration(duration: timedelta, *, exact: bool = False) -> str:
    """`42 min`, `1 h 5 min`, `34 s`: what takes a minute or more without its seconds, unless it is to be `exact`.

    To be read; `spell_duration` is how one is typed.
    """
    left, words = max(0, round(duration.total_seconds())), list[str]()
    if left >= _UNITS["min"] and not exact:
        left -= left % _UNITS["min"]
    for unit, seconds in _UNITS.items():
        count, left = divmod(left, seconds)
        words += [f"{count} {unit}"] if count else []
    return " ".join(words) or "0 s"


def spoken_size(size: int) -> str:
    """Bytes in decimal units, as file managers count them: `34.1 MB`."""
    if size < 1000:
        return f"{size} B"
    amount = size / 1000
    for unit in ("kB", "MB"):
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} GB"


def in_natural_order(name: str) -> tuple[tuple[int, str], ...]:
    """The key by which people and rooms are sorted: `person 2` before `Person 10`."""
    pieces = _NUMBER.split(name.casefold())  # words and numbers by turns, so that like is compared with like
    numbers = {piece: piece.lstrip("0") for piece in pieces[1::2]}
    return tuple((len(numbers[p]), numbers[p]) if at % 2 else (0, p) for at, p in enumerate(pieces))
