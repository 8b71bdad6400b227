"""Whether the keys of a process are those of the database: a known word, sealed by the first start, tells.

With other keys nothing fails that anybody sees: buttons whose command is stored and open forms are just lost.
"""

from sqlalchemy import Connection, inspect, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.secrets import SecretBox, WrongKey
from bot.store.engine import Store
from bot.store.tables import identity

WRONG_KEY = (
    "Put in the key that the other bots have, or that was there before. "
    "If it is lost for good, run `showcaller db rotate-key`."
)
"""What to do about it, for people."""

_WORD = "showcaller"

_proofs = select(identity.c.key_proof).where(identity.c.key_proof.is_not(None))


async def is_proven(store: Store, box: SecretBox) -> bool:
    """Whether `box` has the key. The first that is asked about is the key."""

    async def write(conn: AsyncConnection) -> bool:
        if not opens(box, list((await conn.execute(_proofs)).scalars())):
            return False
        unproven = update(identity).where(identity.c.key_proof.is_(None))
        await conn.execute(unproven.values(key_proof=box.seal(_WORD)))
        return True

    return await store.write(write)


async def prove(store: Store, box: SecretBox) -> None:
    """The newest key of `box` is the key of the database from here on."""

    async def write(conn: AsyncConnection) -> None:
        await conn.execute(update(identity).values(key_proof=box.seal(_WORD)))

    await store.write(write)


def proofs(connection: Connection) -> list[bytes]:
    """What is to be opened; nothing before the first start with a schema that has it."""
    tables = inspect(connection)
    if not tables.has_table(identity.name):
        return []
    if identity.c.key_proof.name not in [column["name"] for column in tables.get_columns(identity.name)]:
        return []
    return list(connection.execute(_proofs).scalars())


def opens(box: SecretBox, proofs: list[bytes]) -> bool:
    try:
        return all(box.open(proof) == _WORD for proof in proofs)
    except WrongKey:
        return False
