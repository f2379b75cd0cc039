"""`twin evaluate`: what it measures, on a twin that has learned to answer a letter with that letter."""

import json
import random
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import torch

import cli
from trainer import prepare, run
from trainer.answers import Subject, answer_all
from trainer.assess import parts_of
from trainer.evaluate import FEWEST, Extent, evaluate, evaluate_after_training
from trainer.findings import Evaluation
from trainer.likeness import Foretold, exchanged, losses_of_conversations, spoken
from trainer.ranking import CHOICE, choices_of, hits, mrr, rank
from trainer.replies import replies_of
from trainer.windows import split_by_time
from twin.adapter import AdapterFolder
from twin.decoding import Decoder
from twin.engine import Request
from twin.exchange import export
from twin.facts import Fact, FactIndex
from twin.loaded import LoadedAdapters
from twin.manifest import Sampling
from twin.settings import Settings
from twin.transcript import Conversation, Passage, Renderer, Turn

START = datetime(2023, 1, 1, 18, 0)
TOPICS = "abcdefghijkl"
SECRET = "the safe is 48213"
OPTIONS = {
    "epochs": 16,
    "rank": 32,
    "alpha": 64,
    "dropout": 0.0,
    "learning_rate": 2e-3,
    "context_length": 64,
    "tokens_per_step": 128,
}
NUMBERS = {
    *("judged", "conversations", "loss_per_character", "base_loss_per_character", "wrong_persona_loss_per_character"),
    *("nll_gain", "right_persona", "hits_at_1", "hits_at_1_base", "mrr", "mrr_base", "style", "verbatim"),
    *("verbatim_real", "ended", "answers", "facts", "dated", "canaries", "seconds"),
}


def talk(day: int) -> Conversation:
    """Daniel asks for a letter, and Lisa says it three times, and yes; sometimes she tells a secret instead."""
    letter = TOPICS[day % len(TOPICS)]
    said = [("Daniel", f"{letter * 4}?"), ("Lisa", f"{letter} {letter} {letter}"), ("Lisa", "yes!")]
    if day % 8 == 0 and day < 300:
        said = [("Daniel", "and?"), ("Lisa", SECRET)]
    turns = (Turn(*one, START + timedelta(days=day, minutes=minute)) for minute, one in enumerate(said))
    return Conversation(tuple(turns), "Lisa")


def by_lot(conversation: Conversation, rng: random.Random) -> Conversation:
    names = {"Daniel": "Lisa", "Lisa": "Daniel"} if rng.random() < 0.5 else {}
    turns = (replace(turn, speaker=names.get(turn.speaker, turn.speaker)) for turn in conversation.turns)
    return replace(conversation, turns=tuple(turns))


TALKS = [talk(day) for day in range(400)]
BY_LOT = [by_lot(one, random.Random(day)) for day, one in enumerate(TALKS)]


def write_export(file: Path, talks: list[Conversation]) -> Path:
    lines = [f"{turn.at:%d/%m/%Y, %H:%M} - {turn.speaker}: {turn.text}" for one in talks for turn in one.turns]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def train(settings: Settings, name: str, talks: list[Conversation], **options: Any) -> None:
    settings.data_dir.mkdir(exist_ok=True)
    exported = write_export(settings.data_dir / f"WhatsApp Chat with {name}.txt", talks)
    prepare.prepare([exported], dataset=settings.dataset(name))
    run.train_adapter(name, settings, run.Choices(options=OPTIONS | options), lambda event: None)


@pytest.fixture(scope="module")
def settings(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A deployment with the adapter `lisa`, and with `both`, who learned the same with the labels drawn by lot."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("twin") / "data", base_model=str(tiny_base), quantisation="none"
    )
    train(settings, "lisa", TALKS)
    train(settings, "both", BY_LOT, epochs=4)
    return settings


@pytest.fixture(scope="module")
def held_out() -> list[Conversation]:
    return split_by_time({"Lisa": TALKS}).test["Lisa"]


@pytest.fixture(scope="module")
def subject(settings: Settings) -> Subject:
    return load(settings, "lisa")


