"""A secret is a `SecretStr` from the environment to the very call that needs it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bot.config import SECTIONS
from commands.core.registry import all_commands
from providers.registry import kinds, settings_of

ROOT = Path(__file__).parents[2]

OPENED_IN = {
    "bot/__main__.py": "the address of the database; a new key for the operator",
    "bot/demo/clients.py": "the token of somebody who joins in the demo",
    "bot/demo/livekit.py": "the key of the demo's own server, for its configuration",
    "bot/outside.py": "Slack's SDK takes tokens as text; the address of the database",
    "bot/preflight.py": "Slack's SDK takes tokens as text",
    "bot/render/button.py": "a link that its asker opens",
    "bot/render/reply.py": "a secret that its asker reads",
    "bot/rotation.py": "the address of the database",
    "bot/secrets.py": "the keys themselves",
    "bot/settings.py": "what would be right, and what logs must not hold",
    "bot/slack/client.py": "where the answer goes",
    "bot/slack/drafts.py": "what is sealed",
    "bot/slack/socket.py": "Slack's SDK takes tokens as text",
    "bot/store/attempts.py": "what is sealed",
    "bot/store/egress_requests.py": "what is sealed",
    "bot/store/pending.py": "what is sealed",
    "bot/web.py": "the key that Slack signs with",
    "commands/core/egress_starting.py": "where a video server is sent",
    "commands/core/ingress_fields.py": "what is wrong with an address",
    "commands/core/ingress_making.py": "the line for ffmpeg, which its asker reads",
    "commands/core/invitation.py": "a join link with its token in it",
    "commands/core/phone_numbers.py": "what is wrong with keys and PINs",
    "commands/core/reaching.py": "where a video server is sent",
    "commands/core/spelling.py": "a line that is never redacted nor kept",
    "commands/core/stream_urls.py": "what is wrong with an address",
    "commands/egress_start.py": "whether one was given",
    "commands/stream_destinations.py": "what may be shown of it, and whether it goes there already",
    "providers/backend.py": "what tells it from others",
    "providers/livekit/calls.py": "LiveKit's SDK takes the keys that are pressed as text",
    "providers/livekit/client.py": "LiveKit's SDK takes the key as text",
    "providers/livekit/dtmf.py": "the keys are pressed",
    "providers/livekit/egress.py": "what tells it from others; the worker goes there",
    "providers/livekit/egress_requests.py": "the worker goes there",
    "providers/livekit/egress_rules.py": "what is wrong with an address",
    "providers/livekit/ingress.py": "what the server may quote",
    "providers/livekit/ingress_requests.py": "the worker fetches it",
    "providers/livekit/ingress_rules.py": "what is wrong with an address",
    "providers/livekit/settings.py": "whether it is one",
    "providers/livekit/sip_mapping.py": "the telephone company asks for it",
    "providers/livekit/storage.py": "the worker stores with it",
    "providers/livekit/tokens.py": "tokens are signed with it",
    "providers/livekit/trunks.py": "what the server may quote",
    "providers/livekit/webhooks.py": "webhooks are signed with it",
    "providers/memory/calls.py": "the keys are heard",
    "providers/memory/egress_record.py": "what tells it from others, and what may be shown of it",
    "providers/memory/egress_rules.py": "what is wrong with an address",
    "providers/memory/ingress.py": "whose key it is; where it is fetched from",
    "providers/memory/ingress_record.py": "what may be shown of an address",
    "providers/memory/ingress_rules.py": "what is wrong with an address",
    "providers/memory/settings.py": "whether it is long enough",
    "providers/memory/tokens.py": "tokens are signed with it",
    "providers/memory/webhooks.py": "webhooks are signed with it",
    "providers/sip_rules.py": "what is wrong with keys, PINs and logins",
}
"""The modules that look into a secret, and what for. Every other one hands it on unseen."""

NAMES_A_SECRET = re.compile(r"(?:^|_)(?:secret|token|password|passphrase|private_key|secret_keys?|stream_key)s?(?:_|$)")
SPEAKS_OF_ONE = re.compile(r"\b(?:secrets?|tokens?|passwords?|passphrase|private key|Fernet keys?)\b", re.IGNORECASE)

NO_SECRETS = {
    "CommandSettings.join_url": "a template with a place for the token",
}


def _models() -> list[type[BaseModel]]:
    return [*SECTIONS, *(settings_of(kind) for kind in kinds())]


def _holds_text(annotation: object) -> bool:
    return annotation is str or any(_holds_text(inner) for inner in get_args(annotation))


def _suspects(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if _holds_text(field.annotation) and _is_secret(name, field):
            yield f"{model.__name__}.{name}"


def _is_secret(name: str, field: FieldInfo) -> bool:
    return bool(NAMES_A_SECRET.search(name) or SPEAKS_OF_ONE.search(field.description or ""))


@pytest.mark.parametrize("model", _models(), ids=lambda model: model.__name__)
def test_no_setting_holds_a_secret_as_text(model: type[BaseModel]) -> None:
    assert [found for found in _suspects(model) if found not in NO_SECRETS] == []


def test_a_setting_that_does_is_found() -> None:
    class Careless(BaseModel):
        webhook_secret: str | None = None
        more: tuple[str, ...] = ()
        kept: SecretStr | None = None

    Careless.model_fields["more"].description = "Fernet keys"
    assert list(_suspects(Careless)) == ["Careless.webhook_secret", "Careless.more"]


def test_no_field_of_a_command_holds_a_secret_as_text() -> None:
    """What a person types as a secret is redacted by its type."""
    found = [
        f"{model.__name__}.{name}"
        for model in all_commands().values()
        for name, field in model.model_fields.items()
        if _holds_text(field.annotation) and NAMES_A_SECRET.search(name)
    ]
    assert found == []


def _opens_secrets(path: Path) -> bool:
    tree = ast.parse(path.read_text("utf-8"))
    return any(isinstance(node, ast.Attribute) and node.attr == "get_secret_value" for node in ast.walk(tree))


def test_a_secret_is_opened_only_where_a_call_needs_it() -> None:
    files = [path for package in ("bot", "commands", "providers") for path in (ROOT / package).rglob("*.py")]
    assert {str(path.relative_to(ROOT)) for path in files if _opens_secrets(path)} == set(OPENED_IN)
