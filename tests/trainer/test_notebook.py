"""The notebook for a card in the cloud: its cells, run in order, and what they make is imported at home."""

import json
import shutil
from pathlib import Path

import pytest

from trainer import gate
from twin.adapter import AdapterFolder
from twin.exchange import import_

ROOT = Path(__file__).parents[2]


def test_the_cells_train_and_the_zip_comes_home(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gate, "ANSWERS", 1)
    monkeypatch.chdir(tmp_path)
    for key in ("DATA_DIR", "BASE_MODEL"):
        monkeypatch.setenv(key, "set by the notebook")
    shutil.copy(ROOT / "tests/fixtures/german_chat.txt", tmp_path / "WhatsApp Chat.txt")
    cells = json.loads((ROOT / "docs/train_on_colab.ipynb").read_text("utf-8"))["cells"]
    names: dict[str, object] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"]).replace("malteos/bloom-6b4-clp-german", str(tiny_base))
            exec(compile(source, cell["id"], "exec"), names)  # noqa: S102
            if "OPTIONS" in names:
                names["OPTIONS"] = ["--epochs", "0.1", "--context", "128", "--tokens-per-step", "256"]
    assert "download twin.zip" in capsys.readouterr().out
    home = AdapterFolder(tmp_path / "home")
    assert import_(home, tmp_path / "twin.zip", default_base=str(tiny_base))["promoted"]
    assert set(home.load("twin").manifest.speakers) == {"Jürgen", "Zoë"}
