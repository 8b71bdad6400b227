"""What must be kept but not be readable: sealed with Fernet, under keys that can be rotated.

The key lies beside the SQLite file unless one is configured. Whoever copies the database alone cannot read what is
sealed in it.
"""

import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr


class BadKey(Exception):
    """A configured or kept key is none. The message says where it came from and what would be right."""


class WrongKey(Exception):
    """Sealed with a key that we do not have, or damaged."""


class SecretBox:
    """Seals text. `keys` are Fernet keys, comma-separated, newest first: the first seals, all of them open."""

    def __init__(self, keys: SecretStr) -> None:
        parts = [key.strip() for key in keys.get_secret_value().split(",") if key.strip()]
        if not parts:
            raise BadKey("There is no key. Give one or more Fernet keys, comma-separated, the newest first.")
        try:
            self._fernet = MultiFernet([Fernet(part) for part in parts])
        except ValueError:  # its message could quote the key
            raise BadKey("A key must be 32 bytes in URL-safe base64, as `Fernet.generate_key()` makes it.") from None

    def seal(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """The text again. Raises `WrongKey`."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise WrongKey("This was sealed with a key that the bot does not have.") from None


def key_path(database_path: Path) -> Path:
    return database_path.with_name(database_path.name + ".key")


def key_for(database_path: Path) -> SecretStr:
    """The keys kept in `<database file>.key`, which is made with one when it is not there.

    Raises `OSError` where the file cannot be read or made.
    """
    path = key_path(database_path)
    if not path.exists():
        _make_key(path)
    path.chmod(0o600)
    return SecretStr(path.read_text().strip())


def _make_key(path: Path) -> None:
    """Write a whole key under another name first: neither a crash nor a second process can leave half of one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first, and its key is as good
    finally:
        Path(temporary).unlink()
