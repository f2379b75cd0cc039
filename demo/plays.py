"""Chat scripts: how the sample chats are written down, and how they become dated messages.

A script file in `demo/chats/PERSON/` reads like a play. A line `@food = soup | pasta` names a list; `@home ..2022-04 = munich`
one that holds for some months only. A script begins with a head and goes on with turns:

    == 2018-01..2019-09 17-23 x3 days=fri,sat months=6,7
    L: what are you {eating|cooking}
    D: [food], and after that [food2]
    D? !image

The head gives the months in which the script may be played, the hours in which it may begin, and how often it is played.
`on=12-24,12-25` names days. `{a|b}` is a choice; choices with the same number, `{1:a|b}` and later `{1:c|d}`, choose alike, so that an answer fits its
question. `[food]` is a word of a list, the same throughout one conversation, `[food2]` a second one.
A turn with `?` instead of `:` is played every other time. `!image` and the like are rows that WhatsApp writes, and a text that ends
with `!edited` carries the mark of an edited message. `\\n` breaks the line.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HEAD = re.compile(r"== (\d{4}-\d\d)\.\.(\d{4}-\d\d) (\d+)-(\d+) x(\d+)((?: \w+=[\w,-]+)*)$")
_LIST = re.compile(r"@([a-z]+)(?: (\d{4}-\d\d)?\.\.(\d{4}-\d\d)?)? = (.+)$")
_TURN = re.compile(r"([A-Z])([:?]) (.+?) ?$")
_CHOICE = re.compile(r"\{(?:(\d):)?([^{}]*)\}")
_SLOT = re.compile(r"\[([a-z]+)(\d?)\]")


@dataclass(frozen=True)
class Line:
    """One written turn of a script, its choices still open."""

    initial: str
    text: str
    optional: bool


@dataclass(frozen=True)
class Script:
    """A conversation as it is written, with the months, hours and days in which it may be played."""

    first: str
    last: str
    hours: tuple[int, int]
    times: int
    months: frozenset[int]
    weekdays: frozenset[int]
    days: frozenset[str]
    lines: tuple[Line, ...]

    def allows(self, day: date) -> bool:
        """Say whether the script may be played on `day`."""
        in_range = self.first <= f"{day:%Y-%m}" <= self.last
        on_day = not self.days or f"{day:%m-%d}" in self.days
        return in_range and on_day and day.month in self.months and day.weekday() in self.weekdays


@dataclass(frozen=True)
class WordList:
    """The words of one slot, and the months (YYYY-MM) in which they hold."""

    name: str
    first: str
    last: str
    words: tuple[str, ...]


@dataclass
class Play:
    """All scripts of one chat."""

    scripts: list[Script] = field(default_factory=list)
    lists: list[WordList] = field(default_factory=list)

    def words(self, name: str, month: str) -> tuple[str, ...]:
        """Return the words of the list `name` that hold in `month` (YYYY-MM). Raises KeyError where there are none."""
        for entry in self.lists:
            if entry.name == name and entry.first <= month <= entry.last:
                return entry.words
        raise KeyError(f"no list @{name} holds in {month}")


def read_play(folder: Path) -> Play:
    """Read every script file of `folder`, in the order of their names. Raises ValueError naming the file and the line."""
    play = Play()
    for path in sorted(folder.glob("*.txt")):
        head: re.Match[str] | None = None
        lines: list[Line] = []
        for number, raw in enumerate([*path.read_text(encoding="utf-8").splitlines(), ""], start=1):
            if raw.startswith("#"):
                continue
            if not raw.strip():
                if head and lines:
                    play.scripts.append(_script(head, lines))
                head, lines = None, []
            elif found := _LIST.match(raw):
                name, first, last, words = found.groups()
                play.lists.append(WordList(name, first or "0000", last or "9999", tuple(words.split(" | "))))
            elif found := _HEAD.match(raw):
                head = found
            elif head and (found := _TURN.match(raw)):
                lines.append(Line(found[1], found[3], found[2] == "?"))
            else:
                raise ValueError(f"{path.name}:{number}: neither a list, a head nor a turn: {raw}")
    return play


def _script(head: re.Match[str], lines: list[Line]) -> Script:
    options = dict(option.split("=") for option in head[6].split())
    months = [int(month) for month in options.get("months", "").split(",") if month] or range(1, 13)
    days = [WEEKDAYS.index(day) for day in options.get("days", "").split(",") if day] or range(7)
    named = frozenset(day for day in options.get("on", "").split(",") if day)
    hours = (int(head[3]), int(head[4]))
    return Script(head[1], head[2], hours, int(head[5]), frozenset(months), frozenset(days), named, tuple(lines))


class Stage:
    """Plays scripts: chooses days, and the words that were used least so far."""

    def __init__(self, play: Play, random: Random) -> None:
        self.play = play
        self.random = random
        self._used: Counter[str] = Counter()

    def schedule(self, first: date, last: date) -> list[tuple[datetime, Script]]:
        """Give every performance a moment between `first` and `last`, spread over its months, never two on one day.

        Raises ValueError where a script finds no free day.
        """
        taken: set[date] = set()
        plan: list[tuple[datetime, Script]] = []
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        # The narrowest scripts choose first, so that a Christmas is not taken by smalltalk.
        for script in sorted(self.play.scripts, key=lambda s: sum(map(s.allows, days))):
            allowed = [day for day in days if script.allows(day)]
            for part in range(script.times):
                share = allowed[len(allowed) * part // script.times : len(allowed) * (part + 1) // script.times]
                free = [day for day in share if day not in taken]
                if not free:
                    raise ValueError(f"no free day for the script that begins {script.lines[0].text!r}")
                day = self.random.choice(free)
                taken.add(day)
                seconds = self.random.randrange(script.hours[0] * 3600, script.hours[1] * 3600)
                plan.append((datetime(day.year, day.month, day.day) + timedelta(seconds=seconds), script))
        return sorted(plan, key=lambda entry: entry[0])

    def perform(self, script: Script, month: str) -> list[tuple[str, str]]:
        """Play `script` in `month` (YYYY-MM): the initials and texts of its turns, every choice made."""
        bound: dict[str, str] = {}
        chosen: dict[str, int] = {}
        turns = []
        for line in script.lines:
            if line.optional and self.random.random() < 0.5:
                continue
            text = line.text
            while True:
                text = _CHOICE.sub(lambda found: self._choose(found, chosen), text)
                text, slots = _SLOT.subn(lambda found: self._word(found, bound, month), text)
                if not slots and not _CHOICE.search(text):
                    break
            turns.append((line.initial, " ".join(text.split(" ")).strip().replace("\\n", "\n")))
        return turns

    def _choose(self, choice: re.Match[str], chosen: dict[str, int]) -> str:
        options = choice[2].split("|")
        if choice[1] is None:
            return self._least_used(options, choice[2])
        if choice[1] not in chosen:
            indices = [str(index) for index in range(len(options))]
            chosen[choice[1]] = int(self._least_used(indices, choice[2]))
        return options[chosen[choice[1]]]

    def _word(self, slot: re.Match[str], bound: dict[str, str], month: str) -> str:
        if slot[0] not in bound:
            words = [word for word in self.play.words(slot[1], month) if word not in bound.values()]
            bound[slot[0]] = self._least_used(words, slot[1])
        return bound[slot[0]]

    def _least_used(self, options: list[str], group: str) -> str:
        """Choose among the options of `group` that were used least, so that a chat seldom repeats itself."""
        fewest = min(self._used[f"{group}={option}"] for option in options)
        choice = self.random.choice([option for option in options if self._used[f"{group}={option}"] == fewest])
        self._used[f"{group}={choice}"] += 1
        return choice
