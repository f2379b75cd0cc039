"""When and how much people write: the figures of a version's report, counted once, when it is trained.

They are kept with the version as `chats.json`, numbers and names without any text, so that its report can be made anew
where the datasets are not, or are no longer what was learned.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from twin.transcript import UNDATED, Conversation

FILE = "chats.json"
NAMED = 7  # speakers with a line of their own, those who write most
HOURS = 24


@dataclass(frozen=True, slots=True)
class Writer:
    """How much someone writes. `hours`: messages in each hour of the day. `name`: None for all others together."""

    name: str | None
    messages: int
    hours: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Activity:
    """What the chats are like.

    Attributes:
        months: messages in each month such as 2023-05, in order; those without a date are left out.
        writers: who writes most first.
        lengths: how many conversations have so many messages.
    """

    months: Mapping[str, int]
    writers: tuple[Writer, ...]
    lengths: Mapping[int, int]

    @property
    def messages(self) -> int:
        return sum(writer.messages for writer in self.writers)

    @property
    def conversations(self) -> int:
        return sum(self.lengths.values())

    @classmethod
    def of(cls, chats: Mapping[str, Sequence[Conversation]]) -> "Activity":
        """Counted in all chats together."""
        months: Counter[str] = Counter()
        messages: Counter[str] = Counter()
        hours: Counter[tuple[str, int]] = Counter()
        lengths: Counter[int] = Counter()
        for conversation in (one for part in chats.values() for one in part):
            lengths[len(conversation.turns)] += 1
            for turn in conversation.turns:
                messages[turn.speaker] += 1
                if turn.at.year != UNDATED.year:
                    months[f"{turn.at:%Y-%m}"] += 1
                    hours[turn.speaker, turn.at.hour] += 1
        ordered = [name for name, _ in messages.most_common()]
        writers = [
            Writer(name, messages[name], tuple(hours[name, hour] for hour in range(HOURS))) for name in ordered[:NAMED]
        ]
        if others := ordered[NAMED:]:
            by_hour = (sum(hours[name, hour] for name in others) for hour in range(HOURS))
            writers.append(Writer(None, sum(messages[name] for name in others), tuple(by_hour)))
        return cls(dict(sorted(months.items())), tuple(writers), dict(sorted(lengths.items())))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Activity":
        """Read back what `as_json` gave and a file has kept.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it is something else.
        """
        writers = tuple(
            Writer(one["name"], int(one["messages"]), tuple(map(int, one["hours"]))) for one in values["writers"]
        )
        if any(len(writer.hours) != HOURS for writer in writers):
            raise ValueError("a day has 24 hours")
        months = {f"{datetime.strptime(month, '%Y-%m'):%Y-%m}": int(n) for month, n in values["months"].items()}
        return cls(months, writers, {int(size): int(number) for size, number in values["lengths"].items()})
