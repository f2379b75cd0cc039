"""Likeness by the losses of held-out conversations: how well a twin foretells what was said, and who would say it."""

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

from trainer.answers import Subject
from trainer.loss import losses_of
from trainer.windows import Collator, Window
from twin.transcript import SEPARATOR, Conversation, Passage, Renderer, clean_text, segments_of

CHUNK = 16  # conversations between two looks at the clock
_ROOM = 0.8  # share of the context that a window may fill: the labels of others may be longer


@dataclass(frozen=True, slots=True)
class Losses:
    """Of one conversation, in nats, summed over its texts and their bars.

    Attributes:
        characters: of the same, a bar counted as one.
        twin: with the adapter.
        base: without it.
        wrong: with the adapter, and the speakers' labels exchanged; None where nobody could be exchanged.
    """

    characters: int
    twin: float
    base: float
    wrong: float | None


@dataclass(frozen=True, slots=True)
class Foretold:
    """How well conversations are foretold.

    Attributes:
        twin: the loss per character with the adapter, in nats; `base` without it.
        wrong: the same with the labels exchanged.
        right_persona: the share of conversations that are likelier with the true labels; ties count half.
    """

    conversations: int
    twin: float
    base: float
    wrong: float | None
    right_persona: float | None

    @property
    def gain(self) -> float:
        """What share of the base model's loss the adapter has taken away."""
        return 1 - self.twin / self.base

    @classmethod
    def of(cls, losses: Sequence[Losses]) -> "Foretold":
        """The figures of all conversations together; there is at least one."""
        judged = [(one, one.wrong) for one in losses if one.wrong is not None]
        right = sum(1.0 if one.twin < wrong else 0.5 * (one.twin == wrong) for one, wrong in judged)
        characters = sum(one.characters for one in losses)
        return cls(
            conversations=len(losses),
            twin=sum(one.twin for one in losses) / characters,
            base=sum(one.base for one in losses) / characters,
            wrong=sum(wrong for _, wrong in judged) / sum(one.characters for one, _ in judged) if judged else None,
            right_persona=right / len(judged) if judged else None,
        )


def losses_of_conversations(
    subject: Subject,
    conversations: Sequence[Conversation],
    *,
    until: float = math.inf,
    step: Callable[[int], None] = lambda done: None,
) -> list[Losses]:
    """The losses of each conversation by itself, in order, with its date tag, cut where it does not fit the context.

    Args:
        until: no more are begun after this moment (of `time.monotonic`).
        step: told how many are done.
    """
    company = company_of(conversations)
    found: list[Losses] = []
    with subject.at_rest():
        for start in range(0, len(conversations), CHUNK):
            if time.monotonic() >= until:
                break
            found += _measured(subject, conversations[start : start + CHUNK], company)
            step(len(found))
    return found


def _measured(
    subject: Subject, conversations: Sequence[Conversation], company: Mapping[str, Sequence[str]]
) -> list[Losses]:
    renderer, room = subject.loaded.renderer, int(_ROOM * subject.manifest.context_length)
    parts = [list(renderer.training_windows([one], room, 0.0, random.Random(0))) for one in conversations]
    others = [exchanged(one, company[one.chat]) for one in conversations]
    true = [[spoken(passages, renderer) for passages in part] for part in parts]
    false = [
        [spoken(list(_as_spoken_by(passages, names)), renderer) for passages in part] if names else []
        for part, names in zip(parts, others, strict=True)
    ]
    twin, wrong = _sums(subject, true), _sums(subject, false)
    base = _sums(subject, true, bare=True)
    sizes = [sum(map(_characters, part)) for part in parts]
    return [
        Losses(size, right, alone, other if names else None)
        for size, right, alone, other, names in zip(sizes, twin, base, wrong, others, strict=True)
    ]


def _sums(subject: Subject, parts: Sequence[Sequence[Window]], *, bare: bool = False) -> list[float]:
    """The loss of each conversation, which is in one window or several. `bare`: of the base model."""
    collate = Collator(subject.base.tokenizer.pad_token_id)
    with subject.model.disable_adapter() if bare else nullcontext():
        losses = iter(losses_of(subject.model, [window for part in parts for window in part], collate))
    return [sum(next(losses) for _ in part) for part in parts]


def spoken(passages: Sequence[Passage], renderer: Renderer) -> Window:
    """A window whose texts and bars are counted, and nothing else of it."""
    weights: list[float] = []
    for passage in passages:
        for segment in segments_of(passage, renderer.labels):
            weights += [float(segment.kind in {"text", "bar"})] * len(renderer.ids(segment.text))
        weights += [0.0] * passage.ended
    return Window(renderer.window(passages).ids, weights)


def _characters(passages: Sequence[Passage]) -> int:
    return sum(len(clean_text(turn.text)) + len(SEPARATOR) for passage in passages for turn in passage.turns)


def exchanged(conversation: Conversation, company: Sequence[str]) -> dict[str, str]:
    """Who speaks in whose place when the speakers of a conversation are exchanged; more than two are rotated.

    Who is alone in it changes places with the next one of the chat's company; empty if there is nobody.
    """
    present = list(dict.fromkeys(turn.speaker for turn in conversation.turns))
    if len(present) == 1:
        present += [speaker for speaker in company if speaker not in present][:1]
    if len(present) == 1:
        return {}
    return dict(zip(present, [*present[1:], present[0]], strict=True))


def company_of(conversations: Sequence[Conversation]) -> dict[str, list[str]]:
    """Who speaks in each chat, in order of appearance."""
    found: dict[str, dict[str, None]] = {}
    for conversation in conversations:
        found.setdefault(conversation.chat, {}).update(dict.fromkeys(turn.speaker for turn in conversation.turns))
    return {chat: list(speakers) for chat, speakers in found.items()}


def _as_spoken_by(passages: Sequence[Passage], names: Mapping[str, str]) -> Iterator[Passage]:
    for passage in passages:
        turns = tuple(replace(turn, speaker=names[turn.speaker]) for turn in passage.turns)
        yield replace(passage, turns=turns)
