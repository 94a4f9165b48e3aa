"""A whole training job from job file to verdict: the one place that wires the parts together.

Called by ``__main__``. SIGTERM only sets a flag; it is looked at between steps and batches.
"""

from __future__ import annotations

import hashlib
import json
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from threading import Event
from typing import Any

import mlx.core as mx

from . import checkpoint, gate, lora
from .artifacts import export_all, make_probes
from .base import Base, open_base, put
from .checkpoint import Checkpoint
from .config import Job
from .data import Dataset, Example, Pair, read_dataset, repeated
from .errors import Interrupted
from .evaluate import MAX_EXAMPLES, Result, capped, evaluate_examples, evaluate_pairs, generated_limit
from .events import emit, finite, log
from .preference import (
    Standing,
    better,
    dpo_gradients,
    dpo_plan,
    new_watch,
    reference_log_probs,
)
from .train import Hooks, Step, optimise, sft_gradients, sft_plan

SFT_SETS = ("validation_phrasings", "test_phrasings", "validation_groups", "test_groups")
PAIR_SETS = ("validation_pairs", "test_pairs")
GENERATED_SETS = ("test_phrasings", "test_groups")


@dataclass
class Session:
    """What changes while a job runs: the stop flag, the newest checkpoint and the time spent."""

    job: Job
    fingerprint: str
    stop: Event
    phase: str = "sft"
    last: Checkpoint | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def tick(self) -> None:
        if self.stop.is_set():
            point = self.last
            raise Interrupted(
                point.phase if point else self.phase, point.step if point else 0, point.path if point else None
            )


