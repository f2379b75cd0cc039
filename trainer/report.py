"""The report of a version: one private page with its data, its training, its figures and what it answers.

It is made from the version's own files and nothing else, so `twin report NAME` can make it anew where the datasets are
not: from `twin.json`, `evaluation.json`, `chats.json`, `loss.csv`, `samples.jsonl` and `examples.jsonl`. Of what is not
there, as after an export, the page says so. It loads nothing, and its policy forbids that it could.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateError

from trainer import activity, figures
from trainer.activity import Activity
from trainer.findings import EXAMPLES, KEY
from trainer.measures import extent_of, measures_of
from twin.adapter import Adapter, read_object
from twin.errors import TwinError
from twin.files import write_private
from twin.manifest import Manifest
from twin.transcript import UNDATED, said_in

FILE = "report.html"
SHOWN = 10  # held-out contexts, and questions, that are shown at most
NAMED = 12  # speakers that are named; a corpus may have thousands
_TEMPLATE = Path(__file__).with_name("report.html")

Said = tuple[str, str]  # who, and what


@dataclass(frozen=True, slots=True)
class Bubbles:
    """A context, and how it went on.

    Attributes:
        context: what was said before.
        speaker: whose turn it is.
        twin: the answers, each with the step of the training at which it was given (0: with the version as it is).
        real: what was really said; empty where nothing was, as for a question.
        right: of a question, whether the answer is.
    """

    context: tuple[Said, ...]
    speaker: str
    twin: tuple[tuple[int, str], ...]
    real: tuple[str, ...]
    right: bool | None = None


def write_report(adapter: Adapter) -> Path:
    """Make the report of a version, in place of an earlier one; returns where it is.

    Raises:
        TwinError: the version's files are damaged, or the page cannot be written.
    """
    path = adapter.path / FILE
    try:
        write_private(path, page(adapter).encode("utf-8", "replace").decode("utf-8"))
    except OSError as error:
        raise TwinError(f"cannot write {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, TemplateError) as error:
        raise TwinError(
            f"no report can be made of {adapter.identity}: one of the files in {adapter.path} is damaged "
            f"({type(error).__name__}); measure it anew with twin evaluate {adapter.name}, or train it again"
        ) from error
    return path


def page(adapter: Adapter) -> str:
    """The page of a version.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, TemplateError: its files do not hold what they should.
    """
    evaluation = read_object(adapter.path / "evaluation.json")
    likeness = evaluation.get(KEY)
    examples = [_example(one) for one in _lines(adapter.path / EXAMPLES)]
    kept = read_object(adapter.path / activity.FILE)
    counted = Activity.from_json(kept) if kept else None
    return _template().render(
        adapter=adapter,
        manifest=adapter.manifest,
        speakers=_named(adapter.manifest.speakers),
        period=_period(adapter.manifest, counted),
        dated=[chat for chat in adapter.manifest.chats if chat.trained_until.year != UNDATED.year],
        evaluation=evaluation,
        gate=evaluation.get("gate"),
        activity=counted,
        months=figures.months(counted) if counted else None,
        hours=figures.hours(counted) if counted else None,
        lengths=figures.lengths(counted) if counted else None,
        colours=figures.COLOURS,
        losses=figures.losses(adapter.path / "loss.csv"),
        samples=list(_by_context(_lines(adapter.path / "samples.jsonl"))),
        likeness=likeness,
        measures=measures_of(likeness) if likeness else [],
        extent=extent_of(likeness) if likeness else "",
        examples=[one for one in examples if one.right is None][:SHOWN],
        questions=[one for one in examples if one.right is not None][:SHOWN],
    )


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _lines(file: Path) -> list[dict[str, Any]]:
    """The objects in a file, one a line; none where it is not there."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _example(values: dict[str, Any]) -> Bubbles:
    answers = tuple((0, text) for text in values["twin"])
    context = tuple(said_in(values["context"]))
    return Bubbles(context, values["speaker"], answers, tuple(values["real"]), values["right"])


def _by_context(samples: Sequence[dict[str, Any]]) -> Iterator[Bubbles]:
    """The samples of each context together, in the order in which they were made."""
    answers: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for sample in samples:
        answers.setdefault((sample["context"], sample["real"]), []).append((sample["step"], sample["answer"]))
    for (context, real), given in answers.items():
        label = context.rpartition("| ")[2].removesuffix(":")
        yield Bubbles(tuple(said_in(context)), label, tuple(given), (real,))


def _named(speakers: Sequence[str]) -> str:
    others = len(speakers) - NAMED
    return ", ".join(speakers[:NAMED]) + (f" and {others:,} others" if others > 0 else "")


def _period(manifest: Manifest, counted: Activity | None) -> str:
    """From when to when what was trained on was said."""
    if manifest.trained_until.year == UNDATED.year:
        return "without dates"
    begin = f"{min(counted.months)} to " if counted and counted.months else "until "
    return f"{begin}{manifest.trained_until:%Y-%m-%d}"
