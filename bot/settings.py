"""What the bot is told from outside, section by section, once it is known to be right.

Each field is one variable: its alias is the variable's name, its description says what would be right, and a
validator's `ValueError` says what is wrong, so that the three make one sentence. `bot/config.py` reads them.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal, Self
from urllib.parse import quote, urlsplit

from cryptography.fernet import Fernet
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.addresses import Allowed
from bot.store import postgresql, sqlite
from commands.core.base import Role
from providers.registry import ProviderSettings


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("is no http or https address")
    if parts.query or parts.fragment:
        raise ValueError("has a query or a fragment")
    return value


def _listed(value: object) -> object:
    """`a, b` as two values."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _starts_with(prefix: str, value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(prefix):
        raise ValueError(f"does not start with `{prefix}`")
    return value


Port = Annotated[int, Field(ge=0, le=65535)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class SlackSettings(Section):
    """How we reach Slack, and how Slack reaches us: Socket Mode when there is an app token, else HTTP."""

    bot_token: SecretStr = Field(
        validation_alias="SLACK_BOT_TOKEN",
        description="the bot token, `xoxb-...`, from the app's page OAuth & Permissions",
    )
    app_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_APP_TOKEN",
        description="the app-level token, `xapp-...`, with the scope connections:write, for Socket Mode",
    )
    signing_secret: SecretStr | None = Field(
        None,
        validation_alias="SLACK_SIGNING_SECRET",
        description="the signing secret from the app's page Basic Information, for HTTP",
    )
    api_url: str = Field(
        "https://slack.com/api/",
        validation_alias="SLACK_API_URL",
        description="an http or https address that ends in `/api/`; leave it out for Slack itself",
    )

    @field_validator("bot_token")
    @classmethod
    def _is_bot_token(cls, value: SecretStr) -> SecretStr:
        return _starts_with("xoxb-", value)

    @field_validator("app_token")
    @classmethod
    def _is_app_token(cls, value: SecretStr | None) -> SecretStr | None:
        return value and _starts_with("xapp-", value)

    @field_validator("api_url")
    @classmethod
    def _is_api_url(cls, value: str) -> str:
        if not value.endswith("/api/"):
            raise ValueError("does not end in `/api/`")
        return _web_address(value)


