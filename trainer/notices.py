"""Knows the notices that WhatsApp writes about people: `Lisa changed their phone number to a new number`.

There are more than a thousand of them in the table; a word that stands in the notice finds the few that a line can be.
"""

import re
from collections import defaultdict
from functools import cache
from typing import NamedTuple

from trainer.wordings import loose, wording_table

_LONGEST = 400  # characters
_DISTINCT = 12  # characters; a notice with less of its own, such as `Lisa left`, may be a person's words
_NAME = ".{1,120}?"
_FIRST_NAME = r"[^:\n]{1,120}?"

_Notices = dict[str, list[tuple[re.Pattern[str], bool]]]


class _Index(NamedTuple):
    notices: _Notices  # by their longest word, or by no word in languages that are written without spaces
    tails: tuple[str, ...]  # what may follow them: `Tap to learn more`


def is_notice(line: str, *, distinct: bool = True) -> bool:
    """Whether a line is such a notice. With `distinct`, only those that nobody would write by hand count."""
    if len(line) > _LONGEST or "\n" in line:
        return False
    index, tails = _index()
    phrase = loose(line)
    tail = next((tail for tail in tails if phrase.endswith(tail)), "")
    short = loose(phrase.removesuffix(tail))
    words = {*phrase.split(), *short.split()} | ({""} if not phrase.isascii() else set())
    return any(
        (long or not distinct) and (pattern.fullmatch(short) or (tail and pattern.fullmatch(phrase)))
        for word in words & index.keys()
        for pattern, long in index[word]
    )


@cache
def _index() -> _Index:
    table = wording_table()
    index: _Notices = defaultdict(list)
    for notice in (*table["named_notice"], *table["notice"]):
        phrase = loose(notice)
        own = phrase.replace("*", "")
        words = [word for word in phrase.split() if "*" not in word]
        begin, star, rest = phrase.partition("*")
        name = star and (_NAME if begin else _FIRST_NAME)
        pattern = re.escape(begin) + name + re.escape(rest).replace(r"\*", _NAME)
        index[max(words, key=len, default="")].append((re.compile(pattern), len(own) >= _DISTINCT))
    tails = sorted(map(loose, table["notice_tail"]), key=len, reverse=True)
    return _Index(dict(index), tuple(tails))
