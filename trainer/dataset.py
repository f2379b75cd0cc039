"""Dataset folders: every row of a person's exports, kept so that training never needs the exports again.

`rows.jsonl` holds the merged rows, one a line, `dataset.json` what else is needed to make conversations of them. The
digest covers what conversations come from, rows and options; a dataset that did not change need not be trained again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from trainer.conversations import Counts, conversations_of, total
from trainer.hints import hints
from trainer.kinds import KINDS
from trainer.merging import Chat, merged
from trainer.whatsapp import Export, Row
from twin.errors import TwinError
from twin.files import locked, private_folder, replacing, write_private
from twin.transcript import DEFAULT_GAP, Conversation

FORMAT_VERSION = 1
_LINE_ENDS = "\u0085\u2028\u2029"  # the ones that JSON does not escape


@dataclass(frozen=True)
class Source:
    """An export that went into a dataset."""

    file: str
    sha256: str
    chat: str
    rows: int
    unparsed_lines: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Options:
    """How rows become conversations."""

    aliases: Mapping[str, str]
    gap: timedelta = DEFAULT_GAP

    def extended(self, aliases: Mapping[str, str] | None, gap: timedelta | None) -> "Options":
        """With more aliases, and another gap if one is given."""
        return Options({**self.aliases, **(aliases or {})}, self.gap if gap is None else gap)


@dataclass(frozen=True)
class Meta:
    """What a dataset has beside its chats.

    Attributes:
        consent: what whoever added the exports stated about the people in them.
        redaction: what a `Redactor` needs to go on; None: the dataset is not redacted.
    """

    options: Options = Options({})
    sources: tuple[Source, ...] = ()
    consent: str | None = None
    redaction: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Dataset:
    """A dataset as training reads it."""

    digest: str  # sha256 over rows and options
    chats: dict[str, list[Conversation]]  # conversations in time order; chats are never mixed
    speakers: tuple[str, ...]  # in order of the number of their messages
    counts: Counts
    sources: tuple[Source, ...]
    options: Options
    consent: str | None  # what whoever added the exports stated about the people in them


def extend(
    folder: Path,
    exports: Sequence[Export],
    *,
    aliases: Mapping[str, str] | None = None,
    gap: timedelta | None = None,
    consent: str | None = None,
    redaction: Mapping[str, Any] | None = None,
) -> Dataset:
    """Make a dataset of the exports, or add their new rows to the one in the folder; one process at a time.

    Args:
        folder: `datasets/NAME`.
        exports: those already in change nothing.
        aliases: added to the ones the dataset has.
        gap: instead of the one that the dataset has; a new one has `DEFAULT_GAP`.
        consent: recorded as stated; an empty statement revokes the one that the dataset has.
        redaction: what `Redactor.state` gave, if the exports are redacted.

    Raises:
        TwinError: what stands in the folder is no dataset of this version, or it cannot be written.
    """
    with locked(folder):
        chats, had = stored(folder)
        options = had.options.extended(aliases, gap)
        chats, names = merged(chats, exports, options.aliases)
        sources = {source.sha256: source for source in (*sources_of(exports, names), *had.sources)}
        stated = had.consent if consent is None else consent or None
        return _written(folder, chats, Meta(options, tuple(sources.values()), stated, redaction or had.redaction))


def _written(folder: Path, chats: Sequence[Chat], meta: Meta) -> Dataset:
    dataset = _dataset(chats, meta)
    private_folder(folder)
    try:
        # In this order a kill in between leaves chats without their rows, which the same exports bring again. Rows of
        # chats that `dataset.json` does not know, or redacted by what it does not know, would be damage.
        (folder / "rows.jsonl").touch(mode=0o600)
        write_private(folder / "dataset.json", _meta_text(meta, chats, dataset.counts))
        with replacing(folder / "rows.jsonl") as handle:
            handle.writelines(_row_lines(chats))
    except OSError as error:
        raise TwinError(f"cannot write the dataset {folder}: {error.strerror}") from None
    return dataset


def load(folder: Path) -> Dataset:
    """Read a dataset.

    Raises:
        TwinError: there is none in the folder, it is damaged, or a newer version of Twin wrote it.
    """
    if not (folder / "dataset.json").is_file():
        raise TwinError(f"there is no dataset {folder}: make it with twin prepare EXPORT --dataset {folder.name}")
    return _dataset(*_stored(folder))


def stored(folder: Path) -> tuple[list[Chat], Meta]:
    """The chats of a dataset and what else it has; nothing where there is none yet.

    Raises:
        TwinError: it is damaged, or a newer version of Twin wrote it.
    """
    return _stored(folder) if (folder / "dataset.json").exists() else ([], Meta())


def sources_of(exports: Iterable[Export], chats: Iterable[str]) -> list[Source]:
    """What is recorded of each export and the chat it is of, once where a file was given twice."""
    by_digest = {export.digest: (export, chat) for export, chat in zip(exports, chats, strict=True)}
    return [
        Source(export.file, digest, chat, len(export.rows), len(export.unparsed), export.warnings)
        for digest, (export, chat) in by_digest.items()
    ]


def summarised(
    chats: Iterable[Chat], options: Options, sources: Iterable[Source]
) -> tuple[dict[str, list[Conversation]], Counts]:
    """The conversations of each chat, and the counts of all of them with what was noted when the exports were read."""
    conversations: dict[str, list[Conversation]] = {}
    counts: list[Counts] = []
    for chat in chats:
        conversations[chat.name], found = conversations_of(
            chat.rows, chat.name, aliases=options.aliases, gap=options.gap
        )
        counts.append(found)
    counts += [Counts(warnings=(*hints(conversations),))] if any(conversations.values()) else []
    counts += [Counts(unparsed_lines=source.unparsed_lines, warnings=source.warnings) for source in sources]
    return conversations, total(counts)


def _dataset(chats: Sequence[Chat], meta: Meta) -> Dataset:
    conversations, counts = summarised(chats, meta.options, meta.sources)
    digest = hashlib.sha256(json.dumps(_options_json(meta.options), sort_keys=True).encode())
    for line in _row_lines(chats):
        digest.update(line.encode("utf-8", "surrogatepass"))
    return Dataset(
        digest.hexdigest(), conversations, tuple(counts.speakers), counts, meta.sources, meta.options, meta.consent
    )


def _row_lines(chats: Iterable[Chat]) -> Iterable[str]:
    for chat in chats:
        for row in chat.rows:
            yield row_line(row, chat=chat.name)


def row_line(row: Row, **more: str) -> str:
    """A row as a line of JSON, as `rows.jsonl` and `--messages` have it."""
    return json_line({**more, "at": row.at.isoformat(), "speaker": row.speaker, "kind": row.kind, "text": row.text})


def json_line(fields: Mapping[str, Any]) -> str:
    """Fields as a line of JSON, which stays one line for programs that end lines at Unicode's other line ends too."""
    line = json.dumps(fields, ensure_ascii=False)
    if not line.isascii():
        for end in _LINE_ENDS:
            line = line.replace(end, f"\\u{ord(end):04x}")
    return line + "\n"


