"""The only reader of the environment: variables and the file that `SHOWCALLER_CONFIG` names, to `Settings`.

`load` looks at everything before it gives up, so that `BadSettings` holds all that is wrong at once.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TypeVar

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.settings import (
    AccessSettings,
    AlertSettings,
    CommandSettings,
    DatabaseSettings,
    LimitSettings,
    LogSettings,
    ProviderConfig,
    Section,
    Settings,
    SlackSettings,
    WebSettings,
)
from providers import registry

CONFIG_FILE = "SHOWCALLER_CONFIG"
READ_BY_BOLT = (
    "SLACK_BOT_TOKEN",
    "SLACK_CLIENT_ID",
    "SLACK_CLIENT_SECRET",
    "SLACK_SIGNING_SECRET",
    "SLACK_VERIFICATION_TOKEN",
)
PROVIDER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
REFERENCE = re.compile(r"\$\{(\w+)\}")
SECTIONS: tuple[type[Section], ...] = (
    SlackSettings,
    DatabaseSettings,
    WebSettings,
    LimitSettings,
    AccessSettings,
    CommandSettings,
    AlertSettings,
    LogSettings,
)

S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class BadSetting:
    """`where`: a variable, or a place in the file. `what` is wrong, `right` is what would be."""

    where: str
    what: str
    right: str

    def __str__(self) -> str:
        return f"{self.where} {self.what}. Expected: {self.right.rstrip('.')}."


class BadSettings(Exception):
    """All that is wrong with the configuration. It never holds the value of a secret."""

    def __init__(self, problems: list[BadSetting]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def variables() -> frozenset[str]:
    """Every variable that is understood, but for those of the providers."""
    return frozenset(str(f.validation_alias) for s in SECTIONS for f in s.model_fields.values()) | {CONFIG_FILE}


def load(environ: Mapping[str, str], *, cwd: Path, env_file: Path | None = None) -> Settings:
    """Read the settings, or raise `BadSettings`.

    `environ` wins over `env_file` (a `.env`, which may be absent); an empty variable counts as none. Relative paths
    start at `cwd`.
    """
    return _Loader(_given(environ, env_file), cwd).load()


def _filled_in(variables: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text.strip() for name, text in variables.items() if text and text.strip()}


def from_environment(*, cwd: Path) -> Settings:
    """`load` for this process: its environment and the `.env` in `cwd`. Raises `BadSettings`.

    Variables that Bolt would read behind our back are taken out of the environment: `SLACK_CLIENT_ID` with its secret
    switches Bolt to OAuth, and a `SLACK_BOT_TOKEN` beside the client it is given makes it warn at each start.
    """
    settings = load(dict(os.environ), cwd=cwd, env_file=cwd / ".env")
    for name in READ_BY_BOLT:
        os.environ.pop(name, None)
    return settings


def database_from_environment(*, cwd: Path) -> DatabaseSettings:
    """The database alone, for looking after it without the rest. Raises `BadSettings`."""
    loader = _Loader(_given(dict(os.environ), cwd / ".env"), cwd)
    database = loader.section(DatabaseSettings)
    if database is None:
        raise BadSettings(loader.problems)
    return database.under(cwd)


def livekit_server() -> str | None:
    """The program that `LIVEKIT_SERVER` names, for the demo and the tests, which start a server of their own."""
    return _filled_in(os.environ).get("LIVEKIT_SERVER")


def bare_environment() -> dict[str, str]:
    """What a server of our own is started with: it finds its files, and no setting that was meant for another."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}


def _given(environ: Mapping[str, str], env_file: Path | None) -> dict[str, str]:
    written = dotenv_values(env_file, interpolate=False) if env_file else {}
    return _filled_in(written) | _filled_in(environ)


