"""The `twin` command: what it prints, and one clear line for everything that a user can mend."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import cli
from storage.store import Store
from trainer import console
from trainer.progress import Event, Progress
from twin.adapter import AdapterFolder
from twin.errors import TwinError

TOKEN = "123456789:AAEabcdefghijklmnopqrstuvwxyz012345"
CHAT = "27/03/2022, 21:41 - Daniel: how are you?\n27/03/2022, 21:42 - Lisa: fine | and you\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with settings of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "os.environ", {"DATA_DIR": "data", "KEY_FILE": "keys/database.key", "BASE_MODEL": "nobody/nothing"}
    )
    return tmp_path


def refusal(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """The one line that a failing command prints."""
    assert cli.main(argv) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("twin: ") and printed.err.count("\n") == 1
    assert "Traceback" not in printed.err + printed.out
    return printed.err


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "no file chat.txt"),
        ("", "chat.txt is empty"),
        ("dear diary\n", "not a WhatsApp chat"),
        ("27/03/2022, 21:41 - Lisa: <Media omitted>\n28/03/2022, 21:41 - Lisa: hi\n", "1 media, 1 alone"),
    ],
)
def test_exports_that_cannot_be_used(
    home: Path, capsys: pytest.CaptureFixture[str], content: str | None, line: str
) -> None:
    if content is not None:
        (home / "chat.txt").write_text(content, encoding="utf-8")
    assert line in refusal(capsys, "prepare", "chat.txt", "--dataset", "lisa")
    assert not (home / "data").exists()


def test_prepare_counts_writes_and_fills_a_dataset(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "chat.txt").write_text(CHAT, encoding="utf-8")
    argv = ["prepare", "chat.txt", "--dataset", "lisa", "--messages", "m.jsonl", "--out", "o.jsonl", "--json"]
    assert cli.main(argv) == 0
    counts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (counts["messages"], counts["kept"], counts["conversations"]) == (2, 2, 1)
    assert json.loads((home / "m.jsonl").read_text().splitlines()[1])["text"] == "fine | and you"
    assert json.loads((home / "o.jsonl").read_text())["text"] == "Daniel: how are you? | Lisa: fine ¦ and you |"
    assert (home / "data/datasets/lisa/rows.jsonl").stat().st_mode & 0o077 == 0


def test_the_table_is_for_people(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "chat.txt").write_text(CHAT, encoding="utf-8")
    assert cli.main(["prepare", "chat.txt"]) == 0
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("messages", "kept", "conversations", "from Lisa", "2022-03-27"))
    assert printed.endswith("nothing was kept: --dataset NAME makes a dataset of it\n")
    assert cli.main(["prepare", "chat.txt", "--dataset", "lisa"]) == 0
    assert capsys.readouterr().out.endswith("kept in data/datasets/lisa; next: twin train lisa\n")


def test_what_this_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out.split(".")[0].isdecimal()


def test_nobody_writes_with_themselves(
    home: Path, capsys: pytest.CaptureFixture[str], signed_adapters: AdapterFolder
) -> None:
    (home / "data").mkdir()
    (home / "data/adapters").symlink_to(signed_adapters.root)
    assert "you cannot be Lisa and write with Lisa" in refusal(capsys, "chat", "one", "--as", "lisa", "--me", "Lisa")


@pytest.mark.parametrize(
    "argv",
    [
        ("serve", "--port", "99999"), ("sandbox", "--port", "-1"), ("demo", "--port", "web"),
        ("simulate", "one", "lisa", "daniel", "--seed", "9" * 20),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_used(home: Path, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(argv)
    assert f"argument {argv[-2]}: {argv[-1]!r} is no " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (("train", "lisa"), "no dataset"),
        (("chat", "lisa", "--as", "lisa"), "no adapter 'lisa'"),
        (("simulate", "lisa", "daniel", "lisa"), "no adapter 'lisa'"),
        (("evaluate", "lisa"), "no adapter 'lisa'"),
        (("train", "../lisa"), "is no name for"),
        (("bot",), "TELEGRAM_TOKEN is not set"),
        (("serve", "--host", "0.0.0.0"), "set ENGINE_KEY"),  # noqa: S104
    ],
)
def test_what_is_not_there(home: Path, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], line: str) -> None:
    assert line in refusal(capsys, *argv)


def test_a_base_model_that_is_not_there(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "chat.txt").write_text(CHAT, encoding="utf-8")
    cli.main(["prepare", "chat.txt", "--dataset", "lisa"])
    capsys.readouterr()
    assert "base model 'nobody/nothing' is not on this machine" in refusal(capsys, "train", "lisa")


def test_a_persona_that_is_not_there(
    home: Path, capsys: pytest.CaptureFixture[str], signed_adapters: AdapterFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "data").mkdir()
    (home / "data/adapters").symlink_to(signed_adapters.root)
    assert "nobody is called 'lias': did you mean Lisa" in refusal(capsys, "chat", "one", "--as", "lias")
    assert "nobody is called 'Zoë'" in refusal(capsys, "simulate", "one", "Zoë", "lisa")


def test_what_an_evaluation_needs(
    home: Path, capsys: pytest.CaptureFixture[str], signed_adapters: AdapterFolder
) -> None:
    (home / "data").mkdir()
    (home / "data/adapters").symlink_to(signed_adapters.root)
    assert "there is no dataset data/datasets/one: make it with" in refusal(capsys, "evaluate", "one")
    assert "cannot read q.toml" in refusal(capsys, "evaluate", "one", "--questions", "q.toml")


def test_simulate_prints_the_talk(
    home: Path, capsys: pytest.CaptureFixture[str], signed_adapters: AdapterFolder
) -> None:
    (home / "data").mkdir()
    (home / "data/adapters").symlink_to(signed_adapters.root)
    argv = ["simulate", "one", "daniel", "lisa", "--turns", "4", "--opening", "hi", "--seed", "1"]
    assert cli.main([*argv, "--json"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [turn["speaker"] for turn in first["turns"]] == ["Daniel", "Lisa"] * 2
    assert cli.main([*argv, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == first
    assert cli.main(argv) == 0
    assert capsys.readouterr().out.splitlines()[0] == "Daniel: hi"


def test_an_engine_elsewhere_talks_as_the_one_here(
    home: Path, capsys: pytest.CaptureFixture[str], signed_adapters: AdapterFolder
) -> None:
    (home / "data").mkdir()
    (home / "data/adapters").symlink_to(signed_adapters.root)
    argv = ["simulate", "one", "daniel", "lisa", "--turns", "4", "--opening", "hi", "--seed", "1", "--json"]
    assert cli.main(argv) == 0
    here = json.loads(capsys.readouterr().out.splitlines()[-1])
    environment = os.environ | {"PYTHONPATH": str(Path(cli.__file__).parent), "PATH": os.defpath}
    served = [sys.executable, "-m", "cli", "serve", "--port", "0"]
    with subprocess.Popen(served, cwd=home, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "for .env:\n"
        (home / ".env").write_text(process.stdout.readline().strip() + "\n", encoding="utf-8")
        assert cli.main(argv) == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == here
    assert "cannot be reached" in refusal(capsys, "chat", "one", "--as", "lisa")


def test_chat_answers_until_the_input_ends(
    home: Path, capsys: pytest.CaptureFixture[str], signed_adapters: AdapterFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "data").mkdir()
    (home / "data/adapters").symlink_to(signed_adapters.root)
    lines = iter(["hi", "", "hi"])

    def typed(prompt: str) -> str:
        assert prompt == "Daniel: "
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", typed)
    assert cli.main(["chat", "one", "--as", "lisa"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("You are Daniel; a language model imitates Lisa.")
    assert len([line for line in printed if line.startswith("Lisa: ")]) == 2


@pytest.mark.parametrize("argv", [("chat", "one", "--as", "lisa"), ("simulate", "one", "daniel", "lisa")])
def test_an_answer_that_fails_is_one_clear_line(
    home: Path,
    capsys: pytest.CaptureFixture[str],
    signed_adapters: AdapterFolder,
    monkeypatch: pytest.MonkeyPatch,
    argv: tuple[str, ...],
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError

    (home / "data").mkdir()
    (home / "data/adapters").symlink_to(signed_adapters.root)
    monkeypatch.setattr("builtins.input", lambda prompt: "hi")
    monkeypatch.setattr("twin.batch.Batch.round", crash)
    assert "RuntimeError" in refusal(capsys, *argv)


def test_whoever_stops_one_training_stops_those_that_wait(
    home: Path, capsys: pytest.CaptureFixture[str], tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "chat.txt").write_text(CHAT, encoding="utf-8")
    for name in ("lisa", "peter"):
        assert cli.main(["prepare", "chat.txt", "--dataset", name]) == 0
    shown, adapters = console.json_lines, AdapterFolder(home / "data/adapters")

    def stopped(event: Event, **more: str) -> None:
        shown(event, **more)
        if isinstance(event, Progress) and event.step == 1:
            with pytest.raises(TwinError, match="a training is under way"), adapters.undisturbed():
                pass  # no consent is withdrawn meanwhile
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(console, "json_lines", stopped)
    capsys.readouterr()
    assert cli.main(["train", "lisa", "peter", "--base", str(tiny_base), "--epochs", "4", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["adapter"], one["interrupted"]) for one in told if "interrupted" in one] == [("lisa", True)]
    assert not (home / "data/adapters/peter").exists()


@pytest.mark.parametrize(
    "argv",
    [
        *(["prepare", "x", "--gap", "long"], ["prepare", "x", "--alias", "Lisa"], ["train", "x", "--rank", "0"], []),
        *(["serve", "--replicas", "0"], ["serve", "--replicas", "4-2"], ["train", "x", "--gpus", "-1"], ["train"]),
    ],
)
def test_bad_flags_are_told_with_the_usage(home: Path, capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(argv)
    assert exit_.value.code == 2
    assert "usage: twin" in capsys.readouterr().err


def test_the_bot_needs_the_base_model_of_its_adapter(
    home: Path, capsys: pytest.CaptureFixture[str], signed_adapters: AdapterFolder
) -> None:
    shutil.copytree(signed_adapters.root, home / "data" / "adapters")
    manifest = home / "data" / "adapters" / "one" / signed_adapters.current_version("one") / "twin.json"
    manifest.write_text(manifest.read_text().replace(signed_adapters.load("one").manifest.base_model, "gone/away"))
    (home / ".env").write_text(f"TELEGRAM_TOKEN={TOKEN}\n", encoding="utf-8")
    assert "base model 'gone/away' is not on this machine" in refusal(capsys, "bot")
    (home / ".env").write_text(f"TELEGRAM_TOKEN={TOKEN}\nADAPTER=three\n", encoding="utf-8")
    assert "no adapter 'three'" in refusal(capsys, "bot")


def test_a_data_folder_that_cannot_be_written(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "data").write_text("a file where the folder should be", encoding="utf-8")
    (home / "chat.txt").write_text(CHAT, encoding="utf-8")
    assert "cannot make the folder data" in refusal(capsys, "prepare", "chat.txt", "--dataset", "lisa")
    (home / ".env").write_text(f"TELEGRAM_TOKEN={TOKEN}\n", encoding="utf-8")
    assert "cannot make the folder data" in refusal(capsys, "bot")


def test_a_wrong_key_and_a_newer_database(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def make(version: int | None) -> None:
        store = await Store.open(home / "data" / "twin.db", home / "keys" / "database.key")
        if version:
            async with store.transaction():
                await store._database.run(f"PRAGMA user_version = {version}")
        await store.close()

    (home / ".env").write_text(f"TELEGRAM_TOKEN={TOKEN}\nTELEGRAM_API_URL=http://127.0.0.1:9\n", encoding="utf-8")
    asyncio.run(make(None))
    key = (home / "keys" / "database.key").read_text()
    (home / "keys" / "database.key").write_text(key[::-1])
    assert "key" in refusal(capsys, "bot")
    (home / "keys" / "database.key").write_text(key)
    asyncio.run(make(9999))
    assert "newer" in refusal(capsys, "bot")


def test_a_bot_api_that_cannot_be_reached(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".env").write_text(f"TELEGRAM_TOKEN={TOKEN}\nTELEGRAM_API_URL=http://127.0.0.1:9\n", encoding="utf-8")
    line = refusal(capsys, "bot")
    assert "http://127.0.0.1:9 cannot be reached" in line and TOKEN not in line


def test_the_sandbox_says_what_to_put_into_env(tmp_path: Path) -> None:
    argv = [sys.executable, "-u", "-m", "cli", "sandbox", "--port", "0"]
    with subprocess.Popen(argv, cwd=Path(cli.__file__).parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert lines[0].startswith("chat page: http://127.0.0.1:")
    assert [line.split("=")[0].strip() for line in lines[2:]] == ["TELEGRAM_API_URL", "TELEGRAM_TOKEN"]
