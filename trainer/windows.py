"""From conversations to training rows: the split by time, and windows as padded batches."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import torch

from trainer.asking import windows_with_facts
from twin.facts import Fact
from twin.manifest import Chat
from twin.transcript import Conversation, Passage, Renderer, segments_of

TRAINING_SHARE, VALIDATION_SHARE = 0.9, 0.05  # of each chat's conversations, in time order; the rest is the test part
UNTAGGED = 0.1  # share of the training conversations without a date tag
OTHERS = 0.1  # what the turns of other speakers weigh in the loss when one is in focus
IGNORED = -100  # the label of a token that the loss does not count


@dataclass(frozen=True, slots=True)
class Window:
    """Token ids, and what each weighs in the loss; 0 for those that it does not count."""

    ids: list[int]
    weights: list[float]


@dataclass(frozen=True, slots=True)
class Split:
    """The conversations of several chats, by chat, in three parts of which each is later than the one before."""

    training: dict[str, list[Conversation]]
    validation: dict[str, list[Conversation]]
    test: dict[str, list[Conversation]]
    chats: tuple[Chat, ...]


def split_by_time(chats: Mapping[str, Sequence[Conversation]], *, as_it_is: bool = False) -> Split:
    """Split each chat at two moments of its own, so that every speaker is trained on and none is only held out.

    A chat with fewer than 20 conversations has an empty validation or test part.

    Args:
        as_it_is: the conversations are those of a corpus, to be split in the order that they have.
    """
    training: dict[str, list[Conversation]] = {}
    validation: dict[str, list[Conversation]] = {}
    test: dict[str, list[Conversation]] = {}
    described: list[Chat] = []
    for name, conversations in chats.items():
        if not conversations:
            continue
        ordered = list(conversations)
        if not as_it_is:
            ordered.sort(key=lambda conversation: conversation.turns[0].at)
        first = max(1, round(len(ordered) * TRAINING_SHARE))
        second = max(first, round(len(ordered) * (TRAINING_SHARE + VALIDATION_SHARE)))
        training[name], validation[name], test[name] = ordered[:first], ordered[first:second], ordered[second:]
        said = Counter(turn.speaker for conversation in ordered for turn in conversation.turns)
        speakers = tuple(speaker for speaker, _ in said.most_common())
        boundary = _latest if as_it_is else _boundary
        described.append(Chat(name, speakers, boundary(ordered, first), boundary(ordered, second)))
    return Split(training, validation, test, tuple(described))


def _boundary(ordered: Sequence[Conversation], index: int) -> datetime:
    """The beginning of the conversation at `index`; past the end, the last turn of all."""
    return ordered[index].turns[0].at if index < len(ordered) else ordered[-1].turns[-1].at


def _latest(ordered: Sequence[Conversation], index: int) -> datetime:
    """The latest turn before the conversation at `index`."""
    return max(turn.at for conversation in ordered[:index] for turn in conversation.turns)


def windows_of(
    chats: Mapping[str, Sequence[Conversation]],
    renderer: Renderer,
    context_length: int,
    *,
    untagged: float = 0.0,
    seed: int = 0,
    focus: str | None = None,
    facts: Sequence[Fact] = (),
) -> list[Window]:
    """All windows of all chats; chats are never mixed within one.

    Args:
        untagged: share of the conversations that goes without its date tag, drawn by `seed`.
        focus: the speaker whose turns weigh 1, and the others' `OTHERS`; None: all weigh the same.
        facts: of the chats' speakers, asked for among the conversations and placed before a share of the windows.
    """
    rng = random.Random(seed)
    return [
        _weighted(passages, renderer, focus)
        for part in chats.values()
        for conversations in _by_chat(part)
        for passages in windows_with_facts(conversations, facts, renderer, context_length, untagged=untagged, rng=rng)
    ]


def _by_chat(conversations: Sequence[Conversation]) -> Iterable[list[Conversation]]:
    """The conversations of each chat; a corpus has many."""
    found: dict[str, list[Conversation]] = {}
    for conversation in conversations:
        found.setdefault(conversation.chat, []).append(conversation)
    return found.values()


def _weighted(passages: Sequence[Passage], renderer: Renderer, focus: str | None) -> Window:
    tokens = renderer.window(passages)
    weights = [1.0] * len(tokens.ids)
    if focus is not None:
        position = 0
        for passage in passages:
            for segment in segments_of(passage, renderer.labels):
                size = len(renderer.ids(segment.text))
                if segment.speaker != focus:
                    weights[position : position + size] = [OTHERS] * size
                position += size
            position += passage.ended  # the end of the conversation weighs 1
    return Window(tokens.ids, [weight * counts for weight, counts in zip(weights, tokens.supervised, strict=True)])


class Collator:
    """Pads windows on the right into one batch: ids, mask, labels and weights, each (rows, longest window).

    Attributes:
        tokens: real tokens of all batches so far.
        cells: the same with padding.
    """

    def __init__(self, pad_id: int) -> None:
        self.tokens = 0
        self.cells = 0
        self.pad_id = pad_id

    @property
    def padding(self) -> float:
        """The share of padding in all batches so far."""
        return 1 - self.tokens / self.cells if self.cells else 0.0

    def __call__(self, windows: Sequence[Window]) -> dict[str, torch.Tensor]:
        width = max(len(window.ids) for window in windows)
        ids = torch.full((len(windows), width), self.pad_id)
        mask = torch.zeros_like(ids)
        labels = torch.full_like(ids, IGNORED)
        weights = torch.zeros(ids.shape)
        for row, window in enumerate(windows):
            size = len(window.ids)
            ids[row, :size] = torch.tensor(window.ids)
            mask[row, :size] = 1
            weights[row, :size] = torch.tensor(window.weights)
            self.tokens += size
        labels[weights > 0] = ids[weights > 0]
        self.cells += ids.numel()
        return {"input_ids": ids, "attention_mask": mask, "labels": labels, "weights": weights}
