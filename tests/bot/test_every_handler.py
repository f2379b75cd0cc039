"""Every handler that the real application has registered, tried by everyone who may not use it.

Nothing is listed that could be forgotten: what is registered is walked, and a handler for which no update is known, or
that is not said to be for everyone, fails the test.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler

from bot.texts import Words
from storage.store import Place
from tests.bot.updates import Made, chat_of, handled, message, pressed, sender, update

DANIEL, GUEST, STRANGER, OUTSIDER = 1001, 1002, 6666, 7777
GROUP, LET_IN = -55, -77
WORDS = Words("en")
World = Any
Handler = BaseHandler[Any, Any, Any]

# What everyone who may write with the bot may use. Whatever is not here is for admins alone.
FOR_ALL_COMMANDS = {
    *("start", "help", "persona", "me", "swap", "simulate", "undo", "reset"),
    *("status", "mode", "temperature", "language", "privacy", "forget", "claim"),
}
# Callback data for every pattern; those of the first dictionary are for everyone.
FOR_ALL_DATA = {
    "^persona:": "persona:0",
    "^me:": "me:0",
    "^stop:": "stop:simulation",
    "^(good|bad):[0-9]{1,18}$": "good:1",
    "^again:[0-9]{1,18}$": "again:1",
    "^forget:(yes|no)$": "forget:yes",
    "": "something else",
}
ADMINS_DATA = {
    "^(let|out):-?[0-9]{1,18}$": f"let:{STRANGER}",
    "^cancel:[0-9]{1,18}$": "cancel:1",
    "^use:": "use:0",
    "^agree:[0-9]{1,18}$": "agree:1",
    "^discard:[0-9]{1,18}$": "discard:1",
    "^(revoke|withdraw):[0-9a-f]+$": "withdraw:0",
    "^unlearn:[0-9a-f]+$": "unlearn:0",
}
FILE = {"file_id": "f", "file_unique_id": "f", "file_name": "chat.txt", "file_size": 100}
PHOTO = [{"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}]


def of_messages(bot: Any) -> dict[str, Made]:
    """Messages for the handlers that are chosen by filters: each must have one here that it takes."""
    return {
        "unknown command": lambda user, chat: update(bot, "message", message(user, chat, "/nothing")),
        "text": lambda user, chat: update(bot, "message", message(user, chat, "Hey")),
        "edit": lambda user, chat: update(bot, "edited_message", message(user, chat, "Hey", edit_date=1_700_000_001)),
        "export": lambda user, chat: update(bot, "message", message(user, chat, document=FILE)),
        "photo": lambda user, chat: update(bot, "message", message(user, chat, photo=PHOTO, caption="look")),
    }


FOR_ALL_MESSAGES = {"unknown command", "text", "edit", "photo"}


def samples(application: Any) -> Iterator[tuple[Handler, str, Made, bool]]:
    """For each registered handler an update that it takes, its name, and whether it is for everyone."""
    bot = application.bot
    by_filter = of_messages(bot)
    user, chat = sender(DANIEL), chat_of(DANIEL)
    under = {"message_id": 1, "date": 0, "chat": chat, "from": sender(bot.id), "text": "?"}
    for handler in (handler for group, found in application.handlers.items() if group >= 0 for handler in found):
        if isinstance(handler, CommandHandler):
            for name in handler.commands:
                yield handler, name, _command(bot, name), name in FOR_ALL_COMMANDS
        elif isinstance(handler, CallbackQueryHandler):
            pattern = handler.pattern.pattern
            data = (FOR_ALL_DATA | ADMINS_DATA)[pattern]
            assert handler.check_update(pressed(bot, user, under, data)), pattern
            yield handler, data, _press(bot, data), pattern in FOR_ALL_DATA
        else:
            taken = {name: made for name, made in by_filter.items() if handler.check_update(made(user, chat))}
            assert taken, f"no update is known that {handler} takes: add one"
            for name, made in taken.items():
                yield handler, name, made, name in FOR_ALL_MESSAGES


def _command(bot: Any, name: str) -> Made:
    return lambda user, chat: update(bot, "message", message(user, chat, f"/{name}"))


def _press(bot: Any, data: str) -> Made:
    def made(user: dict[str, Any], chat: dict[str, Any]) -> Any:
        return pressed(bot, user, message(sender(bot.id), chat, "?"), data)

    return made


@pytest.fixture
async def watched(world: World) -> tuple[World, list[str]]:
    """A deployment, and the names of the handlers behind the gate that were reached."""
    reached: list[str] = []
    for group, found in world.application.handlers.items():
        for handler in found if group >= 0 else ():
            handler.callback = _noted(handler, reached)
    for user in (GUEST, STRANGER, OUTSIDER):
        await world.sandbox.say(user, "/start")  # a bot may write to those alone who wrote to it
    await world.settled()
    reached.clear()
    return world, reached


def _noted(handler: Handler, reached: list[str]) -> Any:
    inner = handler.callback

    async def callback(update: Any, context: Any) -> Any:
        reached.append(str(handler))
        return await inner(update, context)

    return callback


def test_every_way_in_is_counted(world: World) -> None:
    found = list(samples(world.application))
    assert {name for _, name, _, _ in found} >= FOR_ALL_COMMANDS | FOR_ALL_MESSAGES
    assert {made for _, name, made, _ in found if name == "export"}
    behind = [handler for group, handlers in world.application.handlers.items() if group >= 0 for handler in handlers]
    assert {id(handler) for handler, _, _, _ in found} == {id(handler) for handler in behind}


@pytest.mark.parametrize(
    ("who", "where"),
    [
        (STRANGER, STRANGER),  # nobody let them in
        (STRANGER, GROUP),  # in a group that nobody let in
        (OUTSIDER, OUTSIDER),  # a member of a group that was let in, alone with the bot
        (OUTSIDER, GROUP),  # the same in another group
    ],
)
async def test_nobody_who_was_not_let_in_reaches_any(watched: tuple[World, list[str]], who: int, where: int) -> None:
    world, reached = watched
    await world.application.bot_data["parts"].desk.access.give(LET_IN, "allowed", "A group")
    for _, name, made, _ in samples(world.application):
        asked = made(sender(who), chat_of(where))
        await handled(world, asked)
        assert reached == [], name
    refusal = WORDS("refused", number=who)
    assert set(world.said(who)) <= {refusal, WORDS("refused_group", number=where)}
    assert world.engine.requests == []
    assert await world.store.current_thread(Place(where)) is None
    assert not (world.settings.data_dir / "uploads").exists()


async def test_what_is_not_for_everyone_refuses_all_but_admins(watched: tuple[World, list[str]]) -> None:
    world, reached = watched
    texts, alerts = [], []
    for _, name, made, for_all in samples(world.application):
        if for_all:
            continue
        before = len(world.said(GUEST))
        asked = made(sender(GUEST), chat_of(GUEST))
        if asked.callback_query:
            world.sandbox._state.queries[asked.callback_query.id] = query = _Query()
            await handled(world, asked)
            assert query.answer is not None and query.answer.text == WORDS("admins_only"), name
            alerts.append(name)
        else:
            await handled(world, asked)
            assert world.said(GUEST)[before:] == [WORDS("admins_only")], name
            texts.append(name)
    assert len(texts) >= 8 and len(alerts) == len(ADMINS_DATA)
    assert reached
    assert all(person.role != "allowed" for person in await world.store.people())
    assert not (world.settings.data_dir / "uploads").exists() and not (world.settings.data_dir / "backups").exists()
    assert world.engine.reloads == 0


class _Query:
    """A pressed button as the sandbox keeps it, for one that was pressed by hand."""

    def __init__(self) -> None:
        self.answer: Any = None
        self.revision = 0


async def test_buttons_of_another_chat_do_nothing(world: World) -> None:
    """Whoever may write with the bot may send any callback data: what it names must belong to their own chat."""
    answer = await world.next(await world.sandbox.say(DANIEL, "my secret"))
    (turn,) = {button["callback_data"].partition(":")[2] for button in answer.buttons}
    await world.ask("Hey", GUEST)
    before = await world.history()
    for verb in ("good", "bad", "again"):
        under = message(sender(world.application.bot.id), chat_of(GUEST), "?")
        await handled(world, pressed(world.application.bot, sender(GUEST), under, f"{verb}:{turn}"))
    assert await world.store.feedback() == []
    assert await world.history() == before
    assert len(world.engine.requests) == 2


@pytest.mark.parametrize(
    "data",
    [
        "again:",
        "again:x",
        "good:1:2",
        f"again:{10**30}",
        "let:1:2",
        "let:",
        "cancel:-1",
        "agree:²",
        "withdraw::",
        "\x00",
    ],
)
async def test_malformed_data_are_a_button_that_is_gone(
    world: World, data: str, caplog: pytest.LogCaptureFixture
) -> None:
    under = message(sender(world.application.bot.id), chat_of(DANIEL), "?")
    asked = pressed(world.application.bot, sender(DANIEL), under, data)
    world.sandbox._state.queries[asked.callback_query.id] = query = _Query()
    await handled(world, asked)
    assert query.answer.text == WORDS("gone")
    assert "failed" not in caplog.text
