"""How much is measured. One round more than `rounds` is run, and the first is thrown away."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """`seconds` and `commands` are of one target at one number of connections, in one round.

    `commands`: how many are sent where the work is done too; it goes on long after the acknowledgement, so that
    a number bounds it and a time would not. `lines`: how often each step in process is timed in a round, `answers`: how
    often each command is typed and answered.
    """

    rounds: int
    seconds: float
    commands: int
    lines: int
    answers: int
    connections: tuple[int, ...] = (1, 16, 64)


FULL = Plan(rounds=7, seconds=0.8, commands=256, lines=2_000, answers=30)
QUICK = Plan(rounds=3, seconds=0.2, commands=64, lines=500, answers=10)
