"""Settings of a deployment: read once from `.env` and the environment into one frozen object. Errors name the key.

Every key stands, with its default and a line of explanation, in `.env.example`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from twin.errors import TwinError
from twin.names import folder_name

DEFAULT_BASE_MODEL = "malteos/bloom-6b4-clp-german"
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{20,}")
_HOST = re.compile(r"[\w.:-]+")
_CRON = re.compile(r"\S+(\s+\S+){4}")
_EXAMPLES = {
    "TELEGRAM_API_URL": "https://api.telegram.org",
    "WEBHOOK_URL": "https://bot.example.org",
    "ENGINE_URL": "http://127.0.0.1:8090",
}
# The most that each kind of setting may be. Beyond lie dates and times that Python cannot tell, and typing errors.
_MOST_SECONDS = 86_400.0
_MOST_DAYS = 36_500
_MOST_A_MINUTE = 1_000_000
_MOST_MIB = 1_048_576
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment decides. Paths are as given, relative ones to the current folder."""

    telegram_token: str | None = None
    telegram_api_url: str = "https://api.telegram.org"
    webhook_url: str | None = None
    webhook_listen: tuple[str, int] = ("127.0.0.1", 8443)
    adapter: str | None = None
    engine_url: str | None = None
    engine_api: str = "twin"
    engine_key: str | None = None
    admin_ids: frozenset[int] = frozenset()
    allowed_ids: frozenset[int] = frozenset()
    allow_everyone: bool = False
    messages_per_minute: int = 60  # of one person; 0: no bound
    data_dir: Path = Path("data")
    key_file: Path = Path("keys/database.key")
    base_model: str = DEFAULT_BASE_MODEL
    quantisation: str = "auto"
    reload_every: timedelta = timedelta(minutes=1)
    mode: str = "first"
    burst_window: timedelta = timedelta(seconds=2)
    burst_most: timedelta = timedelta(seconds=15)
    bubble_pause: timedelta = timedelta(seconds=8)
    stream: bool = False
    retrain_cron: str | None = None
    pause_in_training: str = "auto"
    backup_cron: str | None = "30 3 * * *"
    backup_days: int = 14
    retention_days: int = 0
    log_level: str = "INFO"
    export_limit: int = 512 * 2**20  # bytes of text in one export

    def __repr__(self) -> str:
        return f"Settings(data_dir={str(self.data_dir)!r})"  # the token must not reach a log

    def dataset(self, name: str) -> Path:
        """The folder of a dataset.

        Raises:
            TwinError: no folder can be called so.
        """
        return self.data_dir / "datasets" / folder_name(name)

    @property
    def adapters(self) -> Path:
        return self.data_dir / "adapters"

    @property
    def database(self) -> Path:
        return self.data_dir / "twin.db"

    def token(self) -> str:
        """The bot's token.

        Raises:
            TwinError: it is missing or malformed.
        """
        if not self.telegram_token:
            raise TwinError("TELEGRAM_TOKEN is not set: get a token from @BotFather and put it into .env")
        if not _TOKEN.fullmatch(self.telegram_token):
            raise TwinError("TELEGRAM_TOKEN is malformed: it should look like 123456789:AAE... as @BotFather gave it")
        return self.telegram_token


def read_settings(values: Mapping[str, str]) -> Settings:
    """Settings from a mapping such as the environment.

    Raises:
        TwinError: a value cannot be read; the message names its key.
    """
    default = Settings()

    def text(key: str, fallback: str) -> str:
        return values.get(key, "").strip() or fallback

    return Settings(
        telegram_token=values.get("TELEGRAM_TOKEN", "").strip() or None,
        telegram_api_url=_url("TELEGRAM_API_URL", text("TELEGRAM_API_URL", default.telegram_api_url)),
        webhook_url=_url("WEBHOOK_URL", values["WEBHOOK_URL"].strip())
        if values.get("WEBHOOK_URL", "").strip()
        else None,
        webhook_listen=_address("WEBHOOK_LISTEN", text("WEBHOOK_LISTEN", ":".join(map(str, default.webhook_listen)))),
        adapter=values.get("ADAPTER", "").strip() or None,
        engine_url=_url("ENGINE_URL", url) if (url := text("ENGINE_URL", "")) else None,
        engine_api=_one_of("ENGINE_API", text("ENGINE_API", default.engine_api), ("twin", "openai")),
        engine_key=_key("ENGINE_KEY", text("ENGINE_KEY", "")),
        admin_ids=_ids("ADMIN_IDS", values.get("ADMIN_IDS", "")),
        allowed_ids=_ids("ALLOWED_IDS", values.get("ALLOWED_IDS", "")),
        allow_everyone=_flag("ALLOW_EVERYONE", values.get("ALLOW_EVERYONE", "")),
        messages_per_minute=_count(
            "MESSAGES_PER_MINUTE", text("MESSAGES_PER_MINUTE", str(default.messages_per_minute))
        ),
        data_dir=Path(text("DATA_DIR", str(default.data_dir))).expanduser(),
        key_file=Path(text("KEY_FILE", str(default.key_file))).expanduser(),
        base_model=text("BASE_MODEL", default.base_model),
        quantisation=_one_of("QUANTISATION", text("QUANTISATION", default.quantisation), ("auto", "nf4", "none")),
        reload_every=_seconds("RELOAD_SECONDS", text("RELOAD_SECONDS", "60")),
        mode=_one_of("MODE", text("MODE", default.mode), ("first", "burst")),
        burst_window=_seconds("BURST_SECONDS", text("BURST_SECONDS", "2"), least=0),
        burst_most=_seconds("BURST_MOST_SECONDS", text("BURST_MOST_SECONDS", "15"), least=0),
        bubble_pause=_seconds("BUBBLE_SECONDS", text("BUBBLE_SECONDS", "8"), least=0),
        stream=_flag("STREAM", values.get("STREAM", "")),
        pause_in_training=_one_of(
            "PAUSE_IN_TRAINING", text("PAUSE_IN_TRAINING", default.pause_in_training), ("auto", "yes", "no")
        ),
        retrain_cron=_cron("RETRAIN_CRON", values.get("RETRAIN_CRON", "")),
        backup_cron=_cron("BACKUP_CRON", values.get("BACKUP_CRON", default.backup_cron or "")),
        backup_days=_days("BACKUP_DAYS", text("BACKUP_DAYS", str(default.backup_days)), least=1),
        retention_days=_days("RETENTION_DAYS", text("RETENTION_DAYS", str(default.retention_days))),
        log_level=_one_of(
            "LOG_LEVEL", text("LOG_LEVEL", default.log_level).upper(), ("DEBUG", "INFO", "WARNING", "ERROR")
        ),
        export_limit=_mib("EXPORT_LIMIT_MIB", text("EXPORT_LIMIT_MIB", "512")),
    )


