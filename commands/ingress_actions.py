"""The buttons of ingresses, wherever one is shown: whoever draws them leaves out what its server lacks."""

from commands.core.phone_numbers import without_numbers
from commands.core.reply import Action, Form
from commands.ingress_update import IngressUpdate, create_another
from commands.ingress_upkeep import IngressDelete, IngressRenew
from providers.base import Ingress, IngressStatus


def actions(ingress: Ingress, *, is_orphan: bool = False) -> tuple[Action | Form, ...]:
    """What can be done with one in its state. `is_orphan`: its worker died, so it is replaced or deleted."""
    if ingress.status is IngressStatus.DELETED:
        return ()
    if ingress.input.is_fetched or not ingress.is_reusable:
        is_over = is_orphan or ingress.status in (IngressStatus.COMPLETE, IngressStatus.FAILED)
        return (create_another(ingress), delete(ingress)) if is_over else (delete(ingress),)
    if is_orphan:
        return (new_key(ingress), delete(ingress))
    return (switch(ingress), move(ingress), new_key(ingress), delete(ingress))


def switch(ingress: Ingress) -> Action:
    """Whether senders are let in, the other way round."""
    command = IngressUpdate(provider=ingress.ref.provider, ingress=ingress.ref.id, enabled=not ingress.is_enabled)
    if ingress.is_enabled:
        return Action("Disable", command, description=f"Disable the {called(ingress)}")
    return Action("Enable", command, style="primary", description=f"Enable the {called(ingress)}")


def move(ingress: Ingress) -> Form:
    given = (("provider", ingress.ref.provider), ("ingress", ingress.ref.id))
    return Form("Move", IngressUpdate, given, description=f"Move the {called(ingress)} to another room, or change it")


def new_key(ingress: Ingress) -> Action:
    command = IngressRenew(provider=ingress.ref.provider, ingress=ingress.ref.id)
    return Action("New key", command, description=f"Give the {called(ingress)} a new key")


def delete(ingress: Ingress) -> Action:
    command = IngressDelete(provider=ingress.ref.provider, ingress=ingress.ref.id)
    return Action("Delete", command, style="danger", description=f"Delete the {called(ingress)}")


def called(ingress: Ingress) -> str:
    """`ingress Camera 2 into standup`: what a screen reader says of its buttons."""
    into = f" into {without_numbers(ingress.room.name)}" if ingress.room.name else ""
    return f"ingress {ingress.shown_name}{into}"
