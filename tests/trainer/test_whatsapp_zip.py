"""Zipped exports: the chat is found among the media, and what is no export is refused in one line."""

import io
import zipfile
from pathlib import Path

import pytest

from trainer.archive import open_export
from trainer.whatsapp import read_export
from twin.errors import TwinError
from twin.settings import read_settings

CHAT = "[27.03.22, 21:41:35] Lisa: Hey\r\n[27.03.22, 21:41:40] Daniel: \u200e<attached: 00000002-PHOTO.jpg>\r\n"
ANDROID = "27/03/2022, 21:41 - Lisa: Hey\n27/03/2022, 21:42 - Daniel: Ho\n"


def packed(file: Path, **entries: str | bytes) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "."), content)
    return file


def test_ios_zip_with_media(tmp_path: Path) -> None:
    file = packed(
        tmp_path / "WhatsApp Chat - Lisa.zip",
        _chat__txt=CHAT,
        **{"00000002-PHOTO__jpg": b"\xff\xd8", "00000003-notes__txt": ANDROID, "__MACOSX/._chat__txt": "x"},
    )
    export = read_export(file)
    assert export.chat == "Lisa"
    assert [(row.speaker, row.kind) for row in export.rows] == [("Lisa", "text"), ("Daniel", "media")]
    assert (len(export.digest), export.file) == (64, "WhatsApp Chat - Lisa.zip")


def test_chat_name_comes_from_inside_where_the_zip_has_none(tmp_path: Path) -> None:
    file = packed(tmp_path / "peter.zip", **{"WhatsApp Chat with Peter__txt": ANDROID, "letter__txt": "Dear Peter"})
    assert read_export(file).chat == "Peter"


def test_any_single_text_that_begins_like_a_chat_is_taken(tmp_path: Path) -> None:
    file = packed(tmp_path / "renamed.zip", export__txt=ANDROID, letter__txt="Dear Peter")
    assert len(read_export(file).rows) == 2


def test_a_zip_is_known_by_its_content(tmp_path: Path) -> None:
    assert len(read_export(packed(tmp_path / "export.txt", _chat__txt=CHAT)).rows) == 2


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"photo__jpg": b"x"}, "holds no chat"),
        ({"inner__zip": b"PK\x03\x04"}, "holds no chat"),
        ({"a/_chat__txt": CHAT, "b/_chat__txt": CHAT}, "holds 2 chats"),
        ({"one__txt": ANDROID, "two__txt": ANDROID}, "holds 2 chats"),
        ({"_chat__txt": ""}, "is empty"),
        ({f"{number}__txt": "x" for number in range(101)}, "holds 101 text files"),
    ],
)
def test_zips_without_one_chat(tmp_path: Path, entries: dict[str, str | bytes], words: str) -> None:
    with pytest.raises(TwinError, match=words):
        read_export(packed(tmp_path / "chat.zip", **entries))


def test_bombs_are_not_unpacked(tmp_path: Path) -> None:
    file = packed(tmp_path / "chat.zip", _chat__txt=ANDROID + "0" * 5_000_000)
    assert file.stat().st_size < 20_000
    with pytest.raises(TwinError, match="holds more than 1 MiB"):
        open_export(file, limit=2**20)


def test_truncated_and_damaged_zips(tmp_path: Path) -> None:
    whole = packed(tmp_path / "chat.zip", _chat__txt=ANDROID * 200).read_bytes()
    for broken in (whole[:100], whole[: len(whole) // 2], whole[:60] + b"\x00" * 20 + whole[80:], b"PK\x03\x04"):
        (tmp_path / "broken.zip").write_bytes(broken)
        with pytest.raises(TwinError, match="is not a readable zip"):
            read_export(tmp_path / "broken.zip")


def test_encrypted_zip(tmp_path: Path) -> None:
    data = bytearray(packed(tmp_path / "chat.zip", _chat__txt=CHAT).read_bytes())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        directory = archive.start_dir
    data[6] |= 1  # the flag of encryption, in the local header and in the directory
    data[directory + 8] |= 1
    (tmp_path / "secret.zip").write_bytes(data)
    with pytest.raises(TwinError, match="is encrypted"):
        read_export(tmp_path / "secret.zip")


def test_nothing_is_written_beside_the_zip(tmp_path: Path) -> None:
    file = packed(tmp_path / "chat.zip", **{"../../evil__txt": ANDROID})
    assert len(read_export(file).rows) == 2
    assert list(tmp_path.iterdir()) == [file]


def test_thousands_of_entries_and_zips_in_zips(tmp_path: Path) -> None:
    many = {f"media/{number}__jpg": b"x" for number in range(3000)}
    assert len(read_export(packed(tmp_path / "many.zip", _chat__txt=CHAT, **many)).rows) == 2
    inner = packed(tmp_path / "inner.zip", _chat__txt=CHAT).read_bytes()
    with pytest.raises(TwinError, match="holds no chat"):
        read_export(packed(tmp_path / "outer.zip", inner__zip=inner))


def test_the_limit_is_the_settings(tmp_path: Path) -> None:
    file = packed(tmp_path / "chat.zip", _chat__txt=CHAT * 20_000)
    with pytest.raises(TwinError, match="raise EXPORT_LIMIT_MIB"):
        read_export(file, limit=read_settings({"EXPORT_LIMIT_MIB": "1"}).export_limit)
    with pytest.raises(TwinError, match="EXPORT_LIMIT_MIB must be"):
        read_settings({"EXPORT_LIMIT_MIB": "much"})
