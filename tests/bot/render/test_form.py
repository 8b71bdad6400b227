"""A command's fields as a form, page by page, and back."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field, SecretStr

from bot.render.button import read_action_id
from bot.render.form import (
    INPUTS_AT_ONCE,
    INPUTS_ON_FURTHER_PAGES,
    PLACE,
    form_errors,
    label_of,
    pages,
    read_form,
    read_place,
    render_form,
)
from bot.render.form_fields import LongChoice, as_shown, option_value
from bot.render.limits import OPTION_VALUE
from bot.render.text import Block
from commands.core.base import (
    Advanced,
    Arg,
    Command,
    Internal,
    LongText,
    Needs,
    Offered,
    Offers,
    ServerCommand,
    ShownWith,
    WorkspacePerson,
)
from commands.core.errors import Problem
from commands.core.registry import all_commands
from commands.core.types import Count, Duration, OneOf, Pairs, PersonId
from providers.base import Backend, Capability, Grant
from tests.bot.render.foreign import buttons, check_view, texts, words
from tests.commands.strategies import commands_of


class Able(Backend):
    kind = "able"
    options = frozenset(Capability)


class Unable(Backend):
    kind = "unable"


STATE_KEYS = st.sampled_from(["value", "type", "selected_option", "selected_options", "selected_user"])

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


class Chosen(ServerCommand, path="sample choose"):
    """Choose a sample."""

    room: Annotated[str, Offers(Offered.ROOM)] = Field(description="Room")
    who: Annotated[tuple[str, ...], Offers(Offered.PARTICIPANT)] = Field((), description="Who")
    by: Annotated[PersonId | None, WorkspacePerson()] = Field(None, description="By whom")
    allow: tuple[Literal["screen_share", "b"], ...] = Field((), description="What")
    beside: Annotated[str, ShownWith("allow", "b")] = Field("", description="Only with b")


def form(
    command: type[Command] = Sample,
    *,
    given: Mapping[str, object] | None = None,
    able: bool = True,
    page: int = 0,
    **more: Any,
) -> Block:
    provider = ABLE if able else UNABLE
    return render_form(command, given=given or {}, provider=provider, private_metadata="kept", page=page, **more)


def whole(command: type[Command], known: Mapping[str, object], *, able: bool = True) -> list[Block]:
    """Every page."""
    count = len(pages(command, ABLE if able else UNABLE, known))
    return [form(command, given=known, able=able, page=page) for page in range(count)]


def inputs(*views: Block) -> dict[str, Block]:
    return {block["block_id"]: block for view in views for block in view["blocks"] if block["type"] == "input"}


def everything(known: Mapping[str, object] | None = None, *, able: bool = True) -> dict[str, Block]:
    return inputs(*whole(Sample, known or {}, able=able))


def submitted(*views: Block) -> dict[str, dict[str, dict[str, Any]]]:
    """The state that Slack sends when nothing is touched."""
    return {name: {"value": _untouched(block["element"])} for name, block in inputs(*views).items()}


def _untouched(element: Block) -> dict[str, Any]:
    match element["type"]:
        case "checkboxes" | "multi_external_select":
            return {"type": element["type"], "selected_options": element.get("initial_options", [])}
        case "static_select" | "external_select":
            return {"type": element["type"], "selected_option": element.get("initial_option")}
        case "users_select":
            return {"type": "users_select", "selected_user": element.get("initial_user")}
        case kind:
            return {"type": kind, "value": element.get("initial_value")}


def read(command: type[Command], state: object) -> dict[str, object]:
    """What is there, by field."""
    found = read_form(command, state, command.model_fields)
    return {name: value for name, value in found.items() if value is not None}


def test_the_frame_of_a_form() -> None:
    view = form()
    check_view(view)
    assert view["callback_id"] == "form:sample.make"
    assert view["title"]["text"] == "Make sample"
    assert view["submit"]["text"] == "Make"
    assert view["private_metadata"] == "kept"
    assert words(view["blocks"][0]) == "Make a sample. On `able`."


def test_required_first_advanced_last_and_what_is_fixed_not_at_all() -> None:
    names = list(everything())
    common = ["name", "common", "many_people", "grant", "kind"]
    assert names == [*common, "ttl", "record", "hidden", "notes", "except_", "tags", "kinds", "pairs", "key"]
    assert everything()["name"]["optional"] is False
    assert all(block["optional"] for name, block in everything().items() if name != "name")


def test_what_the_provider_cannot_do_is_hidden() -> None:
    assert "many_people" not in everything(able=False)


def test_each_type_has_its_element() -> None:
    elements = {name: block["element"] for name, block in everything().items()}
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


class Sent(ServerCommand, path="sample send"):
    """Send a sample."""

    layout: Annotated[str | None, OneOf(lambda limits: limits.layouts)] = Field(None, description="Layout")
    urls: tuple[SecretStr, ...] = Field((), description="Where to")


def test_what_the_video_server_has_is_searched_for() -> None:
    drawn = inputs(form(Sent, given={"layout": "grid"}))["layout"]["element"]
    assert (drawn["type"], drawn["initial_option"]["value"]) == ("external_select", "grid")
    assert drawn["placeholder"]["text"] == "Choose one, or type it"


def test_several_secrets_are_typed_again() -> None:
    view = form(Sent, given={"urls": (SecretStr("rtmp://a.example/live/KEY"),)})
    drawn = inputs(view)["urls"]
    assert (drawn["element"]["type"], drawn["hint"]["text"]) == ("plain_text_input", "Where to. One per line")
    assert "initial_value" not in drawn["element"]
    assert "KEY" not in str(view)


def test_labels_and_hints_in_plain_words() -> None:
    drawn = everything()
    assert drawn["many_people"]["label"]["text"] == "Many people"
    assert drawn["except_"]["label"]["text"] == "Except"
    assert drawn["name"]["hint"]["text"] == "Its name"
    assert drawn["tags"]["hint"]["text"] == "Tags. One per line"
    assert drawn["pairs"]["hint"]["text"] == "Pairs. One per line"


def test_beyond_six_inputs_the_advanced_ones_wait() -> None:
    first, second, third = whole(Sample, {"name": "x"})
    for view in (first, second, third):
        check_view(view)
    assert list(inputs(first)) == ["name", "common", "many_people", "grant", "kind"]
    assert len(inputs(second)) == INPUTS_ON_FURTHER_PAGES
    turns = [
        [(b["text"]["text"], read_action_id(b["action_id"]).page) for b in buttons(v["blocks"])]
        for v in (first, second, third)
    ]
    assert turns == [[("More options", 1)], [("Back", 0), ("More options", 2)], [("Back", 1)]]
    assert list(inputs(form(page=99))) == list(inputs(third))


@pytest.mark.parametrize(
    ("name", "label"),
    [("as_json", "As JSON"), ("ttl", "TTL"), ("urls", "URLs"), ("identity", "Identity"), ("except_", "Except")],
)
def test_labels_are_written_as_people_write_them(name: str, label: str) -> None:
    assert label_of(name) == label


def test_a_choice_of_what_is_there() -> None:
    drawn = inputs(form(Chosen, given={"room": "standup", "who": ("bob", "bob", "@U1"), "by": "@U1ANA"}))
    room, who, by = (drawn[name]["element"] for name in ("room", "who", "by"))
    assert (room["type"], room["min_query_length"]) == ("external_select", 0)
    assert room["initial_option"] == {"text": room["initial_option"]["text"], "value": "standup"}
    assert (who["type"], [o["value"] for o in who["initial_options"]]) == ("multi_external_select", ["bob", "@U1"])
    assert (by["type"], by["initial_user"]) == ("users_select", "U1ANA")
    assert "initial_user" not in inputs(form(Chosen, given={"by": "<ana>"}))["by"]["element"]


def test_a_choice_too_long_for_an_option_goes_by_its_digest() -> None:
    view = form(Chosen, given={"room": "x" * 200})
    check_view(view)
    value = inputs(view)["room"]["element"]["initial_option"]["value"]
    assert len(value) <= OPTION_VALUE
    assert read(Chosen, submitted(view))["room"] == LongChoice(value)
    assert option_value(value) != value, "a text that looks like a digest is none"


def test_a_field_that_makes_sense_only_with_another() -> None:
    assert "beside" not in inputs(form(Chosen, given={"beside": "kept"}))
    drawn = inputs(form(Chosen, given={"allow": ["b"], "beside": "kept"}))
    assert drawn["beside"]["element"]["initial_value"] == "kept"
    assert drawn["allow"]["dispatch_action"] is True
    assert [o["text"]["text"] for o in drawn["allow"]["element"]["options"]] == ["screen share", "b"]


def test_a_form_that_asks_where_its_answer_goes() -> None:
    view = form(Chosen, asks_place=True)
    check_view(view)
    element = inputs(view)[PLACE]["element"]
    assert (element["type"], element["default_to_current_conversation"]) == ("conversations_select", True)
    assert read_place({PLACE: {"value": {"selected_conversation": "C1"}}}) == "C1"
    assert read_place({PLACE: {"value": {"selected_conversation": None}}}) is None
    assert read_place(None) is None


def test_what_is_wrong_on_another_page_stands_beside_its_field() -> None:
    view = form(page=1, problems=[Problem("Too long.", "ttl"), Problem("Elsewhere.", "name")], note="Look.")
    check_view(view)
    blocks = view["blocks"]
    at = next(index for index, block in enumerate(blocks) if block.get("block_id") == "ttl")
    assert "Too long." in words(blocks[at + 1])
    assert "Elsewhere." not in repr(view)
    assert words(blocks[1]) == "Look."


def test_what_is_too_long_to_be_shown_is_said_to_be() -> None:
    drawn = inputs(form(given={"common": "x" * 4_000}))["common"]
    assert "initial_value" not in drawn["element"]
    assert "too long to be shown" in drawn["hint"]["text"]


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
    views = whole(Sample, GIVEN)
    for view in views:
        check_view(view)
    said = read(Sample, submitted(*views))
    assert Sample.model_validate({**said, "provider": "able"}) == Sample.model_validate({**GIVEN, "provider": "able"})


def test_an_untouched_form_is_the_defaults() -> None:
    said = read(Sample, submitted(*whole(Sample, {"name": "x"})))
    assert Sample.model_validate({**said, "provider": "able"}) == Sample(provider="able", name="x")


@pytest.mark.parametrize(("given", "chosen"), [(None, None), (True, "yes"), (False, "no")])
def test_yes_no_or_nothing_said(given: bool | None, chosen: str | None) -> None:
    views = whole(Sample, {"name": "x", "hidden": given})
    element = inputs(*views)["hidden"]["element"]
    assert [(o["text"]["text"], o["value"]) for o in element["options"]] == [("Yes", "yes"), ("No", "no")]
    assert element.get("initial_option", {}).get("value") == chosen
    assert inputs(*views)["hidden"]["optional"] is True
    assert read(Sample, submitted(*views)).get("hidden") is given


def test_a_secret_is_never_filled_in() -> None:
    for secret in (SecretStr("hunter2"), "hunter2"):
        views = whole(Sample, {"name": "x", "key": secret})
        assert "key" in inputs(*views)
        assert "hunter2" not in repr(views)


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
    assert read(Sample, state) == {"name": "x", "tags": ["one", "two"], "record": False}


def test_half_a_character_never_comes_in() -> None:
    assert read(Sample, {"name": {"value": {"type": "plain_text_input", "value": "a\ud800b"}}}) == {"name": "a?b"}


def test_errors_stand_under_their_fields_and_the_others_at_the_first() -> None:
    problems = [Problem("Too long.", "name"), Problem("Too many.", "tags"), Problem("Both.", "life"), Problem("All.")]
    assert form_errors(problems, ["name", "tags"]) == {"name": "Too long. Both. All.", "tags": "Too many."}
    assert form_errors(problems[1:2], []) == {}


@given(st.dictionaries(st.sampled_from(sorted(Sample.model_fields)), texts | st.integers() | st.none()))
def test_a_form_fits_whatever_is_given(known: dict[str, object]) -> None:
    for view in whole(Sample, known):
        check_view(view)


@given(st.dictionaries(st.sampled_from(sorted(Chosen.model_fields)), texts | st.lists(texts) | st.none()))
def test_choices_fit_whatever_is_given(known: dict[str, object]) -> None:
    check_view(form(Chosen, given=known))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STATE_KEYS | texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([Sample, Chosen]), st.data())
def test_any_state_is_read(command: type[Command], data: st.DataObject) -> None:
    state = data.draw(st.dictionaries(st.sampled_from(sorted(command.model_fields)), JSON | _element_states()) | JSON)
    found = read_form(command, state, command.model_fields)
    assert set(found) == set(command.model_fields)


def _element_states() -> st.SearchStrategy[object]:
    return st.fixed_dictionaries({"value": st.dictionaries(STATE_KEYS, JSON)})


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], max_examples=20)
@pytest.mark.parametrize("path", sorted(all_commands()), ids=" ".join)
@given(st.data())
def test_what_nobody_touches_reads_as_it_is_shown(path: tuple[str, ...], data: st.DataObject) -> None:
    """So the caller can tell what was changed, and a form that is sent unchanged says what it was opened with."""
    command = data.draw(commands_of(all_commands()[path]))
    known = dict(command)
    views = whole(type(command), known)
    for view in views:
        check_view(view)
    names = list(inputs(*views))
    found = read_form(type(command), submitted(*views), names)
    assert found == {name: as_shown(type(command).model_fields[name], known[name]) for name in names}


@pytest.mark.parametrize("path", sorted(all_commands()), ids=" ".join)
@pytest.mark.parametrize("able", [True, False])
def test_every_command_has_a_form(path: tuple[str, ...], able: bool) -> None:
    views = whole(all_commands()[path], {}, able=able)
    for view in views:
        check_view(view)
        assert "…" not in view["title"]["text"]
    assert len(inputs(views[0])) <= INPUTS_AT_ONCE
    assert all(len(inputs(view)) <= INPUTS_ON_FURTHER_PAGES for view in views[1:])