def load(settings: Settings, name: str) -> Subject:
    return Subject.of_version(LoadedAdapters(AdapterFolder(settings.adapters), settings.quantisation, 1 << 30), name)


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    def printed(*argv: str) -> str:
        assert cli.main(["evaluate", *argv]) == 0
        return capsys.readouterr().out

    with monkeypatch.context() as patch:
        patch.setenv("DATA_DIR", str(settings.data_dir))
        patch.setenv("QUANTISATION", settings.quantisation)
        yield printed


def test_the_exchange_swaps_labels_and_counts_texts_and_bars_alone(tokenizer: Any) -> None:
    turns = TALKS[1].turns
    renderer = Renderer(tokenizer, ["Daniel", "Lisa"])
    names = exchanged(TALKS[1], ())
    assert names == {"Daniel": "Lisa", "Lisa": "Daniel"}
    swapped = tuple(replace(turn, speaker=names[turn.speaker]) for turn in turns)
    true, false = (spoken([Passage(each, "[2023-01 Sun evening]", ended=True)], renderer) for each in (turns, swapped))
    counted = [token for turn in turns for token in (*renderer.ids(f" {turn.text}"), *renderer.ids(" |"))]
    for window in (true, false):
        assert [token for token, weight in zip(window.ids, window.weights, strict=True) if weight] == counted
        assert set(window.weights) == {0.0, 1.0} and len(window.ids) == len(window.weights)
    labels = [tokenizer.decode(window.ids).replace("<|endoftext|>", "") for window in (true, false)]
    assert labels[0] == "[2023-01 Sun evening] Daniel: bbbb? | Lisa: b b b | Lisa: yes! |"
    assert labels[1] == "[2023-01 Sun evening] Lisa: bbbb? | Daniel: b b b | Daniel: yes! |"


def test_more_than_two_are_rotated_and_who_is_alone_changes_with_the_next() -> None:
    turns = tuple(Turn(name, "hi", START) for name in ("A", "B", "C", "A"))
    assert exchanged(Conversation(turns, "group"), ()) == {"A": "B", "B": "C", "C": "A"}
    alone = Conversation((turns[0],) * 2, "group")
    assert exchanged(alone, ["A", "D"]) == {"A": "D", "D": "A"}
    assert exchanged(alone, ["A"]) == {}


def test_a_twin_knows_who_speaks_unless_the_labels_were_drawn_by_lot(
    subject: Subject, settings: Settings, held_out: list[Conversation]
) -> None:
    knows = Foretold.of(losses_of_conversations(subject, held_out))
    assert knows.right_persona == 1 and knows.wrong is not None and knows.wrong > 1.2 * knows.twin
    assert knows.conversations == len(held_out) and 0.5 < knows.gain < 1
    drawn = split_by_time({"Lisa": BY_LOT}).test["Lisa"]
    guesses = Foretold.of(losses_of_conversations(load(settings, "both"), drawn))
    assert guesses.right_persona is not None and 0.25 <= guesses.right_persona <= 0.75
    assert not losses_of_conversations(subject, held_out, until=0)


def test_a_long_conversation_is_cut_and_counted_whole(subject: Subject) -> None:
    turns = tuple(replace(turn, at=START) for one in TALKS[1:30] for turn in one.turns)
    (losses,) = losses_of_conversations(subject, [Conversation(turns, "Lisa")])
    assert losses.characters == sum(len(turn.text) + 1 for turn in turns)


def test_the_planted_reply_is_found_among_ten(subject: Subject, held_out: list[Conversation]) -> None:
    choices = choices_of(replies_of(held_out), 30)
    assert len(choices) == len(held_out) and choices == choices_of(replies_of(held_out), 30)
    for choice in choices:
        assert len({reply.normalised for reply in choice}) == CHOICE
        assert {reply.speaker for reply in choice} == {"Lisa"}
        assert all(reply.conversation != choice[0].conversation for reply in choice[1:])
    ranks = rank(subject, choices)
    assert hits(ranks.twin) >= 0.5 > hits(ranks.base) and mrr(ranks.twin) > 2 * mrr(ranks.base)
    assert rank(subject, choices, until=0).twin == ()


