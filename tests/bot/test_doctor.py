"""`twin doctor`, `twin backup` and `twin restore`, as someone types them."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cli
from storage.store import Store
from twin.adapter import AdapterFolder

TOKEN = "123456789:AAEabcdefghijklmnopqrstuvwxyz012345"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment with a database."""
    monkeypatch.chdir(tmp_path)
    values = {"DATA_DIR": "data", "KEY_FILE": "keys/database.key", "TELEGRAM_TOKEN": TOKEN, "COLUMNS": "80"}
    monkeypatch.setattr("os.environ", values)

    async def make() -> None:
        store = await Store.open(Path("data/twin.db"), Path("keys/database.key"))
        for number in range(50):
            await store.take_in(number, 7, "hello" * 100)
        await store.close()

    asyncio.run(make())
    return tmp_path


@pytest.fixture
def wrong(capsys: pytest.CaptureFixture[str]) -> Callable[[], dict[str, str]]:
    """What the doctor finds wrong, and what it says of it."""

    def examined() -> dict[str, str]:
        code = cli.main(["doctor", "--json"])
        printed = capsys.readouterr()
        found: dict[str, Any] = json.loads(printed.out.splitlines()[-1])
        ill = {one["what"]: one["told"] for one in found["findings"] if not one["well"]}
        assert code == bool(ill)
        assert printed.err == (f"twin: to be mended: {', '.join(ill)}\n" if ill else "")
        return ill

    return examined


def damage(home: Path) -> None:
    content = bytearray((home / "data" / "twin.db").read_bytes())
    content[20000] ^= 1
    (home / "data" / "twin.db").write_bytes(content)


def test_nothing_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Callable[[], dict[str, str]]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.environ", {})
    assert list(wrong()) == ["token"]
    assert list(tmp_path.iterdir()) == []


def test_without_a_backup_it_says_so(home: Path, wrong: Callable[[], dict[str, str]]) -> None:
    assert wrong() == {}  # the bot makes one by itself
    os.environ["BACKUP_CRON"] = ""
    assert list(wrong()) == ["backups"]
    damage(home)
    assert "There is no backup in data/backups" in wrong()["database"]


def test_damaged_database_is_restored_as_it_says(
    home: Path, wrong: Callable[[], dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["backup"]) == 0
    backup = capsys.readouterr().out.strip()
    assert wrong() == {}
    damage(home)
    assert cli.main(["bot"]) == 1
    assert "data/twin.db is damaged: twin doctor says how to restore it" in capsys.readouterr().err
    advice = wrong()["database"]
    assert advice.endswith(f"stop the bot, then twin restore {backup}")
    assert cli.main(advice.rpartition("then twin ")[2].split()) == 0
    assert "is in place; what was there before lies in data/twin.db.replaced-" in capsys.readouterr().out
    assert wrong() == {}


def test_key_that_is_lost_wrong_open_to_others_or_beside_the_data(
    home: Path, wrong: Callable[[], dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["backup"])
    capsys.readouterr()
    key = home / "keys" / "database.key"
    right = key.read_text()
    key.write_text("ab" * 32)
    assert "does not open the database" in wrong()["database"]
    key.unlink()
    found = wrong()
    assert found["key"] == "keys/database.key is not there" and "put the key back" in found["database"]
    assert not key.exists()
    key.write_text(right)
    key.chmod(0o644)
    assert wrong() == {"key": "others may read keys/database.key: chmod 600 keys/database.key"}
    key.rename(home / "data" / "database.key")
    (home / "data" / "database.key").chmod(0o600)
    os.environ["KEY_FILE"] = "data/database.key"
    assert list(wrong()) == ["key"]


def test_token_that_others_may_read(home: Path, wrong: Callable[[], dict[str, str]]) -> None:
    (home / ".env").write_text(f"TELEGRAM_TOKEN={TOKEN}\n")
    (home / ".env").chmod(0o644)
    assert wrong() == {"token": "others may read .env, where it may stand: chmod 600 .env"}
    (home / ".env").chmod(0o600)
    assert wrong() == {}


def test_what_is_no_backup_is_not_restored(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (home / "data" / "twin.db").read_bytes()
    (home / "notes.txt").write_text("dear diary")
    assert cli.main(["restore", "notes.txt"]) == 1
    assert "notes.txt is no backup, or not a whole one" in capsys.readouterr().err
    assert (home / "data" / "twin.db").read_bytes() == before


def test_broken_adapter(
    home: Path,
    wrong: Callable[[], dict[str, str]],
    capsys: pytest.CaptureFixture[str],
    adapter_writer: Callable[[AdapterFolder, str, list[tuple[str, ...]]], str],
) -> None:
    cli.main(["backup"])
    capsys.readouterr()
    version = adapter_writer(AdapterFolder(home / "data" / "adapters"), "daniel", [("Daniel", "Lisa")])
    assert wrong() == {}
    (home / "data" / "adapters" / "daniel" / version / "twin.json").write_text("{")
    assert "twin.json cannot be used" in wrong()["adapter daniel"]


def test_for_people(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "well  database: data/twin.db: every page is whole"
    assert lines[3].startswith("well  backups: none yet")
