"""A small workspace in which tests say lines and press buttons, and the readers of what comes back."""

from collections.abc import Iterable

from commands.core.attempts import Outcome
from commands.core.base import Command, Role
from commands.core.context import Context, Ports
from commands.core.dispatch import Answer, Asked, Dispatcher, Door, Request
from commands.core.errors import CommandError
from commands.core.parsing import Here, parse
from commands.core.ports import CHANNEL_PROVIDER, Caller, Place, Viewer
from commands.core.registry import Commands, all_commands
from commands.core.reply import Action, Button, Reply, plain
from providers.base import Provider, RoomRef
from tests.commands.ports import (
    AttemptLog,
    Directory,
    EgressRequestTable,
    Fence,
    ForgettingTable,
    GrantTable,
    KeepOutTable,
    Letterbox,
    ManualClock,
    Members,
    Outbox,
    PendingTable,
    ProviderTable,
    Record,
    RoleTable,
    SettingTable,
    StopTable,
    SubscriptionTable,
)

TEAM = "T1"
OLGA = Caller(TEAM, "UOLGA", "Olga")
ANNA = Caller(TEAM, "UANNA", "Anna")
VERA = Caller(TEAM, "UVERA", "Vera")
NOAH = Caller(TEAM, "UNOAH", "Noah")
"""An operator, an admin, a viewer, and a guest who is nobody."""

STUDIO = Place(TEAM, "CSTUDIO")
HALL = Place(TEAM, "CHALL")
LOBBY = Place(TEAM, "CLOBBY")
"""The bot is in the studio and in the hall, not in the lobby."""

EVERYTHING = Viewer(TEAM, None, None, sees_all=frozenset({"memory"}))
"""Who sees all rooms, wherever they were made."""

ENDED = ("The room standup has ended.", "Create it again if it is needed.")
"""What is said of a life of `standup` that is over."""


class Workspace:
    """`say` takes the road of a typed line, `press` that of a button; both end in `dispatch`."""

    def __init__(
        self,
        *providers: Provider,
        directory: Directory | None = None,
        join_url: str | None = None,
        commands: Commands | None = None,
    ) -> None:
        self.clock = ManualClock()
        self.providers = ProviderTable(*providers)
        self.directory = directory or Directory()
        self.subscriptions = SubscriptionTable(self.clock)
        self.stops = StopTable(self.clock)
        self.egress_requests = EgressRequestTable()
        self.settings = SettingTable()
        self.forgetting = ForgettingTable()
        self.keep_outs = KeepOutTable(self.clock)
        self.attempts = AttemptLog()
        self.pending = PendingTable(self.clock)
        self.record, self.outbox, self.letterbox = Record(), Outbox(), Letterbox()
        self.commands = all_commands() if commands is None else commands
        self.grants = GrantTable(self.clock)
        self.roles = RoleTable(UOLGA=Role.OPERATOR, UANNA=Role.ADMIN, UVERA=Role.VIEWER)
        self.ports = Ports(
            providers=self.providers,
            rooms=self.directory,
            facts=self.directory,
            keep_outs=self.keep_outs,
            subscriptions=self.subscriptions,
            stops=self.stops,
            egress_requests=self.egress_requests,
            settings=self.settings,
            forgetting=self.forgetting,
            roles=self.roles,
            grants=self.grants,
            membership=Members({STUDIO.channel_id, HALL.channel_id}),
            reach=Fence(),
            audit=self.record,
            files=self.outbox,
            direct=self.letterbox,
            clock=self.clock,
            commands=self.commands,
            slash="/video",
            join_url=join_url,
        )
        self.dispatcher = Dispatcher(self.ports, self.attempts, self.pending)

    async def say(self, line: str, *, by: Caller = OLGA, place: Place = STUDIO, room: RoomRef | None = None) -> Answer:
        """`room`: the room that the channel has."""
        default = await self.settings.get(place, CHANNEL_PROVIDER) or self.providers.default
        command = parse(line, self.commands, Here(default, room))
        return await self.dispatcher.dispatch(command, Request(by, place, Door.SLASH))

    async def press(
        self, command: Command, *, by: Caller = OLGA, place: Place = STUDIO, confirmed: bool = False
    ) -> Answer:
        return await self.dispatcher.dispatch(command, Request(by, place, Door.BUTTON), confirmed=confirmed)

    async def confirm(self, answer: Answer) -> Answer:
        """Answer the question with yes, as the one who was asked."""
        assert isinstance(answer.result, Asked), answer
        pending = await self.pending.peek(answer.result.token)
        assert pending is not None
        assert pending.user_id is not None
        return await self.press(pending.command, by=Caller(pending.team_id, pending.user_id), confirmed=True)

    async def room(self, name: str, *, by: Caller = OLGA, place: Place = STUDIO) -> RoomRef:
        """Create a room by command and give its life."""
        reply = told(await self.say(f'room create "{name}"', by=by, place=place))
        assert plain(reply.text).startswith("Created"), reply
        newest = await self.directory.newest(EVERYTHING, self.providers.default, name)
        assert newest is not None
        return newest.ref

    def context(self, provider: Provider, *, by: Caller = OLGA, place: Place = STUDIO) -> Context:
        return Context(by, place, provider, self.ports, self.roles.of(by))


def told(answer: Answer) -> Reply:
    """The reply to what was done."""
    assert answer.outcome is Outcome.DONE, answer
    assert isinstance(answer.result, Reply)
    return answer.result


def refused(answer: Answer) -> CommandError:
    assert answer.outcome is Outcome.REFUSED, answer
    assert isinstance(answer.result, CommandError)
    return answer.result


def says(error: CommandError) -> tuple[str, str]:
    """What happened, and what to do."""
    return plain(error.what), plain(error.remedy)


def facts_of(reply: Reply) -> dict[str, str]:
    return {name: plain(value) for name, value in reply.facts}


def titles(reply: Reply) -> list[str]:
    return [plain(item.title) for item in reply.items]


def labels(buttons: Iterable[Button]) -> list[str]:
    return [button.label for button in buttons]


def button(buttons: Iterable[Button], label: str) -> Command:
    """The command behind the button of that label."""
    return next(b.command for b in buttons if isinstance(b, Action) and b.label == label)
