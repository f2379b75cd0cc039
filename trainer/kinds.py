"""Tells what a row of an export is: a person's words, or one of the things that the app writes in their place.

On iOS the app begins what it writes with an invisible mark, in every language; Android has no marks, so there only the
table of wordings helps. A mark is strong evidence, not proof: people paste text that begins with one.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

from trainer.notices import is_notice
from trainer.wordings import APP_MARKS, BEGIN, loose, visible, wordings

Kind = Literal["text", "media", "system", "deleted", "call", "poll", "location", "contact", "empty"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_OFTEN = 3
_LONGEST_DELETED = 120
_LONGEST_KNOWN = 60
_LONGEST_PHRASE = 400  # characters; what is longer is nothing that the app wrote
_NEVER_PLAIN = ("", " ", "\t", "<")  # how nothing begins that its first letters tell to be a text
_HEAD = 8  # characters of a body that are looked at first
_MOST_WORDS = 4  # of a placeholder
_VIEW_ONCE = "null"  # what Android leaves of a message that may be seen once

_ATTACHED = re.compile(r"<[^<>\n]*?([^<>\s]*\.\w{1,5})[^<>\n.]{0,20}>")  # iOS: <attached: 00000012-PHOTO.jpg>
_ATTACHED_END = re.compile(r"<[^<>\n:：]{3,30}[:：]\s?[^<>\n]*\.\w{1,5}>$")
_FILE = re.compile(r"[^\n]+\.\w{1,5}")
_DOCUMENT = re.compile(r"[^\n]*\.\w{1,5}(?: • [^\n]*)?")  # iOS: name.pdf • 2 pages document omitted
_MAP_LINK = re.compile(
    r"([^\n:：]{2,40}?)\s?[:：]\s*https?://(?:maps\.|www\.google\.\w+/maps|goo\.gl/maps|foursquare)\S*"
)
_PLACE = re.compile(r"([^\n:：]{2,40}?)\s?[:：]\s[^\n]*\(https?://\S+\)")  # iOS: Location: Café (https://foursquare...)
_VENUE = re.compile(r"[^\n]{1,200}(?:: |\n(?:[^\n]{1,200}\n)?)https?://(?:www\.)?foursquare\.com/v/[0-9a-f]{16,}")
_COORDINATES = re.compile(r"([^\n]{2,200}): -?\d+\.\d+, ?-?\d+\.\d+ - https://maps\.google\.com/\S+")  # of the web app
_CALL = re.compile(r"([^\n.,]{3,40})(?:[.,]\s?[^\n]{0,80})?")
_MARKED_CALL = re.compile(rf"[{APP_MARKS}][^\n.,،、。{APP_MARKS}]{{3,60}}[.,،、。] ?[{APP_MARKS}][^\n•]{{1,60}}")
_POLL_OPTION = re.compile(r"([^\W\d_][^\n:：]{1,24}?)\s?[:：]\s?.*[(（][^()（）\n]*\d[^()（）\n]*[)）]")
_UNMARKED_CALL = re.compile(rf"[^\n.,،、。{APP_MARKS}]{{3,40}}[.,،、。] ?\u200e[^\n<+@#{APP_MARKS}]{{1,40}}")
_SENT_FILE = re.compile(
    r"(?:AUD|DOC|IMG|PTT|STK|VID)-\d{8}-WA\d{4}(?:\.\w*)?"
)  # as WhatsApp names files, in any language
_ADDED = re.compile(r"([^\n]+) \([^\W\d_][^()\n]{2,40}\)")  # what Android adds to a file's name
_ANGLED = re.compile(r"<[^\W\d_][^<>/]{6,60}>")
_PASTED = re.compile(r"https?://|[@#]|[+\d][\d\s()+./-]*$")  # a number with words behind it is a person who left
_ANGLED_END = re.compile(rf"\s*[{APP_MARKS}]?<\s?([^<>\n:：]{{4,80}})>$")


@dataclass(frozen=True)
class Habits:
    """How an export shows what the app wrote.

    `ios` exports mark it. In those that have lost their marks on the way, the wordings of iOS count without them.
    `placeholders` are lines such as `<Media omitted>` in a language that the table lacks: no one writes them by hand
    again and again. Where no known one stands, one in other letters than Latin ones, whose languages the table has, is
    enough.
    """

    ios: bool
    marks: bool = False
    placeholders: frozenset[str] = frozenset()


def habits_of(bodies: Sequence[str], *, ios: bool) -> Habits:
    """The habits of an export by the bodies of its rows."""
    marked = Counter(body for body in bodies if body[:1] in APP_MARKS and len(body) < _LONGEST_PHRASE) if ios else None
    angled = Counter(body.partition("\n")[0] for body in bodies if body[:1] == "<")
    known = any(len(line) < _LONGEST_PHRASE and wordings().phrases.get(loose(line)) == "media" for line in angled)
    often = {
        line
        for line, count in angled.items()
        if _ANGLED.fullmatch(line) and (count >= _OFTEN or not (ios or known or _is_latin(line[1])))
    }
    if marked:
        often |= {body for body, count in marked.items() if count >= _OFTEN and len(body.split()) <= _MOST_WORDS}
    return Habits(ios, marks=bool(marked), placeholders=frozenset(often))


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")


def kind_of(speaker: str | None, body: str, habits: Habits) -> Kind:
    """The kind of a row by who the export says wrote it, and what: the body with its marks."""
    if speaker is None:
        kind = wordings().phrases.get(loose(body[:_LONGEST_PHRASE]))
        return cast(Kind, kind) if kind in ("call", "deleted") else "system"
    seen = visible(body).strip()
    if not seen or (seen == _VIEW_ONCE and not habits.ios):
        return "empty"
    if body[0] in APP_MARKS:
        return _marked(seen, body, habits)
    if habits.placeholders and body.partition("\n")[0] in habits.placeholders:
        return "media"
    if not habits.ios and _UNMARKED_CALL.fullmatch(body):  # `Voice call, ` and behind a mark how it went
        return "call"
    return (_marked_end(body) if habits.marks else None) or _unmarked(seen, marked=habits.ios and not habits.marks)


def kinds_of(parted: Iterable[tuple[str | None, str]], habits: Habits) -> Iterator[Kind]:
    """The kinds of many rows, as `kind_of` tells them: most are texts, which their first letters tell."""
    plain = _Beginnings()
    unmarked = not habits.ios or habits.marks
    known: dict[str, Kind] = {}  # placeholders return again and again
    for speaker, body in parted:
        if (
            plain[body[:_HEAD]]
            and unmarked
            and speaker is not None
            and "\n" not in body
            and "://" not in body
            and body[-1] not in ")>"
            and (body.isascii() or ("\u200e" not in body and "\u200f" not in body))
        ):
            yield "text"
        elif speaker is None or len(body) > _LONGEST_KNOWN:
            yield kind_of(speaker, body, habits)
        else:
            kind = known.get(body)
            if kind is None:
                kind = known[body] = kind_of(speaker, body, habits)
            yield kind


class _Beginnings(dict[str, bool]):
    """Whether a body that begins so is a text if nothing in the rest of it says otherwise; each is looked at once."""

    def __missing__(self, head: str) -> bool:
        found = self[head] = _begins_a_text(head)
        return found


def _begins_a_text(head: str) -> bool:
    if head[:1] in _NEVER_PLAIN or visible(head) != head or not unicodedata.is_normalized("NFC", head):
        return False
    begin = loose(head)[:BEGIN]
    whole = len(begin) == BEGIN or len(head) < _HEAD
    return whole and not any(begin[:length] in wordings().beginnings for length in range(1, BEGIN + 1))


def words_of(kind: Kind, body: str) -> str | None:
    """What the person said in a row, without marks of editing and placeholders, or None: texts and captions."""
    if kind == "text":
        match = _ANGLED_END.search(body)
        if match and (f"<{loose(match[1])}>" in wordings().edited or match[0].lstrip()[0] in APP_MARKS):
            body = body[: match.start()]
        return body
    return _caption(body) if kind == "media" else None


def _marked(seen: str, body: str, habits: Habits) -> Kind:
    """The kind of a body that begins with an app mark."""
    kind = _unmarked(seen, marked=True)
    if kind != "text":
        return kind
    if placeholder := _marked_end(body):
        return placeholder
    if not habits.ios and loose(seen.partition("\n")[0]).endswith(wordings().attached_behind):
        return "media"  # a file whose name has no ending
    if not habits.marks or _is_pasted(seen, body):
        return "text"
    if _MARKED_CALL.fullmatch(body):
        return "call"
    return "media" if body in habits.placeholders or _is_omitted_thing(seen) else "system"


def _is_pasted(seen: str, body: str) -> bool:
    """Whether a person wrote what begins with a mark: the app's has one line, or marks in the others too."""
    return bool(_PASTED.match(seen)) or ("\n" in seen and not any(mark in body[1:] for mark in APP_MARKS))


