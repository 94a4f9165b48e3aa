"""Learning rate by step, and how many steps a phase has. Pure; used by ``train`` and ``preference``."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Linear warm-up to ``peak``, then a cosine down to ``peak * final_ratio`` at the last step."""

    peak: float
    total_steps: int
    warmup_steps: int
    final_ratio: float

    def at(self, step: int) -> float:
        """Rate of the step counted from 0."""
        if step < self.warmup_steps:
            return self.peak * (step + 1) / self.warmup_steps
        span = max(1, self.total_steps - 1 - self.warmup_steps)
        done = min(1.0, (step - self.warmup_steps) / span)
        cosine = 0.5 * (1 + math.cos(math.pi * done))
        return self.peak * (self.final_ratio + (1 - self.final_ratio) * cosine)


def count_steps(examples: int, per_step: int, epochs: int, max_steps: int | None) -> int:
    """``max_steps`` decides alone when given; examples are then gone through as often as needed."""
    if max_steps is not None:
        return max_steps
    return max(1, math.ceil(examples * epochs / per_step))


def make_schedule(
    peak: float, total_steps: int, warmup_steps: int | None, warmup_ratio: float, final_ratio: float
) -> Schedule:
    """Warm-up is the steps when given, else the ratio; never more than a third of the run."""
    wanted = warmup_steps if warmup_steps is not None else round(warmup_ratio * total_steps)
    return Schedule(peak, total_steps, min(wanted, total_steps // 3), final_ratio)
