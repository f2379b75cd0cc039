"""The arguments of the `twin` command: of each verb those that it takes, and how they are read."""

import argparse
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

Verb = Callable[..., None]


def parser_of(verbs: Iterable[Verb]) -> argparse.ArgumentParser:
    """The parser of the whole command; the namespace that it gives has the verb that was chosen as `verb`.

    Args:
        verbs: in the order of the help; the first line of a docstring is what the help says of it.
    """
    parser = argparse.ArgumentParser(prog="twin", description="Write with a twin that learned from your WhatsApp chat.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and end")
    chosen = parser.add_subparsers(metavar="VERB", required=True)
    for verb in verbs:
        summary = (verb.__doc__ or "").strip()
        added = chosen.add_parser(verb.__name__, help=summary, description=summary)
        added.set_defaults(verb=verb)
        _ARGUMENTS[verb.__name__](added)
    return parser


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: other verbs need not be installed to run."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(version("whatsapp-twin"))
        parser.exit()


def _demo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="play a short scripted talk and exit")
    parser.add_argument("--port", type=_port, default=8081, help="the page's port (default 8081; 0: any)")


def _prepare_arguments(parser: argparse.ArgumentParser) -> None:
    _json_flag(parser)
    parser.add_argument("exports", nargs="+", type=Path, metavar="EXPORT", help=".txt or .zip of WhatsApp, or a folder")
    parser.add_argument("--dataset", metavar="NAME", help="make or extend this dataset")
    parser.add_argument("--messages", type=Path, metavar="FILE", help="write every row of the exports, unfiltered")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the conversations, one a line")
    parser.add_argument("--alias", type=_alias, action="append", default=[], metavar="OLD=NEW", help="rename a speaker")
    parser.add_argument("--gap", type=_duration, help="silence between conversations (1h)")
    parser.add_argument("--consent", metavar="TEXT", help="what the people in it agreed to, kept with the dataset")
    parser.add_argument("--date-order", choices=("dmy", "mdy", "ymd"), help="how the export writes dates")
    parser.add_argument("--redact", action="store_true", help="replace numbers, addresses, links and names of others")
    parser.add_argument("--names", metavar="NAMES", help="more given names for --redact, separated by spaces")


def _train_arguments(parser: argparse.ArgumentParser) -> None:
    _json_flag(parser)
    parser.add_argument("name", nargs="+", metavar="NAME", help="the adapter, or several of them")
    parser.add_argument(
        "--dataset", action="append", metavar="NAME", help="learn from it (default: as last time, or NAME)"
    )
    parser.add_argument("--facts", metavar="FILE", help="what the chats do not tell (default: as last time; none)")
    parser.add_argument(
        "--fact-encoder",
        metavar="MODEL",
        help="find facts by meaning, with this sentence encoder (default: as last time; none)",
    )
    parser.add_argument(
        "--from", dest="source", metavar="ADAPTER", help="begin with its weights (default: as last time; none)"
    )
    parser.add_argument("--focus", metavar="SPEAKER", help="whose turns count most: others' weigh a tenth")
    _training_flags(parser)
    parser.add_argument("--on", choices=("here", "ray"), default="here", help="in this process, or on a Ray cluster")
    parser.add_argument(
        "--workers", type=_positive, default=1, metavar="N", help="on Ray: processes that train one adapter together"
    )
    _share_flags(parser, "adapter's process")


def _general_arguments(parser: argparse.ArgumentParser) -> None:
    _json_flag(parser)
    parser.add_argument("corpus", type=Path, metavar="CORPUS.jsonl", help="one conversation a line")
    parser.add_argument("--name", default="general", help="of the adapter (default: general)")
    _training_flags(parser)


def _training_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--base", metavar="MODEL", help="base model (default: as last time, or BASE_MODEL)")
    parser.add_argument("--resume", action="store_true", help="go on with the interrupted training")
    parser.add_argument("--force", action="store_true", help="train even if exactly this was learned before")
    for flag, key, kind, text in (
        ("--epochs", "epochs", float, "passes over the data"),
        ("--rank", "rank", _positive, "rank of the LoRA matrices"),
        ("--alpha", "alpha", _positive, "their scale, divided by the rank"),
        ("--lr", "learning_rate", float, "learning rate"),
        ("--context", "context_length", _positive, "context length in tokens"),
        ("--tokens-per-step", "tokens_per_step", _positive, "tokens an optimiser step"),
        ("--temperature", "temperature", float, "what answers are drawn with"),
        ("--seed", "seed", int, "seed of the run"),
    ):
        parser.add_argument(flag, dest=key, type=kind, metavar="N", help=f"{text} (default: as last time)")
    for flag, key, text in (
        ("--rslora", "rslora", "divide the scale by the root of the rank instead"),
        ("--refit", "refit", "after the gate, train once more with the held-out conversations"),
    ):
        parser.add_argument(flag, dest=key, action=argparse.BooleanOptionalAction, help=text)
    parser.add_argument(
        "--wait-for-memory", type=float, default=0.0, metavar="SECONDS", help="for something else to let go of it"
    )
    parser.add_argument("--target-modules", metavar="A,B", help="the layers to train (default: all linear ones)")


