"""Retraining from a chat: `twin train` as a process of its own, its progress shown in one message that is edited."""

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from telegram import Bot
from telegram.error import BadRequest, TelegramError

from bot import texts
from bot.delivery import RETRY_DELAYS, with_retries
from bot.logs import described
from storage.store import Place
from twin.engine import Engine
from twin.errors import TwinError
from twin.settings import Settings

log = logging.getLogger(__name__)

Command = Callable[[str], Sequence[str]]

_EDIT_EVERY = 2.0  # seconds
_LONGEST_LINE = 1 << 20  # bytes of output
_TAIL = 1 << 14  # bytes of stderr that are kept
_TERMINATION = 1.5  # seconds that a process has to end by itself


class Retrain:
    """At most one training process at a time. It leaves the bot its event loop and its answers.

    Args:
        command: the arguments of the process that trains the adapter of that name. It prints JSON lines: events with
            the key `event` (`progress` or `sample`), at last one without, the result. Where it fails, it exits with
            another code than 0, and the last line of its stderr is the reason.
        environment: what is added to the process's environment.
    """

    def __init__(self, bot: Bot, engine: Engine, command: Command, environment: Mapping[str, str]) -> None:
        self._bot = bot
        self._engine = engine
        self._command = command
        self._environment = environment
        self._task: asyncio.Task[None] | None = None

    def start(self, place: Place, adapter: str) -> bool:
        """Begin, and tell about it in `place`; False if a training is under way."""
        if self._task is not None and not self._task.done():
            return False
        self._task = asyncio.create_task(self._run(adapter, _Board(self._bot, place)))
        return True

    async def stop(self) -> None:
        """End the process, if one runs."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, adapter: str, board: "_Board") -> None:
        await board.show(texts.retrain_started(adapter))
        try:
            result = await self._train(adapter, board)
            await self._engine.reload()
            await board.show(texts.retrain_done(adapter, result), last=True)
        except asyncio.CancelledError:
            await board.show(texts.RETRAIN_STOPPED)
            raise
        except TwinError as error:
            await board.show(texts.retrain_failed(adapter, str(error)), last=True)
        except Exception as error:
            log.error("training failed: %s", described(error))
            await board.show(texts.retrain_failed(adapter, type(error).__name__), last=True)

    async def _train(self, adapter: str, board: "_Board") -> dict[str, Any]:
        """The process's result.

        Raises:
            TwinError: it failed; the message is its reason.
        """
        process = await asyncio.create_subprocess_exec(
            *self._command(adapter),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            env={**os.environ, **self._environment},
        )
        assert process.stdout and process.stderr  # noqa: S101
        reason = asyncio.create_task(_last_line(process.stderr))
        try:
            result = await _follow(process.stdout, adapter, board)
            if await process.wait():
                raise TwinError(await reason)
            if result is None:
                raise TwinError("it printed no result")
            return result
        finally:
            await _end(process)
            reason.cancel()


class _Board:
    """One message that is edited again and again."""

    def __init__(self, bot: Bot, place: Place) -> None:
        self._bot = bot
        self._place = place
        self._message_id: int | None = None
        self._shown = 0.0

    @property
    def due(self) -> bool:
        """Whether the last edit is long enough ago: Telegram counts them."""
        return time.monotonic() - self._shown >= _EDIT_EVERY

    async def show(self, text: str, *, last: bool = False) -> None:
        """Put `text` on the board. If Telegram does not answer, only the last text is worth trying again."""
        self._shown = time.monotonic()
        try:
            await with_retries(lambda: self._write(text), RETRY_DELAYS if last else ())
        except TelegramError as error:
            log.warning("the progress message could not be shown: %s", type(error).__name__)

    async def _write(self, text: str) -> None:
        if self._message_id is None:
            sent = await self._bot.send_message(
                self._place.chat_id, text, message_thread_id=self._place.topic_id or None
            )
            self._message_id = sent.message_id
            return
        try:
            await self._bot.edit_message_text(text, self._place.chat_id, self._message_id)
        except BadRequest as error:
            if "not modified" not in str(error):
                raise


async def _follow(output: asyncio.StreamReader, adapter: str, board: _Board) -> dict[str, Any] | None:
    """Show the process's events as they come; returns its result, the last line without an event."""
    result: dict[str, Any] | None = None
    sample: dict[str, Any] | None = None
    async for values in _json_lines(output):
        match values.get("event"):
            case None:
                result = values
            case "sample":
                sample = values
            case "progress" if board.due:
                await board.show(texts.retrain_progress(adapter, values, sample))
    return result


async def _json_lines(output: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    """The lines that hold a JSON object; others are talk."""
    async for line in output:
        with suppress(ValueError):
            if isinstance(values := json.loads(line), dict):
                yield values


async def _last_line(output: asyncio.StreamReader) -> str:
    """The last line that is not blank. Read in pieces: progress bars make no lines at all."""
    tail = b""
    while piece := await output.read(_TAIL):
        tail = (tail + piece)[-_TAIL:]
    lines = tail.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else ""


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask the process to end, then make it."""
    for ask in (process.terminate, process.kill):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            ask()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _TERMINATION)


def environment_of(settings: Settings) -> dict[str, str]:
    """What a training process must be told of this deployment: it does not need the token."""
    return {
        "DATA_DIR": str(settings.data_dir),
        "BASE_MODEL": settings.base_model,
        "QUANTISATION": settings.quantisation,
        "TELEGRAM_TOKEN": "",
    }
