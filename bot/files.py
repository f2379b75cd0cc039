"""Files that the bot has on disk: exports that were sent, datasets, backups. Everything here blocks: use a thread."""

import json
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from storage.backups import backups, broken_off
from twin.adapter import Adapter, AdapterFolder, read_object
from twin.errors import TwinError
from twin.files import locked, private_folder, write_private
from twin.names import folder_name

_WITHDRAWN = "WITHDRAWN"  # beside an adapter's versions: which of them learned from a dataset that was withdrawn


@dataclass(frozen=True, slots=True)
class Dataset:
    """What `dataset.json` says of a dataset."""

    name: str
    speakers: dict[str, int]
    kept: int
    conversations: int
    consent: str | None


def upload_path(data_dir: Path, number: int, name: str) -> Path:
    """Where an export that was sent is kept until it is decided about: under its own name, for it tells the chat's."""
    plain = re.sub(r"[^\w .()-]", "_", Path(name).name).lstrip(".") or "export"
    return private_folder(data_dir / "uploads" / str(number)) / plain[-100:]


def write_private_bytes(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read."""
    path.touch(mode=0o600)
    path.write_bytes(content)


def remove_uploads(paths: Iterable[str]) -> None:
    """Remove exports with their folders."""
    for path in paths:
        shutil.rmtree(Path(path).parent, ignore_errors=True)


def age_out_uploads(data_dir: Path) -> None:
    """Remove exports whose rows went a day ago at the latest: a crash kept them from going with these."""
    for folder in _older((data_dir / "uploads").glob("*"), days=2):
        shutil.rmtree(folder, ignore_errors=True)


def dataset_name(wanted: str) -> str:
    """A name for a dataset that resembles `wanted`."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", wanted).strip("-._").lower()[:40]
    return plain or "chat"


def datasets(data_dir: Path) -> list[Dataset]:
    """All datasets that can be read."""
    found = []
    for path in sorted((data_dir / "datasets").glob("*/dataset.json")):
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            counts = content["counts"]
            found.append(
                Dataset(
                    path.parent.name,
                    dict(counts["speakers"]),
                    int(counts["kept"]),
                    int(counts["conversations"]),
                    content.get("consent"),
                )
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def withdraw(data_dir: Path, adapters: AdapterFolder, name: str) -> list[str]:
    """Remove a dataset, and mark what learned from it, also by going on from another adapter; returns the adapters.

    Raises:
        TwinError: it is not there, or cannot be removed; or a training is under way, of which nobody knows what comes.
    """
    folder = data_dir / "datasets" / folder_name(name)
    with adapters.undisturbed(), locked(folder):
        if not (folder / "dataset.json").is_file():
            raise TwinError(f"there is no dataset {name}")
        learned = _learned_from(adapters, name)
        names = sorted({adapter.name for adapter in learned})
        runs = {adapters.run_folder(one) for one in (*names, name)}
        runs |= {run for run in adapters.run_folders() if _learns_from(run, name, learned)}
        try:
            for adapter in learned:
                _mark(adapters.root / adapter.name / _WITHDRAWN, f"{adapter.version} {name}")
            for run in runs:  # what an interrupted training had of it
                shutil.rmtree(run, ignore_errors=True)
            shutil.rmtree(folder)
        except OSError as error:
            raise TwinError(f"cannot remove {folder}: {error.strerror}") from None
        return names


def unlearn(adapters: AdapterFolder, name: str) -> str | None:
    """Remove the versions of an adapter that learned from a withdrawn dataset.

    If one of them serves, the last one that was promoted before and learned nothing of it does so instead; where there
    is none, none does.

    Returns:
        The version that serves then, if one does.

    Raises:
        TwinError: the adapter is being trained, or something cannot be removed.
    """
    with adapters.locked(name):
        _remove_marked(adapters, name)
    return adapters.serving(name)


def _remove_marked(adapters: AdapterFolder, name: str) -> None:
    marked = withdrawn(adapters, name).keys() & set(adapters.versions(name))
    try:
        while adapters.current_version(name) in marked:
            adapters.rollback(name)
    except TwinError:
        adapters.retire(name)
    if marked == set(adapters.versions(name)):
        adapters.remove(name)
    else:
        for version in marked:
            adapters.remove(name, version)


def withdrawn(adapters: AdapterFolder, name: str) -> dict[str, str]:
    """The versions of an adapter that learned from a withdrawn dataset, and which."""
    try:
        lines = (adapters.root / name / _WITHDRAWN).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {version: dataset for version, _, dataset in (line.partition(" ") for line in lines)}


def marked(adapters: AdapterFolder) -> list[str]:
    """Adapters with versions that learned from a withdrawn dataset."""
    names = sorted(path.parent.name for path in adapters.root.glob(f"*/{_WITHDRAWN}"))
    return [name for name in names if withdrawn(adapters, name).keys() & set(adapters.versions(name))]


def age_out_backups(data_dir: Path, days: int) -> None:
    """Remove backups that are older, and what is left of those that broke off."""
    for path in [*_older(backups(data_dir), days), *_older(broken_off(data_dir), days=1)]:
        path.unlink()


def _older(paths: Iterable[Path], days: int) -> list[Path]:
    """Those that were last written more than so many days ago."""
    oldest = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    return [path for path in paths if path.stat().st_mtime < oldest]


def _learned_from(adapters: AdapterFolder, dataset: str) -> list[Adapter]:
    """Every version whose weights go back to a dataset."""
    known: list[Adapter] = []
    for name, versions in adapters.all_versions().items():
        for version in versions:
            with suppress(TwinError):  # one that cannot be read cannot serve either
                known.append(adapters.load(name, version))
    found: dict[str, Adapter] = {}
    for adapter in sorted(known, key=lambda adapter: adapter.manifest.created):  # after what it goes on from
        if dataset in adapter.manifest.datasets or adapter.manifest.continued_from in found:
            found[adapter.identity] = adapter
    return list(found.values())


def _learns_from(run: Path, dataset: str, learned: Iterable[Adapter]) -> bool:
    """Whether a training, of which `run` is the folder, is one from a dataset or goes on from what learned from it."""
    plan = read_object(run / "run.json").get("plan") or {}
    sources = {adapter.identity for adapter in learned}
    return dataset in plan.get("datasets", ()) or plan.get("continued_from") in sources


def _mark(file: Path, line: str) -> None:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    if line not in lines:
        write_private(file, "".join(f"{entry}\n" for entry in [*lines, line]))
