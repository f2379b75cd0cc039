"""What a continuation says, read as text: cut at the separator, or message by message for a burst.

`twin/writing.py` does the same with tokens, for the model in this process.
"""

from twin.engine import NEXT_MESSAGE
from twin.transcript import SEPARATOR


class Said:
    """One answer, read from the text of a continuation as it comes.

    Args:
        label: with which the same speaker goes on, ` Lisa:`.
        max_messages: the most messages; with one, the answer is over at the first separator.
    """

    def __init__(self, label: str, max_messages: int) -> None:
        self.messages = [""]
        self.over = False
        self._label = label
        self._max_messages = max_messages
        self._rest = ""  # what was not read yet: of a message all of it, then what may become a label
        self._between = False  # a separator was read, and not yet who goes on

    def add(self, text: str) -> list[str]:
        """Read on; returns the pieces that stand with it."""
        self._rest += text
        pieces: list[str] = []
        while not self.over:
            if not self._between:
                said, bar, after = self._rest.partition(SEPARATOR)
                pieces += self._show(said)
                if not bar:
                    break
                self._rest, self._between = after, True
                self.over = len(self.messages) >= self._max_messages
            elif self._rest.startswith(self._label):
                self._rest, self._between = self._rest.removeprefix(self._label), False
                self.messages.append("")
            else:
                self.over = not self._label.startswith(self._rest)  # else it may yet become the label
                break
        return pieces

    def _show(self, said: str) -> list[str]:
        """What of a message is new. White space waits: it may turn out to stand before the separator."""
        new = said.strip()[len(self.messages[-1]) :]
        if not new:
            return []
        begins = not self.messages[-1] and any(self.messages[:-1])
        self.messages[-1] += new
        return [NEXT_MESSAGE, new] if begins else [new]
