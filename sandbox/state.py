"""The sandbox's whole world: users, chats, messages, files and the updates that wait for the bot.

Everything lives in memory and every change rings the bell. Both sides, the bot's methods and the user's page, only
call what is here; all of it runs on one event loop.
"""

import mimetypes
import time
from collections import defaultdict, deque
from dataclasses import replace
from pathlib import Path
from typing import Any

from sandbox.bell import Bell
from sandbox.entities import found_entities
from sandbox.errors import ApiError
from sandbox.images import image_size, image_type
from sandbox.model import CallbackAnswer, CallbackQuery, Chat, ChatAction, Draft, File, Json, Keyboard, Message, User

MAX_TEXT = 4096  # characters of a message, after its markup is parsed


class State:
    def __init__(self, bot: User) -> None:
        self.bot = bot
        self.bell = Bell()
        self.users: dict[int, User] = {}
        self.chats: dict[int, Chat] = {}
        self.messages: dict[int, Message] = {}
        self.files: dict[str, File] = {}
        self.queries: dict[str, CallbackQuery] = {}
        self.actions: list[ChatAction] = []
        self.drafts: list[Draft] = []
        self.updates: deque[Json] = deque()
        self.allowed_updates: list[str] = []
        self.commands: dict[str, list[Json]] = {}
        self.refusals: defaultdict[str, deque[ApiError]] = defaultdict(deque)
        self.poll = 0  # number of the newest getUpdates call; an older one that still waits has been superseded
        self.listening = 0  # getUpdates calls that wait now
        self.revision = 0
        # Telegram never gives an id twice. A bot may remember ids over restarts of the sandbox, so they go on from the
        # clock: microseconds, which no sandbox outruns.
        self._last_id = time.time_ns() // 1_000

    # what both sides do

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def touch(self) -> int:
        """Count a change, wake everyone who waits, and return the new count."""
        self.revision += 1
        self.bell.ring()
        return self.revision

    def add_message(
        self,
        chat: Chat,
        sender: User,
        *,
        text: str = "",
        entities: list[Json] | None = None,
        keyboard: Keyboard | None = None,
        file: File | None = None,
        reply_to: Message | None = None,
        topic: int | None = None,
        album: str | None = None,
    ) -> Message:
        message = Message(self.new_id(), chat, sender, int(time.time()), text, entities or [], keyboard or [], file)
        message.reply_to, message.topic, message.album = reply_to, topic, album
        message.revision = self.touch()
        self.messages[message.id] = message
        return message

    def edit_message(self, message: Message, *, text: str, entities: list[Json], keyboard: Keyboard) -> None:
        if text != message.text or entities != message.entities:
            message.edit_date = int(time.time())  # clients show no mark where only buttons changed
        message.text, message.entities, message.keyboard = text, entities, keyboard
        message.revision = self.touch()

    def react(self, message: Message, emoji: str) -> None:
        """Put the bot's emoji under a message, or take it away with an empty one."""
        message.reaction = emoji
        message.revision = self.touch()

    def delete_message(self, message: Message) -> None:
        message.deleted = True
        message.revision = self.touch()

    def add_file(self, name: str, content: bytes, *, photo_size: tuple[int, int] | None = None) -> File:
        """Keep a document, or a photo if its size in pixels is given."""
        kind = "photo" if photo_size else "document"
        mime = image_type(content) if photo_size else mimetypes.guess_type(name)[0]
        file_id = f"file{self.new_id()}"
        path = f"{kind}s/{file_id}{Path(name).suffix}"
        file = File(file_id, path, name, mime or "application/octet-stream", content, kind, photo_size or (0, 0))
        self.files[file.id] = file
        return file

    def add_users_file(self, name: str, content: bytes) -> File:
        """Keep what a user sends; as a client does it, a picture becomes a photo and all else a document."""
        if not content:
            raise ValueError("the file is empty")
        return self.add_file(name, content, photo_size=image_size(content))

    def find(self, chat_id: int, message_id: int) -> Message | None:
        """The message as long as it stands in that chat."""
        message = self.messages.get(message_id)
        return message if message and message.chat.id == chat_id and not message.deleted else None

    def history(self, chat_id: int) -> list[Message]:
        """Copies of the chat's messages, oldest first, without the deleted ones."""
        return [replace(m) for m in self.messages.values() if m.chat.id == chat_id and not m.deleted]

    # what the user does

    def user(self, user_id: int) -> User:
        return self.users.setdefault(user_id, User(user_id, f"User {user_id}"))

    def enter(self, user_id: int, chat_id: int | None = None) -> tuple[User, Chat]:
        """The user and the chat (None: their private one with the bot); both exist from the first visit on."""
        user = self.user(user_id)
        chat_id = user_id if chat_id is None else chat_id
        if chat_id > 0 and chat_id != user_id:
            raise ValueError(f"chat {chat_id} is another user's private chat; a group has a negative id")
        chat = self.chats.setdefault(chat_id, Chat(chat_id, user.first_name if chat_id > 0 else f"Group {-chat_id}"))
        return user, chat

    def say(
        self,
        user_id: int,
        text: str,
        chat_id: int | None = None,
        *,
        reply_to: int | None = None,
        file: File | None = None,
        topic: int | None = None,
    ) -> Message:
        user, chat = self.enter(user_id, chat_id)
        text = checked(text, may_be_empty=file is not None)
        quoted = None if reply_to is None else self.find(chat.id, reply_to)
        if reply_to is not None and quoted is None:
            raise LookupError(f"no message {reply_to} to reply to in chat {chat.id}")
        entities = found_entities(text)
        message = self.add_message(chat, user, text=text, entities=entities, file=file, reply_to=quoted, topic=topic)
        self.add_update("message", message.to_api())
        return message

    def rewrite(self, user_id: int, message_id: int, text: str) -> Message:
        message = self.messages.get(message_id)
        if message is None or message.deleted or message.sender.id != user_id:
            raise LookupError(f"user {user_id} has no message {message_id}")
        text = checked(text, may_be_empty=message.file is not None)
        self.edit_message(message, text=text, entities=found_entities(text), keyboard=[])
        self.add_update("edited_message", message.to_api())
        return message

    def press(self, user_id: int, message_id: int, data: str) -> CallbackQuery:
        message = self.messages.get(message_id)
        if message is None or message.deleted or not (message.chat.is_group or message.chat.id == user_id):
            raise LookupError(f"user {user_id} sees no message {message_id}")
        if not any(button.get("callback_data") == data for button in message.buttons):
            raise LookupError(f"message {message_id} has no button with the data {data!r}")
        query = CallbackQuery(str(self.new_id()), self.user(user_id), message, data)
        self.queries[query.id] = query
        self.add_update("callback_query", query.to_api())
        return query

    # what the bot gets

    def add_update(self, kind: str, content: Json) -> None:
        if kind in self.allowed_updates or not self.allowed_updates:
            self.updates.append({"update_id": self.new_id(), kind: content})
        self.touch()

    def confirm(self, offset: int) -> None:
        """Forget the updates before `offset`; a negative one forgets all but that many of the last."""
        if offset < 0:
            while len(self.updates) > -offset:
                self.updates.popleft()
        else:
            while self.updates and self.updates[0]["update_id"] < offset:
                self.updates.popleft()

    def act(self, chat_id: int, action: str) -> None:
        self.actions.append(ChatAction(chat_id, action, self.touch()))

    def draft(self, chat_id: int, draft_id: int, text: str, entities: list[Json]) -> None:
        self.drafts.append(Draft(chat_id, draft_id, text, entities, self.touch()))

    def answer(self, query: CallbackQuery, text: str, *, alert: bool) -> None:
        query.answer = CallbackAnswer(text, alert)
        query.revision = self.touch()

    def commands_of(self, chat_id: int, user: User) -> list[dict[str, Any]]:
        """The command list that a user's app shows in this chat: the nearest scope's, in the user's language if it is
        there."""
        kind = "all_private_chats" if chat_id > 0 else "all_group_chats"
        for scope in (f"chat_member {chat_id} {user.id}", f"chat {chat_id}", kind, "default"):
            for name in (f"{scope} {user.language}", scope):
                if name in self.commands:
                    return self.commands[name]
        return []


def checked(text: str, *, may_be_empty: bool) -> str:
    """The text as a client sends it: proper Unicode, trimmed, not empty, within the limit (ValueError otherwise)."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()
    if not text and not may_be_empty:
        raise ValueError("the message is empty")
    if len(text) > MAX_TEXT:
        raise ValueError(f"the message has {len(text)} characters, at most {MAX_TEXT} can be sent")
    return text