def _options_json(options: Options) -> dict[str, Any]:
    return {"aliases": dict(options.aliases), "gap_seconds": options.gap.total_seconds()}


def _meta_text(meta: Meta, chats: Sequence[Chat], counts: Counts) -> str:
    content = {
        "format_version": FORMAT_VERSION,
        "chats": {chat.name: chat.title for chat in chats},
        "sources": [vars(source) for source in meta.sources],
        "options": _options_json(meta.options),
        "counts": counts.as_json(),
        "consent": meta.consent,
        "redaction": meta.redaction,
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _stored(folder: Path) -> tuple[list[Chat], Meta]:
    try:
        content = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        if content["format_version"] > FORMAT_VERSION:
            raise TwinError(f"the dataset {folder} is of a newer version of Twin: update Twin")
        options = content["options"]
        meta = Meta(
            Options(options["aliases"], timedelta(seconds=options["gap_seconds"])),
            tuple(Source(**{**source, "warnings": tuple(source["warnings"])}) for source in content["sources"]),
            content["consent"],
            content.get("redaction"),
        )
        return _stored_chats(folder / "rows.jsonl", content["chats"]), meta
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise TwinError(f"the dataset {folder} is damaged: remove it and prepare it again from the exports") from None


def _stored_chats(file: Path, titles: Mapping[str, str]) -> list[Chat]:
    rows: dict[str, list[Row]] = {name: [] for name in titles}
    with file.open(encoding="utf-8", newline="\n") as handle:
        for line in handle:
            entry = json.loads(line)
            if entry["kind"] not in KINDS:
                raise ValueError(entry["kind"])
            row = Row(datetime.fromisoformat(entry["at"]), entry["speaker"], entry["kind"], entry["text"])
            rows[entry["chat"]].append(row)
    return [Chat(name, titles[name], tuple(found)) for name, found in rows.items()]
