"""The report of a version: every part of it, what is missing, and that no text of a chat becomes markup."""

import json
import shutil
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

import cli
from tests.conftest import chat_with_sign
from trainer import figures
from trainer.activity import NAMED, Activity
from trainer.findings import Answers, Evaluation, Example, Score, keep
from trainer.likeness import Foretold
from trainer.measures import measures_of
from trainer.ranking import Ranks
from trainer.recital import Canary
from trainer.report import page, write_report
from trainer.style import Gaps, Style
from trainer.train import TrainingData, TrainingOptions, train
from twin.adapter import Adapter, AdapterFolder
from twin.errors import TwinError
from twin.exchange import export, import_
from twin.model import load_base
from twin.transcript import UNDATED, Conversation, Turn

EVIL = "<script>alert(1)</script>"
SECTIONS = {"what", "dataset", "losses", "samples", "likeness", "examples"}
FOUND = Evaluation(
    20,
    foretold=Foretold(20, 1.0, 2.0, 1.5, 0.9),
    ranks=Ranks((1, 2), (5, 10)),
    answers=Answers(20, 0.0, 0.0, 1.0, 12, 14, {EVIL: Style(15, Gaps(0.2, 0.1), {"length": Gaps(0.2, 0.1)})}),
    facts=Score(1, 2),
    canaries=(("a secret", Canary("a secret", 8.0, 8.0, True)), ("another", None)),
    examples=(
        Example(EVIL, f"Daniel: {EVIL} | {EVIL}:", ("so <b>", "it is"), ("really & truly",)),
        Example("Lisa", "Daniel: where? | Lisa:", ("there",), right=False),
    ),
)


