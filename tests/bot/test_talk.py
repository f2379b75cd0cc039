"""Talking with the twin: answers, order, persona, swap, reset, restart."""

import base64
from typing import Any

import pytest
from telegram import BotCommandScopeAllGroupChats, BotCommandScopeAllPrivateChats, BotCommandScopeChat

from bot import presence
from bot.menus import ADMIN, GROUP, PRIVATE
from bot.texts import Words
from storage.store import Place, Preferences
from twin.engine import EngineError
from twin.errors import TwinError

DANIEL, GUEST, STRANGER, SOON = 1001, 1002, 6666, 20.0
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
World = Any


async def test_start_says_what_it_is_and_who_answers(world: World) -> None:
    said = await world.ask("/start")
    assert "This is an AI" in said
    assert "Now Lisa answers, and you write as Daniel." in said
    assert "/persona" in said and "/swap" in said and "/reset" in said
    assert "/retrain" not in said


async def test_help_lists_commands_and_those_of_admins_to_admins(world: World) -> None:
    assert "/retrain" in await world.ask("/help")
    assert "/retrain" not in await world.ask("/help", GUEST)


async def test_unknown_command(world: World) -> None:
    assert "/help" in await world.ask("/dance")
    assert "Did you mean /persona?" in await world.ask("/personna")
    assert "/retrain" in await world.ask("/retrian")
    assert "/retrain" not in await world.ask("/retrian", GUEST)
    assert world.engine.requests == []


async def test_menus_are_set_for_each_language_and_kind_of_chat(world: World) -> None:
    async def menu(scope: Any, language: str | None = None) -> dict[str, str]:
        found = await world.application.bot.get_my_commands(scope, language)
        return {command.command: command.description for command in found}

    private = await menu(BotCommandScopeAllPrivateChats())
    assert set(private) == set(PRIVATE)
    german = await menu(BotCommandScopeAllPrivateChats(), "de")
    assert set(german) == set(private) and german["swap"] == Words("de").command("swap") != private["swap"]
    assert set(await menu(BotCommandScopeAllGroupChats())) == set(GROUP)
    await world.ask("Hey")
    await world.stop()
    await world.start()  # Telegram knows the admin's chat from now on
    assert set(await menu(BotCommandScopeChat(DANIEL), "de")) == {*PRIVATE, *ADMIN}


async def test_answer_comes_from_the_history(world: World) -> None:
    assert await world.ask("Hey") == "Lisa heard Hey"
    assert await world.ask("How are you?") == "Lisa heard How are you?"
    request = world.engine.requests[-1]
    assert (request.adapter, request.speaker) == ("daniel", "Lisa")
    assert [(turn.speaker, turn.text) for turn in request.turns] == [
        ("Daniel", "Hey"),
        ("Lisa", "Lisa heard Hey"),
        ("Daniel", "How are you?"),
    ]
    assert request.at.tzinfo is None
    assert all(abs((request.at - turn.at).total_seconds()) < 300 for turn in request.turns)


async def test_typing_is_shown_while_it_thinks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "EVERY", 0.05)
    gate = world.engine.hold("Lisa")
    said = await world.sandbox.say(DANIEL, "Hey")
    for number in range(3):  # kept alive
        assert (await world.sandbox.next_action(DANIEL, number, SOON)).action == "typing"
    gate.set()
    assert (await world.next(said)).text == "Lisa heard Hey"


async def test_other_kinds_are_not_seen_but_noted(world: World) -> None:
    await world.sandbox.send_file(GUEST, "notes.pdf", b"some notes")
    await world.settled()
    assert world.said(GUEST)[-1] == "I can't see it, only that it's a file. Tell me in words."
    assert world.engine.requests == []
    assert await world.history(GUEST) == [("Daniel", "[file]")]


VOICE = {"file_id": "f", "file_unique_id": "u", "duration": 3}
VIDEO = {**VOICE, "width": 1, "height": 1}
STICKER = {"file_id": "f", "file_unique_id": "u", "type": "regular", "width": 1, "height": 1}
PLACE = {"latitude": 48.1, "longitude": 11.6}


