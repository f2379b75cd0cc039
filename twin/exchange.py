"""Adapters as files: a version leaves as a zip, and comes in only after everything about it was checked.

The zip holds the version's files and `export.json`, which names them with their digests. It is how a machine with a
graphics card hands its work to the one where the bot runs. Importing this module loads no torch.
"""

import hashlib
import json
import math
import struct
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from twin.adapter import Adapter, AdapterFolder
from twin.errors import TwinError
from twin.files import BROKEN_ZIP
from twin.manifest import Manifest
from twin.names import folder_name

FORMAT_VERSION = 1
WEIGHTS, CONFIG, MANIFEST, LIST = "adapter_model.safetensors", "adapter_config.json", "twin.json", "export.json"
NEEDED = frozenset({WEIGHTS, CONFIG, MANIFEST})
PLAIN = ("evaluation.json", "loss.csv", "chats.json")  # numbers
QUOTING = ("report.html", "samples.jsonl", "examples.jsonl", "facts.json")  # hold texts from the chats, or facts
LARGEST = {WEIGHTS: 4 << 30}  # bytes that are read of one file at most
LARGEST_OTHER = 64 << 20
_PIECE = 1 << 20
_NUMBERS = {"F32": 4, "F16": 2, "BF16": 2}  # the number formats of LoRA weights, in bytes


def export(
    adapters: AdapterFolder, name: str, file: Path, version: str | None = None, *, with_texts: bool = False
) -> dict[str, Any]:
    """Write a version of an adapter into the zip `file`, 0600.

    Args:
        with_texts: put in what quotes the chats, too.

    Raises:
        TwinError: there is no such version, or the file cannot be written.
    """
    adapter = adapters.load(name, version)
    names = [*sorted(NEEDED), *PLAIN, *(QUOTING if with_texts else ())]
    paths = [path for each in names if (path := adapter.path / each).is_file()]
    listed = {
        "format_version": FORMAT_VERSION,
        "adapter": name,
        "version": adapter.version,
        "files": {path.name: _digest(path) for path in paths},
    }
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as handle:
            beside = Path(handle.name)
            try:
                with zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED) as archive:
                    archive.writestr(LIST, json.dumps(listed, indent=2) + "\n")
                    for path in paths:
                        archive.write(path, path.name)
                beside.replace(file)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise TwinError(f"cannot write {file}: {error.strerror}") from None
    return {"adapter": name, "version": adapter.version, "message": f"is in {file}", "file": str(file)}


def import_(
    adapters: AdapterFolder, file: Path, *, name: str | None = None, base: str | None = None, default_base: str
) -> dict[str, Any]:
    """Check a zip that `export` wrote, and add what is in it as a version. It serves at once only if none did before.

    Args:
        name: of the adapter here; None for the one it had.
        base: where its base model is on this machine; None: of the same name, or `default_base` if it is the same one.

    Raises:
        TwinError: the file is damaged, was tampered with, or does not belong to the base model. Nothing was changed.
    """
    try:
        with zipfile.ZipFile(file) as archive, tempfile.TemporaryDirectory(prefix="twin-") as scratch:
            listed = _listed(archive)
            folder = Path(scratch)
            for each, digest in listed["files"].items():
                _unpack(archive, each, digest, folder)
            manifest = _checked(folder, base, default_base)
            return _add(adapters, folder_name(name or listed["adapter"]), listed["version"], folder, manifest)
    except FileNotFoundError:
        raise TwinError(f"there is no file {file}") from None
    except BROKEN_ZIP:
        raise TwinError(f"{file} is no zip that can be read, or it is damaged: export the adapter again") from None
    except ValueError as error:
        raise TwinError(f"{file} cannot be imported: {error}") from None
    except OSError as error:
        raise TwinError(f"cannot import {file}: {error.strerror or error}") from None


def _listed(archive: zipfile.ZipFile) -> dict[str, Any]:
    """`export.json`, of which every entry has the right form, and which names exactly what is in the zip."""
    names = [entry.filename for entry in archive.infolist()]
    if names.count(LIST) != 1:
        raise ValueError(f"it has no {LIST}, so twin adapters export did not write it")
    listed = json.loads(_read(archive, LIST))
    if not isinstance(listed, dict) or not isinstance(listed.get("files"), dict):
        raise ValueError(f"{LIST} is damaged")
    if listed.get("format_version") != FORMAT_VERSION:
        raise ValueError("it is of another version of Twin: update Twin on both machines")
    for key in ("adapter", "version"):
        if not isinstance(listed.get(key), str):
            raise ValueError(f"{LIST} is damaged")
        folder_name(listed[key])
    if sorted(names) != sorted([LIST, *listed["files"]]):
        raise ValueError(f"it does not hold exactly what its {LIST} names")
    if not NEEDED <= listed["files"].keys() <= NEEDED | {*PLAIN, *QUOTING}:
        raise ValueError("it lacks a file of an adapter, or holds one that belongs to none")
    return listed


