"""The `twin` command: one subcommand a verb. What a verb needs is imported when it runs."""

import argparse
import asyncio
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.settings import Settings, load_settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code. What a user can mend is one line on stderr and code 1."""
    arguments = _parser().parse_args(argv)
    _quieten()
    try:
        verb: Callable[[argparse.Namespace, Settings], None] = arguments.verb
        verb(arguments, load_settings())
    except TwinError as error:
        print(f"twin: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def prepare(arguments: argparse.Namespace, settings: Settings) -> None:
    """Exports become a dataset, or lines of messages and conversations."""
    from rich.console import Console

    from trainer import prepare as preparing

    with Console(stderr=True, quiet=arguments.json).status("reading the exports ..."):
        summary = preparing.prepare(
            arguments.exports,
            dataset=settings.dataset(arguments.dataset) if arguments.dataset else None,
            messages=arguments.messages,
            out=arguments.out,
            aliases=dict(arguments.alias),
            gap=arguments.gap,
            date_order=arguments.date_order,
            consent=arguments.consent,
            redact=arguments.redact,
            names=(arguments.names or "").split(),
            limit=settings.export_limit,
        )
    if arguments.json:
        print(json.dumps(summary.as_json(), ensure_ascii=False))
    else:
        Console().print(preparing.table(summary))


def train(arguments: argparse.Namespace, settings: Settings) -> None:
    """A dataset becomes a new version of an adapter."""
    from trainer import run
    from trainer.shown import shown

    name, choices = arguments.name, run.Choices.of(arguments)
    again = f"twin train {name} --resume"
    shown(lambda report: run.train_adapter(name, settings, choices, report), name, as_json=arguments.json, again=again)


def general(arguments: argparse.Namespace, settings: Settings) -> None:
    """A public corpus of conversations becomes a general adapter, from which personal ones continue."""
    from trainer import run
    from trainer.general import learn

    choices = run.Choices.of(arguments)
    learn(arguments.corpus, arguments.name, settings, choices, as_json=arguments.json)


def evaluate(arguments: argparse.Namespace, settings: Settings) -> None:
    """How alike a twin is, in numbers."""
    from rich.console import Console

    from trainer import assess, console, findings

    screen = Console()
    with console.measuring(Console(stderr=True, quiet=arguments.json)) as step:
        adapter, found = assess.evaluate_adapter(
            arguments.name, settings, questions=arguments.questions, canaries=arguments.canary, step=step
        )
    if arguments.json:
        print(json.dumps(findings.told(adapter, found), ensure_ascii=False))
        return
    screen.print(findings.table(found))
    for line in findings.remarks(found):
        screen.print(line, markup=False, highlight=False)


def adapters(arguments: argparse.Namespace, settings: Settings) -> None:
    """What was trained: list the versions, choose which one serves, carry them between machines."""
    from rich.console import Console

    from twin import exchange, versions
    from twin.adapter import AdapterFolder

    folder = AdapterFolder(settings.adapters)
    name = str(getattr(arguments, "name", None) or "")
    told: dict[str, Any]
    match arguments.action:
        case "list":
            known = versions.overview(folder, name or None)
            if not arguments.json:
                Console().print(versions.table(known))
            told = {"adapters": [version.as_json() for version in known]}
        case "promote":
            told = versions.told(folder.promote(name, arguments.version), "serves now")
        case "rollback":
            told = versions.told(folder.rollback(name), "serves again")
        case "export":
            told = exchange.export(folder, name, arguments.file, arguments.version, with_texts=arguments.with_texts)
        case "import":
            told = exchange.import_(
                folder, arguments.file, name=arguments.as_name, base=arguments.base, default_base=settings.base_model
            )
        case _:
            folder.remove(name, arguments.version)
            told = {"adapter": name, "version": arguments.version, "message": "removed"}
    if arguments.json:
        print(json.dumps(told, ensure_ascii=False))
    elif "message" in told:
        print(" ".join(str(told[key]) for key in ("adapter", "version", "message") if told[key]))


def chat(arguments: argparse.Namespace, settings: Settings) -> None:
    """Write with a twin in the terminal."""
    from twin.adapter import AdapterFolder
    from twin.engine import Request
    from twin.local import LocalEngine
    from twin.names import find_name
    from twin.talk import streamed
    from twin.transcript import Turn

    adapters = AdapterFolder(settings.adapters)
    adapter = adapters.load(arguments.name)
    twin = find_name(arguments.twin, adapter.people())
    me = find_name(arguments.me, adapter.people()) if arguments.me else adapter.manifest.counterpart(twin)
    engine = LocalEngine(adapters, settings.quantisation)
    said: list[Turn] = []
    with asyncio.Runner() as runner:
        try:
            runner.run(engine.start(arguments.name))
            print(f"You are {me}; a language model imitates {twin}. Ctrl-D ends the chat.")
            while text := _ask(f"{me}: "):
                said.append(Turn(me, text, datetime.now()))
                print(f"{twin}: ", end="", flush=True)
                request = Request(arguments.name, tuple(said), twin, datetime.now())
                answer = runner.run(streamed(engine, request, lambda piece: print(piece, end="", flush=True)))
                said.append(Turn(twin, answer, request.at))
                print()
        finally:
            runner.run(engine.close())


def simulate(arguments: argparse.Namespace, settings: Settings) -> None:
    """Let two people write with each other."""
    from twin.adapter import AdapterFolder
    from twin.local import LocalEngine
    from twin.names import find_name
    from twin.talk import simulate as talk

    adapters = AdapterFolder(settings.adapters)
    adapter = adapters.load(arguments.name)
    first, second = (find_name(name, adapter.people()) for name in (arguments.first, arguments.second))
    sampling = replace(adapter.manifest.sampling, seed=arguments.seed)
    engine = LocalEngine(adapters, settings.quantisation)

    async def run() -> list[dict[str, str]]:
        turns = []
        try:
            async for turn in talk(
                engine,
                arguments.name,
                (first, second),
                turns=arguments.turns,
                at=datetime.now(),
                opening=arguments.opening,
                sampling=sampling,
            ):
                turns.append({"speaker": turn.speaker, "text": turn.text})
                if not arguments.json:
                    print(f"{turn.speaker}: {turn.text}", flush=True)
        finally:
            await engine.close()
        return turns

    turns = asyncio.run(run())
    if arguments.json:
        print(json.dumps({"adapter": adapter.name, "version": adapter.version, "turns": turns}, ensure_ascii=False))


def bot(arguments: argparse.Namespace, settings: Settings) -> None:
    """Run the Telegram bot until it is stopped."""
    from bot import app
    from trainer.command import train_command
    from twin.adapter import AdapterFolder
    from twin.local import LocalEngine

    settings.token()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    adapters = AdapterFolder(settings.adapters)
    engine = LocalEngine(adapters, settings.quantisation)
    first = settings.adapter or adapters.first()

    async def serve() -> None:
        if first:  # a base model that is not there is told now, not to the first who writes
            await engine.start(first)
        await app.run(settings, engine, retrain_command=train_command)

    asyncio.run(serve())


def sandbox(arguments: argparse.Namespace, settings: Settings) -> None:
    """Run a local Bot API server with a chat page."""
    from sandbox import Sandbox, random_token, run

    token = settings.telegram_token or random_token()

    def ready(server: Sandbox) -> None:
        print(f"chat page: {server.url}\nfor .env:\n  TELEGRAM_API_URL={server.api_url}\n  TELEGRAM_TOKEN={token}")

    try:
        asyncio.run(run(token, port=arguments.port, ready=ready))
    except ValueError as error:
        raise TwinError(f"{error} (TELEGRAM_TOKEN)") from None
    except OSError as error:
        raise TwinError(f"port {arguments.port} cannot be used ({error.strerror}): choose another by --port") from None


def demo(arguments: argparse.Namespace, settings: Settings) -> None:
    """The whole path on invented chats: prepare, train, chat in the browser."""
    from demo.play import play

    once = arguments.once or not (sys.stdin.isatty() and sys.stdout.isatty())
    play(settings, once=once, port=arguments.port)


def _ask(prompt: str) -> str:
    """A line of the user's; empty at the end of input. Lines without text are asked for again."""
    try:
        while not (line := input(prompt).strip()):
            pass
    except EOFError:
        print()
        return ""
    return line


