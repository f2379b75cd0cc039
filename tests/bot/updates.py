"""Updates as Telegram sends them, made by hand: of any sender, in any chat, with anything in them."""

from collections.abc import Callable
from itertools import count
from typing import Any

from telegram import Bot, Update

_numbers = count(10**15)  # above what a sandbox gives, so that none is taken for one that came before


def sender(user_id: int, name: str = "", last_name: str | None = None) -> dict[str, Any]:
    return {"id": user_id, "is_bot": False, "first_name": name or f"User {user_id}", "last_name": last_name}


def chat_of(chat_id: int, title: str = "") -> dict[str, Any]:
    if chat_id > 0:
        return {"id": chat_id, "type": "private", "first_name": title or f"User {chat_id}"}
    return {"id": chat_id, "type": "supergroup", "title": title or f"Group {-chat_id}"}


def message(user: dict[str, Any], chat: dict[str, Any], text: str = "", **more: Any) -> dict[str, Any]:
    """A message; a text that begins with a slash is marked as a command, as clients do it."""
    values = {"message_id": next(_numbers), "date": 1_700_000_000, "chat": chat, "from": user, **more}
    if text:
        values["text"] = text
    if text.startswith("/"):
        values["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
    return values


def update(bot: Bot | None, kind: str, content: dict[str, Any]) -> Update:
    """An update of a kind such as `message` or `edited_message`."""
    found = Update.de_json({"update_id": next(_numbers), kind: content}, bot)
    assert found is not None
    return found


def pressed(bot: Bot, user: dict[str, Any], under: dict[str, Any], data: str) -> Update:
    """A button under a message, pressed by a client that may send any data."""
    number = str(next(_numbers))
    query = {"id": number, "from": user, "chat_instance": "1", "message": under, "data": data}
    return update(bot, "callback_query", query)


async def handled(world: Any, *updates: Update) -> None:
    """Put updates into the application's own inbox, and wait until all that comes of them is done."""
    for each in updates:
        await world.application.update_queue.put(each)
    await world.settled()


Made = Callable[[dict[str, Any], dict[str, Any]], Update]  # an update of that sender in that chat
