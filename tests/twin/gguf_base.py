"""A BLOOM as a GGUF file, so that llama.cpp's server, which this project did not write, can serve the very model."""

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from safetensors.numpy import load_file

_NAMES = {
    "word_embeddings": "token_embd",
    "word_embeddings_layernorm": "token_embd_norm",
    "ln_f": "output_norm",
    "input_layernorm": "attn_norm",
    "self_attention.query_key_value": "attn_qkv",
    "self_attention.dense": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.dense_h_to_4h": "ffn_up",
    "mlp.dense_4h_to_h": "ffn_down",
}


def write_gguf(base: Path, file: Path) -> None:
    """Write the BLOOM that lies in `base` as `file`, in 32 bits."""
    config = json.loads((base / "config.json").read_text())
    writer = gguf.GGUFWriter(file, "bloom")
    hidden = config["hidden_size"]
    writer.add_context_length(2048)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(4 * hidden)
    writer.add_block_count(config["n_layer"])
    writer.add_head_count(config["n_head"])
    writer.add_head_count_kv(config["n_head"])
    writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _add_tokenizer(writer, base, config["vocab_size"])
    for name, values in load_file(base / "model.safetensors").items():
        _add_tensor(writer, name.removeprefix("transformer."), values.astype(np.float32), config)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tokenizer(writer: Any, base: Path, size: int) -> None:
    """Byte-level BPE; what the model has beyond the tokenizer's tokens is filled up."""
    values = json.loads((base / "tokenizer.json").read_text())
    special = {token["content"] for token in values["added_tokens"]}
    by_id = {index: token for token, index in values["model"]["vocab"].items()}
    by_id |= {token["id"]: token["content"] for token in values["added_tokens"]}
    tokens = [by_id.get(index, f"[PAD{index}]") for index in range(size)]
    kinds = [
        gguf.TokenType.CONTROL
        if token in special
        else gguf.TokenType.NORMAL
        if index in by_id
        else gguf.TokenType.UNUSED
        for index, token in enumerate(tokens)
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) if isinstance(pair, list) else pair for pair in values["model"]["merges"]])
    eos = next(iter(special))
    writer.add_eos_token_id(tokens.index(eos))
    writer.add_bos_token_id(tokens.index(eos))
    writer.add_add_bos_token(False)


def _add_tensor(writer: Any, name: str, values: Any, config: dict[str, Any]) -> None:
    if name == "lm_head.weight":
        return  # tied
    *layer, part, kind = _parts(name)
    if part == "self_attention.query_key_value":  # per head: query, key, value; llama.cpp wants all queries first
        heads = config["n_head"]
        shape = (heads, 3, config["hidden_size"] // heads, -1)
        values = values.reshape(shape).transpose(1, 0, 2, 3).reshape(values.shape)
    writer.add_tensor(".".join([*layer, _NAMES[part], kind]), np.ascontiguousarray(values))
    if part == "word_embeddings":
        writer.add_tensor("output.weight", np.ascontiguousarray(values))


def _parts(name: str) -> list[str]:
    """`h.0.mlp.dense_h_to_4h.weight` is the weight of a part of block 0."""
    stem, _, kind = name.rpartition(".")
    if not stem.startswith("h."):
        return [stem, kind]
    _, number, part = stem.split(".", 2)
    return ["blk", number, part, kind]
