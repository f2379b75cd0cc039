"""The application: what belongs together, in which order handlers are asked, how it starts and how it stops."""

import asyncio
import logging
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from telegram import Update
from telegram.error import Conflict, InvalidToken, NetworkError, TelegramError
from telegram.ext import Application, ApplicationHandlerStop, ContextTypes

from bot.access import CODE_SECONDS, Access
from bot.chat import Chats
from bot.delivery import Delivery
from bot.desk import Desk
from bot.handlers_access import AccessHandlers
from bot.handlers_admin import AdminHandlers
from bot.handlers_chat import ChatHandlers
from bot.handlers_data import DataHandlers
from bot.handlers_sides import SideHandlers
from bot.handlers_talk import TalkHandlers
from bot.inbox import ChatOrder, Inbox
from bot.logs import described, private_logs
from bot.menus import set_menus
from bot.pace import Pace
from bot.pause import Pause
from bot.quarantine import Quarantine
from bot.reading import UpdateRequest
from bot.retrain import Command, Retrain, environment_of, makes_room
from bot.routes import Handlers, register
from bot.schedule import Schedule
from bot.simulate import Simulations
from bot.transport import Transport
from storage.store import Store, StoreError
from twin.adapter import AdapterFolder
from twin.engine import Engine
from twin.errors import TwinError
from twin.settings import Settings

log = logging.getLogger(__name__)
App = Application[Any, Any, Any, Any, Any, Any]

