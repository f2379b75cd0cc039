"""Exports are read back as they were written: every header variant, names, bodies, and what cannot be read."""

import re
import string
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from whatstk import df_from_whatsapp

from trainer.whatsapp import Export, read_export
from twin.errors import TwinError

VARIANTS = sorted((Path(__file__).parents[1] / "fixtures" / "exports").glob("*.txt"))
EXPECTED = [  # what every file in fixtures/exports says, whatever its locale; Android exports have no seconds
    (datetime(2022, 3, 27, 21, 41, 35), "Lisa", "Hey, how are you?"),
    (datetime(2022, 3, 27, 21, 42, 10), "Daniel", "Fine: thanks"),
    (datetime(2022, 3, 28, 0, 5, 0), "Lisa", "line one\nline two"),
    (datetime(2022, 3, 28, 12, 30, 59), "Daniel", "at 12:30, 10² … 👩\u200d👧"),
    (datetime(2022, 4, 2, 9, 7, 1), "Lisa", "So long"),
    (datetime(2022, 4, 2, 15, 2, 1), "Daniel", "Bye |"),
]
READ_BY_WHATSTK_ALONE = [file for file in VARIANTS if re.search(r"24h_(slash|dash)|ios_(us|de)$|12h_us$", file.stem)]


def read(folder: Path, text: str, name: str = "chat.txt", **options: str) -> Export:
    file = folder / name
    file.write_text(text, encoding="utf-8", newline="")
    return read_export(file, **options)  # type: ignore[arg-type]


def said(export: Export) -> list[tuple[str | None, str, str]]:
    return [(row.speaker, row.kind, row.text) for row in export.rows]


@pytest.mark.parametrize("file", VARIANTS, ids=lambda file: file.stem)
def test_every_variant_says_the_same(file: Path) -> None:
    export = read_export(file)
    seconds = export.rows[1].at.second > 0
    notice, *rows = export.rows
    assert notice.kind == "system"
    assert notice.speaker in {None, "Lisa"}
    assert [(row.at, row.speaker, row.text) for row in rows] == [
        (at if seconds else at.replace(second=0), speaker, text) for at, speaker, text in EXPECTED
    ]
    assert {row.kind for row in rows} == {"text"}
    assert (export.unparsed, export.warnings) == ((), ())
    assert seconds == file.stem.startswith("ios")


def test_there_are_variants_of_both_systems() -> None:
    assert sum(file.stem.startswith("ios") for file in VARIANTS) > 10
    assert sum(file.stem.startswith("android") for file in VARIANTS) > 20


@pytest.mark.parametrize("file", READ_BY_WHATSTK_ALONE, ids=lambda file: file.stem)
def test_whatstk_alone_agrees_where_it_is_right(file: Path) -> None:
    table = df_from_whatsapp(str(file))
    alone = {(at.to_pydatetime(), speaker) for at, speaker in zip(table["date"], table["username"], strict=True)}
    assert {(row.at, row.speaker) for row in read_export(file).rows if row.kind == "text"} <= alone


@pytest.mark.parametrize(
    ("name", "chat"),
    [
        ("WhatsApp Chat with Lisa.txt", "Lisa"),
        ("WhatsApp Chat with Lisa (2).txt", "Lisa"),
        ("WhatsApp Chat mit Anna & Ben.txt", "Anna & Ben"),
        ("Chat de WhatsApp con Lucía.txt", "Lucía"),
        ("Ayşe ile WhatsApp Sohbeti.txt", "Ayşe"),
        ("my chat.txt", "my chat"),
    ],
)
def test_chat_is_named_by_its_file(tmp_path: Path, name: str, chat: str) -> None:
    assert read(tmp_path, "27/03/2022, 21:41 - Lisa: Hey\n", name).chat == chat


