"""Access: the claim code, strangers, letting in by one tap; groups: silence unless addressed, members, topics."""

import asyncio
from typing import Any

import pytest
from telegram import Message, User

from bot.access import CODE_SECONDS, Claim
from bot.addressed import is_addressed, without_mention
from bot.chat import Chats
from bot.texts import Words
from storage.store import Place

DANIEL, GUEST, STRANGER, SOON = 1001, 1002, 6666, 20.0
GROUP = -55
WORDS = Words("en")
World = Any


class TestClaimCode:
    def test_right_code_once(self) -> None:
        claim = Claim()
        assert claim.accepts(1, f" {claim.code.lower()} ")
        assert not claim.accepts(1, claim.code)

    def test_expires(self) -> None:
        now = 0.0
        claim = Claim(lambda: now)
        now = CODE_SECONDS + 1
        assert not claim.accepts(1, claim.code)

    def test_guessing_is_ended_for_one_and_for_all(self) -> None:
        claim = Claim()
        for _ in range(5):
            assert not claim.accepts(1, "AAAA-AAAA")
        assert not claim.accepts(1, claim.code)
        for user in range(2, 20):
            for _ in range(5):
                claim.accepts(user, "AAAA-AAAA")
        assert not claim.accepts(99, claim.code)


class TestClaim:
    async def test_whoever_sends_the_code_first_is_admin_from_then_on(self, idle_world: World) -> None:
        await idle_world.start(admin_ids=frozenset(), allowed_ids=frozenset())
        (line,) = idle_world.announced
        code = line.rpartition(" ")[2]
        assert "@twin_sandbox_bot" in line
        assert "private" in await idle_world.ask("Hey", STRANGER)
        assert await idle_world.ask("/claim AAAA-AAAA", STRANGER) == WORDS("wrong_code")
        assert await idle_world.ask(f"/claim {code}", STRANGER) == WORDS("claimed")
        assert "/retrain" in await idle_world.ask("/help", STRANGER)
        assert await idle_world.ask(f"/claim {code}", STRANGER) == WORDS("claimed_already")
        assert "private" in await idle_world.ask(f"/claim {code}", GUEST)
        await idle_world.stop()
        await idle_world.start()
        assert len(idle_world.announced) == 1
        assert "/retrain" in await idle_world.ask("/help", STRANGER)

    async def test_link_with_the_code(self, idle_world: World) -> None:
        await idle_world.start(admin_ids=frozenset())
        code = idle_world.announced[0].rpartition(" ")[2]
        assert await idle_world.ask(f"/start {code}", STRANGER) == WORDS("claimed")

    async def test_none_where_the_settings_name_an_admin(self, world: World) -> None:
        assert world.announced == []


class TestLettingIn:
    async def test_one_tap_lets_a_stranger_in(self, world: World) -> None:
        first = await world.sandbox.say(DANIEL, "/help")  # a bot may write to those alone who wrote to it
        helped = await world.next(first)
        for text in ("/start", "/persona Lisa", "/swap", "/reset", "/retrain", "/nothing", "/forget", "let me in"):
            assert str(STRANGER) in await world.ask(text, STRANGER)
        asked = await world.next(helped)
        assert str(STRANGER) in asked.text and "let me in" not in asked.text
        await world.settled()
        assert len(world.said()) == 2  # asked once, however often they try
        let = asked.buttons[0]["callback_data"]
        query = await world.sandbox.press(DANIEL, asked.id, let)
        again = await world.sandbox.press(DANIEL, asked.id, let)
        await world.sandbox.answer(query, SOON)
        assert (await world.sandbox.answer(again, SOON)).text == WORDS("decided_already")
        await world.settled()
        assert world.said(STRANGER)[-1] == WORDS("you_are_in")
        assert await world.ask("Hey", STRANGER) == "Lisa heard Hey"
        await world.stop()
        await world.start()
        assert await world.ask("again", STRANGER) == "Lisa heard again"

    async def test_each_is_told_in_their_own_language(self, world: World) -> None:
        german = Words("de")
        told = await world.next(await world.sandbox.say(DANIEL, "/language de"))
        await world.ask("let me in", STRANGER)
        asked = await world.next(told)
        assert [button["text"] for button in asked.buttons] == [german("button_let"), german("button_keep_out")]
        await world.sandbox.press(DANIEL, asked.id, asked.buttons[0]["callback_data"])
        await world.until(lambda: world.said(STRANGER)[-1] == WORDS("you_are_in"))

    async def test_kept_out(self, world: World) -> None:
        helped = await world.next(await world.sandbox.say(DANIEL, "/help"))
        await world.ask("Hey", STRANGER)
        asked = await world.next(helped)
        await world.sandbox.press(DANIEL, asked.id, asked.buttons[1]["callback_data"])
        assert "is kept out" in (await world.next(asked)).text
        assert "private" in await world.ask("Hey", STRANGER)
        assert world.engine.requests == []

    async def test_only_admins_decide(self, world: World) -> None:
        await world.ask("Hey", STRANGER)
        await world.store.post(Place(GUEST), "stolen", buttons=[[("x", f"let:{STRANGER}")]])
        stolen = await world.next(await world.sandbox.say(GUEST, "/help"), GUEST)
        query = await world.sandbox.press(GUEST, stolen.id, f"let:{STRANGER}")
        assert (await world.sandbox.answer(query, SOON)).text == WORDS("admins_only")
        assert "private" in await world.ask("Hey", STRANGER)


