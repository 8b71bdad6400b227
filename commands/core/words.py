"""Several texts as one, and long ones as short ones."""

from collections.abc import Iterable, Sequence

from commands.core.reply import Mark, Text


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
