"""From what people type in chat to words, whatever their keyboards made of it.

Each rule below exists because somebody's keyboard or clipboard needs it; `tests/commands/core/test_tokens.py` has the
table. In short: any Unicode space separates; apostrophes, `*` and `<` are letters; double quotes, curly quotes and
runs of backticks hold a word together; so does a bracketed word such as JSON or `[a-c]*`, with apostrophes around it as
in a shell or without; a long dash before a letter is `--`.
"""

import json
import re
from contextlib import suppress
from dataclasses import dataclass

from commands.core.errors import Problem, UsageError

LONGEST_LINE = 4_000
"""Slack publishes no limit for a command's text; nobody types more than this."""

_STRAIGHT = '"'
_CURLY = "“”„‟«»"
_BRACKETS = {"{": "}", "[": "]"}
_APOSTROPHES = "'‘’"
_INVISIBLE = "\u200b\u2060\ufeff"
_WITHOUT_INVISIBLE = str.maketrans(dict.fromkeys(_INVISIBLE))
_LONG_DASHES = re.compile(rf"[\u2012-\u2015\u2212{_INVISIBLE}]+(?<![{_INVISIBLE}])(?=[{_INVISIBLE}]*[^\W\d_])")
_PIECE = re.compile(r"[^\s=]*=|[^\s=]+")
_STRAIGHTENED = str.maketrans(dict.fromkeys(_CURLY, '"'))


@dataclass(frozen=True, slots=True)
class Word:
    """`quoted` is true for a word that began inside quotes: it is never an option, a verb or `.`."""

    text: str
    quoted: bool = False


def split(line: str) -> list[Word]:
    """The words of a line. Raises `UsageError` for a quote or bracket that is never closed."""
    if len(line) > LONGEST_LINE:
        raise UsageError(
            [Problem(f"That is {len(line):,} characters; a command can have {LONGEST_LINE:,}.")],
            "Shorten it. A form takes less: 3,000 characters in a field.",
        )
    return list(_Reader(line).words())