class TestGroups:
    async def heard(self, world: World) -> list[str]:
        await world.settled()
        return [message.text for message in world.sandbox.messages(GROUP) if message.is_from_bot]

    async def test_silent_unless_mentioned_or_replied_to(self, world: World) -> None:
        await world.sandbox.say(DANIEL, "not for you", GROUP)
        await world.sandbox.say(DANIEL, "for @someone_else_bot", GROUP)
        await world.sandbox.say(DANIEL, "/swap@someone_else_bot", GROUP)
        said = await world.sandbox.say(DANIEL, "@twin_sandbox_bot hello", GROUP)
        answer = await world.sandbox.next_message(GROUP, said.id, SOON)
        assert answer.text == "Lisa heard hello"
        assert answer.reply_to is not None and answer.reply_to.id == said.id
        said = await world.sandbox.say(DANIEL, "and you?", GROUP, reply_to=answer.id)
        assert (await world.sandbox.next_message(GROUP, said.id, SOON)).text == "Lisa heard and you?"
        assert len(await self.heard(world)) == 2
        stored = [turn.text for turn in world.engine.requests[-1].turns]
        assert "not for you" not in stored

    async def test_members_are_speakers_of_their_own(self, world: World) -> None:
        for user in (DANIEL, GUEST):
            said = await world.sandbox.say(user, f"@twin_sandbox_bot from {user}", GROUP)
            await world.sandbox.next_message(GROUP, said.id, SOON)
        speakers = [turn.speaker for turn in world.engine.requests[-1].turns]
        assert speakers[1] == "Lisa" and len(set(speakers)) == 3
        said = await world.sandbox.say(GUEST, "/me Peter", GROUP)
        assert (await world.sandbox.next_message(GROUP, said.id, SOON)).text == WORDS("you_write_as", speaker="Peter")
        said = await world.sandbox.say(DANIEL, "/me Peter", GROUP)
        assert (await world.sandbox.next_message(GROUP, said.id, SOON)).text == WORDS("taken", speaker="Peter")
        said = await world.sandbox.say(GUEST, "@twin_sandbox_bot it is me", GROUP)
        await world.sandbox.next_message(GROUP, said.id, SOON)
        assert world.engine.requests[-1].turns[-1].speaker == "Peter"

    async def test_two_members_of_one_name(self, world: World) -> None:
        assert await world.store.member(GROUP, 1, "Anna", {"Lisa"}) == "Anna"
        assert await world.store.member(GROUP, 2, "Anna", {"Lisa"}) == "Anna 2"
        assert await world.store.member(GROUP, 3, "Lisa", {"Lisa"}) == "Lisa 2"
        assert await world.store.member(GROUP, 2, "Other", {"Lisa"}) == "Anna 2"

    async def test_nobody_goes_on_under_the_name_that_the_twin_answers_under(self, world: World) -> None:
        async def say(text: str) -> str:
            said = await world.sandbox.say(GUEST, text, GROUP)
            answer: str = (await world.sandbox.next_message(GROUP, said.id, SOON)).text
            return answer

        await say("@twin_sandbox_bot hello")
        assert await say("/me Daniel") == WORDS("you_write_as", speaker="Daniel")
        await say("/swap")
        await say("@twin_sandbox_bot I owe you money")
        request = world.engine.requests[-1]
        assert request.speaker == "Daniel"
        assert [turn.speaker for turn in request.turns if turn.text == "I owe you money"] == [
            await world.store.member(GROUP, GUEST, "?", {"Daniel"})
        ]

    async def test_group_of_strangers_is_refused_once_and_can_be_let_in(self, world: World) -> None:
        helped = await world.next(await world.sandbox.say(DANIEL, "/help"))
        for _ in range(3):
            await world.sandbox.say(STRANGER, "@twin_sandbox_bot hello", GROUP)
        assert await self.heard(world) == [WORDS("refused_group", number=GROUP)]
        asked = await world.next(helped)
        await world.sandbox.press(DANIEL, asked.id, asked.buttons[0]["callback_data"])
        await world.until(lambda: WORDS("you_are_in") in [m.text for m in world.sandbox.messages(GROUP)])
        said = await world.sandbox.say(STRANGER, "@twin_sandbox_bot hello", GROUP)
        assert (await world.sandbox.next_message(GROUP, said.id, SOON)).text == "Lisa heard hello"
        assert "private" in await world.ask("Hey", STRANGER)  # the group, not its members

    async def test_bare_mention_that_was_edited_is_no_empty_turn(self, world: World) -> None:
        said = await world.sandbox.say(DANIEL, "@twin_sandbox_bot hello", GROUP)
        await world.sandbox.next_message(GROUP, said.id, SOON)
        await world.sandbox.edit(DANIEL, said.id, "@twin_sandbox_bot")
        await world.settled()
        (hello, _) = await world.store.turns((await world.store.current_thread(Place(GROUP))).id)
        assert hello.text == "@twin_sandbox_bot"

    async def test_message_of_a_group_that_is_refused_in_silence_is_done_after_a_restart(self, world: World) -> None:
        await world.sandbox.say(STRANGER, "@twin_sandbox_bot hello", GROUP)
        world.engine.hold("Lisa")
        await world.sandbox.say(GUEST, "@twin_sandbox_bot anyone?", GROUP)
        await world.next_request(0)
        await world.stop()
        await world.start(allowed_ids=frozenset())
        assert await self.heard(world) == [WORDS("refused_group", number=GROUP)]

    async def test_answer_replies_to_the_last_message_of_the_burst(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        both = asyncio.Event()
        monkeypatch.setattr(Chats, "_quiet", lambda *_: both.wait())  # a burst that ends when it is told to
        await world.sandbox.say(DANIEL, "@twin_sandbox_bot one", GROUP)
        said = await world.sandbox.say(DANIEL, "@twin_sandbox_bot two", GROUP)
        while (
            not (thread := await world.store.current_thread(Place(GROUP)))
            or len(await world.store.turns(thread.id)) < 2
        ):
            await world.tick()
        both.set()
        answer = await world.sandbox.next_message(GROUP, said.id, SOON)
        assert answer.text == "Lisa heard two" and answer.reply_to.id == said.id

    async def test_topics_are_chats_of_their_own(self, world: World) -> None:
        async def ask(text: str, topic: int) -> Any:
            said = await world.sandbox.say(DANIEL, text, GROUP, topic=topic)
            found = await world.sandbox.next_message(GROUP, said.id, SOON)
            assert found.topic == topic
            return found

        for topic in (7, 9):
            assert (await ask(f"@twin_sandbox_bot secret of {topic}", topic)).text == f"Lisa heard secret of {topic}"
        assert "Peter answers" in (await ask("/persona Peter", 7)).text
        assert (await ask("@twin_sandbox_bot hello", 7)).text == "Peter heard hello"
        last = await ask("@twin_sandbox_bot and here?", 9)
        assert last.text == "Lisa heard and here?"
        assert [turn.text for turn in world.engine.requests[-1].turns] == [
            "secret of 9", "Lisa heard secret of 9", "and here?",
        ]  # fmt: skip
        await ask("/mode burst", 7)
        world.engine.reply = lambda _: "made anew"
        await world.sandbox.press(DANIEL, last.id, last.buttons[2]["callback_data"])
        again = await world.sandbox.next_message(GROUP, last.id, SOON)
        while again.text != "made anew":
            again = await world.sandbox.next_message(GROUP, again.id, SOON)
        assert again.topic == 9 and world.engine.requests[-1].mode == "first"
        await ask("/reset", 9)
        assert len(await world.store.turns((await world.store.current_thread(Place(GROUP, 7))).id)) == 2

    async def test_forgetting_a_group_is_for_admins(self, world: World) -> None:
        said = await world.sandbox.say(GUEST, "@twin_sandbox_bot hello", GROUP)
        await world.sandbox.next_message(GROUP, said.id, SOON)
        said = await world.sandbox.say(GUEST, "/forget", GROUP)
        assert (await world.sandbox.next_message(GROUP, said.id, SOON)).text == WORDS("admins_only")
        said = await world.sandbox.say(DANIEL, "/forget", GROUP)
        question = await world.sandbox.next_message(GROUP, said.id, SOON)
        sure = question.buttons[0]["callback_data"]
        query = await world.sandbox.press(GUEST, question.id, sure)
        assert (await world.sandbox.answer(query, SOON)).text == WORDS("admins_only")
        assert await world.store.current_thread(Place(GROUP)) is not None
        await world.sandbox.press(DANIEL, question.id, sure)
        assert (await world.sandbox.next_message(GROUP, question.id, SOON)).text == WORDS("forgotten")
        assert await world.store.current_thread(Place(GROUP)) is None

    async def test_answers_in_groups_are_not_streamed(self, idle_world: World) -> None:
        await idle_world.start(stream=True)
        said = await idle_world.sandbox.say(DANIEL, "@twin_sandbox_bot hello", GROUP)
        await idle_world.sandbox.next_message(GROUP, said.id, SOON)
        assert idle_world.sandbox.drafts(GROUP) == [] and not idle_world.engine.requests[0].stream

    async def test_chat_with_the_bot_is_another_thread_than_the_group(self, world: World) -> None:
        await world.ask("my secret")
        said = await world.sandbox.say(DANIEL, "@twin_sandbox_bot hello", GROUP)
        await world.sandbox.next_message(GROUP, said.id, SOON)
        assert [turn.text for turn in world.engine.requests[-1].turns] == ["hello"]


ME = User(7, "Twin", is_bot=True, username="twin_bot")


def message(text: str, **more: Any) -> Message:
    values = {"message_id": 1, "date": 0, "chat": {"id": -1, "type": "supergroup"}, "text": text, **more}
    found = Message.de_json(values, None)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "kind", "length", "addressed"),
    [
        ("@twin_bot hey", "mention", 9, True),
        ("@TWIN_bot hey", "mention", 9, True),
        ("@twin_bot_2 hey", "mention", 11, False),
        ("/swap", "bot_command", 5, True),
        ("/swap@twin_bot", "bot_command", 14, True),
        ("/swap@other_bot", "bot_command", 15, False),
    ],
)
def test_who_is_addressed(text: str, kind: str, length: int, addressed: bool) -> None:
    entities = [{"type": kind, "offset": 0, "length": length}]
    assert is_addressed(message(text, entities=entities), ME) is addressed


def test_first_message_of_a_topic_replies_to_nobody() -> None:
    opened = {
        "message_id": 5,
        "date": 0,
        "chat": {"id": -1, "type": "supergroup"},
        "from": ME.to_dict(),
        "forum_topic_created": {"name": "t", "icon_color": 1},
    }
    assert not is_addressed(message("hey", reply_to_message=opened), ME)
    del opened["forum_topic_created"]
    assert is_addressed(message("hey", reply_to_message=opened), ME)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("@twin_bot, hey", "hey"),
        ("hey @twin_bot", "hey"),
        ("hey @Twin_Bot you", "hey you"),
        ("a@twin_bots", "a@twin_bots"),
    ],
)
def test_mention_is_left_out(text: str, left: str) -> None:
    assert without_mention(text, ME) == left
