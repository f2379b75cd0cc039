"""The menu of commands that Telegram shows, for each language and kind of chat."""

import logging

from telegram import Bot, BotCommandScopeAllGroupChats, BotCommandScopeAllPrivateChats, BotCommandScopeChat
from telegram.error import TelegramError

from bot.texts import LANGUAGES, Words

log = logging.getLogger(__name__)

GROUP = ("persona", "me", "swap", "simulate", "undo", "reset", "status", "mode", "temperature", "language", "help")
PRIVATE = ("start", *GROUP, "privacy", "forget")
ADMIN = ("retrain", "datasets", "adapters", "rollback", "reload", "backup", "schedule")


async def set_menus(bot: Bot, admins: list[int]) -> None:
    """Tell Telegram every menu. It is an ornament: a failure is logged and harms nothing."""
    try:
        for words, code in _languages():
            await bot.set_my_commands(_menu(words, PRIVATE), BotCommandScopeAllPrivateChats(), code)
            await bot.set_my_commands(_menu(words, GROUP), BotCommandScopeAllGroupChats(), code)
    except TelegramError as error:
        log.warning("the menus of commands were not set: %s", type(error).__name__)
    for admin in admins:
        await set_admin_menu(bot, admin)


async def set_admin_menu(bot: Bot, admin: int) -> None:
    """The menu of one admin's private chat. Telegram refuses it as long as they have never written to the bot."""
    try:
        for words, code in _languages():
            await bot.set_my_commands(_menu(words, (*PRIVATE, *ADMIN)), BotCommandScopeChat(admin), code)
    except TelegramError as error:
        log.info("the menu of an admin was not set: %s", type(error).__name__)


def listed(words: Words, *, admin: bool, group: bool) -> str:
    """The commands that someone may use, a line each."""
    names = (*(GROUP if group else PRIVATE), *(ADMIN if admin else ()))
    return "\n".join(f"/{name} - {words.command(name)}" for name in names)


def _languages() -> list[tuple[Words, str | None]]:
    """English for everyone, and every other language for those who speak it."""
    return [(Words(code), None if code == "en" else code) for code in LANGUAGES]


def _menu(words: Words, names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, words.command(name)) for name in names]
