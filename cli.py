"""The `twin` command: one subcommand a verb. What a verb needs is imported when it runs."""

import argparse
import asyncio
import importlib
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

from arguments import parser_of
from twin.engine import EngineError
from twin.errors import TwinError
from twin.settings import Settings, load_settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code. What a user can mend is one line on stderr and code 1."""
    arguments = parser_of(_VERBS).parse_args(argv)
    _quieten()
    try:
        verb: Callable[[argparse.Namespace, Settings], None] = arguments.verb
        verb(arguments, load_settings())
    except (TwinError, EngineError) as error:
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
        return
    Console().print(preparing.table(summary))
    if summary.dataset:
        print(f"kept in {summary.dataset}; next: twin train {arguments.dataset}")
    elif not (arguments.messages or arguments.out):
        print("nothing was kept: --dataset NAME makes a dataset of it")


def train(arguments: argparse.Namespace, settings: Settings) -> None:
    """A dataset becomes a new version of an adapter."""
    from trainer import run
    from trainer.shown import shown, shown_together

    choices = run.Choices.of(arguments)
    if arguments.on == "ray":
        on_ray = _with_ray("cluster.training")
        share = on_ray.Share(arguments.workers, cpus=arguments.cpus, gpus=arguments.gpus)
        shown_together(
            lambda report: on_ray.train_all(arguments.name, settings, choices, share, report), as_json=arguments.json
        )
        return
    for name in arguments.name:
        begin = partial(run.train_adapter, name, settings, choices)
        if not shown(begin, name, as_json=arguments.json, again=f"twin train {name} --resume"):
            return  # whoever stops one training does not want the next


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


def report(arguments: argparse.Namespace, settings: Settings) -> None:
    """What a twin was made of and how it does, as one page; what the bot's users think of it, as a table."""
    from storage.feedback import write_feedback
    from trainer.report import write_report
    from twin.adapter import AdapterFolder

    adapter = AdapterFolder(settings.adapters).load(arguments.name)
    told: dict[str, Any] = {"adapter": adapter.name, "version": adapter.version}
    if arguments.feedback:
        opinions = asyncio.run(write_feedback(arguments.feedback, adapter.name, settings.database, settings.key_file))
        told |= {"feedback": str(arguments.feedback), "opinions": opinions}
    told["report"] = str(write_report(adapter))
    if arguments.json:
        print(json.dumps(told, ensure_ascii=False))
        return
    print(told["report"])
    if arguments.feedback:
        print(f"{told['opinions']} opinions are in {told['feedback']}")


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
            with folder.locked(name):  # a training would bring it back
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
    from twin.engines import engine_of
    from twin.names import find_name
    from twin.talk import streamed
    from twin.transcript import Turn

    adapters = AdapterFolder(settings.adapters)
    adapter = adapters.load(arguments.name)
    twin = find_name(arguments.twin, adapter.people())
    me = find_name(arguments.me, adapter.people()) if arguments.me else adapter.manifest.counterpart(twin)
    if me == twin:
        raise TwinError(f"you cannot be {me} and write with {me}: choose another by --me or --as")
    said: list[Turn] = []
    with asyncio.Runner() as runner:
        engine = engine_of(settings, adapters)
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
    from twin.engines import engine_of
    from twin.names import find_name
    from twin.talk import simulate as talk

    adapters = AdapterFolder(settings.adapters)
    adapter = adapters.load(arguments.name)
    first, second = (find_name(name, adapter.people()) for name in (arguments.first, arguments.second))
    sampling = replace(adapter.manifest.sampling, seed=arguments.seed)

    async def run() -> list[dict[str, str]]:
        engine, turns = engine_of(settings, adapters), []
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
    from twin.engines import engine_of

    settings.token()
    _log(settings)

    adapters = AdapterFolder(settings.adapters)
    first = settings.adapter or adapters.first()

    async def serve() -> None:
        await app.run(settings, engine_of(settings, adapters), first=first, retrain_command=train_command)

    asyncio.run(serve())


def serve(arguments: argparse.Namespace, settings: Settings) -> None:
    """Run the engine as a server, for bots that name it by ENGINE_URL."""
    from twin import serving

    def ready(url: str) -> None:
        print(f"for .env:\n  ENGINE_URL={url}", flush=True)

    _log(settings)
    if arguments.on == "here":
        asyncio.run(serving.run(settings, host=arguments.host, port=arguments.port, ready=ready))
        return
    on_ray = _with_ray("cluster.serving")
    least, most = arguments.replicas
    layout = on_ray.Layout(least, most, cpus=arguments.cpus, gpus=arguments.gpus)
    on_ray.run(settings, layout, host=arguments.host, port=arguments.port, ready=ready)


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


def backup(arguments: argparse.Namespace, settings: Settings) -> None:
    """Copy the database, encrypted with its key; the bot may run meanwhile."""
    from storage import backups

    file = arguments.file or backups.backup_path(settings.data_dir)
    backups.back_up(settings.database, settings.key_file, file)
    print(file)


def restore(arguments: argparse.Namespace, settings: Settings) -> None:
    """Put a backup in the place of the database, which is moved aside."""
    from storage import backups

    aside = backups.restore(settings.database, settings.key_file, arguments.file)
    print(f"{arguments.file} is in place" + (f"; what was there before lies in {aside}" if aside else ""))


def doctor(arguments: argparse.Namespace, settings: Settings) -> None:
    """Look at everything that the bot needs, and say what to do about what is wrong."""
    from rich.console import Console
    from rich.markup import escape

    from bot.doctor import examine

    found = examine(settings)
    for one in found:
        mark = "[green]well [/]" if one.well else "[red]wrong[/]"
        Console(quiet=arguments.json).print(f"{mark} {escape(one.what)}: {escape(one.told)}", soft_wrap=True)
    if arguments.json:
        print(json.dumps({"findings": [asdict(one) for one in found]}, ensure_ascii=False))
    if wrong := [one.what for one in found if not one.well]:
        raise TwinError(f"to be mended: {', '.join(wrong)}")


def demo(arguments: argparse.Namespace, settings: Settings) -> None:
    """The whole path on invented chats: prepare, train, chat in the browser."""
    from demo.play import play

    once = arguments.once or not (sys.stdin.isatty() and sys.stdout.isatty())
    play(settings, once=once, port=arguments.port)


def _with_ray(module: str) -> Any:
    """A module that needs Ray.

    Raises:
        TwinError: Ray is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("ray", "starlette", "pyarrow"):
            raise
        raise TwinError("Ray is not installed: pip install 'whatsapp-twin[cluster]'") from None


def _ask(prompt: str) -> str:
    """A line of the user's; empty at the end of input. Lines without text are asked for again."""
    try:
        while not (line := input(prompt).strip()):
            pass
    except EOFError:
        print()
        return ""
    return line


def _log(settings: Settings) -> None:
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for talkative in ("httpx", "httpcore"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


def _quieten() -> None:
    """Libraries keep their advice to developers, and their own progress bars, to themselves; errors still show."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    warnings.simplefilter("ignore")
    for talkative in ("bitsandbytes", "huggingface_hub"):
        logging.getLogger(talkative).setLevel(logging.ERROR)


_VERBS = (
    *(demo, prepare, train, general, evaluate, report, adapters, chat, simulate),
    *(bot, serve, sandbox, backup, restore, doctor),
)

if __name__ == "__main__":
    sys.exit(main())
