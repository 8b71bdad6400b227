"""The part of the contract about ingresses: what comes into a room from encoders and addresses."""

from dataclasses import replace
from itertools import groupby
from uuid import uuid4

import pytest
from pydantic import SecretStr

from providers.base import (
    Capability,
    CreatedIngress,
    Ingress,
    IngressChanges,
    IngressInput,
    IngressOptions,
    IngressRef,
    IngressStatus,
    ParticipantKind,
    RoomRef,
    TrackSource,
)
from providers.errors import Conflict, NotFound, Rejected
from providers.facts import IngressChanged, facts_to_json
from tests.providers.stage import NotAdmitted, Stage, eventually, fresh

HIDDEN = ("the-camera-password", "signature-of-the-film")
FILM = SecretStr(f"https://cam:{HIDDEN[0]}@media.example.com/films/take.mp4?token={HIDDEN[1]}")
INPUTS = {
    IngressInput.RTMP: Capability.INGRESS_RTMP,
    IngressInput.WHIP: Capability.INGRESS_WHIP,
    IngressInput.URL: Capability.INGRESS_URL,
}
NAMED = IngressOptions(IngressInput.RTMP, "", "cam", name="Stage left", participant_name="Camera 1", metadata="{}")
CHANGES = (
    IngressChanges(name="Stage right"),
    IngressChanges(identity="cam-2"),
    IngressChanges(participant_name="Camera 2"),
    IngressChanges(is_enabled=False),
    IngressChanges(is_enabled=True),
)


class Ingresses:
    @pytest.mark.parametrize("input", INPUTS)
    async def test_an_ingress_of_each_input(self, stage: Stage, input: IngressInput) -> None:
        created = await _created(stage, input)
        made = created.ingress
        assert (made.input, made.name, made.identity, made.participant_name) == (input, "Stage left", "cam", "Camera 1")
        assert (made.is_enabled, made.is_reusable) == (True, not input.is_fetched)
        assert (made.ref.provider, made.room.provider) == (stage.provider.name, stage.provider.name)
        assert (created.key is None) is input.is_fetched
        if input.is_fetched:
            assert made.address.startswith("https://media.example.com")
        else:
            assert (made.status, made.room.id) == (IngressStatus.WAITING, "")
        (listed,) = await stage.provider.list_ingresses(id=made.ref.id)
        assert replace(listed, status=made.status, started_at=None, updated_at=None, video=None, audio=None) == replace(
            made, room=listed.room, started_at=None, updated_at=None, video=None, audio=None
        )
        _holds_no_secret(stage, created, repr([created, listed]))

    async def test_encoded_anew_as_asked(self, stage: Stage) -> None:
        stage.needs(Capability.INGRESS_TRANSCODING, Capability.INGRESS_PRESET, Capability.INGRESS_SOURCE)
        limits = stage.provider.limits
        asked = replace(
            NAMED,
            is_transcoded=True,
            preset=limits.ingress_presets[-1],
            audio_preset=limits.ingress_audio_presets[-1],
            video_source=TrackSource.SCREEN_SHARE,
            audio_source=TrackSource.SCREEN_SHARE_AUDIO,
        )
        assert (await _created(stage, IngressInput.WHIP, asked)).ingress.is_transcoded
        passed_on = await _created(stage, IngressInput.WHIP, replace(NAMED, is_transcoded=False))
        assert passed_on.ingress.is_transcoded is False

    async def test_ingresses_by_room_and_by_id(self, stage: Stage) -> None:
        """An ingress is into whatever is called so, and that need not be live."""
        first = (await _created(stage, IngressInput.RTMP)).ingress
        other = (await _created(stage, IngressInput.RTMP)).ingress
        listed = stage.provider.list_ingresses
        assert {first.ref, other.ref} <= {each.ref for each in await listed()}
        assert [each.ref for each in await listed(first.room)] == [first.ref]
        assert [each.ref for each in await listed(replace(first.room, id="an-earlier-id"))] == [first.ref]
        assert [each.ref for each in await listed(id=other.ref.id)] == [other.ref]
        assert await listed(first.room, id=other.ref.id) == []
        assert await listed(id=f"no-such-{uuid4().hex}") == []

    async def test_a_change_leaves_the_rest(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_INGRESS)
        before = (await _created(stage, IngressInput.RTMP)).ingress
        for changes in CHANGES:
            named = {name: value for name in changes.__slots__ if (value := getattr(changes, name)) is not None}
            answered = await stage.provider.update_ingress(before.ref, changes)
            (listed,) = await stage.provider.list_ingresses(id=before.ref.id)
            before = replace(before, updated_at=None, **named)
            assert replace(answered, updated_at=None) == replace(listed, updated_at=None) == before
        elsewhere = fresh("plan")
        moved = await stage.provider.update_ingress(before.ref, IngressChanges(room=elsewhere))
        assert moved.room == RoomRef(stage.provider.name, "", elsewhere)
        assert await stage.provider.list_ingresses(before.room) == []

    async def test_what_is_asked_for_must_be_possible(self, stage: Stage) -> None:
        stage.needs(*INPUTS.values())
        name = fresh("standup")
        rtmp, fetched = replace(NAMED, room=name), replace(NAMED, room=name, input=IngressInput.URL, url=FILM)
        by_whip = replace(rtmp, input=IngressInput.WHIP)
        bad = {
            "no identity": replace(rtmp, identity=""),
            "passed on as it is": replace(rtmp, is_transcoded=False),
            "an unknown preset": replace(rtmp, preset="no-such-preset"),
            "an unknown preset of sound": replace(rtmp, audio_preset="no-such-preset"),
            "a preset, and passed on": replace(by_whip, preset=stage.provider.limits.ingress_presets[0]),
            "no address": replace(fetched, url=None),
            "another scheme": replace(fetched, url=SecretStr("ftp://media.example.com/take.mp4")),
            "fetched by nobody": replace(fetched, is_enabled=False),
            "fetched into nowhere": replace(fetched, room=""),
        }
        for why, options in bad.items():
            with pytest.raises(Rejected) as refused:
                pytest.fail(f"{why}: {await stage.provider.create_ingress(options)}")
            assert all(secret not in str(refused.value) + refused.value.detail for secret in HIDDEN)
        assert await stage.provider.list_ingresses(RoomRef(stage.provider.name, "", name)) == []
        created = await _created(stage, IngressInput.RTMP)
        with pytest.raises(Rejected):
            await stage.provider.update_ingress(created.ingress.ref, IngressChanges(preset="no-such-preset"))

    async def test_a_copy_has_a_key_of_its_own(self, stage: Stage) -> None:
        stage.needs(Capability.COPY_INGRESS)
        original = await _created(stage, IngressInput.RTMP, replace(NAMED, is_enabled=False))
        copied = await stage.provider.copy_ingress(original.ingress.ref)
        assert original.key is not None
        assert copied.key is not None
        assert copied.key.get_secret_value() != original.key.get_secret_value()
        assert copied.ingress.ref != original.ingress.ref
        same = replace(original.ingress, ref=copied.ingress.ref, updated_at=None)
        assert replace(copied.ingress, updated_at=None) == same
        await stage.provider.delete_ingress(original.ingress.ref)
        await stage.provider.update_ingress(copied.ingress.ref, IngressChanges(is_enabled=True))
        await stage.encoder_sends(copied)

    async def test_of_one_that_is_gone(self, stage: Stage) -> None:
        stage.needs(Capability.DELETE_INGRESS, Capability.UPDATE_INGRESS, Capability.COPY_INGRESS)
        ref = (await _created(stage, IngressInput.RTMP)).ingress.ref
        deleted = await stage.provider.delete_ingress(ref)
        assert (deleted.ref, deleted.status, deleted.name) == (ref, IngressStatus.DELETED, "Stage left")
        assert await stage.provider.list_ingresses(id=ref.id) == []
        for absent in (ref, IngressRef(stage.provider.name, f"no-such-{uuid4().hex}")):
            with pytest.raises(NotFound):
                await stage.provider.delete_ingress(absent)
            with pytest.raises(NotFound):
                await stage.provider.update_ingress(absent, IngressChanges(name="Stage right"))
            with pytest.raises(NotFound):
                await stage.provider.copy_ingress(absent)