@pytest.mark.parametrize(
    ("kind", "content", "note"),
    [
        ("sticker", {**STICKER, "is_animated": False, "is_video": False, "emoji": "😀"}, "[sticker 😀]"),
        ("voice", VOICE, "[voice message]"),
        ("audio", VOICE, "[piece of music]"),
        ("video", VIDEO, "[video]"),
        ("video_note", {**VOICE, "length": 1}, "[video message]"),
        ("location", PLACE, "[location]"),
        ("venue", {"location": PLACE, "title": "Home", "address": "Street 1"}, "[location]"),
        ("contact", {"phone_number": "1", "first_name": "Anna"}, "[contact]"),
        ("dice", {"emoji": "🎲", "value": 1}, "[dice]"),
    ],
)
async def test_kinds_that_the_page_cannot_send(world: World, kind: str, content: dict[str, Any], note: str) -> None:
    state = world.sandbox._state
    sent = state.add_message(*reversed(state.enter(DANIEL, None)))
    state.add_update("message", sent.to_api() | {kind: content})
    assert "can't see it" in (await world.next(sent)).text
    assert await world.history() == [("Daniel", note)]


async def test_what_is_written_with_a_picture_is_answered(world: World) -> None:
    said = await world.sandbox.send_file(DANIEL, "cat.png", PNG, "my cat")
    assert (await world.next(said)).text == "Lisa heard [photo] my cat"


async def test_reply_to_an_older_message_takes_it_along(world: World) -> None:
    first = await world.sandbox.say(DANIEL, "Shall we meet\nat six?")
    answer = await world.next(first)
    await world.ask("something else")
    reply = await world.sandbox.say(DANIEL, "that one", reply_to=first.id)
    last = await world.next(reply)
    assert last.text == "Lisa heard «Shall we meet at six?» that one"
    reply = await world.sandbox.say(DANIEL, "really?", reply_to=answer.id)
    assert "«Lisa heard Shall we meet at six?» really?" in (await world.next(reply)).text
    last = world.sandbox.messages(DANIEL)[-1]
    reply = await world.sandbox.say(DANIEL, "to the last one", reply_to=last.id)
    assert (await world.next(reply)).text == "Lisa heard to the last one"


class TestEdits:
    async def test_history_has_what_the_message_says_now(self, world: World) -> None:
        said = await world.sandbox.say(DANIEL, "Hey")
        await world.next(said)
        await world.sandbox.edit(DANIEL, said.id, "Hello")
        await world.settled()
        assert await world.history() == [("Daniel", "Hello"), ("Lisa", "Lisa heard Hey")]
        assert len(world.engine.requests) == 1

    async def test_what_stands_around_the_text_stays(self, world: World) -> None:
        first = await world.sandbox.say(DANIEL, "six?")
        await world.next(first)
        await world.ask("something else")
        reply = await world.sandbox.say(DANIEL, "that", reply_to=first.id)
        last = await world.next(reply)
        to_the_last = await world.sandbox.say(DANIEL, "this", reply_to=last.id)
        await world.next(to_the_last)
        photo = await world.sandbox.send_file(DANIEL, "cat.png", PNG, "my cat")
        await world.next(photo)
        for message, text in ((reply, "that one"), (to_the_last, "this one"), (photo, "our cat")):
            await world.sandbox.edit(DANIEL, message.id, text)
        await world.settled()
        said = [text for speaker, text in await world.history() if speaker == "Daniel"]
        assert said[2:] == ["«six?» that one", "this one", "[photo] our cat"]

    async def test_answer_in_the_making_is_made_anew(self, world: World) -> None:
        gate = world.engine.hold("Lisa")
        said = await world.sandbox.say(DANIEL, "Hey")
        await world.next_request(0)
        await world.sandbox.edit(DANIEL, said.id, "Hello")
        await world.next_request(1)
        gate.set()
        assert (await world.next(said)).text == "Lisa heard Hello"
        assert await world.history() == [("Daniel", "Hello"), ("Lisa", "Lisa heard Hello")]


async def test_long_answer_is_split_at_sentences(world: World) -> None:
    sentences = [f"This is sentence {number} of a long answer." for number in range(300)]
    world.engine.reply = lambda _: " ".join(sentences)
    await world.sandbox.say(DANIEL, "Hey")
    await world.settled()
    assert len(world.said()) > 1
    assert all(part.endswith(" of a long answer.") and len(part) <= 4096 for part in world.said())
    assert " ".join(world.said()) == " ".join(sentences)
    assert (await world.history())[-1] == ("Lisa", " ".join(sentences))


async def test_silence_is_told_and_not_remembered(world: World) -> None:
    world.engine.reply = lambda _: ""
    assert await world.ask("Hey") == "(Lisa says nothing to that.)"
    assert len(world.engine.requests) == 2
    assert await world.history() == [("Daniel", "Hey")]