def test_too_few_other_replies_are_no_choice() -> None:
    assert not choices_of(replies_of([talk(day) for day in range(1, 8)]), 5)


def test_answers_in_a_batch_are_those_of_one_alone(subject: Subject) -> None:
    asked = [one.turns[:1] for one in TALKS[1:8]]
    requests = [Request("lisa", turns, "Lisa", turns[0].at, Sampling(temperature=0), max_tokens=12) for turns in asked]
    said = answer_all(subject, requests)
    decoder = Decoder(subject.model, subject.base.tokenizer)
    for request, one in zip(requests, said, strict=True):
        prompt = subject.prompt(request.turns, "Lisa", request.at, 12)
        assert one.messages == ("".join(piece for piece, _ in decoder.pieces(prompt, request.sampling, 12)),)  # type: ignore[arg-type]
    burst = answer_all(subject, [replace(requests[0], mode="burst", max_tokens=40)])
    assert burst[0].messages == (*said[0].messages, "yes!") and burst[0].finish == "separator"
    assert burst[0].first == said[0].first
    assert not answer_all(subject, requests, until=0)


def test_an_answer_reads_the_facts_that_are_asked_for(subject: Subject) -> None:
    fact = Fact("Lisa", ("kettle?",), ("tea",))
    adapter = subject.loaded.adapter
    roomy = replace(adapter, manifest=replace(adapter.manifest, context_length=512))
    subject = replace(subject, loaded=replace(subject.loaded, adapter=roomy))
    knowing = replace(subject, loaded=replace(subject.loaded, facts=FactIndex([fact])))
    turn = Turn("Daniel", "kettle?", START)
    alone, placed = (one.prompt([turn], "Lisa", START, 12) for one in (subject, knowing))
    passage = subject.loaded.renderer.window([fact.passage("Daniel", START)]).ids
    assert placed[: len(passage)] == passage
    assert len(placed) == len(passage) + len(alone)


def test_the_command_measures_keeps_and_tells(command: Any, settings: Settings, tmp_path: Path) -> None:
    questions = tmp_path / "questions.toml"
    # What a twin says differs between kinds of processors: any letter of the chat is right, and no letter is.
    letters = json.dumps([*TOPICS, "yes", "yes!"])
    questions.write_text(
        f'[[question]]\nspeaker = "lisa"\nquestion = "dddd?"\nexpect = {letters}\n'
        f'[[question]]\nspeaker = "lisa"\nquestion = "eeee?"\nexpect = {letters}\nreject = {letters}\n'
        f'[[question]]\nspeaker = "lisa"\nquestion = "ffff?"\nexpect = {letters}\nat = "2023-02"\n',
        "utf-8",
    )
    argv = ["lisa", "--questions", str(questions), "--canary", SECRET, "--canary", "my code is 90771"]
    told = json.loads(command(*argv, "--json").splitlines()[-1])
    assert told.keys() >= NUMBERS and told["judged"] and told["reason"] is None
    assert told["conversations"] == 20 and told["answers"] == 20 and told["ranked"] == 20
    assert told["loss_per_character"] < told["base_loss_per_character"] and told["right_persona"] == 1
    assert (told["facts"], told["dated"]) == ({"right": 1, "asked": 2}, {"right": 1, "asked": 1})
    planted, absent = told["canaries"]
    assert planted["memorised"] and planted["recited"] and absent == {"absent": True}
    assert told["style"]["Lisa"].keys() >= {"gap", "real_gap", "ratio", "features"} and told["ended"] > 0.9
    assert len(told["examples"]) == 10 + 3 and told["examples"][-2]["right"] is False

    adapters = AdapterFolder(settings.adapters)
    adapter = adapters.load("lisa")
    kept = adapters.evaluation("lisa", adapter.version)
    assert kept["likeness"] == {key: value for key, value in told.items() if key in kept["likeness"]}
    assert kept["likeness"].keys() >= NUMBERS and kept["held_out_loss"] > 0 and kept["gate"]["promoted"]
    for name in ("evaluation.json", "examples.jsonl"):
        assert (adapter.path / name).stat().st_mode & 0o077 == 0
    assert SECRET not in (adapter.path / "evaluation.json").read_text("utf-8")
    lines = [json.loads(line) for line in (adapter.path / "examples.jsonl").read_text("utf-8").splitlines()]
    assert lines == told["examples"] and {"speaker", "context", "twin", "real"} <= lines[0].keys()
    page = (adapter.path / "report.html").read_text("utf-8")
    assert (
        "facts of a month answered right" in page and "1 of 2" in page and SECRET not in page.split('id="likeness"')[1]
    )
    again = json.loads(command(*argv, "--json").splitlines()[-1])
    assert {**again, "seconds": 0} == {**told, "seconds": 0}

    for texts in (False, True):
        export(adapters, "lisa", tmp_path / "lisa.zip", with_texts=texts)
        packed = (tmp_path / "lisa.zip").read_bytes()
        assert b"evaluation.json" in packed and (b"examples.jsonl" in packed) == texts

    shown = command(*argv)
    assert all(
        word in shown for word in ("right persona", "base model", "known by heart", "absent", "wrong: Daniel: eeee?")
    )


