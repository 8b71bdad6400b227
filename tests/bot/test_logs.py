import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any, Literal
from urllib.parse import quote

import jwt
import pytest
import structlog
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr
from slack_bolt.async_app import AsyncApp

from bot.logs import REDACTED, Redactor, configure, correlate
from commands.core.references import new_reference

SECRET = "s3cr3t-of-livekit"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave the process's logging as it was found."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    structlog.reset_defaults()


def configured(style: Literal["json", "text"] = "json", level: int = logging.INFO) -> io.StringIO:
    stream = io.StringIO()
    # force=True closes the handlers that it takes away; those of pytest must live on.
    logging.getLogger().handlers.clear()
    configure(level=level, style=style, secrets=[SECRET], stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_its_time_level_logger_and_correlation() -> None:
    stream = configured()

    def speak() -> None:
        correlate(request_id="r1")
        structlog.get_logger("bot.test").info("card delivered", channel="C1", seconds=0.5, ok=True, thread=None)

    copy_context().run(speak)
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "event": "card delivered",
        "level": "info",
        "logger": "bot.test",
        "request_id": "r1",
        "channel": "C1",
        "seconds": 0.5,
        "ok": True,
        "thread": None,
    }


@pytest.mark.parametrize("style", ["json", "text"])
def test_an_exception_is_written_with_its_traceback_and_without_secrets(style: Literal["json", "text"]) -> None:
    stream = configured(style)
    try:
        try:
            raise ValueError(f"refused {SECRET}")
        except ValueError as inner:
            raise RuntimeError(f"Authorization: Bearer {SECRET}x") from inner
    except RuntimeError:
        structlog.get_logger().exception("it failed", key=SecretStr("whatever"))
    text = stream.getvalue()
    assert "Traceback" in text
    assert "test_logs.py" in text
    assert text.count(REDACTED) >= 3
    assert SECRET not in text
    assert "whatever" not in text


def test_a_library_speaks_through_the_same_formatter() -> None:
    stream = configured()
    logging.getLogger("a_library").info("to %s with %s", "revision 1", SECRET)
    try:
        raise OSError(SECRET)
    except OSError:
        logging.getLogger("slack_sdk.web").exception("call failed")
    first, second = lines(stream)
    assert (first["event"], first["logger"]) == (f"to revision 1 with {REDACTED}", "a_library")
    assert second["exception"].endswith(f"OSError: {REDACTED}")


def test_warnings_are_logged() -> None:
    stream = configured()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"do not use {SECRET}", stacklevel=1)
    assert f"do not use {REDACTED}" in stream.getvalue()


def test_a_crash_is_logged_and_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    stream = configured()
    error = RuntimeError(SECRET)
    sys.excepthook(RuntimeError, error, None)
    (line,) = lines(stream)
    assert line["level"] == "critical"
    assert line["exception"] == f"RuntimeError: {REDACTED}"
    assert capsys.readouterr().err == ""


def test_a_record_that_cannot_be_formatted_leaks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    stream = configured()
    logging.getLogger("lib").info("%d cards", SECRET)
    assert "a log record of lib at" in stream.getvalue()
    assert SECRET not in stream.getvalue() + capsys.readouterr().err


async def test_bolt_writes_no_bodies_though_it_sets_its_own_levels() -> None:
    stream = configured(level=logging.DEBUG)
    app = AsyncApp(token="xoxb-1", signing_secret="signing")
    logging.getLogger("slack_bolt.RequestVerification").info("body=%s", "form of a person")
    logging.getLogger("slack_bolt.AsyncApp").debug("payload of a person")
    app.logger.warning("unhandled")
    assert "of a person" not in stream.getvalue()
    assert "unhandled" in stream.getvalue()


