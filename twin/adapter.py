"""The adapter folder: `ROOT/NAME/VERSION/`, immutable once it stands, and `ROOT/NAME/CURRENT`, the promoted version.

A version holds the LoRA weights and `twin.json`, the recipe that serving must follow to match training. It is written
beside its place and then renamed, and `CURRENT` is replaced in one step, so no reader ever sees half of anything.
Importing this module loads no torch.
"""

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.files import private_folder, write_private
from twin.names import folder_name

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
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("not an object")
        if values.get("format_version", FORMAT_VERSION) > FORMAT_VERSION:
            raise ValueError("written by a newer Twin")
        known = {key: values[key] for key in (item.name for item in fields(cls)) if key in values}
        try:
            known["speakers"], known["datasets"] = tuple(known["speakers"]), tuple(known["datasets"])
            known["chats"] = tuple(_chat(chat) for chat in known["chats"])
            known["sampling"] = Sampling(**known.get("sampling", {}))
            known["created"] = datetime.fromisoformat(known["created"])
            return cls(**known)
        except (KeyError, TypeError) as error:
            raise ValueError(f"incomplete: {error}") from None


def _chat(values: dict[str, Any]) -> Chat:
    until, validated = (datetime.fromisoformat(values[key]) for key in ("trained_until", "validated_until"))
    return Chat(values["name"], tuple(values["speakers"]), until, validated)


@dataclass(frozen=True, slots=True)
class Adapter:
    """One version of an adapter, as it lies on disk."""

    name: str
    version: str
    path: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Persona:
    """Someone whom an adapter can speak for, and the one who then writes to them."""

    adapter: str
    speaker: str
    counterpart: str


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
            Persona(name, speaker, adapter.manifest.counterpart(speaker))
            for name in self.names()
            for adapter in [self.load(name)]
            for speaker in adapter.manifest.speakers
        ]

    @contextmanager
    def new_version(self, name: str) -> Iterator[tuple[str, Path]]:
        """A version to be written: its name and a private folder that takes its place when the block ends well."""
        folder = private_folder(self._folder(name))
        version = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
        beside = private_folder(folder / f".{version}")
        try:
            yield version, beside
            for path in beside.rglob("*"):
                path.chmod(0o700 if path.is_dir() else 0o600)
            beside.rename(folder / version)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise

    def promote(self, name: str, version: str) -> Adapter:
        """Make `version` the one that serves.

        Raises:
            TwinError: there is no such version.
        """
        adapter = self.load(name, version)
        write_private(self._folder(name) / "CURRENT", f"{version}\n")
        return adapter

    def _folder(self, name: str) -> Path:
        return self.root / folder_name(name)