def _unpack(archive: zipfile.ZipFile, name: str, digest: Any, folder: Path) -> None:
    found, size, most = hashlib.sha256(), 0, LARGEST.get(name, LARGEST_OTHER)
    with archive.open(name) as source, (folder / name).open("wb") as target:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > most:
                raise ValueError(f"{name} is larger than an adapter's can be")
            found.update(piece)
            target.write(piece)
    if found.hexdigest() != digest:
        raise ValueError(f"{name} is not what was exported: its digest differs")


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as source:
        return source.read(_PIECE)


def _checked(folder: Path, base: str | None, default_base: str) -> Manifest:
    """The manifest, with the base model as it is called here, once weights, configuration and base fit together."""
    try:
        manifest = Manifest.from_json((folder / MANIFEST).read_text("utf-8"))
        config = json.loads((folder / CONFIG).read_text("utf-8"))
        if not manifest.chats or not manifest.speakers:
            raise ValueError("it names nobody")
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{MANIFEST} or {CONFIG} cannot be used: {error}") from None
    if not isinstance(config, dict) or config.get("peft_type") != "LORA" or config.get("auto_mapping"):
        raise ValueError(f"{CONFIG} does not describe plain LoRA")
    with (folder / WEIGHTS).open("rb") as handle:
        check_weights(handle, (folder / WEIGHTS).stat().st_size, config.get("r"))
    here = _base_here(manifest, base, default_base)
    revision = manifest.base_revision if here == manifest.base_model else None
    return replace(manifest, base_model=here, base_revision=revision)


def check_weights(handle: IO[bytes], size: int, rank: Any) -> None:
    """See by its header that a safetensors file holds LoRA matrices of a rank, each where it says, and nothing else.

    Raises:
        ValueError: it does not.
    """
    length = struct.unpack("<Q", handle.read(8).ljust(8, b"\xff"))[0]
    if length > min(size - 8, LARGEST_OTHER):
        raise ValueError(f"{WEIGHTS} is cut off, or no safetensors file")
    header = json.loads(handle.read(length))
    if not isinstance(header, dict):
        raise ValueError(f"{WEIGHTS} has a damaged header")
    header.pop("__metadata__", None)
    position = 0
    try:
        for key, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            begin, end = tensor["data_offsets"]
            shape = tensor["shape"]
            if begin != position or end - begin != math.prod(shape) * _NUMBERS[tensor["dtype"]]:
                raise ValueError(f"{WEIGHTS} has a damaged header")
            kind = next(part for part in (".lora_A.weight", ".lora_B.weight") if key.endswith(part))
            if len(shape) != 2 or shape[0 if "lora_A" in kind else 1] != rank:
                raise ValueError(f"{WEIGHTS} has matrices of another rank than {CONFIG} says")
            position = end
    except (KeyError, TypeError, StopIteration):
        raise ValueError(f"{WEIGHTS} holds something else than LoRA matrices") from None
    if not position or position != size - 8 - length:
        raise ValueError(f"{WEIGHTS} is cut off, or holds more than its header says")


def _base_here(manifest: Manifest, base: str | None, default_base: str) -> str:
    """What the adapter's base model is called on this machine.

    Raises:
        ValueError: it is another one, or there is none of that name.
    """
    from twin.model import base_digest

    candidates = [base] if base else [manifest.base_model, default_base]
    absent = []
    for candidate in dict.fromkeys(candidates):
        try:
            found = base_digest(candidate, manifest.base_revision if candidate == manifest.base_model else None)
        except (OSError, ValueError):
            absent.append(candidate)
            continue
        if found == manifest.base_digest:
            return candidate
    if base is None and manifest.base_model == default_base and default_base in absent:
        return default_base  # not downloaded yet
    raise ValueError(
        f"it was trained on the base model {manifest.base_model!r}, and "
        f"{' and '.join(map(repr, candidates))} here is another one or not there: say where it is by --base"
    )


def _add(adapters: AdapterFolder, name: str, version: str, folder: Path, manifest: Manifest) -> dict[str, Any]:
    with adapters.locked(name), adapters.new_version(name, version) as (_, target):
        for path in folder.iterdir():
            (target / path.name).write_bytes(path.read_bytes())
        (target / MANIFEST).write_text(manifest.to_json(), "utf-8")
    adapter: Adapter = adapters.load(name, version)
    if name in adapters.names():
        message = f"is here; to let it serve: twin adapters promote {name} {version}"
    else:
        adapters.promote(name, version)
        message = "is here and serves"
    return {"adapter": name, "version": adapter.version, "message": message, "promoted": "serves" in message}


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
