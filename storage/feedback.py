"""What the bot's users thought of answers, as a table for people and their programs."""

import asyncio
import csv
import io
from pathlib import Path

from storage.facts import Feedback
from storage.store import Store
from twin.errors import TwinError
from twin.files import write_private
from twin.transcript import Turn, labels_of, render

COLUMNS = ("time", "adapter", "version", "thumb", "context", "answer")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with which a cell begins that a spreadsheet would run


async def write_feedback(file: Path, adapter: str, database: Path, key_file: Path) -> int:
    """Write the feedback on an adapter's answers into the CSV `file`, 0600, oldest first; returns how much there is.

    The context reads as a transcript does. A cell that a spreadsheet would take for a formula has an apostrophe before.

    Raises:
        TwinError: there is no database, it cannot be opened with the key, or the file cannot be written.
    """
    if not await asyncio.to_thread(database.is_file):
        raise TwinError(f"there is no database {database}, so no feedback: the bot makes it (DATA_DIR says where)")
    store = await Store.open(database, key_file)
    try:
        found = [one for one in await store.feedback() if one.adapter == adapter]
    finally:
        await store.close()
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in _row(one)] for one in found)
    try:
        write_private(file, table.getvalue())
    except OSError as error:
        raise TwinError(f"cannot write {file}: {error.strerror}") from None
    return len(found)


def _row(one: Feedback) -> tuple[str, ...]:
    turns = [Turn(name, text, one.at) for name, text in one.context]
    labels = labels_of([*(turn.speaker for turn in turns), one.speaker])
    context = render(turns, labels, answering=one.speaker)
    return one.at.isoformat(), one.adapter, one.version, "up" if one.rating > 0 else "down", context, one.answer


def _cell(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
