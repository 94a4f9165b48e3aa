"""How a Llama model's tensors are called and laid out in GGUF and in a Hugging Face folder.

Shared by ``export`` and ``gguf_import`` so that one is the exact inverse of the other.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

LAYER = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
TOP = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
LAYER_BACK = {v: k for k, v in LAYER.items()}
TOP_BACK = {v: k for k, v in TOP.items()}


def to_gguf(module: str) -> str:
    """``model.layers.0.self_attn.q_proj`` -> ``blk.0.attn_q``."""
    if module in TOP:
        return TOP[module]
    match = re.fullmatch(r"model\.layers\.(\d+)\.(.+)", module)
    if not match or match[2] not in LAYER:
        raise KeyError(module)
    return f"blk.{match[1]}.{LAYER[match[2]]}"


def from_gguf(name: str) -> str:
    if name in TOP_BACK:
        return TOP_BACK[name]
    match = re.fullmatch(r"blk\.(\d+)\.(.+)", name)
    if not match or match[2] not in LAYER_BACK:
        raise KeyError(name)
    return f"model.layers.{match[1]}.{LAYER_BACK[match[2]]}"


def rotary_heads(module: str, config: dict[str, Any]) -> int:
    """Heads whose rows llama.cpp orders differently; 0 for every module but q and k."""
    if module.endswith("q_proj"):
        return int(config["num_attention_heads"])
    if module.endswith("k_proj"):
        return int(config["num_key_value_heads"])
    return 0


def permute(rows: np.ndarray, heads: int) -> np.ndarray:
    """Rotary halves (HF: first half, second half) to pairs (llama.cpp: interleaved), head by head."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def unpermute(rows: np.ndarray, heads: int) -> np.ndarray:
    return rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)
