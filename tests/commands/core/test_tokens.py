"""What people's keyboards make of a line, a row for each rule of the tokenizer."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.core.errors import UsageError
from commands.core.tokens import LONGEST_LINE, Word, quote, respell, split
from tests.commands.strategies import AWKWARD, texts

LINES: dict[str, tuple[str, list[str]]] = {
    "nothing": ("", []),
    "spaces only": (" \t\n ", []),
    "words": ("room create standup", ["room", "create", "standup"]),
    "tabs and line breaks": ("\n room\tcreate \r\n standup\n", ["room", "create", "standup"]),
    "no-break space": ("room\u00a0create\u202fstandup", ["room", "create", "standup"]),
    "ideographic space": ("room\u3000create", ["room", "create"]),
    "zero-width around": ("\u200broom\u200b \ufeffcreate\u2060", ["room", "create"]),
    "zero-width inside": ("stand\u200bup", ["standup"]),
    "zero-width inside quotes": ('"stand\u200bup"', ["stand\u200bup"]),
    "zero-width alone": ("\u200b \u2060", []),
    "straight quotes": ('"Q3 review"', ["Q3 review"]),
    "curly quotes": ("“Q3 review”", ["Q3 review"]),
    "low and high quotes": ("„Q3 review“", ["Q3 review"]),
    "reversed quotes": ("‟Q3 review”", ["Q3 review"]),
    "guillemets": ("«Q3 review»", ["Q3 review"]),
    "guillemets the other way": ("»Q3 review«", ["Q3 review"]),
    "curly in straight": ('"Bob\'s “all hands”"', ["Bob's “all hands”"]),
    "straight in curly": ('“the "new" one”', ['the "new" one']),
    "escaped in straight": (r'"a \"b\" \\ \n"', [r'a "b" \ \n']),
    "backslash in curly": (r"“a \ b”", [r"a \ b"]),
    "backslash outside": (r"a\b", [r"a\b"]),
    "empty quotes": ('a "" b', ["a", "", "b"]),
    "two quoted side by side": ('"a b" "c d"', ["a b", "c d"]),
    "quote inside a word": ('19"screen', ['19"screen']),
    "apostrophe": ("Bob's", ["Bob's"]),
    "curly apostrophe": ("Bob’s ‘room’ ‚x‛", ["Bob’s", "‘room’", "‚x‛"]),
    "straight apostrophes": ("'two words'", ["'two", "words'"]),
    "JSON between apostrophes": ('x \'{"a": [1, "b c"]}\' y', ["x", '{"a": [1, "b c"]}', "y"]),
    "JSON between curly apostrophes": ("‘{“a”: “b c”}’", ['{"a": "b c"}']),
    "JSON between apostrophes after equals": ("--metadata='{\"a\": 1}' x", ['--metadata={"a": 1}', "x"]),
    "a bracket after an apostrophe, and no more": ("'{a b", ["'{a", "b"]),
    "letters after the apostrophe": ("'[a]s x'", ["'[a]s", "x'"]),
    "JSON between straight quotes, its own not escaped": ('x "{"a": 1}" y', ["x", '{"a": 1}', "y"]),
    "JSON as a phone writes it, in quotes": ("“{“a”: “b c”}”", ['{"a": "b c"}']),
    "JSON in quotes after equals": ('--metadata="{"a": 1}" x', ['--metadata={"a": 1}', "x"]),
    "JSON in quotes, its own escaped": (r'"{\"a\": 1}"', ['{"a": 1}']),
    "quotes around more than a bracket": ('"{a} and {b}"', ["{a} and {b}"]),
    "asterisk and underscore": ("team-* *bold* _x_", ["team-*", "*bold*", "_x_"]),
    "angle brackets": ("<!channel> <b>", ["<!channel>", "<b>"]),
    "ellipsis": ("room … …x", ["room", "…", "…x"]),
    "em dash": ("—force", ["--force"]),
    "em dash and an invisible character": ("—\u2060force", ["--force"]),
    "en dash": ("–force", ["--force"]),
    "two em dashes": ("——force", ["--force"]),
    "figure dash, bar and minus": ("‒force ―force −force", ["--force", "--force", "--force"]),
    "dash with value": ("—ttl=5m", ["--ttl=5m"]),
    "dash alone": ("a — b", ["a", "—", "b"]),
    "dash inside a word": ("a—b", ["a—b"]),
    "dash before a digit": ("—5", ["—5"]),
    "dash in quotes": ('"—force"', ["—force"]),
    "dash after equals": ("--name=—force", ["--name=—force"]),
    "backticks": ("`standup`", ["standup"]),
    "backticks with spaces": ("`two words`", ["two words"]),
    "backtick in a longer run": ("``a ` b``", ["a ` b"]),
    "three backticks": ("```a\nb```", ["a\nb"]),
    "quotes in backticks": ('`say "hi"`', ['say "hi"']),
    "backtick inside a word": ("a`b", ["a`b"]),
    "glob class": ("[a-c]*", ["[a-c]*"]),
    "JSON": ('{"a": 1, "b": [1, 2]} x', ['{"a": 1, "b": [1, 2]}', "x"]),
    "JSON with a bracket in a string": ('{"a": "}"} x', ['{"a": "}"}', "x"]),
    "JSON with an escaped quote": (r'{"a": "\"}"} x', [r'{"a": "\"}"}', "x"]),
    "JSON with smart quotes": ("{“a”: “b c”}", ['{"a": "b c"}']),
    "JSON that holds smart quotes": ('{"a": "“b”"}', ['{"a": "“b”"}']),
    "JSON with an apostrophe": ('{"a": "Bob\'s"}', ['{"a": "Bob\'s"}']),
    "JSON array": ('["a b", "c"]', ['["a b", "c"]']),
    "bracket inside a word": ("a{b", ["a{b"]),
    "option with JSON": ('--metadata={"a": 1} x', ['--metadata={"a": 1}', "x"]),
    "option with smart JSON": ("—metadata={“a”: 1}", ['--metadata={"a": 1}']),
    "option and JSON apart": ('--metadata {"a": 1}', ["--metadata", '{"a": 1}']),
    "option with quotes": ('--name="v w" x', ["--name=v w", "x"]),
    "option with curly quotes": ("--name=“v w”", ["--name=v w"]),
    "option with backticks": ("--name=`v w`", ["--name=v w"]),
    "pair with quotes": ('role="v w"', ["role=v w"]),
    "option with a quoted pair": ('--attribute=role="v w"', ["--attribute=role=v w"]),
    "option with nothing": ("--name= x", ["--name=", "x"]),
    "bracket after a second equals": ("--attribute=a={b", ["--attribute=a={b"]),
    "emoji": ("🎬 👩‍🚀", ["🎬", "👩‍🚀"]),
}


@pytest.mark.parametrize(("line", "words"), LINES.values(), ids=LINES.keys())
def test_split(line: str, words: list[str]) -> None:
    assert [word.text for word in split(line)] == words


FAULTS: dict[str, tuple[str, str, str]] = {
    "straight": ('room "Q3 review', 'This quote is never closed: "Q3 review', "Add the closing quote"),
    "curly": ("room “Q3 review", "This quote is never closed: “Q3 review", "Add the closing quote"),
    "straight closed by curly": ('"Q3 review”', 'This quote is never closed: "Q3 review”', "Add the closing quote"),
    "curly closed by straight": ('“Q3 review"', 'This quote is never closed: “Q3 review"', "Add the closing quote"),
    "backtick": ("`a", "This quote is never closed: `a", "Add the closing quote"),
    "unequal backticks": ("``a`", "This quote is never closed: ``a`", "Add the closing quote"),
    "backtick closed by two": ("`a``", "This quote is never closed: `a``", "Add the closing quote"),
    "bracket": ('{"a": 1', 'This bracket is never closed: {"a": 1', "Add the closing bracket"),
    "bracket in an option": ("--metadata=[1", "This bracket is never closed: [1", "Add the closing bracket"),
    "string in a bracket": ('{"a}', 'This bracket is never closed: {"a}', "Add the closing bracket"),
    "text after a quote": ('"a"b', 'Something follows the closing quote: "a"b', "Put a space after"),
    "quote after a quote": ('"a""b"', 'Something follows the closing quote: "a""b"', "Put a space after"),
    "a long one is cut": (f'"{"x" * 60}', f'This quote is never closed: "{"x" * 38}…', "Add the closing quote"),
    "too long": ("x" * (LONGEST_LINE + 1), "That is 4,001 characters; a command can have 4,000.", "Shorten it"),
}


@pytest.mark.parametrize(("line", "what", "remedy"), FAULTS.values(), ids=FAULTS.keys())
def test_faults(line: str, what: str, remedy: str) -> None:
    with pytest.raises(UsageError) as fault:
        split(line)
    assert [p.text for p in fault.value.problems] == [what]
    assert isinstance(fault.value.remedy, str)
    assert fault.value.remedy.startswith(remedy)


def test_the_longest_line_is_read() -> None:
    assert split("x" * LONGEST_LINE) == [Word("x" * LONGEST_LINE)]


@pytest.mark.parametrize("line", ['"--force"', "“--force”", "`--force`", '"."'])
def test_what_began_in_quotes_is_remembered(line: str) -> None:
    assert [word.quoted for word in split(line)] == [True]


@pytest.mark.parametrize("line", ["--force", ".", '--name="x y"', '{"a": 1}'])
def test_what_did_not_begin_in_quotes_is_not_quoted(line: str) -> None:
    assert [word.quoted for word in split(line)] == [False]


@given(st.text(AWKWARD) | st.text(st.characters()))
def test_no_line_raises_anything_but_a_usage_error(line: str) -> None:
    with suppress(UsageError):
        assert "" not in [word.text for word in split(line) if not word.quoted]


@given(texts(200))
def test_quoting_is_undone_by_splitting(text: str) -> None:
    assert [word.text for word in split(quote(text))] == [text]


@given(st.lists(texts()))
def test_quoted_words_stay_apart(words: list[str]) -> None:
    assert [word.text for word in split(" ".join(quote(word) for word in words))] == words


@pytest.mark.parametrize("text", [".", "-", "--force", "--", "-h", ""])
def test_what_means_something_bare_is_quoted(text: str) -> None:
    assert split(quote(text)) == [Word(text, quoted=True)]


@pytest.mark.parametrize("text", ["standup", "Bob's", "team-*", "[a-c]*", '{"a": 1}', "<!channel>", '19"', "a=b"])
def test_what_reads_back_bare_is_not_quoted(text: str) -> None:
    assert quote(text) == text


@given(st.text(AWKWARD))
def test_a_typed_word_can_be_typed_again(line: str) -> None:
    try:
        words = split(line)
    except UsageError:
        return
    again = split(" ".join(respell(word) for word in words))
    assert [word.text for word in again] == [word.text for word in words]
