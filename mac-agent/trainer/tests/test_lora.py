"""How many weights an adapter trains. MLX is lazy: a model that is never evaluated takes no memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mlx_lm.models import llama
from trainer import lora
from trainer.config import ATTENTION, MLP, parse_job

LLAMA_3_1_8B = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "rms_norm_eps": 1e-5,
    "vocab_size": 128256,
    "rope_theta": 500000.0,
    "tie_word_embeddings": False,
}


@pytest.mark.parametrize(
    ("modules", "count"),
    [
        # Each adapted matrix adds rank * (inputs + outputs); k and v have 8 of 32 heads, so 1024 outputs.
        (ATTENTION, 32 * 16 * (2 * (4096 + 4096) + 2 * (4096 + 1024))),
        (ATTENTION, 13_631_488),
        (ATTENTION + MLP, 41_943_040),
    ],
)
def test_llama_3_1_8b_at_rank_16(job: dict[str, Any], modules: tuple[str, ...], count: int) -> None:
    training = replace(parse_job(job).training, lora_rank=16, lora_alpha=32.0, target_modules=modules)
    model = llama.Model(llama.ModelArgs.from_dict(LLAMA_3_1_8B))
    lora.attach(model, training, seed=1)
    assert lora.trainable_count(model) == count
