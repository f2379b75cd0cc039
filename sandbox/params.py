"""The parameters of one Bot API call, read from the query, a form, a multipart form or JSON."""

import inspect
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aiohttp import web
from telegram import Bot

from sandbox.errors import bad_request

MAX_UPLOAD = 50 * 1024 * 1024  # bytes of a document that a bot sends
_ATTACHED = re.compile(r'attach://([^"\s]+)')  # in a value of its own, or within the JSON of an album


@dataclass(frozen=True)
class Upload:
    name: str
    content: bytes


class Params:
    """Values as they came: text in forms, anything in JSON; each reader converts or refuses with Telegram's 400."""

    def __init__(self, values: dict[str, Any], uploads: dict[str, Upload]) -> None:
        self.values = values
        self.uploads = uploads

    def text(self, name: str) -> str:
        """The text, or the empty one if it is not there."""
        value = self.values.get(name, "")
        text = value if isinstance(value, str) else json.dumps(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise bad_request("strings must be encoded in UTF-8") from None
        return text

    def integer(self, name: str) -> int | None:
        value = self.values.get(name, "")
        if value == "" or value is None:
            return None
        try:
            return int(value)
        except (TypeError, ValueError):
            raise bad_request(f"{name} must be an integer") from None

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in {"true", "1", "yes", "y"}

    def array(self, name: str) -> list[Any]:
        """The JSON array, or an empty one if it is not there."""
        value = self._parsed(name, [])
        if not isinstance(value, list):
            raise bad_request(f"{name} must be an Array")
        return value

    def objects(self, name: str) -> list["Params"]:
        """The JSON array of objects, or an empty one if it is not there."""
        values = self.array(name)
        if not all(isinstance(value, dict) for value in values):
            raise bad_request(f"{name} must be an Array of Objects")
        return [Params(value, {}) for value in values]

    def object(self, name: str) -> "Params":
        """The JSON object, or one without values if it is not there."""
        value = self._parsed(name, {})
        if not isinstance(value, dict):
            raise bad_request(f"{name} must be an Object")
        return Params(value, {})

    def _parsed(self, name: str, absent: Any) -> Any:
        value = self.values.get(name)
        if isinstance(value, str):
            try:
                value = json.loads(value) if value else None
            except ValueError:
                raise bad_request(f"can't parse {name} JSON object") from None
        return absent if value is None else value


async def read_params(request: web.Request) -> Params:
    """Read a call's parameters. Raises Telegram's 400 for a body that is not what its type says."""
    values: dict[str, Any] = dict(request.query)
    uploads: dict[str, Upload] = {}
    if request.content_type == "application/json":
        try:
            body = await request.json() if request.can_read_body else {}
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise bad_request("can't parse the request body as a JSON object")
        values.update(body)
        return Params(values, uploads)
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            uploads[name] = Upload(value.filename, value.file.read())
        else:
            values[name] = value
    return Params(values, uploads)


def check_names(method: str, params: Params) -> None:
    """Refuse parameters that the method does not have, so that a misspelt one is not silently lost."""
    texts = (value for value in params.values.values() if isinstance(value, str))
    referred = {name for text in texts for name in _ATTACHED.findall(text)}
    unknown = (params.values.keys() | (params.uploads.keys() - referred)) - known_names(method)
    if unknown:
        raise bad_request(f"{method} has no parameter {', '.join(sorted(unknown))}")


@lru_cache
def known_names(method: str) -> frozenset[str]:
    """The Bot API's parameters of a method such as `sendMessage`, from python-telegram-bot's signatures.

    There, what comes after the star is the library's own: timeouts and conveniences that are never sent.
    """
    parameters = inspect.signature(getattr(Bot, method)).parameters.values()
    return frozenset(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY and p.name != "self")


@lru_cache
def all_methods() -> frozenset[str]:
    """All methods of the Bot API in lower case, as far as python-telegram-bot knows them (by its camel case names)."""
    return frozenset(
        name.lower()
        for name, _ in inspect.getmembers(Bot, inspect.iscoroutinefunction)
        if "_" not in name and name != name.lower()
    )
