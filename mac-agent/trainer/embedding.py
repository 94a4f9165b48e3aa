"""Converts a BERT-type sentence-embedding folder (all-MiniLM-L6-v2) to an f16 GGUF for llama.cpp.

``python -m trainer convert-embedding SRCDIR OUT.gguf``. SRCDIR holds config.json, tokenizer.json
and model.safetensors. Mean pooling, as the model was trained. Needs no torch.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from gguf import GGUFWriter, PoolingType

from . import __version__
from .errors import TrainerError
from .export import CONTROL, FILE_TYPE_F16, NORMAL, UNUSED, finish
from .files import sha256, write_atomic, write_json

TOP = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
}
LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
SPECIAL = {"bos": "[CLS]", "eos": "[SEP]", "sep": "[SEP]", "pad": "[PAD]", "mask": "[MASK]", "unk": "[UNK]"}
ALWAYS_F32 = ("position_embd", "token_types")


def gguf_name(key: str) -> str:
    module, suffix = key.rsplit(".", 1)
    match = re.fullmatch(r"encoder\.layer\.(\d+)\.(.+)", module)
    return f"blk.{match[1]}.{LAYER[match[2]]}.{suffix}" if match else f"{TOP[module]}.{suffix}"


def word_piece(token: str) -> str:
    """llama.cpp marks beginnings of words, BERT their continuations."""
    if token in SPECIAL.values() or token.startswith("[unused"):
        return token
    return token[2:] if token.startswith("##") and len(token) > 2 else "\u2581" + token


def add_vocabulary(writer: GGUFWriter, vocabulary: dict[str, int], size: int) -> None:
    tokens = [f"[unused-{i}]" for i in range(size)]
    for token, index in vocabulary.items():
        tokens[index] = token
    special = set(SPECIAL.values())
    kinds = [CONTROL if t in special else UNUSED if t.startswith("[unused") else NORMAL for t in tokens]
    writer.add_tokenizer_model("bert")
    writer.add_token_list([word_piece(t) for t in tokens])
    writer.add_token_types(kinds)
    writer.add_token_type_count(2)
    for name, token in SPECIAL.items():
        getattr(writer, f"add_{name}_token_id")(vocabulary[token])
    writer.add_uint32("tokenizer.ggml.cls_token_id", vocabulary["[CLS]"])


def read_source(folder: Path) -> tuple[dict[str, Any], dict[str, int], dict[str, np.ndarray]]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
        raw = mx.load(str(folder / "model.safetensors"))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise TrainerError("bad_embedding", f"{folder}: not an embedding model folder ({error})") from error
    if config.get("model_type") != "bert":
        raise TrainerError("bad_embedding", f"{folder}: expected a bert model, got {config.get('model_type')}")
    used = {k: v for k, v in raw.items() if "position_ids" not in k and not k.startswith("pooler")}
    return config, vocabulary, {k: np.array(v.astype(mx.float32)) for k, v in used.items()}


def convert_embedding(source: Path, out: Path) -> None:
    config, vocabulary, weights = read_source(source)
    name = out.stem.removesuffix("-f16")

    def write(temporary: Path) -> None:
        writer = GGUFWriter(temporary, "bert")
        writer.add_name(name)
        writer.add_context_length(config["max_position_embeddings"])
        writer.add_embedding_length(config["hidden_size"])
        writer.add_block_count(config["num_hidden_layers"])
        writer.add_feed_forward_length(config["intermediate_size"])
        writer.add_head_count(config["num_attention_heads"])
        writer.add_layer_norm_eps(config["layer_norm_eps"])
        writer.add_causal_attention(False)
        writer.add_pooling_type(PoolingType.MEAN)
        writer.add_file_type(FILE_TYPE_F16)
        writer.add_vocab_size(config["vocab_size"])
        add_vocabulary(writer, vocabulary, config["vocab_size"])
        for key, array in weights.items():
            target = gguf_name(key)
            half = array.ndim == 2 and not target.startswith(ALWAYS_F32)
            writer.add_tensor(target, np.ascontiguousarray(array, dtype=np.float16 if half else np.float32))
        finish(writer)

    write_atomic(out, write)
    write_json(
        out.parent / "manifest.json",
        {
            "version": 1,
            "name": name,
            "source": f"model.safetensors sha256:{sha256(source / 'model.safetensors')}",
            "sha256": {"gguf": sha256(out)},
            "parameters": int(sum(a.size for a in weights.values())),
            "dimensions": config["hidden_size"],
            "context_length": config["max_position_embeddings"],
            "created_by": f"trainer {__version__} convert-embedding",
        },
    )
