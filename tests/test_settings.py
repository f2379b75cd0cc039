"""Settings: every key is documented, every bad value is told by its key, and the token stays hidden."""

import ast
import re
from pathlib import Path

import pytest

from twin import settings as module
from twin.errors import TwinError
from twin.settings import Settings, load_settings, read_settings

ROOT = Path(__file__).parent.parent
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
TOKEN = "123456789:AAEabcdefghijklmnopqrstuvwxyz012345"


def test_the_example_documents_every_key_and_no_other() -> None:
    source = Path(module.__file__).read_text(encoding="utf-8")
    strings = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    keys = {
        value
        for value in strings
        if isinstance(value, str) and re.fullmatch(r"[A-Z]+(_[A-Z]+)+|ADAPTER|QUANTISATION|MODE|STREAM", value)
    }
    assert keys == set(re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE))


def test_the_example_states_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE):
        monkeypatch.delenv(key, raising=False)
    env = tmp_path / ".env"
    env.write_text(EXAMPLE, encoding="utf-8")
    assert load_settings(env) == load_settings(tmp_path / "none") == Settings()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ADMIN_IDS", "me"),
        ("ALLOWED_IDS", "1,two"),
        ("ALLOW_EVERYONE", "maybe"),
        ("TELEGRAM_API_URL", "localhost:8081"),
        ("WEBHOOK_URL", "example.org"),
        ("WEBHOOK_LISTEN", "8443"),
        ("WEBHOOK_LISTEN", "127.0.0.1:99999"),
        ("ENGINE_URL", "gpu:8090"),
        ("ENGINE_URL", "http://[::1"),
        ("ENGINE_URL", "http://gpu:abc"),
        ("ENGINE_URL", "http://gpu:99999"),
        ("ENGINE_URL", "http://a b"),
        ("ENGINE_API", "grpc"),
        ("ENGINE_KEY", "schlüssel"),
        ("ENGINE_KEY", "two\nlines"),
        ("QUANTISATION", "int3"),
        ("RELOAD_SECONDS", "0"),
        ("RELOAD_SECONDS", "soon"),
        ("RELOAD_SECONDS", "1e20"),
        ("RELOAD_SECONDS", "nan"),
        ("BURST_SECONDS", "1e15"),
        ("MESSAGES_PER_MINUTE", "-1"),
        ("MESSAGES_PER_MINUTE", "9" * 5000),
        ("BACKUP_DAYS", "0"),
        ("BACKUP_DAYS", "9" * 5000),
        ("RETENTION_DAYS", "9999999999"),
        ("EXPORT_LIMIT_MIB", "9" * 5000),
        ("WEBHOOK_LISTEN", "127.0.0.1:" + "9" * 5000),
        ("ADMIN_IDS", "9" * 5000),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_value_is_told_by_its_key(key: str, value: str) -> None:
    with pytest.raises(TwinError, match=key):
        read_settings({key: value})


@pytest.mark.parametrize("url", ["http://[::1]:8090", "https://gpu.example.org/twin", "http://10.0.0.2"])
def test_an_address(url: str) -> None:
    assert read_settings({"ENGINE_URL": url + "/"}).engine_url == url


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfeTELEGRAM_TOKEN=1")
    with pytest.raises(TwinError, match="is no UTF-8 text"):
        load_settings(tmp_path / ".env")


def test_an_error_is_one_line_whatever_it_quotes() -> None:
    assert str(TwinError("'a\nb\u2028c' is no name\x1e")) == "'a b c' is no name"


def test_lists_of_people() -> None:
    assert read_settings({"ADMIN_IDS": "1, 2", "ALLOWED_IDS": "3"}).admin_ids == {1, 2}


def test_the_token_must_look_like_one_and_is_never_shown() -> None:
    assert read_settings({"TELEGRAM_TOKEN": TOKEN}).token() == TOKEN
    assert TOKEN not in repr(read_settings({"TELEGRAM_TOKEN": TOKEN}))
    with pytest.raises(TwinError, match="TELEGRAM_TOKEN is not set"):
        Settings().token()
    with pytest.raises(TwinError, match="TELEGRAM_TOKEN is malformed") as error:
        read_settings({"TELEGRAM_TOKEN": "12345:secret"}).token()
    assert "secret" not in str(error.value)
