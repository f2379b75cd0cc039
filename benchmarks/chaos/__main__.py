"""Kill the bot at random moments, on a bad network, and count what became of every message.

    python -m benchmarks.chaos [--messages 1000] [--kills 100] [--users 50] [--seed 0] [--folder FOLDER] [--json]

The real bot runs in a process of its own, with its store, its HTTP and its delivery; only its engine is a stub, whose
answers name the messages that they answer. The sandbox runs in this process. Users write in random bursts; sends and
polls meet 429, 500, 502, answers that come too late, and connections that are cut, each before and after the sandbox
has done its part; the bot is killed by SIGKILL between starting and a few seconds after its first poll. When all is
quiet, the sandbox's record and the store are compared, message by message. The seed decides who writes what and when,
which calls go wrong and when the kills come; how all that meets is up to the machine.

`lost`: not in the store. `unanswered`: not covered by an answer that came whole. `out_of_order`: messages or answers
behind later ones, in the store or in the chat. `doubled`: messages of the bot that came again;
`doubled_unexplained`: those whose first sending the bot must have known of.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.chaos.count import Copy, Count, count
from benchmarks.chaos.served import TOKEN, settings_of
from benchmarks.chaos.trouble import Trouble
from sandbox import Sandbox
from storage.store import Place, Store

FIRST_USER = 5000
AIMS = {"lost": 0, "unanswered": 0, "out_of_order": 0, "doubled_unexplained": 0}
_LIFE = 3.0  # seconds after its first poll that a process lives at most
_YOUNG = 0.15  # the share of kills that come while it starts
_QUIET = 75.0  # seconds without a change after which no more is expected: the bot tries again every minute
_PATIENCE = 900.0  # seconds that the end may take
_START = 120.0  # seconds that a process may take to poll


@dataclass(frozen=True, slots=True)
class Said:
    """A message to be sent: when, in seconds from the beginning, and by whom."""

    at: float
    user: int


def plan(messages: int, users: int, seconds: float, seed: int) -> list[Said]:
    """Bursts of one to six messages at random moments, in the order in which they are sent."""
    rng = random.Random(seed)
    said: list[Said] = []
    while len(said) < messages:
        at, user = rng.uniform(0, seconds), FIRST_USER + rng.randrange(users)
        for _ in range(min(rng.randint(1, 6), messages - len(said))):
            said.append(Said(at, user))
            at += rng.expovariate(2)
    return sorted(said, key=lambda one: one.at)


class Chaos:
    """One run."""

    def __init__(self, folder: Path, *, messages: int, kills: int, users: int, seed: int) -> None:
        self._folder = folder
        self._kills = kills
        self._seed = seed
        self._random = random.Random(seed)
        self._plan = plan(messages, users, seconds=_LIFE * kills, seed=seed)
        self.trouble = Trouble(seed)
        self._sandbox = Sandbox(TOKEN, middlewares=[self.trouble.disturb])
        self._said: dict[int, list[int]] = {}  # numbers by user
        self.killed = 0

    async def run(self) -> Count:
        await self._sandbox.start()
        try:
            writing = asyncio.create_task(self._write())
            while self.killed < self._kills:
                await self._live_and_die()
            await writing
            async with asyncio.timeout(_PATIENCE):
                while not await self._ended_in_peace():
                    pass
        finally:
            await self._sandbox.stop()
        return await self._counted()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number, one in enumerate(self._plan, start=1):
            await asyncio.sleep(begun + one.at - loop.time())
            await self._sandbox.say(one.user, str(number))
            self._said.setdefault(one.user, []).append(number)

    async def _live_and_die(self) -> None:
        """Start the bot, and kill it while it starts or works. One that ends by itself is started again."""
        process = await self._start()
        try:
            if self._random.random() < _YOUNG:
                await asyncio.sleep(self._random.uniform(0, _LIFE / 2))
            else:
                await self._polls(process)
                await asyncio.sleep(self._random.uniform(0, _LIFE))
        finally:
            if process.returncode is None:
                process.kill()
                self.killed += 1
            await process.wait()

    async def _ended_in_peace(self) -> bool:
        """Let the bot work until nothing changes any more, and end it; False if that left anything to do."""
        process = await self._start()
        try:
            await self._polls(process)
            await self._nothing_changes()
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
        store = await self._store()
        try:
            return not (self._sandbox.waiting or await store.pending() or await store.unsent_chats())
        finally:
            await store.close()

    async def _nothing_changes(self) -> None:
        """Until all are answered, or nothing has happened for a long while."""
        for _ in range(int(_QUIET)):
            before = len(self.trouble.sent)
            await asyncio.sleep(1)
            if len(self.trouble.sent) != before:
                return await self._nothing_changes()
            if not self._sandbox.waiting and not self._counted_chats(histories=None).unanswered:
                return None
        return None

    async def _start(self) -> asyncio.subprocess.Process:
        self.trouble.begin_life()
        life = self._seed * 100_000 + self.trouble.life
        with (self._folder / "log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "benchmarks.chaos.served"),
                *(self._sandbox.api_url, str(self._folder), str(life)),
                stdout=log,
                stderr=log,
            )

    async def _polls(self, process: asyncio.subprocess.Process) -> None:
        """Until it polls, or has ended by itself: trouble may keep it from starting."""
        ways = [asyncio.ensure_future(way) for way in (self.trouble.polled.wait(), process.wait())]
        await asyncio.wait(ways, timeout=_START, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()

    async def _store(self) -> Store:
        settings = settings_of(self._sandbox.api_url, self._folder)
        return await Store.open(settings.database, settings.key_file)

    async def _counted(self) -> Count:
        store, histories = await self._store(), {}
        for user in self._said:
            thread = await store.current_thread(Place(user))
            histories[user] = [turn.text for turn in await store.turns(thread.id)] if thread else []
        await store.close()
        return self._counted_chats(histories)

    def _counted_chats(self, histories: dict[int, list[str]] | None) -> Count:
        """All chats together; without the histories, what is not in the store is not known."""
        found = Count()
        for user, said in self._said.items():
            copies = [
                Copy(message.text, self.trouble.sent[message.id])
                for message in self._sandbox.messages(user)
                if message.is_from_bot
            ]
            found += count(said, copies, histories[user] if histories else [str(number) for number in said])
        return found


def table(found: dict[str, Any], happened: dict[str, int]) -> Table:
    rows = Table("", "seen", "aim")
    for kind, number in sorted(happened.items()):
        rows.add_row(f"calls that met {kind}", str(number), "")
    for name, value in found.items():
        rows.add_row(name.replace("_", " "), str(value), str(AIMS.get(name, "")))
    return rows


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default, text in (
        ("messages", 1000, "how many the users send"),
        ("kills", 100, "how often the bot is killed"),
        ("users", 50, "who write"),
        ("seed", 0, "of everything that is random"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{text} ({default})")
    parser.add_argument("--folder", type=Path, help="keep the database and the bot's log there")
    parser.add_argument("--json", action="store_true", help="print the line of JSON alone")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="twin-chaos-") as scratch:
        folder = arguments.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        chaos = Chaos(
            folder,
            messages=arguments.messages,
            kills=arguments.kills,
            users=arguments.users,
            seed=arguments.seed,
        )
        counted = asyncio.run(chaos.run())
    found = {"kills": chaos.killed, **asdict(counted)}
    if not arguments.json:
        Console().print(table(found, dict(chaos.trouble.happened)))
    print(json.dumps(found))
    return found


if __name__ == "__main__":
    main()
