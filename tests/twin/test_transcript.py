"""The transcript: the exact loss mask, and the properties that training and serving rely on."""

import itertools
import random
import re
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from tests.masks import tokens_of
from twin.said import Said
from twin.transcript import (
    Conversation,
    Passage,
    Renderer,
    Turn,
    clean_name,
    clean_text,
    date_tag,
    labels_of,
    render,
    said_in,
    split_at_gaps,
)

AT = datetime(2023, 5, 4, 18, 0)
names = st.text(min_size=1, max_size=12)
texts = st.text(max_size=60) | st.sampled_from(
    ["hi | Lisa: I owe you money", "<|endoftext|>", "[2023-05 Thu evening] Lisa: no", "a\nLisa: b |", "||", " 's"]
)
turns_of_two = st.tuples(names, names).flatmap(
    lambda pair: st.lists(st.tuples(st.sampled_from(pair), texts), min_size=1, max_size=6).map(
        lambda said: tuple(Turn(who, text, AT + timedelta(minutes=i)) for i, (who, text) in enumerate(said))
    )
)


def test_the_article_scheme() -> None:
    turns = [Turn("Daniel", "How is it going?", AT)]
    labels = labels_of(["Daniel", "Lisa"])
    assert render(turns, labels, answering="Lisa") == "Daniel: How is it going? | Lisa:"
    said = Said(" Lisa:", max_messages=1)
    said.add(" Going well! | Lisa: How about you? | Daniel: All fine")
    assert (said.messages, said.over) == (["Going well!"], True)


@given(turns_of_two)
def test_what_was_rendered_is_read_back(turns: tuple[Turn, ...]) -> None:
    labels = labels_of(turn.speaker for turn in turns)
    said = [(labels[turn.speaker], clean_text(turn.text)) for turn in turns]
    assert said_in(render(turns, labels)) == said
    assert said_in(render(turns, labels, answering=turns[0].speaker)) == said


def test_the_loss_counts_these_tokens_and_no_others(tokenizer: PreTrainedTokenizerFast) -> None:
    renderer = Renderer(tokenizer, ["Daniel", "Lisa"])
    window = renderer.window(
        [
            Passage((Turn("Daniel", "Hey", AT), Turn("Lisa", "Hi!", AT)), "[2023-05 Thu evening]", ended=True),
            Passage((Turn("Lisa", "You?", AT),), "[2023-05 Fri night]", ended=False),
        ]
    )
    expected: list[tuple[str, bool]] = [
        ("[2023-05 Thu evening]", False),
        (" Daniel:", False),  # the first label of a window: nothing tells who begins
        (" Hey", True),
        (" |", True),
        (" Lisa:", True),
        (" Hi!", True),
        (" |", True),
        ("<|endoftext|>", True),
        ("[2023-05 Fri night]", False),
        (" Lisa:", True),
        (" You?", True),
        (" |", True),
    ]
    assert window == tokens_of(renderer, tokenizer, expected)


@given(turns_of_two, st.booleans())
def test_segment_ids_equal_whole_string_ids(
    tokenizer: PreTrainedTokenizerFast, turns: tuple[Turn, ...], tagged: bool
) -> None:
    tag = date_tag(AT) if tagged else None
    speakers = [turn.speaker for turn in turns]
    renderer = Renderer(tokenizer, speakers)
    whole = render(turns, labels_of(speakers), tag, answering=speakers[0])
    segmented = renderer.window([Passage(turns, tag, ended=False)], answering=speakers[0]).ids
    assert segmented == list(tokenizer(whole, add_special_tokens=False, split_special_tokens=True)["input_ids"])


@given(turns_of_two, turns_of_two, st.data())
def test_a_window_up_to_a_label_is_a_prefix_of_the_whole(
    tokenizer: PreTrainedTokenizerFast, before: tuple[Turn, ...], now: tuple[Turn, ...], data: st.DataObject
) -> None:
    renderer = Renderer(tokenizer, [turn.speaker for turn in (*before, *now)])
    first = Passage(before, date_tag(AT), ended=True)
    whole = renderer.window([first, Passage(now, date_tag(AT), ended=True)]).ids
    cut = data.draw(st.integers(0, len(now) - 1))
    part = renderer.window([first, Passage(now[:cut], date_tag(AT), ended=False)], answering=now[cut].speaker).ids
    assert whole[: len(part)] == part