class _Loader:
    """One reading. Problems are gathered as they are found."""

    def __init__(self, given: Mapping[str, str], cwd: Path) -> None:
        self.given = given
        self.cwd = cwd
        self.problems: list[BadSetting] = []
        self.taken: set[str] = set()
        """The variables that the file takes by `${NAME}`: they are the file's and configure no provider alone."""

    def load(self) -> Settings:
        slack = self.section(SlackSettings)
        database = self.section(DatabaseSettings)
        web = self.section(WebSettings)
        limits = self.section(LimitSettings)
        access = self.section(AccessSettings)
        commands = self.section(CommandSettings)
        alerts = self.section(AlertSettings)
        log = self.section(LogSettings)
        providers = self._providers()
        self._misspelt()
        self._rules(web, database)
        if self.problems or not (slack and database and web and limits and access and commands and alerts and log):
            raise BadSettings(self.problems)
        reached = tuple(_reached(provider, web) for provider in providers)
        return Settings(slack, database.under(self.cwd), web, limits, access, commands, alerts, log, reached)

    def section(self, section: type[S]) -> S | None:
        fields = {str(f.validation_alias): f.description or "" for f in section.model_fields.values()}
        try:
            return section.model_validate({name: self.given[name] for name in fields if name in self.given})
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                where = str(detail["loc"][0])
                self._bad(where, _what(detail), fields[where])
            return None

    def _bad(self, where: str, what: str, right: str) -> None:
        self.problems.append(BadSetting(where, what, right))

    def _rules(self, web: WebSettings | None, database: DatabaseSettings | None) -> None:
        """What holds between variables. It is looked at only where each of them is right."""
        if not ({"SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"} & self.given.keys()):
            self._bad(
                "SLACK_APP_TOKEN",
                "is missing, and so is SLACK_SIGNING_SECRET",
                "the app-level token, `xapp-...`, for Socket Mode, or the signing secret for HTTP",
            )
        if web and web.port and web.port == web.admin_port:
            self._bad("ADMIN_PORT", "is the same as PORT", "another port, or none")
        if database and database.file is None and not database.secret_keys:
            fields = DatabaseSettings.model_fields
            what = "is missing, and processes that share a database must share the keys of what is sealed in it"
            self._bad("SHOWCALLER_SECRET_KEY", what, fields["secret_keys"].description or "")

    def _misspelt(self) -> None:
        ours = sorted(name for name in variables() if name.startswith("SHOWCALLER_"))
        for name in sorted(self.given):
            if name.startswith("SHOWCALLER_") and name not in ours and (near := get_close_matches(name, ours, 1, 0.85)):
                self._bad(name, "is no setting", f"{near[0]}, if that is what was meant")

    def _providers(self) -> list[ProviderConfig]:
        before = len(self.problems)
        found = self._from_file()
        found += self._from_environment({p.name for p in found})
        if not found and len(self.problems) == before:
            by_variables = [_required(kind) for kind in registry.kinds() if registry.settings_of(kind).ENV_PREFIX]
            self._bad(
                CONFIG_FILE,
                "is missing, and no video server is configured by variables of its own",
                f"{' or '.join(by_variables)}, or a TOML file with a table [providers.NAME] "
                f"and in it a kind ({', '.join(registry.kinds())})",
            )
        return found

    def _from_environment(self, names: set[str]) -> list[ProviderConfig]:
        """One for each kind that has a variable of its own, called like its kind."""
        found: list[ProviderConfig] = []
        for kind in registry.kinds():
            variable_of = _variables_of(kind)
            given = {name: v for name, v in variable_of.items() if v in self.given and v not in self.taken}
            if given and kind in names:
                both = f"configures `{kind}`, and so does the file"
                self._bad(min(given.values()), both, "one of the two, or another name in the file")
            elif given:
                values = {name: self.given[variable] for name, variable in given.items()}
                found += self._provider(kind, kind, values, partial(_variable, kind))
        return found

    def _from_file(self) -> list[ProviderConfig]:
        if CONFIG_FILE not in self.given:
            return []
        path = self.cwd / self.given[CONFIG_FILE]
        try:
            document = tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            self._bad(CONFIG_FILE, f"cannot be read ({type(error).__name__})", "the path of a TOML file")
            return []
        except tomllib.TOMLDecodeError as error:
            where = re.search(r"\(at .*\)", str(error))
            self._bad(
                path.name, f"is no TOML {where[0] if where else ''}".rstrip(), "a table [providers.NAME] for each"
            )
            return []
        for name in document.keys() - {"providers"}:
            self._bad(f"{path.name}: {name}", "is not known", "tables [providers.NAME] alone")
        tables = document.get("providers")
        if not isinstance(tables, dict) or not tables:
            self._bad(path.name, "configures no video server", "a table [providers.NAME] for each")
            return []
        return [
            p for name, table in tables.items() for p in self._from_table(f"{path.name}: providers.{name}", name, table)
        ]

    def _from_table(self, where: str, name: str, table: object) -> list[ProviderConfig]:
        if not PROVIDER_NAME.fullmatch(name):
            self._bad(
                where, "is no name for a video server", "up to 40 of a-z, 0-9, `-` and `_`, a letter or digit first"
            )
            return []
        if not isinstance(table, dict):
            self._bad(where, "is no table", f"[providers.{name}] with a kind in it")
            return []
        values = {key: self._filled(f"{where}.{key}", value) for key, value in table.items()}
        kind = values.pop("kind", None)
        if not isinstance(kind, str) or kind not in registry.kinds():
            what = "is missing" if kind is None else "is no kind of video server"
            self._bad(f"{where}.kind", what, f"one of {', '.join(registry.kinds())}")
            return []
        return self._provider(name, kind, values, lambda key: f"{where}.{key}".rstrip("."))

    def _filled(self, where: str, value: object) -> object:
        """`value` with each `${NAME}` in it, or in a table that it is, taken from the environment."""
        if isinstance(value, dict):
            return {key: self._filled(f"{where}.{key}", each) for key, each in value.items()}
        if not isinstance(value, str):
            return value
        names = REFERENCE.findall(value)
        self.taken.update(names)
        for name in names:
            if name not in self.given:
                self._bad(where, f"takes ${{{name}}} from the environment, where it is not set", f"{name} set")
        return REFERENCE.sub(lambda match: self.given.get(match[1], match[0]), value)

    def _provider(
        self, name: str, kind: str, values: Mapping[str, object], place: Callable[[str], str]
    ) -> list[ProviderConfig]:
        """The one provider, or none where something is wrong with it.

        `place` says where a setting is written, and for an empty one where all of them are.
        """
        model = registry.settings_of(kind)
        try:
            return [ProviderConfig(name, kind, model.model_validate(values))]
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                key = str(detail["loc"][0]) if detail["loc"] else ""
                field = model.model_fields.get(key)
                right = (field and field.description) or f"settings of this kind: {', '.join(model.model_fields)}"
                self._bad(place(key), _what(detail), right)
            return []


