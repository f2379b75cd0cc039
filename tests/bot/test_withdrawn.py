"""Consent that is withdrawn: what learned from the data is marked, told and deleted; and adapters that are no twins."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot import files
from bot.texts import Words
from sandbox import Message
from twin.adapter import AdapterFolder

DANIEL, GUEST, SOON = 1001, 1002, 20.0
WORDS = Words("en")
World = Any
Writer = Callable[..., str]
CHATS = [("Daniel", "Lisa")]


def add_dataset(world: World, name: str) -> None:
    folder = world.settings.dataset(name)
    folder.mkdir(parents=True)
    counts = {"speakers": {"Daniel": 1, "Lisa": 1}, "kept": 2, "conversations": 1}
    (folder / "dataset.json").write_text(json.dumps({"counts": counts, "consent": "both agreed"}))


async def press(world: World, message: Message, number: int = 0) -> Message:
    """Press a button, and return what comes then."""
    await world.sandbox.press(DANIEL, message.id, message.buttons[number]["callback_data"])
    last = world.sandbox.messages(DANIEL)[-1]
    found: Message = await world.next(last)
    return found


async def listed(world: World) -> Message:
    """The datasets, each with a button to withdraw it."""
    found: Message = await world.next(await world.sandbox.say(DANIEL, "/datasets"))
    return found


async def withdraw(world: World, name: str) -> Message:
    """Withdraw a dataset, and return what is said at the end."""
    add_dataset(world, name)
    return await press(world, await press(world, await listed(world)))


async def test_admin_is_told_what_still_serves_and_goes_back_by_a_button(
    idle_world: World, adapter_writer: Writer
) -> None:
    clean = adapter_writer(idle_world.adapters, "daniel", CHATS, datasets=("other",))
    marked = adapter_writer(idle_world.adapters, "daniel", CHATS)
    later = adapter_writer(idle_world.adapters, "lisa", CHATS, datasets=("x",), continued_from=f"daniel/{marked}")
    interrupted = idle_world.adapters.run_folder("daniel")
    interrupted.mkdir()
    await idle_world.start()
    told = await withdraw(idle_world, "daniel")
    assert not interrupted.exists()
    assert "daniel, lisa" in told.text and "/rollback" in told.text
    assert [button["text"] for button in told.buttons] == ["Delete it from daniel", "Delete it from lisa"]
    assert idle_world.adapters.current_version("daniel") == marked  # until the admin decides
    assert (await idle_world.ask("/adapters")).count(WORDS("withdrawn_mark", dataset="daniel")) == 3

    data = told.buttons[0]["callback_data"]
    gone = await press(idle_world, told)
    assert gone.text == f"{WORDS('unlearned', adapter='daniel')} {WORDS('serves', adapter='daniel', version=clean)}"
    assert idle_world.adapters.versions("daniel") == [clean] and idle_world.engine.reloads == 1
    twice = await idle_world.sandbox.press(DANIEL, told.id, data)
    assert (await idle_world.sandbox.answer(twice, SOON)).text == WORDS("gone")

    gone = await press(idle_world, told, 1)
    assert gone.text.endswith(WORDS("serves_no_more", adapter="lisa"))
    assert not (idle_world.adapters.root / "lisa" / later).exists()


async def test_whoever_talks_with_one_that_is_gone_is_told(idle_world: World, adapter_writer: Writer) -> None:
    adapter_writer(idle_world.adapters, "zoe", [("Zoe", "Anna")])
    await idle_world.start()
    assert await idle_world.ask("Hey") == "Lisa heard Hey"
    await press(idle_world, await withdraw(idle_world, "daniel"))
    for text in ("Hey", "/swap", "/me", "/status", "/simulate"):
        assert await idle_world.ask(text) == WORDS("persona_gone")
    assert "Anna answers" in await idle_world.ask("/persona Anna")
    assert await idle_world.ask("Hey") == "Anna heard Hey"


async def test_version_that_never_served_is_not_put_to_work(idle_world: World, adapter_writer: Writer) -> None:
    marked = idle_world.adapters.current_version("daniel")
    refused = adapter_writer(idle_world.adapters, "daniel", CHATS, datasets=("other",))
    (idle_world.adapters.root / "daniel" / "HISTORY").write_text(f"{marked}\n")
    (idle_world.adapters.root / "daniel" / "CURRENT").write_text(f"{marked}\n")
    await idle_world.start()
    gone = await press(idle_world, await withdraw(idle_world, "daniel"))
    assert gone.text.endswith(WORDS("serves_no_more", adapter="daniel"))
    assert idle_world.adapters.versions("daniel") == [refused] and not idle_world.adapters.serves("daniel")


async def test_marked_version_that_is_promoted_again_is_told(idle_world: World, adapter_writer: Writer) -> None:
    marked = idle_world.adapters.current_version("daniel")
    adapter_writer(idle_world.adapters, "daniel", CHATS, datasets=("other",))
    await idle_world.start()
    await withdraw(idle_world, "daniel")
    versions = await idle_world.next(await idle_world.sandbox.say(DANIEL, "/adapters"))
    mark = WORDS("withdrawn_mark", dataset="daniel")
    assert (await press(idle_world, versions)).text == f"{WORDS('serves', adapter='daniel', version=marked)}\n⚠ {mark}"


async def test_rollback_to_a_marked_version_is_told(idle_world: World, adapter_writer: Writer) -> None:
    marked = idle_world.adapters.current_version("daniel")
    adapter_writer(idle_world.adapters, "daniel", CHATS, datasets=("other",))
    await idle_world.start()
    await withdraw(idle_world, "daniel")
    mark = WORDS("withdrawn_mark", dataset="daniel")
    assert await idle_world.ask("/rollback") == f"{WORDS('serves', adapter='daniel', version=marked)}\n⚠ {mark}"


async def test_nothing_is_withdrawn_while_a_training_by_hand_runs(idle_world: World) -> None:
    await idle_world.start()
    with AdapterFolder(idle_world.adapters.root).learning():
        refused = await withdraw(idle_world, "daniel")
    assert "a training is under way" in refused.text
    assert idle_world.settings.dataset("daniel").exists() and files.marked(idle_world.adapters) == []
    with AdapterFolder(idle_world.adapters.root).locked("daniel"):
        refused = await press(idle_world, await press(idle_world, await press(idle_world, await listed(idle_world))))
    assert "is being trained" in refused.text and idle_world.adapters.serves("daniel")


async def test_what_an_interrupted_training_of_another_adapter_had_is_removed(idle_world: World) -> None:
    marked = idle_world.adapters.current_version("daniel")
    plans = {"lisa": {"datasets": ["daniel"]}, "max": {"continued_from": f"daniel/{marked}"}, "zoe": {}}
    for name, plan in plans.items():
        run = idle_world.adapters.run_folder(name)
        run.mkdir(parents=True)
        (run / "run.json").write_text(json.dumps({"plan": plan}))
    await idle_world.start()
    await withdraw(idle_world, "daniel")
    assert [run.parent.name for run in idle_world.adapters.run_folders()] == ["zoe"]


async def test_nothing_is_withdrawn_while_a_training_runs(idle_world: World, scripted: Any, tmp_path: Any) -> None:
    go_on = tmp_path / "go on"
    idle_world.retrain_command = scripted(f"while not os.path.exists({str(go_on)!r}): time.sleep(0.01)")
    await idle_world.start()
    add_dataset(idle_world, "daniel")
    datasets = await listed(idle_world)
    await idle_world.ask("/retrain")
    query = await idle_world.sandbox.press(DANIEL, datasets.id, datasets.buttons[0]["callback_data"])
    assert (await idle_world.sandbox.answer(query, SOON)).text == WORDS("training_runs")
    assert idle_world.settings.dataset("daniel").exists()
    go_on.touch()


class TestGeneral:
    """An adapter made by `twin general` imitates nobody."""

    @pytest.fixture
    async def world(self, idle_world: World, adapter_writer: Writer, scripted: Any) -> World:
        adapter_writer(idle_world.adapters, "a-general-one", [("A", "B")], general=True)
        idle_world.retrain_command = scripted("tell(adapter=sys.argv[1], version='v2', skipped=True)")
        await idle_world.start(retrain_cron="0 4 * * 0")
        return idle_world

    async def test_is_no_persona(self, world: World) -> None:
        offer = await world.next(await world.sandbox.say(DANIEL, "/persona"))
        assert {button["text"] for button in offer.buttons} == {"Daniel", "Lisa", "Peter"}
        assert await world.ask("Hey") == "Lisa heard Hey"
        assert f"a-general-one ({WORDS('imitates_nobody')})" in await world.ask("/adapters")

    async def test_is_not_trained_from_the_chat(self, world: World) -> None:
        assert await world.ask("/retrain a-general-one") == WORDS(
            "unknown_adapter", name="a-general-one", known=WORDS("there_are", names="daniel")
        )
        (job,) = world.application.job_queue.get_jobs_by_name("retrain")
        await job.run(world.application)
        await world.until(lambda: "Nothing is new" in world.said()[-1])
        assert "Nothing is new: version v2 of daniel" in world.said()[-1]
        assert not any("a-general-one has" in text or "of a-general-one" in text for text in world.said())
