"""The store's verbs, and what a crash leaves of them."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from textwrap import dedent

import pytest
from sqlcipher3 import dbapi2

from storage import database, inbox
from storage.store import MAX_ATTEMPTS, Bubble, Outgoing, Place, Store, Taken, Thread, Waiting
from twin.transcript import Turn

HERE, THERE, TOPIC = Place(7), Place(8), Place(7, 3)
NOON = datetime(2023, 5, 4, 12)


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "data" / "twin.db", tmp_path / "keys" / "database.key"


@pytest.fixture
async def store(paths: tuple[Path, Path]) -> AsyncIterator[Store]:
    opened = await Store.open(*paths)
    yield opened
    await opened.close()


async def lisa(store: Store, place: Place = HERE) -> Thread:
    return await store.open_thread(place, "daniel", "Lisa", "Daniel")


async def waiting(store: Store, update_id: int, thread: Thread, text: str = "Hey") -> Waiting:
    """A message of the user that has come as far as being answered."""
    await store.take_in(update_id, thread.place.chat_id, f"payload of {text}")
    await asks(store, update_id, thread, text)
    found = await store.begin_answer(thread.id)
    assert found is not None
    return found


async def asks(store: Store, update_id: int, thread: Thread, text: str = "Hey") -> int:
    """The user says something that awaits its answer; returns the thread it waits in."""
    said = Turn(thread.writes, text, NOON)
    return await store.await_answer(update_id, thread, answers=thread.answers, said=said, message_id=100 + update_id)


def bubble(*messages: str, text: str = "Hi", pause: float = 0.0) -> Bubble:
    return Bubble(Turn("Lisa", text, NOON), messages or (text,), pause)


class TestInbox:
    async def test_update_is_taken_in_once(self, store: Store) -> None:
        assert await store.take_in(2, 7, "two")
        assert await store.take_in(1, None, "one")
        assert not await store.take_in(2, 7, "again")
        assert await store.pending() == [Taken(1, "one"), Taken(2, "two")]

    async def test_settled_update_is_gone_and_never_comes_back(self, store: Store) -> None:
        await store.take_in(1, 7, "one")
        assert await store.begin(1)
        await store.settle(1)
        assert await store.pending() == []
        assert not await store.begin(1)
        assert not await store.take_in(1, 7, "one")

    async def test_update_that_never_ends_is_set_aside(self, store: Store) -> None:
        await store.take_in(1, 7, "poison")
        await store.take_in(2, 7, "behind it")
        assert [await store.begin(1) for _ in range(MAX_ATTEMPTS + 1)] == [True] * MAX_ATTEMPTS + [False]
        assert await store.pending() == [Taken(2, "behind it")]

    async def test_waiting_message_is_not_settled(self, store: Store) -> None:
        await store.take_in(1, 7, "Hey")
        await asks(store, 1, await lisa(store))
        await store.settle(1)
        assert await store.pending() == [Taken(1, "Hey")]

    async def test_only_attempts_at_the_answer_count_for_a_waiting_message(self, store: Store) -> None:
        await store.take_in(1, 7, "Hey")
        await store.begin(1)
        await asks(store, 1, await lisa(store))
        assert all([await store.begin(1) for _ in range(10)])  # restarts while it was in the queue
        thread = await lisa(store)
        for _ in range(10):
            waits = await store.begin_answer(thread.id)
            assert waits is not None
            await store.give_back(waits)  # orderly stops in the middle of an answer
        tries = [await store.begin_answer(thread.id) is not None for _ in range(MAX_ATTEMPTS + 1)]
        assert tries == [True] * MAX_ATTEMPTS + [False]
        assert await store.pending() == []
        assert await store.turns(thread.id) == ()  # what kills the engine does not stay in the history

    async def test_old_turns_of_a_long_thread_are_left_out_many_at_once(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbox, "SERVED_TURNS", 4)
        thread, first = await lisa(store), []
        for number in range(13):
            found = await waiting(store, number, thread, f"number {number}")
            assert len(found.turns) <= 8 and found.turns[-1].text == f"number {number}"
            first.append(found.turns[0].text)
            await store.finish(found)
        assert first == ["number 0"] * 7 + ["number 4"] * 4 + ["number 8"] * 2
        assert len(await store.turns(thread.id)) == 13


class TestThreads:
    async def test_new_place_has_none(self, store: Store) -> None:
        assert await store.current_thread(HERE) is None

    async def test_opened_thread_is_current_in_its_place_alone(self, store: Store) -> None:
        thread = await lisa(store)
        assert (thread.answers, thread.writes, thread.place) == ("Lisa", "Daniel", HERE)
        assert await store.current_thread(HERE) == thread
        assert await store.current_thread(THERE) is None
        assert await store.current_thread(TOPIC) is None

    async def test_pair_is_unordered(self, store: Store) -> None:
        thread = await lisa(store)
        turned = await store.open_thread(HERE, "daniel", "Daniel", "Lisa")
        assert turned.id == thread.id
        assert turned.answers == "Daniel"

    async def test_each_place_adapter_and_pair_has_a_thread_of_its_own(self, store: Store) -> None:
        threads = [
            await lisa(store),
            await lisa(store, THERE),
            await lisa(store, TOPIC),
            await store.open_thread(HERE, "daniel", "Peter", "Daniel"),
            await store.open_thread(HERE, "other", "Lisa", "Daniel"),
        ]
        assert len({thread.id for thread in threads}) == 5
        back = await lisa(store)
        assert back == threads[0]
        assert await store.current_thread(HERE) == back

    async def test_swap_changes_sides_within_the_thread(self, store: Store) -> None:
        thread = await lisa(store)
        swapped = await store.swap(thread.id)
        assert (swapped.id, swapped.answers, swapped.writes) == (thread.id, "Daniel", "Lisa")
        assert await store.current_thread(HERE) == swapped
        assert await store.swap(thread.id) == thread

    async def test_waiting_message_keeps_the_sides_it_was_written_to(self, store: Store) -> None:
        thread = await lisa(store)
        await store.take_in(1, 7, "Hey")
        await asks(store, 1, thread)
        assert await asks(store, 1, await store.swap(thread.id)) == thread.id  # replayed after the swap
        found = await store.begin_answer(thread.id)
        assert found is not None and found.answers == "Lisa"
        assert await store.turns(thread.id) == (Turn("Daniel", "Hey", NOON),)

    async def test_message_replayed_after_a_switch_waits_where_it_was_written(self, store: Store) -> None:
        await store.take_in(1, 7, "Hey")
        thread = await lisa(store)
        await asks(store, 1, thread)
        peter = await store.open_thread(HERE, "daniel", "Peter", "Daniel")
        assert await asks(store, 1, peter) == thread.id
        assert await store.turns(peter.id) == ()

    async def test_messages_that_an_answer_overtook_stand_behind_it_in_their_order(self, store: Store) -> None:
        thread = await lisa(store)
        asked = await waiting(store, 1, thread, "one")
        await store.take_in(2, 7, "two")
        await asks(store, 2, thread, "two")
        await store.record_answer(asked, [bubble()], "v1")
        await store.take_in(3, 7, "three")
        await asks(store, 3, thread, "three")
        found = await store.begin_answer(thread.id)
        assert found is not None and found.updates == (2, 3)
        assert [turn.text for turn in await store.turns(thread.id)] == ["one", "Hi", "two", "three"]


class TestAnswers:
    async def test_answer_is_recorded_whole(self, store: Store) -> None:
        thread = await lisa(store)
        asked = await waiting(store, 1, thread)
        answer = Turn("Lisa", "Going well!", NOON)
        assert await store.record_answer(asked, [Bubble(answer, ("Going", "well!"))], "v1")
        assert await store.turns(thread.id) == (Turn("Daniel", "Hey", NOON), answer)
        assert await store.pending() == []
        first, second = await store.unsent(7)
        assert (first.text, second.text, first.place) == ("Going", "well!", HERE)

    async def test_sent_messages_are_not_sent_again(self, store: Store) -> None:
        await store.record_answer(await waiting(store, 1, await lisa(store)), [bubble()], "v1")
        await store.post(THERE, "choose", buttons=[[("Lisa", "persona:1")], [("Peter", "persona:2")]])
        assert sorted(await store.unsent_chats()) == [7, 8]
        (hi,) = await store.unsent(7)
        await store.mark_sent(hi.id, 55)
        (choose,) = await store.unsent(8)
        assert choose == Outgoing(choose.id, THERE, "choose", [[("Lisa", "persona:1")], [("Peter", "persona:2")]])
        await store.mark_failed(choose.id)
        assert await store.unsent_chats() == []

    async def test_user_turn_is_written_down_once(self, store: Store) -> None:
        thread = await lisa(store)
        await waiting(store, 1, thread)
        await store.add_turn(thread.id, Turn("Daniel", "Hey", NOON), update_id=1, message_id=101)
        assert len(await store.turns(thread.id)) == 1

    async def test_reset_forgets_one_thread_and_what_waits_in_it(self, store: Store) -> None:
        thread = await lisa(store)
        elsewhere = await lisa(store, THERE)
        await store.record_answer(await waiting(store, 1, thread), [bubble()], "v1")
        await waiting(store, 2, elsewhere)
        in_the_making = await waiting(store, 3, thread, "Are you there?")
        await store.reset(thread.id)
        assert await store.turns(thread.id) == ()
        assert await store.unsent(7) == []
        assert [taken.update_id for taken in await store.pending()] == [2]
        assert len(await store.turns(elsewhere.id)) == 1
        assert not await store.record_answer(in_the_making, [bubble(text="Yes")], "v1")
        assert await store.turns(thread.id) == ()

    async def test_no_text_is_kept_but_in_turns(self, store: Store, paths: tuple[Path, Path]) -> None:
        await store.record_answer(
            await waiting(store, 1, await lisa(store), "my secret"), [bubble("secret", text="your secret")], "v1"
        )
        (outgoing,) = await store.unsent(7)
        await store.mark_sent(outgoing.id, 55)
        other = dbapi2.connect(str(paths[0]))
        other.execute(f"PRAGMA key = \"x'{paths[1].read_text().strip()}'\"")
        assert other.execute("SELECT payload FROM inbox").fetchall() == [("",)]
        assert other.execute("SELECT text FROM outbox").fetchall() == [("",)]
        assert other.execute("SELECT speaker, version, message_id, update_id FROM turns").fetchall() == [
            ("Daniel", None, 101, 1),
            ("Lisa", "v1", 55, 1),
        ]
        other.close()


class TestTransactions:
    async def test_all_or_nothing(self, store: Store) -> None:
        thread = await lisa(store)
        with pytest.raises(RuntimeError):
            async with store.transaction():
                await store.swap(thread.id)
                await store.post(HERE, "swapped")
                raise RuntimeError
        assert await store.current_thread(HERE) == thread
        assert await store.unsent(7) == []

    async def test_others_wait_and_are_not_drawn_in(self, store: Store) -> None:
        inside, go_on = asyncio.Event(), asyncio.Event()

        async def failing() -> None:
            async with store.transaction():
                await store.post(HERE, "never")
                inside.set()
                await go_on.wait()
                raise RuntimeError

        task = asyncio.create_task(failing())
        await inside.wait()
        other = asyncio.create_task(store.post(THERE, "kept"))
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(task, other, return_exceptions=True)
        assert await store.unsent_chats() == [8]

    async def test_cancelled_caller_leaves_nothing_half_done(self, store: Store) -> None:
        """Wherever in a transaction its task is cancelled, the next one finds the database whole."""
        thread = await lisa(store)
        for steps in range(12):
            update = 100 + steps
            asked = await waiting(store, update, thread)
            task = asyncio.create_task(store.record_answer(asked, [bubble(f"{update}")], "v1"))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            done = update not in {taken.update_id for taken in await store.pending()}
            sent = str(update) in {outgoing.text for outgoing in await store.unsent(7)}
            answered = sum(turn.text == "Hi" for turn in await store.turns(thread.id))
            assert done == sent == (answered == 1)
            await store.reset(thread.id)


async def test_log_that_another_program_reads_is_emptied_later(
    paths: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.01)
    store, other = await Store.open(*paths), await Store.open(*paths)
    await waiting(store, 1, await lisa(store), "my secret")
    log = paths[0].with_name("twin.db-wal")
    await other._database.run("BEGIN")  # as another program that is in the middle of something
    await other._database.rows("SELECT * FROM turns")
    await store.forget(HERE.chat_id, 1)
    assert log.stat().st_size > 0
    await other._database.run("COMMIT")
    await store.empty_log()
    assert log.stat().st_size == 0
    await other.close()
    await store.close()


def dies(paths: tuple[Path, Path], body: str) -> None:
    """Run `body` with a store in a process that is killed, by its own hand, where it says so."""
    program = dedent(
        """
        import asyncio, os, signal, sys
        from datetime import datetime
        from pathlib import Path
        from storage.store import Bubble, Place, Store
        from twin.transcript import Turn

        def die():
            os.kill(os.getpid(), signal.SIGKILL)

        async def main():
            store = await Store.open(Path(sys.argv[1]), Path(sys.argv[2]))
            thread = await store.open_thread(Place(7), "daniel", "Lisa", "Daniel")
        """
    )
    program += "".join(f"    {line}\n" for line in dedent(body).strip().splitlines()) + "\nasyncio.run(main())\n"
    result = subprocess.run([sys.executable, "-c", program, *map(str, paths)], check=False, timeout=60)
    assert result.returncode == -9


async def test_killed_right_after_taking_in(paths: tuple[Path, Path]) -> None:
    dies(paths, "await store.take_in(1, 7, 'Hey')\ndie()")
    store = await Store.open(*paths)
    assert await store.pending() == [Taken(1, "Hey")]
    await store.close()


async def test_killed_between_the_parts_of_an_answer(paths: tuple[Path, Path]) -> None:
    body = """
        await store.take_in(1, 7, 'Hey')
        await store.await_answer(1, thread, answers="Lisa")
        asked = await store.begin_answer(thread.id)
        async with store.transaction():
            await store.record_answer(asked, [Bubble(Turn("Lisa", "Hi", datetime(2023, 5, 4)), ("Hi",))], "v1")
            die()
        """
    dies(paths, body)
    store = await Store.open(*paths)
    thread = await store.current_thread(HERE)
    assert thread is not None
    assert [taken.update_id for taken in await store.pending()] == [1]
    assert await store.turns(thread.id) == ()
    assert await store.unsent_chats() == []
    await store.close()
