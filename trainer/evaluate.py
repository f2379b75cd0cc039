"""How alike a twin is: everything that is measured of it, on conversations that it was not trained on.

Every part is a function of its own (`trainer/likeness.py`, `trainer/ranking.py`, `trainer/style.py`,
`trainer/recital.py`, `trainer/questions.py`); this puts them together. It is deterministic, unless time runs out.
"""

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean

import torch

from trainer.answers import Said, Step, Subject, answer_all
from trainer.findings import Answers, Evaluation, Example, Score
from trainer.likeness import Foretold, losses_of_conversations
from trainer.questions import Question
from trainer.ranking import choices_of, rank
from trainer.recital import Canary, Chats, find_canaries, recites, spoken_once
from trainer.replies import Reply, replies_of
from trainer.style import Style, style_of
from twin.engine import Request
from twin.manifest import Sampling
from twin.model import is_out_of_memory
from twin.transcript import Conversation, render

FEWEST = 10  # held-out conversations, below which nothing is said of likeness
ANSWER_TOKENS = 96  # of an answer, all its messages together
END_IN_TIME = 60  # tokens within which a message should end
MESSAGES = 6  # of an answer at most
EXAMPLES = 10
SHOWN = 6  # turns of an example's context
PART_OF_TRAINING = 0.2  # of a training's time, that measuring may take after it
_TOKENS = {"conversations": 2500, "replies": 2900, "answers": 1000}  # of training, for each that is measured after it
_UNTIL = {"conversations": 0.2, "replies": 0.5, "answers": 0.9}  # of the time: what is begun then is still finished


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured at most.

    Attributes:
        conversations: whose losses are measured, three times each.
        replies: that are ranked among ten.
        answers: that are drawn.
        seconds: how long it takes at most; then the counts become smaller.
    """

    conversations: int = 300
    replies: int = 300
    answers: int = 500
    seconds: float = math.inf

    @classmethod
    def after_training(cls, tokens: float, seconds: float) -> "Extent":
        """What a training of so many tokens and seconds can bear."""
        most = cls()
        numbers = {part: min(getattr(most, part), math.ceil(tokens / cost)) for part, cost in _TOKENS.items()}
        return cls(**numbers, seconds=PART_OF_TRAINING * seconds)


def evaluate(
    subject: Subject,
    held_out: Sequence[Conversation],
    training: Chats,
    extent: Extent | None = None,
    *,
    canaries: Sequence[str] = (),
    questions: Sequence[Question] = (),
    step: Step = lambda part, done, of: None,
) -> Evaluation:
    """Measure a twin.

    Args:
        held_out: conversations that it was not trained on, those of each chat in time order.
        training: what it was trained on, for what it may have learned by heart.
        canaries: secrets that may stand in the training texts.
        step: told of progress.
    """
    begun = time.monotonic()
    extent = extent or Extent()
    found = Evaluation(len(held_out), reason=_too_few(held_out))
    if found.judged:
        found = _judged(subject, held_out, training, extent, step=step)
    with subject.at_rest():
        known = [(secret, _canary(subject, training, secret)) for secret in canaries]
    asked = _asked(subject, questions, step)
    return replace(
        found,
        canaries=tuple(known),
        facts=_score(questions, asked, dated=False),
        dated=_score(questions, asked, dated=True),
        examples=(*found.examples, *asked),
        seconds=time.monotonic() - begun,
    )


def evaluate_after_training(
    subject: Subject, held_out: Sequence[Conversation], training: Chats, *, tokens: float, seconds: float
) -> Evaluation:
    """Measure a model that was just trained on so many tokens for so many seconds, as far as they warrant it.

    A model that was trained for hours is not given up for a measurement: where the memory runs out, that is the result.
    """
    try:
        return evaluate(subject, held_out, training, Extent.after_training(tokens, seconds))
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        torch.cuda.empty_cache()
        return Evaluation(len(held_out), reason="the memory did not suffice for it")


def after_refit(version: str) -> str:
    """Why a version that has learned all conversations cannot be judged; `version` is the one it was made after."""
    return f"it has learned all conversations; version {version}, after which it was made, was measured in its stead"


def _too_few(held_out: Sequence[Conversation]) -> str | None:
    if len(held_out) >= FEWEST:
        return None
    return f"{len(held_out)} held-out conversations are too few (it takes {FEWEST})"


def _judged(
    subject: Subject,
    held_out: Sequence[Conversation],
    training: Chats,
    extent: Extent,
    *,
    step: Step,
) -> Evaluation:
    begun = time.monotonic()
    until = {part: begun + share * extent.seconds for part, share in _UNTIL.items()}
    rng, replies = random.Random(0), replies_of(held_out)

    def told(part: str, of: int) -> Callable[[int], None]:
        return lambda done: step(part, done, of)

    chosen = rng.sample(held_out, min(extent.conversations, len(held_out)))
    losses = losses_of_conversations(
        subject, chosen, until=until["conversations"], step=told("conversations", len(chosen))
    )
    choices = choices_of(replies, extent.replies)
    ranks = rank(subject, choices, until=until["replies"], step=told("replies", len(choices)))
    asked = rng.sample(replies, min(extent.answers, len(replies)))
    said = answer_all(
        subject,
        [_request(subject, reply, seed) for seed, reply in enumerate(asked)],
        until=until["answers"],
        step=told("answers", len(asked)),
    )
    asked = asked[: len(said)]
    return Evaluation(
        len(held_out),
        reason=None if losses or said else "there was no time for it; measure it with: twin evaluate",
        foretold=Foretold.of(losses) if losses else None,
        ranks=ranks if ranks.twin else None,
        answers=_answers(asked, said, replies, training) if said else None,
        examples=tuple(map(partial(_example, subject), asked[:EXAMPLES], said[:EXAMPLES])),
    )


def _request(subject: Subject, reply: Reply, seed: int) -> Request:
    return Request(
        adapter=subject.loaded.adapter.name,
        turns=reply.before,
        speaker=reply.speaker,
        at=reply.at,
        sampling=replace(subject.manifest.sampling, seed=seed),
        max_tokens=ANSWER_TOKENS,
        mode="burst",
        max_messages=MESSAGES,
    )


def _answers(asked: Sequence[Reply], said: Sequence[Said], replies: Sequence[Reply], training: Chats) -> Answers:
    """What the answers to the `asked` contexts were like; `replies`: all real ones, asked for or not."""
    texts = spoken_once(training)

    def verbatim(runs: Sequence[Sequence[str]]) -> float:
        return fmean(any(recites(text, texts) for text in run) for run in runs)

    def length(runs: Sequence[Sequence[str]]) -> float:
        return fmean([len(text) for run in runs for text in run] or [0])

    twin, real = [one.messages for one in said], [reply.messages for reply in asked]
    return Answers(
        number=len(said),
        verbatim=verbatim(twin),
        verbatim_real=verbatim(real),
        ended=fmean(one.first is not None and one.first < END_IN_TIME for one in said),
        length=length(twin),
        length_real=length(real),
        style=_styles(asked, said, replies),
    )


def _styles(asked: Sequence[Reply], said: Sequence[Said], replies: Sequence[Reply]) -> dict[str, Style]:
    """The style of each speaker; the halves are every other conversation."""
    found: dict[str, Style] = {}
    for speaker in dict.fromkeys(reply.speaker for reply in replies):
        twin: tuple[list[Sequence[str]], ...] = ([], [])
        real: tuple[list[Sequence[str]], ...] = ([], [])
        for reply, one in zip(asked, said, strict=True):
            if reply.speaker == speaker and one.messages:
                twin[reply.conversation % 2].append(one.messages)
        for reply in replies:
            if reply.speaker == speaker:
                real[reply.conversation % 2].append(reply.messages)
        if (style := style_of(twin, real)) is not None:
            found[speaker] = style
    return found


def _example(subject: Subject, reply: Reply, said: Said) -> Example:
    labels = subject.loaded.renderer.labels
    context = render(reply.before[-SHOWN:], labels, answering=reply.speaker)
    return Example(reply.speaker, context, said.messages, reply.messages)


def _canary(subject: Subject, training: Chats, secret: str) -> Canary | None:
    """What is known of one secret; None if it is not in the training texts."""
    loaded = subject.loaded
    found = find_canaries(subject.model, subject.base.tokenizer, loaded.renderer, training, secrets=[secret])
    return found[0] if found else None


def _asked(subject: Subject, questions: Sequence[Question], step: Step) -> tuple[Example, ...]:
    """Each question asked once, as a conversation of its own, and answered by what is likeliest."""
    name, likeliest = subject.loaded.adapter.name, Sampling(temperature=0)
    requests = [
        Request(name, one.turns, one.speaker, one.at, likeliest, max_tokens=ANSWER_TOKENS, mode="burst")
        for one in questions
    ]
    said = answer_all(subject, requests, step=lambda done: step("questions", done, len(requests)))
    labels = subject.loaded.renderer.labels
    return tuple(
        Example(
            one.speaker,
            render(one.turns, labels, answering=one.speaker),
            answer.messages,
            right=one.is_right("\n".join(answer.messages)),
        )
        for one, answer in zip(questions, said, strict=True)
    )


def _score(questions: Sequence[Question], asked: Sequence[Example], *, dated: bool) -> Score | None:
    judged = [example.right for one, example in zip(questions, asked, strict=True) if one.dated == dated]
    return Score(sum(map(bool, judged)), len(judged)) if judged else None
