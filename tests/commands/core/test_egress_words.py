"""What is said of what an egress is of, and of what goes wrong with one."""

import re

import pytest

from commands.core.egress_words import about_words, explain_condition, explain_trouble, source_words
from commands.core.reply import plain
from providers.base import EgressKind, EgressSource, EgressTrouble
from providers.facts import Condition


@pytest.mark.parametrize(
    ("source", "words", "about"),
    [
        (EgressSource(), "", "standup"),
        (EgressSource(layout="grid"), "", "standup"),
        (EgressSource(audio_only=True), "the sound alone", "the sound alone in standup"),
        (EgressSource(video_only=True), "the picture alone", "the picture alone in standup"),
        (EgressSource(EgressKind.PARTICIPANT, identity="ana"), "participant ana", "participant ana in standup"),
        (
            EgressSource(EgressKind.PARTICIPANT, identity="ana", screen_share=True),
            "the screen of participant ana",
            "the screen of participant ana in standup",
        ),
        (
            EgressSource(EgressKind.TRACKS, video_track="TR_1", audio_track="TR_2"),
            "tracks TR_1 and TR_2",
            "tracks TR_1 and TR_2 in standup",
        ),
        (EgressSource(EgressKind.TRACKS, audio_track="TR_2"), "track TR_2", "track TR_2 in standup"),
        (EgressSource(EgressKind.TRACK, video_track="TR_1"), "track TR_1", "track TR_1 in standup"),
        (EgressSource(EgressKind.WEB, url="https://x.test/"), "the page https://x.test/", "the page https://x.test/"),
        (
            EgressSource(EgressKind.WEB, url="https://x.test/", audio_only=True),
            "the sound alone of the page https://x.test/",
            "the sound alone of the page https://x.test/",
        ),
        (EgressSource(EgressKind.WEB), "a page", "a page"),
    ],
)
def test_what_it_is_of(source: EgressSource, words: str, about: str) -> None:
    assert source_words(source) == words
    assert plain(about_words("standup", source)) == about


def test_what_it_waits_for_is_named() -> None:
    ana = EgressSource(EgressKind.PARTICIPANT, identity="ana")
    assert explain_condition(Condition.NO_PUBLISHER, ana).startswith("It waits: nothing of participant ana is sent. ")
    assert explain_condition(Condition.UNATTENDED, ana) == explain_condition(Condition.UNATTENDED)


@pytest.mark.parametrize("said", [*map(explain_trouble, EgressTrouble), *map(explain_condition, Condition)])
def test_every_explanation_says_what_happened_and_what_to_do(said: str) -> None:
    assert len(re.findall(r"[^.]+\.(?= |$)", said)) >= 2
    assert said[0].isupper()
    assert said.endswith(".")
