"""Readers of the answers that let somebody into a room."""

from commands.core.dispatch import Answer
from commands.core.reply import Reply, plain
from providers.memory import tokens
from providers.memory.provider import Memory
from providers.memory.tokens import Claims
from tests.commands.workspace import Workspace, facts_of, labels, told

TEMPLATE = "https://meet.test/join?room={room}&token={token}&url={url}"


def claims(memory: Memory, reply: Reply) -> Claims:
    """What the token of an answer grants."""
    [secret] = reply.secrets
    return tokens.verify(memory.server.token_secret, memory.name, secret.value)


def assert_kept_secret(workspace: Workspace, answer: Answer, token: str) -> None:
    """The token is in no text, fact or button of the answer, in no row and in no repr."""
    reply = told(answer)
    written = [plain(reply.text), plain(reply.hint), *facts_of(reply).values(), *labels(reply.actions)]
    kept = [repr(row) for row in workspace.attempts.rows]
    assert all(token not in text for text in [*written, *kept, repr(answer)])
