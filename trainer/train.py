"""QLoRA: a dataset becomes a version of an adapter. Run as `twin train NAME`.

The method is QLoRA (arXiv 2305.14314): the base model is frozen in 4 bits, and low-rank matrices (LoRA, arXiv
2106.09685) on all its linear layers are trained. Hugging Face's Trainer runs the loop; the windows, the loss and the
callbacks are ours.

A run has one stage or two: it fits the training part of the chats, passes the gate or not, and, with `refit`, trains a
second version on everything. It can be interrupted at any moment and gone on with.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any

from transformers import set_seed

from trainer import gate, processes
from trainer.answers import Subject
from trainer.asking import kept_facts
from trainer.checkpoints import FIT, REFIT, Plan, Refit, RunFolder, append_samples, read_samples
from trainer.evaluate import FEWEST, after_refit, evaluate_after_training
from trainer.findings import Evaluation
from trainer.fit import Fitted, Interrupted, fit
from trainer.gate import Verdict
from trainer.lora import ADAPTER, keep_differentiable, prepared_for_training, save_adapter
from trainer.loss import held_out_loss
from trainer.options import TrainingOptions, rows_at_once
from trainer.progress import Notice, Report, SampleCallback
from trainer.recital import Chats
from trainer.rhythm import rhythms
from trainer.windows import UNTAGGED, Collator, Split, Window, split_by_time, windows_of
from trainer.writing import write_files
from twin import facts
from twin.adapter import Adapter, AdapterFolder
from twin.decoding import Decoder
from twin.errors import TwinError
from twin.facts import Fact, FactIndex, digest
from twin.manifest import Manifest, Sampling
from twin.model import BaseModel
from twin.transcript import Conversation, Renderer

__all__ = ["Interrupted", "TrainingData", "TrainingOptions", "TrainingResult", "train"]
SAMPLES = 3  # contexts answered at each sample moment


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a run learns from: conversations by chat, and the datasets that they came from.

    Attributes:
        facts: of speakers of the chats.
        general: it is a corpus, from which the adapter learns how people write, and to imitate nobody.
    """

    chats: Mapping[str, Sequence[Conversation]]
    datasets: tuple[str, ...]
    digest: str
    gap_seconds: int
    facts: tuple[Fact, ...] = ()
    general: bool = False


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What came of a run.

    Attributes:
        held_out_loss: mean over supervised tokens, in nats, of the best checkpoint; None if nothing was held out.
        base_loss: the same of the base model.
        reasons: why the gate did not let the version through; empty where it serves now.
        skipped: nothing was trained, because `adapter` has learned exactly this already.
    """

    adapter: Adapter
    held_out_loss: float | None
    base_loss: float | None
    windows: int
    tokens: int
    seconds: float
    promoted: bool = True
    reasons: tuple[str, ...] = ()
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class _Run:
    """What all steps of a run need."""

    name: str
    data: TrainingData
    base: BaseModel
    model: Any
    adapters: AdapterFolder
    options: TrainingOptions
    folder: RunFolder
    report: Report
    source: Adapter | None

    @property
    def rows(self) -> int:
        return rows_at_once(self.options)

    def kept_facts(self) -> facts.Kept | None:
        """What serving needs of the facts, which takes a walk through the chats."""
        return kept_facts(self.data.facts, self.data.chats, self.options.fact_encoder)

    def windows(self, chats: Chats, manifest: Manifest, untagged: float = 0.0) -> list[Window]:
        """The windows of some of the chats, as training and evaluation see them."""
        return windows_of(
            chats,
            Renderer(self.base.tokenizer, manifest.speakers, manifest.trained_until),
            self.options.context_length,
            untagged=untagged,
            seed=self.options.seed,
            focus=self.options.focus,
            facts=self.data.facts,
        )


def train(
    name: str,
    *,
    data: TrainingData,
    base: BaseModel,
    adapters: AdapterFolder,
    options: TrainingOptions,
    report: Report,
    resume: bool = False,
    source: Adapter | None = None,
) -> TrainingResult:
    """Train a new version of adapter `name`, and promote it if it passes the gate.

    Under `accelerate launch` every process comes here; all but the first end when the training is done.

    Args:
        report: called with progress, samples and notices.
        resume: go on with the interrupted run.
        source: an adapter on the same base, with the same LoRA options, whose weights the new version begins with.

    Raises:
        Interrupted: SIGINT or SIGTERM came; the run can be gone on with.
        TwinError: there is nothing to learn from or to go on with, or something went wrong that can be mended.
    """
    if not any(data.chats.values()):
        raise TwinError(f"dataset {', '.join(data.datasets)} has no conversation to train on")
    if options.refit and processes.count() > 1:
        raise TwinError("--refit works in one process only: leave it out, or start without accelerate launch")
    first = processes.is_first()
    with adapters.locked(name) if first else nullcontext():
        folder = RunFolder(adapters.run_folder(name))
        _begin(folder, _plan(data, base, options, source), name, resume)
        set_seed(options.seed)
        keep_differentiable(base.model)
        split = split_by_time(data.chats, as_it_is=data.general)
        manifest = _manifest(data, base, split, options, source)
        held_out = windows_of(
            split.validation,
            Renderer(base.tokenizer, manifest.speakers, manifest.trained_until),
            options.context_length,
            focus=options.focus,
        )
        collate = Collator(base.tokenizer.pad_token_id)
        base_loss = held_out_loss(base.model, held_out, collate, rows_at_once(options)) if held_out else None
        model = prepared_for_training(base, options)
        run = _Run(name, data, base, model, adapters, options, folder, report if first else lambda event: None, source)
        result = _fit_and_judge(run, split, manifest, held_out, base_loss)
        if options.refit and result.promoted:
            result = _refit(run, split, manifest, result)
        folder.clear()
        return result


def _begin(folder: RunFolder, plan: Plan, name: str, resume: bool) -> None:
    """Make the run's folder, or find the one to go on with."""
    if resume:
        before = folder.plan()
        if before is None:
            raise TwinError(f"there is no interrupted training of {name!r} to go on with: leave --resume out")
        if before != plan:
            what = "the base model or an option"
            if (before.digest, before.facts) != (plan.digest, plan.facts):
                what = "the dataset" if before.digest != plan.digest else "the facts file"
            raise TwinError(f"{what} has changed since the training of {name!r} was interrupted: leave --resume out")
    elif processes.is_first():
        folder.begin(plan)
    processes.wait_for_all()


