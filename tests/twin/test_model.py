"""Loading base models, with the quirks of the German one."""

import shutil
from pathlib import Path

import pytest
import torch
from transformers import BloomConfig, BloomForCausalLM
from transformers.models.bloom.modeling_bloom import BloomGelu

from twin.errors import TwinError
from twin.model import PINNED_REVISIONS, base_digest, load_base, why_not_loaded
from twin.settings import DEFAULT_BASE_MODEL


def test_ends_come_from_the_tokenizer(german_base: Path) -> None:
    assert len(list(german_base.glob("model-*.safetensors"))) > 1
    assert BloomConfig.from_pretrained(german_base).eos_token_id == 2
    base = load_base(str(german_base), "nf4")
    eos = base.tokenizer.convert_tokens_to_ids("<|endoftext|>")
    assert eos != 2
    for config in (base.model.config, base.model.generation_config):
        assert (config.eos_token_id, config.pad_token_id) == (eos, eos)
    assert base.tokenizer.pad_token_id == eos
    assert base.quantisation == "nf4"
    assert any(type(module).__name__ == "Linear4bit" for module in base.model.modules())


def test_without_quantisation_no_layer_is_4_bit(tiny_base: Path) -> None:
    base = load_base(str(tiny_base), "none")
    assert not any(type(module).__name__ == "Linear4bit" for module in base.model.modules())


def test_blooms_activation_is_the_same_function_in_one_pass(tiny_base: Path) -> None:
    x = torch.linspace(-9, 9, 2001)
    for block in load_base(str(tiny_base), "none").model.transformer.h:
        assert not isinstance(block.mlp.gelu_impl, BloomGelu)
        torch.testing.assert_close(block.mlp.gelu_impl(x), BloomGelu()(x))


def test_the_default_base_is_pinned_to_its_safetensors() -> None:
    assert PINNED_REVISIONS[DEFAULT_BASE_MODEL] == "refs/pr/5"


def test_a_missing_base_is_one_clear_line() -> None:
    with pytest.raises(TwinError, match="base model 'nobody/nothing' is not on this machine") as error:
        load_base("nobody/nothing")
    assert "\n" not in str(error.value)
    assert "gave no such model" in why_not_loaded("nobody/nothing", OSError("404 Client Error"))


def test_a_folder_without_a_model_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="holds no causal language model"):
        load_base(str(tmp_path))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_a_base_that_does_not_fit_is_one_clear_line(
    tiny_base: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def out_of_memory(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(BloomForCausalLM, "from_pretrained", out_of_memory)
    with pytest.raises(TwinError, match="takes more memory than is free here"):
        load_base(str(tiny_base))


def test_pickled_weights_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(tiny_base, folder)
    model = BloomForCausalLM.from_pretrained(tiny_base)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(TwinError, match="has no safetensors weights"):
        load_base(str(folder))


def test_the_digest_tells_trainings_apart(tiny_base: Path, tmp_path: Path) -> None:
    model = BloomForCausalLM.from_pretrained(tiny_base)
    model.save_pretrained(tmp_path / "same")
    with torch.no_grad():
        model.transformer.ln_f.weight[0] += 1e-3
    model.save_pretrained(tmp_path / "other")
    assert base_digest(str(tmp_path / "same"), None) == base_digest(str(tiny_base), None)
    assert base_digest(str(tmp_path / "other"), None) != base_digest(str(tiny_base), None)


def test_the_digest_is_of_the_revision_that_is_loaded(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def downloaded(name: str, *, revision: str | None, local_files_only: bool) -> str:
        asked.append(revision)
        return str(tiny_base)

    monkeypatch.setattr("twin.model.snapshot_download", downloaded)
    base_digest(DEFAULT_BASE_MODEL, None)
    base_digest("me/copy", None)
    assert asked == [PINNED_REVISIONS[DEFAULT_BASE_MODEL], None]
