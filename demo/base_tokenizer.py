"""The tokenizer of the demo's base model: byte-level BPE with GPT-2's splitting into words, about 4,096 tokens."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from demo.corpus import conversations
from demo.corpus_people import NAMES
from demo.corpus_words import EMOJI, OTHER_NAMES, WORDS
from twin.transcript import date_tag, render

EOS = "<|endoftext|>"
VOCABULARY = 4_096
_CONVERSATIONS = 12_000
_SEED = 99
_WORD_COUNT = 120  # how often a listed word counts: as much as a rather rare word of the corpus


def train_tokenizer() -> PreTrainedTokenizerFast:
    """Trains it on generated conversations and on words, names and emoji that these lack. Every byte has a token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    return _wrapped(tokenizer)


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer that an earlier run made; saved again, it gives the same files."""
    return _wrapped(Tokenizer.from_file(str(folder / "tokenizer.json")))


def _wrapped(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=EOS,
        pad_token=EOS,
        clean_up_tokenization_spaces=False,
        model_max_length=2_048,
    )


def _texts() -> Iterator[str]:
    for conversation in itertools.islice(conversations(_SEED), _CONVERSATIONS):
        labels = {turn.speaker: turn.speaker for turn in conversation.turns}
        yield render(conversation.turns, labels, date_tag(conversation.turns[0].at))
    for word in WORDS:
        yield f" {word}" * _WORD_COUNT
    for name in (*NAMES, *OTHER_NAMES):
        yield f" {name}:" * _WORD_COUNT
        yield from [f"{name}:"] * _WORD_COUNT
    for emoji in EMOJI:
        yield f" {emoji}" * _WORD_COUNT
        yield emoji * _WORD_COUNT
    for year in range(2010, 2031):
        yield f"[{year}-01 " * _WORD_COUNT
