"""Preference optimisation after SFT: DPO against the policy SFT left behind.

Small models are easily ruined here while the loss looks excellent, so the chosen answers'
log-probability is watched during the run and validation decides which of the two policies stays.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import numpy as np
from mlx import nn

from .config import Rlhf, Training
from .data import Pair, pad
from .losses import dpo_loss, sequence_log_probs
from .schedule import count_steps, make_schedule
from .train import Gradients, Plan, add

WATCHED_STEPS = 8
MAX_CHOSEN_FALL_NATS = 0.1


@dataclass
class Watch:
    """Mean change of the chosen answers' log-probability since SFT, in nats a token."""

    changes: deque[float]

    @property
    def collapsed(self) -> bool:
        """The right answers are being unlearned; going on only makes the loss look better."""
        return len(self.changes) == WATCHED_STEPS and float(np.mean(self.changes)) < -MAX_CHOSEN_FALL_NATS


@dataclass(frozen=True)
class Standing:
    """How a policy does on validation; None where there is nothing to measure it on."""

    right_loss: float | None
    pair_accuracy: float | None


def new_watch() -> Watch:
    return Watch(deque(maxlen=WATCHED_STEPS))


def both_sides(pairs: Sequence[Pair]) -> list[Any]:
    return [p.chosen for p in pairs] + [p.rejected for p in pairs]


def reference_log_probs(model: Any, pairs: Sequence[Pair], batch_size: int, pad_id: int) -> np.ndarray:
    """(pairs, 2): chosen and rejected under the model as it is now."""
    model.eval()
    out = []
    for i in range(0, len(pairs), batch_size):
        part = pairs[i : i + batch_size]
        batch = pad(both_sides(part), pad_id)
        out.append(np.array(sequence_log_probs(model, batch)).reshape(2, len(part)).T)
    return np.concatenate(out)


def sample(weights: Sequence[float], seed: int, step: int, size: int) -> list[int]:
    """Pairs in proportion to their confidence weight, with replacement."""
    p = np.asarray(weights, np.float64)
    p = p / p.sum() if p.sum() > 0 else None
    return [int(i) for i in np.random.default_rng([seed, 2, step]).choice(len(weights), size=size, p=p)]


def dpo_gradients(
    model: Any,
    pairs: Sequence[Pair],
    reference: np.ndarray,
    training: Training,
    beta: float,
    seed: int,
    pad_id: int,
    watch: Watch,
) -> Gradients:
    value_and_grad = nn.value_and_grad(model, lambda *given: dpo_loss(model, *given))
    size, parts = training.batch_size, training.gradient_accumulation
    weights = [p.weight for p in pairs]

    def at(step: int) -> tuple[float, Any]:
        order = sample(weights, seed, step, size * parts)
        loss, total = 0.0, None
        change, tokens = 0.0, 0
        for i in range(0, len(order), size):
            index = order[i : i + size]
            part = [pairs[j] for j in index]
            batch = pad(both_sides(part), pad_id)
            expected = reference[index].T.reshape(-1)
            (value, log_probs), grads = value_and_grad(batch, mx.array(expected), beta, len(order))
            total = add(total, grads)
            mx.eval(value, total, log_probs)
            loss += value.item()
            change += float((np.array(log_probs)[: len(part)] - expected[: len(part)]).sum())
            tokens += sum(len(p.chosen.ids) - p.chosen.prompt_length for p in part)
        watch.changes.append(change / tokens)
        return loss, total

    return at


def dpo_plan(rlhf: Rlhf, training: Training, seed: int, pairs: int) -> Plan:
    per_step = training.batch_size * training.gradient_accumulation
    total = count_steps(pairs, per_step, rlhf.epochs, rlhf.max_steps)
    schedule = make_schedule(
        rlhf.learning_rate, total, training.warmup_steps, training.warmup_ratio, training.final_lr_ratio
    )
    # No weight decay: it would pull the adapter towards zero, away from the reference.
    return Plan("dpo", seed, schedule, 0.0, training.grad_clip, training.checkpoint_every_steps)


def better(before: Standing, after: Standing) -> tuple[bool, str]:
    """After stays only if right answers became no less likely and pairs no worse ordered.

    With nothing to validate on, before stays: an unmeasured change is not an improvement.
    """
    if before.right_loss is None or after.right_loss is None:
        return False, "no validation examples: the policy before DPO stays"
    shown = f"loss of right answers {before.right_loss:.4f} -> {after.right_loss:.4f}"
    if before.pair_accuracy is not None and after.pair_accuracy is not None:
        shown += f", pairs in order {before.pair_accuracy:.1%} -> {after.pair_accuracy:.1%}"
        if after.pair_accuracy < before.pair_accuracy:
            return False, f"{shown}: the policy before DPO stays"
    if not after.right_loss <= before.right_loss:
        return False, f"{shown}: the policy before DPO stays"
    return True, f"{shown}: the policy after DPO stays"
