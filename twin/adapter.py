"""The adapter folder: `ROOT/NAME/VERSION/`, immutable once it stands, and `ROOT/NAME/CURRENT`, the promoted version.
`ROOT/NAME/HISTORY` lists what was promoted one after the other, for going back.

A version holds the LoRA weights and `twin.json`, the recipe that serving must follow to match training. It is written
beside its place and then renamed, and `CURRENT` is replaced in one step, so no reader ever sees half of anything.
Importing this module loads no torch.
"""

import json
import logging
import secrets
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.files import locked, private_folder, sync, write_private
from twin.manifest import Manifest
from twin.names import folder_name

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Adapter:
    """One version of an adapter, as it lies on disk."""

    name: str
    version: str
    path: Path
    manifest: Manifest

    @property
    def identity(self) -> str:
        """What another adapter's `continued_from` calls it: NAME/VERSION."""
        return f"{self.name}/{self.version}"

    def people(self) -> tuple[str, ...]:
        """Everyone whom it can speak for.

        Raises:
            TwinError: it is a general one.
        """
        if self.manifest.general:
            raise TwinError(
                f"{self.name!r} is a general adapter, which imitates nobody: go on from it with "
                f"twin train NAME --from {self.name}, and write with that one"
            )
        return self.manifest.speakers


@dataclass(frozen=True, slots=True)
class Persona:
    """Someone whom an adapter can speak for, and the one who then writes to them."""

    adapter: str
    speaker: str
    counterpart: str


