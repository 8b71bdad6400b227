"""How one running recording is asked to end, and what is told where it cannot be."""

from dataclasses import replace

from commands.core.context import Context
from commands.core.egress_words import explain_condition
from commands.core.errors import CommandError, Ended
from commands.core.reply import Action, Reply
from commands.one_feed import subject
from commands.recording_lookup import OneRecording
from commands.recording_timing import has_ended
from providers.base import Recording, RecordingStatus
from providers.errors import Conflict, LeftBehind, NotFound
from providers.facts import Condition, ConditionSeen, Finished, RecordingChanged, ThingKind


async def stop(ctx: Context, command: OneRecording, recording: Recording) -> Recording:
    """As the server has it then. Looks first: to ask for what cannot be takes some servers seconds.

    Raises `Ended` where it is over or ends already, and `CommandError` where nobody works on it any more.
    """
    if recording.status is RecordingStatus.ENDING or recording.status.is_final:
        await ctx.report(RecordingChanged(recording=recording, **ctx.observed()))
        raise await _over(ctx, recording)
    try:
        stopped = await ctx.provider.stop_recording(recording.ref)
    except LeftBehind:
        raise await left_behind(ctx, recording) from None
    except (Conflict, NotFound):
        raise await _over(ctx, await command.report_as_it_is(ctx, recording)) from None
    await ctx.report(RecordingChanged(recording=stopped, **ctx.observed()))
    return stopped


async def left_behind(ctx: Context, recording: Recording) -> CommandError:
    """The card learns it too."""
    kind, seen = ThingKind.RECORDING, Condition.LEFT_BEHIND
    await ctx.report(ConditionSeen(thing=kind, thing_id=recording.ref.id, condition=seen, **ctx.observed()))
    dismiss = ctx.ports.commands["recording", "dismiss"]
    same = {"provider": recording.ref.provider, "recording": recording.ref.id}
    return CommandError(
        ("The recording of ", *subject(recording), " cannot be stopped."),
        explain_condition(seen),
        actions=[Action("Dismiss", dismiss.model_validate(same))],
    )


async def is_paused(ctx: Context, recording: Recording) -> bool:
    """It was stopped so as to go on later."""
    if not recording.status.is_final and recording.status is not RecordingStatus.ENDING:
        return False
    ref = recording.ref
    request = await ctx.ports.egress_requests.get(ctx.caller.team_id, ref.provider, ref.id)
    return request is not None and request.is_paused


async def finish(ctx: Context, recording: Recording) -> Reply:
    """It does not go on any more. Raises `Ended` where it goes on by now, or somebody else has finished it."""
    ref, kept = recording.ref, ctx.ports.egress_requests
    done = await kept.change(
        ctx.caller.team_id, ref.provider, ref.id, lambda r: replace(r, is_paused=False) if r.is_paused else None
    )
    if done is None:
        raise await has_ended(ctx, recording)
    kind, by = ThingKind.RECORDING, ctx.caller.user_id
    await ctx.report(Finished(thing=kind, thing_id=ref.id, by=by, **ctx.observed()))
    what = ("Finished the recording of ", *subject(recording), f": no part follows part {done.part}.")
    return Reply(text=what)


async def _over(ctx: Context, recording: Recording) -> Ended:
    if recording.status is RecordingStatus.ENDING:
        what = ("The recording of ", *subject(recording), " is being stopped already.")
        return Ended(what, "Its card says when it is ready.")
    return await has_ended(ctx, recording)
