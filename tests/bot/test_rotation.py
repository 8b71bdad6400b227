"""Another key for what is sealed, and a database that opens whatever ends the change."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.__main__ import main
from bot.clock import SystemClock
from bot.rotation import NothingToRotate, rotate_key
from bot.secrets import BadKey, SecretBox, WrongKey, key_for, key_path, new_key
from bot.settings import DatabaseSettings
from bot.store import sealed
from bot.store.engine import Store
from bot.store.errors import StoreInUse
from bot.store.tables import draft
from bot.store.writer import Write

WORDS = ["a response_url", "a stream key", "a token"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "showcaller.db"


def _settings(file: Path, *keys: SecretStr) -> DatabaseSettings:
    return DatabaseSettings(url=SecretStr(f"sqlite:///{file}"), secret_keys=keys)


async def _seal(file: Path, box: SecretBox) -> None:
    async def write(conn: AsyncConnection) -> None:
        for words in WORDS:
            row = {"key": words, "team_id": "T1", "payload": box.seal(words), "expires_at": SystemClock().now()}
            await conn.execute(insert(draft).values(row))

    store = await Store.open(f"sqlite:///{file}")
    await store.write(write)
    await store.close()


async def _opened(file: Path, box: SecretBox) -> list[str]:
    store = await Store.open(f"sqlite:///{file}")
    async with store.reading() as conn:
        payloads = (await conn.execute(select(draft.c.payload).order_by(draft.c.key))).scalars().all()
    await store.close()
    return [box.open(payload) for payload in payloads]


async def test_a_kept_key_is_replaced(file: Path) -> None:
    old = key_for(file)
    await _seal(file, SecretBox(old))

    told = await rotate_key(_settings(file))

    assert told == f"Sealed under a new key, kept in {key_path(file)}: 3. The old key is gone."
    assert key_for(file) != old
    assert await _opened(file, SecretBox(key_for(file))) == WORDS
    assert stat.S_IMODE(key_path(file).stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == [file.name, f"{file.name}.key", f"{file.name}.lock"]
    with pytest.raises(WrongKey):
        await _opened(file, SecretBox(old))


class Cut(Exception):
    """The process ends here."""


@pytest.mark.parametrize("steps", range(5))
async def test_wherever_it_is_cut_off_the_kept_keys_open_everything(
    file: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """The steps: both keys are kept, three batches, the new key alone is kept."""
    await _seal(file, SecretBox(key_for(file)))
    left = steps

    def step() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Cut

    write, replace = Store.write, Path.replace

    async def write_or_die(store: Store, job: Write[int]) -> int:
        step()
        return await write(store, job)

    def replace_or_die(path: Path, target: Path) -> Path:
        step()
        return replace(path, target)

    with monkeypatch.context() as dying:
        dying.setattr(sealed, "BATCH_ROWS", 1)
        dying.setattr(Store, "write", write_or_die)
        dying.setattr(Path, "replace", replace_or_die)
        with pytest.raises(Cut):
            await rotate_key(_settings(file))

    assert await _opened(file, SecretBox(key_for(file))) == WORDS
    await rotate_key(_settings(file))
    assert len(key_path(file).read_text().split(",")) == 1
    assert await _opened(file, SecretBox(key_for(file))) == WORDS


async def test_configured_keys_are_the_operators_to_change(file: Path) -> None:
    old, new = new_key(), new_key()
    await _seal(file, SecretBox(old))

    told = await rotate_key(_settings(file, new, old))

    assert told.startswith("Sealed under the first key of SHOWCALLER_SECRET_KEY: 3. ")
    assert "can be taken out" in told
    assert not key_path(file).exists()
    assert await _opened(file, SecretBox(new)) == WORDS


async def test_what_no_key_opens_is_said(file: Path) -> None:
    await _seal(file, SecretBox(new_key()))

    assert "Opened by no key, and left as they are: 3." in await rotate_key(_settings(file, new_key(), new_key()))


async def test_one_configured_key_leaves_nothing_to_do(file: Path) -> None:
    with pytest.raises(NothingToRotate, match="--new-key"):
        await rotate_key(_settings(file, new_key()))
    assert not file.exists()


@pytest.mark.parametrize("size", [None, 0])
async def test_a_database_is_not_made_for_it(file: Path, size: int | None) -> None:
    """Whoever is in the wrong folder hears so."""
    if size is not None:
        file.touch()
    before = list(file.parent.iterdir())

    for keys in ((), (new_key(), new_key())):
        with pytest.raises(NothingToRotate, match="nothing of Showcaller in"):
            await rotate_key(_settings(file, *keys))
    assert list(file.parent.iterdir()) == before


async def test_a_kept_key_that_is_none_is_not_made_worse(file: Path) -> None:
    await (await Store.open(f"sqlite:///{file}")).close()
    key_path(file).write_text("half a key")

    with pytest.raises(BadKey):
        await rotate_key(_settings(file))
    assert key_path(file).read_text() == "half a key"


async def test_a_running_bot_must_be_stopped_first(file: Path) -> None:
    running = await Store.open(f"sqlite:///{file}")
    with pytest.raises(StoreInUse, match="Stop it first"):
        await rotate_key(_settings(file))
    await running.close()


def test_the_command_line(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(file.parent)
    monkeypatch.delenv("SHOWCALLER_SECRET_KEY", raising=False)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{file}")
    assert main(["db", "upgrade"]) == 0
    assert main(["db", "rotate-key"]) == 0
    assert "The old key is gone." in capsys.readouterr().out

    monkeypatch.setenv("SHOWCALLER_SECRET_KEY", Fernet.generate_key().decode())
    assert main(["db", "rotate-key"]) == 1
    assert "--new-key" in capsys.readouterr().err


def test_a_new_key_is_printed_and_nothing_else_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["db", "rotate-key", "--new-key"]) == 0
    Fernet(capsys.readouterr().out.strip())
    assert list(tmp_path.iterdir()) == []
