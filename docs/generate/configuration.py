"""Every setting: its variable, its default, what would be right."""

from collections.abc import Iterator

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bot.config import CONFIG_FILE, SECTIONS
from docs.generate.markdown import MADE, table
from providers.registry import kinds, settings_of

_INTRODUCTION = """\
Variables of the environment win over those in `.env`; an empty one counts as not set. A start with a bad setting fails
at once and lists all that is wrong; `showcaller check` does the same, and asks Slack and the video servers too.
[.env.example](../.env.example) has them with examples. What is set per channel or per workspace while the bot runs is
not here: `/video setting list`.
"""

_SEVERAL = f"""\
Each setting of a kind is a variable (`LIVEKIT_URL`), which makes one server of that kind and name, or a key in a table
of the TOML file that `{CONFIG_FILE}` names (`url` in `[providers.livekit-eu]` beside `kind = "livekit"`), which makes
as many as are wanted; the first in the file is the default of every channel. There `${{NAME}}` takes a secret from the
environment.
"""

_HEAD = ("Setting", "Default", "What would be right")


def configuration_page() -> str:
    parts = ["# Configuration", MADE, _INTRODUCTION.rstrip()]
    for section in SECTIONS:
        parts += [f"## {_title(section)}", _table(section)]
    parts += ["## Video servers", _SEVERAL.rstrip()]
    for kind in kinds():
        model = settings_of(kind)
        rows = [
            (f"`{name}`" + (f", `{model.ENV_PREFIX}{name.upper()}`" if model.ENV_PREFIX else ""), *_rest(info))
            for name, info in model.model_fields.items()
        ]
        parts += [f"### `{kind}`", table(_HEAD, rows).rstrip()]
    return "\n\n".join(parts) + "\n"


def _title(section: type[BaseModel]) -> str:
    """`SlackSettings` as `Slack`."""
    return section.__name__.removesuffix("Settings")


def _table(section: type[BaseModel]) -> str:
    return table(_HEAD, _rows(section)).rstrip()


def _rows(section: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    for info in section.model_fields.values():
        yield (f"`{info.validation_alias}`", *_rest(info))


def _rest(info: FieldInfo) -> tuple[str, str]:
    return _default(info), info.description or ""


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "needed"
    default = info.get_default(call_default_factory=True)
    value = default.get_secret_value() if isinstance(default, SecretStr) else default
    return f"`{value}`" if value not in (None, (), frozenset(), "") else "-"
