"""Simulations: two people of an adapter write with each other in a chat, one a place, until it ends or is stopped."""

import asyncio
import logging
from datetime import datetime

from bot.delivery import Delivery, parts
from bot.logs import described
from bot.texts import Words
from storage.store import Place, Store
from twin.engine import Engine
from twin.talk import simulate

log = logging.getLogger(__name__)

PAUSE, GROUP_PAUSE = 1.0, 3.0  # seconds between two turns: what Telegram allows in a chat and in a group
STOP = "stop:simulation"


class Simulations:
    """Each has a history of its own, kept in memory: nothing of it enters a thread."""

    def __init__(self, store: Store, engine: Engine, delivery: Delivery) -> None:
        self._store = store
        self._engine = engine
        self._delivery = delivery
        self._tasks: dict[Place, asyncio.Task[None]] = {}
        self._stopped: set[Place] = set()

    async def start(
        self, place: Place, words: Words, adapter: str, pair: tuple[str, str], *, turns: int, opening: str | None
    ) -> bool:
        """Begin one; False if one runs there."""
        if place in self._tasks:
            return False
        self._stopped.discard(place)
        self._tasks[place] = asyncio.create_task(self._run(place, words, adapter, pair, turns=turns, opening=opening))
        return True

    def stop_in(self, place: Place) -> bool:
        """End the one that runs there after the turn that is in the making; False if none does."""
        self._stopped.add(place)
        return place in self._tasks

    async def end_all(self) -> None:
        """End all at once, and say so."""
        self._stopped.update(self._tasks)
        await self.stop()

    def forget(self, chat_id: int) -> None:
        """End those that run anywhere in a chat: what they say would be written down after it was forgotten."""
        for place, task in self._tasks.items():
            if place.chat_id == chat_id:
                task.cancel()

    async def stop(self) -> None:
        """Let go of all."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(
        self, place: Place, words: Words, adapter: str, pair: tuple[str, str], *, turns: int, opening: str | None
    ) -> None:
        try:
            first, second = pair
            button = [[(words("button_stop"), STOP)]]
            await self._post(place, words("simulation", first=first, second=second, turns=turns), button)
            talk = simulate(self._engine, adapter, pair, turns=turns, at=datetime.now(), opening=opening)
            async for turn in talk:
                if place in self._stopped:
                    break
                for text in parts(f"{turn.speaker}: {turn.text or '…'}"):
                    await self._post(place, text)
                await asyncio.sleep(GROUP_PAUSE if place.is_group else PAUSE)
            await self._post(place, words("simulation_ended"))
        except asyncio.CancelledError:
            if place not in self._stopped:
                raise
            await self._post(place, words("simulation_ended"))
        except Exception as error:
            log.error("a simulation failed: %s", described(error))
            await self._post(place, words("cannot_answer"))
        finally:
            del self._tasks[place]

    async def _post(self, place: Place, text: str, buttons: list[list[tuple[str, str]]] | None = None) -> None:
        await self._store.post(place, text, buttons=buttons)
        self._delivery.wake(place.chat_id)
