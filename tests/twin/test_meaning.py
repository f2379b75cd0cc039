"""Facts found by meaning."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.twin.encoders import tiny_encoder
from twin import facts
from twin.errors import TwinError
from twin.facts import Fact, FactIndex
from twin.matching import Frequencies
from twin.meaning import Meanings, SentenceEncoder, encoder_of

AT = datetime(2023, 5, 4, 18, 0)
KNOWN = (Fact("Lisa", ("swim?",), ("water",)), Fact("Lisa", ("pet?",), ("animal",)))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder"))


def found(index: FactIndex, message: str) -> list[int]:
    return [match.fact for match in index.asked(message, "Lisa", AT)]


def test_facts_are_found_by_meaning_where_no_word_is_shared(encoder: Path) -> None:
    by_meaning = FactIndex(KNOWN, encoder=encoder_of(str(encoder)))
    assert found(by_meaning, "bathe") == [0]
    assert found(FactIndex(KNOWN), "bathe") == []
    assert found(by_meaning, "born") == found(by_meaning, "") == found(by_meaning, " \n ") == []


def test_each_sentence_of_a_message_counts(encoder: Path) -> None:
    texts = Meanings(["swim"], SentenceEncoder(str(encoder)))
    alone = texts.alike("bathe")[0]
    assert alone == pytest.approx(1.0, abs=1e-3)
    assert texts.alike("born born born born. born born! bathe")[0] == pytest.approx(alone)


def test_a_text_is_alike_whatever_is_compared_beside_it(encoder: Path) -> None:
    vectors = SentenceEncoder(str(encoder)).vectors(["swim", "born pet animal born pet animal"])
    alone = SentenceEncoder(str(encoder)).vectors(["swim"])
    assert (vectors[0] - alone[0]).abs().max() < 1e-6  # padding counts for nothing
    assert vectors.norm(dim=1).tolist() == pytest.approx([1.0, 1.0])


def test_what_was_compared_can_be_forgotten(encoder: Path) -> None:
    texts = Meanings(["swim"], SentenceEncoder(str(encoder)))
    texts.alike("my secret: I bathe")
    assert texts._known.cache_info().currsize
    texts.forget()
    assert not texts._known.cache_info().currsize


def test_the_encoder_is_kept_with_the_facts(encoder: Path, tmp_path: Path) -> None:
    kept = facts.Kept(KNOWN, Frequencies(), str(encoder))
    facts.write(tmp_path, kept)
    assert facts.read(tmp_path) == kept
    index = facts.load(tmp_path)
    assert index is not None and found(index, "bathe") == [0]


def test_an_encoder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    assert encoder_of("none") is None
    for name in (str(tmp_path), "nobody/none-such"):
        with pytest.raises(TwinError, match=r"sentence encoder .* cannot be loaded .*--fact-encoder") as refusal:
            encoder_of(name)
        assert "\n" not in str(refusal.value)
