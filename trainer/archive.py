"""Opens an export: a text file, or a zip that holds one among its media. Nothing is unpacked to disk."""

import hashlib
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from trainer.wordings import chat_name
from twin.errors import TwinError
from twin.files import BROKEN_ZIP

LIMIT = 512 * 2**20  # bytes of chat text; a million messages are about 80 MB

_ZIP_START = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_SNIFF = 64 * 2**10
_MOST_TEXTS = 100  # text files in a zip to look into
_HEADER_LIKE = re.compile(rb"^\W{0,12}\d{1,4}\W{1,4}\w{1,6}\W.{0,20}\d{1,2}[:.]\d{2}", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """The text of an export, and where it came from."""

    text: str
    chat: str  # the chat's name as far as file names tell it
    file: str
    digest: str  # sha256 of the file as it was given
    warnings: tuple[str, ...]


def open_export(path: Path, limit: int = LIMIT) -> Source:
    """Read a `.txt` or `.zip` export of at most `limit` bytes of text.

    Raises:
        TwinError: there is no such file, it is a folder or empty, or the zip does not hold exactly one readable chat.
    """
    if path.is_dir():
        raise TwinError(f"{path} is a folder: name the exported .txt or .zip file in it")
    try:
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
            handle.seek(0)
            if handle.read(4) in _ZIP_START:
                inner, data = _chat_in_zip(path, handle, limit)
                name = chat_name(path.stem) or chat_name(PurePosixPath(inner).stem) or path.stem
            else:
                handle.seek(0)
                data = _bounded(handle, limit, str(path))
                name = chat_name(path.stem) or path.stem
    except FileNotFoundError:
        raise TwinError(f"there is no file {path}: check its name and place") from None
    except OSError as error:
        raise TwinError(f"cannot read {path}: {error.strerror or error}") from None
    text, warnings = _decode(data)
    if not text.strip("\ufeff \t\n\x00"):
        raise TwinError(f"{path} is empty: export the chat again")
    return Source(text, name, path.name, digest, warnings)


def exports_in(path: Path) -> list[Path]:
    """The exports that a path names: itself, or in a folder those that WhatsApp named, else all `.txt` and `.zip`.

    Raises:
        TwinError: there is none in the folder, or it cannot be read.
    """
    if not path.is_dir():
        return [path]
    try:
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in {".txt", ".zip"} and file.is_file())
    except OSError as error:
        raise TwinError(f"cannot read {path}: {error.strerror or error}") from None
    found = [file for file in files if _is_chat_name(file.name)] or files
    if not found:
        raise TwinError(f"{path} holds no export: there is no .txt or .zip in it")
    return found


def _chat_in_zip(path: Path, handle: IO[bytes], limit: int) -> tuple[str, bytes]:
    try:
        with zipfile.ZipFile(handle) as archive:
            entry = _chat_entry(path, archive)
            with archive.open(entry) as member:
                return entry.filename, _bounded(member, limit, f"{entry.filename} in {path}")
    except (*BROKEN_ZIP, OSError, ValueError):
        raise TwinError(f"{path} is not a readable zip: it is damaged or cut off; export the chat again") from None


def _chat_entry(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The entry that is the chat: text files that people sent lie in the same folder."""
    texts = [
        entry
        for entry in archive.infolist()
        if entry.filename.lower().endswith(".txt") and "__MACOSX" not in entry.filename and not entry.is_dir()
    ]
    if any(entry.flag_bits & 1 for entry in texts):
        raise TwinError(f"{path} is encrypted: unpack it with its password and name the .txt file")
    if len(texts) > _MOST_TEXTS:
        raise TwinError(f"{path} holds {len(texts)} text files: unpack it and name the one that is the chat")
    named = [entry for entry in texts if _is_chat_name(entry.filename)]
    chats = named or ([entry for entry in texts if _starts_like_a_chat(archive, entry)] if len(texts) > 1 else texts)
    if not chats:
        raise TwinError(f"{path} holds no chat: a WhatsApp export has one .txt file in it")
    if len(chats) > 1:
        raise TwinError(f"{path} holds {len(chats)} chats: unpack it and name each .txt file")
    return chats[0]


def _is_chat_name(filename: str) -> bool:
    stem = PurePosixPath(filename).stem
    return stem == "_chat" or chat_name(stem) is not None


def _starts_like_a_chat(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    with archive.open(entry) as member:
        return len(_HEADER_LIKE.findall(member.read(_SNIFF).replace(b"\x00", b""))) > 1


def _bounded(stream: IO[bytes], limit: int, source: str) -> bytes:
    """All of a stream; sizes that a zip declares are not believed."""
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise TwinError(
            f"{source} holds more than {limit / 2**20:.0f} MiB of text: if it is a chat, raise EXPORT_LIMIT_MIB in .env"
        )
    return data


def _decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Text by its byte-order mark, else UTF-8; line ends become newlines."""
    encoding = "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif data[:2000].count(0) > len(data[:2000]) // 4:  # re-saved as UTF-16 without a mark
        encoding = "utf-16-le" if data[1:2] == b"\x00" else "utf-16-be"
    warnings: tuple[str, ...] = ()
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        warnings = (f"{text.count(chr(0xFFFD))} places are not valid {encoding.removesuffix('-sig').upper()}",)
    text = text.replace("\r\n", "\n")
    return (text if "\n" in text else text.replace("\r", "\n")), warnings
