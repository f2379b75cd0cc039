"""The database's key: 32 random bytes in a file of their own, made at first use and kept apart from the data."""

import os
import re
import secrets
from pathlib import Path

from twin.errors import TwinError
from twin.files import private_folder, sync

_HEX_KEY = re.compile(r"[0-9a-f]{64}")


def key_for(database: Path, key_file: Path) -> str:
    """The key of `database` in hexadecimal digits; a new one only if there is no database yet.

    The key is on disk before it is returned, so no crash leaves a database whose key was never written.

    Raises:
        TwinError: the key of an existing database is missing, or the file holds no key, or cannot be read or written.
    """
    if not key_file.exists():
        if database.exists() and database.stat().st_size:
            raise TwinError(
                f"the database {database} is there, but its key {key_file} is not: put the key back, set KEY_FILE to "
                "where it lies, or move the database away to begin anew"
            )
        _make(key_file)
    try:
        key = key_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TwinError(f"cannot read the database key {key_file}: {_reason(error)}; restore it from a copy") from None
    if not _HEX_KEY.fullmatch(key):
        raise TwinError(f"{key_file} holds no database key (64 hexadecimal digits): restore it from a copy")
    return key


def _make(key_file: Path) -> None:
    """Write a new key beside its place, then link it there: whoever else does so at the same moment wins or loses."""
    folder = private_folder(key_file.parent)
    beside = folder / f".{key_file.name}.{secrets.token_hex(4)}"
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, f"{secrets.token_hex(32)}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            os.link(beside, key_file)
        except FileExistsError:
            return
        finally:
            beside.unlink()
        sync(folder)
    except OSError as error:
        raise TwinError(
            f"cannot write the database key {key_file}: {_reason(error)}; choose another KEY_FILE"
        ) from None


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "it failed" if isinstance(error, OSError) else "it is no text"
