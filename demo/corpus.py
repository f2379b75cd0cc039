"""Generates everyday chat conversations between invented people: what the demo's base model learns English from.

    python -m demo.corpus --seed 1 --count 5        # show some

The dialogues stand in `demo/flows/*.txt`, in this notation:

    # a remark
    = topic condition ...           a flow begins; it may need a time of day (morning), a season (sunny, winter), ...
    A: first line / another way     a turn of one of the two people; the ways are separated by " / " and interchangeable
    B: reply to any of the ways     a way has to fit every way of the turns before it, unless marks narrow that down:
    A: I passed! #good / I failed. #bad          sets a mark for the rest of the flow
    B: Hooray! <good / Oh no. <bad / I see.      is possible only if the mark (one of several) was set
    A= first / second / third       as many ways as the line before has: the one of the same number is taken

    {one|other}     a choice                      {dish}, {dish2}   a slot: the same value throughout the flow; two differ
    {A}, {B}        the people's first names      {A.job}           what A is, the same throughout the chat
    {today}, {tomorrowday}, {month}, {year}, {tonight}      follow from the date of the conversation
    {yearsong}, {yearcup}, ...                              what is in fashion in its year: `demo/years.txt`

A chat is a number of conversations between the same two people over some weeks. Each of them has a persona and a style:
one writes lower case with emoji in several short messages, another long and correct. A style changes letters, not words' order.
They ask each other for facts (`demo/knowledge.txt`), some of which are placed before a window, as they are in serving.
"""

import argparse
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from demo.corpus_facts import REACTIONS, Fact, kinds, of_the_year
from demo.corpus_people import NAMES, PERSONA, SLOTS
from demo.corpus_style import Style, random_style
from twin.transcript import Conversation, Passage, Turn, date_tag, labels_of, render

FLOWS = Path(__file__).parent / "flows"
# What may lead over to another subject, before the first line of the next dialogue.
_CONNECTORS = (
    "By the way,", "Oh, and", "Anyway,", "Something else:", "What I wanted to ask:", "Before I forget,", "Oh, by the way,",
    "So,", "Other question:", "Btw,", "One more thing:", "And", "Oh, I nearly forgot:",
)  # fmt: skip
_OPENING, _CLOSING = "greeting", "farewell"
_CAPITALS = {*NAMES, *SLOTS["day"], "I"}  # words that keep their capital within a sentence
_POINTED = 0.85  # share of turns that take up what was said, where there are ways that do
_ASKED = 0.4  # share of conversations in which somebody asks for a fact
_UNKNOWN = 0.2  # share of those whose answer is not known
_PLACED = {True: 0.9, False: 0.15}  # share of windows with placed facts, by whether a fact is asked for in them
_FIRST, _LAST = datetime(2015, 1, 1), datetime(2026, 12, 31)
_BRACES = re.compile(r"\{([^{}]*)\}")
_TURN = re.compile(r"([AB])([:=]) (.+)")
_OF_THE_DATE = {"today", "tomorrow", "tomorrowday", "month", "year", "tonight"}
_MARK = re.compile(r"[#<]\w+")
_SENTENCE_START = re.compile(r"(^|[.!?] )([a-zäöü])")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to put a turn: the marks that it sets, and those of which one must have been set before."""

    text: str
    sets: frozenset[str]
    needs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of a flow: who speaks (`A` or `B`), the ways to put it, and whether they answer those before one by one."""

    role: str
    ways: tuple[Way, ...]
    aligned: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """A short dialogue about one topic; `needs` are the conditions of time under which it may happen."""

    topic: str
    needs: frozenset[str]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """One side of a chat."""

    name: str
    persona: dict[str, str]
    style: Style


def parse_flows(source: str) -> list[Flow]:
    """The flows of a file.

    Raises:
        ValueError: a line is neither a flow's head nor a turn, or does not fit those before it. It is quoted.
    """
    flows: list[Flow] = []
    for block in re.split(r"^= ", source, flags=re.MULTILINE)[1:]:
        head, *lines = [line for line in block.splitlines() if line.strip() and not line.startswith("#")]
        topic, *needs = head.split()
        steps: list[Step] = []
        for line in lines:
            if not (found := _TURN.match(line)):
                raise ValueError(f"not a turn of the flow '{head}': {line}")
            step = Step(found[1], tuple(_way(way) for way in found[3].split(" / ")), found[2] == "=")
            if fault := _fault(step, steps):
                raise ValueError(f"{fault} in the flow '{head}': {line}")
            steps.append(step)
        flows.append(Flow(topic, frozenset(needs), tuple(steps)))
    return flows


