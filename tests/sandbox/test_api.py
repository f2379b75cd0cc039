"""The methods of the Bot API, their limits and their errors, called by python-telegram-bot and by bare HTTP."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram import Bot, BotCommand, BotCommandScopeChat, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter

from sandbox import Sandbox
from tests.sandbox.conftest import DANIEL, SOON, TOKEN, Call


@pytest.fixture(autouse=True)
async def daniel_has_written(sandbox: Sandbox) -> None:
    await sandbox.say(DANIEL, "/start")


async def test_get_me(bot: Bot) -> None:
    assert (bot.id, bot.username, bot.first_name) == (4321, "twin_sandbox_bot", "Twin")


async def test_wrong_token_is_401_malformed_is_404(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    for token, code, description in (("4321:other", 401, "Unauthorized"), ("rubbish", 404, "Not Found")):
        async with http.get(f"/bot{token}/getMe") as response:
            assert response.status == code
            assert await response.json() == {"ok": False, "error_code": code, "description": description}
    with pytest.raises(InvalidToken):
        await Bot("4321:other", base_url=f"{sandbox.api_url}/bot").initialize()


@pytest.mark.parametrize("style", ["query", "form", "multipart", "json"])
async def test_parameters_come_in_every_way(sandbox: Sandbox, http: aiohttp.ClientSession, style: str) -> None:
    url, parameters = f"/bot{TOKEN}/sendMessage", {"chat_id": str(DANIEL), "text": "hällo & 100 %"}
    if style == "query":
        request = http.get(url, params=parameters)
    elif style == "json":
        request = http.post(url, json={**parameters, "chat_id": DANIEL})
    else:
        form = aiohttp.FormData(parameters, default_to_multipart=style == "multipart")
        request = http.post(url, data=form)
    async with request as response:
        assert (await response.json())["result"]["text"] == "hällo & 100 %"
    assert sandbox.messages(DANIEL)[-1].text == "hällo & 100 %"


async def test_unknown_method_is_404_and_one_that_is_not_built_says_so(call: Call) -> None:
    assert await call("sendNothing") == (404, {"ok": False, "error_code": 404, "description": "Not Found"})
    status, answer = await call("sendPoll")
    assert (status, answer["description"]) == (400, "Bad Request: sendPoll is not a method of this sandbox")
    assert (await call("GETME"))[0] == 200


async def test_unknown_parameters_are_refused(call: Call) -> None:
    for method, parameters, unknown in (
        ("sendMessage", {"chat_id": DANIEL, "text": "a", "txet": "b"}, "txet"),
        ("getMe", {"chat_id": 1}, "chat_id"),
        # names that only python-telegram-bot has, and never sends
        ("sendMessage", {"chat_id": DANIEL, "text": "a", "read_timeout": 1, "reply_to_message_id": 2}, "read_timeout"),
    ):
        status, answer = await call(method, **parameters)
        assert (status, answer["ok"], answer["error_code"]) == (400, False, 400)
        assert f"{method} has no parameter" in answer["description"]
        assert unknown in answer["description"]


async def test_every_parameter_that_the_bot_api_has_is_taken(sandbox: Sandbox, bot: Bot) -> None:
    await bot.send_message(
        DANIEL,
        "all",
        disable_notification=True,
        protect_content=True,
        message_thread_id=3,
        disable_web_page_preview=True,
        reply_to_message_id=sandbox.messages(DANIEL)[0].id,
    )
    assert sandbox.messages(DANIEL)[-1].reply_to.text == "/start"


@pytest.mark.parametrize(
    ("parameters", "description"),
    [
        ({"text": "a"}, "chat_id is empty"),
        ({"chat_id": 77, "text": "a"}, "chat not found"),
        ({"chat_id": "@someone", "text": "a"}, "chat not found"),
        ({"chat_id": DANIEL}, "message text is empty"),
        ({"chat_id": DANIEL, "text": " \n "}, "message text is empty"),
        ({"chat_id": DANIEL, "text": "<b> </b>", "parse_mode": "HTML"}, "message text is empty"),
        ({"chat_id": DANIEL, "text": "x" * 4097}, "message is too long"),
        ({"chat_id": DANIEL, "text": "half an emoji \ud83d"}, "strings must be encoded in UTF-8"),
        (
            {"chat_id": DANIEL, "text": "1 < 2", "parse_mode": "HTML"},
            "can't parse entities: Unsupported start tag at byte offset 2",
        ),
        (
            {"chat_id": DANIEL, "text": "a", "parse_mode": "MarkdownV2"},
            'this sandbox reads HTML only, not parse_mode "MarkdownV2"',
        ),
        ({"chat_id": DANIEL, "text": "a", "reply_markup": "{"}, "can't parse reply_markup JSON object"),
        ({"chat_id": DANIEL, "text": "a", "reply_markup": [1]}, "reply_markup must be an Object"),
        (
            {"chat_id": DANIEL, "text": "a", "reply_markup": {"keyboard": [["a"]]}},
            "this sandbox knows inline keyboards only",
        ),
        (
            {"chat_id": DANIEL, "text": "a", "entities": [{"type": "bold"}]},
            "can't parse MessageEntity: type, offset and length are needed",
        ),
        ({"chat_id": DANIEL, "text": "a", "reply_parameters": {"message_id": 5}}, "message to be replied not found"),
    ],
)
async def test_send_message_refuses(sandbox: Sandbox, call: Call, parameters: dict, description: str) -> None:
    status, answer = await call("sendMessage", **parameters)
    assert (status, answer) == (400, {"ok": False, "error_code": 400, "description": f"Bad Request: {description}"})
    assert len(sandbox.messages(DANIEL)) == 1


async def test_the_limit_counts_after_markup(bot: Bot) -> None:
    message = await bot.send_message(DANIEL, "<b>" + "&lt;" * 4096 + "</b>", parse_mode=ParseMode.HTML)
    assert message.text == "<" * 4096


async def test_html_and_found_entities_reach_python_telegram_bot(bot: Bot) -> None:
    message = await bot.send_message(DANIEL, "🚲 <b>a &amp; <i>b</i></b> then /help", parse_mode=ParseMode.HTML)
    assert message.text == "🚲 a & b then /help"
    found = {entity.type: text for entity, text in message.parse_entities().items()}
    assert found == {"bold": "a & b", "italic": "b", "bot_command": "/help"}


async def test_callback_data_may_have_64_bytes(bot: Bot) -> None:
    def keyboard(data: str) -> InlineKeyboardMarkup:
        return InlineKeyboardMarkup([[InlineKeyboardButton("a", callback_data=data)]])

    message = await bot.send_message(DANIEL, "a", reply_markup=keyboard("ä" * 32))
    assert message.reply_markup.inline_keyboard[0][0].callback_data == "ä" * 32
    with pytest.raises(BadRequest, match="Button_data_invalid"):
        await bot.send_message(DANIEL, "a", reply_markup=keyboard("ä" * 32 + "b"))
    with pytest.raises(BadRequest, match="text buttons are unallowed"):
        await bot.send_message(DANIEL, "a", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("a")]]))


async def test_edit(sandbox: Sandbox, bot: Bot) -> None:
    sent = await bot.send_message(DANIEL, "one")
    shown = await sandbox.next_message(DANIEL, 0, SOON)
    edited = await bot.edit_message_text("two", DANIEL, sent.message_id)
    assert (edited.text, edited.message_id) == ("two", sent.message_id)
    assert edited.edit_date is not None
    assert (await sandbox.next_change(shown, SOON)).text == "two"
    with pytest.raises(BadRequest, match="is not modified"):
        await bot.edit_message_text("two", DANIEL, sent.message_id)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("two", DANIEL, 5)
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("two", DANIEL, sandbox.messages(DANIEL)[0].id)


async def test_edit_reply_markup(sandbox: Sandbox, bot: Bot) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("a", callback_data="a")]])
    sent = await bot.send_message(DANIEL, "keep", reply_markup=keyboard)
    edited = await bot.edit_message_reply_markup(DANIEL, sent.message_id)
    assert (edited.text, edited.reply_markup) == ("keep", None)
    with pytest.raises(BadRequest, match="is not modified"):
        await bot.edit_message_reply_markup(DANIEL, sent.message_id)
    await bot.edit_message_reply_markup(DANIEL, sent.message_id, reply_markup=keyboard)
    assert sandbox.messages(DANIEL)[-1].buttons == [{"text": "a", "callback_data": "a"}]


async def test_delete(sandbox: Sandbox, bot: Bot) -> None:
    sent = await bot.send_message(DANIEL, "gone")
    shown = sandbox.messages(DANIEL)[-1]
    assert await bot.delete_message(DANIEL, sent.message_id)
    assert (await sandbox.next_change(shown, SOON)).deleted
    assert [message.text for message in sandbox.messages(DANIEL)] == ["/start"]
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(DANIEL, sent.message_id)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("back", DANIEL, sent.message_id)


async def test_reply_to_a_message_that_is_gone(sandbox: Sandbox, bot: Bot) -> None:
    gone = ReplyParameters(5, allow_sending_without_reply=True)
    assert (await bot.send_message(DANIEL, "a", reply_parameters=gone)).reply_to_message is None


async def test_chat_action(sandbox: Sandbox, bot: Bot) -> None:
    await bot.send_chat_action(DANIEL, "upload_document")
    assert (await sandbox.next_action(DANIEL, 0, SOON)).action == "upload_document"
    with pytest.raises(BadRequest, match="Wrong parameter action"):
        await bot.send_chat_action(DANIEL, "yawning")


async def test_answer_of_an_unknown_query(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query("17")


async def test_commands_by_scope(bot: Bot) -> None:
    await bot.set_my_commands([BotCommand("swap", "Change sides")])
    await bot.set_my_commands([BotCommand("retrain", "Learn anew")], scope=BotCommandScopeChat(DANIEL))
    assert [c.command for c in await bot.get_my_commands()] == ["swap"]
    assert [c.command for c in await bot.get_my_commands(scope=BotCommandScopeChat(DANIEL))] == ["retrain"]
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()
    with pytest.raises(BadRequest, match="Bot_command_invalid"):
        await bot.set_my_commands([BotCommand("Not-Good", "x")])


async def test_refusals_on_demand(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.refuse("sendMessage", 429, "Too Many Requests: retry after 3", retry_after=3)
    sandbox.refuse("sendMessage", 403, "Forbidden: bot was blocked by the user")
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(DANIEL, "a")
    assert caught.value._retry_after.total_seconds() == 3
    with pytest.raises(Forbidden, match="blocked"):
        await bot.send_message(DANIEL, "a")
    assert (await bot.send_message(DANIEL, "a")).text == "a"


async def test_delete_several(sandbox: Sandbox, bot: Bot) -> None:
    said = [await sandbox.say(DANIEL, text) for text in "abc"]
    assert await bot.delete_messages(DANIEL, [said[0].id, said[2].id, 7])  # what is not there is passed over
    assert [m.text for m in sandbox.messages(DANIEL)] == ["/start", "b"]
    with pytest.raises(BadRequest, match="1 to 100"):
        await bot.delete_messages(DANIEL, [])


async def test_drafts(sandbox: Sandbox, bot: Bot) -> None:
    await bot.send_message_draft(DANIEL, 5)
    await bot.send_message_draft(DANIEL, 5, "<i>Going</i> well", parse_mode="HTML")
    assert (await sandbox.next_draft(DANIEL, 1, SOON)).text == "Going well"
    assert [(d.id, d.text, len(d.entities)) for d in sandbox.drafts(DANIEL)] == [(5, "", 0), (5, "Going well", 1)]
    with pytest.raises(BadRequest, match="Draft_id must be non-zero"):
        await bot.send_message_draft(DANIEL, 0, "a")
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message_draft(DANIEL, 5, "x" * 4097)
    await sandbox.say(DANIEL, "hey", chat_id=-5)
    with pytest.raises(BadRequest, match="private chats only"):
        await bot.send_message_draft(-5, 5, "a")


async def test_reactions(sandbox: Sandbox, bot: Bot) -> None:
    said = await sandbox.say(DANIEL, "hey")
    await bot.set_message_reaction(DANIEL, said.id, "👍")
    assert sandbox.messages(DANIEL)[-1].reaction == "👍"
    await bot.set_message_reaction(DANIEL, said.id)
    assert sandbox.messages(DANIEL)[-1].reaction == ""
    with pytest.raises(BadRequest, match="Message to react not found"):
        await bot.set_message_reaction(DANIEL, 7, "👍")
    with pytest.raises(BadRequest, match="Reaction_invalid"):
        await bot.set_message_reaction(DANIEL, said.id, ["👍", "👎"])


async def test_get_chat(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.set_user(7, "Lena", "de")
    await sandbox.say(7, "hallo", chat_id=-5)
    await sandbox.say(7, "hallo")
    private, group = await bot.get_chat(7), await bot.get_chat(-5)
    assert (private.type, private.first_name, group.type, group.title) == ("private", "Lena", "supergroup", "Group 5")
    assert (await bot.get_updates(offset=-1))[0].message.from_user.language_code == "de"
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.get_chat(8)


async def test_topics_of_a_group(sandbox: Sandbox, bot: Bot) -> None:
    await sandbox.say(DANIEL, "hey", chat_id=-5, topic=3)
    asked = (await bot.get_updates(offset=-1))[0].message
    assert (asked.message_thread_id, asked.is_topic_message) == (3, True)
    sent = await bot.send_message(-5, "hey", message_thread_id=3)
    assert (sent.message_thread_id, sandbox.messages(-5)[-1].topic) == (3, 3)
    assert (await bot.send_message(-5, "to all")).message_thread_id is None


# updates


async def test_offset_confirms_limit_limits(sandbox: Sandbox, bot: Bot) -> None:
    for text in "abc":
        await sandbox.say(DANIEL, text)
    first = await bot.get_updates(limit=2)
    assert [update.message.text for update in first] == ["/start", "a"]
    assert [u.update_id for u in await bot.get_updates(limit=2)] == [u.update_id for u in first]
    rest = await bot.get_updates(offset=first[-1].update_id + 1)
    assert [update.message.text for update in rest] == ["b", "c"]
    assert [update.message.text for update in await bot.get_updates(offset=-1)] == ["c"]
    assert (await bot.get_webhook_info()).pending_update_count == 1
    assert await bot.get_updates(offset=rest[-1].update_id + 1) == ()
    await sandbox.delivered(SOON)


async def test_allowed_updates_hold_from_then_on(sandbox: Sandbox, bot: Bot) -> None:
    await bot.get_updates(allowed_updates=["edited_message"])
    said = await sandbox.say(DANIEL, "not wanted")
    await sandbox.edit(DANIEL, said.id, "wanted")
    updates = await bot.get_updates(offset=0)
    assert [u.effective_message.text for u in updates] == ["/start", "wanted"]  # what came before is still delivered
    await bot.get_updates(allowed_updates=[])
    await sandbox.say(DANIEL, "anything")
    assert (await bot.get_updates(offset=-1))[0].message.text == "anything"


async def test_drop_pending_updates(sandbox: Sandbox, bot: Bot) -> None:
    await bot.delete_webhook()
    assert (await bot.get_webhook_info()).pending_update_count == 1
    await bot.delete_webhook(drop_pending_updates=True)
    assert (await bot.get_webhook_info()).pending_update_count == 0


async def test_long_poll_wakes_on_a_message_and_409_ends_the_older(sandbox: Sandbox, call: Call) -> None:
    await call("deleteWebhook", drop_pending_updates=True)
    polling = sandbox._state.listening
    older = asyncio.create_task(call("getUpdates", timeout=50))
    await sandbox._state.bell.until(lambda: sandbox._state.listening > polling or None, SOON)
    newer = asyncio.create_task(call("getUpdates", timeout=50))
    status, answer = await older
    assert (status, answer["error_code"], answer["ok"]) == (409, 409, False)
    assert answer["description"].startswith("Conflict: terminated by other getUpdates request")
    await sandbox.say(DANIEL, "wake up")
    status, answer = await newer
    assert (status, answer["result"][0]["message"]["text"]) == (200, "wake up")


async def test_a_bot_that_dies_stops_listening_and_loses_nothing(sandbox: Sandbox, call: Call) -> None:
    await call("deleteWebhook", drop_pending_updates=True)
    poll = asyncio.create_task(call("getUpdates", timeout=50))
    await sandbox._state.bell.until(lambda: sandbox._state.listening == 1 or None, SOON)
    poll.cancel()
    await sandbox._state.bell.until(lambda: sandbox._state.listening == 0 or None, SOON)
    await sandbox.say(DANIEL, "still there?")
    assert (await call("getUpdates"))[1]["result"][0]["message"]["text"] == "still there?"


async def test_ids_go_on_over_a_restart(sandbox: Sandbox) -> None:
    """A bot keeps what it has seen in a database: a new sandbox must not give the same ids again."""
    last = await sandbox.say(DANIEL, "last")
    again = Sandbox(TOKEN)
    assert (await again.say(DANIEL, "first")).id > last.id


async def test_the_users_side_is_checked_too(sandbox: Sandbox) -> None:
    for text in ("  ", "x" * 4097):
        with pytest.raises(ValueError, match="message"):
            await sandbox.say(DANIEL, text)
    assert (await sandbox.say(DANIEL, "half an emoji \ud83d")).text == "half an emoji \ufffd"
    with pytest.raises(ValueError, match="another user's private chat"):
        await sandbox.say(DANIEL, "a", chat_id=7)
    with pytest.raises(LookupError):
        await sandbox.say(DANIEL, "a", reply_to=7)
    with pytest.raises(LookupError):
        await sandbox.edit(7, sandbox.messages(DANIEL)[0].id, "a")
    with pytest.raises(ValueError, match="empty"):
        await sandbox.send_file(DANIEL, "a.txt", b"")
    with pytest.raises(TimeoutError):
        await sandbox.next_message(DANIEL, 0, timeout=0)


async def test_webhook_is_pushed_to_in_order_until_it_takes_and_ends_polling(sandbox: Sandbox, call: Call) -> None:
    await call("deleteWebhook", drop_pending_updates=True)
    pushed: list[tuple[str | None, str]] = []
    status = iter([500, 200, 200])

    async def take(request: web.Request) -> web.Response:
        update = await request.json()
        pushed.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), update["message"]["text"]))
        return web.Response(status=next(status))

    app = web.Application()
    app.router.add_post("/hook", take)
    async with TestServer(app) as server:
        url = str(server.make_url("/hook"))
        assert (await call("setWebhook", url=url, secret_token="a-secret"))[0] == 200
        assert (await call("getWebhookInfo"))[1]["result"]["url"] == url
        assert (await call("getUpdates"))[0] == 409
        for text in "ab":
            await sandbox.say(DANIEL, text)
        await sandbox.delivered(SOON)
        assert pushed == [("a-secret", "a"), ("a-secret", "a"), ("a-secret", "b")]
        await call("deleteWebhook")
    await sandbox.say(DANIEL, "c")
    assert len((await call("getUpdates"))[1]["result"]) == 1


@pytest.mark.parametrize(
    ("url", "secret", "line"),
    [
        ("https://example.org/hook", "", "a loopback address only"),
        ("file:///etc/passwd", "", "a loopback address only"),
        ("http://[::1", "", "a loopback address only"),
        ("http://127.0.0.1:99999", "", "a loopback address only"),
        ("http://127.0.0.1/hook", "a secret", "unallowed characters"),
    ],
)
async def test_bad_webhook(call: Call, url: str, secret: str, line: str) -> None:
    status, answer = await call("setWebhook", url=url, secret_token=secret)
    assert status == 400 and line in answer["description"]
    assert (await call("getUpdates"))[0] == 200
