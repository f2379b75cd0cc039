"""Logs without secrets: the token and private texts appear in none of them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from twin.engine import EngineError
from twin.errors import TwinError, kind_and_place

# These log whole updates, requests with the token in their address, or tracebacks of what we report ourselves.
_TALKATIVE = {
    "telegram": logging.CRITICAL + 1,  # an update that it cannot read it logs as critical, with all that is in it
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "tornado": logging.CRITICAL,
    "apscheduler": logging.WARNING,
}


class Redaction(logging.Filter):
    """Replaces a secret wherever it stands in a record, its traceback included."""

    def __init__(self, secret: str) -> None:
        super().__init__()
        self._secret = secret

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if self._secret in message:
            record.msg, record.args = message.replace(self._secret, "[secret]"), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = record.exc_text.replace(self._secret, "[secret]")
        return True


@contextmanager
def private_logs(secret: str) -> Iterator[None]:
    """Keep `secret`, and the libraries that would tell it, out of the logs for the time of the block."""
    redaction = Redaction(secret)
    handlers = [handler for handler in (*logging.getLogger().handlers, logging.lastResort) if handler]
    before = {name: logging.getLogger(name).level for name in _TALKATIVE}
    for name, level in _TALKATIVE.items():
        logging.getLogger(name).setLevel(level)
    for handler in handlers:
        handler.addFilter(redaction)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(redaction)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def described(error: BaseException) -> str:
    """An error for the log: its kind and where it arose. Its text only if it is written for people to read."""
    if isinstance(error, (TwinError, EngineError)):
        return str(error)
    return kind_and_place(error)
