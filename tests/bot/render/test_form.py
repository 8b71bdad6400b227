"""A command's fields as a form, and back."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr

from bot.render.button import read_action_id
from bot.render.form import INPUTS_AT_ONCE, form_errors, read_form, render_form
from bot.render.text import Block
from commands.core.base import Advanced, Arg, Command, Internal, LongText, Needs, ServerCommand
from commands.core.errors import Problem
from commands.core.registry import all_commands
from commands.core.types import Count, Duration, Pairs
from providers.base import Backend, Capability, Grant
from tests.bot.render.foreign import buttons, check_view, texts, words


class Able(Backend):
    kind = "able"
    options = frozenset(Capability)


class Unable(Backend):
    kind = "unable"


ABLE, UNABLE = Able("able"), Unable("unable")


class Sample(ServerCommand, path="sample make"):
    """Make a sample."""

    common: str = Field("", description="Any text")
    name: Arg[str] = Field(description="Its `name`")
    life: Annotated[str | None, Internal()] = Field(None, description="Life")
    many_people: Annotated[Count | None, Needs(Capability.MAX_PARTICIPANTS)] = Field(None, description="How many")
    grant: Grant = Field(Grant.PUBLISHER, description="Grant")
    kind: Literal["a", "b"] | None = Field(None, description="Kind")
    ttl: Annotated[Duration, Advanced()] = Field(timedelta(hours=1), description="How long")
    record: Annotated[bool, Advanced()] = Field(False, description="Record it")
    hidden: Annotated[bool | None, Advanced()] = Field(None, description="Whether it is hidden")
    notes: Annotated[str, Advanced(), LongText()] = Field("", description="Notes")
    except_: Annotated[tuple[str, ...], Advanced()] = Field((), description="But these")
    tags: Annotated[tuple[str, ...], Advanced()] = Field((), description="Tags")
    kinds: Annotated[tuple[Literal["a", "b"], ...], Advanced()] = Field((), description="Kinds")
    pairs: Annotated[Pairs, Advanced()] = Field(default_factory=dict, description="Pairs")
    key: Annotated[SecretStr | None, Advanced()] = Field(None, description="Key")


def form(
    command: type[Command] = Sample, *, given: Mapping[str, object] | None = None, able: bool = True, more: bool = True
) -> Block:
    return render_form(
        command, given=given or {}, provider=ABLE if able else UNABLE, private_metadata="kept", more=more
    )


def inputs(view: Block) -> dict[str, Block]:
    return {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}


def submitted(view: Block) -> dict[str, dict[str, dict[str, Any]]]:
    """The state that Slack sends when nothing is touched."""
    return {name: {"value": _untouched(block["element"])} for name, block in inputs(view).items()}


def _untouched(element: Block) -> dict[str, Any]:
    match element["type"]:
        case "checkboxes":
            return {"type": "checkboxes", "selected_options": element.get("initial_options", [])}
        case "static_select":
            return {"type": "static_select", "selected_option": element.get("initial_option")}
        case kind:
            return {"type": kind, "value": element.get("initial_value")}


def test_the_frame_of_a_form() -> None:
    view = form()
    check_view(view)
    assert view["callback_id"] == "form:sample.make"
    assert view["title"]["text"] == "Make sample"
    assert view["submit"]["text"] == "Make"
    assert view["private_metadata"] == "kept"
    assert words(view["blocks"][0]) == "Make a sample. On `able`."


def test_required_first_advanced_last_and_what_is_fixed_not_at_all() -> None:
    names = list(inputs(form()))
    common = ["name", "common", "many_people", "grant", "kind"]
    assert names == [*common, "ttl", "record", "hidden", "notes", "except_", "tags", "kinds", "pairs", "key"]
    assert inputs(form())["name"]["optional"] is False
    assert all(block["optional"] for name, block in inputs(form()).items() if name != "name")


def test_what_the_provider_cannot_do_is_hidden() -> None:
    assert "many_people" not in inputs(form(able=False))


def test_each_type_has_its_element() -> None:
    elements = {name: block["element"] for name, block in inputs(form()).items()}
    assert {name: element["type"] for name, element in elements.items()} == {
        "name": "plain_text_input",
        "common": "plain_text_input",
        "many_people": "number_input",
        "grant": "static_select",
        "kind": "static_select",
        "ttl": "plain_text_input",
        "record": "checkboxes",
        "hidden": "static_select",
        "notes": "plain_text_input",
        "except_": "plain_text_input",
        "tags": "plain_text_input",
        "kinds": "checkboxes",
        "pairs": "plain_text_input",
        "key": "plain_text_input",
    }
    assert (elements["many_people"]["min_value"], elements["many_people"]["max_value"]) == ("1", "1000000")
    assert [name for name, element in elements.items() if element.get("multiline")] == [
        "notes",
        "except_",
        "tags",
        "pairs",
    ]
    assert elements["ttl"]["initial_value"] == "1h"
    assert elements["grant"]["initial_option"]["value"] == "publisher"
    assert "initial_option" not in elements["kind"]


def test_labels_and_hints_in_plain_words() -> None:
    drawn = inputs(form())
    assert drawn["many_people"]["label"]["text"] == "Many people"
    assert drawn["except_"]["label"]["text"] == "Except"
    assert drawn["name"]["hint"]["text"] == "Its name"
    assert drawn["tags"]["hint"]["text"] == "Tags. One per line"
    assert drawn["pairs"]["hint"]["text"] == "Pairs. One per line"


def test_beyond_six_inputs_the_advanced_ones_wait() -> None:
    folded = form(more=False)
    check_view(folded)
    assert list(inputs(folded)) == ["name", "common", "many_people", "grant", "kind"]
    (button,) = buttons(folded["blocks"])
    assert read_action_id(button["action_id"]).path == ("sample", "make")
    assert button["text"]["text"] == "More options"
    assert buttons(form()["blocks"]) == []


def test_an_advanced_field_that_is_given_is_shown() -> None:
    assert "pairs" in inputs(form(given={"pairs": ["a=1"]}, more=False))


GIVEN: dict[str, object] = {
    "name": "x",
    "many_people": 5,
    "grant": Grant.MODERATOR,
    "kind": "b",
    "ttl": timedelta(minutes=90),
    "record": True,
    "hidden": False,
    "notes": "one\ntwo",
    "except_": ("this",),
    "tags": ("one", "two"),
    "kinds": ["b"],
    "pairs": {"a": "1", "b": "2=3"},
}


def test_what_is_given_comes_back() -> None:
    view = form(given=GIVEN)
    check_view(view)
    read = read_form(Sample, submitted(view))
    assert Sample.model_validate({**read, "provider": "able"}) == Sample.model_validate({**GIVEN, "provider": "able"})


def test_what_was_typed_before_the_rest_was_shown_comes_back() -> None:
    view = form(given={"name": "x", "many_people": 5, "kind": "b"}, more=False)
    assert "ttl" not in inputs(view)
    typed = read_form(Sample, submitted(view))
    assert read_form(Sample, submitted(form(given=typed))) == {**typed, "ttl": "1h", "record": False}


def test_an_untouched_form_is_the_defaults() -> None:
    read = read_form(Sample, submitted(form(given={"name": "x"})))
    assert Sample.model_validate({**read, "provider": "able"}) == Sample(provider="able", name="x")


@pytest.mark.parametrize(("given", "chosen"), [(None, None), (True, "yes"), (False, "no")])
def test_yes_no_or_nothing_said(given: bool | None, chosen: str | None) -> None:
    view = form(given={"name": "x", "hidden": given})
    element = inputs(view)["hidden"]["element"]
    assert [(o["text"]["text"], o["value"]) for o in element["options"]] == [("Yes", "yes"), ("No", "no")]
    assert element.get("initial_option", {}).get("value") == chosen
    assert inputs(view)["hidden"]["optional"] is True
    assert read_form(Sample, submitted(view)).get("hidden") is given


def test_a_secret_is_never_filled_in() -> None:
    view = form(given={"name": "x", "key": SecretStr("hunter2")})
    assert "hunter2" not in repr(view)
    assert "hunter3" not in repr(form(given={"name": "x", "key": "hunter3"}))


def test_what_was_left_empty_is_absent_and_the_rest_is_stripped() -> None:
    state: dict[str, dict[str, dict[str, Any]]] = {
        "name": {"value": {"type": "plain_text_input", "value": "  x  "}},
        "common": {"value": {"type": "plain_text_input", "value": None}},
        "kind": {"value": {"type": "static_select", "selected_option": None}},
        "kinds": {"value": {"type": "checkboxes", "selected_options": []}},
        "tags": {"value": {"type": "plain_text_input", "value": " one \n\n two\n"}},
        "record": {"value": {"type": "checkboxes", "selected_options": []}},
        "unknown": {"value": {"type": "plain_text_input", "value": "x"}},
    }
    assert read_form(Sample, state) == {"name": "x", "tags": ["one", "two"], "record": False}


def test_half_a_character_never_comes_in() -> None:
    assert read_form(Sample, {"name": {"value": {"type": "plain_text_input", "value": "a\ud800b"}}}) == {"name": "a?b"}


def test_errors_stand_under_their_fields_and_the_others_at_the_first() -> None:
    problems = [Problem("Too long.", "name"), Problem("Too many.", "tags"), Problem("Both.", "life"), Problem("All.")]
    assert form_errors(problems, ["name", "tags"]) == {"name": "Too long. Both. All.", "tags": "Too many."}
    assert form_errors(problems[1:2], []) == {}


@given(st.dictionaries(st.sampled_from(sorted(Sample.model_fields)), texts | st.integers() | st.none()))
def test_a_form_fits_whatever_is_given(known: dict[str, object]) -> None:
    check_view(form(given=known))
    check_view(form(given=known, more=False))


@pytest.mark.parametrize("path", sorted(all_commands()), ids=" ".join)
@pytest.mark.parametrize("able", [True, False])
def test_every_command_has_a_form(path: tuple[str, ...], able: bool) -> None:
    check_view(form(all_commands()[path], able=able))
    view = form(all_commands()[path], able=able, more=False)
    check_view(view)
    assert len(inputs(view)) <= INPUTS_AT_ONCE
