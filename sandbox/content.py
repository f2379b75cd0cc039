"""What the bot puts into messages, checked as Telegram checks it: text with entities, inline keyboards, commands."""

import json
import re

from sandbox.entities import parse_html, trimmed, with_found
from sandbox.errors import bad_request
from sandbox.model import Json, Keyboard
from sandbox.params import Params

MAX_CAPTION = 1024  # characters
MAX_CALLBACK_DATA = 64  # bytes
MAX_COMMANDS = 100
MAX_DESCRIPTION = 256  # characters of a command's description
_COMMAND = re.compile(r"/?([a-z0-9_]{1,32})")


def read_text(
    params: Params, name: str, entities_name: str, limit: int, *, may_be_empty: bool = False
) -> tuple[str, list[Json]]:
    """The text and its entities, from the markup or the list that is given with it; `limit` is in characters."""
    text = params.text(name)
    mode = params.text("parse_mode")
    if mode.lower() == "html":
        text, entities = parse_html(text)
    elif mode:
        raise bad_request(f"this sandbox reads HTML only, not parse_mode {json.dumps(mode)}")
    else:
        entities = [_entity(entity) for entity in params.objects(entities_name)]
    text, entities = trimmed(text, entities)
    if not text and not may_be_empty:
        raise bad_request("message text is empty")
    if len(text) > limit:
        raise bad_request("message is too long" if name == "text" else "message caption is too long")
    return text, with_found(text, entities)


def read_keyboard(params: Params) -> Keyboard:
    """The rows of an inline keyboard; empty if there is none."""
    markup = params.object("reply_markup")
    if not markup.values:
        return []
    if "inline_keyboard" not in markup.values:
        raise bad_request("this sandbox knows inline keyboards only")
    rows = markup.array("inline_keyboard")
    if not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse inline keyboard: it must be an Array of Arrays")
    return [[_button(button) for button in row] for row in rows if row]


def read_scope(params: Params) -> str:
    """For whom a command list is, as one string such as `default`, `all_private_chats` or `chat 1001`."""
    scope = params.object("scope")
    name = " ".join(scope.text(key) for key in ("type", "chat_id", "user_id") if key in scope.values) or "default"
    language = params.text("language_code")
    return f"{name} {language}" if language else name


def read_commands(params: Params) -> list[Json]:
    commands = params.objects("commands")
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return [_command(command) for command in commands]


def _command(command: Params) -> Json:
    name = _COMMAND.fullmatch(command.text("command"))
    if name is None:
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(command.text("description")) <= MAX_DESCRIPTION:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name[1], "description": command.text("description")}


def _entity(entity: Params) -> Json:
    offset, length = entity.integer("offset"), entity.integer("length")
    if not entity.text("type") or offset is None or length is None:
        raise bad_request("can't parse MessageEntity: type, offset and length are needed")
    return {**entity.values, "offset": offset, "length": length}


def _button(value: object) -> Json:
    if not isinstance(value, dict) or not value.get("text"):
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    button = Params(value, {})
    if "callback_data" in value:
        if not 1 <= len(button.text("callback_data").encode()) <= MAX_CALLBACK_DATA:
            raise bad_request("BUTTON_DATA_INVALID")
    elif not button.text("url"):
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    return value
