"""What every test has in common."""

from collections.abc import Callable, Generator, Iterator

import pytest
from hypothesis import settings

from bot.render import limits
from tests import postgresql
from tests.judges.recorded import Recorded
from tests.leaks import taps
from tests.leaks.watch import WATCH, Watch

settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")
"""How long an example takes says more of the machine than of what is tested."""

Check = Callable[..., list[str]]


def _heard(check: Check, take: Callable[[object], None]) -> Check:
    """The same check. What it finds right is kept."""

    def checked(payload: object, *rest: object) -> list[str]:
        found = check(payload, *rest)
        if not found:
            take(payload)
        return found

    return checked


RECORDED = Recorded()
pytest.MonkeyPatch().setattr(limits, "problems", _heard(limits.problems, RECORDED.add_blocks))
pytest.MonkeyPatch().setattr(limits, "view_problems", _heard(limits.view_problems, RECORDED.add_view))
"""We listen at the checks that every payload passes, whoever makes it and whoever takes it.

It is done here, where this module is imported, because those that pytest imports next take these checks by name.
"""


taps.install(WATCH)
"""Before any secret is made."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who judges what all others have rendered, or have let out, comes after them."""
    items.sort(key=lambda item: not {"recorded", "watched"}.isdisjoint(getattr(item, "fixturenames", ())))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    WATCH.test = item.nodeid
    try:
        return (yield)
    finally:
        WATCH.settle()
        WATCH.test = ""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What a test printed and logged, its fixtures included."""
    if report.when == "teardown":
        for name, text in report.sections:
            WATCH.hear(name.lower(), text)


@pytest.fixture
def recorded() -> Recorded:
    """All that the tests before this one have rendered and sent."""
    return RECORDED


@pytest.fixture
def watched() -> Watch:
    """What the tests before this one have let out."""
    return WATCH


@pytest.fixture(scope="session", autouse=True)
def _no_proxy() -> Iterator[None]:
    """A proxy of the machine's does not reach our loopback, and slack_sdk would send everything through it."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            environment.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """Started by the first test that needs it."""
    with postgresql.server() as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[postgresql.Server]:
    """One that a test may stop without harm to others."""
    with postgresql.server() as server:
        yield server
