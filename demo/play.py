"""`twin demo`: the whole path on two invented chats. Exports become a dataset, the dataset an adapter, and a sandbox and
the bot let you write with it in the browser, or play a short scripted talk."""

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from bot import app
from sandbox import Message, Sandbox, random_token
from storage.store import Store
from trainer import console as reporting
from trainer import prepare, run
from trainer.command import train_command
from twin.adapter import AdapterFolder
from twin.errors import TwinError
from twin.local import LocalEngine
from twin.settings import Settings

NAME = "daniel"  # of the dataset and of the adapter
FOLDER = Path(__file__).parent
EXPORTS = (FOLDER / "lisa_ios.zip", FOLDER / "peter_android.txt")
BASE = FOLDER / "base"
FACTS = FOLDER / "facts.toml"
OPTIONS = {
    "epochs": 2,
    "rank": 32,
    "alpha": 64,
    "learning_rate": 2e-3,
    "context_length": 256,
    "tokens_per_step": 512,
    "temperature": 0.4,
}
GUEST = 1001  # the sandbox's user, who may do everything
ANSWER_SECONDS = 120  # how long the scripted talk waits for the bot before it gives up
SCRIPT = (
    "hey, how are you?",
    "what are you doing today?",
    "what is your cat called?",
    "/persona peter",
    "Good evening, Peter. How was work?",
    "/swap",
    "I am going to walk the dog. What are you doing?",
    "/reset",
)


def demo_settings(settings: Settings) -> Settings:
    """The settings of a deployment, turned to the demo: a folder and a key of its own, and a guest who may do all."""
    return replace(
        settings,
        telegram_token=random_token(),
        adapter=NAME,
        admin_ids=frozenset({GUEST}),
        allow_everyone=True,
        data_dir=settings.data_dir / "demo",
        key_file=settings.key_file.with_name("demo.key"),
        base_model=str(BASE),
        webhook_url=None,
        retrain_cron=None,
    )


def play(settings: Settings, *, once: bool, port: int) -> None:
    """Prepare, train unless that was done before, then talk until interrupted; `once`: play the script and return.

    Raises:
        TwinError: a folder cannot be written, or the port is taken.
    """
    settings = demo_settings(settings)
    screen = Console()
    _prepare(settings, screen)
    _train(settings, screen)
    asyncio.run(_talk(settings, screen, once=once, port=port))


def _prepare(settings: Settings, screen: Console) -> None:
    screen.print("[bold]1. Two exported chats become conversations[/]")
    summary = prepare.prepare(EXPORTS, dataset=settings.dataset(NAME))
    screen.print(prepare.table(summary))


def _train(settings: Settings, screen: Console) -> None:
    screen.print("[bold]2. The conversations become an adapter: Lisa, Peter and Daniel in one[/]")
    with reporting.bar(screen) as report:
        result = run.train_adapter(NAME, settings, run.Choices((NAME,), str(BASE), OPTIONS, facts=str(FACTS)), report)
    screen.print(run.in_words(result))


async def _talk(settings: Settings, screen: Console, *, once: bool, port: int) -> None:
    screen.print("[bold]3. A bot answers in their place[/]")
    server = Sandbox(settings.token(), port=0 if once else port)
    try:
        await server.start()
    except OSError as error:
        raise TwinError(f"port {port} cannot be used ({error.strerror}): choose another by --port") from None
    settings = replace(settings, telegram_api_url=server.api_url)
    adapters = AdapterFolder(settings.adapters)
    engine = LocalEngine(adapters, settings.quantisation)
    store = await Store.open(settings.database, settings.key_file)
    try:
        await engine.start(NAME)
        application = app.build(settings, store, engine, adapters, retrain_command=train_command)
        async with app.running(application):
            if once:
                await _recite(server, screen)
            else:
                screen.print(f"chat with them at [link]{server.url}[/link] (Ctrl-C ends the demo)")
                await _interrupted()
    finally:
        await store.close()
        await engine.close()
        await server.stop()


async def _recite(server: Sandbox, screen: Console) -> None:
    """Play the script, one line at a time, and print what both sides said."""
    for line in SCRIPT:
        said = await server.say(GUEST, line)
        _show(screen, said)
        try:
            _show(screen, await server.next_message(GUEST, said.id, ANSWER_SECONDS))
        except TimeoutError:
            raise TwinError(f"the bot gave no answer to {line!r} within {ANSWER_SECONDS} seconds") from None


def _show(screen: Console, message: Message) -> None:
    name = "Twin" if message.is_from_bot else "You"
    screen.print(f"[bold]{name}:[/] {escape(message.text)}", highlight=False)


async def _interrupted() -> None:
    """Wait for SIGINT or SIGTERM."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
