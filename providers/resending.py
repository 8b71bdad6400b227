"""What makes a sender of webhooks send again what could not be kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resending:
    """How a delivery that cannot be kept is refused. The default suits who sends again after a 503.

    `hold_seconds`: how long it is not answered, as it may be kept after all in that time. `hang_up`: there is no answer
    in the end, but a closed connection, for who sends again only when the transport failed.
    """

    hold_seconds: float = 0.0
    hang_up: bool = False
