"""The versions of adapters as people and programs are told of them: `twin adapters`."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.markup import escape
from rich.table import Column, Table

from twin.adapter import Adapter, AdapterFolder


@dataclass(frozen=True, slots=True)
class Version:
    """One line of the list. `reasons`: why the gate did not let it through."""

    adapter: str
    version: str
    serves: bool
    created: str
    base_model: str
    speakers: tuple[str, ...]
    datasets: tuple[str, ...]
    held_out_loss: float | None
    reasons: tuple[str, ...]
    general: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def overview(adapters: AdapterFolder, name: str | None = None) -> list[Version]:
    """All versions of all adapters, or of one, oldest first.

    Raises:
        TwinError: there is no adapter of that name, or a `twin.json` cannot be read.
    """
    known = adapters.all_versions()
    if name is not None and name not in known:
        adapters.current_version(name)  # says what there is
    return [
        _described(adapters, adapters.load(adapter, version))
        for adapter, versions in known.items()
        if name in (None, adapter)
        for version in versions
    ]


def _described(adapters: AdapterFolder, adapter: Adapter) -> Version:
    evaluation = adapters.evaluation(adapter.name, adapter.version)
    return Version(
        adapter=adapter.name,
        version=adapter.version,
        serves=adapters.serving(adapter.name) == adapter.version,
        created=adapter.manifest.created.isoformat(timespec="seconds"),
        base_model=adapter.manifest.base_model,
        speakers=adapter.manifest.speakers,
        datasets=adapter.manifest.datasets,
        held_out_loss=evaluation.get("held_out_loss"),
        reasons=tuple(evaluation.get("gate", {}).get("reasons", ())),
        general=adapter.manifest.general,
    )


def table(versions: list[Version]) -> Table:
    """The list for people."""
    whole = max((len(version.version) for version in versions), default=0)  # other verbs ask for it
    shown = Table(
        Column("adapter", overflow="fold"),
        Column("version", no_wrap=True, min_width=whole),
        *("serves", "held-out loss", "people", "gate"),
    )
    for version in versions:
        loss = "" if version.held_out_loss is None else f"{version.held_out_loss:.3f}"
        shown.add_row(
            version.adapter,
            version.version,
            "yes" if version.serves else "",
            loss,
            "nobody: general" if version.general else escape(", ".join(version.speakers)),
            escape("; ".join(version.reasons)) or "passed",
        )
    return shown


def told(adapter: Adapter, message: str) -> dict[str, Any]:
    """What was done with a version."""
    return {"adapter": adapter.name, "version": adapter.version, "message": message}
