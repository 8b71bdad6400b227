"""Why a command was not carried out, for the person who asked for it.

    CommandError
    ├── UsageError        what was typed or filled in is wrong
    │   └── MissingInput  something required was left out: the form can ask for it
    ├── NotAllowed        the asker's role does not reach
    ├── CannotDo          the video server cannot do it, and which can
    ├── NothingHere       there is no such room, recording, ... (with what there is instead)
    └── Ended             it was there, but it is over

    HelpWanted            no error: `--help` was typed

Each has one sentence for what happened (`what`) and one for what to do (`remedy`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from commands.core.reply import Button, Text, plain

if TYPE_CHECKING:
    from commands.core.base import Command


MOST_OFFERED: Final = 5
"""Of what may have been meant, beside a refusal."""


class CommandError(Exception):
    """A command that could not be carried out. Nothing was changed, unless `what` says so."""

    def __init__(self, what: Text, remedy: Text = "", *, actions: Sequence[Button] = ()) -> None:
        super().__init__(plain(what))
        self.what = what
        self.remedy = remedy
        self.actions = tuple(actions)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the input. `field` names the command's field, so that a form can show it there.

    `aloud` is said instead where others read along, of what repeats a text that may be a secret.
    """

    text: str
    field: str | None = None
    aloud: str = ""


class UsageError(CommandError):
    """What was typed or filled in is wrong. `path` is as much of the command as was understood."""

    def __init__(
        self,
        problems: Sequence[Problem],
        remedy: Text = "",
        *,
        path: tuple[str, ...] = (),
        actions: Sequence[Button] = (),
    ) -> None:
        super().__init__(" ".join(p.text for p in problems), remedy, actions=actions)
        self.problems = tuple(problems)
        self.path = path


class MissingInput(UsageError):
    """Something required was left out. `given` is what was there, as the form takes it."""

    def __init__(
        self,
        problems: Sequence[Problem],
        remedy: Text = "",
        *,
        command_type: "type[Command]",
        given: Mapping[str, object],
    ) -> None:
        super().__init__(problems, remedy, path=command_type.spec.path)
        self.command_type = command_type
        self.given = dict(given)


class NotAllowed(CommandError):
    """The asker's role does not reach."""


class CannotDo(CommandError):
    """The video server cannot do it; which of the others can is said."""


class NothingHere(CommandError):
    """What was named is not there."""


class Ended(CommandError):
    """What was named is over. A button or an id of an earlier life never touches the present one."""


class HelpWanted(Exception):
    """Help was asked for on `topic`, which is as much of a path as was typed."""

    def __init__(self, topic: tuple[str, ...]) -> None:
        super().__init__(" ".join(topic))
        self.topic = topic
