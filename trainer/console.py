"""How a training run shows itself: a progress bar with samples for people, lines of JSON for programs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from trainer import progress as events
from trainer.progress import Report


@contextmanager
def bar(console: Console) -> Iterator[Report]:
    """A bar with loss, tokens a second and the time left; sample predictions scroll by above it."""
    with Progress(
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.2f}"),
        TextColumn("{task.fields[speed]:,.0f} tokens/s"),
        TimeElapsedColumn(),
        TextColumn("left {task.fields[left]}"),
        console=console,
    ) as shown:
        task = shown.add_task("training", total=None, loss=float("nan"), speed=0.0, left="?")

        def report(event: events.Progress | events.Sample) -> None:
            if isinstance(event, events.Progress):
                minutes, seconds = divmod(round(event.seconds_left), 60)
                shown.update(
                    task,
                    completed=event.step,
                    total=event.steps,
                    loss=event.loss,
                    speed=event.tokens_per_s,
                    left=f"{minutes}:{seconds:02}",
                )
            else:
                shown.console.print(
                    f"[dim]step {event.step}[/] {escape(event.context)} [bold]{escape(event.answer)}[/]"
                    f" [dim](really: {escape(event.real)})[/]"
                )

        yield report


def json_lines(event: events.Progress | events.Sample) -> None:
    """One JSON object a line, as the bot reads them."""
    kind = "progress" if isinstance(event, events.Progress) else "sample"
    print(json.dumps({"event": kind, **asdict(event)}, ensure_ascii=False), flush=True)
