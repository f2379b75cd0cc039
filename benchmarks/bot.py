"""What the bot costs beside its engine, against a plain python-telegram-bot echo in the same run.

    python -m benchmarks.bot [--json]

The sandbox runs in this process, the bots each in one of their own, so that their CPU time is theirs alone. 50 chats
send message after message, each once the last one is answered. `cpu_ratio` is our CPU time for an update over that of
the echo, `updates_per_s` what passes end to end with storage; both are medians of interleaved rounds, with an engine
that answers at once. `added_p50_ms` and `added_p99_ms` are what a message waits beyond an engine that takes a second.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

from sandbox import Sandbox
from twin.adapter import AdapterFolder
from twin.engine import Request
from twin.manifest import Chat, Manifest
from twin.settings import Settings

TOKEN = "1000000001:benchmark_of_the_bot_alone"  # noqa: S105  of a sandbox that lives for a minute
CHATS, MESSAGES, ROUNDS = 50, 6, 3
FIRST_USER = 5000
ENGINE_SECONDS = 1.0
_PATIENCE = 120.0  # seconds that a round may take


class Answer:
    """Says one word, after as long as the engine takes."""

    version, finish = "v1", "separator"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def __aiter__(self) -> AsyncIterator[str]:
        if self._seconds:
            await asyncio.sleep(self._seconds)
        yield " yes"

    def cancel(self) -> None:
        """Nothing cancels here: no message comes before the last one is answered."""


class Engine:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def answer(self, _: Request) -> Answer:
        return Answer(self._seconds)

    async def reload(self) -> dict[str, str]:
        return {}

    async def forget(self) -> None:
        """Nothing is remembered."""

    async def close(self) -> None:
        """Nothing to let go of."""


async def serve_ours(url: str, folder: Path, seconds: float) -> None:
    """Our bot, until the line ends; tells its CPU time for every line that it is sent."""
    from bot.app import build, running
    from storage.store import Store

    settings = Settings(
        telegram_token=TOKEN,
        telegram_api_url=url,
        admin_ids=frozenset({1}),
        allow_everyone=True,
        data_dir=folder / "data",
        key_file=folder / "key" / "database.key",
        burst_window=timedelta(0),
    )
    adapters = AdapterFolder(settings.adapters)
    write_adapter(adapters)
    store = await Store.open(settings.database, settings.key_file)
    async with running(build(settings, store, Engine(seconds), adapters)):  # type: ignore[arg-type]
        await _tell_cpu_time()
    await store.close()


async def serve_echo(url: str) -> None:
    """What python-telegram-bot does by itself."""

    async def echo(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message and update.message.text:
            await update.message.reply_text(update.message.text)

    application = Application.builder().token(TOKEN).base_url(f"{url}/bot").build()
    application.add_handler(MessageHandler(filters.TEXT, echo))
    async with application:
        await application.start()
        assert application.updater is not None  # noqa: S101
        await application.updater.start_polling()
        await _tell_cpu_time()
        await application.updater.stop()
        await application.stop()


async def _tell_cpu_time() -> None:
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(time.process_time(), flush=True)


def weightless() -> Manifest:
    """The recipe of an adapter of Daniel and Lisa that has no weights, for engines that need none."""
    until = datetime(2023, 5, 4)
    speakers = ("Daniel", "Lisa")
    return Manifest(
        base_model="none",
        base_revision=None,
        base_digest="0",
        quantisation="none",
        speakers=speakers,
        chats=(Chat("Lisa", speakers, until, until),),
        datasets=("none",),
        dataset_digest="0",
        context_length=512,
        gap_seconds=3600,
    )


def write_adapter(adapters: AdapterFolder) -> None:
    with adapters.new_version("daniel") as (version, folder):
        (folder / "twin.json").write_text(weightless().to_json(), "utf-8")
    adapters.promote("daniel", version)


class Bot:
    """A bot in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def cpu_seconds(self) -> float:
        assert self._process.stdin and self._process.stdout  # noqa: S101
        self._process.stdin.write(b"\n")
        return float(await self._process.stdout.readline())


@asynccontextmanager
async def bot(sandbox: Sandbox, kind: str, folder: Path, seconds: float = 0.0) -> AsyncIterator[Bot]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.bot", "--serve", kind, sandbox.api_url, str(folder), str(seconds)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin and process.stdout  # noqa: S101
    if await process.stdout.readline() != b"ready\n":
        raise RuntimeError(f"the {kind} bot did not start")
    try:
        yield Bot(process)
    finally:
        process.stdin.close()
        await process.wait()