class TestPersona:
    async def test_by_name_in_any_case(self, world: World) -> None:
        assert "Peter answers, and you write as Daniel" in await world.ask("/persona pETER")
        assert await world.ask("Hey") == "Peter heard Hey"

    async def test_by_button(self, world: World) -> None:
        said = await world.sandbox.say(DANIEL, "/persona")
        offer = await world.next(said)
        buttons = {button["text"]: button["callback_data"] for button in offer.buttons}
        assert set(buttons) == {"Daniel", "Lisa", "Peter"}
        query = await world.sandbox.press(DANIEL, offer.id, buttons["Daniel"])
        assert "Daniel answers, and you write as Lisa" in (await world.next(offer)).text
        assert (await world.sandbox.answer(query, SOON)).text == ""

    async def test_of_all_promoted_adapters(self, idle_world: World, adapter_writer: Any) -> None:
        adapter_writer(idle_world.adapters, "zoe", [("Zoe", "Lisa")])
        await idle_world.start()
        offer = await idle_world.next(await idle_world.sandbox.say(DANIEL, "/persona"))
        buttons = {button["text"]: button["callback_data"] for button in offer.buttons}
        assert set(buttons) == {"Daniel", "Lisa (daniel)", "Peter", "Zoe", "Lisa (zoe)"}
        await idle_world.sandbox.press(DANIEL, offer.id, buttons["Lisa (zoe)"])
        assert "Lisa answers, and you write as Zoe" in (await idle_world.next(offer)).text
        await idle_world.ask("Hey")
        assert idle_world.engine.requests[-1].adapter == "zoe"
        await idle_world.stop()
        await idle_world.start()  # remembered
        await idle_world.ask("Hey")
        assert idle_world.engine.requests[-1].adapter == "zoe"

    async def test_button_of_one_who_is_gone(self, world: World) -> None:
        offer = await world.next(await world.sandbox.say(DANIEL, "/persona"))
        data = next(button["callback_data"] for button in offer.buttons if button["text"] == "Lisa")
        (world.adapters.root / "daniel" / "CURRENT").unlink()
        answer = await world.sandbox.answer(await world.sandbox.press(DANIEL, offer.id, data), SOON)
        assert "not there any more" in answer.text

    async def test_unknown_name_offers_the_nearest(self, world: World) -> None:
        assert await world.ask("/persona Liza") == "I know no Liza. Did you mean Lisa?"
        assert "/persona shows" in await world.ask("/persona Xaver")

    async def test_nothing_told_to_one_reaches_the_other(self, world: World) -> None:
        await world.ask("my secret")
        await world.ask("/persona Peter")
        await world.ask("Hey")
        assert [turn.text for turn in world.engine.requests[-1].turns] == ["Hey"]
        await world.ask("/persona Lisa")
        await world.ask("still there?")
        assert world.engine.requests[-1].turns[0].text == "my secret"

    async def test_message_before_the_switch_is_answered_by_whom_it_was_written_to(self, world: World) -> None:
        gate = world.engine.hold("Lisa")
        await world.sandbox.say(DANIEL, "for Lisa")
        await world.next_request(0)
        await world.sandbox.say(DANIEL, "for Lisa too")
        assert "Peter answers" in await world.ask("/persona Peter")
        gate.set()
        await world.settled()
        assert world.said()[1:] == ["Lisa: Lisa heard for Lisa too"]
        assert await world.history() == []


class TestSwap:
    async def test_same_turns_other_speaker(self, world: World) -> None:
        await world.ask("Hey")
        thread = await world.thread()
        assert "now Daniel answers, and you write as Lisa." in await world.ask("/swap")
        await world.ask("And you?")
        request = world.engine.requests[-1]
        assert request.speaker == "Daniel"
        assert [(turn.speaker, turn.text) for turn in request.turns] == [
            ("Daniel", "Hey"),
            ("Lisa", "Lisa heard Hey"),
            ("Lisa", "And you?"),
        ]
        assert (await world.thread()).id == thread.id
        assert "now Lisa answers" in await world.ask("/swap")


