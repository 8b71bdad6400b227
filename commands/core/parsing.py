"""From a line to a command.

`parse` is pure: what it must know of the channel (its default provider, its room) is given to it. Everything wrong
with a line comes as one `UsageError` that names every problem, up to five. `spelling.spell` is the exact inverse.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from commands.core.base import Command, Fetched, RoomName, ServerCommand, has
from commands.core.errors import HelpWanted, MissingInput, Problem, UsageError
from commands.core.examples import first_example, remedy
from commands.core.explaining import explain
from commands.core.fields import choices, field_type, is_flag, is_hidden, is_many, known_as, label, labelled, option
from commands.core.registry import NOUN_ALIASES, SWITCHES, Commands, Path
from commands.core.repeating import may_hold_key, repeated
from commands.core.reply import Action, Code
from commands.core.spelling import spell
from commands.core.tokens import Word, respell, split
from commands.core.types import looks_like_address
from providers.base import RoomRef

CLOSE = 0.7
"""How alike a suggestion must be: at difflib's default, `--colour` suggests `--layout`; silence is better."""

MOST_PROBLEMS = 5
_NEGATIVE = re.compile(r"-\d+")
_ANSWERS = MappingProxyType({"true": True, "yes": True, "false": False, "no": False})
"""What may follow a switch. It would be a strange name for a room, and as one it can stand in quotes."""
OVERVIEW: Path = ("overview",)
"""What a bare slash command means."""


@dataclass(frozen=True, slots=True)
class Here:
    """What the channel lends to a line: its default provider, and its room where it has one.

    A room without an id is meant by its name: it may not be live. `slash` is what people type before it, for the
    examples in messages.
    """

    provider: str
    room: RoomRef | None = None
    slash: str = "/video"

    def room_for(self, model: type[Command], provider: object) -> dict[str, object]:
        """What a form on that server may begin with where no room was named."""
        name = model.room_field()
        if name is None or self.room is None or self.room.provider != provider:
            return {}
        return {name: self.room.name}


def parse(line: str, commands: Commands, here: Here) -> Command:
    """Raises `UsageError` for a faulty line and `HelpWanted` for a request for help, and nothing else."""
    words = split(line)
    if not words:
        return commands[OVERVIEW]()
    typed = _path_words(words)
    used = _longest_path(typed, commands)
    if used is None:
        raise _no_such_command(typed, words, commands, here)
    model, rest = commands.spellings[used], words[len(used) :]
    if any(_asks_for_help(word) for word in rest):
        raise HelpWanted(model.spec.path)
    return _Reading(model, here).command(rest)


# Path


def _longest_path(typed: Path, commands: Commands) -> Path | None:
    """The longest path that the line begins with, so that a short one cannot shadow it."""
    return next((typed[:n] for n in range(len(typed), 0, -1) if typed[:n] in commands.spellings), None)


def _path_words(words: Sequence[Word]) -> Path:
    """The leading words that can be part of a path, in lower case, with a vendor's noun made ours."""
    typed: list[str] = []
    for word in words[:3]:
        if word.quoted or word.text.startswith("-"):
            break
        typed.append(word.text.lower())
    if typed:
        typed[0] = NOUN_ALIASES.get(typed[0], typed[0])
    return tuple(typed)


def _is_answer(word: Word) -> bool:
    return not word.quoted and word.text.lower() in _ANSWERS


def _asks_for_help(word: Word) -> bool:
    return not word.quoted and word.text.lower() in ("--help", "-h")