def test_names_are_told_from_notices(tmp_path: Path) -> None:
    export = read(
        tmp_path,
        "13/01/2022, 10:00 - Lisa created group “Rome: 2022”\n"
        '13/01/2022, 10:00 - Lisa changed the subject from "a: b" to "c"\n'
        "13/01/2022, 10:01 - \u202a+49\u00a0151\u00a01234567\u202c: Hi\n"
        "13/01/2022, 10:02 - Rome: hotels: first\n"
        "13/01/2022, 10:02 - Rome: hotels: second\n"
        "13/01/2022, 10:02 - Rome: hotels: third: with colon\n"
        "13/01/2022, 10:03 - ~ Max: note: x\n"
        "13/01/2022, 10:03 - ~ Max: \n"
        "13/01/2022, 10:04 - Max left\n",
    )
    assert said(export) == [
        (None, "system", "Lisa created group “Rome: 2022”"),
        (None, "system", 'Lisa changed the subject from "a: b" to "c"'),
        ("\u202a+49\u00a0151\u00a01234567\u202c", "text", "Hi"),
        ("Rome: hotels", "text", "first"),
        ("Rome: hotels", "text", "second"),
        ("Rome: hotels", "text", "third: with colon"),
        ("~ Max", "text", "note: x"),
        ("~ Max", "empty", ""),
        (None, "system", "Max left"),
    ]


@pytest.mark.parametrize(
    "notice",
    [
        "Lisa skapade gruppen ”Rom: hotell”",
        "Lisa ändrade gruppnamnet från ”Rom: hotell” till ”Paris: barer”",
        "Lisa oprettede gruppen »Rom: hoteller«",
        "Lisa a créé le groupe « Rome : hôtels: »",
        "Lisa님이 ‘로마: 호텔’ 그룹을 만들었습니다",
        "Lisaさんが『ローマ: ホテル』を作成しました",
        "Lisa 将主题从“A 2023”改为“罗马: 饭店”",
        'דן שינה את שם הקבוצה מ"רומא: מלונות" ל"פריז: ברים"',
        'Lisa changed the group name from "Trip 2023" to "Rome: hotels"',
    ],
)
def test_a_colon_in_a_quotation_ends_no_name(tmp_path: Path, notice: str) -> None:
    export = read(tmp_path, f"13/01/2022, 10:00 - Lisa: a: b\n13/01/2022, 10:01 - {notice}\n")
    assert said(export)[1] == (None, "system", notice)


@pytest.mark.parametrize("name", ['רו"ח דן', 'Max "Mad" Miller', "Firma „Rom“", "”Kalle”", "Zoë’s Mum", "O‘Brien’s"])
def test_names_may_have_quotation_marks(tmp_path: Path, name: str) -> None:
    assert said(read(tmp_path, f"13/01/2022, 10:00 - {name}: a: b\n")) == [(name, "text", "a: b")]


def test_notice_behind_a_mark_has_no_sender_unless_the_sender_is_known(tmp_path: Path) -> None:
    export = read(
        tmp_path,
        "[13.01.22, 10:00:00] Lisa: Hey\n"
        "[13.01.22, 10:00:01] \u200eMax changed the topic: cats\n"
        "[13.01.22, 10:00:02] \u200eLisa: \u200eimage omitted\n",
    )
    assert [(row.speaker, row.kind) for row in export.rows] == [
        ("Lisa", "text"),
        (None, "system"),
        ("\u200eLisa", "media"),
    ]


def test_group_on_ios(tmp_path: Path) -> None:
    export = read(
        tmp_path,
        "[27.03.22, 21:41:35] Trip: \u200eMessages and calls are end-to-end encrypted.\n"
        "[27.03.22, 21:41:36] \u200eLisa created this group\n"
        "[27.03.22, 21:41:37] Trip: \u200e\u2068Max\u2069 added you\n"
        "[27.03.22, 21:42:00] ~\u202fMax: hi @\u2068Lisa\u2069\n"
        "\u200e[27.03.22, 21:43:10] Lisa: look \u200e<attached: 0001-PHOTO.jpg>\n"
        "[27.03.22, 21:44:00] Trip: \u200eMax left\n",
    )
    assert [(row.speaker, row.kind) for row in export.rows] == [
        ("Trip", "system"), (None, "system"), ("Trip", "system"), ("~\u202fMax", "text"), ("Lisa", "media"),
        ("Trip", "system"),
    ]  # fmt: skip
    assert export.rows[3].text == "hi @\u2068Lisa\u2069"


def test_quoted_headers_stay_text(tmp_path: Path) -> None:
    body = "look what Max wrote:\n[3/27/22, 21:41:35] Lisa: I owe you\n27.03.22 21:41 - Lisa: money\nso: 12:30 - ok"
    export = read(tmp_path, f"27/03/2022, 21:41 - Daniel: {body}\n27/03/2022, 21:42 - Lisa: no\n")
    assert said(export) == [("Daniel", "text", body), ("Lisa", "text", "no")]
    assert "2 lines look like headers of another form (lines 2, 3)" in export.warnings[0]


