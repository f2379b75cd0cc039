"""How alike the demo's twins are, and what facts, dates and a general stage do for them.

    python -m benchmarks.likeness [--seeds 3] [--fact-encoder MODEL] [--list] [--json]

Trains the demo's twin on the two sample exports with their facts, one without facts and dates that continues from a
general stage, and one on conversations whose speakers were exchanged at random; measures them on conversations,
questions and pairs of replies that were written for this (`material.py`); and shows medians over the seeds. `--list`
prints what each persona replies to the forty openings; `--fact-encoder` asks for the facts once more, found by meaning.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table

from benchmarks.likeness import material, measures, twins
from demo.play import FACTS
from trainer.answers import Subject
from trainer.evaluate import Extent, evaluate
from trainer.findings import Evaluation
from trainer.questions import Question, read_questions
from twin.engine import Request, whole
from twin.facts import FactIndex
from twin.limits import Limits
from twin.loaded import LoadedAdapters
from twin.local import LocalEngine
from twin.meaning import NONE, encoder_of
from twin.transcript import Turn

AIMS = {
    "nll_gain": ">= 0.25", "right_persona": ">= 0.95", "right_persona_shuffled": "about 0.5", "hits_at_1": ">= 0.5",
    "hits_at_1_base": "below hits_at_1", "facts": ">= 0.8", "facts_in_its_words": "",
    "facts_by_meaning": "", "facts_without": "<= 0.2", "unfounded": "0",
    "dated": ">= 0.8", "dated_without": "about 0.5", "sense": ">= 0.8", "sense_without": "below sense",
    "in_character": ">= 0.8", "style_gap_ratio": "<= 2", "verbatim": "0", "ended": ">= 0.99",
}  # fmt: skip
EXTENT = Extent(conversations=10_000, replies=500, answers=500)
NOTHING_ELSE = Extent(conversations=0, replies=0, answers=0)
LOSSES_ALONE = Extent(conversations=10_000, replies=0, answers=0)


def measured(
    seed: int, encoder: str, show: Callable[[str], None], openings: Callable[[str, str, str], None] | None
) -> dict[str, Any]:
    """All figures of one seed."""
    with tempfile.TemporaryDirectory(prefix="twin-likeness-") as scratch:
        began = time.monotonic()
        made = twins.train(Path(scratch), seed, show)
        trained = time.monotonic()
        show("measuring")
        figures = _figures(made, seed, encoder)
        if openings:
            _reply(made, openings)
        return figures | {"training_s": trained - began, "measuring_s": time.monotonic() - trained}


def _figures(made: twins.Twins, seed: int, encoder: str) -> dict[str, Any]:
    loaded = LoadedAdapters(made.adapters, "nf4", Limits().adapter_bytes)
    conversations = [one for chat in material.held_out().values() for one in chat]
    asked = read_questions(material.FOLDER / "questions.toml", made.demo.manifest)
    dated = read_questions(material.FOLDER / "dated.toml", made.demo.manifest)
    judge = partial(evaluate, held_out=conversations, training=made.chats)
    demo = Subject.of_version(loaded, made.demo.name)
    full = judge(demo, extent=EXTENT, questions=[*asked, *dated])
    own_words = judge(demo, extent=NOTHING_ELSE, questions=material.in_the_words_of(FACTS, asked))
    figures = {
        "facts_in_its_words": _share(own_words.as_json()["facts"]),
        "sense_without": measures.sense(demo, material.pairs()),
        "unfounded": measures.unfounded(demo, material.uncovered(), asked),
    }
    if encoder != NONE:
        by_meaning = judge(_finding_facts_with(encoder, demo), extent=NOTHING_ELSE, questions=asked)
        figures["facts_by_meaning"] = _share(by_meaning.as_json()["facts"])
    plain = Subject.of_version(loaded, made.plain.name)
    without = judge(plain, extent=LOSSES_ALONE, questions=[*asked, *_at_one_time(dated)])
    figures["sense"] = measures.sense(plain, material.pairs())
    shuffled = judge(Subject.of_version(loaded, made.shuffled.name), extent=LOSSES_ALONE)
    figures["in_character"] = asyncio.run(_in_character(made, seed))
    return _of_evaluations(full, without, shuffled) | figures


def _finding_facts_with(encoder: str, subject: Subject) -> Subject:
    """The twin, whose facts are found by meaning; it need not be trained again for that."""
    index = FactIndex(subject.loaded.facts.facts if subject.loaded.facts else (), encoder=encoder_of(encoder))
    return replace(subject, loaded=replace(subject.loaded, facts=index))


def _at_one_time(questions: list[Question]) -> list[Question]:
    """The questions, all asked at the one date that the twin knows."""
    return [replace(one, at=material.NOW) for one in questions]


def _of_evaluations(full: Evaluation, without: Evaluation, shuffled: Evaluation) -> dict[str, float]:
    found, plain = full.as_json(), without.as_json()
    styles = [style["ratio"] for style in found["style"].values() if style["ratio"] is not None]
    kept = ("nll_gain", "right_persona", "hits_at_1", "hits_at_1_base", "verbatim", "ended")
    return {
        **{key: found[key] for key in kept},
        "right_persona_shuffled": shuffled.as_json()["right_persona"],
        "facts": _share(found["facts"]),
        "facts_without": _share(plain["facts"]),
        "dated": _share(found["dated"]),
        "dated_without": _share(plain["dated"]),
        "style_gap_ratio": max(styles),
    }


def _share(score: dict[str, int]) -> float:
    return score["right"] / score["asked"]


async def _in_character(made: twins.Twins, seed: int) -> float:
    engine = LocalEngine(made.adapters, "nf4")
    try:
        talks = await measures.simulated(engine, made.demo, material.openings(), seed)
    finally:
        await engine.close()
    return measures.in_character(talks, made.chats)


def _reply(made: twins.Twins, show: Callable[[str, str, str], None]) -> None:
    """What each persona replies to each opening: speaker, opening, reply."""
    engine = LocalEngine(made.adapters, "nf4")
    manifest = made.demo.manifest

    async def all_of_them() -> None:
        try:
            for number, opening in enumerate(material.openings()):
                for speaker in manifest.speakers:
                    turn = Turn(manifest.counterpart(speaker), opening, material.NOW)
                    drawn = replace(manifest.sampling, seed=number)
                    answer = engine.answer(Request(made.demo.name, (turn,), speaker, material.NOW, drawn, mode="burst"))
                    show(speaker, opening, await whole(answer))
        finally:
            await engine.close()

    asyncio.run(all_of_them())


def _on(status: Status, which: str, what: str) -> None:
    status.update(f"{which}: {what}")


def main() -> None:
    parser = argparse.ArgumentParser(description="How alike the demo's twins are.")
    parser.add_argument("--seeds", type=int, default=3, help="how many times all twins are trained (3)")
    parser.add_argument(
        "--fact-encoder", default=NONE, metavar="MODEL", help="a sentence encoder for a second try at the facts"
    )
    parser.add_argument("--list", action="store_true", help="print the first seed's replies to the openings")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args()
    screen = Console(stderr=options.json)
    runs = []
    for seed in range(options.seeds):
        listing = options.list and seed == 0
        openings = (lambda *said: screen.print(*said, sep=" | ", markup=False, soft_wrap=True)) if listing else None
        with screen.status("") as status:
            show = partial(_on, status, f"seed {seed + 1} of {options.seeds}")
            runs.append(measured(seed, options.fact_encoder, show, openings))
        screen.print(
            f"seed {seed}: {json.dumps({key: round(value, 3) for key, value in runs[-1].items()})}",
            markup=False,
            soft_wrap=True,
        )
    figures = {key: median(run[key] for run in runs) for key in runs[0]}
    table = Table("figure", "median", "least", "most", "aim", title=f"{options.seeds} seeds")
    for key, aim in AIMS.items():
        values = [run[key] for run in runs if key in run]
        if not values:
            continue
        table.add_row(key, f"{figures[key]:.3f}", f"{min(values):.3f}", f"{max(values):.3f}", aim)
    screen.print(table)
    if options.json:
        print(json.dumps({key: round(value, 4) for key, value in figures.items()}))


if __name__ == "__main__":
    main()
