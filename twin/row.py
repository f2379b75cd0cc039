"""A row of the batch: one request's tokens, what is cached of them, and the answer that grows from them."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from twin.decoding import Drawing
from twin.degenerate import ATTEMPTS, GRACEFUL, echoes, is_loop
from twin.desk import Slip
from twin.engine import NextMessage
from twin.loaded import Loaded
from twin.manifest import Sampling
from twin.metrics import Metrics
from twin.writing import Writing


class Row:
    """One request in the making.

    `tokens` are the history's and those of the answer so far; the first `length` of them are in the cache.

    Args:
        ticket: of the request.
        loaded: the adapter version that answers, to the end.
        prompt: token ids of the history, up to the label of who answers.
        label: tokens with which the same speaker goes on, for bursts.
    """

    def __init__(
        self,
        ticket: Slip,
        loaded: Loaded,
        prompt: Sequence[int],
        *,
        max_tokens: int,
        label: Sequence[int],
        drawing: Drawing,
        metrics: Metrics,
    ) -> None:
        self.ticket = ticket
        self.loaded = loaded
        self.tokens = list(prompt)
        self.length = 0
        self._prompt_length = len(prompt)
        self._max_tokens = max_tokens
        self._label = tuple(label)
        self._drawing = drawing
        self._metrics = metrics
        request = ticket.request
        sampling: Sampling = request.sampling or loaded.adapter.manifest.sampling
        self._sampling = sampling if sampling.seed is not None else replace(sampling, seed=request.seed)
        self._generator = drawing.generator(self._sampling)
        self._heard = request.heard
        self._attempt = 1
        self._held: list[str] = []  # pieces that wait to be handed over
        self._shown = False
        self._writing = self._new_writing()
        ticket.version = loaded.adapter.version

    @property
    def unread(self) -> int:
        """Tokens that the model has yet to read before it can draw the next one."""
        return len(self.tokens) - self.length

    @property
    def done(self) -> bool:
        return self._writing.finish is not None

    @property
    def columns(self) -> int:
        """The most tokens that this row can come to."""
        return self._prompt_length + self._max_tokens

    def take(self, logits: torch.Tensor) -> None:
        """Draw the next token from `logits` (vocabulary), and hand over what of the answer stands with it."""
        token = self._drawing.next(logits, self._writing, self._sampling, self._generator)
        self.tokens.append(token)
        self._metrics.tokens_drawn += 1
        self._held += self._writing.add(token)
        if self._sampling.by_chance and not self._writing.finish and is_loop(self._writing.said):
            self._writing.stop("degenerate")
        if self.done:
            self._end()
        elif self.ticket.request.stream and not self._in_doubt():
            self._hand_over()

    def stop(self) -> None:
        """Time is up: the answer ends where it is."""
        self._held += self._writing.stop("time")
        self._hand_over()
        self._finish()

    def _end(self) -> None:
        if not self._degenerate():
            self._hand_over()
        elif self._attempt < ATTEMPTS and not self._shown:
            self._draw_anew()
            return
        else:
            self._metrics.degenerate += 1
            self._writing.finish = "degenerate"
            if not self._shown:
                self._held = [GRACEFUL]
                self._hand_over()
        self._finish()

    def _degenerate(self) -> bool:
        """Nothing said, a loop, or the other's words. Without chance another drawing would be the same: let it be."""
        if not self._sampling.by_chance:
            return False
        text = self._writing.messages[0]
        return self._writing.finish == "degenerate" or not text.strip() or echoes(text, self._heard)

    def _in_doubt(self) -> bool:
        """Whether what is held may yet turn out to be nothing but the other's words, or a loop."""
        if not self._sampling.by_chance:
            return False
        echo = not self._shown and echoes(self._writing.messages[0], self._heard, so_far=True)
        return echo or is_loop(self._writing.said, so_far=True)

    def _draw_anew(self) -> None:
        self._attempt += 1
        self._metrics.redrawn += 1
        del self.tokens[self._prompt_length :]
        self.length = min(self.length, self._prompt_length - 1)  # the last token is read again, for what follows it
        self._held = []
        self._writing = self._new_writing()

    def _new_writing(self) -> Writing:
        request = self.ticket.request
        return Writing(
            self._drawing.alphabet,
            self._max_tokens,
            min_tokens=request.min_tokens,
            label=self._label,
            max_messages=request.max_messages,
        )

    def _hand_over(self) -> None:
        for piece in self._held:
            if not self._shown and not isinstance(piece, NextMessage):
                self._shown = True
                self._metrics.first_piece.append(self.ticket.age)
            self.ticket.put(piece)
        self._held = []

    def _finish(self) -> None:
        self.ticket.finish = self._writing.finish
        self._metrics.answered += 1
        self._metrics.whole_answer.append(self.ticket.age)
        self.ticket.put(None)
