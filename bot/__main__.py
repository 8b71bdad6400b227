"""The command line: `showcaller run|demo|check|manifest|db upgrade|db rotate-key`."""

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bot import config, logs, manifest, preflight
from bot.outside import CannotStart
from bot.providers import build_providers
from bot.rotation import NothingToRotate, rotate_key
from bot.secrets import BadKey, new_key
from bot.settings import DatabaseSettings, Settings
from bot.store.engine import Store
from bot.store.errors import StoreError
from bot.wiring import Bot


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when all is well, 1 for what is wrong outside, 2 for a misspelt call."""
    given = _parser().parse_args(arguments)
    match given.verb:
        case "manifest":
            return _manifest(given.http)
        case "demo":
            return _demo(given)
        case "db":
            return _reported(partial(_rotate, only_a_key=given.new_key) if given.db == "rotate-key" else _upgrade)
        case "check":
            return _check()
        case _:
            return _reported(_run)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="showcaller", description="Run video rooms from Slack.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("run", help="run the bot")
    demo = verbs.add_parser("demo", help="try the bot beside a stand-in Slack, offline")
    demo.add_argument(
        "--server",
        choices=("memory", "livekit"),
        default="memory",
        help="the video server: one in memory (the default), or a livekit-server that the demo starts",
    )
    demo.add_argument("--tour", action="store_true", help="play the tour, also at a terminal")
    verbs.add_parser("check", help="verify configuration, Slack's scopes and the video servers")
    derived = verbs.add_parser("manifest", help="print the Slack app manifest")
    derived.add_argument("--http", metavar="URL", help="the variant for HTTP, reached at this address")
    database = verbs.add_parser("db", help="the database").add_subparsers(dest="db", required=True, metavar="VERB")
    database.add_parser("upgrade", help="bring the schema to this version")
    rotate = database.add_parser("rotate-key", help="seal what is kept secret under another key")
    rotate.add_argument("--new-key", action="store_true", help="print a key for SHOWCALLER_SECRET_KEY and do no more")
    return parser


def _reported(work: Callable[[], None]) -> int:
    """Run, and say in words what is wrong outside."""
    try:
        work()
    except config.BadSettings as error:
        _complain("The configuration is not right:\n" + "\n".join(f"  {p}" for p in error.problems))
    except (CannotStart, StoreError, BadKey, NothingToRotate, OSError) as error:
        _complain(str(error))
    else:
        return 0
    return 1


def _run() -> None:
    asyncio.run(_until_stopped(_configured()))


def _configured() -> Settings:
    """The settings, and logs that know which secrets to leave out."""
    settings = config.from_environment(cwd=Path.cwd())
    logs.configure(level=settings.log.number, style=settings.log.format, secrets=settings.secrets())
    return settings


async def _until_stopped(settings: Settings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stopping.set)
    bot = await Bot.start(settings)
    gc.freeze()  # what is there by now stays, and the collector need not walk it while webhooks wait
    await stopping.wait()
    await bot.stop()


def _check() -> int:
    try:
        findings = asyncio.run(_look(_configured()))
    except config.BadSettings as error:
        findings = preflight.findings_of(error)
    _say(preflight.render(findings))
    return 0 if all(finding.ok for finding in findings) else 1


async def _look(settings: Settings) -> list[preflight.Finding]:
    providers = build_providers(settings.providers)
    try:
        return await preflight.preflight(settings, providers)
    finally:
        for provider in providers:
            await provider.aclose()


def _upgrade() -> None:
    asyncio.run(_migrate(config.database_from_environment(cwd=Path.cwd())))


async def _migrate(database: DatabaseSettings) -> None:
    store = await Store.open(database.url.get_secret_value())
    await store.close()
    _say(f"{store.name} is up to date.\n")


def _rotate(*, only_a_key: bool) -> None:
    if only_a_key:
        _say(f"{new_key().get_secret_value()}\n")
        return
    _say(f"{asyncio.run(rotate_key(config.database_from_environment(cwd=Path.cwd())))}\n")


def _manifest(public_url: str | None) -> int:
    found = manifest.load()
    _say(manifest.dump(manifest.http_variant(found, public_url) if public_url else found))
    return 0


def _demo(given: argparse.Namespace) -> int:
    try:
        from bot.demo.run import run  # the demo's libraries are extras, which a production install does not carry

        return run(tour=given.tour or not sys.stdin.isatty(), server=given.server)
    except ModuleNotFoundError as error:
        extra = "demo-livekit" if given.server == "livekit" else "demo"
        _complain(f"The demo needs `{error.name}`: install showcaller with its extra `{extra}`.")
        return 1


def _say(text: str) -> None:
    sys.stdout.write(text)


def _complain(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
