"""`twin adapters`: the versions, which of them serves, and zips that are checked before anything of them is used."""

import errno
import io
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import cli
from tests.conftest import train_sign
from twin import versions
from twin.adapter import Adapter, AdapterFolder
from twin.errors import TwinError
from twin.exchange import check_weights, export, import_
from twin.manifest import Manifest, Rhythm

WEIGHTS = "adapter_model.safetensors"


@pytest.fixture(scope="module")
def trained(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Adapter:
    adapters = AdapterFolder(tmp_path_factory.mktemp("trained"))
    return train_sign("lisa", "1", tiny_base, adapters, epochs=0.1, rank=4)


@pytest.fixture
def adapters(trained: Adapter, tmp_path: Path) -> AdapterFolder:
    """Adapter `lisa` with the versions 1, 2 and 3, promoted one after the other, and 4, which never was."""
    folder = AdapterFolder(tmp_path / "data" / "adapters")
    for number in range(1, 5):
        with folder.new_version("lisa", str(number)) as (_, path):
            for file in trained.path.iterdir():
                (path / file.name).write_bytes(file.read_bytes())
        if number < 4:
            folder.promote("lisa", str(number))
    return folder


def command(adapters: AdapterFolder, monkeypatch: pytest.MonkeyPatch, base: Path, *argv: str) -> int:
    monkeypatch.setattr("os.environ", {"DATA_DIR": str(adapters.root.parent), "BASE_MODEL": str(base)})
    return cli.main(["adapters", *argv])


def test_rollback_goes_back_through_what_was_promoted(adapters: AdapterFolder) -> None:
    assert adapters.current_version("lisa") == "3"
    adapters.promote("lisa", "4")
    adapters.remove("lisa", "2")
    assert [adapters.rollback("lisa").version for _ in range(2)] == ["3", "1"]
    assert adapters.current_version("lisa") == "1"
    with pytest.raises(TwinError, match="no earlier promoted version"):
        adapters.rollback("lisa")
    adapters.promote("lisa", "3")
    assert adapters.rollback("lisa").version == "1"


def test_a_rollback_that_was_cut_off_can_be_made_again(adapters: AdapterFolder) -> None:
    (adapters.root / "lisa" / "CURRENT").write_text("2\n")  # the history still says that 3 serves
    assert adapters.rollback("lisa").version == "1"


def test_recipes_with_and_without_a_rhythm_are_read(trained: Adapter) -> None:
    learned = replace(trained.manifest, rhythm={"Lisa": Rhythm(2.0, 0.1)})
    assert Manifest.from_json(learned.to_json()) == learned
    values = json.loads(learned.to_json())
    del values["rhythm"]  # as older versions wrote it
    assert Manifest.from_json(json.dumps(values)) == replace(learned, rhythm={})
    for wrong in ({"Lisa": {"pace": 1}}, ["Lisa"], {"Lisa": None}):
        with pytest.raises(ValueError, match="incomplete"):
            Manifest.from_json(json.dumps(values | {"rhythm": wrong}))


def test_a_retired_adapter_serves_nobody(adapters: AdapterFolder) -> None:
    assert adapters.serves("lisa") and adapters.twins() == ["lisa"]
    adapters.retire("lisa")
    assert not adapters.serves("lisa") and adapters.twins() == [] and len(adapters.versions("lisa")) == 4


def test_what_serves_cannot_be_removed_alone(adapters: AdapterFolder) -> None:
    with pytest.raises(TwinError, match="3 is the promoted version of 'lisa': promote another one first"):
        adapters.remove("lisa", "3")
    with pytest.raises(TwinError, match="has no version '9'"):
        adapters.remove("lisa", "9")
    adapters.remove("lisa")
    assert adapters.names() == [] and not (adapters.root / "lisa").exists()
    with pytest.raises(TwinError, match="no adapter 'lisa'"):
        adapters.remove("lisa")


def test_what_the_disk_refuses_is_one_clear_line(adapters: AdapterFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("1", None):
        path = adapters.root / "lisa" / (version or "")
        path.symlink_to(path.rename(adapters.root.parent / f"aside {version}"))
        with pytest.raises(TwinError, match=r"cannot change .*lisa: .*symbolic link"):  # which Python does not follow
            adapters.remove("lisa", version)
    adapters.promote("lisa", "3")

    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("twin.adapter.write_private", full)
    with pytest.raises(TwinError, match=r"cannot change .*lisa: No space left on device"):
        adapters.promote("lisa", "2")
    with pytest.raises(TwinError, match=r"cannot change .*lisa: No space left on device"):
        adapters.rollback("lisa")


def test_the_command_lists_promotes_rolls_back_and_removes(
    adapters: AdapterFolder, monkeypatch: pytest.MonkeyPatch, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*argv: str) -> Any:
        assert command(adapters, monkeypatch, tiny_base, *argv, "--json") == 0
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    listed = told("list")["adapters"]
    assert [(one["version"], one["serves"]) for one in listed] == [
        ("1", False),
        ("2", False),
        ("3", True),
        ("4", False),
    ]
    assert listed[0]["speakers"] == ["Daniel", "Lisa"] and listed[0]["held_out_loss"] > 0
    assert told("promote", "lisa", "1")["version"] == adapters.current_version("lisa") == "1"
    assert told("rollback", "lisa")["version"] == adapters.current_version("lisa") == "3"
    told("remove", "lisa", "4")
    assert [one["version"] for one in told("list", "lisa")["adapters"]] == ["1", "2", "3"]
    assert command(adapters, monkeypatch, tiny_base, "list") == 0
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("lisa", "serves", "held-out", "passed"))
    assert command(adapters, monkeypatch, tiny_base, "list", "peter") == 1
    assert capsys.readouterr().err.startswith("twin: no adapter 'peter'")


def test_the_list_shows_names_that_look_like_markup(adapters: AdapterFolder) -> None:
    listed = [replace(one, speakers=("Anna [/work]", "Mum [work]")) for one in versions.overview(adapters)]
    console = Console(width=200)
    with console.capture() as captured:
        console.print(versions.table(listed))
    assert "Anna [/work], Mum [work]" in captured.get()
    narrow = Console(width=60)
    version = "20261130T214440-4b89"
    with narrow.capture() as captured:
        narrow.print(versions.table([replace(listed[0], version=version)]))
    assert version in captured.get()


def test_an_export_goes_home_without_texts_unless_asked(
    adapters: AdapterFolder,
    tmp_path: Path,
    tiny_base: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "lisa.zip"
    assert command(adapters, monkeypatch, tiny_base, "export", "lisa", str(file)) == 0
    assert file.stat().st_mode & 0o077 == 0 and str(file) in capsys.readouterr().out
    with zipfile.ZipFile(file) as archive:
        assert "samples.jsonl" not in archive.namelist()
    elsewhere = AdapterFolder(tmp_path / "elsewhere" / "adapters")
    assert command(elsewhere, monkeypatch, tiny_base, "import", str(file), "--json") == 0
    assert json.loads(capsys.readouterr().out)["promoted"] is True
    assert elsewhere.current_version("lisa") == "3"
    there, here = (folder.load("lisa", "3") for folder in (elsewhere, adapters))
    assert there.manifest == here.manifest
    assert (there.path / WEIGHTS).read_bytes() == (here.path / WEIGHTS).read_bytes()
    assert all(path.stat().st_mode & 0o077 == 0 for path in (there.path, *there.path.iterdir()))

    # A second version does not serve by itself, and none comes in twice.
    export(adapters, "lisa", file, "1", with_texts=True)
    assert import_(elsewhere, file, default_base=str(tiny_base))["promoted"] is False
    assert (elsewhere.load("lisa", "1").path / "samples.jsonl").exists()
    assert elsewhere.current_version("lisa") == "3"
    with pytest.raises(TwinError, match="has a version 1 already"):
        import_(elsewhere, file, default_base=str(tiny_base))
    import_(elsewhere, file, name="other", default_base=str(tiny_base))
    assert elsewhere.current_version("other") == "1"


def test_a_base_that_lies_elsewhere_is_found_again(
    adapters: AdapterFolder, tmp_path: Path, tiny_base: Path, german_base: Path
) -> None:
    file, moved = tmp_path / "lisa.zip", tmp_path / "moved"
    export(adapters, "lisa", file)
    has, had = f'"{tiny_base}",\n  "base_revision": null', '"/content/base",\n  "base_revision": "refs/pr/5"'
    repacked(file, {"twin.json": lambda data: data.replace(has.encode(), had.encode())}, honest=True)
    moved.symlink_to(tiny_base)
    for number, where in enumerate(({"base": str(moved)}, {})):
        elsewhere = AdapterFolder(tmp_path / str(number))
        import_(elsewhere, file, default_base=str(tiny_base), **where)
        manifest = elsewhere.load("lisa").manifest
        assert (manifest.base_model, manifest.base_revision) == (str(moved if where else tiny_base), None)
    for refused in ({"base": str(german_base)}, {"base": str(tmp_path / "nowhere")}, {}):
        with pytest.raises(TwinError, match=r"was trained on the base model '/content/base', and .* say where it is"):
            import_(AdapterFolder(tmp_path / "refused"), file, default_base=str(german_base), **refused)
    assert AdapterFolder(tmp_path / "refused").names() == []


Change = Callable[[bytes], bytes | None]


def repacked(file: Path, changes: dict[str, Change], *, honest: bool, extra: dict[str, bytes] | None = None) -> None:
    """Change files within an export; `honest`: with digests that fit."""
    import hashlib

    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    listed = json.loads(content.pop("export.json"))
    for name, change in changes.items():
        changed = change(content.pop(name))
        if changed is not None:
            content[name] = changed
    content |= extra or {}
    if honest:
        listed["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("export.json", json.dumps(listed))
        for name, data in content.items():
            archive.writestr(name, data)


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def other_header(change: Callable[[dict[str, Any]], None]) -> Change:
    def changed(data: bytes) -> bytes:
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        change(header)
        written = json.dumps(header).encode()
        return struct.pack("<Q", len(written)) + written + data[8 + length :]

    return changed


def values(**changed: Any) -> Change:
    return lambda data: json.dumps(json.loads(data) | changed).encode()


def first(header: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(value for key, value in header.items() if key != "__metadata__")
    return found


def renamed(header: dict[str, Any]) -> None:
    key = next(key for key in header if key != "__metadata__")
    header["transformer.word_embeddings.weight"] = header.pop(key)


@pytest.mark.parametrize(
    ("changes", "honest", "line"),
    [
        ({WEIGHTS: flipped}, False, f"{WEIGHTS} is not what was exported: its digest differs"),
        ({"twin.json": lambda data: data.replace(b"Lisa", b"Mona")}, False, "twin.json is not what was exported"),
        ({WEIGHTS: lambda data: None}, False, "does not hold exactly what its export.json names"),
        ({WEIGHTS: lambda data: None}, True, "it lacks a file of an adapter"),
        ({WEIGHTS: lambda data: data[:-4]}, True, "is cut off, or holds more than its header says"),
        ({WEIGHTS: lambda data: data + b"more"}, True, "is cut off, or holds more"),
        ({WEIGHTS: lambda data: b"\x80\x04pickled" * 9}, True, "is cut off, or no safetensors file"),
        ({WEIGHTS: other_header(lambda header: first(header).update(dtype="I64"))}, True, "something else than LoRA"),
        ({WEIGHTS: other_header(lambda header: first(header).update(data_offsets=[4, 8]))}, True, "a damaged header"),
        ({WEIGHTS: other_header(renamed)}, True, "holds something else than LoRA matrices"),
        ({"adapter_config.json": lambda data: data.replace(b'"r": 4', b'"r": 8')}, True, "matrices of another rank"),
        ({"adapter_config.json": lambda data: data.replace(b"LORA", b"IA3")}, True, "does not describe plain LoRA"),
        ({"twin.json": lambda data: b"[]"}, True, "cannot be used: not an object"),
        ({"twin.json": lambda data: b"[" * 5000}, True, "brackets within brackets"),
        ({"twin.json": values(speakers=["Daniel", 5])}, True, "a name in it is no text"),
        ({"twin.json": values(speakers=["Daniel"])}, True, "or others than the adapter"),
        ({"twin.json": values(context_length="long")}, True, "must be whole numbers above 0"),
        ({"twin.json": values(sampling={"temperature": "hot"})}, True, "nothing can be drawn"),
        ({"twin.json": values(rhythm={"Lisa": {"seconds": -1}})}, True, "must be numbers from 0 on"),
        ({"twin.json": values(sampling={"\n": 1})}, True, "incomplete: "),
        ({"twin.json": values(format_version="1")}, True, "written by a newer Twin"),
        ({"twin.json": lambda data: b'{"format_version": 99}'}, True, "written by a newer Twin"),
    ],
)
def test_a_zip_that_was_tampered_with_changes_nothing(
    adapters: AdapterFolder, tmp_path: Path, *, changes: dict[str, Change], honest: bool, line: str
) -> None:
    tiny_base = adapters.load("lisa").manifest.base_model
    file = tmp_path / "lisa.zip"
    export(adapters, "lisa", file)
    repacked(file, changes, honest=honest)
    elsewhere = AdapterFolder(tmp_path / "elsewhere")
    with pytest.raises(TwinError) as refusal:
        import_(elsewhere, file, default_base=str(tiny_base))
    assert line in str(refusal.value) and "\n" not in str(refusal.value)
    assert not elsewhere.root.exists()


@pytest.mark.parametrize("name", ["../../evil.py", "/evil", "adapter_model.bin", "sub/twin.json"])
def test_a_zip_with_other_files_is_refused(adapters: AdapterFolder, tmp_path: Path, tiny_base: Path, name: str) -> None:
    file = tmp_path / "lisa.zip"
    export(adapters, "lisa", file)
    repacked(file, {}, honest=True, extra={name: b"print()"})
    with pytest.raises(TwinError, match="holds one that belongs to none"):
        import_(AdapterFolder(tmp_path / "elsewhere"), file, default_base=str(tiny_base))


@pytest.mark.parametrize(
    ("content", "line"),
    [(None, "there is no file"), (b"no zip at all", "is no zip that can be read"), (b"", "is no zip that can be read")],
)
def test_what_is_no_export_is_told(tmp_path: Path, content: bytes | None, line: str) -> None:
    file = tmp_path / "lisa.zip"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(TwinError, match=line):
        import_(AdapterFolder(tmp_path / "elsewhere"), file, default_base="base")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("chat.txt", "hi")
    with pytest.raises(TwinError, match=r"it has no export\.json"):
        import_(AdapterFolder(tmp_path / "elsewhere"), file, default_base="base")


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_zip_that_was_damaged_on_the_way_is_told(tmp_path: Path, packing: int) -> None:
    file = tmp_path / "lisa.zip"
    with zipfile.ZipFile(file, "w", packing) as archive:
        archive.writestr("export.json", json.dumps({"files": {str(number): "" for number in range(500)}}))
        begin = len(archive.infolist()[0].FileHeader())
    data = bytearray(file.read_bytes())
    data[begin + 20 : begin + 60] = b"\xff" * 40  # within the packed bytes
    file.write_bytes(data)
    with pytest.raises(TwinError, match=r"lisa\.zip"):
        import_(AdapterFolder(tmp_path / "elsewhere"), file, default_base="base")


@pytest.mark.parametrize("changed", [{"adapter": None}, {"version": 5}, {"adapter": "../x"}, {"files": []}])
def test_a_list_that_is_damaged_is_told(
    adapters: AdapterFolder, tmp_path: Path, tiny_base: Path, changed: dict[str, Any]
) -> None:
    file = tmp_path / "lisa.zip"
    export(adapters, "lisa", file)
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content["export.json"] = json.dumps(json.loads(content["export.json"]) | changed).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    with pytest.raises(TwinError, match=r"export\.json is damaged|is no name"):
        import_(AdapterFolder(tmp_path / "elsewhere"), file, default_base=str(tiny_base))
    assert not (tmp_path / "elsewhere").exists()


def test_an_absurd_header_length_is_refused_without_reading_it() -> None:
    data = struct.pack("<Q", 2**62) + b"{}"
    with pytest.raises(ValueError, match="cut off"):
        check_weights(io.BytesIO(data), len(data), 4)