def _no_such_command(typed: Path, words: Sequence[Word], commands: Commands, here: Here) -> UsageError | HelpWanted:
    nouns = {path[0] for path in commands if len(path) > 1}
    rest = words[len(typed) :]
    if typed[:1] in {(noun,) for noun in nouns} and len(typed) == 1 and all(_asks_for_help(w) for w in rest):
        return HelpWanted(typed)
    if not typed and _asks_for_help(words[0]):
        return HelpWanted(())
    meant, *switches = SWITCHES.get(typed[:2]) or (closest_path(typed, commands),)
    said = repeated(" ".join(word.text for word in words[: len(meant or typed[:2]) or 1]))
    if meant is None:
        problem = Problem(f"There is no command “{said}”.", aloud="I do not know that command.")
        return UsageError([problem], _begun(typed, commands, here) or _nearest_noun(typed, nouns, here))
    problem = Problem(f"There is no command “{said}”.")
    if any(may_hold_key(word.text) for word in words):
        return UsageError([problem], ("Did you mean ", Code(f"{here.slash} {' '.join(meant)}"), "?"), path=meant)
    following = [*words[len(meant) :], *map(Word, switches)]
    line = " ".join([*meant, *map(respell, following)])
    try:
        actions = [Action(line, _Reading(commands[meant], here).command(following))]
    except UsageError:
        actions = []
    return UsageError([problem], ("Did you mean ", Code(f"{here.slash} {line}"), "?"), path=meant, actions=actions)


def _begun(typed: Path, commands: Commands, here: Here) -> tuple[str | Code, ...] | None:
    """Where a third word is needed, which there are."""
    longer = [path for path in commands if len(path) > 2 and path[:2] == typed[:2]]
    if not longer:
        return None
    example = Code(f"{here.slash} {first_example(commands[longer[0]])}")
    return (f"Say which: {' '.join(typed[:2])} {' or '.join(path[2] for path in longer)}. For example: ", example)


def _nearest_noun(typed: Path, nouns: Collection[str], here: Here) -> tuple[str | Code, ...]:
    """What to look at where no command is close: the noun that was typed, or that was probably meant."""
    if typed and typed[0] in nouns:
        return ("See ", Code(f"{here.slash} help {typed[0]}"), " for what there is.")
    close = difflib.get_close_matches(typed[0], nouns, n=1, cutoff=CLOSE) if typed else []
    if close:
        return ("Did you mean ", Code(f"{here.slash} {close[0]}"), "?")
    return ("See ", Code(f"{here.slash} help"), " for what there is.")


def closest_path(typed: Path, commands: Commands) -> Path | None:
    """The command that was probably meant, if every word of it is close.

    Word by word, because a right noun would make any verb look alike: `participant add` is no `participant list`.
    """
    meant: Path = ()
    for word in typed:
        following = {path[len(meant)] for path in commands if len(path) > len(meant) and path[: len(meant)] == meant}
        close = difflib.get_close_matches(word, following, n=1, cutoff=CLOSE)
        if not close:
            break
        meant = (*meant, close[0])
    return meant if meant in commands else None


# Arguments


