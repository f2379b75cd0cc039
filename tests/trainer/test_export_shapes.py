"""Rows of the shapes that exports have, whole: who, what kind, which text; and files that are hostile."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.conversations import conversations_of
from trainer.whatsapp import Export, read_export
from twin.errors import TwinError

MARK = "\u200e"
VENUE = "https://foursquare.com/v/0123456789abcdef01234567"


def read(folder: Path, text: str, name: str = "chat.txt") -> Export:
    file = folder / name
    file.write_text(text, encoding="utf-8", newline="")
    return read_export(file)


def said(export: Export) -> list[tuple[str | None, str]]:
    return [(row.speaker, row.kind) for row in export.rows]


def ios(*bodies: str, marks: bool = True) -> str:
    first = f"[27.03.22, 21:41:00] Lisa: {MARK if marks else ''}Messages and calls are end-to-end encrypted."
    lines = [f"[27.03.22, 21:41:{second + 1:02}] Lisa: {body}" for second, body in enumerate(bodies)]
    return "\n".join([first, *lines])


@pytest.mark.parametrize("marks", [True, False])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("|image omitted", "media"),
        ("look |<attached: 00000035-PHOTO-2022-03-27.jpg>", "media"),
        ("|<attached: 00000036-Max.vcf>", "contact"),
        ("plan.pdf • |2 pages |document omitted", "media"),
        ("some file.txt |document omitted", "media"),
        (f"|The Old Mill (High Street, Brighton): {VENUE}", "location"),
        ("|Location: https://maps.google.com/?q=36.666958,29.113155", "location"),
        ("|Your security code with Lisa changed. Tap to learn more.", "system"),
        ("|Max changed their phone number to a new number.", "system"),
        ("|Missed voice call. |Tap to call back", "call"),
        ("|Voice call. |12 min", "call"),
        ("|This message was deleted.", "deleted"),
        ("|POLL:\nWhen?\n|OPTION: now (|2 votes)\n|OPTION: never (|1 vote)", "poll"),
        ("|GLASOVANJE:\nKdaj?\n|MOŽNOST: zdaj (|2 glasova)\n|MOŽNOST: nikoli (|0 glasov)", "poll"),
        ("Hey |<This message was edited>", "text"),
        ("Max left me", "text"),
        ("|two\nlines", "text"),
        ("", "empty"),
    ],
)
def test_ios_with_and_without_its_marks(tmp_path: Path, body: str, kind: str, marks: bool) -> None:
    body = body.replace("|", MARK if marks else "")
    row = read(tmp_path, ios(body, marks=marks)).rows[1]
    assert (row.speaker, row.kind, row.text) == ("Lisa", kind, body)


@pytest.mark.parametrize(
    ("rest", "speaker", "kind"),
    [
        ("Lisa: <Media omitted>\nlook at that", "Lisa", "media"),
        ("Lisa: IMG-1.jpg (file attached)\nlook", "Lisa", "media"),
        ("Lisa: Max.vcf (file attached)", "Lisa", "contact"),
        (f"Lisa: The Old Mill\nHigh Street, Brighton\n{VENUE}", "Lisa", "location"),
        ("Lisa: live location shared", "Lisa", "location"),
        ("Lisa: null", "Lisa", "empty"),
        ("Lisa:", "Lisa", "empty"),
        ("Lisa: Waiting for this message. This may take a while.", "Lisa", "system"),
        ("Missed voice call", None, "call"),
        (f"{MARK}You deleted this message", None, "deleted"),
        (f"Lisa: {MARK}notes (file attached)\nread them", "Lisa", "media"),
        ("Lisa: notes (file attached)", "Lisa", "text"),
        (f"Lisa: {MARK}two\nlines", "Lisa", "text"),
        ("Lisa added Max: work", None, "system"),
        ("Your security code with Max: work changed. Tap to learn more.", None, "system"),
        ("Lisa changed the group description", None, "system"),
        ("\u200e+49 151 1234567 joined using this group's invite link", None, "system"),
    ],
)
def test_android(tmp_path: Path, rest: str, speaker: str | None, kind: str) -> None:
    export = read(
        tmp_path, f"27/03/2022, 21:41 - Lisa: Hey\n27/03/2022, 21:42 - {rest}\n27/03/2022, 21:43 - Lisa: Ho\n"
    )
    assert said(export)[1:] == [(speaker, kind), ("Lisa", "text")]
    assert export.rows[1].text == (rest.removeprefix("Lisa:").removeprefix(" ") if speaker else rest)


def test_a_files_name_is_no_caption(tmp_path: Path) -> None:
    export = read(
        tmp_path,
        ios(
            f"some file.txt {MARK}<attached: 0001-some file.txt>", f"a.pdf • {MARK}1 page {MARK}document omitted", "Hey"
        ),
    )
    _, counts = conversations_of(export.rows, "chat", aliases={})
    assert (counts.kept, counts.dropped) == (1, {"media": 2, "system": 1})


def test_exports_of_the_web_app(tmp_path: Path) -> None:
    export = read(
        tmp_path,
        "Messages and calls are end-to-end encrypted.\n"
        "[3/27/22, 9:41:35 PM] - Lisa created this group\n"
        "[3/27/22, 9:42:10 PM] You: <image omitted> look\n"
        "[3/28/22, 12:05:00 AM] Lisa: Location: 36.1, 29.1 - https://maps.google.com/?q=36.1,29.1\n"
        "[3/28/22, 12:06:00 AM] Lisa: Hey\n",
    )
    assert said(export)[0] == (None, "system")
    assert said(export)[2:] == [("Lisa", "location"), ("Lisa", "text")]
    assert (export.rows[0].text, export.unparsed) == ("Lisa created this group", (1,))


def test_dates_put_in_another_way_count_if_they_lie_between_their_neighbours(tmp_path: Path) -> None:
    export = read(
        tmp_path,
        "[2020-03-01, 12:00:03] Lisa: one\n[2020.04.01, 12:00:04] Daniel: two\n"
        "[2020.03.02, 12:00:04] Max: quoted\n[2020/05/01, 12:00:05] Lisa: three\n"
        "[2020-06-01, 12:00:06] Daniel: four\n[01/07/2025, 12:00:19] Lisa: five\n",
    )
    assert [(f"{row.at:%Y-%m-%d}", row.speaker) for row in export.rows] == [
        ("2020-03-01", "Lisa"), ("2020-04-01", "Daniel"), ("2020-05-01", "Lisa"), ("2020-06-01", "Daniel"),
        ("2025-07-01", "Lisa"),
    ]  # fmt: skip
    assert export.rows[1].text == "two\n[2020.03.02, 12:00:04] Max: quoted"


def test_names_behind_marks_and_bodies_that_all_begin_alike(tmp_path: Path) -> None:
    marked = f"[27.03.22, 21:41:00] {MARK}Lisa: Hey\n[27.03.22, 21:42:00] {MARK}Daniel: Ho\n"
    assert said(read(tmp_path, marked)) == [(f"{MARK}Lisa", "text"), (f"{MARK}Daniel", "text")]
    places = "27/03/2022, 21:41 - Lisa: location: https://maps.google.com/?q=1.5,2.5\n" * 3
    assert said(read(tmp_path, places)) == [("Lisa", "location")] * 3


@pytest.mark.parametrize(
    "notice", ["Anna: work left", "Anna: works Nummer hat sich geändert", "Anna: work added Rome: hotels"]
)
def test_notices_about_people_with_a_colon_in_their_name(tmp_path: Path, notice: str) -> None:
    lines = [*(f"27/03/2022, 21:41 - Anna: work: hi {number}" for number in range(4)), f"27/03/2022, 21:42 - {notice}"]
    assert said(read(tmp_path, "\n".join(lines))) == [("Anna: work", "text")] * 4 + [(None, "system")]
    marked = [*(f"[27.03.22, 21:41:00] Anna: work: hi {number}" for number in range(4))]
    marked += [f"[27.03.22, 21:42:00] {MARK}{notice}", f"[27.03.22, 21:43:00] Trip: {MARK}{notice}"]
    assert said(read(tmp_path, "\n".join(marked)))[4:] == [(None, "system"), ("Trip", "system")]


def test_a_notice_that_returns_is_no_ones(tmp_path: Path) -> None:
    notice = "Die Sicherheitsnummer von Anna: work hat sich geändert. Tippe für mehr Infos."
    text = f"27/03/2022, 21:41 - {notice}\n" * 5 + "27/03/2022, 21:42 - Lisa: Hey\n"
    assert said(read(tmp_path, text)) == [(None, "system")] * 5 + [("Lisa", "text")]


def test_numbers_that_joined_or_left(tmp_path: Path) -> None:
    number = "\u202a+49\u00a0151\u00a01234567\u202c"
    rows = read(tmp_path, ios(f"{MARK}{number} left", f"{MARK}{number} ta lahkus", f"{MARK}+49 151 1234567")).rows
    assert [row.kind for row in rows] == ["system", "system", "system", "text"]


def test_line_ends_of_windows_are_no_part_of_texts(tmp_path: Path) -> None:
    export = read(tmp_path, "27/03/2022, 21:41 - Lisa: one\r\ntwo\r\n\r\n27/03/2022, 21:42 - Lisa: x\r\n")
    assert [row.text for row in export.rows] == ["one\ntwo\n", "x"]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "text",
    [
        "27/03/2022, 21:41 - Lisa: Hey\n" + "1" * 1200 + "\n" + "1/" * 600,
        "27/03/2022, 21:41 - Lisa: Hey\n" + "3/4/22, 1:0 - x\n" * 100_000,
        "27/03/2022, 21:41 - Lisa: Hey\n" + "[27.03.22, 21:41:35] Lisa: I owe you\n" * 100_000,
        "[2022-03-27, 21:41:00] Lisa: Hey\n" + "[2022.03.27, 21:40:00] Lisa: I owe you\n" * 100_000,
        "27/03/2022, 21:41 - Lisa: " + "a: " * 1_000_000,
        "27/03/2022, 21:41 - Lisa: " + f"{MARK}<" * 1_000_000,
        "27/03/2022, 21:41 - Lisa: Hey\n" + " " * 2_000_000,
    ],
    ids=["digits", "odd", "quoted", "akin", "colons", "angles", "spaces"],
)
def test_hostile_texts_are_read(tmp_path: Path, text: str) -> None:
    export = read(tmp_path, text)
    assert {row.speaker for row in export.rows} == {"Lisa"}


@pytest.mark.timeout(200)
def test_memory_of_one_line_of_50_mb(tmp_path: Path) -> None:
    file = tmp_path / "chat.txt"
    file.write_text("27/03/2022, 21:41 - Lisa: " + "long ü " * 6_250_000)
    # Not getrusage: its peak begins with that of the process that started this one, which may be a large one.
    program = (
        "import json, re, sys; from pathlib import Path; from trainer.whatsapp import read_export;"
        "rows = read_export(Path(sys.argv[1])).rows;"
        "peak = re.search(r'VmHWM:\\s*(\\d+) kB', Path('/proc/self/status').read_text())[1];"
        "print(json.dumps([len(rows), int(peak) * 1024]))"
    )
    found = subprocess.run([sys.executable, "-c", program, str(file)], check=True, capture_output=True, text=True)
    rows, peak = json.loads(found.stdout)
    assert rows == 1
    assert peak < 20 * file.stat().st_size


def test_folders_hold_exports(tmp_path: Path) -> None:
    from trainer.archive import exports_in

    for name in ("WhatsApp Chat with Lisa.txt", "00000003-notes.txt", "photo.jpg"):
        (tmp_path / name).write_text("x")
    assert exports_in(tmp_path) == [tmp_path / "WhatsApp Chat with Lisa.txt"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(TwinError, match="holds no export"):
        exports_in(tmp_path / "empty")
