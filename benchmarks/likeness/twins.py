"""The twins that are compared: the demo's, one without its aids, and one that never learned who said what."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.likeness.material import with_one_date
from demo.play import BASE, EXPORTS, FACTS, OPTIONS
from trainer import dataset, general
from trainer.likeness import exchanged
from trainer.prepare import prepare
from trainer.run import Choices, settled
from trainer.train import TrainingData
from twin.adapter import Adapter, AdapterFolder
from twin.factfile import read_facts
from twin.settings import Settings, load_settings
from twin.transcript import Conversation

CORPUS = Path(BASE).parent / "general.jsonl"
NAME, PLAIN, SHUFFLED, GENERAL = "daniel", "plain", "shuffled", "general"
GENERAL_OPTIONS = {**OPTIONS, "epochs": 1}

Chats = Mapping[str, Sequence[Conversation]]


@dataclass(frozen=True, slots=True)
class Twins:
    """Adapters of one seed, all on the demo's base model.

    Attributes:
        demo: what `twin demo` trains: the two chats, their dates, the facts.
        plain: continued from a general stage, without facts, all conversations of one date.
        shuffled: whose speakers were exchanged in every other conversation.
        chats: what the first two learned from.
    """

    demo: Adapter
    plain: Adapter
    shuffled: Adapter
    chats: dict[str, list[Conversation]]
    adapters: AdapterFolder


def train(folder: Path, seed: int, show: Callable[[str], None]) -> Twins:
    """Train them in a folder of their own, and show what is being trained."""
    settings = replace(load_settings(), data_dir=folder, base_model=str(BASE))
    prepare(EXPORTS, dataset=settings.dataset(NAME))
    read = dataset.load(settings.dataset(NAME))
    facts = read_facts(FACTS, read.speakers)
    data = TrainingData(read.chats, (NAME,), read.digest, round(read.options.gap.total_seconds()), facts)
    show("training the demo's twin")
    _train(NAME, data, settings, {**OPTIONS, "seed": seed})
    show("training the general stage")
    choices = Choices(base=str(BASE), options={**GENERAL_OPTIONS, "seed": seed})
    general.train_general(general.read_corpus(CORPUS), GENERAL, settings, choices, lambda event: None)
    show("training one without facts and dates")
    one_date = replace(data, chats=with_one_date(read.chats), facts=(), digest="one date")
    _train(PLAIN, one_date, settings, {**OPTIONS, "seed": seed}, source=GENERAL)
    show("training one whose speakers were exchanged")
    exchanged = replace(data, chats=with_speakers_exchanged(read.chats, seed), facts=(), digest="shuffled")
    _train(SHUFFLED, exchanged, settings, {**OPTIONS, "seed": seed})
    adapters = AdapterFolder(settings.adapters)
    return Twins(*(adapters.load(name) for name in (NAME, PLAIN, SHUFFLED)), read.chats, adapters)


def _train(
    name: str, data: TrainingData, settings: Settings, options: dict[str, Any], source: str | None = None
) -> None:
    choices = Choices(base=str(BASE), options=options, source=source)
    settled(name, data, settings, choices, last=None, report=lambda event: None)


def with_speakers_exchanged(chats: Chats, seed: int) -> dict[str, list[Conversation]]:
    """The conversations, with the two speakers of a chat exchanged in about half of them."""
    rng = random.Random(seed)
    return {
        name: [one if rng.random() < 0.5 else _exchanged(one) for one in conversations]
        for name, conversations in chats.items()
    }


def _exchanged(conversation: Conversation) -> Conversation:
    names = exchanged(conversation, ())
    turns = tuple(replace(turn, speaker=names[turn.speaker]) for turn in conversation.turns)
    return Conversation(turns, conversation.chat)