class _Reader:
    def __init__(self, line: str) -> None:
        self.line = line
        self.at = 0

    def words(self) -> list[Word]:
        found = []
        while self._skip_space():
            found.append(self._word())
        return found

    @property
    def here(self) -> str:
        return self.line[self.at : self.at + 1]

    def _separates(self) -> bool:
        return not self.here or self.here.isspace() or self.here in _INVISIBLE

    def _skip_space(self) -> bool:
        while self.here and self._separates():
            self.at += 1
        return bool(self.here)

    def _word(self) -> Word:
        if self._opens_quote():
            return Word(self._enclosed(), quoted=True)
        if self.here in _BRACKETS:
            return Word(self._bracketed() + self._bare())
        if (text := self._between_apostrophes()) is not None:
            return Word(text, quoted=True)
        return Word(self._bare())

    def _between_apostrophes(self) -> str | None:
        """JSON as one types it in a shell, with its apostrophes left out; elsewhere an apostrophe is a letter."""
        return self._around_bracket(self.at) if self.here and self.here in _APOSTROPHES else None

    def _around_bracket(self, start: int) -> str | None:
        """What stands between a quote right before a bracket and one right after its match; None for anything else.

        People put quotes around JSON without a thought for those in it.
        """
        closers = next(family for family in (_APOSTROPHES, _STRAIGHT, _CURLY, "`") if self.line[start] in family)
        back, self.at = self.at, start + 1
        if self.here in _BRACKETS:
            with suppress(UsageError):
                text = self._bracketed()
                if self.here and self.here in closers:
                    self.at += 1
                    if self._separates():
                        return text
        self.at = back
        return None

    def _bare(self) -> str:
        """Letters up to a space; after `=` a value may be quoted, and after `--option=` bracketed."""
        text = ""
        if dashes := _LONG_DASHES.match(self.line, self.at):
            text, self.at = "--", dashes.end()
        while piece := _PIECE.match(self.line, self.at):
            self.at = piece.end()
            text += piece[0].translate(_WITHOUT_INVISIBLE)
            if not text.endswith("="):
                continue
            if self._opens_quote():
                return text + self._enclosed()
            if text.startswith("--") and text.count("=") == 1:
                if self.here in _BRACKETS:
                    text += self._bracketed()
                elif (inside := self._between_apostrophes()) is not None:
                    return text + inside
        return text

    def _opens_quote(self) -> bool:
        return bool(self.here) and self.here in _STRAIGHT + _CURLY + "`"

    def _enclosed(self) -> str:
        start = self.at
        inside = self._backticked() if self.here == "`" else self._quoted()
        if inside is None:
            raise _unclosed("quote", self.line[start:])
        if not self._separates():
            if (text := self._around_bracket(start)) is not None:
                return text
            raise UsageError(
                [
                    Problem(
                        f"Something follows the closing quote: {_excerpt(self.line[start:])}",
                        aloud="Something follows a closing quote.",
                    )
                ],
                "Put a space after a closing quote.",
            )
        return inside

    def _quoted(self) -> str | None:
        closers = _STRAIGHT if self.here == _STRAIGHT else _CURLY
        text = ""
        self.at += 1
        while self.here:
            letter = self.here
            self.at += 1
            if letter in closers:
                return text
            if letter == "\\" and closers == _STRAIGHT and self.here and self.here in '"\\':
                letter = self.here
                self.at += 1
            text += letter
        return None

    def _backticked(self) -> str | None:
        opening = re.compile(r"`+").match(self.line, self.at)
        assert opening is not None
        closing = re.compile(rf"(?<!`){opening[0]}(?!`)").search(self.line, opening.end())
        if closing is None:
            return None
        self.at = closing.end()
        return self.line[opening.end() : closing.start()]

    def _bracketed(self) -> str:
        """Verbatim to the matching bracket; brackets inside strings do not count."""
        start, depth = self.at, [_BRACKETS[self.here]]
        self.at += 1
        while self.here and depth:
            if self.here in _BRACKETS:
                depth.append(_BRACKETS[self.here])
            elif self.here == depth[-1]:
                depth.pop()
            elif self.here == _STRAIGHT or self.here in _CURLY:
                self._skip_string()
                continue
            self.at += 1
        if depth:
            raise _unclosed("bracket", self.line[start:])
        return _straightened(self.line[start : self.at])

    def _skip_string(self) -> None:
        closers = _STRAIGHT if self.here == _STRAIGHT else _CURLY
        self.at += 1
        while self.here and self.here not in closers:
            self.at += 2 if self.here == "\\" else 1
        self.at += 1


def _straightened(text: str) -> str:
    """A phone's curly quotes in JSON become straight; what is JSON as typed keeps them."""
    try:
        json.loads(text)
    except ValueError:
        return text.translate(_STRAIGHTENED)
    return text


def _unclosed(what: str, rest: str) -> UsageError:
    return UsageError(
        [Problem(f"This {what} is never closed: {_excerpt(rest)}", aloud=f"A {what} is never closed.")],
        f"Add the closing {what}, or put quotes around the whole word.",
    )


def _excerpt(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:39] + "…"


def quote(text: str) -> str:
    """The shortest way to write `text` so that `split` reads it back as it is."""
    if _reads_back(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def respell(word: Word) -> str:
    """A way to type `word` that `split` reads back as it is; an option stays one."""
    if word.quoted:
        return quote(word.text)
    name, equals, value = word.text.partition("=")
    return word.text if not equals or _is_one_word(word.text) else name + equals + quote(value)


def _reads_back(text: str) -> bool:
    return not text.startswith("-") and text != "." and _is_one_word(text)


def _is_one_word(text: str) -> bool:
    try:
        return split(text) == [Word(text)]
    except UsageError:
        return False
