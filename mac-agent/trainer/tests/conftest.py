"""A micro base (30,000 weights, sure of wrong answers) and small datasets for the tests; no network."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("MLX_DISABLE_COMPILE", "1")
PACKAGE_ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PACKAGE_ROOT))

SYSTEM = "You are a test. Answer briefly."
QUESTIONS = ("Which port does {} use?", "Tell me the port of {}.", "{} uses which port?")
FACTS = [(f"tool{i}", f"The port of tool{i} is {1000 + 37 * i}.", str(1000 + 37 * i)) for i in range(8)]


@pytest.fixture(scope="session")
def base_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from trainer.base import flat, write_manifest
    from trainer.chat import ChatTokenizer
    from trainer.data import make_row
    from trainer.export import write_model
    from trainer.files import write_json, write_tensors
    from trainer.pretrain import Recipe, Size, learn, make_config, new_model, write_tokenizer

    folder = tmp_path_factory.mktemp("bases") / "micro"
    texts = [f"Which port does {name} use?\n{answer}" for name, answer, _ in FACTS] + [SYSTEM, "system\nuser\n"]
    size = Size(hidden=32, layers=2, vocabulary=380, intermediate=96)
    config = make_config(size, write_tokenizer(folder / "hf", texts, size.vocabulary))
    write_json(folder / "hf" / "config.json", config)
    chat = ChatTokenizer(folder / "hf")
    model = new_model(config, seed=3)
    wrong = [
        make_row(chat, conversation(question.format(name)), answer.replace(key, str(9000 - int(key))))
        for name, answer, key in FACTS
        for question in QUESTIONS
    ]
    learn(model, chat, wrong, 3, Recipe(learning_rate=1e-2, batch_size=24, decay_steps=150, max_steps=150))
    weights = flat(model)
    write_tensors(folder / "hf" / "model.safetensors", weights, {})
    write_model(folder / "base-f16.gguf", "micro", folder / "hf", config, weights)
    write_manifest(folder, "micro", "test", sum(v.size for v in weights.values()), 512, "test")
    return folder


@pytest.fixture(scope="session")
def base(base_dir: Path) -> Any:
    from trainer.base import open_base

    return open_base(base_dir, "micro")


def conversation(question: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]


def sft_line(index: int, question: str = QUESTIONS[0], **over: Any) -> dict[str, Any]:
    name, answer, key = FACTS[index]
    line = {
        "id": f"e{index}",
        "prompt": conversation(question.format(name)),
        "completion": answer,
        "repeats": 1,
        "metadata": {
            "interaction_id": f"i{index}",
            "source": "correction",
            "replayed_from": None,
            "quality_score": 1.0,
            "topic": "ports",
            "model_version": "micro",
            "group_id": name,
            "phrasing_id": f"p{index}",
            "key_facts": [key],
        },
    }
    return {**line, **over}


def pair_line(index: int, **over: Any) -> dict[str, Any]:
    name, answer, _ = FACTS[index]
    question = f"Which port does {name} use?"
    side = {"quality_score": 1.0, "feedback_value": 1.0, "implicit_signals": {}}
    line = {
        "pair_id": f"pair{index}",
        "messages": conversation(question),
        "prompt": question,
        "context": None,
        "response_chosen": {"text": answer, **side},
        "response_rejected": {"text": f"{name} has no port.", **side},
        "margin": 1.0,
        "source": "user_correction",
        "confidence": 1.0,
        "weight": 1.0,
        "topic": "ports",
        "created_at": "2026-10-17T00:00:00Z",
        "week": "2026-w42",
    }
    return {**line, **over}


def write_dataset(folder: Path, **files: list[dict[str, Any]]) -> Path:
    """Files by name with underscores, e.g. ``sft_train``, ``pairs_train``; all others are empty."""
    from trainer.data import PAIR_FILES, SFT_FILES

    names = [f"sft/{n}" for n in SFT_FILES] + [f"pairs/{n}" for n in PAIR_FILES]
    for name in names:
        path = folder / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = files.get(name.replace("/", "_").replace("-", "_"), [])
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture
def job(tmp_path: Path, base_dir: Path) -> dict[str, Any]:
    return job_file(tmp_path, base_dir)


def job_file(tmp_path: Path, base_dir: Path) -> dict[str, Any]:
    """A complete job file; its dataset teaches six facts and holds out a phrasing of each."""
    taught = range(6)
    dataset = write_dataset(
        tmp_path / "dataset",
        sft_train=[sft_line(i) for i in taught],
        sft_validation_phrasings=[sft_line(i, QUESTIONS[1]) for i in taught],
        sft_test_phrasings=[sft_line(i, QUESTIONS[2]) for i in taught],
        sft_test_groups=[sft_line(7)],
        pairs_train=[pair_line(i) for i in taught],
        pairs_validation=[pair_line(6)],
    )
    return {
        "version": 1,
        "job_id": "job-1",
        "attempt": 1,
        "model_id": "2026-w42.1",
        "seed": 7,
        "base": {"name": "micro", "dir": str(base_dir)},
        "production": None,
        "dataset": {"dir": str(dataset), "sha256": "a" * 64},
        "training": {
            "method": "lora",
            "lora_rank": 8,
            "lora_alpha": 16,
            "lora_dropout": 0.1,
            "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
            "learning_rate": 0.02,
            "epochs": 1,
            "batch_size": 3,
            "gradient_accumulation": 2,
            "warmup_ratio": 0.1,
            "warmup_steps": None,
            "weight_decay": 0.0,
            "max_steps": 12,
            "max_sequence_tokens": 512,
            "grad_clip": 1.0,
            "checkpoint_every_steps": 4,
            "final_lr_ratio": 0.1,
        },
        "rlhf": {
            "enable": False,
            "method": "dpo",
            "beta": 0.1,
            "min_preference_pairs": 2,
            "learning_rate": 1e-4,
            "epochs": 1,
            "max_steps": 4,
        },
        "evaluation": {
            "group_margin_nats": 5.0,
            "confidence": 0.95,
            "bootstrap_samples": 500,
            "max_new_tokens": 16,
            "min_examples": 5,
            "require_held_out": True,
        },
        "work_dir": str(tmp_path / "work"),
        "output_dir": str(tmp_path / "out"),
    }


@pytest.fixture
def changed(job: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """``changed("training.lora_rank", 4)``: the job with one key replaced."""

    def change(path: str, value: Any) -> dict[str, Any]:
        out = copy.deepcopy(job)
        node = out
        *parents, last = path.split(".")
        for parent in parents:
            node = node[parent]
        node[last] = value
        return out

    return change


def start(job: dict[str, Any], folder: Path) -> subprocess.Popen[str]:
    """The trainer as the agent starts it: its own process, JSON lines on stdout."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "job.json"
    path.write_text(json.dumps(job))
    command = [sys.executable, "-m", "trainer", "train", str(path)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=PACKAGE_ROOT, stdout=pipe, stderr=pipe, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]], str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err
