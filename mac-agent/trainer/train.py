"""The optimisation loop, and supervised fine-tuning with it.

``optimise`` is shared with ``preference``; loss and data come in as ``gradients``, progress goes
out through ``hooks``. Only the adapter's factors ever change.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
from mlx import nn
from mlx.utils import tree_flatten, tree_map, tree_unflatten

from .config import Training
from .data import Row, pad, shuffled
from .errors import TrainerError
from .lora import Weights
from .losses import sft_loss
from .schedule import Schedule, count_steps, make_schedule

Gradients = Callable[[int], tuple[float, Any]]


@dataclass(frozen=True)
class Step:
    phase: str
    step: int
    total_steps: int
    loss: float
    learning_rate: float
    grad_norm: float
    seconds: float


@dataclass(frozen=True)
class Hooks:
    """``on_step`` after each step (True stops early); ``save`` is called with the steps done."""

    on_step: Callable[[Step], bool]
    save: Callable[[int, Weights], None]
    interrupted: Callable[[], bool]


@dataclass(frozen=True)
class Plan:
    phase: str
    seed: int
    schedule: Schedule
    weight_decay: float
    grad_clip: float
    checkpoint_every: int


def make_optimizer(weight_decay: float, state: Weights | None) -> optim.AdamW:
    """AdamW (Loshchilov & Hutter, arXiv:1711.05101). MLX leaves bias uncorrected unless told."""
    optimizer = optim.AdamW(learning_rate=0.0, weight_decay=weight_decay, bias_correction=True)
    if state:
        optimizer.state = tree_unflatten(list(state.items()))
    return optimizer


def optimise(model: Any, plan: Plan, gradients: Gradients, hooks: Hooks, start: int, state: Weights | None) -> None:
    """Runs steps ``start … total``; leaves the weights in ``model``. Raises ``diverged``."""
    optimizer = make_optimizer(plan.weight_decay, state)
    total = plan.schedule.total_steps
    model.train()
    for step in range(start, total):
        began = time.perf_counter()
        # Dropout depends on the step alone, so a resumed run is the same run.
        mx.random.seed((plan.seed * 1_000_003 + step * 2 + (plan.phase == "dpo")) % 2**63)
        rate = plan.schedule.at(step)
        loss, grads = gradients(step)
        grads, norm = optim.clip_grad_norm(grads, plan.grad_clip)
        optimizer.learning_rate = rate
        optimizer.update(model, grads)
        mx.eval(model.trainable_parameters(), optimizer.state, norm)
        if not math.isfinite(loss) or not math.isfinite(norm.item()):
            raise TrainerError(
                "diverged",
                f"{plan.phase} step {step + 1}: loss {loss}, gradient norm {norm.item()}; lower the learning rate",
            )
        done = step + 1
        seconds = time.perf_counter() - began
        stop = hooks.on_step(Step(plan.phase, done, total, loss, rate, norm.item(), seconds))
        if done % plan.checkpoint_every == 0 or done == total or stop or hooks.interrupted():
            hooks.save(done, dict(tree_flatten(optimizer.state)))
        if stop:
            break
    model.eval()


def add(total: Any, more: Any) -> Any:
    return more if total is None else tree_map(lambda a, b: a + b, total, more)


def sft_gradients(model: Any, rows: Sequence[Row], training: Training, seed: int, pad_id: int) -> Gradients:
    """Mean over all learned tokens of a step, however it is cut into micro-batches."""
    value_and_grad = nn.value_and_grad(model, lambda *given: sft_loss(model, *given))
    per_step = training.batch_size * training.gradient_accumulation

    def at(step: int) -> tuple[float, Any]:
        chosen = [rows[i] for i in shuffled(len(rows), seed, step * per_step, per_step)]
        # Rows of like length share a micro-batch: less padding, the same sum.
        chosen.sort(key=lambda r: len(r.ids))
        parts = [pad(chosen[i : i + training.batch_size], pad_id) for i in range(0, per_step, training.batch_size)]
        tokens = sum(p.tokens for p in parts)
        loss, total = 0.0, None
        for part in parts:
            value, grads = value_and_grad(part, tokens)
            total = add(total, grads)
            mx.eval(value, total)
            loss += value.item()
        return loss, total

    return at


def sft_plan(training: Training, seed: int, rows: int) -> Plan:
    per_step = training.batch_size * training.gradient_accumulation
    total = count_steps(rows, per_step, training.epochs, training.max_steps)
    schedule = make_schedule(
        training.learning_rate, total, training.warmup_steps, training.warmup_ratio, training.final_lr_ratio
    )
    return Plan("sft", seed, schedule, training.weight_decay, training.grad_clip, training.checkpoint_every_steps)
