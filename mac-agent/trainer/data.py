"""A week's dataset: strict JSONL in, token examples and padded batches out.

Used by ``run`` for training and evaluation. Shuffling depends on the seed and the position only,
so a resumed run sees the batches the uninterrupted one would have seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import mlx.core as mx
import numpy as np

from .chat import ChatTokenizer
from .errors import TrainerError
from .events import log

SFT_FILES = ("train", "validation-phrasings", "test-phrasings", "validation-groups", "test-groups")
PAIR_FILES = ("train", "validation", "test")
SFT_KEYS = {"id", "prompt", "completion", "repeats", "metadata"}
PAIR_KEYS = {
    *("pair_id", "messages", "prompt", "context", "response_chosen", "response_rejected", "margin"),
    *("source", "confidence", "weight", "topic", "correction_type", "created_at", "week"),
}


@dataclass(frozen=True)
class Row:
    """Prompt and answer as tokens; ``prompt_length`` tokens carry no loss."""

    ids: tuple[int, ...]
    prompt_length: int


@dataclass(frozen=True)
class Example:
    id: str
    group_id: str
    messages: tuple[dict[str, str], ...]
    repeats: int
    key_facts: tuple[str, ...]
    row: Row


@dataclass(frozen=True)
class Pair:
    id: str
    weight: float
    chosen: Row
    rejected: Row


@dataclass(frozen=True)
class Batch:
    """Rows padded at the right to one width.

    The first ``shared`` tokens are the same in every row. ``positions`` are the places in the
    flattened (rows, width - shared - 1) outputs after those tokens that predict a token to be
    learned, ``targets`` that token, ``rows`` the row it belongs to.
    """

    ids: mx.array
    shared: int
    positions: mx.array
    targets: mx.array
    rows: mx.array
    size: int

    @property
    def tokens(self) -> int:
        return int(self.targets.size)


@dataclass(frozen=True)
class Dataset:
    sft: dict[str, list[Example]]
    pairs: dict[str, list[Pair]]


class Line:
    """One parsed JSON line that answers typed questions, or says where it is wrong."""

    def __init__(self, where: str, value: Any) -> None:
        self.where = where
        if not isinstance(value, dict):
            raise self.error("", "an object", value)
        self.value = value

    def error(self, key: str, wanted: str, got: object) -> TrainerError:
        shown = type(got).__name__  # never the text itself: it is somebody's chat
        name = f" {key}" if key else ""
        return TrainerError("bad_dataset", f"{self.where}:{name} expected {wanted}, got {shown}; curate the week again")

    def only(self, known: set[str]) -> None:
        for key in self.value:
            if key not in known:
                raise TrainerError("bad_dataset", f"{self.where}: unknown key {key}; known: {', '.join(sorted(known))}")

    def text(self, key: str) -> str:
        value = self.value.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "a non-empty text", value)
        return value

    def number(self, key: str, low: float, high: float, whole: bool = False) -> float:
        value = self.value.get(key)
        kinds = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            raise self.error(key, f"a {'whole ' if whole else ''}number from {low} to {high}", value)
        return value

    def inner(self, key: str) -> Line:
        return Line(f"{self.where} {key}", self.value.get(key))

    def messages(self, key: str) -> tuple[dict[str, str], ...]:
        value = self.value.get(key)
        if not isinstance(value, list) or not value:
            raise self.error(key, "a non-empty list of messages", value)
        out = []
        for i, item in enumerate(value):
            line = Line(f"{self.where} {key}[{i}]", item)
            line.only({"role", "content"})
            if item.get("role") not in ("system", "user", "assistant"):
                raise line.error("role", "system, user or assistant", item.get("role"))
            out.append({"role": item["role"], "content": line.text("content")})
        if out[-1]["role"] != "user":
            raise self.error(key, "a list ending in a user message", value)
        return tuple(out)


T = TypeVar("T")


def read_lines(path: Path, parse: Callable[[Line], T]) -> list[T]:
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrainerError("bad_dataset", f"{path}: cannot be read ({error}); download the dataset again") from error
    out = []
    # Not splitlines(): JSON texts may hold U+2028 and its kin, which it would split at.
    for number, text in enumerate(content.split("\n"), 1):
        if not text.strip():
            continue
        where = f"{path.parent.name}/{path.name}:{number}"
        try:
            value = json.loads(text)
        except ValueError as error:
            raise TrainerError("bad_dataset", f"{where}: not JSON; curate the week again") from error
        out.append(parse(Line(where, value)))
    return out


def make_row(chat: ChatTokenizer, messages: Sequence[dict[str, str]], answer: str) -> Row:
    prompt = chat.prompt_ids(messages)
    return Row((*prompt, *chat.completion_ids(answer)), len(prompt))


def parse_example(chat: ChatTokenizer) -> Callable[[Line], Example]:
    def parse(line: Line) -> Example:
        line.only(SFT_KEYS)
        metadata = line.inner("metadata")
        facts = metadata.value.get("key_facts") or []
        if not isinstance(facts, list) or not all(isinstance(f, str) and f for f in facts):
            raise metadata.error("key_facts", "a list of texts", facts)
        messages = line.messages("prompt")
        return Example(
            id=line.text("id"),
            group_id=metadata.text("group_id"),
            messages=messages,
            repeats=int(line.number("repeats", 1, 4, whole=True)),
            key_facts=tuple(facts),
            row=make_row(chat, messages, line.text("completion")),
        )

    return parse


def parse_pair(chat: ChatTokenizer) -> Callable[[Line], Pair]:
    def parse(line: Line) -> Pair:
        line.only(PAIR_KEYS)
        messages = line.messages("messages")
        chosen = line.inner("response_chosen").text("text")
        rejected = line.inner("response_rejected").text("text")
        weight = line.number("weight", 0, 1)
        return Pair(line.text("pair_id"), weight, make_row(chat, messages, chosen), make_row(chat, messages, rejected))

    return parse


def read_dataset(folder: Path, chat: ChatTokenizer, max_tokens: int) -> Dataset:
    """Examples longer than ``max_tokens`` are left out, and said: cut ones would teach never to end."""
    sft = {n: read_lines(folder / "sft" / f"{n}.jsonl", parse_example(chat)) for n in SFT_FILES}
    pairs = {n: read_lines(folder / "pairs" / f"{n}.jsonl", parse_pair(chat)) for n in PAIR_FILES}
    fitting = {n: [e for e in rows if len(e.row.ids) <= max_tokens] for n, rows in sft.items()}
    fitting_pairs = {
        n: [p for p in rows if max(len(p.chosen.ids), len(p.rejected.ids)) <= max_tokens] for n, rows in pairs.items()
    }
    dropped = sum(map(len, sft.values())) - sum(map(len, fitting.values()))
    dropped_pairs = sum(map(len, pairs.values())) - sum(map(len, fitting_pairs.values()))
    if dropped or dropped_pairs:
        log(f"left out {dropped} examples and {dropped_pairs} pairs longer than {max_tokens} tokens")
    if not fitting["train"]:
        raise TrainerError(
            "bad_dataset",
            f"sft/train.jsonl: expected at least one example of at most {max_tokens} tokens, got none; "
            "wait for a week with qualifying feedback or raise training.max_sequence_tokens",
        )
    return Dataset(fitting, fitting_pairs)


def shared_prefix(rows: Sequence[Row]) -> int:
    """Length of the prompt all rows begin with; at least one prompt token stays unshared."""
    limit = min(r.prompt_length for r in rows) - 1
    first = rows[0].ids
    for i in range(limit):
        if any(r.ids[i] != first[i] for r in rows):
            return i
    return max(0, limit)


def pad(rows: Sequence[Row], pad_id: int) -> Batch:
    """Only answer tokens are learned, the end token included: never prompt or padding."""
    width = max(len(r.ids) for r in rows)
    shared = shared_prefix(rows) if len(rows) > 1 else 0
    ids = np.full((len(rows), width), pad_id, np.int32)
    positions, targets, owners = [], [], []
    outputs = width - shared - 1
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = row.ids
        for t in range(row.prompt_length, len(row.ids)):
            positions.append(i * outputs + t - 1 - shared)
            targets.append(row.ids[t])
            owners.append(i)
    return Batch(mx.array(ids), shared, mx.array(positions), mx.array(targets), mx.array(owners), len(rows))


def repeated(examples: Sequence[Example]) -> list[Row]:
    """Each example as often as its ``repeats`` says: corrections outnumbered by praise are seen more often."""
    return [e.row for e in examples for _ in range(e.repeats)]


def shuffled(count: int, seed: int, start: int, size: int) -> list[int]:
    """Positions ``start … start+size`` of an endless sequence of freshly shuffled epochs."""
    out = []
    orders: dict[int, np.ndarray] = {}
    for position in range(start, start + size):
        epoch, offset = divmod(position, count)
        if epoch not in orders:
            orders[epoch] = np.random.default_rng([seed, epoch]).permutation(count)
        out.append(int(orders[epoch][offset]))
    return out
