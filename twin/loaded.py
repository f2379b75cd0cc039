"""Adapter versions in memory, all on one base model. Everything here belongs to the model thread.

With two threads at the model, answers come from the wrong adapter without any error.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peft import PeftModel, get_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors import safe_open

from twin import facts
from twin.adapter import Adapter, AdapterFolder
from twin.errors import TwinError, frames_of, kind_and_place
from twin.mixing import mix_in_place
from twin.model import BaseModel, load_base
from twin.transcript import Renderer, Turn
from twin.writing import Alphabet

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """An adapter version in memory, without the model: who waits to go on after a crash must not keep the old one.

    `key` is its name in the PEFT model, new with every loading, while `identity` stays the same; `size` is in bytes.
    """

    adapter: Adapter
    key: str
    renderer: Renderer
    facts: facts.FactIndex | None
    size: int

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.adapter.manifest.base_digest, self.adapter.name, self.adapter.version

    def room(self, tokens: int) -> int:
        """How many of so many tokens of an answer there is room for after a conversation."""
        return self.adapter.manifest.room(tokens)

    def prompt(
        self, turns: Sequence[Turn], speaker: str, at: datetime, budget: int, renderer: Renderer | None = None
    ) -> list[int]:
        """Token ids of a conversation up to the label of who answers, behind the facts that it asks for.

        Args:
            renderer: one that knows more speakers than the adapter's own.
        """
        gap = self.adapter.manifest.gap
        return facts.serving_window(
            renderer or self.renderer, self.facts, turns, speaker=speaker, at=at, budget=budget, gap=gap
        )


class LoadedAdapters:
    """The base model and the adapter versions on it.

    Args:
        folder: where the adapters lie.
        quantisation: how to load the base; "auto" loads it as it was when the first adapter was trained.
        limit: bytes that adapters may take; the least recently used ones go.
    """

    def __init__(self, folder: AdapterFolder, quantisation: str, limit: int) -> None:
        self.base: BaseModel | None = None
        self.alphabet: Alphabet
        self.model: Any = None
        self._folder = folder
        self._quantisation = quantisation
        self._limit = limit
        self._serving: dict[str, Loaded] = {}  # by name, the least recently used one first
        self._retired: list[Loaded] = []  # superseded, but rows may still run on them
        self._keys = 0

    def get(self, name: str, version: str | None = None) -> Loaded:
        """The version that serves, loaded if need be, or the named one.

        Raises:
            TwinError: the adapter, or its base model, cannot be loaded.
        """
        if version:
            for loaded in (*self._serving.values(), *self._retired):
                if (loaded.adapter.name, loaded.adapter.version) == (name, version):
                    return loaded
            loaded = self._load(self._folder.load(name, version))
            self._retired.append(loaded)
            return loaded
        serving = self._serving.pop(name) if name in self._serving else self._load(self._folder.load(name))
        self._serving[name] = serving
        return serving

    def reload(self) -> dict[str, str]:
        """Let newly promoted versions serve; where one is unusable, the old one serves on. Returns what changed.

        An adapter of which no version is promoted any more serves no longer.
        """
        changed: dict[str, str] = {}
        for name, old in list(self._serving.items()):
            if not self._folder.serves(name):
                self._retired.append(self._serving.pop(name))
                continue
            try:
                adapter = self._folder.load(name)
                if adapter.version != old.adapter.version:
                    self._serving[name] = self._load(adapter)
                    self._retired.append(old)
                    changed[name] = adapter.version
            except TwinError as error:
                log.error("adapter %s stays at version %s: %s", name, old.adapter.version, error)
        return changed

    def sweep(self, in_use: Collection[str]) -> None:
        """Unload superseded versions, and the least recently used ones beyond the bound, unless their key is in use."""
        for loaded in list(self._retired):
            if loaded.key not in in_use and len(self.model.peft_config) > 1:  # PEFT needs one
                self._retired.remove(loaded)
                self._delete(loaded.key)
        for name, loaded in list(self._serving.items())[:-1]:
            if self.size <= self._limit:
                break
            if loaded.key not in in_use:
                del self._serving[name]
                self._delete(loaded.key)
                log.info("adapter %s was unloaded for want of room", name)

    @property
    def size(self) -> int:
        """Bytes that the loaded adapters take."""
        return sum(loaded.size for loaded in (*self._serving.values(), *self._retired))

    @property
    def versions(self) -> dict[str, str]:
        """The version that serves of each adapter in memory. Any thread may ask."""
        return {name: loaded.adapter.version for name, loaded in list(self._serving.items())}

    def forget(self) -> None:
        """Let go of the messages that are remembered in any form."""
        for loaded in (*self._serving.values(), *self._retired):
            loaded.renderer.forget()
            if loaded.facts:
                loaded.facts.forget()

    def forget_failed_step(self) -> None:
        """Take back what PEFT leaves in the layers when a step fails: hooks that name the adapters of that step."""
        for module in self.model.modules():
            if isinstance(module, LoraLayer):
                module._forward_pre_hooks.clear()
                module._forward_pre_hooks_with_kwargs.clear()

    def drop(self) -> None:
        """Let go of everything; it is loaded anew when it is asked for."""
        self.base = self.model = None
        self._serving.clear()
        self._retired.clear()

    def _load(self, adapter: Adapter) -> Loaded:
        speakers = adapter.people()
        known = facts.load(adapter.path)
        base = self.base_for(adapter)
        self._keys += 1
        key = f"adapter{self._keys}"
        try:
            self._attach(base, adapter, key)
        except Exception as error:
            log.debug("loading %s failed (%s)\n%s", adapter.path, kind_and_place(error), frames_of(error))
            self._detach(key)
            reason = str(error) if isinstance(error, _UnusableError) else type(error).__name__
            raise TwinError(
                f"the weights in {adapter.path} cannot be loaded ({reason}): "
                f"train again with: twin train {adapter.name}"
            ) from None
        manifest = adapter.manifest
        renderer = Renderer(base.tokenizer, speakers, manifest.trained_until)
        weights = (parameter for name, parameter in self.model.named_parameters() if f".{key}." in name)
        return Loaded(adapter, key, renderer, known, sum(weight.nbytes for weight in weights))

    def base_for(self, adapter: Adapter) -> BaseModel:
        """The base model, loaded if need be.

        Raises:
            TwinError: it cannot be loaded, or is not what the adapter was trained on.
        """
        manifest = adapter.manifest
        if self.base is None:
            quantisation = manifest.quantisation if self._quantisation == "auto" else self._quantisation
            self.base = load_base(manifest.base_model, quantisation, manifest.base_revision)
            self.alphabet = Alphabet(self.base.tokenizer)
        if self.base.digest != manifest.base_digest:
            raise TwinError(
                f"adapter {adapter.name!r} was trained on another base model than {self.base.name!r} as it is now: "
                f"train again with: twin train {adapter.name}"
            )
        return self.base

    def _attach(self, base: BaseModel, adapter: Adapter, key: str) -> None:
        if not (adapter.path / "adapter_model.safetensors").is_file():
            raise _UnusableError("it has no adapter_model.safetensors")  # PEFT would take other formats too
        if self.model is None:
            self.model = PeftModel.from_pretrained(
                base.model, adapter.path, adapter_name=key, autocast_adapter_dtype=False, low_cpu_mem_usage=True
            )
            mix_in_place(self.model)
        else:
            self.model.load_adapter(adapter.path, key, autocast_adapter_dtype=False, low_cpu_mem_usage=True)
        config = self.model.peft_config[key]
        if config.peft_type != "LORA" or config.use_dora or config.modules_to_save:
            raise _UnusableError("only plain LoRA can share a batch with others")
        with safe_open(adapter.path / "adapter_model.safetensors", framework="pt") as weights:
            if set(weights.keys()) != set(get_peft_model_state_dict(self.model, adapter_name=key)):
                raise _UnusableError("its layers are not those of the base model")
        self.model.eval()

    def _detach(self, key: str) -> None:
        """Leave nothing of an adapter that was attached in part."""
        others = self.model is not None and any(other != key for other in self.model.peft_config)
        if not others:
            self.base = self.model = None  # its layers may be wrapped already: the next adapter begins with a fresh one
        elif key in self.model.peft_config:
            self._delete(key)

    def _delete(self, key: str) -> None:
        """Take an adapter out of the model, whose active one, which nobody uses, must be another."""
        others = [other for other in self.model.peft_config if other != key]
        if others:
            self.model.set_adapter(others[0])
        self.model.delete_adapter(key)


class _UnusableError(Exception):
    """Weights that can be read, but not be served."""
