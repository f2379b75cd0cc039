"""The methods of the Bot API, with the limits and the error texts of Telegram's own server."""

from collections.abc import Awaitable, Callable
from typing import Any

from telegram.constants import ChatAction

from sandbox.bell import Stopped
from sandbox.content import MAX_CAPTION, read_commands, read_keyboard, read_scope, read_text
from sandbox.errors import ApiError, bad_request
from sandbox.images import image_size
from sandbox.model import Chat, File, Json, Keyboard, Message
from sandbox.params import MAX_UPLOAD, Params, all_methods, check_names
from sandbox.state import MAX_TEXT, State
from sandbox.webhook import Webhook

MAX_ANSWER = 200  # characters of an answer to a pressed button
MAX_DOWNLOAD = 20 * 1024 * 1024  # bytes
MAX_PHOTO = 10 * 1024 * 1024  # bytes
MAX_POLL = 50  # seconds
MAX_DELETED = 100  # messages of one deleteMessages
ALBUM = range(2, 11)  # how many files an album may have
ACTIONS = frozenset(member.value for member in ChatAction)


class Api:
    def __init__(self, state: State) -> None:
        self.state = state
        self._webhook: Webhook | None = None

    async def close(self) -> None:
        """Push no more updates."""
        if self._webhook:
            await self._webhook.stop()
        self._webhook = None

    async def call(self, method: str, params: Params) -> Any:
        """The `result` of a method, its name in any case, as Telegram takes it. Raises ApiError."""
        name = _NAMES.get(method.lower())
        if name is None:
            if method.lower() in all_methods():
                raise bad_request(f"{method} is not a method of this sandbox")
            raise ApiError(404, "Not Found")
        check_names(name, params)
        if self.state.refusals[name]:
            raise self.state.refusals[name].popleft()
        return await METHODS[name](self, params)

    # the bot itself

    async def get_me(self, _: Params) -> Json:
        rights = {"can_join_groups": True, "can_read_all_group_messages": True, "supports_inline_queries": False}
        return {**self.state.bot.to_api(), **rights}

    async def get_updates(self, params: Params) -> list[Json]:
        """Long polling. A newer call ends an older one that still waits with 409, as Telegram does it."""
        state = self.state
        if self._webhook:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
                "webhook first",
            )
        self._read_allowed_updates(params)
        if offset := params.integer("offset"):
            state.confirm(offset)
        limit = params.integer("limit") or 100
        limit = limit if 1 <= limit <= 100 else 100
        state.poll += 1
        mine = state.poll
        state.listening += 1
        state.touch()

        def look() -> list[Json] | None:
            if state.poll != mine:
                raise ApiError(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                )
            return list(state.updates)[:limit] or None

        try:
            return await state.bell.until(look, min(params.integer("timeout") or 0, MAX_POLL))
        except (TimeoutError, Stopped):
            return []
        finally:
            state.listening -= 1
            state.touch()

    async def set_webhook(self, params: Params) -> bool:
        """Push updates to an address of the bot; an empty one ends that. One at a time, whatever max_connections is."""
        self._read_allowed_updates(params)
        new = Webhook(self.state, params.text("url"), params.text("secret_token")) if params.text("url") else None
        await self.close()
        self._webhook = new
        return self._drop_updates(params)

    async def delete_webhook(self, params: Params) -> bool:
        await self.close()
        return self._drop_updates(params)

    async def get_webhook_info(self, _: Params) -> Json:
        url, waiting = self._webhook.url if self._webhook else "", len(self.state.updates)
        info: Json = {"url": url, "has_custom_certificate": False, "pending_update_count": waiting}
        if self.state.allowed_updates:
            info["allowed_updates"] = self.state.allowed_updates
        return info

    async def set_my_commands(self, params: Params) -> bool:
        self.state.commands[read_scope(params)] = read_commands(params)
        self.state.touch()
        return True

    async def get_my_commands(self, params: Params) -> list[Json]:
        return self.state.commands.get(read_scope(params), [])

    async def delete_my_commands(self, params: Params) -> bool:
        self.state.commands.pop(read_scope(params), None)
        self.state.touch()
        return True

    # messages

    async def send_message(self, params: Params) -> Json:
        chat = self._chat(params)
        text, entities = read_text(params, "text", "entities", MAX_TEXT)
        return self._send(chat, params, text=text, entities=entities)

    async def send_document(self, params: Params) -> Json:
        chat = self._chat(params)
        file = self._file(params, "document", MAX_UPLOAD)
        return self._send_file(chat, params, file)

    async def send_photo(self, params: Params) -> Json:
        chat = self._chat(params)
        file = self._file(params, "photo", MAX_PHOTO)
        return self._send_file(chat, params, file)

    async def send_media_group(self, params: Params) -> list[Json]:
        chat = self._chat(params)
        items = [Params(item.values, params.uploads) for item in params.objects("media")]
        if len(items) not in ALBUM:
            raise bad_request("an album has 2 to 10 files")
        album = str(self.state.new_id())
        common = Params({key: value for key, value in params.values.items() if key != "media"}, {})
        files = [self._album_file(item) for item in items]
        return [
            self._send_file(chat, Params({**item.values, **common.values}, {}), file, album)
            for item, file in zip(items, files, strict=True)
        ]

    async def send_message_draft(self, params: Params) -> bool:
        """Show a message while the bot writes it; an empty one shows that it thinks."""
        chat = self._chat(params)
        if chat.is_group:
            raise bad_request("drafts are shown in private chats only")
        if not params.integer("draft_id"):
            raise bad_request("draft_id must be non-zero")
        text, entities = read_text(params, "text", "entities", MAX_TEXT, may_be_empty=True)
        self.state.draft(chat.id, params.integer("draft_id") or 0, text, entities)
        return True

    async def set_message_reaction(self, params: Params) -> bool:
        chat = self._chat(params)
        message = self.state.find(chat.id, params.integer("message_id") or 0)
        if message is None:
            raise bad_request("message to react not found")
        reactions = params.objects("reaction")
        if len(reactions) > 1 or any(r.text("type") != "emoji" or not r.text("emoji") for r in reactions):
            raise bad_request("REACTION_INVALID")
        self.state.react(message, reactions[0].text("emoji") if reactions else "")
        return True

    async def edit_message_text(self, params: Params) -> Json:
        message = self._own_message(params)
        if message.file is not None:
            raise bad_request("there is no text in the message to edit")
        text, entities = read_text(params, "text", "entities", MAX_TEXT)
        return self._edit(message, text, entities, read_keyboard(params))

    async def edit_message_reply_markup(self, params: Params) -> Json:
        message = self._own_message(params)
        return self._edit(message, message.text, message.entities, read_keyboard(params))

    async def delete_message(self, params: Params) -> bool:
        chat = self._chat(params)
        message = self.state.find(chat.id, params.integer("message_id") or 0)
        if message is None:
            raise bad_request("message to delete not found")
        self.state.delete_message(message)
        return True

    async def delete_messages(self, params: Params) -> bool:
        """Delete those that are there, as Telegram does it: one that is not is passed over."""
        chat = self._chat(params)
        numbers = params.array("message_ids")
        if not 1 <= len(numbers) <= MAX_DELETED or not all(isinstance(number, int) for number in numbers):
            raise bad_request(f"message_ids must be 1 to {MAX_DELETED} numbers")
        for number in numbers:
            if message := self.state.find(chat.id, number):
                self.state.delete_message(message)
        return True

    async def send_chat_action(self, params: Params) -> bool:
        chat = self._chat(params)
        if params.text("action") not in ACTIONS:
            raise bad_request("wrong parameter action in request")
        self.state.act(chat.id, params.text("action"))
        return True

    async def answer_callback_query(self, params: Params) -> bool:
        query = self.state.queries.get(params.text("callback_query_id"))
        if query is None:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        if len(params.text("text")) > MAX_ANSWER:
            raise bad_request("MESSAGE_TOO_LONG")
        if query.answer is None:
            self.state.answer(query, params.text("text"), alert=params.flag("show_alert"))
        return True

    async def get_chat(self, params: Params) -> Json:
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        full = {"accent_color_id": 0, "max_reaction_count": 1, "accepted_gift_types": dict.fromkeys(gifts, False)}
        return {**self._chat(params).to_api(), **full}

    async def get_file(self, params: Params) -> Json:
        file = self.state.files.get(params.text("file_id"))
        if file is None:
            raise bad_request("invalid file_id")
        if len(file.content) > MAX_DOWNLOAD:
            raise bad_request("file is too big")
        return {
            "file_id": file.id,
            "file_unique_id": file.unique_id,
            "file_size": len(file.content),
            "file_path": file.path,
        }

    # what they share

    def _read_allowed_updates(self, params: Params) -> None:
        if "allowed_updates" in params.values:
            self.state.allowed_updates = [str(kind) for kind in params.array("allowed_updates")]

    def _drop_updates(self, params: Params) -> bool:
        if params.flag("drop_pending_updates"):
            self.state.updates.clear()
            self.state.touch()
        return True

    def _chat(self, params: Params) -> Chat:
        if not params.text("chat_id"):
            raise bad_request("chat_id is empty")
        try:
            return self.state.chats[int(params.text("chat_id"))]
        except (ValueError, KeyError):
            raise bad_request("chat not found") from None

    def _own_message(self, params: Params) -> Message:
        if params.text("inline_message_id"):
            raise bad_request("this sandbox has no inline messages")
        chat = self._chat(params)
        message_id = params.integer("message_id")
        if not message_id:
            raise bad_request("message identifier is not specified")
        message = self.state.find(chat.id, message_id)
        if message is None:
            raise bad_request("message to edit not found")
        if message.sender.id != self.state.bot.id:
            raise bad_request("message can't be edited")
        return message

    def _send(
        self,
        chat: Chat,
        params: Params,
        *,
        text: str,
        entities: list[Json],
        file: File | None = None,
        album: str | None = None,
    ) -> Json:
        reply_to = self._reply_to(chat, params)
        message = self.state.add_message(
            chat,
            self.state.bot,
            text=text,
            entities=entities,
            keyboard=read_keyboard(params),
            file=file,
            reply_to=reply_to,
            topic=params.integer("message_thread_id") if chat.is_group else None,
            album=album,
        )
        return message.to_api()

    def _send_file(self, chat: Chat, params: Params, file: File, album: str | None = None) -> Json:
        text, entities = read_text(params, "caption", "caption_entities", MAX_CAPTION, may_be_empty=True)
        return self._send(chat, params, text=text, entities=entities, file=file, album=album)

    def _album_file(self, item: Params) -> File:
        kind = item.text("type")
        if kind not in {"photo", "document"}:
            raise bad_request(f"this sandbox has no {kind or 'nameless'} in albums")
        values = {kind: item.text("media")}
        return self._file(Params(values, item.uploads), kind, MAX_PHOTO if kind == "photo" else MAX_UPLOAD)

    def _edit(self, message: Message, text: str, entities: list[Json], keyboard: Keyboard) -> Json:
        if (text, entities, keyboard) == (message.text, message.entities, message.keyboard):
            raise bad_request(
                "message is not modified: specified new message content and reply markup are exactly the same as a "
                "current content and reply markup of the message"
            )
        self.state.edit_message(message, text=text, entities=entities, keyboard=keyboard)
        return message.to_api()

    def _reply_to(self, chat: Chat, params: Params) -> Message | None:
        reply = params.object("reply_parameters")
        if not reply.values:
            return None
        message = self.state.find(chat.id, reply.integer("message_id") or 0)
        if message is None and not reply.flag("allow_sending_without_reply"):
            raise bad_request("message to be replied not found")
        return message

    def _file(self, params: Params, kind: str, limit: int) -> File:
        """The uploaded file, or the one that a file id names."""
        value = params.text(kind)
        upload = params.uploads.get(value.removeprefix("attach://") if value else kind)
        if upload is None:
            if value.startswith(("http://", "https://")):
                raise bad_request("this sandbox fetches nothing from the network; upload the file")
            known = self.state.files.get(value)
            if known is None or known.kind != kind:
                raise bad_request("wrong file identifier/HTTP URL specified" if value else f"there is no {kind}")
            return known
        if not upload.content:
            raise bad_request("file must be non-empty")
        if len(upload.content) > limit:
            raise ApiError(413, "Request Entity Too Large")
        photo_size = image_size(upload.content) if kind == "photo" else None
        if kind == "photo" and photo_size is None:
            raise bad_request("IMAGE_PROCESS_FAILED")
        return self.state.add_file(upload.name, upload.content, photo_size=photo_size)


METHODS: dict[str, Callable[[Api, Params], Awaitable[Any]]] = {
    "getMe": Api.get_me,
    "getUpdates": Api.get_updates,
    "setWebhook": Api.set_webhook,
    "deleteWebhook": Api.delete_webhook,
    "getWebhookInfo": Api.get_webhook_info,
    "setMyCommands": Api.set_my_commands,
    "getMyCommands": Api.get_my_commands,
    "deleteMyCommands": Api.delete_my_commands,
    "sendMessage": Api.send_message,
    "sendDocument": Api.send_document,
    "sendPhoto": Api.send_photo,
    "sendMediaGroup": Api.send_media_group,
    "sendMessageDraft": Api.send_message_draft,
    "setMessageReaction": Api.set_message_reaction,
    "editMessageText": Api.edit_message_text,
    "editMessageReplyMarkup": Api.edit_message_reply_markup,
    "deleteMessage": Api.delete_message,
    "deleteMessages": Api.delete_messages,
    "sendChatAction": Api.send_chat_action,
    "answerCallbackQuery": Api.answer_callback_query,
    "getChat": Api.get_chat,
    "getFile": Api.get_file,
}
_NAMES = {name.lower(): name for name in METHODS}
