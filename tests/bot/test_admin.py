"""What admins do from a chat: exports, datasets, versions, reload, backup, schedule, cleaning."""

import asyncio
import json
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import files, handlers_data
from bot.process import result_of
from bot.texts import Words
from storage.store import Place, Store
from tests.bot.updates import chat_of, handled, message, sender, update
from twin.errors import TwinError

DANIEL, GUEST, SOON = 1001, 1002, 60.0
WORDS = Words("en")
EXPORT = "".join(f"04.05.23, 18:{minute:02} - {('Anna', 'Ben')[minute % 2]}: text {minute}\n" for minute in range(20))
World = Any


async def send(world: World, text: str = EXPORT, name: str = "WhatsApp Chat with Anna.txt", caption: str = "") -> Any:
    """Send an export, and return what the bot says of it."""
    sent = await world.sandbox.send_file(DANIEL, name, text.encode(), caption)
    return await world.sandbox.next_message(DANIEL, sent.id, SOON)


def stored(world: World, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((world.settings.dataset(name) / "dataset.json").read_text("utf-8"))
    return found


class TestExports:
    async def test_from_export_to_dataset_with_consent_and_back(self, world: World) -> None:
        shown = await send(world)
        assert "20 messages" in shown.text and "1 conversations" in shown.text
        assert "· Anna: 10" in shown.text and "Do all people in this chat agree" in shown.text
        agree, _ = (button["callback_data"] for button in shown.buttons)
        assert not world.settings.dataset("daniel").exists()
        await world.sandbox.press(DANIEL, shown.id, agree)
        twice = await world.sandbox.press(DANIEL, shown.id, agree)
        added = await world.sandbox.next_message(DANIEL, shown.id, SOON)
        assert "the dataset daniel has 1 conversations" in added.text
        assert (await world.sandbox.answer(twice, SOON)).text == WORDS("gone")
        assert f"({DANIEL}) stated on" in stored(world, "daniel")["consent"]
        await world.until(lambda: not any((world.settings.data_dir / "uploads").iterdir()))

        listed = await world.next(await world.sandbox.say(DANIEL, "/datasets"))
        assert "daniel: 20 texts" in listed.text and "stated on" in listed.text
        await world.sandbox.press(DANIEL, listed.id, listed.buttons[0]["callback_data"])
        really = await world.next(listed)
        await world.sandbox.press(DANIEL, really.id, really.buttons[0]["callback_data"])
        revoked = await world.next(really)
        assert "daniel is deleted" in revoked.text and "have learned from it" in revoked.text
        assert [button["text"] for button in revoked.buttons] == [WORDS("button_unlearn", adapter="daniel")]
        assert not world.settings.dataset("daniel").exists()
        assert "⚠ learned from daniel, which was withdrawn" in await world.ask("/adapters")
        assert await world.ask("/datasets") == WORDS("no_datasets")

    async def test_bot_that_stops_while_it_adds_an_export_adds_it_after_a_restart(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shown = await send(world)
        began = asyncio.Event()

        async def never_ends(*_: object) -> dict[str, Any]:
            began.set()
            await asyncio.Event().wait()
            return {}

        with monkeypatch.context() as patch:
            patch.setattr(handlers_data, "result_of", never_ends)
            await world.sandbox.press(DANIEL, shown.id, shown.buttons[0]["callback_data"])
            await began.wait()
            await world.stop()
        await world.start()
        assert "the dataset daniel has 1 conversations" in (await world.next(shown)).text
        await world.settled()
        assert await world.store.count_uploads() == 0
        await world.until(lambda: not any((world.settings.data_dir / "uploads").iterdir()))

    async def test_export_that_a_crash_left_behind_is_cleaned_away(self, world: World) -> None:
        uploads = world.settings.data_dir / "uploads"
        left, new = (files.upload_path(world.settings.data_dir, number, "chat.txt") for number in (1, 2))
        for path in (left, new):
            files.write_private_bytes(path, EXPORT.encode())
        long_ago = (datetime.now() - timedelta(days=3)).timestamp()
        os.utime(left.parent, (long_ago, long_ago))
        (job,) = world.application.job_queue.get_jobs_by_name("clean")
        await job.run(world.application)
        assert [path.name for path in uploads.iterdir()] == ["2"]

    async def test_caption_names_the_dataset(self, world: World) -> None:
        shown = await send(world, caption="Anna & Ben!")
        assert shown.buttons[0]["text"] == WORDS("button_agree", dataset="anna-ben")

    async def test_discarded(self, world: World) -> None:
        shown = await send(world)
        await world.sandbox.press(DANIEL, shown.id, shown.buttons[1]["callback_data"])
        assert (await world.next(shown)).text == WORDS("discarded")
        assert not world.settings.dataset("daniel").exists()
        await world.until(lambda: not any((world.settings.data_dir / "uploads").iterdir()))

    async def test_no_export(self, world: World) -> None:
        refused = await send(world, "just a shopping list\n", "list.txt")
        assert refused.text.startswith("That is no export I can use")
        assert str(world.settings.data_dir) not in refused.text
        await world.until(lambda: not any((world.settings.data_dir / "uploads").iterdir()))

    async def test_too_large_says_how_to_hand_it_over(self, world: World) -> None:
        refused = await send(world, "x" * (20_000_000 + 1), "big.txt")
        assert "20 MB" in refused.text and "twin prepare" in refused.text

    async def test_larger_than_its_message_says(self, world: World) -> None:
        sent = await world.sandbox.send_file(DANIEL, "big.txt", b"x" * (20_000_000 + 1))
        await world.settled()
        document = {"file_id": sent.file.id, "file_unique_id": "u", "file_name": "big.txt", "file_size": 100}
        asked = message(sender(DANIEL), chat_of(DANIEL), document=document)
        await handled(world, update(world.application.bot, "message", asked))
        assert "20 MB" in world.said()[-1]
        assert list((world.settings.data_dir / "uploads").glob("*/*")) == []

    async def test_only_so_many_wait_to_be_decided_about(self, world: World) -> None:
        for number in range(10):
            await world.store.add_upload(Place(DANIEL), DANIEL, str(world.settings.data_dir / str(number)), "x")
        assert (await send(world)).text == WORDS("too_many_uploads", number=10)
        assert not (world.settings.data_dir / "uploads").exists()

    async def test_one_that_takes_too_long_is_ended(self) -> None:
        with pytest.raises(TwinError, match="took longer than 0 minutes"):
            await result_of([sys.executable, "-c", "import time; time.sleep(1000)"], {}, seconds=0.01)

    async def test_export_of_someone_else_is_refused(self, world: World) -> None:
        sent = await world.sandbox.send_file(GUEST, "chat.txt", EXPORT.encode())
        assert (await world.next(sent, GUEST)).text == WORDS("admins_only")
        assert not (world.settings.data_dir / "uploads").exists()

    def test_name_of_an_upload_stays_within_its_folder(self, tmp_path: Path) -> None:
        for name in ("../../etc/passwd", "/root/x.txt", "..", "", "a\x00b.txt", "ü" * 300 + ".txt"):
            path = files.upload_path(tmp_path, 1, name)
            assert path.parent == tmp_path / "uploads" / "1"
            assert path.name and not path.name.startswith(".")


@pytest.mark.parametrize("text", ["/retrain", "/datasets", "/adapters", "/rollback", "/reload", "/backup", "/schedule"])
async def test_commands_of_admins_are_for_admins(world: World, text: str) -> None:
    assert await world.ask(text, GUEST) == WORDS("admins_only")


@pytest.mark.parametrize(
    "data", ["cancel:1", "use:0", "agree:1", "discard:1", "revoke:0", "withdraw:0", "unlearn:0", "let:1", "out:1"]
)
async def test_buttons_of_admins_are_for_admins_and_may_be_old(world: World, data: str) -> None:
    for user, text in ((GUEST, WORDS("admins_only")), (DANIEL, None)):
        said = await world.sandbox.say(user, "/help")
        helped = await world.next(said, user)
        await world.store.post(Place(user), "old", buttons=[[("x", data)]])
        world.application.bot_data["parts"].desk.delivery.wake(user)
        old = await world.next(helped, user)
        answer = await world.sandbox.answer(await world.sandbox.press(user, old.id, data), SOON)
        assert answer.text in ([text] if text else [WORDS("gone"), WORDS("decided_already")])


class TestVersions:
    async def test_rollback_and_its_end(self, world: World, adapter_writer: Any) -> None:
        old = world.adapters.current_version("daniel")
        adapter_writer(world.adapters, "daniel", [("Daniel", "Lisa")])
        assert await world.ask("/rollback") == WORDS("serves", adapter="daniel", version=old)
        assert world.adapters.current_version("daniel") == old and world.engine.reloads == 1
        assert "no earlier promoted version" in await world.ask("/rollback daniel")
        assert "there are: daniel" in await world.ask("/rollback xaver")

    async def test_adapters_offers_what_does_not_serve(self, world: World, adapter_writer: Any) -> None:
        old = world.adapters.current_version("daniel")
        new = adapter_writer(world.adapters, "daniel", [("Daniel", "Lisa")])
        listed = await world.next(await world.sandbox.say(DANIEL, "/adapters"))
        assert f"▶ {new}" in listed.text and f"· {old}" in listed.text
        (button,) = listed.buttons
        await world.sandbox.press(DANIEL, listed.id, button["callback_data"])
        assert (await world.next(listed)).text == WORDS("serves", adapter="daniel", version=old)

    async def test_reload(self, world: World) -> None:
        assert await world.ask("/reload") == WORDS("nothing_new")

        async def reload() -> dict[str, str]:
            return {"daniel": "v2"}

        world.engine.reload = reload
        assert await world.ask("/reload") == WORDS("serves", adapter="daniel", version="v2")


class TestUpkeep:
    async def test_backup_opens_with_the_key_and_ages_out(self, world: World, tmp_path: Path) -> None:
        await world.ask("my secret")
        said = await world.ask("/backup")
        (copy,) = (world.settings.data_dir / "backups").iterdir()
        assert copy.name in said and copy.stat().st_mode & 0o777 == 0o600
        assert b"my secret" not in copy.read_bytes()
        restored = await Store.open(copy.rename(tmp_path / "copy.db"), world.settings.key_file)
        thread = await restored.current_thread(Place(DANIEL))
        assert thread and (await restored.turns(thread.id))[0].text == "my secret"
        await restored.close()

    async def test_schedule_tells_what_runs_next(self, idle_world: World) -> None:
        await idle_world.start(backup_cron="30 3 * * *")
        said = await idle_world.ask("/schedule")
        assert "look for new versions: 20" in said and "retrain: -" in said
        assert "backup: 20" in said and "03:30:00" in said

    async def test_cron_that_is_none(self, idle_world: World) -> None:
        with pytest.raises(TwinError, match="BACKUP_CRON"):
            await idle_world.start(backup_cron="99 3 * * *")

    async def test_what_was_missed_is_made_up_for(self, idle_world: World) -> None:
        await idle_world.start()
        await idle_world.store._database.run("INSERT INTO runs VALUES ('backup', '2020-01-01T00:00:00+00:00')")
        await idle_world.stop()
        await idle_world.start(backup_cron="30 3 * * *")
        backups = idle_world.settings.data_dir / "backups"
        await idle_world.until(lambda: backups.exists() and list(backups.glob("twin-*.db")) != [])

    async def test_cleaning_keeps_to_the_days(self, world: World) -> None:
        await world.ask("Hey")
        thread = await world.thread()
        old = f"{(await world.store.turns(thread.id))[0].at - timedelta(days=40):%Y-%m-%dT%H:%M:%S}"
        await world.store._database.run("UPDATE turns SET at = ? WHERE speaker = 'Daniel'", (old,))
        assert await world.store.clean(None) == []
        assert len(await world.store.turns(thread.id)) == 2
        await world.stop()
        await world.start(retention_days=30)
        (job,) = world.application.job_queue.get_jobs_by_name("clean")
        await job.run(world.application)
        await world.settled()
        assert [turn.speaker for turn in await world.store.turns(thread.id)] == ["Lisa"]

    async def test_retrain_by_cron_trains_every_adapter(self, idle_world: World, scripted: Any) -> None:
        idle_world.retrain_command = scripted('tell(adapter=sys.argv[1], version="v2", skipped=True, promoted=True)')
        await idle_world.start(retrain_cron="0 4 * * 0")
        await idle_world.ask("/help")
        (job,) = idle_world.application.job_queue.get_jobs_by_name("retrain")
        await job.run(idle_world.application)
        await idle_world.until(lambda: "Nothing is new" in idle_world.said()[-1])
