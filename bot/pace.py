"""How fast one person may write, so that nobody keeps the others waiting."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Literal

from telegram import Update

Verdict = Literal["take", "tell", "drop"]
_MOST_PEOPLE = 10_000  # who are remembered; whoever wrote longest ago begins anew
_TOLD = 1 << 10  # updates to be told off that are remembered


class Pace:
    """Takes so many updates a minute of each person, and after a pause so many at once.

    The time of a message is Telegram's: what was written slowly while the bot was off comes all at once, and is not
    held against anyone. Buttons have no time of their own, so they are counted apart, by our clock.

    Args:
        a_minute: how many; 0: no bound.
        free: says of a person's number whether they have no bound.
    """

    def __init__(self, a_minute: int, free: Callable[[int], bool], now: Callable[[], float] = time.time) -> None:
        self._most = float(a_minute)
        self._free = free
        self._now = now
        self._people: OrderedDict[tuple[int, bool], tuple[float, float, bool]] = OrderedDict()  # left, since, told
        self._told: deque[int] = deque(maxlen=_TOLD)

    def judge(self, update: Update) -> Verdict:
        """What to do with an update: take it in, tell its sender that they are too fast, or drop it unread.

        They are told once, and again only after they have been slower for a while.
        """
        user, message = update.effective_user, update.message or update.edited_message
        if user is None or not self._most or self._free(user.id):
            return "take"
        key = user.id, message is None
        sent = message and (message.edit_date or message.date)
        at = sent.timestamp() if sent else self._now()
        left, since, told = self._people.pop(key, (self._most, at, False))
        left = min(self._most, left + max(0.0, at - since) * self._most / 60)
        told = told and left < self._most / 2
        verdict: Verdict = "take" if left >= 1 else "drop" if told else "tell"
        if verdict == "tell":
            self._told.append(update.update_id)
        self._people[key] = max(0.0, left - 1) if verdict == "take" else left, max(at, since), told or verdict == "tell"
        if len(self._people) > _MOST_PEOPLE:
            self._people.popitem(last=False)
        return verdict

    def tells(self, update_id: int) -> bool:
        """Whether an update was taken in only to tell its sender that they are too fast."""
        return update_id in self._told
