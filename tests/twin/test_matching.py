"""Which facts a message asks for."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.twin.fact_questions import ENGLISH, GERMAN, UNCOVERED_ENGLISH, UNCOVERED_GERMAN, Asked
from trainer import prepare
from trainer.dataset import load
from twin.facts import Fact, FactIndex
from twin.matching import Frequencies, Texts

AT = datetime(2023, 5, 4, 18, 0)
ROOT = Path(__file__).parents[2]
# The share of the questions that find their fact, and of the rest that find one, each on the half that chose no number.
FLOORS = {"english": (0.9, 0.15), "german": (0.6, 0.1), "english, no chat": (0.85, 0.1), "german, no chat": (0.6, 0.1)}


def words_of(exports: list[Path], folder: Path) -> Frequencies:
    prepare.prepare(exports, dataset=folder)
    return Frequencies.of(
        turn.text for chat in load(folder).chats.values() for conversation in chat for turn in conversation.turns
    )


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Frequencies]:
    folder = tmp_path_factory.mktemp("words")
    return {
        "english": words_of([ROOT / "demo/lisa_ios.zip", ROOT / "demo/peter_android.txt"], folder / "english"),
        "german": words_of([ROOT / "tests/fixtures/german_chat.txt"], folder / "german"),
    }


def found(index: FactIndex, messages: list[str]) -> Iterator[list[int]]:
    return ([match.fact for match in index.asked(message, "Lisa", AT)] for message in messages)


def rates(facts: list[Asked], others: list[str], words: Frequencies | None, half: int) -> tuple[float, float]:
    """The share of the questions that find their fact, and of the other messages that find any."""
    index = FactIndex([Fact("Lisa", ways, answers) for ways, answers, _ in facts], words)
    right = [
        number in matches
        for number, (_, _, asked) in enumerate(facts)
        if number % 2 == half
        for matches in found(index, list(asked))
    ]
    wrong = [bool(matches) for matches in found(index, others[half::2])]
    return sum(right) / len(right), sum(wrong) / len(wrong)


@pytest.mark.parametrize("case", FLOORS)
def test_questions_find_their_facts_and_nothing_else_does(common: dict[str, Frequencies], case: str) -> None:
    facts, others = (ENGLISH, UNCOVERED_ENGLISH) if "english" in case else (GERMAN, UNCOVERED_GERMAN)
    recall, false = rates(facts, others, common.get(case), half=1)
    print(f"{case}: {recall:.0%} of the questions find their fact, {false:.0%} of the others find one")
    least, most = FLOORS[case]
    assert recall >= least and false <= most


def test_one_fact_alone_is_found_and_not_by_everything(common: dict[str, Frequencies]) -> None:
    index = FactIndex([Fact("Lisa", ("Where do you live?",), ("in berlin",))], common["english"])
    assert list(found(index, ["where do you live now?", "haha and where do you live? x"])) == [[0], [0]]
    assert list(found(index, ["how are you?", "where is the key?", "", "???", "😀"])) == [[]] * 5


def test_what_was_compared_can_be_forgotten() -> None:
    texts = Texts(["where do you swim"], Frequencies())
    texts.alike("my secret: I swim")
    remembered = (texts._known, texts._neighbours, texts._weights)
    assert all(one.cache_info().currsize for one in remembered)
    texts.forget()
    assert not any(one.cache_info().currsize for one in remembered)


def test_the_speaker_and_the_time_decide() -> None:
    question = ("Where do you live?",)
    munich = Fact("Lisa", question, ("in munich",), until="2022-04")
    berlin = Fact("Lisa", question, ("in berlin",), since="2022-05")
    york = Fact("Peter", question, ("In York.",))
    index = FactIndex([munich, berlin, york])
    assert [index.asked("where do you live", who, when)[0].fact for who, when in (
        ("Lisa", datetime(2022, 4, 30)), ("Lisa", datetime(2022, 5, 1)), ("Peter", AT)
    )] == [0, 1, 2]  # fmt: skip
    assert index.asked("where do you live", "Daniel", AT) == []


def test_the_nearest_way_to_ask_is_told() -> None:
    index = FactIndex([Fact("Lisa", ("What's your job?", "Where do you work?"), ("at a hospital", "nurse"))])
    assert [index.asked(text, "Lisa", AT)[0].question for text in ("your job?", "where do you work?")] == [0, 1]
