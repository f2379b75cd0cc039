"""The application: what belongs together, in which order handlers are asked, how it starts and how it stops."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from telegram import Update
from telegram.error import Conflict, InvalidToken, NetworkError, TelegramError
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    JobQueue,
    MessageHandler,
    TypeHandler,
    filters,
)

from bot import texts
from bot.chat import Chats
from bot.delivery import Delivery
from bot.handlers import Handlers
from bot.inbox import ChatOrder, Inbox
from bot.logs import described, private_logs
from bot.personas import BUTTON
from bot.retrain import Command, Retrain, environment_of
from storage.store import Store
from twin.adapter import AdapterFolder
from twin.engine import Engine
from twin.errors import TwinError
from twin.settings import Settings

log = logging.getLogger(__name__)
App = Application[Any, Any, Any, Any, Any, Any]

_UPDATES = [Update.MESSAGE, Update.CALLBACK_QUERY]
_OUTBOX_SECONDS = 60.0  # how often messages that could not be sent are tried again
_ON_TIME = {"misfire_grace_time": None}  # a job that comes late is run late, not dropped


@dataclass(frozen=True, slots=True)
class _Parts:
    """What an application of ours is made of beside PTB's own; kept in its `bot_data`."""

    settings: Settings
    inbox: Inbox
    order: ChatOrder
    delivery: Delivery
    chats: Chats
    retrain: Retrain | None


def build(
    settings: Settings,
    store: Store,
    engine: Engine,
    adapters: AdapterFolder,
    *,
    retrain_command: Command | None = None,
) -> App:
    """The application, ready for `running`. The caller closes `store` and `engine` afterwards.

    Args:
        retrain_command: gives the arguments of the process that trains an adapter (see `Retrain`); without it
            /retrain says that it is not available.

    Raises:
        TwinError: the token is missing or malformed, or the adapter of the settings does not exist.
    """
    if settings.adapter:
        adapters.load(settings.adapter)
    token = settings.token()
    inbox, order = Inbox(store), ChatOrder(store)
    with private_logs(token):  # PTB logs addresses already here
        application: App = (
            Application.builder()
            .token(token)
            .base_url(f"{settings.telegram_api_url}/bot")
            .base_file_url(f"{settings.telegram_api_url}/file/bot")
            .update_queue(inbox)
            .concurrent_updates(order)
            .build()
        )
    delivery = Delivery(store, application.bot)
    chats = Chats(store, engine, delivery, application.bot)
    retrain = Retrain(application.bot, engine, retrain_command, environment_of(settings)) if retrain_command else None
    handlers = Handlers(settings, store=store, adapters=adapters, delivery=delivery, chats=chats, retrain=retrain)
    application.bot_data["parts"] = _Parts(settings, inbox, order, delivery, chats, retrain)
    _register(application, handlers)
    _schedule(application, engine, delivery, settings.reload_every.total_seconds())
    return application


def _register(application: App, handlers: Handlers) -> None:
    """All handlers, in the order in which they are asked; within a group the first that fits is the only one."""
    new = filters.UpdateType.MESSAGE  # not edits, not channel posts, not business messages
    # Group -1 sees everything first, and stops whatever may not pass: no handler below has to ask who it is.
    application.add_handler(TypeHandler(Update, handlers.admit), group=-1)
    application.add_handlers(
        [
            CommandHandler("start", handlers.start, new),
            CommandHandler("help", handlers.help, new),
            CommandHandler("persona", handlers.persona, new),
            CommandHandler("swap", handlers.swap, new),
            CommandHandler("reset", handlers.reset, new),
            CommandHandler("retrain", handlers.retrain, new),  # asks for admins itself
            MessageHandler(new & filters.COMMAND, handlers.unknown_command),
            CallbackQueryHandler(handlers.persona_button, pattern=f"^{BUTTON}"),
            CallbackQueryHandler(handlers.unknown_button),
            MessageHandler(new & filters.TEXT, handlers.text),
            # Notices, such as that a message was pinned, are for nobody to answer.
            MessageHandler(new & ~filters.StatusUpdate.ALL, handlers.other_kind),
        ]
    )
    application.add_error_handler(handlers.failed)


