"""What a video server takes, so that it can be said before the call."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from providers.ingress import IngressInput


@dataclass(frozen=True, slots=True)
class NamedOutput:
    """Where recordings can be put, as the configuration names it. `place` is for people and holds no secret."""

    name: str
    kind: str
    place: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Lengths are in UTF-8 bytes. `always_transcoded`: what comes by these inputs cannot be passed on as it is. Each
    `..._problem` says in one sentence what is wrong; None where all is well."""

    room_name_bytes: int = 256
    identity_bytes: int = 256
    metadata_bytes: int = 64 * 1024
    attributes_bytes: int = 64 * 1024
    signal_bytes: int = 15 * 1024
    max_participants: int = 10_000
    room_timeout_max: timedelta = timedelta(days=30)
    token_ttl_max: timedelta = timedelta(days=30)
    token_ttl_min: timedelta = timedelta(seconds=10)
    layouts: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    outputs: tuple[NamedOutput, ...] = ()
    stream_schemes: tuple[str, ...] = ("rtmp", "rtmps")
    ingress_schemes: tuple[str, ...] = ()
    ingress_presets: tuple[str, ...] = ()
    ingress_audio_presets: tuple[str, ...] = ()
    always_transcoded: tuple[IngressInput, ...] = ()

    def room_name_problem(self, name: str) -> str | None:
        return _name_problem("A room's name", name, self.room_name_bytes)

    def identity_problem(self, identity: str) -> str | None:
        return _name_problem("An identity", identity, self.identity_bytes)

    def display_name_problem(self, name: str) -> str | None:
        """An empty one is fine: the identity is shown then."""
        return _name_problem("A display name", name, self.identity_bytes) if name else None

    def metadata_problem(self, metadata: str) -> str | None:
        return _size_problem("Metadata", metadata, self.metadata_bytes)

    def signal_problem(self, message: str) -> str | None:
        return _size_problem("A message", message, self.signal_bytes)

    def attributes_problem(self, attributes: Mapping[str, str]) -> str | None:
        return _size_problem("Attributes", "".join(k + v for k, v in attributes.items()), self.attributes_bytes)


def _size_problem(what: str, text: str, limit: int) -> str | None:
    if (size := len(text.encode(errors="surrogatepass"))) > limit:
        return f"{what} can have {limit:,} bytes; this has {size:,}."
    return None


def _name_problem(what: str, name: str, limit: int) -> str | None:
    if not name.strip():
        return f"{what} cannot be empty."
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
        return f"{what} cannot hold control characters or line breaks."
    if (size := len(name.encode())) > limit:
        return f"{what} can be {limit} bytes long; this one has {size}."
    return None
