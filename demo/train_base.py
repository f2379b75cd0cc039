"""Trains the demo's small base model from nothing on the conversations of `demo.corpus`, after a warm-up on `demo.corpus_recall`.

    python -m demo.train_base --minutes 70          # trains, saves demo/base/ and the state in demo/run/
    python -m demo.train_base --minutes 70 --resume     # goes on where the last run stopped

The tokenizer is made once, in the first run without `--resume`; afterwards it stays as it is, since the weights belong to it.
"""

import argparse
import itertools
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from transformers import BloomConfig, BloomForCausalLM, GenerationConfig

from demo.base_tokenizer import EOS, load_tokenizer, train_tokenizer
from demo.corpus import chats
from demo.corpus_people import NAMES
from demo.corpus_recall import UNTAGGED, recalls, repeated
from demo.sample_base import BASE, PROMPTS, continuation
from trainer.fused import fuse
from twin.errors import TwinError
from twin.files import private_folder
from twin.transcript import Renderer, Tokens

RUN = Path(__file__).parent / "run"
HELD_OUT_SEED = 0  # training chunks have the seeds from 1 on
CONTEXTS = (256, 256, 256, 512)  # tokens; the chunks take turns, so that long histories are known too
HELD_OUT = 30  # chats of the held-out loss
BATCH_TOKENS = 1_024  # tokens in a step: many small steps learn most in little time
CHUNK = 150  # chats generated at once
RECALLS, REPEATED = 2_000, 30  # windows, and batches of repeated tokens, among the chats of a chunk
WARM_UP = 1_800  # steps, half of them on repeated tokens: the heads that copy are made in them
IGNORED = -100

Batch = tuple[torch.Tensor, torch.Tensor]  # ids and labels, both (rows, tokens)


@dataclass(slots=True)
class Run:
    """What a run carries on: where it is in the plan and in the corpus."""

    step: int = 0
    chunk: int = 1
    tokens: int = 0
    seconds: float = 0.0


def new_model(vocabulary: int, eos: int) -> BloomForCausalLM:
    """A BLOOM of 5.8 million parameters; every dimension is a multiple of 64, the block of NF4."""
    config = BloomConfig(
        vocab_size=vocabulary, hidden_size=256, n_layer=6, n_head=8, bos_token_id=eos, eos_token_id=eos, pad_token_id=eos,
        use_cache=True, seq_length=max(CONTEXTS),
    )  # fmt: skip
    return BloomForCausalLM(config)


def chunk_batches(renderer: Renderer, seed: int, eos: int, count: int, batch_tokens: int = BATCH_TOKENS) -> list[Batch]:
    """The windows of a chunk of the corpus in batches of rows of about equal length, in random order."""
    rng = random.Random(seed)
    context = CONTEXTS[seed % len(CONTEXTS)]
    windows = [
        renderer.window([*chat.placed(passages), *passages])
        for chat in itertools.islice(chats(seed), count)
        for passages in renderer.training_windows(chat.conversations, context, UNTAGGED, rng)
    ]
    batches = in_batches(windows, eos, batch_tokens)
    rng.shuffle(batches)
    return batches


