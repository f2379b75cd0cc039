"""How the application starts, what keeps it from starting, how it stops, and what it must not tell."""

import asyncio
import logging
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from textwrap import dedent
from typing import Any

import pytest

from bot.app import build, run
from bot.inbox import ChatOrder
from sandbox import Sandbox
from storage.store import MAX_ATTEMPTS, Store
from twin.adapter import AdapterFolder
from twin.errors import TwinError
from twin.settings import Settings

DANIEL, GUEST, SOON = 1001, 1002, 60.0
TOKEN = "4321:a-Token_of_the_sandbox"
World = Any


class TestStart:
    async def test_token_that_the_api_does_not_know(self, idle_world: World, caplog: pytest.LogCaptureFixture) -> None:
        wrong = "4321:another-Token_altogether"
        with pytest.raises(TwinError, match="does not accept TELEGRAM_TOKEN") as caught:
            await idle_world.start(telegram_token=wrong)
        assert wrong not in str(caught.value) + caplog.text
        assert "Traceback" not in caplog.text

    async def test_api_out_of_reach(
        self, idle_world: World, unused_tcp_port: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        url = f"http://127.0.0.1:{unused_tcp_port}"
        with pytest.raises(TwinError, match=f"{url} cannot be reached") as caught:
            await idle_world.start(telegram_api_url=url)
        assert TOKEN not in str(caught.value) + caplog.text
        assert "Traceback" not in caplog.text

    @pytest.mark.parametrize(("token", "reason"), [(None, "is not set"), ("secret", "is malformed")])
    async def test_bad_token_is_told_before_anything_is_made(
        self, settings: Settings, token: str | None, reason: str
    ) -> None:
        with pytest.raises(TwinError, match=f"TELEGRAM_TOKEN {reason}"):
            await run(replace(settings, telegram_token=token), Idle())
        assert not settings.key_file.exists()

    async def test_unknown_adapter(self, idle_world: World) -> None:
        with pytest.raises(TwinError, match="no adapter 'lisbeth'"):
            await idle_world.start(adapter="lisbeth")

    async def test_wrong_key(self, world: World, sandbox: Sandbox) -> None:
        await world.stop()
        world.settings.key_file.write_text("ab" * 32)
        with pytest.raises(TwinError, match="does not open the database"):
            await run(world.settings, Idle())


class TestStop:
    async def test_while_the_engine_thinks(self, world: World) -> None:
        world.engine.hold("Lisa")
        await world.sandbox.say(DANIEL, "Hey")
        await world.next_request(0)
        await world.stop()
        world.engine.hold("Lisa").set()
        await world.start()
        await world.settled()
        assert world.said() == ["Lisa heard Hey"]

    async def test_while_the_api_is_gone(self, world: World) -> None:
        world.engine.hold("Lisa")
        await world.sandbox.say(DANIEL, "Hey")
        await world.next_request(0)
        await world.sandbox.stop()
        await world.stop()
        assert not world.application.running and not world.application.updater.running

    async def test_while_a_handler_hangs_and_many_wait_behind_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entered = asyncio.Event()

        async def hang(_: ChatOrder, __: object, coroutine: Coroutine[Any, Any, None]) -> None:
            coroutine.close()
            entered.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(ChatOrder, "do_process_update", hang)
        for number in range(60):
            await world.sandbox.say(DANIEL, f"{number}")
        await entered.wait()
        await world.stop()
        monkeypatch.undo()
        await world.start()
        await world.settled()
        assert world.said()[-1] == "Lisa heard 59"


async def test_promoted_versions_are_looked_for(idle_world: World) -> None:
    await idle_world.start(reload_every=idle_world.settings.reload_every / 1000)
    await idle_world.until(lambda: idle_world.engine.reloads > 1)


async def test_failing_reload_is_logged_and_tried_again(idle_world: World, caplog: pytest.LogCaptureFixture) -> None:
    calls = []

    async def reload() -> dict[str, str]:
        calls.append(1)
        raise RuntimeError("my secret")

    idle_world.engine.reload = reload
    await idle_world.start(reload_every=idle_world.settings.reload_every / 1000)
    await idle_world.until(lambda: len(calls) > 1)
    assert "reload, on the schedule, failed: RuntimeError at test_application.py" in caplog.text
    assert "my secret" not in caplog.text


async def test_no_secret_reaches_the_log_at_any_level(idle_world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await idle_world.start()
        for text in ("private-words", "/persona private-words", "/private-words", "/swap", "private-words"):
            await idle_world.ask(text)
        idle_world.engine.reply = lambda _: ValueError("private-words")
        await idle_world.ask("private-words")
        idle_world.sandbox.refuse("sendMessage", 400, "Bad Request: private-words")
        await idle_world.sandbox.say(DANIEL, "private-words")
        await idle_world.settled()
        logging.getLogger("elsewhere").error("token %s", TOKEN)
        try:
            raise ValueError(f"https://api.telegram.org/bot{TOKEN}/getMe")
        except ValueError:
            logging.getLogger("elsewhere").exception("it failed")
        await idle_world.stop()
    assert "token [secret]" in caplog.text
    assert "bot[secret]/getMe" in caplog.text
    assert TOKEN not in caplog.text
    assert "private-words" not in caplog.text


async def test_log_levels_are_put_back(world: World) -> None:
    await world.stop()
    assert logging.getLogger("telegram").level == logging.NOTSET


async def test_application_belongs_to_no_sandbox(settings: Settings, adapters: AdapterFolder) -> None:
    store = await Store.open(settings.database, settings.key_file)
    application = build(settings, store, Idle(), adapters)
    assert application.bot.base_url == f"https://api.telegram.org/bot{TOKEN}"
    assert application.bot.base_file_url == f"https://api.telegram.org/file/bot{TOKEN}"
    await store.close()


class Idle:
    """An engine that is never asked."""

    async def close(self) -> None: ...


BOT = dedent(
    """
    import asyncio, os, sys
    from datetime import timedelta
    from pathlib import Path
    from bot.app import run
    from twin.settings import Settings

    class Answer:
        version, finish = "v1", "separator"
        def __init__(self, request): self.request = request
        def cancel(self): pass
        async def __aiter__(self):
            if self.request.turns[-1].text == "poison":
                os._exit(9)
            if self.request.turns[-1].text == "slow":
                await asyncio.sleep(0.5)
            if not Path(sys.argv[3]).exists():
                await asyncio.sleep(1000)
            yield "heard " + self.request.turns[-1].text

    class Engine:
        def answer(self, request): return Answer(request)
        async def reload(self): return {}
        async def close(self): print("closed", flush=True)

    folder = Path(sys.argv[2])
    asyncio.run(run(Settings(
        telegram_token="4321:a-Token_of_the_sandbox", telegram_api_url=sys.argv[1], allow_everyone=True,
        admin_ids=frozenset({1}), burst_window=timedelta(0),
        data_dir=folder / "data", key_file=folder / "keys" / "database.key",
    ), Engine()))
    """
)


class TestProcess:
    """`run` in a process of its own, ended by signals."""

    @asynccontextmanager
    async def bot(self, world: World) -> AsyncIterator[asyncio.subprocess.Process]:
        folder = world.settings.data_dir.parent
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", BOT, world.sandbox.api_url, str(folder), str(folder / "answer"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def dies(self, world: World) -> None:
        async with self.bot(world) as process:
            assert await process.wait() == 9

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    async def test_signal_ends_it_cleanly(self, idle_world: World, number: signal.Signals) -> None:
        (idle_world.settings.data_dir.parent / "answer").touch()
        async with self.bot(idle_world) as process:
            assert await idle_world.ask("Hey") == "heard Hey"
            process.send_signal(number)
            out, err = await asyncio.wait_for(process.communicate(), SOON)
        assert (process.returncode, out, err) == (0, b"closed\n", b"")

    async def test_nothing_is_lost_when_it_is_killed(self, idle_world: World) -> None:
        async with self.bot(idle_world) as process:
            await idle_world.sandbox.say(DANIEL, "Hey")
            await idle_world.sandbox.say(DANIEL, "you")
            await idle_world.sandbox.say(GUEST, "Ho")
            await idle_world.sandbox.next_action(DANIEL, 0, SOON)
            await idle_world.sandbox.delivered(SOON)
            process.kill()
            await process.wait()
        assert idle_world.said() == []
        (idle_world.settings.data_dir.parent / "answer").touch()
        async with self.bot(idle_world):
            await idle_world.until(lambda: len(idle_world.said()) == 1 and len(idle_world.said(GUEST)) == 1)
            assert await idle_world.ask("again") == "heard again"
        assert idle_world.said() == ["heard you", "heard again"]
        assert idle_world.said(GUEST) == ["heard Ho"]

    async def test_message_that_kills_it_is_set_aside_and_the_one_beside_it_is_not(self, idle_world: World) -> None:
        (idle_world.settings.data_dir.parent / "answer").touch()
        await idle_world.sandbox.say(GUEST, "slow")
        await idle_world.sandbox.say(DANIEL, "poison")
        await self.dies(idle_world)  # before "slow" is answered
        store = await Store.open(idle_world.settings.database, idle_world.settings.key_file)
        await store._database.run("UPDATE inbox SET attempts = ?", (MAX_ATTEMPTS - 2,))  # as if it had died more often
        await store.close()
        for _ in range(2):
            await self.dies(idle_world)
        async with self.bot(idle_world):
            assert await idle_world.ask("Hey") == "heard Hey"
            # Maybe twice: the other one kills the bot just when this answer is on its way.
            await idle_world.until(lambda: "heard slow" in idle_world.said(GUEST))


HUNG = dedent(
    """
    import asyncio, sys, threading
    from pathlib import Path
    from twin.adapter import AdapterFolder
    from twin.local import LocalEngine
    from bot.app import run
    from twin.settings import Settings

    begun = threading.Event()

    class Hung(LocalEngine):
        def _run(self):
            self._ended.set_running_or_notify_cancel()
            begun.set()
            threading.Event().wait()

    folder = Path(sys.argv[2])
    engine = Hung(AdapterFolder(folder))
    engine._begin()
    begun.wait()
    asyncio.run(run(Settings(
        telegram_token="4321:a-Token_of_the_sandbox", telegram_api_url=sys.argv[1], admin_ids=frozenset({1}),
        data_dir=folder / "data", key_file=folder / "keys" / "database.key",
    ), engine))
    """
)


async def test_process_ends_although_the_model_hangs(idle_world: World) -> None:
    folder = idle_world.settings.data_dir.parent
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HUNG, idle_world.sandbox.api_url, str(folder), stderr=subprocess.PIPE
    )
    await idle_world.until(lambda: idle_world.sandbox._state.listening > 0)
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), SOON)
    assert process.returncode == 0
    assert b"stopping took too long: LocalEngine.close" in err


def test_import_loads_no_torch() -> None:
    check = "import sys, bot.app; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
