"""What must be kept but not be readable: sealed with Fernet, under keys that can be rotated.

The key lies beside the SQLite file unless one is configured. Whoever copies the database alone cannot read what is
sealed in it.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr


class BadKey(Exception):
    """A configured or kept key is none. The message says where it came from and what would be right."""


class WrongKey(Exception):
    """Sealed with a key that we do not have, or damaged."""


_WRONG = "This was sealed with a key that the bot does not have."


class SecretBox:
    """Seals text. `keys` are Fernet keys, newest first, each one or several with commas between them.

    The first seals, all of them open. Raises `BadKey`.
    """

    def __init__(self, *keys: SecretStr) -> None:
        parts = [part.strip() for key in keys for part in key.get_secret_value().split(",") if part.strip()]
        if not parts:
            raise BadKey("There is no key. Give one or more Fernet keys, comma-separated, the newest first.")
        try:
            fernets = [Fernet(part) for part in parts]
        except ValueError:  # its message could quote the key
            raise BadKey("A key must be 32 bytes in URL-safe base64, as `Fernet.generate_key()` makes it.") from None
        self._newest, self._all = fernets[0], MultiFernet(fernets)

    def seal(self, text: str) -> bytes:
        return self._newest.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """The text again. Raises `WrongKey`."""
        try:
            return self._all.decrypt(sealed).decode()
        except InvalidToken:
            raise WrongKey(_WRONG) from None

    def reseal(self, sealed: bytes) -> bytes:
        """The same text under the newest key, or `sealed` itself where it is. Raises `WrongKey`."""
        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            pass
        else:
            return sealed
        try:
            return self._all.rotate(sealed)
        except InvalidToken:
            raise WrongKey(_WRONG) from None


def new_key() -> SecretStr:
    return SecretStr(Fernet.generate_key().decode())


def key_path(database_path: Path) -> Path:
    return database_path.with_name(database_path.name + ".key")


def key_for(database_path: Path) -> SecretStr:
    """The keys kept in `<database file>.key`, which is made with one when it is not there.

    Raises `OSError` where the file cannot be read or made.
    """
    path = key_path(database_path)
    if not path.exists():
        with _written_aside(path, new_key()) as aside, suppress(FileExistsError):
            os.link(aside, path)  # where another process was first, its key is as good
    path.chmod(0o600)
    return SecretStr(path.read_text().strip())


def keep_keys(database_path: Path, *keys: SecretStr) -> None:
    """Make these the kept keys, the newest first: on the disk when this returns, and all or none after a crash.

    Each may be several with commas between them. Raises `OSError`.
    """
    path = key_path(database_path)
    with _written_aside(path, SecretStr(",".join(key.get_secret_value() for key in keys))) as aside:
        aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _written_aside(path: Path, keys: SecretStr) -> Iterator[Path]:
    """A whole file under another name: neither a crash nor a second process can leave half of one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    aside = Path(name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(keys.get_secret_value() + "\n")
            file.flush()
            os.fsync(file.fileno())
        yield aside
    finally:
        aside.unlink(missing_ok=True)