def _evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    _json_flag(parser)
    parser.add_argument("name", metavar="NAME", help="the adapter")
    parser.add_argument("--questions", type=Path, metavar="FILE.toml", help="questions to ask, with what is right")
    parser.add_argument(
        "--canary", action="append", default=[], metavar="TEXT", help="a secret of the chat: is it known by heart?"
    )


def _report_arguments(parser: argparse.ArgumentParser) -> None:
    _json_flag(parser)
    parser.add_argument("name", metavar="NAME", help="the adapter")
    parser.add_argument("--feedback", type=Path, metavar="FILE.csv", help="write what the bot's users thought of it")


def _adapters_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def add(action: str, text: str, *, named: bool = True) -> argparse.ArgumentParser:
        added = actions.add_parser(action, help=text, description=text)
        _json_flag(added)
        if named:
            added.add_argument("name", metavar="NAME", help="the adapter")
        return added

    listing = add("list", "all versions, which of them serve, and what the gate said", named=False)
    listing.add_argument("name", nargs="?", metavar="NAME", help="of this adapter alone")
    add("promote", "make a version serve").add_argument("version", metavar="VERSION")
    add("rollback", "make the version serve that did before")
    export = add("export", "put a version into a zip, without texts from the chats")
    export.add_argument("file", type=Path, metavar="FILE", help="the zip to write")
    export.add_argument("--version", help="which one (default: the one that serves)")
    export.add_argument(
        "--with-texts", action="store_true", help="put samples, facts and report in, which quote the chats"
    )
    importing = add("import", "check a zip and add what is in it", named=False)
    importing.add_argument("file", type=Path, metavar="FILE", help="what export wrote")
    importing.add_argument("--as", dest="as_name", metavar="NAME", help="its name here (default: the one it had)")
    importing.add_argument("--base", metavar="MODEL", help="where its base model is here")
    removing = add("remove", "delete a version, or the whole adapter")
    removing.add_argument("version", nargs="?", metavar="VERSION", help="a version that does not serve")


def _chat_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the adapter")
    parser.add_argument("--as", dest="twin", required=True, metavar="SPEAKER", help="who answers")
    parser.add_argument("--me", metavar="SPEAKER", help="as whom you write (default: whom they wrote with)")


def _simulate_arguments(parser: argparse.ArgumentParser) -> None:
    _json_flag(parser)
    parser.add_argument("name", metavar="NAME", help="the adapter")
    parser.add_argument("first", metavar="SPEAKER", help="who begins")
    parser.add_argument("second", metavar="SPEAKER", help="who answers")
    parser.add_argument("--turns", type=_positive, default=12, help="how many turns (default 12)")
    parser.add_argument("--opening", metavar="TEXT", help="what the first one begins with")
    parser.add_argument("--seed", type=_seed, help="makes the talk repeatable")


def _backup_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="where to (default: DATA_DIR/backups)")


def _restore_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a backup")


def _alias(text: str) -> tuple[str, str]:
    old, separator, new = text.rpartition("=")
    if not (separator and old and new):
        raise argparse.ArgumentTypeError(f"{text!r} is not OLD=NEW, such as 'Lisa <3=Lisa'")
    return old, new


def _duration(text: str) -> timedelta:
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    try:
        gap = timedelta(**{units[text[-1:]]: float(text[:-1])})
    except (KeyError, ValueError, OverflowError):
        gap = timedelta()
    if gap <= timedelta():
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time, such as 1h, 90m or 2d")
    return gap


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: those are from 0 to 65535")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is no seed: take a whole number from 0 to {2**32 - 1}")
    return int(text)


def _sandbox_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=_port, default=8081, help="the page's port (default 8081)")


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=8090, help="the port (default 8090; 0: any)")
    parser.add_argument("--on", choices=("here", "ray"), default="here", help="in this process, or on a Ray cluster")
    parser.add_argument(
        "--replicas", type=_range, default=(1, 1), metavar="N", help="on Ray: how many engines, 2, or as needed, 1-4"
    )
    _share_flags(parser, "engine")


def _share_flags(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--cpus", type=_share, default=1.0, metavar="N", help=f"on Ray: cores of an {what} (default 1)")
    parser.add_argument(
        "--gpus",
        type=_share,
        default=0.0,
        metavar="N",
        help=f"on Ray: cards of an {what}, or a part of one (default 0)",
    )


def _range(text: str) -> tuple[int, int]:
    least, _, most = text.partition("-")
    if not least.isdecimal() or not (most or least).isdecimal() or not 0 < int(least) <= int(most or least):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of replicas, such as 2, or 1-4")
    return int(least), int(most or least)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return share


def _json_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")


_ARGUMENTS: Mapping[str, Callable[[argparse.ArgumentParser], None]] = {
    "demo": _demo_arguments,
    "prepare": _prepare_arguments,
    "train": _train_arguments,
    "general": _general_arguments,
    "evaluate": _evaluate_arguments,
    "report": _report_arguments,
    "adapters": _adapters_arguments,
    "chat": _chat_arguments,
    "simulate": _simulate_arguments,
    "bot": lambda parser: None,
    "serve": _serve_arguments,
    "sandbox": _sandbox_arguments,
    "backup": _backup_arguments,
    "restore": _restore_arguments,
    "doctor": _json_flag,
}
