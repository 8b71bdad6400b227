import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import manifest
from bot.settings import CommandSettings
from tests.require import require

SCHEMAS = Path(__file__).parents[3] / "shared" / "data" / "slack-manifest"
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": Mapping,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def faults(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """What breaks the schema: those words of JSON Schema (draft 7) that Slack's files use for what we have."""
    if "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        yield from faults(value, target, root, at)
        return
    if "anyOf" in schema and all(any(faults(value, option, root, at)) for option in schema["anyOf"]):
        yield f"{at}: fits no alternative"
    if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
        yield f"{at}: is no {schema['type']}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{at}: is none of {schema['enum']}"
    elif isinstance(value, str):
        yield from _text_faults(value, schema, at)
    elif isinstance(value, Mapping):
        yield from _object_faults(value, schema, root, at)
    elif isinstance(value, list):
        yield from _list_faults(value, schema, root, at)


def _text_faults(value: str, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield f"{at}: is {len(value)} long"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{at}: does not match {schema['pattern']}"


def _object_faults(
    value: Mapping[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any], at: str
) -> Iterator[str]:
    properties = schema.get("properties", {})
    yield from (f"{at}/{name}: is missing" for name in schema.get("required", []) if name not in value)
    for name, inner in value.items():
        if name in properties:
            yield from faults(inner, properties[name], root, f"{at}/{name}")
        elif schema.get("additionalProperties") is False and not schema.get("patternProperties"):
            yield f"{at}/{name}: is not known"


def _list_faults(value: list[Any], schema: Mapping[str, Any], root: Mapping[str, Any], at: str) -> Iterator[str]:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield f"{at}: has {len(value)} items"
    if schema.get("uniqueItems") and len({json.dumps(v) for v in value}) < len(value):
        yield f"{at}: has an item twice"
    for number, inner in enumerate(value):
        yield from faults(inner, schema.get("items", {}), root, f"{at}/{number}")


@pytest.fixture
def schema() -> Mapping[str, Any]:
    path = SCHEMAS / f"manifest.schema.{manifest.load()['_metadata']['major_version']}.0.0.json"
    if not path.exists():
        require("Slack's manifest schema", "put slackapi/manifest-schema's files into ../shared/data/slack-manifest/")
    loaded: Mapping[str, Any] = json.loads(path.read_text())
    return loaded


def both() -> list[manifest.Manifest]:
    return [manifest.load(), manifest.http_variant(manifest.load(), "https://bot.example.com/")]


def test_slack_takes_both_variants(schema: Mapping[str, Any]) -> None:
    for variant in both():
        assert list(faults(variant, schema, schema)) == []


def test_the_schema_would_find_a_mistake(schema: Mapping[str, Any]) -> None:
    broken = json.loads(json.dumps(manifest.load()))
    broken["features"]["slash_commands"][0]["command"] = "video room"
    broken["settings"]["interactivity"] = {"enabled": True}
    broken["colour"] = "red"
    del broken["display_information"]["name"]
    places = {fault.split(":")[0] for fault in faults(broken, schema, schema)}
    assert places >= {
        "/features/slash_commands/0/command",
        "/settings/interactivity/is_enabled",
        "/settings/interactivity/enabled",
        "/colour",
        "/display_information/name",
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
    assert not any(scope.endswith(":history") for scope in manifest.scopes(loaded))


def test_the_command_is_the_configured_default() -> None:
    (command,) = manifest.load()["features"]["slash_commands"]
    assert command["command"] == CommandSettings().slash
    assert command["should_escape"] is True


def test_what_is_printed_is_what_was_loaded() -> None:
    for variant in both():
        assert yaml.safe_load(manifest.dump(variant)) == variant
