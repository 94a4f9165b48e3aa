"""Turns a Llama-type GGUF (f16 or the common quantisations) into a base model folder.

``python -m trainer import-gguf SRC.gguf BASEDIR --name N``. Quantised weights are expanded to f32
once, and ``base-f16.gguf`` is written from those by our own exporter: base and candidates then
differ by training alone, never by quantisation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from .base import write_manifest
from .chat import ChatTokenizer
from .errors import TrainerError
from .export import write_model
from .files import sha256, write_json, write_tensors
from .gguf_names import from_gguf, rotary_heads, unpermute
from .lora import Weights

CONTROL, USER_DEFINED = 3, 4
QUANTISED_GROUP = 32


class Metadata:
    def __init__(self, values: dict[str, Any], source: Path) -> None:
        self.values = values
        self.source = source

    def get(self, key: str) -> Any:
        value = self.values.get(key)
        if value is None:
            raise TrainerError("bad_gguf", f"{self.source}: it has no {key}; take a complete chat model's GGUF")
        return value.item() if isinstance(value, mx.array) and value.size == 1 else value


def read(source: Path) -> tuple[dict[str, mx.array], Metadata]:
    try:
        tensors, values = mx.load(str(source), return_metadata=True, format="gguf")
    except (OSError, ValueError, RuntimeError) as error:
        raise TrainerError("bad_gguf", f"{source}: not a readable GGUF ({error}); download it again") from error
    metadata = Metadata(values, source)
    for key, wanted in (
        ("general.architecture", "llama"),
        ("tokenizer.ggml.model", "gpt2"),
        ("tokenizer.ggml.pre", "smollm"),
    ):
        if metadata.get(key) != wanted:
            raise TrainerError(
                "bad_gguf",
                f"{source}: {key} is {metadata.get(key)}, expected {wanted}; "
                "choose a SmolLM-type model such as SmolLM2-135M-Instruct",
            )
    return tensors, metadata


def expand(tensors: dict[str, mx.array], name: str) -> mx.array:
    weight = tensors[f"{name}.weight"]
    scales = tensors.get(f"{name}.scales")
    if scales is None:
        return weight.astype(mx.float32)
    bits = weight.shape[-1] * 32 // (scales.shape[-1] * QUANTISED_GROUP)
    biases = tensors[f"{name}.biases"].astype(mx.float32)
    whole = mx.dequantize(weight, scales.astype(mx.float32), biases, group_size=QUANTISED_GROUP, bits=bits)
    return whole.astype(mx.float32)


def convert_weights(tensors: dict[str, mx.array], config: dict[str, Any], source: Path) -> Weights:
    out: Weights = {}
    for name in sorted(k.removesuffix(".weight") for k in tensors if k.endswith(".weight")):
        try:
            module = from_gguf(name)
        except KeyError as error:
            raise TrainerError("bad_gguf", f"{source}: unknown tensor {name}; choose a plain Llama model") from error
        array = np.array(expand(tensors, name))
        if heads := rotary_heads(module, config):
            array = unpermute(array, heads)
        out[f"{module}.weight"] = mx.array(array)
    return out


def hf_config(metadata: Metadata, tied: bool) -> dict[str, Any]:
    heads, hidden = metadata.get("llama.attention.head_count"), metadata.get("llama.embedding_length")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": hidden,
        "num_hidden_layers": metadata.get("llama.block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": metadata.get("llama.attention.head_count_kv"),
        "head_dim": hidden // heads,
        "intermediate_size": metadata.get("llama.feed_forward_length"),
        "hidden_act": "silu",
        "rms_norm_eps": round(metadata.get("llama.attention.layer_norm_rms_epsilon"), 8),
        "rope_theta": metadata.get("llama.rope.freq_base"),
        "max_position_embeddings": metadata.get("llama.context_length"),
        "vocab_size": len(metadata.get("tokenizer.ggml.tokens")),
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": tied,
        "bos_token_id": metadata.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": metadata.get("tokenizer.ggml.eos_token_id"),
        "pad_token_id": metadata.get("tokenizer.ggml.padding_token_id"),
        "torch_dtype": "float32",
    }


def write_tokenizer(hf_dir: Path, metadata: Metadata, config: dict[str, Any]) -> None:
    tokens: list[str] = metadata.get("tokenizer.ggml.tokens")
    kinds = metadata.get("tokenizer.ggml.token_type").tolist()
    special = [i for i, kind in enumerate(kinds) if kind in (CONTROL, USER_DEFINED)]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    digits = {"type": "Digits", "individual_digits": True}
    write_json(
        hf_dir / "tokenizer.json",
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [{"id": i, "content": tokens[i], **flags, "special": kinds[i] == CONTROL} for i in special],
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, byte_level]},
            "post_processor": None,
            "decoder": byte_level,
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "byte_fallback": False,
                "vocab": {t: i for i, t in enumerate(tokens)},
                "merges": metadata.get("tokenizer.ggml.merges"),
            },
        },
    )
    write_json(
        hf_dir / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": tokens[config["bos_token_id"]],
            "eos_token": tokens[config["eos_token_id"]],
            "pad_token": tokens[config["pad_token_id"]],
            "add_prefix_space": False,
            "clean_up_tokenization_spaces": False,
            "model_max_length": config["max_position_embeddings"],
            "chat_template": metadata.get("tokenizer.chat_template"),
        },
    )


def import_gguf(source: Path, folder: Path, name: str) -> None:
    tensors, metadata = read(source)
    config = hf_config(metadata, tied="output.weight" not in tensors)
    weights = convert_weights(tensors, config, source)
    hf_dir = folder / "hf"
    write_json(hf_dir / "config.json", config)
    write_tokenizer(hf_dir, metadata, config)
    write_tensors(hf_dir / "model.safetensors", weights, {})
    ChatTokenizer(hf_dir).chatml  # noqa: B018 - refuse a base we could never serve, now rather than after training
    write_model(folder / "base-f16.gguf", name, hf_dir, config, weights)
    parameters = sum(v.size for v in weights.values())
    origin = f"{source.name} sha256:{sha256(source)}"
    write_manifest(folder, name, origin, parameters, config["max_position_embeddings"], "import-gguf")
