"""A base model's folder: its manifest, its weights and a model to run them in.

Read by ``run``; written by ``gguf_import`` and ``pretrain``. See ``write_manifest`` for the shape.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.models import llama

from . import __version__
from .chat import ChatTokenizer
from .errors import TrainerError
from .files import sha256, write_json
from .lora import Weights


@dataclass(frozen=True)
class Base:
    name: str
    dir: Path
    config: dict[str, Any]
    weights: Weights
    chat: ChatTokenizer
    weights_sha256: str

    @property
    def hf_dir(self) -> Path:
        return self.dir / "hf"

    def new_model(self) -> llama.Model:
        """A fresh model holding the base's weights in f32 (f16 and bf16 are slow on a CPU)."""
        model = llama.Model(llama.ModelArgs.from_dict(self.config))
        put(model, self.weights)
        return model

    @property
    def parameters(self) -> int:
        return sum(v.size for v in self.weights.values())


def put(model: llama.Model, weights: Weights) -> None:
    model.load_weights([(k, v.astype(mx.float32)) for k, v in weights.items()])
    model.eval()
    mx.eval(model.parameters())


def flat(model: llama.Model) -> Weights:
    return dict(tree_flatten(model.parameters()))


def open_base(folder: Path, name: str) -> Base:
    advice = "import the base again (python -m trainer import-gguf or pretrain)"
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        config = json.loads((folder / "hf" / "config.json").read_text(encoding="utf-8"))
        weights = dict(mx.load(str(folder / "hf" / "model.safetensors")))
        digest = manifest["sha256"]["safetensors"]
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise TrainerError("bad_base", f"{folder}: not a base model folder ({error}); {advice}") from error
    if manifest.get("name") != name:
        raise TrainerError("bad_base", f"{folder}: expected the base {name}, got {manifest.get('name')}; {advice}")
    if config.get("model_type") != "llama":
        kind = config.get("model_type")
        raise TrainerError("bad_base", f"{folder}: expected a llama model, got {kind}; choose a Llama-type base")
    if sha256(folder / "hf" / "model.safetensors") != digest:
        raise TrainerError("bad_base", f"{folder}: model.safetensors differs from its manifest; {advice}")
    return Base(name, folder, config, weights, ChatTokenizer(folder / "hf"), digest)


def write_manifest(folder: Path, name: str, source: str, parameters: int, context_length: int, command: str) -> None:
    write_json(
        folder / "manifest.json",
        {
            "version": 1,
            "name": name,
            "source": source,
            "sha256": {
                "gguf": sha256(folder / "base-f16.gguf"),
                "safetensors": sha256(folder / "hf" / "model.safetensors"),
            },
            "parameters": parameters,
            "context_length": context_length,
            "created_by": f"trainer {__version__} {command}",
        },
    )
