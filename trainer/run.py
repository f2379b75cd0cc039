"""`twin train`: settles what a run learns from, on which base and how, then trains.

Whatever is not said is as it was for the adapter's promoted version, so that a retrain needs no options.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from trainer import dataset, memory, origin
from trainer.checkpoints import RunFolder
from trainer.options import TrainingOptions
from trainer.origin import NONE
from trainer.progress import Report
from trainer.train import TrainingData, TrainingResult, train
from twin import facts
from twin.adapter import Adapter, AdapterFolder
from twin.errors import TwinError
from twin.factfile import read_facts, with_known_speakers
from twin.facts import Fact
from twin.manifest import Manifest
from twin.meaning import encoder_of
from twin.model import base_digest, load_base
from twin.names import find_name
from twin.settings import Settings
from twin.transcript import Conversation


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user said; None or an empty tuple means: as last time, or the default.

    Attributes:
        facts: a fact file, NONE, or facts as they were read before.
        source: the adapter to continue from, or NONE.
        patience: seconds to wait for memory that is not free yet.
        resume: go on with the interrupted run, as it was begun.
        force: train even if exactly this was learned before.
    """

    datasets: tuple[str, ...] = ()
    base: str | None = None
    options: dict[str, Any] | None = None
    resume: bool = False
    force: bool = False
    facts: str | tuple[Fact, ...] | None = None
    source: str | None = None
    patience: float = 0.0

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> "Choices":
        """From the command line's flags."""
        known = {item.name for item in fields(TrainingOptions)}
        said = {key: value for key, value in vars(arguments).items() if key in known and value is not None}
        kept = {key: getattr(arguments, key, None) for key in ("facts", "source")}
        datasets = tuple(getattr(arguments, "dataset", None) or ())
        patience = arguments.wait_for_memory
        return cls(datasets, arguments.base, said, arguments.resume, arguments.force, **kept, patience=patience)


def train_adapter(name: str, settings: Settings, choices: Choices, report: Report) -> TrainingResult:
    """Train a new version of adapter `name`, unless exactly this was learned before.

    Raises:
        Interrupted: a signal ended the run; it can be gone on with.
        TwinError: a dataset, the base model, the facts or the adapter to continue from is not there, or does not fit,
            or nothing can be learned; or a dataset is being withdrawn.
    """
    adapters = AdapterFolder(settings.adapters)
    with adapters.learning():
        if choices.resume:
            choices = interrupted(adapters, name, choices)
        last = adapters.load(name) if name in adapters.names() else None
        if last and last.manifest.general:
            raise TwinError(f"{name!r} is a general adapter: train it with twin general CORPUS --name {name}")
        data = read_datasets(choices.datasets or (last.manifest.datasets if last else (name,)), settings)
        data = replace(data, facts=_facts(choices.facts, last, _speakers(data)))
        return settled(name, data, settings, choices, last=last, report=report)


def settled(
    name: str, data: TrainingData, settings: Settings, choices: Choices, *, last: Adapter | None, report: Report
) -> TrainingResult:
    """Train on what is settled, once it is clear on which base, how, and from where; see `train_adapter`.

    Args:
        last: the promoted version, which tells how it was last time.
    """
    adapters = AdapterFolder(settings.adapters)
    manifest = last.manifest if last else None
    source = origin.source_of(name, adapters, choices.source, manifest)
    options = origin.bound(
        _options(choices, manifest if not choices.resume else None, data), choices.options or {}, source
    )
    usual = source.manifest if source else manifest
    base = choices.base or (usual.base_model if usual else settings.base_model)
    if not (choices.force or choices.resume) and (
        same := _learned_before(adapters, name, data, base, options=options, source=source)
    ):
        serves = adapters.serving(name) == same.version
        loss = adapters.evaluation(name, same.version).get("held_out_loss")
        return TrainingResult(same, loss, None, 0, 0, 0.0, promoted=serves, skipped=True)
    if data.facts:
        encoder_of(options.fact_encoder)  # what is wrong with it is told before hours of training
    memory.check(base, settings.quantisation, options, report=report, patience=choices.patience)
    loaded = load_base(base, settings.quantisation)
    origin.check(source, loaded, data.datasets)
    return train(
        name,
        data=data,
        base=loaded,
        adapters=adapters,
        options=options,
        report=report,
        resume=choices.resume,
        source=source,
    )


