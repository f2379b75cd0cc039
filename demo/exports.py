"""The two sample exports, made anew byte for byte: `python -m demo.exports`.

Two invented chats of one invented Daniel, from 2018 to 2024, about 2,600 messages each:

- `demo/lisa_ios.zip`, as an iPhone exports it, with Lisa: short, lower-case, many emoji, several messages in a row, typos. Born in
  Porto, a nurse for children, in Munich until April 2022 and in Berlin since May 2022; cat Miso, sister Clara, vegetarian, `Amélie`,
  a badly played ukulele.
- `demo/peter_android.txt`, as an Android telephone exports it, with Peter: long, correct, dry, hardly an emoji. Born in Leeds, lives in
  York, a tax accountant; dachshund Brunel, `The Third Man`, railway timetables, no walnuts, an allotment since April 2021
  (on the waiting list before).

Daniel lives in Hamburg, studied architecture until summer 2019, looked for work, and works at a small architecture office since
January 2020; he runs, loses at chess and has a brother, Tom. He is relaxed with Lisa and teasing with Peter.

The conversations are written by hand in `demo/chats/lisa` and `demo/chats/peter`, in the notation that `demo/plays.py` explains. What is
left to chance, with fixed seeds, is the day and the minute, the choice among written variants, and the noise: media, deleted messages,
typos. Nobody in them exists.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from random import Random

from demo.plays import Play, Stage, read_play

FOLDER = Path(__file__).parent
FIRST_DAY, LAST_DAY = date(2018, 1, 3), date(2024, 11, 30)
MARK = "\u200e"  # left-to-right mark: WhatsApp for iOS puts it before everything that the app itself wrote

# What the app writes for `!kind` in a script: iOS (behind its mark), Android. `{}` takes the rest of the line.
NOTICES = {
    "image": ("image omitted", "<Media omitted>"),
    "video": ("video omitted", "<Media omitted>"),
    "audio": ("audio omitted", "<Media omitted>"),
    "gif": ("GIF omitted", "<Media omitted>"),
    "sticker": ("sticker omitted", "<Media omitted>"),
    "document": ("document omitted", "<Media omitted>"),
    "contact": ("Contact card omitted", "<Media omitted>"),
    "deleted": ("This message was deleted.", "This message was deleted"),
    "call": ("Missed voice call", "Missed voice call"),
    "location": ("Location: https://maps.google.com/?q={}", "location: https://maps.google.com/?q={}"),
}
EDITED = "<This message was edited>"


@dataclass(frozen=True)
class Voice:
    """How a person writes, apart from the words: seconds between two messages in a row, seconds to answer, and habits.

    `typos` and `pictures` are shares of the messages, `splits` the share of pauses in a text at which it becomes two messages.
    """

    name: str
    burst: tuple[int, int]
    answer: tuple[int, int]
    typos: float = 0.0
    pictures: float = 0.0
    splits: float = 0.0
    kinds: tuple[str, ...] = ("image",)


@dataclass(frozen=True)
class Sample:
    """One sample chat: its scripts, its people by their initial, its seed."""

    partner: str
    voices: dict[str, Voice]
    seed: int


@dataclass(frozen=True)
class Message:
    """A row of the chat: `text` as typed, or `notice`, a key of NOTICES or `poll`, with `text` as its argument."""

    at: datetime
    speaker: str
    text: str
    notice: str = ""
    edited: bool = False


DANIEL = Voice("Daniel", burst=(6, 60), answer=(20, 420), typos=0.006, pictures=0.02, splits=0.05)
LISA = Sample(
    "lisa",
    {
        "L": Voice(
            "Lisa",
            (2, 25),
            (15, 360),
            typos=0.05,
            pictures=0.075,
            splits=0.65,
            kinds=("sticker", "image", "gif", "sticker", "audio"),
        ),
        "D": DANIEL,
    },
    seed=1803,
)
PETER = Sample(
    "peter",
    {
        "P": Voice("Peter", (25, 140), (60, 720), pictures=0.06),
        "D": replace(DANIEL, typos=0.0, pictures=0.04, splits=0.0),
    },
    seed=1957,
)


def messages(sample: Sample) -> list[Message]:
    """Play the whole chat of `sample` in order of time."""
    random = Random(sample.seed)
    play = read_play(FOLDER / "chats" / sample.partner)
    stage = Stage(play, random)
    return [
        message
        for start, script in stage.schedule(FIRST_DAY, LAST_DAY)
        for message in _typed(stage.perform(script, f"{start:%Y-%m}"), start, sample, play, random)
    ]


def _typed(
    turns: list[tuple[str, str]], start: datetime, sample: Sample, play: Play, random: Random
) -> Iterable[Message]:
    """Give the turns of one conversation their seconds, and now and then a picture or a typo."""
    at, before = start, ""
    parts = [(initial, part) for initial, text in turns for part in _parts(text, sample.voices[initial].splits, random)]
    for initial, text in parts:
        voice = sample.voices[initial]
        if before:
            at += timedelta(seconds=random.randint(*(voice.burst if initial == before else voice.answer)))
            if initial != before and random.random() < 0.03:
                at += timedelta(minutes=random.randint(10, 40))
        before = initial
        if text.startswith("!"):
            notice, _, argument = text[1:].partition(" ")
            yield Message(at, voice.name, argument, notice)
            continue
        typed = text.removesuffix(" !edited")
        slip, word = _slip(typed, play, random) if random.random() < voice.typos else (typed, "")
        yield Message(at, voice.name, slip, edited=typed != text)
        if word and random.random() < 0.4:
            at += timedelta(seconds=random.randint(2, 9))
            yield Message(at, voice.name, f"*{word}")
        if random.random() < voice.pictures:
            at += timedelta(seconds=random.randint(5, 40))
            yield Message(at, voice.name, "", random.choice(voice.kinds))


def _parts(text: str, splits: float, random: Random) -> list[str]:
    """Cut a text at some of its pauses, as people do who press send at every breath."""
    parts = [""]
    for piece in re.split(r"(?<=[^.][.!?]) (?=\w)", text):
        if parts[-1] and not text.startswith("!") and random.random() < splits:
            parts[-1] = parts[-1].removesuffix(".")
            parts.append(piece)
        else:
            parts[-1] = f"{parts[-1]} {piece}".strip()
    emoji = re.search(r" [^\w\s!-~]+$", parts[-1])
    if emoji and random.random() < splits / 4:
        parts[-1:] = [parts[-1][: emoji.start()], emoji[0].strip()]
    return parts


def _slip(text: str, play: Play, random: Random) -> tuple[str, str]:
    """Swap two inner letters of one ordinary word: the text with its typo, and the word as it was meant."""
    spared = {word for entry in play.lists if entry.name == "notypo" for line in entry.words for word in line.split()}
    words = [word for word in re.findall(r"(?<![\w/.])[a-z]{4,}\b", text) if word not in spared and "//" not in text]
    if not words:
        return text, ""
    word = random.choice(words)
    cut = random.randrange(1, len(word) - 2)
    return text.replace(word, word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :], 1), word


def _poll(argument: str, mark: str) -> str:
    question, *options = argument.split(" | ")
    votes = [option.rsplit(":", 1) for option in options]
    lines = [f"{mark}OPTION: {name} ({mark}{count} vote{'s' * (count != '1')})" for name, count in votes]
    return "\n".join([f"{mark}POLL:", question, *lines])


def ios_text(rows: list[Message], partner: str) -> str:
    """Write `rows` as the `_chat.txt` of an iPhone set to English in Germany."""
    first = rows[0].at - timedelta(seconds=9)
    notice = "Messages and calls are end-to-end encrypted. No one outside of this chat, not even WhatsApp, can read or listen to them."
    lines = [f"[{first:%d.%m.%y, %H:%M:%S}] {partner}: {MARK}{notice}"]
    for row in rows:
        body, before = row.text, ""
        if row.notice == "poll":
            body = _poll(row.text, MARK)
        elif row.notice:
            body, before = MARK + NOTICES[row.notice][0].format(row.text), MARK
        lines.append(f"{before}[{row.at:%d.%m.%y, %H:%M:%S}] {row.speaker}: {body}{f' {MARK}{EDITED}' * row.edited}")
    return "\n".join(lines) + "\n"


def android_text(rows: list[Message]) -> str:
    """Write `rows` as the text file of an Android telephone set to British English."""
    notice = "Messages and calls are end-to-end encrypted. No one outside of this chat, not even WhatsApp, can read or listen to them."
    lines = [f"{rows[0].at:%d/%m/%Y, %H:%M} - {notice} Tap to learn more."]
    for row in rows:
        body = row.text
        if row.notice == "poll":
            body = _poll(row.text, "")
        elif row.notice:
            body = NOTICES[row.notice][1].format(row.text)
        lines.append(f"{row.at:%d/%m/%Y, %H:%M} - {row.speaker}: {body}{f' {EDITED}' * row.edited}")
    return "\n".join(lines) + "\n"


def zipped(text: str) -> bytes:
    """Pack `text` as WhatsApp does. Stored, not deflated: compressors differ between machines, these bytes must not."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo("_chat.txt", date_time=(2024, 12, 1, 12, 0, 0))
        entry.create_system, entry.external_attr = 3, 0o644 << 16
        archive.writestr(entry, text.encode())
    return packed.getvalue()


def exports() -> dict[str, bytes]:
    """Return the sample exports by file name."""
    return {
        "lisa_ios.zip": zipped(ios_text(messages(LISA), "Lisa")),
        "peter_android.txt": android_text(messages(PETER)).encode(),
    }


def figures(rows: list[Message]) -> dict[str, float]:
    """Count `rows`: messages, noise, words, conversations (a gap above one hour starts one), share of distinct texts."""
    texts = [row.text for row in rows if not row.notice]
    gaps = [later.at - earlier.at for earlier, later in pairwise(rows)]
    return {
        "messages": len(rows),
        "noise": len(rows) - len(texts),
        "words": sum(len(text.split()) for text in texts),
        "conversations": 1 + sum(gap > timedelta(hours=1) for gap in gaps),
        "distinct_texts": round(len(set(texts)) / len(texts), 3),
    }


def main() -> None:
    """Write both exports beside this file and print their figures."""
    for name, content in exports().items():
        (FOLDER / name).write_bytes(content)
    for sample in (LISA, PETER):
        print(sample.partner, json.dumps(figures(messages(sample))))


if __name__ == "__main__":
    main()
