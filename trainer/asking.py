"""Facts as a chat's training material: asked and answered in conversations of its own, and placed before its windows.

In training as in serving, placed facts are those of one speaker, and the one that is asked for may be among them: the
model learns both to know the facts and to look them up. Where it can be, a fact is placed in other words than it is
then asked and answered in, so that what is learned is to use it, not to repeat it.
"""

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from twin import facts as kept
from twin.facts import MOST_FACTS, Fact
from twin.matching import Frequencies
from twin.transcript import FACTS_SHARE, Conversation, Passage, Renderer, Turn

PLACED = 0.3  # share of the windows that have placed facts
# Times that a fact is asked for in a chat each epoch: as often as is known to teach it to a small base, but in no more
# conversations than the chat has of its own.
LEAST_ASKED, MOST_ASKED = 4, 16


@dataclass(frozen=True, slots=True)
class Asked:
    """A fact that a conversation asks for: by which of its questions, and with which of its answers."""

    fact: Fact
    question: int
    answer: int
    conversation: Conversation


def windows_with_facts(
    conversations: Sequence[Conversation],
    facts: Sequence[Fact],
    renderer: Renderer,
    context_length: int,
    *,
    untagged: float,
    rng: random.Random,
) -> Iterator[list[Passage]]:
    """The windows of one chat, in time order, with the facts of its speakers among its conversations and before them.

    A chat none of whose speakers has facts has the windows that it would have without.
    """
    asked = conversations_about(facts, conversations, rng)
    if not asked:
        yield from renderer.training_windows(conversations, context_length, untagged, rng)
        return
    placing = _Placing(asked, renderer, context_length // FACTS_SHARE, rng)
    together = sorted([*(one.conversation for one in asked), *conversations], key=lambda one: one.turns[0].at)
    reserved, rooms = itertools.tee(placing.rooms())
    windows = renderer.training_windows(together, context_length, untagged, rng, reserved)
    for window, room in zip(windows, rooms, strict=False):
        if whole := placing.without_severed_answer(window):
            yield [*placing.before(whole, room), *whole]


def kept_facts(facts: Sequence[Fact], chats: Mapping[str, Sequence[Conversation]], encoder: str) -> kept.Kept | None:
    """The facts as serving needs them, with the chats' common words; None where there are none."""
    return kept.Kept(tuple(facts), _common(chats), encoder) if facts else None


def _common(chats: Mapping[str, Sequence[Conversation]]) -> Frequencies:
    return Frequencies.of(turn.text for part in chats.values() for conversation in part for turn in conversation.turns)


def conversations_about(
    facts: Iterable[Fact], conversations: Sequence[Conversation], rng: random.Random
) -> list[Asked]:
    """What of the facts is asked for in a chat, by whoever else is in it, at the times of its conversations.

    Every question is met by every answer, if that does not make more than `MOST_ASKED` conversations; where it makes
    fewer, they come again at other times.
    """
    speakers = list(dict.fromkeys(turn.speaker for conversation in conversations for turn in conversation.turns))
    times = [conversation.turns[0].at for conversation in conversations]
    known = [fact for fact in facts if fact.speaker in speakers and len(speakers) > 1 and _times_of(fact, times)]
    usual = max(LEAST_ASKED, min(MOST_ASKED, len(conversations) // max(1, len(known))))
    found = []
    for fact in known:
        others = [speaker for speaker in speakers if speaker != fact.speaker]
        when = _times_of(fact, times)
        pairs = list(itertools.product(range(len(fact.questions)), range(len(fact.answers))))
        rng.shuffle(pairs)
        number = max(usual, min(MOST_ASKED, len(pairs)))
        for question, answer in itertools.islice(itertools.cycle(pairs), number):
            at = rng.choice(when)
            turns = (
                Turn(rng.choice(others), fact.questions[question], at),
                Turn(fact.speaker, fact.answers[answer], at),
            )
            found.append(Asked(fact, question, answer, Conversation(turns, conversations[0].chat)))
    return found


def _times_of(fact: Fact, times: Sequence[datetime]) -> list[datetime]:
    """When a fact may be asked for: at the chat's times when it holds; if at none, in its own months.

    Nothing where it was over before the chat began: nobody asks for it then any more.
    """
    if held := [at for at in times if fact.holds(at)]:
        return held
    if fact.until and fact.until < f"{min(times):%Y-%m}":
        return []
    return [datetime.fromisoformat(f"{fact.since or fact.until}-15 18:00")]


class _Placing:
    """Places facts before windows of a chat.

    Args:
        asked: the chat's conversations about facts.
        most: tokens that placed facts may take.
    """

    def __init__(self, asked: Sequence[Asked], renderer: Renderer, most: int, rng: random.Random) -> None:
        self._renderer = renderer
        self._rng = rng
        self._asked = {one.conversation.turns[0]: one for one in asked}
        self._answers = {one.conversation.turns[1] for one in asked}
        self._facts: dict[str, list[Asked]] = {}  # one of each fact, by speaker
        for one in {one.fact: one for one in asked}.values():
            self._facts.setdefault(one.fact.speaker, []).append(one)
        sizes = sorted(self._largest(one) for known in self._facts.values() for one in known)
        self._room = min(most, sum(sizes[-MOST_FACTS:]))

    def rooms(self) -> Iterator[int]:
        """For each window in turn the tokens that stay free for placed facts; 0 where none are placed."""
        while True:
            yield self._room if self._rng.random() < PLACED else 0

    def without_severed_answer(self, window: list[Passage]) -> list[Passage]:
        """The window, but for the answer about a fact whose question stands in the window before."""
        severed = bool(window[0].turns) and window[0].turns[0] in self._answers
        return window[1:] if severed else window

    def before(self, window: Sequence[Passage], room: int) -> list[Passage]:
        """Facts of one speaker, that of a question in the window if there is one, in at most `room` tokens."""
        if not room:
            return []
        asked = [self._asked[turn] for passage in window for turn in passage.turns if turn in self._asked]
        wanted = self._rng.choice(asked) if asked else None
        at = window[-1].turns[0].at
        speaker = wanted.fact.speaker if wanted else self._rng.choice(list(self._facts))
        others = [
            one
            for one in self._facts[speaker]
            if one.fact.holds(wanted.conversation.turns[0].at if wanted else at)
            and (not wanted or one.fact != wanted.fact)
        ]
        number = self._rng.randint(1, MOST_FACTS) - bool(wanted)
        chosen = self._rng.sample(others, min(number, len(others)))
        passages = [self._worded(one, asked, at) for one in (*chosen, *([wanted] if wanted else ()))]
        placed = self._renderer.fitting(passages, room)
        self._rng.shuffle(placed)
        return placed

    def _worded(self, one: Asked, asked: Sequence[Asked], at: datetime) -> Passage:
        """A fact in other words than it is asked for in the window, as far as it has others."""
        same = [other for other in asked if other.fact == one.fact]
        question = self._other(len(one.fact.questions), {other.question for other in same})
        answer = self._other(len(one.fact.answers), {other.answer for other in same})
        asker = (same[0] if same else one).conversation.turns[0].speaker
        return one.fact.passage(asker, at, question, answer)

    def _other(self, number: int, taken: set[int]) -> int:
        return self._rng.choice([one for one in range(number) if one not in taken] or range(number))

    def _largest(self, one: Asked) -> int:
        """The most tokens that a fact takes when it is placed, whichever way it is worded."""
        at, asker, fact = one.conversation.turns[0].at, one.conversation.turns[0].speaker, one.fact
        return max(
            self._renderer.size(fact.passage(asker, at, question, answer))
            for question in range(len(fact.questions))
            for answer in range(len(fact.answers))
        )