def _schedule(application: App, engine: Engine, delivery: Delivery, reload_seconds: float) -> None:
    async def reload(_: ContextTypes.DEFAULT_TYPE) -> None:
        try:
            changed = await engine.reload()
        except Exception as error:
            log.error("looking for new adapter versions failed: %s", described(error))
        else:
            for name, version in changed.items():
                log.info("adapter %s now answers with version %s", name, version)

    async def retry(_: ContextTypes.DEFAULT_TYPE) -> None:
        try:
            await delivery.wake_all()
        except TwinError as error:
            log.error("%s", error)

    jobs: JobQueue[Any] | None = application.job_queue
    assert jobs is not None  # noqa: S101  PTB is installed with its extra
    jobs.run_repeating(reload, reload_seconds, name="reload", job_kwargs=_ON_TIME)
    jobs.run_repeating(retry, _OUTBOX_SECONDS, name="outbox", job_kwargs=_ON_TIME)


@asynccontextmanager
async def running(application: App) -> AsyncIterator[App]:
    """Poll for updates and handle them while the block runs; end within ten seconds afterwards, whatever waits.

    Raises:
        TwinError: the Bot API cannot be reached, or refuses the token.
    """
    parts: _Parts = application.bot_data["parts"]
    with private_logs(parts.settings.token()):
        try:
            try:
                await _start(application, parts)
            except TelegramError as error:
                raise TwinError(_refusal(error, parts.settings.telegram_api_url)) from None
            yield application
        finally:
            await _stop(application, parts)


async def run(settings: Settings, engine: Engine, *, retrain_command: Command | None = None) -> None:
    """`twin bot`: answer until SIGINT or SIGTERM comes, then close the store and the engine.

    Raises:
        TwinError: the settings, the database or the Bot API do not let it start.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stopped.set)
    try:
        settings.token()  # before anything is made on disk
        store = await Store.open(settings.database, settings.key_file)
        try:
            adapters = AdapterFolder(settings.adapters)
            application = build(settings, store, engine, adapters, retrain_command=retrain_command)
            async with running(application):
                log.info("answering as @%s", application.bot.username)
                await stopped.wait()
        finally:
            await store.close()
    finally:
        await _within(1.0, engine.close)
        for number in signals:
            loop.remove_signal_handler(number)


async def _start(application: App, parts: _Parts) -> None:
    await application.initialize()
    await parts.inbox.replay(application.bot)
    await application.start()
    await parts.delivery.wake_all()
    assert application.updater is not None  # noqa: S101
    await application.updater.start_polling(allowed_updates=_UPDATES, error_callback=_polling_failed)
    try:
        await application.bot.set_my_commands(texts.COMMANDS)
    except TelegramError as error:  # the menu is an ornament
        log.warning("the menu of commands was not set: %s", type(error).__name__)


async def _stop(application: App, parts: _Parts) -> None:
    """Let go of everything, each with its own share of the ten seconds; what is not done stands in the store."""
    parts.order.close()
    parts.inbox.drain()
    ending = [_within(2.5, parts.chats.stop)]
    if parts.retrain:
        ending.append(_within(4.0, parts.retrain.stop))
    if application.updater and application.updater.running:
        ending.append(_within(3.0, application.updater.stop))
    await asyncio.gather(*ending)
    if application.running:
        await _within(1.5, application.stop)
    await _within(1.2, parts.delivery.stop)
    await _within(0.8, application.shutdown)
    await _within(0.3, application.bot.shutdown)  # if it never got as far as being initialised


async def _within(seconds: float, end: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Await `end()` for at most so many seconds, and never let it keep the others from their turn."""
    task = asyncio.create_task(end())
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.cancel()
        log.warning("stopping took too long: %s", getattr(end, "__qualname__", "a part"))
    elif error := task.exception():
        log.warning("stopping was not clean: %s", described(error))


def _polling_failed(error: TelegramError) -> None:
    """PTB polls on by itself; the log says why nothing comes."""
    if isinstance(error, Conflict):
        log.error("another program polls with this bot's token, or a webhook is set: stop it")
    else:
        log.warning("polling failed: %s", type(error).__name__)


def _refusal(error: TelegramError, url: str) -> str:
    if isinstance(error, InvalidToken):
        return f"the Bot API at {url} does not accept TELEGRAM_TOKEN: check the token, and TELEGRAM_API_URL"
    if isinstance(error, NetworkError):
        return f"the Bot API at {url} cannot be reached: check the network, and TELEGRAM_API_URL"
    return f"the Bot API at {url} refuses to work with this bot: {type(error).__name__}"