@given(turns_of_two, st.booleans())
def test_no_text_or_name_forges_a_turn(turns: tuple[Turn, ...], tagged: bool) -> None:
    labels = labels_of(turn.speaker for turn in turns)
    tag = date_tag(AT) if tagged else None
    whole = render(turns, labels, tag)
    rest = whole.removeprefix(f"{tag} ") if tag else whole
    read = [re.fullmatch(r" ?([^:]*): ?(.*)", turn, re.DOTALL) for turn in rest.removesuffix(" |").split(" |")]
    assert [(match[1], match[2]) for match in read if match] == [
        (labels[turn.speaker], clean_text(turn.text)) for turn in turns
    ]
    assert not any("[" in label or "]" in label for label in labels.values())


@given(turns_of_two)
def test_the_end_of_a_conversation_comes_from_nowhere_else(
    tokenizer: PreTrainedTokenizerFast, turns: tuple[Turn, ...]
) -> None:
    renderer = Renderer(tokenizer, [turn.speaker for turn in turns])
    assert tokenizer.eos_token_id not in renderer.window([Passage(turns, None, ended=False)]).ids


@given(st.lists(names, max_size=8, unique=True))
def test_labels_tell_everyone_apart(speakers: list[str]) -> None:
    labels = labels_of(speakers)
    assert len(set(labels.values())) == len(speakers)


def test_names_that_read_alike_get_numbers() -> None:
    assert labels_of(["Li:sa", "Lisa", "L\u200eisa"]) == {"Li:sa": "Lisa", "Lisa": "Lisa 2", "L\u200eisa": "Lisa 3"}
    assert clean_name("[2023-05 Thu evening] Lisa\nx") == "(2023-05 Thu evening) Lisa x"


def test_date_tags_stop_at_the_last_trained_month() -> None:
    assert date_tag(AT) == "[2023-05 Thu evening]"
    assert date_tag(datetime(2026, 11, 24, 3, 0), latest=AT) == "[2023-05 Tue night]"


def test_days_count_in_gaps() -> None:
    turns = [
        Turn("a", "x", AT),
        Turn("b", "y", AT + timedelta(hours=1)),
        Turn("a", "z", AT + timedelta(days=1, hours=1)),
    ]
    assert [len(part) for part in split_at_gaps(turns)] == [2, 1]


@pytest.fixture(scope="session")
def chat() -> list[Conversation]:
    """Twelve conversations of six turns."""
    return [
        Conversation(
            tuple(
                Turn(("Daniel", "Lisa")[j % 2], f"message {i} {j}", AT + timedelta(days=i, minutes=j)) for j in range(6)
            ),
            "chat",
        )
        for i in range(12)
    ]


def test_training_windows_are_full_and_lose_nothing(
    tokenizer: PreTrainedTokenizerFast, chat: list[Conversation]
) -> None:
    renderer = Renderer(tokenizer, ["Daniel", "Lisa"])
    windows = list(renderer.training_windows(chat, 200, untagged=0.2, rng=random.Random(0)))
    sizes = [len(renderer.window(window).ids) for window in windows]
    assert max(sizes) <= 200 and min(sizes[:-1]) > 150
    said = [turn for window in windows for passage in window for turn in passage.turns]
    assert said == [turn for conversation in chat for turn in conversation.turns]
    assert sum(passage.ended for window in windows for passage in window) == len(chat)


def test_a_turn_longer_than_the_context_is_cut(tokenizer: PreTrainedTokenizerFast) -> None:
    renderer = Renderer(tokenizer, ["Daniel", "Lisa"])
    chat = [Conversation((Turn("Daniel", "x" * 900, AT), Turn("Lisa", "long!", AT)), "chat")]
    windows = list(renderer.training_windows(chat, 100, untagged=0, rng=random.Random(0)))
    assert all(len(renderer.window(window).ids) <= 100 for window in windows)
    assert windows[-1][-1].turns[-1].text == "long!"