class IngressSenders:
    async def test_an_encoder_comes_fails_comes_back_and_goes(self, stage: Stage) -> None:
        stage.needs_webhooks()
        created = await _created(stage, IngressInput.RTMP)
        made = created.ingress
        await stage.encoder_sends(created)
        live = await stage.ingress(made, IngressStatus.LIVE)
        room = await stage.listed(made.room.name)
        assert room is not None
        assert live.room == room.ref
        assert live.started_at is not None
        assert live.video is not None
        assert min(live.video.width, live.video.height, live.video.frame_rate, live.video.bitrate) > 0
        assert live.audio is not None
        assert all("/" in codec for codec in (live.video.codec, live.audio.codec))
        sender = await stage.participant(live.room, "cam")
        assert (sender.kind, sender.name, sender.is_person) == (ParticipantKind.INGRESS, "Camera 1", False)
        await stage.encoder_fails(made, "no key frame came")
        failed = await stage.ingress(made, IngressStatus.FAILED)
        assert failed.error is not None
        assert "no key frame came" in failed.error
        await _nobody_sends(stage, live)
        await stage.encoder_sends(created)
        assert (await stage.ingress(made, IngressStatus.LIVE)).error is None
        await stage.encoder_stops(made)
        waiting = await stage.ingress(made, IngressStatus.WAITING)
        assert waiting.ended_at is not None
        assert [each.room.id for each in (live, failed, waiting)] == [room.ref.id, "", ""]
        await stage.fact(IngressChanged, lambda f: f.ingress.ref == made.ref and _has_stopped(f.ingress))
        told = [f.ingress for f in stage.told if isinstance(f, IngressChanged) and f.ingress.ref == made.ref]
        statuses = [status for status, _ in groupby(i.status for i in told if i.status is not IngressStatus.BUFFERING)]
        assert statuses == [IngressStatus.LIVE, IngressStatus.FAILED, IngressStatus.LIVE, IngressStatus.WAITING]
        _holds_no_secret(stage, created, repr([live, failed, waiting]))

    async def test_one_that_is_disabled_lets_nobody_in(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_INGRESS)
        created = await _created(stage, IngressInput.RTMP, replace(NAMED, is_enabled=False))
        with pytest.raises(NotAdmitted):
            await stage.encoder_sends(created)
        await stage.provider.update_ingress(created.ingress.ref, IngressChanges(is_enabled=True))
        await stage.encoder_sends(created)

    async def test_a_change_while_something_comes(self, stage: Stage) -> None:
        """It may cut the sender off, who may come back."""
        stage.needs(Capability.UPDATE_INGRESS)
        live = await _live(stage)
        changed = await stage.provider.update_ingress(live.ref, IngressChanges(name="Stage right"))
        (listed,) = await stage.provider.list_ingresses(id=live.ref.id)
        assert (changed.name, listed.name) == ("Stage right", "Stage right")
        assert listed.status in (IngressStatus.LIVE, IngressStatus.WAITING)

    async def test_a_change_after_a_failure_clears_it(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_INGRESS)
        live = await _live(stage)
        await stage.encoder_fails(live, "no key frame came")
        await stage.provider.update_ingress(live.ref, IngressChanges(name="Stage right"))
        assert (await stage.ingress(live, IngressStatus.WAITING)).name == "Stage right"

    async def test_whoever_sends_is_cut_off_by_deletion(self, stage: Stage) -> None:
        stage.needs(Capability.DELETE_INGRESS)
        live = await _live(stage)
        assert (await stage.provider.delete_ingress(live.ref)).status is IngressStatus.DELETED
        assert await stage.provider.list_ingresses(id=live.ref.id) == []
        await _nobody_sends(stage, live)

    async def test_one_whose_worker_is_gone_is_listed_as_it_was(self, stage: Stage) -> None:
        stage.needs(Capability.DELETE_INGRESS)
        live = await _live(stage)
        await stage.ingress_worker_dies(live)
        await _nobody_sends(stage, live)
        (listed,) = await stage.provider.list_ingresses(id=live.ref.id)
        assert (listed.status, listed.updated_at is not None) == (IngressStatus.LIVE, True)
        await stage.provider.delete_ingress(live.ref)
        assert await stage.provider.list_ingresses(id=live.ref.id) == []

    async def test_what_is_fetched_comes_once(self, stage: Stage) -> None:
        """It cannot be changed, and ends with its source."""
        stage.needs(Capability.UPDATE_INGRESS, Capability.COPY_INGRESS)
        created = await _created(stage, IngressInput.URL)
        ref = created.ingress.ref
        await stage.encoder_sends(created)
        with pytest.raises(Conflict):
            await stage.provider.update_ingress(ref, IngressChanges(name="Stage right"))
        with pytest.raises(Conflict):
            await stage.provider.copy_ingress(ref)
        await stage.encoder_stops(created.ingress)
        complete = await stage.ingress(created.ingress, IngressStatus.COMPLETE)
        assert complete.error is None
        if stage.provider.webhook_kinds:
            await stage.fact(IngressChanged, lambda f: f.ingress.status is IngressStatus.COMPLETE)
        _holds_no_secret(stage, created, repr(complete))


