"""All handlers, in the order in which they are asked; within a group the first that fits is the only one."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from telegram import Update
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    TypeHandler,
    filters,
)

from bot.desk import Desk, acknowledge
from bot.handlers_access import AccessHandlers
from bot.handlers_admin import AdminHandlers
from bot.handlers_chat import ChatHandlers
from bot.handlers_data import DataHandlers
from bot.handlers_sides import SideHandlers
from bot.handlers_talk import TalkHandlers
from bot.menus import ADMIN, PRIVATE
from bot.personas import BUTTON

App = Application[Any, Any, Any, Any, Any, Any]
_NUMBER = "[0-9]{1,18}$"  # a changed client may send anything as callback data; this much the database can hold


@dataclass(frozen=True, slots=True)
class Handlers:
    desk: Desk
    access: AccessHandlers
    sides: SideHandlers
    talk: TalkHandlers
    chat: ChatHandlers
    data: DataHandlers
    admin: AdminHandlers


def register(application: App, on: Handlers) -> None:
    new = filters.UpdateType.MESSAGE  # not edits, not channel posts, not business messages
    export = filters.Document.FileExtension("txt") | filters.Document.FileExtension("zip")
    only = on.admin.only
    commands = {
        "start": on.sides.start,
        "help": on.sides.help,
        "persona": on.sides.persona,
        "me": on.sides.me,
        "swap": on.sides.swap,
        "simulate": on.sides.simulate,
        "undo": on.talk.undo,
        "reset": on.talk.reset,
        "status": on.chat.status,
        "mode": on.chat.mode,
        "temperature": on.chat.temperature,
        "language": on.chat.language,
        "privacy": on.chat.privacy,
        "forget": on.chat.forget,
        "claim": on.access.claim,
        "retrain": only(on.admin.retrain),
        "datasets": only(on.data.datasets),
        "adapters": only(on.admin.adapters),
        "rollback": only(on.admin.rollback),
        "reload": only(on.admin.reload),
        "backup": only(on.admin.backup),
        "schedule": only(on.admin.schedule),
    }
    buttons = {
        f"^{BUTTON}": on.sides.persona_button,
        "^me:": on.sides.me_button,
        "^stop:": on.sides.stop_simulation,
        f"^(good|bad):{_NUMBER}": on.talk.rate,
        f"^again:{_NUMBER}": on.talk.again,
        "^forget:(yes|no)$": on.chat.forget_button,
        f"^(let|out):-?{_NUMBER}": on.access.decide,
        f"^cancel:{_NUMBER}": only(on.admin.cancel),
        "^use:": only(on.admin.use),
        f"^agree:{_NUMBER}": only(on.data.agree),
        f"^discard:{_NUMBER}": only(on.data.discard),
        "^(revoke|withdraw):[0-9a-f]+$": only(on.data.revoke),
        "^unlearn:[0-9a-f]+$": only(on.data.unlearn),
        "": _unknown_button(on.desk),
    }
    # Group -1 sees everything first, and stops whatever may not pass: no handler below has to ask who it is.
    application.add_handler(TypeHandler(Update, on.access.admit), group=-1)
    application.add_handlers(
        [
            *(CommandHandler(name, handler, new) for name, handler in commands.items()),
            MessageHandler(new & filters.COMMAND, _unknown_command(on.desk)),
            *(CallbackQueryHandler(handler, pattern=pattern) for pattern, handler in buttons.items()),
            MessageHandler(filters.UpdateType.EDITED_MESSAGE, on.talk.edited),
            MessageHandler(new & filters.TEXT, on.talk.text),
            MessageHandler(new & filters.ChatType.PRIVATE & export, only(on.data.export)),
            # Notices, such as that a message was pinned, are for nobody to answer.
            MessageHandler(new & ~filters.StatusUpdate.ALL, on.talk.other_kind),
        ]
    )


def _unknown_command(desk: Desk) -> Any:
    async def answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        words = await desk.words(update)
        typed = ((update.message and update.message.text) or "").split()[0].split("@")[0].lstrip("/").lower()
        known = (*PRIVATE, *ADMIN) if desk.is_admin(update) else PRIVATE
        near = [f"/{name}" for name in get_close_matches(typed, known, 2)]
        text = words("unknown_command_near", nearest=words.either(near)) if near else words("unknown_command")
        await desk.say(update, text)

    return answer


def _unknown_button(desk: Desk) -> Any:
    async def answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        if update.callback_query:
            await acknowledge(update.callback_query, (await desk.words(update))("gone"))

    return answer
