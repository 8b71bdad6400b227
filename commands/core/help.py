"""Help, made from the models: what one can ask for, what one wants to do, one noun, one command."""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import get_args

from pydantic.fields import FieldInfo

from commands.core.base import Advanced, Command, Needs, Positional, Role, ServerCommand, has, marks
from commands.core.dispatch import cannot, examples, missing
from commands.core.fields import field_type, is_flag, is_hidden, is_many, is_pairs, is_tristate, known_as, label, option
from commands.core.parsing import CLOSE, closest_path
from commands.core.ports import Standing
from commands.core.registry import NOUN_ALIASES, Commands, Path
from commands.core.reply import Action, Button, Code, Form, Item, Mark, Reply, Strong, Text
from commands.core.types import OneOf, spell_duration
from commands.core.words import a_few, counted, joined
from providers.base import Provider


@dataclass(frozen=True, slots=True)
class Group:
    """What somebody wants to do. `topic` is what is typed after `help`.

    Of all groups, the one with the longest path that a command's begins with has the command.
    """

    topic: str
    title: str
    paths: tuple[Path, ...]

    def reach(self, path: Path) -> int:
        """How many words of `path` the group claims."""
        return max((len(own) for own in self.paths if path[: len(own)] == own), default=0)


GROUPS = (
    Group("run", "Start and run a room", (("room",), ("signal",))),
    Group("people", "Look after people", (("participant",), ("track",), ("room", "mute"), ("token", "create"))),
    Group("record", "Record", (("recording",),)),
    Group("live", "Stream to other services", (("stream",), ("egress",))),
    Group("in", "Bring in cameras, callers, programs", (("ingress",), ("sip",), ("agent",), ("token",))),
    Group("told", "Be told", (("alert",),)),
    Group(
        "around",
        "Settings and help",
        (("overview",), ("help",), ("whoami",), ("provider",), ("setting",), ("audit",), ("role",)),
    ),
)


def groups_of(path: Path) -> list[Group]:
    """The groups that claim a command with equal right: one, or the table above is wrong."""
    most = max(group.reach(path) for group in GROUPS)
    return [group for group in GROUPS if most and group.reach(path) == most]


