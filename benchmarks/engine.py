"""How fast the engine answers, against the article's way and against `generate`, with the same model in one run.

    python -m benchmarks.engine [--rounds 3] [--hidden 768 --layers 12 --heads 12 --vocabulary 16384] [--json]

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
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.models import AT, SPEAKERS, add_random_adapter, make_bloom
from twin.adapter import AdapterFolder, Sampling
from twin.engine import Request, whole
from twin.limits import Limits
from twin.local import LocalEngine
from twin.transcript import Turn

TOKENS = 12  # of an answer
CONTEXT = 2560
NAMES = ("one", "two", "three", "four")
TOKENIZER = Path(__file__).parent.parent / "demo" / "base"
WORDS = ("Shall", "we", "meet", "at", "six", "near", "the", "old", "bridge?", "Bring", "bread", "and", "the", "map.")
GREEDY = Sampling(temperature=0, repetition_penalty=1.0)


def history(turns: int, number: int = 0) -> tuple[Turn, ...]:
    """An invented chat of so many turns; another one for each number. Daniel has the last word."""
    return tuple(
        Turn(
            SPEAKERS[(turns - 1 - index) % 2],
            " ".join(WORDS[(index * 3 + number + step) % len(WORDS)] for step in range(6)),
            AT + timedelta(minutes=index),
        )
        for index in range(turns)
    )


def ask(turns: tuple[Turn, ...], adapter: str = NAMES[0]) -> Request:
    return Request(adapter, turns, "Lisa", AT + timedelta(days=1), GREEDY, max_tokens=TOKENS, min_tokens=TOKENS)


class Bench:
    """An engine, and the two other ways to answer with its very model, in its thread."""

    def __init__(self, engine: LocalEngine) -> None:
        self.engine = engine

    async def tokens(self, turns: tuple[Turn, ...]) -> list[int]:
        """Token ids of a history, as the engine renders it."""
        request = ask(turns)

        def render(worker: Any) -> list[int]:
            loaded = worker.adapters.get(request.adapter)
            ids: list[int] = loaded.renderer.serving_window(
                request.turns, request.speaker, request.at, CONTEXT - TOKENS, loaded.adapter.manifest.gap
            )
            return ids

        found: list[int] = await self.engine._call(render)
        return found

    async def turns_for(self, tokens: int) -> int:
        """How many turns have about so many tokens."""
        return round(tokens / (len(await self.tokens(history(40))) / 40))

    async def generate(self, ids: list[int], adapter: str, **options: Any) -> float:
        """Seconds that `generate` takes for one answer after `ids`, nothing reused."""

        def run(worker: Any) -> float:
            loaded = worker.adapters.get(adapter)
            worker.adapters.model.set_adapter(loaded.key)
            prompt = torch.tensor([ids], device=loaded.base.device)
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

    async def by_engine(self, turns: tuple[Turn, ...], adapter: str = NAMES[0]) -> tuple[float, float]:
        """Seconds to the first piece and to the whole answer, in a chat whose last message was answered before."""
        await whole(self.engine.answer(ask(turns[:-2], adapter)))
        begun = time.perf_counter()
        first = 0.0
        async for _ in self.engine.answer(ask(turns, adapter)):
            first = first or time.perf_counter() - begun
        return first, time.perf_counter() - begun


async def one_chat(bench: Bench, rounds: int) -> dict[str, float]:
    """(a) and (c)."""
    turns = history(await bench.turns_for(1000))
    ids = await bench.tokens(turns)
    seconds: dict[str, list[float]] = {"article": [], "generate": [], "first": [], "engine": []}
    metrics = bench.engine.metrics
    read = drawn = 0
    for _ in range(rounds):
        await bench.engine.forget()
        await bench.by_engine(turns[:-2])
        before = metrics.tokens_read, metrics.tokens_drawn
        first, total = await bench.by_engine(turns)  # its first answer hits what the one before it read
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
    """(b): the second message of each chat, whose history is kept, and the first, whose history must be read."""
    length = await bench.turns_for(tokens)
    chosen = [(history(length, number), NAMES[number % len(NAMES)]) for number in range(chats)]
    begun = time.perf_counter()
    for turns, adapter in chosen:
        await bench.by_generate(await bench.tokens(turns), adapter)
    alone = chats / (time.perf_counter() - begun)
    await bench.engine.forget()
    rates = []
    for cut in (-2, None):
        begun = time.perf_counter()
        requests = [ask(turns[:cut], adapter) for turns, adapter in chosen]
        await asyncio.gather(*(whole(bench.engine.answer(request)) for request in requests))
        rates.append(chats / (time.perf_counter() - begun))
    return {
        "generate_answers_s": alone,
        "engine_answers_s": rates[1],
        "throughput_ratio": rates[1] / alone,
        "throughput_ratio_unread": rates[0] / alone,
    }


async def swaps(bench: Bench, adapters: AdapterFolder, versions: dict[str, list[str]], count: int) -> dict[str, float]:
    """(d): 16 chats ask on and on while versions change; each answer must be that of the version that it names."""
    turns = {name: history(6, number) for number, name in enumerate(NAMES)}
    expected: dict[tuple[str, str], str] = {}
    for turn in range(2):
        for name in NAMES:
            adapters.promote(name, versions[name][turn])
        await bench.engine.reload()
        for name in NAMES:
            expected[name, versions[name][turn]] = await whole(bench.engine.answer(ask(turns[name], name)))
    failed = wrong = done = 0
    longest = 0.0
    running = True

    async def client(name: str) -> None:
        nonlocal failed, wrong, done, longest
        while running:
            answer = bench.engine.answer(ask(turns[name], name))
            try:
                pieces, last = [], time.perf_counter()
                async for piece in answer:
                    pieces.append(piece)
                    longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
                wrong += "".join(pieces).strip() != expected[name, answer.version]
                done += 1
            except Exception:
                failed += 1

    clients = [asyncio.create_task(client(NAMES[number % len(NAMES)])) for number in range(16)]
    bench.engine.metrics.longest_swap = 0.0
    for number in range(count):
        await asyncio.sleep(1)
        name = NAMES[number % len(NAMES)]
        current = adapters.current_version(name)
        adapters.promote(name, next(version for version in versions[name] if version != current))
        await bench.engine.reload()
    running = False
    await asyncio.gather(*clients)
    figures = bench.engine.metrics
    return {
        "swap_answers": done,
        "swap_failed": failed,
        "swap_wrong": wrong,
        "swap_longest_load_ms": 1000 * figures.longest_swap,
        "swap_longest_pause_ms": 1000 * longest,
    }


async def growth(bench: Bench) -> list[tuple[str, float, float, float]]:
    """(e): rows of (what, seconds of an answer, answers/s, MiB of keys and values that are kept)."""
    rows = []
    for tokens in (250, 500, 1000, 2000):
        await bench.engine.forget()
        turns = history(await bench.turns_for(tokens))
        await bench.by_engine(turns[:-2])
        _, total = await bench.by_engine(turns)
        rows.append((f"history of {tokens} tokens", total, 1 / total, await kept_mib(bench)))
    length = await bench.turns_for(250)
    for chats in (1, 4, 16):
        await bench.engine.forget()
        requests = [ask(history(length, number), NAMES[number % len(NAMES)]) for number in range(chats)]
        for cut in (-2, None):
            begun = time.perf_counter()
            cut_requests = [replace(request, turns=request.turns[:cut]) for request in requests]
            await asyncio.gather(*(whole(bench.engine.answer(request)) for request in cut_requests))
        total = time.perf_counter() - begun
        rows.append((f"{chats} chats of 250 tokens", total, chats / total, await kept_mib(bench)))
    return rows


async def kept_mib(bench: Bench) -> float:
    size: int = await bench.engine._call(lambda worker: worker.prefixes.size)
    return size / 2**20


async def measure(options: argparse.Namespace, show: Callable[[str], None]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="twin-") as scratch:
        show("making the model and its adapters")
        base = make_bloom(
            Path(scratch) / "base",
            TOKENIZER,
            hidden=options.hidden,
            layers=options.layers,
            heads=options.heads,
            vocabulary=options.vocabulary,
        )
        adapters = AdapterFolder(Path(scratch) / "adapters")
        versions = {
            name: [
                add_random_adapter(adapters, name, base, 10 * number + turn, context=CONTEXT, rank=16).version
                for turn in range(2)
            ]
            for number, name in enumerate(NAMES)
        }
        engine = LocalEngine(adapters, limits=Limits(prefix_bytes=4 * 2**30))
        bench = Bench(engine)
        for name in NAMES:
            await engine.start(name)
        await bench.by_engine(history(6))
        show("one chat")
        found: dict[str, Any] = await one_chat(bench, options.rounds)
        show("16 chats")
        found |= await many_chats(bench, 16, options.chat_tokens)
        show("swaps")
        found |= await swaps(bench, adapters, versions, options.swaps)
        show("growth")
        found["growth"] = await growth(bench)
        figures = engine.status()
        found["mixed_steps"] = figures["mixed_steps"]
        found["crashes"] = figures["crashes"]
        found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        await engine.close()
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=768)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--vocabulary", type=int, default=16384)
    parser.add_argument("--chat-tokens", type=int, default=250, help="history of each of the 16 chats")
    parser.add_argument("--swaps", type=int, default=12)
    parser.add_argument("--json", action="store_true", help="nothing but the last line")
    options = parser.parse_args()
    console = Console(quiet=options.json)
    found = asyncio.run(measure(options, console.print))
    rows = found.pop("growth")
    table = Table("measure", "value", title="engine")
    for key, value in found.items():
        table.add_row(key, f"{value:,.2f}")
    console.print(table)
    table = Table("growth", "s an answer", "answers/s", "MiB kept")
    for what, *values in rows:
        table.add_row(what, *(f"{value:,.2f}" for value in values))
    console.print(table)
    print(json.dumps({key: round(value, 3) for key, value in found.items()}))


if __name__ == "__main__":
    main()
