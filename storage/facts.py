"""What the store's verbs take and return: plain facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from twin.transcript import Turn

Buttons = Sequence[Sequence[tuple[str, str]]]  # rows of (label, callback data)


@dataclass(frozen=True, slots=True)
class Place:
    """Where people write: a Telegram chat, and the topic in it (0: none)."""

    chat_id: int
    topic_id: int = 0

    @property
    def is_group(self) -> bool:
        return self.chat_id < 0


@dataclass(frozen=True, slots=True)
class Thread:
    """What two speakers said to each other in one place. The twin answers for one, the user writes as the other."""

    id: int
    place: Place
    adapter: str
    speakers: tuple[str, str]
    answers: str

    @property
    def writes(self) -> str:
        return self.other(self.answers)

    def other(self, speaker: str) -> str:
        first, second = self.speakers
        return second if speaker == first else first


@dataclass(frozen=True, slots=True)
class Taken:
    """An update that was taken in and is not done."""

    update_id: int
    payload: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages of one thread that wait for one answer together, and who gives it.

    Attributes:
        turns: what was said in the thread, oldest first: these messages last, and none that came after them.
    """

    updates: tuple[int, ...]
    thread: Thread
    answers: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Bubble:
    """A turn of an answer, and the messages that carry it.

    Attributes:
        pause: seconds of typing before it is sent.
    """

    turn: Turn
    messages: tuple[str, ...]
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that was recorded and is still to be sent."""

    id: int
    place: Place
    text: str
    buttons: Buttons | None
    pause: float = 0.0
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """An answer that stands in a thread."""

    turn: int
    thread: Thread
    speaker: str
    text: str
    version: str


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Turns that were removed from a thread.

    Attributes:
        answers: how many of them were the twin's.
        messages: Telegram's ids of the twin's messages that carried them.
    """

    turns: int
    answers: int
    messages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a place has chosen; None: the default."""

    language: str | None = None
    mode: str | None = None
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Someone, or a group, that asked to be let in or has a role. Roles: admin, allowed, asked, refused."""

    id: int
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """What someone thought of an answer: `rating` is 1 or -1, `context` the turns before it, oldest first."""

    adapter: str
    version: str
    rating: int
    context: tuple[tuple[str, str], ...]
    speaker: str
    answer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Upload:
    """An export that an admin sent, while it is decided about."""

    id: int
    place: Place
    user_id: int
    path: str
    dataset: str


@dataclass(frozen=True, slots=True)
class Training:
    """A training that was started from a chat; `message_id` is that of its progress message, once there is one."""

    id: int
    place: Place
    adapter: str
    language: str
    message_id: int | None
