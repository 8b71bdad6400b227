"""Random commands, derived from the models, so that a new command is tested without a word about it here."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from commands.core.base import Command, Fetched, Offered, Offers, WorkspacePerson, has, marks
from commands.core.fields import field_type, holds_secret, is_many
from commands.core.moments import When

AWKWARD = "ab=-—.,;:'\"“”„«»`\\{}[]()<>|&*_#@!?/ \t\n\u00a0\u202f\u200b\u2060\ufeff🎬é漢\u0301\u202e\0"
"""Characters that mean something to the tokenizer, to Slack or to JSON, or that keyboards put in."""


def texts(max_size: int = 30) -> st.SearchStrategy[str]:
    return st.text(AWKWARD, max_size=max_size) | st.text(max_size=max_size) | st.sampled_from(PITFALLS)


PITFALLS = (
    "",
    ".",
    "-",
    "--",
    "--help",
    "-h",
    "—x",
    "--no-record",
    "--name=x",
    "room",
    "help",
    "true",
    "***",
    '"',
    "\\",
)

STREAMED_TO = (
    "rtmp://live.example.com/app/key",
    "RTMPS://live.example.com:443/app/more/key?a=b",
    "srt://[2001:db8::1]:9000",
)


SPECIAL = ("+493012345678", "112", "198.51.100.0/24", "DE", "sip.example.com:5061", "4321")
"""What fields take that take hardly any other text: numbers, addresses, countries, keys."""


@cache  # a validator for each field takes longer to make than a command to draw
def commands_of(model: type[Command]) -> st.SearchStrategy[Command]:
    """Any command of this class that its own validation takes."""
    return st.fixed_dictionaries({name: _values(info) for name, info in model.model_fields.items()}).map(
        lambda values: model.model_validate(values)
    )


def has_secret(model: type[Command]) -> bool:
    return any(map(holds_secret, model.model_fields.values()))


def _values(info: FieldInfo) -> st.SearchStrategy[Any]:
    """Values of the field's type that pass its validators and constraints."""
    assert info.annotation is not None
    annotated: Any = info.annotation
    for mark in info.metadata:
        annotated = Annotated[annotated, mark]
    adapter: TypeAdapter[Any] = TypeAdapter(annotated)
    special = _special(info, adapter)
    drawn = (_any_value(info) if special is None else special).filter(lambda value: _passes(adapter, value))
    return drawn if info.is_required() else drawn | st.just(info.get_default(call_default_factory=True))


def _special(info: FieldInfo, adapter: TypeAdapter[Any]) -> st.SearchStrategy[Any] | None:
    """None for a field that takes words, and for one that takes none of these."""
    kind = field_type(info)
    several = get_origin(kind) is tuple
    bare = get_args(kind)[0] if several else kind
    if getattr(bare, "__origin__", bare) not in (str, SecretStr):
        return None

    def takes(text: str) -> bool:
        return _passes(adapter, (text,) if several else text)

    taken = [text for text in SPECIAL if takes(text)]
    if not taken or takes("some words"):
        return None
    one = st.sampled_from(taken)
    return st.lists(one, max_size=3).map(tuple) if several else one


def _any_value(info: FieldInfo) -> st.SearchStrategy[Any]:
    """Of the field's type, and mostly such as its validators take."""
    if has(info, Fetched) and holds_secret(info):
        one = st.sampled_from(STREAMED_TO).map(SecretStr)
        return st.lists(one, max_size=4).map(tuple) if is_many(info) else one
    mentions = _mentions(info)
    return st.from_regex(mentions, fullmatch=True) if mentions else _of_type(field_type(info))


def _mentions(info: FieldInfo) -> str:
    """How somebody of the workspace, a group or a channel is written, where the field names one."""
    if any(offers.what is Offered.GRANTEE for offers in marks(info, Offers)):
        return r"@[UWS][A-Z0-9]{1,10}|#C[A-Z0-9]{1,10}"
    return r"@[UW][A-Z0-9]{1,10}" if has(info, WorkspacePerson) else ""


def _of_type(kind: Any) -> st.SearchStrategy[Any]:
    if hasattr(kind, "__metadata__"):
        return _of_type(kind.__origin__)
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(args)
    if origin is tuple:
        return st.lists(_of_type(args[0]), max_size=4).map(tuple)
    if origin is Mapping:
        keys = texts(10).map(lambda key: key.replace("=", "")).filter(lambda key: bool(key.strip()))
        return st.dictionaries(keys, texts(10), max_size=3)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: texts(),
        bool: st.booleans(),
        int: st.integers(1, 1_000_000),
        timedelta: st.integers(1, 10**9).map(lambda seconds: timedelta(seconds=seconds)),
        SecretStr: (st.sampled_from(STREAMED_TO) | texts()).map(SecretStr),
        When: st.sampled_from(["2h", "1d12h", "2026-12-01", "2026-12-01 18:00"]).map(When),
    }
    return plain[kind]


def _passes(adapter: TypeAdapter[Any], value: object) -> bool:
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True
