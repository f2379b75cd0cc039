"""What is asked of an engine in `benchmarks.engine`, the same of the local one and of one elsewhere."""

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from statistics import median

from transformers import AutoTokenizer

from benchmarks.models import AT, SPEAKERS, TRAINED_UNTIL, add_random_adapter, make_bloom
from twin.adapter import AdapterFolder
from twin.engine import Request, whole
from twin.engines import AnyEngine
from twin.manifest import Sampling
from twin.transcript import Renderer, Turn

TOKENS = 12  # of an answer
PATIENCE = 3600.0  # seconds
CONTEXT = 2560
NAMES = ("one", "two", "three", "four")
TOKENIZER = Path(__file__).parent.parent / "demo" / "base"
WORDS = ("Shall", "we", "meet", "at", "six", "near", "the", "old", "bridge?", "Bring", "bread", "and", "the", "map.")
GREEDY = Sampling(temperature=0, repetition_penalty=1.0)


@dataclass(frozen=True, slots=True)
class Twins:
    """The adapters that are asked, two versions of each; the second one is promoted."""

    folder: AdapterFolder
    versions: dict[str, list[str]]


def make_twins(data: Path, *, hidden: int, layers: int, heads: int, vocabulary: int) -> Twins:
    """A random model and its adapters in a data folder, as a server finds them by DATA_DIR."""
    base = make_bloom(data / "base", TOKENIZER, hidden=hidden, layers=layers, heads=heads, vocabulary=vocabulary)
    folder = AdapterFolder(data / "adapters")
    for number, name in enumerate(NAMES):
        for turn in range(2):
            add_random_adapter(folder, name, base, 10 * number + turn, context=CONTEXT, rank=16)
    return twins_in(data)


def twins_in(data: Path) -> Twins:
    """What `make_twins` has made."""
    folder = AdapterFolder(data / "adapters")
    return Twins(folder, {name: folder.versions(name) for name in NAMES})


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


def ask(turns: tuple[Turn, ...], adapter: str = NAMES[0], tokens: int = TOKENS) -> Request:
    """A request for an answer of so many tokens, however long that takes: one cut short would count as a fast one."""
    at = AT + timedelta(days=1)
    return Request(adapter, turns, "Lisa", at, GREEDY, max_tokens=tokens, min_tokens=tokens, seconds=PATIENCE)


@cache
def renderer() -> Renderer:
    return Renderer(AutoTokenizer.from_pretrained(TOKENIZER), SPEAKERS, TRAINED_UNTIL)


def tokens_of(turns: tuple[Turn, ...]) -> list[int]:
    """Token ids of a history, as an engine renders it."""
    request = ask(turns)
    return renderer().serving_window(request.turns, request.speaker, request.at, CONTEXT - TOKENS)


def turns_for(tokens: int) -> int:
    """How many turns have about so many tokens."""
    return round(tokens / (len(tokens_of(history(40))) / 40))


async def one_answer(engine: AnyEngine, turns: tuple[Turn, ...], adapter: str = NAMES[0]) -> tuple[float, float]:
    """Seconds to the first piece and to the whole answer, in a chat whose last message was answered before."""
    await whole(engine.answer(ask(turns[:-2], adapter)))
    begun = time.perf_counter()
    first = 0.0
    async for _ in engine.answer(ask(turns, adapter)):
        first = first or time.perf_counter() - begun
    return first, time.perf_counter() - begun


async def one_chat(engine: AnyEngine, rounds: int) -> dict[str, float]:
    """(a) and (c) of the engine alone."""
    turns = history(turns_for(1000))
    seconds = []
    for _ in range(rounds):
        await engine.forget()
        await one_answer(engine, turns[:-2])
        seconds.append(await one_answer(engine, turns))  # its first answer hits what the one before it read
    return {
        "history": len(tokens_of(turns)),
        "engine_s": median(total for _, total in seconds),
        "first_piece_ms": 1000 * median(first for first, _ in seconds),
    }


def chats_of(chats: int, tokens: int) -> list[tuple[tuple[Turn, ...], str]]:
    """Histories of about so many tokens, each with the adapter that is asked."""
    length = turns_for(tokens)
    return [(history(length, number), NAMES[number % len(NAMES)]) for number in range(chats)]


async def many_chats(engine: AnyEngine, chosen: list[tuple[tuple[Turn, ...], str]]) -> tuple[float, float]:
    """(b), answers/s: the first message of each chat, whose history must be read, and the second, whose is kept."""
    await engine.forget()
    rates = []
    for cut in (-2, None):
        begun = time.perf_counter()
        requests = [ask(turns[:cut], adapter) for turns, adapter in chosen]
        await asyncio.gather(*(whole(engine.answer(request)) for request in requests))
        rates.append(len(chosen) / (time.perf_counter() - begun))
    return rates[0], rates[1]


async def swaps(engine: AnyEngine, twins: Twins, count: int) -> dict[str, float]:
    """(d): 16 chats ask on and on while versions change; each answer must be that of the version that it names."""
    turns = {name: history(6, number) for number, name in enumerate(NAMES)}
    expected: dict[tuple[str, str], str] = {}
    for turn in range(2):
        for name in NAMES:
            twins.folder.promote(name, twins.versions[name][turn])
        await engine.reload()
        for name in NAMES:
            answer = engine.answer(ask(turns[name], name))
            said = await whole(answer)
            assert answer.version == twins.versions[name][turn], "the engine has another adapter folder"  # noqa: S101
            expected[name, answer.version] = said
    failed = wrong = done = 0
    longest = 0.0
    running = True

    async def client(name: str) -> None:
        nonlocal failed, wrong, done, longest
        while running:
            answer = engine.answer(ask(turns[name], name))
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
    for number in range(count):
        await asyncio.sleep(1)
        name = NAMES[number % len(NAMES)]
        current = twins.folder.current_version(name)
        twins.folder.promote(name, next(version for version in twins.versions[name] if version != current))
        await engine.reload()
    running = False
    await asyncio.gather(*clients)
    return {
        "swap_answers": done,
        "swap_failed": failed,
        "swap_wrong": wrong,
        "swap_longest_pause_ms": 1000 * longest,
    }


async def growth(engine: AnyEngine) -> list[tuple[str, float, float]]:
    """(e): rows of (what, seconds of an answer, answers/s)."""
    rows = []
    for tokens in (250, 500, 1000, 2000):
        await engine.forget()
        turns = history(turns_for(tokens))
        await one_answer(engine, turns[:-2])
        _, total = await one_answer(engine, turns)
        rows.append((f"history of {tokens} tokens", total, 1 / total))
    for chats in (1, 4, 16):
        requests = [ask(turns, adapter) for turns, adapter in chats_of(chats, 250)]
        await engine.forget()
        for cut in (-2, None):
            begun = time.perf_counter()
            cut_requests = [replace(request, turns=request.turns[:cut]) for request in requests]
            await asyncio.gather(*(whole(engine.answer(request)) for request in cut_requests))
        total = time.perf_counter() - begun
        rows.append((f"{chats} chats of 250 tokens", total, chats / total))
    return rows
