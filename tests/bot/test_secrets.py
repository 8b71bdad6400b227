import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.secrets import BadKey, SecretBox, WrongKey, key_for


def _key() -> str:
    return Fernet.generate_key().decode()


def _box(*keys: str) -> SecretBox:
    return SecretBox(SecretStr(",".join(keys)))


def test_what_is_sealed_opens_again_and_cannot_be_read() -> None:
    box = _box(_key())

    sealed = box.seal("stream key “ä”")

    assert b"stream key" not in sealed
    assert box.open(sealed) == "stream key “ä”"


def test_the_newest_key_seals_and_every_key_opens() -> None:
    old, new = _key(), _key()
    sealed = _box(old).seal("x")

    both = _box(f" {new} ", old)

    assert both.open(sealed) == "x"
    assert _box(new).open(both.seal("y")) == "y"


def test_another_key_or_a_damaged_text_does_not_open() -> None:
    box = _box(_key())

    with pytest.raises(WrongKey):
        _box(_key()).open(box.seal("x"))
    with pytest.raises(WrongKey):
        box.open(b"not sealed at all")


@pytest.mark.parametrize("keys", ["", " , ", "too-short", "ü" * 44, "!" * 44])
def test_a_bad_key_is_named_but_not_quoted(keys: str) -> None:
    with pytest.raises(BadKey) as caught:
        SecretBox(SecretStr(keys))

    assert keys.strip(" ,") == "" or keys not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_key_is_made_beside_the_database_and_kept(tmp_path: Path) -> None:
    database = tmp_path / "showcaller.db"

    first = key_for(database)
    second = key_for(database)

    assert first.get_secret_value() == second.get_secret_value()
    assert SecretBox(second).open(SecretBox(first).seal("x")) == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["showcaller.db.key"]
    assert stat.S_IMODE((tmp_path / "showcaller.db.key").stat().st_mode) == 0o600


def test_a_key_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "showcaller.db.key"
    path.write_text(_key())
    path.chmod(0o644)

    key_for(tmp_path / "showcaller.db")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
