"""How ingresses are described: what each command for them takes, and which options go together.

A problem names the field by what every command calls it: `transcoding`, `preset`, `audio_preset`.
"""

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from commands.core.egress_options import choice_problems
from commands.core.errors import NothingHere, Problem
from commands.core.ingress_words import input_word
from commands.core.repeating import may_hold_key
from commands.core.types import REDACTED, Name, OneOf, looks_like_address
from providers.base import IngressInput, Limits

PRESETS: Final = OneOf(lambda limits: limits.ingress_presets)
AUDIO_PRESETS: Final = OneOf(lambda limits: limits.ingress_audio_presets)

_SPACE: Final = re.compile(r"\s")


_KEY: Final = "This looks like a stream key."
_RENEW: Final = "Delete your message where others can read it, and give the ingress a new key"
_NOT_CHOSEN: Final = "Nobody chooses a key. If it is a name, make it longer or put a dash in it."
_BY_ID: Final = "say which one is meant by its id, such as IN_1."


def key_not_repeated() -> NothingHere:
    """For what nothing is called, and may be a key."""
    return NothingHere(_KEY, f"{_RENEW}; {_BY_ID}")


def _no_address_with_key(text: str) -> str:
    if looks_like_address(text):
        raise PydanticCustomError("key", f"{_KEY} {_RENEW}; {_BY_ID}")
    return text


IngressName = Annotated[Name, AfterValidator(_no_address_with_key)]
"""An ingress by its id, its name, its identity or its room."""


def _no_key(text: str) -> str:
    if may_hold_key(text):
        raise PydanticCustomError("key", f"{_KEY} {_RENEW}. {_NOT_CHOSEN}")
    return text


def _no_address(text: str) -> str:
    if looks_like_address(text):
        raise PydanticCustomError("address", "This is an address, and it comes after the identity.")
    return text


Identity = Annotated[Name, AfterValidator(_no_address), AfterValidator(_no_key)]
"""Of an ingress in its room. An address may hold a password, which nothing repeats."""

Label = Annotated[Name, Field(max_length=256), AfterValidator(_no_key)]


def _readable(url: SecretStr) -> SecretStr:
    text = url.get_secret_value().strip()
    if text != REDACTED and (problem := _written_problem(text)):  # what the audit has in its place is read back, too
        raise PydanticCustomError("address", "{problem}", {"problem": problem})
    return SecretStr(text)


def _written_problem(url: str) -> str | None:
    if "://" not in url:
        return "It is no address. Write it like https://media.example.com/film.mp4."
    if _SPACE.search(url):
        return "There is a space in it, and an address has none."
    try:
        has_host = bool(urlsplit(url).hostname)
    except ValueError:  # a host in half a bracket
        has_host = False
    return None if has_host else "It has no host that can be understood."


SourceUrl = Annotated[SecretStr, AfterValidator(_readable)]
"""Where an ingress is fetched from; it may hold a password."""


def source_problems(url: SecretStr, limits: Limits) -> list[Problem]:
    """What keeps this video server from fetching it, without asking anybody."""
    given = url.get_secret_value()
    scheme, takes = given.partition("://")[0].lower(), limits.ingress_schemes
    if given == REDACTED or not takes or scheme in takes:
        return []
    known = ", ".join(f"{each}://" for each in takes)
    return [Problem(f"This video server fetches from {known}, and not from {scheme}://. Take another address.", "url")]


def encoding_problems(
    ingress_input: IngressInput | None,
    limits: Limits,
    *,
    transcoding: bool | None,
    preset: str | None,
    audio_preset: str | None,
) -> list[Problem]:
    """`ingress_input`: None where it is not known without asking; `transcoding`: None where nothing is said of it."""
    found = [
        *choice_problems("preset", preset, limits.ingress_presets),
        *choice_problems("audio_preset", audio_preset, limits.ingress_audio_presets),
    ]
    is_always = ingress_input in limits.always_transcoded
    if transcoding is False and is_always and ingress_input is not None:
        what = f"What comes by {input_word(ingress_input)} is always transcoded; leave it out."
        found.append(Problem(what, "transcoding"))
    elif transcoding is False or (transcoding is None and ingress_input is not None and not is_always):
        why = "A preset needs transcoding; add --transcoding, or leave the preset out."
        chosen = {"preset": preset, "audio_preset": audio_preset}
        found += [Problem(why, name) for name, value in chosen.items() if value is not None]
    return found
