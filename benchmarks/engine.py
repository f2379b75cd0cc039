"""How fast the engine answers, against the article's way and against `generate`, with the same model in one run.

    python -m benchmarks.engine [--rounds 3] [--hidden 768 --layers 12 --heads 12 --vocabulary 16384] [--json]
    python -m benchmarks.engine --make FOLDER       makes the model and its adapters in a data folder, then
    python -m benchmarks.engine --url URL --data FOLDER     asks a server with that DATA_DIR the same

The model is a random BLOOM in NF4, about 100 million parameters unless told otherwise; every answer has 12 tokens.

(a) One chat with 1,000 tokens of history. The article reads all of it, predicts 100 tokens and cuts; `generate` stops
    at the separator. (b) 16 chats over 4 adapters, each with a history, against `generate` one at a time. (c) Time to
    the first piece. (d) Adapters swapped under load. (e) Growth with the history and with the chats.
"""

import argparse
import asyncio
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import engine_cases as cases
from benchmarks.engine_cases import NAMES, TOKENS, chats_of, history, make_twins, one_answer, tokens_of, turns_for
from twin.limits import Limits
from twin.local import LocalEngine
from twin.remote import RemoteEngine
from twin.settings import load_settings


class Bench:
    """A local engine, and the two other ways to answer with its very model, in its thread."""

    def __init__(self, engine: LocalEngine) -> None:
        self.engine = engine

    async def generate(self, ids: list[int], adapter: str, **options: Any) -> float:
        """Seconds that `generate` takes for one answer after `ids`, nothing reused."""

        def run(worker: Any) -> float:
            loaded = worker.adapters.get(adapter)
            worker.adapters.model.set_adapter(loaded.key)
            prompt = torch.tensor([ids], device=worker.adapters.model.device)
            begun = time.perf_counter()
            with torch.inference_mode():
                worker.adapters.model.generate(
                    input_ids=prompt, attention_mask=torch.ones_like(prompt), do_sample=False, **options
                )
            return time.perf_counter() - begun

        seconds: float = await self.engine._call(run)
        return seconds

    async def by_article(self, ids: list[int], adapter: str = NAMES[0]) -> float:
        return await self.generate(ids, adapter, max_new_tokens=100, min_new_tokens=100)

    async def by_generate(self, ids: list[int], adapter: str = NAMES[0]) -> float:
        """As good as `generate` gets: it stops at the separator; the answer is as long as the others."""
        tokenizer = await self.engine._call(lambda worker: worker.adapters.base.tokenizer)
        length = {"max_new_tokens": TOKENS, "min_new_tokens": TOKENS}
        return await self.generate(ids, adapter, stop_strings=["|"], tokenizer=tokenizer, **length)


async def one_chat(bench: Bench, rounds: int) -> dict[str, float]:
    """(a) and (c)."""
    turns = history(turns_for(1000))
    ids = tokens_of(turns)
    seconds: dict[str, list[float]] = {"article": [], "generate": [], "first": [], "engine": []}
    engine, metrics = bench.engine, bench.engine.metrics
    read = drawn = 0
    for _ in range(rounds):
        await engine.forget()
        await one_answer(engine, turns[:-2])
        before = metrics.tokens_read, metrics.tokens_drawn
        first, total = await one_answer(engine, turns)  # its first answer hits what the one before it read
        read, drawn = metrics.tokens_read - before[0], metrics.tokens_drawn - before[1] - TOKENS
        seconds["first"].append(first)
        seconds["engine"].append(total)
        seconds["article"].append(await bench.by_article(ids))
        seconds["generate"].append(await bench.by_generate(ids))
    found = {name: median(times) for name, times in seconds.items()}
    return {
        "history": len(ids),
        "article_s": found["article"],
        "generate_s": found["generate"],
        "engine_s": found["engine"],
        "article_tokens": len(ids) + 100,
        "generate_tokens": len(ids) + TOKENS,
        "engine_tokens": read / 2 + drawn,
        "vs_article": found["article"] / found["engine"],
        "vs_generate": found["generate"] / found["engine"],
        "first_piece_ms": 1000 * found["first"],
    }


