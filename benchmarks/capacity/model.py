"""The arithmetic: from what people do and what a step takes to replicas, and to what is full first.

A replica makes answers in rows that share steps. With `n` rows a step takes `base + n * row` seconds, as measured; an
answer reads its prompt, unless it is kept, and then takes a step a token. So `n` rows give `n / answer(n)` answers a
second, and the more rows, the more answers and the slower each. Messages come at random moments (Poisson), so a replica
is filled only up to a share of what it can do; beyond that the queue grows.
"""

from dataclasses import dataclass, field, fields
from typing import Any


def _assumed(value: float, what: str) -> Any:
    return field(default=value, metadata={"what": what})


@dataclass(frozen=True)
class Assumptions:
    """What is assumed; each is an option of the command. The times of a step are a guess for 6.4 billion parameters in
    4 bits on a card of 16 GB, for want of one; `--check` measures its own."""

    messages_a_day: float = _assumed(40.0, "messages that an active chat sends the bot in a day")
    peak: float = _assumed(4.0, "times the mean rate in the busiest hour")
    burst: float = _assumed(1.6, "messages that are answered together")
    tokens: float = _assumed(25.0, "tokens of an answer")
    read: float = _assumed(30.0, "tokens read for an answer where the history is kept")
    history: float = _assumed(600.0, "tokens read where it is not")
    kept: float = _assumed(0.8, "share of the requests whose history is kept")
    bubbles: float = _assumed(1.3, "messages that the bot sends for an answer")
    edits: float = _assumed(1.0, "edits for an answer: the buttons of the one before go; they count for Telegram too")
    step_ms: float = _assumed(60.0, "ms of a step with one row: a guess")
    row_ms: float = _assumed(2.0, "ms that one more row adds to it: a guess")
    read_ms: float = _assumed(0.5, "ms to read one token of a history: a guess")
    rows: float = _assumed(16, "rows of a replica: answers in the making at once")
    filled: float = _assumed(0.7, "share of what a replica can do that is used at the peak; the rest is for chance")
    telegram: float = _assumed(30.0, "messages a second that Telegram lets one bot send")
    commits: float = _assumed(2760.0, "commits that the database does in a second: measured (SQLCipher, WAL, FULL)")
    commits_a_message: float = _assumed(6.0, "commits for a message, from taking it in to its answer's delivery")
    bot_ms: float = _assumed(6.0, "ms of processor time of the bot for a message: measured (benchmarks.bot)")
    cost_an_hour: float = _assumed(0.0, "what a replica costs in an hour; 0: not told")

    def __post_init__(self) -> None:
        for one in fields(self):
            least = 0 if one.name in ("cost_an_hour", "row_ms", "read", "edits", "kept") else 1e-9
            if not least <= getattr(self, one.name) < float("inf"):
                raise ValueError(f"{one.name} must be a number above 0")


@dataclass(frozen=True, slots=True)
class Load:
    """What so many chats ask for at the peak, and what it takes.

    Attributes:
        used: by part, how much of what it can do is used; the model's share is that of one replica.
        replicas: of the engine.
        first: the part that is full first, beside the model, which grows by replicas.
    """

    chats: int
    messages: float
    answers: float
    replicas: int
    bots: int
    used: dict[str, float]
    first: str


def answers_a_second(assumed: Assumptions, rows: float) -> float:
    """What a replica can do with so many rows in the making all the time."""
    return rows / answer_seconds(assumed, rows)


def answer_seconds(assumed: Assumptions, rows: float) -> float:
    """How long one answer takes beside `rows - 1` others, which read and write as it does."""
    read = assumed.kept * assumed.read + (1 - assumed.kept) * assumed.history
    step = assumed.step_ms + (rows - 1) * assumed.row_ms
    return (assumed.tokens * step + rows * read * assumed.read_ms) / 1000


def load(assumed: Assumptions, chats: int) -> Load:
    """What so many active chats need."""
    messages = chats * assumed.messages_a_day / 86400 * assumed.peak
    answers = messages / assumed.burst
    sent = answers * (assumed.bubbles + assumed.edits)
    capacity = answers_a_second(assumed, assumed.rows)
    used = {
        "model": answers / capacity,
        "telegram": sent / assumed.telegram,
        "database": messages * assumed.commits_a_message / assumed.commits,
        "bot": messages * assumed.bot_ms / 1000,
    }
    fixed = {part: share for part, share in used.items() if part != "model"}
    return Load(
        chats=chats,
        messages=messages,
        answers=answers,
        replicas=max(1, _up(used["model"] / assumed.filled)),
        bots=max(1, _up(used["telegram"])),
        used=used,
        first=max(fixed, key=lambda part: fixed[part]),
    )


def most_chats(assumed: Assumptions, part: str, replicas: int = 1) -> int:
    """How many active chats there can be until a part is full."""
    share = load(assumed, 1_000_000).used[part] / (replicas if part == "model" else 1)
    limit = assumed.filled if part == "model" else 1.0
    return int(1_000_000 * limit / share)


def _up(number: float) -> int:
    return int(-(-number // 1))
