"""The figures of a report, drawn by matplotlib as SVG that stands within the page.

whatstk's FigureBuilder is not used: it draws by plotly, whose pages carry 4 MB of script or load it from the network,
and whose still pictures need a browser on the machine that draws. It also counts rows of one export, while a report is
about the conversations of several. These figures are kilobytes and need no script. No name or text of a chat is in
them: the page has the names, in its own fonts, which have emoji.
"""

import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer.activity import Activity
from twin.curve import loss_figure

SIZE = (4.4, 2.4)  # inches; as wide as a phone, so that what is 9 points high can be read there
COLOURS = ("#2a78d6", "#e8743b", "#1d9a6c", "#b0559e", "#a08c1c", "#c9405b", "#4aa5b5", "#8a8f98")
_INK = "#010203"  # what the page's own text colour takes the place of, so that it is light where the page is dark
_EDGES = (2, 3, 5, 9, 17, 33, 65)  # where the bins of conversation lengths begin, in messages
_TICKS = 6
_MOST_MONTHS = 240


def losses(file: Path) -> str | None:
    """The losses of a training; None where there are too few to draw."""
    with _style():
        figure = loss_figure(file, size=SIZE)
        return None if figure is None else _svg(figure)


def months(activity: Activity) -> str | None:
    """Messages a month, or a year where the months would be too many; None where none has a date."""
    if not activity.months:
        return None
    every = _all_months(min(activity.months), max(activity.months))
    numbers = Counter(activity.months)
    if len(every) > _MOST_MONTHS:
        every = list(dict.fromkeys(month[:4] for month in every))
        numbers = Counter()
        for month, number in activity.months.items():
            numbers[month[:4]] += number
    return _columns([[numbers[one] for one in every]], every, "messages")


def hours(activity: Activity) -> str | None:
    """Messages in each hour of the day, those of one writer upon those of another; None where none has a time."""
    rows = [writer.hours for writer in activity.writers]
    return _columns(rows, [f"{hour}h" for hour in range(24)], "messages") if any(map(sum, rows)) else None


def lengths(activity: Activity) -> str | None:
    """Conversations by the number of their messages; None where there are none."""
    numbers = [0] * len(_EDGES)
    for size, number in activity.lengths.items():
        numbers[max(sum(edge <= size for edge in _EDGES) - 1, 0)] += number
    ends = [*(edge - 1 for edge in _EDGES[1:]), None]
    names = [
        f"{begin}" if begin == end else f"{begin}+" if end is None else f"{begin}–{end}"
        for begin, end in zip(_EDGES, ends, strict=True)
    ]
    return _columns([numbers], names, "conversations", ticks=len(names)) if any(numbers) else None


def _columns(rows: Sequence[Sequence[int]], names: Sequence[str], what: str, ticks: int = _TICKS) -> str:
    """Columns with names below, in which the rows stand upon each other."""
    from matplotlib.figure import Figure

    with _style():
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.add_subplot(ylabel=what)
        below = [0] * len(names)
        for row, colour in zip(rows, COLOURS, strict=False):
            axes.bar(range(len(names)), row, bottom=below, color=colour, width=0.85)
            below = [low + number for low, number in zip(below, row, strict=True)]
        shown = range(0, len(names), -(-len(names) // ticks))
        axes.set_xticks(list(shown), [names[place] for place in shown])
        axes.spines[["top", "right"]].set_visible(False)
        return _svg(figure)


def _style() -> Any:
    """matplotlib's settings while a figure is made: text stays text, and nothing is drawn behind it."""
    from matplotlib import rc_context
    from matplotlib.rcsetup import cycler

    keys = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "legend.labelcolor")
    settings: Any = {
        **dict.fromkeys(keys, _INK),
        "axes.prop_cycle": cycler(color=COLOURS),
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "font.size": 9,
        "legend.frameon": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "twin",  # the same figure has the same ids, so that a report made anew does not differ
    }
    return rc_context(settings)


def _svg(figure: Any) -> str:
    """The figure as an element of a page: without the head of an XML file and what it says about its making."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    written = io.StringIO()
    FigureCanvasSVG(figure).print_svg(written, metadata={"Date": None})  # type: ignore[no-untyped-call]
    svg = re.sub(r"<metadata>.*?</metadata>", "", written.getvalue(), flags=re.DOTALL)
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    opening, rest = svg.split(">", 1)
    opening = re.sub(r' (xmlns(:\w+)?|width|height|version)="[^"]*"', "", opening)
    return f"{opening}>{rest}"


def _all_months(first: str, last: str) -> list[str]:
    """Every month between two, such as 2023-05, so that those without messages stand there too."""
    begin, end = (12 * int(month[:4]) + int(month[5:]) - 1 for month in (first, last))
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(begin, end + 1)]
