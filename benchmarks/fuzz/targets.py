"""What is fuzzed: each target takes hostile inputs, and fails where one is neither read nor refused in one line."""

import hashlib
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from benchmarks.bot import weightless
from benchmarks.fuzz.deployment import Deployment, FindingError
from benchmarks.fuzz.inputs import TEXTS, changed_bytes, changed_json
from benchmarks.fuzz.updates import WHOLE, callbacks, updates
from bot.personas import default_persona
from trainer.general import read_corpus
from trainer.questions import read_questions
from trainer.whatsapp import read_export
from twin import facts
from twin.adapter import AdapterFolder
from twin.errors import TwinError
from twin.exchange import import_
from twin.factfile import read_facts
from twin.manifest import Manifest
from twin.settings import load_settings, read_settings
from twin.transcript import date_tag, labels_of

Try = Callable[[Any], None]


@dataclass(frozen=True)
class Target:
    """Inputs, and what is tried with each: it raises where it finds something."""

    inputs: st.SearchStrategy[Any]
    attempt: Try


@contextmanager
def targets(folder: Path) -> Iterator[Mapping[str, Target]]:
    """Every target by its name; they work in `folder`."""
    manifest = weightless()
    deployment = Deployment(folder, _adapters(folder / "data" / "adapters", manifest))
    try:
        yield {
            "settings": Target(st.dictionaries(st.sampled_from(_keys()), TEXTS, max_size=6), _one_line(read_settings)),
            "env files": Target(changed_bytes(_ENV), _file(folder / ".env", load_settings)),
            "exports": Target(changed_bytes(*_EXPORTS), _file(folder / "chat.txt", read_export)),
            "export zips": Target(changed_bytes(*map(_zipped, _EXPORTS)), _file(folder / "chat.zip", read_export)),
            "facts": Target(
                changed_bytes(_FACTS), _file(folder / "facts.toml", lambda file: read_facts(file, manifest.speakers))
            ),
            "questions": Target(
                changed_bytes(_QUESTIONS), _file(folder / "q.toml", lambda file: read_questions(file, manifest))
            ),
            "corpora": Target(changed_bytes(_CORPUS), _file(folder / "corpus.jsonl", read_corpus)),
            "adapter zips": _adapter_zips(folder, manifest),
            "adapter files": _adapter_files(folder, manifest),
            "updates": Target(updates(), deployment.take),
            "broken updates": Target(changed_json(*WHOLE), lambda update: _survives(deployment, update)),
            "callback data": Target(callbacks(), deployment.take),
        }
    finally:
        deployment.close()


def _one_line(read: Callable[[Any], Any]) -> Try:
    """Refusals must be of one line that is not empty; whatever else is raised is a finding."""

    def attempt(value: Any) -> None:
        try:
            read(value)
        except TwinError as refusal:
            line = str(refusal)
            if not line.strip() or len(line.splitlines()) != 1:
                raise FindingError(f"not one line: {line!r}") from None

    return attempt


def _file(path: Path, read: Callable[[Path], Any]) -> Try:
    attempt = _one_line(read)

    def written(data: bytes) -> None:
        path.write_bytes(data)
        attempt(path)

    return written


# settings and files


def _keys() -> list[str]:
    return re.findall(r"^([A-Z_]+)=", (Path(__file__).parents[2] / ".env.example").read_text("utf-8"), re.MULTILINE)


_ENV = b"TELEGRAM_TOKEN=123:abc\nADMIN_IDS=1, 2\nBURST_SECONDS=2\nBACKUP_CRON='30 3 * * *' # nightly\nBACKUP_DAYS=14\n"
_EXPORTS = (
    b"04.05.23, 17:59 - Ann: hello\n04.05.23, 18:00 - Ben: hi\nyou\n04.05.23, 18:01 - Ann created group\n" * 2,
    "[27/03/2022, 21:41:35] Ann: hey\n\u200e[27/03/2022, 21:42:35] Ben: \u200eimage omitted\n".encode() * 3,
    "12/25/22, 9:05\u202fPM - Ann: a\n12/25/22, 9:06\u202fPM - Ben: <Media omitted>\n".encode() * 2,
    "2024/12/10, 14:30 - Ann: a\n2024/12/10, 14:31 - Ben: POLL:\nwhat\nOPTION: x (2 votes)\n".encode("utf-16"),
)
_FACTS = (
    b'[[fact]]\nspeaker = "Lisa"\nquestion = "Where do you swim?"\nanswers = ["lake", "home"]\nuntil = "2022-04"\n'
    b'[[fact]]\nspeaker = "daniel"\nquestion = ["a", "b"]\nanswers = "c"\nfrom = "2020-01"\n'
)
_QUESTIONS = (
    b'[[question]]\nspeaker = "Lisa"\nquestion = "Where?"\nexpect = ["lake"]\nreject = ["pool"]\nat = "2018-05"\n'
    b'[[question]]\nspeaker = "Daniel"\nquestion = "Who?"\nexpect = "me"\nasker = "Lisa"\n'
)
_CORPUS = (
    b'{"turns": [{"speaker": "A", "text": "Hi!", "at": "2020-01-01T10:00:00"}, {"speaker": "B", "text": "Ho"}]}\n'
    b'{"turns": [{"speaker": "A", "text": "x"}, {"speaker": "B", "text": "y"}], "chat": "c"}\n'
)


