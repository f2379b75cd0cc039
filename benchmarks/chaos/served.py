"""The bot's process of the chaos benchmark: all of it is real but the engine, which says what it was asked.

python -m benchmarks.chaos.served API_URL FOLDER SEED
"""

import asyncio
import logging
import random
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

from benchmarks.bot import write_adapter
from bot.app import run
from twin.adapter import AdapterFolder
from twin.engine import NEXT_MESSAGE, Finish, Request
from twin.settings import Settings
from twin.transcript import Turn

TOKEN = "1000000001:chaos_of_the_bot_alone"  # noqa: S105  of a sandbox that lives for some minutes
PARTS = 2  # messages of an answer
_LONGEST = 0.4  # seconds that an answer takes at most


def settings_of(url: str, folder: Path) -> Settings:
    """A deployment in which all are welcome, bursts are short, and an answer comes in several messages."""
    return Settings(
        telegram_token=TOKEN,
        telegram_api_url=url,
        admin_ids=frozenset({1}),
        allow_everyone=True,
        data_dir=folder / "data",
        key_file=folder / "keys" / "database.key",
        mode="burst",
        burst_window=timedelta(seconds=0.2),
        burst_most=timedelta(seconds=1),
        bubble_pause=timedelta(seconds=0.1),
        log_level="INFO",
    )


def replies_to(turns: Sequence[Turn], speaker: str) -> list[str]:
    """The messages of the answer: each names all that was said since the last one, so that it can be traced."""
    asked: list[str] = []
    for turn in reversed(turns):
        if turn.speaker == speaker:
            break
        asked.insert(0, turn.text)
    return [f"{' '.join(asked)} /{part}" for part in range(1, PARTS + 1)]


class Answer:
    def __init__(self, request: Request, seconds: float) -> None:
        self.version = "v1"
        self.finish: Finish | None = None
        self._request = request
        self._seconds = seconds
        self._cancelled = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[str]:
        try:
            async with asyncio.timeout(self._seconds):
                await self._cancelled.wait()
        except TimeoutError:
            for number, text in enumerate(replies_to(self._request.turns, self._request.speaker)):
                if number:
                    yield NEXT_MESSAGE
                yield text
            self.finish = "separator"

    def cancel(self) -> None:
        self._cancelled.set()


class Engine:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def answer(self, request: Request) -> Answer:
        return Answer(request, self._random.uniform(0, _LONGEST))

    async def reload(self) -> dict[str, str]:
        return {}

    async def close(self) -> None:
        """Nothing to let go of."""


def main() -> None:
    url, folder, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    settings = settings_of(url, folder)
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    adapters = AdapterFolder(settings.adapters)
    if not adapters.names():
        write_adapter(adapters)
    asyncio.run(run(settings, Engine(seed)))


if __name__ == "__main__":
    main()
