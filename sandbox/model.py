"""What a messenger is made of, as plain data, and how the Bot API writes each of it as JSON."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Keyboard = list[list[Json]]


@dataclass(frozen=True)
class User:
    id: int
    first_name: str
    username: str | None = None
    is_bot: bool = False
    language: str = "en"  # of the user's app, as an IETF tag

    def to_api(self) -> Json:
        user: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            user["username"] = self.username
        if not self.is_bot:
            user["language_code"] = self.language
        return user


@dataclass(frozen=True)
class Chat:
    """A private chat has the id of its user, a group a negative one."""

    id: int
    title: str

    @property
    def is_group(self) -> bool:
        return self.id < 0

    def to_api(self) -> Json:
        if self.is_group:
            return {"id": self.id, "type": "supergroup", "title": self.title}
        return {"id": self.id, "type": "private", "first_name": self.title}


@dataclass(frozen=True)
class File:
    """A document, or a photo where `size` (width and height in pixels) is known and `kind` says so."""

    id: str
    path: str
    name: str
    mime: str
    content: bytes = field(repr=False)
    kind: str = "document"
    size: tuple[int, int] = (0, 0)

    @property
    def unique_id(self) -> str:
        return f"u{self.id}"

    def to_api(self) -> Json:
        shared: Json = {"file_id": self.id, "file_unique_id": self.unique_id, "file_size": len(self.content)}
        if self.kind == "photo":
            return {**shared, "width": self.size[0], "height": self.size[1]}
        return {**shared, "file_name": self.name, "mime_type": self.mime}


@dataclass
class Message:
    """`date` and `edit_date` are Unix seconds; `text` is the caption where there is a file.

    `entities` are as in the Bot API: offsets and lengths count UTF-16 code units. `topic` is the `message_thread_id` of
    a topic of a group, `album` what the files of one `sendMediaGroup` share, `reaction` the bot's emoji under the
    message. `revision` is the state's count of changes at this message's last one.
    """

    id: int
    chat: Chat
    sender: User
    date: int
    text: str = ""
    entities: list[Json] = field(default_factory=list)
    keyboard: Keyboard = field(default_factory=list)
    file: File | None = None
    reply_to: "Message | None" = None
    topic: int | None = None
    album: str | None = None
    reaction: str = ""
    edit_date: int | None = None
    deleted: bool = False
    revision: int = 0

    @property
    def is_from_bot(self) -> bool:
        return self.sender.is_bot

    @property
    def buttons(self) -> list[Json]:
        """All inline buttons, row by row, as the bot gave them."""
        return [button for row in self.keyboard for button in row]

    def to_api(self, *, with_reply: bool = True) -> Json:
        message: Json = {
            "message_id": self.id,
            "from": self.sender.to_api(),
            "chat": self.chat.to_api(),
            "date": self.date,
        }
        if self.topic is not None:
            message["message_thread_id"] = self.topic
            message["is_topic_message"] = True
        if self.album is not None:
            message["media_group_id"] = self.album
        prefix = ""
        if self.file is not None:
            prefix = "caption_"
            message[self.file.kind] = [self.file.to_api()] if self.file.kind == "photo" else self.file.to_api()
        if self.text:
            message["caption" if self.file else "text"] = self.text
        if self.entities:
            message[f"{prefix}entities"] = self.entities
        if self.keyboard:
            message["reply_markup"] = {"inline_keyboard": self.keyboard}
        if self.edit_date is not None:
            message["edit_date"] = self.edit_date
        if self.reply_to is not None and with_reply:
            message["reply_to_message"] = self.reply_to.to_api(with_reply=False)
        return message


@dataclass(frozen=True)
class ChatAction:
    """What the bot said it is doing; `action` is a Bot API word such as `typing`. Clients show it for five seconds."""

    chat_id: int
    action: str
    revision: int


@dataclass(frozen=True)
class Draft:
    """What the bot shows of a message that it still writes; clients drop it when the message comes, or after 30 s."""

    chat_id: int
    id: int
    text: str
    entities: list[Json]
    revision: int


@dataclass(frozen=True)
class CallbackAnswer:
    """The bot's answer to a pressed button: a notice, or a dialog if `alert`; empty if it only acknowledged."""

    text: str
    alert: bool


@dataclass
class CallbackQuery:
    """A pressed button; `answer` is None until the bot answers."""

    id: str
    user: User
    message: Message
    data: str
    answer: CallbackAnswer | None = None
    revision: int = 0

    def to_api(self) -> Json:
        return {
            "id": self.id,
            "from": self.user.to_api(),
            "message": self.message.to_api(),
            "chat_instance": str(self.message.chat.id),
            "data": self.data,
        }
