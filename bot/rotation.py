"""`showcaller db rotate-key`: another key for what is sealed in the database."""

from pathlib import Path

from bot.secrets import SecretBox, keep_keys, key_for, key_path, new_key
from bot.settings import DatabaseSettings
from bot.store.engine import Store
from bot.store.key_proof import prove
from bot.store.sealed import Resealed, reseal


class NothingToRotate(Exception):
    """There is no other key, or no database. The message says what to do."""


async def rotate_key(database: DatabaseSettings) -> str:
    """Seal everything under the newest key, and say what was done.

    A kept key is replaced by a new one; configured ones are the operator's to change. A database is not made for it.
    Raises `NothingToRotate`, `StoreError`, `BadKey` and `OSError`.
    """
    if len(database.secret_keys) == 1:
        raise NothingToRotate(
            "SHOWCALLER_SECRET_KEY holds one key. Make another with `showcaller db rotate-key --new-key`, put it and a "
            "comma in front of the present one, restart the bot, and run this again."
        )
    url = database.url.get_secret_value()
    name, schema = await Store.examine(url)
    if schema is None or not schema.present:
        raise NothingToRotate(
            f"There is nothing of Showcaller in {name}. Run this in the folder that the bot is started in, with its "
            "DATABASE_URL."
        )
    store = await Store.open(url)
    try:
        if store.file is None or database.secret_keys:
            done = await _reseal(store, SecretBox(*database.secret_keys))
            then = "Once every bot runs with this first key, the others can be taken out of SHOWCALLER_SECRET_KEY."
            return f"{_told(done, 'the first key of SHOWCALLER_SECRET_KEY')} {then}"
        done = await _replace_kept_key(store, store.file)
        return f"{_told(done, f'a new key, kept in {key_path(store.file)}')} The old key is gone."
    finally:
        await store.close()


async def _replace_kept_key(store: Store, file: Path) -> Resealed:
    """At every moment the kept keys open what is sealed, so whatever ends this, the bot starts and it can be redone."""
    new, old = new_key(), key_for(file)
    box = SecretBox(new, old)
    keep_keys(file, new, old)
    done = await _reseal(store, box)
    keep_keys(file, new)
    return done


async def _reseal(store: Store, box: SecretBox) -> Resealed:
    await prove(store, box)
    return await reseal(store, box)


def _told(done: Resealed, key: str) -> str:
    told = f"Sealed under {key}: {done.resealed}."
    return f"{told} Opened by no key, and left as they are: {done.lost}." if done.lost else told
