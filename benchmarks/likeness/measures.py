"""What `trainer/evaluate.py` does not measure: sense, whether turns are in character, questions that nothing covers."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.likeness.material import NOW, Pair
from trainer.answers import Subject, answer_all
from trainer.likeness import spoken
from trainer.loss import losses_of
from trainer.questions import Question
from trainer.windows import Collator, Window
from twin.adapter import Adapter
from twin.engine import Engine, Request
from twin.manifest import Sampling
from twin.talk import simulate
from twin.transcript import Conversation, Passage, Turn, date_tag

ASKER, SPEAKERS = "Daniel", ("Lisa", "Peter")
SIMULATIONS, TURNS = 10, 20


def sense(subject: Subject, pairs: Sequence[Pair]) -> float:
    """The share of pairs of which the plausible reply is likelier by character, whoever of the two gives it."""
    replies = [(pair.context, text) for pair in pairs for text in (pair.plausible, pair.absurd)]
    losses = [0.0] * len(replies)
    for speaker in SPEAKERS:
        windows = [_reply(subject, speaker, context, text) for context, text in replies]
        found = losses_of(subject.model, windows, Collator(subject.base.tokenizer.pad_token_id))
        losses = [before + loss / len(text) for before, loss, (_, text) in zip(losses, found, replies, strict=True)]
    return sum(losses[number] < losses[number + 1] for number in range(0, len(losses), 2)) / len(pairs)


def _reply(subject: Subject, speaker: str, context: str, text: str) -> Window:
    """A conversation of which the loss counts the reply alone."""
    turns = (Turn(ASKER, context, NOW), Turn(speaker, text, NOW))
    renderer = subject.loaded.renderer
    tag = date_tag(NOW, renderer.latest)
    before = renderer.window([Passage(turns[:1], tag, ended=False)], speaker).ids
    whole = spoken([Passage(turns, tag, ended=False)], renderer)
    return Window(whole.ids, [0.0] * len(before) + whole.weights[len(before) :])


async def simulated(engine: Engine, adapter: Adapter, openings: Sequence[str], seed: int) -> list[Turn]:
    """The turns of several conversations between two people who never wrote to each other, without the openings."""

    async def one(number: int, opening: str) -> list[Turn]:
        drawn = replace(adapter.manifest.sampling, seed=1000 * seed + 100 * number)
        speakers = SPEAKERS if number % 2 else SPEAKERS[::-1]
        talk = simulate(engine, adapter.name, speakers, turns=TURNS + 1, at=NOW, opening=opening, sampling=drawn)
        return [turn async for turn in talk][1:]

    talks = await asyncio.gather(*(one(number, opening) for number, opening in enumerate(openings[:SIMULATIONS])))
    return [turn for talk in talks for turn in talk]


def in_character(said: Sequence[Turn], real: Mapping[str, Sequence[Conversation]]) -> float:
    """The share of turns that a classifier of real turns gives to who said them.

    It sees the character n-grams of a turn (TF-IDF, logistic regression), and learned from the chats.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    turns = [turn for part in real.values() for one in part for turn in one.turns if turn.speaker in SPEAKERS]
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), lowercase=False)
    classifier = make_pipeline(grams, LogisticRegression(class_weight="balanced", max_iter=500))
    classifier.fit([turn.text for turn in turns], [turn.speaker for turn in turns])
    found = classifier.predict([turn.text for turn in said])
    return sum(turn.speaker == name for turn, name in zip(said, found, strict=True)) / len(said)


def unfounded(subject: Subject, asked: Sequence[tuple[str, str]], facts: Sequence[Question]) -> float:
    """The share of questions which no fact covers that are answered with what a fact of the speaker says."""
    others = [subject.manifest.counterpart(speaker) for speaker, _ in asked]
    requests = [
        Request("", (Turn(other, question, NOW),), speaker, NOW, Sampling(temperature=0))
        for other, (speaker, question) in zip(others, asked, strict=True)
    ]
    answers = answer_all(subject, requests)
    wrong = 0
    for (speaker, _), answer in zip(asked, answers, strict=True):
        wrong += any(fact.is_right("\n".join(answer.messages)) for fact in facts if fact.speaker == speaker)
    return wrong / len(asked)