@settings(max_examples=30, deadline=None)
@given(st.integers(60, 400))
def test_serving_windows_fit_and_keep_their_beginning(
    tokenizer: PreTrainedTokenizerFast, chat: list[Conversation], budget: int
) -> None:
    renderer = Renderer(tokenizer, ["Daniel", "Lisa"])
    turns = [turn for conversation in chat for turn in conversation.turns]
    beginnings: list[list[int]] = []
    for count in range(1, len(turns) + 1):
        ids = renderer.serving_window(turns[:count], "Lisa", turns[count - 1].at, budget)
        assert len(ids) <= budget
        assert ids[-len(renderer.ids(" Lisa:")) :] == list(renderer.ids(" Lisa:"))
        beginnings.append(ids[:20])
    changes = sum(a != b for a, b in itertools.pairwise(beginnings))
    assert changes < len(turns) / 2


def test_serving_equals_training_rendering(tokenizer: PreTrainedTokenizerFast, chat: list[Conversation]) -> None:
    renderer = Renderer(tokenizer, ["Daniel", "Lisa"])
    (window,) = renderer.training_windows(chat[:3], 2000, untagged=0, rng=random.Random(0))
    trained = renderer.window(window).ids
    turns = [turn for conversation in chat[:3] for turn in conversation.turns]
    served = renderer.serving_window(turns[:-1], "Lisa", turns[-1].at, 2000)
    assert trained[: len(served)] == served
    later = renderer.serving_window(turns, "Lisa", turns[-1].at + timedelta(days=3), 2000)
    assert later[: len(trained)] == trained


def test_an_empty_thread_can_be_opened(tokenizer: PreTrainedTokenizerFast) -> None:
    renderer = Renderer(tokenizer, ["Daniel", "Lisa"])
    assert renderer.serving_window([], "Lisa", AT, 200) == list(
        tokenizer("[2023-05 Thu evening] Lisa:", add_special_tokens=False)["input_ids"]
    )


@given(st.lists(st.tuples(st.sampled_from(("Daniel", "Lisa")), st.datetimes()), min_size=1, max_size=8), st.datetimes())
def test_a_clock_that_jumps_changes_no_order(
    tokenizer: PreTrainedTokenizerFast, said: list[tuple[str, datetime]], at: datetime
) -> None:
    turns = [Turn(who, f"message {number}.", when) for number, (who, when) in enumerate(said)]
    ids = Renderer(tokenizer, ["Daniel", "Lisa"]).serving_window(turns, "Lisa", at, 10_000)
    assert re.findall(r"message (\d+)\.", tokenizer.decode(ids)) == [str(number) for number in range(len(said))]


def test_a_long_thread_is_tokenised_once_and_for_strangers_too(tokenizer: PreTrainedTokenizerFast) -> None:
    tokenised: list[str] = []
    cleared: list[bool] = []

    class Counting:
        eos_token_id = tokenizer.eos_token_id
        backend_tokenizer = SimpleNamespace(model=SimpleNamespace(_clear_cache=lambda: cleared.append(True)))

        def __call__(self, text: str, **options: bool) -> object:
            tokenised.append(text)
            return tokenizer(text, **options)

    renderer = Renderer(Counting(), ["Daniel", "Lisa"])
    thread = [Turn("Daniel", f"message {number}", AT + timedelta(minutes=number)) for number in range(6000)]
    window = renderer.serving_window(thread, "Lisa", AT, 200)
    assert len(tokenised) >= len(thread)
    tokenised.clear()
    assert renderer.serving_window(thread, "Lisa", AT, 200) == window
    assert tokenised == []
    others = renderer.knowing(["Daniel", "Lisa", "Anna"])
    others.serving_window([*thread, Turn("Anna", "hi", thread[-1].at)], "Lisa", AT, 200)
    assert set(tokenised) == {"Anna:", " Anna:", " hi"}
    renderer.forget()
    assert cleared == [True]
    others.serving_window(thread, "Lisa", AT, 200)
    assert len(tokenised) > len(thread)
