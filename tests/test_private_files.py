"""Whatever prepare, train and export leave on disk is readable by its owner alone, whatever the umask."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import chat_with_sign
from trainer import prepare
from trainer.train import TrainingData, TrainingOptions, train
from twin.adapter import AdapterFolder
from twin.exchange import export
from twin.files import private_folder
from twin.model import load_base

EXPORT = "".join(f"04.05.23, 18:{minute:02} - {('Ann', 'Ben')[minute % 2]}: text {minute}\n" for minute in range(20))


@pytest.fixture
def no_umask() -> Iterator[None]:
    previous = os.umask(0)
    yield
    os.umask(previous)


def open_to_others(folder: Path) -> set[str]:
    """Files and folders in a folder that are not its owner's alone."""
    return {
        str(path)
        for path in (folder, *folder.rglob("*"))
        if path.exists() and path.stat().st_mode & 0o777 != (0o700 if path.is_dir() else 0o600)
    }


def test_folders_that_are_made_on_the_way_are_private_too(tmp_path: Path, no_umask: None) -> None:
    private_folder(tmp_path / "data" / "datasets" / "lisa")
    assert open_to_others(tmp_path / "data") == set()


def test_datasets_checkpoints_adapters_and_exports(tmp_path: Path, tiny_base: Path, no_umask: None) -> None:
    data = tmp_path / "data"
    (tmp_path / "chat.txt").write_text(EXPORT, "utf-8")
    prepare.prepare([tmp_path / "chat.txt"], dataset=data / "datasets" / "lisa")
    adapters = AdapterFolder(data / "adapters")
    seen: set[str] = set()
    opened: set[str] = set()

    def look(_: Any) -> None:
        seen.update(path.name for path in adapters.run_folder("one").rglob("*"))
        opened.update(open_to_others(data))

    train(
        "one",
        data=TrainingData(chat_with_sign("1", 20), ("one",), "digest", 3600),
        base=load_base(str(tiny_base), "nf4"),
        adapters=adapters,
        options=TrainingOptions(epochs=2, context_length=128, tokens_per_step=256),
        report=look,
    )
    assert any(name.startswith("checkpoint") for name in seen), seen
    assert opened | open_to_others(data) == set()
    adapters.promote("one", adapters.versions("one")[0])
    export(adapters, "one", tmp_path / "one.zip", with_texts=True)
    assert (tmp_path / "one.zip").stat().st_mode & 0o777 == 0o600
    assert open_to_others(data) == set()
