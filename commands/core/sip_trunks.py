"""Trunks: what their fields take, which rules hold between them, and how one is put in words."""

import re
from collections.abc import Collection, Mapping
from ipaddress import ip_network
from typing import Annotated, Final

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from commands.core.errors import Problem
from commands.core.phone_numbers import FAULT, twice_problem
from commands.core.reply import Code, Text
from commands.core.words import joined
from providers.base import Trunk, TrunkDirection, TrunkOptions, TrunkTransport

_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")

ONLY_OF: Final[Mapping[TrunkDirection, tuple[str, ...]]] = {
    TrunkDirection.OUTBOUND: ("address", "transport", "country"),
    TrunkDirection.INBOUND: ("allow_address", "allow_number"),
}
"""The fields that the commands have for one direction alone."""


def _to_address(text: str) -> str:
    if text and not _HOST.fullmatch(text):
        raise PydanticCustomError(
            FAULT, "It is no host. Write it without sip: and without a name before it, like example.com:5061."
        )
    return text


TrunkAddress = Annotated[str, AfterValidator(_to_address)]
"""A telephone company's host, with a port where it is not the usual one."""


def _to_network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False)) if "/" in text else (text and str(ip_network(text).network_address))
    except ValueError:
        what = "It is no IP address and no network. Write it like 198.51.100.7 or 198.51.100.0/24."
        raise PydanticCustomError(FAULT, "{what}", {"what": what}) from None


Network = Annotated[str, AfterValidator(_to_network)]
"""From where calls may come. LiveKit passes over what is neither address nor network, and where nothing else is left
it lets everybody in (livekit/protocol, sip/sip.go), so a slip must not get there."""


def _to_country(text: str) -> str:
    if text and not _COUNTRY.fullmatch(text.upper()):
        raise PydanticCustomError(FAULT, "A country is two letters, as in the names of its websites: DE, US.")
    return text.upper()


Country = Annotated[str, AfterValidator(_to_country)]


def trunk_problems(trunk: Trunk | TrunkOptions) -> list[Problem]:
    """What is wrong with all of it together, by the fields of the commands."""
    found = list[Problem]()
    if trunk.direction is TrunkDirection.OUTBOUND:
        if not trunk.address:
            found.append(Problem("Calls cannot go out without the telephone company's host. Give it.", "address"))
        if not trunk.numbers:
            found.append(Problem("Calls go out under a number of yours. Give one.", "number"))
    elif not (trunk.numbers or trunk.allowed_addresses or trunk.username):
        open_to_all = "Anybody could call in by it. Give its numbers, the addresses that may call, or a login."
        found.append(Problem(open_to_all, "allow_address"))
    has_password = bool(trunk.password)
    if trunk.username and not has_password:
        found.append(Problem("A login has a password, too. Give it, or leave the name out.", "password"))
    if has_password and not trunk.username:
        found.append(Problem("A login has a name, too. Give it, or leave the password out.", "username"))
    lists = {"number": trunk.numbers, "allow_address": trunk.allowed_addresses, "allow_number": trunk.allowed_numbers}
    return [*found, *(problem for field, values in lists.items() for problem in twice_problem(field, values))]


def misplaced(direction: TrunkDirection, changed: Collection[str]) -> list[Problem]:
    """Fields that a trunk of this direction does not have."""
    other = TrunkDirection.INBOUND if direction is TrunkDirection.OUTBOUND else TrunkDirection.OUTBOUND
    return [
        Problem(f"Only {other} trunks have that; leave it out.", field) for field in ONLY_OF[other] if field in changed
    ]


def trunk_name(trunk: Trunk) -> str:
    """What people call it."""
    return trunk.name or next(iter(trunk.numbers), trunk.ref.id)


def trunk_facts(trunk: Trunk) -> tuple[tuple[str, Text], ...]:
    """All but the password and the metadata, of which it is only said whether there are any."""
    facts: list[tuple[str, Text]] = [
        ("Id", (Code(trunk.ref.id),)),
        ("Direction", trunk.direction.value),
        ("Numbers", _codes(trunk.numbers)),
        ("Address", (Code(trunk.address),) if trunk.address else ""),
        ("Transport", "" if trunk.transport is TrunkTransport.AUTO else trunk.transport.value.upper()),
        ("Country", trunk.country),
        ("May call from", _codes(trunk.allowed_addresses)),
        ("May call", _codes(trunk.allowed_numbers)),
        ("Login", (Code(trunk.username),) if trunk.username else ""),
        ("Password", "set" if trunk.password else ""),
        ("Metadata", "set" if trunk.metadata else ""),
    ]
    return tuple((label, value) for label, value in facts if value)


def _codes(texts: Collection[str]) -> Text:
    return joined([(Code(text),) for text in texts], ", ")
