"""What must not be told is in no log, no output and no file but those meant to hold it; /forget leaves nothing."""

import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.texts import Words
from storage.store import Person, Place
from tests.bot.updates import chat_of, handled, message, pressed, sender, update

DANIEL, GUEST, STRANGER, SOON = 1001, 1002, 6666, 60.0
GROUP = -55
TOKEN = "4321:a-Token_of_the_sandbox"
WORDS = Words("en")
World = Any

MARK = "zebrafinch"  # stands in every text and every name of the scenario, and nowhere else
EXPORT = "".join(
    f"04.05.23, 18:{minute:02} - {('Anna', 'Ben')[minute % 2]} {MARK}: {MARK} {minute}\n" for minute in range(20)
)
# The files that are meant to hold what people wrote, and who they are: datasets, and the recipe that names speakers.
MEANT = ("datasets/*/rows.jsonl", "datasets/*/dataset.json", "adapters/*/*/twin.json", "uploads/*/*")


@pytest.fixture
def no_umask() -> Iterator[None]:
    """Whatever is private is so by itself, not by the grace of the user's umask."""
    previous = os.umask(0)
    yield
    os.umask(previous)


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """Everything that any logger says at any level."""
    file = tmp_path / "log" / "all.log"
    file.parent.mkdir()
    handler = logging.FileHandler(file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield file
    root.setLevel(before)
    root.removeHandler(handler)
    handler.close()


async def talk(world: World) -> None:
    """Everything that people do, each with the mark in it."""
    box, bot = world.sandbox, world.application.bot
    for user in (DANIEL, GUEST, STRANGER):
        box.set_user(user, f"Name {MARK}")
    for text in (
        f"{MARK} hello",
        f"/persona {MARK}",
        f"/{MARK}",
        f"/me {MARK}",
        f"/retrain {MARK}",
        f"/rollback {MARK}",
    ):
        await world.ask(text)
    await world.ask(f"/simulate 1 {MARK}", GUEST)
    await world.ask(f"let me in {MARK}", STRANGER)
    said = await box.say(DANIEL, f"{MARK} first")
    answer = await world.next(said)
    await box.edit(DANIEL, said.id, f"{MARK} edited")
    for button in answer.buttons:
        await box.press(DANIEL, answer.id, button["callback_data"])
    said = await box.say(DANIEL, f"@twin_sandbox_bot {MARK}", GROUP)
    await box.next_message(GROUP, said.id, SOON)
    await world.settled()
    user, chat = sender(DANIEL, f"{MARK} first", f"{MARK} last"), chat_of(DANIEL)
    older = message(user, chat, f"{MARK} quoted")
    photo = [{"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}]
    await handled(
        world,
        update(bot, "message", message(user, chat, f"{MARK} reply", reply_to_message=older)),
        update(bot, "message", message(user, chat, photo=photo, caption=f"{MARK} caption")),
        update(bot, "message", message(user, chat_of(-99, f"Title {MARK}"), f"/start {MARK}")),
        pressed(bot, user, message(user, chat, "?"), f"again:{MARK}"),
    )


async def trouble(world: World) -> None:
    """Whatever can go wrong, each with the mark in its error."""
    world.engine.reply = lambda _: ValueError(f"{MARK} from the engine")
    await world.ask(f"{MARK} again")
    world.engine.reply = lambda request: f"{MARK} says {request.speaker}"
    for code, words in ((400, "Bad Request"), (403, "Forbidden"), (502, "Bad Gateway")):
        world.sandbox.refuse("sendMessage", code, f"{words}: {MARK}")
        await world.sandbox.say(DANIEL, f"{MARK} {code}")
    # an update that python-telegram-bot cannot read
    world.sandbox._state.add_update("message", {"text": MARK, "chat": MARK})
    world.sandbox._state.add_update("callback_query", {"data": MARK})
    await world.settled()


async def upload(world: World) -> None:
    sent = await world.sandbox.send_file(DANIEL, f"WhatsApp Chat with {MARK}.txt", EXPORT.encode(), "from the chat")
    shown = await world.sandbox.next_message(DANIEL, sent.id, SOON)
    await world.sandbox.press(DANIEL, shown.id, shown.buttons[0]["callback_data"])
    await world.sandbox.next_message(DANIEL, shown.id, SOON)
    refused = await world.sandbox.send_file(DANIEL, f"{MARK}.txt", f"no export {MARK}".encode(), "no")
    await world.sandbox.next_message(DANIEL, refused.id, SOON)
    await world.ask("/datasets")
    await world.ask("/backup")


@pytest.mark.usefixtures("no_umask")
async def test_secrets_are_in_no_log_no_output_and_no_other_file(
    idle_world: World,
    log_file: Path,
    adapter_writer: Any,
    scripted: Any,
    capfd: pytest.CaptureFixture[str],
) -> None:
    world = idle_world
    adapter_writer(world.adapters, "daniel", [(f"Daniel {MARK}", f"Lisa {MARK}")])
    world.retrain_command = scripted(
        f"tell(event='sample', context='{MARK}', answer='{MARK}', real='{MARK}')\n"
        f"print('{MARK}', file=sys.stderr); sys.exit('{MARK} failed')"
    )
    await world.start()
    await talk(world)
    await upload(world)
    await world.ask("/retrain daniel")
    await world.application.bot_data["parts"].retrain.finished()
    await trouble(world)
    logging.getLogger("elsewhere").debug("the token is %s", TOKEN)
    key = world.settings.key_file.read_text().strip()
    files = _files(world.settings.data_dir)  # while it runs: the write-ahead log is there
    meant = {path for pattern in MEANT for path in world.settings.data_dir.glob(pattern)}
    assert any(MARK.encode() in files[path] for path in meant)  # the mark is where it is meant to be
    assert (world.settings.data_dir / "twin.db-wal") in files
    await world.stop()
    output = capfd.readouterr()
    told = {"log": _text(log_file), "stdout": output.out, "stderr": output.err}
    assert all(f" bot.{part}: " in told["log"] for part in ("desk", "reading", "chat", "delivery"))
    assert len(told["log"].splitlines()) > 5 and "DEBUG elsewhere: the token is [secret]" in told["log"]
    for name, text in told.items():
        for secret in (MARK, TOKEN, key):
            assert secret not in text, (name, _around(text, secret))
    for path, content in (files | _files(world.settings.data_dir)).items():
        assert TOKEN.encode() not in content and key.encode() not in content, path
        assert path in meant or MARK.encode() not in content, path
        assert path in meant or MARK not in str(path.relative_to(world.settings.data_dir)), path
    assert MARK not in repr(world.settings) and TOKEN not in repr(world.settings)
    _all_private(world.settings.data_dir)
    _all_private(world.settings.key_file.parent)
    assert world.settings.data_dir not in world.settings.key_file.parents


def _text(file: Path) -> str:
    return file.read_text("utf-8")


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _around(text: str, secret: str) -> str:
    place = text.find(secret)
    return text[max(0, place - 200) : place + 100]


def _all_private(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


# /forget


class TestForget:
    async def test_nothing_of_the_chat_is_left_in_any_page_of_the_database(self, world: World) -> None:
        if not shutil.which("openssl"):
            pytest.skip("the pages are decrypted by openssl, which is not here")
        answer = await world.next(await world.sandbox.say(GUEST, f"{MARK} hello"), GUEST)
        await world.sandbox.press(GUEST, answer.id, answer.buttons[0]["callback_data"])
        for number in range(15):  # more than a page of it
            await world.ask(f"{MARK} {number} {'long ' * 40}", GUEST)
        await world.store.post(Place(GUEST), f"{MARK} unsent")
        await world.store.add_upload(Place(GUEST), GUEST, f"/nowhere/{MARK}/chat.txt", MARK)
        await world.store.set_role(Person(GUEST, "allowed", f"Name {MARK}"))
        gate = world.engine.hold("Lisa")
        await world.sandbox.say(GUEST, f"{MARK} waits")
        await world.until(lambda: world.engine.requests[-1].turns[-1].text == f"{MARK} waits")
        assert any(MARK.encode() in page for page in _pages(world.settings))
        question = await world.next(await world.sandbox.say(GUEST, "/forget"), GUEST)
        while not question.buttons:  # what was unsent comes first
            question = await world.next(question, GUEST)
        await world.sandbox.press(GUEST, question.id, question.buttons[0]["callback_data"])
        await world.next(question, GUEST)
        gate.set()
        await world.settled()
        assert [page for page in _pages(world.settings) if MARK.encode() in page] == []
        assert world.engine.forgotten == 1
        await world.stop()
        assert [page for page in _pages(world.settings) if MARK.encode() in page] == []

    async def test_a_simulation_ends(self, world: World) -> None:
        await world.ask("/simulate 50")
        question = await world.next(await world.sandbox.say(DANIEL, "/forget"))
        while WORDS("forget_really") != question.text:
            question = await world.next(question)
        await world.sandbox.press(DANIEL, question.id, question.buttons[0]["callback_data"])
        await world.until(lambda: WORDS("forgotten") in world.said())
        await world.until(lambda: not world.application.bot_data["parts"].simulations._tasks)
        await world.settled()
        assert WORDS("simulation_ended") not in world.said()

    async def test_a_name_is_forgotten_and_a_role_is_not(self, world: World) -> None:
        access = world.application.bot_data["parts"].desk.access
        await access.give(STRANGER, "allowed", MARK)
        await world.ask("Hey", STRANGER)
        question = await world.next(await world.sandbox.say(STRANGER, "/forget"), STRANGER)
        await world.sandbox.press(STRANGER, question.id, question.buttons[0]["callback_data"])
        await world.next(question, STRANGER)
        assert [(person.role, person.name) for person in await world.store.people()] == [("allowed", "")]
        assert MARK not in repr(access._people)
        assert await world.ask("Hey", STRANGER) == "Lisa heard Hey"


def _pages(settings: Any) -> list[bytes]:
    """Every page of the database and of its write-ahead log, decrypted: those in use, and those that are free."""
    key = settings.key_file.read_text().strip()
    database = settings.database.read_bytes()
    found = [database[start : start + 4096] for start in range(0, len(database), 4096)]
    log = settings.database.with_name(settings.database.name + "-wal")
    frames = log.read_bytes()[32:] if log.exists() else b""
    found += [frames[start + 24 : start + 24 + 4096] for start in range(0, len(frames), 24 + 4096)]
    plain = [_decrypted(page, key, 16 if number == 0 else 0) for number, page in enumerate(found)]
    assert b"CREATE TABLE" in b"".join(plain)
    return plain


def _decrypted(page: bytes, key: str, begin: int) -> bytes:
    """SQLCipher 4: AES-256 in CBC mode; the last 80 bytes of a page are its vector and its seal."""
    vector = page[4096 - 80 :][:16].hex()
    command = ["openssl", "enc", "-d", "-aes-256-cbc", "-nopad", "-K", key, "-iv", vector]
    return subprocess.run(command, input=page[begin : 4096 - 80], capture_output=True, check=True).stdout