_UPDATES = [Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What an application of ours is made of beside PTB's own; kept in its `bot_data`."""

    desk: Desk
    inbox: Inbox
    order: ChatOrder
    quarantine: Quarantine
    schedule: Schedule
    simulations: Simulations
    retrain: Retrain | None
    announce: Callable[[str], None]


def build(
    settings: Settings,
    store: Store,
    engine: Engine,
    adapters: AdapterFolder,
    *,
    retrain_command: Command | None = None,
    announce: Callable[[str], None] = print,
) -> App:
    """The application, ready for `running`. The caller closes `store` and `engine` afterwards.

    Args:
        retrain_command: gives the arguments of the process that trains an adapter (see `Retrain`); without it
            /retrain says that it is not available.
        announce: shows a line to whoever starts the bot: the code by which the first admin claims it.

    Raises:
        TwinError: the token is missing or malformed, the adapter of the settings does not exist or imitates
            nobody, or a time is none.
    """
    if settings.adapter:
        adapters.load(settings.adapter).people()
    token, url = settings.token(), settings.telegram_api_url
    access = Access(settings, store)
    pace = Pace(settings.messages_per_minute, access.is_admin)
    inbox = Inbox(store, pace)
    quarantine = Quarantine(store)
    order = ChatOrder(store, inbox.fresh, quarantine)
    with private_logs(token):  # PTB logs addresses already here
        application: App = (
            Application.builder()
            .token(token)
            .request(Transport(url))
            .get_updates_request(UpdateRequest(url))
            .base_url(f"{url}/bot")
            .base_file_url(f"{url}/file/bot")
            .update_queue(inbox)
            .concurrent_updates(order)
            .build()
        )
    bot, environment = application.bot, environment_of(settings)
    delivery = Delivery(store, bot)
    chats = Chats(
        settings, store=store, engine=engine, adapters=adapters, delivery=delivery, bot=bot, quarantine=quarantine
    )
    desk = Desk(settings, store, engine, adapters, bot, access, pace, delivery, chats)
    simulations = Simulations(store, engine, delivery)
    retrain = (
        Retrain(
            settings,
            store=store,
            bot=bot,
            engine=engine,
            adapters=adapters,
            pause=Pause(engine, chats, simulations),
            command=retrain_command,
        )
        if retrain_command
        else None
    )
    schedule = Schedule(application, desk, retrain)
    with private_logs(token):  # APScheduler tells of each job that it will begin later
        schedule.plan()
    handlers = Handlers(
        desk,
        AccessHandlers(desk),
        SideHandlers(desk, simulations),
        TalkHandlers(desk),
        ChatHandlers(desk, simulations),
        DataHandlers(desk, retrain, _twin, environment),
        AdminHandlers(desk, retrain, schedule),
    )
    register(application, handlers)
    application.add_error_handler(_failed(desk, order))
    order.again = application.process_update
    application.bot_data["parts"] = _Parts(desk, inbox, order, quarantine, schedule, simulations, retrain, announce)
    return application


def _twin(*arguments: str) -> list[str]:
    """The arguments of a process that runs the `twin` command."""
    return [sys.executable, "-m", "cli", *arguments]


def _failed(desk: Desk, order: ChatOrder) -> Callable[[object, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]:
    async def tell(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        """The outermost edge: log what happened, without what was said, and tell the user that it did not work.

        What the store has failed is not over: it is handled again. No further handler sees the update: the one that
        failed may have been the one that asks who may pass.
        """
        error = context.error
        log.error("handling an update failed: %s", described(error) if error else "for no reason")
        if isinstance(update, Update) and update.effective_chat:
            try:
                if isinstance(error, StoreError):
                    raise error
                await desk.say(update, (await desk.words(update))("failed"))
            except StoreError:
                order.handle_again(update.update_id)
        raise ApplicationHandlerStop

    return tell


@asynccontextmanager
async def running(application: App) -> AsyncIterator[App]:
    """Receive updates and handle them while the block runs; end within ten seconds afterwards, whatever waits.

    Raises:
        TwinError: the Bot API cannot be reached, or refuses the token; the webhook's port is taken.
    """
    parts: _Parts = application.bot_data["parts"]
    with private_logs(parts.desk.settings.token()):
        try:
            try:
                await _start(application, parts)
            except TelegramError as error:
                raise TwinError(_refusal(error, parts.desk.settings.telegram_api_url)) from None
            yield application
        finally:
            await _stop(application, parts)


async def run(
    settings: Settings, engine: Engine, *, first: str | None = None, retrain_command: Command | None = None
) -> None:
    """`twin bot`: answer until SIGINT or SIGTERM comes, then close the store and the engine.

    Args:
        first: the adapter that is loaded before anybody can write: what is wrong with its base model is told now.

    Raises:
        TwinError: the settings, the database or the Bot API do not let it start.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    try:
        settings.token()  # before anything is made on disk
        store = await Store.open(settings.database, settings.key_file)
        try:
            adapters = AdapterFolder(settings.adapters)
            application = build(settings, store, engine, adapters, retrain_command=retrain_command)
            if first and not makes_room(settings):
                await engine.start(first)
            for number in signals:
                loop.add_signal_handler(number, stopped.set)
            async with running(application):
                log.info("answering as @%s", application.bot.username)
                await stopped.wait()
        finally:
            await _within(1.0, store.close)
    finally:
        await _within(2.0, engine.close)
        for number in signals:
            loop.remove_signal_handler(number)


async def _start(application: App, parts: _Parts) -> None:
    await parts.desk.access.load()
    await application.initialize()
    await parts.quarantine.load()
    if parts.retrain:
        await parts.retrain.resume()  # before anything is answered: it may need the memory
    await parts.inbox.replay(application.bot)
    await application.start()
    await parts.schedule.begin()
    await parts.schedule.catch_up()
    await _receive(application, parts.desk.settings)
    if claim := parts.desk.access.claim:
        parts.announce(
            f"This bot has no admin yet. Whoever sends this to @{application.bot.username} within "
            f"{CODE_SECONDS / 60:.0f} minutes becomes it: /claim {claim.code}"
        )
    await set_menus(application.bot, parts.desk.access.admins)


async def _receive(application: App, settings: Settings) -> None:
    """Ask for updates, or have them pushed: one at a time, for those that come side by side lose their order."""
    updater = application.updater
    assert updater is not None  # noqa: S101
    if settings.webhook_url is None:
        await updater.start_polling(allowed_updates=_UPDATES, error_callback=_polling_failed)
        return
    host, port = settings.webhook_listen
    try:
        await updater.start_webhook(
            listen=host,
            port=port,
            url_path=urlsplit(settings.webhook_url).path,
            webhook_url=settings.webhook_url,
            secret_token=secrets.token_urlsafe(32),  # a new one at each start: nobody has to keep it
            allowed_updates=_UPDATES,
            max_connections=1,
        )
    except OSError as error:
        raise TwinError(f"cannot listen on {host}:{port}: {error.strerror}; set WEBHOOK_LISTEN") from None


async def _stop(application: App, parts: _Parts) -> None:
    """Let go of everything, each with its own share of the ten seconds; what is not done stands in the store."""
    parts.order.close()
    parts.inbox.drain()
    ending = [_within(2.5, part.stop) for part in (parts.desk.chats, parts.simulations, parts.schedule)]
    if parts.retrain:
        ending.append(_within(2.5, parts.retrain.stop))
    if application.updater and application.updater.running:
        ending.append(_within(3.0, application.updater.stop))
    await asyncio.gather(*ending)
    if application.running:
        await _within(1.5, application.stop)
    await _within(1.2, parts.desk.delivery.stop)
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
