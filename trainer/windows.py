"""From conversations to training rows: the split by time, and windows as padded batches."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import torch

from twin.adapter import Chat
from twin.transcript import Conversation, Renderer, Tokens

TRAINING_SHARE, VALIDATION_SHARE = 0.9, 0.05  # of each chat's conversations, in time order; the rest is the test part
UNTAGGED = 0.1  # share of the training conversations without a date tag
IGNORED = -100  # the label of a token that the loss does not count


@dataclass(frozen=True, slots=True)
class Split:
    """The conversations of several chats, by chat, in three parts of which each is later than the one before."""

    training: dict[str, list[Conversation]]
    validation: dict[str, list[Conversation]]
    test: dict[str, list[Conversation]]
    chats: tuple[Chat, ...]


def split_by_time(chats: Mapping[str, Sequence[Conversation]]) -> Split:
    """Split each chat at two moments of its own, so that every speaker is trained on and none is only held out.

    A chat with fewer than 20 conversations has an empty validation or test part.
    """
    training: dict[str, list[Conversation]] = {}
    validation: dict[str, list[Conversation]] = {}
    test: dict[str, list[Conversation]] = {}
    described: list[Chat] = []
    for name, conversations in chats.items():
        if not conversations:
            continue
        ordered = sorted(conversations, key=lambda conversation: conversation.turns[0].at)
        first = max(1, round(len(ordered) * TRAINING_SHARE))
        second = max(first, round(len(ordered) * (TRAINING_SHARE + VALIDATION_SHARE)))
        training[name], validation[name], test[name] = ordered[:first], ordered[first:second], ordered[second:]
        said = Counter(turn.speaker for conversation in ordered for turn in conversation.turns)
        speakers = tuple(speaker for speaker, _ in said.most_common())
        described.append(Chat(name, speakers, _boundary(ordered, first), _boundary(ordered, second)))
    return Split(training, validation, test, tuple(described))


def _boundary(ordered: Sequence[Conversation], index: int) -> datetime:
    """The beginning of the conversation at `index`; past the end, the last turn of all."""
    return ordered[index].turns[0].at if index < len(ordered) else ordered[-1].turns[-1].at


def windows_of(
    chats: Mapping[str, Sequence[Conversation]], renderer: Renderer, context_length: int, seed: int, untagged: float
) -> list[Tokens]:
    """All windows of all chats; chats are never mixed within one."""
    rng = random.Random(seed)
    return [
        renderer.window(window)
        for conversations in chats.values()
        for window in renderer.training_windows(conversations, context_length, untagged, rng)
    ]


@dataclass(frozen=True, slots=True)
class Collator:
    """Pads windows on the right into one batch: ids, mask and labels, each (rows, longest window)."""

    pad_id: int

    def __call__(self, windows: Sequence[Tokens]) -> dict[str, torch.Tensor]:
        width = max(len(window.ids) for window in windows)
        ids = torch.full((len(windows), width), self.pad_id)
        mask = torch.zeros_like(ids)
        labels = torch.full_like(ids, IGNORED)
        for row, window in enumerate(windows):
            size = len(window.ids)
            window_ids = torch.tensor(window.ids)
            ids[row, :size] = window_ids
            mask[row, :size] = 1
            labels[row, :size] = torch.where(torch.tensor(window.supervised), window_ids, IGNORED)
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}
