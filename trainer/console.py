"""How training and measuring show themselves: a progress bar with samples for people, lines of JSON for programs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from trainer import processes
from trainer import progress as events
from trainer.progress import Report


@contextmanager
def bar(console: Console) -> Iterator[Report]:
    """A bar with loss, tokens a second and the time left; samples and notices scroll by above it. Only the first
    of several processes shows anything."""
    if not processes.is_first():
        yield lambda event: None
        return
    with bars(console) as report:
        yield lambda event: report("training", event)


@contextmanager
def bars(console: Console) -> Iterator[Callable[[str, events.Event], None]]:
    """A bar for each of several trainings, told by name what happens in which."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.2f}"),
        TextColumn("{task.fields[speed]:,.0f} tokens/s"),
        TimeElapsedColumn(),
        TextColumn("left {task.fields[left]}"),
        console=console,
    ) as shown:
        tasks: dict[str, TaskID] = {}

        def report(name: str, event: events.Event) -> None:
            if name not in tasks:
                tasks[name] = shown.add_task(name, total=None, loss=float("nan"), speed=0.0, left="?")
            if isinstance(event, events.Progress):
                minutes, seconds = divmod(round(event.seconds_left), 60)
                shown.update(
                    tasks[name],
                    completed=event.step,
                    total=event.steps,
                    loss=event.loss,
                    speed=event.tokens_per_s,
                    left=f"{minutes}:{seconds:02}",
                )
            elif isinstance(event, events.Notice):
                shown.console.print(f"[yellow]{escape(event.text)}[/]")
            else:
                shown.console.print(
                    f"[dim]step {event.step}[/] {escape(event.context)} [bold]{escape(event.answer)}[/]"
                    f" [dim](really: {escape(event.real)})[/]"
                )

        yield report


@contextmanager
def measuring(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each part of an evaluation, told how many are done and of how many."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown = Progress(*columns, console=console)
    tasks: dict[str, TaskID] = {}

    def step(part: str, done: int, of: int) -> None:
        if part not in tasks:
            shown.start()  # not before: an error that comes first shall stand alone
            tasks[part] = shown.add_task(f"measuring {part}", total=of)
        shown.update(tasks[part], completed=done)

    try:
        yield step
    finally:
        if tasks:
            shown.stop()


def json_lines(event: events.Event, **more: str) -> None:
    """One JSON object a line, as the bot reads them."""
    if processes.is_first():
        values = {"event": type(event).__name__.lower(), **more, **asdict(event)}
        print(json.dumps(values, ensure_ascii=False), flush=True)
