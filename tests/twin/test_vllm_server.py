"""Against vLLM, which loads adapters at run time. It wants an environment of its own, so the test is told where it is:

TWIN_VLLM=/path/to/venv/bin/vllm pytest tests/twin/test_vllm_server.py
"""

import os
import socket
import subprocess
from collections.abc import Iterator

import httpx
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.models import add_random_adapter
from tests.conftest import make_tokenizer
from tests.twin.engines import AT, GREEDY, turns
from twin.adapter import AdapterFolder
from twin.completions import CompletionsEngine
from twin.engine import Request, whole
from twin.local import LocalEngine

VLLM = os.environ.get("TWIN_VLLM")
pytestmark = [
    pytest.mark.skipif(not VLLM, reason="TWIN_VLLM does not say where vLLM is"),
    pytest.mark.timeout(900),
]
ASKED = Request("one", turns("hi", "hello", "how are you?"), "Lisa", AT, GREEDY, max_tokens=16)


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> AdapterFolder:
    """Two versions of an adapter on a random Llama."""
    folder = tmp_path_factory.mktemp("vllm")
    torch.manual_seed(1)
    shape = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlamaConfig(initializer_range=0.2, vocab_size=400, num_key_value_heads=2, **shape)
    tokenizer = make_tokenizer()
    config.vocab_size = len(tokenizer)
    config.bos_token_id = config.eos_token_id = tokenizer.eos_token_id
    LlamaForCausalLM(config).save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    found = AdapterFolder(folder / "adapters")
    for seed in (1, 2):
        add_random_adapter(found, "one", folder / "base", seed, quantisation="none", rank=8)
    return found


@pytest.fixture(scope="module")
def url(adapters: AdapterFolder) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    argv = [
        *(str(VLLM), "serve", adapters.load("one").manifest.base_model, "--host", "127.0.0.1", "--port", str(port)),
        *("--enable-lora", "--max-lora-rank", "8", "--max-model-len", "256", "--dtype", "float32", "--enforce-eager"),
    ]
    environment = os.environ | {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True", "VLLM_CPU_KVCACHE_SPACE": "1"}
    environment.pop("PYTHONPATH", None)
    with subprocess.Popen(argv, env=environment) as process:
        address = f"http://127.0.0.1:{port}"
        transport = httpx.HTTPTransport(retries=0)
        with httpx.Client(transport=transport) as asking:
            while process.poll() is None:
                try:
                    asking.get(f"{address}/health", timeout=5).raise_for_status()
                    break
                except httpx.HTTPError:
                    _tick()
        assert process.poll() is None, "vLLM did not start"
        yield address
        process.terminate()


def _tick() -> None:
    import time

    time.sleep(0.5)


async def test_versions_are_loaded_and_unloaded_at_run_time(url: str, adapters: AdapterFolder) -> None:
    local = LocalEngine(adapters)
    client = CompletionsEngine(url, adapters)
    old, new = adapters.versions("one")
    said = []
    for version in (old, new):
        adapters.promote("one", version)
        await local.reload()
        await client.reload()
        here, there = local.answer(ASKED), client.answer(ASKED)
        said.append(await whole(there))
        assert said[-1] == await whole(here)
        assert there.version == here.version == version
        assert [name for name in await client._models.names() if name.startswith("one/")] == [f"one/{version}"]
    assert said[0] != said[1]
    await client.close()
    await local.close()
