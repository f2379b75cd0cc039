"""Decoding: where an answer ends, and that its pieces are whole characters without a trace of the separator."""

import math
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from twin.decoding import Decoder, Drawing, draw
from twin.manifest import Sampling

GREEDY = Sampling(temperature=0, repetition_penalty=1)


class Recital:
    """A causal model that says the tokens it is given, whatever it reads."""

    def __init__(self, script: list[int], vocabulary: int) -> None:
        self.read: list[int] = []
        self._script = iter(script)
        self._vocabulary = vocabulary

    def parameters(self) -> Iterator[torch.Tensor]:
        yield torch.zeros(1)

    def eval(self) -> None:
        """As in torch."""

    def __call__(self, input_ids: torch.Tensor, **_: Any) -> SimpleNamespace:
        self.read += input_ids[0].tolist()
        logits = torch.zeros(1, 1, self._vocabulary)
        logits[0, 0, next(self._script)] = 9
        return SimpleNamespace(logits=logits)


def recite(tokenizer: PreTrainedTokenizerFast, text: str, max_tokens: int = 500) -> tuple[list[str], str | None]:
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    model = Recital([*ids, tokenizer.eos_token_id], len(tokenizer))
    pieces = list(Decoder(model, tokenizer).pieces([1], GREEDY, max_tokens))
    return [text for text, _ in pieces], pieces[-1][1]


def test_the_answer_ends_at_the_first_separator(tokenizer: PreTrainedTokenizerFast) -> None:
    pieces, finish = recite(tokenizer, " Going well! | Lisa: How about you? |")
    assert ("".join(pieces), finish) == ("Going well!", "separator")


@given(st.text(alphabet=st.characters(exclude_characters="|", exclude_categories=("Cs",)), min_size=1, max_size=30))
def test_pieces_are_whole_characters_and_add_up(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    said = text.strip()
    if not said or "\ufffd" in said:
        return
    pieces, finish = recite(tokenizer, f" {said} | more")
    assert ("".join(pieces), finish) == (said, "separator")
    assert not any("\ufffd" in piece or "|" in piece for piece in pieces)


def test_an_end_of_conversation_ends_the_answer(tokenizer: PreTrainedTokenizerFast) -> None:
    assert recite(tokenizer, " Hey") == (["Hey", ""], "separator")


def test_a_long_answer_ends_by_its_length(tokenizer: PreTrainedTokenizerFast) -> None:
    pieces, finish = recite(tokenizer, " Hey" * 9, max_tokens=3)
    assert ("".join(pieces), finish) == ("Hey Hey Hey", "length")


def test_half_a_character_at_the_length_is_left_out(tokenizer: PreTrainedTokenizerFast) -> None:
    emoji = tokenizer(" 🦉", add_special_tokens=False)["input_ids"]
    pieces, finish = recite(tokenizer, " Hey 🦉", max_tokens=1 + len(emoji) - 1)
    assert ("".join(pieces).strip(), finish) == ("Hey", "length")


def test_an_answer_is_never_empty(tokenizer: PreTrainedTokenizerFast) -> None:
    pieces, _ = recite(tokenizer, " | Hey |")
    assert "".join(pieces)


def test_ids_that_the_tokenizer_does_not_have_are_never_drawn(tokenizer: PreTrainedTokenizerFast) -> None:
    model = Recital([len(tokenizer) + 5] * 3, len(tokenizer) + 9)
    pieces = Decoder(model, tokenizer).pieces([1], GREEDY, 3)
    assert "".join(text for text, _ in pieces)  # such ids would read as nothing


def test_cancelling_stops_before_the_next_token(tokenizer: PreTrainedTokenizerFast) -> None:
    model = Recital(tokenizer(" Hey" * 9, add_special_tokens=False)["input_ids"], len(tokenizer))
    cancelled = threading.Event()
    pieces = Decoder(model, tokenizer).pieces([1], GREEDY, 50, cancelled)
    next(pieces)
    cancelled.set()
    list(pieces)
    assert len(model.read) == 1


def test_drawing_follows_temperature_nucleus_and_penalty() -> None:
    logits = torch.tensor([2.0, 1.9, -5.0])
    generator = torch.Generator().manual_seed(0)
    assert draw(logits.clone(), [], GREEDY, generator) == 0
    assert draw(logits.clone(), [0], Sampling(temperature=0, repetition_penalty=1.5), generator) == 1
    narrow = Sampling(temperature=1, top_p=0.1, repetition_penalty=1)
    assert {draw(logits.clone(), [], narrow, generator) for _ in range(20)} == {0}
    wide = Sampling(temperature=1, top_p=0.99, repetition_penalty=1)
    assert {draw(logits.clone(), [], wide, generator) for _ in range(50)} == {0, 1}
    assert draw(logits.clone(), [], Sampling(temperature=1e-40), generator) == 0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("temperature", -1), ("temperature", math.nan), ("temperature", 10**400), ("temperature", "hot"),
        ("top_p", 0), ("top_p", math.inf), ("repetition_penalty", 0), ("repetition_penalty", 1e-40),
        ("seed", "x"), ("seed", 2**63), ("seed", 1.5),
    ],
)  # fmt: skip
def test_what_nothing_can_be_drawn_with_is_refused(key: str, value: Any) -> None:
    with pytest.raises(ValueError, match="nothing can be drawn"):
        Sampling(**{key: value})


@given(
    st.builds(
        Sampling,
        temperature=st.floats(0, 100),
        top_p=st.floats(0, 2, exclude_min=True),
        repetition_penalty=st.floats(0.1, 10),
        seed=st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
    )
)
def test_with_all_else_something_is(sampling: Sampling) -> None:
    alphabet = SimpleNamespace(ends=frozenset({1}))
    generator = Drawing(alphabet, torch.device("cpu")).generator(sampling)  # type: ignore[arg-type]
    assert draw(torch.tensor([80.0, -80.0, 0.5]), [0, 2], sampling, generator) in range(3)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_seed_repeats_a_draw(seed: int) -> None:
    draws = [
        draw(torch.arange(50.0) / 10, [], Sampling(seed=seed), torch.Generator().manual_seed(seed)) for _ in range(3)
    ]
    assert len(set(draws)) == 1
