import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from bot import manifest
from bot.settings import CommandSettings
from tests.require import require

SCHEMAS = Path(__file__).parents[3] / "shared" / "data" / "slack-manifest"


@pytest.fixture
def schema() -> Draft7Validator:
    path = SCHEMAS / f"manifest.schema.{manifest.load()['_metadata']['major_version']}.0.0.json"
    if not path.exists():
        require("Slack's manifest schema", "put slackapi/manifest-schema's files into ../shared/data/slack-manifest/")
    loaded = json.loads(path.read_text("utf-8"))
    Draft7Validator.check_schema(loaded)
    return Draft7Validator(loaded)


def both() -> list[manifest.Manifest]:
    return [manifest.load(), manifest.http_variant(manifest.load(), "https://bot.example.com/")]


def test_slack_takes_both_variants(schema: Draft7Validator) -> None:
    for variant in both():
        assert [f"{error.json_path}: {error.message}" for error in schema.iter_errors(variant)] == []


def test_the_schema_would_find_a_mistake(schema: Draft7Validator) -> None:
    broken: Any = deepcopy(manifest.load())
    broken["features"]["slash_commands"][0]["command"] = "video room"
    broken["settings"]["interactivity"] = {"enabled": True}
    broken["colour"] = "red"
    del broken["display_information"]["name"]
    assert {error.json_path for error in schema.iter_errors(broken)} == {
        "$",
        "$.display_information",
        "$.features.slash_commands[0].command",
        "$.settings.interactivity",
    }


def test_socket_mode_needs_no_address() -> None:
    text = manifest.dump(manifest.load())
    assert "url:" not in text
    assert manifest.load()["settings"]["socket_mode_enabled"] is True


def test_the_http_variant_has_one_address_everywhere() -> None:
    _, http = both()
    url = "https://bot.example.com/slack/events"
    assert http["settings"]["socket_mode_enabled"] is False
    assert http["features"]["slash_commands"][0]["url"] == url
    assert http["settings"]["event_subscriptions"]["request_url"] == url
    assert http["settings"]["interactivity"]["request_url"] == url
    assert "url" not in manifest.load()["features"]["slash_commands"][0]


def test_what_the_schema_does_not_look_at() -> None:
    loaded = manifest.load()
    assert re.fullmatch(r"[a-z0-9._-]+", loaded["features"]["bot_user"]["display_name"])
    assert re.fullmatch(r"#[0-9a-f]{6}", loaded["display_information"]["background_color"])
    assert manifest.scopes(loaded) >= {"channels:read", "groups:read"}, "the events need them"
    assert "chat:write.public" not in manifest.scopes(loaded)
    history = {scope for scope in manifest.scopes(loaded) if scope.endswith(":history")}
    assert history == {"im:history"}, "what people write to each other is none of the bot's business"


def test_the_command_is_the_configured_default() -> None:
    (command,) = manifest.load()["features"]["slash_commands"]
    assert command["command"] == CommandSettings().slash
    assert command["should_escape"] is True


def test_what_is_printed_is_what_was_loaded() -> None:
    for variant in both():
        assert yaml.safe_load(manifest.dump(variant)) == variant
