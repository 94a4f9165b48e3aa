"""How well a model answers held-out questions. Called by ``run`` with weights as they are served.

Measures per example, so that the gate can compare two models on the same examples. Never samples:
the same weights always give the same numbers.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import mlx.core as mx
import numpy as np
from mlx_lm.models.cache import make_prompt_cache

from .chat import ChatTokenizer
from .data import Example, Pair, Row, pad
from .losses import sequence_log_probs

MAX_EXAMPLES = 200
MAX_GENERATED = 100
MIN_GENERATED = 12
WEIGHTS_GENERATED_ON_CPU = 2_000_000_000
TOKENS_PER_BATCH = 2048
ROWS_PER_GENERATION = 32

T = TypeVar("T")
Tick = Callable[[], None]


@dataclass(frozen=True)
class Answer:
    """Tokens with the end token, where one came.

    ``margins``: gap between the two largest logits at each token; where it is small, another
    implementation may choose the other one.
    """

    text: str
    token_ids: list[int]
    margins: list[float]


@dataclass(frozen=True)
class Result:
    """``losses`` are nats a token of the right answer, one an example, in the examples' order."""

    examples: int
    losses: list[float]
    pair_accuracy: float | None
    key_fact_rate: float | None

    @property
    def loss(self) -> float | None:
        return float(np.mean(self.losses)) if self.losses else None

    @property
    def perplexity(self) -> float | None:
        return math.exp(min(self.loss, 700.0)) if self.loss is not None else None


def capped(items: Sequence[T], limit: int, seed: int) -> list[T]:
    """A seeded sample in the original order: every model is measured on the same one."""
    if len(items) <= limit:
        return list(items)
    chosen = np.random.default_rng([seed, 3]).choice(len(items), size=limit, replace=False)
    return [items[i] for i in sorted(chosen)]


def generated_limit(parameters: int) -> int:
    """How many answers a set may be generated for: a CPU needs about 0.1 s a token for 135M weights."""
    if mx.default_device() == mx.Device(mx.gpu):
        return MAX_GENERATED
    return max(MIN_GENERATED, min(MAX_GENERATED, WEIGHTS_GENERATED_ON_CPU // parameters))


def row_losses(model: Any, rows: Sequence[Row], pad_id: int, tick: Tick) -> list[float]:
    """Mean negative log-probability a token of each row's answer."""
    out = [0.0] * len(rows)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
    while order:
        size = max(1, TOKENS_PER_BATCH // len(rows[order[0]].ids))
        part, order = order[:size], order[size:]
        batch = pad([rows[i] for i in part], pad_id)
        sums = np.array(sequence_log_probs(model, batch))
        for i, value in zip(part, sums):
            out[i] = -float(value) / (len(rows[i].ids) - rows[i].prompt_length)
        tick()
    return out


def generate_group(
    model: Any, prompts: list[list[int]], end_id: int, max_new: int
) -> list[tuple[list[int], list[float]]]:
    """Greedy answers to prompts of one length (left padding without a mask changes answers)."""
    cache = make_prompt_cache(model)
    tokens = mx.array(prompts)
    out: list[tuple[list[int], list[float]]] = [([], []) for _ in prompts]
    open_rows = set(range(len(prompts)))
    for _ in range(max_new):
        logits = model(tokens, cache=cache)[:, -1, :].astype(mx.float32)
        best = mx.argmax(logits, axis=-1)
        top = mx.topk(logits, 2, axis=-1)
        gaps = mx.abs(top[:, 0] - top[:, 1])
        mx.eval(best, gaps)
        for row, (token, gap) in enumerate(zip(best.tolist(), gaps.tolist())):
            if row in open_rows:
                out[row][0].append(token)
                out[row][1].append(gap)
                if token == end_id:
                    open_rows.discard(row)
        if not open_rows:
            break
        tokens = best[:, None]
    return out


def generate(
    model: Any, chat: ChatTokenizer, prompts: Sequence[Sequence[int]], max_new: int, tick: Tick
) -> list[Answer]:
    groups: dict[int, list[int]] = defaultdict(list)
    for i, prompt in enumerate(prompts):
        groups[len(prompt)].append(i)
    answers: dict[int, Answer] = {}
    for members in groups.values():
        for start in range(0, len(members), ROWS_PER_GENERATION):
            part = members[start : start + ROWS_PER_GENERATION]
            produced = generate_group(model, [list(prompts[i]) for i in part], chat.end_id, max_new)
            for i, (ids, margins) in zip(part, produced):
                answers[i] = Answer(chat.decode(ids), ids, margins)
            tick()
    return [answers[i] for i in range(len(prompts))]


def states(text: str, key_facts: Sequence[str]) -> bool:
    """Every key fact stands in the text by itself, whatever its case: "90" is in neither "9090" nor "90.5"."""
    return all(
        re.search(rf"(?<!\w)(?<!\d[.,]){re.escape(fact)}(?!\w|[.,]\d)", text, re.IGNORECASE) for fact in key_facts
    )


def evaluate_examples(
    model: Any, chat: ChatTokenizer, examples: Sequence[Example], max_new: int, tick: Tick, generated: int
) -> Result:
    losses = row_losses(model, [e.row for e in examples], chat.end_id, tick)
    rate = None
    with_facts = [e for e in examples if e.key_facts][:generated]
    if with_facts:
        prompts = [e.row.ids[: e.row.prompt_length] for e in with_facts]
        answers = generate(model, chat, prompts, max_new, tick)
        rate = float(np.mean([states(a.text, e.key_facts) for a, e in zip(answers, with_facts)]))
    return Result(len(examples), losses, None, rate)


def evaluate_pairs(model: Any, chat: ChatTokenizer, pairs: Sequence[Pair], tick: Tick) -> Result:
    """Accuracy: the chosen answer is likelier a token than the rejected one (longer answers aren't punished)."""
    chosen = row_losses(model, [p.chosen for p in pairs], chat.end_id, tick)
    rejected = row_losses(model, [p.rejected for p in pairs], chat.end_id, tick)
    accuracy = float(np.mean([c < r for c, r in zip(chosen, rejected)])) if pairs else None
    return Result(len(pairs), chosen, accuracy, None)
