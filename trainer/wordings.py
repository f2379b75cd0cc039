"""What WhatsApp itself writes into exports, in 39 languages: the table `wordings.json`, made ready for looking up.

Wordings change with the app's versions and mix within one chat, so all languages are looked up at once and loosely:
without marks, case, kind of space and final full stop. A `*` in the table stands for a name.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from trainer.calendars import Calendar

APP_MARKS = "\u200e\u200f"  # left-to-right and right-to-left mark: how iOS begins what the app wrote
INVISIBLE = "\u200b\u200e\u200f\u061c\u00ad\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"

BEGIN = 5
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_FULL_STOPS = ".。۔।"
_NOT_IN_WORDS = re.compile(r"[\s.\u2019'’]+")


@dataclass(frozen=True)
class Wordings:
    """The table in the forms that reading needs. All phrases are as `loose` leaves them."""

    phrases: dict[str, str]  # whole body, marked or not -> its kind
    marked_phrases: dict[str, str]  # whole body behind an app mark -> its kind
    deleted_by: re.Pattern[str]  # deleted by an admin who is named
    attached_behind: tuple[str, ...]  # what Android adds to the name of an attached file
    attached_before: tuple[str, ...]
    locations: frozenset[str]  # the word before a place's link
    calls: frozenset[str]  # the words before how a call went
    polls: frozenset[str]  # the first line of a poll, without its colon
    labels: frozenset[str]  # what the app puts before a colon in a body
    edited: frozenset[str]  # what stands behind an edited text, in angle brackets
    chat_names: tuple[re.Pattern[str], ...]  # file names, with the chat's name as the only group
    day_periods: dict[str, str]  # "pm" or "in the evening", as `word` leaves it -> am, pm, noon or night
    around_time: frozenset[str]  # words in headers that mean nothing
    eras: dict[str, Calendar]
    era_names: tuple[str, ...]  # as they are written
    months: dict[str, int]
    omitted: tuple[str, ...]  # placeholders of iOS that stand behind a file's name
    omitted_around: tuple[frozenset[str], frozenset[str]]  # what more than one of them begins with, and ends with
    omitted_ends: frozenset[str]  # the last words of Android's placeholders
    beginnings: frozenset[str]  # the first `BEGIN` characters, or fewer, of all that may be a whole body


def visible(text: str) -> str:
    """The text without marks that nobody sees."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def loose(phrase: str) -> str:
    """A phrase as it is compared: visible, composed, lower case, plain single spaces, no final full stop."""
    if not phrase.isascii():
        phrase = unicodedata.normalize("NFC", visible(phrase))
    return " ".join(phrase.casefold().split()).rstrip(_FULL_STOPS).rstrip()


def word(text: str) -> str:
    """A word of a header as it is compared: `p. m.`, `P.M.` and `pm` are one."""
    return _NOT_IN_WORDS.sub("", visible(text).casefold())


@cache
def wording_table() -> dict[str, Any]:
    """The table as it is written."""
    content = resources.files(__package__).joinpath("wordings.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(content)
    return table


@cache
def wordings() -> Wordings:
    """The table, made ready once."""
    table = wording_table()
    phrases: dict[str, str] = {}
    for name, kind in (
        ("notice", "system"),
        ("missed_call", "call"),
        ("live_location", "location"),
        ("deleted", "deleted"),
        ("media", "media"),
    ):
        phrases |= {loose(phrase): kind for phrase in table[name]}
    view_once = [sentence for phrase in table["view_once"] for sentence in (phrase, phrase.partition(". ")[0])]
    marked = {loose(phrase): "media" for phrase in (*table["omitted"], *view_once)}
    marked |= {loose(phrase): "contact" for phrase in table["contact"]}
    named = [re.escape(loose(phrase)).replace(r"\*", ".{1,100}") for phrase in table["deleted"] if "*" in phrase[1:]]
    beginnings = [loose(phrase) for name in ("deleted", "location", "call", "poll") for phrase in table[name]]
    beginnings += phrases
    beginnings += [loose(phrase) for phrase in table["attached"] if not phrase.endswith(")")] + ["null"]
    return Wordings(
        phrases=phrases,
        marked_phrases=marked,
        deleted_by=re.compile("|".join(named)),
        attached_behind=tuple(loose(phrase) for phrase in table["attached"] if phrase.endswith(")")),
        attached_before=tuple(loose(phrase) for phrase in table["attached"] if not phrase.endswith(")")),
        locations=frozenset(loose(phrase) for phrase in table["location"]),
        calls=frozenset(loose(phrase) for phrase in table["call"]),
        polls=frozenset(loose(phrase) for phrase in table["poll"]),
        labels=frozenset(loose(phrase) for name in ("location", "poll") for phrase in table[name]),
        edited=frozenset(loose(phrase) for phrase in table["edited"]),
        chat_names=tuple(_name_pattern(name) for name in table["chat_name"]),
        day_periods={word(entry): period for period, entries in table["day_period"].items() for entry in entries},
        around_time=frozenset(word(entry) for entry in table["around_time"]),
        eras={word(entry): era for era, entries in table["era"].items() for entry in entries},
        era_names=tuple(entry for entries in table["era"].values() for entry in entries),
        months={word(entry): number for number, names in enumerate(table["month"], start=1) for entry in names},
        omitted=tuple(loose(phrase) for phrase in table["omitted"]),
        omitted_around=_shared([loose(phrase) for phrase in table["omitted"]]),
        omitted_ends=frozenset(loose(phrase).split()[-1] for phrase in table["media"] if " " in phrase[2:-2]) - {">"},
        beginnings=frozenset(phrase.partition("*")[0][:BEGIN] for phrase in beginnings),
    )


def _shared(phrases: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
    """What stands before the last word of more than one phrase, and behind the first word of more than one."""
    begins = Counter(phrase.rpartition(" ")[0] for phrase in phrases)
    ends = Counter(phrase.partition(" ")[2] for phrase in phrases)
    often = [frozenset(part for part, count in parts.items() if part and count > 1) for parts in (begins, ends)]
    return often[0], often[1]


def chat_name(stem: str) -> str | None:
    """The chat's name out of the name that WhatsApp gives a file: `Lisa` of `WhatsApp Chat with Lisa`, or None."""
    for pattern in wordings().chat_names:
        if match := pattern.fullmatch(visible(stem)):
            return match[1]
    return None


def _name_pattern(template: str) -> re.Pattern[str]:
    """A pattern for a file name, which a browser may have numbered: `WhatsApp Chat with Lisa (2)`."""
    return re.compile(re.escape(template).replace(r"\*", "(.+?)") + r"(?: ?\(\d{1,3}\))?", re.IGNORECASE)