def _fault(step: Step, before: Sequence[Step]) -> str | None:
    """What is wrong with a turn after those before it."""
    if step.aligned and (not before or len(before[-1].ways) != len(step.ways)):
        return f"{len(step.ways)} ways for {len(before[-1].ways) if before else 0}"
    set_before = {mark for each in before for way in each.ways for mark in way.sets}
    for way in step.ways:
        if not way.text or way.needs - set_before:
            return f"an empty way, or a mark that nothing sets ({', '.join(way.needs - set_before)}),"
        if unknown := [key for key in _BRACES.findall(way.text) if not _known(key)]:
            return f"no slot of the name {unknown[0]}"
    return None


def _known(key: str) -> bool:
    role, _, attribute = key.partition(".")
    if "|" in key or key in _OF_THE_DATE or key in of_the_year():
        return True
    if role in {"A", "B"}:
        return not attribute or attribute in PERSONA
    return key.rstrip("0123456789") in SLOTS


def _way(source: str) -> Way:
    marks = _MARK.findall(source)
    sets, needs = (frozenset(mark[1:] for mark in marks if mark[0] == sign) for sign in "#<")
    return Way(_MARK.sub("", source).strip(), sets, needs)


def all_flows() -> list[Flow]:
    """Every flow of the files."""
    return [flow for path in sorted(FLOWS.glob("*.txt")) for flow in parse_flows(path.read_text("utf-8"))]


def conditions(at: datetime) -> frozenset[str]:
    """What a moment allows: times of day, days of the week, seasons and feasts."""
    met = {
        "morning": 5 <= at.hour < 11,
        "afternoon": 12 <= at.hour < 17,
        "evening": at.hour >= 17,
        "night": at.hour >= 21 or at.hour < 4,
        "monday": at.weekday() == 0,
        "friday": at.weekday() == 4 and at.hour >= 12,
        "weekday": at.weekday() < 5,
        "weekend": at.weekday() >= 5 and at.hour < 11,
        "winter": at.month in {11, 12, 1, 2},
        "sunny": at.month in range(3, 11),
        "rainy": at.month not in {6, 7, 8},
        "christmas": at.month == 12 and at.day in range(23, 27),
        "newyear": at.month == 1 and at.day < 4,
    }
    return frozenset(name for name, holds in met.items() if holds)


class _Filler:
    """Fills the slots of one flow; a slot keeps its value."""

    def __init__(self, rng: random.Random, roles: dict[str, Person], at: datetime) -> None:
        self._rng, self._roles = rng, roles
        self._marks: set[str] = set()
        self._chosen = 0  # the number of the way that the last turn took
        tonight = ["later", "tonight"] if at.hour >= 18 else ["tonight", "this evening", "later", "after work"]
        self._held = {
            "today": f"{at:%A}",
            "tomorrow": "tomorrow",
            "tomorrowday": f"{at + timedelta(days=1):%A}",
            "month": f"{at:%B}",
            "year": f"{at:%Y}",
            "tonight": rng.choice(tonight),
            **{slot: names[f"{at:%Y}"] for slot, names in of_the_year().items()},
        }

    def put(self, step: Step) -> str:
        """The turn in one of the ways that fit what was said before."""
        if step.aligned:
            way = step.ways[self._chosen]
        else:
            pointed = [way for way in step.ways if way.needs & self._marks]
            general = [way for way in step.ways if not way.needs]
            ways = pointed if pointed and (not general or self._rng.random() < _POINTED) else general
            if not ways:
                raise ValueError(f"no way to go on: {step.ways[0].text} / ...")
            way = self._rng.choice(ways)
        self._chosen = step.ways.index(way)
        self._marks |= way.sets
        return self._fill(way.text)

    def _fill(self, text: str) -> str:
        while (filled := _BRACES.sub(self._value, text)) != text:
            text = filled
        return _SENTENCE_START.sub(lambda found: found[1] + found[2].upper(), text)

    def _value(self, found: re.Match[str]) -> str:
        key: str = found[1]
        if "|" in key:
            return self._rng.choice(key.split("|"))
        role, _, attribute = key.partition(".")
        if role in self._roles:
            return self._roles[role].persona[attribute] if attribute else self._roles[role].name
        if key not in self._held:
            base = key.rstrip("0123456789")
            taken = {value for name, value in self._held.items() if name.rstrip("0123456789") == base}
            taken |= {person.name for person in self._roles.values()}
            options = [value for value in SLOTS.get(base, [key]) if value not in taken]
            self._held[key] = self._rng.choice(options)
        return self._held[key]