class Seen(HTMLParser):
    """The elements of a page, their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def trained(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> AdapterFolder:
    """An adapter `evil`, one of whose speakers has markup for a name."""
    adapters = AdapterFolder(tmp_path_factory.mktemp("data") / "adapters")
    chats = {
        name: [
            replace(one, turns=tuple(replace(t, speaker=EVIL if t.speaker == "Lisa" else t.speaker) for t in one.turns))
            for one in part
        ]
        for name, part in chat_with_sign("<i>1</i>").items()
    }
    train(
        "evil",
        data=TrainingData(chats, ("evil",), "digest", 3600),
        base=load_base(str(tiny_base), "nf4"),
        adapters=adapters,
        options=TrainingOptions(epochs=1, context_length=128, tokens_per_step=256),
        report=lambda event: None,
    )
    return adapters


@pytest.fixture
def adapters(trained: AdapterFolder, tmp_path: Path) -> AdapterFolder:
    """A copy that a test may change."""
    shutil.copytree(trained.root, tmp_path / "data" / "adapters")
    return AdapterFolder(tmp_path / "data" / "adapters")


def read(adapter: Adapter) -> Seen:
    return Seen((adapter.path / "report.html").read_text("utf-8"))


def test_a_training_writes_a_page_with_every_part(trained: AdapterFolder) -> None:
    adapter = trained.load("evil")
    assert (adapter.path / "report.html").stat().st_mode & 0o777 == 0o600
    seen = read(adapter)
    assert {value for name, value in seen.attributes if name == "id"} >= SECTIONS
    assert seen.tags.count("svg") == 4
    for words in (adapter.version, adapter.manifest.base_model, "160 messages in 40 conversations", EVIL, "<i>1</i>"):
        assert words in seen.text
    assert "Not judged: 2 held-out conversations are too few" in seen.text
    assert "The gate let it through." in seen.text and "tokens per step" in seen.text
    assert "There are none: nothing was held out" in seen.text


def test_an_evaluation_makes_it_anew_with_all_texts_escaped(adapters: AdapterFolder) -> None:
    adapter = adapters.load("evil")
    keep(adapter, FOUND)
    write_report(adapter)
    assert (adapter.path / "report.html").stat().st_mode & 0o777 == 0o600
    seen = read(adapter)
    for words in ("right persona", "90%", "base model 2.000", f"style gap of {EVIL}", "2.00 times as far", "1 of 2"):
        assert words in seen.text
    for words in ("known by heart", "absent", "really & truly", "so <b>", "it is", "by the twin: wrong"):
        assert words in seen.text
    assert "a secret" not in seen.text.replace("a secret of the chat", "")
    assert not {"script", "i", "b", "img", "link", "iframe"} & set(seen.tags)
    assert page(adapter) == page(adapter)


def test_nothing_is_loaded(adapters: AdapterFolder) -> None:
    adapter = adapters.load("evil")
    keep(adapter, FOUND)
    write_report(adapter)
    seen = read(adapter)
    assert not [value for name, value in seen.attributes if "http:" in value or "https:" in value or "alert" in value]
    links = [value for name, value in seen.attributes if name in ("src", "href", "xlink:href")]
    assert all(value.startswith("#") for value in links)
    text = (adapter.path / "report.html").read_text("utf-8")
    assert "default-src 'none'" in text and "@import" not in text and "url(http" not in text


def test_what_is_missing_is_said(adapters: AdapterFolder, tiny_base: Path, tmp_path: Path) -> None:
    keep(adapters.load("evil"), FOUND)
    for texts in (False, True):
        file = tmp_path / f"{texts}.zip"
        export(adapters, "evil", file, with_texts=texts)
        assert ("report.html" in zipfile.ZipFile(file).namelist()) == texts
    import_(adapters, tmp_path / "False.zip", name="guest", default_base=str(tiny_base))
    guest = adapters.load("guest")
    write_report(guest)
    seen = read(guest)
    assert "There are no samples" in seen.text and "There are none: nothing was held out" in seen.text
    assert "160 messages" in seen.text and "right persona" in seen.text
    for name in ("chats.json", "evaluation.json", "loss.csv"):
        (guest.path / name).unlink()
    write_report(guest)
    text = read(guest).text
    for words in ("Its figures are not here", "What the gate said of it is not known", "There is no curve"):
        assert words in text
    assert "It was not measured; do so with: twin evaluate guest" in text


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("evaluation.json", '{"likeness": {"loss_per_character": "low"}}'),
        ("evaluation.json", '{"gate": {"promoted": true}}'),
        ("chats.json", '{"writers": 7}'),
        ("chats.json", '{"writers": [], "months": {"next May": 1}, "lengths": {}}'),
        ("examples.jsonl", "[1]\n"),
        ("samples.jsonl", "{\n"),
    ],
)
def test_damaged_files_are_one_clear_line(adapters: AdapterFolder, file: str, content: str) -> None:
    adapter = adapters.load("evil")
    (adapter.path / file).write_text(content, "utf-8")
    with pytest.raises(TwinError, match=r"no report can be made of evil/.* is damaged"):
        write_report(adapter)


def test_the_command_prints_where_it_is(
    adapters: AdapterFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(adapters.root.parent))
    file = adapters.load("evil").path / "report.html"
    file.unlink()
    assert cli.main(["report", "evil"]) == 0
    assert capsys.readouterr().out == f"{file}\n" and file.is_file()
    assert cli.main(["report", "evil", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["report"] == str(file)
    assert cli.main(["report", "evil", "--feedback", "feedback.csv"]) == 1
    assert "there is no database" in capsys.readouterr().err
    assert not (adapters.root.parent / "twin.db").exists()


def test_activity_counts_every_message_once() -> None:
    start = datetime(2022, 12, 31, 22, 30)
    talks = [
        Conversation(tuple(Turn(f"P{i % 9}", "hi", start + timedelta(hours=i)) for i in range(size)), "group")
        for size in (2, 3, 40)
    ]
    activity = Activity.of({"group": talks})
    assert activity.messages == 45 and activity.conversations == 3 and activity.lengths == {2: 1, 3: 1, 40: 1}
    assert list(activity.months) == ["2022-12", "2023-01"] and sum(activity.months.values()) == 45
    assert len(activity.writers) == NAMED + 1 and activity.writers[-1].name is None
    assert all(sum(writer.hours) == writer.messages for writer in activity.writers)
    assert Activity.from_json(json.loads(json.dumps(activity.as_json()))) == activity
    assert len(activity.writers) <= len(figures.COLOURS)


def test_undated_chats_have_no_months_and_no_hours() -> None:
    activity = Activity.of({"c": [Conversation((Turn("A", "hi", UNDATED), Turn("B", "ho", UNDATED)), "c")]})
    assert figures.months(activity) is None and figures.hours(activity) is None
    assert figures.lengths(activity) is not None and activity.messages == 2


def test_what_was_not_measured_has_no_line() -> None:
    assert measures_of(Evaluation(0, reason="none").as_json()) == []
    assert len(measures_of(FOUND.as_json())) == 3 + 2 + 1 + 3 + 1 + 2
    assert all(one.says.endswith(".") for one in measures_of(FOUND.as_json()))
