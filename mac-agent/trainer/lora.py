"""Low-rank adapters: attach to a base, read, check, write, merge.

Hu et al. 2021, arXiv:2106.09685: W' = W + (alpha / rank) * B A. mlx-lm stores the factors as
lora_a (in, rank) and lora_b (rank, out) and calls alpha / rank ``scale``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten
from mlx_lm.tuner.utils import linear_to_lora_layers

from .config import ATTENTION, Training
from .errors import TrainerError
from .files import write_json, write_tensors

Weights = dict[str, mx.array]


@dataclass(frozen=True)
class Adapter:
    """``weights`` maps ``<module>.lora_a`` and ``<module>.lora_b`` to arrays."""

    rank: int
    scale: float
    weights: Weights
    base_sha256: str | None = None

    @property
    def modules(self) -> list[str]:
        return sorted({key.rsplit(".", 1)[0] for key in self.weights})

    def factors(self, module: str) -> tuple[mx.array, mx.array]:
        return self.weights[f"{module}.lora_a"], self.weights[f"{module}.lora_b"]


def layer_keys(target_modules: tuple[str, ...]) -> list[str]:
    return [f"{'self_attn' if name in ATTENTION else 'mlp'}.{name}" for name in target_modules]


def attach(model: Any, training: Training, seed: int) -> None:
    """Freezes the base and adds trainable factors to every layer; B starts at zero."""
    model.freeze()
    mx.random.seed(seed)
    linear_to_lora_layers(
        model,
        len(model.layers),
        {
            "rank": training.lora_rank,
            "scale": training.scale,
            "dropout": training.lora_dropout,
            "keys": layer_keys(training.target_modules),
        },
    )


def trainable(model: Any) -> Weights:
    return dict(tree_flatten(model.trainable_parameters()))


def trainable_count(model: Any) -> int:
    return sum(v.size for v in trainable(model).values())


def current(model: Any, training: Training) -> Adapter:
    return Adapter(training.lora_rank, training.scale, {k: mx.array(v) for k, v in trainable(model).items()})


def condition(adapter: Adapter) -> str:
    """``ok``, ``not_finite`` or ``unmoved`` (then the model is its base, whatever its loss says)."""
    arrays = [np.array(v) for v in adapter.weights.values()]
    if not all(np.isfinite(a).all() for a in arrays):
        return "not_finite"
    moved = any(np.any(np.array(adapter.factors(m)[1])) for m in adapter.modules)
    return "ok" if moved else "unmoved"


def save(folder: Path, adapter: Adapter, training: Training, layers: int, base: dict[str, str]) -> None:
    write_tensors(folder / "adapters.safetensors", adapter.weights, {})
    write_json(
        folder / "adapter_config.json",
        {
            "fine_tune_type": "lora",
            "num_layers": layers,
            "lora_parameters": {
                "rank": adapter.rank,
                "scale": adapter.scale,
                "dropout": training.lora_dropout,
                "keys": layer_keys(training.target_modules),
            },
            "base": base,
        },
    )


def load(folder: Path) -> Adapter:
    try:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        parameters = config["lora_parameters"]
        weights = {k: v.astype(mx.float32) for k, v in mx.load(str(folder / "adapters.safetensors")).items()}
        base = config.get("base") or {}
        return Adapter(int(parameters["rank"]), float(parameters["scale"]), weights, base.get("sha256"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise TrainerError(
            "bad_adapter", f"{folder}: not a readable LoRA adapter ({error}); download it again"
        ) from error


def check_fits(adapter: Adapter, base: Weights, base_sha256: str, name: str) -> None:
    """An adapter of another base loads without complaint and answers nonsense: refuse it here."""
    advice = "train from the base it was made for, or without it"
    if adapter.base_sha256 not in (None, base_sha256):
        raise TrainerError("bad_adapter", f"{name}: made for another base; {advice}")
    for module in adapter.modules:
        target = base.get(f"{module}.weight")
        a, b = adapter.weights.get(f"{module}.lora_a"), adapter.weights.get(f"{module}.lora_b")
        if target is None or a is None or b is None:
            raise TrainerError("bad_adapter", f"{name}: {module} is incomplete or unknown to the base; {advice}")
        got = (a.shape[0], a.shape[1], b.shape[0], b.shape[1])
        wanted = (target.shape[1], adapter.rank, adapter.rank, target.shape[0])
        if got != wanted:
            raise TrainerError("bad_adapter", f"{name}: {module} has shapes {got}, the base needs {wanted}; {advice}")


def merge(base: Weights, adapter: Adapter | None) -> Weights:
    """The base's weights in f32 with the adapter's product added."""
    out = {k: v.astype(mx.float32) for k, v in base.items()}
    for module in adapter.modules if adapter else []:
        a, b = adapter.factors(module)
        out[f"{module}.weight"] = out[f"{module}.weight"] + adapter.scale * (b.T @ a.T)
    return out


def as_served(weights: Weights) -> Weights:
    """Rounded as the f16 GGUF holds them (matrices f16, norms f32), back in f32 for computing."""
    return {k: v.astype(mx.float16).astype(mx.float32) if v.ndim > 1 else v for k, v in weights.items()}
