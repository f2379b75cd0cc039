"""How fast one person may write: the bound itself, and that a flood keeps nobody waiting."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.pace import Pace
from bot.texts import Words
from tests.bot.updates import chat_of, message, pressed, sender, update

DANIEL, GUEST, STRANGER, FLOODER, SOON = 1001, 1002, 6666, 1003, 20.0
NOON = 1_700_000_000
WORDS = Words("en")
World = Any


def said(at: float, user: int = GUEST, **more: Any) -> Any:
    return update(None, "message", message(sender(user), chat_of(user), "Hey", date=int(at), **more))


def pace(a_minute: int = 60, free: frozenset[int] = frozenset({DANIEL}), now: float = NOON) -> Pace:
    return Pace(a_minute, free.__contains__, lambda: now)


class TestPace:
    def test_so_many_at_once_then_one_is_told_and_the_rest_dropped(self) -> None:
        bound = pace(10)
        assert [bound.judge(said(NOON)) for _ in range(13)] == ["take"] * 10 + ["tell", "drop", "drop"]

    def test_told_is_who_was_refused_first(self) -> None:
        bound, updates = pace(1), [said(NOON) for _ in range(3)]
        for each in updates:
            bound.judge(each)
        assert [bound.tells(each.update_id) for each in updates] == [False, True, False]

    def test_time_gives_back(self) -> None:
        bound = pace(60)
        assert [bound.judge(said(NOON)) for _ in range(60)] == ["take"] * 60
        assert [bound.judge(said(NOON + 1)) for _ in range(2)] == ["take", "tell"]
        assert bound.judge(said(NOON + 2)) == "take"
        assert bound.judge(said(NOON + 2)) == "drop"  # it was told a moment ago
        assert [bound.judge(said(NOON + 100)) for _ in range(61)] == ["take"] * 60 + ["tell"]

    def test_what_was_written_slowly_while_the_bot_was_off_is_all_taken(self) -> None:
        bound = pace(60)
        assert {bound.judge(said(NOON + 2 * number)) for number in range(500)} == {"take"}

    def test_each_person_has_their_own_bound_and_admins_none(self) -> None:
        bound = pace(1)
        assert [bound.judge(said(NOON, user)) for user in (GUEST, STRANGER, GUEST)] == ["take", "take", "tell"]
        assert {bound.judge(said(NOON, DANIEL)) for _ in range(100)} == {"take"}

    def test_buttons_are_bounded_by_our_clock(self) -> None:
        bound, user = pace(1), sender(GUEST)
        under = message(user, chat_of(GUEST), "?")
        presses = [pressed(None, user, under, "swap") for _ in range(3)]  # type: ignore[arg-type]
        assert [bound.judge(each) for each in presses] == ["take", "tell", "drop"]

    def test_no_bound(self) -> None:
        assert {pace(0).judge(said(NOON)) for _ in range(1000)} == {"take"}

    @given(st.lists(st.integers(0, 600), max_size=200), st.integers(1, 30))
    def test_never_more_than_the_bound_in_any_minute(self, moments: list[int], a_minute: int) -> None:
        bound = pace(a_minute)
        moments.sort()
        taken = [at for at in moments if bound.judge(said(NOON + at)) == "take"]
        for start in taken:
            assert sum(start <= at < start + 60 for at in taken) <= 2 * a_minute  # what was saved up, and the minute's


async def test_a_flood_keeps_nobody_waiting(idle_world: World) -> None:
    """1,000 messages wait before the bot starts, and one of another person behind them."""
    flooders = frozenset({FLOODER, GUEST})
    for number in range(1_000):
        await idle_world.sandbox.say(FLOODER, f"flood {number}")
    asked = await idle_world.sandbox.say(GUEST, "Hey")
    idle_world.engine.reply = lambda request: f"heard {request.turns[-1].text}"
    await idle_world.start(allowed_ids=flooders, messages_per_minute=30)
    assert (await idle_world.next(asked, GUEST)).text == "heard Hey"
    await idle_world.settled()
    heard = [turn.text for turn in await idle_world.store.turns((await idle_world.thread(FLOODER)).id)]
    taken = [text for text in heard if text.startswith("flood")]
    assert taken == [f"flood {number}" for number in range(len(taken))] and 30 <= len(taken) < 100
    assert idle_world.said(FLOODER).count(WORDS("too_fast", number=30)) == 1


async def test_one_whose_answer_takes_for_ever_holds_up_no_other(idle_world: World) -> None:
    await idle_world.start(allowed_ids=frozenset({FLOODER, GUEST}))
    await idle_world.ask("/persona Peter", FLOODER)
    gate = idle_world.engine.hold("Peter")
    for number in range(20):
        await idle_world.sandbox.say(FLOODER, f"flood {number}")
    await idle_world.next_request(0)
    assert await idle_world.ask("Hey", GUEST) == "Lisa heard Hey"
    waits = [request for request in idle_world.engine.requests if request.speaker == "Peter"]
    assert waits and gate is not None
    gate.set()
    await idle_world.settled()


async def test_strangers_are_bounded_too(idle_world: World) -> None:
    for _ in range(200):
        await idle_world.sandbox.say(STRANGER, "let me in")
    asked = await idle_world.sandbox.say(GUEST, "Hey")
    await idle_world.start(messages_per_minute=20)
    assert (await idle_world.next(asked, GUEST)).text == "Lisa heard Hey"
    await idle_world.settled()
    assert len(idle_world.said(STRANGER)) < 60
