"""The transcript: how conversations become text and tokens. Training and serving both render here, and nowhere else.

A conversation reads

    [2023-05 Thu evening] Daniel: How is it going? | Lisa: Going well! |

and ends with the tokenizer's end-of-sequence token. It is tokenised segment by segment: `[2023-05 Thu evening]`,
` Daniel:`, ` How is it going?`, ` |`, ` Lisa:`, ... Every segment but the first begins with a space, so byte-level BPE
tokenizers of GPT-2's kind give the same ids for the segments as for the whole string. The bar ends a turn and cannot
occur within one.

A window is what the model sees at once: consecutive conversations of one chat, filled up to the context length and cut
at turn boundaries. In a window a conversation, or the part of one that fits, is a `Passage`.
"""

import itertools
import random
import re
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import MINYEAR, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

SEPARATOR = "|"
STAND_IN = "¦"  # what a bar in someone's text becomes
DEFAULT_GAP = timedelta(hours=1)  # a longer silence starts a new conversation
DROP_BACK = (
    0.6  # share of the budget that is kept when a serving window overflows: its prefix then stays put for a while
)
FACTS_SHARE = 3  # placed facts take at most this part of a window: a third
_REMEMBERED = 2**15  # segments whose token ids are kept: those of a long thread, which is gone through at every answer
UNDATED = datetime(MINYEAR, 1, 1)  # times in its year are those of a corpus without dates: they only tell the order

