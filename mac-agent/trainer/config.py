"""The trainer's whole configuration: one frozen tree, parsed strictly from the job file.

Read by ``run``; every setting of a run comes from here. Unknown, missing and impossible keys are
refused by their full name, so that a typo never trains a model. Must not read anything but the
job file itself.
"""

from __future__ import annotations

import json
import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Union

from .errors import TrainerError

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
MLP = ("gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Rule:
    """Stands in a field's type: what a value must satisfy, and how that is said to people."""

    test: Callable[[Any], object]
    wanted: str


def at_least(low: float) -> Rule:
    return Rule(lambda v: v >= low, f"a number of at least {low}")


def above(low: float) -> Rule:
    return Rule(lambda v: v > low, f"a number above {low}")


def share(inclusive_one: bool = True) -> Rule:
    wanted = "a number from 0 to 1" if inclusive_one else "a number from 0 to below 1"
    return Rule(lambda v: 0 <= v < 1 or (inclusive_one and v == 1), wanted)


def one_of(*values: Any) -> Rule:
    return Rule(lambda v: v in values, " or ".join(json.dumps(v) for v in values))


def text() -> Rule:
    return Rule(lambda v: v != "", "a non-empty text")


def model_id() -> Rule:
    """A plain name: it becomes part of file and tag names."""
    return Rule(lambda v: re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", v), "a name such as 2026-w42.1")


def folder() -> Rule:
    return Rule(lambda v: v.is_absolute(), "an absolute path")


def sha256_hex() -> Rule:
    return Rule(lambda v: re.fullmatch(r"[0-9a-f]{64}", v), "64 lower-case hex digits")


def module_names() -> Rule:
    names = ATTENTION + MLP
    wanted = f"a list without repeats out of {', '.join(names)}"
    return Rule(lambda v: v and len(set(v)) == len(v) and set(v) <= set(names), wanted)


@dataclass(frozen=True)
class Base:
    name: Annotated[str, model_id()]
    dir: Annotated[Path, folder()]


@dataclass(frozen=True)
class Production:
    model_id: Annotated[str, model_id()]
    adapter_dir: Annotated[Path, folder()]


@dataclass(frozen=True)
class Dataset:
    dir: Annotated[Path, folder()]
    sha256: Annotated[str, sha256_hex()]


@dataclass(frozen=True)
class Training:
    method: Annotated[str, one_of("lora")]
    lora_rank: Annotated[int, at_least(1)]
    lora_alpha: Annotated[float, above(0)]
    lora_dropout: Annotated[float, share(inclusive_one=False)]
    target_modules: Annotated[tuple[str, ...], module_names()]
    learning_rate: Annotated[float, above(0)]
    epochs: Annotated[int, at_least(1)]
    batch_size: Annotated[int, at_least(1)]
    gradient_accumulation: Annotated[int, at_least(1)]
    warmup_ratio: Annotated[float, share()]
    warmup_steps: Annotated[int | None, at_least(0)]
    weight_decay: Annotated[float, at_least(0)]
    max_steps: Annotated[int | None, at_least(1)]
    max_sequence_tokens: Annotated[int, at_least(8)]
    grad_clip: Annotated[float, above(0)]
    checkpoint_every_steps: Annotated[int, at_least(1)]
    final_lr_ratio: Annotated[float, share()]

    @property
    def scale(self) -> float:
        """mlx-lm multiplies the low-rank product by ``scale``; the papers write alpha / rank."""
        return self.lora_alpha / self.lora_rank


@dataclass(frozen=True)
class Rlhf:
    enable: bool
    method: Annotated[str, one_of("dpo")]
    beta: Annotated[float, above(0)]
    min_preference_pairs: Annotated[int, at_least(1)]
    learning_rate: Annotated[float, above(0)]
    epochs: Annotated[int, at_least(1)]
    max_steps: Annotated[int | None, at_least(1)]


@dataclass(frozen=True)
class Evaluation:
    group_margin_nats: Annotated[float, at_least(0)]
    confidence: Annotated[float, Rule(lambda v: 0.5 < v < 1, "a number between 0.5 and 1")]
    bootstrap_samples: Annotated[int, at_least(100)]
    max_new_tokens: Annotated[int, at_least(1)]
    min_examples: Annotated[int, at_least(1)]
    require_held_out: bool


@dataclass(frozen=True)
class Job:
    version: Annotated[int, one_of(1)]
    job_id: Annotated[str, text()]
    attempt: Annotated[int, at_least(1)]
    model_id: Annotated[str, model_id()]
    seed: Annotated[int, Rule(lambda v: 0 <= v < 2**63, "a whole number from 0 to below 2^63")]
    base: Base
    production: Production | None
    dataset: Dataset
    training: Training
    rlhf: Rlhf
    evaluation: Evaluation
    work_dir: Annotated[Path, folder()]
    output_dir: Annotated[Path, folder()]


def bad(name: str, wanted: str, got: object) -> TrainerError:
    shown = json.dumps(got, default=str)
    return TrainerError("bad_job", f"{name}: expected {wanted}, got {shown[:120]}; correct the job file")


def scalar(kind: Any, value: Any, name: str) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is bool and isinstance(value, bool):
        return value
    if kind is int and is_number and isinstance(value, int):
        return value
    if kind is float and is_number and math.isfinite(value):
        return float(value)
    if kind is str and isinstance(value, str):
        return value
    if kind is Path and isinstance(value, str):
        return Path(value)
    names = {bool: "true or false", int: "a whole number", float: "a finite number", str: "a text", Path: "a path"}
    raise bad(name, names[kind], value)


def convert(kind: Any, value: Any, name: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        inner, rule = arguments
        out = convert(inner, value, name)
        if out is not None and not rule.test(out):
            raise bad(name, rule.wanted, value)
        return out
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return convert(next(a for a in arguments if a is not type(None)), value, name)
    if origin is tuple:
        if not isinstance(value, list):
            raise bad(name, "a list", value)
        return tuple(convert(arguments[0], item, f"{name}[{i}]") for i, item in enumerate(value))
    if is_dataclass(kind):
        return build(kind, value, name)
    return scalar(kind, value, name)


def build(kind: Any, value: Any, name: str) -> Any:
    if not isinstance(value, Mapping):
        raise bad(name or "job", "an object", value)
    prefix = f"{name}." if name else ""
    known = [f.name for f in fields(kind)]
    for key in value:
        if key not in known:
            listed = ", ".join(known)
            raise TrainerError("bad_job", f"{prefix}{key}: unknown key; known here: {listed}; remove it")
    hints = typing.get_type_hints(kind, include_extras=True)
    out: dict[str, Any] = {}
    for key in known:
        if key not in value:
            raise TrainerError("bad_job", f"{prefix}{key}: missing; add it to the job file")
        out[key] = convert(hints[key], value[key], prefix + key)
    return kind(**out)


def parse_job(value: object) -> Job:
    job: Job = build(Job, value, "")
    return job


def read_job(path: Path) -> tuple[Job, dict[str, Any]]:
    """The parsed job and its JSON as it came (kept beside the adapter)."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainerError("bad_job", f"{path}: cannot be read ({error.strerror}); check the path") from error
    except ValueError as error:
        raise TrainerError("bad_job", f"{path}: not JSON ({error}); write it again") from error
    return parse_job(raw), raw