def _quieten() -> None:
    """Libraries keep their advice to developers, and their own progress bars, to themselves; errors still show."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    warnings.simplefilter("ignore")
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="twin", description="Write with a twin that learned from your WhatsApp chat.")
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def add(verb: Callable[[argparse.Namespace, Settings], None], *, as_json: bool = False) -> argparse.ArgumentParser:
        summary = (verb.__doc__ or "").strip()
        added = verbs.add_parser(verb.__name__, help=summary, description=summary)
        added.set_defaults(verb=verb)
        if as_json:
            added.add_argument("--json", action="store_true", help="print one JSON object as the last line")
        return added

    _demo_arguments(add(demo))
    _prepare_arguments(add(prepare, as_json=True))
    _train_arguments(add(train, as_json=True))
    _general_arguments(add(general, as_json=True))
    _evaluate_arguments(add(evaluate, as_json=True))
    _adapters_arguments(add(adapters))
    talking = add(chat)
    talking.add_argument("name", metavar="NAME", help="the adapter")
    talking.add_argument("--as", dest="twin", required=True, metavar="SPEAKER", help="who answers")
    talking.add_argument("--me", metavar="SPEAKER", help="as whom you write (default: whom they wrote with)")
    _simulate_arguments(add(simulate, as_json=True))
    add(bot)
    add(sandbox).add_argument("--port", type=int, default=8081, help="the page's port (default 8081)")
    return parser


def _demo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="play a short scripted talk and exit")
    parser.add_argument("--port", type=int, default=8081, help="the page's port (default 8081; 0: any)")


def _prepare_arguments(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument("name", metavar="NAME", help="the adapter")
    parser.add_argument(
        "--dataset", action="append", metavar="NAME", help="learn from it (default: as last time, or NAME)"
    )
    parser.add_argument("--facts", metavar="FILE", help="what the chats do not tell (default: as last time; none)")
    parser.add_argument(
        "--from", dest="source", metavar="ADAPTER", help="begin with its weights (default: as last time; none)"
    )
    parser.add_argument("--focus", metavar="SPEAKER", help="whose turns count most: others' weigh a tenth")
    _training_flags(parser)


def _general_arguments(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument("--target-modules", metavar="A,B", help="the layers to train (default: all linear ones)")


def _evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the adapter")
    parser.add_argument("--questions", type=Path, metavar="FILE.toml", help="questions to ask, with what is right")
    parser.add_argument(
        "--canary", action="append", default=[], metavar="TEXT", help="a secret of the chat: is it known by heart?"
    )


def _adapters_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def add(action: str, text: str, *, named: bool = True) -> argparse.ArgumentParser:
        added = actions.add_parser(action, help=text, description=text)
        added.add_argument("--json", action="store_true", help="print one JSON object as the last line")
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


def _simulate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the adapter")
    parser.add_argument("first", metavar="SPEAKER", help="who begins")
    parser.add_argument("second", metavar="SPEAKER", help="who answers")
    parser.add_argument("--turns", type=_positive, default=12, help="how many turns (default 12)")
    parser.add_argument("--opening", metavar="TEXT", help="what the first one begins with")
    parser.add_argument("--seed", type=int, help="makes the talk repeatable")


if __name__ == "__main__":
    sys.exit(main())
