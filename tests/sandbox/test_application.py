"""The unchanged python-telegram-bot application talks with users through the sandbox, over HTTP by long polling."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.constants import ChatAction
from telegram.error import Conflict
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from sandbox import Sandbox, Stopped
from tests.sandbox.conftest import DANIEL, SOON, builder


async def echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.message.chat.send_action(ChatAction.TYPING)
    await update.message.reply_text(f"you said {update.message.text}")


async def choose(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    names = [InlineKeyboardButton(name, callback_data=f"as:{name}") for name in ("Lisa", "Peter")]
    await update.message.reply_text(f"Who? {context.args}", reply_markup=InlineKeyboardMarkup([names]))


async def chosen(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.callback_query.answer(f"{update.callback_query.data}!", show_alert=True)
    await update.callback_query.edit_message_text(f"Now {update.callback_query.data}")


async def edited(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.effective_chat.send_message(f"changed to {update.edited_message.text}")


@asynccontextmanager
async def running(sandbox: Sandbox):
    application = builder(sandbox).build()
    application.add_handler(CommandHandler("persona", choose))
    application.add_handler(CallbackQueryHandler(chosen))
    application.add_handler(MessageHandler(filters.UpdateType.EDITED_MESSAGE, edited))
    application.add_handler(MessageHandler(filters.TEXT & ~filters.COMMAND, echo))
    async with application:
        await application.start()
        await application.updater.start_polling()
        yield application
        if application.updater.running:
            await application.updater.stop()
        await application.stop()


async def test_echo_with_typing_in_private_and_group(sandbox: Sandbox) -> None:
    async with running(sandbox):
        said = await sandbox.say(DANIEL, " Hey 👋\nyou ")
        answer = await sandbox.next_message(DANIEL, said.id, SOON)
        assert (answer.text, answer.sender.username) == ("you said Hey 👋\nyou", "twin_sandbox_bot")
        assert [action.action for action in sandbox.actions(DANIEL)] == ["typing"]

        said = await sandbox.say(DANIEL, "all together", chat_id=-5)
        assert (await sandbox.next_message(-5, said.id, SOON)).text == "you said all together"
        assert [m.text for m in sandbox.messages(-5)] == ["all together", "you said all together"]
        assert len(sandbox.messages(DANIEL)) == 2


async def test_command_button_answer_and_edit(sandbox: Sandbox) -> None:
    async with running(sandbox):
        said = await sandbox.say(DANIEL, "/persona@twin_sandbox_bot now")
        question = await sandbox.next_message(DANIEL, said.id, SOON)
        assert question.text == "Who? ['now']"
        assert [button["text"] for button in question.buttons] == ["Lisa", "Peter"]

        query = await sandbox.press(DANIEL, question.id, "as:Peter")
        answer = await sandbox.answer(query, SOON)
        assert (answer.text, answer.alert) == ("as:Peter!", True)
        changed = await sandbox.next_change(question, SOON)
        assert (changed.id, changed.text, changed.buttons) == (question.id, "Now as:Peter", [])
        assert changed.edit_date is not None
        assert question.text == "Who? ['now']"  # the copy that was handed out stays as it was
        with pytest.raises(LookupError, match="no button"):
            await sandbox.press(DANIEL, question.id, "as:Peter")


async def test_a_users_edit_arrives_as_one(sandbox: Sandbox) -> None:
    async with running(sandbox):
        said = await sandbox.say(DANIEL, "helo")
        answer = await sandbox.next_message(DANIEL, said.id, SOON)
        await sandbox.edit(DANIEL, said.id, "hello")
        assert (await sandbox.next_message(DANIEL, answer.id, SOON)).text == "changed to hello"


async def test_updates_unconfirmed_are_delivered_to_the_next_bot(sandbox: Sandbox) -> None:
    said = await sandbox.say(DANIEL, "early")
    async with running(sandbox):
        assert (await sandbox.next_message(DANIEL, said.id, SOON)).text == "you said early"
    # a stopping bot confirms what it has taken, so the next one does not answer again
    async with running(sandbox):
        said = await sandbox.say(DANIEL, "late")
        assert (await sandbox.next_message(DANIEL, said.id, SOON)).text == "you said late"
        await sandbox.delivered(SOON)
    assert [m.text for m in sandbox.messages(DANIEL)] == ["early", "you said early", "late", "you said late"]


async def test_a_second_poller_ends_the_first_with_conflict(sandbox: Sandbox) -> None:
    errors: asyncio.Queue[Exception] = asyncio.Queue()
    first = builder(sandbox).build()
    async with first:
        await first.updater.start_polling(error_callback=errors.put_nowait)
        second = builder(sandbox).build()
        async with second:
            await second.bot.get_updates(timeout=0)
        error = await asyncio.wait_for(errors.get(), SOON)
        await first.updater.stop()
    assert isinstance(error, Conflict)
    assert "terminated by other getUpdates request" in error.message


async def test_stopping_the_sandbox_ends_waits(sandbox: Sandbox) -> None:
    async with running(sandbox) as application:
        said = await sandbox.say(DANIEL, "hey")
        await sandbox.next_message(DANIEL, said.id, SOON)
        await sandbox.stop()
        with pytest.raises(Stopped):
            await sandbox.next_message(DANIEL, sandbox.messages(DANIEL)[-1].id, SOON)
        await application.updater.stop()