async def many_chats(bench: Bench, chats: int, tokens: int) -> dict[str, float]:
    """(b)."""
    chosen = chats_of(chats, tokens)
    begun = time.perf_counter()
    for turns, adapter in chosen:
        await bench.by_generate(tokens_of(turns), adapter)
    alone = chats / (time.perf_counter() - begun)
    unread, kept = await cases.many_chats(bench.engine, chosen)
    return {
        "generate_answers_s": alone,
        "engine_answers_s": kept,
        "throughput_ratio": kept / alone,
        "throughput_ratio_unread": unread / alone,
    }


async def measure(options: argparse.Namespace, show: Callable[[str], None]) -> dict[str, Any]:
    """The local engine against the other ways."""
    with tempfile.TemporaryDirectory(prefix="twin-") as scratch:
        show("making the model and its adapters")
        twins = make_twins(Path(scratch), **shape(options))
        engine = LocalEngine(twins.folder, limits=Limits(prefix_bytes=4 * 2**30))
        bench = Bench(engine)
        for name in NAMES:
            await engine.start(name)
        await one_answer(engine, history(6))
        show("one chat")
        found: dict[str, Any] = await one_chat(bench, options.rounds)
        show("16 chats")
        found |= await many_chats(bench, 16, options.chat_tokens)
        show("swaps")
        engine.metrics.longest_swap = 0.0
        found |= await cases.swaps(engine, twins, options.swaps)
        found["swap_longest_load_ms"] = 1000 * engine.metrics.longest_swap
        show("growth")
        found["growth"] = await cases.growth(engine)
        figures = engine.status()
        found["mixed_steps"] = figures["mixed_steps"]
        found["crashes"] = figures["crashes"]
        found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        await engine.close()
        return found


async def measure_remote(options: argparse.Namespace, show: Callable[[str], None]) -> dict[str, Any]:
    """An engine elsewhere, whose DATA_DIR is what `--make` has made."""
    twins = cases.twins_in(options.data)
    engine = RemoteEngine(options.url, load_settings().engine_key)
    try:
        for name in NAMES:
            await engine.start(name)
            await one_answer(engine, history(6), name)
        show("one chat")
        found: dict[str, Any] = await cases.one_chat(engine, options.rounds)
        show("16 chats")
        unread, kept = await cases.many_chats(engine, chats_of(16, options.chat_tokens))
        found |= {"engine_answers_s": kept, "engine_answers_s_unread": unread}
        show("swaps")
        found |= await cases.swaps(engine, twins, options.swaps)
        show("growth")
        found["growth"] = await cases.growth(engine)
        return found
    finally:
        await engine.close()


def shape(options: argparse.Namespace) -> dict[str, int]:
    return {key: getattr(options, key) for key in ("hidden", "layers", "heads", "vocabulary")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=768)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--vocabulary", type=int, default=16384)
    parser.add_argument("--chat-tokens", type=int, default=250, help="history of each of the 16 chats")
    parser.add_argument("--swaps", type=int, default=12)
    parser.add_argument("--make", type=Path, metavar="FOLDER", help="make what a server needs, and end")
    parser.add_argument("--url", help="measure the server there")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="its DATA_DIR, made by --make")
    parser.add_argument("--json", action="store_true", help="nothing but the last line")
    options = parser.parse_args()
    if bool(options.url) != bool(options.data):
        parser.error("--url and --data belong together")
    if options.make:
        make_twins(options.make, **shape(options))
        return
    console = Console(quiet=options.json)
    found = asyncio.run((measure_remote if options.url else measure)(options, console.print))
    rows = found.pop("growth")
    table = Table("measure", "value", title="engine")
    for key, value in found.items():
        table.add_row(key, f"{value:,.2f}")
    console.print(table)
    table = Table("growth", "s an answer", "answers/s")
    for what, *values in rows:
        table.add_row(what, *(f"{value:,.2f}" for value in values))
    console.print(table)
    print(json.dumps({key: round(value, 3) for key, value in found.items()}))


if __name__ == "__main__":
    main()