def _is_omitted_thing(seen: str) -> bool:
    """Whether a line is a word or two that the table lacks, and what it says of other things: `recording omitted`."""
    phrase = loose(seen)
    if is_notice(seen, distinct=False):  # `Lisa` may be what was left out
        return False
    words = phrase.split(" ")
    begins, ends = wordings().omitted_around
    return any(" ".join(words[:-count]) in begins or " ".join(words[count:]) in ends for count in (1, 2))


def _marked_end(body: str) -> Kind | None:
    """The kind of what the app put behind a mark at the end of a body: `Look! <attached: 00000012-PHOTO.jpg>`."""
    cut = max(body.rfind(mark) for mark in APP_MARKS)
    if cut < 0 or len(body) - cut > _LONGEST_PHRASE:
        return None
    kind = _placeholder(visible(body[cut:]).strip())
    return kind if kind in ("media", "contact") else None


def _unmarked(seen: str, *, marked: bool) -> Kind:
    """The kind of a body by its wording alone. With `marked`, wordings count that people might use as well."""
    first, _, rest = seen.partition("\n")
    if len(first) > _LONGEST_PHRASE:
        return "text"
    phrase = loose(first)
    kind = _with_lines_below(first, phrase, rest)
    if kind is None and _VENUE.fullmatch(seen):
        kind = "location"
    if kind is None and not rest:
        kind = _alone(first, phrase, marked=marked)
    if kind is None and marked:
        kind = _placeholder(first) or _placeholder_end(seen) or ("system" if not rest and is_notice(first) else None)
    return kind or "text"


