"""What an evaluation has found: for programs, for people, and beside the version that was measured."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from trainer.likeness import Foretold
from trainer.ranking import Ranks, hits, mrr
from trainer.recital import Canary
from trainer.style import Gaps, Style
from twin.adapter import Adapter, AdapterFolder
from twin.errors import TwinError
from twin.files import replacing, write_private

KEY = "likeness"  # in `evaluation.json`
EXAMPLES = "examples.jsonl"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the twin's answers after held-out contexts were like, beside the replies that were really given.

    Attributes:
        number: of answers.
        verbatim: the share that recite a training text; `verbatim_real` of the real replies.
        ended: the share whose first message a separator ended soon enough.
        length: of a message in characters, on average; `length_real` of a real one.
        style: by speaker, of those with enough messages.
    """

    number: int
    verbatim: float
    verbatim_real: float
    ended: float
    length: float
    length_real: float
    style: Mapping[str, Style]


@dataclass(frozen=True, slots=True)
class Score:
    """How many of the questions that were asked were answered right."""

    right: int
    asked: int


@dataclass(frozen=True, slots=True)
class Example:
    """A context, what was really replied, and what the twin said. Private.

    Of a question nothing was really replied; `right` tells whether its answer is.
    """

    speaker: str
    context: str
    twin: tuple[str, ...]
    real: tuple[str, ...] = ()
    right: bool | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How alike a twin is.

    Attributes:
        conversations: how many were held out.
        reason: why it could not be judged; None if it was.
        canaries: of each secret that was asked for; None where it is not in the training texts.
        seconds: that measuring took.
    """

    conversations: int
    reason: str | None = None
    foretold: Foretold | None = None
    ranks: Ranks | None = None
    answers: Answers | None = None
    facts: Score | None = None
    dated: Score | None = None
    canaries: tuple[tuple[str, Canary | None], ...] = ()
    seconds: float = 0.0
    examples: tuple[Example, ...] = field(default=())

    @property
    def judged(self) -> bool:
        return self.reason is None

    def as_json(self) -> dict[str, Any]:
        """The numbers; no text from a chat, and no secret, is among them. What was not measured is null."""
        foretold, ranks, answers = self.foretold, self.ranks, self.answers
        return {
            "judged": self.judged,
            "reason": self.reason,
            "conversations": foretold.conversations if foretold else self.conversations,
            "loss_per_character": foretold.twin if foretold else None,
            "base_loss_per_character": foretold.base if foretold else None,
            "wrong_persona_loss_per_character": foretold.wrong if foretold else None,
            "nll_gain": foretold.gain if foretold else None,
            "right_persona": foretold.right_persona if foretold else None,
            "ranked": len(ranks.twin) if ranks else 0,
            "hits_at_1": hits(ranks.twin) if ranks else None,
            "hits_at_1_base": hits(ranks.base) if ranks else None,
            "mrr": mrr(ranks.twin) if ranks else None,
            "mrr_base": mrr(ranks.base) if ranks else None,
            "style": {name: _style_json(style) for name, style in answers.style.items()} if answers else {},
            "verbatim": answers.verbatim if answers else None,
            "verbatim_real": answers.verbatim_real if answers else None,
            "ended": answers.ended if answers else None,
            "message_length": answers.length if answers else None,
            "message_length_real": answers.length_real if answers else None,
            "answers": answers.number if answers else 0,
            "facts": asdict(self.facts) if self.facts else None,
            "dated": asdict(self.dated) if self.dated else None,
            "canaries": [_canary_json(found) for _, found in self.canaries],
            "seconds": self.seconds,
        }

    def in_words(self) -> str:
        """One line."""
        if self.reason:
            return f"how alike it is was not judged: {self.reason}"
        told = []
        if (one := self.foretold) is not None:
            told.append(f"a character costs {one.twin:.2f} nats, the base model {one.base:.2f}")
            told += [f"right persona {one.right_persona:.0%}"] if one.right_persona is not None else []
        if self.ranks:
            told.append(
                f"the true reply among ten {hits(self.ranks.twin):.0%}, the base model {hits(self.ranks.base):.0%}"
            )
        for name, style in self.answers.style.items() if self.answers else ():
            told.append(f"style of {name} {_ratio(style.whole)} times as far off as real halves")
        return f"how alike it is: {'; '.join(told)}"


def _style_json(style: Style) -> dict[str, Any]:
    def gaps(one: Gaps) -> dict[str, Any]:
        return asdict(one) | {"ratio": one.ratio}

    features = {name: gaps(one) for name, one in style.features.items()}
    return gaps(style.whole) | {"messages": style.messages, "features": features}


def _canary_json(found: Canary | None) -> dict[str, Any]:
    if found is None:
        return {"absent": True}
    numbers = {"exposure": found.exposure, "most": found.most, "recited": found.recited}
    return {"absent": False, **numbers, "memorised": found.memorised}


def keep(adapter: Adapter, evaluation: Evaluation) -> None:
    """Put what was found beside a version that stands already, in place of an earlier finding.

    Raises:
        TwinError: it cannot be written.
    """
    adapters = AdapterFolder(adapter.path.parent.parent)
    known = adapters.evaluation(adapter.name, adapter.version)
    try:
        write_examples(adapter.path, evaluation.examples)
        text = json.dumps(known | {KEY: evaluation.as_json()}, indent=2, ensure_ascii=False)
        write_private(adapter.path / "evaluation.json", f"{text}\n")
    except OSError as error:
        raise TwinError(f"cannot write to {adapter.path}: {error.strerror}") from None


def told(adapter: Adapter, evaluation: Evaluation) -> dict[str, Any]:
    """All of it for whoever has asked, with the private examples."""
    examples = [asdict(example) for example in evaluation.examples]
    return {"adapter": adapter.name, "version": adapter.version, **evaluation.as_json(), "examples": examples}


def remarks(evaluation: Evaluation) -> list[str]:
    """Lines for people beside the table: why there is no judgement, and which questions were answered wrong."""
    wrong = [example for example in evaluation.examples if example.right is False]
    lines = [evaluation.in_words()] if evaluation.reason else []
    return lines + [f"wrong: {example.context} {' / '.join(example.twin)}" for example in wrong]


def write_examples(folder: Path, examples: Sequence[Example]) -> None:
    """Write the examples into a version's folder; where there are none, none stay."""
    if not examples:
        (folder / EXAMPLES).unlink(missing_ok=True)
        return
    with replacing(folder / EXAMPLES) as handle:
        handle.writelines(json.dumps(asdict(example), ensure_ascii=False) + "\n" for example in examples)