@dataclass(frozen=True, slots=True)
class Pages:
    """Every page of help for one reader. `to` makes the button that turns to the page of a topic."""

    commands: Commands
    provider: Provider
    standing: Standing
    slash: str
    to: Callable[[str, Path], Action]

    def first(self, wanted: Sequence[Button]) -> Reply:
        """A line or two for each thing that one wants to do, so that it fits one screen. `wanted` are done at once."""
        possible = self._possible(self.commands.values())
        within = [command for command in possible if self._reaches(command)]
        return Reply(
            text=("What you can ask for. ", Code(f"{self.slash} help room create"), " shows one in full."),
            items=tuple(
                Item((Strong(group.title),), _verbs(found), (self._more(group.title, (group.topic,)),))
                for group in GROUPS
                if (found := [c for c in within if group in groups_of(c.spec.path)])
            ),
            actions=tuple(wanted),
            hint=joined([self._out_of_reach(possible), self._left_out(self.commands.values())], " "),
        )

    def of(self, topic: Path) -> Reply | None:
        """The page of a group, of a path or of the beginning of one, however it is typed; None where there is none."""
        said = " ".join(topic)
        topic = (NOUN_ALIASES.get(topic[0], topic[0]), *topic[1:])
        if command := self.commands.spellings.get(topic):
            return self._command(command)
        if group := next((group for group in GROUPS if said in (group.topic, group.title.lower())), None):
            found = [c for c in self.commands.values() if group in groups_of(c.spec.path)]
            return self._several((Strong(group.title), ":"), found)
        found = [c for path, c in self.commands.items() if path[: len(topic)] == topic]
        if not found:
            return None
        others = [(Code(alias), " is understood too.") for alias, noun in NOUN_ALIASES.items() if (noun,) == topic]
        return self._several(("This is what you can do with ", Strong(" ".join(topic)), "."), found, *others)

    def nearest(self, topic: Path) -> Path | None:
        """The command, noun or group that was probably meant."""
        begun = {path[0] for path in self.commands} | {group.topic for group in GROUPS}
        close = difflib.get_close_matches(topic[0], sorted(begun), n=1, cutoff=CLOSE)
        return closest_path(topic, self.commands) or tuple(close) or None

    def _several(self, text: Text, found: Sequence[type[Command]], *notes: Text) -> Reply:
        possible = self._possible(found)
        within = [command for command in possible if self._reaches(command)]
        return Reply(
            text=text,
            items=tuple(
                Item((Code(self._usage(c)),), c.summary(), (self._more(" ".join(c.spec.path), c.spec.path),))
                for c in within
            ),
            actions=(self.to("All help", ()),),
            hint=joined([*notes, self._out_of_reach(possible), self._left_out(found)], " "),
        )

    def _command(self, command: type[Command]) -> Reply:
        fields = sorted(_as_typed(command), key=lambda named: (named[0] == "provider", has(named[1], Advanced)))
        facts: list[tuple[str, Text]] = [("Usage", (Code(self._usage(command)),))]
        shown = [(name, info) for name, info in fields if self._is_shown(info)]
        facts += [(_labels(command, name), _explained(info, self.provider)) for name, info in shown]
        if others := _other_spellings(command):
            facts.append(("Also typed", joined([(Code(other),) for other in others], ", ")))
        around = [self.to(group.title, (group.topic,)) for group in groups_of(command.spec.path)]
        return Reply(
            text=(Strong(" ".join(command.spec.path)), ": ", command.summary(), *self._examples(command)),
            facts=tuple(facts),
            hint=joined([self._who(command), self._what_it_lacks(command)], " "),
            actions=(*self._doing(command), *around, self.to("All help", ())),
        )

    def _examples(self, command: type[Command]) -> list[str | Mark]:
        """Each on a line of its own, so that it can be copied."""
        lines = examples(command, self.provider)
        return [part for line in lines for part in ("\n", Code(f"{self.slash} {line}"))]

    def _doing(self, command: type[Command]) -> tuple[Button, ...]:
        """The way to do it now, for whoever may: its form, or the command itself where there is nothing to fill in."""
        if not self._reaches(command) or missing(command, self.provider):
            return ()
        if any(self._is_shown(info) for name, info in command.model_fields.items() if name != "provider"):
            return (Form("Open form", command),)
        given = {"provider": self.provider.name} if issubclass(command, ServerCommand) else {}
        return (Action("Do it", command.model_validate(given)),)

    def _who(self, command: type[Command]) -> str:
        if command.spec.role is Role.NOBODY:
            return "For everybody."
        yours = "" if self._reaches(command) else f"; you are {self._role(command)}"
        return f"For people with the role {command.spec.role}{yours}."

    def _what_it_lacks(self, command: type[Command]) -> Text:
        """Of the command as a whole, else of its options."""
        if absent := missing(command, self.provider):
            return cannot(self.provider, absent[0])
        shown = [n for n, info in command.model_fields.items() if not is_hidden(info) and not self._is_shown(info)]
        if not shown:
            return ""
        names = joined([(Code(label(command, name)),) for name in shown], ", ")
        return joined([f"{self.provider.name} cannot do everything: left out", names], " ")

    def _usage(self, command: type[Command]) -> str:
        """`/video room create NAME [--ttl TTL]`, the rarely wanted left out."""
        words = [self.slash, *command.spec.path]
        for name, info in _as_typed(command):
            if name == "provider" or has(info, Advanced) or not self._is_shown(info):
                continue
            shown = option(f"no_{name}") if info.default is True else label(command, name)
            if not has(info, Positional) and not is_flag(info):
                shown = f"{shown} {known_as(name).upper()}"
            shown += "..." if is_many(info) else ""
            optional = not info.is_required() or (name == command.room_field() and command.room_may_be_left_out())
            words.append(f"[{shown}]" if optional else shown)
        return " ".join(words)

    def _is_shown(self, info: FieldInfo) -> bool:
        able = all(need.capability in self.provider.capabilities for need in marks(info, Needs))
        return able and not is_hidden(info)

    def _possible(self, commands: Iterable[type[Command]]) -> list[type[Command]]:
        return [c for c in commands if not missing(c, self.provider)]

    def _role(self, command: type[Command]) -> Role:
        """The reader's, on the video server where the command is for one."""
        return self.standing.on(self.provider.name if issubclass(command, ServerCommand) else None).role

    def _reaches(self, command: type[Command]) -> bool:
        return self._role(command) >= command.spec.role

    def _out_of_reach(self, commands: Iterable[type[Command]]) -> str:
        """For whom there is more."""
        roles = [str(role) for role in sorted({c.spec.role for c in commands if not self._reaches(c)})]
        either = " or ".join(each for each in (", ".join(roles[:-1]), *roles[-1:]) if each)
        return f"There is more for people with the role {either}." if roles else ""

    def _left_out(self, commands: Iterable[type[Command]]) -> str:
        """How many, and why, as far as the server knows of things that somebody can help with."""
        lacking = [absent for command in commands if (absent := missing(command, self.provider))]
        if not lacking:
            return ""
        known = self.provider.lacking_because
        why = dict.fromkeys(known[absent] for each in lacking for absent in each if absent in known)
        are = counted(len(lacking), "command is", "commands are")
        return " ".join([f"{self.provider.name} cannot do everything: {are} left out.", *why])

    def _more(self, what: str, topic: Path) -> Action:
        to = self.to("More", topic)
        return Action(to.label, to.command, description=f"Help on {what}", in_place=to.in_place)


