"""Formulas against their definitions, and gradients on the adapter alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from conftest import pair_line, sft_line, write_dataset
from mlx import nn
from mlx.utils import tree_flatten
from trainer import lora
from trainer.config import parse_job
from trainer.data import Dataset, pad, read_dataset
from trainer.losses import dpo_loss, sequence_log_probs, sft_loss
from trainer.preference import Standing, better, both_sides, new_watch, reference_log_probs, sample
from trainer.train import sft_gradients


@pytest.fixture
def data(base: Any, tmp_path: Path) -> Dataset:
    lines = [sft_line(i, q) for i in range(4) for q in ("Port of {}?", "Which port does {} use?")]
    pairs = [pair_line(i) for i in range(3)]
    return read_dataset(write_dataset(tmp_path, sft_train=lines, pairs_train=pairs), base.chat, 512)


@pytest.fixture
def tuned(base: Any, job: dict[str, Any]) -> Any:
    """A model with an adapter whose B is not zero."""
    training = parse_job({**job, "training": {**job["training"], "lora_dropout": 0.0}}).training
    model = base.new_model()
    lora.attach(model, training, seed=1)
    moved = [(k, v + 0.02 * mx.random.normal(v.shape)) for k, v in lora.trainable(model).items()]
    model.load_weights(moved, strict=False)
    return model, training


def slow_log_prob(model: Any, ids: tuple[int, ...], prompt_length: int) -> float:
    """By the definition, one row without batch, padding or shared prefix."""
    logits = np.array(model(mx.array([ids]))[0].astype(mx.float32)).astype(np.float64)
    logits -= np.log(np.exp(logits - logits.max(-1, keepdims=True)).sum(-1, keepdims=True)) + logits.max(
        -1, keepdims=True
    )
    return float(sum(logits[t - 1, ids[t]] for t in range(prompt_length, len(ids))))


def test_batched_log_probabilities_are_those_of_single_rows(tuned: Any, data: Dataset, base: Any) -> None:
    rows = [e.row for e in data.sft["train"]]
    batch = pad(rows, base.chat.end_id)
    assert batch.shared > 5  # the system turn is computed once
    fast = np.array(sequence_log_probs(tuned[0], batch))
    assert fast == pytest.approx([slow_log_prob(tuned[0], r.ids, r.prompt_length) for r in rows], abs=1e-3)


def test_sft_loss_is_the_mean_over_answer_tokens(tuned: Any, data: Dataset, base: Any) -> None:
    rows = [e.row for e in data.sft["train"]]
    batch = pad(rows, base.chat.end_id)
    total = -sum(slow_log_prob(tuned[0], r.ids, r.prompt_length) for r in rows)
    count = sum(len(r.ids) - r.prompt_length for r in rows)
    assert sft_loss(tuned[0], batch, batch.tokens).item() == pytest.approx(total / count, abs=1e-4)


def test_accumulated_gradients_are_those_of_the_undivided_batch(tuned: Any, data: Dataset, base: Any) -> None:
    from dataclasses import replace

    model, training = tuned
    rows = [e.row for e in data.sft["train"]]
    whole = replace(training, batch_size=8, gradient_accumulation=1)
    parts = replace(training, batch_size=2, gradient_accumulation=4)
    loss_a, a = sft_gradients(model, rows, whole, 5, base.chat.end_id)(0)
    loss_b, b = sft_gradients(model, rows, parts, 5, base.chat.end_id)(0)
    assert loss_a == pytest.approx(loss_b, abs=1e-5)
    for (name, x), (_, y) in zip(tree_flatten(a), tree_flatten(b)):
        assert np.allclose(np.array(x), np.array(y), atol=1e-5), name


def test_the_first_dpo_loss_is_ln_2_and_moves_the_adapter_only(tuned: Any, data: Dataset, base: Any) -> None:
    model, _ = tuned
    pairs = data.pairs["train"]
    reference = mx.array(reference_log_probs(model, pairs, 2, base.chat.end_id).T.reshape(-1))
    batch = pad(both_sides(pairs), base.chat.end_id)
    value_and_grad = nn.value_and_grad(model, lambda *given: dpo_loss(model, *given))
    (loss, log_probs), grads = value_and_grad(batch, reference, 0.1, len(pairs))
    assert loss.item() == pytest.approx(math.log(2), abs=1e-5)
    assert np.allclose(np.array(log_probs), np.array(reference), atol=1e-4)
    names = [name for name, _ in tree_flatten(grads)]
    assert set(names) == set(lora.trainable(model))
    assert all(name.endswith(("lora_a", "lora_b")) for name in names)


def test_dpo_loss_is_its_formula_away_from_the_reference(tuned: Any, data: Dataset, base: Any) -> None:
    model, _ = tuned
    pairs = data.pairs["train"]
    batch = pad(both_sides(pairs), base.chat.end_id)
    policy = np.array(sequence_log_probs(model, batch)).astype(np.float64)
    reference = policy + np.array([0.5, -1.0, 2.0, -0.5, 0.25, 1.0])
    margins = 0.3 * ((policy - reference)[:3] - (policy - reference)[3:])
    expected = float(np.mean(np.log1p(np.exp(-margins))))
    assert dpo_loss(model, batch, mx.array(reference), 0.3, 3)[0].item() == pytest.approx(expected, abs=1e-4)


def test_pairs_are_drawn_by_their_weight() -> None:
    drawn = [i for step in range(200) for i in sample([1.0, 0.5, 0.0], seed=1, step=step, size=10)]
    assert drawn.count(2) == 0
    assert drawn.count(0) / drawn.count(1) == pytest.approx(2.0, rel=0.15)
    assert sample([1.0, 0.5], 1, 3, 4) == sample([1.0, 0.5], 1, 3, 4)


def test_a_falling_chosen_answer_stops_dpo() -> None:
    watch = new_watch()
    for _ in range(7):
        watch.changes.append(-0.5)
    assert not watch.collapsed
    watch.changes.append(-0.5)
    assert watch.collapsed


@pytest.mark.parametrize(
    ("before", "after", "keeps"),
    [
        (Standing(1.0, 0.5), Standing(0.9, 0.6), True),
        (Standing(1.0, 0.5), Standing(1.1, 0.9), False),
        (Standing(1.0, 0.5), Standing(0.9, 0.4), False),
        (Standing(1.0, None), Standing(0.9, None), True),
        (Standing(None, None), Standing(None, None), False),
        (Standing(1.0, 0.5), Standing(float("nan"), 0.5), False),
    ],
)
def test_validation_decides_which_policy_stays(before: Standing, after: Standing, keeps: bool) -> None:
    assert better(before, after)[0] is keeps
