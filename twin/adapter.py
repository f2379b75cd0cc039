"""The adapter folder: `ROOT/NAME/VERSION/`, immutable once it stands, and `ROOT/NAME/CURRENT`, the promoted version.
`ROOT/NAME/HISTORY` lists what was promoted one after the other, for going back.

A version holds the LoRA weights and `twin.json`, the recipe that serving must follow to match training. It is written
beside its place and then renamed, and `CURRENT` is replaced in one step, so no reader ever sees half of anything.
Importing this module loads no torch.
"""

import fcntl
import json
import logging
import math
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.files import private_folder, sync, write_private
from twin.names import folder_name
from twin.transcript import Turn

log = logging.getLogger(__name__)

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn. `seed` makes an answer repeatable."""

    temperature: float = 0.8
    top_p: float = 0.9
    repetition_penalty: float = 1.1
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat that the adapter learned from.

    Attributes:
        name: the chat's name in its dataset.
        speakers: who wrote in it, the one who wrote most first.
        trained_until: conversations that began before it were trained on.
        validated_until: later ones that began before it chose the checkpoint; those after it are for reports only.
    """

    name: str
    speakers: tuple[str, ...]
    trained_until: datetime
    validated_until: datetime


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How long a speaker takes for the next message of a burst: `seconds`, and `per_character` of it.

    The defaults are those of typing on a phone: 36 words a minute (Palin et al. 2019, "How do people type on mobile
    devices?").
    """

    seconds: float = 0.0
    per_character: float = 0.3

    def pause(self, text: str) -> float:
        """The seconds before `text` is sent."""
        return self.seconds + self.per_character * len(text)


@dataclass(frozen=True, slots=True)
class Manifest:
    """`twin.json`: what must match between training and serving, and where the adapter came from."""

    base_model: str
    base_revision: str | None
    base_digest: str
    quantisation: str
    speakers: tuple[str, ...]
    chats: tuple[Chat, ...]
    datasets: tuple[str, ...]
    dataset_digest: str
    context_length: int
    gap_seconds: int
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    sampling: Sampling = Sampling()
    rhythm: dict[str, Rhythm] = field(default_factory=dict)  # of the speakers of whom enough is known
    refit_of: str | None = None  # the version that passed the gate, where this one has learned all conversations
    facts_digest: str | None = None  # of the facts in `facts.json`, which an export may have left out
    continued_from: str | None = None  # ADAPTER/VERSION, whose weights this one began with
    general: bool = False  # learned how people write from a corpus, and imitates nobody
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    format_version: int = FORMAT_VERSION

    @property
    def trained_until(self) -> datetime:
        """The end of the trained period; later dates are served as its last one."""
        return max(chat.trained_until for chat in self.chats)

    @property
    def gap(self) -> timedelta:
        """The silence that starts a new conversation."""
        return timedelta(seconds=self.gap_seconds)

    def room(self, tokens: int) -> int:
        """How many of so many tokens of an answer there is room for after a conversation."""
        return min(tokens, self.context_length // 3)

    def everyone(self, turns: Iterable[Turn], answering: str) -> tuple[str, ...]:
        """Its speakers, and after them those of a thread whom it does not know: labels depend on the order."""
        strangers = {answering, *(turn.speaker for turn in turns)}.difference(self.speakers)
        return *self.speakers, *sorted(strangers)

    def counterpart(self, speaker: str) -> str:
        """Whom `speaker` wrote with in the first chat that has both, else whoever wrote most of the others."""
        for chat in self.chats:
            if speaker in chat.speakers:
                for other in chat.speakers:
                    if other != speaker:
                        return other
        return next((other for other in self.speakers if other != speaker), speaker)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, default=lambda value: value.isoformat()) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Read `twin.json`.

        Raises:
            ValueError: it is not JSON, lacks a field, or was written by a newer program.
        """
        try:
            values = json.loads(text)
        except RecursionError:
            raise ValueError("brackets within brackets without end") from None
        if not isinstance(values, dict):
            raise ValueError("not an object")
        version = values.get("format_version", FORMAT_VERSION)
        if not isinstance(version, int) or version > FORMAT_VERSION:
            raise ValueError("written by a newer Twin")
        known = {key: values[key] for key in (item.name for item in fields(cls)) if key in values}
        try:
            known["speakers"], known["datasets"] = tuple(known["speakers"]), tuple(known["datasets"])
            known["chats"] = tuple(_chat(chat) for chat in known["chats"])
            known["sampling"] = Sampling(**known.get("sampling", {}))
            known["rhythm"] = {name: Rhythm(**rhythm) for name, rhythm in known.get("rhythm", {}).items()}
            known["created"] = datetime.fromisoformat(known["created"])
            manifest = cls(**known)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"incomplete: {error}") from None
        _check(manifest)
        return manifest