def test_headers_with_a_word_that_is_not_known_are_told_of(tmp_path: Path) -> None:
    export = read(
        tmp_path,
        "13/01/2022, 3:00 pm - Lisa: a\n1. one\n10:30 - 12:00 Meeting\n13/01/2022, 18:00 cinema\n"
        "13/01/2022, 3:02 pomeridiane - Lisa: b\n13/01/2022, 3:03 pm - Lisa: c\n",
    )
    assert len(export.rows) == 2
    assert "1 lines look like headers of another form (lines 5)" in export.warnings[0]


def test_a_header_in_the_middle_of_a_line_is_none(tmp_path: Path) -> None:
    body = "he said 27/03/2022, 21:41 - Lisa: I owe you money"
    assert said(read(tmp_path, f"27/03/2022, 21:41 - Daniel: {body}")) == [("Daniel", "text", body)]


def test_lines_before_the_first_header_and_impossible_dates_are_reported(tmp_path: Path) -> None:
    export = read(tmp_path, "Chat history\n\n27/03/2022, 21:41 - Lisa: Hey\n31/02/2022, 21:42 - Lisa: Ho\n")
    assert export.unparsed == (1, 4)
    assert said(export) == [("Lisa", "text", "Hey\n31/02/2022, 21:42 - Lisa: Ho")]


class TestDateOrder:
    AMBIGUOUS = "01/02/2023, 10:00 - Lisa: Hey\n02/02/2023, 10:00 - Daniel: Ho\n"

    @pytest.mark.parametrize(
        ("dates", "first"),
        [
            (["03/04/22", "25/04/22"], "2022-04-03"),  # no month 25
            (["03/04/22", "04/25/22"], "2022-03-04"),
            (["11/02/22", "12/02/22", "01/03/22"], "2022-02-11"),  # the other reading jumps back
            (["02/11/22", "02/12/22", "03/01/22"], "2022-02-11"),
            (["05/04/23", "06/04/23", "01/05/23"], "2023-04-05"),
            (["20-03-15", "20-03-20", "20-04-02"], "2020-03-15"),  # the year in front
            (["04/04/22"], "2022-04-04"),  # the same in both
            (["01.02.22", "02.02.22"], "2022-02-01"),  # with dots no one writes the month first
            (["2022/03/04"], "2022-03-04"),
            (["2022/25/04"], "2022-04-25"),
            (["1401/1/7"], "2022-03-27"),  # Persian calendar
            (["27/3/2565"], "2022-03-27"),  # Buddhist calendar
        ],
    )
    def test_is_decided_by_evidence(self, tmp_path: Path, dates: list[str], first: str) -> None:
        export = read(tmp_path, "".join(f"{date}, 10:00 - Lisa: Hey\n" for date in dates))
        assert export.rows[0].at.date().isoformat() == first
        assert len(export.rows) == len(dates)

    def test_is_asked_for_without_evidence(self, tmp_path: Path) -> None:
        with pytest.raises(TwinError) as error:
            read(tmp_path, self.AMBIGUOUS)
        for part in ("chat.txt", '"01/02/2023"', "1 February 2023", "2 January 2023", "--date-order dmy", "mdy"):
            assert part in str(error.value)
        assert "Hey" not in str(error.value)

    @pytest.mark.parametrize(("order", "month"), [("dmy", 2), ("mdy", 1)])
    def test_is_as_the_user_says(self, tmp_path: Path, order: str, month: int) -> None:
        assert read(tmp_path, self.AMBIGUOUS, date_order=order).rows[0].at.month == month

    def test_that_does_not_fit_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(TwinError, match='does not fit --date-order mdy: it has dates such as "27/03/2022"'):
            read(tmp_path, "27/03/2022, 10:00 - Lisa: Hey\n", date_order="mdy")
        with pytest.raises(TwinError, match="say dmy, mdy or ymd"):
            read(tmp_path, "27/03/2022, 10:00 - Lisa: Hey\n", date_order="dym")

    def test_dates_without_a_year_end_in_the_past(self, tmp_path: Path) -> None:
        export = read(tmp_path, "18 Nov 12:14 - Lisa: Hey\n24 Dec 12:14 - Lisa: Ho\n3 Jan 12:14 - Lisa: Hi\n")
        first, second, third = (row.at for row in export.rows)
        assert (first.month, second.month, third.month) == (11, 12, 1)
        assert first.year == second.year == third.year - 1
        assert datetime.now() - timedelta(days=366) < third <= datetime.now()


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "is empty"),
            (" \n\n", "is empty"),
            ("Dear Lisa,\nhow are you?\n", "is not a WhatsApp chat"),
            ("a,b\n" * 20 + "27/03/2022, 21:41 - Lisa: Hey\n", "is not a WhatsApp chat"),
            ("99/99/2022, 21:41 - Lisa: Hey\n", "its dates name no days"),
            ("27/03/2022, 45:41 - Lisa: Hey\n", "is not a WhatsApp chat"),
            ("18/7/2014 AM, 21:41 - Lisa: Hey\n" * 9, 'dates that cannot be read, such as "18/7/2014 AM, 21:41"'),
            ("31 Feb 12:14 - Lisa: Hey\n", "its dates name no days"),
            ("27 klo 12.30 - Lisa: Hey\n", "is not a WhatsApp chat"),
            ("[24/7/5782, 21:41:35] Lisa: Hey\n" * 9, "Gregorian"),
        ],
    )
    def test_what_is_no_chat_is_said_in_one_line(self, tmp_path: Path, text: str, words: str) -> None:
        with pytest.raises(TwinError, match=words) as error:
            read(tmp_path, text)
        assert "chat.txt" in str(error.value)
        assert "\n" not in str(error.value)

    def test_missing_file_and_folder(self, tmp_path: Path) -> None:
        with pytest.raises(TwinError, match=r"there is no file .*lisa\.txt"):
            read_export(tmp_path / "lisa.txt")
        with pytest.raises(TwinError, match="is a folder"):
            read_export(tmp_path)
        with pytest.raises(TwinError, match="there is no file http:"):
            read_export(Path("http://localhost/chat.txt"))

    def test_too_long(self, tmp_path: Path) -> None:
        file = tmp_path / "chat.txt"
        file.write_text("27/03/2022, 21:41 - Lisa: Hey\n" * 100)
        with pytest.raises(TwinError, match="holds more than"):
            read_export(file, limit=1000)


