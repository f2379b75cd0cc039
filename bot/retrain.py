"""Retraining from a chat: `twin train` as a process of its own that outlives the bot, shown in one message."""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from telegram import Bot

from bot import boards, inbox
from bot.board import Board
from bot.logs import described
from bot.pause import Pause
from bot.process import Job
from bot.texts import Words
from storage.store import Buttons, Place, Store, StoreError, Training
from twin.adapter import AdapterFolder
from twin.curve import loss_curve
from twin.engine import Engine
from twin.files import private_folder
from twin.settings import Settings

log = logging.getLogger(__name__)

Command = Callable[[str], Sequence[str]]
CANCEL = "cancel:"  # how the callback data of the cancel button begins
_PAUSED = "paused"  # a file beside what the process printed: the bot makes room for it


class Retrain:
    """At most one training process at a time. It leaves the bot its event loop and its answers.

    Args:
        command: the arguments of the process that trains the adapter of that name. It prints JSON lines: events with
            the key `event` (`progress`, `sample` or `shortage`, when it waits for memory), at last one without, the
            result. Where it fails, it exits with another code than 0, and the last line of its stderr is the reason.
        pause: of the bot, while the process needs its memory.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        bot: Bot,
        engine: Engine,
        adapters: AdapterFolder,
        pause: Pause,
        command: Command,
    ) -> None:
        self._jobs = _jobs(settings)
        self._pauses = settings.pause_in_training
        self._pause = pause
        self._store = store
        self._bot = bot
        self._engine = engine
        self._adapters = adapters
        self._command = command
        self._environment = environment_of(settings)
        self._task: asyncio.Task[None] | None = None
        self._job: Job | None = None
        self._starting = False

    @property
    def runs(self) -> bool:
        return self._starting or (self._task is not None and not self._task.done())

    async def start(self, place: Place, adapter: str, words: Words) -> bool:
        """Begin, and tell about it in `place`; False if a training is under way."""
        if self.runs:
            return False
        self._starting = True
        try:
            training = await self._store.add_training(place, adapter, words.language)
            self._task = asyncio.create_task(self._run(training, begins=True))
        finally:
            self._starting = False
        return True

    async def resume(self) -> None:
        """Go on showing the training that was under way when the bot ended, and making room for it."""
        for training in await self._store.running_trainings():
            if self.runs:  # there is never more than one, but for a crash between two lines above
                await self._store.end_training(training.id)
            else:
                if (self._folder(training.id) / _PAUSED).exists():
                    await self._pause.begin()
                self._task = asyncio.create_task(self._run(training, begins=False))

    async def cancel(self, training_id: int) -> bool:
        """End the process; False if that training does not run."""
        if not self.runs or self._job is None or self._job.cancelled or self._folder(training_id) != self._job.folder:
            return False
        await self._job.cancel()
        return True

    async def finished(self) -> None:
        """Until no training runs."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def stop(self) -> None:
        """Let go of the process: it goes on, and is found again at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, training: Training, *, begins: bool) -> None:
        words, board = Words(training.language), Board(self._bot, training.place, training.message_id)
        self._job = job = Job(self._folder(training.id))
        before = self._adapters.serving(training.adapter)
        try:
            if begins and self._pauses == "yes":
                await self._make_room(job)
            if begins:
                await job.start(self._command(training.adapter), self._environment)
                await self._show(training, board, words("training_begins", adapter=training.adapter), words)
            result = await self._follow(training, job, board, words)
            await self._ended(training, job, board, words=words, result=result, before=before)
        except asyncio.CancelledError:
            raise  # the bot stops, the training does not
        except Exception as error:
            reason = described(error)
            log.error("training failed: %s", reason)
            await job.cancel()  # what nobody follows any more must not go on unseen
            await board.show(boards.failed(words, training.adapter, reason), last=True)
        await _stored(partial(self._store.end_training, training.id))
        await asyncio.to_thread(shutil.rmtree, job.folder, ignore_errors=True)
        await self._pause.end(training.adapter)

    async def _follow(self, training: Training, job: Job, board: Board, words: Words) -> dict[str, Any] | None:
        """Show the process's events as they come; returns its result, the last line without an event."""
        result: dict[str, Any] | None = None
        sample: dict[str, Any] | None = None
        async for values in job.lines():
            match values.get("event"):
                case None:
                    result = values
                case "sample":
                    sample = values
                case "shortage" if self._pauses == "auto":
                    await self._make_room(job)
                case "progress" if board.due:
                    await self._show(training, board, boards.progress(words, training.adapter, values, sample), words)
        return result

    async def _ended(
        self,
        training: Training,
        job: Job,
        board: Board,
        *,
        words: Words,
        result: dict[str, Any] | None,
        before: str | None,
    ) -> None:
        """The last state of the board: how it went, and what may be chosen."""
        adapter = training.adapter
        reason = await asyncio.to_thread(job.failure)
        if job.cancelled or (result or {}).get("interrupted"):
            await board.show(words("training_cancelled", adapter=adapter), last=True)
        elif reason is not None:
            await board.show(boards.failed(words, adapter, reason), last=True)
        elif result is None:
            await board.show(boards.failed(words, adapter, words("no_result")), last=True)
        else:
            await self._engine.reload()
            version = str(result.get("version", ""))
            old = await asyncio.to_thread(self._other, adapter, version, before)
            text = boards.done(words, adapter, result, self._evaluations(adapter, version, old))
            await board.show(text, boards.choice(words, adapter, result, old), last=True)
            if not result.get("skipped"):
                await self._send_curve(adapter, version, board)

    async def _make_room(self, job: Job) -> None:
        """Have the bot pause, also after a restart."""
        await asyncio.to_thread((private_folder(job.folder) / _PAUSED).touch)
        await self._pause.begin()

    async def _show(self, training: Training, board: Board, text: str, words: Words) -> None:
        buttons: Buttons = [[(words("button_cancel"), f"{CANCEL}{training.id}")]]
        known = board.message_id
        await board.show(f"{text}\n\n{words('training_pauses')}" if self._pause.on else text, buttons)
        if known is None and board.message_id is not None:
            await _stored(partial(self._store.set_board, training.id, board.message_id))

    async def _send_curve(self, adapter: str, version: str, board: Board) -> None:
        file = self._adapters.root / adapter / version / "loss.csv"
        if png := await asyncio.to_thread(loss_curve, file, f"{adapter} {version}"):
            await board.picture(png)

    def _other(self, adapter: str, version: str, before: str | None) -> str | None:
        """The version that served before the new one, as far as it is there."""
        known = self._adapters.versions(adapter)
        if before is None or before == version:
            earlier = [one for one in known if one < version]
            before = earlier[-1] if earlier else None
        return before if before in known else None

    def _evaluations(self, adapter: str, *versions: str | None) -> list[dict[str, Any]]:
        return [self._adapters.evaluation(adapter, version) if version else {} for version in versions]

    def _folder(self, training_id: int) -> Path:
        return self._jobs / str(training_id)


async def _stored(verb: Callable[[], Awaitable[None]]) -> None:
    """Await a verb of the store, again and again while the store fails: the training goes on whatever it does."""
    while True:
        try:
            return await verb()
        except StoreError as error:
            log.error("a training is not noted: %s", error)
            await asyncio.sleep(inbox.STORE_PAUSE)


def makes_room(settings: Settings) -> bool:
    """Whether a training is under way that needs the memory of the bot's model."""
    return any(_jobs(settings).glob(f"*/{_PAUSED}"))


def _jobs(settings: Settings) -> Path:
    return settings.data_dir / "trainings"


def environment_of(settings: Settings) -> dict[str, str]:
    """What a process of ours must be told of this deployment: it does not need the token."""
    return {
        "DATA_DIR": str(settings.data_dir),
        "BASE_MODEL": settings.base_model,
        "QUANTISATION": settings.quantisation,
        "TELEGRAM_TOKEN": "",
    }
