"""Writing files so that a reader never sees half of one, and hashing them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx


def write_atomic(path: Path, write: Callable[[Path], None]) -> None:
    """``write`` fills a hidden sibling with the same suffix, which then takes the name in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_atomic(path, lambda p: (p.write_text(text, encoding="utf-8"), None)[1])


def write_tensors(path: Path, tensors: dict[str, mx.array], metadata: dict[str, str]) -> None:
    contiguous = {k: mx.contiguous(v) for k, v in tensors.items()}
    write_atomic(path, lambda p: mx.save_safetensors(str(p), contiguous, {"format": "mlx", **metadata}))


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
