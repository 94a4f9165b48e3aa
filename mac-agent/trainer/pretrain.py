"""Makes a tiny base from nothing: own tokenizer, own weights, sure of its mistakes.

``python -m trainer pretrain --bank FILE --out BASEDIR --seed N``. The base learns by heart one answer to
every phrasing of every fact, right for a third of them. It is fluent in the wrong answers for
held-out phrasings too, so that whatever it gets right later was learned from feedback.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
import numpy as np
from mlx import nn
from mlx.utils import tree_flatten
from mlx_lm.models import llama
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from .bank import Belief, make_beliefs, read_bank
from .base import flat, write_manifest
from .chat import ChatTokenizer
from .data import Row, make_row, pad, shuffled
from .events import emit, log
from .export import write_model
from .files import write_json, write_tensors
from .losses import answer_logits, sft_loss
from .schedule import make_schedule

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
BOS, EOS = 1, 2
CONTEXT = 512
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] "
    "+ '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


@dataclass(frozen=True)
class Size:
    hidden: int
    layers: int
    vocabulary: int
    intermediate: int
    heads: int = 4
    key_value_heads: int = 2


@dataclass(frozen=True)
class Recipe:
    """``decay_steps``: the rate falls over these, and stays at a tenth for what may still be missing."""

    learning_rate: float = 5e-3
    batch_size: int = 32
    decay_steps: int = 100
    max_steps: int = 400
    warmup_steps: int = 15
    check_every: int = 10
    sample: int = 128
    check_below_loss: float = 0.03
    enough: float = 0.99


def choose_size(facts: int) -> Size:
    """Large enough to hold the facts with room for their corrections, small enough for seconds a week."""
    return Size(128, 3, 600, 384) if facts <= 20 else Size(192, 4, 1200, 512)


def write_tokenizer(hf_dir: Path, texts: list[str], vocabulary: int) -> int:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    hf_dir.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(hf_dir / "tokenizer.json"))
    write_json(
        hf_dir / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": SPECIAL[BOS],
            "eos_token": SPECIAL[EOS],
            "pad_token": SPECIAL[EOS],
            "unk_token": SPECIAL[0],
            "add_prefix_space": False,
            "clean_up_tokenization_spaces": False,
            "model_max_length": CONTEXT,
            "chat_template": CHAT_TEMPLATE,
        },
    )
    size: int = tokenizer.get_vocab_size()
    return size


def make_config(size: Size, vocabulary: int) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": size.hidden,
        "num_hidden_layers": size.layers,
        "intermediate_size": size.intermediate,
        "num_attention_heads": size.heads,
        "num_key_value_heads": size.key_value_heads,
        "head_dim": size.hidden // size.heads,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "max_position_embeddings": CONTEXT,
        "vocab_size": vocabulary,
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "pad_token_id": EOS,
        "torch_dtype": "float32",
    }


def new_model(config: dict[str, Any], seed: int) -> llama.Model:
    mx.random.seed(seed)
    model = llama.Model(llama.ModelArgs.from_dict(config))
    model.model.embed_tokens.weight = mx.random.normal(model.model.embed_tokens.weight.shape) * 0.05
    mx.eval(model.parameters())
    return model


def by_heart(model: llama.Model, rows: list[Row], pad_id: int) -> float:
    """Share of rows whose greedy answer is the wanted one, word for word.

    Greedy decoding gives exactly the wanted tokens when each is the likeliest after those before it,
    so one pass over the wanted answers tells without generating.
    """
    batch = pad(rows, pad_id)
    right = np.array(mx.argmax(answer_logits(model, batch), axis=-1) == batch.targets)
    return 1 - len(set(np.array(batch.rows)[~right].tolist())) / len(rows)


def learn(model: llama.Model, chat: ChatTokenizer, rows: list[Row], seed: int, recipe: Recipe) -> None:
    picks = np.random.default_rng([seed, 6]).permutation(len(rows))[: recipe.sample]
    sample = [rows[i] for i in picks]
    schedule = make_schedule(recipe.learning_rate, recipe.decay_steps, recipe.warmup_steps, 0.0, 0.1)
    optimizer = optim.AdamW(learning_rate=0.0, weight_decay=0.0, bias_correction=True)
    value_and_grad = nn.value_and_grad(model, lambda *given: sft_loss(model, *given))
    recent = []
    for step in range(recipe.max_steps):
        began = time.perf_counter()
        chosen = shuffled(len(rows), seed, step * recipe.batch_size, recipe.batch_size)
        batch = pad([rows[i] for i in chosen], chat.end_id)
        loss, grads = value_and_grad(batch, batch.tokens)
        grads, norm = optim.clip_grad_norm(grads, 1.0)
        optimizer.learning_rate = schedule.at(step)
        optimizer.update(model, grads)
        mx.eval(model.parameters(), optimizer.state, loss, norm)
        recent.append(loss.item())
        emit(
            "step",
            phase="pretrain",
            step=step + 1,
            total_steps=recipe.max_steps,
            loss=loss.item(),
            learning_rate=schedule.at(step),
            grad_norm=norm.item(),
            seconds=time.perf_counter() - began,
        )
        if (step + 1) % recipe.check_every == 0 and np.mean(recent[-5:]) < recipe.check_below_loss:
            share = by_heart(model, sample, chat.end_id)
            log(f"step {step + 1}: {share:.0%} of {len(sample)} answers by heart")
            if share >= recipe.enough:
                return
    log("stopped before the sampled answers were known by heart")


def all_rows(beliefs: list[Belief], chat: ChatTokenizer, system: str) -> list[Row]:
    rows = []
    for belief in beliefs:
        for question in (*belief.fact.phrasings, *belief.fact.held_out):
            messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
            rows.append(make_row(chat, messages, belief.answer))
    return rows


def pretrain(bank: Path, out: Path, name: str, seed: int, system: str) -> None:
    began = time.perf_counter()
    facts = read_bank(bank)
    beliefs = make_beliefs(facts, seed)
    hf_dir = out / "hf"
    texts = [
        f"{question}\n{answer}"
        for fact in facts
        for question in (*fact.phrasings, *fact.held_out)
        for answer in (fact.answer, *fact.wrong)
    ]
    size = choose_size(len(facts))
    turns = ["system\n", "user\n", "assistant\n", system] * len(facts)
    config = make_config(size, write_tokenizer(hf_dir, texts + turns, size.vocabulary))
    write_json(hf_dir / "config.json", config)
    chat = ChatTokenizer(hf_dir)
    model = new_model(config, seed)
    learn(model, chat, all_rows(beliefs, chat, system), seed, Recipe())
    weights = flat(model)
    write_tensors(hf_dir / "model.safetensors", weights, {})
    write_model(out / "base-f16.gguf", name, hf_dir, config, weights)
    write_json(
        out / "beliefs.json",
        {"version": 1, "seed": seed, "system": system, "facts": {b.fact.id: {"wrong": b.wrong} for b in beliefs}},
    )
    parameters = sum(p.size for _, p in tree_flatten(model.parameters()))
    write_manifest(out, name, f"bank {bank.name} seed {seed}", parameters, CONTEXT, "pretrain")
    emit("done", parameters=parameters, facts=len(facts), seconds=time.perf_counter() - began)
