"""Messages to the apps of those who are in a room."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from commands.core.base import Advanced, Arg, LongText, Needs, Offered, Offers, Private, Role, RoomCommand
from commands.core.context import Context
from commands.core.errors import Problem
from commands.core.json_text import demanded_json_problem, json_hint
from commands.core.people import choose
from commands.core.reply import Reply, Strong, Text
from commands.core.types import Name
from commands.core.words import a_few, count_people, in_natural_order
from providers.base import Capability, Participant, Provider, RoomRef, Signal
from providers.errors import NotFound

NAMED = 5


class SignalSend(
    RoomCommand,
    path="signal send",
    heading="Send message",
    role=Role.OPERATOR,
    needs=Capability.SEND_SIGNAL,
    examples=(
        'standup "Five minutes left"',
        "standup hurry --to ana --to bob",
        'standup {"scene": 2} --topic show --as-json',
    ),
):
    """Send a message to the apps of everybody in a room, or of some."""

    message: Annotated[Arg[str], LongText(), Private()] = Field(description="What is sent: text, or JSON in one piece")
    to: Annotated[tuple[Name, ...], Needs(Capability.LIST_PARTICIPANTS), Offers(Offered.PARTICIPANT)] = Field(
        (), description="Only to these: identity, display name or @mention; everybody by default"
    )
    topic: Annotated[str, Needs(Capability.SIGNAL_TOPIC), Advanced()] = Field(
        "", description="What the message is about, as the apps know it"
    )
    lossy: Annotated[bool, Needs(Capability.SIGNAL_LOSSY), Advanced()] = Field(
        False, description="Faster, and not sent again when it is lost on the way"
    )
    as_json: Annotated[bool, Advanced()] = Field(False, description="Send it only if it is JSON")

    def problems(self, provider: Provider) -> list[Problem]:
        too_large = provider.limits.signal_problem(self.message)
        problem = too_large or demanded_json_problem(self.message, as_json=self.as_json)
        if not self.message:
            problem = "It cannot be empty."
        return [Problem(problem, "message")] if problem else []

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        listening = await self._listening(ctx, room)
        to = tuple(person.identity for person in listening or ()) if self.to else ()
        try:
            await ctx.provider.send_signal(room, Signal(self.message, to, self.topic, self.lossy))
        except NotFound:
            await self._listening(ctx, room)  # it says so where it is one of those named that has left
            raise await ctx.gone(room) from None
        return Reply(text=_sent(room, listening), hint=json_hint(self.message))

    async def aftermath(self, ctx: Context) -> Reply:
        return Reply(
            text="Whether the message was sent cannot be known: no video server keeps messages, and neither do I.",
            hint="Ask somebody in the room before you send it again, as it may come twice.",
        )

    async def _listening(self, ctx: Context, room: RoomRef) -> list[Participant] | None:
        """Those named, each once, else the people in the room; None where the server does not tell."""
        if Capability.LIST_PARTICIPANTS not in ctx.provider.capabilities:
            return None
        present = await ctx.participants(room)
        if not self.to:
            return [person for person in present if person.is_person]
        found = (choose(ctx, present, room, who, self, field="to") for who in self.to)
        return list({person.identity: person for person in found}.values())


def _sent(room: RoomRef, listening: Sequence[Participant] | None) -> Text:
    if listening is None:
        return ("Sent to everybody in ", Strong(room.name), ".")
    if not listening:
        return ("Sent, but nobody is in ", Strong(room.name), " to get it.")
    by_name = sorted((person.shown_name for person in listening), key=in_natural_order)
    return (f"Sent to {count_people(len(listening))} in ", Strong(room.name), f": {a_few(by_name, NAMED)}.")
