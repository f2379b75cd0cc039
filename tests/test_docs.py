"""The documents: what they name is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SECURITY = (ROOT / "docs" / "security.md").read_text("utf-8")


def existing_tests() -> set[str]:
    """Every test by its name, and within a class also as `Class.name`."""
    found: set[str] = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        for holder in (tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))):
            names = [node.name for node in holder.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
            found.update(names)
            if isinstance(holder, ast.ClassDef):
                found.update(f"{holder.name}.{name}" for name in names)
    return found


def test_every_test_that_the_security_page_names_exists() -> None:
    named = set(re.findall(r"`((?:Test\w+\.)?test_\w+)`", SECURITY))
    assert len(named) > 50
    assert named - existing_tests() == set()


def test_every_promise_has_a_test_beside_it() -> None:
    rows = [line for line in SECURITY.splitlines() if line.startswith("| ") and not line.startswith("| Promise")]
    assert len(rows) > 30
    assert [row for row in rows if "`test_" not in row and ".test_" not in row] == []


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_every_page_is_linked_and_links_to_what_is_there(page: str) -> None:
    others = [ROOT / "README.md", *(path for path in (ROOT / "docs").glob("*.md") if path.name != page)]
    assert any(f"{page})" in path.read_text("utf-8") for path in others), "no page links to it"
    text = (ROOT / "docs" / page).read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[\w-]+)?\)", text):
        assert (ROOT / "docs" / target).exists(), target