def load_settings(env_file: Path = Path(".env")) -> Settings:
    """Settings from `env_file`, if there is one, and the environment, which wins.

    Raises:
        TwinError: the file cannot be read, or a value in it or in the environment.
    """
    from dotenv import dotenv_values

    try:
        from_file = {key: value or "" for key, value in dotenv_values(env_file).items()} if env_file.is_file() else {}
    except UnicodeDecodeError:
        raise TwinError(f"{env_file} is no UTF-8 text: save it as UTF-8") from None
    except OSError as error:
        raise TwinError(f"cannot read {env_file}: {error.strerror}") from None
    return read_settings({**from_file, **os.environ})


def _ids(key: str, value: str) -> frozenset[int]:
    try:
        return frozenset(int(part) for part in re.split(r"[,\s]+", value.strip()) if part)
    except ValueError:
        raise TwinError(f"{key} must be Telegram user numbers separated by commas, such as 12345,67890") from None


def _flag(key: str, value: str) -> bool:
    word = value.strip().lower()
    if word not in _TRUE | _FALSE:
        raise TwinError(f"{key} must be yes or no")
    return word in _TRUE


def _url(key: str, value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:  # of brackets or a port
        usable = False
    if not usable:
        raise TwinError(f"{key} must be an address such as {_EXAMPLES[key]}")
    return value.rstrip("/")


def _key(key: str, value: str) -> str | None:
    if not (value.isascii() and value.isprintable()):
        raise TwinError(f"{key} must be of plain letters, digits and signs: it goes into a header of HTTP")
    return value or None


def _address(key: str, value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or len(port) > 5 or int(port) > 65535:
        raise TwinError(f"{key} must be an address and a port such as 127.0.0.1:8443")
    return host, int(port)


def _one_of(key: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise TwinError(f"{key} must be one of {', '.join(choices)}")
    return value


def _mib(key: str, value: str) -> int:
    return _whole(key, value, "MiB", 1, _MOST_MIB) * 2**20


def _count(key: str, value: str) -> int:
    return _whole(key, value, "messages", 0, _MOST_A_MINUTE)


def _days(key: str, value: str, least: int = 0) -> int:
    return _whole(key, value, "days", least, _MOST_DAYS)


def _whole(key: str, value: str, what: str, least: int, most: int) -> int:
    number = value.isdecimal() and len(value) <= 20  # Python makes none of thousands of digits
    if not number or not least <= int(value) <= most:
        raise TwinError(f"{key} must be a whole number of {what} from {least} to {most}")
    return int(value)


def _seconds(key: str, value: str, least: float | None = None) -> timedelta:
    """A length of time above 0, or from `least` seconds on."""
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1
    if not (0 if least is None else least) <= seconds <= _MOST_SECONDS or (least is None and not seconds):
        begin = "above 0" if least is None else f"from {least} on"
        raise TwinError(f"{key} must be a number of seconds {begin}, {_MOST_SECONDS:.0f} at the most")
    return timedelta(seconds=seconds)


def _cron(key: str, value: str) -> str | None:
    """Five fields as cron has them; what they mean is checked where the schedule is made."""
    value = value.strip()
    if value and not _CRON.fullmatch(value):
        raise TwinError(f"{key} must be five fields as cron has them, such as 30 3 * * *, or empty for never")
    return value or None