def interrupted(adapters: AdapterFolder, name: str, choices: Choices) -> Choices:
    """The choices of the interrupted run, which the flags must not contradict.

    Raises:
        TwinError: they do, or no run was interrupted.
    """
    plan = RunFolder(adapters.run_folder(name)).plan()
    if plan is None:
        raise TwinError(f"there is no interrupted training of {name!r} to go on with: leave --resume out")
    came_from = plan.continued_from or NONE
    same_source = choices.source in (None, came_from, came_from.partition("/")[0])
    said = {"dataset": choices.datasets, "base": choices.base, **(choices.options or {})}
    was = {"dataset": plan.datasets, "base": plan.base_model, **plan.options}
    others = [key for key, value in said.items() if value not in (None, (), was[key])]
    for key in [*others, *([] if same_source else ["from"])]:
        raise TwinError(f"the interrupted training of {name!r} has another {key}: leave that out, or --resume")
    facts = plan.facts if choices.facts is None else choices.facts
    return replace(
        choices, datasets=plan.datasets, base=plan.base_model, options=plan.options, facts=facts, source=came_from
    )


def _facts(said: str | tuple[Fact, ...] | None, last: Adapter | None, speakers: Sequence[str]) -> tuple[Fact, ...]:
    """The facts of a file, none, or where nothing is said those of the promoted version."""
    if isinstance(said, tuple):
        return said
    if said is not None:
        return () if said == NONE else read_facts(Path(said), speakers)
    if last is None or not last.manifest.facts_digest:
        return ()
    kept = facts.read(last.path)
    if kept is None:
        raise TwinError(
            f"the facts of the promoted version {last.version} are not here, an export leaves them out: "
            f"say --facts FILE, or --facts {NONE} to go without"
        )
    return with_known_speakers(kept.facts, speakers, f"{last.path / facts.FILE} (say --facts to have others)")


def _learned_before(
    adapters: AdapterFolder,
    name: str,
    data: TrainingData,
    base: str,
    *,
    options: TrainingOptions,
    source: Adapter | None,
) -> Adapter | None:
    """The newest version that was trained on the same data and base with the same options."""
    wanted = (data.datasets, data.digest, facts.digest(data.facts), base, source.identity if source else None)
    for version in reversed(adapters.versions(name)):
        adapter = adapters.load(name, version)
        manifest = adapter.manifest
        learned = (manifest.datasets, manifest.dataset_digest, manifest.facts_digest, manifest.base_model)
        if (
            (*learned, manifest.continued_from) == wanted
            and TrainingOptions.of(manifest.hyperparameters) == options
            and (not Path(base).is_dir() or base_digest(base, None) == manifest.base_digest)
        ):
            return adapter
    return None


def read_datasets(names: Sequence[str], settings: Settings) -> TrainingData:
    """The conversations of several datasets.

    Raises:
        TwinError: one of them is not there.
    """
    chats: dict[str, Sequence[Conversation]] = {}
    digests: list[str] = []
    gap = timedelta()
    for name in names:
        read = dataset.load(settings.dataset(name))
        for chat, conversations in read.chats.items():
            chats[chat if chat not in chats else f"{name}/{chat}"] = conversations
        digests.append(read.digest)
        gap = max(gap, read.options.gap)
    return TrainingData(chats, tuple(names), " ".join(digests), round(gap.total_seconds()))


def as_json(result: TrainingResult) -> dict[str, Any]:
    """The result for programs."""
    return {
        "adapter": result.adapter.name,
        "version": result.adapter.version,
        "path": str(result.adapter.path),
        "promoted": result.promoted,
        "reasons": list(result.reasons),
        "skipped": result.skipped,
        "held_out_loss": result.held_out_loss,
        "base_loss": result.base_loss,
        "windows": result.windows,
        "tokens": result.tokens,
        "seconds": result.seconds,
    }


def in_words(result: TrainingResult) -> str:
    """The result for people."""
    adapter = f"adapter {result.adapter.name}, version {result.adapter.version}"
    by_hand = f"twin adapters promote {result.adapter.name} {result.adapter.version}"
    if result.skipped:
        serves = "and serves" if result.promoted else f"but does not serve (if it should: {by_hand})"
        return f"nothing is new: {adapter} has learned exactly this {serves}; to train all the same: --force"
    if result.held_out_loss is None or result.base_loss is None:
        judged = "nothing was held out, so nobody knows how good it is"
    else:
        judged = f"held-out loss {result.held_out_loss:.2f}, the base model's {result.base_loss:.2f}"
    gate = "promoted" if result.promoted else f"not promoted: {'; '.join(result.reasons)} (all the same: {by_hand})"
    return f"{adapter}: {result.tokens:,} tokens in {result.windows} windows, {result.seconds:.0f} s; {judged}; {gate}"


def _options(choices: Choices, last: Manifest | None, data: TrainingData) -> TrainingOptions:
    options = TrainingOptions.of(last.hyperparameters if last else {}, choices.options or {})
    if options.focus is None:
        return options
    return TrainingOptions.of(asdict(options), {"focus": find_name(options.focus, _speakers(data))})


def _speakers(data: TrainingData) -> list[str]:
    return list(dict.fromkeys(turn.speaker for part in data.chats.values() for one in part for turn in one.turns))
