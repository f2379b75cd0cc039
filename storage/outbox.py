"""The store's outbox: messages of the bot, written down before they are sent."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from storage.facts import Bubble, Buttons, Outgoing, Place, Waiting
from storage.threads import ThreadVerbs
from storage.verbs import moment


class OutboxVerbs(ThreadVerbs):
    async def record_answer(
        self,
        waiting: Waiting,
        bubbles: Sequence[Bubble],
        version: str,
        *,
        buttons: Callable[[int], Buttons] | None = None,
        reply_to: int | None = None,
    ) -> bool:
        """Write down an answer, the messages that will carry it, and that its updates are done: all or nothing.

        False, and nothing is written, if the updates do not wait any more, as after a reset.

        Args:
            buttons: makes those under the last message from the number of the last turn.
            reply_to: Telegram's id of the message that the first one replies to.
        """
        async with self.transaction():
            if not await self.finish(waiting):
                return False
            for number, bubble in enumerate(bubbles):
                turn_id = await self._database.insert(
                    "INSERT INTO turns (thread, speaker, text, at, version, update_id) VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        waiting.thread.id,
                        bubble.turn.speaker,
                        bubble.turn.text,
                        bubble.turn.at.isoformat(),
                        version,
                        waiting.updates[-1],
                    ),
                )
                for part, text in enumerate(bubble.messages):
                    ends = number == len(bubbles) - 1 and part == len(bubble.messages) - 1
                    await self._post(
                        waiting.thread.place,
                        text,
                        update_id=waiting.updates[-1],
                        thread_id=waiting.thread.id,
                        turn_id=turn_id,
                        pause=0.0 if part else bubble.pause,
                        reply_to=reply_to if number == part == 0 else None,
                        buttons=buttons(turn_id) if buttons and ends else None,
                    )
        return True

    async def post(
        self,
        place: Place,
        text: str,
        *,
        buttons: Buttons | None = None,
        update_id: int | None = None,
        reply_to: int | None = None,
    ) -> None:
        """Record a message of the bot itself, which belongs to no thread."""
        async with self.transaction():
            await self._post(place, text, update_id=update_id, buttons=buttons, reply_to=reply_to)

    async def unsent(self, chat_id: int, *, most: int = -1) -> list[Outgoing]:
        """What is to be sent to a chat, in order: the first `most` messages; all, if that is negative."""
        rows = await self._database.read(
            "SELECT id, chat_id, topic_id, text, buttons, pause, reply_to FROM outbox "
            "WHERE state = 'unsent' AND chat_id = ? ORDER BY id LIMIT ?",
            (chat_id, most),
        )
        return [
            Outgoing(number, Place(chat, topic), text, _buttons(buttons), pause, reply_to)
            for number, chat, topic, text, buttons, pause, reply_to in rows
        ]

    async def unsent_chats(self) -> list[int]:
        """The chats to which something is to be sent."""
        rows = await self._database.read("SELECT DISTINCT chat_id FROM outbox WHERE state = 'unsent'")
        return [chat_id for (chat_id,) in rows]

    async def mark_sent(self, outgoing_id: int, message_id: int) -> list[int]:
        """Note Telegram's id of a message that was sent, also at its turn; its text is kept there only.

        Returns:
            the messages whose buttons are to go, because an answer with buttons has come after them.
        """

        def work(execute: Any) -> list[int]:
            row = execute(
                "UPDATE outbox SET state = 'sent', shown = (turn IS NOT NULL AND buttons IS NOT NULL), text = '', "
                "buttons = NULL, message_id = ?, sent = ? WHERE id = ? RETURNING turn, shown, chat_id, topic_id",
                (message_id, moment(), outgoing_id),
            ).fetchone()
            if row is None:
                return []
            turn, shown, chat_id, topic_id = row
            if turn is not None:
                execute("UPDATE turns SET message_id = ? WHERE id = ?", (message_id, turn))
            if not shown:
                return []
            rows = execute(
                "UPDATE outbox SET shown = 0 WHERE shown AND chat_id = ? AND topic_id = ? AND id < ? "
                "RETURNING message_id",
                (chat_id, topic_id, outgoing_id),
            ).fetchall()
            return [message for (message,) in rows]

        return await self._database.call(work)

    async def mark_failed(self, outgoing_id: int) -> None:
        """Give a message up: Telegram will not have it, or the user has blocked the bot."""
        async with self.transaction():
            await self._database.run(
                "UPDATE outbox SET state = 'failed', text = '', buttons = NULL WHERE id = ?", (outgoing_id,)
            )

    async def _post(
        self,
        place: Place,
        text: str,
        *,
        update_id: int | None,
        buttons: Buttons | None = None,
        thread_id: int | None = None,
        turn_id: int | None = None,
        pause: float = 0.0,
        reply_to: int | None = None,
    ) -> None:
        await self._database.run(
            "INSERT INTO outbox (chat_id, topic_id, thread, turn, update_id, text, buttons, pause, reply_to, created) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                place.chat_id,
                place.topic_id,
                thread_id,
                turn_id,
                update_id,
                text,
                json.dumps(buttons, ensure_ascii=False) if buttons else None,
                pause,
                reply_to,
                moment(),
            ),
        )


def _buttons(text: str | None) -> Buttons | None:
    return [[(label, data) for label, data in row] for row in json.loads(text)] if text else None
