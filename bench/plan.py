"""How much is measured. One round more than `rounds` is run, and the first is thrown away."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """`seconds` and `commands` are of one target at one number of connections or one rate, in one round.

    `commands`: how many are sent where the work is done too; it goes on long after the acknowledgement, so that
    a number bounds it and a time would not. `rates`: requests per second in an open loop, the lowest of which is within
    the capacity of the work too. `lines`: how often each step in process is timed in a round, `drawings`: how often
    each thing is drawn, `answers`: how often each command is typed and answered, and a button pressed. `starts`: how
    often the bot is started. `growth`: how many commands one bot carries out while its memory is looked at. `events`:
    how many webhooks come to one that knows much. `storms` last so many seconds each.
    """

    rounds: int
    seconds: float
    commands: int
    lines: int
    drawings: int
    answers: int
    starts: int
    growth: int
    events: int
    storms: tuple[float, ...]
    connections: tuple[int, ...] = (1, 16, 64)
    rates: tuple[int, ...] = (50, 1_000)
    open_connections: int = 16


FULL = Plan(
    rounds=7,
    seconds=0.8,
    commands=256,
    lines=2_000,
    drawings=100,
    answers=30,
    starts=5,
    growth=10_000,
    events=500,
    storms=(60.0, 30.0, 75.0),
)
QUICK = Plan(
    rounds=2,
    seconds=0.2,
    commands=32,
    lines=200,
    drawings=10,
    answers=5,
    starts=1,
    growth=200,
    events=50,
    storms=(6.0,),
)
