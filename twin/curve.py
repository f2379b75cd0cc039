"""The loss curve of a training as a picture: the bot sends it, and the report shows it."""

import csv
import io
from pathlib import Path
from typing import Any


def loss_curve(file: Path, title: str) -> bytes | None:
    """A PNG of `loss.csv`; None if there is too little to draw.

    It takes a second and holds the interpreter for parts of it: call it in a thread.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = loss_figure(file, title=title, size=(6, 3.5))
    if figure is None:
        return None
    figure.set_dpi(120)
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)  # type: ignore[no-untyped-call]
    return picture.getvalue()


def loss_figure(file: Path, *, title: str = "", size: tuple[float, float]) -> Any | None:
    """The figure of `loss.csv`: a column of steps, and losses over it; None if there is too little to draw.

    Args:
        size: width and height in inches.
    """
    from matplotlib.figure import Figure

    lines = _columns(file)
    if not any(len(points) > 1 for points in lines.values()):
        return None
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot(title=title, xlabel="step", ylabel="loss")
    for name, points in lines.items():
        if points:
            axes.plot(*zip(*points, strict=True), label=name, marker="o" if len(points) < 20 else None, markersize=3)
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def _columns(file: Path) -> dict[str, list[tuple[float, float]]]:
    """The points of each column but the first, which is the step; cells that hold no number are left out."""
    try:
        with file.open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except OSError:
        return {}
    if not rows:
        return {}
    step, *names = rows[0]
    lines: dict[str, list[tuple[float, float]]] = {name: [] for name in names if "loss" in name}
    for row in rows:
        for name, points in lines.items():
            try:
                points.append((float(row[step]), float(row[name])))
            except (TypeError, ValueError):
                continue
    return lines
