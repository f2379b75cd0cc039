"""Finding people by name, and two of them talking."""

from datetime import datetime

import pytest

from twin.adapter import AdapterFolder
from twin.engine import Request
from twin.errors import TwinError
from twin.local import LocalEngine
from twin.manifest import Sampling
from twin.names import find_name
from twin.talk import simulate, streamed
from twin.transcript import Turn

AT = datetime(2023, 5, 20, 18, 0)


def test_names_are_found_by_case_and_beginning() -> None:
    known = ["Daniel", "Lisa", "Lisa Marie", "lisa"]
    assert find_name("Lisa", known) == "Lisa"
    assert find_name("dan", known) == "Daniel"
    assert find_name(" LISA MARIE ", known) == "Lisa Marie"


@pytest.mark.parametrize(
    ("typed", "offer"), [("Lias", "did you mean Lisa"), ("Zoë", "there are: Daniel, Lisa"), ("", "there")]
)
def test_an_unknown_name_offers_the_nearest(typed: str, offer: str) -> None:
    with pytest.raises(TwinError, match=offer):
        find_name(typed, ["Daniel", "Lisa"])


async def test_two_speakers_take_turns(signed_adapters: AdapterFolder) -> None:
    engine = LocalEngine(signed_adapters)
    talk = simulate(
        engine, "one", ("Daniel", "Lisa"), turns=4, at=AT, opening="hi", sampling=Sampling(temperature=0, seed=3)
    )
    turns = [turn async for turn in talk]
    assert [turn.speaker for turn in turns] == ["Daniel", "Lisa"] * 2
    assert [turn.text for turn in turns[:2]] == ["hi", "1"]
    assert turns == sorted(turns, key=lambda turn: turn.at)
    await engine.close()


async def test_an_answer_appears_while_it_is_made(signed_adapters: AdapterFolder) -> None:
    engine = LocalEngine(signed_adapters)
    shown: list[str] = []
    hot = Sampling(temperature=8.0, top_p=1.0, seed=5)
    answer = await streamed(engine, Request("one", (Turn("Daniel", "hi", AT),), "Lisa", AT, hot), shown.append)
    assert "".join(shown).strip() == answer
    assert len(shown) > 1
    await engine.close()