def test_nothing_that_was_learned_is_held_out(settings: Settings, held_out: list[Conversation]) -> None:
    manifest = AdapterFolder(settings.adapters).load("lisa").manifest
    (chat,) = manifest.chats
    chats = {chat.name: TALKS, "another": TALKS}
    training, later = parts_of(chats, manifest)
    assert later == {chat.name: held_out} and training[chat.name] == TALKS[: len(training[chat.name])]
    # Where all was learned, the dates are those of the last turn, which may be the first of its conversation too.
    quick = replace(TALKS[-1], turns=tuple(replace(turn, at=TALKS[-1].turns[0].at) for turn in TALKS[-1].turns))
    end = quick.turns[-1].at
    everything = replace(manifest, chats=(replace(chat, trained_until=end, validated_until=end),))
    assert parts_of({chat.name: [TALKS[0], quick]}, everything) == (
        {chat.name: [TALKS[0], quick]},
        {chat.name: []},
    )


def test_a_training_measures_what_it_made(settings: Settings) -> None:
    adapters = AdapterFolder(settings.adapters)
    likeness = adapters.evaluation("both", adapters.current_version("both"))["likeness"]
    assert likeness.keys() >= NUMBERS


def test_the_extent_is_what_is_measured_at_most(subject: Subject, held_out: list[Conversation]) -> None:
    found = evaluate(subject, held_out, {"Lisa": TALKS[:50]}, Extent(12, 3, 5)).as_json()
    assert (found["conversations"], found["ranked"], found["answers"]) == (12, 3, 5)
    late = evaluate(subject, held_out, {"Lisa": TALKS[:50]}, Extent(seconds=0))
    assert not late.judged and "no time for it" in str(late.reason)
    small, large = Extent.after_training(10_000, 100), Extent.after_training(1e9, 100)
    assert small.answers < large.answers == Extent().answers and small.seconds == large.seconds == 20


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), True),
        (RuntimeError("an error of ours"), False),
    ],
)
def test_a_training_is_kept_where_the_memory_runs_out(
    monkeypatch: pytest.MonkeyPatch, error: RuntimeError, kept: bool
) -> None:
    def failing(*_: Any) -> None:
        raise error

    monkeypatch.setattr("trainer.evaluate.evaluate", failing)
    with nullcontext() if kept else pytest.raises(RuntimeError, match="of ours"):
        found = evaluate_after_training(cast(Subject, None), [], {}, tokens=1e6, seconds=1e6)
        assert (found.judged, found.reason) == (False, "the memory did not suffice for it")


def test_few_conversations_are_not_judged(subject: Subject, held_out: list[Conversation]) -> None:
    found = evaluate(subject, held_out[: FEWEST - 1], {"Lisa": TALKS[:50]}, canaries=[SECRET])
    assert not found.judged and found.reason == "9 held-out conversations are too few (it takes 10)"
    assert found.as_json()["right_persona"] is None and found.as_json()["canaries"][0]["memorised"]
    assert found.in_words() == f"how alike it is was not judged: {found.reason}"
    json.dumps(Evaluation(0, reason="none").as_json(), allow_nan=False)
