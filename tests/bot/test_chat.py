"""Bursts and bubbles, undo, again, thumbs, modes, simulations, and what a chat chooses and forgets."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot import simulate
from bot.bubbles import bubbles_of
from bot.burst import Burst
from bot.texts import Words
from storage.store import Place
from twin.engine import NEXT_MESSAGE
from twin.manifest import Rhythm

DANIEL, GUEST, SOON = 1001, 1002, 20.0
WORDS = Words("en")
World = Any


class TestBurst:
    def test_each_message_puts_the_answer_off_up_to_the_cap(self) -> None:
        burst = Burst(first=0, last=0)
        assert burst.due(window=2, most=5) == 2
        burst.last = 1.5
        assert burst.due(window=2, most=5) == 3.5
        burst.last = 4.9
        assert burst.due(window=2, most=5) == 5
        assert burst.joins(4.9, most=5) and not burst.joins(5, most=5)

    async def test_messages_in_a_row_are_answered_together(self, idle_world: World) -> None:
        await idle_world.start(burst_window=timedelta(seconds=0.5))
        for text in ("one", "two", "three"):
            await idle_world.sandbox.say(DANIEL, text)
        helped = await idle_world.ask("/help")  # commands pass at once
        assert "/persona" in helped
        await idle_world.settled()
        assert idle_world.said()[1:] == ["Lisa heard three"]
        assert len(idle_world.engine.requests) == 1

    async def test_message_that_comes_while_the_twin_thinks_joins_in(self, world: World) -> None:
        gate = world.engine.hold("Lisa")
        await world.sandbox.say(DANIEL, "one")
        await world.next_request(0)
        said = await world.sandbox.say(DANIEL, "two")
        await world.next_request(1)
        gate.set()
        assert (await world.next(said)).text == "Lisa heard two"
        await world.settled()
        assert [text for _, text in await world.history()] == ["one", "two", "Lisa heard two"]

    async def test_after_the_cap_it_is_answered_next(self, idle_world: World) -> None:
        await idle_world.start(burst_most=timedelta(0))
        gate = idle_world.engine.hold("Lisa")
        await idle_world.sandbox.say(DANIEL, "one")
        await idle_world.next_request(0)
        await idle_world.sandbox.say(DANIEL, "two")
        await idle_world.ask("/help")
        gate.set()
        await idle_world.settled()
        assert idle_world.said()[1:] == ["Lisa heard one", "Lisa heard two"]
        assert [text for _, text in await idle_world.history()] == ["one", "Lisa heard one", "two", "Lisa heard two"]


class TestBubbles:
    async def test_burst_mode_sends_messages_of_their_own(self, world: World) -> None:
        world.engine.pieces = lambda _: [" Hi", NEXT_MESSAGE, " How", " are you?"]
        assert await world.ask("/mode burst") == WORDS("mode_is", mode="burst")
        await world.sandbox.say(DANIEL, "Hey")
        await world.settled()
        assert world.engine.requests[-1].mode == "burst"
        assert world.said()[1:] == ["Hi", "How are you?"]
        assert await world.history() == [("Daniel", "Hey"), ("Lisa", "Hi"), ("Lisa", "How are you?")]
        assert world.sandbox.messages(DANIEL)[-1].buttons and not world.sandbox.messages(DANIEL)[-2].buttons

    @pytest.mark.parametrize(("rhythm", "pause"), [(Rhythm(), 1.5), (Rhythm(2.0, 0.1), 2.5), (Rhythm(9.0, 0), 4.0)])
    def test_pace_is_the_speakers_and_capped(self, rhythm: Rhythm, pause: float) -> None:
        texts = ["at once", "short", "x" * 500]
        found = bubbles_of(texts, "Lisa", datetime(2023, 5, 4), rhythm, longest_pause=4.0)
        assert [bubble.pause for bubble in found] == [0, pause, 4.0]
        assert [bubble.turn.text for bubble in found] == texts

    @pytest.mark.parametrize(("learned", "pause"), [({"Lisa": Rhythm(700.0, 10.0)}, 730.0), ({}, 0.9)])
    async def test_bubbles_come_at_the_pace_that_the_version_has_learned(
        self, idle_world: World, learned: dict[str, Rhythm], pause: float
    ) -> None:
        world = idle_world
        adapter = world.adapters.load("daniel")
        (adapter.path / "twin.json").write_text(replace(adapter.manifest, rhythm=learned).to_json(), "utf-8")
        world.engine.version = adapter.version
        world.engine.pieces = lambda _: [" Hi", NEXT_MESSAGE, " you"]
        await world.start(bubble_pause=timedelta(hours=1), mode="burst")
        unsent = world.store.unsent
        seen: list[list[float]] = []

        async def noted(chat_id: int, **bound: int) -> Any:
            found = await unsent(chat_id, **bound)
            seen.append([outgoing.pause for outgoing in found])
            return found

        world.store.unsent = noted
        assert await world.ask("Hey") == "Hi"
        assert seen[0] == [0, pytest.approx(pause)]

    @pytest.fixture
    async def typing_world(self, idle_world: World) -> World:
        """The first of four bubbles is sent, and the twin types the second, for minutes."""
        pieces = [" Hi", NEXT_MESSAGE, " 2" * 2000, NEXT_MESSAGE, " 3" * 2000, NEXT_MESSAGE, " 4" * 2000]
        idle_world.engine.pieces = lambda _: pieces
        await idle_world.start(bubble_pause=timedelta(hours=1), mode="burst")
        assert await idle_world.ask("Hey") == "Hi"
        await idle_world.sandbox.next_action(DANIEL, 0, SOON)
        return idle_world

    async def test_what_comes_next_does_not_wait_for_the_pauses(self, typing_world: World) -> None:
        await typing_world.sandbox.say(DANIEL, "/mode burst")
        await typing_world.settled()
        assert [text[:3] for text in typing_world.said()[:-1]] == ["Hi", "2 2", "3 3", "4 4"]
        assert typing_world.said()[-1] == WORDS("mode_is", mode="burst")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("/undo", [WORDS("undone", yours=1, answers=4)]),
            ("/reset", ["Hi", WORDS("reset", speaker="Lisa")]),
        ],
    )
    async def test_bubbles_that_are_taken_back_are_not_sent(
        self, typing_world: World, text: str, said: list[str]
    ) -> None:
        await typing_world.sandbox.say(DANIEL, text)
        await typing_world.until(lambda: typing_world.said()[-1:] == said[-1:] and typing_world.said()[:1] == said[:1])
        await typing_world.settled()
        assert typing_world.said() == said

    async def test_answer_is_streamed_where_the_settings_say_so(
        self, idle_world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drafts: list[str] = []
        show = idle_world.sandbox._state.draft

        def draft(*arguments: Any) -> None:
            drafts.append(arguments[2])
            show(*arguments)

        monkeypatch.setattr(idle_world.sandbox._state, "draft", draft)
        await idle_world.start(stream=True)
        assert await idle_world.ask("Hey") == "Lisa heard Hey"
        assert drafts[0] == "Lisa" and idle_world.engine.requests[0].stream


class TestMending:
    async def test_undo_takes_back_answer_and_question(self, world: World) -> None:
        await world.ask("one")
        await world.ask("two")
        assert await world.ask("/undo") == WORDS("undone", yours=1, answers=1)
        assert [text for _, text in await world.history()] == ["one", "Lisa heard one"]
        await world.until(lambda: "Lisa heard two" not in world.said())
        await world.ask("three")
        assert [turn.text for turn in world.engine.requests[-1].turns] == ["one", "Lisa heard one", "three"]

    async def test_undo_of_what_is_not_answered_yet(self, world: World) -> None:
        world.engine.hold("Lisa")
        await world.sandbox.say(DANIEL, "one")
        await world.next_request(0)
        assert await world.ask("/undo") == WORDS("undone", yours=1, answers=0)
        await world.settled()
        assert await world.history() == [] and len(world.said()) == 1

    async def test_nothing_to_undo(self, world: World) -> None:
        assert await world.ask("/undo") == WORDS("nothing_to_undo")

    async def test_again_makes_another_answer(self, world: World) -> None:
        answer = await world.next(await world.sandbox.say(DANIEL, "Hey"))
        again = answer.buttons[2]["callback_data"]
        world.engine.reply = lambda _: "another one"
        await world.sandbox.press(DANIEL, answer.id, again)
        late = await world.sandbox.press(DANIEL, answer.id, again)
        assert (await world.next(answer)).text == "another one"
        assert (await world.sandbox.answer(late, SOON)).text == WORDS("not_the_last")
        await world.settled()
        assert world.said() == ["another one"]
        assert await world.history() == [("Daniel", "Hey"), ("Lisa", "another one")]

    async def test_buttons_stand_under_the_last_answer_alone(self, world: World) -> None:
        first = await world.next(await world.sandbox.say(DANIEL, "one"))
        await world.ask("two")
        await world.until(lambda: [len(m.buttons) for m in world.sandbox.messages(DANIEL) if m.is_from_bot] == [0, 3])
        with pytest.raises(LookupError):
            await world.sandbox.press(DANIEL, first.id, first.buttons[2]["callback_data"])

    async def test_thumbs_are_kept_with_version_and_context(self, world: World) -> None:
        answer = await world.next(await world.sandbox.say(DANIEL, "Hey"))
        good, bad, _ = (button["callback_data"] for button in answer.buttons)
        for data in (bad, good, good):
            query = await world.sandbox.press(DANIEL, answer.id, data)
            assert (await world.sandbox.answer(query, SOON)).text == WORDS("thanks")
        (kept,) = await world.store.feedback()
        assert (kept.adapter, kept.version, kept.rating) == ("daniel", "v1", 1)
        assert (kept.context, kept.speaker, kept.answer) == ((("Daniel", "Hey"),), "Lisa", "Lisa heard Hey")

    async def test_thumb_of_an_answer_that_is_gone(self, world: World) -> None:
        answer = await world.next(await world.sandbox.say(DANIEL, "Hey"))
        await world.ask("/reset")
        query = await world.sandbox.press(DANIEL, answer.id, answer.buttons[0]["callback_data"])
        assert (await world.sandbox.answer(query, SOON)).text == WORDS("gone")


class TestSides:
    async def test_me_by_name_and_button(self, world: World) -> None:
        assert "Lisa answers, and you write as Peter" in await world.ask("/me peter")
        await world.ask("Hey")
        assert world.engine.requests[-1].turns[-1].speaker == "Peter"
        offer = await world.next(await world.sandbox.say(DANIEL, "/me"))
        lisa = next(button for button in offer.buttons if button["text"] == "Lisa")
        await world.sandbox.press(DANIEL, offer.id, lisa["callback_data"])
        assert "Peter answers, and you write as Lisa" in (await world.next(offer)).text
        assert "Did you mean Lisa?" in await world.ask("/me Liza")

    async def test_simulation_goes_on_until_its_turns_are_said(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(simulate, "PAUSE", 0.0)
        world.engine.reply = lambda request: f"turn {len(request.turns)}"
        await world.sandbox.say(DANIEL, "/simulate peter lisa 3 What's up?")
        await world.until(lambda: world.said()[-1:] == [WORDS("simulation_ended")])
        assert world.said()[1:-1] == ["Peter: What's up?", "Lisa: turn 1", "Peter: turn 2"]
        assert await world.store.current_thread(Place(DANIEL)) is not None
        assert await world.history() == []

    async def test_simulation_is_stopped_by_its_button(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(simulate, "PAUSE", 0.0)
        gate = world.engine.hold("Daniel")
        world.engine.reply = lambda request: f"turn {len(request.turns)}"
        opened = await world.next(await world.sandbox.say(DANIEL, "/simulate"))
        assert "Daniel and Lisa" in opened.text
        assert await world.ask("/simulate") == WORDS("simulation_runs")
        query = await world.sandbox.press(DANIEL, opened.id, opened.buttons[0]["callback_data"])
        again = await world.sandbox.press(DANIEL, opened.id, opened.buttons[0]["callback_data"])
        for pressed in (query, again):
            assert (await world.sandbox.answer(pressed, SOON)).text == ""
        gate.set()
        await world.until(lambda: world.said()[-1] == WORDS("simulation_ended"))
        assert len(world.said()) == 3

    async def test_stop_button_of_one_that_is_over(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(simulate, "PAUSE", 0.0)
        opened = await world.next(await world.sandbox.say(DANIEL, "/simulate Lisa Daniel 1 Hello"))
        await world.until(lambda: world.said()[-1] == WORDS("simulation_ended"))
        await world.until(lambda: not world.application.bot_data["parts"].simulations._tasks)
        query = await world.sandbox.press(DANIEL, opened.id, opened.buttons[0]["callback_data"])
        assert (await world.sandbox.answer(query, SOON)).text == WORDS("gone")

    @pytest.mark.parametrize("text", ["/simulate Liza Peter", "/simulate Lisa"])
    async def test_simulation_of_nobody(self, world: World, text: str) -> None:
        assert (await world.ask(text)).startswith("Whom?")
        assert world.engine.requests == []


class TestChoices:
    async def test_status(self, world: World) -> None:
        await world.ask("Hey")
        said = await world.ask("/status")
        assert "Lisa answers" in said and world.adapters.current_version("daniel") in said
        assert "Turns in this conversation: 2" in said and "Temperature: 0.8" in said

    async def test_temperature(self, world: World) -> None:
        await world.ask("/temperature 0,3")
        await world.ask("Hey")
        assert world.engine.requests[-1].sampling.temperature == 0.3
        assert await world.ask("/temperature hot") == await world.ask("/temperature 3") == WORDS("temperature_which")
        await world.ask("/temperature")
        await world.ask("Hey")
        assert world.engine.requests[-1].sampling is None

    async def test_unknown_mode(self, world: World) -> None:
        assert await world.ask("/mode loud") == WORDS("mode_which", mode="first")

    async def test_language_by_choice_and_by_user(self, world: World) -> None:
        german = Words("de")
        assert await world.ask("/language de") == german("language_is")
        assert await world.ask("/undo") == german("nothing_to_undo")
        await world.stop()
        await world.start()
        assert await world.ask("/undo") == german("nothing_to_undo")
        assert await world.ask("/language fr") == german("language_which", known="en oder de")
        assert await world.ask("/undo", GUEST) == WORDS("nothing_to_undo")

    async def test_of_a_german_user_without_a_choice(self, world: World) -> None:
        world.sandbox.set_user(GUEST, "Emma", "de")
        assert await world.ask("/undo", GUEST) == Words("de")("nothing_to_undo")
        assert Words("de")("ai_notice") in await world.ask("/start", GUEST)
        sent = await world.sandbox.send_file(GUEST, "notes.pdf", b"some notes")
        assert "nur die Art: Datei" in (await world.next(sent, GUEST)).text

    async def test_choices_are_of_one_chat(self, world: World) -> None:
        await world.ask("/mode burst")
        await world.ask("Hey", GUEST)
        assert world.engine.requests[-1].mode == "first"


class TestPrivacy:
    async def test_what_is_stored(self, idle_world: World) -> None:
        await idle_world.start(retention_days=30)
        said = await idle_world.ask("/privacy")
        assert "This is an AI" in said and "30 days" in said and "/forget" in said

    async def test_forget_deletes_all_of_this_chat_and_nothing_else(self, world: World) -> None:
        answer = await world.next(await world.sandbox.say(DANIEL, "my secret"))
        await world.sandbox.press(DANIEL, answer.id, answer.buttons[0]["callback_data"])
        await world.ask("/persona Peter")
        await world.ask("my other secret")
        await world.ask("/mode burst")
        await world.ask("Hey", GUEST)
        question = await world.next(await world.sandbox.say(DANIEL, "/forget"))
        await world.sandbox.press(DANIEL, question.id, question.buttons[0]["callback_data"])
        assert (await world.next(question)).text == WORDS("forgotten")
        assert await world.store.current_thread(Place(DANIEL)) is None
        assert await world.store.feedback() == []
        assert (await world.store.preferences(Place(DANIEL))).mode is None
        assert len(await world.history(GUEST)) == 2
        await world.ask("Hey")
        assert [turn.text for turn in world.engine.requests[-1].turns] == ["Hey"]
        assert world.engine.requests[-1].mode == "first"

    async def test_message_that_comes_while_it_forgets_is_answered(self, world: World) -> None:
        await world.ask("my secret")
        question = await world.next(await world.sandbox.say(DANIEL, "/forget"))
        forget = world.store.forget

        async def late(*arguments: Any) -> Any:
            await world.sandbox.say(DANIEL, "hello")
            while len(await world.store.pending()) < 2:
                await world.tick()
            return await forget(*arguments)

        world.store.forget = late
        await world.sandbox.press(DANIEL, question.id, question.buttons[0]["callback_data"])
        await world.until(lambda: WORDS("forgotten") in world.said())
        await world.settled()
        assert world.said()[-1] == "Lisa heard hello"
        assert await world.history() == [("Daniel", "hello"), ("Lisa", "Lisa heard hello")]

    async def test_forget_can_be_thought_better_of(self, world: World) -> None:
        await world.ask("Hey")
        question = await world.next(await world.sandbox.say(DANIEL, "/forget"))
        await world.sandbox.press(DANIEL, question.id, question.buttons[1]["callback_data"])
        assert (await world.next(question)).text == WORDS("kept")
        assert len(await world.history()) == 2

    async def test_answer_in_the_making_is_forgotten_too(self, world: World) -> None:
        gate = world.engine.hold("Lisa")
        await world.sandbox.say(DANIEL, "my secret")
        await world.next_request(0)
        question = await world.next(await world.sandbox.say(DANIEL, "/forget"))
        await world.sandbox.press(DANIEL, question.id, question.buttons[0]["callback_data"])
        assert (await world.next(question)).text == WORDS("forgotten")
        gate.set()
        await world.settled()
        assert world.said()[-1] == WORDS("forgotten")
