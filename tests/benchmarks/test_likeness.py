"""The parts of the likeness benchmark that are its own."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.likeness import material, measures
from benchmarks.likeness.twins import with_speakers_exchanged
from demo.play import EXPORTS
from trainer import dataset
from trainer.prepare import prepare
from twin.transcript import Conversation, Turn, date_tag


@pytest.fixture(scope="module")
def chats(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Conversation]]:
    folder: Path = tmp_path_factory.mktemp("likeness") / "demo"
    prepare(EXPORTS, dataset=folder)
    return dataset.load(folder).chats


def turns_of(conversations: Sequence[Conversation]) -> list[Turn]:
    return [turn for one in conversations for turn in one.turns]


def test_who_wrote_a_held_out_turn_is_told_by_its_letters(chats: dict[str, list[Conversation]]) -> None:
    real = [turn for part in material.held_out().values() for turn in turns_of(part) if turn.speaker != "Daniel"]
    other = {"Lisa": "Peter", "Peter": "Lisa"}
    assert measures.in_character(real, chats) > 0.9
    assert measures.in_character([Turn(other[turn.speaker], turn.text, turn.at) for turn in real], chats) < 0.1


def test_speakers_are_exchanged_in_half_of_the_conversations(chats: dict[str, list[Conversation]]) -> None:
    for name, shuffled in with_speakers_exchanged(chats, seed=1).items():
        changed = 0
        for one, other in zip(chats[name], shuffled, strict=True):
            assert [turn.text for turn in one.turns] == [turn.text for turn in other.turns]
            assert {turn.speaker for turn in other.turns} == {turn.speaker for turn in one.turns}
            changed += one != other
        assert 0.4 < changed / len(shuffled) < 0.6


def test_with_one_date_all_tags_are_the_same(chats: dict[str, list[Conversation]]) -> None:
    same = material.with_one_date(chats)
    assert {date_tag(turn.at) for part in same.values() for turn in turns_of(part)} == {date_tag(material.NOW)}
    assert {name: len(part) for name, part in same.items()} == {name: len(part) for name, part in chats.items()}