MARKS = "".join(map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x61C, 0xAD, 0xFEFF)))
LETTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=MARKS + "\u2028\u2029")
BODIES = st.lists(st.text(LETTERS, min_size=1, max_size=30), min_size=1, max_size=3).map("\n".join)
MESSAGES = st.tuples(st.integers(0, 10**6), st.sampled_from(["Lisa", "Daniel", "~ Max", "+49 151 123"]), BODIES)
RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


FORMS = [
    "{:%d/%m/%Y, %H:%M} - ",
    "{:%Y-%m-%d, %I:%M\u202f%p} - ",
    "{:%d.%m.%y %H:%M} - ",
    "{:%Y/%m/%d, %H:%M} - ",
    "{:%d-%m-%Y %H.%M} - ",
    "[{:%d.%m.%y, %H:%M:%S}] ",
    "[{:%Y-%m-%d, %I:%M:%S %p}] ",
    "\u200e[{:%H:%M:%S, %d.%m.%Y}] ",
    "[{:%d/%m/%y %H.%M.%S}] ",
    "[{:%Y-%m-%d %H h %M min %S s}] ",
    "{:%Y-%m-%d, %I h %M %p} - ",
    "[{:%d/%m/%Y, %I:%M:%S %p}] ",
    "{:%d.%m.%y, %H:%M Uhr} - ",
    "{:%Y年%m月%d日 %H:%M} - ",
    "[{:%H:%M:%S %d/%m/%y}] ",
]


def headers_of(file: Path) -> list[tuple[datetime, str]]:
    """The headers of a variant as its file has them, with the moments that they mean."""
    lines = read_text(file).splitlines()
    found = []
    for at, speaker, text in EXPECTED:
        end = f"{speaker}: {text.partition(chr(10))[0]}"
        header = next(line for line in lines if line.endswith(end)).removesuffix(end)
        found.append((at if file.stem.startswith("ios") else at.replace(second=0), header))
    return found


def read_text(file: Path) -> str:
    data = file.read_bytes()
    return data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")


def can_be_told(messages: list[tuple[int, str, str]]) -> bool:
    """Not so if somebody begins everything with `word: `: the name may go on behind the colon."""
    said: dict[str, list[bool]] = {}
    for _, speaker, body in messages:
        said.setdefault(speaker, []).append(":" in body.split("\n")[0])
    return not any(len(colons) > 2 and all(colons) for colons in said.values())


