"""The gate: a new version serves only if it is not worse than the one that does, and does not recite its chats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trainer.lora import ADAPTER
from trainer.loss import held_out_loss
from trainer.options import TrainingOptions, rows_at_once
from trainer.recital import Chats, verbatim_overlap
from trainer.windows import Collator, windows_of
from twin.adapter import Adapter, AdapterFolder
from twin.manifest import Manifest
from twin.model import BaseModel
from twin.transcript import Conversation, Renderer

MARGIN = 0.02  # nats a token by which a new version may be worse: about what another seed changes
OVERLAP_LIMIT = 0.1  # share of answers that may recite a training text
ANSWERS = 24  # that are looked at for it
_RIVAL = "rival"  # peft's name for the other version while both are loaded


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of a version.

    Attributes:
        reasons: why it is not promoted; empty if it is.
        rival: the version it was compared with, with `loss` of the new and `rival_loss` of that one on conversations
            that neither was trained on; None where there was nothing to compare.
        overlap: share of answers that recite a training text.
    """

    reasons: tuple[str, ...]
    overlap: float
    rival: str | None = None
    loss: float | None = None
    rival_loss: float | None = None

    @property
    def promoted(self) -> bool:
        return not self.reasons


def judge(
    model: Any,
    base: BaseModel,
    manifest: Manifest,
    options: TrainingOptions,
    *,
    training: Chats,
    held_out: Chats,
    promoted: Adapter | None,
    adapters: AdapterFolder,
) -> Verdict:
    """Compare the model, as it is now, with the promoted version.

    Args:
        training: what it was trained on, for the overlap.
        held_out: what it was not trained on.
        promoted: the version that serves, if there is one.
    """
    overlap = recital(model, base, manifest, training)
    reasons = list(_recites_too_much(overlap))
    if promoted is None:
        return Verdict(tuple(reasons), overlap)
    rival = _measurable(promoted, adapters)
    if rival.manifest.base_digest != manifest.base_digest:
        reasons.append(f"it has another base model than the promoted {promoted.version}, so they cannot be compared")
        return Verdict(tuple(reasons), overlap)
    unseen = _unseen(held_out, manifest, rival.manifest)
    if not any(unseen.values()):
        if manifest.general:  # nobody is served by one, so a new one does no harm
            return Verdict(tuple(reasons), overlap)
        reasons.append(f"there is no conversation that neither it nor the promoted {promoted.version} was trained on")
        return Verdict(tuple(reasons), overlap)
    loss = _loss(model, base, manifest, unseen, options=options, speakers=manifest.speakers)
    model.load_adapter(str(rival.path), adapter_name=_RIVAL)
    model.set_adapter(_RIVAL)
    try:
        rival_loss = _loss(model, base, rival.manifest, unseen, options=options, speakers=manifest.speakers)
    finally:
        model.set_adapter(ADAPTER)
        model.delete_adapter(_RIVAL)
    if not loss <= rival_loss + MARGIN:
        reasons.append(f"its held-out loss is {loss:.3f}, that of the promoted {promoted.version} {rival_loss:.3f}")
    return Verdict(tuple(reasons), overlap, rival.version, loss, rival_loss)


def recital(model: Any, base: BaseModel, manifest: Manifest, training: Chats) -> float:
    """The share of the model's answers that recite a training text."""
    renderer = Renderer(base.tokenizer, manifest.speakers, manifest.trained_until)
    return verbatim_overlap(model, base.tokenizer, renderer, training, ANSWERS)


def after_refit(overlap: float) -> Verdict:
    """What the gate says of a version that has learned the held-out conversations too: only its recital can be seen."""
    return Verdict(tuple(_recites_too_much(overlap)), overlap)


def _recites_too_much(overlap: float) -> Sequence[str]:
    if overlap <= OVERLAP_LIMIT:
        return ()
    return (f"{overlap:.0%} of its answers recite training texts word for word (the limit is {OVERLAP_LIMIT:.0%})",)


def _measurable(promoted: Adapter, adapters: AdapterFolder) -> Adapter:
    """The promoted version; in place of one that was trained on everything, the one it was made after."""
    of = promoted.manifest.refit_of
    return adapters.load(promoted.name, of) if of in adapters.versions(promoted.name) else promoted


def _unseen(held_out: Chats, manifest: Manifest, rival: Manifest) -> Mapping[str, Sequence[Conversation]]:
    """What of the held-out conversations the other version was not trained on either."""
    if manifest.general:  # a corpus is not split by time
        return held_out if manifest.dataset_digest == rival.dataset_digest else {}
    until = {chat.name: chat.trained_until for chat in rival.chats}
    return {
        name: [one for one in part if one.turns[0].at >= until.get(name, datetime.min)]
        for name, part in held_out.items()
    }


def _loss(
    model: Any, base: BaseModel, manifest: Manifest, chats: Chats, *, options: TrainingOptions, speakers: Sequence[str]
) -> float:
    """Held-out loss with the dates as a version's training had them; speakers it does not know come after its own."""
    renderer = Renderer(base.tokenizer, (*manifest.speakers, *speakers), manifest.trained_until)
    windows = windows_of(chats, renderer, options.context_length, focus=options.focus)
    return held_out_loss(model, windows, Collator(base.tokenizer.pad_token_id), rows_at_once(options))