def _zipped(chat: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_chat.txt", chat)
        archive.writestr("photo.jpg", b"\xff\xd8")
    return packed.getvalue()


# adapters


def _adapters(root: Path, manifest: Manifest) -> AdapterFolder:
    adapters = AdapterFolder(root)
    with adapters.new_version("daniel") as (version, folder):
        (folder / "twin.json").write_text(manifest.to_json(), "utf-8")
    adapters.promote("daniel", version)
    return adapters


def _safetensors(**shapes: tuple[int, ...]) -> bytes:
    header, size = {}, 0
    for name, shape in shapes.items():
        count = 4
        for length in shape:
            count *= length
        header[name.replace("__", ".")] = {"dtype": "F32", "shape": shape, "data_offsets": [size, size + count]}
        size += count
    written = json.dumps(header).encode()
    return struct.pack("<Q", len(written)) + written + bytes(size)


def _adapter_zips(folder: Path, manifest: Manifest) -> Target:
    """Exported adapters of which files or the zip itself are changed, with digests that fit or not."""
    from twin.model import base_digest

    base = folder / "base"
    base.mkdir()
    (base / "model.safetensors").write_bytes(_safetensors(norm=(4,), weight=(4, 4)))
    manifest = replace(manifest, base_model=str(base), base_digest=base_digest(str(base), None))
    whole = {
        "adapter_model.safetensors": _safetensors(x__lora_A__weight=(2, 4), x__lora_B__weight=(4, 2)),
        "adapter_config.json": json.dumps({"peft_type": "LORA", "r": 2}).encode(),
        "twin.json": manifest.to_json().encode(),
        "evaluation.json": b'{"loss": 1.0}',
    }
    number = iter(range(10**9))
    one_file = st.sampled_from(sorted(whole)).flatmap(
        lambda name: changed_bytes(whole[name]).map(lambda data: _packed(whole | {name: data}))
    )
    names = TEXTS.map(lambda name: _packed(whole | {name: b"print()"}))
    listed = changed_json(json.loads(_listed(whole))).map(lambda values: _packed(whole, json.dumps(values)))

    def read(data: bytes) -> None:
        adapters = AdapterFolder(folder / "imported" / str(next(number)))
        file = folder / "adapter.zip"
        file.write_bytes(data)
        try:
            import_(adapters, file, default_base=str(base))
        except TwinError:
            if adapters.root.exists():
                raise FindingError("a refused zip left something behind") from None
            raise

    return Target(one_file | names | listed | changed_bytes(_packed(whole)), _one_line(read))


def _listed(content: Mapping[str, bytes]) -> str:
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    return json.dumps({"format_version": 1, "adapter": "lisa", "version": "v1", "files": digests})


def _packed(content: Mapping[str, bytes], listed: str | None = None) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("export.json", listed or _listed(content))
        for name, data in content.items():
            if name and "\x00" not in name and name.isprintable():
                archive.writestr(name, data)
    return packed.getvalue()


def _adapter_files(folder: Path, manifest: Manifest) -> Target:
    """A version on disk whose `twin.json` or `facts.json` somebody has changed."""
    adapters = _adapters(folder / "changed", manifest)
    path = adapters.load("daniel").path
    known = {"format_version": 1, "common": {"words": {"a": 1}, "messages": 3}}
    fact = {"speaker": "Lisa", "questions": ["a"], "answers": ["b"], "since": None, "until": "2022-04"}

    def read(values: Any) -> None:
        recipe, facts_of_it = values
        (path / "twin.json").write_text(json.dumps(recipe), "utf-8")
        (path / facts.FILE).write_text(json.dumps(facts_of_it), "utf-8")
        facts.load(path)
        adapter = adapters.load("daniel")
        labels_of(adapter.people())
        adapters.personas()
        default_persona(adapters, "daniel")
        date_tag(datetime(2026, 1, 1), adapter.manifest.trained_until)

    one = st.tuples(changed_json(json.loads(manifest.to_json())), changed_json({**known, "facts": [fact]}))
    return Target(one, _one_line(read))


def _survives(deployment: Deployment, update: Any) -> None:
    deployment.survive(update)
    deployment.alive()
