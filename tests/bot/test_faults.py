"""What the bot does while its database fails, its clock jumps, or what it was given breaks it: nothing is lost."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlcipher3 import dbapi2

from bot import inbox, schedule
from bot.access import Access
from bot.delivery import Delivery
from bot.texts import Words
from storage import database
from storage.store import MAX_ATTEMPTS, Place, Store, StoreError

DANIEL, GUEST, STRANGER, SOON = 1001, 1002, 6666, 20.0
LONG = "x" * 4000  # needs a page of its own
WORDS = Words("en")
World = Any


async def fill_disk(store: Store) -> None:
    """Let the database grow no more, as on a full disk."""
    ((pages,),) = await store._database.rows("PRAGMA page_count")
    await store._database.rows(f"PRAGMA max_page_count = {pages}")


async def make_room(store: Store) -> None:
    await store._database.rows("PRAGMA max_page_count = 1000000")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot waits for a lock, and before it tries anew, no longer than it must."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.01)
    monkeypatch.setattr(inbox, "STORE_PAUSE", 0.05)


@pytest.fixture
async def world(impatient: None, idle_world: World) -> World:
    await idle_world.start()
    return idle_world


class Lock:
    """Another program that has the database to itself."""

    def __init__(self, world: World) -> None:
        key = world.settings.key_file.read_text().strip()
        self._connection = dbapi2.connect(
            str(world.settings.database), isolation_level=None, timeout=SOON, check_same_thread=False
        )
        self._connection.execute(f"PRAGMA key = \"x'{key}'\"")

    def take(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def lock(world: World) -> Iterator[Lock]:
    found = Lock(world)
    yield found
    found.close()


def logged(caplog: pytest.LogCaptureFixture, text: str) -> Callable[[], bool]:
    return lambda: text in caplog.text


class TestStoreFails:
    async def test_update_that_finds_the_disk_full_is_fetched_again(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        await world.ask("Hey")
        await fill_disk(world.store)
        said = await world.sandbox.say(DANIEL, LONG)
        await world.until(logged(caplog, "is left to Telegram: the database"))
        await make_room(world.store)
        assert (await world.next(said)).text.startswith("Lisa heard x")

    async def test_update_that_finds_the_database_locked_is_fetched_again(
        self, world: World, lock: Lock, caplog: pytest.LogCaptureFixture
    ) -> None:
        lock.take()
        said = await world.sandbox.say(DANIEL, "Hey")
        await world.until(logged(caplog, "database is locked"))
        lock.release()
        assert (await world.next(said)).text == "Lisa heard Hey"

    async def test_update_whose_handling_fails_is_handled_again_before_those_behind_it(
        self, world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await world.ask("Hey")
        take_in: Callable[..., Awaitable[bool]] = world.store.take_in

        async def take_in_the_last_that_fits(*arguments: Any, **more: Any) -> bool:
            new = await take_in(*arguments, **more)
            await fill_disk(world.store)
            return new

        with monkeypatch.context() as patch:
            patch.setattr(world.store, "take_in", take_in_the_last_that_fits)
            await world.sandbox.say(DANIEL, LONG)
            await world.until(logged(caplog, "handling an update failed: the database"))
        said = await world.sandbox.say(DANIEL, "short")
        await world.until(lambda: caplog.text.count("handling an update failed") > MAX_ATTEMPTS)
        assert len(world.engine.requests) == 1
        await make_room(world.store)
        await world.next(said)
        await world.settled()
        assert [text for speaker, text in await world.history() if speaker == "Daniel"] == ["Hey", LONG, "short"]

    async def test_answer_that_cannot_be_recorded_is_made_again(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        await world.ask("Hey")
        world.engine.reply = lambda _: LONG
        gate = world.engine.hold("Lisa")
        said = await world.sandbox.say(DANIEL, "and you?")
        await world.next_request(1)
        await fill_disk(world.store)
        gate.set()
        await world.until(lambda: caplog.text.count("still wait for their answer") > MAX_ATTEMPTS)
        await make_room(world.store)
        assert (await world.next(said)).text == LONG
        await world.settled()
        assert len(world.said()) == 2

    async def test_message_that_cannot_be_marked_as_sent_is_not_sent_again(self, world: World, lock: Lock) -> None:
        await world.ask("Hey")
        await world.settled()
        delivery = Delivery(world.store, world.application.bot, delays=())
        await world.store.post(Place(DANIEL), "once")
        lock.take()
        for _ in range(3):
            with pytest.raises(StoreError, match="locked"):
                await delivery._send_all(DANIEL)
        lock.release()
        await delivery._send_all(DANIEL)
        assert world.said()[1:] == ["once"]
        assert await world.store.unsent_chats() == []

    async def test_stop_ends_while_it_fails(
        self, world: World, lock: Lock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbox, "STORE_PAUSE", 1000.0)
        world.engine.hold("Lisa")
        await world.sandbox.say(DANIEL, "Hey")
        await world.next_request(0)
        lock.take()
        await world.sandbox.say(GUEST, "Hey")
        await world.until(logged(caplog, "is left to Telegram"))
        async with asyncio.timeout(SOON):
            await world.stop()
        lock.release()
        monkeypatch.undo()
        world.engine.hold("Lisa").set()
        await world.start()
        await world.settled()
        assert (world.said(), world.said(GUEST)) == (["Lisa heard Hey"], ["Lisa heard Hey"])


class TestStoreFailsInTraining:
    @pytest.fixture
    async def world(self, impatient: None, idle_world: World, scripted: Any) -> World:
        shortage = "tell(event='shortage')\n"
        idle_world.retrain_command = scripted(f"{shortage}tell(adapter=sys.argv[1], version='v2', promoted=True)")
        await idle_world.start()
        return idle_world

    @pytest.mark.parametrize("verb", ["set_board", "end_training"])
    async def test_it_is_followed_to_its_end_and_so_is_the_pause(self, world: World, lock: Lock, verb: str) -> None:
        real, refused = getattr(world.store, verb), []

        async def finds_it_locked(*arguments: Any) -> None:
            if len(refused) == 3:
                return await real(*arguments)
            await asyncio.to_thread(lock.take)  # what the bot has begun to write must be able to end
            try:
                await real(*arguments)
            except StoreError as error:
                refused.append(error)
                raise
            finally:
                lock.release()

        setattr(world.store, verb, finds_it_locked)
        await world.sandbox.say(DANIEL, "/retrain")
        await world.until(lambda: len(refused) == 3)
        await world.application.bot_data["parts"].retrain.finished()
        assert "is done" in world.said()[0]
        assert await world.store.running_trainings() == []
        assert not (world.settings.data_dir / "trainings" / "1").exists()
        assert await world.ask("Hey", GUEST) == "Lisa heard Hey"


async def test_scheduled_job_runs_though_it_cannot_be_noted(idle_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await idle_world.start(backup_cron="30 3 * * *")

    async def fails(_: str) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(idle_world.store, "note_run", fails)
    (job,) = idle_world.application.job_queue.get_jobs_by_name("backup")
    await job.run(idle_world.application)
    assert list((idle_world.settings.data_dir / "backups").glob("twin-*.db"))


async def test_message_that_was_set_aside_is_told_to_admins_and_to_its_sender(idle_world: World) -> None:
    for user in (DANIEL, GUEST):
        await idle_world.sandbox.say(user, "/start")
    store = await Store.open(idle_world.settings.database, idle_world.settings.key_file)
    await store.take_in(7, GUEST, "what breaks it")
    assert [await store.begin(7) for _ in range(MAX_ATTEMPTS + 1)][-1] is False
    await store.close()
    for _ in range(2):  # told once
        await idle_world.start()
        await idle_world.settled()
        await idle_world.stop()
    told = WORDS("set_aside", update=7, chat=GUEST, attempts=MAX_ATTEMPTS)
    assert idle_world.said().count(told) == 1
    assert idle_world.said(GUEST).count(WORDS("cannot_answer")) == 1


async def test_stranger_is_not_let_in_by_an_error(idle_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> bool:
        raise ValueError

    await idle_world.start()
    monkeypatch.setattr(Access, "ask", fail)
    assert await idle_world.ask("Hey", STRANGER) == WORDS("failed")
    assert idle_world.engine.requests == []
    assert await idle_world.store.current_thread(Place(STRANGER)) is None


class TestClock:
    @pytest.fixture
    def jobs(self, idle_world: World) -> Callable[[], list[Any]]:
        return lambda: list(idle_world.application.job_queue.scheduler.get_jobs())

    async def test_schedule_begins_anew_when_the_clock_is_put_back(
        self, idle_world: World, jobs: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(schedule, "_WATCH_SECONDS", 0.01)
        ahead = [86400.0]
        monkeypatch.setattr(schedule, "_ahead", lambda: ahead[0])
        await idle_world.start(backup_cron="30 3 * * *")
        for job in jobs():  # by the clock that was ahead
            job.modify(next_run_time=datetime.now(UTC) + timedelta(days=365))
        ahead[0] = 0.0
        soon = timedelta(days=1, hours=2)
        await idle_world.until(lambda: all(job.next_run_time < datetime.now(UTC) + soon for job in jobs()))
        reload = next(job for job in jobs() if job.name == "reload")
        assert reload.next_run_time <= datetime.now(UTC) + idle_world.settings.reload_every

    async def test_schedule_stays_when_the_clock_is_put_forward_or_corrected(
        self, idle_world: World, jobs: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looks = []

        def ahead() -> float:
            looks.append(1)
            return 1000.0 * len(looks) if len(looks) < 5 else 4000.0 - len(looks)

        monkeypatch.setattr(schedule, "_WATCH_SECONDS", 0.01)
        monkeypatch.setattr(schedule, "_ahead", ahead)
        await idle_world.start(backup_cron="30 3 * * *")
        before = [job.next_run_time for job in jobs()]
        await idle_world.until(lambda: len(looks) > 10)
        assert [job.next_run_time for job in jobs()] == before

    async def test_job_that_ran_by_a_clock_ahead_is_counted_from_now_on(self, idle_world: World) -> None:
        await idle_world.start(backup_cron="30 3 * * *")
        await idle_world.store._database.run("UPDATE runs SET at = '2099-01-01T00:00:00+00:00'")
        await idle_world.stop()
        await idle_world.start(backup_cron="30 3 * * *")
        last = await idle_world.store.last_run("backup")
        assert last is not None and last <= datetime.now(UTC)

    async def test_order_is_that_of_arrival_whatever_the_clock_says(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for day in (20, 1, 10):
            at = int(datetime(2026, 1, day, tzinfo=UTC).timestamp())
            monkeypatch.setattr("sandbox.state.time.time", lambda at=at: at)
            await world.ask(f"on day {day}")
        said = [turn.text for turn in world.engine.requests[-1].turns if turn.speaker == "Daniel"]
        assert said == ["on day 20", "on day 1", "on day 10"]
