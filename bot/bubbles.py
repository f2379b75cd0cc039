"""An answer as the messages that carry it: each of the twin's messages is a bubble, sent after the time it takes the
person."""

from collections.abc import Sequence
from datetime import datetime

from bot.delivery import parts
from storage.store import Bubble
from twin.manifest import Rhythm
from twin.transcript import Turn


def bubbles_of(
    texts: Sequence[str], speaker: str, at: datetime, rhythm: Rhythm, *, longest_pause: float, labelled: bool = False
) -> list[Bubble]:
    """The bubbles of an answer.

    Args:
        texts: the twin's messages, one after the other.
        rhythm: the speaker's.
        longest_pause: seconds that it takes at most; the first bubble comes at once, the engine took its time.
        labelled: with the speaker's name, because the chat has moved on to another persona.
    """
    bubbles: list[Bubble] = []
    for text in texts:
        shown = f"{speaker}: {text}" if labelled and not bubbles else text
        pause = min(longest_pause, rhythm.pause(text)) if bubbles else 0.0
        bubbles.append(Bubble(Turn(speaker, text, at), tuple(parts(shown)), pause))
    return bubbles
