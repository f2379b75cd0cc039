"""The sample exports: they can be made anew byte for byte, and they hold what the demo promises of them."""

import re
import zipfile
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest

from demo.exports import FOLDER, LISA, MARK, PETER, Message, Sample, exports, figures, messages
from demo.plays import Stage, read_play

SAMPLES = pytest.mark.parametrize("sample", [LISA, PETER], ids=lambda sample: sample.partner)


def typed(sample: Sample) -> list[Message]:
    return [row for row in messages(sample) if not row.notice]


@pytest.mark.parametrize("name", ["lisa_ios.zip", "peter_android.txt"])
def test_the_files_are_what_the_scripts_make(name):
    assert (FOLDER / name).read_bytes() == exports()[name]


def test_the_formats_are_whatsapps():
    with zipfile.ZipFile(FOLDER / "lisa_ios.zip") as archive:
        assert archive.namelist() == ["_chat.txt"]
        ios = archive.read("_chat.txt").decode()
    assert re.match(rf"\[03\.01\.18, \d\d:\d\d:\d\d] Lisa: {MARK}Messages and calls are end-to-end encrypted\.", ios)
    assert f"Lisa: {MARK}sticker omitted\n" in ios
    assert f"Lisa: {MARK}This message was deleted.\n" in ios
    assert f"Lisa: {MARK}Missed voice call\n" in ios
    assert ios.count("POLL:") == ios.count("Location:") == 1
    android = (FOLDER / "peter_android.txt").read_text(encoding="utf-8")
    assert re.match(r"03/01/2018, \d\d:\d\d - Messages and calls are end-to-end encrypted\.", android)
    assert "Peter: <Media omitted>\n" in android
    assert "Peter: This message was deleted\n" in android
    assert MARK not in android


@SAMPLES
def test_the_size_and_the_years(sample):
    rows = messages(sample)
    counts = figures(rows)
    print(sample.partner, counts)
    assert 2500 <= counts["messages"] <= 3100
    assert 0.05 <= counts["noise"] / counts["messages"] <= 0.09
    assert {row.at.year for row in rows} == set(range(2018, 2025))
    assert all(later.at >= earlier.at for earlier, later in pairwise(rows))


@SAMPLES
def test_conversations_have_4_to_25_messages(sample):
    lengths, before = [], None
    for row in messages(sample):
        if before is None or row.at - before > timedelta(hours=1):
            lengths.append(0)
        lengths[-1] += 1
        before = row.at
    print(sample.partner, "conversations", len(lengths), "messages each", sum(lengths) / len(lengths))
    assert min(lengths) >= 4
    assert max(lengths) <= 25
    assert len(lengths) >= 180


@SAMPLES
def test_a_chat_seldom_repeats_itself(sample):
    rows = typed(sample)
    assert len({row.text for row in rows}) / len(rows) > 0.9
    pairs = Counter((a.text, b.text) for a, b in pairwise(rows) if a.speaker != b.speaker)
    assert max(pairs.values()) <= 3
    # What recites the training text verbatim must be the model, never the chat.
    seen: set[str] = set()
    for row in rows:
        runs = {row.text[start : start + 50] for start in range(len(row.text) - 49)}
        assert not runs & seen, row.text
        seen |= runs


def test_lisa_lives_in_munich_before_may_2022_and_in_berlin_after():
    rows = [(f"{row.at:%Y-%m}", row.text.lower()) for row in typed(LISA) if row.speaker == "Lisa"]
    munich = [
        month for month, text in rows if re.search(r"still munich|munich is pretty|in munich|munich, small", text)
    ]
    berlin = [
        month
        for month, text in rows
        if re.search(r"i live in berlin|berlin baby|berlin, 4th floor|berlin is loud", text)
    ]
    assert len(munich) >= 4
    assert len(berlin) >= 4
    assert max(munich) < "2022-05" <= min(berlin)
    # Before she thinks of moving, the other city is never mentioned at all.
    assert not [text for month, text in rows if month < "2021-03" and "berlin" in text]