@pytest.mark.parametrize(
    "token",
    [
        "xoxb-123-456-abcDEF",
        "xapp-1-A0B1-2-abcdef",
        jwt.encode({"sub": "ana"}, "k" * 32),
        Fernet(Fernet.generate_key()).encrypt(b"response_url").decode(),
        "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nabc\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ cut off",
    ],
)
def test_what_looks_like_a_token_is_taken_out(token: str) -> None:
    assert Redactor().text(f"got {token}") == f"got {REDACTED}"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Bearer abcdefgh12", f"Bearer {REDACTED}"),
        ("{'Authorization': 'Basic T1BFTg=='}", f"{{'Authorization': 'Basic {REDACTED}'}}"),
        ("https://hooks.slack.com/commands/T1/2/abc?x=1", f"https://hooks.slack.com/commands/{REDACTED}"),
        ("https://hooks.slack.com/actions/T1/2/abc", f"https://hooks.slack.com/actions/{REDACTED}"),
        ("wss://wss.slack.com/link/?ticket=ab-c&app_id=1", f"wss://wss.slack.com/link/?ticket={REDACTED}&app_id=1"),
        ("postgresql://bot:pw@db/x", f"postgresql://bot:{REDACTED}@db/x"),
        ('File "/srv/app/commands/core/base.py", line 3', 'File "/srv/app/commands/core/base.py", line 3'),
        ("room create standup --ttl 1h", "room create standup --ttl 1h"),
    ],
)
def test_what_stands_around_a_secret_stays(text: str, left: str) -> None:
    assert Redactor().text(text) == left


def test_a_field_named_like_a_secret_is_taken_out() -> None:
    fields = {"token": "a", "stream_key": "b", "response_url": "c", "headers": {"Authorization": "d"}, "path": "token"}
    assert Redactor().value(fields) == {
        "token": REDACTED,
        "stream_key": REDACTED,
        "response_url": REDACTED,
        "headers": {"Authorization": REDACTED},
        "path": "token",
    }


class Unwritable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_whatever_is_logged_gets_written() -> None:
    endless: list[object] = []
    endless.append(endless)
    written = json.dumps(Redactor().value({"a": Unwritable(), "b": endless, "c": {1: b"\xff"}, "d": float("inf")}))
    assert "Unwritable that cannot be written" in written


def test_a_secret_that_is_made_later_is_registered_later() -> None:
    redactor = Redactor()
    assert redactor.text("made later") == "made later"
    redactor.register("made later")
    assert redactor.text("made later") == REDACTED


def test_references_differ() -> None:
    assert len({new_reference() for _ in range(100)}) == 100


class Model(BaseModel):
    inner: object


def wrapped(secret: str) -> st.SearchStrategy[object]:
    """The secret within words, in whatever people log."""
    words = st.tuples(st.text(max_size=5), st.text(max_size=5)).map(lambda around: secret.join(around))
    leaves = st.one_of(words, words.map(lambda w: w.encode("utf-8", "replace")), st.just(SecretStr(secret)))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(words, inner, max_size=2),
            inner.map(lambda i: (i, 1)),
            inner.map(ValueError),
            inner.map(lambda i: Model(inner=i)),
            inner.map(repr),
        ),
        max_leaves=5,
    )


# The ends keep a secret from being a word of the line itself; what is between them may be anything.
SECRETS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\"'\\\n\t%é /+"), max_size=30).map(
    lambda middle: f"zq{middle}7x"
)


def texts(value: object) -> Iterator[str]:
    """Every key and text in what is about to be rendered."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    else:
        yield str(value)


@given(st.data())
def test_a_registered_secret_never_comes_out(data: st.DataObject) -> None:
    secret = data.draw(SECRETS)
    written = Redactor([secret]).value({"event": "e", "field": data.draw(wrapped(secret))})
    for text in (json.dumps(written), *texts(written)):
        for spelling in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret, safe="")):
            assert spelling not in text


@given(st.data())
def test_a_registered_secret_never_comes_out_of_a_traceback(data: st.DataObject) -> None:
    secret = data.draw(SECRETS)
    stream = io.StringIO()
    logging.getLogger().handlers.clear()
    configure(level=logging.INFO, style="json", secrets=[secret], stream=stream)
    try:
        raise ValueError(data.draw(wrapped(secret)))
    except ValueError:
        structlog.get_logger().exception(f"it failed {secret}", detail=secret)
    (line,) = lines(stream)
    assert secret not in line["exception"]
    assert secret not in line["event"]
    assert line["detail"] == REDACTED
