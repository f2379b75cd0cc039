"""Parts what follows a header into sender and body.

`Lisa: hi` has a sender, `Lisa left` has none, and neither has `Lisa changed the subject to "Rome: hotels"`; but a
person may be saved as `Rome: hotels`. One line does not tell; how often a name begins a line does.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from trainer.notices import is_notice
from trainer.wordings import APP_MARKS, INVISIBLE, loose, visible, wordings

LONGEST_NAME = 120  # characters; group subjects may have 100
_OFTEN = 3  # lines that a doubtful name must begin to be one
_ENOUGH = 1000  # different lines of a name, which show whether it is one and goes on behind its colon

_COLON = re.compile(rf":(?=[{INVISIBLE}]*(?: |\n|$))")
_QUOTES = ('"', "“”„‟", "«»", "‹›", "「」", "『』", "《》")  # Swedes begin and end with `”`, Danes begin with `»`
_ABBREVIATION = re.compile(r'[א-ת]"[א-ת]\b')  # `רו"ח`

Parted = tuple[str | None, str]


def part_senders(rests: Sequence[str]) -> list[Parted]:
    """Sender and body of each line behind its header, both as written; no sender where the app wrote without one."""
    names = list(_first_names(rests))
    counted = Counter(names)
    plain = Counter({name: count for name, count in counted.items() if name is not None and name[0] not in APP_MARKS})
    lines = _lines(rests, names)
    senders = {name for name in lines if _is_sender(name, plain, counted) and not all(map(is_notice, lines[name]))}
    longer = {name: seconds for name in lines if (seconds := _seconds(name, lines[name]))}
    beyond_doubt = {name: len(name) + 1 for name in senders if plain[name] >= _OFTEN and name not in longer}
    parted: list[Parted] = []
    for name, rest in zip(names, rests, strict=True):
        if end := beyond_doubt.get(name or ""):
            parted.append((name, rest[end + 1 :] if rest[end : end + 1] == " " else rest[end:]))
        elif name is None or name not in senders or (plain[name] < _OFTEN and is_notice(rest, distinct=False)):
            parted.append((None, rest))
        elif goes_on := longer.get(name.lstrip(APP_MARKS)):
            parted.append(_part_longer(rest, name, goes_on))
        else:
            parted.append((name, _behind(rest, name)))
    return parted


def _part_longer(rest: str, name: str, seconds: Collection[str]) -> Parted:
    """Parts a line that begins with one or more names that go on behind their first colon."""
    second = _second_name(rest, name)
    if second in seconds:
        sender = f"{name}: {second}"
        return sender, _behind(rest, sender)
    if _is_about(rest, name, seconds):
        return None, rest
    return name, _behind(rest, name)


def tidy_name(sender: str) -> str:
    """A sender as people see it: without invisible marks and odd spaces. Two spellings of one name become one."""
    return " ".join(visible(sender).split())


def _is_sender(name: str, plain: Counter[str], counted: Counter[str | None]) -> bool:
    """Whether what stands before a colon is a name: behind a mark or in a quotation only if other lines say so."""
    if name[0] in APP_MARKS:
        return not plain or name.lstrip(APP_MARKS) in plain or counted[name] >= _OFTEN
    return plain[name] >= _OFTEN or not _is_open(name)


def _first_names(rests: Iterable[str]) -> Iterator[str | None]:
    """What stands before the first colon of each line, if it can be a name."""
    known: set[str] = set()
    for rest in rests:
        name = rest[: max(rest.find(": ", 1, LONGEST_NAME + 2), 0)]
        if name in known:
            yield name
        elif found := _first_name(rest):
            known.add(found)
            yield found
        else:
            yield None


def _first_name(rest: str) -> str | None:
    name = rest[: max(rest.find(": ", 1, LONGEST_NAME + 2), 0)]
    if not name or ":" in name:
        match = _COLON.search(rest, 1, LONGEST_NAME + 1)
        if not match:
            return None
        name = rest[: match.start()]
    return name if (name.isascii() or visible(name).strip()) and not name.isspace() and "\n" not in name else None


def _second_name(rest: str, name: str) -> str | None:
    """What stands between the first colon and the second."""
    body = _behind(rest, name)
    match = _COLON.search(body, 1, LONGEST_NAME + 1)
    second = body[: match.start()] if match else ""
    if not second or second[0] in APP_MARKS or "\n" in second or not body[len(second) + 1 :].strip():
        return None
    return None if loose(second) in wordings().labels else second


def _behind(rest: str, sender: str) -> str:
    """The body behind a sender, its colon and the space after that."""
    body = rest[len(sender) + 1 :]
    return body[1:] if body[:1] == " " else body


def _lines(rests: Sequence[str], names: Sequence[str | None]) -> dict[str, Counter[str]]:
    """Some lines of each name: enough to tell whether it is one."""
    lines: dict[str, Counter[str]] = {name: Counter() for name in dict.fromkeys(names) if name is not None}
    unsettled = lines.copy()
    for name, rest in zip(names, rests, strict=True):
        if name in unsettled:
            some = unsettled[name]
            some[rest] += 1
            if len(some) >= _ENOUGH:
                del unsettled[name]
    return lines


def _seconds(name: str, lines: Counter[str]) -> set[str]:
    """What a name goes on with behind its first colon, as `Rome: hotels` does, if it does.

    Then every line has the second colon too, but for the app's: `Rome: hotels left`. Somebody who wrote nothing but
    one text, again and again, does not show what of it is the name.
    """
    counted: Counter[str | None] = Counter()
    for rest, count in lines.items():
        counted[_second_name(rest, name)] += count
    often = {second for second, count in counted.items() if second and count >= _OFTEN}
    others = sum(count for second, count in counted.items() if second not in often)
    about = sum(count for rest, count in lines.items() if _is_about(rest, name, often))
    return often if others == about and len(lines) > len(often) + about else set()


def _is_about(rest: str, name: str, seconds: Collection[str]) -> bool:
    """Whether a line goes on as one of the names does, but with no colon behind it."""
    body = _behind(rest, name)
    return any(body.startswith(second) and not body.startswith(f"{second}: ") for second in seconds)


def _is_open(name: str) -> bool:
    """Whether a quotation begins in the name and does not end there: then its colon is part of what is quoted."""
    name = _ABBREVIATION.sub("", name)
    if any(sum(map(name.count, signs)) % 2 for signs in _QUOTES):
        return True
    return name.rfind("‘") > name.rfind("’")  # which is an apostrophe as well
