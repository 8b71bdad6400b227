"""What went wrong, as the front page shows it: each with its next step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from pydantic import SecretStr

from commands.core.access import reachable
from commands.core.asking import ServerAnswer
from commands.core.base import Role
from commands.core.context import Context
from commands.core.directory import BlockedCard, FailedRecording, GoingOn, TroubledIngress, Webhooks
from commands.core.egress_words import explain_condition, explain_trouble
from commands.core.ingress_orphans import Orphan
from commands.core.ingress_words import explain_orphan
from commands.core.reply import Action, Channel, Code, Item, Link, Moment, Person, Strong, Text
from commands.core.words import in_a_row, shortened
from commands.egress_actions import against, retry
from commands.home_feeds import title
from commands.ingress import IngressShow
from commands.ingress_actions import actions, called
from commands.ingress_lookup import subject
from commands.overview import allowed
from commands.provider import ProviderShow
from commands.recording import RecordingList
from providers.base import RecordingStatus
from providers.facts import Condition

WEBHOOK_GRACE = timedelta(minutes=1)
"""How long after the first command on a server its first webhook may take."""

MOST_PROBLEMS = 5
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """`answers` are what the video servers said last, `webhooks` those of the servers that the reader may look at.

    `blocked`, `failed`, `going_on` and `troubled` are what the reader may know of. For `channel_url` and `why_closed`
    see `Home`.
    """

    ctx: Context
    answers: Mapping[str, ServerAnswer]
    webhooks: Mapping[str, Webhooks]
    blocked: Sequence[BlockedCard]
    failed: Sequence[FailedRecording]
    going_on: Sequence[GoingOn]
    troubled: Sequence[TroubledIngress]
    channel_url: Callable[[str], SecretStr]
    why_closed: Callable[[str], tuple[str, Text]]

    async def items(self) -> list[Item]:
        return [
            *self._silent(),
            *self._unheard(),
            *self._unseen(),
            *await self._odd(),
            *await self._nothing_comes(),
            *await self._failures(),
        ]

    def _silent(self) -> list[Item]:
        return [
            Item(
                title=("The video server ", Code(name), " does not answer."),
                detail=answer.problem,
                actions=(Action("Ask it again", ProviderShow(name=name), description=f"Ask {name} again"),),
            )
            for name, answer in self.answers.items()
            if answer.problem and name in self.webhooks
        ]

    def _unheard(self) -> list[Item]:
        """Only somebody who runs things can mend that."""
        late = self.ctx.ports.clock.now() - WEBHOOK_GRACE
        return [
            Item(
                title=("No webhook of ", Code(name), " has ever come, so cards learn late what happens there."),
                detail=("Point its webhooks at ", Code(f"/webhooks/{name}"), " of this bot's public address."),
                actions=(Action("Show video server", ProviderShow(name=name), description=f"Show {name}"),),
            )
            for name, heard in self.webhooks.items()
            if self.ctx.standing.on(name).role >= Role.OPERATOR and self._lacks_webhooks(name, heard, late)
        ]

    def _lacks_webhooks(self, name: str, heard: Webhooks, late: datetime) -> bool:
        provider = self.ctx.ports.providers.get(name)
        sends = provider is not None and bool(provider.webhook_kinds)
        otherwise = heard.heard_otherwise_at
        return sends and heard.last_at is None and otherwise is not None and otherwise < late

    def _unseen(self) -> list[Item]:
        ordered = sorted(self.blocked, key=lambda card: (card.channel_id, card.reason))
        channels = groupby(ordered, key=lambda card: (card.channel_id, card.reason))
        return [self._closed_channel(*where, [card.thing for card in cards]) for where, cards in channels]

    def _closed_channel(self, channel_id: str, reason: str, things: Sequence[str]) -> Item:
        why, remedy = self.why_closed(reason)
        what = ("the card of ", Strong(things[0]), " is") if len(things) == 1 else (f"{len(things)} cards are",)
        return Item(
            title=(Channel(channel_id), f"{why}, so ", *what, " not shown there."),
            detail=remedy,
            actions=(Link("Open channel", self.channel_url(channel_id)),),
        )

    async def _odd(self) -> list[Item]:
        found = [(each, each.condition) for each in self.going_on if each.condition is not None]
        return [await self._oddity(each, condition) for each, condition in found[:MOST_PROBLEMS]]

    async def _oddity(self, each: GoingOn, condition: Condition) -> Item:
        steps = allowed(self.ctx.ports, against(condition, each.feed))
        by: Text = ("started by ", Person(each.made_by)) if each.made_by else ""
        return Item(
            title=title(each.feed),
            detail=in_a_row(explain_condition(condition, each.feed.source), by),
            actions=await reachable(steps, self.ctx),
        )

    async def _nothing_comes(self) -> list[Item]:
        return [await self._nothing_comes_by(each) for each in self.troubled[:MOST_PROBLEMS]]

    async def _nothing_comes_by(self, each: TroubledIngress) -> Item:
        ingress, what = each.ingress, ("The ingress ", *subject(each.ingress))
        show = IngressShow(provider=ingress.ref.provider, ingress=ingress.ref.id)
        steps = actions(ingress, is_orphan=True) if each.is_left_behind else ()
        again = [step for step in steps if isinstance(step, Action)]
        look = Action("Show", show, description=f"Show the {called(ingress)}")
        wrong = explain_orphan(Orphan.WORKER_DIED, ingress) if each.is_left_behind else ingress.error
        return Item(
            title=(*what, " was left behind." if each.is_left_behind else " failed."),
            detail=in_a_row(
                shortened(wrong or "The server gives no reason", LONGEST_REASON),
                (Moment(each.at),),
                ("made by ", Person(each.made_by)) if each.made_by else "",
            ),
            actions=await reachable(allowed(self.ctx.ports, (look, *again)), self.ctx),
        )

    async def _failures(self) -> list[Item]:
        return [await self._failure(each) for each in self.failed[:MOST_PROBLEMS]]

    async def _failure(self, failed: FailedRecording) -> Item:
        recording, room = failed.recording, failed.recording.room
        verb = "failed" if recording.status is RecordingStatus.FAILED else "was aborted"
        again = retry(recording)
        look = RecordingList(provider=room.provider, room=room.name or None, room_id=room.id or None)
        steps = (again, Action("Its recordings", look)) if failed.room_is_live else (Action("Its recordings", look),)
        return Item(
            title=(*title(recording), f" {verb}."),
            detail=in_a_row(
                shortened(recording.error or "The server gives no reason", LONGEST_REASON),
                explain_trouble(recording.trouble) if recording.trouble is not None else "",
                (Moment(failed.seen_at),),
                ("started by ", Person(failed.made_by)) if failed.made_by else "",
            ),
            actions=(await reachable(allowed(self.ctx.ports, steps), self.ctx))[:1],
        )
