import json
import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from bot import manifest
from bot.settings import CommandSettings
from bot.slack import client
from bot.slack.app import EVENTS
from bot.slack.shortcuts import HANDLERS
from tests.require import require

SCHEMAS = Path(__file__).parents[3] / "shared" / "data" / "slack-manifest"


NONE = frozenset[str]()
COMMANDS, WRITE = frozenset({"commands"}), frozenset({"chat:write"})
PUBLIC, PRIVATE = frozenset({"channels:read"}), frozenset({"groups:read"})

FEATURES = {"slash_commands": COMMANDS, "shortcuts": COMMANDS, "app_home": NONE, "bot_user": NONE}
EVENT_SCOPES: Mapping[str, frozenset[str]] = {
    "app_home_opened": NONE,
    "app_mention": frozenset({"app_mentions:read"}),
    "message.im": frozenset({"im:history"}),
    "member_joined_channel": PUBLIC | PRIVATE,
    "member_left_channel": PUBLIC | PRIVATE,
    "channel_left": PUBLIC,
    "channel_archive": PUBLIC,
    "channel_unarchive": PUBLIC,
    "channel_deleted": PUBLIC,
    "channel_id_changed": PUBLIC | PRIVATE,
    "channel_shared": PUBLIC | PRIVATE,
    "channel_unshared": PUBLIC | PRIVATE,
    "group_left": PRIVATE,
    "group_archive": PRIVATE,
    "group_unarchive": PRIVATE,
    "group_deleted": PRIVATE,
    "subteam_members_changed": frozenset({"usergroups:read"}),
    "subteam_updated": frozenset({"usergroups:read"}),
    "user_change": frozenset({"users:read"}),
}
METHODS: Mapping[str, frozenset[str]] = {
    "auth.test": NONE,
    "users.info": frozenset({"users:read"}),
    "conversations.info": PUBLIC | PRIVATE | {"im:read"},
    "conversations.members": PUBLIC | PRIVATE,
    "users.conversations": PUBLIC | PRIVATE,
    "usergroups.list": frozenset({"usergroups:read"}),
    "usergroups.users.list": frozenset({"usergroups:read"}),
    "chat.postMessage": WRITE,
    "chat.update": WRITE,
    "chat.postEphemeral": WRITE,
    "chat.delete": WRITE,
    "files.getUploadURLExternal": frozenset({"files:write"}),
    "files.completeUploadExternal": frozenset({"files:write"}),
    "views.open": NONE,
    "views.update": NONE,
    "views.publish": NONE,
}
"""What Slack's reference demands for each feature, event and method. Reading a direct conversation takes `im:read`."""


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
    assert http["settings"]["interactivity"]["message_menu_options_url"] == url
    assert "url" not in manifest.load()["features"]["slash_commands"][0]


def test_what_the_schema_does_not_look_at() -> None:
    loaded = manifest.load()
    assert re.fullmatch(r"[a-z0-9._-]+", loaded["features"]["bot_user"]["display_name"])
    assert re.fullmatch(r"#[0-9a-f]{6}", loaded["display_information"]["background_color"])
    history = {scope for scope in manifest.scopes(loaded) if scope.endswith(":history")}
    assert history == {"im:history"}, "what people write to each other is none of the bot's business"


def test_there_is_a_scope_for_all_that_is_done_and_none_too_many() -> None:
    loaded = manifest.load()
    needed = [FEATURES[feature] for feature in loaded["features"]]
    needed += [EVENT_SCOPES[event] for event in _events(loaded)]
    needed += [METHODS[method] for method in _methods()]
    assert NONE.union(*needed) == manifest.scopes(loaded)


def test_the_scopes_are_those_of_every_method_that_is_called() -> None:
    """The map below would hide a method that is called no longer, and one that it does not know is a KeyError."""
    assert _methods() == set(METHODS)


def test_events_and_shortcuts_are_those_that_the_code_takes() -> None:
    for variant in both():
        assert set(_events(variant)) == EVENTS
        assert {shortcut["callback_id"] for shortcut in variant["features"]["shortcuts"]} == set(HANDLERS)
    assert manifest.load()["features"]["app_home"]["home_tab_enabled"] is True
    assert manifest.load()["settings"]["interactivity"]["is_enabled"] is True, "buttons, forms and shortcuts need it"


def _events(loaded: manifest.Manifest) -> list[str]:
    return list(loaded["settings"]["event_subscriptions"]["bot_events"])


def _methods() -> set[str]:
    """The Web API methods that the bot's token is used for, as the one module that calls them spells them."""
    source = Path(client.__file__).read_text("utf-8")
    return set(re.findall(r'"((?:[a-z]+\.)+[a-zA-Z]+)"', source))


def test_the_command_is_the_configured_default() -> None:
    (command,) = manifest.load()["features"]["slash_commands"]
    assert command["command"] == CommandSettings().slash
    assert command["should_escape"] is True


def test_what_is_printed_is_what_was_loaded() -> None:
    for variant in both():
        assert yaml.safe_load(manifest.dump(variant)) == variant
