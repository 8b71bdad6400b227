"""What a token that somebody was shown says of them."""

import base64
import json
import re

from bot.demo.slack import Message

_TOKEN = re.compile(r"eyJ[\w-]+\.(?P<claims>[\w-]+)\.[\w-]+")


def name_in(message: Message) -> object:
    """The display name, None where it has none."""
    found = _TOKEN.search(str(message.blocks))
    assert found is not None, message.words
    padded = found["claims"] + "=" * (-len(found["claims"]) % 4)
    return json.loads(base64.urlsafe_b64decode(padded)).get("name")
