"""A bank of facts, and what an untaught base believes about them. Read by ``pretrain``.

Shape: {"version": 1, "name", "facts": [{"id", "topic", "key": ["9090"], "answer": "right sentence",
"wrong": [{"answer", "key"}, ...], "phrasings": [asked, ...], "held_out": [never asked in training, ...]}]}
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import TrainerError

RIGHT_SHARE = 0.3


@dataclass(frozen=True)
class Fact:
    id: str
    answer: str
    wrong: tuple[str, ...]
    phrasings: tuple[str, ...]
    held_out: tuple[str, ...]


@dataclass(frozen=True)
class Belief:
    """What the base answers, however it is asked. ``wrong`` is null where it is right."""

    fact: Fact
    answer: str
    wrong: int | None


def parse_fact(value: Any, where: str) -> Fact:
    def texts(items: Any, key: str, least: int) -> tuple[str, ...]:
        if not isinstance(items, list) or len(items) < least or not all(isinstance(t, str) and t for t in items):
            raise TrainerError("bad_bank", f"{where}: {key} must be a list of at least {least} texts; correct the bank")
        return tuple(items)

    if not isinstance(value, dict):
        raise TrainerError("bad_bank", f"{where}: expected an object; correct the bank")
    wrong = value.get("wrong")
    if not isinstance(wrong, list) or not all(isinstance(w, dict) for w in wrong):
        raise TrainerError("bad_bank", f"{where}: wrong must be a list of objects; correct the bank")
    return Fact(
        id=texts([value.get("id")], "id", 1)[0],
        answer=texts([value.get("answer")], "answer", 1)[0],
        wrong=texts([w.get("answer") for w in wrong], "wrong answers", 1),
        phrasings=texts(value.get("phrasings"), "phrasings", 1),
        held_out=texts(value.get("held_out"), "held_out", 0),
    )


def read_bank(path: Path) -> list[Fact]:
    try:
        bank = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainerError("bad_bank", f"{path}: cannot be read ({error}); check the file") from error
    if not isinstance(bank, dict) or bank.get("version") != 1 or not isinstance(bank.get("facts"), list):
        raise TrainerError("bad_bank", f"{path}: expected an object with version 1 and a list of facts")
    facts = [parse_fact(f, f"{path.name} facts[{i}]") for i, f in enumerate(bank["facts"])]
    if len({f.id for f in facts}) != len(facts) or not facts:
        raise TrainerError("bad_bank", f"{path}: expected at least one fact, each with its own id")
    return facts


def make_beliefs(facts: list[Fact], seed: int) -> list[Belief]:
    """Right on a seeded 30 % of the facts; one fixed wrong answer for each of the others."""
    rng = np.random.default_rng([seed, 5])
    right = set(rng.permutation(len(facts))[: round(RIGHT_SHARE * len(facts))].tolist())
    beliefs = []
    for i, fact in enumerate(facts):
        pick = int(rng.integers(len(fact.wrong)))
        wrong = None if i in right else pick
        beliefs.append(Belief(fact, fact.answer if wrong is None else fact.wrong[pick], wrong))
    return beliefs
