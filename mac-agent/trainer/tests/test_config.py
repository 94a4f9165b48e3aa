"""The job file is read strictly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trainer.config import parse_job, read_job
from trainer.errors import TrainerError


def test_reads_a_complete_job(job: dict[str, Any]) -> None:
    parsed = parse_job(job)
    assert parsed.training.scale == 2.0
    assert parsed.production is None
    assert parsed.base.dir == Path(job["base"]["dir"])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 2),
        ("seed", -1),
        ("seed", True),
        ("model_id", "../escape"),
        ("dataset.sha256", "short"),
        ("base.dir", "relative/path"),
        ("training.method", "full"),
        ("training.lora_rank", 0),
        ("training.lora_rank", 2.5),
        ("training.learning_rate", 0),
        ("training.learning_rate", "2e-4"),
        ("training.lora_dropout", 1),
        ("training.target_modules", []),
        ("training.target_modules", ["q_proj", "q_proj"]),
        ("training.target_modules", ["embed_tokens"]),
        ("training.max_steps", 0),
        ("training.batch_size", None),
        ("rlhf.method", "ppo"),
        ("rlhf.enable", "yes"),
        ("evaluation.confidence", 1.0),
        ("production", {"model_id": "2026-w41.1"}),
    ],
)
def test_refuses_an_impossible_value_by_its_full_name(
    changed: Callable[..., dict[str, Any]], path: str, value: Any
) -> None:
    with pytest.raises(TrainerError) as caught:
        parse_job(changed(path, value))
    assert caught.value.code == "bad_job"
    assert caught.value.message.startswith(path)


def test_refuses_unknown_and_missing_keys_by_name(job: dict[str, Any]) -> None:
    job["training"]["lora_rnak"] = 8
    with pytest.raises(TrainerError, match=r"training\.lora_rnak: unknown"):
        parse_job(job)
    del job["training"]["lora_rnak"], job["training"]["lora_rank"]
    with pytest.raises(TrainerError, match=r"training\.lora_rank: missing"):
        parse_job(job)


def test_refuses_numbers_json_does_not_have(job: dict[str, Any], tmp_path: Path) -> None:
    job["training"]["learning_rate"] = float("nan")
    path = tmp_path / "job.json"
    path.write_text(json.dumps(job))
    with pytest.raises(TrainerError, match=r"training\.learning_rate"):
        read_job(path)


def test_refuses_a_file_that_is_not_json(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_text("{")
    with pytest.raises(TrainerError, match="not JSON"):
        read_job(path)
