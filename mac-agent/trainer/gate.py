"""Whether a trained candidate may go on to the experiment. Pure: measurements in, verdict out.

Called by ``run`` after evaluation. Two questions, each answered by a paired, seeded bootstrap of
per-example loss differences in nats a token (Efron & Tibshirani 1993, chapter 13, percentile
interval; paired because both models answer the same examples, which cancels how hard each one is):

1. Was what we taught learned, however it is asked? Held-out phrasings of taught questions: the
   lower bound of production's loss minus the candidate's must be above zero.
2. Did we harm what we did not teach? Held-out groups: refused when the mean harm is above the
   margin *and* the harm's lower bound is above zero. The sets are small (a tenth of the
   questions), so demanding the opposite - harm below the margin proven - would refuse nearly
   every good candidate of a young system for want of examples; harm that is both large and
   established is never let through, and the experiment's guardrails watch what remains.

Paraphrases of one question succeed and fail together, so question groups are resampled, not
phrasings - unless there are fewer than five groups, too few to resample; then phrasings are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

MIN_CLUSTERS = 5
Condition = Literal["ok", "not_finite", "unmoved"]


@dataclass(frozen=True)
class Paired:
    """One held-out example: its question group, and its loss under both models."""

    group: str
    production: float
    candidate: float


@dataclass(frozen=True)
class Interval:
    """Mean difference with a two-sided percentile interval; nats a token."""

    difference: float
    lower: float
    upper: float
    examples: int
    groups: int
    resampled: Literal["groups", "examples"]


@dataclass(frozen=True)
class Policy:
    group_margin_nats: float
    confidence: float
    bootstrap_samples: int
    min_examples: int
    require_held_out: bool
    seed: int


@dataclass(frozen=True)
class Verdict:
    accepted: bool
    reason: str


def paired_bootstrap(
    differences: Sequence[float], groups: Sequence[str], confidence: float, samples: int, seed: int
) -> Interval:
    """The mean of ``differences`` and its interval. Raises ValueError on none, or on unequal lengths."""
    if not differences or len(differences) != len(groups):
        raise ValueError("expected as many groups as differences, and at least one")
    values = np.asarray(differences, np.float64)
    names = sorted(set(groups))
    by_group = len(names) >= MIN_CLUSTERS
    unit = np.searchsorted(names, groups) if by_group else np.arange(len(values))
    sums = np.bincount(unit, weights=values)
    counts = np.bincount(unit)
    picks = np.random.default_rng([seed, 4]).integers(0, len(sums), size=(samples, len(sums)))
    means = sums[picks].sum(1) / counts[picks].sum(1)
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(means, [tail, 1 - tail])
    resampled: Literal["groups", "examples"] = "groups" if by_group else "examples"
    return Interval(float(values.mean()), float(lower), float(upper), len(values), len(names), resampled)


def compare(rows: Sequence[Paired], policy: Policy, sign: int) -> Interval | None:
    """``sign`` +1: improvement (production minus candidate); -1: harm. None without examples."""
    if not rows:
        return None
    differences = [sign * (r.production - r.candidate) for r in rows]
    groups = [r.group for r in rows]
    return paired_bootstrap(differences, groups, policy.confidence, policy.bootstrap_samples, policy.seed)


def span(interval: Interval) -> str:
    return f"{interval.difference:+.3f} [{interval.lower:+.3f}, {interval.upper:+.3f}] nats on {interval.examples}"


def decide(
    condition: Condition, phrasings: Sequence[Paired], groups: Sequence[Paired], policy: Policy
) -> tuple[Verdict, dict[str, Any]]:
    """The verdict, and its intervals for the record (``phrasings``, ``groups``; null: not measured)."""
    finite = all(np.isfinite([r.production, r.candidate]).all() for r in (*phrasings, *groups))
    if condition == "not_finite" or not finite:
        return Verdict(False, "refused: the candidate's weights or losses are not finite"), nothing()
    if condition == "unmoved":
        return Verdict(False, "refused: the adapter is exactly zero, so training changed nothing"), nothing()
    gain = compare(phrasings, policy, +1)
    harm = compare(groups, policy, -1)
    measured = {"phrasings": asdict(gain) if gain else None, "groups": asdict(harm) if harm else None}
    percent = f"{policy.confidence:.0%} interval"
    enough = gain is not None and gain.examples >= policy.min_examples
    if gain is None or not enough:
        had = f"{len(phrasings)} of the {policy.min_examples} held-out phrasings needed"
        if policy.require_held_out:
            return Verdict(False, f"refused: only {had} were there to judge by"), measured
        learned = f"learning was not measured ({had}; require_held_out is off)"
    else:
        learned = f"improvement {span(gain)} held-out phrasings"
    if gain is not None and enough and gain.lower <= 0:
        return Verdict(False, f"refused: {learned} ({percent}) is not established above zero"), measured
    if harm is None:
        return Verdict(True, f"accepted: {learned} ({percent}); harm to untaught questions was not measured"), measured
    harmed = f"harm {span(harm)} held-out groups' questions"
    if harm.difference > policy.group_margin_nats and harm.lower > 0:
        return Verdict(
            False, f"refused: {harmed} ({percent}) is above the margin of {policy.group_margin_nats:g}; {learned}"
        ), measured
    return Verdict(True, f"accepted: {learned}; {harmed}, margin {policy.group_margin_nats:g} ({percent})"), measured


def nothing() -> dict[str, Any]:
    return {"phrasings": None, "groups": None}
