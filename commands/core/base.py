"""What a command is: a frozen model whose class says what it is called, who may run it and what it needs.

A noun module subclasses `Command` (or `ServerCommand`, `RoomCommand`), and that is all: text, buttons, forms, help,
audit and permission checks come from the class.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, ClassVar, Self, TypedDict, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from commands.core.errors import Problem
from commands.core.repeating import repeated
from providers.base import Capability, Provider, RoomRef

if TYPE_CHECKING:
    from commands.core.context import Context
    from commands.core.reply import Question, Reply

T = TypeVar("T")


class Role(IntEnum):
    """Who may do what, each including the ones before: nothing; look and join; create and control; everything."""

    NOBODY = 0
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    def __str__(self) -> str:
        return self.name.lower()


class Audience(StrEnum):
    """Who sees the answer. Refusals, questions and secrets go to the asker alone whatever this says."""

    ASKER = "asker"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Positional:
    """Marks a field that is given without `--name`, in the order of declaration."""


@dataclass(frozen=True, slots=True)
class Needs:
    """The field works only where the provider can do this; it counts when the value is not the default."""

    capability: Capability


@dataclass(frozen=True, slots=True)
class Advanced:
    """Rarely wanted: a form shows the field last."""


@dataclass(frozen=True, slots=True)
class LongText:
    """The text may have several lines: a form gives it room."""


@dataclass(frozen=True, slots=True)
class Private:
    """What people write to each other, or an application keeps: it stands in no record and no log, as a secret does."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The field holds an address, or several, that a video server will go to: only public ones, and allowed ones.

    `is_host`: it is a host alone, with a port where that is not the usual one.
    """

    is_host: bool = False


@dataclass(frozen=True, slots=True)
class Internal:
    """Carried by buttons and understood when typed, but in no form and no help.

    `of` is the field that it says more about: when a person changes that one in a form, this one counts no more.
    """

    of: str | None = None


@dataclass(frozen=True, slots=True)
class RoomName:
    """The field names a room that exists: `.` means this channel's room, and so does nothing where one is needed."""


class Offered(StrEnum):
    """What a form can offer to choose from."""

    ROOM = "room"
    PARTICIPANT = "participant"
    TRACK = "track"
    RECORDING = "recording"
    STREAM = "stream"
    EGRESS = "egress"
    DESTINATION = "destination"
    INGRESS = "ingress"
    CALL = "call"
    TRUNK = "trunk"
    RULE = "rule"
    DISPATCH = "dispatch"
    SERVER = "server"
    GRANTEE = "grantee"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Offers:
    """The field names one of these, or several. Participants and tracks are those of the command's room.

    `whose` is the field that says whose tracks, everybody's without it; of a value, the setting's; of a destination,
    the stream's.
    """

    what: Offered
    whose: str | None = None


@dataclass(frozen=True, slots=True)
class WorkspacePerson:
    """The field names somebody of the workspace, as `types.PersonId` has them."""


@dataclass(frozen=True, slots=True)
class ShownWith:
    """The field makes sense only while `field` has `value`, or has it among others: a form shows it only then."""

    field: str
    value: str


Arg = Annotated[T, Positional()]


def marks(field: FieldInfo, kind: type[T]) -> list[T]:
    """The annotations of one kind on a field."""
    return [m for m in field.metadata if isinstance(m, kind)]


def has(field: FieldInfo, kind: type[object]) -> bool:
    return bool(marks(field, kind))


@dataclass(frozen=True, slots=True)
class Spec:
    """What a class's keywords say. `examples` are argument strings that parse, without command name and path.

    `heading` is what its form is called, where the words of the path make no title; it begins with what the form does.
    """

    path: tuple[str, ...]
    role: Role
    audience: Audience
    needs: frozenset[Capability]
    examples: tuple[str, ...]
    aliases: tuple[tuple[str, ...], ...]
    heading: str = ""


