"""The app as its manifest declares it: what Slack lets it do and what Slack sends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Shortcut:
    """`on_message`: it stands in the menu of each message, else in Slack's own menu."""

    callback_id: str
    on_message: bool


@dataclass(frozen=True, slots=True)
class App:
    """`commands` maps each slash command to whether its text arrives escaped, `shortcuts` each name to what it is."""

    scopes: tuple[str, ...]
    commands: Mapping[str, bool]
    shortcuts: Mapping[str, Shortcut]
    events: frozenset[str]
    interactive: bool
    has_home: bool

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Self:
        features = manifest.get("features", {})
        settings = manifest.get("settings", {})
        scopes = tuple(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", ()))
        return cls(
            scopes=scopes,
            commands={
                command["command"]: bool(command.get("should_escape", False))
                for command in features.get("slash_commands", ())
                if "commands" in scopes
            },
            shortcuts={
                shortcut["name"]: Shortcut(shortcut["callback_id"], shortcut["type"] == "message")
                for shortcut in features.get("shortcuts", ())
                if "commands" in scopes
            },
            events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", ())),
            interactive=bool(settings.get("interactivity", {}).get("is_enabled", False)),
            has_home=bool(features.get("app_home", {}).get("home_tab_enabled", False)),
        )