def _person(rng: random.Random, name: str) -> Person:
    return Person(name, {trait: rng.choice(SLOTS[slot]) for trait, slot in PERSONA.items()}, random_style(rng))


class Chat:
    """One invented chat: two people, conversation after conversation over some weeks.

    Attributes:
        conversations: in time order.
        asked: the facts that were asked for, by the turn that begins the answer.
    """

    def __init__(self, rng: random.Random, flows: Sequence[Flow], name: str) -> None:
        self._rng, self._flows, self._name = rng, flows, name
        self._people = [_person(rng, first) for first in rng.sample(NAMES, 2)]
        self._facts: dict[tuple[str, str], Fact] = {}  # by owner and kind: who is asked twice answers the same
        self.asked: dict[Turn, Fact] = {}
        self.conversations = list(self._converse())

    def placed(self, window: Sequence[Passage]) -> list[Passage]:
        """Facts to stand before a window: mostly those that are asked for in it, among others of the same people."""
        rng = self._rng
        asked = [self.asked[turn] for passage in window for turn in passage.turns if turn in self.asked]
        if rng.random() >= _PLACED[bool(asked)]:
            return []
        others = [fact for fact in self._facts.values() if fact.value and fact not in asked]
        chosen = [fact for fact in asked if fact.value][:3]
        chosen += rng.sample(others, min(len(others), rng.choice((0, 1, 1, 2)) if chosen else rng.choice((1, 2, 3))))
        return [self._passage(fact) for fact in rng.sample(chosen, len(chosen))]

    def _passage(self, fact: Fact) -> Passage:
        said = ((fact.asker, fact.question(self._rng)), (fact.owner, fact.answer(self._rng)))
        styles = {person.name: person.style for person in self._people}
        turns = tuple(Turn(who, " ".join(styles[who].messages(text, self._rng)), _FIRST) for who, text in said)
        return Passage(turns, None, ended=True, placed=True)

    def _converse(self) -> Iterator[Conversation]:
        rng = self._rng
        for _ in range(4):  # things that are known, though perhaps nobody asks
            self._fact(*rng.sample(self._people, 2))
        at = _FIRST + timedelta(days=rng.randrange((_LAST - _FIRST).days - 200))
        for _ in range(rng.randint(4, 14)):
            at += timedelta(days=rng.choice((1, 1, 2, 3, 5, 8, 13)))
            at = at.replace(hour=rng.choice((7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23)))
            at = at.replace(minute=rng.randrange(60))
            if turns := tuple(self._turns(at)):
                yield Conversation(turns, self._name)

    def _turns(self, at: datetime) -> Iterator[Turn]:
        for person, text, fact in self._messages(self._plan(at), at):
            for number, part in enumerate(person.style.messages(text, self._rng)):
                turn = Turn(person.name, part, at)
                if fact and not number:
                    self.asked[turn] = fact
                yield turn
                at += timedelta(seconds=self._rng.choice((5, 8, 15, 30, 60, 120, 400)))

    def _fact(self, owner: Person, asker: Person) -> Fact:
        """A fact of `owner`: one that came up before, or a new one."""
        kind = self._rng.choice(kinds())
        known = [fact for (name, _), fact in self._facts.items() if name == owner.name]
        if known and self._rng.random() < 0.4:
            return self._rng.choice(known)
        value = None if self._rng.random() < _UNKNOWN else self._rng.choice(kind.values)
        return self._facts.setdefault((owner.name, kind.topic), Fact(kind, owner.name, asker.name, value))

    def _plan(self, at: datetime) -> list[Flow]:
        """The flows of a conversation: perhaps a greeting, one to three topics, perhaps a farewell."""
        rng = self._rng
        met = conditions(at)
        possible = [flow for flow in self._flows if flow.needs <= met]
        ends = {_OPENING, _CLOSING}
        topics: dict[str, Flow] = {}
        for flow in rng.sample(possible, min(len(possible), 12)):
            if flow.topic not in ends:
                topics.setdefault(flow.topic, flow)
        greetings = [flow for flow in possible if flow.topic == _OPENING]
        farewells = [flow for flow in possible if flow.topic == _CLOSING]
        plan = list(topics.values())[: rng.choice((1, 1, 1, 2, 2, 3))]
        if rng.random() < 0.5 and greetings:
            plan = [rng.choice(greetings), *plan[:2]]
        if rng.random() < 0.3 and farewells:
            plan.append(rng.choice(farewells))
        return plan

    def _messages(self, plan: Sequence[Flow], at: datetime) -> Iterator[tuple[Person, str, Fact | None]]:
        """Who says what, and whether it answers a question for a fact. What one person says twice in a row in different
        flows is sometimes one message."""
        rng = self._rng
        said: list[tuple[Person, str, Fact | None]] = []
        asking = rng.randrange(len(plan)) if plan and rng.random() < _ASKED else None
        for number, flow in enumerate(plan):
            for first, (person, text) in self._played(flow, at):
                leads_over = first and said and flow.topic != _CLOSING and rng.random() < 0.4
                line = connected(rng.choice(_CONNECTORS), text) if leads_over else text
                if first and said and said[-1][0] is person and rng.random() < 0.5:
                    said[-1] = (person, f"{said[-1][1]} {line}", said[-1][2])
                else:
                    said.append((person, line, None))
            if number == asking:
                said += self._asking()
        yield from said

    def _played(self, flow: Flow, at: datetime) -> Iterator[tuple[bool, tuple[Person, str]]]:
        """The turns of a flow, and of each whether it is the first."""
        one, other = self._rng.sample(self._people, 2)
        roles = {"A": one, "B": other}
        filler = _Filler(self._rng, roles, at)
        steps = flow.steps
        if len(steps) > 2 and self._rng.random() < 0.2:  # people just stop
            steps = steps[: self._rng.randint(2, len(steps))]
        for number, step in enumerate(steps):
            yield not number, (roles[step.role], filler.put(step))

    def _asking(self) -> Iterator[tuple[Person, str, Fact | None]]:
        """Somebody asks for a fact, and perhaps says something to the answer."""
        owner, asker = self._rng.sample(self._people, 2)
        fact = self._fact(owner, asker)
        yield asker, fact.question(self._rng), None
        yield owner, fact.answer(self._rng), fact
        if fact.value and self._rng.random() < 0.5:
            yield asker, self._rng.choice(REACTIONS), None


