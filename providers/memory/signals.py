"""Data messages to the people in the rooms of the in-memory server. None is lost, lossy or not."""

from providers.base import RoomRef, Signal
from providers.memory.rooms import Rooms


class Signals(Rooms):
    def send_signal(self, room: RoomRef, signal: Signal) -> None:
        life = self._this_life(room)
        self._require_fit(self._limits.signal_problem(signal.message))
        for member in [life.member(identity) for identity in signal.to or life.members]:
            member.heard.append(signal)

    def signals(self, room_name: str, identity: str) -> list[Signal]:
        """What somebody got since they joined, in its order."""
        return list(self._live(room_name).member(identity).heard)