def read_object(file: Path) -> dict[str, Any]:
    """The JSON object in a version's file; empty where there is none that can be read."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


class AdapterFolder:
    """Everything under the adapters' root folder.

    Args:
        root: holds one folder an adapter; made when the first version is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """Adapters with a promoted version."""
        return sorted(path.parent.name for path in self.root.glob("*/CURRENT"))

    def serves(self, name: str) -> bool:
        """Whether an adapter has a promoted version."""
        return self.serving(name) is not None

    def serving(self, name: str) -> str | None:
        """The promoted version; None if there is none."""
        try:
            return (self._folder(name) / "CURRENT").read_text(encoding="utf-8").strip()
        except OSError:
            return None

    def twins(self) -> list[str]:
        """Adapters whose promoted version can speak for somebody."""
        return [adapter.name for adapter in self._promoted()]

    def versions(self, name: str) -> list[str]:
        """All complete versions of an adapter, oldest first."""
        return sorted(path.parent.name for path in self._folder(name).glob("[!.]*/twin.json"))

    def all_versions(self) -> dict[str, list[str]]:
        """All complete versions of all adapters, oldest first, promoted or not."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.root.glob("[!.]*/[!.]*/twin.json")):
            found.setdefault(path.parent.parent.name, []).append(path.parent.name)
        return found

    def current_version(self, name: str) -> str:
        """The promoted version, which there must be.

        Raises:
            TwinError: there is none.
        """
        version = self.serving(name)
        if version is None:
            known = ", ".join(self.names()) or "none yet"
            raise TwinError(f"no adapter {name!r} in {self.root} (there: {known}); train it with: twin train {name}")
        return version

    def load(self, name: str, version: str | None = None) -> Adapter:
        """The promoted version of an adapter, or the named one.

        Raises:
            TwinError: it does not exist, or its `twin.json` cannot be used.
        """
        version = version or self.current_version(name)
        path = self._folder(name) / version
        try:
            manifest = Manifest.from_json((path / "twin.json").read_text(encoding="utf-8"))
        except OSError:
            raise TwinError(f"adapter {name!r} has no version {version!r} in {self.root}") from None
        except ValueError as error:
            raise TwinError(f"{path / 'twin.json'} cannot be used: {error}") from None
        return Adapter(name, version, path, manifest)

    def personas(self) -> list[Persona]:
        """Everyone whom the promoted adapters can speak for."""
        return [
            Persona(adapter.name, speaker, adapter.manifest.counterpart(speaker))
            for adapter in self._promoted()
            for speaker in adapter.people()
        ]

    def first(self) -> str | None:
        """The first adapter that can speak for somebody; None if there is none."""
        return next((adapter.name for adapter in self._promoted()), None)

    def _promoted(self) -> Iterator[Adapter]:
        """The promoted versions that can speak for somebody; one that cannot be read stands in no other's way."""
        for name in self.names():
            try:
                adapter = self.load(name)
            except TwinError as error:
                log.warning("adapter %s is left out: %s", name, error)
                continue
            if not adapter.manifest.general:
                yield adapter

    def evaluation(self, name: str, version: str) -> dict[str, Any]:
        """What `evaluation.json` says of a version; empty where it has none that can be read."""
        return read_object(self._folder(name) / version / "evaluation.json")

    @contextmanager
    def new_version(self, name: str, version: str | None = None) -> Iterator[tuple[str, Path]]:
        """A version to be written: its name and a private folder that takes its place when the block ends well.

        Args:
            version: its name, if it has one already.

        Raises:
            TwinError: there is a version of that name, or it cannot be written.
        """
        folder = private_folder(self._folder(name))
        version = version or f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
        if (folder / version).exists():
            raise TwinError(f"adapter {name!r} has a version {version} already")
        beside = private_folder(folder / f".{version}")
        try:
            yield version, beside
            for path in beside.rglob("*"):
                path.chmod(0o700 if path.is_dir() else 0o600)
                sync(path)
            sync(beside)
            beside.rename(folder / version)
            sync(folder)
        except OSError as error:
            shutil.rmtree(beside, ignore_errors=True)
            raise TwinError(f"cannot write a version of {name!r} to {folder}: {error.strerror or error}") from None
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise

    def promote(self, name: str, version: str) -> Adapter:
        """Make `version` the one that serves.

        Raises:
            TwinError: there is no such version, or it cannot be written down.
        """
        adapter = self.load(name, version)
        promoted = self._history(name)
        if promoted[-1:] != [version]:
            promoted.append(version)
        with self._changing(name):
            write_private(self._folder(name) / "HISTORY", "".join(f"{line}\n" for line in promoted))
            write_private(self._folder(name) / "CURRENT", f"{version}\n")
        return adapter

    def rollback(self, name: str) -> Adapter:
        """Make the version serve that did so before the promoted one, and forget that the latter was promoted.

        Raises:
            TwinError: none served before, none of those is still there, or it cannot be written down.
        """
        current = self.current_version(name)
        promoted = self._history(name)
        if current in promoted:
            promoted = promoted[: len(promoted) - 1 - promoted[::-1].index(current)]
        there = set(self.versions(name)) - {current}
        while promoted and promoted[-1] not in there:
            promoted.pop()
        if not promoted:
            raise TwinError(f"adapter {name!r} has no earlier promoted version to go back to")
        adapter = self.load(name, promoted[-1])
        with self._changing(name):
            write_private(self._folder(name) / "CURRENT", f"{adapter.version}\n")
            write_private(self._folder(name) / "HISTORY", "".join(f"{line}\n" for line in promoted))
        return adapter

    def retire(self, name: str) -> None:
        """Let no version of an adapter serve.

        Raises:
            TwinError: that cannot be written down.
        """
        with self._changing(name):
            (self._folder(name) / "CURRENT").unlink(missing_ok=True)

    def remove(self, name: str, version: str | None = None) -> None:
        """Delete one version that does not serve, or the whole adapter.

        Raises:
            TwinError: it is not there, it is the promoted version, or it cannot be deleted.
        """
        folder = self._folder(name)
        if version is None:
            if not folder.is_dir():
                raise TwinError(f"no adapter {name!r} in {self.root}")
            self.retire(name)  # first of all: nobody may load what is being deleted
            with self._changing(name):
                shutil.rmtree(folder)
            return
        path = self.load(name, version).path
        if version == self.serving(name):
            raise TwinError(f"{version} is the promoted version of {name!r}: promote another one first")
        with self._changing(name):
            shutil.rmtree(path.rename(folder / f".{version}"))

    def run_folder(self, name: str) -> Path:
        """Where a training run of the adapter keeps what it needs to go on after an interruption."""
        return self._folder(name) / ".run"

    def run_folders(self) -> list[Path]:
        """Those of all adapters that have one now, with a promoted version or without."""
        return sorted(self.root.glob("[!.]*/.run"))

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Be the only one that writes versions of an adapter; remove what a killed process left half written.

        Raises:
            TwinError: another process is at it, or the folder cannot be made.
        """
        folder = self._folder(name)
        with locked(folder, f"adapter {name!r} is being trained or imported by another process already"):
            for path in folder.glob(".[0-9]*"):
                shutil.rmtree(path, ignore_errors=True)
            yield

    def learning(self) -> AbstractContextManager[None]:
        """Hold this from reading a dataset until the version that learned from it stands: no dataset is withdrawn then.

        Raises:
            TwinError: a dataset is being withdrawn.
        """
        return locked(self.root, "a dataset is being withdrawn: try again in a moment", shared=True)

    def undisturbed(self) -> AbstractContextManager[None]:
        """Let no training begin, neither from the bot nor by hand.

        Raises:
            TwinError: one is under way.
        """
        return locked(self.root, "a training is under way: wait for its end, or stop it")

    @contextmanager
    def _changing(self, name: str) -> Iterator[None]:
        """What the disk refuses is one clear line."""
        try:
            yield
        except OSError as error:
            raise TwinError(f"cannot change {self._folder(name)}: {error.strerror or error}") from None

    def _history(self, name: str) -> list[str]:
        """Versions in the order in which they were promoted; the promoted one is the last."""
        try:
            promoted = (self._folder(name) / "HISTORY").read_text(encoding="utf-8").split()
        except OSError:
            promoted = []
        current = self.serving(name)
        return promoted if current is None or current in promoted else [*promoted, current]

    def _folder(self, name: str) -> Path:
        return self.root / folder_name(name)
