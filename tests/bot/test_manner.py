"""Words of ours in a person's manner."""

from datetime import datetime

import pytest

from bot.manner import as_written_by
from twin.transcript import Turn

OURS = "I can't see it. Tell me in words."


def said(*texts: str) -> list[Turn]:
    return [Turn("Lisa", text, datetime(2023, 5, 4, 18)) for text in texts]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), OURS),
        (("ok 😀", "see you"), "i can't see it. tell me in words"),
        (("ok.", "see you"), "i can't see it. tell me in words."),
        (("Good evening, Daniel.",), OURS),
        (("Hey", "see you"), OURS.removesuffix(".")),
        (("OK.", *("fine",) * 8), "i can't see it. tell me in words"),
    ],
)
def test_it_is_put_as_they_wrote_of_late(texts: tuple[str, ...], expected: str) -> None:
    assert as_written_by("Lisa", said(*texts), OURS) == expected


def test_others_do_not_matter() -> None:
    assert as_written_by("Peter", said("ok"), OURS) == OURS