def in_batches(windows: list[Tokens], eos: int, batch_tokens: int) -> list[Batch]:
    """Windows in batches of about so many tokens, in rows of about equal length. Empties the list."""
    windows.sort(key=lambda window: len(window.ids))
    batches: list[Batch] = []
    while windows:
        rows = max(1, batch_tokens // len(windows[-1].ids))
        taken, windows = windows[-rows:], windows[:-rows]
        length = max(len(window.ids) for window in taken)
        ids = torch.full((len(taken), length), eos)
        labels = torch.full((len(taken), length), IGNORED)
        for row, window in enumerate(taken):
            ids[row, : len(window.ids)] = torch.tensor(window.ids)
            learnt = [token if counts else IGNORED for token, counts in zip(window.ids, window.supervised, strict=True)]
            labels[row, : len(learnt)] = torch.tensor(learnt)
        batches.append((ids, labels))
    return batches


def recall_batches(
    renderer: Renderer, seed: int, eos: int, count: int, batch_tokens: int = BATCH_TOKENS
) -> list[Batch]:
    """Windows in which something is asked for that stands before it."""
    return in_batches([renderer.window(one) for one in itertools.islice(recalls(seed), count)], eos, batch_tokens)


def repeated_batches(seed: int, vocabulary: int, count: int, batch_tokens: int = BATCH_TOKENS) -> list[Batch]:
    """Random tokens that come again; what counts is all but their first time."""
    rng, batches = random.Random(seed), list[Batch]()
    for _ in range(count):
        rows, length = repeated(rng, vocabulary, batch_tokens)
        ids = torch.tensor(rows)
        labels = ids.clone()
        labels[:, :length] = IGNORED
        batches.append((ids, labels))
    return batches


def batch_loss(model: BloomForCausalLM, batch: Batch, bf16: bool) -> torch.Tensor:
    """Mean loss per supervised token. Rows are padded on the right, which a causal model needs no mask for."""
    device = model.device
    ids, labels = batch[0].to(device), batch[1].to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        hidden = model.transformer(input_ids=ids, use_cache=False).last_hidden_state
        targets = labels[:, 1:]
        counted = targets != IGNORED
        logits = model.lm_head(hidden[:, :-1][counted])
    return torch.nn.functional.cross_entropy(logits.float(), targets[counted])


def learning_rate(step: int, done: float, peak: float, warmup: int = 200) -> float:
    """Linear warm-up, then a cosine over the share of the plan that is done, down to a twentieth of the peak."""
    return peak * min(1.0, (step + 1) / warmup) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def faster_in_bf16(model: BloomForCausalLM, batch: Batch) -> bool:
    """Whether a step takes less time in bfloat16 than in float32 on this machine: measured, for CPUs differ widely."""

    def seconds(bf16: bool) -> float:
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            batch_loss(model, batch, bf16).backward()  # type: ignore[no-untyped-call]
            taken.append(time.perf_counter() - start)
        model.zero_grad()
        return min(taken)

    return seconds(True) < seconds(False)


@torch.no_grad()
def held_out_loss(model: BloomForCausalLM, batches: list[Batch], bf16: bool) -> float:
    """Mean loss over held-out conversations: new ones, by the same generator."""
    model.eval()
    losses = [batch_loss(model, batch, bf16).item() for batch in batches]
    model.train()
    return sum(losses) / len(losses)


def save_base(model: BloomForCausalLM, tokenizer: Any) -> None:
    """Writes `demo/base/`: weights in float16, half the size and finer than bfloat16."""
    weights = {name: tensor.detach().half().cpu() for name, tensor in model.state_dict().items()}
    eos = tokenizer.eos_token_id
    copy = BloomForCausalLM(model.config).half()
    copy.load_state_dict(weights)
    copy.generation_config = GenerationConfig(
        eos_token_id=eos, pad_token_id=eos, do_sample=True, temperature=0.7, top_p=0.9
    )
    copy.save_pretrained(BASE)
    tokenizer.save_pretrained(BASE)


def save_state(model: BloomForCausalLM, optimizer: torch.optim.Optimizer, run: Run) -> None:
    """Writes what `--resume` needs, complete or not at all."""
    private_folder(RUN)
    progress = {"step": run.step, "chunk": run.chunk, "tokens": run.tokens, "seconds": run.seconds}
    unfinished = RUN / "state.part"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "run": progress}, unfinished)
    unfinished.replace(RUN / "state.pt")


