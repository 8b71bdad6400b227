"""Structured logs of this process and its libraries, with secrets taken out just before a line is written.

Redaction is the last step but one of the only formatter of the only handler, so that no call can forget it. What it
takes out: secrets that this process was configured with, letter for letter; `SecretStr`; fields named like a secret;
and texts that look like a token of a kind that we handle.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Literal, TextIO
from urllib.parse import quote, quote_plus

import structlog
from pydantic import SecretBytes, SecretStr
from structlog.typing import EventDict, Processor

from commands.core.references import new_reference

REDACTED = "[redacted]"
SHORTEST_SECRET = 4
"""A configured secret of fewer letters would blot out ordinary words, and guards nothing."""

DEEPEST = 8
"""Levels of nesting that stay structured; what is below is written as text."""

FLOORS = {
    "slack_bolt.RequestVerification": logging.WARNING,  # at INFO it writes whole bodies and signatures
    "slack_bolt": logging.INFO,  # below, whole payloads
    "slack_sdk": logging.INFO,  # below, whole requests and answers
    "sqlalchemy": logging.WARNING,  # below, the values of statements
    "alembic": logging.WARNING,  # below, two lines for each look at the schema
    "aiohttp": logging.WARNING,
    "aiohttp.server": logging.CRITICAL,  # a traceback for whatever is no HTTP; our own handlers report their errors
    "asyncio": logging.WARNING,
}

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:token|secret|password|passphrase|authorization|cookie|signature|private_key|stream_key|response_url)s?$",
    re.IGNORECASE,
)


def _keep_first(found: re.Match[str]) -> str:
    return f"{found[1]}{REDACTED}"


_SHAPES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), REDACTED),
    (re.compile(r"xox[a-z]-[\w.%-]+"), REDACTED),  # Slack's tokens
    (re.compile(r"xapp-[\w.%-]+"), REDACTED),
    (re.compile(r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*"), REDACTED),  # a JWT
    (re.compile(r"gAAAAA[\w-]{20,}={0,2}"), REDACTED),  # what Fernet encrypted
    (re.compile(r"(bearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE), _keep_first),
    (re.compile(r"(authorization['\"]?\s*[:=,]\s*['\"]?(?:\w+\s+)?)[^\s'\",]+", re.IGNORECASE), _keep_first),
    (re.compile(r"(/(?:commands|actions|services)/)[TE]\w*/[^\s'\"<>\\]+"), _keep_first),  # a response_url's path
    (re.compile(r"([?&][\w-]*(?:token|ticket|secret|password)=)[^\s&'\"<>]+", re.IGNORECASE), _keep_first),
    (re.compile(r"(://[^\s/:@'\"]*:)[^\s/@'\"]+(?=@)"), _keep_first),  # the password in an address
)


SHORTEST_SHAPE = len("xoxb-1")
"""Shorter texts, such as most names of fields, need not be held against the shapes."""


class Redactor:
    """Takes secrets out of what is about to be written."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: set[str] = set()
        self._known: re.Pattern[str] | None = None
        self.register(*secrets)

    def register(self, *secrets: str) -> None:
        """From here on, none of these is written: neither as it is nor in a spelling that logs commonly meet."""
        for secret in secrets:
            if len(secret) >= SHORTEST_SECRET:
                self._spellings.update(_spellings(secret))
        longest_first = sorted(self._spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        if self._known:
            text = self._known.sub(REDACTED, text)
        if len(text) >= SHORTEST_SHAPE:
            for shape, replacement in _SHAPES:
                text = shape.sub(replacement, text)
        return text

    def value(self, value: object, depth: int = 0) -> Any:
        """`value` in plain types that JSON knows, without secrets."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, SecretStr | SecretBytes):
            return REDACTED
        if isinstance(value, str):
            return self.text(str(value))
        if isinstance(value, bytes | bytearray):
            return self.text(value.decode("utf-8", "backslashreplace"))
        if isinstance(value, int | float):
            return value if self.text(written := repr(value)) == written else REDACTED
        if depth < DEEPEST and isinstance(value, Mapping):
            return {self.text(str(k)): self._field(str(k), v, depth + 1) for k, v in value.items()}
        if depth < DEEPEST and isinstance(value, list | tuple | set | frozenset):
            return [self.value(v, depth + 1) for v in value]
        return self.text(_written(value))

    def _field(self, name: str, value: object, depth: int) -> Any:
        return REDACTED if value and _SECRET_NAME.search(name) else self.value(value, depth)

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        """As a structlog processor."""
        redacted: EventDict = self.value(event)
        return redacted


def _spellings(secret: str) -> set[str]:
    """The secret itself and as `repr`, JSON and addresses write it."""
    in_json = (json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))
    in_repr = (repr(secret)[1:-1], repr('"' + secret)[2:-1], ascii(secret)[1:-1])
    return {secret, quote(secret, safe=""), quote_plus(secret), *in_json, *in_repr}


def _written(value: object) -> str:
    try:
        return str(value) if isinstance(value, BaseException) else repr(value)
    except Exception as error:
        return f"<{type(value).__name__} that cannot be written: {type(error).__name__}>"


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines. A record that cannot be formatted is named, where the library would print its raw arguments."""

    def filter(self, record: logging.LogRecord) -> bool:
        """The floors stand here, since slack_bolt sets the levels of its own loggers."""
        return record.levelno >= _floor(record.name) and bool(super().filter(record))

    def handleError(self, record: logging.LogRecord) -> None:
        self.stream.write(f"a log record of {record.name} at {record.pathname}:{record.lineno} cannot be formatted\n")


def _floor(logger: str) -> int:
    return max((level for name, level in FLOORS.items() if f"{logger}.".startswith(f"{name}.")), default=0)


def configure(
    *, level: int, style: Literal["json", "text"], secrets: Iterable[str] = (), stream: TextIO | None = None
) -> Redactor:
    """Send every log of the process to `stream` (standard error), redacted. Returns the redactor, to register more."""
    redactor = Redactor(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
    ]
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redactor,
                _renderer(style),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(True)
    sys.excepthook = _log_crash
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return redactor


def _renderer(style: Literal["json", "text"]) -> Processor:
    if style == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=False,
        timestamp_key="time",
        repr_native_str=True,
        exception_formatter=structlog.dev.plain_traceback,
    )


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Python's own hook would print the traceback as it is."""
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("showcaller").critical("the process ends by an error", exc_info=(kind, error, trace))


def correlate(**fields: object) -> None:
    """Put these fields on every line that this task writes from here on, and each task that it starts.

    They stay until the next call replaces them: what is undone after each request costs ten times as much.
    """
    structlog.contextvars.bind_contextvars(**fields)


def request_id() -> str | None:
    """The id of the request that this task belongs to; None where it belongs to none."""
    found = structlog.contextvars.get_contextvars().get("request_id")
    return found if isinstance(found, str) else None


def reference() -> str:
    """What somebody who met an error is told: the id of the request, which stands on every line about it."""
    return request_id() or new_reference()
