"""The Slack app's manifest. `manifest.yml` (Socket Mode) is the source; the HTTP variant is made from it."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

Manifest = Mapping[str, Any]

_PLACES = (Path(__file__).with_name("manifest.yml"), Path(__file__).parent.parent / "manifest.yml")
"""In an installed package, and in a checkout."""


def load() -> Manifest:
    """The manifest for Socket Mode."""
    path = next(place for place in _PLACES if place.exists())
    manifest: Manifest = yaml.safe_load(path.read_text("utf-8"))
    return manifest


def http_variant(manifest: Manifest, public_url: str) -> Manifest:
    """The manifest for requests to `public_url`, all to the one route for Slack."""
    url = f"{public_url.rstrip('/')}/slack/events"
    variant: dict[str, Any] = deepcopy(dict(manifest))
    for command in variant["features"]["slash_commands"]:
        command["url"] = url
    settings = variant["settings"]
    settings["event_subscriptions"]["request_url"] = url
    settings["interactivity"]["request_url"] = url
    settings["interactivity"]["message_menu_options_url"] = url
    settings["interactivity"]["message_menu_options_url"] = url
    settings["socket_mode_enabled"] = False
    return variant


def scopes(manifest: Manifest) -> frozenset[str]:
    """What the bot's token must be allowed to do."""
    return frozenset(manifest["oauth_config"]["scopes"]["bot"])


def dump(manifest: Manifest) -> str:
    """As YAML, to paste into Slack's form for a new app."""
    return yaml.safe_dump(dict(manifest), sort_keys=False, allow_unicode=True, width=120)
