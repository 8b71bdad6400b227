"""How fast Slack is called. Pure: what is due, and when, is told from the times that the database keeps.

Slack takes about one post a second in a channel, with some more at once, and 50 updates a minute in a workspace:
https://docs.slack.dev/apis/web-api/rate-limits. Its buckets are not known better than that.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

MEMBERS: Final = 50
"""How many things a digest page shows, each on a line of its own, whatever they are called: 200 rooms are four messages
then, which fit the pace of updates."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One call in each span of `every`, and up to `burst` at once after a rest (GCRA).

    All that is kept is `next_at`: when the next call would be due, were all of them evenly spread.
    """

    every: timedelta
    burst: int

    @property
    def ahead(self) -> timedelta:
        """How far a burst may run ahead of `next_at`."""
        return self.every * (self.burst - 1)

    def due_at(self, next_at: datetime) -> datetime:
        return next_at - self.ahead


@dataclass(frozen=True, slots=True)
class Tempo:
    """The figures of delivery. `faster` makes the same of shorter seconds, for tests, the demo and the bench.

    Posts of a channel and updates of the workspace: so many at once, then one in so many seconds. With these figures no
    60 seconds have more than 50 updates. A channel is shown on digest pages when to bring it up to date would take
    longer than `digest_after_seconds`, until at most `calm_changes` of its things have changed in `calm_seconds`. What
    went wrong there gets its own message and line after `owed_after_seconds`, calm or not.
    """

    post_seconds: float = 1.05
    post_burst: int = 4
    update_seconds: float = 1.26
    update_burst: int = 3
    digest_after_seconds: float = 6.0
    calm_seconds: float = 10.0
    calm_changes: int = 2
    owed_after_seconds: float = 60.0
    calls_at_once: int = 8

    @property
    def posts(self) -> Rate:
        return Rate(timedelta(seconds=self.post_seconds), self.post_burst)

    @property
    def updates(self) -> Rate:
        return Rate(timedelta(seconds=self.update_seconds), self.update_burst)

    @property
    def calm(self) -> timedelta:
        return timedelta(seconds=self.calm_seconds)

    @property
    def owed_after(self) -> timedelta:
        return timedelta(seconds=self.owed_after_seconds)

    def faster(self, times: float) -> "Tempo":
        return replace(
            self,
            post_seconds=self.post_seconds / times,
            update_seconds=self.update_seconds / times,
            digest_after_seconds=self.digest_after_seconds / times,
            calm_seconds=self.calm_seconds / times,
            owed_after_seconds=self.owed_after_seconds / times,
        )

    def is_storm(self, unposted: int, changed: int, *, channels: int) -> bool:
        """Whether a channel with so many cards to post, and so many messages to change, is to be shown on pages.

        `channels` have messages to change: updates are shared. A page takes the place of several messages, so where
        few have changed it would not help.
        """
        posting = (unposted - self.post_burst) * self.post_seconds
        updating = (changed * channels - self.update_burst) * self.update_seconds
        return posting > self.digest_after_seconds or (
            changed > self.calm_changes and updating > self.digest_after_seconds
        )
