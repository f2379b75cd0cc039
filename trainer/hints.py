"""What hurts a twin, told before hours are spent on its training."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from twin.transcript import Conversation

FEW = 200  # conversations
MOST_OF_ONE = 0.8  # share of the messages that one speaker may have
OLD = timedelta(days=3 * 365)
MANY_LINKS = 0.1  # share of the messages
LONG = 2000  # characters
MANY_LONG = 0.01  # share of the messages


def hints(chats: Mapping[str, Sequence[Conversation]], today: datetime | None = None) -> Iterator[str]:
    """Warnings about the conversations that a twin would learn from; there is one at least."""
    turns = [turn for chat in chats.values() for conversation in chat for turn in conversation.turns]
    count = sum(map(len, chats.values()))
    if count < FEW:
        yield f"only {count} conversations: a twin of fewer than {FEW} hardly sounds like anybody; add more chats"
    (speaker, most), *_ = Counter(turn.speaker for turn in turns).most_common(1)
    if most > MOST_OF_ONE * len(turns):
        yield f"{speaker} wrote {most / len(turns):.0%} of the messages: the others will have little of their own"
    last = max(turn.at for turn in turns)
    if (today or datetime.now()) - last > OLD:
        yield f"the last message is of {last:%B %Y}: the twin will write as people wrote then"
    links = sum("://" in turn.text or "www." in turn.text for turn in turns)
    if links > MANY_LINKS * len(turns):
        yield f"{links / len(turns):.0%} of the messages have links in them: the twin will invent such links"
    long = sum(len(turn.text) > LONG for turn in turns)
    if long > MANY_LONG * len(turns):
        yield f"{long:,} messages are longer than {LONG:,} characters: forwarded, or several read as one?"