def fingerprint(job: Job, base: Base) -> str:
    """Of everything that decides the weights; paths and the attempt's number don't."""
    parts = [base.name, base.weights_sha256, job.dataset.sha256, job.seed, asdict(job.training), asdict(job.rlhf)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def make_hooks(session: Session, model: Any, reference: lora.Weights, stop_early: Callable[[], bool]) -> Hooks:
    before = dict(session.seconds)
    began = time.perf_counter()

    def on_step(step: Step) -> bool:
        emit("step", **asdict(step))
        return stop_early()

    def save(step: int, optimizer: lora.Weights) -> None:
        seconds = {**before, session.phase: before.get(session.phase, 0.0) + time.perf_counter() - began}
        session.seconds = seconds
        point = Checkpoint(
            session.fingerprint, session.phase, step, seconds, lora.trainable(model), optimizer, reference
        )
        path = checkpoint.save(session.job.work_dir, point)
        session.last = Checkpoint(**{**vars(point), "path": path})
        emit("checkpoint", phase=session.phase, step=step, path=str(path))
        session.tick()

    return Hooks(on_step, save, session.stop.is_set)


def load_factors(model: Any, weights: lora.Weights) -> None:
    model.load_weights(list(weights.items()), strict=False)
    mx.eval(model.parameters())


def run_sft(session: Session, model: Any, base: Base, data: Dataset, resume: Checkpoint | None) -> None:
    job = session.job
    rows = repeated(data.sft["train"])
    plan = sft_plan(job.training, job.seed, len(rows))
    gradients = sft_gradients(model, rows, job.training, job.seed, base.chat.end_id)
    hooks = make_hooks(session, model, {}, lambda: False)
    start, state = (resume.step, resume.optimizer) if resume else (0, None)
    optimise(model, plan, gradients, hooks, start, state)


def standing(model: Any, base: Base, data: Dataset, job: Job, tick: Callable[[], None]) -> Standing:
    """Right answers are corrections and chosen answers alike."""
    examples = capped(data.sft["validation-phrasings"], MAX_EXAMPLES, job.seed)
    pairs = capped(data.pairs["validation"], MAX_EXAMPLES, job.seed)
    model.eval()
    right = evaluate_examples(model, base.chat, examples, 1, tick, generated=0)
    paired = evaluate_pairs(model, base.chat, pairs, tick)
    losses = right.losses + paired.losses
    return Standing(sum(losses) / len(losses) if losses else None, paired.pair_accuracy)


def run_dpo(session: Session, model: Any, base: Base, data: Dataset, resume: Checkpoint | None) -> dict[str, Any]:
    """Leaves the better of the two policies in ``model``; returns what was decided and why."""
    job, pairs = session.job, data.pairs["train"]
    session.phase = "dpo"
    reference = resume.reference if resume else {k: mx.array(v) for k, v in lora.trainable(model).items()}
    load_factors(model, reference)
    expected = reference_log_probs(model, pairs, job.training.batch_size, base.chat.end_id)
    before = standing(model, base, data, job, session.tick)
    if resume:
        load_factors(model, resume.adapter)
    plan = dpo_plan(job.rlhf, job.training, job.seed, len(pairs))
    watch = new_watch()
    gradients = dpo_gradients(model, pairs, expected, job.training, job.rlhf.beta, job.seed, base.chat.end_id, watch)
    hooks = make_hooks(session, model, reference, lambda: watch.collapsed)
    start, state = (resume.step, resume.optimizer) if resume else (0, None)
    optimise(model, plan, gradients, hooks, start, state)
    after = standing(model, base, data, job, session.tick)
    keep, reason = better(before, after)
    if watch.collapsed:
        keep, reason = False, "the chosen answers were being unlearned: the policy before DPO stays"
    if not keep:
        load_factors(model, reference)
    log(f"dpo: {reason}")
    change = watch.changes[-1] if watch.changes else None
    return {
        "kept": "after" if keep else "before",
        "reason": reason,
        "before": asdict(before),
        "after": asdict(after),
        "chosen_log_prob_change": change,
    }


@dataclass(frozen=True)
class Held:
    """The held-out examples every model is measured on."""

    examples: dict[str, list[Example]]
    pairs: dict[str, list[Pair]]


def held_out(data: Dataset, seed: int) -> Held:
    examples = {n: capped(data.sft[n.replace("_", "-")], MAX_EXAMPLES, seed) for n in SFT_SETS}
    pairs = {n: capped(data.pairs[n.split("_")[0]], MAX_EXAMPLES, seed) for n in PAIR_SETS}
    return Held(examples, pairs)


def measure(session: Session, plain: Any, base: Base, held: Held) -> dict[str, Result]:
    new = session.job.evaluation.max_new_tokens
    limit = generated_limit(base.parameters)
    out = {}
    for name, examples in held.examples.items():
        out[name] = evaluate_examples(
            plain, base.chat, examples, new, session.tick, limit if name in GENERATED_SETS else 0
        )
    for name, pairs in held.pairs.items():
        out[name] = evaluate_pairs(plain, base.chat, pairs, session.tick)
    return out


def report(name: str, model: str, result: Result) -> dict[str, Any]:
    numbers = {
        "examples": result.examples,
        "loss": None if result.loss is None else finite(result.loss),
        "perplexity": None if result.perplexity is None else finite(result.perplexity),
        "pair_accuracy": result.pair_accuracy,
        "key_fact_rate": result.key_fact_rate,
    }
    emit("evaluation", set=name, model=model, **numbers)
    return numbers


def paired(held: Held, name: str, production: Result, candidate: Result) -> list[gate.Paired]:
    rows = zip(held.examples[name], production.losses, candidate.losses)
    return [gate.Paired(e.group_id, p, c) for e, p, c in rows]


def judge(
    session: Session,
    base: Base,
    held: Held,
    production: lora.Adapter | None,
    candidate: lora.Adapter,
    chosen_by_validation: bool,
) -> tuple[gate.Verdict, dict[str, Any]]:
    """Measures the three models as they are served and asks the gate.

    The validation sets judge too where nothing was chosen by them: held-out examples are few, and
    only a choice made on them would bias what they say.
    """
    plain = base.new_model()
    weights = {"base": None, "production": production, "candidate": candidate}
    results: dict[str, dict[str, Result]] = {}
    metrics: dict[str, Any] = {name: {} for name in (*SFT_SETS, *PAIR_SETS)}
    for model, adapter in weights.items():
        if model == "production" and adapter is None:
            results[model] = results["base"]  # production is the base
        else:
            put(plain, lora.as_served(lora.merge(base.weights, adapter)))
            results[model] = measure(session, plain, base, held)
        for name, result in results[model].items():
            metrics[name][model] = report(name, model, result)
    settings = session.job.evaluation
    policy = gate.Policy(
        settings.group_margin_nats,
        settings.confidence,
        settings.bootstrap_samples,
        settings.min_examples,
        settings.require_held_out,
        session.job.seed,
    )
    of = {n: paired(held, n, results["production"][n], results["candidate"][n]) for n in SFT_SETS}
    sides = ("test",) if chosen_by_validation else ("validation", "test")
    phrasings = [row for side in sides for row in of[f"{side}_phrasings"]]
    groups = [row for side in sides for row in of[f"{side}_groups"]]
    verdict, intervals = gate.decide(lora.condition(candidate), phrasings, groups, policy)
    return verdict, {**metrics, **intervals}


def run_job(job: Job, raw: dict[str, Any]) -> None:
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    base = open_base(job.base.dir, job.base.name)
    session = Session(job, fingerprint(job, base), stop)
    base.chat.chatml  # noqa: B018 - refuse a base whose candidates could never be served before training
    production = lora.load(job.production.adapter_dir) if job.production else None
    if production and job.production:
        lora.check_fits(production, base.weights, base.weights_sha256, job.production.model_id)
    data = read_dataset(job.dataset.dir, base.chat, job.training.max_sequence_tokens)
    with_dpo = job.rlhf.enable and len(data.pairs["train"]) >= job.rlhf.min_preference_pairs
    model = base.new_model()
    lora.attach(model, job.training, job.seed)
    session.last = resume = checkpoint.newest(job.work_dir, session.fingerprint)
    trainable = lora.trainable_count(model)
    emit(
        "start",
        phases=["sft", *(["dpo"] if with_dpo else []), "evaluate", "export"],
        trainable_parameters=trainable,
        total_parameters=base.parameters,
        train_examples=len(data.sft["train"]),
        pairs=len(data.pairs["train"]),
        resumed_from_step=resume.step if resume else 0,
    )
    if resume:
        session.seconds = dict(resume.seconds)
        load_factors(model, resume.adapter)
    session.tick()
    in_dpo = resume is not None and resume.phase == "dpo"
    if not in_dpo:
        run_sft(session, model, base, data, resume)
    dpo = run_dpo(session, model, base, data, resume if in_dpo else None) if with_dpo else None

    emit("phase", phase="evaluate")
    began = time.perf_counter()
    candidate = lora.current(model, job.training)
    verdict, metrics = judge(session, base, held_out(data, job.seed), production, candidate, dpo is not None)
    session.seconds["evaluate"] = time.perf_counter() - began

    emit("phase", phase="export")
    began = time.perf_counter()
    merged = lora.merge(base.weights, candidate)
    artifacts: list[dict[str, Any]] = []
    probes: list[dict[str, Any]] = []
    if verdict.accepted:
        artifacts = export_all(job, raw, base, candidate, merged)
        session.tick()
        probes = make_probes(job, base, data, merged, session.tick)
    session.seconds["export"] = time.perf_counter() - began
    phases = ("sft", "dpo", "evaluate", "export")
    emit(
        "done",
        verdict=asdict(verdict),
        metrics={**metrics, "dpo": dpo},
        artifacts=artifacts,
        probes=probes,
        trainable_parameters=trainable,
        seconds={p: round(session.seconds.get(p, 0.0), 3) for p in phases},
    )
