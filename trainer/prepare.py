"""`twin prepare`: exports become messages, conversations, a dataset, and the founding article's table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from rich.markup import escape
from rich.table import Table

from trainer.archive import LIMIT, exports_in
from trainer.conversations import Counts
from trainer.dataset import Meta, extend, json_line, row_line, sources_of, stored, summarised
from trainer.merging import merged
from trainer.redaction import Redactor
from trainer.whatsapp import read_export
from twin.errors import TwinError
from twin.files import replacing
from twin.transcript import Conversation, labels_of, render

_NO_CONSENT = "nobody has stated that the people in this dataset agree: ask them, and say so with --consent"


@dataclass(frozen=True)
class Summary:
    """What `prepare` found: in the whole dataset where there is one, else in the exports."""

    counts: Counts
    chats: tuple[str, ...]
    dataset: Path | None = None
    digest: str | None = None  # of the dataset
    redacted: Mapping[str, int] | None = None  # what was replaced in these exports, by kind

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        more = {} if self.redacted is None else {"redacted": dict(self.redacted)}
        return self.counts.as_json() | more


def prepare(
    exports: Sequence[Path],
    *,
    dataset: Path | None = None,
    messages: Path | None = None,
    out: Path | None = None,
    aliases: Mapping[str, str] | None = None,
    gap: timedelta | None = None,
    date_order: str | None = None,
    consent: str | None = None,
    redact: bool = False,
    names: Iterable[str] = (),
    limit: int = LIMIT,
) -> Summary:
    """Read exports, write what is asked for, and count.

    Args:
        exports: `.txt` or `.zip` files, or folders with such; those of one chat are merged, others stay apart.
        dataset: the folder of a dataset to make or extend.
        messages: a file for every row in order, as the exports have them.
        out: a file for the conversations of their chats, one a line, with what the dataset had of these.
        aliases: names as the chats have them, to names as they shall be.
        gap: a longer silence starts a new conversation; by default the dataset's, or an hour.
        date_order: `dmy`, `mdy` or `ymd` for exports that do not tell.
        consent: recorded in the dataset as stated.
        redact: replace what identifies people; a dataset that was made so stays so.
        names: given names to replace beyond the common ones.
        limit: the most bytes of text that an export may have.

    Raises:
        TwinError: an export cannot be read, a file cannot be written, the dataset was made without `redact`, or no
            conversation is in their chats. The last is only a warning with `messages`, which is written in any case.
    """
    had_chats, had = stored(dataset) if dataset else ([], Meta())
    if redact and had_chats and not had.redaction:
        raise TwinError(f"{dataset} was made without --redact: remove it and prepare it anew from its exports")
    exports = [file for path in exports for file in exports_in(path)]
    read = [read_export(path, date_order=date_order, limit=limit) for path in exports]
    redactor = Redactor(had.redaction, names) if redact or had.redaction else None
    if redactor:
        read = [redactor.export(export) for export in read]
        aliases = redactor.aliases(aliases or {})
    if messages is not None:
        with _writing(messages) as handle:
            handle.writelines(row_line(row) for export in read for row in export.rows)
    options = had.options.extended(aliases, gap)
    chats, of_exports = merged(had_chats, read, options.aliases)
    conversations, counts = summarised(
        [chat for chat in chats if chat.name in of_exports], options, sources_of(read, of_exports)
    )
    redacted = dict(redactor.counts) if redactor else None
    summary = Summary(counts, tuple(conversations), redacted=redacted)
    strangers = set(aliases or {}) - {row.speaker for export in read for row in export.rows}
    if not counts.conversations:
        reason = _no_conversations(exports, counts, options.gap)
        if messages is None:
            raise TwinError(reason)
        summary = _noted(summary, reason)
    if out is not None:
        with _writing(out) as handle:
            handle.writelines(_conversation_lines(conversations))
    if dataset is not None and counts.conversations:
        state = redactor.state if redactor else None
        made = extend(dataset, read, aliases=aliases, gap=gap, consent=consent, redaction=state)
        summary = Summary(made.counts, tuple(made.chats), dataset, made.digest, redacted)
        summary = summary if made.consent else _noted(summary, _NO_CONSENT)
    if strangers:
        summary = _noted(summary, f"nobody in the exports is called {', '.join(sorted(strangers))}: see --alias")
    return summary


def _noted(summary: Summary, warning: str) -> Summary:
    counts = summary.counts
    return replace(summary, counts=replace(counts, warnings=(*counts.warnings, warning)))


def table(summary: Summary) -> Table:
    """The founding article's table: what was found, what was left out and why, who spoke, and when."""
    counts = summary.counts
    title, caption = escape(", ".join(summary.chats)), escape("\n".join(counts.warnings))
    rows = Table("", "", show_header=False, title=title, caption=caption)
    rows.columns[1].justify = "right"
    rows.add_row("messages", f"{counts.messages:,}")
    for kind, number in counts.dropped.items():
        rows.add_row(f"  dropped: {kind}", f"{number:,}")
    rows.add_row("kept", f"{counts.kept:,}", end_section=True)
    rows.add_row("conversations", f"{counts.conversations:,}")
    rows.add_row("  of one message, left out", f"{counts.one_message_conversations:,}", end_section=True)
    for speaker, number in counts.speakers.items():
        rows.add_row(escape(f"from {speaker}"), f"{number:,}")
    if counts.first and counts.last:
        rows.add_section()
        rows.add_row("period", f"{counts.first:%Y-%m-%d} to {counts.last:%Y-%m-%d}")
    for kind, number in (summary.redacted or {}).items():
        rows.add_row(f"redacted: {kind}", f"{number:,}")
    if counts.unparsed_lines:
        rows.add_row("lines that belong to no message", f"{counts.unparsed_lines:,}")
    return rows


def _no_conversations(exports: Sequence[Path], counts: Counts, gap: timedelta) -> str:
    taken = [f"{number} {kind}" for kind, number in counts.dropped.items()]
    if counts.one_message_conversations:
        minutes = gap.total_seconds() / 60
        alone = counts.one_message_conversations
        taken.append(f"{alone} alone, with no other message within {minutes:g} minutes (--gap)")
    files = ", ".join(str(path) for path in exports)
    return f"no conversation comes of {files}: of {counts.messages} messages were left out {', '.join(taken)}"


def _conversation_lines(conversations: Mapping[str, Sequence[Conversation]]) -> Iterator[str]:
    for chat in conversations.values():
        labels = labels_of(turn.speaker for conversation in chat for turn in conversation.turns)
        for conversation in chat:
            yield json_line(_conversation_json(conversation, labels))


def _conversation_json(conversation: Conversation, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "chat": conversation.chat,
        "started": conversation.turns[0].at.isoformat(),
        "turns": [
            {"speaker": turn.speaker, "text": turn.text, "at": turn.at.isoformat()} for turn in conversation.turns
        ],
        "text": render(conversation.turns, labels),
    }


@contextmanager
def _writing(path: Path) -> Iterator[IO[str]]:
    """A private file in place of `path` once all is written, or one clear line."""
    try:
        with replacing(path) as handle:
            yield handle
    except OSError as error:
        raise TwinError(f"cannot write {path}: {error.strerror}; choose another place") from None
