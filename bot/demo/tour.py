"""The tour: what the bot does, as a story in which every state is checked."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from bot.demo import acts, broadcast, incoming, storm
from bot.demo.story import Story
from bot.demo.world import World
from providers.base import Capability

Step = Callable[[Story], Awaitable[None]]

STEPS: Final[Sequence[Step]] = (
    acts.create_by_command,
    acts.mistype,
    acts.fill_in_a_form,
    acts.somebody_joins,
    acts.ask_in_a_thread,
    acts.ask_alone,
    acts.open_a_form_from_a_mention,
    acts.look_at_home,
    acts.start_from_a_message,
    acts.record,
    acts.recording_fails,
    acts.record_again,
    broadcast.stream_to_two,
    broadcast.stop_streaming,
    incoming.bring_a_camera,
    incoming.lose_the_camera,
    incoming.call_somebody,
    incoming.send_for_an_agent,
    acts.restart,
    acts.send_sound_and_picture,
    acts.mute_all,
    acts.send_a_message,
    acts.change_somebody,
    acts.keep_out,
    acts.refuse_a_guest,
    acts.grant_a_role,
    acts.make_it_in_private,
    acts.look_at_the_audit,
    acts.join,
    acts.end_asks_first,
    acts.press_an_old_button,
    acts.forget_the_quotes,
    storm.too_much_at_once,
    storm.calm_again,
)

NEEDS: Final[Mapping[Step, Capability]] = {
    acts.record: Capability.START_RECORDING,
    acts.recording_fails: Capability.START_RECORDING,
    acts.record_again: Capability.START_RECORDING,
    acts.press_an_old_button: Capability.START_RECORDING,
    broadcast.stream_to_two: Capability.START_STREAM,
    broadcast.stop_streaming: Capability.START_STREAM,
    incoming.bring_a_camera: Capability.CREATE_INGRESS,
    incoming.lose_the_camera: Capability.CREATE_INGRESS,
    incoming.call_somebody: Capability.DIAL,
}
"""Steps that are left out on a video server that cannot do this."""


async def play(world: World, console: Console, steps: Sequence[Step] = STEPS) -> bool:
    """Tell the whole story. A step that fails is the last, as the following build on it; False then."""
    began = time.monotonic()
    story = Story(world, console)
    await world.provider.inspect()  # which steps there are must not depend on who looks first
    steps = [step for step in steps if step not in NEEDS or story.can(NEEDS[step])]
    checked = 0
    for number, step in enumerate(steps, 1):
        if not await story.play(step, f"{number}. {(step.__doc__ or step.__name__).strip()}"):
            console.print(Text(f"The tour ends here, with {len(steps) - number} steps to go.", "bold red"))
            return False
        checked += len(story.checks.found)
    seconds = time.monotonic() - began
    sum_up = f"{len(steps)} steps, {checked} checks, all right, in {seconds:.1f} s, on {world.provider.kind}."
    console.print(Text(sum_up, "bold green"))
    return True
