"""Our own command as processes: short ones that are awaited, and long ones that outlive the bot."""

import asyncio
import fcntl
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.files import private_folder

Twin = Callable[..., Sequence[str]]  # the arguments of a process that runs the `twin` command with the given ones

_POLL = 0.2  # seconds between two looks at what a process has written
_TAIL = 1 << 14  # bytes of stderr that are looked at
_TERMINATION = 3.0  # seconds that a process has to end by itself
# The exit status is written down by the shell, because the bot that started the process may be gone when it ends.
_SHELL = 'folder=$1; shift; "$@" >"$folder/out" 2>"$folder/err"; echo $? >"$folder/status.new"; mv "$folder/status.new" "$folder/status"'  # noqa: E501


async def result_of(arguments: Sequence[str], environment: Mapping[str, str], seconds: float = 600) -> dict[str, Any]:
    """The JSON object that a process prints last.

    Raises:
        TwinError: it failed, and the message is its reason; or it took longer than `seconds` and was ended.
    """
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError:
        raise TwinError(f"it took longer than {seconds / 60:.0f} minutes") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise TwinError(_reason(err))
    found = [values for line in out.splitlines() if (values := _json_object(line)) is not None]
    if not found:
        raise TwinError("it printed no result")
    return found[-1]


class Job:
    """A process of its own that goes on when the bot ends, and is found again when it is back.

    Everything about it lies in `folder`: what it printed, its exit status, and a lock that it holds as long as it
    lives, so that neither a number that was given to another process nor a lost one deceives.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cancelled = False

    async def start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start the process.

        Raises:
            TwinError: it cannot be started.
        """
        await asyncio.to_thread(self._start, arguments, environment)

    def alive(self) -> bool:
        """Whether the process, or one that it started, still runs."""
        try:
            with (self.folder / "lock").open("w") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    async def lines(self) -> AsyncIterator[dict[str, Any]]:
        """The JSON objects that it prints, from the first one on, until it ends; other lines are talk."""
        offset = 0
        rest = b""
        ends = False
        while True:
            piece = await asyncio.to_thread(_read_from, self.folder / "out", offset)
            offset += len(piece)
            *lines, rest = (rest + piece).split(b"\n")
            if ends:
                lines.append(rest)
            for line in lines:
                if (values := _json_object(line)) is not None:
                    yield values
            if ends:
                return
            # What it printed last is read after its end was seen.
            ends = not await asyncio.to_thread(self.alive)
            if not ends:
                await asyncio.sleep(_POLL)

    def failure(self) -> str | None:
        """Why it failed; None if it ended well. An empty text if it gave no reason."""
        try:
            status = (self.folder / "status").read_text().strip()
        except OSError:
            status = "killed"
        if status == "0":
            return None
        return _reason(_read_from(self.folder / "err", 0)[-_TAIL:])

    async def cancel(self) -> None:
        """Ask it to end, then make it."""
        self.cancelled = True
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not await asyncio.to_thread(self._signal, number):
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(_TERMINATION):
                    while await asyncio.to_thread(self.alive):  # noqa: ASYNC110  no event tells of another's child
                        await asyncio.sleep(_POLL)
                return

    def _start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        private_folder(self.folder)
        with (self.folder / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            try:
                process = subprocess.Popen(
                    ["/bin/sh", "-c", _SHELL, "sh", str(self.folder), *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    pass_fds=[handle.fileno()],
                    env={**os.environ, **environment},
                    umask=0o077,
                )
            except OSError as error:
                raise TwinError(f"the process cannot be started: {error.strerror}") from None
        (self.folder / "pid").write_text(str(process.pid))
        _REAPED.append(process)

    def _signal(self, number: signal.Signals) -> bool:
        """False if there is nothing to be signalled."""
        if not self.alive():
            return False
        try:
            os.killpg(int((self.folder / "pid").read_text()), number)
        except (OSError, ValueError):
            return False
        return True


_REAPED: list[subprocess.Popen[bytes]] = []  # kept, so that Python waits for them in its own time and does not warn


def _read_from(file: Path, offset: int) -> bytes:
    try:
        with file.open("rb") as handle:
            handle.seek(offset)
            return handle.read()
    except OSError:
        return b""


def _json_object(line: bytes) -> dict[str, Any] | None:
    with suppress(ValueError):
        values = json.loads(line)
        if isinstance(values, dict):
            return values
    return None


def _reason(stderr: bytes) -> str:
    """The last line that is not blank, without the name of the command."""
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip().removeprefix("twin: ") if lines else ""
