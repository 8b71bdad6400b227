"""One process per SQLite file."""

import fcntl
import os
from pathlib import Path
from typing import Self, TextIO

from bot.store.errors import StoreInUse


class FileLock:
    """Holds `<database file>.lock` until `release`, or until the process ends in whatever way.

    The file stays: were it removed, two processes could each lock a file of that name.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    @classmethod
    def take(cls, database: Path) -> Self:
        """Raises `StoreInUse`, also where this process itself holds it already."""
        path = database.with_name(database.name + ".lock")
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read(20) or "unknown"
            file.close()
            raise StoreInUse(
                f"Another process (id {holder}) uses {database}. Stop it first, or give this one another DATABASE_URL."
            ) from None
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        return cls(file)

    def release(self) -> None:
        self._file.close()