class Users:
    """Everyone who writes: one waiter for all of them, so that the sandbox's own work stays small."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._state = sandbox._state
        self._answers: dict[int, asyncio.Future[float]] = {}

    async def talk(self, user: int, messages: int) -> list[float]:
        """Send message after message, each when the last one is answered; the seconds that the answers took."""
        took = []
        for number in range(messages):
            answer = self._answers[user] = asyncio.get_running_loop().create_future()
            begun = time.perf_counter()
            await self._sandbox.say(user, f"message {number}")
            took.append(await asyncio.wait_for(answer, _PATIENCE) - begun)
        return took

    async def watch(self) -> None:
        """Note the answers as they come."""
        seen = 0
        while True:
            messages = list(self._state.messages.values())
            for message in messages[seen:]:
                answer = self._answers.get(message.chat.id)
                if message.is_from_bot and answer and not answer.done():
                    answer.set_result(time.perf_counter())
            seen = len(messages)
            revision = self._state.revision
            await self._state.bell.until(lambda now=revision: self._state.revision > now or None, 3600)


async def round_of(
    kind: str, folder: Path, seconds: float = 0.0, messages: int = MESSAGES
) -> tuple[float, float, list[float]]:
    """CPU seconds an update, updates a second, and the seconds that each answer took."""
    sandbox = Sandbox(TOKEN)
    await sandbox.start()
    users = Users(sandbox)
    watching = asyncio.create_task(users.watch())
    try:
        async with bot(sandbox, kind, folder, seconds) as served:
            everyone = range(FIRST_USER, FIRST_USER + CHATS)
            await asyncio.gather(*(users.talk(user, 1) for user in everyone))  # the first of each makes its thread
            before, begun = await served.cpu_seconds(), time.perf_counter()
            took = await asyncio.gather(*(users.talk(user, messages) for user in everyone))
            wall, cpu = time.perf_counter() - begun, await served.cpu_seconds() - before
    finally:
        watching.cancel()
        await sandbox.stop()
    updates = CHATS * messages
    return cpu / updates, updates / wall, [seconds for one in took for seconds in one]


async def measure() -> dict[str, float]:
    ours, echo = [], []
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            ours.append(await round_of("ours", Path(folder)))
            echo.append(await round_of("echo", Path(folder)))
            if number == 0:
                _, _, took = await round_of("ours", Path(folder) / "slow", ENGINE_SECONDS, messages=3)
    added = sorted(1000 * (seconds - ENGINE_SECONDS) for seconds in took)
    return {
        "cpu_ratio": statistics.median(mine[0] / theirs[0] for mine, theirs in zip(ours, echo, strict=True)),
        "updates_per_s": statistics.median(mine[1] for mine in ours),
        "added_p50_ms": statistics.median(added),
        "added_p99_ms": added[int(0.99 * len(added))],
        "cpu_ms": 1000 * statistics.median(mine[0] for mine in ours),
        "echo_cpu_ms": 1000 * statistics.median(theirs[0] for theirs in echo),
        "echo_updates_per_s": statistics.median(theirs[1] for theirs in echo),
    }


def table(found: dict[str, float]) -> Table:
    rows = Table("", "twin", "echo", title=f"{CHATS} chats, an engine that answers at once")
    rows.add_row("CPU ms an update", f"{found['cpu_ms']:.1f}", f"{found['echo_cpu_ms']:.1f}")
    rows.add_row("updates a second", f"{found['updates_per_s']:.0f}", f"{found['echo_updates_per_s']:.0f}")
    rows.add_row("added by the bot to an engine of 1 s, median ms", f"{found['added_p50_ms']:.0f}", "")
    rows.add_row("the same, 99 of 100", f"{found['added_p99_ms']:.0f}", "")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the line of JSON alone")
    parser.add_argument("--serve", nargs=4, metavar=("KIND", "URL", "FOLDER", "SECONDS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        kind, url, folder, seconds = arguments.serve
        asyncio.run(serve_echo(url) if kind == "echo" else serve_ours(url, Path(folder), float(seconds)))
        return
    found = asyncio.run(measure())
    if not arguments.json:
        Console().print(table(found))
    print(json.dumps({key: round(value, 2) for key, value in found.items()}))


if __name__ == "__main__":
    main()