def load_state(model: BloomForCausalLM, optimizer: torch.optim.Optimizer) -> Run:
    """Takes up the state of the last run.

    Raises:
        TwinError: there is none.
    """
    path = RUN / "state.pt"
    if not path.exists():
        raise TwinError(f"nothing to resume: {path} does not exist; start without --resume")
    state = torch.load(path, map_location=model.device, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return Run(**state["run"])


def stream(renderer: Renderer, run: Run, eos: int, vocabulary: int, batch_tokens: int) -> Iterator[Batch]:
    """Batches without end: half of them repeated tokens at first, then few; the run notes the chunk that comes next."""
    while True:
        seed = run.chunk
        batches = chunk_batches(renderer, seed, eos, CHUNK, batch_tokens)
        if run.step < WARM_UP:
            batches += repeated_batches(seed, vocabulary, len(batches), batch_tokens)
        else:
            batches += repeated_batches(seed, vocabulary, REPEATED, batch_tokens)
            batches += recall_batches(renderer, seed, eos, RECALLS, batch_tokens)
        random.Random(seed).shuffle(batches)
        run.chunk += 1
        yield from batches


def train_step(
    model: BloomForCausalLM, optimizer: torch.optim.Optimizer, batch: Batch, rate: float, bf16: bool
) -> float:
    """One update; its loss."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    loss = batch_loss(model, batch, bf16)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


def train(model: BloomForCausalLM, tokenizer: Any, options: argparse.Namespace, console: Console) -> Run:
    """The training loop: up to the planned steps, or until the minutes are over. Where it got is saved and returned."""
    eos = tokenizer.eos_token_id
    renderer = Renderer(tokenizer, NAMES)
    held_out = chunk_batches(renderer, HELD_OUT_SEED, eos, count=HELD_OUT)
    recalled = recall_batches(renderer, HELD_OUT_SEED, eos, count=5 * HELD_OUT)
    repeats = repeated_batches(HELD_OUT_SEED, model.config.vocab_size, count=10)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.peak, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    run = load_state(model, optimizer) if options.resume else Run()
    bf16 = faster_in_bf16(model, held_out[0])
    console.print(
        f"{model.num_parameters():,} parameters, {torch.get_num_threads()} threads, {'bfloat16' if bf16 else 'float32'}"
    )

    def keep() -> None:
        losses = [held_out_loss(model, batches, bf16) for batches in (held_out, recalled, repeats)]
        report(model, tokenizer, run, losses, console.print)
        save_state(model, optimizer, run)
        save_base(model, tokenizer)

    started, before, first_tokens, smooth = time.monotonic(), run.seconds, run.tokens, 0.0
    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=1.0)
        for batch in stream(renderer, run, eos, model.config.vocab_size, options.batch):
            elapsed = time.monotonic() - started
            done = run.seconds / (60 * options.minutes) if options.minutes else run.step / options.steps
            if done >= 1:
                break
            rate = learning_rate(run.step, done, options.peak)
            loss = train_step(model, optimizer, batch, rate, bf16)
            smooth = 0.98 * (smooth or loss) + 0.02 * loss
            run.step += 1
            run.tokens += batch[0].numel()
            run.seconds = before + elapsed
            speed = (run.tokens - first_tokens) / max(1.0, elapsed)
            words = f"step {run.step}  loss {smooth:.3f}  {speed:,.0f} tokens/s"
            progress.update(bar, completed=done, description=words)
            if run.step % options.every == 0:
                keep()
    keep()
    return run


def report(
    model: BloomForCausalLM, tokenizer: Any, run: Run, losses: Sequence[float], write: Callable[[str], Any]
) -> None:
    """Prints where the run is, and how the model goes on after fixed prompts. `losses`: held-out, of dialogues, of recall and of repeated tokens."""
    write(
        f"step {run.step}: {run.tokens / 1e6:.2f} M tokens in {run.seconds / 60:.0f} minutes, "
        f"held-out loss {losses[0]:.3f}, of what was placed {losses[1]:.3f}, of repeated tokens {losses[2]:.3f}"
    )
    model.eval()
    for prompt in PROMPTS[:3]:
        write(f"    {prompt}{continuation(model, tokenizer, prompt)}".replace("[", r"\["))
    model.train()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Trains the demo's base model.")
    parser.add_argument(
        "--minutes",
        type=float,
        default=0.0,
        help="planned minutes, those of resumed runs included, in place of --steps",
    )
    parser.add_argument(
        "--steps", type=int, default=8_000, help="planned steps: where the learning rate ends (default 8000)"
    )
    parser.add_argument("--batch", type=int, default=BATCH_TOKENS, help="tokens in a step (default 1024)")
    parser.add_argument("--peak", type=float, default=1.5e-3, help="highest learning rate (default 0.0015)")
    parser.add_argument(
        "--every", type=int, default=500, help="save and print samples every so many steps (default 500)"
    )
    parser.add_argument("--threads", type=int, default=0, help="torch threads (default: OMP_NUM_THREADS or all cores)")
    parser.add_argument("--resume", action="store_true", help="go on where the last run stopped")
    parser.add_argument("--weights", action="store_true", help="begin with the weights of demo/base, not from nothing")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    console = Console(highlight=False)
    if options.resume or options.weights:
        tokenizer = load_tokenizer(BASE)
    else:
        console.print("training the tokenizer")
        tokenizer = train_tokenizer()
    if options.weights:
        model = BloomForCausalLM.from_pretrained(BASE, dtype=torch.float32)
    else:
        model = new_model(len(tokenizer), tokenizer.convert_tokens_to_ids(EOS))
    fuse(model)
    model.to("cuda" if torch.cuda.is_available() else "cpu").train()
    try:
        train(model, tokenizer, options, console)
    except TwinError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
