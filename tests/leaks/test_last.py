"""After all other tests: none of the secrets that they made was seen where it must not be."""

from collections import Counter

from tests.leaks.watch import Watch


def test_no_secret_was_seen_anywhere(watched: Watch) -> None:
    found = Counter((leak.kind.value, leak.sink, leak.test) for leak in watched.leaks)
    examples = {(leak.kind.value, leak.sink, leak.test): leak.around for leak in watched.leaks}
    assert [
        f"{kind} in {sink}, {count} times, by {test}: {examples[kind, sink, test]!r}"
        for (kind, sink, test), count in found.items()
    ] == []
