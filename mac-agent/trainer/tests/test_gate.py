"""The gate on numbers alone: golden intervals, degenerate input, every way to be refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from trainer.gate import Paired, Policy, decide, paired_bootstrap

GOLDEN = json.loads((Path(__file__).parent / "gate-golden.json").read_text())
POLICY = Policy(
    group_margin_nats=0.05, confidence=0.95, bootstrap_samples=1000, min_examples=5, require_held_out=True, seed=1
)


def rows(differences: list[float], groups: list[str] | None = None) -> list[Paired]:
    names = groups or [f"g{i}" for i in range(len(differences))]
    return [Paired(g, 1.0, 1.0 - d) for g, d in zip(names, differences)]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda c: c["name"])
def test_intervals_are_the_golden_ones(case: dict) -> None:
    got = paired_bootstrap(case["differences"], case["groups"], case["confidence"], case["samples"], case["seed"])
    wanted = case["interval"]
    assert (got.difference, got.lower, got.upper) == pytest.approx(
        (wanted["difference"], wanted["lower"], wanted["upper"]), abs=1e-9
    )
    assert (got.examples, got.groups, got.resampled) == (wanted["examples"], wanted["groups"], wanted["resampled"])


def test_one_example_and_equal_examples_give_an_interval_without_width() -> None:
    assert paired_bootstrap([0.5], ["a"], 0.95, 200, 1).lower == 0.5
    equal = paired_bootstrap([0.25] * 9, [str(i) for i in range(9)], 0.95, 200, 1)
    assert (equal.lower, equal.upper) == (0.25, 0.25)
    with pytest.raises(ValueError):
        paired_bootstrap([], [], 0.95, 200, 1)


def test_paraphrases_of_one_question_are_not_independent_evidence() -> None:
    differences = [0.5] * 10 + [-0.3] * 10 + [0.2] * 10 + [0.4] * 10 + [-0.1] * 10
    groups = [str(i // 10) for i in range(50)]
    together = paired_bootstrap(differences, groups, 0.95, 2000, 1)
    apart = paired_bootstrap(differences, [str(i) for i in range(50)], 0.95, 2000, 1)
    assert together.upper - together.lower > 1.8 * (apart.upper - apart.lower)


def test_accepts_an_established_improvement_without_harm() -> None:
    verdict, measured = decide("ok", rows([0.5, 0.4, 0.6, 0.5, 0.7]), rows([0.0, 0.01, -0.01, 0.0, 0.0]), POLICY)
    assert verdict.accepted
    assert "+0.540" in verdict.reason and "margin 0.05" in verdict.reason
    assert measured["phrasings"]["examples"] == 5


def test_refuses_an_improvement_that_is_not_established() -> None:
    verdict, _ = decide("ok", rows([0.5, -0.4, 0.6, -0.5, 0.1]), [], POLICY)
    assert not verdict.accepted and "not established" in verdict.reason


def test_refuses_with_too_few_held_out_phrasings() -> None:
    for count in (0, 4):
        verdict, _ = decide("ok", rows([0.5] * count), [], POLICY)
        assert not verdict.accepted and f"only {count} of the 5" in verdict.reason


def test_says_when_harm_was_not_measured_and_does_not_refuse_for_it() -> None:
    verdict, measured = decide("ok", rows([0.5] * 5), [], POLICY)
    assert verdict.accepted and "was not measured" in verdict.reason
    assert measured["groups"] is None


@pytest.mark.parametrize(
    ("harm", "accepted"),
    [
        ([0.2, 0.3, 0.25, 0.2, 0.3], False),  # large and established
        ([0.02, 0.03, 0.025, 0.02, 0.03], True),  # established but within the margin
        ([0.9, -0.5, 0.8, -0.6, 0.1], True),  # above the margin but not established
    ],
)
def test_refuses_only_harm_that_is_large_and_established(harm: list[float], accepted: bool) -> None:
    verdict, _ = decide("ok", rows([0.5] * 5), rows([-h for h in harm]), POLICY)
    assert verdict.accepted is accepted
    assert accepted or "above the margin of 0.05" in verdict.reason


def test_refuses_weights_that_are_not_finite_or_did_not_move() -> None:
    assert not decide("not_finite", rows([0.5] * 5), [], POLICY)[0].accepted
    assert "exactly zero" in decide("unmoved", rows([0.5] * 5), [], POLICY)[0].reason
    broken = [*rows([0.5] * 5), Paired("x", 1.0, float("nan"))]
    assert "not finite" in decide("ok", broken, [], POLICY)[0].reason


def test_the_same_seed_gives_the_same_verdict() -> None:
    given = rows([0.3, 0.1, -0.05, 0.2, 0.15, 0.02])
    assert decide("ok", given, [], POLICY) == decide("ok", given, [], POLICY)


def test_too_few_held_out_phrasings_refuse_unless_the_configuration_lets_them_pass_visibly() -> None:
    few = [Paired("g", 3.0, 1.0)]
    assert not decide("ok", few, [], POLICY)[0].accepted
    verdict, _ = decide("ok", few, [], replace(POLICY, require_held_out=False))
    assert verdict.accepted
    assert "learning was not measured (1 of the 5 held-out phrasings needed" in verdict.reason


def test_established_harm_refuses_also_where_learning_could_not_be_measured() -> None:
    harmed = [Paired(f"g{n}", 1.0, 3.0) for n in range(8)]
    verdict, _ = decide("ok", [], harmed, replace(POLICY, require_held_out=False))
    assert not verdict.accepted
    assert "harm" in verdict.reason
