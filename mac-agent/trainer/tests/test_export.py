"""What is exported is what was trained: layouts, templates, and the same tokens from llama.cpp."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import FACTS, QUESTIONS, conversation, job_file
from trainer import lora
from trainer.base import flat, open_base, put
from trainer.chat import ChatML, ChatTokenizer
from trainer.config import parse_job
from trainer.data import make_row
from trainer.errors import TrainerError
from trainer.evaluate import Answer, generate, states
from trainer.export import modelfile, write_adapter, write_model
from trainer.gguf_import import import_gguf
from trainer.gguf_names import from_gguf, permute, to_gguf, unpermute
from trainer.train import Hooks, optimise, sft_gradients, sft_plan

MAX_NEW = 24
MESSAGES = [
    conversation(question)
    for question in (
        "Which port does tool1 use?",
        "Which port does tool5 use?",
        "Häfen 2024, bitte?",
        "tool3 uses which port?",
    )
]


@pytest.fixture(scope="module")
def trained(base_dir: Path) -> Any:
    """A micro model and an adapter that has learned other answers than the base's."""
    base = open_base(base_dir, "micro")
    settings = {
        "lora_rank": 8,
        "lora_alpha": 16,
        "lora_dropout": 0.0,
        "target_modules": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "down_proj"),
        "learning_rate": 0.02,
        "batch_size": 8,
        "max_steps": 60,
        "warmup_steps": 5,
    }
    training = replace(parse_job(job_file(base_dir, base_dir)).training, **settings)
    model = base.new_model()
    lora.attach(model, training, seed=1)
    rows = [make_row(base.chat, conversation(QUESTIONS[0].format(name)), answer) for name, answer, _ in FACTS]
    hooks = Hooks(on_step=lambda _: False, save=lambda *_: None, interrupted=lambda: False)
    gradients = sft_gradients(model, rows, training, 1, base.chat.end_id)
    optimise(model, sft_plan(training, 1, len(rows)), gradients, hooks, 0, None)
    return base, lora.current(model, training)


def answers(base: Any, weights: lora.Weights) -> list[Answer]:
    model = base.new_model()
    put(model, lora.as_served(weights))
    return generate(model, base.chat, [base.chat.prompt_ids(m) for m in MESSAGES], MAX_NEW, lambda: None)


def llama_server(path: Path, adapter: Path | None = None) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx, params.n_parallel, params.n_gpu_layers = 512, 1, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.warmup, params.port = False, 0
    if adapter:
        found = xllamacpp.CommonAdapterLoraInfo()
        found.path, found.scale = str(adapter), 1.0
        params.lora_adapters = [found]
    return xllamacpp.Server(params)


def served_tokens(server: Any) -> Iterator[list[int]]:
    for messages in MESSAGES:
        out = server.handle_chat_completions(
            {
                "messages": messages,
                "max_tokens": MAX_NEW,
                "temperature": 0,
                "return_tokens": True,
                "verbose": True,  # or it leaves the tokens out
            }
        )
        out = json.loads(out) if isinstance(out, str) else out
        yield out["__verbose"]["tokens"]


def same(expected: list[Answer], served: list[list[int]]) -> None:
    """Token for token, up to where our own two best were nearly level."""
    compared = 0
    for answer, tokens in zip(expected, served, strict=True):
        for i, (ours, margin) in enumerate(zip(answer.token_ids, answer.margins, strict=True)):
            if margin < 0.02:
                break
            assert tokens[i] == ours, (i, answer.token_ids, tokens)
            compared += 1
    assert compared > 30


def test_permuting_rotary_rows_is_undone_by_unpermuting() -> None:
    rows = np.arange(24 * 3).reshape(24, 3)
    assert np.array_equal(unpermute(permute(rows, 2), 2), rows)
    # One head of four rows: halves (0 1 | 2 3) become pairs (0 2) (1 3).
    assert permute(np.arange(4), 1).tolist() == [0, 2, 1, 3]


def test_names_go_there_and_back() -> None:
    for module in ("model.embed_tokens", "model.layers.11.mlp.down_proj", "model.layers.0.input_layernorm", "lm_head"):
        assert from_gguf(to_gguf(module)) == module