def _fit_and_judge(
    run: _Run, split: Split, manifest: Manifest, held_out: Sequence[Window], base_loss: float | None
) -> TrainingResult:
    """The first stage: a version from the training part, chosen by the validation part."""
    if (done := run.folder.refit()) is not None:  # it was finished before the interruption
        adapter = run.adapters.load(run.name, done.of)
        loss = run.adapters.evaluation(run.name, done.of).get("held_out_loss")
        return TrainingResult(adapter, loss, base_loss, 0, 0, 0.0)
    started = time.monotonic()
    windows = run.windows(split.training, manifest, UNTAGGED)
    fitted = _fit(run, FIT, windows, held_out=held_out, asked=split.validation, manifest=manifest, options=run.options)
    promoted = run.adapters.load(run.name) if run.name in run.adapters.names() else None
    verdict = gate.judge(
        run.model,
        run.base,
        manifest,
        run.options,
        training=split.training,
        held_out=split.validation,
        promoted=promoted,
        adapters=run.adapters,
    )
    return _write(
        run,
        FIT,
        manifest,
        fitted=fitted,
        verdict=verdict,
        likeness=_likeness(run, split, manifest, windows, seconds=time.monotonic() - started),
        windows=windows,
        base_loss=base_loss,
        started=started,
    )


def _refit(run: _Run, split: Split, manifest: Manifest, gated: TrainingResult) -> TrainingResult:
    """The second stage: a version from everything, for as long as the first one was trained when it was best."""
    started = time.monotonic()
    stage = run.folder.refit()
    if stage is None:
        evaluation = run.adapters.evaluation(run.name, gated.adapter.version)
        stage = Refit(gated.adapter.version, evaluation["epochs"])
        run.folder.begin(_plan(run.data, run.base, run.options, run.source), stage)
    run.report(Notice(f"version {stage.of} passed the gate; now once more, with the newest conversations too"))
    everything = _all_of(split)
    ends = {name: part[-1].turns[-1].at for name, part in everything.items()}
    chats = tuple(
        replace(chat, trained_until=ends[chat.name], validated_until=ends[chat.name]) for chat in manifest.chats
    )
    manifest = replace(manifest, chats=chats, refit_of=stage.of)
    windows = run.windows(everything, manifest, UNTAGGED)
    fitted = _fit(
        run,
        REFIT,
        windows,
        held_out=(),
        asked=split.validation,
        manifest=manifest,
        options=replace(run.options, epochs=stage.epochs),
    )
    verdict = gate.after_refit(gate.recital(run.model, run.base, manifest, everything))
    result = _write(
        run,
        REFIT,
        manifest,
        fitted=fitted,
        verdict=verdict,
        likeness=Evaluation(0, reason=after_refit(stage.of)),
        windows=windows,
        base_loss=gated.base_loss,
        started=started,
    )
    return replace(
        result,
        held_out_loss=gated.held_out_loss,
        windows=gated.windows + result.windows,
        tokens=gated.tokens + result.tokens,
        seconds=gated.seconds + result.seconds,
    )


