"""The directions in which packages may import each other, and what must not be loaded by whom."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT: dict[str, set[str]] = {
    "twin": set(),
    "trainer": {"twin"},
    "storage": {"twin"},
    "bot": {"twin", "storage"},
    "sandbox": set(),
    "cluster": {"twin", "trainer"},
    "demo": {"twin", "trainer", "storage", "bot", "sandbox", "cli"},
    "cli": {"twin", "trainer", "storage", "bot", "sandbox", "cluster", "demo", "arguments"},
    "arguments": set(),
}
STORAGE_MAY_IMPORT_OF_TWIN = {"twin.transcript", "twin.errors", "twin.files"}


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


def files_of(package: str) -> list[Path]:
    module = ROOT / f"{package}.py"
    return [module] if module.exists() else sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_run_in_the_allowed_direction(package: str) -> None:
    files = files_of(package)
    assert files
    for path in files:
        ours = {name.split(".")[0] for name in imports_of(path)} & MAY_IMPORT.keys()
        assert ours - {package} <= MAY_IMPORT[package], path


def test_storage_knows_turns_alone() -> None:
    for path in files_of("storage"):
        assert {name for name in imports_of(path) if name.startswith("twin")} <= STORAGE_MAY_IMPORT_OF_TWIN, path


def test_sql_is_in_storage_alone() -> None:
    for package in MAY_IMPORT.keys() - {"storage"}:
        for path in files_of(package):
            assert not {name.split(".")[0] for name in imports_of(path)} & {"sqlite3", "sqlcipher3", "aiosqlite"}, path


def test_the_core_needs_no_ray() -> None:
    for package in MAY_IMPORT.keys() - {"cluster"}:
        for path in files_of(package):
            assert not {name.split(".")[0] for name in imports_of(path)} & {"ray", "starlette", "cluster"}, path


@pytest.mark.parametrize("argv", [["serve", "--on", "ray"], ["train", "lisa", "--on", "ray"]])
def test_without_ray_one_line_says_what_to_install(argv: list[str], tmp_path: Path) -> None:
    code = f"import sys; sys.modules['ray'] = None; import cli; sys.exit(cli.main({argv}))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stderr == "twin: Ray is not installed: pip install 'whatsapp-twin[cluster]'\n"


@pytest.mark.parametrize(
    "module",
    [
        *("bot", "bot.app", "storage", "storage.store", "cli", "sandbox"),
        *("twin.engine", "twin.adapter", "twin.local", "twin.facts", "twin.factfile"),
        *("twin.engines", "twin.serving"),
    ],
)
def test_no_torch_is_loaded_by(module: str) -> None:
    code = f"import {module}, sys; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
