"""Words of ours in a person's manner: what the twin says of itself should not sound like a form."""

from collections.abc import Iterable

from twin.transcript import Turn

_LAST = 8  # of their messages that are looked at


def as_written_by(speaker: str, turns: Iterable[Turn], text: str) -> str:
    """A text in lower case if `speaker` wrote so in `turns` of late, and without a full stop if they use none."""
    said = [turn.text for turn in turns if turn.speaker == speaker][-_LAST:]
    if said and all(one == one.lower() for one in said):
        text = text.lower()
    if said and not any(one.rstrip().endswith(".") for one in said):
        text = text.removesuffix(".")
    return text