class Command(BaseModel):
    """Base of every command. The first line of a subclass's docstring is its help text."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    spec: ClassVar[Spec]

    begins_from: ClassVar[tuple[str, ...]] = ()
    """The fields that must be known before `begins_with` can be asked; empty for a form that asks no server."""

    instead_of_room: ClassVar[str | None] = None
    """The field that takes the place of the room: where it is given, none is named and the channel's is not meant."""

    may_meet_keys: ClassVar[bool] = False
    """People may take a stream key for a name here, so that what looks like one stands in no record and no log."""

    def __init_subclass__(
        cls,
        *,
        path: str | None = None,
        role: Role = Role.VIEWER,
        audience: Audience = Audience.ASKER,
        needs: Capability | Collection[Capability] = (),
        examples: Iterable[str] = ("",),
        aliases: Iterable[str] = (),
        heading: str = "",
    ) -> None:
        """`path` makes the class a command; without one it is a base for others.

        A misspelt keyword is a `TypeError` when the module is imported.
        """
        super().__init_subclass__()
        if path is None:
            return
        cls.spec = Spec(
            path=tuple(path.split()),
            role=role,
            audience=audience,
            needs=frozenset({needs}) if isinstance(needs, Capability) else frozenset(needs),
            examples=tuple(examples),
            aliases=tuple(tuple(alias.split()) for alias in aliases),
            heading=heading,
        )

    @classmethod
    def summary(cls) -> str:
        """The first line of the docstring."""
        return (cls.__doc__ or "").strip().split("\n", 1)[0]

    @classmethod
    @cache  # every command is parsed and spelled by it, and the fields of a class stay as they are
    def positionals(cls) -> tuple[str, ...]:
        return tuple(name for name, field in cls.model_fields.items() if has(field, Positional))

    @classmethod
    def room_field(cls) -> str | None:
        """The field that names a room, where there is one."""
        return next((name for name, field in cls.model_fields.items() if has(field, RoomName)), None)

    @classmethod
    def needs_room(cls) -> bool:
        """True where a room must be named, or what takes its place."""
        room = cls.room_field()
        return room is not None and (cls.model_fields[room].is_required() or cls.instead_of_room is not None)

    @classmethod
    def room_may_be_left_out(cls) -> bool:
        """True where a room is needed and told from every other positional argument, so that the channel's stands in:
        those are addresses, and no room is called like one."""
        room, positionals = cls.room_field(), cls.positionals()
        others = [name for name in positionals if name != room]
        return cls.needs_room() and room in positionals and all(has(cls.model_fields[n], Fetched) for n in others)

    def changed_fields(self) -> set[str]:
        """The fields whose value is not the default."""
        return {
            name
            for name, field in type(self).model_fields.items()
            if field.is_required() or getattr(self, name) != field.get_default(call_default_factory=True)
        }

    @property
    def about(self) -> str | None:
        """The room or recording that is meant, as it was asked for; the audit is searched by it."""
        field = self.room_field()
        name: str | None = getattr(self, field) if field is not None else None
        return repeated(name) if name and self.may_meet_keys else name

    async def of_maker(self, ctx: "Context") -> Self | None:
        """This command for a thing that the asker has made, pinned to that one thing; None where it is about no such.

        Who made a thing may control it, whatever their role has become.
        """
        return None

    def problems(self, provider: Provider) -> list[Problem]:
        """Rules between fields and limits of the provider, without asking anybody. Empty when all is well."""
        return []

    @property
    def example(self) -> str | None:
        """The arguments to show where a mistake was made in this command; None for one of its class."""
        return None

    @property
    def is_unfinished(self) -> bool:
        """Whether nothing is said of what to do, so that its form is the answer."""
        return False

    @classmethod
    async def begins_with(cls, ctx: "Context", given: Mapping[str, object]) -> Mapping[str, object]:
        """What is there already, by field, for the form to show: what the person does not change is not sent on.

        Raises `CommandError` and `ProviderError`.
        """
        return {}

    async def question(self, ctx: "Context") -> "Question | None":
        """What to ask before it is done; None to go ahead. The state may change meanwhile: `run` looks again."""
        return None

    @classmethod
    def only_reads(cls) -> bool:
        """Whether it changes nothing, so that asking again is all there is to do when its answer was lost."""
        return cls.aftermath is Command.aftermath

    async def aftermath(self, ctx: "Context") -> "Reply":
        """What the server or the database shows of a run whose end nobody saw, as the process died.

        Every command that changes something has one. What it finds out it reports as a fact, so that the cards are
        right again. Raises `CommandError` and `ProviderError`; `Ended` and `NothingHere` are told as what was found.
        """
        raise NotImplementedError(f"{type(self).__name__} changes nothing")

    async def run(self, ctx: "Context") -> "Reply":
        raise NotImplementedError(f"{type(self).__name__} has no run()")


class ServerCommand(Command):
    """A command for one video server. `provider` is explicit, so that a button built without one does not type."""

    provider: Annotated[str, Advanced()] = Field(description="Name of the video server, as provider list shows it")


class RoomPin(TypedDict):
    """The fields of a `RoomCommand` for one life of a room."""

    provider: str
    room: str
    room_id: str | None


def pin(room: RoomRef) -> RoomPin:
    """What a button means. A server that has told no id yet leaves only the name."""
    return {"provider": room.provider, "room": room.name, "room_id": room.id or None}


class RoomCommand(ServerCommand):
    """A command for one room. `room_id` pins it to one life of the room; buttons always carry it."""

    room: Annotated[str, Positional(), RoomName(), Offers(Offered.ROOM)] = Field(
        description="Name of the room; a dot is this channel's room"
    )
    room_id: Annotated[str | None, Internal(of="room")] = Field(None, description="The life of the room that is meant")

    async def of_maker(self, ctx: "Context") -> Self | None:
        known = await ctx.known_room(RoomRef(self.provider, self.room_id or "", self.room))
        if known is None or known.ended or known.ref.name != self.room or known.made_by != ctx.caller.user_id:
            return None
        return self.model_copy(update={"room_id": known.ref.id})
