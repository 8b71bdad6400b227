"""What a test needs that this machine may not have."""

import os
from typing import NoReturn

import pytest

STRICT = "SHOWCALLER_TEST_REQUIRE"


def require(what: str, how: str) -> NoReturn:
    """Skip the test because `what` is missing, saying `how` to get it; fail instead where CI wants everything."""
    message = f"{what} is missing: {how}"
    if os.environ.get(STRICT) == "1":  # noqa: TID251 - a setting of the tests, not of the bot
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