def _fit(
    run: _Run,
    stage: str,
    windows: Sequence[Window],
    *,
    held_out: Sequence[Window],
    asked: Chats,
    manifest: Manifest,
    options: TrainingOptions,
) -> Fitted:
    """Train one stage. `asked`: conversations whose beginnings are answered as samples."""
    folder = run.folder.stage(stage)
    contexts = [conversation for part in asked.values() for conversation in part[:SAMPLES]]
    samples = SampleCallback(
        Decoder(run.model, run.base.tokenizer),
        Renderer(run.base.tokenizer, manifest.speakers, manifest.trained_until),
        conversations=contexts[:: len(contexts) // SAMPLES or 1] if processes.is_first() else (),
        sampling=manifest.sampling,
        report=run.report,
        keep=lambda found: append_samples(folder, found),
    )
    fitted = fit(
        run.model,
        run.base,
        windows,
        held_out,
        options,
        stage=folder,
        callbacks=[samples],
        report=run.report,
        source=run.source,
    )
    if not processes.is_first():
        raise SystemExit(0)  # what is left to do is the first process's work
    return fitted


def _likeness(run: _Run, split: Split, manifest: Manifest, windows: Sequence[Window], *, seconds: float) -> Evaluation:
    """How alike the model is, as it is now, measured for a fraction of the `seconds` that training took."""
    if manifest.general:
        return Evaluation(0, reason="a general adapter imitates nobody")
    later = [conversation for part in split.test.values() for conversation in part]
    tokens = run.options.epochs * sum(len(window.ids) for window in windows)
    kept = run.kept_facts()
    index = FactIndex.of(kept) if kept else None
    subject = Subject.in_training(run.model, run.base, manifest, key=ADAPTER, facts=index)
    if len(later) >= FEWEST:
        run.report(Notice(f"measuring how alike it is, on {len(later)} held-out conversations"))
    found = evaluate_after_training(subject, later, split.training, tokens=tokens, seconds=seconds)
    run.report(Notice(found.in_words()))
    return found


def _write(
    run: _Run,
    stage: str,
    manifest: Manifest,
    *,
    fitted: Fitted,
    verdict: Verdict,
    likeness: Evaluation,
    windows: Sequence[Window],
    base_loss: float | None,
    started: float,
) -> TrainingResult:
    """Make a version of what was fitted, and promote it if the gate lets it through."""
    with run.adapters.new_version(run.name) as (version, folder):
        save_adapter(run.model, manifest, folder)
        facts.write(folder, run.kept_facts())
        write_files(
            Adapter(run.name, version, folder, manifest),
            fitted=fitted,
            base_loss=base_loss,
            verdict=verdict,
            likeness=likeness,
            samples=read_samples(run.folder.stage(stage), fitted.steps),
            chats=run.data.chats,
        )
    if verdict.promoted:
        run.adapters.promote(run.name, version)
    return TrainingResult(
        adapter=run.adapters.load(run.name, version),
        held_out_loss=fitted.held_out_loss,
        base_loss=base_loss,
        windows=len(windows),
        tokens=sum(len(window.ids) for window in windows),
        seconds=time.monotonic() - started,
        promoted=verdict.promoted,
        reasons=verdict.reasons,
    )


def _all_of(split: Split) -> dict[str, list[Conversation]]:
    return {name: part + split.validation[name] + split.test[name] for name, part in split.training.items()}


def _plan(data: TrainingData, base: BaseModel, options: TrainingOptions, source: Adapter | None) -> Plan:
    return Plan(
        datasets=data.datasets,
        digest=data.digest,
        base_model=base.name,
        base_revision=base.revision,
        base_digest=base.digest,
        quantisation=base.quantisation,
        options=asdict(options),
        facts=data.facts,
        continued_from=source.identity if source else None,
    )


def _manifest(
    data: TrainingData, base: BaseModel, split: Split, options: TrainingOptions, source: Adapter | None
) -> Manifest:
    speakers = dict.fromkeys(speaker for chat in split.chats for speaker in chat.speakers)
    return Manifest(
        base_model=base.name,
        base_revision=base.revision,
        base_digest=base.digest,
        quantisation=base.quantisation,
        speakers=tuple(speakers),
        chats=split.chats,
        datasets=data.datasets,
        dataset_digest=data.digest,
        context_length=options.context_length,
        gap_seconds=data.gap_seconds,
        hyperparameters=asdict(options),
        sampling=Sampling(temperature=options.temperature),
        rhythm={} if data.general else rhythms(one for part in split.training.values() for one in part),
        facts_digest=digest(data.facts),
        continued_from=source.identity if source else None,
        general=data.general,
    )
