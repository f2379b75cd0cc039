"""The pause: nobody is answered while a training needs the model's memory, and afterwards everybody is."""

import logging

from bot.chat import Chats
from bot.logs import described
from bot.simulate import Simulations
from twin.engine import Engine

log = logging.getLogger(__name__)


class Pause:
    def __init__(self, engine: Engine, chats: Chats, simulations: Simulations) -> None:
        self._engine = engine
        self._chats = chats
        self._simulations = simulations

    @property
    def on(self) -> bool:
        return self._chats.paused

    async def begin(self) -> None:
        """Give up what the engine is doing, and have it let go of the model. What comes meanwhile waits."""
        self._chats.pause()
        await self._simulations.end_all()
        await self._engine.unload()

    async def end(self, adapter: str) -> None:
        """Answer whatever waits. The model is loaded again, so that the next training finds the memory as it was."""
        if not self.on:
            return
        self._chats.resume()
        try:
            await self._engine.start(adapter)
        except Exception as error:  # whoever writes is told when it is tried again
            log.error("adapter %s was not loaded after the training: %s", adapter, described(error))
