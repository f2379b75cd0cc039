"""The parts of the bot one by one: splitting, delivery, inbox, lanes, personas."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Bot, Update

from bot import personas
from bot.delivery import Delivery, parts
from bot.inbox import ChatOrder, Inbox
from bot.lanes import Lanes
from bot.quarantine import Quarantine
from sandbox import Sandbox
from storage.store import MAX_ATTEMPTS, Place, Store
from twin.adapter import AdapterFolder, Persona
from twin.settings import Settings

DANIEL, GUEST, SOON = 1001, 1002, 20.0
TOKEN = "4321:a-Token_of_the_sandbox"


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    opened = await Store.open(settings.database, settings.key_file)
    yield opened
    await opened.close()


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[Bot]:
    async with Bot(TOKEN, base_url=f"{sandbox.api_url}/bot") as opened:
        for user in (DANIEL, GUEST):
            await sandbox.say(user, "/start")
        yield opened


async def emptied(store: Store) -> None:
    """Until nothing is unsent; the test's own timeout bounds it."""
    while await store.unsent_chats():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


class TestParts:
    def test_short_text_stays_whole(self) -> None:
        assert parts(" Hey. You! ") == ["Hey. You!"]
        assert parts(" \n ") == []

    def test_sentences_before_words(self) -> None:
        assert parts("One two. Three four five", 20) == ["One two. Three four", "five"]
        assert parts("One two three. Four five", 20) == ["One two three.", "Four five"]
        assert parts("One two three\nFour. Five", 20) == ["One two three", "Four. Five"]

    def test_word_longer_than_a_message(self) -> None:
        assert parts("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]

    @given(st.text(max_size=300), st.integers(2, 40))
    def test_nothing_is_lost_and_nothing_too_long(self, text: str, most: int) -> None:
        found = parts(text, most)
        assert all(0 < len(part.encode("utf-16-le", "surrogatepass")) // 2 <= most for part in found)
        assert "".join("".join(found).split()) == "".join(text.split())


class TestDelivery:
    @staticmethod
    def delivery(store: Store, bot: Bot) -> Delivery:
        return Delivery(store, bot, delays=(0, 0))

    @staticmethod
    def said(sandbox: Sandbox, user: int = DANIEL) -> list[str]:
        return [message.text for message in sandbox.messages(user) if message.is_from_bot]

    @pytest.mark.parametrize(
        "refusal", [(502, "Bad Gateway", None), (500, "Internal Server Error", None), (429, "Too Many Requests", 1)]
    )
    async def test_short_trouble_is_overcome(
        self, store: Store, bot: Bot, sandbox: Sandbox, refusal: tuple[int, str, int | None]
    ) -> None:
        code, description, retry_after = refusal
        sandbox.refuse("sendMessage", code, description, retry_after=retry_after)
        for text in ("one", "two"):
            await store.post(Place(DANIEL), text)
        delivery = self.delivery(store, bot)
        delivery.wake(DANIEL)
        await emptied(store)
        assert self.said(sandbox) == ["one", "two"]
        await delivery.stop()

    async def test_long_trouble_leaves_all_in_order(self, store: Store, bot: Bot, sandbox: Sandbox) -> None:
        for _ in range(3):
            sandbox.refuse("sendMessage", 502, "Bad Gateway")
        for text in ("one", "two"):
            await store.post(Place(DANIEL), text)
        delivery = self.delivery(store, bot)
        await delivery._send_all(DANIEL)
        assert self.said(sandbox) == []
        assert [outgoing.text for outgoing in await store.unsent(DANIEL)] == ["one", "two"]
        await delivery._send_all(DANIEL)
        assert self.said(sandbox) == ["one", "two"]

    async def test_what_telegram_refuses_does_not_block_the_rest(
        self, store: Store, bot: Bot, sandbox: Sandbox
    ) -> None:
        sandbox.refuse("sendMessage", 403, "Forbidden: bot was blocked by the user")
        sandbox.refuse("sendMessage", 400, "Bad Request: message text is empty")
        for text in ("one", "two", "three"):
            await store.post(Place(DANIEL), text)
        await self.delivery(store, bot)._send_all(DANIEL)
        assert self.said(sandbox) == ["three"]
        assert await store.unsent_chats() == []

    async def test_everything_unsent_is_found(self, store: Store, bot: Bot, sandbox: Sandbox) -> None:
        await store.post(Place(DANIEL), "for Daniel")
        await store.post(Place(GUEST), "for the guest", buttons=[[("Lisa", "persona:1")]])
        delivery = self.delivery(store, bot)
        await delivery.wake_all()
        await emptied(store)
        await delivery.stop()
        assert self.said(sandbox) == ["for Daniel"]
        assert self.said(sandbox, GUEST) == ["for the guest"]
        assert sandbox.messages(GUEST)[-1].buttons == [{"text": "Lisa", "callback_data": "persona:1"}]


def update(number: int, chat_id: int = DANIEL, text: str = "Hey") -> Update:
    chat = {"id": chat_id, "type": "private", "first_name": "Daniel"}
    message = {"message_id": number, "date": 1_700_000_000, "chat": chat, "from": {**chat, "is_bot": False}}
    found = Update.de_json({"update_id": number, "message": {**message, "text": text}}, None)
    assert found is not None
    return found


class TestInbox:
    async def test_update_is_stored_before_it_is_queued(self, store: Store) -> None:
        inbox = Inbox(store)
        await inbox.put(update(1))
        assert [taken.update_id for taken in await store.pending()] == [1]
        assert inbox.qsize() == 1

    async def test_update_that_comes_twice_is_queued_once(self, store: Store) -> None:
        inbox = Inbox(store)
        for number in (1, 1, 2, 1):
            await inbox.put(update(number))
        assert inbox.qsize() == 2

    async def test_unstored_update_is_not_queued(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        async def full(*_: object, **__: object) -> bool:
            raise OSError

        monkeypatch.setattr(store, "take_in", full)
        inbox = Inbox(store)
        with pytest.raises(OSError):
            await inbox.put(update(1))
        assert inbox.empty()

    async def test_replay_gives_back_the_same_updates(self, store: Store) -> None:
        before = Inbox(store)
        for number in (3, 1, 2):
            await before.put(update(number, text=f"{number} 😀 |\n"))
        await store.mark_done(2)
        after = Inbox(store)
        await after.replay(None)  # type: ignore[arg-type]
        assert [after.get_nowait(), after.get_nowait()] == [update(1), update(3)]
        assert after.empty()

    async def test_unreadable_update_is_passed_over_and_in_the_end_set_aside(self, store: Store) -> None:
        await store.take_in(1, DANIEL, "{")
        await Inbox(store).put(update(2))
        for _ in range(MAX_ATTEMPTS + 1):
            inbox = Inbox(store)
            await inbox.replay(None)  # type: ignore[arg-type]
            assert inbox.get_nowait() == update(2)
        assert [taken.update_id for taken in await store.pending()] == [2]


class TestChatOrder:
    async def test_order_within_a_chat_and_none_between_chats(self, store: Store) -> None:
        order, seen = ChatOrder(store, set(), Quarantine(store)), []
        gate = asyncio.Event()

        async def handle(number: int) -> None:
            if number == 1:
                await gate.wait()
            seen.append(number)

        tasks = []
        for number, chat in ((1, DANIEL), (2, DANIEL), (3, GUEST)):
            await Inbox(store).put(update(number, chat))
            tasks.append(asyncio.create_task(order.process_update(update(number, chat), handle(number))))
        await tasks[2]
        assert seen == [3]
        gate.set()
        await asyncio.gather(*tasks)
        assert seen == [3, 1, 2]
        assert await store.pending() == []

    async def test_interrupted_update_stays_pending(self, store: Store) -> None:
        await Inbox(store).put(update(1))
        entered = asyncio.Event()

        async def handle() -> None:
            entered.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(ChatOrder(store, set(), Quarantine(store)).process_update(update(1), handle()))
        await entered.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(await store.pending()) == 1

    async def test_closed_order_begins_nothing(self, store: Store) -> None:
        await Inbox(store).put(update(1))
        order, seen = ChatOrder(store, set(), Quarantine(store)), []

        async def handle() -> None:
            seen.append(1)

        order.close()
        await order.process_update(update(1), handle())
        assert seen == []
        assert len(await store.pending()) == 1


class TestLanes:
    async def test_lane_woken_while_it_works_goes_round_again(self) -> None:
        rounds: list[str] = []
        done = asyncio.Event()

        async def work(key: str) -> None:
            rounds.append(key)
            if len(rounds) == 1:
                lanes.wake(key)
                lanes.wake(key)
            else:
                done.set()

        lanes = Lanes(work)
        lanes.wake("a")
        await asyncio.wait_for(done.wait(), SOON)
        await lanes.stop()
        assert rounds == ["a", "a"]

    async def test_failing_lane_works_again_when_woken(self, caplog: pytest.LogCaptureFixture) -> None:
        done = asyncio.Event()

        async def work(key: str) -> None:
            if not caplog.records:
                lanes.wake(key)
                raise ValueError("my secret")
            done.set()

        lanes = Lanes(work)
        lanes.wake("a")
        await asyncio.wait_for(done.wait(), SOON)
        await lanes.stop()
        assert "ValueError" in caplog.text and "my secret" not in caplog.text


class TestPersonas:
    KNOWN = (
        Persona("daniel", "Daniel", "Lisa"),
        Persona("daniel", "Lisa", "Daniel"),
        Persona("other", "Lisa", "Max"),
        Persona("other", "Max", "Lisa"),
    )

    @pytest.mark.parametrize(
        ("chats", "speaker", "writes"),
        [
            ([("Daniel", "Lisa"), ("Daniel", "Peter")], "Lisa", "Daniel"),
            ([("Lisa", "Daniel"), ("Peter", "Daniel")], "Lisa", "Daniel"),
            ([("Daniel", "Lisa")], "Lisa", "Daniel"),
            ([("Lisa", "Daniel", "Peter"), ("Daniel", "Peter"), ("Daniel", "Max")], "Lisa", "Daniel"),
            ([("Daniel",)], "Daniel", "Daniel"),
        ],
    )
    def test_default(
        self, settings: Settings, chats: list[tuple[str, ...]], speaker: str, writes: str, adapter_writer: Any
    ) -> None:
        folder = AdapterFolder(settings.adapters)
        adapter_writer(folder, "zoe", [("Zoe", "Anna")])
        adapter_writer(folder, "daniel", chats)
        assert personas.default_persona(folder, None) == Persona("daniel", speaker, writes)
        assert personas.default_persona(folder, "zoe") == Persona("zoe", "Anna", "Zoe")

    def test_default_without_adapters(self, settings: Settings) -> None:
        assert personas.default_persona(AdapterFolder(settings.adapters), None) is None

    def test_name_that_several_adapters_have(self) -> None:
        assert personas.named(self.KNOWN, "LISA ", "other") == self.KNOWN[2]
        assert personas.named(self.KNOWN, "lisa", None) == self.KNOWN[1]
        assert personas.named(self.KNOWN, "Lisa (other)", "daniel") == self.KNOWN[2]
        assert personas.named(self.KNOWN, "Liz", "daniel") is None

    def test_nearest(self) -> None:
        assert personas.nearest(self.KNOWN, "danil") == ["Daniel"]
        assert personas.nearest(self.KNOWN, "Xaver") == []

    def test_buttons_tell_people_apart_and_fit(self) -> None:
        long = Persona("a" * 64, "Ж" * 300, "Lisa")
        rows = personas.buttons([*self.KNOWN, long])
        assert [row[0][0] for row in rows[:4]] == ["Daniel", "Lisa (daniel)", "Lisa (other)", "Max"]
        data = [row[0][1] for row in rows]
        assert len(set(data)) == 5
        assert all(len(text.encode()) <= 64 for text in data)
        assert personas.pressed([*self.KNOWN, long], data[4]) == long
        assert personas.pressed(self.KNOWN, data[4]) is None
