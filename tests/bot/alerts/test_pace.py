"""When a channel is in a storm."""

import pytest

from bot.alerts.pace import Tempo


@pytest.mark.parametrize(
    ("unposted", "changed", "channels", "is_storm"),
    [
        (4, 0, 1, False),
        (9, 0, 1, False),
        (10, 0, 1, True),
        (0, 7, 1, False),
        (0, 8, 1, True),
        (0, 4, 2, True),
        (0, 1, 20, False),
        (0, 2, 20, False),
        (0, 3, 20, True),
    ],
)
def test_a_channel_is_in_a_storm_when_it_would_lag_by_more_than_some_seconds(
    unposted: int, changed: int, channels: int, is_storm: bool
) -> None:
    assert Tempo().is_storm(unposted, changed, channels=channels) is is_storm
    assert Tempo().faster(20).is_storm(unposted, changed, channels=channels) is is_storm