_DAY_PARTS = ("night", "morning", "afternoon", "evening")  # six hours each, from midnight
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NOT_IN_NAMES = re.compile(
    "[:\u2a74\ufe13\ufe55\uff1a\x00-\x08\x0e-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
# Some tokenizers read compatibility forms, such as the full-width bar, as the character itself (NFKC).
_WIDE_BAR = "\uff5c"
_BRACKETS = str.maketrans("[]\ufe47\ufe48\uff3b\uff3d", "()()()")
_OPENING = re.compile(r"[\[\ufe47\uff3b]")
_TAG = re.compile(rf"\[\d{{4}}-\d\d ({'|'.join(_WEEKDAYS)}) ({'|'.join(_DAY_PARTS)})\]")
_TAG_LENGTH = len("[2023-05 Thu afternoon]")


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: who said it, what, and when (local time without zone, as the export has it)."""

    speaker: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns of one chat with no longer silence between them than the gap."""

    turns: tuple[Turn, ...]
    chat: str


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive turns of one conversation as they stand in a window.

    `ended` says that the conversation ends with the last of them. A passage without turns opens a conversation.
    `placed` says that it is a fact put before the conversations, which the loss does not count.
    """

    turns: tuple[Turn, ...]
    tag: str | None
    ended: bool
    placed: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the transcript that is tokenised on its own."""

    text: str
    kind: Literal["tag", "label", "text", "bar"]
    speaker: str = ""


@dataclass(slots=True)
class Tokens:
    """A rendered window: token ids, and for each whether the loss counts it."""

    ids: list[int] = field(default_factory=list)
    supervised: list[bool] = field(default_factory=list)

    def add(self, ids: Sequence[int], supervised: bool) -> None:
        self.ids.extend(ids)
        self.supervised.extend([supervised] * len(ids))


def clean_text(text: str) -> str:
    """A text as it may stand in a turn: valid Unicode, no bar, no date tag, no outer white space. Newlines stay."""
    valid = text.encode("utf-8", "replace").decode("utf-8").replace(SEPARATOR, STAND_IN).replace(_WIDE_BAR, STAND_IN)
    return _OPENING.sub(_no_tag, valid.strip())


def _no_tag(bracket: re.Match[str]) -> str:
    """A bracket in a text, made round where a date tag would begin with it."""
    begins = unicodedata.normalize("NFKC", bracket.string[bracket.start() :][:_TAG_LENGTH])
    return "(" if _TAG.match(begins) else bracket[0]


def clean_name(name: str) -> str:
    """A name as it may stand in a label: one line, without colon, bar, square brackets or invisible marks."""
    visible = _NOT_IN_NAMES.sub("", clean_text(name)).translate(_BRACKETS)
    return " ".join(visible.split()) or "?"


def labels_of(speakers: Iterable[str]) -> dict[str, str]:
    """The label of each speaker, told apart by a number where two names would read alike."""
    labels: dict[str, str] = {}
    taken: set[str] = set()
    for speaker in dict.fromkeys(speakers):
        name = label = clean_name(speaker)
        number = 2
        while label in taken:
            label, number = f"{name} {number}", number + 1
        labels[speaker] = label
        taken.add(label)
    return labels


def date_tag(at: datetime, latest: datetime | None = None) -> str | None:
    """A coarse date such as `[2023-05 Thu evening]`; months after `latest`, the last one trained on, read as it.

    None for a time that is no date, or where none was trained on: see `UNDATED`.
    """
    month = min(at, latest) if latest else at
    if month.year == UNDATED.year:
        return None
    return f"[{month:%Y-%m} {_WEEKDAYS[at.weekday()]} {_DAY_PARTS[at.hour // 6]}]"


def split_at_gaps(turns: Iterable[Turn], gap: timedelta = DEFAULT_GAP) -> list[tuple[Turn, ...]]:
    """Turns in time order, split wherever the silence before one is longer than `gap`."""
    parts: list[list[Turn]] = []
    last: datetime | None = None
    for turn in turns:
        if last is None or turn.at - last > gap:
            parts.append([])
        parts[-1].append(turn)
        last = turn.at
    return [tuple(part) for part in parts]


def segments_of(passage: Passage, labels: dict[str, str], answering: str | None = None) -> Iterator[Segment]:
    """The segments of a passage in order; `answering` adds the label of the speaker whose turn comes next."""
    space = ""
    if passage.tag:
        yield Segment(passage.tag, "tag")
        space = " "
    for turn in passage.turns:
        yield Segment(f"{space}{labels[turn.speaker]}:", "label", turn.speaker)
        yield Segment(f" {clean_text(turn.text)}", "text", turn.speaker)
        yield Segment(f" {SEPARATOR}", "bar", turn.speaker)
        space = " "
    if answering is not None:
        yield Segment(f"{space}{labels[answering]}:", "label", answering)


def render(turns: Iterable[Turn], labels: dict[str, str], tag: str | None = None, answering: str | None = None) -> str:
    """The transcript of one conversation as text, for people and for servers that take text only."""
    passage = Passage(tuple(turns), tag, ended=False)
    return "".join(segment.text for segment in segments_of(passage, labels, answering))


def said_in(rendered: str) -> list[tuple[str, str]]:
    """The turns of what `render` gave without a tag, as labels and texts; a last label without a text is left out."""
    turns = (turn.partition(": ") for turn in rendered.removesuffix(f" {SEPARATOR}").split(f" {SEPARATOR} "))
    return [(label, text) for label, colon, text in turns if colon]


class Renderer:
    """Renders windows of conversations between known speakers for one tokenizer.

    Args:
        tokenizer: a fast Hugging Face tokenizer whose `eos_token_id` ends conversations.
        speakers: everyone who may speak, in a fixed order (labels depend on it).
        latest: the end of the trained period; later dates are shown as its month.
    """

    def __init__(self, tokenizer: Any, speakers: Iterable[str], latest: datetime | None = None) -> None:
        self.labels = labels_of(speakers)
        self.latest = latest
        self.shortened_turns = 0  # turns that alone were longer than a serving window, counted
        self._tokenizer = tokenizer
        self._eos: int = tokenizer.eos_token_id
        self._cached_ids = lru_cache(maxsize=_REMEMBERED)(self._tokenise)

    def knowing(self, speakers: Iterable[str]) -> "Renderer":
        """One for other speakers, which shares what this one remembers."""
        other = copy(self)
        other.labels = labels_of(speakers)
        return other

    def window(self, passages: Sequence[Passage], answering: str | None = None) -> Tokens:
        """Token ids of a window, and which of them are supervised.

        Supervised are texts, bars, ends of conversations and labels; not date tags, not placed facts, and not the
        window's first label.
        """
        tokens = Tokens()
        first_label = True
        for number, passage in enumerate(passages, start=1):
            for segment in segments_of(passage, self.labels, answering if number == len(passages) else None):
                is_first = first_label and segment.kind == "label"
                tokens.add(self.ids(segment.text), not passage.placed and segment.kind != "tag" and not is_first)
                first_label = first_label and not is_first
            if passage.ended:
                tokens.add([self._eos], not passage.placed)
        return tokens

    def training_windows(
        self,
        conversations: Iterable[Conversation],
        context_length: int,
        untagged: float,
        rng: random.Random,
        reserved: Iterable[int] = (),
    ) -> Iterator[list[Passage]]:
        """Cut the conversations of one chat, in time order, into windows of at most `context_length` tokens.

        A share `untagged` of the conversations goes without its date tag, so that the model does not come to need one.
        `reserved` says for each window in turn how many tokens of it stay free for placed facts.
        """
        rooms = (context_length - taken for taken in itertools.chain(reserved, itertools.repeat(0)))
        window: list[Passage] = []
        room = next(rooms)
        for conversation in conversations:
            dated = rng.random() >= untagged
            held: list[Turn] = []
            tag: str | None = None
            for turn in conversation.turns:
                cost = self._cost(turn)
                if held and cost > room:
                    window.append(Passage(tuple(held), tag, ended=False))
                    held = []
                    yield window
                    window, room = [], next(rooms)
                if not held:
                    tag = date_tag(turn.at, self.latest) if dated else None
                    if window and cost + self._overhead(tag) > room:
                        yield window
                        window, room = [], next(rooms)
                    room -= self._overhead(tag)
                held.append(self._shortened(turn, room))
                room -= self._cost(held[-1])
            window.append(Passage(tuple(held), tag, ended=True))
        if window:
            yield window

    def serving_window(
        self,
        turns: Sequence[Turn],
        answering: str,
        at: datetime,
        budget: int,
        gap: timedelta = DEFAULT_GAP,
        *,
        facts: Sequence[Passage] = (),
    ) -> list[int]:
        """Token ids of a thread's history up to the label of the speaker who answers, in at most `budget` tokens.

        What is left out when the budget overflows depends on the thread's turns alone, not on the moment: as turns are
        added, the window keeps its beginning until the next overflow, or until another fact is placed.

        Args:
            facts: placed first, as far as they fit into a third of the budget; the last ones are the first to fit.
        """
        now = Turn(answering, "", at)
        placed = self.fitting(facts, budget // FACTS_SHARE)
        budget -= sum(map(self.size, placed))
        kept: deque[tuple[int, Turn, int]] = deque()  # (conversation, turn, cost)
        total = 0
        # The first passage may be the rest of a conversation: room for its tag and for the last label is set aside.
        budget -= self._overhead(date_tag(at, self.latest)) + self._cost(now)
        conversations = split_at_gaps([*turns, now], gap)
        for number, conversation in enumerate(conversations):
            overhead = self._overhead(date_tag(conversation[0].at, self.latest))
            for index, turn in enumerate(conversation):
                if turn is now:
                    continue
                whole = self._shortened(turn, budget - overhead)
                self.shortened_turns += whole is not turn
                cost = self._cost(whole) + (0 if index else overhead)
                kept.append((number, whole, cost))
                total += cost
                if total > budget:
                    while len(kept) > 1 and total > DROP_BACK * budget:
                        total -= kept.popleft()[2]
        passages = list(placed)
        for number, conversation in enumerate(conversations):
            held = tuple(turn for owner, turn, _ in kept if owner == number)
            last = number == len(conversations) - 1
            if held or last:
                start = held[0].at if held else conversation[0].at
                passages.append(Passage(held, date_tag(start, self.latest), ended=not last))
        return self.window(passages, answering).ids

    def fitting(self, facts: Sequence[Passage], room: int) -> list[Passage]:
        """As many of the facts, from the last one backwards, as fit into `room` tokens, in their order."""
        placed: deque[Passage] = deque()
        for fact in reversed(facts):
            room -= self.size(fact)
            if room < 0:
                break
            placed.appendleft(fact)
        return list(placed)

    def forget(self) -> None:
        """Let go of what people wrote: the segments whose token ids are remembered, and the tokenizer's words."""
        self._cached_ids.cache_clear()
        backend = getattr(self._tokenizer, "backend_tokenizer", None)
        clear = getattr(getattr(backend, "model", None), "_clear_cache", None)  # models that know whole words have none
        if clear:
            clear()

    def size(self, passage: Passage) -> int:
        """How many tokens a passage takes."""
        return len(self.window([passage]).ids)

    def ids(self, text: str) -> tuple[int, ...]:
        """Token ids of a segment. Names of special tokens in it are ordinary text."""
        return self._cached_ids(text)

    def _tokenise(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])

    def _overhead(self, tag: str | None) -> int:
        """What a passage costs beside its turns: its tag and the end of the conversation."""
        return (len(self.ids(tag)) if tag else 0) + 1

    def _cost(self, turn: Turn) -> int:
        """The most tokens a turn can take: a label without a space before it may take another number than with one."""
        label = self.labels[turn.speaker]
        label_cost = max(len(self.ids(f"{label}:")), len(self.ids(f" {label}:")))
        return label_cost + len(self.ids(f" {clean_text(turn.text)}")) + len(self.ids(f" {SEPARATOR}"))

    def _shortened(self, turn: Turn, room: int) -> Turn:
        """The turn, or as much of its beginning as fits into `room` tokens."""
        if self._cost(turn) <= room:
            return turn
        low, high = 0, len(turn.text)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self._cost(replace(turn, text=turn.text[:middle])) <= room
            low, high = (middle, high) if fits else (low, middle - 1)
        return replace(turn, text=turn.text[:low])