async def _created(stage: Stage, input: IngressInput, options: IngressOptions = NAMED) -> CreatedIngress:
    """Into a room of its own that is not there yet."""
    stage.needs(Capability.CREATE_INGRESS, Capability.LIST_INGRESSES, Capability.ROOM_MADE_ON_JOIN, INPUTS[input])
    url = FILM if input.is_fetched else None
    return await stage.provider.create_ingress(replace(options, input=input, room=fresh("standup"), url=url))


async def _live(stage: Stage) -> Ingress:
    """One that an encoder sends into."""
    created = await _created(stage, IngressInput.RTMP)
    await stage.encoder_sends(created)
    return await stage.ingress(created.ingress, IngressStatus.LIVE)


def _has_stopped(ingress: Ingress) -> bool:
    return ingress.status is IngressStatus.WAITING and ingress.ended_at is not None


async def _nobody_sends(stage: Stage, was: Ingress) -> None:
    """Return when the one that sent is not in its room any more."""
    stage.needs(Capability.LIST_PARTICIPANTS)

    async def gone() -> bool:
        try:
            there = await stage.provider.list_participants(was.room)
        except NotFound:
            return True
        return was.identity not in [participant.identity for participant in there]

    await eventually(gone)


def _holds_no_secret(stage: Stage, created: CreatedIngress, shown: str) -> None:
    """Nor do the facts that were told so far."""
    shown += facts_to_json(stage.told).decode()
    keys = () if created.key is None else (created.key.get_secret_value(),)
    assert all(secret not in shown for secret in (*keys, *HIDDEN))
