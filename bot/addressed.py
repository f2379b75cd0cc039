"""Messages in groups: whether one is for the twin, and its text without the twin's name in it."""

import re

from telegram import Message, MessageEntity, User


def is_addressed(message: Message, me: User) -> bool:
    """Whether a message in a group is a command, mentions the bot, or replies to it."""
    if message.reply_to_message and message.reply_to_message.from_user == me and not _opens_topic(message):
        return True
    entities = {**message.parse_entities(), **message.parse_caption_entities()}
    return any(_is_for(entity, text, me) for entity, text in entities.items())


def without_mention(text: str, me: User) -> str:
    """The text without `@name_of_the_bot`."""
    return re.sub(rf"\s*@{re.escape(me.username or '')}\b[,:]?\s*", " ", text, flags=re.IGNORECASE).strip()


def _is_for(entity: MessageEntity, text: str, me: User) -> bool:
    name = f"@{me.username}".casefold()
    if entity.type == MessageEntity.BOT_COMMAND:
        return entity.offset == 0 and ("@" not in text or text.casefold().endswith(name))
    if entity.type == MessageEntity.MENTION:
        return text.casefold() == name
    return entity.type == MessageEntity.TEXT_MENTION and entity.user == me


def _opens_topic(message: Message) -> bool:
    """Within a topic, a message that replies to none replies to the notice that the topic was made."""
    return bool(message.reply_to_message and message.reply_to_message.forum_topic_created)
