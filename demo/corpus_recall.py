"""What only looking back can answer: random tokens that come again, and facts in words that mean nothing.

A small model that reads dialogues alone learns what people usually say, and never to look up what stands before it: the
values of `demo/knowledge.txt` are few enough to be guessed. Sequences of random tokens that are repeated make the heads
that copy ("induction heads": Olsson et al., 2022, https://arxiv.org/abs/2209.11895) within some hundred steps; placed facts
with invented words then teach to use them where a question shares words with what was placed, or asks for it in others.
"""

import random
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

from demo.corpus import conversations
from demo.corpus_facts import kinds
from twin.transcript import Conversation, Passage, Turn, date_tag

_FOLDER = Path(__file__).parent
UNTAGGED = 0.15  # share of conversations without their date tag
_AT = datetime(2020, 1, 1)
_VOWELS, _CONSONANTS, _ENDS = "aeiou", "bdfghjklmnprstvwz", ("n", "r", "s", "l", "t", "m", "", "")
_LENGTHS = (4, 24)  # tokens of a sequence that is repeated

QuestionsAndAnswers = tuple[list[str], list[str]]  # ways to ask for one thing, and to answer


def repeated(rng: random.Random, vocabulary: int, tokens: int) -> tuple[list[list[int]], int]:
    """Rows of random ids below `vocabulary`, about `tokens` in all: a sequence two or three times. Its length, too."""
    length, times = rng.randint(*_LENGTHS), rng.randint(2, 3)
    rows = max(1, tokens // (length * times))
    return [[rng.randrange(vocabulary) for _ in range(length)] * times for _ in range(rows)], length


def recalls(seed: int) -> Iterator[list[Passage]]:
    """Windows without end: one to three placed facts, then a conversation that comes to ask for some of them."""
    rng = random.Random(seed)
    for conversation in conversations(seed):
        if len({turn.speaker for turn in conversation.turns}) == 2:
            yield _window(rng, conversation)


def _window(rng: random.Random, conversation: Conversation) -> list[Passage]:
    """What was said before a question is the beginning of the conversation, or nothing."""
    asker, owner = rng.sample(sorted({turn.speaker for turn in conversation.turns}), 2)
    facts = [
        _meaningless(rng) if rng.random() < 0.5 else _of_a_kind(rng) for _ in range(rng.choice((1, 1, 1, 2, 2, 3)))
    ]
    placed, asked = list[Passage](), list[tuple[Turn, Turn]]()
    for questions, answers in facts:
        question, answer = rng.choice(questions), rng.choice(answers)
        placed.append(Passage(_exchange(rng, asker, question, owner, answer), None, ended=True, placed=True))
        again = question if rng.random() < 0.35 else rng.choice(questions)
        if len(questions) == 1 and rng.random() < 0.4:
            again = _reworded(rng, again)
        asked.append(_exchange(rng, asker, again, owner, answer if rng.random() < 0.5 else rng.choice(answers)))
    chosen = rng.sample(asked, min(len(asked), rng.choice((1, 1, 2, 3))))
    before = conversation.turns[: rng.choice((0, 0, 0, 0, 1, 2, 3, 4, 6))]
    tag = date_tag(conversation.turns[0].at) if rng.random() >= UNTAGGED else None
    return [*placed, Passage((*before, *(turn for both in chosen for turn in both)), tag, ended=True)]


def _exchange(rng: random.Random, asker: str, question: str, owner: str, answer: str) -> tuple[Turn, Turn]:
    said = [text[:1].upper() + text[1:] if rng.random() < 0.15 else text for text in (question, answer)]
    return Turn(asker, said[0], _AT), Turn(owner, said[1], _AT)


def _meaningless(rng: random.Random) -> QuestionsAndAnswers:
    """A question and an answer whose words were drawn by lot: no model can guess them."""
    return [_phrase(rng, 2, 6) + rng.choice("???..!")], [_phrase(rng, 1, 5)]


def _of_a_kind(rng: random.Random) -> QuestionsAndAnswers:
    """A fact of a kind that can be asked for in many words, mostly with a value that nobody would expect."""
    kind = rng.choice(kinds())
    value = rng.choice(kind.values) if rng.random() < 0.3 else _phrase(rng, 1, 3)
    return list(kind.ask), [answer.replace("{v}", value) for answer in kind.answers]


def _reworded(rng: random.Random, question: str) -> str:
    """The question without one or two of its words, and with another one in it."""
    words, end = question[:-1].split(), question[-1]
    kept = sorted(rng.sample(range(len(words)), max(1, len(words) - rng.randint(1, 2))))
    words = [words[number] for number in kept]
    words.insert(rng.randint(0, len(words)), rng.choice(_words()))
    return " ".join(words) + end


def _phrase(rng: random.Random, fewest: int, most: int) -> str:
    words = range(rng.randint(fewest, most))
    return " ".join(_invented(rng) if rng.random() < 0.35 else rng.choice(_words()) for _ in words)


def _invented(rng: random.Random) -> str:
    syllables = (rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(rng.randint(2, 3)))
    return "".join(syllables) + rng.choice(_ENDS)


@cache
def _words() -> tuple[str, ...]:
    """All words of the corpus, in lower case."""
    files = [*sorted((_FOLDER / "flows").glob("*.txt")), _FOLDER / "knowledge.txt"]
    found = re.findall(r"[^\W\d_][^\W\d_']+", " ".join(file.read_text("utf-8") for file in files))
    return tuple(sorted({word.lower() for word in found}))