class TestReset:
    async def test_history_is_forgotten(self, world: World) -> None:
        await world.ask("Hey")
        assert "forgotten" in await world.ask("/reset")
        await world.ask("again")
        assert [turn.text for turn in world.engine.requests[-1].turns] == ["again"]

    async def test_with_nothing_said_yet(self, world: World) -> None:
        assert "nothing to forget" in await world.ask("/reset")

    async def test_answer_in_the_making_and_those_behind_it_are_dropped(self, world: World) -> None:
        world.engine.hold("Lisa")
        await world.sandbox.say(DANIEL, "one")
        await world.next_request(0)
        await world.sandbox.say(DANIEL, "two")
        await world.next_request(1)
        assert "forgotten" in await world.ask("/reset")
        await world.settled()
        assert await world.history() == []
        assert len(world.said()) == 1
        assert len(world.engine.requests) == 2


class TestOrder:
    async def test_messages_stay_in_order_and_the_last_one_is_answered(self, world: World) -> None:
        for number in range(20):
            await world.sandbox.say(DANIEL, f"{number}")
        await world.settled()
        assert world.said()[-1] == "Lisa heard 19"
        assert [text for speaker, text in await world.history() if speaker == "Daniel"] == [str(n) for n in range(20)]
        assert (await world.history())[-1] == ("Lisa", "Lisa heard 19")

    async def test_message_that_comes_just_before_the_engine_is_asked_is_answered_next(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await world.ask("Hey")
        preferences = world.store.preferences  # is asked for between the two

        async def late(place: Place) -> Preferences:
            monkeypatch.undo()
            await world.sandbox.say(DANIEL, "two")
            while ("Daniel", "two") not in await world.history():
                await world.tick()
            return await preferences(place)

        monkeypatch.setattr(world.store, "preferences", late)
        await world.sandbox.say(DANIEL, "one")
        await world.settled()
        assert world.said()[1:] == ["Lisa heard one", "Lisa heard two"]
        assert [text for _, text in await world.history()][2:] == ["one", "Lisa heard one", "two", "Lisa heard two"]

    async def test_commands_do_not_wait_for_the_answer(self, world: World) -> None:
        gate = world.engine.hold("Lisa")
        said = await world.sandbox.say(DANIEL, "Hey")
        await world.next_request(0)
        helped = await world.next(await world.sandbox.say(DANIEL, "/help"))
        assert "/persona" in helped.text
        gate.set()
        assert (await world.next(helped)).text == "Lisa heard Hey"
        assert said.id < helped.id

    async def test_chats_do_not_wait_for_each_other(self, world: World) -> None:
        gate = world.engine.hold("Lisa")
        mine = await world.sandbox.say(DANIEL, "slow")
        await world.next_request(0)
        await world.ask("/persona Peter", GUEST)
        assert await world.ask("quick", GUEST) == "Peter heard quick"
        assert world.said() == []
        gate.set()
        assert (await world.next(mine)).text == "Lisa heard slow"


class TestFailures:
    @pytest.mark.parametrize("error", [EngineError("out of memory"), TwinError("no adapter"), ZeroDivisionError("1/0")])
    async def test_engine_fails(self, world: World, error: Exception, caplog: pytest.LogCaptureFixture) -> None:
        world.engine.reply = lambda _: error
        assert "cannot answer right now" in await world.ask("my secret")
        assert await world.store.pending() == []
        assert "not answered" in caplog.text
        assert "my secret" not in caplog.text
        world.engine.reply = lambda _: "back again"
        assert await world.ask("Hey") == "back again"

    async def test_no_adapter_yet(self, idle_world: World) -> None:
        (idle_world.adapters.root / "daniel" / "CURRENT").unlink()
        await idle_world.start()
        for text in ("/start", "Hey", "/persona", "/swap", "/retrain"):
            said = await idle_world.ask(text)
            assert "no adapter has been trained" in said or "without a way to train" in said

    async def test_handler_that_fails_is_excused(self, idle_world: World, caplog: pytest.LogCaptureFixture) -> None:
        await idle_world.start(adapter="daniel")
        version = idle_world.adapters.current_version("daniel")
        (idle_world.adapters.root / "daniel" / version / "twin.json").write_text("{")
        assert "did not work" in await idle_world.ask("my secret")
        assert "twin.json cannot be used" in caplog.text
        assert "my secret" not in caplog.text
        assert await idle_world.store.pending() == []

    async def test_broken_adapter_stands_in_no_others_way(
        self, idle_world: World, adapter_writer: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        version = adapter_writer(idle_world.adapters, "anna", [("Anna", "Zoe")])
        (idle_world.adapters.root / "anna" / version / "twin.json").write_text("{")
        await idle_world.start()
        assert await idle_world.ask("Hey") == "Lisa heard Hey"
        offer = await idle_world.next(await idle_world.sandbox.say(DANIEL, "/persona"))
        assert {button["text"] for button in offer.buttons} == {"Daniel", "Lisa", "Peter"}
        assert "adapter anna is left out" in caplog.text


class TestRestart:
    async def test_history_is_kept(self, world: World) -> None:
        await world.ask("Hey")
        await world.stop()
        await world.start()
        await world.ask("still there?")
        assert [turn.text for turn in world.engine.requests[-1].turns] == ["Hey", "Lisa heard Hey", "still there?"]

    async def test_unanswered_messages_are_answered_once_and_in_order(self, world: World) -> None:
        gate = world.engine.hold("Lisa")
        for text in ("one", "two", "three"):
            await world.sandbox.say(DANIEL, text)
        await world.next_request(0)
        while len(await world.history()) < 3:  # all of them wait
            await world.tick()
        await world.stop()
        assert world.said() == []
        gate.set()
        await world.start()
        await world.settled()
        assert world.said() == ["Lisa heard three"]
        assert [text for _, text in await world.history()] == ["one", "two", "three", "Lisa heard three"]

    async def test_messages_sent_meanwhile_are_answered(self, world: World) -> None:
        await world.stop()
        said = await world.sandbox.say(DANIEL, "anyone?")
        await world.start()
        assert (await world.next(said)).text == "Lisa heard anyone?"

    async def test_recorded_answer_is_sent_after_an_outage(self, world: World) -> None:
        for _ in range(10):
            world.sandbox.refuse("sendMessage", 502, "Bad Gateway")
        await world.sandbox.say(DANIEL, "Hey")
        while not await world.store.unsent_chats():
            await world.tick()
        await world.stop()
        assert world.said() == []
        world.sandbox._state.refusals.clear()
        await world.start()
        await world.settled()
        assert world.said() == ["Lisa heard Hey"]
        assert len(world.engine.requests) == 1

    async def test_many_orderly_stops_in_the_middle_of_an_answer_lose_nothing(self, world: World) -> None:
        gate = world.engine.hold("Lisa")
        said = await world.sandbox.say(DANIEL, "Hey")
        for number in range(5):
            await world.next_request(number)
            await world.stop()
            await world.start()
        gate.set()
        assert (await world.next(said)).text == "Lisa heard Hey"

    async def test_waiting_message_whose_persona_is_gone_is_done_after_a_restart(self, world: World) -> None:
        gate = world.engine.hold("Lisa")
        await world.sandbox.say(DANIEL, "anyone?")
        await world.next_request(0)
        await world.stop()
        (world.adapters.root / "daniel" / "CURRENT").unlink()
        world.engine.reply = lambda _: TwinError("no adapter")
        gate.set()
        await world.start()
        await world.settled()
        assert world.said() == [Words("en")("cannot_answer")]

    async def test_waiting_message_whose_sender_is_refused_is_done_after_a_restart(self, world: World) -> None:
        world.engine.hold("Lisa")
        await world.sandbox.say(GUEST, "anyone?")
        await world.next_request(0)
        await world.stop()
        await world.start(allowed_ids=frozenset())
        await world.settled()
        assert world.said(GUEST) == [Words("en")("refused", number=GUEST)]


class TestAccess:
    async def test_stranger_is_refused_with_their_number(self, world: World) -> None:
        for text in ("/start", "/persona Lisa", "/swap", "/reset", "/retrain", "Hey", "/nothing"):
            assert "6666" in await world.ask(text, STRANGER)
        assert world.engine.requests == []
        assert await world.store.pending() == []

    async def test_button_of_someone_who_may_no_longer_write(self, world: World) -> None:
        await world.ask("Hey", GUEST)
        offer = await world.next(await world.sandbox.say(GUEST, "/persona"), GUEST)
        before = await world.thread(GUEST)
        await world.stop()
        await world.start(allowed_ids=frozenset())
        peter = next(button["callback_data"] for button in offer.buttons if button["text"] == "Peter")
        answer = await world.sandbox.answer(await world.sandbox.press(GUEST, offer.id, peter), SOON)
        assert str(GUEST) in answer.text and answer.alert
        await world.settled()
        assert await world.thread(GUEST) == before

    async def test_everyone_if_the_settings_say_so(self, idle_world: World) -> None:
        await idle_world.start(allow_everyone=True)
        assert await idle_world.ask("Hey", STRANGER) == "Lisa heard Hey"