def test_llama_cpp_answers_the_merged_model_token_for_token(trained: Any, tmp_path: Path) -> None:
    base, adapter = trained
    merged = lora.merge(base.weights, adapter)
    write_model(tmp_path / "m.gguf", "m", base.hf_dir, base.config, merged)
    expected = answers(base, merged)
    assert [a.token_ids for a in expected] != [a.token_ids for a in answers(base, base.weights)]
    same(expected, list(served_tokens(llama_server(tmp_path / "m.gguf"))))


def test_llama_cpp_answers_base_and_adapter_as_the_merged_model(trained: Any, tmp_path: Path) -> None:
    base, adapter = trained
    write_adapter(tmp_path / "a.gguf", "a", base.config, adapter)
    served = list(served_tokens(llama_server(base.dir / "base-f16.gguf", tmp_path / "a.gguf")))
    same(answers(base, lora.merge(base.weights, adapter)), served)


def test_importing_an_exported_file_gives_the_same_base(base: Any, tmp_path: Path) -> None:
    import_gguf(base.dir / "base-f16.gguf", tmp_path / "again", "again")
    again = open_base(tmp_path / "again", "again")
    rounded = lora.as_served(base.weights)
    assert again.weights.keys() == rounded.keys()
    assert all(np.array_equal(np.array(again.weights[k]), np.array(rounded[k])) for k in rounded)
    assert again.chat.prompt_ids(MESSAGES[1]) == base.chat.prompt_ids(MESSAGES[1])
    assert {k: again.config[k] for k in ("rope_theta", "head_dim", "vocab_size", "tie_word_embeddings")} == {
        k: base.config[k] for k in ("rope_theta", "head_dim", "vocab_size", "tie_word_embeddings")
    }


def test_merging_adds_the_scaled_product(trained: Any, job: dict[str, Any], tmp_path: Path) -> None:
    base, adapter = trained
    key = "model.layers.0.self_attn.q_proj"
    a, b = (np.array(f) for f in adapter.factors(key))
    merged = np.array(lora.merge(base.weights, adapter)[f"{key}.weight"])
    assert np.allclose(merged, np.array(base.weights[f"{key}.weight"]) + adapter.scale * (a @ b).T, atol=1e-5)
    model = base.new_model()
    lora.attach(model, parse_job(job).training, 1)
    assert lora.condition(lora.current(model, parse_job(job).training)) == "unmoved"
    assert all(np.array_equal(np.array(v), np.array(base.weights[k])) for k, v in flat(base.new_model()).items())
    lora.save(tmp_path, adapter, parse_job(job).training, 2, {"name": "micro", "sha256": "b" * 64})
    with pytest.raises(TrainerError, match="another base"):
        lora.check_fits(lora.load(tmp_path), base.weights, base.weights_sha256, "x")


def test_the_modelfile_is_chatml_with_the_templates_default_system_text() -> None:
    plain = modelfile(ChatML(None), "model-f16.gguf")
    assert plain.startswith("FROM ./model-f16.gguf\n")
    assert 'TEMPLATE """{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}' in plain
    assert "PARAMETER temperature 0.7\nPARAMETER top_p 0.9\n" in plain
    assert 'ne (index .Messages 0).Role "system"' in modelfile(ChatML("Be kind."), "m")


def with_template(base: Any, folder: Path, template: str) -> ChatTokenizer:
    folder.mkdir(exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_text((base.hf_dir / name).read_text())
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": template}))
    return ChatTokenizer(folder)


def test_recognises_chatml_and_refuses_other_templates(base: Any, tmp_path: Path) -> None:
    assert base.chat.chatml == ChatML(None)
    head = "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nBe kind.<|im_end|>\\n' }}{% endif %}"
    assert with_template(base, tmp_path, head + base.chat.template_text).chatml == ChatML("Be kind.")
    other = "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}"
    with pytest.raises(TrainerError, match="not ChatML.*choose"):
        _ = with_template(base, tmp_path, other).chatml


def test_key_facts_stand_by_themselves() -> None:
    assert states("The port is 9090.", ["9090"]) and states("use LOKI now", ["loki"])
    assert not states("The port is 19090", ["9090"]) and not states("90.5 percent", ["90"])
    assert not states("9090", ["9090", "tcp"])
