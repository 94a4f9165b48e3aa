"""The trainer as a process: finishes, resumes exactly, leaves on SIGTERM, refuses clearly."""

from __future__ import annotations

import copy
import json
import signal
import time
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from conftest import finish, start
from trainer.schedule import count_steps, make_schedule

ARTIFACTS = [
    "adapters.safetensors",
    "adapter_config.json",
    "adapter.gguf",
    "model-f16.gguf",
    "Modelfile",
    "training.json",
]


def train(job: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    code, events, err = finish(start(job, folder))
    assert code == 0, (events[-1:], err)
    return events


def weights(job: dict[str, Any], name: str) -> dict[str, np.ndarray]:
    loaded = mx.load(str(Path(job["work_dir"]) / "checkpoints" / name))
    return {k: np.array(v) for k, v in loaded.items() if not k.startswith("reference/")}


def in_other_folders(job: dict[str, Any], name: str) -> dict[str, Any]:
    out = copy.deepcopy(job)
    for key in ("work_dir", "output_dir"):
        out[key] = f"{job[key]}-{name}"
    return out


def test_a_run_teaches_exports_and_says_so(job: dict[str, Any], tmp_path: Path) -> None:
    job["training"]["max_steps"] = 60
    job["training"]["lora_dropout"] = 0.0
    job["rlhf"]["enable"] = True
    events = train(job, tmp_path)
    first, done = events[0], events[-1]
    assert first["event"] == "start" and first["phases"] == ["sft", "dpo", "evaluate", "export"]
    steps = [e for e in events if e["event"] == "step"]
    assert [e["step"] for e in steps if e["phase"] == "sft"] == list(range(1, 61))
    assert steps[59]["loss"] < 0.8 * steps[0]["loss"]
    assert steps[60]["phase"] == "dpo" and steps[60]["loss"] == pytest.approx(0.6931, abs=1e-3)
    assert done["event"] == "done" and done["verdict"]["accepted"], done["verdict"]
    assert [a["name"] for a in done["artifacts"]] == ARTIFACTS
    assert all(Path(a["path"]).stat().st_size == a["bytes"] for a in done["artifacts"])
    assert len(done["probes"]) == 5
    assert all(len(p["token_ids"]) == len(p["margins"]) for p in done["probes"])
    measured = {(e["set"], e["model"]) for e in events if e["event"] == "evaluation"}
    assert ("test_phrasings", "candidate") in measured and ("test_pairs", "production") in measured
    about = json.loads((tmp_path / "out" / "training.json").read_text())
    assert about["seed"] == 7 and about["dataset_sha256"] == "a" * 64


def test_a_resumed_run_ends_with_the_same_weights(job: dict[str, Any], tmp_path: Path) -> None:
    straight, resumed = in_other_folders(job, "straight"), in_other_folders(job, "resumed")
    train(straight, tmp_path / "a")
    process = start(resumed, tmp_path / "b")
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "step" and event["step"] == 3:
            process.send_signal(signal.SIGTERM)
        if event["event"] == "interrupted":
            break
    assert event["event"] == "interrupted" and event["phase"] == "sft" and 3 <= event["step"] < 12
    assert process.wait(timeout=30) == 75
    events = train({**resumed, "attempt": 2}, tmp_path / "c")
    assert events[0]["resumed_from_step"] == event["step"]
    assert next(e["step"] for e in events if e["event"] == "step") == event["step"] + 1
    a, b = (weights(j, "0-sft-0000012.safetensors") for j in (straight, resumed))
    assert a.keys() == b.keys() and len(a) > 50
    assert all(np.array_equal(a[k], b[k]) for k in a)


def test_a_run_interrupted_in_dpo_goes_on_in_dpo(job: dict[str, Any], tmp_path: Path) -> None:
    job["rlhf"] = {**job["rlhf"], "enable": True, "max_steps": 8}
    straight, resumed = in_other_folders(job, "straight"), in_other_folders(job, "resumed")
    train(straight, tmp_path / "a")
    process = start(resumed, tmp_path / "b")
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "step" and (event["phase"], event["step"]) == ("dpo", 2):
            process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 75
    assert event["phase"] == "dpo"
    events = train(resumed, tmp_path / "c")
    assert {e["phase"] for e in events if e["event"] == "step"} == {"dpo"}
    a, b = (weights(j, "1-dpo-0000008.safetensors") for j in (straight, resumed))
    assert all(np.allclose(a[k], b[k], atol=1e-6) for k in a)


def test_a_finished_job_started_again_trains_nothing_and_judges_the_same(job: dict[str, Any], tmp_path: Path) -> None:
    first = train(job, tmp_path)
    (Path(job["work_dir"]) / "checkpoints" / "torn.safetensors").write_bytes(b"half")
    second = train(job, tmp_path)
    assert not [e for e in second if e["event"] == "step"]
    assert second[-1]["verdict"] == first[-1]["verdict"]


def test_sigterm_before_the_first_step_leaves_at_once(job: dict[str, Any], tmp_path: Path) -> None:
    job["training"]["max_steps"] = 100_000
    process = start(job, tmp_path)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "start"
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    code, events, _ = finish(process)
    assert code == 75 and events[-1]["event"] == "interrupted"
    assert time.monotonic() - began < 5


def test_refuses_bad_jobs_data_and_adapters_with_an_error_event(job: dict[str, Any], tmp_path: Path) -> None:
    code, events, _ = finish(start({**job, "seed": "one"}, tmp_path / "a"))
    assert code == 1 and events == [{**events[0], "event": "error", "code": "bad_job"}]
    wrong = {"model_id": "2026-w41.1", "adapter_dir": str(tmp_path)}
    code, events, _ = finish(start({**job, "production": wrong}, tmp_path / "b"))
    assert code == 1 and events[-1]["code"] == "bad_adapter"
    code, events, _ = finish(start({**job, "base": {**job["base"], "name": "other"}}, tmp_path / "c"))
    assert code == 1 and events[-1]["code"] == "bad_base"


def test_production_is_an_adapter_of_the_same_base(job: dict[str, Any], tmp_path: Path) -> None:
    job["training"]["max_steps"] = 40
    train(job, tmp_path)
    production = {"model_id": "2026-w41.1", "adapter_dir": job["output_dir"]}
    second = in_other_folders({**job, "production": production}, "second")
    events = train(second, tmp_path / "second")
    loss = {e["model"]: e["loss"] for e in events if e["event"] == "evaluation" and e["set"] == "test_phrasings"}
    assert loss["production"] == loss["candidate"] < loss["base"]
    assert not events[-1]["verdict"]["accepted"]  # as good as production is not better
    assert events[-1]["artifacts"] == []


def test_warm_up_then_cosine_to_the_final_share() -> None:
    schedule = make_schedule(1.0, total_steps=101, warmup_steps=10, warmup_ratio=0.5, final_ratio=0.1)
    assert [schedule.at(s) for s in (0, 9, 10)] == pytest.approx([0.1, 1.0, 1.0])
    assert schedule.at(55) == pytest.approx(0.55)
    assert schedule.at(100) == pytest.approx(0.1)
    assert make_schedule(1.0, 9, 100, 0.1, 0.1).warmup_steps == 3
    assert make_schedule(1.0, 100, None, 0.1, 0.1).warmup_steps == 10
    assert count_steps(10, 4, 3, None) == 8 and count_steps(10, 4, 3, 2) == 2