def _reached(provider: ProviderConfig, web: WebSettings) -> ProviderConfig:
    """With its own webhooks' address; a port that is chosen at the start has none yet."""
    if web.port == 0:
        return provider
    host = "127.0.0.1" if web.host in ("0.0.0.0", "::", "localhost") else web.host  # noqa: S104 - compared, not bound
    url = f"http://{host}:{web.port}/webhooks/{provider.name}"
    return replace(provider, settings=provider.settings.reached_at(url))


def _variable(kind: str, setting: str) -> str:
    return f"{registry.settings_of(kind).ENV_PREFIX}{setting.upper() or '*'}"


def _variables_of(kind: str) -> dict[str, str]:
    """Each setting of a kind with its variable; empty for a kind that variables alone never configure."""
    model = registry.settings_of(kind)
    return {name: _variable(kind, name) for name in model.model_fields} if model.ENV_PREFIX else {}


def _required(kind: str) -> str:
    fields = registry.settings_of(kind).model_fields
    return ", ".join(v for name, v in _variables_of(kind).items() if fields[name].is_required())


def _what(detail: ErrorDetails) -> str:
    """What is wrong, to stand after the name of the setting. pydantic's own messages hold no values for our types."""
    match detail["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is no setting of this kind of video server"
        case "value_error":
            return str(detail["ctx"]["error"])
        case "less_than_equal":
            return f"is more than {detail['ctx']['le']}"
        case "greater_than_equal":
            return f"is less than {detail['ctx']['ge']}"
        case "int_parsing" | "int_type" | "int_from_float":
            return "is no whole number"
        case "float_parsing" | "float_type" | "finite_number":
            return "is no number"
        case "literal_error":
            return "is none of them"
    return f"is wrong: {detail['msg'][0].lower()}{detail['msg'][1:]}"
