"""What cannot be of a trunk, a rule and a call: each `_problem` says the reason in words, None where all is well.

Stricter than LiveKit where it would take what cannot work, or what lets anybody in: livekit/sip asks for no login where
half of one is set, and a caller can press digits alone.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from providers.sip import DialOptions, Rule, RuleKind, RuleOptions, Trunk, TrunkDirection, TrunkOptions

KEYS: Final = "0123456789*#ABCD"
"""What a telephone can press, each at the place of its code (RFC 4733)."""
PAUSE: Final = "W"
MOST_KEYS: Final = 64

_NO_HOST: Final = re.compile(r"^sips?:|[@;\s]|transport=", re.IGNORECASE)
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


def trunk_problem(trunk: Trunk | TrunkOptions) -> str | None:
    return next(_trunk_problems(trunk), None)


def rule_problem(rule: Rule | RuleOptions) -> str | None:
    if rule.kind is RuleKind.DIRECT and not rule.room:
        return "A rule that leads into one room needs the room's name."
    pin = rule.pin.get_secret_value() if rule.pin is not None else ""
    if pin and not (pin.isascii() and pin.isdigit()):
        return "A PIN is of digits alone: callers press it."
    return None


def trunks_share_calls(one: Trunk | TrunkOptions, other: Trunk | TrunkOptions) -> bool:
    """Whether somebody could call the same number by both. A trunk without numbers, or without allowed ones, is for all
    that the others do not name (livekit/protocol, sip/sip.go)."""
    if TrunkDirection.OUTBOUND in (one.direction, other.direction):
        return False
    same_callee = _numbers(one.numbers) & _numbers(other.numbers)
    return bool(same_callee and _numbers(one.allowed_numbers) & _numbers(other.allowed_numbers))


def rules_share_calls(one: Rule | RuleOptions, other: Rule | RuleOptions) -> bool:
    """Whether a call could be for both: by the same trunk, from the same number, with the same PIN, or with none."""
    same_trunk = set(one.trunks or ("",)) & set(other.trunks or ("",))
    same_caller = _numbers(one.callers) & _numbers(other.callers)
    return bool(same_trunk and same_caller) and (one.pin or None) == (other.pin or None)


def _numbers(numbers: Iterable[str]) -> set[str]:
    """With `+` and without is the same."""
    return {number.lstrip("+") for number in numbers} or {""}


def dial_problem(options: DialOptions) -> str | None:
    problem = number_problem(options.number)
    return problem or (keys_problem(options.dtmf.get_secret_value()) if options.dtmf is not None else None)


def number_problem(number: str) -> str | None:
    return None if number and "@" not in number else "A telephone number is needed, without an address behind it."


def keys_problem(digits: str) -> str | None:
    """Says nothing of the digits themselves: they may be a PIN."""
    if not digits or not set(digits.upper()) <= set(KEYS + PAUSE):
        return "Keys are digits, * and #, A to D, and w, which waits half a second."
    if len(digits) > MOST_KEYS:
        return f"At most {MOST_KEYS} keys are pressed in one go."
    return None


def _trunk_problems(trunk: Trunk | TrunkOptions) -> Iterator[str]:
    has_username, has_password = bool(trunk.username), _has_password(trunk)
    if has_username != has_password:
        yield "A login is a username and a password: half of one protects nothing."
    if trunk.direction is TrunkDirection.INBOUND:
        if trunk.address or trunk.country:
            yield "A trunk that calls come in by has no address of its own and no country."
        if not (trunk.numbers or trunk.allowed_addresses or has_password):
            yield "Anybody could call in: a number, an allowed address or a login is needed."
    else:
        yield from _outbound_problems(trunk)


def _outbound_problems(trunk: Trunk | TrunkOptions) -> Iterator[str]:
    if trunk.allowed_addresses or trunk.allowed_numbers:
        yield "Who may call is said of a trunk that calls come in by."
    if not trunk.numbers:
        yield "A trunk that calls go out by needs a number to call from."
    if not trunk.address:
        yield "A trunk that calls go out by needs the address of the telephone company."
    if _NO_HOST.search(trunk.address):
        yield "The address is a host and perhaps a port, such as sip.example.com:5060, without sip: or anything behind."
    if trunk.country and not _COUNTRY.fullmatch(trunk.country):
        yield "A country has two capital letters, such as US."


def _has_password(trunk: Trunk | TrunkOptions) -> bool:
    return trunk.password is not None and bool(trunk.password.get_secret_value())
