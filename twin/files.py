"""Private files: readable by their owner alone, never seen half written, and changed by one process at a time."""

import fcntl
import lzma
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from twin.errors import TwinError

BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError)
"""What `zipfile` raises where a zip is damaged, encrypted or packed in a way it does not know."""


def private_folder(path: Path) -> Path:
    """Make `path` (and its parents) as a folder that only its owner can enter (0700).

    Raises:
        TwinError: the folder cannot be made or written to.
    """
    try:
        for folder in reversed([path, *path.parents]):  # `mkdir` makes parents that others can enter
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise TwinError(
            f"cannot make the folder {path}: {error.strerror}; choose another or mend its permissions"
        ) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise TwinError(f"cannot write to the folder {path}: choose another or mend its permissions")
    return path


@contextmanager
def locked(folder: Path, refusal: str | None = None, *, shared: bool = False) -> Iterator[None]:
    """Keep other processes that ask for it off a folder, by a file beside it that outlives the folder. What ends a
    process ends its locks.

    Args:
        folder: need not be there.
        refusal: what to say where another process holds it; None: wait.
        shared: hold it together with others that share it.

    Raises:
        TwinError: the refusal, or the file beside it cannot be made or locked.
    """
    file = private_folder(folder.parent) / f".{folder.name}.lock"
    try:
        file.touch(mode=0o600)
        handle = file.open("rb")
    except OSError as error:
        raise TwinError(f"cannot make {file}: {error.strerror}; mend its permissions") from None
    with handle:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (fcntl.LOCK_NB if refusal else 0))
        except BlockingIOError:
            raise TwinError(refusal or f"{folder} is locked") from None
        except OSError as error:
            raise TwinError(f"cannot lock {file}: {error.strerror}") from None
        yield


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """Write a private text file (0600, UTF-8) beside `path`, and put it in its place only when all of it is on disk."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="\n", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as handle:
        beside = Path(handle.name)
        try:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step, 0600."""
    with replacing(path) as handle:
        handle.write(text)


def sync(path: Path) -> None:
    """Have a file's content, or a folder's list of names, on the disk itself, so that a power cut cannot undo it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
