"""The engine on a server that speaks OpenAI's API, such as vLLM or llama.cpp's: `/v1/completions`, streamed.

The prompt is the window that the local engine would read, as text; the server tokenises it. The first answer is cut at
the separator, for which it also is the server's stop string. httpx, which is there anyway, does all that is needed of
OpenAI's client: one route, read line by line. The repetition penalty is not passed on: these servers count the prompt
in it, where ours counts the answer alone, and names and bars would become unlikely. Loads no torch.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import httpx

from twin import facts
from twin.adapter import Adapter, AdapterFolder
from twin.degenerate import ATTEMPTS, GRACEFUL, echoes, is_loop
from twin.engine import EngineError, Finish, NextMessage, Request
from twin.errors import TwinError
from twin.manifest import Sampling
from twin.pieces import pieces_of
from twin.remote import CutError, Handing, HttpEngine, TransientError, lines_of, object_in, refuse
from twin.said import Said
from twin.served import ServedModels
from twin.transcript import SEPARATOR, Renderer

SILENCE = 60.0  # seconds without a word from the server: reading a long prompt may take that long
_ENDS: dict[str, Finish] = {"stop": "separator", "length": "length"}


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How an adapter version is asked."""

    adapter: Adapter
    renderer: Renderer
    facts: facts.FactIndex | None

    @classmethod
    def of(cls, adapter: Adapter) -> "_Recipe":
        adapter.people()  # refuses where it imitates nobody
        manifest = adapter.manifest
        pieces = pieces_of(manifest.base_model, manifest.base_revision)
        return cls(adapter, Renderer(pieces, manifest.speakers, manifest.trained_until), facts.load(adapter.path))

    def prompt(self, request: Request) -> tuple[str, str]:
        """The window up to the label of who answers, and that label as it stands after a bar."""
        manifest = self.adapter.manifest
        speakers = manifest.everyone(request.turns, request.speaker)
        renderer = self.renderer.knowing(speakers)
        window: list[Any] = facts.serving_window(
            renderer,
            self.facts,
            request.turns,
            speaker=request.speaker,
            at=request.at,
            budget=manifest.context_length - manifest.room(request.max_tokens),
            gap=manifest.gap,
        )
        return "".join(window), f" {renderer.labels[request.speaker]}:"

    def forget(self) -> None:
        """Let go of the messages that are remembered."""
        self.renderer.forget()
        if self.facts:
            self.facts.forget()


