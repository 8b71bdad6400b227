"""Which channels want to hear of a change."""

from collections.abc import Callable, Sequence, Set
from dataclasses import replace

import pytest

from bot.alerts.fold import fold
from bot.alerts.interest import Interest
from bot.alerts.news import News, news
from bot.alerts.state import ThingState
from commands.core.alerts import AlertKind, Mute, Scope, Severity, Subscription
from providers.base import IngressStatus, RecordingStatus
from providers.facts import Fact, Source
from tests.bot.alerts.facts import (
    after,
    finished,
    ingress,
    joined,
    person,
    published,
    recording,
    started,
    unreached,
)

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
LIVE = recording(RecordingStatus.LIVE, 1)
FAILED = recording(RecordingStatus.FAILED, 2)
READY = recording(RecordingStatus.READY, 2)


def subscription(
    *kinds: AlertKind, room: str = "*", provider: str | None = None, least: Severity = INFO
) -> Subscription:
    wish = Scope(kinds=frozenset(kinds), room_glob=room, provider=provider)
    return Subscription(id=1, channel_id="C1", wish=wish, created_by="U1", least=least)


def mute(*kinds: AlertKind, room: str = "*", provider: str | None = None, channel: str = "C1") -> Mute:
    what = Scope(kinds=frozenset(kinds), room_glob=room, provider=provider)
    return Mute(id=1, channel_id=channel, what=what, until=after(3_600), said_by="U1")


def change(*facts: Fact) -> tuple[ThingState | None, ThingState, News, Fact]:
    """What the last of them changed."""
    before: ThingState | None = None
    for fact in facts[:-1]:
        before = fold(before, fact)
    state = fold(before, facts[-1])
    assert state is not None
    return before, state, news(before, state, facts[-1]), facts[-1]


class TestCards:
    @pytest.mark.parametrize(
        ("wish", "facts", "is_wanted"),
        [
            (subscription(), [started()], True),
            (subscription(AlertKind.ROOM), [started()], True),
            (subscription(AlertKind.RECORDING), [started()], False),
            (subscription(AlertKind.EGRESS), [LIVE], True),
            (subscription(AlertKind.INGRESS), [ingress(IngressStatus.LIVE, 1)], True),
            (subscription(AlertKind.SERVER), [unreached(1)], True),
            (subscription(), [unreached(1)], True),
            (subscription(room="retro*"), [unreached(1)], False),
            (subscription(room="stand*"), [started()], True),
            (subscription(provider="other"), [started()], False),
            (subscription(AlertKind.TRACK), [started()], False),
            (subscription(AlertKind.TRACK), [started(), published(person(1), 1)], True),
            (subscription(AlertKind.PARTICIPANT), [joined(person(1), 1)], True),
            (subscription(least=WARNING), [LIVE], False),
            (subscription(least=WARNING), [LIVE, FAILED], True),
            (subscription(least=CRITICAL), [LIVE, FAILED], True),
            (subscription(least=CRITICAL), [LIVE, READY], False),
            (subscription(AlertKind.ROOM, least=WARNING), [LIVE, FAILED], False),
        ],
    )
    def test_of_what_one_subscribed_to(self, wish: Subscription, facts: list[Fact], is_wanted: bool) -> None:
        _, state, told, _ = change(*facts)
        assert list(Interest([wish], []).channels(state, told)) == ["C1"] * is_wanted
        assert list(Interest([wish], [mute()]).channels(state, told)) == []
        assert list(Interest([wish], [mute(channel="C2")]).channels(state, told)) == ["C1"] * is_wanted

    @pytest.mark.parametrize(
        ("facts", "is_news"),
        [
            ([started()], True),
            ([started(), finished(5)], True),
            ([finished(5)], False),
            ([finished(5), started()], False),
            ([READY], False),
            ([FAILED], True),
            ([replace(FAILED, source=Source.RECONCILE)], False),
            ([FAILED, LIVE], False),
        ],
    )
    def test_of_what_was_over_before_only_where_it_has_just_gone_wrong(self, facts: list[Fact], is_news: bool) -> None:
        assert Interest([], []).is_news(*change(*facts)) is is_news