@SAMPLES
def test_daniel_studies_until_2019_and_has_an_office_since_2020(sample):
    mine = [(f"{row.at:%Y-%m}", row.text.lower()) for row in typed(sample) if row.speaker == "Daniel"]
    studying = [month for month, text in mine if re.search(r"my thesis|exam on|still at uni|a student of", text)]
    assert studying
    assert max(studying) <= "2019-12"
    working = [month for month, text in mine if re.search(r"at the office|the office is|a client", text)]
    assert len(working) >= 4
    assert min(working) >= "2020-01"


def test_peter_waits_for_his_allotment_until_april_2021():
    rows = [(f"{row.at:%Y-%m}", row.text) for row in typed(PETER)]
    assert max(month for month, text in rows if "on the list" in text or "waiting list" in text) <= "2021-04"
    assert (
        min(month for month, text in rows if re.search(r"[Tt]he allotment (gave|is)|my allotment|marrow", text))
        >= "2021-04"
    )


@pytest.mark.parametrize(
    ("sample", "speaker", "facts"),
    [
        (
            LISA,
            "Lisa",
            [
                "porto",
                "nurse|ward|hospital",
                "miso",
                "amélie",
                "veggie|vegetarian",
                "clara",
                "ukulele|chord",
                "munich",
                "berlin",
            ],
        ),
        (
            PETER,
            "Peter",
            ["Leeds", r"\btax\b", "Brunel", "The Third Man|zither", "timetable", "[Ww]alnut", "York", "allotment"],
        ),
        (LISA, "Daniel", ["office|client", "thesis|exam|uni|lecture", r"\bran?\b|run", "chess", r"\btom\b"]),
        (PETER, "Daniel", ["office|client", "thesis|exam|studies", r"\b[Rr][au]n\b", "chess", r"\bTom\b|brother"]),
    ],
)
def test_every_fact_comes_up_often(sample, speaker, facts):
    texts = [row.text for row in typed(sample) if row.speaker == speaker]
    counts = {fact: sum(bool(re.search(fact, text)) for text in texts) for fact in facts}
    print(speaker, counts)
    assert min(counts.values()) >= 6, counts


def test_the_three_write_recognisably():
    def share(texts, pattern):
        return sum(bool(re.search(pattern, text)) for text in texts) / len(texts)

    lisa = [row.text for row in typed(LISA) if row.speaker == "Lisa"]
    peter = [row.text for row in typed(PETER) if row.speaker == "Peter"]
    assert share(lisa, r"[\u2600-\U0001faff]") > 0.3
    assert share(lisa, r"^[^A-Z]*$") > 0.9
    assert share(peter, r"[\u2600-\U0001faff]") < 0.01
    assert share(peter, r"^['\"A-Z:].*[.?!\"']$") > 0.95
    assert sum(map(len, peter)) / len(peter) > 1.8 * sum(map(len, lisa)) / len(lisa)


@SAMPLES
def test_choices_of_one_number_have_as_many_options(sample):
    for script in read_play(FOLDER / "chats" / sample.partner).scripts:
        sizes: dict[str, set[int]] = {}
        for line in script.lines:
            for number, options in re.findall(r"\{(\d):([^{}]*)\}", line.text):
                sizes.setdefault(number, set()).add(options.count("|"))
        assert all(len(size) == 1 for size in sizes.values()), script.lines[0].text


def test_a_line_that_is_no_turn_is_named(tmp_path):
    (tmp_path / "a.txt").write_text("== 2018-01..2018-02 9-10 x1\nL: hi\nhello\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.txt:3: .*hello"):
        read_play(tmp_path)


def test_a_script_without_a_free_day_is_named(tmp_path):
    (tmp_path / "a.txt").write_text("== 2018-01..2018-02 9-10 x2 on=01-05\nL: hi\nD: hi\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no free day"):
        Stage(read_play(tmp_path), Random(1)).schedule(date(2018, 1, 1), date(2018, 2, 1))