class DatabaseSettings(Section):
    """`url` names its driver, and the absolute path of a file. `secret_keys`: the newest first."""

    url: SecretStr = Field(
        SecretStr("sqlite+aiosqlite:///showcaller.db"),
        validation_alias="DATABASE_URL",
        description="`sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user:password@host/database`",
    )
    secret_keys: Annotated[tuple[SecretStr, ...], BeforeValidator(_listed)] = Field(
        (),
        validation_alias="SHOWCALLER_SECRET_KEY",
        description="Fernet keys (32 bytes in URL-safe base64), the newest first, with commas between them",
    )

    @field_validator("url")
    @classmethod
    def _is_understood(cls, value: SecretStr) -> SecretStr:
        try:
            url = make_url(value.get_secret_value())
        except (ArgumentError, ValueError):
            raise ValueError("is no database address") from None
        match url.drivername:
            case "sqlite" | sqlite.DRIVER:
                return _file_url(url)
            case "postgres" | "postgresql" | postgresql.DRIVER:
                return _server_url(url)
        raise ValueError(f"asks for `{url.drivername}`; it can be sqlite or postgresql")

    @field_validator("secret_keys")
    @classmethod
    def _are_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for number, key in enumerate(value, 1):
            try:
                Fernet(key.get_secret_value())
            except ValueError:
                raise ValueError(f"is no Fernet key (number {number} of {len(value)})") from None
        return value

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for a server."""
        url = make_url(self.url.get_secret_value())
        return Path(url.database or "") if url.drivername == sqlite.DRIVER else None

    def passwords(self) -> frozenset[str]:
        """That of a server, as it is and as a URL spells it."""
        password = make_url(self.url.get_secret_value()).password
        return frozenset({password, quote(password, safe=""), quote(password, safe=" +")} if password else ())

    def under(self, cwd: Path) -> Self:
        """With the path of a file made absolute."""
        if self.file is None:
            return self
        url = URL.create(sqlite.DRIVER, database=str(cwd / self.file))
        return self.model_copy(update={"url": _whole(url)})


def _file_url(url: URL) -> SecretStr:
    path = url.database or ""
    if url.host or url.query or path in ("", ":memory:") or path.startswith("file:"):
        raise ValueError("names no plain file, and the bot keeps what must survive a restart")
    return _whole(URL.create(sqlite.DRIVER, database=path))


def _server_url(url: URL) -> SecretStr:
    if not url.database:
        raise ValueError("names no database")
    if strangers := postgresql.not_understood(url):
        raise ValueError(f"has what is not understood behind the `?`: {', '.join(strangers)}")
    return _whole(url.set(drivername=postgresql.DRIVER))


def _whole(url: URL) -> SecretStr:
    """With the password, which SQLAlchemy hides otherwise."""
    return SecretStr(url.render_as_string(hide_password=False))


class WebSettings(Section):
    """Where we listen. Port 0 takes any free one."""

    host: str = Field("127.0.0.1", validation_alias="HOST", description="an address of this machine to listen on")
    port: Port = Field(3000, validation_alias="PORT", description="a port number, 0 to 65535")
    admin_port: Port | None = Field(
        None,
        validation_alias="ADMIN_PORT",
        description="a port number other than PORT, for health and metrics; leave it out to serve them on PORT",
    )


class LimitSettings(Section):
    """How much we take. What is over a limit is answered, and done by nobody."""

    commands_per_minute: int = Field(
        60,
        ge=1,
        le=1_000_000,
        validation_alias="SHOWCALLER_COMMANDS_PER_MINUTE",
        description="how many commands and presses each process takes from one person in a minute, 1 to 1000000",
    )
    commands_in_flight: int = Field(
        64,
        ge=1,
        le=1_000,
        validation_alias="SHOWCALLER_COMMANDS_IN_FLIGHT",
        description="how many commands each process carries out at the same time, 1 to 1000",
    )
    body_bytes: int = Field(
        1_048_576,
        ge=65_536,
        le=67_108_864,
        validation_alias="SHOWCALLER_BODY_BYTES",
        description="the largest request that is read, in bytes, 65536 to 67108864",
    )


class AccessSettings(Section):
    """Who may do what."""

    admins: Annotated[frozenset[str], BeforeValidator(_listed)] = Field(
        frozenset(),
        validation_alias="SHOWCALLER_ADMINS",
        description="Slack user ids such as U024BE7LH, with commas between them",
    )
    default_role: Role = Field(
        Role.VIEWER,
        validation_alias="SHOWCALLER_DEFAULT_ROLE",
        description=f"one of {', '.join(map(str, Role))}",
    )
    allow_addresses: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (),
        validation_alias="SHOWCALLER_ALLOW_ADDRESSES",
        description="networks such as 10.1.0.0/16 and host names that video servers may be sent to although they are "
        "not public, with commas between them",
    )

    @field_validator("admins")
    @classmethod
    def _are_user_ids(cls, value: frozenset[str]) -> frozenset[str]:
        if strangers := sorted(v for v in value if not re.fullmatch(r"[UW][A-Z0-9]{1,20}", v)):
            raise ValueError(f"has what is no user id: {', '.join(strangers)}")
        return value

    @field_validator("default_role", mode="before")
    @classmethod
    def _is_role(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.upper() not in Role.__members__:
            raise ValueError("is no role")
        return Role[value.upper()]

    @field_validator("allow_addresses")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Allowed.read(value)
        return value

    @property
    def reach(self) -> Allowed:
        return Allowed.read(self.allow_addresses)


class CommandSettings(Section):
    """What people type, and where **Join** leads."""

    slash: str = Field(
        "/video",
        validation_alias="SHOWCALLER_COMMAND",
        description="the slash command as in the app's manifest: `/` and then up to 31 of a-z, 0-9, `-` and `_`",
    )
    join_url: str | None = Field(
        None,
        validation_alias="SHOWCALLER_JOIN_URL",
        description="an http or https address with {room}, {token} and {url} where they belong",
    )

    @field_validator("slash")
    @classmethod
    def _is_slash_command(cls, value: str) -> str:
        if not re.fullmatch(r"/[a-z0-9_-]{1,31}", value):
            raise ValueError("is no slash command")
        return value

    @field_validator("join_url")
    @classmethod
    def _is_template(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("http://", "https://")):
            raise ValueError("is no http or https address")
        try:
            parts = list(Formatter().parse(value))
        except ValueError:
            raise ValueError("has a brace without its partner") from None
        for _, name, form, conversion in parts:
            if name is not None and (name not in ("room", "token", "url") or form or conversion):
                raise ValueError(f"has the unknown placeholder {{{name}}}")
        return value


class AlertSettings(Section):
    """How what goes on is heard of."""

    reconcile_seconds: int = Field(
        60,
        ge=5,
        le=86_400,
        validation_alias="SHOWCALLER_RECONCILE_SECONDS",
        description="how often what is known is compared with each video server's own lists, in seconds, 5 to 86400",
    )

    @property
    def reconcile_interval(self) -> timedelta:
        return timedelta(seconds=self.reconcile_seconds)


class LogSettings(Section):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", validation_alias="LOG_LEVEL", description="DEBUG, INFO, WARNING or ERROR"
    )
    format: Literal["json", "text"] = Field("text", validation_alias="LOG_FORMAT", description="json or text")

    @field_validator("level", mode="before")
    @classmethod
    def _in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def number(self) -> int:
        """The level as the standard library counts it."""
        return logging.getLevelNamesMapping()[self.level]


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One configured video server. `settings` is of the model that its kind declares."""

    name: str
    kind: str
    settings: ProviderSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything. `providers` are those of the file in its order, then those of the environment; never empty."""

    slack: SlackSettings
    database: DatabaseSettings
    web: WebSettings
    limits: LimitSettings
    access: AccessSettings
    commands: CommandSettings
    alerts: AlertSettings
    log: LogSettings
    providers: tuple[ProviderConfig, ...]

    def secrets(self) -> list[str]:
        """Every configured secret in clear, for the redactor of logs alone."""
        models = (self.slack, *(p.settings for p in self.providers))
        keys = (key.get_secret_value() for key in self.database.secret_keys)
        return [*(secret for model in models for secret in _secrets_in(model)), *keys, *self.database.passwords()]


def _secrets_in(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets_in(getattr(value, name))
    elif isinstance(value, Mapping):
        yield from (s for v in value.values() for s in _secrets_in(v))
    elif isinstance(value, tuple | list | set | frozenset):
        yield from (s for v in value for s in _secrets_in(v))