_WANTED_MOST = ("create", "start", "dial", "dispatch", "join", "stop", "hangup", "close", "list", "show", "update")
_NAMED = 5


def _verbs(found: Sequence[type[Command]]) -> Text:
    """`room` create, close · `signal` send. Of a noun with many verbs, those that are wanted most."""
    nouns: dict[str, list[str]] = {}
    for command in found:
        noun, *verb = command.spec.path
        named = nouns.setdefault(noun, [])
        named.extend(word for word in verb[:1] if word not in named)
    return joined([joined([(Code(noun),), a_few(_in_order(v), _NAMED)], " ") for noun, v in nouns.items()], " · ")


def _in_order(verbs: Sequence[str]) -> list[str]:
    return [*(v for v in _WANTED_MOST if v in verbs), *(v for v in verbs if v not in _WANTED_MOST)]


def _as_typed(command: type[Command]) -> list[tuple[str, FieldInfo]]:
    """The arguments that stand without an option, then the options."""
    return sorted(command.model_fields.items(), key=lambda named: not has(named[1], Positional))


def _other_spellings(command: type[Command]) -> list[str]:
    """Its aliases, and its path with the vendors' word for the noun."""
    noun, *verb = command.spec.path
    vendors = [(alias, *verb) for alias, ours in NOUN_ALIASES.items() if ours == noun]
    return [" ".join(path) for path in (*command.spec.aliases, *vendors)]


def _labels(command: type[Command], name: str) -> str:
    """What may be left open, or is so by itself, has a word for yes and one for no."""
    shown, info = label(command, name), command.model_fields[name]
    return f"{shown}, {option(f'no_{name}')}" if is_tristate(info) or info.default is True else shown


def _explained(info: FieldInfo, provider: Provider) -> str:
    """What the field is, what can be chosen, and what it is when it is left out."""
    words, default = info.description or "", info.get_default(call_default_factory=True)
    choices = _choices(info, provider)
    if not set(choices) <= set(re.findall(r"\w+", words)):  # a description that has them all says more of each
        words += f": {', '.join(choices)}"
    if default is True:
        words += " (yes by default)"
    if not info.is_required() and isinstance(default, str | timedelta) and default:
        words += f" ({spell_duration(default) if isinstance(default, timedelta) else default} by default)"
    return words


def _choices(info: FieldInfo, provider: Provider) -> Sequence[str]:
    kind = field_type(info)
    choices = get_args(get_args(kind)[0] if is_many(info) and not is_pairs(info) else kind)
    if choices and all(isinstance(choice, str) for choice in choices):
        return choices
    return [choice for mark in marks(info, OneOf) for choice in mark.choices(provider.limits)]