class CompletionsEngine(HttpEngine):
    """Answers that an OpenAI-compatible server makes. Its API has no word for a request's `min_tokens`.

    Args:
        url: of the server, with or without `/v1`.
        adapters: the server must see this folder under the same path if it is to load versions from it.
    """

    def __init__(self, url: str, adapters: AdapterFolder, key: str | None = None) -> None:
        super().__init__(url.removesuffix("/v1"), key)
        self._models = ServedModels(self._client.request, adapters, self._url)
        self._recipes: dict[str, _Recipe] = {}

    async def start(self, name: str) -> None:
        """See that the server is there and has the adapter.

        Raises:
            TwinError: it is not, or has not.
        """
        try:
            async with self._models.used(name) as (adapter, _):
                await self._recipe(adapter)
        except (EngineError, httpx.TransportError) as error:
            reason = str(error) or type(error).__name__
            raise TwinError(f"the server at {self._url} cannot be used ({reason}): check ENGINE_URL") from None

    async def reload(self) -> dict[str, str]:
        """Have newly promoted versions loaded, where the server can, and superseded ones unloaded."""
        return await self._models.reload()

    async def forget(self) -> None:
        """Let go of the texts that are remembered here. OpenAI's API has no word for it: what the server keeps of a
        prompt, it lets go by itself, or with its end."""
        for recipe in self._recipes.values():
            recipe.forget()

    async def _attempt(self, handing: Handing) -> None:
        request = handing.ticket.request
        async with self._models.used(request.adapter) as (adapter, model):
            recipe = await self._recipe(adapter)
            prompt, label = await asyncio.to_thread(recipe.prompt, request)
            handing.ticket.version = adapter.version if model == adapter.identity else model
            sampling = request.sampling or adapter.manifest.sampling
            for number in range(ATTEMPTS):
                body = self._body(model, prompt, request, adapter, replace(sampling, seed=_seed(request, number)))
                said = Said(label, request.max_messages if request.mode == "burst" else 1)
                if finish := await self._one_drawing(handing, body, said, degenerates=sampling.by_chance):
                    handing.ticket.finish = finish
                    break
            else:
                handing.put(GRACEFUL)
                handing.ticket.finish = "degenerate"

    def _body(self, model: str, prompt: str, request: Request, adapter: Adapter, sampling: Sampling) -> dict[str, Any]:
        return {
            "model": model,
            "prompt": prompt,
            "max_tokens": adapter.manifest.room(request.max_tokens),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            "stream": True,
            "stop": [SEPARATOR] if request.mode == "first" else [],
            "add_special_tokens": False,  # vLLM would put a beginning before the text, which no training has seen
        }

    async def _one_drawing(
        self, handing: Handing, body: dict[str, Any], said: Said, *, degenerates: bool
    ) -> Finish | None:
        """Hand an answer over as it comes; None if it is one that should be drawn anew, and nothing was shown of it.

        Args:
            degenerates: by chance; an answer without chance would come out the same again.
        """
        request, heard = handing.ticket.request, handing.ticket.request.heard
        held: list[str] = []
        shown = False
        finish: Finish = "separator"
        async with aclosing(self._stream(body)) as stream:  # left early, it ends the request at the server too
            async for text, end in stream:
                held += said.add(text)
                finish = _ENDS.get(end, "separator") if end else finish
                words = said.messages[-1].split()
                if degenerates and is_loop(words):
                    finish = "degenerate"
                echo = not shown and echoes(said.messages[0], heard, so_far=True)
                if request.stream and not (degenerates and (echo or is_loop(words, so_far=True))):
                    shown = _hand_over(handing, held) or shown
                if said.over or finish == "degenerate":
                    break
                if handing.ticket.overdue:
                    finish = "time"
                    break
        none = not said.messages[0] or echoes(said.messages[0], heard) or finish == "degenerate"
        if degenerates and none and not shown:
            return None
        _hand_over(handing, held)
        return finish

    async def _stream(self, body: dict[str, Any]) -> AsyncGenerator[tuple[str, str | None], None]:
        """The pieces of a completion, each with the reason why it is the last one, if it is.

        Raises:
            TransientError: the server failed, or the stream was cut.
        """
        timeout = httpx.Timeout(SILENCE, connect=self._client.timeout.connect)
        async with self._client.stream("POST", "/v1/completions", json=body, timeout=timeout) as response:
            if response.status_code == 404:  # it was started anew, and has forgotten what was loaded
                self._models.lost(str(body["model"]).partition("/")[0])
                raise TransientError("it does not know the adapter any more")
            refuse(response, self._url)
            async for line in lines_of(response):
                if not line.startswith(b"data:"):
                    continue  # an empty line between two events, or a comment
                data = line.removeprefix(b"data:").strip()
                if data == b"[DONE]":
                    break  # before any reason to end
                values = object_in(data)
                if "error" in values:
                    raise TransientError("it failed in an answer")
                for choice in values.get("choices", ()):
                    yield choice.get("text") or "", choice.get("finish_reason")
                    if choice.get("finish_reason"):
                        return
        raise CutError

    async def _recipe(self, adapter: Adapter) -> _Recipe:
        known = self._recipes.get(adapter.name)
        if known is None or known.adapter.version != adapter.version:
            known = self._recipes[adapter.name] = await asyncio.to_thread(_Recipe.of, adapter)
        return known


def _seed(request: Request, number: int) -> int:
    """The seed of an answer's first, second or third drawing; 31 bits, which every server takes."""
    given = request.sampling.seed if request.sampling and request.sampling.seed is not None else request.seed
    return ((given or 0) + number) % (1 << 31)


def _hand_over(handing: Handing, held: list[str]) -> bool:
    """Empty `held`; whether there was a word in it."""
    words = any(not isinstance(piece, NextMessage) for piece in held)
    for piece in held:
        handing.put(piece)
    held.clear()
    return words