def _with_lines_below(first: str, phrase: str, rest: str) -> Kind | None:
    """The kind by a first line that may have others below: a poll's options, a picture's caption."""
    if rest and _is_poll(first, rest):
        return "poll"
    file = _attached_file(phrase)
    if file:
        return "contact" if file.endswith(".vcf") else "media"
    return "media" if wordings().phrases.get(phrase) == "media" or _is_omitted(phrase) else None


def _alone(line: str, phrase: str, *, marked: bool) -> Kind | None:
    """The kind of a body of one line."""
    table = wordings()
    if kind := table.phrases.get(phrase):
        return cast(Kind, kind)
    if _is_location(line, marked=marked):
        return "location"
    if _is_call(phrase, marked=marked):
        return "call"
    return "deleted" if len(phrase) < _LONGEST_DELETED and table.deleted_by.fullmatch(phrase) else None


def _is_omitted(phrase: str) -> bool:
    """Whether a line in angle brackets ends as a known placeholder does: `<View once photo omitted>`."""
    words = phrase.split()
    return len(words) > 1 and words[0][0] == "<" and words[-1] in wordings().omitted_ends


def _attached_file(phrase: str) -> str | None:
    """The file's name in what Android writes for one: `IMG-1.jpg (file attached)`."""
    table = wordings()
    if (added := _ADDED.fullmatch(phrase)) and _SENT_FILE.fullmatch(added[1].upper()):
        return added[1]
    if phrase.endswith(table.attached_behind):
        file = phrase.rpartition("(")[0].strip()
    elif before := next((before for before in table.attached_before if phrase.startswith(before)), None):
        file = phrase.removeprefix(before).strip()
    else:
        return None
    return file if _FILE.fullmatch(file) else None


def _is_location(seen: str, *, marked: bool) -> bool:
    if "://" not in seen:
        return False
    if _COORDINATES.fullmatch(seen):
        return True
    link = _MAP_LINK.fullmatch(seen) or (_PLACE.fullmatch(seen) if marked else None)
    return bool(link and (marked or loose(link[1]) in wordings().locations))


def _is_call(phrase: str, *, marked: bool) -> bool:
    """`Voice call, 5 min` is the app's; a bare `Voice call` without a mark may be a person's."""
    table = wordings()
    match = _CALL.fullmatch(phrase)
    if not match:
        return False
    return table.phrases.get(match[1]) == "call" or (match[1] in table.calls and (marked or match[1] != phrase))


def _placeholder(seen: str) -> Kind | None:
    """The kind of an iOS placeholder."""
    if attached := _ATTACHED.fullmatch(seen):
        return "contact" if attached[1].lower().endswith(".vcf") else "media"
    phrase, known = loose(seen.strip("<>")), wordings().marked_phrases
    return cast("Kind | None", known.get(phrase) or known.get(phrase.partition(". ")[0]))


def _placeholder_end(seen: str) -> Kind | None:
    """The kind of an iOS placeholder behind a file's name or a caption, where the mark between them is lost."""
    if attached := _ATTACHED_END.search(seen):
        return _placeholder(attached[0])
    phrase = loose(seen)
    omitted = next((end for end in wordings().omitted if phrase.endswith(end)), None)
    return "media" if omitted and _DOCUMENT.fullmatch(phrase.removesuffix(omitted).strip()) else None


def _is_poll(first: str, rest: str) -> bool:
    """A poll has its name, a question, and options with their votes; its name is in capitals, in any language."""
    if not first.endswith((":", "：")) or "\n" not in rest:
        return False
    if loose(first[:-1]) in wordings().polls:
        return True
    if first != first.upper():
        return False
    options = [_POLL_OPTION.fullmatch(line.strip()) for line in rest.split("\n")[-2:]]
    return None not in options and len({option[1] for option in options if option}) == 1


def _caption(body: str) -> str | None:
    """The words with a picture: on the lines after Android's placeholder, before the mark of iOS's."""
    cut = max(body.rfind(mark) for mark in APP_MARKS)
    before = visible(body[: max(cut, 0)]).strip()
    if before and _marked_end(body):
        return None if _names_a_file(before, visible(body[cut:])) else body[:cut].strip()
    if cut < 0 and (attached := _ATTACHED_END.search(body)):  # of iOS, without its mark
        before = body[: attached.start()].strip()
        return before if before and not _names_a_file(before, attached[0]) else None
    return body.partition("\n")[2].strip() or None


def _names_a_file(before: str, placeholder: str) -> bool:
    """Whether what stands before a placeholder is the name of the file, not what a person said about it."""
    name = before.partition(" • ")[0].strip()
    if before.endswith("•") or (" • " in before and _FILE.fullmatch(name)):
        return True
    return placeholder.strip("<> ").endswith(name) or ("<" not in placeholder and bool(_FILE.fullmatch(name)))
