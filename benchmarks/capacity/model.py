"""The arithmetic: from what people do and what a step takes to replicas, and to what is full first.

A replica makes answers in rows that share steps. With `n` rows a step takes `base + n * row` seconds, as measured; an
answer reads its prompt, unless it is kept, and then takes a step a token. So `n` rows give `n / answer(n)` answers a
second, and the more rows, the more answers and the slower each. Messages come at random moments (Poisson), so a replica
is filled only up to a share of what it can do; beyond that the queue grows.
"""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is assumed. Each is an option of the command."""

    messages_a_day: float = 40.0  # that an active chat sends the bot
    peak: float = 4.0  # how many times the mean rate the busiest hour has
    burst: float = 1.6  # messages that are answered together
    tokens: float = 25.0  # of an answer
    read: float = 30.0  # tokens of the new messages, which are read where the history is kept
    history: float = 600.0  # tokens of a history that is not kept
    kept: float = 0.8  # share of the requests whose history is kept
    bubbles: float = 1.3  # messages that the bot sends for an answer
    edits: float = 2.0  # further calls of the Bot API for an answer: typing, the buttons of the one before
    step_ms: float = 30.0  # a step with one row: measured
    row_ms: float = 1.0  # what one more row adds to it: measured
    read_ms: float = 0.3  # reading one token: measured
    rows: int = 16  # rows of a replica
    filled: float = 0.7  # share of what a replica can do that is used at the peak
    telegram: float = 30.0  # messages a second that Telegram lets one bot send
    commits: float = 2760.0  # that the database does in a second: measured
    commits_a_message: float = 6.0  # taken in, begun, answered, sent, done, cleaned
    bot_ms: float = 6.0  # CPU of the bot's process for a message: measured
    cost_an_hour: float = 0.0  # of a replica, in any currency; 0: not told

    def __post_init__(self) -> None:
        for one in fields(self):
            if getattr(self, one.name) < 0:
                raise ValueError(f"{one.name} must not be below 0")


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


def answers_a_second(assumed: Assumptions, rows: int) -> float:
    """What a replica can do with so many rows in the making all the time."""
    return rows / answer_seconds(assumed, rows)


def answer_seconds(assumed: Assumptions, rows: int) -> float:
    """How long one answer takes beside `rows - 1` others, which read and write as it does."""
    read = assumed.kept * assumed.read + (1 - assumed.kept) * assumed.history
    step = assumed.step_ms + (rows - 1) * assumed.row_ms
    return (assumed.tokens * step + rows * read * assumed.read_ms) / 1000


def load(assumed: Assumptions, chats: int) -> Load:
    """What so many active chats need."""
    messages = chats * assumed.messages_a_day / 86400 * assumed.peak
    answers = messages / assumed.burst
    sent = answers * assumed.bubbles
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
