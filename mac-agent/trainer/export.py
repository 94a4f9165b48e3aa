"""Writes what the model servers load: merged f16 GGUF, adapter-only GGUF, Ollama's Modelfile.

Called by ``run`` after acceptance, and for every base so that base and candidates come from the
same exporter. mlx-lm's own GGUF export is not used: llama.cpp refuses its files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from gguf import GGUFWriter

from .chat import ChatML
from .errors import TrainerError
from .files import write_atomic
from .gguf_names import permute, rotary_heads, to_gguf
from .lora import Adapter, Weights

NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5
FILE_TYPE_F16 = 1


def finish(writer: GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def check_pre_tokenizer(tokenizer: dict[str, Any]) -> None:
    """llama.cpp names pre-tokenizers; ``smollm`` is single digits, then GPT-2's byte-level pattern."""
    steps = (tokenizer.get("pre_tokenizer") or {}).get("pretokenizers") or []
    kinds = [(s.get("type"), s.get("individual_digits")) for s in steps]
    if kinds != [("Digits", True), ("ByteLevel", None)] or tokenizer["model"]["type"] != "BPE":
        raise TrainerError(
            "bad_base",
            "the tokenizer is not of the smollm kind (BPE; single digits, then byte level), the only one that "
            "can be exported token for token; choose a base such as smollm2-135m-instruct",
        )


def add_tokenizer(writer: GGUFWriter, hf_dir: Path, config: dict[str, Any]) -> None:
    tokenizer = json.loads((hf_dir / "tokenizer.json").read_text(encoding="utf-8"))
    chat = json.loads((hf_dir / "tokenizer_config.json").read_text(encoding="utf-8"))
    check_pre_tokenizer(tokenizer)
    size = config["vocab_size"]
    tokens = [f"[PAD{i}]" for i in range(size)]
    kinds = [UNUSED] * size
    for text, index in tokenizer["model"]["vocab"].items():
        tokens[index], kinds[index] = text, NORMAL
    for added in tokenizer["added_tokens"]:
        tokens[added["id"]] = added["content"]
        kinds[added["id"]] = CONTROL if added["special"] else USER_DEFINED
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_pad_token_id(config["pad_token_id"])
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(chat["chat_template"])


def write_model(path: Path, name: str, hf_dir: Path, config: dict[str, Any], weights: Weights) -> None:
    """``weights`` in Hugging Face names; matrices are stored as f16, norms as f32."""

    def write(temporary: Path) -> None:
        writer = GGUFWriter(temporary, "llama")
        heads = config["num_attention_heads"]
        writer.add_name(name)
        writer.add_context_length(config["max_position_embeddings"])
        writer.add_embedding_length(config["hidden_size"])
        writer.add_block_count(config["num_hidden_layers"])
        writer.add_feed_forward_length(config["intermediate_size"])
        writer.add_head_count(heads)
        writer.add_head_count_kv(config["num_key_value_heads"])
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
        writer.add_rope_freq_base(config["rope_theta"])
        writer.add_rope_dimension_count(config.get("head_dim") or config["hidden_size"] // heads)
        writer.add_vocab_size(config["vocab_size"])
        writer.add_file_type(FILE_TYPE_F16)
        writer.add_quantization_version(2)
        add_tokenizer(writer, hf_dir, config)
        for key, value in weights.items():
            module = key.removesuffix(".weight")
            array = np.array(value.astype(mx.float32))
            if rotary := rotary_heads(module, config):
                array = permute(array, rotary)
            kind = np.float32 if array.ndim == 1 else np.float16
            writer.add_tensor(f"{to_gguf(module)}.weight", np.ascontiguousarray(array, dtype=kind))
        finish(writer)

    write_atomic(path, write)


def write_adapter(path: Path, name: str, config: dict[str, Any], adapter: Adapter) -> None:
    """llama.cpp's LoRA file: A as (rank, in), B as (out, rank), alpha = scale * rank."""

    def write(temporary: Path) -> None:
        writer = GGUFWriter(temporary, "llama")
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", adapter.scale * adapter.rank)
        writer.add_name(name)
        for module in adapter.modules:
            a, b = (np.array(factor.astype(mx.float32)).T for factor in adapter.factors(module))
            if rotary := rotary_heads(module, config):
                b = permute(b, rotary)  # the rotation orders output rows, and B makes them
            target = f"{to_gguf(module)}.weight"
            writer.add_tensor(f"{target}.lora_a", np.ascontiguousarray(a, dtype=np.float16))
            writer.add_tensor(f"{target}.lora_b", np.ascontiguousarray(b, dtype=np.float16))
        finish(writer)

    write_atomic(path, write)


def modelfile(chatml: ChatML, gguf_name: str) -> str:
    """Ollama's Modelfile; its Go template renders messages exactly as the base's Jinja template."""
    default = ""
    if chatml.default_system is not None:
        if any(mark in chatml.default_system for mark in ("{{", '"""')):
            raise TrainerError("bad_base", "the template's default system text cannot be quoted in a Modelfile")
        turn = f"<|im_start|>system\n{chatml.default_system}<|im_end|>\n"
        default = f'{{{{ if ne (index .Messages 0).Role "system" }}}}{turn}{{{{ end }}}}'
    turns = "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}"
    return (
        f"FROM ./{gguf_name}\n"
        f'TEMPLATE """{default}{turns}<|im_start|>assistant\n"""\n'
        "PARAMETER temperature 0.7\n"
        "PARAMETER top_p 0.9\n"
        'PARAMETER stop "<|im_start|>"\n'
        'PARAMETER stop "<|im_end|>"\n'
    )
