"""What an accepted candidate leaves behind: its files with their hashes, and probes.

Called by ``run``. A probe is a question with the greedy answer the served model must give; the
agent asks the model server the same before a version may go live.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from . import __version__, lora
from .base import Base, put
from .config import Job
from .data import Dataset
from .evaluate import generate
from .export import modelfile, write_adapter, write_model
from .files import sha256, write_atomic, write_json

PROBES = 5
PACKAGES = ("mlx", "mlx-lm", "gguf", "numpy", "tokenizers", "transformers")


def versions() -> dict[str, str]:
    found = {"trainer": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def export_all(
    job: Job, raw: dict[str, Any], base: Base, adapter: lora.Adapter, merged: lora.Weights
) -> list[dict[str, Any]]:
    out = job.output_dir
    identity = {"name": base.name, "sha256": base.weights_sha256}
    lora.save(out, adapter, job.training, int(base.config["num_hidden_layers"]), identity)
    write_adapter(out / "adapter.gguf", job.model_id, base.config, adapter)
    write_model(out / "model-f16.gguf", job.model_id, base.hf_dir, base.config, merged)
    text = modelfile(base.chat.chatml, "model-f16.gguf")
    write_atomic(out / "Modelfile", lambda p: (p.write_text(text, encoding="utf-8"), None)[1])
    write_json(
        out / "training.json",
        {
            "version": 1,
            "model_id": job.model_id,
            "seed": job.seed,
            "base": identity,
            "production": job.production.model_id if job.production else None,
            "dataset_sha256": job.dataset.sha256,
            "training": raw["training"],
            "rlhf": raw["rlhf"],
            "evaluation": raw["evaluation"],
            "versions": versions(),
        },
    )
    names = (
        "adapters.safetensors",
        "adapter_config.json",
        "adapter.gguf",
        "model-f16.gguf",
        "Modelfile",
        "training.json",
    )
    return [
        {"name": n, "path": str(out / n), "sha256": sha256(out / n), "bytes": (out / n).stat().st_size} for n in names
    ]


def make_probes(
    job: Job, base: Base, data: Dataset, merged: lora.Weights, tick: Callable[[], None]
) -> list[dict[str, Any]]:
    """Held-out phrasings first; computed with the weights rounded as the f16 GGUF holds them."""
    order = ("test-phrasings", "validation-phrasings", "train")
    seen: dict[tuple[int, ...], Any] = {}
    for example in (e for name in order for e in data.sft[name]):
        seen.setdefault(example.row.ids[: example.row.prompt_length], example)
    chosen = list(seen.items())[:PROBES]
    model = base.new_model()
    put(model, lora.as_served(merged))
    answers = generate(model, base.chat, [ids for ids, _ in chosen], job.evaluation.max_new_tokens, tick)
    return [
        {
            "messages": list(example.messages),
            "text": answer.text,
            "token_ids": answer.token_ids,
            "margins": [round(m, 4) for m in answer.margins],
        }
        for (_, example), answer in zip(chosen, answers)
    ]
