"""The command line, as far as no process of its own is needed for it."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot import manifest
from bot.__main__ import main

ROOT = Path(__file__).parents[2]


def test_manifest_prints_what_slack_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["manifest"]) == 0
    printed = capsys.readouterr()

    assert yaml.safe_load(printed.out) == manifest.load()
    assert printed.err == ""


def test_manifest_for_http_names_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["manifest", "--http", "https://bot.example.com"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)

    assert printed["settings"]["socket_mode_enabled"] is False
    assert printed["settings"]["interactivity"]["request_url"] == "https://bot.example.com/slack/events"


@pytest.mark.parametrize(
    "arguments",
    [[], ["rum"], ["db"], ["db", "downgrade"], ["run", "--fast"], ["manifest", "--http"], ["demo", "--server", "x"]],
)
def test_a_misspelt_call_ends_with_2_and_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "usage: showcaller" in capsys.readouterr().err


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    assert ended.value.code == 0
    printed = capsys.readouterr().out
    for verb in ("run", "demo", "check", "manifest", "db"):
        assert f"\n    {verb} " in printed


def test_the_demo_says_which_extra_it_lacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in ("bot.demo.clients", "bot.demo.run"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "livekit.rtc", None)
    assert main(["demo", "--server", "livekit"]) == 1
    assert capsys.readouterr().err == (
        "The demo needs `livekit.rtc`: install showcaller with its extra `demo-livekit`.\n"
    )
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.delitem(sys.modules, "bot.demo.run", raising=False)
    assert main(["demo"]) == 1
    assert "`rich.console`: install showcaller with its extra `demo`." in capsys.readouterr().err


def test_no_verb_but_demo_loads_the_demo() -> None:
    """Its libraries are an extra, which a production install does not carry."""
    code = "import sys, bot.__main__; sys.exit(bool({'bot.demo', 'prompt_toolkit'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