def table(evaluation: Evaluation) -> Table:
    """What was found, for people: the twin beside what it is measured against."""
    shown = Table("", "twin", "beside")
    foretold, ranks, answers = evaluation.foretold, evaluation.ranks, evaluation.answers
    if foretold:
        shown.add_row("nats a character", f"{foretold.twin:.3f}", f"base model {foretold.base:.3f}")
        if foretold.right_persona is not None:
            shown.add_row("right persona", f"{foretold.right_persona:.0%}", "chance 50%")
            shown.add_row("... labels exchanged", f"{foretold.wrong:.3f}", "nats a character")
    if ranks:
        shown.add_row(
            "true reply first of ten", f"{hits(ranks.twin):.0%}", f"base model {hits(ranks.base):.0%}, chance 10%"
        )
        shown.add_row("... mean reciprocal rank", f"{mrr(ranks.twin):.2f}", f"base model {mrr(ranks.base):.2f}")
    if answers:
        for name, style in answers.style.items():
            shown.add_row(
                f"style gap of {escape(name)}", f"{style.whole.gap:.3f}", f"real halves {style.whole.real_gap:.3f}"
            )
            shown.add_row("... times the real one", _ratio(style.whole), "1: as alike as real messages")
        shown.add_row(
            "answers that recite the chat", f"{answers.verbatim:.0%}", f"real replies {answers.verbatim_real:.0%}"
        )
        shown.add_row("answers that end in time", f"{answers.ended:.0%}", "")
        shown.add_row("characters a message", f"{answers.length:.0f}", f"real ones {answers.length_real:.0f}")
    for name, score in (("facts", evaluation.facts), ("facts of a month", evaluation.dated)):
        if score:
            shown.add_row(f"{name} answered right", f"{score.right} of {score.asked}", "")
    for secret, canary in evaluation.canaries:
        shown.add_row(f"secret {escape(repr(secret))}", *_canary_cells(canary))
    counts = (
        (foretold.conversations if foretold else 0, "conversations"),
        (len(ranks.twin) if ranks else 0, "ranked replies"),
        (answers.number if answers else 0, "answers"),
    )
    measured = ", ".join(f"{number} {what}" for number, what in counts if number)
    shown.caption = f"measured on {measured or 'nothing held out'} in {evaluation.seconds:.0f} s"
    return shown


def _ratio(gaps: Gaps) -> str:
    return "?" if gaps.ratio is None else f"{gaps.ratio:.2f}"


def _canary_cells(canary: Canary | None) -> tuple[str, str]:
    if canary is None:
        return "absent", "it is not in the training texts"
    known = "known by heart" if canary.memorised else "not known by heart"
    return known, f"exposure {canary.exposure:.1f} of {canary.most:.0f} bits" + (", recited" if canary.recited else "")