@dataclass(slots=True)
class _Reading:
    """One line being read as one command. `borrowed` is the field that takes this channel's room."""

    model: type[Command]
    here: Here
    values: dict[str, Any] = field(default_factory=dict)
    positionals: list[Word] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    borrowed: str | None = None

    def command(self, words: Sequence[Word]) -> Command:
        self._sort(words)
        extra = self._place()
        self._lend()
        if extra:
            raise self._too_many(extra)
        if self.problems:
            raise self._usage_error()
        return self._validate()

    def _sort(self, words: Sequence[Word]) -> None:
        """Options into `values`, the rest into `positionals`."""
        at = 0
        while at < len(words):
            word = words[at]
            at += 1
            if word.quoted or not word.text.startswith("-") or _NEGATIVE.fullmatch(word.text):
                self.positionals.append(word)
                continue
            if not word.text.startswith("--") or len(word.text) == 2:
                said = repeated(word.text)
                self._problem(f"“{said}” is no option; those begin with two dashes. As a name it goes in quotes.")
                continue
            name, equals, value = word.text[2:].partition("=")
            following = words[at] if at < len(words) else None
            at += self._option(name, Word(value) if equals else None, following)

    def _option(self, name: str, value: Word | None, following: Word | None) -> int:
        """Take one option; returns how many of the following words it used."""
        field_name = self._field_of(name)
        free = following is not None and (following.quoted or not following.text.startswith("--"))
        if field_name is None:
            self._unknown_option(name)
            return int(value is None and free)  # its value goes with it, so that one slip gives one message
        if is_flag(self.model.model_fields[field_name]):
            said = following if value is None and following is not None and _is_answer(following) else None
            self._flag(field_name, name, value or said)
            return int(said is not None)
        used = 0
        if value is None:
            if not free:
                self._problem(f"--{name} needs a value.", field_name)
                return 0
            value, used = following, 1
        assert value is not None
        self._store(field_name, value)
        return used

    def _field_of(self, option: str) -> str | None:
        fields = self.model.model_fields
        by_word = {known_as(name): name for name in fields}
        typed = option.replace("-", "_").lower()
        if typed in by_word:
            return by_word[typed]
        positive = by_word.get(typed.removeprefix("no_"))
        return positive if positive is not None and is_flag(fields[positive]) else None

    def _flag(self, field_name: str, option: str, value: Word | None) -> None:
        negated = option.replace("-", "_").lower() != field_name
        given = _ANSWERS.get(value.text.lower()) if value is not None and value.text else True
        if given is None:
            self._problem(f"--{option} is a switch: leave the value out, or say yes or no.", field_name)
            return
        self.values[field_name] = given != negated

    def _store(self, name: str, word: Word) -> None:
        if is_many(self.model.model_fields[name]):
            self.values.setdefault(name, []).append(self._chosen(name, word))
        elif name in self.values:
            self._problem(f"{label(self.model, name)} is given twice.", name)
        else:
            self.values[name] = self._chosen(name, word)
            if word == Word(".") and has(self.model.model_fields[name], RoomName):
                self.borrowed = name

    def _chosen(self, name: str, word: Word) -> str:
        """A choice is read whatever its case."""
        typed = word.text.casefold()
        known = choices(self.model.model_fields[name])
        return next((choice for choice in known if choice.casefold() == typed), word.text)

    def _place(self) -> list[Word]:
        """Positional words to their fields in order; returns those too many."""
        left = list(self.positionals)
        for name in self.model.positionals():
            if name in self.values or not left or self._is_anothers(name, left[0]):
                continue
            if is_many(self.model.model_fields[name]):
                self.values[name] = [self._chosen(name, word) for word in left]
                return []
            self._store(name, left.pop(0))
        return left

    def _is_anothers(self, name: str, word: Word) -> bool:
        """No room is called like an address where the command takes one as well."""
        fields = self.model.model_fields
        takes_address = any(has(fields[other], Fetched) for other in self.model.positionals())
        return takes_address and has(fields[name], RoomName) and looks_like_address(word.text)

    def _lend(self) -> None:
        """What the line leaves out and the channel has."""
        if self._lacks_room() and self.model.room_may_be_left_out() and self.here.room:
            self.borrowed = self.model.room_field()
        if self.borrowed is not None:
            self._lend_room(self.borrowed)
        if issubclass(self.model, ServerCommand):
            self.values.setdefault("provider", self.here.provider)

    def _lacks_room(self) -> bool:
        """Whether one is needed, and neither it nor what takes its place is there."""
        model, given = self.model, self.values
        return model.needs_room() and model.room_field() not in given and model.instead_of_room not in given

    def _lend_room(self, name: str) -> None:
        """This channel's room; its provider and its life come with it, unless the line names another provider."""
        room = self.here.room
        if room is None:
            self._problem("This channel has no room, so “.” means nothing here.", name)
            return
        self.values[name] = room.name
        is_there = self.values.setdefault("provider", room.provider) == room.provider
        if is_there and room.id and "room_id" in self.model.model_fields:
            self.values.setdefault("room_id", room.id)

    def _validate(self) -> Command:
        found = list[Problem]()
        try:
            command = self.model.model_validate(self.values)
        except ValidationError as error:
            found = labelled(self.model, explain(error, self.model))
        else:
            if not self._lacks_room():
                return command
        missing = [name for name in self.model.model_fields if self._is_missing(name)]
        if missing and {p.field for p in found} <= set(missing):
            raise self._missing(missing)
        self.problems = found
        raise self._usage_error()

    def _is_missing(self, name: str) -> bool:
        if name == self.model.room_field() and self.model.instead_of_room is not None:
            return self._lacks_room()
        return self.model.model_fields[name].is_required() and name not in self.values

    # What is wrong

    def _problem(self, text: str, field_name: str | None = None) -> None:
        self.problems.append(Problem(text, field_name))

    def _unknown_option(self, name: str) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            return  # nobody would see it, and looking for what is close takes its time
        options = [option(n) for n, info in self.model.model_fields.items() if not is_hidden(info)]
        close = difflib.get_close_matches(f"--{name}", options, n=1, cutoff=CLOSE)
        hint = f" Did you mean {close[0]}?" if close else ""
        self._problem(f"{' '.join(self.model.spec.path)} has no option --{repeated(name)}.{hint}")

    def _usage_error(self) -> UsageError:
        return UsageError(self.problems[:MOST_PROBLEMS], self._remedy(), path=self.model.spec.path)

    def _remedy(self) -> tuple[str | Code, ...]:
        """Where an option is not known, all of them; else an example of a field that went wrong."""
        known = all(problem.field is not None for problem in self.problems)
        about = [problem.field for problem in self.problems] if known else []
        return remedy(self.model, about, self.here.slash, provider=self.here.provider)

    def _example(self) -> tuple[str, Code]:
        return ("For example: ", Code(f"{self.here.slash} {first_example(self.model)}"))

    def _missing(self, names: Iterable[str]) -> MissingInput:
        labels = [self._wanted(name) for name in names]
        return MissingInput(
            [Problem(f"{' '.join(self.model.spec.path)} needs {' and '.join(labels)}.")],
            self._example(),
            command_type=self.model,
            given=self.here.room_for(self.model, self.values.get("provider")) | self.values,
        )

    def _wanted(self, name: str) -> str:
        instead = self.model.instead_of_room if name == self.model.room_field() else None
        return label(self.model, name) + (f" or {label(self.model, instead)}" if instead is not None else "")

    def _too_many(self, extra: list[Word]) -> UsageError:
        """One word too many is mostly a name with a space in it: offer it in quotes, where the last one is text."""
        names = self.model.positionals()
        problem = Problem(f"That is one word too many: “{repeated(extra[0].text)}”.")
        last = names[-1] if names else None
        first = len(self.positionals) - len(extra) - 1
        if (
            last is None
            or self.problems
            or any(may_hold_key(word.text) for word in self.positionals)
            or field_type(self.model.model_fields[last]) is not str
            or first < 0
            or self.values[last] != self.positionals[first].text  # it came as an option, or from the channel
        ):
            self.problems.insert(0, problem)
            return self._usage_error()
        together = " ".join(w.text for w in self.positionals[first:])
        values = {k: v for k, v in self.values.items() if k != "room_id"} | {last: together}
        try:
            meant = self.model.model_validate(values)
        except ValidationError as error:
            self.problems = [problem, *labelled(self.model, explain(error, self.model))]
            return self._usage_error()
        lent = {"provider"} if getattr(meant, "provider", None) == self.here.provider else set[str]()
        return UsageError(
            [problem],
            ("A name with spaces goes in quotes: ", Code(f"{self.here.slash} {spell(meant, without=lent)}")),
            path=self.model.spec.path,
            actions=[Action(f"Use “{together}”", meant)],
        )
