"""Nothing that is loaded can bring code along: no pickles, no remote code, weights from safetensors alone."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("twin", "trainer", "storage", "bot", "sandbox", "demo", "benchmarks", "docs", "cli.py", "arguments.py")
UNPICKLING = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
RUNNING = {"eval", "exec", "compile", "__import__"}
READERS_OF_PICKLES = {"read_pickle", "load_module", "unsafe_load", "full_load"}
# `from_pretrained` of these reads weights; that of configurations and tokenizers reads JSON.
WEIGHTS = {"AutoModelForCausalLM", "AutoModel"}


def sources() -> Iterator[tuple[Path, ast.AST]]:
    for name in PACKAGES:
        path = ROOT / name
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            yield file, ast.parse(file.read_text("utf-8"))


def calls(tree: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    """Every call: the name called, what it is an attribute of, and the call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Attribute):
                yield called.attr, called.value.id if isinstance(called.value, ast.Name) else "?", node
            elif isinstance(called, ast.Name):
                yield called.id, "", node


def given(call: ast.Call, name: str) -> object:
    """The value of a keyword argument where it is written out; None where it is not given."""
    values = [keyword.value for keyword in call.keywords if keyword.arg == name]
    return ast.literal_eval(values[0]) if values else None


def test_there_is_something_to_walk() -> None:
    found = [file for file, _ in sources()]
    assert len(found) > 100 and ROOT / "twin" / "model.py" in found


def test_nothing_unpickles() -> None:
    for file, tree in sources():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & UNPICKLING, file
        for name, owner, call in calls(tree):
            where = f"{file}:{call.lineno}"
            assert name not in READERS_OF_PICKLES, where
            if (owner, name) == ("torch", "load"):
                assert given(call, "weights_only") is True, where
            if name == "load" and owner in {"np", "numpy"}:
                assert not given(call, "allow_pickle"), where


def test_no_text_becomes_code() -> None:
    for file, tree in sources():
        for name, owner, call in calls(tree):
            assert owner or name not in RUNNING, f"{file}:{call.lineno}"


def test_weights_come_from_safetensors_and_no_code_with_them() -> None:
    loading = 0
    for file, tree in sources():
        for name, owner, call in calls(tree):
            assert given(call, "trust_remote_code") in (None, False), f"{file}:{call.lineno}"
            if name == "from_pretrained" and owner in WEIGHTS:
                assert given(call, "use_safetensors") is True, f"{file}:{call.lineno}"
                loading += 1
    assert loading >= 2


def test_every_dependency_is_pinned_and_has_its_hashes() -> None:
    pinned = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert len(pinned) > 50
    assert all(line.count("==") == 1 and "*" not in line for line in pinned)
    locked: dict[str, int] = {}
    for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines():
        if line.startswith(" "):
            assert re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}( \\)?", line), line
            locked[next(reversed(locked))] += 1
        else:
            locked[_plain(line.partition(" ")[0])] = 0
    wanted = {_plain(line) for line in pinned if not line.startswith("atheris==")}  # not built for every system
    assert locked.keys() == wanted, "the pins have changed: make lock"
    assert all(locked.values())


def _plain(requirement: str) -> str:
    name, _, version = requirement.partition("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"
