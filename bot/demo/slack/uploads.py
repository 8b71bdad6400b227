"""Files on their way into a workspace."""

from uuid import uuid4

from bot.demo.slack.errors import Refused
from bot.demo.slack.things import File


class Uploads:
    """`origin` is where their bytes are taken."""

    def __init__(self) -> None:
        self.origin = ""
        self._announced: dict[str, tuple[str, str, int]] = {}
        self._taken: dict[str, File] = {}

    def announce(self, name: str, length: int) -> tuple[str, str]:
        """The id of the file, and the address for its bytes."""
        key, file_id = uuid4().hex, f"F{len(self._announced) + 1:08d}"
        self._announced[key] = (file_id, name, length)
        return file_id, f"{self.origin}/upload/{key}"

    def take(self, key: str, content: bytes) -> bool:
        """False for an address that was not given, or another length than was announced."""
        file_id, name, length = self._announced.get(key, ("", "", -1))
        if len(content) != length:
            return False
        self._taken[file_id] = File(file_id, name, name, content)
        return True

    def find(self, file_id: str) -> File:
        """Raises `Refused`."""
        found = self._taken.get(file_id)
        if found is None:
            raise Refused("file_not_found")
        return found
