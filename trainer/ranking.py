"""Ranking: does a twin know a real reply from nine others that the same person gave elsewhere?

A reply is scored by how much likelier the conversation before it makes it, by token: its pointwise mutual information
with the conversation, as in Li et al. 2016 (arXiv 1510.03055). Likelihood alone would favour replies that fit anywhere.
"""

import math
import random
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from statistics import fmean

from trainer.answers import Subject
from trainer.loss import losses_after
from trainer.replies import Reply
from trainer.windows import Collator, Window
from twin.transcript import Passage, Renderer, segments_of

CHOICE = 10  # replies among which the true one is
WORDS = 3  # that a reply has at least
LONGEST = 96  # tokens of a reply that are read


@dataclass(frozen=True, slots=True)
class Ranks:
    """The places of the true replies among ten, 1 being the best; `base` those that the base model gives them."""

    twin: tuple[int, ...]
    base: tuple[int, ...]


def hits(ranks: Sequence[int]) -> float:
    """The share of true replies that came first (hits@1)."""
    return fmean(rank == 1 for rank in ranks)


def mrr(ranks: Sequence[int]) -> float:
    """The mean reciprocal rank."""
    return fmean(1 / rank for rank in ranks)


def choices_of(replies: Sequence[Reply], number: int, *, seed: int = 0) -> list[tuple[Reply, ...]]:
    """Up to `number` replies, drawn, each at the head of ten of its speaker's, of which no two have the same words.

    The other nine are from other conversations. Replies of fewer than `WORDS` words are left out, and so is whoever has
    too few that differ.
    """
    rng = random.Random(seed)
    pools: dict[str, list[tuple[str, Reply]]] = {}
    for reply in replies:
        if len((words := reply.normalised).split()) >= WORDS:
            pools.setdefault(reply.speaker, []).append((words, reply))
    everyone = [entry for pool in pools.values() for entry in pool]
    found: list[tuple[Reply, ...]] = []
    for words, reply in rng.sample(everyone, len(everyone)):
        if len(found) == number:
            break
        others = {words: reply}
        for other_words, other in rng.sample(pools[reply.speaker], len(pools[reply.speaker])):
            if other.conversation != reply.conversation and len(others) < CHOICE:
                others.setdefault(other_words, other)
        if len(others) == CHOICE:
            found.append(tuple(others.values()))
    return found


def rank(
    subject: Subject,
    choices: Sequence[tuple[Reply, ...]],
    *,
    until: float = math.inf,
    step: Callable[[int], None] = lambda done: None,
) -> Ranks:
    """The place of the first of each choice among all of it, after the conversation before it.

    Args:
        until: no more are ranked after this moment (of `time.monotonic`).
        step: told how many are done.
    """
    scorers = _Scorer(subject, bare=False), _Scorer(subject, bare=True)
    ranks: tuple[list[int], list[int]] = ([], [])
    with subject.at_rest():
        for done, choice in enumerate(choices, start=1):
            if time.monotonic() >= until:
                break
            for scorer, places in zip(scorers, ranks, strict=True):
                true, *others = scorer.scores(choice)
                places.append(1 + sum(not other < true for other in others))  # a tie is no success
            step(done)
    return Ranks(tuple(ranks[0]), tuple(ranks[1]))


class _Scorer:
    """Scores replies by the adapter, or by the base model alone; remembers what a reply is worth without context."""

    def __init__(self, subject: Subject, *, bare: bool) -> None:
        self._subject = subject
        self._bare = bare
        self._collate = Collator(subject.base.tokenizer.pad_token_id)
        self._alone: dict[Reply, float] = {}

    def scores(self, choice: Sequence[Reply]) -> list[float]:
        """Of each reply after what was said before the first one: nats a token."""
        first, subject = choice[0], self._subject
        renderer = subject.loaded.renderer
        windows = {reply: as_ending(reply, renderer, subject.loaded.room(LONGEST)) for reply in choice}
        prompt = subject.prompt(first.before, first.speaker, first.at, LONGEST)
        label = list(renderer.ids(f"{renderer.labels[first.speaker]}:"))
        unknown = [reply for reply in choice if reply not in self._alone]
        with subject.model.disable_adapter() if self._bare else nullcontext():
            after = self._losses(prompt, list(windows.values()))
            if unknown:
                alone = self._losses(label, [windows[reply] for reply in unknown])
                self._alone.update(zip(unknown, alone, strict=True))
        return [
            (self._alone[reply] - loss) / sum(window.weights)
            for (reply, window), loss in zip(windows.items(), after, strict=True)
        ]

    def _losses(self, prefix: Sequence[int], endings: Sequence[Window]) -> list[float]:
        return losses_after(self._subject.model, prefix, endings, self._collate)


def as_ending(reply: Reply, renderer: Renderer, longest: int = LONGEST) -> Window:
    """The tokens of a reply after its first label, as many as `longest`; texts and bars count."""
    ids: list[int] = []
    weights: list[float] = []
    _, *segments = segments_of(Passage(reply.turns, None, ended=False), renderer.labels)
    for segment in segments:
        of_segment = renderer.ids(segment.text)
        ids += of_segment
        weights += [float(segment.kind != "label")] * len(of_segment)
    return Window(ids[:longest], weights[:longest])
