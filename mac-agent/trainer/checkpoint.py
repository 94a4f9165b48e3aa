"""One safetensors file holds all that is needed to go on: adapter, optimizer, phase and step.

Written and read by ``run``. The agent may upload the file as it is and put it back into
``<work_dir>/checkpoints/`` on another machine. Random numbers are not stored: batches and dropout
are drawn from (seed, phase, step), so the step number is their whole state.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx

from .events import log
from .files import write_tensors
from .lora import Weights

KEEP = 2
PHASES = ("sft", "dpo")


@dataclass(frozen=True)
class Checkpoint:
    """``reference`` is the adapter after SFT, which DPO measures against (empty during SFT)."""

    fingerprint: str
    phase: str
    step: int
    seconds: dict[str, float]
    adapter: Weights
    optimizer: Weights
    reference: Weights
    path: Path | None = None


def folder(work_dir: Path) -> Path:
    return work_dir / "checkpoints"


def save(work_dir: Path, point: Checkpoint) -> Path:
    path = folder(work_dir) / f"{PHASES.index(point.phase)}-{point.phase}-{point.step:07d}.safetensors"
    groups = {"adapter": point.adapter, "optimizer": point.optimizer, "reference": point.reference}
    tensors = {f"{group}/{key}": value for group, weights in groups.items() for key, value in weights.items()}
    head = {"version": 1, "fingerprint": point.fingerprint, "phase": point.phase, "step": point.step}
    write_tensors(path, tensors, {"checkpoint": json.dumps({**head, "seconds": point.seconds})})
    # More than one, because the agent may just be uploading the one before.
    for old in sorted(folder(work_dir).glob("[0-9]-*.safetensors"))[:-KEEP]:
        old.unlink(missing_ok=True)
    return path


def read(path: Path) -> Checkpoint:
    tensors, metadata = mx.load(str(path), return_metadata=True)
    head = json.loads(metadata["checkpoint"])
    if head["version"] != 1 or head["phase"] not in PHASES:
        raise ValueError("a checkpoint of another version")
    groups: dict[str, Weights] = {"adapter": {}, "optimizer": {}, "reference": {}}
    for key, value in tensors.items():
        group, name = key.split("/", 1)
        groups[group][name] = value
    return Checkpoint(head["fingerprint"], head["phase"], int(head["step"]), head["seconds"], **groups, path=path)


def newest(work_dir: Path, fingerprint: str) -> Checkpoint | None:
    """The furthest readable checkpoint of this very job; others are passed over, and said."""
    found: list[Checkpoint] = []
    for path in folder(work_dir).glob("*.safetensors"):
        if path.name.startswith("."):
            continue
        try:
            point = read(path)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            log(f"passed over {path.name}: not a readable checkpoint ({error})")
            continue
        if point.fingerprint == fingerprint:
            found.append(point)
        else:
            log(f"passed over {path.name}: made with other settings, base or data")
    return max(found, key=lambda p: (PHASES.index(p.phase), p.step), default=None)