def _check(manifest: Manifest) -> None:
    """That what others build upon is of its kind: the file may come from elsewhere.

    Raises:
        ValueError: it is not.
    """
    chats, sampling = manifest.chats, manifest.sampling
    texts = [manifest.base_model, manifest.base_digest, manifest.quantisation, *manifest.speakers, *manifest.datasets]
    texts += [text for chat in chats for text in (chat.name, *chat.speakers)]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a name in it is no text")
    if not all(chat.speakers and set(chat.speakers) <= set(manifest.speakers) for chat in chats):
        raise ValueError("a chat in it has no speakers, or others than the adapter")
    if not all(_is_positive(number) for number in (manifest.context_length, manifest.gap_seconds)):
        raise ValueError("context_length and gap_seconds must be whole numbers above 0")
    paces = [pace for rhythm in manifest.rhythm.values() for pace in (rhythm.seconds, rhythm.per_character)]
    drawn = [sampling.temperature, sampling.top_p, sampling.repetition_penalty]
    if not all(isinstance(number, int | float) and 0 <= number < math.inf for number in (*drawn, *paces)):
        raise ValueError("sampling and rhythm must be numbers from 0 on")


def _is_positive(number: object) -> bool:
    return isinstance(number, int) and 0 < number < 2**31


def _chat(values: dict[str, Any]) -> Chat:
    until, validated = (
        datetime.fromisoformat(values[key]).replace(tzinfo=None) for key in ("trained_until", "validated_until")
    )
    return Chat(values["name"], tuple(values["speakers"]), until, validated)


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
        return (self._folder(name) / "CURRENT").is_file()

    def twins(self) -> list[str]:
        """Adapters whose promoted version can speak for somebody."""
        return [adapter.name for adapter in self._promoted()]

    def versions(self, name: str) -> list[str]:
        """All complete versions of an adapter, oldest first."""
        return sorted(path.parent.name for path in self._folder(name).glob("[!.]*/twin.json"))

    def current_version(self, name: str) -> str:
        """The promoted version.

        Raises:
            TwinError: there is none.
        """
        try:
            return (self._folder(name) / "CURRENT").read_text(encoding="utf-8").strip()
        except OSError:
            known = ", ".join(self.names()) or "none yet"
            raise TwinError(
                f"no adapter {name!r} in {self.root} (there: {known}); train it with: twin train {name}"
            ) from None

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
        try:
            write_private(self._folder(name) / "HISTORY", "".join(f"{line}\n" for line in promoted))
            write_private(self._folder(name) / "CURRENT", f"{version}\n")
        except OSError as error:
            raise TwinError(f"cannot promote {version} in {self._folder(name)}: {error.strerror}") from None
        return adapter

    def rollback(self, name: str) -> Adapter:
        """Make the version serve that did so before the promoted one, and forget that the latter was promoted.

        Raises:
            TwinError: none served before, or none of those is still there.
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
        write_private(self._folder(name) / "CURRENT", f"{adapter.version}\n")
        write_private(self._folder(name) / "HISTORY", "".join(f"{line}\n" for line in promoted))
        return adapter

    def retire(self, name: str) -> None:
        """Let no version of an adapter serve."""
        (self._folder(name) / "CURRENT").unlink(missing_ok=True)

    def remove(self, name: str, version: str | None = None) -> None:
        """Delete one version that does not serve, or the whole adapter.

        Raises:
            TwinError: it is not there, or it is the promoted version.
        """
        folder = self._folder(name)
        if version is None:
            if not folder.is_dir():
                raise TwinError(f"no adapter {name!r} in {self.root}")
            self.retire(name)  # first of all: nobody may load what is being deleted
            shutil.rmtree(folder)
            return
        path = self.load(name, version).path
        if name in self.names() and version == self.current_version(name):
            raise TwinError(f"{version} is the promoted version of {name!r}: promote another one first")
        hidden = path.rename(folder / f".{version}")
        shutil.rmtree(hidden)

    def run_folder(self, name: str) -> Path:
        """Where a training run of the adapter keeps what it needs to go on after an interruption."""
        return self._folder(name) / ".run"

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Be the only one that writes versions of an adapter; remove what a killed process left half written.

        Raises:
            TwinError: another process is at it, or the folder cannot be made.
        """
        folder = private_folder(self._folder(name))
        (folder / ".lock").touch(mode=0o600)
        with (folder / ".lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise TwinError(f"adapter {name!r} is being trained or imported by another process already") from None
            for path in folder.glob(".[0-9]*"):
                shutil.rmtree(path, ignore_errors=True)
            yield

    def _history(self, name: str) -> list[str]:
        """Versions in the order in which they were promoted; the promoted one is the last."""
        try:
            promoted = (self._folder(name) / "HISTORY").read_text(encoding="utf-8").split()
        except OSError:
            promoted = []
        current = self.current_version(name) if name in self.names() else None
        return promoted if current is None or current in promoted else [*promoted, current]

    def _folder(self, name: str) -> Path:
        return self.root / folder_name(name)
