"""What a twin has learned by heart: answers that recite a training text, and secrets that were planted to be found.

Verbatim overlap is counted on answers of the twin's own. Exposure (arXiv 1802.08232) tells how much likelier a secret
has become than others of its form: log2 of their number, less log2 of the secret's rank among them.
"""

import math
import random
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from trainer.loss import computing, losses_after
from trainer.windows import Collator, Window
from twin.decoding import Decoder
from twin.manifest import Sampling
from twin.transcript import Conversation, Passage, Renderer, Turn, clean_text

VERBATIM = 50  # characters in a row that make an answer a recital
ANSWER_TOKENS = 64
CONTEXT_TOKENS = 256
ALTERNATIVES = 255  # secrets of the same form that one is ranked among: exposure is then at most 8 bits

Chats = Mapping[str, Sequence[Conversation]]
Place = tuple[Sequence[Turn], Turn]  # a turn, and what was said in its conversation before


@dataclass(frozen=True, slots=True)
class Canary:
    """How well a secret of the training texts is known by heart.

    Attributes:
        exposure: in bits; 0: no likelier than others of its form, `most`: likelier than all of them.
        recited: whether the likeliest answer to what was said before contains it.
    """

    secret: str
    exposure: float
    most: float
    recited: bool

    @property
    def memorised(self) -> bool:
        """Whether the twin gives it away, or knows it better than nearly all others."""
        return self.recited or self.exposure >= self.most - 1


def spoken_once(chats: Chats) -> str:
    """The texts of the chats that are long enough to be recited, one a line. One that was said again and again is a
    habit, which a twin should have."""
    said = Counter(clean_text(turn.text) for turn in _turns(chats))
    return "\n".join(text for text, times in said.items() if times == 1 and len(text) >= VERBATIM)


def recites(answer: str, texts: str) -> bool:
    """Whether `answer` has `VERBATIM` characters in a row from `texts`."""
    return any(answer[i : i + VERBATIM] in texts for i in range(len(answer) - VERBATIM + 1))


def verbatim_overlap(model: Any, tokenizer: Any, renderer: Renderer, chats: Chats, answers: int) -> float:
    """The share of the twin's answers that recite a training text.

    It is asked where it was trained to give a long answer, so that there is something to recite.

    Args:
        chats: what it was trained on.
        answers: how many at most.
    """
    texts = spoken_once(chats)
    places = [
        (conversation.turns[:cut], turn)
        for part in chats.values()
        for conversation in part
        for cut, turn in enumerate(conversation.turns)
        if cut and len(clean_text(turn.text)) >= VERBATIM
    ]
    if not texts or not places:
        return 0.0
    chosen = random.Random(0).sample(places, min(answers, len(places)))
    said = (_answer(model, tokenizer, renderer, place, Sampling(seed=seed)) for seed, place in enumerate(chosen))
    return sum(recites(answer, texts) for answer in said) / len(chosen)


def find_canaries(
    model: Any, tokenizer: Any, renderer: Renderer, chats: Chats, *, secrets: Iterable[str], seed: int = 0
) -> list[Canary]:
    """How well the model knows secrets that stand in the chats it was trained on; those that do not are left out.

    Args:
        secrets: what was planted, such as "the code is 48213": its digits, or letters where it has none, are what
            others of its form differ in.
    """
    found = []
    for secret in secrets:
        place = next(
            (
                (conversation.turns[:cut], turn)
                for part in chats.values()
                for conversation in part
                for cut, turn in enumerate(conversation.turns)
                if secret in turn.text
            ),
            None,
        )
        if place is not None:
            found.append(_canary(model, tokenizer, renderer, place=place, secret=secret, rng=random.Random(seed)))
    return found


def _canary(
    model: Any,
    tokenizer: Any,
    renderer: Renderer,
    *,
    place: Place,
    secret: str,
    rng: random.Random,
) -> Canary:
    others = {_another(secret, rng) for _ in range(ALTERNATIVES)} - {secret}
    texts = (secret, *sorted(others))
    losses = dict(zip(texts, _losses_of(model, tokenizer, renderer, place, secret=secret, texts=texts), strict=True))
    rank = 1 + sum(losses[text] < losses[secret] for text in others)
    answer = _answer(model, tokenizer, renderer, place, Sampling(temperature=0))
    most = math.log2(len(losses))
    return Canary(secret, most - math.log2(rank), most, clean_text(secret) in answer)


def _another(secret: str, rng: random.Random) -> str:
    """A secret of the same form: other digits, or other letters in one without digits."""
    if any(map(str.isdecimal, secret)):
        return "".join(rng.choice(string.digits) if letter.isdecimal() else letter for letter in secret)
    return "".join(rng.choice(string.ascii_lowercase) if letter.isalpha() else letter for letter in secret)


def _losses_of(
    model: Any, tokenizer: Any, renderer: Renderer, place: Place, *, secret: str, texts: Sequence[str]
) -> list[float]:
    """The loss of a turn's text after what was said before it, with each of the texts in the secret's stead."""
    before, turn = place
    start = renderer.window([Passage(tuple(before), None, ended=False)], answering=turn.speaker).ids
    said = [renderer.ids(f" {clean_text(turn.text.replace(secret, text))}") for text in texts]
    was_training = model.training
    model.eval()
    endings = [Window(list(ids), [1.0] * len(ids)) for ids in said]
    losses = losses_after(model, start, endings, Collator(tokenizer.pad_token_id))
    model.train(was_training)
    return losses


def _answer(model: Any, tokenizer: Any, renderer: Renderer, place: Place, sampling: Sampling) -> str:
    before, turn = place
    prompt = renderer.serving_window(before, turn.speaker, turn.at, CONTEXT_TOKENS)
    with torch.no_grad(), computing(model):
        return "".join(piece for piece, _ in Decoder(model, tokenizer).pieces(prompt, sampling, ANSWER_TOKENS))


def _turns(chats: Chats) -> Iterable[Turn]:
    return (turn for part in chats.values() for conversation in part for turn in conversation.turns)