@pytest.mark.parametrize("file", VARIANTS, ids=lambda file: file.stem)
@settings(RELAXED, max_examples=15)
@given(messages=st.lists(MESSAGES, max_size=12))
def test_what_is_written_in_any_variant_is_read_back(
    tmp_path: Path, file: Path, messages: list[tuple[int, str, str]]
) -> None:
    assume(can_be_told(messages))
    headers = headers_of(file)
    steps = sorted(number % len(headers) for number, _, _ in messages)
    rows = [
        *((step, speaker, body) for step, (_, speaker, body) in zip(steps, messages, strict=True)),
        *((step, "Lisa", f"So {step} long") for step in range(len(headers))),  # enough that the order of dates is told
    ]
    rows.sort(key=lambda row: row[0])
    export = read(tmp_path, "\n".join(f"{headers[step][1]}{speaker}: {body}" for step, speaker, body in rows))
    assert [(row.at, row.speaker, row.text) for row in export.rows] == [
        (headers[step][0], speaker, body) for step, speaker, body in rows
    ]


@pytest.mark.parametrize("form", FORMS)
@RELAXED
@given(messages=st.lists(MESSAGES, min_size=1, max_size=12))
def test_what_is_written_is_read_back(tmp_path: Path, form: str, messages: list[tuple[int, str, str]]) -> None:
    assume(can_be_told(messages))
    at, expected, lines = datetime(2022, 3, 27, 21, 41), [], []
    for minutes, speaker, body in [(0, "Lisa", "Hey"), *messages]:
        at += timedelta(minutes=minutes % 5000)
        expected.append((at, speaker, body))
        lines.append(f"{form.format(at)}{speaker}: {body}")
    export = read(tmp_path, "\n".join(lines))
    assert [(row.at, row.speaker, row.text) for row in export.rows] == expected


@pytest.mark.parametrize(
    ("form", "am", "pm"),
    [
        ("%Y. %m. %d. {} %I:%M - ", "오전", "오후"),
        ("[%Y/%m/%d {}%I:%M:%S] ", "上午", "下午"),
        ("%d/%m/%Y, {} %I:%M - ", "முற்பகல்", "பிற்பகல்"),
        ("%d/%m/%Y, %I:%M\u202f{} - ", "a.\u00a0m.", "p.\u00a0m."),
        ("[%d/%m/%Y, %I:%M:%S {}] ", "GH", "GD"),
        ("[%I:%M:%S {} %d/%m/%Y] ", "SA", "CH"),
    ],
    ids=lambda text: text,
)
def test_every_hour_of_a_day_at_the_same_minute(tmp_path: Path, form: str, am: str, pm: str) -> None:
    hours = [datetime(2022, 3, 27, hour, 41) for hour in range(24)]
    export = read(tmp_path, "\n".join(f"{at.strftime(form.format(pm if at.hour > 11 else am))}L: x" for at in hours))
    assert [row.at for row in export.rows] == hours


@RELAXED
@given(text=st.one_of(st.text(), st.text(string.digits + "/:.,-[] \nAaPMpm\u200e\u202f،", max_size=300)))
def test_arbitrary_text_is_read_or_refused(tmp_path: Path, text: str) -> None:
    for given_text in (text, f"27/03/2022, 21:41 - Lisa: {text}"):
        (tmp_path / "chat.txt").write_bytes(given_text.encode("utf-8", "surrogatepass"))
        try:
            export = read_export(tmp_path / "chat.txt")
        except TwinError:
            continue
        assert all(isinstance(row.at, datetime) for row in export.rows)


@RELAXED
@given(
    file=st.sampled_from(VARIANTS),
    data=st.binary(max_size=200),
    cuts=st.lists(st.integers(0, 500), min_size=3, max_size=3),
    zipped=st.booleans(),
)
def test_mutated_exports_are_read_or_refused(
    tmp_path: Path, file: Path, data: bytes, cuts: list[int], zipped: bool
) -> None:
    whole = file.read_bytes()
    if zipped:
        with zipfile.ZipFile(tmp_path / "chat.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("_chat.txt", whole)
        whole = (tmp_path / "chat.zip").read_bytes()
    begin, end, again = cuts  # something put in, something cut out, something said twice
    mutated = whole[:begin] + data + whole[min(begin + end % 40, len(whole)) :] + whole[again:]
    (tmp_path / "chat.txt").write_bytes(mutated)
    try:
        read_export(tmp_path / "chat.txt")
    except TwinError as error:
        assert "\n" not in str(error)
