"""Adapters mixed in one step say what each says alone, by PEFT's own way and by ours."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft.tuners.lora import LoraLayer

from tests.twin.engines import add_random_adapter
from twin.adapter import AdapterFolder
from twin.loaded import LoadedAdapters


@pytest.mark.parametrize("names", [["one"] * 3, ["one", "two", "one", "two"], ["two", "__base__", "one"]])
@torch.inference_mode()
def test_mixed_rows_equal_those_of_peft(tiny_base: Path, tmp_path: Path, names: list[str]) -> None:
    folder = AdapterFolder(tmp_path)
    for seed, name in enumerate(("one", "two")):
        add_random_adapter(folder, name, tiny_base, seed)
    loaded = LoadedAdapters(folder, "none", 10**9)
    keys = {name: loaded.get(name).key for name in ("one", "two")} | {"__base__": "__base__"}
    layers: list[Any] = [layer for layer in loaded.model.modules() if isinstance(layer, LoraLayer)]
    assert layers
    for layer in layers:
        x = torch.randn(len(names), 5, layer.in_features)
        rows = [keys[name] for name in names]
        ours = layer._mixed_batch_forward(x, adapter_names=rows)
        torch.testing.assert_close(ours, type(layer)._mixed_batch_forward(layer, x, adapter_names=rows))
        assert not torch.equal(ours, layer.base_layer(x))