class TestNotes:
    def told(
        self,
        *facts: Fact,
        wishes: Sequence[Subscription] = (),
        mutes: Sequence[Mute] = (),
        is_home: bool = False,
        follows: Set[tuple[int, str]] = frozenset(),
        joins: Callable[[str], bool] = lambda _: False,
    ) -> bool:
        """Whether the channel C1, which has a card of it, is told of what the last of them changed in the thing 1."""
        _, state, told, _ = change(*facts)
        assert told.note is not None
        return Interest(wishes, mutes, follows, joins).is_told("C1", 1, state, told, is_home=is_home)

    @pytest.mark.parametrize(
        ("wishes", "is_home", "is_told"),
        [
            ([], True, True),
            ([], False, True),
            ([subscription()], False, True),
            ([subscription(least=CRITICAL)], False, True),
            ([subscription(AlertKind.ROOM)], False, True),
            ([subscription(AlertKind.ROOM)], True, True),
            ([subscription(room="retro")], False, True),
        ],
    )
    def test_of_a_failure(self, wishes: list[Subscription], is_home: bool, is_told: bool) -> None:
        assert self.told(LIVE, FAILED, wishes=wishes, mutes=[], is_home=is_home) is is_told
        assert not self.told(LIVE, FAILED, wishes=wishes, mutes=[mute(AlertKind.RECORDING)], is_home=is_home)

    def test_of_what_goes_well_who_wants_the_bad_alone_hears_nothing(self) -> None:
        assert not self.told(LIVE, READY, wishes=[subscription(least=WARNING)], mutes=[], is_home=False)

    @pytest.mark.parametrize("is_home", [True, False])
    def test_of_people_and_tracks_only_those_who_named_them_hear(self, is_home: bool) -> None:
        for fact, kind in ((joined(person(1), 1), AlertKind.PARTICIPANT), (published(person(1), 1), AlertKind.TRACK)):
            assert not self.told(fact, is_home=is_home)
            assert not self.told(fact, follows={(1, "C1")}, is_home=is_home)
            assert not self.told(fact, wishes=[subscription()], is_home=is_home)
            assert self.told(fact, wishes=[subscription(kind)], is_home=is_home)

    def test_of_who_comes_and_goes_a_channel_hears_that_is_set_to(self) -> None:
        here = "C1".__eq__
        assert self.told(joined(person(1), 1), joins=here)
        assert not self.told(joined(person(1), 1), joins="C2".__eq__)
        assert not self.told(published(person(1), 1), joins=here)
        assert not self.told(joined(person(1), 1), joins=here, mutes=[mute(AlertKind.PARTICIPANT)])

    @pytest.mark.parametrize(
        "wish",
        [
            subscription(AlertKind.SERVER),
            subscription(AlertKind.ROOM, room="retro"),
            subscription(AlertKind.ROOM, least=CRITICAL),
            subscription(AlertKind.TRACK),
        ],
        ids=["of another kind", "of another room", "to the worst alone", "of what goes on there"],
    )
    def test_who_follows_a_thing_hears_of_it_whatever_else_is_subscribed_to(self, wish: Subscription) -> None:
        facts: list[Fact] = [started(), finished(5)]
        assert self.told(*facts, wishes=[wish], follows={(1, "C1")})
        assert not self.told(*facts, wishes=[wish], follows={(1, "C1")}, mutes=[mute()])

    @pytest.mark.parametrize(
        ("wish", "is_told"),
        [
            (subscription(AlertKind.SERVER), True),
            (subscription(AlertKind.RECORDING), True),
            (subscription(AlertKind.ROOM, least=WARNING), False),
            (subscription(AlertKind.TRACK), False),
            (subscription(AlertKind.PARTICIPANT), False),
        ],
    )
    def test_a_card_that_no_subscription_can_have_brought_was_asked_for(
        self, wish: Subscription, is_told: bool
    ) -> None:
        others = {(2, "C1"), (1, "C2")}
        assert self.told(started(), finished(5), wishes=[wish], follows=others) is is_told


@pytest.mark.parametrize(
    ("what", "is_muted"),
    [
        (mute(), True),
        (mute(AlertKind.EGRESS), True),
        (mute(AlertKind.ROOM), False),
        (mute(room="stand*"), True),
        (mute(room="retro"), False),
        (mute(provider="memory"), True),
        (mute(provider="other"), False),
        (mute(channel="C2"), False),
    ],
)
def test_what_a_mute_means(what: Mute, is_muted: bool) -> None:
    _, state, told, _ = change(LIVE, FAILED)
    assert Interest([], [what]).is_muted("C1", state, told) is is_muted
