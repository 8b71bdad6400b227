"""What the bot wrote to its log, line by line."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from bot import logs

Line = dict[str, Any]


class Log:
    """No secret is registered for redaction, so that what the code itself lets through is seen."""

    def __init__(self) -> None:
        self._stream = io.StringIO()

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[Line]:
        return [json.loads(line) for line in self.text.splitlines()]

    def after(self, mark: int) -> list[Line]:
        """The lines since there were `mark` of them."""
        return self.lines[mark:]

    def events(self, event: str) -> list[Line]:
        return [line for line in self.lines if line["event"] == event]

    @contextmanager
    def taken(self) -> Iterator["Log"]:
        """Take the process's logging while this lasts."""
        root, hook = logging.getLogger(), sys.excepthook
        handlers, level = root.handlers[:], root.level
        root.handlers.clear()  # `configure` closes those that it takes away
        logs.configure(level=logging.INFO, style="json", stream=self._stream)
        try:
            yield self
        finally:
            logging.captureWarnings(False)
            root.handlers[:], sys.excepthook = handlers, hook
            root.setLevel(level)
            structlog.reset_defaults()