def connected(connector: str, text: str) -> str:
    """A line led in by a connector: `Anyway, are you free?`"""
    first = re.split(r"\W", text, maxsplit=1)[0]
    return f"{connector} {text if first in _CAPITALS else text[0].lower() + text[1:]}"


def chats(seed: int, flows: Sequence[Flow] | None = None) -> Iterator[Chat]:
    """Chats without end. The same seed gives the same ones."""
    rng = random.Random(seed)
    flows = flows or all_flows()
    for number in itertools.count(1):
        yield Chat(rng, flows, f"{seed}-{number}")


def conversations(seed: int, flows: Sequence[Flow] | None = None) -> Iterator[Conversation]:
    """The conversations of these chats, in time order within each of them."""
    return (conversation for chat in chats(seed, flows) for conversation in chat.conversations)


def main() -> None:
    """Prints conversations as the model reads them."""
    parser = argparse.ArgumentParser(description="Shows generated conversations.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--file", type=Path, help="only flows of this file (default: of all)")
    options = parser.parse_args()
    try:
        flows = parse_flows(options.file.read_text("utf-8")) if options.file else all_flows()
        print(f"{len(flows)} flows, {sum(len(step.ways) for flow in flows for step in flow.steps)} ways")
        for number, conversation in enumerate(conversations(options.seed, flows)):
            if number >= options.count:
                break
            turns = conversation.turns
            print(render(turns, labels_of(turn.speaker for turn in turns), date_tag(turns[0].at)))
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
