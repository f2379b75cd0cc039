"""The text of an answer: pieces, bursts, and answers that are none."""

import pytest
from transformers import PreTrainedTokenizerFast

from twin.degenerate import echoes, is_loop
from twin.engine import NEXT_MESSAGE, NextMessage
from twin.writing import Alphabet, Writing

LABEL = " Lisa:"


def write(tokenizer: PreTrainedTokenizerFast, text: str, **options: int) -> tuple[list[str], Writing]:
    """What comes of a continuation, until it ends."""

    def ids(segment: str) -> list[int]:
        return list(tokenizer(segment, add_special_tokens=False)["input_ids"])

    writing = Writing(Alphabet(tokenizer), **{"max_tokens": 60} | options, label=ids(LABEL))
    pieces: list[str] = []
    for token in [*ids(text), tokenizer.eos_token_id]:
        pieces += writing.add(token)
        if writing.finish:
            break
    return pieces, writing


@pytest.mark.parametrize(
    ("continuation", "messages"),
    [
        (" Hey | Daniel: no", ["Hey"]),
        (" Hey | Lisa: there | Lisa: you | Daniel: no", ["Hey", "there", "you"]),
        (" Hey | Lisabeth: no", ["Hey"]),
        (" Hey | Lisa: schön 😀", ["Hey", "schön 😀"]),
        (" a | Lisa: b | Lisa: c | Lisa: d | Lisa: e |", ["a", "b", "c"]),
    ],
)
def test_a_burst_ends_with_its_speaker(
    tokenizer: PreTrainedTokenizerFast, continuation: str, messages: list[str]
) -> None:
    pieces, writing = write(tokenizer, continuation, max_messages=3)
    assert writing.messages == messages and writing.finish == "separator"
    assert "".join(pieces) == "\n".join(messages)
    assert sum(isinstance(piece, NextMessage) for piece in pieces) == len(messages) - 1
    assert not any("|" in piece or "\ufffd" in piece for piece in pieces)


def test_a_burst_that_is_cut_in_a_label_says_no_half_message(tokenizer: PreTrainedTokenizerFast) -> None:
    whole_length = len(tokenizer(" Hey |", add_special_tokens=False)["input_ids"])
    pieces, writing = write(tokenizer, " Hey | Lisa: there |", max_messages=3, max_tokens=whole_length + 1)
    assert (pieces, writing.finish) == (["Hey"], "length")


def test_a_message_may_end_once_it_has_its_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    writing = Writing(Alphabet(tokenizer), 9, min_tokens=2)
    allowed = []
    for token in tokenizer(" Hey Hey", add_special_tokens=False)["input_ids"]:
        allowed.append(writing.may_end)
        writing.add(token)
    assert allowed[:2] == [False, False] and writing.may_end


def test_the_next_message_joins_as_a_line() -> None:
    assert "".join(["a", NEXT_MESSAGE, "b"]) == "a\nb"


@pytest.mark.parametrize(
    ("said", "loop"),
    [
        ([1, 2, 3] * 4, True),
        ([9, 9, 1, 2, 3, 4, 5] + [1, 2, 3, 4, 5] * 3, True),
        ([7] * 12, True),
        ([7] * 8, False),
        ([1, 2, 3, 4] * 3, False),
        (list(range(40)), False),
    ],
)
def test_loops(said: list[int], loop: bool) -> None:
    assert is_loop(said) is loop


@pytest.mark.parametrize(
    ("answer", "heard", "echo"),
    [
        ("How are you", "how are you?", True),
        ("How are you?!", "How are you", True),
        ("How are", "How are you", False),
        ("ok", "ok", False),
        ("", "ok", False),
        ("Fine", "How are you", False),
    ],
)
def test_echoes(answer: str, heard: str, echo: bool) -> None:
    assert echoes(answer, heard) is echo


def test_an_echo_shows_before_it_is_whole() -> None:
    assert echoes("How ar", "how are you", so_far=True)
    assert not echoes("How old", "how are you", so_far=True)
    assert not echoes("how are you today", "how are you", so_far=True)
