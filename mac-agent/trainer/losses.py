"""The formulas that are optimised. Pure functions of a model and a batch; no IO.

Only answer tokens count, their end token included; prompts and padding never do.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
from mlx import nn

from .data import Batch


class SharedPrefix:
    """One layer's keys and values of a prefix all rows share: captured once, then put before each row's own.

    Exact, and differentiable. Every chat of a week begins with the same system turn, often half of
    the tokens; computing it once a batch instead of once a row saves that half.
    """

    def __init__(self) -> None:
        self.offset = 0
        self._held: tuple[mx.array, mx.array] | None = None

    def update_and_fetch(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        if self._held is None:
            self._held = (keys, values)
            self.offset = keys.shape[2]
            return keys, values

        def join(before: mx.array, own: mx.array) -> mx.array:
            wide = mx.broadcast_to(before, (own.shape[0], *before.shape[1:]))
            return mx.concatenate([wide, own], axis=2)

        return join(self._held[0], keys), join(self._held[1], values)


def hidden_states(model: Any, batch: Batch) -> mx.array:
    """Last hidden states after the shared prefix: (rows, width - shared - 1, hidden)."""
    if batch.shared == 0:
        return model.model(batch.ids[:, :-1])
    cache = [SharedPrefix() for _ in model.layers]
    model.model(batch.ids[:1, : batch.shared], cache=cache)
    return model.model(batch.ids[:, batch.shared : -1], cache=cache)


def answer_logits(model: Any, batch: Batch) -> mx.array:
    """The vocabulary's logits where an answer's token is predicted, and nowhere else: (tokens, vocabulary)."""
    hidden = hidden_states(model, batch)
    wanted = hidden.reshape(-1, hidden.shape[-1])[batch.positions]
    tied = model.args.tie_word_embeddings
    logits = model.model.embed_tokens.as_linear(wanted) if tied else model.lm_head(wanted)
    return logits.astype(mx.float32)


def token_log_probs(model: Any, batch: Batch) -> mx.array:
    """log p(token | what precedes it) of every token to be learned, one flat vector."""
    return -nn.losses.cross_entropy(answer_logits(model, batch), batch.targets)


def sequence_log_probs(model: Any, batch: Batch) -> mx.array:
    """log p(answer | prompt) of each row, summed over its tokens."""
    return mx.zeros(batch.size).at[batch.rows].add(token_log_probs(model, batch))


def sft_loss(model: Any, batch: Batch, tokens: int) -> mx.array:
    """Cross-entropy of the answers in nats a token.

    ``tokens`` counts the learned tokens of the whole step, not of this micro-batch, so that
    gradients accumulated over micro-batches add up to the gradient of the undivided batch.
    """
    return -token_log_probs(model, batch).sum() / tokens


def dpo_loss(model: Any, batch: Batch, reference: mx.array, beta: float, pairs: int) -> tuple[mx.array, mx.array]:
    """Direct preference optimisation: Rafailov et al. 2023, arXiv:2305.18290, equation 7.

    L = -log sigmoid(beta * [(log p(chosen) - log p_ref(chosen)) - (log p(rejected) - log p_ref(rejected))])

    ``batch`` holds the chosen rows, then the rejected ones in the same order; ``reference`` their
    log-probabilities under the frozen reference. ``pairs`` counts the pairs of the whole step.
    Also returns the policy's log-probabilities, because the loss looks excellent while the chosen
    answer is being unlearned: watch them, not the loss.
    """
    log_probs = sequence_log_probs(model, batch)
    half = log_probs.shape[0] // 2
    gain = log_probs - reference
    margin = beta * (gain[:half] - gain[half:])
    return -nn.log_sigmoid(margin).sum() / pairs, mx.stop_gradient(log_probs)
