"""The pace at which someone sends the messages of a burst, learned from the times in the chat.

Most exports tell times to the minute. Messages that are `g` seconds apart then have different minutes with probability
`g` / 60 (Buffon's needle), so the mean of the differences as written, 0 or 60 seconds each, is the mean of the real
ones. The same estimate serves exports with seconds, and chats that were merged from both: a straight line through
(characters, seconds) by least squares.

One minute says little of one message, so the line's slope is drawn to that of typing on a phone until there is evidence
for another: a ridge regression with a normal prior. Differences above a minute are pauses between bursts rather than
within one.
"""

from collections.abc import Iterable
from statistics import fmean

from twin.manifest import Rhythm
from twin.transcript import Conversation

LONGEST = 60.0  # seconds between two messages of a burst
LONGEST_TEXT = 200  # characters that count: longer texts were dictated or pasted
FEWEST = 30  # pairs of messages, below which nothing is learned
_NOISE = 30.0  # standard deviation of one difference, in seconds: that of 0 or 60
_DOUBT = 0.1  # standard deviation of the prior of the slope, in seconds a character


def rhythms(conversations: Iterable[Conversation]) -> dict[str, Rhythm]:
    """The rhythm of each speaker with enough messages in bursts."""
    pairs: dict[str, list[tuple[int, float]]] = {}
    for conversation in conversations:
        for before, turn in zip(conversation.turns, conversation.turns[1:], strict=False):
            seconds = (turn.at - before.at).total_seconds()
            if turn.speaker == before.speaker and 0 <= seconds <= LONGEST:
                pairs.setdefault(turn.speaker, []).append((min(LONGEST_TEXT, len(turn.text)), seconds))
    return {speaker: _line(found) for speaker, found in pairs.items() if len(found) >= FEWEST}


def _line(pairs: list[tuple[int, float]]) -> Rhythm:
    """The line through (characters, seconds), neither end of which is below nothing."""
    length, seconds = fmean(pair[0] for pair in pairs), fmean(pair[1] for pair in pairs)
    trust = (_NOISE / _DOUBT) ** 2
    covariance = sum((one - length) * (other - seconds) for one, other in pairs)
    variance = sum((one - length) ** 2 for one, _ in pairs)
    slope = (covariance + trust * Rhythm().per_character) / (variance + trust)
    slope = max(0.0, min(slope, seconds / length))
    return Rhythm(round(seconds - slope * length, 3), round(slope, 4))
