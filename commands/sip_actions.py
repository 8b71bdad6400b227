"""The buttons of a telephone call, wherever one is shown: whoever draws them leaves out what its server lacks."""

from collections.abc import Sequence

from commands.core.base import pin
from commands.core.reply import Action, Form
from commands.sip_call import SipDtmf, SipHangup, SipTransfer, called, pinned
from commands.sip_dial import SipDial
from providers.base import Call, CallStatus


def call_actions(call: Call) -> Sequence[Action | Form]:
    """What can be done with it in its state. A number is never in a button, so it is typed again."""
    who = called(call)
    if call.status.is_final:
        return () if call.is_inbound else (_again(call, who),)
    given = tuple(pinned(call).items())
    talking = (
        Form("Send digits...", SipDtmf, given, description=f"Press keys in the call with {who}"),
        Form("Transfer...", SipTransfer, given, description=f"Transfer the call with {who}"),
    )
    hang_up = Action("Hang up", SipHangup(**pinned(call)), style="danger", description=f"Hang up on {who}")
    return (hang_up, *talking) if call.status is CallStatus.ACTIVE else (hang_up,)


def _again(call: Call, who: str) -> Form:
    given = (*pin(call.room).items(), *((("trunk", call.trunk),) if call.trunk else ()))
    return Form("Call again...", SipDial, given, description=f"Call {who} again")
