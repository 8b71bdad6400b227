"""What secrets the tests make, and where any of them is seen.

A test's texts are searched once, when it is over, for the secrets that it made and for those that were there before.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl, quote, urlsplit

SHORTEST = 8
FEWEST_LETTERS = 5
"""A shorter or plainer text is a word that a test made up, and stands everywhere."""

_STREAMS = ("rtmp", "rtmps", "srt", "ws", "wss")

JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.([\w-]+)")
_HEX_KEY = re.compile(r"/([0-9a-f]{32})(?:[/?#]|$)")
_AROUND = 40


class Kind(StrEnum):
    """ISSUED is made for somebody: a token, a join link, a stream key. Its asker may read it."""

    ISSUED = "issued"
    SECRET = "secret"


@dataclass(frozen=True, slots=True)
class Leak:
    """`around` is the text beside it, without the secret."""

    kind: Kind
    sink: str
    test: str
    around: str


@dataclass(slots=True)
class _Heard:
    """What was heard of one sink. `allowed`: an issued secret may be in it."""

    sink: str
    allowed: bool
    texts: list[str] = field(default_factory=list)


class Watch:
    """`test` is the one that runs; none while modules are imported and fixtures of the session are made."""

    def __init__(self) -> None:
        self.test = ""
        self.leaks: list[Leak] = []
        self.searched = 0
        self._lasting: dict[str, Kind] = {}
        self._made: dict[str, Kind] = {}
        self._heard: dict[tuple[str, bool], _Heard] = {}

    def learn(self, secret: str, kind: Kind = Kind.SECRET) -> None:
        """From here on it must be seen nowhere. Of an address that is what is secret in it."""
        made = self._made if self.test else self._lasting
        for needle, known in _needles(secret, kind):
            if len(needle) >= SHORTEST and len(set(needle)) >= FEWEST_LETTERS:
                known = Kind.ISSUED if Kind.ISSUED in (known, made.get(needle)) else Kind.SECRET
                made.update(dict.fromkeys({needle, quote(needle, safe=""), json.dumps(needle)[1:-1]}, known))

    def hear(self, sink: str, text: str | bytes, *, allowed: bool = False) -> None:
        """`allowed`: only the one who asked reads it."""
        if text:
            heard = self._heard.setdefault((sink, allowed), _Heard(sink, allowed))
            heard.texts.append(text if isinstance(text, str) else text.decode("latin-1"))

    def hear_payload(self, sink: str, payload: object, *, to_asker: bool = False) -> None:
        """A message or a view. In what its asker alone reads, an issued secret may be in the words of its blocks."""
        for text, is_word in _texts(payload):
            self.hear(sink, text, allowed=to_asker and is_word)
            if to_asker and is_word:
                for token in JWT.finditer(text):  # made by another process, perhaps
                    self.learn(token[0], Kind.ISSUED)

    def settle(self) -> None:
        """Search what was heard, and forget it."""
        needles = {**self._lasting, **self._made}
        for heard in self._heard.values():
            text = "\n".join(heard.texts)
            self.searched += len(text)
            for needle, kind in needles.items():
                if not (heard.allowed and kind is Kind.ISSUED) and (at := text.find(needle)) >= 0:
                    around = (
                        f"{text[max(0, at - _AROUND) : at]}[here]{text[at + len(needle) : at + len(needle) + _AROUND]}"
                    )
                    self.leaks.append(Leak(kind, heard.sink, self.test, around))
        self._made, self._heard = {}, {}

    @contextmanager
    def apart(self) -> Iterator[list[Leak]]:
        """What leaks inside is on purpose, and is in the list when this is over."""
        kept = (self._lasting, self._made, self._heard, self.leaks)
        self._lasting, self._made, self._heard, self.leaks = {}, {}, {}, []
        found = self.leaks
        try:
            yield found
        finally:
            self.settle()
            self._lasting, self._made, self._heard, self.leaks = kept


def _needles(secret: str, kind: Kind) -> Iterator[tuple[str, Kind]]:
    """Of a JWT its signature, without which it opens nothing; of an address its password, and the key in its path, or
    in the query where it is one that media are sent to."""
    tokens = JWT.findall(secret)
    if tokens:
        yield from ((signature, kind) for signature in tokens)
    elif "://" in secret:
        yield from ((key, kind) for key in _HEX_KEY.findall(secret))
        yield from ((part, kind) for part in _secret_parts(secret) if part)
    else:
        yield from ((part.strip(), kind) for part in secret.split(",") if part.strip())


def _secret_parts(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
    except ValueError:  # a typing mistake that a test makes
        return
    yield parts.password or ""
    if parts.scheme in _STREAMS:
        yield parts.path.rpartition("/")[2] if parts.path.count("/") > 1 else ""
        yield from (value for _, value in parse_qsl(parts.query))


def _texts(payload: object, key: str = "", *, in_blocks: bool = False) -> Iterator[tuple[str, bool]]:
    """Every string of a payload, and whether it is a word that people read or a link's address, in its blocks."""
    match payload:
        case str():
            inner = _parsed(payload) if key in ("blocks", "view") else None
            if inner is None:
                yield payload, in_blocks and key in ("text", "url")
            else:
                yield from _texts(inner, key)
        case Mapping():
            for name, value in payload.items():
                yield from _texts(value, str(name), in_blocks=in_blocks or name == "blocks")
        case list() | tuple():
            for value in payload:
                yield from _texts(value, key, in_blocks=in_blocks or key == "blocks")
        case bytes():
            yield payload.decode("latin-1"), False


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


WATCH = Watch()
"""Of this run."""
